//! initramfs — /init of the initramfs: mounts what the kernel offers, moves the root to where containers can start,
//! brings the modules, and hands over to init.
//!
//! *Source:* Alpine's mkinitfs for the words of the command line. It goes on whatever fails; without an init a rescue
//! shell answers on the console. PID 1 never ends here.

#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code))]

mod consoles;
mod descriptors;
mod links;
mod modloop;
mod rescue;
mod root;
mod say;
mod words;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use words::Words;

#[cfg(not(test))]
sys::start!(boot);

fn boot(_arguments: Vec<OsString>) -> i32 {
    if std::process::id() != 1 {
        eprintln!("init of the initramfs: is started by the kernel, as PID 1");
        return 1;
    }
    descriptors::fill();
    mount_early();
    descriptors::use_console();
    let words = Words::parse(&fs::read("/proc/cmdline").unwrap_or_default());
    if words.is_on("quiet") {
        say::be_quiet();
    }
    let list = links::take();
    if let Err(why) = root::switch(&root_options(&words)) {
        say::error(&format!("the root stays in rootfs, where containers cannot start: {why}"));
    }
    if let Err((path, error)) = links::make(&list, Path::new("/")) {
        say::error(&format!("{}: {}", path.display(), sys::error::text(&error)));
    }
    if let Some(image) = words.value("modloop") {
        let wait = words.value("usbdelay").and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        modloop::mount_modules(Path::new(OsStr::from_bytes(&image)), wait);
    }
    if let Some(names) = words.value("modules") {
        load_modules(&names);
    }
    // No consoles listed (/sys is missing) or a table that cannot be written: init reports what it lacks itself.
    let _ = consoles::add_gettys();
    hand_over(&words)
}

/// The file systems that everything needs. What cannot be mounted is missed later, by name.
fn mount_early() {
    let base = MsFlags::MS_NOSUID;
    let strict = base | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    for (kind, target, flags, options) in [
        ("proc", "/proc", strict, None),
        ("sysfs", "/sys", strict, None),
        ("devtmpfs", "/dev", base, Some("mode=0755")),
        ("tmpfs", "/run", base | MsFlags::MS_NODEV, Some("mode=0755")),
    ] {
        let _ = fs::create_dir_all(target);
        let _ = mount(Some(kind), target, Some(kind), flags, options);
    }
}

/// The options of the root's tmpfs: `rootflags=`, of which `size=` is the one that people set.
fn root_options(words: &Words) -> String {
    let mut options = "mode=0755".to_string();
    if let Some(flags) = words.value("rootflags") {
        options += ",";
        options += &String::from_utf8_lossy(&flags);
    } else if let Some(size) = words.value("root_size") {
        options += ",size=";
        options += &String::from_utf8_lossy(&size);
    }
    options
}

/// `modules=a,b`: loads them, for hardware that the kernel does not ask for itself.
fn load_modules(names: &[u8]) {
    let mut arguments: Vec<OsString> = ["modprobe", "-a", "-b"].map(OsString::from).to_vec();
    arguments.extend(
        names
            .split(|&byte| byte == b',')
            .filter(|name| !name.is_empty())
            .map(|name| OsString::from_vec(name.to_vec())),
    );
    let environment = environment();
    let program = Path::new("/sbin/modprobe");
    let started = sys::process::fork(&mut || {
        let error = sys::process::exec(program, &arguments, &environment);
        say::error(&format!("{}: {}", program.display(), sys::error::text(&error)));
        127
    });
    if let Ok(pid) = started {
        while sys::process::reap_waiting().is_ok_and(|ended| ended.pid != pid) {}
    }
}

/// Execs init, and offers a rescue shell as often as that fails.
fn hand_over(words: &Words) -> ! {
    let init = words
        .value("init")
        .map_or_else(|| PathBuf::from("/sbin/init"), |path| PathBuf::from(OsString::from_vec(path)));
    let mut arguments = vec![init.clone().into_os_string()];
    if let Some(more) = words.value("init_args") {
        let more = more.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        arguments.extend(more.map(|word| OsString::from_vec(word.to_vec())));
    }
    if words.single() {
        arguments.push("single".into());
    }
    loop {
        let error = sys::process::exec(&init, &arguments, &environment());
        say::error(&format!("{}: {}", init.display(), sys::error::text(&error)));
        if !rescue::shell(&init) {
            say::error("there is no shell either. The machine stays as it is; switch it off by hand");
            loop {
                // Orphans may still end; nothing else can happen.
                if sys::process::reap_waiting().is_err() {
                    std::thread::sleep(std::time::Duration::from_secs(3600));
                }
            }
        }
    }
}

/// What the kernel gave (HOME, TERM, words it did not know), and a path.
fn environment() -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if !environment.iter().any(|(name, _)| name == "PATH") {
        environment
            .push(("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()));
    }
    environment
}
