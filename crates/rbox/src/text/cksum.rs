//! cksum, crc32, sum — print simple checksums of files.
//!
//! Source: POSIX.1-2024 `cksum`; BusyBox 1.37 for `crc32` and the columns of `sum`.

use super::common::open_or_report;
use crate::prelude::*;
use crypto::crc;

pub(crate) const APPLETS: [Applet; 3] = [
    Applet {
        name: "cksum",
        links: &["/usr/bin/cksum"],
        usage: "cksum [FILE]...\n\nPrint the POSIX checksum and the length of FILEs (or stdin).\n",
        process: Process::Fork,
        run: run_crc,
    },
    Applet {
        name: "crc32",
        links: &["/usr/bin/crc32"],
        usage: "crc32 [FILE]...\n\nPrint the checksum of FILEs (or stdin) that gzip uses.\n",
        process: Process::Fork,
        run: run_crc,
    },
    Applet {
        name: "sum",
        links: &["/usr/bin/sum"],
        usage: "\
sum [-rs] [FILE]...

Print checksums of 16 bits and the numbers of blocks of FILEs (or stdin).

  -r           As BSD does, blocks of 1024 bytes (default)
  -s, --sysv   As System V does, blocks of 512 bytes
",
        process: Process::Fork,
        run: run_sum,
    },
];

/// Gives all of a file to `with`. False: it could not be read, which is reported.
fn each_block(cx: &mut Cx<'_>, file: &Path, with: &mut dyn FnMut(&[u8])) -> bool {
    let Some(mut input) = open_or_report(cx, file) else { return false };
    loop {
        match input.fill_buf().at(file) {
            Ok([]) => return true,
            Ok(bytes) => {
                with(bytes);
                let length = bytes.len();
                input.consume(length);
            }
            Err(error) => {
                cx.report(error);
                return false;
            }
        }
    }
}

fn name(cx: &mut Cx<'_>, named: bool, file: &Path) {
    if named {
        cx.out.write(b" ");
        cx.out.write(file.as_os_str().as_bytes());
    }
    cx.out.write(b"\n");
}

fn run_crc(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let named = !options.operands().is_empty();
    for file in options.files() {
        if cx.applet.name == "crc32" {
            let mut sum = crc::Gzip::new();
            if each_block(cx, &file, &mut |bytes| sum.update(bytes)) {
                write!(cx.out, "{:08x}", sum.finish());
                name(cx, named, &file);
            }
            continue;
        }
        let mut sum = crc::Posix::new();
        if each_block(cx, &file, &mut |bytes| sum.update(bytes)) {
            let (sum, length) = sum.finish();
            write!(cx.out, "{sum} {length}");
            name(cx, named, &file);
        }
    }
    Ok(())
}

fn run_sum(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let system_v = options.last_of("rs") == Some('s');
    let files = options.files();
    for file in &files {
        let (mut sum, mut length) = (0u32, 0u64);
        let read = each_block(cx, file, &mut |bytes| {
            length += bytes.len() as u64;
            for &byte in bytes {
                sum = if system_v {
                    sum.wrapping_add(u32::from(byte))
                } else {
                    ((sum >> 1 | (sum & 1) << 15) + u32::from(byte)) & 0xffff
                };
            }
        });
        if !read {
            continue;
        }
        if system_v {
            let folded = (sum & 0xffff) + (sum >> 16);
            let folded = (folded & 0xffff) + (folded >> 16);
            write!(cx.out, "{folded} {}", length.div_ceil(512));
            name(cx, !options.operands().is_empty(), file);
        } else {
            write!(cx.out, "{sum:05} {:5}", length.div_ceil(1024));
            if files.len() > 1 { name(cx, true, file) } else { cx.out.write(b" \n") }
        }
    }
    Ok(())
}
