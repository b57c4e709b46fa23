//! ip — show and change links, addresses, routes, rules, neighbours and tunnels.
//!
//! Source: rtnetlink(7), ip(8) of iproute2 for the language; BusyBox 1.37 for what is printed.

mod address;
mod link;
mod link_kind;
mod names;
mod neighbour;
mod route;
mod rule;
mod tunnel;
mod words;

use super::netlink::Netlink;
use crate::prelude::*;
use sys::socket::family;
use words::Words;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "ip",
        links: &["/sbin/ip"],
        usage: "\
ip [OPTIONS] address|route|link|tunnel|neigh|rule [ARGS]

OPTIONS := -f[amily] inet|inet6|link | -4 | -6 | -0 | -o[neline]

ip addr add|del IFADDR dev IFACE | show|flush [dev IFACE] [to PREFIX]
ip route list|flush|add|del|change|append|replace|test|get ROUTE
ip link set IFACE [up|down] [arp on|off] [multicast on|off]
	[promisc on|off] [mtu NUM] [name NAME] [qlen NUM] [address MAC]
	[master IFACE | nomaster] [netns PID] [type TYPE ARGS]
ip link add [link IFACE] IFACE [address MAC] type TYPE [ARGS] | del IFACE
ip tunnel add|change|del|show [NAME]
	[mode ipip|gre|sit] [remote ADDR] [local ADDR] [ttl TTL]
ip neigh show|flush|add|del [to PREFIX] [dev DEV] [lladdr MAC] [nud STATE]
ip rule [list] | add|del SELECTOR ACTION
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "ipaddr",
        links: &["/sbin/ipaddr"],
        usage: "\
ipaddr add|del IFADDR dev IFACE | show|flush [dev IFACE] [to PREFIX]

ipaddr add|change|replace|delete dev IFACE [CONFFLAG-LIST] IFADDR
	IFADDR := PREFIX | ADDR peer PREFIX [broadcast ADDR|+|-]
		[anycast ADDR] [label STRING] [scope SCOPE]
		[valid_lft SEC] [preferred_lft SEC]
	PREFIX := ADDR[/MASK]
	SCOPE := [host|link|global|NUMBER]
	CONFFLAG-LIST := [noprefixroute] [nodad] [home]
ipaddr show|flush [dev IFACE] [scope SCOPE] [to PREFIX] [label PATTERN] [up]
",
        process: Process::Fork,
        run: |cx| alone(cx, address::run),
    },
    Applet {
        name: "iplink",
        links: &["/sbin/iplink"],
        usage: "\
iplink set IFACE [up|down] [arp on|off] [multicast on|off]
	[promisc on|off] [mtu NUM] [name NAME] [qlen NUM] [address MAC]
	[master IFACE | nomaster] [netns PID] [type TYPE ARGS]
iplink add [link IFACE] IFACE [address MAC] type TYPE [ARGS]
iplink delete IFACE type TYPE [ARGS]
	TYPE := dummy|ifb|bridge|bond|wireguard|veth [peer name NAME]
		|macvlan|macvtap|ipvlan [mode MODE]|vlan VLANARGS
		|vrf table NUM|vxlan VXLANARGS|can CANARGS
	VLANARGS := id VLANID [protocol 802.1q|802.1ad] [reorder_hdr on|off]
		[gvrp on|off] [mvrp on|off] [loose_binding on|off]
	VXLANARGS := id VNI [dev IFACE] [local ADDR] [remote ADDR]
		[dstport PORT] [ttl TTL]
	CANARGS := [bitrate BITRATE [sample-point SAMPLE-POINT]] |
		[tq TQ prop-seg PROP_SEG phase-seg1 PHASE-SEG1
		phase-seg2 PHASE-SEG2 [sjw SJW]]
		[dbitrate BITRATE [dsample-point SAMPLE-POINT]] |
		[dtq TQ dprop-seg PROP_SEG dphase-seg1 PHASE-SEG1
		dphase-seg2 PHASE-SEG2 [dsjw SJW]]
		[loopback on|off] [listen-only on|off] [triple-sampling on|off]
		[one-shot on|off] [berr-reporting on|off]
		[fd on|off] [fd-non-iso on|off] [presume-ack on|off]
		[restart-ms TIME-MS] [restart] [termination 0..65535]
iplink show [IFACE]
",
        process: Process::Fork,
        run: |cx| alone(cx, link::run),
    },
    Applet {
        name: "ipneigh",
        links: &["/sbin/ipneigh"],
        usage: "\
ipneigh show|flush [to PREFIX] [dev DEV] [nud STATE]
ipneigh add|change|replace|del ADDR [lladdr MAC] dev DEV [nud STATE] [proxy]
",
        process: Process::Fork,
        run: |cx| alone(cx, neighbour::run),
    },
    Applet {
        name: "iproute",
        links: &["/sbin/iproute"],
        usage: "\
iproute list|flush|add|del|change|append|replace|test ROUTE

iproute list|flush SELECTOR
	SELECTOR := [root PREFIX] [match PREFIX] [exact PREFIX] [dev IFACE]
		[via ADDR] [src ADDR] [table ID|all] [proto RTPROTO]
		[scope SCOPE] [type TYPE]
	PREFIX := default|ADDR[/MASK]
iproute get ADDR [from ADDR iif IFACE]
	[oif IFACE] [tos TOS]
iproute add|del|change|append|replace|test ROUTE
	ROUTE := NODE_SPEC [INFO_SPEC]
	NODE_SPEC := [TYPE] PREFIX [table TABLE_ID] [proto RTPROTO]
		[scope SCOPE] [metric METRIC]
	INFO_SPEC := NH OPTIONS
	NH := [via [inet|inet6] ADDR] [dev IFACE] [src ADDR] [onlink]
	OPTIONS := [mtu [lock] NUM] [advmss [lock] NUM]
",
        process: Process::Fork,
        run: |cx| alone(cx, route::run),
    },
    Applet {
        name: "iprule",
        links: &["/sbin/iprule"],
        usage: "\
iprule [list] | add|del SELECTOR ACTION

	SELECTOR := [not] [from PREFIX] [to PREFIX] [tos TOS]
			[fwmark FWMARK[/MASK]] [iif|oif IFACE] [pref NUMBER]
	ACTION := [table TABLE_ID]
			[prohibit|blackhole|unreachable]
			[realms [SRCREALM/]DSTREALM]
			[suppress_prefixlength NUMBER]
	TABLE_ID := [local|main|default|NUMBER]
",
        process: Process::Fork,
        run: |cx| alone(cx, rule::run),
    },
    Applet {
        name: "iptunnel",
        links: &["/sbin/iptunnel"],
        usage: "\
iptunnel add|change|del|show [NAME]
	[mode ipip|gre|sit] [remote ADDR] [local ADDR]
	[[i|o]seq] [[i|o]key KEY] [[i|o]csum]
	[ttl TTL] [tos TOS] [[no]pmtudisc] [dev PHYS_DEV]
",
        process: Process::Fork,
        run: |cx| alone(cx, tunnel::run),
    },
];

