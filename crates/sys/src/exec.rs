//! exec — replaces this process by another program.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// execvp(3) with this process's environment. Returns only if it failed.
pub fn replace(command: &[OsString]) -> io::Error {
    replace_with(command, None)
}

/// The same with an environment of `NAME=VALUE` strings (None: this process's own).
pub fn replace_with(command: &[OsString], environment: Option<&[OsString]>) -> io::Error {
    let Some(program) = command.first() else { return io::Error::from_raw_os_error(libc::ENOENT) };
    let current: Vec<OsString>;
    let environment = match environment {
        Some(environment) => environment,
        None => {
            current = std::env::vars_os()
                .map(|(mut name, value)| {
                    name.push("=");
                    name.push(value);
                    name
                })
                .collect();
            &current
        }
    };
    let (Some(arguments), Some(variables)) = (strings(command), strings(environment)) else {
        return io::Error::from_raw_os_error(libc::EINVAL);
    };
    let mut refused = None;
    for path in candidates(program, search_path(environment)) {
        let error = execute(&path, &arguments, &variables);
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) => {}
            // A later folder may have one that may be run.
            Some(libc::EACCES) => refused = Some(error),
            _ => return error,
        }
    }
    refused.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))
}

/// The value of PATH in the new program's environment, or where commands lie by default.
pub(crate) fn search_path(environment: &[OsString]) -> &OsStr {
    let value = environment.iter().find_map(|entry| entry.as_bytes().strip_prefix(b"PATH="));
    OsStr::from_bytes(value.unwrap_or(b"/usr/local/bin:/bin:/usr/bin"))
}

/// The files that a command's name may mean.
pub(crate) fn candidates(program: &OsStr, path: &OsStr) -> Vec<PathBuf> {
    if program.as_bytes().contains(&b'/') || program.is_empty() {
        return vec![PathBuf::from(program)];
    }
    let folders = path.as_bytes().split(|&byte| byte == b':');
    // An empty folder in PATH is the current one.
    folders
        .map(|folder| {
            if folder.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(folder)) }
                .join(program)
        })
        .collect()
}

fn strings(words: &[OsString]) -> Option<Vec<CString>> {
    words.iter().map(|word| CString::new(word.as_bytes()).ok()).collect()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

fn execute(program: &Path, arguments: &[CString], environment: &[CString]) -> io::Error {
    let Ok(program) = CString::new(program.as_os_str().as_bytes()) else {
        return io::Error::from_raw_os_error(libc::EINVAL);
    };
    let (argv, envp) = (pointers(arguments), pointers(environment));
    // SAFETY: both arrays end in a null pointer and point to strings that live until the call returns.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_where_path_says() {
        for (program, path, expected) in [
            ("ls", "/bin:/usr/bin", &["/bin/ls", "/usr/bin/ls"][..]),
            ("ls", ":/bin", &["./ls", "/bin/ls"]),
            ("./ls", "/bin", &["./ls"]),
            ("", "/bin", &[""]),
        ] {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(candidates(OsStr::new(program), OsStr::new(path)), expected);
        }
    }
}
