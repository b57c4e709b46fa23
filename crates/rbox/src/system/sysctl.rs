//! sysctl — show or set the kernel's parameters, the files below /proc/sys.
//!
//! Source: BusyBox 1.37; procps for `-N`, `--system`, `-b`, patterns in files, and keys with `-` before them
//! (sysctl.conf(5), sysctl.d(5)).

use std::fs;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "sysctl",
    links: &["/sbin/sysctl"],
    usage: "\
sysctl [-enNqb] { -a | -p [FILE]... | --system | [-w] [KEY[=VALUE]]... }

Show or set parameters of the kernel.

  -a, -A, -X, --all     Show all
  -n, --values          Show values only
  -N, --names           Show names only
  -b, --binary          Show values only, without a newline
  -e, --ignore          No error for a key that does not exist
  -q, --quiet           Do not show what is set
  -w, --write           Keys have to come with values
  -p, -f, --load        Set what FILEs have (/etc/sysctl.conf; - is stdin)
  --system              Set what the files of sysctl.d and /etc/sysctl.conf have
",
    process: Process::Fork,
    run,
};

const ROOT: &str = "/proc/sys";
/// A file hides those of its name in later folders.
const FOLDERS: &[&str] =
    &["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if options.has('a') {
        show_below(cx, &options, Path::new(ROOT));
        return Ok(());
    }
    if options.has_long("system") {
        for file in system_files() {
            load(cx, &options, &file);
        }
        return Ok(());
    }
    if options.has('p') {
        let files = match options.operands() {
            [] => vec![PathBuf::from("/etc/sysctl.conf")],
            files => files.iter().map(PathBuf::from).collect(),
        };
        for file in files {
            load(cx, &options, &file);
        }
        return Ok(());
    }
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        match split(operand.as_bytes()) {
            Some((key, value)) => set(cx, &options, key, value),
            None if options.has('w') => {
                cx.report(Error::message(format_args!(
                    "error: '{}' must be of the form name=value",
                    operand.display()
                )));
            }
            None => {
                let path = path_of(operand.as_bytes());
                show(cx, &options, &path, operand.as_bytes());
            }
        }
    }
    Ok(())
}

/// KEY=VALUE without the blanks around both.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = text.iter().position(|&byte| byte == b'=')?;
    Some((text[..equals].trim_ascii(), text[equals + 1..].trim_ascii()))
}

/// The file of a key. The first separator that is used says which one it is: in `net/ipv4/conf/eth0.1/mtu` the dots
/// belong to names, in `net.ipv4.conf.eth0/1.mtu` slashes stand for dots in names.
fn path_of(key: &[u8]) -> PathBuf {
    let first = key.iter().find(|byte| matches!(byte, b'.' | b'/'));
    let path = if first == Some(&b'.') { swapped(key) } else { key.to_vec() };
    let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b"..");
    parts.fold(PathBuf::from(ROOT), |path, part| path.join(OsStr::from_bytes(part)))
}

/// The key of a file, with dots; a dot in a name becomes a slash.
fn key_of(path: &Path) -> Vec<u8> {
    let relative = path.strip_prefix(ROOT).unwrap_or(path).as_os_str().as_bytes();
    swapped(relative)
}

/// Dots for slashes, and slashes for dots.
fn swapped(text: &[u8]) -> Vec<u8> {
    let swap = |byte: &u8| match byte {
        b'.' => b'/',
        b'/' => b'.',
        other => *other,
    };
    text.iter().map(swap).collect()
}

fn show(cx: &mut Cx<'_>, options: &Options, path: &Path, asked: &[u8]) {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => show_below(cx, options, path),
        Ok(_) => {
            if let Err(error) = show_value(cx, options, path) {
                report(cx, options, asked, error, "reading");
            }
        }
        Err(error) => report(cx, options, asked, error, "reading"),
    }
}

fn show_below(cx: &mut Cx<'_>, options: &Options, folder: &Path) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => show_below(cx, options, &path),
            // Files that can only be written, and values that cannot be read now, are passed over.
            Ok(metadata) if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o444 != 0 => {
                let _ = show_value(cx, options, &path);
            }
            _ => {}
        }
    }
}

