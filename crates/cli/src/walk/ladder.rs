//! ladder — a row of open directories, each inside the one before, of which only the last few stay open.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use sys::at;

/// How many directories stay open. Those above are found again by "..", and checked to be the same.
const OPEN_MAX: usize = 48;

/// Directories from the working directory down. The top is where calls happen.
pub struct Ladder {
    rungs: Vec<Rung>,
    /// Where a rung may have been reached through a link, ".." does not lead back, so all stay open.
    closes: bool,
}

struct Rung {
    directory: Option<OwnedFd>,
    /// Device and inode, noted when it is closed.
    identity: (u64, u64),
}

impl Ladder {
    /// An empty ladder; `closes` says that each directory really lies in the one before.
    pub fn new(closes: bool) -> Ladder {
        Ladder { rungs: Vec::new(), closes }
    }

    /// The number of the innermost directory; the working directory if there is none.
    pub fn top(&self) -> i32 {
        match self.rungs.last() {
            Some(Rung { directory: Some(directory), .. }) => directory.as_raw_fd(),
            _ => at::CWD,
        }
    }

    pub fn depth(&self) -> usize {
        self.rungs.len()
    }

    /// Steps into a directory that lies in the top one.
    pub fn push(&mut self, directory: OwnedFd) -> io::Result<()> {
        self.rungs.push(Rung { directory: Some(directory), identity: (0, 0) });
        if self.closes && self.rungs.len() > OPEN_MAX {
            let index = self.rungs.len() - 1 - OPEN_MAX;
            let rung = &mut self.rungs[index];
            if let Some(directory) = rung.directory.take() {
                let stat = at::stat_fd(&directory)?;
                rung.identity = (stat.device, stat.inode);
            }
        }
        Ok(())
    }

    /// Steps out of the top directory.
    ///
    /// Errors: the one above was closed and is not where it was.
    pub fn pop(&mut self) -> io::Result<()> {
        let Some(left) = self.rungs.pop() else { return Ok(()) };
        let Some(above) = self.rungs.last_mut() else { return Ok(()) };
        if above.directory.is_some() {
            return Ok(());
        }
        let Some(left) = left.directory else { return Ok(()) };
        let parent = at::open(left.as_raw_fd(), Path::new(".."), at::O_RDONLY | at::O_DIRECTORY, 0)?;
        let stat = at::stat_fd(&parent)?;
        if (stat.device, stat.inode) != above.identity {
            return Err(io::Error::other("directory was moved while it was visited"));
        }
        above.directory = Some(parent.into());
        Ok(())
    }
}
