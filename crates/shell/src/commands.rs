//! commands — what a command's name means: function, builtin, applet or program, remembered by name.
//!
//! Source: POSIX.1-2024 XCU 2.9.1.4.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use cli::applet::{Applet, Process};

use crate::ast::Function;
use crate::builtins::{self, Builtin};
use crate::name::{self, Name};
use crate::shell::Shell;

/// What a name means.
#[derive(Clone)]
pub(crate) enum Target {
    Function(Rc<Function>),
    Builtin(&'static Builtin),
    /// An applet that runs in this process.
    Same(&'static Applet),
    /// An applet that may run in this process (see `exec/filter.rs`).
    Filter(&'static Applet),
    /// An applet that runs in a forked child.
    Fork(&'static Applet),
    /// A program, to be executed. `linked`: it is this program by another name.
    Path(Rc<CStr>),
    Missing,
}

/// Finds an applet by name.
type Applets = fn(&[u8]) -> Option<&'static Applet>;

#[derive(Default)]
pub(crate) struct Commands {
    /// By the number of the name. Functions are not in it.
    cache: Vec<Option<Target>>,
    /// Names whose entry came from PATH.
    hashed: Vec<Name>,
    registered: Vec<&'static [Builtin]>,
    applets: Option<Applets>,
    /// The device and inode of this program, once it was asked for.
    own_file: Option<Option<(u64, u64)>>,
    /// Names that had a value of the shell's own until they were unset.
    pub(crate) plain: Vec<Name>,
}

impl Commands {
    pub(crate) fn register(&mut self, builtins: &'static [Builtin]) {
        self.registered.push(builtins);
        self.cache.clear();
    }

    /// Takes over what a host made known to another shell.
    pub(crate) fn copy_host(&mut self, from: &Commands) {
        self.registered = from.registered.clone();
        self.applets = from.applets;
    }

    pub(crate) fn set_applets(&mut self, applets: Applets) {
        self.applets = Some(applets);
        self.cache.clear();
    }

    /// PATH has another value: programs must be looked for again.
    pub(crate) fn forget_paths(&mut self) {
        for name in self.hashed.drain(..) {
            if let Some(entry) = self.cache.get_mut(name.index()) {
                *entry = None;
            }
        }
    }

    /// The programs that are remembered.
    pub(crate) fn hashed(&self) -> impl Iterator<Item = (Name, &CStr)> {
        self.hashed.iter().filter_map(|&name| match self.cache.get(name.index()) {
            Some(Some(Target::Path(path))) => Some((name, &**path)),
            _ => None,
        })
    }

    fn remember(&mut self, name: Name, target: &Target) {
        let index = name.index();
        if index >= self.cache.len() {
            self.cache.resize(index + 1, None);
        }
        self.cache[index] = Some(target.clone());
        if !matches!(target, Target::Builtin(_)) {
            self.hashed.push(name);
        }
    }

    /// The builtin of that name: the host's before the shell's own.
    pub(crate) fn builtin(&self, text: &[u8]) -> Option<&'static Builtin> {
        let registered = self.registered.iter().rev().flat_map(|table| table.iter());
        let mut own = registered.filter(|builtin| builtin.name.as_bytes() == text);
        own.next().or_else(|| builtins::find(text))
    }

    pub(crate) fn applet(&self, text: &[u8]) -> Option<&'static Applet> {
        self.applets.and_then(|find| find(text))
    }

    /// Whether the file is this program, whatever it is called.
    fn is_own_file(&mut self, path: &CStr) -> bool {
        let own = *self.own_file.get_or_insert_with(|| identity(b"/proc/self/exe"));
        own.is_some() && own == identity(path.to_bytes())
    }

    /// The applet that `path` starts if it is a link to this program.
    fn applet_of(&mut self, text: &[u8], path: &CStr) -> Option<&'static Applet> {
        let applet = self.applet(text)?;
        (applet.process != Process::New && self.is_own_file(path)).then_some(applet)
    }
}

impl Shell {
    /// What `text` means as a command's name; `name` is its number where that is known.
    #[inline]
    pub(crate) fn find_command(&mut self, name: Option<Name>, text: &[u8]) -> Target {
        let name = match name {
            Some(name) => name,
            None if text.contains(&b'/') => return self.find_program(text),
            None => self.names.intern(text),
        };
        let cached = self.commands.cache.get(name.index()).and_then(Option::as_ref);
        if let Some(Some(function)) = self.functions.get(name.index())
            && !matches!(cached, Some(Target::Builtin(builtin)) if builtin.special)
        {
            return Target::Function(Rc::clone(function));
        }
        match cached {
            Some(target) => target.clone(),
            None => self.find_new_command(name, text),
        }
    }

