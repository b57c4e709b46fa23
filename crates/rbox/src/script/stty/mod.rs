//! stty — show or set the modes of a terminal.
//!
//! Source: POSIX.1-2024 `stty`; BusyBox 1.37 and coreutils for the combinations and the layout.

mod tables;

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use sys::termios::{self, Modes};

use crate::prelude::*;
use tables::{CHARACTERS, COMBINATIONS, Group, MODES, Mode, SPEEDS, Sane};

pub(crate) const APPLET: Applet = Applet {
    name: "stty",
    links: &["/bin/stty"],
    usage: "\
stty [-a | -g] [-F DEVICE] [SETTING]...

Show or set the modes of the terminal on standard input: speed, what differs
from 'sane', or

  -a, --all          everything
  -g, --save         everything in one word, which is a SETTING
  -F, --file=DEVICE  of DEVICE

SETTING is the name of a mode (- before it: not), of a character with its value
(intr ^C), rows N, cols N, line N, speed, ispeed N, ospeed N, N, size, sane, raw,
cooked, cbreak, nl, evenp, oddp, tabs, crt, dec, ek, …
",
    process: Process::Fork,
    run,
};

const UNDEFINED: u8 = 0;

fn run(cx: &mut Cx<'_>) -> Result {
    let request = Request::parse(cx.args)?;
    const NO_WAIT: i32 = 0o4000;
    let file;
    let (fd, name) = match &request.device {
        Some(device) => {
            // Opening must not wait for a carrier.
            file = OpenOptions::new().read(true).custom_flags(NO_WAIT).open(device).at(device)?;
            (file.as_raw_fd(), device.display().to_string())
        }
        None => (0, "standard input".to_string()),
    };
    let mut modes = Modes::of(fd).doing(&name)?;
    match request.show {
        Some('a') => show_all(cx, &mut modes, fd),
        Some(_) => show_saved(cx, &mut modes),
        None if request.settings.is_empty() => show_changed(cx, &mut modes),
        None => {
            let changed = apply(cx, &request.settings, &mut modes, fd, &name)?;
            if changed {
                modes.set(fd).doing(&name)?;
            }
        }
    }
    Ok(())
}

struct Request {
    device: Option<PathBuf>,
    show: Option<char>,
    settings: Vec<String>,
}

impl Request {
    /// Settings may begin with a dash, so the options are looked for by hand.
    fn parse(args: &[OsString]) -> Result<Request> {
        let mut request = Request { device: None, show: None, settings: Vec::new() };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let text = arg.to_string_lossy();
            match text.as_ref() {
                "-a" | "--all" => request.show = Some('a'),
                "-g" | "--save" => request.show = Some('g'),
                "-F" | "--file" => {
                    let device =
                        rest.next().ok_or_else(|| Error::usage("option requires an argument -- 'F'"))?;
                    request.device = Some(PathBuf::from(device));
                }
                "--" => {}
                other => match other.strip_prefix("--file=").or_else(|| other.strip_prefix("-F")) {
                    Some(device) => request.device = Some(PathBuf::from(device)),
                    None => request.settings.push(other.to_string()),
                },
            }
        }
        if request.show.is_some() && !request.settings.is_empty() {
            return Err(Error::message("modes may not be set when -a or -g is used"));
        }
        Ok(request)
    }
}

fn word(modes: &mut Modes, group: Group) -> &mut u32 {
    match group {
        Group::Control => modes.control(),
        Group::Input => modes.input(),
        Group::Output => modes.output(),
        Group::Local => modes.local(),
    }
}

