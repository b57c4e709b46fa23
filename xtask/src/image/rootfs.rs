//! rootfs — the format `rootfs`: the root as a tar file, for chroots and containers.
//!
//! It has no device nodes, so that anybody can unpack it; whoever starts it brings a /dev.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};

use super::format::Parts;
use super::output;
use super::root::{Entry, Kind, Root};

pub(crate) const ROOTFS: &str = "rootfs.tar.gz";

pub(crate) fn make(parts: &Parts<'_>) -> Result<Vec<String>> {
    output::write(&parts.folder, ROOTFS, |out| {
        // Neither a name nor a time in gzip's header: the same root gives the same bytes.
        let mut gzip = GzBuilder::new().write(out, Compression::best());
        tar(parts.root, parts.epoch, &mut gzip)?;
        gzip.finish()?;
        Ok(())
    })?;
    Ok(vec![ROOTFS.to_string()])
}

fn tar(root: &Root, epoch: u64, out: &mut dyn Write) -> Result<()> {
    let mut builder = tar::Builder::new(out);
    append(&mut builder, "./", &Entry::directory(0o755), epoch)?;
    for (path, entry) in root.iter() {
        let slash = if entry.kind == Kind::Directory { "/" } else { "" };
        append(&mut builder, &format!("./{path}{slash}"), entry, epoch)
            .with_context(|| format!("/{path}"))?;
    }
    builder.finish()?;
    Ok(())
}

fn append(builder: &mut tar::Builder<&mut dyn Write>, name: &str, entry: &Entry, epoch: u64) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(entry.uid.into());
    header.set_gid(entry.gid.into());
    header.set_mtime(epoch);
    header.set_size(0);
    match &entry.kind {
        Kind::Directory => {
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, name, std::io::empty())?;
        }
        Kind::File(contents) => {
            header.set_size(contents.len() as u64);
            builder.append_data(&mut header, name, contents.as_slice())?;
        }
        Kind::Symlink(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, name, target)?;
        }
        Kind::CharDevice { .. } => {}
    }
    Ok(())
}
