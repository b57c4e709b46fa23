//! add-shell, remove-shell — the list of login shells, /etc/shells.
//!
//! Source: BusyBox 1.37 `add-shell`, `remove-shell`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "add-shell",
        links: &["/usr/sbin/add-shell"],
        usage: "\
add-shell SHELL...

Add SHELLs to /etc/shells
",
        process: Process::Fork,
        run: add,
    },
    Applet {
        name: "remove-shell",
        links: &["/usr/sbin/remove-shell"],
        usage: "\
remove-shell SHELL...

Remove SHELLs from /etc/shells
",
        process: Process::Fork,
        run: remove,
    },
];

const SHELLS: &str = "/etc/shells";

fn add(cx: &mut Cx<'_>) -> Result {
    change(cx, |lines, shell| {
        if !lines.iter().any(|line| line == shell) {
            lines.push(shell.to_vec());
        }
    })
}

fn remove(cx: &mut Cx<'_>) -> Result {
    change(cx, |lines, shell| lines.retain(|line| line != shell))
}

/// Applies a change for each operand and writes the list anew, beside the old one and over it.
fn change(cx: &mut Cx<'_>, apply: fn(&mut Vec<Vec<u8>>, &[u8])) -> Result {
    let options = cx.options()?;
    let old = match fs::read(SHELLS) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).at(SHELLS),
    };
    let mut lines: Vec<Vec<u8>> = old.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    for shell in options.operands() {
        apply(&mut lines, shell.as_bytes());
    }
    let mut text = lines.join(&b'\n');
    if !text.is_empty() {
        text.push(b'\n');
    }
    if text == old {
        return Ok(());
    }
    let beside = "/etc/shells.tmp";
    fs::write(beside, &text).at(beside)?;
    fs::set_permissions(beside, fs::Permissions::from_mode(0o644)).at(beside)?;
    fs::File::open(beside).and_then(|file| file.sync_all()).at(beside)?;
    fs::rename(beside, SHELLS).at(SHELLS)
}
