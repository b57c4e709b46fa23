//! build — one kernel from its inputs, and the cache that spares building it again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::compile::{Tree, span};
use super::fragment::{self, Wish};
use super::keys::{Kind, Signer};
use super::spec::{Source, Spec};
use super::store::{self, Manifest};
use super::toolchain::Toolchain;
use super::{digest, modules, source};
use crate::arch::Arch;

/// Raised when the steps of this module change what comes out of the same inputs.
const RECIPE: u32 = 1;

/// Everything that decides what a kernel is.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) spec: Spec,
    pub(crate) arch: Arch,
    pub(crate) flavour: String,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) toolchain: Toolchain,
    pub(crate) signer: Signer,
    pub(crate) certificate: String,
}

impl Inputs {
    /// Reads `kernel-config/`, asks the tools for their versions and loads the certificate.
    pub(crate) fn gather(arch: Arch, flavour: &str, signer: Signer) -> Result<Inputs> {
        let spec = Spec::read()?;
        let wishes = fragment::read(&spec.fragment_paths(arch, flavour)?)?;
        let path = &signer.certificate;
        let certificate = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(Inputs {
            spec,
            arch,
            flavour: flavour.to_string(),
            wishes,
            toolchain: Toolchain::find(arch)?,
            signer,
            certificate,
        })
    }

    /// The hash of all inputs. Comments and order in the fragments are none.
    fn key(&self, source_sha256: &str) -> String {
        let parts = [
            format!("recipe {RECIPE}"),
            format!("source {source_sha256}"),
            format!("arch {} flavour {}", self.arch.name(), self.flavour),
            format!("seed {} time {}", self.spec.seed_name(), self.spec.released),
            self.toolchain.versions.join("\n"),
            self.certificate.clone(),
            fragment::canonical(&self.wishes),
        ];
        digest::text(&parts.join("\n"))
    }

    fn name(&self) -> String {
        format!("{}-{}", self.arch.name(), self.flavour)
    }
}

/// A kernel in the cache.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
    /// Whether it was made just now.
    pub(crate) fresh: bool,
}

/// The folders below the cache. Everything in `build` may be deleted whenever no build runs.
#[derive(Debug)]
pub(crate) struct Folders {
    pub(crate) cache: PathBuf,
}

impl Folders {
    pub(crate) fn downloads(&self) -> PathBuf {
        self.cache.join("downloads")
    }

    pub(crate) fn build(&self) -> PathBuf {
        self.cache.join("build")
    }

    /// Where the source of `sha256` is unpacked.
    pub(crate) fn source(&self, spec: &Spec, sha256: &str) -> PathBuf {
        // The seed script is part of the tree, so its name's revision is part of the folder's.
        let sum = sha256.get(..8).unwrap_or(sha256);
        self.build().join(format!("linux-{}-{}-{sum}", spec.version, spec.revision))
    }

    fn entry(&self, inputs: &Inputs, sha256: &str) -> PathBuf {
        store::entry(&self.cache, inputs.arch.name(), &inputs.flavour, &inputs.key(sha256))
    }

    /// Waits until no other process does `what` with this cache, and keeps others waiting as long as the file lives.
    pub(crate) fn lock(&self, what: Work) -> Result<File> {
        let name = match what {
            Work::Unpack => "unpack.lock",
            Work::Configure => "configure.lock",
            Work::Build => "kernel.lock",
        };
        fs::create_dir_all(&self.cache).with_context(|| self.cache.display().to_string())?;
        let path = self.cache.join(name);
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        if file.try_lock().is_err() {
            eprintln!("kernel: waiting for another process that holds {}", path.display());
            file.lock().with_context(|| path.display().to_string())?;
        }
        Ok(file)
    }
}

/// What only one process at a time does with a cache. The three do not wait for each other: `--check` answers while a
/// kernel is being built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Unpack,
    Configure,
    Build,
}

/// The kernel of these inputs if the cache has it, from whichever source.
pub(crate) fn cached(folders: &Folders, inputs: &Inputs) -> Option<Built> {
    inputs.spec.pinned().find_map(|(_, sha256)| {
        let folder = folders.entry(inputs, sha256);
        let manifest = store::read(&folder)?;
        Some(Built { folder, manifest, fresh: false })
    })
}

