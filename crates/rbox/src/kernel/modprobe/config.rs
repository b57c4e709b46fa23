//! config — modprobe.d and the kernel's command line: aliases, options, commands, blacklist, soft dependencies.
//!
//! Source: kmod's modprobe.d(5).

use std::fs;

use super::super::common::underscored;
use super::super::database::wildcard;
use crate::prelude::*;
use cli::configuration;

/// Folders in order of precedence: a file hides one of the same name in a later folder.
const FOLDERS: &[&str] =
    &["etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"];

#[derive(Debug, Default)]
pub(super) struct Config {
    /// Pattern and module.
    aliases: Vec<(Vec<u8>, Vec<u8>)>,
    options: Vec<(Vec<u8>, Vec<u8>)>,
    install: Vec<(Vec<u8>, Vec<u8>)>,
    remove: Vec<(Vec<u8>, Vec<u8>)>,
    blacklist: Vec<Vec<u8>>,
    soft: Vec<Soft>,
}

/// What goes with a module although it does not need it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Soft {
    name: Vec<u8>,
    pub(super) before: Vec<Vec<u8>>,
    pub(super) behind: Vec<Vec<u8>>,
}

impl Config {
    /// Reads what the folders below `root`, the module folder's own soft dependencies and the command line say.
    /// `only` replaces the folders by one folder or file.
    pub(super) fn read(root: &Path, modules: &Path, only: Option<&Path>) -> Config {
        let mut config = Config::default();
        for path in files(root, only) {
            // A file that vanished between listing and reading, or is nobody's to read, says nothing.
            config.parse(&fs::read(path).unwrap_or_default());
        }
        config.parse(&fs::read(modules.join("modules.softdep")).unwrap_or_default());
        config.parse_command_line(&fs::read("/proc/cmdline").unwrap_or_default());
        config
    }

    fn parse(&mut self, text: &[u8]) {
        let mut joined = Vec::new();
        for line in text.split(|&byte| byte == b'\n') {
            if let Some(part) = line.strip_suffix(b"\\") {
                joined.extend_from_slice(part);
                joined.push(b' ');
                continue;
            }
            joined.extend_from_slice(line);
            self.parse_line(joined.trim_ascii());
            joined.clear();
        }
        self.parse_line(joined.trim_ascii());
    }

    fn parse_line(&mut self, line: &[u8]) {
        let (word, rest) = split_word(line);
        let (name, value) = split_word(rest);
        if name.is_empty() {
            return;
        }
        let (name, value) = (underscored(name), value.to_vec());
        match word {
            b"alias" if !value.is_empty() => self.aliases.push((rest_name(rest), underscored(&value))),
            b"options" => self.options.push((name, value)),
            b"install" => self.install.push((name, value)),
            b"remove" => self.remove.push((name, value)),
            b"blacklist" => self.blacklist.push(name),
            b"softdep" => self.soft.push(soft(name, &value)),
            _ => {}
        }
    }

    fn parse_command_line(&mut self, text: &[u8]) {
        for word in command_words(text) {
            let Some(end) = word.iter().position(|&byte| byte == b'=') else {
                if let Some(dot) = word.iter().position(|&byte| byte == b'.') {
                    self.options.push((underscored(&word[..dot]), word[dot + 1..].to_vec()));
                }
                continue;
            };
            let (key, value) = (&word[..end], &word[end + 1..]);
            if matches!(key, b"modprobe.blacklist" | b"module_blacklist") {
                self.blacklist.extend(value.split(|&byte| byte == b',').map(underscored));
            } else if let Some(dot) = key.iter().position(|&byte| byte == b'.') {
                self.options.push((underscored(&key[..dot]), word[dot + 1..].to_vec()));
            }
        }
    }

    /// The modules that `alias` lines give for `name`.
    pub(super) fn aliases(&self, name: &[u8]) -> Vec<Vec<u8>> {
        self.aliases
            .iter()
            .filter(|(pattern, _)| wildcard(pattern, name))
            .map(|(_, module)| module.clone())
            .collect()
    }

