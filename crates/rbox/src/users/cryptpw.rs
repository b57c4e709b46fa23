//! cryptpw — prints the hash of a password.
//!
//! Source: BusyBox 1.37 `cryptpw`; mkpasswd(1) of whois for the long options. *Differs:* sha512 is the default, an
//! unknown method is an error, des and md5 are not made any more.

use crypto::password;

use super::common;
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "cryptpw",
        links: &["/usr/bin/cryptpw"],
        usage: "\
cryptpw [-s] [-P FD] [-m TYPE] [-S SALT] [PASSWORD] [SALT]

Print crypt(3) hashed PASSWORD

  -s, --stdin          Read password from stdin without a prompt
  -P, --password-fd=N  Read password from fd N
  -m, --method=TYPE    sha512 (default) or sha256
  -S, --salt=SALT
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "mkpasswd",
        links: &["/usr/bin/mkpasswd"],
        usage: "\
mkpasswd [-s] [-P FD] [-m TYPE] [-S SALT] [PASSWORD] [SALT]

Print crypt(3) hashed PASSWORD

  -s, --stdin          Read password from stdin without a prompt
  -P, --password-fd=N  Read password from fd N
  -m, --method=TYPE    sha512 (default) or sha256
  -S, --salt=SALT
",
        process: Process::Fork,
        run,
    },
];

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 2)?;
    let method = common::method(options.value('m'))?;
    let salt = options.value('S').or_else(|| options.operands().get(1).map(OsString::as_os_str));
    let setting = match salt {
        None => common::new_setting(method)?,
        Some(salt) => format!("{}{}", method.prefix(), salt.display()),
    };
    let given = match options.operands().first() {
        Some(password) => password.as_bytes().to_vec(),
        None => read_password(cx, &options)?,
    };
    let hash = password::hash(&given, setting.as_bytes())
        .ok_or_else(|| Error::message(format_args!("bad salt or password for setting '{setting}'")))?;
    writeln!(cx.out, "{hash}");
    Ok(())
}

fn read_password(cx: &mut Cx<'_>, options: &Options) -> Result<Vec<u8>> {
    if let Some(fd) = options.number('P')? {
        let fd = i32::try_from(fd).map_err(|_| Error::message(format_args!("bad fd {fd}")))?;
        sys::fd::duplicate_to(fd, 0).at(format!("fd {fd}"))?;
    }
    let prompt = if sys::fd::is_terminal(0) && !options.has('s') { "Password: " } else { "" };
    common::ask_secret(cx, prompt, None).ok_or_else(|| Error::message("no password"))
}
