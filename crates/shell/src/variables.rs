//! variables — values and attributes by name, and what a function has made local.

use sys::strings::Strings;

use crate::name::{KNOWN_COUNT, Name, Names};

const SET: u8 = 1;
const EXPORTED: u8 = 2;
const READONLY: u8 = 4;

#[derive(Default, Clone)]
struct Slot {
    value: Vec<u8>,
    flags: u8,
}

/// A variable as it was, to be put back.
pub(crate) struct Saved {
    name: Name,
    slot: Slot,
}

#[derive(Default)]
pub struct Variables {
    slots: Vec<Slot>,
    /// What functions have made local, the innermost last.
    locals: Vec<Saved>,
    /// Counts changes of what is exported.
    generation: u64,
    /// Entries of the environment that no variable can hold, passed on as they are.
    foreign: Vec<Box<[u8]>>,
}

impl Variables {
    /// The value, or None where it is not set.
    #[inline]
    pub fn get(&self, name: Name) -> Option<&[u8]> {
        match self.slots.get(name.index()) {
            Some(slot) if slot.flags & SET != 0 => Some(&slot.value),
            _ => None,
        }
    }

    pub fn is_readonly(&self, name: Name) -> bool {
        self.has(name, READONLY)
    }

    pub fn is_exported(&self, name: Name) -> bool {
        self.has(name, EXPORTED)
    }

    fn has(&self, name: Name, flag: u8) -> bool {
        self.slots.get(name.index()).is_some_and(|slot| slot.flags & flag != 0)
    }

    fn slot(&mut self, name: Name) -> &mut Slot {
        let index = name.index();
        if index >= self.slots.len() {
            self.slots.resize_with((index + 1).max(KNOWN_COUNT * 4).next_power_of_two(), Slot::default);
        }
        &mut self.slots[index]
    }

    /// Sets the value. The caller has looked whether it may.
    #[inline]
    pub(crate) fn set(&mut self, name: Name, value: &[u8]) {
        let slot = self.slot(name);
        slot.value.clear();
        slot.value.extend_from_slice(value);
        slot.flags |= SET;
        if slot.flags & EXPORTED != 0 {
            self.generation += 1;
        }
    }

    /// Gives the value away for a change and takes the changed one: appending copies nothing.
    pub(crate) fn set_owned(&mut self, name: Name, value: Vec<u8>) -> Vec<u8> {
        let slot = self.slot(name);
        slot.flags |= SET;
        let old = std::mem::replace(&mut slot.value, value);
        if slot.flags & EXPORTED != 0 {
            self.generation += 1;
        }
        old
    }

    pub(crate) fn unset(&mut self, name: Name) {
        let slot = self.slot(name);
        let exported = slot.flags & EXPORTED != 0;
        *slot = Slot::default();
        self.generation += u64::from(exported);
    }

    pub(crate) fn export(&mut self, name: Name, exported: bool) {
        let slot = self.slot(name);
        slot.flags = if exported { slot.flags | EXPORTED } else { slot.flags & !EXPORTED };
        self.generation += 1;
    }

    pub(crate) fn set_readonly(&mut self, name: Name) {
        self.slot(name).flags |= READONLY;
    }

    /// The variable as it is, for `restore`.
    pub(crate) fn save(&mut self, name: Name) -> Saved {
        Saved { name, slot: self.slot(name).clone() }
    }

    pub(crate) fn restore(&mut self, saved: Saved) -> Name {
        let exported = saved.slot.flags & EXPORTED;
        let slot = self.slot(saved.name);
        let changed = (slot.flags & EXPORTED | exported) != 0;
        *slot = saved.slot;
        self.generation += u64::from(changed);
        saved.name
    }

    /// How many locals there are: what a call notes to undo those that come.
    pub(crate) fn locals_mark(&self) -> usize {
        self.locals.len()
    }

    /// Makes `name` local since `mark`; it keeps its value. False: it is local already.
    pub(crate) fn make_local(&mut self, name: Name, mark: usize) -> bool {
        if self.locals[mark.min(self.locals.len())..].iter().any(|saved| saved.name == name) {
            return false;
        }
        let saved = self.save(name);
        self.locals.push(saved);
        true
    }

    /// Takes the value away and leaves the attributes.
    pub(crate) fn clear(&mut self, name: Name) {
        let slot = self.slot(name);
        slot.flags &= !SET;
        self.generation += u64::from(slot.flags & EXPORTED != 0);
    }

    /// Puts back the last local if there are more than `mark`; its name.
    pub(crate) fn pop_local(&mut self, mark: usize) -> Option<Name> {
        if self.locals.len() <= mark {
            return None;
        }
        let saved = self.locals.pop()?;
        Some(self.restore(saved))
    }

    /// Names of variables that are set or have an attribute, sorted by their text.
    pub(crate) fn sorted(&self, names: &Names) -> Vec<Name> {
        let mut list: Vec<Name> = (0..self.slots.len())
            .filter(|&index| self.slots[index].flags != 0)
            .map(Name::from_index)
            .collect();
        names.sort(&mut list);
        list
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn add_foreign(&mut self, entry: &[u8]) {
        self.foreign.push(entry.into());
    }

    /// The environment for programs.
    pub(crate) fn environment(&self, names: &Names) -> Strings {
        let mut environment = Strings::new();
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.flags & (SET | EXPORTED) == SET | EXPORTED {
                environment.extend(names.text(Name::from_index(index)));
                environment.extend_byte(b'=');
                environment.extend(&slot.value);
                environment.finish();
            }
        }
        for entry in &self.foreign {
            environment.push(entry);
        }
        environment
    }
}
