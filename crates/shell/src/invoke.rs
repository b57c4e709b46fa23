//! invoke — a shell as a program: its command line, its start-up files, and the script or terminal that it reads.
//!
//! Source: POSIX.1-2024 `sh`; BusyBox ash for `-l` and /etc/profile.

use std::cell::Cell;
use std::ffi::CString;
use std::io;
use std::rc::Rc;

use crate::input::{Input, Source};
use crate::name;
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};

/// What the command line asks for.
struct Invocation {
    command: Option<Vec<u8>>,
    login: bool,
    stdin: bool,
    /// Index of the first operand.
    operands: usize,
}

impl Shell {
    /// Runs as the program `sh` with its arguments (the name it was called by first) and gives the exit status.
    pub fn main(&mut self, arguments: &[Vec<u8>]) -> i32 {
        let called = arguments.first().map_or(b"sh".as_slice(), |name| name);
        let mut invocation = match self.read_arguments(arguments) {
            Ok(invocation) => invocation,
            Err(status) => return status,
        };
        invocation.login |= called.starts_with(b"-");
        let operands = &arguments[invocation.operands.min(arguments.len())..];
        self.set_zero(called);
        self.init_variables();
        if let Some(command) = invocation.command.take() {
            if let Some((zero, parameters)) = operands.split_first() {
                self.set_zero(zero);
                self.positional = parameters.iter().map(|value| value.as_slice().into()).collect();
            }
            self.start_files(&invocation);
            if self.options.has(ShellOptions::INTERACTIVE) {
                self.become_interactive();
            }
            return self.run_command_string(command);
        }
        if let (Some((file, parameters)), false) = (operands.split_first(), invocation.stdin) {
            self.positional = parameters.iter().map(|value| value.as_slice().into()).collect();
            self.zero = file.as_slice().into();
            self.start_files(&invocation);
            if self.options.has(ShellOptions::INTERACTIVE) {
                self.become_interactive();
            }
            return run_file(self, file);
        }
        self.positional = operands.iter().map(|value| value.as_slice().into()).collect();
        self.options.set(ShellOptions::STDIN, true);
        if sys::fd::is_terminal(0) && sys::fd::is_terminal(2) && !self.options.has(ShellOptions::NOEXEC) {
            self.options.set(ShellOptions::INTERACTIVE, true);
        }
        self.start_files(&invocation);
        if self.options.has(ShellOptions::INTERACTIVE) {
            self.become_interactive();
            return self.interact();
        }
        let result =
            self.run_input(Input::new(Box::new(Descriptor { fd: Rc::default(), script: false })), true);
        self.end(result)
    }

    fn read_arguments(&mut self, arguments: &[Vec<u8>]) -> Result<Invocation, i32> {
        let mut invocation = Invocation { command: None, login: false, stdin: false, operands: 1 };
        let mut takes_command = false;
        let mut index = 1;
        while let Some(word) = arguments.get(index) {
            let on = match word.first() {
                Some(b'-') => true,
                Some(b'+') => false,
                _ => break,
            };
            index += 1;
            if word == b"-" || word == b"--" {
                break;
            }
            if word == b"--login" {
                invocation.login = true;
                continue;
            }
            for &letter in &word[1..] {
                match letter {
                    b'c' if on => takes_command = true,
                    b'l' if on => invocation.login = true,
                    b's' if on => invocation.stdin = true,
                    letter => {
                        let mut name: &[u8] = b"";
                        if letter == b'o' {
                            let Some(next) = arguments.get(index) else {
                                self.report(&[b"-o requires an argument"]);
                                return Err(2);
                            };
                            name = next;
                            index += 1;
                        }
                        let option = self.option_of(&word[..1], letter, name).map_err(|_| 2)?;
                        self.options.set(option, on);
                    }
                }
            }
        }
        if takes_command {
            let Some(command) = arguments.get(index) else {
                self.report(&[b"-c requires an argument"]);
                return Err(2);
            };
            invocation.command = Some(command.clone());
            index += 1;
        }
        invocation.operands = index;
        Ok(invocation)
    }

    /// The variables that every shell sets.
    fn init_variables(&mut self) {
        let parent = sys::job::parent_pid().to_string();
        self.variables.set(name::PPID, parent.as_bytes());
        self.variables.export(name::PWD, true);
        if self.variables.get(name::PS2).is_none() {
            self.variables.set(name::PS2, b"> ");
        }
        let inherited = self.variables.get(name::PWD).map(<[u8]>::to_vec);
        if let Some(directory) = crate::builtins::initial_directory(inherited.as_deref())
            && Some(&directory) != inherited.as_ref()
        {
            self.variables.set(name::PWD, &directory);
        }
        if self.variables.get(name::PATH).is_none() {
            self.variables.set(name::PATH, b"/sbin:/usr/sbin:/bin:/usr/bin");
        }
    }

