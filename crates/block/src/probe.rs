//! probe — which file system, swap space or container a device holds, told by its superblock.
//!
//! Source: the kernel's headers of each file system (Linux 6.12); names and UUID notation as util-linux prints them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::bytes::{Bytes, name, name_utf16, uuid};

/// What a superblock says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name that mount(2) takes where it is a file system: "ext4", "vfat", "crypto_LUKS".
    pub kind: &'static str,
    /// Empty where there is none.
    pub label: Vec<u8>,
    /// In the notation of its kind; empty where there is none.
    pub uuid: String,
    pub usage: Usage,
}

/// What can be done with the device.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    #[default]
    Mount,
    Swap,
    /// Something else inside must be opened first: RAID, LVM, LUKS.
    Container,
}

/// Covers every superblock that lies at a fixed place (btrfs' and reiserfs' begin at 64 KiB).
const WINDOW: usize = 72 * 1024;

type Probe = fn(&Source<'_>) -> Option<Identity>;

/// In this order: a container's members may look like what is inside, and NTFS and exFAT like FAT.
const PROBES: &[Probe] = &[
    raid, lvm, luks, verity, swap, xfs, ext, btrfs, squashfs, erofs, f2fs, ntfs, exfat, vfat, udf, iso9660,
    jfs, reiserfs, nilfs, bcachefs, hfs, cramfs, romfs, minix,
];

/// What `file`, a device or an image, holds. None: nothing that is known.
pub fn identify(file: &File) -> io::Result<Option<Identity>> {
    let mut window = vec![0; WINDOW];
    let filled = read_at(file, 0, &mut window)?;
    window.truncate(filled);
    let source = Source { file, start: Bytes(&window) };
    Ok(PROBES.iter().find_map(|probe| probe(&source)))
}

struct Source<'a> {
    file: &'a File,
    start: Bytes<'a>,
}

impl Source<'_> {
    /// `count` bytes at `offset` of the device; what cannot be read is missing from the end.
    fn read(&self, offset: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let filled = read_at(self.file, offset, &mut bytes).unwrap_or(0);
        bytes.truncate(filled);
        bytes
    }
}

fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The end of a device whose last block cannot be read does not hide what lies before.
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn found(kind: &'static str, label: Vec<u8>, uuid: String) -> Option<Identity> {
    Some(Identity { kind, label, uuid, usage: Usage::Mount })
}

fn container(kind: &'static str, label: Vec<u8>, uuid: String) -> Option<Identity> {
    Some(Identity { kind, label, uuid, usage: Usage::Container })
}

/// The UUID at `offset`; all zero means none.
fn uuid_at(bytes: Bytes<'_>, offset: usize) -> String {
    let value: [u8; 16] = bytes.array(offset);
    if value == [0; 16] { String::new() } else { uuid(value) }
}

fn ext(source: &Source<'_>) -> Option<Identity> {
    const HAS_JOURNAL: u32 = 4;
    const JOURNAL_DEVICE: u32 = 8;
    // What ext3 understands: filetype, recover, meta_bg; sparse_super, large_file, btree_dir.
    const INCOMPATIBLE_EXT3: u32 = 0x2 | 0x4 | 0x10;
    const READ_ONLY_EXT3: u32 = 0x1 | 0x2 | 0x4;
    let block = source.start.from(1024);
    if block.u16(56) != 0xef53 {
        return None;
    }
    let (compatible, incompatible, read_only) = (block.u32(92), block.u32(96), block.u32(100));
    let kind = if incompatible & JOURNAL_DEVICE != 0 {
        "jbd"
    } else if incompatible & !INCOMPATIBLE_EXT3 != 0 || read_only & !READ_ONLY_EXT3 != 0 {
        "ext4"
    } else if compatible & HAS_JOURNAL != 0 {
        "ext3"
    } else {
        "ext2"
    };
    found(kind, name(block.slice(120, 16)), uuid_at(block, 104))
}

fn xfs(source: &Source<'_>) -> Option<Identity> {
    let start = source.start;
    start.has(0, b"XFSB").then(|| found("xfs", name(start.slice(108, 12)), uuid_at(start, 32)))?
}

