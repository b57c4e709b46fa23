//! chown and chgrp — change owner and group.
//!
//! Source: POSIX.1-2024 `chown`, `chgrp`; BusyBox 1.37 for `-c`, `-v`, `-f` and their messages; GNU for
//! `--reference`.

use super::common::{parse_group, parse_owner};
use crate::prelude::*;
use cli::walk::{Event, Follow, Settings, Walk};
use sys::at::{self, Kind, Links, Stat};

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "chown",
        links: &["/bin/chown"],
        usage: "\
chown [-RhLHPcvf] USER[:[GROUP]] FILE...

Change the owner of FILEs to USER, their group to GROUP ('USER:': the user's).

  -R, --recursive       Directories and all in them
  -h, --no-dereference  Change symbolic links, not what they lead to
  -L                    With -R: follow all links
  -H                    With -R: follow FILEs that are links
  -P                    With -R: follow no links (default)
  -c, --changes         List changed files
  -v, --verbose         List all files
  -f, --silent          Hide errors
  --quiet               The same
  --dereference         Change what links lead to (default)
  --reference=FILE      Use the owner and group of FILE
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "chgrp",
        links: &["/bin/chgrp"],
        usage: "\
chgrp [-RhLHPcvf] GROUP FILE...

Change the group of FILEs.

  -R, --recursive       Directories and all in them
  -h, --no-dereference  Change symbolic links, not what they lead to
  -L                    With -R: follow all links
  -H                    With -R: follow FILEs that are links
  -P                    With -R: follow no links (default)
  -c, --changes         List changed files
  -v, --verbose         List all files
  -f, --silent          Hide errors
  --quiet               The same
  --dereference         Change what links lead to (default)
  --reference=FILE      Use the group of FILE
",
        process: Process::Fork,
        run,
    },
];

struct Change {
    uid: Option<u32>,
    gid: Option<u32>,
    keeps_links: bool,
    changes: bool,
    verbose: bool,
    silent: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let only_group = cx.applet.name == "chgrp";
    let mut operands = options.operands();
    let (uid, gid) = match (options.value_long("reference").flatten(), operands.split_first()) {
        (Some(file), _) => {
            let stat = at::stat(at::CWD, Path::new(file), Links::Follow).at(file)?;
            ((!only_group).then_some(stat.uid), Some(stat.gid))
        }
        (None, Some((owner, rest))) if !rest.is_empty() => {
            operands = rest;
            if only_group { (None, Some(parse_group(owner)?)) } else { parse_owner(owner)? }
        }
        _ => return Err(Error::usage("")),
    };
    if operands.is_empty() {
        return Err(Error::usage(""));
    }
    let follow = match options.last_of("LHP") {
        Some('L') => Follow::Always,
        Some('H') => Follow::Root,
        _ => Follow::Never,
    };
    let change = Change {
        uid,
        gid,
        keeps_links: options.has('h'),
        changes: options.has('c'),
        verbose: options.has('v'),
        silent: options.has('f') || options.has_long("quiet"),
    };
    for operand in operands {
        if options.has('R') {
            change.tree(cx, Path::new(operand), follow);
        } else {
            change.one(cx, Path::new(operand));
        }
    }
    Ok(())
}

impl Change {
    fn one(&self, cx: &mut Cx<'_>, path: &Path) {
        let links = if self.keeps_links { Links::Keep } else { Links::Follow };
        match at::stat(at::CWD, path, links) {
            Ok(stat) => self.set(cx, at::CWD, path, path, &stat, links),
            Err(error) => self.failed(cx, path, error),
        }
    }

    /// Directories change after what they hold, so that giving a tree away does not lock the way into it.
    fn tree(&self, cx: &mut Cx<'_>, root: &Path, follow: Follow) {
        let mut walk = Walk::new(root, Settings { follow, ..Settings::default() });
        while let Some(event) = walk.next() {
            match event {
                Event::Enter | Event::Loop => continue,
                Event::Failed(error) => {
                    self.failed(cx, walk.path(), error);
                    continue;
                }
                Event::Leave | Event::File => {}
            }
            match walk.stat() {
                // A link that the walk does not follow is changed itself, never what lies behind it.
                Ok(stat) => {
                    let keeps = self.keeps_links || stat.kind() == Kind::Symlink;
                    let links = if keeps { Links::Keep } else { walk.links() };
                    self.set(cx, walk.directory(), walk.name(), walk.path(), &stat, links);
                }
                Err(error) => self.failed(cx, walk.path(), error),
            }
        }
    }

    fn set(&self, cx: &mut Cx<'_>, dir: i32, name: &Path, path: &Path, stat: &Stat, links: Links) {
        let (uid, gid) = (self.uid.unwrap_or(stat.uid), self.gid.unwrap_or(stat.gid));
        if let Err(error) = at::chown(dir, name, self.uid, self.gid, links) {
            return self.failed(cx, path, error);
        }
        if self.verbose || self.changes && (uid, gid) != (stat.uid, stat.gid) {
            cx.out.write(b"changed ownership of '");
            cx.out.write(path.as_os_str().as_bytes());
            writeln!(cx.out, "' to {uid}:{gid}");
        }
    }

    fn failed(&self, cx: &mut Cx<'_>, path: &Path, error: io::Error) {
        if self.silent {
            cx.status = cx.failure;
        } else {
            cx.report(Error::at(path, error));
        }
    }
}
