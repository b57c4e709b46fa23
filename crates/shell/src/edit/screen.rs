//! screen — shows a prompt and a line on a terminal, over as many rows as they need.

use super::width;

/// What is on the screen of the line, so that it can be drawn anew.
pub(super) struct Screen {
    pub(super) columns: usize,
    /// In which row of the line the cursor is.
    row: usize,
}

impl Screen {
    pub(super) fn new(columns: usize) -> Screen {
        Screen { columns: columns.max(2), row: 0 }
    }

    /// What draws prompt and line anew. `prompt` is one line; bytes 1 and 2 in it surround what takes no place.
    pub(super) fn draw(&mut self, prompt: &[u8], text: &[u8], cursor: usize) -> Vec<u8> {
        let mut out = self.rewind();
        out.extend_from_slice(b"\x1b[J");
        let mut place = Place { columns: self.columns, row: 0, column: 0 };
        show_prompt(prompt, &mut place, &mut out);
        show(&text[..cursor], &mut place, &mut out);
        let (row, column) = place.settled();
        show(&text[cursor..], &mut place, &mut out);
        // At the right edge the terminal waits with the next row until something comes.
        if place.column == self.columns {
            out.extend_from_slice(b"\r\n");
        }
        let (end_row, _) = place.settled();
        if end_row > row {
            out.extend_from_slice(format!("\x1b[{}A", end_row - row).as_bytes());
        }
        out.push(b'\r');
        if column > 0 {
            out.extend_from_slice(format!("\x1b[{column}C").as_bytes());
        }
        self.row = row;
        out
    }

    /// Moves to the first row of the line.
    fn rewind(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.row > 0 {
            out.extend_from_slice(format!("\x1b[{}A", self.row).as_bytes());
        }
        out.push(b'\r');
        self.row = 0;
        out
    }

    /// Forgets where it was: the cursor is at the beginning of a fresh row.
    pub(super) fn start_anew(&mut self) {
        self.row = 0;
    }
}

struct Place {
    columns: usize,
    row: usize,
    column: usize,
}

impl Place {
    fn advance(&mut self, width: usize) {
        if self.column + width > self.columns {
            self.row += 1;
            self.column = 0;
        }
        self.column += width;
    }

    /// Row and column, the one behind the right edge being the first of the next row.
    fn settled(&self) -> (usize, usize) {
        if self.column == self.columns { (self.row + 1, 0) } else { (self.row, self.column) }
    }
}

fn show(text: &[u8], place: &mut Place, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        let (length, width) = width::character(&text[at..]);
        place.advance(width);
        match text[at] {
            control @ (0..=0x1f | 0x7f) => out.extend_from_slice(&[b'^', control ^ 0x40]),
            byte if length == 1 && byte >= 0x80 => out.push(b'?'),
            _ => out.extend_from_slice(&text[at..at + length]),
        }
        at += length;
    }
}

fn show_prompt(prompt: &[u8], place: &mut Place, out: &mut Vec<u8>) {
    let mut hidden = false;
    let mut at = 0;
    while at < prompt.len() {
        let (length, width) = width::character(&prompt[at..]);
        match prompt[at] {
            1 => hidden = true,
            2 => hidden = false,
            // Colours are so common that they need no marks.
            0x1b => {
                let end = prompt[at + 1..]
                    .iter()
                    .skip(1)
                    .position(u8::is_ascii_alphabetic)
                    .map_or(prompt.len(), |end| at + 3 + end);
                out.extend_from_slice(&prompt[at..end.min(prompt.len())]);
                at = end;
                continue;
            }
            control @ 0..=0x1f => out.push(control),
            _ => {
                if !hidden {
                    place.advance(width);
                }
                out.extend_from_slice(&prompt[at..at + length]);
            }
        }
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_over_rows() {
        let mut screen = Screen::new(10);
        assert_eq!(screen.draw(b"$ ", b"ab", 1), b"\r\x1b[J$ ab\r\x1b[3C");
        // The line ends at the right edge: the cursor is in the next row.
        assert_eq!(screen.draw(b"$ ", b"12345678", 8), b"\r\x1b[J$ 12345678\r\n\r");
        assert_eq!(screen.draw(b"$ ", b"123456789", 0), b"\x1b[1A\r\x1b[J$ 123456789\x1b[1A\r\x1b[2C");
        assert_eq!(screen.draw(b"\x1b[32m$\x1b[0m ", b"", 0), b"\r\x1b[J\x1b[32m$\x1b[0m \r\x1b[2C");
    }
}
