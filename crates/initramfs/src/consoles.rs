//! consoles — a login prompt on every console that the kernel has. This module does no IO but for `add_gettys`.
//!
//! *Source:* Alpine's mkinitfs, which adds `TTY::respawn:/sbin/getty -L 0 TTY vt100`. Speed 0 keeps what the kernel set.

use std::fs;
use std::io;

const INITTAB: &str = "/etc/inittab";
const SECURETTY: &str = "/etc/securetty";

/// Adds what is missing for the active consoles to /etc/inittab and /etc/securetty. No inittab: nothing is added.
pub(crate) fn add_gettys() -> io::Result<()> {
    let active = fs::read("/sys/class/tty/console/active")?;
    let consoles = lines(&active);
    for (path, added) in
        [(INITTAB, with_gettys as fn(&[u8], &[&[u8]]) -> Option<Vec<u8>>), (SECURETTY, with_terminals)]
    {
        if let Ok(text) = fs::read(path)
            && let Some(text) = added(&text, &consoles)
        {
            fs::write(path, text)?;
        }
    }
    Ok(())
}

/// The consoles that are lines: a screen has its terminals in the table already.
fn lines(active: &[u8]) -> Vec<&[u8]> {
    active.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty() && !is_screen(name)).collect()
}

fn is_screen(name: &[u8]) -> bool {
    name.strip_prefix(b"tty").is_some_and(|number| number.iter().all(u8::is_ascii_digit))
}

/// The table with a getty for each console that has no line, before the other gettys: the console's prompt comes
/// first. None: nothing is missing.
fn with_gettys(table: &[u8], consoles: &[&[u8]]) -> Option<Vec<u8>> {
    let rows: Vec<&[u8]> = table.split_inclusive(|&byte| byte == b'\n').collect();
    let missing: Vec<&&[u8]> = consoles
        .iter()
        .filter(|console| !rows.iter().any(|row| row.split(|&byte| byte == b':').next() == Some(console)))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let is_getty = |row: &&[u8]| !row.starts_with(b"#") && row.windows(6).any(|part| part == b"getty ");
    let place = rows.iter().position(is_getty).unwrap_or(rows.len());
    let mut text = rows[..place].concat();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for console in missing {
        text.extend([*console, b"::respawn:/sbin/getty -L 0 ", *console, b" vt100\n"].concat());
    }
    text.extend(rows[place..].concat());
    Some(text)
}

/// The list of terminals on which root may log in, with each console. None: nothing is missing.
fn with_terminals(list: &[u8], consoles: &[&[u8]]) -> Option<Vec<u8>> {
    let known: Vec<&[u8]> = list.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).collect();
    let missing: Vec<&&[u8]> = consoles.iter().filter(|console| !known.contains(console)).collect();
    if missing.is_empty() {
        return None;
    }
    let mut text = list.to_vec();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for console in missing {
        text.extend([*console, b"\n"].concat());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_gets_a_getty_before_the_others() {
        let table = b"::sysinit:/etc/init.d/rcS\n#ttyS0::respawn:/sbin/getty ttyS0\ntty1::respawn:/sbin/getty 38400 tty1\n";
        let expected = b"::sysinit:/etc/init.d/rcS\n#ttyS0::respawn:/sbin/getty ttyS0\n\
            ttyS0::respawn:/sbin/getty -L 0 ttyS0 vt100\ntty1::respawn:/sbin/getty 38400 tty1\n";
        assert_eq!(with_gettys(table, &lines(b"tty0 ttyS0\n")).unwrap(), expected);
        assert_eq!(with_gettys(expected, &lines(b"ttyS0 tty0\n")), None);
        assert_eq!(with_gettys(b"x", &[b"hvc0"]).unwrap(), b"x\nhvc0::respawn:/sbin/getty -L 0 hvc0 vt100\n");
    }

    #[test]
    fn only_lines_are_added() {
        assert_eq!(lines(b"tty0 ttyS0 ttyAMA0 hvc0\n"), [&b"ttyS0"[..], b"ttyAMA0", b"hvc0"]);
        assert!(lines(b"tty0\n").is_empty() && lines(b"").is_empty());
    }

    #[test]
    fn root_may_log_in_there() {
        assert_eq!(with_terminals(b"console\ntty1", &[b"ttyS0"]).unwrap(), b"console\ntty1\nttyS0\n");
        assert_eq!(with_terminals(b"ttyS0\n", &[b"ttyS0"]), None);
    }
}
