//! The golden tests: every block of `tests/golden/**/*.test` is one test, run with the applets of this build
//! or, with `TARN_REFERENCE=PROGRAM`, with those of another multi-call binary.

fn main() -> std::process::ExitCode {
    testkit::golden::main(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"), env!("CARGO_BIN_EXE_rbox"))
}
