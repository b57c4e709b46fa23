// Written by `cargo xtask codegen`.

pub(crate) mod dmesg;
pub(crate) mod hostid;
pub(crate) mod hostname;
pub(crate) mod uname;
