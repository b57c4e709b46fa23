//! inflate — one compressed text without a header, as zip has it.
//!
//! Source: RFC 1951.

use std::io::{self, BufRead, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

/// Unpacks; what stands behind the text is left.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    inflate: Box<InflateState>,
    done: bool,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Reader<'a> {
        Reader { input, inflate: InflateState::new_boxed(DataFormat::Raw), done: false }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.done && !buffer.is_empty() {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let result = inflate(&mut self.inflate, input, buffer, MZFlush::None);
            self.input.consume(result.bytes_consumed);
            match result.status {
                Ok(MZStatus::StreamEnd) => self.done = true,
                Ok(_) | Err(MZError::Buf) if result.bytes_written > 0 || !at_end => {}
                Ok(_) | Err(MZError::Buf) => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"));
                }
                Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "corrupted data")),
            }
            if result.bytes_written > 0 {
                return Ok(result.bytes_written);
            }
        }
        Ok(0)
    }
}
