//! address — addresses of interfaces: show, add, delete, flush.

use std::net::{IpAddr, Ipv4Addr};

use super::super::common::{Prefix, address, family_of, mask, octets};
use super::super::netlink::{Answer, Request, flag, message};
use super::names::SCOPES;
use super::words::{Words, command, invalid, prefix};
use super::{View, index, interface, link, open};
use crate::prelude::*;
use sys::socket::family;

/// `struct ifaddrmsg`.
const HEADER: usize = 8;
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const LABEL: u16 = 3;
const BROADCAST: u16 = 4;
const ANYCAST: u16 = 5;
const CACHE: u16 = 6;
const FLAGS: u16 = 8;

const FLAG_NAMES: &[(u32, &str)] = &[
    (0x01, "secondary"),
    (0x40, "tentative"),
    (0x20, "deprecated"),
    (0x08, "dadfailed"),
    (0x02, "nodad"),
    (0x10, "home"),
    (0x100, "mngtmpaddr"),
    (0x200, "noprefixroute"),
];
const PERMANENT: u32 = 0x80;
const FOREVER: u32 = u32::MAX;

pub(super) fn run(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    let Some(word) = words.next() else { return show(cx, words, view, false) };
    match command(word, &["add", "change", "chg", "replace", "delete", "list", "show", "lst", "flush"])? {
        "add" => modify(cx, words, view, message::NEWADDR, flag::CREATE | flag::EXCLUSIVE),
        "change" | "chg" => modify(cx, words, view, message::NEWADDR, flag::REPLACE),
        "replace" => modify(cx, words, view, message::NEWADDR, flag::CREATE | flag::REPLACE),
        "delete" => modify(cx, words, view, message::DELADDR, 0),
        "flush" => show(cx, words, view, true),
        _ => show(cx, words, view, false),
    }
}

/// Which addresses are meant.
#[derive(Default)]
struct Filter {
    family: u16,
    device: Option<u32>,
    up: bool,
    scope: Option<u32>,
    to: Option<Prefix>,
    label: Option<String>,
    /// Flags that must be set, and that must not be.
    set: u32,
    clear: u32,
}

impl Filter {
    fn read(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result<Filter> {
        let mut filter = Filter { family: view.family, ..Filter::default() };
        while let Some(word) = words.next() {
            match word {
                "to" => {
                    let to = words.prefix(filter.family)?;
                    filter.family = to.family();
                    filter.to = Some(to);
                }
                "scope" => {
                    let text = words.value()?;
                    if text != "all" {
                        filter.scope = Some(SCOPES.number(text).ok_or_else(|| invalid(text, "scope"))?);
                    }
                }
                "up" => filter.up = true,
                "label" => filter.label = Some(words.value()?.to_string()),
                "dynamic" => filter.clear |= PERMANENT,
                "permanent" => filter.set |= PERMANENT,
                "secondary" | "temporary" => filter.set |= 0x01,
                "primary" => filter.clear |= 0x01,
                "tentative" => filter.set |= 0x40,
                "deprecated" => filter.set |= 0x20,
                _ => {
                    let name = if word == "dev" { words.value()? } else { word };
                    if filter.device.is_some() {
                        return Err(Error::message(format_args!(
                            "either \"dev\" is duplicate, or \"{name}\" is garbage"
                        )));
                    }
                    filter.device = Some(
                        sys::socket::interface_index(name)
                            .ok_or_else(|| Error::message(format_args!("can't find device '{name}'")))?,
                    );
                }
            }
        }
        let _ = cx;
        Ok(filter)
    }

    /// Whether links without a fitting address are left out.
    fn is_selective(&self) -> bool {
        (self.family != family::UNSPEC && self.family != family::PACKET)
            || self.to.is_some()
            || self.scope.is_some()
            || self.label.is_some()
            || self.set | self.clear != 0
    }

    fn fits(&self, entry: &Answer) -> bool {
        let attributes = entry.attributes(HEADER);
        let flags = flags(entry);
        let own = attributes.get(LOCAL).or(attributes.get(ADDRESS)).and_then(address);
        let label = || attributes.name(LABEL).unwrap_or_else(|| interface(entry.u32(4)));
        (self.family == family::UNSPEC || u16::from(entry.u8(0)) == self.family)
            && self.device.is_none_or(|device| device == entry.u32(4))
            && self.scope.is_none_or(|scope| scope == u32::from(entry.u8(3)))
            && self.to.is_none_or(|to| own.is_some_and(|own| to.contains(own)))
            && self.label.as_ref().is_none_or(|pattern| fits_pattern(pattern.as_bytes(), label().as_bytes()))
            && flags & self.set == self.set
            && flags & self.clear == 0
    }
}

/// A label pattern: `*` for any text, `?` for a byte.
fn fits_pattern(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            fits_pattern(rest, text)
                || text.split_first().is_some_and(|(_, text)| fits_pattern(pattern, text))
        }
        (Some((p, pattern)), Some((t, text))) => (*p == b'?' || p == t) && fits_pattern(pattern, text),
        _ => false,
    }
}

