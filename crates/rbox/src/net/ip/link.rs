//! link — network interfaces: show, set, add, delete.

use super::super::common::{hardware, hardware_text};
use super::super::netlink::{Answer, Request, flag, message};
use super::words::{Words, command, invalid};
use super::{View, index, interface, link_kind, open};
use crate::prelude::*;

/// `struct ifinfomsg`.
pub(super) const HEADER: usize = 16;
pub(super) mod attribute {
    pub(crate) const ADDRESS: u16 = 1;
    pub(crate) const BROADCAST: u16 = 2;
    pub(crate) const IFNAME: u16 = 3;
    pub(crate) const MTU: u16 = 4;
    pub(crate) const LINK: u16 = 5;
    pub(crate) const QDISC: u16 = 6;
    pub(crate) const MASTER: u16 = 10;
    pub(crate) const TXQLEN: u16 = 13;
    pub(crate) const OPERSTATE: u16 = 16;
    pub(crate) const LINKINFO: u16 = 18;
    pub(crate) const NET_NS_PID: u16 = 19;
    pub(crate) const IFALIAS: u16 = 20;
    pub(crate) const GROUP: u16 = 27;
    pub(crate) const NET_NS_FD: u16 = 28;
}
use attribute::*;

pub(super) const UP: u32 = 1;
const RUNNING: u32 = 0x40;
const FLAGS: &[(u32, &str)] = &[
    (0x8, "LOOPBACK"),
    (0x2, "BROADCAST"),
    (0x10, "POINTOPOINT"),
    (0x1000, "MULTICAST"),
    (0x80, "NOARP"),
    (0x200, "ALLMULTI"),
    (0x100, "PROMISC"),
    (0x400, "MASTER"),
    (0x800, "SLAVE"),
    (0x4, "DEBUG"),
    (0x8000, "DYNAMIC"),
    (0x4000, "AUTOMEDIA"),
    (0x2000, "PORTSEL"),
    (0x20, "NOTRAILERS"),
    (UP, "UP"),
    (0x10000, "LOWER_UP"),
    (0x20000, "DORMANT"),
    (0x40000, "ECHO"),
];
const STATES: &[&str] = &["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];

pub(super) fn run(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    cx.failure = 2;
    let Some(word) = words.next() else { return show(cx, words, view) };
    match command(word, &["add", "delete", "set", "show", "lst", "list", "replace", "change"])? {
        "add" => add(cx, words, flag::CREATE | flag::EXCLUSIVE),
        "replace" => add(cx, words, flag::CREATE | flag::REPLACE),
        "delete" => delete(cx, words),
        "set" | "change" => set(cx, words),
        _ => show(cx, words, view),
    }
}

/// Which links are shown.
#[derive(Default)]
struct Filter {
    device: Option<u32>,
    up: bool,
    master: Option<u32>,
    kind: Option<String>,
}

fn show(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    let mut filter = Filter::default();
    while let Some(word) = words.next() {
        match word {
            "up" => filter.up = true,
            "master" => filter.master = Some(index(cx, words.value()?)?),
            "type" => filter.kind = Some(words.value()?.to_string()),
            "dev" => filter.device = Some(index(cx, words.value()?)?),
            name if filter.device.is_none() => filter.device = Some(index(cx, name)?),
            other => return Err(garbage(other)),
        }
    }
    let links = all(cx)?;
    for link in &links {
        let attributes = link.attributes(HEADER);
        let kind = attributes.nested(LINKINFO).name(1);
        let shown = filter.device.is_none_or(|device| device == link.u32(4))
            && (!filter.up || link.u32(8) & UP != 0)
            && filter.master.is_none_or(|master| attributes.number(MASTER) == Some(master))
            && filter.kind.as_ref().is_none_or(|wanted| kind.as_ref() == Some(wanted));
        if shown {
            print(cx, link, &links, view, true);
        }
    }
    Ok(())
}

fn garbage(word: &str) -> Error {
    Error::message(format_args!("either \"dev\" is duplicate, or \"{word}\" is garbage"))
}

/// Every link, in the kernel's order.
pub(super) fn all(cx: &mut Cx<'_>) -> Result<Vec<Answer>> {
    let mut links = open()?.dump(cx, Request::new(message::GETLINK, 0, &[0; HEADER]))?;
    links.retain(|link| link.message == message::NEWLINK);
    Ok(links)
}

/// The line of the link and, unless only addresses are asked for, that of its hardware address.
pub(super) fn print(cx: &mut Cx<'_>, link: &Answer, links: &[Answer], view: View, hardware_too: bool) {
    let attributes = link.attributes(HEADER);
    let (number, flags) = (link.u32(4), link.u32(8));
    write!(cx.out, "{number}: {}", attributes.name(IFNAME).unwrap_or_default());
    let mut lower_down = false;
    match attributes.number(LINK) {
        None => {}
        Some(0) => write!(cx.out, "@NONE"),
        Some(lower) => {
            let other = links.iter().find(|other| other.u32(4) == lower);
            lower_down = other.is_some_and(|other| other.u32(8) & UP == 0);
            let name = other.and_then(|other| other.attributes(HEADER).name(IFNAME));
            write!(cx.out, "@{}", name.unwrap_or_else(|| format!("if{lower}")));
        }
    }
    write!(cx.out, ": {} ", flags_text(flags, lower_down));
    if let Some(mtu) = attributes.number(MTU) {
        write!(cx.out, "mtu {mtu} ");
    }
    if let Some(discipline) = attributes.name(QDISC) {
        write!(cx.out, "qdisc {discipline} ");
    }
    if let Some(master) = attributes.number(MASTER) {
        write!(cx.out, "master {} ", interface(master));
    }
    if let Some(&[state]) = attributes.get(OPERSTATE) {
        write!(cx.out, "state {} ", STATES.get(usize::from(state)).unwrap_or(&"UNKNOWN"));
    }
    if let Some(length) = attributes.number(TXQLEN).filter(|&length| length != 0) {
        write!(cx.out, "qlen {length}");
    }
    if hardware_too {
        write!(cx.out, "{}    link/{} ", view.gap(), hardware_kind(link.u16(2)));
        cx.out.write(hardware_text(attributes.get(ADDRESS).unwrap_or_default()).as_bytes());
        if let Some(broadcast) = attributes.get(BROADCAST) {
            let word = if flags & 0x10 != 0 { "peer" } else { "brd" };
            write!(cx.out, " {word} {}", hardware_text(broadcast));
        }
        if let Some(alias) = attributes.name(IFALIAS) {
            write!(cx.out, "{}    alias {alias}", view.gap());
        }
    }
    cx.out.write(b"\n");
}

fn flags_text(mut flags: u32, lower_down: bool) -> String {
    let mut names: Vec<String> = Vec::new();
    if flags & UP != 0 && flags & RUNNING == 0 {
        names.push("NO-CARRIER".to_string());
    }
    flags &= !RUNNING;
    for (bit, name) in FLAGS {
        if flags & bit != 0 {
            names.push((*name).to_string());
        }
        flags &= !bit;
    }
    if flags != 0 {
        names.push(format!("{flags:x}"));
    }
    if lower_down {
        names.push("M-DOWN".to_string());
    }
    format!("<{}>", names.join(","))
}

/// The kernel's ARPHRD numbers.
fn hardware_kind(number: u16) -> String {
    let name = match number {
        1 => "ether",
        32 => "infiniband",
        256 => "slip",
        280 => "can",
        512 => "ppp",
        768 => "ipip",
        769 => "tunnel6",
        772 => "loopback",
        776 => "sit",
        778 => "gre",
        801 => "ieee802.11",
        803 => "ieee802.11/radiotap",
        823 => "gre6",
        824 => "netlink",
        65534 => "none",
        other => return format!("[{other}]"),
    };
    name.to_string()
}

/// `struct ifinfomsg` for a change.
fn header(index: u32, flags: u32, mask: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&mask.to_ne_bytes());
    header
}

