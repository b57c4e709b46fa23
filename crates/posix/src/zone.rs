//! zone — local time: the rules of `TZ` strings and of compiled zone files.
//!
//! Reads `TZ`, /etc/localtime and /usr/share/zoneinfo, as the C library would.
//!
//! Source: POSIX.1-2024 XBD 8.3 (TZ); RFC 9636 (TZif).

use std::fs;
use std::path::{Path, PathBuf};

use crate::calendar::{self, Civil};

/// Where the files of zones are looked for.
const FOLDERS: &[&str] = &["/usr/share/zoneinfo", "/share/zoneinfo", "/etc/zoneinfo"];
/// Real ones have under 4 KB.
const FILE_SIZE_MAX: u64 = 1 << 20;

/// One kind of local time: an offset with its abbreviation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    /// Seconds east of UTC.
    offset: i32,
    name: String,
}

/// When in a year a rule changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// 1 to 365, without counting 29 February.
    Julian(i64),
    /// 0 to 365.
    Number(i64),
    /// Month, week (5 is the last), weekday.
    Month(i64, i64, i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    /// Seconds after the local midnight.
    time: i64,
}

/// A `TZ` string: standard time, and daylight saving time with its begin and end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    standard: Kind,
    saving: Option<(Kind, Change, Change)>,
}

/// The rules of the local time at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// When each kind begins, in seconds since 1970, and its index.
    transitions: Vec<(i64, u8)>,
    kinds: Vec<Kind>,
    /// What holds behind the last transition.
    rule: Option<Rule>,
}

impl Zone {
    pub fn utc() -> Zone {
        Zone::fixed(0, "UTC")
    }

    /// A zone without any change.
    pub fn fixed(offset: i32, name: &str) -> Zone {
        let standard = Kind { offset, name: name.to_string() };
        Zone { transitions: Vec::new(), kinds: Vec::new(), rule: Some(Rule { standard, saving: None }) }
    }

    /// The zone of this process: `TZ`, or /etc/localtime where that is not set. What cannot be read is UTC.
    pub fn local() -> Zone {
        match std::env::var("TZ") {
            Ok(name) => Zone::named(&name).unwrap_or_else(Zone::utc),
            Err(_) => Zone::file(Path::new("/etc/localtime")).unwrap_or_else(Zone::utc),
        }
    }

    /// The zone that a value of `TZ` means: a rule ("CET-1CEST,M3.5.0,M10.5.0/3") or a file ("Europe/Berlin").
    pub fn named(name: &str) -> Option<Zone> {
        if name.is_empty() {
            return Some(Zone::utc());
        }
        if !name.starts_with(':')
            && let Some(rule) = Rule::parse(name)
        {
            return Some(Zone { transitions: Vec::new(), kinds: Vec::new(), rule: Some(rule) });
        }
        let name = name.strip_prefix(':').unwrap_or(name);
        if name.starts_with('/') {
            return Zone::file(Path::new(name));
        }
        if name.split('/').any(|part| part == "..") {
            return None;
        }
        FOLDERS.iter().find_map(|folder| Zone::file(&PathBuf::from(folder).join(name)))
    }

    fn file(path: &Path) -> Option<Zone> {
        let metadata = fs::metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() > FILE_SIZE_MAX {
            return None;
        }
        Zone::parse(&fs::read(path).ok()?)
    }

    /// Reads the bytes of a TZif file. None: it is none, or it is damaged.
    pub fn parse(bytes: &[u8]) -> Option<Zone> {
        let (first, rest) = Block::split(bytes, 4)?;
        if first.version == 0 {
            return first.zone(None);
        }
        // The block of 4 byte times is there for old readers only, and may be empty.
        let (second, footer) = Block::split(rest, 8)?;
        let footer = footer.strip_prefix(b"\n")?;
        let end = footer.iter().position(|&byte| byte == b'\n')?;
        second.zone(std::str::from_utf8(&footer[..end]).ok().and_then(Rule::parse))
    }

    /// The calendar of this zone at `seconds` since 1970.
    pub fn civil(&self, seconds: i64) -> Civil {
        let kind = self.kind(seconds);
        Civil::at(seconds, kind.offset, &kind.name)
    }

