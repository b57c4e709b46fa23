//! dd — copy a file block by block.
//!
//! Source: POSIX.1-2024 `dd`; BusyBox 1.37 for operands and messages; GNU for `conv=excl,nocreat,fdatasync,sparse,lcase,ucase`,
//! `iflag=` and `oflag=` of sync, dsync, nonblock, noctty, nofollow and directory.

use std::fs::File;
use std::io::Seek;
use std::time::Instant;

use super::common::{cant, size};
use crate::prelude::*;
use sys::at;

pub(crate) const APPLET: Applet = Applet {
    name: "dd",
    links: &["/bin/dd"],
    usage: "\
dd [if=FILE] [of=FILE] [ibs=N obs=N | bs=N] [count=N] [skip=N] [seek=N]
   [conv=WORD,...] [iflag=WORD,...] [oflag=WORD,...] [status=none|noxfer]

Copy a file (stdin) to a file (stdout) block by block.

N may end in c (1), w (2), b (512), k (1024), kB (1000), and so on for M, G, T.

conv:  notrunc nocreat excl sync noerror swab lcase ucase sparse fsync fdatasync
iflag: fullblock skip_bytes count_bytes direct sync dsync nonblock noctty
       nofollow directory
oflag: append seek_bytes direct sync dsync nonblock noctty nofollow
",
    process: Process::New,
    run,
};

#[derive(Default)]
struct Job {
    input: Option<PathBuf>,
    output: Option<PathBuf>,
    ibs: u64,
    obs: u64,
    /// One size for both: each block read is written as it came.
    whole: bool,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    words: Vec<(&'static str, &'static str)>,
    quiet: bool,
    no_rate: bool,
}

const CONV: &[&str] = &[
    "notrunc",
    "nocreat",
    "excl",
    "sync",
    "noerror",
    "swab",
    "lcase",
    "ucase",
    "sparse",
    "fsync",
    "fdatasync",
];
const IFLAG: &[&str] = &[
    "fullblock",
    "skip_bytes",
    "count_bytes",
    "direct",
    "sync",
    "dsync",
    "nonblock",
    "noctty",
    "nofollow",
    "directory",
];
const OFLAG: &[&str] = &["append", "seek_bytes", "direct", "sync", "dsync", "nonblock", "noctty", "nofollow"];

fn run(cx: &mut Cx<'_>) -> Result {
    let job = Job::parse(cx.args)?;
    let start = Instant::now();
    let mut tally = Tally::default();
    let result = job.copy(cx, &mut tally);
    if !job.quiet && tally.started {
        tally.print(cx, start, job.no_rate);
    }
    result
}

impl Job {
    fn parse(args: &[OsString]) -> Result<Job> {
        let mut job = Job { ibs: 512, obs: 512, ..Job::default() };
        let operands = args.iter().skip(usize::from(args.first().is_some_and(|first| first == "--")));
        for arg in operands {
            let bytes = arg.as_bytes();
            let equals = bytes.iter().position(|&byte| byte == b'=').ok_or_else(|| Error::usage(""))?;
            let value = OsStr::from_bytes(&bytes[equals + 1..]);
            match &bytes[..equals] {
                b"if" => job.input = Some(value.into()),
                b"of" => job.output = Some(value.into()),
                b"bs" => {
                    job.ibs = block(value)?;
                    job.obs = job.ibs;
                    job.whole = true;
                }
                b"ibs" => job.ibs = block(value)?,
                b"obs" => job.obs = block(value)?,
                b"count" => job.count = Some(size::parse(value)?),
                b"skip" | b"iseek" => job.skip = size::parse(value)?,
                b"seek" | b"oseek" => job.seek = size::parse(value)?,
                b"conv" => job.take_words("conv", CONV, value)?,
                b"iflag" => job.take_words("iflag", IFLAG, value)?,
                b"oflag" => job.take_words("oflag", OFLAG, value)?,
                b"status" => match value.as_bytes() {
                    b"none" => job.quiet = true,
                    b"noxfer" => job.no_rate = true,
                    _ => return Err(invalid(value, "status")),
                },
                _ => return Err(Error::usage("")),
            }
        }
        Ok(job)
    }

