//! scan — the lines of one input that match, and how they are shown.
//!
//! Whole blocks of lines are searched at once; lines between matches are only looked at where they are printed or
//! counted.

use crate::prelude::*;
use cli::input::Input;
use posix::bytes::{count_byte, find_byte, rfind_byte};
use posix::regex::{Reading, Regex};

const BLOCK: usize = 128 * 1024;

/// Lines printed around a match.
pub(super) struct Context {
    pub(super) before: u64,
    pub(super) after: u64,
}

/// What is printed.
pub(super) struct Show {
    pub(super) quiet: bool,
    pub(super) count: bool,
    /// Only names of files: true, those with matches; false, those without.
    pub(super) names: Option<bool>,
    pub(super) parts: bool,
    pub(super) name: bool,
    pub(super) number: bool,
    pub(super) offset: bool,
    pub(super) name_end: Option<u8>,
    pub(super) colour: bool,
    pub(super) by_line: bool,
    pub(super) label: Vec<u8>,
}

pub(super) struct Scan<'a> {
    pub(super) regexes: &'a [Regex],
    pub(super) invert: bool,
    pub(super) limit: u64,
    pub(super) line_end: u8,
    pub(super) context: Context,
    pub(super) show: Show,
    pub(super) no_messages: bool,
    /// Whether any line was selected so far.
    pub(super) selected: bool,
    /// Nothing more needs to be read.
    pub(super) done: bool,
    /// Whether a group of lines was printed, so that the next begins with `--`.
    pub(super) separate: bool,
}

/// Where we are in one input.
struct Place<'n> {
    name: &'n [u8],
    block: Vec<u8>,
    /// How each expression reads the block.
    readings: Vec<Reading>,
    /// Up to where the block was searched.
    searched: usize,
    /// Up to where the block was printed.
    printed: usize,
    /// Up to where lines were counted, and how many there were in the whole input.
    counted: usize,
    lines: u64,
    /// The offset of the block in the input.
    offset: u64,
    selected: u64,
    after: u64,
    /// Whether anything of this input was printed.
    begun: bool,
}