    /// Seconds east of UTC at that time.
    pub fn offset(&self, seconds: i64) -> i32 {
        self.kind(seconds).offset
    }

    /// The moment at which clocks here show what clocks at UTC show at `local`. Of a time that exists twice the first
    /// is taken; one that is skipped is moved behind the gap.
    pub fn seconds(&self, local: i64) -> i64 {
        let before = i64::from(self.offset(local.saturating_sub(86_400)));
        let after = i64::from(self.offset(local.saturating_add(86_400)));
        for offset in [before, after] {
            if i64::from(self.offset(local - offset)) == offset {
                return local - offset;
            }
        }
        local - before
    }

    fn kind(&self, seconds: i64) -> &Kind {
        static UTC: Kind = Kind { offset: 0, name: String::new() };
        let behind = self.transitions.partition_point(|&(begin, _)| begin <= seconds);
        if behind == self.transitions.len()
            && let Some(rule) = &self.rule
        {
            return rule.kind(seconds);
        }
        let index = match behind {
            0 => 0,
            behind => usize::from(self.transitions[behind - 1].1),
        };
        self.kinds.get(index).unwrap_or(&UTC)
    }
}

impl Rule {
    fn parse(text: &str) -> Option<Rule> {
        let mut text = text.as_bytes();
        let name = take_name(&mut text)?;
        let standard = Kind { offset: -i32::try_from(take_time(&mut text)?).ok()?, name };
        if text.is_empty() {
            return Some(Rule { standard, saving: None });
        }
        let name = take_name(&mut text)?;
        let mut offset = standard.offset + 3600;
        if text.first().is_some_and(|&byte| byte != b',') {
            offset = -i32::try_from(take_time(&mut text)?).ok()?;
        }
        if text.is_empty() {
            // No rule given: that of the United States, as everywhere.
            text = b",M3.2.0,M11.1.0";
        }
        let begin = take_change(&mut text)?;
        let end = take_change(&mut text)?;
        text.is_empty().then_some(Rule { standard, saving: Some((Kind { offset, name }, begin, end)) })
    }

    fn kind(&self, seconds: i64) -> &Kind {
        let Some((saving, begin, end)) = &self.saving else { return &self.standard };
        let year = Civil::at(seconds, self.standard.offset, "").year;
        let begin = begin.seconds(year) - i64::from(self.standard.offset);
        let end = end.seconds(year) - i64::from(saving.offset);
        let saves =
            if begin < end { (begin..end).contains(&seconds) } else { !(end..begin).contains(&seconds) };
        if saves { saving } else { &self.standard }
    }
}

impl Change {
    /// Local seconds since 1970 of the change in that year.
    fn seconds(&self, year: i64) -> i64 {
        let days = match self.day {
            Day::Number(day) => calendar::days_to(year, 1, 1) + day,
            Day::Julian(day) => {
                calendar::days_to(year, 1, 1) + day - 1 + i64::from(calendar::is_leap(year) && day >= 60)
            }
            Day::Month(month, week, weekday) => {
                let first = calendar::days_to(year, month, 1);
                let gap = (weekday - (first + 4)).rem_euclid(7);
                let day = gap + 7 * (week - 1);
                let length = i64::from(calendar::days_in_month(year, month as u8));
                first + if day >= length { day - 7 } else { day }
            }
        };
        days * 86_400 + self.time
    }
}

fn take_name(text: &mut &[u8]) -> Option<String> {
    let (name, rest) = if text.first() == Some(&b'<') {
        let end = text.iter().position(|&byte| byte == b'>')?;
        (&text[1..end], &text[end + 1..])
    } else {
        let end = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        text.split_at(end)
    };
    *text = rest;
    let fits = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'));
    (name.len() >= 3 && fits).then(|| String::from_utf8_lossy(name).into_owned())
}

/// `[+-]hh[:mm[:ss]]` in seconds.
fn take_time(text: &mut &[u8]) -> Option<i64> {
    let sign = match text.first() {
        Some(b'-') => -1,
        _ => 1,
    };
    if let Some(b'+' | b'-') = text.first() {
        *text = &text[1..];
    }
    let mut seconds = take_number(text, 167)? * 3600;
    for unit in [60, 1] {
        if text.first() != Some(&b':') {
            break;
        }
        *text = &text[1..];
        seconds += take_number(text, 59)? * unit;
    }
    Some(sign * seconds)
}

