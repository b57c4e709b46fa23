//! daemon — crond: reads the tables, sleeps from minute to minute, runs jobs.
//!
//! A clock that is set forward by up to an hour makes up for what was skipped; one that is set back does not repeat
//! what was done; a larger step begins anew.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::time::Duration;

use posix::passwd::{self, User};
use posix::syslog::{self, Log};
use posix::zone::Zone;
use sys::child;

use super::schedule::When;
use super::table::{self, Job};
use super::{FOLDER, UPDATE};
use crate::prelude::*;

const STEP_MINUTES_MAX: i64 = 60;

pub(super) fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let folder = options.value('c').map_or(Path::new(FOLDER), Path::new).to_path_buf();
    let level = options.number('d')?.or(options.number('l')?).unwrap_or(8);
    let sink = match options.last_of("dLS") {
        Some('d') => Sink::Stderr,
        Some('L') => Sink::File(options.value('L').map(PathBuf::from).unwrap_or_default()),
        _ => Sink::System,
    };
    // A folder that is not there is a mistake that nobody would see later.
    fs::read_dir(&folder).at(&folder)?;
    let foreground = options.has('f') && !options.has('b') || options.has('d');
    if !foreground && !sys::session::daemonize().doing("can't go to the background")? {
        return Ok(());
    }
    let mut daemon = Daemon {
        folder,
        users: Vec::new(),
        running: Vec::new(),
        reporter: Reporter { sink, level },
        zone: Zone::local(),
    };
    daemon.reporter.say(8, &format!("crond (Tarn) started, log level {level}"));
    daemon.load_all();
    daemon.run_at_start();
    daemon.run_for_ever()
}

enum Sink {
    System,
    Stderr,
    File(PathBuf),
}

/// Where crond's own messages go.
struct Reporter {
    sink: Sink,
    level: u64,
}

impl Reporter {
    /// Reports what is at least as important as the level asks for: 5 is about jobs, 8 important, 20 an error.
    fn say(&self, importance: u64, text: &str) {
        if importance < self.level {
            return;
        }
        // A log that cannot be written is nothing that could be logged.
        let _ = match &self.sink {
            Sink::System => {
                let level = if importance >= 20 { 3 } else { 5 };
                let tag = format!("crond[{}]", std::process::id());
                Log::new(Path::new(syslog::SOCKET), tag.as_bytes()).send(
                    syslog::CRON | level,
                    text.as_bytes(),
                    sys::clock::now().0,
                )
            }
            Sink::Stderr => io::stderr().write_all(format!("crond: {text}\n").as_bytes()),
            Sink::File(path) => File::options()
                .append(true)
                .create(true)
                .open(path)
                .and_then(|mut file| file.write_all(format!("crond: {text}\n").as_bytes())),
        };
    }
}

struct Table {
    user: User,
    jobs: Vec<Job>,
}

/// A job that has not ended.
struct Running {
    pid: i32,
    user: Vec<u8>,
    command: Vec<u8>,
    /// Whom to mail what it prints, and the file that has it.
    mail: Option<(Vec<u8>, File)>,
}

struct Daemon {
    folder: PathBuf,
    users: Vec<Table>,
    running: Vec<Running>,
    reporter: Reporter,
    zone: Zone,
}

impl Daemon {
    fn run_for_ever(&mut self) -> Result {
        let mut last_minute = sys::clock::now().0.div_euclid(60);
        loop {
            let (seconds, nanos) = sys::clock::now();
            let rest = 60 - seconds.rem_euclid(60);
            // Jobs that have ended are looked for now and then, so that their mail does not wait.
            let pause = if self.running.is_empty() { rest } else { rest.min(5) };
            sys::clock::sleep(
                Duration::new(pause as u64, 0).saturating_sub(Duration::from_nanos(u64::from(nanos))),
            );
            self.reap();
            let minute = sys::clock::now().0.div_euclid(60);
            let step = minute - last_minute;
            if step == 0 || (-STEP_MINUTES_MAX..0).contains(&step) {
                continue;
            }
            if !(0..=STEP_MINUTES_MAX).contains(&step) {
                self.reporter.say(8, &format!("time disparity of {step} minutes detected"));
                last_minute = minute - 1;
            }
            self.look_for_changes();
            self.zone = Zone::local();
            for minute in last_minute + 1..=minute {
                self.run_minute(minute);
            }
            last_minute = minute;
        }
    }

