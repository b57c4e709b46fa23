// Written by `cargo xtask codegen`.

pub(crate) mod common;
pub(crate) mod database;
pub(crate) mod depmod;
pub(crate) mod elf;
pub(crate) mod insmod;
pub(crate) mod lsmod;
pub(crate) mod modinfo;
pub(crate) mod modprobe;
pub(crate) mod rmmod;
