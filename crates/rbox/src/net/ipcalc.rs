//! ipcalc — networks, broadcast addresses and masks from IPv4 addresses.
//!
//! Source: BusyBox 1.37; ipcalc of Red Hat's initscripts for the names.

use std::net::{IpAddr, Ipv4Addr};

use super::common;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "ipcalc",
    links: &["/bin/ipcalc"],
    usage: "\
ipcalc [-bnmphs] ADDRESS[/PREFIX] [NETMASK]

Print about an IPv4 address, as assignments that a shell can read:

  -b, --broadcast  Broadcast address
  -n, --network    Network address
  -m, --netmask    Mask (without another one, that of the address's class)
  -p, --prefix     Length of the mask
  -h, --hostname   Name of the host
  -s, --silent     No messages
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    if options.last_of("bnmph").is_none() {
        return Err(Error::usage(""));
    }
    match calculate(cx, &options) {
        Err(error) if options.has('s') => {
            drop(error);
            Err(Error::exit(1))
        }
        result => result,
    }
}

fn calculate(cx: &mut Cx<'_>, options: &Options) -> Result {
    let text = options.operands()[0].to_string_lossy();
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (&*text, None),
    };
    let parse = |text: &str| -> Result<Ipv4Addr> {
        text.parse().map_err(|_| Error::message(format_args!("bad IP address: {text}")))
    };
    let address = parse(address)?;
    let mask = match (length, options.operands().get(1)) {
        (Some(_), Some(_)) => return Err(Error::usage("both PREFIX and NETMASK")),
        (Some(length), None) => match length.parse() {
            Ok(length @ 0..=32) => common::mask(length),
            _ => return Err(Error::message(format_args!("bad IP prefix: {length}"))),
        },
        (None, Some(mask)) => parse(&mask.to_string_lossy())?,
        (None, None) => common::mask(match address.octets()[0] {
            0..128 => 8,
            128..192 => 16,
            _ => 24,
        }),
    };
    let (address_bits, mask_bits) = (u32::from(address), u32::from(mask));
    if options.has('m') {
        writeln!(cx.out, "NETMASK={mask}");
    }
    if options.has('b') {
        writeln!(cx.out, "BROADCAST={}", Ipv4Addr::from(address_bits | !mask_bits));
    }
    if options.has('n') {
        writeln!(cx.out, "NETWORK={}", Ipv4Addr::from(address_bits & mask_bits));
    }
    if options.has('p') {
        writeln!(cx.out, "PREFIX={}", mask_bits.leading_ones());
    }
    if options.has('h') {
        match sys::resolver::host_name(IpAddr::V4(address)) {
            Some(name) => writeln!(cx.out, "HOSTNAME={name}"),
            None => return Err(Error::message(format_args!("can't find hostname for {address}"))),
        }
    }
    Ok(())
}