fn btrfs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(65536);
    block.has(64, b"_BHRfS_M").then(|| found("btrfs", name(block.slice(299, 256)), uuid_at(block, 32)))?
}

fn squashfs(source: &Source<'_>) -> Option<Identity> {
    source.start.has(0, b"hsqs").then(|| found("squashfs", Vec::new(), String::new()))?
}

fn erofs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(1024);
    (block.u32(0) == 0xe0f5_e1e2).then(|| found("erofs", name(block.slice(64, 16)), uuid_at(block, 48)))?
}

fn f2fs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(1024);
    (block.u32(0) == 0xf2f5_2010)
        .then(|| found("f2fs", name_utf16(block.slice(124, 1024)), uuid_at(block, 108)))?
}

fn ntfs(source: &Source<'_>) -> Option<Identity> {
    let boot = source.start;
    if boot.has(3, b"-FVE-FS-") {
        return container("BitLocker", Vec::new(), String::new());
    }
    if !boot.has(3, b"NTFS    ") {
        return None;
    }
    let serial = boot.u64(0x48);
    found("ntfs", ntfs_label(source).unwrap_or_default(), format!("{serial:016X}"))
}

/// The volume's name: attribute 0x60 of record 3 of the master file table.
fn ntfs_label(source: &Source<'_>) -> Option<Vec<u8>> {
    let boot = source.start;
    let cluster = u64::from(boot.u16(11)) * u64::from(boot.u8(13));
    let record_size = match boot.u8(64) as i8 {
        size @ 1.. => cluster.checked_mul(size as u64)?,
        shift => 1u64.checked_shl(u32::from(shift.unsigned_abs()))?,
    };
    if !(256..=65536).contains(&record_size) {
        return None;
    }
    let offset = boot.u64(48).checked_mul(cluster)?.checked_add(3 * record_size)?;
    let record = source.read(offset, record_size as usize);
    let record = Bytes(&record);
    if !record.has(0, b"FILE") {
        return None;
    }
    let mut at = usize::from(record.u16(20));
    while at < record.0.len() {
        let attribute = record.from(at);
        match attribute.u32(0) {
            0x60 => {
                let (from, length) = (usize::from(attribute.u16(20)), attribute.u32(16) as usize);
                return Some(name_utf16(attribute.slice(from, length)));
            }
            0xffff_ffff => return None,
            _ => at += (attribute.u32(4) as usize).max(8),
        }
    }
    None
}

fn exfat(source: &Source<'_>) -> Option<Identity> {
    let boot = source.start;
    if !boot.has(3, b"EXFAT   ") {
        return None;
    }
    let label = exfat_label(source).unwrap_or_default();
    found("exfat", label, serial(boot.u32(100)))
}

/// The entry of type 0x83 in the first cluster of the root directory.
fn exfat_label(source: &Source<'_>) -> Option<Vec<u8>> {
    let boot = source.start;
    let sector_shift = u32::from(boot.u8(108)).min(12);
    let cluster_shift = (sector_shift + u32::from(boot.u8(109))).min(25);
    let cluster = u64::from(boot.u32(96)).checked_sub(2)?;
    let offset = (u64::from(boot.u32(88)) << sector_shift) + (cluster << cluster_shift);
    let entries = source.read(offset, (1 << cluster_shift).min(65536));
    let entry = entries.chunks_exact(32).take_while(|entry| entry[0] != 0).find(|entry| entry[0] == 0x83)?;
    Some(name_utf16(&entry[2..2 + usize::from(entry[1]).min(15) * 2]))
}

fn serial(number: u32) -> String {
    format!("{:04X}-{:04X}", number >> 16, number & 0xffff)
}

