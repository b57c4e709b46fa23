//! jobs — what runs in the background or was stopped.
//!
//! Source: POSIX.1-2024 XBD 3.182, XCU 2.11.

use std::io;

use sys::spawn::{self, Change, NO_HANG, UNTRACED};

use crate::options::ShellOptions;
use crate::shell::{Flow, Shell};
use crate::trap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Running,
    Stopped(i32),
    Exited(u8),
    Killed(i32, bool),
}

impl State {
    pub(crate) fn status(self) -> i32 {
        match self {
            State::Running => 0,
            State::Exited(status) => i32::from(status),
            State::Stopped(signal) | State::Killed(signal, _) => 128 + signal,
        }
    }

    fn is_over(self) -> bool {
        matches!(self, State::Exited(_) | State::Killed(..))
    }
}

pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) state: State,
}

pub(crate) struct Job {
    pub(crate) number: u32,
    /// The process group, where it has one of its own; the first process else.
    pub(crate) group: i32,
    pub(crate) own_group: bool,
    pub(crate) processes: Vec<Process>,
    pub(crate) text: Vec<u8>,
    /// Its state changed and nobody was told.
    pub(crate) changed: bool,
}

impl Job {
    /// The state of the whole: stopped if a part is, over if all parts are.
    pub(crate) fn state(&self) -> State {
        if let Some(stopped) =
            self.processes.iter().find(|process| matches!(process.state, State::Stopped(_)))
        {
            return stopped.state;
        }
        if self.processes.iter().any(|process| process.state == State::Running) {
            return State::Running;
        }
        self.processes.last().map_or(State::Exited(0), |process| process.state)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.processes.iter().all(|process| process.state.is_over())
    }
}

#[derive(Default)]
pub(crate) struct Jobs {
    pub(crate) list: Vec<Job>,
    /// The terminal of an interactive shell with job control.
    pub(crate) terminal: Option<i32>,
    /// The shell's own process group.
    pub(crate) own_group: i32,
    /// Numbers of jobs, the current one last.
    pub(crate) recent: Vec<u32>,
}

impl Jobs {
    /// Adds a job of running processes and gives its number.
    pub(crate) fn add(&mut self, group: i32, pids: &[i32], text: &[u8]) -> u32 {
        let number = (1..).find(|number| self.list.iter().all(|job| job.number != *number)).unwrap_or(0);
        self.list.push(Job {
            number,
            group,
            own_group: false,
            processes: pids.iter().map(|&pid| Process { pid, state: State::Running }).collect(),
            text: text.to_vec(),
            changed: false,
        });
        self.make_current(number);
        number
    }

    pub(crate) fn make_current(&mut self, number: u32) {
        self.recent.retain(|&known| known != number);
        self.recent.push(number);
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.list.retain(|job| job.number != number);
        self.recent.retain(|&known| known != number);
    }

    pub(crate) fn get(&mut self, number: u32) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.number == number)
    }

    /// A forked child has no jobs.
    pub(crate) fn enter_child(&mut self) {
        self.list.clear();
        self.recent.clear();
        self.terminal = None;
    }

    /// Notes how a process changed; whether it belongs to a job.
    pub(crate) fn note(&mut self, pid: i32, change: Change) -> bool {
        for job in &mut self.list {
            if let Some(process) = job.processes.iter_mut().find(|process| process.pid == pid) {
                process.state = match change {
                    Change::Exited(status) => State::Exited(status),
                    Change::Killed(signal, core) => State::Killed(signal, core),
                    Change::Stopped(signal) => State::Stopped(signal),
                    Change::Continued => State::Running,
                };
                job.changed = true;
                return true;
            }
        }
        false
    }

    /// Looks at all children without waiting. What ended beside a command in the foreground is noted behind it, so that
    /// a later `wait` knows that it did not wait.
    pub(crate) fn update(&mut self) {
        if self.list.is_empty() {
            return;
        }
        let running: Vec<i32> = self
            .list
            .iter()
            .flat_map(|job| &job.processes)
            .filter(|process| !process.state.is_over())
            .map(|process| process.pid)
            .collect();
        for pid in running {
            match spawn::wait(pid, NO_HANG | UNTRACED) {
                Ok(Some((pid, change))) => drop(self.note(pid, change)),
                // Somebody else took it.
                Err(error) if error.raw_os_error() == Some(10) => drop(self.note(pid, Change::Exited(127))),
                _ => {}
            }
        }
    }

    /// The job that `text` names: `%1`, `%%`, `%+`, `%-`, `%name`, `%?text`.
    pub(crate) fn find(&mut self, text: &[u8]) -> Option<u32> {
        let name = text.strip_prefix(b"%").unwrap_or(text);
        match name {
            b"" | b"%" | b"+" => self.recent.last().copied(),
            b"-" => self.recent.iter().rev().nth(1).or(self.recent.last()).copied(),
            _ => {
                if let Some(number) = crate::builtins::number(name).map(|number| number as u32) {
                    return self.get(number).map(|job| job.number);
                }
                let mut found = self.list.iter().filter(|job| match name {
                    [b'?', part @ ..] => job.text.windows(part.len().max(1)).any(|window| window == part),
                    _ => job.text.starts_with(name),
                });
                let first = found.next()?;
                // More than one is none.
                found.next().is_none().then_some(first.number)
            }
        }
    }

    /// The line of `jobs` for a job.
    pub(crate) fn line(&self, job: &Job, with_pids: bool) -> Vec<u8> {
        let mark = match self.recent.iter().rev().position(|&number| number == job.number) {
            Some(0) => '+',
            Some(1) => '-',
            _ => ' ',
        };
        let mut line = format!("[{}] {mark} ", job.number).into_bytes();
        if with_pids {
            line.extend_from_slice(format!("{} ", job.group).as_bytes());
        }
        let start = line.len();
        let number;
        let parts: [&[u8]; 3] = match job.state() {
            State::Running => [b"Running", b"", b""],
            State::Stopped(trap::SIGTSTP) => [b"Stopped", b"", b""],
            State::Stopped(signal) => [b"Stopped (", trap::description(signal), b")"],
            State::Exited(0) => [b"Done", b"", b""],
            State::Exited(status) => {
                number = status.to_string();
                [b"Done(", number.as_bytes(), b")"]
            }
            State::Killed(signal, core) => {
                [trap::description(signal), if core { b" (core dumped)" } else { b"" }, b""]
            }
        };
        line.extend_from_slice(&parts.concat());
        line.resize(line.len().max(start + 26), b' ');
        line.push(b' ');
        line.extend_from_slice(&job.text);
        line.push(b'\n');
        line
    }
}

