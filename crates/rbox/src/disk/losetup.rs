//! losetup — make files block devices.
//!
//! Source: loop(4); BusyBox 1.37 for options and output.

use block::mounts;
use sys::loop_device::{self, Setup, Status};

use super::common::{attach_loop, loop_numbers, open_device};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "losetup",
    links: &["/sbin/losetup"],
    usage: "\
losetup [-rP] [-o OFS] {-f|LOOPDEV} FILE: associate loop devices
	losetup -c LOOPDEV: reread file size
	losetup -d LOOPDEV: disassociate
	losetup -D: disassociate all
	losetup -a: show status
	losetup -j FILE: show the devices of FILE
	losetup -f: show next free loop device

  -o, --offset=OFS     Start OFS bytes into FILE
  --sizelimit=BYTES    Use no more than BYTES of FILE
  -P, --partscan       Scan for partitions
  -r, --read-only      Read-only
  -f, --find           Show or use the next free loop device
  --show               Print the name of the device that was used
  -a, --all            Show all
  -j, --associated=FILE  Show those of FILE
  -c, --set-capacity   Reread the size of the file
  -d, --detach         Disassociate
  -D, --detach-all     Disassociate all
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let operands = options.operands();
    if options.has('a') || options.value('j').is_some() {
        options.expect_operands(0, 0)?;
        show_all(cx, options.value('j').map(Path::new));
        return Ok(());
    }
    if options.has('D') {
        for (path, _) in used() {
            detach(cx, &path);
        }
        return Ok(());
    }
    if options.has('d') {
        options.expect_operands(1, usize::MAX)?;
        for device in operands {
            detach(cx, Path::new(device));
        }
        return Ok(());
    }
    if options.has('c') {
        options.expect_operands(1, 1)?;
        let device = Path::new(&operands[0]);
        return loop_device::set_capacity(&open_device(device, false).at(device)?).at(device);
    }
    match (options.has('f'), operands) {
        (true, []) => {
            let number = loop_device::free_number().at("/dev/loop-control")?;
            writeln!(cx.out, "{}", loop_device::path(number).display());
            Ok(())
        }
        (true, [file]) => attach(cx, &options, None, Path::new(file)),
        (false, [device]) => {
            let path = Path::new(device);
            let status = open_device(path, false).and_then(|device| loop_device::status(&device)).at(path)?;
            print(cx, path, &status);
            Ok(())
        }
        (false, [device, file]) => attach(cx, &options, Some(Path::new(device)), Path::new(file)),
        _ => Err(Error::usage("")),
    }
}

fn attach(cx: &mut Cx<'_>, options: &Options, device: Option<&Path>, file: &Path) -> Result {
    let size_limit = match options.value_long("sizelimit").flatten() {
        Some(text) => cli::options::number(text)?,
        None => 0,
    };
    let setup = Setup {
        offset: options.number('o')?.unwrap_or(0),
        size_limit,
        read_only: options.has('r'),
        autoclear: false,
        scan_partitions: options.has('P'),
    };
    // The kernel shows this name for as long as the device lives, whatever the folder was.
    let file = std::fs::canonicalize(file).at(file)?;
    let (path, _device) = attach_loop(&file, device, setup).at(device.unwrap_or(&file))?;
    if options.has_long("show") {
        writeln!(cx.out, "{}", path.display());
    }
    Ok(())
}

fn detach(cx: &mut Cx<'_>, path: &Path) {
    if let Err(error) = open_device(path, false).and_then(|device| loop_device::detach(&device)).at(path) {
        cx.report(error);
    }
}

fn used() -> Vec<(PathBuf, Status)> {
    let paths = loop_numbers().into_iter().map(loop_device::path);
    paths
        .filter_map(|path| {
            let status = loop_device::status(&open_device(&path, false).ok()?).ok()?;
            Some((path, status))
        })
        .collect()
}

fn show_all(cx: &mut Cx<'_>, file: Option<&Path>) {
    use std::os::unix::fs::MetadataExt;
    let wanted = file.map(|file| std::fs::metadata(file).map(|metadata| (metadata.dev(), metadata.ino())));
    for (path, status) in used() {
        let fits = match &wanted {
            None => true,
            Some(Ok(identity)) => *identity == (status.device, status.inode),
            Some(Err(_)) => false,
        };
        if fits {
            print(cx, &path, &status);
        }
    }
}

fn print(cx: &mut Cx<'_>, path: &Path, status: &Status) {
    write!(cx.out, "{}: {} ", path.display(), status.offset);
    // The status keeps 63 bytes of the name, sysfs all of them.
    let full = path
        .file_name()
        .and_then(|name| std::fs::read(Path::new("/sys/block").join(name).join("loop/backing_file")).ok());
    let name = full.map_or_else(|| status.file_name.clone(), |name| mounts::unescaped(name.trim_ascii_end()));
    cx.out.write(&name);
    cx.out.write(b"\n");
}
