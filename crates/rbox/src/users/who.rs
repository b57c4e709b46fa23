//! who, w, users, last and wall — who is logged in and was, and a message to all.
//!
//! Source: BusyBox 1.37; POSIX.1-2024 `who`.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use super::utmp::{self, BOOT, DEAD, NEW_TIME, OLD_TIME, RUN_LEVEL, Record, USER, UTMP};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "who",
        links: &["/usr/bin/who"],
        usage: "who [-aH]\n\nShow who is logged in.\n\n  -a  All records\n  -H  Titles of the columns\n",
        process: Process::Fork,
        run: who,
    },
    Applet {
        name: "w",
        links: &["/usr/bin/w"],
        usage: "w\n\nShow who is logged in, and for how long the machine runs.\n",
        process: Process::Fork,
        run: who,
    },
    Applet {
        name: "users",
        links: &["/usr/bin/users"],
        usage: "users\n\nPrint the names of those who are logged in.\n",
        process: Process::Fork,
        run: users,
    },
    Applet {
        name: "last",
        links: &["/usr/bin/last"],
        usage: "\
last [-W] [-f FILE]

Show who was logged in.

  -W       Don't cut the names of hosts
  -f FILE  Read FILE instead of /var/log/wtmp
",
        process: Process::Fork,
        run: last,
    },
    Applet {
        name: "wall",
        links: &["/usr/bin/wall"],
        usage: "wall [FILE]\n\nWrite FILE (or stdin) to the terminals of all who are logged in.\n",
        process: Process::Fork,
        run: wall,
    },
];

/// The records of now; where nobody writes any there are none.
fn current() -> Vec<Record> {
    utmp::read(Path::new(UTMP)).unwrap_or_default()
}

fn who(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let is_w = cx.applet.name == "w";
    if is_w {
        let up = sys::clock::since_boot().as_secs();
        let loads = sys::host::info().map(|info| info.loads).unwrap_or_default();
        let [one, five, fifteen] =
            loads.map(|load| format!("{}.{:02}", load >> 16, ((load & 0xffff) * 100) >> 16));
        let now = utmp::time("%H:%M:%S", sys::clock::now().0);
        let (days, hours, minutes) = (up / 86_400, up / 3600 % 24, up / 60 % 60);
        let days = if days > 0 { format!("{days} days, ") } else { String::new() };
        writeln!(cx.out, " {now} up {days}{hours:2}:{minutes:02},  load average: {one}, {five}, {fifteen}");
    }
    if is_w || options.has('H') {
        cx.out.write(b"USER\t\tTTY\t\tIDLE\tTIME\t\t HOST\n");
    }
    for record in current() {
        if record.user.is_empty() || record.kind != USER && !options.has('a') {
            continue;
        }
        let Record { user, line, host, seconds, .. } = &record;
        let time = utmp::time("%b %e %H:%M", *seconds);
        writeln!(cx.out, "{user:<15.15} {line:<15.15} {:<7} {time} {host}", idle(line));
    }
    Ok(())
}

/// How long nothing was typed: hours and minutes, `.` for less than a minute, `old` for more than a day.
fn idle(line: &str) -> String {
    let Ok(data) = fs::metadata(Path::new("/dev").join(line)) else { return "?".to_string() };
    let minutes = (sys::clock::now().0 - data.atime()) / 60;
    match minutes {
        ..1 => ".".to_string(),
        1..1440 => format!("{:02}:{:02}", minutes / 60, minutes % 60),
        _ => "old".to_string(),
    }
}

fn users(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let mut names: Vec<String> =
        current().into_iter().filter(|record| record.kind == USER).map(|record| record.user).collect();
    names.sort_unstable();
    if !names.is_empty() {
        writeln!(cx.out, "{}", names.join(" "));
    }
    Ok(())
}

