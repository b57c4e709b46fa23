//! rebuild — the test of "same source, same bytes": a second build in other folders, compared byte for byte.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::build::{self, Folders, Inputs, Work};
use super::compile::span;
use super::{source, store};

/// Builds again from a source tree of its own, in folders whose paths have another length than the first build's, and
/// fails if any file differs. Two differing builds are left where they are.
pub(crate) fn check(folders: &Folders, inputs: &Inputs, jobs: usize) -> Result<()> {
    let first = build::build(folders, inputs, jobs)?;
    let start = Instant::now();
    let lock = folders.lock(Work::Build)?;
    let Some((source, sha256)) =
        inputs.spec.pinned().find(|(_, sha256)| *sha256 == first.manifest.source_sha256)
    else {
        bail!("the source of {} is not in kernel.toml any more", first.folder.display());
    };
    let tarball = source::obtain(&folders.downloads(), source, sha256)?;
    let place = folders.build().join("second-build-in-a-folder-with-a-longer-name");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| place.display().to_string())?;
    }
    let tree = place.join("source-of-the-second-build");
    source::unpack(&tarball, &tree, &inputs.spec)?;
    let objects = place.join("objects-of-the-second-build");
    let part = place.join("result");
    let (manifest, _) = build::make(inputs, source, sha256, &tree, &objects, &part, jobs, None)?;
    drop(lock);

    println!("{} {}: second build in {}", manifest.arch, manifest.release, span(start.elapsed()));
    let mut different = Vec::new();
    for name in store::FILES {
        match first_difference(&first.folder.join(name), &part.join(name))? {
            None => println!("  same       {name}"),
            Some(offset) => {
                println!("  DIFFERENT  {name}, from byte {offset} on");
                different.push(name);
            }
        }
    }
    if !different.is_empty() {
        bail!(
            "two builds of the same inputs differ in {}; they are in {} and {}",
            different.join(", "),
            first.folder.display(),
            place.display()
        );
    }
    fs::remove_dir_all(&place).with_context(|| place.display().to_string())
}

/// The offset of the first byte in which two files differ; where one is the other's beginning, its length.
fn first_difference(one: &Path, two: &Path) -> Result<Option<usize>> {
    let read = |path: &Path| -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .with_context(|| path.display().to_string())?;
        Ok(bytes)
    };
    let (one, two) = (read(one)?, read(two)?);
    if one == two {
        return Ok(None);
    }
    let common = one.iter().zip(&two).take_while(|(one, two)| one == two).count();
    Ok(Some(common))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found_at_their_place() {
        let folder = std::env::temp_dir().join(format!("tarn-difference-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("one"), folder.join("two"));
        let cases =
            [("abc", "abc", None), ("abc", "abd", Some(2)), ("abc", "ab", Some(2)), ("", "x", Some(0))];
        for (first, second, expected) in cases {
            fs::write(&one, first).unwrap();
            fs::write(&two, second).unwrap();
            assert_eq!(first_difference(&one, &two).unwrap(), expected, "{first:?} {second:?}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
