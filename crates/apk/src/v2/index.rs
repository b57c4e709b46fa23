//! index — an index of version 2: a description, and the text of all packages' blocks.

use std::io::Read;

use super::stream::{Event, Stream};
use crate::error::{Kind, Result};
use crate::trust::Trust;

/// Longer indexes are refused: a hundred times what distributions have.
const INDEX_MAX: u64 = 1 << 30;

const DESCRIPTION_MAX: usize = 160;

/// What an index file holds.
#[derive(Debug, Default)]
pub struct Index {
    /// Empty where there is none.
    pub description: Vec<u8>,
    /// The text of `APKINDEX`: see `block`.
    pub packages: Vec<u8>,
    /// How packages' files are called: only indexes of version 3 say it. Empty for the usual way.
    pub pkgname_spec: Vec<u8>,
}

/// Reads a file `APKINDEX.tar.gz` and checks that it is trusted.
///
/// Errors: it is not, it is malformed, or the system refused.
pub fn read<'a>(input: Box<dyn Read + 'a>, trust: Trust<'a>) -> Result<Index> {
    let mut stream = Stream::new(input, trust)?;
    let mut index = Index::default();
    let mut has_packages = false;
    loop {
        match stream.next_event()? {
            Event::Entry(header) if header.name == b"DESCRIPTION" => {
                // Behind the packages it comes too late, for the reference as well.
                if !has_packages {
                    index.description = stream.read_all(INDEX_MAX)?;
                    index.description.truncate(DESCRIPTION_MAX);
                }
            }
            Event::Entry(header) if header.name == b"APKINDEX" => {
                index.packages = stream.read_all(INDEX_MAX)?;
                has_packages = true;
            }
            Event::Entry(_) => {}
            Event::ControlEnd => break,
            Event::End => return Err(Kind::V2IndexFormat.into()),
        }
    }
    match stream.next_event()? {
        Event::End if has_packages => Ok(index),
        _ => Err(Kind::V2IndexFormat.into()),
    }
}
