//! setsid — run a command in a new session.
//!
//! Source: BusyBox 1.37; util-linux for `-f` and `-w`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "setsid",
    links: &["/usr/bin/setsid"],
    usage: "\
setsid [-cfw] PROG ARGS

Run PROG in a session of its own, out of reach of the terminal's keys.

  -c, --ctty  Make standard input the session's terminal
  -f, --fork  Always in a child
  -w, --wait  Wait for the child, and end with its status
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    // The leader of a group cannot begin a session, a child can.
    if options.has('f') || sys::session::new_session().is_err() {
        cx.out.flush();
        match sys::child::fork().doing("fork")? {
            Some(child) if options.has('w') => {
                let (_, end) = sys::child::wait(child).doing("wait")?;
                return Err(Error::exit(end.status()));
            }
            Some(_) => return Ok(()),
            None => sys::session::new_session().doing("setsid")?,
        }
    }
    if options.has('c')
        && let Err(error) = sys::session::take_terminal(0)
    {
        cx.report(Error::io("can't set the terminal", error));
    }
    Err(cx.exec(options.operands()))
}
