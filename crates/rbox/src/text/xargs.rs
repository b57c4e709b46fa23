//! xargs — run a command with arguments from standard input.
//!
//! Source: POSIX.1-2024 `xargs`; BusyBox 1.37 for options, messages and exit statuses; GNU findutils 4.9 for `-d`.

use crate::prelude::*;
use cli::input::Input;
use sys::command::{Command, Stdio};

pub(crate) const APPLET: Applet = Applet {
    name: "xargs",
    links: &["/usr/bin/xargs"],
    usage: "\
xargs [-0prtxo] [-a FILE] [-d C] [-E TEXT] [-I TEXT | -L N | -n N] [-s N] [-P N] [COMMAND [ARG]...]

Run COMMAND (echo) with ARGs and the words of stdin.

  -0, --null               Words end in NUL
  -d, --delimiter=C        Words end in C
  -a, --arg-file=FILE      Read words from FILE
  -r, --no-run-if-empty    Do not run without words
  -n, --max-args=N         At most N words a run
  -L, --max-lines=N        At most N lines a run
  -l[N]                    The same, 1 if not given
  -I TEXT                  Put each line in the place of TEXT in the ARGs
  -i[TEXT]                 The same, {} if not given
  -s, --max-chars=N        At most N bytes a command line
  -x, --exit               End if that is too few
  -E TEXT                  Words end at TEXT
  -e[TEXT]                 The same
  -P, --max-procs=N        Up to N runs at a time (0: all)
  -t, --verbose            Print each command line
  -p, --interactive        Ask before each run
  -o, --open-tty           Give the command the terminal as stdin
",
    process: Process::New,
    run,
};

/// What the kernel takes for sure, with room for the environment.
const SIZE_DEFAULT: u64 = 128 * 1024 - 2048;

struct Runner {
    command: Vec<OsString>,
    replace: Option<Vec<u8>>,
    size_max: u64,
    words_max: u64,
    lines_max: u64,
    processes_max: u64,
    trace: bool,
    ask: bool,
    terminal: bool,
    exit_if_long: bool,
    running: u64,
    status: u8,
}

/// How words are told apart.
struct Words {
    input: Input,
    /// Every word ends in this byte, whatever is in it.
    end: Option<u8>,
    /// Whole lines are words.
    lines: bool,
    stop: Option<Vec<u8>>,
    ended: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let input = match options.value('a') {
        Some(file) => {
            let path = Path::new(file);
            let opened =
                std::fs::File::open(path).map_err(|error| super::common::cannot_open(path, &error))?;
            cli::input::file(opened)
        }
        None => cx.stdin(),
    };
    let given = |letter: char| options.last_of(&letter.to_string()).is_some();
    let replace = options
        .last_of("Ii")
        .map(|letter| options.value(letter).map_or(b"{}".to_vec(), |text| text.as_bytes().to_vec()));
    let stop = options.value('E').or(options.value('e')).map(|text| text.as_bytes().to_vec());
    let end = match options.value('d').map(OsStr::as_bytes) {
        _ if options.has('0') => Some(0),
        None => None,
        Some(b"\\n") => Some(b'\n'),
        Some(b"\\t") => Some(b'\t'),
        Some(b"\\0") => Some(0),
        Some([byte]) => Some(*byte),
        Some(_) => return Err(Error::message("-d takes one character")),
    };
    let lines = match options.last_of("Ll") {
        Some(letter) => options.number(letter)?.unwrap_or(1),
        None => u64::MAX,
    };
    let words = options.number('n')?.unwrap_or(u64::MAX);
    if words == 0 || lines == 0 {
        return Err(Error::message("number 0 is not in 1..2147483647 range"));
    }
    let mut command = options.operands().to_vec();
    if command.is_empty() {
        command.push("echo".into());
    }
    let mut runner = Runner {
        command,
        size_max: options.number('s')?.unwrap_or(SIZE_DEFAULT),
        words_max: if replace.is_some() { 1 } else { words },
        lines_max: lines,
        processes_max: match options.number('P')?.unwrap_or(1) {
            0 => u64::MAX,
            count => count,
        },
        trace: options.has('t'),
        ask: options.has('p'),
        terminal: options.has('o'),
        exit_if_long: given('x') || replace.is_some(),
        replace,
        running: 0,
        status: 0,
    };
    let mut source = Words {
        input,
        end,
        lines: runner.replace.is_some(),
        stop: stop.filter(|text| !text.is_empty() && end.is_none()),
        ended: false,
    };
    let result = runner.all(cx, &mut source, options.has('r'));
    while runner.running > 0 {
        runner.wait(cx)?;
    }
    result?;
    cx.status = cx.status.max(runner.status);
    Ok(())
}

