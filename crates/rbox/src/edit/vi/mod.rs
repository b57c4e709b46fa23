//! vi — change a text on a terminal.
//!
//! Source: POSIX.1-2024 `vi`, `ex`; BusyBox 1.37 for the options; Vim for undo of many steps, Ctrl-R and v.

mod buffer;
mod command;
mod ex;
mod file;
mod insert;
mod motion;
mod screen;

use posix::regex::Regex;

use crate::applets::edit::common::keys::{Key, Keys};
use crate::applets::edit::common::screen::Layout;
use crate::prelude::*;
use buffer::Buffer;

pub(crate) const APPLET: Applet = Applet {
    name: "vi",
    links: &["/usr/bin/vi"],
    usage: "\
vi [-R] [-c COMMAND] [+COMMAND] [FILE]...

Change FILEs.

  -R          Read-only
  -c COMMAND  Run an ex command first ($EXINIT is run, too)
  -H          Say what there is
",
    process: Process::New,
    run,
};

const FEATURES: &[u8] = b"\
Motions: h j k l w b e W B E 0 ^ $ | f F t T ; , { } ( ) % G gg H M L + - n N / ? ' `
Operators: d c y < > ~ (with motions, doubled, or on v and V), x X D C Y s S r J p P .
Registers \"a to \"z, marks a to z, counts, undo u and redo Ctrl-R, ZZ ZQ
Ex: [RANGE] = ! d e f j k n p q r rew s set u w wq x y < > with . $ % 'a /RE/ +N -N
Options: autoindent expandtab ignorecase number showmatch tabstop=N
";

/// What is put by p: bytes, and whether they are whole lines.
#[derive(Clone, Default)]
struct Register {
    text: Vec<u8>,
    lines: bool,
}

/// Options of `:set`.
#[derive(Clone, Copy)]
struct Settings {
    auto_indent: bool,
    expand_tabs: bool,
    ignore_case: bool,
    numbers: bool,
    show_match: bool,
    tab: usize,
}

struct Vi<'a, 'b> {
    cx: &'a mut Cx<'b>,
    files: Vec<PathBuf>,
    current: usize,
    /// The name of the text's file; none yet for a text that was never in one.
    path: Option<PathBuf>,
    buffer: Buffer,
    cursor: usize,
    /// The start of the first line on the screen, and the columns that are left out on the left.
    top: usize,
    left: usize,
    rows: usize,
    columns: usize,
    /// The column that j and k keep to.
    column_wanted: Option<usize>,
    /// Keys that are taken for pressed, and those of the command that is being given and of the last that changed
    /// something.
    keys: Keys,
    waiting: Vec<Key>,
    given: Vec<Key>,
    repeatable: Vec<Key>,
    repeating: bool,
    registers: Vec<(char, Register)>,
    register: Option<char>,
    marks: Vec<(char, usize)>,
    pattern: Option<(Vec<u8>, Regex)>,
    backward: bool,
    /// The last f, F, t or T.
    found: Option<(char, Vec<u8>)>,
    /// Where a selection began, and whether it is of lines.
    visual: Option<(usize, bool)>,
    settings: Settings,
    read_only: bool,
    message: String,
    /// A message that an error has made.
    is_error: bool,
    quit: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if options.has('H') {
        cx.out.write(FEATURES);
        return Ok(());
    }
    let mut commands: Vec<String> = Vec::new();
    if let Ok(first) = std::env::var("EXINIT") {
        commands.extend(first.lines().map(str::to_string));
    }
    commands.extend(options.values('c').map(|command| command.to_string_lossy().into_owned()));
    let mut files = Vec::new();
    for operand in options.operands() {
        match operand.as_bytes() {
            b"+" => commands.push("$".to_string()),
            [b'+', command @ ..] => commands.push(String::from_utf8_lossy(command).into_owned()),
            _ => files.push(PathBuf::from(operand)),
        }
    }
    let modes = sys::terminal::modes(0).doing("standard input")?;
    modes.set_for_keys();
    let mut vi = Vi {
        cx,
        files,
        current: 0,
        path: None,
        buffer: Buffer::new(Vec::new()),
        cursor: 0,
        top: 0,
        left: 0,
        rows: 0,
        columns: 0,
        column_wanted: None,
        keys: Keys::new(0),
        waiting: Vec::new(),
        given: Vec::new(),
        repeatable: Vec::new(),
        repeating: false,
        registers: Vec::new(),
        register: None,
        marks: Vec::new(),
        pattern: None,
        backward: false,
        found: None,
        visual: None,
        settings: Settings {
            auto_indent: false,
            expand_tabs: false,
            ignore_case: false,
            numbers: false,
            show_match: false,
            tab: 8,
        },
        read_only: options.has('R'),
        message: String::new(),
        is_error: false,
        quit: false,
    };
    vi.open_current();
    for command in commands {
        vi.ex(&command);
    }
    vi.edit();
    vi.cx.out.write(b"\x1b[999;1H\r\x1b[K");
    vi.cx.out.flush();
    modes.restore();
    Ok(())
}

impl Vi<'_, '_> {
    fn edit(&mut self) {
        while !self.quit && !self.cx.out.failed() {
            self.settle();
            self.draw();
            let Some(key) = self.key() else { break };
            self.message.clear();
            self.is_error = false;
            self.buffer.begin_command();
            self.command(key);
            if self.waiting.is_empty() {
                self.repeating = false;
            }
            self.given.clear();
        }
    }

