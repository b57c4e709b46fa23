//! unshare and nsenter — run a command in new namespaces, or in those of another process.
//!
//! Source: BusyBox 1.37; util-linux for `-C`; namespaces(7), user_namespaces(7).

use std::fs::{self, File};

use sys::mount::{self, flag};
use sys::namespace;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "unshare",
        links: &["/usr/bin/unshare"],
        usage: "\
unshare [OPTIONS] [PROG ARGS]

Run PROG (or a shell) in namespaces of its own, each kept at FILE if that is given.

  -m                   Mounts
  -u                   Host name
  -i                   System V IPC
  -n                   Network
  -p                   Processes (of its children, so with -f)
  -U                   Users
  -C                   Control groups
  --mount[=FILE]       Same as -m, and so on
  --uts[=FILE]         .
  --ipc[=FILE]         .
  --net[=FILE]         .
  --pid[=FILE]         .
  --user[=FILE]        .
  --cgroup[=FILE]      .
  -f, --fork           PROG in a child
  -r, --map-root-user  The user is root inside (implies -U)
  --mount-proc[=DIR]   Mount /proc first (implies -m)
  --propagation=MODE   Of mounts: slave, shared, private (default), unchanged
  --setgroups=MODE     allow or deny setgroups(2)
",
        process: Process::New,
        run: unshare,
    },
    Applet {
        name: "nsenter",
        links: &["/usr/bin/nsenter"],
        usage: "\
nsenter [OPTIONS] [PROG ARGS]

Run PROG (or a shell) in the namespaces of a process, or in those of FILE.

  -t, --target=PID        The process
  -m, --mount[=FILE]      Mounts
  -u, --uts[=FILE]        Host name
  -i, --ipc[=FILE]        System V IPC
  -n, --net[=FILE]        Network
  -p, --pid[=FILE]        Processes
  -U, --user[=FILE]       Users
  -C, --cgroup[=FILE]     Control groups
  -S, --setuid=UID        As this user
  -G, --setgid=GID        As this group
  --preserve-credentials  As the same user and group
  -r, --root[=DIR]        In its root folder, or DIR
  -w, --wd[=DIR]          In its working folder, or DIR
  -F, --no-fork           No child, also with -p
",
        process: Process::New,
        run: nsenter,
    },
];

/// Option, long option, kind, and name below /proc/PID/ns. The namespace of users comes first: it gives the right to the others.
const KINDS: [(char, &str, i32, &str); 7] = [
    ('U', "user", namespace::USER, "user"),
    ('i', "ipc", namespace::IPC, "ipc"),
    ('u', "uts", namespace::UTS, "uts"),
    ('n', "net", namespace::NETWORK, "net"),
    ('p', "pid", namespace::PID, "pid"),
    ('m', "mount", namespace::MOUNT, "mnt"),
    ('C', "cgroup", namespace::CGROUP, "cgroup"),
];

/// The value of `-m/run/x` and `--mount=/run/x`; an empty one is none.
fn file(options: &Options, letter: char) -> Option<&Path> {
    options.value(letter).filter(|value| !value.is_empty()).map(Path::new)
}

