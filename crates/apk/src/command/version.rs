//! version — which versions are valid, and which of two is newer.

use std::cmp::Ordering;

use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Result};
use crate::version;

pub static APPLET: Applet = Applet {
    name: "version",
    summary: "Compare package versions or perform tests on version strings",
    usage: &[" [<OPTIONS>...] [PACKAGES...]", " -c VERSIONS...", " -t VERSION1 VERSION2", " -I"],
    description: "apk version compares the versions of installed packages with those that repositories have. It also checks \
                  and compares versions that are given as text.",
    groups: &[&OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Version",
    options: &[
        opt("all", "a", Takes::Nothing, "Packages of all tags count"),
        opt("check", "c", Takes::Nothing, "Print the VERSIONS that are not valid"),
        opt("indexes", "I", Takes::Nothing, "Print version and description of each repository's index"),
        opt("limit", "l", Takes::Text("OPERAND"), "Only packages whose comparison is among OPERAND"),
        opt("test", "t", Takes::Nothing, "Print how VERSION1 stands to VERSION2"),
    ],
};

fn run(cx: &mut Cx) -> Result {
    if cx.options.has("test") {
        return Ok(test(cx));
    }
    if cx.options.has("check") {
        return Ok(check(cx));
    }
    super::compare::run(cx)
}

/// Prints `<`, `=` or `>`. 1, and nothing, where there are not two valid versions.
fn test(cx: &mut Cx) -> i32 {
    let [left, right] = &cx.args[..] else { return 1 };
    if !version::is_valid(left) || !version::is_valid(right) {
        return 1;
    }
    let sign = match version::compare(left, right) {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    };
    cx.messages.message_at(0, sign);
    0
}

/// Prints the versions that are not valid. The result is their number.
fn check(cx: &mut Cx) -> i32 {
    let mut invalid = 0;
    for text in cx.args.clone() {
        if !version::is_valid(&text) {
            cx.messages.message(&text);
            invalid += 1;
        }
    }
    invalid
}
