//! apply — does what the solver found: opens packages, makes the changes, and prints what happens.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use super::commit::change_line;
use super::download::{self, Downloads, Wanted};
use super::interrupt::{self, Stoppable};
use super::system::System;
use super::{Cx, Failure, Result, os};
use crate::database::Database;
use crate::database::installed::{Entry, Installed};
use crate::error::{Error, Kind};
use crate::identity::Digest;
use crate::output::size;
use crate::package::Package;
use crate::reader::PackageReader;
use crate::repository;
use crate::solver::{Change, Solution};
use crate::transaction::plan::Keep;
use crate::transaction::script::{Runner, Stream};
use crate::transaction::{self, Event, New, Open, Settings, Step};
use crate::trust::{Keys, Trust};
use crate::universe::{PackageId, Universe};
use crate::v2;

/// Makes the changes. Gives the number of packages that are not as they should be.
pub fn run(
    cx: &mut Cx,
    system: &System,
    database: &mut Database,
    universe: &Universe<'_>,
    solution: &Solution<'_>,
) -> Result {
    let keys = system.keys();
    let changes: Vec<&Change> = solution.changes.list.iter().filter(|change| change.is_change()).collect();
    let wanted: Vec<Wanted> =
        changes.iter().filter_map(|change| remote(cx, system, universe, change)).collect();
    let mut downloads = Downloads::default();
    if cx.globals.cache_predownload && download::keeps_packages(cx, system) {
        let fetches = !wanted.is_empty();
        let failed = download::into_cache(cx, system, wanted, false);
        interrupt::check()?;
        if failed > 0 {
            return Err(Failure::Exit(99));
        }
        if fetches {
            cx.messages.message("Proceeding with upgrade...");
        }
    } else {
        downloads = download::download(cx, system, wanted);
        interrupt::check()?;
    }
    let mut steps = Vec::with_capacity(changes.len());
    let positions = database.installed.positions();
    for change in &changes {
        let old = change.old.map(|id| universe.name_of(universe.package(id).name).text);
        let old = old.and_then(|name| positions.get(name).copied());
        steps.push(step(cx, system, old, universe, change, keys, &mut downloads)?);
    }
    let lines: Vec<Vec<u8>> = change_lines(universe, &changes);
    let weights: Vec<u64> = changes.iter().map(|change| weight(universe, change)).collect();
    let total = weights.iter().map(|weight| weight + download::PACKAGE_WEIGHT).sum();
    let mut done = 0;
    cx.messages.begin_progress(&cx.globals, "install", total);
    let settings = settings(cx, database)?;
    let world = world_text(universe, solution);
    let messages = &mut cx.messages;
    let mut hook = None;
    let section = interrupt::Section::enter();
    let outcome = transaction::run(database, &settings, world, steps, &mut |event| match event {
        Event::Begin(number) => {
            messages.message(&lines[number]);
            messages.progress(done);
        }
        Event::Script { package, script, in_step } => {
            let lead: &[u8] = if in_step { b"  Executing " } else { b"Executing " };
            messages.message([lead, package, b".", script.name().as_bytes()].concat());
        }
        Event::Hook { path, argument, is_skipped: true } => {
            messages.message(format!("Skipping: {path} {argument}"));
        }
        Event::Hook { path, argument, is_skipped: false } => {
            // Told of with its first line; with -v before.
            let name = path.rsplit('/').next().unwrap_or(path);
            hook = Some(format!("Executing {argument} {name}"));
            if messages.verbosity > 1 {
                messages.message(format!("Executing /{path} {argument}"));
                hook = None;
            }
        }
        Event::Line { stream, text, in_step } => {
            let text = text.strip_prefix(b"* ").unwrap_or(text);
            let lead: &[u8] = if in_step { b"  * " } else { b"* " };
            let line = [lead, text].concat();
            if let Some(title) = hook.take().filter(|_| !in_step) {
                messages.message(title);
            }
            match stream {
                Stream::Out => messages.message_at(i32::MIN, line),
                Stream::Error => messages.error_line(line),
            }
        }
        Event::NewBeside(path) => {
            messages.message([b"  Installing file to ", path, b".apk-new"].concat());
        }
        Event::Path(path) => messages.message_at(3, path),
        Event::Warning(text) => messages.warning(text),
        Event::Error(text) => messages.error(text),
        Event::Progress { done: count, .. } => {
            let weight = weights.get(count - 1).copied().unwrap_or_default();
            (1..).map(|piece| piece * PIECE).take_while(|bytes| *bytes < weight).for_each(|bytes| {
                messages.progress(done + bytes);
            });
            messages.progress(done + weight);
            done += weight + download::PACKAGE_WEIGHT;
            if count == weights.len() {
                messages.progress(done);
                messages.end_progress();
            }
        }
    });
    drop(section);
    cx.messages.end_progress();
    let outcome = outcome?;
    if cx.globals.sync.or(is_system(database)) {
        sys::filesystem::sync_all();
    }
    Ok((outcome.failed + outcome.broken) as i32)
}

