//! ls — list directories.
//!
//! Source: POSIX.1-2024 `ls`; BusyBox 1.37 for the layout of columns, long lines and colours; GNU for `-o`, `-U`,
//! `-k`.
//!
//! *Differs:* long user names are not cut; bytes that are not UTF-8 are replaced only on a terminal, so that what a
//! pipe gets are the names; columns count the width of wide and combining characters.

mod entry;
mod layout;

use super::common::cant;
use crate::prelude::*;
use entry::{Item, Order, What};
use layout::{Form, Look};
use sys::at::{self, Kind, Links};
use sys::directory::Names;

pub(crate) const APPLET: Applet = Applet {
    name: "ls",
    links: &["/bin/ls"],
    usage: "\
ls [-1AaCxdLHRFplinshrSXvctu] [-w WIDTH] [FILE]...

List FILEs, or what is in directories (by default here).

  -1                    One name a line
  -C                    In columns, sorted downwards
  -x                    In columns, sorted across
  -l                    Mode, links, owner, size and time too
  -a, --all             Names that begin with a dot too
  -A, --almost-all      The same without . and ..
  -d, --directory       Directories themselves, not what they hold
  -R, --recursive       Directories in directories too
  -L, --dereference     What links lead to
  -H                    The same, for FILEs only
  -F, --classify        Mark kinds of files with one of */=@|
  -p                    Mark directories with /
  -i, --inode           Inode numbers
  -s, --size            Blocks of 1024 bytes in use
  -h, --human-readable  Sizes as 1K 234M 2G
  -k                    Ignored
  -n, --numeric-uid-gid  Long, owners as numbers
  -g                    Long, without the owner
  -o                    Long, without the group
  --full-time           Long, with the whole time
  -c                    Time of change instead of modification
  -u                    Time of access
  -t                    Sort by time
  -S                    Sort by size
  -X                    Sort by extension
  -v                    Sort by version
  -U                    Do not sort
  -r, --reverse         Sort backwards
  --group-directories-first  Directories before files
  -Q, --quote-name      Names in double quotes
  -w, --width=COLUMNS   The width of the terminal
  -T COLUMNS            Ignored
  --color[=WHEN]        Colours: always, never or auto
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let listing = Listing::of(&options)?;
    let mut files = Vec::new();
    let mut directories = Vec::new();
    let operands = if options.operands().is_empty() { &[OsString::from(".")] } else { options.operands() };
    for operand in operands {
        let path = PathBuf::from(operand);
        match listing.look_up(&path) {
            Ok(item) if item.kind == Kind::Directory && !listing.directories_as_files => {
                directories.push(item)
            }
            Ok(item) => files.push(item),
            Err(error) => cx.report(Error::at(path, error)),
        }
    }
    listing.order.sort(&mut files);
    listing.order.sort(&mut directories);
    if !files.is_empty() {
        layout::print(cx, &files, &listing.look, at::CWD);
    }
    let titled = operands.len() > 1 || listing.recursive;
    let mut first = files.is_empty();
    for directory in directories {
        let path = PathBuf::from(OsString::from_vec(directory.name));
        listing.directory(cx, &path, titled, &mut first);
    }
    Ok(())
}

/// What is listed, and how.
struct Listing {
    hidden: bool,
    dots: bool,
    recursive: bool,
    directories_as_files: bool,
    follow: bool,
    follow_operands: bool,
    order: Order,
    look: Look,
    /// Whether kinds of files are not enough.
    needs_stat: bool,
}

impl Listing {
    fn of(options: &Options) -> Result<Listing> {
        let look = Look::of(options)?;
        let order = Order::of(options);
        let long = look.form == Form::Long;
        // A link named as an operand stands for its directory unless something shows the link itself.
        let follow_operands =
            options.has('H') || !long && !options.has('d') && !look.classify && !options.has('i');
        Ok(Listing {
            hidden: options.has('a') || options.has('A'),
            dots: options.has('a') && options.last_of("aA") == Some('a'),
            recursive: options.has('R') && !options.has('d'),
            directories_as_files: options.has('d'),
            follow: options.has('L'),
            follow_operands,
            needs_stat: look.needs_stat() || order.needs_stat(),
            order,
            look,
        })
    }

