//! process — programs started, awaited and become; subshells; applets in this process.

use std::ffi::{CStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;

use cli::applet::Applet;
use cli::output::Output;
use sys::descriptor;
use sys::spawn::{self, Change, Failure, Program};
use sys::strings::Strings;

use super::redirect::{self, Prepared};
use crate::ast::{Background, Command, Redirect};
use crate::commands::Target;
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};

impl Shell {
    pub(crate) fn pipe(&mut self) -> Flow<(i32, i32)> {
        match descriptor::pipe() {
            Ok(ends) => Ok(ends),
            Err(error) => self.wrong_by(&[b"can't create pipe"], &error),
        }
    }

    /// Makes a copy of the shell that does `work` and ends with its status; the number of its process. It stays in the
    /// shell's group.
    pub(crate) fn fork(&mut self, work: &mut dyn FnMut(&mut Shell) -> Flow) -> Flow<i32> {
        self.fork_in(None, work)
    }

    /// The same as a process of a job: with job control in a group of its own (None) or in an earlier process's.
    pub(crate) fn fork_job(
        &mut self,
        group: Option<i32>,
        foreground: bool,
        work: &mut dyn FnMut(&mut Shell) -> Flow,
    ) -> Flow<i32> {
        let job = self.options.has(ShellOptions::MONITOR).then_some((group.unwrap_or(0), foreground));
        self.fork_in(job, work)
    }

    #[inline(never)]
    fn fork_in(&mut self, job: Option<(i32, bool)>, work: &mut dyn FnMut(&mut Shell) -> Flow) -> Flow<i32> {
        self.out.flush();
        self.read_ahead.give_back();
        let pid = match sys::child::fork() {
            Ok(pid) => pid,
            Err(error) => return self.wrong_by(&[b"can't fork"], &error),
        };
        if let Some((group, foreground)) = job {
            // Both sides do it: whoever comes first. A child that has executed cannot be moved any more.
            let _ = sys::job::set_group(pid.unwrap_or(0), group);
            if let (None, true, Some(terminal)) = (pid, foreground, self.jobs.terminal) {
                let group = if group == 0 { sys::job::own_pid() } else { group };
                let _ = sys::job::set_foreground(terminal, group);
            }
        }
        if let Some(pid) = pid {
            return Ok(pid);
        }
        self.enter_child();
        let result = work(self);
        let status = self.finish(result);
        sys::child::exit_now(status)
    }

    /// What a forked child does first: it has no jobs, no traps but ignored signals, and is no interactive shell.
    pub(crate) fn enter_child(&mut self) {
        self.subshell = true;
        self.out.reset();
        self.traps.enter_child(self.options.has(ShellOptions::INTERACTIVE));
        self.jobs.enter_child();
        self.options.set(ShellOptions::MONITOR, false);
        self.process_descriptors.clear();
    }

    /// The end of a shell: what a jump means for its status, and the trap on EXIT.
    pub(crate) fn finish(&mut self, result: Flow) -> u8 {
        match result {
            Err(Jump::Error) if self.status == 0 => self.status = 2,
            Err(Jump::Interrupt) => self.status = 130,
            _ => {}
        }
        self.run_exit_trap();
        self.out.flush();
        self.read_ahead.give_back();
        self.status as u8
    }

    /// Puts `from` in the place of descriptor `to`.
    pub(crate) fn move_descriptor(&mut self, from: i32, to: i32) {
        if from != to {
            // Both numbers are open or free ones of this process.
            let _ = descriptor::duplicate_to(from, to);
            descriptor::close(from);
        } else {
            descriptor::keep_on_exec(from);
        }
    }

