//! logger — write messages to the system's log.
//!
//! Source: POSIX.1-2024 `logger`; BusyBox 1.37; util-linux for `-i`, `-f` and `-u`.

use posix::syslog::{self, Log};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "logger",
    links: &["/usr/bin/logger"],
    usage: "\
logger [-si] [-t TAG] [-p PRIO] [-f FILE | MESSAGE...]

Write MESSAGE, or each line of standard input, to the system's log.

  -s, --stderr         To standard error as well
  -t, --tag=TAG        Under this name (default: that of the user)
  -p, --priority=PRIO  FACILITY.LEVEL, or a number (user.notice)
  -i, --id             With the process number
  -f, --file=FILE      The lines of FILE
  -u, --socket=SOCKET  To another log than /dev/log
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let priority = match options.text('p')? {
        Some(text) => parse_priority(text)?,
        None => syslog::USER_NOTICE,
    };
    let (pid, ..) = sys::kill::own();
    let mut tag = match options.value('t') {
        Some(tag) => tag.as_bytes().to_vec(),
        None => {
            let uid = sys::access::effective_ids().0;
            posix::passwd::user_by_id(uid).map_or_else(|| uid.to_string().into_bytes(), |user| user.name)
        }
    };
    if options.has('i') {
        tag.extend_from_slice(format!("[{pid}]").as_bytes());
    }
    let socket = options.value('u').map(Path::new);
    let mut log = Log::new(socket.unwrap_or(Path::new(syslog::SOCKET)), &tag);
    let mut send = |cx: &mut Cx<'_>, text: &[u8]| {
        if options.has('s') {
            let line = [&tag, &b": "[..], text, b"\n"].concat();
            // A closed standard error leaves nobody to tell.
            let _ = io::stderr().write_all(&line);
        }
        // Without a log the message is lost, as with syslog(3); a socket that was asked for must be there.
        if let Err(error) = log.send(priority, text, sys::clock::now().0)
            && let Some(socket) = socket
        {
            cx.report(Error::at(socket, error));
        }
    };
    if !options.operands().is_empty() {
        let words: Vec<&[u8]> = options.operands().iter().map(|word| word.as_bytes()).collect();
        send(cx, &words.join(&b' '));
        return Ok(());
    }
    let file = options.value('f').map_or(Path::new("-"), Path::new);
    let Some(input) = cx.open(file) else { return Ok(()) };
    for line in input.split(b'\n') {
        let line = line.at(file)?;
        if !line.is_empty() {
            send(cx, &line);
        }
    }
    Ok(())
}

fn parse_priority(text: &str) -> Result<u32> {
    if let Some(number) = text.parse::<u32>().ok().filter(|&number| number < 192) {
        return Ok(number);
    }
    let (facility, level) = text.split_once('.').unwrap_or(("user", text));
    let facility = syslog::facility(facility)
        .ok_or_else(|| Error::message(format_args!("unknown facility name: {facility}")))?;
    let level =
        syslog::level(level).ok_or_else(|| Error::message(format_args!("unknown priority name: {level}")))?;
    Ok(facility << 3 | level)
}
