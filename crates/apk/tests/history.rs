//! `history`, `undo`, `lock` and `--locked`, on a root of its own.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs;
use std::process::Command;

use common::{Packages, Scratch};

const PACKAGES: &str = "\
package v2 a 1
  d usr 755
  f usr/a 644 one
package v2 a 2
  d usr 755
  f usr/a 644 two
package v2 b 1 depends=a
  d usr 755
  f usr/b 644 one
";

/// Runs a command line; its output and exit code.
fn apk(scratch: &Scratch, words: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
    command.args(["--root", "root", "--repository", "v2", "--allow-untrusted", "--arch", "x86_64"]);
    let output = command.args(words.split(' ')).current_dir(&scratch.path).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap())
}

fn new_root() -> Scratch {
    let scratch = Scratch::new("history");
    Packages::parse(PACKAGES).write(&scratch.path);
    assert_eq!(apk(&scratch, "--initdb add").1, 0);
    scratch
}

#[test]
fn runs_are_taken_back() {
    let scratch = new_root();
    let world = || fs::read_to_string(scratch.path.join("root/etc/apk/world")).unwrap();
    let file = || fs::read_to_string(scratch.path.join("root/usr/a")).unwrap_or_default();
    assert_eq!(apk(&scratch, "undo"), ("ERROR: there is no run that changed anything\n".to_string(), 99));
    for (words, expected_world, expected_file) in [
        ("add a=1", "a=1\n", "one\n"),
        ("undo", "\n", ""),
        ("add a=1", "a=1\n", "one\n"),
        ("add a=2", "a=2\n", "two\n"),
        ("undo", "a\n", "one\n"),
        ("add b", "a\nb\n", "one\n"),
        ("del a b", "\n", ""),
        ("undo", "a\nb\n", "one\n"),
        ("undo -s", "a\nb\n", "one\n"),
    ] {
        let (text, code) = apk(&scratch, words);
        assert_eq!(code, 0, "{words}: {text}");
        assert_eq!((world().as_str(), file().as_str()), (expected_world, expected_file), "{words}: {text}");
    }
    let (text, _) = apk(&scratch, "history");
    assert_eq!(text.lines().filter(|line| !line.starts_with(' ')).count(), 8, "{text}");
    let (text, _) = apk(&scratch, "history --format json 4");
    let change = "{\"action\": \"upgrade\", \"name\": \"a\", \"old\": \"1\", \"new\": \"2\"}";
    assert!(text.starts_with("[\n  {\n    \"number\": 4,\n") && text.contains(change), "{text}");
    let later = "ERROR: a is 1; after run 4 it was 2: undo later runs first\n";
    assert_eq!(apk(&scratch, "undo 4"), (later.to_string(), 99));
    assert_eq!(apk(&scratch, "undo 77").0, "ERROR: 77: no such run, see 'apk history'\n");
}

#[test]
fn what_cannot_be_had_is_said() {
    let scratch = new_root();
    assert_eq!(apk(&scratch, "add a=1").1, 0);
    assert_eq!(apk(&scratch, "add a=2").1, 0);
    let newer =
        PACKAGES.split_once("package v2 a 2").map(|(_, rest)| format!("package v2 a 2{rest}")).unwrap();
    Packages::parse(&newer).write(&scratch.path);
    let text = "ERROR: a-1 is no longer available from a repository\n";
    assert_eq!(apk(&scratch, "undo"), (text.to_string(), 99));
}

#[test]
fn locked_packages_come_again() {
    let scratch = new_root();
    assert_eq!(apk(&scratch, "add a=1 b").1, 0);
    assert_eq!(apk(&scratch, "lock -o lock").1, 0);
    fs::remove_dir_all(scratch.path.join("root")).unwrap();
    assert_eq!(apk(&scratch, "--initdb add --lock-file lock a b").1, 0);
    assert_eq!(fs::read_to_string(scratch.path.join("root/usr/a")).unwrap(), "one\n");
    assert_eq!(apk(&scratch, "upgrade --lock-file lock").1, 0);
    assert_eq!(fs::read_to_string(scratch.path.join("root/usr/a")).unwrap(), "one\n");
    assert_eq!(apk(&scratch, "upgrade").1, 0);
    assert_eq!(fs::read_to_string(scratch.path.join("root/usr/a")).unwrap(), "two\n");
    assert_eq!(apk(&scratch, "lock").1, 0);
    assert_eq!(apk(&scratch, "fix --locked a").1, 0);
    // Another package under the same name and version is not the one.
    let other = PACKAGES.replace("f usr/b 644 one", "f usr/b 644 other");
    Packages::parse(&other).write(&scratch.path);
    assert_eq!(apk(&scratch, "del b").1, 0);
    let (text, code) = apk(&scratch, "add --locked b");
    assert_eq!((text.as_str(), code), ("ERROR: b-1 is not the package that is locked\n", 99));
    fs::write(scratch.path.join("root/etc/apk/lock"), "a 2\n").unwrap();
    let (text, _) = apk(&scratch, "add --locked b");
    assert_eq!(text, "ERROR: root/etc/apk/lock: line 1 is no locked package\n");
}