fn flags(entry: &Answer) -> u32 {
    entry.attributes(HEADER).number(FLAGS).unwrap_or_else(|| u32::from(entry.u8(2)))
}

fn show(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, flush: bool) -> Result {
    let filter = Filter::read(cx, words, view)?;
    if flush && filter.device.is_none() && !filter.is_selective() {
        return Err(Error::message("flush requires arguments"));
    }
    let mut header = [0; HEADER];
    header[0] = if filter.family == family::PACKET { 0 } else { filter.family as u8 };
    let mut entries = open()?.dump(cx, Request::new(message::GETADDR, 0, &header))?;
    entries.retain(|entry| entry.message == message::NEWADDR && filter.fits(entry));
    if flush {
        return entries.iter().try_for_each(|entry| delete(cx, entry));
    }
    let links = link::all(cx)?;
    for each in &links {
        let number = each.u32(4);
        let of_link = || entries.iter().filter(|entry| entry.u32(4) == number);
        let left_out = filter.device.is_some_and(|device| device != number)
            || filter.up && each.u32(8) & link::UP == 0
            || filter.is_selective() && of_link().next().is_none();
        if left_out {
            continue;
        }
        let with_hardware = matches!(filter.family, family::UNSPEC | family::PACKET);
        if !view.one_line || filter.family == family::PACKET {
            link::print(cx, each, &links, view, with_hardware);
        }
        if filter.family != family::PACKET {
            of_link().for_each(|entry| print(cx, entry, view));
        }
    }
    Ok(())
}

/// An address that went with another one is gone already.
fn delete(cx: &mut Cx<'_>, entry: &Answer) -> Result {
    let request = Request::new(message::DELADDR, 0, &entry.body);
    match open()?.change(cx, request) {
        Err(error) if error.is(99) => {
            cx.failure = 1;
            Ok(())
        }
        result => result,
    }
}

fn print(cx: &mut Cx<'_>, entry: &Answer, view: View) {
    let attributes = entry.attributes(HEADER);
    if view.one_line {
        write!(cx.out, "{}: {}", entry.u32(4), interface(entry.u32(4)));
    }
    let name = match u16::from(entry.u8(0)) {
        family::INET => "inet".to_string(),
        family::INET6 => "inet6".to_string(),
        other => format!("family {other}"),
    };
    let text = |kind| attributes.get(kind).and_then(address).map(|address| address.to_string());
    let (peer, local) = (text(ADDRESS), text(LOCAL));
    write!(cx.out, "    {name} ");
    match (local, peer) {
        (Some(local), Some(peer)) if local != peer => write!(cx.out, "{local} peer {peer}/{} ", entry.u8(1)),
        (local, peer) => write!(cx.out, "{}/{} ", local.or(peer).unwrap_or_default(), entry.u8(1)),
    }
    for (kind, word) in [(BROADCAST, "brd"), (ANYCAST, "any")] {
        if let Some(address) = text(kind) {
            write!(cx.out, "{word} {address} ");
        }
    }
    write!(cx.out, "scope {} ", SCOPES.name(entry.u8(3).into()));
    let flags = flags(entry);
    for (bit, name) in FLAG_NAMES {
        if flags & bit != 0 {
            write!(cx.out, "{name} ");
        }
    }
    if flags & PERMANENT == 0 {
        cx.out.write(b"dynamic ");
    }
    if let Some(label) = attributes.name(LABEL) {
        cx.out.write(label.as_bytes());
    }
    if let Some(cache) = attributes.get(CACHE) {
        let time =
            |offset: usize| match super::super::netlink::number(cache.get(offset..).unwrap_or_default()) {
                FOREVER => "forever".to_string(),
                seconds => format!("{seconds}sec"),
            };
        write!(cx.out, "{}       valid_lft {} preferred_lft {}", view.gap(), time(4), time(0));
    }
    cx.out.write(b"\n");
}

/// What `add` and its kin are told.
#[derive(Default)]
struct Wanted<'a> {
    local: Option<Prefix>,
    peer: Option<Prefix>,
    broadcast: Option<&'a str>,
    anycast: Option<IpAddr>,
    label: Option<&'a str>,
    scope: Option<u32>,
    device: Option<&'a str>,
    flags: u32,
    valid: Option<u32>,
    preferred: Option<u32>,
}

