//! ifconfig — show and configure network interfaces.
//!
//! Source: netdevice(7); BusyBox 1.37 for the language and what is printed.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use sys::interface::{Control, Value, code, flag};
use sys::socket::family;

use super::common::{Prefix, hardware, hardware_text, mask, resolve};
use super::netlink::{Netlink, Request, message};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "ifconfig",
    links: &["/sbin/ifconfig"],
    usage: "\
ifconfig [-a] [IFACE] [ADDRESS[/PREFIXLEN]]

Configure a network interface.

	[add ADDRESS[/PREFIXLEN]]
	[del ADDRESS[/PREFIXLEN]]
	[[-]broadcast [ADDRESS]] [[-]pointopoint [ADDRESS]]
	[netmask ADDRESS] [dstaddr ADDRESS]
	[outfill NN] [keepalive NN]
	[hw ether|infiniband ADDRESS] [metric NN] [mtu NN]
	[[-]trailers] [[-]arp] [[-]allmulti]
	[multicast] [[-]promisc] [txqueuelen NN] [[-]dynamic]
	[mem_start NN] [io_addr NN] [irq NN]
	[up|down] ...
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let mut words = Vec::new();
    for arg in cx.args {
        words.push(
            arg.to_str().ok_or_else(|| Error::message(format_args!("bad address '{}'", arg.display())))?,
        );
    }
    let all = words.first() == Some(&"-a");
    if all {
        words.remove(0);
    }
    match words.split_first() {
        None => {
            for name in names(cx)? {
                if all
                    || Control::any().doing("socket")?.flags(&name).is_ok_and(|flags| flags & flag::UP != 0)
                {
                    show(cx, &name)?;
                }
            }
            Ok(())
        }
        Some((name, [])) => show(cx, name),
        Some((name, rest)) => configure(name, rest),
    }
}

/// Every interface, and the names of second addresses (`eth0:1`) behind theirs.
fn names(cx: &mut Cx<'_>) -> Result<Vec<String>> {
    const HEADER: usize = 8;
    const LABEL: u16 = 3;
    let text = fs::read_to_string("/proc/net/dev").at("/proc/net/dev")?;
    let mut names: Vec<String> =
        text.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_string())).collect();
    let mut header = [0; HEADER];
    header[0] = family::INET as u8;
    for entry in Netlink::open()?.dump(cx, Request::new(message::GETADDR, 0, &header))? {
        let label = entry.attributes(HEADER).name(LABEL).filter(|label| label.contains(':'));
        names.extend(label.filter(|label| !names.contains(label)));
    }
    names.sort();
    // The loopback interface leads nowhere else and is shown first.
    names.sort_by_key(|name| name != "lo");
    Ok(names)
}

fn show(cx: &mut Cx<'_>, name: &str) -> Result {
    let control = Control::any().doing("socket")?;
    let flags = control.flags(name).map_err(|_| {
        Error::message(format_args!("{name}: error fetching interface information: Device not found"))
    })?;
    let mut hardware = [0; 24];
    let _ = control.request(code::GIFHWADDR, name, &mut hardware);
    print_hardware(cx, name, &hardware);
    print_ipv4(cx, &control, name, flags);
    let is_alias = name.contains(':');
    if !is_alias {
        print_ipv6(cx, name);
    }
    print_flags(cx, &control, name, flags);
    if !is_alias {
        print_counters(cx, &control, name);
    }
    cx.out.write(b"\n");
    Ok(())
}

fn print_hardware(cx: &mut Cx<'_>, name: &str, hardware: &Value) {
    let (title, length) = match u16::from_ne_bytes([hardware[0], hardware[1]]) {
        1 => ("Ethernet", 6),
        32 => ("InfiniBand", 14),
        512 => ("Point-to-Point Protocol", 0),
        768 => ("IPIP Tunnel", 0),
        772 => ("Local Loopback", 0),
        776 => ("IPv6-in-IPv4", 0),
        _ => ("UNSPEC", 14),
    };
    write!(cx.out, "{name:<9} Link encap:{title}  ");
    if length > 0 {
        let separator = if title == "UNSPEC" { "-" } else { ":" };
        let text = hardware_text(&hardware[2..2 + length]).to_ascii_uppercase().replace(':', separator);
        write!(cx.out, "HWaddr {text}  ");
    }
    cx.out.write(b"\n");
}

fn ipv4_of(value: &Value) -> Ipv4Addr {
    Ipv4Addr::new(value[4], value[5], value[6], value[7])
}

