//! uptime — print since when the system runs, and its load.
//!
//! Source: BusyBox 1.37; procps for `-p` and `-s`.

use posix::calendar;
use posix::zone::Zone;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "uptime",
    links: &["/usr/bin/uptime"],
    usage: "\
uptime [-ps]

Print since when the system runs, and how many processes wanted to run in the
last 1, 5 and 15 minutes.

  -p, --pretty  How long only, in words
  -s, --since   Since when only
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let (now, _) = sys::clock::now();
    let info = sys::host::info().doing("sysinfo")?;
    let up = info.uptime.as_secs();
    let zone = Zone::local();
    if options.has('s') {
        date(cx, &zone, now - up as i64, b"%F %T\n");
    } else if options.has('p') {
        writeln!(cx.out, "up {}", in_words(up));
    } else {
        date(cx, &zone, now, b" %H:%M:%S up ");
        let loads: Vec<String> = info.loads.iter().map(|&load| hundredths(load)).collect();
        writeln!(cx.out, "{},  0 users,  load average: {}", length(up), loads.join(", "));
    }
    Ok(())
}

fn date(cx: &mut Cx<'_>, zone: &Zone, seconds: i64, format: &[u8]) {
    let mut text = Vec::new();
    calendar::strftime(format, &zone.civil(seconds), 0, &mut text);
    cx.out.write(&text);
}

/// "3 days, 12:34", "12:34", "34 min".
fn length(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let days = match days {
        0 => String::new(),
        1 => "1 day, ".to_string(),
        days => format!("{days} days, "),
    };
    if hours > 0 { format!("{days}{hours:2}:{minutes:02}") } else { format!("{days}{minutes} min") }
}

fn in_words(seconds: u64) -> String {
    let mut parts = Vec::new();
    for (count, unit) in [
        (seconds / 604_800, "week"),
        (seconds / 86_400 % 7, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
    ] {
        if count > 0 || unit == "minute" && parts.is_empty() {
            parts.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        }
    }
    parts.join(", ")
}

/// A load of the kernel, in 1/65536, with two decimals.
fn hundredths(load: u64) -> String {
    let rounded = load + 327;
    format!("{}.{:02}", rounded >> 16, ((rounded & 0xffff) * 100) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(length(59), "0 min");
        assert_eq!(length(3661), " 1:01");
        assert_eq!(length(90_000), "1 day,  1:00");
        assert_eq!(length(172_900), "2 days, 1 min");
        assert_eq!(in_words(0), "0 minutes");
        assert_eq!(in_words(694_861), "1 week, 1 day, 1 hour, 1 minute");
        assert_eq!(hundredths(65_536), "1.00");
        assert_eq!(hundredths(32_768), "0.50");
    }
}
