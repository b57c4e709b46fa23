//! hwclock and rtcwake — the clock that runs while the machine is off.
//!
//! Source: BusyBox 1.37; hwclock(8) of util-linux for /etc/adjtime.

use std::fs::{self, File, OpenOptions};
use std::time::Duration;

use posix::calendar::{Civil, clock_seconds, days_to};
use posix::zone::Zone;
use sys::rtc::{self, Date};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "hwclock",
        links: &["/sbin/hwclock"],
        usage: "\
hwclock [-ul] [-f DEVICE] [-r|-s|-w|--systz|--param-get P|--param-set P=V]

Print or set the hardware clock (RTC).

  -r, --show          Print its time
  -s, --hctosys       Set the system's time from it
  -w, --systohc       Set it from the system's time
  -t, --systz         Tell the kernel the time zone, and correct the system's time
                      if the clock is in local time
  -f, --rtc=DEVICE    Use DEVICE
  -u, --utc           The clock is in UTC
  -l, --localtime     The clock is in local time (if neither: as /etc/adjtime says)
  --param-get=P       Print a parameter
  --param-set=P=V     Set a parameter
",
        process: Process::New,
        run: hwclock,
    },
    Applet {
        name: "rtcwake",
        links: &["/usr/sbin/rtcwake"],
        usage: "\
rtcwake [-alu] [-d DEVICE] [-m MODE] [-s SECONDS | -t TIME]

Sleep until the hardware clock wakes the machine.

  -a, --auto            Whether the clock is in UTC stands in /etc/adjtime (default)
  -l, --local           The clock is in local time
  -u, --utc             The clock is in UTC
  -d, --device=DEVICE   Use DEVICE
  -m, --mode=MODE       standby (default), mem, disk, on (wait awake), no (only set the alarm)
  -s, --seconds=N       In N seconds
  -t, --time=TIME       At TIME (seconds since 1970)
",
        process: Process::New,
        run: rtcwake,
    },
];

/// The names of the kernel's RTC_PARAM numbers.
const PARAMETERS: [&str; 3] = ["features", "correction", "bsm"];

