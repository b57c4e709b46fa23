//! completion — what a shell needs to complete command lines of apk, made from the tables of applets and options.
//!
//! One form serves all shells: a list of words for an applet, or for the global options. bash, zsh and fish read it as a
//! function or as rules of their own; ash, which has no programmable completion, gets a file of the words: `apk: WORDS`, then
//! `apk APPLET: WORDS` a line, which a line editor can look words up in.

use super::globals::GLOBAL;
use super::options::{Group, Opt, Takes};
use super::{APPLETS, Applet, Cx, Failure, Result};

pub static APPLET: Applet = Applet {
    name: "completion",
    summary: "Print completion rules for a shell",
    usage: &[" ash|bash|fish|zsh"],
    description: "Prints rules by which the shell completes commands, options and names of packages. They are made from the \
                  tables that the program itself reads its options by.",
    groups: &[],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let text = match cx.args.as_slice() {
        [shell] => script(shell),
        _ => None,
    };
    match text {
        Some(text) => {
            cx.messages.out.write(text.as_bytes());
            Ok(0)
        }
        None => Err(Failure::Error("one of ash, bash, fish and zsh is expected".to_string())),
    }
}

/// The rules for a shell; None where it is not known.
fn script(shell: &[u8]) -> Option<String> {
    Some(match shell {
        b"ash" => ash(),
        b"bash" => bash(),
        b"fish" => fish(),
        b"zsh" => zsh(),
        _ => return None,
    })
}

/// Which packages the words of an applet name.
fn names(applet: &Applet) -> &'static str {
    match applet.name {
        "add" | "fetch" | "search" | "list" | "query" | "policy" | "dot" => "search -q",
        "del" | "fix" | "upgrade" | "info" | "version" | "manifest" => "info -q",
        _ => "",
    }
}

fn spellings(option: &Opt) -> Vec<String> {
    let longs = std::iter::once(option.long).chain(option.also.iter().copied());
    let mut words: Vec<String> = longs.map(|long| format!("--{long}")).collect();
    if matches!(option.takes, Takes::Bool | Takes::Auto) {
        words.push(format!("--no-{}", option.long));
    }
    words.extend(option.short.chars().map(|letter| format!("-{letter}")));
    words
}

/// All options that an applet takes.
fn options(applet: Option<&Applet>) -> Vec<&'static Opt> {
    let own: &[&'static Group] = applet.map_or(&[], |applet| applet.groups);
    let mut seen: Vec<&'static Opt> = Vec::new();
    for group in own.iter().copied().chain(std::iter::once(&GLOBAL)) {
        for option in group.options {
            if !seen.iter().any(|other| other.long == option.long) {
                seen.push(option);
            }
        }
    }
    seen
}

fn words(applet: Option<&Applet>) -> String {
    options(applet).into_iter().flat_map(spellings).collect::<Vec<_>>().join(" ")
}

fn applets() -> String {
    APPLETS.iter().map(|applet| applet.name).collect::<Vec<_>>().join(" ")
}

fn ash() -> String {
    let mut text = format!("apk: {} {}\n", applets(), words(None));
    for applet in APPLETS {
        text.push_str(&format!("apk {}: {}\n", applet.name, words(Some(applet))));
    }
    text
}

fn bash() -> String {
    let mut text = String::from(
        "_apk() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} applet= one options names=\n\tCOMPREPLY=()\n\tfor one in \
         \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tcase $one in\n\t\t-*) ;;\n",
    );
    text.push_str(&format!("\t\t{}) applet=$one; break ;;\n", applets().replace(' ', "|")));
    text.push_str("\t\tesac\n\tdone\n\tcase $applet in\n");
    for applet in APPLETS {
        text.push_str(&format!(
            "\t{}) options='{}' names='{}' ;;\n",
            applet.name,
            words(Some(applet)),
            names(applet)
        ));
    }
    text.push_str(&format!("\t*) options='{} {}' ;;\n\tesac\n", applets(), words(None)));
    text.push_str(
        "\tif [ -n \"$names\" ] && [ \"${word#-}\" = \"$word\" ]; then\n\t\toptions=$(apk $names 2>/dev/null)\n\tfi\n\t\
         COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n}\ncomplete -o default -F _apk apk\n",
    );
    text
}