/// Gets the source into the cache: tarball and unpacked tree. The first source that can be had counts.
pub(crate) fn prepare_source<'a>(
    folders: &Folders,
    spec: &'a Spec,
) -> Result<(&'a Source, &'a str, PathBuf)> {
    let _lock = folders.lock(Work::Unpack)?;
    let mut reasons = Vec::new();
    for (source, sha256) in spec.pinned() {
        match source::obtain(&folders.downloads(), source, sha256) {
            Ok(tarball) => {
                let tree = folders.source(spec, sha256);
                if !tree.is_dir() {
                    eprintln!("kernel: unpacking {}", tarball.display());
                }
                source::unpack(&tarball, &tree, spec)?;
                return Ok((source, sha256, tree));
            }
            Err(error) => reasons.push(format!("{}: {error:#}", source.name)),
        }
    }
    bail!("no source of Linux {} can be had:\n{}", spec.version, reasons.join("\n"));
}

/// The kernel of these inputs, built if the cache does not have it.
pub(crate) fn build(folders: &Folders, inputs: &Inputs, jobs: usize) -> Result<Built> {
    if let Some(built) = cached(folders, inputs) {
        return Ok(built);
    }
    let lock = folders.lock(Work::Build)?;
    // Whoever held the lock may have built it.
    if let Some(built) = cached(folders, inputs) {
        return Ok(built);
    }
    let (source, sha256, tree) = prepare_source(folders, &inputs.spec)?;
    let objects = folders.build().join(inputs.name());
    resume_or_clear(&objects, &inputs.key(sha256))?;
    let folder = folders.entry(inputs, sha256);
    let part = folder.with_extension("part");
    let expected = read_steps(folders, inputs);
    let (manifest, steps) = make(inputs, source, sha256, &tree, &objects, &part, jobs, expected)?;
    store::publish(&part, &folder, &manifest)?;
    write_steps(folders, inputs, steps)?;
    // 2 GB that nothing needs any more.
    fs::remove_dir_all(&objects).with_context(|| objects.display().to_string())?;
    drop(lock);
    Ok(Built { folder, manifest, fresh: true })
}

/// Builds in the given folders and leaves the kernel's files in `part`.
#[expect(clippy::too_many_arguments, reason = "each is a folder or a fact of this one build")]
pub(crate) fn make(
    inputs: &Inputs,
    source: &Source,
    sha256: &str,
    tree: &Path,
    objects: &Path,
    part: &Path,
    jobs: usize,
    expected: Option<usize>,
) -> Result<(Manifest, usize)> {
    let start = Instant::now();
    if part.exists() {
        fs::remove_dir_all(part).with_context(|| part.display().to_string())?;
    }
    fs::create_dir_all(part).with_context(|| part.display().to_string())?;
    let certificates = objects.join("certs");
    fs::create_dir_all(&certificates).with_context(|| certificates.display().to_string())?;
    // The name that signing.config gives the certificate.
    fs::write(certificates.join("tarn_release.pem"), &inputs.certificate)
        .with_context(|| certificates.display().to_string())?;

    let tree = Tree {
        spec: &inputs.spec,
        arch: inputs.arch,
        toolchain: &inputs.toolchain,
        source: tree.to_path_buf(),
        objects: objects.to_path_buf(),
        jobs,
    };
    let config = tree.configure(&inputs.wishes)?;
    fragment::require_granted(&inputs.wishes, &config)?;
    let (built_in, as_modules) = config.counts();
    eprintln!("kernel: {}: {built_in} options built in, {as_modules} as modules; compiling", inputs.name());
    let steps = tree.compile(expected)?;
    let release = tree.release()?;
    eprintln!(
        "kernel: {}: compiled {release} in {}; packing its modules",
        inputs.name(),
        span(start.elapsed())
    );
    for (from, to) in [
        (tree.image(), "vmlinuz"),
        (objects.join(".config"), "config"),
        (objects.join("System.map"), "System.map"),
    ] {
        fs::copy(&from, part.join(to)).with_context(|| from.display().to_string())?;
    }
    let staging = modules::staging(objects);
    let count = modules::pack(&tree, &release, &inputs.signer, &staging, &part.join("modules"))?;
    let manifest = Manifest {
        release,
        version: inputs.spec.version.clone(),
        arch: inputs.arch.name().to_string(),
        flavour: inputs.flavour.clone(),
        source: source.name.clone(),
        source_sha256: sha256.to_string(),
        certificate_sha256: digest::text(&inputs.certificate),
        signed_by: match inputs.signer.kind {
            Kind::Developer => "developer".to_string(),
            Kind::Release => "release".to_string(),
        },
        tools: inputs.toolchain.versions.clone(),
        modules: count,
        files: store::records(part)?,
    };
    Ok((manifest, steps))
}

