//! vi and less on a terminal: keys are typed, and the text that then is in the file, or the screen, is looked at.
//! `TARN_PEER_BUSYBOX` names another program that must do the same, except where a case says that it does not.

#![expect(clippy::unwrap_used, reason = "what helps a test fails with it")]

use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use testkit::temporary::Directory;

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `program APPLET ARGUMENTS` on a terminal of 24 rows and 80 columns, types `keys`, and waits for the end. Gives what
/// it has written, or None if it did not end.
fn converse(program: &str, arguments: &[&str], folder: &Directory, keys: &str) -> Option<String> {
    converse_slowly(program, arguments, folder, keys, Duration::from_millis(PAUSES_MS[0]))
}

/// The same, with so long a pause behind each ESC, which alone is known by it.
fn converse_slowly(
    program: &str,
    arguments: &[&str],
    folder: &Directory,
    keys: &str,
    pause: Duration,
) -> Option<String> {
    let (master, slave) = sys::pty::open().unwrap();
    sys::pty::set_size(&master, 80, 24).unwrap();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "vt100")
        .env("LC_ALL", "C.UTF-8");
    sys::pty::attach(&mut command, &slave).unwrap();
    let mut child = command.spawn().unwrap();
    drop((slave, command));
    let mut screen = master.try_clone().unwrap();
    let (sender, drawn) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..count]);
            let _ = sender.send(());
        }
        seen
    });
    let mut master = master;
    // What is typed before the program has set the terminal's modes is not what it gets.
    let _ = drawn.recv_timeout(LIMIT);
    for part in keys.split_inclusive('\x1b') {
        master.write_all(part.as_bytes()).unwrap();
        if part.ends_with('\x1b') {
            std::thread::sleep(pause);
        }
    }
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(master);
    Some(String::from_utf8_lossy(&reader.join().unwrap()).into_owned())
}

/// Text, keys, and the text then; what the peer does not do is marked.
const CASES: &[(&str, &str, &str, bool)] = &[
    ("", "ihello\x1b", "hello\n", true),
    ("one\n", "Atwo\x1bIzero \x1b", "zero onetwo\n", true),
    ("a\nb\nc\n", "jdd", "a\nc\n", true),
    ("a\nb\nc\n", "2ddp", "c\na\nb\n", true),
    ("a\nb\nc\n", "ddjp", "b\nc\na\n", true),
    ("one two three\n", "wdw", "one three\n", true),
    ("one two three\n", "wcwTWO\x1b", "one TWO three\n", true),
    ("one two three\n", "cwx\x1bw.", "x x three\n", true),
    ("a b c d\n", "2dw", "c d\n", true),
    ("a b c d\n", "d2w", "c d\n", false),
    ("a (b [c] d) e\n", "f(d%", "a  e\n", true),
    ("abc\n", "x", "bc\n", true),
    ("abc\n", "$x", "ab\n", true),
    ("abcdef\n", "3x", "def\n", true),
    ("abc\n", "$X", "ac\n", true),
    ("abc\n", "rx", "xbc\n", true),
    ("abc\n", "Rxy\x1b", "xyc\n", true),
    ("abc def\n", "wD", "abc \n", true),
    ("abc def\n", "wCx\x1b", "abc x\n", true),
    ("abc\n", "~", "Abc\n", true),
    ("a\nb\nc\n", "J", "a b\nc\n", true),
    ("a\nb\n", "yyp", "a\na\nb\n", true),
    ("a\nb\n", "yyjp", "a\nb\na\n", true),
    ("a\nb\n", "jyyP", "a\nb\nb\n", true),
    ("a b\n", "ywP", "a a b\n", false),
    ("a\nb\nc\n", "\"ayyjddk\"ap", "a\na\nc\n", true),
    ("a\n", "onew\x1bOup\x1b", "a\nup\nnew\n", true),
    ("a\nb\n", "ddu", "a\nb\n", true),
    ("abc\n", "xxxuu", "bc\n", true),
    ("abc\n", "xxuu\x12\x12", "c\n", false),
    ("a\nb\nc\n", "G>>", "a\nb\n\tc\n", true),
    ("\ta\n", "<<", "a\n", true),
    ("one two\nthree two\n", "/two\rcwX\x1bn.", "one X\nthree X\n", true),
    ("a1\na2\na3\n", "G?a1\rx", "1\na2\na3\n", true),
    ("aXbXc\n", "fX;x", "aXbc\n", true),
    ("aXbXc\n", "$TXx", "aXbX\n", true),
    ("a,b,c\n", "dt,", ",b,c\n", false),
    ("a\nb\nc\nd\n", "maj:'a,.d\r", "c\nd\n", true),
    ("a\nb\nc\nd\n", ":2,3d\r", "a\nd\n", true),
    ("a\nb\nc\nd\n", ":$d\r:1\rx", "\nb\nc\n", true),
    ("foo bar foo\n", ":s/foo/x/\r", "x bar foo\n", true),
    ("foo foo\nfoo\n", ":%s/foo/x/g\r", "x x\nx\n", true),
    ("ab\n", ":s/\\(a\\)\\(b\\)/\\2\\1/\r", "ba\n", false),
    ("a b\nc d\n", ":%s/^\\([a-z]\\) \\([a-z]\\)$/\\2&\\1/\r", "ba ba\ndc dc\n", false),
    ("a\nb\nc\n", "Vjd", "c\n", false),
    ("abcdef\n", "lvld", "adef\n", false),
    ("a\nb\nc\n", ":2\rmx1GyyG'xP", "a\na\nb\nc\n", true),
    ("  a\n", ":set ai\rob\x1b", "  a\n  b\n", true),
    ("b\na\n", ":%!sort\r", "a\nb\n", false),
    ("a\n", ":r!echo b\r", "a\nb\n", false),
    ("\u{e4}\u{f6}\u{fc}\n", "lx", "\u{e4}\u{fc}\n", false),
    ("a\n\nb\n", "}dd", "a\nb\n", true),
    ("abc\n", "3ix\x1b", "xxxabc\n", false),
    ("ab\n", "Ac\x7fd\x1b", "abd\n", true),
    ("a b c\n", "$bdb", "b c\n", true),
    ("no end", "A!\x1b", "no end!\n", true),
];