/// What `set` and `add` share: the attributes that a link can be given.
#[derive(Default)]
struct Change<'a> {
    name: Option<&'a str>,
    new_name: Option<&'a str>,
    lower: Option<u32>,
    flags: u32,
    mask: u32,
    attributes: Vec<(u16, Vec<u8>)>,
    kind: Option<&'a str>,
}

impl<'a> Change<'a> {
    /// Reads up to the end or to `type KIND`, whose own words follow.
    fn read(cx: &mut Cx<'_>, words: &mut Words<'a>) -> Result<Change<'a>> {
        let mut change = Change::default();
        while let Some(word) = words.next() {
            if word == "type" {
                change.kind = Some(words.value()?);
                break;
            }
            if !change.read_word(cx, words, word)? {
                let taken = change.name.is_some() || word != "dev" && matches!(word, "type");
                if taken {
                    return Err(garbage(word));
                }
                change.name = Some(if word == "dev" { words.value()? } else { word });
            }
        }
        Ok(change)
    }

    /// Whether the word was understood.
    fn read_word(&mut self, cx: &mut Cx<'_>, words: &mut Words<'a>, word: &str) -> Result<bool> {
        match word {
            "up" => self.flag(UP, true),
            "down" => self.flag(UP, false),
            "arp" => {
                let on = words.on_off("arp")?;
                self.flag(0x80, !on);
            }
            "multicast" => {
                let on = words.on_off("multicast")?;
                self.flag(0x1000, on);
            }
            "allmulticast" => {
                let on = words.on_off("allmulticast")?;
                self.flag(0x200, on);
            }
            "promisc" => {
                let on = words.on_off("promisc")?;
                self.flag(0x100, on);
            }
            "trailers" => {
                let on = words.on_off("trailers")?;
                self.flag(0x20, !on);
            }
            "dynamic" => {
                let on = words.on_off("dynamic")?;
                self.flag(0x8000, on);
            }
            "mtu" => self.push_number(MTU, words.number("mtu")?),
            "qlen" | "txqlen" | "txqueuelen" => self.push_number(TXQLEN, words.number("qlen")?),
            "group" => self.push_number(GROUP, words.number("group")?),
            "name" => self.new_name = Some(words.value()?),
            "alias" => self.attributes.push((IFALIAS, words.value()?.as_bytes().to_vec())),
            "address" | "lladdr" => self.attributes.push((ADDRESS, words_hardware(words)?)),
            "broadcast" | "brd" => self.attributes.push((BROADCAST, words_hardware(words)?)),
            "master" => self.push_number(MASTER, index(cx, words.value()?)?),
            "nomaster" => self.push_number(MASTER, 0),
            "link" => self.lower = Some(index(cx, words.value()?)?),
            "netns" => {
                let (kind, value) = network_namespace(words.value()?)?;
                self.push_number(kind, value);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn flag(&mut self, bit: u32, on: bool) {
        self.mask |= bit;
        self.flags = if on { self.flags | bit } else { self.flags & !bit };
    }

    fn push_number(&mut self, kind: u16, value: u32) {
        self.attributes.push((kind, value.to_ne_bytes().to_vec()));
    }

    fn write(&self, request: &mut Request) {
        for (kind, value) in &self.attributes {
            request.attribute(*kind, value);
        }
    }
}

fn words_hardware(words: &mut Words<'_>) -> Result<Vec<u8>> {
    let text = words.value()?;
    hardware(text).ok_or_else(|| Error::message(format_args!("invalid hardware address '{text}'")))
}

/// A process whose namespace is meant, or a name below /run/netns.
fn network_namespace(text: &str) -> Result<(u16, u32)> {
    use std::os::fd::IntoRawFd;
    if let Ok(process) = text.parse() {
        return Ok((NET_NS_PID, process));
    }
    let path = Path::new("/run/netns").join(text);
    // Stays open until the program ends, as the request names it by number.
    let fd = std::fs::File::open(&path).at(&path)?.into_raw_fd();
    Ok((NET_NS_FD, fd as u32))
}

fn valid_name(name: &str) -> Result {
    let fits = !name.is_empty() && name.len() < 16 && name != "." && name != "..";
    if fits && !name.bytes().any(|byte| byte == b'/' || byte.is_ascii_whitespace()) {
        return Ok(());
    }
    Err(Error::message(format_args!("\"{name}\" is not a valid interface name")))
}

fn set(cx: &mut Cx<'_>, words: &mut Words<'_>) -> Result {
    let change = Change::read(cx, words)?;
    let Some(name) = change.name else {
        return Err(Error::message("not enough of information: \"dev\" argument is required"));
    };
    let number = index(cx, name)?;
    let mut request = Request::new(message::NEWLINK, 0, &header(number, change.flags, change.mask));
    if let Some(name) = change.new_name {
        valid_name(name)?;
        request.name(IFNAME, name);
    }
    change.write(&mut request);
    if let Some(kind) = change.kind {
        link_kind::write(cx, &mut request, kind, words)?;
    }
    open()?.change(cx, request)
}

fn add(cx: &mut Cx<'_>, words: &mut Words<'_>, flags: u16) -> Result {
    let change = Change::read(cx, words)?;
    let Some(kind) = change.kind else {
        return Err(Error::message("not enough of information: \"type\" argument is required"));
    };
    let mut request = Request::new(message::NEWLINK, flags, &header(0, change.flags, change.mask));
    if let Some(name) = change.new_name.or(change.name) {
        valid_name(name)?;
        request.name(IFNAME, name);
    }
    if let Some(lower) = change.lower {
        request.number(LINK, lower);
    }
    change.write(&mut request);
    link_kind::write(cx, &mut request, kind, words)?;
    open()?.change(cx, request)
}

fn delete(cx: &mut Cx<'_>, words: &mut Words<'_>) -> Result {
    let change = Change::read(cx, words)?;
    let Some(name) = change.name.or(change.new_name) else {
        return Err(Error::message("not enough of information: \"dev\" argument is required"));
    };
    let number = index(cx, name)?;
    let mut request = Request::new(message::DELLINK, 0, &header(number, 0, 0));
    if let Some(kind) = change.kind {
        link_kind::write(cx, &mut request, kind, words)?;
    }
    open()?.change(cx, request)
}

/// The words of a peer (`peer name v1 mtu 1400`), written with the header that stands before its attributes.
pub(super) fn write_peer(cx: &mut Cx<'_>, request: &mut Request, words: &mut Words<'_>) -> Result {
    let mut change = Change::default();
    while let Some(word) = words.next() {
        if !change.read_word(cx, words, word)? {
            if change.name.is_some() {
                return Err(invalid(word, "peer"));
            }
            change.name = Some(word);
        }
    }
    request.raw(&header(0, change.flags, change.mask));
    if let Some(name) = change.new_name.or(change.name) {
        valid_name(name)?;
        request.name(IFNAME, name);
    }
    change.write(request);
    Ok(())
}