/// Prints every line of a value behind its key.
fn show_value(cx: &mut Cx<'_>, options: &Options, path: &Path) -> io::Result<()> {
    let key = key_of(path);
    if options.has('N') {
        cx.out.write(&key);
        cx.out.write(b"\n");
        return Ok(());
    }
    let value = fs::read(path)?;
    if options.has('b') {
        cx.out.write(value.strip_suffix(b"\n").unwrap_or(&value));
        return Ok(());
    }
    let text = value.strip_suffix(b"\n").unwrap_or(&value);
    for line in text.split(|&byte| byte == b'\n') {
        print(cx, options, &key, line);
    }
    Ok(())
}

fn print(cx: &mut Cx<'_>, options: &Options, key: &[u8], value: &[u8]) {
    if !options.has('n') {
        cx.out.write(key);
        cx.out.write(b" = ");
    }
    cx.out.write(value);
    cx.out.write(b"\n");
}

fn set(cx: &mut Cx<'_>, options: &Options, key: &[u8], value: &[u8]) {
    let path = path_of(key);
    let mut text = value.to_vec();
    text.push(b'\n');
    let written = fs::OpenOptions::new().write(true).open(&path).and_then(|mut file| file.write_all(&text));
    match written {
        Ok(()) if options.has('q') => {}
        Ok(()) => print(cx, options, &key_of(&path), value),
        Err(error) => report(cx, options, key, error, "setting"),
    }
}

#[cold]
fn report(cx: &mut Cx<'_>, options: &Options, key: &[u8], error: io::Error, doing: &str) {
    let key = String::from_utf8_lossy(key);
    if error.kind() == io::ErrorKind::NotFound {
        if !options.has('e') {
            cx.report(Error::message(format_args!("error: '{key}' is an unknown key")));
        }
        return;
    }
    cx.report(Error::io(format_args!("error {doing} key '{key}'"), error));
}

/// Sets what a file has: KEY = VALUE lines, comments behind # or ;, a - before a key whose errors do not matter.
fn load(cx: &mut Cx<'_>, options: &Options, file: &Path) {
    let text = match read(cx, file) {
        Ok(text) => text,
        Err(error) => return cx.report(Error::at(file, error)),
    };
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
            continue;
        }
        let Some((key, value)) = split(line) else {
            cx.warn(&format!("{}: '{}' is not KEY=VALUE", file.display(), OsStr::from_bytes(line).display()));
            cx.status = cx.failure;
            continue;
        };
        match key.strip_prefix(b"-") {
            Some(key) => {
                let before = cx.status;
                if fs::metadata(path_of(key)).is_ok() {
                    set(cx, options, key, value);
                }
                cx.status = before;
            }
            None => set(cx, options, key, value),
        }
    }
}

fn read(cx: &Cx<'_>, file: &Path) -> io::Result<Vec<u8>> {
    if file.as_os_str() != "-" {
        return fs::read(file);
    }
    let mut text = Vec::new();
    cx.stdin().read_to_end(&mut text)?;
    Ok(text)
}

/// The files of `--system` in the order of their names, /etc/sysctl.conf last.
fn system_files() -> Vec<PathBuf> {
    let folders: Vec<&Path> = FOLDERS.iter().map(Path::new).collect();
    let mut files = cli::configuration::files(&folders);
    let last = PathBuf::from("/etc/sysctl.conf");
    if last.exists() {
        files.push(last);
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_files() {
        for (key, path) in [
            ("kernel.ostype", "/proc/sys/kernel/ostype"),
            ("kernel/ostype", "/proc/sys/kernel/ostype"),
            ("net.ipv4.conf.eth0/1.mtu", "/proc/sys/net/ipv4/conf/eth0.1/mtu"),
            ("net/ipv4/conf/eth0.1/mtu", "/proc/sys/net/ipv4/conf/eth0.1/mtu"),
            ("../../etc/passwd", "/proc/sys/./etc/passwd"),
            ("/../etc", "/proc/sys/etc"),
        ] {
            if !key.starts_with("..") {
                assert_eq!(path_of(key.as_bytes()), Path::new(path), "{key}");
            }
            assert!(path_of(key.as_bytes()).starts_with(ROOT));
            assert!(!path_of(key.as_bytes()).components().any(|part| part.as_os_str() == ".."), "{key}");
        }
        assert_eq!(key_of(Path::new("/proc/sys/net/ipv4/conf/eth0.1/mtu")), b"net.ipv4.conf.eth0/1.mtu");
        assert_eq!(split(b" a = b = c "), Some((&b"a"[..], &b"b = c"[..])));
        assert_eq!(split(b"a"), None);
    }
}
