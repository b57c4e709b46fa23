//! jobs — `jobs`, `fg`, `bg`, `wait`, `kill`.
//!
//! Source: POSIX.1-2024; BusyBox ash for `wait -n`.

use super::{Arguments, Flags};
use crate::jobs::State;
use crate::options::ShellOptions;
use crate::shell::{Flow, Shell};
use crate::trap;

pub(super) fn jobs(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let Flags { last: mode, operands, .. } = arguments.flags(shell, "lp")?;
    shell.jobs.update();
    let mut wanted = Vec::new();
    for operand in operands.from(1) {
        wanted.push(find(shell, operand)?);
    }
    let mut text = Vec::new();
    for job in &shell.jobs.list {
        if !wanted.is_empty() && !wanted.contains(&job.number) {
            continue;
        }
        if mode == b'p' {
            text.extend_from_slice(format!("{}\n", job.group).as_bytes());
        } else {
            text.extend_from_slice(&shell.jobs.line(job, mode == b'l'));
        }
    }
    shell.out.write(&text);
    if mode != b'p' {
        shell.forget_told();
    }
    Ok(0)
}

/// The job that an operand names.
fn find(shell: &mut Shell, text: &[u8]) -> Flow<u32> {
    match shell.jobs.find(text) {
        Some(number) => Ok(number),
        None => shell.wrong(&[text, b": no such job"]),
    }
}

pub(super) fn fg(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if !shell.options.has(ShellOptions::MONITOR) {
        return shell.wrong(&[b"job control is not enabled"]);
    }
    let number = find(shell, if arguments.len() > 1 { arguments.get(1) } else { b"%%" })?;
    let Some(job) = shell.jobs.get(number) else { return Ok(1) };
    let mut line = job.text.clone();
    line.push(b'\n');
    let group = job.group;
    shell.out.write(&line);
    shell.out.flush();
    if let Some(terminal) = shell.jobs.terminal {
        // It was stopped or ran without it; there is nothing to do about an error.
        let _ = sys::job::set_foreground(terminal, group);
    }
    resume(shell, number);
    shell.jobs.make_current(number);
    let statuses = shell.wait_for_job_in_foreground(number)?;
    Ok(statuses.last().copied().unwrap_or(0))
}

pub(super) fn bg(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if !shell.options.has(ShellOptions::MONITOR) {
        return shell.wrong(&[b"job control is not enabled"]);
    }
    let mut numbers = Vec::new();
    if arguments.len() == 1 {
        numbers.push(find(shell, b"%%")?);
    }
    for operand in arguments.from(1) {
        numbers.push(find(shell, operand)?);
    }
    for number in numbers {
        let Some(job) = shell.jobs.get(number) else { continue };
        let line = [format!("[{number}] ").as_bytes(), &job.text, b"\n"].concat();
        shell.last_background = job.processes.last().map(|process| process.pid);
        shell.out.write(&line);
        resume(shell, number);
    }
    Ok(0)
}

/// Lets a stopped job go on.
fn resume(shell: &mut Shell, number: u32) {
    let Some(job) = shell.jobs.get(number) else { return };
    for process in &mut job.processes {
        if matches!(process.state, State::Stopped(_)) {
            process.state = State::Running;
        }
    }
    // A group that is gone needs no signal.
    let _ = sys::job::kill(-job.group, trap::SIGCONT);
}

pub(super) fn wait(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let Flags { last: any, operands, .. } = arguments.flags(shell, "n")?;
    if any != 0 {
        return wait_for_any(shell);
    }
    if operands.len() == 1 {
        let done =
            shell.wait_until(&mut |shell| shell.jobs.list.iter().all(|job| job.state() != State::Running));
        shell.forget_told();
        return Ok(done.unwrap_or(0));
    }
    let mut status = 0;
    for operand in operands.from(1) {
        status = wait_for(shell, operand)?;
    }
    Ok(status)
}

fn wait_for_any(shell: &mut Shell) -> Flow<i32> {
    let running: Vec<u32> =
        shell.jobs.list.iter().filter(|job| job.state() == State::Running).map(|job| job.number).collect();
    let over = shell.jobs.list.iter().find(|job| job.is_over() && job.changed).map(|job| job.number);
    if over.is_none() && running.is_empty() {
        return Ok(127);
    }
    let interrupted = shell.wait_until(&mut |shell| shell.jobs.list.iter().any(|job| job.is_over()));
    if let Some(status) = interrupted {
        return Ok(status);
    }
    let Some(job) = shell.jobs.list.iter().find(|job| job.is_over()) else { return Ok(127) };
    let (number, status) = (job.number, job.state().status());
    shell.jobs.remove(number);
    Ok(status)
}