/// Progress is told of in such pieces of a package, as by the reference.
pub const PIECE: u64 = 128 * 1024;

/// What a change weighs in the progress: the bytes of the file; to remove a package is a sixteenth of its work.
fn weight(universe: &Universe<'_>, change: &Change) -> u64 {
    match (change.new, change.old) {
        (Some(new), _) => universe.package(new).size,
        (None, Some(old)) => universe.package(old).size / 16,
        (None, None) => 0,
    }
}

/// The lines of the changes, with their numbers.
pub fn change_lines(universe: &Universe<'_>, changes: &[&Change]) -> Vec<Vec<u8>> {
    let total = changes.len();
    let width = total.to_string().len();
    let lines = changes.iter().enumerate();
    lines
        .map(|(index, change)| {
            let lead = format!("({:>width$}/{total}) ", index + 1);
            [lead.as_bytes(), &change_line(universe, change)].concat()
        })
        .collect()
}

/// How much is installed: the last line.
pub fn summary(cx: &mut Cx, installed: &Installed, errors: usize) {
    let bytes = installed.packages().iter().map(|record| decimal(installed.fact(record, b'I'))).sum();
    sum_up(cx, installed, installed.packages().len(), bytes, errors);
}

/// The last line: how many packages of how many bytes there are, and, for those who want to know more, the folders and
/// files of what is installed.
pub fn sum_up(cx: &mut Cx, installed: &Installed, packages: usize, bytes: u64, errors: usize) {
    let (lead, bytes) = (lead(errors), size::human(bytes));
    if cx.messages.verbosity <= 1 {
        cx.messages.message(format!("{lead} {bytes} in {packages} packages"));
        return;
    }
    let (mut folders, mut files) = (HashSet::new(), 0usize);
    for record in installed.packages() {
        for entry in installed.entries(record) {
            match entry {
                // The folders above it count, too, listed or not.
                Entry::Folder { path, .. } => {
                    let above = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
                    folders.extend(above.map(|(end, _)| &path[..end]).chain([path, b""]));
                }
                Entry::File { .. } => files += 1,
            }
        }
    }
    let line = format!("{lead} {packages} packages, {} dirs, {files} files, {bytes}", folders.len());
    cx.messages.message(line);
}

/// What the last line begins with.
pub fn lead(errors: usize) -> String {
    match errors {
        0 => "OK:".to_string(),
        1 => "1 error;".to_string(),
        more => format!("{more} errors;"),
    }
}

fn decimal(text: &[u8]) -> u64 {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// Whether the root is that of the running system, so that what is written should be on the disk at the end. In a container
/// it is not: process 2 is the kernel's elsewhere.
fn is_system(database: &Database) -> bool {
    let kernel = std::fs::read_to_string("/proc/2/comm").unwrap_or_default();
    !database.has_own_root && !database.usermode && kernel.trim_end() == "kthreadd"
}

fn settings(cx: &Cx, database: &Database) -> Result<Settings> {
    let mut overlay = HashSet::new();
    if cx.globals.overlay_from_stdin {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text)?;
        overlay =
            text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
    }
    Ok(Settings {
        runner: Runner {
            changes_root: database.has_own_root && !cx.globals.force.no_chroot,
            usermode: database.usermode,
            keeps_environment: cx.globals.preserve_env,
        },
        scripts: cx.globals.scripts,
        hooks: cx.globals.commit_hooks,
        keep: Keep { drops_new: cx.globals.clean_protected, purges: cx.globals.purge },
        overwrite: cx.globals.force.overwrite,
        keeps_owner: database.usermode,
        overlay,
        resets_folders: cx.options.has("directory-permissions"),
        lists: cx.messages.verbosity > 2,
        is_stopped: interrupt::is_wanted,
    })
}

/// World as it will be: a line for each constraint, in the order of their names. Constraints that were given up to
/// find a solution stay, as with the reference.
fn world_text(universe: &Universe<'_>, solution: &Solution<'_>) -> Vec<u8> {
    let mut lines: Vec<(&[u8], Vec<u8>)> = solution
        .world
        .iter()
        .map(|dep| {
            let mut line = Vec::new();
            dep.write(universe, &mut line);
            (universe.name_of(dep.name).text, line)
        })
        .collect();
    lines.sort_by(|(left, _), (right, _)| {
        left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase()).then_with(|| left.cmp(right))
    });
    let lines: Vec<Vec<u8>> = lines.into_iter().map(|(_, line)| line).collect();
    let mut text = lines.join(&b'\n');
    text.push(b'\n');
    text
}

