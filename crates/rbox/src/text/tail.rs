//! tail — print the last part of files, and what is added to them.
//!
//! Source: POSIX.1-2024 `tail`; BusyBox 1.37 for `-F`, `-s`, `-q`, `-v` and size suffixes; GNU coreutils 9 for
//! `--pid`, `--retry` and `-z`.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::common::{self, open_or_report, read_line, size};
use crate::prelude::*;
use cli::input::{Input, Source};
use posix::bytes::rfind_byte;

pub(crate) const APPLET: Applet = Applet {
    name: "tail",
    links: &["/usr/bin/tail"],
    usage: "\
tail [-fFqvz] [-n [+]N | -c [+]N] [-s SECONDS] [FILE]...

Print the last 10 lines of each FILE (or stdin).

  -n, --lines=N             Print the last N lines (+N: from line N on)
  -c, --bytes=N             Print the last N bytes (+N: from byte N on)
  -f, --follow[=HOW]        Print what is added (descriptor or name)
  -F                        The same, and open files again that were replaced
  --retry                   Wait for files that cannot be opened
  -s, --sleep-interval=SEC  Look for more every SEC seconds (1)
  --pid=PID                 Stop following when process PID has ended
  -q, --quiet, --silent     Never print file names
  -v, --verbose             Always print file names
  -z, --zero-terminated     Lines end in NUL

N may have a suffix: b 512, k 1024, m 1024*1024.
",
    process: Process::New,
    run,
};

/// What of a file is printed.
struct Part {
    bytes: bool,
    /// Counted from the beginning, 1 being the first.
    from_start: bool,
    count: u64,
    line_end: u8,
}

/// A file that is followed.
struct Followed {
    path: PathBuf,
    input: Option<Input>,
    /// Device and inode, to see that the name has another file now.
    identity: (u64, u64),
}

fn run(cx: &mut Cx<'_>) -> Result {
    let args = without_old_form(cx.args);
    let options = cli::options::parse(APPLET.usage, &args, cli::options::Order::Mixed)?;
    let part = part(&options)?;
    let interval = match options.text('s')? {
        Some(text) => seconds(text)?,
        None => Duration::from_secs(1),
    };
    let by_name = options.has('F') || options.value_long("follow") == Some(Some(OsStr::new("name")));
    let follow = by_name || options.has('f');
    let retry = options.has('F') || options.has_long("retry");
    let files = options.files();
    let titled = options.last_of("qv").map_or(files.len() > 1, |last| last == 'v');

    let mut followed = Vec::new();
    let mut last_title = usize::MAX;
    for file in &files {
        let index = followed.len();
        let mut input = open_or_report(cx, file);
        if let Some(input) = &mut input {
            if titled {
                title(cx, file, last_title != usize::MAX);
                last_title = index;
            }
            if let Err(error) = part.print(input, &mut cx.out).doing("read error") {
                cx.report(error);
            }
        }
        if follow && (input.is_some() || retry) {
            let identity = input.as_ref().map_or((0, 0), identity);
            followed.push(Followed { path: file.clone(), input, identity });
        }
    }
    if followed.is_empty() {
        return Ok(());
    }
    let pid = options.value_long("pid").flatten().map(cli::options::number).transpose()?;
    loop {
        cx.out.flush();
        if cx.out.failed() || pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            return Ok(());
        }
        std::thread::sleep(interval);
        for (index, file) in followed.iter_mut().enumerate() {
            if by_name {
                file.open_again(cx);
            }
            let Some(input) = &mut file.input else { continue };
            file_shrank(input);
            if input.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
                if titled && last_title != index {
                    title(cx, &file.path, true);
                    last_title = index;
                }
                if let Err(error) = common::copy(input, &mut cx.out).doing("read error") {
                    cx.report(error);
                }
            }
        }
    }
}

