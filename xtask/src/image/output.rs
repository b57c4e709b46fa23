//! output — files that are whole or not there: written beside, synced, renamed.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes `folder/name` by `fill`, and gives its path. Until that has ended well nothing has that name.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<()>,
) -> Result<PathBuf> {
    let part = part(folder, name);
    let context = || part.display().to_string();
    let mut out = BufWriter::new(File::create(&part).with_context(context)?);
    fill(&mut out).with_context(context)?;
    out.flush().with_context(context)?;
    publish(folder, name)
}

/// The name under which `folder/name` is written.
pub(crate) fn part(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.part"))
}

/// Gives a file that was written beside its name.
pub(crate) fn publish(folder: &Path, name: &str) -> Result<PathBuf> {
    let (part, path) = (part(folder, name), folder.join(name));
    File::open(&part).and_then(|file| file.sync_all()).with_context(|| part.display().to_string())?;
    fs::rename(&part, &path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Removes what earlier runs left half-written.
pub(crate) fn sweep(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "part") {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}