fn vfat(source: &Source<'_>) -> Option<Identity> {
    let boot = source.start;
    let (sector, cluster) = (boot.u16(11), boot.u8(13));
    let plausible = sector.is_power_of_two()
        && (512..=4096).contains(&sector)
        && cluster.is_power_of_two()
        && boot.u16(14) != 0
        && matches!(boot.u8(16), 1 | 2)
        && (boot.u8(21) == 0xf0 || boot.u8(21) >= 0xf8)
        && (boot.u16(19) != 0 || boot.u32(32) != 0)
        && (matches!(boot.u8(0), 0xeb | 0xe9) || boot.has(510, &[0x55, 0xaa]));
    if !plausible {
        return None;
    }
    let is_32 = boot.u16(22) == 0;
    let base = if is_32 { 64 } else { 36 };
    let extended = boot.u8(base + 2);
    if is_32 && boot.u32(36) == 0 {
        return None;
    }
    let (uuid, in_boot) = match extended {
        0x29 => (serial(boot.u32(base + 3)), name(boot.slice(base + 7, 11))),
        0x28 => (serial(boot.u32(base + 3)), Vec::new()),
        _ => (String::new(), Vec::new()),
    };
    let label = vfat_label(source, is_32).unwrap_or(in_boot);
    let label = if label == b"NO NAME" { Vec::new() } else { label };
    found("vfat", label, uuid)
}

/// The volume entry of the root directory, which counts more than the boot sector's field.
fn vfat_label(source: &Source<'_>, is_32: bool) -> Option<Vec<u8>> {
    // A root directory of this many clusters without a label has none; also ends circular chains.
    const CLUSTERS_MAX: usize = 64;
    let boot = source.start;
    let sector = u64::from(boot.u16(11));
    let fat = u64::from(boot.u16(14)) * sector;
    let fat_sectors = if is_32 { u64::from(boot.u32(36)) } else { u64::from(boot.u16(22)) };
    let behind_fats = fat + u64::from(boot.u8(16)) * fat_sectors * sector;
    if !is_32 {
        return volume_entry(&source.read(behind_fats, usize::from(boot.u16(17)) * 32));
    }
    let cluster_size = sector * u64::from(boot.u8(13));
    let mut cluster = u64::from(boot.u32(44) & 0x0fff_ffff);
    for _ in 0..CLUSTERS_MAX {
        if !(2..0x0fff_fff0).contains(&cluster) {
            return None;
        }
        let entries = source.read(behind_fats + (cluster - 2) * cluster_size, cluster_size as usize);
        if let Some(label) = volume_entry(&entries) {
            return Some(label);
        }
        cluster = u64::from(Bytes(&source.read(fat + cluster * 4, 4)).u32(0) & 0x0fff_ffff);
    }
    None
}

fn volume_entry(entries: &[u8]) -> Option<Vec<u8>> {
    const VOLUME: u8 = 0x08;
    const LONG_NAME: u8 = 0x0f;
    entries
        .chunks_exact(32)
        .take_while(|entry| entry[0] != 0)
        .find(|entry| entry[0] != 0xe5 && entry[11] & VOLUME != 0 && entry[11] & 0x3f != LONG_NAME)
        .map(|entry| name(&entry[..11]))
}

fn iso9660(source: &Source<'_>) -> Option<Identity> {
    let volume = source.start.from(32768);
    if !volume.has(1, b"CD001") || volume.u8(0) != 1 {
        return None;
    }
    // "2026112406154500" and a zone: the modification date, else the creation date.
    let dates = [volume.slice(830, 16), volume.slice(813, 16)];
    let mut uuid = String::new();
    for date in dates {
        if date.len() == 16 && date.iter().all(u8::is_ascii_digit) && date.iter().any(|&digit| digit != b'0')
        {
            let text = String::from_utf8_lossy(date);
            let parts = [
                &text[..4],
                &text[4..6],
                &text[6..8],
                &text[8..10],
                &text[10..12],
                &text[12..14],
                &text[14..],
            ];
            uuid = parts.join("-");
            break;
        }
    }
    found("iso9660", name(volume.slice(40, 32)), uuid)
}

fn udf(source: &Source<'_>) -> Option<Identity> {
    let sectors = (16..24).map(|sector| source.start.from(sector * 2048));
    let mut recognised = false;
    for sector in sectors {
        if sector.has(1, b"NSR02") || sector.has(1, b"NSR03") {
            recognised = true;
        } else if !sector.has(1, b"BEA01") && !sector.has(1, b"CD001") && !sector.has(1, b"BOOT2") {
            break;
        }
    }
    recognised.then(|| found("udf", udf_label(source).unwrap_or_default(), String::new()))?
}

