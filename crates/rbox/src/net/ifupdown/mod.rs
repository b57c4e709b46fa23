//! ifup and ifdown — set up the interfaces of /etc/network/interfaces.
//!
//! Source: interfaces(5) and ifup(8) of Debian's ifupdown; BusyBox 1.37 for the options and commands.
//!
//! *Differs:* `address A/LENGTH`, `inet6 auto` and `source` are known; folders of hooks need not be there.

mod config;

use std::fs;

use crate::prelude::*;
use config::{Config, Interface};
use sys::command::Command;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "ifup",
        links: &["/sbin/ifup"],
        usage: "\
ifup [-nmvf] [-i FILE] -a | IFACE[=STANZA]...

Set interfaces up.

  -a, --all              All that are marked auto
  -i, --interfaces=FILE  FILE instead of /etc/network/interfaces
  -n, --no-act           Only print the commands
  -m, --no-mappings      Run no mappings
  -v, --verbose          Print the commands, too
  -f, --force            Also if they are up already
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "ifdown",
        links: &["/sbin/ifdown"],
        usage: "\
ifdown [-nmvf] [-i FILE] -a | IFACE...

Take interfaces down.

  -a, --all              All that are up
  -i, --interfaces=FILE  FILE instead of /etc/network/interfaces
  -n, --no-act           Only print the commands
  -m, --no-mappings      Ignored
  -v, --verbose          Print the commands, too
  -f, --force            Also if they are down already
",
        process: Process::Fork,
        run,
    },
];

/// Which interfaces are up: lines `IFACE=STANZA`.
const STATE: &str = "/var/run/ifstate";

/// Family, method, commands for up and for down, one a line. `%NAME%` is an option's value; what stands in `[ ]` is
/// left out, and without them the whole is an error, where an option is missing.
const METHODS: &[(&str, &str, &str, &str)] = &[
    (
        "inet",
        "loopback",
        "ip addr add 127.0.0.1/8 dev %iface%\nip link set %iface% up",
        "ip addr flush dev %iface%\nip link set %iface% down",
    ),
    (
        "inet",
        "static",
        "ip addr add %address%/%netmask%[ broadcast %broadcast%] dev %iface%[ peer %pointopoint%][ label %label%]\n\
         ip link set[ mtu %mtu%][ addr %hwaddress%] %iface% up\n\
         [ip route add default via %gateway% dev %iface%[ metric %metric%]]",
        "ip addr flush dev %iface%[ label %label%]\nip link set %iface% down",
    ),
    (
        "inet",
        "dhcp",
        "ip link set[ addr %hwaddress%] %iface% up\n\
         udhcpc -R -n -p /var/run/udhcpc.%iface%.pid -i %iface%[ -x hostname:%hostname%]\
         [ -x '61:\"%client%\"'][ -V %vendor%][ -s %script%][ %udhcpc_opts%]",
        "test -f /var/run/udhcpc.%iface%.pid && kill `cat /var/run/udhcpc.%iface%.pid` 2>/dev/null",
    ),
    ("inet", "ppp", "pon[ %provider%]", "poff[ %provider%]"),
    ("inet", "manual", "", ""),
    ("inet6", "loopback", "ip addr add ::1 dev %iface%\nip link set %iface% up", "ip link set %iface% down"),
    (
        "inet6",
        "static",
        "ip addr add %address%/%netmask% dev %iface%\n\
         ip link set[ mtu %mtu%][ addr %hwaddress%] %iface% up\n\
         [ip route add ::/0 via %gateway% dev %iface%[ metric %metric%]]",
        "ip -6 addr flush dev %iface%",
    ),
    ("inet6", "auto", "ip link set %iface% up", "ip link set %iface% down"),
    (
        "inet6",
        "v4tunnel",
        "ip tunnel add %iface% mode sit remote %endpoint%[ local %local%][ ttl %ttl%]\n\
         ip link set[ mtu %mtu%] %iface% up\n\
         [ip addr add %address%/%netmask% dev %iface%]\n\
         [ip route add ::/0 via %gateway% dev %iface%]",
        "ip tunnel del %iface%",
    ),
    ("inet6", "manual", "", ""),
];

struct Job<'a> {
    options: &'a Options,
    up: bool,
    dry: bool,
    state: Vec<(String, String)>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if options.has('a') != options.operands().is_empty() {
        return Err(Error::usage(""));
    }
    let up = cx.applet.name == "ifup";
    let path = options.value('i').unwrap_or(OsStr::new("/etc/network/interfaces"));
    let config = Config::read(Path::new(path))?;
    for interface in &config.interfaces {
        template(interface)?;
    }
    let text = fs::read_to_string(STATE).unwrap_or_default();
    let state = text.lines().filter_map(|line| line.split_once('='));
    let state = state.map(|(name, stanza)| (name.to_string(), stanza.to_string())).collect();
    let mut job = Job { options: &options, up, dry: options.has('n'), state };

    let names: Vec<String> = match (options.has('a'), up || options.has('f')) {
        (false, _) => options.operands().iter().map(|name| name.to_string_lossy().into_owned()).collect(),
        (true, true) => config.autos.clone(),
        // What came up last goes down first.
        (true, false) => job.state.iter().rev().map(|(name, _)| name.clone()).collect(),
    };
    for name in names {
        if let Err(error) = job.interface(cx, &config, &name) {
            cx.report(error);
        }
    }
    Ok(())
}

