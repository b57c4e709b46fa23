//! reader — unpacks.

use std::io::{self, BufRead, Read};

use super::{BLOCK, Crc, END, GROUP, MAGIC, RUN_A, RUN_B};

const LENGTH_MAX: usize = 20;
/// 256 bytes less the first, two symbols of runs, and the end.
const SYMBOLS_MAX: usize = 258;

#[cold]
fn error(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn corrupt() -> io::Error {
    error("corrupted data")
}

/// Reads the contents of all streams, one behind the other.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    bits: u64,
    bit_count: u32,
    /// Bytes of a block at most; 0: no stream has begun.
    block_max: usize,
    any_stream: bool,
    done: bool,
    /// The block: in each number the byte, and in the bits above it where the next one is.
    block: Vec<u32>,
    left: usize,
    next: u32,
    /// The last byte and how often it stood in a row; four are followed by a count of more.
    last: u8,
    run: u32,
    repeat: u32,
    crc: Crc,
    block_sum: u32,
    stream_sum: u32,
}

/// The codes of one table: the first code and symbol of each length.
struct Table {
    symbols: Vec<u16>,
    /// The highest code of each length, and what to take off a code for the index of its symbol.
    limits: [i32; LENGTH_MAX + 2],
    bases: [i32; LENGTH_MAX + 2],
}

