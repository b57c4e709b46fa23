//! seq — print a row of numbers.
//!
//! Source: BusyBox 1.37; GNU coreutils 9. Decimal fractions are counted exactly, so 0.3 is reached in steps of 0.1.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "seq",
    links: &["/usr/bin/seq"],
    usage: "\
seq [-w] [-s SEP] [FIRST [STEP]] LAST

Print the numbers from FIRST (1) to LAST in steps of STEP (1).

  -w, --equal-width    Fill up with zeros in front
  -s, --separator=SEP  What stands between numbers (newline)
",
    process: Process::Filter,
    run,
};

/// A number as `value / 10^places`.
#[derive(Clone, Copy)]
struct Decimal {
    value: i128,
    places: u32,
}

fn run(cx: &mut Cx<'_>) -> Result {
    // Negative numbers are no options.
    let mut args = cx.args.to_vec();
    let mut at = 0;
    while let Some(b'-') = args.get(at).and_then(|arg| arg.as_bytes().first()) {
        match args[at].as_bytes() {
            b"--" => break,
            [_, b'0'..=b'9' | b'.', ..] => {
                args.insert(at, "--".into());
                break;
            }
            b"-s" | b"--separator" => at += 2,
            _ => at += 1,
        }
    }
    let options = cli::options::parse(APPLET.usage, &args, cli::options::Order::OptionsFirst)?;
    let mut numbers = Vec::new();
    for operand in options.operands() {
        let text = operand.to_string_lossy();
        numbers.push(
            Decimal::parse(&text).ok_or_else(|| Error::usage(format_args!("invalid number '{text}'")))?,
        );
    }
    let one = Decimal { value: 1, places: 0 };
    let (first, step, last) = match numbers[..] {
        [last] => (one, one, last),
        [first, last] => (first, one, last),
        [first, step, last] => (first, step, last),
        _ => return Err(Error::usage("")),
    };
    // LAST does not make more places shown, but the comparison is exact.
    let shown = first.places.max(step.places);
    let places = shown.max(last.places);
    let (first, step, last) = (first.scaled(places), step.scaled(places), last.scaled(places));
    let Some(((first, step), last)) = first.zip(step).zip(last) else {
        return Err(Error::message("number too large"));
    };
    let drop = 10i128.pow(places - shown);
    let width = if options.has('w') {
        format(first / drop, shown, 0).len().max(format(last / drop, shown, 0).len())
    } else {
        0
    };
    let separator = options.value('s').map_or(&b"\n"[..], OsStr::as_bytes);
    let mut number = first;
    let mut any = false;
    while (step >= 0 && number <= last || step < 0 && number >= last) && !cx.out.failed() {
        if any {
            cx.out.write(separator);
        }
        any = true;
        if shown == 0 && width == 0 {
            write!(cx.out, "{}", number / drop);
        } else {
            cx.out.write(format(number / drop, shown, width).as_bytes());
        }
        number += step;
    }
    if any {
        cx.out.write(b"\n");
    }
    Ok(())
}

fn format(value: i128, places: u32, width: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    let (whole, fraction) = if places == 0 {
        (digits, String::new())
    } else {
        let places = places as usize;
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        (whole.to_string(), format!(".{fraction}"))
    };
    let width = width.saturating_sub(sign.len() + fraction.len());
    format!("{sign}{whole:0>width$}{fraction}")
}

impl Decimal {
    /// A decimal number, perhaps with an exponent.
    fn parse(text: &str) -> Option<Decimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.len() > 30 {
            return None;
        }
        let mut value: i128 = digits.parse().ok()?;
        let mut places = fraction.len() as i32 - exponent;
        if places < 0 {
            value = value.checked_mul(10i128.checked_pow(places.unsigned_abs())?)?;
            places = 0;
        }
        (places <= 30)
            .then_some(Decimal { value: if negative { -value } else { value }, places: places as u32 })
    }

    fn scaled(self, places: u32) -> Option<i128> {
        self.value.checked_mul(10i128.checked_pow(places - self.places)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_reads() {
        for (text, expected) in
            [("1", "1"), ("-0.5", "-0.5"), ("1e2", "100"), ("2.50", "2.50"), ("15e-1", "1.5"), (".5", "0.5")]
        {
            let number = Decimal::parse(text).unwrap();
            assert_eq!(format(number.value, number.places, 0), expected, "{text}");
        }
        for text in ["", "x", "1x", "-", "1.2.3", "1e", "1e99"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        assert_eq!(format(-5, 1, 6), "-000.5");
    }
}
