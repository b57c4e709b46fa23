//! exec — runs the syntax tree.
//!
//! `simple` is one command with its words, `redirect` its descriptors, `process` its processes, `pipeline` rows of them.
//!
//! Source: POSIX.1-2024 XCU 2.8, 2.9.

mod condition;
mod filter;
mod pipeline;
mod process;
mod redirect;
mod simple;

pub(crate) use redirect::open_for_reading;

use posix::glob;

use crate::ast::{AndOr, Case, Command, Connector, For, If, Loop, Word};
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};

impl Shell {
    /// Runs a command. `last`: the process ends behind it, so that it may take the process for itself.
    pub(crate) fn run(&mut self, command: &Command, last: bool) -> Flow {
        if sys::catch::any() {
            self.run_traps()?;
        }
        if self.stack_is_short() {
            return self.fail(2, &[b"commands nested too deeply"]);
        }
        match command {
            Command::Simple(simple) => {
                self.simple(simple, last)?;
                self.check()
            }
            Command::List(commands) => {
                let Some((tail, head)) = commands.split_last() else { return Ok(()) };
                for command in head {
                    self.run(command, false)?;
                }
                self.run(tail, last)
            }
            Command::AndOr(and_or) => self.and_or(and_or, last),
            Command::Pipeline(pipeline) => {
                self.pipeline(pipeline, last)?;
                if pipeline.negated { Ok(()) } else { self.check() }
            }
            Command::If(of) => self.if_command(of, last),
            Command::For(of) => self.for_command(of),
            Command::Loop(of) => self.loop_command(of),
            Command::Case(of) => self.case_command(of, last),
            Command::Redirected(of) => {
                self.line = of.1.first().map_or(self.line, |redirect| redirect.line);
                match self.redirect(&of.1)? {
                    Some(saved) => {
                        let result = self.run(&of.0, false);
                        self.restore_descriptors(saved);
                        result
                    }
                    None => {
                        self.status = 1;
                        self.check()
                    }
                }
            }
            Command::Subshell(of) => {
                self.line = of.line;
                self.subshell(&of.body, last)?;
                self.check()
            }
            Command::Background(of) => self.background(of),
            Command::Function(of) => {
                let (name, function) = &**of;
                let index = name.index();
                if index >= self.functions.len() {
                    self.functions.resize(index + 1, None);
                }
                self.functions[index] = Some(std::rc::Rc::clone(function));
                self.status = 0;
                Ok(())
            }
            Command::Test(condition) => {
                self.status = match self.condition(condition)? {
                    Some(true) => 0,
                    Some(false) => 1,
                    None => 2,
                };
                self.check()
            }
        }
    }

    /// Behind a command that counts: under `set -e` a failure ends the shell; a trap on ERR is run.
    #[inline]
    fn check(&mut self) -> Flow {
        if self.status == 0 || self.unchecked { Ok(()) } else { self.failed() }
    }

    #[cold]
    fn failed(&mut self) -> Flow {
        self.run_err_trap()?;
        if self.options.has(ShellOptions::ERREXIT) { Err(Jump::Exit) } else { Ok(()) }
    }

    /// Runs something whose failure ends nothing.
    fn run_unchecked(&mut self, command: &Command) -> Flow {
        let before = std::mem::replace(&mut self.unchecked, true);
        let result = self.run(command, false);
        self.unchecked = before;
        result
    }

    fn and_or(&mut self, of: &AndOr, last: bool) -> Flow {
        self.run_unchecked(&of.first)?;
        for (index, (connector, command)) in of.rest.iter().enumerate() {
            if (self.status == 0) != (*connector == Connector::And) {
                continue;
            }
            if index + 1 == of.rest.len() {
                return self.run(command, last);
            }
            self.run_unchecked(command)?;
        }
        Ok(())
    }

