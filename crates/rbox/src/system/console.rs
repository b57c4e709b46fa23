//! chvt, deallocvt, fgconsole, openvt, kbd_mode, loadkmap, dumpkmap and setconsole — virtual terminals and keyboards.
//!
//! Source: BusyBox 1.37; ioctl_console(2); the keymaps of Alpine's kbd-bkeymaps for their format.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;

use sys::console;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "chvt",
        links: &["/usr/bin/chvt"],
        usage: "chvt N\n\nShow the virtual terminal /dev/ttyN.\n",
        process: Process::Fork,
        run: chvt,
    },
    Applet {
        name: "deallocvt",
        links: &["/usr/bin/deallocvt"],
        usage: "deallocvt [N]\n\nFree the memory of /dev/ttyN, or of all terminals that are not used.\n",
        process: Process::Fork,
        run: deallocvt,
    },
    Applet {
        name: "fgconsole",
        links: &["/usr/bin/fgconsole"],
        usage: "fgconsole\n\nPrint the number of the virtual terminal that is shown.\n",
        process: Process::Fork,
        run: fgconsole,
    },
    Applet {
        name: "openvt",
        links: &["/usr/bin/openvt"],
        usage: "\
openvt [-c N] [-sw] [PROG ARGS]

Start PROG (or a shell) on a virtual terminal that is free.

  -c N  On /dev/ttyN
  -s    Show it
  -w    Wait until PROG ends, then show the one before
",
        process: Process::New,
        run: openvt,
    },
    Applet {
        name: "kbd_mode",
        links: &["/bin/kbd_mode"],
        usage: "\
kbd_mode [-a|k|s|u] [-C TTY]

Print or set how keys are handed on.

  -a      As ASCII characters
  -k      As key codes
  -s      As scan codes
  -u      As UTF-8
  -C TTY  Of this terminal
",
        process: Process::Fork,
        run: kbd_mode,
    },
    Applet {
        name: "loadkmap",
        links: &["/sbin/loadkmap"],
        usage: "loadkmap <KEYMAP\n\nLoad a binary keymap for the console.\n\n  -C TTY  Of this terminal\n",
        process: Process::Fork,
        run: loadkmap,
    },
    Applet {
        name: "dumpkmap",
        links: &["/bin/dumpkmap"],
        usage: "dumpkmap >KEYMAP\n\nWrite the console's keymap.\n\n  -C TTY  Of this terminal\n",
        process: Process::Fork,
        run: dumpkmap,
    },
    Applet {
        name: "setconsole",
        links: &["/sbin/setconsole"],
        usage: "\
setconsole [-r] [DEVICE]

Make what is written to /dev/console appear on DEVICE (/dev/tty).

  -r, --reset  Make it appear on the console again
",
        process: Process::Fork,
        run: setconsole,
    },
];

const MAGIC: &[u8; 7] = b"bkeymap";
/// Tables of a keymap, one for each row of modifiers, and keys of a table.
const TABLES: usize = 256;
const KEYS: usize = 128;

fn cant_open(path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't open '{}'", path.display()), error)
}

/// The terminal that is asked for, or the first of the usual ones that is virtual.
fn open_console(given: Option<&OsStr>) -> Result<File> {
    let open = |path: &Path| OpenOptions::new().read(true).write(true).open(path);
    if let Some(path) = given {
        return open(Path::new(path)).map_err(|error| cant_open(Path::new(path), error));
    }
    for path in ["/dev/tty", "/dev/tty0", "/dev/console", "/dev/vc/0"] {
        if let Ok(file) = open(Path::new(path))
            && console::is_virtual(&file)
        {
            return Ok(file);
        }
    }
    Err(Error::message("can't open console"))
}

fn terminal_number(text: &OsStr) -> Result<u32> {
    match cli::options::number(text)? {
        number @ 1..=63 => Ok(number as u32),
        number => Err(Error::message(format_args!("number {number} is not in 1..63 range"))),
    }
}

fn chvt(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let number = terminal_number(&options.operands()[0])?;
    console::activate(&open_console(None)?, number).doing("VT_ACTIVATE")
}

fn deallocvt(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let number = options.operands().first().map(|text| terminal_number(text)).transpose()?;
    console::deallocate(&open_console(None)?, number.unwrap_or(0)).doing("VT_DISALLOCATE")
}

fn fgconsole(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let number = console::active(&open_console(None)?).doing("VT_GETSTATE")?;
    writeln!(cx.out, "{number}");
    Ok(())
}

