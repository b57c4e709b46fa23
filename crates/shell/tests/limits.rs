//! The shell where the system refuses: no more processes.

use std::path::Path;
use std::process::Command;

/// Runs a script as a user who may have one process, and gives status, standard output and standard error.
fn run(script: &str) -> Option<(Option<i32>, String, String)> {
    let folder = testkit::temporary::Directory::new("shell-limits").expect("a temporary folder");
    // The user has to reach the program, wherever it was built.
    let program = folder.path().join("sh");
    std::fs::copy(env!("CARGO_BIN_EXE_shell-alone"), &program).expect("a copy of the shell");
    std::os::unix::fs::chown(folder.path(), Some(65534), None).ok();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(folder.path()).expect("the folder"));
    let mut command = if owner == 65534 {
        // Root may start as many as it likes.
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    if owner == 65534 && !Path::new("/usr/bin/setpriv").exists() {
        eprintln!("skipped: root without setpriv");
        return None;
    }
    let output = command.args(["-c", &format!("ulimit -u 1; {script}")]).output().expect("the shell starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some((output.status.code(), text(output.stdout), text(output.stderr)))
}

#[test]
fn a_fork_that_fails_is_reported() {
    let refused = "can't fork: Resource temporarily unavailable\n";
    for (script, status, stdout) in [
        ("(echo sub); echo not reached", 2, ""),
        ("x=$(echo a; echo b); echo not reached", 2, ""),
        ("echo a | { cat; :; }; echo not reached", 2, ""),
        (": & echo not reached", 2, ""),
        ("trap 'echo left' EXIT; (:); echo not reached", 2, "left\n"),
        ("/bin/echo a; echo $?", 0, "2\n"),
        ("x=$(/bin/echo a); echo $?", 0, "2\n"),
    ] {
        let Some((code, out, error)) = run(script) else { return };
        assert_eq!((code, out.as_str()), (Some(status), stdout), "{script}");
        assert!(error.ends_with(refused), "{script}: {error}");
    }
}
