//! serial — the machine's console as a growing text with times.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{ChildStderr, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the reading threads and the driver share.
#[derive(Default)]
struct State {
    /// Printed text without escape sequences and carriage returns.
    text: String,
    /// Where in `text` each line begins, and how many seconds after the start its first byte came.
    lines: Vec<(usize, f64)>,
    /// What was already waited for.
    taken: usize,
    /// What was already searched for fatal lines.
    searched: usize,
    last_output: Option<Instant>,
    ended: bool,
    errors: String,
}

pub(super) struct Console {
    state: Arc<(Mutex<State>, Condvar)>,
    start: Instant,
}

impl Console {
    /// Starts the threads that read the emulator's output, which is also kept, unchanged, in `log`.
    pub(super) fn start(
        mut output: ChildStdout,
        mut errors: ChildStderr,
        mut log: File,
        start: Instant,
    ) -> Console {
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut cleaner = Cleaner::default();
            let mut buffer = [0; 4096];
            loop {
                let count = output.read(&mut buffer).unwrap_or(0);
                let mut state = lock(&shared.0);
                if count == 0 {
                    state.ended = true;
                    shared.1.notify_all();
                    return;
                }
                // A full disk must not stop the machine; the text is still in memory.
                let _ = log.write_all(&buffer[..count]);
                let now = start.elapsed().as_secs_f64();
                for character in cleaner.clean(&buffer[..count]).chars() {
                    if state.text.is_empty() || state.text.ends_with('\n') {
                        let offset = state.text.len();
                        state.lines.push((offset, now));
                    }
                    state.text.push(character);
                }
                state.last_output = Some(Instant::now());
                shared.1.notify_all();
            }
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut text = String::new();
            // Whatever the emulator complained about is worth showing, complete or not.
            let _ = errors.read_to_string(&mut text);
            lock(&shared.0).errors = text;
        });
        Console { state, start }
    }

    /// If one of `texts` stands behind what was taken before: its index and everything up to its end.
    pub(super) fn take_until(&self, texts: &[&str]) -> Option<(usize, String)> {
        let mut state = lock(&self.state.0);
        let rest = &state.text[state.taken..];
        let (index, end) = texts
            .iter()
            .enumerate()
            .filter_map(|(index, text)| rest.find(text).map(|at| (index, at, at + text.len())))
            .min_by_key(|&(_, at, _)| at)
            .map(|(index, _, end)| (index, end))?;
        let seen = rest[..end].to_string();
        state.taken += end;
        Some((index, seen))
    }

    /// The first complete line that contains one of `texts`. Each line is looked at once.
    pub(super) fn first_line_with(&self, texts: &[&str]) -> Option<String> {
        let mut state = lock(&self.state.0);
        let complete = state.text.rfind('\n').map_or(0, |end| end + 1);
        let from = state.searched.min(complete);
        let found =
            state.text[from..complete].lines().find(|line| texts.iter().any(|text| line.contains(text)));
        let found = found.map(str::to_string);
        state.searched = complete;
        found
    }

    /// Blocks until something is printed or the emulator ends, at most `limit`.
    pub(super) fn wait(&self, limit: Duration) {
        let state = lock(&self.state.0);
        if !state.ended {
            // Spurious wake-ups do no harm: the caller looks again.
            drop(self.state.1.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner));
        }
    }

    pub(super) fn ended(&self) -> bool {
        lock(&self.state.0).ended
    }

    pub(super) fn silent_for(&self) -> Duration {
        lock(&self.state.0).last_output.map_or_else(|| self.start.elapsed(), |last| last.elapsed())
    }

    pub(super) fn errors(&self) -> String {
        lock(&self.state.0).errors.trim().to_string()
    }

    pub(super) fn seconds_to(&self, text: &str) -> Option<f64> {
        let state = lock(&self.state.0);
        let at = state.text.find(text)?;
        let line = state.lines.partition_point(|&(offset, _)| offset <= at).checked_sub(1)?;
        Some(state.lines[line].1)
    }

    pub(super) fn transcript(&self) -> String {
        lock(&self.state.0).text.clone()
    }
}

fn lock(mutex: &Mutex<State>) -> MutexGuard<'_, State> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops terminal escape sequences and carriage returns; firmware prints many.
#[derive(Default)]
struct Cleaner {
    inside: Inside,
    /// The beginning of a UTF-8 character that the next read will end.
    pending: Vec<u8>,
}

#[derive(Default, PartialEq)]
enum Inside {
    #[default]
    Text,
    Escape,
    Sequence,
}

impl Cleaner {
    fn clean(&mut self, bytes: &[u8]) -> String {
        for &byte in bytes {
            match self.inside {
                Inside::Text => match byte {
                    0x1b => self.inside = Inside::Escape,
                    b'\r' | 0 | 7 => {}
                    _ => self.pending.push(byte),
                },
                Inside::Escape => {
                    self.inside = if byte == b'[' { Inside::Sequence } else { Inside::Text };
                }
                Inside::Sequence => {
                    if (0x40..=0x7e).contains(&byte) {
                        self.inside = Inside::Text;
                    }
                }
            }
        }
        let complete = match std::str::from_utf8(&self.pending) {
            Ok(_) => self.pending.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.pending.len(),
        };
        let rest = self.pending.split_off(complete);
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending = rest;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_escape_sequences_across_reads() {
        let mut cleaner = Cleaner::default();
        let mut text = cleaner.clean(b"\x1b[2J\x1b[01");
        text += &cleaner.clean(b";01Hlogin\xc3");
        text += &cleaner.clean(b"\xa4\r\n");
        assert_eq!(text, "loginä\n");
    }
}
