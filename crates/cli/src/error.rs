//! error — what can go wrong in a command, and how it is said.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a command stopped. `applet::run` prints it once, behind the applet's name.
///
/// One pointer, so that a `Result` of nothing is one register: a command has hundreds of places that pass an error on.
#[derive(Debug)]
pub struct Error(Box<Kind>);

/// The kinds of errors.
#[derive(Debug)]
enum Kind {
    Usage(String),
    /// A call failed: what it is about, and why.
    Call(OsString, io::Error),
    Message(String),
    Exit(u8),
}

/// What `applet::run` does about an error.
pub(crate) enum Outcome {
    /// Print this, then the usage text.
    Usage(String),
    /// Print this.
    Message(String),
    /// Say nothing.
    Exit(u8),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Usage(message) | Kind::Message(message) => f.write_str(message),
            Kind::Call(what, error) => write!(f, "{}: {}", what.display(), sys::error::text(error)),
            Kind::Exit(status) => write!(f, "exit {status}"),
        }
    }
}

impl Error {
    /// Any reason, as it is printed.
    #[cold]
    #[inline(never)]
    pub fn message(text: impl fmt::Display) -> Error {
        Error(Box::new(Kind::Message(text.to_string())))
    }

    /// Wrong use of the command: the message, then the usage text; the applet's failure status.
    #[cold]
    #[inline(never)]
    pub fn usage(text: impl fmt::Display) -> Error {
        Error(Box::new(Kind::Usage(text.to_string())))
    }

    /// A call on a file failed: "FILE: No such file or directory".
    #[cold]
    #[inline(never)]
    pub fn at(path: impl Into<PathBuf>, error: io::Error) -> Error {
        Error(Box::new(Kind::Call(path.into().into_os_string(), error)))
    }

    /// A call failed that no file belongs to: "write error: Broken pipe".
    #[cold]
    #[inline(never)]
    pub fn io(what: impl fmt::Display, error: io::Error) -> Error {
        Error(Box::new(Kind::Call(OsString::from(what.to_string()), error)))
    }

    /// Nothing to say, only a status.
    #[cold]
    #[inline(never)]
    pub fn exit(status: u8) -> Error {
        Error(Box::new(Kind::Exit(status)))
    }

    /// Whether it is a call that failed with that error number.
    pub fn is(&self, number: i32) -> bool {
        matches!(&*self.0, Kind::Call(_, error) if error.raw_os_error() == Some(number))
    }

    /// The error of the call that failed; for others an error with the same text.
    pub fn into_io(self) -> io::Error {
        match *self.0 {
            Kind::Call(_, error) => error,
            _ => io::Error::other(self.to_string()),
        }
    }

    pub(crate) fn outcome(self) -> Outcome {
        let text = self.to_string();
        match *self.0 {
            Kind::Usage(_) => Outcome::Usage(text),
            Kind::Call(..) | Kind::Message(_) => Outcome::Message(text),
            Kind::Exit(status) => Outcome::Exit(status),
        }
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
    Error(Box::new(Kind::Call(path.as_os_str().to_os_string(), error)))
}

#[cold]
#[inline(never)]
fn doing(what: &str, error: io::Error) -> Error {
    Error(Box::new(Kind::Call(OsString::from(what), error)))
}

/// `text` for a message: bytes that are not UTF-8 become U+FFFD.
pub fn quoted(text: &OsStr) -> String {
    format!("'{}'", text.display())
}
