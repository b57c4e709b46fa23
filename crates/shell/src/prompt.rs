//! prompt — PS1, PS2 and PS4 as they are shown.
//!
//! Source: POSIX.1-2024 XCU 2.5.3 (expansion); BusyBox ash for the escapes.

use crate::input::Input;
use crate::name::{self, Name};
use crate::parser;
use crate::shell::Shell;

impl Shell {
    /// The value of a prompt variable with its parameters, commands and expressions expanded.
    pub(crate) fn expand_prompt(&mut self, variable: Name) -> Vec<u8> {
        let Some(value) = self.variables.get(variable) else { return Vec::new() };
        let value = value.to_vec();
        if !value.iter().any(|byte| matches!(byte, b'$' | b'`' | b'\\')) {
            return value;
        }
        let (status, substitution) = (self.status, self.substitution_status);
        let line = self.line;
        let mut input = Input::new(Box::new(crate::input::Nothing));
        let word =
            parser::parse_quoted(&mut input, value.clone(), &mut self.names, &self.aliases, &self.file);
        let text = match word {
            Ok(word) => self.expand_text(&word).unwrap_or(value),
            Err(_) => value,
        };
        self.line = line;
        self.status = status;
        self.substitution_status = substitution;
        text
    }

    /// PS1 or PS2 for a terminal: with its backslash escapes replaced.
    pub(crate) fn prompt(&mut self, variable: Name) -> Vec<u8> {
        let Some(value) = self.variables.get(variable).map(<[u8]>::to_vec) else { return Vec::new() };
        let escaped = self.prompt_escapes(&value);
        let before = self.variables.set_owned(variable, escaped);
        let text = self.expand_prompt(variable);
        self.variables.set_owned(variable, before);
        text
    }

    fn prompt_escapes(&mut self, text: &[u8]) -> Vec<u8> {
        let mut result = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            at += 1;
            if byte != b'\\' || at >= text.len() {
                result.push(byte);
                continue;
            }
            let letter = text[at];
            at += 1;
            let constant: &[u8] = match letter {
                b'n' => b"\n",
                b'r' => b"\r",
                b'a' => b"\x07",
                b'e' | b'E' => b"\x1b",
                b'\\' => b"\\\\",
                // What stands between them has no width: the editor looks for these marks.
                b'[' => b"\x01",
                b']' => b"\x02",
                b's' => b"sh",
                b'$' if sys::job::user().0 == 0 => b"#",
                b'$' => b"\\$",
                _ => b"",
            };
            if !constant.is_empty() {
                result.extend_from_slice(constant);
                continue;
            }
            let value: Vec<u8> = match letter {
                b'u' => plain(user_name()),
                b'h' | b'H' => {
                    let host = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
                    let host = host.trim_ascii_end();
                    let end =
                        host.iter().position(|&byte| byte == b'.' && letter == b'h').unwrap_or(host.len());
                    plain(host[..end].to_vec())
                }
                b'w' | b'W' => plain(self.prompt_directory(letter == b'W')),
                b'!' => (self.history.borrow().lines.len() + 1).to_string().into_bytes(),
                b't' | b'T' | b'@' | b'A' => self.prompt_time(letter),
                b'j' => self.jobs.list.len().to_string().into_bytes(),
                b'0'..=b'7' => {
                    let mut number = u32::from(letter - b'0');
                    for _ in 0..2 {
                        let Some(&digit @ b'0'..=b'7') = text.get(at) else { break };
                        number = number * 8 + u32::from(digit - b'0');
                        at += 1;
                    }
                    vec![number as u8]
                }
                other => vec![b'\\', other],
            };
            result.extend_from_slice(&value);
        }
        result
    }

    /// The working directory with `~` for the home directory; `last`: only its last part.
    fn prompt_directory(&self, last: bool) -> Vec<u8> {
        let directory = self.variables.get(name::PWD).unwrap_or(b"");
        let home = self.variables.get(name::HOME).unwrap_or(b"");
        let mut text = directory.to_vec();
        if home.len() > 1
            && let Some(rest) = directory.strip_prefix(home)
            && (rest.is_empty() || rest.starts_with(b"/"))
        {
            text = [b"~", rest].concat();
        }
        if last
            && text.len() > 1
            && let Some(slash) = text.iter().rposition(|&byte| byte == b'/')
        {
            text.drain(..=slash);
        }
        text
    }

    /// The local time.
    fn prompt_time(&mut self, kind: u8) -> Vec<u8> {
        // The zone is in the environment.
        self.sync_environment();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let civil = posix::zone::Zone::local().civil(now.as_secs() as i64);
        let format: &[u8] = match kind {
            b't' => b"%H:%M:%S",
            b'T' => b"%I:%M:%S",
            b'@' => b"%I:%M %p",
            _ => b"%H:%M",
        };
        let mut text = Vec::new();
        posix::calendar::strftime(format, &civil, 0, &mut text);
        text
    }
}

/// Text that expansion must leave as it is: a directory's name is no command.
fn plain(text: Vec<u8>) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        if matches!(byte, b'$' | b'`' | b'\\') {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    escaped
}

fn user_name() -> Vec<u8> {
    let user = sys::job::user().0;
    posix::passwd::user_by_id(user).map_or_else(|| user.to_string().into_bytes(), |user| user.name)
}
