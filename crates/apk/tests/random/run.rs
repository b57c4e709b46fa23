//! run — both programs asked about a case, and the smallest case about which they still disagree.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use apk::identity::Digest;
use apk::v2::writer::Member;

use super::case::Case;

/// A program that takes longer hangs: these cases are done in milliseconds.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Runner {
    ours: PathBuf,
    peer: PathBuf,
    root: PathBuf,
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Runner {
    pub(crate) fn new(ours: &Path, peer: &Path) -> Runner {
        let root = std::env::temp_dir().join(format!("apk-random-{}", std::process::id()));
        Runner { ours: ours.to_path_buf(), peer: peer.to_path_buf(), root }
    }

    /// Makes the root of the case.
    fn lay_out(&self, case: &Case) {
        let root = &self.root;
        let _ = fs::remove_dir_all(root);
        for folder in ["etc/apk", "lib/apk/db", "var/cache/apk"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let lines: String = case.world.iter().map(|word| format!("{word}\n")).collect();
        fs::write(root.join("etc/apk/world"), lines).unwrap();
        fs::write(root.join("etc/apk/arch"), "x86_64\n").unwrap();
        let installed = case.packages.iter().filter(|package| package.installed);
        let text: String = installed.map(|package| package.block(true)).collect();
        fs::write(root.join("lib/apk/db/installed"), text).unwrap();
        fs::write(root.join("lib/apk/db/triggers"), "").unwrap();
        for number in 0..case.tags.len() {
            if case.missing & (1 << number) != 0 {
                continue;
            }
            let mut member = Member::new();
            let of_repository =
                case.packages.iter().filter(|package| package.repositories & (1 << number) != 0);
            let text: String = of_repository.map(|package| package.block(false)).collect();
            member.file(b"APKINDEX", 0, text.as_bytes());
            let hash = Digest::sha256(format!("test:R{number}/x86_64/APKINDEX.tar.gz").as_bytes()).hex();
            let cached = root.join(format!("var/cache/apk/APKINDEX.{}.tar.gz", &hash[..8]));
            fs::write(cached, member.pack(true).unwrap()).unwrap();
        }
    }

    fn arguments(case: &Case) -> Vec<String> {
        let mut arguments = vec!["--allow-untrusted".to_string(), "--simulate".to_string()];
        for (number, tag) in case.tags.iter().enumerate() {
            let space = if tag.is_empty() { "" } else { " " };
            arguments.push("-X".to_string());
            arguments.push(format!("{tag}{space}test:R{number}"));
        }
        arguments.extend(case.args.iter().cloned());
        arguments
    }

    /// Stdout, stderr and exit code; None where the program did not end.
    fn ask(&self, program: &Path, case: &Case) -> Option<String> {
        let mut child = Command::new(program)
            .env_clear()
            .arg("--root")
            .arg(&self.root)
            .args(Runner::arguments(case))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begin.elapsed() > LIMIT {
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let output = child.wait_with_output().unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text += &String::from_utf8_lossy(&output.stderr);
        let _ = writeln!(text, "? {:?}", output.status.code());
        Some(text)
    }

    /// Whether the programs answer differently; None where the peer gives no answer.
    pub(crate) fn differs(&self, case: &Case) -> Option<bool> {
        self.lay_out(case);
        let expected = self.ask(&self.peer, case)?;
        let got = self.ask(&self.ours, case).unwrap_or_default();
        // Versions made of the time of day may fall into two seconds: asked again, they do not.
        Some(expected != got && self.ask(&self.peer, case)? != self.ask(&self.ours, case).unwrap_or_default())
    }

    /// The case and both answers as text.
    pub(crate) fn describe(&self, case: &Case) -> String {
        self.lay_out(case);
        let mut text =
            format!("apk {}\nworld: {}\n", Runner::arguments(case).join(" "), case.world.join(" "));
        for package in &case.packages {
            let _ = write!(
                text,
                "{}{} {}",
                if package.installed { '+' } else { ' ' },
                package.name,
                package.version
            );
            for (letter, words) in &package.lists {
                if !words.is_empty() {
                    let _ = write!(text, "|{letter}:{}", words.join(" "));
                }
            }
            let _ = writeln!(
                text,
                "|k:{} o:{} S:{} I:{} in:{:b} s:{} f:{} #{}",
                package.priority,
                package.origin,
                package.size,
                package.installed_size,
                package.repositories,
                package.tag,
                package.flags,
                package.salt
            );
        }
        for (title, program) in [("peer", &self.peer), ("ours", &self.ours)] {
            let _ = write!(text, "-- {title}\n{}", self.ask(program, case).unwrap_or_default());
        }
        text
    }
}

/// A smaller case that still differs: whatever can be left out is.
pub(crate) fn shrink(runner: &Runner, mut case: Case) -> Case {
    loop {
        let mut smaller = false;
        let mut step = 0;
        while let Some(candidate) = without(&case, step) {
            match candidate {
                Some(candidate) if runner.differs(&candidate) == Some(true) => {
                    case = candidate;
                    smaller = true;
                }
                _ => step += 1,
            }
        }
        if !smaller {
            return case;
        }
    }
}

/// The case without its `step`th part; Some(None) where that part is empty as it is, None behind the last.
fn without(case: &Case, step: usize) -> Option<Option<Case>> {
    let mut smaller = case.clone();
    let mut step = step;
    if step < case.packages.len() {
        smaller.packages.remove(step);
        return Some(Some(smaller));
    }
    step -= case.packages.len();
    if step < case.world.len() {
        smaller.world.remove(step);
        return Some(Some(smaller));
    }
    step -= case.world.len();
    if step + 1 < case.args.len() {
        smaller.args.remove(step + 1);
        return Some(Some(smaller));
    }
    step = (step + 1).checked_sub(case.args.len().max(1))?;
    for (index, package) in case.packages.iter().enumerate() {
        let smaller_package = &mut smaller.packages[index];
        for list in 0..package.lists.len() {
            let length = package.lists[list].1.len();
            if step < length {
                smaller_package.lists[list].1.remove(step);
                return Some(Some(smaller));
            }
            step -= length;
        }
        const FIELDS: usize = 6;
        if step < FIELDS {
            let changed = match step {
                0 => std::mem::take(&mut smaller_package.priority) > 0,
                1 => !std::mem::take(&mut smaller_package.origin).is_empty(),
                2 => !std::mem::take(&mut smaller_package.tag).is_empty(),
                3 => !std::mem::take(&mut smaller_package.flags).is_empty(),
                4 => std::mem::take(&mut smaller_package.installed),
                _ => std::mem::replace(&mut smaller_package.repositories, 1) > 1,
            };
            return Some(changed.then_some(smaller));
        }
        step -= FIELDS;
    }
    None
}
