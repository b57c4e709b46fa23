//! vi — the commands of vi for a line: what `set -o vi` gives.
//!
//! `word` has those that expand the word under the cursor.
//!
//! Source: POSIX.1-2024 `sh`, "Command Line Editing (vi-mode)".

use std::collections::VecDeque;
use std::io;

use super::keys::{self, Key};
use super::line::Line;
use super::{Session, width};

/// What vi remembers beside the line.
#[derive(Default)]
pub(super) struct Vi {
    /// No line was read before that this one continues.
    pub(super) whole: bool,
    /// Keys are commands rather than text.
    pub(super) commanding: bool,
    /// The line and the cursor before each change.
    undo: Vec<(Vec<u8>, usize)>,
    /// The keys of the last change, for `.`, and those of the one that is being made.
    last_change: Vec<Key>,
    pub(super) typed: Vec<Key>,
    /// Keys that are taken before new ones.
    pub(super) queued: VecDeque<Key>,
    /// Text takes the place of what is there: `R`.
    pub(super) replacing: bool,
    /// How many aliases' keys were queued since the last key that was typed.
    queued_aliases: u32,
    /// `v`: the line is to be edited by a program; its number, 0 for the one that is shown.
    pub(super) edits: Option<usize>,
    /// What `f` and its kin looked for, for `;` and `,`.
    last_find: Option<(u8, u8)>,
    sought: Vec<u8>,
}

impl Vi {
    pub(super) fn new(whole: bool) -> Vi {
        Vi { whole, ..Vi::default() }
    }
}

/// Where a motion goes, and whether the character there belongs to what an operator takes.
struct Motion {
    to: usize,
    inclusive: bool,
}

