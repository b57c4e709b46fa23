//! progress — how much of a run is done: a bar on a terminal, lines for a program on another file descriptor.
//!
//! A line is `DONE/TOTAL STAGE`. The bar stands where the next message will and is taken away before it.

use std::time::{Duration, Instant};

use cli::output::Output;

use super::size;

/// Columns of the bar where the output is no terminal.
const COLUMNS: usize = 50;
/// Percent, a sign, blanks.
const FRAME: usize = 6;
/// Speed and time left, on terminals.
const RATE: usize = 20;
/// The speed is told when it means something.
const RATE_AFTER: Duration = Duration::from_millis(500);

/// Where progress goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target {
    /// Lines for a program.
    pub fd: Option<i32>,
    /// The bar is shown.
    pub bar: bool,
    /// Its columns where standard output is a terminal.
    pub terminal_columns: Option<usize>,
}

/// A run's progress.
#[derive(Debug)]
pub struct Progress {
    target: Target,
    stage: &'static str,
    total: u64,
    done: u64,
    /// What was written to the file descriptor last.
    told: u64,
    /// Percent and filled columns as they are shown.
    shown: Option<(u64, usize)>,
    is_drawn: bool,
    begun: Instant,
}

impl Progress {
    pub fn new(target: Target, stage: &'static str, total: u64) -> Progress {
        let total = total.max(1);
        Progress {
            target,
            stage,
            total,
            done: 0,
            told: 0,
            shown: None,
            is_drawn: false,
            begun: Instant::now(),
        }
    }

    /// So much is done.
    pub fn set(&mut self, done: u64, out: &mut Output) {
        self.done = done.min(self.total);
        if let Some(fd) = self.target.fd.filter(|_| self.told != self.done) {
            out.flush();
            let line = format!("{}/{} {}\n", self.done, self.total, self.stage);
            // Who asked for it may have gone: the run goes on.
            let _ = sys::fd::write_all(fd, line.as_bytes());
            self.told = self.done;
        }
        self.draw(out);
    }

    /// The bar stands where so much is done.
    pub fn move_bar(&mut self, done: u64, out: &mut Output) {
        if self.target.bar {
            self.done = done.min(self.total);
            self.draw(out);
        }
    }

    /// Draws the bar, if it is not shown as it should be.
    pub fn draw(&mut self, out: &mut Output) {
        if !self.target.bar {
            return;
        }
        let columns = self.target.terminal_columns.unwrap_or(COLUMNS).max(FRAME + 1);
        let rate = self.rate().filter(|_| columns > FRAME + RATE * 2).unwrap_or_default();
        let width = columns - FRAME - if rate.is_empty() { 0 } else { RATE };
        let filled = (u128::from(self.done) * width as u128 / u128::from(self.total)) as usize;
        let percent = self.done * 100 / self.total;
        if self.is_drawn && self.shown == Some((percent, filled)) {
            return;
        }
        self.erase(out);
        let mark = mark();
        let bar = format!("\x1b7{percent:3}% {}{}{rate}", mark.repeat(filled), " ".repeat(width - filled));
        out.write(bar.as_bytes());
        out.flush();
        (self.shown, self.is_drawn) = (Some((percent, filled)), true);
    }

    /// Takes the bar away.
    pub fn erase(&mut self, out: &mut Output) {
        if std::mem::take(&mut self.is_drawn) {
            out.write(b"\x1b8\x1b[0K");
        }
    }

    /// Speed and time left; only for people, on a terminal.
    fn rate(&self) -> Option<String> {
        self.target.terminal_columns?;
        let passed = self.begun.elapsed();
        if passed < RATE_AFTER || self.done == 0 {
            return None;
        }
        let speed = (self.done as f64 / passed.as_secs_f64()) as u64;
        let left_s = (self.total - self.done) / speed.max(1);
        let text = format!("{}/s {}:{:02}", size::human(speed), left_s / 60, left_s % 60);
        Some(format!("{text:>RATE$}"))
    }
}

/// What the bar is made of: `APK_PROGRESS_CHAR`, else a block where the locale has it.
fn mark() -> String {
    if let Ok(mark) = std::env::var("APK_PROGRESS_CHAR") {
        return mark;
    }
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
    let has_blocks = locale.is_none_or(|locale| locale.to_ascii_uppercase().contains("UTF"));
    if has_blocks { "\u{2588}" } else { "#" }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_messages() {
        let mut out = Output::to_memory();
        let target = Target { fd: None, bar: true, terminal_columns: None };
        let mut progress = Progress::new(target, "install", 200);
        progress.draw(&mut out);
        progress.set(1, &mut out);
        progress.set(100, &mut out);
        progress.erase(&mut out);
        let text = String::from_utf8_lossy(&out.take()).into_owned();
        let bars: Vec<&str> = text.split("\x1b8\x1b[0K").collect();
        assert_eq!(bars.len(), 3);
        assert_eq!(bars[0], format!("\x1b7  0% {}", " ".repeat(44)));
        assert!(bars[1].starts_with("\x1b7 50% ") && bars[1].ends_with(&" ".repeat(22)));
        assert_eq!(bars[2], "");
    }
}
