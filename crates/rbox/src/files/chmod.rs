//! chmod — change permissions.
//!
//! Source: POSIX.1-2024 `chmod`; BusyBox 1.37 for `-c`, `-v`, `-f` and their messages; GNU for `--reference`.

use crate::prelude::*;
use cli::options::{self, Order};
use cli::walk::{Event, Settings, Walk};
use posix::mode::{self, Mode};
use sys::at::{self, Kind, Links, Stat};

pub(crate) const APPLET: Applet = Applet {
    name: "chmod",
    links: &["/bin/chmod"],
    usage: "\
chmod [-Rcvf] MODE[,MODE]... FILE...

MODE is octal, or [ugoa]*[-+=]([rwxXst]*|[ugo]).

  -R, --recursive       Directories and all in them
  -c, --changes         List changed files
  -v, --verbose         List all files
  -f, --silent          Hide errors
  --quiet               The same
  --reference=FILE      Use the mode of FILE
",
    process: Process::Fork,
    run,
};

struct Change {
    mode: Mode,
    mask: u32,
    changes: bool,
    verbose: bool,
    silent: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let (dashed, args) = split_mode(cx.args);
    let options = options::parse(cx.applet.usage, &args, Order::Mixed)?;
    let mut operands = options.operands();
    let text = match options.value_long("reference").flatten() {
        Some(file) => {
            let stat = at::stat(at::CWD, Path::new(file), Links::Follow).at(file)?;
            format!("{:o}", stat.permissions()).into()
        }
        None => match (dashed, operands.split_first()) {
            (Some(text), _) => text,
            (None, Some((first, rest))) => {
                operands = rest;
                first.clone()
            }
            (None, None) => return Err(Error::usage("")),
        },
    };
    if operands.is_empty() {
        return Err(Error::usage(""));
    }
    let mode = Mode::parse(text.as_bytes())
        .ok_or_else(|| Error::message(format_args!("invalid mode {}", cli::error::quoted(&text))))?;
    let change = Change {
        mode,
        mask: at::umask(),
        changes: options.has('c'),
        verbose: options.has('v'),
        silent: options.has('f') || options.has_long("quiet"),
    };
    for operand in operands {
        if options.has('R') {
            change.tree(cx, Path::new(operand));
        } else {
            change.one(cx, Path::new(operand));
        }
    }
    Ok(())
}

/// Takes an argument such as `-x` or `-w,o+r` out, which is a mode and no option.
fn split_mode(args: &[OsString]) -> (Option<OsString>, Vec<OsString>) {
    let mut rest = args.to_vec();
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let is_mode = |arg: &OsString| {
        let bytes = arg.as_bytes();
        bytes.len() > 1 && bytes[0] == b'-' && b"rwxXstugo,+=".contains(&bytes[1])
    };
    match args[..end].iter().position(is_mode) {
        Some(index) => (Some(rest.remove(index)), rest),
        None => (None, rest),
    }
}

impl Change {
    fn one(&self, cx: &mut Cx<'_>, path: &Path) {
        match at::stat(at::CWD, path, Links::Follow) {
            Ok(stat) => self.set(cx, at::CWD, path, path, &stat, Links::Follow),
            Err(error) => self.failed(cx, path, error),
        }
    }

    /// Links in the tree are left alone: following one would change what lies elsewhere.
    fn tree(&self, cx: &mut Cx<'_>, root: &Path) {
        let settings = Settings { follow: cli::walk::Follow::Root, ..Settings::default() };
        let mut walk = Walk::new(root, settings);
        while let Some(event) = walk.next() {
            match event {
                Event::Leave | Event::Loop => continue,
                Event::Failed(error) => {
                    self.failed(cx, walk.path(), error);
                    continue;
                }
                Event::Enter | Event::File if walk.kind() == Kind::Symlink && walk.depth() > 0 => continue,
                Event::Enter | Event::File => {}
            }
            match walk.stat() {
                Ok(stat) => {
                    let links = walk.links();
                    self.set(cx, walk.directory(), walk.name(), walk.path(), &stat, links);
                }
                Err(error) => self.failed(cx, walk.path(), error),
            }
        }
    }

    fn set(&self, cx: &mut Cx<'_>, dir: i32, name: &Path, path: &Path, stat: &Stat, links: Links) {
        if stat.kind() == Kind::Symlink {
            // A link that leads nowhere has no mode to change.
            return self.failed(cx, path, io::Error::from(io::ErrorKind::NotFound));
        }
        let new = self.mode.apply(stat.mode, stat.is_directory(), self.mask);
        if let Err(error) = at::chmod(dir, name, new, links) {
            return self.failed(cx, path, error);
        }
        if self.verbose || self.changes && new != stat.permissions() {
            let text = mode::text(new);
            cx.out.write(b"mode of '");
            cx.out.write(path.as_os_str().as_bytes());
            write!(cx.out, "' changed to {new:04o} (");
            cx.out.write(&text[1..]);
            cx.out.write(b")\n");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_modes_from_options() {
        for (args, mode, left) in [
            (&["-x", "f"][..], Some("-x"), 1),
            (&["-R", "-w", "f"], Some("-w"), 2),
            (&["-R", "u+x", "f"], None, 3),
            (&["--", "-x", "f"], None, 3),
            (&["-v", "755", "f"], None, 3),
        ] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            let (found, rest) = split_mode(&args);
            assert_eq!((found, rest.len()), (mode.map(OsString::from), left), "{args:?}");
        }
    }
}
