//! The shell as people use it: keys typed on a terminal, and what it shows.

use std::path::Path;
use std::process::Command;

use testkit::pty::Session;
use testkit::temporary::Directory;

/// An interactive shell in a folder of its own, with a prompt that no output looks like.
fn start(home: &Path, variables: &[(&str, &str)]) -> Session {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shell-alone"));
    command
        .env_clear()
        .current_dir(home)
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .env("PS1", "prompt> ")
        .envs(variables.iter().copied());
    let mut session = Session::start(command).expect("a shell starts");
    session.expect("prompt> ");
    session
}

fn home() -> Directory {
    Directory::new("shell-terminal").expect("a temporary folder")
}

/// Types `keys` and Enter, and waits for what the command prints and for the next prompt.
#[track_caller]
fn says(session: &mut Session, keys: &str, output: &str) {
    session.send(keys);
    session.send("\r");
    session.expect(&format!("\r\n{output}\r\n"));
    session.expect("prompt> ");
}

#[test]
fn emacs_keys_edit_the_line() {
    let home = home();
    let mut shell = start(home.path(), &[]);
    says(&mut shell, "echo ac\x02b", "abc"); // C-b
    says(&mut shell, "cho x\x01e\x05y", "xy"); // C-a, C-e
    says(&mut shell, "echo one two\x17\x17echo\x19", "echoone"); // C-w twice, C-y: what was cut last
    says(&mut shell, "echo a b\x1bb\x1bbX", "Xa b"); // M-b
    says(&mut shell, "zzz\x15echo u\x7fv", "v"); // C-u, backspace
    says(&mut shell, "echo ab\x1b[D\x1b[D\x04", "b"); // arrows, C-d
    says(&mut shell, "echo é日\x7f\x7fe", "e"); // whole characters
    says(&mut shell, "echo tail\x01\x06\x06\x06\x06\x06\x0becho", "echo"); // C-k
    shell.send("exit 3\r");
    assert_eq!(shell.wait().code(), Some(3));
}

#[test]
fn history_is_walked_searched_and_kept() {
    let home = home();
    let mut shell = start(home.path(), &[]);
    says(&mut shell, "echo first", "first");
    says(&mut shell, "echo second", "second");
    says(&mut shell, "\x1b[A\x1b[A", "first");
    says(&mut shell, "\x12sec", "second"); // C-r
    says(&mut shell, "echo \x1b.", "second"); // M-.
    shell.send("exit\r");
    assert!(shell.wait().success());

    let mut next = start(home.path(), &[]);
    says(&mut next, "\x1b[A\x1b[A", "second");
    says(&mut next, "fc -l -2", "5\texit\r\n6\techo second");
    says(&mut next, "fc -s second=again echo", "echo again\r\nagain");
    next.send("\x04");
    assert!(next.wait().success());
}

