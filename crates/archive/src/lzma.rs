//! lzma — what LZMA has packed: the decoder that .lzma files and xz's LZMA2 share, and the .lzma format.
//!
//! Source: the LZMA specification of the LZMA SDK; xz-file-format 1.2 for the properties.

use std::io::{self, BufRead, Read};

/// Output is handed out in pieces of about this size.
const PIECE: usize = 64 * 1024;
/// No symbol takes more bytes of the packed text.
const SYMBOL_MAX: usize = 32;
const STATES: usize = 12;
const PROBABILITY: u16 = 1 << 10;

#[cold]
pub(crate) fn corrupt() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "corrupted data")
}

/// Whole bytes from the packed text, and bits of them by their probabilities.
#[derive(Default)]
struct Range {
    bytes: Vec<u8>,
    at: usize,
    range: u32,
    code: u32,
    /// More was asked for than there is.
    overrun: bool,
}

impl Range {
    fn next(&mut self) -> u32 {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        self.overrun |= byte.is_none();
        byte.unwrap_or(0).into()
    }

    fn start(&mut self) -> io::Result<()> {
        let first = self.next();
        self.range = u32::MAX;
        self.code = (0..4).fold(0, |code, _| code << 8 | self.next());
        if first != 0 || self.overrun { Err(corrupt()) } else { Ok(()) }
    }

    #[inline]
    fn normalize(&mut self) {
        if self.range < 1 << 24 {
            self.range <<= 8;
            self.code = self.code << 8 | self.next();
        }
    }

    #[inline]
    fn bit(&mut self, probability: &mut u16) -> usize {
        self.normalize();
        let bound = (self.range >> 11) * u32::from(*probability);
        if self.code < bound {
            self.range = bound;
            *probability += ((1 << 11) - *probability) >> 5;
            0
        } else {
            self.range -= bound;
            self.code -= bound;
            *probability -= *probability >> 5;
            1
        }
    }

    /// Bits that are as likely as not.
    fn direct(&mut self, count: usize) -> usize {
        (0..count).fold(0, |value, _| {
            self.normalize();
            self.range >>= 1;
            let bit = usize::from(self.code >= self.range);
            if bit == 1 {
                self.code -= self.range;
            }
            value << 1 | bit
        })
    }

    /// A number of `bits` bits, the highest first.
    fn tree(&mut self, table: &mut [u16], bits: usize) -> usize {
        let mut node = 1;
        for _ in 0..bits {
            node = node << 1 | self.bit(&mut table[node]);
        }
        node - (1 << bits)
    }

    /// The lowest first; the table has no entry for node 0.
    fn reverse_tree(&mut self, table: &mut [u16], bits: usize) -> usize {
        let (mut node, mut value) = (1, 0);
        for index in 0..bits {
            let bit = self.bit(&mut table[node]);
            node = node << 1 | bit;
            value |= bit << index;
        }
        value
    }
}

/// How long a match is.
struct Length {
    choice: [u16; 2],
    low: [[u16; 8]; 16],
    middle: [[u16; 8]; 16],
    high: [u16; 256],
}

impl Length {
    const fn new() -> Length {
        Length {
            choice: [PROBABILITY; 2],
            low: [[PROBABILITY; 8]; 16],
            middle: [[PROBABILITY; 8]; 16],
            high: [PROBABILITY; 256],
        }
    }

    fn decode(&mut self, range: &mut Range, place: usize) -> usize {
        if range.bit(&mut self.choice[0]) == 0 {
            2 + range.tree(&mut self.low[place], 3)
        } else if range.bit(&mut self.choice[1]) == 0 {
            10 + range.tree(&mut self.middle[place], 3)
        } else {
            18 + range.tree(&mut self.high, 8)
        }
    }
}

/// The probabilities of everything but literals.
struct Model {
    is_match: [[u16; 16]; STATES],
    is_repeat: [u16; STATES],
    is_other: [u16; STATES],
    is_third: [u16; STATES],
    is_fourth: [u16; STATES],
    is_long: [[u16; 16]; STATES],
    slot: [[u16; 64]; 4],
    special: [u16; 128],
    align: [u16; 16],
    length: Length,
    repeat_length: Length,
}

impl Model {
    const fn new() -> Model {
        Model {
            is_match: [[PROBABILITY; 16]; STATES],
            is_repeat: [PROBABILITY; STATES],
            is_other: [PROBABILITY; STATES],
            is_third: [PROBABILITY; STATES],
            is_fourth: [PROBABILITY; STATES],
            is_long: [[PROBABILITY; 16]; STATES],
            slot: [[PROBABILITY; 64]; 4],
            special: [PROBABILITY; 128],
            align: [PROBABILITY; 16],
            length: Length::new(),
            repeat_length: Length::new(),
        }
    }
}

