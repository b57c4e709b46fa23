//! flock — run a command while a file is locked, or lock a descriptor.
//!
//! Source: BusyBox 1.37; util-linux for `-w`, `-E`, `-o` and the statuses.

use std::fs::File;
use std::os::fd::AsRawFd;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "flock",
    links: &["/usr/bin/flock"],
    usage: "\
flock [-sxun] [-w SECS] FD | { FILE [-c] PROG ARGS }

Lock FILE and run PROG, or lock or unlock the open descriptor FD.

  -s, --shared               Together with other shared locks
  -x, -e, --exclusive        Alone (default)
  -u, --unlock               Take the lock off
  -n, --nb, --nonblock       Fail instead of waiting
  -w, --timeout=SECS         Wait so long
  -E, --conflict-exit-code=N
                             The status if the lock cannot be had (1)
  -o, --close                PROG does not get the descriptor
  -c COMMAND                 By a shell
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let (file, command) = options.operands().split_first().ok_or_else(|| Error::usage(""))?;
    let kind = match options.last_of("sxu") {
        Some('s') => sys::lock::Kind::Shared,
        Some('u') => sys::lock::Kind::None,
        _ => sys::lock::Kind::Exclusive,
    };
    let command = match command {
        [dash, script] if dash == "-c" => vec![shell(), OsString::from("-c"), script.clone()],
        [dash, ..] if dash == "-c" => return Err(Error::usage("-c requires exactly one command argument")),
        command => command.to_vec(),
    };
    let script = options.value('c').map(|script| vec![shell(), OsString::from("-c"), script.to_os_string()]);
    let command = script.unwrap_or(command);
    if command.is_empty() {
        let fd = file.to_str().and_then(|text| text.parse().ok());
        let fd: i32 =
            fd.ok_or_else(|| Error::message(format_args!("bad file descriptor: '{}'", file.display())))?;
        return lock(&options, fd, kind);
    }
    let opened = open(Path::new(file))
        .map_err(|error| Error::io(format_args!("can't open '{}'", file.display()), error))?;
    lock(&options, opened.as_raw_fd(), kind)?;
    cx.out.flush();
    match sys::child::fork().doing("fork")? {
        Some(pid) => Err(Error::exit(sys::child::wait(pid).doing("wait")?.1.status())),
        None => {
            if !options.has('o') {
                sys::lock::keep_open(opened.as_raw_fd()).doing("fcntl")?;
            }
            Err(cx.exec(&command))
        }
    }
}

fn shell() -> OsString {
    std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| OsString::from("/bin/sh"))
}

/// A file, made if it is not there, or a folder.
fn open(path: &Path) -> io::Result<File> {
    if path.is_dir() {
        return File::open(path);
    }
    match File::options().read(true).append(true).create(true).open(path) {
        // A file that may only be read can be locked too.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        other => other,
    }
}

fn lock(options: &Options, fd: i32, kind: sys::lock::Kind) -> Result {
    let status = options.number('E')?.map_or(1, |status| status as u8);
    if let Some(text) = options.value('w') {
        let limit = posix::number::duration(text.as_bytes());
        let limit =
            limit.ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))?;
        // The alarm interrupts the wait.
        const ALARM: i32 = 14;
        sys::session::catch(ALARM);
        sys::session::alarm(u32::try_from(limit.as_millis().div_ceil(1000)).unwrap_or(u32::MAX));
        let result =
            if limit.is_zero() { sys::lock::set(fd, kind, false) } else { sys::lock::set_once(fd, kind) };
        sys::session::alarm(0);
        return match result {
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                Err(Error::exit(status))
            }
            other => other.doing("flock"),
        };
    }
    match sys::lock::set(fd, kind, !options.has('n')) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Error::exit(status)),
        other => other.doing("flock"),
    }
}
