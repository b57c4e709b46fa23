//! route — show and edit the kernel's routing tables, as before iproute2.
//!
//! Source: route(8) of net-tools, linux/route.h; BusyBox 1.37 for the language and the columns.

use std::ffi::CString;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sys::interface::{Control, code};
use sys::socket::family;

use super::common::{Prefix, mask, mask_length, octets, resolve};
use super::routes::{
    DYNAMIC, GATEWAY, HOST, IRTT, MODIFIED, MSS, REINSTATE, REJECT, UP, WINDOW, flags_text, show,
};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "route",
    links: &["/sbin/route"],
    usage: "\
route [-ne] [-A inet[6]] [{add|del} [-net|-host] TARGET [netmask MASK]
	[gw GATEWAY] [metric N] [mss BYTES] [window BYTES] [irtt N]
	[reject] [mod] [dyn] [reinstate] [[dev] IFACE]]

Show or edit kernel routing tables.

  -n  Don't resolve names
  -e  Display other/more information
  -A inet[6]  Select address family
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    // -net and -host are words of the command, not options.
    let args: Vec<OsString> = cx
        .args
        .iter()
        .map(|arg| match arg.as_bytes() {
            b"-net" | b"-host" => OsString::from_vec(arg.as_bytes()[1..].to_vec()),
            _ => arg.clone(),
        })
        .collect();
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::Mixed)?;
    let is_6 = match options.text('A')? {
        None | Some("inet") => false,
        Some("inet6") => true,
        Some(_) => return Err(Error::usage("")),
    };
    let words: Vec<&str> = options.operands().iter().filter_map(|word| word.to_str()).collect();
    match words.split_first() {
        None if is_6 => show_6(cx),
        None => show(cx, options.has('n'), options.has('e')),
        Some((&("add" | "del" | "delete"), rest)) => {
            let is_new = words[0] == "add";
            if is_6 { change_6(rest, is_new) } else { change(rest, is_new) }
        }
        Some(_) => Err(Error::usage("")),
    }
}

fn show_6(cx: &mut Cx<'_>) -> Result {
    writeln!(
        cx.out,
        "Kernel IPv6 routing table\n{:<44}{:<40}Flags Metric Ref    Use Iface",
        "Destination", "Next Hop"
    );
    let text = fs::read_to_string("/proc/net/ipv6_route").at("/proc/net/ipv6_route")?;
    for line in text.lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [target, length, _, _, next, metric, references, used, flags, device] = fields[..] else {
            continue;
        };
        let hex = |text: &str| u32::from_str_radix(text, 16).unwrap_or(0);
        let address = |text: &str| Ipv6Addr::from(u128::from_str_radix(text, 16).unwrap_or(0));
        let network = format!("{}/{}", address(target), hex(length));
        writeln!(
            cx.out,
            "{network:<43} {:<39} {:<5} {:<6} {:<2}{:>8} {device:<8}",
            address(next).to_string(),
            flags_text(hex(flags)),
            hex(metric) as i32,
            hex(references),
            hex(used)
        );
    }
    Ok(())
}

/// What the words say, for both families.
#[derive(Default)]
struct Wanted<'a> {
    target: Option<&'a str>,
    is_host: Option<bool>,
    mask: Option<&'a str>,
    gateway: Option<&'a str>,
    metric: u32,
    mss: Option<u64>,
    window: Option<u64>,
    irtt: Option<u16>,
    flags: u16,
    device: Option<&'a str>,
}