fn print_ipv4(cx: &mut Cx<'_>, control: &Control, name: &str, flags: u16) {
    let ask = |code| {
        let mut value = [0; 24];
        value[..2].copy_from_slice(&family::INET.to_ne_bytes());
        control.request(code, name, &mut value).ok().map(|()| ipv4_of(&value))
    };
    let Some(address) = ask(code::GIFADDR) else { return };
    write!(cx.out, "          inet addr:{address} ");
    if flags & flag::POINTOPOINT != 0 {
        write!(cx.out, " P-t-P:{} ", ask(code::GIFDSTADDR).unwrap_or(address));
    }
    if flags & flag::BROADCAST != 0 {
        write!(cx.out, " Bcast:{} ", ask(code::GIFBRDADDR).unwrap_or(Ipv4Addr::UNSPECIFIED));
    }
    writeln!(cx.out, " Mask:{}", ask(code::GIFNETMASK).unwrap_or(Ipv4Addr::UNSPECIFIED));
}

fn print_ipv6(cx: &mut Cx<'_>, name: &str) {
    for line in fs::read_to_string("/proc/net/if_inet6").unwrap_or_default().lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [digits, _, length, scope, _, device] = fields[..] else { continue };
        let (Ok(bits), Ok(length)) = (u128::from_str_radix(digits, 16), u8::from_str_radix(length, 16))
        else {
            continue;
        };
        if device != name {
            continue;
        }
        let scope = match u8::from_str_radix(scope, 16).unwrap_or(0) & 0xf0 {
            0 => "Global",
            0x10 => "Host",
            0x20 => "Link",
            0x40 => "Site",
            0x80 => "Compat",
            _ => "Unknown",
        };
        writeln!(cx.out, "          inet6 addr: {}/{length} Scope:{scope}", std::net::Ipv6Addr::from(bits));
    }
}

const FLAGS: &[(u16, &str)] = &[
    (flag::UP, "UP"),
    (flag::BROADCAST, "BROADCAST"),
    (0x4, "DEBUG"),
    (flag::LOOPBACK, "LOOPBACK"),
    (flag::POINTOPOINT, "POINTOPOINT"),
    (flag::NOTRAILERS, "NOTRAILERS"),
    (flag::RUNNING, "RUNNING"),
    (flag::NOARP, "NOARP"),
    (flag::PROMISC, "PROMISC"),
    (flag::ALLMULTI, "ALLMULTI"),
    (0x800, "SLAVE"),
    (0x400, "MASTER"),
    (flag::MULTICAST, "MULTICAST"),
    (flag::DYNAMIC, "DYNAMIC"),
];

fn print_flags(cx: &mut Cx<'_>, control: &Control, name: &str, flags: u16) {
    cx.out.write(b"          ");
    if flags == 0 {
        cx.out.write(b"[NO FLAGS] ");
    }
    for (bit, text) in FLAGS {
        if flags & bit != 0 {
            write!(cx.out, "{text} ");
        }
    }
    let metric = control.number(code::GIFMETRIC, name).unwrap_or(0);
    let mtu = control.number(code::GIFMTU, name).unwrap_or(0);
    writeln!(cx.out, " MTU:{mtu}  Metric:{}", metric.max(1));
}

fn print_counters(cx: &mut Cx<'_>, control: &Control, name: &str) {
    let text = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':'));
    let numbers: Vec<u64> =
        line.unwrap_or_default().split_ascii_whitespace().filter_map(|field| field.parse().ok()).collect();
    // Received: bytes packets errors dropped overruns frame compressed multicast; sent: the same with
    // collisions and carrier.
    let [rb, rp, re, rd, ro, rf, rc, _, tb, tp, te, td, to, tc, ta, tz] = numbers[..] else { return };
    writeln!(cx.out, "          RX packets:{rp} errors:{re} dropped:{rd} overruns:{ro} frame:{rf}");
    if rc != 0 {
        writeln!(cx.out, "             compressed:{rc}");
    }
    writeln!(cx.out, "          TX packets:{tp} errors:{te} dropped:{td} overruns:{to} carrier:{ta}");
    write!(cx.out, "          collisions:{tc} ");
    if tz != 0 {
        write!(cx.out, "compressed:{tz} ");
    }
    if let Ok(length) = control.number(code::GIFTXQLEN, name) {
        write!(cx.out, "txqueuelen:{length} ");
    }
    writeln!(cx.out, "\n          RX bytes:{rb} ({})  TX bytes:{tb} ({})", rounded(rb), rounded(tb));
    print_map(cx, control, name);
}

/// `struct ifmap`: memory from and to, base address, interrupt, DMA channel.
fn print_map(cx: &mut Cx<'_>, control: &Control, name: &str) {
    let mut map = [0; 24];
    if control.request(code::GIFMAP, name, &mut map).is_err() {
        return;
    }
    let long = |at: usize| u64::from_ne_bytes(map[at..at + 8].try_into().unwrap_or_default());
    let (base, interrupt, dma) = (u16::from_ne_bytes([map[16], map[17]]), map[18], map[19]);
    if interrupt == 0 && long(0) == 0 && dma == 0 && base < 0x100 {
        return;
    }
    cx.out.write(b"          ");
    if interrupt != 0 {
        write!(cx.out, "Interrupt:{interrupt} ");
    }
    if base >= 0x100 {
        write!(cx.out, "Base address:0x{base:x} ");
    }
    if long(0) != 0 {
        write!(cx.out, "Memory:{:x}-{:x} ", long(0), long(8));
    }
    if dma != 0 {
        write!(cx.out, "DMA chan:{dma:x} ");
    }
    cx.out.write(b"\n");
}