impl Runner {
    fn all(&mut self, cx: &mut Cx<'_>, source: &mut Words, skip_empty: bool) -> Result {
        let fixed: u64 = self.command.iter().map(|word| word.len() as u64 + 1).sum();
        let mut words: Vec<Vec<u8>> = Vec::new();
        let (mut size, mut lines) = (fixed, 0);
        let mut ran = false;
        loop {
            let next = source.next()?;
            let length = next.as_ref().map_or(0, |(word, _)| word.len() as u64 + 1);
            if next.is_some() && fixed + length > self.size_max && self.replace.is_none() {
                return Err(Error::message("argument line too long"));
            }
            let full = size + length > self.size_max;
            if full
                && self.exit_if_long
                && self.replace.is_none()
                && !words.is_empty()
                && self.words_max < u64::MAX
            {
                return Err(Error::message("argument line too long"));
            }
            if (full || next.is_none()) && !words.is_empty() {
                self.start(cx, &words)?;
                ran = true;
                words.clear();
                (size, lines) = (fixed, 0);
            }
            let Some((word, line_ended)) = next else { break };
            words.push(word);
            size += length;
            lines += u64::from(line_ended);
            if words.len() as u64 >= self.words_max || lines >= self.lines_max {
                self.start(cx, &words)?;
                ran = true;
                words.clear();
                (size, lines) = (fixed, 0);
            }
        }
        if !ran && !skip_empty && self.replace.is_none() {
            self.start(cx, &[])?;
        }
        Ok(())
    }

    fn start(&mut self, cx: &mut Cx<'_>, words: &[Vec<u8>]) -> Result {
        let line: Vec<OsString> = match &self.replace {
            Some(mark) => {
                let word = words.first().map_or(&b""[..], Vec::as_slice);
                self.command.iter().map(|part| replaced(part.as_bytes(), mark, word)).collect()
            }
            None => {
                let words = words.iter().map(|word| OsString::from_vec(word.clone()));
                self.command.iter().cloned().chain(words).collect()
            }
        };
        if self.trace || self.ask {
            let shown: Vec<&[u8]> = line.iter().map(|word| word.as_bytes()).collect();
            let mut shown = shown.join(&b' ');
            shown.extend_from_slice(if self.ask { b" ?..." } else { b"\n" });
            // A closed standard error leaves nobody to tell.
            let _ = io::stderr().write_all(&shown);
            if self.ask && !confirmed()? {
                return Ok(());
            }
        }
        while self.running >= self.processes_max {
            self.wait(cx)?;
        }
        cx.out.flush();
        let stdin = if self.terminal {
            let tty = Path::new("/dev/tty");
            Stdio::from(std::fs::File::open(tty).map_err(|error| super::common::cannot_open(tty, &error))?)
        } else {
            Stdio::Null
        };
        let Some((program, arguments)) = line.split_first() else { return Ok(()) };
        match Command::new(program).args(arguments).stdin(stdin).spawn() {
            Ok(_) => self.running += 1,
            Err(error) => {
                cx.report(Error::at(
                    PathBuf::from(program),
                    io::Error::from_raw_os_error(error.raw_os_error().unwrap_or(0)),
                ));
                let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
                return Err(Error::exit(status));
            }
        }
        if self.processes_max == 1 {
            self.wait(cx)?;
        }
        Ok(())
    }

