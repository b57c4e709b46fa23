//! modules — built modules become one squashfs file: stripped, signed, compressed, indexed.
//!
//! Its root holds `modules/<release>/`, so that it is mounted beside /lib and /lib/modules points into it. The indexes
//! are depmod's, as texts; the binary twins, which only speed up kmod's own modprobe, stay out.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use super::compile::Tree;
use super::keys::Signer;
use super::toolchain;
use crate::process;

/// Packs the modules of a compiled tree into `target`, using `staging`, and gives their number.
pub(crate) fn pack(
    tree: &Tree<'_>,
    release: &str,
    signer: &Signer,
    staging: &Path,
    target: &Path,
) -> Result<usize> {
    signer.check_pair()?;
    if staging.exists() {
        fs::remove_dir_all(staging).with_context(|| staging.display().to_string())?;
    }
    let folder = staging.join("lib/modules").join(release);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;

    let order_path = tree.objects.join("modules.order");
    let order = fs::read_to_string(&order_path).with_context(|| order_path.display().to_string())?;
    let modules = built(&order);
    for_each(&modules, tree.jobs, |module| install(tree, signer, module, &folder))?;

    let installed: String = modules.iter().map(|module| format!("kernel/{module}\n")).collect();
    write(&folder.join("modules.order"), installed.as_bytes())?;
    for name in ["modules.builtin", "modules.builtin.modinfo"] {
        let from = tree.objects.join(name);
        fs::copy(&from, folder.join(name)).with_context(|| from.display().to_string())?;
    }
    index(tree, release, staging)?;
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    squash(tree, &staging.join("lib"), target)?;
    Ok(modules.len())
}

/// The modules that `modules.order` lists, as `fs/ext4/ext4.ko`.
fn built(order: &str) -> Vec<String> {
    order
        .lines()
        .map(|line| {
            format!("{}.ko", line.strip_suffix(".o").or_else(|| line.strip_suffix(".ko")).unwrap_or(line))
        })
        .collect()
}

/// Strips, signs and compresses one module into its place below `folder`.
fn install(tree: &Tree<'_>, signer: &Signer, module: &str, folder: &Path) -> Result<()> {
    let target = folder.join("kernel").join(module);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    process::output(
        toolchain::command(&format!("{}strip", tree.toolchain.prefix))
            .args(["--strip-debug", "-o"])
            .arg(&target)
            .arg(tree.objects.join(module)),
    )?;
    // The signature covers the stripped module as the kernel sees it, so it comes before the compression.
    process::output(
        toolchain::command(&tree.objects.join("scripts/sign-file").display().to_string())
            .arg("sha512")
            .arg(&signer.key)
            .arg(&signer.certificate)
            .arg(&target),
    )?;
    // One thread: the number of threads must not show in the bytes.
    process::output(
        toolchain::command("zstd").args(["-19", "--single-thread", "--quiet", "--rm"]).arg(&target),
    )?;
    Ok(())
}

/// Writes the indexes. A symbol that nobody exports is an error here rather than at the first modprobe.
fn index(tree: &Tree<'_>, release: &str, staging: &Path) -> Result<()> {
    // The host's own depmod.d must not decide: an empty folder stands for it.
    let empty = staging.join("depmod.d");
    fs::create_dir_all(&empty).with_context(|| empty.display().to_string())?;
    let output = toolchain::command("depmod")
        .arg("--config")
        .arg(&empty)
        .arg("--basedir")
        .arg(staging)
        .arg("--errsyms")
        .arg("--symvers")
        .arg(tree.objects.join("Module.symvers"))
        .arg(release)
        .output()
        .context("cannot run depmod")?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !complaints.trim().is_empty() {
        bail!("depmod: {}\n{}", output.status, complaints.trim_end());
    }
    Ok(())
}

/// Makes the squashfs file of what is below `lib`.
fn squash(tree: &Tree<'_>, lib: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        // mksquashfs would append.
        fs::remove_file(target).with_context(|| target.display().to_string())?;
    }
    process::output(
        toolchain::command("mksquashfs")
            .arg(lib)
            .arg(target)
            .args([
                "-noappend",
                "-all-root",
                "-no-progress",
                "-quiet",
                "-comp",
                "zstd",
                "-Xcompression-level",
                "19",
            ])
            // All times become this one. Given as an option too, mksquashfs would refuse.
            .env("SOURCE_DATE_EPOCH", tree.spec.released.to_string()),
    )?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// Calls `work` for each item on `threads` threads; the first error ends all.
fn for_each(items: &[String], threads: usize, work: impl Fn(&str) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = work(item) {
                        next.store(items.len(), Ordering::Relaxed);
                        if let Ok(mut failure) = failure.lock() {
                            failure.get_or_insert(error);
                        }
                    }
                }
            });
        }
    });
    match failure.into_inner() {
        Ok(Some(error)) => Err(error),
        Ok(None) => Ok(()),
        Err(_) => bail!("a thread that packs modules failed"),
    }
}

/// The scratch folder beside a build folder.
pub(crate) fn staging(objects: &Path) -> PathBuf {
    objects.join("tarn-staging")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_names_are_read_from_either_form() {
        assert_eq!(built("fs/ext4/ext4.o\ncrypto/x.ko\n"), ["fs/ext4/ext4.ko", "crypto/x.ko"]);
    }

    #[test]
    fn each_item_is_worked_on_once_and_errors_come_out() {
        let items: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let sum = AtomicUsize::new(0);
        for_each(&items, 3, |item| {
            sum.fetch_add(item.parse::<usize>()?, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        assert_eq!(sum.into_inner(), 4950);
        let error = for_each(&items, 3, |item| if item == "7" { bail!("seven") } else { Ok(()) });
        assert_eq!(error.unwrap_err().to_string(), "seven");
    }
}
