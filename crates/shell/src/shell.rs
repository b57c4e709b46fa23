//! shell — the state of one shell, and what a host program does with it.

use std::cell::RefCell;
use std::rc::Rc;

use sys::strings::Strings;

use crate::alias::Aliases;
use crate::ast::{Command, Function};
use crate::builtins::Builtin;
use crate::commands::Commands;
use crate::expand::{Expansion, Ifs};
use crate::history::History;
use crate::input::Input;
use crate::jobs::Jobs;
use crate::name::{self, Name, Names};
use crate::options::ShellOptions;
use crate::parser::{self, Parser};
use crate::readahead::ReadAhead;
use crate::stream::Stream;
use crate::trap::Traps;
use crate::variables::Variables;

/// Why the commands that were being run are left. It fits where an exit status does, so that one is told from the other by
/// a single comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Jump {
    /// Out of as many loops as the shell's `leaving` says.
    Break,
    /// To the next round of a loop, out of as many loops as `leaving` says minus one.
    Continue,
    /// Out of a function or a sourced file.
    Return,
    /// Out of the shell, with `status`.
    Exit,
    /// An error that ends a shell unless it is interactive. It has been reported.
    Error,
    /// SIGINT in an interactive shell.
    Interrupt,
}

/// What running something gives: nothing, or a reason to leave. The exit status is in the shell.
pub type Flow<T = ()> = Result<T, Jump>;

/// An error as the shell reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub file: Vec<u8>,
    pub line: u32,
    pub message: Vec<u8>,
}

/// From this size on, the shell looks whether there is memory before it builds something.
pub(crate) const BIG: usize = 1 << 20;

/// Takes errors instead of standard error.
pub type ErrorSink = Box<dyn FnMut(&Error)>;

/// One shell. All its state is here and in the process that it runs in.
pub struct Shell {
    pub(crate) names: Names,
    pub(crate) variables: Variables,
    pub(crate) aliases: Aliases,
    pub(crate) functions: Vec<Option<Rc<Function>>>,
    pub(crate) commands: Commands,
    /// `$0`.
    pub(crate) zero: Rc<[u8]>,
    pub(crate) positional: Vec<Box<[u8]>>,
    pub(crate) options: ShellOptions,
    /// `$?`.
    pub(crate) status: i32,
    /// `$!`.
    pub(crate) last_background: Option<i32>,
    /// `$$`: the process that the shell began as.
    pub(crate) pid: i32,
    pub(crate) ifs: Ifs,
    pub(crate) out: Stream,
    pub(crate) jobs: Jobs,
    pub(crate) traps: Traps,
    pub(crate) history: Rc<RefCell<History>>,
    pub(crate) read_ahead: ReadAhead,
    /// Where the running command stands.
    pub(crate) line: u32,
    pub(crate) file: Rc<[u8]>,
    /// Whether messages name the line: not for what was typed or given by `-c`.
    pub(crate) names_line: bool,
    pub(crate) loops: u32,
    /// How many loops `break` or `continue` still has to leave.
    pub(crate) leaving: u32,
    pub(crate) calls: u32,
    /// Sourced files, in which `return` is allowed.
    pub(crate) sourced: u32,
    pub(crate) locals_mark: usize,
    /// This process is a forked part of the shell.
    pub(crate) subshell: bool,
    /// The status of the last command substitution of the current command.
    pub(crate) substitution_status: Option<i32>,
    /// The builtin that is running, for messages.
    pub(crate) running: Option<&'static str>,
    /// `getopts`: where in a cluster of options it is.
    pub(crate) getopts_at: usize,
    pub(crate) random: u32,
    pub(crate) started: i64,
    pub(crate) spare: Vec<Expansion>,
    /// The descriptor that the script is read from; it gives way to one of the script's own of that number.
    pub(crate) script: Rc<std::cell::Cell<i32>>,
    /// The environment for programs, and of which generation it is.
    pub(crate) environment: Option<(u64, Rc<Strings>)>,
    /// Of which generation the C library's environment is.
    pub(crate) process_generation: u64,
    pub(crate) stack_base: usize,
    /// So much of the stack was found to be there.
    stack_checked: usize,
    pub(crate) error_sink: Option<ErrorSink>,
    pub(crate) last_error: Option<Error>,
    /// Inside a condition, where a failing command does not end the shell.
    pub(crate) unchecked: bool,
    /// Processes behind `<(…)` of the current command, and the descriptors to close behind it.
    pub(crate) process_descriptors: Vec<i32>,
    pub(crate) xtrace_nested: bool,
    pub(crate) dead: bool,
    /// `$?` from before the trap that is running: what `exit` gives there.
    pub(crate) trap_status: Option<i32>,
    /// Options that `local -` will put back, and in which call.
    pub(crate) local_options: Vec<(u32, ShellOptions)>,
}

