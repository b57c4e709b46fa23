//! diff — what differs between two files or folders, as a unified diff.
//!
//! Source: POSIX.1-2024 `diff -U`; BusyBox 1.37 for options and messages.

mod lines;

use std::fs::{self, File};

use crate::prelude::*;
use lines::{Change, Compare};

pub(crate) const APPLET: Applet = Applet {
    name: "diff",
    links: &["/usr/bin/diff"],
    usage: "\
diff [OPTIONS] FILE1 FILE2

Print the lines by which FILE1 and FILE2 differ. The status is 1 if they do.

  -a, --text                 Files with NUL bytes are text too
  -b, --ignore-space-change  Ignore how many blanks there are
  -B, --ignore-blank-lines   Ignore changes of empty lines
  -d, --minimal              Ignored: the difference is small anyway
  -i, --ignore-case          Ignore case
  -L, --label=LABEL          Name FILE1 (and, given again, FILE2) so
  -N, --new-file             Missing files are empty ones
  -p, --show-c-function      Ignored
  -q, --brief                Only say whether files differ
  -r, --recursive            Compare folders in folders
  -s, --report-identical-files
                             Say when files are the same
  -S, --starting-file=FILE   Begin with FILE in folders
  -t, --expand-tabs          Print tabs as blanks
  -T, --initial-tab          A tab behind + and -, so that tabs line up
  -u, --unified              Ignored: it always is
  -U N                       N lines around changes
  -w, --ignore-all-space     Ignore blanks
",
    process: Process::Fork,
    run,
};

struct Job<'a> {
    options: &'a Options,
    compare: Compare,
    context: usize,
    labels: Vec<&'a OsStr>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let options = cx.options()?;
    options.expect_operands(2, 2)?;
    let job = Job {
        compare: Compare {
            ignore_case: options.has('i'),
            ignore_blank_amount: options.has('b'),
            ignore_blanks: options.has('w'),
        },
        context: options.number('U')?.map_or(3, |lines| lines as usize),
        labels: options.values('L').collect(),
        options: &options,
    };
    let mut paths: Vec<PathBuf> = options.operands().iter().map(PathBuf::from).collect();
    let mut folders = [false; 2];
    for (index, path) in paths.iter().enumerate() {
        if path.as_os_str() != "-" {
            match fs::metadata(path) {
                Ok(data) => folders[index] = data.is_dir(),
                Err(error) if job.options.has('N') && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(cannot_stat(path, error)),
            }
        }
    }
    if folders == [true, true] {
        return job.folders(cx, &paths[0], &paths[1]);
    }
    // A file is compared with that of its name in a folder.
    for (folder, file) in [(0, 1), (1, 0)] {
        if folders[folder] {
            if paths[file].as_os_str() == "-" {
                return Err(Error::message("can't compare stdin to a directory"));
            }
            let Some(name) = paths[file].file_name() else { continue };
            paths[folder] = paths[folder].join(name);
            if let Err(error) = fs::metadata(&paths[folder])
                && !options.has('N')
            {
                return Err(cannot_stat(&paths[folder], error));
            }
        }
    }
    job.files(cx, &paths[0], &paths[1])
}

#[cold]
fn cannot_stat(path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't stat '{}'", path.display()), error)
}

/// The whole file. None: it is missing, and that is allowed.
fn read(path: &Path, may_miss: bool) -> Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    if path.as_os_str() == "-" {
        cli::input::stdin().read_to_end(&mut text).doing("read error")?;
        return Ok(Some(text));
    }
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut text).at(path).map(|_| Some(text)),
        Err(error) if may_miss && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::at(path, error)),
    }
}

