//! substitute — `$(…)` and `<(…)`: output of commands as text, without a process where that makes no difference.

use crate::ast::{Command, ProcessSubstitution, Simple, Substitution};
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};

impl Shell {
    /// What the commands print, without the newlines at its end. Their exit status is kept.
    pub(super) fn substitute(&mut self, substitution: &Substitution) -> Flow<Vec<u8>> {
        let Some(body) = substitution.body.as_ref().filter(|_| !self.options.has(ShellOptions::NOEXEC))
        else {
            self.substitution_status = Some(0);
            return Ok(Vec::new());
        };
        // `$?` is that of the command before for the whole of this one.
        let before = self.status;
        let mut output = match body {
            Command::Simple(simple) => match self.substitute_simple(simple)? {
                Some(output) => output,
                None => self.substitute_forked(body)?,
            },
            // Its commands are children anyway, or change nothing.
            Command::Pipeline(pipeline)
                if pipeline.commands.len() > 1 && !self.options.has(ShellOptions::MONITOR) =>
            {
                let mut output = Vec::new();
                let line = self.line;
                let result = self.run_pipeline(pipeline, Some(&mut output));
                self.line = line;
                // What went wrong in a part of it has ended that part only.
                result?;
                output
            }
            _ => self.substitute_forked(body)?,
        };
        self.substitution_status = Some(self.status);
        self.status = before;
        if output.contains(&0) {
            output.retain(|&byte| byte != 0);
        }
        let end = output.iter().rposition(|&byte| byte != b'\n').map_or(0, |last| last + 1);
        output.truncate(end);
        Ok(output)
    }

    /// The output of a simple command if it needs no forked shell: a builtin that only prints, or a program.
    fn substitute_simple(&mut self, simple: &Simple) -> Flow<Option<Vec<u8>>> {
        if !simple.pure {
            return Ok(None);
        }
        if simple.words.is_empty() {
            return self.substitute_file(simple);
        }
        if !self.may_be_simple_child(simple) {
            return Ok(None);
        }
        let line = self.line;
        let result = self.capture_simple(simple);
        self.line = line;
        match result {
            Ok(output) => Ok(output),
            Err(Jump::Interrupt) => Err(Jump::Interrupt),
            // An error ends the substitution only.
            Err(_) => Ok(Some(Vec::new())),
        }
    }

    /// `$(<file)`.
    fn substitute_file(&mut self, simple: &Simple) -> Flow<Option<Vec<u8>>> {
        use crate::ast::RedirectKind;
        let ([], [redirect]) = (simple.assigns.as_slice(), simple.redirects.as_slice()) else {
            return Ok(None);
        };
        let (0, RedirectKind::Read(word)) = (redirect.fd, &redirect.kind) else { return Ok(None) };
        let path = self.expand_text(word)?;
        let opened = crate::exec::open_for_reading(&path, 0);
        let Some(fd) = self.or_cannot_open(&path, opened) else {
            self.status = 1;
            return Ok(Some(Vec::new()));
        };
        let output = self.read_all(fd)?;
        self.status = 0;
        Ok(Some(output))
    }

    fn substitute_forked(&mut self, body: &Command) -> Flow<Vec<u8>> {
        let (read_end, write_end) = self.pipe()?;
        let pid = self.fork(&mut |shell| {
            sys::descriptor::close(read_end);
            shell.move_descriptor(write_end, 1);
            shell.run(body, true)
        })?;
        sys::descriptor::close(write_end);
        self.take_output(read_end, pid)
    }

    /// Reads what a child prints and takes its status.
    pub(crate) fn take_output(&mut self, read_end: i32, pid: i32) -> Flow<Vec<u8>> {
        let output = self.read_all(read_end);
        let status = self.wait_for_pid(pid, true)?;
        let output = output?;
        self.status = status;
        Ok(output)
    }

    /// Everything up to the end of a pipe or file, which is then closed.
    pub(crate) fn read_all(&mut self, fd: i32) -> Flow<Vec<u8>> {
        let mut output = Vec::new();
        let mut block = [0; 4096];
        let mut result = Ok(());
        // An error ends it like the end of file.
        while result.is_ok()
            && let Ok(count @ 1..) = sys::fd::read(fd, &mut block)
        {
            if output.capacity() - output.len() < count {
                result = self.need(output.capacity() * 2);
            }
            if result.is_ok() {
                output.extend_from_slice(&block[..count]);
            }
        }
        sys::descriptor::close(fd);
        result.map(|()| output)
    }

    /// Starts `<(…)` or `>(…)` and gives the path that stands for it.
    pub(super) fn process_substitution(&mut self, process: &ProcessSubstitution) -> Flow<Vec<u8>> {
        if self.options.has(ShellOptions::NOEXEC) {
            return Ok(Vec::new());
        }
        let (read_end, write_end) = self.pipe()?;
        let (ours, theirs, target) =
            if process.output { (write_end, read_end, 0) } else { (read_end, write_end, 1) };
        self.fork(&mut |shell| {
            sys::descriptor::close(ours);
            shell.move_descriptor(theirs, target);
            shell.run(&process.body, true)
        })?;
        sys::descriptor::close(theirs);
        // A program that gets the path must find the descriptor open.
        let number = match sys::descriptor::duplicate_above(ours, 60) {
            Ok(high) => {
                sys::descriptor::close(ours);
                high
            }
            Err(_) => ours,
        };
        sys::descriptor::keep_on_exec(number);
        self.process_descriptors.push(number);
        Ok(format!("/dev/fd/{number}").into_bytes())
    }
}
