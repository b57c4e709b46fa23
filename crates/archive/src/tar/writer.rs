//! writer — entries to an archive, one behind the other.

use std::io::{self, Read, Write};

use super::header::{self, Block};
use super::{BLOCK, Entry, Kind};

/// Archives are padded to a record of twenty blocks, as tapes wanted it and others still expect it.
const RECORD: u64 = 20 * BLOCK as u64;

/// Writes an archive to any writer. `finish` must be called: it writes the end.
pub struct Writer<'a> {
    out: &'a mut dyn Write,
    offset: u64,
}

impl<'a> Writer<'a> {
    pub fn new(out: &'a mut dyn Write) -> Writer<'a> {
        Writer { out, offset: 0 }
    }

    /// Writes an entry; of a regular file with the `size` bytes of `contents`, where a file that got shorter in the
    /// meantime is filled up with zeros. Returns how many those were.
    pub fn entry(&mut self, entry: &Entry, contents: &mut dyn Read) -> io::Result<u64> {
        if entry.name.len() > header::NAME.1 {
            self.long(b'L', &entry.name)?;
        }
        if entry.link.len() > header::LINK.1 {
            self.long(b'K', &entry.link)?;
        }
        let block = block_of(entry);
        self.put(&block)?;
        if entry.kind != Kind::File {
            return Ok(0);
        }
        let missing = self.copy(entry.size, contents)?;
        self.zeros(missing + entry.size.wrapping_neg() % BLOCK as u64)?;
        Ok(missing)
    }

    /// Two blocks of zeros, and more to the end of the record.
    pub fn finish(mut self) -> io::Result<()> {
        self.zeros(2 * BLOCK as u64)?;
        self.zeros(self.offset.wrapping_neg() % RECORD)?;
        self.out.flush()
    }

    /// A name that does not fit, as the contents of an entry in front.
    fn long(&mut self, kind: u8, name: &[u8]) -> io::Result<()> {
        let mut block = [0; BLOCK];
        let title = b"././@LongLink";
        block[..title.len()].copy_from_slice(title);
        for field in [header::MODE, header::UID, header::GID, header::MTIME] {
            header::put_number(&mut block, field, 0);
        }
        header::put_number(&mut block, header::SIZE, name.len() as i64 + 1);
        block[header::KIND] = kind;
        sign(&mut block);
        self.put(&block)?;
        self.put(name)?;
        let size = name.len() as u64 + 1;
        self.zeros(1 + size.wrapping_neg() % BLOCK as u64)
    }

    fn copy(&mut self, size: u64, contents: &mut dyn Read) -> io::Result<u64> {
        let mut buffer = [0; 16 * BLOCK];
        let mut left = size;
        while left > 0 {
            let wanted = left.min(buffer.len() as u64) as usize;
            match contents.read(&mut buffer[..wanted]) {
                Ok(0) => return Ok(left),
                Ok(count) => {
                    self.put(&buffer[..count])?;
                    left -= count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }

    fn zeros(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let length = count.min(BLOCK as u64) as usize;
            self.put(&[0; BLOCK][..length])?;
            count -= length as u64;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

fn block_of(entry: &Entry) -> Block {
    let mut block = [0; BLOCK];
    let mut put = |(start, length): (usize, usize), text: &[u8]| {
        let length = text.len().min(length);
        block[start..start + length].copy_from_slice(&text[..length]);
    };
    put(header::NAME, &entry.name);
    put(header::LINK, &entry.link);
    put(header::MAGIC, b"ustar  \0"); // GNU's, because of its long names
    // The last byte of a name stays zero.
    put((header::USER.0, header::USER.1 - 1), &entry.user);
    put((header::GROUP.0, header::GROUP.1 - 1), &entry.group);
    header::put_number(&mut block, header::MODE, i64::from(entry.permissions));
    header::put_number(&mut block, header::UID, i64::from(entry.uid));
    header::put_number(&mut block, header::GID, i64::from(entry.gid));
    let size = if entry.kind == Kind::File { entry.size } else { 0 };
    header::put_number(&mut block, header::SIZE, i64::try_from(size).unwrap_or(i64::MAX));
    header::put_number(&mut block, header::MTIME, entry.mtime);
    if matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice) {
        header::put_number(&mut block, header::MAJOR, i64::from(entry.device.0));
        header::put_number(&mut block, header::MINOR, i64::from(entry.device.1));
    }
    block[header::KIND] = match entry.kind {
        Kind::File => b'0',
        Kind::HardLink => b'1',
        Kind::Symlink => b'2',
        Kind::CharDevice => b'3',
        Kind::BlockDevice => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    };
    sign(&mut block);
    block
}

/// Puts the sum into its field: six digits, a zero byte, a blank.
fn sign(block: &mut Block) {
    let (sum, _) = header::sums(block);
    let text = format!("{sum:06o}\0 ");
    block[header::SUM.0..header::SUM.0 + header::SUM.1].copy_from_slice(text.as_bytes());
}