/// Applies the settings in order. Whether the modes were changed (a size or a question changes none).
fn apply(cx: &mut Cx<'_>, settings: &[String], modes: &mut Modes, fd: i32, name: &str) -> Result<bool> {
    let mut changed = false;
    let mut rest = settings.iter();
    while let Some(setting) = rest.next() {
        let mut value =
            || rest.next().ok_or_else(|| Error::usage(format_args!("missing argument to '{setting}'")));
        match setting.as_str() {
            "size" => {
                let (rows, columns) = termios::size(fd).doing(name)?;
                writeln!(cx.out, "{rows} {columns}");
            }
            "speed" => writeln!(cx.out, "{}", speed_of(modes.speeds().1)),
            "rows" | "cols" | "columns" => {
                let number: u16 = number(value()?, u64::from(u16::MAX))? as u16;
                let (rows, columns) = termios::size(fd).doing(name)?;
                let (rows, columns) = if setting == "rows" { (number, columns) } else { (rows, number) };
                termios::set_size(fd, rows, columns).doing(name)?;
            }
            "line" => {
                *modes.line() = number(value()?, 255)? as u8;
                changed = true;
            }
            "ispeed" => {
                modes.set_input_speed(code_of(value()?)?).doing(name)?;
                changed = true;
            }
            "ospeed" => {
                modes.set_output_speed(code_of(value()?)?).doing(name)?;
                changed = true;
            }
            character if CHARACTERS.iter().any(|(known, ..)| *known == character_name(character)) => {
                set_character(modes, character_name(character), value()?)?;
                changed = true;
            }
            other => {
                set(modes, other, name)?;
                changed = true;
            }
        }
    }
    Ok(changed)
}

/// The old name of a character is another.
fn character_name(name: &str) -> &str {
    if name == "flush" { "discard" } else { name }
}

fn number(text: &str, max: u64) -> Result<u64> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(&text[1..], 8).ok(),
        None => text.parse().ok(),
    };
    parsed
        .filter(|&number| number <= max)
        .ok_or_else(|| Error::message(format_args!("invalid number '{text}'")))
}

fn speed_of(code: u32) -> u32 {
    SPEEDS.iter().find(|(_, known)| *known == code).map_or(0, |(speed, _)| *speed)
}

fn code_of(text: &str) -> Result<u32> {
    let speed = if text == "134.5" { Some(134) } else { text.parse().ok() };
    let found = SPEEDS.iter().find(|(known, _)| Some(*known) == speed);
    found.map(|(_, code)| *code).ok_or_else(|| Error::message(format_args!("invalid number '{text}'")))
}

/// A character by itself, as ^X, by number, or `^-` and `undef` for none.
fn set_character(modes: &mut Modes, name: &str, text: &str) -> Result {
    let Some((_, index, _)) = CHARACTERS.iter().find(|(known, ..)| *known == name) else { return Ok(()) };
    let value = match text.as_bytes() {
        _ if matches!(*index, tables::VMIN | tables::VTIME) => number(text, 255)? as u8,
        [byte] => *byte,
        b"^-" | b"undef" => UNDEFINED,
        b"^?" => 127,
        [b'^', byte] => byte & 0x1f,
        _ => number(text, 255)? as u8,
    };
    modes.characters()[*index] = value;
    Ok(())
}

/// Sets a mode, a combination, a speed or everything that -g printed.
fn set(modes: &mut Modes, setting: &str, name: &str) -> Result {
    let (unset, mode_name) = setting.strip_prefix('-').map_or((false, setting), |name| (true, name));
    if let Some(mode) = MODES.iter().find(|mode| mode.name == mode_name) {
        if unset && mode.mask != 0 {
            return Err(invalid(setting));
        }
        change(modes, mode, unset);
        return Ok(());
    }
    if setting == "sane" {
        make_sane(modes);
        return Ok(());
    }
    if let Some((_, words)) = COMBINATIONS.iter().find(|(known, _)| *known == setting) {
        let mut words = words.split(' ');
        while let Some(word) = words.next() {
            match CHARACTERS.iter().any(|(known, ..)| *known == word) {
                true => set_character(modes, word, words.next().unwrap_or_default())?,
                false => set(modes, word, name)?,
            }
        }
        return Ok(());
    }
    if setting.contains(':') {
        return restore(modes, setting).ok_or_else(|| invalid(setting));
    }
    if let Ok(code) = code_of(setting) {
        modes.set_input_speed(code).doing(name)?;
        return modes.set_output_speed(code).doing(name);
    }
    Err(invalid(setting))
}

