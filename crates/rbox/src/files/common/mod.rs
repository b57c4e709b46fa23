//! common — what several commands on files need: questions, messages, destinations, owners.

pub(crate) mod copy;
pub(crate) mod remove;
pub(crate) mod size;
pub(crate) mod version;

use crate::prelude::*;
use sys::at::{self, Links, Stat};

/// "can't DOING 'PATH': why"
#[cold]
#[inline(never)]
pub(crate) fn cant(doing: &str, path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't {doing} '{}'", path.display()), error)
}

/// Asks on standard error and reads one line of standard input, no byte more; yes begins with y.
pub(crate) fn ask(cx: &mut Cx<'_>, question: &str) -> bool {
    cx.out.flush();
    // A closed standard error leaves nobody to ask; the answer is then still read.
    let _ = io::stderr().write_all(format!("{}: {question}? ", cx.name).as_bytes());
    answer()
}

/// Reads one line of standard input, no byte more; whether it says yes.
pub(crate) fn answer() -> bool {
    let mut answer = None;
    let mut byte = [0];
    while let Ok(1) = sys::fd::read(0, &mut byte) {
        answer.get_or_insert(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    matches!(answer, Some(b'y' | b'Y'))
}

/// The last component of a path, without slashes behind it. "/" for the root.
pub(crate) fn last_component(path: &Path) -> &OsStr {
    let bytes = without_slashes(path).as_os_str().as_bytes();
    match bytes.iter().rposition(|&byte| byte == b'/') {
        Some(slash) if slash + 1 < bytes.len() => OsStr::from_bytes(&bytes[slash + 1..]),
        _ => OsStr::from_bytes(bytes),
    }
}

/// The path without the slashes at its end; the root keeps one.
pub(crate) fn without_slashes(path: &Path) -> &Path {
    let bytes = path.as_os_str().as_bytes();
    let length = bytes.iter().rposition(|&byte| byte != b'/').map_or(1, |last| last + 1);
    Path::new(OsStr::from_bytes(&bytes[..length.min(bytes.len())]))
}

/// `directory/name` with one slash between them.
pub(crate) fn join(directory: &Path, name: &OsStr) -> PathBuf {
    let mut bytes = directory.as_os_str().as_bytes().to_vec();
    if bytes.last() != Some(&b'/') {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(name.as_bytes());
    PathBuf::from(OsString::from_vec(bytes))
}

/// stat that gives None where nothing is there.
pub(crate) fn stat_if_any(path: &Path, links: Links) -> Option<Stat> {
    at::stat(at::CWD, path, links).ok()
}

pub(crate) fn is_directory(path: &Path) -> bool {
    stat_if_any(path, Links::Follow).is_some_and(|stat| stat.is_directory())
}

/// Where the operands of cp, mv, ln and install go.
pub(crate) struct Destination {
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) target: PathBuf,
    /// Each source goes into `target` under its own name.
    pub(crate) into: bool,
}

impl Destination {
    /// From the operands, and the options `-t DIR` and `-T` where the command has them.
    pub(crate) fn of(options: &Options) -> Result<Destination> {
        let mut sources: Vec<PathBuf> = options.operands().iter().map(PathBuf::from).collect();
        if let Some(directory) = options.value('t') {
            if sources.is_empty() || options.has('T') {
                return Err(Error::usage(""));
            }
            return Ok(Destination { sources, target: directory.into(), into: true });
        }
        let target = sources.pop().filter(|_| !sources.is_empty()).ok_or_else(|| Error::usage(""))?;
        if options.has('T') {
            if sources.len() != 1 {
                return Err(Error::usage(""));
            }
            return Ok(Destination { sources, target, into: false });
        }
        let into = sources.len() > 1 || is_directory(&target);
        Ok(Destination { sources, target, into })
    }

    /// Where `source` goes.
    pub(crate) fn path(&self, source: &Path) -> PathBuf {
        if self.into { join(&self.target, last_component(source)) } else { self.target.clone() }
    }
}

/// `USER[:[GROUP]]`: a user, a group, or both. `USER:` means the user's login group.
///
/// Errors: "unknown user NAME", "unknown group NAME".
pub(crate) fn parse_owner(text: &OsStr) -> Result<(Option<u32>, Option<u32>)> {
    let bytes = text.as_bytes();
    let (user, group) = match bytes.iter().position(|&byte| byte == b':') {
        Some(colon) => (&bytes[..colon], Some(&bytes[colon + 1..])),
        None => (bytes, None),
    };
    let uid = match (user, group) {
        (b"", Some(_)) => None,
        _ => Some(parse_user(OsStr::from_bytes(user))?),
    };
    let gid = match group {
        None => None,
        Some(b"") if user.is_empty() => return Err(unknown("group", OsStr::new(""))),
        Some(b"") => match posix::passwd::user_by_name_or_id(user) {
            Some(user) => Some(user.gid),
            None => return Err(unknown("user", OsStr::from_bytes(user))),
        },
        Some(group) => Some(parse_group(OsStr::from_bytes(group))?),
    };
    Ok((uid, gid))
}

pub(crate) fn parse_user(text: &OsStr) -> Result<u32> {
    posix::passwd::uid_of(text.as_bytes()).ok_or_else(|| unknown("user", text))
}

pub(crate) fn parse_group(text: &OsStr) -> Result<u32> {
    posix::passwd::gid_of(text.as_bytes()).ok_or_else(|| unknown("group", text))
}

#[cold]
fn unknown(what: &str, name: &OsStr) -> Error {
    Error::message(format_args!("unknown {what} {}", name.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_apart() {
        for (path, last, trimmed) in [
            ("a", "a", "a"),
            ("a/b", "b", "a/b"),
            ("a/b//", "b", "a/b"),
            ("/", "/", "/"),
            ("///", "/", "/"),
            ("/a", "a", "/a"),
            ("..", "..", ".."),
            ("a/..", "..", "a/.."),
            ("./", ".", "."),
            ("", "", ""),
        ] {
            assert_eq!(last_component(Path::new(path)), last, "{path}");
            assert_eq!(without_slashes(Path::new(path)).as_os_str(), trimmed, "{path}");
        }
        assert_eq!(join(Path::new("/"), OsStr::new("a")).as_os_str(), "/a");
        assert_eq!(join(Path::new("d"), OsStr::new("a")).as_os_str(), "d/a");
    }
}
