//! mkfs.vfat and mkdosfs — make a FAT32 file system.
//!
//! Source: Microsoft's FAT specification (fatgen103); BusyBox 1.37 for options and the choice of clusters.

use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, FileTypeExt};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet { name: "mkfs.vfat", links: &["/sbin/mkfs.vfat"], usage: USAGE_VFAT, process: Process::Fork, run },
    Applet { name: "mkdosfs", links: &["/sbin/mkdosfs"], usage: USAGE_DOS, process: Process::Fork, run },
];

const USAGE_VFAT: &str = "\
mkfs.vfat [-v] [-n LABEL] DEVICE [KBYTES]

Make a FAT32 file system on DEVICE, which may be a file.

  -n LABEL  Name of the volume
  -v        Print what it is like
  -F BITS   Ignored: 32
  -i ID     Number of the volume, in hexadecimal
  -s N      Sectors of a cluster: 1, 2, 4 … 128
  -S N      Ignored: sectors are those of the device
  -I        Ignored
";
const USAGE_DOS: &str = "\
mkdosfs [-v] [-n LABEL] DEVICE [KBYTES]

Make a FAT32 file system on DEVICE, which may be a file.

  -n LABEL  Name of the volume
  -v        Print what it is like
  -F BITS   Ignored: 32
  -i ID     Number of the volume, in hexadecimal
  -s N      Sectors of a cluster: 1, 2, 4 … 128
  -S N      Ignored: sectors are those of the device
  -I        Ignored
";

/// Sectors before the first FAT: the boot sector, what is free of clusters, and a copy of both.
const RESERVED: u64 = 32;
const BACKUP: u64 = 6;
const FATS: u64 = 2;
/// With fewer clusters it is FAT16 to everybody.
const CLUSTERS_MIN: u64 = 65_525;
const CLUSTERS_MAX: u64 = 0x0fff_fff5;
const ROOT: u32 = 2;

struct Layout {
    sector: u64,
    sectors: u64,
    /// Sectors of a cluster, and of each FAT.
    cluster: u64,
    fat: u64,
    clusters: u64,
    heads: u16,
    track: u16,
    media: u8,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    let path = Path::new(&options.operands()[0]);
    let device = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))?;
    let mut bytes = sys::block::size_bytes(&device).at(path)?;
    if let Some(text) = options.operands().get(1) {
        bytes = cli::options::number(text)?.saturating_mul(1024);
    }
    let is_device = device.metadata().at(path)?.file_type().is_block_device();
    let sector = if is_device { u64::from(sys::block::sector_size(&device).at(path)?) } else { 512 };
    let layout = layout(bytes, sector, options.number('s')?)?;
    let id = match options.text('i')? {
        Some(text) => u32::from_str_radix(text, 16)
            .map_err(|_| Error::message(format_args!("invalid number '{text}'")))?,
        None => sys::clock::now().0 as u32,
    };
    let label = label(options.value('n'))?;

    if options.has('v') {
        writeln!(
            cx.out,
            "Device '{}':\nheads:{}, sectors/track:{}, bytes/sector:{sector}\nmedia descriptor:{:02x}\n\
             total sectors:{}, clusters:{}, sectors/cluster:{}\nFATs:2, sectors/FAT:{}\nvolumeID:{id:08x}, label:'{}'",
            path.display(),
            layout.heads,
            layout.track,
            layout.media,
            layout.sectors,
            layout.clusters,
            layout.cluster,
            layout.fat,
            String::from_utf8_lossy(&label)
        );
    }
    let write =
        |sector_number: u64, data: &[u8]| device.write_all_at(data, sector_number * layout.sector).at(path);
    // All that will be read is zero first: the boot sectors, the FATs, and the root folder.
    let zeros = vec![0; 64 * 1024];
    let mut at = 0;
    let end = (RESERVED + FATS * layout.fat + layout.cluster) * sector;
    while at < end {
        let count = zeros.len().min((end - at) as usize);
        device.write_all_at(&zeros[..count], at).at(path)?;
        at += count as u64;
    }
    let boot = boot_sector(&layout, id, &label);
    let free = free_sector(&layout);
    for start in [0, BACKUP] {
        write(start, &boot)?;
        write(start + 1, &free)?;
        // A third boot sector, with nothing to run in it.
        let mut third = vec![0; sector as usize];
        third[510..512].copy_from_slice(&[0x55, 0xaa]);
        write(start + 2, &third)?;
    }
    let mut fat = Vec::new();
    for entry in [0x0fff_ff00 | u32::from(layout.media), 0x0fff_ffff, 0x0fff_fff8] {
        fat.extend_from_slice(&entry.to_le_bytes());
    }
    for number in 0..FATS {
        write(RESERVED + number * layout.fat, &fat)?;
    }
    // The name stands in the root folder, too.
    let mut entry = [0; 32];
    entry[..11].copy_from_slice(&label);
    entry[11] = 8;
    write(RESERVED + FATS * layout.fat, &entry)?;
    device.sync_all().at(path)
}

