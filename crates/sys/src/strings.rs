//! strings — lists of C strings in one block of memory: what execve takes, and cheap to build and to reuse.

use std::ffi::{CStr, c_char};
use std::ptr;

/// Byte strings, each followed by a NUL in one block. A NUL inside a string ends it early, as it would in C.
#[derive(Default, Clone, Debug)]
pub struct Strings {
    bytes: Vec<u8>,
    /// Where each string begins.
    starts: Vec<usize>,
    /// Whether a string is being built behind the last finished one.
    open: usize,
}

impl Strings {
    pub fn new() -> Strings {
        Strings::default()
    }

    /// Forgets all strings and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.starts.clear();
        self.open = 0;
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Adds a whole string.
    pub fn push(&mut self, text: &[u8]) {
        self.extend(text);
        self.finish();
    }

    /// Adds to the string that is being built.
    #[inline]
    pub fn extend(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    #[inline]
    pub fn extend_byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Ends the string that is being built.
    #[inline]
    pub fn finish(&mut self) {
        self.bytes.push(0);
        self.starts.push(self.open);
        self.open = self.bytes.len();
    }

    /// How many bytes all strings take, with the unfinished one.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// What was built so far and is not finished.
    pub fn unfinished(&self) -> &[u8] {
        &self.bytes[self.open..]
    }

    /// Takes back what is not finished.
    pub fn drop_unfinished(&mut self) {
        self.bytes.truncate(self.open);
    }

    /// Takes back all strings from `index` on.
    pub fn truncate(&mut self, index: usize) {
        if let Some(&start) = self.starts.get(index) {
            self.bytes.truncate(start);
            self.starts.truncate(index);
            self.open = start;
        }
    }

    /// The string without its NUL; empty where there is none of that index.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        match self.starts.get(index) {
            Some(&start) => {
                let end = self.starts.get(index + 1).copied().unwrap_or(self.open);
                &self.bytes[start..end - 1]
            }
            None => b"",
        }
    }

    /// The string as C sees it.
    pub fn c_str(&self, index: usize) -> &CStr {
        match self.starts.get(index) {
            Some(&start) => CStr::from_bytes_until_nul(&self.bytes[start..]).unwrap_or(c""),
            None => c"",
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Sorts the strings from `first` on by their bytes.
    pub fn sort_from(&mut self, first: usize) {
        let mut tail: Vec<Vec<u8>> = (first..self.len()).map(|index| self.get(index).to_vec()).collect();
        tail.sort_unstable();
        self.truncate(first);
        for text in tail {
            self.push(&text);
        }
    }

    /// Pointers for execve, with the null at the end. They are valid as long as `self` is not changed.
    pub(crate) fn pointers(&self, first: usize) -> Vec<*const c_char> {
        let mut pointers = Vec::with_capacity(self.starts.len() + 1);
        for &start in self.starts.iter().skip(first) {
            pointers.push(self.bytes[start..].as_ptr().cast());
        }
        pointers.push(ptr::null());
        pointers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_and_takes_back() {
        let mut list = Strings::new();
        list.push(b"one");
        list.extend(b"tw");
        list.extend_byte(b'o');
        assert_eq!(list.unfinished(), b"two");
        list.finish();
        list.push(b"");
        assert_eq!((list.len(), list.get(1), list.get(2)), (3, &b"two"[..], &b""[..]));
        list.truncate(1);
        list.push(b"c\0d");
        assert_eq!(list.c_str(1), c"c");
        assert_eq!(list.iter().collect::<Vec<_>>(), [&b"one"[..], b"c\0d"]);
    }
}
