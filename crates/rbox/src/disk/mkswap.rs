//! mkswap — prepare a device or file to be swapped to.
//!
//! Source: linux/swap.h (union swap_header) of Linux 6.12; BusyBox 1.37 for options and output.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "mkswap",
    links: &["/sbin/mkswap"],
    usage: "\
mkswap [-L LBL] [-U UUID] BLOCKDEV [KBYTES]

Prepare BLOCKDEV to be used as swap partition.

  -L, --label=LBL  Label, up to 15 bytes
  -U, --uuid=UUID  UUID instead of a random one
",
    process: Process::Fork,
    run,
};

/// What the kernel looks for, at the end of the first page.
const MAGIC: &[u8] = b"SWAPSPACE2";
/// util-linux's least: less is not worth its header.
const PAGES_MIN: u64 = 10;
const HEADER: usize = 1024;

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    let device = Path::new(&options.operands()[0]);
    let uuid = match options.text('U')? {
        Some(text) => {
            parse_uuid(text).ok_or_else(|| Error::message(format_args!("invalid UUID '{text}'")))?
        }
        None => random_uuid()?,
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(device)
        .map_err(|error| Error::io(format_args!("can't open '{}'", device.display()), error))?;
    let whole = sys::block::size_bytes(&file).at(device)?;
    let size = match options.operands().get(1) {
        Some(text) => cli::options::number(text)?.saturating_mul(1024),
        None => whole,
    };
    if size > whole {
        return Err(Error::message(format_args!(
            "{}: {} kilobytes do not fit",
            device.display(),
            size / 1024
        )));
    }
    let page = sys::host::page_size();
    let pages = size / page;
    if pages < PAGES_MIN {
        return Err(Error::message("image is too small"));
    }
    let label = options.value('L').map_or(&b""[..], OsStr::as_bytes);
    writeln!(cx.out, "Setting up swapspace version 1, size = {} bytes", (pages - 1) * page);
    if !label.is_empty() {
        write!(cx.out, "LABEL={}, ", OsStr::from_bytes(&label[..label.len().min(15)]).display());
    }
    writeln!(cx.out, "UUID={}", block::bytes::uuid(uuid));
    write(&file, page as usize, pages, uuid, label).at(device)
}

fn write(file: &File, page: usize, pages: u64, uuid: [u8; 16], label: &[u8]) -> io::Result<()> {
    let mut first = vec![0; page];
    // The boot sector may hold a boot loader's code: what was there stays.
    file.read_exact_at(&mut first[..HEADER], 0)?;
    let last_page = u32::try_from(pages - 1).unwrap_or(u32::MAX);
    first[HEADER..HEADER + 4].copy_from_slice(&1u32.to_ne_bytes());
    first[HEADER + 4..HEADER + 8].copy_from_slice(&last_page.to_ne_bytes());
    first[HEADER + 12..HEADER + 28].copy_from_slice(&uuid);
    let count = label.len().min(15);
    first[HEADER + 28..HEADER + 28 + count].copy_from_slice(&label[..count]);
    first[page - MAGIC.len()..].copy_from_slice(MAGIC);
    file.write_all_at(&first, 0)?;
    file.sync_all()
}

/// Version 4 of RFC 9562.
fn random_uuid() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).at("/dev/urandom")?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(bytes)
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let digits = groups.concat();
    if lengths != [8, 4, 4, 4, 12] || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_uuids() {
        let text = "12345678-9abc-def0-0102-030405060708";
        assert_eq!(parse_uuid(text).map(block::bytes::uuid).as_deref(), Some(text));
        for bad in [
            "",
            "12345678-9abc-def0-0102-03040506070",
            "1234567-89abc-def0-0102-030405060708",
            "+2345678-9abc-def0-0102-030405060708",
        ] {
            assert_eq!(parse_uuid(bad), None, "{bad}");
        }
    }
}
