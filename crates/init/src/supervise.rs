//! supervise — the processes of the inittab: started, reaped, started again.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::console;
use crate::inittab::{self, Action, Entry};
use crate::signals::{End, Event, Signals};

/// A process that ends sooner than this has not done its work.
const QUICK: Duration = Duration::from_secs(5);
/// So many quick ends are followed at once by another start; then the pauses grow.
const QUICK_FREE: u32 = 5;
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// After this a step that is waited for is named on the console.
const PATIENCE: Duration = Duration::from_secs(60);
/// So long the first of the processes that stay has the processor for itself, and so often it is looked at.
const FIRST_ALONE: Duration = Duration::from_secs(1);
const FIRST_LOOK: Duration = Duration::from_millis(10);
/// A shutdown step may take this long.
pub(crate) const SHUTDOWN_STEP: Duration = Duration::from_secs(90);

/// An entry and the process that runs for it.
struct Supervised {
    entry: Entry,
    pid: Option<i32>,
    started: Instant,
    /// How often in a row it ended quickly.
    quick_ends: u32,
    /// When it may start again.
    due: Instant,
}

impl Supervised {
    fn new(entry: Entry) -> Supervised {
        let now = Instant::now();
        Supervised { entry, pid: None, started: now, quick_ends: 0, due: now }
    }

    fn respawns(&self) -> bool {
        matches!(self.entry.action, Action::Respawn | Action::Askfirst)
    }
}

/// The state of PID 1.
pub(crate) struct Init {
    pub(crate) signals: Signals,
    environment: Vec<(OsString, OsString)>,
    supervised: Vec<Supervised>,
    paused: bool,
    /// Asked for, and done as soon as the current step allows.
    pub(crate) end: Option<End>,
}

impl Init {
    pub(crate) fn new(signals: Signals, environment: Vec<(OsString, OsString)>, entries: Vec<Entry>) -> Init {
        let supervised = entries.into_iter().map(Supervised::new).collect();
        Init { signals, environment, supervised, paused: false, end: None }
    }

    /// Everything up to the system's end: the steps of the boot, then the processes that stay.
    pub(crate) fn run(&mut self) -> End {
        for action in [Action::Sysinit, Action::Wait] {
            for process in self.of_action(action) {
                self.run_step(&process, None);
                if let Some(end) = self.end {
                    return end;
                }
            }
        }
        for entry in self.of_action(Action::Once) {
            self.start(&entry);
        }
        self.start_first();
        loop {
            if let Some(end) = self.end {
                return end;
            }
            let limit = self.start_due();
            let event = self.signals.wait(limit);
            self.take(event);
        }
    }

    /// Starts the first of the processes that stay, the login of the console, and lets it come as far as waiting for its
    /// user: on one processor the logins of all terminals together would take as many times longer to get there.
    fn start_first(&mut self) {
        let Some(index) = self.supervised.iter().position(Supervised::respawns) else { return };
        let started = Instant::now();
        self.start_supervised(index);
        while let Some(pid) = self.supervised.get(index).and_then(|first| first.pid)
            && self.end.is_none()
            && started.elapsed() < FIRST_ALONE
            && !sys::process::is_asleep(pid)
        {
            let event = self.signals.wait(Some(FIRST_LOOK));
            self.take(event);
        }
    }

    /// Signals the processes of the table.
    pub(crate) fn signal_processes(&self, signal: i32) {
        for pid in self.supervised.iter().filter_map(|supervised| supervised.pid) {
            let _ = sys::kill::send(pid, signal); // it may have ended by itself
        }
    }

    /// Execs the first program of a `restart` line that can be.
    pub(crate) fn exec_restart(&self) {
        for entry in self.of_action(Action::Restart) {
            console::say(&format!("restarting as '{}'", shown(&entry.process)));
            sys::signal_wait::reset_all();
            exec(&entry, &self.environment);
            self.signals.block();
        }
    }

