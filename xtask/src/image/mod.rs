//! image — from a profile to files: kernel and initramfs, a tar of the root, an ISO.
//!
//! docs/images.md is for who makes images. Start reading in `make`.

mod accounts;
mod elf;
mod esp;
mod format;
mod initramfs;
mod iso;
mod loader;
mod manifest;
mod output;
mod overlay;
mod profile;
mod rebuild;
mod root;
mod rootfs;
mod stamp;
#[cfg(test)]
mod tests;
mod tree;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::format::{Format, Parts};
use self::profile::Profile;
use self::stamp::Stamp;
use crate::arch::{Arch, ArchChoice};
use crate::build::{self, Variant};
use crate::kernel::KernelFiles;
use crate::{deps, kernel, workspace};

/// Make an image of a profile: files in target/out/<arch>/<profile>.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A profile of boot/profiles, or the path of a file (anything with a slash or ending in .toml).
    #[arg(long, value_name = "NAME|FILE", default_value = "virt")]
    profile: String,
    /// For which machines [default: this host's kind].
    #[arg(long, value_enum)]
    arch: Option<ArchChoice>,
    /// Only these formats, and what they need, instead of the profile's: ram, rootfs, iso.
    #[arg(long = "format", value_name = "NAME", value_delimiter = ',')]
    formats: Vec<String>,
    /// Build everything a second time in another folder, and fail unless every byte is the same.
    #[arg(long)]
    rebuild_check: bool,
    /// Sign the kernel's modules with this key instead of the developer's [default: $TARN_KERNEL_KEY].
    #[arg(long, value_name = "FILE")]
    release_key: Option<PathBuf>,
    /// The certificate of the release key, which the kernel will trust [default: $TARN_KERNEL_CERT].
    #[arg(long, value_name = "FILE")]
    release_cert: Option<PathBuf>,
    /// Install what the host lacks without asking.
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    let arches = arguments.arch.unwrap_or_else(ArchChoice::host).each();
    let mut profile = Profile::load(&arguments.profile)?;
    if !arguments.formats.is_empty() {
        profile.formats = arguments.formats.iter().map(|name| format::find(name)).collect::<Result<_>>()?;
    }
    deps::require(deps::Verb::Image, arches, arguments.yes)?;
    for &arch in arches {
        let kernel = kernel::ensure(
            arch,
            &profile.kernel,
            arguments.release_key.as_deref(),
            arguments.release_cert.as_deref(),
        )?;
        let folder = ensure(&profile, arch, &kernel)?;
        summarise(&folder)?;
        if arguments.rebuild_check {
            let names: Vec<&str> = profile.formats.iter().map(|format| format.name).collect();
            rebuild::check(&arguments.profile, arch, &names, &folder)?;
        }
    }
    println!("{:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// The image of the profile `name`, with the kernel that the environment's key signs: the folder of its files.
pub(crate) fn ensure_named(name: &str, arch: Arch) -> Result<PathBuf> {
    let profile = Profile::load(name)?;
    let kernel = kernel::ensure(arch, &profile.kernel, None, None)?;
    ensure(&profile, arch, &kernel)
}

/// Makes what is missing or stale of an image, and gives the folder of its files.
fn ensure(profile: &Profile, arch: Arch, kernel: &KernelFiles) -> Result<PathBuf> {
    build::programs(arch, Variant::Stripped)?;
    let loader = format::need_loader(&profile.formats).then(|| loader::build(arch)).transpose()?;
    let bin = workspace::out(arch).join("bin");
    let root = tree::assemble(profile, arch, &bin)?;
    let mut words = kernel::boot_words(arch)?;
    words.extend(profile.cmdline(arch));
    let parts = Parts {
        profile: &profile.name,
        arch,
        version: workspace::version(),
        epoch: workspace::source_date_epoch(),
        cmdline: &words.join(" "),
        vmlinuz: &kernel.vmlinuz,
        modules: &kernel.modules,
        root: &root,
        bin: &bin,
        loader: loader.as_deref(),
        folder: workspace::out(arch).join(&profile.name),
    };
    make(&parts, &kernel.release, &profile.formats)?;
    Ok(parts.folder)
}

/// Makes the files of `formats`, unless they are there already from the same inputs.
fn make(parts: &Parts<'_>, kernel: &str, formats: &[&'static Format]) -> Result<()> {
    let folder = &parts.folder;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let _lock = lock(folder)?;
    output::sweep(folder)?;
    let key = stamp::key(parts, kernel)?;
    let mut made = Stamp::read(folder).made(&key);
    let mut names: Vec<String> = match made.is_empty() {
        true => Vec::new(),
        false => manifest::files(folder)?.into_iter().map(|(name, _)| name).collect(),
    };
    let missing: Vec<_> =
        format::in_order(formats).into_iter().filter(|format| !made.contains(format.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Stamp::remove(folder)?;
    remove_others(folder, &names)?;
    for format in missing {
        eprintln!("{}: {} {}", parts.arch.name(), parts.profile, format.name);
        let new = (format.make)(parts)?;
        names.retain(|name| !new.contains(name));
        names.extend(new);
        made.insert(format.name.to_string());
    }
    manifest::write(parts, kernel, &names)?;
    Stamp::write(folder, &key, &made, &names)
}

/// Files of an earlier image do not lie beside those of this one as if they were of a piece.
fn remove_others(folder: &Path, names: &[String]) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ours = format::is_output(&name) || name == manifest::MANIFEST;
        if ours && !names.iter().any(|kept| *kept == name) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

const LOCK: &str = ".lock";

/// Two runs do not write into one folder.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            eprintln!("waiting: another run writes {}", folder.display());
            file.lock().with_context(|| path.display().to_string())?;
        }
        Err(fs::TryLockError::Error(error)) => return Err(error).with_context(|| path.display().to_string()),
    }
    Ok(file)
}

