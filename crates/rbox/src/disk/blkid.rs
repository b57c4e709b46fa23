//! blkid — tell what block devices hold.
//!
//! Source: blkid(8) of util-linux for the options; BusyBox 1.37 for the output.

use std::fs::File;

use block::find;
use block::probe;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "blkid",
    links: &["/sbin/blkid"],
    usage: "\
blkid [-s TAG]... [-o FORMAT] [-L LABEL | -U UUID] [BLOCKDEV]...

Print label, UUID and type of all file systems.

  -s TAG     Only this tag (LABEL, UUID, TYPE, PARTLABEL, PARTUUID)
  -o FORMAT  full, value, device or export
  -L LABEL   Print the device with that label
  -U UUID    Print the device with that UUID
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    for (option, tag) in [('L', find::Tag::Label as fn(_) -> _), ('U', find::Tag::Uuid)] {
        if let Some(value) = options.value(option) {
            let device = find::find(tag(value.as_bytes())).ok_or(Error::exit(2))?;
            writeln!(cx.out, "{}", device.display());
            return Ok(());
        }
    }
    let wanted: Vec<String> =
        options.values('s').map(|tag| tag.to_string_lossy().to_ascii_uppercase()).collect();
    let format = options.text('o')?.unwrap_or("full");
    if !matches!(format, "full" | "value" | "device" | "export") {
        return Err(Error::usage(format_args!("unsupported output format '{format}'")));
    }
    let named = !options.operands().is_empty();
    let devices = if named {
        options.operands().iter().map(PathBuf::from).collect()
    } else {
        let mut devices = find::devices();
        devices.sort();
        devices
    };
    for device in &devices {
        let mut tags = tags(device);
        tags.retain(|(name, _)| wanted.is_empty() || wanted.iter().any(|tag| tag == name));
        if !tags.is_empty() {
            print(cx, device, &tags, format);
        }
    }
    Ok(())
}

/// What is known of a device; nothing where it cannot be read.
fn tags(device: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let mut tags = Vec::new();
    let Ok(file) = File::open(device) else { return tags };
    let Ok(Some(identity)) = probe::identify(&file) else { return tags };
    tags.push(("LABEL", identity.label));
    tags.push(("UUID", identity.uuid.into_bytes()));
    tags.push(("TYPE", identity.kind.as_bytes().to_vec()));
    if let Some(partition) = find::partition(device) {
        tags.push(("PARTLABEL", partition.label));
        tags.push(("PARTUUID", partition.uuid.into_bytes()));
    }
    tags.retain(|(_, value)| !value.is_empty());
    tags
}

fn print(cx: &mut Cx<'_>, device: &Path, tags: &[(&str, Vec<u8>)], format: &str) {
    match format {
        "device" => writeln!(cx.out, "{}", device.display()),
        "value" => {
            for (_, value) in tags {
                cx.out.write(value);
                cx.out.write(b"\n");
            }
        }
        "export" => {
            writeln!(cx.out, "DEVNAME={}", device.display());
            for (name, value) in tags {
                writeln!(cx.out, "{name}={}", escaped(value));
            }
        }
        _ => {
            write!(cx.out, "{}:", device.display());
            for (name, value) in tags {
                write!(cx.out, " {name}=\"{}\"", escaped(value));
            }
            cx.out.write(b"\n");
        }
    }
}

/// Scripts evaluate the output and terminals show it: a label is not trusted.
fn escaped(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' | '$' | '`' => {
                safe.push('\\');
                safe.push(character);
            }
            _ if character.is_control() => safe.push('?'),
            _ => safe.push(character),
        }
    }
    safe
}
