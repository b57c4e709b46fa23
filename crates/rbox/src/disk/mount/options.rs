//! options — the words behind `-o`: flags of mount(2), what mount itself acts on, and the file system's own.

use sys::mount::flag;

/// A word, the flags that it sets and those that it clears.
struct Word(&'static str, u64, u64);

const NO_ATIME: u64 = flag::NOATIME | flag::RELATIME | flag::STRICTATIME;
const RECURSIVE: u64 = flag::REC;

const WORDS: &[Word] = &[
    Word("ro", flag::RDONLY, 0),
    Word("rw", 0, flag::RDONLY),
    Word("suid", 0, flag::NOSUID),
    Word("nosuid", flag::NOSUID, 0),
    Word("dev", 0, flag::NODEV),
    Word("nodev", flag::NODEV, 0),
    Word("exec", 0, flag::NOEXEC),
    Word("noexec", flag::NOEXEC, 0),
    Word("sync", flag::SYNCHRONOUS, 0),
    Word("async", 0, flag::SYNCHRONOUS),
    Word("dirsync", flag::DIRSYNC, 0),
    Word("mand", flag::MANDLOCK, 0),
    Word("nomand", 0, flag::MANDLOCK),
    Word("atime", 0, flag::NOATIME),
    Word("noatime", flag::NOATIME, flag::RELATIME | flag::STRICTATIME),
    Word("diratime", 0, flag::NODIRATIME),
    Word("nodiratime", flag::NODIRATIME, 0),
    Word("relatime", flag::RELATIME, NO_ATIME & !flag::RELATIME),
    Word("norelatime", 0, flag::RELATIME),
    Word("strictatime", flag::STRICTATIME, NO_ATIME & !flag::STRICTATIME),
    Word("nostrictatime", 0, flag::STRICTATIME),
    Word("lazytime", flag::LAZYTIME, 0),
    Word("nolazytime", 0, flag::LAZYTIME),
    Word("symfollow", 0, flag::NOSYMFOLLOW),
    Word("nosymfollow", flag::NOSYMFOLLOW, 0),
    Word("iversion", flag::I_VERSION, 0),
    Word("noiversion", 0, flag::I_VERSION),
    Word("loud", 0, flag::SILENT),
    Word("silent", flag::SILENT, 0),
    Word("remount", flag::REMOUNT, 0),
    Word("bind", flag::BIND, 0),
    Word("rbind", flag::BIND | RECURSIVE, 0),
    Word("move", flag::MOVE, 0),
    Word("defaults", 0, flag::RDONLY | flag::NOSUID | flag::NODEV | flag::NOEXEC | flag::SYNCHRONOUS),
    // A user's mount must not give the user what root alone may give.
    Word("user", USER, 0),
    Word("users", USER, 0),
    Word("owner", flag::NOSUID | flag::NODEV, 0),
    Word("group", flag::NOSUID | flag::NODEV, 0),
    Word("nouser", 0, 0),
    Word("nousers", 0, 0),
    Word("noowner", 0, 0),
    Word("nogroup", 0, 0),
    Word("auto", 0, 0),
    Word("noauto", 0, 0),
    Word("swap", 0, 0),
    Word("sw", 0, 0),
    Word("_netdev", 0, 0),
    Word("_rnetdev", 0, 0),
    Word("nofail", 0, 0),
];
const USER: u64 = flag::NOSUID | flag::NODEV | flag::NOEXEC;

/// Changes how mounts propagate; each is a call of its own. Also with "make-" in front.
const PROPAGATION: &[(&str, u64)] = &[
    ("shared", flag::SHARED),
    ("slave", flag::SLAVE),
    ("private", flag::PRIVATE),
    ("unbindable", flag::UNBINDABLE),
    ("rshared", flag::SHARED | RECURSIVE),
    ("rslave", flag::SLAVE | RECURSIVE),
    ("rprivate", flag::PRIVATE | RECURSIVE),
    ("runbindable", flag::UNBINDABLE | RECURSIVE),
];

/// The flags of one mount rather than of the file system: what a bind mount can change.
pub(super) const PER_MOUNT: u64 = flag::RDONLY
    | flag::NOSUID
    | flag::NODEV
    | flag::NOEXEC
    | flag::NOATIME
    | flag::NODIRATIME
    | flag::RELATIME
    | flag::STRICTATIME
    | flag::NOSYMFOLLOW;

/// Options, sorted by who acts on them.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) flags: u64,
    /// What the words have cleared, for a remount that keeps the rest.
    pub(super) cleared: u64,
    pub(super) propagation: Vec<u64>,
    /// For the file system, separated by commas.
    pub(super) data: Vec<u8>,
    /// `loop` (empty) or `loop=/dev/loop3`.
    pub(super) loop_device: Option<Vec<u8>>,
    pub(super) offset: u64,
    pub(super) size_limit: u64,
}

