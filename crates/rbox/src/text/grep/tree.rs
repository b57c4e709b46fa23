//! tree — reading folders for `grep -r`.

use super::scan::Scan;
use super::scan_file;
use crate::prelude::*;

/// Which files and folders of a tree are read.
pub(super) struct Filter {
    include: Vec<Vec<u8>>,
    exclude: Vec<Vec<u8>>,
    exclude_folders: Vec<Vec<u8>>,
    /// Go through symbolic links below the operands too.
    follow: bool,
}

impl Filter {
    pub(super) fn new(options: &Options) -> Filter {
        let globs = |long: &str| {
            let given = options.in_order().filter(|given| given.1 == long);
            given.filter_map(|given| Some(given.2?.as_bytes().to_vec())).collect()
        };
        Filter {
            include: globs("include"),
            exclude: globs("exclude"),
            exclude_folders: globs("exclude-dir"),
            follow: options.has('R'),
        }
    }

    fn reads_file(&self, name: &[u8]) -> bool {
        let any = |globs: &[Vec<u8>]| globs.iter().any(|glob| matches(glob, name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// Scans the file or the whole tree `path`.
pub(super) fn walk(cx: &mut Cx<'_>, scan: &mut Scan<'_>, path: &Path, filter: &Filter) {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => walk_folder(cx, scan, path, filter, &mut Vec::new()),
        // What is wrong with it is said when it is opened.
        _ => scan_file(cx, scan, path),
    }
}

/// `inside` are the folders that lead here, by device and inode: a link back to one of them is not followed.
fn walk_folder(
    cx: &mut Cx<'_>,
    scan: &mut Scan<'_>,
    folder: &Path,
    filter: &Filter,
    inside: &mut Vec<(u64, u64)>,
) {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::metadata(folder).and_then(|metadata| {
        let identity = (metadata.dev(), metadata.ino());
        if inside.contains(&identity) {
            return Ok(Vec::new());
        }
        inside.push(identity);
        std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()
    });
    let mut names = match entries.at(folder) {
        Ok(names) => names,
        Err(_) if scan.no_messages => {
            cx.status = 2;
            return;
        }
        Err(error) => return cx.report(error),
    };
    if names.is_empty() {
        return;
    }
    names.sort_unstable();
    for name in names {
        if scan.done || cx.out.failed() {
            break;
        }
        let path = folder.join(&name);
        let Ok(link) = std::fs::symlink_metadata(&path) else { continue };
        let is_link = link.file_type().is_symlink();
        if is_link && !filter.follow {
            continue;
        }
        let metadata = if is_link { std::fs::metadata(&path) } else { Ok(link) };
        match metadata {
            Ok(metadata) if metadata.is_dir() => {
                let excluded = filter.exclude_folders.iter().any(|glob| matches(glob, name.as_bytes()));
                match excluded {
                    true => continue,
                    false => walk_folder(cx, scan, &path, filter, inside),
                }
            }
            // Devices and pipes might never end.
            Ok(metadata) if !metadata.is_file() => {}
            _ if filter.reads_file(name.as_bytes()) => scan_file(cx, scan, &path),
            _ => {}
        }
    }
    inside.pop();
}

/// Whether a name fits a pattern with `*`, `?`, `[…]` and `\`.
fn matches(glob: &[u8], name: &[u8]) -> bool {
    let Some((&first, rest)) = glob.split_first() else { return name.is_empty() };
    match first {
        b'*' => (0..=name.len()).any(|skip| matches(rest, &name[skip..])),
        b'?' => !name.is_empty() && matches(rest, &name[1..]),
        b'[' => {
            let negated = matches!(rest.first(), Some(b'!' | b'^'));
            let start = usize::from(negated);
            let Some(end) = rest.iter().skip(start + 1).position(|&byte| byte == b']') else {
                return name.first() == Some(&b'[') && matches(rest, &name[1..]);
            };
            let end = end + start + 1;
            let Some(&byte) = name.first() else { return false };
            member(&rest[start..end], byte) != negated && matches(&rest[end + 1..], &name[1..])
        }
        b'\\' if !rest.is_empty() => name.first() == rest.first() && matches(&rest[1..], &name[1..]),
        byte => name.first() == Some(&byte) && matches(rest, &name[1..]),
    }
}

fn member(mut set: &[u8], byte: u8) -> bool {
    while let Some((&first, rest)) = set.split_first() {
        if let [b'-', last, behind @ ..] = rest {
            if first <= byte && byte <= *last {
                return true;
            }
            set = behind;
        } else {
            if first == byte {
                return true;
            }
            set = rest;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_names() {
        for (glob, name, expected) in [
            ("*.rs", "a.rs", true),
            ("*.rs", "a.rsx", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]", "]", true),
            ("\\*", "*", true),
            ("[", "[", true),
        ] {
            assert_eq!(matches(glob.as_bytes(), name.as_bytes()), expected, "{glob} {name}");
        }
    }
}
