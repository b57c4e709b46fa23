//! top — show again and again which processes use the processors and the memory.
//!
//! Source: BusyBox 1.37 for options, keys and layout.
//!
//! *Differs:* the memory view (-m) shows resident, shared and swapped memory of /proc/PID/status, which needs no rights.

mod machine;
mod view;

use std::time::Duration;

use posix::procfs::{self, Stat};
use sys::termios::Modes;

use crate::prelude::*;
use machine::Machine;
use view::{Order, View};

pub(crate) const APPLET: Applet = Applet {
    name: "top",
    links: &["/usr/bin/top"],
    usage: "\
top [-bmH] [-n COUNT] [-d SECONDS]

Show again and again which processes use processors and memory.

  -b     Batch mode: print, and read no keys
  -n N   Show N times
  -d N   Every N seconds (5)
  -m     Memory
  -H     Threads

Keys: N, M, P, T sort by number, memory, processor, time; R the other way round;
S memory; H threads; 1 each processor; Q ends
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let batch = options.has('b') || !sys::fd::is_terminal(1);
    let delay = match options.value('d') {
        Some(text) => posix::number::duration(text.as_bytes())
            .ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))?,
        None => Duration::from_secs(5),
    };
    let count = options.number('n')?.unwrap_or(u64::MAX);
    let mut view = View::new(options.has('m'), options.has('H'));
    let keys = if batch { None } else { Keys::open() };
    let mut last = Sample::take(view.threads);
    // The first figures are of a short while, so that something is on the screen soon.
    sys::clock::sleep(Duration::from_millis(100));
    for round in 0..count {
        let now = Sample::take(view.threads);
        let size = if batch { None } else { sys::tty::window_size(1) };
        let lines =
            view.lines(&last, &now, size.map(|(columns, rows)| (usize::from(columns), usize::from(rows))));
        show(cx, &lines, batch);
        if cx.out.failed() || round + 1 == count {
            break;
        }
        let quit = match &keys {
            Some(keys) => keys.wait(delay, &mut view),
            None => {
                sys::clock::sleep(delay);
                false
            }
        };
        if quit {
            break;
        }
        last = now;
        if last.threads != view.threads {
            last = Sample::take(view.threads);
        }
    }
    if !batch {
        cx.out.write(b"\n");
    }
    Ok(())
}

fn show(cx: &mut Cx<'_>, lines: &[String], batch: bool) {
    if batch {
        for line in lines {
            writeln!(cx.out, "{line}");
        }
        // A gap between two pictures.
        cx.out.write(b"\n");
    } else {
        // Home, and the rest of each line and of the screen is cleared: nothing flickers.
        let text = lines.join("\x1b[K\r\n");
        write!(cx.out, "\x1b[H{text}\x1b[K\x1b[J");
    }
    cx.out.flush();
}

/// What the kernel counted at one moment.
struct Sample {
    machine: Machine,
    rows: Vec<Row>,
    threads: bool,
}

struct Row {
    stat: Stat,
    process: i32,
}

impl Sample {
    fn take(threads: bool) -> Sample {
        let mut rows = Vec::new();
        for stat in procfs::processes() {
            let process = stat.pid;
            if !threads || stat.threads <= 1 {
                rows.push(Row { stat, process });
                continue;
            }
            let stats =
                procfs::threads(process).into_iter().filter_map(|thread| Stat::of_thread(process, thread));
            rows.extend(stats.map(|stat| Row { stat, process }));
        }
        Sample { machine: Machine::now(), rows, threads }
    }
}

/// Keys one by one from the terminal; its modes come back in the end.
struct Keys {
    before: Modes,
}

impl Keys {
    fn open() -> Option<Keys> {
        let before = Modes::of(0).ok()?;
        before.for_keys().set(0).ok()?;
        // The modes must come back after these too.
        for signal in [1, 2, 15] {
            sys::session::catch(signal);
        }
        Some(Keys { before })
    }

    /// Waits for the time or a key, which then changes the view. True: it is time to end.
    fn wait(&self, delay: Duration, view: &mut View) -> bool {
        let ready = sys::session::wait_readable(&[0], Some(delay)).is_ok_and(|ready| ready.contains(&true));
        if sys::session::caught() != 0 {
            return true;
        }
        if !ready {
            return false;
        }
        let mut key = [0];
        if !matches!(sys::fd::read(0, &mut key), Ok(1)) {
            return true;
        }
        match key[0].to_ascii_lowercase() {
            b'q' | 3 => return true,
            b'n' => view.sort(Order::Number),
            b'm' => view.sort(Order::Memory),
            b'p' => view.sort(Order::Processor),
            b't' => view.sort(Order::Time),
            b'r' => view.reversed = !view.reversed,
            b's' => view.memory = !view.memory,
            b'h' => view.threads = !view.threads,
            b'1' => view.each_processor = !view.each_processor,
            _ => {}
        }
        false
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone needs no modes.
        let _ = self.before.set(0);
    }
}
