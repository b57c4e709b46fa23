//! Applets that the shell runs in its own process leave nothing behind there: no descriptor, directory, mask, signal,
//! child or memory. `Process::Same` and `Process::Filter` in an applet's declaration promise it.

use std::process::Command;

use testkit::golden::link_applets;
use testkit::temporary::Directory;

/// A call of every applet that makes the promise, failures among them; the script finds `text` and `words` in its folder.
const CALLS: &[&str] = &[
    "basename /usr/lib/x.txt .txt; dirname /usr/lib/x; cal 2024",
    "cat text words; cat none; cat <text; cat - text <words",
    "comm text words; cut -d: -f1 text; cut -c2- <words; fold -w 3 words; paste text words",
    "date -u -d @0; false; groups; hostid; id; logname; nproc; printenv HOME; pwd; tty; uname -a; uptime; whoami",
    "egrep 'a|b' text words; fgrep a: text; grep -c a text words; grep -q b <text; grep x none; grep '[' text; grep -r b .",
    "getopt ab: -a -b c; echo x; printf %s x; printf %d y; test -f text; true",
    "head -n 1 text words; nl text; rev text; tac text words; seq 1 2 9; wc text words; wc -l <words",
    "sed -n 's/a/b/p' text; sed p <words; sed -i 's/a/a/' text; sed 'w copy' text; sed q none; sed '/' text",
    "tr a-z A-Z <text; tr -d a <words; tr -cd '[:digit:]' <text; uniq -c words; uniq text copy",
    "x=$(cat text); x=$(grep a text | cut -d: -f1 | tr a b); echo abc | sed 's/b/x/' | cut -c2; echo $x | wc -c >copy",
];

/// What a process owns, as the shell itself sees it. `VmData` is what it has allocated.
const STATE: &str = r#"
state() {
    set -- /proc/$$/fd/*
    echo "$# descriptors, mask $(umask), in $(pwd -P)"
    while read -r key value; do
        case $key in Sig[PBIC]* | ShdPnd: | Threads: | VmData:) echo "$key $value" ;; esac
    done </proc/$$/status
    for fd; do
        file=$(readlink "$fd")
        echo "${file%%:*}" # a pipe has a number behind it
    done
    read -r children </proc/$$/task/$$/children
    echo "children: $children"
}
"#;

#[test]
fn nothing_is_left_behind() {
    let applets = link_applets(env!("CARGO_BIN_EXE_rbox").as_ref()).unwrap();
    for call in CALLS {
        let folder = Directory::new("in-process").unwrap();
        std::fs::write(folder.path().join("text"), "a:1\nb:2\nc:3\n").unwrap();
        std::fs::write(folder.path().join("words"), "a\na\nb\n".repeat(500)).unwrap();
        // What is kept for reuse (the memory of names, of the longest line) is there after a few rounds.
        let script = format!(
            "{STATE}\nonce() {{ {call}; }}\nround() {{ i=0; while [ $i -lt $1 ]; do once; i=$((i + 1)); done; }}\n\
             round 20 >/dev/null 2>&1\nstate >seen\nstate >seen\nround 60 >/dev/null 2>&1\nstate >>seen\n\
             cat seen"
        );
        let output = Command::new(applets.path().join("sh"))
            .args(["-c", &script])
            .current_dir(folder.path())
            .env("PATH", applets.path())
            .env("HOME", "/")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (before, after) = text.split_at(text.len() / 2);
        assert!(before.contains("descriptors") && before == after, "{call}:\n{text}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{call}");
    }
}

#[test]
fn they_run_in_the_process() {
    let applets = link_applets(env!("CARGO_BIN_EXE_rbox").as_ref()).unwrap();
    for (script, same) in [
        ("sed -n 's/^Pid:.//p' /proc/self/status; exit", true),
        ("echo x | sed -n 's/^Pid:.//p' /proc/self/status; exit", true),
        ("x=$(sed -n 's/^Pid:.//p' self/status); echo $x", true),
        ("x=$(echo x | sed -n 's/^Pid:.//p' self/status | cat); echo $x", true),
        ("sed -n 's/^Pid:.//p' /proc/self/status | cat; exit", false),
        // Such a signal would have to end the applet alone.
        ("trap 'echo usr1' USR1; sed -n 's/^Pid:.//p' /proc/self/status; exit", false),
        ("trap 'echo bye' EXIT; sed -n 's/^Pid:.//p' /proc/self/status", true),
        ("(sed -n 's/^Pid:.//p' /proc/self/status); :", false),
    ] {
        let output = Command::new(applets.path().join("sh"))
            .args(["-c", &format!("cd /proc; echo $$; {script}")])
            .env("PATH", applets.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines();
        let (shell, applet) = (lines.next().unwrap(), lines.next().unwrap());
        assert_eq!(shell == applet, same, "{script}: {text}");
    }
}
