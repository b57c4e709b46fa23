//! zip — the list of what is in a zip file.
//!
//! Source: PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3 (sizes of 64 bits).

use std::io;

/// How a member is packed.
pub const STORED: u16 = 0;
pub const DEFLATED: u16 = 8;

/// One member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub name: Vec<u8>,
    /// Bit 0: encrypted.
    pub flags: u16,
    pub method: u16,
    /// Date and time as DOS has them.
    pub date: u16,
    pub time: u16,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    /// Unix type and permissions; None: another system wrote it.
    pub mode: Option<u32>,
    /// Where its own header stands.
    pub offset: u64,
}

impl Entry {
    pub fn is_directory(&self) -> bool {
        self.name.ends_with(b"/")
    }
}

/// Reads a file from any place; at its end fewer bytes come.
pub type ReadAt<'a> = &'a dyn Fn(&mut [u8], u64) -> io::Result<()>;

#[cold]
fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at + 2)) << 16 | u32::from(short(bytes, at))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at + 4)) << 32 | u64::from(word(bytes, at))
}

const END_SIZE: usize = 22;
const COMMENT_MAX: u64 = 65_535;

/// The members of a file of `size` bytes.
///
/// Errors: what is wrong with it; those of `read`.
pub fn entries(read: ReadAt<'_>, size: u64) -> io::Result<Vec<Entry>> {
    let window = size.min(COMMENT_MAX + END_SIZE as u64 + 20);
    let mut tail = vec![0; window as usize];
    read(&mut tail, size - window)?;
    let starts = |at: usize| tail[at..].starts_with(b"PK\x05\x06");
    let end = (0..(tail.len() + 1).saturating_sub(END_SIZE)).rev().find(|&at| starts(at));
    let end = end.ok_or_else(|| invalid("short read"))?;
    let (mut count, mut length, mut start) = (
        u64::from(short(&tail, end + 10)),
        u64::from(word(&tail, end + 12)),
        u64::from(word(&tail, end + 16)),
    );
    // Numbers that do not fit stand in an end record of their own, which a locator before this one points to.
    if let Some(locator) = end.checked_sub(20)
        && tail[locator..].starts_with(b"PK\x06\x07")
    {
        let mut record = [0; 56];
        read(&mut record, long(&tail, locator + 8))?;
        if !record.starts_with(b"PK\x06\x06") {
            return Err(invalid("bad end record"));
        }
        (count, length, start) = (long(&record, 32), long(&record, 40), long(&record, 48));
    }
    if start.checked_add(length).is_none_or(|behind| behind > size) {
        return Err(invalid("bad directory"));
    }
    let mut directory = vec![0; length as usize];
    read(&mut directory, start)?;
    let mut entries = Vec::new();
    let mut rest = &directory[..];
    for _ in 0..count {
        const HEADER: usize = 46;
        if rest.len() < HEADER || !rest.starts_with(b"PK\x01\x02") {
            return Err(invalid("bad directory"));
        }
        let sizes = [28, 30, 32].map(|at| usize::from(short(rest, at)));
        let total = HEADER + sizes[0] + sizes[1] + sizes[2];
        if rest.len() < total {
            return Err(invalid("bad directory"));
        }
        entries.push(entry(rest, sizes[0], sizes[1]));
        rest = &rest[total..];
    }
    Ok(entries)
}

fn entry(header: &[u8], name: usize, extra: usize) -> Entry {
    const UNIX: u8 = 3;
    let mut entry = Entry {
        name: header[46..46 + name].to_vec(),
        flags: short(header, 8),
        method: short(header, 10),
        time: short(header, 12),
        date: short(header, 14),
        crc: word(header, 16),
        packed: word(header, 20).into(),
        size: word(header, 24).into(),
        mode: (header[5] == UNIX).then(|| word(header, 38) >> 16),
        offset: word(header, 42).into(),
    };
    let mut fields = &header[46 + name..46 + name + extra];
    while fields.len() >= 4 {
        let (kind, length) = (short(fields, 0), usize::from(short(fields, 2)));
        let Some(mut data) = fields.get(4..4 + length) else { break };
        fields = &fields[4 + length..];
        if kind != 1 {
            continue;
        }
        for number in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
            if *number == u32::MAX.into() && data.len() >= 8 {
                *number = long(data, 0);
                data = &data[8..];
            }
        }
    }
    entry
}

/// Where the contents of a member begin: behind its own header, whose lengths are its own, too.
pub fn contents(read: ReadAt<'_>, entry: &Entry) -> io::Result<u64> {
    let mut header = [0; 30];
    read(&mut header, entry.offset)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(invalid("invalid zip magic"));
    }
    Ok(entry.offset + 30 + u64::from(short(&header, 26)) + u64::from(short(&header, 28)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(bytes: &[u8]) -> io::Result<Vec<Entry>> {
        let read = |buffer: &mut [u8], at: u64| {
            let start = usize::try_from(at).unwrap_or(usize::MAX);
            let found = bytes.get(start..start.saturating_add(buffer.len()));
            found.map(|found| buffer.copy_from_slice(found)).ok_or_else(|| invalid("short read"))
        };
        let entries = entries(&read, bytes.len() as u64)?;
        for entry in &entries {
            contents(&read, entry)?;
        }
        Ok(entries)
    }

    #[test]
    fn lists_and_refuses() {
        let mut file = b"PK\x03\x04".to_vec();
        file.resize(30, 0);
        file[26] = 1;
        file.push(b'a');
        let start = file.len() as u8;
        let mut header = [0; 47];
        header[..4].copy_from_slice(b"PK\x01\x02");
        (header[5], header[28], header[46]) = (3, 1, b'a');
        (header[40], header[41]) = (0xa4, 0x81);
        file.extend_from_slice(&header);
        let mut end = [0; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        (end[10], end[12], end[16]) = (1, 47, start);
        file.extend_from_slice(&end);
        file.extend_from_slice(b"a comment");
        let entries = list(&file).unwrap();
        assert_eq!((entries[0].name.as_slice(), entries[0].mode), (&b"a"[..], Some(0o100_644)));
        for index in 0..file.len() - 9 {
            assert!(list(&file[..index]).is_err(), "{index}");
            let mut damaged = file.clone();
            damaged[index] = damaged[index].wrapping_add(0x55);
            // Whatever it is taken for, it ends.
            let _ = list(&damaged);
        }
    }
}