    fn key(&mut self) -> Option<Key> {
        let key = if self.waiting.is_empty() { self.keys.read()? } else { self.waiting.remove(0) };
        self.given.push(key);
        Some(key)
    }

    /// Asks for one character; None for ESC and keys that are none.
    fn character(&mut self) -> Option<char> {
        match self.key()? {
            Key::Char('\x1b') => None,
            Key::Char(character) => Some(character),
            _ => None,
        }
    }

    /// The command that was given is what `.` repeats.
    fn note_change(&mut self) {
        if !self.repeating {
            self.repeatable = self.given.clone();
        }
    }

    fn say(&mut self, text: impl Into<String>) {
        self.message = text.into();
    }

    fn fail(&mut self, text: impl Into<String>) {
        self.message = text.into();
        self.is_error = true;
        // What follows was meant for after this.
        self.waiting.clear();
    }

    /// Outside of insert mode the cursor is on a character, not behind the last.
    fn settle(&mut self) {
        self.cursor = self.cursor.min(self.buffer.len() - 1);
        let last = self.buffer.last_in_line(self.cursor);
        self.cursor = self.cursor.min(last);
    }

    fn layout(&self) -> Layout {
        let margin = if self.settings.numbers { 8 } else { 0 };
        Layout {
            width: self.columns.saturating_sub(margin).max(1),
            cut_from: Some(self.left),
            colours: false,
            overstrikes: false,
            tab: self.settings.tab,
        }
    }

    /// The column of a place in its line.
    fn column(&self, at: usize) -> usize {
        let start = self.buffer.line_start(at);
        self.layout().columns(&self.buffer.text()[start..at])
    }

    /// The place in the line of `at` that is at `column`, or the last one.
    fn at_column(&self, at: usize, column: usize) -> usize {
        let start = self.buffer.line_start(at);
        let last = self.buffer.last_in_line(at);
        let mut place = start;
        while place < last && self.column(self.buffer.next(place)) <= column {
            place = self.buffer.next(place);
        }
        place
    }

    // Registers.

    fn store(&mut self, text: Vec<u8>, lines: bool) {
        let name = self.register.take();
        let register = Register { text, lines };
        for name in [Some('"'), name].into_iter().flatten() {
            let small = name.to_ascii_lowercase();
            let known = self.registers.iter().position(|(known, _)| *known == small);
            let register = register.clone();
            match known {
                // A capital adds to what is there.
                Some(index) if name != small => {
                    self.registers[index].1.text.extend_from_slice(&register.text);
                    self.registers[index].1.lines |= register.lines;
                }
                Some(index) => self.registers[index].1 = register,
                None => self.registers.push((small, register)),
            }
        }
    }

    fn stored(&mut self) -> Option<Register> {
        let name = self.register.take().unwrap_or('"').to_ascii_lowercase();
        self.registers.iter().find(|(known, _)| *known == name).map(|(_, register)| register.clone())
    }

    fn set_mark(&mut self, name: char, at: usize) {
        self.marks.retain(|(known, _)| *known != name);
        self.marks.push((name, at));
    }

    fn mark(&self, name: char) -> Option<usize> {
        let name = if name == '`' { '\'' } else { name };
        let (_, at) = self.marks.iter().find(|(known, _)| *known == name)?;
        Some((*at).min(self.buffer.len() - 1))
    }

    // Searching.

    fn compile(&mut self, pattern: &[u8]) -> bool {
        if pattern.is_empty() {
            if self.pattern.is_none() {
                self.fail("No previous pattern");
            }
            return self.pattern.is_some();
        }
        let options = posix::regex::Options {
            ignore_case: self.settings.ignore_case,
            newline: true,
            ..posix::regex::Options::default()
        };
        match Regex::new(pattern, &options) {
            Ok(regex) => {
                self.pattern = Some((pattern.to_vec(), regex));
                true
            }
            Err(error) => {
                self.fail(error.to_string());
                false
            }
        }
    }

    /// The next match of the pattern behind `at`, or the last before it; the text is a ring.
    fn search(&mut self, at: usize, backward: bool) -> Option<usize> {
        let (_, regex) = self.pattern.as_ref()?;
        let text = &self.buffer.text()[..self.buffer.len() - 1];
        let mut search = regex.on(text);
        let mut found = None;
        if !backward {
            let from = self.buffer.next(at).min(text.len());
            found = search.find(from).or_else(|| search.find(0)).map(|(start, _)| start);
        } else {
            let (mut last, mut from) = (None, 0);
            while let Some((start, end)) = search.find(from) {
                if start < at {
                    found = Some(start);
                }
                last = Some(start);
                from = end.max(start + 1);
                if from > text.len() || found.is_some() && start >= at {
                    break;
                }
            }
            found = found.or(last);
        }
        if found.is_none() {
            self.fail("Pattern not found");
        }
        found
    }

    /// Reads a line behind `prompt` on the last row. None: it was taken back.
    fn ask(&mut self, prompt: char) -> Option<String> {
        let mut line = String::new();
        loop {
            self.draw_prompt(prompt, &line);
            match self.key()? {
                Key::Char('\r' | '\n') => return Some(line),
                Key::Char('\x1b' | '\x03') => return None,
                Key::Char('\x08' | '\x7f') => {
                    line.pop()?;
                }
                Key::Char('\x15') => line.clear(),
                Key::Char('\x16') => {
                    if let Some(Key::Char(next)) = self.key() {
                        line.push(next);
                    }
                }
                Key::Char(next) => line.push(next),
                _ => {}
            }
        }
    }
}