impl Session<'_> {
    /// The next key: one that is repeated, or one that is typed.
    pub(super) fn next_key(&mut self) -> io::Result<Key> {
        match self.vi.as_mut().and_then(|vi| vi.queued.pop_front()) {
            Some(key) => Ok(key),
            None => {
                if let Some(vi) = &mut self.vi {
                    vi.queued_aliases = 0;
                }
                keys::read(&mut self.terminal)
            }
        }
    }

    /// Deals with a key as vi does. False: it means what it means elsewhere.
    pub(super) fn press_vi(&mut self, key: Key) -> io::Result<bool> {
        let Some(vi) = &mut self.vi else { return Ok(false) };
        match (key, vi.commanding) {
            (Key::Escape, false) => self.end_insertion(),
            // Escape and a command came so close together that they look like one key.
            (Key::Alt(byte), false) => {
                vi.queued.push_front(Key::Text(byte));
                self.end_insertion();
            }
            (key, false) => {
                vi.typed.push(key);
                return Ok(false);
            }
            (Key::Escape, true) => {}
            (Key::Text(byte) | Key::Alt(byte), true) => {
                vi.typed = vec![Key::Text(byte)];
                self.command(byte)?;
                self.stay_on_text();
            }
            (Key::Control(b'H'), true) => self.line.left(),
            (_, true) => return Ok(false),
        }
        Ok(true)
    }

    fn end_insertion(&mut self) {
        let Some(vi) = &mut self.vi else { return };
        vi.commanding = true;
        vi.replacing = false;
        vi.typed.push(Key::Escape);
        vi.last_change = std::mem::take(&mut vi.typed);
        self.line.left();
    }

    /// A command's cursor stands on a character, not behind the last.
    fn stay_on_text(&mut self) {
        if self.vi.as_ref().is_some_and(|vi| vi.commanding) && self.line.cursor >= self.line.text.len() {
            self.line.cursor = width::previous(&self.line.text, self.line.text.len());
        }
    }

    /// The next character of a command; None if another key breaks it off.
    fn next_of_command(&mut self) -> io::Result<Option<u8>> {
        let key = self.next_key()?;
        if let Some(vi) = &mut self.vi {
            vi.typed.push(key);
        }
        Ok(if let Key::Text(byte) = key { Some(byte) } else { None })
    }

    /// A number in front of a command, which begins with `byte`; 1 if there is none. Then the command's own byte.
    fn count(&mut self, byte: u8) -> io::Result<Option<(usize, u8)>> {
        let (mut count, mut byte) = (0usize, byte);
        while byte.is_ascii_digit() && (byte != b'0' || count > 0) {
            count = (count * 10 + usize::from(byte - b'0')).min(9999);
            match self.next_of_command()? {
                Some(next) => byte = next,
                None => return Ok(None),
            }
        }
        Ok(Some((count, byte)))
    }

    fn command(&mut self, byte: u8) -> io::Result<()> {
        let Some((count, byte)) = self.count(byte)? else { return Ok(()) };
        let times = count.max(1);
        let end = self.line.text.len();
        match byte {
            b'd' | b'c' | b'y' => return self.operate(byte, times),
            b'x' | b'X' | b's' => {
                let step = if byte == b'X' { width::previous } else { width::next };
                let to = (0..times).fold(self.line.cursor, |at, _| step(&self.line.text, at));
                self.take(if byte == b's' { b'c' } else { b'd' }, to);
            }
            b'D' => self.take(b'd', end),
            b'C' => self.take(b'c', end),
            b'S' => {
                self.line.cursor = 0;
                self.take(b'c', end);
            }
            b'Y' => self.take(b'y', end),
            b'i' => self.begin_insertion(self.line.cursor),
            b'a' => self.begin_insertion(width::next(&self.line.text, self.line.cursor)),
            b'R' => {
                self.begin_insertion(self.line.cursor);
                if let Some(vi) = &mut self.vi {
                    vi.replacing = true;
                }
            }
            b'I' => self.begin_insertion(first_text(&self.line.text)),
            b'A' => self.begin_insertion(end),
            b'p' | b'P' => {
                self.remember();
                if byte == b'p' {
                    self.line.right();
                }
                (0..times).for_each(|_| self.line.paste());
                self.line.left();
                self.end_change();
            }
            b'r' => {
                let Some(with) = self.next_of_command()? else { return Ok(()) };
                self.remember();
                for _ in 0..times {
                    if self.line.cursor >= self.line.text.len() {
                        break;
                    }
                    self.line.erase_at();
                    self.line.insert(&[with]);
                }
                self.line.left();
                self.end_change();
            }
            b'~' => {
                self.remember();
                for _ in 0..times {
                    let Some(letter) = self.line.text.get_mut(self.line.cursor) else { break };
                    *letter ^= if letter.is_ascii_alphabetic() { 0x20 } else { 0 };
                    self.line.right();
                }
                self.end_change();
            }
            b'#' => {
                self.line.text.insert(0, b'#');
                if let Some(vi) = &mut self.vi {
                    vi.queued.push_front(Key::Control(b'M'));
                }
            }
            b'u' | b'U' => {
                if let Some(vi) = &mut self.vi {
                    vi.undo.truncate(if byte == b'U' { 1 } else { vi.undo.len() });
                    if let Some((text, cursor)) = vi.undo.pop() {
                        (self.line.text, self.line.cursor) = (text, cursor);
                    }
                }
            }
            b'_' => {
                let last = self.history.lines.last().map_or(b"".as_slice(), |line| line);
                let mut words =
                    last.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
                let word = if count == 0 { words.next_back() } else { words.nth(count - 1) };
                let Some(word) = word.map(<[u8]>::to_vec) else { return self.terminal.write(b"\x07") };
                self.begin_insertion(width::next(&self.line.text, self.line.cursor));
                self.line.insert(b" ");
                self.line.insert(&word);
            }
            b'@' => self.queue_alias()?,
            b'=' => self.list_expansions()?,
            b'*' => self.insert_expansions()?,
            b'\\' => self.complete_word()?,
            b'v' => match &mut self.vi {
                Some(vi) if vi.whole && (count > 0 || !self.line.text.is_empty()) => vi.edits = Some(count),
                _ => self.terminal.write(b"\x07")?,
            },
            b'.' => {
                if let Some(vi) = &mut self.vi {
                    vi.queued = vi.last_change.clone().into();
                }
            }
            b'k' | b'-' => self.show_at_start(self.shown.saturating_sub(times)),
            b'j' | b'+' => self.show_at_start(self.shown + times),
            b'G' => self.show_at_start(count.saturating_sub(1)),
            b'/' | b'?' => self.seek()?,
            b'n' => self.seek_again(self.shown),
            b'N' => self.seek_forward(),
            _ => {
                if let Some(motion) = self.motion(byte, times)? {
                    self.line.cursor = motion.to;
                } else {
                    self.terminal.write(b"\x07")?;
                }
            }
        }
        Ok(())
    }

    fn show_at_start(&mut self, index: usize) {
        self.show(index);
        self.line.cursor = 0;
    }

    /// `@` and a letter: the value of the alias `_letter` as if it were typed.
    fn queue_alias(&mut self) -> io::Result<()> {
        /// An alias that contains itself ends somewhere.
        const ALIASES_MOST: u32 = 100;
        let Some(letter) = self.next_of_command()? else { return Ok(()) };
        let (Some(vi), Some((_, value))) =
            (&mut self.vi, self.known.letters.iter().find(|alias| alias.0 == letter))
        else {
            return Ok(());
        };
        vi.queued_aliases += 1;
        if vi.queued_aliases > ALIASES_MOST {
            return Ok(());
        }
        let mut rest = keys::Stored(value);
        let mut index = 0;
        loop {
            match keys::read(&mut rest)? {
                Key::Closed => return Ok(()),
                key => vi.queued.insert(index, key),
            }
            index += 1;
        }
    }

    pub(super) fn begin_insertion(&mut self, at: usize) {
        self.remember();
        self.line.cursor = at;
        if let Some(vi) = &mut self.vi {
            vi.commanding = false;
        }
    }

    pub(super) fn remember(&mut self) {
        if let Some(vi) = &mut self.vi {
            vi.undo.push((self.line.text.clone(), self.line.cursor));
        }
    }

    fn end_change(&mut self) {
        if let Some(vi) = &mut self.vi {
            vi.last_change = std::mem::take(&mut vi.typed);
        }
    }

    /// `d`, `c` or `y` with the motion that follows.
    fn operate(&mut self, operator: u8, times: usize) -> io::Result<()> {
        let Some(byte) = self.next_of_command()? else { return Ok(()) };
        let Some((count, mut byte)) = self.count(byte)? else { return Ok(()) };
        if byte == operator {
            self.line.cursor = 0;
            self.take(operator, self.line.text.len());
            return Ok(());
        }
        // To change a word leaves the blanks behind it alone.
        if operator == b'c' && matches!(byte, b'w' | b'W') {
            byte = if byte == b'w' { b'e' } else { b'E' };
        }
        match self.motion(byte, times * count.max(1))? {
            Some(Motion { to, inclusive }) => {
                let to = if inclusive { width::next(&self.line.text, to) } else { to };
                self.take(operator, to);
                Ok(())
            }
            None => self.terminal.write(b"\x07"),
        }
    }

    /// Does `operator` with what lies between the cursor and `to`.
    fn take(&mut self, operator: u8, to: usize) {
        if operator == b'y' {
            self.line.copy_to(to);
            return;
        }
        self.remember();
        self.line.cut_to(to);
        if operator == b'c' {
            if let Some(vi) = &mut self.vi {
                vi.commanding = false;
            }
        } else {
            self.end_change();
        }
    }

    /// Where a motion goes; None: it is no motion, or finds nothing.
    fn motion(&mut self, byte: u8, times: usize) -> io::Result<Option<Motion>> {
        let mut kind = byte;
        let mut wanted = 0;
        match byte {
            b'f' | b'F' | b't' | b'T' => {
                let Some(next) = self.next_of_command()? else { return Ok(None) };
                wanted = next;
                if let Some(vi) = &mut self.vi {
                    vi.last_find = Some((byte, next));
                }
            }
            b';' | b',' => {
                let Some((find, next)) = self.vi.as_ref().and_then(|vi| vi.last_find) else {
                    return Ok(None);
                };
                wanted = next;
                kind = if byte == b';' { find } else { find ^ 0x20 };
            }
            _ => {}
        }
        let line = &self.line;
        let mut at = line.cursor;
        for _ in 0..times {
            at = match step(line, at, kind, wanted, times) {
                Some(next) => next,
                None => return Ok(None),
            };
        }
        Ok(Some(Motion { to: at, inclusive: matches!(kind, b'e' | b'E' | b'f' | b't') }))
    }

    /// `/`: looks for a text in earlier lines.
    fn seek(&mut self) -> io::Result<()> {
        let prompt = std::mem::take(&mut self.prompt);
        let before = std::mem::take(&mut self.line);
        let sought = loop {
            self.prompt = b"/".to_vec();
            self.draw()?;
            match self.next_key()? {
                Key::Text(byte) => self.line.insert(&[byte]),
                Key::Control(b'H') => self.line.erase_before(),
                Key::Control(b'M' | b'J') => break Some(std::mem::take(&mut self.line.text)),
                _ => break None,
            }
        };
        (self.prompt, self.line) = (prompt, before);
        if let (Some(sought), Some(vi)) = (sought, &mut self.vi) {
            if !sought.is_empty() {
                vi.sought = sought;
            }
            self.seek_again(self.shown);
        }
        Ok(())
    }

    /// Shows the last line before `from` that holds what was looked for.
    fn seek_again(&mut self, from: usize) {
        let Some(vi) = &self.vi else { return };
        if let Some(index) = self.history.last_with(&vi.sought, from) {
            self.show_at_start(index);
        }
    }

    /// Shows the next line that holds what was looked for.
    fn seek_forward(&mut self) {
        let Some(vi) = &self.vi else { return };
        let (sought, lines) = (&vi.sought, &self.history.lines);
        let holds = |line: &[u8]| line.windows(sought.len().max(1)).any(|window| window == sought);
        if let Some(index) = (self.shown + 1..lines.len()).find(|&index| holds(&lines[index])) {
            self.show_at_start(index);
        }
    }
}

