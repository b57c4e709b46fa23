//! exec — an applet that becomes another command (`nice`, `env`, `setsid`).

use std::ffi::OsString;
use std::io;

use crate::applet::Cx;
use crate::error::Error;

impl Cx<'_> {
    /// Replaces this process by `command`. What it returns is why that failed, reported already ("can't execute 'x': …");
    /// the status is 127 for a command that does not exist and 126 for one that cannot be run.
    pub fn exec(&mut self, command: &[OsString]) -> Error {
        self.out.flush();
        let error = sys::exec::replace(command);
        self.exec_failed(command, error)
    }

    /// Reports why `command` could not be run, and gives the status for it.
    #[cold]
    pub fn exec_failed(&mut self, command: &[OsString], error: io::Error) -> Error {
        let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        let name = command.first().map(|name| name.to_string_lossy()).unwrap_or_default();
        self.warn(&format!("can't execute '{name}': {}", sys::error::text(&error)));
        Error::exit(status)
    }
}
