//! sed — edit a stream of lines by a script.
//!
//! Source: POSIX.1-2024 `sed`; BusyBox 1.37 for messages; GNU sed 4.9 for `-s`, `-z`, `first~step`, `0,/re/`, `addr,+N`,
//! `addr,~N`, the commands `e F Q R T v W z`, the flags `e I M` and `\U \L \u \l \E`.

mod command;
mod input;
mod run;
mod script;
mod substitute;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "sed",
    links: &["/bin/sed"],
    usage: "\
sed [-nErsz] [-i[SFX]] {SCRIPT | -e SCRIPT | -f FILE}... [FILE]...

Edit the lines of FILEs (or stdin) by the commands of SCRIPT.

  -e, --expression=SCRIPT  Commands
  -f, --file=FILE          Commands from FILE
  -n, --quiet, --silent    Print only what the commands print
  -E, --regexp-extended    Extended regular expressions
  -r                       The same
  -i, --in-place[=SFX]     Write the FILEs anew, keeping the old ones if SFX is given
  -s, --separate           Each FILE has its own last line
  -l, --line-length=N      Where the command l breaks lines (70)
  -u, --unbuffered         Print each line at once
  -z, --null-data          Lines end in NUL
  --posix                  Ignored
  --version                Say that this is not GNU sed
",
    process: Process::Filter,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if options.has_long("version") {
        // Scripts look for "GNU sed" in this line.
        cx.out.write(b"This is not GNU sed version 4.0\n");
        return Ok(());
    }
    let mut operands = options.operands();
    let mut text = Vec::new();
    for (short, _, value) in options.in_order() {
        let Some(value) = value else { continue };
        match short {
            b'e' => text.extend_from_slice(value.as_bytes()),
            b'f' => read_script(cx, Path::new(value), &mut text)?,
            _ => continue,
        }
        text.push(b'\n');
    }
    if !options.has('e') && !options.has('f') {
        let Some((first, rest)) = operands.split_first() else { return Err(Error::usage("")) };
        text = first.as_bytes().to_vec();
        operands = rest;
    } else {
        text.pop();
    }
    let flags = script::Flags {
        extended: options.has('E') || options.has('r'),
        separator: if options.has('z') { 0 } else { b'\n' },
    };
    let script = script::parse(&text, &flags)?;
    let quiet = options.has('n') || text == b"#n" || text.starts_with(b"#n\n");
    let files = if operands.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        operands.iter().map(PathBuf::from).collect()
    };
    let settings = input::Settings {
        in_place: options.has('i'),
        suffix: options.value('i').map(|suffix| suffix.as_bytes().to_vec()),
        separate: options.has('s') || options.has('i'),
        separator: flags.separator,
    };
    let line_length = options.number('l')?.unwrap_or(70);
    run::run(cx, &script, input::Lines::new(files, settings), quiet, line_length, options.has('u'))
}

fn read_script(cx: &mut Cx<'_>, path: &Path, text: &mut Vec<u8>) -> Result {
    let start = text.len();
    if path.as_os_str() == "-" {
        cx.stdin().read_to_end(text).at(path)?;
    } else {
        let opened = std::fs::File::open(path).at(path)?;
        (&opened).read_to_end(text).at(path)?;
    }
    if text.len() > start && text.ends_with(b"\n") {
        text.pop();
    }
    Ok(())
}
