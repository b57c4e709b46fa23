//! table — a user's crontab: lines that set variables, lines that say when to run what.

use super::schedule::When;

/// A command with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) when: When,
    /// Without the text for its standard input.
    pub(super) command: Vec<u8>,
    /// What stands behind the first `%`, with a newline for each further one.
    pub(super) input: Option<Vec<u8>>,
    /// NAME=VALUE, as the lines before it have set them.
    pub(super) environment: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Job {
    pub(super) fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        self.environment.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

/// Reads a crontab. `complain` is told of each line that cannot be understood, by number and text.
pub(super) fn parse(text: &[u8], complain: &mut dyn FnMut(usize, &str)) -> Vec<Job> {
    let mut jobs = Vec::new();
    let mut environment: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some(assignment) = assignment(line) {
            environment.push(assignment);
            continue;
        }
        // The times are ASCII; what follows may be any bytes.
        let shown = String::from_utf8_lossy(line);
        let found = When::split(&shown).filter(|(_, rest)| !rest.is_empty());
        let Some((when, rest)) = found else {
            complain(index + 1, &shown);
            continue;
        };
        let start = shown.len() - rest.len();
        let (command, input) = split_input(line.get(start..).unwrap_or(rest.as_bytes()));
        jobs.push(Job { when, command, input, environment: environment.clone() });
    }
    jobs
}

/// NAME=VALUE, with blanks around the sign and quotes around the value if one likes.
fn assignment(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let equals = line.iter().position(|&byte| byte == b'=')?;
    let name = line[..equals].trim_ascii();
    let first = name.first()?;
    let fits =
        !first.is_ascii_digit() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if !fits {
        return None;
    }
    let value = line[equals + 1..].trim_ascii();
    let value = match value {
        [quote @ (b'"' | b'\''), inner @ .., last] if quote == last => inner,
        value => value,
    };
    Some((name.to_vec(), value.to_vec()))
}

/// The command up to the first `%` that has no backslash before it, and the input behind it.
fn split_input(text: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let (mut command, mut input): (Vec<u8>, Option<Vec<u8>>) = (Vec::new(), None);
    let mut escaped = false;
    for &byte in text {
        if byte == b'%' && !escaped && input.is_none() {
            input = Some(Vec::new());
            continue;
        }
        let part = input.as_mut().unwrap_or(&mut command);
        match byte {
            b'%' if escaped => {
                part.pop();
                part.push(b'%');
            }
            b'%' => part.push(b'\n'),
            other => part.push(other),
        }
        escaped = byte == b'\\' && !escaped;
    }
    if let Some(input) = &mut input {
        input.push(b'\n');
    }
    (command, input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables() {
        let text = b"# comment\nMAILTO = \"root\"\n\n*/5 * * * *  echo a\\%b\n@daily cat%one%two\nPATH=/x\nbad line\n0 0 * * * \xff=1\n";
        let mut bad = Vec::new();
        let jobs = parse(text, &mut |number, line| bad.push((number, line.to_string())));
        assert_eq!(bad, [(7, "bad line".to_string())]);
        assert_eq!(jobs.len(), 3);
        assert_eq!((jobs[0].command.as_slice(), &jobs[0].input), (&b"echo a%b"[..], &None));
        assert_eq!(jobs[0].variable(b"MAILTO"), Some(&b"root"[..]));
        assert_eq!(jobs[0].variable(b"PATH"), None);
        assert_eq!(
            (jobs[1].command.as_slice(), jobs[1].input.as_deref()),
            (&b"cat"[..], Some(&b"one\ntwo\n"[..]))
        );
        assert_eq!(
            (jobs[2].command.as_slice(), jobs[2].variable(b"PATH")),
            (&b"\xff=1"[..], Some(&b"/x"[..]))
        );
    }
}
