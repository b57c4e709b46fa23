//! apply — scripts run and files take their places, package by package.

use super::*;

impl Run<'_, '_> {
    /// Scripts run and files take their places, package by package.
    pub(super) fn apply(
        &mut self,
        stage: &mut Stage<'_>,
        plan: &Plan,
        work: &mut [Work],
        total: usize,
    ) -> Result {
        for (index, work) in work.iter_mut().enumerate() {
            (self.say)(Event::Begin(work.number));
            if let Some(new) = &mut work.new {
                self.arrive(stage, plan, index, work.old, new);
            } else if let Some(old) = work.old {
                self.go(stage, plan, index, old);
            }
            if plan.package(index).1 {
                // Whether its scripts ran is all that the steps themselves do not tell.
                stage.journal.is_whole(index)?;
            }
            (self.say)(Event::Progress { done: index + 1, total });
        }
        Ok(())
    }

    pub(super) fn arrive(
        &mut self,
        stage: &mut Stage<'_>,
        plan: &Plan,
        index: usize,
        old: Option<usize>,
        new: &mut Arrived,
    ) {
        let mut arguments = vec![new.version.clone()];
        if let Some(old) = old {
            let record = &self.database.installed.packages()[old];
            arguments.push(self.database.installed.version(record).to_vec());
        }
        let (before, after) = match old {
            Some(_) => (Script::PreUpgrade, Script::PostUpgrade),
            None => (Script::PreInstall, Script::PostInstall),
        };
        let mut flags = new.staged.flags;
        let scripts = std::mem::take(&mut new.staged.scripts);
        if self.run_new(&scripts, before, new, &arguments, &mut flags)
            && stage.own_again(&new.name, &mut new.staged)
        {
            let mut lines = self.installed.lines(&self.installed.packages()[new.position]);
            lines.files = new.staged.lines();
            self.installed.put(Some(new.position), &lines);
            self.is_as_planned = false;
        }
        for path in &new.staged.listed {
            (self.say)(Event::Path(path));
        }
        for complaint in &new.staged.complaints {
            match complaint {
                Complaint::Warning(text) => (self.say)(Event::Warning(text)),
                Complaint::Error(text) => (self.say)(Event::Error(text)),
            }
        }
        if !scripts.is_empty() {
            stage.folders.forget();
        }
        self.place(stage, plan, index, &new.full_name, &mut flags);
        if self.run_new(&scripts, after, new, &arguments, &mut flags) {
            stage.folders.forget();
        }
        if new.position != usize::MAX && self.installed.set_flags(new.position, flags) {
            self.is_as_planned = false;
        }
    }

    /// Runs one of a new package's scripts. True if it has it and scripts run at all.
    pub(super) fn run_new(
        &mut self,
        scripts: &[(Script, Vec<u8>)],
        script: Script,
        new: &Arrived,
        arguments: &[Vec<u8>],
        flags: &mut Flags,
    ) -> bool {
        let Some((_, text)) = scripts.iter().find(|(own, _)| *own == script) else { return false };
        if !self.settings.scripts {
            return false;
        }
        if !self.run_script(&new.full_name, &new.name, script, text, arguments, true) {
            flags.broken_script = true;
        }
        true
    }

    pub(super) fn place(
        &mut self,
        stage: &mut Stage<'_>,
        plan: &Plan,
        index: usize,
        full_name: &[u8],
        flags: &mut Flags,
    ) {
        let say = &mut *self.say;
        plan.execute(index, &mut stage.folders, self.settings.keep, &mut |notice| match notice {
            Notice::NewBeside(path) => say(Event::NewBeside(path)),
            Notice::Removed(path) => say(Event::Path(path)),
            Notice::Failed(path, error) => {
                let reason = sys::error::text(&error).to_string();
                let text = [full_name, b": failed to commit ", path, b": ", reason.as_bytes()].concat();
                say(Event::Error(&text));
                flags.broken_files = true;
            }
        });
    }

    pub(super) fn go(&mut self, stage: &mut Stage<'_>, plan: &Plan, index: usize, old: usize) {
        let installed = &self.database.installed;
        let record = &installed.packages()[old];
        let full_name = installed.full_name(record);
        let name = installed.name(record).to_vec();
        let arguments = vec![installed.version(record).to_vec()];
        let stored = match (self.settings.scripts, installed.identity(record)) {
            (true, Some(identity)) => {
                let stored = self.database.read_scripts().unwrap_or_default();
                stored.into_iter().filter(|stored| stored.identity == identity).collect()
            }
            _ => Vec::new(),
        };
        let run = |this: &mut Self, script: Script| {
            if let Some(stored) = stored.iter().find(|stored| stored.script == script) {
                this.run_script(&full_name, &name, script, &stored.text, &arguments, true);
            }
        };
        run(self, Script::PreDeinstall);
        if !stored.is_empty() {
            stage.folders.forget();
        }
        let mut flags = Flags::default();
        self.place(stage, plan, index, &full_name, &mut flags);
        run(self, Script::PostDeinstall);
        if !stored.is_empty() {
            stage.folders.forget();
        }
    }

    pub(super) fn run_script(
        &mut self,
        full_name: &[u8],
        name: &[u8],
        script: Script,
        text: &[u8],
        arguments: &[Vec<u8>],
        in_step: bool,
    ) -> bool {
        (self.say)(Event::Script { package: full_name, script, in_step });
        let program_name = [full_name, b".", script.name().as_bytes()].concat();
        let program = Program {
            name: &program_name,
            script: script.name(),
            package: name,
            text: Some(text),
            arguments,
        };
        let say = &mut *self.say;
        let result =
            self.settings.runner.run(&self.database.root, &program, &mut |stream: Stream, text: &[u8]| {
                say(Event::Line { stream, text, in_step });
            });
        if let Err(reason) = &result {
            let text = [b"lib/apk/exec/", &program_name[..], b": ", reason.as_bytes()].concat();
            (self.say)(Event::Error(&text));
        }
        result.is_ok()
    }

    pub(super) fn run_triggers(&mut self) {
        if !self.settings.scripts {
            return;
        }
        for fired in trigger::fired(&self.installed, &self.triggers, &self.fresh, &self.touched) {
            let found = self
                .scripts
                .iter()
                .find(|stored| stored.identity == fired.identity && stored.script == Script::Trigger);
            let Some(text) = found.map(|stored| stored.text.clone()) else { continue };
            let record = &self.installed.packages()[fired.position];
            let (full_name, name) = (self.installed.full_name(record), self.installed.name(record).to_vec());
            if !self.run_script(&full_name, &name, Script::Trigger, &text, &fired.folders, false) {
                // The package is whole: as with the reference, the database does not say so.
                self.failed_triggers += 1;
            }
        }
    }
}
