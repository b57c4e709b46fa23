//! edit — a line read from a terminal, with the keys that people know from Emacs and Readline.
//!
//! `keys` understands what the terminal sends, `line` is the text, `screen` shows it, `complete` finishes words, `vi` and
//! `word` have the other editor's commands.

mod complete;
mod keys;
mod line;
mod screen;
mod vi;
mod width;
mod word;

use std::io;

pub(crate) use complete::Known;
use keys::{Bytes, Key};
use line::Line;
use screen::Screen;
use vi::Vi;

use crate::history::History;

/// How a line ended.
pub(crate) enum Ended {
    Line(Vec<u8>),
    /// An editor shall change the line before it is run, or the line of the history that has this number.
    Edit(Vec<u8>, Option<usize>),
    /// Control-D on an empty line, or the terminal is gone.
    End,
    /// Control-C.
    Interrupted,
}

/// The terminal as it is while a line is edited.
struct Terminal {
    input: i32,
    output: i32,
}

impl Bytes for Terminal {
    fn next(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        Ok((sys::descriptor::read_once(self.input, &mut byte)? == 1).then_some(byte[0]))
    }

    fn is_near(&mut self) -> bool {
        const NEAR_MS: i32 = 50;
        sys::descriptor::wait_readable(self.input, NEAR_MS).unwrap_or(false)
    }
}

impl Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        sys::fd::write_all(self.output, bytes)
    }

    fn columns(&self) -> usize {
        sys::tty::window_size(self.output).map_or(80, |(columns, _)| usize::from(columns))
    }
}

/// One line being edited.
struct Session<'a> {
    terminal: Terminal,
    screen: Screen,
    /// The last line of the prompt: what is drawn anew with the text.
    prompt: Vec<u8>,
    line: Line,
    history: &'a History,
    known: &'a Known,
    /// Which line of the history is shown; its length stands for the new line, kept in `fresh`.
    shown: usize,
    fresh: Vec<u8>,
    /// The last key was Tab, and there was more than one choice.
    tabbed: bool,
    /// Set where keys are vi's.
    vi: Option<Vi>,
}

/// What keys mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    Emacs,
    /// Those of vi. `whole`: the line does not continue another.
    Vi {
        whole: bool,
    },
}

/// Reads a line behind `prompt` from the terminal of standard input, shown on standard error.
///
/// Errors: the terminal cannot be read or written.
pub(crate) fn read_line(prompt: &[u8], history: &History, known: &Known, keys: Keys) -> io::Result<Ended> {
    let terminal = Terminal { input: 0, output: 2 };
    let modes = sys::terminal::modes(terminal.input)?;
    modes.set_for_keys();
    let winch = sys::catch::set(sys::tty::WINDOW_CHANGED, sys::catch::Disposition::Caught);
    let last = prompt.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let mut session = Session {
        screen: Screen::new(terminal.columns()),
        terminal,
        prompt: prompt[last..].to_vec(),
        line: Line::default(),
        history,
        known,
        shown: history.lines.len(),
        fresh: Vec::new(),
        tabbed: false,
        vi: match keys {
            Keys::Emacs => None,
            Keys::Vi { whole } => Some(Vi::new(whole)),
        },
    };
    let mut above = Vec::new();
    for &byte in &prompt[..last] {
        match byte {
            1 | 2 => {}
            b'\n' => above.extend_from_slice(b"\r\n"),
            byte => above.push(byte),
        }
    }
    let result = session.terminal.write(&above).and_then(|()| session.run());
    if winch.is_ok() {
        let _ = sys::catch::set(sys::tty::WINDOW_CHANGED, sys::catch::Disposition::Default);
    }
    modes.restore();
    result
}