fn first_text(text: &[u8]) -> usize {
    text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len())
}

/// One step of a motion from `at`.
fn step(line: &Line, at: usize, kind: u8, wanted: u8, times: usize) -> Option<usize> {
    let text = &line.text;
    let end = text.len();
    // Blanks, words, and what is neither; or only blanks and the rest.
    let class = |at: usize| -> u8 {
        match text[at] {
            b' ' | b'\t' => 0,
            byte if kind.is_ascii_uppercase()
                || byte.is_ascii_alphanumeric()
                || byte == b'_'
                || byte >= 0x80 =>
            {
                1
            }
            _ => 2,
        }
    };
    let mut to = at;
    match kind.to_ascii_lowercase() {
        b'h' => return (at > 0).then(|| width::previous(text, at)),
        b'l' | b' ' => return (at < end).then(|| width::next(text, at)),
        b'0' => to = 0,
        b'^' => to = first_text(text),
        b'$' => to = end,
        b'|' => to = (times - 1).min(end),
        b'w' => {
            let here = text.get(at).map(|_| class(at))?;
            while to < end && class(to) == here && here != 0 {
                to += 1;
            }
            while to < end && class(to) == 0 {
                to += 1;
            }
        }
        b'b' => {
            while to > 0 && class(to - 1) == 0 {
                to -= 1;
            }
            let there = to.checked_sub(1).map(class)?;
            while to > 0 && class(to - 1) == there {
                to -= 1;
            }
        }
        b'e' => {
            to += 1;
            while to < end && class(to) == 0 {
                to += 1;
            }
            let there = text.get(to).map(|_| class(to))?;
            while to + 1 < end && class(to + 1) == there {
                to += 1;
            }
        }
        b'f' | b't' => {
            let near = usize::from(kind.eq_ignore_ascii_case(&b't'));
            if kind.is_ascii_lowercase() {
                let from = (at + 1 + near).min(end);
                to = from + text[from..].iter().position(|&byte| byte == wanted)? - near;
            } else {
                let before = at.checked_sub(near)?;
                to = text[..before].iter().rposition(|&byte| byte == wanted)? + near;
            }
        }
        _ => return None,
    }
    Some(to)
}
