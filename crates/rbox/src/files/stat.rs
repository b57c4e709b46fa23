//! stat — what the system knows of files and file systems.
//!
//! Source: BusyBox 1.37 for the layout and the sequences; GNU for `%w`, `%W`, `%m`, `%r`, `%R`, `%Hd`, `%Ld`, `%.9Y`
//! and `--printf`.

use super::common::cant;
use crate::prelude::*;
use sys::at::{self, Kind, Links, Stat, Time};
use sys::filesystem::Usage;

pub(crate) const APPLET: Applet = Applet {
    name: "stat",
    links: &["/bin/stat"],
    usage: "\
stat [-ltf] [-c FORMAT] FILE...

Print the status of FILEs, or of the file systems that hold them.

  -c, --format=FORMAT  Print this, and a newline
  --printf=FORMAT      Print this; \\n, \\t, \\\\ and \\0NN are understood
  -f, --file-system    The file system's status
  -L, --dereference    What links lead to
  -l                   The same
  -t, --terse          Short

For files: %a %A mode, %b %B blocks, %d %D %Hd %Ld device, %f raw mode, %F type,
%g %G group, %h links, %i inode, %m mount point, %n %N name, %o block size,
%r %R device node, %s size, %t %T its major and minor, %u %U user, %w %W birth,
%x %X access, %y %Y modification, %z %Z change.
For file systems: %a free for users, %b blocks, %c inodes, %d free inodes,
%f free blocks, %i ID, %l longest name, %n name, %s %S block size, %t %T type.
",
    process: Process::Fork,
    run,
};

const FILE: &[u8] = b"  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: %Dh/%dd\t\
Inode: %-10i  Links: %h\nAccess: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n\
Access: %x\nModify: %y\nChange: %z\n";
const NODE: &[u8] = b"  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: %Dh/%dd\t\
Inode: %-10i  Links: %-5h Device type: %Hr,%Lr\nAccess: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n\
Access: %x\nModify: %y\nChange: %z\n";
const FILE_TERSE: &[u8] = b"%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %o\n";
const SYSTEM: &[u8] = b"  File: \"%n\"\n    ID: %-8i Namelen: %-7l Type: %T\nBlock size: %-10s\n\
Blocks: Total: %-10b Free: %-10f Available: %a\nInodes: Total: %-10c Free: %d\n";
const SYSTEM_TERSE: &[u8] = b"%n %i %l %t %s %b %f %a %c %d\n";

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let links = if options.has('L') || options.has('l') { Links::Follow } else { Links::Keep };
    let own = match (options.value_long("printf").flatten(), options.value('c')) {
        (Some(format), _) => Some(unescaped(format.as_bytes())),
        (None, Some(format)) => Some([format.as_bytes(), b"\n"].concat()),
        (None, None) => None,
    };
    for operand in options.operands() {
        let path = Path::new(operand);
        let done = if options.has('f') {
            let format: &[u8] = if options.has('t') { SYSTEM_TERSE } else { SYSTEM };
            file_system(cx, path, own.as_deref().unwrap_or(format))
        } else {
            file(cx, path, links, own.as_deref(), options.has('t'))
        };
        if let Err(error) = done {
            cx.report(error);
        }
    }
    Ok(())
}

fn file(cx: &mut Cx<'_>, path: &Path, links: Links, own: Option<&[u8]>, terse: bool) -> Result {
    let stat = at::stat(at::CWD, path, links).map_err(|error| cant("stat", path, error))?;
    let is_node = matches!(stat.kind(), Kind::CharDevice | Kind::BlockDevice);
    let format = match own {
        Some(own) => own,
        None if terse => FILE_TERSE,
        None if is_node => NODE,
        None => FILE,
    };
    expand(&mut cx.out, format, &mut |letter, part| {
        // The default layout quotes only names that lead somewhere, as `%N` does.
        file_value(path, &stat, links, letter, part)
    });
    Ok(())
}

