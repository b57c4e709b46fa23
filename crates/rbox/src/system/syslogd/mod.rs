//! syslogd, klogd and logread — the system's log: files with rotation, a ring in memory, other hosts.
//!
//! *Source:* BusyBox 1.37 for options, the format of lines, syslog.conf and rotation; RFC 3164; sysklogd for `-p`.
//!
//! *Differs:* the ring (-C) is a file in /run, not System V shared memory, so that its reader needs no rights but
//! those of the file.

mod kernel;
mod line;
mod ring;
mod rules;

use std::fs;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;

use posix::syslog::{self, INFO, SYSLOG};
use posix::zone::Zone;
use sys::signal_fd::{self, SignalFd};

use crate::prelude::*;
use line::Style;
use ring::Ring;
use rules::{Rule, Target};

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "syslogd",
        links: &["/sbin/syslogd"],
        usage: "\
syslogd [OPTIONS]

Keep the system's log.

  -n               Stay in the foreground
  -O FILE          Log to FILE (/var/log/messages; - is standard output)
  -s SIZE          Rotate at SIZE KB (200; 0: never)
  -b N             Keep N old files (1; 0: none)
  -l N             Only what is more urgent than level N (1-8)
  -S               Lines without host and priority
  -t               The time of arrival, not what the message says
  -D               Drop repetitions
  -R HOST[:PORT]   Send it to another host (port 514)
  -L               Log here too when -R is given
  -C[SIZE]         Log to a ring of SIZE KB in memory (16); see logread
  -K               Log to the kernel's buffer; see dmesg
  -f FILE          Rules (/etc/syslog.conf)
  -p SOCKET        Listen there (/dev/log)
",
        process: Process::New,
        run,
    },
    Applet {
        name: "klogd",
        links: &["/sbin/klogd"],
        usage: "\
klogd [-c N] [-n]

Send the kernel's messages to the system's log.

  -c N       To the console goes what is more urgent than level N (1-8)
  -n         Stay in the foreground
",
        process: Process::New,
        run: kernel::run,
    },
    Applet {
        name: "logread",
        links: &["/sbin/logread"],
        usage: "\
logread [-fF]

Print the ring that syslogd -C keeps.

  -f  Print only what comes
  -F  Print it, then what comes
",
        process: Process::New,
        run: ring::run,
    },
];

const PID_FILE: &str = "/run/syslogd.pid";
/// Longer messages are cut.
const MESSAGE_SIZE_MAX: usize = 8192;

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let mut log = Log::new(cx, &options)?;
    let path = options.value('p').map_or(Path::new(syslog::SOCKET), Path::new);
    // Signals are waited for beside the socket: one that came just before the wait would else be seen at the next message.
    // From before the socket can be seen: who logs may end this program at once, and what was logged is written.
    let signals = SignalFd::new(&[signal_fd::HANGUP, signal_fd::INTERRUPT, signal_fd::TERMINATE])
        .doing("can't take signals")?;
    let socket = listen(path)?;
    if !options.has('n') && !sys::session::daemonize().doing("can't go to the background")? {
        return Ok(());
    }
    let default_socket = options.value('p').is_none();
    if default_socket {
        // Without /run there is nobody who would look for it.
        let _ = fs::write(PID_FILE, format!("{}\n", std::process::id()));
    }
    socket.set_nonblocking(true).doing("can't read the socket without waiting")?;
    log.own("syslogd started: Tarn");
    let mut buffer = vec![0; MESSAGE_SIZE_MAX];
    let mut last: Vec<u8> = Vec::new();
    let mut ended = false;
    loop {
        // What is queued when the end is asked for was logged by somebody who will not say it again.
        match socket.recv(&mut buffer) {
            Ok(length) => {
                let message = &buffer[..length];
                if !options.has('D') || message != last {
                    last = message.to_vec();
                    log.datagram(message);
                }
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(Error::io("recv", error)),
        }
        if ended {
            break;
        }
        sys::session::wait_readable(&[socket.as_raw_fd(), signals.as_raw_fd()], None).doing("poll")?;
        match signals.read() {
            None => {}
            Some(signal_fd::HANGUP) => {
                log.reopen();
                log.own("syslogd reopened its files");
            }
            Some(_) => ended = true,
        }
    }
    log.own("syslogd exiting");
    if default_socket {
        let _ = fs::remove_file(PID_FILE);
    }
    let _ = fs::remove_file(path);
    Ok(())
}

fn listen(path: &Path) -> Result<UnixDatagram> {
    use std::os::unix::fs::PermissionsExt;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::at(path, error));
        }
        _ => {}
    }
    let socket = UnixDatagram::bind(path).at(path)?;
    // Everybody may log.
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).at(path)?;
    Ok(socket)
}

