//! A disk that gets full in the middle of an install: everything is as it was before.

mod common;

use std::process::Command;

use common::{Packages, Scratch};

/// Installs `big` on a disk of 2 MB; gives what was said. None where there are no namespaces.
fn install_on_small_disk(name: &str, packages: &str, repository: &str) -> Option<(String, String)> {
    let scratch = Scratch::new(name);
    Packages::parse(packages).write(&scratch.path);
    let script = format!(
        "mkdir small && mount -t tmpfs -o size=2m tmpfs small || exit 77\n\
         a() {{ {} --root small --repository {repository} --allow-untrusted --arch x86_64 --no-logfile \"$@\"; }}\n\
         a --initdb -q add small && a -q add || exit 1\n\
         list() {{ find small | sort; cat small/etc/apk/world small/lib/apk/db/installed; }}\n\
         list >before\n\
         a add big; echo \"? $?\"\n\
         list >after\n\
         cmp before after && a -q del small && echo works\n",
        env!("CARGO_BIN_EXE_apk")
    );
    let mut command = Command::new("unshare");
    let output = command.args(["-Urm", "sh", "-c", &script]).current_dir(&scratch.path).output();
    let Ok(output) = output else {
        eprintln!("skipped: there is no unshare");
        return None;
    };
    if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).starts_with("unshare: ") {
        eprintln!("skipped: there are no user namespaces");
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr)))
}

/// Packages of 3 MB. What the second says of its size is as given.
fn packages(said: &str) -> String {
    let big = "x".repeat(3 << 20);
    format!(
        "package v2 small 1\n  d usr 755\n  f usr/small 644 x\npackage v2 big 1{said}\n  d usr 755\n  d usr/big 755\n  f usr/big/one 644 x\n  f usr/big/two 644 {big}\n"
    )
}

#[test]
fn a_full_disk_is_noticed_before() {
    let Some((out, error)) = install_on_small_disk("full-before", &packages(""), "v2") else { return };
    assert!(error.starts_with("ERROR: No space left on device: 3072 KiB needed, "), "{error}");
    // It is noticed where no line of a change was printed.
    assert_eq!(out, "? 99\nworks\n");
}

#[test]
fn a_full_disk_is_left_as_it_was() {
    // The index says that the package is smaller than it is.
    let Some((out, error)) = install_on_small_disk("full", &packages(" size=1"), "v2") else { return };
    assert_eq!(error, "ERROR: No space left on device\n");
    assert_eq!(out, "? 99\nworks\n");
}
