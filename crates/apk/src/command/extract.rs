//! extract — the files of packages, unpacked into a folder.

use std::fs::File;
use std::path::Path;

use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Failure, Result, files, os};
use crate::error::Place;
use crate::extract::{self, Options};
use crate::reader::PackageReader;
use crate::transaction::names::Names;

pub static APPLET: Applet = Applet {
    name: "extract",
    summary: "Extract package file contents",
    usage: &[" [<OPTIONS>...] FILES..."],
    description: "apk extract unpacks the files of packages into the current or another folder. Dependencies and scripts do \
                  not matter. Nothing is written outside of the folder, whatever a package holds.",
    groups: &[&OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Extract",
    options: &[
        opt("destination", "", Takes::Text("PATH"), "Unpack into the folder PATH"),
        opt("no-chown", "", Takes::Nothing, "Leave all files to the user who runs this"),
    ],
};

fn run(cx: &mut Cx) -> Result {
    let keys = files::keys(cx);
    let destination = cx.options.text("destination").unwrap_or(b".").to_vec();
    let folder = File::open(os(&destination)).map_err(|error| {
        let name = String::from_utf8_lossy(&destination);
        Failure::Error(format!("Error opening destination '{name}': {}", sys::error::text(&error)))
    })?;
    // Only root can give files away.
    let may_chown = !cx.options.has("no-chown") && sys::user::effective_id() == 0;
    let names = may_chown.then(|| {
        let root = cx.globals.root.as_deref().unwrap_or(Path::new("/"));
        File::open(root).map(|root| Names::read(&root)).unwrap_or_default()
    });
    for name in cx.args.clone() {
        cx.messages.message_at(0, [&b"Extracting "[..], &name, b"..."].concat());
        let options = Options { owners: names.as_ref(), overwrite: cx.globals.force.overwrite };
        let trust = files::trust(cx, &keys);
        let mut reader =
            files::open(&name).and_then(|file| PackageReader::open(Box::new(file), trust)).place(&name)?;
        extract::unpack(&mut reader, &folder, &options).place(&name)?;
    }
    Ok(0)
}