/// The name in the logical volume descriptor, found through the anchor in sector 256.
fn udf_label(source: &Source<'_>) -> Option<Vec<u8>> {
    const ANCHOR: u16 = 2;
    const LOGICAL_VOLUME: u16 = 6;
    for sector_size in [2048u64, 512, 4096] {
        let anchor = source.read(256 * sector_size, 512);
        let anchor = Bytes(&anchor);
        if anchor.u16(0) != ANCHOR {
            continue;
        }
        let (length, location) = (u64::from(anchor.u32(16)), u64::from(anchor.u32(20)));
        for index in 0..(length / sector_size).min(64) {
            let descriptor = source.read((location + index) * sector_size, 512);
            let descriptor = Bytes(&descriptor);
            if descriptor.u16(0) == LOGICAL_VOLUME {
                return Some(dstring(descriptor.slice(84, 128)));
            }
        }
    }
    None
}

/// OSTA compressed Unicode: a byte for the width, the text, and its length in the last byte of the field.
fn dstring(field: &[u8]) -> Vec<u8> {
    let Some((&length, text)) = field.split_last() else { return Vec::new() };
    let text = &text[..text.len().min(usize::from(length))];
    match text.split_first() {
        Some((8, latin)) => latin.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes(),
        Some((16, wide)) => {
            let swapped: Vec<u8> = wide.chunks_exact(2).flat_map(|pair| [pair[1], pair[0]]).collect();
            name_utf16(&swapped)
        }
        _ => Vec::new(),
    }
}

fn swap(source: &Source<'_>) -> Option<Identity> {
    for page in [4096, 8192, 16384, 65536] {
        let magic = source.start.slice(page - 10, 10);
        let header = source.start.from(1024);
        let (kind, label, uuid) = match magic {
            b"SWAPSPACE2" => ("swap", name(header.slice(28, 16)), uuid_at(header, 12)),
            b"SWAP-SPACE" => ("swap", Vec::new(), String::new()),
            b"S1SUSPEND\0" | b"S2SUSPEND\0" | b"ULSUSPEND\0" => {
                ("swsuspend", name(header.slice(28, 16)), uuid_at(header, 12))
            }
            _ => continue,
        };
        return Some(Identity { kind, label, uuid, usage: Usage::Swap });
    }
    None
}

fn luks(source: &Source<'_>) -> Option<Identity> {
    let header = source.start;
    if !header.has(0, b"LUKS\xba\xbe") {
        return None;
    }
    let version = u16::from_be_bytes(header.array(6));
    let label = if version == 2 { name(header.slice(24, 48)) } else { Vec::new() };
    container("crypto_LUKS", label, String::from_utf8_lossy(&name(header.slice(168, 40))).into_owned())
}

fn verity(source: &Source<'_>) -> Option<Identity> {
    let header = source.start;
    header.has(0, b"verity\0\0").then(|| container("DM_verity_hash", Vec::new(), uuid_at(header, 16)))?
}

fn lvm(source: &Source<'_>) -> Option<Identity> {
    for sector in 0..4 {
        let label = source.start.from(sector * 512);
        if !label.has(0, b"LABELONE") || !label.has(24, b"LVM2 001") {
            continue;
        }
        let id = label.slice(label.u32(20) as usize, 32);
        let mut uuid = String::new();
        for (index, &byte) in id.iter().enumerate() {
            if matches!(index, 6 | 10 | 14 | 18 | 22 | 26) {
                uuid.push('-');
            }
            uuid.push(char::from(byte));
        }
        return container("LVM2_member", Vec::new(), uuid);
    }
    None
}

fn raid(source: &Source<'_>) -> Option<Identity> {
    const MAGIC: u32 = 0xa92b_4efc;
    let version_1 = |header: Bytes<'_>| {
        (header.u32(0) == MAGIC && header.u32(4) == 1)
            .then(|| container("linux_raid_member", name(header.slice(32, 32)), uuid_at(header, 16)))?
    };
    let at_start = version_1(source.start).or_else(|| version_1(source.start.from(4096)));
    if at_start.is_some() {
        return at_start;
    }
    let size = sys::block::size_bytes(source.file).unwrap_or(0);
    if size < 256 * 1024 {
        return None;
    }
    let at_end = source.read((size / 512 - 16) / 8 * 8 * 512, 256);
    if let Some(found) = version_1(Bytes(&at_end)) {
        return Some(found);
    }
    let old = source.read(size / 65536 * 65536 - 65536, 256);
    let old = Bytes(&old);
    if old.u32(0) != MAGIC || old.u32(4) != 0 {
        return None;
    }
    let mut id = [0; 16];
    id[..4].copy_from_slice(&old.array::<4>(20));
    id[4..].copy_from_slice(&old.array::<12>(52));
    id.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    container("linux_raid_member", Vec::new(), uuid(id))
}

