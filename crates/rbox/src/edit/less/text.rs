//! text — the lines of a file, read when they are looked at.

use cli::input::Input;

use crate::prelude::*;

/// A file as far as it was read.
#[derive(Default)]
pub(super) struct Text {
    input: Option<Input>,
    /// All bytes, and where each line begins.
    bytes: Vec<u8>,
    starts: Vec<usize>,
    ended: bool,
    pub(super) error: Option<String>,
}

impl Text {
    pub(super) fn new(input: Input) -> Text {
        Text { input: Some(input), ..Text::default() }
    }

    /// Line `index` without its end. None: there are not so many.
    pub(super) fn line(&mut self, index: usize) -> Option<&[u8]> {
        self.read_to(index);
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.bytes.len());
        let line = &self.bytes[start..end];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The number of lines, for which all must be read.
    pub(super) fn count(&mut self) -> usize {
        self.read_to(usize::MAX - 1);
        self.starts.len()
    }

    pub(super) fn is_read(&self) -> bool {
        self.ended
    }

    /// Looks whether the file has grown.
    pub(super) fn read_more(&mut self) {
        self.ended = false;
    }

    /// How far line `index` is, in percent of what was read.
    pub(super) fn percent(&self, index: usize) -> usize {
        let at = self.starts.get(index).copied().unwrap_or(self.bytes.len());
        (at * 100).checked_div(self.bytes.len()).unwrap_or(100)
    }

    /// The line that is `percent` of the way.
    pub(super) fn line_at(&mut self, percent: usize) -> usize {
        self.count();
        let at = self.bytes.len() * percent.min(100) / 100;
        self.starts.partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// Reads until line `index` is there with its end.
    fn read_to(&mut self, index: usize) {
        while !self.ended && self.starts.len() <= index + 1 {
            let Some(input) = &mut self.input else {
                self.ended = true;
                return;
            };
            match input.fill_buf() {
                Ok([]) => self.ended = true,
                Ok(bytes) => {
                    let count = bytes.len();
                    for &byte in bytes {
                        if self.bytes.is_empty() || self.bytes.last() == Some(&b'\n') {
                            self.starts.push(self.bytes.len());
                        }
                        self.bytes.push(byte);
                    }
                    input.consume(count);
                }
                Err(error) => {
                    self.error = Some(sys::error::text(&error));
                    self.ended = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines() {
        let path = std::env::temp_dir().join(format!("less-text-{}", std::process::id()));
        std::fs::write(&path, b"one\n\nthree").unwrap();
        let mut text = Text::new(cli::input::file(std::fs::File::open(&path).unwrap()));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.line(0), Some(&b"one"[..]));
        assert_eq!(text.line(1), Some(&b""[..]));
        assert_eq!(text.line(2), Some(&b"three"[..]));
        assert_eq!(text.line(3), None);
        assert_eq!((text.count(), text.is_read(), text.line_at(100)), (3, true, 2));
    }
}
