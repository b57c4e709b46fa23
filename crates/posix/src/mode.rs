//! mode — permissions as numbers, as `u+x,go=rX`, and as `drwxr-xr-x`.
//!
//! Source: POSIX.1-2024 `chmod` (grammar of symbolic modes) and `ls` (text of modes); the same for all
//! kinds of files, as BusyBox does; GNU's chmod leaves the set-id bits of directories alone.

/// The bits that a mode can change.
const ALL: u32 = 0o7777;

/// A parsed mode, to be applied to any file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mode {
    clauses: Vec<Clause>,
}

/// One operation of one clause: `go-w`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    /// Whose bits: 0o4700 for u, 0o2070 for g, 0o1007 for o, all of them for a.
    who: u32,
    /// Nobody was named, so the mask counts.
    masked: bool,
    operation: u8,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// Bits for all three classes, and whether `X` was among them.
    Bits {
        bits: u32,
        conditional_execute: bool,
    },
    /// The bits of another class: its shift.
    CopyOf(u32),
    Octal(u32),
}

impl Mode {
    /// Parses `text`; None where it is not a mode.
    pub fn parse(text: &[u8]) -> Option<Mode> {
        if text.first().is_some_and(u8::is_ascii_digit) {
            let what = What::Octal(octal(text)?);
            return Some(Mode { clauses: vec![Clause { who: ALL, masked: false, operation: b'=', what }] });
        }
        let mut clauses = Vec::new();
        for part in text.split(|&byte| byte == b',') {
            parse_clause(part, &mut clauses)?;
        }
        Some(Mode { clauses })
    }

    /// The permissions that a file of permissions `old` gets. `mask` is the umask.
    pub fn apply(&self, old: u32, is_directory: bool, mask: u32) -> u32 {
        self.clauses.iter().fold(old & ALL, |mode, clause| clause.apply(mode, is_directory, mask))
    }
}

impl Clause {
    fn apply(&self, mode: u32, is_directory: bool, mask: u32) -> u32 {
        let mut bits = match self.what {
            What::Octal(bits) => return bits,
            What::Bits { bits, conditional_execute } => {
                let execute = conditional_execute && (is_directory || mode & 0o111 != 0);
                if execute { bits | 0o111 } else { bits }
            }
            What::CopyOf(shift) => {
                let class = mode >> shift & 7;
                class << 6 | class << 3 | class
            }
        };
        bits &= self.who;
        if self.masked {
            bits &= !mask;
        }
        match self.operation {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            _ => mode & !self.who | bits,
        }
    }
}

fn octal(text: &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for &byte in text {
        value = value * 8 + (byte as char).to_digit(8)?;
        if value > ALL {
            return None;
        }
    }
    Some(value)
}

/// `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`
fn parse_clause(text: &[u8], clauses: &mut Vec<Clause>) -> Option<()> {
    let who_length = text.iter().take_while(|&byte| b"ugoa".contains(byte)).count();
    let mut who = 0;
    for byte in &text[..who_length] {
        who |= match byte {
            b'u' => 0o4700,
            b'g' => 0o2070,
            b'o' => 0o1007,
            _ => ALL,
        };
    }
    let masked = who == 0;
    if masked {
        who = ALL;
    }
    let mut rest = &text[who_length..];
    if rest.is_empty() {
        return None;
    }
    while let Some((&operation, behind)) = rest.split_first() {
        if !b"+-=".contains(&operation) {
            return None;
        }
        let length = behind.iter().take_while(|&byte| !b"+-=".contains(byte)).count();
        clauses.push(Clause { who, masked, operation, what: parse_what(&behind[..length])? });
        rest = &behind[length..];
    }
    Some(())
}

fn parse_what(text: &[u8]) -> Option<What> {
    match text {
        b"u" => return Some(What::CopyOf(6)),
        b"g" => return Some(What::CopyOf(3)),
        b"o" => return Some(What::CopyOf(0)),
        _ => {}
    }
    let mut what = (0, false);
    for byte in text {
        match byte {
            b'r' => what.0 |= 0o444,
            b'w' => what.0 |= 0o222,
            b'x' => what.0 |= 0o111,
            b'X' => what.1 = true,
            b's' => what.0 |= 0o6000,
            b't' => what.0 |= 0o1000,
            _ => return None,
        }
    }
    Some(What::Bits { bits: what.0, conditional_execute: what.1 })
}

/// Type and permissions as `ls -l` prints them: "drwxr-xr-x".
pub fn text(mode: u32) -> [u8; 10] {
    let kind = match mode & 0o170000 {
        0o010000 => b'p',
        0o020000 => b'c',
        0o040000 => b'd',
        0o060000 => b'b',
        0o100000 => b'-',
        0o120000 => b'l',
        0o140000 => b's',
        _ => b'?',
    };
    let mut text = *b"?---------";
    text[0] = kind;
    for (index, letter) in b"rwxrwxrwx".iter().enumerate() {
        if mode >> (8 - index) & 1 == 1 {
            text[index + 1] = *letter;
        }
    }
    for (bit, index, with, without) in
        [(0o4000, 3, b's', b'S'), (0o2000, 6, b's', b'S'), (0o1000, 9, b't', b'T')]
    {
        if mode & bit != 0 {
            text[index] = if text[index] == b'x' { with } else { without };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_as_chmod_does() {
        // (mode, old, directory, result with umask 022); each row was checked with BusyBox's chmod.
        for (text, old, directory, new) in [
            ("755", 0o644, false, 0o755),
            ("0", 0o7777, false, 0),
            ("755", 0o2700, true, 0o755),
            ("u+x", 0o644, false, 0o744),
            ("+x", 0o644, false, 0o755),
            ("+w", 0o444, false, 0o644),
            ("-w", 0o666, false, 0o466),
            ("a+w", 0o444, false, 0o666),
            ("go-rwx", 0o777, false, 0o700),
            ("u=rw,go=r", 0o777, false, 0o644),
            ("u=g", 0o640, false, 0o440),
            ("g=u", 0o640, false, 0o660),
            ("o+u", 0o640, false, 0o646),
            ("a+X", 0o644, false, 0o644),
            ("a+X", 0o744, false, 0o755),
            ("a+X", 0o644, true, 0o755),
            ("u+s,+t", 0o755, false, 0o5755),
            ("u+s-x", 0o755, false, 0o4655),
            ("=", 0o777, false, 0),
            ("=r", 0o777, false, 0o444),
            ("g=", 0o2770, true, 0o700),
            ("u+", 0o644, false, 0o644),
            ("ug+rw-x", 0o111, false, 0o661),
            ("o+s", 0o755, false, 0o755),
            ("u+t", 0o755, false, 0o755),
        ] {
            let mode = Mode::parse(text.as_bytes()).expect(text);
            assert_eq!(mode.apply(old, directory, 0o022), new, "{text} on {old:o}");
        }
    }

    #[test]
    fn refuses_what_is_no_mode() {
        for text in ["", "8", "77777", "u", "+q", "u+x,", "u+gx", "rwx", "0x", "u~x"] {
            assert_eq!(Mode::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn prints_as_ls_does() {
        for (mode, expected) in [
            (0o040755, "drwxr-xr-x"),
            (0o100644, "-rw-r--r--"),
            (0o104755, "-rwsr-xr-x"),
            (0o104644, "-rwSr--r--"),
            (0o102755, "-rwxr-sr-x"),
            (0o041777, "drwxrwxrwt"),
            (0o041770, "drwxrwx--T"),
            (0o120777, "lrwxrwxrwx"),
        ] {
            assert_eq!(text(mode), expected.as_bytes(), "{mode:o}");
        }
    }
}
