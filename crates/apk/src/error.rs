//! error — what went wrong, and where.
//!
//! The texts are those of the reference, as scripts look for them; a `place` in front says which file or package.

use std::fmt;
use std::io;

/// Why something could not be done.
#[derive(Debug)]
pub enum Kind {
    /// The system refused.
    Io(io::Error),
    /// Input ended within something.
    Eof,
    /// The file on the server is the one we have.
    Unchanged,
    /// A name server, a certificate, a status of HTTP, a timeout: the text says which.
    Network(String),
    UrlFormat,
    Crypto,
    CryptoUnsupported,
    CryptoKeyFormat,
    /// Nobody whose key is trusted signed this.
    SignatureUntrusted,
    /// A trusted key's signature is not of these bytes.
    SignatureInvalid,
    SignatureMaking,
    FormatInvalid,
    FormatObsolete,
    FormatUnsupported,
    PackageName,
    PackageVersion,
    DependencyFormat,
    AdbCompression,
    AdbHeader,
    AdbVersion,
    AdbSchema,
    AdbBlock,
    AdbSignature,
    AdbIntegrity,
    AdbNoFromString,
    AdbLimit,
    AdbPackageFormat,
    V2DatabaseFormat,
    V2PackageFormat,
    V2PackageIntegrity,
    V2IndexFormat,
    PackageNotFound,
    PackageNameSpec,
    IndexStale,
    FileIntegrity,
    CacheNotAvailable,
    /// A signal asked for the end.
    Interrupted,
    /// A name that would lead outside of where things are unpacked.
    UnsafePath,
    /// More than a limit allows: which one.
    Limit(&'static str),
    /// A text of its own.
    Message(String),
}

/// An error: where, and why. It is a pointer, as nearly every function may return one and hands it on.
#[derive(Debug)]
pub struct Error(Box<Facts>);

/// What an error says.
#[derive(Debug)]
pub struct Facts {
    /// The file, url or package. Empty where the caller knows it better.
    pub place: String,
    pub kind: Kind,
    /// What exactly, for people: an offset, an entry's name. The reference says nothing of the kind, so it is not part
    /// of the text.
    pub detail: String,
}

pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    #[cold]
    pub fn new(kind: Kind) -> Error {
        Error(Box::new(Facts { place: String::new(), kind, detail: String::new() }))
    }

    #[cold]
    pub fn detailed(kind: Kind, detail: impl Into<String>) -> Error {
        let mut error = Error::new(kind);
        error.detail = detail.into();
        error
    }

    /// The same error with its place, where it has none yet.
    pub fn at(self, place: impl AsRef<[u8]>) -> Error {
        self.at_bytes(place.as_ref())
    }

    #[cold]
    fn at_bytes(mut self, place: &[u8]) -> Error {
        if self.place.is_empty() {
            self.place = String::from_utf8_lossy(place).into_owned();
        }
        self
    }

    /// The reason alone, in the words of the reference.
    pub fn reason(&self) -> String {
        self.kind.to_string()
    }
}

impl std::ops::Deref for Error {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Error {
        Error::new(kind)
    }
}

/// Errors of this crate travel through `Read` and `Write` and come out as what they were.
impl From<io::Error> for Error {
    #[cold]
    fn from(error: io::Error) -> Error {
        if error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
            match error.into_inner().map(|inner| inner.downcast::<Error>()) {
                Some(Ok(inner)) => return *inner,
                Some(Err(other)) => return Error::new(Kind::Io(io::Error::other(other))),
                None => return Error::new(Kind::Eof),
            }
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::new(Kind::Eof),
            _ => Error::new(Kind::Io(error)),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match *error.0 {
            Facts { kind: Kind::Io(inner), place, .. } if place.is_empty() => inner,
            facts => io::Error::other(Error(Box::new(facts))),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if self.place.is_empty() {
            return self.kind.fmt(out);
        }
        write!(out, "{}: {}", self.place, self.kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Kind::Io(error) => return out.write_str(&sys::error::text(error)),
            Kind::Network(text) | Kind::Message(text) => text,
            Kind::Limit(which) => return write!(out, "limit exceeded: {which}"),
            Kind::Eof => "unexpected end of file",
            Kind::Unchanged => "file is unchanged",
            Kind::UrlFormat => "invalid URL (check your repositories file)",
            Kind::Crypto => "crypto error",
            Kind::CryptoUnsupported => "cryptographic algorithm not supported",
            Kind::CryptoKeyFormat => "cryptographic key format not recognized",
            Kind::SignatureMaking => "signing failure",
            Kind::SignatureUntrusted => "UNTRUSTED signature",
            Kind::SignatureInvalid => "BAD signature",
            Kind::FormatInvalid => "file format is invalid or inconsistent",
            Kind::FormatObsolete => "file format is obsolete (e.g. missing embedded checksum)",
            Kind::FormatUnsupported => "file format not supported (in this applet)",
            Kind::PackageName => "package name is invalid",
            Kind::PackageVersion => "package version is invalid",
            Kind::DependencyFormat => "dependency format is invalid",
            Kind::AdbCompression => "ADB compression not supported",
            Kind::AdbHeader => "ADB header error",
            Kind::AdbVersion => "incompatible ADB version",
            Kind::AdbSchema => "ADB schema error",
            Kind::AdbBlock => "ADB block error",
            Kind::AdbSignature => "ADB signature block error",
            Kind::AdbIntegrity => "ADB integrity error",
            Kind::AdbNoFromString => "ADB schema error (no fromstring)",
            Kind::AdbLimit => "ADB schema limit reached",
            Kind::AdbPackageFormat => "ADB package format",
            Kind::V2DatabaseFormat => "v2 database format error",
            Kind::V2PackageFormat => "v2 package format error",
            Kind::V2PackageIntegrity => "v2 package integrity error",
            Kind::V2IndexFormat => "v2 index format error",
            Kind::PackageNotFound => {
                "could not find a repo which provides this package (check repositories file and run 'apk update')"
            }
            Kind::PackageNameSpec => "package name specification is invalid",
            Kind::IndexStale => "package mentioned in index not found (try 'apk update')",
            Kind::FileIntegrity => "file integrity error",
            Kind::Interrupted => "Interrupted system call",
            Kind::CacheNotAvailable => "cache not available",
            Kind::UnsafePath => "path leads outside of the destination",
        })
    }
}

/// Puts the place on errors.
pub trait Place<T> {
    /// The result, its error naming `place` where it names none yet.
    fn place(self, place: impl AsRef<[u8]>) -> Result<T>;
}

impl<T, E: Into<Error>> Place<T> for std::result::Result<T, E> {
    fn place(self, place: impl AsRef<[u8]>) -> Result<T> {
        self.map_err(|error| error.into().at(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_once() {
        let error = Error::new(Kind::SignatureInvalid).at("a.apk").at("other");
        assert_eq!(error.to_string(), "a.apk: BAD signature");
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(Error::from(missing).at("x").to_string(), "x: No such file or directory");
    }

    #[test]
    fn travels_through_io() {
        let there: io::Error = Error::detailed(Kind::AdbBlock, "at 8").at("p").into();
        let back = Error::from(there);
        assert!(matches!(back.kind, Kind::AdbBlock));
        assert_eq!((back.place.as_str(), back.detail.as_str()), ("p", "at 8"));
    }
}
