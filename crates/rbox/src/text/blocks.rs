//! blocks — files one behind the other, read in blocks of one size: what od and hexdump share.

use super::common::read_line;
use crate::prelude::*;
use cli::input::Input;

/// Several files as one, from an offset on and up to a length.
pub(crate) struct Blocks {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<Input>,
    /// Bytes that may still be read.
    left: u64,
    /// Whether there was any file to read.
    pub(crate) opened: bool,
}

impl Blocks {
    pub(crate) fn new(options: &Options, limit: Option<u64>) -> Blocks {
        Blocks {
            files: options.files().into_iter(),
            current: None,
            left: limit.unwrap_or(u64::MAX),
            opened: false,
        }
    }

    /// Moves over the first `count` bytes. False: there are not so many.
    pub(crate) fn skip(&mut self, cx: &mut Cx<'_>, mut count: u64) -> Result<bool> {
        let limit = std::mem::replace(&mut self.left, u64::MAX);
        let mut buffer = vec![0; 4096];
        while count > 0 {
            let part = buffer.len().min(usize::try_from(count).unwrap_or(usize::MAX));
            match self.read(cx, &mut buffer[..part])? {
                0 => return Ok(false),
                read => count -= read as u64,
            }
        }
        self.left = limit;
        Ok(true)
    }

    /// Fills `block` as far as there is something, and gives how far. Files that cannot be opened are reported.
    pub(crate) fn read(&mut self, cx: &mut Cx<'_>, block: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        let end = block.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        while filled < end {
            let Some(input) = &mut self.current else {
                match self.files.next() {
                    Some(file) => {
                        self.current = cx.open(&file);
                        self.opened |= self.current.is_some();
                    }
                    None => break,
                }
                continue;
            };
            match input.read(&mut block[filled..end]).doing("read error")? {
                0 => self.current = None,
                count => filled += count,
            }
        }
        self.left -= filled as u64;
        Ok(filled)
    }
}

/// The lines of a file, for formats that are given in one.
pub(crate) fn lines(cx: &mut Cx<'_>, file: &Path) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    let Some(mut input) = cx.open(file) else { return Err(Error::exit(1)) };
    let mut line = Vec::new();
    while read_line(&mut input, b'\n', &mut line).at(file)? {
        lines.push(std::mem::take(&mut line));
    }
    Ok(lines)
}

/// A number as C writes it: decimal, `0x…` or `0…`, and a suffix (`b` 512, `k`, `m` and so on).
pub(crate) fn number(text: &OsStr) -> Result<u64> {
    let bytes = text.as_bytes();
    let based = |from: usize, base| {
        u64::from_str_radix(std::str::from_utf8(&bytes[from..]).unwrap_or("?"), base).ok()
    };
    let value = match bytes {
        [b'0', b'x' | b'X', ..] => based(2, 16),
        [b'0', b'0'..=b'7', ..] => based(1, 8),
        _ => return super::common::size(bytes),
    };
    value.ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))
}

/// The names of the ASCII characters below 33, and of DEL.
const NAMES: &[u8; 102] = b"nulsohstxetxeoten\
qackbelbs ht lf vt ff cr so si dledc1dc2dc3dc4naksynetbcanem subescfs gs rs us sp del";

/// The name of a character that prints nothing, or None.
pub(crate) fn character_name(byte: u8) -> Option<&'static [u8]> {
    let index = match byte {
        0..=32 => usize::from(byte),
        127 => 33,
        _ => return None,
    };
    Some(NAMES[index * 3..index * 3 + 3].trim_ascii_end())
}

/// A character as C writes it: itself, `\n` and the like, or three octal digits.
pub(crate) fn character_text(byte: u8) -> Vec<u8> {
    let escape = match byte {
        0 => b'0',
        7 => b'a',
        8 => b'b',
        9 => b't',
        10 => b'n',
        11 => b'v',
        12 => b'f',
        13 => b'r',
        32..127 => return vec![byte],
        _ => return vec![b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)],
    };
    vec![b'\\', escape]
}

/// The number in up to eight bytes of the machine's order.
pub(crate) fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// The same with its sign.
pub(crate) fn signed(bytes: &[u8]) -> i64 {
    let shift = 64 - 8 * bytes.len().clamp(1, 8);
    (unsigned(bytes) as i64) << shift >> shift
}

/// The floating-point number in four or eight bytes.
pub(crate) fn float(bytes: &[u8]) -> f64 {
    let bits = unsigned(bytes);
    if bytes.len() == 4 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_characters() {
        for (byte, name) in
            [(0, &b"nul"[..]), (4, b"eot"), (5, b"enq"), (8, b"bs"), (10, b"lf"), (32, b"sp"), (127, b"del")]
        {
            assert_eq!(character_name(byte), Some(name), "{byte}");
        }
        assert_eq!(character_name(b'a'), None);
        assert_eq!(
            [character_text(10), character_text(b'a'), character_text(200)],
            [&b"\\n"[..], b"a", b"310"]
        );
    }

    #[test]
    fn reads_numbers() {
        for (text, expected) in
            [("0x10", Some(16)), ("010", Some(8)), ("2k", Some(2048)), ("0", Some(0)), ("0x", None)]
        {
            assert_eq!(number(OsStr::new(text)).ok(), expected, "{text}");
        }
        assert_eq!((signed(&[0xff, 0xff]), signed(&[0xfe]), unsigned(&[1, 2])), (-1, -2, 513));
    }
}