#[cold]
fn invalid(setting: &str) -> Error {
    Error::message(format_args!("invalid argument '{setting}'"))
}

fn change(modes: &mut Modes, mode: &Mode, unset: bool) {
    let word = word(modes, mode.group);
    *word = if unset { *word & !mode.bits } else { *word & !mode.mask | mode.bits };
}

fn make_sane(modes: &mut Modes) {
    for mode in MODES {
        match mode.sane {
            Sane::Set => change(modes, mode, false),
            Sane::Unset => change(modes, mode, true),
            Sane::Any => {}
        }
    }
    let canonical = *modes.local() & tables::ICANON != 0;
    for (_, index, value) in CHARACTERS {
        // In canonical mode these two mean nothing, and some systems keep others in their place.
        if !canonical || !matches!(*index, tables::VMIN | tables::VTIME) {
            modes.characters()[*index] = *value;
        }
    }
}

/// What -g printed: hexadecimal numbers with colons between.
fn restore(modes: &mut Modes, text: &str) -> Option<()> {
    let numbers: Option<Vec<u32>> = text.split(':').map(|part| u32::from_str_radix(part, 16).ok()).collect();
    let numbers = numbers?;
    let count = modes.characters().len();
    if numbers.len() != 4 + count {
        return None;
    }
    let characters: Option<Vec<u8>> = numbers[4..].iter().map(|&number| u8::try_from(number).ok()).collect();
    for (group, number) in
        [Group::Input, Group::Output, Group::Control, Group::Local].into_iter().zip(&numbers)
    {
        *word(modes, group) = *number;
    }
    modes.characters().copy_from_slice(&characters?);
    Some(())
}

fn show_saved(cx: &mut Cx<'_>, modes: &mut Modes) {
    writeln!(cx.out, "{}", saved_text(modes));
}

fn saved_text(modes: &mut Modes) -> String {
    let words = [Group::Input, Group::Output, Group::Control, Group::Local].map(|group| *word(modes, group));
    let mut parts: Vec<String> = words.iter().map(|word| format!("{word:x}")).collect();
    parts.extend(modes.characters().iter().map(|byte| format!("{byte:x}")));
    parts.join(":")
}

fn speed_text(modes: &Modes) -> String {
    let (input, output) = modes.speeds();
    match input == 0 || input == output {
        true => format!("speed {} baud;", speed_of(output)),
        false => format!("ispeed {} baud; ospeed {} baud;", speed_of(input), speed_of(output)),
    }
}

fn character_text(name: &str, index: usize, value: u8) -> String {
    let shown = match value {
        value if matches!(index, tables::VMIN | tables::VTIME) => value.to_string(),
        UNDEFINED => "<undef>".to_string(),
        127 => "^?".to_string(),
        1..=31 => format!("^{}", char::from(value + b'@')),
        128.. => format!(
            "M-{}",
            character_text("", 0, value & 0x7f).trim_start_matches(" = ").trim_end_matches(';')
        ),
        value => char::from(value).to_string(),
    };
    format!("{name} = {shown};")
}

/// Lines of words that fit the screen.
struct Lines {
    width: usize,
    column: usize,
    text: String,
}

impl Lines {
    fn new() -> Lines {
        let width = sys::tty::window_size(1).map_or(80, |(columns, _)| usize::from(columns));
        Lines { width, column: 0, text: String::new() }
    }

    fn word(&mut self, word: &str) {
        if self.column > 0 {
            let fits = self.column + 1 + word.len() < self.width;
            self.text.push(if fits { ' ' } else { '\n' });
            self.column = if fits { self.column + 1 } else { 0 };
        }
        self.text.push_str(word);
        self.column += word.len();
    }

