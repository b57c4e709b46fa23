//! simple — a simple command: its words, its assignments, and what its name means.
//!
//! Source: POSIX.1-2024 XCU 2.9.1.

use std::rc::Rc;

use sys::strings::Strings;

use super::filter::{keeps_output, names_device};
use crate::ast::{Assign, Function, Redirect, Simple, Word};
use crate::builtins::{Arguments, Builtin};
use crate::commands::Target;
use crate::expand::{Expansion, Purpose};
use crate::name;
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};
use crate::variables::Saved;

/// How deep functions may call each other; the stack usually ends sooner.
const CALLS_MAX: u32 = 100_000;

impl Shell {
    pub(super) fn simple(&mut self, simple: &Simple, last: bool) -> Flow {
        if self.options.has(ShellOptions::NOEXEC) {
            return Ok(());
        }
        self.line = simple.line;
        self.substitution_status = None;
        let mut expansion = self.take_expansion(Purpose::Fields);
        let result = self.simple_expanded(simple, last, &mut expansion);
        self.give_back(expansion);
        if !self.process_descriptors.is_empty() {
            for fd in std::mem::take(&mut self.process_descriptors) {
                sys::descriptor::close(fd);
            }
        }
        result
    }

    fn simple_expanded(&mut self, simple: &Simple, last: bool, expansion: &mut Expansion) -> Flow {
        self.expand_arguments(&simple.words, expansion)?;
        let arguments = &expansion.fields;
        if arguments.is_empty() {
            return self.without_command(simple);
        }
        let target = self.find_command(simple.name, arguments.get(0));
        match target {
            Target::Function(function) => self.run_function(simple, &function, arguments),
            Target::Builtin(builtin) => self.run_builtin(simple, builtin, arguments),
            other => self.run_program(simple, &other, arguments, last),
        }
    }

    /// Expands words to the fields that they give.
    pub(crate) fn expand_arguments(&mut self, words: &[Word], expansion: &mut Expansion) -> Flow {
        words.iter().try_for_each(|word| self.expand_argument(word, expansion))
    }

    /// Assignments and redirections alone.
    fn without_command(&mut self, simple: &Simple) -> Flow {
        for assign in &simple.assigns {
            self.assign_word(assign)?;
        }
        if self.options.has(ShellOptions::XTRACE) {
            self.trace(simple, &Strings::new())?;
        }
        let mut status = self.substitution_status.unwrap_or(0);
        if !simple.redirects.is_empty() {
            match self.redirect(&simple.redirects)? {
                Some(saved) => self.restore_descriptors(saved),
                None => status = 1,
            }
        }
        self.status = status;
        Ok(())
    }

    fn assign_word(&mut self, assign: &Assign) -> Flow {
        if let Some(text) = assign.value.as_literal() {
            return self.assign(assign.name, text);
        }
        let mut value = self.take_expansion(Purpose::Single);
        let mut result = self.expand_into(&assign.value, &mut value);
        if result.is_ok() {
            result = self.assign(assign.name, value.text());
        }
        self.give_back(value);
        result
    }

    /// Makes the assignments in front of a command, to be undone behind it.
    fn assign_for_command(&mut self, assigns: &[Assign], export: bool) -> Flow<Vec<Saved>> {
        let mut saved = Vec::with_capacity(assigns.len());
        for assign in assigns {
            saved.push(self.variables.save(assign.name));
            if let Err(jump) = self.assign_word(assign) {
                self.undo_assignments(saved);
                return Err(jump);
            }
            if export {
                self.variables.export(assign.name, true);
            }
        }
        Ok(saved)
    }

    fn undo_assignments(&mut self, saved: Vec<Saved>) {
        for saved in saved.into_iter().rev() {
            let name = self.variables.restore(saved);
            if name.index() < name::KNOWN_COUNT && name != name::OPTIND {
                self.variable_changed(name);
            }
        }
    }

    fn run_builtin(&mut self, simple: &Simple, builtin: &'static Builtin, arguments: &Strings) -> Flow {
        if simple.assigns.is_empty() && simple.redirects.is_empty() && !self.options.has(ShellOptions::XTRACE)
        {
            return self.call_builtin(builtin, arguments, 0);
        }
        let saved = if builtin.special {
            for assign in &simple.assigns {
                self.assign_word(assign)?;
                if builtin.name == "exec" {
                    self.variables.export(assign.name, true);
                }
            }
            Vec::new()
        } else {
            self.assign_for_command(&simple.assigns, true)?
        };
        if self.options.has(ShellOptions::XTRACE) {
            self.trace(simple, arguments)?;
        }
        let result = self.run_redirected_builtin(&simple.redirects, builtin, arguments);
        self.undo_assignments(saved);
        result
    }

