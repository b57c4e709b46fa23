//! kernel — klogd: the kernel's messages to the system's log.
//!
//! Source: BusyBox 1.37; syslog(2).

use posix::syslog::{self, Log};

use crate::prelude::*;

const BUFFER_SIZE: usize = 16 * 1024;

pub(super) fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let level = options.number('c')?;
    if let Some(level) = level {
        if !(1..=8).contains(&level) {
            return Err(Error::message(format_args!("number {level} is not in 1..8 range")));
        }
        sys::kernel_log::set_console_level(level as i32).doing("klogctl")?;
    }
    // Reading needs rights that the caller may not have: say so before going to the background.
    sys::kernel_log::size().doing("klogctl")?;
    if !options.has('n') && !sys::session::daemonize().doing("can't go to the background")? {
        return Ok(());
    }
    for signal in [1, 2, 15] {
        sys::session::catch(signal);
    }
    let mut log = Log::new(Path::new(syslog::SOCKET), b"kernel");
    let mut own = Log::new(Path::new(syslog::SOCKET), b"klogd");
    // Without a log the messages stay in the kernel's buffer, and dmesg has them.
    let _ = own.send(syslog::SYSLOG | 5, b"klogd started: Tarn", sys::clock::now().0);
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut used = 0;
    while sys::session::caught() == 0 {
        used += match sys::kernel_log::read(&mut buffer[used..]) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("klogctl", error)),
        };
        let mut start = 0;
        while let Some(end) = buffer[start..used].iter().position(|&byte| byte == b'\n') {
            let (priority, text) = split(&buffer[start..start + end]);
            let _ = log.send(priority, text, sys::clock::now().0);
            start += end + 1;
        }
        // A line that fills the whole buffer is cut.
        if start == 0 && used == buffer.len() {
            start = used;
        }
        buffer.copy_within(start..used, 0);
        used -= start;
    }
    if level.is_some() {
        let _ = sys::kernel_log::reset_console_level();
    }
    let _ = own.send(syslog::SYSLOG | 5, b"klogd: exiting", sys::clock::now().0);
    Ok(())
}

/// The priority in "<6>text" (facility kern where it has none), and the text.
fn split(line: &[u8]) -> (u32, &[u8]) {
    const WARNING: u32 = 4;
    let parsed = line.strip_prefix(b"<").and_then(|rest| {
        let end = rest.iter().position(|&byte| byte == b'>')?;
        let priority: u32 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        Some((priority & 0xff, &rest[end + 1..]))
    });
    parsed.unwrap_or((WARNING, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities() {
        assert_eq!(split(b"<6>[ 1.0] a"), (6, &b"[ 1.0] a"[..]));
        assert_eq!(split(b"<30>b"), (30, &b"b"[..]));
        assert_eq!(split(b"c <6>"), (4, &b"c <6>"[..]));
    }
}