impl Default for Shell {
    fn default() -> Shell {
        Shell::new()
    }
}

impl Shell {
    /// A shell without any variables.
    pub fn new() -> Shell {
        let zero: Rc<[u8]> = Rc::from(b"sh".as_slice());
        let mut shell = Shell {
            names: Names::new(),
            variables: Variables::default(),
            aliases: Aliases::default(),
            functions: Vec::new(),
            commands: Commands::default(),
            zero: Rc::clone(&zero),
            positional: Vec::new(),
            options: ShellOptions::default(),
            status: 0,
            last_background: None,
            pid: sys::job::own_pid(),
            ifs: Ifs::default(),
            out: Stream::default(),
            jobs: Jobs::default(),
            traps: Traps::default(),
            history: Rc::default(),
            read_ahead: ReadAhead::default(),
            line: 0,
            file: zero,
            names_line: false,
            loops: 0,
            leaving: 0,
            calls: 0,
            sourced: 0,
            locals_mark: 0,
            subshell: false,
            substitution_status: None,
            running: None,
            getopts_at: 0,
            random: 0,
            started: 0,
            spare: Vec::new(),
            script: Rc::new(std::cell::Cell::new(-1)),
            environment: None,
            process_generation: 0,
            stack_base: 0,
            stack_checked: 0,
            error_sink: None,
            last_error: None,
            unchecked: false,
            process_descriptors: Vec::new(),
            xtrace_nested: false,
            dead: false,
            trap_status: None,
            local_options: Vec::new(),
        };
        shell.note_stack();
        shell.variables.set(name::IFS, b" \t\n");
        shell.variables.set(name::OPTIND, b"1");
        shell.variables.set(name::PS4, b"+ ");
        shell
    }

    /// Takes over the variables of an environment, entries like `NAME=value`.
    pub fn import(&mut self, environment: impl Iterator<Item = Vec<u8>>) {
        for entry in environment {
            let Some(equals) = entry.iter().position(|&byte| byte == b'=') else { continue };
            let (text, value) = (&entry[..equals], &entry[equals + 1..]);
            if !name::is_name(text) {
                self.variables.add_foreign(&entry);
                continue;
            }
            let name = self.names.intern(text);
            // What the shell sets itself is not taken from outside.
            if matches!(name, name::IFS | name::OPTIND | name::PS4 | name::PPID) {
                continue;
            }
            self.variables.set(name, value);
            self.variables.export(name, true);
        }
        // The C library's environment is this one.
        self.process_generation = self.variables.generation();
    }

    /// Makes builtins known besides the shell's own; one of the same name takes its place.
    pub fn register(&mut self, builtins: &'static [Builtin]) {
        self.commands.register(builtins);
    }

    /// Lets the shell run applets without exec: `find` gives the applet of a name.
    pub fn set_applets(&mut self, find: fn(&[u8]) -> Option<&'static cli::applet::Applet>) {
        self.commands.set_applets(find);
    }

    /// Gives errors to `sink` instead of printing them.
    pub fn on_error(&mut self, sink: ErrorSink) {
        self.error_sink = Some(sink);
    }

