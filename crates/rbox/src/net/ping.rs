//! ping — ask hosts for an echo.
//!
//! Source: RFC 792, RFC 4443; icmp(7); BusyBox 1.37 for options and output. Without the right to raw sockets the kernel's
//! ICMP sockets do, where net.ipv4.ping_group_range lets them.

use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use sys::signal_fd::{INTERRUPT, SignalFd};
use sys::socket::{self, IPPROTO_ICMP, IPPROTO_ICMPV6, Socket, family, kind, option};

use super::common::{checksum, family_of, of_socket_address, resolve, socket_address};
use crate::prelude::*;

macro_rules! usage {
    ($name:literal) => {
        concat!(
            $name,
            " [OPTIONS] HOST

Send ICMP ECHO_REQUESTs to HOST.

  -4             Force IPv4 name resolution
  -6             Force IPv6 name resolution
  -c CNT         Send only CNT pings
  -s SIZE        Send SIZE data bytes in packets (default 56)
  -i SECS        Interval
  -A             Ping as soon as a reply is received
  -t TTL         Set TTL
  -I IFACE/IP    Source interface or IP address
  -W SEC         Seconds to wait for the last replies (default 10)
                 (after all -c CNT packets are sent)
  -w SEC         Seconds until ping exits (default: infinite)
                 (can exit earlier with -c CNT)
  -q             Quiet, only display output at start/finish
  -p HEXBYTE     Payload pattern
"
        )
    };
}

pub(crate) const APPLETS: &[Applet] = &[
    Applet { name: "ping", links: &["/bin/ping"], usage: usage!("ping"), process: Process::Fork, run },
    Applet { name: "ping6", links: &["/bin/ping6"], usage: usage!("ping6"), process: Process::Fork, run },
];

const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
const ECHO_REQUEST_6: u8 = 128;
const ECHO_REPLY_6: u8 = 129;
const HEADER: usize = 8;

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let host = options.operands()[0].to_string_lossy().into_owned();
    let wanted = if cx.applet.name == "ping6" || options.has('6') {
        family::INET6
    } else if options.has('4') {
        family::INET
    } else {
        family::UNSPEC
    };
    let address = resolve(&host, wanted)?[0];
    let mut ping = Ping::new(&options, address)?;
    write!(cx.out, "PING {host} ({address})");
    if let Some(source) = options.value('I').and_then(OsStr::to_str)
        && source.parse::<IpAddr>().is_ok()
    {
        write!(cx.out, " from {source}");
    }
    writeln!(cx.out, ": {} data bytes", ping.size);
    cx.out.flush();
    ping.run(cx)?;
    ping.print_statistics(cx, &host);
    let incomplete = ping.deadline.is_some() && ping.count.is_some_and(|count| ping.received < count);
    cx.status = u8::from(ping.received == 0 || incomplete);
    Ok(())
}

struct Ping {
    socket: Socket,
    /// Whether the kernel sorts out what belongs to us.
    own_socket: bool,
    address: IpAddr,
    to: Vec<u8>,
    identifier: u16,
    size: usize,
    pattern: u8,
    count: Option<u64>,
    interval: Duration,
    adaptive: bool,
    quiet: bool,
    linger: Duration,
    deadline: Option<Instant>,
    start: Instant,
    sent: u64,
    received: u64,
    duplicates: u64,
    /// Microseconds.
    fastest: u64,
    slowest: u64,
    total: u64,
    seen: Vec<u64>,
}

impl Ping {
    fn new(options: &Options, address: IpAddr) -> Result<Ping> {
        let size = options.number('s')?.unwrap_or(56);
        if size > 65507 {
            return Err(Error::message(format_args!("number {size} is not in 0..65507 range")));
        }
        let pattern = match options.text('p')? {
            Some(text) => u8::from_str_radix(text, 16)
                .map_err(|_| Error::message(format_args!("invalid number '{text}'")))?,
            None => 0,
        };
        let start = Instant::now();
        let (socket, own_socket) = open(address)?;
        let seconds =
            |option| -> Result<Option<Duration>> { Ok(options.number(option)?.map(Duration::from_secs)) };
        let mut ping = Ping {
            socket,
            own_socket,
            address,
            to: Vec::new(),
            identifier: std::process::id() as u16,
            size: size as usize,
            pattern,
            count: options.number('c')?.filter(|&count| count > 0),
            interval: interval(options)?,
            adaptive: options.has('A'),
            quiet: options.has('q'),
            linger: seconds('W')?.unwrap_or(Duration::from_secs(10)),
            deadline: seconds('w')?.filter(|wait| !wait.is_zero()).map(|wait| start + wait),
            start,
            sent: 0,
            received: 0,
            duplicates: 0,
            fastest: u64::MAX,
            slowest: 0,
            total: 0,
            seen: vec![0; 1024],
        };
        ping.prepare(options)?;
        Ok(ping)
    }