/// `1.4 KiB`: with one digit behind the point.
fn rounded(bytes: u64) -> String {
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    while tenths >= 10240 && unit < 6 {
        tenths = (tenths + 512) / 1024;
        unit += 1;
    }
    let name = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][unit];
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// One interface that is being configured.
struct Setup<'a> {
    name: &'a str,
    control: Control,
    /// Whether setting an address brings it up at the end.
    up: bool,
    explicit_down: bool,
}

fn configure(name: &str, words: &[&str]) -> Result {
    let mut setup = Setup { name, control: Control::any().doing("socket")?, up: false, explicit_down: false };
    let mut rest = words.iter().copied();
    let mut netmask = None;
    let mut address = None;
    while let Some(word) = rest.next() {
        match word {
            "netmask" => netmask = Some(ipv4(next(&mut rest)?)?),
            _ if setup.switch(word)? => {}
            _ if setup.with_value(word, &mut rest)? => {}
            // BusyBox's words for families: the address that follows tells by itself.
            "inet" | "inet6" => {}
            _ => {
                let found = setup.address(word)?;
                address = address.or(found);
            }
        }
        // A mask belongs to the address, which the kernel must have first.
        if let Some(mask) = netmask.take() {
            setup.set_ipv4(code::SIFNETMASK, "SIOCSIFNETMASK", mask)?;
        }
    }
    if setup.up && !setup.explicit_down {
        setup.change(flag::UP | flag::RUNNING, 0)?;
    }
    Ok(())
}

fn next<'a>(rest: &mut impl Iterator<Item = &'a str>) -> Result<&'a str> {
    rest.next().ok_or_else(|| Error::usage(""))
}

fn ipv4(text: &str) -> Result<Ipv4Addr> {
    match resolve(text, family::INET)?.first() {
        Some(IpAddr::V4(address)) => Ok(*address),
        _ => Err(Error::message(format_args!("bad address '{text}'"))),
    }
}

fn number(text: &str) -> Result<i32> {
    let digits = text.strip_prefix("0x").map(|digits| i32::from_str_radix(digits, 16));
    digits
        .unwrap_or_else(|| text.parse())
        .map_err(|_| Error::message(format_args!("invalid number '{text}'")))
}

