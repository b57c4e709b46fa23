//! filter — what runs in the shell's own process although others would fork: applets that read and write, and parts of
//! pipelines.
//!
//! A child differs from the shell in what ends it (a signal that the shell catches, a pipe that nobody reads), in what it
//! can change, and in that it runs beside others. Where none of that can be noticed, a fork is saved.
//!
//! One difference is accepted: an applet that needs more memory than there is ends the process (`sys::allocator`), which
//! here is the shell. Linux seldom refuses memory; it kills a process that grew too large. What refuses is a limit that the
//! script set itself (`ulimit -v`), and most applets keep a line at a time; what a part of a pipeline reads as a whole before
//! the next begins is bounded by `FILE_MOST`.

use std::os::unix::ffi::OsStrExt;

use cli::applet::{Applet, Process};
use sys::catch::{self, Disposition};
use sys::descriptor;
use sys::strings::Strings;

use super::redirect::{Prepared, SavedDescriptors};
use crate::ast::{Command, Redirect, RedirectKind, Simple};
use crate::commands::Target;
use crate::expand::{Expansion, Purpose};
use crate::options::ShellOptions;
use crate::shell::{Flow, Jump, Shell};
use crate::trap::SIGPIPE;

/// The longest file that a part of a pipeline reads as a whole before the next part begins.
const FILE_MOST: u64 = 1 << 20;

/// A part of a pipeline that runs here.
pub(super) struct Stage<'a> {
    simple: &'a Simple,
    target: Target,
    /// Its output is kept.
    captured: bool,
    /// Others read what it prints only when it has ended.
    ahead: bool,
}

impl Stage<'_> {
    /// Whether it reads its standard input.
    pub(super) fn is_filter(&self) -> bool {
        matches!(self.target, Target::Filter(_))
    }
}

impl Shell {
    /// Whether filters may run in this process: a signal that ends a child would end the shell, too.
    pub(crate) fn runs_filters(&self) -> bool {
        !self.options.has(ShellOptions::INTERACTIVE)
            && !self.options.has(ShellOptions::MONITOR)
            && !self.traps.catches()
    }

    /// Runs an applet in this process and goes on behind it.
    pub(crate) fn run_applet_here(
        &mut self,
        applet: &'static Applet,
        redirects: &[Redirect],
        arguments: &Strings,
    ) -> Flow {
        let Some(saved) = self.redirect(redirects)? else {
            self.status = 1;
            return Ok(());
        };
        // A pipe that nobody reads would end the child.
        let guarded = applet.process == Process::Filter
            && !self.out.is_captured()
            && descriptor::is_pipe(1)
            && catch::disposition(SIGPIPE) == Some(Disposition::Default)
            && catch::set(SIGPIPE, Disposition::Ignored).is_ok();
        self.status = self.run_applet(applet, arguments, guarded);
        if guarded {
            // It was the default before.
            let _ = catch::set(SIGPIPE, Disposition::Default);
        }
        self.restore_descriptors(saved);
        self.jobs.update();
        Ok(())
    }

