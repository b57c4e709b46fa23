//! grep — print lines that match patterns.
//!
//! Source: POSIX.1-2024 `grep`; BusyBox 1.37 for options and messages; GNU grep 3.8 for `-b`, `-z`, `-Z`, `--include`,
//! `--exclude`, `--exclude-dir`, `--color` and the context behind the last match of `-m`.
//! Differs: files are printed as they are, whether they look like text or not; folders are read in order of names.

mod scan;
mod tree;

use crate::prelude::*;
use posix::regex::{self, Regex};
use scan::{Context, Scan, Show};

pub(crate) const APPLETS: [Applet; 3] = [
    Applet { name: "grep", links: &["/bin/grep"], usage: USAGE, process: Process::Filter, run },
    Applet {
        name: "egrep",
        links: &["/bin/egrep"],
        usage: "\
egrep [OPTION]... PATTERN [FILE]...

The same as grep -E.
",
        process: Process::Filter,
        run,
    },
    Applet {
        name: "fgrep",
        links: &["/bin/fgrep"],
        usage: "\
fgrep [OPTION]... PATTERN [FILE]...

The same as grep -F.
",
        process: Process::Filter,
        run,
    },
];

const USAGE: &str = "\
grep [OPTION]... {PATTERN | -e PATTERN | -f FILE}... [FILE]...

Print lines of FILEs (or stdin) that match a PATTERN.

  -e, --regexp=PATTERN         A pattern; several may be given, also by newlines
  -f, --file=FILE              Patterns from the lines of FILE
  -E, --extended-regexp        PATTERNs are extended regular expressions
  -F, --fixed-strings          PATTERNs are plain text
  -G, --basic-regexp           PATTERNs are basic regular expressions
  -i, --ignore-case            Ignore case
  -y                           The same
  --no-ignore-case             Do not
  -w, --word-regexp            Match whole words only
  -x, --line-regexp            Match whole lines only
  -v, --invert-match           Print lines that do not match
  -c, --count                  Print how many lines there are
  -l, --files-with-matches     Print the names of files with such lines
  -L, --files-without-match    Print the names of files without
  -o, --only-matching          Print the matching parts, a line each
  -q, --quiet, --silent        Print nothing; stop at the first match
  -s, --no-messages            Say nothing of files that cannot be read
  -m, --max-count=N            Stop after N lines of a file
  -H, --with-filename          Print the file's name before each line
  -h, --no-filename            Never print it
  -n, --line-number            Print the line's number
  -b, --byte-offset            Print where the line begins
  -A, --after-context=N        Print N lines behind
  -B, --before-context=N       Print N lines before
  -C, --context=N              Print N lines on both sides
  -r, --recursive              Read folders, whole
  -R, --dereference-recursive  The same, through symbolic links
  --include=GLOB               Of folders read only files named so
  --exclude=GLOB               Leave files out that are named so
  --exclude-dir=GLOB           Leave folders out that are named so
  -z, --null-data              Lines end in NUL
  -Z, --null                   NUL behind file names
  -a, --text                   Ignored: all files are text
  --color[=WHEN]               Colour matches: always, never, auto
  --colour[=WHEN]              The same
  --label=NAME                 The name of stdin
  --line-buffered              Print each line at once
";

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let options = cli::options::parse(USAGE, cx.args, cli::options::Order::Mixed)?;
    let mut operands: &[OsString] = options.operands();
    let mut patterns = patterns(cx, &options)?;
    if !options.has('e') && !options.has('f') {
        let Some((first, rest)) = operands.split_first() else { return Err(Error::usage("")) };
        patterns.extend(first.as_bytes().split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
        operands = rest;
    }
    let regexes = compile(cx, &options, &patterns)?;
    let mut scan = scan(&options, &regexes)?;

    let recursive = options.has('r') || options.has('R');
    let files: Vec<PathBuf> = match operands {
        [] if recursive => vec![PathBuf::from(".")],
        [] => vec![PathBuf::from("-")],
        files => files.iter().map(PathBuf::from).collect(),
    };
    scan.show.name = match options.last_of("Hh") {
        Some(last) => last == 'H',
        None => files.len() > 1 || recursive && files.iter().any(|file| file.is_dir()),
    };
    let filter = tree::Filter::new(&options);
    for file in &files {
        if recursive && file.as_os_str() != "-" {
            tree::walk(cx, &mut scan, file, &filter);
        } else {
            scan_file(cx, &mut scan, file);
        }
        if scan.done || cx.out.failed() {
            break;
        }
    }
    if regexes.iter().any(Regex::is_exhausted) {
        cx.report(Error::message("regular expression with back-references: too many steps"));
    }
    // An error counts more than a match, but not for those who only ask whether there is one.
    if scan.selected && scan.show.quiet {
        cx.status = 0;
    } else if cx.status == 0 && !scan.selected {
        cx.status = 1;
    }
    Ok(())
}

