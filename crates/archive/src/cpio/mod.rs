//! cpio — the "new" ASCII format of cpio (newc), which the kernel unpacks as its initramfs, read and written.
//!
//! Source: Linux 6.12 Documentation/driver-api/early-userspace/buffer-format.rst; cpio(5) for odc and crc.
//!
//! Making a reproducible archive:
//!
//! ```
//! use archive::cpio::{Meta, Node, Tree};
//!
//! let mut tree = Tree::new();
//! let root = Meta { permissions: 0o755, mtime: 1_700_000_000, ..Meta::default() };
//! tree.insert("bin", root, Node::Directory)?;
//! tree.insert("bin/sh", root, Node::File(b"#!".to_vec()))?;
//! tree.insert("bin/ash", root, Node::HardLink("bin/sh".into()))?;
//! tree.insert("init", root, Node::Symlink("bin/sh".into()))?;
//! tree.insert("dev", root, Node::Directory)?;
//! tree.insert("dev/console", Meta { permissions: 0o600, ..root }, Node::CharDevice { major: 5, minor: 1 })?;
//! let mut bytes = Vec::new();
//! tree.write(&mut bytes)?; // sorted by name, inodes numbered in that order
//! # std::io::Result::Ok(())
//! ```
//!
//! `Writer` is the layer below for those who stream: it writes entries in the order they are given.

mod reader;
mod tree;
mod writer;

pub use reader::{Entry, Format, Reader};
pub use tree::{Node, Tree};
pub use writer::{Kind, Writer};

/// The name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// The type bits of a mode, as every Unix has them.
pub mod file_type {
    pub const MASK: u32 = 0o170000;
    pub const FIFO: u32 = 0o010000;
    pub const CHARACTER_DEVICE: u32 = 0o020000;
    pub const DIRECTORY: u32 = 0o040000;
    pub const BLOCK_DEVICE: u32 = 0o060000;
    pub const FILE: u32 = 0o100000;
    pub const SYMLINK: u32 = 0o120000;
    pub const SOCKET: u32 = 0o140000;
}

/// What an entry says about its owner, mode and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The lower twelve bits of the mode; the type comes from the kind of entry.
    pub permissions: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: u32,
}
