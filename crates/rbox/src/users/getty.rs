//! getty — opens a terminal, shows who it belongs to, asks for a name and runs login.
//!
//! Source: BusyBox 1.37 `getty`; agetty(8) for the letters of /etc/issue and `\S`.

use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::time::Duration;

use sys::host::Names;
use sys::line::{Modem, Settings};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "getty",
    links: &["/sbin/getty"],
    usage: "\
getty [OPTIONS] BAUD_RATE[,BAUD_RATE]... TTY [TERMTYPE]

Open TTY, prompt for login name, then invoke /bin/login

  -h             Enable hardware RTS/CTS flow control
  -L             Set CLOCAL (ignore Carrier Detect state)
  -m             Get baud rate from modem's CONNECT status message
  -n             Don't prompt for login name
  -w             Wait for CR or LF before sending /etc/issue
  -i             Don't display /etc/issue
  -f ISSUE_FILE  Display ISSUE_FILE instead of /etc/issue
  -l LOGIN       Invoke LOGIN instead of /bin/login
  -t SEC         Terminate after SEC if no login name is read
  -I INITSTR     Send INITSTR before anything else
  -H HOST        Log HOST into the utmp file as the hostname

BAUD_RATE of 0 leaves it unchanged
",
    process: Process::New,
    run,
};

/// init starts a getty again at once: after an error it rests.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);
const NAME_MAX: usize = 128;

fn run(cx: &mut Cx<'_>) -> Result {
    let result = serve(cx);
    let (pid, _, session) = sys::kill::own();
    if result.is_err() && pid == session {
        if let Err(error) = result {
            cx.report(error);
        }
        std::thread::sleep(PAUSE_AFTER_ERROR);
        return Err(Error::exit(1));
    }
    result
}

fn serve(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(2, 3)?;
    let (mut speeds, mut terminal) = (&options.operands()[0], &options.operands()[1]);
    // Old tables have the two the other way round.
    if !starts_with_digit(speeds) && starts_with_digit(terminal) {
        std::mem::swap(&mut speeds, &mut terminal);
    }
    let speeds = parse_speeds(speeds)?;
    let name = open_terminal(terminal)?;
    let modem = Modem { local: options.has('L'), hardware_flow: options.has('h') };
    let mut settings = Settings::of(0).at(terminal)?;
    set_speed(&mut settings, speeds[0]);
    settings.make_raw(modem);
    settings.apply(0).at(terminal)?;
    if let Some(text) = options.value('I') {
        cx.out.write(text.as_bytes());
        cx.out.flush();
    }
    if options.has('m')
        && let Some(speed) = speed_of_connection()
    {
        set_speed(&mut settings, speed);
        settings.apply(0).at(terminal)?;
    }
    if let Some(seconds) = options.number('t')? {
        sys::session::default(14); // SIGALRM ends the process, and init starts another
        sys::session::alarm(u32::try_from(seconds).unwrap_or(u32::MAX));
    }
    if options.has('w') {
        wait_for_enter()?;
    }
    let issue = (!options.has('i'))
        .then(|| Path::new(options.value('f').unwrap_or(OsStr::new("/etc/issue"))).to_path_buf());
    let mut ask = Ask { issue, terminal: name, speeds, speed_index: 0, settings, erase: 127, returns: false };
    let user = if options.has('n') { ask.show(cx).map(|()| None)? } else { Some(ask.name(cx)?) };
    sys::session::alarm(0);
    ask.settings.make_cooked(ask.returns, ask.erase);
    ask.settings.apply(0).at(terminal)?;
    exec_login(&options, user)
}

fn starts_with_digit(text: &OsStr) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

fn parse_speeds(text: &OsStr) -> Result<Vec<u32>> {
    let mut speeds = Vec::new();
    for word in text.as_bytes().split(|&byte| byte == b',') {
        let speed = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        match speed {
            Some(speed) if speed == 0 || sys::line::is_speed(speed) => speeds.push(speed),
            _ => {
                return Err(Error::message(format_args!("bad speed: {}", OsStr::from_bytes(word).display())));
            }
        }
    }
    Ok(speeds)
}

fn set_speed(settings: &mut Settings, speed: u32) {
    if speed != 0 {
        settings.set_speed(speed);
    }
}

