//! signal_option — the option of kill and its kin that names a signal: `-9`, `-KILL`, `-s KILL`, `-l`.

use crate::prelude::*;

pub(crate) enum Request<'a> {
    /// `-l` has been answered.
    Listed,
    /// The signal, and the arguments behind the option.
    Send(i32, &'a [OsString]),
}

/// Reads the first argument if it names a signal.
///
/// Errors: "bad signal name 'x'".
pub(crate) fn parse<'a>(cx: &mut Cx<'a>) -> Result<Request<'a>> {
    const TERM: i32 = 15;
    let args = cx.args;
    let Some(first) = args.first() else { return Ok(Request::Send(TERM, args)) };
    match first.as_bytes() {
        b"-l" | b"-L" | b"--list" => {
            list(cx, &args[1..])?;
            Ok(Request::Listed)
        }
        b"--" => Ok(Request::Send(TERM, &args[1..])),
        b"-s" | b"-n" | b"--signal" => {
            let name = args.get(1).ok_or_else(|| bad_name("s"))?;
            let signal =
                posix::signal::number(name.as_bytes()).ok_or_else(|| bad_name(&name.to_string_lossy()))?;
            Ok(Request::Send(signal, skip_dashes(&args[2..])))
        }
        [b'-', name @ ..] if !name.is_empty() => match posix::signal::number(name) {
            Some(signal) => Ok(Request::Send(signal, skip_dashes(&args[1..]))),
            None => Err(bad_name(&String::from_utf8_lossy(name))),
        },
        _ => Ok(Request::Send(TERM, args)),
    }
}

fn skip_dashes(args: &[OsString]) -> &[OsString] {
    &args[usize::from(args.first().is_some_and(|first| first == "--"))..]
}

#[cold]
fn bad_name(name: &str) -> Error {
    Error::message(format_args!("bad signal name '{name}'"))
}

/// All signals, or the other way to write each of `names`. A status above 128 means the signal that it came from.
pub(crate) fn list(cx: &mut Cx<'_>, names: &[OsString]) -> Result {
    if names.is_empty() {
        for signal in posix::signal::all() {
            writeln!(cx.out, "{signal:2}) {}", posix::signal::name(signal));
        }
    }
    for name in names {
        let text = name.to_string_lossy();
        let number = text.parse::<i32>().ok().map(|number| number & 0x7f);
        if let Some(number) = number {
            writeln!(cx.out, "{}", posix::signal::name(number));
        } else if let Some(number) = posix::signal::number(name.as_bytes()) {
            writeln!(cx.out, "{number}");
        } else {
            return Err(Error::message(format_args!("unknown signal '{text}'")));
        }
    }
    Ok(())
}
