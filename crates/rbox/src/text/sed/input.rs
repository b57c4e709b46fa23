//! input — the lines of all files in a row, and the files that are written anew.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use super::super::common::cannot_open;
use crate::prelude::*;
use cli::input::Input;

pub(super) struct Settings {
    pub(super) in_place: bool,
    /// Keep the old file by this name.
    pub(super) suffix: Option<Vec<u8>>,
    /// Each file has its own last line.
    pub(super) separate: bool,
    pub(super) separator: u8,
}

pub(super) struct Lines {
    files: std::vec::IntoIter<PathBuf>,
    settings: Settings,
    current: Option<Current>,
    pub(super) number: u64,
}

struct Current {
    path: PathBuf,
    input: Input,
    /// The new file beside the old one.
    target: Option<(PathBuf, File)>,
}

/// What reading a line has led to.
pub(super) enum Read {
    /// `ended`: it had its line end.
    Line {
        ended: bool,
        new_file: bool,
    },
    End,
}

impl Lines {
    pub(super) fn new(files: Vec<PathBuf>, settings: Settings) -> Lines {
        Lines { files: files.into_iter(), settings, current: None, number: 0 }
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.settings.in_place
    }

    pub(super) fn separator(&self) -> u8 {
        self.settings.separator
    }

    /// The name of the file that is read; "-" for standard input.
    pub(super) fn name(&self) -> &[u8] {
        self.current.as_ref().map_or(b"-", |current| current.path.as_os_str().as_bytes())
    }

    /// Reads the next line behind what `line` holds. `written` is what belongs into the file that ends.
    pub(super) fn read(&mut self, cx: &mut Cx<'_>, line: &mut Vec<u8>, written: &mut Output) -> Result<Read> {
        let mut new_file = false;
        loop {
            if let Some(current) = &mut self.current {
                match current.input.read_until(self.settings.separator, line) {
                    Ok(0) => {}
                    Ok(_) => {
                        self.number += 1;
                        let ended = line.last() == Some(&self.settings.separator);
                        if ended {
                            line.pop();
                        }
                        return Ok(Read::Line { ended, new_file });
                    }
                    // A folder has no lines.
                    Err(error) if error.kind() == io::ErrorKind::IsADirectory => {}
                    Err(error) => cx.report(Error::at(current.path.clone(), error)),
                }
                self.finish(written)?;
            }
            if !self.open_next(cx)? {
                return Ok(Read::End);
            }
            new_file = true;
            if self.settings.separate {
                self.number = if self.settings.in_place { 0 } else { self.number };
            }
        }
    }

    /// Whether the line read last was the last one.
    pub(super) fn is_last(&mut self, cx: &mut Cx<'_>) -> Result<bool> {
        loop {
            if let Some(current) = &mut self.current
                && current.input.fill_buf().is_ok_and(|bytes| !bytes.is_empty())
            {
                return Ok(false);
            }
            // A file that is written anew stays open until its last line is written.
            if self.settings.separate || !self.open_next(cx)? {
                return Ok(true);
            }
        }
    }

    /// Opens the next file that can be opened. False: there is none.
    fn open_next(&mut self, cx: &mut Cx<'_>) -> Result<bool> {
        for path in self.files.by_ref() {
            if path.as_os_str() == "-" && !self.settings.in_place {
                self.current = Some(Current { path, input: cx.stdin(), target: None });
                return Ok(true);
            }
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) => {
                    cx.report(Error::at(path, error));
                    continue;
                }
            };
            let target = if self.settings.in_place {
                if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
                    cx.report(Error::message(format_args!(
                        "couldn't edit {}: not a regular file",
                        path.display()
                    )));
                    continue;
                }
                Some(beside(&path, &file)?)
            } else {
                None
            };
            self.current = Some(Current { path, input: cli::input::file(file), target });
            return Ok(true);
        }
        Ok(false)
    }

    /// Puts what was written in the place of the file that was read.
    pub(super) fn finish(&mut self, written: &mut Output) -> Result {
        let Some(Current { path, target: Some((new, mut file)), .. }) = self.current.take() else {
            return Ok(());
        };
        let text = written.take();
        let done = file.write_all(&text).and_then(|()| file.sync_all());
        if let Err(error) = done.at(&new) {
            // What is half written is of no use.
            let _ = std::fs::remove_file(&new);
            return Err(error);
        }
        if let Some(suffix) = self.settings.suffix.as_ref().filter(|suffix| !suffix.is_empty()) {
            let kept = kept_name(&path, suffix);
            std::fs::rename(&path, &kept).at(&kept)?;
        }
        std::fs::rename(&new, &path).at(&path)
    }

    /// Takes over what has been written so far, so that not all of a file is kept in memory.
    pub(super) fn drain(&mut self, written: &mut Output) -> Result {
        if let Some(Current { target: Some((new, file)), .. }) = &mut self.current {
            file.write_all(&written.take()).at(&*new)?;
        }
        Ok(())
    }

    /// Whether files follow the one that is read.
    pub(super) fn has_more_files(&self) -> bool {
        !self.files.as_slice().is_empty()
    }

    /// Removes the unfinished file beside the old one.
    pub(super) fn abandon(&mut self) {
        if let Some(Current { target: Some((new, _)), .. }) = &self.current {
            let _ = std::fs::remove_file(new);
        }
    }
}

/// Makes a file beside `path` with the same mode and, where allowed, owner.
fn beside(path: &Path, old: &File) -> Result<(PathBuf, File)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = old.metadata().at(path)?;
    for number in 0..1000 {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}-{number}", std::process::id()));
        let new = path.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new) {
            Ok(file) => {
                // Only root may give files away; then the writer owns the new one.
                let _ = std::os::unix::fs::fchown(&file, Some(metadata.uid()), Some(metadata.gid()));
                file.set_permissions(std::fs::Permissions::from_mode(metadata.mode() & 0o7777)).at(&new)?;
                return Ok((new, file));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_open(&new, &error)),
        }
    }
    Err(Error::message(format_args!("{}: no name is free for a new file", path.display())))
}

/// The name of the old file: a `*` in the suffix stands for its name, a `/` in it names a folder.
fn kept_name(path: &Path, suffix: &[u8]) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let kept = if suffix.contains(&b'*') {
        suffix.split(|&byte| byte == b'*').collect::<Vec<_>>().join(name)
    } else {
        [name, suffix].concat()
    };
    let kept = OsString::from_vec(kept);
    if kept.as_bytes().contains(&b'/') { PathBuf::from(kept) } else { path.with_file_name(kept) }
}
