// Written by `cargo xtask codegen`.

pub(crate) mod common;
pub(crate) mod losetup;
pub(crate) mod mount;
pub(crate) mod mountpoint;
pub(crate) mod pivot_root;
pub(crate) mod switch_root;
pub(crate) mod umount;
