//! tty, ttysize, mesg, clear and reset — the terminal on standard input.
//!
//! Source: POSIX.1-2024 `tty`, `mesg`; BusyBox 1.37.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "tty",
        links: &["/usr/bin/tty"],
        usage: "\
tty [-s]

Print the name of the terminal on standard input.

  -s, --silent, --quiet  Only the status: 0 for a terminal, else 1
",
        process: Process::Same,
        run: tty,
    },
    Applet {
        name: "ttysize",
        links: &["/usr/bin/ttysize"],
        usage: "ttysize [w] [h]\n\nPrint width and height of the terminal, or 80 24.\n",
        process: Process::Same,
        run: ttysize,
    },
    Applet {
        name: "mesg",
        links: &["/usr/bin/mesg"],
        usage: "mesg [y|n]\n\nLet others write to this terminal, or not; or print whether they may.\n",
        process: Process::Same,
        run: mesg,
    },
    Applet {
        name: "clear",
        links: &["/usr/bin/clear"],
        usage: "clear\n\nClear the screen.\n",
        process: Process::Same,
        run: clear,
    },
    Applet {
        name: "reset",
        links: &["/usr/bin/reset"],
        usage: "reset\n\nBring the terminal back to order: characters, screen, and modes.\n",
        process: Process::New,
        run: reset,
    },
];

fn tty(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let path = sys::session::terminal_path(0);
    if !options.has('s') {
        match &path {
            Some(path) => cx.out.write(path.as_os_str().as_bytes()),
            None => cx.out.write(b"not a tty"),
        }
        cx.out.write(b"\n");
    }
    if path.is_none() {
        cx.status = 1;
    }
    Ok(())
}

fn ttysize(cx: &mut Cx<'_>) -> Result {
    let (width, height) = (0..3).find_map(sys::tty::window_size).unwrap_or((80, 24));
    let mut numbers = Vec::new();
    for arg in cx.args {
        match arg.as_bytes().first() {
            Some(b'w') => numbers.push(width.to_string()),
            Some(b'h') => numbers.push(height.to_string()),
            _ => return Err(Error::usage("")),
        }
    }
    if numbers.is_empty() {
        numbers = vec![width.to_string(), height.to_string()];
    }
    writeln!(cx.out, "{}", numbers.join(" "));
    Ok(())
}

const GROUP_WRITE: u32 = 0o020;

fn mesg(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let path = (0..3).find_map(sys::session::terminal_path).ok_or_else(|| Error::message("not a tty"))?;
    let mode = fs::metadata(&path).at(&path)?.permissions().mode();
    let wanted = match options.operands().first().map(|operand| operand.as_bytes()) {
        None => {
            let open = mode & GROUP_WRITE != 0;
            writeln!(cx.out, "is {}", if open { "y" } else { "n" });
            cx.status = u8::from(!open);
            return Ok(());
        }
        Some([b'y', ..]) => mode | GROUP_WRITE,
        Some([b'n', ..]) => mode & !(GROUP_WRITE | 0o002),
        Some(_) => return Err(Error::usage("")),
    };
    fs::set_permissions(&path, fs::Permissions::from_mode(wanted & 0o7777)).at(&path)
}

fn clear(cx: &mut Cx<'_>) -> Result {
    cx.out.write(b"\x1b[H\x1b[J");
    Ok(())
}

fn reset(cx: &mut Cx<'_>) -> Result {
    if !sys::fd::is_terminal(0) && !sys::fd::is_terminal(1) {
        return Ok(());
    }
    // Normal characters, attributes, the whole screen as scrolling region, no mouse, cursor shown, cleared.
    cx.out.write(b"\x0f\x1b(B\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1000l\x1b[r\x1b[2J\x1b[H");
    cx.out.flush();
    Err(cx.exec(&["stty".into(), "sane".into()]))
}
