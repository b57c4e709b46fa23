//! der — the little of DER that keys and signatures are made of, and PEM around it.
//!
//! Source: ITU-T X.690 (DER), RFC 7468 (PEM).

use crate::error::{Kind, Result};
use crate::identity::from_base64;

/// Tags of values.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// What is left of a value's content, which is read value by value.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content of the next value, if it has this tag. None, too, for lengths that are not the shortest, or not there.
    pub(super) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], mut rest) = self.0.split_first_chunk()?;
        let mut size = usize::from(first);
        if first >= 0x80 {
            let digits;
            (digits, rest) = rest.split_at_checked(size - 0x80).filter(|(digits, _)| digits.len() <= 4)?;
            size = digits.iter().fold(0, |size, &digit| size << 8 | usize::from(digit));
            if size < 0x80 || digits[0] == 0 {
                return None;
            }
        }
        let (content, rest) = rest.split_at_checked(size).filter(|_| found == tag)?;
        self.0 = rest;
        Some(content)
    }

    /// The values in the next value, a sequence.
    pub(super) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.value(SEQUENCE).map(Reader)
    }

    /// The next value, a number that is not negative: its digits to the base 256 without zeros in front.
    pub(super) fn number(&mut self) -> Option<&'a [u8]> {
        match self.value(INTEGER)? {
            [0] => Some(&[]),
            [0, digits @ ..] if digits[0] >= 0x80 => Some(digits),
            digits @ [1..0x80, ..] => Some(digits),
            _ => None,
        }
    }

    /// The next value, a string of whole bytes.
    pub(super) fn bits(&mut self) -> Option<&'a [u8]> {
        self.value(BIT_STRING)?.strip_prefix(&[0])
    }

    /// The two numbers of a sequence that is all there is: of an RSA key or an ECDSA signature.
    pub(super) fn two_numbers(bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut outer = Reader(bytes);
        let mut inner = outer.sequence()?;
        let numbers = (inner.number()?, inner.number()?);
        (inner.is_empty() && outer.is_empty()).then_some(numbers)
    }
}

/// The label and the bytes of the first block.
///
/// Errors: there is none, or its base64 is malformed.
pub(super) fn from_pem(text: &[u8]) -> Result<(String, Vec<u8>)> {
    first_block(text).ok_or_else(|| Kind::CryptoKeyFormat.into())
}

fn first_block(text: &[u8]) -> Option<(String, Vec<u8>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    // Headers of encrypted keys are no base64, and so refused.
    let digits: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some((label.to_string(), from_base64(&digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_their_one_form() {
        for (bytes, expected) in [
            (&b"\x30\x06\x02\x01\x05\x02\x01\x00"[..], Some((&b"\x05"[..], &b""[..]))),
            (b"\x30\x07\x02\x02\x00\x80\x02\x01\x7f", Some((b"\x80", b"\x7f"))),
            (b"\x30\x07\x02\x02\x00\x7f\x02\x01\x7f", None), // a zero too many
            (b"\x30\x06\x02\x01\x80\x02\x01\x01", None),     // negative
            (b"\x30\x05\x02\x00\x02\x01\x01", None),         // no digits
            (b"\x30\x06\x02\x01\x05\x02\x01\x01\x00", None), // more behind it
            (b"\x30\x07\x02\x01\x05\x02\x01\x01\x00", None), // more in it
            (b"\x30\x06\x02\x01\x05\x02\x02\x01", None),     // ends within
            (b"\x30\x81\x06\x02\x01\x05\x02\x01\x01", None), // a length longer than it must be
            (b"\x30\x80\x02\x01\x05\x02\x01\x01\x00\x00", None), // BER's open end
            (b"\x31\x06\x02\x01\x05\x02\x01\x01", None),     // a set
            (b"\x30", None),
            (b"", None),
        ] {
            assert_eq!(Reader::two_numbers(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn long_values() {
        let mut bytes = b"\x03\x82\x01\x01\x00".to_vec();
        bytes.extend_from_slice(&[7; 256]);
        assert_eq!(Reader::new(&bytes).bits(), Some(&[7; 256][..]));
        assert_eq!(Reader::new(&bytes[..200]).bits(), None);
        bytes[4] = 1; // bits that are no whole bytes
        assert_eq!(Reader::new(&bytes).bits(), None);
        assert_eq!(Reader::new(b"\x03\x85\x00\x00\x00\x00\x01\x00").bits(), None);
    }
}
