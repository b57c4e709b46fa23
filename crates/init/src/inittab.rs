//! inittab — /etc/inittab as data. This module does no IO.
//!
//! *Source:* BusyBox 1.37 `init` (its inittab example and manual). *Differs:* ` #` ends a line's process, so that a
//! comment may follow it; `a#b` is left alone. A line of several commands is run whole, not up to the first's end.

/// When a process is started, and whether it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Sysinit,
    Wait,
    Once,
    Respawn,
    Askfirst,
    CtrlAltDel,
    Shutdown,
    Restart,
}

const ACTIONS: &[(&[u8], Action)] = &[
    (b"sysinit", Action::Sysinit),
    (b"wait", Action::Wait),
    (b"once", Action::Once),
    (b"respawn", Action::Respawn),
    (b"askfirst", Action::Askfirst),
    (b"ctrlaltdel", Action::CtrlAltDel),
    (b"shutdown", Action::Shutdown),
    (b"restart", Action::Restart),
];

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The terminal's name below /dev; empty: the console.
    pub(crate) terminal: Vec<u8>,
    pub(crate) action: Action,
    pub(crate) process: Vec<u8>,
}

/// A line that was skipped, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// The entries of an inittab in its order, and the lines that make no sense.
pub(crate) fn parse(text: &[u8]) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = without_comment(line.trim_ascii());
        if line.is_empty() {
            continue;
        }
        match entry(line) {
            Ok(entry) => entries.push(entry),
            Err(what) => problems.push(Problem { line: index + 1, what }),
        }
    }
    (entries, problems)
}

/// The line up to a `#` at its start or behind a blank.
fn without_comment(line: &[u8]) -> &[u8] {
    let comment = (0..line.len())
        .find(|&index| line[index] == b'#' && (index == 0 || line[index - 1].is_ascii_whitespace()));
    line[..comment.unwrap_or(line.len())].trim_ascii_end()
}

fn entry(line: &[u8]) -> Result<Entry, String> {
    let mut fields = line.splitn(4, |&byte| byte == b':');
    let (Some(terminal), Some(_runlevels), Some(action), Some(process)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err("expected id:runlevels:action:process".to_string());
    };
    let action = action.trim_ascii();
    let Some((_, action)) = ACTIONS.iter().find(|(name, _)| *name == action) else {
        return Err(format!("unknown action '{}'", String::from_utf8_lossy(action)));
    };
    let process = process.trim_ascii();
    if process.is_empty() || process == b"-" {
        return Err("no process".to_string());
    }
    let terminal = terminal.trim_ascii();
    let terminal = terminal.strip_prefix(b"/dev/").unwrap_or(terminal).to_vec();
    Ok(Entry { terminal, action: *action, process: process.to_vec() })
}

/// What to do without an inittab.
pub(crate) fn fallback() -> Vec<Entry> {
    let lines: &[u8] = b"::sysinit:/etc/init.d/rcS\n\
        ::askfirst:-/bin/sh\n\
        tty2::askfirst:-/bin/sh\n\
        tty3::askfirst:-/bin/sh\n\
        tty4::askfirst:-/bin/sh\n\
        ::ctrlaltdel:/sbin/reboot\n\
        ::shutdown:/sbin/swapoff -a\n\
        ::shutdown:/bin/umount -a -r\n\
        ::restart:/sbin/init\n";
    parse(lines).0
}

/// What to do in single-user mode: only a shell.
pub(crate) fn single() -> Vec<Entry> {
    parse(b"::respawn:-/bin/sh\n::ctrlaltdel:/sbin/reboot\n::restart:/sbin/init\n").0
}

/// A process as exec takes it: the program and its arguments, the first being the name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) program: Vec<u8>,
    pub(crate) arguments: Vec<Vec<u8>>,
}

/// Splits a process at its blanks or, where it has characters that mean something to a shell, hands it to one, whose
/// process a single command takes over. A leading `-` makes the program's name begin with one, which shells take for a login.
pub(crate) fn command(process: &[u8]) -> Command {
    const OF_THE_SHELL: &[u8] = b"~`!$^&*()=|\\{}[];\"'<>?";
    let (login, process) = match process.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, process),
    };
    let (program, mut arguments) = if process.iter().any(|byte| OF_THE_SHELL.contains(byte)) {
        let single = !process.iter().any(|byte| b";&|`(".contains(byte));
        let line = if single { [b"exec ", process].concat() } else { process.to_vec() };
        (b"/bin/sh".to_vec(), vec![b"sh".to_vec(), b"-c".to_vec(), line])
    } else {
        let words: Vec<Vec<u8>> = process
            .split(|&byte| byte == b' ' || byte == b'\t')
            .filter(|word| !word.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        (words.first().cloned().unwrap_or_default(), words)
    };
    if login && let Some(name) = arguments.first_mut() {
        let base = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
        *name = [b"-", base].concat();
    }
    Command { program, arguments }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_alpines_table() {
        let text = b"# /etc/inittab\n\n::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n\
            tty1::respawn:/sbin/getty 38400 tty1\n/dev/tty2:2345:askfirst:-/bin/sh\r\n\
            #ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n::ctrlaltdel:/sbin/reboot # by hand\n\
            ::once:echo a#b:c\n";
        let (entries, problems) = parse(text);
        assert_eq!(problems, []);
        let seen: Vec<(&[u8], Action, &[u8])> =
            entries.iter().map(|entry| (&entry.terminal[..], entry.action, &entry.process[..])).collect();
        let expected: &[(&[u8], Action, &[u8])] = &[
            (b"", Action::Sysinit, b"/sbin/openrc sysinit"),
            (b"", Action::Wait, b"/sbin/openrc default"),
            (b"tty1", Action::Respawn, b"/sbin/getty 38400 tty1"),
            (b"tty2", Action::Askfirst, b"-/bin/sh"),
            (b"", Action::CtrlAltDel, b"/sbin/reboot"),
            (b"", Action::Once, b"echo a#b:c"),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn names_the_line_that_makes_no_sense() {
        let (entries, problems) =
            parse(b"::once:ok\nnonsense\n::always:x\n::wait:\n::respawn:-\n\xff::once:y");
        assert_eq!(entries.len(), 2);
        let seen: Vec<(usize, &str)> =
            problems.iter().map(|problem| (problem.line, problem.what.as_str())).collect();
        let expected = [
            (2, "expected id:runlevels:action:process"),
            (3, "unknown action 'always'"),
            (4, "no process"),
            (5, "no process"),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn makes_commands() {
        for (process, program, arguments) in [
            ("/sbin/getty  38400\ttty1", "/sbin/getty", &["/sbin/getty", "38400", "tty1"][..]),
            ("-/bin/sh", "/bin/sh", &["-sh"]),
            ("-sh -l", "sh", &["-sh", "-l"]),
            ("a && b >c", "/bin/sh", &["sh", "-c", "a && b >c"]),
            ("a 2>c", "/bin/sh", &["sh", "-c", "exec a 2>c"]),
            ("-echo \"$HOME\"", "/bin/sh", &["-sh", "-c", "exec echo \"$HOME\""]),
        ] {
            let command = command(process.as_bytes());
            assert_eq!(command.program, program.as_bytes(), "{process}");
            let arguments: Vec<&[u8]> = arguments.iter().map(|word| word.as_bytes()).collect();
            assert_eq!(command.arguments, arguments, "{process}");
        }
    }

    #[test]
    fn the_built_in_tables_are_whole() {
        assert_eq!(fallback().len(), 9);
        assert_eq!(single().len(), 3);
    }
}
