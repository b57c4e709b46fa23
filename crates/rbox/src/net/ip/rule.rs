//! rule — which table a packet's route is looked up in: list, add, delete, flush.
//!
//! Source: linux/fib_rules.h of Linux 6.12.

use super::super::common::{address, octets};
use super::super::netlink::{Answer, Request, flag, message};
use super::names::TABLES;
use super::words::{Words, command, invalid, number};
use super::{View, open};
use crate::prelude::*;
use sys::socket::family;

/// `struct fib_rule_hdr`: family, dst_len, src_len, tos, table, two unused, action, flags.
const HEADER: usize = 12;
const DST: u16 = 1;
const SRC: u16 = 2;
const IIFNAME: u16 = 3;
const PRIORITY: u16 = 6;
const FWMARK: u16 = 10;
const FLOW: u16 = 11;
const SUPPRESS_PREFIXLEN: u16 = 14;
const TABLE: u16 = 15;
const FWMASK: u16 = 16;
const OIFNAME: u16 = 17;

const ACTIONS: &[(u8, &str)] =
    &[(6, "blackhole"), (7, "unreachable"), (8, "prohibit"), (2, "goto"), (3, "nop")];
const TO_TABLE: u8 = 1;
const INVERT: u32 = 2;

pub(super) fn run(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    let Some(word) = words.next() else { return list(cx, view) };
    match command(word, &["add", "delete", "list", "show", "lst", "flush"])? {
        "add" => modify(cx, words, view, message::NEWRULE),
        "delete" => modify(cx, words, view, message::DELRULE),
        "flush" => flush(cx, view),
        _ => {
            if let Some(word) = words.next() {
                return Err(Error::message(format_args!("\"rule show\" needs no arguments, not \"{word}\"")));
            }
            list(cx, view)
        }
    }
}

fn all(cx: &mut Cx<'_>, view: View) -> Result<Vec<Answer>> {
    let mut header = [0; HEADER];
    header[0] = if view.family == family::UNSPEC { family::INET } else { view.family } as u8;
    let mut rules = open()?.dump(cx, Request::new(message::GETRULE, 0, &header))?;
    rules.retain(|rule| rule.message == message::NEWRULE);
    Ok(rules)
}

fn list(cx: &mut Cx<'_>, view: View) -> Result {
    for rule in all(cx, view)? {
        print(cx, &rule);
    }
    Ok(())
}

/// All but the one that finds the machine's own addresses.
fn flush(cx: &mut Cx<'_>, view: View) -> Result {
    for rule in all(cx, view)? {
        if rule.attributes(HEADER).number(PRIORITY).unwrap_or(0) != 0 {
            open()?.change(cx, Request::new(message::DELRULE, 0, &rule.body))?;
        }
    }
    Ok(())
}

fn print(cx: &mut Cx<'_>, rule: &Answer) {
    let attributes = rule.attributes(HEADER);
    let host = if u16::from(rule.u8(0)) == family::INET6 { 128 } else { 32 };
    let network = |kind, length: u8| match attributes.get(kind).and_then(address) {
        Some(address) if length == host => address.to_string(),
        Some(address) => format!("{address}/{length}"),
        None => "all".to_string(),
    };
    let not = if rule.u32(8) & INVERT != 0 { "not " } else { "" };
    write!(cx.out, "{}:\t{not}from {} ", attributes.number(PRIORITY).unwrap_or(0), network(SRC, rule.u8(2)));
    if attributes.get(DST).is_some() {
        write!(cx.out, "to {} ", network(DST, rule.u8(1)));
    }
    if rule.u8(3) != 0 {
        write!(cx.out, "tos 0x{:02x} ", rule.u8(3));
    }
    let (mark, mask) = (attributes.number(FWMARK), attributes.number(FWMASK));
    match (mark, mask) {
        (Some(mark), None | Some(u32::MAX)) if mark != 0 => write!(cx.out, "fwmark 0x{mark:x} "),
        (mark, Some(mask)) if mask != u32::MAX && mask != 0 => {
            write!(cx.out, "fwmark 0x{:x}/0x{mask:x} ", mark.unwrap_or(0));
        }
        _ => {}
    }
    for (kind, word) in [(IIFNAME, "iif"), (OIFNAME, "oif")] {
        if let Some(name) = attributes.name(kind) {
            write!(cx.out, "{word} {name} ");
        }
    }
    let table = attributes.number(TABLE).unwrap_or_else(|| rule.u8(4).into());
    if rule.u8(7) == TO_TABLE {
        write!(cx.out, "lookup {} ", TABLES.name(table));
    }
    if let Some(length) = attributes.number(SUPPRESS_PREFIXLEN).filter(|&length| length != u32::MAX) {
        write!(cx.out, "suppress_prefixlength {length} ");
    }
    if let Some(realms) = attributes.number(FLOW).filter(|&realms| realms != 0) {
        let (from, to) = (realms >> 16, realms & 0xffff);
        if from == 0 {
            write!(cx.out, "realms {to} ");
        } else {
            write!(cx.out, "realms {from}/{to} ");
        }
    }
    if let Some((_, name)) = ACTIONS.iter().find(|(action, _)| *action == rule.u8(7)) {
        cx.out.write(name.as_bytes());
    }
    cx.out.write(b"\n");
}

