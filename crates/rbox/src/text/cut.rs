//! cut — print selected parts of lines.
//!
//! Source: POSIX.1-2024 `cut`; BusyBox 1.37 for `-D`, `-F`, `-O`; GNU coreutils 9 for `--complement` and `-z`.
//! Differs: `-c` counts UTF-8 characters; no separator is printed for a field that is not there.

use super::common::{read_line, trimmed};
use crate::prelude::*;
use posix::bytes::Finder;
use posix::regex::{self, Regex};

pub(crate) const APPLET: Applet = Applet {
    name: "cut",
    links: &["/usr/bin/cut"],
    usage: "\
cut {-b | -c | -f | -F} LIST [-d SEP] [-O SEP] [-Dsnz] [FILE]...

Print parts of the lines of FILEs (or stdin). LIST is N, N-, N-M, -M, by commas.

  -b, --bytes=LIST            Print these bytes
  -c, --characters=LIST       Print these characters
  -f, --fields=LIST           Print these fields, which a tab or -d separates
  -F LIST                     Print these fields, which blanks or a pattern separate
  -d, --delimiter=SEP         What separates fields (-F: a regular expression)
  -O, --output-delimiter=SEP  Print SEP between fields (default: as read; -F: a blank)
  -D                          Keep the order of LIST; drop lines without separator
  -s, --only-delimited        Drop lines without separator
  --complement                Print what LIST does not name
  -n                          Ignored
  -z, --zero-terminated       Lines end in NUL
",
    process: Process::Filter,
    run,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Characters,
    Fields,
}

enum Separator {
    Text(Finder),
    Pattern(Regex),
    /// Fields are lines.
    LineEnd,
}

struct Cut {
    unit: Unit,
    /// First and last, counted from 1.
    ranges: Vec<(u64, u64)>,
    separator: Separator,
    joined_by: Vec<u8>,
    only_delimited: bool,
    line_end: u8,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let cut = cut(&options)?;
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        if let Err(error) = cut.copy(&mut input, &mut cx.out).at(&file) {
            cx.report(error);
        }
    }
    Ok(())
}

fn cut(options: &Options) -> Result<Cut> {
    let mut lists = "bcfF".chars().filter_map(|letter| Some((letter, options.value(letter)?)));
    let Some((letter, list)) = lists.next() else {
        return Err(Error::message("expected a list of bytes, characters, or fields"));
    };
    if lists.next().is_some() {
        return Err(Error::usage("only one type of list may be specified"));
    }
    let unit = match letter {
        'b' => Unit::Bytes,
        'c' => Unit::Characters,
        _ => Unit::Fields,
    };
    if unit != Unit::Fields {
        if options.has('d') {
            return Err(Error::message("a delimiter may be specified only when operating on fields"));
        }
        if options.has('s') {
            return Err(Error::message(
                "suppressing non-delimited lines makes sense only when operating on fields",
            ));
        }
    }
    let line_end = if options.has('z') { 0 } else { b'\n' };
    let unsorted = options.has('D');
    let delimiter = options.value('d').map(OsStr::as_bytes);
    let pattern = letter == 'F';
    let separator = if pattern {
        let text = delimiter.unwrap_or(b"[[:space:]]+");
        let extended = regex::Options { extended: true, ..regex::Options::default() };
        let compiled = Regex::new(text, &extended).map_err(|error| {
            Error::message(format_args!("bad regex '{}': {error}", OsStr::from_bytes(text).display()))
        })?;
        Separator::Pattern(compiled)
    } else {
        match delimiter {
            Some([end]) if *end == line_end => Separator::LineEnd,
            Some([]) => Separator::Text(Finder::new(&[0], false)),
            text => Separator::Text(Finder::new(text.unwrap_or(b"\t"), false)),
        }
    };
    let joined_by = match options.value('O') {
        Some(text) => text.as_bytes().to_vec(),
        None if pattern => b" ".to_vec(),
        None if unit == Unit::Fields => delimiter.filter(|text| !text.is_empty()).unwrap_or(b"\t").to_vec(),
        None => Vec::new(),
    };
    let mut ranges = parse_list(list.as_bytes())?;
    if !unsorted || options.has_long("complement") {
        ranges = merged(ranges);
    }
    if options.has_long("complement") {
        ranges = complement(&ranges);
    }
    let only_delimited = options.has('s') || unsorted && unit == Unit::Fields;
    Ok(Cut { unit, ranges, separator, joined_by, only_delimited, line_end })
}

fn parse_list(list: &[u8]) -> Result<Vec<(u64, u64)>> {
    let invalid =
        |part: &[u8]| Error::message(format_args!("invalid range '{}'", OsStr::from_bytes(part).display()));
    let mut ranges = Vec::new();
    for part in list.split(|&byte| byte == b',' || byte == b' ') {
        let number = |digits: &[u8]| match digits {
            [] => Ok(None),
            digits => cli::options::number(OsStr::from_bytes(digits)).map(Some),
        };
        let (first, last) = match part.iter().position(|&byte| byte == b'-') {
            _ if part == b"-" => return Err(invalid(part)),
            None => {
                let only = number(part)?.ok_or_else(|| invalid(part))?;
                (only, only)
            }
            Some(dash) => {
                (number(&part[..dash])?.unwrap_or(1), number(&part[dash + 1..])?.unwrap_or(u64::MAX))
            }
        };
        if first == 0 || last < first {
            return Err(invalid(part));
        }
        ranges.push((first, last));
    }
    Ok(ranges)
}

