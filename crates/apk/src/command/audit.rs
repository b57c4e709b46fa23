//! audit — report what of the system is not as the database says.

use super::opened;
use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Failure, Result, os};
use crate::audit::{self, Facts, Finding, Scope, Settings};
use crate::database::Purpose;
use crate::transaction::protect::Rules;

static OPTIONS: Group = Group {
    title: "Audit",
    options: &[
        opt("backup", "", Takes::Nothing, "Look at the configuration only (the default)"),
        opt("check-permissions", "", Takes::Nothing, "Look at owners and modes too"),
        opt("details", "", Takes::Nothing, "Print what should be and what is"),
        opt("full", "", Takes::Nothing, "Look at the system, and at what no package has"),
        opt("ignore-busybox-symlinks", "", Takes::Nothing, "Pass over links to busybox that no package has"),
        opt("packages", "", Takes::Nothing, "Print only the packages with changed files"),
        opt("protected-paths", "", Takes::Text("FILE"), "Read the protected paths from FILE"),
        opt("recursive", "r", Takes::Nothing, "Look into folders that no package has"),
        opt("system", "", Takes::Nothing, "Look at all that packages have, but the configuration"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "audit",
    summary: "Audit system for changes",
    usage: &[" [<OPTIONS>...] DIRECTORIES..."],
    description: "Compares the system, or some of its directories, with the database of installed packages, and \
                  prints what differs.",
    groups: &[&OPTIONS],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let database = opened::open_for(cx, Purpose::Read)?;
    if database.usermode {
        return Err(Failure::Error("audit does not support usermode!".to_string()));
    }
    let scope = match () {
        () if cx.options.has("backup") => Scope::Backup,
        () if cx.options.has("full") => Scope::Full,
        () if cx.options.has("system") => Scope::System,
        () => Scope::Backup,
    };
    let settings = Settings {
        scope,
        checks_access: cx.options.has("check-permissions"),
        recursive: cx.options.has("recursive"),
        ignores_busybox: cx.options.has("ignore-busybox-symlinks"),
    };
    let rules = match cx.options.text("protected-paths") {
        Some(file) => audit::rules_of(std::path::Path::new(os(file)))?,
        // With --full, what the administrator protects counts as any other file.
        None if settings.scope == audit::Scope::Full => Rules::built_in(),
        None => Rules::read(&database.root),
    };
    let (details, only_packages) = (cx.options.has("details"), cx.options.has("packages"));
    let mut told = vec![false; database.installed.packages().len()];
    let starts = if cx.args.is_empty() { vec![b"/".to_vec()] } else { cx.args.clone() };
    for start in starts {
        let Some(path) = start.strip_prefix(b"/") else {
            cx.messages.warning([&start[..], b": relative path skipped."].concat());
            continue;
        };
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let messages = &mut cx.messages;
        let done =
            audit::audit(&database.root, &database.installed, &rules, settings, path, &mut |finding| {
                if only_packages {
                    if let Some(package) = finding.package
                        && !std::mem::replace(&mut told[package], true)
                    {
                        let record = &database.installed.packages()[package];
                        messages.out.write(&[&database.installed.full_name(record)[..], b"\n"].concat());
                    }
                    return;
                }
                messages.out.write(&lines(finding, details, messages.verbosity > 0));
            });
        if done.is_err() {
            // As the reference: the exit code alone says so.
            return Err(Failure::Exit(99));
        }
    }
    Ok(0)
}

fn lines(finding: &Finding, details: bool, letters: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if details {
        for (sign, facts) in [('-', &finding.recorded), ('+', &finding.found)] {
            if let Some(facts) = facts {
                out.extend_from_slice(detail(sign, facts).as_bytes());
            }
        }
    }
    if letters {
        out.extend_from_slice(&[finding.letter, b' ']);
    }
    out.extend_from_slice(&finding.path);
    if finding.is_folder {
        out.push(b'/');
    }
    out.push(b'\n');
    out
}

fn detail(sign: char, facts: &Facts) -> String {
    let access = &facts.access;
    let hash = facts.digest.map(|digest| format!(" hash={}", digest.hex())).unwrap_or_default();
    format!("{sign} mode={:o} uid={} gid={}{hash}\n", access.mode, access.uid, access.gid)
}