    /// Waits for a child that is no job, and gives its status. `tells`: says so if it was killed.
    pub(crate) fn wait_for_pid(&mut self, pid: i32, tells: bool) -> Flow<i32> {
        let status = loop {
            match spawn::wait(pid, 0) {
                Ok(Some((_, Change::Exited(status)))) => break i32::from(status),
                Ok(Some((_, Change::Killed(signal, core)))) => {
                    if tells {
                        self.tell_killed(signal, core)?;
                    }
                    break 128 + signal;
                }
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break 127,
                _ => {}
            }
        };
        self.jobs.update();
        Ok(status)
    }

    /// Says that a command in the foreground was killed; SIGINT stops an interactive shell's line, too.
    pub(crate) fn tell_killed(&mut self, signal: i32, core: bool) -> Flow {
        if signal == crate::trap::SIGINT {
            if self.options.has(ShellOptions::INTERACTIVE) && !self.subshell {
                self.status = 128 + signal;
                self.write_error(b"\n");
                return Err(Jump::Interrupt);
            }
        } else if signal != crate::trap::SIGPIPE {
            let mut text = crate::trap::description(signal).to_vec();
            if core {
                text.extend_from_slice(b" (core dumped)");
            }
            text.push(b'\n');
            self.write_error(&text);
        }
        Ok(())
    }

    /// `( … )`.
    pub(super) fn subshell(&mut self, body: &Command, last: bool) -> Flow {
        if last && self.traps.is_empty() {
            self.out.flush();
            self.read_ahead.give_back();
            self.enter_child();
            return self.run(body, true);
        }
        let unchecked = self.unchecked;
        let pid = self.fork_job(None, true, &mut |shell| {
            shell.unchecked = unchecked;
            shell.run(body, true)
        })?;
        self.status = self.wait_foreground(&[pid], b"( ... )")?.last().copied().unwrap_or(0);
        Ok(())
    }

    /// `… &`.
    pub(super) fn background(&mut self, of: &Background) -> Flow {
        let monitor = self.options.has(ShellOptions::MONITOR);
        let pid = self.fork_job(None, false, &mut |shell| {
            if !monitor {
                shell.detach_from_terminal();
            }
            shell.unchecked = false;
            shell.run(&of.command, true)
        })?;
        self.last_background = Some(pid);
        let number = self.jobs.add(pid, &[pid], &of.text);
        if self.options.has(ShellOptions::INTERACTIVE) {
            self.write_error(format!("[{number}] {pid}\n").as_bytes());
        }
        self.status = 0;
        Ok(())
    }

    /// Without job control, what runs in the background leaves the terminal's keys and input alone.
    fn detach_from_terminal(&mut self) {
        self.traps.ignore_in_child(crate::trap::SIGINT);
        self.traps.ignore_in_child(crate::trap::SIGQUIT);
        if let Ok(null) = open_null() {
            self.move_descriptor(null, 0);
        }
    }

    /// Starts a program in the foreground and waits for it.
    pub(crate) fn start_and_wait(
        &mut self,
        target: &Target,
        redirects: &[Redirect],
        arguments: &Strings,
    ) -> Flow {
        if let Target::Path(path) = target {
            let pid = match self.start(path, arguments, redirects, &[], None, true)? {
                Ok(pid) => pid,
                Err(Failed::Script) => self
                    .fork_job(None, true, &mut |shell| shell.become_script(path, redirects, arguments, 0))?,
                Err(Failed::Status(status)) => {
                    self.status = status;
                    return Ok(());
                }
            };
            return self.await_program(pid, arguments);
        }
        if matches!(target, Target::Missing) {
            // Redirections come first: one that fails gives 1.
            let Some(saved) = self.redirect(redirects)? else {
                self.status = 1;
                return Ok(());
            };
            self.not_found(arguments.get(0));
            self.restore_descriptors(saved);
            return Ok(());
        }
        let pid =
            self.fork_job(None, true, &mut |shell| shell.become_program(target, redirects, arguments))?;
        self.await_program(pid, arguments)
    }

