//! stream — the entries of a version 2 file, trusted before the control member's are handed out as true.

use super::members::Members;
use super::tar::{self, BLOCK, Header, Said};
use crate::error::{Error, Kind, Result};
use crate::identity::{Algorithm, Digest, Identity};
use crate::trust::{Key, Trust};

/// Longer signatures are passed over.
const SIGNATURE_MAX: u64 = 64 * 1024;

/// What comes next in a file.
#[derive(Debug)]
pub enum Event {
    /// An entry; its content may be read with `read`, what is left of it is skipped.
    Entry(Header),
    /// The control member is complete, and trusted: what was read from it holds. Data follows, if this is a package.
    ControlEnd,
    /// The file is over, and all of it is what was promised.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Signatures,
    Control,
    /// An entry was met that starts the data within the control member: packages before version 2.
    Combined,
    Data,
    Over,
}

struct Signature<'a> {
    key: &'a Key,
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

/// Reads a file's members as one archive.
pub struct Stream<'a> {
    members: Members<'a>,
    trust: Trust<'a>,
    stage: Stage,
    signature: Option<Signature<'a>>,
    /// Bytes of the current content that were not read yet, and the zeros behind them.
    left: u64,
    padding: u64,
    zero_blocks: u32,
    /// What the control member said about the data's packed bytes.
    data_hash: Option<Identity>,
    identity: Option<Identity>,
    pending_entry: Option<Header>,
}