    pub(super) fn run_redirected_builtin(
        &mut self,
        redirects: &[Redirect],
        builtin: &'static Builtin,
        arguments: &Strings,
    ) -> Flow {
        if redirects.is_empty() {
            return self.call_builtin(builtin, arguments, 0);
        }
        let Some(descriptors) = self.redirect(redirects)? else {
            self.status = 1;
            return if builtin.special { Err(Jump::Error) } else { Ok(()) };
        };
        let result = self.call_builtin(builtin, arguments, 0);
        if builtin.name == "exec" && result.is_ok() {
            self.keep_descriptors(descriptors);
        } else {
            self.restore_descriptors(descriptors);
        }
        result
    }

    /// Runs a builtin with the arguments from `first` on, its name being the first of them.
    pub(crate) fn call_builtin(
        &mut self,
        builtin: &'static Builtin,
        arguments: &Strings,
        first: usize,
    ) -> Flow {
        let outer = self.running.replace(builtin.name);
        let mut result = (builtin.run)(self, Arguments::new(arguments, first));
        self.out.flush();
        if let Some(error) = self.out.take_error() {
            self.report_error(&[b"write error"], &error);
            result = result.map(|status| status.max(1));
        }
        self.running = outer;
        match result {
            Ok(status) => {
                self.status = status;
                Ok(())
            }
            // An error in one that is not special ends that command only.
            Err(Jump::Error) if !builtin.special => {
                self.status = self.status.max(1);
                Ok(())
            }
            Err(jump) => Err(jump),
        }
    }

    fn run_function(&mut self, simple: &Simple, function: &Rc<Function>, arguments: &Strings) -> Flow {
        if simple.assigns.is_empty() && simple.redirects.is_empty() && !self.options.has(ShellOptions::XTRACE)
        {
            return self.call_function(function, arguments);
        }
        let saved = self.assign_for_command(&simple.assigns, true)?;
        let result = self.run_redirected_function(simple, function, arguments);
        self.undo_assignments(saved);
        result
    }

    fn run_redirected_function(
        &mut self,
        simple: &Simple,
        function: &Rc<Function>,
        arguments: &Strings,
    ) -> Flow {
        if self.options.has(ShellOptions::XTRACE) {
            self.trace(simple, arguments)?;
        }
        let Some(descriptors) = self.redirect(&simple.redirects)? else {
            self.status = 1;
            return Ok(());
        };
        let result = self.call_function(function, arguments);
        self.restore_descriptors(descriptors);
        result
    }

    /// Runs a function's body with the arguments behind the first as its parameters.
    pub(crate) fn call_function(&mut self, function: &Rc<Function>, arguments: &Strings) -> Flow {
        if self.calls >= CALLS_MAX || self.stack_is_short() {
            return self.fail(2, &[b"function calls nested too deeply"]);
        }
        let parameters: Vec<Box<[u8]>> =
            (1..arguments.len()).map(|index| arguments.get(index).into()).collect();
        let outer = std::mem::replace(&mut self.positional, parameters);
        let outer_loops = std::mem::replace(&mut self.loops, 0);
        let outer_mark = std::mem::replace(&mut self.locals_mark, self.variables.locals_mark());
        let outer_at = self.getopts_at;
        let line = self.line;
        self.calls += 1;
        let result = self.run(&function.body, false);
        if self.local_options.last().is_some_and(|saved| saved.0 == self.calls)
            && let Some((_, options)) = self.local_options.pop()
        {
            self.options = options;
        }
        self.calls -= 1;
        self.line = line;
        while let Some(name) = self.variables.pop_local(self.locals_mark) {
            if name.index() < name::KNOWN_COUNT {
                self.variable_changed(name);
                if name == name::OPTIND {
                    self.getopts_at = outer_at;
                }
            }
        }
        self.locals_mark = outer_mark;
        self.loops = outer_loops;
        self.positional = outer;
        match result {
            // Loops outside cannot be left from inside a function.
            Err(Jump::Return | Jump::Break | Jump::Continue) => Ok(()),
            other => other,
        }
    }

    /// Runs what is no part of the shell: an applet, or a program.
    fn run_program(&mut self, simple: &Simple, target: &Target, arguments: &Strings, last: bool) -> Flow {
        let saved = self.assign_for_command(&simple.assigns, true)?;
        let result = self.run_program_assigned(simple, target, arguments, last);
        self.undo_assignments(saved);
        result
    }

