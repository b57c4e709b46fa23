//! time — the clock, in the forms that the command needs.

/// The version of a package made now: `20260131.235959`, in UTC. `SOURCE_DATE_EPOCH` stands for the clock.
pub(crate) fn version_of_now() -> String {
    let seconds = now_s();
    let (year, month, day) = date(seconds.div_euclid(DAY_S));
    let rest = seconds.rem_euclid(DAY_S);
    format!("{year:04}{month:02}{day:02}.{:02}{:02}{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// A time as the log has it: `2026-01-31 23:59:59`, in UTC.
pub(crate) fn text(seconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(DAY_S));
    let rest = seconds.rem_euclid(DAY_S);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

const DAY_S: i64 = 86_400;

/// Seconds since 1970, by `SOURCE_DATE_EPOCH` where that is a number.
pub(crate) fn now_s() -> i64 {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs() as i64)
    })
}

/// Year, month and day of a day counted from 1970-01-01. Eras of 400 years begin on the first of March.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        for (days, expected) in
            [(0, (1970, 1, 1)), (11_016, (2000, 2, 29)), (20_781, (2026, 11, 24)), (-1, (1969, 12, 31))]
        {
            assert_eq!(super::date(days), expected, "{days}");
        }
    }
}
