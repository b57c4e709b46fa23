//! md5sum and its family — print or check digests of files.
//!
//! Source: BusyBox 1.37 for options and messages; GNU coreutils 9 for `--quiet`, `--ignore-missing`, `--tag` and the tagged
//! format, which is read with or without `--tag`.

use super::common::open_or_report;
use crate::prelude::*;
use crypto::digest::{Algorithm, hexadecimal};

pub(crate) const APPLETS: [Applet; 6] = [
    Applet {
        name: "md5sum",
        links: &["/usr/bin/md5sum"],
        usage: "md5sum [-c [-sw]] [FILE]...\n\nPrint or check MD5 digests. Options: see sha256sum --help.\n",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "sha1sum",
        links: &["/usr/bin/sha1sum"],
        usage: "sha1sum [-c [-sw]] [FILE]...\n\nPrint or check SHA-1 digests. Options: see sha256sum --help.\n",
        process: Process::Fork,
        run,
    },
    Applet { name: "sha256sum", links: &["/usr/bin/sha256sum"], usage: USAGE, process: Process::Fork, run },
    Applet {
        name: "sha384sum",
        links: &["/usr/bin/sha384sum"],
        usage: "sha384sum [-c [-sw]] [FILE]...\n\nPrint or check SHA-384 digests. Options: see sha256sum --help.\n",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "sha512sum",
        links: &["/usr/bin/sha512sum"],
        usage: "sha512sum [-c [-sw]] [FILE]...\n\nPrint or check SHA-512 digests. Options: see sha256sum --help.\n",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "sha3sum",
        links: &["/usr/bin/sha3sum"],
        usage: "\
sha3sum [-c [-sw]] [-a BITS] [FILE]...

Print or check SHA-3 digests of 224, 256, 384 or 512 BITS. Options: see sha256sum --help.
",
        process: Process::Fork,
        run,
    },
];

const USAGE: &str = "\
sha256sum [-c [-sw]] [FILE]...

Print or check digests of FILEs (or stdin).

  -c, --check       Read digests and names from FILEs and check them
  -s, --status      Print nothing, the exit status says it
  -w, --warn        Warn about lines that are no digests
  -a BITS           sha3sum: the size of the digest
  -b, --binary      Mark names with *
  -t, --text        The default
  -z, --zero        Lines end in NUL
  --quiet           Print no OK for files that are as they should be
  --strict          Ignored: lines that are no digests are failures
  --ignore-missing  Leave out files that are not there
  --tag             Print as BSD does
";

struct Check {
    silent: bool,
    warn: bool,
    quiet: bool,
    ignore_missing: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cli::options::parse(USAGE, cx.args, cli::options::Order::Mixed)?;
    let algorithm = match cx.applet.name {
        "md5sum" => Algorithm::Md5,
        "sha1sum" => Algorithm::Sha1,
        "sha256sum" => Algorithm::Sha256,
        "sha384sum" => Algorithm::Sha384,
        "sha512sum" => Algorithm::Sha512,
        _ => match options.number('a')?.unwrap_or(224) {
            bits @ (224 | 256 | 384 | 512) => Algorithm::Sha3(bits as u16),
            bits => return Err(Error::message(format_args!("bad -a{bits}"))),
        },
    };
    let check = Check {
        silent: options.has('s'),
        warn: options.has('w'),
        quiet: options.has_long("quiet"),
        ignore_missing: options.has_long("ignore-missing"),
    };
    if !options.has('c') && (check.silent || check.warn) {
        return Err(Error::usage("-s and -w need -c"));
    }
    let end = if options.has('z') { 0 } else { b'\n' };
    for file in options.files() {
        if options.has('c') {
            check.list(cx, algorithm, &file)?;
            continue;
        }
        let Some(digest) = of_file(cx, algorithm, &file) else { continue };
        let name = file.as_os_str().as_bytes();
        if options.has_long("tag") {
            write!(cx.out, "{} (", tag(algorithm));
            cx.out.write(name);
            write!(cx.out, ") = {digest}");
        } else {
            write!(cx.out, "{digest} {}", if options.has('b') { '*' } else { ' ' });
            cx.out.write(name);
        }
        cx.out.write(&[end]);
    }
    Ok(())
}

fn tag(algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::Md5 => "MD5".to_string(),
        Algorithm::Sha1 => "SHA1".to_string(),
        Algorithm::Sha3(bits) => format!("SHA3-{bits}"),
        other => format!("SHA{}", other.size() * 8),
    }
}

/// The digest of a file; a file that cannot be read is reported.
fn of_file(cx: &mut Cx<'_>, algorithm: Algorithm, file: &Path) -> Option<String> {
    let mut input = open_or_report(cx, file)?;
    let mut digest = algorithm.start();
    loop {
        match input.fill_buf() {
            Ok([]) => return Some(hexadecimal(&digest.finish())),
            Ok(bytes) => {
                digest.update(bytes);
                let length = bytes.len();
                input.consume(length);
            }
            Err(error) => {
                let why = sys::error::text(&error);
                cx.report(Error::message(format_args!("can't read '{}': {why}", file.display())));
                return None;
            }
        }
    }
}

impl Check {
    fn list(&self, cx: &mut Cx<'_>, algorithm: Algorithm, list: &Path) -> Result {
        let Some(mut input) = cx.open(list) else { return Ok(()) };
        let (mut checked, mut failed, mut malformed) = (0u64, 0u64, 0u64);
        let mut line = Vec::new();
        while super::common::read_line(&mut input, b'\n', &mut line).at(list)? {
            let text = super::common::trimmed(super::common::trimmed(&line, b'\n'), b'\r');
            let Some((expected, name)) = parse_line(text, algorithm) else {
                malformed += 1;
                if self.warn {
                    cx.warn("invalid format");
                }
                continue;
            };
            let path = Path::new(OsStr::from_bytes(name));
            if self.ignore_missing && !path.exists() {
                continue;
            }
            checked += 1;
            let found = of_file(cx, algorithm, path);
            let right = found.is_some_and(|found| found.as_bytes().eq_ignore_ascii_case(expected));
            failed += u64::from(!right);
            let said = !right || !self.quiet;
            if said && !self.silent {
                cx.out.write(name);
                cx.out.write(if right { b": OK\n" } else { b": FAILED\n" });
            }
        }
        // A line that is no digest counts among those that do not match.
        let (failed, checked) = (failed + malformed, checked + malformed);
        if failed > 0 {
            cx.status = 1;
            if !self.silent {
                cx.warn(&format!("WARNING: {failed} of {checked} computed checksums did NOT match"));
            }
        } else if checked == 0 {
            return Err(Error::message(format_args!("{}: no checksum lines found", list.display())));
        }
        Ok(())
    }
}

/// `DIGEST  NAME`, `DIGEST *NAME` or `TAG (NAME) = DIGEST`.
fn parse_line(line: &[u8], algorithm: Algorithm) -> Option<(&[u8], &[u8])> {
    let length = algorithm.size() * 2;
    let is_digest = |text: &[u8]| text.len() == length && text.iter().all(u8::is_ascii_hexdigit);
    if let Some(rest) = line.strip_prefix(tag(algorithm).as_bytes()).and_then(|rest| rest.strip_prefix(b" ("))
    {
        let (rest, digest) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
        return Some((digest, rest.strip_suffix(b") = ")?)).filter(|_| is_digest(digest));
    }
    let (digest, rest) = line.split_at_checked(length)?;
    let name = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"))?;
    (is_digest(digest) && !name.is_empty()).then_some((digest, name))
}
