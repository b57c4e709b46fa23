//! read — a line of input into variables.
//!
//! Source: POSIX.1-2024 `read`; BusyBox ash for `-d -n -p -s -t -u`.

use std::io;
use std::time::{Duration, Instant};

use super::{Arguments, Letters};
use crate::expand::{BLANK, ORDINARY};
use crate::name;
use crate::shell::{Flow, Shell};

struct Options<'a> {
    raw: bool,
    delimiter: u8,
    /// At most so many characters.
    most: Option<usize>,
    timeout: Option<Duration>,
    prompt: &'a [u8],
    silent: bool,
    fd: i32,
}

/// How the input ended.
#[derive(PartialEq)]
enum End {
    Delimiter,
    File,
    Timeout,
    Signal,
}

pub(super) fn read(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut letters = Letters::new(arguments, "rp:n:N:d:t:u:s");
    let options = options(shell, &mut letters)?;
    let operands = letters.rest();
    let mut variables = Vec::new();
    for operand in operands.from(1) {
        if !name::is_name(operand) {
            return shell.wrong(&[operand, b": bad variable name"]);
        }
        variables.push(shell.names.intern(operand));
    }
    if !options.prompt.is_empty() && sys::fd::is_terminal(options.fd) {
        let prompt = options.prompt.to_vec();
        shell.write_error(&prompt);
    }
    shell.out.flush();
    let silenced = if options.silent || options.most.is_some() {
        sys::terminal::quiet(options.fd, options.silent, options.most.is_some())
    } else {
        None
    };
    let (line, escaped, end) = read_line(shell, &options);
    if let Some(before) = silenced {
        before.restore();
    }
    if end == End::Signal {
        return Ok(128 + crate::trap::SIGINT.max(shell.pending_signal()));
    }
    assign(shell, &variables, &line, &escaped)?;
    Ok(match end {
        End::Delimiter => 0,
        End::Timeout => 128 + 14,
        _ => 1,
    })
}

fn options<'a>(shell: &mut Shell, letters: &mut Letters<'a>) -> Flow<Options<'a>> {
    let mut options = Options {
        raw: false,
        delimiter: b'\n',
        most: None,
        timeout: None,
        prompt: b"",
        silent: false,
        fd: 0,
    };
    while let Some((letter, value)) = letters.next(shell)? {
        match letter {
            b'r' => options.raw = true,
            b'p' => options.prompt = value,
            b's' => options.silent = true,
            b'd' => options.delimiter = value.first().copied().unwrap_or(0),
            b't' => match seconds(value) {
                Some(timeout) => options.timeout = Some(timeout),
                None => return shell.wrong(&[b"invalid timeout"]),
            },
            _ => {
                let Some(number) = super::control::number(value) else {
                    let what: &[u8] =
                        if letter == b'u' { b"invalid file descriptor" } else { b"invalid count" };
                    return shell.wrong(&[what]);
                };
                if letter == b'u' { options.fd = number } else { options.most = Some(number as usize) }
            }
        }
    }
    Ok(options)
}

/// `1`, `0.5`: seconds without a unit behind them.
fn seconds(text: &[u8]) -> Option<Duration> {
    text.last().filter(|last| !last.is_ascii_alphabetic())?;
    posix::number::duration(text)
}

/// The characters up to the delimiter, which of them were escaped (their places), and how it ended.
fn read_line(shell: &mut Shell, options: &Options<'_>) -> (Vec<u8>, Vec<usize>, End) {
    let mut line = Vec::new();
    let mut escaped = Vec::new();
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let mut count = 0;
    let mut backslash = false;
    if options.raw
        && deadline.is_none()
        && options.most.is_none()
        && let Some(text) = shell.read_ahead.up_to(options.fd, options.delimiter)
    {
        // The whole line is there.
        line.extend_from_slice(&text[..text.len() - 1]);
        line.retain(|&byte| byte != 0);
        return (line, escaped, End::Delimiter);
    }
    loop {
        if options.most.is_some_and(|most| count >= most) {
            return (line, escaped, End::Delimiter);
        }
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            match sys::descriptor::wait_readable(options.fd, left.as_millis() as i32) {
                Ok(true) => {}
                Ok(false) => return (line, escaped, End::Timeout),
                Err(_) if shell.has_trapped_signal() => return (line, escaped, End::Signal),
                Err(_) => continue,
            }
        }
        let byte = match shell.read_ahead.byte(options.fd) {
            Ok(Some(byte)) => byte,
            Ok(None) => return (line, escaped, End::File),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                if shell.has_trapped_signal() {
                    return (line, escaped, End::Signal);
                }
                continue;
            }
            Err(error) => {
                shell.report_error(&[b"read error"], &error);
                return (line, escaped, End::File);
            }
        };
        count += 1;
        if backslash {
            backslash = false;
            if byte != b'\n' && byte != 0 {
                escaped.push(line.len());
                line.push(byte);
            }
        } else if byte == b'\\' && !options.raw {
            backslash = true;
        } else if byte == options.delimiter {
            return (line, escaped, End::Delimiter);
        } else if byte != 0 {
            line.push(byte);
        }
    }
}

/// Splits the line among the variables; the last gets the rest.
fn assign(shell: &mut Shell, variables: &[name::Name], line: &[u8], escaped: &[usize]) -> Flow {
    if variables.is_empty() {
        return shell.assign(name::REPLY, line);
    }
    // Classes of all characters: an escaped one never splits.
    let class = |shell: &Shell, at: usize| {
        if escaped.binary_search(&at).is_ok() { ORDINARY } else { shell.ifs.class(line[at]) }
    };
    let mut at = 0;
    while at < line.len() && class(shell, at) == BLANK {
        at += 1;
    }
    for (index, &variable) in variables.iter().enumerate() {
        if index + 1 == variables.len() {
            let end = last_field_end(line, at, |at| class(shell, at));
            return shell.assign(variable, &line[at..end]);
        }
        let start = at;
        while at < line.len() && class(shell, at) == ORDINARY {
            at += 1;
        }
        shell.assign(variable, &line[start..at])?;
        at = behind_delimiter(line, at, |at| class(shell, at));
    }
    Ok(())
}

/// Passes one delimiter: blanks, and at most one other character of IFS among them.
fn behind_delimiter(line: &[u8], mut at: usize, class: impl Fn(usize) -> u8) -> usize {
    while at < line.len() && class(at) == BLANK {
        at += 1;
    }
    if at < line.len() && class(at) != ORDINARY {
        at += 1;
        while at < line.len() && class(at) == BLANK {
            at += 1;
        }
    }
    at
}

/// Where the value of the last variable ends: blanks at the end go, and so does one delimiter if it ends the only
/// field that is left.
fn last_field_end(line: &[u8], start: usize, class: impl Fn(usize) -> u8) -> usize {
    let mut end = line.len();
    while end > start && class(end - 1) == BLANK {
        end -= 1;
    }
    let mut field = start;
    while field < end && class(field) == ORDINARY {
        field += 1;
    }
    if field < end && behind_delimiter(line, field, &class) >= end {
        return field;
    }
    end
}
