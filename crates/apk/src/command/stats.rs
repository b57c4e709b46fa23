//! stats — how much is installed and available.

use std::fs;

use super::select;
use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::dependency;
use crate::fast_hash::FastSet;
use crate::package_name;

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
    let world = System::deps(&mut universe, &system.world);
    let (mut installed, mut bytes) = (0, 0);
    let mut files = FastSet::default();
    let mut folders: FastSet<&[u8]> = FastSet::default();
    let mut replaced = Vec::new();
    let mut values: FastSet<&[u8]> = FastSet::from_iter([b"".as_slice()]);
    for &id in &packages {
        let package = universe.package(id);
        if package.installed {
            installed += 1;
            bytes += package.installed_size;
            let mut folder: &[u8] = b"";
            for line in package.block.split(|&byte| byte == b'\n') {
                if let Some(path) = line.strip_prefix(b"F:") {
                    folder = path;
                    add_with_parents(&mut folders, path);
                } else if let Some(name) = line.strip_prefix(b"R:") {
                    files.insert((folder, name));
                }
            }
            replaced.extend(dependency::borrow_list(package.field(b'r')).flatten());
        }
        values.extend(SHARED.iter().map(|&letter| package.field(letter)));
        let lists = package.depends.iter().chain(&package.provides).chain(&package.install_if);
        values.extend(lists.map(|dep| dep.version));
    }
    values.extend(world.iter().map(|dep| dep.version));
    values.extend(replaced.iter().map(|dep| dep.version));
    values.extend(system.indexes.iter().flatten().map(Vec::as_slice));
    values.extend(system.repositories.tags.iter().map(Vec::as_slice));
    values.extend([package_name::DEFAULT, package_name::REPOSITORY]);
    let triggers = fs::read(system.root.join("lib/apk/db/triggers")).unwrap_or_default();
    let triggers: Vec<&[u8]> =
        triggers.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    values.extend(triggers.iter().flat_map(|line| line.split(|&byte| byte == b' ').skip(1)));
    let (atoms, folders, files, triggers) = (values.len(), folders.len(), files.len(), triggers.len());
    for dep in &replaced {
        universe.name(dep.name);
    }
    let text = format!(
        "installed:\n  packages: {installed}\n  dirs: {folders}\n  files: {files}\n  bytes: {bytes}\n  triggers: \
         {triggers}\navailable:\n  names: {}\n  packages: {}\natoms:\n  num: {}\n\n",
        universe.names_len(),
        packages.len(),
        atoms
    );
    cx.messages.out.write(text.as_bytes());
    Ok(0)
}

/// Adds a folder and all above it.
fn add_with_parents<'p>(folders: &mut FastSet<&'p [u8]>, mut path: &'p [u8]) {
    while folders.insert(path) && !path.is_empty() {
        path = &path[..path.iter().rposition(|&byte| byte == b'/').unwrap_or(0)];
    }
}
