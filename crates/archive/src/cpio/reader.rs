//! reader — entries from newc, crc and odc.

use std::io::{self, Read};

use super::{Meta, TRAILER, file_type};

/// Longer names are not believed: the kernel has PATH_MAX, 4096.
const NAME_MAX: u64 = 64 * 1024;

/// How an archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// "070701".
    New,
    /// "070702": the same with a sum over each file's bytes.
    Crc,
    /// "070707": the portable format of POSIX.1-1988, in octal.
    Old,
}

/// One entry's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: Vec<u8>,
    pub meta: Meta,
    /// One of `file_type`.
    pub file_type: u32,
    pub inode: u32,
    /// The device that held the file: with `inode` it tells hard links from one another.
    pub device: (u32, u32),
    pub links: u32,
    pub size: u64,
    /// Major and minor number of a device node.
    pub node: (u32, u32),
    pub format: Format,
    /// The sum of the contents' bytes where `format` is `Crc`.
    pub sum: u32,
}

/// Reads entries one by one. Between two calls of `next` the contents of the first may be read with `read`; what is
/// left is skipped.
pub struct Reader<'a> {
    input: &'a mut dyn Read,
    offset: u64,
    /// Bytes of the current entry's contents that were not read yet.
    left: u64,
    /// Contents are padded to this.
    alignment: u64,
    start: u64,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn Read) -> Reader<'a> {
        Reader { input, offset: 0, left: 0, alignment: 1, start: 0 }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next entry, or None at the trailer.
    ///
    /// Errors: what is wrong with the header, with its offset; an archive that ends without a trailer.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator cannot lend itself for reading in between"
    )]
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        self.skip_rest()?;
        self.start = self.offset;
        let mut magic = [0; 6];
        self.fill(&mut magic)?;
        let entry = match &magic {
            b"070701" => self.new_header(Format::New)?,
            b"070702" => self.new_header(Format::Crc)?,
            b"070707" => self.old_header()?,
            _ => return Err(self.invalid("unsupported cpio format, use newc or crc")),
        };
        self.left = entry.size;
        if entry.name == TRAILER {
            return Ok(None);
        }
        Ok(Some(entry))
    }

    /// Skips what is left of the archive, so that the program at the other end of a pipe can finish.
    pub fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        while self.input.read(&mut buffer)? > 0 {}
        Ok(())
    }

    fn new_header(&mut self, format: Format) -> io::Result<Entry> {
        let mut text = [0; 104];
        self.fill(&mut text)?;
        let mut fields = [0; 13];
        for (index, field) in fields.iter_mut().enumerate() {
            *field = number(&text[index * 8..index * 8 + 8], 16)
                .ok_or_else(|| self.invalid("malformed cpio header"))? as u32;
        }
        let [inode, mode, uid, gid, links, mtime, size, dev_major, dev_minor, major, minor, name, sum] =
            fields;
        self.alignment = 4;
        let name = self.name(u64::from(name))?;
        self.align()?;
        Ok(Entry {
            name,
            meta: Meta { permissions: mode & 0o7777, uid, gid, mtime },
            file_type: mode & file_type::MASK,
            inode,
            device: (dev_major, dev_minor),
            links,
            size: u64::from(size),
            node: (major, minor),
            format,
            sum,
        })
    }

    fn old_header(&mut self) -> io::Result<Entry> {
        let mut text = [0; 70];
        self.fill(&mut text)?;
        let mut fields = [0; 10];
        let mut start = 0;
        for (field, width) in fields.iter_mut().zip([6, 6, 6, 6, 6, 6, 6, 11, 6, 11]) {
            *field = number(&text[start..start + width], 8)
                .ok_or_else(|| self.invalid("malformed cpio header"))?;
            start += width;
        }
        let [device, inode, mode, uid, gid, links, node, mtime, name, size] = fields;
        self.alignment = 1;
        let name = self.name(name)?;
        // Old device numbers are eight bits each.
        let split = |number: u64| ((number >> 8) as u32, (number & 0xff) as u32);
        Ok(Entry {
            name,
            meta: Meta {
                permissions: mode as u32 & 0o7777,
                uid: uid as u32,
                gid: gid as u32,
                mtime: mtime as u32,
            },
            file_type: mode as u32 & file_type::MASK,
            inode: inode as u32,
            device: split(device),
            links: links as u32,
            size,
            node: split(node),
            format: Format::Old,
            sum: 0,
        })
    }

    /// A name of `size` bytes with its final zero byte.
    fn name(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size == 0 || size > NAME_MAX {
            return Err(self.invalid("cpio header with a bad length of the name"));
        }
        let mut name = vec![0; size as usize];
        self.fill(&mut name)?;
        // Some writers pad the name with more than one zero byte.
        while name.last() == Some(&0) {
            name.pop();
        }
        if name.contains(&0) {
            return Err(self.invalid("cpio header with a zero byte in the name"));
        }
        Ok(name)
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        let mut buffer = [0; 8192];
        while self.left > 0 {
            let wanted = self.left.min(buffer.len() as u64) as usize;
            self.fill(&mut buffer[..wanted])?;
            self.left -= wanted as u64;
        }
        self.align()
    }

    fn align(&mut self) -> io::Result<()> {
        let excess = (self.offset % self.alignment) as usize;
        if excess == 0 {
            return Ok(());
        }
        let mut padding = [0; 4];
        self.fill(&mut padding[..self.alignment as usize - excess])
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        match self.input.read_exact(buffer) {
            Ok(()) => {
                self.offset += buffer.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(io::Error::new(
                error.kind(),
                format!("short read: the archive ends behind byte {}", self.offset),
            )),
            Err(error) => Err(error),
        }
    }

    #[cold]
    #[inline(never)]
    fn invalid(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("{what} (at byte {})", self.start))
    }
}