/// `-5`, `+5`, `-5c`, `-5f` as the first argument become options of today.
fn without_old_form(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    let Some(first) = args.first().map(|first| first.as_bytes().to_vec()) else { return args };
    let digits = first.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    if !matches!(first.first(), Some(b'-' | b'+')) || digits == 0 {
        return args;
    }
    let (mut count, mut letters) = (first[1..=digits].to_vec(), &first[digits + 1..]);
    let mut kind = b"-n".to_vec();
    if let [unit @ (b'c' | b'b' | b'l'), rest @ ..] = letters {
        if *unit != b'l' {
            kind = b"-c".to_vec();
        }
        if *unit == b'b' {
            count.push(b'b');
        }
        letters = rest;
    }
    if letters == b"f" {
        args.insert(1, "-f".into());
    } else {
        count.extend_from_slice(letters);
    }
    if first[0] == b'+' {
        kind.push(b'+');
    }
    args[0] = OsString::from_vec([kind, count].concat());
    args
}

fn part(options: &Options) -> Result<Part> {
    let mut part = Part { bytes: false, from_start: false, count: 10, line_end: b'\n' };
    if options.has('z') {
        part.line_end = 0;
    }
    for (short, _, value) in options.in_order() {
        if let (b'n' | b'c', Some(value)) = (short, value) {
            let value = value.as_bytes();
            part.bytes = short == b'c';
            part.from_start = value.starts_with(b"+");
            part.count = size(value.strip_prefix(b"-").or(value.strip_prefix(b"+")).unwrap_or(value))?;
        }
    }
    Ok(part)
}

fn seconds(text: &str) -> Result<Duration> {
    posix::number::duration(text.as_bytes())
        .ok_or_else(|| Error::message(format_args!("invalid number '{text}'")))
}

fn title(cx: &mut Cx<'_>, file: &Path, gap: bool) {
    let name = if file.as_os_str() == "-" { Path::new("standard input") } else { file };
    writeln!(cx.out, "{}==> {} <==", if gap { "\n" } else { "" }, name.display());
}

impl Part {
    fn print(&self, input: &mut Input, out: &mut Output) -> io::Result<()> {
        if self.from_start {
            self.skip(input)?;
            return common::copy(input, out);
        }
        if let Source::File(file) = input.get_mut() {
            let metadata = file.metadata()?;
            if metadata.is_file() && metadata.len() > 0 {
                let start = self.start_in(file, metadata.len())?;
                file.seek(SeekFrom::Start(start))?;
                return common::copy(input, out);
            }
        }
        let kept = self.keep_last(input)?;
        out.write(&kept);
        Ok(())
    }

    /// Reads over what comes before the count.
    fn skip(&self, input: &mut Input) -> io::Result<()> {
        let mut rest = self.count.saturating_sub(1);
        let mut line = Vec::new();
        while rest > 0 {
            if !self.bytes {
                if !read_line(input, self.line_end, &mut line)? {
                    break;
                }
                rest -= 1;
                continue;
            }
            let count = rest.min(input.fill_buf()?.len() as u64);
            if count == 0 {
                break;
            }
            input.consume(count as usize);
            rest -= count;
        }
        Ok(())
    }

    /// Where the part begins in a file of `length` bytes, read backwards.
    fn start_in(&self, file: &mut File, length: u64) -> io::Result<u64> {
        if self.bytes {
            return Ok(length.saturating_sub(self.count));
        }
        if self.count == 0 {
            return Ok(length);
        }
        let mut block = vec![0; cli::input::CAPACITY];
        let mut lines = 0;
        let mut end = length;
        while end > 0 {
            let start = end.saturating_sub(block.len() as u64);
            let part = &mut block[..(end - start) as usize];
            file.seek(SeekFrom::Start(start))?;
            file.read_exact(part)?;
            let mut upto = part.len();
            while let Some(place) = rfind_byte(&part[..upto], self.line_end) {
                // The end of the last line begins no further line.
                if start + place as u64 + 1 < length {
                    lines += 1;
                    if lines == self.count {
                        return Ok(start + place as u64 + 1);
                    }
                }
                upto = place;
            }
            end = start;
        }
        Ok(0)
    }