    /// The part of a pipeline if it can run here. `ready`: the parts before it have ended. `last`: none follows.
    pub(super) fn stage<'a>(
        &mut self,
        command: &'a Command,
        ready: bool,
        last: bool,
        captured: bool,
    ) -> Option<Stage<'a>> {
        let Command::Simple(simple) = command else { return None };
        if !(ready || last) || !simple.pure || !simple.assigns.is_empty() || simple.words.is_empty() {
            return None;
        }
        let captured = captured || !last;
        if captured && !keeps_output(&simple.redirects) {
            return None;
        }
        let name = simple.name?;
        let text = self.names.text(name).to_vec();
        let target = self.find_command(Some(name), &text);
        let fits = match &target {
            Target::Builtin(builtin) => builtin.prints_only && builtin.name != "command",
            Target::Same(_) | Target::Filter(_) => true,
            _ => false,
        };
        fits.then_some(Stage { simple, target, captured, ahead: !last })
    }

    /// Runs it with `input` as its standard input, and gives what it printed if that is kept. None: it must be forked after
    /// all; nothing has been done, and `input` is still there.
    pub(super) fn run_stage(&mut self, stage: &Stage<'_>, input: &mut Option<i32>) -> Flow<Option<Vec<u8>>> {
        let mut expansion = self.take_expansion(Purpose::Fields);
        self.line = stage.simple.line;
        let result = self.run_stage_expanded(stage, input, &mut expansion);
        self.give_back(expansion);
        match result {
            // An error in a part of a pipeline ends that part.
            Err(Jump::Error | Jump::Exit) => {
                if let Some(input) = input.take() {
                    descriptor::close(input);
                }
                Ok(Some(Vec::new()))
            }
            other => other,
        }
    }

    fn run_stage_expanded(
        &mut self,
        stage: &Stage<'_>,
        input: &mut Option<i32>,
        expansion: &mut Expansion,
    ) -> Flow<Option<Vec<u8>>> {
        self.expand_arguments(&stage.simple.words, expansion)?;
        let arguments = &expansion.fields;
        if let Target::Filter(applet) = &stage.target
            && (stage.captured && names_device(arguments)
                || stage.ahead && (!reads_little(arguments) || may_not_end(applet, arguments)))
        {
            return Ok(None);
        }
        self.out.flush();
        self.read_ahead.give_back();
        let mut saved = SavedDescriptors::new();
        if let Some(from) = input.take() {
            self.apply(&Prepared::Here { fd: 0, from }, Some(&mut saved));
        }
        let output = self.run_here(&stage.target, &stage.simple.redirects, arguments, stage.captured);
        self.restore_descriptors(saved);
        output.map(Some)
    }

    /// Runs a builtin or an applet in this process; what it prints if that is `captured`.
    #[inline(never)]
    pub(super) fn run_here(
        &mut self,
        target: &Target,
        redirects: &[Redirect],
        arguments: &Strings,
        captured: bool,
    ) -> Flow<Vec<u8>> {
        let before = captured.then(|| self.out.begin_capture());
        let result = match target {
            Target::Builtin(builtin) => self.run_redirected_builtin(redirects, builtin, arguments),
            Target::Same(applet) | Target::Filter(applet) => {
                self.run_applet_here(applet, redirects, arguments)
            }
            _ => Ok(()),
        };
        let output = before.map(|before| self.out.end_capture(before)).unwrap_or_default();
        result.map(|()| output)
    }
}

/// Whether redirections leave standard output alone, and send nothing there: it can be kept then.
pub(super) fn keeps_output(redirects: &[Redirect]) -> bool {
    redirects.iter().all(|redirect| {
        redirect.fd == 2
            && matches!(
                redirect.kind,
                RedirectKind::Write(_) | RedirectKind::Clobber(_) | RedirectKind::Append(_)
            )
    })
}

/// Whether an argument may be the standard output by name, which is not what it would be in a child.
pub(super) fn names_device(arguments: &Strings) -> bool {
    let is_named = |text: &[u8], name: &[u8]| text.windows(name.len()).any(|part| part == name);
    arguments
        .iter()
        .any(|text| text.contains(&b'/') && (is_named(text, b"/dev/") || is_named(text, b"/proc/")))
}

/// Whether what it prints may have no end, although its input has one: only a pipe that nobody reads any more stops it then.
fn may_not_end(applet: &Applet, arguments: &Strings) -> bool {
    match applet.name {
        "sed" => arguments.iter().skip(1).any(|text| {
            // Labels and `D` make loops, and a script from a file may have either.
            let is_command = |before: Option<&u8>| {
                before.is_none_or(|byte| byte.is_ascii_whitespace() || b";{}!$/0123456789".contains(byte))
            };
            text.first() == Some(&b'-') && text.contains(&b'f')
                || (0..text.len()).any(|at| {
                    matches!(text[at], b':' | b'D')
                        && is_command(at.checked_sub(1).and_then(|at| text.get(at)))
                })
        }),
        "seq" => true,
        _ => false,
    }
}

/// Whether all arguments that are files end soon.
fn reads_little(arguments: &Strings) -> bool {
    arguments.iter().skip(1).all(|text| {
        match std::fs::metadata(std::path::Path::new(std::ffi::OsStr::from_bytes(text))) {
            Ok(metadata) => metadata.is_file() && metadata.len() <= FILE_MOST,
            Err(_) => true,
        }
    })
}
