//! route — routes: list, get, add, delete, flush.

use std::net::IpAddr;

use super::super::common::{Prefix, address, family_of, octets};
use super::super::netlink::{Answer, Attributes, Request, flag, message};
use super::names::{PROTOCOLS, SCOPES, TABLES, TYPES};
use super::words::{Words, command, invalid, prefix};
use super::{View, index, interface, open};
use crate::prelude::*;
use sys::socket::family;

/// `struct rtmsg`: family, dst_len, src_len, tos, table, protocol, scope, type, flags.
const HEADER: usize = 12;
const DST: u16 = 1;
const SRC: u16 = 2;
const IIF: u16 = 3;
const OIF: u16 = 4;
const GATEWAY: u16 = 5;
const PRIORITY: u16 = 6;
const PREFSRC: u16 = 7;
const METRICS: u16 = 8;
const MULTIPATH: u16 = 9;
const TABLE: u16 = 15;
const VIA: u16 = 18;

const METRIC_LOCK: u16 = 1;
const METRIC_MTU: u16 = 2;
const METRIC_ADVMSS: u16 = 8;

const MAIN: u32 = 254;
const LOCAL_TABLE: u32 = 255;
const CLONED: u32 = 0x200;
const BOOT: u8 = 3;
const NEXT_HOP_FLAGS: &[(u32, &str)] = &[(1, "dead"), (4, "onlink"), (2, "pervasive"), (16, "linkdown")];

pub(super) fn run(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    let Some(word) = words.next() else { return list(cx, words, view, false) };
    let commands = [
        "add", "append", "change", "chg", "delete", "get", "list", "lst", "show", "prepend", "replace",
        "test", "flush",
    ];
    match command(word, &commands)? {
        "add" => modify(cx, words, view, message::NEWROUTE, flag::CREATE | flag::EXCLUSIVE),
        "append" => modify(cx, words, view, message::NEWROUTE, flag::CREATE | flag::APPEND),
        "change" | "chg" => modify(cx, words, view, message::NEWROUTE, flag::REPLACE),
        "delete" => modify(cx, words, view, message::DELROUTE, 0),
        "prepend" => modify(cx, words, view, message::NEWROUTE, flag::CREATE),
        "replace" => modify(cx, words, view, message::NEWROUTE, flag::CREATE | flag::REPLACE),
        "test" => modify(cx, words, view, message::NEWROUTE, flag::EXCLUSIVE),
        "get" => get(cx, words, view),
        "flush" => list(cx, words, view, true),
        _ => list(cx, words, view, false),
    }
}

fn table_of(route: &Answer, attributes: &Attributes<'_>) -> u32 {
    attributes.number(TABLE).unwrap_or_else(|| u32::from(route.u8(4)))
}

/// Which routes are meant.
struct Filter {
    family: u16,
    /// None: all tables.
    table: Option<u32>,
    protocol: Option<u32>,
    scope: Option<u32>,
    kind: Option<u32>,
    output: Option<u32>,
    input: Option<u32>,
    via: Option<Prefix>,
    source: Option<Prefix>,
    /// The route's network lies in this one.
    root: Option<Prefix>,
    /// This one lies in the route's network.
    within: Option<Prefix>,
    tos: Option<u32>,
    metric: Option<u32>,
    cached: bool,
}

