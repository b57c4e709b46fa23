// Written by `cargo xtask codegen`.

pub(crate) mod chroot;
pub(crate) mod chrt;
pub(crate) mod common;
pub(crate) mod fuser;
pub(crate) mod ionice;
pub(crate) mod kill;
pub(crate) mod killall;
pub(crate) mod lsof;
pub(crate) mod nice;
pub(crate) mod nohup;
pub(crate) mod pgrep;
pub(crate) mod pidof;
pub(crate) mod pmap;
pub(crate) mod ps;
pub(crate) mod pstree;
pub(crate) mod pwdx;
pub(crate) mod setarch;
pub(crate) mod setpriv;
pub(crate) mod setsid;
pub(crate) mod signal_option;
pub(crate) mod timeout;
pub(crate) mod top;
pub(crate) mod unshare;
pub(crate) mod watch;
