//! expand, unexpand — turn tabs into blanks, and blanks into tabs.
//!
//! Source: POSIX.1-2024 `expand`, `unexpand`; GNU coreutils 9 for lists of stops. Columns are those of UTF-8 characters.

use super::common::read_line;
use crate::prelude::*;

pub(crate) const APPLETS: [Applet; 2] = [
    Applet {
        name: "expand",
        links: &["/usr/bin/expand"],
        usage: "\
expand [-i] [-t N[,N]...] [FILE]...

Turn the tabs of FILEs (or stdin) into blanks.

  -i, --initial    Only at the beginning of lines
  -t, --tabs=LIST  Tab stops every N columns, or at the columns of LIST
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "unexpand",
        links: &["/usr/bin/unexpand"],
        usage: "\
unexpand [-af] [-t N[,N]...] [FILE]...

Turn blanks of FILEs (or stdin) into tabs, at the beginning of lines.

  -a, --all         Everywhere, where there are two or more
  -f, --first-only  At the beginning only, whatever else is said
  -t, --tabs=LIST   Tab stops every N columns, or at the columns of LIST
",
        process: Process::Fork,
        run,
    },
];

/// Tab stops: one number is the distance, several are columns.
struct Stops(Vec<u64>);

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let stops = Stops::new(options.value('t').map_or(b"8", OsStr::as_bytes))?;
    let unexpand = cx.applet.name == "unexpand";
    // As POSIX has it, -t implies -a; BusyBox leaves it out, and so do we.
    let everywhere = if unexpand { options.has('a') && !options.has('f') } else { !options.has('i') };
    let (mut line, mut result) = (Vec::new(), Vec::new());
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        loop {
            match read_line(&mut input, b'\n', &mut line).at(&file) {
                Ok(true) if !cx.out.failed() => {}
                Ok(_) => break,
                Err(error) => {
                    cx.report(error);
                    break;
                }
            }
            result.clear();
            if unexpand {
                stops.unexpand(&line, everywhere, &mut result)
            } else {
                stops.expand(&line, everywhere, &mut result)
            }
            cx.out.write(&result);
        }
    }
    Ok(())
}

impl Stops {
    fn new(list: &[u8]) -> Result<Stops> {
        let mut stops = Vec::new();
        for part in list.split(|&byte| byte == b',' || byte == b' ') {
            let stop = cli::options::number(OsStr::from_bytes(part))?;
            if stop == 0 || stops.last().is_some_and(|&last| last >= stop) {
                return Err(Error::message(format_args!(
                    "invalid number '{}'",
                    OsStr::from_bytes(list).display()
                )));
            }
            stops.push(stop);
        }
        Ok(Stops(stops))
    }

    /// The next stop behind `column`; behind the last of a list there is none.
    fn next(&self, column: u64) -> Option<u64> {
        match self.0[..] {
            [distance] => Some(column - column % distance + distance),
            _ => self.0.iter().copied().find(|&stop| stop > column),
        }
    }

    fn expand(&self, line: &[u8], everywhere: bool, result: &mut Vec<u8>) {
        let (mut at, mut column) = (0, 0);
        let mut converts = true;
        while at < line.len() {
            let length = posix::regex::character_length(&line[at..]);
            match line[at] {
                b'\t' if converts => {
                    let next = self.next(column).unwrap_or(column + 1);
                    result.resize(result.len() + (next - column) as usize, b' ');
                    column = next;
                }
                byte => {
                    converts &= everywhere || byte == b' ';
                    column = if byte == 0x08 { column.saturating_sub(1) } else { column + 1 };
                    result.extend_from_slice(&line[at..at + length]);
                }
            }
            at += length;
        }
    }

    fn unexpand(&self, line: &[u8], everywhere: bool, result: &mut Vec<u8>) {
        let (mut at, mut column) = (0, 0);
        let mut converts = true;
        while at < line.len() {
            let blanks = line[at..].iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
            if blanks > 0 && converts {
                let start = column;
                for &byte in &line[at..at + blanks] {
                    column = if byte == b'\t' { self.next(column).unwrap_or(column + 1) } else { column + 1 };
                }
                let single = blanks == 1 && line[at] == b' ' && start > 0;
                self.fill(start, column, single, result);
                at += blanks;
                continue;
            }
            converts &= everywhere;
            let length = posix::regex::character_length(&line[at..]);
            result.extend_from_slice(&line[at..at + length]);
            column += 1;
            at += length;
        }
    }

    /// Blanks from one column to the other, as tabs where they reach stops. A single blank stays one.
    fn fill(&self, mut from: u64, to: u64, single: bool, result: &mut Vec<u8>) {
        while !single && let Some(stop) = self.next(from).filter(|&stop| stop <= to) {
            result.push(b'\t');
            from = stop;
        }
        result.resize(result.len() + (to - from) as usize, b' ');
    }
}
