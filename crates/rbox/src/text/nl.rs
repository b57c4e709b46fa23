//! nl — number lines.
//!
//! Source: POSIX.1-2024 `nl`, with its pages of header, body and footer; BusyBox 1.37 for long options.

use super::common::{read_line, trimmed};
use crate::prelude::*;
use posix::regex::{self, Regex};

pub(crate) const APPLET: Applet = Applet {
    name: "nl",
    links: &["/usr/bin/nl"],
    usage: "\
nl [OPTION]... [FILE]...

Print FILEs (or stdin) with numbers before the lines.

  -b, --body-numbering=STYLE    Number lines: a all, t not empty, n none, pREGEX matching
  -h, --header-numbering=STYLE  The same for headers (n)
  -f, --footer-numbering=STYLE  The same for footers (n)
  -d, --section-delimiter=CC    What begins sections (\\:, written once to three times)
  -i, --line-increment=N        Steps
  -l, --join-blank-lines=N      Number only every Nth empty line of a row
  -n, --number-format=FORMAT    ln left, rn right, rz with zeros
  -p, --no-renumber             Do not begin anew with each page
  -s, --number-separator=TEXT   What stands behind the number (tab)
  -v, --starting-line-number=N  The first number
  -w, --number-width=N          Width of numbers (6)
",
    process: Process::Filter,
    run,
};

enum Style {
    All,
    NotEmpty,
    None,
    Matching(Box<Regex>),
}

/// Header, body and footer begin with three, two and one delimiters.
struct Numbering {
    styles: [Style; 3],
    section: usize,
    delimiter: Vec<u8>,
    next: i64,
    first: i64,
    step: i64,
    join: u64,
    empty: u64,
    format: u8,
    renumber: bool,
    separator: Vec<u8>,
    width: usize,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let style = |letter, default| style(options.value(letter).map_or(default, OsStr::as_bytes));
    let first = signed(&options, 'v', 1)?;
    let mut delimiter = options.value('d').map_or(&b"\\:"[..], OsStr::as_bytes).to_vec();
    if delimiter.len() == 1 {
        delimiter.push(b':');
    }
    let mut numbering = Numbering {
        styles: [style('h', b"n")?, style('b', b"t")?, style('f', b"n")?],
        section: 1,
        delimiter,
        next: first,
        first,
        step: signed(&options, 'i', 1)?,
        join: options.number('l')?.unwrap_or(1).max(1),
        empty: 0,
        format: match options.value('n').map(OsStr::as_bytes) {
            None | Some(b"rn") => b' ',
            Some(b"ln") => b'l',
            Some(b"rz") => b'0',
            Some(other) => {
                let other = String::from_utf8_lossy(other);
                return Err(Error::message(format_args!("invalid line numbering format: '{other}'")));
            }
        },
        renumber: !options.has('p'),
        separator: options.value('s').map_or(&b"\t"[..], OsStr::as_bytes).to_vec(),
        width: options.number('w')?.map_or(6, |width| width.min(1000) as usize),
    };
    let mut line = Vec::new();
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        while read_line(&mut input, b'\n', &mut line).at(&file)? && !cx.out.failed() {
            numbering.print(trimmed(&line, b'\n'), &mut cx.out);
        }
    }
    Ok(())
}

fn style(text: &[u8]) -> Result<Style> {
    Ok(match text {
        b"a" => Style::All,
        b"t" => Style::NotEmpty,
        b"n" => Style::None,
        [b'p', pattern @ ..] => match Regex::new(pattern, &regex::Options::default()) {
            Ok(regex) => Style::Matching(Box::new(regex)),
            Err(error) => {
                let pattern = String::from_utf8_lossy(pattern);
                return Err(Error::message(format_args!("bad regex '{pattern}': {error}")));
            }
        },
        other => {
            let other = String::from_utf8_lossy(other);
            return Err(Error::message(format_args!("invalid numbering style: '{other}'")));
        }
    })
}

fn signed(options: &Options, letter: char, default: i64) -> Result<i64> {
    match options.text(letter)? {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Error::message(format_args!("invalid number '{text}'"))),
    }
}

impl Numbering {
    fn print(&mut self, line: &[u8], out: &mut Output) {
        if let Some(section) = self.section_of(line) {
            self.section = section;
            if section == 0 && self.renumber {
                self.next = self.first;
            }
            return out.write(b"\n");
        }
        if !self.counts(line) {
            // Blanks as wide as a number and what follows it.
            let width = self.width + self.separator.len();
            write!(out, "{:width$}", "");
        } else {
            let (number, width) = (self.next, self.width);
            match self.format {
                b'l' => write!(out, "{number:<width$}"),
                b'0' => write!(out, "{number:0width$}"),
                _ => write!(out, "{number:width$}"),
            }
            out.write(&self.separator);
            self.next = self.next.wrapping_add(self.step);
        }
        out.write(line);
        out.write(b"\n");
    }

    fn section_of(&self, line: &[u8]) -> Option<usize> {
        let count = line.len() / self.delimiter.len().max(1);
        let fits = (1..=3).contains(&count) && line == self.delimiter.repeat(count);
        fits.then(|| 3 - count)
    }

    fn counts(&mut self, line: &[u8]) -> bool {
        if !line.is_empty() {
            self.empty = 0;
        }
        match &self.styles[self.section] {
            Style::None => false,
            Style::NotEmpty => !line.is_empty(),
            Style::Matching(regex) => regex.is_match(line),
            Style::All if !line.is_empty() => true,
            Style::All => {
                self.empty += 1;
                self.empty.is_multiple_of(self.join)
            }
        }
    }
}
