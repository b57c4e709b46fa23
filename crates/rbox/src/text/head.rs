//! head — print the first lines of files.
//!
//! Source: POSIX.1-2024 `head`; BusyBox 1.37 for `-c`, `-q`, `-v` and size suffixes.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "head",
    links: &["/usr/bin/head"],
    usage: "\
head [-qv] [-n N | -c N] [FILE]...

Print the first 10 lines of each FILE (or stdin).

  -n, --lines=N  Print the first N lines
  -q, --quiet    Never print file names
  -v, --verbose  Always print file names
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let lines = options.number('n')?.unwrap_or(10);
    let files = options.files();
    let titled = !options.has('q') && (options.has('v') || files.len() > 1);

    for (index, file) in files.iter().enumerate() {
        let Some(mut input) = cx.open(file) else { continue }; // reported; the exit status is now 1
        if titled {
            let gap = if index > 0 { "\n" } else { "" };
            writeln!(cx.out, "{gap}==> {} <==", file.display());
        }
        copy_lines(&mut input, lines, &mut cx.out).at(file)?;
    }
    Ok(())
}

/// Copies at most `limit` lines. A last line without `\n` counts and is copied as it is.
fn copy_lines(input: &mut dyn BufRead, limit: u64, out: &mut Output) -> io::Result<()> {
    let mut line = Vec::new();
    for _ in 0..limit {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        out.write(&line);
    }
    Ok(())
}
