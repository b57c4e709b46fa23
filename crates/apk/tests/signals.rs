//! Signals that ask for the end, while something is fetched and while a root is changed.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::server::Server;
use common::{Packages, Scratch};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PACKAGES: &str = "\
package v2 small 1
  d usr 755
  f usr/small 644 x
package v2 asks 1
  d usr 755
  f usr/asks 644 x
  s post-install kill -INT $PPID; echo installed >&2
package v2 later 1 depends=asks
  d usr 755
  f usr/later 644 x
  s post-install touch usr/later-was-here
";

fn command(scratch: &Path, repository: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
    command.args(["--root", "root", "--repository", repository, "--allow-untrusted", "--arch", "x86_64"]);
    command.args(["--no-logfile", "--force-no-chroot"]).args(words).current_dir(scratch);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn prepare(name: &str) -> (Scratch, Server) {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // Background jobs of some shells ignore it, and so would the command.
        sys::catch::set(signal as i32, sys::catch::Disposition::Default).unwrap();
    }
    let scratch = Scratch::new(name);
    Packages::parse(PACKAGES).write(&scratch.path);
    let root = scratch.path.join("root");
    fs::create_dir(&root).unwrap();
    assert!(command(&scratch.path, "v2", &["--initdb", "add"]).output().unwrap().status.success());
    let server = Server::start(scratch.path.clone());
    (scratch, server)
}

/// Waits until something is so, but not for ever.
fn wait_until(what: &str, is_so: &mut dyn FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends the signal and gives how the program ended, as a shell would: 128 and the number of the signal; and what it said.
fn stop(child: Child, signal: Signal) -> (i32, String) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    let output = child.wait_with_output().unwrap();
    let status = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap());
    (status, String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn an_index_that_does_not_come() {
    let (scratch, server) = prepare("signal-index");
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let url = format!("http://127.0.0.1:{}/stall/v2", server.port);
        let before = server.requests.lock().unwrap().len();
        let child = command(&scratch.path, &url, &["update"]).spawn().unwrap();
        wait_until("a request", &mut || server.requests.lock().unwrap().len() > before);
        assert_eq!(stop(child, signal), (status, String::new()), "{signal}");
        assert_eq!(names(&scratch.path.join("root/var/cache/apk")), [""; 0], "{signal}");
    }
}

#[test]
fn a_package_is_taken_up_by_the_next_run() {
    let (scratch, server) = prepare("signal-package");
    let url = |kind: &str| format!("http://127.0.0.1:{}/{kind}v2", server.port);
    let cache = scratch.path.join("root/var/cache/apk");
    let part = cache.join("small-1.apk.new.part");
    let child = command(&scratch.path, &url("lazy/"), &["add", "small"]).spawn().unwrap();
    wait_until("a part of a package", &mut || part.metadata().is_ok_and(|part| part.len() > 0));
    let (status, said) = stop(child, Signal::SIGINT);
    assert_eq!((status, said.as_str()), (130, ""));
    assert!(!scratch.path.join("root/lib/apk/db/journal").exists());
    assert!(names(&scratch.path.join("root")).contains(&"etc".to_string()));
    assert!(!scratch.path.join("root/usr").exists());

    let size = part.metadata().unwrap().len();
    let output = command(&scratch.path, &url(""), &["add", "small"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(scratch.path.join("root/usr/small")).unwrap(), "x\n");
    let requests = server.requests.lock().unwrap();
    assert!(requests.last().unwrap().contains(&format!("Range: bytes={size}-\r\n")), "{requests:?}");
    assert!(names(&cache).iter().all(|name| name.starts_with("APKINDEX.")), "{:?}", names(&cache));
}

#[test]
fn a_part_of_another_file_does_no_harm() {
    let (scratch, server) = prepare("signal-other");
    let url = format!("http://127.0.0.1:{}/v2", server.port);
    let cache = scratch.path.join("root/var/cache/apk");
    fs::create_dir_all(&cache).unwrap();
    for part in ["x".repeat(20), "y".repeat(100_000)] {
        fs::write(cache.join("small-1.apk.new.part"), part).unwrap();
        let output = command(&scratch.path, &url, &["add", "small"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(command(&scratch.path, &url, &["del", "small"]).output().unwrap().status.success());
    }
}

#[test]
fn the_lock_is_not_waited_for() {
    let (scratch, _server) = prepare("signal-lock");
    let lock = fs::File::options()
        .create(true)
        .append(true)
        .open(scratch.path.join("root/lib/apk/db/lock"))
        .unwrap();
    lock.lock().unwrap();
    let mut child = command(&scratch.path, "v2", &["--wait", "30", "add", "small"]).spawn().unwrap();
    // The line says that it waits.
    let mut line = [0; 8];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut line).unwrap();
    let (status, _) = stop(child, Signal::SIGINT);
    assert_eq!(status, 130);
}

#[test]
fn what_was_begun_is_finished() {
    let (scratch, _server) = prepare("signal-commit");
    // The script of the first package asks for the end, when there is no way back.
    let output = command(&scratch.path, "v2", &["add", "later"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(said.ends_with("OK: 4 B in 2 packages\n"), "{said}");
    let root = scratch.path.join("root");
    let installed = fs::read_to_string(root.join("lib/apk/db/installed")).unwrap();
    assert!(installed.contains("P:later\n") && !installed.contains("\nf:"), "{installed}");
    assert!(root.join("usr/later-was-here").exists());
    assert!(!root.join("lib/apk/db/journal").exists());
}
