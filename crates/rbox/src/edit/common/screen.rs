//! screen — lines of text as rows of a terminal: tabs, control characters, wide characters, bold and underlined ones.
//!
//! Source: ECMA-48 for the attributes; grotty(1) for characters that are printed over each other.

use std::ops::Range;

/// How rows are made.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) width: usize,
    /// One row a line, from this column on; otherwise as many rows as it takes.
    pub(crate) cut_from: Option<usize>,
    /// Colours in the text are colours on the screen, rather than signs.
    pub(crate) colours: bool,
    /// Characters that are printed over each other are bold or underlined ones.
    pub(crate) overstrikes: bool,
    /// Columns from one tab stop to the next.
    pub(crate) tab: usize,
}

const PLAIN: u8 = 0;
const BOLD: u8 = 1;
const UNDERLINED: u8 = 2;
const REVERSE: u8 = 4;

impl Layout {
    /// The rows of a line without its end. `marked` ranges of its bytes are shown in reverse. At least one row.
    pub(crate) fn rows(&self, line: &[u8], marked: &[Range<usize>]) -> Vec<Vec<u8>> {
        let mut rows =
            Rows { layout: *self, done: Vec::new(), row: Vec::new(), column: 0, total: 0, style: PLAIN };
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            if let Some(length) = colour_sequence(rest).filter(|_| self.colours) {
                rows.row.extend_from_slice(&rest[..length]);
                at += length;
                continue;
            }
            let is_marked = marked.iter().any(|range| range.contains(&at));
            let mut style = if is_marked { REVERSE } else { PLAIN };
            let mut length = character_length(rest);
            let mut shown = &rest[..length];
            // "_\bx" and "x\b_" are underlined, "x\bx" is bold.
            while self.overstrikes
                && let [8, other, ..] = rest[length..]
            {
                let other_length = character_length(&rest[length + 1..]);
                let over = &rest[length + 1..length + 1 + other_length];
                style |= if shown == b"_" || other == b'_' { UNDERLINED } else { BOLD };
                if other != b'_' {
                    shown = over;
                }
                length += 1 + other_length;
            }
            rows.push(shown, style);
            at += length;
        }
        rows.set_style(PLAIN);
        if self.colours {
            rows.row.extend_from_slice(b"\x1b[0m");
        }
        rows.done.push(rows.row);
        rows.done
    }
}

impl Layout {
    /// How many columns a text takes from the left edge on.
    pub(crate) fn columns(&self, text: &[u8]) -> usize {
        let tab = self.tab.max(1);
        let mut columns = 0;
        let mut at = 0;
        while at < text.len() {
            let length = character_length(&text[at..]);
            let character =
                std::str::from_utf8(&text[at..at + length]).ok().and_then(|text| text.chars().next());
            columns += match character {
                Some('\t') => tab - columns % tab,
                Some('\0'..=' ' | '\x7f') if text[at] != b' ' => 2,
                Some(known) if !known.is_control() => posix::width::of_char(known),
                _ => 1,
            };
            at += length;
        }
        columns
    }
}

struct Rows {
    layout: Layout,
    done: Vec<Vec<u8>>,
    row: Vec<u8>,
    /// Columns of this row, and of the whole line.
    column: usize,
    total: usize,
    style: u8,
}

impl Rows {
    fn push(&mut self, character: &[u8], style: u8) {
        match character {
            b"\t" => {
                let tab = self.layout.tab.max(1);
                for _ in 0..tab - self.total % tab {
                    self.cell(b" ", 1, style);
                }
            }
            [byte @ (0..32 | 127)] => {
                self.cell(b"^", 1, style | REVERSE);
                self.cell(&[byte ^ 0x40], 1, style | REVERSE);
            }
            _ => match std::str::from_utf8(character).ok().and_then(|text| text.chars().next()) {
                // C1 controls steer terminals, too.
                Some(known) if !known.is_control() => {
                    self.cell(character, posix::width::of_char(known), style);
                }
                _ => self.cell(b"?", 1, style | REVERSE),
            },
        }
    }

    fn cell(&mut self, text: &[u8], width: usize, style: u8) {
        let start = self.total;
        self.total += width;
        if let Some(from) = self.layout.cut_from {
            if start < from || self.total > from + self.layout.width {
                return;
            }
        } else if self.column + width > self.layout.width && self.column > 0 {
            self.set_style(PLAIN);
            self.done.push(std::mem::take(&mut self.row));
            self.column = 0;
        }
        self.set_style(style);
        self.row.extend_from_slice(text);
        self.column += width;
    }

    fn set_style(&mut self, style: u8) {
        if style == self.style {
            return;
        }
        self.row.extend_from_slice(b"\x1b[0m");
        for (bit, code) in [(BOLD, &b"\x1b[1m"[..]), (UNDERLINED, b"\x1b[4m"), (REVERSE, b"\x1b[7m")] {
            if style & bit != 0 {
                self.row.extend_from_slice(code);
            }
        }
        self.style = style;
    }
}

/// Bytes of the character that `text` begins with; 1 where it is none.
pub(crate) fn character_length(text: &[u8]) -> usize {
    let length = match text.first() {
        Some(0xc2..0xe0) => 2,
        Some(0xe0..0xf0) => 3,
        Some(0xf0..0xf5) => 4,
        _ => return text.len().min(1),
    };
    if text.get(..length).is_some_and(|text| std::str::from_utf8(text).is_ok()) { length } else { 1 }
}

/// The length of a sequence `ESC [ NUMBERS m` at the start of `text`.
pub(crate) fn colour_sequence(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"\x1b[")?;
    let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    (rest[end] == b'm').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_rows() {
        let wrap = Layout { width: 8, cut_from: None, colours: false, overstrikes: true, tab: 8 };
        let cut = Layout { cut_from: Some(2), ..wrap };
        let colours = Layout { colours: true, ..wrap };
        for (layout, line, rows) in [
            (wrap, "", &[""][..]),
            (wrap, "short", &["short"]),
            (wrap, "0123456789", &["01234567", "89"]),
            (wrap, "a\tb", &["a       ", "b"]),
            (wrap, "1234567\u{754c}", &["1234567", "\u{754c}"]),
            (wrap, "a\u{301}b", &["a\u{301}b"]),
            (wrap, "\x1b[1m", &["\x1b[0m\x1b[7m^[\x1b[0m[1m"]),
            (wrap, "x\x08xy", &["\x1b[0m\x1b[1mx\x1b[0my"]),
            (wrap, "_\x08x", &["\x1b[0m\x1b[4mx\x1b[0m"]),
            (cut, "0123456789abc", &["23456789"]),
            (colours, "\x1b[31mr", &["\x1b[31mr\x1b[0m"]),
        ] {
            let found: Vec<String> = layout
                .rows(line.as_bytes(), &[])
                .into_iter()
                .map(|row| String::from_utf8(row).unwrap())
                .collect();
            assert_eq!(found, rows, "{line:?}");
        }
        for (text, columns) in [("", 0), ("a\tb", 9), ("\u{754c}x", 3), ("\x01", 2), ("a\u{301}", 1)] {
            assert_eq!(wrap.columns(text.as_bytes()), columns, "{text:?}");
        }
        assert_eq!(wrap.rows(b"\xffa", &[0..0, 1..2]), [b"\x1b[0m\x1b[7m?a\x1b[0m".to_vec()]);
    }
}
