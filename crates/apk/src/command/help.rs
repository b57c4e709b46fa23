//! help — what `--help` prints: the list of applets, or one applet's options.

use super::globals::GLOBAL;
use super::options::{Group, Opt, Takes};
use super::{APPLETS, Applet, SECTIONS};

/// What `--version` prints. The format's version is that of the reference, as scripts compare it.
pub fn version_line() -> String {
    format!("apk-tools 3.0.6, compiled for {}.\n", super::ARCH)
}

/// The list of all applets.
pub fn overview() -> String {
    let mut text = version_line();
    text.push_str("\nUsage: apk [<GLOBAL OPTIONS>...] COMMAND [<OPTIONS>...] [<ARGUMENTS>...]\n");
    for (title, names) in SECTIONS {
        text.push_str(&format!("\n{title}:\n"));
        for name in *names {
            if let Some(applet) = APPLETS.iter().find(|applet| applet.name == *name) {
                text.push_str(&format!("  {:<10} {}\n", applet.name, applet.summary));
            }
        }
    }
    text.push_str("\nThis apk has coffee making abilities.\nFor more information: man 8 apk\n");
    text
}

/// One applet's usage, description and options.
pub fn applet(applet: &Applet) -> String {
    let mut text = version_line();
    for (index, usage) in applet.usage.iter().enumerate() {
        let lead = if index == 0 { "\nUsage:" } else { "   or:" };
        text.push_str(&format!("{lead} apk {}{usage}\n", applet.name));
    }
    text.push_str("\nDescription:\n");
    fill(&mut text, applet.description, 2, 2);
    for group in std::iter::once(&&GLOBAL).copied().chain(applet.groups.iter().copied()) {
        section(&mut text, group);
    }
    text.push_str(&format!("\nFor more information: man 8 apk-{}\n", applet.name));
    text
}

fn section(text: &mut String, group: &Group) {
    text.push_str(&format!("\n{} options:\n", group.title));
    for option in group.options {
        let head = head(option);
        text.push_str(&head);
        if head.len() < COLUMN {
            text.push_str(&" ".repeat(COLUMN - head.len()));
        } else {
            text.push('\n');
            text.push_str(&" ".repeat(COLUMN));
        }
        fill(text, option.help, 0, COLUMN);
    }
}

/// Where the explanation of an option begins.
const COLUMN: usize = 24;
/// Where lines end at the latest.
const WIDTH: usize = 77;

fn head(option: &Opt) -> String {
    let mut head = format!("  --{}", option.long);
    match option.takes {
        Takes::Bool => head.push_str("[=BOOL]"),
        Takes::Auto => head.push_str("[=AUTO]"),
        Takes::Nothing | Takes::Text(_) => {}
    }
    for other in option.also {
        head.push_str(&format!(", --{other}"));
    }
    for letter in option.short.chars() {
        head.push_str(&format!(", -{letter}"));
    }
    if let Takes::Text(word) = option.takes {
        head.push_str(&format!(" {word}"));
    }
    head
}

/// Adds the words of `words`; the first line is indented by `first`, further ones by `indent`, where `first` is 0
/// because the line has begun already.
fn fill(text: &mut String, words: &str, first: usize, indent: usize) {
    text.push_str(&" ".repeat(first));
    let mut column = indent;
    let mut fresh = true;
    for word in words.split_ascii_whitespace() {
        if !fresh && column + 1 + word.len() > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            column = indent;
            fresh = true;
        }
        if !fresh {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
        fresh = false;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_applet_stands_in_one_section() {
        for applet in APPLETS {
            let count = SECTIONS.iter().filter(|(_, names)| names.contains(&applet.name)).count();
            assert_eq!(count, 1, "{}", applet.name);
        }
    }

    #[test]
    fn lines_end_in_time() {
        for applet in APPLETS {
            for line in super::applet(applet).lines().skip(2) {
                assert!(line.len() <= WIDTH || !line.contains("  "), "{}: {line}", applet.name);
            }
        }
    }
}