fn file_system(cx: &mut Cx<'_>, path: &Path, format: &[u8]) -> Result {
    let usage = sys::filesystem::usage(path)
        .map_err(|error| cant("read file system information for", path, error))?;
    expand(&mut cx.out, format, &mut |letter, _| system_value(path, &usage, letter));
    Ok(())
}

/// A conversion's value.
enum Value {
    Text(Vec<u8>),
    Number(u64),
    Octal(u64),
    Hex(u64),
    /// Seconds that a precision gives digits behind the point.
    Seconds(Time),
}

/// Prints `format` with each conversion's value. `value` gets the letter, and the H or L in front of it (or 0).
fn expand(out: &mut Output, format: &[u8], value: &mut dyn FnMut(u8, u8) -> Option<Value>) {
    let mut rest = format;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            out.write(&[byte]);
            continue;
        }
        let mut spec = Spec::default();
        rest = spec.parse(rest);
        let Some((&letter, behind)) = rest.split_first() else {
            out.write(b"%");
            break;
        };
        rest = behind;
        let part = match (letter, behind.first()) {
            (b'H' | b'L', Some(b'd' | b'r')) => letter,
            _ => 0,
        };
        let letter = if part == 0 {
            letter
        } else {
            rest = &behind[1..];
            behind[0]
        };
        match value(letter, part) {
            Some(value) => spec.print(out, &value),
            // The newline behind a last % is no letter.
            None if letter == b'\n' => out.write(b"%\n"),
            None => out.write(&[letter]),
        }
    }
}

#[derive(Default)]
struct Spec {
    left: bool,
    zeros: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

impl Spec {
    /// Takes flags, width and precision.
    fn parse<'a>(&mut self, mut text: &'a [u8]) -> &'a [u8] {
        while let Some((&flag, behind)) = text.split_first() {
            match flag {
                b'-' => self.left = true,
                b'0' => self.zeros = true,
                b'#' => self.alternate = true,
                b'+' | b' ' | b'\'' => {}
                _ => break,
            }
            text = behind;
        }
        let number = |text: &mut &'a [u8]| {
            let mut value = 0usize;
            while let Some((digit @ b'0'..=b'9', behind)) = text.split_first() {
                value = (value * 10 + usize::from(digit - b'0')).min(4096);
                *text = behind;
            }
            value
        };
        self.width = number(&mut text);
        if let Some((b'.', behind)) = text.split_first() {
            text = behind;
            self.precision = Some(number(&mut text));
        }
        text
    }

    fn print(&self, out: &mut Output, value: &Value) {
        let (text, number) = match value {
            Value::Text(text) => {
                let end = self.precision.unwrap_or(text.len()).min(text.len());
                (text[..end].to_vec(), false)
            }
            Value::Number(number) => (number.to_string().into_bytes(), true),
            Value::Octal(number) if self.alternate => (format!("0{number:o}").into_bytes(), true),
            Value::Octal(number) => (format!("{number:o}").into_bytes(), true),
            Value::Hex(number) if self.alternate => (format!("{number:#x}").into_bytes(), true),
            Value::Hex(number) => (format!("{number:x}").into_bytes(), true),
            Value::Seconds(time) => (self.seconds(*time), true),
        };
        let missing = self.width.saturating_sub(text.len());
        if self.left {
            out.write(&text);
            out.write(" ".repeat(missing).as_bytes());
        } else {
            let fill = if self.zeros && number { "0" } else { " " };
            out.write(fill.repeat(missing).as_bytes());
            out.write(&text);
        }
    }

    fn seconds(&self, time: Time) -> Vec<u8> {
        let Some(precision) = self.precision else { return time.seconds.to_string().into_bytes() };
        let digits = format!("{:09}", time.nanoseconds);
        let precision = if precision == 0 { 9 } else { precision.min(9) };
        format!("{}.{}", time.seconds, &digits[..precision]).into_bytes()
    }
}

