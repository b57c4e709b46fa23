//! fetch — files from the network, kept in one folder, trusted by checksum only.
//!
//! A download is written to `<name>.part` and renamed when its checksum holds, so a file under its own name is whole.
//! An interrupted one goes on where it stopped. A file that is there and right is never asked for again, so a folder
//! that was filled once serves without a network.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::digest;

/// The file `name` in `folder`, if it is there and has the checksum. One that has not is removed: it can only mislead.
pub(crate) fn present(folder: &Path, name: &str, sha256: &str) -> Result<Option<PathBuf>> {
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    if digest::file(&path)? == sha256 {
        return Ok(Some(path));
    }
    eprintln!("{}: wrong checksum, removed", path.display());
    fs::remove_file(&path).with_context(|| path.display().to_string())?;
    Ok(None)
}

/// Gets `name` from the first URL that has it, into `folder`.
pub(crate) fn download(folder: &Path, name: &str, sha256: &str, urls: &[String]) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    if let Some(path) = present(folder, name, sha256)? {
        return Ok(path);
    }
    let mut reasons = Vec::new();
    for url in urls {
        match download_from(folder, name, sha256, url) {
            Ok(path) => return Ok(path),
            Err(error) => reasons.push(format!("{url}: {error:#}")),
        }
    }
    bail!("cannot get {name}:\n  {}", reasons.join("\n  "));
}

fn download_from(folder: &Path, name: &str, sha256: &str, url: &str) -> Result<PathBuf> {
    let part = folder.join(format!("{name}.part"));
    let resumed = fs::metadata(&part).is_ok_and(|part| part.len() > 0);
    // A part that is whole already has nothing left to ask for, which servers answer with an error.
    if !(resumed && digest::file(&part)? == sha256) {
        let transferred = transfer(url, &part);
        if transferred.is_err() && resumed {
            // The server may not be able to resume, or the part may be longer than its file: once more from the start.
            fs::remove_file(&part).with_context(|| part.display().to_string())?;
            transfer(url, &part)?;
        } else {
            transferred?;
        }
    }
    match accept(&part, &folder.join(name), sha256) {
        // The part may have begun with another file's bytes: once more from the start.
        Err(_) if resumed => {
            transfer(url, &part)?;
            accept(&part, &folder.join(name), sha256)
        }
        accepted => accepted,
    }
}

/// Gives a finished part its name if the checksum holds; removes it otherwise.
pub(crate) fn accept(part: &Path, target: &Path, sha256: &str) -> Result<PathBuf> {
    let actual = digest::file(part)?;
    if actual != sha256 {
        fs::remove_file(part).with_context(|| part.display().to_string())?;
        bail!(
            "wrong checksum: SHA-256 is {actual}, pinned is {sha256}. What came was thrown away; \
             if the pin is meant to change, change it in kernel-config/kernel.toml"
        );
    }
    fs::rename(part, target).with_context(|| target.display().to_string())?;
    Ok(target.to_path_buf())
}

/// Appends to `part` what is missing of `url`, by curl or else wget.
fn transfer(url: &str, part: &Path) -> Result<()> {
    let terminal = std::io::stderr().is_terminal();
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--location", "--connect-timeout", "20", "--retry", "2"])
        .args(["--speed-limit", "100", "--speed-time", "60", "--continue-at", "-"])
        .args(if terminal { &["--progress-bar"][..] } else { &["--silent", "--show-error"] })
        .arg("--output")
        .arg(part)
        .arg(url)
        .stdin(Stdio::null());
    let status = match curl.status() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut wget = Command::new("wget");
            wget.args(["--continue", "--timeout=60", "--tries=3"])
                .args(if terminal { &["--show-progress", "--quiet"][..] } else { &["--no-verbose"] })
                .arg("--output-document")
                .arg(part)
                .arg(url)
                .stdin(Stdio::null());
            let status = wget.status().context("neither curl nor wget can be run; install curl")?;
            return if status.success() { Ok(()) } else { bail!(meaning_of_wget(status.code())) };
        }
        started => started.context("cannot run curl")?,
    };
    if status.success() { Ok(()) } else { bail!(meaning_of_curl(status.code())) }
}