type Object = fn(&mut Cx<'_>, &mut Words<'_>, View) -> Result;

/// In the order in which abbreviations are tried: `ip r` is `ip route`.
const OBJECTS: &[(&str, Object)] = &[
    ("address", address::run),
    ("route", route::run),
    ("link", link::run),
    ("neighbour", neighbour::run),
    ("neighbor", neighbour::run),
    ("tunnel", tunnel::run),
    ("tunl", tunnel::run),
    ("rule", rule::run),
];

/// What the options say about all objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    /// UNSPEC: nothing was said.
    family: u16,
    one_line: bool,
}

impl View {
    /// Between the lines of one entry.
    fn gap(self) -> &'static str {
        if self.one_line { "\\" } else { "\n" }
    }
}

fn run(cx: &mut Cx<'_>) -> Result {
    let mut words = Words::new(cx.args)?;
    let view = options(&mut words)?;
    let Some(name) = words.next() else { return Err(Error::usage("")) };
    match OBJECTS.iter().find(|(object, _)| object.starts_with(name) && !name.is_empty()) {
        Some((_, object)) => object(cx, &mut words, view),
        None => Err(Error::usage("")),
    }
}

fn alone(cx: &mut Cx<'_>, object: Object) -> Result {
    let mut words = Words::new(cx.args)?;
    let view = options(&mut words)?;
    object(cx, &mut words, view)
}

fn options(words: &mut Words<'_>) -> Result<View> {
    let mut view = View { family: family::UNSPEC, one_line: false };
    while let Some(option) = words.peek().filter(|word| word.starts_with('-')) {
        words.next();
        match option.trim_start_matches('-') {
            "" => break,
            "4" => view.family = family::INET,
            "6" => view.family = family::INET6,
            "0" => view.family = family::PACKET,
            name if "oneline".starts_with(name) => view.one_line = true,
            name if "family".starts_with(name) => view.family = family_named(words.value()?)?,
            _ => return Err(Error::usage("")),
        }
    }
    Ok(view)
}

fn family_named(name: &str) -> Result<u16> {
    match name {
        "inet" => Ok(family::INET),
        "inet6" => Ok(family::INET6),
        "link" => Ok(family::PACKET),
        other => Err(Error::message(format_args!("invalid argument '{other}' to 'protocol family'"))),
    }
}

/// Index of an interface; if there is none, the exit status is 2.
fn index(cx: &mut Cx<'_>, name: &str) -> Result<u32> {
    sys::socket::interface_index(name).ok_or_else(|| {
        cx.failure = 2;
        Error::message(format_args!("can't find device '{name}'"))
    })
}

/// The name of an interface, "if7" where there is none any more.
fn interface(index: u32) -> String {
    sys::socket::interface_name(index).unwrap_or_else(|| format!("if{index}"))
}

fn open() -> Result<Netlink> {
    Netlink::open()
}
