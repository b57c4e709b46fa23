//! arp — print and change which hardware address an IPv4 address has.
//!
//! Source: BusyBox 1.37; arp(7).

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use sys::interface::{Code, Control, code};
use sys::socket::family;

use super::common;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "arp",
    links: &["/sbin/arp"],
    usage: "\
arp [-vn] [-H TYPE] [-i IFACE] [-a] [HOST]
   or: arp [-i IFACE] -d HOST [pub]
   or: arp [-i IFACE] -s HOST ADDRESS [temp] [netmask MASK] [pub]
   or: arp [-i IFACE] -Ds HOST IFACE [netmask MASK] [pub]

Print, delete or set hardware addresses of hosts.

  -a          All hosts
  -d          Delete
  -s          Set
  -D          The address is that of an interface
  -n          Don't resolve names
  -v          Ignored
  -i IFACE    The interface
  -H, -t TYPE
              Kind of hardware address: ether
  -A, -p FAMILY
              Kind of address: inet
",
    process: Process::Fork,
    run,
};

/// Flags of an entry: the address is known, is for ever, is told to others, may be resolved again, covers a network.
const COMPLETE: u32 = 0x02;
const PERMANENT: u32 = 0x04;
const PUBLISHED: u32 = 0x08;
const NETMASK: u32 = 0x20;
const ETHERNET: u16 = 1;

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if let Some(kind) = options.text('H')?
        && !matches!(kind, "ether" | "ethernet")
    {
        return Err(Error::message(format_args!("{kind}: unknown hardware type")));
    }
    if let Some(kind) = options.text('A')?
        && kind != "inet"
    {
        return Err(Error::message(format_args!("{kind}: unknown address family")));
    }
    if options.has('d') || options.has('s') {
        return change(&options);
    }
    list(cx, &options)
}

/// Who is meant, and the words behind.
fn host(options: &Options) -> Result<(Ipv4Addr, &[OsString])> {
    let (host, rest) = options.operands().split_first().ok_or_else(|| Error::message("need host name"))?;
    let host = host.to_string_lossy();
    match common::resolve(&host, family::INET) {
        Ok(found) => match found.first() {
            Some(IpAddr::V4(address)) => Ok((*address, rest)),
            _ => Err(Error::message(format_args!("{host}: Host not found"))),
        },
        Err(_) => Err(Error::message(format_args!("{host}: Host not found"))),
    }
}

fn change(options: &Options) -> Result {
    let (address, mut rest) = host(options)?;
    let control = Control::open(family::INET).doing("socket")?;
    let deletes = options.has('d');
    let mut hardware = vec![0; 6];
    let mut interface = options.text('i')?.unwrap_or("").to_string();
    if !deletes {
        let (first, behind) = rest.split_first().ok_or_else(|| Error::message("need hardware address"))?;
        rest = behind;
        let text = first.to_string_lossy();
        if options.has('D') {
            let mut value = [0; 24];
            control
                .request(code::GIFHWADDR, &text, &mut value)
                .doing(&format!("can't get HW-Address for '{text}'"))?;
            hardware.copy_from_slice(&value[2..8]);
        } else {
            hardware = common::hardware(&text)
                .filter(|bytes| bytes.len() == 6)
                .ok_or_else(|| Error::message("invalid hardware address"))?;
        }
    }
    let mut flags = if deletes { PERMANENT } else { PERMANENT | COMPLETE };
    let mut mask = Ipv4Addr::BROADCAST;
    while let Some((word, behind)) = rest.split_first() {
        rest = behind;
        match word.as_bytes() {
            b"pub" => flags |= PUBLISHED,
            b"priv" | b"trail" => {}
            b"temp" => flags &= !PERMANENT,
            kind @ (b"netmask" | b"dev") => {
                let (value, behind) = rest.split_first().ok_or_else(|| Error::usage(""))?;
                rest = behind;
                let value = value.to_string_lossy();
                if kind == b"dev" {
                    interface = value.into_owned();
                } else {
                    mask =
                        value.parse().map_err(|_| Error::message(format_args!("bad netmask '{value}'")))?;
                    flags |= NETMASK;
                }
            }
            other => {
                return Err(Error::usage(format_args!(
                    "unknown word '{}'",
                    OsStr::from_bytes(other).display()
                )));
            }
        }
    }
    // An entry for others is one of the whole machine, unless an interface is named.
    let (what, code) = if deletes { ("SIOCDARP", code::DARP) } else { ("SIOCSARP", code::SARP) };
    let detail = match (deletes, flags & PUBLISHED != 0) {
        (true, true) => "(pub)",
        (true, false) => "(priv)",
        _ => "",
    };
    request(&control, code, address, &hardware, flags, mask, &interface).doing(&format!("{what}{detail}"))
}

/// `struct arpreq`: two socket addresses, flags, the mask's, and the interface's name.
fn request(
    control: &Control,
    code: Code,
    address: Ipv4Addr,
    hardware: &[u8],
    flags: u32,
    mask: Ipv4Addr,
    interface: &str,
) -> io::Result<()> {
    let mut data = [0; 68];
    data[..2].copy_from_slice(&family::INET.to_ne_bytes());
    data[4..8].copy_from_slice(&address.octets());
    data[16..18].copy_from_slice(&ETHERNET.to_ne_bytes());
    data[18..24].copy_from_slice(hardware);
    data[32..36].copy_from_slice(&flags.to_ne_bytes());
    if flags & NETMASK != 0 {
        data[36..38].copy_from_slice(&family::INET.to_ne_bytes());
        data[40..44].copy_from_slice(&mask.octets());
    }
    let name = &interface.as_bytes()[..interface.len().min(15)];
    data[52..52 + name.len()].copy_from_slice(name);
    control.request_raw(code, &mut data)
}

fn list(cx: &mut Cx<'_>, options: &Options) -> Result {
    let wanted = if options.operands().is_empty() { None } else { Some(host(options)?.0) };
    let path = "/proc/net/arp";
    let text = fs::read_to_string(path).at(path)?;
    let (mut entries, mut shown) = (0, 0);
    // IP address, HW type, flags, HW address, mask, device.
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[address, kind, flags, hardware, mask, device] = &fields[..] else { continue };
        let number = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0);
        let (Ok(address), flags) = (address.parse::<Ipv4Addr>(), number(flags)) else { continue };
        entries += 1;
        if wanted.is_some_and(|wanted| wanted != address)
            || options.value('i').is_some_and(|interface| interface != device)
        {
            continue;
        }
        shown += 1;
        let name = if options.has('n') { None } else { sys::resolver::host_name(IpAddr::V4(address)) };
        write!(cx.out, "{} ({address}) at ", name.as_deref().unwrap_or("?"));
        if flags & COMPLETE != 0 {
            let kind = if number(kind) == u32::from(ETHERNET) { "ether" } else { "unknown" };
            write!(cx.out, "{hardware} [{kind}] ");
        } else {
            cx.out.write(if flags & PUBLISHED != 0 { b"* " } else { b"<incomplete> " });
        }
        if mask != "*" {
            write!(cx.out, "netmask {mask} ");
        }
        if flags & PERMANENT != 0 {
            cx.out.write(b"PERM ");
        }
        if flags & PUBLISHED != 0 {
            cx.out.write(b"PUP ");
        }
        if flags & (PERMANENT | PUBLISHED) == 0 {
            cx.out.write(b" ");
        }
        writeln!(cx.out, "on {device}");
    }
    if shown == 0 && (wanted.is_some() || options.has('i')) {
        writeln!(cx.out, "No match found in {entries} entries");
    }
    Ok(())
}
