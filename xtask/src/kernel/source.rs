//! source — the kernel's source: fetched, verified, unpacked, and made repeatable.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::spec::{Package, Source, Spec};
use super::{digest, fetch};
use crate::process;

/// Gets the tarball of a source into `downloads`.
pub(crate) fn obtain(downloads: &Path, source: &Source, sha256: &str) -> Result<PathBuf> {
    fs::create_dir_all(downloads).with_context(|| downloads.display().to_string())?;
    if let Some(path) = fetch::present(downloads, &source.file, sha256)? {
        return Ok(path);
    }
    let target = downloads.join(&source.file);
    let part = downloads.join(format!("{}.part", source.file));
    if let Some(installed) = source.installed.as_deref().filter(|path| path.is_file()) {
        // Another version of the package may be installed: then it is as good as absent.
        let mut copy = File::create(&part).with_context(|| part.display().to_string())?;
        if digest::copy(installed, &mut copy)? == sha256 {
            fs::rename(&part, &target).with_context(|| target.display().to_string())?;
            return Ok(target);
        }
        fs::remove_file(&part).with_context(|| part.display().to_string())?;
    }
    if let Some(package) = &source.package {
        let deb = obtain_package(downloads, package)?;
        extract_member(&deb, &package.member, &part)?;
        return fetch::accept(&part, &target, sha256).with_context(|| deb.display().to_string());
    }
    fetch::download(downloads, &source.file, sha256, &source.urls)
}

/// Gets a Debian package: by apt-get, which knows the machine's mirrors, or from its URLs.
fn obtain_package(downloads: &Path, package: &Package) -> Result<PathBuf> {
    if let Some(path) = fetch::present(downloads, &package.file, &package.sha256)? {
        return Ok(path);
    }
    // apt-get writes into the folder it runs in and goes on with what it finds there.
    let folder = downloads.join("apt.part");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let apt = Command::new("apt-get")
        .args(["-q", "download", &package.apt])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let apt_failure = match apt {
        Err(error) => format!("apt-get: {error}"),
        Ok(output) if output.status.success() => {
            let written = folder.join(&package.file);
            // apt writes `%3a` for the colon of an epoch; this package has none, so the name is the pool's.
            let accepted = fetch::accept(&written, &downloads.join(&package.file), &package.sha256)
                .with_context(|| format!("apt-get download {}", package.apt))?;
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
            return Ok(accepted);
        }
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).trim().to_string();
            format!("apt-get download {}: {text}", package.apt)
        }
    };
    fetch::download(downloads, &package.file, &package.sha256, &package.urls).context(apt_failure)
}

/// Writes one file of a .deb to `target`. A .deb is an `ar` archive, and binutils are needed to build a kernel anyway.
fn extract_member(deb: &Path, member: &str, target: &Path) -> Result<()> {
    let names = process::output(Command::new("ar").arg("t").arg(deb))?;
    let Some(data) = names.lines().find(|name| name.starts_with("data.tar")) else {
        bail!("{}: not a Debian package, it has no data.tar", deb.display());
    };
    let mut ar = Command::new("ar");
    let mut ar = ar.arg("p").arg(deb).arg(data).stdout(Stdio::piped()).spawn().context("cannot run ar")?;
    let Some(archive) = ar.stdout.take() else { bail!("ar gave no output") };
    let decompress = match data.rsplit('.').next() {
        Some("xz") => "--xz",
        Some("gz") => "--gzip",
        Some("zst") => "--zstd",
        _ => bail!("{}: cannot unpack {data}", deb.display()),
    };
    let file = File::create(target).with_context(|| target.display().to_string())?;
    let tar = Command::new("tar")
        .args(["--extract", "--to-stdout", decompress, "--file=-", member])
        .stdin(archive)
        .stdout(file)
        .status()
        .context("cannot run tar")?;
    let ar = ar.wait().context("ar")?;
    if !tar.success() || !ar.success() {
        bail!("{}: cannot take {member} out of it: tar {tar}, ar {ar}; is the disk full?", deb.display());
    }
    Ok(())
}

