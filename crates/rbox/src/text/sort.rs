//! sort — sort, merge or check lines.
//!
//! Source: POSIX.1-2024 `sort`; BusyBox 1.37 for options; GNU coreutils 9 for `-V`, `--files0-from` and the order of
//! options within keys. Everything is sorted in memory.

use std::cmp::Ordering;
use std::fs::File;

use super::common::cannot_open;
use crate::prelude::*;
use posix::bytes::find_byte;
use posix::order::{self, Fold, Order};

pub(crate) const APPLET: Applet = Applet {
    name: "sort",
    links: &["/usr/bin/sort"],
    usage: "\
sort [-bcCdfghiMmnrsuVz] [-k START[,END]]... [-t C] [-o FILE] [FILE]...

Sort the lines of FILEs (or stdin).

  -b, --ignore-leading-blanks  Ignore blanks before keys
  -d, --dictionary-order       Compare blanks, letters and digits only
  -f, --ignore-case            Ignore case
  -i, --ignore-nonprinting     Compare printable characters only
  -n, --numeric-sort           Sort by numbers
  -g, --general-numeric-sort   Sort by floating point numbers
  -h, --human-numeric-sort     Sort by sizes (2K, 1G)
  -M, --month-sort             Sort by names of months
  -V, --version-sort           Sort by versions
  -r, --reverse                Reverse the order
  -k, --key=START[,END]        Compare from one place to the other: FIELD[.CHAR][bdfghiMnrV]
  -t, --field-separator=C      C separates fields, not the change to blanks
  -s, --stable                 Keep the order of lines with equal keys
  -u, --unique                 Print one line of those with equal keys
  -c                           Check whether the input is sorted
  -C                           The same, silently
  --check[=HOW]                The same as -c (quiet: -C)
  -m, --merge                  The input is sorted already
  -o, --output=FILE            Write to FILE
  -z, --zero-terminated        Lines end in NUL
  -T, --temporary-directory=D  Ignored, as the next two: all is sorted in memory
  -S, --buffer-size=SIZE       (ignored)
  --parallel=N                 (ignored)
",
    process: Process::Fork,
    run,
};

/// One key, or the whole line.
#[derive(Clone, Copy, Default)]
struct Key {
    start: Place,
    /// Where it ends; without fields at the end of the line.
    end: Place,
    order: Order,
    fold: Fold,
    reverse: bool,
    /// Whether it was given any ordering option of its own.
    own: bool,
}

#[derive(Clone, Copy, Default)]
struct Place {
    /// From 1; 0 is not given.
    field: usize,
    /// From 1; 0 at the end means the whole field.
    character: usize,
    skip_blanks: bool,
}

struct Sorter {
    keys: Vec<Key>,
    separator: Option<u8>,
    /// Lines with equal keys are compared as a whole.
    last_resort: bool,
    reverse: bool,
    unique: bool,
}

/// One line by its place in the text, and the weight of its first key.
#[derive(Clone, Copy)]
struct Line {
    weight: u64,
    start: usize,
    end: usize,
}

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let options = cx.options()?;
    let sorter = sorter(&options)?;
    let end = if options.has('z') { 0 } else { b'\n' };
    let silent =
        options.has('C') || options.value_long("check").flatten().is_some_and(|how| how != "diagnose-first");
    if options.has('c') || silent || options.has_long("check") {
        return sorter.check(cx, &options, end, silent);
    }
    let mut text = Vec::new();
    for file in options.files() {
        read(cx, &file, end, &mut text)?;
    }
    let mut lines = sorter.lines(&text, end);
    sorter.sort(&text, &mut lines);
    let write = |out: &mut Output| {
        for line in &lines {
            out.write(&text[line.start..line.end]);
            out.write(&[end]);
        }
    };
    match options.value('o') {
        None => write(&mut cx.out),
        Some(name) => {
            let path = Path::new(name);
            // Only now: it may be one of the files that were read.
            let mut file = File::create(path).map_err(|error| cannot_open(path, &error))?;
            let mut out = Output::to_memory();
            write(&mut out);
            file.write_all(&out.take()).at(path)?;
        }
    }
    Ok(())
}

/// Reads a whole file behind `text`; a last line gets its end.
fn read(cx: &Cx<'_>, file: &Path, end: u8, text: &mut Vec<u8>) -> Result {
    let start = text.len();
    if file.as_os_str() == "-" {
        cx.stdin().read_to_end(text).at(file)?;
    } else {
        let mut opened = File::open(file).at(file)?;
        opened.read_to_end(text).at(file)?;
    }
    if text.len() > start && text.last() != Some(&end) {
        text.push(end);
    }
    Ok(())
}

