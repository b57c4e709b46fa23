//! scenario — a VM test as a folder: `test.toml` says how the machine is started and what must be true of it, `guest.sh`
//! is run in the guest and prints `ok NAME` and `not ok NAME`.
//!
//! The script reaches the guest as a disk, so nothing of the image under test is changed. `qemu/tests/lib.sh` goes in
//! front of it: it has `check` and prints the verdict at the end, without which a scenario has failed.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::{Failure, Limits, Vm};
use crate::machine::{Accelerator, Machine, Slot};
use crate::temporary::Directory;

/// `test.toml`.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What is shown, in a line.
    pub summary: String,
    /// The profile whose image is booted; one that begins with `./` lies beside this file and is first copied out of
    /// the tree.
    #[serde(default = "virt")]
    pub profile: String,
    #[serde(default = "both")]
    pub arch: Vec<String>,
    #[serde(default = "kernel_only")]
    pub boot: Vec<Boot>,
    #[serde(default = "memory")]
    pub memory_mib: u32,
    /// Kernel words added to the profile's, for boots by the kernel.
    #[serde(default)]
    pub append: String,
    /// Texts that must come before the prompt, in this order.
    #[serde(default)]
    pub expect: Vec<String>,
    #[serde(default)]
    pub enter: Enter,
    #[serde(default)]
    pub end: Ending,
    #[serde(default)]
    pub network: bool,
    /// Seconds for the whole test.
    #[serde(default = "limit")]
    pub limit_s: u64,
}

fn virt() -> String {
    "virt".to_string()
}
fn both() -> Vec<String> {
    vec!["x86_64".to_string(), "aarch64".to_string()]
}
fn kernel_only() -> Vec<Boot> {
    vec![Boot::Kernel]
}
fn memory() -> u32 {
    256
}
fn limit() -> u64 {
    240
}

/// How the machine comes to its kernel.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Boot {
    /// Kernel and initramfs are given to the emulator.
    Kernel,
    CdBios,
    CdUefi,
    UsbBios,
    UsbUefi,
}

impl Boot {
    /// Firmware and slot of a boot from the ISO.
    fn medium(self) -> Option<(&'static str, Slot)> {
        match self {
            Boot::Kernel => None,
            Boot::CdBios => Some(("bios", Slot::Cd)),
            Boot::CdUefi => Some(("uefi", Slot::Cd)),
            Boot::UsbBios => Some(("bios", Slot::Usb)),
            Boot::UsbUefi => Some(("uefi", Slot::Usb)),
        }
    }

    /// Whether machines of `arch` can start so.
    fn exists_on(self, arch: &str) -> bool {
        arch == "x86_64" || !matches!(self, Boot::CdBios | Boot::UsbBios)
    }
}

impl fmt::Display for Boot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Boot::Kernel => "kernel",
            Boot::CdBios => "cd-bios",
            Boot::CdUefi => "cd-uefi",
            Boot::UsbBios => "usb-bios",
            Boot::UsbUefi => "usb-uefi",
        })
    }
}

/// Where the guest's script is typed.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Enter {
    /// At the prompt that follows `root` at the login prompt.
    #[default]
    Login,
    /// At a rescue shell, which asks nothing.
    Rescue,
}

/// How the guest is told to end, and so what the emulator must report.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    #[default]
    Poweroff,
    Reboot,
}

impl Ending {
    fn command(self, enter: Enter) -> String {
        let word = match self {
            Ending::Poweroff => "poweroff",
            Ending::Reboot => "reboot",
        };
        // No init answers in a rescue shell.
        if enter == Enter::Rescue { format!("{word} -f") } else { word.to_string() }
    }

    fn reason(self) -> &'static str {
        match self {
            Ending::Poweroff => "guest-shutdown",
            Ending::Reboot => "guest-reset",
        }
    }
}

/// One machine to be started: a scenario with one architecture and one way to boot.
#[derive(Clone, Debug)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    pub folder: PathBuf,
    pub arch: String,
    pub boot: Boot,
    pub scenario: Scenario,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.arch, self.boot)
    }
}

/// The files that a case boots.
#[derive(Clone, Debug)]
pub struct Image {
    pub kernel: PathBuf,
    pub initramfs: PathBuf,
    /// Needed for boots from a medium only.
    pub iso: PathBuf,
    pub cmdline: String,
}

/// Reads every scenario below `tests` and multiplies it out, sorted by name.
pub fn cases(tests: &Path) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(tests)
        .map_err(|error| format!("{}: {error}", tests.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        let file = folder.join("test.toml");
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let scenario: Scenario =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for arch in &scenario.arch {
            for &boot in scenario.boot.iter().filter(|boot| boot.exists_on(arch)) {
                cases.push(Case {
                    name: name.clone(),
                    folder: folder.clone(),
                    arch: arch.clone(),
                    boot,
                    scenario: scenario.clone(),
                });
            }
        }
    }
    Ok(cases)
}

