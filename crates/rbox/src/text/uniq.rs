//! uniq — drop or report repeated lines that follow each other.
//!
//! Source: POSIX.1-2024 `uniq`; BusyBox 1.37 for `-i`, `-w`, `-z`; GNU coreutils 9 for `-D`.

use std::fs::File;

use super::common::{open_or_report, read_line, trimmed};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "uniq",
    links: &["/usr/bin/uniq"],
    usage: "\
uniq [-cdDuiz] [-f N] [-s N] [-w N] [FILE [OUTFILE]]

Print lines once that are repeated one behind the other.

  -c, --count            Print how often each line was there
  -d, --repeated         Print only lines that are repeated
  -D                     The same, every one of them
  -u, --unique           Print only lines that are not repeated
  -i, --ignore-case      Ignore case
  -f, --skip-fields=N    Skip the first N fields
  -s, --skip-chars=N     Skip N characters (behind the fields)
  -w, --check-chars=N    Compare at most N characters
  -z, --zero-terminated  Lines end in NUL
",
    process: Process::Filter,
    run,
};

/// Which part of a line counts.
struct Part {
    skip_fields: u64,
    skip_characters: u64,
    compare: u64,
    ignore_case: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 2)?;
    let part = Part {
        skip_fields: options.number('f')?.unwrap_or(0),
        skip_characters: options.number('s')?.unwrap_or(0),
        compare: options.number('w')?.unwrap_or(u64::MAX),
        ignore_case: options.has('i'),
    };
    let end = if options.has('z') { 0 } else { b'\n' };
    let (count, all) = (options.has('c'), options.has('D'));
    let (repeated, unique) = (options.has('d') || all, options.has('u'));

    let source = options.operands().first().map_or(Path::new("-"), Path::new);
    let Some(mut input) = open_or_report(cx, source) else { return Ok(()) };
    let mut target = match options.operands().get(1).filter(|name| *name != "-") {
        Some(name) => {
            Some(File::create(name).map_err(|error| super::common::cannot_open(Path::new(name), &error))?)
        }
        None => None,
    };
    let print = |out: &mut Output, times: u64, line: &[u8]| {
        if repeated && times < 2 || unique && times > 1 {
            return;
        }
        if count {
            write!(out, "{times:7} ");
        }
        out.write(line);
        out.write(&[end]);
    };
    // With a target the output is collected and written at intervals.
    let mut collected = Output::to_memory();
    let mut before: Option<Vec<u8>> = None;
    let mut line = Vec::new();
    let mut times = 0;
    loop {
        let more = read_line(&mut input, end, &mut line).at(source)?;
        let out = if target.is_some() { &mut collected } else { &mut cx.out };
        let text = trimmed(&line, end);
        let same = more && before.as_ref().is_some_and(|before| part.is_same(before, text));
        if same {
            times += 1;
            if all {
                if times == 2 {
                    print(out, 2, before.as_deref().unwrap_or_default());
                }
                print(out, 2, text);
            }
            continue;
        }
        if let Some(before) = &before
            && !(all && times > 1)
        {
            print(out, times, before);
        }
        if let Some(target) = &mut target {
            target.write_all(&collected.take()).doing("write error")?;
        }
        if !more || cx.out.failed() {
            return Ok(());
        }
        times = 1;
        let kept = before.get_or_insert_default();
        kept.clear();
        kept.extend_from_slice(text);
    }
}

impl Part {
    fn is_same(&self, one: &[u8], other: &[u8]) -> bool {
        let (one, other) = (self.of(one), self.of(other));
        if self.ignore_case { one.eq_ignore_ascii_case(other) } else { one == other }
    }

    fn of<'a>(&self, mut line: &'a [u8]) -> &'a [u8] {
        for _ in 0..self.skip_fields {
            let blanks = line.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
            line = &line[blanks..];
            let field = line.iter().take_while(|&&byte| byte != b' ' && byte != b'\t').count();
            line = &line[field..];
            if line.is_empty() {
                break;
            }
        }
        line = &line[characters(line, self.skip_characters)..];
        &line[..characters(line, self.compare)]
    }
}

/// The length in bytes of the first `count` characters.
fn characters(line: &[u8], count: u64) -> usize {
    if count >= line.len() as u64 {
        return line.len();
    }
    let mut at = 0;
    for _ in 0..count {
        if at >= line.len() {
            break;
        }
        at += posix::regex::character_length(&line[at..]);
    }
    at
}
