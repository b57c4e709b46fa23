// Written by `cargo xtask codegen`.

pub(crate) mod accounts;
pub(crate) mod addgroup;
pub(crate) mod adduser;
pub(crate) mod chpasswd;
pub(crate) mod common;
pub(crate) mod cryptpw;
pub(crate) mod database;
pub(crate) mod delgroup;
pub(crate) mod deluser;
pub(crate) mod getty;
pub(crate) mod groups;
pub(crate) mod id;
pub(crate) mod login;
pub(crate) mod logname;
pub(crate) mod nologin;
pub(crate) mod passwd;
pub(crate) mod shells;
pub(crate) mod su;
pub(crate) mod sulogin;
pub(crate) mod utmp;
pub(crate) mod vlock;
pub(crate) mod who;
pub(crate) mod whoami;
