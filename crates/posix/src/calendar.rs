//! calendar — days, months and clocks, and times as text by a format.
//!
//! Days of the proleptic Gregorian calendar, as POSIX counts seconds: without leap seconds. No clock is read here.
//!
//! Source: POSIX.1-2024 strftime(); GNU date for the flags `-_0^#`, widths, `%N`, `%:z` and `%q`.

pub const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment as a calendar and a clock at one place show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 0 is the first of January.
    pub yearday: u16,
    /// Seconds east of UTC.
    pub offset: i32,
    /// The zone's abbreviation: "CET".
    pub zone: String,
}

impl Civil {
    /// The calendar `offset` seconds east of UTC, at `seconds` since 1970.
    pub fn at(seconds: i64, offset: i32, zone: &str) -> Civil {
        let local = seconds.saturating_add(i64::from(offset));
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        Civil {
            year,
            month,
            day,
            hour: (rest / 3600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
            yearday: (days - days_to(year, 1, 1)) as u16,
            offset,
            zone: zone.to_string(),
        }
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        let days = days_to(self.year, i64::from(self.month), i64::from(self.day));
        clock_seconds(days, i64::from(self.hour), i64::from(self.minute), i64::from(self.second))
            - i64::from(self.offset)
    }

    fn hour12(&self) -> u8 {
        match self.hour % 12 {
            0 => 12,
            hour => hour,
        }
    }

    /// The year and number of the week by ISO 8601: weeks begin on Monday, and week 1 has the year's first Thursday.
    pub fn iso_week(&self) -> (i64, u8) {
        let monday_based = i64::from((self.weekday + 6) % 7);
        let thursday = i64::from(self.yearday) - monday_based + 3;
        if thursday < 0 {
            let days = thursday + if is_leap(self.year - 1) { 366 } else { 365 };
            return (self.year - 1, (days / 7 + 1) as u8);
        }
        if thursday >= if is_leap(self.year) { 366 } else { 365 } {
            return (self.year + 1, 1);
        }
        (self.year, (thursday / 7 + 1) as u8)
    }
}

/// Seconds since 1970 of a time of the day in UTC; parts beyond their usual range carry over.
pub fn clock_seconds(days: i64, hour: i64, minute: i64, second: i64) -> i64 {
    days.saturating_mul(86_400).saturating_add(hour * 3600 + minute * 60 + second)
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01; months and days beyond their range carry over (month 14 is February of the next year).
pub fn days_to(year: i64, month: i64, day: i64) -> i64 {
    // The year of this count begins in March, so that its last day is the leap day.
    let year = year.saturating_add((month - 1).div_euclid(12));
    let month = (month - 1).rem_euclid(12) + 1;
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era.saturating_mul(146_097).saturating_add(day_of_era - 719_468).saturating_add(day - 1)
}

/// Year, month and day of a count of days since 1970-01-01.
pub fn date_of(days: i64) -> (i64, u8, u8) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted + 2) / 5 + 1) as u8;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u8;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// What stands between `%` and the letter.
#[derive(Clone, Copy, Default)]
struct Flags {
    /// `-`, `_` or `0`; 0 for none.
    pad: u8,
    upper: bool,
    swap_case: bool,
    width: Option<usize>,
    colons: usize,
}

/// Appends `civil` as `format` says. A conversion that does not exist is copied.
pub fn strftime(format: &[u8], civil: &Civil, nanos: u32, out: &mut Vec<u8>) {
    let mut index = 0;
    while let Some(&byte) = format.get(index) {
        if byte != b'%' {
            out.push(byte);
            index += 1;
            continue;
        }
        let (flags, length) = flags(&format[index + 1..]);
        let end = index + 1 + length;
        match format.get(end) {
            Some(&letter) if convert(letter, flags, civil, nanos, out) => index = end + 1,
            _ => {
                let end = (end + 1).min(format.len());
                out.extend_from_slice(&format[index..end]);
                index = end;
            }
        }
    }
}

fn flags(text: &[u8]) -> (Flags, usize) {
    let mut flags = Flags::default();
    let mut index = 0;
    loop {
        match text.get(index) {
            Some(&flag @ (b'-' | b'_' | b'0')) if flags.width.is_none() => flags.pad = flag,
            Some(&digit @ b'0'..=b'9') => {
                let width = flags.width.unwrap_or(0).saturating_mul(10) + usize::from(digit - b'0');
                // Longer than any use; it must not exhaust memory.
                flags.width = Some(width.min(4096));
            }
            Some(b'^') => flags.upper = true,
            Some(b'#') => flags.swap_case = true,
            Some(b':') => flags.colons += 1,
            // Locales could print other numbers or eras for these; ours does not.
            Some(b'E' | b'O') if text.len() > index + 1 => {}
            _ => return (flags, index),
        }
        index += 1;
    }
}

