//! brctl — make bridges of network interfaces, and print and set what they do.
//!
//! Source: BusyBox 1.37; brctl(8) of bridge-utils; the kernel's /sys/class/net/BRIDGE/{bridge,brif}.

use std::fs;

use sys::interface::{Code, Control, code};
use sys::socket::family;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "brctl",
    links: &["/usr/sbin/brctl"],
    usage: "\
brctl COMMAND [BRIDGE [ARGS]]

show [BRIDGE]...              Print bridges
addbr BRIDGE                  Make one
delbr BRIDGE                  Remove it
addif BRIDGE IFACE...         Put an interface into it
delif BRIDGE IFACE...         Take it out
showmacs BRIDGE               Print the addresses that were seen
showstp BRIDGE                Print the spanning tree
stp BRIDGE 1/yes/on|0/no/off  Use a spanning tree
setageing BRIDGE SECONDS      Forget addresses after
setfd BRIDGE SECONDS          Forward delay
sethello BRIDGE SECONDS       Hello time
setmaxage BRIDGE SECONDS      Age of messages
setbridgeprio BRIDGE PRIO     Priority of the bridge
setportprio BRIDGE IFACE PRIO
setpathcost BRIDGE IFACE COST
",
    process: Process::Fork,
    run,
};

const NET: &str = "/sys/class/net";

fn run(cx: &mut Cx<'_>) -> Result {
    let words: Vec<String> = cx.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((&command, args)) = words.split_first() else { return Err(Error::usage("")) };
    match (command, args) {
        ("show", bridges) => show(&mut cx.out, bridges),
        ("addbr", [bridge]) => bridge_request(code::BRADDBR, bridge),
        ("delbr", [bridge]) => bridge_request(code::BRDELBR, bridge),
        ("addif", [bridge, ports @ ..]) if !ports.is_empty() => port_requests(code::BRADDIF, bridge, ports),
        ("delif", [bridge, ports @ ..]) if !ports.is_empty() => port_requests(code::BRDELIF, bridge, ports),
        ("showmacs", [bridge]) => show_addresses(&mut cx.out, bridge),
        ("showstp", [bridge]) => show_tree(&mut cx.out, bridge),
        ("stp", [bridge, value]) => {
            let on = match *value {
                "1" | "yes" | "on" => "1",
                "0" | "no" | "off" => "0",
                _ => return Err(invalid(value)),
            };
            set(&format!("{bridge}/bridge/stp_state"), on)
        }
        ("setageing", [bridge, seconds]) => set_time(bridge, "ageing_time", seconds),
        ("setfd", [bridge, seconds]) => set_time(bridge, "forward_delay", seconds),
        ("sethello", [bridge, seconds]) => set_time(bridge, "hello_time", seconds),
        ("setmaxage", [bridge, seconds]) => set_time(bridge, "max_age", seconds),
        ("setbridgeprio", [bridge, value]) => set_number(&format!("{bridge}/bridge/priority"), value),
        ("setportprio", [_, port, value]) => set_number(&format!("{port}/brport/priority"), value),
        ("setpathcost", [_, port, value]) => set_number(&format!("{port}/brport/path_cost"), value),
        (
            "addbr" | "delbr" | "addif" | "delif" | "showmacs" | "showstp" | "stp" | "setageing" | "setfd"
            | "sethello" | "setmaxage" | "setbridgeprio" | "setportprio" | "setpathcost",
            _,
        ) => Err(Error::usage("")),
        _ => Err(invalid(command)),
    }
}

#[cold]
fn invalid(word: &str) -> Error {
    Error::message(format_args!("invalid argument '{word}' to 'brctl'"))
}

fn bridge_request(code: Code, bridge: &str) -> Result {
    let mut name = [0; 16];
    let length = bridge.len().min(15);
    name[..length].copy_from_slice(&bridge.as_bytes()[..length]);
    let control = Control::open(family::INET).doing("socket")?;
    control.request_raw(code, &mut name).doing(&format!("bridge {bridge}"))
}

fn port_requests(code: Code, bridge: &str, ports: &[&str]) -> Result {
    let control = Control::open(family::INET).doing("socket")?;
    for port in ports {
        let index = sys::socket::interface_index(port)
            .ok_or_else(|| Error::message(format_args!("iface {port}: No such device")))?;
        control.set_number(code, bridge, index as i32).doing(&format!("bridge {bridge}"))?;
    }
    Ok(())
}

fn set(path: &str, value: &str) -> Result {
    fs::write(format!("{NET}/{path}"), value)
        .map_err(|error| Error::io(format_args!("can't open '{path}'"), error))
}

fn set_number(path: &str, value: &str) -> Result {
    match value.parse::<u32>() {
        Ok(_) => set(path, value),
        Err(_) => Err(Error::message(format_args!("invalid number '{value}'"))),
    }
}

/// Seconds with a fraction, which the kernel takes in hundredths.
fn set_time(bridge: &str, name: &str, seconds: &str) -> Result {
    let length = posix::number::duration(seconds.as_bytes())
        .ok_or_else(|| Error::message(format_args!("invalid number '{seconds}'")))?;
    set(&format!("{bridge}/bridge/{name}"), &(length.as_millis() / 10).to_string())
}

fn get(path: &str) -> String {
    fs::read_to_string(format!("{NET}/{path}")).unwrap_or_default().trim().to_string()
}

/// Names in a folder, in its order.
fn names(path: &str) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn is_bridge(name: &str) -> bool {
    Path::new(&format!("{NET}/{name}/bridge")).exists()
}