/// Keeps a build folder that an interrupted build of the same inputs left, and removes any other.
///
/// make knows which of its files are whole as long as the machine ran on. After a crash a file may have a new time and
/// no content, so that only a folder of this very boot is gone on with.
fn resume_or_clear(objects: &Path, key: &str) -> Result<()> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let mark = format!("{key} {}", boot.trim());
    let path = objects.join("tarn-key");
    if !boot.is_empty() && fs::read_to_string(&path).ok().as_ref() == Some(&mark) {
        eprintln!("kernel: going on with the interrupted build in {}", objects.display());
        return Ok(());
    }
    if objects.exists() {
        fs::remove_dir_all(objects).with_context(|| objects.display().to_string())?;
    }
    fs::create_dir_all(objects).with_context(|| objects.display().to_string())?;
    fs::write(&path, mark).with_context(|| path.display().to_string())
}

/// How many steps the last build of this kind took: only the progress line uses it.
fn read_steps(folders: &Folders, inputs: &Inputs) -> Option<usize> {
    fs::read_to_string(steps_path(folders, inputs)).ok()?.trim().parse().ok()
}

fn write_steps(folders: &Folders, inputs: &Inputs, steps: usize) -> Result<()> {
    let path = steps_path(folders, inputs);
    fs::write(&path, steps.to_string()).with_context(|| path.display().to_string())
}

fn steps_path(folders: &Folders, inputs: &Inputs) -> PathBuf {
    folders.cache.join("kernel").join(format!("steps-{}", inputs.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Inputs {
        let spec = Spec::read().unwrap();
        let wishes = fragment::read(&spec.fragment_paths(Arch::X86_64, "virt").unwrap()).unwrap();
        let signer = Signer { key: "key".into(), certificate: "certificate".into(), kind: Kind::Developer };
        Inputs {
            spec,
            arch: Arch::X86_64,
            flavour: "virt".into(),
            wishes,
            toolchain: Toolchain { prefix: "", versions: vec!["gcc: 12".into()] },
            signer,
            certificate: "text".into(),
        }
    }

    #[test]
    fn every_input_changes_the_key_and_nothing_else_does() {
        type Change = fn(&mut Inputs);
        let key = inputs().key("source");
        assert_eq!(inputs().key("source"), key);
        assert_ne!(inputs().key("other source"), key);
        let changes: [(&str, Change); 8] = [
            ("arch", |inputs| inputs.arch = Arch::Aarch64),
            ("flavour", |inputs| inputs.flavour = "hw".into()),
            ("an option's value", |inputs| inputs.wishes[0].value = Some("changed".into())),
            ("one option less", |inputs| drop(inputs.wishes.pop())),
            ("compiler", |inputs| inputs.toolchain.versions[0] += ".1"),
            ("certificate", |inputs| inputs.certificate += "."),
            ("revision", |inputs| inputs.spec.revision += 1),
            ("time", |inputs| inputs.spec.released += 1),
        ];
        for (name, change) in changes {
            let mut changed = inputs();
            change(&mut changed);
            assert_ne!(changed.key("source"), key, "{name}");
        }
        // Who signs is no input: the signatures are, by the certificate.
        let mut same = inputs();
        same.signer.key = "elsewhere".into();
        same.wishes[0].line += 1;
        same.wishes.reverse();
        assert_eq!(same.key("source"), key);
    }

    #[test]
    fn only_a_build_of_the_same_inputs_is_resumed() {
        let objects = std::env::temp_dir().join(format!("tarn-resume-{}", std::process::id()));
        resume_or_clear(&objects, "one").unwrap();
        fs::write(objects.join("object.o"), "").unwrap();
        resume_or_clear(&objects, "one").unwrap();
        let kept = objects.join("object.o").exists();
        resume_or_clear(&objects, "two").unwrap();
        let cleared = !objects.join("object.o").exists();
        fs::remove_dir_all(&objects).unwrap();
        assert!(kept && cleared, "kept {kept}, cleared {cleared}");
    }
}