    /// The last error that was reported, which is then forgotten.
    pub fn take_error(&mut self) -> Option<Error> {
        self.last_error.take()
    }

    /// The value of a variable.
    pub fn variable(&self, text: &[u8]) -> Option<Vec<u8>> {
        let name = self.names.find(text)?;
        self.variable_value(name)
    }

    /// Sets a variable. False: it is read-only, which has been reported.
    pub fn set_variable(&mut self, text: &[u8], value: &[u8]) -> bool {
        let name = self.names.intern(text);
        self.assign(name, value).is_ok()
    }

    /// The names of all variables that are set.
    pub fn variable_names(&self) -> Vec<Vec<u8>> {
        let sorted = self.variables.sorted(&self.names);
        sorted.into_iter().map(|name| self.names.text(name).to_vec()).collect()
    }

    /// A function's syntax tree.
    pub fn function(&self, text: &[u8]) -> Option<Rc<Function>> {
        let name = self.names.find(text)?;
        self.functions.get(name.index())?.clone()
    }

    /// The names of all functions, sorted.
    pub fn function_names(&self) -> Vec<Vec<u8>> {
        let defined = self.functions.iter().enumerate().filter(|(_, function)| function.is_some());
        let mut names: Vec<Name> = defined.map(|(index, _)| Name::from_index(index)).collect();
        self.names.sort(&mut names);
        names.into_iter().map(|name| self.names.text(name).to_vec()).collect()
    }

    pub fn set_positional(&mut self, parameters: Vec<Box<[u8]>>) {
        self.positional = parameters;
    }

    /// The positional parameters.
    pub fn positional(&self) -> &[Box<[u8]>] {
        &self.positional
    }

    pub fn set_zero(&mut self, zero: &[u8]) {
        self.zero = zero.into();
        self.file = Rc::clone(&self.zero);
    }

    pub fn status(&self) -> i32 {
        self.status
    }

    pub fn set_status(&mut self, status: i32) {
        self.status = status;
    }

    /// Where builtins write.
    pub fn out(&mut self) -> &mut Stream {
        &mut self.out
    }

    /// Whether an option is on.
    pub fn option(&self, option: ShellOptions) -> bool {
        self.options.has(option)
    }

    pub fn set_option(&mut self, option: ShellOptions, on: bool) {
        self.options.set(option, on);
    }

    /// Runs `text` as if it were a file called `file`, and gives the exit status. `exit` in it ends it.
    pub fn run_text(&mut self, text: &[u8], file: &[u8]) -> i32 {
        let before = std::mem::replace(&mut self.file, file.into());
        let result = self.run_input(Input::from_text(text.to_vec(), 1), true);
        self.file = before;
        self.out.flush();
        if let Err(Jump::Exit | Jump::Error) = result {
            self.dead = true;
        }
        self.status
    }

    /// Whether the shell was left by `exit` or by an error.
    pub fn has_exited(&self) -> bool {
        self.dead
    }

    /// Calls a function with arguments. None: there is none of that name.
    pub fn call(&mut self, text: &[u8], arguments: &[&[u8]]) -> Option<i32> {
        let function = self.function(text)?;
        let mut list = Strings::new();
        list.push(text);
        for argument in arguments {
            list.push(argument);
        }
        let result = self.call_function(&function, &list);
        self.out.flush();
        if let Err(Jump::Exit | Jump::Error) = result {
            self.dead = true;
        }
        Some(self.status)
    }

    /// The fields that the words of `text` expand to, as those of `set -- text` would be. Commands in it are run unless
    /// `NOEXEC` is set. None: it is no list of words, or cannot be expanded, which has been reported.
    pub fn expand_words(&mut self, text: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut input = Input::from_text([b": ", text].concat(), 1);
        let command = match self.parse_next(&mut input) {
            Ok(command) => command?,
            Err(error) => {
                self.report_syntax(&error);
                return None;
            }
        };
        let Command::Simple(simple) = command else { return None };
        let mut expansion = self.take_expansion(crate::expand::Purpose::Fields);
        let expanded =
            simple.words.iter().skip(1).try_for_each(|word| self.expand_argument(word, &mut expansion));
        let fields = expansion.fields.iter().map(<[u8]>::to_vec).collect();
        self.give_back(expansion);
        expanded.ok().map(|()| fields)
    }

