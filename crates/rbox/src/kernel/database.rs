//! database — the lists that depmod leaves in /lib/modules/RELEASE: files, dependencies, aliases, what is built in.
//!
//! Source: kmod's modules.dep(5), depmod(8). The text files are read; the binary indexes hold the same.

use std::cell::OnceCell;
use std::fs;

use super::common::{module_name, underscored};
use crate::prelude::*;

/// The folder of one kernel's modules.
pub(crate) struct Database {
    folder: PathBuf,
    dependencies: OnceCell<Vec<u8>>,
}

/// A module that has a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: Vec<u8>,
    pub(crate) path: PathBuf,
    /// Files of what it needs, in the order in which they must be loaded.
    pub(crate) needs: Vec<PathBuf>,
}

impl Database {
    pub(crate) fn new(folder: PathBuf) -> Database {
        Database { folder, dependencies: OnceCell::new() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads modules.dep, without which there is no database.
    pub(crate) fn load(&self) -> Result<&[u8]> {
        if let Some(text) = self.dependencies.get() {
            return Ok(text);
        }
        let path = self.folder.join("modules.dep");
        let text = fs::read(&path)
            .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))?;
        Ok(self.dependencies.get_or_init(|| text))
    }

    /// The module of that name (with `_` for `-`).
    pub(crate) fn find(&self, name: &[u8]) -> Option<Module> {
        self.load().ok()?.split(|&byte| byte == b'\n').find_map(|line| {
            let (file, needs) = dependency_line(line)?;
            (module_name(file) == name).then(|| self.module(file, needs))
        })
    }

    /// Every module that has a file.
    pub(crate) fn modules(&self) -> Result<Vec<Module>> {
        let lines = self.load()?.split(|&byte| byte == b'\n').filter_map(dependency_line);
        Ok(lines.map(|(file, needs)| self.module(file, needs)).collect())
    }

    fn module(&self, file: &[u8], needs: &[u8]) -> Module {
        let path = |file: &[u8]| self.folder.join(OsStr::from_bytes(file));
        let needs = needs.split(u8::is_ascii_whitespace).filter(|file| !file.is_empty());
        // What is needed by all stands last and comes first.
        let mut needs: Vec<PathBuf> = needs.map(path).collect();
        needs.reverse();
        Module { name: module_name(file), path: path(file), needs }
    }

    /// Names of the modules with an alias that fits `name`, in the order of the list.
    pub(crate) fn by_alias(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let list = if name.starts_with(b"symbol:") { "modules.symbols" } else { "modules.alias" };
        let text = fs::read(self.folder.join(list)).unwrap_or_default();
        let mut found: Vec<Vec<u8>> = Vec::new();
        for line in text.split(|&byte| byte == b'\n') {
            let Some(rest) = line.strip_prefix(b"alias ") else { continue };
            let Some(end) = rest.iter().rposition(|&byte| byte == b' ') else { continue };
            let (pattern, module) = (&rest[..end], &rest[end + 1..]);
            if wildcard(pattern, name) && !found.iter().any(|other| other == module) {
                found.push(underscored(module));
            }
        }
        found
    }

    /// Whether the module is part of the kernel itself.
    pub(crate) fn is_builtin(&self, name: &[u8]) -> bool {
        let text = fs::read(self.folder.join("modules.builtin")).unwrap_or_default();
        text.split(|&byte| byte == b'\n').any(|line| !line.is_empty() && module_name(line) == name)
    }

    /// Whether a part of the kernel has an alias that fits `name`.
    pub(crate) fn is_builtin_alias(&self, name: &[u8]) -> bool {
        let text = fs::read(self.folder.join("modules.builtin.modinfo")).unwrap_or_default();
        text.split(|&byte| byte == 0).any(|entry| {
            let key =
                entry.iter().position(|&byte| byte == b'=').map(|end| (&entry[..end], &entry[end + 1..]));
            key.is_some_and(|(key, pattern)| key.ends_with(b".alias") && wildcard(pattern, name))
        })
    }
}

fn dependency_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|&byte| byte == b':')?;
    Some((line[..end].trim_ascii(), &line[end + 1..]))
}

/// Whether `text` fits the shell pattern, where `-` and `_` are the same.
pub(crate) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when the last star has to take one byte more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            None if t == text.len() => return true,
            None => None,
            Some(_) if t == text.len() => None,
            Some(b'[') => class(&pattern[p..], text[t]),
            Some(b'?') => Some(1),
            Some(&byte) => (dashed(byte) == dashed(text[t])).then_some(1),
        };
        match (step, &mut retry) {
            (Some(count), _) => {
                p += count;
                t += 1;
            }
            (None, Some((star, start))) if *start < text.len() => {
                *start += 1;
                (p, t) = (*star, *start);
            }
            (None, _) => return false,
        }
    }
}

fn dashed(byte: u8) -> u8 {
    if byte == b'-' { b'_' } else { byte }
}

/// Whether `byte` is in the bracket expression at the start of `pattern`: then the length of the expression.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let Some(length) = pattern.iter().skip(2).position(|&other| other == b']').map(|end| end + 3) else {
        return (byte == b'[').then_some(1);
    };
    let mut inner = &pattern[1..length - 1];
    let negated = matches!(inner.first(), Some(b'!' | b'^'));
    if negated {
        inner = &inner[1..];
    }
    let mut found = false;
    while let [first, rest @ ..] = inner {
        if let [b'-', last, behind @ ..] = rest {
            found |= (*first..=*last).contains(&byte);
            inner = behind;
        } else {
            found |= *first == byte;
            inner = rest;
        }
    }
    (found != negated).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_aliases() {
        for (pattern, text, expected) in [
            ("pci:v00001AF4d*sv*sd*bc*sc*i*", "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00", true),
            ("pci:v00001AF4d*", "pci:v00001AF5d0", false),
            ("fs-ext4", "fs_ext4", true),
            ("usb:v*dc[0-9a-f]ic", "usb:v12dcaic", true),
            ("usb:v*dc[!0-9]ic", "usb:v12dc5ic", false),
            ("*", "", true),
            ("a*b*c", "a-x-b-y-c", true),
            ("a*b*c", "a-x-b-y-d", false),
            ("", "x", false),
            ("[", "[", true),
            ("a?c", "abc", true),
        ] {
            assert_eq!(wildcard(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn orders_what_is_needed() {
        let database = Database::new(PathBuf::from("/m"));
        let (file, needs) = dependency_line(b"kernel/a-b.ko.zst: kernel/c.ko.zst kernel/d.ko.zst").unwrap();
        let module = database.module(file, needs);
        assert_eq!(module.name, b"a_b");
        assert_eq!(module.path, Path::new("/m/kernel/a-b.ko.zst"));
        assert_eq!(module.needs, [Path::new("/m/kernel/d.ko.zst"), Path::new("/m/kernel/c.ko.zst")]);
    }
}