pub(crate) struct Decoder {
    /// The last bytes that were unpacked, in a ring: what matches copy from.
    window: Vec<u8>,
    at: usize,
    taken: usize,
    /// All that was unpacked since the dictionary was forgotten.
    total: u64,
    literal_bits: usize,
    literal_place_bits: usize,
    place_bits: usize,
    literals: Vec<u16>,
    model: Box<Model>,
    state: usize,
    /// The last four distances, less one.
    distances: [usize; 4],
    /// What is left of a match that reached over the ring's end or the chunk's.
    pending: usize,
    range: Range,
}

impl Decoder {
    /// With a dictionary of that many bytes.
    pub(crate) fn new(dictionary: usize) -> Decoder {
        Decoder {
            window: vec![0; dictionary.max(4096)],
            at: 0,
            taken: 0,
            total: 0,
            literal_bits: 0,
            literal_place_bits: 0,
            place_bits: 0,
            literals: Vec::new(),
            model: Box::new(Model::new()),
            state: 0,
            distances: [0; 4],
            pending: 0,
            range: Range::default(),
        }
    }

    /// Takes the byte that says how literals and matches depend on what is around them.
    pub(crate) fn set_properties(&mut self, byte: u8) -> io::Result<()> {
        if byte >= 9 * 5 * 5 {
            return Err(corrupt());
        }
        self.literal_bits = usize::from(byte % 9);
        self.literal_place_bits = usize::from(byte / 9 % 5);
        self.place_bits = usize::from(byte / 45);
        self.reset();
        Ok(())
    }

    pub(crate) fn reset(&mut self) {
        *self.model = Model::new();
        self.literals.clear();
        self.literals.resize(0x300 << (self.literal_bits + self.literal_place_bits), PROBABILITY);
        self.state = 0;
        self.distances = [0; 4];
        self.pending = 0;
    }

    pub(crate) fn forget(&mut self) {
        self.total = 0;
    }

    /// What is unpacked and not yet taken.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.at - self.taken);
        buffer[..count].copy_from_slice(&self.window[self.taken..self.taken + count]);
        self.taken += count;
        count
    }

    fn put(&mut self, byte: u8) {
        self.window[self.at] = byte;
        self.at += 1;
        self.total += 1;
    }

    fn byte_back(&self, distance: usize) -> u8 {
        let back = distance + 1;
        let index = if back <= self.at { self.at - back } else { self.at + self.window.len() - back };
        self.window[index]
    }

    /// How many bytes may be unpacked now: up to the ring's end, and not much more than a piece. All was taken before.
    pub(crate) fn room(&mut self) -> usize {
        if self.at == self.window.len() {
            self.at = 0;
            self.taken = 0;
        }
        (self.window.len() - self.at).min(PIECE)
    }

    /// Copies bytes as they are into the dictionary; how many there was room for.
    pub(crate) fn put_plain(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room());
        for &byte in &bytes[..count] {
            self.put(byte);
        }
        count
    }

    pub(crate) fn start_chunk(&mut self, packed: Vec<u8>) -> io::Result<()> {
        self.range = Range { bytes: packed, ..Range::default() };
        self.range.start()
    }

    /// Whether the chunk was used up as it should.
    pub(crate) fn is_chunk_done(&mut self) -> bool {
        self.range.normalize();
        self.pending == 0
            && !self.range.overrun
            && self.range.at == self.range.bytes.len()
            && self.range.code == 0
    }

    /// Unpacks at most `limit` bytes, fewer where the ring ends. False: the end mark came.
    pub(crate) fn unpack(
        &mut self,
        limit: usize,
        refill: &mut dyn FnMut(&mut Vec<u8>, &mut usize) -> io::Result<()>,
    ) -> io::Result<bool> {
        let end = self.at + limit;
        self.copy_pending(end)?;
        while self.at < end {
            if self.range.bytes.len() < self.range.at + SYMBOL_MAX {
                refill(&mut self.range.bytes, &mut self.range.at)?;
            }
            let more = self.symbol()?;
            if self.range.overrun {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"));
            }
            if !more {
                return Ok(false);
            }
            self.copy_pending(end)?;
        }
        Ok(true)
    }

    fn copy_pending(&mut self, end: usize) -> io::Result<()> {
        if self.pending == 0 {
            return Ok(());
        }
        let distance = self.distances[0];
        if distance as u64 >= self.total || distance >= self.window.len() {
            return Err(corrupt());
        }
        while self.pending > 0 && self.at < end {
            let byte = self.byte_back(distance);
            self.put(byte);
            self.pending -= 1;
        }
        Ok(())
    }

    /// One literal, which is put, or one match, which becomes `pending`. False: the end mark.
    fn symbol(&mut self) -> io::Result<bool> {
        let place = self.total as usize & ((1 << self.place_bits) - 1);
        let state = self.state;
        let (range, model) = (&mut self.range, &mut *self.model);
        if range.bit(&mut model.is_match[state][place]) == 0 {
            self.literal();
            return Ok(true);
        }
        if range.bit(&mut model.is_repeat[state]) == 0 {
            let length = model.length.decode(range, place);
            let slot = range.tree(&mut model.slot[length.min(5) - 2], 6);
            let distance = match slot {
                0..4 => slot,
                4..14 => {
                    let bits = (slot >> 1) - 1;
                    let base = (2 | slot & 1) << bits;
                    base + range.reverse_tree(&mut model.special[base - slot..], bits)
                }
                _ => {
                    let bits = (slot >> 1) - 1;
                    let high = range.direct(bits - 4) << 4;
                    let base = (2 | slot & 1) << bits;
                    base + high + range.reverse_tree(&mut model.align, 4)
                }
            };
            self.distances.rotate_right(1);
            self.distances[0] = distance;
            if distance == u32::MAX as usize {
                range.normalize();
                return Ok(false);
            }
            self.pending = length;
            self.state = if state < 7 { 7 } else { 10 };
            return Ok(true);
        }
        let which = if range.bit(&mut model.is_other[state]) == 0 {
            if range.bit(&mut model.is_long[state][place]) == 0 {
                self.pending = 1;
                self.state = if state < 7 { 9 } else { 11 };
                return Ok(true);
            }
            0
        } else if range.bit(&mut model.is_third[state]) == 0 {
            1
        } else {
            2 + range.bit(&mut model.is_fourth[state])
        };
        self.distances[..=which].rotate_right(1);
        self.pending = model.repeat_length.decode(range, place);
        self.state = if state < 7 { 8 } else { 11 };
        Ok(true)
    }

    fn literal(&mut self) {
        let before = if self.total > 0 { self.byte_back(0) } else { 0 };
        let place = self.total as usize & ((1 << self.literal_place_bits) - 1);
        let table = (place << self.literal_bits) + (usize::from(before) >> (8 - self.literal_bits));
        // Behind a match the byte that would have followed it says much about this one.
        let after_match = self.state >= 7 && (self.distances[0] as u64) < self.total;
        let mut expected = if after_match { usize::from(self.byte_back(self.distances[0])) } else { 0 };
        let table = &mut self.literals[table * 0x300..(table + 1) * 0x300];
        let mut symbol = 1;
        let mut follows = self.state >= 7;
        while symbol < 0x100 {
            if follows {
                expected <<= 1;
                let bit = expected >> 8 & 1;
                let actual = self.range.bit(&mut table[((1 + bit) << 8) + symbol]);
                symbol = symbol << 1 | actual;
                follows = actual == bit;
            } else {
                symbol = symbol << 1 | self.range.bit(&mut table[symbol]);
            }
        }
        self.put(symbol as u8);
        self.state = match self.state {
            0..4 => 0,
            state @ 4..10 => state - 3,
            state => state - 6,
        };
    }
}