    fn load_all(&mut self) {
        self.users.clear();
        let mut names: Vec<OsString> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        names.sort();
        for name in names {
            if name != UPDATE && !name.as_bytes().starts_with(b".") {
                self.load(name.as_bytes());
            }
        }
    }

    /// Reads the table of a user anew.
    fn load(&mut self, name: &[u8]) {
        self.users.retain(|table| table.user.name != name);
        let path = self.folder.join(OsStr::from_bytes(name));
        let shown = String::from_utf8_lossy(name).into_owned();
        if name.contains(&b'/') {
            return;
        }
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                self.reporter
                    .say(20, &format!("can't read {}: {}", path.display(), sys::error::text(&error)));
                return;
            }
        };
        let Some(user) = passwd::user_by_name(name) else {
            self.reporter.say(8, &format!("ignoring file '{shown}' (no such user)"));
            return;
        };
        let reporter = &self.reporter;
        let jobs = table::parse(&text, &mut |number, line| {
            reporter.say(20, &format!("user {shown}: line {number}: bad line '{line}'"));
        });
        self.reporter.say(5, &format!("user:{shown} jobs:{}", jobs.len()));
        self.users.push(Table { user, jobs });
    }

    fn look_for_changes(&mut self) {
        let path = self.folder.join(UPDATE);
        let Ok(names) = fs::read(&path) else { return };
        let _ = fs::remove_file(&path);
        for name in names.split(|&byte| byte == b'\n').filter(|name| !name.is_empty()) {
            self.load(name);
        }
    }

    fn run_at_start(&mut self) {
        for (user, job) in self.due(|when| *when == When::Start) {
            self.start(&user, &job);
        }
    }

    fn run_minute(&mut self, minute: i64) {
        let time = self.zone.civil(minute * 60);
        for (user, job) in self.due(|when| matches!(when, When::At(schedule) if schedule.has(&time))) {
            let busy = self
                .running
                .iter()
                .find(|running| running.user == user.name && running.command == job.command);
            if let Some(busy) = busy {
                let command = String::from_utf8_lossy(&job.command).into_owned();
                self.reporter.say(
                    8,
                    &format!(
                        "user {}: process already running (pid {}): {command}",
                        OsStr::from_bytes(&user.name).display(),
                        busy.pid
                    ),
                );
                continue;
            }
            self.start(&user, &job);
        }
    }

    fn due(&self, wanted: impl Fn(&When) -> bool) -> Vec<(User, Job)> {
        let of_table = |table: &Table| -> Vec<(User, Job)> {
            let jobs = table.jobs.iter().filter(|job| wanted(&job.when));
            jobs.map(|job| (table.user.clone(), job.clone())).collect()
        };
        self.users.iter().flat_map(of_table).collect()
    }

    fn start(&mut self, user: &User, job: &Job) {
        let name = String::from_utf8_lossy(&user.name).into_owned();
        let mail = self.mail_file(user, job);
        match child::fork() {
            Ok(Some(pid)) => {
                self.reporter.say(
                    8,
                    &format!("USER {name} pid {pid:3} cmd {}", OsStr::from_bytes(&job.command).display()),
                );
                self.running.push(Running {
                    pid,
                    user: user.name.clone(),
                    command: job.command.clone(),
                    mail,
                });
            }
            Ok(None) => {
                let output = mail.as_ref().map(|(_, file)| file.as_raw_fd());
                let error = become_job(user, job, output);
                self.reporter
                    .say(20, &format!("can't run a job of user {name}: {}", sys::error::text(&error)));
                child::exit_now(126);
            }
            Err(error) => self.reporter.say(20, &format!("fork: {}", sys::error::text(&error))),
        }
    }

    /// Whom the output goes to, and a file for it; None where there is no mail program or nobody wants it.
    fn mail_file(&self, user: &User, job: &Job) -> Option<(Vec<u8>, File)> {
        let to = job.variable(b"MAILTO").unwrap_or(&user.name).to_vec();
        if to.is_empty() || !Path::new(SENDMAIL).exists() {
            return None;
        }
        let path = std::env::temp_dir().join(format!("crond-{}-{}", std::process::id(), self.running.len()));
        let file = {
            use std::os::unix::fs::OpenOptionsExt;
            File::options().read(true).write(true).create_new(true).mode(0o600).open(&path).ok()?
        };
        // Only the descriptor is needed.
        let _ = fs::remove_file(&path);
        Some((to, file))
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, end))) = child::poll(-1) {
            let Some(index) = self.running.iter().position(|running| running.pid == pid) else { continue };
            let job = self.running.remove(index);
            self.reporter.say(5, &format!("pid {pid} ended with status {}", end.status()));
            if let Some((to, output)) = job.mail
                && output.metadata().is_ok_and(|metadata| metadata.len() > 0)
            {
                send_mail(&to, &job.user, &job.command, output);
            }
        }
    }
}

