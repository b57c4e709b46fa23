//! wc — count lines, words, characters and bytes.
//!
//! Source: POSIX.1-2024 `wc`; BusyBox 1.37 for the columns.
//! Differs: `-m` counts UTF-8 characters, as GNU's does.

use std::io::Seek;

use crate::prelude::*;
use cli::input::{Input, Source};

pub(crate) const APPLET: Applet = Applet {
    name: "wc",
    links: &["/usr/bin/wc"],
    usage: "\
wc [-clmwL] [FILE]...

Count lines, words and bytes of FILEs (or stdin).

  -l, --lines            Count newlines
  -w, --words            Count words
  -m, --chars            Count characters
  -c, --bytes            Count bytes
  -L, --max-line-length  Print the length of the longest line
",
    process: Process::Filter,
    run,
};

#[derive(Default, Clone, Copy)]
struct Counts {
    lines: u64,
    words: u64,
    characters: u64,
    bytes: u64,
    longest: u64,
}

/// Which counts are printed.
struct Wanted {
    lines: bool,
    words: bool,
    characters: bool,
    bytes: bool,
    longest: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let all = !"clmwL".chars().any(|letter| options.has(letter));
    let wanted = Wanted {
        lines: all || options.has('l'),
        words: all || options.has('w'),
        characters: options.has('m'),
        bytes: all || options.has('c'),
        longest: options.has('L'),
    };
    let named = !options.operands().is_empty();
    let files = options.files();
    let several = files.len() > 1;
    let mut total = Counts::default();
    for file in &files {
        let Some(mut input) = cx.open(file) else { continue };
        let mut counts = Counts::default();
        if let Err(error) = count(&mut input, &wanted, &mut counts).at(file) {
            cx.report(error);
        }
        total.add(&counts);
        wanted.print(&counts, named.then_some(file), several, cx);
    }
    if several {
        wanted.print(&total, Some(Path::new("total")), several, cx);
    }
    Ok(())
}

impl Wanted {
    fn print<P: AsRef<Path>>(&self, counts: &Counts, name: Option<P>, several: bool, cx: &mut Cx<'_>) {
        let columns = [
            (self.lines, counts.lines),
            (self.words, counts.words),
            (self.characters, counts.characters),
            (self.bytes, counts.bytes),
            (self.longest, counts.longest),
        ];
        let shown = columns.iter().filter(|column| column.0);
        let width = if shown.clone().count() == 1 && !several { 0 } else { 9 };
        for (index, (_, count)) in shown.enumerate() {
            let gap = if index > 0 { " " } else { "" };
            write!(cx.out, "{gap}{count:width$}");
        }
        if let Some(name) = name {
            cx.out.write(b" ");
            cx.out.write(name.as_ref().as_os_str().as_bytes());
        }
        cx.out.write(b"\n");
    }
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.lines += other.lines;
        self.words += other.words;
        self.characters += other.characters;
        self.bytes += other.bytes;
        self.longest = self.longest.max(other.longest);
    }
}

fn count(input: &mut Input, wanted: &Wanted, counts: &mut Counts) -> io::Result<()> {
    if wanted.bytes
        && !(wanted.lines || wanted.words || wanted.characters || wanted.longest)
        && let Source::File(file) = input.get_mut()
        && file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
    {
        // The size is known; files of /proc have none and are read.
        counts.bytes = file.seek(io::SeekFrom::End(0))?;
        return Ok(());
    }
    let mut inside_word = false;
    let mut column = 0;
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        counts.bytes += bytes.len() as u64;
        counts.lines += posix::bytes::count_byte(bytes, b'\n') as u64;
        if wanted.words {
            counts.words += count_words(bytes, &mut inside_word);
        }
        if wanted.characters {
            // Every character has one byte that does not continue it.
            counts.characters += bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u64;
        }
        if wanted.longest {
            measure(bytes, &mut column, &mut counts.longest);
        }
        let length = bytes.len();
        input.consume(length);
    }
    Ok(())
}

fn count_words(bytes: &[u8], inside: &mut bool) -> u64 {
    let mut words = 0;
    let mut before = *inside;
    for &byte in bytes {
        let now = !matches!(byte, b' ' | b'\t'..=b'\r');
        words += u64::from(now && !before);
        before = now;
    }
    *inside = before;
    words
}

/// Columns of lines: tabs go on to the next multiple of 8, control characters take none.
fn measure(bytes: &[u8], column: &mut u64, longest: &mut u64) {
    for &byte in bytes {
        match byte {
            b'\n' | b'\r' | 0x0c => *column = 0,
            b'\t' => *column = (*column | 7) + 1,
            0..32 | 127 | 0x80..=0xbf => {}
            _ => *column += 1,
        }
        *longest = (*longest).max(*column);
    }
}
