//! less and more — read files one screenful at a time.
//!
//! Source: less(1) for the keys; BusyBox 1.37 for the options; POSIX.1-2024 `more`.

mod pager;
mod text;

use std::fs::OpenOptions;

use super::common::screen::Layout;
use crate::prelude::*;
use pager::Pager;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "less",
        links: &["/usr/bin/less"],
        usage: "\
less [-EFIMmNSRXi~] [-p PATTERN] [+COMMAND] [FILE]...

Show FILEs (or stdin) a screenful at a time. The key h shows the others.

  -E, --QUIT-AT-EOF       Quit at the end
  -e, --quit-at-eof       Same
  -F, --quit-if-one-screen
                          Quit if all is on one screen
  -I, --IGNORE-CASE       Ignore case in searches
  -i, --ignore-case       Same
  -M, --LONG-PROMPT       Show line numbers and percents
  -m, --long-prompt       Same
  -N, --LINE-NUMBERS      Number the lines
  -S, --chop-long-lines   Cut long lines
  -R, --RAW-CONTROL-CHARS
                          Colours in the text are shown
  -r, --raw-control-chars Same
  -X, --no-init           Ignored
  -~, --tilde             No ~ behind the end
  -p, --pattern=PATTERN   Begin at PATTERN
",
        process: Process::New,
        run: less,
    },
    Applet {
        name: "more",
        links: &["/bin/more"],
        usage: "more [FILE]...\n\nShow FILEs (or stdin) a screenful at a time.\n\n  -d  Ignored\n  -s  Ignored\n",
        process: Process::New,
        run: less,
    },
];

fn less(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let (commands, files): (Vec<PathBuf>, Vec<PathBuf>) =
        options.files().into_iter().partition(|file| file.as_os_str().as_bytes().starts_with(b"+"));
    let files = if files.is_empty() { vec![PathBuf::from("-")] } else { files };
    if files.iter().any(|file| file.as_os_str() == "-") && sys::fd::is_terminal(0) {
        return Err(Error::usage("missing filename"));
    }
    if !sys::fd::is_terminal(1) {
        return copy(cx, &files);
    }
    // Standard input may be the text: the keys come from the terminal.
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let keys = match &terminal {
        Ok(terminal) => std::os::fd::AsRawFd::as_raw_fd(terminal),
        Err(_) => 2,
    };
    let modes = sys::terminal::modes(keys).doing("no terminal for the keys")?;
    modes.set_for_keys();
    let mut start: Vec<u8> = Vec::new();
    if let Some(pattern) = options.value('p') {
        start = [b"/", pattern.as_bytes(), b"\r"].concat();
    }
    for command in commands {
        start.extend_from_slice(&command.as_os_str().as_bytes()[1..]);
        if start.contains(&b'/') {
            start.push(b'\r');
        }
    }
    let is_more = cx.applet.name == "more";
    let result = Pager::new(cx, &options, files, keys, start, is_more).run();
    modes.restore();
    result
}

/// Where nobody looks, all is copied.
fn copy(cx: &mut Cx<'_>, files: &[PathBuf]) -> Result {
    for file in files {
        let Some(mut input) = open(cx, file) else { continue };
        loop {
            let bytes = input.fill_buf().at(file)?;
            if bytes.is_empty() || cx.out.failed() {
                break;
            }
            cx.out.write(bytes);
            let count = bytes.len();
            input.consume(count);
        }
    }
    Ok(())
}

fn open(cx: &mut Cx<'_>, file: &Path) -> Option<cli::input::Input> {
    if file.as_os_str() == "-" {
        return Some(cx.stdin());
    }
    match std::fs::File::open(file) {
        Ok(opened) => Some(cli::input::file(opened)),
        Err(error) => {
            cx.report(Error::io(format_args!("can't open '{}'", file.display()), error));
            None
        }
    }
}

/// The rows of the terminal without its last one, and its columns.
fn window() -> (usize, usize) {
    let (columns, rows) = sys::tty::window_size(1).unwrap_or((80, 24));
    (usize::from(rows.max(2)) - 1, usize::from(columns.max(1)))
}

fn layout(width: usize, cut_from: Option<usize>, colours: bool) -> Layout {
    Layout { width, cut_from, colours, overstrikes: true, tab: 8 }
}
