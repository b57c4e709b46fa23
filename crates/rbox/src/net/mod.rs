// Written by `cargo xtask codegen`.

pub(crate) mod arp;
pub(crate) mod brctl;
pub(crate) mod common;
pub(crate) mod ethernet;
pub(crate) mod ifconfig;
pub(crate) mod ifupdown;
pub(crate) mod ip;
pub(crate) mod ipcalc;
pub(crate) mod nc;
pub(crate) mod netlink;
pub(crate) mod netstat;
pub(crate) mod nslookup;
pub(crate) mod ping;
pub(crate) mod route;
pub(crate) mod routes;
pub(crate) mod telnet;
pub(crate) mod udhcpc;
pub(crate) mod wget;