fn convert(letter: u8, flags: Flags, civil: &Civil, nanos: u32, out: &mut Vec<u8>) -> bool {
    let mut nested = |format: &str| {
        let mut text = Vec::new();
        strftime(format.as_bytes(), civil, nanos, &mut text);
        put(&String::from_utf8_lossy(&text), flags, b' ', out);
    };
    match letter {
        b'c' => nested("%a %b %e %H:%M:%S %Y"),
        b'D' | b'x' => nested("%m/%d/%y"),
        b'F' => nested("%Y-%m-%d"),
        b'R' => nested("%H:%M"),
        b'r' => nested("%I:%M:%S %p"),
        b'T' | b'X' => nested("%H:%M:%S"),
        b'+' => nested("%a %b %e %H:%M:%S %Z %Y"),
        b'A' => put(DAYS[usize::from(civil.weekday)], flags, b' ', out),
        b'a' => put(&DAYS[usize::from(civil.weekday)][..3], flags, b' ', out),
        b'B' => put(MONTHS[usize::from(civil.month - 1)], flags, b' ', out),
        b'b' | b'h' => put(&MONTHS[usize::from(civil.month - 1)][..3], flags, b' ', out),
        b'p' => {
            let text = if civil.hour < 12 { "AM" } else { "PM" };
            if flags.swap_case {
                put(&text.to_lowercase(), Flags { swap_case: false, ..flags }, b' ', out)
            } else {
                put(text, flags, b' ', out)
            }
        }
        b'P' => put(if civil.hour < 12 { "am" } else { "pm" }, flags, b' ', out),
        b'Z' => {
            if flags.swap_case {
                put(&civil.zone.to_lowercase(), Flags { swap_case: false, ..flags }, b' ', out);
            } else {
                put(&civil.zone, flags, b' ', out);
            }
        }
        b'z' => return zone_offset(civil.offset, flags, out),
        b'N' => {
            let digits = format!("{nanos:09}");
            let shown = flags.width.unwrap_or(9);
            out.extend_from_slice(&digits.as_bytes()[..shown.min(9)]);
            out.resize(out.len() + shown.saturating_sub(9), b'0');
        }
        b'n' => out.push(b'\n'),
        b't' => out.push(b'\t'),
        b'%' => out.push(b'%'),
        _ => return convert_number(letter, flags, civil, out),
    }
    true
}

fn convert_number(letter: u8, flags: Flags, civil: &Civil, out: &mut Vec<u8>) -> bool {
    let sunday_week = (civil.yearday + 7 - u16::from(civil.weekday)) / 7;
    let monday_week = (civil.yearday + 7 - u16::from((civil.weekday + 6) % 7)) / 7;
    let (value, width, fill) = match letter {
        b'C' => (civil.year.div_euclid(100), 2, b'0'),
        b'd' => (i64::from(civil.day), 2, b'0'),
        b'e' => (i64::from(civil.day), 2, b' '),
        b'G' => (civil.iso_week().0, 4, b'0'),
        b'g' => (civil.iso_week().0.rem_euclid(100), 2, b'0'),
        b'H' => (i64::from(civil.hour), 2, b'0'),
        b'I' => (i64::from(civil.hour12()), 2, b'0'),
        b'j' => (i64::from(civil.yearday) + 1, 3, b'0'),
        b'k' => (i64::from(civil.hour), 2, b' '),
        b'l' => (i64::from(civil.hour12()), 2, b' '),
        b'M' => (i64::from(civil.minute), 2, b'0'),
        b'm' => (i64::from(civil.month), 2, b'0'),
        b'q' => (i64::from((civil.month - 1) / 3 + 1), 1, b'0'),
        b'S' => (i64::from(civil.second), 2, b'0'),
        b's' => (civil.seconds(), 1, b'0'),
        b'U' => (i64::from(sunday_week), 2, b'0'),
        b'u' => (i64::from((civil.weekday + 6) % 7 + 1), 1, b'0'),
        b'V' => (i64::from(civil.iso_week().1), 2, b'0'),
        b'W' => (i64::from(monday_week), 2, b'0'),
        b'w' => (i64::from(civil.weekday), 1, b'0'),
        b'Y' => (civil.year, 4, b'0'),
        b'y' => (civil.year.rem_euclid(100), 2, b'0'),
        _ => return false,
    };
    let width = if flags.pad == b'-' { 0 } else { flags.width.unwrap_or(width) };
    let fill = match flags.pad {
        b'_' => b' ',
        b'0' => b'0',
        _ => fill,
    };
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    let gap = width.saturating_sub(digits.len() + sign.len());
    if fill == b' ' {
        out.resize(out.len() + gap, b' ');
    }
    out.extend_from_slice(sign.as_bytes());
    if fill == b'0' {
        out.resize(out.len() + gap, b'0');
    }
    out.extend_from_slice(digits.as_bytes());
    true
}

