//! manifest — the digests of the files of packages, installed or in a file.

use super::{Applet, Cx, Result, files};
use crate::database::Database;
use crate::database::installed::Entry as Installed;
use crate::entry::Kind as EntryKind;
use crate::error::Place;
use crate::identity::Digest;
use crate::reader::PackageReader;
use crate::trust::Trust;

pub static APPLET: Applet = Applet {
    name: "manifest",
    summary: "Show checksums of package contents",
    usage: &[" [<OPTIONS>...] PACKAGES..."],
    description: "apk manifest prints the digest and the path of each file in PACKAGES, which are names of installed packages or \
                  package files.",
    groups: &[],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let database = files::open_database(cx)?;
    let keys = files::keys(cx);
    for name in cx.args.clone() {
        let mut out = Vec::new();
        match database.installed.find(&name) {
            Some(position) => installed(&database, position, &mut out),
            None => {
                let result = in_file(&name, files::trust(cx, &keys), &mut out).place(&name);
                if let Err(error) = result {
                    cx.messages.out.write(&out);
                    cx.messages.error(error.to_string());
                    continue;
                }
            }
        }
        cx.messages.out.write(&out);
    }
    // A file that could not be read does not change the exit code of the reference, either.
    Ok(0)
}

fn line(digest: &Digest, path: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{}:{}  ", digest.algorithm_name(), digest.hex()).as_bytes());
    out.extend_from_slice(path);
    out.push(b'\n');
}

fn installed(database: &Database, position: usize, out: &mut Vec<u8>) {
    let Some(record) = database.installed.packages().get(position) else { return };
    let mut folder: &[u8] = b"";
    for entry in database.installed.entries(record) {
        match entry {
            Installed::Folder { path, .. } => folder = path,
            Installed::File { name, digest: Some(digest), .. } => {
                let path = if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
                line(&digest, &path, out);
            }
            Installed::File { .. } => {}
        }
    }
}

fn in_file(name: &[u8], trust: Trust, out: &mut Vec<u8>) -> crate::error::Result {
    let mut reader = PackageReader::open(Box::new(files::open(name)?), trust)?;
    while let Some(entry) = reader.next_entry()? {
        if entry.kind == EntryKind::File
            && let Some(digest) = &entry.digest
        {
            line(digest, &entry.path, out);
        }
    }
    Ok(())
}
