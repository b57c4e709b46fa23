//! Real scripts: the recipes and service scripts of a distribution, read and evaluated as BusyBox's ash does.
//!
//! `$TARN_TESTDATA` names the folder that holds `aports/<name>/APKBUILD` and `openrc/init.d/<name>`; without it, and
//! without an ash to compare with, there is nothing to test, which is said.

#![expect(clippy::unwrap_used, reason = "what helps a test fails with it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shell::Shell;

/// The folder `name` of the test data, or None with a word about it.
fn folder(name: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("TARN_TESTDATA") else {
        eprintln!("skipped: TARN_TESTDATA is not set");
        return None;
    };
    let folder = Path::new(&data).join(name);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn service_scripts_parse() {
    let Some(folder) = folder("openrc/init.d") else { return };
    for script in entries(&folder) {
        let text = fs::read(&script).unwrap();
        let result = Shell::new().check_syntax(&text);
        assert!(result.is_ok(), "{}: {result:?}", script.display());
    }
}

/// What a builder sets and defines before it reads a recipe.
const BEFORE: &str = "\
CARCH=x86_64 CTARGET_ARCH=x86_64 CBUILD_ARCH=x86_64 CLIBC=musl BOOTSTRAP=
CHOST=x86_64-alpine-linux-musl CBUILD=$CHOST CTARGET=$CHOST
srcdir=/s pkgdir=/p builddir=/b
want_check() { return 0; }
";

const VARIABLES: &[&str] = &[
    "pkgname",
    "pkgver",
    "pkgrel",
    "pkgdesc",
    "url",
    "arch",
    "license",
    "depends",
    "depends_dev",
    "makedepends",
    "checkdepends",
    "source",
    "subpackages",
    "options",
    "provides",
    "replaces",
    "install",
    "triggers",
    "builddir",
    "sha512sums",
];

#[test]
fn recipes_have_the_values_that_ash_gives() {
    let Some(folder) = folder("aports") else { return };
    let Some(busybox) = std::env::var_os("TARN_PEER_BUSYBOX") else {
        eprintln!("skipped: TARN_PEER_BUSYBOX is not set");
        return;
    };
    for port in entries(&folder) {
        let recipe = port.join("APKBUILD");
        if !recipe.is_file() {
            continue;
        }
        let print: String = VARIABLES
            .iter()
            .map(|name| format!("printf '%s=[%s]\\n' {name} \"${{{name}-unset}}\"\n"))
            .collect();
        let script = format!("startdir={}\n{BEFORE}. {}\n{print}", port.display(), recipe.display());
        let output = Command::new(&busybox).args(["ash", "-c", &script]).output().unwrap();

        let mut shell = Shell::new();
        shell.run_text(format!("startdir={}\n{BEFORE}", port.display()).as_bytes(), b"before");
        shell.run_text(format!(". {}", recipe.display()).as_bytes(), b"recipe");
        let mut ours = String::new();
        for name in VARIABLES {
            let value = shell.variable(name.as_bytes()).unwrap_or_else(|| b"unset".to_vec());
            ours += &format!("{name}=[{}]\n", String::from_utf8_lossy(&value));
        }
        assert_eq!(ours, String::from_utf8_lossy(&output.stdout), "{}", recipe.display());
        assert_eq!(shell.take_error(), None, "{}", recipe.display());
    }
}