fn openvt(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let console = open_console(None).ok();
    let number = match options.value('c') {
        Some(text) => terminal_number(text)?,
        None => match console.as_ref().and_then(|console| console::free(console).ok().flatten()) {
            Some(number) => number,
            None => return Err(Error::message("can't find open VT")),
        },
    };
    let before = console.as_ref().and_then(|console| console::active(console).ok());
    let path = PathBuf::from(format!("/dev/tty{number}"));
    let shell =
        [std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into())];
    let command = if options.operands().is_empty() { &shell } else { options.operands() };
    let pid = sys::child::fork().doing("fork")?;
    if pid.is_none() {
        // The child: a session whose terminal is the new one.
        sys::session::new_session().doing("setsid")?;
        let terminal =
            OpenOptions::new().read(true).write(true).open(&path).map_err(|error| cant_open(&path, error))?;
        sys::session::take_terminal(terminal.as_raw_fd()).doing("TIOCSCTTY")?;
        for fd in 0..3 {
            sys::session::duplicate(terminal.as_raw_fd(), fd).doing("dup2")?;
        }
        if options.has('s') {
            console::activate(&terminal, number).doing("VT_ACTIVATE")?;
        }
        return Err(cx.exec(command));
    }
    let Some(pid) = pid.filter(|_| options.has('w')) else { return Ok(()) };
    let (_, end) = sys::child::wait(pid).doing("wait")?;
    if let (true, Some(console), Some(before)) = (options.has('s'), console, before) {
        console::activate(&console, before.into()).doing("VT_ACTIVATE")?;
        console::deallocate(&console, number).doing("VT_DISALLOCATE")?;
    }
    cx.status = end.status();
    Ok(())
}

fn kbd_mode(cx: &mut Cx<'_>) -> Result {
    /// By the kernel's numbers of the modes.
    const MODES: [(char, &str); 4] = [
        ('s', "raw (scancode)"),
        ('a', "default (ASCII)"),
        ('k', "mediumraw (keycode)"),
        ('u', "Unicode (UTF-8)"),
    ];
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let console = open_console(options.value('C'))?;
    match options.last_of("aksu").and_then(|letter| MODES.iter().position(|(known, _)| *known == letter)) {
        Some(mode) => console::set_keyboard_mode(&console, mode as u32).doing("KDSKBMODE"),
        None => {
            let mode = console::keyboard_mode(&console).doing("KDGKBMODE")?;
            let text = MODES.get(mode as usize).map_or("off", |(_, text)| text);
            writeln!(cx.out, "The keyboard is in {text} mode");
            Ok(())
        }
    }
}

fn loadkmap(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let mut input = cx.stdin();
    let mut start = [0; MAGIC.len() + TABLES];
    input.read_exact(&mut start).map_err(|_| Error::message("short read"))?;
    let (magic, flags) = start.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(Error::message("not a valid binary keymap"));
    }
    // All is read before anything is set: half a keymap would be hard to type with.
    let mut tables = Vec::new();
    for (table, _) in flags.iter().enumerate().filter(|(_, flag)| **flag == 1) {
        let mut keys = [0; KEYS * 2];
        input.read_exact(&mut keys).map_err(|_| Error::message("short read"))?;
        tables.push((table as u8, keys));
    }
    let console = open_console(options.value('C'))?;
    for (table, keys) in tables {
        for (key, value) in keys.chunks_exact(2).enumerate() {
            // The kernel has no keys beyond what it was built for; those of other kernels are passed over.
            let _ = console::set_key(&console, table, key as u8, u16::from_le_bytes([value[0], value[1]]));
        }
    }
    Ok(())
}

fn dumpkmap(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    if sys::fd::is_terminal(1) {
        return Err(Error::usage("standard output is a terminal"));
    }
    let console = open_console(options.value('C'))?;
    // Without modifiers, with shift, AltGr, control, alt and what of them goes together.
    const USED: [usize; 9] = [0, 1, 2, 4, 5, 6, 8, 9, 10];
    cx.out.write(MAGIC);
    let flags: Vec<u8> = (0..TABLES).map(|table| USED.contains(&table).into()).collect();
    cx.out.write(&flags);
    for table in USED {
        for key in 0..KEYS {
            let value = console::key(&console, table as u8, key as u8).doing("KDGKBENT")?;
            cx.out.write(&value.to_le_bytes());
        }
    }
    Ok(())
}

fn setconsole(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let default = if options.has('r') { "/dev/console" } else { "/dev/tty" };
    let path = Path::new(options.operands().first().map_or(OsStr::new(default), OsString::as_os_str));
    let terminal = OpenOptions::new().write(true).open(path).map_err(|error| cant_open(path, error))?;
    console::redirect_output(&terminal).doing("TIOCCONS")
}
