//! value — a tree as it is read: values that point into the block's bytes.
//!
//! Nothing is believed: an offset that leads outside, or to what is not there whole, reads as nothing at all.

use crate::error::{Error, Kind, Result};

/// Bytes in front of the values: version, and the root.
pub const PAYLOAD_HEADER: usize = 8;

pub(crate) const TYPE_INT: u32 = 0x1000_0000;
pub(crate) const TYPE_INT_32: u32 = 0x2000_0000;
pub(crate) const TYPE_INT_64: u32 = 0x3000_0000;
pub(crate) const TYPE_BLOB_8: u32 = 0x8000_0000;
pub(crate) const TYPE_BLOB_16: u32 = 0x9000_0000;
pub(crate) const TYPE_BLOB_32: u32 = 0xa000_0000;
pub(crate) const TYPE_ARRAY: u32 = 0xd000_0000;
pub(crate) const TYPE_OBJECT: u32 = 0xe000_0000;
pub(crate) const IMMEDIATE: u32 = 0x0fff_ffff;

/// A value: its type in the high four bits, and what it is or where it lies in the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Value(pub u32);

impl Value {
    pub const NULL: Value = Value(0);

    pub fn is_null(self) -> bool {
        self == Value::NULL
    }

    pub(crate) fn kind(self) -> u32 {
        self.0 & !IMMEDIATE
    }

    fn offset(self) -> usize {
        (self.0 & IMMEDIATE) as usize
    }
}

/// A block's bytes, as a tree.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    payload: &'a [u8],
}

/// An object or a list: values in slots, which count from 1.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    tree: Tree<'a>,
    slots: &'a [u8],
}

impl<'a> Tree<'a> {
    /// Errors: the block is too short, or of a version that asks for a newer reader.
    pub fn new(payload: &'a [u8]) -> Result<Tree<'a>> {
        if payload.len() < PAYLOAD_HEADER {
            return Err(Error::detailed(Kind::AdbBlock, "the block has no root"));
        }
        if payload[0] != 0 {
            return Err(Error::detailed(Kind::AdbVersion, format!("version {}", payload[0])));
        }
        Ok(Tree { payload })
    }

    /// The two bytes of the version: what a reader must know, and what the writer knew.
    pub fn versions(&self) -> (u8, u8) {
        (self.payload[0], self.payload[1])
    }

    /// Bytes of the whole block.
    pub fn size(&self) -> usize {
        self.payload.len()
    }

    pub fn root(&self) -> Object<'a> {
        self.object(Value(word(self.payload, 4).unwrap_or(0)))
    }

    /// An integer; None for other values.
    pub fn int(&self, value: Value) -> Option<u64> {
        match value.kind() {
            TYPE_INT => Some(u64::from(value.0 & IMMEDIATE)),
            TYPE_INT_32 => word(self.payload, value.offset()).map(u64::from),
            TYPE_INT_64 => {
                let low = u64::from(word(self.payload, value.offset())?);
                let high = u64::from(word(self.payload, value.offset() + 4)?);
                Some(high << 32 | low)
            }
            _ => None,
        }
    }

    /// The bytes of a blob; empty for other values.
    pub fn blob(&self, value: Value) -> &'a [u8] {
        self.try_blob(value).unwrap_or_default()
    }

    fn try_blob(&self, value: Value) -> Option<&'a [u8]> {
        let at = value.offset();
        let bytes = self.payload.get(at..)?;
        let (start, length) = match value.kind() {
            TYPE_BLOB_8 => (1, usize::from(*bytes.first()?)),
            TYPE_BLOB_16 => (2, usize::from(u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]))),
            TYPE_BLOB_32 => (4, word(bytes, 0)? as usize),
            _ => return None,
        };
        bytes.get(start..)?.get(..length)
    }

    /// An object or a list; empty for other values.
    pub fn object(&self, value: Value) -> Object<'a> {
        Object { tree: *self, slots: self.try_slots(value).unwrap_or_default() }
    }

    fn try_slots(&self, value: Value) -> Option<&'a [u8]> {
        if !matches!(value.kind(), TYPE_ARRAY | TYPE_OBJECT) {
            return None;
        }
        let at = value.offset();
        let count = word(self.payload, at)? as usize;
        self.payload.get(at + 4..)?.get(..count.checked_sub(1)?.checked_mul(4)?)
    }
}

impl<'a> Object<'a> {
    /// An object without slots.
    pub fn nothing() -> Object<'static> {
        Object { tree: Tree { payload: &[0; PAYLOAD_HEADER] }, slots: &[] }
    }

    pub fn tree(&self) -> Tree<'a> {
        self.tree
    }

    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.slots.len() / 4
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The value in a slot; null where there is none.
    pub fn get(&self, slot: usize) -> Value {
        let value = slot.checked_sub(1).and_then(|index| word(self.slots, index.checked_mul(4)?));
        Value(value.unwrap_or(0))
    }

    pub fn values(&self) -> impl Iterator<Item = Value> + use<'a> {
        let slots = self.slots;
        slots.chunks_exact(4).map(|bytes| Value(word(bytes, 0).unwrap_or(0)))
    }

    pub fn blob(&self, slot: usize) -> &'a [u8] {
        self.tree.blob(self.get(slot))
    }

    pub fn int(&self, slot: usize) -> Option<u64> {
        self.tree.int(self.get(slot))
    }

    pub fn object(&self, slot: usize) -> Object<'a> {
        self.tree.object(self.get(slot))
    }

    /// The objects of a list.
    pub fn objects(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        let tree = self.tree;
        self.values().map(move |value| tree.object(value))
    }

    /// The blobs of a list.
    pub fn blobs(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let tree = self.tree;
        self.values().map(move |value| tree.blob(value))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_believed() {
        assert!(Tree::new(b"").is_err());
        assert!(Tree::new(&[1, 0, 0, 0, 0, 0, 0, 0]).is_err());
        let mut payload = vec![0u8; 8];
        for root in [0xffff_ffffu32, 0xefff_ffff, 0xe000_0004, 0xe000_0007, 0xd000_0008, 0x8000_0007] {
            payload[4..8].copy_from_slice(&root.to_le_bytes());
            let tree = Tree::new(&payload).unwrap();
            assert_eq!(tree.root().get(1), Value::NULL, "{root:x}");
            for value in [0x2000_0008, 0x3000_0004, 0x8000_0008, 0x9000_0007, 0xa000_0004, 0xafff_ffff] {
                let value = Value(value);
                assert!(tree.blob(value).is_empty() && tree.object(value).is_empty(), "{value:?}");
                let _ = tree.int(value);
            }
        }
    }
}
