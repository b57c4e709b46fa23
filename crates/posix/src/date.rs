//! date — times as people write them: "2024-02-29 12:00", "yesterday", "next friday 10am", "@86400", "3 days ago".
//!
//! *Source:* BusyBox 1.37 `date` for the forms of digits; the manual of GNU coreutils, "Date input formats".
//!
//! *Differs:* "+2 hours" behind a time is relative, not a zone.

use crate::calendar::{self, Civil};
use crate::zone::Zone;

/// A moment: seconds since 1970, and nanoseconds on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment {
    pub seconds: i64,
    pub nanos: u32,
}

/// The moment that `text` means to somebody in `zone` at `now`. None: it is not understood, or does not exist.
pub fn parse(text: &str, now: Moment, zone: &Zone) -> Option<Moment> {
    if let Some(rest) = text.strip_prefix("TZ=\"") {
        let (name, rest) = rest.split_once('"')?;
        return parse(rest.trim_start(), now, &Zone::named(name)?);
    }
    if let Some(count) = text.trim().strip_prefix('@') {
        return seconds(count);
    }
    if text.trim().is_empty() {
        return None;
    }
    let today = zone.civil(now.seconds);
    if let Some(civil) = digits(text, &today).or_else(|| dotted(text, &today)) {
        return Some(Moment { seconds: zone.seconds(civil.seconds()), nanos: 0 });
    }
    Parser::new(text, now, today).parse(zone)
}

/// The operand of `date` that sets the clock: MMDDhhmm[[YY]YY][.ss].
pub fn parse_operand(text: &str, now: Moment, zone: &Zone) -> Option<Moment> {
    let (clock, second) = split_second(text)?;
    let mut civil = Civil { second, offset: 0, ..zone.civil(now.seconds) };
    let pairs = pairs(clock)?;
    let [month, day, hour, minute, year @ ..] = &pairs[..] else { return None };
    (civil.month, civil.day, civil.hour, civil.minute) = (*month, *day, *hour, *minute);
    civil.year = match year {
        [] => civil.year,
        [year] => century(i64::from(*year)),
        [century, year] => i64::from(*century) * 100 + i64::from(*year),
        _ => return None,
    };
    exists(&civil).then(|| Moment { seconds: zone.seconds(civil.seconds()), nanos: 0 })
}

/// "SECONDS[.FRACTION]", with a sign.
fn seconds(text: &str) -> Option<Moment> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let whole_seconds: i64 = whole.parse().ok()?;
    let nanos = nanos(fraction)?;
    if whole.starts_with('-') && nanos > 0 {
        return Some(Moment { seconds: whole_seconds.checked_sub(1)?, nanos: 1_000_000_000 - nanos });
    }
    Some(Moment { seconds: whole_seconds, nanos })
}

/// The digits behind a decimal point as nanoseconds; more than nine are cut.
fn nanos(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}")[..9].parse().ok()
}

/// [[[[[YY]YY]MM]DD]hh]mm[.ss]; what is not given on the left is as today, an hour that is not given is 0.
fn digits(text: &str, today: &Civil) -> Option<Civil> {
    let (clock, second) = split_second(text)?;
    let pairs = pairs(clock)?;
    let mut civil = Civil { second, offset: 0, hour: 0, ..today.clone() };
    let (date, clock) = pairs.split_at(pairs.len().saturating_sub(2));
    match clock {
        [minute] => civil.minute = *minute,
        [hour, minute] => (civil.hour, civil.minute) = (*hour, *minute),
        _ => return None,
    }
    match date {
        [] => {}
        [day] => civil.day = *day,
        [month, day] => (civil.month, civil.day) = (*month, *day),
        [year, month, day] => {
            (civil.year, civil.month, civil.day) = (century(i64::from(*year)), *month, *day);
        }
        [century, year, month, day] => {
            civil.year = i64::from(*century) * 100 + i64::from(*year);
            (civil.month, civil.day) = (*month, *day);
        }
        _ => return None,
    }
    exists(&civil).then_some(civil)
}

