//! depmod — list which modules need which, and by which aliases they are asked for.
//!
//! Source: kmod's depmod(8), modules.dep(5). The binary indexes that kmod writes beside are not written: modprobe reads
//! the texts.

use std::fs;

use super::common::{module_name, release};
use super::elf::Module;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "depmod",
    links: &["/sbin/depmod"],
    usage: "\
depmod [-n] [-b DIR] [RELEASE]

Write modules.dep, modules.alias, modules.symbols and modules.softdep for a kernel.

  -n, --dry-run      Print them instead
  -b, --basedir=DIR  Below DIR instead of /
  -a, --all          Ignored
  -A, --quick        Only if a module is newer than the lists
  -e, --errsyms      Ignored
  -F, --filesyms=FILE
                     Ignored
  -q, --quiet        Ignored
",
    process: Process::Fork,
    run,
};

/// One module: its file below the kernel's folder, and what it says.
struct Entry {
    path: Vec<u8>,
    name: Vec<u8>,
    given: Vec<Vec<u8>>,
    needed: Vec<Vec<u8>>,
    aliases: Vec<Vec<u8>>,
    soft: Vec<Vec<u8>>,
    /// Whom it needs, by index.
    needs: Vec<usize>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let root = Path::new(options.value('b').unwrap_or(OsStr::new("/")));
    let release = match options.operands().first() {
        Some(release) => release.clone(),
        None => OsString::from(release()?),
    };
    let folder = root.join("lib/modules").join(release);
    let mut files = Vec::new();
    collect(&folder, &folder, &mut files).at(&folder)?;
    files.sort_unstable();
    if options.has('A') && is_current(&folder, &files) {
        return Ok(());
    }
    let mut entries = Vec::new();
    for path in files {
        let full = folder.join(OsStr::from_bytes(&path));
        match Module::read(&full) {
            Ok(module) => entries.push(entry(path, &module)),
            Err(error) => cx.report(Error::at(full, error)),
        }
    }
    link(&mut entries);
    for (name, text) in [
        ("modules.dep", dependencies(&entries)),
        ("modules.alias", aliases(&entries)),
        ("modules.symbols", symbols(&entries)),
        ("modules.softdep", soft(&entries)),
    ] {
        if options.has('n') {
            cx.out.write(&text);
            continue;
        }
        let path = folder.join(name);
        let beside = folder.join(format!("{name}.new"));
        fs::write(&beside, text).at(&beside)?;
        fs::rename(&beside, &path).at(&path)?;
    }
    Ok(())
}

/// Adds the modules below `folder`, by their paths below `base`.
fn collect(base: &Path, folder: &Path, files: &mut Vec<Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(base, &path, files)?;
            continue;
        }
        let name = entry.file_name();
        let is_module =
            [".ko", ".ko.gz", ".ko.xz"].iter().any(|ending| name.as_bytes().ends_with(ending.as_bytes()));
        if is_module && let Ok(below) = path.strip_prefix(base) {
            files.push(below.as_os_str().as_bytes().to_vec());
        }
    }
    Ok(())
}

/// Whether modules.dep is newer than every module.
fn is_current(folder: &Path, files: &[Vec<u8>]) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let Some(written) = time(&folder.join("modules.dep")) else { return false };
    files.iter().all(|file| time(&folder.join(OsStr::from_bytes(file))).is_some_and(|time| time <= written))
}

fn entry(path: Vec<u8>, module: &Module) -> Entry {
    let (given, needed) = module.symbols();
    let owned = |list: Vec<&[u8]>| list.into_iter().map(<[u8]>::to_vec).collect();
    let information = module.information();
    let named = |wanted: &[u8]| -> Vec<Vec<u8>> {
        information.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| value.to_vec()).collect()
    };
    Entry {
        name: module_name(&path),
        given: owned(given),
        needed: owned(needed),
        aliases: named(b"alias"),
        soft: named(b"softdep"),
        needs: Vec::new(),
        path,
    }
}

/// Finds whom each module needs.
fn link(entries: &mut [Entry]) {
    let mut givers: Vec<(Vec<u8>, usize)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        givers.extend(entry.given.iter().map(|symbol| (symbol.clone(), index)));
    }
    givers.sort_unstable();
    for (index, entry) in entries.iter_mut().enumerate() {
        let mut needs = Vec::new();
        for symbol in &entry.needed {
            let place = givers.partition_point(|(known, _)| known < symbol);
            if let Some((known, giver)) = givers.get(place)
                && known == symbol
                && *giver != index
                && !needs.contains(giver)
            {
                needs.push(*giver);
            }
        }
        entry.needs = needs;
    }
}

/// All that a module needs, also through others, those first that need the others: as modprobe reads it.
fn all_needs(entries: &[Entry], index: usize) -> Vec<usize> {
    let mut order = Vec::new();
    visit(entries, index, &mut vec![false; entries.len()], &mut order);
    order.pop();
    order.reverse();
    order
}

fn visit(entries: &[Entry], index: usize, seen: &mut Vec<bool>, order: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[index], true) {
        return;
    }
    for &need in &entries[index].needs {
        visit(entries, need, seen, order);
    }
    order.push(index);
}

fn dependencies(entries: &[Entry]) -> Vec<u8> {
    let mut text = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        text.extend_from_slice(&entry.path);
        text.push(b':');
        for need in all_needs(entries, index) {
            text.push(b' ');
            text.extend_from_slice(&entries[need].path);
        }
        text.push(b'\n');
    }
    text
}

fn lines(text: &mut Vec<u8>, start: &[u8], words: &[Vec<u8>], end: &[u8]) {
    for word in words {
        text.extend_from_slice(start);
        text.extend_from_slice(word);
        text.extend_from_slice(end);
        text.push(b'\n');
    }
}

fn aliases(entries: &[Entry]) -> Vec<u8> {
    let mut text = b"# Aliases extracted from modules themselves.\n".to_vec();
    for entry in entries {
        lines(&mut text, b"alias ", &entry.aliases, &[b" ", &entry.name[..]].concat());
    }
    text
}

fn symbols(entries: &[Entry]) -> Vec<u8> {
    let mut text = b"# Aliases for symbols, used by symbol_request().\n".to_vec();
    for entry in entries {
        lines(&mut text, b"alias symbol:", &entry.given, &[b" ", &entry.name[..]].concat());
    }
    text
}

fn soft(entries: &[Entry]) -> Vec<u8> {
    let mut text = b"# Soft dependencies extracted from modules themselves.\n".to_vec();
    for entry in entries {
        lines(&mut text, &[b"softdep ", &entry.name[..], b" "].concat(), &entry.soft, b"");
    }
    text
}
