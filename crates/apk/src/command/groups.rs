//! groups — options that several applets share.

use super::options::{Group, Takes, opt};

/// Options of every command that changes a root.
pub static COMMIT: Group = Group {
    title: "Commit",
    options: &[
        opt(
            "clean-protected",
            "",
            Takes::Bool,
            "Replace changed configuration files instead of making .apk-new files",
        ),
        opt("commit-hooks", "", Takes::Bool, "Whether the commit hooks run"),
        opt(
            "initramfs-diskless-boot",
            "",
            Takes::Nothing,
            "For the initramfs: the root is being filled anew",
        ),
        opt("explain", "", Takes::Nothing, "Say more of why there is no solution; so it is on a terminal"),
        opt("lock-file", "", Takes::Text("FILE"), "The same as --locked, with this file"),
        opt("locked", "", Takes::Nothing, "Install only packages of etc/apk/lock, as 'apk lock' wrote it"),
        opt("overlay-from-stdin", "", Takes::Nothing, "Read the list of overlay files from stdin"),
        opt("scripts", "", Takes::Bool, "Whether scripts of packages run"),
        opt("simulate", "s", Takes::Bool, "Show what would be done, change nothing"),
    ],
};

/// Options of every command that writes a v3 file.
pub static GENERATION: Group = Group {
    title: "Generation",
    options: &[
        opt(
            "compression",
            "c",
            Takes::Text("ALGORITHM[:LEVEL]"),
            "Compress with ALGORITHM (none, deflate, zstd) at LEVEL",
        ),
        opt("sign-key", "", Takes::Text("KEYFILE"), "Sign with the private key in KEYFILE; may be repeated"),
    ],
};

/// Options of every command that selects and prints packages.
pub static QUERY: Group = Group {
    title: "Query",
    options: &[
        opt("all-matches", "", Takes::Nothing, "Every match, not only the best one of a name"),
        opt("available", "", Takes::Nothing, "Only packages that a repository has"),
        opt("fields", "F", Takes::Text("FIELDS[:REVERSE_FIELD]"), "The fields to print, separated by commas"),
        opt("format", "", Takes::Text("FORMATSPEC"), "How to print: default, yaml or json"),
        opt(
            "from",
            "",
            Takes::Text("FROMSPEC"),
            "Where packages come from: system (everything), repositories (without the installed ones), installed, or \
             none (repositories of the command line only)",
        ),
        opt("installed", "", Takes::Nothing, "Only installed packages"),
        opt("match", "", Takes::Text("FIELDS"), "The fields to compare with the words, separated by commas"),
        opt("recursive", "R", Takes::Nothing, "Select what would be installed for the constraints"),
        opt("search", "", Takes::Nothing, "Words match anywhere in a field"),
        opt("summarize", "", Takes::Text("FIELD[:REVERSE_FIELD]"), "Print the different values of one field"),
        opt("upgradable", "", Takes::Nothing, "Only installed packages of which there is a newer version"),
        opt("world", "", Takes::Nothing, "Add the constraints of world"),
        opt("orphaned", "", Takes::Nothing, "Only installed packages that no repository has"),
    ],
};