/// Makes the terminal standard input, output and error of a session of its own. Returns its name below /dev.
fn open_terminal(terminal: &OsStr) -> Result<String> {
    // init has made the session already; who starts getty by hand may not have.
    let _ = sys::session::new_session();
    if terminal != "-" {
        let path = Path::new("/dev").join(terminal); // an absolute path stays one
        // Without O_NONBLOCK the open would wait for a carrier that -L says is not to be waited for.
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(0o4000 | 0o400).open(&path).at(&path)?;
        let kind = file.metadata().at(&path)?.file_type();
        if !kind.is_char_device() || !sys::fd::is_terminal(file.as_raw_fd()) {
            return Err(Error::message(format_args!("{}: not a tty", path.display())));
        }
        sys::fd::set_blocking(file.as_raw_fd()).at(&path)?;
        let _ = sys::session::take_terminal(file.as_raw_fd());
        for standard in 0..=2 {
            sys::fd::duplicate_to(file.as_raw_fd(), standard).at(&path)?;
        }
        // A file that is one of the three already must not be closed here.
        if file.as_raw_fd() <= 2 {
            std::mem::forget(file);
        }
        // Root's until somebody has logged in, and no longer the last user's.
        let _ = std::os::unix::fs::chown(&path, Some(0), Some(0));
        let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o620));
    }
    sys::line::take_foreground(0);
    Ok(super::common::terminal_name().unwrap_or_else(|| terminal.to_string_lossy().into_owned()))
}

/// The speed in a modem's message of its connection: the first number in it.
fn speed_of_connection() -> Option<u32> {
    // A modem says it at once or not at all.
    std::thread::sleep(Duration::from_secs(1));
    let mut buffer = [0; 128];
    if !sys::line::wait_for_input(0, Some(0)) {
        return None;
    }
    let count = sys::fd::read(0, &mut buffer).ok()?;
    first_number(&buffer[..count]).filter(|&speed| sys::line::is_speed(speed))
}

fn first_number(text: &[u8]) -> Option<u32> {
    let digits = text.split(|byte| !byte.is_ascii_digit()).find(|digits| !digits.is_empty())?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn wait_for_enter() -> Result {
    loop {
        match read_key()? {
            b'\r' | b'\n' => return Ok(()),
            _ => {}
        }
    }
}

/// One byte. Errors: the line is gone.
fn read_key() -> Result<u8> {
    let mut byte = [0];
    match sys::fd::read(0, &mut byte).doing("read")? {
        0 => Err(Error::exit(1)),
        _ => Ok(byte[0]),
    }
}

/// The conversation up to a name, and what it tells about the other side.
struct Ask {
    issue: Option<PathBuf>,
    terminal: String,
    speeds: Vec<u32>,
    speed_index: usize,
    settings: Settings,
    erase: u8,
    returns: bool,
}

/// What came of asking once.
enum Answer {
    Name(Vec<u8>),
    Nothing,
    /// A break, which asks for the next speed.
    OtherSpeed,
}

impl Ask {
    /// Shows the issue.
    fn show(&self, cx: &mut Cx<'_>) -> Result {
        if let Some(path) = &self.issue
            && let Ok(text) = fs::read(path)
        {
            let names = sys::host::names().doing("uname")?;
            cx.out.write(&expand(&text, &names, &self.terminal));
        }
        cx.out.flush();
        Ok(())
    }

    /// Asks until there is a name.
    fn name(&mut self, cx: &mut Cx<'_>) -> Result<Vec<u8>> {
        loop {
            self.show(cx)?;
            let host = sys::host::names().doing("uname")?.node;
            write!(cx.out, "{} login: ", host.display());
            cx.out.flush();
            match self.read_name(cx)? {
                Answer::Name(name) => return Ok(name),
                Answer::Nothing => {}
                Answer::OtherSpeed => {
                    self.speed_index = (self.speed_index + 1) % self.speeds.len();
                    set_speed(&mut self.settings, self.speeds[self.speed_index]);
                    self.settings.apply(0).doing("can't change the speed")?;
                }
            }
        }
    }

    fn read_name(&mut self, cx: &mut Cx<'_>) -> Result<Answer> {
        let mut name = Vec::new();
        loop {
            let key = read_key()?;
            match key {
                b'\r' | b'\n' => {
                    self.returns = key == b'\r';
                    cx.out.write(b"\n");
                    cx.out.flush();
                    return Ok(if name.is_empty() { Answer::Nothing } else { Answer::Name(name) });
                }
                8 | 127 => {
                    self.erase = key;
                    if name.pop().is_some() {
                        cx.out.write(b"\x08 \x08");
                    }
                }
                21 => {
                    while name.pop().is_some() {
                        cx.out.write(b"\x08 \x08");
                    }
                }
                // Ctrl-C and Ctrl-D: begin anew, with a fresh getty.
                3 | 4 => return Err(Error::exit(0)),
                0 if self.speeds.len() > 1 => return Ok(Answer::OtherSpeed),
                // A name of control characters can belong to nobody; bytes of UTF-8 may be meant.
                0..=31 => {}
                _ if name.len() < NAME_MAX => {
                    name.push(key);
                    cx.out.write(&[key]);
                }
                _ => {}
            }
            cx.out.flush();
        }
    }
}

/// Replaces the letters behind `\` and `%` in an issue.
fn expand(text: &[u8], names: &Names, terminal: &str) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' && byte != b'%' {
            shown.push(byte);
            continue;
        }
        let Some((&letter, behind)) = rest.split_first() else { break };
        rest = behind;
        match letter {
            b's' => shown.extend(names.system.as_bytes()),
            b'n' | b'h' => shown.extend(names.node.as_bytes()),
            b'r' => shown.extend(names.release.as_bytes()),
            b'v' => shown.extend(names.version.as_bytes()),
            b'm' => shown.extend(names.machine.as_bytes()),
            b'D' | b'o' => shown.extend(names.domain.as_bytes()),
            b'd' => shown.extend(now("%A, %d %B %Y")),
            b't' => shown.extend(now("%H:%M:%S")),
            b'l' => shown.extend(terminal.as_bytes()),
            b'S' => {
                let (name, behind) = braced(rest).unwrap_or((b"PRETTY_NAME", rest));
                rest = behind;
                shown.extend(release_variable(name).unwrap_or_else(|| names.system.as_bytes().to_vec()));
            }
            other => shown.push(other),
        }
    }
    shown
}