fn unshare(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let propagation = match options.value_long("propagation").flatten().map(OsStr::as_bytes) {
        None | Some(b"private") => Some(flag::PRIVATE),
        Some(b"slave") => Some(flag::SLAVE),
        Some(b"shared") => Some(flag::SHARED),
        Some(b"unchanged") => None,
        Some(other) => {
            let other = OsStr::from_bytes(other).display();
            return Err(Error::message(format_args!("unrecognized propagation '{other}'")));
        }
    };
    let setgroups = options.value_long("setgroups").flatten();
    if setgroups.is_some_and(|mode| mode != "allow" && mode != "deny") {
        return Err(Error::usage("--setgroups takes allow or deny"));
    }
    let map_root = options.has('r');
    if map_root && setgroups.is_some_and(|mode| mode == "allow") {
        return Err(Error::message("--setgroups=allow and --map-root-user are mutually exclusive"));
    }
    let proc = options.value_long("mount-proc").map(|folder| folder.unwrap_or(OsStr::new("/proc")));
    let mut kinds = 0;
    for (letter, long, kind, _) in KINDS {
        let implied = letter == 'U' && map_root || letter == 'm' && proc.is_some();
        if options.has(letter) || options.has_long(long) || implied {
            kinds |= kind;
        }
    }
    let (user, group) = (sys::user::effective_id(), sys::identity::groups().1);

    // Namespaces are kept by a helper outside of them: in a new one of mounts the file would be seen inside only.
    let keeper = Keeper::start(&options)?;
    namespace::unshare(kinds).doing(&format!("unshare({kinds:#x})"))?;
    if let Some(keeper) = keeper {
        keeper.keep()?;
    }
    if map_root || setgroups.is_some_and(|mode| mode == "deny") {
        write("/proc/self/setgroups", "deny")?;
    } else if let Some(mode) = setgroups.and_then(OsStr::to_str) {
        write("/proc/self/setgroups", mode)?;
    }
    if map_root {
        write("/proc/self/uid_map", &format!("0 {user} 1"))?;
        write("/proc/self/gid_map", &format!("0 {group} 1"))?;
    }
    if kinds & namespace::MOUNT != 0
        && let Some(mode) = propagation
    {
        mount::mount(OsStr::new("none"), Path::new("/"), OsStr::new(""), flag::REC | mode, b"")
            .doing("can't change propagation of '/'")?;
    }
    if options.has('f')
        && let Some(status) = fork()?
    {
        return Err(Error::exit(status));
    }
    if let Some(folder) = proc {
        let folder = Path::new(folder);
        // What was mounted there may be shared with the outside.
        let flags = flag::REC | flag::PRIVATE;
        let _ = mount::mount(OsStr::new("none"), folder, OsStr::new(""), flags, b"");
        let flags = flag::NOSUID | flag::NOEXEC | flag::NODEV;
        mount::mount(OsStr::new("proc"), folder, OsStr::new("proc"), flags, b"")
            .doing(&format!("can't mount {}", folder.display()))?;
    }
    run(cx, options.operands())
}

/// In a child: waits until the parent has its namespaces, and mounts them where they are kept.
struct Keeper {
    pid: i32,
    ready: i32,
}

impl Keeper {
    fn start(options: &Options) -> Result<Option<Keeper>> {
        let kept = |long: &str| options.value_long(long).flatten().map(Path::new);
        if !KINDS.iter().any(|(_, long, ..)| kept(long).is_some()) {
            return Ok(None);
        }
        let parent = std::process::id();
        let (reading, ready) = sys::descriptor::pipe().doing("pipe")?;
        let pid = sys::child::fork().doing("fork")?;
        if let Some(pid) = pid {
            sys::descriptor::close(reading);
            return Ok(Some(Keeper { pid, ready }));
        }
        sys::descriptor::close(ready);
        let mut status = 0;
        if sys::fd::read(reading, &mut [0]).is_ok_and(|count| count == 1) {
            for (letter, long, _, name) in KINDS {
                let Some(file) = kept(long) else { continue };
                // Children of the parent are in the new namespace of PIDs, not itself.
                let name = if letter == 'p' { "pid_for_children" } else { name };
                let source = format!("/proc/{parent}/ns/{name}");
                if let Err(error) = mount::mount(OsStr::new(&source), file, OsStr::new(""), flag::BIND, b"") {
                    let text = format!(
                        "unshare: can't mount {source} at {}: {}\n",
                        file.display(),
                        sys::error::text(&error)
                    );
                    let _ = sys::fd::write_all(2, text.as_bytes());
                    status = 1;
                }
            }
        }
        sys::child::exit_now(status)
    }

    fn keep(self) -> Result {
        sys::fd::write_all(self.ready, b"x").doing("write error")?;
        sys::descriptor::close(self.ready);
        let (_, end) = sys::child::wait(self.pid).doing("wait")?;
        if end.status() == 0 { Ok(()) } else { Err(Error::exit(1)) }
    }
}

fn write(path: &str, text: &str) -> Result {
    fs::write(path, text).at(path)
}

