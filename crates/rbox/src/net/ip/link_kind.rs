//! link_kind — what the types of virtual links take behind `type TYPE`.
//!
//! Source: linux/if_link.h, linux/can/netlink.h of Linux 6.12.

use super::super::common::octets;
use super::super::netlink::Request;
use super::words::{Words, invalid};
use super::{index, link};
use crate::prelude::*;
use sys::socket::family;

const KIND: u16 = 1;
const DATA: u16 = 2;

/// How a value stands in its attribute.
#[derive(Clone, Copy)]
enum Value {
    U8,
    U16,
    /// In network byte order.
    Port,
    U32,
    /// An interface, as its index.
    Device,
    /// One of these names, as its place in the list, in a number of that many bytes.
    Name(&'static [(&'static str, u32)], usize),
}

struct Word(&'static str, u16, Value);

const MACVLAN_MODES: &[(&str, u32)] =
    &[("private", 1), ("vepa", 2), ("bridge", 4), ("passthru", 8), ("source", 16)];
const IPVLAN_MODES: &[(&str, u32)] = &[("l2", 0), ("l3", 1), ("l3s", 2)];
const BOND_MODES: &[(&str, u32)] = &[
    ("balance-rr", 0),
    ("active-backup", 1),
    ("balance-xor", 2),
    ("broadcast", 3),
    ("802.3ad", 4),
    ("balance-tlb", 5),
    ("balance-alb", 6),
];

/// The words of a kind that are plain attributes.
fn plain_words(kind: &str) -> &'static [Word] {
    match kind {
        "vrf" => &[Word("table", 1, Value::U32)],
        "macvlan" | "macvtap" => &[Word("mode", 1, Value::Name(MACVLAN_MODES, 4))],
        "ipvlan" | "ipvtap" => &[Word("mode", 1, Value::Name(IPVLAN_MODES, 2))],
        "bridge" => &[
            Word("forward_delay", 1, Value::U32),
            Word("hello_time", 2, Value::U32),
            Word("max_age", 3, Value::U32),
            Word("ageing_time", 4, Value::U32),
            Word("stp_state", 5, Value::U32),
            Word("priority", 6, Value::U16),
            Word("vlan_filtering", 7, Value::U8),
        ],
        "bond" => &[
            Word("mode", 1, Value::Name(BOND_MODES, 1)),
            Word("active_slave", 2, Value::Device),
            Word("miimon", 3, Value::U32),
            Word("updelay", 4, Value::U32),
            Word("downdelay", 5, Value::U32),
        ],
        "vxlan" => &[
            Word("id", 1, Value::U32),
            Word("vni", 1, Value::U32),
            Word("dev", 3, Value::Device),
            Word("ttl", 5, Value::U8),
            Word("tos", 6, Value::U8),
            Word("dstport", 15, Value::Port),
        ],
        _ => &[],
    }
}

/// Writes the kind with what `words` say about it.
pub(super) fn write(cx: &mut Cx<'_>, request: &mut Request, kind: &str, words: &mut Words<'_>) -> Result {
    let info = request.begin(link::attribute::LINKINFO);
    request.attribute(KIND, kind.as_bytes());
    if words.peek().is_some() {
        let data = request.begin(DATA);
        match kind {
            "vlan" => vlan(request, words)?,
            "can" => can(request, words)?,
            "veth" | "vxcan" => peer(cx, request, words)?,
            _ => plain(cx, request, kind, words)?,
        }
        request.end(data);
    }
    request.end(info);
    Ok(())
}

fn peer(cx: &mut Cx<'_>, request: &mut Request, words: &mut Words<'_>) -> Result {
    const PEER: u16 = 1;
    let word = words.value()?;
    if word != "peer" {
        return Err(invalid(word, "type veth"));
    }
    let start = request.begin(PEER);
    link::write_peer(cx, request, words)?;
    request.end(start);
    Ok(())
}

fn plain(cx: &mut Cx<'_>, request: &mut Request, kind: &str, words: &mut Words<'_>) -> Result {
    while let Some(word) = words.next() {
        // Addresses of either family, each with its own attribute.
        if kind == "vxlan" && matches!(word, "remote" | "group" | "local") {
            let address = words.address(family::UNSPEC)?;
            let attribute = match (word, address.is_ipv4()) {
                ("local", true) => 4,
                ("local", false) => 17,
                (_, true) => 2,
                (_, false) => 16,
            };
            request.attribute(attribute, &octets(address));
            continue;
        }
        let Some(Word(name, attribute, value)) =
            plain_words(kind).iter().find(|Word(name, ..)| *name == word)
        else {
            return Err(invalid(word, &format!("type {kind}")));
        };
        let value = read(cx, words, name, *value)?;
        request.attribute(*attribute, &value);
    }
    Ok(())
}

