//! nslookup — ask name servers.
//!
//! Source: RFC 1035 and RFC 3596 for messages, RFC 2782 for SRV; BusyBox 1.37 for options and texts.

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "nslookup",
    links: &["/usr/bin/nslookup"],
    usage: "\
nslookup [-type=TYPE] [-debug] HOST [SERVER]

Ask name servers about HOST, a name or an address.

TYPE: a, aaaa, any, cname, mx, ns, ptr, soa, srv, txt
",
    process: Process::Fork,
    run,
};

const TYPES: [(&str, u16); 10] = [
    ("a", 1),
    ("ns", 2),
    ("cname", 5),
    ("soa", 6),
    ("ptr", 12),
    ("mx", 15),
    ("txt", 16),
    ("aaaa", 28),
    ("srv", 33),
    ("any", 255),
];
const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const PORT: u16 = 53;
const TRIES: u32 = 2;
const PAUSE: Duration = Duration::from_secs(5);
/// What servers answer over UDP.
const MESSAGE_MAX: usize = 4096;

fn run(cx: &mut Cx<'_>) -> Result {
    let (mut kinds, mut debug, mut words) = (Vec::new(), false, Vec::new());
    for arg in cx.args {
        let text = arg.to_string_lossy();
        let Some(option) = text.strip_prefix('-') else {
            words.push(text.into_owned());
            continue;
        };
        let kind =
            ["type=", "querytype=", "query=", "q=", "t="].iter().find_map(|name| option.strip_prefix(name));
        match kind {
            Some(kind) => match TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)) {
                Some((_, number)) => kinds.push(*number),
                None => return Err(Error::message(format_args!("invalid query type \"{kind}\""))),
            },
            None if option == "debug" => debug = true,
            None => return Err(Error::usage(format_args!("invalid option '{text}'"))),
        }
    }
    let (host, server) = match &words[..] {
        [host] => (host, None),
        [host, server] => (host, Some(server)),
        _ => return Err(Error::usage("")),
    };
    let servers = servers(server.map(String::as_str))?;
    let name = match host.parse::<IpAddr>() {
        Ok(address) if kinds.is_empty() => {
            kinds.push(PTR);
            reverse(address)
        }
        _ => host.clone(),
    };
    if kinds.is_empty() {
        kinds = vec![A, AAAA];
    }
    let mut answered = None;
    let mut answers = Vec::new();
    for kind in kinds {
        let query = query(&name, kind).ok_or_else(|| Error::message(format_args!("bad name '{host}'")))?;
        let Some((server, answer)) = ask(&servers, &query) else { continue };
        answered = answered.or(Some(server));
        answers.push(answer);
    }
    let Some(server) = answered else {
        cx.out.write(b";; connection timed out; no servers could be reached\n\n");
        return Err(Error::exit(1));
    };
    let address = match server {
        SocketAddr::V4(_) => server.to_string(),
        SocketAddr::V6(server) => format!("[{}]:{}", server.ip(), server.port()),
    };
    writeln!(cx.out, "Server:\t\t{}\nAddress:\t{address}\n", server.ip());
    for answer in answers {
        let code = answer[3] & 15;
        if debug {
            writeln!(cx.out, "; {} bytes, code {code}", answer.len());
        }
        if code != 0 {
            const CODES: [&str; 6] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
            let reason = CODES.get(usize::from(code)).copied().unwrap_or("error");
            writeln!(cx.out, "** server can't find {name}: {reason}\n");
            cx.status = 1;
            continue;
        }
        let mut text = String::new();
        match describe(&answer, &mut text) {
            Some(0) => writeln!(cx.out, "*** Can't find {name}: No answer\n"),
            Some(_) => {
                let authority = if answer[2] & 4 != 0 { "" } else { "Non-authoritative answer:\n" };
                writeln!(cx.out, "{authority}{text}");
            }
            None => {
                cx.report(Error::message("the answer is no message of the DNS"));
            }
        }
    }
    Ok(())
}

