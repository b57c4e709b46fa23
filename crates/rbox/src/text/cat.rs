//! cat — copy files to standard output.
//!
//! Source: POSIX.1-2024 `cat`; BusyBox 1.37 and GNU coreutils 9 for the other options.
//! Differs: like GNU's, a last line without newline stays without one when lines are numbered.

use super::common::{self, open_or_report};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "cat",
    links: &["/bin/cat"],
    usage: "\
cat [-AbeEnstTuv] [FILE]...

Print FILEs (or stdin).

  -n, --number            Number the lines
  -b, --number-nonblank   Number the lines that are not empty
  -s, --squeeze-blank     Print one of several empty lines
  -v, --show-nonprinting  Show control characters as ^x, others as M-x
  -E, --show-ends         Show $ at line ends
  -T, --show-tabs         Show tabs as ^I
  -e                      The same as -vE
  -t                      The same as -vT
  -A, --show-all          The same as -vET
  -u                      Ignored
",
    process: Process::Filter,
    run,
};

/// How lines are shown, and where the last file ended.
#[derive(Default)]
struct View {
    number: bool,
    number_nonblank: bool,
    squeeze: bool,
    nonprinting: bool,
    ends: bool,
    tabs: bool,
    line: u64,
    inside_line: bool,
    blank_before: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let has = |letters: &str| letters.chars().any(|letter| options.has(letter));
    let mut view = View {
        number: has("n"),
        number_nonblank: has("b"),
        squeeze: has("s"),
        nonprinting: has("vetA"),
        ends: has("EeA"),
        tabs: has("TtA"),
        ..View::default()
    };
    let plain = !has("nbsvetAET");
    for file in options.files() {
        let Some(mut input) = open_or_report(cx, &file) else { continue };
        let copied =
            if plain { common::copy(&mut input, &mut cx.out) } else { view.copy(&mut input, &mut cx.out) };
        if let Err(error) = copied.doing("read error") {
            cx.report(error);
        }
    }
    Ok(())
}

impl View {
    fn copy(&mut self, input: &mut dyn BufRead, out: &mut Output) -> io::Result<()> {
        let mut line = Vec::new();
        while common::read_line(input, b'\n', &mut line)? && !out.failed() {
            let blank = line == b"\n" && !self.inside_line;
            if blank && self.blank_before && self.squeeze {
                continue;
            }
            self.blank_before = blank;
            if !self.inside_line && (self.number && !self.number_nonblank || self.number_nonblank && !blank) {
                self.line += 1;
                write!(out, "{:6}\t", self.line);
            }
            self.inside_line = !line.ends_with(b"\n");
            self.show(&line, out);
        }
        Ok(())
    }

    fn show(&self, line: &[u8], out: &mut Output) {
        if !self.nonprinting && !self.tabs {
            out.write(common::trimmed(line, b'\n'));
        } else {
            for &byte in common::trimmed(line, b'\n') {
                self.show_byte(byte, out);
            }
        }
        if line.ends_with(b"\n") {
            out.write(if self.ends { b"$\n" } else { b"\n" });
        }
    }

    fn show_byte(&self, byte: u8, out: &mut Output) {
        if byte == b'\t' {
            return out.write(if self.tabs { b"^I" } else { b"\t" });
        }
        if !self.nonprinting {
            return out.write(&[byte]);
        }
        if byte >= 128 {
            out.write(b"M-");
        }
        match byte & 127 {
            127 => out.write(b"^?"),
            control @ 0..32 => out.write(&[b'^', control + 64]),
            plain => out.write(&[plain]),
        }
    }
}
