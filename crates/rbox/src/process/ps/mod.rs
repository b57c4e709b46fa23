//! ps — list processes.
//!
//! *Source:* BusyBox 1.37 for the default columns and -o; procps for `aux`, `-ef`, `-l` and the options that select.

mod columns;

use posix::procfs::{self, Ids, Stat};
use posix::zone::Zone;

use crate::prelude::*;
use columns::{Column, Kind, Machine, Row};

pub(crate) const APPLET: Applet = Applet {
    name: "ps",
    links: &["/bin/ps"],
    usage: "\
ps [-o COLUMNS] [-T] [-ef] [-l] [aux] [SELECTION]...

List processes, all of them unless some are selected.

  -o, --format=COLUMNS    Columns, separated by commas; COLUMN=HEADING renames
  -T, -L                  Threads too
  -e, -A, --everyone      All (default)
  -a, -x, -d, -w, -H, -y  Accepted; all is shown anyway
  -f                      Full: UID PID PPID C STIME TTY TIME CMD
  -l                      Long: S UID PID PPID VSZ RSS TTY STIME TIME CMD
  -p, --pid=PIDS          Only these processes
  -u, -U, --user=USERS    Only those of these users
  -C NAMES                Only those of these names
  -t, --tty=TERMINALS     Only those on these terminals
  --ppid=PIDS             Only the children of these
  --sort=[-]COLUMN        Sort by a column (-: descending)
  -h, --no-headers, --no-heading
                          No heading
Without dash: a and x as -e, u for users' columns, l long, w wide, PID
",
    process: Process::Fork,
    run,
};

const DEFAULT: &str = "pid,user,time,args";
const DEFAULT_THREADS: &str = "pid,tid=TID,user,time,args";

fn run(cx: &mut Cx<'_>) -> Result {
    let (args, bsd, pids) = split_bsd(cx.args);
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::Mixed)?;
    options.expect_operands(0, 0)?;
    let threads = options.has('T') || options.has('L') || bsd.contains('H');
    let layout = layout(&options, &bsd, threads)?;
    let selection = Selection::of(&options, pids)?;

    let (now_seconds, _) = sys::clock::now();
    let memory = std::fs::read("/proc/meminfo").unwrap_or_default();
    let mut machine = Machine {
        uptime_seconds: sys::clock::since_boot().as_secs(),
        now_seconds,
        memory_kib: procfs::number(&memory, "MemTotal:").unwrap_or(0),
        zone: Zone::local(),
        names: Default::default(),
    };
    let mut rows = rows(threads);
    rows.retain(|row| selection.has(row));
    if let Some(Some(key)) = options.value_long("sort") {
        sort(&mut rows, &key.to_string_lossy(), &mut machine)?;
    }
    if rows.is_empty() && !selection.is_empty() {
        cx.status = 1;
    }
    let wide = bsd.contains('w') || options.has('w');
    let width = if wide { None } else { sys::tty::window_size(1).map(|(columns, _)| usize::from(columns)) };
    let headed =
        !options.has('h') && !bsd.contains('h') && layout.iter().any(|field| !field.heading.is_empty());
    if headed {
        let headings: Vec<String> = layout.iter().map(|field| field.heading.clone()).collect();
        print(cx, &layout, &headings, true, width);
    }
    for row in rows {
        let texts: Vec<String> =
            layout.iter().map(|field| row.text(field.column.kind, &mut machine)).collect();
        print(cx, &layout, &texts, false, width);
        if cx.out.failed() {
            break;
        }
    }
    Ok(())
}

/// One column of the output.
struct Field {
    column: Column,
    heading: String,
    width: usize,
    /// Whether a longer text is cut.
    cut: bool,
}

