//! date — print or set the time.
//!
//! Source: POSIX.1-2024 `date`; BusyBox 1.37 for the options and forms of times; GNU coreutils for relative words
//! (`posix::date`) and for `--rfc-3339`.
//!
//! *Differs:* a day that does not exist (30 February) is refused; BusyBox takes the day it would be.

use std::fs;
use std::os::unix::fs::MetadataExt;

use posix::calendar::{self, Civil};
use posix::date::{self, Moment};
use posix::zone::Zone;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "date",
    links: &["/bin/date"],
    usage: "\
date [OPTIONS] [+FORMAT] [[-s] TIME]

Print the time (by FORMAT), or set it.

  -d, --date=TIME        Print TIME, not now
  -s, --set=TIME         Set the clock to TIME
  -r, --reference=FILE   Print when FILE was modified
  -D FORMAT              How to read TIME, as strptime(3) does
  -u, --utc, --universal
                         Work in UTC instead of the local time
  -R, --rfc-2822, --rfc-email
                         As in mails
  -I[SPEC], --iso-8601[=SPEC]
                         As ISO 8601; SPEC: date, hours, minutes, seconds, ns
  --rfc-3339=SPEC        As RFC 3339; SPEC: date, seconds, ns

TIME: @SECONDS, hh:mm[:ss], [YYYY.]MM.DD-hh:mm[:ss], YYYY-MM-DD hh:mm[:ss],
[[[[[YY]YY]MM]DD]hh]mm[.ss], 'yesterday', 'next friday 10am', '3 days ago', …
As an operand: MMDDhhmm[[YY]YY][.ss]
",
    process: Process::Same,
    run,
};

const DEFAULT_FORMAT: &str = "%a %b %e %H:%M:%S %Z %Y";

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mut operands = options.operands().iter();
    let mut next = operands.next();
    let mut format = shape(&options)?.map(|text| text.as_bytes().to_vec());
    if let Some(text) = next.and_then(|operand| operand.as_bytes().strip_prefix(b"+")) {
        format = Some(text.to_vec());
        next = operands.next();
    }
    if let Some(extra) = operands.next() {
        return Err(invalid(extra));
    }

    let zone = if options.has('u') { Zone::utc() } else { Zone::local() };
    let (seconds, nanos) = sys::clock::now();
    let now = Moment { seconds, nanos };
    let set = options.value('s');
    let moment = match (set.or(options.value('d')), options.value('r'), next) {
        (Some(time), _, None) => read(time, options.value('D'), now, &zone)?,
        (None, Some(file), None) => modified(file)?,
        (None, None, None) => now,
        (None, None, Some(time)) => match options.value('D') {
            Some(_) => read(time, options.value('D'), now, &zone)?,
            None => read_operand(time, now, &zone)?,
        },
        (.., Some(time)) => return Err(invalid(time)),
    };
    let sets = set.is_some() || next.is_some();
    if sets && let Err(error) = sys::clock::set(moment.seconds, moment.nanos) {
        // The time is printed all the same.
        cx.report(Error::io("can't set date", error));
    }
    let mut civil = zone.civil(moment.seconds);
    if options.has('u') {
        civil.zone = "UTC".to_string();
    }
    let mut text = Vec::new();
    calendar::strftime(
        format.as_deref().unwrap_or(DEFAULT_FORMAT.as_bytes()),
        &civil,
        moment.nanos,
        &mut text,
    );
    text.push(b'\n');
    cx.out.write(&text);
    Ok(())
}

/// The format that an option asks for.
fn shape(options: &Options) -> Result<Option<&'static str>> {
    if options.has('R') {
        return Ok(Some("%a, %d %b %Y %H:%M:%S %z"));
    }
    if let Some(spec) = options.value_long("rfc-3339") {
        let spec = spec.map(|spec| spec.to_string_lossy()).unwrap_or_default();
        return choose(&spec, &[("date", "%F"), ("seconds", "%F %T%:z"), ("ns", "%F %T.%N%:z")]).map(Some);
    }
    if !options.has('I') {
        return Ok(None);
    }
    let spec = options.value('I').map_or("date".into(), |spec| spec.to_string_lossy());
    let shapes = [
        ("date", "%F"),
        ("hours", "%FT%H%:z"),
        ("minutes", "%FT%H:%M%:z"),
        ("seconds", "%FT%T%:z"),
        ("ns", "%FT%T,%N%:z"),
    ];
    choose(&spec, &shapes).map(Some)
}

fn choose(spec: &str, shapes: &[(&str, &'static str)]) -> Result<&'static str> {
    let found = shapes.iter().find(|(name, _)| !spec.is_empty() && name.starts_with(spec));
    found.map(|(_, shape)| *shape).ok_or_else(|| Error::usage(format_args!("invalid argument '{spec}'")))
}

fn read(time: &OsStr, format: Option<&OsStr>, now: Moment, zone: &Zone) -> Result<Moment> {
    let Some(format) = format else {
        return time.to_str().and_then(|text| date::parse(text, now, zone)).ok_or_else(|| invalid(time));
    };
    let midnight = Civil { hour: 0, minute: 0, second: 0, ..zone.civil(now.seconds) };
    let found = posix::strptime::strptime(format.as_bytes(), time.as_bytes(), midnight)
        .ok_or_else(|| invalid(time))?;
    let local = Civil { offset: 0, ..found.civil }.seconds();
    let seconds = match (found.seconds, found.offset) {
        (Some(seconds), _) => seconds,
        (None, Some(offset)) => local - i64::from(offset),
        (None, None) => zone.seconds(local),
    };
    Ok(Moment { seconds, nanos: 0 })
}

/// The operand: digits in the order of POSIX, or any other form of a time.
fn read_operand(time: &OsStr, now: Moment, zone: &Zone) -> Result<Moment> {
    let text = time.to_str().ok_or_else(|| invalid(time))?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let moment = if digits { date::parse_operand(text, now, zone) } else { date::parse(text, now, zone) };
    moment.ok_or_else(|| invalid(time))
}

fn modified(file: &OsStr) -> Result<Moment> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(Moment { seconds: metadata.mtime(), nanos: metadata.mtime_nsec() as u32 }),
        Err(error) => Err(Error::io(format_args!("can't stat '{}'", file.display()), error)),
    }
}

#[cold]
fn invalid(time: &OsStr) -> Error {
    Error::message(format_args!("invalid date '{}'", time.display()))
}
