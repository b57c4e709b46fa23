//! mounts — fstab, /proc/mounts and /proc/self/mountinfo as data.
//!
//! Source: fstab(5), proc_pid_mounts(5), proc_pid_mountinfo(5).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// One line of fstab or /proc/mounts, its escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The device, tag, or whatever the file system takes.
    pub source: OsString,
    pub target: PathBuf,
    pub kind: OsString,
    /// Separated by commas, as they stand.
    pub options: Vec<u8>,
    /// The last two fields: dump's (unused) and fsck's pass.
    pub pass: u32,
}

impl Entry {
    /// Whether `option` is among the options, alone (`noauto`) or with a value (`pri=3`).
    pub fn option(&self, option: &str) -> Option<&[u8]> {
        option_of(&self.options, option)
    }

    pub fn has(&self, option: &str) -> bool {
        self.option(option).is_some()
    }
}

/// The value of `option` in a list separated by commas: empty if it stands there without one.
pub fn option_of<'a>(options: &'a [u8], option: &str) -> Option<&'a [u8]> {
    options.split(|&byte| byte == b',').find_map(|word| {
        let rest = word.strip_prefix(option.as_bytes())?;
        match rest.split_first() {
            None => Some(rest),
            Some((b'=', value)) => Some(value),
            Some(_) => None,
        }
    })
}

/// Reads a table in fstab's form; lines that are empty, comments or too short are left out.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    Ok(parse(&fs::read(path)?))
}

/// What is mounted, in the order in which it was.
pub fn mounted() -> io::Result<Vec<Entry>> {
    read(Path::new("/proc/self/mounts"))
}

pub fn parse(text: &[u8]) -> Vec<Entry> {
    text.split(|&byte| byte == b'\n').filter_map(entry).collect()
}

fn entry(line: &[u8]) -> Option<Entry> {
    let mut fields = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|field| !field.is_empty());
    let source = fields.next().filter(|source| !source.starts_with(b"#"))?;
    let target = fields.next()?;
    let kind = fields.next()?;
    let options = fields.next().unwrap_or(b"defaults");
    let pass = fields.nth(1).and_then(|pass| std::str::from_utf8(pass).ok()?.parse().ok()).unwrap_or(0);
    Some(Entry {
        source: OsString::from_vec(unescaped(source)),
        target: PathBuf::from(OsString::from_vec(unescaped(target))),
        kind: OsString::from_vec(unescaped(kind)),
        options: unescaped(options),
        pass,
    })
}

/// `\040` and the like, which stand for what would end a field.
pub fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, behind)) = rest.split_first() {
        if byte == b'\\'
            && let [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] = *behind
        {
            plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = &behind[3..];
        } else {
            plain.push(byte);
            rest = behind;
        }
    }
    plain
}

/// One line of mountinfo: what /proc/mounts leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub id: u32,
    pub parent: u32,
    pub major: u32,
    pub minor: u32,
    /// The folder of the file system that is mounted; not "/" for bind mounts.
    pub root: PathBuf,
    pub target: PathBuf,
    pub kind: OsString,
    pub source: OsString,
}

/// The mounts of this process as mountinfo tells them.
pub fn infos() -> io::Result<Vec<Info>> {
    Ok(fs::read("/proc/self/mountinfo")?.split(|&byte| byte == b'\n').filter_map(info).collect())
}

fn info(line: &[u8]) -> Option<Info> {
    let mut fields = line.split(|&byte| byte == b' ');
    let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse::<u32>().ok();
    let (id, parent) = (number()?, number()?);
    let (major, minor) = std::str::from_utf8(fields.next()?).ok()?.split_once(':')?;
    let path = |field: &[u8]| PathBuf::from(OsString::from_vec(unescaped(field)));
    let (root, target) = (path(fields.next()?), path(fields.next()?));
    // Optional fields end with a single dash.
    fields.by_ref().find(|&field| field == b"-")?;
    let kind = OsStr::from_bytes(fields.next()?).to_os_string();
    let source = OsString::from_vec(unescaped(fields.next()?));
    Some(Info {
        id,
        parent,
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        root,
        target,
        kind,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fstab() {
        let text = b"# comment\n\n/dev/sda1 /a\\040b ext4 rw,noatime 0 1\n\tproc\t/proc  proc\nshort /x\nLABEL=x /m auto noauto,pri=3";
        let entries = parse(text);
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].target, Path::new("/a b"));
        assert_eq!((entries[0].pass, entries[0].has("noatime"), entries[0].has("no")), (1, true, false));
        assert_eq!(entries[1].options, b"defaults");
        assert_eq!(entries[2].option("pri"), Some(&b"3"[..]));
        assert_eq!(entries[2].option("noauto"), Some(&b""[..]));
    }

    #[test]
    fn reads_mountinfo() {
        let line = b"36 35 98:0 /mnt1 /mnt2\\040x rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let info = info(line).unwrap();
        assert_eq!((info.id, info.parent, info.major, info.minor), (36, 35, 98, 0));
        assert_eq!((info.root.to_str(), info.target.to_str()), (Some("/mnt1"), Some("/mnt2 x")));
        assert_eq!((info.kind.to_str(), info.source.to_str()), (Some("ext3"), Some("/dev/root")));
        assert_eq!(super::info(b"36 35 98:0 / / rw"), None);
    }
}
