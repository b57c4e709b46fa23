//! client — the states of a DHCP client: looking, asking, bound, renewing, rebinding.
//!
//! Source: RFC 2131, section 4.4.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use sys::signal_fd::{SignalFd, TERMINATE, USER_1, USER_2};
use sys::socket::{self, Socket, family, kind, option};

use super::super::common::socket_address;
use super::super::ethernet::{BROADCAST, Link, PROTOCOL_IP, is_used};
use super::options;
use super::packet::{self, Message, Reply, code};
use crate::prelude::*;
use sys::command::{Command, Stdio};

pub(super) struct Settings {
    pub(super) script: PathBuf,
    pub(super) pidfile: Option<PathBuf>,
    pub(super) broadcast: bool,
    pub(super) tries: u64,
    pub(super) pause: Duration,
    pub(super) again: Duration,
    pub(super) background_if_none: bool,
    pub(super) exit_if_none: bool,
    pub(super) quit: bool,
    pub(super) release: bool,
    pub(super) foreground: bool,
    pub(super) syslog: bool,
    pub(super) probe: Option<Duration>,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) requested: Vec<u8>,
    pub(super) sent: Vec<(u8, Vec<u8>)>,
    pub(super) fqdn: Option<String>,
    pub(super) vendor: String,
    pub(super) client_id: bool,
    pub(super) verbose: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Discover packets go out.
    Selecting,
    /// An offer was chosen and asked for.
    Requesting,
    Bound,
    /// The server that gave the lease is asked for more time.
    Renewing,
    /// Any server is.
    Rebinding,
    /// Let go by USR2: nothing happens until USR1.
    Released,
}

/// Shorter leases would have the client do nothing but renew; longer ones overflow.
const LEASE_MIN: u64 = 60;
const LEASE_MAX: u64 = 0x7fff_ffff / 1000;
const LEASE_DEFAULT: u64 = 3600;
/// As long as RFC 2131 asks for between attempts to renew.
const RENEW_PAUSE: Duration = Duration::from_secs(60);
const REQUEST_TRIES: u64 = 3;

pub(super) struct Client {
    link: Link,
    settings: Settings,
    state: State,
    transaction: u32,
    /// Sent in this state.
    sent: u64,
    timer: Instant,
    address: Ipv4Addr,
    server: Ipv4Addr,
    lease: Duration,
    bound_at: Instant,
    detached: bool,
    /// All that comes in, whatever address the link has.
    packets: Socket,
    /// The kernel's socket on the client's port while there is an address, so that it answers no server with
    /// "port unreachable".
    port: Option<Socket>,
}

/// What ends the loop.
enum End {
    Status(u8),
}

impl Client {
    pub(super) fn new(link: Link, settings: Settings) -> Result<Client> {
        let packets = link.socket(PROTOCOL_IP).doing("packet socket")?;
        // Without the filter the loop looks at more packets than it has to.
        let _ = packets.attach_filter(FILTER);
        let now = Instant::now();
        let address = settings.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        Ok(Client {
            link,
            settings,
            state: State::Selecting,
            transaction: random()?,
            sent: 0,
            timer: now,
            address,
            server: Ipv4Addr::UNSPECIFIED,
            lease: Duration::ZERO,
            bound_at: now,
            detached: false,
            packets,
            port: None,
        })
    }

    pub(super) fn run(mut self, cx: &mut Cx<'_>) -> Result {
        let signals = SignalFd::new(&[USER_1, USER_2, TERMINATE]).doing("signalfd")?;
        self.say(cx, &format!("started, v{}", env!("CARGO_PKG_VERSION")));
        self.script(cx, "deconfig", None)?;
        loop {
            let End::Status(status) = match self.step(cx, &signals)? {
                Some(end) => end,
                None => continue,
            };
            cx.status = status;
            if let Some(path) = &self.settings.pidfile {
                let _ = std::fs::remove_file(path);
            }
            return Ok(());
        }
    }

