//! globals — the options that every applet has, and their meaning.

use std::path::PathBuf;

use super::options::{Group, Opt, Options, Switch, Takes, Value, opt};

pub static GLOBAL: Group = Group {
    title: "Global",
    options: &[
        opt(
            "allow-untrusted",
            "",
            Takes::Nothing,
            "Take packages and indexes without a signature by a known key",
        ),
        opt("arch", "", Takes::Text("ARCH"), "Use this architecture; may be repeated"),
        opt("cache", "", Takes::Bool, "Whether the cache is used"),
        opt("cache-dir", "", Takes::Text("CACHEDIR"), "Use this directory as the cache"),
        opt(
            "cache-max-age",
            "",
            Takes::Text("AGE"),
            "Minutes after which an index in the cache is fetched again",
        ),
        opt("cache-packages", "", Takes::Bool, "Keep packages in the cache while they are installed"),
        opt(
            "cache-predownload",
            "",
            Takes::Bool,
            "Fetch all packages into the cache before the first change",
        ),
        opt("check-certificate", "", Takes::Bool, "Whether certificates of https servers are checked"),
        opt("force", "f", Takes::Nothing, "Several of the --force options at once (out of date)"),
        opt("force-binary-stdout", "", Takes::Nothing, "Write binary data even to a terminal"),
        opt(
            "force-broken-world",
            "",
            Takes::Nothing,
            "DANGEROUS: drop constraints of world until there is a solution",
        ),
        opt("force-missing-repositories", "", Takes::Nothing, "Go on without indexes that cannot be had"),
        opt("force-no-chroot", "", Takes::Nothing, "Run scripts without chroot"),
        opt(
            "force-non-repository",
            "",
            Takes::Nothing,
            "Go on although packages may be lost at the next boot",
        ),
        opt("force-old-apk", "", Takes::Nothing, "Go on although packages use features that are not known"),
        opt("force-overwrite", "", Takes::Nothing, "Overwrite files of other packages"),
        opt("force-refresh", "", Takes::Nothing, "Take nothing from caches, neither here nor on the way"),
        opt("help", "h", Takes::Nothing, "Print help and exit"),
        opt("interactive", "i", Takes::Auto, "Ask before changes are made"),
        opt("keys-dir", "", Takes::Text("KEYSDIR"), "Take trusted keys from this directory"),
        opt("legacy-info", "", Takes::Bool, "Whether info prints in its old form"),
        opt("logfile", "", Takes::Bool, "Whether the log is written"),
        opt("network", "", Takes::Bool, "Whether the network is used"),
        opt("preserve-env", "", Takes::Bool, "Give scripts the environment, except APK_* variables"),
        opt("pretty-print", "", Takes::Auto, "Whether output is laid out for people"),
        opt("preupgrade-depends", "", Takes::Text("DEPS"), "Packages to upgrade before all others"),
        opt("print-arch", "", Takes::Nothing, "Print the architecture and exit"),
        opt("progress", "", Takes::Auto, "Whether a progress bar is shown"),
        opt("progress-fd", "", Takes::Text("FD"), "Write progress to this file descriptor"),
        opt("purge", "", Takes::Bool, "Remove changed configuration files and cached packages too"),
        opt("quiet", "q", Takes::Nothing, "Print less"),
        opt("repositories-file", "", Takes::Text("REPOFILE"), "Read repositories from this file"),
        opt("repository", "X", Takes::Text("REPO"), "Use this repository too; may be repeated"),
        opt(
            "repository-config",
            "",
            Takes::Text("REPOCONFIG"),
            "Use these lines of repository configuration too",
        ),
        opt("root", "p", Takes::Text("ROOT"), "Work on the system below ROOT"),
        opt("root-tmpfs", "", Takes::Auto, "Whether ROOT is lost at the next boot"),
        opt("sync", "", Takes::Auto, "Whether file systems are synced at the end"),
        opt(
            "timeout",
            "",
            Takes::Text("TIME"),
            "Seconds without progress after which a connection is given up",
        ),
        opt("update-cache", "U", Takes::Nothing, "The same as '--cache-max-age 0'"),
        opt("uvol-manager", "", Takes::Text("UVOL"), "The program that manages OpenWrt's volumes"),
        opt("verbose", "v", Takes::Nothing, "Print more; may be repeated"),
        opt("version", "V", Takes::Nothing, "Print the version and exit"),
        Opt {
            long: "wait",
            also: &[],
            hidden: &[],
            short: "",
            takes: Takes::Text("TIME"),
            help: "Seconds to wait for the lock of the database",
        },
    ],
};

