//! partprobe, fdflush, freeramdisk, raidautorun, eject, volname, blkdiscard, fsfreeze, rdev — one request to a device.
//!
//! Source: BusyBox 1.37; linux/fs.h, linux/cdrom.h, linux/fd.h of Linux 6.12; ECMA-119 for the name of a volume.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "partprobe",
        links: &["/usr/sbin/partprobe"],
        usage: "partprobe DEVICE...\n\nMake the kernel read the partition tables of devices again.\n",
        process: Process::Fork,
        run: partprobe,
    },
    Applet {
        name: "fdflush",
        links: &["/bin/fdflush"],
        usage: "fdflush DEVICE\n\nMake a floppy drive notice that the disk was changed.\n",
        process: Process::Fork,
        run: |cx| one(cx, false, sys::block::flush_floppy),
    },
    Applet {
        name: "freeramdisk",
        links: &["/sbin/freeramdisk"],
        usage: "freeramdisk DEVICE\n\nFree the memory of a RAM disk.\n",
        process: Process::Fork,
        run: |cx| one(cx, true, sys::block::flush),
    },
    Applet {
        name: "raidautorun",
        links: &["/sbin/raidautorun"],
        usage: "raidautorun DEVICE\n\nMake the kernel start RAID arrays.\n",
        process: Process::Fork,
        run: |cx| one(cx, false, sys::block::start_raids),
    },
    Applet {
        name: "eject",
        links: &["/usr/bin/eject"],
        usage: "\
eject [-tT] [DEVICE]

Open the tray of DEVICE (/dev/cdrom).

  -s  Ignored: the kernel asks drives of all kinds
  -t  Close it
  -T  Close it if it is open
",
        process: Process::Fork,
        run: eject,
    },
    Applet {
        name: "volname",
        links: &["/usr/bin/volname"],
        usage: "volname [DEVICE]\n\nPrint the name of the CD in DEVICE (/dev/cdrom).\n",
        process: Process::Fork,
        run: volname,
    },
    Applet {
        name: "blkdiscard",
        links: &["/usr/bin/blkdiscard"],
        usage: "\
blkdiscard [-s] [-o OFFSET] [-l LENGTH] DEVICE

Tell a device that what is on it is not needed any more.

  -o OFFSET  From this byte on
  -l LENGTH  So many bytes (all behind OFFSET)
  -s         It must be gone for good
  -f         Ignored
",
        process: Process::Fork,
        run: blkdiscard,
    },
    Applet {
        name: "fsfreeze",
        links: &["/sbin/fsfreeze"],
        usage: "\
fsfreeze --freeze | --unfreeze MOUNTPOINT

Write out a file system and stop all that would change it, for a snapshot of its device.

  -f, --freeze    Stop
  -u, --unfreeze  Go on
",
        process: Process::Fork,
        run: fsfreeze,
    },
    Applet {
        name: "rdev",
        links: &["/usr/sbin/rdev"],
        usage: "rdev\n\nPrint the device of the root file system.\n",
        process: Process::Fork,
        run: rdev,
    },
];

const O_NONBLOCK: i32 = 0o4000;

/// Opens without waiting for a medium.
fn open(path: &Path, write: bool) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(O_NONBLOCK)
        .open(path)
        .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))
}

/// One request to the only operand.
fn one(cx: &mut Cx<'_>, write: bool, request: fn(&File) -> io::Result<()>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let path = Path::new(&options.operands()[0]);
    request(&open(path, write)?).at(path)
}

fn partprobe(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        let path = Path::new(operand);
        let result = open(path, false).and_then(|device| sys::block::reread_table(&device).at(path));
        if let Err(error) = result {
            cx.report(error);
        }
    }
    Ok(())
}

fn cdrom(options: &Options) -> Result<&Path> {
    options.expect_operands(0, 1)?;
    Ok(options.operands().first().map_or(Path::new("/dev/cdrom"), Path::new))
}

fn eject(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let path = cdrom(&options)?;
    let device = open(path, false)?;
    let close = options.has('t') || options.has('T') && sys::block::is_tray_open(&device).at(path)?;
    if close { sys::block::close_tray(&device) } else { sys::block::eject(&device) }.at(path)
}

fn volname(cx: &mut Cx<'_>) -> Result {
    const VOLUME_NAME: u64 = 16 * 2048 + 40;
    let options = cx.options()?;
    let path = cdrom(&options)?;
    let mut name = [0; 32];
    open(path, false)?.read_exact_at(&mut name, VOLUME_NAME).at(path)?;
    cx.out.write(&name);
    cx.out.write(b"\n");
    Ok(())
}

fn blkdiscard(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let path = Path::new(&options.operands()[0]);
    let device = open(path, true)?;
    let size = |letter: char, default: u64| match options.value(letter) {
        Some(text) => posix::number::with_suffix(text.as_bytes(), posix::number::SIZES)
            .ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display()))),
        None => Ok(default),
    };
    let start = size('o', 0)?;
    let total = sys::block::device_bytes(&device).doing("BLKGETSIZE64")?;
    let length = size('l', total.saturating_sub(start))?;
    sys::block::discard(&device, start, length, options.has('s')).at(path)
}

fn fsfreeze(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let freeze = options.last_of("fu").ok_or_else(|| Error::usage(""))? == 'f';
    let path = Path::new(&options.operands()[0]);
    sys::block::freeze(&open(path, false)?, freeze).at(path)
}

fn rdev(cx: &mut Cx<'_>) -> Result {
    let root = fs::metadata("/").at("/")?.dev();
    for folder in ["/dev", "/dev/mapper", "/dev/md"] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_root = fs::symlink_metadata(&path)
                .is_ok_and(|data| data.file_type().is_block_device() && data.rdev() == root);
            if is_root {
                writeln!(cx.out, "{} /", path.display());
                return Ok(());
            }
        }
    }
    cx.status = 1;
    Ok(())
}
