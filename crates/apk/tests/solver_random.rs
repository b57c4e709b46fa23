//! Random small repositories, given to the command and to the peer: stdout, stderr and exit codes have to be equal.
//!
//! Skipped, saying so, where TARN_PEER_APK does not name the peer. TARN_RANDOM_SEED and TARN_RANDOM_CASES choose other
//! cases than the fixed ones. A case that differs is made smaller before it is printed.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod random;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use random::case::Case;
use random::dice::Dice;
use random::run::{Runner, shrink};

const SEED: u64 = 20_000;
const CASES: u64 = 100;
/// So many of 100 may differ: corners of `--latest`, of names provided twice, and of systems without a solution.
const KNOWN_PERCENT: u64 = 6;
/// How many differences are shown in full.
const SHOWN: u64 = 5;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_cases_are_answered_as_the_peer_does() {
    let Some(peer) = std::env::var_os("TARN_PEER_APK").map(PathBuf::from) else {
        eprintln!("skipped: TARN_PEER_APK is not set");
        return;
    };
    let runner = Runner::new(Path::new(env!("CARGO_BIN_EXE_apk")), &peer);
    let first = number("TARN_RANDOM_SEED", SEED);
    let count = number("TARN_RANDOM_CASES", CASES);
    let mut different = Vec::new();
    let mut hung = 0;
    let mut report = String::new();
    for seed in first..first + count {
        let case = Case::random(&mut Dice::new(seed));
        match runner.differs(&case) {
            None => hung += 1,
            Some(false) => {}
            Some(true) => {
                different.push(seed);
                if different.len() as u64 <= number("TARN_RANDOM_SHOWN", SHOWN) {
                    let small = shrink(&runner, case);
                    let _ = writeln!(report, "=== seed {seed}\n{}", runner.describe(&small));
                }
            }
        }
    }
    eprintln!("{} of {count} equal; the peer did not end in {hung}", count - different.len() as u64);
    let few = different.len() as u64 * 100 <= KNOWN_PERCENT * count;
    assert!(few, "{report}different: {different:?}");
    eprintln!("{report}different: {different:?}");
    assert!(hung * 20 < count, "the peer did not end in {hung} of {count}");
}
