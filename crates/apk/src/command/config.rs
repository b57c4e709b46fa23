//! config — the file with default options: `$APK_CONFIG`, `/etc/apk/config` or `/lib/apk/config` of the host.
//!
//! One long option a line without its dashes, the value behind white space, `#` begins a comment line. Only the first
//! file that exists is read.

use std::fs;
use std::io;
use std::path::Path;

use super::options::{Options, Tables};

/// The options of the first file that exists, and what is wrong in it, a message a line that could not be used.
pub fn read(tables: Tables<'_>) -> (Options, Vec<String>) {
    let chosen = std::env::var_os("APK_CONFIG");
    let paths: Vec<&Path> = match &chosen {
        Some(path) => vec![Path::new(path)],
        None => vec![Path::new("/etc/apk/config"), Path::new("/lib/apk/config")],
    };
    for path in paths {
        match fs::read(path) {
            Ok(text) => return parse(&text, tables),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => break,
        }
    }
    (Options::default(), Vec::new())
}

fn parse(text: &[u8], tables: Tables<'_>) -> (Options, Vec<String>) {
    let mut options = Options::default();
    let mut problems = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let value = line[end..].trim_ascii();
        let value = (!value.is_empty()).then(|| value.to_vec());
        if let Err(wrong) = tables.take_long(&mut options, &line[..end], value, || None) {
            problems.push(wrong.to_string());
        }
    }
    (options, problems)
}

#[cfg(test)]
mod tests {
    use super::super::globals::GLOBAL;
    use super::*;

    #[test]
    fn lines_and_their_problems() {
        let text = b"# foo\nverbose\n  root  r\nfoo bar\n--quiet\nno-progress\nprogress yes\nwait \n";
        let (options, problems) = parse(text, Tables { groups: &[&GLOBAL] });
        assert_eq!(options.text("root"), Some(b"r".as_slice()));
        assert_eq!(
            problems,
            [
                "unrecognized option 'foo'",
                "unrecognized option '--quiet'",
                "option 'wait' expects an argument"
            ]
        );
    }
}
