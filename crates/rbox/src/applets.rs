//! applets — the table of all applets, sorted by name.
// Written by `cargo xtask codegen`.

use cli::applet::Applet;

#[path = "script/mod.rs"]
pub(crate) mod script;
#[path = "text/mod.rs"]
pub(crate) mod text;

#[rustfmt::skip]
pub(crate) static APPLETS: &[&Applet] = &[
    &script::test::APPLETS[1],
    &script::test::APPLETS[2],
    &script::echo::APPLET,
    &script::r#false::APPLET,
    &text::head::APPLET,
    &script::printf::APPLET,
    &script::test::APPLETS[0],
    &script::r#true::APPLET,
];
