//! modprobe — load a kernel module with what it needs, or unload it.
//!
//! Source: kmod's modprobe(8), modprobe.d(5); BusyBox 1.37 for `-l` and the messages. Compressed modules are unpacked
//! by the kernel (MODULE_DECOMPRESS).

mod config;
mod probe;

use super::common;
use super::database::{Database, wildcard};
use crate::prelude::*;
use config::Config;
use probe::{Probe, Settings};

pub(crate) const APPLET: Applet = Applet {
    name: "modprobe",
    links: &["/sbin/modprobe"],
    usage: "\
modprobe [-rqvsDbnifa] [-S VER] MODULE [SYMBOL=VALUE]...

Load MODULE, a name or an alias, and what it needs.

  -r, --remove         Remove MODULE and what only it needed
  -a, --all            Load several MODULEs
  -l                   List modules (MODULE is a pattern)
  -q, --quiet          Quiet when the module is not there
  -v, --verbose        Say what is done
  -s, --syslog         Errors to the system log
  -D, --show-depends   Show what would be loaded
  -n, --dry-run        Do everything but load
  -b, --use-blacklist  The blacklist holds for module names, too
  -R, --resolve-alias  Print the names that MODULE stands for
  -i, --ignore-install  Ignore install and remove commands
  --ignore-remove      The same
  --first-time         Fail if it is loaded already, or not there to be removed
  -f, --force          Ignore the kernel version that it was built for
  -S, --set-version=VER  For kernel VER instead of the one that runs
  -d, --dirname=DIR    Below DIR instead of /
  -C, --config=PATH    File or folder instead of /etc/modprobe.d and its like
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let result = probe(cx, &options);
    if let Err(error) = result {
        if !options.has('s') {
            return Err(error);
        }
        common::log(cx.name, &error.to_string());
        cx.status = cx.failure;
    }
    Ok(())
}

fn probe(cx: &mut Cx<'_>, options: &Options) -> Result {
    let operands = options.operands();
    let root = Path::new(options.value('d').unwrap_or(OsStr::new("/")));
    let release = match options.text('S')? {
        Some(release) => release.to_string(),
        None => common::release()?,
    };
    let database = Database::new(root.join("lib/modules").join(release));
    if options.has('l') {
        return list(cx, &database, operands);
    }
    if operands.is_empty() {
        return Err(Error::usage(""));
    }
    let config = Config::read(root, database.folder(), options.value('C').map(Path::new));
    let settings = Settings {
        show: options.has('D') || options.has('n') && options.has('v'),
        act: !options.has('D') && !options.has('n'),
        verbose: options.has('v'),
        no_commands: options.has('i') || options.has_long("ignore-remove"),
        blacklist_names: options.has('b'),
        first_time: options.has_long("first-time"),
        force: options.has('f'),
        quiet: options.has('q'),
    };
    let several = options.has('a') || options.has('r') || options.has('R');
    let (names, words) = operands.split_at(if several { operands.len() } else { 1 });
    let mut parameters = Vec::new();
    for word in words {
        common::push_parameter(&mut parameters, word.as_bytes());
    }
    let mut probe = Probe::new(&database, &config, settings);
    for name in names {
        let name = name.as_bytes();
        let result = if options.has('R') {
            probe
                .resolve(name)
                .map(|(found, _)| found.iter().for_each(|name| writeln!(cx.out, "{}", name.escape_ascii())))
        } else if options.has('r') {
            probe.remove(cx, name)
        } else {
            probe.load(cx, name, &parameters)
        };
        match result {
            // Quiet is about modules that are not there: the kernel asks for many of those.
            Err(_) if options.has('q') && !probe.found => cx.status = cx.failure,
            Err(error) if names.len() > 1 => cx.report(error),
            result => result?,
        }
    }
    Ok(())
}

/// `-l`: the files whose module fits one of the patterns.
fn list(cx: &mut Cx<'_>, database: &Database, patterns: &[OsString]) -> Result {
    for module in database.modules()? {
        let fits = |pattern: &OsString| wildcard(pattern.as_bytes(), &module.name);
        if patterns.is_empty() || patterns.iter().any(fits) {
            writeln!(
                cx.out,
                "{}",
                module.path.strip_prefix(database.folder()).unwrap_or(&module.path).display()
            );
        }
    }
    Ok(())
}
