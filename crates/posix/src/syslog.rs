//! syslog — priorities by name, and messages to the system's log.
//!
//! Source: RFC 3164; syslog(3) for the names.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::calendar;
use crate::zone::Zone;

/// Where the log listens.
pub const SOCKET: &str = "/dev/log";

/// By number; `security` and `error` are other names for `auth` and `err`.
pub const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];
pub const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

pub const USER_NOTICE: u32 = 13;
pub const INFO: u32 = 6;
pub const DAEMON: u32 = 3 << 3;
pub const SYSLOG: u32 = 5 << 3;
pub const CRON: u32 = 9 << 3;

/// The number of a facility, by name or number.
pub fn facility(text: &str) -> Option<u32> {
    let name = if text == "security" { "auth" } else { text };
    position(&FACILITIES, name).or_else(|| text.parse().ok().filter(|&number| number < 24))
}

/// The number of a level, by name or number.
pub fn level(text: &str) -> Option<u32> {
    let name = match text {
        "error" => "err",
        "warn" => "warning",
        "panic" => "emerg",
        name => name,
    };
    position(&LEVELS, name).or_else(|| text.parse().ok().filter(|&number| number < 8))
}

fn position(names: &[&str], name: &str) -> Option<u32> {
    names.iter().position(|known| *known == name).map(|index| index as u32)
}

/// "user.info", or "kern.7" for what has no name.
pub fn name(priority: u32) -> String {
    let level = LEVELS[(priority & 7) as usize];
    match FACILITIES.get((priority >> 3) as usize) {
        Some(facility) => format!("{facility}.{level}"),
        None => format!("{}.{level}", priority >> 3),
    }
}

/// A connection to the log; it is made anew when the log was started anew.
pub struct Log<'a> {
    path: &'a Path,
    tag: &'a [u8],
    zone: Zone,
    socket: Option<UnixDatagram>,
}

impl<'a> Log<'a> {
    pub fn new(path: &'a Path, tag: &'a [u8]) -> Log<'a> {
        Log { path, tag, zone: Zone::local(), socket: None }
    }

    /// Sends one message, stamped with `seconds` since 1970.
    pub fn send(&mut self, priority: u32, text: &[u8], seconds: i64) -> io::Result<()> {
        let mut message = format!("<{priority}>").into_bytes();
        calendar::strftime(b"%b %e %H:%M:%S ", &self.zone.civil(seconds), 0, &mut message);
        message.extend_from_slice(self.tag);
        message.extend_from_slice(b": ");
        message.extend_from_slice(text);
        if let Some(socket) = &self.socket
            && socket.send(&message).is_ok()
        {
            return Ok(());
        }
        let socket = UnixDatagram::unbound()?;
        socket.connect(self.path)?;
        socket.send(&message)?;
        self.socket = Some(socket);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(
            (facility("local3"), facility("security"), facility("9"), facility("x")),
            (Some(19), Some(4), Some(9), None)
        );
        assert_eq!((level("warn"), level("7"), level("8")), (Some(4), Some(7), None));
        assert_eq!(name(USER_NOTICE), "user.notice");
        assert_eq!(name(30 << 3), "30.emerg");
    }
}