    fn prepare(&mut self, options: &Options) -> Result {
        let is_4 = self.address.is_ipv4();
        let mut scope = 0;
        if let Some(source) = options.text('I')? {
            match source.parse::<IpAddr>() {
                Ok(own) if own.is_ipv4() == is_4 => {
                    self.socket.bind(&socket_address(own, 0, 0)).doing("bind")?;
                }
                Ok(_) => return Err(Error::message(format_args!("bad address '{source}'"))),
                Err(_) => {
                    let name = [source.as_bytes(), &[0]].concat();
                    self.socket
                        .set_option(option::SOL_SOCKET, option::SO_BINDTODEVICE, &name)
                        .doing(&format!("can't bind to interface {source}"))?;
                    scope = socket::interface_index(source).unwrap_or(0);
                }
            }
        }
        let (level, received) = if is_4 {
            (option::IPPROTO_IP, option::IP_RECVTTL)
        } else {
            (option::IPPROTO_IPV6, option::IPV6_RECVHOPLIMIT)
        };
        // Without it the TTL of answers is only not shown.
        let _ = self.socket.set_number(level, received, 1);
        let _ = self.socket.set_number(option::SOL_SOCKET, option::SO_BROADCAST, 1);
        let _ = self.socket.set_number(
            option::SOL_SOCKET,
            option::SO_RCVBUF,
            (self.size as i32 * 2).max(64 * 1024),
        );
        if let Some(ttl) = options.number('t')? {
            if !(1..=255).contains(&ttl) {
                return Err(Error::message(format_args!("number {ttl} is not in 1..255 range")));
            }
            let name = if is_4 { option::IP_TTL } else { option::IPV6_UNICAST_HOPS };
            self.socket.set_number(level, name, ttl as i32).doing("setsockopt(TTL)")?;
            if is_4 {
                self.socket
                    .set_number(level, option::IP_MULTICAST_TTL, ttl as i32)
                    .doing("setsockopt(TTL)")?;
            }
        }
        self.to = socket_address(self.address, 0, scope);
        Ok(())
    }

