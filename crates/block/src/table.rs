//! table — partition tables: MBR with its chain of logical partitions, and GPT.
//!
//! Source: UEFI Specification 2.10, chapter 5. Reads only; writing is fdisk's.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::bytes::{Bytes, guid, name_utf16};

/// One partition. Sectors are logical sectors of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// 1 for `sda1`.
    pub number: u32,
    pub start: u64,
    pub sectors: u64,
    pub kind: Kind,
    /// As in PARTUUID=: "dead-beef-01" for MBR, a GUID for GPT.
    pub uuid: String,
    /// As in PARTLABEL=; GPT only.
    pub label: Vec<u8>,
}

/// What a partition says it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Mbr { kind: u8, bootable: bool },
    Gpt { kind: String, attributes: u64 },
}

/// The scheme of a table, and what belongs to the whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub is_gpt: bool,
    /// As in PTUUID=: eight digits for MBR, a GUID for GPT.
    pub uuid: String,
    pub partitions: Vec<Partition>,
}

pub const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
/// The type of the one partition that protects a GPT disk from tools that know only MBR.
pub const PROTECTIVE: u8 = 0xee;
/// The kernel's own limit is near this, and it ends circular chains.
const LOGICAL_MAX: usize = 128;

/// Reads the table of `disk`, whose logical sectors have `sector` bytes. None: it has none.
pub fn read(disk: &File, sector: u64) -> io::Result<Option<Table>> {
    let first = read_sectors(disk, sector, 0, 1)?;
    let first = Bytes(&first);
    if !first.has(510, &[0x55, 0xaa]) {
        return Ok(None);
    }
    let kinds = (0..4).map(|index| first.u8(446 + index * 16 + 4));
    if kinds.clone().any(|kind| kind == PROTECTIVE)
        && let Some(table) = read_gpt(disk, sector)?
    {
        return Ok(Some(table));
    }
    // A FAT or NTFS boot sector ends in the same two bytes; only a table has proper flags everywhere.
    if (0..4).any(|index| first.u8(446 + index * 16) & 0x7f != 0) {
        return Ok(None);
    }
    Ok(Some(read_mbr(disk, sector, first)?))
}

