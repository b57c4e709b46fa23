//! confined — starts a program that can write nowhere but below the temporary folder.
//!
//! By Landlock, so without privileges and without a change of what the program sees; where the kernel has none, the
//! program runs unconfined. Source: landlock(7).

use std::io;
use std::process::{Child, Command};

use landlock::{
    ABI, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus,
};

/// Spawns `command` confined.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    // A restriction is of the thread that makes it and of what it starts: a thread of its own leaves the others free.
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                restrict().map_err(io::Error::other)?;
                command.spawn()
            })
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the spawning thread panicked")))
    })
}

/// Takes the right to write away everywhere but below the temporary folder, /dev and /proc. Says whether the kernel
/// could.
fn restrict() -> Result<bool, RulesetError> {
    let abi = ABI::V2;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_write(abi))?
        .create()?;
    for folder in [std::env::temp_dir().as_path(), "/dev".as_ref(), "/proc".as_ref()] {
        // What is not there cannot be written either.
        let Ok(opened) = PathFd::new(folder) else { continue };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, AccessFs::from_write(abi)))?;
    }
    Ok(ruleset.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Directory;

    #[test]
    fn writes_below_the_temporary_folder_only() {
        let folder = Directory::new("confined").unwrap();
        let inside = folder.path().join("file");
        let written =
            |script: String| spawn(Command::new("/bin/sh").args(["-c", &script])).unwrap().wait().unwrap();
        assert!(written(format!("echo x >{}", inside.display())).success());
        if !std::thread::spawn(|| restrict().unwrap()).join().unwrap() {
            eprintln!("not checked further: this kernel has no Landlock");
            return;
        }
        // The checkout may lie below the temporary folder itself.
        let outside = ["/var/tmp", env!("CARGO_MANIFEST_DIR")]
            .into_iter()
            .find(|folder| !std::path::Path::new(folder).starts_with(std::env::temp_dir()))
            .unwrap();
        let outside = format!("{outside}/must-not-appear-{}", std::process::id());
        assert!(!written(format!("echo x 2>/dev/null >{outside}")).success());
        assert!(!std::path::Path::new(&outside).exists());
    }
}