fn split_second(text: &str) -> Option<(&str, u8)> {
    match text.split_once('.') {
        None => Some((text, 0)),
        Some((clock, second)) if second.len() == 2 => Some((clock, *pairs(second)?.first()?)),
        Some(_) => None,
    }
}

fn pairs(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() % 2 == 1 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') * 10 + pair[1] - b'0').collect())
}

/// A year of two digits lies from 1969 to 2068.
fn century(year: i64) -> i64 {
    if year < 69 { year + 2000 } else { year + 1900 }
}

fn exists(civil: &Civil) -> bool {
    (1..=12).contains(&civil.month)
        && (1..=calendar::days_in_month(civil.year, civil.month)).contains(&civil.day)
        && civil.hour < 24
        && civil.minute < 60
        && civil.second <= 60
}

/// [YYYY.]MM.DD-hh:mm[:ss]
fn dotted(text: &str, today: &Civil) -> Option<Civil> {
    let (date, clock) = text.split_once('-')?;
    let date: Vec<&str> = date.split('.').collect();
    let (year, month, day) = match date[..] {
        [month, day] => (today.year, month, day),
        [year, month, day] => (year.parse().ok()?, month, day),
        _ => return None,
    };
    let clock: Vec<&str> = clock.split(':').collect();
    let (hour, minute, second) = match clock[..] {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let civil = Civil {
        year,
        month: month.parse().ok()?,
        day: day.parse().ok()?,
        hour: hour.parse().ok()?,
        minute: minute.parse().ok()?,
        second: second.parse().ok()?,
        offset: 0,
        ..today.clone()
    };
    exists(&civil).then_some(civil)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    Days(i64),
    Seconds(i64),
}

fn unit(word: &str) -> Option<Unit> {
    let singular = word.strip_suffix('s').filter(|rest| rest.len() > 1).unwrap_or(word);
    Some(match singular {
        "year" => Unit::Year,
        "month" => Unit::Month,
        "fortnight" => Unit::Days(14),
        "week" => Unit::Days(7),
        "day" => Unit::Days(1),
        "hour" => Unit::Seconds(3600),
        "minute" | "min" => Unit::Seconds(60),
        "second" | "sec" => Unit::Seconds(1),
        _ => return None,
    })
}

fn ordinal(word: &str) -> Option<i64> {
    const WORDS: &[&str] = &[
        "last", "this", "next", "", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth", "eleventh", "twelfth",
    ];
    match word {
        "first" => Some(1),
        _ => WORDS.iter().position(|known| *known == word).map(|index| index as i64 - 1),
    }
}

/// The index of the name, which may be cut to three letters or more.
fn name(names: &[&str], word: &str) -> Option<usize> {
    let fits = |name: &&str| {
        word.len() >= 3 && name.len() >= word.len() && name[..word.len()].eq_ignore_ascii_case(word)
    };
    names.iter().position(fits)
}

/// Seconds east of UTC of a zone's name.
fn named_offset(word: &str) -> Option<i32> {
    let hours = match word {
        "z" | "utc" | "ut" | "gmt" | "wet" => 0,
        "bst" | "west" | "cet" | "met" => 1,
        "cest" | "mest" | "eet" | "sast" => 2,
        "eest" | "msk" => 3,
        "jst" => 9,
        "nzst" => 12,
        "nzdt" => 13,
        "edt" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" | "akdt" => -8,
        "akst" => -9,
        "hst" => -10,
        _ => return None,
    };
    Some(hours * 3600)
}

/// Which item was read last: a sign behind a time begins a zone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Time,
    Zone,
    Other,
}

