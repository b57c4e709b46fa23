//! file — reading and writing the text.

use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::Vi;
use super::buffer::Buffer;
use crate::prelude::*;
use sys::command::{Command, Stdio};

impl Vi<'_, '_> {
    pub(super) fn open_current(&mut self) {
        match self.files.get(self.current).cloned() {
            Some(path) => self.open(&path),
            None => self.path = None,
        }
    }

    pub(super) fn open(&mut self, path: &Path) {
        self.path = Some(path.to_path_buf());
        self.cursor = 0;
        self.top = 0;
        self.marks.clear();
        self.visual = None;
        let name = path.display();
        match fs::read(path) {
            Ok(text) => {
                let size = text.len();
                self.buffer = Buffer::new(text);
                let lines = self.buffer.line_count();
                self.message = format!("'{name}' {lines}L, {size}C");
            }
            Err(error) => {
                self.buffer = Buffer::new(Vec::new());
                if error.kind() == io::ErrorKind::NotFound {
                    self.message = format!("'{name}' [New file]");
                } else {
                    self.fail(format!("'{name}' {}", sys::error::text(&error)));
                }
            }
        }
    }

    /// Writes a part of the text; what is there already is only replaced by the file's own text, or with `force`.
    /// Whether it was written.
    pub(super) fn write(&mut self, path: Option<&Path>, range: Range<usize>, force: bool) -> bool {
        let Some(target) = path.map(Path::to_path_buf).or_else(|| self.path.clone()) else {
            self.fail("No current filename");
            return false;
        };
        let own = self.path.as_deref() == Some(&*target);
        if self.read_only && own && !force {
            self.fail(format!("'{}' is read only", target.display()));
            return false;
        }
        if !own && !force && target.exists() && path.is_some() {
            self.fail(format!("File exists (:w! {} writes it)", target.display()));
            return false;
        }
        let text = self.buffer.text();
        let whole = range.start == 0 && range.end == text.len();
        // A text that was never touched is an empty file, not one with an empty line.
        let text = if whole && text == b"\n" && !self.buffer.modified { &[] } else { &text[range] };
        match save(&target, text) {
            Ok(()) => {
                let lines = text.iter().filter(|&&byte| byte == b'\n').count();
                self.message = format!("'{}' {lines}L, {}C", target.display(), text.len());
                if whole && (own || self.path.is_none()) {
                    self.path = Some(target);
                    self.buffer.modified = false;
                }
                true
            }
            Err(error) => {
                self.fail(format!("'{}' {}", target.display(), sys::error::text(&error)));
                false
            }
        }
    }

    /// Runs a shell command on a terminal in its usual modes. With `input` that is what it reads, and what it prints is
    /// returned; otherwise it has the terminal.
    pub(super) fn shell(&mut self, command: &str, input: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
        let shell = shell.unwrap_or_else(|| OsString::from("/bin/sh"));
        let mut child = Command::new(&shell);
        child.arg("-c").arg(command);
        let Some(input) = input else {
            let modes = sys::terminal::modes(0).ok()?;
            self.cx.out.write(b"\x1b[999;1H\n");
            self.cx.out.flush();
            modes.set_cooked();
            let status = child.status();
            modes.restore();
            if let Err(error) = status {
                self.fail(format!("{}: {}", shell.display(), sys::error::text(&error)));
                return None;
            }
            self.cx.out.write(b"\n[Hit return to continue]");
            self.cx.out.flush();
            self.key();
            return None;
        };
        let given = sys::command::text_input(&input);
        match given.and_then(|given| child.stdin(given).stderr(Stdio::Null).output()) {
            Ok(output) => Some(output),
            Err(error) => {
                self.fail(format!("{}: {}", shell.display(), sys::error::text(&error)));
                None
            }
        }
    }
}

/// Puts `text` into the file: beside it first, where the file can then take the other's place with its owner and
/// mode, so that it is never half written. Files with other names, and those behind links, are written over.
fn save(path: &Path, text: &[u8]) -> io::Result<()> {
    let before = fs::symlink_metadata(path).ok();
    let replaceable = before.as_ref().is_none_or(|data| data.is_file() && data.nlink() == 1);
    if replaceable && let Ok(done) = save_beside(path, text, before.as_ref()) {
        return done;
    }
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Outer error: nothing was done.
fn save_beside(path: &Path, text: &[u8], before: Option<&fs::Metadata>) -> io::Result<io::Result<()>> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new~");
    let beside = path.with_file_name(name);
    let mut file = File::create_new(&beside)?;
    if let Some(data) = before {
        let kept = sys::at::chown_fd(&file, Some(data.uid()), Some(data.gid()))
            .and_then(|()| sys::at::chmod_fd(&file, data.permissions().mode() & 0o7777));
        if let Err(error) = kept {
            fs::remove_file(&beside)?;
            return Err(error);
        }
    }
    let written =
        file.write_all(text).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Half a file is of no use, and the old one is still there.
        let _ = fs::remove_file(&beside);
    }
    Ok(written)
}
