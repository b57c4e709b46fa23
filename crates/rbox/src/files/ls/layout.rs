//! layout — names in lines, columns and long lines.

use super::entry::{Item, What};
use crate::applets::files::common::size::human;
use crate::prelude::*;
use posix::zone::Zone;
use sys::at::{self, Kind, Links, Stat};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    OnePerLine,
    Down,
    Across,
    Long,
}

/// How names are shown.
pub(super) struct Look {
    pub(super) form: Form,
    /// Mark kinds of files, not directories only.
    pub(super) classify: bool,
    slash: bool,
    inode: bool,
    blocks: bool,
    human: bool,
    numeric: bool,
    owner: bool,
    group: bool,
    full_time: bool,
    time: What,
    quote: bool,
    colour: bool,
    width: usize,
    terminal: bool,
    now: i64,
    /// Read only where times are shown.
    zone: Option<Zone>,
}

impl Look {
    pub(super) fn of(options: &Options) -> Result<Look> {
        let terminal = sys::fd::is_terminal(1);
        let form = match options.last_of("1Cxlgno") {
            _ if options.has_long("full-time") => Form::Long,
            Some('l' | 'g' | 'n' | 'o') => Form::Long,
            // -1 says nothing against -l.
            Some('1') if options.has('l') => Form::Long,
            Some('1') => Form::OnePerLine,
            Some('C') => Form::Down,
            Some('x') => Form::Across,
            _ if terminal => Form::Down,
            _ => Form::OnePerLine,
        };
        let colour = match options.value_long("color").map(|when| when.map(OsStr::as_bytes)) {
            Some(None | Some(b"always" | b"yes" | b"force")) => true,
            Some(Some(b"never" | b"no" | b"none")) => false,
            Some(Some(b"auto" | b"tty" | b"if-tty")) | None => terminal,
            Some(Some(_)) => return Err(Error::usage("--color wants always, never or auto")),
        };
        let width = match options.number('w')? {
            Some(width) => width as usize,
            None => match sys::tty::window_size(1) {
                Some((columns, _)) => usize::from(columns),
                None => std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80),
            },
        };
        Ok(Look {
            form,
            classify: options.has('F'),
            slash: options.has('p') || options.has('F'),
            inode: options.has('i'),
            blocks: options.has('s'),
            human: options.has('h'),
            numeric: options.has('n'),
            owner: !options.has('g'),
            group: !options.has('o'),
            full_time: options.has_long("full-time"),
            time: super::time_shown(options),
            quote: options.has('Q'),
            colour,
            width,
            terminal,
            now: sys::clock::now().0,
            zone: (form == Form::Long).then(Zone::local),
        })
    }

    pub(super) fn needs_stat(&self) -> bool {
        self.form == Form::Long || self.classify || self.inode || self.blocks || self.colour
    }

    /// What is written for a name, and how many columns that takes.
    fn name(&self, name: &[u8]) -> (Vec<u8>, usize) {
        let mut text = Vec::with_capacity(name.len() + 2);
        for chunk in name.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    text.push(b'?');
                } else {
                    if self.quote && matches!(character, '"' | '\\') {
                        text.push(b'\\');
                    }
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            match chunk.invalid() {
                [] => {}
                _ if self.terminal => text.push(b'?'),
                bytes => text.extend_from_slice(bytes),
            }
        }
        if self.quote {
            text.insert(0, b'"');
            text.push(b'"');
        }
        let columns = posix::width::of_bytes(&text);
        (text, columns)
    }

    /// The mark behind a name. A link in a long line has none: its target has.
    fn mark(&self, item: &Item) -> Option<u8> {
        if item.kind == Kind::Symlink && self.form == Form::Long {
            return None;
        }
        self.mark_of(item.kind, item.stat.map_or(0, |stat| stat.mode))
    }

    fn mark_of(&self, kind: Kind, mode: u32) -> Option<u8> {
        match kind {
            Kind::Directory if self.slash => Some(b'/'),
            _ if !self.classify => None,
            Kind::Symlink => Some(b'@'),
            Kind::Fifo => Some(b'|'),
            Kind::Socket => Some(b'='),
            Kind::File if mode & 0o111 != 0 => Some(b'*'),
            _ => None,
        }
    }

    fn coloured(&self, out: &mut Output, text: &[u8], colour: &str) {
        if self.colour {
            write!(out, "\x1b[{colour}m");
            out.write(text);
            out.write(b"\x1b[m");
        } else {
            out.write(text);
        }
    }

    fn size_of_blocks(&self, blocks: u64) -> String {
        if self.human { human(blocks * 512) } else { blocks.div_ceil(2).to_string() }
    }
}

