//! dump — a tree as text: YAML for people and `generate`, JSON for programs.
//!
//! The bytes are those of `apk adbdump`, quirks included: an empty line in a text is not shown in YAML.

use std::ops::{Deref, DerefMut};

use super::facts::read_dependency;
use super::kind;
use super::schema::{Kind, Schema};
use super::value::{Object, Tree, Value};
use crate::error::{self, Result};
use crate::identity::hexadecimal;

/// A text of so many bytes or more is shown as a block.
const LINE_MAX: usize = 80;

/// What is in a slot, once it is looked at by its schema.
enum Item<'a> {
    Text(Vec<u8>),
    Script(&'a [u8]),
    Int(u64),
    Octal(u64),
    Object(&'static Schema, Object<'a>),
    /// A tree of its own: bytes of its block, and the versions in it.
    Nested(&'static Schema, Object<'a>),
    List(&'static Kind, Object<'a>),
}

/// None for null, and for what is empty.
fn item<'a>(kind: &'static Kind, tree: Tree<'a>, value: Value) -> Option<Item<'a>> {
    let blob = || Some(tree.blob(value)).filter(|blob| !blob.is_empty());
    match kind {
        Kind::Text | Kind::Name | Kind::Version => blob().map(|text| Item::Text(text.to_vec())),
        Kind::Script => blob().map(Item::Script),
        Kind::Hex => blob().map(|bytes| Item::Text(hexadecimal(bytes).into_bytes())),
        Kind::Int => tree.int(value).map(Item::Int),
        Kind::Octal => tree.int(value).map(Item::Octal),
        Kind::Dependency => {
            let mut text = Vec::new();
            read_dependency(&tree.object(value))?.write(&mut text);
            Some(Item::Text(text))
        }
        Kind::Xattr => {
            let bytes = blob()?;
            let zero = bytes.iter().position(|&byte| byte == 0)?;
            let value = hexadecimal(&bytes[zero + 1..]);
            Some(Item::Text([&bytes[..zero], b"=", value.as_bytes()].concat()))
        }
        Kind::Object(schema) => {
            let object = tree.object(value);
            (!object.is_empty()).then_some(Item::Object(schema, object))
        }
        Kind::List(kind) => {
            let object = tree.object(value);
            (!object.is_empty()).then_some(Item::List(kind, object))
        }
        Kind::Nested(schema) => {
            // The header of the nested block: size and type in one word.
            let inner = nested(blob()?)?;
            Some(Item::Nested(schema, inner.root()))
        }
    }
}

fn items<'a>(schema: &'static Schema, object: &Object<'a>) -> Vec<(&'static str, Item<'a>)> {
    let tree = object.tree();
    let fields = schema.fields.iter().enumerate();
    fields
        .filter_map(|(index, (name, kind))| Some((*name, item(kind, tree, object.get(index + 1))?)))
        .collect()
}

/// A tree is shown with at most so many bytes for each of its own, and so many more: objects may stand in several places,
/// and a small tree that uses this without measure would fill all memory.
const SHOWN_MAX: usize = 64;
const SHOWN_MORE: usize = 1 << 20;

/// The text so far, and how long it may get.
struct Text<'a> {
    bytes: &'a mut Vec<u8>,
    limit: usize,
}

impl Text<'_> {
    fn is_full(&self) -> bool {
        self.bytes.len() > self.limit
    }

    /// Shows a whole tree by `show`.
    fn of(root: &Object, out: &mut Vec<u8>, show: impl FnOnce(&mut Text)) -> Result {
        let limit = out.len() + SHOWN_MAX * root.tree().size() + SHOWN_MORE;
        let mut text = Text { bytes: out, limit };
        show(&mut text);
        if text.is_full() { Err(error::Kind::Limit("length of the text of a tree").into()) } else { Ok(()) }
    }
}

impl Deref for Text<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        self.bytes
    }
}

impl DerefMut for Text<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        self.bytes
    }
}