/// The pauses behind ESC, in milliseconds, that are tried.
const PAUSES_MS: [u64; 3] = [120, 400, 1500];

/// What is in a file of `text` after vi was given `keys`; what was there and a note if vi did not end.
fn edit(program: &str, text: &str, keys: &str, pause_ms: u64) -> String {
    let folder = Directory::new("editor").unwrap();
    let file = folder.path().join("f");
    std::fs::write(&file, text).unwrap();
    let keys = format!("{keys}\x1b:wq\r");
    let ended =
        converse_slowly(program, &["vi", "f"], &folder, &keys, Duration::from_millis(pause_ms)).is_some();
    let found = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    if ended { found } else { format!("{found} (did not end)") }
}

#[test]
fn vi_changes_texts() {
    let peer = std::env::var("TARN_PEER_BUSYBOX").ok();
    if peer.is_none() {
        eprintln!("not compared: TARN_PEER_BUSYBOX is not set");
    }
    let mut failures = Vec::new();
    for &(text, keys, expected, same) in CASES {
        for program in [Some(env!("CARGO_BIN_EXE_rbox").to_string()), peer.clone().filter(|_| same)] {
            let Some(program) = program else { continue };
            // A busy machine may swallow the pause that makes ESC a key of its own: a longer one then.
            let right = PAUSES_MS
                .iter()
                .map(|&pause| edit(&program, text, keys, pause))
                .find(|found| found == expected);
            if right.is_none() {
                let found = edit(&program, text, keys, 120);
                failures.push(format!("{program}: {text:?} {keys:?}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn vi_keeps_what_is_not_written() {
    let folder = Directory::new("editor").unwrap();
    let file = folder.path().join("f");
    std::fs::write(&file, "a\n").unwrap();
    let rbox = env!("CARGO_BIN_EXE_rbox");
    let seen = converse(rbox, &["vi", "f"], &folder, "x\x1b:q\r:q!\r").unwrap();
    assert!(seen.contains("No write since last change"), "{seen:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a\n");
    let seen = converse(rbox, &["vi", "-R", "f"], &folder, "x\x1b:w\r:q!\r").unwrap();
    assert!(seen.contains("is read only"), "{seen:?}");
    converse(rbox, &["vi", "-c", "s/a/b/", "-c", "wq", "f"], &folder, "").unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "b\n");
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["f"]);
}

#[test]
fn less_shows_screens() {
    let folder = Directory::new("pager").unwrap();
    let lines: String = (1..=100).map(|number| format!("line {number}\n")).collect();
    std::fs::write(folder.path().join("f"), lines).unwrap();
    let rbox = env!("CARGO_BIN_EXE_rbox");
    for (arguments, keys, there, missing) in [
        (&["less", "f"][..], "q", "line 23", "line 24"),
        (&["less", "f"], " q", "line 46", "line 47"),
        (&["less", "f"], "Gq", "line 100", "line 77\x1b"),
        (&["less", "f"], "50gq", "line 72", "line 73"),
        (&["less", "f"], "/line 9.\rq", "line 98", "line 77"),
        (&["less", "-N", "f"], "q", "     23 line 23", "     24 "),
        (&["less", "+G", "f"], "q", "(END)", "line 77\x1b"),
        (&["less", "f"], "&9\rq", "line 91", "no such"),
        (&["more", "f"], " q", "--More--", "line 47"),
    ] {
        let seen = converse(rbox, arguments, &folder, keys).unwrap();
        assert!(seen.contains(there), "{arguments:?} {keys:?}: {seen:?}");
        assert!(!seen.contains(missing), "{arguments:?} {keys:?}: {seen:?}");
    }
    std::fs::write(folder.path().join("short"), "all of it\n").unwrap();
    let seen = converse(rbox, &["less", "-F", "short"], &folder, "").unwrap();
    assert_eq!(seen, "all of it\r\n");
}
