//! fix — install packages again, or upgrade them, without changing world.

use super::commit::{self, Plan};
use super::groups::COMMIT;
use super::options::{Group, Takes, opt};
use super::system::{ALL, System};
use super::upgrade::known_names;
use super::{Applet, Cx, Result};
use crate::solver::Flags;

static OPTIONS: Group = Group {
    title: "Fix",
    options: &[
        opt("depends", "d", Takes::Nothing, "What the packages depend on, too"),
        opt("directory-permissions", "", Takes::Nothing, "Set owners and modes of all folders anew"),
        opt("reinstall", "r", Takes::Nothing, "Install again (the default)"),
        opt("upgrade", "u", Takes::Nothing, "Upgrade where there is a newer version"),
        opt("xattr", "x", Takes::Nothing, "Packages whose extended attributes could not be set"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "fix",
    summary: "Fix, reinstall or upgrade packages without modifying WORLD",
    usage: &[" [<OPTIONS>...] [PACKAGES...]"],
    description: "Installs the named packages again, or upgrades them; without names those whose installation failed.",
    groups: &[&COMMIT, &OPTIONS],
    run,
};

/// Letters of the database for files and scripts that failed, and for extended attributes.
const BROKEN: [u8; 2] = [b'f', b's'];
const BROKEN_ATTRIBUTES: u8 = b'x';

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let upgrade = cx.options.has("upgrade");
    let flags = Flags { upgrade, reinstall: !upgrade || cx.options.has("reinstall"), ..Flags::default() };
    let inherited = if cx.options.has("depends") { flags } else { Flags::default() };
    let mut plan = Plan { world: system.world.clone(), ..Plan::default() };
    if cx.args.is_empty() {
        let mut universe = system.universe();
        let attributes = cx.options.has("xattr");
        for id in universe.load_installed() {
            let package = universe.package(id);
            let broken = package
                .flags()
                .iter()
                .any(|letter| BROKEN.contains(letter) || (attributes && *letter == BROKEN_ATTRIBUTES));
            if broken {
                plan.names.push((universe.name_of(package.name).text.to_vec(), flags, inherited));
            }
        }
    } else {
        let unknown = known_names(cx, &system, &mut plan, flags, inherited);
        if unknown > 0 {
            return Ok(unknown);
        }
    }
    commit::run(cx, &system, &plan)
}