fn take_number(text: &mut &[u8], max: i64) -> Option<i64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    *text = &text[digits..];
    (number <= max).then_some(number)
}

fn take_change(text: &mut &[u8]) -> Option<Change> {
    *text = text.strip_prefix(b",")?;
    let day = match text.first()? {
        b'J' => {
            *text = &text[1..];
            Day::Julian(take_number(text, 365).filter(|&day| day >= 1)?)
        }
        b'M' => {
            *text = &text[1..];
            let month = take_number(text, 12).filter(|&month| month >= 1)?;
            *text = text.strip_prefix(b".")?;
            let week = take_number(text, 5).filter(|&week| week >= 1)?;
            *text = text.strip_prefix(b".")?;
            Day::Month(month, week, take_number(text, 6)?)
        }
        _ => Day::Number(take_number(text, 365)?),
    };
    let mut time = 7200;
    if text.first() == Some(&b'/') {
        *text = &text[1..];
        time = take_time(text)?;
    }
    Some(Change { day, time })
}

/// A header of a TZif file with the tables behind it.
struct Block<'a> {
    version: u8,
    /// Bytes of a time: 4 in the first block, 8 in the second.
    time_size: usize,
    times: &'a [u8],
    indexes: &'a [u8],
    types: &'a [u8],
    names: &'a [u8],
}

const HEADER_SIZE: usize = 44;