#[test]
fn words_are_completed() {
    let home = home();
    std::fs::write(home.path().join("unusual-name"), "").expect("a file");
    std::fs::create_dir(home.path().join("some-folder")).expect("a folder");
    let mut shell = start(home.path(), &[("LONGVARIABLE", "value")]);
    says(&mut shell, "echo unus\t", "unusual-name");
    says(&mut shell, "echo some\tx", "some-folder/x");
    says(&mut shell, "echo $LONGV\t", "value");
    says(&mut shell, "unali\t-a; echo done", "done");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn vi_keys_edit_the_line() {
    let home = home();
    let mut shell = start(home.path(), &[]);
    says(&mut shell, "set -o vi; echo vi", "vi");
    says(&mut shell, "echo hello world\x1bbcwthere", "hello there");
    says(&mut shell, "echo hello\x1b0wxu", "hello");
    says(&mut shell, "echo one two three\x1bbdb", "one three");
    says(&mut shell, "ecxo aX\x1b~0fxrhA b", "ax b");
    says(&mut shell, "echo a.b.c\x1bF.x;x", "abc");
    says(&mut shell, "xecho 1 2 3 4\x1b0xwdw..", "4");
    says(&mut shell, "echo again\x1bkk", "abc");
    says(&mut shell, "\x1b/hello t\r", "hello there");
    says(&mut shell, "set -o emacs; echo back", "back");
    says(&mut shell, "cho x\x01e", "x");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn vi_keys_replace_undo_and_expand() {
    let home = home();
    for file in ["aa1", "aa2", "unusual-name"] {
        std::fs::write(home.path().join(file), "").expect("a file");
    }
    std::fs::create_dir(home.path().join("some-folder")).expect("a folder");
    let mut shell = start(home.path(), &[]);
    says(&mut shell, "set -o vi; echo vi", "vi");
    says(&mut shell, "echo abcdef\x1b0wRXY", "XYcdef");
    says(&mut shell, "echo ab\x1b0wlRXYZ\x7fU", "aXYU");
    says(&mut shell, "echo one\x1bxxxU", "one");
    says(&mut shell, "echo\x1b_", "one");
    says(&mut shell, "echo aa\x1b*", "aa1 aa2");
    says(&mut shell, "echo un\x1b\\", "unusual-name");
    says(&mut shell, "echo some x\x1bhh\\y", "some-folder/y x");
    shell.send("echo aa\x1b=");
    shell.expect("aa1  aa2");
    says(&mut shell, "A1", "aa1");
    says(&mut shell, "alias \"_x=$(printf 'iecho from\\033A alias')\"; alias _y=@y; echo set", "set");
    says(&mut shell, "\x1b@x", "from alias");
    says(&mut shell, "echo y\x1b@y@z", "y"); // one that names itself, and none
    says(&mut shell, "echo n1", "n1");
    says(&mut shell, "echo n2", "n2");
    says(&mut shell, "\x1b/echo n\rnN", "n2");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn vi_hands_the_line_to_an_editor() {
    let home = home();
    let folder = home.path().to_string_lossy().into_owned();
    let mut shell =
        start(home.path(), &[("VISUAL", "sed -i s/old/new/"), ("EDITOR", "false"), ("TMPDIR", &folder)]);
    says(&mut shell, "set -o vi; echo vi", "vi");
    shell.send("echo old\x1bv");
    shell.expect("\r\necho new\r\nnew\r\n");
    shell.expect("prompt> ");
    says(&mut shell, "fc -l -1", "2\techo new");
    says(&mut shell, "\x1bkk", "new");
    // Another line by its number, and an editor that fails.
    shell.send("\x1b1v");
    shell.expect("\r\nset -o vi; echo vi\r\nvi\r\n");
    shell.expect("prompt> ");
    shell.send("VISUAL=false\r");
    shell.expect("prompt> ");
    shell.send("echo not run\x1bv");
    shell.expect("prompt> ");
    says(&mut shell, "echo $?", "1");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn commands_over_several_lines() {
    let home = home();
    let mut shell = start(home.path(), &[("PS2", "more> ")]);
    shell.send("for i in a b; do\r");
    shell.expect("more> ");
    shell.send("echo \"<$i\r");
    shell.expect("more> ");
    says(&mut shell, ">\"; done", "<a\r\n>\r\n<b\r\n>");
    shell.send("cat <<E\r");
    shell.expect("more> ");
    shell.send("here\r");
    shell.expect("more> ");
    says(&mut shell, "E", "here");
    // An error does not end it, and an interrupted line is forgotten.
    shell.send("if true; then\r");
    shell.expect("more> ");
    shell.send("\x03");
    shell.expect("prompt> ");
    shell.send("fi\r");
    shell.expect("syntax error: unexpected \"fi\"");
    shell.expect("prompt> ");
    says(&mut shell, "echo $?", "2");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn prompts_have_escapes_and_expansions() {
    let home = home();
    let folder = home.path().join("$(echo not run)");
    std::fs::create_dir(&folder).expect("a folder");
    let mut shell = start(home.path(), &[]);
    shell.send("x=5; PS1='[\\w $x $((x+1)) \\W]\\$ '\r");
    shell.expect("[~ 5 6 ~]");
    shell.send("cd '$(echo not run)'\r");
    shell.expect("[~/$(echo not run) 5 6 $(echo not run)]");
    shell.send("PS1='two\\nlines \\[\\e[1m\\]bold\\[\\e[0m\\] '\r");
    shell.expect("two\r");
    shell.expect("lines \x1b[1mbold\x1b[0m ");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn long_lines_and_new_sizes() {
    let home = home();
    let mut shell = start(home.path(), &[]);
    let long = "x".repeat(150);
    says(&mut shell, &format!("echo {long} | wc -c"), "151");
    shell.resize(30, 24);
    shell.send(&format!("echo {}", "y".repeat(40)));
    shell.expect("yyy");
    shell.resize(100, 24);
    says(&mut shell, " | wc -c", "41");
    says(&mut shell, "stty size", "24 100");
    shell.send("exit\r");
    assert!(shell.wait().success());
}

#[test]
fn jobs_are_stopped_continued_and_interrupted() {
    let home = home();
    let mut shell = start(home.path(), &[]);
    shell.send("sleep 100\r");
    shell.expect("sleep 100");
    std::thread::sleep(std::time::Duration::from_millis(300)); // no output says that the program runs
    shell.send("\x1a");
    shell.expect("Stopped");
    shell.expect("prompt> ");
    shell.send("jobs\r");
    shell.expect("Stopped");
    shell.expect("prompt> ");
    shell.send("fg\r");
    shell.expect("sleep 100");
    std::thread::sleep(std::time::Duration::from_millis(300)); // the same
    shell.send("\x03");
    shell.expect("prompt> ");
    says(&mut shell, "echo $?", "130");
    shell.send("while :; do :; done\r");
    shell.expect("done");
    std::thread::sleep(std::time::Duration::from_millis(300)); // the same
    shell.send("\x03");
    shell.expect("prompt> ");
    says(&mut shell, "echo alive", "alive");
    shell.send("exit\r");
    assert!(shell.wait().success());
}
