//! pipeline — commands whose output is the next one's input.

use sys::descriptor;
use sys::spawn::Action;

use super::process::Failed;
use super::redirect::Prepared;
use crate::ast::{Command, Pipeline, Simple};
use crate::commands::Target;
use crate::expand::Purpose;
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};

/// What became of one command of a pipeline.
enum Started {
    Process(i32),
    /// It could not be started, and counts as if it had ended so.
    Ended(i32),
}

impl Shell {
    pub(super) fn pipeline(&mut self, of: &Pipeline, last: bool) -> Flow {
        if let [only] = of.commands.as_slice() {
            if of.negated {
                self.run_unchecked(only)?;
                self.status = i32::from(self.status == 0);
                return Ok(());
            }
            return self.run(only, last);
        }
        self.run_pipeline(of, None)
    }

    /// Runs several commands, each reading what the one before prints, and takes the status of the whole. `kept` takes
    /// what the last one prints.
    pub(crate) fn run_pipeline(&mut self, of: &Pipeline, mut kept: Option<&mut Vec<u8>>) -> Flow {
        let before = self.status;
        let here = self.runs_filters() && !self.options.has(ShellOptions::XTRACE);
        let mut started = Vec::with_capacity(of.commands.len());
        let mut input: Option<i32> = None;
        let mut group = None;
        for (index, command) in of.commands.iter().enumerate() {
            let last = index + 1 == of.commands.len();
            let ready = group.is_none();
            // `$?` is that of the command before for all of them.
            self.status = before;
            if here
                && let Some(stage) = self.stage(command, ready, last, kept.is_some())
                && (index > 0 || !stage.is_filter())
                && let Some(output) = self.run_stage(&stage, &mut input)?
            {
                started.push(Started::Ended(self.status));
                match &mut kept {
                    Some(kept) if last => **kept = output,
                    _ if last => {}
                    _ => input = self.as_input(&output)?,
                }
                continue;
            }
            let ends = if !last || kept.is_some() { Some(self.pipe()?) } else { None };
            let one = self.start_in_pipeline(command, input, ends, group);
            if let Some(input) = input {
                descriptor::close(input);
            }
            if let Some((_, write_end)) = ends {
                descriptor::close(write_end);
            }
            input = ends.map(|(read_end, _)| read_end);
            match one {
                Ok(one) => {
                    if let Started::Process(pid) = one {
                        group.get_or_insert(pid);
                    }
                    started.push(one);
                }
                Err(jump) => {
                    if let Some(input) = input {
                        descriptor::close(input);
                    }
                    return Err(jump);
                }
            }
        }
        let output = if kept.is_some() { input.map(|read_end| self.read_all(read_end)) } else { None };
        let pids: Vec<i32> = started
            .iter()
            .filter_map(|one| match one {
                Started::Process(pid) => Some(*pid),
                Started::Ended(_) => None,
            })
            .collect();
        let waited = self.wait_foreground(&pids, &of.text)?;
        if let (Some(kept), Some(output)) = (kept, output) {
            *kept = output?;
        }
        let mut waited = waited.into_iter();
        let statuses = started.iter().map(|one| match one {
            Started::Process(_) => waited.next().unwrap_or(127),
            Started::Ended(status) => *status,
        });
        let (mut last, mut failed) = (0, 0);
        for status in statuses {
            last = status;
            failed = if status != 0 { status } else { failed };
        }
        self.status = if self.options.has(ShellOptions::PIPEFAIL) { failed } else { last };
        if of.negated {
            self.status = i32::from(self.status == 0);
        }
        Ok(())
    }

    /// A descriptor from which the next command reads `text`.
    fn as_input(&mut self, text: &[u8]) -> Flow<Option<i32>> {
        match self.prepare_here(0, text)? {
            Some(Prepared::Here { from, .. }) => Ok(Some(from)),
            _ => Err(Jump::Error),
        }
    }

    fn start_in_pipeline(
        &mut self,
        command: &Command,
        input: Option<i32>,
        output: Option<(i32, i32)>,
        group: Option<i32>,
    ) -> Flow<Started> {
        if let Command::Simple(simple) = command
            && simple.pure
            && !simple.words.is_empty()
            && let Some(started) = self.start_simple_in_pipeline(simple, input, output, group)?
        {
            return Ok(started);
        }
        let pid = self.fork_job(group, true, &mut |shell| {
            if let Some((read_end, _)) = output {
                descriptor::close(read_end);
            }
            if let Some(input) = input {
                shell.move_descriptor(input, 0);
            }
            if let Some((_, write_end)) = output {
                shell.move_descriptor(write_end, 1);
            }
            shell.run(command, true)
        })?;
        Ok(Started::Process(pid))
    }

    /// Starts a program without a forked shell in between; None if the command is something else.
    fn start_simple_in_pipeline(
        &mut self,
        simple: &Simple,
        input: Option<i32>,
        output: Option<(i32, i32)>,
        group: Option<i32>,
    ) -> Flow<Option<Started>> {
        let Some(name) = simple.name else { return Ok(None) };
        let text = self.names.text(name).to_vec();
        let Target::Path(path) = self.find_command(Some(name), &text) else { return Ok(None) };
        if !simple.assigns.is_empty() || self.options.has(ShellOptions::XTRACE) {
            return Ok(None);
        }
        self.line = simple.line;
        let mut expansion = self.take_expansion(Purpose::Fields);
        let mut extra = Vec::with_capacity(2);
        if let Some(from) = input {
            extra.push(Action::Duplicate { from, to: 0 });
        }
        if let Some((_, from)) = output {
            extra.push(Action::Duplicate { from, to: 1 });
        }
        let started = self
            .expand_arguments(&simple.words, &mut expansion)
            .and_then(|()| self.start(&path, &expansion.fields, &simple.redirects, &extra, group, true));
        self.give_back(expansion);
        match started {
            Ok(Ok(pid)) => Ok(Some(Started::Process(pid))),
            Ok(Err(Failed::Script)) => Ok(None),
            Ok(Err(Failed::Status(status))) => Ok(Some(Started::Ended(status))),
            // An error in a part of a pipeline ends that part.
            Err(Jump::Error | Jump::Exit) => Ok(Some(Started::Ended(self.status))),
            Err(jump) => Err(jump),
        }
    }
}
