//! builtins — the commands that are part of the shell, one file each or one for a family.

mod alias;
mod cd;
mod control;
mod declare;
mod fc;
mod find;
mod getopts;
mod jobs;
mod limits;
mod print;
mod read;
mod set;
pub(crate) mod test;
mod trap;

pub(crate) use cd::initial as initial_directory;
pub(crate) use control::number;

use sys::strings::Strings;

use crate::shell::{Flow, Jump, Shell};

/// A command that runs in the shell. A host program may have its own.
pub struct Builtin {
    pub name: &'static str,
    /// One of the special builtins of the standard: errors end the shell, assignments in front of it stay.
    pub special: bool,
    /// It changes nothing in the shell and only prints: `$(…)` may run it without a process.
    pub prints_only: bool,
    /// Runs it and gives its exit status.
    pub run: fn(&mut Shell, Arguments<'_>) -> Flow<i32>,
}

/// The arguments of a builtin; the first is its name.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    list: &'a Strings,
    first: usize,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(list: &'a Strings, first: usize) -> Arguments<'a> {
        Arguments { list, first }
    }

    /// How many there are, the name among them.
    pub fn len(self) -> usize {
        self.list.len() - self.first
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// An argument; empty where there is none.
    #[inline]
    pub fn get(self, index: usize) -> &'a [u8] {
        self.list.get(self.first + index)
    }

    /// The arguments from `index` on.
    pub fn from(self, index: usize) -> impl Iterator<Item = &'a [u8]> {
        (index..self.len()).map(move |index| self.get(index))
    }

    /// The same arguments without the first `count`.
    pub(crate) fn skip(self, count: usize) -> Arguments<'a> {
        Arguments { list: self.list, first: (self.first + count).min(self.list.len()) }
    }

    pub(crate) fn list(self) -> (&'a Strings, usize) {
        (self.list, self.first)
    }
}

/// What stands in front of the operands of a builtin whose options are letters without values, and the operands.
pub(crate) struct Flags<'a> {
    /// The last letter that came; 0 if none did.
    pub(crate) last: u8,
    /// A bit for each letter that came, from `@` on.
    came: u64,
    /// The operands, as arguments whose first is the last thing before them.
    pub(crate) operands: Arguments<'a>,
}

impl Flags<'_> {
    pub(crate) fn has(&self, letter: u8) -> bool {
        self.came >> (letter & 63) & 1 != 0
    }
}

impl<'a> Arguments<'a> {
    /// The options, which are letters of `known`. An unknown one is reported.
    #[inline(never)]
    pub(crate) fn flags(self, shell: &mut Shell, known: &'static str) -> Flow<Flags<'a>> {
        let mut letters = Letters::new(self, known);
        let (mut last, mut came) = (0, 0);
        while let Some((letter, _)) = letters.next(shell)? {
            last = letter;
            came |= 1 << (letter & 63);
        }
        Ok(Flags { last, came, operands: letters.rest() })
    }
}

/// The options in front of a builtin's operands: letters, some of them with a value.
pub(crate) struct Letters<'a> {
    arguments: Arguments<'a>,
    /// The argument that is being read, and where in it.
    at: (usize, usize),
    known: &'static str,
}

