//! mountpoint — tell whether a directory is a mount point.
//!
//! Source: mountpoint(1) of util-linux; BusyBox 1.37 for `-n` and the messages.
//! Differs: bind mounts within one file system are recognised, which comparing device numbers misses.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use block::mounts;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "mountpoint",
    links: &["/bin/mountpoint"],
    usage: "\
mountpoint [-q] { [-dn] DIR | -x DEVICE }

Check if DIR is a mount point.

  -q, --quiet     Print nothing
  -d, --fs-devno  Print major:minor of the file system
  -n              Print the device name of the file system
  -x, --devno     Print major:minor of DEVICE
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let path = Path::new(&options.operands()[0]);
    let quiet = options.has('q');
    let metadata = if options.has('x') { fs::metadata(path) } else { fs::symlink_metadata(path) };
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(_) if quiet => return Err(Error::exit(1)),
        Err(error) => return Err(error).at(path),
    };
    if options.has('x') {
        if !metadata.file_type().is_block_device() {
            return fail(quiet, format!("{}: not a block device", path.display()));
        }
        print_number(cx, metadata.rdev());
        return Ok(());
    }
    let followed = if metadata.is_symlink() { fs::metadata(path).at(path)? } else { metadata };
    if !followed.is_dir() {
        return fail(quiet, format!("{}: Not a directory", path.display()));
    }
    let is_mountpoint = is_mountpoint(path, &followed);
    if options.has('d') {
        print_number(cx, followed.dev());
    }
    if options.has('n') {
        let device = device_of(followed.dev()).unwrap_or_else(|| OsString::from("UNKNOWN"));
        writeln!(cx.out, "{} {}", device.display(), path.display());
    }
    if !quiet && !options.has('d') && !options.has('n') {
        let is = if is_mountpoint { "is" } else { "is not" };
        writeln!(cx.out, "{} {is} a mountpoint", path.display());
    }
    cx.status = u8::from(!is_mountpoint);
    Ok(())
}

fn fail(quiet: bool, message: String) -> Result {
    Err(if quiet { Error::exit(1) } else { Error::message(message) })
}

fn print_number(cx: &mut Cx<'_>, device: u64) {
    let (major, minor) = sys::node::split(device);
    writeln!(cx.out, "{major}:{minor}");
}

fn is_mountpoint(path: &Path, metadata: &fs::Metadata) -> bool {
    let listed = fs::canonicalize(path)
        .ok()
        .zip(mounts::mounted().ok())
        .is_some_and(|(real, mounted)| mounted.iter().any(|entry| entry.target == real));
    // Without /proc: another device than the parent's, or the root, which is its own parent.
    listed
        || fs::metadata(path.join("..")).is_ok_and(|parent| {
            parent.dev() != metadata.dev() || (parent.dev(), parent.ino()) == (metadata.dev(), metadata.ino())
        })
}

fn device_of(number: u64) -> Option<OsString> {
    let by_name = block::find::devices().into_iter().find(|device| {
        fs::metadata(device)
            .is_ok_and(|metadata| metadata.file_type().is_block_device() && metadata.rdev() == number)
    });
    by_name.map(PathBuf::into_os_string)
}
