//! rescue — a shell on the console when there is no init to hand over to.

use std::ffi::OsString;
use std::path::Path;

use crate::say;

/// Shells to try: the link, then the programs behind it, in case the links are what is broken.
const SHELLS: &[(&str, &[&str])] =
    &[("/bin/sh", &["-sh"]), ("/bin/rbox", &["rbox", "sh"]), ("/bin/busybox", &["busybox", "sh"])];

/// Runs a shell on the console until it ends. False: there is none.
pub(crate) fn shell(init: &Path) -> bool {
    let Some((program, arguments)) = SHELLS.iter().find(|(program, _)| Path::new(program).exists()) else {
        return false;
    };
    say::show(&format!(
        "a rescue shell follows. In it:\n  \
           dmesg | tail     shows the kernel's last messages\n  \
           ls -l {0}   shows whether it is there and may be run\n  \
           exit             tries {0} again\n  \
           reboot -f        starts the machine anew; poweroff -f ends it\n  \
         Another program can be named on the kernel's command line: init=/bin/sh",
        init.display()
    ));
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let environment: Vec<(OsString, OsString)> = crate::environment();
    let started = sys::process::fork(&mut || {
        sys::signal_wait::reset_all();
        sys::process::new_session(0);
        let error = sys::process::exec(Path::new(program), &arguments, &environment);
        say::show(&format!("{program}: {}", sys::error::text(&error)));
        127
    });
    match started {
        Ok(pid) => wait_for(pid),
        Err(error) => {
            say::show(&format!("cannot fork: {}", sys::error::text(&error)));
            false
        }
    }
}

/// Reaps until that child has ended. False: it could not even start.
fn wait_for(pid: i32) -> bool {
    loop {
        match sys::process::reap_waiting() {
            Ok(ended) if ended.pid == pid => return ended.status != 127,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}
