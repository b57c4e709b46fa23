//! hostname and dnsdomainname — print or set the name of the host.
//!
//! Source: BusyBox 1.37; hostname(7) for the forms.

use std::io::BufRead;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "hostname",
        links: &["/bin/hostname"],
        usage: "\
hostname [-sidf] [NAME | -F FILE]

Print or set the name of the host or of its domain.

  -s, --short      The name up to the first dot
  -i               The addresses of the name
  -d, --domain     The domain
  -f, --fqdn       The full name
  -F, --file=FILE  Set the name to what FILE has
",
        process: Process::Fork,
        run: hostname,
    },
    Applet {
        name: "dnsdomainname",
        links: &["/bin/dnsdomainname"],
        usage: "dnsdomainname\n\nPrint the domain of the host.\n",
        process: Process::Fork,
        run: dnsdomainname,
    },
];

fn hostname(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    if let Some(file) = options.value('F') {
        return set_from_file(cx, Path::new(file));
    }
    if let Some(name) = options.operands().first() {
        return set(name);
    }
    let name = sys::host::names().doing("uname")?.node;
    match options.last_of("dfis") {
        None => print(cx, name.as_bytes()),
        Some('s') => print(cx, short(name.as_bytes())),
        Some('d') => return print_domain(cx, &name),
        Some('f') => {
            let (canonical, _) = resolve(&name)?;
            print(cx, canonical.unwrap_or(name).as_bytes());
        }
        _ => {
            let (_, addresses) = resolve(&name)?;
            let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            print(cx, texts.join(" ").as_bytes());
        }
    }
    Ok(())
}

fn dnsdomainname(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let name = sys::host::names().doing("uname")?.node;
    print_domain(cx, &name)
}

fn print(cx: &mut Cx<'_>, text: &[u8]) {
    cx.out.write(text);
    cx.out.write(b"\n");
}

/// What the full name has behind the first dot; nothing is printed where there is none.
fn print_domain(cx: &mut Cx<'_>, name: &OsStr) -> Result {
    let (canonical, _) = resolve(name)?;
    let full = canonical.unwrap_or_else(|| name.to_os_string());
    if let Some(dot) = full.as_bytes().iter().position(|&byte| byte == b'.') {
        print(cx, &full.as_bytes()[dot + 1..]);
    }
    Ok(())
}

fn resolve(name: &OsStr) -> Result<(Option<OsString>, Vec<std::net::IpAddr>)> {
    sys::host::resolve(name).map_err(|reason| Error::message(format_args!("{}: {reason}", name.display())))
}

fn short(name: &[u8]) -> &[u8] {
    name.split(|&byte| byte == b'.').next().unwrap_or(name)
}

/// Sets the name to the first word of FILE that is not in a comment.
fn set_from_file(cx: &mut Cx<'_>, file: &Path) -> Result {
    let Some(input) = cx.open(file) else { return Ok(()) };
    for line in input.split(b'\n') {
        let line = line.at(file)?;
        let text = line.trim_ascii();
        if !text.is_empty() && !text.starts_with(b"#") {
            return set(OsStr::from_bytes(text));
        }
    }
    Err(Error::message(format_args!("{}: no host name in it", file.display())))
}

fn set(name: &OsStr) -> Result {
    sys::host::set_node(name).doing("sethostname")
}
