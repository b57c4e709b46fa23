//! fetch — download packages of the repositories into a directory.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::apply::{self, Located, PIECE};
use super::download::PACKAGE_WEIGHT;
use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::system::{System, Wanted};
use super::{Applet, Cx, Result, interrupt, os, servers};
use crate::error::{Error, Kind};
use crate::network;
use crate::reader::PackageReader;
use crate::solver::{self, Request};
use crate::trust::Trust;
use crate::universe::{PackageId, Universe};

static OPTIONS: Group = Group {
    title: "Fetch",
    options: &[
        opt("built-after", "", Takes::Text("TIMESPEC"), "Only packages that were built after this time"),
        Opt {
            long: "link",
            also: &[],
            hidden: &[],
            short: "l",
            takes: Takes::Nothing,
            help: "Make hard links where that can be",
        },
        opt("pkgname-spec", "", Takes::Text("PKGNAME_SPEC"), "How the files are named"),
        opt("output", "o", Takes::Text("DIR"), "Write the files to DIR"),
        opt("simulate", "", Takes::Bool, "Show what would be done, change nothing"),
        opt("stdout", "s", Takes::Nothing, "Write the packages to stdout"),
        opt("url", "", Takes::Nothing, "Print where the packages are"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "fetch",
    summary: "Download packages from repositories to a local directory",
    usage: &[" [<OPTIONS>...] PACKAGES..."],
    description: "Downloads packages of the repositories into the working directory, or the one that is asked for. What \
                  is installed makes no difference.",
    groups: &[&QUERY, &OPTIONS],
    run,
};

/// How files are named where nothing else is asked for.
const NAME_SPEC: &[u8] = b"${name}-${version}.apk";

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, Wanted { installed: false, repositories: true })?;
    let built_after = match cx.options.text("built-after") {
        Some(text) => match std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok()) {
            Some(seconds) => seconds,
            None => {
                let text = String::from_utf8_lossy(text);
                cx.messages
                    .error(format!("command line: invalid argument for option 'built-after': '{text}'"));
                return Ok(1);
            }
        },
        None => 0,
    };
    let mut errors = 0;
    let mut done: Vec<PackageId> = Vec::new();
    let mut universe = system.universe();
    let words = cx.args.clone();
    for word in &words {
        let found = if cx.options.has("recursive") {
            with_depends(&mut universe, word)
        } else {
            best(&mut universe, word)
        };
        if found.is_empty() {
            let word = String::from_utf8_lossy(word);
            cx.messages
                .message_at(i32::MIN, format!("{word}: unable to select package (or its dependencies)"));
            errors += 1;
        }
        for id in found {
            let block = universe.package(id).block;
            let built = crate::v2::block::parse(block, &mut false)?.build_time;
            if done.contains(&id) || universe.package(id).size == 0 || built < built_after {
                continue;
            }
            done.push(id);
        }
    }
    done.sort_by_key(|&id| (universe.name_of(universe.package(id).name).text, universe.package(id).version));
    let total = done.iter().map(|&id| universe.package(id).size + PACKAGE_WEIGHT).sum();
    cx.messages.begin_progress(&cx.globals, "fetch", total);
    let mut weight = 0;
    for id in done {
        if let Err(error) = one(cx, &system, &universe, id) {
            interrupt::check()?;
            let full_name = String::from_utf8_lossy(&full_name(&universe, id)).into_owned();
            cx.messages.error(format!("{full_name}: {}", error.reason()));
            errors += 1;
        }
        let size = universe.package(id).size;
        (1..).map(|piece| piece * PIECE).take_while(|bytes| *bytes < size).for_each(|bytes| {
            cx.messages.progress(weight + bytes);
        });
        cx.messages.progress(weight + size);
        weight += size + PACKAGE_WEIGHT;
        cx.messages.progress(weight);
    }
    cx.messages.end_progress();
    Ok(errors)
}

fn full_name(universe: &Universe<'_>, id: PackageId) -> Vec<u8> {
    let package = universe.package(id);
    [universe.name_of(package.name).text, b"-", package.version].concat()
}

/// What would be installed for the word on an empty system.
fn with_depends<'t>(universe: &mut Universe<'t>, word: &'t [u8]) -> Vec<PackageId> {
    let Some(dependency) = crate::dependency::Borrowed::parse(word) else { return Vec::new() };
    let world = vec![crate::universe::Dep::new(universe, dependency)];
    let solution = solver::solve(universe, &Request { world, ..Request::default() });
    if solution.errors > 0 {
        return Vec::new();
    }
    solution.changes.list.iter().filter_map(|change| change.new).collect()
}

/// The newest package of the name.
fn best<'t>(universe: &mut Universe<'t>, word: &'t [u8]) -> Vec<PackageId> {
    let name = universe.name(word);
    universe.load(name);
    let providers = universe.name_of(name).providers.iter();
    let fitting = providers.filter(|provider| universe.package(provider.package).name == name);
    let best = fitting.max_by(|left, right| {
        crate::version::compare(left.version.unwrap_or_default(), right.version.unwrap_or_default())
    });
    best.map(|provider| provider.package).into_iter().collect()
}

