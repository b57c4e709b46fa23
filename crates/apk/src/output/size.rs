//! size — numbers of bytes for people: whole below 10000 of B and KiB, one decimal from MiB on.

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// `bytes` in the smallest unit that needs a number below 10000: "9999 B", "9 KiB", "9.8 MiB".
pub fn human(bytes: u64) -> String {
    let mut unit = 0;
    while bytes >> (10 * unit) >= 10_000 && unit + 1 < UNITS.len() {
        unit += 1;
    }
    if unit < 2 {
        return format!("{} {}", bytes >> (10 * unit), UNITS[unit]);
    }
    let one = 1u128 << (10 * unit);
    let tenths = (u128::from(bytes) * 10 + one / 2) / one;
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// The same as a whole number in every unit, as `apk info` has it.
pub fn whole(bytes: u64) -> String {
    let mut unit = 0;
    while bytes >> (10 * unit) >= 10_000 && unit + 1 < UNITS.len() {
        unit += 1;
    }
    format!("{} {}", bytes >> (10 * unit), UNITS[unit])
}

#[cfg(test)]
mod tests {
    #[test]
    fn units() {
        for (bytes, expected) in [
            (0, "0 B"),
            (9_999, "9999 B"),
            (10_000, "9 KiB"),
            (10_239_999, "9999 KiB"),
            (10_240_000, "9.8 MiB"),
            (99_999_999_999, "93.1 GiB"),
        ] {
            assert_eq!(super::human(bytes), expected, "{bytes}");
        }
        for (bytes, expected) in [(9_999, "9999 B"), (10_240_000, "9 MiB"), (12_345_678, "11 MiB")] {
            assert_eq!(super::whole(bytes), expected, "{bytes}");
        }
    }
}
