//! redirect — descriptors for a command, and back again.
//!
//! Source: POSIX.1-2024 XCU 2.7.

use std::ffi::CString;
use std::io;

use sys::descriptor::{self, APPEND, CREATE, EXCLUSIVE, READ, READ_WRITE, TRUNCATE, WRITE};
use sys::spawn::Action;

use crate::ast::{Redirect, RedirectKind, Word};
use crate::options::ShellOptions;
use crate::shell::{Flow, Shell};

/// Descriptors below this number are the script's; the shell keeps its own above.
const OWN_LOWEST: i32 = 10;

/// What was behind the descriptors before: a copy, or None where they were closed.
pub(crate) type SavedDescriptors = Vec<(i32, Option<i32>)>;

/// A redirection with its words expanded.
pub(crate) enum Prepared {
    Open {
        fd: i32,
        path: CString,
        flags: i32,
    },
    /// Standard output and error alike.
    Both {
        path: CString,
        flags: i32,
    },
    Duplicate {
        fd: i32,
        from: i32,
    },
    Close {
        fd: i32,
    },
    /// A descriptor of ours with a here-document in it, which is closed behind it.
    Here {
        fd: i32,
        from: i32,
    },
}

impl Prepared {
    /// Whether that descriptor is given another meaning.
    fn takes(&self, number: i32) -> bool {
        match self {
            Prepared::Open { fd, .. }
            | Prepared::Duplicate { fd, .. }
            | Prepared::Close { fd }
            | Prepared::Here { fd, .. } => *fd == number,
            Prepared::Both { .. } => false,
        }
    }
}

/// Opens a file for reading, with other `flags` for open(2), to be closed by exec.
pub(crate) fn open_for_reading(path: &[u8], flags: i32) -> io::Result<i32> {
    let path = CString::new(path).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    descriptor::open(&path, READ | descriptor::CLOSE_ON_EXEC | flags, 0)
}

impl Shell {
    /// The descriptor, or None with "can't open FILE: why" reported.
    pub(crate) fn or_cannot_open(&mut self, path: &[u8], opened: io::Result<i32>) -> Option<i32> {
        match opened {
            Ok(fd) => Some(fd),
            Err(error) => {
                self.cannot_open(path, false, &error);
                None
            }
        }
    }

    #[cold]
    pub(super) fn cannot_open(&mut self, path: &[u8], create: bool, error: &io::Error) {
        let what: &[u8] = if create { b"can't create " } else { b"can't open " };
        let why: &[u8] = match error.kind() {
            io::ErrorKind::NotFound if create => b"nonexistent directory",
            io::ErrorKind::NotFound => b"no such file",
            _ => return self.report_error(&[what, path], error),
        };
        self.report(&[what, path, b": ", why]);
    }

    /// Expands redirections. None: one cannot be done, which has been reported.
    pub(super) fn prepare_redirects(&mut self, redirects: &[Redirect]) -> Flow<Option<Vec<Prepared>>> {
        let mut prepared = Vec::with_capacity(redirects.len());
        for redirect in redirects {
            match self.prepare_redirect(redirect)? {
                Some(one) => prepared.push(one),
                None => {
                    close_prepared(&prepared);
                    return Ok(None);
                }
            }
        }
        Ok(Some(prepared))
    }

    fn prepare_redirect(&mut self, redirect: &Redirect) -> Flow<Option<Prepared>> {
        let fd = redirect.fd;
        Ok(match &redirect.kind {
            RedirectKind::Read(word) => self.prepare_open(fd, word, READ)?,
            RedirectKind::Write(word) => {
                let noclobber = self.options.has(ShellOptions::NOCLOBBER);
                let flags = WRITE | CREATE | if noclobber { EXCLUSIVE } else { TRUNCATE };
                self.prepare_open(fd, word, flags)?
            }
            RedirectKind::Clobber(word) => self.prepare_open(fd, word, WRITE | CREATE | TRUNCATE)?,
            RedirectKind::Append(word) => self.prepare_open(fd, word, WRITE | CREATE | APPEND)?,
            RedirectKind::ReadWrite(word) => self.prepare_open(fd, word, READ_WRITE | CREATE)?,
            RedirectKind::Both { word, append } => {
                let flags = WRITE | CREATE | if *append { APPEND } else { TRUNCATE };
                match self.prepare_open(1, word, flags)? {
                    Some(Prepared::Open { path, flags, .. }) => Some(Prepared::Both { path, flags }),
                    other => other,
                }
            }
            RedirectKind::Duplicate(word) => self.prepare_duplicate(fd, word)?,
            RedirectKind::Here(here) => {
                let text = match here.body.get() {
                    Some(body) => self.expand_text(body)?,
                    None => Vec::new(),
                };
                self.prepare_here(fd, &text)?
            }
            RedirectKind::HereString(word) => {
                let mut text = self.expand_text(word)?;
                text.push(b'\n');
                self.prepare_here(fd, &text)?
            }
        })
    }