/// Takes the options without dash out of the arguments, and the pids among them.
fn split_bsd(args: &[OsString]) -> (Vec<OsString>, String, Vec<i32>) {
    let (mut rest, mut letters, mut pids) = (Vec::new(), String::new(), Vec::new());
    let mut value_next = false;
    for arg in args {
        let text = arg.to_string_lossy();
        let takes_value = matches!(text.as_ref(), "-o" | "-p" | "-u" | "-U" | "-C" | "-t")
            || matches!(text.as_ref(), "--format" | "--pid" | "--user" | "--tty" | "--ppid" | "--sort");
        // `-aux` would be the processes of the user x; nobody means that.
        let bsd_with_dash = matches!(text.as_ref(), "-aux" | "-auxw" | "-auxww");
        if value_next || text.starts_with('-') && !bsd_with_dash {
            value_next = !value_next && takes_value;
            rest.push(arg.clone());
        } else if let Ok(pid) = text.parse() {
            pids.push(pid);
        } else if text.trim_start_matches('-').chars().all(|letter| "aAefghHjlruwx".contains(letter)) {
            letters.push_str(text.trim_start_matches('-'));
        } else {
            rest.push(arg.clone());
        }
    }
    (rest, letters, pids)
}

fn layout(options: &Options, bsd: &str, threads: bool) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for list in options.values('o') {
        parse_columns(&list.to_string_lossy(), &mut fields)?;
    }
    if !fields.is_empty() {
        return Ok(fields);
    }
    if bsd.contains('u') {
        parse_columns("user,pid,%cpu,%mem", &mut fields)?;
        fields.extend([columns::VIRTUAL_KIB, columns::RESIDENT_KIB].map(|column| field(column, None)));
        parse_columns("tty=TTY", &mut fields)?;
        fields.push(field(columns::STATE_LONG, None));
        parse_columns("start=START,time,args", &mut fields)?;
    } else if options.has('f') && options.has('l') || options.has('l') || bsd.contains('l') {
        parse_columns("s,uid,pid,ppid,vsz,rss,tty=TTY,stime,cputime,args=CMD", &mut fields)?;
    } else if options.has('f') {
        parse_columns("user=UID,pid,ppid,c,stime,tty=TTY,cputime,args=CMD", &mut fields)?;
    } else {
        parse_columns(if threads { DEFAULT_THREADS } else { DEFAULT }, &mut fields)?;
    }
    Ok(fields)
}

fn field(column: Column, heading: Option<&str>) -> Field {
    let heading = heading.unwrap_or(column.heading);
    // A heading of one's own sets the width, as one that is empty does not.
    let custom = !heading.is_empty() && heading != column.heading;
    let width = if custom { heading.len().max(column.width) } else { column.width };
    let cut = matches!(column.kind, Kind::User | Kind::UserReal | Kind::Group | Kind::GroupReal | Kind::Name);
    Field { column, heading: heading.to_string(), width, cut }
}

/// COLUMN[=HEADING][,…], also separated by blanks.
fn parse_columns(list: &str, fields: &mut Vec<Field>) -> Result {
    for item in list.split(',') {
        let (names, heading) = match item.split_once('=') {
            Some((name, heading)) => (name, Some(heading)),
            None => (item, None),
        };
        let mut any = false;
        for name in names.split_ascii_whitespace() {
            any = true;
            let column = columns::find(name).ok_or_else(|| bad_column(name))?;
            fields.push(field(column, heading));
        }
        if !any {
            return Err(bad_column(item));
        }
    }
    Ok(())
}

#[cold]
fn bad_column(name: &str) -> Error {
    Error::message(format_args!("bad -o argument '{name}', supported arguments: {}", columns::all_names()))
}

/// Which processes were asked for; all, if nothing is given.
#[derive(Default)]
struct Selection {
    pids: Vec<i32>,
    parents: Vec<i32>,
    users: Vec<u32>,
    names: Vec<Vec<u8>>,
    terminals: Vec<String>,
}

impl Selection {
    fn of(options: &Options, pids: Vec<i32>) -> Result<Selection> {
        let mut selection = Selection { pids, ..Selection::default() };
        for item in items(options.values('p')) {
            selection.pids.push(pid(&item)?);
        }
        for (_, long, value) in options.in_order() {
            if long == "ppid" {
                for item in items(value.into_iter()) {
                    selection.parents.push(pid(&item)?);
                }
            }
        }
        for item in items(options.values('u').chain(options.values('U'))) {
            let uid = posix::passwd::uid_of(item.as_bytes());
            selection.users.push(uid.ok_or_else(|| Error::message(format_args!("unknown user {item}")))?);
        }
        selection.names = items(options.values('C')).into_iter().map(String::into_bytes).collect();
        selection.terminals = items(options.values('t'))
            .iter()
            .map(|name| name.trim_start_matches("/dev/").to_string())
            .collect();
        Ok(selection)
    }