/// `{NAME}` and what follows it.
fn braced(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"{")?;
    let end = inner.iter().position(|&byte| byte == b'}')?;
    Some((&inner[..end], &inner[end + 1..]))
}

fn release_variable(name: &[u8]) -> Option<Vec<u8>> {
    let text = fs::read("/etc/os-release").or_else(|_| fs::read("/usr/lib/os-release")).ok()?;
    let line =
        text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(name)?.strip_prefix(b"="))?;
    let line = line.trim_ascii();
    let bare = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    Some(bare.to_vec())
}

fn now(format: &str) -> Vec<u8> {
    let seconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let civil = posix::zone::Zone::local().civil(i64::try_from(seconds).unwrap_or(0));
    let mut text = Vec::new();
    posix::calendar::strftime(format.as_bytes(), &civil, 0, &mut text);
    text
}

fn exec_login(options: &Options, user: Option<Vec<u8>>) -> Result {
    let program = options.value('l').unwrap_or(OsStr::new("/bin/login"));
    let mut arguments: Vec<OsString> = vec![program.to_os_string()];
    if let Some(host) = options.value('H') {
        arguments.extend(["-h".into(), host.to_os_string()]);
    }
    if let Some(user) = user {
        // A name that begins with a dash is no option of login's.
        arguments.extend(["--".into(), OsString::from_vec(user)]);
    }
    let mut environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if let Some(kind) = options.operands().get(2) {
        environment.retain(|(name, _)| name != "TERM");
        environment.push(("TERM".into(), kind.clone()));
    }
    sys::signal_wait::reset_all();
    let error = sys::process::exec(Path::new(program), &arguments, &environment);
    Err(Error::io(format_args!("can't execute '{}'", program.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let [system, node, release, version, machine, domain] =
            ["Linux", "tarn", "6.12", "#1", "x86_64", "lake"].map(OsString::from);
        Names { system, node, release, version, machine, domain }
    }

    #[test]
    fn the_letters_of_an_issue() {
        for (issue, shown) in [
            ("\\s \\n \\r \\v \\m \\o \\l\n", "Linux tarn 6.12 #1 x86_64 lake ttyS0\n"),
            ("%h %D \\\\ %% \\x", "tarn lake \\ % x"),
            ("end\\", "end"),
            ("", ""),
        ] {
            assert_eq!(expand(issue.as_bytes(), &names(), "ttyS0"), shown.as_bytes(), "{issue}");
        }
        assert_eq!(braced(b"{VERSION} x"), Some((&b"VERSION"[..], &b" x"[..])));
        assert_eq!(braced(b"{open"), None);
    }

    #[test]
    fn speeds_are_checked() {
        assert_eq!(parse_speeds(OsStr::new("115200,9600,0")).unwrap(), [115200, 9600, 0]);
        for bad in ["", "1", "fast", "9600,", "-1"] {
            assert!(parse_speeds(OsStr::new(bad)).is_err(), "{bad}");
        }
        assert_eq!(first_number(b"\r\nCONNECT 57600/V42\r\n"), Some(57600));
        assert_eq!(first_number(b"BUSY"), None);
    }
}
