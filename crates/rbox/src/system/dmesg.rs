//! dmesg — print or control the kernel's messages.
//!
//! Source: BusyBox 1.37; util-linux for `-T`, `-C`, `-D` and `-E`; syslog(2).

use posix::calendar;
use posix::zone::Zone;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "dmesg",
    links: &["/bin/dmesg"],
    usage: "\
dmesg [-cCrTDE] [-n LEVEL] [-s SIZE]

Print or control the kernel's messages.

  -c, --read-clear           Print, then clear
  -C, --clear                Clear only
  -r, --raw                  Print with the levels
  -T, --ctime                Print times as dates
  -n, --console-level=LEVEL  Messages below LEVEL go to the console
  -D, --console-off          None goes to the console
  -E, --console-on           As many as at the boot
  -s, --buffer-size=SIZE     Print the last SIZE bytes
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    if let Some(level) = options.number('n')? {
        let level = i32::try_from(level).ok().filter(|level| (1..=8).contains(level));
        let level = level.ok_or_else(|| Error::message("the level must be from 1 to 8"))?;
        return sys::kernel_log::set_console_level(level).doing("klogctl");
    }
    if options.has('D') {
        return sys::kernel_log::set_console_level(1).doing("klogctl");
    }
    if options.has('E') {
        return sys::kernel_log::reset_console_level().doing("klogctl");
    }
    let size = match options.number('s')? {
        // A buffer of no bytes would print nothing; as small as BusyBox has it.
        Some(size) => usize::try_from(size).unwrap_or(usize::MAX).clamp(1, 16 << 20),
        None => sys::kernel_log::size().doing("klogctl")?,
    };
    let mut buffer = vec![0; size];
    let read = match options.has('c') || options.has('C') {
        true => sys::kernel_log::read_clear(&mut buffer),
        false => sys::kernel_log::read_all(&mut buffer),
    };
    let length = read.doing("klogctl")?;
    if options.has('C') {
        return Ok(());
    }
    let (now, _) = sys::clock::now();
    let boot = now - sys::clock::since_boot().as_secs() as i64;
    let dated = options.has('T').then(|| (boot, Zone::local()));
    let mut text = Vec::with_capacity(length);
    for line in buffer[..length].split_inclusive(|&byte| byte == b'\n') {
        show(line, options.has('r'), dated.as_ref(), &mut text);
    }
    if text.last().is_some_and(|&byte| byte != b'\n') {
        text.push(b'\n');
    }
    cx.out.write(&text);
    Ok(())
}

/// A line without its level (unless it is to stay), and with its time as a date if `dated` has the boot's time.
fn show(mut line: &[u8], raw: bool, dated: Option<&(i64, Zone)>, text: &mut Vec<u8>) {
    if let Some(end) = level_length(line) {
        if raw {
            text.extend_from_slice(&line[..end]);
        }
        line = &line[end..];
    }
    if let Some((boot, zone)) = dated
        && let Some((seconds, behind)) = uptime(line)
    {
        text.push(b'[');
        calendar::strftime(b"%a %b %e %H:%M:%S %Y", &zone.civil(boot + seconds), 0, text);
        text.push(b']');
        line = &line[behind..];
    }
    text.extend_from_slice(line);
}

/// The length of "<6>" at the begin of a line.
fn level_length(line: &[u8]) -> Option<usize> {
    let digits = line.strip_prefix(b"<")?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0 && line.get(digits + 1) == Some(&b'>')).then_some(digits + 2)
}

/// The seconds in "[   12.345678]" at the begin of a line, and its length.
fn uptime(line: &[u8]) -> Option<(i64, usize)> {
    let end = line.iter().position(|&byte| byte == b']')?;
    let stamp = std::str::from_utf8(line[..end].strip_prefix(b"[")?).ok()?;
    let (seconds, _) = stamp.trim().split_once('.')?;
    Some((seconds.parse().ok()?, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let zone = (86_400, Zone::utc());
        for (line, raw, dated, expected) in [
            ("<6>[    1.5] a\n", false, None, "[    1.5] a\n"),
            ("<6>[    1.5] a\n", true, None, "<6>[    1.5] a\n"),
            ("<6>[   61.500000] a\n", false, Some(&zone), "[Fri Jan  2 00:01:01 1970] a\n"),
            ("<x>a", false, Some(&zone), "<x>a"),
            ("[]", false, Some(&zone), "[]"),
            ("<12>", false, None, ""),
        ] {
            let mut text = Vec::new();
            show(line.as_bytes(), raw, dated, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), expected, "{line}");
        }
    }
}
