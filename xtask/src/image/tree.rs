//! tree — the root of an image, put together: overlays, programs and their links, accounts, and who it is.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::profile::{Password, Profile};
use super::root::{Entry, Root};
use super::{accounts, elf, overlay};
use crate::arch::Arch;
use crate::{codegen, kernel, workspace};

/// Where the workspace's programs lie in the root; `initramfs` is /init of the initramfs only.
const PLACES: &[(&str, &str)] = &[
    ("rbox", RBOX),
    ("init", "/sbin/init"),
    ("usermode-helper", "/sbin/usermode-helper"),
    ("suid-helper", SUID_HELPER),
    ("apk", "/sbin/apk"),
];
const RBOX: &str = "/bin/rbox";
/// The only program with the set-user-id bit.
const SUID_HELPER: &str = "/sbin/suid-helper";
/// The applets that it starts for everybody.
const SUID_LINKS: &[&str] = &["/bin/su", "/usr/bin/passwd", "/usr/bin/vlock"];

/// The root that a profile describes. `bin` is the folder of the workspace's programs for this architecture.
pub(crate) fn assemble(profile: &Profile, arch: Arch, bin: &Path) -> Result<Root> {
    let mut root = Root::default();
    put_system(&mut root, arch, bin)?;
    for folder in &profile.overlays {
        overlay::lay_over(&mut root, folder)?;
    }
    for (place, program) in &profile.programs {
        let path = program.path(arch);
        let contents = fs::read(&path).with_context(|| format!("programs: {}", path.display()))?;
        elf::check_static(&contents, arch).with_context(|| format!("programs: {}", path.display()))?;
        root.put(place, Entry::file(0o755, contents))
            .with_context(|| format!("programs: {}", path.display()))?;
    }
    if let Some(hostname) = &profile.hostname {
        root.write("/etc/hostname", 0o644, format!("{hostname}\n"))?;
    }
    for user in &profile.users {
        accounts::add_user(&mut root, user)?;
    }
    accounts::set_root_password(&mut root, &profile.root_password)?;
    if profile.root_password == Password::Empty {
        let issue = root.text("/etc/issue")?;
        root.write("/etc/issue", 0o644, issue + OPEN_DOOR)?;
    }
    for folder in &profile.overlays {
        overlay::apply_rules(&mut root, folder)?;
    }
    Ok(root)
}

/// Stands above the login prompt.
const OPEN_DOOR: &str = "Development image: root has no password.\n\n";

/// What every image has, whatever its profile says: overlays may replace any of it.
fn put_system(root: &mut Root, arch: Arch, bin: &Path) -> Result<()> {
    for (program, place) in PLACES {
        let path = bin.join(program);
        let contents = fs::read(&path).with_context(|| path.display().to_string())?;
        let mode = if *place == SUID_HELPER { 0o4755 } else { 0o755 };
        root.put(place, Entry::file(mode, contents))?;
    }
    for link in SUID_LINKS {
        root.put(link, Entry::symlink(SUID_HELPER))?;
    }
    root.put("/bin/busybox", Entry::symlink("rbox"))?;
    for applet in codegen::applet_links(&workspace::root().join("crates/rbox/src"))? {
        for link in &applet.links {
            root.put_if_free(link, Entry::symlink(RBOX))?;
        }
    }
    root.put("/usr/lib/sysctl.d/00-tarn.conf", Entry::file(0o644, kernel::sysctl(arch)?))?;
    root.put("/etc/apk/arch", Entry::file(0o644, format!("{}\n", arch.name())))?;
    let version = workspace::version();
    root.put("/etc/tarn-release", Entry::file(0o644, format!("{version}\n")))?;
    root.put("/etc/os-release", Entry::file(0o644, os_release(version)))?;
    Ok(())
}

/// Source: os-release(5).
fn os_release(version: &str) -> String {
    format!("NAME=\"Tarn Linux\"\nID=tarn\nVERSION_ID={version}\nPRETTY_NAME=\"Tarn Linux {version}\"\n")
}

/// The root with what only a system that starts from RAM has: /init, and the nodes that are needed before /dev is mounted.
pub(crate) fn add_start(root: &mut Root, bin: &Path) -> Result<()> {
    let path = bin.join("initramfs");
    let contents = fs::read(&path).with_context(|| path.display().to_string())?;
    root.put("/init", Entry::file(0o755, contents))?;
    root.put("/dev/console", Entry::char_device(0o600, 5, 1))?;
    root.put("/dev/null", Entry::char_device(0o666, 1, 3))?;
    for (path, _) in root.iter() {
        if path.contains('\n') {
            bail!("/{path:?}: a name with a line break");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::PROGRAMS;

    #[test]
    fn every_program_that_is_built_has_a_place() {
        let mut placed: Vec<&str> = PLACES.iter().map(|(program, _)| *program).chain(["initramfs"]).collect();
        let mut built = PROGRAMS.to_vec();
        placed.sort_unstable();
        built.sort_unstable();
        assert_eq!(placed, built);
    }
}