/// Sorted, and with none that touch.
fn merged(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn complement(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut next = 1;
    for &(first, last) in ranges {
        if first > next {
            gaps.push((next, first - 1));
        }
        next = last.saturating_add(1);
    }
    if next < u64::MAX {
        gaps.push((next, u64::MAX));
    }
    gaps
}

impl Cut {
    fn copy(&self, input: &mut dyn BufRead, out: &mut Output) -> io::Result<()> {
        if let Separator::LineEnd = self.separator {
            return self.copy_lines(input, out);
        }
        let mut line = Vec::new();
        let mut starts = Vec::new();
        while read_line(input, self.line_end, &mut line)? && !out.failed() {
            let text = trimmed(&line, self.line_end);
            match self.unit {
                Unit::Bytes => self.print_pieces(text, &|count| count.min(text.len() as u64) as usize, out),
                Unit::Characters => {
                    starts.clear();
                    let mut at = 0;
                    while at < text.len() {
                        starts.push(at);
                        at += regex::character_length(&text[at..]);
                    }
                    let place = |count: u64| {
                        usize::try_from(count)
                            .ok()
                            .and_then(|count| starts.get(count))
                            .copied()
                            .unwrap_or(text.len())
                    };
                    self.print_pieces(text, &place, out);
                }
                Unit::Fields if !self.print_fields(text, out) => continue,
                Unit::Fields => {}
            }
            out.write(&[self.line_end]);
        }
        Ok(())
    }

    /// Prints ranges of `text`; `place` gives the place behind so many bytes or characters.
    fn print_pieces(&self, text: &[u8], place: &dyn Fn(u64) -> usize, out: &mut Output) {
        let mut first = true;
        for &(from, to) in &self.ranges {
            let piece = &text[place(from - 1)..place(to)];
            if piece.is_empty() {
                continue;
            }
            if !first {
                out.write(&self.joined_by);
            }
            first = false;
            out.write(piece);
        }
    }

    /// False: nothing is printed for the line.
    fn print_fields(&self, text: &[u8], out: &mut Output) -> bool {
        let mut fields: Vec<(usize, usize)> = Vec::new();
        // Behind the last field that is wanted nothing needs to be split.
        let enough = self.ranges.iter().map(|range| range.1).max().unwrap_or(0);
        let mut start = 0;
        while let Some((from, to)) = self.next_separator(text, start) {
            if fields.len() as u64 >= enough {
                break;
            }
            fields.push((start, from));
            start = to;
        }
        if fields.is_empty() && start == 0 && self.next_separator(text, 0).is_none() {
            if !self.only_delimited {
                out.write(text);
            }
            return !self.only_delimited;
        }
        if (fields.len() as u64) < enough {
            fields.push((start, text.len()));
        }
        let mut first = true;
        for &(from, to) in &self.ranges {
            let from = usize::try_from(from - 1).unwrap_or(usize::MAX).min(fields.len());
            let to = usize::try_from(to).unwrap_or(usize::MAX).min(fields.len());
            for &(begin, end) in &fields[from..to] {
                if !first {
                    out.write(&self.joined_by);
                }
                first = false;
                out.write(&text[begin..end]);
            }
        }
        true
    }

    fn next_separator(&self, text: &[u8], start: usize) -> Option<(usize, usize)> {
        match &self.separator {
            Separator::Text(finder) => finder.find(text, start).map(|at| (at, at + finder.needle().len())),
            // A separator that is empty separates nothing.
            Separator::Pattern(regex) => regex.on(text).find(start).filter(|(from, to)| to > from),
            Separator::LineEnd => None,
        }
    }

    /// With the line's end as separator, lines are the fields of the whole input.
    fn copy_lines(&self, input: &mut dyn BufRead, out: &mut Output) -> io::Result<()> {
        let mut lines = Vec::new();
        let mut line = Vec::new();
        while read_line(input, self.line_end, &mut line)? {
            lines.push(trimmed(&line, self.line_end).to_vec());
        }
        let mut chosen: Vec<&[u8]> = Vec::new();
        for &(from, to) in &self.ranges {
            let from = usize::try_from(from - 1).unwrap_or(usize::MAX).min(lines.len());
            let to = usize::try_from(to).unwrap_or(usize::MAX).min(lines.len());
            chosen.extend(lines[from..to].iter().map(Vec::as_slice));
        }
        out.write(&chosen.join(&self.joined_by[..]));
        out.write(&[self.line_end]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists() {
        for (list, expected) in [
            ("1", Some(vec![(1, 1)])),
            ("3-,1,2-4", Some(vec![(1, 1), (2, u64::MAX)])),
            ("-2", Some(vec![(1, 2)])),
            ("0", None),
            ("3-2", None),
            ("-", None),
            ("1,,2", None),
            ("x", None),
        ] {
            assert_eq!(parse_list(list.as_bytes()).ok().map(merged), expected, "{list}");
        }
        assert_eq!(complement(&[(1, 2), (5, 5)]), [(3, 4), (6, u64::MAX)]);
    }
}
