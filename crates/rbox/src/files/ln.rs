//! ln — make links.
//!
//! Source: POSIX.1-2024 `ln`; BusyBox 1.37 for `-b`, `-S`, `-n`, `-T`, `-v`; GNU for `-r` and `-t`.
//!
//! *Differs:* `ln -f` makes the new link beside and renames it, so the name is never missing, and a file linked to
//! itself stays; BusyBox 1.37 removes it first and loses it.

use super::common::{Destination, cant, is_directory, join, last_component, stat_if_any};
use crate::prelude::*;
use sys::at::{self, Links};

pub(crate) const APPLET: Applet = Applet {
    name: "ln",
    links: &["/bin/ln"],
    usage: "\
ln [-sfnbrTv] [-S SUFFIX] [-t DIRECTORY] TARGET... [LINK|DIRECTORY]

Make LINK to TARGET, or links to all TARGETs in DIRECTORY (without one, here).

  -s, --symbolic              Make symbolic links, not hard ones
  -f, --force                 Replace what is there
  -n, --no-dereference        Treat a LINK that leads to a directory as a file
  -b                          Keep what is there under another name
  -S, --suffix=SUFFIX         End that name in SUFFIX, not '~' (implies -b)
  -L, --logical               Follow a TARGET that is a symbolic link
  -P, --physical              Link to the symbolic link itself (default)
  -r, --relative              With -s: say TARGET relative to the link
  -T, --no-target-directory   Treat LINK as a file always
  -t, --target-directory=DIR  Make the links in DIR
  -v, --verbose               Print what is linked
",
    process: Process::Fork,
    run,
};

struct Linking<'a> {
    symbolic: bool,
    force: bool,
    relative: bool,
    verbose: bool,
    links: Links,
    backup: Option<&'a OsStr>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let linking = Linking {
        symbolic: options.has('s'),
        force: options.has('f'),
        relative: options.has('r'),
        verbose: options.has('v'),
        links: if options.last_of("LP") == Some('L') { Links::Follow } else { Links::Keep },
        backup: options.value('S').or(options.has('b').then_some(OsStr::new("~"))),
    };
    for (target, link) in pairs(&options)? {
        if options.has('T') && is_directory_itself(&link) {
            return Err(Error::message(format_args!("'{}' is a directory", link.display())));
        }
        if let Err(error) = make(cx, &linking, &target, &link) {
            cx.report(error);
        }
    }
    Ok(())
}

/// Targets, and the names that their links get.
fn pairs(options: &Options) -> Result<Vec<(PathBuf, PathBuf)>> {
    if let ([target], None) = (options.operands(), options.value('t')) {
        let target = PathBuf::from(target);
        let link = PathBuf::from(last_component(&target));
        return Ok(vec![(target, link)]);
    }
    let mut destination = Destination::of(options)?;
    if options.has('n') && destination.sources.len() == 1 && !options.has('t') {
        destination.into &= is_directory_itself(&destination.target);
    }
    if destination.into && !is_directory(&destination.target) {
        let there = stat_if_any(&destination.target, Links::Keep).is_some();
        let why = if there { "File exists" } else { "No such file or directory" };
        let error = Error::message(format_args!("{}: {why}", destination.target.display()));
        return Err(error);
    }
    let paths = destination.sources.iter().map(|source| (source.clone(), destination.path(source)));
    Ok(paths.collect())
}

/// A directory that is not reached by a link.
fn is_directory_itself(path: &Path) -> bool {
    stat_if_any(path, Links::Keep).is_some_and(|stat| stat.is_directory())
}

fn make(cx: &mut Cx<'_>, linking: &Linking<'_>, target: &Path, link: &Path) -> Result {
    let there = stat_if_any(link, Links::Keep);
    if !linking.symbolic {
        let source = at::stat(at::CWD, target, linking.links).at(target)?;
        if linking.force && there.is_some_and(|there| there.same_file(&source)) {
            return same_file(target, link);
        }
    }
    if let (Some(suffix), Some(_)) = (linking.backup, there) {
        let mut kept = link.as_os_str().to_owned();
        kept.push(suffix);
        let kept = PathBuf::from(kept);
        at::rename(at::CWD, link, at::CWD, &kept).map_err(|error| cant("rename", link, error))?;
    }
    let shown =
        if linking.symbolic && linking.relative { relative(target, link)? } else { target.to_path_buf() };
    match place(linking, &shown, link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && linking.force => {
            replace(linking, &shown, link)?;
        }
        other => other.at(link)?,
    }
    if linking.verbose {
        writeln!(cx.out, "'{}' -> '{}'", link.display(), shown.display());
    }
    Ok(())
}

#[cold]
fn same_file(target: &Path, link: &Path) -> Result {
    Err(Error::message(format_args!("'{}' and '{}' are the same file", target.display(), link.display())))
}

fn place(linking: &Linking<'_>, target: &Path, link: &Path) -> io::Result<()> {
    if linking.symbolic {
        at::symlink(target, at::CWD, link)
    } else {
        at::link(at::CWD, target, at::CWD, link, linking.links)
    }
}

/// Makes the link under a name of its own and renames it over what is there.
fn replace(linking: &Linking<'_>, target: &Path, link: &Path) -> Result {
    if is_directory_itself(link) {
        return Err(io::Error::from(io::ErrorKind::IsADirectory)).at(link);
    }
    for attempt in 0..100u32 {
        let beside = beside(link, attempt);
        match place(linking, target, &beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            other => other.at(link)?,
        }
        let renamed = at::rename(at::CWD, &beside, at::CWD, link);
        // rename(2) leaves both names if they are links of one file; after an error the new one is of no use.
        let _ = at::unlink(at::CWD, &beside);
        return renamed.at(link);
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists)).at(link)
}

/// A name in the same directory that nobody else is likely to use.
fn beside(link: &Path, attempt: u32) -> PathBuf {
    let name = format!(".ln-{}-{attempt}", std::process::id());
    match link.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => join(parent, OsStr::new(&name)),
        _ => PathBuf::from(name),
    }
}

/// The way from the directory of `link` to `target`, both made absolute and free of links first.
fn relative(target: &Path, link: &Path) -> Result<PathBuf> {
    let here = match link.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let here = here.canonicalize().at(here)?;
    let target = match (target.canonicalize(), target.parent(), target.file_name()) {
        (Ok(whole), _, _) => whole,
        (Err(_), Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            parent.canonicalize().at(parent)?.join(name)
        }
        (Err(error), _, _) => return Err(error).at(target),
    };
    Ok(way(&here, &target))
}

/// From one absolute path to another.
fn way(here: &Path, target: &Path) -> PathBuf {
    let common = here.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().skip(common).map(|_| "..".as_ref());
    let down = target.components().skip(common).map(|component| component.as_os_str());
    let way: PathBuf = up.chain(down).collect::<Vec<&OsStr>>().iter().collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_way() {
        for (here, target, expected) in [
            ("/a/b", "/a/c", "../c"),
            ("/a", "/a/c", "c"),
            ("/", "/x", "x"),
            ("/a/b", "/x/y", "../../x/y"),
            ("/a", "/a", "."),
        ] {
            assert_eq!(way(Path::new(here), Path::new(target)), Path::new(expected));
        }
    }
}