/// Those of /etc/resolv.conf, or the one that is named.
fn servers(named: Option<&str>) -> Result<Vec<SocketAddr>> {
    let with_port = |text: &str| -> Result<SocketAddr> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address);
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, port.parse().unwrap_or(PORT)),
            _ => (text, PORT),
        };
        let found = super::common::resolve(host, sys::socket::family::UNSPEC)?;
        Ok(SocketAddr::new(found[0], port))
    };
    if let Some(named) = named {
        return Ok(vec![with_port(named)?]);
    }
    let text = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let mut servers = Vec::new();
    for line in text.lines() {
        if let Some(server) = line.strip_prefix("nameserver").map(str::trim)
            && let Ok(server) = with_port(server.split('#').next().unwrap_or("").trim())
        {
            servers.push(server);
        }
    }
    if servers.is_empty() {
        servers.push(SocketAddr::from(([127, 0, 0, 1], PORT)));
    }
    Ok(servers)
}

/// The name under which an address's name stands.
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut name = String::new();
            for octet in address.octets().iter().rev() {
                name += &format!("{:x}.{:x}.", octet & 15, octet >> 4);
            }
            name + "ip6.arpa"
        }
    }
}

/// None: a part of the name is empty or too long.
fn query(name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut message = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    // Whoever wants to answer in the server's place has to guess the number.
    sys::random::fill(&mut message[..2]).ok()?;
    for label in name.trim_end_matches('.').split('.') {
        if label.is_empty() && name != "." || label.len() > 63 {
            return None;
        }
        if !label.is_empty() {
            message.push(label.len() as u8);
            message.extend_from_slice(label.as_bytes());
        }
    }
    message.push(0);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
    (message.len() < 512).then_some(message)
}

/// Asks one server after the other. None: none has answered.
fn ask(servers: &[SocketAddr], query: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
    for _ in 0..TRIES {
        for &server in servers {
            let any: SocketAddr =
                if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
            let Ok(socket) = UdpSocket::bind(any) else { continue };
            if socket.connect(server).is_err() || socket.send(query).is_err() {
                continue;
            }
            let start = Instant::now();
            let mut buffer = vec![0; MESSAGE_MAX];
            while let Some(left) = PAUSE.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
                if socket.set_read_timeout(Some(left)).is_err() {
                    break;
                }
                let Ok(count) = socket.recv(&mut buffer) else { break };
                // Of another question, or no answer at all: wait on.
                if count >= 12 && buffer[..2] == query[..2] && buffer[2] & 0x80 != 0 {
                    buffer.truncate(count);
                    return Some((server, buffer));
                }
            }
        }
    }
    None
}

fn short(message: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(*message.get(at)?) << 8 | usize::from(*message.get(at + 1)?))
}

fn long(message: &[u8], at: usize) -> Option<usize> {
    Some(short(message, at)? << 16 | short(message, at + 2)?)
}

/// The name at `at`, and where the next thing stands. Pointers lead back only, so it ends.
fn name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    let (mut end, mut limit) = (None, at + 1);
    loop {
        let length = usize::from(*message.get(at)?);
        if length >= 0xc0 {
            end = end.or(Some(at + 2));
            let target = short(message, at)? & 0x3fff;
            if target >= limit - 1 {
                return None;
            }
            limit = target + 1;
            at = target;
        } else if length > 63 {
            return None;
        } else if length == 0 {
            return Some((name, end.unwrap_or(at + 1)));
        } else {
            let label = message.get(at + 1..at + 1 + length)?;
            if !name.is_empty() {
                name.push('.');
            }
            name += &posix::procfs::printable(label);
            if name.len() > 255 {
                return None;
            }
            at += 1 + length;
        }
    }
}

/// Writes the records of a message as text; how many there were. None: it is damaged.
fn describe(message: &[u8], text: &mut String) -> Option<usize> {
    let questions = short(message, 4)?;
    let records = short(message, 6)?;
    let mut at = 12;
    for _ in 0..questions {
        at = name(message, at)?.1 + 4;
    }
    for _ in 0..records {
        let (owner, behind) = name(message, at)?;
        let (kind, length) = (short(message, behind)?, short(message, behind + 8)?);
        let data = behind + 10;
        message.get(data..data + length)?;
        record(message, &owner, kind as u16, data, length, text)?;
        at = data + length;
    }
    Some(records)
}