/// Boots one case. Gives the guest's `ok` lines, or what went wrong; the serial log is kept in `log` either way.
pub fn run(
    case: &Case,
    root: &Path,
    image: &Image,
    accelerator: Accelerator,
    log: &Path,
) -> Result<Vec<String>, String> {
    let folder = Directory::new("scenario").map_err(|error| error.to_string())?;
    let machine = Machine::load(root, &case.arch)?;
    let scenario = &case.scenario;
    let mut command = machine.command(accelerator, scenario.memory_mib, machine.cpus);
    match case.boot.medium() {
        None => {
            let words = format!("{} {}", image.cmdline, scenario.append);
            machine.add_kernel(&mut command, &image.kernel, &image.initramfs, words.trim());
        }
        Some((firmware, slot)) => {
            machine.add_firmware(&mut command, firmware, folder.path())?;
            machine.add_medium(&mut command, &image.iso, slot);
        }
    }
    if scenario.network {
        machine.add_network(&mut command, &[]);
    }
    let disk = folder.path().join("script");
    fs::write(&disk, script(root, case)?).map_err(|error| format!("{}: {error}", disk.display()))?;
    machine.add_disk(&mut command, &disk, 0);

    let limits = Limits { total: slowed(scenario.limit_s), silence: slowed(60) };
    let mut vm = Vm::start(command, log, limits).map_err(|failure| failure.to_string())?;
    drive(&mut vm, scenario).map_err(|problem| format!("{problem}\n{}", tail(&vm.transcript())))
}

/// Talks a guest through a scenario.
fn drive(vm: &mut Vm, scenario: &Scenario) -> Result<Vec<String>, String> {
    let text = |failure: Failure| failure.to_string();
    for expected in &scenario.expect {
        vm.wait_for(expected).map_err(text)?;
    }
    if scenario.enter == Enter::Login {
        vm.wait_for("login: ").map_err(text)?;
        vm.send("root\n").map_err(text)?;
        // An emulated serial line on a busy host may lose what is typed: it is typed once more, as a person would.
        if !vm.comes("# ", slowed(20)).map_err(text)? {
            vm.send("\nroot\n").map_err(text)?;
            vm.wait_for("# ").map_err(text)?;
        }
    } else {
        vm.wait_for("# ").map_err(text)?;
    }
    vm.send("sh /dev/vda\n").map_err(text)?;
    let (_, seen) = vm.wait_for_any(&["suite PASSED\n", "suite FAILED\n"]).map_err(text)?;
    let failed: Vec<&str> = seen.lines().filter(|line| line.starts_with("not ok ")).collect();
    if !failed.is_empty() || seen.ends_with("suite FAILED\n") {
        return Err(failed.join("\n"));
    }
    let passed: Vec<String> =
        seen.lines().filter(|line| line.starts_with("ok ")).map(str::to_string).collect();
    if passed.is_empty() {
        return Err("the guest checked nothing".to_string());
    }
    vm.wait_for("# ").map_err(text)?;
    vm.send(&format!("{}\n", scenario.end.command(scenario.enter))).map_err(text)?;
    let end = vm.wait_end().map_err(text)?;
    if end.reason != scenario.end.reason() {
        return Err(format!("the machine ended by '{}', not by '{}'", end.reason, scenario.end.reason()));
    }
    Ok(passed)
}

/// The library and the scenario's script, padded with empty lines to whole sectors.
fn script(root: &Path, case: &Case) -> Result<Vec<u8>, String> {
    let mut script = Vec::new();
    for path in [root.join("qemu/tests/lib.sh"), case.folder.join("guest.sh")] {
        script.extend(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    script.extend_from_slice(b"\nfinish\n");
    script.resize(script.len().next_multiple_of(512), b'\n');
    Ok(script)
}

/// A limit in seconds for a quiet machine, times `$TARN_SLOW` where the host is known to be slower.
fn slowed(seconds: u64) -> Duration {
    let factor: f64 = std::env::var("TARN_SLOW").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    Duration::from_secs_f64(seconds as f64 * factor.clamp(1.0, 100.0))
}

/// The last lines of a transcript, for a report.
fn tail(transcript: &str) -> String {
    let lines: Vec<&str> = transcript.lines().collect();
    lines[lines.len().saturating_sub(25)..].iter().map(|line| format!("    | {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenarios_of_the_tree_are_understood() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let cases = cases(&root.join("qemu/tests")).unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            script(&root, &case).unwrap();
        }
    }

    #[test]
    fn a_scenario_is_multiplied_out() {
        let folder = Directory::new("scenarios").unwrap();
        fs::create_dir(folder.path().join("iso")).unwrap();
        fs::write(
            folder.path().join("iso/test.toml"),
            "summary = 'x'\nboot = ['cd-bios', 'usb-uefi']\narch = ['x86_64', 'aarch64']\n",
        )
        .unwrap();
        let names: Vec<String> = cases(folder.path()).unwrap().iter().map(Case::to_string).collect();
        assert_eq!(names, ["iso x86_64 cd-bios", "iso x86_64 usb-uefi", "iso aarch64 usb-uefi"]);
        fs::write(folder.path().join("iso/test.toml"), "summary = 'x'\nmemroy_mib = 4\n").unwrap();
        assert!(cases(folder.path()).unwrap_err().contains("memroy_mib"));
    }
}
