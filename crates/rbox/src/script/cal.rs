//! cal — print a calendar.
//!
//! Source: POSIX.1-2024 `cal`; BusyBox 1.37 for the options and layout. September 1752 has 19 days: until then the
//! calendar is Julian, as in Britain.

use posix::calendar::{MONTHS, is_leap};
use posix::zone::Zone;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "cal",
    links: &["/usr/bin/cal"],
    usage: "\
cal [-jmy] [[MONTH] YEAR]

Print the calendar of this month, of a month, or of a year.

  -j   Count the days of the year
  -m   Weeks begin on Monday
  -y   The whole year
",
    process: Process::Same,
    run,
};

/// Lines of a month below its heading.
const LINES: usize = 6;

struct Shape {
    monday: bool,
    of_year: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 2)?;
    let shape = Shape { monday: options.has('m'), of_year: options.has('j') };
    let today = Zone::local().civil(sys::clock::now().0);
    let operands = options.operands();
    let year = match operands.last() {
        Some(year) => within(year, 1, 9999)?,
        None => today.year,
    };
    if options.has('y') || operands.len() == 1 {
        print_year(cx, year, &shape);
        return Ok(());
    }
    let month = if operands.len() == 2 { within(&operands[0], 1, 12)? } else { i64::from(today.month) };
    let title = format!("{} {year}", MONTHS[(month - 1) as usize]);
    let mut lines = vec![centred(&title, shape.width()).trim_end().to_string(), shape.heading()];
    lines.extend(shape.month(year, month));
    for line in lines {
        writeln!(cx.out, "{}", line.trim_end());
    }
    Ok(())
}

fn within(text: &OsStr, min: i64, max: i64) -> Result<i64> {
    let number = cli::options::number(text)? as i64;
    if !(min..=max).contains(&number) {
        return Err(Error::message(format_args!("number {number} is not in {min}..{max} range")));
    }
    Ok(number)
}

fn centred(text: &str, width: usize) -> String {
    let left = (width.saturating_sub(text.len())) / 2;
    format!("{}{text}{}", " ".repeat(left), " ".repeat(width.saturating_sub(text.len() + left)))
}

fn print_year(cx: &mut Cx<'_>, year: i64, shape: &Shape) {
    let (columns, gap) = if shape.of_year { (2, "  ") } else { (3, "  ") };
    let width = shape.width() * columns + gap.len() * (columns - 1);
    writeln!(cx.out, "{}", centred(&year.to_string(), width));
    writeln!(cx.out);
    for first in (1..=12).step_by(columns) {
        let months: Vec<i64> = (first..first + columns as i64).collect();
        let join = |parts: Vec<String>| parts.join(gap);
        let titles =
            months.iter().map(|&month| centred(MONTHS[(month - 1) as usize], shape.width())).collect();
        writeln!(cx.out, "{}", join(titles));
        writeln!(cx.out, "{}", join(months.iter().map(|_| shape.heading()).collect()));
        let bodies: Vec<Vec<String>> = months.iter().map(|&month| shape.month(year, month)).collect();
        for line in 0..LINES {
            let parts = bodies.iter().map(|body| body[line].clone()).collect();
            writeln!(cx.out, "{}", join(parts).trim_end());
        }
    }
}

impl Shape {
    /// Columns of a day.
    fn day_width(&self) -> usize {
        if self.of_year { 3 } else { 2 }
    }

    fn width(&self) -> usize {
        7 * (self.day_width() + 1) - 1
    }

    fn heading(&self) -> String {
        let names = if self.monday {
            ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
        } else {
            ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"]
        };
        let width = self.day_width();
        names.map(|name| format!("{name:>width$}")).join(" ")
    }

    /// The weeks of a month, each as wide as the heading.
    fn month(&self, year: i64, month: i64) -> Vec<String> {
        let width = self.day_width();
        let mut cells: Vec<String> = Vec::new();
        let first = (weekday(year, month, 1) + 7 - i64::from(self.monday)) % 7;
        cells.resize(first as usize, " ".repeat(width));
        for day in 1..=length(year, month) {
            if (year, month) == (1752, 9) && (3..14).contains(&day) {
                continue;
            }
            let number = if self.of_year { day_of_year(year, month, day) } else { day };
            cells.push(format!("{number:>width$}"));
        }
        cells.resize(7 * LINES, " ".repeat(width));
        cells.chunks(7).map(|week| week.join(" ")).collect()
    }
}

fn is_gregorian(year: i64, month: i64, day: i64) -> bool {
    (year, month, day) >= (1752, 9, 14)
}

fn leap(year: i64) -> bool {
    if year > 1752 { is_leap(year) } else { year % 4 == 0 }
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn day_of_year(year: i64, month: i64, day: i64) -> i64 {
    let days: i64 = (1..month).map(|month| length(year, month)).sum::<i64>() + day;
    if year == 1752 && is_gregorian(year, month, day) { days - 11 } else { days }
}

/// 0 is Sunday.
fn weekday(year: i64, month: i64, day: i64) -> i64 {
    if is_gregorian(year, month, day) {
        return (posix::calendar::days_to(year, month, day) + 4).rem_euclid(7);
    }
    // Days of the Julian calendar; 1 January of the year 1 was a Saturday.
    let before = (year - 1) * 365 + (year - 1) / 4;
    let in_year: i64 = (1..month).map(|month| length(year, month)).sum::<i64>() + day - 1;
    (before + in_year + 6).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays() {
        for (year, month, day, expected) in
            [(2024, 2, 29, 4), (1752, 9, 14, 4), (1752, 9, 2, 3), (1, 1, 1, 6), (1700, 2, 29, 4)]
        {
            assert_eq!(weekday(year, month, day), expected, "{year}-{month}-{day}");
        }
        assert_eq!((day_of_year(1752, 9, 14), day_of_year(2024, 12, 31)), (247, 366));
    }
}
