//! strptime — times read by a format.
//!
//! Source: POSIX.1-2024 strptime(); BSD and GNU for `%s`, `%z` and `%F`.

use crate::calendar::{self, Civil};

/// What a format found; what it does not mention is as before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub civil: Civil,
    /// `%s`
    pub seconds: Option<i64>,
    /// `%z` and `%Z`: seconds east of UTC.
    pub offset: Option<i32>,
    century: Option<i64>,
    afternoon: Option<bool>,
}

/// Reads `text` by `format` into `base`. Text behind what the format asks for is left alone.
///
/// None: it does not fit, or there is no such date.
pub fn strptime(format: &[u8], text: &[u8], base: Civil) -> Option<Found> {
    let mut reader = Reader { text, found: Found { civil: base, ..Found::default() } };
    reader.read(format)?;
    let mut found = reader.found;
    if let Some(afternoon) = found.afternoon {
        found.civil.hour = found.civil.hour % 12 + if afternoon { 12 } else { 0 };
    }
    if let Some(century) = found.century {
        found.civil.year = century * 100 + found.civil.year.rem_euclid(100);
    }
    (found.civil.day <= calendar::days_in_month(found.civil.year, found.civil.month)).then_some(found)
}

struct Reader<'a> {
    text: &'a [u8],
    found: Found,
}