const SENDMAIL: &str = "/usr/sbin/sendmail";

/// Hands the output to sendmail in a child of its own.
fn send_mail(to: &[u8], user: &[u8], command: &[u8], mut output: File) {
    use std::io::{Seek, SeekFrom};
    let mut text = Vec::new();
    let read = output.seek(SeekFrom::Start(0)).and_then(|_| output.read_to_end(&mut text));
    if read.is_err() {
        return;
    }
    let message = [b"To: ", to, b"\nSubject: cron: ", user, b": ", command, b"\n\n", &text].concat();
    let written = output
        .set_len(0)
        .and_then(|()| output.rewind())
        .and_then(|()| output.write_all(&message))
        .and_then(|()| output.rewind());
    if written.is_err() {
        return;
    }
    if let Ok(None) = child::fork() {
        // Only the child's own streams are touched.
        let _ = sys::session::duplicate(output.as_raw_fd(), 0);
        let _ = sys::exec::replace(&[OsString::from(SENDMAIL), OsString::from("-ti")]);
        child::exit_now(127);
    }
}

/// In the child: becomes the user and the command. Returns why it could not.
fn become_job(user: &User, job: &Job, output: Option<i32>) -> io::Error {
    let prepared = prepare(user, job, output);
    if let Err(error) = prepared {
        return error;
    }
    let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let shell = job.variable(b"SHELL").unwrap_or(b"/bin/sh");
    let home =
        job.variable(b"HOME").map_or_else(|| user.home().as_os_str().as_bytes().to_vec(), <[u8]>::to_vec);
    let mut variables: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (b"USER".to_vec(), user.name.clone()),
        (b"LOGNAME".to_vec(), user.name.clone()),
        (b"HOME".to_vec(), home.clone()),
        (b"SHELL".to_vec(), shell.to_vec()),
        (b"PATH".to_vec(), b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_vec()),
    ];
    for (name, value) in &job.environment {
        if name != b"LOGNAME" && name != b"USER" {
            variables.retain(|(known, _)| known != name);
            variables.push((name.clone(), value.clone()));
        }
    }
    let environment: Vec<OsString> =
        variables.iter().map(|(name, value)| text(&[name.as_slice(), b"=", value].concat())).collect();
    if std::env::set_current_dir(text(&home)).is_err() {
        // A home that is not there is no reason not to run.
        let _ = std::env::set_current_dir("/");
    }
    let command = [text(shell), OsString::from("-c"), text(&job.command)];
    sys::exec::replace_with(&command, Some(&environment))
}

fn prepare(user: &User, job: &Job, output: Option<i32>) -> io::Result<()> {
    sys::session::new_session()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    match &job.input {
        None => sys::session::duplicate(null.as_raw_fd(), 0)?,
        Some(input) => {
            let mut file = memory_file(input)?;
            io::Seek::rewind(&mut file)?;
            sys::session::duplicate(file.as_raw_fd(), 0)?;
        }
    }
    if let Some(output) = output {
        sys::session::duplicate(output, 1)?;
        sys::session::duplicate(output, 2)?;
    }
    if sys::user::effective_id() == 0 && user.uid != 0 {
        let groups = passwd::groups_of(&user.name, user.gid);
        sys::identity::set(Some(user.uid), Some(user.gid), &groups)?;
    }
    Ok(())
}

/// A file without a name that has `text`.
fn memory_file(text: &[u8]) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = std::env::temp_dir().join(format!("crond-input-{}", std::process::id()));
    let mut file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    file.write_all(text)?;
    Ok(file)
}
