//! profile — what an image is made of: a TOML file, its ancestors, and the files beside it.
//!
//! Every fact is checked here, once; what comes out needs no second look. This module reads profiles and nothing else:
//! that the files they name are there is found out by whoever reads them.

mod file;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::arch::Arch;
use crate::image::format::{self, Format};
use crate::workspace;

/// A profile with all that it inherits.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    /// The files that it was read from, ancestors first.
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) hostname: Option<String>,
    /// Folders that are laid over the root, in this order.
    pub(crate) overlays: Vec<PathBuf>,
    /// Programs of the profile's own, by their places in the root.
    pub(crate) programs: BTreeMap<String, Program>,
    pub(crate) users: Vec<User>,
    pub(crate) root_password: Password,
    /// The kernel's flavour.
    pub(crate) kernel: String,
    cmdline: Vec<String>,
    arch_cmdline: BTreeMap<Arch, Vec<String>>,
    pub(crate) formats: Vec<&'static Format>,
}

/// A program of a profile's own: a path in which `{arch}` stands for the architecture.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: String,
    folder: PathBuf,
}

impl Program {
    pub(crate) fn path(&self, arch: Arch) -> PathBuf {
        self.folder.join(self.path.replace("{arch}", arch.name()))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    /// The first free one from 1000 on, if none is given.
    pub(crate) uid: Option<u32>,
    pub(crate) groups: Vec<String>,
    /// A file of public keys, for ~/.ssh/authorized_keys.
    pub(crate) ssh_keys: Option<PathBuf>,
    pub(crate) password: Password,
    pub(crate) shell: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Password {
    /// Nobody is asked for one.
    Empty,
    /// None fits; keys and su from root still do.
    Locked,
    /// A hash as crypt(3) makes it.
    Hash(String),
}

impl Password {
    /// The second field of a line in /etc/shadow. A star and not an exclamation mark: the latter is how `passwd -l`
    /// locks a whole account, keys included.
    pub(crate) fn field(&self) -> &str {
        match self {
            Password::Empty => "",
            Password::Locked => "*",
            Password::Hash(hash) => hash,
        }
    }
}

impl Profile {
    /// Reads the profile `name`: a file if it has a slash or ends in `.toml`, else one of the tree's.
    pub(crate) fn load(name: &str) -> Result<Profile> {
        let path = locate(name, Path::new("."))?;
        let mut profile = Profile {
            name: file_name(&path)?,
            sources: Vec::new(),
            hostname: None,
            overlays: Vec::new(),
            programs: BTreeMap::new(),
            users: Vec::new(),
            root_password: Password::Locked,
            kernel: "virt".to_string(),
            cmdline: Vec::new(),
            arch_cmdline: BTreeMap::new(),
            formats: vec![format::RAM],
        };
        profile.inherit(&path, &mut Vec::new())?;
        Ok(profile)
    }

    /// The words of the kernel's command line, the inherited ones first.
    pub(crate) fn cmdline(&self, arch: Arch) -> Vec<String> {
        let own = self.arch_cmdline.get(&arch).into_iter().flatten();
        own.chain(&self.cmdline).cloned().collect()
    }

    /// Lays the file at `path` over what is known so far, its ancestors before it.
    fn inherit(&mut self, path: &Path, chain: &mut Vec<PathBuf>) -> Result<()> {
        let path = path.canonicalize().with_context(|| path.display().to_string())?;
        if chain.contains(&path) {
            let names: Vec<String> =
                chain.iter().chain([&path]).map(|path| path.display().to_string()).collect();
            bail!("profiles inherit each other in a ring: {}", names.join(" -> "));
        }
        chain.push(path.clone());
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let source = file::Source { path: &path, text: &text };
        let file = source.parse()?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        if let Some(parent) = &file.inherit {
            let parent =
                locate(parent.get_ref(), folder).map_err(|error| source.at(parent, format!("{error:#}")))?;
            self.inherit(&parent, chain)?;
        }
        self.lay_over(&source, file, folder)?;
        self.sources.push(path);
        Ok(())
    }

    fn lay_over(&mut self, source: &file::Source<'_>, file: file::File, folder: &Path) -> Result<()> {
        source.refuse_what_is_missing(&file)?;
        if let Some(name) = file.hostname {
            words::check_hostname(name.get_ref()).map_err(|why| source.at(&name, why))?;
            self.hostname = Some(name.into_inner());
        }
        if let Some(overlay) = file.files {
            let path = folder.join(overlay.get_ref());
            if !path.is_dir() {
                return Err(source.at(&overlay, format!("files: {} is not a folder", path.display())));
            }
            self.overlays.push(path);
        }
        for (program, place) in file.programs {
            words::check_place(place.get_ref()).map_err(|why| source.at(&place, why))?;
            let program = Program { path: program, folder: folder.to_path_buf() };
            self.programs.insert(place.into_inner(), program);
        }
        for user in file.users {
            let user = user_of(source, user, folder)?;
            self.users.retain(|other| other.name != user.name);
            self.users.push(user);
        }
        if let Some(password) = file.root_password {
            self.root_password = words::password(password.get_ref())
                .map_err(|why| source.at(&password, format!("root_password: {why}")))?;
        }
        if let Some(kernel) = file.kernel {
            self.kernel = kernel.into_inner();
        }
        if let Some(cmdline) = file.cmdline {
            self.cmdline.extend(words::cmdline(cmdline.get_ref()).map_err(|why| source.at(&cmdline, why))?);
        }
        for (arch, part) in file.arch {
            let known = Arch::ALL.iter().find(|known| known.name() == arch.get_ref());
            let known = known.ok_or_else(|| {
                source.at(&arch, format!("arch.{}: there is x86_64 and aarch64", arch.get_ref()))
            })?;
            if let Some(cmdline) = part.cmdline {
                let words = words::cmdline(cmdline.get_ref()).map_err(|why| source.at(&cmdline, why))?;
                self.arch_cmdline.entry(*known).or_default().extend(words);
            }
        }
        if let Some(formats) = file.formats {
            self.formats = formats
                .iter()
                .map(|name| {
                    format::find(name.get_ref()).map_err(|error| source.at(name, format!("{error:#}")))
                })
                .collect::<Result<_>>()?;
        }
        Ok(())
    }
}

fn user_of(source: &file::Source<'_>, user: toml::Spanned<file::User>, folder: &Path) -> Result<User> {
    let span = user.span();
    let user = user.into_inner();
    let checked = (|| {
        words::check_name("user", &user.name)?;
        if user.name == "root" {
            return Err("root is there already; its password is root_password".to_string());
        }
        for group in &user.groups {
            words::check_name("group", group)?;
        }
        let shell = user.shell.unwrap_or_else(|| "/bin/sh".to_string());
        words::check_place(&shell)?;
        let password = match &user.password {
            Some(password) => words::password(password).map_err(|why| format!("password: {why}"))?,
            None => Password::Locked,
        };
        Ok((shell, password))
    })();
    let (shell, password) = checked.map_err(|why| source.at_offset(span.start, format!("users: {why}")))?;
    Ok(User {
        name: user.name,
        uid: user.uid,
        groups: user.groups,
        ssh_keys: user.ssh_keys.map(|path| folder.join(path)),
        password,
        shell,
    })
}

/// The file of a profile: `name` is a path from `folder` if it looks like one, else a profile of the tree.
fn locate(name: &str, folder: &Path) -> Result<PathBuf> {
    if name.contains('/') || name.ends_with(".toml") {
        let path = folder.join(name);
        if !path.is_file() {
            bail!("{}: no such profile", path.display());
        }
        return Ok(path);
    }
    let path = tree().join(format!("{name}.toml"));
    if !path.is_file() {
        bail!("no profile {name}: there is {}, or give a path to a file", names()?.join(", "));
    }
    Ok(path)
}

/// Where the tree's own profiles lie.
fn tree() -> PathBuf {
    workspace::root().join("boot/profiles")
}

/// The names of the tree's own profiles.
pub(crate) fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(tree()).with_context(|| tree().display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".toml").map(str::to_string));
    }
    names.sort();
    Ok(names)
}

/// What lies in target/out/<arch> beside the images.
const RESERVED: &[&str] = &["bin", "kernel", "run", "twin"];

/// What an image of this profile is called: the file's name, or its folder's where the file is just `profile.toml`.
fn file_name(path: &Path) -> Result<String> {
    let path = path.canonicalize().with_context(|| path.display().to_string())?;
    let stem = path.file_stem().unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name);
    let name = if stem == "profile" { folder.unwrap_or(stem) } else { stem };
    let name = name.to_string_lossy().into_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(allowed) {
        bail!(
            "{}: '{name}' becomes part of file names: use letters, digits, '-', '_' and '.'",
            path.display()
        );
    }
    if RESERVED.contains(&name.as_str()) {
        bail!(
            "{}: '{name}' is a folder of target/out already: give the profile another name",
            path.display()
        );
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