impl Reader<'_> {
    fn read(&mut self, format: &[u8]) -> Option<()> {
        let mut rest = format.iter().copied();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let mut letter = rest.next()?;
                    while matches!(letter, b'E' | b'O' | b'-' | b'_' | b'0') {
                        letter = rest.next()?;
                    }
                    self.convert(letter)?;
                }
                byte if byte.is_ascii_whitespace() => self.text = self.text.trim_ascii_start(),
                byte => self.text = self.text.strip_prefix(&[byte])?,
            }
        }
        Some(())
    }

    fn convert(&mut self, letter: u8) -> Option<()> {
        match letter {
            b'D' | b'x' => return self.read(b"%m/%d/%y"),
            b'F' => return self.read(b"%Y-%m-%d"),
            b'R' => return self.read(b"%H:%M"),
            b'T' | b'X' => return self.read(b"%H:%M:%S"),
            b'r' => return self.read(b"%I:%M:%S %p"),
            b'c' => return self.read(b"%a %b %e %H:%M:%S %Y"),
            b'%' => self.text = self.text.strip_prefix(b"%")?,
            b'n' | b't' => self.text = self.text.trim_ascii_start(),
            b'a' | b'A' => self.found.civil.weekday = self.name(&calendar::DAYS)? as u8,
            b'b' | b'B' | b'h' => self.found.civil.month = self.name(&calendar::MONTHS)? as u8 + 1,
            b'p' | b'P' => self.found.afternoon = Some(self.name(&["AM", "PM"])? == 1),
            b'z' => self.found.offset = Some(self.offset()?),
            b'Z' => {
                let length = self.text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                if matches!(&self.text[..length], b"UTC" | b"GMT" | b"Z") {
                    self.found.offset = Some(0);
                }
                self.text = &self.text[length..];
            }
            _ => return self.convert_number(letter),
        }
        Some(())
    }

    fn convert_number(&mut self, letter: u8) -> Option<()> {
        match letter {
            b'C' => self.found.century = Some(self.number(2, 0, 99)?),
            b'd' | b'e' => self.found.civil.day = self.number(2, 1, 31)? as u8,
            b'H' | b'k' => self.found.civil.hour = self.number(2, 0, 23)? as u8,
            b'I' | b'l' => self.found.civil.hour = self.number(2, 1, 12)? as u8,
            b'j' => {
                let day = self.number(3, 1, 366)?;
                let days = calendar::days_to(self.found.civil.year, 1, day);
                (_, self.found.civil.month, self.found.civil.day) = calendar::date_of(days);
            }
            b'M' => self.found.civil.minute = self.number(2, 0, 59)? as u8,
            b'm' => self.found.civil.month = self.number(2, 1, 12)? as u8,
            b'S' => self.found.civil.second = self.number(2, 0, 60)? as u8,
            b's' => self.found.seconds = Some(self.signed(19)?),
            b'u' => self.found.civil.weekday = (self.number(1, 1, 7)? % 7) as u8,
            b'w' => self.found.civil.weekday = self.number(1, 0, 6)? as u8,
            b'Y' => self.found.civil.year = self.signed(4)?,
            b'y' => {
                let year = self.number(2, 0, 99)?;
                self.found.civil.year = if year < 69 { 2000 + year } else { 1900 + year };
            }
            _ => return None,
        }
        Some(())
    }

    fn number(&mut self, width: usize, min: i64, max: i64) -> Option<i64> {
        self.text = self.text.trim_ascii_start();
        let digits = self.text.iter().take(width).take_while(|byte| byte.is_ascii_digit()).count();
        let value = std::str::from_utf8(&self.text[..digits]).ok()?.parse().ok()?;
        self.text = &self.text[digits..];
        (min..=max).contains(&value).then_some(value)
    }

    fn signed(&mut self, width: usize) -> Option<i64> {
        self.text = self.text.trim_ascii_start();
        if let Some(rest) = self.text.strip_prefix(b"-") {
            self.text = rest;
            return self.number(width, 0, i64::MAX).map(|value| -value);
        }
        self.number(width, 0, i64::MAX)
    }

    /// The index of the name, whole or by its first three letters (two for AM and PM).
    fn name(&mut self, names: &[&str]) -> Option<usize> {
        let begins = |name: &str| {
            self.text.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
        };
        for (index, name) in names.iter().enumerate() {
            let short = &name[..name.len().min(3)];
            let length = match (begins(name), begins(short)) {
                (true, _) => name.len(),
                (_, true) => short.len(),
                _ => continue,
            };
            self.text = &self.text[length..];
            return Some(index);
        }
        None
    }

    /// Z, +hh, +hhmm or +hh:mm.
    fn offset(&mut self) -> Option<i32> {
        self.text = self.text.trim_ascii_start();
        let (&sign, rest) = self.text.split_first()?;
        self.text = rest;
        let factor = match sign {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2, 0, 24)? as i32;
        self.text = self.text.strip_prefix(b":").unwrap_or(self.text);
        let minutes =
            if self.text.first().is_some_and(u8::is_ascii_digit) { self.number(2, 0, 59)? as i32 } else { 0 };
        Some(factor * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_by_format() {
        let base = Civil { year: 2024, month: 2, day: 1, ..Civil::default() };
        for (format, text, expected) in [
            ("%d/%m/%Y", "03/02/2020", Some("2020-02-03 00:00:00")),
            ("%d/%m/%Y %H:%M", "3/2/2020  4:05 behind", Some("2020-02-03 04:05:00")),
            ("%b %e %T %Y", "March  7 01:02:03 1999", Some("1999-03-07 01:02:03")),
            ("%a, %d %b %y %I:%M %p", "Mon, 05 jan 70 12:30 pm", Some("1970-01-05 12:30:00")),
            ("%Y%m%d%H%M%S", "20200203040506", Some("2020-02-03 04:05:06")),
            ("%Y %j", "2024 60", Some("2024-02-29 00:00:00")),
            ("%C%y", "1998", Some("1998-02-01 00:00:00")),
            ("%%%n%d", "% 9", Some("2024-02-09 00:00:00")),
            ("%d/%m", "31/02", None),
            ("%m", "13", None),
            ("%Q", "1", None),
            ("%", "1", None),
            ("%H:%M", "12-30", None),
        ] {
            let found = strptime(format.as_bytes(), text.as_bytes(), base.clone());
            let shown = found.map(|found| {
                let mut out = Vec::new();
                calendar::strftime(b"%F %T", &found.civil, 0, &mut out);
                String::from_utf8_lossy(&out).into_owned()
            });
            assert_eq!(shown.as_deref(), expected, "{format} {text}");
        }
        let found = strptime(b"%s", b"-55", base.clone()).unwrap();
        assert_eq!(found.seconds, Some(-55));
        assert_eq!(strptime(b"%z", b"-02:30", base).unwrap().offset, Some(-9000));
    }
}