/// The contents of the current entry.
impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(buffer.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("short read: the archive ends behind byte {}", self.offset),
            ));
        }
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A number of ASCII digits; blanks and zero bytes around it do not count. Some writers fill with blanks.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let mut value = 0u64;
    for &byte in text.iter().skip_while(|&&byte| byte == b' ') {
        if byte == b' ' || byte == 0 {
            break;
        }
        value = value * u64::from(radix) + u64::from((byte as char).to_digit(radix)?);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::super::{Node, Tree};
    use super::*;

    fn sample() -> Vec<u8> {
        let meta = Meta { permissions: 0o755, uid: 1, gid: 2, mtime: 1_700_000_000 };
        let mut tree = Tree::new();
        tree.insert("init", meta, Node::Symlink(b"bin/sh".to_vec())).unwrap();
        tree.insert("bin/sh", meta, Node::File(b"hello".to_vec())).unwrap();
        tree.insert("bin/ash", meta, Node::HardLink(b"bin/sh".to_vec())).unwrap();
        tree.insert("/bin/", meta, Node::Directory).unwrap();
        tree.insert("console", meta, Node::CharDevice { major: 5, minor: 1 }).unwrap();
        let mut bytes = Vec::new();
        assert_eq!(tree.write(&mut bytes).unwrap(), bytes.len() as u64);
        bytes
    }

    #[test]
    fn reads_what_was_written() {
        let bytes = sample();
        let mut input = bytes.as_slice();
        let mut reader = Reader::new(&mut input);
        let mut seen = Vec::new();
        while let Some(entry) = reader.next().unwrap() {
            let mut contents = String::new();
            reader.read_to_string(&mut contents).unwrap();
            assert_eq!(entry.meta.uid, 1);
            seen.push((
                String::from_utf8(entry.name).unwrap(),
                entry.inode,
                entry.links,
                entry.file_type,
                contents,
            ));
        }
        let rows = [
            ("bin", 1, 2, file_type::DIRECTORY, ""),
            ("bin/sh", 2, 2, file_type::FILE, ""),
            ("bin/ash", 2, 2, file_type::FILE, "hello"),
            ("console", 3, 1, file_type::CHARACTER_DEVICE, ""),
            ("init", 4, 1, file_type::SYMLINK, "bin/sh"),
        ];
        assert_eq!(seen, rows.map(|(name, i, l, t, text)| (name.to_string(), i, l, t, text.to_string())));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = sample();
        // The trailer's own padding carries nothing.
        for end in 0..bytes.len() - 4 {
            let mut input = &bytes[..end];
            let mut reader = Reader::new(&mut input);
            let result = loop {
                match reader.next() {
                    Ok(Some(_)) => {}
                    other => break other,
                }
            };
            assert!(result.is_err(), "cut at {end}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_right() {
        let mut tree = Tree::new();
        let meta = Meta::default();
        for name in ["", "a/../b", "./a", "a//b", "/"] {
            assert!(tree.insert(name, meta, Node::Directory).is_err(), "{name}");
        }
        tree.insert("a/b", meta, Node::Fifo).unwrap();
        assert!(tree.insert("a/b", meta, Node::Fifo).is_err());
        assert!(tree.write(&mut io::sink()).is_err(), "no parent");
        for bytes in [&b"070701zz"[..], b"0707", b"garbage garbage"] {
            let mut input = bytes;
            assert!(Reader::new(&mut input).next().is_err());
        }
        let mut shrunk = &b"ab"[..];
        let mut out = Vec::new();
        assert!(super::super::Writer::new(&mut out).file(&[b"x"], &meta, 3, &mut shrunk).is_err());
    }
}