impl Setup<'_> {
    fn change(&self, set: u16, clear: u16) -> Result {
        self.control.flags(self.name).doing("SIOCGIFFLAGS")?;
        self.control.change_flags(self.name, set, clear).doing("SIOCSIFFLAGS")
    }

    /// Words without a value; whether it was one.
    fn switch(&mut self, word: &str) -> Result<bool> {
        let (bare, on) = word.strip_prefix('-').map_or((word, true), |bare| (bare, false));
        let (bits, inverted) = match bare {
            "up" if on => (flag::UP, false),
            "down" if on => {
                self.explicit_down = true;
                (flag::UP, true)
            }
            "arp" => (flag::NOARP, true),
            "trailers" => (flag::NOTRAILERS, true),
            "promisc" => (flag::PROMISC, false),
            "allmulti" => (flag::ALLMULTI, false),
            "multicast" => (flag::MULTICAST, false),
            "dynamic" => (flag::DYNAMIC, false),
            "broadcast" if !on => (flag::BROADCAST, false),
            "pointopoint" if !on => (flag::POINTOPOINT, false),
            _ => return Ok(false),
        };
        if on != inverted {
            self.change(bits, 0)?
        } else {
            self.change(0, bits)?
        }
        Ok(true)
    }

    fn with_value<'a>(&mut self, word: &str, rest: &mut impl Iterator<Item = &'a str>) -> Result<bool> {
        let numbers = [
            ("mtu", code::SIFMTU, "SIOCSIFMTU"),
            ("metric", code::SIFMETRIC, "SIOCSIFMETRIC"),
            ("txqueuelen", code::SIFTXQLEN, "SIOCSIFTXQLEN"),
            ("keepalive", code::SIFKEEPALIVE, "SIOCSKEEPALIVE"),
            ("outfill", code::SIFOUTFILL, "SIOCSOUTFILL"),
        ];
        if let Some((_, code, call)) = numbers.iter().find(|(name, ..)| *name == word) {
            let value = number(next(rest)?)?;
            self.control.set_number(*code, self.name, value).doing(call)?;
            return Ok(true);
        }
        match word {
            "broadcast" => {
                self.set_ipv4(code::SIFBRDADDR, "SIOCSIFBRDADDR", ipv4(next(rest)?)?)?;
                self.change(flag::BROADCAST, 0)?;
            }
            "pointopoint" => {
                self.set_ipv4(code::SIFDSTADDR, "SIOCSIFDSTADDR", ipv4(next(rest)?)?)?;
                self.change(flag::POINTOPOINT, 0)?;
            }
            "dstaddr" => self.set_ipv4(code::SIFDSTADDR, "SIOCSIFDSTADDR", ipv4(next(rest)?)?)?,
            "hw" => self.set_hardware(next(rest)?, next(rest)?)?,
            "add" => self.change_ipv6(code::SIFADDR, "SIOCSIFADDR", next(rest)?)?,
            "del" => self.change_ipv6(code::DIFADDR, "SIOCDIFADDR", next(rest)?)?,
            "mem_start" => self.set_map(0, 8, next(rest)?)?,
            "io_addr" => self.set_map(16, 2, next(rest)?)?,
            "irq" => self.set_map(18, 1, next(rest)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_ipv4(&self, code: sys::interface::Code, call: &str, address: Ipv4Addr) -> Result {
        let mut value = [0; 24];
        value[..2].copy_from_slice(&family::INET.to_ne_bytes());
        value[4..8].copy_from_slice(&address.octets());
        self.control.request(code, self.name, &mut value).doing(call)
    }

    /// The interface's own address. Bringing it up follows, unless it is 0.0.0.0, which takes the address away.
    fn address(&mut self, word: &str) -> Result<Option<IpAddr>> {
        if word.contains(':') {
            self.change_ipv6(code::SIFADDR, "SIOCSIFADDR", word)?;
            self.up = true;
            return Ok(None);
        }
        let (text, length) = match word.split_once('/') {
            Some((text, _)) => {
                let prefix = Prefix::parse(word, family::INET);
                (
                    text,
                    Some(prefix.ok_or_else(|| Error::message(format_args!("bad address '{word}'")))?.length),
                )
            }
            None => (word, None),
        };
        let address = if text == "default" { Ipv4Addr::UNSPECIFIED } else { ipv4(text)? };
        self.set_ipv4(code::SIFADDR, "SIOCSIFADDR", address)?;
        if let Some(length) = length {
            self.set_ipv4(code::SIFNETMASK, "SIOCSIFNETMASK", mask(length))?;
        }
        self.up = !address.is_unspecified();
        Ok(Some(IpAddr::V4(address)))
    }

    /// `struct in6_ifreq`: address, prefix length, index of the interface.
    fn change_ipv6(&mut self, code: sys::interface::Code, call: &str, text: &str) -> Result {
        let Some(prefix) = Prefix::parse(text, family::INET6) else {
            return Err(Error::message(format_args!("bad address '{text}'")));
        };
        let Some(index) = sys::socket::interface_index(self.name) else {
            return Err(Error::io("SIOCGIFINDEX", io::Error::from_raw_os_error(19)));
        };
        let mut request = super::common::octets(prefix.address);
        request.extend_from_slice(&u32::from(prefix.length).to_ne_bytes());
        request.extend_from_slice(&index.to_ne_bytes());
        Control::open(family::INET6).doing("socket")?.request_raw(code, &mut request).doing(call)
    }

    fn set_hardware(&self, class: &str, text: &str) -> Result {
        let (kind, length) = match class {
            "ether" => (1u16, 6),
            "infiniband" => (32, 20),
            _ => return Err(Error::usage("")),
        };
        let bytes = hardware(text).filter(|bytes| bytes.len() == length);
        let bytes = bytes.ok_or_else(|| Error::message(format_args!("invalid hw-addr {text}")))?;
        let mut value = [0; 24];
        value[..2].copy_from_slice(&kind.to_ne_bytes());
        let count = bytes.len().min(14);
        value[2..2 + count].copy_from_slice(&bytes[..count]);
        self.control.request(code::SIFHWADDR, self.name, &mut value).doing("SIOCSIFHWADDR")
    }

    fn set_map(&self, at: usize, size: usize, text: &str) -> Result {
        let mut map = [0; 24];
        self.control.request(code::GIFMAP, self.name, &mut map).doing("SIOCGIFMAP")?;
        let bytes = (number(text)? as u64).to_le_bytes();
        map[at..at + size].copy_from_slice(&bytes[..size]);
        self.control.request(code::SIFMAP, self.name, &mut map).doing("SIOCSIFMAP")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_bytes() {
        for (bytes, text) in [
            (0, "0.0 B"),
            (999, "999.0 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
        ] {
            assert_eq!(rounded(bytes), text, "{bytes}");
        }
    }
}
