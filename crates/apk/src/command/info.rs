//! info — what is known of packages, block by block.

use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::select;
use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::output::{Line, size};
use crate::universe::{Dep, PackageId, Universe};

static OPTIONS: Group = Group {
    title: "Info",
    options: &[
        opt("all", "a", Takes::Nothing, "Everything"),
        opt("contents", "L", Takes::Nothing, "The files"),
        opt("depends", "R", Takes::Nothing, "What it depends on"),
        opt("description", "d", Takes::Nothing, "The description"),
        Opt {
            long: "exists",
            also: &["installed"],
            hidden: &[],
            short: "e",
            takes: Takes::Nothing,
            help: "Whether it is installed",
        },
        opt("install-if", "", Takes::Nothing, "When it is installed of itself"),
        opt("license", "", Takes::Nothing, "The license"),
        opt("provides", "P", Takes::Nothing, "What it provides"),
        opt("rdepends", "r", Takes::Nothing, "What depends on it"),
        opt("replaces", "", Takes::Nothing, "Whose files it may replace"),
        opt("rinstall-if", "", Takes::Nothing, "What is installed of itself because of it"),
        opt("size", "s", Takes::Nothing, "The installed size"),
        opt("triggers", "t", Takes::Nothing, "Its triggers"),
        opt("webpage", "w", Takes::Nothing, "The web page"),
        opt("who-owns", "W", Takes::Nothing, "The package that a file belongs to"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "info",
    summary: "Give detailed information about packages or repositories",
    usage: &[" [<OPTIONS>...] PACKAGES...", " -W FILE"],
    description: "Prints what is known of the packages: description, web page and size where nothing else is asked for. \
                  Without names, the names of what is installed.",
    groups: &[&OPTIONS, &QUERY],
    run,
};

/// The parts in the order in which they are printed, by option; those of the second kind are known of installed
/// packages only.
const PARTS: [(&str, &str, bool); 12] = [
    ("description", "description:", false),
    ("webpage", "webpage:", false),
    ("size", "installed size:", false),
    ("depends", "depends on:", false),
    ("provides", "provides:", false),
    ("rdepends", "is required by:", true),
    ("contents", "contains:", true),
    ("triggers", "triggers:", true),
    ("install-if", "has auto-install rule:", false),
    ("rinstall-if", "affects auto-installation of:", true),
    ("replaces", "replaces:", true),
    ("license", "license:", false),
];

/// What is printed where nothing was asked for.
const USUAL: [&str; 3] = ["description", "webpage", "size"];

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let mut universe = system.universe();
    let args = cx.args.clone();
    if cx.options.has("who-owns") {
        return Ok(who_owns(cx, &mut universe, &args));
    }
    if args.is_empty() {
        let mut packages = universe.load_installed();
        select::sort(&universe, &mut packages);
        packages.into_iter().for_each(|id| print_short(cx, &universe, id));
        return Ok(0);
    }
    if cx.options.has("exists") {
        return Ok(exists(cx, &mut universe, &args));
    }
    let all = cx.options.has("all");
    let mut parts: Vec<_> = PARTS.iter().filter(|(option, ..)| all || cx.options.has(option)).collect();
    if parts.is_empty() {
        parts = PARTS.iter().filter(|(option, ..)| USUAL.contains(option)).collect();
    }
    universe.load_installed();
    let mut errors = 0;
    for word in &args {
        let name = universe.name(word);
        universe.load(name);
        let providers = universe.name_of(name).providers.iter().map(|provider| provider.package);
        let mut packages: Vec<PackageId> =
            providers.filter(|&id| universe.package(id).name == name).collect();
        select::sort(&universe, &mut packages);
        errors += i32::from(packages.is_empty());
        let mut partly = false;
        for id in packages {
            for (option, title, installed_only) in &parts {
                if *installed_only && !universe.package(id).installed {
                    partly = true;
                    continue;
                }
                print_part(cx, &universe, id, option, title);
            }
        }
        errors += i32::from(all && partly);
    }
    Ok(errors)
}

fn print_short(cx: &mut Cx, universe: &Universe<'_>, id: PackageId) {
    let package = universe.package(id);
    let mut line = match cx.messages.verbosity {
        ..=1 => universe.name_of(package.name).text.to_vec(),
        _ => select::full_name(universe, id),
    };
    if cx.messages.verbosity > 2 {
        line.extend_from_slice(&[b" - ", package.field(b'T')].concat());
    }
    line.push(b'\n');
    cx.messages.out.write(&line);
}

/// `-e`: prints those that are installed and counts the others.
fn exists<'t>(cx: &mut Cx, universe: &mut Universe<'t>, args: &'t [Vec<u8>]) -> i32 {
    let mut missing = 0;
    for word in args {
        let dep = crate::dependency::Borrowed::parse(word).map(|borrowed| Dep::new(universe, borrowed));
        let installed = dep.is_some_and(|dep| {
            universe.load(dep.name);
            let mut providers = universe.name_of(dep.name).providers.iter();
            providers.any(|provider| {
                let package = universe.package(provider.package);
                package.installed
                    && package.name == dep.name
                    && dep.is_provided(universe, None, Some(provider))
            })
        });
        if !installed {
            missing += 1;
        } else if cx.messages.verbosity > 0 {
            cx.messages.out.write(&[word.as_slice(), b"\n"].concat());
        }
    }
    missing
}