impl Table {
    fn new(lengths: &[u8]) -> Table {
        let mut table =
            Table { symbols: Vec::new(), limits: [-1; LENGTH_MAX + 2], bases: [0; LENGTH_MAX + 2] };
        let mut code = 0;
        for length in 1..=LENGTH_MAX {
            table.bases[length] = code - table.symbols.len() as i32;
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, own)| usize::from(**own) == length) {
                table.symbols.push(symbol as u16);
                code += 1;
            }
            table.limits[length] = code - 1;
            code <<= 1;
        }
        table
    }
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Reader<'a> {
        Reader {
            input,
            bits: 0,
            bit_count: 0,
            block_max: 0,
            any_stream: false,
            done: false,
            block: Vec::new(),
            left: 0,
            next: 0,
            last: 0,
            run: 0,
            repeat: 0,
            crc: Crc::new(),
            block_sum: 0,
            stream_sum: 0,
        }
    }

    /// Up to 32 bits.
    fn bits(&mut self, count: u32) -> io::Result<u32> {
        while self.bit_count < count {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"));
            }
            let used = bytes.len().min((64 - self.bit_count as usize) / 8).max(1);
            for &byte in &bytes[..used] {
                self.bits = self.bits << 8 | u64::from(byte);
            }
            self.bit_count += 8 * used as u32;
            self.input.consume(used);
        }
        self.bit_count -= count;
        Ok((self.bits >> self.bit_count) as u32 & (u64::MAX >> (64 - count)) as u32)
    }

    fn bit(&mut self) -> io::Result<bool> {
        self.bits(1).map(|bit| bit == 1)
    }

    /// The header of a stream if there is one. False: the end.
    fn stream(&mut self) -> io::Result<bool> {
        self.bit_count -= self.bit_count % 8;
        if self.any_stream && self.bit_count == 0 && self.input.fill_buf()?.is_empty() {
            return Ok(false);
        }
        for byte in MAGIC {
            if self.bits(8)? != u32::from(byte) {
                return Err(error("invalid magic"));
            }
        }
        match self.bits(8)? {
            level @ 0x31..=0x39 => self.block_max = (level as usize - 0x30) * 100_000,
            _ => return Err(error("invalid magic")),
        }
        self.any_stream = true;
        self.stream_sum = 0;
        Ok(true)
    }

    /// Reads the next block. False: the end of all.
    fn block(&mut self) -> io::Result<bool> {
        loop {
            if self.block_max == 0 && !self.stream()? {
                return Ok(false);
            }
            let magic = u64::from(self.bits(24)?) << 24 | u64::from(self.bits(24)?);
            let sum = self.bits(32)?;
            if magic == END {
                if sum != self.stream_sum {
                    return Err(error("checksum error"));
                }
                self.block_max = 0;
                continue;
            }
            if magic != BLOCK {
                return Err(corrupt());
            }
            self.block_sum = sum;
            self.read_block()?;
            return Ok(true);
        }
    }

    fn read_block(&mut self) -> io::Result<()> {
        // Blocks that were shuffled against bad cases are no longer written by anybody.
        if self.bit()? {
            return Err(error("randomized block"));
        }
        let origin = self.bits(24)? as usize;
        let mut bytes = Vec::new();
        let used = self.bits(16)?;
        for high in (0..16).filter(|high| used << high & 0x8000 != 0) {
            let row = self.bits(16)?;
            bytes.extend((0..16).filter(|low| row << low & 0x8000 != 0).map(|low| (high * 16 + low) as u8));
        }
        if bytes.is_empty() {
            return Err(corrupt());
        }
        let (selectors, tables) = self.tables(bytes.len() + 2)?;

        let end = bytes.len() as u16 + 1;
        let mut counts = [0_u32; 256];
        self.block.clear();
        let (mut run, mut digit) = (0_usize, 1_usize);
        let mut selectors = selectors.iter();
        let mut table = &tables[0];
        let mut in_group = 0;
        loop {
            if in_group == 0 {
                table = &tables[usize::from(*selectors.next().ok_or_else(corrupt)?)];
                in_group = GROUP;
            }
            in_group -= 1;
            let symbol = self.symbol(table)?;
            if symbol <= RUN_B {
                run += if symbol == RUN_A { digit } else { 2 * digit };
                digit = (digit * 2).min(1 << 22);
                if run > self.block_max {
                    return Err(corrupt());
                }
                continue;
            }
            if run > 0 {
                if self.block.len() + run > self.block_max {
                    return Err(corrupt());
                }
                counts[usize::from(bytes[0])] += run as u32;
                self.block.resize(self.block.len() + run, bytes[0].into());
                (run, digit) = (0, 1);
            }
            if symbol == end {
                break;
            }
            if self.block.len() >= self.block_max {
                return Err(corrupt());
            }
            // The byte was moved to the front when it came last.
            let index = usize::from(symbol) - 1;
            bytes[..=index].rotate_right(1);
            counts[usize::from(bytes[0])] += 1;
            self.block.push(bytes[0].into());
        }
        if origin >= self.block.len() {
            return Err(corrupt());
        }
        // The sorted bytes are known by their counts alone; each one's successor stands at its place in the order.
        let mut start = 0;
        for count in &mut counts {
            start += std::mem::replace(count, start);
        }
        for index in 0..self.block.len() {
            let place = &mut counts[(self.block[index] & 0xff) as usize];
            self.block[*place as usize] |= (index as u32) << 8;
            *place += 1;
        }
        self.next = self.block[origin] >> 8;
        self.left = self.block.len();
        (self.run, self.repeat) = (0, 0);
        Ok(())
    }

    /// Which table codes each group, and the tables.
    fn tables(&mut self, symbols: usize) -> io::Result<(Vec<u8>, Vec<Table>)> {
        let count = self.bits(3)? as usize;
        let selector_count = self.bits(15)? as usize;
        if !(2..=6).contains(&count) || selector_count == 0 || symbols > SYMBOLS_MAX {
            return Err(corrupt());
        }
        let mut order = [0, 1, 2, 3, 4, 5];
        let mut selectors = Vec::with_capacity(selector_count);
        for _ in 0..selector_count {
            let mut index = 0;
            while self.bit()? {
                index += 1;
                if index >= count {
                    return Err(corrupt());
                }
            }
            order[..=index].rotate_right(1);
            selectors.push(order[0]);
        }
        let mut tables = Vec::with_capacity(count);
        for _ in 0..count {
            let mut lengths = [0_u8; SYMBOLS_MAX];
            let mut length = self.bits(5)? as i32;
            for own in &mut lengths[..symbols] {
                loop {
                    if !(1..=LENGTH_MAX as i32).contains(&length) {
                        return Err(corrupt());
                    }
                    if !self.bit()? {
                        break;
                    }
                    length += if self.bit()? { -1 } else { 1 };
                }
                *own = length as u8;
            }
            tables.push(Table::new(&lengths[..symbols]));
        }
        Ok((selectors, tables))
    }

    fn symbol(&mut self, table: &Table) -> io::Result<u16> {
        let mut code = 0;
        for length in 1..=LENGTH_MAX {
            code = code << 1 | self.bits(1)? as i32;
            if code <= table.limits[length] {
                let index = code - table.bases[length];
                return table.symbols.get(index as usize).copied().ok_or_else(corrupt);
            }
        }
        Err(corrupt())
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.done {
            return Ok(0);
        }
        let mut filled = 0;
        while filled < buffer.len() {
            if self.repeat > 0 {
                self.repeat -= 1;
                self.crc.update(self.last);
                buffer[filled] = self.last;
                filled += 1;
                continue;
            }
            if self.left == 0 {
                if self.block_max > 0 && self.any_stream && self.block_sum_is_due() {
                    let sum = self.crc.take();
                    if sum != self.block_sum {
                        return Err(error("checksum error"));
                    }
                    self.stream_sum = self.stream_sum.rotate_left(1) ^ sum;
                    self.block.clear();
                }
                if filled > 0 {
                    break;
                }
                if !self.block()? {
                    self.done = true;
                    break;
                }
                continue;
            }
            let entry = self.block[self.next as usize];
            let byte = entry as u8;
            self.next = entry >> 8;
            self.left -= 1;
            if self.run == 4 {
                self.repeat = byte.into();
                self.run = 0;
                continue;
            }
            self.run = if byte == self.last && self.run > 0 { self.run + 1 } else { 1 };
            self.last = byte;
            self.crc.update(byte);
            buffer[filled] = byte;
            filled += 1;
        }
        Ok(filled)
    }
}

impl Reader<'_> {
    /// Whether a block was read whose sum was not compared yet.
    fn block_sum_is_due(&self) -> bool {
        !self.block.is_empty()
    }
}