/// What a curl exit status (man curl, EXIT CODES) means to the person in front of it.
fn meaning_of_curl(status: Option<i32>) -> String {
    match status {
        Some(5..=7 | 28 | 35 | 52 | 55 | 56) => {
            format!("no connection (curl status {}); what came so far is kept", status.unwrap_or(0))
        }
        Some(22) => "the server does not have it".to_string(),
        Some(23) => "cannot write: is the disk full?".to_string(),
        Some(18) => "the connection broke off; what came so far is kept".to_string(),
        Some(code) => format!("curl ended with status {code}"),
        None => "interrupted; what came so far is kept".to_string(),
    }
}

/// What a wget exit status (man wget, EXIT STATUS) means.
fn meaning_of_wget(status: Option<i32>) -> String {
    match status {
        Some(3) => "cannot write: is the disk full?".to_string(),
        Some(4) => "no connection; what came so far is kept".to_string(),
        Some(8) => "the server does not have it".to_string(),
        Some(code) => format!("wget ended with status {code}"),
        None => "interrupted; what came so far is kept".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that serves `file` by `file://`, and a download folder beside it.
    struct Site {
        folder: PathBuf,
    }

    impl Site {
        fn new(test: &str, content: &str) -> Site {
            let folder = std::env::temp_dir().join(format!("tarn-fetch-{test}-{}", std::process::id()));
            fs::create_dir_all(folder.join("downloads")).unwrap();
            fs::write(folder.join("file"), content).unwrap();
            Site { folder }
        }

        fn downloads(&self) -> PathBuf {
            self.folder.join("downloads")
        }

        fn get(&self, sha256: &str) -> Result<PathBuf> {
            let url = format!("file://{}", self.folder.join("file").display());
            download(&self.downloads(), "file", sha256, &[url])
        }
    }

    impl Drop for Site {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    #[test]
    fn a_file_is_got_once_and_then_served_without_its_server() {
        let site = Site::new("once", "content");
        let path = site.get(&digest::text("content")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        fs::remove_file(site.folder.join("file")).unwrap();
        assert_eq!(site.get(&digest::text("content")).unwrap(), path);
    }

    #[test]
    fn a_wrong_checksum_leaves_nothing_behind() {
        let site = Site::new("wrong", "content");
        let error = site.get(&digest::text("other")).unwrap_err().to_string();
        assert!(error.contains("wrong checksum") && error.contains(&digest::text("content")), "{error}");
        assert_eq!(fs::read_dir(site.downloads()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let site = Site::new("damaged", "content");
        fs::write(site.downloads().join("file"), "contemt").unwrap();
        let path = site.get(&digest::text("content")).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "content");
    }

    #[test]
    fn parts_are_gone_on_with_whatever_they_hold() {
        // The beginning, all of it, another file's beginning, too much.
        for part in ["cont", "content", "other", "content and more"] {
            let site = Site::new("part", "content");
            fs::write(site.downloads().join("file.part"), part).unwrap();
            let path = site.get(&digest::text("content")).unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), "content", "part {part:?}");
            assert!(!site.downloads().join("file.part").exists(), "part {part:?}");
        }
    }

    #[test]
    fn the_next_url_is_tried_and_all_failures_are_named() {
        let site = Site::new("next", "content");
        let good = format!("file://{}", site.folder.join("file").display());
        let bad = format!("file://{}", site.folder.join("absent").display());
        let sum = digest::text("content");
        let error =
            download(&site.downloads(), "file", &sum, std::slice::from_ref(&bad)).unwrap_err().to_string();
        assert!(error.starts_with("cannot get file:") && error.contains("absent"), "{error}");
        assert!(download(&site.downloads(), "file", &sum, &[bad, good]).is_ok());
    }
}