/// Sorts `options`. Errors: the word whose value is not a number.
pub(super) fn parse(options: &[u8]) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    for word in split(options) {
        if let Ok(text) = std::str::from_utf8(word) {
            if let Some(Word(_, set, clear)) = WORDS.iter().find(|Word(name, ..)| *name == text) {
                parsed.flags = parsed.flags & !clear | set;
                parsed.cleared = parsed.cleared & !set | clear;
                continue;
            }
            let bare = text.strip_prefix("make-").unwrap_or(text);
            if let Some((_, flags)) = PROPAGATION.iter().find(|(name, _)| *name == bare) {
                parsed.propagation.push(*flags);
                continue;
            }
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            match key {
                "comment" | "user" => continue,
                _ if key.starts_with("x-") || key.starts_with("X-") => continue,
                "loop" => {
                    parsed.loop_device = Some(value.as_bytes().to_vec());
                    continue;
                }
                "offset" | "sizelimit" if text != key => {
                    let number = size(value).ok_or_else(|| format!("invalid number '{value}'"))?;
                    let place = if key == "offset" { &mut parsed.offset } else { &mut parsed.size_limit };
                    *place = number;
                    continue;
                }
                _ => {}
            }
        }
        if !parsed.data.is_empty() {
            parsed.data.push(b',');
        }
        parsed.data.extend_from_slice(word);
    }
    Ok(parsed)
}

/// The words of a list; a comma between quotes does not separate (`context="a,b"`).
fn split(options: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    options
        .split(move |&byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        })
        .filter(|word| !word.is_empty())
}

fn size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 10),
        b'm' | b'M' => (&text[..text.len() - 1], 20),
        b'g' | b'G' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The flags that a line of /proc/mounts shows, for a remount that is to keep them.
pub(super) fn current_flags(options: &[u8]) -> u64 {
    parse(options).map_or(0, |parsed| {
        parsed.flags & (PER_MOUNT | flag::SYNCHRONOUS | flag::DIRSYNC | flag::MANDLOCK | flag::LAZYTIME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_words() {
        for (options, flags, data) in [
            ("", 0, ""),
            ("ro,rw", 0, ""),
            ("rw,ro,size=1m,mode=755", flag::RDONLY, "size=1m,mode=755"),
            ("noatime,relatime", flag::RELATIME, ""),
            ("user,exec", flag::NOSUID | flag::NODEV, ""),
            ("rbind", flag::BIND | flag::REC, ""),
            ("defaults,noauto,x-systemd.foo=1,comment=a,_netdev,nofail,uid=5", 0, "uid=5"),
            ("context=\"a,b\",ro", flag::RDONLY, "context=\"a,b\""),
        ] {
            let parsed = parse(options.as_bytes()).unwrap();
            assert_eq!((parsed.flags, parsed.data.as_slice()), (flags, data.as_bytes()), "{options}");
        }
        let parsed = parse(b"loop=/dev/loop7,offset=4k,sizelimit=10,make-rslave,private").unwrap();
        assert_eq!((parsed.offset, parsed.size_limit), (4096, 10));
        assert_eq!(parsed.loop_device.as_deref(), Some(&b"/dev/loop7"[..]));
        assert_eq!(parsed.propagation, [flag::SLAVE | flag::REC, flag::PRIVATE]);
        assert_eq!(parse(b"offset=x").unwrap_err(), "invalid number 'x'");
        assert_eq!(current_flags(b"rw,nosuid,nodev,size=4k"), flag::NOSUID | flag::NODEV);
    }
}