/// The tree in a block: its header is the size, itself included, with the type 0 above it.
fn nested(block: &[u8]) -> Option<Tree<'_>> {
    let header = u32::from_le_bytes(*block.first_chunk()?);
    Tree::new(block.get(4..header as usize)?).ok()
}

/// Appends the tree as YAML.
///
/// Errors: the text is out of proportion.
pub fn yaml(schema: &'static Schema, root: &Object, out: &mut Vec<u8>) -> Result {
    Text::of(root, out, |text| yaml_object(schema, root, 0, false, text))
}

/// `is_first_placed`: the first line's indent stands there already, as a list's dash.
fn yaml_object(
    schema: &'static Schema,
    object: &Object,
    indent: usize,
    is_first_placed: bool,
    out: &mut Text,
) {
    for (index, (name, item)) in items(schema, object).into_iter().enumerate() {
        if out.is_full() {
            return;
        }
        if index > 0 || !is_first_placed {
            out.extend(std::iter::repeat_n(b' ', indent));
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        match item {
            Item::Object(schema, object) | Item::Nested(schema, object) => {
                out.push(b'\n');
                yaml_object(schema, &object, indent + 2, false, out);
            }
            Item::List(kind, list) => {
                out.extend_from_slice(format!(" # {} items\n", list.len()).as_bytes());
                yaml_list(kind, &list, indent + 2, out);
            }
            scalar => yaml_scalar(&scalar, indent, out),
        }
    }
}

fn yaml_list(kind: &'static Kind, list: &Object, indent: usize, out: &mut Text) {
    for value in list.values() {
        if out.is_full() {
            return;
        }
        let Some(item) = item(kind, list.tree(), value) else { continue };
        out.extend(std::iter::repeat_n(b' ', indent));
        out.push(b'-');
        match item {
            Item::Object(schema, object) => {
                out.push(b' ');
                yaml_object(schema, &object, indent + 2, true, out);
            }
            Item::Nested(schema, object) => {
                let tree = object.tree();
                let (compat, version) = tree.versions();
                let id = kind::PACKAGE;
                out.extend_from_slice(format!(" #%SCHEMA: {id:08X}\n").as_bytes());
                out.extend(std::iter::repeat_n(b' ', indent + 2));
                let size = tree.size();
                let line = format!("# ADB block, size: {size}, compat: {compat}, ver: {version}\n");
                out.extend_from_slice(line.as_bytes());
                yaml_object(schema, &object, indent + 2, false, out);
            }
            Item::List(..) => out.push(b'\n'),
            scalar => yaml_scalar(&scalar, indent, out),
        }
    }
}

/// A scalar behind a colon or dash, and the line's end.
fn yaml_scalar(item: &Item, indent: usize, out: &mut Vec<u8>) {
    match item {
        Item::Text(text) => yaml_text(text, indent, out),
        Item::Script(text) => yaml_block(text, indent, out),
        Item::Int(value) => out.extend_from_slice(format!(" {value}\n").as_bytes()),
        Item::Octal(value) => out.extend_from_slice(format!(" 0{value:o}\n").as_bytes()),
        Item::Object(..) | Item::Nested(..) | Item::List(..) => {}
    }
}

/// Appends a text behind a colon or dash, and the line's end; a block's lines stand deeper than `indent`.
pub(crate) fn yaml_text(text: &[u8], indent: usize, out: &mut Vec<u8>) {
    let has = |needle: &[u8]| text.windows(needle.len()).any(|part| part == needle);
    if text.len() >= LINE_MAX || has(b"\n") || has(b"'") || has(b" #") {
        return yaml_block(text, indent, out);
    }
    let is_special = text.first().is_some_and(|first| b"\"#-!&*?[]{}|>%@`,:".contains(first));
    let quote: &[u8] = if is_special || has(b"#") || has(b": ") { b"'" } else { b"" };
    out.push(b' ');
    for part in [quote, text, quote, b"\n"] {
        out.extend_from_slice(part);
    }
}

fn yaml_block(text: &[u8], indent: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b" |\n");
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        out.extend(std::iter::repeat_n(b' ', indent + 2));
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

/// Appends the tree as JSON.
///
/// Errors: the text is out of proportion.
pub fn json(schema: &'static Schema, root: &Object, out: &mut Vec<u8>) -> Result {
    Text::of(root, out, |text| json_object(schema, root, 0, text))?;
    out.push(b'\n');
    Ok(())
}

fn json_object(schema: &'static Schema, object: &Object, indent: usize, out: &mut Text) {
    out.push(b'{');
    for (index, (name, item)) in items(schema, object).into_iter().enumerate() {
        if out.is_full() {
            return;
        }
        out.extend_from_slice(if index > 0 { b",\n" } else { b"\n" });
        out.extend(std::iter::repeat_n(b' ', indent + 2));
        out.extend_from_slice(format!("\"{name}\": ").as_bytes());
        json_item(&item, indent + 2, out);
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', indent));
    out.push(b'}');
}

fn json_item(item: &Item, indent: usize, out: &mut Text) {
    match item {
        Item::Text(text) => json_text(text, out),
        Item::Script(text) => json_text(text, out),
        Item::Int(value) | Item::Octal(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Item::Object(schema, object) | Item::Nested(schema, object) => {
            json_object(schema, object, indent, out)
        }
        Item::List(kind, list) => json_list(kind, list, indent, out),
    }
}

fn json_list(kind: &'static Kind, list: &Object, indent: usize, out: &mut Text) {
    out.push(b'[');
    let shown = list.values().filter_map(|value| item(kind, list.tree(), value));
    for (index, item) in shown.enumerate() {
        if out.is_full() {
            return;
        }
        if index > 0 && matches!(item, Item::Object(..) | Item::Nested(..)) {
            out.extend_from_slice(b", ");
        } else {
            out.extend_from_slice(if index > 0 { b",\n" } else { b"\n" });
            out.extend(std::iter::repeat_n(b' ', indent + 2));
        }
        json_item(&item, indent + 2, out);
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', indent));
    out.push(b']');
}

/// Appends a string. Control characters are escaped, which the reference forgets for all but line feed and tab.
pub(crate) fn json_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte @ 0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            byte => out.extend_from_slice(&[b'\\', byte]),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `apk adbdump` of apk-tools 3.0.6 shows for a description.
    #[test]
    fn texts_are_quoted_as_by_the_reference() {
        for (text, expected) in [
            ("a b", " a b\n"),
            ("a:b", " a:b\n"),
            ("a: b", " 'a: b'\n"),
            ("a #b", " |\n    a #b\n"),
            ("a#b", " 'a#b'\n"),
            ("# a", " '# a'\n"),
            ("a'b", " |\n    a'b\n"),
            ("\"a\"", " '\"a\"'\n"),
            ("-", " '-'\n"),
            ("]a", " ']a'\n"),
            ("=a", " =a\n"),
            (" a", "  a\n"),
            ("a\n\n\nb\n", " |\n    a\n    b\n"),
            ("\n", " |\n"),
            ("a:\tb", " a:\tb\n"),
        ] {
            let mut out = Vec::new();
            yaml_text(text.as_bytes(), 2, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{text:?}");
        }
    }

    #[test]
    fn shared_objects_do_not_fill_memory() {
        let mut heap = super::super::heap::Heap::new();
        let name = heap.blob(b"name");
        let file = heap.object(&[name]);
        let files = heap.object(&[file; 1000]);
        let folder = heap.object(&[name, Value::NULL, files]);
        let folders = heap.object(&[folder; 1000]);
        let root = heap.object(&[Value::NULL, folders]);
        let payload = heap.finish(root).unwrap();
        let root = Tree::new(&payload).unwrap().root();
        for dump in [yaml, json] {
            let mut out = Vec::new();
            assert!(dump(&super::super::schema::PACKAGE, &root, &mut out).is_err());
            assert!(out.len() < 4 << 20);
        }
    }

    #[test]
    fn json_strings_are_json() {
        let mut out = Vec::new();
        json_text(b"a\"\\\n\t\r\x01", &mut out);
        assert_eq!(out, br#""a\"\\\n\t\u000d\u0001""#);
    }
}
