//! fields — what can be asked of a package: names, how they are shown, and lists of them on the command line.

/// A fact of a package, in the order in which facts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Package,
    Name,
    Version,
    Hash,
    Description,
    Arch,
    License,
    Origin,
    Maintainer,
    Url,
    Commit,
    BuildTime,
    InstalledSize,
    FileSize,
    ProviderPriority,
    Depends,
    Provides,
    InstallIf,
    Recommends,
    Layer,
    Tags,
    Repositories,
    DownloadUrl,
    ReverseDepends,
    ReverseInstallIf,
    Contents,
    Triggers,
    Scripts,
    ReplacesPriority,
    Replaces,
    Status,
}

use Field::*;

/// Every field with its name on command lines and in JSON and YAML, and its title.
const FIELDS: [(Field, &str, &str); 31] = [
    (Package, "package", "Package"),
    (Name, "name", "Name"),
    (Version, "version", "Version"),
    (Hash, "hash", "Hash"),
    (Description, "description", "Description"),
    (Arch, "arch", "Arch"),
    (License, "license", "License"),
    (Origin, "origin", "Origin"),
    (Maintainer, "maintainer", "Maintainer"),
    (Url, "url", "URL"),
    (Commit, "commit", "Commit"),
    (BuildTime, "build-time", "Build-Time"),
    (InstalledSize, "installed-size", "Installed-Size"),
    (FileSize, "file-size", "File-Size"),
    (ProviderPriority, "provider-priority", "Provider-Priority"),
    (Depends, "depends", "Depends"),
    (Provides, "provides", "Provides"),
    (InstallIf, "install-if", "Install-If"),
    (Recommends, "recommends", "Recommends"),
    (Layer, "layer", "Layer"),
    (Tags, "tags", "Tags"),
    (Repositories, "repositories", "Repositories"),
    (DownloadUrl, "download-url", "Download-URL"),
    (ReverseDepends, "reverse-depends", "Reverse-Depends"),
    (ReverseInstallIf, "reverse-install-if", "Reverse-Install-If"),
    (Contents, "contents", "Contents"),
    (Triggers, "triggers", "Triggers"),
    (Scripts, "scripts", "Scripts"),
    (ReplacesPriority, "replaces-priority", "Replaces-Priority"),
    (Replaces, "replaces", "Replaces"),
    (Status, "status", "Status"),
];

/// What a query prints where nothing else is asked for.
pub(crate) const USUAL: [Field; 8] = [Name, Version, Description, Arch, License, Origin, Url, FileSize];

/// Fields that words can be compared with.
const COMPARED: [Field; 16] = [
    Package,
    Name,
    Version,
    Description,
    Arch,
    License,
    Origin,
    Maintainer,
    Url,
    Depends,
    Provides,
    Replaces,
    InstallIf,
    Recommends,
    Tags,
    Contents,
];

/// Fields whose values can be summed up.
const SUMMED_UP: [Field; 10] = [
    Package,
    Name,
    Origin,
    Depends,
    Provides,
    Replaces,
    InstallIf,
    Recommends,
    ReverseDepends,
    ReverseInstallIf,
];

/// What packages on the other side of a dependency are shown as.
const REVERSE: [Field; 3] = [Package, Name, Origin];

impl Field {
    /// Its name on command lines.
    pub(crate) fn name(self) -> &'static str {
        FIELDS[self as usize].1
    }

    /// What stands before its value.
    pub(crate) fn title(self) -> &'static str {
        FIELDS[self as usize].2
    }

    /// Whether only the database knows it.
    pub(crate) fn is_of_installed(self) -> bool {
        self >= Contents
    }

    /// Whether it takes every package to know it.
    pub(crate) fn is_reverse(self) -> bool {
        matches!(self, ReverseDepends | ReverseInstallIf)
    }
}

/// Fields to print, in the order in which they are printed, and what the other side of dependencies is shown as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) list: Vec<Field>,
    pub(crate) reverse: Field,
    /// All that is known was asked for: what is not known is no error.
    pub(crate) everything: bool,
}

impl Fields {
    /// These fields.
    pub(crate) fn of(list: &[Field]) -> Fields {
        let mut list = list.to_vec();
        list.sort_unstable();
        list.dedup();
        Fields { list, reverse: Name, everything: false }
    }

    /// All that is known; the other side of dependencies as `reverse`.
    pub(crate) fn all(reverse: Field) -> Fields {
        let list = FIELDS.iter().map(|(field, ..)| *field).filter(|field| *field != Hash).collect();
        Fields { list, reverse, everything: true }
    }

    /// The list of `--fields`; None where a word is no field.
    pub(crate) fn parse(text: &[u8]) -> Option<Fields> {
        let (list, reverse) = with_reverse(text)?;
        let mut fields = if names(list).any(|name| name == "all") {
            Fields::all(reverse)
        } else {
            let every = FIELDS.map(|(field, ..)| field);
            Fields::of(&parse_among(list, &every)?)
        };
        fields.reverse = reverse;
        Some(fields)
    }
}

/// The fields of `--match`; None where words cannot be compared with one.
pub(crate) fn parse_compared(text: &[u8]) -> Option<Vec<Field>> {
    parse_among(std::str::from_utf8(text).ok()?, &COMPARED)
}

/// The field of `--summarize`, and what the other side is shown as.
pub(crate) fn parse_summary(text: &[u8]) -> Option<(Field, Field)> {
    let (name, reverse) = with_reverse(text)?;
    Some((one_of(name, &SUMMED_UP)?, reverse))
}

fn with_reverse(text: &[u8]) -> Option<(&str, Field)> {
    let text = std::str::from_utf8(text).ok()?;
    match text.split_once(':') {
        Some((list, reverse)) => Some((list, one_of(reverse, &REVERSE)?)),
        None => Some((text, Name)),
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.strip_suffix(',').unwrap_or(list).split(',')
}

fn parse_among(list: &str, among: &[Field]) -> Option<Vec<Field>> {
    names(list).map(|name| one_of(name, among)).collect()
}

fn one_of(name: &str, among: &[Field]) -> Option<Field> {
    among.iter().copied().find(|field| field.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_fields() {
        for (index, (field, ..)) in FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, index, "{field:?}");
        }
    }

    #[test]
    fn lists_of_fields() {
        for (text, expected) in [
            ("name", Some(vec![Name])),
            ("version,name,", Some(vec![Name, Version])),
            ("name,name:package", Some(vec![Name])),
            ("", None),
            (",", None),
            ("name:", None),
            ("name:depends", None),
            ("NAME", None),
            ("name,x", None),
        ] {
            assert_eq!(Fields::parse(text.as_bytes()).map(|fields| fields.list), expected, "{text}");
        }
        assert_eq!(Fields::parse(b"all:package").unwrap().reverse, Package);
        assert_eq!(parse_summary(b"depends:package"), Some((Depends, Package)));
        assert_eq!(parse_summary(b"version"), None);
        assert_eq!(parse_compared(b"name,file-size"), None);
    }
}