fn read_sectors(disk: &File, sector: u64, start: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; (sector * count) as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match disk.read_at(&mut bytes[filled..], start.saturating_mul(sector).saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

fn read_mbr(disk: &File, sector: u64, first: Bytes<'_>) -> io::Result<Table> {
    let id = first.u32(440);
    let mut partitions = Vec::new();
    let mut extended = None;
    for index in 0..4 {
        let entry = first.from(446 + index * 16);
        if let Some(partition) = mbr_partition(entry, index as u32 + 1, 0, id) {
            if EXTENDED.contains(&entry.u8(4)) {
                extended.get_or_insert(partition.start);
            }
            partitions.push(partition);
        }
    }
    if let Some(base) = extended {
        let mut next = base;
        for number in 5..5 + LOGICAL_MAX as u32 {
            let link = read_sectors(disk, sector, next, 1)?;
            let link = Bytes(&link);
            if !link.has(510, &[0x55, 0xaa]) {
                break;
            }
            partitions.extend(mbr_partition(link.from(446), number, next, id));
            let chain = link.from(462);
            if !EXTENDED.contains(&chain.u8(4)) || chain.u32(8) == 0 {
                break;
            }
            next = base + u64::from(chain.u32(8));
        }
    }
    Ok(Table { is_gpt: false, uuid: format!("{id:08x}"), partitions })
}

fn mbr_partition(entry: Bytes<'_>, number: u32, base: u64, id: u32) -> Option<Partition> {
    let (kind, sectors) = (entry.u8(4), u64::from(entry.u32(12)));
    (kind != 0 && sectors != 0).then(|| Partition {
        number,
        start: base + u64::from(entry.u32(8)),
        sectors,
        kind: Kind::Mbr { kind, bootable: entry.u8(0) & 0x80 != 0 },
        uuid: format!("{id:08x}-{number:02x}"),
        label: Vec::new(),
    })
}

/// GPT: the first header, else the copy in the last sector.
fn read_gpt(disk: &File, sector: u64) -> io::Result<Option<Table>> {
    let last = sys::block::size_bytes(disk)?.checked_div(sector).unwrap_or(0).saturating_sub(1);
    for at in [1, last] {
        let header = read_sectors(disk, sector, at, 1)?;
        let header = Bytes(&header);
        if !header.has(0, b"EFI PART") {
            continue;
        }
        let (count, size) = (u64::from(header.u32(80)), u64::from(header.u32(84)));
        // 128 entries of 128 bytes is what everybody writes; more than 64 KiB is nonsense.
        if !(128..=4096).contains(&size) || count.saturating_mul(size) > 65536 {
            continue;
        }
        let entries = read_sectors(disk, sector, header.u64(72), (count * size).div_ceil(sector))?;
        let partitions =
            entries.chunks_exact(size as usize).take(count as usize).enumerate().filter_map(gpt_partition);
        return Ok(Some(Table {
            is_gpt: true,
            uuid: guid(header.array(56)),
            partitions: partitions.collect(),
        }));
    }
    Ok(None)
}

fn gpt_partition((index, entry): (usize, &[u8])) -> Option<Partition> {
    let entry = Bytes(entry);
    let kind: [u8; 16] = entry.array(0);
    if kind == [0; 16] {
        return None;
    }
    let (first, last) = (entry.u64(32), entry.u64(40));
    Some(Partition {
        number: index as u32 + 1,
        start: first,
        sectors: last.saturating_sub(first).saturating_add(1),
        kind: Kind::Gpt { kind: guid(kind), attributes: entry.u64(48) },
        uuid: guid(entry.array(16)),
        label: name_utf16(entry.slice(56, 72)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::temporary::Directory;

    fn image(parts: &[(u64, &[u8])]) -> (Directory, File) {
        let directory = Directory::new("table").unwrap();
        let path = directory.path().join("image");
        let file = File::options().create_new(true).read(true).write(true).open(path).unwrap();
        file.set_len(1 << 20).unwrap();
        for (offset, bytes) in parts {
            file.write_all_at(bytes, *offset).unwrap();
        }
        (directory, file)
    }

    fn entry(kind: u8, start: u32, sectors: u32) -> [u8; 16] {
        let mut entry = [0; 16];
        entry[4] = kind;
        entry[8..12].copy_from_slice(&start.to_le_bytes());
        entry[12..].copy_from_slice(&sectors.to_le_bytes());
        entry
    }

    #[test]
    fn follows_logical_partitions() {
        let end: &[u8] = &[0x55, 0xaa];
        let (_directory, file) = image(&[
            (440, &0xcafe_0001_u32.to_le_bytes()),
            (446, &entry(0x83, 8, 100)),
            (462, &entry(0x05, 200, 1000)),
            (510, end),
            (200 * 512 + 446, &entry(0x82, 8, 50)),
            (200 * 512 + 462, &entry(0x05, 100, 100)),
            (200 * 512 + 510, end),
            (300 * 512 + 446, &entry(0x83, 8, 60)),
            // The chain points at itself: it must still end.
            (300 * 512 + 462, &entry(0x05, 100, 100)),
            (300 * 512 + 510, end),
        ]);
        let table = read(&file, 512).unwrap().unwrap();
        assert!(!table.is_gpt);
        let found: Vec<_> =
            table.partitions.iter().take(4).map(|p| (p.number, p.start, p.uuid.as_str())).collect();
        let expected = [
            (1, 8, "cafe0001-01"),
            (2, 200, "cafe0001-02"),
            (5, 208, "cafe0001-05"),
            (6, 308, "cafe0001-06"),
        ];
        assert_eq!(found, expected);
        assert_eq!(table.partitions.len(), 3 + LOGICAL_MAX - 1);
    }

    #[test]
    fn a_boot_sector_is_no_table() {
        let (_directory, file) = image(&[(446, b"code of a boot loader"), (510, &[0x55, 0xaa])]);
        assert_eq!(read(&file, 512).unwrap(), None);
        let (_directory, file) = image(&[]);
        assert_eq!(read(&file, 512).unwrap(), None);
    }
}
