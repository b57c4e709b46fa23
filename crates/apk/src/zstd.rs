//! zstd — unpacking by Zstandard (RFC 8878), over `ruzstd`.

use std::io::{self, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::error::{Error, Kind, Result};

/// Unpacks one frame. Bytes behind its end are not looked at.
pub struct Reader<R: Read> {
    input: R,
    decoder: FrameDecoder,
}

impl<R: Read> Reader<R> {
    /// Reads the frame's header.
    ///
    /// Errors: it is none, or asks for a larger window than is sane.
    pub fn new(mut input: R) -> Result<Reader<R>> {
        let mut decoder = FrameDecoder::new();
        decoder.init(&mut input).map_err(|_| Kind::FormatInvalid)?;
        Ok(Reader { input, decoder })
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() < out.len() && !self.decoder.is_finished() {
            let wanted = out.len() - self.decoder.can_collect();
            // What exactly is wrong in a frame tells nobody anything, and its texts are a tenth of the decoder.
            self.decoder
                .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBytes(wanted))
                .map_err(|_| Error::new(Kind::FormatInvalid))?;
        }
        self.decoder.read(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_or_says_so() {
        let text: Vec<u8> = (0..300_000u32).map(|number| (number >> 3) as u8).collect();
        let packed =
            ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
        let read = |bytes: &[u8]| {
            let mut back = Vec::new();
            Reader::new(bytes).and_then(|mut reader| Ok(reader.read_to_end(&mut back)?)).map(|_| back)
        };
        assert!(read(&packed).unwrap() == text);
        for wrong in [&packed[..packed.len() / 2], &packed[..3], b"", &text[..100]] {
            assert_eq!(read(wrong).unwrap_err().reason(), "file format is invalid or inconsistent");
        }
    }
}
