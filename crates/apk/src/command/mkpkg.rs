//! mkpkg — a package of version 3, from facts on the command line and a folder of files.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::groups::GENERATION;
use super::options::{Group, Takes, opt};
use super::owner_names::RootNames;
use super::{ARCH, Applet, Cx, Failure, Result, files, os};
use crate::adb::container::BlockKind;
use crate::adb::generate::scalar;
use crate::adb::heap::Heap;
use crate::adb::make::{self, Made, Parts};
use crate::adb::schema::{INFO, Kind as Field, info};
use crate::adb::value::Value;
use crate::adb::{facts, kind};
use crate::dependency;
use crate::entry::{SCRIPT_MAX, Script};
use crate::error::{Error, Kind, Place};
use crate::package_name::{DEFAULT, Spec};
use crate::version;

pub static APPLET: Applet = Applet {
    name: "mkpkg",
    summary: "Create package (v3)",
    usage: &[" [<OPTIONS>...]"],
    description: "apk mkpkg makes a package of version 3 from facts, scripts and the files in a folder.",
    groups: &[&GENERATION, &OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Mkpkg",
    options: &[
        opt(
            "compat",
            "",
            Takes::Text("APK_VERSION"),
            "Make the package for the apk of this version and later",
        ),
        opt("files", "F", Takes::Text("PATH"), "The folder whose files are put in"),
        opt("info", "I", Takes::Text("KEY:VALUE"), "A fact of the package"),
        opt("output", "o", Takes::Text("FILE"), "Write the package to FILE"),
        opt("rootnode", "", Takes::Bool, "Of old: whether the root folder is listed"),
        opt("script", "s", Takes::Text("TYPE:SCRIPT"), "Put in the file SCRIPT as the script TYPE"),
        opt("stdout", "", Takes::Nothing, "Write the package to standard output"),
        opt("trigger", "t", Takes::Text("TRIGGER"), "A folder whose changes run the trigger script"),
        opt("xattrs", "", Takes::Bool, "Whether extended attributes are put in"),
    ],
};

/// The first version that can do without the root folder, and without folders like any other.
const WITHOUT_ROOT: &[u8] = b"3.0.0_pre3";
const WITHOUT_PLAIN: &[u8] = b"3.0.0_rc9";
/// Who is not told otherwise gets what the first versions can read.
const COMPAT_DEFAULT: &[u8] = b"3.0.0_pre1";

fn run(cx: &mut Cx) -> Result {
    let generation = files::Generation::new(cx)?;
    let facts = given_facts(cx)?;
    let scripts = scripts(cx)?;
    let compat = cx.options.text("compat").unwrap_or(COMPAT_DEFAULT).to_vec();
    if !version::is_valid(&compat) {
        return Err(files::bad_argument(cx, "compat", "compat"));
    }
    let is_older = |than: &[u8]| version::compare(&compat, than).is_lt();
    for field in ["name", "version"] {
        if facts.text(field).is_none() {
            cx.messages.error(format!("required info field '{field}' not provided"));
            return Err(Failure::Error("failed to create package: Invalid argument".to_string()));
        }
    }
    let mut heap = Heap::new();
    let (info, replaces_priority) = facts.write(cx, &mut heap)?;
    let folder = cx.options.text("files").map(|name| Path::new(os(name)).to_path_buf());
    let parts = Parts {
        heap,
        info,
        scripts,
        triggers: cx.options.texts("trigger").map(<[u8]>::to_vec).collect(),
        replaces_priority,
        files: folder.clone(),
        takes_xattrs: cx.options.switch("xattrs") != Some(super::options::Switch::No),
        newest: files::source_date(),
        lists_root: is_older(WITHOUT_ROOT),
        lists_plain_folders: is_older(WITHOUT_PLAIN),
    };
    if let Some(folder) = &folder {
        fs::read_dir(folder).map_err(|error| {
            let text = sys::error::text(&error);
            cx.messages.error(format!("file directory '{}': {text}", folder.display()));
            failed(&Error::from(error))
        })?;
    }
    let made = make::make(parts, &RootNames::read(Path::new("/"))).map_err(|error| {
        cx.messages.error(error.to_string());
        failed(&error)
    })?;
    write(cx, &generation, &facts, &made).map_err(|error| failed(&error))?;
    Ok(0)
}

fn failed(error: &Error) -> Failure {
    Failure::Error(format!("failed to create package: {}", error.reason()))
}

/// The facts of the command line, the last of a key counts.
struct Facts(Vec<(Vec<u8>, Vec<u8>)>);

/// Facts that are counted, not told.
const COUNTED: [&[u8]; 2] = [b"installed-size", b"file-size"];
const REPLACES_PRIORITY: &[u8] = b"replaces-priority";

fn given_facts(cx: &mut Cx) -> Result<Facts> {
    let mut facts = Vec::new();
    for text in cx.options.texts("info").map(<[u8]>::to_vec).collect::<Vec<_>>() {
        let shown = String::from_utf8_lossy(&text).into_owned();
        let Some(colon) = text.iter().position(|&byte| byte == b':') else {
            cx.messages.error(format!("missing key or value: {shown}"));
            return Err(files::bad_argument_text(cx, "I", &text));
        };
        let (key, value) = (&text[..colon], &text[colon + 1..]);
        let is_known = INFO.find(key).is_some() && !COUNTED.contains(&key) || key == REPLACES_PRIORITY;
        if !is_known {
            cx.messages.error(format!("invalid info field: {}", String::from_utf8_lossy(key)));
            return Err(files::bad_argument_text(cx, "I", &text));
        }
        facts.push((key.to_vec(), value.to_vec()));
    }
    Ok(Facts(facts))
}

impl Facts {
    fn text(&self, key: &str) -> Option<&[u8]> {
        self.0.iter().rev().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// The values of the facts in the order of their slots, and the priority that is none of them.
    fn write(&self, cx: &mut Cx, heap: &mut Heap) -> Result<([Value; info::COUNT], u64)> {
        let mut slots = [Value::NULL; info::COUNT];
        for (index, (name, field)) in INFO.fields.iter().enumerate() {
            let default = (*name == "arch").then_some(ARCH.as_bytes());
            let Some(text) = self.text(name).or(default) else { continue };
            slots[index] = value(heap, name, field, text).map_err(|error| wrong_value(cx, name, &error))?;
        }
        let priority = match self.text("replaces-priority") {
            Some(text) => {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                let error = Error::from(Kind::Message("Invalid argument".to_string()));
                number.ok_or_else(|| wrong_value(cx, "replaces-priority", &error))?
            }
            None => 0,
        };
        Ok((slots, priority))
    }
}

/// EINVAL, which the reference gives as its exit code for numbers that are none.
const EXIT_INVALID: i32 = 22;

fn wrong_value(cx: &mut Cx, name: &str, error: &Error) -> Failure {
    let reason = error.reason();
    cx.messages.error(format!("info field '{name}' has invalid value: {reason}"));
    let Failure::Error(text) = failed(error) else { return Failure::Exit(EXIT_INVALID) };
    cx.messages.error(text);
    Failure::Exit(if reason == "Invalid argument" { EXIT_INVALID } else { -1 })
}

fn value(heap: &mut Heap, name: &str, field: &Field, text: &[u8]) -> crate::error::Result<Value> {
    match field {
        Field::List(Field::Dependency) => {
            let list = dependency::parse_list(text).map_err(|_| Kind::DependencyFormat)?;
            Ok(facts::write_dependencies(heap, &list))
        }
        Field::List(_) => {
            let mut values = Vec::new();
            for word in dependency::words(text) {
                if name == "tags" && !is_tag(word) {
                    return Err(Kind::AdbPackageFormat.into());
                }
                values.push(heap.blob(word));
            }
            Ok(heap.object(&values))
        }
        // Empty names and versions are wrong, not left out.
        Field::Name if text.is_empty() => Err(Kind::PackageName.into()),
        Field::Version if text.is_empty() => Err(Kind::PackageVersion.into()),
        _ => scalar(heap, field, text),
    }
}

fn is_tag(word: &[u8]) -> bool {
    word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._+,:/[]=-".contains(byte))
}

fn scripts(cx: &mut Cx) -> Result<Vec<(Script, Vec<u8>)>> {
    let mut scripts = Vec::new();
    for text in cx.options.texts("script").map(<[u8]>::to_vec).collect::<Vec<_>>() {
        let colon = text.iter().position(|&byte| byte == b':').unwrap_or(text.len());
        let (name, path) = (&text[..colon], text.get(colon + 1..).unwrap_or_default());
        let Some(script) = Script::parse(name) else {
            cx.messages.error(format!("invalid script type: {}", String::from_utf8_lossy(name)));
            return Err(files::bad_argument_text(cx, "s", &text));
        };
        let read = files::read_limited(path, SCRIPT_MAX);
        let body = read.map_err(|error| Failure::Error(format!("failed to load script: {error}")))?;
        scripts.push((script, body));
    }
    Ok(scripts)
}

fn write(cx: &mut Cx, generation: &files::Generation, facts: &Facts, made: &Made) -> crate::error::Result {
    let fill = |out: &mut dyn Write| -> crate::error::Result {
        let mut writer = generation.start(out, kind::PACKAGE, &made.tree)?;
        for (folder, file, path, size) in &made.data {
            let start = [folder.to_le_bytes(), file.to_le_bytes()].concat();
            let mut content = File::open(path).place(path.as_os_str().as_encoded_bytes())?;
            writer.stream(BlockKind::Data, &start, &mut content, *size)?;
        }
        writer.finish()
    };
    if cx.options.has("stdout") {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        cx.messages.out.write(&bytes);
        return Ok(());
    }
    let output = match cx.options.text("output") {
        Some(name) => name.to_vec(),
        None => {
            let package = crate::package::Package {
                name: facts.text("name").unwrap_or_default().to_vec(),
                version: facts.text("version").unwrap_or_default().to_vec(),
                ..Default::default()
            };
            Spec::parse(DEFAULT).map(|spec| spec.name_of(&package)).unwrap_or_default()
        }
    };
    files::replace(os(&output).as_ref(), &mut |out| fill(out))
}