impl<'a> Block<'a> {
    /// The block at the begin of `bytes`, and what is behind it.
    fn split(bytes: &'a [u8], time_size: usize) -> Option<(Block<'a>, &'a [u8])> {
        let header = bytes.get(..HEADER_SIZE)?;
        if !header.starts_with(b"TZif") {
            return None;
        }
        let version = header[4];
        let count = |index: usize| -> Option<usize> {
            let start = 20 + 4 * index;
            usize::try_from(u32::from_be_bytes(header.get(start..start + 4)?.try_into().ok()?)).ok()
        };
        let (ut, standard, leap) = (count(0)?, count(1)?, count(2)?);
        let (times, types, names) = (count(3)?, count(4)?, count(5)?);
        let mut rest = &bytes[HEADER_SIZE..];
        let mut take = |size: Option<usize>| -> Option<&'a [u8]> {
            let (taken, behind) = rest.split_at_checked(size?)?;
            rest = behind;
            Some(taken)
        };
        let block = Block {
            version,
            time_size,
            times: take(times.checked_mul(time_size))?,
            indexes: take(Some(times))?,
            types: take(types.checked_mul(6))?,
            names: take(Some(names))?,
        };
        take(leap.checked_mul(time_size + 4))?;
        take(Some(standard))?;
        take(Some(ut))?;
        Some((block, rest))
    }

    fn zone(&self, rule: Option<Rule>) -> Option<Zone> {
        let mut kinds = Vec::new();
        for entry in self.types.chunks_exact(6) {
            let offset = i32::from_be_bytes(entry[..4].try_into().ok()?);
            let name = self.names.get(usize::from(entry[5])..)?;
            let end = name.iter().position(|&byte| byte == 0)?;
            if offset.unsigned_abs() > 26 * 3600 {
                return None;
            }
            kinds.push(Kind { offset, name: String::from_utf8_lossy(&name[..end]).into_owned() });
        }
        let mut transitions = Vec::new();
        for (time, &index) in self.times.chunks_exact(self.time_size).zip(self.indexes) {
            let seconds = match time.try_into() {
                Ok(bytes) => i64::from_be_bytes(bytes),
                Err(_) => i64::from(i32::from_be_bytes(time.try_into().ok()?)),
            };
            if usize::from(index) >= kinds.len() {
                return None;
            }
            transitions.push((seconds, index));
        }
        let sorted = transitions.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (sorted && !kinds.is_empty()).then_some(Zone { transitions, kinds, rule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &Zone, seconds: i64) -> String {
        let mut out = Vec::new();
        calendar::strftime(b"%F %T %z %Z", &zone.civil(seconds), 0, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn rules_of_the_standard() {
        for (rule, seconds, expected) in [
            ("UTC0", 0, "1970-01-01 00:00:00 +0000 UTC"),
            ("EST5", 0, "1969-12-31 19:00:00 -0500 EST"),
            ("<+0330>-3:30", 0, "1970-01-01 03:30:00 +0330 +0330"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_799, "2024-03-31 01:59:59 +0100 CET"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_800, "2024-03-31 03:00:00 +0200 CEST"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_799, "2024-10-27 02:59:59 +0200 CEST"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_800, "2024-10-27 02:00:00 +0100 CET"),
            ("EST5EDT", 1_720_000_000, "2024-07-03 05:46:40 -0400 EDT"),
            ("NZST-12NZDT,M9.5.0,M4.1.0/3", 1_704_067_200, "2024-01-01 13:00:00 +1300 NZDT"),
            ("AAA0BBB,J60,J61", 1_709_258_400, "2024-03-01 03:00:00 +0100 BBB"),
            ("AAA0BBB,59/0,60/0", 1_709_164_800, "2024-02-29 01:00:00 +0100 BBB"),
        ] {
            assert_eq!(shown(&Zone::named(rule).unwrap(), seconds), expected, "{rule}");
        }
        for bad in ["XY0", "EST5EDT,M13.1.0,M1.1.0", "CET-1CEST,M3.5.0", "A/../B", "Nowhere/Town"] {
            assert_eq!(Zone::named(bad), None, "{bad}");
        }
    }

    #[test]
    fn clocks_back_to_seconds() {
        let zone = Zone::named("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let local = |month, day, hour, minute| {
            calendar::clock_seconds(calendar::days_to(2024, month, day), hour, minute, 0)
        };
        assert_eq!(zone.seconds(local(7, 1, 12, 0)), local(7, 1, 10, 0));
        assert_eq!(zone.seconds(local(1, 1, 12, 0)), local(1, 1, 11, 0));
        // 02:30 is skipped in spring, and exists twice in autumn.
        assert_eq!(zone.seconds(local(3, 31, 2, 30)), local(3, 31, 1, 30));
        assert_eq!(zone.seconds(local(10, 27, 2, 30)), local(10, 27, 0, 30));
    }

    /// A file with one transition, at 1000 s, from AA (+0) to BBB (+1 h), then the rule of its footer.
    fn file() -> Vec<u8> {
        let header = |times: u32, types: u32, names: u32| {
            let mut bytes = b"TZif2".to_vec();
            bytes.extend([0; 15]);
            for count in [0, 0, 0, times, types, names] {
                bytes.extend(count.to_be_bytes());
            }
            bytes
        };
        let mut bytes = header(0, 1, 4);
        bytes.extend([0; 6]);
        bytes.extend(b"XXX\0");
        bytes.extend(header(1, 2, 8));
        bytes.extend(1000_i64.to_be_bytes());
        bytes.push(1);
        bytes.extend([0, 0, 0, 0, 0, 0]);
        bytes.extend(3600_i32.to_be_bytes());
        bytes.extend([1, 4]);
        bytes.extend(b"AAA\0BBB\0");
        bytes.extend(b"\nBBB-1\n");
        bytes
    }

    #[test]
    fn reads_compiled_files() {
        let zone = Zone::parse(&file()).unwrap();
        assert_eq!(shown(&zone, 999), "1970-01-01 00:16:39 +0000 AAA");
        assert_eq!(shown(&zone, 1000), "1970-01-01 01:16:40 +0100 BBB");
        assert_eq!(shown(&zone, 1_709_258_400), "2024-03-01 03:00:00 +0100 BBB");
    }

    #[test]
    fn damaged_files_are_refused() {
        let bytes = file();
        for length in 0..bytes.len() - 1 {
            assert_eq!(Zone::parse(&bytes[..length]), None, "cut at {length}");
        }
        for index in 0..bytes.len() {
            // Any answer will do, as long as there is one.
            let mut bytes = bytes.clone();
            bytes[index] ^= 0xff;
            if let Some(zone) = Zone::parse(&bytes) {
                zone.civil(5000);
            }
        }
    }
}