/// The options of `--force` and its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Force {
    pub binary_stdout: bool,
    pub broken_world: bool,
    pub missing_repositories: bool,
    pub no_chroot: bool,
    pub non_repository: bool,
    pub old_apk: bool,
    pub overwrite: bool,
    pub refresh: bool,
}

/// The meaning of the global options and of the commit group, whose values are settings of the whole run.
#[derive(Clone, Debug)]
pub struct Globals {
    pub allow_untrusted: bool,
    /// Architectures of the command line, the first is primary.
    pub arches: Vec<Vec<u8>>,
    pub cache: bool,
    pub cache_dir: Option<PathBuf>,
    /// Seconds; None: the default of the applet.
    pub cache_max_age_s: Option<u64>,
    pub cache_packages: Option<bool>,
    pub cache_predownload: bool,
    pub check_certificate: bool,
    pub force: Force,
    pub interactive: Switch,
    pub keys_dir: Option<PathBuf>,
    pub legacy_info: bool,
    pub logfile: bool,
    pub network: bool,
    pub preserve_env: bool,
    pub pretty_print: Switch,
    /// Lists of constraints, one for each time the option was given.
    pub preupgrade_depends: Vec<Vec<u8>>,
    pub progress: Switch,
    pub progress_fd: Option<i32>,
    pub purge: bool,
    pub repositories_file: Option<PathBuf>,
    /// Repositories of the command line in their order.
    pub repositories: Vec<ExtraRepository>,
    /// None: the system itself.
    pub root: Option<PathBuf>,
    pub root_tmpfs: Switch,
    pub sync: Switch,
    pub timeout_s: u64,
    pub uvol_manager: Option<PathBuf>,
    /// 0 after `-q`, 1 by default, more with each `-v`.
    pub verbosity: i32,
    pub wait_s: u64,
    pub clean_protected: bool,
    pub commit_hooks: bool,
    pub diskless_boot: bool,
    pub overlay_from_stdin: bool,
    pub scripts: bool,
    pub simulate: bool,
}

/// A repository that the command line adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtraRepository {
    /// `--repository`: a place, relative paths allowed.
    Url(Vec<u8>),
    /// `--repository-config`: lines as in /etc/apk/repositories.
    Lines(Vec<u8>),
}

/// Seconds of a minute.
const MINUTE_S: u64 = 60;

