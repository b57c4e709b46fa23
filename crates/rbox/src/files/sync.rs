//! sync and fsync — make the system write what it holds in memory.
//!
//! Source: BusyBox 1.37 for options; sync(2), syncfs(2), fsync(2).
//!
//! *Differs:* `sync FILE` opens what it cannot write, too, for reading.

use super::common::cant;
use crate::prelude::*;
use sys::{at, filesystem};

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "sync",
        links: &["/bin/sync"],
        usage: "\
sync [-df] [FILE]...

Write all that is in memory to disk, or what belongs to FILEs.

  -d, --data         Without data about FILEs that reading does not need
  -f, --file-system  All of the file systems that hold FILEs
",
        process: Process::Same,
        run: sync,
    },
    Applet {
        name: "fsync",
        links: &["/bin/fsync"],
        usage: "\
fsync [-d] FILE...

Write what is in memory of FILEs to disk.

  -d  Without data about FILEs that reading does not need
",
        process: Process::Same,
        run: sync,
    },
];

fn sync(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if options.operands().is_empty() {
        if cx.applet.name == "fsync" {
            return Err(Error::usage(""));
        }
        filesystem::sync_all();
        return Ok(());
    }
    if options.has('d') && options.has('f') {
        return Err(Error::usage("-d and -f exclude each other"));
    }
    for operand in options.operands() {
        let path = Path::new(operand);
        let flags = at::O_RDONLY | at::O_NOCTTY | at::O_NONBLOCK;
        let file = match at::open(at::CWD, path, flags, 0) {
            Ok(file) => file,
            Err(error) => {
                cx.report(cant("open", path, error));
                continue;
            }
        };
        let done = if options.has('f') {
            filesystem::sync_of(&file)
        } else if options.has('d') {
            filesystem::sync_data(&file)
        } else {
            filesystem::sync_file(&file)
        };
        if let Err(error) = done {
            cx.report(Error::at(path, error));
        }
    }
    Ok(())
}
