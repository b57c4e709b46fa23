//! getfattr and setfattr — print and change extended attributes of files.
//!
//! Source: BusyBox 1.37; getfattr(1) of the attr package for `-e` and `--only-values`; xattr(7).

use std::ffi::CString;

use sys::xattr;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "getfattr",
        links: &["/usr/bin/getfattr"],
        usage: "\
getfattr [-h] [-d | -n NAME] FILE...

Print extended attributes.

  -h, --no-dereference  Of links themselves
  -d, --dump            With their values
  -n, --name=NAME       Only this one
  --only-values         Only values, as they are
",
        process: Process::Fork,
        run: getfattr,
    },
    Applet {
        name: "setfattr",
        links: &["/usr/bin/setfattr"],
        usage: "\
setfattr [-h] -n NAME [-v VALUE] | -x NAME FILE...

Change extended attributes.

  -h, --no-dereference  Of links themselves
  -n, --name=NAME       Set this one
  -v, --value=VALUE     To VALUE; 0x… is hexadecimal, 0s… base64 (default: empty)
  -x, --remove=NAME     Remove this one
",
        process: Process::Fork,
        run: setfattr,
    },
];

fn name(text: &OsStr) -> Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| Error::message("bad name"))
}

fn getfattr(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let follow = !options.has('h');
    let wanted = options.value('n').map(name).transpose()?;
    for operand in options.operands() {
        let path = Path::new(operand);
        if let Err(error) = show(cx, &options, path, wanted.as_ref(), follow) {
            cx.report(Error::at(path, error));
        }
    }
    Ok(())
}

fn show(
    cx: &mut Cx<'_>,
    options: &Options,
    path: &Path,
    wanted: Option<&CString>,
    follow: bool,
) -> io::Result<()> {
    let names = match wanted {
        Some(name) => vec![name.clone()],
        None => {
            let mut names = xattr::list_of(path, follow)?;
            // Those of users alone are everybody's business.
            names.retain(|name| name.as_bytes().starts_with(b"user."));
            names.sort_unstable();
            names
        }
    };
    let mut text = Vec::new();
    for name in &names {
        let with_value = wanted.is_some() || options.has('d') || options.has_long("only-values");
        let value = if with_value { xattr::get_of(path, name, follow)? } else { Vec::new() };
        if options.has_long("only-values") {
            cx.out.write(&value);
            continue;
        }
        text.extend_from_slice(name.as_bytes());
        if with_value {
            text.push(b'=');
            quote(&value, &mut text);
        }
        text.push(b'\n');
    }
    if !text.is_empty() {
        writeln!(cx.out, "# file: {}", path.display().to_string().trim_start_matches('/'));
        cx.out.write(&text);
        cx.out.write(b"\n");
    }
    Ok(())
}

/// A text in quotes, or what is none in hexadecimal.
fn quote(value: &[u8], text: &mut Vec<u8>) {
    if std::str::from_utf8(value)
        .is_ok_and(|value| !value.chars().any(|next| next.is_control() && next != '\n'))
    {
        text.push(b'"');
        for &byte in value {
            match byte {
                b'"' | b'\\' => text.extend_from_slice(&[b'\\', byte]),
                b'\n' => text.extend_from_slice(b"\\012"),
                byte => text.push(byte),
            }
        }
        text.push(b'"');
        return;
    }
    text.extend_from_slice(b"0x");
    text.extend_from_slice(crypto::digest::hexadecimal(value).as_bytes());
}

fn setfattr(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let follow = !options.has('h');
    let (text, removes) = match (options.value('n'), options.value('x')) {
        (Some(text), None) => (text, false),
        (None, Some(text)) => (text, true),
        _ => return Err(Error::usage("either -n or -x")),
    };
    let attribute = name(text)?;
    let value = options.value('v').map_or(Some(Vec::new()), |value| decode(value.as_bytes()));
    let value = value.ok_or_else(|| Error::message("bad input encoding"))?;
    for operand in options.operands() {
        let path = Path::new(operand);
        let done = if removes {
            xattr::remove_of(path, &attribute, follow)
        } else {
            xattr::set_of(path, &attribute, &value, follow)
        };
        if let Err(error) = done {
            cx.report(Error::at(path, error));
        }
    }
    Ok(())
}

/// `0x414243`, `0sQUJD`, a text in quotes, or a text. None: it is not what it says.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => {
            let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect())?
        }
        [b'0', b's' | b'S', letters @ ..] => {
            let mut bytes = Vec::new();
            let (mut group, mut bits) = (0_u32, 0);
            for &letter in letters.iter().take_while(|letter| **letter != b'=') {
                let value = match letter {
                    b'A'..=b'Z' => letter - b'A',
                    b'a'..=b'z' => letter - b'a' + 26,
                    b'0'..=b'9' => letter - b'0' + 52,
                    b'+' => 62,
                    b'/' => 63,
                    _ => return None,
                };
                group = group << 6 | u32::from(value);
                bits += 6;
                if bits >= 8 {
                    bits -= 8;
                    bytes.push((group >> bits) as u8);
                }
            }
            Some(bytes)
        }
        [b'"', inner @ .., b'"'] => {
            let mut bytes = Vec::new();
            posix::escape::expand(inner, posix::escape::Octal::Three, &mut bytes);
            Some(bytes)
        }
        text => Some(text.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_values() {
        for (text, expected) in [
            ("abc", Some(&b"abc"[..])),
            ("0x4100ff", Some(b"A\0\xff")),
            ("0x4", None),
            ("0sQUJDRA==", Some(b"ABCD")),
            ("0s?", None),
            ("\"a\\012\"", Some(b"a\n")),
            ("", Some(b"")),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), expected, "{text}");
        }
        for (value, expected) in [(&b"a\"b\n"[..], "\"a\\\"b\\012\""), (b"A\0", "0x4100"), (b"", "\"\"")] {
            let mut text = Vec::new();
            quote(value, &mut text);
            assert_eq!(text, expected.as_bytes());
        }
    }
}
