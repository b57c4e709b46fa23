//! complete — what the word before the cursor may become: commands, files, variables, users.

use std::os::unix::ffi::OsStrExt;

use crate::commands;
use crate::expand::path;

/// What the shell knows when a line is begun.
#[derive(Default)]
pub(crate) struct Known {
    /// Builtins, functions, aliases, reserved words, applets.
    pub(crate) commands: Vec<Vec<u8>>,
    pub(crate) variables: Vec<Vec<u8>>,
    pub(crate) path: Vec<u8>,
    pub(crate) home: Vec<u8>,
    /// Letters, and the values of the aliases `_letter`.
    pub(crate) letters: Vec<(u8, Vec<u8>)>,
}

/// Completions of a word.
pub(super) struct Found {
    /// Where the replaced text begins; it ends at the cursor.
    pub(super) start: usize,
    /// What the text may become, sorted; quoted as it must be.
    pub(super) choices: Vec<Vec<u8>>,
}

/// The word before the cursor: where it begins, the quotes that are open in it, and what it stands for.
struct Word {
    start: usize,
    quote: u8,
    text: Vec<u8>,
    is_command: bool,
}

impl Known {
    pub(super) fn complete(&self, line: &[u8], cursor: usize) -> Found {
        let word = word_at(&line[..cursor]);
        if word.quote != b'\''
            && let Some(found) = self.variable(&line[..cursor])
        {
            return found;
        }
        let mut choices = Vec::new();
        let text = &word.text;
        if word.is_command && !text.contains(&b'/') {
            self.add_commands(text, &mut choices);
        } else if text.starts_with(b"~") && !text.contains(&b'/') && word.quote == 0 {
            for user in posix::passwd::users(&std::fs::read("/etc/passwd").unwrap_or_default()) {
                if user.name.starts_with(&text[1..]) {
                    choices.push([b"~", user.name.as_slice(), b"/"].concat());
                }
            }
        } else {
            self.add_files(text, false, &mut choices);
        }
        choices.sort_unstable();
        choices.dedup();
        let raw_tilde = word.quote == 0 && text.starts_with(b"~");
        let choices = choices.iter().map(|choice| quoted(choice, word.quote, raw_tilde)).collect();
        Found { start: word.start, choices }
    }

    /// `$name` and `${name` right before the cursor.
    fn variable(&self, line: &[u8]) -> Option<Found> {
        let name_start = line
            .iter()
            .rposition(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'_'))
            .map_or(0, |at| at + 1);
        let braced = name_start >= 2 && line[name_start - 1] == b'{' && line[name_start - 2] == b'$';
        if !braced && (name_start == 0 || line[name_start - 1] != b'$') {
            return None;
        }
        let prefix = &line[name_start..];
        let end: &[u8] = if braced { b"}" } else { b"" };
        let mut choices = Vec::new();
        for name in &self.variables {
            if name.starts_with(prefix) {
                choices.push([name, end].concat());
            }
        }
        choices.sort_unstable();
        Some(Found { start: name_start, choices })
    }

    fn add_commands(&self, prefix: &[u8], choices: &mut Vec<Vec<u8>>) {
        for name in &self.commands {
            if name.starts_with(prefix) {
                choices.push(name.clone());
            }
        }
        for directory in self.path.split(|&byte| byte == b':') {
            let directory = if directory.is_empty() { b"." } else { directory };
            for (name, _) in path::names(directory).iter() {
                let name = name.as_bytes();
                if name.starts_with(prefix) && commands::search(directory, name).is_some() {
                    choices.push(name.to_vec());
                }
            }
        }
        // A directory's name begins a path to a command.
        if !prefix.is_empty() {
            self.add_files(prefix, true, choices);
        }
    }

    /// Adds files that begin so, or directories alone.
    fn add_files(&self, prefix: &[u8], directories: bool, choices: &mut Vec<Vec<u8>>) {
        let name_start = prefix.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let (directory, name) = prefix.split_at(name_start);
        let real = match directory {
            b"" => b".".to_vec(),
            [b'~', b'/', rest @ ..] => [&self.home, b"/".as_slice(), rest].concat(),
            other => other.to_vec(),
        };
        for (entry, _) in path::names(&real).iter() {
            let entry = entry.as_bytes();
            if !entry.starts_with(name) || entry.starts_with(b".") && name.is_empty() {
                continue;
            }
            let is_directory = path::is_directory(&[&real, b"/".as_slice(), entry].concat());
            let slash: &[u8] = if is_directory { b"/" } else { b"" };
            if is_directory || !directories {
                choices.push([directory, entry, slash].concat());
            }
        }
    }
}