fn zsh() -> String {
    let quoted = |text: &str| text.replace('\'', "'\\''").replace(':', "\\:");
    let mut text = String::from("#compdef apk\n_apk() {\n\tlocal -a applets options\n\tapplets=(\n");
    for applet in APPLETS {
        text.push_str(&format!("\t\t'{}:{}'\n", applet.name, quoted(applet.summary)));
    }
    text.push_str("\t)\n\tlocal applet=${words[(r)(");
    text.push_str(&applets().replace(' ', "|"));
    text.push_str(")]} names=\n\tcase $applet in\n");
    let list = |applet: Option<&Applet>| {
        let mut list = String::new();
        for option in options(applet) {
            for word in spellings(option) {
                list.push_str(&format!("\t\t\t'{word}:{}'\n", quoted(option.help)));
            }
        }
        list
    };
    for applet in APPLETS {
        text.push_str(&format!(
            "\t{})\n\t\tnames='{}'\n\t\toptions=(\n{}\t\t) ;;\n",
            applet.name,
            names(applet),
            list(Some(applet))
        ));
    }
    text.push_str(&format!("\t*)\n\t\toptions=(\n{}\t\t) ;;\n\tesac\n", list(None)));
    text.push_str(
        "\tif [[ $PREFIX == -* ]]; then\n\t\t_describe option options\n\telif [[ -z $applet ]]; then\n\t\t_describe command \
         applets\n\telif [[ -n $names ]]; then\n\t\tcompadd -- ${(f)\"$(apk ${=names} 2>/dev/null)\"}\n\telse\n\t\t_files\n\t\
         fi\n}\n_apk \"$@\"\n",
    );
    text
}

fn fish() -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut text = String::new();
    for applet in APPLETS {
        text.push_str(&format!(
            "complete -c apk -n __fish_use_subcommand -f -a {} -d {}\n",
            applet.name,
            quoted(applet.summary)
        ));
        if !names(applet).is_empty() {
            text.push_str(&format!(
                "complete -c apk -n '__fish_seen_subcommand_from {}' -a '(apk {} 2>/dev/null)'\n",
                applet.name,
                names(applet)
            ));
        }
        let own = applet.groups.iter().flat_map(|group| group.options);
        for option in own {
            let condition = format!("-n '__fish_seen_subcommand_from {}' ", applet.name);
            text.push_str(&fish_option(option, &condition));
        }
    }
    GLOBAL.options.iter().for_each(|option| text.push_str(&fish_option(option, "")));
    text
}

fn fish_option(option: &Opt, condition: &str) -> String {
    let mut words = String::new();
    for spelling in spellings(option) {
        match spelling.strip_prefix("--") {
            Some(long) => words.push_str(&format!(" -l {long}")),
            None => words.push_str(&format!(" -s {}", spelling.trim_start_matches('-'))),
        }
    }
    let value = if matches!(option.takes, Takes::Text(_)) { " -r" } else { "" };
    let help = option.help.replace('\\', "\\\\").replace('\'', "\\'");
    format!("complete -c apk {condition}{}{value} -d '{help}'\n", words.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::options::Tables;

    #[test]
    fn every_option_of_the_tables_is_offered_and_no_other() {
        for applet in APPLETS {
            let mut groups: Vec<&'static Group> = vec![&GLOBAL];
            groups.extend(applet.groups);
            let tables = Tables { groups: &groups };
            let ash = ash();
            let line = ash.lines().find_map(|line| line.strip_prefix(&format!("apk {}: ", applet.name)));
            let offered: Vec<&str> = line.unwrap().split(' ').collect();
            for word in &offered {
                let words = [word.as_bytes().to_vec(), b"1".to_vec()];
                assert!(tables.parse(&words).is_ok(), "{} {word}", applet.name);
            }
            for option in groups.iter().flat_map(|group| group.options) {
                assert!(offered.contains(&format!("--{}", option.long).as_str()), "{}", option.long);
            }
        }
    }

    #[test]
    fn every_shell_knows_every_applet_and_option() {
        for shell in ["ash", "bash", "fish", "zsh"] {
            let text = script(shell.as_bytes()).unwrap();
            for applet in APPLETS {
                assert!(text.contains(applet.name), "{shell}: {}", applet.name);
                for option in applet.groups.iter().flat_map(|group| group.options) {
                    assert!(text.contains(option.long), "{shell}: {}", option.long);
                }
            }
        }
        assert!(script(b"tcsh").is_none());
    }
}
