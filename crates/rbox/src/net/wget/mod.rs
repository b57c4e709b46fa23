//! wget — fetch files over HTTP, HTTPS and FTP.
//!
//! Source: RFC 9110, RFC 9112, RFC 959, RFC 2428; BusyBox 1.37 for options and messages.
//! Differs: HTTPS is spoken by the `openssl` program, which checks the certificate.

mod connection;
mod ftp;
mod http;
mod url;

use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use crate::prelude::*;
use url::Url;

pub(crate) const APPLET: Applet = Applet {
    name: "wget",
    links: &["/usr/bin/wget"],
    usage: "\
wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]
	[--post-data STR | --post-file FILE] [-Y on/off]
	[--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...

Retrieve files via HTTP or FTP.

  --spider              Only check URL existence: $? is 0 if exists
  --header=STR          Add STR (of form 'header: value') to headers
  --post-data=STR       Send STR using POST method
  --post-file=FILE      Send FILE using POST method
  --no-check-certificate  Don't validate the server's certificate
  -c, --continue        Continue retrieval of aborted transfer
  -q, --quiet           Quiet
  -P, --directory-prefix=DIR  Save to DIR (default .)
  -S, --server-response  Show server response
  -T, --timeout=SEC     Network read timeout is SEC seconds
  -t, --tries=N         Ignored
  -O, --output-document=FILE  Save to FILE ('-' for stdout)
  -o, --output-file=LOGFILE  Log messages to FILE
  -U, --user-agent=STR  Use STR for User-Agent header
  -Y, --proxy=on/off    Use proxy
",
    process: Process::New,
    run,
};

/// What all retrievals of a run share.
struct Settings {
    headers: Vec<String>,
    post: Option<Vec<u8>>,
    agent: String,
    resume: bool,
    quiet: bool,
    show_response: bool,
    spider: bool,
    check_certificate: bool,
    timeout: Duration,
    proxy: bool,
    folder: Option<PathBuf>,
    /// Messages go here instead of standard error.
    log: Option<File>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let settings = settings(cx, &options)?;
    let output = options.value('O').map(Path::new);
    // Several URLs given one name go into that one file, one behind the other.
    let mut shared = match output {
        Some(path) if path.as_os_str() == "-" => Some(Sink::Standard),
        Some(path) if !settings.spider => {
            let file = if settings.resume {
                OpenOptions::new().append(true).create(true).open(path)
            } else {
                File::create(path)
            };
            Some(Sink::File(file.map_err(|error| cannot_open(path, error))?, path.to_path_buf()))
        }
        _ => None,
    };
    for operand in options.operands() {
        let result = Url::parse(&operand.to_string_lossy())
            .and_then(|url| retrieve(cx, &settings, url, shared.as_mut()));
        if let Err(error) = result {
            match settings.log {
                Some(_) => {
                    settings.say(&format!("wget: {error}"));
                    cx.status = 1;
                }
                None => cx.report(error),
            }
        }
    }
    Ok(())
}

fn cannot_open(path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't open '{}'", path.display()), error)
}

fn settings(cx: &mut Cx<'_>, options: &Options) -> Result<Settings> {
    let mut headers = Vec::new();
    for (_, long, value) in options.in_order() {
        if let ("header", Some(value)) = (long, value) {
            let text = value.to_string_lossy().into_owned();
            if text.contains(['\r', '\n']) {
                return Err(Error::message("a header must not contain a line end"));
            }
            headers.push(text);
        }
    }
    let post = match (options.value_long("post-data").flatten(), options.value_long("post-file").flatten()) {
        (Some(data), _) => Some(data.as_bytes().to_vec()),
        (None, Some(file)) => {
            let mut bytes = Vec::new();
            let mut input = cx.open(Path::new(file)).ok_or(Error::exit(1))?;
            input.read_to_end(&mut bytes).at(file)?;
            Some(bytes)
        }
        (None, None) => None,
    };
    let log = match options.value('o').map(Path::new) {
        Some(path) if path.as_os_str() == "-" => None,
        Some(path) => Some(File::create(path).map_err(|error| cannot_open(path, error))?),
        None => None,
    };
    Ok(Settings {
        headers,
        post,
        agent: options.text('U')?.unwrap_or("Wget").to_string(),
        resume: options.has('c'),
        quiet: options.has('q'),
        show_response: options.has('S'),
        spider: options.has_long("spider"),
        check_certificate: !options.has_long("no-check-certificate"),
        timeout: Duration::from_secs(options.number('T')?.filter(|&seconds| seconds > 0).unwrap_or(900)),
        proxy: options.value('Y').is_none_or(|value| value != "off"),
        folder: options.value('P').map(PathBuf::from),
        log,
    })
}

impl Settings {
    fn say(&self, text: &str) {
        if self.quiet {
            return;
        }
        let line = format!("{text}\n");
        // Nobody is left to tell that the log is full.
        let _ = match self.log.as_ref() {
            Some(mut log) => log.write_all(line.as_bytes()),
            None => io::stderr().write_all(line.as_bytes()),
        };
    }
}

/// Where the contents go.
enum Sink {
    Standard,
    File(File, PathBuf),
}

/// What the server gives: how much, from where on, and the stream of it.
struct Body<'a> {
    /// None: until it ends.
    length: Option<u64>,
    /// What was asked for is the rest behind this.
    start: u64,
    stream: Box<dyn Read + 'a>,
}

