//! Whole images from small parts: the same bytes whatever the folder and the time, and nothing half-made that is trusted.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use testkit::temporary::Directory;

use super::*;
use crate::image::root::Kind;

#[path = "../../../crates/loader/src/config.rs"]
mod loader_config;

/// Programs and a kernel that are not real, a profile, and a folder to build in.
struct Bench {
    folder: Directory,
    profile: Profile,
}

impl Bench {
    fn new() -> Bench {
        let folder = Directory::new("tarn-image").unwrap();
        for (name, text) in [
            ("bin/rbox", "#!rbox"),
            ("bin/init", "#!init"),
            ("bin/initramfs", "#!initramfs"),
            ("bin/usermode-helper", "#!usermode-helper"),
            ("bin/suid-helper", "#!suid-helper"),
            ("bin/apk", "#!apk"),
            ("bin/loader.efi", "MZ"),
            ("kernel/vmlinuz", "kernel"),
            ("kernel/modules", "modules"),
            ("own/overlay/etc/motd", "hello\n"),
            ("own/overlay/etc/group", "root:x:0:\n"),
            ("own/hello", "#!/bin/sh\necho hello\n"),
            (
                "own/profile.toml",
                "inherit = 'virt'\nhostname = 'gate'\nfiles = 'overlay'\nroot_password = 'locked'\n\
                 users = [{ name = 'admin', groups = ['root'] }]\n[programs]\n'hello' = '/usr/bin/hello'\n",
            ),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let profile = Profile::load(folder.path().join("own/profile.toml").to_str().unwrap()).unwrap();
        Bench { folder, profile }
    }

    /// Makes the formats in `out`, and gives the files by name.
    fn make(&self, arch: Arch, formats: &[&str]) -> Result<BTreeMap<String, Vec<u8>>> {
        let at = |name: &str| self.folder.path().join(name);
        let root = tree::assemble(&self.profile, arch, &at("bin"))?;
        let parts = Parts {
            profile: &self.profile.name,
            arch,
            version: "1.2",
            epoch: 1_700_000_000,
            cmdline: "console=ttyS0 a=b",
            vmlinuz: &at("kernel/vmlinuz"),
            modules: &at("kernel/modules"),
            root: &root,
            bin: &at("bin"),
            loader: Some(&at("bin/loader.efi")),
            folder: at("out"),
        };
        let formats: Vec<_> = formats.iter().map(|name| format::find(name).unwrap()).collect();
        make(&parts, "6.12.1", &formats)?;
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&parts.folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.starts_with('.') {
                files.insert(name.clone(), fs::read(parts.folder.join(name)).unwrap());
            }
        }
        Ok(files)
    }
}

fn have_xorriso() -> bool {
    let have = deps::in_path("xorriso") && !iso::host_files(Arch::X86_64).is_empty();
    if !have {
        eprintln!("xorriso or isolinux is not installed: the ISO is not tested");
    }
    have
}