    /// Forgets the past: all processes have ended.
    pub(crate) fn begin_again(&mut self, entries: Vec<Entry>) {
        self.supervised = entries.into_iter().map(Supervised::new).collect();
        self.paused = false;
        self.end = None;
    }

    /// The entries of one action, in file order.
    pub(crate) fn of_action(&self, action: Action) -> Vec<Entry> {
        self.supervised
            .iter()
            .map(|supervised| &supervised.entry)
            .filter(|entry| entry.action == action)
            .cloned()
            .collect()
    }

    /// Runs a step and waits for it: until it ends, the system's end is asked for, or `limit` is over.
    pub(crate) fn run_step(&mut self, entry: &Entry, limit: Option<Duration>) {
        let Some(pid) = self.start(entry) else { return };
        let started = Instant::now();
        let mut told = false;
        loop {
            let patience = if told { None } else { Some(PATIENCE.saturating_sub(started.elapsed())) };
            let left = limit.map(|limit| limit.saturating_sub(started.elapsed()));
            let wait = match (patience, left) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            let event = self.signals.wait(wait);
            if event == Event::Time && !told {
                told = true;
                console::say(&format!(
                    "still waiting for '{}' (Ctrl-Alt-Del reboots)",
                    shown(&entry.process)
                ));
            }
            if limit.is_some_and(|limit| started.elapsed() >= limit) {
                console::say(&format!("'{}' takes too long: going on", shown(&entry.process)));
                return;
            }
            // A request for the end leaves the step behind; so does a second one while the system is going down.
            if self.take(event).contains(&pid) || matches!(event, Event::End(_)) {
                return;
            }
        }
    }

    /// Does what an event asks for, and gives the processes that have ended.
    fn take(&mut self, event: Event) -> Vec<i32> {
        match event {
            Event::Child => return self.reap(),
            Event::Reload => self.reload(),
            Event::Pause => self.paused = true,
            Event::Continue => self.paused = false,
            Event::CtrlAltDel => {
                for entry in self.of_action(Action::CtrlAltDel) {
                    self.start(&entry);
                }
            }
            Event::End(end) => self.end = Some(end),
            Event::Time => {}
        }
        Vec::new()
    }

    /// Collects all children that have ended, adopted ones too: signals of several become one.
    fn reap(&mut self) -> Vec<i32> {
        let mut ended_pids = Vec::new();
        while let Ok(Some(ended)) = sys::process::reap() {
            ended_pids.push(ended.pid);
            if let Some(supervised) = self.supervised.iter_mut().find(|one| one.pid == Some(ended.pid)) {
                supervised.pid = None;
                plan_restart(supervised, ended.status);
            }
        }
        ended_pids
    }

    /// Starts what is due, and says how long to wait until the next is.
    fn start_due(&mut self) -> Option<Duration> {
        if self.paused {
            return None;
        }
        let now = Instant::now();
        let mut next: Option<Duration> = None;
        for index in 0..self.supervised.len() {
            let supervised = &self.supervised[index];
            if supervised.pid.is_some() || !supervised.respawns() {
                continue;
            }
            if supervised.due <= now {
                self.start_supervised(index);
            }
            let supervised = &self.supervised[index];
            if supervised.pid.is_none() {
                let wait = supervised.due.saturating_duration_since(now);
                next = Some(next.map_or(wait, |next| next.min(wait)));
            }
        }
        next
    }

    fn start_supervised(&mut self, index: usize) {
        let pid = self.start(&self.supervised[index].entry);
        let supervised = &mut self.supervised[index];
        supervised.started = Instant::now();
        supervised.pid = pid;
        if pid.is_none() {
            plan_restart(supervised, 0);
        }
    }

    /// Forks and execs. None: no process could be made, which is said.
    fn start(&self, entry: &Entry) -> Option<i32> {
        match sys::process::fork(&mut || child(entry, &self.environment)) {
            Ok(pid) => Some(pid),
            Err(error) => {
                console::say(&format!("cannot fork: {}", sys::error::text(&error)));
                None
            }
        }
    }