fn read<'a>(words: &[&'a str]) -> Result<Wanted<'a>> {
    let mut wanted = Wanted::default();
    let mut rest = words.iter().copied();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Error::usage(""));
        match word {
            "net" | "host" if wanted.target.is_none() => wanted.is_host = Some(word == "host"),
            "netmask" | "genmask" => wanted.mask = Some(value()?),
            "gw" | "gateway" => wanted.gateway = Some(value()?),
            "metric" => wanted.metric = number(value()?)?,
            "mss" => wanted.mss = Some(number(value()?)?.into()),
            "window" => wanted.window = Some(number(value()?)?.into()),
            "irtt" => wanted.irtt = Some(u16::try_from(number(value()?)?).unwrap_or(u16::MAX)),
            "reject" => wanted.flags |= REJECT,
            "mod" => wanted.flags |= MODIFIED,
            "dyn" => wanted.flags |= DYNAMIC,
            "reinstate" => wanted.flags |= REINSTATE,
            "dev" | "device" if wanted.target.is_some() => wanted.device = Some(value()?),
            _ if wanted.target.is_none() => wanted.target = Some(word),
            _ if wanted.device.is_none() => wanted.device = Some(word),
            _ => return Err(Error::usage("")),
        }
    }
    Ok(wanted)
}

fn number(text: &str) -> Result<u32> {
    text.parse().map_err(|_| Error::message(format_args!("invalid number '{text}'")))
}

fn ipv4(text: &str) -> Result<Ipv4Addr> {
    match resolve(text, family::INET)?.first() {
        Some(IpAddr::V4(address)) => Ok(*address),
        _ => Err(Error::message(format_args!("bad address '{text}'"))),
    }
}

/// The target with its mask: said by a length, by `netmask`, or told by the address.
fn network(wanted: &Wanted<'_>) -> Result<(Ipv4Addr, Ipv4Addr, bool)> {
    let Some(target) = wanted.target else { return Err(Error::usage("")) };
    if target == "default" {
        let none = Ipv4Addr::UNSPECIFIED;
        return Ok((none, none, false));
    }
    let (address, mut length) = match target.split_once('/') {
        Some((text, _)) => {
            let prefix = Prefix::parse(target, family::INET);
            (
                ipv4(text)?,
                Some(prefix.ok_or_else(|| Error::message(format_args!("bad address '{target}'")))?.length),
            )
        }
        None => (ipv4(target)?, None),
    };
    if let Some(text) = wanted.mask {
        let mask = ipv4(text)?;
        length = Some(mask_length(mask).ok_or_else(|| Error::message(format_args!("bogus netmask {text}")))?);
    }
    let host_bits = |length: u8| u32::from(address) & !u32::from(mask(length)) != 0;
    let length = match (length, wanted.is_host) {
        (Some(length), _) => length,
        (None, Some(true)) => 32,
        (None, is_host) => {
            let class = match address.octets()[0] {
                0 => 0,
                1..=127 => 8,
                128..=191 => 16,
                192..=223 => 24,
                _ => 32,
            };
            // Without -net, an address with host bits is a host.
            if is_host.is_none() && host_bits(class) { 32 } else { class }
        }
    };
    if host_bits(length) {
        return Err(Error::message("netmask and route address conflict"));
    }
    let is_host = wanted.is_host == Some(true) || wanted.is_host.is_none() && length == 32;
    Ok((address, mask(length), is_host))
}

fn change(words: &[&str], is_new: bool) -> Result {
    let wanted = read(words)?;
    let (address, mask, is_host) = network(&wanted)?;
    let mut flags = UP | wanted.flags;
    if is_host {
        flags |= HOST;
    }
    // struct rtentry, as 64-bit machines lay it out.
    let mut entry = [0; 120];
    put_address(&mut entry[8..24], address);
    put_address(&mut entry[40..56], if is_host { Ipv4Addr::UNSPECIFIED } else { mask });
    if let Some(gateway) = wanted.gateway {
        put_address(&mut entry[24..40], ipv4(gateway)?);
        flags |= GATEWAY;
    }
    if let Some(mss) = wanted.mss {
        entry[96..104].copy_from_slice(&mss.to_ne_bytes());
        flags |= MSS;
    }
    if let Some(window) = wanted.window {
        entry[104..112].copy_from_slice(&window.to_ne_bytes());
        flags |= WINDOW;
    }
    if let Some(irtt) = wanted.irtt {
        entry[112..114].copy_from_slice(&irtt.to_ne_bytes());
        flags |= IRTT;
    }
    entry[56..58].copy_from_slice(&flags.to_ne_bytes());
    // The kernel counts from 1, as 0 used to mean "not said".
    entry[80..82].copy_from_slice(&(wanted.metric as i16).wrapping_add(1).to_ne_bytes());
    let device = CString::new(wanted.device.unwrap_or("")).map_err(|_| Error::usage(""))?;
    if wanted.device.is_some() {
        entry[88..96].copy_from_slice(&(device.as_ptr() as u64).to_ne_bytes());
    }
    let control = Control::open(family::INET).doing("socket")?;
    let (code, call) = if is_new { (code::ADDRT, "SIOCADDRT") } else { (code::DELRT, "SIOCDELRT") };
    control.request_raw(code, &mut entry).doing(call)
}

