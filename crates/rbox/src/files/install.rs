//! install — copy files and set their attributes.
//!
//! Source: BusyBox 1.37 for options and messages.

use super::common::copy::{Copier, Manner, Preserve};
use super::common::{Destination, cant, is_directory, parse_group, parse_user};
use crate::prelude::*;
use posix::mode::Mode;
use sys::at::{self, Links};

pub(crate) const APPLET: Applet = Applet {
    name: "install",
    links: &["/usr/bin/install"],
    usage: "\
install [-cDpsTv] [-o USER] [-g GROUP] [-m MODE] SOURCE DEST
   or: install [-cDpsv] [-o USER] [-g GROUP] [-m MODE] SOURCE... { -t DIR | DIR }
   or: install -d [-v] [-o USER] [-g GROUP] [-m MODE] DIR...

Copy SOURCEs and set their attributes, or make directories.

  -c                          Ignored
  -d, --directory             Make directories, and what is missing above
  -D                          Make the directories that DEST lies in
  -s, --strip                 Strip symbols, with the program strip
  -p, --preserve-timestamps   Keep times
  -o, --owner=USER            Set the owner
  -g, --group=GROUP           Set the group
  -m, --mode=MODE             Set the mode (by default rwxr-xr-x)
  -t, --target-directory=DIR  Copy into DIR
  -T, --no-target-directory   Take DEST as a file
  -v, --verbose               Print what is done
",
    process: Process::Fork,
    run,
};

struct Attributes {
    mode: Mode,
    uid: Option<u32>,
    gid: Option<u32>,
    strip: bool,
    verbose: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mode = options.value('m').unwrap_or(OsStr::new("755"));
    let attributes = Attributes {
        mode: Mode::parse(mode.as_bytes())
            .ok_or_else(|| Error::message(format_args!("invalid mode {}", cli::error::quoted(mode))))?,
        uid: options.value('o').map(parse_user).transpose()?,
        gid: options.value('g').map(parse_group).transpose()?,
        strip: options.has('s'),
        verbose: options.has('v'),
    };
    if options.has('d') {
        options.expect_operands(1, usize::MAX)?;
        for operand in options.operands() {
            let path = Path::new(operand);
            if let Err(error) = directories(cx, path, attributes.verbose) {
                cx.report(error);
            } else if let Err(error) = attributes.set(path, true) {
                cx.report(error);
            }
        }
        return Ok(());
    }
    let destination = Destination::of(&options)?;
    let mut copier = Copier::new(Manner {
        follow: cli::walk::Follow::Always,
        preserve: Preserve { times: options.has('p'), ..Preserve::default() },
        verbose: attributes.verbose,
        ..Manner::default()
    });
    for source in &destination.sources {
        let target = destination.path(source);
        if options.has('D')
            && let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty())
            && let Err(error) = directories(cx, parent, attributes.verbose)
        {
            cx.report(error);
            continue;
        }
        if copier.copy(cx, source, &target)
            && let Err(error) = attributes.set(&target, false)
        {
            cx.report(error);
        }
    }
    Ok(())
}

/// Makes a directory and what is missing above it.
fn directories(cx: &mut Cx<'_>, path: &Path, verbose: bool) -> Result {
    if is_directory(path) {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        directories(cx, parent, verbose)?;
    }
    match at::mkdir(at::CWD, path, 0o755) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_directory(path) => return Ok(()),
        other => other.map_err(|error| cant("create directory", path, error))?,
    }
    if verbose {
        writeln!(cx.out, "created directory: '{}'", path.display());
    }
    Ok(())
}

impl Attributes {
    fn set(&self, path: &Path, is_directory: bool) -> Result {
        if self.strip && !is_directory {
            let status = sys::command::Command::new("strip").arg(path).status().at("strip")?;
            if !status.success() {
                return Err(Error::message("strip failed"));
            }
        }
        if self.uid.is_some() || self.gid.is_some() {
            at::chown(at::CWD, path, self.uid, self.gid, Links::Keep)
                .map_err(|error| cant("change ownership of", path, error))?;
        }
        // After the owner: changing that takes the set-id bits away.
        let mode = self.mode.apply(0, is_directory, 0);
        at::chmod(at::CWD, path, mode, Links::Keep)
            .map_err(|error| cant("change permissions of", path, error))
    }
}
