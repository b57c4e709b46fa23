//! base64, base32 — encode bytes as letters and digits, and back.
//!
//! Source: RFC 4648; BusyBox 1.37 for options and messages; GNU coreutils 9 for `-i`.

use crate::prelude::*;

pub(crate) const APPLETS: [Applet; 2] = [
    Applet { name: "base64", links: &["/bin/base64"], usage: USAGE, process: Process::Fork, run },
    Applet {
        name: "base32",
        links: &["/usr/bin/base32"],
        usage: "base32 [-di] [-w COLUMNS] [FILE]\n\nEncode FILE (or stdin) in 32 characters. Options: see base64 --help.\n",
        process: Process::Fork,
        run,
    },
];

const USAGE: &str = "\
base64 [-di] [-w COLUMNS] [FILE]

Encode FILE (or stdin) in 64 characters.

  -d, --decode          Decode
  -i, --ignore-garbage  Skip what cannot be decoded
  -w, --wrap=COLUMNS    Break lines (76; 0: never)
";

/// An alphabet: bits of a character, characters of a group.
struct Code {
    alphabet: &'static [u8],
    bits: u32,
    group: usize,
}

const BASE64: Code =
    Code { alphabet: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", bits: 6, group: 4 };
const BASE32: Code = Code { alphabet: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, group: 8 };

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cli::options::parse(USAGE, cx.args, cli::options::Order::Mixed)?;
    options.expect_operands(0, 1)?;
    let code = if cx.applet.name == "base32" { &BASE32 } else { &BASE64 };
    let columns = options.number('w')?.unwrap_or(76);
    let file = &options.files()[0];
    let Some(mut input) = cx.open(file) else { return Ok(()) };
    if options.has('d') {
        return code.decode(&mut input, options.has('i'), &mut cx.out);
    }
    code.encode(&mut input, columns, &mut cx.out).at(file)
}

impl Code {
    fn encode(&self, input: &mut dyn BufRead, columns: u64, out: &mut Output) -> io::Result<()> {
        let bytes_per_group = self.group * self.bits as usize / 8;
        let mut pending = Vec::new();
        let mut column = 0;
        let mut encoded = Vec::new();
        loop {
            let bytes = input.fill_buf()?;
            let length = bytes.len();
            pending.extend_from_slice(bytes);
            input.consume(length);
            let whole =
                if length == 0 { pending.len() } else { pending.len() / bytes_per_group * bytes_per_group };
            encoded.clear();
            for group in pending[..whole].chunks(bytes_per_group) {
                self.encode_group(group, &mut encoded);
            }
            pending.drain(..whole);
            let mut rest = &encoded[..];
            while !rest.is_empty() {
                let room = if columns == 0 { u64::MAX } else { columns - column };
                let (line, behind) =
                    rest.split_at(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
                out.write(line);
                column += line.len() as u64;
                if column == columns {
                    out.write(b"\n");
                    column = 0;
                }
                rest = behind;
            }
            if length == 0 || out.failed() {
                break;
            }
        }
        if column > 0 && columns > 0 {
            out.write(b"\n");
        }
        Ok(())
    }

    fn encode_group(&self, group: &[u8], encoded: &mut Vec<u8>) {
        let total = self.group as u32 * self.bits;
        let value = group.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        let value = value << (total - 8 * group.len() as u32);
        let used = (8 * group.len()).div_ceil(self.bits as usize);
        for index in 0..self.group {
            let shift = total - self.bits * (index as u32 + 1);
            let digit = (value >> shift) as usize & ((1 << self.bits) - 1);
            encoded.push(if index < used { self.alphabet[digit] } else { b'=' });
        }
    }

    fn decode(&self, input: &mut dyn BufRead, skip: bool, out: &mut Output) -> Result {
        let mut table = [255u8; 256];
        for (index, &letter) in self.alphabet.iter().enumerate() {
            table[usize::from(letter)] = index as u8;
        }
        let (mut value, mut bits, mut count, mut padding) = (0u64, 0u32, 0usize, 0usize);
        let mut decoded = Vec::new();
        loop {
            let bytes = input.fill_buf().doing("read error")?;
            if bytes.is_empty() {
                break;
            }
            decoded.clear();
            for &byte in bytes {
                match table[usize::from(byte)] {
                    255 if byte == b'=' => padding += 1,
                    255 if skip || byte.is_ascii_whitespace() => {}
                    digit if digit < 255 && padding == 0 => {
                        value = value << self.bits | u64::from(digit);
                        bits += self.bits;
                        count += 1;
                        if bits >= 8 {
                            bits -= 8;
                            decoded.push((value >> bits) as u8);
                            value &= (1 << bits) - 1;
                        }
                    }
                    _ => {
                        out.write(&decoded);
                        return Err(Error::message("truncated input"));
                    }
                }
                if padding > 0 && (count + padding).is_multiple_of(self.group) {
                    (value, bits, count, padding) = (0, 0, 0, 0);
                }
            }
            out.write(&decoded);
            let length = bytes.len();
            input.consume(length);
        }
        if !(count + padding).is_multiple_of(self.group) {
            return Err(Error::message("truncated input"));
        }
        Ok(())
    }
}