/// The files of an image, for whoever boots it.
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
    /// The kernel's command line, without what a medium adds.
    pub(crate) cmdline: String,
}

impl Files {
    pub(crate) fn vmlinuz(&self) -> PathBuf {
        self.folder.join(initramfs::VMLINUZ)
    }

    pub(crate) fn initramfs(&self) -> PathBuf {
        self.folder.join(initramfs::INITRAMFS)
    }

    pub(crate) fn modules(&self) -> PathBuf {
        self.folder.join(initramfs::MODULES)
    }

    pub(crate) fn iso(&self) -> Result<PathBuf> {
        let files = manifest::files(&self.folder)?;
        let name = files.into_iter().map(|(name, _)| name).find(|name| name.ends_with(".iso"));
        let name = name.with_context(|| format!("{}: there is no ISO", shown(&self.folder)))?;
        Ok(self.folder.join(name))
    }

    fn of(folder: PathBuf) -> Result<Files> {
        let cmdline = manifest::cmdline(&folder)?;
        Ok(Files { folder, cmdline })
    }
}

/// The image of a profile in one format, made if it is missing or stale.
pub(crate) fn fresh(profile: &str, arch: Arch, format: &str) -> Result<Files> {
    let mut profile = Profile::load(profile)?;
    profile.formats = vec![format::find(format)?];
    let kernel = kernel::ensure(arch, &profile.kernel, None, None)?;
    Files::of(ensure(&profile, arch, &kernel)?)
}

/// The image of a profile as it lies in target/out.
pub(crate) fn lying(profile: &str, arch: Arch) -> Result<Files> {
    let profile = Profile::load(profile)?;
    let folder = workspace::out(arch).join(&profile.name);
    if Stamp::read(&folder) == Stamp::default() {
        bail!("{}: no whole image lies there; `cargo xtask image` makes it", shown(&folder));
    }
    Files::of(folder)
}

/// What lies in an image's folder, a line each.
fn summarise(folder: &Path) -> Result<()> {
    let files = manifest::files(folder)?;
    if files.is_empty() {
        bail!("{}: its manifest lists no files", folder.display());
    }
    println!("{}", shown(folder));
    for (name, bytes) in files {
        println!("{:>12}  {name}", format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20)));
    }
    Ok(())
}

/// A path as seen from the top of the checkout.
fn shown(path: &Path) -> String {
    path.strip_prefix(workspace::root()).unwrap_or(path).display().to_string()
}