fn last(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let path = Path::new(options.value('f').unwrap_or(OsStr::new("/var/log/wtmp")));
    let records = utmp::read(path)?;
    let width = if options.has('W') { 46 } else { 16 };
    // From the last one back: by then it is known how each session ended.
    let mut ends: Vec<(String, i64)> = Vec::new();
    let mut down: Option<(i64, &str)> = None;
    let mut down_line = ("still running", 0);
    for record in records.iter().rev() {
        let Record { kind, line, user, host, seconds, .. } = record;
        match *kind {
            RUN_LEVEL | BOOT if line == "~" && user == "shutdown" => {
                down = Some((*seconds, "down"));
                down_line = ("", *seconds);
                ends.clear();
            }
            BOOT => {
                let end = if down_line.1 > 0 { Some(down_line.1) } else { None };
                print(&mut cx.out, ("reboot", "system boot", host), *seconds, end, "still running", width);
                down = Some((*seconds, "crash"));
                ends.clear();
            }
            USER if !user.is_empty() => {
                let ended =
                    ends.iter().position(|(known, _)| known == line).map(|index| ends.remove(index).1);
                let (end, word) = match (ended, down) {
                    (Some(end), _) => (Some(end), ""),
                    (None, Some((at, word))) => (Some(at), word),
                    (None, None) => (None, "still logged in"),
                };
                print(&mut cx.out, (user, line, host), *seconds, end, word, width);
                ends.retain(|(known, _)| known != line);
                ends.push((line.clone(), *seconds));
            }
            USER | DEAD => {
                ends.retain(|(known, _)| known != line);
                ends.push((line.clone(), *seconds));
            }
            NEW_TIME | OLD_TIME => {}
            _ => {}
        }
    }
    if let Some(first) = records.first() {
        writeln!(cx.out, "\nwtmp begins {}", utmp::time("%a %b %e %H:%M:%S %Y", first.seconds));
    }
    Ok(())
}

/// One session: with its end, or with why there is none.
fn print(
    out: &mut Output,
    (user, line, host): (&str, &str, &str),
    start: i64,
    end: Option<i64>,
    word: &str,
    width: usize,
) {
    write!(out, "{user:<8.8} {line:<12.12} {host:<width$.width$} {} ", utmp::time("%a %b %e %H:%M", start));
    let Some(end) = end else {
        writeln!(out, "  {word}");
        return;
    };
    let minutes = (end - start) / 60;
    let length = format!("({}+{:02}:{:02})", minutes / 1440, minutes / 60 % 24, minutes % 60);
    let until = match word {
        "down" | "crash" => format!("{word:<5}"),
        _ => utmp::time("%H:%M", end),
    };
    writeln!(out, "- {until} {length}");
}

fn wall(cx: &mut Cx<'_>) -> Result {
    const NO_WAIT: i32 = 0o4000 | 0o400;
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let mut text = Vec::new();
    match options.operands().first().map(Path::new) {
        Some(file) => {
            let opened = fs::File::open(file)
                .map_err(|error| Error::io(format_args!("can't open '{}'", file.display()), error));
            opened?.read_to_end(&mut text).at(file)?;
        }
        None => {
            cx.stdin().read_to_end(&mut text).doing("read error")?;
        }
    }
    let mut message = b"\r\n".to_vec();
    for byte in text {
        match byte {
            b'\n' => message.extend_from_slice(b"\r\n"),
            b'\t' | 32..=126 | 128.. => message.push(byte),
            // Nobody's terminal is steered by another one's message.
            _ => message.push(b'?'),
        }
    }
    for record in current() {
        if record.kind != USER || record.line.is_empty() || record.line.starts_with(':') {
            continue;
        }
        let path = Path::new("/dev").join(&record.line);
        let sent = OpenOptions::new()
            .write(true)
            .custom_flags(NO_WAIT)
            .open(&path)
            .and_then(|mut terminal| terminal.write_all(&message));
        if let Err(error) = sent {
            cx.report(Error::at(path, error));
        }
    }
    Ok(())
}
