//! applets — the table of all applets, sorted by name.
// Written by `cargo xtask codegen`.

use cli::applet::Applet;

#[path = "disk/mod.rs"]
pub(crate) mod disk;
#[path = "kernel/mod.rs"]
pub(crate) mod kernel;
#[path = "script/mod.rs"]
pub(crate) mod script;
#[path = "system/mod.rs"]
pub(crate) mod system;
#[path = "text/mod.rs"]
pub(crate) mod text;

#[rustfmt::skip]
pub(crate) static APPLETS: &[&Applet] = &[
    &script::test::APPLETS[1],
    &script::test::APPLETS[2],
    &system::uname::APPLETS[1],
    &script::date::APPLET,
    &system::dmesg::APPLET,
    &system::hostname::APPLETS[1],
    &script::echo::APPLET,
    &script::env::APPLET,
    &script::r#false::APPLET,
    &text::head::APPLET,
    &system::hostid::APPLET,
    &system::hostname::APPLETS[0],
    &kernel::insmod::APPLET,
    &disk::losetup::APPLET,
    &kernel::lsmod::APPLET,
    &kernel::modprobe::APPLET,
    &disk::mount::APPLET,
    &disk::mountpoint::APPLET,
    &disk::pivot_root::APPLET,
    &script::printenv::APPLET,
    &script::printf::APPLET,
    &script::pwd::APPLET,
    &kernel::rmmod::APPLET,
    &script::sleep::APPLETS[0],
    &disk::switch_root::APPLET,
    &script::test::APPLETS[0],
    &script::r#true::APPLET,
    &disk::umount::APPLET,
    &system::uname::APPLETS[0],
    &script::sleep::APPLETS[1],
];