    /// The options for the module, also those for the alias by which it was asked for.
    pub(super) fn options(&self, name: &[u8], alias: &[u8]) -> Vec<u8> {
        let mut all: Vec<u8> = Vec::new();
        for (of, value) in &self.options {
            if of == name || of == alias {
                if !all.is_empty() {
                    all.push(b' ');
                }
                all.extend_from_slice(value);
            }
        }
        all
    }

    pub(super) fn install_command(&self, name: &[u8]) -> Option<&[u8]> {
        self.install.iter().find(|(of, _)| of == name).map(|(_, command)| command.as_slice())
    }

    pub(super) fn remove_command(&self, name: &[u8]) -> Option<&[u8]> {
        self.remove.iter().find(|(of, _)| of == name).map(|(_, command)| command.as_slice())
    }

    pub(super) fn is_blacklisted(&self, name: &[u8]) -> bool {
        self.blacklist.iter().any(|other| other == name)
    }

    pub(super) fn soft(&self, name: &[u8]) -> Soft {
        self.soft.iter().find(|soft| soft.name == name).cloned().unwrap_or_default()
    }
}

/// The files to read, by name.
fn files(root: &Path, only: Option<&Path>) -> Vec<PathBuf> {
    match only {
        Some(file) if !file.is_dir() => return vec![file.to_path_buf()],
        Some(folder) => return configuration::files(&[folder]),
        None => {}
    }
    let folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let mut files = configuration::files(&folders);
    files.push(root.join("etc/modprobe.conf"));
    files
}

/// The first word, and what follows it.
fn split_word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    (&line[..end], line[end..].trim_ascii_start())
}

/// A pattern keeps its dashes: between brackets they mean something.
fn rest_name(rest: &[u8]) -> Vec<u8> {
    split_word(rest).0.to_vec()
}

fn soft(name: Vec<u8>, value: &[u8]) -> Soft {
    let mut soft = Soft { name, ..Soft::default() };
    let mut into_behind = None;
    for word in value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match (word, into_behind) {
            (b"pre:", _) => into_behind = Some(false),
            (b"post:", _) => into_behind = Some(true),
            (_, Some(false)) => soft.before.push(underscored(word)),
            (_, Some(true)) => soft.behind.push(underscored(word)),
            (_, None) => {}
        }
    }
    soft
}

/// The words of the kernel's command line; quotes keep blanks within a value.
fn command_words(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut words, mut word, mut quoted) = (Vec::new(), Vec::new(), false);
    for &byte in text {
        if byte == b'"' {
            quoted = !quoted;
        }
        if byte.is_ascii_whitespace() && !quoted {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(byte);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files() {
        let mut config = Config::default();
        config.parse(
            b"# comment\nalias eth[0-9] e1000-e\nalias broken\noptions snd-hda a=1 \\\n b=2\noptions snd_hda c=3\n\
              install foo /bin/true $CMDLINE_OPTS\nblacklist pc-spkr\nsoftdep x pre: a-b c post: d\nnonsense\nremove y z",
        );
        assert_eq!(config.aliases(b"eth0"), [b"e1000_e"]);
        assert_eq!(config.aliases(b"ethx"), Vec::<Vec<u8>>::new());
        assert_eq!(config.options(b"snd_hda", b""), b"a=1   b=2 c=3");
        assert_eq!(config.install_command(b"foo"), Some(&b"/bin/true $CMDLINE_OPTS"[..]));
        assert!(config.is_blacklisted(b"pc_spkr"));
        assert_eq!(config.remove_command(b"y"), Some(&b"z"[..]));
        let soft = config.soft(b"x");
        assert_eq!((soft.before, soft.behind), (vec![b"a_b".to_vec(), b"c".to_vec()], vec![b"d".to_vec()]));
    }

    #[test]
    fn reads_the_command_line() {
        let mut config = Config::default();
        config.parse_command_line(
            b"quiet root=/dev/vda snd-hda.model=\"a b\" modprobe.blacklist=floppy,pc-spkr usbcore.nousb console=ttyS0\n",
        );
        assert_eq!(config.options(b"snd_hda", b""), b"model=\"a b\"");
        assert_eq!(config.options(b"usbcore", b""), b"nousb");
        assert!(config.is_blacklisted(b"pc_spkr") && config.is_blacklisted(b"floppy"));
    }
}