    fn await_program(&mut self, pid: i32, arguments: &Strings) -> Flow {
        let monitor = self.options.has(ShellOptions::MONITOR);
        let text = if monitor { arguments.iter().collect::<Vec<_>>().join(&b' ') } else { Vec::new() };
        self.status = self.wait_foreground(&[pid], &text)?.last().copied().unwrap_or(0);
        Ok(())
    }

    #[cold]
    pub(super) fn not_found(&mut self, name: &[u8]) {
        self.report(&[name, b": not found"]);
        self.status = 127;
    }

    /// Starts a program with `extra` actions before its redirections.
    pub(super) fn start(
        &mut self,
        path: &CStr,
        arguments: &Strings,
        redirects: &[Redirect],
        extra: &[spawn::Action<'_>],
        group: Option<i32>,
        foreground: bool,
    ) -> Flow<Result<i32, Failed>> {
        let Some(prepared) = self.prepare_redirects(redirects)? else { return Ok(Err(Failed::Status(1))) };
        let started = self.start_prepared(path, arguments, &prepared, extra, group, foreground);
        redirect::close_prepared(&prepared);
        Ok(started)
    }

    fn start_prepared(
        &mut self,
        path: &CStr,
        arguments: &Strings,
        prepared: &[Prepared],
        extra: &[spawn::Action<'_>],
        group: Option<i32>,
        foreground: bool,
    ) -> Result<i32, Failed> {
        self.out.flush();
        self.read_ahead.give_back();
        let mut which = Vec::new();
        let mut actions = extra.to_vec();
        actions.extend(redirect::actions(prepared, &mut which));
        let monitor = self.options.has(ShellOptions::MONITOR);
        let environment = self.exported();
        let program = Program {
            path,
            arguments,
            first: 0,
            environment: &environment,
            actions: &actions,
            group: monitor.then_some(group.unwrap_or(0)),
            terminal: if monitor && foreground { self.jobs.terminal } else { None },
            default_signals: self.traps.defaults_for_programs(),
            ignored_signals: 0,
        };
        let failure = match spawn::spawn(&program) {
            Ok(pid) => return Ok(pid),
            Err(failure) => failure,
        };
        Err(match failure {
            Failure::Exec(error) if spawn::is_not_executable_format(&error) => Failed::Script,
            Failure::Exec(error) => {
                self.exec_failed(arguments.get(0), &error);
                Failed::Status(self.status)
            }
            Failure::Fork(error) => {
                self.report_error(&[b"can't fork"], &error);
                Failed::Status(2)
            }
            Failure::Action(index, error) => {
                let index = index.checked_sub(extra.len()).and_then(|index| which.get(index)).copied();
                self.action_failed(prepared, index.unwrap_or(usize::MAX), &error);
                Failed::Status(1)
            }
        })
    }

    #[cold]
    fn exec_failed(&mut self, name: &[u8], error: &io::Error) {
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            self.commands.forget_paths();
            return self.not_found(name);
        }
        self.report_error(&[name], error);
        self.status = 126;
    }

    /// The process becomes a program. Comes back only if that fails, or with a jump out of the shell.
    pub(super) fn become_program(
        &mut self,
        target: &Target,
        redirects: &[Redirect],
        arguments: &Strings,
    ) -> Flow {
        if !self.redirect_for_good(redirects)? {
            self.status = 1;
            return Ok(());
        }
        match target {
            Target::Path(path) => {
                self.exec(path, arguments, 0)?;
                Err(Jump::Exit)
            }
            Target::Same(applet) | Target::Filter(applet) | Target::Fork(applet) => {
                self.status = self.run_applet(applet, arguments, false);
                Err(Jump::Exit)
            }
            _ => {
                self.not_found(arguments.get(0));
                Ok(())
            }
        }
    }

    /// execve; on failure the status says why. A file that is no program is run as a script.
    pub(crate) fn exec(&mut self, path: &CStr, arguments: &Strings, first: usize) -> Flow {
        self.out.flush();
        self.read_ahead.give_back();
        let environment = self.exported();
        let restored = self.traps.prepare_exec();
        let error = spawn::exec(path, arguments, first, &environment);
        if spawn::is_not_executable_format(&error) {
            return self.become_script(path, &[], arguments, first);
        }
        self.traps.undo_exec(restored);
        self.exec_failed(arguments.get(first), &error);
        Ok(())
    }

    /// Runs a script without `#!` as a new shell would, in this process.
    fn become_script(
        &mut self,
        path: &CStr,
        redirects: &[Redirect],
        arguments: &Strings,
        first: usize,
    ) -> Flow {
        if !self.redirect_for_good(redirects)? {
            self.status = 1;
            return Ok(());
        }
        let environment = self.exported();
        let mut fresh = Shell::new();
        fresh.import(environment.iter().map(<[u8]>::to_vec));
        fresh.copy_host(self);
        fresh.subshell = false;
        fresh.stack_base = self.stack_base;
        fresh.set_positional((first + 1..arguments.len()).map(|index| arguments.get(index).into()).collect());
        fresh.zero = arguments.get(first).into();
        self.status = crate::invoke::run_file(&mut fresh, path.to_bytes());
        // The process ends here, and all memory with it.
        std::mem::forget(fresh);
        Err(Jump::Exit)
    }

    /// Runs an applet and gives its status. `quietly`: a pipe that nobody reads is no error.
    pub(crate) fn run_applet(&mut self, applet: &'static Applet, arguments: &Strings, quietly: bool) -> i32 {
        self.out.flush();
        self.read_ahead.give_back();
        self.sync_environment();
        let list: Vec<OsString> =
            arguments.iter().skip(1).map(|argument| OsString::from_vec(argument.to_vec())).collect();
        let captured = self.out.is_captured();
        let mut out = if captured { Output::to_memory() } else { Output::to_fd(1) };
        if quietly {
            out.end_quietly();
        }
        let status = cli::applet::run_with(applet, applet.name, &list, &mut out);
        if captured {
            let output = out.take();
            self.out.write(&output);
        }
        i32::from(status)
    }

    /// The output of a program, started without a forked shell.
    pub(super) fn capture_program(
        &mut self,
        target: &Target,
        redirects: &[Redirect],
        arguments: &Strings,
    ) -> Flow<Vec<u8>> {
        let Target::Path(path) = target else {
            self.not_found(arguments.get(0));
            return Ok(Vec::new());
        };
        let (read_end, write_end) = self.pipe()?;
        let extra = [spawn::Action::Duplicate { from: write_end, to: 1 }];
        // It belongs to the shell's own group: job control is about what stands on the command line.
        let monitor = self.options.has(ShellOptions::MONITOR);
        self.options.set(ShellOptions::MONITOR, false);
        let started = self.start(path, arguments, redirects, &extra, None, false);
        self.options.set(ShellOptions::MONITOR, monitor);
        let pid = match started {
            Ok(Err(Failed::Script)) => self.fork(&mut |shell| {
                descriptor::close(read_end);
                shell.move_descriptor(write_end, 1);
                shell.become_script(path, redirects, arguments, 0)
            }),
            Ok(Err(Failed::Status(status))) => {
                self.status = status;
                Ok(0)
            }
            Ok(Ok(pid)) => Ok(pid),
            Err(jump) => Err(jump),
        };
        descriptor::close(write_end);
        match pid {
            Ok(pid @ 1..) => self.take_output(read_end, pid),
            other => {
                descriptor::close(read_end);
                other.map(|_| Vec::new())
            }
        }
    }
}

/// Why a program was not started; it has been reported.
pub(super) enum Failed {
    /// It is a script without `#!`.
    Script,
    Status(i32),
}

fn open_null() -> io::Result<i32> {
    descriptor::open(c"/dev/null", descriptor::READ, 0)
}
