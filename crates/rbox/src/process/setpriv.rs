//! setpriv — run a command with other privileges.
//!
//! Source: BusyBox 1.37; util-linux for `--bounding-set`; capabilities(7).

use sys::capability::{self, Sets};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "setpriv",
    links: &["/bin/setpriv"],
    usage: "\
setpriv [OPTIONS] PROG ARGS

Run PROG with other privileges. CAPS are names behind + and -, between commas.

  -d, --dump                Show the privileges
  --nnp, --no-new-privs     Files with set-user-id or capabilities give nothing
  --inh-caps=CAPS           Change the inheritable capabilities
  --ambient-caps=CAPS       Change the ambient capabilities
  --bounding-set=CAPS       Take capabilities out of the bounding set
",
    process: Process::New,
    run,
};

/// The capabilities by number.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    if options.has('d') {
        options.expect_operands(0, 0)?;
        return dump(&mut cx.out);
    }
    options.expect_operands(1, usize::MAX)?;
    if options.has_long("nnp") {
        capability::refuse_new_privileges().doing("prctl: NO_NEW_PRIVS")?;
    }
    if let Some(Some(list)) = options.value_long("inh-caps") {
        let mut sets = capability::sets().doing("capget")?;
        each(list, &mut |number, on| {
            let bit = 1 << number;
            sets.inheritable = if on { sets.inheritable | bit } else { sets.inheritable & !bit };
            Ok(())
        })?;
        capability::set(&sets).doing("capset")?;
    }
    if let Some(Some(list)) = options.value_long("ambient-caps") {
        each(list, &mut |number, on| capability::set_ambient(number, on).doing("cap_ambient"))?;
    }
    if let Some(Some(list)) = options.value_long("bounding-set") {
        each(list, &mut |number, on| {
            // Nothing comes back into that set; what is in it may be named.
            if on { Ok(()) } else { capability::drop_bounded(number).doing("prctl: CAPBSET_DROP") }
        })?;
    }
    Err(cx.exec(options.operands()))
}

/// Calls `change` for each `+name` and `-name`, also `+cap_NUMBER` and `-all`.
fn each(list: &OsStr, change: &mut dyn FnMut(u32, bool) -> Result) -> Result {
    for item in list.to_string_lossy().split(',') {
        let (on, name) = match (item.strip_prefix('+'), item.strip_prefix('-')) {
            (Some(name), _) => (true, name),
            (_, Some(name)) => (false, name),
            _ => return Err(Error::message(format_args!("invalid capability '{item}'"))),
        };
        if name == "all" {
            for number in (0..64).take_while(|&number| capability::is_bounded(number).is_ok()) {
                change(number, on)?;
            }
            continue;
        }
        let by_number = || name.strip_prefix("cap_")?.parse().ok().filter(|&number| number < 64);
        let number =
            NAMES.iter().position(|&known| known == name).map(|number| number as u32).or_else(by_number);
        let Some(number) = number else {
            return Err(Error::message(format_args!("unknown capability '{name}'")));
        };
        change(number, on)?;
    }
    Ok(())
}

fn dump(out: &mut Output) -> Result {
    let (group, effective_group) = sys::identity::groups();
    writeln!(out, "uid: {}\neuid: {}", sys::user::real_id(), sys::user::effective_id());
    writeln!(out, "gid: {group}\negid: {effective_group}");
    let groups: Vec<String> =
        sys::identity::further_groups().doing("getgroups")?.iter().map(u32::to_string).collect();
    list(out, "Supplementary groups", &groups);
    let refused = capability::has_no_new_privileges().doing("prctl: GET_NO_NEW_PRIVS")?;
    writeln!(out, "no_new_privs: {}", u8::from(refused));
    let Sets { inheritable, .. } = capability::sets().doing("capget")?;
    for (title, has) in [
        ("Inheritable capabilities", &(|number: u32| inheritable >> number & 1 == 1) as &dyn Fn(u32) -> bool),
        ("Ambient capabilities", &|number| capability::is_ambient(number).unwrap_or(false)),
        ("Capability bounding set", &|number| capability::is_bounded(number).unwrap_or(false)),
    ] {
        let names: Vec<String> = (0..64)
            .filter(|&number| has(number))
            .map(|number| match NAMES.get(number as usize) {
                Some(name) => (*name).to_string(),
                None => format!("cap_{number}"),
            })
            .collect();
        list(out, title, &names);
    }
    Ok(())
}

fn list(out: &mut Output, title: &str, names: &[String]) {
    let text = if names.is_empty() { "[none]".to_string() } else { names.join(",") };
    writeln!(out, "{title}: {text}");
}