fn sorter(options: &Options) -> Result<Sorter> {
    let mut general = Key::default();
    for (short, _, _) in options.in_order() {
        if b"bdfghiMnrV".contains(&short) {
            general.set(short, true, true);
        }
    }
    let separator = match options.value('t').map(OsStr::as_bytes) {
        None => None,
        Some(b"\\0") => Some(0),
        Some([byte]) => Some(*byte),
        Some(_) => return Err(Error::message("bad -t parameter")),
    };
    let mut keys = Vec::new();
    for spec in options.values('k') {
        let mut key = parse_key(spec.as_bytes()).ok_or_else(|| Error::message("bad field specification"))?;
        if !key.own {
            (key.order, key.fold, key.reverse) = (general.order, general.fold, general.reverse);
            key.start.skip_blanks = general.start.skip_blanks;
            key.end.skip_blanks = general.end.skip_blanks;
        }
        keys.push(key);
    }
    if keys.is_empty() {
        if general.start.skip_blanks {
            general.start.field = 1;
            general.start.character = 1;
        }
        keys.push(general);
    }
    Ok(Sorter {
        keys,
        separator,
        last_resort: !options.has('s') && !options.has('u'),
        reverse: options.has('r'),
        unique: options.has('u'),
    })
}

/// `FIELD[.CHAR][OPTS][,FIELD[.CHAR][OPTS]]`
fn parse_key(spec: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    let mut rest = spec;
    for is_end in [false, true] {
        let field = take_number(&mut rest)?;
        let mut character = usize::from(!is_end);
        if let Some(behind) = rest.strip_prefix(b".") {
            rest = behind;
            character = take_number(&mut rest)?;
        }
        if field == 0 || character == 0 && !is_end {
            return None;
        }
        let place = if is_end { &mut key.end } else { &mut key.start };
        (place.field, place.character) = (field, character);
        while let Some((&letter, behind)) = rest.split_first() {
            if letter == b',' && !is_end {
                break;
            }
            if !b"bdfghiMnrV".contains(&letter) {
                return None;
            }
            key.set(letter, !is_end, is_end);
            key.own = true;
            rest = behind;
        }
        match rest.strip_prefix(b",") {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    Some(key)
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    *rest = &rest[digits..];
    Some(number)
}

impl Key {
    fn set(&mut self, letter: u8, at_start: bool, at_end: bool) {
        match letter {
            b'b' => {
                self.start.skip_blanks |= at_start;
                self.end.skip_blanks |= at_end;
            }
            b'd' => self.fold.dictionary = true,
            b'f' => self.fold.ignore_case = true,
            b'i' => self.fold.printable = true,
            b'r' => self.reverse = true,
            b'n' => self.order = Order::Number,
            b'g' => self.order = Order::General,
            b'h' => self.order = Order::Human,
            b'M' => self.order = Order::Month,
            _ => self.order = Order::Version,
        }
    }

    /// The part of `line` that the key stands for.
    fn of<'a>(&self, line: &'a [u8], separator: Option<u8>) -> &'a [u8] {
        if self.start.field == 0 {
            return line;
        }
        let start = self.start.find(line, separator, self.start.character - 1);
        let end = match self.end {
            Place { field: 0, .. } => line.len(),
            Place { field, character: 0, .. } => {
                field_end(line, separator, field_start(line, separator, field))
            }
            place => place.find(line, separator, place.character),
        };
        &line[start..end.max(start)]
    }
}

