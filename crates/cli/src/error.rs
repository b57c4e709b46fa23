//! error — what can go wrong in a command, and how it is said.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a command stopped. `applet::run` prints it once, behind the applet's name.
#[derive(Debug)]
pub enum Error {
    /// Wrong use: the message, then the usage text; the applet's failure status.
    Usage(String),
    /// A call on a file failed: "FILE: No such file or directory".
    At(PathBuf, io::Error),
    /// A call failed that no file belongs to: "write error: Broken pipe".
    Io(String, io::Error),
    /// Any other reason, as it is printed.
    Message(String),
    /// Nothing to say, only a status.
    Exit(u8),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(message) | Error::Message(message) => f.write_str(message),
            Error::At(path, error) => write!(f, "{}: {}", path.display(), sys::error::text(error)),
            Error::Io(what, error) => write!(f, "{what}: {}", sys::error::text(error)),
            Error::Exit(status) => write!(f, "exit {status}"),
        }
    }
}

impl Error {
    /// A message that is not tied to one system call.
    #[cold]
    #[inline(never)]
    pub fn message(text: impl Into<String>) -> Error {
        Error::Message(text.into())
    }

    /// Wrong use of the command.
    #[cold]
    #[inline(never)]
    pub fn usage(text: impl Into<String>) -> Error {
        Error::Usage(text.into())
    }
}

/// Puts the name of the file on an error, once, at the call that knows it.
pub trait At<T> {
    fn at(self, path: impl AsRef<Path>) -> Result<T>;
    /// For calls without a file: `doing` says what failed.
    fn doing(self, what: &str) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|error| at_path(path.as_ref(), error))
    }

    fn doing(self, what: &str) -> Result<T> {
        self.map_err(|error| doing(what, error))
    }
}

#[cold]
#[inline(never)]
fn at_path(path: &Path, error: io::Error) -> Error {
    Error::At(path.to_path_buf(), error)
}

#[cold]
#[inline(never)]
fn doing(what: &str, error: io::Error) -> Error {
    Error::Io(what.to_string(), error)
}

/// `text` for a message: bytes that are not UTF-8 become U+FFFD.
pub fn quoted(text: &OsStr) -> String {
    format!("'{}'", text.to_string_lossy())
}