fn show(out: &mut Output, wanted: &[&str]) -> Result {
    let all = names(NET);
    let bridges: Vec<&str> = if wanted.is_empty() {
        all.iter().map(String::as_str).filter(|name| is_bridge(name)).collect()
    } else {
        wanted.to_vec()
    };
    for (index, bridge) in bridges.iter().enumerate() {
        if !is_bridge(bridge) {
            return Err(Error::message(format_args!("bridge {bridge} does not exist")));
        }
        if index == 0 {
            out.write(b"bridge name\tbridge id\t\tSTP enabled\tinterfaces\n");
        }
        let stp = if get(&format!("{bridge}/bridge/stp_state")) == "0" { "no" } else { "yes" };
        write!(out, "{bridge}\t\t{}\t{stp}", get(&format!("{bridge}/bridge/bridge_id")));
        let ports = names(&format!("{NET}/{bridge}/brif"));
        for (index, port) in ports.iter().enumerate() {
            out.write(if index == 0 { b"\t\t" } else { b"\n\t\t\t\t\t\t\t" });
            out.write(port.as_bytes());
        }
        out.write(b"\n");
    }
    Ok(())
}

/// Records of 16 bytes: address, port, whether it is the bridge's own, hundredths of seconds.
fn show_addresses(out: &mut Output, bridge: &str) -> Result {
    let path = format!("{NET}/{bridge}/brforward");
    let table =
        fs::read(&path).map_err(|error| Error::io(format_args!("can't open '{bridge}/brforward'"), error))?;
    out.write(b"port no\tmac addr\t\tis local?\tageing timer\n");
    let mut entries: Vec<&[u8]> = table.chunks_exact(16).collect();
    entries.sort_unstable_by(|one, other| one[..6].cmp(&other[..6]));
    for entry in entries {
        let port = u32::from(entry[6]) | u32::from(entry[12]) << 8;
        let age = u32::from_ne_bytes([entry[8], entry[9], entry[10], entry[11]]);
        let local = if entry[7] != 0 { "yes" } else { "no" };
        let address = super::common::hardware_text(&entry[..6]);
        writeln!(out, "{port:3}\t{address}\t{local}\t\t{:4}.{:02}", age / 100, age % 100);
    }
    Ok(())
}

fn show_tree(out: &mut Output, bridge: &str) -> Result {
    if !is_bridge(bridge) {
        return Err(Error::message(format_args!("bridge {bridge} does not exist")));
    }
    let value = |name: &str| get(&format!("{bridge}/bridge/{name}"));
    writeln!(out, "{bridge}\n bridge id\t\t{}", value("bridge_id"));
    writeln!(out, " designated root\t{}", value("root_id"));
    writeln!(out, " root port\t\t{:>4}\t\t\tpath cost\t\t{:>4}", value("root_port"), value("root_path_cost"));
    let time = |name: &str| seconds(&value(name));
    for (title, wide, name) in [
        ("max age", "\t\t", "max_age"),
        ("hello time", "\t", "hello_time"),
        ("forward delay", "\t", "forward_delay"),
    ] {
        let text = time(name);
        writeln!(out, " {title}\t\t{text}\t\t\tbridge {title}{wide}{text}");
    }
    writeln!(out, " ageing time\t\t{}", time("ageing_time"));
    writeln!(out, " hello timer\t\t{}\t\t\ttcn timer\t\t{}", time("hello_timer"), time("tcn_timer"));
    writeln!(
        out,
        " topology change timer\t{}\t\t\tgc timer\t\t{}",
        time("topology_change_timer"),
        time("gc_timer")
    );
    let flag = |name: &str, text: &str| if value(name) == "1" { format!("{text} ") } else { String::new() };
    let flags = flag("topology_change", "TOPOLOGY_CHANGE")
        + &flag("topology_change_detected", "TOPOLOGY_CHANGE_DETECTED");
    writeln!(out, " flags\t\t\t{flags}\n\n");

    for port in names(&format!("{NET}/{bridge}/brif")) {
        let value = |name: &str| get(&format!("{port}/brport/{name}"));
        let hexadecimal = |name: &str| {
            let text = value(name);
            u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0)
        };
        let state = match value("state").as_str() {
            "0" => "disabled",
            "1" => "listening",
            "2" => "learning",
            "3" => "forwarding",
            "4" => "blocking",
            _ => "unknown",
        };
        let decimal = |name: &str| value(name).parse::<u32>().unwrap_or(0);
        writeln!(out, "{port} ({})", hexadecimal("port_no"));
        writeln!(out, " port id\t\t{:04x}\t\t\tstate\t\t{state:>15}", hexadecimal("port_id"));
        writeln!(
            out,
            " designated root\t{}\tpath cost\t\t{:4}",
            value("designated_root"),
            decimal("path_cost")
        );
        writeln!(
            out,
            " designated bridge\t{}\tmessage age timer\t{}",
            value("designated_bridge"),
            seconds(&value("message_age_timer"))
        );
        writeln!(
            out,
            " designated port\t{:04x}\t\t\tforward delay timer\t{}",
            decimal("designated_port"),
            seconds(&value("forward_delay_timer"))
        );
        writeln!(
            out,
            " designated cost\t{:4}\t\t\thold timer\t\t{}",
            decimal("designated_cost"),
            seconds(&value("hold_timer"))
        );
        let flag =
            |name: &str, text: &str| if value(name) == "1" { format!("{text} ") } else { String::new() };
        let flags = flag("config_pending", "CONFIG_PENDING") + &flag("change_ack", "TOPOLOGY_CHANGE_ACK");
        writeln!(out, " flags\t\t\t{flags}\n");
    }
    Ok(())
}

/// Hundredths of a second as seconds in seven columns.
fn seconds(hundredths: &str) -> String {
    let hundredths: u64 = hundredths.parse().unwrap_or(0);
    format!("{:4}.{:02}", hundredths / 100, hundredths % 100)
}