impl<'a> Letters<'a> {
    /// `known` as for getopts: a letter and a colon where a value follows.
    pub(crate) fn new(arguments: Arguments<'a>, known: &'static str) -> Letters<'a> {
        Letters { arguments, at: (1, 0), known }
    }

    /// The next option with its value. An unknown one is reported.
    pub(crate) fn next(&mut self, shell: &mut Shell) -> Flow<Option<(u8, &'a [u8])>> {
        let (index, at) = self.at;
        let word = self.arguments.get(index);
        if at == 0 {
            if word.len() < 2 || word[0] != b'-' {
                return Ok(None);
            }
            if word == b"--" {
                self.at = (index + 1, 0);
                return Ok(None);
            }
        }
        let at = at.max(1);
        let letter = word[at];
        let place = self.known.bytes().position(|known| known == letter && letter != b':');
        let Some(place) = place else {
            shell.report(&[b"illegal option -", &[letter]]);
            shell.status = 2;
            return Err(Jump::Error);
        };
        let more = at + 1 < word.len();
        if self.known.as_bytes().get(place + 1) != Some(&b':') {
            self.at = if more { (index, at + 1) } else { (index + 1, 0) };
            return Ok(Some((letter, b"")));
        }
        if more {
            self.at = (index + 1, 0);
            return Ok(Some((letter, &word[at + 1..])));
        }
        if index + 1 >= self.arguments.len() {
            shell.report(&[b"option requires an argument -- ", &[letter]]);
            shell.status = 2;
            return Err(Jump::Error);
        }
        self.at = (index + 2, 0);
        Ok(Some((letter, self.arguments.get(index + 1))))
    }

    /// The index of the argument that is read next.
    pub(crate) fn at(&self) -> usize {
        self.at.0
    }

    /// The operands, as arguments whose first is the last thing before them.
    pub(crate) fn rest(&self) -> Arguments<'a> {
        self.arguments.skip(self.at.0 - 1)
    }
}

impl Shell {
    /// An error of the builtin that is running, in pieces; it ends a shell where the builtin is a special one.
    #[cold]
    #[inline(never)]
    pub(crate) fn wrong<T>(&mut self, message: &[&[u8]]) -> Flow<T> {
        self.fail(2, message)
    }

    /// The same for an error of the system: `what`, a colon, and its text.
    #[cold]
    #[inline(never)]
    pub(crate) fn wrong_by<T>(&mut self, what: &[&[u8]], error: &std::io::Error) -> Flow<T> {
        self.report_error(what, error);
        self.status = 2;
        Err(Jump::Error)
    }
}

macro_rules! table {
    ($($name:literal $kind:ident $run:path,)*) => {
        /// The shell's own builtins, sorted by name.
        static TABLE: &[Builtin] = &[$(
            Builtin { name: $name, special: table!(@special $kind), prints_only: table!(@prints $kind), run: $run }
        ),*];
    };
    (@special special) => { true };
    (@special $other:ident) => { false };
    (@prints prints) => { true };
    (@prints $other:ident) => { false };
}

table! {
    "." special control::dot,
    ":" special control::nothing,
    "[" prints test::run,
    "alias" plain alias::alias,
    "bg" plain jobs::bg,
    "break" special control::break_,
    "cd" plain cd::cd,
    "chdir" plain cd::cd,
    "command" prints find::command,
    "continue" special control::continue_,
    "echo" prints print::echo,
    "eval" special control::eval,
    "exec" special control::exec,
    "exit" special control::exit,
    "export" special declare::export,
    "false" prints control::false_,
    "fc" plain fc::fc,
    "fg" plain jobs::fg,
    "getopts" plain getopts::getopts,
    "hash" plain find::hash,
    "help" prints control::help,
    "history" prints control::history,
    "jobs" plain jobs::jobs,
    "kill" plain jobs::kill,
    "let" plain control::let_,
    "local" plain declare::local,
    "printf" prints print::printf,
    "pwd" prints cd::pwd,
    "read" plain read::read,
    "readonly" special declare::readonly,
    "return" special control::return_,
    "set" special set::set,
    "shift" special set::shift,
    "source" special control::dot,
    "test" prints test::run,
    "times" special limits::times,
    "trap" special trap::trap,
    "true" prints control::nothing,
    "type" prints find::type_,
    "ulimit" plain limits::ulimit,
    "umask" plain limits::umask,
    "unalias" plain alias::unalias,
    "unset" special declare::unset,
    "wait" plain jobs::wait,
}

/// The shell's own builtin of that name.
pub(crate) fn find(name: &[u8]) -> Option<&'static Builtin> {
    TABLE.binary_search_by(|builtin| builtin.name.as_bytes().cmp(name)).ok().map(|index| &TABLE[index])
}

/// The names of all of them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|builtin| builtin.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(find(b"wait").is_some() && find(b"ls").is_none());
    }
}
