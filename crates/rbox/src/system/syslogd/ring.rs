//! ring — the last lines of the log in a file of fixed size in memory, and logread, which prints it.
//!
//! The file begins with a mark and the number of bytes that were ever written (little endian, 8 bytes each); the rest
//! is the ring: byte N of the log lies at N modulo its size.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::time::Duration;

use crate::prelude::*;

const PATH: &str = "/run/syslogd.ring";
const MARK: &[u8; 8] = b"TARNLOG1";
const HEADER_SIZE: usize = 16;
const POLL: Duration = Duration::from_millis(250);

/// Where the ring lies: TARN_SYSLOG_RING, for those who keep another than that of the system.
fn path() -> PathBuf {
    std::env::var_os("TARN_SYSLOG_RING").map_or_else(|| PathBuf::from(PATH), PathBuf::from)
}

pub(super) struct Ring {
    file: File,
    size: usize,
    written: u64,
}

impl Ring {
    /// Makes a new, empty ring.
    pub(super) fn create(size: usize) -> Result<Ring> {
        let path = path();
        // Readers of an old one keep what they have open.
        let _ = fs::remove_file(&path);
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o640).open(&path).at(&path)?;
        file.set_len((HEADER_SIZE + size) as u64).at(&path)?;
        let mut ring = Ring { file, size, written: 0 };
        ring.write(b"").at(&path)?;
        Ok(ring)
    }

    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let line = &line[line.len().saturating_sub(self.size)..];
        let start = (self.written % self.size as u64) as usize;
        let (first, second) = line.split_at(line.len().min(self.size - start));
        self.file.write_all_at(first, (HEADER_SIZE + start) as u64)?;
        self.file.write_all_at(second, HEADER_SIZE as u64)?;
        self.written += line.len() as u64;
        let header = [&MARK[..], &self.written.to_le_bytes()].concat();
        self.file.write_all_at(&header, 0)
    }

    fn open() -> Result<Ring> {
        let path = path();
        let file = File::open(&path).at(&path)?;
        let length = file.metadata().at(&path)?.len() as usize;
        let size = length.saturating_sub(HEADER_SIZE);
        let mut ring = Ring { file, size, written: 0 };
        ring.update().at(&path)?;
        Ok(ring)
    }

    /// Looks how much was written by now.
    fn update(&mut self) -> io::Result<()> {
        let mut header = [0; HEADER_SIZE];
        self.file.read_exact_at(&mut header, 0)?;
        let (mark, count) = header.split_at(MARK.len());
        if mark != MARK || self.size == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a ring of syslogd"));
        }
        self.written = u64::from_le_bytes(count.try_into().unwrap_or_default());
        Ok(())
    }

    /// What was written from byte `from` of the log on; what is overwritten already is left out.
    fn read_from(&self, from: u64) -> io::Result<Vec<u8>> {
        let oldest = self.written.saturating_sub(self.size as u64);
        let start = from.max(oldest);
        let mut bytes = vec![0; (self.written - start.min(self.written)) as usize];
        let offset = (start % self.size as u64) as usize;
        let (first, second) = bytes.split_at_mut((self.size - offset).min((self.written - start) as usize));
        self.file.read_exact_at(first, (HEADER_SIZE + offset) as u64)?;
        self.file.read_exact_at(second, HEADER_SIZE as u64)?;
        if start > from || start == oldest && oldest > 0 {
            // The first line has lost its begin.
            let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1);
            bytes.drain(..end);
        }
        Ok(bytes)
    }
}

/// logread
pub(super) fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let mut ring = Ring::open()?;
    let mut shown = ring.written;
    if !options.has('f') {
        cx.out.write(&ring.read_from(0).at(path())?);
    }
    while options.has('f') || options.has('F') {
        cx.out.flush();
        if cx.out.failed() {
            break;
        }
        sys::clock::sleep(POLL);
        ring.update().at(path())?;
        if ring.written != shown {
            let bytes = ring.read_from(shown).at(path())?;
            shown = ring.written;
            cx.out.write(&bytes);
        } else if !path().exists() {
            break;
        }
    }
    Ok(())
}
