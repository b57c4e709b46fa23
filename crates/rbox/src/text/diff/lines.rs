//! lines — which lines two texts have in common: the edit script of `diff`.
//!
//! Source: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the variant in linear space.

/// How lines are compared.
#[derive(Clone, Copy, Default)]
pub(crate) struct Compare {
    pub(crate) ignore_case: bool,
    /// Runs of blanks are equal, and those at the end do not count.
    pub(crate) ignore_blank_amount: bool,
    pub(crate) ignore_blanks: bool,
}

impl Compare {
    fn is_plain(self) -> bool {
        !(self.ignore_case || self.ignore_blank_amount || self.ignore_blanks)
    }

    /// The line as it is compared.
    fn normal(self, line: &[u8], normal: &mut Vec<u8>) {
        normal.clear();
        let mut blank = false;
        for &byte in line {
            if (self.ignore_blanks || self.ignore_blank_amount) && byte.is_ascii_whitespace() {
                blank = true;
                continue;
            }
            if blank && !self.ignore_blanks {
                normal.push(b' ');
            }
            blank = false;
            normal.push(if self.ignore_case { byte.to_ascii_lowercase() } else { byte });
        }
    }
}

/// One place where the texts differ: the lines of the first and of the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) old: std::ops::Range<usize>,
    pub(crate) new: std::ops::Range<usize>,
}

/// A text by its lines, each with its end.
pub(crate) fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// Where the texts differ, in order.
pub(crate) fn changes(old: &[&[u8]], new: &[&[u8]], compare: Compare) -> Vec<Change> {
    let (old_ids, new_ids) = ids(old, new, compare);
    let mut sides = [Side::new(&old_ids, &new_ids), Side::new(&new_ids, &old_ids)];
    let [one, other] = &mut sides;
    let size = one.ids.len() + other.ids.len() + 3;
    let mut walk = Walk {
        old: std::mem::take(&mut one.ids),
        new: std::mem::take(&mut other.ids),
        forward: vec![0; size],
        backward: vec![0; size],
        removed: Vec::new(),
        added: Vec::new(),
    };
    walk.removed.resize(walk.old.len(), false);
    walk.added.resize(walk.new.len(), false);
    walk.compare(0, walk.old.len(), 0, walk.new.len());
    one.mark(&walk.removed);
    other.mark(&walk.added);
    slide(&mut one.changed, &old_ids);
    slide(&mut other.changed, &new_ids);
    collect(&one.changed, &other.changed)
}

/// A number for each line, equal for lines that are.
fn ids(old: &[&[u8]], new: &[&[u8]], compare: Compare) -> (Vec<u32>, Vec<u32>) {
    let lines = old.iter().chain(new);
    let mut table = vec![u32::MAX; (2 * (old.len() + new.len()) + 1).next_power_of_two()];
    let mut normals: Vec<Vec<u8>> = Vec::new();
    let mut firsts: Vec<&[u8]> = Vec::new();
    let mut found = Vec::with_capacity(old.len() + new.len());
    let mut normal = Vec::new();
    for &line in lines {
        let text = if compare.is_plain() {
            line
        } else {
            compare.normal(line, &mut normal);
            &normal[..]
        };
        let mut slot = hash(text) as usize & (table.len() - 1);
        let id = loop {
            match table[slot] {
                u32::MAX => {
                    let id = firsts.len() as u32;
                    table[slot] = id;
                    firsts.push(line);
                    if !compare.is_plain() {
                        normals.push(normal.clone());
                    }
                    break id;
                }
                id => {
                    let known =
                        normals.get(id as usize).map_or(firsts[id as usize], |normal| normal.as_slice());
                    if known == text {
                        break id;
                    }
                }
            }
            slot = (slot + 1) & (table.len() - 1);
        };
        found.push(id);
    }
    let new_ids = found.split_off(old.len());
    (found, new_ids)
}

