//! uname and arch — print the names of the system.
//!
//! Source: POSIX.1-2024 `uname`; BusyBox 1.37 for `-o`, `-p` and `-i`.

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "uname",
        links: &["/bin/uname"],
        usage: "\
uname [-amnrspvio]

Print the names of the system.

  -a, --all                All of them, in the order below
  -s, --kernel-name        Kernel (default)
  -n, --nodename           Host
  -r, --kernel-release     Release of the kernel
  -v, --kernel-version     Version of the kernel
  -m, --machine            Kind of machine
  -p, --processor          Kind of processor (unknown)
  -i, --hardware-platform  Kind of hardware (unknown)
  -o, --operating-system   Operating system
",
        process: Process::Same,
        run: uname,
    },
    Applet {
        name: "arch",
        links: &["/bin/arch"],
        usage: "arch\n\nPrint the kind of machine, as uname -m does.\n",
        process: Process::Same,
        run: arch,
    },
];

fn uname(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let names = sys::host::names().doing("uname")?;
    let nothing = options.in_order().next().is_none();
    let mut gap = false;
    for (letter, name) in [
        ('s', names.system.as_os_str()),
        ('n', &names.node),
        ('r', &names.release),
        ('v', &names.version),
        ('m', &names.machine),
        ('p', OsStr::new("unknown")),
        ('i', OsStr::new("unknown")),
        ('o', OsStr::new("Linux")),
    ] {
        // What is not known is not part of "all".
        let of_all = options.has('a') && !matches!(letter, 'p' | 'i');
        if options.has(letter) || of_all || nothing && letter == 's' {
            if gap {
                cx.out.write(b" ");
            }
            cx.out.write(name.as_bytes());
            gap = true;
        }
    }
    cx.out.write(b"\n");
    Ok(())
}

fn arch(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let names = sys::host::names().doing("uname")?;
    cx.out.write(names.machine.as_bytes());
    cx.out.write(b"\n");
    Ok(())
}
