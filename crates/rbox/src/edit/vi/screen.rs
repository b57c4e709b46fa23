//! screen — what of the text is seen, and the line below it.

use std::ops::Range;

use super::Vi;
use crate::applets::edit::common::screen::Layout;

impl Vi<'_, '_> {
    /// Rows and columns of the terminal; the last row is for messages.
    fn measure(&mut self) {
        let (columns, rows) = sys::tty::window_size(1).unwrap_or((80, 24));
        self.rows = usize::from(rows.max(2)) - 1;
        self.columns = usize::from(columns.max(1));
    }

    /// Moves what is seen so that the cursor is in it.
    fn scroll(&mut self) {
        self.top = self.buffer.line_start(self.top.min(self.buffer.len() - 1));
        let line = self.buffer.line_start(self.cursor);
        if line < self.top {
            let far = self.buffer.text()[line..self.top].iter().filter(|&&byte| byte == b'\n').count();
            self.top = line;
            if far > self.rows {
                self.center();
            }
        } else {
            let count =
                |top: usize| self.buffer.text()[top..line].iter().filter(|&&byte| byte == b'\n').count();
            let mut below = count(self.top);
            if below > 2 * self.rows {
                self.center();
                below = 0;
            }
            while below >= self.rows {
                self.top = self.buffer.line_end(self.top) + 1;
                below -= 1;
            }
        }
        let width = self.layout().width;
        let column = self.column(self.cursor);
        let own = self.layout().columns(&self.buffer.text()[self.cursor..self.buffer.next(self.cursor)]);
        if column < self.left {
            self.left = column.saturating_sub(width / 2);
        } else if column + own.clamp(1, 2) > self.left + width {
            self.left = column + own.clamp(1, 2) - width / 2;
        }
        if column < width / 2 {
            self.left = 0;
        }
    }

    /// Puts the cursor's line in the middle.
    pub(super) fn center(&mut self) {
        self.top = self.buffer.line_start(self.cursor);
        for _ in 0..self.rows / 2 {
            self.top = self.buffer.line_before(self.top).unwrap_or(self.top);
        }
    }

    pub(super) fn draw(&mut self) {
        self.measure();
        self.scroll();
        let layout = self.layout();
        let selected = self.selection();
        let mut screen = b"\x1b[?25l\x1b[H".to_vec();
        let mut line = Some(self.top);
        let mut number = if self.settings.numbers { self.buffer.line_number(self.top) } else { 0 };
        let mut cursor_row = 0;
        let own = self.buffer.line_start(self.cursor);
        for row in 0..self.rows {
            match line {
                Some(start) => {
                    if start == own {
                        cursor_row = row;
                    }
                    if self.settings.numbers {
                        screen.extend_from_slice(format!("{number:7} ").as_bytes());
                        number += 1;
                    }
                    self.draw_line(&mut screen, layout, start, &selected);
                    line = self.buffer.next_line(start);
                }
                None => screen.push(b'~'),
            }
            screen.extend_from_slice(b"\x1b[K\n");
        }
        let status = self.status();
        if self.is_error {
            screen.extend_from_slice(b"\x1b[7m");
        }
        screen.extend(status.chars().take(self.columns - 1).collect::<String>().into_bytes());
        screen.extend_from_slice(b"\x1b[0m\x1b[K");
        let margin = if self.settings.numbers { 8 } else { 0 };
        let column = self.column(self.cursor).saturating_sub(self.left) + margin + 1;
        screen.extend_from_slice(format!("\x1b[{};{column}H\x1b[?25h", cursor_row + 1).as_bytes());
        self.cx.out.write(&screen);
        self.cx.out.flush();
    }

    fn draw_line(&self, screen: &mut Vec<u8>, layout: Layout, start: usize, selected: &Range<usize>) {
        let end = self.buffer.line_end(start);
        let from = selected.start.clamp(start, end) - start;
        let to = selected.end.clamp(start, end) - start;
        let rows = layout.rows(&self.buffer.text()[start..end], std::slice::from_ref(&(from..to)));
        for row in rows {
            screen.extend_from_slice(&row);
        }
    }

    /// The bytes that v or V have taken.
    pub(super) fn selection(&self) -> Range<usize> {
        let Some((anchor, lines)) = self.visual else { return 0..0 };
        let (from, to) = (anchor.min(self.cursor), anchor.max(self.cursor));
        if lines {
            self.buffer.line_start(from)..self.buffer.line_end(to) + 1
        } else {
            from..self.buffer.next(to).min(self.buffer.len())
        }
    }

    fn status(&mut self) -> String {
        if !self.message.is_empty() {
            return self.message.clone();
        }
        if let Some((_, lines)) = self.visual {
            return if lines { "- Visual Line -" } else { "- Visual -" }.to_string();
        }
        self.about()
    }

    pub(super) fn about(&self) -> String {
        let name = self.path.as_ref().map_or("No file".to_string(), |path| path.display().to_string());
        let changed = if self.buffer.modified { " [Modified]" } else { "" };
        let read_only = if self.read_only { " [Readonly]" } else { "" };
        let (line, count) = (self.buffer.line_number(self.cursor), self.buffer.line_count());
        format!("- {name}{read_only}{changed} {line}/{count} {}%", line * 100 / count.max(1))
    }

    pub(super) fn draw_prompt(&mut self, prompt: char, line: &str) {
        let text = format!("\x1b[{};1H{prompt}{line}\x1b[K", self.rows + 1);
        self.cx.out.write(text.as_bytes());
        self.cx.out.flush();
    }
}
