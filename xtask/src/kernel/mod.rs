//! kernel — from `kernel-config/` to a kernel with its signed modules.
//!
//! docs/kernel.md has the design. Start reading in `build`: what the inputs are, and what is done with them.

mod build;
mod check;
mod compile;
mod config;
mod digest;
mod fetch;
mod fragment;
mod keys;
mod modules;
mod rebuild;
mod source;
mod spec;
mod store;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::build::{Built, Folders, Inputs, Work};
use self::compile::{Tree, span};
use self::keys::Signer;
use crate::arch::{Arch, ArchChoice};
use crate::{deps, process, workspace};

pub(crate) use self::check::{boot_words, sysctl};

/// The flavour that images have unless their profile names another.
pub(crate) const DEFAULT_FLAVOUR: &str = "virt";

/// Build the kernel and its modules into target/out/<arch>/kernel, or take them from the cache.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_enum, default_value = "all")]
    arch: ArchChoice,
    /// Which flavour of kernel-config/kernel.toml.
    #[arg(long, default_value = DEFAULT_FLAVOUR)]
    flavour: String,
    /// Show what the working tree's kernel-config changes in the finished configuration, against HEAD or REVISION.
    #[arg(long, value_name = "REVISION", num_args = 0..=1, default_missing_value = "HEAD", group = "mode")]
    diff: Option<String>,
    /// Judge configuration, command line and sysctls by kernel-hardening-checker and compare with the accepted
    /// exceptions.
    #[arg(long, group = "mode")]
    check: bool,
    /// The kernel-hardening-checker to run [default: $KERNEL_HARDENING_CHECKER, else the one in PATH].
    #[arg(long, value_name = "PATH", requires = "check")]
    checker: Option<PathBuf>,
    /// Build a second time in other folders, and fail unless every byte is the same.
    #[arg(long, group = "mode")]
    rebuild_check: bool,
    /// Sign the modules with this key instead of the developer's [default: $TARN_KERNEL_KEY].
    #[arg(long, value_name = "FILE")]
    release_key: Option<PathBuf>,
    /// The certificate of the release key, which the kernel will trust [default: $TARN_KERNEL_CERT].
    #[arg(long, value_name = "FILE")]
    release_cert: Option<PathBuf>,
    /// How many compilers run at once [default: one per processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Install what the host lacks without asking.
    #[arg(long)]
    yes: bool,
}

/// A kernel's files, in `target/out/<arch>/kernel`.
#[derive(Clone, Debug)]
pub(crate) struct KernelFiles {
    /// As `uname -r` prints it: the folder of the modules is `modules/<release>` in their file.
    pub(crate) release: String,
    /// bzImage (x86_64) or Image (aarch64).
    pub(crate) vmlinuz: PathBuf,
    /// A squashfs file with all modules.
    pub(crate) modules: PathBuf,
    pub(crate) config: PathBuf,
    pub(crate) system_map: PathBuf,
    /// What the files were made from, with sizes and checksums.
    pub(crate) manifest: PathBuf,
}

/// The kernel of `flavour` for `arch`, signed by the key given, else the one that the environment names, else the
/// developer's. It is built if the cache does not have it, and copied if it does not lie in `target/out` yet; else this takes milliseconds.
pub(crate) fn ensure(
    arch: Arch,
    flavour: &str,
    key: Option<&Path>,
    certificate: Option<&Path>,
) -> Result<KernelFiles> {
    let folders = Folders { cache: workspace::cache()? };
    let signer = signer(key, certificate, &folders)?;
    let inputs = Inputs::gather(arch, flavour, signer)?;
    let built = build::build(&folders, &inputs, default_jobs())?;
    install(&folders, &inputs, built, default_jobs())
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    deps::require(deps::Verb::Kernel, arguments.arch.each(), arguments.yes)?;
    let folders = Folders { cache: workspace::cache()? };
    let jobs = arguments.jobs.map_or_else(default_jobs, usize::from);
    for &arch in arguments.arch.each() {
        let signer = signer(arguments.release_key.as_deref(), arguments.release_cert.as_deref(), &folders)?;
        let inputs = Inputs::gather(arch, &arguments.flavour, signer)?;
        if let Some(revision) = &arguments.diff {
            show_difference(&folders, &inputs, revision, jobs)?;
        } else if arguments.check {
            show_check(&folders, &inputs, arguments.checker.as_deref(), jobs)?;
        } else if arguments.rebuild_check {
            rebuild::check(&folders, &inputs, jobs)?;
        } else {
            make(&folders, &inputs, jobs)?;
        }
    }
    Ok(())
}

/// Builds or takes from the cache, and says what there is.
fn make(folders: &Folders, inputs: &Inputs, jobs: usize) -> Result<()> {
    let start = Instant::now();
    let built = build::build(folders, inputs, jobs)?;
    let manifest = built.manifest.clone();
    let origin = if built.fresh { "built" } else { "from the cache" };
    let files = install(folders, inputs, built, jobs)?;
    println!(
        "{} {}: Linux from {}, {} modules signed by the {} key; {origin} in {}",
        manifest.arch,
        files.release,
        manifest.source,
        manifest.modules,
        manifest.signed_by,
        span(start.elapsed())
    );
    for (path, record) in
        [&files.vmlinuz, &files.modules, &files.config, &files.system_map].into_iter().zip(&manifest.files)
    {
        println!("{:>10}  {}", record.bytes, spec::shown(path));
    }
    println!("{:>10}  {}", "", spec::shown(&files.manifest));
    Ok(())
}

