//! history — the runs that changed the system, from its log.

use std::fs;
use std::path::Path;

use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Failure, Result};
use crate::history::{self, Change, Run};

static OPTIONS: Group = Group {
    title: "History",
    options: &[opt("format", "", Takes::Text("FORMATSPEC"), "How to print: default or json")],
};

pub static APPLET: Applet = Applet {
    name: "history",
    summary: "Show what earlier runs changed",
    usage: &[" [<OPTIONS>...] [NUMBER...]"],
    description: "Prints the runs that changed packages, the oldest first, or those of the given numbers. They come from \
                  var/log/apk.log: runs with --no-logfile are not there, and quiet runs have no changes in it.",
    groups: &[&OPTIONS],
    run,
};

/// The log, below the root.
const LOG: &str = "var/log/apk.log";

/// The runs of the root's log.
pub(super) fn runs(cx: &Cx) -> Result<Vec<Run>> {
    let root = cx.globals.root.as_deref().unwrap_or(Path::new("/"));
    match fs::read(root.join(LOG)) {
        Ok(log) => Ok(history::parse(&log)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Failure::Error(format!("{LOG}: {}", sys::error::text(&error)))),
    }
}

/// The run that a word names by its number.
pub(super) fn numbered<'r>(runs: &'r [Run], word: &[u8]) -> Result<&'r Run> {
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<usize>().ok());
    number.and_then(|number| runs.get(number.checked_sub(1)?)).ok_or_else(|| {
        Failure::Error(format!("{}: no such run, see 'apk history'", String::from_utf8_lossy(word)))
    })
}

fn run(cx: &mut Cx) -> Result {
    let runs = runs(cx)?;
    let chosen: Vec<&Run> = if cx.args.is_empty() {
        runs.iter().collect()
    } else {
        cx.args.iter().map(|word| numbered(&runs, word)).collect::<Result<_>>()?
    };
    let text = match cx.options.text("format") {
        None | Some(b"default") => chosen.iter().map(|run| lines(run)).collect::<String>(),
        Some(b"json") => json(&chosen),
        Some(other) => {
            let other = String::from_utf8_lossy(other);
            return Err(Failure::Error(format!("{other}: no such format")));
        }
    };
    cx.messages.out.write(text.as_bytes());
    Ok(0)
}

fn lines(run: &Run) -> String {
    let mut text = format!("{} {} {}\n", run.number, run.time, run.command);
    for change in &run.changes {
        let versions = match (&change.old, &change.new) {
            (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
            (old, new) => new.as_ref().or(old.as_ref()).cloned().unwrap_or_default(),
        };
        text.push_str(&format!("  {} {} ({versions})\n", change.action.name(), change.name));
    }
    text.push_str(&format!("  {}\n", run.result.as_deref().unwrap_or("interrupted")));
    text
}

fn json(runs: &[&Run]) -> String {
    let items: Vec<String> = runs
        .iter()
        .map(|run| {
            let changes: Vec<String> = run.changes.iter().map(change_json).collect();
            format!(
                "  {{\n    \"number\": {},\n    \"time\": {},\n    \"command\": {},\n    \"changes\": [\n{}\n    ],\n    \
                 \"result\": {}\n  }}",
                run.number,
                quoted(&run.time),
                quoted(&run.command),
                changes.join(",\n"),
                run.result.as_deref().map_or("null".to_string(), quoted)
            )
        })
        .collect();
    if items.is_empty() { "[]\n".to_string() } else { format!("[\n{}\n]\n", items.join(",\n")) }
}

fn change_json(change: &Change) -> String {
    let version = |version: &Option<String>| version.as_deref().map_or("null".to_string(), quoted);
    format!(
        "      {{\"action\": \"{}\", \"name\": {}, \"old\": {}, \"new\": {}}}",
        change.action.name(),
        quoted(&change.name),
        version(&change.old),
        version(&change.new)
    )
}

/// A string of JSON (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if (letter as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", letter as u32)),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
