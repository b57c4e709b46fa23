//! writer — entries to newc, one behind the other.

use std::io::{self, Read, Write};

use super::{Meta, TRAILER, file_type};

/// What an entry is, apart from a regular file (which has its own call, because it has contents).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    Directory,
    Symlink(&'a [u8]),
    CharDevice { major: u32, minor: u32 },
    BlockDevice { major: u32, minor: u32 },
    Fifo,
    Socket,
}

/// Writes an archive to any writer. Inodes are numbered from 1 in the order of the entries, devices are 0:0, so the
/// same calls give the same bytes. `finish` must be called: without the trailer an archive is truncated.
pub struct Writer<'a> {
    out: &'a mut dyn Write,
    next_inode: u32,
    /// Bytes written so far: names and contents are padded to four.
    offset: u64,
}

impl<'a> Writer<'a> {
    pub fn new(out: &'a mut dyn Write) -> Writer<'a> {
        Writer { out, next_inode: 1, offset: 0 }
    }

    /// Bytes written so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Writes an entry without contents of its own.
    ///
    /// Errors: a name that is empty, holds a zero byte or means the end of the archive; those of the writer.
    pub fn entry(&mut self, name: &[u8], meta: &Meta, kind: &Kind<'_>) -> io::Result<()> {
        let inode = self.take_inode()?;
        let (file_type, links, device, contents): (u32, u32, (u32, u32), &[u8]) = match *kind {
            Kind::Directory => (file_type::DIRECTORY, 2, (0, 0), b""),
            Kind::Symlink(target) => (file_type::SYMLINK, 1, (0, 0), target),
            Kind::CharDevice { major, minor } => (file_type::CHARACTER_DEVICE, 1, (major, minor), b""),
            Kind::BlockDevice { major, minor } => (file_type::BLOCK_DEVICE, 1, (major, minor), b""),
            Kind::Fifo => (file_type::FIFO, 1, (0, 0), b""),
            Kind::Socket => (file_type::SOCKET, 1, (0, 0), b""),
        };
        let size = narrow(contents.len() as u64, name)?;
        self.header(name, meta, &Fields { inode, file_type, links, size, device })?;
        self.put(contents)?;
        self.pad()
    }

    /// Writes a regular file of `size` bytes from `contents`, under all of `names`, which are its hard links. As in
    /// every newc archive the contents stand once, behind the last name.
    ///
    /// Errors: more than 4 GiB, which newc cannot say; fewer bytes in `contents` than `size` (a file that shrank);
    /// those of `entry`.
    pub fn file(
        &mut self,
        names: &[&[u8]],
        meta: &Meta,
        size: u64,
        contents: &mut dyn Read,
    ) -> io::Result<()> {
        let Some((last, before)) = names.split_last() else {
            return Err(invalid("a file needs a name"));
        };
        let size_field = narrow(size, last)?;
        let inode = self.take_inode()?;
        let mut fields =
            Fields { inode, file_type: file_type::FILE, links: names.len() as u32, size: 0, device: (0, 0) };
        for name in before {
            self.header(name, meta, &fields)?;
        }
        fields.size = size_field;
        self.header(last, meta, &fields)?;
        self.copy(last, size, contents)?;
        self.pad()
    }

    /// Writes the trailer. The archive is not padded further: the kernel takes any length, tapes want 512.
    pub fn finish(mut self) -> io::Result<u64> {
        let fields = Fields { inode: 0, file_type: 0, links: 1, size: 0, device: (0, 0) };
        self.raw_header(TRAILER, &Meta::default(), &fields)?;
        self.out.flush()?;
        Ok(self.offset)
    }

    fn take_inode(&mut self) -> io::Result<u32> {
        let inode = self.next_inode;
        self.next_inode = inode.checked_add(1).ok_or_else(|| invalid("too many files for newc"))?;
        Ok(inode)
    }

    fn header(&mut self, name: &[u8], meta: &Meta, fields: &Fields) -> io::Result<()> {
        if name.is_empty() || name.contains(&0) || name == TRAILER {
            return Err(invalid(&format!("'{}' cannot be a name in an archive", name.escape_ascii())));
        }
        self.raw_header(name, meta, fields)
    }

    fn raw_header(&mut self, name: &[u8], meta: &Meta, fields: &Fields) -> io::Result<()> {
        let mut header = Vec::with_capacity(110 + name.len() + 4);
        header.extend_from_slice(b"070701");
        let mode = fields.file_type | meta.permissions & 0o7777;
        for field in [
            fields.inode,
            mode,
            meta.uid,
            meta.gid,
            fields.links,
            meta.mtime,
            fields.size,
            0,
            0,
            fields.device.0,
            fields.device.1,
            name.len() as u32 + 1,
            0,
        ] {
            push_hex(&mut header, field);
        }
        header.extend_from_slice(name);
        header.push(0);
        self.put(&header)?;
        self.pad()
    }

    fn copy(&mut self, name: &[u8], size: u64, contents: &mut dyn Read) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let mut left = size;
        while left > 0 {
            let wanted = left.min(buffer.len() as u64) as usize;
            match contents.read(&mut buffer[..wanted]) {
                Ok(0) => return Err(invalid(&format!("'{}' ended {left} bytes early", name.escape_ascii()))),
                Ok(count) => {
                    self.put(&buffer[..count])?;
                    left -= count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn pad(&mut self) -> io::Result<()> {
        let excess = (self.offset % 4) as usize;
        if excess == 0 { Ok(()) } else { self.put(&[0; 3][..4 - excess]) }
    }
}

/// What a header says beside `Meta`.
struct Fields {
    inode: u32,
    file_type: u32,
    links: u32,
    size: u32,
    device: (u32, u32),
}

fn push_hex(header: &mut Vec<u8>, value: u32) {
    for shift in (0..8).rev() {
        header.push(b"0123456789ABCDEF"[(value >> (shift * 4) & 15) as usize]);
    }
}

fn narrow(size: u64, name: &[u8]) -> io::Result<u32> {
    u32::try_from(size)
        .map_err(|_| invalid(&format!("'{}' is larger than the 4 GiB of newc", name.escape_ascii())))
}

#[cold]
#[inline(never)]
fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