fn modify(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, kind: u16) -> Result {
    let is_new = kind == message::NEWRULE;
    let flags = if is_new { flag::CREATE | flag::EXCLUSIVE } else { 0 };
    let mut request = Request::new(kind, flags, &[0; HEADER]);
    let (mut family, mut inverted, mut table, mut action) = (view.family, false, None, None);
    let (mut lengths, mut tos, mut given) = ([0u8; 2], 0, false);
    while let Some(word) = words.next() {
        given = true;
        match word {
            "not" => inverted = true,
            "from" | "to" => {
                let network = words.prefix(family)?;
                if network.length > 0 {
                    family = network.family();
                    let (attribute, place) = if word == "to" { (DST, 0) } else { (SRC, 1) };
                    lengths[place] = network.length;
                    request.attribute(attribute, &octets(network.address));
                }
            }
            "preference" | "pref" | "order" | "priority" => {
                request.number(PRIORITY, words.number("preference")?)
            }
            "tos" | "dsfield" => {
                tos = u8::try_from(words.number("tos")?).map_err(|_| invalid("number", "tos"))?
            }
            "fwmark" => {
                let text = words.value()?;
                let (mark, mask) =
                    text.split_once('/').map_or((text, None), |(mark, mask)| (mark, Some(mask)));
                request.number(FWMARK, number(mark).ok_or_else(|| invalid(text, "fwmark"))?);
                if let Some(mask) = mask {
                    request.number(FWMASK, number(mask).ok_or_else(|| invalid(text, "fwmark"))?);
                }
            }
            "realms" => request.number(FLOW, realms(words.value()?)?),
            "table" | "lookup" => {
                let text = words.value()?;
                table = Some(TABLES.number(text).ok_or_else(|| invalid(text, "table"))?);
            }
            "suppress_prefixlength" => request.number(SUPPRESS_PREFIXLEN, words.number(word)?),
            "dev" | "iif" => request.name(IIFNAME, words.value()?),
            "oif" => request.name(OIFNAME, words.value()?),
            _ => {
                let name = if matches!(word, "type" | "action") { words.value()? } else { word };
                let name = if name == "reject" { "unreachable" } else { name };
                let found = ACTIONS.iter().find(|(_, action)| *action == name).map(|(number, _)| *number);
                action = Some(found.ok_or_else(|| invalid(name, "ip"))?);
            }
        }
    }
    if !given && !is_new {
        return Err(Error::message("\"rule del\" requires arguments"));
    }
    let header = request.header();
    header[0] = if family == family::UNSPEC { family::INET } else { family } as u8;
    header[1..3].copy_from_slice(&lengths);
    header[3] = tos;
    header[7] = action.unwrap_or(if is_new || table.is_some() { TO_TABLE } else { 0 });
    let table = table.unwrap_or(if is_new && action.is_none() { 254 } else { 0 });
    header[4] = u8::try_from(table).unwrap_or(0);
    header[8..12].copy_from_slice(&(if inverted { INVERT } else { 0 }).to_ne_bytes());
    if table > 255 {
        request.number(TABLE, table);
    }
    open()?.change(cx, request)
}

/// `[SOURCE/]DESTINATION`.
fn realms(text: &str) -> Result<u32> {
    let (from, to) = text.split_once('/').unwrap_or(("0", text));
    match (from.parse::<u16>(), to.parse::<u16>()) {
        (Ok(from), Ok(to)) => Ok(u32::from(from) << 16 | u32::from(to)),
        _ => Err(invalid(text, "realms")),
    }
}