impl Shell {
    /// Waits for the processes of a foreground command; their statuses. With job control, a stopped one becomes a job.
    pub(crate) fn wait_foreground(&mut self, pids: &[i32], text: &[u8]) -> Flow<Vec<i32>> {
        if self.options.has(ShellOptions::MONITOR) && !pids.is_empty() {
            return self.wait_monitored(pids, text);
        }
        let mut statuses = Vec::with_capacity(pids.len());
        for (index, &pid) in pids.iter().enumerate() {
            // Only the death of the last is worth a message.
            statuses.push(self.wait_for_pid(pid, index + 1 == pids.len())?);
        }
        Ok(statuses)
    }

    fn wait_monitored(&mut self, pids: &[i32], text: &[u8]) -> Flow<Vec<i32>> {
        let number = self.jobs.add(pids[0], pids, text);
        if let Some(job) = self.jobs.get(number) {
            job.own_group = true;
        }
        self.wait_for_job_in_foreground(number)
    }

    /// Waits until a job is over or stopped, takes the terminal back, and says what there is to say.
    pub(crate) fn wait_for_job_in_foreground(&mut self, number: u32) -> Flow<Vec<i32>> {
        loop {
            let Some(job) = self.jobs.get(number) else { return Ok(Vec::new()) };
            let Some(pid) = job
                .processes
                .iter()
                .find(|process| process.state == State::Running)
                .map(|process| process.pid)
            else {
                break;
            };
            match spawn::wait(pid, UNTRACED) {
                Ok(Some((pid, change))) => drop(self.jobs.note(pid, change)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => drop(self.jobs.note(pid, Change::Exited(127))),
            }
        }
        if let Some(terminal) = self.jobs.terminal {
            let _ = sys::job::set_foreground(terminal, self.jobs.own_group);
        }
        let Some(job) = self.jobs.get(number) else { return Ok(Vec::new()) };
        job.changed = false;
        let statuses: Vec<i32> = job.processes.iter().map(|process| process.state.status()).collect();
        let state = job.state();
        match state {
            State::Stopped(_) => {
                self.jobs.make_current(number);
                let mut line = b"\n".to_vec();
                if let Some(job) = self.jobs.list.iter().find(|job| job.number == number) {
                    line.extend_from_slice(&self.jobs.line(job, false));
                }
                self.write_error(&line);
                // A stopped job leaves the line that started it.
            }
            State::Killed(signal, core) => {
                self.jobs.remove(number);
                self.status = 128 + signal;
                self.tell_killed(signal, core)?;
            }
            _ => self.jobs.remove(number),
        }
        Ok(statuses)
    }

    /// Tells an interactive user what became of jobs.
    pub(crate) fn tell_job_changes(&mut self) {
        self.jobs.update();
        let mut text = Vec::new();
        for job in &self.jobs.list {
            if job.changed {
                text.extend_from_slice(&self.jobs.line(job, false));
            }
        }
        self.forget_told();
        if !text.is_empty() {
            self.write_error(&text);
        }
    }

    /// Forgets jobs that are over, after their end was told.
    pub(crate) fn forget_told(&mut self) {
        let over: Vec<u32> =
            self.jobs.list.iter().filter(|job| job.is_over()).map(|job| job.number).collect();
        for number in over {
            self.jobs.remove(number);
        }
        for job in &mut self.jobs.list {
            job.changed = false;
        }
    }
}
