//! path — the files that a pattern matches.
//!
//! Source: POSIX.1-2024 XCU 2.14.3.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use posix::glob;
use sys::descriptor;
use sys::directory::Names;
use sys::strings::Strings;

/// The names in a directory, in no order; none if it cannot be read.
pub(crate) fn names(directory: &[u8]) -> Names {
    let opened = crate::exec::open_for_reading(directory, descriptor::DIRECTORY);
    let Ok(fd) = opened else { return Names::default() };
    let names = Names::read(&fd).unwrap_or_default();
    descriptor::close(fd);
    names
}

pub(crate) fn is_directory(path: &[u8]) -> bool {
    fs::metadata(OsStr::from_bytes(path)).is_ok_and(|metadata| metadata.is_dir())
}

/// Adds the paths that `pattern` matches, in no order; none if nothing matches.
pub(crate) fn expand(pattern: &[u8], found: &mut Strings) {
    if !glob::is_special(pattern) {
        return;
    }
    let mut path = Vec::new();
    walk(pattern, &mut path, found);
}

/// Goes on from `path`, whose part of the pattern has been dealt with.
fn walk(pattern: &[u8], path: &mut Vec<u8>, found: &mut Strings) {
    let length = path.len();
    // Slashes and components without a pattern are taken as they are.
    let slashes = pattern.iter().take_while(|&&byte| byte == b'/').count();
    path.extend_from_slice(&pattern[..slashes]);
    let rest = &pattern[slashes..];
    let end = component_end(rest);
    let (component, behind) = rest.split_at(end);
    if component.is_empty() {
        // The pattern ended in a slash: only directories.
        if length == 0 || is_directory(path) {
            found.push(path);
        }
    } else if glob::is_special(component) {
        walk_directory(component, behind, path, found);
    } else {
        path.extend_from_slice(&glob::unescape(component));
        if !behind.is_empty() {
            walk(behind, path, found);
        } else if fs::symlink_metadata(OsStr::from_bytes(path)).is_ok() {
            found.push(path);
        }
    }
    path.truncate(length);
}

fn walk_directory(component: &[u8], behind: &[u8], path: &mut Vec<u8>, found: &mut Strings) {
    let directory = if path.is_empty() { b"." } else { path.as_slice() };
    let dotted = component.first() == Some(&b'.') || component.starts_with(b"\\.");
    let names = names(directory);
    let length = path.len();
    for (name, _) in names.iter() {
        let name = name.as_bytes();
        // A leading period is matched by a period only.
        if name.first() == Some(&b'.') && !dotted || !glob::matches(component, name) {
            continue;
        }
        path.extend_from_slice(name);
        if behind.is_empty() {
            found.push(path);
        } else if is_directory(path) {
            walk(behind, path, found);
        }
        path.truncate(length);
    }
}

/// Where the first component of a pattern ends. A slash cannot stand in a bracket expression.
fn component_end(pattern: &[u8]) -> usize {
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'/' => return at,
            b'\\' if pattern.get(at + 1) == Some(&b'/') => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    pattern.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files() {
        let root = testkit::temporary::Directory::new("glob").unwrap();
        for file in ["a.c", "b.c", ".hidden", "d/e.c", "d/x[1].h"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let base = root.path().as_os_str().as_bytes().to_vec();
        for (pattern, expected) in [
            ("/*", "/a.c /b.c /d"),
            ("/*.c", "/a.c /b.c"),
            ("/*/*.c", "/d/e.c"),
            ("/.h*", "/.hidden"),
            ("/d/x\\[1]*", "/d/x[1].h"),
            ("/*/", "/d/"),
            ("/z*", ""),
            ("/d*/none", ""),
        ] {
            let mut found = Strings::new();
            let mut whole = base.clone();
            whole.extend_from_slice(pattern.as_bytes());
            expand(&whole, &mut found);
            found.sort_from(0);
            let names: Vec<String> =
                found.iter().map(|path| String::from_utf8_lossy(&path[base.len()..]).into_owned()).collect();
            assert_eq!(names.join(" "), expected, "{pattern}");
        }
    }
}
