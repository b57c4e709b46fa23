//! readahead — read files into the kernel's cache.
//!
//! Source: BusyBox 1.37.

use std::fs::File;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "readahead",
    links: &["/usr/sbin/readahead"],
    usage: "readahead FILE...\n\nRead files, so that they are in memory when they are needed.\n",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let mut buffer = vec![0; 64 * 1024];
    for operand in options.operands() {
        let path = Path::new(operand);
        let read = File::open(path)
            .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))
            .and_then(|mut file| {
                while file.read(&mut buffer).at(path)? > 0 {}
                Ok(())
            });
        if let Err(error) = read {
            cx.report(error);
        }
    }
    Ok(())
}
