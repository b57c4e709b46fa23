//! getopt — bring a script's options into order.
//!
//! Source: util-linux's manual of getopt(1); BusyBox 1.37 for the messages.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "getopt",
    links: &["/bin/getopt"],
    usage: "\
getopt [OPTIONS] [--] OPTSTRING PARAMS

Print PARAMS with the options first, separated and quoted, for the shell's
'eval set --'.

  -a, --alternative      Long options may begin with one dash
  -l, --longoptions=LIST
                         Long options, separated by commas; NAME: takes a
                         value, NAME:: may
  -n, --name=NAME        Messages are of NAME
  -o, --options=OPTSTRING
                         Short options, in the same way
  -q, --quiet            No messages
  -Q, --quiet-output     No output
  -s, --shell=SHELL      Quote for sh, bash, csh or tcsh
  -T, --test             Only end with the status 4
  -u, --unquoted         Do not quote
",
    process: Process::Same,
    run,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    Required,
    Optional,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Options may stand behind operands, which come last.
    Mixed,
    /// `+`: the first operand ends the options.
    OptionsFirst,
    /// `-`: operands stay where they are.
    InPlace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    None,
    Sh,
    Csh,
}

fn run(cx: &mut Cx<'_>) -> Result {
    const PARAMETERS: u8 = 2;
    const TEST: u8 = 4;
    if cx.args.is_empty() {
        if std::env::var_os("GETOPT_COMPATIBLE").is_some() {
            cx.out.write(b" --\n");
            return Ok(());
        }
        return Err(Error::message("missing optstring argument"));
    }
    // Without any option of getopt itself the first word is OPTSTRING, and nothing is quoted: the old form.
    let old = cx.args.first().is_some_and(|first| !first.as_bytes().starts_with(b"-"))
        || std::env::var_os("GETOPT_COMPATIBLE").is_some();
    let options = match old {
        true => cli::options::parse(cx.applet.usage, &[], cli::options::Order::OptionsFirst)?,
        false => cx.options_first()?,
    };
    if options.has('T') {
        return Err(Error::exit(TEST));
    }
    let mut params: &[OsString] = if old { cx.args } else { options.operands() };
    let short = match options.value('o') {
        Some(short) => short.to_os_string(),
        None => {
            let Some((first, rest)) = params.split_first() else {
                return Err(Error::message("missing optstring argument"));
            };
            params = rest;
            first.clone()
        }
    };
    let quoting = match options.value('s').map(|shell| shell.as_bytes()) {
        _ if old || options.has('u') => Quoting::None,
        None | Some(b"sh" | b"bash") => Quoting::Sh,
        Some(b"csh" | b"tcsh") => Quoting::Csh,
        Some(other) => {
            cx.report(Error::message(format_args!(
                "unknown shell '{}', assuming bash",
                OsStr::from_bytes(other).display()
            )));
            cx.status = PARAMETERS;
            Quoting::Sh
        }
    };
    let name =
        options.value('n').map_or_else(|| cx.name.to_string(), |name| name.to_string_lossy().into_owned());
    let grammar = Grammar::new(&short, &options);
    let mut scan = Scan { grammar, quoting, out: Vec::new(), operands: Vec::new(), problems: Vec::new() };
    scan.all(params);
    if !options.has('q') {
        for problem in &scan.problems {
            cx.out.flush();
            // A closed standard error leaves nobody to tell.
            let _ = io::stderr().write_all(format!("{name}: {problem}\n").as_bytes());
        }
    }
    if !options.has('Q') {
        cx.out.write(&scan.finish());
    }
    if !scan.problems.is_empty() {
        cx.status = 1;
    }
    Ok(())
}

struct Grammar {
    short: Vec<(u8, Value)>,
    long: Vec<(Vec<u8>, Value)>,
    order: Order,
    one_dash: bool,
}

impl Grammar {
    fn new(short: &OsStr, options: &Options) -> Grammar {
        let mut text = short.as_bytes();
        let mut order =
            if std::env::var_os("POSIXLY_CORRECT").is_some() { Order::OptionsFirst } else { Order::Mixed };
        match text.first() {
            Some(b'+') => (order, text) = (Order::OptionsFirst, &text[1..]),
            Some(b'-') => (order, text) = (Order::InPlace, &text[1..]),
            _ => {}
        }
        let mut short = Vec::new();
        while let Some((&letter, rest)) = text.split_first() {
            let colons = rest.iter().take_while(|&&byte| byte == b':').count();
            if letter != b':' {
                short.push((letter, value_of(colons)));
            }
            text = &rest[colons..];
        }
        let mut long = Vec::new();
        for list in options.values('l') {
            for item in list
                .as_bytes()
                .split(|byte| matches!(byte, b',' | b' ' | b'\n' | b'\t'))
                .filter(|item| !item.is_empty())
            {
                let colons = item.iter().rev().take_while(|&&byte| byte == b':').count();
                long.push((item[..item.len() - colons].to_vec(), value_of(colons)));
            }
        }
        Grammar { short, long, order, one_dash: options.has('a') }
    }

