//! utmp — who is logged in, and who was: the records of /run/utmp and /var/log/wtmp.
//!
//! Source: utmp(5). musl's records have 400 bytes, those of glibc on 64 bit machines with 32 bit heritage 384.

use std::fs;

use crate::prelude::*;

pub(crate) const RUN_LEVEL: u16 = 1;
pub(crate) const BOOT: u16 = 2;
pub(crate) const NEW_TIME: u16 = 3;
pub(crate) const OLD_TIME: u16 = 4;
pub(crate) const USER: u16 = 7;
pub(crate) const DEAD: u16 = 8;

pub(crate) const UTMP: &str = "/var/run/utmp";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: u16,
    pub(crate) pid: i32,
    pub(crate) line: String,
    pub(crate) user: String,
    pub(crate) host: String,
    /// Since 1970.
    pub(crate) seconds: i64,
}

/// Reads all records of a file.
///
/// Errors: "can't open 'FILE': …".
pub(crate) fn read(path: &Path) -> Result<Vec<Record>> {
    let bytes =
        fs::read(path).map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))?;
    Ok(parse(&bytes))
}

fn parse(bytes: &[u8]) -> Vec<Record> {
    const MUSL: usize = 400;
    const GLIBC: usize = 384;
    let short = !bytes.len().is_multiple_of(MUSL) && bytes.len().is_multiple_of(GLIBC);
    bytes.chunks_exact(if short { GLIBC } else { MUSL }).map(|record| of_record(record, short)).collect()
}

fn of_record(record: &[u8], short: bool) -> Record {
    let text = |start: usize, length: usize| {
        let field = &record[start..start + length];
        let end = field.iter().position(|&byte| byte == 0).unwrap_or(length);
        posix::procfs::printable(&field[..end])
    };
    let word = |start: usize| [0, 1, 2, 3].map(|index| record[start + index]);
    let seconds = if short {
        i32::from_ne_bytes(word(340)).into()
    } else {
        let [a, b, c, d] = word(344);
        let [e, f, g, h] = word(348);
        i64::from_ne_bytes([a, b, c, d, e, f, g, h])
    };
    Record {
        kind: u16::from_ne_bytes([record[0], record[1]]),
        pid: i32::from_ne_bytes(word(4)),
        line: text(8, 32),
        user: text(44, 32),
        host: text(76, 256),
        seconds,
    }
}

/// `Jan  2 03:04` and so on, in local time.
pub(crate) fn time(format: &str, seconds: i64) -> String {
    let mut text = Vec::new();
    let zone = posix::zone::Zone::local();
    posix::calendar::strftime(format.as_bytes(), &zone.civil(seconds), 0, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_records() {
        let mut record = [0; 400];
        record[0] = 7;
        record[4] = 9;
        record[8..12].copy_from_slice(b"tty1");
        record[44..47].copy_from_slice(b"ann");
        record[344] = 5;
        let expected = Record {
            kind: 7,
            pid: 9,
            line: "tty1".into(),
            user: "ann".into(),
            host: String::new(),
            seconds: 5,
        };
        assert_eq!(parse(&record), std::slice::from_ref(&expected));
        let mut short = [0; 384];
        short[..340].copy_from_slice(&record[..340]);
        short[340] = 5;
        assert_eq!(parse(&short), [expected]);
        assert_eq!(parse(&[0; 399]), []);
    }
}
