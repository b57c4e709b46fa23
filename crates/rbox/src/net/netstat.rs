//! netstat — print sockets and routes.
//!
//! Source: netstat(8) of net-tools and BusyBox 1.37 for the columns; proc(5); linux/net/ipv4/tcp_ipv4.c for the tables.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posix::procfs;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "netstat",
    links: &["/bin/netstat"],
    usage: "\
netstat [-ral] [-tuwx] [-enWp]

Print sockets that are connected, or as options say.

  -r  The routing table
  -a  All sockets
  -l  Those that listen
  -t  TCP
  -u  UDP
  -w  Raw
  -x  Unix
  -e  User and inode, too
  -n  Don't resolve names
  -W  Don't cut names
  -p  The process, too
",
    process: Process::Fork,
    run,
};

const STATES: [&str; 12] = [
    "",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];
const OPEN: usize = 1;
const LISTEN: usize = 10;

struct Job<'a> {
    options: &'a Options,
    /// Columns of an address.
    width: usize,
    /// Sockets that listen, and those that do not.
    listening: bool,
    connected: bool,
    services: Vec<u8>,
    /// The process that has each socket, by the socket's inode.
    owners: Vec<(u64, String)>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    if options.has('r') {
        return super::routes::show(cx, options.has('n'), !options.has('e'));
    }
    let all = options.has('a');
    let mut job = Job {
        width: if options.has('W') { 51 } else { 23 },
        listening: all || options.has('l'),
        connected: all || !options.has('l'),
        services: if options.has('n') { Vec::new() } else { fs::read("/etc/services").unwrap_or_default() },
        owners: if options.has('p') { owners() } else { Vec::new() },
        options: &options,
    };
    let kinds = options.last_of("tuwx").is_some();
    let wants = |letter: char| !kinds || options.has(letter);
    let which = match (job.listening, job.connected) {
        (true, true) => "(servers and established)",
        (true, false) => "(only servers)",
        _ => "(w/o servers)",
    };
    let owner = if options.has('p') { "PID/Program name    " } else { "" };
    if wants('t') || wants('u') || wants('w') {
        let width = job.width;
        let more = if options.has('e') { "User       Inode       " } else { "" };
        writeln!(
            cx.out,
            "Active Internet connections {which}\nProto Recv-Q Send-Q {:<width$} {:<width$} State       {more}{owner}",
            "Local Address", "Foreign Address"
        );
    }
    for (letter, name) in [('t', "tcp"), ('u', "udp"), ('w', "raw")] {
        if wants(letter) {
            for file in [name.to_string(), format!("{name}6")] {
                let text = fs::read_to_string(format!("/proc/net/{file}")).unwrap_or_default();
                for line in text.lines().skip(1) {
                    job.internet(&mut cx.out, name, line);
                }
            }
        }
    }
    if wants('x') {
        writeln!(
            cx.out,
            "Active UNIX domain sockets {which}\nProto RefCnt Flags       Type       State         I-Node {owner}Path"
        );
        let text = fs::read("/proc/net/unix").unwrap_or_default();
        for line in text.split(|&byte| byte == b'\n').skip(1) {
            job.unix(&mut cx.out, &procfs::printable(line));
        }
    }
    Ok(())
}