    fn take_words(&mut self, of: &'static str, known: &[&'static str], value: &OsStr) -> Result {
        for word in value.as_bytes().split(|&byte| byte == b',').filter(|word| !word.is_empty()) {
            match known.iter().find(|known| known.as_bytes() == word) {
                Some(known) => self.words.push((of, known)),
                None => return Err(invalid(OsStr::from_bytes(word), of)),
            }
        }
        Ok(())
    }

    fn has(&self, of: &str, word: &str) -> bool {
        self.words.iter().any(|&(known_of, known)| known_of == of && known == word)
    }

    /// The flags of open(2) among the words.
    fn open_flags(&self, of: &str) -> i32 {
        let flags = [
            ("direct", at::O_DIRECT),
            ("sync", at::O_SYNC),
            ("dsync", at::O_DSYNC),
            ("nonblock", at::O_NONBLOCK),
            ("noctty", at::O_NOCTTY),
            ("nofollow", at::O_NOFOLLOW),
            ("directory", at::O_DIRECTORY),
            ("append", at::O_APPEND),
        ];
        flags.iter().filter(|(word, _)| self.has(of, word)).fold(0, |all, (_, flag)| all | flag)
    }

    fn open_input(&self) -> Result<(File, PathBuf)> {
        match &self.input {
            Some(path) => {
                let flags = at::O_RDONLY | self.open_flags("iflag");
                let file = at::open(at::CWD, path, flags, 0).map_err(|error| cant("open", path, error))?;
                Ok((file, path.clone()))
            }
            None => Ok((at::duplicate(0).doing("standard input")?, "standard input".into())),
        }
    }

    fn open_output(&self, start: u64) -> Result<(File, PathBuf)> {
        let Some(path) = &self.output else {
            return Ok((at::duplicate(1).doing("standard output")?, "standard output".into()));
        };
        let mut flags = at::O_WRONLY | self.open_flags("oflag");
        if !self.has("conv", "nocreat") {
            flags |= at::O_CREAT;
        }
        if self.has("conv", "excl") {
            flags |= at::O_EXCL;
        }
        let truncates = !self.has("conv", "notrunc");
        if truncates && start == 0 {
            flags |= at::O_TRUNC;
        }
        let file = at::open(at::CWD, path, flags, 0o666).map_err(|error| cant("open", path, error))?;
        if truncates && start > 0 && at::stat_fd(&file).at(path)?.kind() == at::Kind::File {
            sys::contents::set_size(&file, start).at(path)?;
        }
        Ok((file, path.clone()))
    }

    fn copy(&self, cx: &mut Cx<'_>, tally: &mut Tally) -> Result {
        let too_large = || Error::message("number too large");
        let scaled = |count: u64, size: u64, bytes: bool| {
            if bytes { Some(count) } else { count.checked_mul(size) }
        };
        let skip = scaled(self.skip, self.ibs, self.has("iflag", "skip_bytes")).ok_or_else(too_large)?;
        let seek = scaled(self.seek, self.obs, self.has("oflag", "seek_bytes")).ok_or_else(too_large)?;
        let (mut input, input_name) = self.open_input()?;
        let (output, output_name) = self.open_output(seek)?;
        tally.started = true;
        if skip > 0 {
            skip_input(&mut input, skip, self.ibs).at(&input_name)?;
        }
        let mut sink =
            Sink { file: output, name: output_name, size: self.obs as usize, held: Vec::new(), hole: 0 };
        if seek > 0 {
            // What cannot seek, such as a pipe, gets zeros to the same effect.
            if sink.file.seek(io::SeekFrom::Current(seek as i64)).is_err() {
                write_zeros(&mut sink.file, seek).at(&sink.name)?;
            }
        }
        let copied = self.blocks(cx, &mut input, &input_name, &mut sink, tally);
        let flushed = sink.finish(tally);
        copied.and(flushed)?;
        if self.has("conv", "fsync") {
            sys::filesystem::sync_file(&sink.file).at(&sink.name)?;
        } else if self.has("conv", "fdatasync") {
            sys::filesystem::sync_data(&sink.file).at(&sink.name)?;
        }
        Ok(())
    }

    fn blocks(
        &self,
        cx: &mut Cx<'_>,
        input: &mut File,
        input_name: &Path,
        sink: &mut Sink,
        tally: &mut Tally,
    ) -> Result {
        let by_bytes = self.has("iflag", "count_bytes");
        let mut left = self.count;
        let mut buffer = aligned(self.ibs)?;
        while left != Some(0) {
            let limit = match left {
                Some(bytes) if by_bytes => bytes.min(self.ibs) as usize,
                _ => self.ibs as usize,
            };
            let read = match self.read_block(input, buffer.get(limit)) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if self.has("conv", "noerror") => {
                    cx.report(Error::at(input_name, error));
                    // The bad block is passed over; with sync it becomes zeros.
                    input.seek(io::SeekFrom::Current(self.ibs as i64)).at(input_name)?;
                    buffer.get(limit).fill(0);
                    if !self.has("conv", "sync") {
                        continue;
                    }
                    0
                }
                Err(error) => return Err(Error::at(input_name, error)),
            };
            if read == self.ibs as usize {
                tally.in_full += 1
            } else {
                tally.in_part += 1
            }
            left = left.map(|left| left.saturating_sub(if by_bytes { read as u64 } else { 1 }));
            let mut length = read;
            if self.has("conv", "sync") && read < self.ibs as usize {
                buffer.get(self.ibs as usize)[read..].fill(0);
                length = self.ibs as usize;
            }
            self.convert(buffer.get(length));
            sink.put(buffer.get(length), self.whole, self.has("conv", "sparse"), tally)?;
        }
        Ok(())
    }

    fn read_block(&self, input: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            match input.read(&mut buffer[filled..]) {
                Ok(0) => return Ok(filled),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if filled == buffer.len() || !self.has("iflag", "fullblock") {
                return Ok(filled);
            }
        }
    }

    fn convert(&self, block: &mut [u8]) {
        if self.has("conv", "swab") {
            block.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        }
        if self.has("conv", "lcase") {
            block.make_ascii_lowercase();
        } else if self.has("conv", "ucase") {
            block.make_ascii_uppercase();
        }
    }
}

