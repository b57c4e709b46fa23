//! schedule — the times of a job: minute, hour, day, month, weekday.
//!
//! Source: crontab(5) of Vixie cron; POSIX.1-2024 `crontab` for days: if both kinds of day are limited, one of them
//! is enough.

use posix::calendar::{Civil, DAYS, MONTHS};

/// When a job runs; a bit for each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

/// When a line's job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    At(Schedule),
    /// Once, when crond starts.
    Start,
}

impl When {
    /// The time at the begin of a line, and the rest of the line.
    pub(super) fn split(line: &str) -> Option<(When, &str)> {
        if let Some(word) = line.strip_prefix('@') {
            let (word, rest) = word.split_once([' ', '\t'])?;
            let fields = match word {
                "reboot" => return Some((When::Start, rest.trim_start())),
                "yearly" | "annually" => "0 0 1 1 *",
                "monthly" => "0 0 1 * *",
                "weekly" => "0 0 * * 0",
                "daily" | "midnight" => "0 0 * * *",
                "hourly" => "0 * * * *",
                _ => return None,
            };
            let (schedule, _) = Schedule::split(fields)?;
            return Some((When::At(schedule), rest.trim_start()));
        }
        let (schedule, rest) = Schedule::split(line)?;
        Some((When::At(schedule), rest))
    }
}

impl Schedule {
    fn split(line: &str) -> Option<(Schedule, &str)> {
        let mut rest = line;
        let mut fields = [""; 5];
        for field in &mut fields {
            rest = rest.trim_start_matches([' ', '\t']);
            let end = rest.find([' ', '\t']).unwrap_or(rest.len());
            (*field, rest) = rest.split_at(end);
        }
        let [minutes, hours, days, months, weekdays] = fields;
        let mut schedule = Schedule {
            minutes: bits(minutes, 0, 59, &[])?,
            hours: bits(hours, 0, 23, &[])?,
            days: bits(days, 1, 31, &[])?,
            months: bits(months, 1, 12, &MONTHS)?,
            weekdays: bits(weekdays, 0, 7, &DAYS)?,
            any_day: days.starts_with('*'),
            any_weekday: weekdays.starts_with('*'),
        };
        // 7 is Sunday too.
        schedule.weekdays |= schedule.weekdays >> 7;
        Some((schedule, rest.trim_start_matches([' ', '\t'])))
    }

    pub(super) fn has(&self, time: &Civil) -> bool {
        let day = self.days >> time.day & 1 == 1;
        let weekday = self.weekdays >> time.weekday & 1 == 1;
        let on_day = if self.any_day || self.any_weekday { day && weekday } else { day || weekday };
        on_day
            && self.minutes >> time.minute & 1 == 1
            && self.hours >> time.hour & 1 == 1
            && self.months >> time.month & 1 == 1
    }
}

/// A list of `*`, values, ranges and steps, or of names that stand for values from `min` on.
fn bits(list: &str, min: u32, max: u32, names: &[&str]) -> Option<u64> {
    let mut bits = 0;
    for item in list.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|&step| step > 0)?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (min, max),
            Some((first, last)) => (value(first, min, names)?, value(last, min, names)?),
            None => {
                let first = value(range, min, names)?;
                // 5/10 is from 5 on.
                (first, if step.is_some() { max } else { first })
            }
        };
        if first < min || last > max {
            return None;
        }
        let step = step.unwrap_or(1) as usize;
        if first <= last {
            (first..=last).step_by(step).for_each(|value| bits |= 1_u64 << value);
        } else {
            // A range over the end: 22-2, fri-mon.
            let count = max + 1 - min;
            (first..=last + count)
                .step_by(step)
                .for_each(|value| bits |= 1_u64 << ((value - min) % count + min));
        }
    }
    Some(bits)
}

fn value(text: &str, min: u32, names: &[&str]) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let index =
        names.iter().position(|name| name.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(text)))?;
    Some(index as u32 + min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use posix::calendar;

    #[test]
    fn lists() {
        for (list, min, max, expected) in [
            ("*", 0, 5, Some(0b11_1111)),
            ("1,3-4", 0, 59, Some(0b1_1010)),
            ("*/2", 0, 5, Some(0b01_0101)),
            ("1-5/2", 0, 59, Some(0b10_1010)),
            ("3/2", 0, 6, Some(0b010_1000)),
            ("4-1", 0, 5, Some(0b11_0011)),
            ("60", 0, 59, None),
            ("0", 1, 31, None),
            ("*/0", 0, 59, None),
            ("x", 0, 59, None),
            ("", 0, 59, None),
            ("1-", 0, 59, None),
            ("99999999999", 0, 59, None),
        ] {
            assert_eq!(bits(list, min, max, &[]), expected, "{list}");
        }
        assert_eq!(bits("jan,Dec", 1, 12, &MONTHS), Some(1 << 1 | 1 << 12));
        assert_eq!(bits("fri-mon", 0, 6, &DAYS), Some(0b110_0011));
    }

    #[test]
    fn times() {
        // 2024-02-29 was a Thursday.
        for (line, hour, minute, expected) in [
            ("* * * * * x", 1, 2, true),
            ("2 1 * * * x", 1, 2, true),
            ("3 1 * * * x", 1, 2, false),
            ("*/15 9-17 * * mon-fri x", 9, 30, true),
            ("0 0 29 2 * x", 0, 0, true),
            ("0 0 1 * 4 x", 0, 0, true),
            ("0 0 29 * 1 x", 0, 0, true),
            ("0 0 1 * 1 x", 0, 0, false),
            ("0 0 * * 5 x", 0, 0, false),
            ("0 0 */2 * 4 x", 0, 0, true),
            ("@daily x", 0, 0, true),
            ("@hourly x", 5, 0, true),
            ("@monthly x", 0, 0, false),
        ] {
            let Some((When::At(schedule), "x")) = When::split(line) else { panic!("{line}") };
            let seconds = calendar::clock_seconds(calendar::days_to(2024, 2, 29), hour, minute, 0);
            assert_eq!(schedule.has(&Civil::at(seconds, 0, "")), expected, "{line}");
        }
        assert_eq!(When::split("@reboot  a b"), Some((When::Start, "a b")));
        for bad in ["", "@", "@never x", "* * * *", "60 * * * * x", "* * * 13 * x"] {
            assert!(When::split(bad).is_none_or(|(_, rest)| rest.is_empty()), "{bad}");
        }
    }
}
