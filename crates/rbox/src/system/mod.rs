// Written by `cargo xtask codegen`.

pub(crate) mod cgroup;
pub(crate) mod cron;
pub(crate) mod dmesg;
pub(crate) mod free;
pub(crate) mod halt;
pub(crate) mod hostid;
pub(crate) mod hostname;
pub(crate) mod nproc;
pub(crate) mod sysctl;
pub(crate) mod syslogd;
pub(crate) mod uname;
pub(crate) mod uptime;
