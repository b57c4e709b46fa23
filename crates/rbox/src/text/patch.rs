//! patch — apply unified diffs.
//!
//! Source: POSIX.1-2024 `patch`; BusyBox 1.37 for options and messages.
//!
//! *Differs:* a file that one hunk does not fit stays as it was, and what is written takes the place of the old file
//! at once. Names in a patch lead nowhere outside of the working directory.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Component;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "patch",
    links: &["/usr/bin/patch"],
    usage: "\
patch [-RNE] [-p N] [-d DIR] [-i DIFF] [ORIGFILE [PATCHFILE]]

Apply a unified diff (from stdin) to the files that it names.

  -p, --strip=N             Take N leading folders off the names (without: all)
  -i, --input=DIFF          Read DIFF
  -R, --reverse             Take the changes back
  -N, --forward             Skip what is applied already
  -E, --remove-empty-files  Remove files that become empty
  -d, --directory=DIR       Go to DIR first
  -s, --silent, --quiet     Say nothing but errors
  -f, --force               Ignored: nothing is ever asked
  -t, --batch               Ignored
  -u, --unified             Ignored
  -l, --ignore-whitespace   Blanks match any number of blanks
  --dry-run                 Change nothing
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 2)?;
    let operands = options.operands();
    let input = options.value('i').or(operands.get(1).map(OsString::as_os_str));
    let mut text = Vec::new();
    let name = Path::new(input.unwrap_or(OsStr::new("-")));
    let Some(mut reader) = super::common::open_or_report(cx, name) else { return Ok(()) };
    reader.read_to_end(&mut text).at(name)?;
    if let Some(folder) = options.value('d') {
        std::env::set_current_dir(folder).at(folder)?;
    }
    let job = Job {
        reverse: options.has('R'),
        strip: options.number('p')?,
        file: operands.first().map(PathBuf::from),
        options: &options,
    };
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    job.all(cx, &lines)
}

struct Job<'a> {
    options: &'a Options,
    reverse: bool,
    strip: Option<u64>,
    file: Option<PathBuf>,
}

/// One `@@` part: the lines before and behind, and where they are expected.
#[derive(Default)]
struct Hunk<'a> {
    /// The lines with their marks, as they stand in the patch.
    marked: Vec<&'a [u8]>,
    old: Vec<&'a [u8]>,
    new: Vec<&'a [u8]>,
    /// Counted from 1; 0 where there are no lines.
    old_start: usize,
    new_start: usize,
}

