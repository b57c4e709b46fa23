//! dos2unix and unix2dos — change the ends of lines.
//!
//! Source: BusyBox 1.37.

use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "dos2unix",
        links: &["/usr/bin/dos2unix"],
        usage: "\
dos2unix [-ud] [FILE]...

Take the carriage returns out of FILEs in place, or from stdin to stdout.

  -u   dos2unix, whatever the name of the command
  -d   unix2dos
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "unix2dos",
        links: &["/usr/bin/unix2dos"],
        usage: "\
unix2dos [-ud] [FILE]...

End the lines of FILEs in carriage return and newline in place, or from stdin
to stdout.

  -u   dos2unix, whatever the name of the command
  -d   unix2dos
",
        process: Process::Fork,
        run,
    },
];

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let to_dos = match (options.has('u'), options.has('d')) {
        (true, true) => return Err(Error::usage("")),
        (false, false) => cx.applet.name == "unix2dos",
        (_, to_dos) => to_dos,
    };
    if options.operands().is_empty() {
        return convert(&mut cx.stdin(), to_dos, &mut cx.out).doing("read error");
    }
    for file in options.operands() {
        if let Err(error) = in_place(Path::new(file), to_dos) {
            cx.report(error);
        }
    }
    Ok(())
}

fn convert(input: &mut dyn BufRead, to_dos: bool, out: &mut Output) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 || out.failed() {
            return Ok(());
        }
        line.retain(|&byte| byte != b'\r');
        if to_dos && line.last() == Some(&b'\n') {
            line.insert(line.len() - 1, b'\r');
        }
        out.write(&line);
    }
}

/// Writes beside and renames, so that an error leaves the file as it was. Where the name is a link, the file behind it
/// is changed.
fn in_place(name: &Path, to_dos: bool) -> Result {
    let cannot_open = |error| super::common::cannot_open(name, &error);
    let file = std::fs::canonicalize(name).map_err(cannot_open)?;
    let opened = std::fs::File::open(&file).map_err(cannot_open)?;
    let data = opened.metadata().at(name)?;
    let mut text = Output::to_memory();
    convert(&mut cli::input::file(opened), to_dos, &mut text).at(name)?;

    let mut beside = file.clone().into_os_string();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut write = || -> io::Result<()> {
        let mut new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        new.write_all(&text.take())?;
        // Whoever may write the file may not always give a new one to its owner.
        let _ = std::os::unix::fs::fchown(&new, Some(data.uid()), Some(data.gid()));
        new.set_permissions(std::fs::Permissions::from_mode(data.mode() & 0o7777))?;
        std::fs::rename(&beside, &file)
    };
    let written = write();
    if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
        let _ = std::fs::remove_file(&beside);
    }
    written.at(name)
}
