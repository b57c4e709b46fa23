//! table — associative arrays: a hash table that keeps the order in which keys came.

use super::value::Value;

#[derive(Debug, Default)]
pub(super) struct Table {
    /// None: deleted.
    entries: Vec<Option<(Box<[u8]>, Value)>>,
    /// Index into `entries` plus one, or 0; a power of two in size.
    slots: Vec<u32>,
    live: usize,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn clear(&mut self) {
        *self = Table::default();
    }

    /// The slot of the key, or the empty one where its search ends.
    fn slot(&self, key: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) & mask;
        loop {
            match self.slots[slot] {
                0 => return slot,
                index => match &self.entries[index as usize - 1] {
                    Some((known, _)) if **known == *key => return slot,
                    _ => slot = (slot + 1) & mask,
                },
            }
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Value> {
        if self.slots.is_empty() {
            return None;
        }
        match self.slots[self.slot(key)] {
            0 => None,
            index => self.entries[index as usize - 1].as_ref().map(|entry| &entry.1),
        }
    }

    /// The value of the key, which is made if it is not there.
    pub(super) fn entry(&mut self, key: &[u8]) -> &mut Value {
        if (self.entries.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.slot(key);
        let index = match self.slots[slot] {
            0 => {
                self.entries.push(Some((key.into(), Value::Nothing)));
                self.live += 1;
                self.slots[slot] = self.entries.len() as u32;
                self.entries.len() - 1
            }
            index => index as usize - 1,
        };
        &mut self.entries[index].get_or_insert_with(|| (key.into(), Value::Nothing)).1
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        if self.slots.is_empty() {
            return;
        }
        let index = self.slots[self.slot(key)];
        if index > 0 && self.entries[index as usize - 1].take().is_some() {
            self.live -= 1;
        }
    }

    /// Drops what was deleted and makes room.
    fn grow(&mut self) {
        self.entries.retain(Option::is_some);
        let size = ((self.entries.len() + 1) * 4).next_power_of_two().max(16);
        self.slots.clear();
        self.slots.resize(size, 0);
        for (index, entry) in self.entries.iter().enumerate() {
            let Some((key, _)) = entry else { continue };
            let mut slot = hash(key) & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = index as u32 + 1;
        }
    }

    pub(super) fn keys(&self) -> Vec<Box<[u8]>> {
        self.entries.iter().flatten().map(|entry| entry.0.clone()).collect()
    }
}

fn hash(key: &[u8]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for &byte in key {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    (hash ^ hash >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_put_in() {
        let mut table = Table::default();
        for number in 0..1000 {
            *table.entry(format!("k{number}").as_bytes()) = Value::Number(f64::from(number));
        }
        for number in (0..1000).step_by(2) {
            table.remove(format!("k{number}").as_bytes());
        }
        assert_eq!(table.len(), 500);
        for number in 0..1000 {
            let found = table.get(format!("k{number}").as_bytes()).map(Value::number);
            assert_eq!(found, (number % 2 == 1).then_some(f64::from(number)), "{number}");
        }
        table.entry(b"k0");
        assert_eq!((table.len(), table.keys().len(), &*table.keys()[0]), (501, 501, &b"k1"[..]));
    }
}