    /// Waits for the next thing to happen, and deals with it.
    fn step(&mut self, cx: &mut Cx<'_>, signals: &SignalFd) -> Result<Option<End>> {
        let left = self.timer.saturating_duration_since(Instant::now());
        if left.is_zero() && self.state != State::Released {
            return self.on_timer(cx);
        }
        let wait_ms = match self.state {
            State::Released => -1,
            _ => i32::try_from(left.as_millis()).unwrap_or(i32::MAX - 1) + 1,
        };
        let port = self.port.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let ready =
            match socket::wait_readable(&[signals.as_raw_fd(), self.packets.as_raw_fd(), port], wait_ms) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
                result => result.doing("poll")?,
            };
        if ready[0]
            && let Some(signal) = signals.read()
        {
            return self.on_signal(cx, signal);
        }
        let mut buffer = [0; 2048];
        if ready[1] {
            let (count, _) = match self.packets.receive_from(&mut buffer) {
                Ok(received) => received,
                // The link went down; it may come back.
                Err(error) => {
                    self.say(cx, &format!("{}: {}", self.link.name, sys::error::text(&error)));
                    std::thread::sleep(Duration::from_millis(100));
                    return Ok(None);
                }
            };
            if let Some(message) = packet::unwrap(&buffer[..count]) {
                return self.on_message(cx, message);
            }
        } else if ready[2]
            && let Some(port) = &self.port
        {
            // The packet socket has the same message; here it only must not pile up.
            let _ = port.receive_from(&mut buffer);
        }
        Ok(None)
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>) -> Result<Option<End>> {
        let now = Instant::now();
        match self.state {
            State::Selecting if self.sent < self.settings.tries => {
                if self.sent == 0 {
                    self.transaction = random()?;
                }
                self.say(cx, "broadcasting discover");
                let mut message = self.message(packet::DISCOVER);
                self.request_address(&mut message);
                self.parameters(&mut message);
                self.broadcast(cx, message);
                self.after(self.settings.pause);
            }
            State::Selecting => return self.without_lease(cx),
            State::Requesting if self.sent < REQUEST_TRIES => {
                self.say(cx, &format!("broadcasting select for {}, server {}", self.address, self.server));
                let mut message = self.message(packet::REQUEST);
                message.option(code::REQUESTED_IP, &self.address.octets());
                message.option(code::SERVER_ID, &self.server.octets());
                self.parameters(&mut message);
                self.broadcast(cx, message);
                self.after(self.settings.pause);
            }
            State::Requesting => self.enter(State::Selecting),
            State::Bound => {
                self.enter(State::Renewing);
                self.open_port();
            }
            State::Renewing if now >= self.bound_at + self.lease / 8 * 7 => self.enter(State::Rebinding),
            State::Renewing => {
                self.say(cx, &format!("sending renew to server {}", self.server));
                let message = self.renewal();
                self.unicast(cx, message, self.server);
                let rebind = self.bound_at + self.lease / 8 * 7;
                self.wait_half(rebind);
            }
            State::Rebinding if now >= self.bound_at + self.lease => {
                self.say(cx, "lease lost, entering init state");
                self.port = None;
                self.script(cx, "deconfig", None)?;
                self.enter(State::Selecting);
            }
            State::Rebinding => {
                self.say(cx, "broadcasting renew");
                let message = self.renewal();
                self.broadcast(cx, message);
                self.wait_half(self.bound_at + self.lease);
            }
            State::Released => {}
        }
        Ok(None)
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.sent = 0;
        self.timer = Instant::now();
    }

    fn after(&mut self, pause: Duration) {
        self.sent += 1;
        self.timer = Instant::now() + pause;
    }

    /// Half of what is left, but no less than a minute unless the end comes first.
    fn wait_half(&mut self, end: Instant) {
        let left = end.saturating_duration_since(Instant::now());
        self.after((left / 2).max(RENEW_PAUSE).min(left));
    }

    /// Nobody offered anything.
    fn without_lease(&mut self, cx: &mut Cx<'_>) -> Result<Option<End>> {
        self.script(cx, "leasefail", None)?;
        if self.settings.background_if_none && !self.detached {
            self.say(cx, "no lease, forking to background");
            self.detach(cx)?;
        } else if self.settings.exit_if_none {
            self.say(cx, "no lease, failing");
            return Ok(Some(End::Status(1)));
        }
        self.enter(State::Selecting);
        self.timer = Instant::now() + self.settings.again;
        Ok(None)
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Result<Option<End>> {
        let Some(reply) = Reply::parse(bytes, self.transaction, self.link.hardware) else { return Ok(None) };
        match (self.state, reply.kind) {
            (State::Selecting, packet::OFFER) => {
                // Some servers leave their name out of the offer; the field of the next server then serves.
                let server = reply.address(code::SERVER_ID).unwrap_or(reply.server);
                if !reply.yours.is_unspecified() {
                    (self.address, self.server) = (reply.yours, server);
                    self.enter(State::Requesting);
                }
            }
            (State::Requesting | State::Renewing | State::Rebinding, packet::ACK) => {
                return self.on_ack(cx, &reply);
            }
            (State::Requesting | State::Renewing | State::Rebinding, packet::NAK) => {
                if self.state == State::Requesting && reply.address(code::SERVER_ID) != Some(self.server) {
                    return Ok(None);
                }
                self.say(cx, "received DHCP NAK");
                let had_lease = self.state != State::Requesting;
                self.script(cx, "nak", Some(&reply))?;
                if had_lease {
                    self.script(cx, "deconfig", None)?;
                }
                self.port = None;
                self.address = Ipv4Addr::UNSPECIFIED;
                self.enter(State::Selecting);
                // A server that says no again and again must not be asked in a tight loop.
                self.timer = Instant::now() + Duration::from_secs(3);
            }
            _ => {}
        }
        Ok(None)
    }

    fn on_ack(&mut self, cx: &mut Cx<'_>, reply: &Reply) -> Result<Option<End>> {
        let seconds =
            reply.option(code::LEASE_TIME).and_then(|value| value.try_into().ok()).map(u32::from_be_bytes);
        let seconds = seconds.map_or(LEASE_DEFAULT, u64::from).clamp(LEASE_MIN, LEASE_MAX);
        let is_new = self.state == State::Requesting;
        if is_new
            && let Some(wait) = self.settings.probe
            && is_used(&self.link, reply.yours, wait).unwrap_or(false)
        {
            return self.decline(cx, reply);
        }
        self.address = reply.yours;
        if let Some(server) = reply.address(code::SERVER_ID) {
            self.server = server;
        }
        self.lease = Duration::from_secs(seconds);
        self.say(
            cx,
            &format!("lease of {} obtained from {}, lease time {seconds}", self.address, self.server),
        );
        self.script(cx, if is_new { "bound" } else { "renew" }, Some(reply))?;
        self.enter(State::Bound);
        self.bound_at = Instant::now();
        self.timer = self.bound_at + self.lease / 2;
        if self.settings.quit {
            if self.settings.release {
                self.let_go(cx)?;
            }
            return Ok(Some(End::Status(0)));
        }
        if !self.settings.foreground && !self.detached {
            self.detach(cx)?;
        }
        Ok(None)
    }

    /// The offered address is in use.
    fn decline(&mut self, cx: &mut Cx<'_>, reply: &Reply) -> Result<Option<End>> {
        self.say(cx, "offered address is in use (got ARP reply), declining");
        let mut message = self.message(packet::DECLINE);
        message.option(code::REQUESTED_IP, &reply.yours.octets());
        message.option(code::SERVER_ID, &self.server.octets());
        self.broadcast(cx, message);
        self.address = Ipv4Addr::UNSPECIFIED;
        self.enter(State::Selecting);
        self.timer = Instant::now() + self.settings.again;
        Ok(None)
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: i32) -> Result<Option<End>> {
        match signal {
            USER_1 => {
                self.say(cx, "performing DHCP renew");
                match self.state {
                    State::Bound | State::Renewing | State::Rebinding => {
                        self.enter(State::Renewing);
                        self.open_port();
                    }
                    _ => self.enter(State::Selecting),
                }
            }
            USER_2 => {
                self.let_go(cx)?;
                self.state = State::Released;
            }
            _ => {
                if self.settings.release {
                    self.let_go(cx)?;
                }
                self.say(cx, "received SIGTERM");
                return Ok(Some(End::Status(0)));
            }
        }
        Ok(None)
    }

    /// Tells the server that the address is free again.
    fn let_go(&mut self, cx: &mut Cx<'_>) -> Result {
        if !matches!(self.state, State::Bound | State::Renewing | State::Rebinding) {
            self.say(cx, "entering released state");
            return Ok(());
        }
        self.say(cx, &format!("unicasting a release of {} to {}", self.address, self.server));
        let mut message = self.message(packet::RELEASE);
        message.client_address(self.address);
        message.option(code::SERVER_ID, &self.server.octets());
        self.open_port();
        self.unicast(cx, message, self.server);
        self.port = None;
        self.script(cx, "deconfig", None)?;
        self.address = Ipv4Addr::UNSPECIFIED;
        self.state = State::Released;
        Ok(())
    }

    fn message(&self, kind: u8) -> Message {
        let mut message = Message::new(kind, self.transaction, self.link.hardware, self.settings.broadcast);
        let given = |code: u8| self.settings.sent.iter().any(|(other, _)| *other == code);
        if self.settings.client_id && !given(code::CLIENT_ID) {
            let mut id = vec![1]; // Ethernet
            id.extend_from_slice(&self.link.hardware);
            message.option(code::CLIENT_ID, &id);
        }
        message
    }

    fn request_address(&self, message: &mut Message) {
        if !self.address.is_unspecified() {
            message.option(code::REQUESTED_IP, &self.address.octets());
        }
    }

    /// What discover and request packets say beside their purpose.
    fn parameters(&self, message: &mut Message) {
        message.option(code::MAX_SIZE, &576u16.to_be_bytes());
        let given = |code: u8| self.settings.sent.iter().any(|(other, _)| *other == code);
        if !self.settings.vendor.is_empty() && !given(code::VENDOR) {
            message.option(code::VENDOR, self.settings.vendor.as_bytes());
        }
        if let Some(name) = &self.settings.fqdn {
            // RFC 4702: the server shall update the DNS; two unused bytes; the name as text.
            message.option(code::FQDN, &[&[1, 0, 0], name.as_bytes()].concat());
        }
        for (code, value) in &self.settings.sent {
            message.option(*code, value);
        }
        if !self.settings.requested.is_empty() {
            message.option(code::PARAMETERS, &self.settings.requested);
        }
    }

    fn renewal(&self) -> Message {
        let mut message = self.message(packet::REQUEST);
        message.client_address(self.address);
        self.parameters(&mut message);
        message
    }

    /// To everybody on the link, past the kernel's IP, which may not have an address yet.
    fn broadcast(&mut self, cx: &mut Cx<'_>, message: Message) {
        let from = match self.state {
            State::Rebinding => self.address,
            _ => Ipv4Addr::UNSPECIFIED,
        };
        let packet = packet::wrap(&message.finish(), from, Ipv4Addr::BROADCAST);
        let result = self.packets.send_to(&packet, &self.link.address(PROTOCOL_IP, BROADCAST));
        self.complain(cx, result);
    }

    fn unicast(&mut self, cx: &mut Cx<'_>, message: Message, to: Ipv4Addr) {
        let Some(port) = &self.port else { return };
        let result = port.send_to(&message.finish(), &socket_address(IpAddr::V4(to), packet::SERVER_PORT, 0));
        self.complain(cx, result);
    }

    /// A packet that could not be sent is like one that was lost: the next one may get through.
    fn complain(&self, cx: &mut Cx<'_>, result: io::Result<usize>) {
        if let Err(error) = result {
            self.say(cx, &format!("sendto: {}", sys::error::text(&error)));
        }
    }

    fn open_port(&mut self) {
        let open = || -> io::Result<Socket> {
            let socket = Socket::new(family::INET, kind::DATAGRAM, 0)?;
            socket.set_number(option::SOL_SOCKET, option::SO_REUSEADDR, 1)?;
            let name = [self.link.name.as_bytes(), &[0]].concat();
            socket.set_option(option::SOL_SOCKET, option::SO_BINDTODEVICE, &name)?;
            socket.bind(&socket_address(IpAddr::V4(self.address), packet::CLIENT_PORT, 0))?;
            Ok(socket)
        };
        // If the address is gone from the interface, renewing turns into rebinding, which needs no socket.
        self.port = open().ok();
    }

    fn detach(&mut self, cx: &mut Cx<'_>) -> Result {
        cx.out.flush();
        sys::daemon::detach().doing("fork")?;
        self.detached = true;
        if let Some(path) = &self.settings.pidfile {
            write_pid(path)?;
        }
        Ok(())
    }

    fn say(&self, cx: &mut Cx<'_>, text: &str) {
        cx.warn(text);
        if self.settings.syslog || self.detached {
            super::super::common::log(cx.name, text);
        }
    }

    /// Runs the script with what the server said in its environment. That it fails is its own matter.
    fn script(&self, cx: &mut Cx<'_>, event: &str, reply: Option<&Reply>) -> Result {
        let mut command = Command::new(&self.settings.script);
        command.arg(event).env("interface", &self.link.name).stdin(Stdio::Null);
        if let Some(reply) = reply {
            command.env("ip", reply.yours.to_string());
            if !reply.server.is_unspecified() {
                command.env("siaddr", reply.server.to_string());
            }
            for (name, value) in [("sname", &reply.server_name), ("boot_file", &reply.boot_file)] {
                if let Some((_, text)) = options::variable(67, value).filter(|(_, text)| !text.is_empty()) {
                    command.env(name, text);
                }
            }
            for (code, value) in reply.options() {
                if let Some((name, text)) = options::variable(code, value) {
                    if code == 1 {
                        let mask: Option<Ipv4Addr> = text.parse().ok();
                        let length = mask.and_then(super::super::common::mask_length);
                        command.env("mask", length.unwrap_or(24).to_string());
                    }
                    command.env(name, text);
                }
            }
            if let Some(text) =
                reply.option(code::MESSAGE).and_then(|text| options::variable(code::MESSAGE, text))
            {
                self.say(cx, &format!("server says: {}", text.1));
            }
        }
        cx.out.flush();
        match command.status() {
            Ok(status) if status.success() || self.settings.verbose == 0 => Ok(()),
            Ok(status) => {
                self.say(cx, &format!("script {event}: {status}"));
                Ok(())
            }
            Err(error) => {
                self.say(cx, &format!("{}: {}", self.settings.script.display(), sys::error::text(&error)));
                Ok(())
            }
        }
    }
}

pub(super) fn write_pid(path: &Path) -> Result {
    std::fs::write(path, format!("{}\n", std::process::id())).at(path)
}

fn random() -> Result<u32> {
    let mut bytes = [0; 4];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .at("/dev/urandom")?;
    Ok(u32::from_ne_bytes(bytes))
}

/// UDP to port 68 that is not a later fragment; everything else stays in the kernel. Classic BPF on the IP packet.
const FILTER: &[(u16, u8, u8, u32)] = &[
    (0x30, 0, 0, 9),                          // load the protocol
    (0x15, 0, 6, 17),                         // UDP, or drop
    (0x28, 0, 0, 6),                          // load flags and offset
    (0x45, 4, 0, 0x1fff),                     // a later fragment: drop
    (0xb1, 0, 0, 0),                          // X = length of the IP header
    (0x48, 0, 0, 2),                          // load the destination port
    (0x15, 0, 1, packet::CLIENT_PORT as u32), // 68, or drop
    (0x06, 0, 0, 0xffff),                     // take it all
    (0x06, 0, 0, 0),                          // drop
];