    fn is_empty(&self) -> bool {
        self.pids.is_empty()
            && self.parents.is_empty()
            && self.users.is_empty()
            && self.names.is_empty()
            && self.terminals.is_empty()
    }

    fn has(&self, row: &Row) -> bool {
        self.is_empty()
            || self.pids.contains(&row.process)
            || self.parents.contains(&row.stat.parent)
            || self.users.contains(&row.ids.user)
            || self.names.contains(&row.stat.name)
            || self.terminals.contains(&super::common::terminal_name(row.stat.terminal))
    }
}

/// The parts of lists that are separated by commas or blanks.
fn items<'a>(lists: impl Iterator<Item = &'a OsStr>) -> Vec<String> {
    let mut items = Vec::new();
    for list in lists {
        let list = list.to_string_lossy();
        items.extend(list.split([',', ' ']).filter(|item| !item.is_empty()).map(str::to_string));
    }
    items
}

fn pid(text: &str) -> Result<i32> {
    text.parse().map_err(|_| Error::message(format_args!("invalid number '{text}'")))
}

fn rows(threads: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for stat in procfs::processes() {
        let Some(ids) = Ids::of(stat.pid) else { continue };
        let process = stat.pid;
        if !threads || stat.threads <= 1 {
            rows.push(Row { stat, process, ids });
            continue;
        }
        for thread in procfs::threads(process) {
            if let Some(stat) = Stat::of_thread(process, thread) {
                rows.push(Row { stat, process, ids });
            }
        }
    }
    rows
}

/// Sorts by the values of a column: as numbers where both are.
fn sort(rows: &mut Vec<Row>, key: &str, machine: &mut Machine) -> Result {
    let (descending, name) = match key.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, key.strip_prefix('+').unwrap_or(key)),
    };
    let kind = match columns::find(name).ok_or_else(|| bad_column(name))?.kind {
        // What is shown scaled or as a clock is sorted by what it stands for.
        Kind::Virtual => Kind::VirtualKib,
        Kind::Resident => Kind::ResidentKib,
        Kind::Elapsed => Kind::ElapsedSeconds,
        kind => kind,
    };
    let ticks = matches!(kind, Kind::Time | Kind::TimeLong);
    let mut keyed: Vec<(Option<f64>, String, Row)> = Vec::new();
    for row in rows.drain(..) {
        let text = if ticks { row.stat.ticks().to_string() } else { row.text(kind, machine) };
        keyed.push((posix::format::parse_float(text.as_bytes()), text, row));
    }
    keyed.sort_by(|(left, left_text, _), (right, right_text, _)| {
        let order = match (left, right) {
            (Some(left), Some(right)) => left.total_cmp(right),
            _ => left_text.cmp(right_text),
        };
        if descending { order.reverse() } else { order }
    });
    rows.extend(keyed.into_iter().map(|(.., row)| row));
    Ok(())
}

/// Prints one line; headings stand on the left even over numbers.
fn print(cx: &mut Cx<'_>, layout: &[Field], texts: &[String], heading: bool, width: Option<usize>) {
    let mut line = String::new();
    for (index, (field, text)) in layout.iter().zip(texts).enumerate() {
        if index > 0 {
            line.push(' ');
        }
        let last = index + 1 == layout.len();
        let shown: String =
            if field.cut && !last { text.chars().take(field.width).collect() } else { text.clone() };
        let gap = " ".repeat(field.width.saturating_sub(shown.chars().count()));
        let right = field.column.right && !heading;
        match (right, last) {
            (true, _) => line = line + &gap + &shown,
            (false, true) => line += &shown,
            (false, false) => line = line + &shown + &gap,
        }
    }
    if let Some(width) = width {
        line = line.chars().take(width).collect();
    }
    writeln!(cx.out, "{line}");
}