/// The patterns of `-e` and `-f`.
fn patterns(cx: &mut Cx<'_>, options: &Options) -> Result<Vec<Vec<u8>>> {
    let mut patterns = Vec::new();
    for (short, _, value) in options.in_order() {
        let Some(value) = value else { continue };
        if short == b'e' {
            patterns.extend(value.as_bytes().split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
        } else if short == b'f' {
            let mut text = Vec::new();
            let path = Path::new(value);
            let read = if value == "-" {
                cx.stdin().read_to_end(&mut text)
            } else {
                std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut text))
            };
            read.at(path)?;
            let lines = text.strip_suffix(b"\n").unwrap_or(&text);
            if !text.is_empty() {
                patterns.extend(lines.split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
            }
        }
    }
    Ok(patterns)
}

/// One expression of all patterns, but for those with back-references, which need one each.
fn compile(cx: &Cx<'_>, options: &Options, patterns: &[Vec<u8>]) -> Result<Vec<Regex>> {
    let kind = match (options.last_of("EFG"), cx.applet.name) {
        (Some(kind), _) => kind,
        (None, "egrep") => 'E',
        (None, "fgrep") => 'F',
        (None, _) => 'G',
    };
    let flags = regex::Options {
        extended: kind == 'E',
        literal: kind == 'F',
        ignore_case: (options.has('i') || options.has('y')) && !options.has_long("no-ignore-case"),
        whole_lines: options.has('x'),
        whole_words: options.has('w'),
        line_end: Some(if options.has('z') { 0 } else { b'\n' }),
        ..regex::Options::default()
    };
    let compile = |patterns: &[&[u8]]| {
        Regex::any_of(patterns, &flags).map_err(|error| {
            // Name the pattern that is wrong.
            let wrong = patterns.iter().find(|pattern| Regex::new(pattern, &flags).is_err());
            let wrong = String::from_utf8_lossy(wrong.copied().unwrap_or_default());
            Error::message(format_args!("bad regex '{wrong}': {error}"))
        })
    };
    let all: Vec<&[u8]> = patterns.iter().map(Vec::as_slice).collect();
    let may_refer = kind != 'F' && all.len() > 1 && all.iter().any(|pattern| refers_back(pattern));
    let whole = if may_refer { None } else { Some(compile(&all)?) };
    match whole {
        Some(regex) => Ok(vec![regex]),
        None => all.iter().map(|pattern| compile(&[pattern])).collect(),
    }
}

/// Whether a pattern may have a back-reference, whose number then counts within the pattern.
fn refers_back(pattern: &[u8]) -> bool {
    pattern.windows(2).any(|pair| pair[0] == b'\\' && pair[1].is_ascii_digit())
}

fn scan<'a>(options: &Options, regexes: &'a [Regex]) -> Result<Scan<'a>> {
    let context = options.number('C')?.unwrap_or(0);
    let colour = |long| options.value_long(long).map(|when| when.unwrap_or(OsStr::new("auto")));
    let colour = match colour("color").or(colour("colour")) {
        Some(when) if when == "always" => true,
        Some(when) if when == "auto" => sys::fd::is_terminal(1),
        _ => false,
    };
    let label = match options.value_long("label").flatten() {
        Some(label) => label.as_bytes().to_vec(),
        None => b"(standard input)".to_vec(),
    };
    Ok(Scan {
        regexes,
        invert: options.has('v'),
        limit: options.number('m')?.unwrap_or(u64::MAX),
        line_end: if options.has('z') { 0 } else { b'\n' },
        context: Context {
            before: options.number('B')?.unwrap_or(context),
            after: options.number('A')?.unwrap_or(context),
        },
        show: Show {
            quiet: options.has('q'),
            count: options.has('c'),
            names: options.last_of("lL").map(|last| last == 'l'),
            parts: options.has('o'),
            name: false,
            number: options.has('n'),
            offset: options.has('b'),
            name_end: options.has('Z').then_some(0),
            colour,
            by_line: options.has_long("line-buffered"),
            label,
        },
        no_messages: options.has('s'),
        selected: false,
        done: false,
        separate: false,
    })
}

fn scan_file(cx: &mut Cx<'_>, scan: &mut Scan<'_>, path: &Path) {
    let is_stdin = path.as_os_str() == "-";
    let input = if is_stdin { Ok(cx.stdin()) } else { std::fs::File::open(path).map(cli::input::file) };
    let read = input.and_then(|mut input| {
        let name = if is_stdin { scan.show.label.clone() } else { path.as_os_str().as_bytes().to_vec() };
        scan.file(&mut input, &name, &mut cx.out)
    });
    match read.at(path) {
        // A folder without -r has no lines.
        Err(error) if error.is(21) => {} // EISDIR
        Err(_) if scan.no_messages => cx.status = 2,
        Err(error) => cx.report(error),
        Ok(()) => {}
    }
}
