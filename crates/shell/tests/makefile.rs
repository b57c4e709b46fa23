//! Recipes of makefiles: run by `make` with this shell and with dash, they print and make the same.
//!
//! Without make, or without dash, there is nothing to test, which is said.

#![expect(clippy::unwrap_used, reason = "what helps a test fails with it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MAKEFILE: &str = include_str!("makefile/Makefile");
const ONESHELL: &str = include_str!("makefile/oneshell.mk");

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: {name} is not in PATH");
    }
    found
}

/// The files below `folder`, with what is in them.
fn tree(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let text = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        found.push((path.display().to_string(), text));
        if path.is_dir() {
            tree(&path, found);
        }
    }
}

/// What `make` prints and makes for each of `goals` with a shell: output, errors and status, and the tree at the end.
fn run(make: &Path, shell: &Path, file: &str, text: &str, goals: &[&str]) -> Vec<(String, Vec<u8>)> {
    let root = testkit::temporary::Directory::new("makefile").unwrap();
    let (source, build) = (root.path().join("source"), root.path().join("build"));
    fs::create_dir(&source).unwrap();
    fs::create_dir(&build).unwrap();
    for (name, text) in [
        (file, text),
        ("config.in", "# comment\nprefix=@prefix@\nhome=@dollar@\nlist=@list@\n"),
        ("program.in", "echo @name@ \"$@\"\n"),
        ("table.txt", "1 2 3\n"),
        ("file with blanks.txt", "blanks\n"),
    ] {
        fs::write(source.join(name), text).unwrap();
    }
    let mut results = Vec::new();
    for goal in goals {
        let output = Command::new(make)
            .current_dir(&build)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .args(["-f", &format!("../source/{file}"), &format!("SHELL={}", shell.display())])
            .args(["DESTDIR=staging", goal])
            .output()
            .unwrap();
        let clean = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.replace(&*shell.display().to_string(), "SHELL").into_bytes()
        };
        results.push((format!("{goal}: output"), clean(&output.stdout)));
        results.push((format!("{goal}: errors"), clean(&output.stderr)));
        results.push((format!("{goal}: status"), format!("{:?}", output.status.code()).into_bytes()));
    }
    let mut files = Vec::new();
    tree(&build, &mut files);
    let base = root.path().display().to_string();
    results.extend(files.into_iter().map(|(path, text)| (path.replace(&base, ""), text)));
    results
}

fn compare(file: &str, text: &str, goals: &[&str]) -> Option<Vec<(String, Vec<u8>)>> {
    let (make, dash) = (in_path("make")?, in_path("dash")?);
    let ours = run(&make, Path::new(env!("CARGO_BIN_EXE_shell-alone")), file, text, goals);
    let theirs = run(&make, &dash, file, text, goals);
    let names = |results: &[(String, Vec<u8>)]| -> Vec<String> {
        results.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&ours), names(&theirs));
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert_eq!(String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs), "{name}");
    }
    Some(ours)
}

#[test]
fn recipes_do_the_same_as_with_dash() {
    let goals = ["all", "check", "install", "uninstall", "distdir"];
    let Some(results) = compare("Makefile", MAKEFILE, &goals) else { return };
    let text = |name: &str| {
        let found = results.iter().find(|(known, _)| known == name).unwrap();
        String::from_utf8_lossy(&found.1).into_owned()
    };
    // That both fail alike would be no success.
    assert_eq!(text("all: status"), "Some(0)", "{}", text("all: errors"));
    assert_eq!(text("check: status"), "Some(2)");
    assert!(text("check: output").contains("1 of 3 tests failed (1 skipped)"));
    assert_eq!(text("install: status"), "Some(0)", "{}", text("install: errors"));
    assert_eq!(text("/build/staging/usr/share/made/file with blanks.txt"), "blanks\n");
    assert_eq!(text("/build/config.status"), "prefix=/usr\nhome=$HOME\nlist=one two .\n");
    assert_eq!(text("distdir: status"), "Some(0)", "{}", text("distdir: errors"));
}

#[test]
fn a_recipe_as_one_script_does_the_same_as_with_dash() {
    let Some(results) = compare("oneshell.mk", ONESHELL, &["all"]) else { return };
    assert!(String::from_utf8_lossy(&results[0].1).ends_with("f 1 a b  c\nf 1 d\n"), "{results:?}");
}