impl Job<'_> {
    fn all(&self, cx: &mut Cx<'_>, lines: &[&[u8]]) -> Result {
        let mut at = 0;
        while at + 1 < lines.len() {
            let names = lines[at].strip_prefix(b"--- ").zip(lines[at + 1].strip_prefix(b"+++ "));
            let Some((old, new)) = names else {
                at += 1;
                continue;
            };
            at += 2;
            let mut hunks = Vec::new();
            while let Some(mut hunk) = lines.get(at).and_then(|line| header(line)) {
                let (old_count, new_count) = (hunk.1, hunk.2);
                at += 1;
                at = body(lines, at, &mut hunk.0, old_count, new_count)
                    .ok_or_else(|| Error::message(format_args!("corrupt patch at line {}", at + 1)))?;
                hunks.push(hunk.0);
            }
            if self.reverse {
                for hunk in &mut hunks {
                    std::mem::swap(&mut hunk.old, &mut hunk.new);
                    std::mem::swap(&mut hunk.old_start, &mut hunk.new_start);
                }
            }
            let (old, new) = if self.reverse { (new, old) } else { (old, new) };
            if let Err(error) = self.one(cx, file_name(old), file_name(new), &hunks) {
                cx.report(error);
            }
        }
        Ok(())
    }

    fn one(&self, cx: &mut Cx<'_>, old: &[u8], new: &[u8], hunks: &[Hunk<'_>]) -> Result {
        const NULL: &[u8] = b"/dev/null";
        let path = match &self.file {
            Some(file) => file.clone(),
            None => {
                let mut names: Vec<PathBuf> = Vec::new();
                for name in [new, old] {
                    if name != NULL {
                        names.push(self.stripped(name)?);
                    }
                }
                let found = names.iter().find(|name| name.exists()).or(names.first());
                found.cloned().ok_or_else(|| Error::message("patch without a file name"))?
            }
        };
        let removes = new == NULL || self.options.has('E');
        let dry = self.options.has_long("dry-run");
        let creates = hunks.iter().all(|hunk| hunk.old.is_empty()) && !path.exists();
        if !self.options.has('s') {
            let doing = if creates {
                "creating"
            } else if removes && hunks.iter().all(|hunk| hunk.new.is_empty()) {
                "removing"
            } else {
                "patching file"
            };
            writeln!(cx.out, "{doing} {}", path.display());
        }
        let text = if creates {
            Vec::new()
        } else {
            fs::read(&path).map_err(|error| super::common::cannot_open(&path, &error))?
        };
        let Some(result) = self.apply(cx, &text, hunks) else {
            cx.status = 1;
            return Ok(());
        };
        if dry {
            return Ok(());
        }
        if result.is_empty() && removes {
            return fs::remove_file(&path).at(&path);
        }
        if creates && let Some(folder) = path.parent() {
            fs::create_dir_all(folder).at(folder)?;
        }
        replace(&path, &result)
    }

    fn stripped(&self, name: &[u8]) -> Result<PathBuf> {
        let mut rest = name;
        let mut left = self.strip.unwrap_or(u64::MAX);
        while left > 0
            && let Some(slash) = rest.iter().position(|&byte| byte == b'/')
        {
            rest = &rest[slash..];
            while let Some(behind) = rest.strip_prefix(b"/") {
                rest = behind;
            }
            left -= 1;
        }
        let path = Path::new(OsStr::from_bytes(rest));
        let leads_out = |part| !matches!(part, Component::Normal(_) | Component::CurDir);
        if rest.is_empty() || path.components().any(leads_out) {
            let name = OsStr::from_bytes(name).display();
            return Err(Error::message(format_args!("'{name}' leads out of the working directory")));
        }
        Ok(path.to_path_buf())
    }

    /// The text with all hunks applied. None: one does not fit, which is reported.
    fn apply(&self, cx: &mut Cx<'_>, text: &[u8], hunks: &[Hunk<'_>]) -> Option<Vec<u8>> {
        let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
        let mut result = Vec::with_capacity(text.len());
        let mut done = 0;
        let mut shift = 0_isize;
        for (index, hunk) in hunks.iter().enumerate() {
            let expected = (hunk.old_start - usize::from(!hunk.old.is_empty())) as isize + shift;
            let Some(place) = self.place(&lines, done, &hunk.old, expected) else {
                let new_at = self.place(&lines, done, &hunk.new, expected);
                self.failed(cx, index, hunk, new_at.is_some() && !hunk.new.is_empty());
                return None;
            };
            shift += place as isize - expected;
            result.extend(lines[done..place].concat());
            done = place + hunk.old.len();
            self.write(&mut result, hunk, &lines[place..done]);
        }
        result.extend(lines[done..].concat());
        Some(result)
    }

    /// Where `wanted` stands, nearest to `expected` and not before `from`.
    fn place(&self, lines: &[&[u8]], from: usize, wanted: &[&[u8]], expected: isize) -> Option<usize> {
        let last = lines.len().checked_sub(wanted.len()).filter(|&last| last >= from)?;
        let expected = expected.clamp(from as isize, last as isize) as usize;
        let fits = |at: usize| {
            lines[at..at + wanted.len()].iter().zip(wanted).all(|(line, wanted)| self.is_same(line, wanted))
        };
        (0..=last - from).find_map(|distance| {
            let below = expected.checked_sub(distance).filter(|&at| at >= from);
            let above = Some(expected + distance).filter(|&at| at <= last);
            [below, above].into_iter().flatten().find(|&at| fits(at))
        })
    }

    fn is_same(&self, line: &[u8], wanted: &[u8]) -> bool {
        if !self.options.has('l') {
            return line == wanted;
        }
        let words = |text| <[u8]>::split(text, u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words(line).eq(words(wanted))
    }

    /// Writes the new lines; context is kept as the file has it.
    fn write(&self, result: &mut Vec<u8>, hunk: &Hunk<'_>, old: &[&[u8]]) {
        if !self.options.has('l') {
            return result.extend(hunk.new.concat());
        }
        let mut kept = old.iter();
        for line in &hunk.marked {
            let removed = if self.reverse { b'+' } else { b'-' };
            match line.first() {
                Some(&mark) if mark == removed => drop(kept.next()),
                Some(b'+' | b'-') => result.extend_from_slice(&line[1..]),
                Some(b'\\') => {}
                _ => result.extend_from_slice(kept.next().unwrap_or(&&b""[..])),
            }
        }
    }

    fn failed(&self, cx: &mut Cx<'_>, index: usize, hunk: &Hunk<'_>, is_applied: bool) {
        let mut text = Vec::new();
        if is_applied && self.options.has('N') {
            text.extend_from_slice(b"Reversed or applied already: skipped.\n");
        } else {
            text.extend_from_slice(
                format!("Hunk {} FAILED {}/{}.\n", index + 1, hunk.old_start, hunk.new_start).as_bytes(),
            );
            text.extend(hunk.marked.concat());
        }
        cx.out.flush();
        // A closed standard error leaves nobody to tell.
        let _ = io::stderr().write_all(&text);
    }
}