/// Forks; None in the child, and in the parent, when the child has ended, its status.
fn fork() -> Result<Option<u8>> {
    let Some(pid) = sys::child::fork().doing("fork")? else { return Ok(None) };
    // The terminal's keys are for the child.
    const INTERRUPT: i32 = 2;
    const QUIT: i32 = 3;
    sys::session::ignore(INTERRUPT);
    sys::session::ignore(QUIT);
    let (_, end) = sys::child::wait(pid).doing("wait")?;
    Ok(Some(end.status()))
}

/// Becomes the command, or the user's shell.
fn run(cx: &mut Cx<'_>, command: &[OsString]) -> Result {
    if !command.is_empty() {
        return Err(cx.exec(command));
    }
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    Err(cx.exec(&[shell.unwrap_or_else(|| OsString::from("/bin/sh"))]))
}

fn nsenter(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let target = options.number('t')?.map(|pid| format!("/proc/{pid}"));
    let path = |letter: char, name: &str| -> Result<PathBuf> {
        match (file(&options, letter), &target) {
            (Some(file), _) => Ok(file.to_path_buf()),
            (None, Some(process)) => Ok(Path::new(process).join(name)),
            (None, None) => Err(Error::usage(format_args!("-{letter} needs a FILE or -t PID"))),
        }
    };
    let open = |path: PathBuf| {
        File::open(&path).map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))
    };
    // All is opened before anything is entered: then other paths hold.
    let mut namespaces = Vec::new();
    for (letter, _, kind, name) in KINDS {
        if options.has(letter) {
            namespaces.push((open(path(letter, &format!("ns/{name}"))?)?, kind, name));
        }
    }
    let root = if options.has('r') { Some(open(path('r', "root")?)?) } else { None };
    let folder = if options.has('w') { Some(open(path('w', "cwd")?)?) } else { None };

    let mut entered = Vec::new();
    for (index, (file, kind, name)) in namespaces.iter().enumerate() {
        match namespace::enter(file, *kind) {
            Ok(()) => entered.push(index),
            // The user's may be one's own already, or need privileges that another one gives.
            Err(_) if *kind == namespace::USER && namespaces.len() > 1 => {}
            Err(error) => return Err(cannot_enter(name, error)),
        }
    }
    if !namespaces.is_empty() && !entered.contains(&0) && namespaces[0].1 == namespace::USER {
        let (file, kind, name) = &namespaces[0];
        namespace::enter(file, *kind).map_err(|error| cannot_enter(name, error))?;
    }
    if let Some(root) = root {
        sys::at::change_directory(&root).doing("can't change to the root folder")?;
        sys::session::change_root(Path::new(".")).doing("can't change root directory")?;
        std::env::set_current_dir("/").at("/")?;
    }
    if let Some(folder) = folder {
        sys::at::change_directory(&folder).doing("can't change to the working folder")?;
    }
    if options.has('p')
        && !options.has('F')
        && let Some(status) = fork()?
    {
        return Err(Error::exit(status));
    }
    let id = |letter: char| -> Result<Option<u32>> {
        let Some(number) = options.number(letter)? else { return Ok(None) };
        u32::try_from(number).map(Some).map_err(|_| Error::message(format_args!("invalid number '{number}'")))
    };
    let (mut user, mut group) = (id('S')?, id('G')?);
    if options.has('U') && !options.has_long("preserve-credentials") {
        user = user.or(Some(0));
        group = group.or(Some(0));
    }
    if user.is_some() || group.is_some() {
        // Where a user's namespace forbids setgroups(2) the further groups stay.
        let denied = fs::read("/proc/self/setgroups").is_ok_and(|text| text.starts_with(b"deny"));
        let set = if denied { sys::identity::set_ids } else { set_all };
        set(user, group).doing("can't set user and group")?;
    }
    run(cx, options.operands())
}

fn set_all(user: Option<u32>, group: Option<u32>) -> io::Result<()> {
    sys::identity::set(user, group, &[])
}

#[cold]
fn cannot_enter(name: &str, error: io::Error) -> Error {
    Error::io(format_args!("setns(): can't reassociate to namespace '{name}'"), error)
}