fn open(given: Option<&OsStr>, write: bool) -> Result<File> {
    let open = |path: &Path| OpenOptions::new().read(true).write(write).open(path);
    if let Some(path) = given {
        return open(Path::new(path)).map_err(|error| cant_open(Path::new(path), error));
    }
    for path in ["/dev/rtc", "/dev/rtc0", "/dev/misc/rtc"] {
        match open(Path::new(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result.map_err(|error| cant_open(Path::new(path), error)),
        }
    }
    Err(Error::message("can't find a hardware clock in /dev"))
}

#[cold]
fn cant_open(path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't open '{}'", path.display()), error)
}

/// What the clock's dates are in.
fn zone(options: &Options) -> Zone {
    let is_local = match options.last_of("ul") {
        Some(letter) => letter == 'l',
        // The third line of the file says UTC or LOCAL.
        None => fs::read_to_string("/etc/adjtime").is_ok_and(|text| text.lines().nth(2) == Some("LOCAL")),
    };
    if is_local { Zone::local() } else { Zone::utc() }
}

fn seconds_of(date: Date, zone: &Zone) -> i64 {
    let [year, month, day, hour, minute, second] = date.map(i64::from);
    zone.seconds(clock_seconds(days_to(year, month, day), hour, minute, second))
}

fn date_of(seconds: i64, zone: &Zone) -> Date {
    let Civil { year, month, day, hour, minute, second, .. } = zone.civil(seconds);
    [year as i32, month.into(), day.into(), hour.into(), minute.into(), second.into()]
}

fn hwclock(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let device = options.value('f');
    let long =
        |name: &str| options.value_long(name).flatten().map(|value| value.to_string_lossy().into_owned());
    if let Some(name) = long("param-get") {
        let number = parameter(&name)?;
        let value = rtc::parameter(&open(device, false)?, number).doing("RTC_PARAM_GET")?;
        writeln!(cx.out, "The RTC parameter {number:#x} is set to {value:#x}.");
        return Ok(());
    }
    if let Some(text) = long("param-set") {
        let (name, value) = text.split_once('=').ok_or_else(|| Error::usage("expected PARAM=VALUE"))?;
        let value = number(value)?;
        return rtc::set_parameter(&open(device, true)?, parameter(name)?, value).doing("RTC_PARAM_SET");
    }
    let zone = zone(&options);
    match options.last_of("rswt") {
        Some('s') => {
            let seconds = seconds_of(rtc::read(&open(device, false)?).doing("RTC_RD_TIME")?, &zone);
            sys::clock::set(seconds, 0).doing("settimeofday")?;
            let _ = set_kernel_zone(&Zone::local());
            Ok(())
        }
        Some('w') => {
            let clock = open(device, true)?;
            // The clock starts a second half a second after it is set.
            let (seconds, nanos) = sys::clock::now();
            let to_half = (1_500_000_000 - u64::from(nanos)) % 1_000_000_000;
            sys::clock::sleep(Duration::from_nanos(to_half));
            let seconds = seconds + i64::from(nanos >= 500_000_000);
            rtc::set(&clock, date_of(seconds, &zone)).doing("RTC_SET_TIME")
        }
        Some('t') => set_kernel_zone(&Zone::local()).doing("settimeofday"),
        _ => {
            let clock = open(device, false)?;
            // The clock tells whole seconds: when one begins, the time is known exactly.
            let mut date = rtc::read(&clock).doing("RTC_RD_TIME")?;
            for _ in 0..1100 {
                let next = rtc::read(&clock).doing("RTC_RD_TIME")?;
                if next != date {
                    date = next;
                    break;
                }
                sys::clock::sleep(Duration::from_millis(1));
            }
            let seconds = seconds_of(date, &zone);
            let mut text = Vec::new();
            posix::calendar::strftime(b"%a %b %e %H:%M:%S %Y", &Zone::local().civil(seconds), 0, &mut text);
            cx.out.write(&text);
            cx.out.write(b"  0.000000 seconds\n");
            Ok(())
        }
    }
}

fn set_kernel_zone(zone: &Zone) -> io::Result<()> {
    rtc::set_zone(-zone.offset(sys::clock::now().0) / 60)
}

fn parameter(name: &str) -> Result<u64> {
    match PARAMETERS.iter().position(|known| *known == name) {
        Some(index) => Ok(index as u64),
        None => number(name),
    }
}

/// Decimal or hexadecimal.
fn number(text: &str) -> Result<u64> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    parsed.ok_or_else(|| Error::message(format_args!("invalid number '{text}'")))
}

fn rtcwake(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let (wait, at) = (options.number('s')?, options.number('t')?);
    if wait.is_none() && at.is_none_or(|time| time == 0) {
        return Err(Error::usage("needs -s or -t"));
    }
    let mode = options.text('m')?.unwrap_or("standby");
    let zone = zone(&options);
    let clock = match options.value('d') {
        Some(name) if !name.as_bytes().starts_with(b"/") => {
            open(Some(Path::new("/dev").join(name).as_os_str()), true)?
        }
        given => open(given, true)?,
    };
    let now = seconds_of(rtc::read(&clock).doing("RTC_RD_TIME")?, &zone);
    // The two clocks may differ: what counts is how long it is until then by the system's.
    let difference = now - sys::clock::now().0;
    let wake = match (wait, at) {
        (Some(seconds), _) => now + seconds as i64 + 1,
        (None, Some(time)) => time as i64 + difference,
        _ => now,
    };
    if wake <= now {
        return Err(Error::message("the time is over already"));
    }
    rtc::set_alarm(&clock, date_of(wake, &zone)).doing("RTC_WKALM_SET")?;
    let mut text = Vec::new();
    posix::calendar::strftime(b"%a %b %e %H:%M:%S %Y", &Zone::local().civil(wake - difference), 0, &mut text);
    writeln!(cx.out, "wakeup from \"{mode}\" at {}", String::from_utf8_lossy(&text));
    cx.out.flush();
    match mode {
        "no" => return Ok(()),
        "on" => {
            while rtc::has_alarm(&clock).doing("RTC_WKALM_RD")? && sys::clock::now().0 <= wake - difference {
                sys::clock::sleep(Duration::from_millis(500));
            }
        }
        mode => {
            let path = "/sys/power/state";
            fs::write(path, mode).at(path)?;
        }
    }
    rtc::enable_alarm(&clock, false).doing("RTC_AIE_OFF")
}
