//! render — records as text for people, as YAML and as JSON.

use super::record::{Record, Value};
use crate::adb::dump::{json_text, yaml_text};
use crate::command::{Cx, Result, files};

/// How records are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Default,
    Yaml,
    Json,
}

impl Format {
    /// What `--format` says; None where it was not given.
    ///
    /// Errors: a format that there is not, printed.
    pub(crate) fn of(cx: &mut Cx) -> Result<Option<Format>> {
        Ok(Some(match cx.options.text("format") {
            None => return Ok(None),
            Some(b"default") => Format::Default,
            Some(b"yaml") => Format::Yaml,
            Some(b"json") => Format::Json,
            Some(_) => return Err(files::bad_argument(cx, "format", "format")),
        }))
    }
}

/// A word that would begin behind this column begins a line.
const WIDTH: usize = 80;

/// Prints records one behind the other, each as it comes.
pub(crate) struct Renderer {
    format: Format,
    printed: usize,
}

impl Renderer {
    /// The beginning of so many records is added to `out`.
    pub(crate) fn begin(format: Format, records: usize, out: &mut Vec<u8>) -> Renderer {
        match format {
            Format::Default => {}
            Format::Yaml => out.extend_from_slice(format!("# {records} items\n").as_bytes()),
            Format::Json => out.extend_from_slice(b"[\n"),
        }
        Renderer { format, printed: 0 }
    }

    pub(crate) fn record(&mut self, record: &Record, out: &mut Vec<u8>) {
        let is_first = self.printed == 0;
        self.printed += 1;
        match self.format {
            Format::Default => {
                if !is_first {
                    out.push(b'\n');
                }
                plain(record, out);
            }
            Format::Yaml => yaml(record, out),
            Format::Json => {
                out.extend_from_slice(if is_first { b"  " } else { b", " });
                json(record, out);
            }
        }
    }

    pub(crate) fn end(self, out: &mut Vec<u8>) {
        if self.format == Format::Json {
            out.extend_from_slice(if self.printed == 0 { b"]\n" } else { b"\n]\n" });
        }
    }
}

/// Texts one behind the other.
pub(crate) fn texts(format: Format, texts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    match format {
        Format::Default => texts.iter().for_each(|text| {
            out.extend_from_slice(text);
            out.push(b'\n');
        }),
        Format::Yaml => {
            out.extend_from_slice(format!("# {} items\n", texts.len()).as_bytes());
            for text in texts {
                out.push(b'-');
                yaml_text(text, 0, &mut out);
            }
        }
        Format::Json => {
            json_list(texts, 0, &mut out);
            out.push(b'\n');
        }
    }
    out
}

fn plain(record: &Record, out: &mut Vec<u8>) {
    for (field, value) in record {
        out.extend_from_slice(field.title().as_bytes());
        out.push(b':');
        match value {
            Value::Text(text) => out.extend_from_slice(&[b" ", text.as_slice()].concat()),
            Value::Number(number) => out.extend_from_slice(format!(" {number}").as_bytes()),
            Value::Words(words) | Value::Counted(words) => {
                let mut column = field.title().len() + 1;
                for word in words {
                    if column > WIDTH {
                        out.extend_from_slice(b"\n ");
                        column = 1;
                    }
                    out.push(b' ');
                    out.extend_from_slice(word);
                    column += 1 + word.len();
                }
            }
            Value::Lines(lines) => {
                lines.iter().for_each(|line| out.extend_from_slice(&[b"\n  ", line.as_slice()].concat()));
            }
        }
        out.push(b'\n');
    }
}

fn yaml(record: &Record, out: &mut Vec<u8>) {
    if record.is_empty() {
        out.extend_from_slice(b"-\n");
    }
    for (index, (field, value)) in record.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"- " } else { b"  " });
        out.extend_from_slice(field.name().as_bytes());
        out.push(b':');
        match value {
            Value::Text(text) => yaml_text(text, 2, out),
            Value::Number(number) => out.extend_from_slice(format!(" {number}\n").as_bytes()),
            Value::Words(items) | Value::Lines(items) | Value::Counted(items) => {
                if matches!(value, Value::Counted(_)) {
                    out.extend_from_slice(format!(" # {} items", items.len()).as_bytes());
                }
                out.push(b'\n');
                for item in items {
                    out.extend_from_slice(b"    -");
                    yaml_text(item, 4, out);
                }
            }
        }
    }
}

fn json(record: &Record, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (field, value)) in record.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\n    " } else { b",\n    " });
        out.push(b'"');
        out.extend_from_slice(field.name().as_bytes());
        out.extend_from_slice(b"\": ");
        match value {
            Value::Text(text) => json_text(text, out),
            Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Words(items) | Value::Lines(items) | Value::Counted(items) => json_list(items, 4, out),
        }
    }
    out.extend_from_slice(b"\n  }");
}

fn json_list(items: &[Vec<u8>], indent: usize, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        out.extend(std::iter::repeat_n(b' ', indent + 2));
        json_text(item, out);
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', indent));
    out.push(b']');
}