/// Clusters as large as is usual for that size, and the FATs that they need.
fn layout(bytes: u64, sector: u64, wanted: Option<u64>) -> Result<Layout> {
    const MIB: u64 = 1 << 20;
    let sectors = bytes / sector;
    if sectors > u64::from(u32::MAX) {
        return Err(Error::message("device is too large for FAT32"));
    }
    let cluster = match wanted {
        Some(count) if count.is_power_of_two() && count <= 128 => count,
        Some(count) => {
            return Err(Error::message(format_args!("bad number of sectors of a cluster '{count}'")));
        }
        None => {
            let size = match bytes / MIB {
                0..=260 => 512,
                261..=8192 => 4096,
                8193..=16384 => 8192,
                16385..=32768 => 16384,
                _ => 32768,
            };
            (size / sector).max(1)
        }
    };
    // Each cluster takes its sectors and an entry in both FATs.
    let data = sectors.saturating_sub(RESERVED);
    let entries = sector / 4;
    let fat = (data + 2 * cluster).div_ceil(entries * cluster + FATS);
    let clusters = data.saturating_sub(FATS * fat) / cluster;
    if clusters < CLUSTERS_MIN {
        return Err(Error::message("device is too small for FAT32"));
    }
    if clusters > CLUSTERS_MAX {
        return Err(Error::message("too many clusters: try larger ones"));
    }
    // Firmware of old asks for a geometry.
    let (heads, track) = if bytes <= 504 * MIB { (16, 63) } else { (255, 63) };
    Ok(Layout { sector, sectors, cluster, fat, clusters, heads, track, media: 0xf8 })
}

/// Eleven bytes: capitals, filled up with blanks.
fn label(given: Option<&OsStr>) -> Result<[u8; 11]> {
    let mut label = *b"NO NAME    ";
    let Some(given) = given else { return Ok(label) };
    let bytes = given.as_bytes();
    let fits = bytes.len() <= label.len()
        && !bytes.iter().any(|byte| *byte < b' ' || b"\"*+,./:;<=>?[\\]|".contains(byte));
    if !fits || bytes.is_empty() {
        return Err(Error::message(format_args!("bad label '{}'", given.display())));
    }
    label.fill(b' ');
    for (place, byte) in label.iter_mut().zip(bytes) {
        *place = byte.to_ascii_uppercase();
    }
    Ok(label)
}

fn boot_sector(layout: &Layout, id: u32, label: &[u8; 11]) -> Vec<u8> {
    const MESSAGE: &[u8] = b"This is not a bootable disk\r\n\0";
    // Prints the message behind it by the BIOS and waits for ever.
    const CODE: &[u8] = &[
        0x0e, 0x1f, 0xbe, 0x6c, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf5, 0xeb,
        0xfe,
    ];
    let mut sector = vec![0; layout.sector as usize];
    let mut put = |at: usize, bytes: &[u8]| sector[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0xeb, 0x58, 0x90]);
    put(3, b"TARN    ");
    put(11, &(layout.sector as u16).to_le_bytes());
    put(13, &[layout.cluster as u8]);
    put(14, &(RESERVED as u16).to_le_bytes());
    put(16, &[FATS as u8]);
    put(21, &[layout.media]);
    put(24, &layout.track.to_le_bytes());
    put(26, &layout.heads.to_le_bytes());
    put(32, &(layout.sectors as u32).to_le_bytes());
    put(36, &(layout.fat as u32).to_le_bytes());
    put(44, &ROOT.to_le_bytes());
    put(48, &1_u16.to_le_bytes());
    put(50, &(BACKUP as u16).to_le_bytes());
    put(64, &[0x80]);
    put(66, &[0x29]);
    put(67, &id.to_le_bytes());
    put(71, label);
    put(82, b"FAT32   ");
    put(0x5a, CODE);
    put(0x6c, MESSAGE);
    put(510, &[0x55, 0xaa]);
    sector
}

/// How many clusters are free, and where to look for one.
fn free_sector(layout: &Layout) -> Vec<u8> {
    let mut sector = vec![0; layout.sector as usize];
    let mut put = |at: usize, number: u32| sector[at..at + 4].copy_from_slice(&number.to_le_bytes());
    put(0, 0x4161_5252);
    put(484, 0x6141_7272);
    put(488, layout.clusters as u32 - 1);
    put(492, ROOT);
    put(508, 0xaa55_0000);
    sector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cluster_has_its_entry() {
        for mib in [34, 64, 260, 261, 1000, 9000, 20_000, 40_000, 500_000] {
            let layout = layout(mib << 20, 512, None).unwrap();
            assert!((layout.clusters + 2) * 4 <= layout.fat * 512, "{mib}");
            let used = RESERVED + FATS * layout.fat + layout.clusters * layout.cluster;
            assert!(used <= layout.sectors && layout.sectors - used < 2 * layout.cluster + 2, "{mib}");
        }
        assert!(layout(1 << 20, 512, None).is_err() && layout(64 << 20, 512, Some(3)).is_err());
    }
}