impl Scan<'_> {
    /// Reads `input` and prints what is asked for.
    pub(super) fn file(&mut self, input: &mut Input, name: &[u8], out: &mut Output) -> io::Result<()> {
        let mut place = Place {
            name,
            block: Vec::new(),
            readings: Vec::new(),
            searched: 0,
            printed: 0,
            counted: 0,
            lines: 0,
            offset: 0,
            selected: 0,
            after: 0,
            begun: false,
        };
        let mut result = Ok(());
        let mut ended = self.limit == 0;
        while !ended {
            ended = match self.fill(input, &mut place) {
                Ok(ended) => ended,
                Err(error) => {
                    result = Err(error);
                    true
                }
            };
            let whole = if ended {
                place.block.len()
            } else {
                rfind_byte(&place.block, self.line_end).map_or(0, |end| end + 1)
            };
            if self.block(&mut place, whole, out) || out.failed() {
                break;
            }
        }
        self.selected |= place.selected > 0;
        if result.is_ok() {
            self.sum_up(&place, out);
        }
        result
    }

    /// Reads more behind what is still needed. True at the end of the input.
    fn fill(&self, input: &mut Input, place: &mut Place<'_>) -> io::Result<bool> {
        self.count_lines(place, place.searched);
        let keep = self.context_start(place, place.searched);
        place.block.drain(..keep);
        place.offset += keep as u64;
        place.searched -= keep;
        place.printed = place.printed.saturating_sub(keep);
        place.counted -= keep;
        let mut has_end = false;
        loop {
            let bytes = input.fill_buf()?;
            let length = bytes.len();
            if length == 0 {
                return Ok(true);
            }
            // A long line is read on until it ends.
            has_end |= find_byte(bytes, self.line_end).is_some();
            place.block.extend_from_slice(bytes);
            input.consume(length);
            // A pipe or terminal gives less at a time: what has come is shown now.
            if has_end && (place.block.len() >= BLOCK || length < cli::input::CAPACITY) {
                return Ok(false);
            }
        }
    }

    /// Searches the lines in `searched..whole`. True: the rest of the input does not matter.
    fn block(&mut self, place: &mut Place<'_>, whole: usize, out: &mut Output) -> bool {
        place.readings = self.regexes.iter().map(|regex| regex.reading(&place.block[..whole])).collect();
        while place.searched < whole {
            let found = self.find_line(place, whole);
            let (begin, end) = match found {
                Some(at) => self.line_around(&place.block[..whole], at.max(place.searched), place.searched),
                None => (whole, whole),
            };
            if self.invert {
                while place.searched < begin {
                    let (from, to) = self.line_around(&place.block[..whole], place.searched, place.searched);
                    place.searched = to;
                    if self.select(place, from, to, out) {
                        return self.finish(place, whole, out);
                    }
                }
                self.trail(place, end, out);
                place.searched = end;
                continue;
            }
            self.trail(place, begin, out);
            place.searched = end;
            if begin < end && self.select(place, begin, end, out) {
                return self.finish(place, whole, out);
            }
        }
        false
    }

    fn find_line(&self, place: &Place<'_>, whole: usize) -> Option<usize> {
        let lines = &place.block[..whole];
        let each = self.regexes.iter().zip(&place.readings);
        each.filter_map(|(regex, reading)| regex.find_line(lines, place.searched, *reading)).min()
    }

    /// Begin and end (behind its line end) of the line at `at`, which does not begin before `from`.
    fn line_around(&self, lines: &[u8], at: usize, from: usize) -> (usize, usize) {
        let begin = rfind_byte(&lines[from..at], self.line_end).map_or(from, |end| from + end + 1);
        let end = find_byte(&lines[at..], self.line_end).map_or(lines.len(), |end| at + end + 1);
        (begin, end)
    }

    /// Counts and prints a selected line. True: no more lines are wanted.
    fn select(&mut self, place: &mut Place<'_>, begin: usize, end: usize, out: &mut Output) -> bool {
        place.selected += 1;
        self.selected = true;
        if self.show.quiet {
            self.done = true;
            return true;
        }
        if self.show.names.is_some() {
            return true;
        }
        if !self.show.count {
            self.lead(place, begin, out);
            self.print_line(place, begin, end, b':', out);
            place.after = self.context.after;
        }
        place.selected >= self.limit
    }

    /// The context behind the last line that is wanted: up to the next one that matches.
    fn finish(&mut self, place: &mut Place<'_>, whole: usize, out: &mut Output) -> bool {
        if place.after > 0 && !self.show.count {
            let next = self.find_line(place, whole);
            let end = match next {
                Some(at) if !self.invert => self.line_around(&place.block[..whole], at, place.searched).0,
                _ => whole,
            };
            self.trail(place, end, out);
        }
        true
    }

    /// Prints the context before the line at `begin`.
    fn lead(&mut self, place: &mut Place<'_>, begin: usize, out: &mut Output) {
        if self.context.before == 0 && self.context.after == 0 {
            return;
        }
        let mut at = self.context_start(place, begin);
        if self.separate && (at > place.printed || !place.begun) {
            out.write(b"--\n");
        }
        while at < begin {
            let (from, to) = self.line_around(&place.block, at, at);
            self.print_line(place, from, to, b'-', out);
            at = to;
        }
    }

    /// Where the context before the line at `begin` starts.
    fn context_start(&self, place: &Place<'_>, begin: usize) -> usize {
        let mut at = begin;
        for _ in 0..self.context.before {
            if at <= place.printed {
                break;
            }
            at = rfind_byte(&place.block[..at - 1], self.line_end).map_or(0, |end| end + 1);
        }
        at.max(place.printed.min(begin))
    }

    /// Prints the lines before `end` that still belong to the match before them.
    fn trail(&mut self, place: &mut Place<'_>, end: usize, out: &mut Output) {
        let mut at = place.searched;
        while place.after > 0 && at < end {
            let (from, to) = self.line_around(&place.block[..end], at, at);
            self.print_line(place, from, to, b'-', out);
            place.after -= 1;
            at = to;
        }
    }

    fn count_lines(&self, place: &mut Place<'_>, upto: usize) {
        if self.show.number && upto > place.counted {
            place.lines += count_byte(&place.block[place.counted..upto], self.line_end) as u64;
            place.counted = upto;
        } else if !self.show.number {
            place.counted = upto.max(place.counted);
        }
    }

    fn print_line(&mut self, place: &mut Place<'_>, begin: usize, end: usize, mark: u8, out: &mut Output) {
        self.count_lines(place, begin);
        let line = &place.block[begin..end];
        let text = line.strip_suffix(&[self.line_end]).unwrap_or(line);
        if self.show.parts {
            if mark == b':' && !self.invert {
                self.print_parts(place, begin, text, out);
            }
        } else {
            self.prefix(place, begin, mark, out);
            if self.show.colour && mark == b':' && !self.invert {
                self.print_coloured(text, out);
            } else {
                out.write(text);
            }
            out.write(&[self.line_end]);
        }
        if self.show.by_line {
            out.flush();
        }
        place.printed = end;
        place.begun = true;
        self.separate = true;
    }

    /// What stands before a line: name, number, offset, each behind it `mark`.
    fn prefix(&self, place: &Place<'_>, begin: usize, mark: u8, out: &mut Output) {
        let colour = |code: &str, out: &mut Output| {
            if self.show.colour {
                write!(out, "\x1b[{code}m\x1b[K");
            }
        };
        let mark_up = |end: &[u8], out: &mut Output| {
            colour("", out);
            colour("36", out);
            out.write(end);
            colour("", out);
        };
        if self.show.name {
            colour("35", out);
            out.write(place.name);
            mark_up(&[self.show.name_end.unwrap_or(mark)], out);
        }
        if self.show.number {
            colour("32", out);
            write!(out, "{}", place.lines + 1);
            mark_up(&[mark], out);
        }
        if self.show.offset {
            colour("32", out);
            write!(out, "{}", place.offset + begin as u64);
            mark_up(&[mark], out);
        }
    }

    fn print_parts(&self, place: &Place<'_>, begin: usize, text: &[u8], out: &mut Output) {
        self.each_match(text, &mut |from, to| {
            self.prefix(place, begin + from, b':', out);
            if self.show.colour {
                out.write(b"\x1b[01;31m\x1b[K");
            }
            out.write(&text[from..to]);
            if self.show.colour {
                out.write(b"\x1b[m\x1b[K");
            }
            out.write(&[self.line_end]);
        });
    }

    fn print_coloured(&self, text: &[u8], out: &mut Output) {
        let mut printed = 0;
        self.each_match(text, &mut |from, to| {
            out.write(&text[printed..from]);
            out.write(b"\x1b[01;31m\x1b[K");
            out.write(&text[from..to]);
            out.write(b"\x1b[m\x1b[K");
            printed = to;
        });
        out.write(&text[printed..]);
    }

    /// Calls `with` for the matches of a line that are not empty, leftmost and of those longest first.
    fn each_match(&self, text: &[u8], with: &mut dyn FnMut(usize, usize)) {
        let mut searches: Vec<_> = self.regexes.iter().map(|regex| regex.on(text)).collect();
        let mut at = 0;
        while at < text.len() {
            let found = searches.iter_mut().filter_map(|search| search.find(at));
            let Some((from, to)) = found.min_by_key(|&(from, to)| (from, usize::MAX - to)) else { return };
            if to > from {
                with(from, to);
                at = to;
            } else {
                at = from + posix::regex::character_length(&text[from..]);
            }
        }
    }

    /// What is said of the whole input.
    fn sum_up(&mut self, place: &Place<'_>, out: &mut Output) {
        if self.show.quiet {
            return;
        }
        if let Some(with) = self.show.names {
            if with == (place.selected > 0) {
                out.write(place.name);
                out.write(&[self.show.name_end.unwrap_or(b'\n')]);
            }
        } else if self.show.count {
            if self.show.name {
                out.write(place.name);
                out.write(&[self.show.name_end.unwrap_or(b':')]);
            }
            writeln!(out, "{}", place.selected);
        }
    }
}