fn jfs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(32768);
    block.has(0, b"JFS1").then(|| found("jfs", name(block.slice(152, 16)), uuid_at(block, 136)))?
}

fn reiserfs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(65536);
    let known = [&b"ReIsErFs"[..], b"ReIsEr2Fs", b"ReIsEr3Fs"].iter().any(|magic| block.has(52, magic));
    known.then(|| found("reiserfs", name(block.slice(100, 16)), uuid_at(block, 84)))?
}

fn nilfs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(1024);
    (block.u16(6) == 0x3434 && block.u32(0) == 2)
        .then(|| found("nilfs2", name(block.slice(168, 80)), uuid_at(block, 152)))?
}

fn bcachefs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(4096);
    let old =
        [0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81];
    let new =
        [0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef];
    (block.has(24, &old) || block.has(24, &new))
        .then(|| found("bcachefs", name(block.slice(72, 32)), uuid_at(block, 56)))?
}

fn hfs(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(1024);
    match block.array::<2>(0) {
        [b'H', b'+'] | [b'H', b'X'] => found("hfsplus", Vec::new(), String::new()),
        // A name of at most 27 bytes behind its length; 0x4244 alone is too common to go by.
        [b'B', b'D'] if block.u8(36) <= 27 && block.u32(20) != 0 && block.u16(14) != 0 => {
            found("hfs", name(block.slice(37, usize::from(block.u8(36)))), String::new())
        }
        _ => None,
    }
}

fn cramfs(source: &Source<'_>) -> Option<Identity> {
    let start = source.start;
    (start.has(16, b"Compressed ROMFS") && start.u32(0) == 0x28cd_3d45)
        .then(|| found("cramfs", name(start.slice(48, 16)), String::new()))?
}

fn romfs(source: &Source<'_>) -> Option<Identity> {
    let start = source.start;
    start.has(0, b"-rom1fs-").then(|| found("romfs", name(start.slice(16, 16)), String::new()))?
}

