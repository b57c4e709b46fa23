//! fsck — run the checkers of file systems.
//!
//! Source: BusyBox 1.37; fsck(8) of util-linux for the statuses and the order.

use std::fs;

use super::common::kind_matches;
use crate::prelude::*;
use sys::command::Command;

pub(crate) const APPLET: Applet = Applet {
    name: "fsck",
    links: &["/sbin/fsck"],
    usage: "\
fsck [-ANPRTV] [-t TYPES] [OPTIONS] [DEVICE or MOUNTPOINT]...

Check file systems by fsck.TYPE. Other OPTIONS are handed on to it.

-A  All of /etc/fstab, in the order of their last column
-N  Only show what would be run
-P  With -A: the root together with others
-R  With -A: not the root
-T  No title
-V  Say what is done
-t  Only file systems of these types (or noTYPE)
",
    process: Process::New,
    run,
};

/// What fsck's status means: bits that add up.
const TROUBLE: u8 = 8;

#[derive(Default)]
struct Job {
    all: bool,
    dry: bool,
    skip_root: bool,
    verbose: bool,
    kinds: Option<Vec<u8>>,
    handed_on: Vec<OsString>,
    targets: Vec<OsString>,
    /// How many checkers were run so far.
    count: usize,
}

/// One line of fstab.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    device: String,
    folder: String,
    kind: String,
    options: String,
    pass: u32,
}

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = TROUBLE;
    let mut job = Job::default();
    let mut args = cx.args.iter();
    while let Some(arg) = args.next() {
        let bytes = arg.as_bytes();
        match bytes {
            b"--" => job.handed_on.extend(args.by_ref().cloned()),
            [b'-', b't', kinds @ ..] => {
                let kinds = if kinds.is_empty() {
                    args.next().ok_or_else(|| Error::usage(""))?.as_bytes()
                } else {
                    kinds
                };
                job.kinds = Some(kinds.to_vec());
            }
            [b'-', letters @ ..]
                if !letters.is_empty() && letters.iter().all(|letter| b"ANPRTVC".contains(letter)) =>
            {
                job.all |= letters.contains(&b'A');
                job.dry |= letters.contains(&b'N');
                job.skip_root |= letters.contains(&b'R');
                job.verbose |= letters.contains(&b'V');
            }
            [b'-', ..] => job.handed_on.push(arg.clone()),
            _ => job.targets.push(arg.clone()),
        }
    }
    // -a, as it was before -p.
    if job.handed_on.is_empty() && job.targets.is_empty() && !job.all {
        job.all = true;
    }
    let entries = fstab();
    if job.all {
        return job.check_all(cx, &entries);
    }
    for target in job.targets.clone() {
        let name = target.to_string_lossy();
        let known = entries.iter().find(|entry| entry.device == name || entry.folder == name);
        match known {
            Some(entry) => job.check(cx, &entry.device, &entry.folder, Some(&entry.kind)),
            None => job.check(cx, &name, "", None),
        }
    }
    Ok(())
}

fn fstab() -> Vec<Entry> {
    parse(&fs::read_to_string("/etc/fstab").unwrap_or_default())
}

fn parse(text: &str) -> Vec<Entry> {
    let entry = |line: &str| {
        let fields: Vec<&str> =
            line.split_ascii_whitespace().take_while(|field| !field.starts_with('#')).collect();
        let [device, folder, kind, ..] = fields[..] else { return None };
        Some(Entry {
            device: device.to_string(),
            folder: folder.to_string(),
            kind: kind.to_string(),
            options: fields.get(3).unwrap_or(&"").to_string(),
            pass: fields.get(5).and_then(|pass| pass.parse().ok()).unwrap_or(0),
        })
    };
    text.lines().filter_map(entry).collect()
}

impl Job {
    fn is_wanted(&self, entry: &Entry) -> bool {
        let wanted = self.kinds.as_ref().is_none_or(|kinds| kind_matches(entry.kind.as_bytes(), kinds));
        let is_device = !matches!(entry.kind.as_str(), "swap" | "proc" | "sysfs" | "tmpfs" | "nfs" | "none");
        let bound = entry.options.split(',').any(|option| option == "bind");
        wanted && is_device && !bound && entry.pass > 0 && !(self.skip_root && entry.folder == "/")
    }

    fn check_all(&mut self, cx: &mut Cx<'_>, entries: &[Entry]) -> Result {
        let mut wanted: Vec<&Entry> = entries.iter().filter(|entry| self.is_wanted(entry)).collect();
        // The root first, then by the numbers.
        wanted.sort_by_key(|entry| (entry.folder != "/", entry.pass));
        for entry in wanted {
            self.check(cx, &entry.device, &entry.folder, Some(&entry.kind));
        }
        Ok(())
    }

    /// Runs the checker; its status adds to what there was.
    fn check(&mut self, cx: &mut Cx<'_>, device: &str, folder: &str, kind: Option<&str>) {
        let device = resolve(device);
        let found;
        let kind = match (kind.filter(|kind| *kind != "auto"), &self.kinds) {
            (Some(kind), _) => kind,
            (None, Some(kinds)) if !kinds.contains(&b',') && !kinds.starts_with(b"no") => {
                found = String::from_utf8_lossy(kinds).into_owned();
                &found
            }
            _ => {
                found = kind_of(&device).unwrap_or_else(|| "auto".to_string());
                &found
            }
        };
        let program = format!("fsck.{kind}");
        self.count += 1;
        if self.dry || self.verbose {
            let mut line = format!("[{program} ({}) -- {folder}] {program}", self.count);
            for option in &self.handed_on {
                line = line + " " + &option.to_string_lossy();
            }
            writeln!(cx.out, "{line} {}", device.display());
        }
        if self.dry {
            return;
        }
        cx.out.flush();
        match Command::new(&program).args(&self.handed_on).arg(&device).status() {
            Ok(status) => {
                let code = status.code().map_or(TROUBLE, |code| code as u8);
                cx.status |= code;
                if code & !1 != 0 && status.code().is_none() {
                    cx.warn(&format!("{program} was ended by a signal"));
                }
            }
            // A type that nobody checks is in order.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.verbose {
                    cx.warn(&format!("there is no {program}"));
                }
            }
            Err(error) => cx.report(Error::io(&program, error)),
        }
    }
}

/// The device of `LABEL=…` and `UUID=…`, or the name as it is.
fn resolve(name: &str) -> PathBuf {
    block::find::resolve(OsStr::new(name)).unwrap_or_else(|| PathBuf::from(name))
}

fn kind_of(device: &Path) -> Option<String> {
    let kind = block::find::identify(device)?.kind;
    Some(kind.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fstab() {
        let entries = parse("# c\n/dev/a / ext4 rw 0 1\nLABEL=x /x vfat noauto 0 2\nnone /t tmpfs\nbad\n");
        assert_eq!(entries.len(), 3);
        assert_eq!((entries[0].pass, entries[2].pass, entries[1].device.as_str()), (1, 0, "LABEL=x"));
        let job = Job::default();
        let wanted: Vec<bool> = entries.iter().map(|entry| job.is_wanted(entry)).collect();
        assert_eq!(wanted, [true, true, false]);
    }
}