fn record(message: &[u8], owner: &str, kind: u16, at: usize, length: usize, text: &mut String) -> Option<()> {
    let pointed = |at: usize| name(message, at).map(|(name, _)| name);
    *text += &match kind {
        A | AAAA => {
            let address = super::common::address(&message[at..at + length])?;
            format!("Name:\t{owner}\nAddress: {address}\n")
        }
        2 => format!("{owner}\tnameserver = {}\n", pointed(at)?),
        5 => format!("{owner}\tcanonical name = {}\n", pointed(at)?),
        6 => {
            let (origin, behind) = name(message, at)?;
            let (mail, numbers) = name(message, behind)?;
            let mut lines = format!("{owner}\n\torigin = {origin}\n\tmail addr = {mail}\n");
            for (index, title) in ["serial", "refresh", "retry", "expire", "minimum"].iter().enumerate() {
                lines += &format!("\t{title} = {}\n", long(message, numbers + 4 * index)?);
            }
            lines
        }
        PTR => format!("{owner}\tname = {}\n", pointed(at)?),
        15 => format!("{owner}\tmail exchanger = {} {}\n", short(message, at)?, pointed(at + 2)?),
        16 => {
            let mut parts = String::new();
            let mut rest = &message[at..at + length];
            while let Some((&size, behind)) = rest.split_first() {
                let part = behind.get(..usize::from(size))?;
                parts += &posix::procfs::printable(part);
                rest = &behind[usize::from(size)..];
            }
            format!("{owner}\ttext = \"{parts}\"\n")
        }
        33 => {
            let [priority, weight, port] =
                [short(message, at)?, short(message, at + 2)?, short(message, at + 4)?];
            format!("{owner}\tservice = {priority} {weight} {port} {}\n", pointed(at + 6)?)
        }
        kind => format!("{owner}\ttype {kind}, {length} bytes\n"),
    };
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer about "a.b", whose record's owner points to the question.
    fn answer(kind: u8, data: &[u8]) -> Vec<u8> {
        let mut message = vec![0, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, b'a', 1, b'b', 0, 0, kind, 0, 1];
        message.extend_from_slice(&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        message.extend_from_slice(data);
        message
    }

    #[test]
    fn describes_records() {
        for (kind, data, expected) in [
            (1, &[10, 0, 0, 1][..], "Name:\ta.b\nAddress: 10.0.0.1\n"),
            (5, &[1, b'c', 0xc0, 12], "a.b\tcanonical name = c.a.b\n"),
            (15, &[0, 10, 1, b'm', 0xc0, 14], "a.b\tmail exchanger = 10 m.b\n"),
            (16, &[2, b'x', 27, 1, b'y'], "a.b\ttext = \"x?y\"\n"),
            (33, &[0, 1, 0, 2, 0, 80, 0xc0, 12], "a.b\tservice = 1 2 80 a.b\n"),
            (99, &[1], "a.b\ttype 99, 1 bytes\n"),
        ] {
            let mut text = String::new();
            let message = answer(kind, data);
            assert_eq!(describe(&message, &mut text), Some(1), "{kind}");
            assert_eq!(text, expected);
            for length in 12..message.len() {
                // Cut anywhere it is damaged, and nothing worse.
                assert_eq!(describe(&message[..length], &mut String::new()), None, "{kind} {length}");
            }
        }
    }

    #[test]
    fn pointers_end() {
        let mut message = answer(5, &[0xc0, 33]);
        assert_eq!(describe(&message, &mut String::new()), None);
        // The owner's name leads forward.
        message[22] = 33;
        assert_eq!(describe(&message, &mut String::new()), None);
    }

    #[test]
    fn makes_questions() {
        let message = query("a.bc.", 1).unwrap();
        assert_eq!(&message[2..], [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 2, b'b', b'c', 0, 0, 1, 0, 1]);
        assert!(query("a..b", 1).is_none() && query(&"x".repeat(64), 1).is_none());
        assert_eq!(reverse("10.1.2.3".parse().unwrap()), "3.2.1.10.in-addr.arpa");
        assert!(reverse("::1".parse().unwrap()).starts_with("1.0.0."));
    }
}
