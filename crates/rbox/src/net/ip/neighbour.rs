//! neighbour — hardware addresses of neighbours (ARP, NDP): show, flush, add, delete.

use super::super::common::{Prefix, address, family_of, hardware, hardware_text, octets};
use super::super::netlink::{Answer, Request, flag, message};
use super::words::{Words, command, invalid, prefix};
use super::{View, index, interface, open};
use crate::prelude::*;
use sys::socket::family;

/// `struct ndmsg`: family, padding, interface, state, flags, type.
const HEADER: usize = 12;
const DST: u16 = 1;
const LLADDR: u16 = 2;
const STATES: &[(u16, &str)] = &[
    (0x01, "incomplete"),
    (0x02, "reachable"),
    (0x04, "stale"),
    (0x08, "delay"),
    (0x10, "probe"),
    (0x20, "failed"),
    (0x40, "noarp"),
    (0x80, "permanent"),
];
const NO_ARP: u16 = 0x40;
const PERMANENT: u16 = 0x80;
const ROUTER: u8 = 0x80;
const PROXY: u8 = 0x08;

pub(super) fn run(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    let Some(word) = words.next() else { return show(cx, words, view, false) };
    match command(word, &["show", "flush", "list", "add", "change", "replace", "delete"])? {
        "add" => modify(cx, words, view, message::NEWNEIGH, flag::CREATE | flag::EXCLUSIVE),
        "change" => modify(cx, words, view, message::NEWNEIGH, flag::REPLACE),
        "replace" => modify(cx, words, view, message::NEWNEIGH, flag::CREATE | flag::REPLACE),
        "delete" => modify(cx, words, view, message::DELNEIGH, 0),
        "flush" => show(cx, words, view, true),
        _ => show(cx, words, view, false),
    }
}

fn state(text: &str) -> Result<u16> {
    match text {
        "all" => Ok(0xff),
        "none" => Ok(0),
        _ => STATES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(bit, _)| *bit)
            .ok_or_else(|| invalid(text, "nud state")),
    }
}

fn show(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, flush: bool) -> Result {
    let mut states = if flush { !(PERMANENT | NO_ARP) } else { 0xff & !NO_ARP };
    let (mut to, mut device, mut given, mut selective) = (None::<Prefix>, None, false, false);
    let mut family = view.family;
    while let Some(word) = words.next() {
        selective = true;
        match word {
            "dev" => device = Some(index(cx, words.value()?).inspect_err(|_| cx.failure = 1)?),
            "unused" => {}
            "nud" => {
                let wanted = state(words.value()?)?;
                states = if given { states | wanted } else { wanted };
                given = true;
            }
            _ => {
                let text = if word == "to" { words.value()? } else { word };
                let network = prefix(text, family)?;
                family = network.family();
                to = Some(network);
            }
        }
    }
    if flush && !selective {
        return Err(Error::message("flush requires arguments"));
    }
    let mut header = [0; HEADER];
    header[0] = family as u8;
    let mut entries = open()?.dump(cx, Request::new(message::GETNEIGH, 0, &header))?;
    entries.retain(|entry| {
        let own = entry.attributes(HEADER).get(DST).and_then(address);
        entry.message == message::NEWNEIGH
            && matches!(u16::from(entry.u8(0)), family::INET | family::INET6)
            && (family == family::UNSPEC || u16::from(entry.u8(0)) == family)
            && device.is_none_or(|device| device == entry.u32(4))
            && entry.u16(8) & states != 0
            && to.is_none_or(|to| own.is_some_and(|own| to.contains(own)))
    });
    if !flush {
        entries.iter().for_each(|entry| print(cx, entry, device.is_none()));
        return Ok(());
    }
    if entries.is_empty() {
        writeln!(cx.out, "Nothing to flush");
    }
    for entry in &entries {
        open()?.change(cx, Request::new(message::DELNEIGH, 0, &entry.body))?;
    }
    Ok(())
}

fn print(cx: &mut Cx<'_>, entry: &Answer, with_device: bool) {
    let attributes = entry.attributes(HEADER);
    if let Some(address) = attributes.get(DST).and_then(address) {
        write!(cx.out, "{address} ");
    }
    if with_device {
        write!(cx.out, "dev {} ", interface(entry.u32(4)));
    }
    if let Some(bytes) = attributes.get(LLADDR) {
        write!(cx.out, "lladdr {}", hardware_text(bytes));
    }
    if entry.u8(10) & ROUTER != 0 {
        cx.out.write(b" router");
    }
    if entry.u8(10) & PROXY != 0 {
        cx.out.write(b" proxy");
    }
    let names: Vec<String> = STATES
        .iter()
        .filter(|(bit, _)| entry.u16(8) & bit != 0)
        .map(|(_, name)| name.to_ascii_uppercase())
        .collect();
    if !names.is_empty() {
        write!(cx.out, " {}", names.join(","));
    }
    cx.out.write(b"\n");
}

fn modify(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, kind: u16, flags: u16) -> Result {
    let (mut own, mut device, mut lladdr) = (None, None, None);
    let (mut wanted_state, mut entry_flags) = (PERMANENT, 0);
    while let Some(word) = words.next() {
        match word {
            "lladdr" => {
                let text = words.value()?;
                lladdr = Some(
                    hardware(text)
                        .ok_or_else(|| Error::message(format_args!("invalid hardware address '{text}'")))?,
                );
            }
            "nud" => wanted_state = state(words.value()?)?,
            "proxy" => entry_flags |= PROXY,
            "router" => entry_flags |= ROUTER,
            "dev" => device = Some(index(cx, words.value()?).inspect_err(|_| cx.failure = 1)?),
            _ => {
                let text = if word == "to" { words.value()? } else { word };
                let found = prefix(text, view.family)?;
                own = Some(found.address);
            }
        }
    }
    let (Some(own), Some(device)) = (own, device) else {
        return Err(Error::message("device and destination are required arguments"));
    };
    let mut header = [0; HEADER];
    header[0] = family_of(own) as u8;
    header[4..8].copy_from_slice(&device.to_ne_bytes());
    header[8..10].copy_from_slice(&wanted_state.to_ne_bytes());
    header[10] = entry_flags;
    let mut request = Request::new(kind, flags, &header);
    request.attribute(DST, &octets(own));
    if let Some(bytes) = lladdr {
        request.attribute(LLADDR, &bytes);
    }
    open()?.change(cx, request)
}