struct Parser<'a> {
    rest: &'a str,
    now: Moment,
    today: Civil,
    date: Option<(i64, u8, u8)>,
    /// Whether the date came with its year.
    year_given: bool,
    clock: Option<(u8, u8, u8, u32)>,
    offset: Option<i32>,
    weekday: Option<(i64, i64)>,
    relative: bool,
    years: i64,
    months: i64,
    days: i64,
    seconds: i64,
    last: Last,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, now: Moment, today: Civil) -> Parser<'a> {
        Parser {
            rest: text,
            now,
            today,
            date: None,
            year_given: false,
            clock: None,
            offset: None,
            weekday: None,
            relative: false,
            years: 0,
            months: 0,
            days: 0,
            seconds: 0,
            last: Last::Other,
        }
    }

    fn parse(mut self, zone: &Zone) -> Option<Moment> {
        loop {
            self.skip_blanks();
            match self.rest.as_bytes().first() {
                None => return self.finish(zone),
                Some(b'0'..=b'9') => self.number()?,
                Some(b'+' | b'-') => self.signed()?,
                Some(byte) if byte.is_ascii_alphabetic() => self.word()?,
                _ => return None,
            }
        }
    }

    fn finish(self, zone: &Zone) -> Option<Moment> {
        let (year, month, day) = self.date.unwrap_or((self.today.year, self.today.month, self.today.day));
        if !(1..=12).contains(&month) || !(1..=calendar::days_in_month(year, month)).contains(&day) {
            return None;
        }
        let (hour, minute, second, nanos) = match self.clock {
            Some(clock) => clock,
            None if self.date.is_some() || self.weekday.is_some() => (0, 0, 0, 0),
            None if !self.relative => (0, 0, 0, 0),
            None => (self.today.hour, self.today.minute, self.today.second, self.now.nanos),
        };
        let mut days = calendar::days_to(
            year.checked_add(self.years)?,
            i64::from(month).checked_add(self.months)?,
            i64::from(day),
        )
        .checked_add(self.days)?;
        if let (Some((count, weekday)), None) = (self.weekday, self.date) {
            let today = i64::from(self.today.weekday);
            let ahead = (weekday - today).rem_euclid(7);
            days = days.checked_add(ahead + 7 * (count - i64::from(count > 0 && ahead != 0)))?;
        }
        let local = days
            .checked_mul(86_400)?
            .checked_add(i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))?;
        let seconds = match self.offset {
            Some(offset) => local - i64::from(offset),
            None => zone.seconds(local),
        };
        Some(Moment { seconds: seconds.checked_add(self.seconds)?, nanos })
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(|next: char| next.is_ascii_whitespace() || next == ',');
    }

    fn take_while(&mut self, fits: fn(&u8) -> bool) -> &'a str {
        let length = self.rest.bytes().take_while(fits).count();
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn take(&mut self, character: char) -> bool {
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_digits(&mut self) -> Option<i64> {
        self.take_while(u8::is_ascii_digit).parse().ok()
    }

    /// The next word in small letters, without consuming it.
    fn peek_word(&mut self) -> (String, &'a str) {
        let rest = self.rest.trim_start();
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        (rest[..length].to_ascii_lowercase(), &rest[length..])
    }

    /// A date, a time, or a count of units.
    fn number(&mut self) -> Option<()> {
        let digits = self.take_while(u8::is_ascii_digit);
        let value: i64 = digits.parse().ok()?;
        if self.take(':') {
            return self.clock_behind(value);
        }
        if self.rest.starts_with('/') {
            return self.slashes(digits, value);
        }
        if let Some(rest) = self.rest.strip_prefix('-') {
            match rest.as_bytes().first() {
                Some(b'0'..=b'9') => {
                    self.rest = rest;
                    let month = self.take_digits()?;
                    let day = if self.take('-') { self.take_digits()? } else { return None };
                    return self.set_date(if digits.len() <= 2 { century(value) } else { value }, month, day);
                }
                Some(byte) if byte.is_ascii_alphabetic() => self.rest = rest,
                _ => {}
            }
        }
        let (word, behind) = self.peek_word();
        if let Some(afternoon) = meridian(&word) {
            self.rest = behind;
            return self.set_clock(twelve(value, afternoon)?, 0, 0, 0);
        }
        if let Some(month) = name(&calendar::MONTHS, &word) {
            self.rest = behind;
            return self.day_and_month(value, month as i64 + 1);
        }
        if let Some(unit) = unit(&word) {
            self.rest = behind;
            return self.shift(value, unit);
        }
        self.bare(digits, value)
    }

    /// A number that only its length and what came before explain.
    fn bare(&mut self, digits: &str, value: i64) -> Option<()> {
        if let Some((_, month, day)) = self.date
            && !self.year_given
            && (self.clock.is_some() || digits.len() > 2)
        {
            self.year_given = true;
            self.date = Some((value, month, day));
            return Some(());
        }
        match digits.len() {
            1 | 2 => self.set_clock(value, 0, 0, 0),
            3 | 4 => self.set_clock(value / 100, value % 100, 0, 0),
            6 if self.date.is_some() => self.set_clock(value / 10_000, value / 100 % 100, value % 100, 0),
            5.. => self.set_date(value / 10_000, value / 100 % 100, value % 100),
            _ => None,
        }
    }

    /// The rest of hh:mm[:ss[.fraction]] [am|pm].
    fn clock_behind(&mut self, hour: i64) -> Option<()> {
        let minute = self.take_digits()?;
        let (mut second, mut fraction) = (0, 0);
        if self.take(':') {
            second = self.take_digits()?;
            let point = self.rest.starts_with(['.', ',']);
            if point && self.rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
                self.rest = &self.rest[1..];
                fraction = nanos(self.take_while(u8::is_ascii_digit))?;
            }
        }
        let (word, behind) = self.peek_word();
        let mut hour = hour;
        if let Some(afternoon) = meridian(&word) {
            self.rest = behind;
            hour = twelve(hour, afternoon)?;
        }
        self.set_clock(hour, minute, second, fraction)
    }

    /// MM/DD[/YY[YY]] or YYYY/MM/DD.
    fn slashes(&mut self, digits: &str, first: i64) -> Option<()> {
        self.take('/');
        let second = self.take_digits()?;
        if !self.take('/') {
            self.set_date(self.today.year, first, second)?;
            self.year_given = false;
            return Some(());
        }
        let third_digits = self.take_while(u8::is_ascii_digit);
        let third: i64 = third_digits.parse().ok()?;
        if digits.len() >= 4 {
            return self.set_date(first, second, third);
        }
        self.set_date(if third_digits.len() <= 2 { century(third) } else { third }, first, second)
    }

    /// What may follow "5 Jan": "-2020" or " 2020"; the latter is read as a bare number.
    fn day_and_month(&mut self, day: i64, month: i64) -> Option<()> {
        let attached =
            self.rest.starts_with('-') && self.rest[1..].starts_with(|next: char| next.is_ascii_digit());
        if attached {
            self.rest = &self.rest[1..];
            let digits = self.take_while(u8::is_ascii_digit);
            let year: i64 = digits.parse().ok()?;
            return self.set_date(if digits.len() <= 2 { century(year) } else { year }, month, day);
        }
        self.set_date(self.today.year, month, day)?;
        self.year_given = false;
        Some(())
    }

    fn set_date(&mut self, year: i64, month: i64, day: i64) -> Option<()> {
        if self.date.is_some() {
            return None;
        }
        self.date = Some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?));
        self.year_given = true;
        self.last = Last::Other;
        Some(())
    }

    fn set_clock(&mut self, hour: i64, minute: i64, second: i64, nanos: u32) -> Option<()> {
        if self.clock.is_some() || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        self.clock = Some((hour as u8, minute as u8, second as u8, nanos));
        self.last = Last::Time;
        Some(())
    }

    /// A zone behind a time ("+02:00"), or a count of units ("-3 days").
    fn signed(&mut self) -> Option<()> {
        let negative = self.rest.starts_with('-');
        self.rest = self.rest[1..].trim_start();
        let digits = self.take_while(u8::is_ascii_digit);
        let value: i64 = digits.parse().ok()?;
        let (word, behind) = self.peek_word();
        if let Some(unit) = unit(&word) {
            self.rest = behind;
            return self.shift(if negative { -value } else { value }, unit);
        }
        if self.last == Last::Other {
            return None;
        }
        let (hours, minutes) = match digits.len() {
            1 | 2 if self.take(':') => (value, self.take_digits()?),
            1 | 2 => (value, 0),
            3 | 4 => (value / 100, value % 100),
            _ => return None,
        };
        if hours > 24 || minutes > 59 {
            return None;
        }
        let offset = (hours * 3600 + minutes * 60) as i32;
        let named = if self.last == Last::Zone { self.offset.unwrap_or(0) } else { 0 };
        self.offset = Some(named + if negative { -offset } else { offset });
        self.last = Last::Other;
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let (word, behind) = self.peek_word();
        // The T between date and time.
        if word == "t" && self.date.is_some() && behind.starts_with(|next: char| next.is_ascii_digit()) {
            self.rest = behind;
            return Some(());
        }
        self.rest = behind;
        if let Some(month) = name(&calendar::MONTHS, &word) {
            self.skip_blanks();
            let day = self.take_digits()?;
            return self.day_and_month(day, month as i64 + 1);
        }
        if let Some(weekday) = name(&calendar::DAYS, &word) {
            self.weekday = Some((0, weekday as i64));
            self.take('.');
            return Some(());
        }
        if let Some(offset) = named_offset(&word) {
            self.offset = Some(offset);
            self.last = Last::Zone;
            return Some(());
        }
        match word.as_str() {
            "now" | "today" => return self.shift(0, Unit::Days(1)),
            "yesterday" => return self.shift(-1, Unit::Days(1)),
            "tomorrow" => return self.shift(1, Unit::Days(1)),
            "noon" => return self.set_clock(12, 0, 0, 0),
            "midnight" => return self.set_clock(0, 0, 0, 0),
            "and" | "at" | "on" => return Some(()),
            _ => {}
        }
        if let Some(count) = ordinal(&word) {
            let (word, behind) = self.peek_word();
            self.rest = behind;
            if let Some(weekday) = name(&calendar::DAYS, &word) {
                self.weekday = Some((count, weekday as i64));
                return Some(());
            }
            return self.shift(count, unit(&word)?);
        }
        self.shift(1, unit(&word)?)
    }

    /// Adds to the relative part; "ago" behind it turns it round.
    fn shift(&mut self, count: i64, unit: Unit) -> Option<()> {
        let (word, behind) = self.peek_word();
        let count = match word.as_str() {
            "ago" => -count,
            _ => count,
        };
        if matches!(word.as_str(), "ago" | "hence") {
            self.rest = behind;
        }
        let (field, factor) = match unit {
            Unit::Year => (&mut self.years, 1),
            Unit::Month => (&mut self.months, 1),
            Unit::Days(days) => (&mut self.days, days),
            Unit::Seconds(seconds) => (&mut self.seconds, seconds),
        };
        *field = field.checked_add(count.checked_mul(factor)?)?;
        self.relative = true;
        self.last = Last::Other;
        Some(())
    }
}

