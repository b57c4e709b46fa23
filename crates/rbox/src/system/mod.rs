// Written by `cargo xtask codegen`.

pub(crate) mod cgroup;
pub(crate) mod console;
pub(crate) mod cron;
pub(crate) mod dmesg;
pub(crate) mod free;
pub(crate) mod halt;
pub(crate) mod hardware;
pub(crate) mod hostid;
pub(crate) mod hostname;
pub(crate) mod hwclock;
pub(crate) mod nproc;
pub(crate) mod seedrng;
pub(crate) mod sysctl;
pub(crate) mod syslogd;
pub(crate) mod uname;
pub(crate) mod uptime;
pub(crate) mod watchdog;
