//! limits — `ulimit`, `umask`, `times`.
//!
//! Source: POSIX.1-2024 `ulimit`, `umask`, `times`; BusyBox ash for the other letters of ulimit.

use super::{Arguments, Flags, Letters};
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
        _ => match posix::number::with_suffix(text, &[("", unit)]) {
            Some(value) => value,
            None => return super::control::illegal_number(shell, text),
        },
    };
    let result = sys::job::set_limit(
        resource,
        if soft { value } else { soft_now },
        if hard { value } else { hard_now },
    );
    match result {
        Ok(()) => Ok(()),
        Err(error) => shell.wrong_by(&[b"error setting limit"], &error),
    }
}

pub(super) fn umask(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let Flags { last: symbolic, operands, .. } = arguments.flags(shell, "S")?;
    let mask = sys::job::set_umask(0);
    sys::job::set_umask(mask);
    if operands.len() == 1 {
        let text = if symbolic != 0 { symbols(mask) } else { format!("{mask:04o}\n") };
        shell.out.write(text.as_bytes());
        return Ok(0);
    }
    match mask_after(operands.get(1), mask) {
        Some(new) => {
            sys::job::set_umask(new);
            Ok(0)
        }
        None => shell.wrong(&[b"illegal mode: ", operands.get(1)]),
    }
}

/// `u=rwx,g=rx,o=rx`: what the mask allows.
fn symbols(mask: u32) -> String {
    let text = posix::mode::text(!mask & 0o777);
    let part = |from: usize| {
        text[from..from + 3].iter().map(|&byte| char::from(byte)).filter(|&letter| letter != '-')
    };
    let mut symbols = String::new();
    for (name, from) in [("u=", 1), (",g=", 4), (",o=", 7)] {
        symbols.push_str(name);
        symbols.extend(part(from));
    }
    symbols.push('\n');
    symbols
}

/// The mask that `text` asks for: a number, or changes of what is allowed, such as `u=rwx,go-w`.
fn mask_after(text: &[u8], mask: u32) -> Option<u32> {
    let mode = posix::mode::Mode::parse(text)?;
    if text[0].is_ascii_digit() {
        return Some(mode.apply(0, false, 0)).filter(|&mask| mask <= 0o777);
    }
    Some(!mode.apply(!mask & 0o777, false, 0) & 0o777)
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
            ("u=rwx,g=rx,o=", Some(0o027)),
            ("go-w", Some(0o022)),
            ("+x", Some(0o022)),
            ("a=r", Some(0o333)),
            ("g=u", Some(0o002)),
            ("27", Some(0o027)),
            ("1777", None),
            ("8", None),
            ("z", None),
            ("", None),
        ] {
            assert_eq!(mask_after(text.as_bytes(), 0o022), expected, "{text}");
        }
        assert_eq!(symbols(0o022), "u=rwx,g=rx,o=rx\n");
        assert_eq!(symbols(0o777), "u=,g=,o=\n");
    }
}
