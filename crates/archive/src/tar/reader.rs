//! reader — entries from an archive.

use std::io::{self, Read};

use super::header::{self, Block};
use super::{BLOCK, Entry, Kind};

/// Longer names and headers are not believed.
const LONG_MAX: u64 = 1 << 20;

/// Reads entries one by one. Between two calls of `next` the contents of the first may be read with `read`; what is
/// left is skipped.
pub struct Reader<'a> {
    input: &'a mut dyn Read,
    offset: u64,
    /// Bytes of the current contents that were not read yet, and the zeros behind them.
    left: u64,
    padding: u64,
    /// What a global pax header said, for all entries behind it.
    global: Said,
}

/// What headers in front of an entry said about it.
#[derive(Clone, Default)]
struct Said {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    user: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    uid: Option<u32>,
    gid: Option<u32>,
    mtime: Option<i64>,
    size: Option<u64>,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn Read) -> Reader<'a> {
        Reader { input, offset: 0, left: 0, padding: 0, global: Said::default() }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next entry; None at the end of the archive: a block of zeros, or the input's end between two entries.
    ///
    /// Errors: what is wrong with a header, with its offset; an archive that ends within an entry.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator cannot lend itself for reading in between"
    )]
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        self.skip_rest()?;
        let mut said = self.global.clone();
        let mut is_first = true;
        loop {
            let Some(block) = self.block(is_first)? else { return Ok(None) };
            if block.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            is_first = false;
            self.check(&block)?;
            let size = self.size(&block)?;
            match block[header::KIND] {
                b'x' => said.take(&self.long(size)?).ok_or_else(|| self.invalid("malformed pax header"))?,
                b'g' => {
                    let text = self.long(size)?;
                    self.global.take(&text).ok_or_else(|| self.invalid("malformed pax header"))?;
                    said.take(&text);
                }
                b'L' => said.name = Some(header::text(&self.long(size)?).to_vec()),
                b'K' => said.link = Some(header::text(&self.long(size)?).to_vec()),
                // A volume's name, or parts that only GNU tar knows: no file.
                b'V' | b'M' | b'N' => self.skip(size)?,
                _ => return self.entry(&block, size, said).map(Some),
            }
        }
    }

    fn entry(&mut self, block: &Block, size: u64, said: Said) -> io::Result<Entry> {
        let mut name = header::text(header::field(block, header::NAME)).to_vec();
        let is_ustar = header::field(block, header::MAGIC).starts_with(b"ustar\0");
        let prefix = header::text(header::field(block, header::PREFIX));
        if is_ustar && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let name = said.name.unwrap_or(name);
        let kind = self.kind(block[header::KIND], &name)?;
        let has_contents = kind == Kind::File;
        let size = if has_contents { said.size.unwrap_or(size) } else { 0 };
        (self.left, self.padding) = (size, padding(size));
        let owner = |field| -> io::Result<u32> {
            let value = header::number(header::field(block, field));
            // An id that cannot be one is no reason to lose the file: names say more.
            Ok(value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0))
        };
        Ok(Entry {
            name,
            link: said.link.unwrap_or_else(|| header::text(header::field(block, header::LINK)).to_vec()),
            kind,
            permissions: self.number(block, header::MODE)? as u32 & 0o7777,
            uid: said.uid.map_or_else(|| owner(header::UID), Ok)?,
            gid: said.gid.map_or_else(|| owner(header::GID), Ok)?,
            user: said.user.unwrap_or_else(|| header::text(header::field(block, header::USER)).to_vec()),
            group: said.group.unwrap_or_else(|| header::text(header::field(block, header::GROUP)).to_vec()),
            mtime: said.mtime.map_or_else(|| self.number(block, header::MTIME), Ok)?,
            size,
            device: (owner(header::MAJOR)?, owner(header::MINOR)?),
        })
    }

    fn kind(&self, letter: u8, name: &[u8]) -> io::Result<Kind> {
        Ok(match letter {
            // V7 has no directories but by their name.
            0 | b'0' | b'7' if name.ends_with(b"/") => Kind::Directory,
            0 | b'0' | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' => Kind::CharDevice,
            b'4' => Kind::BlockDevice,
            b'5' | b'D' => Kind::Directory,
            b'6' => Kind::Fifo,
            other => {
                let what = format!("unknown type of entry '{}'", other.escape_ascii());
                return Err(self.invalid(&what));
            }
        })
    }

    /// The contents of a header's own entry.
    fn long(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > LONG_MAX {
            return Err(self.invalid("header that is too long"));
        }
        let mut bytes = vec![0; size as usize];
        self.fill(&mut bytes)?;
        self.skip_bytes(padding(size))?;
        Ok(bytes)
    }

    fn skip(&mut self, size: u64) -> io::Result<()> {
        self.skip_bytes(size)?;
        self.skip_bytes(padding(size))
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        let (left, padding) = (self.left, self.padding);
        (self.left, self.padding) = (0, 0);
        self.skip_bytes(left)?;
        self.skip_bytes(padding)
    }

    fn skip_bytes(&mut self, mut count: u64) -> io::Result<()> {
        let mut buffer = [0; 16 * BLOCK];
        while count > 0 {
            let wanted = count.min(buffer.len() as u64) as usize;
            self.fill(&mut buffer[..wanted])?;
            count -= wanted as u64;
        }
        Ok(())
    }

    /// A block; None at the end of the input, if that may be here.
    fn block(&mut self, may_end: bool) -> io::Result<Option<Block>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.input.read(&mut block[filled..]) {
                Ok(0) if filled == 0 && may_end && self.offset > 0 => return Ok(None),
                Ok(0) => return Err(self.ended()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.offset += BLOCK as u64;
        Ok(Some(block))
    }

    fn check(&self, block: &Block) -> io::Result<()> {
        let sum = header::number(header::field(block, header::SUM));
        let (unsigned, signed) = header::sums(block);
        if sum == Some(unsigned) || sum == Some(signed) {
            Ok(())
        } else if self.offset == BLOCK as u64 {
            Err(self.invalid("invalid tar magic"))
        } else {
            Err(self.invalid("invalid tar header checksum"))
        }
    }

    fn number(&self, block: &Block, field: (usize, usize)) -> io::Result<i64> {
        header::number(header::field(block, field))
            .ok_or_else(|| self.invalid("corrupted number in tar header"))
    }

    fn size(&self, block: &Block) -> io::Result<u64> {
        u64::try_from(self.number(block, header::SIZE)?)
            .map_err(|_| self.invalid("corrupted number in tar header"))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        match self.input.read_exact(buffer) {
            Ok(()) => {
                self.offset += buffer.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.ended()),
            Err(error) => Err(error),
        }
    }

    #[cold]
    fn ended(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("short read: the archive ends behind byte {}", self.offset),
        )
    }

    /// The error of the block that was read last.
    #[cold]
    fn invalid(&self, what: &str) -> io::Error {
        let start = self.offset.saturating_sub(BLOCK as u64);
        io::Error::new(io::ErrorKind::InvalidData, format!("{what} (at byte {start})"))
    }
}

