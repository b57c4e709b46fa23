//! find — search trees for files, and do something with them.
//!
//! Source: POSIX.1-2024 `find`; BusyBox 1.37 for options, actions and messages; GNU for `-printf`, `-newerXY`, `-ls`,
//! `-execdir`, `-lname`, `-nouser`, `-readable`.
//!
//! *Differs:* `-size` rounds up to its unit, as POSIX says; BusyBox 1.37 compares bytes.

mod action;
mod parse;
mod print;
mod test;

use crate::prelude::*;
use action::Batch;
use cli::walk::{Event, Settings, Walk};
use sys::at::{Kind, Time};

pub(crate) const APPLET: Applet = Applet {
    name: "find",
    links: &["/usr/bin/find"],
    usage: "\
find [-HL] [PATH]... [EXPRESSION]

Search PATHs (by default here) for files of which EXPRESSION is true (by
default, print all).

  -H                 Follow PATHs that are links
  -L                 Follow all links
  -P                 Follow no links (default)

Options: -follow -xdev -mount -maxdepth N -mindepth N -depth -d
Operators: ( E ) ! E, -not E, E1 [-a] E2, E1 -o E2
Tests (N is exact, +N more, -N less):
 -name -iname -path -ipath PATTERN -lname -ilname PATTERN
 -type X (f d l b c p s), -perm [-/]MODE, -executable -readable -writable
 -mtime -atime -ctime N days, -mmin -amin -cmin N minutes, -newer[XY] FILE
 -user -group NAME, -uid -gid N, -nouser -nogroup, -links N, -inum N
 -samefile FILE, -size N[bckwMG], -empty, -true, -false
Actions:
 -print, -print0, -printf FORMAT, -ls, -prune, -delete, -quit
 -exec -execdir CMD ARG... ; with {} for the name, -exec CMD ARG... {} + for many
 -ok CMD ARG... ; asks first
",
    process: Process::New,
    run,
};

/// What a search looks for, and what it knows.
struct Search {
    expression: Expression,
    settings: Settings,
    depth_first: bool,
    depth_min: usize,
    depth_max: usize,
    now: Time,
    batches: Vec<Batch>,
    quit: bool,
}

enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Test(test::Test),
    Action(action::Action),
}

fn run(cx: &mut Cx<'_>) -> Result {
    let (mut search, paths) = parse::parse(cx.args)?;
    for path in paths {
        search.tree(cx, Path::new(&path));
        if search.quit || cx.out.failed() {
            break;
        }
    }
    for batch in &mut search.batches {
        batch.run(cx);
    }
    Ok(())
}

impl Search {
    fn tree(&mut self, cx: &mut Cx<'_>, root: &Path) {
        let mut walk = Walk::new(root, self.settings);
        while let Some(event) = walk.next() {
            let acts = match event {
                Event::Failed(error) => {
                    cx.report(Error::at(walk.path(), error));
                    continue;
                }
                Event::Loop => {
                    let path = walk.path().display();
                    cx.report(Error::message(format_args!("{path}: file system loop detected")));
                    continue;
                }
                Event::File => true,
                Event::Enter => !self.depth_first,
                Event::Leave => self.depth_first,
            };
            let enters = matches!(event, Event::Enter);
            if enters && walk.depth() >= self.depth_max {
                // Nothing below counts, so this is the last that is seen of the directory.
                walk.skip();
                if self.depth_first && walk.depth() >= self.depth_min {
                    self.visit(cx, &mut walk);
                }
            }
            if acts && walk.depth() >= self.depth_min {
                self.visit(cx, &mut walk);
            }
            if self.quit || cx.out.failed() {
                return;
            }
        }
    }

    fn visit(&mut self, cx: &mut Cx<'_>, walk: &mut Walk) {
        let expression = std::mem::replace(&mut self.expression, Expression::And(Vec::new()));
        self.evaluate(cx, walk, &expression);
        self.expression = expression;
    }

    fn evaluate(&mut self, cx: &mut Cx<'_>, walk: &mut Walk, expression: &Expression) -> bool {
        match expression {
            Expression::And(parts) => parts.iter().all(|part| !self.quit && self.evaluate(cx, walk, part)),
            Expression::Or(parts) => parts.iter().any(|part| self.quit || self.evaluate(cx, walk, part)),
            Expression::Not(inner) => !self.evaluate(cx, walk, inner),
            Expression::Test(test) => match test.holds(walk, self.now) {
                Ok(holds) => holds,
                Err(error) => {
                    cx.report(Error::at(walk.path(), error));
                    false
                }
            },
            Expression::Action(action) => self.act(cx, walk, action),
        }
    }
}

/// The letter of `-type` and `%y`.
fn kind_letter(kind: Kind) -> u8 {
    match kind {
        Kind::File => b'f',
        Kind::Directory => b'd',
        Kind::Symlink => b'l',
        Kind::Fifo => b'p',
        Kind::Socket => b's',
        Kind::CharDevice => b'c',
        Kind::BlockDevice => b'b',
        Kind::Unknown => b'U',
    }
}