/// A block's size: at least one byte, and what a machine can hold.
fn block(value: &OsStr) -> Result<u64> {
    let size = size::parse(value)?;
    if (1..=i64::MAX as u64).contains(&size) {
        return Ok(size);
    }
    Err(Error::message(format_args!("number {} is not in 1..{} range", value.display(), i64::MAX)))
}

#[cold]
fn invalid(value: &OsStr, of: &str) -> Error {
    Error::message(format_args!("invalid argument '{}' to '{of}'", value.display()))
}

/// Memory whose start direct input and output accept.
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

fn aligned(size: u64) -> Result<Aligned> {
    const ALIGNMENT: usize = 4096;
    let length = usize::try_from(size).ok().and_then(|size| size.checked_add(ALIGNMENT));
    let mut bytes = Vec::new();
    match length {
        Some(length) if sys::allocator::has_room(length) => bytes.resize(length, 0),
        _ => return Err(Error::message("out of memory")),
    }
    let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    Ok(Aligned { bytes, start })
}

impl Aligned {
    fn get(&mut self, length: usize) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + length]
    }
}

/// Passes over `bytes`, by reading where the input cannot seek.
fn skip_input(input: &mut File, bytes: u64, block: u64) -> io::Result<()> {
    let end = at::stat_fd(input).map_or(0, |stat| stat.size);
    let here = input.stream_position();
    if let Ok(here) = here
        && (end == 0 || here.saturating_add(bytes) <= end)
        && input.seek(io::SeekFrom::Current(bytes as i64)).is_ok()
    {
        return Ok(());
    }
    let mut buffer = vec![0; block.min(64 * 1024) as usize];
    let mut left = bytes;
    while left > 0 {
        let wanted = left.min(buffer.len() as u64) as usize;
        match input.read(&mut buffer[..wanted])? {
            0 => return Ok(()),
            count => left -= count as u64,
        }
    }
    Ok(())
}