fn read<'a>(words: &mut Words<'a>, view: View) -> Result<Wanted<'a>> {
    let mut wanted = Wanted::default();
    let lifetime = |words: &mut Words<'_>, what: &str| match words.peek() {
        Some("forever") => {
            words.next();
            Ok(FOREVER)
        }
        _ => words.number(what),
    };
    while let Some(word) = words.next() {
        match word {
            "peer" | "remote" => wanted.peer = Some(words.prefix(view.family)?),
            "broadcast" | "brd" => wanted.broadcast = Some(words.value()?),
            "anycast" => wanted.anycast = Some(words.address(view.family)?),
            "label" => wanted.label = Some(words.value()?),
            "dev" => wanted.device = Some(words.value()?),
            "noprefixroute" => wanted.flags |= 0x200,
            "nodad" => wanted.flags |= 0x02,
            "home" => wanted.flags |= 0x10,
            "valid_lft" => wanted.valid = Some(lifetime(words, "valid_lft")?),
            "preferred_lft" => wanted.preferred = Some(lifetime(words, "preferred_lft")?),
            "scope" => {
                let text = words.value()?;
                wanted.scope = Some(SCOPES.number(text).ok_or_else(|| invalid(text, "scope"))?);
            }
            _ => {
                let text = if word == "local" { words.value()? } else { word };
                if wanted.local.is_some() {
                    return Err(Error::message(format_args!(
                        "either \"local\" is duplicate, or \"{text}\" is garbage"
                    )));
                }
                wanted.local = Some(prefix(text, view.family)?);
            }
        }
    }
    Ok(wanted)
}

fn modify(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, kind: u16, flags: u16) -> Result {
    let wanted = read(words, view)?;
    let Some(device) = wanted.device else { return Err(Error::message("need \"dev IFACE\"")) };
    let number = index(cx, device).inspect_err(|_| cx.failure = 1)?;
    let Some(local) = wanted.local else { return Err(Error::message("an address is expected")) };
    if let Some(label) = wanted.label.filter(|label| !label.starts_with(device)) {
        return Err(Error::message(format_args!("\"dev\" ({device}) must match \"label\" ({label})")));
    }
    let family = family_of(local.address);
    let is_local = matches!(local.address, IpAddr::V4(address) if address.is_loopback());
    let mut header = [0; HEADER];
    header[0] = family as u8;
    header[1] = wanted.peer.map_or(local.length, |peer| peer.length);
    header[3] = wanted.scope.unwrap_or(if is_local && kind == message::NEWADDR { 254 } else { 0 }) as u8;
    header[4..].copy_from_slice(&number.to_ne_bytes());
    let mut request = Request::new(kind, flags, &header);
    request.attribute(LOCAL, &octets(local.address));
    if let Some(peer) = wanted.peer {
        request.attribute(ADDRESS, &octets(peer.address));
    } else if kind == message::NEWADDR || local.explicit || family == family::INET6 {
        // Without a length a deletion takes the address whatever its length is.
        request.attribute(ADDRESS, &octets(local.address));
    }
    if let Some(text) = wanted.broadcast {
        request.attribute(BROADCAST, &octets(broadcast(text, wanted.peer.unwrap_or(local), view)?));
    }
    if let Some(address) = wanted.anycast {
        request.attribute(ANYCAST, &octets(address));
    }
    if let Some(label) = wanted.label {
        request.name(LABEL, label);
    }
    if wanted.flags != 0 {
        request.number(FLAGS, wanted.flags);
    }
    if wanted.valid.is_some() || wanted.preferred.is_some() {
        let times = [wanted.preferred.unwrap_or(FOREVER), wanted.valid.unwrap_or(FOREVER), 0, 0];
        if times[0] > times[1] {
            return Err(Error::message("preferred_lft is greater than valid_lft"));
        }
        request.attribute(CACHE, &times.map(u32::to_ne_bytes).concat());
    }
    open()?.change(cx, request)
}

/// `+`: all host bits one; `-`: all zero; else as it is.
fn broadcast(text: &str, network: Prefix, view: View) -> Result<IpAddr> {
    if text != "+" && text != "-" {
        return match prefix(text, view.family)? {
            prefix if prefix.is_host() => Ok(prefix.address),
            _ => Err(invalid(text, "broadcast")),
        };
    }
    let IpAddr::V4(address) = network.address else {
        return Err(Error::message("broadcast can be set only for IPv4 addresses"));
    };
    if network.length > 30 {
        return Err(Error::message("broadcast needs a network of at least 4 addresses"));
    }
    let (bits, mask) = (u32::from(address), u32::from(mask(network.length)));
    Ok(IpAddr::V4(Ipv4Addr::from(if text == "+" { bits | !mask } else { bits & mask })))
}
