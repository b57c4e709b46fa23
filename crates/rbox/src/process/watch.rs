//! watch — run a command again and again, and show what it prints.
//!
//! Source: BusyBox 1.37; procps for `-e`, `-g` and `-x`.

use std::fs::File;
use std::os::fd::AsRawFd;

use posix::calendar;
use posix::zone::Zone;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "watch",
    links: &["/bin/watch"],
    usage: "\
watch [-n SECS] [-teg] PROG ARGS

Run PROG (by a shell) again and again, and show what it prints.

  -n, --interval=SECS  Every so many seconds (2)
  -t, --no-title       Without the line on top
  -e, --errexit        End when PROG fails
  -g, --chgexit        End when the output changes
  -x, --exec           Without a shell
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let period = match options.value('n') {
        Some(text) => posix::number::duration(text.as_bytes())
            .ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))?,
        None => std::time::Duration::from_secs(2),
    };
    let words = options.operands();
    let text = words.join(OsStr::new(" "));
    let command = match options.has('x') {
        true => words.to_vec(),
        false => vec![OsString::from("/bin/sh"), OsString::from("-c"), text.clone()],
    };
    let title = format!("Every {}s: {}", period.as_secs_f64(), text.display());
    let zone = Zone::local();
    let mut last: Option<Vec<u8>> = None;
    loop {
        let (columns, rows) = sys::tty::window_size(1).unwrap_or((80, 24));
        let (output, status) = output_of(cx, &command)?;
        cx.out.write(b"\x1b[H\x1b[J");
        let mut rows = usize::from(rows);
        if !options.has('t') {
            title_line(cx, &title, usize::from(columns), &zone);
            rows = rows.saturating_sub(2);
        }
        cx.out.write(first_lines(&output, rows));
        cx.out.flush();
        let failed = status != 0 && options.has('e');
        let changed = options.has('g') && last.as_ref().is_some_and(|last| *last != output);
        if failed {
            return Err(Error::exit(status));
        }
        if changed || cx.out.failed() {
            return Ok(());
        }
        last = Some(output);
        sys::clock::sleep(period);
    }
}

/// The title on the left, the time on the right.
fn title_line(cx: &mut Cx<'_>, title: &str, columns: usize, zone: &Zone) {
    let mut date = Vec::new();
    calendar::strftime(b"%F %T", &zone.civil(sys::clock::now().0), 0, &mut date);
    let width = columns.saturating_sub(date.len() + 1);
    let title: String = title.chars().take(width).collect();
    write!(cx.out, "{title:<width$} ");
    cx.out.write(&date);
    cx.out.write(b"\n\n");
}

/// As many lines as fit; the last one without its newline, or the screen would scroll.
fn first_lines(text: &[u8], rows: usize) -> &[u8] {
    let mut ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index);
    match ends.nth(rows.saturating_sub(1)) {
        Some(end) => &text[..end],
        None => text,
    }
}

/// What the command prints on both streams, and its status.
fn output_of(cx: &mut Cx<'_>, command: &[OsString]) -> Result<(Vec<u8>, u8)> {
    let (reader, writer) = std::io::pipe().doing("pipe")?;
    cx.out.flush();
    let pid = match sys::child::fork().doing("fork")? {
        Some(pid) => pid,
        None => {
            for stream in [1, 2] {
                sys::session::duplicate(writer.as_raw_fd(), stream).doing("dup2")?;
            }
            return Err(cx.exec(command));
        }
    };
    drop(writer);
    let mut output = Vec::new();
    File::from(std::os::fd::OwnedFd::from(reader)).read_to_end(&mut output).doing("read")?;
    let (_, end) = sys::child::wait(pid).doing("wait")?;
    Ok((output, end.status()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_to_the_screen() {
        for (text, rows, expected) in
            [("a\nb\nc\n", 2, "a\nb"), ("a\nb", 5, "a\nb"), ("a\n", 1, "a"), ("", 3, "")]
        {
            assert_eq!(first_lines(text.as_bytes(), rows), expected.as_bytes());
        }
    }
}
