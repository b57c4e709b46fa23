//! telnet — a terminal on another machine.
//!
//! Source: RFC 854, RFC 857 (echo), RFC 858 (suppress go ahead), RFC 1073 (window size), RFC 1091 (terminal type), RFC
//! 1572 (environment); BusyBox 1.37 for the keys.

use std::net::TcpStream;
use std::os::fd::AsRawFd;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "telnet",
    links: &["/usr/bin/telnet"],
    usage: "\
telnet [-a] [-l USER] HOST [PORT]

Connect to a telnet server. Ctrl-] then asks what to do.

  -a       Log in as $USER
  -l USER  Log in as USER
",
    process: Process::New,
    run,
};

const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

const ECHO: u8 = 1;
const GO_AHEAD: u8 = 3;
const TERMINAL_TYPE: u8 = 24;
const WINDOW_SIZE: u8 = 31;
const ENVIRONMENT: u8 = 39;

/// Ctrl-]
const ESCAPE: u8 = 0x1d;

/// What has come of the server's bytes so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Return,
    Command,
    Option(u8),
    Sub,
    SubCommand,
}

struct Session {
    state: State,
    sub: Vec<u8>,
    /// What goes to the server, and what is shown.
    reply: Vec<u8>,
    text: Vec<u8>,
    /// The server echoes, so that keys are sent one by one.
    by_key: bool,
    changed: bool,
    terminal: Vec<u8>,
    user: Option<Vec<u8>>,
    size: Option<(u16, u16)>,
    /// Options of ours that the server knows to be on.
    ours: Vec<u8>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    let host = options.operands()[0].to_string_lossy();
    let port = match options.operands().get(1) {
        Some(text) => u16::try_from(cli::options::number(text)?)
            .map_err(|_| Error::message(format_args!("bad port '{}'", text.display())))?,
        None => 23,
    };
    let addresses = super::common::resolve(&host, sys::socket::family::UNSPEC)?;
    let stream = connect(&addresses, port)?;
    let user = match options.value('l') {
        Some(user) => Some(user.as_bytes().to_vec()),
        None => std::env::var_os("USER").filter(|_| options.has('a')).map(OsString::into_vec),
    };
    let mut session = Session {
        state: State::Text,
        sub: Vec::new(),
        reply: Vec::new(),
        text: Vec::new(),
        by_key: false,
        changed: false,
        terminal: std::env::var_os("TERM").map_or_else(|| b"unknown".to_vec(), OsString::into_vec),
        user,
        size: sys::tty::window_size(0),
        ours: Vec::new(),
    };
    let modes = sys::terminal::modes(0).ok();
    if modes.is_some() {
        cx.out.write(b"\r\nConnected to ");
        cx.out.write(host.as_bytes());
        cx.out.write(b"\r\n\nEscape character is '^]'.\r\n\n");
        cx.out.flush();
    }
    let result = talk(cx, stream, &mut session, modes.as_ref());
    if let Some(modes) = modes {
        modes.restore();
    }
    result
}

fn connect(addresses: &[std::net::IpAddr], port: u16) -> Result<TcpStream> {
    let mut last = Error::usage("");
    for &address in addresses {
        match TcpStream::connect((address, port)) {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                last = Error::io(format_args!("can't connect to remote host ({address})"), error);
            }
        }
    }
    Err(last)
}