/// Whether the word means the afternoon. None: it is neither am nor pm.
fn meridian(word: &str) -> Option<bool> {
    match word {
        "am" => Some(false),
        "pm" => Some(true),
        _ => None,
    }
}

fn twelve(hour: i64, afternoon: bool) -> Option<i64> {
    if !(1..=12).contains(&hour) {
        return None;
    }
    Some(hour % 12 + if afternoon { 12 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-28 (a Wednesday) 13:14:15 UTC.
    const NOW: Moment = Moment { seconds: 1_709_126_055, nanos: 5 };

    fn shown(moment: Option<Moment>, zone: &Zone) -> String {
        let Some(moment) = moment else { return "invalid".to_string() };
        let mut out = Vec::new();
        calendar::strftime(b"%F %T.%N", &zone.civil(moment.seconds), moment.nanos, &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    }

    #[test]
    fn reads_what_people_write() {
        let zone = Zone::utc();
        for (text, expected) in [
            ("12:34", "2024-02-28 12:34:00"),
            ("12", "2024-02-28 00:12:00"),
            ("1234.56", "2024-02-28 12:34:56"),
            ("02101234", "2024-02-10 12:34:00"),
            ("2002101234", "2020-02-10 12:34:00"),
            ("202002101234.05", "2020-02-10 12:34:05"),
            ("20240131", "2024-01-31 00:00:00"),
            ("20240131 1005", "2024-01-31 10:05:00"),
            ("20240131T100502", "2024-01-31 10:05:02"),
            ("2020.02.03-04:05:06", "2020-02-03 04:05:06"),
            ("02.03-04:05", "2024-02-03 04:05:00"),
            ("2020-2-3 4:5", "2020-02-03 04:05:00"),
            ("2020-02-03 04", "2020-02-03 04:00:00"),
            ("2020-02-03T04:05:06.25Z", "2020-02-03 04:05:06.25"),
            ("2020-02-03 04:05:06 +0230", "2020-02-03 01:35:06"),
            ("2020-02-03 04:05 -05:00", "2020-02-03 09:05:00"),
            ("2020-02-03 04:05 UTC+3", "2020-02-03 01:05:00"),
            ("2020-02-03 04:05 +2 hours", "2020-02-03 06:05:00"),
            ("10:00 EST", "2024-02-28 15:00:00"),
            ("@86400", "1970-01-02 00:00:00"),
            ("@-1.25", "1969-12-31 23:59:58.75"),
            ("Jan 5 2020", "2020-01-05 00:00:00"),
            ("5 January 2020 3pm", "2020-01-05 15:00:00"),
            ("Sun, 05-Jan-20 12:00 am", "2020-01-05 00:00:00"),
            ("Thu Feb 29 10:00:00 UTC 2024", "2024-02-29 10:00:00"),
            ("Mon, 15 Aug 2022 10:11:12 +0200", "2022-08-15 08:11:12"),
            ("3/4", "2024-03-04 00:00:00"),
            ("3/4/99", "1999-03-04 00:00:00"),
            ("2021/3/4", "2021-03-04 00:00:00"),
            ("now", "2024-02-28 13:14:15.000000005"),
            ("yesterday", "2024-02-27 13:14:15.000000005"),
            ("tomorrow 10:00", "2024-02-29 10:00:00"),
            ("2 days ago", "2024-02-26 13:14:15.000000005"),
            ("+1 week 2 days", "2024-03-08 13:14:15.000000005"),
            ("next month", "2024-03-28 13:14:15.000000005"),
            ("last year", "2023-02-28 13:14:15.000000005"),
            ("-90 minutes", "2024-02-28 11:44:15.000000005"),
            ("2024-01-31 1 month", "2024-03-02 00:00:00"),
            ("friday", "2024-03-01 00:00:00"),
            ("wednesday", "2024-02-28 00:00:00"),
            ("next wed", "2024-03-06 00:00:00"),
            ("last friday", "2024-02-23 00:00:00"),
            ("noon tomorrow", "2024-02-29 12:00:00"),
            ("TZ=\"CET-1\" 2020-01-01 12:00", "2020-01-01 11:00:00"),
        ] {
            assert_eq!(shown(parse(text, NOW, &zone), &zone), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for text in [
            "",
            "foo",
            "2020-02-30",
            "2020-13-01",
            "25:00",
            "12:60",
            "99",
            "@",
            "@x",
            "@1.x",
            "13pm",
            "2020-01",
            "5 5 5",
            "+",
            "next",
            "next foo",
            "10:00 11:00",
            "2020-01-01 2021-01-01",
            "12:",
            "99999999999999999999",
            "999999999999999999 years",
            "2020-01-01x",
            "\u{e9}",
        ] {
            assert_eq!(parse(text, NOW, &Zone::utc()), None, "{text}");
        }
    }

    #[test]
    fn operands_of_date() {
        let zone = Zone::named("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (text, expected) in [
            ("07011234", "2024-07-01 12:34:00"),
            ("0701123420.05", "2020-07-01 12:34:05"),
            ("070112341999", "1999-07-01 12:34:00"),
            ("1234", "invalid"),
            ("13011234", "invalid"),
        ] {
            assert_eq!(shown(parse_operand(text, NOW, &zone), &zone), expected, "{text}");
        }
    }
}