    fn if_command(&mut self, of: &If, last: bool) -> Flow {
        for (condition, body) in &of.arms {
            self.run_unchecked(condition)?;
            if self.status == 0 {
                return self.run(body, last);
            }
        }
        match &of.otherwise {
            Some(otherwise) => self.run(otherwise, last),
            None => {
                self.status = 0;
                Ok(())
            }
        }
    }

    fn loop_command(&mut self, of: &Loop) -> Flow {
        self.loops += 1;
        let result = self.loop_rounds(of);
        self.loops -= 1;
        result
    }

    fn loop_rounds(&mut self, of: &Loop) -> Flow {
        let mut status = 0;
        loop {
            let condition = self.run_unchecked(&of.condition);
            if self.leaves_loop(condition)? {
                status = self.status;
                break;
            }
            if (self.status == 0) == of.until {
                break;
            }
            let body = self.run(&of.body, false);
            let leaves = self.leaves_loop(body)?;
            status = self.status;
            if leaves {
                break;
            }
        }
        self.status = status;
        Ok(())
    }

    /// What `break` and `continue` mean for the loop that they reach: whether it is left.
    fn leaves_loop(&mut self, result: Flow) -> Flow<bool> {
        let Err(jump) = result else { return Ok(false) };
        if matches!(jump, Jump::Break | Jump::Continue) {
            self.leaving = self.leaving.saturating_sub(1);
            if self.leaving == 0 {
                return Ok(jump == Jump::Break);
            }
        }
        Err(jump)
    }

    fn for_command(&mut self, of: &For) -> Flow {
        self.line = of.line;
        let mut expansion = self.take_expansion(crate::expand::Purpose::Fields);
        let expanded = match &of.words {
            Some(words) => self.expand_arguments(words, &mut expansion),
            None => {
                for value in &self.positional {
                    expansion.fields.push(value);
                }
                Ok(())
            }
        };
        self.loops += 1;
        let result = expanded.and_then(|()| self.for_rounds(of, &expansion));
        self.loops -= 1;
        self.give_back(expansion);
        result
    }

    fn for_rounds(&mut self, of: &For, expansion: &crate::expand::Expansion) -> Flow {
        self.status = 0;
        for index in 0..expansion.fields.len() {
            self.assign(of.variable, expansion.fields.get(index))?;
            let body = self.run(&of.body, false);
            if self.leaves_loop(body)? {
                break;
            }
        }
        Ok(())
    }

    fn case_command(&mut self, of: &Case, last: bool) -> Flow {
        self.line = of.line;
        let mut subject = self.take_expansion(crate::expand::Purpose::Single);
        let result = self.case_arms(of, &mut subject);
        self.give_back(subject);
        let Some(mut index) = result? else {
            self.status = 0;
            return Ok(());
        };
        // An arm without commands gives 0; `;&` goes on with the next.
        while let Some(arm) = of.arms.get(index) {
            match &arm.body {
                Some(body) => self.run(body, last && !arm.falls_through)?,
                None => self.status = 0,
            }
            if !arm.falls_through {
                break;
            }
            index += 1;
        }
        Ok(())
    }

    /// The first arm that matches.
    fn case_arms(&mut self, of: &Case, subject: &mut crate::expand::Expansion) -> Flow<Option<usize>> {
        self.expand_into(&of.subject, subject)?;
        for (index, arm) in of.arms.iter().enumerate() {
            for pattern in &arm.patterns {
                if self.matches_pattern(pattern, subject.text())? {
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    pub(crate) fn matches_pattern(&mut self, pattern: &Word, text: &[u8]) -> Flow<bool> {
        if let Some(literal) = pattern.as_literal() {
            return Ok(literal == text);
        }
        if let [crate::ast::Part::Text(pattern)] = pattern.parts() {
            return Ok(glob::matches(pattern, text));
        }
        let pattern = self.expand_pattern(pattern)?;
        Ok(glob::matches(&pattern, text))
    }
}
