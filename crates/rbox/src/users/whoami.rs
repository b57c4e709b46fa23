//! whoami — prints the name of the user whose rights a command has.
//!
//! Source: BusyBox 1.37 `whoami`.

use posix::passwd;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "whoami",
    links: &["/usr/bin/whoami"],
    usage: "\
whoami

Print the user name associated with the current effective user id
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let uid = sys::user::effective_id();
    let user = passwd::user_by_id(uid).ok_or_else(|| Error::message(format_args!("unknown uid {uid}")))?;
    cx.out.write(&user.name);
    cx.out.write(b"\n");
    Ok(())
}