fn file_value(path: &Path, stat: &Stat, links: Links, letter: u8, part: u8) -> Option<Value> {
    let text = |text: &str| Value::Text(text.as_bytes().to_vec());
    let (major, minor) = at::device_parts(stat.node);
    Some(match letter {
        b'a' => Value::Octal(u64::from(stat.permissions())),
        b'A' => Value::Text(posix::mode::text(stat.mode).to_vec()),
        b'b' => Value::Number(stat.blocks),
        b'B' => Value::Number(512),
        b'd' | b'r' if part != 0 => {
            let (major, minor) = at::device_parts(if letter == b'd' { stat.device } else { stat.node });
            Value::Number(u64::from(if part == b'H' { major } else { minor }))
        }
        b'd' => Value::Number(stat.device),
        b'D' => Value::Hex(stat.device),
        b'f' => Value::Hex(u64::from(stat.mode)),
        b'F' => text(kind_name(stat)),
        b'g' => Value::Number(u64::from(stat.gid)),
        b'G' => Value::Text(
            posix::passwd::group_by_id(stat.gid).map_or_else(|| b"UNKNOWN".to_vec(), |group| group.name),
        ),
        b'h' => Value::Number(stat.links),
        b'i' => Value::Number(stat.inode),
        b'm' => Value::Text(mount_point(path)?.into_os_string().into_vec()),
        b'n' => Value::Text(path.as_os_str().as_bytes().to_vec()),
        b'N' => Value::Text(quoted_name(path, stat)),
        b'o' => Value::Number(stat.block_size),
        b'r' => Value::Number(stat.node),
        b'R' => Value::Hex(stat.node),
        b's' => Value::Number(stat.size),
        b't' => Value::Hex(u64::from(major)),
        b'T' => Value::Hex(u64::from(minor)),
        b'u' => Value::Number(u64::from(stat.uid)),
        b'U' => Value::Text(
            posix::passwd::user_by_id(stat.uid).map_or_else(|| b"UNKNOWN".to_vec(), |user| user.name),
        ),
        b'w' => match at::birth(at::CWD, path, links) {
            Some(time) => Value::Text(whole_time(time)),
            None => text("-"),
        },
        b'W' => Value::Seconds(at::birth(at::CWD, path, links).unwrap_or_default()),
        b'x' => Value::Text(whole_time(stat.accessed)),
        b'X' => Value::Seconds(stat.accessed),
        b'y' => Value::Text(whole_time(stat.modified)),
        b'Y' => Value::Seconds(stat.modified),
        b'z' => Value::Text(whole_time(stat.changed)),
        b'Z' => Value::Seconds(stat.changed),
        _ => return None,
    })
}

fn kind_name(stat: &Stat) -> &'static str {
    match stat.kind() {
        Kind::File if stat.size == 0 => "regular empty file",
        Kind::File => "regular file",
        Kind::Directory => "directory",
        Kind::Symlink => "symbolic link",
        Kind::Fifo => "fifo",
        Kind::Socket => "socket",
        Kind::CharDevice => "character special file",
        Kind::BlockDevice => "block special file",
        Kind::Unknown => "weird file",
    }
}

fn quoted_name(path: &Path, stat: &Stat) -> Vec<u8> {
    let name = path.as_os_str().as_bytes();
    match stat.kind() {
        Kind::Symlink => match at::read_link(at::CWD, path) {
            Ok(target) => [b"'", name, b"' -> '", target.as_bytes(), b"'"].concat(),
            Err(_) => name.to_vec(),
        },
        _ => name.to_vec(),
    }
}

fn whole_time(time: Time) -> Vec<u8> {
    let civil = posix::zone::Zone::local().civil(time.seconds);
    let mut text = Vec::new();
    posix::calendar::strftime(b"%Y-%m-%d %H:%M:%S.%N %z", &civil, time.nanoseconds, &mut text);
    text
}

