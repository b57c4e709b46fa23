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

/// A runner for service scripts: every word that starts or changes something only says what it was given, and all
/// functions of a script are called.
const RUNNER: &str = r#"
PATH=/nonexistent
say() { printf '%s' "$1"; shift; printf ' [%s]' "$@"; echo; }
for word in ebegin eend einfo ewarn eerror einfon eoutdent eindent vebegin veend veinfo vewarn need use want after before \
    provide keyword checkpath default_start default_stop fstabinfo mountinfo service_set_value service_get_value \
    get_bootparam mark_service_inactive kill rm mkdir chown chmod modprobe sysctl mount umount ip cat grep sed awk pgrep \
    pkill sleep ln cp mv touch su install find id stat ls readlink basename dirname cut tr head tail sort ps uname \
    hostname logger killall xargs expr seq; do
    eval "$word() { say $word \"\$@\"; }"
done
yesno() { case $1 in [Yy]*|1|[Tt]*|[Oo][Nn]) return 0;; esac; return 1; }
service_started() { return 1; }
RC_SVCNAME=$1 SVCNAME=$1 RC_SERVICE=/etc/init.d/$1 RC_CMD=start RC_RUNLEVEL=default RC_SYS=
[ -f /conf.d/$1 ] && . /conf.d/$1
. /init.d/$1
for name in command command_args command_background command_user description description_reload directory error_log \
    extra_commands extra_started_commands name output_log pidfile required_dirs required_files retry \
    start_stop_daemon_args supervisor supervise_daemon_args; do
    eval "printf '%s=[%s]\n' $name \"\${$name-unset}\""
done
for function in depend start_pre start start_post stop_pre stop stop_post reload checkconfig configtest status zap save \
    panic cleanup setup; do
    case $(command -v $function) in
    $function) echo "== $function"; ( $function ); echo "-> $?" ;;
    esac
done
"#;

/// What `shell` prints for all functions of the service `name`. It is alone in a folder that it takes for the root, in
/// namespaces of its own: there is nothing that it could change.
fn run_service(shell: &Path, arguments: &[&str], name: &str) -> Vec<u8> {
    let output = Command::new("unshare")
        .args(["-Urmpf", "chroot"])
        .arg(shell.parent().and_then(Path::parent).unwrap())
        .arg(Path::new("/bin").join(shell.file_name().unwrap()))
        .args(arguments)
        .args(["/runner", name])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let mut text = output.stdout;
    text.extend_from_slice(format!("{}", output.status).as_bytes());
    text
}

#[test]
fn service_scripts_do_what_they_do_under_ash() {
    let Some(folder) = folder("openrc") else { return };
    let Some(busybox) = std::env::var_os("TARN_PEER_BUSYBOX") else {
        eprintln!("skipped: TARN_PEER_BUSYBOX is not set");
        return;
    };
    let root = testkit::temporary::Directory::new("services").unwrap();
    let bin = root.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy(busybox, bin.join("busybox")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_shell-alone"), bin.join("sh")).unwrap();
    // Ours may be linked to libraries here.
    copy_libraries(&bin.join("sh"), root.path());
    fs::write(root.path().join("runner"), RUNNER).unwrap();
    for part in ["init.d", "conf.d"] {
        fs::create_dir(root.path().join(part)).unwrap();
        for file in entries(&folder.join(part)) {
            fs::copy(&file, root.path().join(part).join(file.file_name().unwrap())).unwrap();
        }
    }
    let able = Command::new("unshare").args(["-Urmpf", "true"]).status();
    if !able.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no namespaces of its own");
        return;
    }
    for script in entries(&root.path().join("init.d")) {
        let name = script.file_name().unwrap().to_str().unwrap();
        let theirs = run_service(&bin.join("busybox"), &["ash"], name);
        let ours = run_service(&bin.join("sh"), &[], name);
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs), "{name}");
        assert!(ours.len() > 300, "{name}: {}", String::from_utf8_lossy(&ours));
    }
}

/// Copies the shared libraries of a program to the same places below `root`.
fn copy_libraries(program: &Path, root: &Path) {
    let listed = Command::new("ldd").arg(program).output().unwrap();
    for word in
        String::from_utf8_lossy(&listed.stdout).split_whitespace().filter(|word| word.starts_with('/'))
    {
        let to = root.join(&word[1..]);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(word, to).unwrap();
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
