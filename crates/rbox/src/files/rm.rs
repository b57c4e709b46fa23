//! rm — remove files and trees.
//!
//! Source: POSIX.1-2024 `rm`; BusyBox 1.37 for messages and `-v`; GNU for `-d`, `--preserve-root`.
//!
//! *Differs:* the root directory is refused, by what it is and not by its name; BusyBox 1.37 removes it.

use super::common::remove::Removal;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "rm",
    links: &["/bin/rm"],
    usage: "\
rm [-dfirv] FILE...

Remove FILEs. The root directory, '.' and '..' are refused.

  -d, --dir             Remove empty directories too
  -f, --force           Never ask; what does not exist is no error
  -i, --interactive     Always ask
  -r, --recursive       Remove directories and all in them
  -R                    The same
  -v, --verbose         Print what is removed
  --one-file-system     Stay on the file system of each FILE
  --preserve-root       Refuse the root directory (default)
  --no-preserve-root    Do not refuse it
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let interactive = options.last_of("if") == Some('i');
    let force = options.has('f') && !interactive;
    if options.operands().is_empty() && !force {
        return Err(Error::usage(""));
    }
    let removal = Removal {
        recursive: options.has('r') || options.has('R'),
        force,
        interactive,
        verbose: options.has('v'),
        empty_directories: options.has('d'),
        same_device: options.has_long("one-file-system"),
        root_too: options.has_long("no-preserve-root"),
        asks_protected: !force && sys::fd::is_terminal(0),
    };
    for operand in options.operands() {
        removal.remove(cx, Path::new(operand));
    }
    Ok(())
}