fn retrieve(cx: &mut Cx<'_>, settings: &Settings, url: Url, shared: Option<&mut Sink>) -> Result {
    let mut own;
    let name = settings.folder.as_deref().unwrap_or(Path::new("")).join(url.file_name());
    let sink: Option<&mut Sink> = match shared {
        Some(sink) => Some(sink),
        None if settings.spider => None,
        None => {
            own = None;
            let start = if settings.resume {
                std::fs::metadata(&name).map_or(0, |metadata| metadata.len())
            } else {
                0
            };
            let transfer = Transfer { settings, name: &name, start };
            return transfer.run(cx, url, &mut own);
        }
    };
    let start = match &sink {
        Some(Sink::File(file, path)) if settings.resume => file.metadata().at(path)?.len(),
        _ => 0,
    };
    let mut own = sink.map(|sink| match sink {
        Sink::Standard => Ok(Sink::Standard),
        Sink::File(file, path) => file.try_clone().map(|file| Sink::File(file, path.clone())),
    });
    let mut own = own.take().transpose().at(&name)?;
    let transfer = Transfer { settings, name: &name, start };
    transfer.run(cx, url, &mut own)
}

struct Transfer<'a> {
    settings: &'a Settings,
    name: &'a Path,
    /// Bytes that are there already and need not come again.
    start: u64,
}

