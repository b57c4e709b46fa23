//! single — packing files one by one, each into a file of its own: gzip, bzip2, xz and their kin.
//!
//! Source: BusyBox 1.37 for options and messages.

use std::fs::File;

use super::{Packing, broken, cant_open, unpacked};
use crate::prelude::*;
use archive::{bzip2, gzip};
use sys::at::{self, Kind, SetTime};

/// What one family of applets packs.
pub(crate) struct Format {
    pub(crate) packing: Packing,
    /// The applet that packs; its kin unpack.
    pub(crate) packer: &'static str,
    /// What a packed file's name ends in.
    pub(crate) suffix: &'static [u8],
    /// What names of packed files may end in, and what then stands in its place.
    pub(crate) suffixes: &'static [(&'static [u8], &'static [u8])],
}

/// Packs or unpacks the operands as the options say, to standard output for applets called `…cat`.
pub(crate) fn run(cx: &mut Cx<'_>, options: &Options, format: &Format, level: u8) -> Result {
    let job = Job {
        format,
        unpacks: cx.applet.name != format.packer || options.has('d') || options.has('t'),
        to_stdout: cx.applet.name.ends_with("cat") || options.has('c'),
        force: options.has('f'),
        keep: options.has('k'),
        tests: options.has('t'),
        verbose: options.has('v'),
        level: options.last_of("123456789").map_or(level, |digit| digit as u8 - b'0'),
    };
    for path in options.files() {
        if let Err(error) = job.file(cx, &path) {
            cx.report(error);
        }
    }
    Ok(())
}

struct Job<'a> {
    format: &'a Format,
    unpacks: bool,
    to_stdout: bool,
    force: bool,
    keep: bool,
    tests: bool,
    verbose: bool,
    level: u8,
}

impl Job<'_> {
    fn file(&self, cx: &mut Cx<'_>, path: &Path) -> Result {
        if path.as_os_str() == "-" {
            let mut input = cx.stdin();
            return self.convert_to_output(cx, &mut input);
        }
        let file = File::open(path).at(path)?;
        if self.to_stdout || self.tests {
            return self.convert_to_output(cx, &mut cli::input::file(file));
        }
        let stat = at::stat(at::CWD, path, at::Links::Keep).at(path)?;
        let is_file = stat.kind() == Kind::File || self.force && stat.kind() == Kind::Symlink;
        if !is_file {
            return Err(Error::message(format_args!("{}: not a regular file - ignored", path.display())));
        }
        let target = self.target(path)?;
        self.replace(cx, file, path, &target)
    }

    fn convert_to_output(&self, cx: &mut Cx<'_>, input: &mut dyn BufRead) -> Result {
        if !self.unpacks {
            if sys::fd::is_terminal(1) && !self.force {
                return Err(Error::message("packed data not written to terminal"));
            }
            return self.pack(input, &mut cx.out);
        }
        if self.tests { self.unpack(input, &mut io::sink()) } else { self.unpack(input, &mut cx.out) }
    }

    /// The name of the new file.
    fn target(&self, path: &Path) -> Result<PathBuf> {
        let name = path.as_os_str().as_bytes();
        if !self.unpacks {
            return Ok(PathBuf::from(OsString::from_vec([name, self.format.suffix].concat())));
        }
        let suffixes = self.format.suffixes.iter();
        let unpacked =
            { suffixes }.find_map(|(packed, plain)| Some([name.strip_suffix(*packed)?, plain].concat()));
        match unpacked {
            Some(name) if !name.is_empty() && !name.ends_with(b"/") => {
                Ok(PathBuf::from(OsString::from_vec(name)))
            }
            _ => Err(Error::message(format_args!("{}: unknown suffix - ignored", path.display()))),
        }
    }

    /// Makes the new file and, when that is whole, removes the old one.
    fn replace(&self, cx: &mut Cx<'_>, file: File, path: &Path, target: &Path) -> Result {
        let stat = at::stat_fd(&file).at(path)?;
        if self.force {
            // What is there and cannot be removed is reported by the next call.
            let _ = at::unlink(at::CWD, target);
        }
        let flags = at::O_WRONLY | at::O_CREAT | at::O_EXCL;
        let mut output = Sink {
            file: at::open(at::CWD, target, flags, 0o600).map_err(|error| cant_open(target, error))?,
            size: 0,
        };
        let mut input = cli::input::file(file);
        let converted = if self.unpacks {
            self.unpack(&mut input, &mut output)
        } else {
            self.pack(&mut input, &mut output)
        };
        if let Err(error) = converted {
            // Half a file is of no use, and the old one is still there.
            let _ = at::unlink(at::CWD, target);
            return Err(error);
        }
        // Only root may give files away; the mode must not come before the owner.
        let _ = at::chown_fd(&output.file, Some(stat.uid), Some(stat.gid));
        at::chmod_fd(&output.file, stat.permissions()).at(target)?;
        at::set_times_fd(&output.file, SetTime::To(stat.accessed), SetTime::To(stat.modified)).at(target)?;
        if self.verbose {
            let (packed, plain) =
                if self.unpacks { (stat.size, output.size) } else { (output.size, stat.size) };
            let share = (packed * 100).checked_div(plain).unwrap_or(0);
            cx.warn(&format!("{}: {share}% - replaced with {}", path.display(), target.display()));
        }
        if self.keep { Ok(()) } else { at::unlink(at::CWD, path).at(path) }
    }

    fn pack(&self, input: &mut dyn BufRead, output: &mut dyn Write) -> Result {
        match self.format.packing {
            Packing::Gzip => {
                let mut writer = gzip::Writer::new(output, self.level, 0);
                copy(input, &mut writer)?;
                writer.finish().doing("write error")
            }
            Packing::Bzip2 => {
                let mut writer = bzip2::Writer::new(output, self.level.into());
                copy(input, &mut writer)?;
                writer.finish().doing("write error")
            }
            _ => Err(Error::message("can only unpack (-d)")),
        }
    }

    fn unpack(&self, input: &mut dyn BufRead, output: &mut dyn Write) -> Result {
        let start = input.fill_buf().doing("read error")?;
        let wanted = self.format.packing;
        match Packing::of_bytes(start) {
            found if found == wanted => {}
            // A .lzma file has no magic of its own.
            Packing::None if wanted == Packing::Lzma => {}
            Packing::None => return Err(Error::message("invalid magic")),
            other => {
                let (other, own) = (other.name(), self.format.packing.name());
                return Err(Error::message(format_args!("packed by {other}, not by {own}")));
            }
        }
        let mut reader = unpacked(wanted, input).map_err(broken)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer).map_err(broken)? {
                0 => return Ok(()),
                count => output.write_all(&buffer[..count]).doing("write error")?,
            }
        }
    }
}

fn copy(input: &mut dyn BufRead, output: &mut dyn Write) -> Result {
    loop {
        let bytes = input.fill_buf().doing("read error")?;
        if bytes.is_empty() {
            return Ok(());
        }
        output.write_all(bytes).doing("write error")?;
        let count = bytes.len();
        input.consume(count);
    }
}

/// The new file, and how large it is.
struct Sink {
    file: File,
    size: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
