//! query — packages by any of their facts, and any of their facts in a form for people or for programs.

pub(crate) mod fields;
pub(crate) mod record;
pub(crate) mod render;
pub(crate) mod reverse;
pub(crate) mod selection;

use self::fields::{Field, Fields, USUAL};
use self::record::{Source, Value};
use self::render::{Format, Renderer};
use self::selection::{Selected, Selection};
use super::groups::QUERY;
use super::system::System;
use super::{Applet, Cx, Result, files};
use crate::universe::Universe;

pub static APPLET: Applet = Applet {
    name: "query",
    summary: "Query information about packages by various criteria",
    usage: &[" [<OPTIONS>...] QUERY...", " [<OPTIONS>...] --recursive CONSTRAINTS..."],
    description: "Prints what is known of the packages that match the words. Words may have wildcards, and are compared \
                  with names, or with the fields that --match names.",
    groups: &[&QUERY],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let selection = Selection::new(cx, &[Field::Name])?;
    let format = Format::of(cx)?.unwrap_or(Format::Default);
    let fields = fields(cx, Fields::of(&USUAL))?;
    let summary = match cx.options.text("summarize").map(fields::parse_summary) {
        Some(None) => return Err(files::bad_argument(cx, "summarize", "summarize")),
        summary => summary.flatten(),
    };
    let wanted = selection::sources(cx, selection::Source::System)?;
    let system = System::open(cx, wanted)?;
    let mut universe = system.universe();
    let words = cx.args.clone();
    let selected = selection.select(cx, &system, &mut universe, &words)?.sorted(&universe);
    if selected.unsolved > 0 || (words.is_empty() && !cx.options.has("world")) {
        if selected.unsolved == 0 && format != Format::Default {
            let mut out = Vec::new();
            Renderer::begin(format, 0, &mut out).end(&mut out);
            cx.messages.out.write(&out);
        }
        return Ok(0);
    }
    match summary {
        Some((field, reverse)) => {
            Ok(summarize(cx, &system, &mut universe, &selected, field, reverse, format))
        }
        None => Ok(print(cx, &system, &mut universe, &selected, &fields, format, false)),
    }
}

/// The fields of `--fields`, else `usual`.
///
/// Errors: a field that there is not, printed.
pub(crate) fn fields(cx: &mut Cx, usual: Fields) -> Result<Fields> {
    match cx.options.text("fields").map(Fields::parse) {
        None => Ok(usual),
        Some(Some(fields)) => Ok(fields),
        Some(None) => Err(files::bad_argument(cx, "fields", "fields")),
    }
}

/// Prints the fields of the packages; 1 where the database would have to know one and does not.
pub(crate) fn print<'t>(
    cx: &mut Cx,
    system: &System,
    universe: &mut Universe<'t>,
    selected: &Selected,
    fields: &Fields,
    format: Format,
    reverse_installed: bool,
) -> i32 {
    let mut source = Source::new(system, universe, &fields.list);
    source.reverse_installed = reverse_installed;
    let mut result = 0;
    let mut out = Vec::new();
    let mut renderer = Renderer::begin(format, selected.packages.len(), &mut out);
    for &id in &selected.packages {
        let (record, known) = source.record(id, fields);
        result |= i32::from(!known);
        renderer.record(&record, &mut out);
        cx.messages.out.write(&out);
        out.clear();
    }
    renderer.end(&mut out);
    cx.messages.out.write(&out);
    result
}

/// Prints the different values of one field, sorted without regard to large and small letters.
fn summarize<'t>(
    cx: &mut Cx,
    system: &System,
    universe: &mut Universe<'t>,
    selected: &Selected,
    field: Field,
    reverse: Field,
    format: Format,
) -> i32 {
    if selected.packages.is_empty() {
        return 1;
    }
    let source = Source::new(system, universe, &[field]);
    let mut texts = Vec::new();
    for &id in &selected.packages {
        let package = source.universe.package(id);
        let names = |list: &[crate::universe::Dep<'t>]| {
            let positive = list.iter().filter(|dep| !dep.conflict);
            positive.map(|dep| source.universe.name_of(dep.name).text.to_vec()).collect::<Vec<_>>()
        };
        match field {
            Field::Depends => texts.extend(names(&package.depends)),
            Field::Provides => texts.extend(names(&package.provides)),
            Field::InstallIf => texts.extend(names(&package.install_if)),
            _ => match source.value(id, field, reverse) {
                Some(Value::Text(text)) => texts.push(text),
                Some(Value::Words(words) | Value::Counted(words)) => texts.extend(words),
                _ => {}
            },
        }
    }
    texts.sort_by(|a, b| crate::universe::compare_names(a, b));
    texts.dedup();
    cx.messages.out.write(&render::texts(format, &texts));
    0
}