fn template(interface: &Interface) -> Result<(&'static str, &'static str)> {
    let Interface { family, method, .. } = interface;
    let method = match method.as_str() {
        "auto-static" if interface.value("address").is_some() => "static",
        "auto-static" => "manual",
        method => method,
    };
    if family != "inet" && family != "inet6" {
        return Err(Error::message(format_args!("unknown address type \"{family}\"")));
    }
    match METHODS.iter().find(|(known, name, ..)| known == family && *name == method) {
        Some((_, _, up, down)) => Ok((up, down)),
        None => Err(Error::message(format_args!("unknown method \"{method}\""))),
    }
}

impl Job<'_> {
    fn interface(&mut self, cx: &mut Cx<'_>, config: &Config, operand: &str) -> Result {
        let (name, stanza) = match operand.split_once('=') {
            Some((name, stanza)) => (name, Some(stanza.to_string())),
            None => (operand, None),
        };
        let known = self.state.iter().find(|(up, _)| up == name).map(|(_, stanza)| stanza.clone());
        if !self.options.has('f') {
            if self.up && known.is_some() {
                cx.warn(&format!("interface {name} already configured"));
                return Ok(());
            }
            if !self.up && known.is_none() {
                return Err(Error::message(format_args!("interface {name} not configured")));
            }
        }
        let mut stanza = stanza.or(known.filter(|_| !self.up)).unwrap_or_else(|| name.to_string());
        if self.up && !self.options.has('m') {
            for mapping in &config.mappings {
                let fits = |pattern: &String| posix::glob::matches(pattern.as_bytes(), stanza.as_bytes());
                if mapping.patterns.iter().any(fits) {
                    stanza = mapped(mapping, &stanza)?;
                }
            }
        }
        let parts: Vec<&Interface> =
            config.interfaces.iter().filter(|interface| interface.name == stanza).collect();
        if parts.is_empty() {
            return Err(Error::message(format_args!("ignoring unknown interface {operand}")));
        }
        let mut result = Ok(());
        for part in parts {
            result = if self.up { self.bring_up(cx, part, name) } else { self.take_down(cx, part, name) };
            if result.is_err() && self.up {
                break;
            }
        }
        if !self.dry && (result.is_ok() || !self.up) {
            self.state.retain(|(other, _)| other != name);
            if self.up {
                self.state.push((name.to_string(), stanza));
            }
            let lines: String =
                self.state.iter().map(|(name, stanza)| format!("{name}={stanza}\n")).collect();
            // Where there is no /run yet nothing can be noted.
            let beside = format!("{STATE}.new");
            fs::write(&beside, lines).and_then(|()| fs::rename(&beside, STATE)).at(STATE)?;
        }
        result
    }

    fn bring_up(&self, cx: &mut Cx<'_>, part: &Interface, name: &str) -> Result {
        let (up, _) = template(part)?;
        let commands = commands(up, part, name)?;
        self.options_named(cx, part, name, "pre-up")?;
        self.hooks(cx, part, name, "pre-up")?;
        for command in commands {
            self.execute(cx, part, name, "up", &command)?;
        }
        for (option, value) in &part.options {
            if matches!(option.as_str(), "up" | "post-up") {
                self.execute(cx, part, name, "post-up", value)?;
            }
        }
        self.hooks(cx, part, name, "up")?;
        self.end(cx);
        Ok(())
    }

    /// Goes on where something fails: as much as can be is taken down.
    fn take_down(&self, cx: &mut Cx<'_>, part: &Interface, name: &str) -> Result {
        let (_, down) = template(part)?;
        let commands = commands(down, part, name)?;
        let mut result = Ok(());
        for (option, value) in &part.options {
            if matches!(option.as_str(), "down" | "pre-down") {
                result = result.and(self.execute(cx, part, name, "pre-down", value));
            }
        }
        result = result.and(self.hooks(cx, part, name, "down"));
        for command in commands {
            // A client of DHCP that has ended already is no failure.
            let _ = self.execute(cx, part, name, "down", &command);
        }
        result = result.and(self.options_named(cx, part, name, "post-down"));
        result = result.and(self.hooks(cx, part, name, "post-down"));
        self.end(cx);
        result
    }

    fn end(&self, cx: &mut Cx<'_>) {
        if self.options.has('v') {
            cx.out.write(b"\n");
        }
    }

    fn options_named(&self, cx: &mut Cx<'_>, part: &Interface, name: &str, phase: &str) -> Result {
        for (option, value) in &part.options {
            if option == phase {
                self.execute(cx, part, name, phase, value)?;
            }
        }
        Ok(())
    }

    fn hooks(&self, cx: &mut Cx<'_>, part: &Interface, name: &str, phase: &str) -> Result {
        let folder = format!("/etc/network/if-{phase}.d");
        if Path::new(&folder).is_dir() {
            self.execute(cx, part, name, phase, &format!("run-parts {folder}"))?;
        }
        Ok(())
    }

    fn execute(&self, cx: &mut Cx<'_>, part: &Interface, name: &str, phase: &str, command: &str) -> Result {
        if self.dry || self.options.has('v') {
            writeln!(cx.out, "{command}");
        }
        if self.dry {
            return Ok(());
        }
        cx.out.flush();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).env_clear();
        for (variable, value) in [
            ("IFACE", name),
            ("LOGICAL", &part.name),
            ("ADDRFAM", &part.family),
            ("METHOD", &part.method),
            ("MODE", if self.up { "start" } else { "stop" }),
            ("PHASE", phase),
            ("PATH", &std::env::var("PATH").unwrap_or_else(|_| "/usr/sbin:/usr/bin:/sbin:/bin".to_string())),
        ] {
            shell.env(variable, value);
        }
        for (option, value) in &part.options {
            let variable: String = option
                .chars()
                .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
                .collect();
            shell.env(format!("IF_{variable}"), value);
        }
        let status = shell.status().doing("/bin/sh")?;
        if status.success() { Ok(()) } else { Err(Error::message(format_args!("{name}: failed: {command}"))) }
    }
}

