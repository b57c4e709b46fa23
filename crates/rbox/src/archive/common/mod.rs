//! common — what several archivers need: the way into a directory that no name leads out of, unpacking by what the
//! first bytes are.

pub(crate) mod place;
pub(crate) mod single;

use std::fs::File;

use crate::prelude::*;
use archive::{bzip2, gzip, lzma, xz};

/// How a file is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packing {
    None,
    Gzip,
    Bzip2,
    Xz,
    Lzma,
}

impl Packing {
    /// What the first bytes of a file say.
    pub(crate) fn of_bytes(start: &[u8]) -> Packing {
        if start.starts_with(&gzip::MAGIC) {
            Packing::Gzip
        } else if start.starts_with(&bzip2::MAGIC) {
            Packing::Bzip2
        } else if start.starts_with(&xz::MAGIC) {
            Packing::Xz
        } else {
            Packing::None
        }
    }

    /// What the name of a file says.
    pub(crate) fn of_name(name: &[u8]) -> Packing {
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending.as_bytes()));
        if ends(&[".gz", ".tgz", ".taz", ".z"]) {
            Packing::Gzip
        } else if ends(&[".bz2", ".tbz", ".tbz2", ".tb2"]) {
            Packing::Bzip2
        } else if ends(&[".xz", ".txz"]) {
            Packing::Xz
        } else if ends(&[".lzma", ".tlz"]) {
            Packing::Lzma
        } else {
            Packing::None
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Packing::None => "none",
            Packing::Gzip => "gzip",
            Packing::Bzip2 => "bzip2",
            Packing::Xz => "xz",
            Packing::Lzma => "lzma",
        }
    }
}

/// What `input` is when it is unpacked.
pub(crate) fn unpacked<'a>(packing: Packing, input: &'a mut dyn BufRead) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match packing {
        Packing::None => Box::new(input),
        Packing::Gzip => Box::new(gzip::Reader::new(input)),
        Packing::Bzip2 => Box::new(bzip2::Reader::new(input)),
        Packing::Xz => Box::new(xz::Reader::new(input)),
        Packing::Lzma => Box::new(lzma::Reader::new(input)?),
    })
}

/// Opens a file for reading; "-" is standard input.
pub(crate) fn open_input(path: &Path) -> Result<cli::input::Input> {
    if path.as_os_str() == "-" {
        return Ok(cli::input::stdin());
    }
    let file = File::open(path).map_err(|error| cant_open(path, error))?;
    Ok(cli::input::file(file))
}

#[cold]
pub(crate) fn cant_open(path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't open '{}'", path.display()), error)
}

/// An error of an archive's reader, which says itself what and where.
#[cold]
pub(crate) fn broken(error: io::Error) -> Error {
    Error::message(sys::error::text(&error))
}
