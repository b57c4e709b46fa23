//! strings — print the printable texts in a file.
//!
//! Source: POSIX.1-2024 `strings`; BusyBox 1.37 for `-f` and `-o`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "strings",
    links: &["/usr/bin/strings"],
    usage: "\
strings [-afo] [-t o|d|x] [-n N] [FILE]...

Print the texts of N (4) or more printable characters in FILEs (or stdin).

  -a, --all               Look at the whole file, as always
  -f, --print-file-name   Print the file's name before each text
  -n, --bytes=N           The shortest text
  -o                      Print where the text begins, as -t o
  -t, --radix=RADIX       Print it in octal (o), decimal (d) or hexadecimal (x)
",
    process: Process::Fork,
    run,
};

struct Shown {
    shortest: usize,
    radix: u8,
    with_name: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let radix = match (options.value('t').map(OsStr::as_bytes), options.has('o')) {
        (None, false) => 0,
        (None, true) => b'o',
        (Some([radix @ (b'o' | b'd' | b'x')]), _) => *radix,
        _ => return Err(Error::usage("")),
    };
    let shortest = match options.number('n')? {
        None => 4,
        Some(number) if (1..=i32::MAX as u64).contains(&number) => number as usize,
        Some(number) => {
            return Err(Error::message(format_args!("number {number} is not in 1..2147483647 range")));
        }
    };
    let shown = Shown { shortest, radix, with_name: options.has('f') };
    let named = !options.operands().is_empty();
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        let name = if named { file.as_os_str().as_bytes() } else { b"{standard input}" };
        shown.print(&mut input, name, &mut cx.out).at(&file)?;
    }
    Ok(())
}

impl Shown {
    fn print(&self, input: &mut dyn BufRead, name: &[u8], out: &mut Output) -> io::Result<()> {
        // The text so far; once it is long enough it is printed, and `printing` what follows.
        let mut text = Vec::new();
        let mut printing = false;
        let mut offset = 0u64;
        loop {
            let bytes = input.fill_buf()?;
            let length = bytes.len();
            if length == 0 || out.failed() {
                break;
            }
            for &byte in bytes {
                offset += 1;
                if !matches!(byte, b' '..=b'~' | b'\t') {
                    if printing {
                        out.write(b"\n");
                    }
                    printing = false;
                    text.clear();
                } else if printing {
                    out.write(&[byte]);
                } else {
                    text.push(byte);
                    printing = text.len() == self.shortest;
                    if printing {
                        self.begin(name, offset - text.len() as u64, out);
                        out.write(&text);
                    }
                }
            }
            input.consume(length);
        }
        if printing {
            out.write(b"\n");
        }
        Ok(())
    }

    fn begin(&self, name: &[u8], offset: u64, out: &mut Output) {
        if self.with_name {
            out.write(name);
            out.write(b": ");
        }
        match self.radix {
            b'o' => write!(out, "{offset:7o} "),
            b'd' => write!(out, "{offset:7} "),
            b'x' => write!(out, "{offset:7x} "),
            _ => {}
        }
    }
}
