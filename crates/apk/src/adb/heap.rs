//! heap — a tree as it is written: children before parents, equal bytes once.

use std::collections::HashMap;

use super::value::{
    IMMEDIATE, PAYLOAD_HEADER, TYPE_ARRAY, TYPE_BLOB_8, TYPE_BLOB_16, TYPE_BLOB_32, TYPE_INT, TYPE_INT_32,
    TYPE_INT_64, TYPE_OBJECT, Value,
};
use crate::error::{Error, Kind, Result};

/// Builds a block's bytes.
#[derive(Debug)]
pub struct Heap {
    payload: Vec<u8>,
    /// Where byte sequences lie that may be shared: those that were made here, and those that were copied from another tree.
    /// The reference does not find the one by the other.
    known: [HashMap<Box<[u8]>, Vec<u32>>; 2],
    is_copying: bool,
    is_full: bool,
}

impl Default for Heap {
    fn default() -> Heap {
        Heap {
            payload: vec![0; PAYLOAD_HEADER],
            known: Default::default(),
            is_copying: false,
            is_full: false,
        }
    }
}

impl Heap {
    pub fn new() -> Heap {
        Heap::default()
    }

    /// An integer, in the least bytes that hold it.
    pub fn int(&mut self, value: u64) -> Value {
        if value <= u64::from(IMMEDIATE) {
            return Value(TYPE_INT | value as u32);
        }
        match u32::try_from(value) {
            Ok(value) => Value(TYPE_INT_32 | self.put(&value.to_le_bytes(), 4)),
            Err(_) => Value(TYPE_INT_64 | self.put(&value.to_le_bytes(), 4)),
        }
    }

    /// A blob; null if it is empty.
    pub fn blob(&mut self, bytes: &[u8]) -> Value {
        let Some((kind, align, item)) = blob_item(bytes) else { return Value::NULL };
        Value(kind | self.put_into(usize::from(self.is_copying), &item, align))
    }

    /// Whether the blobs that follow are copied from another tree.
    pub fn set_copying(&mut self, is_copying: bool) {
        self.is_copying = is_copying;
    }

    /// A blob at a place of its own, whose bytes may be changed later: the value, and where the bytes lie in the payload.
    pub fn unshared_blob(&mut self, bytes: &[u8]) -> (Value, usize) {
        let Some((kind, align, item)) = blob_item(bytes) else { return (Value::NULL, 0) };
        let at = self.append(&item, align);
        (Value(kind | at), at as usize + item.len() - bytes.len())
    }

    /// A tree of its own, as a block with its header. Its length always has four bytes, which keeps the tree aligned.
    pub fn nested(&mut self, tree: &[u8]) -> Value {
        let mut block = (tree.len() as u32 + 4).to_le_bytes().to_vec();
        block.extend_from_slice(tree);
        block.resize(block.len().next_multiple_of(8), 0);
        let item = [&(block.len() as u32).to_le_bytes(), block.as_slice()].concat();
        Value(TYPE_BLOB_32 | self.put(&item, 4))
    }

    /// An object: the slots from 1 on. Nulls at the end are cut; null if nothing is left.
    pub fn object(&mut self, slots: &[Value]) -> Value {
        self.slots(TYPE_OBJECT, slots)
    }

    /// A list of the type that only lists have. Most are written as objects.
    pub fn array(&mut self, slots: &[Value]) -> Value {
        self.slots(TYPE_ARRAY, slots)
    }

    fn slots(&mut self, kind: u32, slots: &[Value]) -> Value {
        let count = slots.iter().rposition(|value| !value.is_null()).map_or(0, |last| last + 1);
        if count == 0 {
            return Value::NULL;
        }
        let words = std::iter::once(count as u32 + 1).chain(slots[..count].iter().map(|value| value.0));
        let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        Value(kind | self.put(&bytes, 4))
    }

    /// Where these bytes lie, or are put now.
    fn put(&mut self, bytes: &[u8], align: u32) -> u32 {
        self.put_into(0, bytes, align)
    }

    fn put_into(&mut self, origin: usize, bytes: &[u8], align: u32) -> u32 {
        if let Some(places) = self.known[origin].get(bytes)
            && let Some(&at) = places.iter().find(|&&at| at % align == 0)
        {
            return at;
        }
        let at = self.append(bytes, align);
        self.known[origin].entry(bytes.into()).or_default().push(at);
        at
    }

    fn append(&mut self, bytes: &[u8], align: u32) -> u32 {
        let at = self.payload.len().next_multiple_of(align as usize);
        if at + bytes.len() > IMMEDIATE as usize {
            self.is_full = true;
            return 0;
        }
        self.payload.resize(at, 0);
        self.payload.extend_from_slice(bytes);
        at as u32
    }

    /// The block's bytes, with this root.
    ///
    /// Errors: there is more than offsets can reach (256 MiB).
    pub fn finish(mut self, root: Value) -> Result<Vec<u8>> {
        if self.is_full {
            return Err(Error::detailed(Kind::AdbLimit, "more than 256 MiB of metadata"));
        }
        self.payload[4..8].copy_from_slice(&root.0.to_le_bytes());
        Ok(self.payload)
    }
}

/// Type, alignment, and the bytes with their length in front.
fn blob_item(bytes: &[u8]) -> Option<(u32, u32, Vec<u8>)> {
    let length = u32::try_from(bytes.len()).ok()?;
    Some(match length {
        0 => return None,
        1..=0xff => (TYPE_BLOB_8, 1, [&[length as u8], bytes].concat()),
        0x100..=0xffff => (TYPE_BLOB_16, 2, [&(length as u16).to_le_bytes(), bytes].concat()),
        _ => (TYPE_BLOB_32, 4, [&length.to_le_bytes(), bytes].concat()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::value::Tree;
    use super::*;

    #[test]
    fn comes_back_and_shares() {
        let mut heap = Heap::new();
        let long = vec![b'x'; 300];
        let longer = vec![b'y'; 70_000];
        let values = [
            heap.int(5),
            heap.int(0x1000_0000),
            heap.int(u64::MAX),
            heap.blob(b"text"),
            heap.blob(&long),
            heap.blob(&longer),
            Value::NULL,
            heap.blob(b"text"),
            Value::NULL,
        ];
        assert_eq!(values[3], values[7]);
        let (own, at) = heap.unshared_blob(b"text");
        assert_ne!(own, values[3]);
        let inner = heap.array(&[own]);
        let root = heap.object(&[&values[..], &[inner]].concat());
        assert_eq!(heap.object(&[Value::NULL; 3]), Value::NULL);
        let payload = heap.finish(root).unwrap();
        assert_eq!(&payload[at..at + 4], b"text");
        let root = Tree::new(&payload).unwrap().root();
        assert_eq!((root.int(1), root.int(2), root.int(3)), (Some(5), Some(0x1000_0000), Some(u64::MAX)));
        assert_eq!((root.blob(4), root.blob(5).len(), root.blob(6).len()), (&b"text"[..], 300, 70_000));
        assert!(root.get(7).is_null() && root.get(9).is_null() && root.get(99).is_null());
        assert_eq!(root.object(10).blobs().collect::<Vec<_>>(), [b"text"]);
    }
}
