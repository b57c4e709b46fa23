//! vm — the ring of virtual machines: makes the images, boots the files that were written, and reports each case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use testkit::machine::{Accelerator, Machine, accelerator};
use testkit::temporary::Directory;
use testkit::vm::scenario::{self, Case, Image};

use super::counts::Counts;
use super::host::step;
use crate::arch::Arch;
use crate::{image, workspace};

/// Boots every case of `arches` whose name contains `filter`.
pub(super) fn run(arches: &[Arch], filter: Option<&str>) -> Result<Counts> {
    let root = workspace::root();
    let cases: Vec<Case> = scenario::cases(&root.join("qemu/tests"))
        .map_err(anyhow::Error::msg)?
        .into_iter()
        .filter(|case| arches.iter().any(|arch| arch.name() == case.arch))
        .filter(|case| filter.is_none_or(|filter| case.to_string().contains(filter)))
        .collect();
    if cases.is_empty() {
        bail!("no scenario is called '{}'; they are folders of qemu/tests", filter.unwrap_or_default());
    }
    step(&format!("{} virtual machines", cases.len()));
    let copies = Directory::new("profiles")?;
    let images = images_of(&cases, arches, copies.path())?;
    let accelerators: BTreeMap<&str, Accelerator> =
        arches.iter().map(|&arch| Ok((arch.name(), accelerator_of(arch)?))).collect::<Result<_>>()?;

    let logs = workspace::target().join("vm-logs");
    let next = AtomicUsize::new(0);
    let counts = Mutex::new(Counts::default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(cases.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(image) = images.get(&(case.scenario.profile.clone(), case.arch.clone())) else {
                        continue;
                    };
                    let accelerator =
                        accelerators.get(case.arch.as_str()).copied().unwrap_or(Accelerator::Tcg);
                    let log = logs.join(format!("{case}.log").replace(' ', "-"));
                    let start = Instant::now();
                    let result = scenario::run(case, root, image, accelerator, &log);
                    let seconds = start.elapsed().as_secs_f32();
                    let report = match &result {
                        Ok(checks) => {
                            println!("ok     {case} ({} checks, {seconds:.1} s)", checks.len());
                            String::new()
                        }
                        Err(problem) => {
                            let report =
                                format!("{case} ({seconds:.1} s)\n{problem}\n    log: {}", log.display());
                            println!("FAILED {report}");
                            report
                        }
                    };
                    let mut counts = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *counts += Counts::one(result.is_ok(), &report);
                }
            });
        }
    });
    Ok(counts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Makes the image of every profile that the cases name. A profile that lies beside its scenario is copied to `copies`
/// first: it must work wherever it lies.
fn images_of(cases: &[Case], arches: &[Arch], copies: &Path) -> Result<BTreeMap<(String, String), Image>> {
    let mut images = BTreeMap::new();
    for case in cases {
        let key = (case.scenario.profile.clone(), case.arch.clone());
        if images.contains_key(&key) {
            continue;
        }
        let Some(&arch) = arches.iter().find(|arch| arch.name() == case.arch) else { continue };
        let profile = match case.scenario.profile.strip_prefix("./") {
            None => case.scenario.profile.clone(),
            Some(inside) => {
                own_profile(&case.folder, inside, &copies.join(&case.name), arch)?.display().to_string()
            }
        };
        let folder = image::ensure_named(&profile, arch)?;
        images.insert(key, read(&folder)?);
    }
    Ok(images)
}

/// Copies a scenario's folder out of the tree, with the program that its profile wants, and gives the profile's path.
fn own_profile(folder: &Path, profile: &str, copy: &Path, arch: Arch) -> Result<PathBuf> {
    let copy = copy.join(arch.name());
    copy_folder(folder, &copy)?;
    // A program of one's own stands for any: compiled here, so that it exists for each architecture.
    let source = copy.join("program.rs");
    if source.exists() {
        crate::process::run(
            std::process::Command::new("rustc")
                .current_dir(workspace::root()) // where the pinned toolchain is chosen
                .args(["--edition", "2024", "-Copt-level=z", "-Cstrip=symbols", "-Cpanic=abort"])
                .args(["-Clinker=rust-lld", "-Clinker-flavor=ld.lld", "--target", arch.musl_target()])
                .arg("-o")
                .arg(copy.join("program"))
                .arg(&source),
        )?;
    }
    Ok(copy.join(profile))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry.with_context(|| from.display().to_string())?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(())
}

/// What a machine needs of an image's folder.
pub(crate) fn read(folder: &Path) -> Result<Image> {
    let path = folder.join("manifest.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let manifest: toml::Table = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let cmdline = manifest.get("cmdline").and_then(toml::Value::as_str).unwrap_or_default().to_string();
    let iso = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "iso"));
    Ok(Image {
        kernel: folder.join("vmlinuz"),
        initramfs: folder.join("initramfs"),
        iso: iso.unwrap_or_default(),
        cmdline,
    })
}

pub(crate) fn accelerator_of(arch: Arch) -> Result<Accelerator> {
    let machine = Machine::load(workspace::root(), arch.name()).map_err(anyhow::Error::msg)?;
    Ok(accelerator(&machine, arch.name(), &workspace::cache()?))
}
