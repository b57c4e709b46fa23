//! stats — how much is installed and available.

use std::collections::HashSet;
use std::fs;

use super::select;
use super::system::{ALL, System};
use super::{Applet, Cx, Result};

pub static APPLET: Applet = Applet {
    name: "stats",
    summary: "Show statistics about repositories and installations",
    usage: &[""],
    description: "Prints how many packages, folders and files are installed, and what the repositories have.",
    groups: &[],
    run,
};

/// Fields whose values are kept once, however often they occur.
const SHARED: [u8; 8] = *b"VALUTomc";

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let mut universe = system.universe();
    let packages = select::all(&mut universe);
    let (mut installed, mut folders, mut files, mut bytes) = (0, 0, 0, 0);
    let mut values: HashSet<&[u8]> = HashSet::from([b"".as_slice()]);
    for &id in &packages {
        let package = universe.package(id);
        if package.installed {
            installed += 1;
            bytes += package.installed_size;
            for line in package.block.split(|&byte| byte == b'\n') {
                folders += usize::from(line.starts_with(b"F:"));
                files += usize::from(line.starts_with(b"R:"));
            }
        }
        values.extend(SHARED.iter().map(|&letter| package.field(letter)));
        let lists = package.depends.iter().chain(&package.provides).chain(&package.install_if);
        values.extend(lists.map(|dep| dep.version));
    }
    let triggers = fs::read(system.root.join("lib/apk/db/triggers")).unwrap_or_default();
    let triggers = triggers.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
    let text = format!(
        "installed:\n  packages: {installed}\n  dirs: {folders}\n  files: {files}\n  bytes: {bytes}\n  triggers: \
         {triggers}\navailable:\n  names: {}\n  packages: {}\natoms:\n  num: {}\n\n",
        universe.names_len(),
        packages.len(),
        values.len()
    );
    cx.messages.out.write(text.as_bytes());
    Ok(0)
}
