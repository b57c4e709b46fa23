//! init as PID 1 of a container: a PID namespace of its own, with an /etc of its own.
//!
//! Where namespaces are not to be had, the tests say so and check nothing.

#![allow(clippy::unwrap_used)] // what a test needs and does not get is its failure

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::temporary::Directory;

const LIMIT: Duration = Duration::from_secs(30);

struct Container {
    folder: Directory,
    child: Child,
}

impl Container {
    /// Starts init with that inittab. `$log` in it is the path of a file that the test reads.
    fn start(inittab: &str) -> Option<Container> {
        if !namespaces() {
            eprintln!("skipped: no namespaces here");
            return None;
        }
        let folder = Directory::new("init").unwrap();
        let log = folder.path().join("log");
        fs::create_dir(folder.path().join("etc")).unwrap();
        fs::write(folder.path().join("etc/inittab"), inittab.replace("$log", log.to_str().unwrap())).unwrap();
        fs::write(&log, "").unwrap();
        let child = Command::new("unshare")
            .args([
                "-rmpf",
                "--kill-child",
                "--mount-proc",
                "sh",
                "-c",
                "mount --bind \"$1\" /etc && exec \"$2\"",
                "sh",
            ])
            .arg(folder.path().join("etc"))
            .arg(env!("CARGO_BIN_EXE_init"))
            .env("CONSOLE", "/dev/null")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Container { folder, child })
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn write_inittab(&self, text: &str) {
        let log = self.folder.path().join("log");
        let text = text.replace("$log", log.to_str().unwrap());
        fs::write(self.folder.path().join("etc/inittab"), text).unwrap();
    }