fn read(cx: &mut Cx<'_>, words: &mut Words<'_>, name: &str, value: Value) -> Result<Vec<u8>> {
    Ok(match value {
        Value::U8 => vec![u8::try_from(words.number(name)?).map_err(|_| invalid("number", name))?],
        Value::U16 => {
            u16::try_from(words.number(name)?).map_err(|_| invalid("number", name))?.to_ne_bytes().to_vec()
        }
        Value::Port => {
            u16::try_from(words.number(name)?).map_err(|_| invalid("number", name))?.to_be_bytes().to_vec()
        }
        Value::U32 => words.number(name)?.to_ne_bytes().to_vec(),
        Value::Device => index(cx, words.value()?)?.to_ne_bytes().to_vec(),
        Value::Name(names, size) => {
            let text = words.value()?;
            let number = names.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
            let number = number.ok_or_else(|| invalid(text, name))?;
            number.to_le_bytes()[..size].to_vec()
        }
    })
}

fn vlan(request: &mut Request, words: &mut Words<'_>) -> Result {
    const ID: u16 = 1;
    const FLAGS: u16 = 2;
    const PROTOCOL: u16 = 5;
    let (mut flags, mut mask, mut has_id) = (0u32, 0u32, false);
    while let Some(word) = words.next() {
        let bit = match word {
            "reorder_hdr" => 1,
            "gvrp" => 2,
            "loose_binding" => 4,
            "mvrp" => 8,
            "id" => {
                let id = u16::try_from(words.number("id")?).ok().filter(|id| *id < 4096);
                request.attribute(ID, &id.ok_or_else(|| invalid("number", "id"))?.to_ne_bytes());
                has_id = true;
                continue;
            }
            "protocol" => {
                let text = words.value()?;
                let protocol: u16 = match text.to_ascii_lowercase().as_str() {
                    "802.1q" => 0x8100,
                    "802.1ad" => 0x88a8,
                    _ => return Err(invalid(text, "protocol")),
                };
                request.attribute(PROTOCOL, &protocol.to_be_bytes());
                continue;
            }
            _ => return Err(invalid(word, "type vlan")),
        };
        mask |= bit;
        flags = if words.on_off(word)? { flags | bit } else { flags & !bit };
    }
    if !has_id {
        return Err(Error::message("not enough of information: \"id\" argument is required"));
    }
    if mask != 0 {
        request.attribute(FLAGS, &[flags.to_ne_bytes(), mask.to_ne_bytes()].concat());
    }
    Ok(())
}

/// `struct can_bittiming`, in the order of its fields.
const TIMING: &[&str] = &["bitrate", "sample-point", "tq", "prop-seg", "phase-seg1", "phase-seg2", "sjw"];
const CAN_MODES: &[&str] = &[
    "loopback",
    "listen-only",
    "triple-sampling",
    "one-shot",
    "berr-reporting",
    "fd",
    "presume-ack",
    "fd-non-iso",
];

fn can(request: &mut Request, words: &mut Words<'_>) -> Result {
    const BITTIMING: u16 = 1;
    const CONTROL_MODE: u16 = 5;
    const RESTART_MS: u16 = 6;
    const RESTART: u16 = 7;
    const DATA_BITTIMING: u16 = 9;
    const TERMINATION: u16 = 11;
    let (mut timing, mut data_timing) = ([0u32; 8], [0u32; 8]);
    let (mut flags, mut mask) = (0u32, 0u32);
    while let Some(word) = words.next() {
        if let Some(place) = TIMING.iter().position(|name| *name == word) {
            timing[place] = timing_value(words, word)?;
        } else if let Some(place) =
            word.strip_prefix('d').and_then(|word| TIMING.iter().position(|name| *name == word))
        {
            data_timing[place] = timing_value(words, &word[1..])?;
        } else if let Some(place) = CAN_MODES.iter().position(|name| *name == word) {
            mask |= 1 << place;
            flags = if words.on_off(word)? { flags | 1 << place } else { flags & !(1 << place) };
        } else {
            match word {
                "restart" => request.number(RESTART, 1),
                "restart-ms" => request.number(RESTART_MS, words.number(word)?),
                "termination" => {
                    let ohms = u16::try_from(words.number(word)?).map_err(|_| invalid("number", word))?;
                    request.attribute(TERMINATION, &ohms.to_ne_bytes());
                }
                _ => return Err(invalid(word, "type can")),
            }
        }
    }
    for (attribute, timing) in [(BITTIMING, timing), (DATA_BITTIMING, data_timing)] {
        if timing != [0; 8] {
            request.attribute(attribute, &timing.map(u32::to_ne_bytes).concat());
        }
    }
    if mask != 0 {
        request.attribute(CONTROL_MODE, &[mask.to_ne_bytes(), flags.to_ne_bytes()].concat());
    }
    Ok(())
}

/// A sample point is a fraction, "0.875", in thousandths for the kernel.
fn timing_value(words: &mut Words<'_>, name: &str) -> Result<u32> {
    if name != "sample-point" {
        return words.number(name);
    }
    let text = words.value()?;
    let digits = text.strip_prefix("0.").or_else(|| text.strip_prefix('.'));
    let fits = digits
        .filter(|digits| (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let padded = fits.map(|digits| format!("{digits:0<3}"));
    padded.and_then(|digits| digits.parse().ok()).ok_or_else(|| invalid(text, name))
}
