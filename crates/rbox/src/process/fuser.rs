//! fuser — find the processes that use files, file systems or ports.
//!
//! Source: BusyBox 1.37; proc(5).

use std::fs;
use std::os::unix::fs::MetadataExt;

use posix::procfs;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "fuser",
    links: &["/usr/bin/fuser"],
    usage: "\
fuser [-msk46] [-SIGNAL] FILE or PORT/PROTOCOL...

Print the processes that use FILEs or PORTs. The status is 1 if there are none.

  -m  Those that use the file systems of FILEs
  -4  Ports of IPv4 only
  -6  Ports of IPv6 only
  -s  Print nothing
  -k  Kill them, with SIGNAL (KILL)
",
    process: Process::Fork,
    run,
};

/// A file by its device and inode; all inodes with -m.
struct Wanted {
    device: u64,
    inode: Option<u64>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    const KILL: i32 = 9;
    let mut signal = KILL;
    let mut args: Vec<OsString> = Vec::new();
    for arg in cx.args {
        let named = arg.as_bytes().strip_prefix(b"-").filter(|name| *name != b"4" && *name != b"6");
        match named.and_then(posix::signal::number) {
            Some(number) => signal = number,
            None => args.push(arg.clone()),
        }
    }
    let options = Cx::new(cx.applet, cx.name, &args, Output::to_memory()).options()?;
    options.expect_operands(1, usize::MAX)?;
    let mut wanted = Vec::new();
    for operand in options.operands() {
        if let Some((port, protocol)) = port(operand) {
            sockets(&options, port, protocol, &mut wanted);
            continue;
        }
        let path = Path::new(operand);
        let data = fs::metadata(path)
            .map_err(|error| Error::io(format_args!("can't stat '{}'", path.display()), error))?;
        wanted.push(Wanted { device: data.dev(), inode: (!options.has('m')).then(|| data.ino()) });
    }
    let own = std::process::id() as i32;
    let mut found = false;
    for pid in procfs::pids() {
        if pid == own || !uses(pid, &wanted) {
            continue;
        }
        found = true;
        if options.has('k') {
            if let Err(error) = sys::kill::send(pid, signal) {
                cx.report(Error::io(format_args!("kill pid {pid}"), error));
            }
        } else if !options.has('s') {
            write!(cx.out, "{pid} ");
        }
    }
    if found && !options.has('k') && !options.has('s') {
        cx.out.write(b"\n");
    }
    cx.status = cx.status.max((!found).into());
    Ok(())
}

/// `PORT/tcp` or `PORT/udp`, if it is no file's name.
fn port(operand: &OsStr) -> Option<(u16, &str)> {
    let (port, protocol) = operand.to_str()?.split_once('/')?;
    let port = port.parse().ok()?;
    (matches!(protocol, "tcp" | "udp") && !Path::new(operand).exists()).then_some((port, protocol))
}

/// Adds the sockets on a local port.
fn sockets(options: &Options, port: u16, protocol: &str, wanted: &mut Vec<Wanted>) {
    // All sockets lie on one device without a name.
    let device = std::os::unix::net::UnixDatagram::unbound()
        .ok()
        .and_then(|socket| sys::at::stat_fd(&socket).ok())
        .map_or(0, |stat| stat.device);
    for (version, other, suffix) in [('4', '6', ""), ('6', '4', "6")] {
        if options.has(other) && !options.has(version) {
            continue;
        }
        let text = fs::read_to_string(format!("/proc/net/{protocol}{suffix}")).unwrap_or_default();
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let local = words.nth(1).and_then(|address| address.rsplit_once(':'));
            let local = local.and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
            let inode = words.nth(7).and_then(|inode| inode.parse().ok());
            if local == Some(port) && inode.is_some_and(|inode: u64| inode > 0) {
                wanted.push(Wanted { device, inode });
            }
        }
    }
}

fn uses(pid: i32, wanted: &[Wanted]) -> bool {
    let is_wanted = |device: u64, inode: u64| {
        wanted.iter().any(|one| one.device == device && one.inode.is_none_or(|wanted| wanted == inode))
    };
    let is_file = |name: &str| {
        fs::metadata(format!("/proc/{pid}/{name}")).is_ok_and(|data| is_wanted(data.dev(), data.ino()))
    };
    if ["cwd", "exe", "root"].iter().any(|name| is_file(name)) {
        return true;
    }
    if procfs::descriptors(pid).iter().any(|fd| is_file(&format!("fd/{fd}"))) {
        return true;
    }
    // `START-END MODE OFFSET MAJOR:MINOR INODE NAME`
    let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    let mapped = |line: &[u8]| -> Option<bool> {
        let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let device = std::str::from_utf8(words.nth(3)?).ok()?;
        let (major, minor) = device.split_once(':')?;
        let device =
            sys::at::device(u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
        let inode: u64 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        Some(inode > 0 && is_wanted(device, inode))
    };
    maps.split(|&byte| byte == b'\n').any(|line| mapped(line) == Some(true))
}