    fn prepare_open(&mut self, fd: i32, word: &Word, mut flags: i32) -> Flow<Option<Prepared>> {
        let text = self.expand_text(word)?;
        let Ok(path) = CString::new(text) else {
            self.report(&[b"can't open: file name with a NUL"]);
            return Ok(None);
        };
        // `set -C` protects regular files: anything else that exists is opened as it is.
        if flags & EXCLUSIVE != 0 && crate::commands::exists(&path) && !crate::commands::is_file(&path) {
            flags &= !EXCLUSIVE;
        }
        Ok(Some(Prepared::Open { fd, path, flags }))
    }

    fn prepare_duplicate(&mut self, fd: i32, word: &Word) -> Flow<Option<Prepared>> {
        let text = self.expand_text(word)?;
        if text == b"-" {
            return Ok(Some(Prepared::Close { fd }));
        }
        match crate::builtins::number(&text) {
            Some(from) => Ok(Some(Prepared::Duplicate { fd, from })),
            None => {
                self.report(&[&text, b": bad file descriptor"]);
                Ok(None)
            }
        }
    }

    /// A descriptor from which `text` can be read.
    pub(super) fn prepare_here(&mut self, fd: i32, text: &[u8]) -> Flow<Option<Prepared>> {
        // What surely fits in a pipe goes into one; anything longer into a file in memory.
        let opened = if text.len() <= 4096 {
            descriptor::pipe().and_then(|(read_end, write_end)| {
                let written = sys::fd::write_all(write_end, text);
                descriptor::close(write_end);
                written.map(|()| read_end)
            })
        } else {
            descriptor::memory_file().and_then(|file| {
                sys::fd::write_all(file, text).and_then(|()| descriptor::rewind(file)).map(|()| file)
            })
        };
        match opened {
            Ok(from) => Ok(Some(Prepared::Here { fd, from })),
            Err(error) => {
                self.report_error(&[b"can't make a here-document"], &error);
                Ok(None)
            }
        }
    }

    /// Does redirections in this process. None: one failed, which has been reported; nothing is changed then.
    pub(crate) fn redirect(&mut self, redirects: &[Redirect]) -> Flow<Option<SavedDescriptors>> {
        self.out.flush();
        self.read_ahead.give_back();
        let mut saved = SavedDescriptors::new();
        // One by one: a later word may read what an earlier one opened.
        for redirect in redirects {
            let prepared = match self.prepare_redirect(redirect) {
                Ok(Some(prepared)) => prepared,
                Ok(None) => {
                    self.restore_descriptors(saved);
                    return Ok(None);
                }
                Err(jump) => {
                    self.restore_descriptors(saved);
                    return Err(jump);
                }
            };
            if !self.apply(&prepared, Some(&mut saved)) {
                self.restore_descriptors(saved);
                return Ok(None);
            }
        }
        Ok(Some(saved))
    }

    /// Does one redirection; false: it failed, which has been reported.
    pub(super) fn apply(&mut self, prepared: &Prepared, mut saved: Option<&mut SavedDescriptors>) -> bool {
        let script = self.script.get();
        if prepared.takes(script)
            && let Ok(elsewhere) = descriptor::duplicate_above(script, script + 1)
        {
            descriptor::close(script);
            self.script.set(elsewhere);
        }
        match prepared {
            Prepared::Open { fd, path, flags } => self.open_onto(*fd, path, *flags, saved),
            Prepared::Both { path, flags } => {
                if !self.open_onto(1, path, *flags, saved.as_deref_mut()) {
                    return false;
                }
                save(2, saved);
                descriptor::duplicate_to(1, 2).is_ok()
            }
            Prepared::Duplicate { fd, from } => {
                if !descriptor::is_open(*from) || is_own(*from, saved.as_deref()) {
                    self.report(&[format!("dup2({from},{fd}): Bad file descriptor").as_bytes()]);
                    return false;
                }
                if fd != from {
                    save(*fd, saved);
                    return descriptor::duplicate_to(*from, *fd).is_ok();
                }
                true
            }
            Prepared::Close { fd } => {
                save(*fd, saved);
                descriptor::close(*fd);
                true
            }
            Prepared::Here { fd, from } => {
                save(*fd, saved);
                let done = descriptor::duplicate_to(*from, *fd).is_ok();
                if fd != from {
                    descriptor::close(*from);
                }
                done
            }
        }
    }

