//! limits — `ulimit`, `umask`, `times`.
//!
//! Source: POSIX.1-2024 `ulimit`, `umask`, `times`; BusyBox ash for the other letters of ulimit.

use super::{Arguments, Letters};
use crate::shell::{Flow, Shell};

/// Letter, resource (Linux), bytes a unit, and what `-a` calls it.
const LIMITS: &[(u8, u32, u64, &str)] = &[
    (b'c', 4, 512, "core file size (blocks)"),
    (b'd', 2, 1024, "data seg size (kb)"),
    (b'e', 13, 1, "scheduling priority"),
    (b'f', 1, 512, "file size (blocks)"),
    (b'i', 11, 1, "pending signals"),
    (b'l', 8, 1024, "max locked memory (kb)"),
    (b'm', 5, 1024, "max memory size (kb)"),
    (b'n', 7, 1, "open files"),
    (b'q', 12, 1, "POSIX message queues (bytes)"),
    (b'r', 14, 1, "real-time priority"),
    (b's', 3, 1024, "stack size (kb)"),
    (b't', 0, 1, "cpu time (seconds)"),
    (b'u', 6, 1, "max user processes"),
    (b'v', 9, 1024, "virtual memory (kb)"),
    (b'x', 10, 1, "file locks"),
];
/// `-f`, the one that is meant where none is named.
const FILE_SIZE: usize = 3;

pub(super) fn ulimit(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut letters = Letters::new(arguments, "HSacdefilmnpqrstuvwx");
    let (mut hard, mut soft) = (false, false);
    let mut which = Vec::new();
    let mut all = false;
    while let Some((letter, _)) = letters.next(shell)? {
        match letter {
            b'H' => hard = true,
            b'S' => soft = true,
            b'a' => all = true,
            letter => {
                // dash has other letters for two of them.
                let letter = match letter {
                    b'p' => b'u',
                    b'w' => b'x',
                    letter => letter,
                };
                which.extend(LIMITS.iter().find(|limit| limit.0 == letter));
            }
        }
    }
    let operands = letters.rest();
    if which.is_empty() {
        which.push(&LIMITS[FILE_SIZE]);
    }
    if operands.len() > 1 && !all {
        let both = !hard && !soft;
        for limit in which {
            set(shell, limit.1, limit.2, operands.get(1), soft || both, hard || both)?;
        }
        return Ok(0);
    }
    let several = all || which.len() > 1;
    let list: Vec<_> = if all { LIMITS.iter().collect() } else { which };
    for limit in list {
        let (soft_limit, hard_limit) = sys::job::limit(limit.1).unwrap_or((u64::MAX, u64::MAX));
        let value = if hard { hard_limit } else { soft_limit };
        let value = if value == u64::MAX { "unlimited".to_string() } else { (value / limit.2).to_string() };
        let line = if several {
            format!("{:<31} (-{}) {value}\n", limit.3, limit.0 as char)
        } else {
            format!("{value}\n")
        };
        shell.out.write(line.as_bytes());
    }
    Ok(0)
}

fn set(shell: &mut Shell, resource: u32, unit: u64, text: &[u8], soft: bool, hard: bool) -> Flow<()> {
    let (soft_now, hard_now) = sys::job::limit(resource).unwrap_or((u64::MAX, u64::MAX));
    let value = match text {
        b"unlimited" => u64::MAX,
        b"hard" => hard_now,
        b"soft" => soft_now,
        _ => {
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok());
            match number.and_then(|number| number.checked_mul(unit)) {
                Some(value) => value,
                None => return super::control::illegal_number(shell, text),
            }
        }
    };
    let result = sys::job::set_limit(
        resource,
        if soft { value } else { soft_now },
        if hard { value } else { hard_now },
    );
    match result {
        Ok(()) => Ok(()),
        Err(error) => shell.wrong(format!("error setting limit: {}", sys::error::text(&error)).as_bytes()),
    }
}

