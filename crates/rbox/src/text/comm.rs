//! comm — compare two sorted files line by line.
//!
//! Source: POSIX.1-2024 `comm`; GNU coreutils 9 for `--output-delimiter`, `--total` and `-z`.

use super::common::{read_line, trimmed};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "comm",
    links: &["/usr/bin/comm"],
    usage: "\
comm [-123z] FILE1 FILE2

Print in three columns: lines of FILE1 only, of FILE2 only, and of both.

  -1                       Leave out the first column
  -2                       Leave out the second
  -3                       Leave out the third
  --output-delimiter=TEXT  Columns are indented by TEXT instead of tabs
  --total                  Print the numbers of lines at the end
  -z, --zero-terminated    Lines end in NUL
",
    process: Process::Filter,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(2, 2)?;
    let end = if options.has('z') { 0 } else { b'\n' };
    let files = options.files();
    let (Some(mut one), Some(mut other)) = (cx.open(&files[0]), cx.open(&files[1])) else { return Ok(()) };
    let tab = options.value_long("output-delimiter").flatten().map_or(&b"\t"[..], OsStr::as_bytes);
    let shown = [!options.has('1'), !options.has('2'), !options.has('3')];
    let mut totals = [0u64; 3];

    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut has_left = read_line(&mut one, end, &mut left).at(&files[0])?;
    let mut has_right = read_line(&mut other, end, &mut right).at(&files[1])?;
    while (has_left || has_right) && !cx.out.failed() {
        let order = match (has_left, has_right) {
            (true, false) => std::cmp::Ordering::Less,
            (false, _) => std::cmp::Ordering::Greater,
            _ => trimmed(&left, end).cmp(trimmed(&right, end)),
        };
        let column = match order {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Greater => 1,
            std::cmp::Ordering::Equal => 2,
        };
        totals[column] += 1;
        if shown[column] {
            let indent = shown[..column].iter().filter(|&&shown| shown).count();
            (0..indent).for_each(|_| cx.out.write(tab));
            cx.out.write(trimmed(if column == 1 { &right } else { &left }, end));
            cx.out.write(&[end]);
        }
        if column != 1 {
            has_left = read_line(&mut one, end, &mut left).at(&files[0])?;
        }
        if column != 0 {
            has_right = read_line(&mut other, end, &mut right).at(&files[1])?;
        }
    }
    if options.has_long("total") {
        let tab = String::from_utf8_lossy(tab);
        writeln!(cx.out, "{}{tab}{}{tab}{}{tab}total", totals[0], totals[1], totals[2]);
    }
    Ok(())
}