    fn look_up(&self, path: &Path) -> io::Result<Item> {
        let links = if self.follow || self.follow_operands { Links::Follow } else { Links::Keep };
        let stat = match at::stat(at::CWD, path, links) {
            // A link that leads nowhere is listed as what it is, unless -L asks for what it is not.
            Err(_) if links == Links::Follow && !self.follow => at::stat(at::CWD, path, Links::Keep),
            other => other,
        }?;
        let shown = if stat.is_directory() || links == Links::Keep || self.follow {
            stat
        } else {
            at::stat(at::CWD, path, Links::Keep)?
        };
        Ok(Item { name: path.as_os_str().as_bytes().to_vec(), kind: shown.kind(), stat: Some(shown) })
    }

    /// Lists one directory, and with -R those in it.
    fn directory(&self, cx: &mut Cx<'_>, path: &Path, titled: bool, first: &mut bool) {
        let mut open = vec![path.to_path_buf()];
        while let Some(path) = open.pop() {
            if titled {
                if !*first {
                    cx.out.write(b"\n");
                }
                layout::print_name(cx, &self.look, path.as_os_str().as_bytes());
                cx.out.write(b":\n");
            }
            *first = false;
            match self.one_directory(cx, &path) {
                Ok(mut below) => {
                    below.reverse();
                    open.append(&mut below);
                }
                Err(error) => cx.report(cant("open", &path, error)),
            }
            if cx.out.failed() {
                return;
            }
        }
    }

    /// Returns the directories in it, in the order listed, if those are to be listed.
    fn one_directory(&self, cx: &mut Cx<'_>, path: &Path) -> io::Result<Vec<PathBuf>> {
        let flags = at::O_RDONLY | at::O_DIRECTORY | at::O_NONBLOCK;
        let directory = at::open(at::CWD, path, flags, 0)?;
        let number = std::os::fd::AsRawFd::as_raw_fd(&directory);
        let names = Names::read(&directory)?;
        let mut items = Vec::with_capacity(names.len());
        if self.dots {
            for name in [".", ".."] {
                self.add(cx, &mut items, number, path, OsStr::new(name), Kind::Directory);
            }
        }
        for (name, kind) in names.iter() {
            if self.hidden || name.as_bytes().first() != Some(&b'.') {
                self.add(cx, &mut items, number, path, name, kind);
            }
        }
        self.order.sort(&mut items);
        layout::print_total(cx, &items, &self.look);
        layout::print(cx, &items, &self.look, number);
        if !self.recursive {
            return Ok(Vec::new());
        }
        let is_below = |item: &&Item| item.kind == Kind::Directory && item.name != b"." && item.name != b"..";
        Ok(items
            .iter()
            .filter(is_below)
            .map(|item| super::common::join(path, OsStr::from_bytes(&item.name)))
            .collect())
    }

    fn add(&self, cx: &mut Cx<'_>, items: &mut Vec<Item>, dir: i32, path: &Path, name: &OsStr, kind: Kind) {
        let mut item = Item { name: name.as_bytes().to_vec(), kind, stat: None };
        if self.needs_stat || kind == Kind::Unknown || self.follow && kind == Kind::Symlink {
            let links = if self.follow { Links::Follow } else { Links::Keep };
            match at::stat(dir, Path::new(name), links) {
                Ok(stat) => {
                    item.kind = stat.kind();
                    item.stat = Some(stat);
                }
                Err(error) => return cx.report(Error::at(super::common::join(path, name), error)),
            }
        }
        items.push(item);
    }
}

/// `What` is chosen by the options -c and -u.
fn time_shown(options: &Options) -> What {
    match options.last_of("cu") {
        Some('c') => What::Changed,
        Some(_) => What::Accessed,
        None => What::Modified,
    }
}