pub(super) fn umask(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut letters = Letters::new(arguments, "S");
    let mut symbolic = false;
    while letters.next(shell)?.is_some() {
        symbolic = true;
    }
    let operands = letters.rest();
    let mask = sys::job::set_umask(0);
    sys::job::set_umask(mask);
    if operands.len() == 1 {
        let text = if symbolic { symbols(mask) } else { format!("{mask:04o}\n") };
        shell.out.write(text.as_bytes());
        return Ok(0);
    }
    let text = operands.get(1);
    let new = if text.first().is_some_and(u8::is_ascii_digit) {
        let octal = std::str::from_utf8(text).ok().and_then(|text| u32::from_str_radix(text, 8).ok());
        octal.filter(|&mask| mask <= 0o777)
    } else {
        change(text, !mask & 0o777).map(|allowed| !allowed & 0o777)
    };
    match new {
        Some(new) => {
            sys::job::set_umask(new);
            Ok(0)
        }
        None => shell.wrong(&[b"illegal mode: ", text].concat()),
    }
}

fn symbols(mask: u32) -> String {
    let part = |shift: u32| {
        let bits = !mask >> shift;
        let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
        letters.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, letter)| letter).collect::<String>()
    };
    format!("u={},g={},o={}\n", part(6), part(3), part(0))
}

/// The permissions after symbolic changes such as `u=rwx,go-w`.
fn change(text: &[u8], mut allowed: u32) -> Option<u32> {
    for clause in text.split(|&byte| byte == b',') {
        let who_end = clause.iter().position(|byte| !b"ugoa".contains(byte)).unwrap_or(clause.len());
        let mut who = 0;
        for letter in &clause[..who_end] {
            who |= match letter {
                b'u' => 0o700,
                b'g' => 0o070,
                b'o' => 0o007,
                _ => 0o777,
            };
        }
        if who == 0 {
            who = 0o777;
        }
        let mut rest = &clause[who_end..];
        if rest.is_empty() {
            return None;
        }
        while let [operator @ (b'+' | b'-' | b'='), tail @ ..] = rest {
            let end = tail.iter().position(|byte| matches!(byte, b'+' | b'-' | b'=')).unwrap_or(tail.len());
            let mut bits = 0;
            for letter in &tail[..end] {
                bits |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' => {
                        if allowed & 0o111 != 0 {
                            0o111
                        } else {
                            0
                        }
                    }
                    b'u' => (allowed >> 6 & 7) * 0o111,
                    b'g' => (allowed >> 3 & 7) * 0o111,
                    b'o' => (allowed & 7) * 0o111,
                    b's' | b't' => 0,
                    _ => return None,
                };
            }
            allowed = match operator {
                b'+' => allowed | bits & who,
                b'-' => allowed & !(bits & who),
                _ => allowed & !who | bits & who,
            };
            rest = &tail[end..];
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(allowed)
}

pub(super) fn times(shell: &mut Shell, _arguments: Arguments<'_>) -> Flow<i32> {
    // The clock of times(2) ticks 100 times a second on every Linux.
    let text = |ticks: i64| format!("{}m{}.{:03}s", ticks / 6000, ticks / 100 % 60, ticks % 100 * 10);
    let [user, system, child_user, child_system] = sys::job::times();
    let lines = format!("{} {}\n{} {}\n", text(user), text(system), text(child_user), text(child_system));
    shell.out.write(lines.as_bytes());
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_symbolically() {
        for (text, expected) in [
            ("u=rwx,g=rx,o=", Some(0o750)),
            ("go-w", Some(0o755)),
            ("+x", Some(0o755)),
            ("a=r", Some(0o444)),
            ("z", None),
        ] {
            assert_eq!(change(text.as_bytes(), 0o755), expected, "{text}");
        }
        assert_eq!(symbols(0o022), "u=rwx,g=rx,o=rx\n");
    }
}
