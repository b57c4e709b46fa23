//! initramfs — the format `ram`: a kernel, the root as an initramfs that it unpacks, and its modules.

use std::fs::File;
use std::io;
use std::io::Write;

use anyhow::{Context, Result};
use archive::cpio::{Meta, Node, Tree};

use super::format::Parts;
use super::output;
use super::root::{Kind, Root};
use super::tree;

pub(crate) const VMLINUZ: &str = "vmlinuz";
pub(crate) const INITRAMFS: &str = "initramfs";
pub(crate) const MODULES: &str = "modules";

/// Where /init finds the list of links.
const LINKS: &str = ".links";
const SHELL: &str = "bin/sh";

/// The best that the kernel's decoder reads without a window larger than the contents.
const LEVEL: i32 = 19;

pub(crate) fn make(parts: &Parts<'_>) -> Result<Vec<String>> {
    for (from, name) in [(parts.vmlinuz, VMLINUZ), (parts.modules, MODULES)] {
        output::write(&parts.folder, name, |out| {
            let mut input = File::open(from).with_context(|| from.display().to_string())?;
            io::copy(&mut input, out)?;
            Ok(())
        })?;
    }
    let mut root = Root::clone(parts.root);
    tree::add_start(&mut root, parts.bin)?;
    let archive = cpio(&root, parts.epoch)?;
    // One frame that names its size: the same bytes on every host, and a window no larger than the contents.
    let compressed = zstd::bulk::compress(&archive, LEVEL).context("zstd")?;
    output::write(&parts.folder, INITRAMFS, |out| Ok(out.write_all(&compressed)?))?;
    Ok([VMLINUZ, INITRAMFS, MODULES].map(str::to_string).to_vec())
}

/// The root as the kernel unpacks it. Links of root's are not entries of their own but a list, from which /init makes
/// them (crates/initramfs/src/links.rs says why); the shell's is, for those who boot with `rdinit=/bin/sh`.
fn cpio(root: &Root, epoch: u64) -> Result<Vec<u8>> {
    let mtime = u32::try_from(epoch).context("SOURCE_DATE_EPOCH is behind 2106, which cpio cannot say")?;
    let mut tree = Tree::new();
    let mut links = Vec::new();
    for (path, entry) in root.iter() {
        if let Kind::Symlink(target) = &entry.kind
            && (entry.uid, entry.gid) == (0, 0)
            && path != SHELL
        {
            for word in [path, target] {
                links.extend_from_slice(word.as_bytes());
                links.push(0);
            }
            continue;
        }
        let meta = Meta { permissions: entry.mode, uid: entry.uid, gid: entry.gid, mtime };
        let node = match &entry.kind {
            Kind::Directory => Node::Directory,
            Kind::File(contents) => Node::File(contents.clone()),
            Kind::Symlink(target) => Node::Symlink(target.clone().into_bytes()),
            Kind::CharDevice { major, minor } => Node::CharDevice { major: *major, minor: *minor },
        };
        tree.insert(path, meta, node)?;
    }
    if !links.is_empty() {
        tree.insert(LINKS, Meta { permissions: 0o600, uid: 0, gid: 0, mtime }, Node::File(links))?;
    }
    let mut bytes = Vec::new();
    tree.write(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::root::Entry;
    use archive::cpio::Reader;

    #[test]
    fn links_become_a_list() {
        let mut root = Root::default();
        root.put("/bin/sh", Entry::symlink("rbox")).unwrap();
        root.put("/bin/ls", Entry::symlink("rbox")).unwrap();
        root.put("/home/own", Entry { uid: 1000, ..Entry::symlink("x") }).unwrap();
        let bytes = cpio(&root, 0).unwrap();
        let mut input = &bytes[..];
        let mut reader = Reader::new(&mut input);
        let mut names = Vec::new();
        let mut list = Vec::new();
        while let Some(entry) = reader.next().unwrap() {
            if entry.name == LINKS.as_bytes() {
                io::Read::read_to_end(&mut reader, &mut list).unwrap();
            }
            names.push(String::from_utf8(entry.name).unwrap());
        }
        assert_eq!(names, [".links", "bin", "bin/sh", "home", "home/own"]);
        assert_eq!(list, b"bin/ls\0rbox\0");
    }
}
