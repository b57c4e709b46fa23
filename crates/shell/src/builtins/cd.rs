//! cd, pwd — the working directory, by the way that was taken to it (-L) or as it is (-P).
//!
//! Source: POSIX.1-2024 `cd`, `pwd`.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{Arguments, Letters};
use crate::commands::identity;
use crate::expand::path::is_directory;
use crate::name;
use crate::shell::{Flow, Shell};

pub(super) fn cd(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut physical = false;
    let mut letters = Letters::new(arguments, "LPe@");
    while let Some((letter, _)) = letters.next(shell)? {
        match letter {
            b'P' => physical = true,
            b'L' => physical = false,
            _ => {}
        }
    }
    let operands = letters.rest();
    let mut announce = false;
    let target = match operands.len() {
        1 => match shell.variables.get(name::HOME) {
            Some(home) => home.to_vec(),
            None => return shell.wrong(&[b"HOME not set"]),
        },
        _ if operands.get(1) == b"-" => match shell.variables.get(name::OLDPWD) {
            Some(old) => {
                announce = true;
                old.to_vec()
            }
            None => return shell.wrong(&[b"OLDPWD not set"]),
        },
        _ => operands.get(1).to_vec(),
    };
    let tied =
        target.is_empty() || target.starts_with(b"/") || matches!(first_component(&target), b"." | b"..");
    if !tied {
        let path = shell.variables.get(name::CDPATH).map(<[u8]>::to_vec);
        for directory in path.iter().flat_map(|path| path.split(|&byte| byte == b':')) {
            let candidate = joined(directory, &target);
            if is_directory(&candidate) {
                return change(shell, &candidate, physical, announce || !directory.is_empty());
            }
        }
    }
    change(shell, &target, physical, announce)
}

fn first_component(path: &[u8]) -> &[u8] {
    path.split(|&byte| byte == b'/').next().unwrap_or_default()
}

fn joined(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let mut joined = directory.to_vec();
    if !joined.is_empty() && !joined.ends_with(b"/") {
        joined.push(b'/');
    }
    joined.extend_from_slice(path);
    joined
}

fn change(shell: &mut Shell, target: &[u8], physical: bool, announce: bool) -> Flow<i32> {
    let before = shell.variables.get(name::PWD).map(<[u8]>::to_vec).unwrap_or_default();
    let logical = if target.starts_with(b"/") { target.to_vec() } else { joined(&before, target) };
    let resolved = if physical || !logical.starts_with(b"/") { None } else { resolve(&logical) };
    let way = resolved.as_deref().unwrap_or(target);
    let way = if way.is_empty() { b"." } else { way };
    // The whole path may be too long, or the parents unreadable, where the short way works.
    let changed = std::env::set_current_dir(OsStr::from_bytes(way)).or_else(|error| {
        if resolved.is_some() && !target.is_empty() {
            std::env::set_current_dir(OsStr::from_bytes(target))
        } else {
            Err(error)
        }
    });
    if let Err(error) = changed {
        return shell.wrong_by(&[b"can't cd to ", target], &error);
    }
    let now = match resolved {
        Some(resolved) => resolved,
        None => match std::env::current_dir() {
            Ok(directory) => directory.into_os_string().into_vec(),
            Err(_) => logical,
        },
    };
    shell.assign(name::OLDPWD, &before)?;
    shell.variables.export(name::OLDPWD, true);
    shell.assign(name::PWD, &now)?;
    if announce {
        shell.out.write(&now);
        shell.out.write(b"\n");
    }
    Ok(0)
}

/// `path` without `.`, `..` and double slashes. None: a `..` stands behind what is no directory.
fn resolve(path: &[u8]) -> Option<Vec<u8>> {
    // Two slashes at the beginning, no more and no less, may mean another place.
    let doubled = path.starts_with(b"//") && !path.starts_with(b"///");
    let mut resolved: Vec<u8> = Vec::with_capacity(path.len());
    for component in path.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                if !resolved.is_empty() && !is_directory(&resolved) {
                    return None;
                }
                let parent = resolved.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
                resolved.truncate(parent);
            }
            _ => {
                resolved.push(b'/');
                resolved.extend_from_slice(component);
            }
        }
    }
    if resolved.is_empty() || doubled {
        resolved.insert(0, b'/');
    }
    if doubled && resolved.len() == 1 {
        resolved.push(b'/');
    }
    Some(resolved)
}

pub(super) fn pwd(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let physical = arguments.flags(shell, "LP")?.last == b'P';
    let logical = shell.variables.get(name::PWD).filter(|pwd| pwd.starts_with(b"/")).map(<[u8]>::to_vec);
    let directory = match logical {
        Some(directory) if !physical => directory,
        _ => match std::env::current_dir() {
            Ok(directory) => directory.into_os_string().into_vec(),
            Err(error) => return shell.wrong_by(&[b"getcwd"], &error),
        },
    };
    shell.out.write(&directory);
    shell.out.write(b"\n");
    Ok(0)
}

/// The working directory that a new shell has: `inherited` if that is a way to it.
pub(crate) fn initial(inherited: Option<&[u8]>) -> Option<Vec<u8>> {
    if let Some(path) = inherited
        && path.starts_with(b"/")
        && !path.split(|&byte| byte == b'/').any(|component| matches!(component, b"." | b".."))
        && identity(path).is_some_and(|there| Some(there) == identity(b"."))
    {
        return Some(path.to_vec());
    }
    std::env::current_dir().ok().map(|directory| directory.into_os_string().into_vec())
}
