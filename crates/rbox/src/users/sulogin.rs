//! sulogin — a shell for root when the system cannot be used otherwise.
//!
//! Source: BusyBox 1.37 `sulogin`.

use std::os::fd::AsRawFd;

use posix::passwd;

use super::common::{self, Environment, FAILURE_PAUSE, Secret};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "sulogin",
    links: &["/sbin/sulogin"],
    usage: "\
sulogin [-p] [-t N] [TTY]

Single user login

  -p      Start a login shell
  -t SEC  Timeout
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let limit = options.number('t')?;
    if let Some(terminal) = options.operands().first() {
        open_terminal(terminal)?;
    }
    if !sys::fd::is_terminal(0) {
        return Err(Error::message("standard input is not a terminal"));
    }
    let root = passwd::user_by_id(0).ok_or_else(|| Error::message("no password entry for root"))?;
    let secret = common::secret_of(&root);
    let prompt = "Give root password for maintenance\n(or type Ctrl-D for normal startup): ";
    loop {
        if secret == Secret::None {
            break;
        }
        let Some(given) = common::ask_secret(cx, prompt, limit) else {
            cx.out.write(b"Normal startup\n");
            return Ok(());
        };
        if common::fits(&secret, &given) {
            break;
        }
        std::thread::sleep(FAILURE_PAUSE);
        cx.out.write(b"Login incorrect\n");
    }
    common::log("sulogin", "System Maintenance Mode");
    let shell = ["SUSHELL", "sushell"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let shell = shell.unwrap_or_else(|| root.shell().to_path_buf());
    let mut environment = Environment::inherited();
    environment.describe(&root, &shell);
    common::become_user(&root)?;
    common::go_home(cx, &root);
    cx.out.flush();
    Err(environment.exec_shell(&shell, options.has('p'), &[]))
}

fn open_terminal(terminal: &OsStr) -> Result {
    let path = Path::new("/dev").join(terminal);
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).at(&path)?;
    let _ = sys::session::new_session(); // init has made it already
    let _ = sys::session::take_terminal(file.as_raw_fd());
    for standard in 0..=2 {
        sys::fd::duplicate_to(file.as_raw_fd(), standard).at(&path)?;
    }
    if file.as_raw_fd() <= 2 {
        std::mem::forget(file); // it is one of the three itself
    }
    Ok(())
}