/// Puts a kernel of the cache where images and people find it. An entry that proves damaged is built again.
fn install(folders: &Folders, inputs: &Inputs, built: Built, jobs: usize) -> Result<KernelFiles> {
    let name = match inputs.flavour.as_str() {
        DEFAULT_FLAVOUR => "kernel".to_string(),
        flavour => format!("kernel-{flavour}"),
    };
    let folder = workspace::out(inputs.arch).join(name);
    let release = match store::install(&built.folder, &built.manifest, &folder) {
        Ok(()) => built.manifest.release,
        Err(error) if !built.fresh && store::read(&built.folder).is_some() && is_damage(&built) => {
            eprintln!("kernel: {error:#}; the cache's entry is thrown away");
            std::fs::remove_dir_all(&built.folder).with_context(|| built.folder.display().to_string())?;
            let again = build::build(folders, inputs, jobs)?;
            store::install(&again.folder, &again.manifest, &folder)?;
            again.manifest.release
        }
        Err(error) => return Err(error),
    };
    Ok(KernelFiles {
        release,
        vmlinuz: folder.join("vmlinuz"),
        modules: folder.join("modules"),
        config: folder.join("config"),
        system_map: folder.join("System.map"),
        manifest: folder.join(store::MANIFEST),
    })
}

/// Whether an entry's files differ from its manifest, as opposed to a target that cannot be written.
fn is_damage(built: &Built) -> bool {
    store::records(&built.folder).is_ok_and(|records| records != built.manifest.files)
}

/// The key of the command line, else of the environment, else the developer's.
fn signer(key: Option<&Path>, certificate: Option<&Path>, folders: &Folders) -> Result<Signer> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let key = key.map(Path::to_path_buf).or_else(|| variable("TARN_KERNEL_KEY"));
    let certificate = certificate.map(Path::to_path_buf).or_else(|| variable("TARN_KERNEL_CERT"));
    Signer::choose(key.as_deref(), certificate.as_deref(), &folders.cache)
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A tree for Kconfig alone, in a folder that later runs use again.
fn configured<'a>(folders: &Folders, inputs: &'a Inputs, name: &str, jobs: usize) -> Result<Tree<'a>> {
    let (_, _, source) = build::prepare_source(folders, &inputs.spec)?;
    let objects = folders.build().join(format!("config-{name}-{}-{}", inputs.arch.name(), inputs.flavour));
    Ok(Tree { spec: &inputs.spec, arch: inputs.arch, toolchain: &inputs.toolchain, source, objects, jobs })
}

/// Prints the options of the finished configuration that differ between `revision` and the working tree.
fn show_difference(folders: &Folders, inputs: &Inputs, revision: &str, jobs: usize) -> Result<()> {
    let lock = folders.lock(Work::Configure)?;
    let committed = committed_wishes(inputs, revision)?;
    let old = configured(folders, inputs, "committed", jobs)?.configure(&committed)?;
    let new = configured(folders, inputs, "present", jobs)?.configure(&inputs.wishes)?;
    drop(lock);
    let changes = config::changes(&old, &new);
    let (old_counts, new_counts) = (old.counts(), new.counts());
    println!(
        "{} {}: {} options differ from {revision}; built in {} -> {}, modules {} -> {}",
        inputs.arch.name(),
        inputs.flavour,
        changes.len(),
        old_counts.0,
        new_counts.0,
        old_counts.1,
        new_counts.1
    );
    for change in changes {
        println!("{change}");
    }
    fragment::require_granted(&inputs.wishes, &new)
}

/// The fragments as `revision` has them, by the present merge order.
fn committed_wishes(inputs: &Inputs, revision: &str) -> Result<Vec<fragment::Wish>> {
    let git = || {
        let mut command = Command::new("git");
        command.current_dir(workspace::root());
        command
    };
    let listed = process::output(git().args(["ls-tree", "--name-only", revision, "kernel-config/"]))?;
    let mut texts = Vec::new();
    for path in inputs.spec.fragment_paths(inputs.arch, &inputs.flavour)? {
        let name = spec::shown(&path);
        // A fragment that is new in the working tree had no options before.
        if listed.lines().any(|line| line == name) {
            let text = process::output(git().arg("show").arg(format!("{revision}:{name}")))?;
            texts.push((format!("{revision}:{name}"), text));
        }
    }
    fragment::merge(&texts)
}

/// Runs the hardening checker and fails on what is not accepted.
fn show_check(folders: &Folders, inputs: &Inputs, checker: Option<&Path>, jobs: usize) -> Result<()> {
    let lock = folders.lock(Work::Configure)?;
    let scratch = folders.build().join(format!("check-{}", inputs.arch.name()));
    let path = match build::cached(folders, inputs) {
        Some(built) => built.folder.join("config"),
        None => {
            // A configuration is judged before half an hour goes into building it.
            let tree = configured(folders, inputs, "present", jobs)?;
            let config = tree.configure(&inputs.wishes)?;
            fragment::require_granted(&inputs.wishes, &config)?;
            tree.objects.join(".config")
        }
    };
    let named = checker.map(Path::to_path_buf).or_else(|| {
        std::env::var_os("KERNEL_HARDENING_CHECKER").filter(|path| !path.is_empty()).map(PathBuf::from)
    });
    let report = check::run(&check::find_checker(named.as_deref()), inputs.arch, &path, &scratch)?;
    drop(lock);
    println!("{} {}: {}", inputs.arch.name(), inputs.flavour, report.summary());
    for problem in &report.problems {
        println!("  {problem}");
    }
    if !report.problems.is_empty() {
        bail!(
            "the hardening is not what kernel-config/accepted-exceptions.toml says: mend the option, or write the \
             exception down with its reason, or strike a stale one"
        );
    }
    Ok(())
}
