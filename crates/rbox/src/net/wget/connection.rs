//! connection — a byte stream to a server, plain or through a program that speaks TLS.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use sys::socket::family;

use super::super::common::resolve;
use super::Settings;
use crate::prelude::*;
use sys::command::{Child, Command, Stdio};

pub(super) enum Connection {
    Plain(TcpStream),
    Tls(UnixStream, Child),
}

impl Connection {
    /// Connects to the first address of the host that answers.
    pub(super) fn open(settings: &Settings, host: &str, port: u16) -> Result<Connection> {
        let mut last = None;
        for address in resolve(host, family::UNSPEC)? {
            let address = SocketAddr::new(address, port);
            settings.say(&format!("Connecting to {} ({address})", named(host, port)));
            match TcpStream::connect_timeout(&address, settings.timeout) {
                Ok(stream) => {
                    set_timeout(&stream, settings.timeout)?;
                    return Ok(Connection::Plain(stream));
                }
                Err(error) => last = Some((address, error)),
            }
        }
        let (address, error) = last.ok_or_else(|| Error::message(format_args!("bad address '{host}'")))?;
        Err(Error::io(format_args!("can't connect to remote host ({})", address.ip()), error))
    }

    /// The same with TLS, by the `openssl` program.
    pub(super) fn open_tls(settings: &Settings, host: &str, port: u16) -> Result<Connection> {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        settings.say(&format!("Connecting to {} ({name}:{port})", named(host, port)));
        let (ours, theirs) = UnixStream::pair().doing("socketpair")?;
        let theirs: OwnedFd = theirs.into();
        let output = theirs.try_clone().doing("socketpair")?;
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-no_ign_eof", "-connect"]).arg(format!("{host}:{port}"));
        if name.parse::<std::net::IpAddr>().is_err() {
            command.args(["-servername", name]);
        }
        if settings.check_certificate {
            command.args(["-verify_return_error", "-verify_hostname", name]);
        }
        command.stdin(Stdio::from(theirs)).stdout(Stdio::from(output)).stderr(Stdio::Null);
        match command.spawn() {
            Ok(child) => {
                ours.set_read_timeout(Some(settings.timeout)).doing("setsockopt")?;
                Ok(Connection::Tls(ours, child))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::message("https needs the program 'openssl', which is not installed"))
            }
            Err(error) => Err(error).doing("can't execute 'openssl'"),
        }
    }
}

/// As the messages name a server: with its port, unless that is a usual one.
fn named(host: &str, port: u16) -> String {
    if matches!(port, 21 | 80 | 443) { host.to_string() } else { format!("{host}:{port}") }
}

fn set_timeout(stream: &TcpStream, timeout: Duration) -> Result {
    stream.set_read_timeout(Some(timeout)).doing("setsockopt")?;
    stream.set_write_timeout(Some(timeout)).doing("setsockopt")
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Connection::Plain(stream) => stream.read(buffer),
            Connection::Tls(stream, _) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Connection::Plain(stream) => stream.write(bytes),
            Connection::Tls(stream, _) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Connection::Tls(stream, child) = self {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A line of a protocol, without its end. Errors: the server ended, or sends a line without an end.
pub(super) fn read_line(input: &mut dyn BufRead) -> Result<String> {
    const LINE_MAX: u64 = 64 * 1024;
    let mut line = Vec::new();
    let count = input.take(LINE_MAX).read_until(b'\n', &mut line).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::message("download timed out"),
        _ => Error::io("read error", error),
    })?;
    if count == 0 || line.last() != Some(&b'\n') {
        return Err(Error::message("error getting response"));
    }
    let text = String::from_utf8_lossy(&line);
    Ok(text.trim_end_matches(['\r', '\n']).to_string())
}