/// The topmost directory above `path` on the same file system.
fn mount_point(path: &Path) -> Option<PathBuf> {
    let mut here = path.canonicalize().ok()?;
    let device = at::stat(at::CWD, &here, Links::Keep).ok()?.device;
    while let Some(above) = here.parent() {
        if at::stat(at::CWD, above, Links::Keep).ok()?.device != device {
            break;
        }
        here = above.to_path_buf();
    }
    Some(here)
}

fn system_value(path: &Path, usage: &Usage, letter: u8) -> Option<Value> {
    Some(match letter {
        b'a' => Value::Number(usage.available),
        b'b' => Value::Number(usage.blocks),
        b'c' => Value::Number(usage.inodes),
        b'd' => Value::Number(usage.inodes_free),
        b'f' => Value::Number(usage.free),
        b'i' => Value::Hex(usage.id),
        b'l' => Value::Number(usage.name_max),
        b'n' => Value::Text(path.as_os_str().as_bytes().to_vec()),
        b's' => Value::Number(usage.block_size),
        b'S' => Value::Number(usage.fragment_size),
        b't' => Value::Hex(usage.magic),
        b'T' => Value::Text(system_name(usage.magic).as_bytes().to_vec()),
        _ => return None,
    })
}

/// Source: Linux include/uapi/linux/magic.h.
fn system_name(magic: u64) -> &'static str {
    const NAMES: &[(u64, &str)] = &[
        (0x0000_adf5, "adfs"),
        (0x0000_adff, "affs"),
        (0x0000_1373, "devfs"),
        (0x0000_1cd1, "devpts"),
        (0x0000_4d44, "msdos"),
        (0x0000_4000, "isofs"),
        (0x0000_9660, "isofs"),
        (0x0000_6969, "nfs"),
        (0x0000_9fa0, "proc"),
        (0x0000_9fa2, "usbdevfs"),
        (0x0000_ef51, "ext2"),
        (0x0000_ef53, "ext2/ext3"),
        (0x0001_1954, "ufs"),
        (0x0027_e0eb, "cgroupfs"),
        (0x0102_1994, "tmpfs"),
        (0x0102_1997, "v9fs"),
        (0x1cd1_0000, "devpts"),
        (0x2011_bab0, "exfat"),
        (0x28cd_3d45, "cramfs"),
        (0x3153_464a, "jfs"),
        (0x4244_0000, "hfs"),
        (0x4d5a_4d5a, "hostfs"),
        (0x5846_5342, "xfs"),
        (0x6265_6572, "sysfs"),
        (0x6367_7270, "cgroup2fs"),
        (0x6462_6720, "debugfs"),
        (0x6573_5546, "fuseblk"),
        (0x7371_7368, "squashfs"),
        (0x794c_7630, "overlayfs"),
        (0x8584_58f6, "ramfs"),
        (0x9123_683e, "btrfs"),
        (0x9584_58f6, "hugetlbfs"),
        (0xca45_1a4e, "bcachefs"),
        (0xde5e_81e4, "efivarfs"),
        (0xe0f5_e1e2, "erofs"),
        (0xf2f5_2010, "f2fs"),
        (0xff53_4d42, "cifs"),
    ];
    NAMES.iter().find(|(number, _)| *number == magic).map_or("UNKNOWN", |(_, name)| name)
}

/// The escapes of `--printf`.
fn unescaped(format: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = format;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' || rest.is_empty() {
            text.push(byte);
            continue;
        }
        let digits = rest.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
        if digits > 0 {
            let value = rest[..digits].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            text.push(value as u8);
            rest = &rest[digits..];
            continue;
        }
        text.push(match rest[0] {
            b'a' => 7,
            b'b' => 8,
            b'e' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            other => other,
        });
        rest = &rest[1..];
    }
    text
}
