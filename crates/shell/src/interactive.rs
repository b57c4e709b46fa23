//! interactive — a shell that somebody talks to: job control, prompts, and a loop that errors do not end.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use crate::edit::{self, Ended, Keys, Known};
use crate::history::History;
use crate::input::{Input, Source};
use crate::name;
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};

/// Lines from a terminal. What needs the whole shell is made before: the prompts, and what words may become.
struct Terminal {
    first: Vec<u8>,
    second: Vec<u8>,
    history: Rc<RefCell<History>>,
    /// None: the terminal cannot move its cursor, so that lines are read as they come.
    known: Option<Known>,
    /// `set -o vi`
    vi: bool,
}

impl Shell {
    /// Sets what an interactive shell has: its own signals, job control where there is a terminal, prompts.
    pub(crate) fn become_interactive(&mut self) {
        self.options.set(ShellOptions::INTERACTIVE, true);
        self.traps.be_interactive(false);
        for (variable, value) in
            [(name::PS1, if sys::job::user().0 == 0 { "# " } else { "$ " }), (name::PS2, "> ")]
        {
            if self.variables.get(variable).is_none() {
                self.variables.set(variable, value.as_bytes());
            }
        }
        self.options.set(ShellOptions::MONITOR, true);
        self.set_job_control(true);
    }

    /// Whether the terminal is one that lines can be edited on.
    fn can_edit(&self) -> bool {
        let term = self.variable(b"TERM").unwrap_or_default();
        term != b"dumb" && sys::fd::is_terminal(0) && sys::fd::is_terminal(2)
    }

    /// What completion knows of the shell.
    fn known(&self) -> Known {
        let value = |name: name::Name| self.variables.get(name).unwrap_or_default().to_vec();
        let mut commands = self.function_names();
        commands.extend(crate::builtins::names().map(|name| name.as_bytes().to_vec()));
        commands.extend(self.aliases.names().map(|name| self.names.text(name).to_vec()));
        commands.extend(crate::parser::RESERVED.iter().map(|word| word.to_vec()));
        let letter = |name| match self.names.text(name) {
            [b'_', letter] => Some((*letter, self.aliases.get(name)?.to_vec())),
            _ => None,
        };
        Known {
            commands,
            variables: self.variable_names(),
            path: value(name::PATH),
            home: value(name::HOME),
            letters: self.aliases.names().filter_map(letter).collect(),
        }
    }

    /// The history, from the file that HISTFILE names, ~/.ash_history if it is not set.
    fn open_history(&mut self) {
        let file = match (self.variables.get(name::HISTFILE), self.variables.get(name::HOME)) {
            (Some(file), _) => Some(file.to_vec()),
            (None, Some(home)) if !home.is_empty() => Some([home, b"/.ash_history"].concat()),
            _ => None,
        };
        let most = self.variables.get(name::HISTSIZE).and_then(crate::arithmetic::plain_number);
        let most = most.and_then(|most| usize::try_from(most).ok());
        *self.history.borrow_mut() = History::open(file.as_deref(), most);
    }

    /// Switches job control: the shell gets a group of its own, and knows its terminal.
    pub(crate) fn set_job_control(&mut self, on: bool) {
        if !on || self.subshell {
            return;
        }
        self.jobs.own_group = sys::job::own_group();
        if !self.options.has(ShellOptions::INTERACTIVE) {
            return;
        }
        let Ok(terminal) = sys::descriptor::duplicate_above(2, 10) else { return };
        let Ok(foreground) = sys::job::foreground(terminal) else {
            sys::descriptor::close(terminal);
            self.options.set(ShellOptions::MONITOR, false);
            self.write_error(b"sh: can't access tty; job control turned off\n");
            return;
        };
        // Started in the background: wait until somebody brings it to the front.
        if foreground != self.jobs.own_group {
            let _ = sys::job::kill(0, crate::trap::SIGTTIN);
        }
        self.traps.be_interactive(true);
        let pid = sys::job::own_pid();
        if self.jobs.own_group != pid && sys::job::set_group(0, pid).is_ok() {
            self.jobs.own_group = pid;
        }
        let _ = sys::job::set_foreground(terminal, self.jobs.own_group);
        self.jobs.terminal = Some(terminal);
    }

