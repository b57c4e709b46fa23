//! verify — whether packages and indexes are what somebody who is trusted has signed.

use super::{Applet, Cx, Result, files};
use crate::reader;

pub static APPLET: Applet = Applet {
    name: "verify",
    summary: "Verify package integrity and signature",
    usage: &[" [<OPTIONS>...] FILES..."],
    description: "apk verify checks the integrity of the packages and indexes in FILES: all of their checksums, and that a \
                  trusted key has signed them.",
    groups: &[],
    run,
};

/// The result is the number of files that are not good.
fn run(cx: &mut Cx) -> Result {
    let keys = files::keys(cx);
    let mut bad = 0;
    for name in cx.args.clone() {
        let trust = files::trust(cx, &keys);
        let result = files::open(&name).and_then(|file| reader::verify(Box::new(file), trust));
        let verdict = match &result {
            Ok(()) => "OK".to_string(),
            Err(error) => error.reason(),
        };
        bad += i32::from(result.is_err());
        if cx.messages.verbosity >= 1 {
            cx.messages.message([&name[..], b": ", verdict.as_bytes()].concat());
        } else if result.is_err() {
            cx.messages.out.write(&[&name[..], b"\n"].concat());
        }
    }
    Ok(bad)
}
