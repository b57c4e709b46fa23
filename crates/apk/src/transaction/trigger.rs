//! trigger — which packages' triggers fire, and for which folders.

use std::collections::HashSet;

use super::order;
use crate::database::installed::{Entry, Installed};
use crate::database::triggers::{Trigger, fits};
use crate::fast_hash::FastSet;
use crate::identity::Digest;

/// A trigger that fires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fired {
    pub identity: Digest,
    /// The package's position among the installed ones.
    pub position: usize,
    /// The folders, with a slash in front.
    pub folders: Vec<Vec<u8>>,
}

/// Triggers of new packages fire for every folder that fits a pattern, those of others for touched folders; patterns with a
/// `+` look at touched folders only.
pub(super) fn fired(
    installed: &Installed,
    triggers: &[Trigger],
    fresh: &[Digest],
    touched: &FastSet<Vec<u8>>,
) -> Vec<Fired> {
    if triggers.is_empty() {
        return Vec::new();
    }
    let mut all: HashSet<&[u8]> = touched.iter().map(Vec::as_slice).collect();
    for record in installed.packages() {
        for entry in installed.entries(record) {
            let Entry::Folder { path, .. } = entry else { continue };
            if all.insert(path) {
                // The folders above it count, listed or not.
                let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
                all.extend(slashes.map(|(end, _)| &path[..end]).chain([&b""[..]]));
            }
        }
    }
    let mut all: Vec<&[u8]> = all.into_iter().collect();
    all.sort_by_cached_key(|path| (order::of_folder(path), *path));
    let mut found: Vec<Fired> = triggers
        .iter()
        .filter_map(|trigger| {
            let identity = trigger.identity;
            let own = |record| installed.identity(record) == Some(identity);
            let position = installed.packages().iter().position(own)?;
            let is_fresh = fresh.contains(&identity);
            let fit = |path: &[u8], only_touched: bool| {
                trigger.patterns.iter().any(|pattern| match pattern.strip_prefix(b"+") {
                    Some(pattern) => touched.contains(path) && fits(pattern, path),
                    None => (!only_touched || touched.contains(path)) && fits(pattern, path),
                })
            };
            let folders: Vec<Vec<u8>> =
                all.iter().filter(|path| fit(path, !is_fresh)).map(|path| [b"/", *path].concat()).collect();
            (!folders.is_empty()).then_some(Fired { identity, position, folders })
        })
        .collect();
    found.sort_by_key(|fired| fired.position);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fires() {
        let text = "C:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nP:t\nV:1\nF:etc\nF:usr/bin\nF:usr/share\n\n";
        let installed = Installed::parse(text.as_bytes().to_vec(), false).unwrap();
        let identity = Digest::sha1(b"abc");
        let patterns = ["/usr/bin", "/etc*", "+/usr/share"].map(|text| text.as_bytes().to_vec()).to_vec();
        let triggers = [Trigger { identity, patterns }];
        let folders = |fresh: &[Digest], touched: &[&str]| {
            let touched = touched.iter().map(|path| path.as_bytes().to_vec()).collect();
            let fired = fired(&installed, &triggers, fresh, &touched);
            fired.first().map(|fired| String::from_utf8(fired.folders.join(&b' ')).unwrap())
        };
        assert_eq!(folders(&[], &["var"]), None);
        assert_eq!(folders(&[identity], &[]).as_deref(), Some("/etc /usr/bin"));
        assert_eq!(folders(&[], &["usr/bin"]).as_deref(), Some("/usr/bin"));
        assert_eq!(folders(&[identity], &["usr/share"]).as_deref(), Some("/etc /usr/share /usr/bin"));
    }
}