    /// The option of that name, or of the only one that begins so.
    fn find_long(&self, name: &[u8]) -> std::result::Result<(&[u8], Value), String> {
        if let Some((name, value)) = self.long.iter().find(|(known, _)| known == name) {
            return Ok((name, *value));
        }
        let mut fitting = self.long.iter().filter(|(known, _)| known.starts_with(name));
        match (fitting.next(), fitting.next()) {
            (Some((name, value)), None) => Ok((name, *value)),
            (None, _) => Err(format!("unrecognized option: {}", OsStr::from_bytes(name).display())),
            _ => Err(format!("option is ambiguous: {}", OsStr::from_bytes(name).display())),
        }
    }
}

fn value_of(colons: usize) -> Value {
    match colons {
        0 => Value::None,
        1 => Value::Required,
        _ => Value::Optional,
    }
}

struct Scan {
    grammar: Grammar,
    quoting: Quoting,
    out: Vec<u8>,
    operands: Vec<OsString>,
    problems: Vec<String>,
}

impl Scan {
    fn all(&mut self, params: &[OsString]) {
        let mut rest = params.iter();
        while let Some(param) = rest.next() {
            let bytes = param.as_bytes();
            if bytes == b"--" {
                break;
            } else if let Some(long) = bytes.strip_prefix(b"--") {
                self.long(long, &mut rest);
            } else if bytes.len() > 1 && bytes[0] == b'-' {
                let name = bytes[1..].split(|&byte| byte == b'=').next().unwrap_or_default();
                // One letter that is a short option stays one.
                let is_short =
                    name.len() == 1 && self.grammar.short.iter().any(|(letter, _)| *letter == name[0]);
                if self.grammar.one_dash && !is_short && self.grammar.find_long(name).is_ok() {
                    self.long(&bytes[1..], &mut rest);
                } else {
                    self.cluster(&bytes[1..], &mut rest);
                }
            } else if self.grammar.order == Order::InPlace {
                self.word(bytes);
            } else {
                self.operands.push(param.clone());
                if self.grammar.order == Order::OptionsFirst {
                    break;
                }
            }
        }
        self.operands.extend(rest.cloned());
    }

    fn finish(&mut self) -> Vec<u8> {
        self.out.extend_from_slice(b" --");
        for operand in std::mem::take(&mut self.operands) {
            self.word(operand.as_bytes());
        }
        self.out.push(b'\n');
        std::mem::take(&mut self.out)
    }

    fn long(&mut self, text: &[u8], rest: &mut std::slice::Iter<'_, OsString>) {
        let (name, attached) = match text.iter().position(|&byte| byte == b'=') {
            Some(equals) => (&text[..equals], Some(&text[equals + 1..])),
            None => (text, None),
        };
        let (name, value) = match self.grammar.find_long(name) {
            Ok((name, value)) => (name.to_vec(), value),
            Err(problem) => return self.problems.push(problem),
        };
        let shown = String::from_utf8_lossy(&name).into_owned();
        let value = match (value, attached) {
            (Value::None, Some(_)) => {
                return self.problems.push(format!("option does not take an argument: {shown}"));
            }
            (Value::None, None) => None,
            (Value::Required, None) => match rest.next() {
                Some(next) => Some(next.as_bytes().to_vec()),
                None => return self.problems.push(format!("option requires an argument: {shown}")),
            },
            (_, attached) => Some(attached.unwrap_or_default().to_vec()),
        };
        self.out.extend_from_slice(b" --");
        self.out.extend_from_slice(&name);
        if let Some(value) = value {
            self.word(&value);
        }
    }

    fn cluster(&mut self, mut letters: &[u8], rest: &mut std::slice::Iter<'_, OsString>) {
        while let Some((&letter, behind)) = letters.split_first() {
            letters = behind;
            let shown = letter.escape_ascii().to_string();
            let Some((_, value)) = self.grammar.short.iter().find(|(known, _)| *known == letter).copied()
            else {
                self.problems.push(format!("unrecognized option: {shown}"));
                continue;
            };
            let value = match value {
                Value::None => None,
                Value::Required if behind.is_empty() => match rest.next() {
                    Some(next) => Some(next.as_bytes().to_vec()),
                    None => return self.problems.push(format!("option requires an argument: {shown}")),
                },
                Value::Required | Value::Optional => {
                    letters = &[];
                    Some(behind.to_vec())
                }
            };
            self.out.extend([b' ', b'-', letter]);
            if let Some(value) = value {
                self.word(&value);
            }
        }
    }

    /// A blank and the text, quoted for the shell.
    fn word(&mut self, text: &[u8]) {
        self.out.push(b' ');
        if self.quoting == Quoting::None {
            return self.out.extend_from_slice(text);
        }
        self.out.push(b'\'');
        for &byte in text {
            match (byte, self.quoting) {
                (b'\'', _) => self.out.extend_from_slice(b"'\\''"),
                (b'\\', Quoting::Csh) => self.out.extend_from_slice(b"\\\\"),
                (b'!', Quoting::Csh) => self.out.extend_from_slice(b"'\\!'"),
                (b'\n', Quoting::Csh) => self.out.extend_from_slice(b"\\n"),
                (b' ' | b'\t', Quoting::Csh) => self.out.extend([b'\'', b'\\', byte, b'\'']),
                (byte, _) => self.out.push(byte),
            }
        }
        self.out.push(b'\'');
    }
}