    /// Sends and receives until all answers are there, the time is over or the user has had enough.
    fn run(&mut self, cx: &mut Cx<'_>) -> Result {
        let signals = SignalFd::new(&[INTERRUPT]).doing("signalfd")?;
        let mut next = Instant::now();
        let mut buffer = vec![0; self.size + 256];
        loop {
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                return Ok(());
            }
            let all_sent = self.count.is_some_and(|count| self.sent >= count);
            if all_sent && self.received >= self.sent {
                return Ok(());
            }
            if now >= next {
                if all_sent {
                    return Ok(()); // the last answers had their time
                }
                self.send()?;
                let is_last = self.count.is_some_and(|count| self.sent >= count);
                next = now + if is_last { self.linger } else { self.interval };
                continue;
            }
            let until = self.deadline.map_or(next, |deadline| deadline.min(next));
            let wait_ms = until.saturating_duration_since(now).as_millis() as i32 + 1;
            let fds = [self.socket.as_raw_fd(), signals.as_raw_fd()];
            let ready = match socket::wait_readable(&fds, wait_ms) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result.doing("poll")?,
            };
            if ready[1] {
                return Ok(());
            }
            if ready[0] && self.receive(cx, &mut buffer)? && self.adaptive && !all_sent {
                next = Instant::now();
            }
        }
    }

    fn send(&mut self) -> Result {
        let is_4 = self.address.is_ipv4();
        let mut packet = vec![self.pattern; HEADER + self.size];
        packet[0] = if is_4 { ECHO_REQUEST } else { ECHO_REQUEST_6 };
        packet[1..4].fill(0);
        packet[4..6].copy_from_slice(&self.identifier.to_be_bytes());
        packet[6..8].copy_from_slice(&(self.sent as u16).to_be_bytes());
        if self.size >= 4 {
            packet[8..12].copy_from_slice(&self.clock().to_ne_bytes());
        }
        if is_4 {
            // ICMPv6's covers addresses that only the kernel knows, and is its work.
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        self.mark(self.sent as u16, false);
        self.sent += 1;
        self.socket.send_to(&packet, &self.to).doing("sendto").map(drop)
    }

    /// Microseconds since the start, which wrap after 71 minutes.
    fn clock(&self) -> u32 {
        self.start.elapsed().as_micros() as u32
    }

    /// Marks an answer as seen (or not yet); returns whether it was.
    fn mark(&mut self, sequence: u16, seen: bool) -> bool {
        let (word, bit) = (usize::from(sequence / 64), 1 << (sequence % 64));
        let was = self.seen[word] & bit != 0;
        self.seen[word] = if seen { self.seen[word] | bit } else { self.seen[word] & !bit };
        was
    }

    /// Whether an answer to us came.
    fn receive(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Result<bool> {
        let is_4 = self.address.is_ipv4();
        let (level, name) = if is_4 {
            (option::IPPROTO_IP, option::IP_TTL)
        } else {
            (option::IPPROTO_IPV6, 52) // IPV6_HOPLIMIT, as the kernel calls what it answers
        };
        let (count, from, ttl) = match self.socket.receive_with(buffer, level, name) {
            // An ICMP error for something sent before: the host or a router says no.
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                cx.warn(&format!("recvfrom: {}", sys::error::text(&error)));
                return Ok(false);
            }
            Err(_) => return Ok(false),
            Ok(received) => received,
        };
        let mut packet = &buffer[..count];
        if is_4 && !self.own_socket {
            let header = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
            packet = packet.get(header..).unwrap_or_default();
        }
        let Some(([kind, _, _, _, i0, i1, s0, s1], data)) = packet.split_first_chunk::<HEADER>() else {
            return Ok(false);
        };
        let expected = if is_4 { ECHO_REPLY } else { ECHO_REPLY_6 };
        if *kind != expected || !self.own_socket && u16::from_be_bytes([*i0, *i1]) != self.identifier {
            return Ok(false);
        }
        let sequence = u16::from_be_bytes([*s0, *s1]);
        let time = data.first_chunk::<4>().map(|sent| self.clock().wrapping_sub(u32::from_ne_bytes(*sent)));
        if let Some(time) = time {
            let time = u64::from(time);
            self.fastest = self.fastest.min(time);
            self.slowest = self.slowest.max(time);
            self.total += time;
        }
        let duplicate = self.mark(sequence, true);
        if duplicate {
            self.duplicates += 1;
        } else {
            self.received += 1;
        }
        if !self.quiet {
            let from = of_socket_address(&from).unwrap_or(self.address);
            write!(cx.out, "{} bytes from {from}: seq={sequence}", packet.len());
            if let Some(ttl) = ttl {
                write!(cx.out, " ttl={ttl}");
            }
            if let Some(time) = time {
                write!(cx.out, " time={}.{:03} ms", time / 1000, time % 1000);
            }
            cx.out.write(if duplicate { b" (DUP!)\n" } else { b"\n" });
            cx.out.flush();
        }
        Ok(true)
    }

    fn print_statistics(&self, cx: &mut Cx<'_>, host: &str) {
        write!(
            cx.out,
            "\n--- {host} ping statistics ---\n{} packets transmitted, {} packets received, ",
            self.sent, self.received
        );
        if self.duplicates > 0 {
            write!(cx.out, "{} duplicates, ", self.duplicates);
        }
        let lost = self.sent - self.received.min(self.sent);
        if let Some(percent) = (lost * 100).checked_div(self.sent) {
            write!(cx.out, "{percent}% packet loss");
        }
        cx.out.write(b"\n");
        let timed = self.received + self.duplicates;
        if timed > 0 && self.fastest != u64::MAX {
            let ms = |time: u64| format!("{}.{:03}", time / 1000, time % 1000);
            let average = self.total / timed;
            writeln!(
                cx.out,
                "round-trip min/avg/max = {}/{}/{} ms",
                ms(self.fastest),
                ms(average),
                ms(self.slowest)
            );
        }
    }
}

/// A raw socket, else the kernel's own kind for pings; the second value tells which.
fn open(address: IpAddr) -> Result<(Socket, bool)> {
    let protocol = if address.is_ipv4() { IPPROTO_ICMP } else { IPPROTO_ICMPV6 };
    let family = family_of(address);
    if let Ok(socket) = Socket::new(family, kind::DATAGRAM, protocol) {
        return Ok((socket, true));
    }
    match Socket::new(family, kind::RAW, protocol) {
        Ok(socket) => Ok((socket, false)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Error::message("permission denied (are you root?)"))
        }
        Err(error) => Err(error).doing("socket"),
    }
}

/// Seconds with a fraction. Below 1 ms nothing is gained but load.
fn interval(options: &Options) -> Result<Duration> {
    let Some(text) = options.text('i')? else { return Ok(Duration::from_secs(1)) };
    let invalid = || Error::message(format_args!("invalid number '{text}'"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
    let millis: u64 = digits.parse().map_err(|_| invalid())?;
    Ok(Duration::from_millis((whole.min(1_000_000) * 1000 + millis).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_as_rfc_1071_shows() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[1]), !0x0100);
        assert_eq!(checksum(&[]), 0xffff);
    }
}