impl Transfer<'_> {
    fn run(&self, cx: &mut Cx<'_>, url: Url, sink: &mut Option<Sink>) -> Result {
        let is_ftp = url.scheme == "ftp";
        let proxied = is_ftp && self.settings.proxy && http::proxy_of(&url)?.is_some();
        if is_ftp && !proxied {
            return ftp::fetch(cx, self.settings, &url, self.start, &mut |cx, body| {
                self.save(cx, body, sink)
            });
        }
        http::fetch(cx, self.settings, url, self.start, &mut |cx, body| self.save(cx, body, sink))
    }

    /// Copies the body; the file is made only now, so that a failed request leaves none behind.
    fn save(&self, cx: &mut Cx<'_>, mut body: Body<'_>, sink: &mut Option<Sink>) -> Result {
        let settings = self.settings;
        if settings.spider {
            settings.say("remote file exists");
            return Ok(());
        }
        if sink.is_none() {
            let file = if body.start > 0 {
                OpenOptions::new().append(true).open(self.name)
            } else if settings.resume {
                File::create(self.name)
            } else {
                // A file that is there is not written over.
                OpenOptions::new().write(true).create_new(true).open(self.name)
            };
            let file = file.map_err(|error| cannot_open(self.name, error))?;
            *sink = Some(Sink::File(file, self.name.to_path_buf()));
        }
        let title = match sink {
            Some(Sink::File(_, path)) => path.display().to_string(),
            _ => "stdout".to_string(),
        };
        match sink {
            Some(Sink::File(file, _)) => {
                settings.say(&format!("saving to '{title}'"));
                if body.start == 0 && self.start > 0 {
                    // The server sends all of it after all.
                    file.set_len(0).at(self.name)?;
                }
            }
            _ => settings.say("writing to stdout"),
        }
        let mut progress = Progress::new(settings, &title, &body);
        let mut buffer = vec![0; 64 * 1024];
        let mut copied = 0u64;
        loop {
            let count = match body.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(Error::message("download timed out"));
                }
                Err(error) => return Err(error).doing("read error"),
            };
            match sink {
                Some(Sink::File(file, path)) => file.write_all(&buffer[..count]).at(path)?,
                _ => cx.out.write(&buffer[..count]),
            }
            copied += count as u64;
            progress.show(copied, false);
        }
        progress.show(copied, true);
        if body.length.is_some_and(|length| copied < length) {
            return Err(Error::message("connection closed prematurely"));
        }
        match sink {
            Some(Sink::File(..)) => settings.say(&format!("'{title}' saved")),
            _ => settings.say("written to stdout"),
        }
        Ok(())
    }
}

/// The line that grows on a terminal; elsewhere only its last state is printed.
struct Progress<'a> {
    settings: &'a Settings,
    title: String,
    total: Option<u64>,
    start: u64,
    began: Instant,
    shown: Option<Instant>,
    on_terminal: bool,
}

impl<'a> Progress<'a> {
    fn new(settings: &'a Settings, title: &str, body: &Body<'_>) -> Progress<'a> {
        let name = title.rsplit('/').next().unwrap_or(title);
        Progress {
            settings,
            title: name.chars().take(20).collect(),
            total: body.length.map(|length| length + body.start),
            start: body.start,
            began: Instant::now(),
            shown: None,
            on_terminal: settings.log.is_none() && io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, copied: u64, last: bool) {
        const PAUSE: Duration = Duration::from_millis(500);
        let due = self.on_terminal && self.shown.is_none_or(|shown| shown.elapsed() >= PAUSE);
        if self.settings.quiet || !(due || last) {
            return;
        }
        self.shown = Some(Instant::now());
        let done = copied + self.start;
        let percent = match self.total {
            Some(0) | None if last => 100,
            Some(total) if total > 0 => (done * 100 / total).min(100),
            _ => 0,
        };
        let stars = "*".repeat((percent * 32 / 100) as usize);
        let seconds = self.began.elapsed().as_secs();
        let left = match self.total {
            Some(total) if copied > 0 && total > done => (total - done) * seconds / copied,
            _ => 0,
        };
        let amount = if done >= 10_000_000 {
            format!("{}M", done >> 20)
        } else if done >= 100_000 {
            format!("{}k", done >> 10)
        } else {
            done.to_string()
        };
        let line = format!(
            "{:<20} {percent:>3}% |{stars:<32}| {amount:>5}  {}:{:02}:{:02} ETA",
            self.title,
            left / 3600,
            left / 60 % 60,
            left % 60
        );
        let (before, behind) =
            if self.on_terminal { ("\r", if last { "\n" } else { "" }) } else { ("", "\n") };
        let text = format!("{before}{line}{behind}");
        let _ = match self.settings.log.as_ref() {
            Some(mut log) => log.write_all(text.as_bytes()),
            None => io::stderr().write_all(text.as_bytes()),
        };
    }
}
