//! generate — a tree from the text that `dump` makes of it.
//!
//! Read is the part of YAML that dumps use: maps and lists by indentation, plain and quoted words in one line, and blocks of
//! lines behind `|`.

use super::facts::write_dependencies;
use super::heap::Heap;
use super::schema::{self, Kind, Schema};
use super::value::Value;
use crate::dependency::Dependency;
use crate::error::{self, Error, Result};
use crate::identity::from_hexadecimal;
use crate::package::is_valid_name;
use crate::version;

/// Deeper nesting is refused.
const DEPTH_MAX: usize = 32;

/// The schema, and the tree's bytes.
///
/// Errors: the text names an unknown schema or field, or a value does not fit; `detail` has the line.
pub fn generate(text: &[u8]) -> Result<(u32, Vec<u8>)> {
    let mut lines = Lines::new(text);
    let id = lines.schema()?;
    let schema = schema::of(id).ok_or(error::Kind::AdbSchema)?;
    let mut heap = Heap::new();
    let root = lines.object(&mut heap, schema, 0)?;
    if let Some(line) = lines.peek() {
        return Err(wrong(line, "this line belongs to nothing"));
    }
    Ok((id, heap.finish(root)?))
}

#[derive(Clone, Debug)]
struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a [u8],
}

struct Lines<'a> {
    lines: Vec<Line<'a>>,
    next: usize,
    depth: usize,
}

#[cold]
fn wrong(line: &Line, what: &str) -> Error {
    Error::detailed(error::Kind::AdbSchema, format!("line {}: {what}", line.number))
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8]) -> Lines<'a> {
        let lines = text.split(|&byte| byte == b'\n').enumerate().map(|(index, line)| {
            let indent = line.iter().take_while(|&&byte| byte == b' ').count();
            Line { number: index + 1, indent, text: &line[indent..] }
        });
        Lines { lines: lines.collect(), next: 0, depth: 0 }
    }

    /// The id in the first line: `#%SCHEMA: HEX`.
    fn schema(&mut self) -> Result<u32> {
        let line = self.lines.first();
        let digits = line.and_then(|line| line.text.strip_prefix(b"#%SCHEMA: "));
        let id =
            digits.and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?.trim(), 16).ok());
        self.next = 1;
        id.ok_or_else(|| {
            Error::detailed(error::Kind::AdbSchema, "line 1 must be '#%SCHEMA: ' and the schema's number")
        })
    }

    /// The next line that says something.
    fn peek(&mut self) -> Option<&Line<'a>> {
        while self
            .lines
            .get(self.next)
            .is_some_and(|line| line.text.is_empty() || line.text.starts_with(b"#"))
        {
            self.next += 1;
        }
        self.lines.get(self.next)
    }

    /// An object whose fields stand `indent` deep or deeper, all alike.
    fn object(&mut self, heap: &mut Heap, schema: &'static Schema, indent: usize) -> Result<Value> {
        let mut slots = vec![Value::NULL; schema.fields.len()];
        let Some(own) = self.peek().map(|line| line.indent).filter(|&own| own >= indent) else {
            return Ok(Value::NULL);
        };
        self.depth += 1;
        while let Some(line) = self.peek().filter(|line| line.indent == own).cloned() {
            let colon = line.text.iter().position(|&byte| byte == b':');
            let colon = colon.ok_or_else(|| wrong(&line, "expected 'NAME: VALUE'"))?;
            let (slot, kind) =
                schema.find(&line.text[..colon]).ok_or_else(|| wrong(&line, "unknown field"))?;
            if self.depth > DEPTH_MAX {
                return Err(wrong(&line, "nested too deeply"));
            }
            self.next += 1;
            let rest = line.text[colon + 1..].trim_ascii();
            slots[slot - 1] = self.value(heap, kind, &line, rest)?;
        }
        self.depth -= 1;
        Ok(heap.object(&slots))
    }

    /// The value that `rest`, behind a colon or dash of `line`, and the deeper lines behind it make.
    fn value(&mut self, heap: &mut Heap, kind: &'static Kind, line: &Line<'a>, rest: &[u8]) -> Result<Value> {
        match kind {
            Kind::Object(schema) => self.object(heap, schema, line.indent + 1),
            Kind::List(Kind::Dependency) => self.dependencies(heap, line),
            Kind::List(item) => {
                let mut values = Vec::new();
                while let Some((line, rest)) = self.list_item(line.indent + 1) {
                    values.push(self.item(heap, item, line, rest)?);
                }
                Ok(heap.object(&values))
            }
            Kind::Nested(schema) => {
                let mut inner = Heap::new();
                let root = self.object(&mut inner, schema, line.indent + 1)?;
                let payload = inner.finish(root)?;
                Ok(heap.nested(&payload))
            }
            _ => {
                let text = self.text(line, rest);
                scalar(heap, kind, &text).map_err(|mut error| {
                    error.detail = format!("line {}", line.number);
                    error
                })
            }
        }
    }

    /// An item of a list: an object's fields begin behind the dash, and go on two deeper.
    fn item(
        &mut self,
        heap: &mut Heap,
        kind: &'static Kind,
        line: Line<'a>,
        rest: &'a [u8],
    ) -> Result<Value> {
        match kind {
            Kind::Object(_) | Kind::Nested(_) => {
                self.next -= 1;
                self.lines[self.next] = Line { indent: line.indent + 2, text: rest, number: line.number };
                self.value(heap, kind, &line, b"")
            }
            _ => self.value(heap, kind, &line, rest),
        }
    }

    fn dependencies(&mut self, heap: &mut Heap, line: &Line<'a>) -> Result<Value> {
        let mut list = Vec::new();
        while let Some((line, rest)) = self.list_item(line.indent + 1) {
            let text = self.text(&line, rest);
            let dependency = Dependency::parse(&text).ok_or(error::Kind::DependencyFormat);
            list.push(dependency.map_err(|kind| Error::detailed(kind, format!("line {}", line.number)))?);
        }
        Ok(write_dependencies(heap, &list))
    }

    /// Takes a line that begins with a dash, and what is behind the dash.
    fn list_item(&mut self, indent: usize) -> Option<(Line<'a>, &'a [u8])> {
        let line = self.peek()?.clone();
        let rest = match line.text {
            _ if line.indent < indent => return None,
            [b'-'] => b"",
            [b'-', b' ', rest @ ..] => rest,
            _ => return None,
        };
        self.next += 1;
        Some((line, rest.trim_ascii_start()))
    }

    /// A text: a block's lines, a quoted word, or a plain one up to its comment.
    fn text(&mut self, line: &Line<'a>, rest: &[u8]) -> Vec<u8> {
        if rest == b"|" {
            return self.block(line.indent + 1);
        }
        if let Some(quoted) = rest.strip_prefix(b"'")
            && let Some(end) = quoted.iter().rposition(|&byte| byte == b'\'')
        {
            return quoted[..end].to_vec();
        }
        let comment = rest.windows(2).position(|two| two == b" #");
        rest[..comment.unwrap_or(rest.len())].trim_ascii_end().to_vec()
    }

    /// Lines that are `indent` deep or more, without the first one's indent, joined by line feeds.
    fn block(&mut self, indent: usize) -> Vec<u8> {
        let mut text = Vec::new();
        let mut own = None;
        let mut empty_lines = 0;
        while let Some(line) = self.lines.get(self.next) {
            if line.text.is_empty() {
                empty_lines += 1;
            } else if line.indent >= *own.get_or_insert(line.indent) && line.indent >= indent {
                let deeper = line.indent - own.unwrap_or(line.indent);
                if !text.is_empty() {
                    text.extend(std::iter::repeat_n(b'\n', empty_lines + 1));
                }
                text.extend(std::iter::repeat_n(b' ', deeper));
                text.extend_from_slice(line.text);
                empty_lines = 0;
            } else {
                break;
            }
            self.next += 1;
        }
        text
    }
}