/// Finds the word that ends with `line`.
fn word_at(line: &[u8]) -> Word {
    let mut word = Word { start: 0, quote: 0, text: Vec::new(), is_command: true };
    let mut begun = false;
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        let quoted = word.quote != 0;
        match byte {
            _ if quoted && byte == word.quote => word.quote = 0,
            b'\\' if word.quote != b'\'' && at + 1 < line.len() => {
                if !begun {
                    word.start = at;
                    begun = true;
                }
                at += 1;
                word.text.push(line[at]);
            }
            _ if quoted => word.text.push(byte),
            b'\'' | b'"' => {
                if !begun {
                    word.start = at;
                    begun = true;
                }
                word.quote = byte;
            }
            b' ' | b'\t' | b';' | b'|' | b'&' | b'(' | b')' | b'<' | b'>' | b'`' | b'\n' => {
                // Behind an assignment or an operator, a command comes still.
                if begun {
                    word.is_command &= is_assignment(&word.text) || starts_command(&word.text);
                }
                match byte {
                    b';' | b'|' | b'&' | b'(' | b'`' | b'\n' => word.is_command = true,
                    b'<' | b'>' => word.is_command = false,
                    _ => {}
                }
                begun = false;
                word.text.clear();
                word.start = at + 1;
            }
            _ => {
                if !begun {
                    word.start = at;
                    begun = true;
                }
                word.text.push(byte);
            }
        }
        at += 1;
    }
    if !begun {
        word.start = line.len();
    }
    // The value of an assignment is a file's name more often than not.
    if is_assignment(&word.text)
        && word.quote == 0
        && let Some(equals) = word.text.iter().position(|&byte| byte == b'=')
    {
        word.start += equals + 1;
        word.text.drain(..=equals);
        word.is_command = false;
    }
    word
}

fn is_assignment(text: &[u8]) -> bool {
    text.iter().position(|&byte| byte == b'=').is_some_and(|equals| crate::name::is_name(&text[..equals]))
}

fn starts_command(text: &[u8]) -> bool {
    let before = b"if then else elif do while until ! { exec command";
    before.split(|&byte| byte == b' ').any(|word| word == text)
}

/// `text` as it must stand on the line, inside `quote` if one is open.
pub(super) fn quoted(text: &[u8], quote: u8, keep_tilde: bool) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + 4);
    if quote != 0 {
        result.push(quote);
    }
    for (index, &byte) in text.iter().enumerate() {
        let escaped = match quote {
            b'\'' => false,
            b'"' => matches!(byte, b'"' | b'$' | b'`' | b'\\'),
            _ => b" \t\n'\"\\$`;&|<>()*?[]{}!#".contains(&byte) || byte == b'~' && index == 0 && !keep_tilde,
        };
        if escaped {
            result.push(b'\\');
        }
        result.push(byte);
    }
    // A directory goes on; anything else ends the word.
    if quote != 0 && !text.ends_with(b"/") {
        result.push(quote);
    }
    result
}

/// What all choices begin with.
pub(super) fn common_prefix(choices: &[Vec<u8>]) -> &[u8] {
    let Some((first, rest)) = choices.split_first() else { return b"" };
    let mut length = first.len();
    for choice in rest {
        length = first[..length].iter().zip(choice).take_while(|(a, b)| a == b).count();
    }
    // Not in the middle of a character.
    while length > 0 && length < first.len() && first[length] & 0xc0 == 0x80 {
        length -= 1;
    }
    &first[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word() {
        for (line, start, text, is_command) in [
            ("ls fo", 3, "fo", false),
            ("l", 0, "l", true),
            ("a; l", 3, "l", true),
            ("x=1 l", 4, "l", true),
            ("a | b c", 6, "c", false),
            ("cat >f", 5, "f", false),
            ("ls a\\ b", 3, "a b", false),
            ("ls 'a b", 3, "a b", false),
            ("ls ", 3, "", false),
            ("if l", 3, "l", true),
            ("x=/e", 2, "/e", false),
        ] {
            let word = word_at(line.as_bytes());
            assert_eq!(
                (word.start, String::from_utf8_lossy(&word.text).into_owned(), word.is_command),
                (start, text.to_string(), is_command),
                "{line}"
            );
        }
    }

    #[test]
    fn completes_files_and_variables() {
        let root = testkit::temporary::Directory::new("complete").unwrap();
        for name in ["alpha", "alps", "be ta"] {
            std::fs::write(root.path().join(name), "").unwrap();
        }
        let base = root.path().to_str().unwrap();
        let known = Known { variables: vec![b"HOME".to_vec(), b"HOSTNAME".to_vec()], ..Known::default() };
        let complete = |line: &str| known.complete(line.as_bytes(), line.len());
        let found = complete(&format!("ls {base}/al"));
        assert_eq!(common_prefix(&found.choices), format!("{base}/alp").as_bytes());
        let found = complete(&format!("ls {base}/b"));
        assert_eq!(found.choices, [format!("{base}/be\\ ta").into_bytes()]);
        let found = complete("echo $HOM");
        assert_eq!((found.start, found.choices), (6, vec![b"HOME".to_vec()]));
        assert_eq!(complete("echo ${HOS").choices, [b"HOSTNAME}".to_vec()]);
    }
}