fn colour(kind: Kind, mode: u32) -> &'static str {
    match kind {
        Kind::Directory => "1;34",
        Kind::Symlink => "1;36",
        Kind::Fifo => "0;35",
        Kind::Socket => "1;35",
        Kind::CharDevice | Kind::BlockDevice => "1;33",
        Kind::File if mode & 0o111 != 0 => "1;32",
        _ => "0;0",
    }
}

/// A name by itself, as the title of a directory.
pub(super) fn print_name(cx: &mut Cx<'_>, look: &Look, name: &[u8]) {
    let (text, _) = look.name(name);
    cx.out.write(&text);
}

/// The blocks of a directory's files, where blocks are shown.
pub(super) fn print_total(cx: &mut Cx<'_>, items: &[Item], look: &Look) {
    if look.form == Form::Long || look.blocks {
        let blocks = items.iter().filter_map(|item| item.stat).map(|stat| stat.blocks).sum();
        writeln!(cx.out, "total {}", look.size_of_blocks(blocks));
    }
}

/// Prints items whose names lie in the directory `dir`.
pub(super) fn print(cx: &mut Cx<'_>, items: &[Item], look: &Look, dir: i32) {
    match look.form {
        Form::Long => {
            let mut owners = Owners::default();
            for item in items {
                print_long(cx, item, look, dir, &mut owners);
            }
        }
        Form::OnePerLine => {
            for item in items {
                print_short(cx, item, look);
                cx.out.write(b"\n");
            }
        }
        Form::Down | Form::Across => print_columns(cx, items, look),
    }
}

/// A name with the columns in front and the mark behind; returns its width.
fn print_short(cx: &mut Cx<'_>, item: &Item, look: &Look) -> usize {
    let mut width = print_counts(cx, item, look);
    let (text, columns) = look.name(&item.name);
    look.coloured(&mut cx.out, &text, colour(item.kind, item.stat.map_or(0, |stat| stat.mode)));
    width += columns;
    if let Some(mark) = look.mark(item) {
        cx.out.write(&[mark]);
        width += 1;
    }
    width
}

/// Inode and blocks, where they are shown; returns their width.
fn print_counts(cx: &mut Cx<'_>, item: &Item, look: &Look) -> usize {
    let Some(stat) = &item.stat else { return 0 };
    let mut text = String::new();
    if look.inode {
        text = format!("{:>7} ", stat.inode);
    }
    if look.blocks {
        let width = if look.human { 7 } else { 6 };
        text += &format!("{:>width$} ", look.size_of_blocks(stat.blocks));
    }
    cx.out.write(text.as_bytes());
    text.len()
}

fn print_columns(cx: &mut Cx<'_>, items: &[Item], look: &Look) {
    let widest = items.iter().map(|item| width_of(item, look)).max().unwrap_or(0);
    let column = widest + 2;
    let columns = (look.width / column).max(1);
    let rows = items.len().div_ceil(columns);
    for row in 0..rows {
        let mut fill = 0;
        for place in 0..columns {
            let index = if look.form == Form::Across { row * columns + place } else { place * rows + row };
            let Some(item) = items.get(index) else { break };
            cx.out.write(" ".repeat(fill).as_bytes());
            fill = column.saturating_sub(print_short(cx, item, look));
        }
        cx.out.write(b"\n");
    }
}

fn width_of(item: &Item, look: &Look) -> usize {
    let mut width = look.name(&item.name).1 + usize::from(look.mark(item).is_some());
    if let Some(stat) = &item.stat {
        if look.inode {
            width += stat.inode.to_string().len().max(7) + 1;
        }
        if look.blocks {
            let least = if look.human { 7 } else { 6 };
            width += look.size_of_blocks(stat.blocks).len().max(least) + 1;
        }
    }
    width
}