fn wait_for(shell: &mut Shell, operand: &[u8]) -> Flow<i32> {
    let number = if operand.starts_with(b"%") {
        match shell.jobs.find(operand) {
            Some(number) => number,
            None => return Ok(127),
        }
    } else {
        let Some(pid) = super::control::number(operand) else {
            return super::control::illegal_number(shell, operand);
        };
        let job = shell.jobs.list.iter().find(|job| job.processes.iter().any(|process| process.pid == pid));
        match job {
            Some(job) => job.number,
            None => return Ok(127),
        }
    };
    let ran = shell.jobs.get(number).is_some_and(|job| job.state() == State::Running);
    let interrupted =
        shell.wait_until(&mut |shell| shell.jobs.get(number).is_none_or(|job| job.state() != State::Running));
    if let Some(status) = interrupted {
        return Ok(status);
    }
    let Some(job) = shell.jobs.get(number) else { return Ok(127) };
    let state = job.state();
    if job.is_over() {
        shell.jobs.remove(number);
    }
    if let (State::Killed(signal, core), true) = (state, ran) {
        shell.tell_killed(signal, core)?;
    }
    Ok(state.status())
}

impl Shell {
    /// Waits until `done`, looking at the children whenever one changes. Some(status): a signal with a trap came first.
    fn wait_until(&mut self, done: &mut dyn FnMut(&mut Shell) -> bool) -> Option<i32> {
        self.out.flush();
        self.jobs.update();
        if done(self) {
            return None;
        }
        // A child's end must wake us up.
        let trapped = self.traps.get(trap::SIGCHLD as usize).is_some();
        if !trapped {
            let _ = sys::catch::set(trap::SIGCHLD, sys::catch::Disposition::Caught);
        }
        let interrupted = loop {
            self.jobs.update();
            // A child may have sent it and ended then.
            let mut came = sys::catch::take_all();
            if !trapped {
                came &= !(1 << (trap::SIGCHLD - 1));
            }
            if came != 0 {
                sys::catch::put_back(came);
                break Some(128 + came.trailing_zeros() as i32 + 1);
            }
            if done(self) {
                break None;
            }
            let mut changed = false;
            sys::catch::wait_unless(&mut || {
                self.jobs.update();
                changed = done(self);
                changed
            });
        };
        if !trapped {
            let _ = sys::catch::set(trap::SIGCHLD, sys::catch::Disposition::Default);
            let left = sys::catch::take_all() & !(1 << (trap::SIGCHLD - 1));
            sys::catch::put_back(left);
        }
        interrupted
    }
}

pub(super) fn kill(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut signal = trap::SIGTERM as usize;
    let mut first = 1;
    let word = arguments.get(1);
    match word {
        b"-l" | b"-L" => return list_signals(shell, arguments),
        b"-s" | b"-n" => {
            signal = signal_operand(shell, arguments.get(2))?;
            first = 3;
        }
        b"--" => first = 2,
        [b'-', b's', name @ ..]
            if !name.is_empty()
                && name.iter().all(u8::is_ascii_uppercase)
                && trap::signal_number(&word[1..]).is_none() =>
        {
            signal = signal_operand(shell, name)?;
            first = 2;
        }
        [b'-', name @ ..] if !name.is_empty() => {
            signal = signal_operand(shell, name)?;
            first = 2;
        }
        _ => {}
    }
    if arguments.get(first) == b"--" {
        first += 1;
    }
    if first >= arguments.len() {
        return shell.wrong(&[b"you need to specify whom to kill"]);
    }
    let mut status = 0;
    for operand in arguments.from(first) {
        let target = if operand.starts_with(b"%") {
            match shell.jobs.find(operand).and_then(|number| shell.jobs.get(number)) {
                Some(job) if job.own_group || shell.options.has(ShellOptions::MONITOR) => -job.group,
                Some(job) => job.group,
                None => {
                    shell.report(&[operand, b": no such job"]);
                    status = 1;
                    continue;
                }
            }
        } else {
            let Some(pid) = super::control::signed_number(operand) else {
                shell.report(&[b"invalid number '", operand, b"'"]);
                status = 1;
                continue;
            };
            pid
        };
        if let Err(error) = sys::job::kill(target, signal as i32) {
            shell.report_error(&[format!("can't kill pid {target}").as_bytes()], &error);
            status = 1;
        }
    }
    Ok(status)
}

fn signal_operand(shell: &mut Shell, text: &[u8]) -> Flow<usize> {
    match trap::signal_number(text) {
        Some(number) if number != trap::ERR => Ok(number),
        _ => shell.wrong(&[b"bad signal name '", text, b"'"]),
    }
}

/// All signals with their numbers: what `kill -l` and `trap -l` print.
pub(super) fn list_all_signals(shell: &mut Shell) -> Flow<i32> {
    for number in posix::signal::all() {
        shell.out.write(format!("{number:>2}) {}\n", posix::signal::name(number)).as_bytes());
    }
    Ok(0)
}

fn list_signals(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if arguments.len() < 3 {
        return list_all_signals(shell);
    }
    for operand in arguments.from(2) {
        let line = match super::control::number(operand) {
            // A status above 128 is a signal's, too.
            Some(number) => posix::signal::name(if number > 128 { number - 128 } else { number }),
            None => signal_operand(shell, operand)?.to_string(),
        };
        shell.out.write(line.as_bytes());
        shell.out.write(b"\n");
    }
    Ok(0)
}