/// Where messages go.
struct Log {
    host: Vec<u8>,
    zone: Zone,
    style: Style,
    /// Levels below this are logged.
    level: u32,
    local: bool,
    rules: Vec<Rule>,
    ring: Option<Ring>,
    to_kernel: bool,
    remote: Vec<Remote>,
}

impl Log {
    fn new(cx: &mut Cx<'_>, options: &Options) -> Result<Log> {
        let level = options.number('l')?.unwrap_or(8);
        if !(1..=8).contains(&level) {
            return Err(Error::message(format_args!("number {level} is not in 1..8 range")));
        }
        let limits = rules::Limits {
            size_bytes: options.number('s')?.unwrap_or(200).saturating_mul(1024),
            kept: options.number('b')?.unwrap_or(1).min(99) as u32,
        };
        let default = options.value('O').map_or_else(|| PathBuf::from("/var/log/messages"), PathBuf::from);
        let config = options.value('f').map(Path::new);
        let remote: Vec<Remote> =
            options.values('R').map(|host| Remote::new(&host.to_string_lossy())).collect();
        let ring = match options.has('C') {
            true => {
                let size = options.value('C').map(cli::options::number).transpose()?.unwrap_or(16);
                Some(Ring::create(size.clamp(4, 1 << 20) as usize * 1024)?)
            }
            false => None,
        };
        let mut rules = match rules::load(cx, config.unwrap_or(Path::new("/etc/syslog.conf")), limits) {
            Ok(rules) => rules,
            Err(error) if config.is_none() && error.is(2) => Vec::new(), // ENOENT
            Err(error) => return Err(error),
        };
        rules.push(Rule::everything_else(Target::new(default, limits)));
        Ok(Log {
            host: sys::host::names().map(|names| names.node.into_vec()).unwrap_or_default(),
            zone: Zone::local(),
            style: Style { short: options.has('S'), stamp_on_arrival: options.has('t') },
            level: level as u32,
            local: remote.is_empty() || options.has('L'),
            rules,
            ring,
            to_kernel: options.has('K'),
            remote,
        })
    }

    fn reopen(&mut self) {
        for rule in &mut self.rules {
            rule.target.close();
        }
        for remote in &mut self.remote {
            remote.socket = None;
        }
    }

    /// Logs a message of syslogd itself.
    fn own(&mut self, text: &str) {
        self.message(SYSLOG | INFO, text.as_bytes());
    }

    /// Logs what one datagram has: messages with a NUL behind each.
    fn datagram(&mut self, datagram: &[u8]) {
        for message in datagram.split(|&byte| byte == 0).filter(|message| !message.is_empty()) {
            let (priority, text) = line::split_priority(message);
            self.message(priority, text);
        }
    }

    fn message(&mut self, priority: u32, text: &[u8]) {
        for remote in &mut self.remote {
            remote.send(priority, text);
        }
        if priority & 7 >= self.level || !self.local {
            return;
        }
        let (now, _) = sys::clock::now();
        let line = line::format(priority, text, &self.host, now, &self.zone, self.style);
        if let Some(ring) = &mut self.ring {
            // A ring that cannot be written is a full /run: nobody can be told.
            let _ = ring.write(&line);
        } else if self.to_kernel {
            let message = [format!("<{priority}>").as_bytes(), line::without_stamp(text), b"\n"].concat();
            let _ = fs::OpenOptions::new()
                .write(true)
                .open("/dev/kmsg")
                .and_then(|mut file| file.write_all(&message));
        } else {
            let mut taken = false;
            for rule in &mut self.rules {
                if rule.wants(priority, taken) {
                    taken = true;
                    rule.target.write(&line);
                }
            }
        }
    }
}

/// Another host that gets the messages.
struct Remote {
    address: String,
    socket: Option<UdpSocket>,
    /// When it may be tried again, in seconds since 1970: names may take long not to resolve.
    retry_seconds: i64,
}

const RETRY_SECONDS: i64 = 30;

impl Remote {
    fn new(host: &str) -> Remote {
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok() && !host.ends_with(']'));
        let address = if has_port { host.to_string() } else { format!("{host}:514") };
        Remote { address, socket: None, retry_seconds: 0 }
    }

    fn send(&mut self, priority: u32, text: &[u8]) {
        let (now, _) = sys::clock::now();
        if self.socket.is_none() && now >= self.retry_seconds {
            self.retry_seconds = now + RETRY_SECONDS;
            self.socket = connect(&self.address).ok();
        }
        let message = [format!("<{priority}>").as_bytes(), text].concat();
        if let Some(socket) = &self.socket
            && socket.send(&message).is_err()
        {
            self.socket = None;
        }
    }
}

fn connect(address: &str) -> io::Result<UdpSocket> {
    use std::net::ToSocketAddrs;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in address.to_socket_addrs()? {
        let any = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
        match UdpSocket::bind(any).and_then(|socket| socket.connect(address).map(|()| socket)) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}