fn minix(source: &Source<'_>) -> Option<Identity> {
    let block = source.start.from(1024);
    // Two bytes are little to go by: the numbers of inodes, zones and maps must make sense, too.
    let old = matches!(block.u16(16), 0x137f | 0x138f | 0x2468 | 0x2478)
        && block.u16(0) != 0
        && (1..64).contains(&block.u16(4))
        && block.u16(10) == 0;
    let third = block.u16(24) == 0x4d5a && block.u32(0) != 0 && block.u16(28) >= 1024;
    (old || third).then(|| found("minix", Vec::new(), String::new()))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::temporary::Directory;

    /// An image with `parts` at their offsets.
    fn probed(size: u64, parts: &[(u64, &[u8])]) -> Option<(String, String, String)> {
        let directory = Directory::new("probe").unwrap();
        let path = directory.path().join("image");
        let file = File::options().create_new(true).read(true).write(true).open(path).unwrap();
        file.set_len(size).unwrap();
        for (offset, bytes) in parts {
            file.write_all_at(bytes, *offset).unwrap();
        }
        let identity = identify(&file).unwrap()?;
        Some((identity.kind.into(), String::from_utf8_lossy(&identity.label).into_owned(), identity.uuid))
    }

    #[test]
    fn tells_superblocks_apart() {
        let id: &[u8] = &[0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8];
        let uuid = "12345678-9abc-def0-0102-030405060708";
        type Row<'a> = (&'a str, &'a [(u64, &'a [u8])], &'a str, &'a str);
        let rows: &[Row<'_>] = &[
            ("ext2", &[(1080, b"\x53\xef"), (1128, id), (1144, b"root")], "root", uuid),
            ("ext3", &[(1080, b"\x53\xef"), (1116, &[4]), (1128, id)], "", uuid),
            ("ext4", &[(1080, b"\x53\xef"), (1116, &[4]), (1120, &[0x42]), (1128, id)], "", uuid),
            ("xfs", &[(0, b"XFSB"), (32, id), (108, b"twelve-bytes")], "twelve-bytes", uuid),
            ("btrfs", &[(65568, id), (65600, b"_BHRfS_M"), (65835, b"pool")], "pool", uuid),
            ("squashfs", &[(0, b"hsqs")], "", ""),
            ("erofs", &[(1024, &[0xe2, 0xe1, 0xf5, 0xe0]), (1072, id), (1088, b"modules")], "modules", uuid),
            ("swap", &[(4086, b"SWAPSPACE2"), (1036, id), (1052, b"sw")], "sw", uuid),
            ("swap", &[(65526, b"SWAPSPACE2"), (1036, id)], "", uuid),
            (
                "crypto_LUKS",
                &[(0, b"LUKS\xba\xbe\0\x02"), (24, b"vault"), (168, b"abc-def")],
                "vault",
                "abc-def",
            ),
            (
                "linux_raid_member",
                &[(4096, &[0xfc, 0x4e, 0x2b, 0xa9, 1]), (4112, id), (4128, b"h:0")],
                "h:0",
                uuid,
            ),
            (
                "LVM2_member",
                &[
                    (512, b"LABELONE"),
                    (532, &[32]),
                    (536, b"LVM2 001"),
                    (544, b"abcdefghijklmnopqrstuvwxyz012345"),
                ],
                "",
                "abcdef-ghij-klmn-opqr-stuv-wxyz-012345",
            ),
            (
                "iso9660",
                &[(32768, b"\x01CD001"), (32808, b"TARN            "), (33581, b"2026112406154500")],
                "TARN",
                "2026-11-24-06-15-45-00",
            ),
        ];
        for (kind, parts, label, uuid) in rows {
            let expected = Some((kind.to_string(), label.to_string(), uuid.to_string()));
            assert_eq!(probed(1 << 20, parts), expected, "{kind}");
        }
        assert_eq!(probed(1 << 20, &[]), None);
        assert_eq!(probed(0, &[]), None, "an empty file");
        assert_eq!(probed(3, &[(0, b"XFS")]), None, "cut within the magic number");
    }

    #[test]
    fn prefers_the_label_of_the_root_directory() {
        let mut boot = [0u8; 512];
        boot[0] = 0xeb;
        boot[11..13].copy_from_slice(&512u16.to_le_bytes());
        (boot[13], boot[14], boot[16], boot[21]) = (1, 1, 2, 0xf8);
        boot[17..19].copy_from_slice(&16u16.to_le_bytes());
        boot[19..21].copy_from_slice(&2048u16.to_le_bytes());
        boot[22] = 4;
        boot[38] = 0x29;
        boot[39..43].copy_from_slice(&0xdead_beef_u32.to_le_bytes());
        boot[43..54].copy_from_slice(b"BOOTSECTOR ");
        let expect = |label: &str| Some(("vfat".to_string(), label.to_string(), "DEAD-BEEF".to_string()));
        assert_eq!(probed(1 << 20, &[(0, &boot)]), expect("BOOTSECTOR"));
        let mut entry = *b"EFI SYSTEM \x08                    ";
        entry[12..].fill(0);
        assert_eq!(probed(1 << 20, &[(0, &boot), (9 * 512, &entry)]), expect("EFI SYSTEM"));
    }

    #[test]
    fn survives_nonsense() {
        // Offsets out of a superblock that point nowhere.
        let mut ntfs = [0xffu8; 512];
        ntfs[3..11].copy_from_slice(b"NTFS    ");
        assert_eq!(probed(1 << 20, &[(0, &ntfs)]).unwrap().1, "");
        let mut exfat = [0xffu8; 512];
        exfat[3..11].copy_from_slice(b"EXFAT   ");
        assert_eq!(probed(1 << 20, &[(0, &exfat)]).unwrap().1, "");
        let label = [b"LABELONE".as_slice(), &[0xff; 16], b"LVM2 001"].concat();
        assert_eq!(probed(1 << 20, &[(0, &label)]).unwrap().2, "");
    }
}
