//! head — print the first lines of files.
//!
//! Source: POSIX.1-2024 `head`; BusyBox 1.37 for `-c`, `-q`, `-v`, negative counts and size suffixes; GNU coreutils 9
//! for `-z`.

use super::common::{read_line, size};
use crate::prelude::*;
use cli::input::Input;

pub(crate) const APPLET: Applet = Applet {
    name: "head",
    links: &["/usr/bin/head"],
    usage: "\
head [-qvz] [-n [-]N | -c [-]N] [FILE]...

Print the first 10 lines of each FILE (or stdin).

  -n, --lines=N          Print the first N lines (-N: all but the last N)
  -c, --bytes=N          Print the first N bytes (-N: all but the last N)
  -q, --quiet, --silent  Never print file names
  -v, --verbose          Always print file names
  -z, --zero-terminated  Lines end in NUL

N may have a suffix: b 512, k 1024, m 1024*1024.
",
    process: Process::Filter,
    run,
};

/// How much is printed.
struct Limit {
    bytes: bool,
    /// All but the last `count` instead of the first.
    but_last: bool,
    count: u64,
    line_end: u8,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let args = with_count_option(cx.args);
    let options = cli::options::parse(APPLET.usage, &args, cli::options::Order::Mixed)?;
    let mut limit = Limit { bytes: false, but_last: false, count: 10, line_end: b'\n' };
    if options.has('z') {
        limit.line_end = 0;
    }
    for (short, _, value) in options.in_order() {
        if let (b'n' | b'c', Some(value)) = (short, value) {
            let value = value.as_bytes();
            limit.bytes = short == b'c';
            limit.but_last = value.starts_with(b"-");
            limit.count = size(value.strip_prefix(b"-").or(value.strip_prefix(b"+")).unwrap_or(value))?;
        }
    }
    let files = options.files();
    let titled = options.last_of("qv").map_or(files.len() > 1, |last| last == 'v');
    let mut printed = false;
    for file in &files {
        let Some(mut input) = cx.open(file) else { continue };
        if titled {
            let gap = if printed { "\n" } else { "" };
            let name = if file.as_os_str() == "-" { Path::new("standard input") } else { file };
            writeln!(cx.out, "{gap}==> {} <==", name.display());
        }
        printed = true;
        if let Err(error) = limit.copy(&mut input, &mut cx.out).at(file) {
            cx.report(error);
        }
    }
    Ok(())
}

/// Turns the old form `-5` of the first argument into `-n5`.
fn with_count_option(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    if let Some(first) = args.first_mut()
        && let [b'-', digits @ ..] = first.as_bytes()
        && digits.first().is_some_and(u8::is_ascii_digit)
    {
        *first = OsString::from_vec([b"-n", digits].concat());
    }
    args
}

impl Limit {
    fn copy(&self, input: &mut Input, out: &mut Output) -> io::Result<()> {
        match (self.bytes, self.but_last) {
            (true, false) => copy_bytes(input, self.count, out),
            (false, false) => copy_lines(input, self.count, self.line_end, out),
            (true, true) => copy_but_last_bytes(input, self.count, out),
            (false, true) => copy_but_last_lines(input, self.count, self.line_end, out),
        }
    }
}

fn copy_bytes(input: &mut Input, mut limit: u64, out: &mut Output) -> io::Result<()> {
    while limit > 0 {
        let bytes = input.fill_buf()?;
        let count = limit.min(bytes.len() as u64) as usize;
        if count == 0 {
            break;
        }
        out.write(&bytes[..count]);
        input.consume(count);
        limit -= count as u64;
    }
    Ok(())
}

/// Copies at most `limit` lines. A last line without end counts and is copied as it is.
fn copy_lines(input: &mut Input, limit: u64, end: u8, out: &mut Output) -> io::Result<()> {
    let mut line = Vec::new();
    for _ in 0..limit {
        if !read_line(input, end, &mut line)? {
            break;
        }
        out.write(&line);
    }
    Ok(())
}

/// Keeps `count` bytes back, or more where that saves moving them.
fn copy_but_last_bytes(input: &mut Input, count: u64, out: &mut Output) -> io::Result<()> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut kept: Vec<u8> = Vec::new();
    loop {
        let bytes = input.fill_buf()?;
        let length = bytes.len();
        kept.extend_from_slice(bytes);
        input.consume(length);
        let surplus = kept.len().saturating_sub(count);
        if length == 0 || surplus >= count.max(64 * 1024) {
            out.write(&kept[..surplus]);
            kept.drain(..surplus);
        }
        if length == 0 {
            return Ok(());
        }
    }
}

fn copy_but_last_lines(input: &mut Input, count: u64, end: u8, out: &mut Output) -> io::Result<()> {
    let mut kept = std::collections::VecDeque::new();
    let mut line = Vec::new();
    while read_line(input, end, &mut line)? {
        kept.push_back(std::mem::take(&mut line));
        if kept.len() as u64 > count
            && let Some(first) = kept.pop_front()
        {
            out.write(&first);
            line = first; // its memory serves again
        }
    }
    Ok(())
}