fn print_part(cx: &mut Cx, universe: &Universe<'_>, id: PackageId, option: &str, title: &str) {
    let package = universe.package(id);
    let mut text = Vec::new();
    let deps = |list: &[Dep<'_>], text: &mut Vec<u8>| {
        for dep in list {
            dep.write(universe, text);
            text.push(b'\n');
        }
    };
    let line = |value: &[u8], text: &mut Vec<u8>| {
        text.extend_from_slice(value);
        text.push(b'\n');
    };
    match option {
        "description" => line(package.field(b'T'), &mut text),
        "webpage" => line(package.field(b'U'), &mut text),
        "size" => line(size::human(package.installed_size).as_bytes(), &mut text),
        "depends" => deps(&package.depends, &mut text),
        "provides" => deps(&package.provides, &mut text),
        "install-if" => deps(&package.install_if, &mut text),
        "license" => line(package.field(b'L'), &mut text),
        "contents" => files(package.block).for_each(|path| line(&path, &mut text)),
        "replaces" => crate::dependency::words(package.field(b'r')).for_each(|word| line(word, &mut text)),
        "rdepends" => {
            let installed = installed(universe);
            for other in select::dependents(universe, &installed, id) {
                line(&select::full_name(universe, other), &mut text);
            }
        }
        "rinstall-if" => {
            for other in installed(universe) {
                let mut rules = universe.package(other).install_if.iter();
                if rules
                    .any(|dep| dep.bearing(universe, Some(other), id) == crate::universe::Bearing::Satisfied)
                {
                    line(&select::full_name(universe, other), &mut text);
                }
            }
        }
        _ => {}
    }
    if cx.messages.verbosity > 0 {
        let head = Line(select::full_name(universe, id)).bytes(b" ").bytes(title.as_bytes()).bytes(b"\n");
        cx.messages.out.write(&head.0);
    }
    text.push(b'\n');
    cx.messages.out.write(&text);
}

/// The installed packages in the order of the database.
fn installed(universe: &Universe<'_>) -> Vec<PackageId> {
    let mut packages = select::by_source(universe);
    packages.retain(|&id| universe.package(id).installed);
    packages
}

/// The paths of a package's files, without the slash at the beginning.
fn files(block: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut folder: &[u8] = b"";
    block.split(|&byte| byte == b'\n').filter_map(move |line| {
        if let Some(path) = line.strip_prefix(b"F:") {
            folder = path;
        }
        let name = line.strip_prefix(b"R:")?;
        Some(if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() })
    })
}

/// `-W`: says whom files belong to and counts those that belong to nobody.
fn who_owns(cx: &mut Cx, universe: &mut Universe<'_>, args: &[Vec<u8>]) -> i32 {
    let packages = universe.load_installed();
    let mut errors = 0;
    for word in args {
        let wanted = word.strip_prefix(b"/").unwrap_or(word);
        let owner = packages.iter().find(|&&id| files(universe.package(id).block).any(|path| path == wanted));
        let Some(&owner) = owner else {
            cx.messages.error(Line::default().bytes(word).bytes(b": Could not find owner package"));
            errors += 1;
            continue;
        };
        let name = select::full_name(universe, owner);
        let line = if cx.messages.verbosity > 0 {
            [word.as_slice(), b" is owned by ", &name, b"\n"].concat()
        } else {
            [universe.name_of(universe.package(owner).name).text, b"\n"].concat()
        };
        cx.messages.out.write(&line);
    }
    errors
}
