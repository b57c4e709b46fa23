//! Conversations on a terminal: getty, login, passwd and sulogin as somebody at the keys meets them.
//!
//! The terminal is that of script(1), in a mount namespace with an /etc of its own. Where root, namespaces or script(1)
//! are missing, the tests say so and check nothing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps a test fails with it")]

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use testkit::temporary::Directory;

const LIMIT: Duration = Duration::from_secs(40);

struct Terminal {
    folder: Directory,
    child: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// Runs `rbox COMMAND` on a terminal. `hash` is root's password field.
    fn start(command: &str, hash: &str) -> Option<Terminal> {
        if !possible() {
            eprintln!("skipped: needs root, mount namespaces and script(1)");
            return None;
        }
        let folder = Directory::new("terminal").unwrap();
        let etc = folder.path().join("etc");
        fs::create_dir(&etc).unwrap();
        for (name, text) in [
            ("passwd", "root:x:0:0:root:/:/bin/sh\nann:x:1000:1000::/:/bin/sh\n".to_string()),
            ("group", "root:x:0:\nann:x:1000:\n".to_string()),
            ("shadow", format!("root:{hash}:0:::::\nann::0:::::\n")),
            ("issue", "Lake \\l %% \\s\n".to_string()),
            ("motd", "message of the day\n".to_string()),
        ] {
            fs::write(etc.join(name), text).unwrap();
        }
        let rbox = env!("CARGO_BIN_EXE_rbox");
        let mut child = Command::new("unshare")
            .args(["-m", "sh", "-c"])
            .arg(
                "mount --bind \"$1\" /etc && { [ ! -e /dev/kmsg ] || mount --bind /dev/null /dev/kmsg; } && \
                 exec script -qfec \"$2\" /dev/null",
            )
            .arg("sh")
            .arg(&etc)
            .arg(format!("exec {rbox} {command}"))
            .env("SHELL", "/bin/sh")
            .env("TERM", "dumb")
            .env_remove("LOGIN_TIMEOUT")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let keys = child.stdin.take().unwrap();
        let mut screen = child.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Some(Terminal { folder, child, keys, output, seen: String::new() })
    }

    /// Waits for a text, and forgets what was before its end.
    fn expect(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(place) = self.seen.find(text) {
                let before = self.seen[..place].to_string();
                self.seen.drain(..place + text.len());
                return before;
            }
            let left = LIMIT.saturating_sub(start.elapsed());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("'{text}' does not come after:\n{}", self.seen),
            }
        }
    }

    fn enter(&mut self, line: &str) {
        self.keys.write_all(format!("{line}\r").as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn etc(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("etc").join(name)).unwrap()
    }

    fn end(mut self) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(start.elapsed() < LIMIT, "still running");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn possible() -> bool {
    let works = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    works("sh", &["-c", "[ $(id -u) = 0 ]"])
        && works("unshare", &["-m", "mount", "--bind", "/tmp", "/tmp"])
        && works("script", &["-qc", "true", "/dev/null"])
}

/// sha256-crypt of "secret", with few rounds to be quick.
const SECRET: &str = "$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7";

#[test]
fn login_asks_until_the_password_fits() {
    let Some(mut terminal) = Terminal::start("login", SECRET) else { return };
    terminal.expect("login: ");
    terminal.enter("root");
    terminal.expect("Password: ");
    terminal.enter("wrong");
    let shown = terminal.expect("Login incorrect");
    assert!(!shown.contains("wrong"), "the password is shown: {shown}");
    terminal.expect("login: ");
    terminal.enter("nobody-there");
    terminal.expect("Password: ");
    terminal.enter("secret");
    terminal.expect("Login incorrect");
    terminal.expect("login: ");
    terminal.enter("root");
    terminal.expect("Password: ");
    terminal.enter("secretx\x7f"); // a letter taken back
    terminal.expect("message of the day");
    terminal.enter("echo in:$0:$USER:$HOME:$SHELL");
    terminal.expect("in:-sh:root:/:/bin/sh");
    terminal.enter("exit 7");
    assert_eq!(terminal.end(), 7);
}

#[test]
fn login_lets_in_who_needs_no_password() {
    let Some(mut terminal) = Terminal::start("login -- ann", SECRET) else { return };
    terminal.expect("message of the day");
    terminal.enter("echo in:$(id -u):$(id -g):$LOGNAME");
    terminal.expect("in:1000:1000:ann");
    terminal.enter("exit");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn login_keeps_a_locked_account_out() {
    let Some(mut terminal) = Terminal::start("login root", "!") else { return };
    terminal.expect("Password: ");
    terminal.enter("");
    terminal.expect("Login incorrect");
    terminal.expect("login: ");
    terminal.keys.write_all(b"\x04").unwrap(); // Ctrl-D
    assert_eq!(terminal.end(), 1);
}

#[test]
fn getty_shows_the_issue_and_hands_over_the_name() {
    let Some(mut terminal) = Terminal::start("getty -l /bin/echo -H far 0 - vt100", "") else { return };
    let issue = terminal.expect(" login: ");
    assert!(issue.contains("Lake pts/") && issue.contains("% Linux"), "{issue}");
    terminal.enter("-x\x7fann");
    terminal.expect("-h far -- -ann");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn passwd_asks_twice() {
    let Some(mut terminal) = Terminal::start("passwd root", "!") else { return };
    terminal.expect("New password: ");
    terminal.enter("tarn lake");
    terminal.expect("Retype password: ");
    terminal.enter("tarn lake");
    terminal.expect("password for root changed by root");
    assert!(terminal.etc("shadow").starts_with("root:$6$"));
    assert!(terminal.etc("shadow-").starts_with("root:!:"));
    assert_eq!(terminal.end(), 0);
}

#[test]
fn sulogin_gives_up_by_control_d() {
    let Some(mut terminal) = Terminal::start("sulogin", SECRET) else { return };
    terminal.expect("normal startup): ");
    terminal.keys.write_all(b"\x04").unwrap();
    terminal.expect("Normal startup");
    assert_eq!(terminal.end(), 0);

    let Some(mut terminal) = Terminal::start("sulogin", SECRET) else { return };
    terminal.expect("normal startup): ");
    terminal.enter("secret");
    terminal.enter("echo in:$USER");
    terminal.expect("in:root");
    terminal.enter("exit");
    assert_eq!(terminal.end(), 0);
}