impl<'a> Stream<'a> {
    /// Starts at a file's first byte.
    ///
    /// Errors: the input does not begin with a gzip member.
    pub fn new(input: Box<dyn std::io::Read + 'a>, trust: Trust<'a>) -> Result<Stream<'a>> {
        let mut stream = Stream {
            members: Members::new(input),
            trust,
            stage: Stage::Signatures,
            signature: None,
            left: 0,
            padding: 0,
            zero_blocks: 0,
            data_hash: None,
            identity: None,
            pending_entry: None,
        };
        if !stream.members.next_member()? {
            return Err(Kind::Eof.into());
        }
        stream.start_hashing();
        Ok(stream)
    }

    /// Says what the data's packed bytes must have as SHA-256. Without it, signature and identity cover the data, too.
    pub fn expect_data(&mut self, hash: Option<Identity>) {
        self.data_hash = hash;
    }

    /// SHA-1 of the control member, once it is over.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Where in the file the reader stands.
    pub fn offset(&self) -> u64 {
        self.members.offset()
    }

    /// The next entry or border.
    pub fn next_event(&mut self) -> Result<Event> {
        self.event().map_err(|error| cut(self.stage, error))
    }

    fn event(&mut self) -> Result<Event> {
        if let Some(header) = self.pending_entry.take() {
            self.start_content(&header);
            return Ok(Event::Entry(header));
        }
        self.skip_content()?;
        let mut said = Said::default();
        let mut has_said = false;
        loop {
            let Some(block) = self.block()? else {
                if has_said {
                    return Err(tar::malformed("the archive ends behind a header of headers"));
                }
                if let Some(event) = self.member_end()? {
                    return Ok(event);
                }
                continue;
            };
            let sum = tar::sum(&block);
            if sum == 0 {
                self.zero_blocks += 1;
                continue;
            }
            if self.zero_blocks > 0 {
                return Err(tar::malformed("something stands behind the archive's end"));
            }
            let (size, kind) = tar::size_and_kind(&block, sum)?;
            match kind {
                b'x' => said.take(&self.contents(size, tar::PAX_MAX)?)?,
                b'L' => said.name = Some(tar::long_name(&self.contents(size, tar::PAX_MAX)?)),
                b'g' | b'K' => {
                    self.contents(size, tar::PAX_MAX)?;
                }
                _ => {
                    let header = tar::header(&block, size, kind, std::mem::take(&mut said))?;
                    has_said = false;
                    if let Some(event) = self.entry(header)? {
                        return Ok(event);
                    }
                    continue;
                }
            }
            has_said = true;
        }
    }

    /// Takes signatures, and sees where sections begin. None for what is not handed out.
    fn entry(&mut self, header: Header) -> Result<Option<Event>> {
        self.start_content(&header);
        if self.stage == Stage::Signatures {
            if header.name.starts_with(b".SIGN.") {
                self.signature(&header)?;
                self.skip_content()?;
                return Ok(None);
            }
            self.stage = Stage::Control;
        }
        if self.stage == Stage::Control && (!header.name.starts_with(b".") || header.name.contains(&b'/')) {
            // An index has such names in its control member; it never asks for data.
            if self.data_hash.is_some() {
                return Err(tar::malformed("data in the control section"));
            }
            if !is_index_file(&header.name) {
                self.stage = Stage::Combined;
                (self.left, self.padding) = (0, 0);
                self.pending_entry = Some(header);
                return Ok(Some(Event::ControlEnd));
            }
        }
        Ok(Some(Event::Entry(header)))
    }

    /// Takes a signature whose key is known; the first one decides.
    fn signature(&mut self, header: &Header) -> Result {
        if self.signature.is_some() || self.trust.identity.is_some() || header.size > SIGNATURE_MAX {
            return Ok(());
        }
        let Some((algorithm, key_name)) = signature_name(&header.name) else { return Ok(()) };
        let Some(key) = self.trust.keys.by_name(key_name) else { return Ok(()) };
        let size = self.left;
        let bytes = self.contents(size, SIGNATURE_MAX)?;
        (self.left, self.padding) = (0, 0);
        self.signature = Some(Signature { key, algorithm, bytes });
        Ok(())
    }

    /// A member is over. None where the next one goes on in the same stage.
    fn member_end(&mut self) -> Result<Option<Event>> {
        match self.stage {
            Stage::Signatures => {
                if !self.members.next_member()? {
                    return Err(Kind::Eof.into());
                }
                self.start_hashing();
                Ok(None)
            }
            Stage::Control => {
                self.stage = Stage::Data;
                let has_data = self.members.next_member()?;
                if self.data_hash.is_some() || !has_data {
                    self.check_trust()?;
                    if has_data {
                        self.members.hash(Algorithm::Sha256);
                    }
                }
                if !has_data {
                    self.stage = Stage::Over;
                    if self.data_hash.is_some() {
                        return Err(Kind::Eof.into());
                    }
                }
                Ok(Some(Event::ControlEnd))
            }
            Stage::Combined | Stage::Data => {
                if self.members.next_member()? {
                    return Err(tar::malformed("something stands behind the data"));
                }
                self.stage = Stage::Over;
                self.check_end()?;
                Ok(Some(Event::End))
            }
            Stage::Over => Ok(Some(Event::End)),
        }
    }

    /// Digests of the member that begins here: the identity's, and the signature's.
    fn start_hashing(&mut self) {
        self.members.take_hashes();
        let algorithms = [
            Some(Algorithm::Sha1),
            self.trust.identity.map(|identity| identity.algorithm()),
            self.signature_algorithm(),
        ];
        let mut started = Vec::new();
        for algorithm in algorithms.into_iter().flatten() {
            if !started.contains(&algorithm) {
                self.members.hash(algorithm);
                started.push(algorithm);
            }
        }
    }

    fn signature_algorithm(&self) -> Option<Algorithm> {
        self.signature.as_ref().map(|signature| signature.algorithm)
    }

    /// Compares what was hashed with what is trusted.
    fn check_trust(&mut self) -> Result {
        let hashes = self.members.take_hashes();
        let hash = |wanted: Algorithm| {
            hashes.iter().find(|(algorithm, _)| *algorithm == wanted).map(|(_, bytes)| bytes.as_slice())
        };
        self.identity = hash(Algorithm::Sha1).and_then(Digest::from_bytes);
        if let Some(expected) = self.trust.identity {
            let found = hash(expected.algorithm()).and_then(Digest::from_bytes);
            let is_it = found.is_some_and(|found| expected.is(&found));
            return if is_it { Ok(()) } else { Err(Kind::V2PackageIntegrity.into()) };
        }
        match &self.signature {
            Some(signature) => {
                let digest = hash(signature.algorithm).unwrap_or_default();
                signature.key.verify(signature.algorithm, digest, &signature.bytes)
            }
            None if self.trust.allow_untrusted => Ok(()),
            None => Err(Kind::SignatureUntrusted.into()),
        }
    }

    fn check_end(&mut self) -> Result {
        let Some(expected) = self.data_hash else { return self.check_trust() };
        let found = self.members.take_hashes().into_iter().next().map(|(_, bytes)| bytes).unwrap_or_default();
        if found == expected.bytes() { Ok(()) } else { Err(Kind::V2PackageIntegrity.into()) }
    }

    fn start_content(&mut self, header: &Header) {
        (self.left, self.padding) = (header.size, header.size.wrapping_neg() % BLOCK as u64);
    }

    /// Reads from the current entry's content. 0 at its end.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.content(out).map_err(|error| cut(self.stage, error))
    }

    fn content(&mut self, out: &mut [u8]) -> Result<usize> {
        let wanted = self.left.min(out.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.members.read(&mut out[..wanted])?;
        if count == 0 {
            return Err(Error::detailed(Kind::Eof, "a member ends within an entry"));
        }
        self.left -= count as u64;
        Ok(count)
    }

    /// The rest of the current entry's content.
    ///
    /// Errors: it has more than `limit` bytes.
    pub fn read_all(&mut self, limit: u64) -> Result<Vec<u8>> {
        if self.left > limit {
            return Err(Kind::Limit("size of a file in the control section").into());
        }
        let stage = self.stage;
        // As much as there is, not as much as is promised.
        let mut bytes = Vec::with_capacity(self.left.min(64 * 1024) as usize);
        while self.left > 0 {
            let ready = self.members.ready().map_err(|error| cut(stage, error))?;
            let count = (ready.len() as u64).min(self.left) as usize;
            if count == 0 {
                return Err(cut(stage, Error::detailed(Kind::Eof, "a member ends within an entry")));
            }
            bytes.extend_from_slice(&ready[..count]);
            self.members.take(count);
            self.left -= count as u64;
        }
        Ok(bytes)
    }

    fn skip_content(&mut self) -> Result {
        let left = std::mem::take(&mut self.left);
        self.skip(left, "a member ends within an entry").map_err(|error| cut(self.stage, error))?;
        let padding = std::mem::take(&mut self.padding);
        self.skip(padding, "a member ends within a block")
    }

    fn skip(&mut self, mut count: u64, what: &'static str) -> Result {
        while count > 0 {
            let ready = self.members.ready()?.len() as u64;
            if ready == 0 {
                return Err(Error::detailed(Kind::Eof, what));
            }
            let skipped = ready.min(count);
            self.members.take(skipped as usize);
            count -= skipped;
        }
        Ok(())
    }

    /// The content of a header's own entry.
    fn contents(&mut self, size: u64, limit: u64) -> Result<Vec<u8>> {
        (self.left, self.padding) = (size, size.wrapping_neg() % BLOCK as u64);
        let bytes = self.read_all(limit)?;
        self.skip_content()?;
        Ok(bytes)
    }

    /// The next block; None at the member's end.
    fn block(&mut self) -> Result<Option<tar::Block>> {
        let mut block = [0; BLOCK];
        let count = self.members.read(&mut block)?;
        if count == 0 {
            return Ok(None);
        }
        self.fill(&mut block[count..])?;
        Ok(Some(block))
    }

    fn fill(&mut self, mut rest: &mut [u8]) -> Result {
        while !rest.is_empty() {
            match self.members.read(rest)? {
                0 => return Err(Error::detailed(Kind::Eof, "a member ends within a block")),
                count => rest = &mut rest[count..],
            }
        }
        Ok(())
    }
}

/// What a file that ends too early is, by where it ends: before it is known for what it is, or where a digest is of the
/// whole.
#[cold]
fn cut(stage: Stage, mut error: Error) -> Error {
    if matches!(error.kind, Kind::Eof) {
        match stage {
            Stage::Signatures => error.kind = Kind::FormatInvalid,
            Stage::Data => error.kind = Kind::V2PackageIntegrity,
            Stage::Control | Stage::Combined | Stage::Over => {}
        }
    }
    error
}

pub(crate) fn is_index_file(name: &[u8]) -> bool {
    matches!(name, b"DESCRIPTION" | b"APKINDEX")
}

/// The digest and the key's name of `.SIGN.TYPE.KEY`.
fn signature_name(name: &[u8]) -> Option<(Algorithm, &[u8])> {
    let rest = name.strip_prefix(b".SIGN.")?;
    let dot = rest.iter().position(|&byte| byte == b'.')?;
    let algorithm = match &rest[..dot] {
        b"RSA" => Algorithm::Sha1,
        b"RSA256" => Algorithm::Sha256,
        b"RSA512" => Algorithm::Sha512,
        _ => return None,
    };
    Some((algorithm, &rest[dot + 1..]))
}
