//! writer — packs.
//!
//! Source: as for the format; M. Burrows and D. J. Wheeler, "A Block-sorting Lossless Data Compression Algorithm" (1994);
//! N. J. Larsson and K. Sadakane, "Faster Suffix Sorting" (2007) for blocks that repeat themselves.

use std::io::{self, Write};

use super::{BLOCK, Crc, END, GROUP, RUN_A, RUN_B};

const LENGTH_MAX: u8 = 17;

/// Packs what is written to it; `finish` ends the stream.
pub struct Writer<'a> {
    output: &'a mut dyn Write,
    level: usize,
    /// The block, whose runs are counted already.
    block: Vec<u8>,
    /// The byte that comes in a row, and how often.
    last: u8,
    run: usize,
    crc: Crc,
    stream_sum: u32,
    bits: u64,
    bit_count: u32,
    packed: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// `level` from 1 to 9: blocks of so many times 100,000 bytes.
    pub fn new(output: &'a mut dyn Write, level: usize) -> Writer<'a> {
        let level = level.clamp(1, 9);
        let mut writer = Writer {
            output,
            level,
            block: Vec::new(),
            last: 0,
            run: 0,
            crc: Crc::new(),
            stream_sum: 0,
            bits: 0,
            bit_count: 0,
            packed: Vec::new(),
        };
        for byte in [b'B', b'Z', b'h', b'0' + level as u8] {
            writer.put(8, byte.into());
        }
        writer
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.end_run();
        self.end_block()?;
        self.put(24, (END >> 24) as u32);
        self.put(24, END as u32 & 0xff_ffff);
        self.put(32, self.stream_sum);
        let fill = (8 - self.bit_count % 8) % 8;
        self.put(fill, 0);
        self.send()?;
        self.output.flush()
    }

    fn put(&mut self, count: u32, value: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.bit_count += count;
        while self.bit_count >= 8 {
            self.bit_count -= 8;
            self.packed.push((self.bits >> self.bit_count) as u8);
        }
    }

    fn send(&mut self) -> io::Result<()> {
        self.output.write_all(&self.packed)?;
        self.packed.clear();
        Ok(())
    }

    /// A run of four and more is four bytes and a count of more.
    fn end_run(&mut self) {
        let shown = self.run.min(4);
        for _ in 0..shown {
            self.block.push(self.last);
        }
        if shown == 4 {
            self.block.push((self.run - 4) as u8);
        }
        for _ in 0..self.run {
            self.crc.update(self.last);
        }
        self.run = 0;
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        let sum = self.crc.take();
        self.stream_sum = self.stream_sum.rotate_left(1) ^ sum;
        self.put(24, (BLOCK >> 24) as u32);
        self.put(24, BLOCK as u32 & 0xff_ffff);
        self.put(32, sum);
        self.put(1, 0);
        let (last, origin) = transform(&block);
        self.put(24, origin as u32);

        let mut used = [false; 256];
        block.iter().for_each(|&byte| used[usize::from(byte)] = true);
        let row = |bits: &[bool]| bits.iter().fold(0, |row, &bit| row << 1 | u32::from(bit));
        let rows = [0; 16].iter().enumerate().map(|(index, _)| row(&used[index * 16..index * 16 + 16]));
        let rows: Vec<u32> = rows.collect();
        self.put(16, rows.iter().fold(0, |all, &row| all << 1 | u32::from(row != 0)));
        for row in rows.into_iter().filter(|&row| row != 0) {
            self.put(16, row);
        }
        let bytes: Vec<u8> = (0..=255).filter(|&byte| used[usize::from(byte)]).collect();
        let alphabet = bytes.len() + 2;
        let symbols = move_to_front(&last, bytes);
        self.code(&symbols, alphabet);
        self.block = block;
        self.block.clear();
        self.send()
    }

    /// Chooses tables for the groups of symbols, and writes both.
    fn code(&mut self, symbols: &[u16], alphabet: usize) {
        let count = match symbols.len() {
            0..200 => 2,
            200..600 => 3,
            600..1200 => 4,
            1200..2400 => 5,
            _ => 6,
        };
        let groups: Vec<&[u16]> = symbols.chunks(GROUP).collect();
        let mut choice: Vec<usize> = Vec::new();
        let mut lengths: Vec<Vec<u8>> = first_lengths(symbols, alphabet, count);
        for _ in 0..4 {
            let mut counts = vec![vec![0_u32; alphabet]; count];
            choice.clear();
            for group in &groups {
                let cost = |table: &Vec<u8>| -> u32 {
                    group.iter().map(|&symbol| u32::from(table[usize::from(symbol)])).sum()
                };
                let costs: Vec<u32> = lengths.iter().map(cost).collect();
                let best = (0..count).min_by_key(|&table| costs[table]).unwrap_or(0);
                choice.push(best);
                group.iter().for_each(|&symbol| counts[best][usize::from(symbol)] += 1);
            }
            lengths = counts.iter().map(|counts| code_lengths(counts)).collect();
        }
        self.put(3, count as u32);
        self.put(15, choice.len() as u32);
        let mut order = [0, 1, 2, 3, 4, 5];
        for &table in &choice {
            let index = order.iter().position(|&known| known == table).unwrap_or(0);
            order[..=index].rotate_right(1);
            self.put(index as u32 + 1, (1 << (index + 1)) - 2);
        }
        for table in &lengths {
            let mut current = table[0];
            self.put(5, current.into());
            for &length in table {
                while current < length {
                    self.put(2, 0b10);
                    current += 1;
                }
                while current > length {
                    self.put(2, 0b11);
                    current -= 1;
                }
                self.put(1, 0);
            }
        }
        let codes: Vec<Vec<u32>> = lengths.iter().map(|table| codes(table)).collect();
        for (group, &table) in groups.iter().zip(&choice) {
            for &symbol in *group {
                let symbol = usize::from(symbol);
                self.put(lengths[table][symbol].into(), codes[table][symbol]);
            }
        }
    }
}

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A run of 255 takes five bytes, and the format holds back some for bzip2's own sorting.
        let full = self.level * 100_000 - 25;
        for &byte in bytes {
            if self.run > 0 && (byte != self.last || self.run == 255) {
                self.end_run();
                if self.block.len() >= full {
                    self.end_block()?;
                }
            }
            self.last = byte;
            self.run += 1;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The last column of the sorted rotations, and the row in which the block itself stands.
fn transform(block: &[u8]) -> (Vec<u8>, usize) {
    let order = sort_rotations(block);
    let length = block.len();
    let mut last = Vec::with_capacity(length);
    let mut origin = 0;
    for (row, &start) in order.iter().enumerate() {
        if start == 0 {
            origin = row;
        }
        last.push(block[(start as usize + length - 1) % length]);
    }
    (last, origin)
}

/// Where the rotations begin, in their order. Rows that agree in `width` bytes are one class; the classes of what stands
/// `width` further on order them by twice as many, until all differ, or all are compared whole.
fn sort_rotations(block: &[u8]) -> Vec<u32> {
    let length = block.len();
    let mut order: Vec<u32> = (0..length as u32).collect();
    let mut class = vec![0_u32; length];
    // The first two bytes, counted.
    let pair = |index: usize| usize::from(block[index]) << 8 | usize::from(block[(index + 1) % length]);
    let mut starts = vec![0_u32; 65_537];
    (0..length).for_each(|index| starts[pair(index) + 1] += 1);
    for index in 0..65_536 {
        starts[index + 1] += starts[index];
    }
    // A class is the number of the last row that has it.
    for index in 0..length {
        class[index] = starts[pair(index) + 1] - 1;
    }
    let mut next = starts;
    for index in 0..length {
        let place = &mut next[pair(index)];
        order[*place as usize] = index as u32;
        *place += 1;
    }
    drop(next);
    let mut width = 2;
    loop {
        let mut sorted = true;
        let mut start = 0;
        while start < length {
            let end = class[order[start] as usize] as usize + 1;
            if end - start > 1 {
                sorted &= refine(&mut order[start..end], &mut class, start, width);
            }
            start = end;
        }
        width *= 2;
        // Rotations that are the same in all their bytes may stand in any order.
        if sorted || width >= 2 * length {
            return order;
        }
    }
}

/// Orders the rows of one class by the classes of what stands `width` further on, and gives them their own. Whether
/// all rows now differ.
fn refine(rows: &mut [u32], class: &mut [u32], first: usize, width: usize) -> bool {
    let length = class.len();
    let key = |class: &[u32], row: u32| class[(row as usize + width) % length];
    let mut keyed: Vec<u64> =
        rows.iter().map(|&row| u64::from(key(class, row)) << 32 | u64::from(row)).collect();
    keyed.sort_unstable();
    for (row, keyed) in rows.iter_mut().zip(&keyed) {
        *row = *keyed as u32;
    }
    // From behind, so that the keys of rows that are still to come stay in their order.
    let mut all_differ = true;
    let mut end = rows.len();
    while end > 0 {
        let own = keyed[end - 1] >> 32;
        let mut start = end;
        while start > 0 && keyed[start - 1] >> 32 == own {
            start -= 1;
            class[rows[start] as usize] = (first + end - 1) as u32;
        }
        all_differ &= end - start == 1;
        end = start;
    }
    all_differ
}

/// Each byte as its place among those that came last, runs of the first one as numbers.
fn move_to_front(bytes: &[u8], mut order: Vec<u8>) -> Vec<u16> {
    let end = order.len() as u16 + 1;
    let mut symbols = Vec::with_capacity(bytes.len());
    let mut run = 0_usize;
    let end_run = |symbols: &mut Vec<u16>, run: &mut usize| {
        while *run > 0 {
            symbols.push(if *run % 2 == 1 { RUN_A } else { RUN_B });
            *run = (*run - 1) / 2;
        }
    };
    for &byte in bytes {
        let index = order.iter().position(|&known| known == byte).unwrap_or(0);
        if index == 0 {
            run += 1;
            continue;
        }
        end_run(&mut symbols, &mut run);
        order[..=index].rotate_right(1);
        symbols.push(index as u16 + 1);
    }
    end_run(&mut symbols, &mut run);
    symbols.push(end);
    symbols
}

/// Tables to begin with: each is cheap for its share of the symbols.
fn first_lengths(symbols: &[u16], alphabet: usize, count: usize) -> Vec<Vec<u8>> {
    let mut counts = vec![0_usize; alphabet];
    symbols.iter().for_each(|&symbol| counts[usize::from(symbol)] += 1);
    let mut tables = vec![vec![15; alphabet]; count];
    let (mut table, mut seen) = (0, 0);
    for symbol in 0..alphabet {
        tables[table][symbol] = 1;
        seen += counts[symbol];
        if seen * count >= symbols.len() * (table + 1) && table + 1 < count {
            table += 1;
        }
    }
    tables
}

/// How long the code of each symbol is: Huffman's, with counts made flatter until no code is too long.
fn code_lengths(counts: &[u32]) -> Vec<u8> {
    let mut weights: Vec<u32> = counts.iter().map(|&count| count.max(1)).collect();
    loop {
        // (weight, the first node, the second); leaves are the first `weights.len()` nodes.
        let mut parent = vec![0_usize; 2 * weights.len()];
        let mut open: Vec<(u32, usize)> = weights.iter().copied().zip(0..).collect();
        let mut nodes = weights.len();
        while open.len() > 1 {
            // The lightest two are at the end.
            open.sort_unstable_by(|one, other| other.cmp(one));
            let (Some(one), Some(other)) = (open.pop(), open.pop()) else { break };
            parent[one.1] = nodes;
            parent[other.1] = nodes;
            open.push((one.0 + other.0, nodes));
            nodes += 1;
        }
        let root = nodes - 1;
        let depth = |mut node: usize| {
            let mut depth = 0_u8;
            while node != root {
                node = parent[node];
                depth += 1;
            }
            depth.max(1)
        };
        let lengths: Vec<u8> = (0..weights.len()).map(depth).collect();
        if lengths.iter().all(|&length| length <= LENGTH_MAX) {
            return lengths;
        }
        weights.iter_mut().for_each(|weight| *weight = *weight / 2 + 1);
    }
}

/// The codes: shorter ones first, of one length in the order of the symbols.
fn codes(lengths: &[u8]) -> Vec<u32> {
    let mut codes = vec![0; lengths.len()];
    let mut code = 0;
    for length in 1..=LENGTH_MAX {
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, own)| **own == length) {
            codes[symbol] = code;
            code += 1;
        }
        code <<= 1;
    }
    codes
}