/// The name behind `---` or `+++`, without the date behind a tab.
fn file_name(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|&byte| matches!(byte, b'\t' | b'\n' | b'\r')).unwrap_or(line.len());
    &line[..end]
}

/// `@@ -START[,COUNT] +START[,COUNT] @@`: an empty hunk and how many lines both sides have.
fn header(line: &[u8]) -> Option<(Hunk<'static>, usize, usize)> {
    let text = std::str::from_utf8(line.split(|&byte| byte == b'@').nth(2)?).ok()?;
    let (old, new) = line.strip_prefix(b"@@ -").and(text.trim().split_once(" +"))?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let (old_start, old_count) = range(old.strip_prefix('-')?)?;
    let (new_start, new_count) = range(new)?;
    // A hunk with lines begins at one.
    if old_count > 0 && old_start == 0 || new_count > 0 && new_start == 0 {
        return None;
    }
    Some((Hunk { old_start, new_start, ..Hunk::default() }, old_count, new_count))
}

/// Reads the lines of a hunk, and gives the number of the line behind. None: there are fewer than it says.
fn body<'a>(
    lines: &[&'a [u8]],
    mut at: usize,
    hunk: &mut Hunk<'a>,
    old_count: usize,
    new_count: usize,
) -> Option<usize> {
    while hunk.old.len() < old_count || hunk.new.len() < new_count {
        let line = *lines.get(at)?;
        let (mark, mut text) = match line.split_first() {
            Some((b'\n', _)) => (b' ', line),
            Some((&mark, text)) => (mark, text),
            None => return None,
        };
        if lines.get(at + 1).is_some_and(|next| next.starts_with(b"\\")) {
            text = text.strip_suffix(b"\n").unwrap_or(text);
        }
        match mark {
            b' ' => {
                hunk.old.push(text);
                hunk.new.push(text);
            }
            b'-' => hunk.old.push(text),
            b'+' => hunk.new.push(text),
            b'\\' => {}
            _ => return None,
        }
        hunk.marked.push(line);
        at += 1;
    }
    if let Some(line) = lines.get(at).filter(|line| line.starts_with(b"\\")) {
        hunk.marked.push(line);
        at += 1;
    }
    (hunk.old.len() == old_count && hunk.new.len() == new_count).then_some(at)
}

/// Puts `text` in the place of the file, with its mode.
fn replace(path: &Path, text: &[u8]) -> Result {
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mode = fs::metadata(path).ok().map(|data| data.permissions().mode());
    let write = || -> io::Result<()> {
        let mut file = File::create_new(&beside)?;
        file.write_all(text)?;
        if let Some(mode) = mode {
            sys::at::chmod_fd(&file, mode & 0o7777)?;
        }
        fs::rename(&beside, path)
    };
    let written = write();
    if let Err(error) = &written
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        // Half a file is of no use; the old one is still there.
        let _ = fs::remove_file(&beside);
    }
    written.at(&beside)
}
