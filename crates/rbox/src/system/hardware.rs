//! lspci, lsusb and lsscsi — what is on the buses.
//!
//! Source: BusyBox 1.37 for the columns; the kernel's /sys/bus/{pci,usb,scsi}/devices.

use std::fs;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "lspci",
        links: &["/usr/bin/lspci"],
        usage: "\
lspci [-mk]

List the PCI devices.

  -m  For programs
  -k  With their drivers
  -n  Ignored: numbers are all there is
  -v  Ignored
",
        process: Process::Fork,
        run: lspci,
    },
    Applet {
        name: "lsusb",
        links: &["/usr/bin/lsusb"],
        usage: "lsusb\n\nList the USB devices.\n",
        process: Process::Fork,
        run: lsusb,
    },
    Applet {
        name: "lsscsi",
        links: &["/usr/bin/lsscsi"],
        usage: "lsscsi\n\nList the SCSI devices.\n",
        process: Process::Fork,
        run: lsscsi,
    },
];

/// The folders of a bus's devices, by name.
fn devices(bus: &str) -> Result<Vec<PathBuf>> {
    let folder = format!("/sys/bus/{bus}/devices");
    let entries = fs::read_dir(&folder).at(&folder)?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// One line of a file, or nothing.
fn line(folder: &Path, name: &str) -> String {
    let text = fs::read(folder.join(name)).unwrap_or_default();
    posix::procfs::printable(text.split(|&byte| byte == b'\n').next().unwrap_or(&[]))
}

/// Numbers of a fixed width in the uevent file: `NAME=a:b`.
fn numbers(event: &[u8], name: &str, separator: char) -> Vec<u32> {
    let value = posix::procfs::value(event, name).unwrap_or("");
    value.split(separator).map(|part| u32::from_str_radix(part, 16).unwrap_or(0)).collect()
}

fn lspci(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    for folder in devices("pci")? {
        let event = fs::read(folder.join("uevent")).unwrap_or_default();
        let Some(slot) = posix::procfs::value(&event, "PCI_SLOT_NAME=") else { continue };
        // The domain is only said where it is not the first.
        let slot = slot.strip_prefix("0000:").unwrap_or(slot);
        let class = numbers(&event, "PCI_CLASS=", ' ').first().map_or(0, |class| class >> 8);
        let ([vendor, device], [sub_vendor, sub_device]) =
            (pair(&numbers(&event, "PCI_ID=", ':')), pair(&numbers(&event, "PCI_SUBSYS_ID=", ':')));
        if options.has('m') {
            write!(
                cx.out,
                "{slot} \"Class {class:04x}\" \"{vendor:04x}\" \"{device:04x}\" \"{sub_vendor:04x}\" \"{sub_device:04x}\""
            );
        } else {
            write!(cx.out, "{slot} Class {class:04x}: {vendor:04x}:{device:04x}");
        }
        if options.has('k')
            && let Some(driver) = posix::procfs::value(&event, "DRIVER=")
        {
            let quote = if options.has('m') { "\"" } else { "" };
            write!(cx.out, " {quote}{driver}{quote}");
        }
        cx.out.write(b"\n");
    }
    Ok(())
}

fn pair(numbers: &[u32]) -> [u32; 2] {
    [0, 1].map(|index| numbers.get(index).copied().unwrap_or(0))
}

fn lsusb(cx: &mut Cx<'_>) -> Result {
    cx.options()?;
    for folder in devices("usb")? {
        let event = fs::read(folder.join("uevent")).unwrap_or_default();
        let value = |name| posix::procfs::value(&event, name);
        let (Some(bus), Some(device)) = (value("BUSNUM="), value("DEVNUM=")) else { continue };
        let [vendor, product] = pair(&numbers(&event, "PRODUCT=", '/'));
        write!(cx.out, "Bus {bus} Device {device}: ID {vendor:04x}:{product:04x}");
        for name in ["manufacturer", "product"] {
            let text = line(&folder, name);
            if !text.is_empty() {
                write!(cx.out, " {text}");
            }
        }
        cx.out.write(b"\n");
    }
    Ok(())
}

fn lsscsi(cx: &mut Cx<'_>) -> Result {
    const KINDS: [&str; 15] = [
        "disk", "tape", "printer", "process", "worm", "cd/dvd", "scanner", "optical", "mediumx", "comms",
        "(0xa)", "(0xb)", "storage", "enclosu", "sim disk",
    ];
    cx.options()?;
    for folder in devices("scsi")? {
        let Some(name) = folder.file_name() else { continue };
        let kind = line(&folder, "type");
        // Hosts and targets have no type.
        let Ok(number) = kind.trim().parse::<usize>() else { continue };
        let kind = KINDS.get(number).map_or_else(|| format!("({number})"), |kind| (*kind).to_string());
        write!(cx.out, "[{}]\t{kind}", name.display());
        for name in ["vendor", "model", "rev"] {
            write!(cx.out, "\t{}", line(&folder, name).trim_end());
        }
        cx.out.write(b"\n");
    }
    Ok(())
}
