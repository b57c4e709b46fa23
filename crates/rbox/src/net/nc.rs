//! nc — connect standard input and output to a socket.
//!
//! Source: BusyBox 1.37 for options and messages.

use std::fs::File;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use sys::socket::{self, Socket, family, kind, option};

use super::common::{family_of, of_socket_address, resolve, socket_address};
use crate::prelude::*;
use sys::command::{Command, Stdio};

pub(crate) const APPLET: Applet = Applet {
    name: "nc",
    links: &["/usr/bin/nc"],
    usage: "\
nc [OPTIONS] HOST PORT  - connect
nc [OPTIONS] -l -p PORT [HOST] [PORT]  - listen

  -e PROG  Run PROG after connect (must be last)
  -l       Listen mode, for inbound connects
  -k       With -l, go on listening; with -e, a persistent server
  -p PORT  Local port
  -s ADDR  Local address
  -w SEC   Timeout for connects and final net reads
  -i SEC   Delay interval for lines sent
  -n       Don't do DNS resolution
  -u       UDP mode
  -b       Allow broadcasts
  -v       Verbose
  -o FILE  Hex dump traffic
  -z       Zero-I/O mode (scanning)
  -4       IPv4 only
  -6       IPv6 only
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    // Everything behind -e PROG is the program's.
    let end = cx.args.iter().position(|arg| arg == "-e");
    let (own, program) = match end {
        Some(end) => (&cx.args[..end], &cx.args[end + 1..]),
        None => (cx.args, &[][..]),
    };
    if end.is_some() && program.is_empty() {
        return Err(Error::usage("option requires an argument -- 'e'"));
    }
    let options = cli::options::parse(cx.applet.usage, own, cli::options::Order::Mixed)?;
    let wait = options.number('w')?.map(Duration::from_secs);
    let dump = match options.value('o').map(Path::new) {
        Some(path) => Some(File::create(path).at(path)?),
        None => None,
    };
    let mut talk = Talk {
        wait,
        line_delay: options.number('i')?.map(Duration::from_secs),
        zero: options.has('z'),
        is_udp: options.has('u'),
        dump,
        received: 0,
        sent: 0,
    };
    if !options.has('l') {
        options.expect_operands(2, usize::MAX)?;
        return connect(cx, &options, &mut talk, program);
    }
    loop {
        let (socket, peer) = listen(cx, &options, talk.is_udp)?;
        if options.has('v') {
            cx.warn(&format!("connect to {} from {peer}", socket_text(&socket)));
        }
        if program.is_empty() {
            talk.run(cx, &socket)?;
        } else if options.has('k') {
            command(socket, program)?.spawn().at(&program[0])?;
        } else {
            return exec(socket, program);
        }
        if !options.has('k') {
            return Ok(());
        }
    }
}

fn wanted_family(options: &Options) -> u16 {
    match options.last_of("46") {
        Some('4') => family::INET,
        Some(_) => family::INET6,
        None => family::UNSPEC,
    }
}

fn host(options: &Options, text: &str, wanted: u16) -> Result<Vec<IpAddr>> {
    if options.has('n') {
        return text
            .parse()
            .map(|address| vec![address])
            .map_err(|_| Error::message(format_args!("bad address '{text}'")));
    }
    resolve(text, wanted)
}

/// A port by number, or by its name in /etc/services.
fn port(text: &str, is_udp: bool) -> Result<u16> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let services = std::fs::read_to_string("/etc/services").unwrap_or_default();
    let protocol = if is_udp { "udp" } else { "tcp" };
    let found = services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_ascii_whitespace();
        let (name, number) = (words.next()?, words.next()?.strip_suffix(protocol)?.strip_suffix('/')?);
        (name == text || words.any(|alias| alias == text)).then(|| number.parse().ok())?
    });
    found.ok_or_else(|| Error::message(format_args!("bad port '{text}'")))
}

fn new_socket(options: &Options, address: IpAddr, is_udp: bool) -> Result<Socket> {
    let kind = if is_udp { kind::DATAGRAM } else { kind::STREAM };
    let socket = Socket::new(family_of(address), kind, 0).doing("socket")?;
    socket.set_number(option::SOL_SOCKET, option::SO_REUSEADDR, 1).doing("setsockopt")?;
    if options.has('b') {
        socket.set_number(option::SOL_SOCKET, option::SO_BROADCAST, 1).doing("setsockopt")?;
    }
    Ok(socket)
}

