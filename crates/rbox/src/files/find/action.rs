//! action — what is done with the files found.

use super::Search;
use super::print::Segment;
use crate::prelude::*;
use cli::walk::Walk;
use sys::at::{self, Kind};

pub(super) enum Action {
    Print {
        end: u8,
    },
    Format(Vec<Segment>),
    Prune,
    Delete,
    Quit,
    Run(Command),
    /// `-exec … +`: the number of the batch.
    Collect(usize),
}

/// `-exec CMD ARG… ;`
pub(super) struct Command {
    pub(super) words: Vec<OsString>,
    pub(super) asks: bool,
    /// Run where the file lies, with its name alone.
    pub(super) in_directory: bool,
}

/// `-exec CMD ARG… {} +`: names are collected until there are enough for one run.
pub(super) struct Batch {
    words: Vec<OsString>,
    names: Vec<OsString>,
    length: usize,
}

/// How long the names of one run may be together: the kernel's least limit for all arguments is 128 KiB, and the
/// environment needs its part.
const LENGTH_MAX: usize = 64 * 1024;

impl Batch {
    pub(super) fn new(words: Vec<OsString>) -> Batch {
        Batch { words, names: Vec::new(), length: 0 }
    }

    fn add(&mut self, cx: &mut Cx<'_>, name: &Path) {
        // Each argument costs a pointer, too.
        let length = name.as_os_str().len() + 1 + size_of::<usize>();
        if self.length + length > LENGTH_MAX {
            self.run(cx);
        }
        self.length += length;
        self.names.push(name.as_os_str().to_owned());
    }

    /// Runs the command with what was collected, if anything was.
    pub(super) fn run(&mut self, cx: &mut Cx<'_>) {
        if self.names.is_empty() {
            return;
        }
        let mut command = self.words.clone();
        command.append(&mut self.names);
        self.length = 0;
        if run(cx, &command, None) != 0 {
            cx.status = 1;
        }
    }
}

impl Search {
    pub(super) fn act(&mut self, cx: &mut Cx<'_>, walk: &mut Walk, action: &Action) -> bool {
        match action {
            Action::Print { end } => {
                cx.out.write(walk.path().as_os_str().as_bytes());
                cx.out.write(&[*end]);
                true
            }
            Action::Format(segments) => {
                super::print::print(cx, walk, segments);
                true
            }
            Action::Prune => {
                walk.skip();
                true
            }
            Action::Quit => {
                self.quit = true;
                true
            }
            Action::Delete => delete(cx, walk),
            Action::Run(command) => command.run(cx, walk),
            Action::Collect(index) => {
                if let Some(batch) = self.batches.get_mut(*index) {
                    batch.add(cx, walk.path());
                }
                true
            }
        }
    }
}

/// Removes a file or an empty directory. The roots "." and ".." stay, without a word.
fn delete(cx: &mut Cx<'_>, walk: &Walk) -> bool {
    let name = super::super::common::last_component(walk.path());
    if walk.depth() == 0 && (name == "." || name == ".." || name == "/") {
        return true;
    }
    // With -L a link stands for its target, but what goes is the link.
    let is_directory = walk.kind() == Kind::Directory
        && at::stat(walk.directory(), walk.name(), at::Links::Keep).is_ok_and(|stat| stat.is_directory());
    let result = if is_directory {
        at::rmdir(walk.directory(), walk.name())
    } else {
        at::unlink(walk.directory(), walk.name())
    };
    match result {
        Ok(()) => true,
        Err(error) => {
            cx.report(Error::at(walk.path(), error));
            false
        }
    }
}

impl Command {
    fn run(&self, cx: &mut Cx<'_>, walk: &Walk) -> bool {
        let name = if self.in_directory {
            let last = super::super::common::last_component(walk.path());
            [b"./", last.as_bytes()].concat()
        } else {
            walk.path().as_os_str().as_bytes().to_vec()
        };
        let words: Vec<OsString> = self.words.iter().map(|word| filled(word, &name)).collect();
        if self.asks && !self.confirmed(cx, &words) {
            return false;
        }
        let directory = self.in_directory.then(|| parent_of(walk)).flatten();
        run(cx, &words, directory.as_ref()) == 0
    }

    fn confirmed(&self, cx: &mut Cx<'_>, words: &[OsString]) -> bool {
        cx.out.flush();
        let mut question = Vec::new();
        for word in words {
            question.extend_from_slice(word.as_bytes());
            question.push(b' ');
        }
        question.push(b'?');
        // A closed standard error leaves nobody to ask; the answer is then still read.
        let _ = io::stderr().write_all(&question);
        super::super::common::answer()
    }
}

/// `word` with the name in place of each "{}".
fn filled(word: &OsStr, name: &[u8]) -> OsString {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some(start) = rest.windows(2).position(|pair| pair == b"{}") {
        bytes.extend_from_slice(&rest[..start]);
        bytes.extend_from_slice(name);
        rest = &rest[start + 2..];
    }
    bytes.extend_from_slice(rest);
    OsString::from_vec(bytes)
}

/// The directory that holds the current place.
fn parent_of(walk: &Walk) -> Option<std::fs::File> {
    let flags = at::O_RDONLY | at::O_DIRECTORY;
    if walk.depth() > 0 {
        return at::open(walk.directory(), Path::new("."), flags, 0).ok();
    }
    let parent = walk.path().parent().filter(|parent| !parent.as_os_str().is_empty());
    at::open(at::CWD, parent.unwrap_or(Path::new(".")), flags, 0).ok()
}

/// Runs a command and gives its status; 127 and a message where it cannot be run.
fn run(cx: &mut Cx<'_>, command: &[OsString], directory: Option<&std::fs::File>) -> u8 {
    cx.out.flush();
    let name = cx.name.to_string();
    let program = command.first().cloned().unwrap_or_default();
    let mut prepare = || {
        if let Some(directory) = directory {
            // Where this fails the command still gets a name that leads nowhere else.
            let _ = at::change_directory(directory);
        }
    };
    let mut failed = |error: io::Error| {
        let message = format!("{name}: {}: {}\n", program.display(), sys::error::text(&error));
        let _ = io::stderr().write_all(message.as_bytes());
        127
    };
    match sys::child::start(command, &mut prepare, &mut failed).and_then(sys::child::wait) {
        Ok((_, end)) => end.status(),
        Err(error) => {
            cx.report(Error::io("fork", error));
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_names() {
        for (word, expected) in [("{}", "n"), ("a{}b{}", "anbn"), ("{", "{"), ("{{}}", "{n}"), ("", "")] {
            assert_eq!(filled(OsStr::new(word), b"n"), expected);
        }
    }
}
