//! common — what modprobe, insmod, rmmod, lsmod and modinfo share: names, the list of loaded modules, loading.
//!
//! Source: kmod's modules.dep(5) and modprobe.d(5); finit_module(2).

use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::prelude::*;

/// The module's name as the kernel has it: without folder and suffix, `-` as `_`.
pub(crate) fn module_name(path: &[u8]) -> Vec<u8> {
    let file = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let mut name = file;
    // "a.ko.zst" is "a"; a name without ".ko" is taken whole.
    if let Some(end) = file.windows(3).position(|part| part == b".ko")
        && matches!(file.get(end + 3), None | Some(b'.'))
    {
        name = &file[..end];
    }
    underscored(name)
}

/// Kernel and files disagree on `-` and `_`: both mean the same.
pub(crate) fn underscored(name: &[u8]) -> Vec<u8> {
    name.iter().map(|&byte| if byte == b'-' { b'_' } else { byte }).collect()
}

/// One line of /proc/modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// None: the kernel cannot unload modules ("-").
    pub(crate) users: Option<u32>,
    /// Names of modules that use it, each followed by a comma; "-" for none.
    pub(crate) by: String,
}

/// What is loaded, newest first.
pub(crate) fn loaded() -> io::Result<Vec<Loaded>> {
    let text = fs::read_to_string("/proc/modules")?;
    Ok(text.lines().filter_map(loaded_line).collect())
}

fn loaded_line(line: &str) -> Option<Loaded> {
    let mut fields = line.split_ascii_whitespace();
    Some(Loaded {
        name: fields.next()?.to_string(),
        size: fields.next()?.parse().ok()?,
        users: fields.next()?.parse().ok(),
        by: fields.next().unwrap_or("-").to_string(),
    })
}

/// Loads the module in the file `path`.
pub(crate) fn load_file(path: &Path, parameters: &[u8], force: bool) -> io::Result<()> {
    let file = File::open(path)?;
    let parameters = CString::new(parameters).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut flags = if force { sys::module::FORCE } else { 0 };
    if is_compressed(&file)? {
        flags |= sys::module::COMPRESSED;
    }
    sys::module::load(&file, &parameters, flags)
}

/// Whether the file begins as gzip, xz or zstd do, which the kernel unpacks when it is told to.
fn is_compressed(file: &File) -> io::Result<bool> {
    let mut start = [0; 6];
    let count = file.read_at(&mut start, 0)?;
    Ok([&b"\x1f\x8b"[..], b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"]
        .iter()
        .any(|magic| start[..count].starts_with(magic)))
}

/// What an error of finit_module means.
pub(crate) fn load_error(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(8) => "invalid module format".to_string(),
        Some(2) => "unknown symbol in module, or unknown parameter".to_string(),
        Some(3) => "module has wrong symbol version".to_string(),
        Some(38) => "kernel does not support requested operation".to_string(),
        // The kernel was built without MODULE_DECOMPRESS or for another format.
        Some(95) => "the kernel cannot unpack the module".to_string(),
        Some(129) => "the module is not signed by a key that the kernel trusts".to_string(),
        _ => sys::error::text(error),
    }
}

/// `name=value` of a command line as the kernel wants it: quotes around a value with blanks.
pub(crate) fn push_parameter(parameters: &mut Vec<u8>, word: &[u8]) {
    if !parameters.is_empty() {
        parameters.push(b' ');
    }
    let has_blank = word.iter().any(u8::is_ascii_whitespace) && !word.contains(&b'"');
    match word.iter().position(|&byte| byte == b'=') {
        Some(end) if has_blank => {
            parameters.extend_from_slice(&word[..=end]);
            parameters.push(b'"');
            parameters.extend_from_slice(&word[end + 1..]);
            parameters.push(b'"');
        }
        _ => parameters.extend_from_slice(word),
    }
}

/// The release of the running kernel, the name of its folder below /lib/modules.
pub(crate) fn release() -> Result<String> {
    let path = "/proc/sys/kernel/osrelease";
    Ok(fs::read_to_string(path).at(path)?.trim_end().to_string())
}

/// Sends a line to the system log; where nobody listens it is lost, as with syslog(3).
pub(crate) fn log(name: &str, message: &str) {
    const DAEMON_ERROR: u32 = 3 << 3 | 3;
    if let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() {
        let _ = socket.send_to(format!("<{DAEMON_ERROR}>{name}: {message}").as_bytes(), "/dev/log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_modules() {
        for (path, name) in [
            ("kernel/fs/ext4/ext4.ko", "ext4"),
            ("/lib/x/snd-hda-intel.ko.zst", "snd_hda_intel"),
            ("snd-pcm", "snd_pcm"),
            ("a.kob.ko.xz", "a.kob.ko.xz"),
            ("dm-mod.ko.gz", "dm_mod"),
        ] {
            assert_eq!(String::from_utf8(module_name(path.as_bytes())).unwrap(), name, "{path}");
        }
    }

    #[test]
    fn reads_proc_modules() {
        let line = "nf_tables 385024 11 nft_ct,nft_compat, Live 0x0000000000000000";
        let module = loaded_line(line).unwrap();
        assert_eq!((module.size, module.users, module.by.as_str()), (385024, Some(11), "nft_ct,nft_compat,"));
        assert_eq!(loaded_line("fixed 4096 - - Live 0x0").unwrap().users, None);
        assert!(loaded_line("").is_none());
    }

    #[test]
    fn quotes_values_with_blanks() {
        let mut parameters = Vec::new();
        for word in ["a=1", "b=x y", "c=\"x y\"", "flag"] {
            push_parameter(&mut parameters, word.as_bytes());
        }
        assert_eq!(parameters, b"a=1 b=\"x y\" c=\"x y\" flag");
    }
}
