//! link and unlink — one call each, with nothing around it.
//!
//! Source: POSIX.1-2024 `link`, `unlink`; BusyBox 1.37 for messages.

use super::common::cant;
use crate::prelude::*;
use sys::at::{self, Links};

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "link",
        links: &["/bin/link"],
        usage: "\
link FILE LINK

Make a hard LINK to FILE.
",
        process: Process::Fork,
        run: link,
    },
    Applet {
        name: "unlink",
        links: &["/usr/bin/unlink"],
        usage: "\
unlink FILE

Remove FILE.
",
        process: Process::Fork,
        run: unlink,
    },
];

fn link(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(2, 2)?;
    let [file, link] = options.operands() else { return Err(Error::usage("")) };
    let (file, link) = (Path::new(file), Path::new(link));
    at::link(at::CWD, file, at::CWD, link, Links::Keep).map_err(|error| {
        let (file, link) = (file.display(), link.display());
        Error::io(format_args!("can't create hardlink '{link}' to '{file}'"), error)
    })
}

fn unlink(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let [file] = options.operands() else { return Err(Error::usage("")) };
    let file = Path::new(file);
    at::unlink(at::CWD, file).map_err(|error| cant("remove file", file, error))
}