#[test]
fn two_builds_in_two_folders_give_the_same_bytes() {
    let formats: &[&str] = if have_xorriso() { &["rootfs", "iso"] } else { &["rootfs", "ram"] };
    for &arch in Arch::ALL {
        let one = Bench::new().make(arch, formats).unwrap();
        let bench = Bench::new();
        for name in ["own/hello", "own/overlay/etc/motd", "bin/rbox"] {
            let path = bench.folder.path().join(name);
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(100);
            File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let two = bench.make(arch, formats).unwrap();
        assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
        for (name, bytes) in &one {
            assert!(*bytes == two[name], "{name} differs ({})", arch.name());
        }
        assert!(one.len() >= 5, "{:?}", one.keys());
    }
}

#[test]
fn what_is_made_is_not_made_again_and_what_is_damaged_is() {
    let bench = Bench::new();
    let first = bench.make(Arch::X86_64, &["ram"]).unwrap();
    let initramfs = bench.folder.path().join("out/initramfs");
    let time = || fs::metadata(&initramfs).unwrap().modified().unwrap();
    let made = time();
    bench.make(Arch::X86_64, &["ram"]).unwrap();
    assert_eq!(time(), made, "nothing had changed");
    let more = bench.make(Arch::X86_64, &["rootfs"]).unwrap();
    assert_eq!(time(), made, "only the missing format is made");
    assert!(more.contains_key("rootfs.tar.gz") && more.contains_key("initramfs"));
    fs::write(&initramfs, "cut").unwrap();
    let again = bench.make(Arch::X86_64, &["ram"]).unwrap();
    assert!(again["initramfs"] == first["initramfs"]);
    assert!(!again.contains_key("rootfs.tar.gz"), "what is not of this image is gone");
    fs::write(bench.folder.path().join("own/hello"), "#!/bin/sh\necho other\n").unwrap();
    assert!(bench.make(Arch::X86_64, &["ram"]).unwrap()["initramfs"] != first["initramfs"]);
}

#[test]
fn an_interrupted_run_leaves_nothing_that_is_trusted() {
    let bench = Bench::new();
    let first = bench.make(Arch::X86_64, &["ram", "rootfs"]).unwrap();
    let out = bench.folder.path().join("out");
    // As if it had ended in the middle of the initramfs: the stamp is gone, a part is there.
    fs::remove_file(out.join(".stamp")).unwrap();
    fs::write(out.join("initramfs.part"), "half").unwrap();
    fs::write(out.join("initramfs"), "of another time").unwrap();
    let again = bench.make(Arch::X86_64, &["ram", "rootfs"]).unwrap();
    assert!(again == first);
    // A kernel that cannot be read fails the run, names the file, and leaves no stamp behind.
    fs::remove_file(bench.folder.path().join("kernel/modules")).unwrap();
    let error = format!("{:#}", bench.make(Arch::X86_64, &["ram"]).unwrap_err());
    assert!(error.contains("kernel/modules: No such file"), "{error}");
}

#[test]
fn the_root_has_what_the_profile_says() {
    let bench = Bench::new();
    let mut root = tree::assemble(&bench.profile, Arch::X86_64, &bench.folder.path().join("bin")).unwrap();
    tree::add_start(&mut root, &bench.folder.path().join("bin")).unwrap();
    assert_eq!(root.text("/etc/hostname").unwrap(), "gate\n");
    assert_eq!(root.text("/etc/motd").unwrap(), "hello\n");
    assert!(root.text("/etc/shadow").unwrap().contains("root:*:"));
    assert!(!root.text("/etc/issue").unwrap().contains("no password"));
    assert_eq!(root.get("/bin/busybox").unwrap().kind, Kind::Symlink("rbox".to_string()));
    assert_eq!(root.get("/usr/bin/head").unwrap().kind, Kind::Symlink("/bin/rbox".to_string()));
    assert_eq!(root.get("/usr/bin/hello").unwrap().mode, 0o755);
    assert_eq!(root.get("/tmp").unwrap().mode, 0o1777);
    assert_eq!(root.get("/home/admin").unwrap().uid, 1000);
    assert_eq!(root.get("/dev/console").unwrap().kind, Kind::CharDevice { major: 5, minor: 1 });
    let virt = Profile::load("virt").unwrap();
    let root = tree::assemble(&virt, Arch::X86_64, &bench.folder.path().join("bin")).unwrap();
    assert!(root.text("/etc/shadow").unwrap().lines().any(|line| line.starts_with("root::")));
    assert!(root.text("/etc/issue").unwrap().contains("root has no password"));
}

#[test]
fn the_loader_reads_what_is_written_for_it() {
    let text = iso::loader_config("Tarn", "console=ttyS0 x=\"a b\"");
    let config = loader_config::parse(&text).unwrap();
    assert_eq!(config.kernel, "\\vmlinuz");
    assert_eq!(config.initrd, "\\initramfs");
    assert_eq!(config.cmdline, "console=ttyS0 x=\"a b\"");
    assert_eq!((config.title, config.timeout_s), ("Tarn", 1));
    for (text, line, what) in [
        ("kernel a\nkernle b\n", 2, "unknown word"),
        ("kernel a\n\ntimeout soon\n", 3, "not a number"),
        ("# nothing\n", 1, "no kernel"),
        ("", 0, "no kernel"),
    ] {
        let problem = loader_config::parse(text).unwrap_err();
        assert!(problem.line == line && problem.what.contains(what), "{text:?}: {problem:?}");
    }
}