fn print_long(cx: &mut Cx<'_>, item: &Item, look: &Look, dir: i32, owners: &mut Owners) {
    let Some(stat) = &item.stat else { return };
    print_counts(cx, item, look);
    cx.out.write(&posix::mode::text(stat.mode));
    write!(cx.out, " {:>4} ", stat.links);
    if look.owner {
        pad(&mut cx.out, &owners.user(stat.uid, look.numeric));
    }
    if look.group {
        pad(&mut cx.out, &owners.group(stat.gid, look.numeric));
    }
    let size_width = if look.human { 7 } else { 9 };
    if matches!(item.kind, Kind::CharDevice | Kind::BlockDevice) {
        let (major, minor) = at::device_parts(stat.node);
        write!(cx.out, "{major:>4}, {minor:>3} ");
    } else if look.human {
        write!(cx.out, "{:>size_width$} ", human(stat.size));
    } else {
        write!(cx.out, "{:>size_width$} ", stat.size);
    }
    print_time(cx, stat, look);
    let (text, _) = look.name(&item.name);
    look.coloured(&mut cx.out, &text, colour(item.kind, stat.mode));
    if item.kind == Kind::Symlink {
        print_target(cx, item, look, dir);
    } else if let Some(mark) = look.mark(item) {
        cx.out.write(&[mark]);
    }
    cx.out.write(b"\n");
}

fn pad(out: &mut Output, name: &[u8]) {
    out.write(name);
    out.write(" ".repeat(8usize.saturating_sub(posix::width::of_bytes(name)) + 1).as_bytes());
}

/// Half a year back and a quarter of an hour ahead with the time of the day, all else with the year.
fn print_time(cx: &mut Cx<'_>, stat: &Stat, look: &Look) {
    const RECENT_SECONDS: i64 = 365 * 86_400 / 2;
    let time = look.time.of(stat);
    let Some(zone) = &look.zone else { return };
    let age = look.now - time.seconds;
    let format: &[u8] = if look.full_time {
        b"%Y-%m-%d %H:%M:%S %z "
    } else if (-15 * 60..=RECENT_SECONDS).contains(&age) {
        b"%b %e %H:%M "
    } else {
        b"%b %e  %Y "
    };
    let mut text = Vec::new();
    posix::calendar::strftime(format, &zone.civil(time.seconds), time.nanoseconds, &mut text);
    cx.out.write(&text);
}

fn print_target(cx: &mut Cx<'_>, item: &Item, look: &Look, dir: i32) {
    let name = Path::new(OsStr::from_bytes(&item.name));
    let Ok(target) = at::read_link(dir, name) else { return };
    cx.out.write(b" -> ");
    let (text, _) = look.name(target.as_bytes());
    let Ok(stat) = at::stat(dir, name, Links::Follow) else {
        return look.coloured(&mut cx.out, &text, "1;31");
    };
    look.coloured(&mut cx.out, &text, colour(stat.kind(), stat.mode));
    if let Some(mark) = look.mark_of(stat.kind(), stat.mode) {
        cx.out.write(&[mark]);
    }
}

/// Names of the owners seen so far: a directory has few, and each would read a file.
#[derive(Default)]
struct Owners {
    users: Vec<(u32, Vec<u8>)>,
    groups: Vec<(u32, Vec<u8>)>,
}

impl Owners {
    fn user(&mut self, uid: u32, numeric: bool) -> Vec<u8> {
        known(&mut self.users, uid, numeric, |uid| posix::passwd::user_by_id(uid).map(|user| user.name))
    }

    fn group(&mut self, gid: u32, numeric: bool) -> Vec<u8> {
        known(&mut self.groups, gid, numeric, |gid| posix::passwd::group_by_id(gid).map(|group| group.name))
    }
}

fn known(
    table: &mut Vec<(u32, Vec<u8>)>,
    id: u32,
    numeric: bool,
    look_up: fn(u32) -> Option<Vec<u8>>,
) -> Vec<u8> {
    if numeric {
        return id.to_string().into_bytes();
    }
    if let Some((_, name)) = table.iter().find(|(known, _)| *known == id) {
        return name.clone();
    }
    let name = look_up(id).unwrap_or_else(|| id.to_string().into_bytes());
    table.push((id, name.clone()));
    name
}