fn hash(text: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in text {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^ hash >> 32
}

/// One text without the lines that the other does not have at all: those are changes in any case.
struct Side {
    ids: Vec<u32>,
    /// The line of each id that is left.
    lines: Vec<usize>,
    changed: Vec<bool>,
}

impl Side {
    fn new(own: &[u32], other: &[u32]) -> Side {
        let count = own.iter().chain(other).max().map_or(0, |&max| max as usize + 1);
        let mut known = vec![false; count];
        for &id in other {
            known[id as usize] = true;
        }
        let mut side = Side { ids: Vec::new(), lines: Vec::new(), changed: vec![true; own.len()] };
        for (line, &id) in own.iter().enumerate() {
            if known[id as usize] {
                side.ids.push(id);
                side.lines.push(line);
            }
        }
        side
    }

    fn mark(&mut self, changed: &[bool]) {
        for (&line, &is_changed) in self.lines.iter().zip(changed) {
            self.changed[line] = is_changed;
        }
    }
}

/// The search for the shortest edit script. A diagonal is the difference of the positions in both texts.
struct Walk {
    old: Vec<u32>,
    new: Vec<u32>,
    /// How far one comes from the start, and from the end, on each diagonal.
    forward: Vec<isize>,
    backward: Vec<isize>,
    removed: Vec<bool>,
    added: Vec<bool>,
}

/// Behind so many steps a good place is taken for the best one.
const STEPS_MAX: usize = 4096;

impl Walk {
    fn compare(&mut self, mut old_from: usize, mut old_to: usize, mut new_from: usize, mut new_to: usize) {
        while old_from < old_to && new_from < new_to && self.old[old_from] == self.new[new_from] {
            old_from += 1;
            new_from += 1;
        }
        while old_from < old_to && new_from < new_to && self.old[old_to - 1] == self.new[new_to - 1] {
            old_to -= 1;
            new_to -= 1;
        }
        if old_from == old_to {
            self.added[new_from..new_to].fill(true);
        } else if new_from == new_to {
            self.removed[old_from..old_to].fill(true);
        } else {
            let (old_middle, new_middle) = self.middle(old_from, old_to, new_from, new_to);
            self.compare(old_from, old_middle, new_from, new_middle);
            self.compare(old_middle, old_to, new_middle, new_to);
        }
    }

    /// A place that a shortest way through the box passes, neither its first corner nor its last.
    fn middle(&mut self, old_from: usize, old_to: usize, new_from: usize, new_to: usize) -> (usize, usize) {
        let [left, right, top, bottom] = [old_from, old_to, new_from, new_to].map(|place| place as isize);
        let shift = self.new.len() as isize + 1;
        let at = |diagonal: isize| (diagonal + shift) as usize;
        let (lowest, highest) = (left - bottom, right - top);
        let (start, end) = (left - top, right - bottom);
        let odd = (start - end) % 2 != 0;
        self.forward[at(start)] = left;
        self.backward[at(end)] = right;
        let (mut forward, mut backward) = ((start, start), (end, end));
        for step in 1.. {
            // Beside the diagonals reached so far stands what no way has come to.
            forward = widened(forward, lowest, highest);
            if forward.0 > lowest {
                self.forward[at(forward.0 - 1)] = -1;
            }
            if forward.1 < highest {
                self.forward[at(forward.1 + 1)] = -1;
            }
            let mut diagonal = forward.1;
            while diagonal >= forward.0 {
                let below = if diagonal > lowest { self.forward[at(diagonal - 1)] } else { -1 };
                let above = if diagonal < highest { self.forward[at(diagonal + 1)] } else { -1 };
                let mut x = if below < above { above } else { below + 1 };
                if step == 1 && diagonal == start {
                    x = left;
                }
                let mut y = x - diagonal;
                while x < right && y < bottom && self.old[x as usize] == self.new[y as usize] {
                    x += 1;
                    y += 1;
                }
                self.forward[at(diagonal)] = x;
                if odd
                    && (backward.0..=backward.1).contains(&diagonal)
                    && (diagonal - backward.0) % 2 == 0
                    && self.backward[at(diagonal)] <= x
                {
                    return (x as usize, y as usize);
                }
                diagonal -= 2;
            }
            backward = widened(backward, lowest, highest);
            if backward.0 > lowest {
                self.backward[at(backward.0 - 1)] = isize::MAX;
            }
            if backward.1 < highest {
                self.backward[at(backward.1 + 1)] = isize::MAX;
            }
            let mut diagonal = backward.1;
            while diagonal >= backward.0 {
                let below = if diagonal > lowest { self.backward[at(diagonal - 1)] } else { isize::MAX };
                let above = if diagonal < highest { self.backward[at(diagonal + 1)] } else { isize::MAX };
                let mut x = if below < above { below } else { above - 1 };
                let mut y = x - diagonal;
                while x > left && y > top && self.old[x as usize - 1] == self.new[y as usize - 1] {
                    x -= 1;
                    y -= 1;
                }
                self.backward[at(diagonal)] = x;
                if !odd
                    && (forward.0..=forward.1).contains(&diagonal)
                    && (diagonal - forward.0) % 2 == 0
                    && x <= self.forward[at(diagonal)]
                {
                    return (x as usize, y as usize);
                }
                diagonal -= 2;
            }
            if step >= STEPS_MAX {
                return self.farthest(forward, (right, bottom), shift);
            }
        }
        (old_from, new_from)
    }

    /// Of the ways from the start the one that came farthest, for texts that have little in common.
    fn farthest(&self, forward: (isize, isize), end: (isize, isize), shift: isize) -> (usize, usize) {
        let mut best = (0, 0);
        let mut diagonal = forward.1;
        while diagonal >= forward.0 {
            let x = self.forward[(diagonal + shift) as usize].min(end.0).min(end.1 + diagonal);
            if x >= 0 && x - diagonal >= 0 && 2 * x - diagonal > best.0 + best.1 {
                best = (x, x - diagonal);
            }
            diagonal -= 2;
        }
        (best.0 as usize, best.1 as usize)
    }
}

/// One diagonal more on each side, or one less where the box ends.
fn widened((low, high): (isize, isize), lowest: isize, highest: isize) -> (isize, isize) {
    (if low > lowest { low - 1 } else { low + 1 }, if high < highest { high + 1 } else { high - 1 })
}

/// Moves runs of changed lines down as far as the lines behind them are the same: a function that was put in then
/// ends with its own brace.
fn slide(changed: &mut [bool], ids: &[u32]) {
    let mut start = 0;
    while start < changed.len() {
        if !changed[start] {
            start += 1;
            continue;
        }
        let mut end = start;
        while end < changed.len() && changed[end] {
            end += 1;
        }
        while end < changed.len() && ids[start] == ids[end] {
            changed[start] = false;
            changed[end] = true;
            start += 1;
            end += 1;
            while end < changed.len() && changed[end] {
                end += 1;
            }
        }
        start = end;
    }
}

/// Pairs the unchanged lines of both sides; what is between them are the changes.
fn collect(removed: &[bool], added: &[bool]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut old, mut new) = (0, 0);
    while old < removed.len() || new < added.len() {
        let (old_start, new_start) = (old, new);
        while old < removed.len() && removed[old] {
            old += 1;
        }
        while new < added.len() && added[new] {
            new += 1;
        }
        if old > old_start || new > new_start {
            changes.push(Change { old: old_start..old, new: new_start..new });
        }
        if old < removed.len() && new < added.len() {
            old += 1;
            new += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies the changes, and counts the lines that they touch.
    fn check(old: &str, new: &str) -> usize {
        let (old, new) = (split(old.as_bytes()), split(new.as_bytes()));
        let changes = changes(&old, &new, Compare::default());
        let mut result: Vec<&[u8]> = Vec::new();
        let mut at = 0;
        for change in &changes {
            result.extend(&old[at..change.old.start]);
            result.extend(&new[change.new.clone()]);
            at = change.old.end;
        }
        result.extend(&old[at..]);
        assert_eq!(result, new);
        changes.iter().map(|change| change.old.len() + change.new.len()).sum()
    }

    fn text(letters: &str) -> String {
        letters.chars().map(|letter| format!("{letter}\n")).collect()
    }

    #[test]
    fn finds_shortest_scripts() {
        for (old, new, touched) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "xyz", 6),
            ("abcabba", "cbabac", 5),
            ("abcd", "acbd", 2),
            ("aaaa", "aa", 2),
            ("abcdefgh", "aBcdefghi", 3),
        ] {
            assert_eq!(check(&text(old), &text(new)), touched, "{old} {new}");
        }
    }

    #[test]
    fn agrees_with_the_longest_common_subsequence() {
        let mut state = 1_u32;
        let mut next = |limit: u32| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (state >> 16) % limit
        };
        for _ in 0..300 {
            let letters = |count: u32, next: &mut dyn FnMut(u32) -> u32| -> String {
                (0..count).map(|_| char::from(b'a' + next(4) as u8)).collect()
            };
            let (old_count, new_count) = (next(12), next(12));
            let (old, new) = (letters(old_count, &mut next), letters(new_count, &mut next));
            let (o, n) = (old.as_bytes(), new.as_bytes());
            let mut common = vec![vec![0; n.len() + 1]; o.len() + 1];
            for i in 0..o.len() {
                for j in 0..n.len() {
                    common[i + 1][j + 1] =
                        if o[i] == n[j] { common[i][j] + 1 } else { common[i][j + 1].max(common[i + 1][j]) };
                }
            }
            let shortest = o.len() + n.len() - 2 * common[o.len()][n.len()];
            assert_eq!(check(&text(&old), &text(&new)), shortest, "{old} {new}");
        }
    }

    #[test]
    fn slides_down() {
        let (old, new) = (text("ab{}c"), text("ab{}{}c"));
        let found = changes(&split(old.as_bytes()), &split(new.as_bytes()), Compare::default());
        assert_eq!(found, [Change { old: 4..4, new: 4..6 }]);
    }

    #[test]
    fn compares_as_asked() {
        let same = |one: &str, other: &str, compare| {
            changes(&[one.as_bytes()], &[other.as_bytes()], compare).is_empty()
        };
        let amount = Compare { ignore_blank_amount: true, ..Compare::default() };
        assert!(same("a  b \n", "a b\n", amount) && !same("ab\n", "a b\n", amount));
        assert!(same("a  b \n", "ab\n", Compare { ignore_blanks: true, ..Compare::default() }));
        assert!(same("aB", "Ab", Compare { ignore_case: true, ..Compare::default() }));
    }
}