/// The zeros behind contents of that size.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

impl Said {
    /// Takes the records of a pax header: "LENGTH KEY=VALUE\n". None where they are malformed.
    fn take(&mut self, mut records: &[u8]) -> Option<()> {
        while !records.is_empty() && records[0] != 0 {
            let blank = records.iter().position(|&byte| byte == b' ')?;
            let length: usize = std::str::from_utf8(&records[..blank]).ok()?.parse().ok()?;
            let record = records.get(blank + 1..length)?.strip_suffix(b"\n")?;
            records = &records[length..];
            let equals = record.iter().position(|&byte| byte == b'=')?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let text = || std::str::from_utf8(value).ok();
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"uname" => self.user = Some(value.to_vec()),
                b"gname" => self.group = Some(value.to_vec()),
                b"uid" => self.uid = Some(text()?.parse().ok()?),
                b"gid" => self.gid = Some(text()?.parse().ok()?),
                b"size" => self.size = Some(text()?.parse().ok()?),
                b"mtime" => self.mtime = Some(text()?.split('.').next()?.parse().ok()?),
                _ => {}
            }
        }
        Some(())
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
            return Err(self.ended());
        }
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;

    fn entries() -> Vec<(Entry, Vec<u8>)> {
        let base = Entry { permissions: 0o644, uid: 1, gid: 2, mtime: 1_700_000_000, ..Entry::default() };
        let long = [b"d/".repeat(80), b"f".to_vec()].concat();
        vec![
            (Entry { name: b"d/".to_vec(), kind: Kind::Directory, ..base.clone() }, Vec::new()),
            (Entry { name: b"d/f".to_vec(), size: 700, user: b"me".to_vec(), ..base.clone() }, vec![7; 700]),
            (Entry { name: long.clone(), size: 512, uid: u32::MAX - 1, ..base.clone() }, vec![1; 512]),
            (Entry { name: b"h".to_vec(), link: long, kind: Kind::HardLink, ..base.clone() }, Vec::new()),
            (
                Entry {
                    name: b"l".to_vec(),
                    link: b"x".to_vec(),
                    kind: Kind::Symlink,
                    mtime: -1,
                    ..base.clone()
                },
                Vec::new(),
            ),
            (Entry { name: b"c".to_vec(), kind: Kind::CharDevice, device: (5, 1), ..base }, Vec::new()),
        ]
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        for (entry, contents) in entries() {
            writer.entry(&entry, &mut contents.as_slice()).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    fn read(mut bytes: &[u8]) -> io::Result<Vec<(Entry, Vec<u8>)>> {
        let mut reader = Reader::new(&mut bytes);
        let mut all = Vec::new();
        while let Some(entry) = reader.next()? {
            let mut contents = Vec::new();
            reader.read_to_end(&mut contents)?;
            all.push((entry, contents));
        }
        Ok(all)
    }

    #[test]
    fn reads_what_was_written() {
        assert_eq!(read(&written()).unwrap(), entries());
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = written();
        let end = bytes.len() - 1024;
        for cut in [0, 1, 511, 513, 1024 + 511, 1024 + 600, 2000] {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for index in (0..BLOCK).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1;
            assert!(read(&damaged).is_err(), "byte {index}");
        }
        assert_eq!(read(&bytes[..end]).unwrap().len(), 6, "an archive may end without zeros");
        assert!(read(b"").is_err());
        assert!(read(&[b'x'; 1024]).is_err());
    }

    #[test]
    fn pax_records_are_taken() {
        let mut said = Said::default();
        said.take(b"12 path=a/b\n20 mtime=123.456789\n27 SCHILY.xattr.user.x=y\0z\n").unwrap();
        assert_eq!((said.name.as_deref(), said.mtime), (Some(&b"a/b"[..]), Some(123)));
        for bad in [&b"x"[..], b"5 a\n", b"99 path=a\n", b"8 path=a\n", b"0 a=b\n", b"3 \n", b"12 size=xyz\n"]
        {
            assert!(Said::default().take(bad).is_none(), "{}", bad.escape_ascii());
        }
    }
}