    /// Reads commands from the terminal until its end or `exit`.
    pub(crate) fn interact(&mut self) -> i32 {
        let mut warned = false;
        self.open_history();
        let status = self.interact_until_end(&mut warned);
        self.history.borrow_mut().close();
        status
    }

    fn interact_until_end(&mut self, warned: &mut bool) -> i32 {
        loop {
            self.tell_job_changes();
            let source = Terminal {
                first: self.prompt(name::PS1),
                second: self.prompt(name::PS2),
                history: Rc::clone(&self.history),
                known: self.can_edit().then(|| self.known()),
                vi: self.options.has(ShellOptions::VI),
            };
            let mut input = Input::new(Box::new(source));
            match self.interact_once(&mut input) {
                Ok(true) => *warned = false,
                Ok(false) => {
                    let stopped = self
                        .jobs
                        .list
                        .iter()
                        .any(|job| matches!(job.state(), crate::jobs::State::Stopped(_)));
                    if self.options.has(ShellOptions::IGNOREEOF) {
                        self.write_error(b"Use \"exit\" to leave shell.\n");
                    } else if stopped && !*warned {
                        *warned = true;
                        self.write_error(b"You have stopped jobs.\n");
                    } else {
                        self.write_error(b"\n");
                        return self.end(Ok(()));
                    }
                }
                Err(Jump::Exit) => return self.end(Err(Jump::Exit)),
                Err(Jump::Interrupt) => {
                    sys::catch::take_all();
                    self.status = 130;
                }
                Err(_) => {}
            }
            self.after_line();
        }
    }

    /// One line with all commands on it; false at the end of the input.
    fn interact_once(&mut self, input: &mut Input) -> Flow<bool> {
        match self.parse_next(input) {
            Ok(Some(command)) => {
                if !self.options.has(ShellOptions::NOEXEC) {
                    self.run(&command, false)?;
                }
                Ok(true)
            }
            Ok(None) => match input.error.take() {
                Some(error) if error.kind() == io::ErrorKind::Interrupted => Err(Jump::Interrupt),
                Some(error) => {
                    self.report(&[sys::error::text(&error).as_bytes()]);
                    Err(Jump::Exit)
                }
                None => Ok(false),
            },
            Err(error) => {
                if input.error.take().is_some_and(|error| error.kind() == io::ErrorKind::Interrupted) {
                    return Err(Jump::Interrupt);
                }
                self.report_syntax(&error);
                Err(Jump::Error)
            }
        }
    }

    /// What an error may have left behind.
    fn after_line(&mut self) {
        self.loops = 0;
        self.unchecked = false;
        self.running = None;
        self.out.flush();
    }
}

impl Source for Terminal {
    fn more(&mut self, buffer: &mut Vec<u8>, continued: bool) -> io::Result<bool> {
        let prompt = if continued { &self.second } else { &self.first };
        if let Some(known) = &self.known {
            let keys = if self.vi { Keys::Vi { whole: !continued } } else { Keys::Emacs };
            let ended = edit::read_line(prompt, &self.history.borrow(), known, keys)?;
            return match ended {
                Ended::Line(line) => {
                    self.history.borrow_mut().add(&line);
                    buffer.extend_from_slice(&line);
                    buffer.push(b'\n');
                    Ok(true)
                }
                Ended::Edit(line, number) => {
                    // The last line of the history is edited, and what comes of it takes its place.
                    let number = number.map_or(String::new(), |number| number.to_string());
                    let line = if number.is_empty() { line } else { b"fc".to_vec() };
                    self.history.borrow_mut().add(line.trim_ascii());
                    let command = format!("fc -e \"${{VISUAL:-${{EDITOR:-vi}}}}\" {number}\n");
                    buffer.extend_from_slice(command.as_bytes());
                    Ok(true)
                }
                Ended::End => Ok(false),
                Ended::Interrupted => Err(io::Error::from(io::ErrorKind::Interrupted)),
            };
        }
        let shown: Vec<u8> = prompt.iter().copied().filter(|byte| !matches!(byte, 1 | 2)).collect();
        sys::fd::write_all(2, &shown)?;
        let mut byte = [0];
        let mut any = false;
        loop {
            if sys::descriptor::read_once(0, &mut byte)? == 0 {
                return Ok(any);
            }
            any = true;
            buffer.push(byte[0]);
            if byte[0] == b'\n' {
                return Ok(true);
            }
        }
    }
}