    /// Parses without running: what `-n` does.
    ///
    /// Errors: the first syntax error.
    pub fn check_syntax(&mut self, text: &[u8]) -> Result<(), parser::SyntaxError> {
        let mut input = Input::from_text(text.to_vec(), 1);
        loop {
            match self.parse_next(&mut input) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => return Err(*error),
            }
        }
    }

    /// Prints what was read if `set -v` was on by then.
    pub(crate) fn show_read(&mut self, input: &mut Input) {
        if !self.options.has(ShellOptions::VERBOSE) {
            return input.pass_read();
        }
        let mut text = input.take_read();
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        self.write_error(&text);
    }

    pub(crate) fn parse_next(&mut self, input: &mut Input) -> parser::Parsed<Option<Command>> {
        // The script may lie on the descriptor that `read` has read from.
        self.read_ahead.give_back();
        let options = parser::Options {
            keep_text: self.options.has(ShellOptions::MONITOR),
            expand_aliases: true,
            file: Rc::clone(&self.file),
        };
        Parser::new(input, &mut self.names, &self.aliases, options, 0).next_command()
    }

    /// Runs all commands of an input. `last`: nothing comes behind it in this process.
    pub(crate) fn run_input(&mut self, mut input: Input, echo: bool) -> Flow {
        let mut ran = false;
        loop {
            let parsed = self.parse_next(&mut input);
            if echo {
                self.show_read(&mut input);
            }
            match parsed {
                Ok(Some(command)) => {
                    ran = true;
                    if !self.options.has(ShellOptions::NOEXEC) {
                        self.run(&command, false)?;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.report_syntax(&error);
                    return Err(Jump::Error);
                }
            }
        }
        if let Some(error) = input.error {
            self.report(&[sys::error::text(&error).as_bytes()]);
            self.status = 2;
        } else if !ran {
            self.status = 0;
        }
        Ok(())
    }

    #[cold]
    pub(crate) fn report_syntax(&mut self, error: &parser::SyntaxError) {
        self.line = error.line;
        let named = std::mem::replace(&mut self.names_line, true);
        self.report(&[error.message.as_bytes()]);
        self.names_line = named;
        self.status = 2;
    }

    /// `local -`: the options as they are come back at the end of the call.
    pub(crate) fn save_options_locally(&mut self) {
        if self.local_options.last().is_none_or(|saved| saved.0 != self.calls) {
            self.local_options.push((self.calls, self.options));
        }
    }

    /// Unsets a variable that is not read-only.
    pub(crate) fn unset_variable(&mut self, name: Name) {
        self.variables.unset(name);
        if name.index() < name::KNOWN_COUNT {
            if name >= name::LINENO && name <= name::EPOCHREALTIME {
                // It has no special meaning any more.
                self.commands.plain.push(name);
            } else {
                self.variable_changed(name);
            }
        }
    }

    /// Reports an error: `$0: line N: message`, where a sourced file, or else the running builtin, is named behind `$0`.
    ///
    /// `message` is given in pieces.
    #[cold]
    #[inline(never)]
    pub(crate) fn report(&mut self, message: &[&[u8]]) {
        let message = message.concat();
        let (running, behind): (&[u8], &[u8]) = match self.running {
            Some(running) => (running.as_bytes(), b": "),
            None => (b"", b""),
        };
        let named = [running, behind, &message].concat();
        let error = Error { file: self.file.to_vec(), line: self.line, message: named };
        if let Some(sink) = &mut self.error_sink {
            sink(&error);
        } else {
            let (place, behind): (&[u8], &[u8]) = match self.running {
                None if self.file != self.zero => (&self.file, b": "),
                _ => (running, behind),
            };
            let line = if self.names_line { format!("line {}: ", error.line) } else { String::new() };
            let text =
                [&self.zero, b": ".as_slice(), place, behind, line.as_bytes(), &message, b"\n"].concat();
            self.write_error(&text);
        }
        self.last_error = Some(error);
    }

    /// Reports an error of the system: `what` (in pieces), a colon, and the C library's text.
    #[cold]
    #[inline(never)]
    pub(crate) fn report_error(&mut self, what: &[&[u8]], error: &std::io::Error) {
        self.report(&[&what.concat(), b": ", sys::error::text(error).as_bytes()]);
    }

    /// Reports an error of the builtin that is running.
    #[cold]
    #[inline(never)]
    pub fn complain(&mut self, message: &[u8]) {
        self.report(&[message]);
    }

    /// Reports an error that ends a shell unless it is interactive.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail<T>(&mut self, status: i32, message: &[&[u8]]) -> Flow<T> {
        self.report(message);
        self.status = status;
        Err(Jump::Error)
    }

    /// Before something of `bytes` bytes is built: an error of the shell if there is no memory for it.
    #[inline]
    pub(crate) fn need(&mut self, bytes: usize) -> Flow {
        if bytes < BIG { Ok(()) } else { self.need_much(bytes) }
    }

    #[cold]
    #[inline(never)]
    fn need_much(&mut self, bytes: usize) -> Flow {
        // What smaller things need beside it.
        const REST: usize = 256 * 1024;
        if sys::allocator::has_room(bytes.saturating_add(REST)) {
            Ok(())
        } else {
            self.fail(2, &[b"out of memory"])
        }
    }

    /// Writes to standard error, behind what was written to standard output.
    pub(crate) fn write_error(&mut self, text: &[u8]) {
        self.out.flush();
        // A closed standard error leaves nobody to tell.
        let _ = sys::fd::write_all(2, text);
    }

    /// The exported variables as programs get them.
    pub(crate) fn exported(&mut self) -> Rc<Strings> {
        let generation = self.variables.generation();
        match &self.environment {
            Some((of, environment)) if *of == generation => Rc::clone(environment),
            _ => {
                let environment = Rc::new(self.variables.environment(&self.names));
                self.environment = Some((generation, Rc::clone(&environment)));
                environment
            }
        }
    }

    /// Lets `std::env` and the C library see the exported variables, for applets in this process.
    pub(crate) fn sync_environment(&mut self) {
        let generation = self.variables.generation();
        if self.process_generation != generation {
            self.process_generation = generation;
            let environment = self.exported();
            sys::job::set_environment((*environment).clone());
        }
    }

    /// Remembers where the stack is now, as the place from which its use is counted.
    pub(crate) fn note_stack(&mut self) {
        self.stack_base = stack_address();
        self.stack_checked = 0;
    }

    /// Whether so much stack is used that nothing may go deeper.
    #[inline]
    pub(crate) fn stack_is_short(&mut self) -> bool {
        let used = self.stack_base.wrapping_sub(stack_address());
        used > self.stack_checked && used < usize::MAX / 2 && self.stack_is_really_short(used)
    }

    #[cold]
    #[inline(never)]
    fn stack_is_really_short(&mut self, used: usize) -> bool {
        const STACK: u32 = 3;
        const STEP: usize = 128 * 1024;
        let soft = sys::job::limit(STACK).map_or(8 << 20, |limit| limit.0).min(64 << 20) as usize;
        // Threads of a test have 2 MiB, whatever the limit says.
        let soft = if cfg!(test) { soft.min(2 << 20) } else { soft };
        let most = soft - (soft / 4).min(768 * 1024);
        // The stack grows into memory that may be limited, too.
        if used > most || used > STEP && !sys::allocator::has_room(6 * STEP) {
            return true;
        }
        self.stack_checked = (used + STEP).min(most);
        false
    }
}

/// About where the stack ends now.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0u8;
    std::ptr::from_ref(std::hint::black_box(&here)) as usize
}