/// Unpacks a .lzma file.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    decoder: Decoder,
    /// None: the end is marked.
    left: Option<u64>,
    done: bool,
}

impl<'a> Reader<'a> {
    /// Reads the header: properties, size of the dictionary, and of the whole or all ones.
    pub fn new(input: &'a mut dyn BufRead) -> io::Result<Reader<'a>> {
        let mut header = [0; 13];
        input.read_exact(&mut header)?;
        let [properties, a, b, c, d, size @ ..] = header;
        let dictionary = u32::from_le_bytes([a, b, c, d]);
        let size = u64::from_le_bytes(size);
        // No packer makes larger ones; and a file that says so is rather none.
        if dictionary > 1 << 30 || size != u64::MAX && size > 1 << 50 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "invalid magic"));
        }
        let mut decoder = Decoder::new(dictionary as usize);
        decoder
            .set_properties(properties)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "invalid magic"))?;
        let mut start = vec![0; 5];
        input.read_exact(&mut start)?;
        decoder.start_chunk(start)?;
        Ok(Reader { input, decoder, left: (size != u64::MAX).then_some(size), done: size == 0 })
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.take(buffer);
            if count > 0 || self.done || buffer.is_empty() {
                return Ok(count);
            }
            let room = self.decoder.room();
            let limit = self.left.map_or(room, |left| room.min(usize::try_from(left).unwrap_or(room)));
            let input = &mut *self.input;
            let before = self.decoder.total;
            let more = self.decoder.unpack(limit, &mut |bytes, at| {
                bytes.drain(..*at);
                *at = 0;
                let next = input.fill_buf()?;
                bytes.extend_from_slice(next);
                let count = next.len();
                input.consume(count);
                Ok(())
            })?;
            let unpacked = self.decoder.total - before;
            if let Some(left) = &mut self.left {
                *left -= unpacked;
            }
            self.done = !more || self.left == Some(0);
            if !more && self.left.is_some_and(|left| left > 0) {
                return Err(corrupt());
            }
        }
    }
}
