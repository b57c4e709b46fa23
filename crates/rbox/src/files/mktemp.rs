//! mktemp — make a file or directory that nobody else has.
//!
//! Source: BusyBox 1.37 for options; GNU for `--suffix` and templates that do not end in X.

use crate::prelude::*;
use sys::at;

pub(crate) const APPLET: Applet = Applet {
    name: "mktemp",
    links: &["/bin/mktemp"],
    usage: "\
mktemp [-dqtu] [-p DIR] [TEMPLATE]

Make a file and print its name: TEMPLATE with its XXXXXX replaced. Without
TEMPLATE that is tmp.XXXXXX in DIR.

  -d, --directory      Make a directory
  -q, --quiet          Print no errors
  -t                   Put TEMPLATE into DIR
  -p, --tmpdir[=DIR]   DIR, and the same; by default $TMPDIR or /tmp
  -u, --dry-run        Make nothing
  --suffix=SUFFIX      Put SUFFIX behind TEMPLATE
",
    process: Process::Fork,
    run,
};

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn run(cx: &mut Cx<'_>) -> Result {
    let args = attach_directory(cx.args);
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::Mixed)?;
    options.expect_operands(0, 1)?;
    let template = template(&options)?;
    match make(&template, &options) {
        Ok(name) => {
            cx.out.write(&name);
            cx.out.write(b"\n");
            Ok(())
        }
        Err(_) if options.has('q') => Err(Error::exit(1)),
        Err(error) => Err(error),
    }
}

/// `-p` always takes a value, `--tmpdir` only an attached one.
fn attach_directory(args: &[OsString]) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let bytes = arg.as_bytes();
        let ends_in_p = bytes.len() > 1 && bytes[0] == b'-' && bytes[1] != b'-' && bytes.ends_with(b"p");
        let mut arg = arg.clone();
        // In a cluster that has an earlier p, this one is part of its value.
        if ends_in_p
            && bytes.iter().position(|&byte| byte == b'p') == Some(bytes.len() - 1)
            && let Some(value) = args.next()
        {
            arg.push(value);
        }
        let ends = arg == "--";
        joined.push(arg);
        if ends {
            break;
        }
    }
    joined.extend(args.cloned());
    joined
}

/// The template with the directory that it goes to.
fn template(options: &Options) -> Result<Vec<u8>> {
    let given = options.operands().first().map(|operand| operand.as_bytes());
    let mut template = given.unwrap_or(b"tmp.XXXXXX").to_vec();
    if let Some(suffix) = options.value_long("suffix").flatten() {
        template.extend_from_slice(suffix.as_bytes());
    }
    if given.is_some() && !options.has('t') && !options.has('p') {
        return Ok(template);
    }
    let named = options.value('p').map(OsStr::to_owned);
    let from_environment = std::env::var_os("TMPDIR").filter(|directory| !directory.is_empty());
    let directory = match (named, from_environment) {
        // -t means the user's choice of a directory before the command's.
        (Some(_), Some(directory)) if options.has('t') => directory,
        (Some(directory), _) | (None, Some(directory)) => directory,
        (None, None) => OsString::from("/tmp"),
    };
    let name = OsString::from_vec(template);
    Ok(super::common::join(Path::new(&directory), &name).into_os_string().into_vec())
}

fn make(template: &[u8], options: &Options) -> Result<Vec<u8>> {
    let shown = || PathBuf::from(OsString::from_vec(template.to_vec()));
    let invalid = || Error::at(shown(), io::Error::from_raw_os_error(22)); // EINVAL
    let end = template.iter().rposition(|&byte| byte == b'X').map_or(0, |last| last + 1);
    let start = template[..end].iter().rposition(|&byte| byte != b'X').map_or(0, |before| before + 1);
    let suffix_ok = end == template.len() || options.has_long("suffix");
    if end - start < 6 || !suffix_ok || template[end..].contains(&b'/') {
        return Err(invalid());
    }
    let mut name = template.to_vec();
    for _ in 0..1000 {
        let mut random = vec![0; end - start];
        sys::random::fill(&mut random).doing("getrandom")?;
        for (place, byte) in name[start..end].iter_mut().zip(random) {
            *place = LETTERS[usize::from(byte) % LETTERS.len()];
        }
        let path = Path::new(OsStr::from_bytes(&name));
        let made = if options.has('u') {
            match at::stat(at::CWD, path, at::Links::Keep) {
                Ok(_) => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
                Err(_) => Ok(()),
            }
        } else if options.has('d') {
            at::mkdir(at::CWD, path, 0o700)
        } else {
            at::open(at::CWD, path, at::O_RDWR | at::O_CREAT | at::O_EXCL, 0o600).map(drop)
        };
        match made {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::at(shown(), error)),
        }
    }
    Err(Error::at(shown(), io::Error::from(io::ErrorKind::AlreadyExists)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_takes_the_next_argument() {
        for (args, expected) in [
            (&["-p", "d", "t"][..], &["-pd", "t"][..]),
            (&["-dp", "d"], &["-dpd"]),
            (&["-pd", "t"], &["-pd", "t"]),
            (&["-d", "t"], &["-d", "t"]),
            (&["--", "-p", "x"], &["--", "-p", "x"]),
            (&["-p"], &["-p"]),
        ] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert_eq!(attach_directory(&args), expected);
        }
    }
}