    /// Waits for one run to end.
    fn wait(&mut self, cx: &mut Cx<'_>) -> Result {
        let (_, end) = sys::child::wait(-1).doing("wait")?;
        self.running -= 1;
        let program = self.command[0].to_string_lossy();
        match end {
            sys::child::End::Exited(0) => Ok(()),
            sys::child::End::Exited(255) => {
                cx.warn(&format!("{program}: exited with status 255; aborting"));
                Err(Error::exit(124))
            }
            sys::child::End::Exited(_) => {
                self.status = 123;
                Ok(())
            }
            sys::child::End::Killed(signal) | sys::child::End::Stopped(signal) => {
                cx.warn(&format!("'{program}' terminated by signal {signal}"));
                Err(Error::exit(125))
            }
        }
    }
}

fn confirmed() -> Result<bool> {
    let tty = Path::new("/dev/tty");
    let file = std::fs::File::open(tty).map_err(|error| super::common::cannot_open(tty, &error))?;
    let mut answer = Vec::new();
    io::BufReader::new(file).read_until(b'\n', &mut answer).at(tty)?;
    Ok(matches!(answer.first(), Some(b'y' | b'Y')))
}

fn replaced(text: &[u8], mark: &[u8], word: &[u8]) -> OsString {
    let finder = posix::bytes::Finder::new(mark, false);
    let mut result = Vec::new();
    let mut at = 0;
    while !mark.is_empty()
        && let Some(found) = finder.find(text, at)
    {
        result.extend_from_slice(&text[at..found]);
        result.extend_from_slice(word);
        at = found + mark.len();
    }
    result.extend_from_slice(&text[at..]);
    OsString::from_vec(result)
}

impl Words {
    /// The next word, and whether it ends a line.
    fn next(&mut self) -> Result<Option<(Vec<u8>, bool)>> {
        if self.ended {
            return Ok(None);
        }
        let word = match self.end {
            Some(end) => {
                let mut word = Vec::new();
                let found = self.input.read_until(end, &mut word).doing("read error")? > 0;
                if word.last() == Some(&end) {
                    word.pop();
                }
                found.then_some((word, true))
            }
            None => self.quoted()?,
        };
        if let Some((word, _)) = &word
            && self.stop.as_ref() == Some(word)
        {
            self.ended = true;
            return Ok(None);
        }
        self.ended = word.is_none();
        Ok(word)
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let byte = self.input.fill_buf().doing("read error")?.first().copied();
        if byte.is_some() {
            self.input.consume(1);
        }
        Ok(byte)
    }

    /// A word with quotes and backslashes taken away; with `lines` everything up to the line's end.
    fn quoted(&mut self) -> Result<Option<(Vec<u8>, bool)>> {
        let mut word = Vec::new();
        let mut begun = false;
        loop {
            let Some(byte) = self.byte()? else { return Ok(begun.then_some((word, true))) };
            match byte {
                b'\n' if begun => return Ok(Some((word, true))),
                b'\n' => {}
                b' ' | b'\t' if !begun => {}
                b' ' | b'\t' if !self.lines => {
                    // A blank before the line's end continues the line.
                    return Ok(Some((word, false)));
                }
                b'\'' | b'"' => {
                    begun = true;
                    loop {
                        match self.byte()? {
                            Some(inner) if inner == byte => break,
                            Some(inner) if inner != b'\n' => word.push(inner),
                            _ => {
                                let kind = if byte == b'"' { "double" } else { "single" };
                                return Err(Error::message(format_args!("unmatched {kind} quote")));
                            }
                        }
                    }
                }
                b'\\' => {
                    begun = true;
                    word.extend(self.byte()?);
                }
                other => {
                    begun = true;
                    word.push(other);
                }
            }
        }
    }
}