fn step<'k>(
    cx: &Cx,
    system: &System,
    old: Option<usize>,
    universe: &Universe<'_>,
    change: &Change,
    keys: &'k Keys,
    downloads: &mut Downloads,
) -> Result<Step<'k>> {
    let Some(id) = change.new else { return Ok(Step { old, ..Step::default() }) };
    let tag = match change.new_tag {
        0 => Vec::new(),
        tag => universe.tags()[tag].name.clone(),
    };
    let package = universe.package(id);
    let only_tag = Step { old, only_tag: Some(tag.clone()), ..Step::default() };
    if change.old == change.new && !change.reinstall {
        return Ok(only_tag);
    }
    let mut known = true;
    let facts = v2::block::parse(package.block, &mut known)?;
    let mut lines = Vec::new();
    let identity = facts.identity.map(Digest::recorded);
    v2::block::write(&Package { identity, ..facts.clone() }, &mut lines);
    let open = match package.size {
        0 => None,
        _ => {
            match downloads.take(id).or_else(|| find(system, universe, id, cx).map(|place| Ok(place?.path())))
            {
                Some(Err(error)) => Some(Box::new(|| Err(error)) as Open<'k>),
                Some(Ok(path)) => {
                    Some(open(path, package.identity, package.given, cx.globals.allow_untrusted, keys))
                }
                // Installed, and nowhere to be had: it stays as it is.
                None if change.old == change.new => return Ok(only_tag),
                None => Some(Box::new(|| Err(Error::new(Kind::PackageNotFound))) as Open<'k>),
            }
        }
    };
    Ok(Step {
        old,
        new: Some(New {
            name: facts.name,
            version: facts.version,
            facts: lines,
            identity: package.identity,
            origin: facts.origin,
            repository_tag: tag,
            installed_size: facts.installed_size,
            open,
        }),
        only_tag: None,
    })
}

/// Where a package's file lies.
pub enum Located {
    Here(PathBuf),
    /// On a server, under this url.
    Remote(Vec<u8>),
}

impl Located {
    fn path(self) -> PathBuf {
        match self {
            Located::Here(path) => path,
            Located::Remote(url) => PathBuf::from(os(&url)),
        }
    }
}

/// What has to be fetched for a change.
pub(super) fn remote(cx: &Cx, system: &System, universe: &Universe<'_>, change: &Change) -> Option<Wanted> {
    wanted(cx, system, universe, change.new.filter(|_| change.old != change.new || change.reinstall)?)
}

/// How a package can be fetched that lies on a server and not in the cache.
pub fn wanted(cx: &Cx, system: &System, universe: &Universe<'_>, id: PackageId) -> Option<Wanted> {
    let package = universe.package(id);
    if package.size == 0 {
        return None;
    }
    let Ok(Located::Remote(url)) = find(system, universe, id, cx)? else { return None };
    let full_name = [universe.name_of(package.name).text, b"-", package.version].concat();
    Some(Wanted { package: id, url, full_name, identity: package.identity, size: package.size })
}

/// Where the package's file lies: the cache first, then the repositories in their order. None: nobody has it.
///
/// Errors: the index says how files are called in words that mean nothing.
pub fn find(
    system: &System,
    universe: &Universe<'_>,
    id: PackageId,
    cx: &Cx,
) -> Option<crate::error::Result<Located>> {
    let package = universe.package(id);
    let identity = package.identity.as_ref();
    if let Some(path) = identity.and_then(|identity| system.given_file(identity)) {
        return Some(Ok(Located::Here(path.to_path_buf())));
    }
    let name = universe.name_of(package.name).text;
    if identity.is_some() {
        let file = download::cached_name(&[name, b"-", package.version].concat(), identity);
        let path = system.cache_folder(cx).join(os(&file));
        if path.is_file() {
            return Some(Ok(Located::Here(path)));
        }
    }
    let repositories = package.repositories;
    let mut list = system.repositories.list.iter().enumerate();
    let (_, repository) = list.find(|(number, _)| repositories & (1 << number) != 0)?;
    let Some(file) = repository.package_url(name, package.version, package.arch, identity) else {
        return Some(Err(Error::new(Kind::PackageNameSpec)));
    };
    Some(Ok(match repository::local_path(&file) {
        Some(path) => Located::Here(PathBuf::from(os(path))),
        None => Located::Remote(file),
    }))
}

fn open<'k>(
    path: PathBuf,
    identity: Option<crate::identity::Identity>,
    is_given: bool,
    allow_untrusted: bool,
    keys: &'k Keys,
) -> Open<'k> {
    Box::new(move || {
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(Kind::IndexStale),
            _ => Error::from(error),
        })?;
        let trust = match identity {
            Some(identity) if !is_given => Trust::identity(keys, identity),
            _ => Trust { allow_untrusted, ..Trust::signed(keys) },
        };
        let file = BufReader::with_capacity(32 * 1024, Stoppable(file));
        PackageReader::open(Box::new(file), trust)
    })
}
