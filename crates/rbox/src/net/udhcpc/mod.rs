//! udhcpc — get an IPv4 address by DHCP, and run a script that sets it.
//!
//! Source: RFC 2131; BusyBox 1.37 for the options, the script's environment and the messages. The script decides what
//! becomes of addresses, routes and resolv.conf: this program touches none of them.

mod client;
mod options;
mod packet;

use std::net::Ipv4Addr;
use std::time::Duration;

use super::ethernet::Link;
use crate::prelude::*;
use client::{Client, Settings};

pub(crate) const APPLET: Applet = Applet {
    name: "udhcpc",
    links: &["/sbin/udhcpc"],
    usage: "\
udhcpc [-fbqvRBS] [-a[MSEC]] [-t N] [-T SEC] [-A SEC|-n]
	[-i IFACE] [-s PROG] [-p PIDFILE]
	[-oC] [-r IP] [-V VENDOR] [-F NAME] [-x OPT:VAL]... [-O OPT]...

  -i, --interface=IFACE  Interface to use (default eth0)
  -s, --script=PROG      Run PROG at DHCP events (default /usr/share/udhcpc/default.script)
  -p, --pidfile=FILE     Create pidfile
  -B, --broadcast        Request broadcast replies
  -t, --retries=N        Send up to N discover packets (default 3)
  -T, --timeout=SEC      Pause between packets (default 3)
  -A, --tryagain=SEC     Wait if lease is not obtained (default 20)
  -b, --background       Background if lease is not obtained
  -n, --now              Exit if lease is not obtained
  -q, --quit             Exit after obtaining lease
  -R, --release          Release IP on exit
  -f, --foreground       Run in foreground
  -S, --syslog           Log to syslog too
  -a, --arping[=MSEC]    Validate offered address with ARP ping (default 2000)
  -r, --request=IP       Request this IP address
  -o, --no-default-options  Don't request any options (unless -O is given)
  -O, --request-option=OPT  Request option OPT from server (cumulative)
  -x OPT:VAL             Include option OPT in sent packets (cumulative)
                         -x hostname:bbox, -x lease:3600, -x 0x3d:0100BEEFC0FFEE,
                         -x 14:'\"dumpfile\"'
  -F, --fqdn=NAME        Ask server to update DNS mapping for NAME
  -V, --vendorclass=VENDOR  Vendor identifier (default 'udhcp VERSION')
  -C, --clientid-none    Don't send MAC as client identifier
  -v                     Verbose

Signals: USR1 renews the lease, USR2 releases it.
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let settings = settings(&options)?;
    let link = Link::open(options.text('i')?.unwrap_or("eth0"))?;
    if let Some(path) = &settings.pidfile
        && settings.foreground
    {
        client::write_pid(path)?;
    }
    Client::new(link, settings)?.run(cx)
}

fn settings(options: &Options) -> Result<Settings> {
    let seconds = |option: char, default: u64| -> Result<Duration> {
        Ok(Duration::from_secs(options.number(option)?.unwrap_or(default)))
    };
    let mut requested = if options.has('o') { Vec::new() } else { options::wanted() };
    for name in options.values('O') {
        let text = name.to_string_lossy();
        let code =
            options::code(&text).ok_or_else(|| Error::message(format_args!("unknown option '{text}'")))?;
        if !requested.contains(&code) {
            requested.push(code);
        }
    }
    let mut sent = Vec::new();
    for text in options.values('x') {
        let text = text.to_string_lossy();
        let option =
            options::given(&text).ok_or_else(|| Error::message(format_args!("bad option '{text}'")))?;
        sent.push(option);
    }
    let address = match options.text('r')? {
        Some(text) => Some(
            text.parse::<Ipv4Addr>().map_err(|_| Error::message(format_args!("bad IP address '{text}'")))?,
        ),
        None => None,
    };
    let probe = match (options.has('a'), options.value('a')) {
        (false, _) => None,
        (true, None) => Some(Duration::from_millis(2000)),
        (true, Some(text)) => Some(Duration::from_millis(cli::options::number(text)?)),
    };
    Ok(Settings {
        script: PathBuf::from(options.value('s').unwrap_or(OsStr::new("/usr/share/udhcpc/default.script"))),
        pidfile: options.value('p').map(PathBuf::from),
        broadcast: options.has('B'),
        tries: options.number('t')?.unwrap_or(3).max(1),
        pause: seconds('T', 3)?.max(Duration::from_secs(1)),
        again: seconds('A', 20)?,
        background_if_none: options.has('b'),
        exit_if_none: options.has('n'),
        quit: options.has('q'),
        release: options.has('R'),
        foreground: options.has('f'),
        syslog: options.has('S'),
        probe,
        address,
        requested,
        sent,
        fqdn: options.text('F')?.map(str::to_string),
        vendor: options.text('V')?.unwrap_or(concat!("udhcp ", env!("CARGO_PKG_VERSION"))).to_string(),
        client_id: !options.has('C'),
        verbose: options.count('v'),
    })
}
