//! insmod — load a kernel module from a file.
//!
//! Source: finit_module(2); BusyBox 1.37 for the messages. Compressed files are unpacked by the kernel.

use super::common::{load_error, load_file, push_parameter};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "insmod",
    links: &["/sbin/insmod"],
    usage: "\
insmod [-f] FILE [SYMBOL=VALUE]...

Load kernel module.

  -f, --force  Ignore the kernel version that it was built for
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let file = Path::new(&options.operands()[0]);
    let mut parameters = Vec::new();
    for word in &options.operands()[1..] {
        push_parameter(&mut parameters, word.as_bytes());
    }
    if let Err(error) = std::fs::metadata(file) {
        return Err(Error::io(format_args!("can't insert '{}'", file.display()), error));
    }
    load_file(file, &parameters, options.has('f')).map_err(|error| {
        Error::message(format_args!("can't insert '{}': {}", file.display(), load_error(&error)))
    })
}