    /// Waits until the log says what it should.
    fn expect(&self, what: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let log = self.log();
            if what(&log) {
                return log;
            }
            assert!(start.elapsed() < LIMIT, "the log stays at:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, name: &str) {
        // `unshare -f` waits for init, its only child.
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let pid = fs::read_to_string(children).unwrap();
        assert!(Command::new("kill").args([&format!("-{name}"), pid.trim()]).status().unwrap().success());
    }

    /// Waits for the container's end.
    fn wait(mut self) -> String {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < LIMIT, "still there; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.log()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn namespaces() -> bool {
    let probe =
        Command::new("unshare").args(["-rmpf", "--mount-proc", "true"]).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success()) && Path::new("/proc/self/ns/pid").exists()
}

#[test]
fn boots_in_order_respawns_and_ends_in_order() {
    let table = "::respawn:echo respawn >>$log; sleep 0.1\n\
        ::once:echo once >>$log\n\
        ::wait:sleep 0.1; echo wait >>$log\n\
        ::sysinit:sleep 0.1; echo first >>$log\n\
        ::sysinit:echo second >>$log\n\
        ::shutdown:echo shutdown >>$log\n";
    let Some(container) = Container::start(table) else { return };
    let log = container.expect(|log| log.matches("respawn").count() >= 2 && log.contains("once"));
    assert!(log.starts_with("first\nsecond\nwait\n"), "{log}");
    container.signal("USR2");
    let log = container.wait();
    assert_eq!(log.matches("shutdown").count(), 1, "{log}");
    assert_eq!(log.matches("once").count(), 1, "{log}");
}

#[test]
fn a_hung_boot_step_does_not_keep_the_system_from_ending() {
    let table = "::sysinit:trap 'echo asked >>$log; exit' TERM; echo hangs >>$log; while :; do sleep 0.05; done\n\
        ::wait:echo never >>$log\n\
        ::shutdown:echo shutdown >>$log\n";
    let Some(container) = Container::start(table) else { return };
    container.expect(|log| log.contains("hangs"));
    container.signal("TERM");
    assert_eq!(container.wait(), "hangs\nshutdown\nasked\n");
}

#[test]
fn ctrl_alt_del_is_heard_while_a_boot_step_hangs() {
    let table = "::sysinit:echo hangs >>$log; while :; do sleep 0.05; done\n\
        ::ctrlaltdel:echo pressed >>$log; kill -TERM 1\n";
    let Some(container) = Container::start(table) else { return };
    container.expect(|log| log.contains("hangs"));
    container.signal("INT");
    assert_eq!(container.wait(), "hangs\npressed\n");
}

#[test]
fn nothing_is_started_again_while_it_pauses() {
    let Some(container) = Container::start("::respawn:echo up >>$log; sleep 0.2\n") else { return };
    container.expect(|log| log.contains("up"));
    container.signal("TSTP");
    std::thread::sleep(Duration::from_millis(1500));
    let before = container.log().matches("up").count();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(container.log().matches("up").count(), before);
    container.signal("CONT");
    container.expect(|log| log.matches("up").count() > before);
    container.signal("USR2");
    container.wait();
}

#[test]
fn what_does_not_end_by_term_is_killed() {
    let Some(container) =
        Container::start("::once:trap '' TERM; echo deaf >>$log; while :; do sleep 0.05; done\n")
    else {
        return;
    };
    container.expect(|log| log.contains("deaf"));
    let start = Instant::now();
    container.signal("USR1");
    container.wait();
    assert!(start.elapsed() >= Duration::from_secs(4), "TERM must be given time");
}

#[test]
fn a_shell_that_ignores_term_hangs_up() {
    let table = "::respawn:trap '' TERM; trap 'echo hung up >>$log; exit' HUP; echo deaf >>$log; while :; do sleep 0.05; done\n";
    let Some(container) = Container::start(table) else { return };
    container.expect(|log| log.contains("deaf"));
    let start = Instant::now();
    container.signal("USR2");
    assert!(container.wait().contains("hung up"));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn reads_the_inittab_again() {
    let Some(container) = Container::start(
        "::respawn:trap 'echo gone >>$log; exit' TERM; echo old >>$log; while :; do sleep 0.05; done\n\
         ::respawn:echo stays >>$log; while :; do sleep 0.05; done\n",
    ) else {
        return;
    };
    container.expect(|log| log.contains("old") && log.contains("stays"));
    container.write_inittab(
        "::respawn:echo stays >>$log; while :; do sleep 0.05; done\n\
         ::respawn:echo new >>$log; while :; do sleep 0.05; done\n\
         ::sysinit:echo never >>$log\n",
    );
    container.signal("HUP");
    let log = container.expect(|log| log.contains("new") && log.contains("gone"));
    assert_eq!((log.matches("stays").count(), log.matches("old").count()), (1, 1), "{log}");
    assert!(!log.contains("never"), "{log}");
    container.signal("USR2");
    container.wait();
}

#[test]
fn a_process_that_ends_at_once_does_not_spin() {
    let Some(container) = Container::start("::respawn:echo again >>$log; exit 3\n") else { return };
    container.expect(|log| log.contains("again"));
    std::thread::sleep(Duration::from_millis(2500));
    let starts = container.log().matches("again").count();
    assert!((2..=4).contains(&starts), "{starts} starts");
    container.signal("USR2");
    container.wait();
}

#[test]
fn restart_puts_another_program_in_its_place() {
    let Some(container) = Container::start(
        "::shutdown:echo down >>$log\n::restart:sh -c 'echo $$ >>$log'\n::once:echo up >>$log\n",
    ) else {
        return;
    };
    container.expect(|log| log.contains("up"));
    container.signal("QUIT");
    assert_eq!(container.wait(), "up\ndown\n1\n");
}

#[test]
fn reaps_orphans() {
    let Some(container) = Container::start(
        "::once:(sleep 0.2 & sleep 0.2 &) ; sleep 0.5; ps -A -o stat | grep -c Z >>$log; echo done >>$log\n",
    ) else {
        return;
    };
    assert_eq!(container.expect(|log| log.contains("done")), "0\ndone\n");
    container.signal("USR2");
    container.wait();
}

#[test]
fn is_not_for_calling() {
    let output = Command::new(env!("CARGO_BIN_EXE_init")).arg("q").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("kill -HUP 1"));
}
