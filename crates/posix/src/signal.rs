//! signal — names and numbers of signals.
//!
//! Source: signal(7) for Linux on x86_64 and aarch64, where the numbers agree. 32 to 34 belong to the C library, so
//! RTMIN is 35 here, as in musl; BusyBox 1.37 for the spellings that are accepted.

const NAMES: [&str; 32] = [
    "EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS",
];
pub const REAL_TIME_MIN: i32 = 35;
pub const REAL_TIME_MAX: i32 = 64;

/// The number of a signal by number ("9") or name ("KILL", "sigkill", "RTMIN+3"). 0 and "EXIT" are 0.
pub fn number(text: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(text).ok()?;
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return text.parse().ok().filter(|number| (0..=REAL_TIME_MAX).contains(number));
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    match name {
        "IO" => return Some(29),
        "IOT" => return Some(6),
        "CLD" => return Some(17),
        _ => {}
    }
    if let Some(number) = NAMES.iter().position(|known| *known == name) {
        return i32::try_from(number).ok();
    }
    if let Some(rest) = name.strip_prefix("RTMIN") {
        let offset = if rest.is_empty() { 0 } else { rest.strip_prefix('+')?.parse().ok()? };
        return REAL_TIME_MIN
            .checked_add(offset)
            .filter(|number| (REAL_TIME_MIN..=REAL_TIME_MAX).contains(number));
    }
    let rest = name.strip_prefix("RTMAX")?;
    let offset = if rest.is_empty() { 0 } else { rest.strip_prefix('-')?.parse().ok()? };
    REAL_TIME_MAX.checked_sub(offset).filter(|number| (REAL_TIME_MIN..=REAL_TIME_MAX).contains(number))
}

/// The name of a signal without "SIG"; a number that has none stays a number.
pub fn name(number: i32) -> String {
    match usize::try_from(number).ok().and_then(|index| NAMES.get(index)) {
        Some(name) => (*name).to_string(),
        None if number == REAL_TIME_MIN => "RTMIN".to_string(),
        None if number == REAL_TIME_MAX => "RTMAX".to_string(),
        None => number.to_string(),
    }
}

/// Every signal that has a name, by number, without 0.
pub fn all() -> impl Iterator<Item = i32> {
    (1..NAMES.len() as i32).chain([REAL_TIME_MIN, REAL_TIME_MAX])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, expected) in [
            ("9", Some(9)),
            ("KILL", Some(9)),
            ("sigkill", Some(9)),
            ("SIGchld", Some(17)),
            ("0", Some(0)),
            ("EXIT", Some(0)),
            ("IO", Some(29)),
            ("RTMIN", Some(35)),
            ("RTMIN+2", Some(37)),
            ("RTMAX-1", Some(63)),
            ("RTMIN+99", None),
            ("RTMIN-1", None),
            ("RTMAX-9999999999", None),
            ("65", None),
            ("-1", None),
            ("", None),
            ("SIG", None),
            ("FOO", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
        for signal in all() {
            assert_eq!(number(name(signal).as_bytes()), Some(signal));
        }
        assert_eq!(name(40), "40");
    }
}