fn put(text: &str, flags: Flags, fill: u8, out: &mut Vec<u8>) {
    let fill = if flags.pad == b'0' { b'0' } else { fill };
    out.resize(out.len() + flags.width.unwrap_or(0).saturating_sub(text.len()), fill);
    if flags.upper || flags.swap_case {
        out.extend_from_slice(text.to_ascii_uppercase().as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// `%z` +0530, `%:z` +05:30, `%::z` +05:30:00, `%:::z` as short as it can be.
fn zone_offset(offset: i32, flags: Flags, out: &mut Vec<u8>) -> bool {
    let sign = if offset < 0 { '-' } else { '+' };
    let offset = offset.unsigned_abs();
    let (hours, minutes, seconds) = (offset / 3600, offset / 60 % 60, offset % 60);
    let text = match flags.colons {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        1 => format!("{sign}{hours:02}:{minutes:02}"),
        3 if minutes == 0 && seconds == 0 => format!("{sign}{hours:02}"),
        3 if seconds == 0 => format!("{sign}{hours:02}:{minutes:02}"),
        2 | 3 => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
        _ => return false,
    };
    out.extend_from_slice(text.as_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (-719_528, (0, 1, 1)),
            (2_932_896, (9999, 12, 31)),
        ] {
            assert_eq!(date_of(days), date);
            assert_eq!(days_to(date.0, i64::from(date.1), i64::from(date.2)), days);
        }
        for days in (-800_000..800_000).step_by(37) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_to(year, i64::from(month), i64::from(day)), days);
            assert!((1..=days_in_month(year, month)).contains(&day));
        }
        assert_eq!(days_to(2023, 14, 30), days_to(2024, 3, 1));
    }

    #[test]
    fn weeks_by_iso_8601() {
        for (year, month, day, expected) in [
            (2024, 12, 30, (2025, 1)),
            (2021, 1, 3, (2020, 53)),
            (2020, 12, 31, (2020, 53)),
            (2023, 1, 1, (2022, 52)),
            (2024, 1, 1, (2024, 1)),
        ] {
            let civil = Civil::at(clock_seconds(days_to(year, month, day), 12, 0, 0), 0, "UTC");
            assert_eq!(civil.iso_week(), expected, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn formats() {
        let civil = Civil::at(1_709_528_399, 19_800, "IST");
        for (format, expected) in [
            ("%F %T", "2024-03-04 10:29:59"),
            ("%c|%x|%X|%r|%R|%D", "Mon Mar  4 10:29:59 2024|03/04/24|10:29:59|10:29:59 AM|10:29|03/04/24"),
            ("%A %a %B %b %h %p %P", "Monday Mon March Mar Mar AM am"),
            ("%C %y %G-W%V-%u %g %U %W %w %j %q", "20 24 2024-W10-1 24 09 10 1 064 1"),
            ("%e|%k|%l|%I|%s", " 4|10|10|10|1709528399"),
            ("%z %:z %::z %:::z %Z", "+0530 +05:30 +05:30:00 +05:30 IST"),
            ("%N %3N %-d %_d %05d %^a %#Z %#p %10A", "000000007 000 4  4 00004 MON ist am     Monday"),
            ("%%%n%t%Q%", "%\n\t%Q%"),
            ("%Ey %Od", "24 04"),
            ("%", "%"),
            ("%5", "%5"),
        ] {
            let mut out = Vec::new();
            strftime(format.as_bytes(), &civil, 7, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{format}");
        }
    }
}