    /// Reads everything and keeps the last part.
    fn keep_last(&self, input: &mut Input) -> io::Result<Vec<u8>> {
        let mut kept: Vec<u8> = Vec::new();
        let mut tidy_at = 1 << 20;
        loop {
            let bytes = input.fill_buf()?;
            let length = bytes.len();
            kept.extend_from_slice(bytes);
            input.consume(length);
            if length == 0 || kept.len() > tidy_at {
                let start = self.start_of(&kept);
                kept.drain(..start);
                tidy_at = kept.len() * 2 + (1 << 20);
            }
            if length == 0 {
                return Ok(kept);
            }
        }
    }

    fn start_of(&self, text: &[u8]) -> usize {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        if self.bytes || count == 0 {
            return text.len().saturating_sub(count);
        }
        let mut upto = common::trimmed(text, self.line_end).len();
        for _ in 0..count {
            match rfind_byte(&text[..upto], self.line_end) {
                Some(place) => upto = place,
                None => return 0,
            }
        }
        upto + 1
    }
}

fn identity(input: &Input) -> (u64, u64) {
    match input.get_ref() {
        Source::File(file) => file.metadata().map_or((0, 0), |metadata| (metadata.dev(), metadata.ino())),
        Source::Stdin(_) => (0, 0),
    }
}

/// A file that has become shorter than what was read is read from its beginning.
fn file_shrank(input: &mut Input) {
    if let Source::File(file) = input.get_mut()
        && let Ok(metadata) = file.metadata()
        && metadata.is_file()
        && file.stream_position().is_ok_and(|position| position > metadata.len())
    {
        // What cannot be sought is followed as it is.
        let _ = file.seek(SeekFrom::Start(0));
    }
}

impl Followed {
    /// Opens the file that has the name now, if it is another one.
    fn open_again(&mut self, cx: &mut Cx<'_>) {
        if self.path.as_os_str() == "-" {
            return;
        }
        let now = std::fs::metadata(&self.path).map(|metadata| (metadata.dev(), metadata.ino()));
        match now {
            Ok(now) if self.input.is_some() && now == self.identity => {}
            Ok(now) => {
                if let Ok(file) = File::open(&self.path) {
                    if self.input.is_some() {
                        cx.warn(&format!(
                            "{}: file has been replaced; following the new file",
                            self.path.display()
                        ));
                    }
                    self.input = Some(cli::input::file(file));
                    self.identity = now;
                }
            }
            Err(error) => {
                if self.input.take().is_some() {
                    cx.warn(&format!("{}: {}", self.path.display(), sys::error::text(&error)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_the_old_form() {
        for (old, new) in [
            (&["-5"][..], &["-n5"][..]),
            (&["+5", "f"], &["-n+5", "f"]),
            (&["-5c"], &["-c5"]),
            (&["-5f"], &["-n5", "-f"]),
            (&["+2b"], &["-c+2b"]),
            (&["-f"], &["-f"]),
            (&["x", "-5"], &["x", "-5"]),
        ] {
            let args: Vec<OsString> = old.iter().map(OsString::from).collect();
            assert_eq!(without_old_form(&args), new, "{old:?}");
        }
    }

    #[test]
    fn finds_the_last_lines() {
        for (text, count, expected) in [
            ("a\nb\nc\n", 2, 2),
            ("a\nb\nc", 2, 2),
            ("a\nb", 5, 0),
            ("", 1, 0),
            ("a\n\n", 1, 2),
            ("\n\n", 1, 1),
            ("a\n", 0, 2),
        ] {
            let part = Part { bytes: false, from_start: false, count, line_end: b'\n' };
            assert_eq!(part.start_of(text.as_bytes()), expected, "{text:?} {count}");
        }
    }
}
