//! `upgrade` in a root that has the program itself as a package: it comes first, and the new one goes on.
//!
//! What is printed is compared with the reference's, which TARN_PEER_APK names; without it this test says so and does nothing.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::Scratch;

/// What is run, one after the other, in the root.
const LINES: &[&str] = &[
    "apk upgrade -s",
    "apk upgrade -sv",
    "apk upgrade -s foo",
    "apk upgrade -s --ignore foo",
    "apk upgrade -s --root /",
    "apk upgrade -s --no-preupgrade",
    "apk upgrade -s --preupgrade-only",
    "apk upgrade -s --self-upgrade-only foo",
    "apk upgrade --preupgrade-only --no-self-upgrade",
    "apk upgrade -s --preupgrade-only --preupgrade-depends foo",
    "apk upgrade -s --preupgrade-only --preupgrade-depends foo=2",
    "apk upgrade -s --preupgrade-only --preupgrade-depends foo --preupgrade-depends bar",
    "apk upgrade -s --preupgrade-only --preupgrade-depends '!apk-tools'",
    "apk upgrade -s --preupgrade-only --preupgrade-depends '><'",
    "APK_PREUPGRADE_TOKEN=1 apk upgrade -s",
    "APK_PREUPGRADE_TOKEN=laiNgeiThu6ip1Te apk upgrade -s",
    "cp /sbin/apk /tmp/apk; /tmp/apk upgrade --allow-untrusted -s",
    "apk upgrade",
    "apk add foo=1 bar=1 apk-tools=1",
    "apk add foo bar apk-tools",
    "apk add foo=1 bar=1 apk-tools=1; printf 'apk-tools\\nbar\\nfoo\\n' >/etc/apk/world; apk upgrade --preupgrade-only",
    "apk upgrade --preupgrade-depends foo",
    "cat /etc/apk/world /usr/share/version",
];

fn sh(folder: &Path, script: &str) -> Output {
    Command::new("sh").args(["-ec", script]).current_dir(folder).output().unwrap()
}

/// Makes a root with the program as a package of version 1, and repositories with versions 1 and 2.
fn make(folder: &Path, program: &Path, busybox: &Path) {
    let ours = env!("CARGO_BIN_EXE_apk");
    fs::create_dir_all(folder).unwrap();
    let script = format!(
        "ours={ours} program={} busybox={}\n\
         mkdir -p root/repo/x86_64\n\
         package() {{ $ours mkpkg -q --files files --info name:$1 --info version:$2 --info arch:x86_64 --info license:MIT --output root/repo/x86_64/$1-$2.apk; rm -r files; }}\n\
         for version in 1 2; do\n\
         mkdir -p files/sbin files/usr/share; cp $program files/sbin/apk; echo $version >files/usr/share/version\n\
         package apk-tools $version\n\
         for name in foo bar; do mkdir -p files/usr/share; echo $version >files/usr/share/$name; package $name $version; done\n\
         done\n\
         (cd root/repo/x86_64; $ours mkndx -q --allow-untrusted -o one.adb *-1.apk; $ours mkndx -q --allow-untrusted -o Packages.adb *.apk)\n\
         $program --root root --repository root/repo/x86_64/one.adb --allow-untrusted --arch x86_64 --initdb -q add apk-tools foo bar\n\
         mkdir -p root/proc root/dev root/tmp root/bin; cp $busybox root/bin/busybox\n\
         for name in sh cat cp; do ln -s busybox root/bin/$name; done\n\
         echo 'v3 /repo' >root/etc/apk/repositories\n\
         for library in $(ldd $program 2>/dev/null | grep -o '/[^ ]*'); do mkdir -p root${{library%/*}}; cp -L $library root$library; done\n",
        program.display(),
        busybox.display()
    );
    let output = sh(folder, &script);
    assert!(output.status.success(), "{output:?}");
}

/// Runs the lines in the root, in namespaces of its own; gives what they print.
fn run(folder: &Path) -> Vec<String> {
    let lines = LINES.iter().map(|line| {
        let script = format!(
            "export PATH=/sbin:/bin; apk() {{ /sbin/apk --allow-untrusted \"$@\"; }}; {line}; echo \"? $?\""
        );
        let output = Command::new("unshare")
            .args(["-Urmpf", "--mount-proc", "sh", "-c"])
            .arg("mount -t proc proc root/proc && exec chroot root /bin/sh -c \"$0\" 2>&1")
            .arg(&script)
            .current_dir(folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        // The two programs are not of the same size.
        let said: Vec<&str> = said.split(' ').collect();
        let said = said.iter().enumerate().map(|(at, word)| match said.get(at + 1) {
            Some(next) if next.starts_with("KiB") || next.starts_with("MiB") => "SIZE",
            _ if word.starts_with("KiB") || word.starts_with("MiB") => word.get(3..).unwrap_or_default(),
            _ => word,
        });
        format!("{line}\n{}", said.collect::<Vec<_>>().join(" "))
    });
    lines.collect()
}

#[test]
fn the_program_itself_comes_first() {
    let (Some(peer), Some(busybox)) =
        (std::env::var_os("TARN_PEER_APK"), std::env::var_os("TARN_PEER_BUSYBOX"))
    else {
        eprintln!("skipped: TARN_PEER_APK or TARN_PEER_BUSYBOX is not set");
        return;
    };
    let scratch = Scratch::new("preupgrade");
    let sides = [Path::new(&peer), Path::new(env!("CARGO_BIN_EXE_apk"))].map(|program| {
        let folder = scratch.path.join(if program == Path::new(&peer) { "peer" } else { "ours" });
        make(&folder, program, Path::new(&busybox));
        run(&folder)
    });
    let differences: Vec<String> = sides[0]
        .iter()
        .zip(&sides[1])
        .filter(|(peer, ours)| peer != ours)
        .map(|(peer, ours)| format!("--- peer\n{peer}--- ours\n{ours}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(sides[1].iter().any(|said| said.contains("Continuing with the main upgrade transaction:")));
}