    fn open_onto(
        &mut self,
        fd: i32,
        path: &CString,
        flags: i32,
        saved: Option<&mut SavedDescriptors>,
    ) -> bool {
        match descriptor::open(path, flags | descriptor::CLOSE_ON_EXEC, 0o666) {
            Ok(opened) => {
                if opened == fd {
                    // It was closed before, and must outlive exec now.
                    if let Some(saved) = saved {
                        saved.push((fd, None));
                    }
                    descriptor::keep_on_exec(fd);
                    return true;
                }
                save(fd, saved);
                let done = descriptor::duplicate_to(opened, fd);
                descriptor::close(opened);
                if let Err(error) = &done {
                    self.report_error(&[fd.to_string().as_bytes()], error);
                }
                done.is_ok()
            }
            Err(error) => {
                self.cannot_open(path.to_bytes(), flags & CREATE != 0, &error);
                false
            }
        }
    }

    /// Does prepared redirections for good: in a process that will become a program.
    pub(super) fn redirect_for_good(&mut self, redirects: &[Redirect]) -> Flow<bool> {
        self.out.flush();
        self.read_ahead.give_back();
        for redirect in redirects {
            let Some(prepared) = self.prepare_redirect(redirect)? else { return Ok(false) };
            if !self.apply(&prepared, None) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn restore_descriptors(&mut self, saved: SavedDescriptors) {
        if saved.is_empty() {
            return;
        }
        self.out.flush();
        self.read_ahead.give_back();
        for (fd, copy) in saved.into_iter().rev() {
            match copy {
                Some(copy) => {
                    // The copy came from this number, so it can go back there.
                    let _ = descriptor::duplicate_to(copy, fd);
                    descriptor::close(copy);
                }
                None => descriptor::close(fd),
            }
        }
    }

    /// `exec` without a command: the redirections stay.
    pub(super) fn keep_descriptors(&mut self, saved: SavedDescriptors) {
        for (_, copy) in saved {
            if let Some(copy) = copy {
                descriptor::close(copy);
            }
        }
    }

    /// Reports why a redirection of a started program failed.
    #[cold]
    pub(super) fn action_failed(&mut self, prepared: &[Prepared], index: usize, error: &io::Error) {
        match prepared.get(index) {
            Some(Prepared::Open { path, flags, .. } | Prepared::Both { path, flags }) => {
                self.cannot_open(path.to_bytes(), flags & CREATE != 0, error);
            }
            Some(Prepared::Duplicate { fd, from }) => {
                self.report_error(&[format!("dup2({from},{fd})").as_bytes()], error);
            }
            _ => self.report(&[sys::error::text(error).as_bytes()]),
        }
    }
}

/// The redirections as a child does them before it becomes a program. `which` tells for each action the redirection.
pub(super) fn actions<'a>(prepared: &'a [Prepared], which: &mut Vec<usize>) -> Vec<Action<'a>> {
    let mut actions = Vec::with_capacity(prepared.len());
    for (index, one) in prepared.iter().enumerate() {
        match one {
            Prepared::Open { fd, path, flags } => {
                actions.push(Action::Open { path, flags: *flags, mode: 0o666, fd: *fd });
            }
            Prepared::Both { path, flags } => {
                actions.push(Action::Open { path, flags: *flags, mode: 0o666, fd: 1 });
                which.push(index);
                actions.push(Action::Duplicate { from: 1, to: 2 });
            }
            Prepared::Duplicate { fd, from } | Prepared::Here { fd, from } => {
                actions.push(Action::Duplicate { from: *from, to: *fd });
            }
            Prepared::Close { fd } => actions.push(Action::Close(*fd)),
        }
        which.push(index);
    }
    actions
}

/// Closes the descriptors that prepared here-documents hold.
pub(super) fn close_prepared(prepared: &[Prepared]) {
    for one in prepared {
        if let Prepared::Here { from, .. } = one {
            descriptor::close(*from);
        }
    }
}

/// Keeps what is behind `fd` above the script's numbers; the first time counts.
fn save(fd: i32, saved: Option<&mut SavedDescriptors>) {
    let Some(saved) = saved else { return };
    if saved.iter().any(|&(known, _)| known == fd) {
        return;
    }
    saved.push((fd, descriptor::duplicate_above(fd, OWN_LOWEST).ok()));
}

/// Whether a descriptor is a copy that the shell keeps for itself.
fn is_own(fd: i32, saved: Option<&SavedDescriptors>) -> bool {
    saved.is_some_and(|saved| saved.iter().any(|&(_, copy)| copy == Some(fd)))
}
