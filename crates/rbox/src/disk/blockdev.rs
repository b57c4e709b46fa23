//! blockdev — ask and tell a block device.
//!
//! Source: BusyBox 1.37; linux/fs.h of Linux 6.12.

use sys::block;

use super::common::open_device;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "blockdev",
    links: &["/sbin/blockdev"],
    usage: "\
blockdev OPTION BLOCKDEV

  --setro          Set ro
  --setrw          Set rw
  --getro          Get ro
  --getss          Get sector size
  --getbsz         Get block size
  --setbsz=BYTES   Set block size
  --getsz          Get device size in 512-byte sectors
  --getsize64      Get device size in bytes
  --getra          Get readahead in 512-byte sectors
  --setra=SECTORS  Set readahead
  --flushbufs      Flush buffers
  --rereadpt       Reread partition table
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let mut given = options.in_order();
    let (Some((_, name, value)), None) = (given.next(), given.next()) else { return Err(Error::usage("")) };
    let path = Path::new(&options.operands()[0]);
    let number = value.map(cli::options::number).transpose()?.unwrap_or(0);
    // Setting works on devices opened for reading, too: a read-only one must be able to become writable.
    let device = open_device(path, false).at(path)?;
    let mut answer = |value: io::Result<u64>| value.map(|value| writeln!(cx.out, "{value}"));
    match name {
        "setro" => block::set_read_only(&device, true),
        "setrw" => block::set_read_only(&device, false),
        "getro" => answer(block::is_read_only(&device).map(u64::from)),
        "getss" => answer(block::sector_size(&device).map(u64::from)),
        "getbsz" => answer(block::block_size(&device).map(u64::from)),
        "setbsz" => block::set_block_size(&device, u32::try_from(number).unwrap_or(u32::MAX)),
        "getsz" => answer(block::device_bytes(&device).map(|bytes| bytes / 512)),
        "getsize64" => answer(block::device_bytes(&device)),
        "getra" => answer(block::read_ahead(&device)),
        "setra" => block::set_read_ahead(&device, number),
        "flushbufs" => block::flush(&device),
        _ => block::reread_table(&device),
    }
    .at(path)
}