fn put_address(place: &mut [u8], address: Ipv4Addr) {
    place[..2].copy_from_slice(&family::INET.to_ne_bytes());
    place[4..8].copy_from_slice(&address.octets());
}

fn change_6(words: &[&str], is_new: bool) -> Result {
    let wanted = read(words)?;
    let Some(target) = wanted.target else { return Err(Error::usage("")) };
    let prefix = Prefix::parse(target, family::INET6);
    let prefix = prefix.ok_or_else(|| Error::message(format_args!("bad address '{target}'")))?;
    let mut flags = u32::from(UP | wanted.flags);
    if prefix.is_host() {
        flags |= u32::from(HOST);
    }
    // struct in6_rtmsg
    let mut entry = [0; 80];
    entry[..16].copy_from_slice(&octets(prefix.address));
    if let Some(text) = wanted.gateway {
        let gateway = resolve(text, family::INET6)?;
        entry[32..48].copy_from_slice(&octets(gateway[0]));
        flags |= u32::from(GATEWAY);
    }
    entry[52..54].copy_from_slice(&u16::from(prefix.length).to_ne_bytes());
    let metric = if wanted.metric == 0 && is_new { 1 } else { wanted.metric };
    entry[56..60].copy_from_slice(&metric.to_ne_bytes());
    entry[72..76].copy_from_slice(&flags.to_ne_bytes());
    if let Some(device) = wanted.device {
        let index = sys::socket::interface_index(device);
        let index = index.ok_or_else(|| Error::io("SIOCGIFINDEX", io::Error::from_raw_os_error(19)))?;
        entry[76..80].copy_from_slice(&index.to_ne_bytes());
    }
    let control = Control::open(family::INET6).doing("socket")?;
    let (code, call) = if is_new { (code::ADDRT, "SIOCADDRT") } else { (code::DELRT, "SIOCDELRT") };
    control.request_raw(code, &mut entry).doing(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_networks() {
        for (words, expected) in [
            (&["default"][..], "0.0.0.0 0.0.0.0 false"),
            (&["10.0.0.9"], "10.0.0.9 255.255.255.255 true"),
            (&["10.0.0.0"], "10.0.0.0 255.0.0.0 false"),
            (&["host", "10.0.0.0"], "10.0.0.0 255.255.255.255 true"),
            (&["net", "192.168.1.0"], "192.168.1.0 255.255.255.0 false"),
            (&["net", "10.8.0.0/16"], "10.8.0.0 255.255.0.0 false"),
            (&["net", "10.5.0.0", "netmask", "255.255.0.0"], "10.5.0.0 255.255.0.0 false"),
            (&["net", "10.1.1.1", "netmask", "255.255.0.0"], "netmask and route address conflict"),
            (&["net", "10.0.0.0", "netmask", "255.0.255.0"], "bogus netmask 255.0.255.0"),
        ] {
            let found = match read(words).and_then(|wanted| network(&wanted)) {
                Ok((address, mask, is_host)) => format!("{address} {mask} {is_host}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{words:?}");
        }
    }
}