/// Unpacks a tarball to `folder` and makes the tree repeatable. A folder under its own name is whole.
pub(crate) fn unpack(tarball: &Path, folder: &Path, spec: &Spec) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let part = folder.with_added_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part).with_context(|| part.display().to_string())?;
    }
    fs::create_dir_all(&part).with_context(|| part.display().to_string())?;
    process::run(
        Command::new("tar")
            .args(["--extract", "--strip-components=1", "--no-same-owner", "--directory"])
            .arg(&part)
            .arg("--file")
            .arg(tarball),
    )
    .context("cannot unpack the kernel's source; it needs 1.8 GB")?;
    let makefile = fs::read_to_string(part.join("Makefile")).context("Makefile of the kernel's source")?;
    let version = version_of(&makefile).context("Makefile of the kernel's source has no version")?;
    if version != spec.version {
        bail!(
            "{}: holds Linux {version}, kernel-config/kernel.toml says {}",
            tarball.display(),
            spec.version
        );
    }
    let script = part.join("scripts/gen-randstruct-seed.sh");
    fs::write(&script, seed_script(spec)).with_context(|| script.display().to_string())?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
        .with_context(|| script.display().to_string())?;
    fs::rename(&part, folder).with_context(|| folder.display().to_string())
}

/// The version that the top of a kernel's Makefile states.
fn version_of(makefile: &str) -> Option<String> {
    let field = |name: &str| {
        let line = makefile.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" ="));
        line.map(str::trim)
    };
    let (version, patchlevel, sublevel) = (field("VERSION")?, field("PATCHLEVEL")?, field("SUBLEVEL")?);
    Some(format!("{version}.{patchlevel}.{sublevel}{}", field("EXTRAVERSION")?))
}

/// Linux 6.12 draws RANDSTRUCT's seed from /dev/urandom in each build folder and overwrites one that lies there; this
/// stands in for the script that does so. The seed is as public as the release: layouts differ from release to release.
pub(crate) fn seed_script(spec: &Spec) -> String {
    let seed = digest::text(&spec.seed_name());
    let hash = digest::text(&seed);
    format!(
        "#!/bin/sh\n\
         # SPDX-License-Identifier: GPL-2.0\n\
         # Written by `cargo xtask kernel`: the seed comes from the release's name, so that the same source gives the\n\
         # same bytes.\n\
         echo {seed} >\"$1\"\n\
         echo '#define RANDSTRUCT_HASHED_SEED \"{hash}\"' >\"$2\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_makefile() {
        let text = "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\nNAME = x\n";
        assert_eq!(version_of(text).as_deref(), Some("6.12.117"));
        assert_eq!(
            version_of(&text.replace("EXTRAVERSION =", "EXTRAVERSION = -rc1")).as_deref(),
            Some("6.12.117-rc1")
        );
        assert_eq!(version_of("VERSION = 6\n"), None);
    }

    #[test]
    fn the_seed_script_writes_what_the_original_writes() {
        let spec = Spec::read().unwrap();
        let folder = std::env::temp_dir().join(format!("tarn-seed-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let script = folder.join("gen.sh");
        fs::write(&script, seed_script(&spec)).unwrap();
        let (seed, header) = (folder.join("seed"), folder.join("header"));
        process::run(Command::new("sh").arg(&script).arg(&seed).arg(&header)).unwrap();
        let seed = fs::read_to_string(seed).unwrap();
        let seed = seed.trim_end();
        let header = fs::read_to_string(header).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(seed.len(), 64);
        // The header carries the digest of the seed without its newline, as the kernel's own script computes it.
        assert_eq!(header, format!("#define RANDSTRUCT_HASHED_SEED \"{}\"\n", digest::text(seed)));
    }

    #[test]
    fn a_member_is_taken_out_of_a_package() {
        let folder = std::env::temp_dir().join(format!("tarn-deb-{}", std::process::id()));
        fs::create_dir_all(folder.join("usr/src")).unwrap();
        fs::write(folder.join("usr/src/a"), "content").unwrap();
        fs::write(folder.join("debian-binary"), "2.0\n").unwrap();
        let run = |program: &str, arguments: &[&str]| {
            process::run(Command::new(program).args(arguments).current_dir(&folder)).unwrap();
        };
        run("tar", &["cJf", "data.tar.xz", "./usr/src/a"]);
        run("ar", &["rc", "x.deb", "debian-binary", "data.tar.xz"]);
        let target = folder.join("out");
        extract_member(&folder.join("x.deb"), "./usr/src/a", &target).unwrap();
        let content = fs::read_to_string(&target).unwrap();
        let absent = extract_member(&folder.join("x.deb"), "./absent", &target);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(content, "content");
        assert!(absent.is_err());
    }
}
