//! history — what earlier runs changed, read from the log that every run writes (`var/log/apk.log`).
//!
//! The log is the reference's: a line with the command and its time, then what was said. Changes stand in it as
//! `(1/2) Installing NAME (VERSION)`. Runs with `--no-logfile` leave no trace, and quiet ones no changes.

/// What was done to a package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Install,
    Remove,
    Upgrade,
    Downgrade,
    /// The same version, another package.
    Replace,
    Reinstall,
    /// Another repository tag.
    Pin,
}

impl Action {
    /// In one word, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Action::Install => "install",
            Action::Remove => "remove",
            Action::Upgrade => "upgrade",
            Action::Downgrade => "downgrade",
            Action::Replace => "replace",
            Action::Reinstall => "reinstall",
            Action::Pin => "pin",
        }
    }
}

/// The words of the log, those first that begin as others do.
const VERBS: [(&str, Action); 8] = [
    ("[APK unavailable, skipped] Reinstalling ", Action::Reinstall),
    ("Installing ", Action::Install),
    ("Purging ", Action::Remove),
    ("Upgrading ", Action::Upgrade),
    ("Downgrading ", Action::Downgrade),
    ("Replacing ", Action::Replace),
    ("Reinstalling ", Action::Reinstall),
    ("Updating pinning ", Action::Pin),
];

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    pub action: Action,
    pub name: String,
    /// Before; None where the package was not installed.
    pub old: Option<String>,
    /// After; None where it is not any more.
    pub new: Option<String>,
}

/// One run that changed something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// From 1 on, in the order of the log.
    pub number: usize,
    /// The command line, its words separated by blanks.
    pub command: String,
    /// `YYYY-MM-DD HH:MM:SS`, UTC.
    pub time: String,
    pub changes: Vec<Change>,
    /// The line that sums up; None where the run was cut off.
    pub result: Option<String>,
}

/// The runs of a log that changed something. What is no line of a run is passed over.
pub fn parse(log: &[u8]) -> Vec<Run> {
    let log = String::from_utf8_lossy(log);
    let mut runs: Vec<Run> = Vec::new();
    let mut current: Option<Run> = None;
    for line in log.lines() {
        if let Some((command, time)) =
            line.strip_prefix("Running `").and_then(|rest| rest.rsplit_once("` at "))
        {
            finish(&mut runs, current.take());
            current = Some(Run {
                number: 0,
                command: command.to_string(),
                time: time.to_string(),
                changes: Vec::new(),
                result: None,
            });
        } else if let Some(run) = &mut current {
            if let Some(change) = parse_change(line) {
                run.changes.push(change);
            } else if line.starts_with("OK: ") || is_error_summary(line) {
                run.result = Some(line.to_string());
            }
        }
    }
    finish(&mut runs, current);
    runs
}

fn finish(runs: &mut Vec<Run>, run: Option<Run>) {
    if let Some(run) = run.filter(|run| !run.changes.is_empty()) {
        runs.push(Run { number: runs.len() + 1, ..run });
    }
}

/// `1 error; …`, `2 errors; …`.
fn is_error_summary(line: &str) -> bool {
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.len() < line.len() && (rest.starts_with(" error; ") || rest.starts_with(" errors; "))
}

/// `(1/2) VERB NAME[@TAG] (VERSION)` or `(OLD -> NEW)`.
fn parse_change(line: &str) -> Option<Change> {
    let (place, rest) = line.strip_prefix('(')?.split_once(") ")?;
    let (number, total) = place.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(number.trim_start()) || !is_number(total) {
        return None;
    }
    let (action, rest) =
        VERBS.iter().find_map(|(verb, action)| rest.strip_prefix(verb).map(|rest| (*action, rest)))?;
    let (name, versions) = rest.strip_suffix(')')?.split_once(" (")?;
    let name = name.split('@').next()?.to_string();
    let (old, new) = match versions.split_once(" -> ") {
        Some((old, new)) => (Some(old), Some(new)),
        None => match action {
            Action::Install => (None, Some(versions)),
            Action::Remove => (Some(versions), None),
            _ => (Some(versions), Some(versions)),
        },
    };
    Some(Change { action, name, old: old.map(str::to_string), new: new.map(str::to_string) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_a_log() {
        let log = "\nRunning `apk add a b` at 2026-01-02 03:04:05\napk-tools 3.0.6, compiled for x86_64.\n\
                   (1/2) Installing a (1)\n  Executing a-1.post-install\n  * (1/1) Installing no (1)\n\
                   (2/2) Installing b@edge (2-r0)\nOK: 4 B in 2 packages\n\n\
                   Running `apk update` at 2026-01-02 03:05:05\nOK: 3 distinct packages available\n\n\
                   Running `apk upgrade` at 2026-01-03 03:04:05\n( 1/10) Upgrading a (1 -> 2)\n\
                   ( 2/10) Purging b (2-r0)\n(3/x) Purging c (1)\n2 errors; 1 B in 1 packages\n";
        let runs = parse(log.as_bytes());
        assert_eq!(runs.len(), 2);
        assert_eq!((runs[0].number, runs[0].command.as_str()), (1, "apk add a b"));
        assert_eq!(runs[0].time, "2026-01-02 03:04:05");
        let changes: Vec<String> = runs
            .iter()
            .flat_map(|run| &run.changes)
            .map(|change| {
                format!("{} {} {:?} {:?}", change.action.name(), change.name, change.old, change.new)
            })
            .collect();
        assert_eq!(
            changes,
            [
                "install a None Some(\"1\")",
                "install b None Some(\"2-r0\")",
                "upgrade a Some(\"1\") Some(\"2\")",
                "remove b Some(\"2-r0\") None",
            ]
        );
        assert_eq!(runs[1].result.as_deref(), Some("2 errors; 1 B in 1 packages"));
        assert!(parse(b"\xff\nRunning `x\n(1/1) Installing (\n").is_empty());
    }
}
