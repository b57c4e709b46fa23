//! pwd — print the working directory.
//!
//! Source: POSIX.1-2024 `pwd`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "pwd",
    links: &["/bin/pwd"],
    usage: "\
pwd [-LP]

Print the full name of the working directory.

  -L, --logical   As $PWD has it, with symbolic links, if that is right
  -P, --physical  Without symbolic links (default)
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let logical = options.last_of("LP") == Some('L');
    let directory = match logical_directory().filter(|_| logical) {
        Some(directory) => directory,
        None => std::env::current_dir().doing("getcwd")?,
    };
    cx.out.write(directory.as_os_str().as_bytes());
    cx.out.write(b"\n");
    Ok(())
}

/// $PWD, if it is an absolute name of the working directory without `.` and `..`.
fn logical_directory() -> Option<PathBuf> {
    let directory = PathBuf::from(std::env::var_os("PWD")?);
    let bytes = directory.as_os_str().as_bytes();
    let plain = bytes.starts_with(b"/")
        && !bytes.split(|&byte| byte == b'/').any(|part| matches!(part, b"." | b".."));
    let (named, here) = (fs::metadata(&directory).ok()?, fs::metadata(".").ok()?);
    (plain && (named.dev(), named.ino()) == (here.dev(), here.ino())).then_some(directory)
}