    fn end(&mut self) {
        if self.column > 0 {
            self.text.push('\n');
            self.column = 0;
        }
    }
}

fn is_set(modes: &mut Modes, mode: &Mode) -> bool {
    let mask = if mode.mask == 0 { mode.bits } else { mode.mask };
    *word(modes, mode.group) & mask == mode.bits
}

fn show_all(cx: &mut Cx<'_>, modes: &mut Modes, fd: i32) {
    let mut lines = Lines::new();
    lines.word(&speed_text(modes));
    if let Ok((rows, columns)) = termios::size(fd) {
        lines.word(&format!("rows {rows};"));
        lines.word(&format!("columns {columns};"));
    }
    lines.word(&format!("line = {};", modes.line()));
    lines.end();
    for (name, index, _) in CHARACTERS {
        lines.word(&character_text(name, *index, modes.characters()[*index]));
    }
    lines.end();
    let mut group = Group::Control;
    for mode in MODES.iter().filter(|mode| !mode.hidden) {
        if mode.group != group {
            lines.end();
            group = mode.group;
        }
        match (is_set(modes, mode), mode.mask) {
            (true, _) => lines.word(mode.name),
            (false, 0) => lines.word(&format!("-{}", mode.name)),
            _ => {}
        }
    }
    lines.end();
    cx.out.write(lines.text.as_bytes());
}

/// The speed, and what differs from `sane`.
fn show_changed(cx: &mut Cx<'_>, modes: &mut Modes) {
    let mut lines = Lines::new();
    lines.word(&speed_text(modes));
    lines.word(&format!("line = {};", modes.line()));
    lines.end();
    let canonical = *modes.local() & tables::ICANON != 0;
    for (name, index, sane) in CHARACTERS {
        let value = modes.characters()[*index];
        let meaningless = canonical && matches!(*index, tables::VMIN | tables::VTIME);
        if value != *sane && !meaningless {
            lines.word(&character_text(name, *index, value));
        }
    }
    lines.end();
    let mut group = Group::Control;
    for mode in MODES.iter().filter(|mode| !mode.hidden) {
        if mode.group != group {
            lines.end();
            group = mode.group;
        }
        match (mode.sane, is_set(modes, mode)) {
            (Sane::Set, false) if mode.mask == 0 => lines.word(&format!("-{}", mode.name)),
            (Sane::Unset, true) => lines.word(mode.name),
            // Of a field the value is shown that is not the sane one.
            (Sane::Any, true) if mode.mask != 0 && mode.group == Group::Output => lines.word(mode.name),
            _ => {}
        }
    }
    lines.end();
    cx.out.write(lines.text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_numbers() {
        for (index, value, expected) in [
            (0, 3, "x = ^C;"),
            (0, 0, "x = <undef>;"),
            (0, 127, "x = ^?;"),
            (0, b'a', "x = a;"),
            (0, 0x83, "x = M-^C;"),
            (tables::VMIN, 3, "x = 3;"),
        ] {
            assert_eq!(character_text("x", index, value), expected);
        }
        assert_eq!((code_of("9600").unwrap(), code_of("134.5").unwrap()), (13, 4));
        assert!(code_of("9601").is_err() && number("256", 255).is_err());
        assert_eq!((number("0x10", 255).unwrap(), number("010", 255).unwrap()), (16, 8));
    }

    #[test]
    fn every_combination_is_made_of_known_words() {
        for (name, words) in COMBINATIONS {
            let mut words = words.split(' ');
            while let Some(word) = words.next() {
                let mode = MODES.iter().any(|mode| mode.name == word.trim_start_matches('-'));
                let character = CHARACTERS.iter().any(|(known, ..)| *known == word) && words.next().is_some();
                assert!(mode || character, "{name}: {word}");
            }
        }
    }
}
