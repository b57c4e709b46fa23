//! shred — overwrite files, so that what they held is hard to get back.
//!
//! Source: BusyBox 1.37 for options. File systems that copy on write, and flash, may keep old blocks nevertheless.

use std::fs::File;
use std::io::Seek;

use super::common::{cant, size};
use crate::prelude::*;
use sys::at;

pub(crate) const APPLET: Applet = Applet {
    name: "shred",
    links: &["/usr/bin/shred"],
    usage: "\
shred [-fuvxz] [-n N] [-s SIZE] FILE...

Overwrite FILEs with random bytes.

  -f, --force         Change the mode where that is needed to write
  -n, --iterations=N  Overwrite N times (by default 3)
  -s, --size=SIZE     Overwrite so many bytes
  -u, --remove        Remove FILEs then
  -v, --verbose       Print each pass
  -x, --exact         Do not round the size up (always so)
  -z, --zero          Overwrite with zeros at the end
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let passes = options.number('n')?.unwrap_or(3);
    let size = options.value('s').map(size::parse).transpose()?;
    for operand in options.operands() {
        if let Err(error) = shred(cx, &options, Path::new(operand), passes, size) {
            cx.report(error);
        }
    }
    Ok(())
}

fn shred(cx: &mut Cx<'_>, options: &Options, path: &Path, passes: u64, size: Option<u64>) -> Result {
    let mut file = match at::open(at::CWD, path, at::O_WRONLY, 0) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && options.has('f') => {
            at::chmod(at::CWD, path, 0o600, at::Links::Follow)
                .and_then(|()| at::open(at::CWD, path, at::O_WRONLY, 0))
        }
        other => other,
    }
    .map_err(|error| cant("open", path, error))?;
    let size = match size {
        Some(size) => size,
        None => file.seek(io::SeekFrom::End(0)).at(path)?,
    };
    for pass in 1..=passes {
        if options.has('v') {
            cx.warn(&format!("{}: pass {pass}/{passes} (random)", path.display()));
        }
        overwrite(&mut file, size, true).at(path)?;
    }
    if options.has('z') {
        overwrite(&mut file, size, false).at(path)?;
    }
    if options.has('u') {
        sys::contents::set_size(&file, 0).at(path)?;
        drop(file);
        at::unlink(at::CWD, path).map_err(|error| cant("remove", path, error))?;
    }
    Ok(())
}

/// Writes `size` bytes from the start, and waits until they are on the disk: a later pass would replace them in memory.
fn overwrite(file: &mut File, size: u64, random: bool) -> io::Result<()> {
    file.seek(io::SeekFrom::Start(0))?;
    let mut buffer = vec![0; 64 * 1024];
    let mut left = size;
    while left > 0 {
        let length = left.min(buffer.len() as u64) as usize;
        if random {
            sys::random::fill(&mut buffer[..length])?;
        }
        file.write_all(&buffer[..length])?;
        left -= length as u64;
    }
    sys::filesystem::sync_data(file)
}