fn talk(
    cx: &mut Cx<'_>,
    mut stream: TcpStream,
    session: &mut Session,
    modes: Option<&sys::terminal::Modes>,
) -> Result {
    let mut buffer = [0; 4096];
    let mut keys_ended = false;
    loop {
        let fds: &[i32] = if keys_ended { &[stream.as_raw_fd()] } else { &[stream.as_raw_fd(), 0] };
        let ready = sys::socket::wait_readable(fds, -1).doing("poll")?;
        if ready.get(1) == Some(&true) {
            let count = sys::fd::read(0, &mut buffer).doing("read error")?;
            if count == 0 {
                // What the server still says is wanted.
                keys_ended = true;
                stream.shutdown(std::net::Shutdown::Write).doing("shutdown")?;
            }
            let keys = &buffer[..count];
            match keys.iter().position(|&key| key == ESCAPE).filter(|_| modes.is_some()) {
                Some(at) => {
                    stream.write_all(&escaped(&keys[..at])).doing("write error")?;
                    if let Some(modes) = modes
                        && !console(cx, &mut stream, session, modes)?
                    {
                        return Ok(());
                    }
                }
                None => stream.write_all(&escaped(keys)).doing("write error")?,
            }
        }
        if ready[0] {
            let count = match stream.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(Error::io("read error", error)),
            };
            if count == 0 {
                if modes.is_some() {
                    return Err(Error::message("Connection closed by foreign host"));
                }
                return Ok(());
            }
            session.take(&buffer[..count]);
            cx.out.write(&std::mem::take(&mut session.text));
            cx.out.flush();
            stream.write_all(&std::mem::take(&mut session.reply)).doing("write error")?;
            if let (true, Some(modes)) = (std::mem::take(&mut session.changed), modes) {
                if session.by_key { modes.set_for_keys() } else { modes.restore() }
            }
        }
    }
}

/// Bytes as they are sent: 255 twice, and a line's end as two characters.
fn escaped(keys: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(keys.len());
    for &key in keys {
        match key {
            IAC => sent.extend_from_slice(&[IAC, IAC]),
            b'\r' => sent.extend_from_slice(b"\r\0"),
            b'\n' => sent.extend_from_slice(b"\r\n"),
            key => sent.push(key),
        }
    }
    sent
}

/// Asks what to do. False: end.
fn console(
    cx: &mut Cx<'_>,
    stream: &mut TcpStream,
    session: &mut Session,
    modes: &sys::terminal::Modes,
) -> Result<bool> {
    modes.restore();
    cx.out.write(
        b"\r\nConsole escape. Commands are:\r\n\n l\tgo to line mode\r\n c\tgo to character mode\r\n z\tsuspend telnet\r\n e\texit telnet\r\n",
    );
    cx.out.flush();
    let mut line = [0; 64];
    let count = sys::fd::read(0, &mut line).doing("read error")?;
    match line[..count].first() {
        None | Some(b'e') => return Ok(false),
        Some(b'l') => session.by_key = false,
        Some(b'c') => session.by_key = true,
        Some(b'z') => {
            const STOP: i32 = 19;
            sys::kill::send(std::process::id() as i32, STOP).doing("kill")?;
        }
        _ => {}
    }
    let command = if session.by_key { DO } else { DONT };
    stream.write_all(&[IAC, command, ECHO, IAC, command, GO_AHEAD]).doing("write error")?;
    if session.by_key {
        modes.set_for_keys();
    }
    Ok(true)
}