    #[cold]
    fn find_new_command(&mut self, name: Name, text: &[u8]) -> Target {
        if let Some(builtin) = self.commands.builtin(text) {
            let target = Target::Builtin(builtin);
            self.commands.remember(name, &target);
            return target;
        }
        let target = self.find_program(text);
        if !matches!(target, Target::Missing) && !text.contains(&b'/') {
            self.commands.remember(name, &target);
        }
        target
    }

    /// The program of that name by PATH, or by itself where it has a slash.
    pub(crate) fn find_program(&mut self, text: &[u8]) -> Target {
        if text.contains(&b'/') {
            return CString::new(text).map_or(Target::Missing, |path| Target::Path(path.into()));
        }
        let path = self.variables.get(name::PATH).unwrap_or(b"").to_vec();
        if let Some(found) = search(&path, text) {
            return match self.commands.applet_of(text, &found) {
                Some(applet) => as_applet(applet, &found),
                None => Target::Path(found.into()),
            };
        }
        // Without any links there is still this program itself: what a rescue shell lives on.
        match self.commands.applet(text) {
            Some(applet) => match applet.process {
                Process::Same => Target::Same(applet),
                Process::Filter => Target::Filter(applet),
                Process::Fork | Process::New => Target::Fork(applet),
            },
            // A file that may not be executed is tried all the same: that is another error than having none.
            None => match search_for(&path, text, is_file) {
                Some(found) => Target::Path(found.into()),
                None => Target::Missing,
            },
        }
    }
}

fn as_applet(applet: &'static Applet, path: &CStr) -> Target {
    match applet.process {
        Process::Same => Target::Same(applet),
        Process::Filter => Target::Filter(applet),
        Process::Fork => Target::Fork(applet),
        Process::New => Target::Path(path.into()),
    }
}

/// The first executable file of that name in the directories of `path`.
pub(crate) fn search(path: &[u8], text: &[u8]) -> Option<CString> {
    search_for(path, text, |candidate| sys::job::may_access(candidate, 1) && is_file(candidate))
}

fn search_for(path: &[u8], text: &[u8], is_it: fn(&CStr) -> bool) -> Option<CString> {
    if text.is_empty() {
        return None;
    }
    for directory in path.split(|&byte| byte == b':') {
        let mut candidate = directory.to_vec();
        if !candidate.is_empty() {
            candidate.push(b'/');
        }
        candidate.extend_from_slice(text);
        let Ok(candidate) = CString::new(candidate) else { return None };
        if is_it(&candidate) {
            return Some(candidate);
        }
    }
    None
}

/// The device and inode of a file.
pub(crate) fn identity(path: &[u8]) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(OsStr::from_bytes(path)).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

pub(crate) fn is_file(path: &CStr) -> bool {
    std::fs::metadata(OsStr::from_bytes(path.to_bytes())).is_ok_and(|metadata| metadata.is_file())
}

/// Whether there is a file of any kind.
pub(crate) fn exists(path: &CStr) -> bool {
    sys::job::may_access(path, 0)
}