impl Globals {
    /// The settings that `options` ask for. `auto_interactive` is the default where `/etc/apk/interactive` exists.
    pub fn new(options: &Options, auto_interactive: bool) -> Globals {
        let path = |name: &str| options.text(name).map(|text| PathBuf::from(super::os(text)));
        let on = |name: &str, otherwise: bool| {
            options.switch(name).map_or(otherwise, |switch| switch == Switch::Yes)
        };
        let auto = |name: &str, otherwise: Switch| options.switch(name).unwrap_or(otherwise);
        Globals {
            allow_untrusted: options.has("allow-untrusted"),
            arches: options.texts("arch").map(<[u8]>::to_vec).collect(),
            cache: on("cache", true),
            cache_dir: path("cache-dir"),
            cache_max_age_s: cache_max_age_s(options),
            cache_packages: options.switch("cache-packages").map(|switch| switch == Switch::Yes),
            cache_predownload: on("cache-predownload", false),
            check_certificate: on("check-certificate", true),
            force: force(options),
            interactive: auto("interactive", if auto_interactive { Switch::Auto } else { Switch::No }),
            keys_dir: path("keys-dir"),
            legacy_info: on("legacy-info", true),
            logfile: on("logfile", true),
            network: on("network", true),
            preserve_env: on("preserve-env", false),
            pretty_print: auto("pretty-print", Switch::Auto),
            preupgrade_depends: options.texts("preupgrade-depends").map(<[u8]>::to_vec).collect(),
            progress: auto("progress", Switch::Auto),
            progress_fd: options.text("progress-fd").map(|text| leading_number(text) as i32),
            purge: on("purge", false),
            repositories_file: path("repositories-file"),
            repositories: extra_repositories(options),
            root: path("root"),
            root_tmpfs: auto("root-tmpfs", Switch::Auto),
            sync: auto("sync", Switch::Auto),
            timeout_s: options.text("timeout").map_or(MINUTE_S, leading_number),
            uvol_manager: path("uvol-manager"),
            verbosity: 1 + options.count("verbose") as i32 - options.count("quiet") as i32,
            wait_s: options.text("wait").map_or(0, leading_number),
            clean_protected: on("clean-protected", false),
            commit_hooks: on("commit-hooks", true),
            diskless_boot: options.has("initramfs-diskless-boot"),
            overlay_from_stdin: options.has("overlay-from-stdin"),
            scripts: on("scripts", true),
            simulate: on("simulate", false),
        }
    }
}

fn cache_max_age_s(options: &Options) -> Option<u64> {
    let mut age = None;
    for (name, value) in options.all() {
        match (*name, value) {
            ("update-cache", _) => age = Some(0),
            ("cache-max-age", Value::Text(text)) => age = Some(leading_number(text).saturating_mul(MINUTE_S)),
            _ => {}
        }
    }
    age
}

fn force(options: &Options) -> Force {
    let all = options.has("force");
    Force {
        binary_stdout: all || options.has("force-binary-stdout"),
        broken_world: options.has("force-broken-world"),
        missing_repositories: options.has("force-missing-repositories"),
        no_chroot: options.has("force-no-chroot"),
        non_repository: all || options.has("force-non-repository"),
        old_apk: all || options.has("force-old-apk"),
        overwrite: all || options.has("force-overwrite"),
        refresh: options.has("force-refresh"),
    }
}

fn extra_repositories(options: &Options) -> Vec<ExtraRepository> {
    let mut repositories = Vec::new();
    for (name, value) in options.all() {
        match (*name, value) {
            ("repository", Value::Text(text)) => repositories.push(ExtraRepository::Url(text.clone())),
            ("repository-config", Value::Text(text)) => {
                repositories.push(ExtraRepository::Lines(text.clone()))
            }
            _ => {}
        }
    }
    repositories
}

/// The number that the text begins with; 0 where it does not begin with one, as atoi(3) reads it.
fn leading_number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::super::options::Tables;
    use super::*;

    fn globals(line: &str) -> Globals {
        let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let (options, _) = Tables { groups: &[&GLOBAL] }.parse(&words).unwrap();
        Globals::new(&options, false)
    }

    #[test]
    fn meanings() {
        let globals =
            globals("-U --cache-max-age 2 -qvv --no-cache -X a --repository-config b --arch x --arch y -f");
        assert_eq!(globals.cache_max_age_s, Some(120));
        assert_eq!(globals.verbosity, 2);
        assert!(!globals.cache);
        assert_eq!(
            globals.repositories,
            [ExtraRepository::Url(b"a".to_vec()), ExtraRepository::Lines(b"b".to_vec())]
        );
        assert_eq!(globals.arches, [b"x".to_vec(), b"y".to_vec()]);
        assert!(globals.force.overwrite && !globals.force.broken_world);
    }

    #[test]
    fn numbers_as_atoi_reads_them() {
        for (text, expected) in
            [("12", 12), ("1x", 1), ("x", 0), ("", 0), ("99999999999999999999999", u64::MAX)]
        {
            assert_eq!(leading_number(text.as_bytes()), expected, "{text}");
        }
    }
}