/// The address and port that the command line gives this side; None: nothing was said.
fn local(options: &Options, like: IpAddr, is_udp: bool) -> Result<Option<(IpAddr, u16)>> {
    let any = match like {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    };
    let own = match options.text('s')? {
        Some(text) => host(options, text, family_of(like))?[0],
        None => any,
    };
    match options.text('p')? {
        Some(text) => Ok(Some((own, port(text, is_udp)?))),
        None if own != any => Ok(Some((own, 0))),
        None => Ok(None),
    }
}

fn connect(cx: &mut Cx<'_>, options: &Options, talk: &mut Talk, program: &[OsString]) -> Result {
    let operands = options.operands();
    let text = operands[0].to_string_lossy();
    let addresses = host(options, &text, wanted_family(options))?;
    let mut failed = false;
    for ports in &operands[1..] {
        // "80-90" is a range to scan.
        let ports = ports.to_string_lossy();
        let range =
            ports.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        let (low, high) = match range {
            Some(range) => range,
            None => {
                let port = port(&ports, talk.is_udp)?;
                (port, port)
            }
        };
        for port in low..=high {
            match connect_one(options, talk, &addresses, port) {
                Ok(socket) => {
                    if options.has('v') {
                        cx.warn(&format!("{text} ({}:{port}) open", addresses[0]));
                    }
                    if talk.zero {
                        continue;
                    }
                    return if program.is_empty() { talk.run(cx, &socket) } else { exec(socket, program) };
                }
                Err(error) => {
                    failed = true;
                    if options.has('v') || !talk.zero {
                        cx.report(Error::io(format_args!("{text} ({}:{port})", addresses[0]), error));
                    }
                }
            }
        }
    }
    cx.status = u8::from(failed);
    Ok(())
}