impl Session {
    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = match self.state {
                State::Text | State::Return if byte == IAC => State::Command,
                // A return is followed by a newline or by nothing.
                State::Return if byte == 0 => State::Text,
                State::Text | State::Return => {
                    self.text.push(byte);
                    if byte == b'\r' { State::Return } else { State::Text }
                }
                State::Command => match byte {
                    IAC => {
                        self.text.push(IAC);
                        State::Text
                    }
                    SB => {
                        self.sub.clear();
                        State::Sub
                    }
                    WILL | WONT | DO | DONT => State::Option(byte),
                    _ => State::Text,
                },
                State::Option(command) => {
                    self.option(command, byte);
                    State::Text
                }
                State::Sub if byte == IAC => State::SubCommand,
                State::Sub => {
                    // Nobody's question is longer.
                    if self.sub.len() < 256 {
                        self.sub.push(byte);
                    }
                    State::Sub
                }
                State::SubCommand if byte == SE => {
                    self.sub_option();
                    State::Text
                }
                State::SubCommand => State::Sub,
            };
        }
    }

    fn option(&mut self, command: u8, option: u8) {
        match (command, option) {
            (WILL, ECHO) if !self.by_key => {
                self.by_key = true;
                self.changed = true;
                self.reply.extend_from_slice(&[IAC, DO, ECHO]);
            }
            (WONT, ECHO) if self.by_key => {
                self.by_key = false;
                self.changed = true;
                self.reply.extend_from_slice(&[IAC, DONT, ECHO]);
            }
            (WILL, ECHO) | (WONT, _) => {}
            (WILL, GO_AHEAD) => self.once(DO, option),
            (WILL, other) => self.reply.extend_from_slice(&[IAC, DONT, other]),
            (DO, TERMINAL_TYPE | GO_AHEAD) => self.once(WILL, option),
            (DO, WINDOW_SIZE) if self.size.is_some() => {
                self.once(WILL, option);
                let (columns, rows) = self.size.unwrap_or((80, 24));
                let mut size = [columns.to_be_bytes(), rows.to_be_bytes()].concat();
                // A 255 in it would be a command.
                size.iter_mut().filter(|byte| **byte == IAC).for_each(|byte| *byte = 254);
                self.sub_reply(WINDOW_SIZE, &size);
            }
            (DO, ENVIRONMENT) if self.user.is_some() => self.once(WILL, option),
            (DO, other) => self.reply.extend_from_slice(&[IAC, WONT, other]),
            _ => {}
        }
    }

    /// Agrees, but not again to what is agreed on: two that agree to each other's agreeing never end.
    fn once(&mut self, command: u8, option: u8) {
        if !self.ours.contains(&option) {
            self.ours.push(option);
            self.reply.extend_from_slice(&[IAC, command, option]);
        }
    }

    fn sub_reply(&mut self, option: u8, data: &[u8]) {
        self.reply.extend_from_slice(&[IAC, SB, option]);
        self.reply.extend_from_slice(data);
        self.reply.extend_from_slice(&[IAC, SE]);
    }

    fn sub_option(&mut self) {
        const SEND: u8 = 1;
        match (self.sub[..].first(), self.sub.get(1)) {
            (Some(&TERMINAL_TYPE), Some(&SEND)) => {
                let answer = [b"\0", &self.terminal[..]].concat();
                self.sub_reply(TERMINAL_TYPE, &answer);
            }
            (Some(&ENVIRONMENT), Some(&SEND)) => {
                if let Some(user) = &self.user {
                    let answer = [b"\0\0USER\x01", &user[..]].concat();
                    self.sub_reply(ENVIRONMENT, &answer);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            state: State::Text,
            sub: Vec::new(),
            reply: Vec::new(),
            text: Vec::new(),
            by_key: false,
            changed: false,
            terminal: b"vt100".to_vec(),
            user: Some(b"ann".to_vec()),
            size: Some((255, 24)),
            ours: Vec::new(),
        }
    }

    #[test]
    fn answers_the_server() {
        for (bytes, text, reply) in [
            (&b"login: "[..], &b"login: "[..], &b""[..]),
            (b"a\r\0b\r\nc", b"a\rb\r\nc", b""),
            (b"\xff\xff", b"\xff", b""),
            (b"\xff\xfb\x01", b"", b"\xff\xfd\x01"),
            (b"\xff\xfb\x05", b"", b"\xff\xfe\x05"),
            (b"\xff\xfd\x18\xff\xfd\x18", b"", b"\xff\xfb\x18"),
            (b"\xff\xfd\x1f", b"", b"\xff\xfb\x1f\xff\xfa\x1f\x00\xfe\x00\x18\xff\xf0"),
            (b"\xff\xfa\x18\x01\xff\xf0x", b"x", b"\xff\xfa\x18\x00vt100\xff\xf0"),
            (b"\xff\xfa\x27\x01\xff\xf0", b"", b"\xff\xfa\x27\x00\x00USER\x01ann\xff\xf0"),
            (b"\xff\xfd\x63", b"", b"\xff\xfc\x63"),
        ] {
            // The same in one piece and byte by byte.
            for size in [bytes.len(), 1] {
                let mut session = session();
                bytes.chunks(size).for_each(|part| session.take(part));
                assert_eq!((&session.text[..], &session.reply[..]), (text, reply), "{bytes:?}");
            }
        }
        assert_eq!(escaped(b"a\xff\n\r"), b"a\xff\xff\r\n\r\0");
    }
}
