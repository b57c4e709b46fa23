//! A disk that gets full in the middle of an install: everything is as it was before.

mod common;

use std::process::Command;

use common::{Packages, Scratch};

#[test]
fn a_full_disk_is_left_as_it_was() {
    let scratch = Scratch::new("full");
    let big = "x".repeat(3 << 20);
    let packages = format!(
        "package v2 small 1\n  d usr 755\n  f usr/small 644 x\npackage v2 big 1\n  d usr 755\n  d usr/big 755\n  f usr/big/one 644 x\n  f usr/big/two 644 {big}\n"
    );
    Packages::parse(&packages).write(&scratch.path);
    let script = format!(
        "mkdir small && mount -t tmpfs -o size=2m tmpfs small || exit 77\n\
         a() {{ {} --root small --repository v2 --allow-untrusted --arch x86_64 --no-logfile \"$@\"; }}\n\
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
        return;
    };
    if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).starts_with("unshare: ") {
        eprintln!("skipped: there are no user namespaces");
        return;
    }
    assert_eq!(String::from_utf8_lossy(&output.stderr), "ERROR: No space left on device\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "? 99\nworks\n");
}
