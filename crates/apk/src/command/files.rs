//! files — what the applets that read and write files share: keys, input, output.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Cx, Failure, Result, os};
use crate::adb::container::{BlockKind, Compression, Writer};
use crate::adb::signature;
use crate::database::{Database, Opening, Purpose};
use crate::error::{Error, Kind, Place};
use crate::trust::{Keys, SigningKey, Trust};

/// The keys that the root trusts, or those of `--keys-dir`.
pub fn keys(cx: &Cx) -> Keys {
    let root = cx.globals.root.as_deref().unwrap_or(Path::new("/"));
    let mut keys = Keys::default();
    match &cx.globals.keys_dir {
        Some(folder) => {
            keys.load(&root.join(folder));
        }
        None => {
            keys.load(&root.join("etc/apk/keys"));
            keys.load(&root.join("lib/apk/keys"));
        }
    }
    keys
}

/// What files given by name must show.
pub fn trust<'a>(cx: &Cx, keys: &'a Keys) -> Trust<'a> {
    Trust { keys, allow_untrusted: cx.globals.allow_untrusted, identity: None }
}

/// The root's database, to be read only.
pub fn open_database(cx: &mut Cx) -> Result<Database> {
    let globals = &cx.globals;
    let database = Database::open(
        &Opening {
            root: globals.root.as_deref(),
            purpose: Purpose::Read,
            usermode: false,
            wait: std::time::Duration::ZERO,
            alarms: false,
            arches: &globals.arches,
            native: super::ARCH,
            tolerant: globals.force.old_apk,
        },
        &mut |_| {},
    );
    database.map_err(|not_opened| {
        for line in &not_opened.lines {
            cx.messages.error(line);
        }
        // Without a root there is no database to speak of.
        if not_opened.lines.iter().any(|line| line.starts_with("Unable to open root")) {
            return Failure::Exit(-1);
        }
        Failure::Error(format!("Failed to open apk database: {}", not_opened.reason))
    })
}

/// A file of the command line.
pub fn open(name: &[u8]) -> crate::error::Result<File> {
    File::open(os(name)).place(name)
}

/// Writes a file beside `path` by `fill`, and renames it over `path` when all of it was written. A device, a pipe or a
/// socket is written itself: as root, a rename would put a file in the place of `/dev/null`.
///
/// Errors: the system's; then `path` is as it was.
pub fn replace(
    path: &Path,
    fill: &mut dyn FnMut(&mut dyn Write) -> crate::error::Result,
) -> crate::error::Result {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let mut out = io::BufWriter::new(File::options().write(true).open(path)?);
        return fill(&mut out).and_then(|()| Ok(out.flush()?));
    }
    let beside = beside(path);
    let file = File::options().write(true).create(true).truncate(true).mode(0o644).open(&beside)?;
    let mut out = io::BufWriter::with_capacity(64 * 1024, file);
    let result = fill(&mut out).and_then(|()| {
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(fs::rename(&beside, path)?)
    });
    if result.is_err() {
        // It is ours, and of no use.
        let _ = fs::remove_file(&beside);
    }
    result
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(format!(".tmp.{}", std::process::id()));
    name.into()
}

/// How version 3 files are written: compression and signatures of the command line.
pub struct Generation {
    /// None where the command line does not say.
    pub compression: Option<Compression>,
    pub keys: Vec<SigningKey>,
}

impl Generation {
    /// Reads the options; loads the keys.
    pub fn new(cx: &mut Cx) -> Result<Generation> {
        let compression = match cx.options.text("compression") {
            Some(text) => match Compression::parse(text) {
                Some(compression) => Some(compression),
                None => return Err(bad_argument(cx, "c", "compression")),
            },
            None => None,
        };
        let mut keys = Vec::new();
        for name in cx.options.texts("sign-key") {
            let key = fs::read(os(name)).map_err(Error::from).and_then(|pem| SigningKey::from_pem(&pem));
            keys.push(key.map_err(|error| {
                let name = String::from_utf8_lossy(name);
                Failure::Error(format!("Failed to load signing key: {name}: {}", error.reason()))
            })?);
        }
        Ok(Generation { compression, keys })
    }

    /// A tree with its signatures, as a whole file or the start of one.
    pub fn start<'a>(
        &self,
        out: &'a mut dyn Write,
        schema: u32,
        tree: &[u8],
    ) -> crate::error::Result<Writer<'a>> {
        let mut writer = Writer::new(out, self.compression.unwrap_or(Compression::DEFAULT), schema)?;
        writer.block(BlockKind::Tree, &[tree])?;
        self.sign(&mut writer, schema, tree)?;
        Ok(writer)
    }

    /// The signatures of a tree by all keys.
    pub fn sign(&self, writer: &mut Writer, schema: u32, tree: &[u8]) -> crate::error::Result {
        for key in &self.keys {
            writer.block(BlockKind::Signature, &[&signature::make(key, schema, tree)?])?;
        }
        Ok(())
    }

    /// A file of a tree only.
    pub fn write(&self, out: &mut dyn Write, schema: u32, tree: &[u8]) -> crate::error::Result {
        self.start(out, schema, tree)?.finish()
    }
}

/// The error of an option whose text was not understood; `shown` is the name that the message has.
pub fn bad_argument(cx: &mut Cx, shown: &str, long: &str) -> Failure {
    let text = cx.options.text(long).unwrap_or_default().to_vec();
    bad_argument_text(cx, shown, &text)
}

/// The same of one of several.
pub fn bad_argument_text(cx: &mut Cx, shown: &str, text: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(text);
    cx.messages.error(format!("command line: invalid argument for option '{shown}': '{text}'"));
    Failure::Exit(1)
}

/// Whether binary data may be written to standard output: not to a terminal, unless it is forced.
pub fn may_write_binary(cx: &Cx) -> bool {
    cx.globals.force.binary_stdout || !sys::fd::is_terminal(1)
}

/// The time that SOURCE_DATE_EPOCH says, in seconds since 1970: what is made today shall be what was made then.
pub fn source_date() -> Option<u64> {
    std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()
}

/// Everything of a small file.
///
/// Errors: it has more than `limit` bytes.
pub fn read_limited(name: &[u8], limit: u64) -> crate::error::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    open(name)?.take(limit + 1).read_to_end(&mut bytes).place(name)?;
    if bytes.len() as u64 > limit {
        return Err(Error::new(Kind::Limit("size of a file")).at(name));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileTypeExt;

    #[test]
    fn what_is_no_file_stays_what_it_is() {
        let folder = std::env::temp_dir().join(format!("apk-replace-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let pipe = folder.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        replace(&pipe, &mut |out| Ok(out.write_all(b"text")?)).unwrap();
        assert_eq!(reader.join().unwrap(), b"text");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