impl Session<'_> {
    fn run(&mut self) -> io::Result<Ended> {
        self.draw()?;
        loop {
            let key = self.next_key()?;
            if let Some(ended) = self.press(key)? {
                return Ok(ended);
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let bytes = self.screen.draw(&self.prompt, &self.line.text, self.line.cursor);
        self.terminal.write(&bytes)
    }

    /// Leaves the line on the screen and goes to the next.
    fn leave(&mut self, mark: &[u8]) -> io::Result<()> {
        self.line.cursor = self.line.text.len();
        self.draw()?;
        self.terminal.write(mark)?;
        self.terminal.write(b"\r\n")
    }

    fn press(&mut self, key: Key) -> io::Result<Option<Ended>> {
        let tabbed = std::mem::take(&mut self.tabbed);
        if self.vi.is_some() && self.press_vi(key)? {
            if let Some(number) = self.vi.as_mut().and_then(|vi| vi.edits.take()) {
                self.leave(b"")?;
                let line = std::mem::take(&mut self.line.text);
                return Ok(Some(Ended::Edit(line, (number > 0).then_some(number))));
            }
            self.draw()?;
            return Ok(None);
        }
        let replaces = self.vi.as_ref().is_some_and(|vi| vi.replacing);
        match key {
            Key::Control(b'M' | b'J') => {
                self.leave(b"")?;
                return Ok(Some(Ended::Line(std::mem::take(&mut self.line.text))));
            }
            Key::Control(b'C') => {
                self.leave(b"^C")?;
                return Ok(Some(Ended::Interrupted));
            }
            Key::Control(b'D') if self.line.text.is_empty() => return Ok(Some(Ended::End)),
            Key::Closed => return Ok(Some(Ended::End)),
            Key::Interrupted => self.interrupted(),
            Key::Control(b'I') => self.complete(tabbed)?,
            Key::Control(b'R') => {
                if let Some(key) = self.search()? {
                    return self.press(key);
                }
            }
            Key::Control(b'H') if replaces => self.line.left(),
            Key::Text(byte) => {
                if replaces {
                    self.line.erase_at();
                }
                if self.insert(byte)? {
                    return Ok(None);
                }
            }
            Key::Up | Key::Control(b'P') => self.show(self.shown.saturating_sub(1)),
            Key::Down | Key::Control(b'N') => self.show(self.shown + 1),
            Key::Alt(b'<') => self.show(0),
            Key::Alt(b'>') => self.show(self.history.lines.len()),
            Key::Control(b'L') => {
                self.terminal.write(b"\x1b[H\x1b[2J")?;
                self.screen.start_anew();
            }
            Key::Alt(b'.') => self.last_argument(),
            other => edit(&mut self.line, other),
        }
        self.draw()?;
        Ok(None)
    }

    /// Takes a byte of text; true where nothing is left to draw.
    fn insert(&mut self, byte: u8) -> io::Result<bool> {
        self.line.insert(&[byte]);
        // The bytes of one character are shown together.
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        for _ in 1..length {
            let Key::Text(next) = self.next_key()? else { break };
            self.line.insert(&[next]);
            if let Some(vi) = &mut self.vi {
                vi.typed.push(Key::Text(next));
            }
        }
        // More is coming at once: pasted text is drawn when it is there.
        Ok(sys::descriptor::wait_readable(self.terminal.input, 0).unwrap_or(false))
    }

    fn interrupted(&mut self) {
        self.screen.columns = self.terminal.columns().max(2);
    }

    /// Shows a line of the history, or the new one behind the last.
    fn show(&mut self, index: usize) {
        let index = index.min(self.history.lines.len());
        if index == self.shown {
            return;
        }
        if self.shown == self.history.lines.len() {
            self.fresh = self.line.text.clone();
        }
        self.shown = index;
        let text = self.history.lines.get(index).unwrap_or(&self.fresh).clone();
        self.line.set(&text);
    }

    /// Inserts the last word of the last line.
    fn last_argument(&mut self) {
        if let Some(last) = self.history.lines.last() {
            let word = last.rsplit(|byte| byte.is_ascii_whitespace()).find(|word| !word.is_empty());
            self.line.insert(word.unwrap_or_default());
        }
    }

    /// Tab: what is certain is inserted; the second time in a row, the choices are listed.
    fn complete(&mut self, again: bool) -> io::Result<()> {
        let found = self.known.complete(&self.line.text, self.line.cursor);
        let common = complete::common_prefix(&found.choices);
        let typed = self.line.cursor - found.start;
        match found.choices.as_slice() {
            [] => self.terminal.write(b"\x07")?,
            [only] => {
                let ended = !only.ends_with(b"/");
                self.replace(found.start, only);
                if ended {
                    self.line.insert(b" ");
                }
            }
            _ if common.len() > typed => {
                let common = common.to_vec();
                self.replace(found.start, &common);
                self.tabbed = true;
            }
            choices if again => self.list(choices)?,
            _ => {
                self.terminal.write(b"\x07")?;
                self.tabbed = true;
            }
        }
        Ok(())
    }

    pub(super) fn replace(&mut self, start: usize, with: &[u8]) {
        self.line.text.drain(start..self.line.cursor);
        self.line.cursor = start;
        self.line.insert(with);
    }

    /// Prints the choices in columns below the line.
    pub(super) fn list(&mut self, choices: &[Vec<u8>]) -> io::Result<()> {
        let name = |choice: &[u8]| -> Vec<u8> {
            let end = choice.strip_suffix(b"/").unwrap_or(choice);
            let start = end.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
            choice[start..].to_vec()
        };
        let names: Vec<Vec<u8>> = choices.iter().map(|choice| name(choice)).collect();
        let widest = names.iter().map(Vec::len).max().unwrap_or(1) + 2;
        let across = (self.screen.columns / widest).max(1);
        let rows = names.len().div_ceil(across);
        self.leave(b"")?;
        let mut out = Vec::new();
        for row in 0..rows {
            for name in names.iter().skip(row).step_by(rows) {
                out.extend_from_slice(name);
                out.resize(out.len() + widest - name.len(), b' ');
            }
            while out.last() == Some(&b' ') {
                out.pop();
            }
            out.extend_from_slice(b"\r\n");
        }
        self.screen.start_anew();
        self.terminal.write(&out)
    }

    /// Control-R: looks for what is typed in earlier lines. Gives the key that ended it, to be pressed.
    fn search(&mut self) -> io::Result<Option<Key>> {
        let before = (self.line.text.clone(), self.line.cursor);
        let prompt = self.prompt.clone();
        let mut sought: Vec<u8> = Vec::new();
        let mut from = self.history.lines.len();
        let result = loop {
            self.prompt = [b"(reverse-i-search)'", sought.as_slice(), b"': "].concat();
            self.draw()?;
            match keys::read(&mut self.terminal)? {
                Key::Text(byte) => {
                    sought.push(byte);
                    from = (from + 1).min(self.history.lines.len());
                }
                Key::Control(b'H') => {
                    sought.pop();
                    from = self.history.lines.len();
                }
                Key::Control(b'R') => {}
                Key::Interrupted => self.interrupted(),
                Key::Control(b'G' | b'C') => {
                    (self.line.text, self.line.cursor) = before;
                    break None;
                }
                key => break Some(key),
            }
            match self.history.last_with(&sought, from) {
                Some(index) => {
                    from = index;
                    self.shown = index;
                    let text = self.history.lines[index].clone();
                    self.line.set(&text);
                }
                None => self.terminal.write(b"\x07")?,
            }
        };
        self.prompt = prompt;
        self.draw()?;
        Ok(result)
    }
}

/// What a key does to the text alone.
fn edit(line: &mut Line, key: Key) {
    match key {
        Key::Left | Key::Control(b'B') => line.left(),
        Key::Right | Key::Control(b'F') => line.right(),
        Key::Home | Key::Control(b'A') => line.cursor = 0,
        Key::End | Key::Control(b'E') => line.cursor = line.text.len(),
        Key::WordLeft | Key::Alt(b'b') => line.cursor = line.word_start(false),
        Key::WordRight | Key::Alt(b'f') => line.cursor = line.word_end(),
        Key::Control(b'H') => line.erase_before(),
        Key::Delete | Key::Control(b'D') => line.erase_at(),
        Key::Control(b'K') => line.cut_to(line.text.len()),
        Key::Control(b'U') => line.cut_to(0),
        Key::Control(b'W') => line.cut_to(line.word_start(true)),
        Key::Alt(0x7f) => line.cut_to(line.word_start(false)),
        Key::Alt(b'd') => line.cut_to(line.word_end()),
        Key::Control(b'Y') => line.paste(),
        Key::Control(b'T') => line.exchange(),
        _ => {}
    }
}