impl Place {
    /// The place so many bytes behind where the field begins.
    fn find(&self, line: &[u8], separator: Option<u8>, offset: usize) -> usize {
        let mut at = field_start(line, separator, self.field);
        if self.skip_blanks {
            at += line[at..].iter().take_while(|&&byte| is_blank(byte)).count();
        }
        at.saturating_add(offset).min(line.len())
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Where field `number`, counted from 1, begins; blanks before it belong to it.
fn field_start(line: &[u8], separator: Option<u8>, number: usize) -> usize {
    let mut at = 0;
    for _ in 1..number {
        at = field_end(line, separator, at);
        if at == line.len() {
            break;
        }
        at += usize::from(separator.is_some());
    }
    at
}

fn field_end(line: &[u8], separator: Option<u8>, start: usize) -> usize {
    let rest = &line[start..];
    let length = match separator {
        Some(separator) => find_byte(rest, separator).unwrap_or(rest.len()),
        None => {
            let blanks = rest.iter().take_while(|&&byte| is_blank(byte)).count();
            blanks + rest[blanks..].iter().take_while(|&&byte| !is_blank(byte)).count()
        }
    };
    start + length
}

impl Sorter {
    fn line(&self, text: &[u8], start: usize, end: usize) -> Line {
        let key = &self.keys[0];
        let weight = order::weight(key.order, key.fold, key.of(&text[start..end], self.separator));
        Line { weight: if key.reverse { !weight } else { weight }, start, end }
    }

    fn lines(&self, text: &[u8], line_end: u8) -> Vec<Line> {
        let mut lines = Vec::with_capacity(posix::bytes::count_byte(text, line_end));
        let mut start = 0;
        while let Some(length) = find_byte(&text[start..], line_end) {
            lines.push(self.line(text, start, start + length));
            start += length + 1;
        }
        lines
    }

    fn sort(&self, text: &[u8], lines: &mut Vec<Line>) {
        posix::order::merge_sort(lines, &mut |one, other| match one.weight.cmp(&other.weight) {
            Ordering::Equal => self.compare(text, one, other),
            different => different,
        });
        if self.unique {
            lines.dedup_by(|next, kept| {
                kept.weight == next.weight && self.compare_keys(text, kept, next).is_eq()
            });
        }
    }

    fn compare(&self, text: &[u8], one: &Line, other: &Line) -> Ordering {
        let keys = self.compare_keys(text, one, other);
        if keys != Ordering::Equal || !self.last_resort {
            return keys;
        }
        let whole = text[one.start..one.end].cmp(&text[other.start..other.end]);
        if self.reverse { whole.reverse() } else { whole }
    }

    fn compare_keys(&self, text: &[u8], one: &Line, other: &Line) -> Ordering {
        let (one, other) = (&text[one.start..one.end], &text[other.start..other.end]);
        for key in &self.keys {
            let (one, other) = (key.of(one, self.separator), key.of(other, self.separator));
            let compared = order::compare(key.order, key.fold, one, other);
            if compared != Ordering::Equal {
                return if key.reverse { compared.reverse() } else { compared };
            }
        }
        Ordering::Equal
    }

    /// Says where the order breaks; the status is then 1.
    fn check(&self, cx: &mut Cx<'_>, options: &Options, line_end: u8, silent: bool) -> Result {
        let files = options.files();
        if let Some(extra) = files.get(1) {
            return Err(Error::message(format_args!(
                "extra operand '{}' not allowed with -c",
                extra.display()
            )));
        }
        let mut text = Vec::new();
        read(cx, &files[0], line_end, &mut text)?;
        let lines = self.lines(&text, line_end);
        for (index, pair) in lines.windows(2).enumerate() {
            let compared = self.compare(&text, &pair[0], &pair[1]);
            if compared == Ordering::Greater || self.unique && compared == Ordering::Equal {
                if !silent {
                    let line = String::from_utf8_lossy(&text[pair[1].start..pair[1].end]);
                    cx.warn(&format!("{}:{}: disorder: {line}", files[0].display(), index + 2));
                }
                return Err(Error::exit(1));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_keys() {
        for (spec, separator, line, expected) in [
            ("2", None, "a bc  d", " bc  d"),
            ("2,2", None, "a bc  d", " bc"),
            ("2b,2", None, "a bc  d", "bc"),
            ("2.2,2.3", None, "a bcd  e", "bc"),
            ("2.2b,2.3b", None, "a bcd  e", "cd"),
            ("1,1", Some(b':'), "a:b", "a"),
            ("2,2", Some(b':'), "a::b", ""),
            ("3", Some(b':'), "a::b", "b"),
            ("9", Some(b':'), "a::b", ""),
            ("2,1", Some(b':'), "a:b", ""),
            ("1.2,1.2", Some(b':'), "abc:d", "b"),
        ] {
            let key = parse_key(spec.as_bytes()).unwrap();
            assert_eq!(key.of(line.as_bytes(), separator), expected.as_bytes(), "{spec} {line}");
        }
        for spec in ["", "0", "x", "1.0", "1,x", "1z", "1,2,3"] {
            assert!(parse_key(spec.as_bytes()).is_none(), "{spec}");
        }
    }
}