impl Job<'_> {
    /// `sl local remote state tx:rx timer:when retransmits uid timeout inode …`
    fn internet(&mut self, out: &mut Output, protocol: &str, line: &str) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, state, queues, _, _, user, _, inode, ..] = fields[..] else { return };
        let parsed = address(local).zip(address(remote)).zip(queues.split_once(':'));
        let Some(((local, remote), (sent, received))) = parsed else { return };
        let hexadecimal = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        let state = hexadecimal(state) as usize;
        let is_connected = remote.1 != 0 || protocol == "raw" && !remote.0.is_unspecified();
        if !(if is_connected { self.connected } else { self.listening }) {
            return;
        }
        let state_text = match (protocol, state) {
            ("tcp", state) => STATES.get(state).copied().unwrap_or("").to_string(),
            ("raw", state) => state.to_string(),
            (_, OPEN) => STATES[OPEN].to_string(),
            _ => String::new(),
        };
        // The queue of a socket that listens is the number of connections that wait.
        let received = if state == LISTEN { 0 } else { hexadecimal(received) };
        let sent = if state == LISTEN { 0 } else { hexadecimal(sent) };
        let (local, remote) = (self.end(protocol, local), self.end(protocol, remote));
        let width = self.width;
        write!(out, "{protocol:<5} {received:6} {sent:6} {local:<width$} {remote:<width$} {state_text:<12}");
        if self.options.has('e') {
            let name = user.parse().ok().and_then(posix::passwd::user_by_id);
            let name = name.map_or_else(|| user.to_string(), |user| procfs::printable(&user.name));
            let user = if self.options.has('n') { user } else { &name };
            write!(out, "{user:<10} {inode:<11} ");
        }
        if self.options.has('p') {
            out.write(self.owner(inode).as_bytes());
        }
        out.write(b"\n");
    }

    /// An address and a port, with names unless they are not wanted.
    fn end(&self, protocol: &str, (address, port): (IpAddr, u16)) -> String {
        let port = match port {
            0 => "*".to_string(),
            port => service(&self.services, port, protocol).unwrap_or_else(|| port.to_string()),
        };
        let mut host = address.to_string();
        if !self.options.has('n') && !address.is_unspecified() {
            host = sys::resolver::host_name(address).unwrap_or(host);
        }
        let room = self.width - (port.len() + 1).min(self.width);
        if host.len() > room && host.is_ascii() && !self.options.has('n') {
            host.truncate(room);
        }
        host + ":" + &port
    }

    /// `slot: references protocol flags type state inode [path]`
    fn unix(&self, out: &mut Output, line: &str) {
        const ACCEPTS: u32 = 0x1_0000;
        const UNCONNECTED: u32 = 1;
        let mut rest = line;
        let mut word = || {
            let (word, behind) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
            rest = behind;
            word
        };
        word();
        let (references, _, flags, kind, state) = (word(), word(), word(), word(), word());
        let inode = word();
        let path = rest.trim_start();
        let hexadecimal = |text: &str| u32::from_str_radix(text, 16).ok();
        let numbers = (hexadecimal(references), hexadecimal(flags), hexadecimal(kind), hexadecimal(state));
        let (Some(references), Some(flags), Some(kind), Some(state)) = numbers else { return };
        let listens = state == UNCONNECTED && flags & ACCEPTS != 0;
        if !(if listens { self.listening } else { self.connected }) {
            return;
        }
        // Whoever asks for connections does not mean sockets without any.
        if state == UNCONNECTED && !listens && !self.listening {
            return;
        }
        let kind = match kind {
            1 => "STREAM",
            2 => "DGRAM",
            3 => "RAW",
            4 => "RDM",
            5 => "SEQPACKET",
            _ => "UNKNOWN",
        };
        let state = match state {
            0 => "FREE",
            UNCONNECTED if listens => "LISTENING",
            UNCONNECTED => "",
            2 => "CONNECTING",
            3 => "CONNECTED",
            4 => "DISCONNECTING",
            _ => "UNKNOWN",
        };
        let flags = if flags & ACCEPTS != 0 { "[ ACC ]" } else { "[ ]" };
        write!(out, "unix  {references:<6} {flags:<11} {kind:<10} {state:<13} {inode:>6} ");
        if self.options.has('p') {
            write!(out, "{:<20}", self.owner(inode));
        }
        writeln!(out, "{path}");
    }

    fn owner(&self, inode: &str) -> &str {
        let inode = inode.parse().unwrap_or(0);
        self.owners.iter().find(|(known, _)| *known == inode).map_or("-", |(_, name)| name)
    }
}

/// `0100007F:1F90`: the words of the address are in the machine's order, the port is a number.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let word = |index: usize| {
        let digits = address.get(index * 8..index * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let address = if address.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let mut octets = [0; 16];
        for index in 0..4 {
            octets[index * 4..index * 4 + 4].copy_from_slice(&word(index)?);
        }
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

/// The name of a port in the text of /etc/services.
fn service(services: &[u8], port: u16, protocol: &str) -> Option<String> {
    let wanted = format!("{port}/{protocol}");
    services.split(|&byte| byte == b'\n').find_map(|line| {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let name = words.next().filter(|name| !name.starts_with(b"#"))?;
        (words.next()? == wanted.as_bytes()).then(|| String::from_utf8_lossy(name).into_owned())
    })
}

/// The sockets of all processes that may be looked at, as `PID/NAME`.
fn owners() -> Vec<(u64, String)> {
    let mut owners = Vec::new();
    for stat in procfs::processes() {
        for descriptor in procfs::descriptors(stat.pid) {
            let link = procfs::link(stat.pid, &format!("fd/{descriptor}"));
            let inode = link
                .as_deref()
                .and_then(Path::to_str)
                .and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
            if let Some(inode) = inode {
                let name = procfs::printable(&stat.name);
                owners.push((inode, format!("{}/{name}", stat.pid)));
            }
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        for (text, expected) in [
            ("0100007F:1F90", Some("127.0.0.1 8080")),
            ("00000000000000000000000001000000:0016", Some("::1 22")),
            ("0100007F", None),
            ("01:1", None),
        ] {
            let found = address(text).map(|(address, port)| format!("{address} {port}"));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let services = b"# x 22/tcp\nssh\t22/tcp\nntp 123/udp # time\n";
        assert_eq!(service(services, 22, "tcp").as_deref(), Some("ssh"));
        assert_eq!(service(services, 22, "udp"), None);
    }
}
