//! hooks — programs of the administrator that run before and after changes.

use super::*;

/// Runs the commit hooks.
///
/// Errors: one failed.
pub(super) fn run(
    database: &Database,
    settings: &Settings,
    argument: &str,
    say: &mut dyn FnMut(Event<'_>),
) -> Result {
    if !settings.scripts {
        return Ok(());
    }
    let mut seen = HashSet::new();
    let mut hooks = Vec::new();
    for folder in ["etc/apk/commit_hooks.d", "lib/apk/commit_hooks.d"] {
        for name in crate::transaction::protect::list_names(&database.root, folder) {
            if !name.starts_with('.') && seen.insert(name.clone()) {
                hooks.push((name.clone(), format!("{folder}/{name}")));
            }
        }
    }
    hooks.sort();
    for (_, path) in hooks {
        let stat = at::stat(database.root.as_raw_fd(), Path::new(&path), at::Links::Follow);
        if !stat.is_ok_and(|stat| stat.kind() == at::Kind::File && stat.mode & 0o111 != 0) {
            continue;
        }
        let is_skipped = !settings.hooks;
        say(Event::Hook { path: &path, argument, is_skipped });
        if is_skipped {
            continue;
        }
        let program = Program {
            name: path.as_bytes(),
            script: argument,
            package: b"",
            text: None,
            arguments: &[argument.as_bytes().to_vec()],
        };
        let result = settings.runner.run(&database.root, &program, &mut |stream, text| {
            say(Event::Line { stream, text, in_step: false });
        });
        if let Err(reason) = result {
            return Err(Error::new(Kind::Message(format!("{path}: {reason}"))));
        }
    }
    Ok(())
}
