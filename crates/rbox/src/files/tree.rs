//! tree — print directories as a tree.
//!
//! Source: BusyBox 1.37 for the drawing; the original tree for `-a`, `-d`, `-L`, `-f`, `-i`, `-F`.
//!
//! *Differs:* options are options; BusyBox 1.37 takes them for directories.

use crate::prelude::*;
use sys::at::{self, Kind, Links};
use sys::directory::Names;

pub(crate) const APPLET: Applet = Applet {
    name: "tree",
    links: &["/usr/bin/tree"],
    usage: "\
tree [-adfiF] [-L DEPTH] [DIRECTORY]...

Print DIRECTORYs as trees (by default here).

  -a          Names that begin with a dot too
  -d          Directories only
  -f          Whole paths
  -i          No lines
  -F          Mark kinds of files with one of */=|
  -L DEPTH    At most so many levels deep
  --noreport  No count at the end
",
    process: Process::Fork,
    run,
};

struct Drawing {
    hidden: bool,
    only_directories: bool,
    paths: bool,
    lines: bool,
    marks: bool,
    depth_max: u64,
    directories: u64,
    files: u64,
}

/// A directory that is being printed.
struct Level {
    path: PathBuf,
    /// Names and kinds, in order, of which the first `next` are printed.
    entries: Vec<(OsString, Kind)>,
    next: usize,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mut drawing = Drawing {
        hidden: options.has('a'),
        only_directories: options.has('d'),
        paths: options.has('f'),
        lines: !options.has('i'),
        marks: options.has('F'),
        depth_max: options.number('L')?.unwrap_or(u64::MAX),
        directories: 0,
        files: 0,
    };
    let operands = if options.operands().is_empty() { &[OsString::from(".")] } else { options.operands() };
    for operand in operands {
        drawing.tree(cx, Path::new(operand));
    }
    if !options.has_long("noreport") {
        let (directories, files) = (drawing.directories, drawing.files);
        if drawing.only_directories {
            writeln!(cx.out, "\n{directories} directories");
        } else {
            writeln!(cx.out, "\n{directories} directories, {files} files");
        }
    }
    Ok(())
}

impl Drawing {
    fn tree(&mut self, cx: &mut Cx<'_>, root: &Path) {
        cx.out.write(root.as_os_str().as_bytes());
        let mut levels: Vec<Level> = Vec::new();
        self.enter(cx, root.to_path_buf(), &mut levels);
        while let Some(level) = levels.last_mut() {
            let Some((name, kind)) = level.entries.get(level.next) else {
                levels.pop();
                continue;
            };
            let (name, kind) = (name.clone(), *kind);
            level.next += 1;
            let path = super::common::join(&level.path, &name);
            self.branch(cx, &levels);
            let shown = if self.paths { path.as_os_str() } else { name.as_os_str() };
            cx.out.write(&printable(shown.as_bytes()));
            self.entry(cx, path, kind, &mut levels);
        }
    }

    /// The lines in front of a name: whether each level goes on, and for the last one the corner.
    fn branch(&self, cx: &mut Cx<'_>, levels: &[Level]) {
        if !self.lines {
            return;
        }
        let Some((last, above)) = levels.split_last() else { return };
        for level in above {
            cx.out.write(if level.next < level.entries.len() { "│   " } else { "    " }.as_bytes());
        }
        let corner = if last.next < last.entries.len() { "├── " } else { "└── " };
        cx.out.write(corner.as_bytes());
    }

    /// What stands behind a name; a directory becomes the innermost level.
    fn entry(&mut self, cx: &mut Cx<'_>, path: PathBuf, kind: Kind, levels: &mut Vec<Level>) {
        match kind {
            Kind::Directory => {
                self.directories += 1;
                if self.marks {
                    cx.out.write(b"/");
                }
                if (levels.len() as u64) < self.depth_max {
                    return self.enter(cx, path, levels);
                }
            }
            Kind::Symlink => {
                let leads_to_directory = super::common::is_directory(&path);
                *if leads_to_directory { &mut self.directories } else { &mut self.files } += 1;
                if let Ok(target) = at::read_link(at::CWD, &path) {
                    cx.out.write(b" -> ");
                    cx.out.write(&printable(target.as_bytes()));
                }
            }
            _ => {
                self.files += 1;
                if self.marks {
                    self.mark(cx, &path, kind);
                }
            }
        }
        cx.out.write(b"\n");
    }

    fn mark(&self, cx: &mut Cx<'_>, path: &Path, kind: Kind) {
        match kind {
            Kind::Fifo => cx.out.write(b"|"),
            Kind::Socket => cx.out.write(b"="),
            Kind::File => {
                let stat = at::stat(at::CWD, path, Links::Keep);
                if stat.is_ok_and(|stat| stat.mode & 0o111 != 0) {
                    cx.out.write(b"*");
                }
            }
            _ => {}
        }
    }

    /// Ends the line of a directory and reads its names.
    fn enter(&mut self, cx: &mut Cx<'_>, path: PathBuf, levels: &mut Vec<Level>) {
        match self.read(&path) {
            Ok(entries) => {
                cx.out.write(b"\n");
                levels.push(Level { path, entries, next: 0 });
            }
            Err(_) => cx.out.write(b" [error opening dir]\n"),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        let directory = at::open(at::CWD, path, at::O_RDONLY | at::O_DIRECTORY, 0)?;
        let number = std::os::fd::AsRawFd::as_raw_fd(&directory);
        let mut names = Names::read(&directory)?;
        names.sort();
        let mut entries = Vec::new();
        for (name, mut kind) in names.iter() {
            if !self.hidden && name.as_bytes().starts_with(b".") {
                continue;
            }
            if kind == Kind::Unknown {
                kind = at::stat(number, Path::new(name), Links::Keep).map_or(kind, |stat| stat.kind());
            }
            let is_directory = kind == Kind::Directory
                || kind == Kind::Symlink
                    && at::stat(number, Path::new(name), Links::Follow).is_ok_and(|stat| stat.is_directory());
            if !self.only_directories || is_directory {
                entries.push((name.to_owned(), kind));
            }
        }
        Ok(entries)
    }
}

/// A name without what would move the cursor.
fn printable(name: &[u8]) -> Vec<u8> {
    name.iter().map(|&byte| if byte.is_ascii_control() { b'?' } else { byte }).collect()
}
