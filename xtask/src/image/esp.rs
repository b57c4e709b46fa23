//! esp — the FAT file system that UEFI firmware starts from, with our loader, made without any tool of the host's.
//!
//! Source: UEFI 2.10, 13.3 (file system format) and 3.5.1.1 (removable media boot behaviour).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};

use crate::arch::Arch;

/// The sizes of a FAT file system of ours are whole mebibytes.
const MIB: u64 = 1 << 20;

/// Room for tables, for cut clusters, and for who edits the configuration on a stick.
const SPARE: u64 = 2 * MIB;

/// What firmware looks for on a medium that it does not know.
pub(crate) fn loader_name(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "EFI/BOOT/BOOTX64.EFI",
        Arch::Aarch64 => "EFI/BOOT/BOOTAA64.EFI",
    }
}

/// A file of the ESP: its path and where its bytes are.
pub(crate) enum Source<'a> {
    File(&'a Path),
    Bytes(&'a [u8]),
}

/// Writes a file system with `files` to `image`. It has no time of its own: FAT's time stamps are 1980-01-01 all.
pub(crate) fn write(image: &Path, files: &[(&str, Source<'_>)]) -> Result<()> {
    let context = || image.display().to_string();
    let mut size = SPARE;
    for (_, source) in files {
        size += match source {
            Source::File(path) => fs::metadata(path).with_context(|| path.display().to_string())?.len(),
            Source::Bytes(bytes) => bytes.len() as u64,
        };
    }
    let mut disk = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(image)
        .with_context(context)?;
    disk.set_len(size.next_multiple_of(MIB)).with_context(context)?;
    let options = FormatVolumeOptions::new().volume_id(0x5461_726e).volume_label(*b"TARN       ");
    fatfs::format_volume(&mut disk, options).with_context(context)?;
    let fs = FileSystem::new(disk, FsOptions::new()).with_context(context)?;
    for (name, source) in files {
        put(&fs, name, source).with_context(|| format!("{name} in {}", image.display()))?;
    }
    fs.unmount().with_context(context)
}

fn put(fs: &FileSystem<File>, name: &str, source: &Source<'_>) -> Result<()> {
    let mut folder = fs.root_dir();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_some() {
            folder = folder.create_dir(part)?;
            continue;
        }
        let mut file = folder.create_file(part)?;
        file.truncate()?;
        match source {
            Source::Bytes(bytes) => file.write_all(bytes)?,
            Source::File(path) => {
                let mut input = File::open(path).with_context(|| path.display().to_string())?;
                io::copy(&mut input, &mut file)?;
            }
        }
        file.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_the_bytes_are_the_same() {
        let folder = testkit::temporary::Directory::new("tarn-esp").unwrap();
        let kernel = folder.path().join("kernel");
        fs::write(&kernel, vec![7; 3_000_001]).unwrap();
        let files = || {
            [
                ("EFI/BOOT/BOOTX64.EFI", Source::Bytes(b"loader")),
                ("vmlinuz", Source::File(&kernel)),
                ("loader.conf", Source::Bytes(b"kernel \\vmlinuz\n")),
            ]
        };
        let (one, two) = (folder.path().join("1"), folder.path().join("2"));
        write(&one, &files()).unwrap();
        write(&two, &files()).unwrap();
        assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap());
        let fs =
            FileSystem::new(File::options().read(true).write(true).open(&one).unwrap(), FsOptions::new())
                .unwrap();
        for (name, length) in [("efi/boot/bootx64.efi", 6), ("vmlinuz", 3_000_001), ("loader.conf", 16)] {
            let mut contents = Vec::new();
            fs.root_dir().open_file(name).unwrap().read_to_end(&mut contents).unwrap();
            assert_eq!(contents.len(), length, "{name}");
        }
        assert!(fs.stats().unwrap().free_clusters() > 1000);
    }
}