/// What the mapping's program says to the lines of the mapping; its own name if nothing.
fn mapped(mapping: &config::Mapping, stanza: &str) -> Result<String> {
    let given = sys::command::text_input((mapping.lines.join("\n") + "\n").as_bytes());
    let output = given
        .and_then(|given| Command::new(&mapping.script).arg(stanza).stdin(given).output())
        .at(&mapping.script)?;
    let text = String::from_utf8_lossy(&output);
    let first = text.lines().next().unwrap_or("").trim();
    Ok(if first.is_empty() { stanza } else { first }.to_string())
}

/// The commands of a template with the values of `part` put in.
///
/// Errors: "don't have all variables for IFACE/FAMILY".
fn commands(template: &str, part: &Interface, name: &str) -> Result<Vec<String>> {
    let mut commands = Vec::new();
    for line in template.lines() {
        let mut rest = line;
        let Some(command) = fill(&mut rest, part, name) else {
            return Err(Error::message(format_args!("don't have all variables for {name}/{}", part.family)));
        };
        if !command.is_empty() {
            commands.push(command);
        }
    }
    Ok(commands)
}

/// Fills in up to the closing bracket or the end. None: a value is missing.
fn fill(rest: &mut &str, part: &Interface, name: &str) -> Option<String> {
    let mut text = String::new();
    let mut complete = true;
    while let Some(next) = rest.chars().next() {
        *rest = &rest[next.len_utf8()..];
        match next {
            '[' => text.extend(fill(rest, part, name)),
            ']' => break,
            '%' => {
                let (variable, behind) = rest.split_once('%')?;
                *rest = behind;
                match value(variable, part, name) {
                    Some(value) => text += &value,
                    None => complete = false,
                }
            }
            next => text.push(next),
        }
    }
    complete.then_some(text)
}

fn value(variable: &str, part: &Interface, name: &str) -> Option<String> {
    let prefix = || part.value("address").and_then(|address| address.split_once('/'));
    match variable {
        "iface" => Some(name.to_string()),
        "label" => Some(part.value("label").unwrap_or(name).to_string()),
        "address" => Some(prefix().map_or(part.value("address")?, |(address, _)| address).to_string()),
        "netmask" => {
            let mask = prefix().map(|(_, length)| length).or(part.value("netmask"))?;
            let length = mask.parse().ok().and_then(super::common::mask_length);
            Some(length.map_or_else(|| mask.to_string(), |length| length.to_string()))
        }
        // "ether 02:…": the kind of the address is known.
        "hwaddress" => part.value("hwaddress")?.split_ascii_whitespace().last().map(str::to_string),
        "client" => part.value("client").or(part.value("clientid")).map(str::to_string),
        "pointopoint" => part.value("pointopoint").or(part.value("pointtopoint")).map(str::to_string),
        "hostname" => part.value("hostname").or(part.value("dhcp-hostname")).map(str::to_string),
        variable => part.value(variable).map(str::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_templates() {
        let part = Interface {
            name: "e".into(),
            family: "inet".into(),
            method: "static".into(),
            options: [("address", "10.0.0.1/24"), ("b", "2")].map(|(a, b)| (a.into(), b.into())).to_vec(),
        };
        for (template, expected) in [
            ("x %address% %netmask%[ c %c%][ b %b%] y", Some("x 10.0.0.1 24 b 2 y")),
            ("[x %b%[ c %c%]] z", Some("x 2 z")),
            ("[x %c%[ b %b%]]", Some("")),
            ("x %c%", None),
        ] {
            assert_eq!(fill(&mut { template }, &part, "e").as_deref(), expected, "{template}");
        }
    }
}
