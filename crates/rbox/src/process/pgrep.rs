//! pgrep and pkill — find processes by their name and more, to print or to signal them.
//!
//! Source: BusyBox 1.37; procps-ng 4 for `-a`, `-c`, `-u` and `-U`.

use posix::procfs::{self, Ids, Stat};
use posix::regex::{self, Regex};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "pgrep",
        links: &["/usr/bin/pgrep"],
        usage: "\
pgrep [-aclfnovx] [-s SID] [-P PPID] [-u USER] [-U USER] [PATTERN]

Print the numbers of the processes whose name PATTERN (an extended regular
expression) matches. The exit status is 1 if there are none.

  -a, --list-full       Print the command line too
  -c, --count           Print only how many there are
  -f, --full            PATTERN is for the whole command line
  -l, --list-name       Print the name too
  -n, --newest          Only the newest
  -o, --oldest          Only the oldest
  -s, --session=SID     Of this session (0: the own)
  -P, --parent=PPID     Children of this process
  -u, --euid=USER       Of this effective user
  -U, --uid=USER        Of this real user
  -v, --inverse         The others
  -x, --exact           PATTERN matches the whole text
",
        process: Process::Fork,
        run: pgrep,
    },
    Applet {
        name: "pkill",
        links: &["/usr/bin/pkill"],
        usage: "\
pkill [-l | -SIGNAL] [-efnovx] [-s SID] [-P PPID] [-u USER] [-U USER] [PATTERN]

Send a signal (TERM) to the processes whose name PATTERN (an extended regular
expression) matches. The exit status is 1 if there are none.

  -e, --echo            Print what is killed
  -f, --full            PATTERN is for the whole command line
  -n, --newest          Only the newest
  -o, --oldest          Only the oldest
  -s, --session=SID     Of this session (0: the own)
  -P, --parent=PPID     Children of this process
  -u, --euid=USER       Of this effective user
  -U, --uid=USER        Of this real user
  -v, --inverse         The others
  -x, --exact           PATTERN matches the whole text
",
        process: Process::Fork,
        run: pkill,
    },
];

fn pgrep(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let found = find(&options)?;
    if options.has('c') {
        writeln!(cx.out, "{}", found.len());
    }
    for stat in &found {
        if options.has('c') {
            break;
        }
        write!(cx.out, "{}", stat.pid);
        if options.has('a') {
            write!(cx.out, " {}", posix::procfs::printable(&command_line(stat)));
        } else if options.has('l') {
            write!(cx.out, " {}", posix::procfs::printable(&stat.name));
        }
        cx.out.write(b"\n");
    }
    cx.status = u8::from(found.is_empty());
    Ok(())
}

fn pkill(cx: &mut Cx<'_>) -> Result {
    const TERM: i32 = 15;
    if cx.args.first().is_some_and(|first| first == "-l") {
        return super::signal_option::list(cx, &cx.args[1..]);
    }
    // The signal may stand among the other options: `pkill -f -9 x`.
    let mut signal = None;
    let mut args = cx.args.to_vec();
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let place = args[..end].iter().position(|arg| {
        let name = arg.as_bytes().strip_prefix(b"-").filter(|name| !name.is_empty());
        signal = name.and_then(posix::signal::number);
        signal.is_some()
    });
    if let Some(place) = place {
        args.remove(place);
    }
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::Mixed)?;
    let found = find(&options)?;
    cx.status = u8::from(found.is_empty());
    for stat in &found {
        if let Err(error) = sys::kill::send(stat.pid, signal.unwrap_or(TERM)) {
            cx.report(Error::io(format_args!("can't kill pid {}", stat.pid), error));
        } else if options.has('e') {
            writeln!(cx.out, "{} killed (pid {})", posix::procfs::printable(&stat.name), stat.pid);
        }
    }
    Ok(())
}

/// What a process must be like.
struct Wanted {
    pattern: Option<Regex>,
    full: bool,
    session: Option<i32>,
    parent: Option<i32>,
    user: Option<u32>,
    user_real: Option<u32>,
}

impl Wanted {
    fn of(options: &Options) -> Result<Wanted> {
        options.expect_operands(0, 1)?;
        let pid = |short| Ok(options.number(short)?.map(|number| i32::try_from(number).unwrap_or(i32::MAX)));
        let flags = regex::Options { extended: true, whole_lines: options.has('x'), ..Default::default() };
        let pattern = match options.operands().first() {
            None => None,
            Some(pattern) => Some(Regex::new(pattern.as_bytes(), &flags).map_err(|error| {
                Error::message(format_args!("bad regex '{}': {error}", pattern.display()))
            })?),
        };
        let wanted = Wanted {
            pattern,
            full: options.has('f'),
            session: pid('s')?.map(|session| if session == 0 { sys::kill::own().2 } else { session }),
            parent: pid('P')?,
            user: user(options.value('u'))?,
            user_real: user(options.value('U'))?,
        };
        let by_ids = wanted.user.or(wanted.user_real).is_some();
        if wanted.pattern.is_none() && wanted.session.is_none() && wanted.parent.is_none() && !by_ids {
            return Err(Error::usage(""));
        }
        Ok(wanted)
    }

    fn fits(&self, stat: &Stat) -> bool {
        if self.session.is_some_and(|session| session != stat.session)
            || self.parent.is_some_and(|parent| parent != stat.parent)
        {
            return false;
        }
        if self.user.is_some() || self.user_real.is_some() {
            let Some(ids) = Ids::of(stat.pid) else { return false };
            if self.user.is_some_and(|user| user != ids.user)
                || self.user_real.is_some_and(|user| user != ids.user_real)
            {
                return false;
            }
        }
        match &self.pattern {
            None => true,
            Some(pattern) if self.full => pattern.is_match(&command_line(stat)),
            Some(pattern) => pattern.is_match(&stat.name),
        }
    }
}

fn user(name: Option<&OsStr>) -> Result<Option<u32>> {
    let Some(name) = name else { return Ok(None) };
    match posix::passwd::uid_of(name.as_bytes()) {
        Some(number) => Ok(Some(number)),
        None => Err(Error::message(format_args!("unknown user {}", name.display()))),
    }
}

/// The arguments with blanks between; the name of a process that has none.
fn command_line(stat: &Stat) -> Vec<u8> {
    let mut line = procfs::command_line(stat.pid);
    while line.last() == Some(&0) {
        line.pop();
    }
    if line.is_empty() {
        return stat.name.clone();
    }
    for byte in &mut line {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    line
}

/// The processes that the options ask for, by number; never this one.
fn find(options: &Options) -> Result<Vec<Stat>> {
    let wanted = Wanted::of(options)?;
    let inverse = options.has('v');
    let (own, ..) = sys::kill::own();
    let mut found = procfs::processes();
    found.retain(|stat| stat.pid != own && wanted.fits(stat) != inverse);
    if options.has('n') || options.has('o') {
        // Of two that began in the same tick, the one with the greater number is the newer.
        let age = |stat: &Stat| (stat.start_ticks, stat.pid);
        let ages = found.iter().map(age);
        let kept = if options.has('n') { ages.max() } else { ages.min() };
        found.retain(|stat| Some(age(stat)) == kept);
    }
    Ok(found)
}