fn write_zeros(output: &mut File, bytes: u64) -> io::Result<()> {
    let zeros = [0; 4096];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(zeros.len() as u64) as usize;
        output.write_all(&zeros[..length])?;
        left -= length as u64;
    }
    Ok(())
}

/// The output, in blocks of its own size.
struct Sink {
    file: File,
    name: PathBuf,
    size: usize,
    held: Vec<u8>,
    /// Zeros not written yet.
    hole: u64,
}

impl Sink {
    /// Writes what makes whole blocks, and `whole` as it is.
    fn put(&mut self, mut bytes: &[u8], whole: bool, sparse: bool, tally: &mut Tally) -> Result {
        if whole {
            return self.write(bytes, sparse, tally);
        }
        while !bytes.is_empty() {
            let length = (self.size - self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
            if self.held.len() == self.size {
                let block = std::mem::take(&mut self.held);
                self.write(&block, sparse, tally)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, block: &[u8], sparse: bool, tally: &mut Tally) -> Result {
        if sparse && block.iter().all(|&byte| byte == 0) && self.file.stream_position().is_ok() {
            self.hole += block.len() as u64;
        } else {
            let name = self.name.clone();
            let failed = |error| Error::io(format_args!("error writing '{}'", name.display()), error);
            self.jump().map_err(failed)?;
            self.file.write_all(block).map_err(failed)?;
        }
        tally.bytes += block.len() as u64;
        if block.len() == self.size {
            tally.out_full += 1
        } else {
            tally.out_part += 1
        }
        Ok(())
    }

    /// Goes behind the zeros that were not written.
    fn jump(&mut self) -> io::Result<()> {
        let hole = std::mem::take(&mut self.hole);
        if hole > 0 {
            self.file.seek(io::SeekFrom::Current(hole as i64))?;
        }
        Ok(())
    }

    fn finish(&mut self, tally: &mut Tally) -> Result {
        let rest = std::mem::take(&mut self.held);
        if !rest.is_empty() {
            self.write(&rest, false, tally)?;
        }
        if self.hole > 0 {
            let name = self.name.clone();
            self.jump().at(&name)?;
            let end = self.file.stream_position().at(&name)?;
            if at::stat_fd(&self.file).at(&name)?.size < end {
                sys::contents::set_size(&self.file, end).at(&name)?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Tally {
    /// Both files were opened: what went wrong before leaves nothing to count.
    started: bool,
    in_full: u64,
    in_part: u64,
    out_full: u64,
    out_part: u64,
    bytes: u64,
}

impl Tally {
    fn print(&self, cx: &mut Cx<'_>, start: Instant, no_rate: bool) {
        let mut text = format!(
            "{}+{} records in\n{}+{} records out\n",
            self.in_full, self.in_part, self.out_full, self.out_part
        );
        if !no_rate {
            let micros = start.elapsed().as_micros().max(1);
            let rate = u128::from(self.bytes) * 1_000_000 / micros;
            let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
            text += &format!(
                "{} bytes ({}B) copied, {seconds}.{fraction:06} seconds, {}B/s\n",
                self.bytes,
                size::human(self.bytes),
                size::human(rate.min(u128::from(u64::MAX)) as u64)
            );
        }
        cx.out.flush();
        // A closed standard error leaves nobody to tell.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}
