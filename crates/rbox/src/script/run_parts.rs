//! run-parts — run the programs in a folder, in the order of their names.
//!
//! Source: BusyBox 1.37; Debian's run-parts for names and `--verbose`.

use std::fs;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "run-parts",
    links: &["/bin/run-parts"],
    usage: "\
run-parts [OPTIONS] DIRECTORY

Run the programs in DIRECTORY, in the order of their names. Names with anything
but letters, digits, '-', '_' and '.' are left out.

  -a, --arg=ARG      Give them ARG
  -u, --umask=UMASK  Set UMASK (022)
  --reverse          In reverse order
  --test             Only print what would be run
  --list             Print all names, of what cannot be run too
  --exit-on-error    Stop when one fails
  -v, --verbose      Print each before it is run
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let folder = Path::new(&options.operands()[0]);
    let mask = match options.text('u')? {
        Some(text) => u32::from_str_radix(text, 8).ok().filter(|&mask| mask <= 0o777),
        None => Some(0o022),
    };
    sys::session::set_mask(mask.ok_or_else(|| Error::message("invalid umask"))?);
    let mut names: Vec<OsString> =
        fs::read_dir(folder).at(folder)?.flatten().map(|entry| entry.file_name()).collect();
    names.retain(|name| is_plain(name.as_bytes()));
    names.sort();
    if options.has_long("reverse") {
        names.reverse();
    }
    for name in names {
        let path = folder.join(name);
        if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let runs = sys::access::effective(&path, sys::access::EXECUTE);
        if options.has_long("list") || options.has_long("test") && runs {
            cx.out.write(path.as_os_str().as_bytes());
            cx.out.write(b"\n");
            continue;
        }
        if !runs || options.has_long("test") {
            continue;
        }
        if options.has('v') {
            cx.warn(&format!("executing {}", path.display()));
        }
        let mut command = vec![path.clone().into_os_string()];
        command.extend(options.values('a').map(OsStr::to_os_string));
        let status = run_one(cx, &command)?;
        if status != 0 {
            cx.warn(&format!("{}: exit status {status}", path.display()));
            cx.status = 1;
            if options.has_long("exit-on-error") {
                break;
            }
        }
    }
    Ok(())
}

fn is_plain(name: &[u8]) -> bool {
    !name.starts_with(b".")
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn run_one(cx: &mut Cx<'_>, command: &[OsString]) -> Result<u8> {
    cx.out.flush();
    match sys::child::fork().doing("fork")? {
        Some(pid) => Ok(sys::child::wait(pid).doing("wait")?.1.status()),
        None => Err(cx.exec(command)),
    }
}
