//! line — from a message to a line of the log.
//!
//! Source: RFC 3164 4.1; BusyBox 1.37 for the line.

use posix::calendar;
use posix::syslog;
use posix::zone::Zone;

#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Without host and priority.
    pub(super) short: bool,
    pub(super) stamp_on_arrival: bool,
}

/// The priority of `<N>text`, user.notice where there is none, and the text.
pub(super) fn split_priority(message: &[u8]) -> (u32, &[u8]) {
    const PRIORITY_MAX: u32 = 24 * 8;
    let parsed = message.strip_prefix(b"<").and_then(|rest| {
        let end = rest.iter().take(4).position(|&byte| byte == b'>')?;
        let priority: u32 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        (priority < PRIORITY_MAX).then_some((priority, &rest[end + 1..]))
    });
    parsed.unwrap_or((syslog::USER_NOTICE, message))
}

/// The length of "Nov 24 06:00:00 " at the begin of a text, or 0.
fn stamp_length(text: &[u8]) -> usize {
    const LENGTH: usize = 16;
    let Some(stamp) = text.get(..LENGTH) else { return 0 };
    let fits = [(3, b' '), (6, b' '), (9, b':'), (12, b':'), (15, b' ')]
        .iter()
        .all(|&(index, byte)| stamp[index] == byte);
    if fits { LENGTH } else { 0 }
}

pub(super) fn without_stamp(text: &[u8]) -> &[u8] {
    &text[stamp_length(text)..]
}

/// "Nov 24 06:00:00 host user.info tag: text\n". Control characters are shown as `^X`, so that a line stays a line.
pub(super) fn format(
    priority: u32,
    text: &[u8],
    host: &[u8],
    now: i64,
    zone: &Zone,
    style: Style,
) -> Vec<u8> {
    let (stamp, text) = text.split_at(stamp_length(text));
    let mut line = Vec::new();
    if stamp.is_empty() || style.stamp_on_arrival {
        calendar::strftime(b"%b %e %H:%M:%S ", &zone.civil(now), 0, &mut line);
    } else {
        line.extend_from_slice(stamp);
    }
    if !style.short {
        line.extend_from_slice(host);
        line.extend_from_slice(format!(" {} ", syslog::name(priority)).as_bytes());
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for &byte in text {
        match byte {
            b'\n' | b'\t' => line.push(b' '),
            0..=31 => line.extend([b'^', byte + b'@']),
            127 => line.extend(b"^?"),
            _ => line.push(byte),
        }
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let style = Style { short: false, stamp_on_arrival: false };
        for (message, style, expected) in [
            ("<14>Nov 24 06:00:00 a: b", style, "Nov 24 06:00:00 h user.info a: b\n"),
            ("<14>a: b\n", style, "Jan  1 00:00:05 h user.info a: b\n"),
            ("no priority", style, "Jan  1 00:00:05 h user.notice no priority\n"),
            ("<999>x", style, "Jan  1 00:00:05 h user.notice <999>x\n"),
            ("<3>a\x1b[1m\nb\tc", style, "Jan  1 00:00:05 h kern.err a^[[1m b c\n"),
            (
                "<14>Nov 24 06:00:00 a",
                Style { stamp_on_arrival: true, ..style },
                "Jan  1 00:00:05 h user.info a\n",
            ),
            ("<14>a", Style { short: true, ..style }, "Jan  1 00:00:05 a\n"),
        ] {
            let (priority, text) = split_priority(message.as_bytes());
            let line = format(priority, text, b"h", 5, &Zone::utc(), style);
            assert_eq!(String::from_utf8_lossy(&line), expected, "{message:?}");
        }
    }
}
