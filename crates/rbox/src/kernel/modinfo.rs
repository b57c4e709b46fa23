//! modinfo — print what a kernel module says about itself.
//!
//! Source: modinfo(8) of kmod; BusyBox 1.37 for the options.

use super::common::{module_name, release, underscored};
use super::database::Database;
use super::elf::Module;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "modinfo",
    links: &["/sbin/modinfo"],
    usage: "\
modinfo [-adlpn0] [-F NAME] [-k RELEASE] [-b DIR] MODULE...

Print what modules (names, aliases or files) say about themselves.

  -a, --author           The author
  -d, --description      The description
  -l, --license          The license
  -p, --parameters       The parameters
  -n, --filename         The file
  -F, --field=NAME       What is called NAME
  -0, --null             Ends are NUL bytes
  -k, --set-version=RELEASE
                         Of this kernel
  -b, --basedir=DIR      Below DIR instead of /
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let field = match options.last_of("adlpnF") {
        Some('a') => Some("author"),
        Some('d') => Some("description"),
        Some('l') => Some("license"),
        Some('p') => Some("parm"),
        Some('n') => Some("filename"),
        Some(_) => options.text('F')?,
        None => None,
    };
    let end = if options.has('0') { b"\0" } else { b"\n" };
    let root = Path::new(options.value('b').unwrap_or(OsStr::new("/")));
    let release = match options.text('k')? {
        Some(release) => release.to_string(),
        None => release()?,
    };
    let database = Database::new(root.join("lib/modules").join(release));
    for operand in options.operands() {
        let path = Path::new(operand);
        let is_file = operand.as_bytes().contains(&b'/') || path.extension().is_some() && path.is_file();
        let files = if is_file { vec![path.to_path_buf()] } else { find(&database, operand.as_bytes())? };
        if files.is_empty() {
            cx.report(Error::message(format_args!("module '{}' not found", operand.display())));
        }
        for file in files {
            if let Err(error) = print(&mut cx.out, &file, field, end) {
                cx.report(Error::at(&file, error));
            }
        }
    }
    Ok(())
}

/// The file of a module, or those of the modules with that alias.
fn find(database: &Database, name: &[u8]) -> Result<Vec<PathBuf>> {
    database.load()?;
    if let Some(module) = database.find(&underscored(name)) {
        return Ok(vec![module.path]);
    }
    Ok(database
        .by_alias(name)
        .iter()
        .filter_map(|name| database.find(name))
        .map(|module| module.path)
        .collect())
}

fn print(out: &mut Output, path: &Path, field: Option<&str>, end: &[u8]) -> io::Result<()> {
    let module = Module::read(path)?;
    let file = path.as_os_str().as_bytes();
    let mut entries: Vec<(&[u8], &[u8])> = vec![(b"filename", file)];
    entries.extend(module.information());
    let name = module_name(file);
    if !entries.iter().any(|(known, _)| *known == b"name") {
        entries.push((b"name", &name));
    }
    for (known, value) in entries {
        match field {
            None => {
                let mut title = known.to_vec();
                title.push(b':');
                title.resize(title.len().max(16), b' ');
                out.write(&title);
            }
            Some(field) if field.as_bytes() != known => continue,
            Some(_) => {}
        }
        out.write(value);
        out.write(end);
    }
    Ok(())
}