fn connect_one(options: &Options, talk: &Talk, addresses: &[IpAddr], port: u16) -> io::Result<Socket> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for &address in addresses {
        let attempt = || -> io::Result<Socket> {
            let socket = new_socket(options, address, talk.is_udp).map_err(Error::into_io)?;
            if let Some((own, port)) = local(options, address, talk.is_udp).map_err(Error::into_io)? {
                socket.bind(&socket_address(own, port, 0))?;
            }
            if let Some(wait) = talk.wait {
                let time = [wait.as_secs().to_ne_bytes(), 0u64.to_ne_bytes()].concat();
                socket.set_option(option::SOL_SOCKET, option::SO_SNDTIMEO, &time)?;
            }
            socket.connect(&socket_address(address, port, 0))?;
            Ok(socket)
        };
        match attempt() {
            Ok(socket) => return Ok(socket),
            // What connect says when its time is over.
            Err(error) if error.raw_os_error() == Some(115) => last = io::Error::from_raw_os_error(110),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Waits for somebody to connect; in UDP mode for the first packet, which decides who is talked to.
fn listen(cx: &mut Cx<'_>, options: &Options, is_udp: bool) -> Result<(Socket, String)> {
    let wanted = wanted_family(options);
    let like = match (options.text('s')?, wanted) {
        (Some(text), _) => host(options, text, wanted)?[0],
        (None, family::INET6) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        (None, _) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
    };
    let socket = new_socket(options, like, is_udp)?;
    let (own, port) = local(options, like, is_udp)?.unwrap_or((like, 0));
    socket.bind(&socket_address(own, port, 0)).doing("bind")?;
    // The only peer that may connect, if one was named.
    let only = match options.operands().first() {
        Some(text) => Some(host(options, &text.to_string_lossy(), family_of(like))?),
        None => None,
    };
    if !is_udp {
        socket.listen().doing("listen")?;
    }
    if options.has('v') || port == 0 {
        cx.warn(&format!("listening on {}", socket_text(&socket)));
    }
    loop {
        let (accepted, from) = if is_udp {
            let mut first = [0];
            (None, socket.peek_from(&mut first).doing("recvfrom")?.1)
        } else {
            let (accepted, from) = socket.accept().doing("accept")?;
            (Some(accepted), from)
        };
        let allowed = only
            .as_ref()
            .is_none_or(|only| of_socket_address(&from).is_some_and(|peer| only.contains(&peer)));
        match accepted {
            Some(accepted) if allowed => return Ok((accepted, address_text(&from))),
            None if allowed => {
                // From now on only for the sender of the first packet, which still waits to be read.
                socket.connect(&from).doing("connect")?;
                return Ok((socket, address_text(&from)));
            }
            Some(_) => {}
            None => drop(socket.receive_from(&mut [0]).doing("recvfrom")?),
        }
    }
}

fn socket_text(socket: &Socket) -> String {
    socket.local_address().map_or_else(|_| "?".to_string(), |address| address_text(&address))
}

/// `10.0.0.1:80`, `[::1]:80`.
fn address_text(bytes: &[u8]) -> String {
    let port = match bytes.get(2..4) {
        Some(port) => u16::from_be_bytes([port[0], port[1]]),
        None => 0,
    };
    match of_socket_address(bytes) {
        Some(address) => std::net::SocketAddr::new(address, port).to_string(),
        None => "?".to_string(),
    }
}

fn command(socket: Socket, program: &[OsString]) -> Result<Command> {
    let fd: OwnedFd = socket.into();
    let output = fd.try_clone().doing("dup")?;
    let mut command = Command::new(&program[0]);
    command.args(&program[1..]).stdin(Stdio::from(fd)).stdout(Stdio::from(output));
    Ok(command)
}

fn exec(socket: Socket, program: &[OsString]) -> Result {
    let error = command(socket, program)?.exec();
    Err(Error::io(format_args!("can't execute '{}'", program[0].display()), error))
}

/// The exchange of bytes.
struct Talk {
    wait: Option<Duration>,
    line_delay: Option<Duration>,
    zero: bool,
    is_udp: bool,
    dump: Option<File>,
    received: usize,
    sent: usize,
}

impl Talk {
    fn run(&mut self, cx: &mut Cx<'_>, socket: &Socket) -> Result {
        if self.zero {
            return Ok(());
        }
        let mut buffer = vec![0; 16 * 1024];
        let mut input_open = true;
        loop {
            let fds = [socket.as_raw_fd(), if input_open { 0 } else { -1 }];
            // -w counts once nothing more is to be sent.
            let wait_ms = match self.wait {
                Some(wait) if !input_open => i32::try_from(wait.as_millis()).unwrap_or(i32::MAX),
                _ => -1,
            };
            let ready = match socket::wait_readable(&fds, wait_ms) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result.doing("poll")?,
            };
            if !ready[0] && !ready[1] {
                return Ok(()); // the time is over
            }
            if ready[0] {
                let (count, _) = socket.receive_from(&mut buffer).doing("read error")?;
                if count == 0 && !self.is_udp {
                    return Ok(());
                }
                dump(&mut self.dump, '<', &mut self.received, &buffer[..count]);
                cx.out.write(&buffer[..count]);
                cx.out.flush();
                if cx.out.failed() {
                    return Ok(());
                }
            }
            if ready[1] {
                let count = sys::fd::read(0, &mut buffer).doing("read error")?;
                if count == 0 {
                    input_open = false;
                    // UDP has no end that the other side could see.
                    if !self.is_udp {
                        socket.end_writing();
                    }
                    continue;
                }
                self.send(socket, &buffer[..count])?;
            }
        }
    }

    fn send(&mut self, socket: &Socket, bytes: &[u8]) -> Result {
        let lines: Vec<&[u8]> = match self.line_delay {
            Some(_) => bytes.split_inclusive(|&byte| byte == b'\n').collect(),
            None => vec![bytes],
        };
        for (index, line) in lines.iter().enumerate() {
            if let (Some(delay), true) = (self.line_delay, index > 0) {
                std::thread::sleep(delay);
            }
            let mut rest = *line;
            while !rest.is_empty() {
                let count = socket.send_to(rest, &[]).doing("write error")?;
                rest = &rest[count..];
            }
            dump(&mut self.dump, '>', &mut self.sent, line);
        }
        Ok(())
    }
}

/// Lines of 16 bytes: direction, offset, hexadecimal, text.
fn dump(file: &mut Option<File>, direction: char, offset: &mut usize, bytes: &[u8]) {
    let Some(file) = file else { return };
    for part in bytes.chunks(16) {
        let digits: String = part.iter().map(|byte| format!("{byte:02x} ")).collect();
        let text: String = part
            .iter()
            .map(|&byte| if (b' '..0x7f).contains(&byte) { char::from(byte) } else { '.' })
            .collect();
        let _ = writeln!(file, "{direction} {offset:08x} {digits:<48}# {text}");
        *offset += part.len();
    }
}