    /// /etc/profile and ~/.profile of a login shell, and what ENV names in an interactive one.
    fn start_files(&mut self, invocation: &Invocation) {
        if invocation.login {
            self.start_file(b"/etc/profile");
            if let Some(home) = self.variables.get(name::HOME) {
                let profile = [home, b"/.profile"].concat();
                self.start_file(&profile);
            }
        }
        if self.options.has(ShellOptions::INTERACTIVE)
            && !sys::job::user().1
            && self.variables.get(name::ENV).is_some()
        {
            let path = self.expand_prompt(name::ENV);
            self.start_file(&path);
        }
    }

    fn start_file(&mut self, path: &[u8]) {
        let Ok(c_path) = CString::new(path) else { return };
        if path.is_empty() || !sys::job::may_access(&c_path, 4) {
            return;
        }
        let mut arguments = sys::strings::Strings::new();
        arguments.push(b".");
        arguments.push(path);
        // An error in it has been reported, and keeps nobody from working.
        let _ = self.source(path, crate::builtins::Arguments::new(&arguments, 0));
    }

    /// `-c`: what is last in it may take the process for itself.
    fn run_command_string(&mut self, command: Vec<u8>) -> i32 {
        let result = self.run_last(Input::from_text(command, 1));
        self.end(result)
    }

    /// Runs an input behind which this process has nothing to do.
    fn run_last(&mut self, mut input: Input) -> Flow {
        loop {
            let parsed = self.parse_next(&mut input);
            self.show_read(&mut input);
            match parsed {
                Ok(Some(command)) => {
                    if !self.options.has(ShellOptions::NOEXEC) {
                        let last = input.is_finished() && !self.options.has(ShellOptions::INTERACTIVE);
                        self.run(&command, last)?;
                    }
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.report_syntax(&error);
                    return Err(Jump::Error);
                }
            }
        }
    }

    /// The end of the program.
    pub(crate) fn end(&mut self, result: Flow) -> i32 {
        let result = match (result, sys::catch::any()) {
            (Ok(()), true) => self.run_traps(),
            (result, _) => result,
        };
        i32::from(self.finish(result))
    }

    /// What a new shell takes over from the one whose place it takes.
    pub(crate) fn copy_host(&mut self, from: &Shell) {
        self.commands.copy_host(&from.commands);
    }
}

/// Runs a script file to its end.
pub(crate) fn run_file(shell: &mut Shell, file: &[u8]) -> i32 {
    let fd = match open_script(file) {
        Ok(fd) => fd,
        Err(error) => {
            shell.report_error(&[b"can't open '", file, b"'"], &error);
            return if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        }
    };
    shell.file = Rc::from(file);
    shell.names_line = true;
    let fd = Rc::new(Cell::new(fd));
    shell.script = Rc::clone(&fd);
    let result = shell.run_input(Input::new(Box::new(Descriptor { fd: Rc::clone(&fd), script: true })), true);
    sys::descriptor::close(fd.replace(-1));
    shell.end(result)
}

/// Opens a script above the descriptors that it may use itself.
fn open_script(file: &[u8]) -> io::Result<i32> {
    let path = CString::new(file).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let low = sys::descriptor::open(&path, sys::descriptor::READ | sys::descriptor::CLOSE_ON_EXEC, 0)?;
    let high = sys::descriptor::duplicate_above(low, 10);
    sys::descriptor::close(low);
    high
}

/// Text from a descriptor. Standard input is shared with the commands of the script, so it is read no further than
/// the end of a line.
struct Descriptor {
    fd: Rc<Cell<i32>>,
    script: bool,
}

impl Source for Descriptor {
    fn more(&mut self, buffer: &mut Vec<u8>, _continued: bool) -> io::Result<bool> {
        let mut block = [0; 4096];
        let fd = self.fd.get();
        if self.script {
            let count = sys::fd::read(fd, &mut block)?;
            buffer.extend_from_slice(&block[..count]);
            return Ok(count > 0);
        }
        if sys::descriptor::seek_by(fd, 0).is_some() {
            let count = sys::fd::read(fd, &mut block)?;
            let end = block[..count].iter().position(|&byte| byte == b'\n').map_or(count, |end| end + 1);
            sys::descriptor::seek_by(fd, end as i64 - count as i64);
            buffer.extend_from_slice(&block[..end]);
            return Ok(count > 0);
        }
        let mut any = false;
        while sys::fd::read(fd, &mut block[..1])? == 1 {
            any = true;
            buffer.push(block[0]);
            if block[0] == b'\n' {
                break;
            }
        }
        Ok(any)
    }
}
