//! factor — print the prime factors of numbers.
//!
//! Source: GNU coreutils `factor`; BusyBox 1.37.

use super::common::read_line;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "factor",
    links: &["/usr/bin/factor"],
    usage: "factor [NUMBER]...\n\nPrint the prime factors of each NUMBER (or of those in stdin).\n",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    for word in options.operands() {
        print(cx, word.as_bytes())?;
    }
    if options.operands().is_empty() {
        let (mut input, mut line) = (cx.stdin(), Vec::new());
        while read_line(&mut input, b'\n', &mut line).doing("read error")? {
            for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
                print(cx, word)?;
            }
        }
    }
    Ok(())
}

fn print(cx: &mut Cx<'_>, word: &[u8]) -> Result {
    let mut rest = cli::options::number(OsStr::from_bytes(word))?;
    write!(cx.out, "{rest}:");
    while rest > 1 {
        let factor = smallest_factor(rest);
        write!(cx.out, " {factor}");
        rest /= factor;
    }
    cx.out.write(b"\n");
    Ok(())
}

/// The smallest prime that divides `number`, which is over 1.
fn smallest_factor(number: u64) -> u64 {
    // What is no multiple of 2, 3 and 5 stands in these distances.
    const STEPS: [u64; 8] = [4, 2, 4, 2, 4, 6, 2, 6];
    for small in [2, 3, 5] {
        if number.is_multiple_of(small) {
            return small;
        }
    }
    if is_prime(number) {
        return number;
    }
    let (mut factor, mut step) = (7, 0);
    while factor <= number / factor {
        if number.is_multiple_of(factor) {
            return factor;
        }
        factor += STEPS[step];
        step = (step + 1) % STEPS.len();
    }
    number
}

/// Miller and Rabin's test, which with these bases is sure for all numbers of 64 bits.
fn is_prime(number: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if number < 2 || number.is_multiple_of(2) {
        return number == 2;
    }
    let times = |one: u64, other: u64| (u128::from(one) * u128::from(other) % u128::from(number)) as u64;
    let twos = (number - 1).trailing_zeros();
    BASES.iter().all(|&base| {
        if base >= number {
            return true;
        }
        let (mut power, mut square, mut exponent) = (1, base, (number - 1) >> twos);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = times(power, square);
            }
            square = times(square, square);
            exponent >>= 1;
        }
        if power == 1 {
            return true;
        }
        for _ in 0..twos {
            if power == number - 1 {
                return true;
            }
            power = times(power, power);
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_primes() {
        let primes: Vec<u64> = (0..60).filter(|&number| is_prime(number)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59]);
        for (number, expected) in [
            (18_446_744_073_709_551_557, true),
            (3_215_031_751, false),
            (3_825_123_056_546_413_051, false),
            (u64::MAX, false),
        ] {
            assert_eq!(is_prime(number), expected, "{number}");
        }
    }
}
