//! touch — set the times of files, and make them.
//!
//! Source: POSIX.1-2024 `touch`; BusyBox 1.37 for `-h` and the forms of dates.

use super::common::cant;
use crate::prelude::*;
use posix::date::Moment;
use posix::zone::Zone;
use sys::at::{self, Links, SetTime, Time};

pub(crate) const APPLET: Applet = Applet {
    name: "touch",
    links: &["/bin/touch"],
    usage: "\
touch [-acfhm] [-d DATE] [-t DATE] [-r FILE] FILE...

Set the times of FILEs to now. A FILE that is missing is made.

  -a                    Only the time of access
  -m                    Only the time of modification
  -c, --no-create       Make no file
  -h, --no-dereference  Set the times of a symbolic link itself
  -d, --date=DATE       This time
  -t DATE               The same, as [[CC]YY]MMDDhhmm[.ss]
  -r, --reference=FILE  The times of FILE
  -f                    Ignored
  --time=WHICH          Only atime or mtime
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let (accessed, modified) = times(&options)?;
    let links = if options.has('h') { Links::Keep } else { Links::Follow };
    let creates = !options.has('c') && !options.has('h');
    for operand in options.operands() {
        let path = Path::new(operand);
        match at::set_times(at::CWD, path, accessed, modified, links) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && creates => {
                if let Err(error) = create(path, accessed, modified) {
                    cx.report(Error::at(path, error));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && options.has('c') => {}
            Err(error) => cx.report(Error::at(path, error)),
        }
    }
    Ok(())
}

/// The two times that the options ask for.
fn times(options: &Options) -> Result<(SetTime, SetTime)> {
    let (accessed, modified) = if let Some(file) = options.value('r') {
        let file = Path::new(file);
        let stat = at::stat(at::CWD, file, Links::Follow).map_err(|error| cant("stat", file, error))?;
        (SetTime::To(stat.accessed), SetTime::To(stat.modified))
    } else if let Some(text) = options.value('t').or(options.value('d')) {
        let time = date(text, options.has('t'))
            .ok_or_else(|| Error::message(format_args!("invalid date {}", cli::error::quoted(text))))?;
        (SetTime::To(time), SetTime::To(time))
    } else {
        (SetTime::Now, SetTime::Now)
    };
    let (mut only_accessed, mut only_modified) = (options.has('a'), options.has('m'));
    match options.value_long("time").flatten().map(OsStr::as_bytes) {
        None => {}
        Some(b"access" | b"atime" | b"use") => only_accessed = true,
        Some(b"modify" | b"mtime") => only_modified = true,
        Some(_) => return Err(Error::usage("invalid argument to --time: use atime or mtime")),
    }
    Ok(match (only_accessed, only_modified) {
        (true, false) => (accessed, SetTime::Leave),
        (false, true) => (SetTime::Leave, modified),
        _ => (accessed, modified),
    })
}

/// A date as people write it, or with `only_digits` as POSIX does: [[CC]YY]MMDDhhmm[.ss].
fn date(text: &OsStr, only_digits: bool) -> Option<Time> {
    let text = text.to_str()?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if only_digits && !matches!(digits, 8 | 10 | 12) {
        return None;
    }
    let (seconds, nanos) = sys::clock::now();
    let moment = posix::date::parse(text, Moment { seconds, nanos }, &Zone::local())?;
    Some(Time { seconds: moment.seconds, nanoseconds: moment.nanos })
}

fn create(path: &Path, accessed: SetTime, modified: SetTime) -> io::Result<()> {
    let flags = at::O_WRONLY | at::O_CREAT | at::O_NOCTTY | at::O_NONBLOCK;
    let file = at::open(at::CWD, path, flags, 0o666)?;
    at::set_times_fd(&file, accessed, modified)
}