fn one(cx: &mut Cx, system: &System, universe: &Universe<'_>, id: PackageId) -> crate::error::Result {
    let package = universe.package(id);
    let place = apply::find(system, universe, id, cx).ok_or_else(|| Error::new(Kind::PackageNotFound))??;
    let spec = cx.options.text("pkgname-spec").unwrap_or(NAME_SPEC).to_vec();
    let file = expand(&spec, universe, id)?;
    let folder = PathBuf::from(os(cx.options.text("output").unwrap_or(b".")));
    let target = folder.join(os(&file));
    let to_stdout = cx.options.has("stdout");
    if !to_stdout && fs::metadata(&target).is_ok_and(|metadata| metadata.len() == package.size) {
        return Ok(());
    }
    if cx.options.has("url") {
        let url = match &place {
            Located::Here(path) => path.as_os_str().as_encoded_bytes().to_vec(),
            Located::Remote(url) => url.clone(),
        };
        cx.messages.out.write(&url);
        cx.messages.out.write(b"\n");
    } else if !to_stdout {
        let name = full_name(universe, id);
        cx.messages.message([b"Downloading ", &name[..]].concat());
    }
    if cx.globals.simulate || cx.options.has("simulate") {
        return Ok(());
    }
    if let (Located::Here(path), true, false) = (&place, cx.options.has("link"), to_stdout) {
        let _ = fs::remove_file(&target);
        if fs::hard_link(path, &target).is_ok() {
            return Ok(());
        }
    }
    let beside = if to_stdout {
        std::env::temp_dir().join(format!("apk-fetch-{}", std::process::id()))
    } else {
        let mut beside = target.clone().into_os_string();
        beside.push(".part");
        PathBuf::from(beside)
    };
    let fetched = copy(cx, system, &place, &beside, package.identity);
    if interrupt::is_wanted() && !to_stdout {
        // It is taken up by the next run.
        return fetched;
    }
    let finished = match (fetched, to_stdout) {
        (Err(error), _) => Err(error),
        (Ok(()), false) => return Ok(fs::rename(&beside, &target)?),
        (Ok(()), true) => fs::read(&beside).map(|bytes| cx.messages.out.write(&bytes)).map_err(Error::from),
    };
    let _ = fs::remove_file(&beside);
    finished
}

/// Copies a package and checks that it is the one that the index names.
fn copy(
    cx: &mut Cx,
    system: &System,
    place: &Located,
    beside: &std::path::Path,
    identity: Option<crate::identity::Identity>,
) -> crate::error::Result {
    let keys = Arc::clone(system.keys());
    let check = move |path: &std::path::Path| {
        let trust = match identity {
            Some(identity) => Trust::identity(&keys, identity),
            None => Trust::signed(&keys),
        };
        PackageReader::open(Box::new(BufReader::new(File::open(path)?)), trust)?.finish()
    };
    match place {
        Located::Remote(url) => {
            let (servers, url, path) = (Arc::clone(system.servers(cx)), url.clone(), beside.to_path_buf());
            let (fetched, passed) = servers::unless_interrupted(move || {
                let is_identified = identity.is_some();
                let wanted = network::Wanted { url: &url, since: None, is_identified };
                servers.fetch(wanted, &path, &mut |path| check(path).map(drop), &mut |_| {})
            })?;
            servers::warn(cx, &passed);
            fetched
        }
        Located::Here(path) => {
            let mut input = File::open(path)?;
            let mut file = File::create(beside)?;
            io::copy(&mut input, &mut file)?;
            file.flush()?;
            check(beside)?;
            Ok(())
        }
    }
}

/// The file's name by the specification: `${name}`, `${version}`, `${arch}`, `${hash}`, each with `:N` for the first N
/// characters.
fn expand(spec: &[u8], universe: &Universe<'_>, id: PackageId) -> crate::error::Result<Vec<u8>> {
    let package = universe.package(id);
    let mut out = Vec::new();
    let mut rest = spec;
    while let Some(start) = rest.windows(2).position(|two| two == b"${") {
        out.extend_from_slice(&rest[..start]);
        let end = rest[start..].iter().position(|&byte| byte == b'}').map(|end| start + end);
        let end = end.ok_or(Kind::PackageNameSpec)?;
        let (name, limit) = match rest[start + 2..end].iter().position(|&byte| byte == b':') {
            Some(colon) => (&rest[start + 2..start + 2 + colon], &rest[start + 3 + colon..end]),
            None => (&rest[start + 2..end], &b""[..]),
        };
        let value = match name {
            b"name" => universe.name_of(package.name).text.to_vec(),
            b"version" => package.version.to_vec(),
            b"arch" => package.arch.to_vec(),
            b"hash" => package.identity.map(|identity| identity.hex().into_bytes()).unwrap_or_default(),
            _ => return Err(Kind::PackageNameSpec.into()),
        };
        let limit = match limit {
            b"" => value.len(),
            digits => std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse::<usize>().ok())
                .ok_or(Kind::PackageNameSpec)?,
        };
        out.extend_from_slice(&value[..value.len().min(limit)]);
        rest = &rest[end + 1..];
    }
    out.extend_from_slice(rest);
    Ok(out)
}
