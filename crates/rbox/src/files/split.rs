//! split — cut a file into pieces.
//!
//! Source: POSIX.1-2024 `split`; BusyBox 1.37 for suffixes of sizes; GNU for `-d` and `--additional-suffix`.
//!
//! *Differs:* pieces of no lines or bytes, and suffixes of no letters, are refused.

use std::fs::File;

use super::common::{cant, size};
use crate::prelude::*;
use sys::at;

pub(crate) const APPLET: Applet = Applet {
    name: "split",
    links: &["/usr/bin/split"],
    usage: "\
split [-d] [-b SIZE | -l LINES] [-a LETTERS] [FILE [PREFIX]]

Write the pieces of FILE (or stdin) to PREFIXaa, PREFIXab and so on; PREFIX is x.

  -b, --bytes=SIZE         Pieces of so many bytes; k, m, g multiply
  -l, --lines=LINES        Pieces of so many lines (by default 1000)
  -a, --suffix-length=N    Suffixes of N letters (by default 2)
  -d, --numeric-suffixes   Suffixes of digits
  --additional-suffix=END  Names end in END
",
    process: Process::Fork,
    run,
};

struct Pieces {
    prefix: Vec<u8>,
    ending: Vec<u8>,
    letters: usize,
    digits: bool,
    count: u64,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 2)?;
    let letters = options.number('a')?.unwrap_or(2) as usize;
    let bytes = options.value('b').map(size::parse).transpose()?;
    let lines = options.value('l').map(size::parse).transpose()?.unwrap_or(1000);
    if bytes == Some(0) || lines == 0 {
        return Err(Error::message("pieces need a size"));
    }
    if !(1..=16).contains(&letters) {
        return Err(Error::message("a suffix has 1 to 16 letters"));
    }
    let mut operands = options.operands().iter();
    let file = operands.next().map_or_else(|| PathBuf::from("-"), PathBuf::from);
    let prefix = operands.next().map_or(&b"x"[..], |prefix| prefix.as_bytes()).to_vec();
    let ending = options.value_long("additional-suffix").flatten().unwrap_or_default().as_bytes().to_vec();
    if ending.contains(&b'/') {
        return Err(Error::message("the end of names holds a slash"));
    }
    let mut input = if file.as_os_str() == "-" {
        cx.stdin()
    } else {
        cli::input::file(File::open(&file).map_err(|error| cant("open", &file, error))?)
    };
    let mut pieces = Pieces { prefix, ending, letters, digits: options.has('d'), count: 0 };
    match bytes {
        Some(size) => pieces.by_bytes(&mut input, &file, size),
        None => pieces.by_lines(&mut input, &file, lines),
    }
}

impl Pieces {
    fn by_bytes(&mut self, input: &mut dyn BufRead, file: &Path, size: u64) -> Result {
        let mut piece: Option<(File, PathBuf)> = None;
        let mut left = size;
        loop {
            let chunk = input.fill_buf().at(file)?;
            if chunk.is_empty() {
                return Ok(());
            }
            let length = (chunk.len() as u64).min(left) as usize;
            self.write(&mut piece, &chunk[..length])?;
            input.consume(length);
            left -= length as u64;
            if left == 0 {
                (piece, left) = (None, size);
            }
        }
    }

    fn by_lines(&mut self, input: &mut dyn BufRead, file: &Path, lines: u64) -> Result {
        let mut piece: Option<(File, PathBuf)> = None;
        let mut left = lines;
        loop {
            let chunk = input.fill_buf().at(file)?;
            if chunk.is_empty() {
                return Ok(());
            }
            // Up to the line end that completes the piece, or all.
            let mut length = chunk.len();
            for (index, _) in chunk.iter().enumerate().filter(|&(_, &byte)| byte == b'\n') {
                left -= 1;
                if left == 0 {
                    length = index + 1;
                    break;
                }
            }
            self.write(&mut piece, &chunk[..length])?;
            input.consume(length);
            if left == 0 {
                (piece, left) = (None, lines);
            }
        }
    }

    /// Writes to the open piece, or to a new one.
    fn write(&mut self, piece: &mut Option<(File, PathBuf)>, bytes: &[u8]) -> Result {
        let (file, name) = match piece {
            Some(piece) => piece,
            None => piece.insert(self.open()?),
        };
        file.write_all(bytes).at(name)
    }

    fn open(&mut self) -> Result<(File, PathBuf)> {
        let name = self.name().ok_or_else(|| Error::message("suffixes exhausted"))?;
        let name = PathBuf::from(OsString::from_vec(name));
        let flags = at::O_WRONLY | at::O_CREAT | at::O_TRUNC;
        let file = at::open(at::CWD, &name, flags, 0o666).map_err(|error| cant("open", &name, error))?;
        Ok((file, name))
    }

    /// The next name; None when there are no more.
    fn name(&mut self) -> Option<Vec<u8>> {
        let (first, base) = if self.digits { (b'0', 10) } else { (b'a', 26) };
        let mut rest = self.count;
        let mut suffix = vec![first; self.letters];
        for letter in suffix.iter_mut().rev() {
            *letter = first + (rest % base) as u8;
            rest /= base;
        }
        self.count += 1;
        (rest == 0).then(|| [&self.prefix[..], &suffix, &self.ending].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_up() {
        let pieces = |count, letters, digits| {
            Pieces { prefix: b"x".to_vec(), ending: Vec::new(), letters, digits, count }.name()
        };
        assert_eq!(pieces(0, 2, false).unwrap(), b"xaa");
        assert_eq!(pieces(27, 2, false).unwrap(), b"xbb");
        assert_eq!(pieces(675, 2, false).unwrap(), b"xzz");
        assert_eq!(pieces(676, 2, false), None);
        assert_eq!(pieces(9, 1, true).unwrap(), b"x9");
        assert_eq!(pieces(10, 1, true), None);
    }
}