impl Job<'_> {
    fn files(&self, cx: &mut Cx<'_>, old_path: &Path, new_path: &Path) -> Result {
        let may_miss = self.options.has('N');
        let old = read(old_path, may_miss)?;
        let new = if old_path == new_path { old.clone() } else { read(new_path, may_miss)? };
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());

        let binary = !self.options.has('a') && (old.contains(&0) || new.contains(&0));
        let mut changes = Vec::new();
        let (old_lines, new_lines) = (lines::split(&old), lines::split(&new));
        if old != new && !binary {
            changes = lines::changes(&old_lines, &new_lines, self.compare);
            if self.options.has('B') {
                let is_empty = |line: &&[u8]| *line == b"\n";
                changes.retain(|change| {
                    let old = &old_lines[change.old.clone()];
                    let new = &new_lines[change.new.clone()];
                    !old.iter().chain(new).all(is_empty)
                });
            }
        }
        if changes.is_empty() && (old == new || !binary) {
            if self.options.has('s') {
                writeln!(cx.out, "Files {} and {} are identical", old_path.display(), new_path.display());
            }
            return Ok(());
        }
        cx.status = cx.status.max(1);
        if binary || self.options.has('q') {
            writeln!(cx.out, "Files {} and {} differ", old_path.display(), new_path.display());
            return Ok(());
        }
        for (index, (mark, path)) in [("---", old_path), ("+++", new_path)].iter().enumerate() {
            let label = self.labels.get(index).copied().unwrap_or(path.as_os_str());
            writeln!(cx.out, "{mark} {}", label.display());
        }
        self.print(&mut cx.out, &changes, &old_lines, &new_lines);
        Ok(())
    }

    /// Prints the changes with the lines around; those whose surroundings touch are one hunk.
    fn print(&self, out: &mut Output, changes: &[Change], old: &[&[u8]], new: &[&[u8]]) {
        let mut rest = changes;
        while let Some(first) = rest.first() {
            let near =
                |pair: &[Change]| pair[1].old.start - pair[0].old.end <= self.context.saturating_mul(2);
            let count = rest.windows(2).take_while(|pair| near(pair)).count() + 1;
            let (hunk, behind) = rest.split_at(count);
            rest = behind;
            let last = &hunk[count - 1];
            let before = first.old.start.min(self.context).min(first.new.start);
            let after = (old.len() - last.old.end).min(self.context);
            let old_range = first.old.start - before..last.old.end + after;
            let new_range = first.new.start - before..(last.new.end + after).min(new.len());
            out.write(b"@@ -");
            write_range(out, &old_range);
            out.write(b" +");
            write_range(out, &new_range);
            out.write(b" @@\n");

            let mut at = old_range.start;
            for change in hunk {
                old[at..change.old.start].iter().for_each(|line| self.line(out, b' ', line));
                old[change.old.clone()].iter().for_each(|line| self.line(out, b'-', line));
                new[change.new.clone()].iter().for_each(|line| self.line(out, b'+', line));
                at = change.old.end;
            }
            old[at..old_range.end].iter().for_each(|line| self.line(out, b' ', line));
        }
    }

    fn line(&self, out: &mut Output, mark: u8, line: &[u8]) {
        out.write(&[mark]);
        if self.options.has('T') {
            out.write(b"\t");
        }
        if self.options.has('t') {
            let mut column = 0;
            for byte in line {
                let count = if *byte == b'\t' { 8 - column % 8 } else { 1 };
                column += count;
                match byte {
                    b'\t' => (0..count).for_each(|_| out.write(b" ")),
                    byte => out.write(&[*byte]),
                }
            }
        } else {
            out.write(line);
        }
        if !line.ends_with(b"\n") {
            out.write(b"\n\\ No newline at end of file\n");
        }
    }

    fn folders(&self, cx: &mut Cx<'_>, old: &Path, new: &Path) -> Result {
        let mut names: Vec<OsString> = Vec::new();
        for folder in [old, new] {
            match fs::read_dir(folder) {
                Ok(entries) => names.extend(entries.flatten().map(|entry| entry.file_name())),
                // With -N what is missing is an empty folder.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => cx.report(Error::at(folder, error)),
            }
        }
        names.sort_unstable();
        names.dedup();
        for name in &names {
            if self.options.value('S').is_some_and(|first| name.as_os_str() < first) {
                continue;
            }
            let (one, other) = (old.join(name), new.join(name));
            if let Err(error) = self.entry(cx, name, (old, &one), (new, &other)) {
                cx.report(error);
            }
        }
        Ok(())
    }

    fn entry(
        &self,
        cx: &mut Cx<'_>,
        name: &OsStr,
        (old_folder, old): (&Path, &Path),
        (new_folder, new): (&Path, &Path),
    ) -> Result {
        let kinds = [old, new].map(|path| fs::metadata(path).ok().map(|data| data.file_type()));
        let is_folder = |index: usize| kinds[index].is_some_and(|kind| kind.is_dir());
        let missing = [0, 1].map(|index| kinds[index].is_none());
        let is_listed = |path: &Path| fs::symlink_metadata(path).is_ok();
        let add = self.options.has('N');
        if missing[0] || missing[1] {
            // With -N folders that are missing are empty ones, but only -r looks into them.
            let (here, folder) = if missing[0] { (1, new_folder) } else { (0, old_folder) };
            if !is_listed(if missing[0] { new } else { old }) {
                return Ok(());
            }
            if !add || is_folder(here) {
                if add && self.options.has('r') {
                    return self.folders(cx, old, new);
                }
                writeln!(cx.out, "Only in {}: {}", folder.display(), name.display());
                cx.status = cx.status.max(1);
                return Ok(());
            }
            let null = Path::new("/dev/null");
            let (old, new) = if missing[0] { (null, new) } else { (old, null) };
            return self.files(cx, old, new);
        }
        match (is_folder(0), is_folder(1)) {
            (true, true) if self.options.has('r') => self.folders(cx, old, new),
            (true, true) => {
                writeln!(cx.out, "Common subdirectories: {} and {}", old.display(), new.display());
                Ok(())
            }
            (false, false) => {
                let odd = [old, new]
                    .into_iter()
                    .zip(kinds)
                    .find(|(_, kind)| !kind.is_some_and(|kind| kind.is_file()));
                if let Some((path, _)) = odd {
                    writeln!(
                        cx.out,
                        "File {} is not a regular file or directory and was skipped",
                        path.display()
                    );
                    return Ok(());
                }
                self.files(cx, old, new)
            }
            (old_is, _) => {
                let text = |is: bool| if is { "directory" } else { "regular file" };
                writeln!(
                    cx.out,
                    "File {} is a {} while file {} is a {}",
                    old.display(),
                    text(old_is),
                    new.display(),
                    text(!old_is)
                );
                cx.status = cx.status.max(1);
                Ok(())
            }
        }
    }
}

/// `FIRST,COUNT`; of one line only `FIRST`, and of none the line before.
fn write_range(out: &mut Output, range: &std::ops::Range<usize>) {
    match range.len() {
        1 => write!(out, "{}", range.start + 1),
        0 => write!(out, "{},0", range.start),
        count => write!(out, "{},{count}", range.start + 1),
    }
}
