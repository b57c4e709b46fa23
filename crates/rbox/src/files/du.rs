//! du — how much space trees take.
//!
//! Source: POSIX.1-2024 `du`; BusyBox 1.37 for options and rounding; GNU for `--apparent-size`.

use super::common::size::human;
use crate::prelude::*;
use cli::walk::{Event, Follow, Settings, Walk};
use posix::links::Seen;
use sys::at::Stat;

pub(crate) const APPLET: Applet = Applet {
    name: "du",
    links: &["/usr/bin/du"],
    usage: "\
du [-abcHLlshkmx] [-d N] [FILE]...

Print how many KiB the directories in FILEs take (by default here).

  -a, --all             Files too
  -b, --bytes           The sizes of files in bytes, holes included
  -c, --total           A sum of all
  -d, --max-depth=N     Print only what lies at most N levels deep
  -H                    Follow FILEs that are links
  -L, --dereference     Follow all links
  -l, --count-links     Count a file under each of its names
  -s, --summarize       Only a sum for each FILE
  -h, --human-readable  Sizes as 1K 234M 2G
  -k                    Sizes in KiB (default)
  -m                    Sizes in MiB
  -x, --one-file-system  Skip what lies on other file systems
  --apparent-size       The sizes of files, not of their blocks
",
    process: Process::Fork,
    run,
};

struct Count {
    apparent: bool,
    all: bool,
    count_links: bool,
    unit: Unit,
    depth_max: u64,
    settings: Settings,
    /// Files with several names that were counted already.
    seen: Seen,
}

#[derive(Clone, Copy)]
enum Unit {
    Human,
    Bytes(u64),
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let follow = match options.last_of("LH") {
        Some('L') => Follow::Always,
        Some(_) => Follow::Root,
        None => Follow::Never,
    };
    let unit = match options.last_of("bhkm") {
        Some('b') => Unit::Bytes(1),
        Some('h') => Unit::Human,
        Some('m') => Unit::Bytes(1 << 20),
        _ => Unit::Bytes(1024),
    };
    let depth_max = if options.has('s') { Some(0) } else { options.number('d')? };
    let mut count = Count {
        apparent: options.has('b') || options.has_long("apparent-size"),
        all: options.has('a'),
        count_links: options.has('l'),
        unit,
        depth_max: depth_max.unwrap_or(u64::MAX),
        settings: Settings { follow, same_device: options.has('x'), sorted: false },
        seen: Seen::default(),
    };
    let operands = if options.operands().is_empty() { &[OsString::from(".")] } else { options.operands() };
    let mut total = 0;
    for operand in operands {
        total += count.tree(cx, Path::new(operand));
    }
    if options.has('c') {
        count.print(cx, total, b"total");
    }
    Ok(())
}

impl Count {
    /// Prints and returns what a tree takes, in bytes.
    fn tree(&mut self, cx: &mut Cx<'_>, root: &Path) -> u64 {
        let mut walk = Walk::new(root, self.settings);
        let mut sums: Vec<u64> = Vec::new();
        let mut total = 0;
        let mut device = None;
        while let Some(event) = walk.next() {
            if walk.depth() == 0 && device.is_none() {
                device = walk.stat().ok().map(|stat| stat.device);
            }
            let size = match event {
                Event::Failed(error) => {
                    cx.report(Error::at(walk.path(), error));
                    continue;
                }
                Event::Loop => continue,
                Event::Enter => {
                    sums.push(0);
                    continue;
                }
                Event::Leave => {
                    let below = sums.pop().unwrap_or(0);
                    match walk.stat() {
                        // The mount point's own directory lies on the other file system.
                        Ok(stat) if self.settings.same_device && Some(stat.device) != device => continue,
                        Ok(stat) => below + self.size(&stat),
                        Err(_) => below,
                    }
                }
                Event::File => match walk.stat() {
                    Ok(stat) if self.counts(&stat) => self.size(&stat),
                    Ok(_) => continue,
                    Err(error) => {
                        cx.report(Error::at(walk.path(), error));
                        continue;
                    }
                },
            };
            let is_directory = matches!(event, Event::Leave);
            let depth = walk.depth() as u64;
            if depth <= self.depth_max && (is_directory || self.all || depth == 0) {
                let path = walk.path().as_os_str().as_bytes().to_vec();
                self.print(cx, size, &path);
            }
            match sums.last_mut() {
                Some(above) => *above += size,
                None => total = size,
            }
        }
        total
    }

    /// Whether a file was not counted under another name.
    fn counts(&mut self, stat: &Stat) -> bool {
        self.count_links || stat.links < 2 || self.seen.insert(stat.device, stat.inode, 0).is_none()
    }

    fn size(&self, stat: &Stat) -> u64 {
        if self.apparent { stat.size } else { stat.blocks * 512 }
    }

    fn print(&self, cx: &mut Cx<'_>, bytes: u64, name: &[u8]) {
        match self.unit {
            Unit::Human => write!(cx.out, "{}\t", human(bytes)),
            Unit::Bytes(unit) => write!(cx.out, "{}\t", bytes.div_ceil(unit)),
        }
        cx.out.write(name);
        cx.out.write(b"\n");
    }
}
