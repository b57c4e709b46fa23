//! add — add constraints to world, or change them, and install what follows.

use super::commit::{self, Plan};
use super::groups::COMMIT;
use super::options::{Group, Opt, Takes, opt};
use super::system::{ALL, System};
use super::{Applet, Cx, Failure, Result};
use crate::dependency::{self, Dependency, Op};
use crate::identity::Digest;
use crate::solver::Flags;
use crate::version;

static OPTIONS: Group = Group {
    title: "Add",
    options: &[
        opt("initdb", "", Takes::Nothing, "Make a new database"),
        opt("latest", "l", Takes::Nothing, "Choose the highest version in any case"),
        opt("no-chown", "", Takes::Nothing, "The old name of --usermode"),
        opt("upgrade", "u", Takes::Nothing, "Upgrade the packages and what they depend on"),
        opt("usermode", "", Takes::Nothing, "With --initdb: a database of a user without privileges"),
        Opt {
            long: "virtual",
            also: &[],
            hidden: &[],
            short: "t",
            takes: Takes::Text("NAME"),
            help: "Make a package NAME that depends on what is given, and add that",
        },
    ],
};

pub static APPLET: Applet = Applet {
    name: "add",
    summary: "Add or modify constraints in WORLD and commit changes",
    usage: &[" [<OPTIONS>...] [CONSTRAINTS|_file_]..."],
    description: "Puts constraints on packages into world, or changes those that are there, and makes the installed \
                  packages fit: what is needed is installed, what is not needed any more is removed.",
    groups: &[&COMMIT, &OPTIONS],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let mut system = System::open(cx, ALL)?;
    let mut wanted = Vec::new();
    let specifier = cx.options.text("virtual").map(<[u8]>::to_vec);
    if let Some(specifier) = &specifier {
        wanted.push(make_virtual(cx, &mut system, specifier)?);
    } else {
        for word in &cx.args.clone() {
            let given = system.give_file(cx, word)?;
            wanted.push(match given {
                Some(given) => given,
                None => world_dependency(word)?,
            });
        }
    }
    let flags =
        Flags { upgrade: cx.options.has("upgrade"), latest: cx.options.has("latest"), ..Flags::default() };
    let mut plan = Plan { world: system.world.clone(), ..Plan::default() };
    for dependency in wanted {
        plan.names.push((dependency.name.to_vec(), flags, flags));
        put(&mut plan.world, dependency);
    }
    commit::run(cx, &system, &plan)
}

/// Adds a constraint to world, in place of the one with the same name.
pub(crate) fn put(world: &mut Vec<Dependency>, dependency: Dependency) {
    match world.iter_mut().find(|other| other.name == dependency.name) {
        Some(other) => *other = dependency,
        None => world.push(dependency),
    }
}

/// The word as a constraint of world.
pub(crate) fn world_dependency(word: &[u8]) -> Result<Dependency> {
    Dependency::parse(word).filter(|dependency| !dependency.name.is_empty()).ok_or_else(|| {
        let word = String::from_utf8_lossy(word);
        Failure::Error(format!(
            "'{word}' is not a valid world dependency, format is name(@tag)([<>~=]version)"
        ))
    })
}

/// Makes the package of `--virtual`, and gives the constraint that asks for it.
fn make_virtual(cx: &mut Cx, system: &mut System, specifier: &[u8]) -> Result<Dependency> {
    let bad = || Failure::Error(format!("{}: bad package specifier", String::from_utf8_lossy(specifier)));
    let mut dependency = Dependency::parse(specifier).ok_or_else(bad)?;
    if dependency.conflict || !matches!(dependency.op, Op::ANY | Op::EQUAL) {
        return Err(bad());
    }
    if dependency.op == Op::ANY {
        dependency.version = super::time::version_of_now().into_bytes().into();
        dependency.op = Op::EQUAL;
    }
    if !version::is_valid(&dependency.version) {
        return Err(bad());
    }
    let mut items: Vec<Dependency> = Vec::new();
    for word in &cx.args {
        let item = Dependency::parse(word).filter(|item| item.tag.is_none() && !item.name.is_empty());
        let Some(item) = item else {
            let word = String::from_utf8_lossy(word);
            return Err(Failure::Error(format!(
                "'{word}' is not a valid package dependency, format is name([<>~=]version)"
            )));
        };
        // Of two constraints on one name the later one counts.
        match items.iter_mut().find(|other| other.name == item.name) {
            Some(other) => *other = item,
            None => items.push(item),
        }
    }
    let mut depends = Vec::new();
    dependency::write_list(&items, &mut depends);
    if depends.is_empty() {
        cx.messages.warning("creating empty virtual package");
    }
    // The same request is the same package, wherever and whenever it is made.
    let facts = [&dependency.name, b"-".as_slice(), &dependency.version, b" ", &depends].concat();
    let mut block = b"C:".to_vec();
    Digest::sha1(&facts).write(&mut block);
    for (letter, value) in [
        (b"P:", &*dependency.name),
        (b"V:", &*dependency.version),
        (b"A:", b"noarch".as_slice()),
        (b"S:", b"0"),
        (b"I:", b"0"),
        (b"T:", b"virtual meta package"),
        (b"D:", &depends),
    ] {
        block.push(b'\n');
        block.extend_from_slice(letter);
        block.extend_from_slice(value);
    }
    block.extend_from_slice(b"\n\n");
    system.give(block)?;
    Ok(dependency)
}