impl Filter {
    fn read(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result<Filter> {
        let mut filter = Filter {
            family: view.family,
            table: Some(MAIN),
            protocol: None,
            scope: None,
            kind: None,
            output: None,
            input: None,
            via: None,
            source: None,
            root: None,
            within: None,
            tos: None,
            metric: None,
            cached: false,
        };
        while let Some(word) = words.next() {
            match word {
                "table" => match words.value()? {
                    "all" => filter.table = None,
                    "cache" => filter.cached = true,
                    text => filter.table = Some(TABLES.number(text).ok_or_else(|| invalid(text, "table"))?),
                },
                "cache" | "cached" | "cloned" => filter.cached = true,
                "protocol" | "proto" => {
                    let text = words.value()?;
                    if text != "all" {
                        filter.protocol =
                            Some(PROTOCOLS.number(text).ok_or_else(|| invalid(text, "protocol"))?);
                    }
                }
                "scope" => {
                    let text = words.value()?;
                    if text != "all" {
                        filter.scope = Some(SCOPES.number(text).ok_or_else(|| invalid(text, "scope"))?);
                    }
                }
                "type" => {
                    let text = words.value()?;
                    filter.kind = Some(TYPES.number(text).ok_or_else(|| invalid(text, "type"))?);
                }
                "dev" | "oif" => {
                    filter.output = Some(index(cx, words.value()?).inspect_err(|_| cx.failure = 1)?)
                }
                "iif" => filter.input = Some(index(cx, words.value()?).inspect_err(|_| cx.failure = 1)?),
                "tos" | "dsfield" => filter.tos = Some(words.number("tos")?),
                "metric" | "priority" | "preference" => filter.metric = Some(words.number("metric")?),
                "via" => filter.via = Some(filter.prefix(words.value()?)?),
                "src" => filter.source = Some(filter.prefix(words.value()?)?),
                "root" => filter.root = Some(filter.prefix(words.value()?)?),
                "match" => filter.within = Some(filter.prefix(words.value()?)?),
                _ => {
                    let text = if matches!(word, "exact" | "to") { words.value()? } else { word };
                    let exact = filter.prefix(text)?;
                    (filter.root, filter.within) = (Some(exact), Some(exact));
                }
            }
        }
        if filter.family == family::UNSPEC && filter.table.is_some() {
            filter.family = family::INET;
        }
        Ok(filter)
    }

    fn prefix(&mut self, text: &str) -> Result<Prefix> {
        let prefix = prefix(text, self.family)?;
        if self.family == family::UNSPEC && !matches!(text, "default" | "all" | "any") {
            self.family = prefix.family();
        }
        Ok(prefix)
    }

    fn is_selective(&self) -> bool {
        let numbers = [self.protocol, self.scope, self.kind, self.output, self.input, self.tos, self.metric];
        let prefixes = [self.via, self.source, self.root, self.within];
        self.table != Some(MAIN)
            || numbers.iter().any(Option::is_some)
            || prefixes.iter().any(Option::is_some)
    }

    fn fits(&self, route: &Answer) -> bool {
        let attributes = route.attributes(HEADER);
        let number = |wanted: Option<u32>, is: Option<u32>| wanted.is_none() || wanted == is;
        let one = |kind| attributes.get(kind).and_then(address);
        let lies_in = |net: Option<Prefix>, is: Option<IpAddr>| {
            net.is_none_or(|net| is.is_some_and(|is| net.contains(is)))
        };
        (self.family == family::UNSPEC || self.family == u16::from(route.u8(0)))
            && number(self.table, Some(table_of(route, &attributes)))
            && number(self.protocol, Some(route.u8(5).into()))
            && number(self.scope, Some(route.u8(6).into()))
            && number(self.kind, Some(route.u8(7).into()))
            && number(self.tos, Some(route.u8(3).into()))
            && number(self.output, attributes.number(OIF))
            && number(self.input, attributes.number(IIF))
            && number(self.metric, Some(attributes.number(PRIORITY).unwrap_or(0)))
            && (route.u32(8) & CLONED != 0) == self.cached
            && lies_in(self.via, one(GATEWAY))
            && lies_in(self.source, one(PREFSRC))
            && self.fits_network(route, one(DST))
    }

    fn fits_network(&self, route: &Answer, network: Option<IpAddr>) -> bool {
        let length = route.u8(1);
        let network = network
            .or_else(|| address(&vec![0; if u16::from(route.u8(0)) == family::INET6 { 16 } else { 4 }]));
        let Some(network) = network else { return false };
        let network = Prefix { address: network, length, explicit: true };
        self.root.is_none_or(|root| root.length <= length && root.contains(network.address))
            && self.within.is_none_or(|within| within.length >= length && network.contains(within.address))
    }
}

fn list(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, flush: bool) -> Result {
    let filter = Filter::read(cx, words, view)?;
    if flush && filter.cached {
        // Linux keeps no cache of routes since 3.6; the file still takes the word.
        let path = "/proc/sys/net/ipv4/route/flush";
        return std::fs::write(path, "-1\n").at(path);
    }
    if flush && !filter.is_selective() {
        return Err(Error::usage("\"ip route flush\" requires arguments"));
    }
    let mut header = [0; HEADER];
    header[0] = filter.family as u8;
    let mut routes = open()?.dump(cx, Request::new(message::GETROUTE, 0, &header))?;
    routes.retain(|route| route.message == message::NEWROUTE && filter.fits(route));
    for route in &routes {
        if flush {
            delete(cx, route)?;
        } else {
            print(cx, route, filter.table.is_none());
        }
    }
    Ok(())
}

/// A route that went with another one is gone already.
fn delete(cx: &mut Cx<'_>, route: &Answer) -> Result {
    match open()?.change(cx, Request::new(message::DELROUTE, 0, &route.body)) {
        Err(error) if error.is(3) => {
            cx.failure = 1;
            Ok(())
        }
        result => result,
    }
}

fn print(cx: &mut Cx<'_>, route: &Answer, with_table: bool) {
    let attributes = route.attributes(HEADER);
    let host = if u16::from(route.u8(0)) == family::INET6 { 128 } else { 32 };
    let text = |kind| attributes.get(kind).and_then(address).map(|address| address.to_string());
    let network = |kind, length: u8| match text(kind) {
        Some(address) if length == host => address,
        Some(address) => format!("{address}/{length}"),
        None if length == 0 => "default".to_string(),
        None => format!("0/{length}"),
    };
    let kind = u32::from(route.u8(7));
    if kind != 1 {
        write!(cx.out, "{} ", TYPES.name(kind));
    }
    write!(cx.out, "{} ", network(DST, route.u8(1)));
    if route.u8(2) != 0 || attributes.get(SRC).is_some() {
        write!(cx.out, "from {} ", network(SRC, route.u8(2)));
    }
    if route.u8(3) != 0 {
        write!(cx.out, "tos 0x{:02x} ", route.u8(3));
    }
    print_hop(cx, &attributes);
    let table = table_of(route, &attributes);
    if with_table && table != MAIN {
        write!(cx.out, "table {} ", TABLES.name(table));
    }
    if route.u32(8) & CLONED == 0 && route.u8(6) != 0 {
        write!(cx.out, "scope {} ", SCOPES.name(route.u8(6).into()));
    }
    if let Some(source) = text(PREFSRC) {
        write!(cx.out, " src {source} ");
    }
    if let Some(metric) = attributes.number(PRIORITY) {
        write!(cx.out, " metric {metric} ");
    }
    let metrics = attributes.nested(METRICS);
    for (kind, name) in [(METRIC_MTU, "mtu"), (METRIC_ADVMSS, "advmss")] {
        if let Some(value) = metrics.number(kind) {
            let lock = if metrics.number(METRIC_LOCK).unwrap_or(0) & 1 << kind != 0 { "lock " } else { "" };
            write!(cx.out, " {name} {lock}{value} ");
        }
    }
    if let Some(input) = attributes.number(IIF) {
        write!(cx.out, " iif {}", interface(input));
    }
    for (bit, name) in NEXT_HOP_FLAGS {
        if route.u32(8) & bit != 0 {
            write!(cx.out, " {name}");
        }
    }
    if let Some(hops) = attributes.get(MULTIPATH) {
        print_hops(cx, hops);
    }
    cx.out.write(b"\n");
}

fn print_hop(cx: &mut Cx<'_>, attributes: &Attributes<'_>) {
    // RTA_VIA: the family of the gateway before its address.
    let foreign =
        attributes.get(VIA).and_then(|via| Some((via.first_chunk::<2>()?, address(via.get(2..)?)?)));
    if let Some(gateway) = attributes.get(GATEWAY).and_then(address) {
        write!(cx.out, "via {gateway} ");
    } else if let Some((family, gateway)) = foreign {
        let name = if u16::from_ne_bytes(*family) == family::INET6 { "inet6" } else { "inet" };
        write!(cx.out, "via {name} {gateway} ");
    }
    if let Some(output) = attributes.number(OIF) {
        write!(cx.out, "dev {} ", interface(output));
    }
}

/// `struct rtnexthop`: length, flags, hops, interface; then attributes.
fn print_hops(cx: &mut Cx<'_>, mut hops: &[u8]) {
    while let [l0, l1, _flags, weight, i0, i1, i2, i3, rest @ ..] = hops {
        let length = usize::from(u16::from_ne_bytes([*l0, *l1]));
        let Some(inner) = length.checked_sub(8).and_then(|count| rest.get(..count)) else { break };
        cx.out.write(b"\n\tnexthop ");
        print_hop(cx, &Attributes::read(inner));
        let output = u32::from_ne_bytes([*i0, *i1, *i2, *i3]);
        write!(cx.out, "dev {} weight {} ", interface(output), u32::from(*weight) + 1);
        hops = hops.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

/// What `add` and its kin are told.
#[derive(Default)]
struct Wanted {
    family: u16,
    network: Option<Prefix>,
    attributes: Vec<(u16, Vec<u8>)>,
    has_gateway: bool,
    table: Option<u32>,
    protocol: Option<u32>,
    scope: Option<u32>,
    kind: Option<u32>,
    tos: u8,
    flags: u32,
    metrics: Vec<(u16, u32)>,
    locked: u32,
}

impl Wanted {
    fn read(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result<Wanted> {
        let mut wanted = Wanted { family: view.family, ..Wanted::default() };
        while let Some(word) = words.next() {
            if !wanted.read_word(cx, words, word)? {
                wanted.read_network(words, word)?;
            }
        }
        Ok(wanted)
    }

    fn read_word(&mut self, cx: &mut Cx<'_>, words: &mut Words<'_>, word: &str) -> Result<bool> {
        match word {
            "src" => self.push_address(PREFSRC, words)?,
            "via" => self.read_via(words)?,
            "dev" | "oif" => {
                let output = index(cx, words.value()?).inspect_err(|_| cx.failure = 1)?;
                self.attributes.push((OIF, output.to_ne_bytes().to_vec()));
            }
            "metric" | "priority" | "preference" => {
                self.attributes.push((PRIORITY, words.number("metric")?.to_ne_bytes().to_vec()));
            }
            "table" => {
                let text = words.value()?;
                self.table = Some(TABLES.number(text).ok_or_else(|| invalid(text, "table"))?);
            }
            "protocol" | "proto" => {
                let text = words.value()?;
                self.protocol = Some(PROTOCOLS.number(text).ok_or_else(|| invalid(text, "protocol"))?);
            }
            "scope" => {
                let text = words.value()?;
                self.scope = Some(SCOPES.number(text).ok_or_else(|| invalid(text, "scope"))?);
            }
            "tos" | "dsfield" => {
                self.tos = u8::try_from(words.number("tos")?).map_err(|_| invalid("number", "tos"))?
            }
            "onlink" => self.flags |= 4,
            "mtu" | "advmss" => {
                let kind = if word == "mtu" { METRIC_MTU } else { METRIC_ADVMSS };
                if words.peek() == Some("lock") {
                    words.next();
                    self.locked |= 1 << kind;
                }
                self.metrics.push((kind, words.number(word)?));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn push_address(&mut self, kind: u16, words: &mut Words<'_>) -> Result {
        let address = words.address(self.family)?;
        self.settle(address);
        self.attributes.push((kind, octets(address)));
        Ok(())
    }

    fn read_via(&mut self, words: &mut Words<'_>) -> Result {
        self.has_gateway = true;
        let named = match words.peek() {
            Some("inet") => Some(family::INET),
            Some("inet6") => Some(family::INET6),
            _ => None,
        };
        if named.is_some() {
            words.next();
        }
        let gateway = words.address(named.unwrap_or(family::UNSPEC))?;
        let own = if self.family == family::UNSPEC { family_of(gateway) } else { self.family };
        if own == family_of(gateway) {
            self.settle(gateway);
            self.attributes.push((GATEWAY, octets(gateway)));
        } else {
            let value = [&family_of(gateway).to_ne_bytes()[..], &octets(gateway)].concat();
            self.attributes.push((VIA, value));
        }
        Ok(())
    }

    /// The first address tells the family.
    fn settle(&mut self, address: IpAddr) {
        if self.family == family::UNSPEC {
            self.family = family_of(address);
        }
    }

    fn read_network(&mut self, words: &mut Words<'_>, word: &str) -> Result {
        let mut text = if word == "to" { words.value()? } else { word };
        if self.kind.is_none()
            && let Some(kind) =
                TYPES.number(text).filter(|_| !text.starts_with(|first: char| first.is_ascii_digit()))
        {
            self.kind = Some(kind);
            text = words.value()?;
        }
        if self.network.is_some() {
            return Err(Error::message(format_args!("either \"to\" is duplicate, or \"{text}\" is garbage")));
        }
        let network = prefix(text, self.family)?;
        if !matches!(text, "default" | "any" | "all") {
            self.settle(network.address);
        }
        self.network = Some(network);
        Ok(())
    }
}

fn modify(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View, message: u16, flags: u16) -> Result {
    let wanted = Wanted::read(cx, words, view)?;
    let is_new = message == message::NEWROUTE;
    let kind = wanted.kind.unwrap_or(if is_new { 1 } else { 0 });
    let special = matches!(kind, 2..=5 | 10);
    let table = wanted.table.unwrap_or(if special && kind != 5 { LOCAL_TABLE } else { MAIN });
    let scope = wanted.scope.unwrap_or(match kind {
        _ if !is_new => 255,
        2 | 10 => 254,
        3..=5 => 253,
        1 if !wanted.has_gateway => 253,
        _ => 0,
    });
    let mut header = [0; HEADER];
    header[0] = if wanted.family == family::UNSPEC { family::INET } else { wanted.family } as u8;
    header[1] = wanted.network.map_or(0, |network| network.length);
    header[3] = wanted.tos;
    header[4] = u8::try_from(table).unwrap_or(0);
    header[5] = wanted.protocol.unwrap_or(if is_new { BOOT.into() } else { 0 }) as u8;
    header[6] = scope as u8;
    header[7] = kind as u8;
    header[8..].copy_from_slice(&wanted.flags.to_ne_bytes());
    let mut request = Request::new(message, flags, &header);
    if let Some(network) = wanted.network.filter(|network| network.length > 0) {
        request.attribute(DST, &octets(network.address));
    }
    for (kind, value) in &wanted.attributes {
        request.attribute(*kind, value);
    }
    if table > 255 {
        request.number(TABLE, table);
    }
    if !wanted.metrics.is_empty() {
        let nest = request.begin(METRICS);
        if wanted.locked != 0 {
            request.number(METRIC_LOCK, wanted.locked);
        }
        for (kind, value) in &wanted.metrics {
            request.number(*kind, *value);
        }
        request.end(nest);
    }
    open()?.change(cx, request)
}

fn get(cx: &mut Cx<'_>, words: &mut Words<'_>, view: View) -> Result {
    let mut header = [0; HEADER];
    let mut attributes: Vec<(u16, Vec<u8>)> = Vec::new();
    let mut wanted = None;
    while let Some(word) = words.next() {
        match word {
            "from" => {
                let from = words.prefix(view.family)?;
                header[2] = from.length;
                attributes.push((SRC, octets(from.address)));
            }
            "oif" | "dev" | "iif" => {
                let number = index(cx, words.value()?).inspect_err(|_| cx.failure = 1)?;
                attributes.push((if word == "iif" { IIF } else { OIF }, number.to_ne_bytes().to_vec()));
            }
            "tos" | "dsfield" => header[3] = words.number("tos")? as u8,
            _ => {
                let text = if word == "to" { words.value()? } else { word };
                wanted = Some(prefix(text, view.family)?);
            }
        }
    }
    let Some(wanted) = wanted else { return Err(Error::message("need at least destination address")) };
    header[0] = wanted.family() as u8;
    header[1] = wanted.length;
    let mut request = Request::new(message::GETROUTE, 0, &header);
    request.attribute(DST, &octets(wanted.address));
    for (kind, value) in &attributes {
        request.attribute(*kind, value);
    }
    if let Some(route) = open()?.ask(cx, request)? {
        print(cx, &route, false);
    }
    Ok(())
}
