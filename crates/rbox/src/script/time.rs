//! time — run a command and print what it used.
//!
//! Source: POSIX.1-2024 `time` (-p); BusyBox 1.37 and GNU time for `-v`, `-f`, `-o` and the formats' conversions.

use std::fs::OpenOptions;
use std::time::{Duration, Instant};

use sys::child::{self, End, Usage};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "time",
    links: &["/usr/bin/time"],
    usage: "\
time [-vpa] [-f FORMAT] [-o FILE] PROG ARGS

Run PROG and print the time that it took.

  -p, --portability    As POSIX has it
  -v, --verbose        Everything
  -f, --format=FORMAT  By conversions: %e real, %U user, %S system, %P share,
                       %M most memory (KiB), %x status, %C command, …
  -o, --output=FILE    To FILE instead of standard error
  -a, --append         Append to FILE
",
    process: Process::New,
    run,
};

const DEFAULT: &str = "real\t%E\nuser\t%u\nsys\t%T";
const POSIX: &str = "real %e\nuser %U\nsys %S";
const VERBOSE: &str = "\tCommand being timed: \"%C\"
\tUser time (seconds): %U
\tSystem time (seconds): %S
\tPercent of CPU this job got: %P
\tElapsed (wall clock) time (h:mm:ss or m:ss): %E
\tAverage shared text size (kbytes): %X
\tAverage unshared data size (kbytes): %D
\tAverage stack size (kbytes): %p
\tAverage total size (kbytes): %K
\tMaximum resident set size (kbytes): %M
\tAverage resident set size (kbytes): %t
\tMajor (requiring I/O) page faults: %F
\tMinor (reclaiming a frame) page faults: %R
\tVoluntary context switches: %w
\tInvoluntary context switches: %c
\tSwaps: %W
\tFile system inputs: %I
\tFile system outputs: %O
\tSocket messages sent: %s
\tSocket messages received: %r
\tSignals delivered: %k
\tPage size (bytes): %Z
\tExit status: %x";

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 125;
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let command = options.operands();
    let own_format = options.value('f').map(|format| format.to_string_lossy().into_owned());
    let environment = std::env::var("TIME").ok();
    let format = match (own_format, options.has('v'), options.has('p'), environment) {
        (Some(format), ..) => format,
        (None, true, ..) => VERBOSE.to_string(),
        (None, _, true, _) => POSIX.to_string(),
        (.., Some(format)) => format,
        _ => DEFAULT.to_string(),
    };
    let mut file = match options.value('o') {
        Some(path) => {
            let append = options.has('a');
            Some(
                OpenOptions::new()
                    .write(true)
                    .create(true)
                    .append(append)
                    .truncate(!append)
                    .open(path)
                    .at(path)?,
            )
        }
        None => None,
    };
    let start = Instant::now();
    cx.out.flush();
    let pid = match child::fork().doing("fork")? {
        Some(pid) => pid,
        None => return Err(cx.exec(command)),
    };
    // What the keys of the terminal send is for the command.
    for signal in [2, 3] {
        sys::session::ignore(signal);
    }
    let (_, end, usage) = child::wait_usage(pid).doing("wait")?;
    let report = Report { command, real: start.elapsed(), end, usage };
    let text = report.text(&format);
    match &mut file {
        Some(file) => file.write_all(&text).doing("write error")?,
        // A closed standard error leaves nobody to tell.
        None => drop(io::stderr().write_all(&text)),
    }
    Err(Error::exit(end.status()))
}

struct Report<'a> {
    command: &'a [OsString],
    real: Duration,
    end: End,
    usage: Usage,
}

impl Report<'_> {
    fn text(&self, format: &str) -> Vec<u8> {
        let mut text = match self.end {
            End::Exited(0) => String::new(),
            End::Exited(status) => format!("Command exited with non-zero status {status}\n"),
            End::Killed(signal) => format!("Command terminated by signal {signal}\n"),
            End::Stopped(signal) => format!("Command stopped by signal {signal}\n"),
        };
        let mut characters = format.chars();
        while let Some(next) = characters.next() {
            match next {
                '%' => match characters.next() {
                    Some(conversion) => self.convert(conversion, &mut text),
                    None => text.push('?'),
                },
                '\\' => match characters.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('\\') => text.push('\\'),
                    Some(other) => text.extend(['?', '\\', other]),
                    None => text.push_str("?\\"),
                },
                other => text.push(other),
            }
        }
        text.push('\n');
        text.into_bytes()
    }

    fn convert(&self, conversion: char, text: &mut String) {
        let usage = &self.usage;
        let shown = match conversion {
            '%' => "%".to_string(),
            'C' => {
                let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
                words.join(" ")
            }
            'E' => clock(self.real),
            'e' => seconds(self.real),
            'U' => seconds(usage.user),
            'u' => clock(usage.user),
            'S' => seconds(usage.system),
            'T' => clock(usage.system),
            'P' => {
                let used = (usage.user + usage.system).as_millis();
                format!("{}%", (used * 100).checked_div(self.real.as_millis()).unwrap_or(0))
            }
            'M' => usage.resident_max_kib.to_string(),
            'F' => usage.major_faults.to_string(),
            'R' => usage.minor_faults.to_string(),
            'I' => usage.blocks_in.to_string(),
            'O' => usage.blocks_out.to_string(),
            'w' => usage.voluntary_switches.to_string(),
            'c' => usage.involuntary_switches.to_string(),
            'W' => usage.swaps.to_string(),
            's' => usage.messages_sent.to_string(),
            'r' => usage.messages_received.to_string(),
            'k' => usage.signals.to_string(),
            'Z' => "4096".to_string(),
            'x' => match self.end {
                End::Exited(status) => status.to_string(),
                End::Killed(signal) | End::Stopped(signal) => signal.to_string(),
            },
            // Averages that Linux does not count.
            'D' | 'K' | 'p' | 't' | 'X' => "0".to_string(),
            other => format!("?{other}"),
        };
        text.push_str(&shown);
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:02}", time.as_secs(), time.subsec_millis() / 10)
}

/// "1h 02m 03s", or "2m 03.04s" below an hour.
fn clock(time: Duration) -> String {
    let total = time.as_secs();
    if total >= 3600 {
        return format!("{}h {:02}m {:02}s", total / 3600, total / 60 % 60, total % 60);
    }
    format!("{}m {}.{:02}s", total / 60, total % 60, time.subsec_millis() / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let command = [OsString::from("a"), OsString::from("b c")];
        let usage = Usage { user: Duration::from_millis(1500), ..Usage::default() };
        let report = Report { command: &command, real: Duration::from_secs(3), end: End::Exited(0), usage };
        for (format, expected) in [
            ("%e %U %S %P %x %C", "3.00 1.50 0.00 50% 0 a b c\n"),
            (r"a\tb\nc\q%q%", "a\tb\nc?\\q?q?\n"),
            ("%E %u", "0m 3.00s 0m 1.50s\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&report.text(format)), expected, "{format}");
        }
        assert_eq!(clock(Duration::from_secs(3723)), "1h 02m 03s");
        let killed = Report { end: End::Killed(9), ..report };
        assert!(killed.text("").starts_with(b"Command terminated by signal 9\n"));
    }
}
