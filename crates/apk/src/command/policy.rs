//! policy — where the versions of a package come from.

use super::groups::QUERY;
use super::select;
use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::repository;

pub static APPLET: Applet = Applet {
    name: "policy",
    summary: "Show repository policy for packages",
    usage: &[" [<OPTIONS>...] PACKAGES..."],
    description: "Prints each version of the packages with the repositories that have it, the lowest version first.",
    groups: &[&QUERY],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let args = cx.args.clone();
    let mut universe = system.universe();
    for word in &args {
        let name = universe.name(word);
        universe.load(name);
        let providers = universe.name_of(name).providers.iter().map(|provider| provider.package);
        let mut packages: Vec<_> = providers.filter(|&id| universe.package(id).name == name).collect();
        select::sort(&universe, &mut packages);
        if packages.is_empty() {
            continue;
        }
        cx.messages.out.write(&[word.as_slice(), b" policy:\n"].concat());
        for id in packages {
            let package = universe.package(id);
            cx.messages.out.write(&[b"  ", package.version, b":\n"].concat());
            if package.installed {
                cx.messages.out.write(b"    lib/apk/db/installed\n");
            }
            for (number, one) in system.repositories.list.iter().enumerate() {
                if package.repositories & (1 << number) == 0 {
                    continue;
                }
                for (tag, facts) in universe.tags().iter().enumerate() {
                    if one.tags & (1 << tag) != 0 {
                        let mut line = b"    ".to_vec();
                        if !facts.name.is_empty() {
                            line.extend_from_slice(&[b"@", facts.name.as_slice(), b" "].concat());
                        }
                        line.extend_from_slice(&repository::printable(&one.url));
                        line.push(b'\n');
                        cx.messages.out.write(&line);
                    }
                }
            }
        }
    }
    Ok(0)
}
