//! ftp — one file by FTP, passive, binary.

use std::io::BufReader;

use super::connection::{Connection, read_line};
use super::url::{Url, decoded};
use super::{Body, Settings};
use crate::prelude::*;

type Save<'a> = dyn FnMut(&mut Cx<'_>, Body<'_>) -> Result + 'a;

/// The control connection.
struct Control<'a> {
    input: BufReader<Connection>,
    settings: &'a Settings,
}

impl Control<'_> {
    /// Sends a command and gives the answer's number and text.
    fn command(&mut self, command: &str) -> Result<(u32, String)> {
        if command.contains(['\r', '\n', '\0']) {
            return Err(Error::message("a name must not contain a line end"));
        }
        self.input.get_mut().write_all(format!("{command}\r\n").as_bytes()).doing("write error")?;
        self.answer()
    }

    /// An answer of several lines ends with a line that begins with its number and a blank.
    fn answer(&mut self) -> Result<(u32, String)> {
        let mut first = None;
        loop {
            let line = read_line(&mut self.input)?;
            if self.settings.show_response {
                self.settings.say(&format!("  {line}"));
            }
            let number = line.get(..3).and_then(|digits| digits.parse::<u32>().ok());
            match (number, line.as_bytes().get(3)) {
                (Some(number), Some(b'-')) if first.is_none() => first = Some(number),
                (Some(number), None | Some(b' ')) if first.is_none_or(|first| first == number) => {
                    return Ok((number, line));
                }
                _ if first.is_some() => {}
                _ => return Err(Error::message(format_args!("bad response from the server: {line}"))),
            }
        }
    }

    fn expect(&mut self, command: &str, wanted: u32) -> Result<String> {
        let (number, line) = self.command(command)?;
        if number / 100 == wanted {
            Ok(line)
        } else {
            Err(Error::message(format_args!("error response: {line}")))
        }
    }
}

pub(super) fn fetch(
    cx: &mut Cx<'_>,
    settings: &Settings,
    url: &Url,
    start: u64,
    save: &mut Save<'_>,
) -> Result {
    let input = BufReader::new(Connection::open(settings, &url.host, url.port)?);
    let mut control = Control { input, settings };
    let (greeting, line) = control.answer()?;
    if greeting != 220 {
        return Err(Error::message(format_args!("error response: {line}")));
    }
    let login = url.user.clone().unwrap_or_else(|| "anonymous:busybox@".to_string());
    let (user, password) = login.split_once(':').unwrap_or((&login, ""));
    match control.command(&format!("USER {user}"))? {
        (230, _) => {}
        (331, _) => drop(control.expect(&format!("PASS {password}"), 2)?),
        (_, line) => return Err(Error::message(format_args!("ftp login: {line}"))),
    }
    control.expect("TYPE I", 2)?;
    let path = decoded(url.path.trim_start_matches('/'));
    let size = match control.command(&format!("SIZE {path}"))? {
        (213, line) => line[4..].trim().parse::<u64>().ok(),
        _ => None,
    };
    if settings.spider {
        let body = Body { length: Some(0), start: 0, stream: Box::new(io::empty()) };
        return if size.is_some() {
            save(cx, body)
        } else {
            Err(Error::message("remote file does not exist"))
        };
    }
    let data = Connection::open(settings, &url.host, passive_port(&mut control)?)?;
    let resumed = start > 0 && control.command(&format!("REST {start}"))?.0 == 350;
    control.expect(&format!("RETR {path}"), 1)?;
    let start = if resumed { start } else { 0 };
    let length = size.map(|size| size.saturating_sub(start));
    save(cx, Body { length, start, stream: Box::new(data) })?;
    let (number, line) = control.answer()?;
    if number / 100 != 2 {
        return Err(Error::message(format_args!("error response: {line}")));
    }
    // The file is here whatever the server says to goodbye.
    let _ = control.command("QUIT");
    Ok(())
}

/// Where the server waits for the data connection; the host is the same, whatever PASV's answer says.
fn passive_port(control: &mut Control<'_>) -> Result<u16> {
    let (number, line) = control.command("EPSV")?;
    if number == 229
        && let Some(port) = extended_port(&line)
    {
        return Ok(port);
    }
    let line = control.expect("PASV", 2)?;
    old_port(&line).ok_or_else(|| Error::message(format_args!("bad response from the server: {line}")))
}

/// `229 Entering Extended Passive Mode (|||6446|)`.
fn extended_port(line: &str) -> Option<u16> {
    line.split_once("|||")?.1.split('|').next()?.parse().ok()
}

/// `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`.
fn old_port(line: &str) -> Option<u16> {
    let inner = line.rsplit_once('(').map_or(line, |(_, inner)| inner);
    let numbers: Vec<u8> = inner
        .split(|character: char| !character.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    let [.., high, low] = numbers[..] else { return None };
    Some(u16::from_be_bytes([high, low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_ports() {
        assert_eq!(extended_port("229 Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(extended_port("229 ok"), None);
        assert_eq!(old_port("227 Entering Passive Mode (127,0,0,1,4,1)."), Some(1025));
        assert_eq!(old_port("227 x"), None);
    }
}