    /// Reads the inittab again. What is in it unchanged keeps its process, what is gone is asked to end.
    fn reload(&mut self) {
        let mut old = std::mem::take(&mut self.supervised);
        for entry in crate::read_inittab() {
            let known = old.iter().position(|one| one.entry == entry);
            self.supervised.push(match known {
                Some(index) => old.swap_remove(index),
                None => Supervised::new(entry),
            });
        }
        for pid in old.iter().filter_map(|gone| gone.pid) {
            let _ = sys::kill::send(pid, libc::SIGTERM); // it may have ended by itself
        }
    }
}

/// Decides when an ended process may start again.
fn plan_restart(supervised: &mut Supervised, status: i32) {
    let now = Instant::now();
    if now.duration_since(supervised.started) >= QUICK {
        supervised.quick_ends = 0;
    } else {
        supervised.quick_ends = supervised.quick_ends.saturating_add(1);
    }
    let pause = pause_after(supervised.quick_ends);
    supervised.due = now + pause;
    // A terminal that this machine lacks is no fault: its entry is tried ever less often, quietly.
    let there = console::device(&supervised.entry.terminal).exists();
    if there && supervised.respawns() && supervised.quick_ends == QUICK_FREE + 1 {
        console::say(&format!(
            "'{}' ends at once, {} times now, last with status {status}: starting it less often",
            shown(&supervised.entry.process),
            supervised.quick_ends
        ));
    }
}

/// How long a process rests after so many quick ends in a row.
fn pause_after(quick_ends: u32) -> Duration {
    match quick_ends {
        0 => Duration::ZERO,
        few if few <= QUICK_FREE => Duration::from_secs(1),
        many => Duration::from_secs(1 << (many - QUICK_FREE).min(6)).min(PAUSE_MAX),
    }
}

/// The life of a child up to exec; what it returns is its exit status.
fn child(entry: &Entry, environment: &[(OsString, OsString)]) -> i32 {
    sys::signal_wait::reset_all();
    let device = console::device(&entry.terminal);
    if console::enter(&device).is_err() && !entry.terminal.is_empty() {
        return 1;
    }
    if entry.action == Action::Askfirst && !asked() {
        return 0;
    }
    let mut environment = environment.to_vec();
    if !environment.iter().any(|(name, _)| name == "TERM") {
        environment.push(("TERM".into(), console::kind(&entry.terminal).into()));
    }
    exec(entry, &environment);
    127
}

/// Becomes the entry's program. Returns only if that failed, which is said.
fn exec(entry: &Entry, environment: &[(OsString, OsString)]) {
    let command = inittab::command(&entry.process);
    let program = OsString::from_vec(command.program);
    let arguments: Vec<OsString> = command.arguments.into_iter().map(OsString::from_vec).collect();
    let error = sys::process::exec(Path::new(&program), &arguments, environment);
    console::say(&format!("cannot run '{}': {}", program.to_string_lossy(), sys::error::text(&error)));
}

/// Waits for Enter. False: the terminal is gone.
fn asked() -> bool {
    let mut out = std::io::stdout();
    let _ = out.write_all(b"\r\nPress Enter to activate this console. ").and_then(|()| out.flush());
    let mut byte = [0];
    loop {
        match sys::fd::read(0, &mut byte) {
            Ok(1) if byte[0] == b'\n' => return true,
            Ok(1) => {}
            _ => return false,
        }
    }
}

fn shown(process: &[u8]) -> String {
    String::from_utf8_lossy(process).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_stop_growing() {
        for (quick_ends, seconds) in
            [(0, 0), (1, 1), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (u32::MAX, 60)]
        {
            assert_eq!(pause_after(quick_ends).as_secs(), seconds, "{quick_ends}");
        }
    }
}
