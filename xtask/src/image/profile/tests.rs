//! Profiles in a folder of their own, and what is wrong with bad ones.

use super::*;

fn folder(files: &[(&str, &str)]) -> testkit::temporary::Directory {
    let folder = testkit::temporary::Directory::new("tarn-profile").unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &testkit::temporary::Directory, name: &str) -> Result<Profile> {
    Profile::load(folder.path().join(name).to_str().unwrap())
}

#[test]
fn the_profiles_of_the_tree_are_whole() {
    for name in names().unwrap() {
        let profile = Profile::load(&name).unwrap();
        assert_eq!(profile.name, name);
    }
    assert_eq!(Profile::load("virt").unwrap().root_password, Password::Empty);
    assert_eq!(Profile::load("virt-release").unwrap().root_password, Password::Locked);
}

#[test]
fn a_child_adds_and_replaces() {
    let folder = folder(&[
        (
            "base.toml",
            "hostname = 'a'\nfiles = 'one'\ncmdline = 'x=1'\nformats = ['rootfs']\nroot_password = 'empty'\n\
             [programs]\n'p' = '/usr/bin/p'\n[arch.aarch64]\ncmdline = 'console=ttyAMA0'\n",
        ),
        ("one/etc/motd", "one"),
        ("router/overlay/etc/motd", "two"),
        (
            "router/profile.toml",
            "inherit = '../base.toml'\nhostname = 'gate'\nfiles = 'overlay'\ncmdline = 'quiet y=\"a b\"'\n\
             users = [{ name = 'admin', groups = ['wheel'], ssh_keys = 'admin.pub' }]\n\
             formats = ['iso']\n[programs]\n'bin/{arch}/q' = '/usr/bin/p'\n",
        ),
    ]);
    let profile = load(&folder, "router/profile.toml").unwrap();
    let top = folder.path();
    assert_eq!(profile.name, "router");
    assert_eq!(profile.hostname.as_deref(), Some("gate"));
    assert_eq!(profile.overlays, [top.join("one"), top.join("router/overlay")]);
    assert_eq!(profile.cmdline(Arch::X86_64), ["x=1", "quiet", "y=\"a b\""]);
    assert_eq!(profile.cmdline(Arch::Aarch64), ["console=ttyAMA0", "x=1", "quiet", "y=\"a b\""]);
    assert_eq!(profile.root_password, Password::Empty);
    assert_eq!(profile.programs["/usr/bin/p"].path(Arch::Aarch64), top.join("router/bin/aarch64/q"));
    assert_eq!(profile.users[0].ssh_keys.as_deref(), Some(&*top.join("router/admin.pub")));
    assert_eq!(profile.formats.iter().map(|format| format.name).collect::<Vec<_>>(), ["iso"]);
}

#[test]
fn errors_name_file_line_and_what_is_allowed() {
    const CASES: &[(&str, &str)] = &[
        ("\nhostnam = 'x'\n", "p.toml:2: unknown field `hostnam`, expected one of `inherit`, `hostname`"),
        ("hostname = 'a b'\n", "p.toml:1: hostname: 'a b': letters, digits"),
        ("inherit = 'no-such'\n", "p.toml:1: no profile no-such: there is "),
        ("inherit = './no.toml'\n", "no.toml: no such profile"),
        ("inherit = './p.toml'\n", "in a ring"),
        ("\n\npackages = ['x']\n", "p.toml:3: packages: Tarn has no package manager yet"),
        ("services.default = ['x']\n", "services: Tarn has no service manager yet"),
        ("files = 'nowhere'\n", "p.toml:1: files: "),
        ("root_password = 'secret'\n", "root_password: not \"empty\", not \"locked\""),
        ("formats = [\n'ram',\n'floppy']\n", "p.toml:3: no format floppy: there is ram, rootfs, iso"),
        ("users = [{ name = 'Bob' }]\n", "p.toml:1: users: user 'Bob': small letters"),
        ("users = [{ name = 'root' }]\n", "users: root is there already"),
        ("users = [{ name = 'a', groups = ['b:c'] }]\n", "users: group 'b:c'"),
        ("users = [{ name = 'a', nam = 'b' }]\n", "unknown field `nam`"),
        ("cmdline = \"a\\nb\"\n", "cmdline: one line"),
        ("cmdline = 'a=\"b'\n", "cmdline: a quotation mark is not closed"),
        ("[programs]\n'p' = 'usr/bin/p'\n", "p.toml:2: 'usr/bin/p': a path in the image begins with '/'"),
        ("[programs]\n'p' = '/usr/../p'\n", "'/usr/../p': a path"),
        ("[arch.riscv]\ncmdline = 'x'\n", "p.toml:1: arch.riscv: there is x86_64 and aarch64"),
        ("hostname = \n", "p.toml:1: "),
    ];
    for (text, message) in CASES {
        let folder = folder(&[("p.toml", text)]);
        let error = format!("{:#}", load(&folder, "p.toml").unwrap_err());
        assert!(error.contains(message), "{text}: {error}");
    }
    let folder = folder(&[("a b.toml", "")]);
    assert!(format!("{:#}", load(&folder, "a b.toml").unwrap_err()).contains("part of file names"));
}

#[test]
fn passwords() {
    for (text, wanted) in [
        ("empty", Some("")),
        ("locked", Some("*")),
        ("$6$salt$hash", Some("$6$salt$hash")),
        ("$y$j9T$salt$hash", Some("$y$j9T$salt$hash")),
        ("", None),
        ("$6$$hash", None),
        ("$6$salt$ha:sh", None),
        ("$6$salt$ha\nsh", None),
        ("hunter2", None),
    ] {
        let field = words::password(text).ok();
        assert_eq!(field.as_ref().map(Password::field), wanted, "{text:?}");
    }
}