/// The value of a text.
///
/// Errors: it does not fit the kind.
pub fn scalar(heap: &mut Heap, kind: &Kind, text: &[u8]) -> Result<Value> {
    if text.is_empty() {
        return Ok(Value::NULL);
    }
    let invalid = || Error::new(error::Kind::Message("Invalid argument".to_string()));
    let number = |radix| {
        let text = std::str::from_utf8(text).ok();
        text.and_then(|text| u64::from_str_radix(text, radix).ok()).ok_or_else(invalid)
    };
    match kind {
        Kind::Name if !is_valid_name(text) => Err(error::Kind::PackageName.into()),
        Kind::Version if !version::is_valid(text) => Err(error::Kind::PackageVersion.into()),
        Kind::Hex => Ok(heap.blob(&from_hexadecimal(text).ok_or_else(invalid)?)),
        Kind::Int => Ok(heap.int(number(10)?)),
        Kind::Octal => Ok(heap.int(number(8)?)),
        Kind::Xattr => {
            let equals = text.iter().position(|&byte| byte == b'=').ok_or_else(invalid)?;
            let value = from_hexadecimal(&text[equals + 1..]).ok_or_else(invalid)?;
            Ok(heap.blob(&[&text[..equals], b"\0", &value].concat()))
        }
        Kind::Object(_) | Kind::List(_) | Kind::Nested(_) | Kind::Dependency => {
            Err(error::Kind::AdbNoFromString.into())
        }
        _ => Ok(heap.blob(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::dump;
    use super::super::value::Tree;
    use super::*;

    const TEXT: &str = "#%SCHEMA: 676B6370
info:
  name: foo
  version: 1
  description: 'quoted: x'
  depends: # 3 items
    - a>1
    - '!c'
    - d
  tags: # 2 items
    - b=1
    - a
paths: # 2 items
  - acl:
      mode: 0755
      user: root
  - name: x
    files: # 1 items
      - name: y
        acl:
          mode: 0644
          xattrs: # 1 items
            - user.bin=00ff41
        size: 5000000000
scripts:
  trigger: |
    #!/bin/sh
      a
replaces-priority: 3
";

    #[test]
    fn comes_back_as_it_was() {
        let (id, payload) = generate(TEXT.as_bytes()).unwrap();
        let mut out = format!("#%SCHEMA: {id:08X}\n").into_bytes();
        dump::yaml(schema::of(id).unwrap(), &Tree::new(&payload).unwrap().root(), &mut out).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), TEXT);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for text in [
            "info:\n  name: x\n",
            "#%SCHEMA: 12345678\ninfo:\n",
            "#%SCHEMA: 676B6370\nfoo: bar\n",
            "#%SCHEMA: 676B6370\ninfo:\n  name: .x\n",
            "#%SCHEMA: 676B6370\ninfo:\n  version: 1x1\n",
            "#%SCHEMA: 676B6370\ninfo:\n  hashes: xy\n",
            "#%SCHEMA: 676B6370\ninfo:\n  installed-size: a\n",
            "#%SCHEMA: 676B6370\ninfo:\n  depends:\n    - a=x\n",
            "#%SCHEMA: 676B6370\ninfo:\n    name: a\n  version: 1\n",
            "#%SCHEMA: 676B6370\nnothing\n",
            "",
        ] {
            assert!(generate(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