    fn run_program_assigned(
        &mut self,
        simple: &Simple,
        target: &Target,
        arguments: &Strings,
        last: bool,
    ) -> Flow {
        if self.options.has(ShellOptions::XTRACE) {
            self.trace(simple, arguments)?;
        }
        // With assignments the name may mean another program: PATH=… program.
        let found;
        let target = if simple.assigns.iter().any(|assign| assign.name == name::PATH) {
            found = self.find_program(arguments.get(0));
            &found
        } else {
            target
        };
        if let Target::Same(applet) = target {
            return self.run_applet_here(applet, &simple.redirects, arguments);
        }
        if last && self.traps.is_empty() && !self.options.has(ShellOptions::MONITOR) {
            return self.become_program(target, &simple.redirects, arguments);
        }
        match target {
            Target::Filter(applet) if self.runs_filters() => {
                self.run_applet_here(applet, &simple.redirects, arguments)
            }
            _ => self.start_and_wait(target, &simple.redirects, arguments),
        }
    }

    /// Runs what `command` found: everything but functions and builtins.
    pub(crate) fn run_found(&mut self, target: &Target, arguments: &Strings) -> Flow {
        match target {
            Target::Same(applet) => self.run_applet_here(applet, &[], arguments),
            Target::Filter(applet) if self.runs_filters() => self.run_applet_here(applet, &[], arguments),
            other => self.start_and_wait(other, &[], arguments),
        }
    }

    /// `set -x`: prints the command behind PS4.
    pub(super) fn trace(&mut self, simple: &Simple, arguments: &Strings) -> Flow {
        if std::mem::replace(&mut self.xtrace_nested, true) {
            return Ok(());
        }
        let mut line = self.expand_prompt(name::PS4);
        let mut gap = "";
        for assign in &simple.assigns {
            line.extend_from_slice(gap.as_bytes());
            line.extend_from_slice(self.names.text(assign.name));
            line.push(b'=');
            if let Some(value) = self.variables.get(assign.name) {
                crate::quote::quote_for_trace(value, &mut line);
            }
            gap = " ";
        }
        for argument in arguments.iter() {
            line.extend_from_slice(gap.as_bytes());
            crate::quote::quote_for_trace(argument, &mut line);
            gap = " ";
        }
        self.xtrace_nested = false;
        if gap.is_empty() {
            return Ok(());
        }
        line.push(b'\n');
        self.write_error(&line);
        Ok(())
    }

    /// Whether a simple command can be run for `$(…)` or a pipeline without a forked shell: it is no function.
    pub(crate) fn may_be_simple_child(&mut self, simple: &Simple) -> bool {
        let Some(name) = simple.name else { return false };
        let text = self.names.text(name).to_vec();
        match self.find_command(Some(name), &text) {
            Target::Function(_) => false,
            // `command` only prints with -v and -V.
            Target::Builtin(builtin) if builtin.name == "command" => {
                matches!(simple.words.get(1).and_then(Word::as_literal), Some(b"-v" | b"-V"))
                    && simple.redirects.iter().all(|redirect| redirect.fd == 2)
            }
            Target::Builtin(builtin) => {
                builtin.prints_only && simple.assigns.is_empty() && simple.redirects.is_empty()
            }
            Target::Same(_) => keeps_output(&simple.redirects),
            Target::Filter(_) => keeps_output(&simple.redirects) && self.runs_filters(),
            Target::Path(_) => true,
            Target::Fork(..) | Target::Missing => false,
        }
    }

    /// Runs such a command and takes its output; None if it must be forked after all.
    pub(crate) fn capture_simple(&mut self, simple: &Simple) -> Flow<Option<Vec<u8>>> {
        let mut expansion = self.take_expansion(Purpose::Fields);
        self.line = simple.line;
        let result = self.capture_expanded(simple, &mut expansion);
        self.give_back(expansion);
        result
    }

    fn capture_expanded(&mut self, simple: &Simple, expansion: &mut Expansion) -> Flow<Option<Vec<u8>>> {
        self.expand_arguments(&simple.words, expansion)?;
        let arguments = &expansion.fields;
        let target = self.find_command(simple.name, arguments.get(0));
        if matches!(target, Target::Filter(_)) && names_device(arguments) {
            return Ok(None);
        }
        // A builtin has none: `may_be_simple_child`.
        let saved = self.assign_for_command(&simple.assigns, true)?;
        if self.options.has(ShellOptions::XTRACE) {
            self.trace(simple, arguments)?;
        }
        let result = match &target {
            Target::Builtin(_) | Target::Same(_) | Target::Filter(_) => {
                self.run_here(&target, &simple.redirects, arguments, true)
            }
            other => self.capture_program(other, &simple.redirects, arguments),
        };
        self.undo_assignments(saved);
        result.map(Some)
    }
}
