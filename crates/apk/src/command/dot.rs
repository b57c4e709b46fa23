//! dot — dependencies as a graph in the language of graphviz.

use super::groups::QUERY;
use super::options::{Group, Takes, opt};
use super::query::fields::Field;
use super::query::selection::{Selection, Source, sources};
use super::select;
use super::system::System;
use super::{Applet, Cx, Result};
use crate::solver::sort_names;
use crate::universe::{Bearing, NameId, PackageId, Universe};

static OPTIONS: Group = Group {
    title: "Dot",
    options: &[opt("errors", "", Takes::Nothing, "Only what is missing, and dependencies in a circle")],
};

pub static APPLET: Applet = Applet {
    name: "dot",
    summary: "Render dependencies as graphviz graphs",
    usage: &[" [<OPTIONS>...] [PKGMASK...]"],
    description: "Prints the packages that match, and what they depend on, as a graph that graphviz draws. Without a \
                  word all packages.",
    groups: &[&QUERY, &OPTIONS],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let mut selection = Selection::new(cx, &[Field::Name])?;
    selection.all_without_words = true;
    let wanted = sources(cx, Source::Repositories)?;
    let system = System::open(cx, wanted)?;
    let mut universe = system.universe();
    let words = cx.args.clone();
    let selected = selection.select(cx, &system, &mut universe, &words)?;
    if selected.unsolved > 0 {
        return Ok(selected.unsolved);
    }
    // What packages depend on may be anything.
    select::all(&mut universe);
    let packages =
        if words.is_empty() { by_bucket(&universe, &selected.packages) } else { selected.packages };
    let mut graph = Graph {
        universe: &universe,
        installed_only: selection.installed,
        errors_only: cx.options.has("errors"),
        states: vec![State::New; universe.packages_len()],
        missing: vec![false; universe.names_len()],
        out: Vec::new(),
    };
    packages.into_iter().for_each(|id| graph.draw(id));
    if graph.out.is_empty() {
        return Ok(1);
    }
    let body = graph.out;
    cx.messages.out.write(b"digraph \"apkindex\" {\n  rankdir=LR;\n  node [shape=box];\n");
    cx.messages.out.write(&body);
    cx.messages.out.write(b"}\n");
    Ok(0)
}

/// The packages in the order in which the reference keeps names.
fn by_bucket(universe: &Universe<'_>, packages: &[PackageId]) -> Vec<PackageId> {
    let mut names: Vec<NameId> = packages.iter().map(|&id| universe.package(id).name).collect();
    sort_names(universe, &mut names);
    let mut place = vec![0; universe.names_len()];
    for (index, &name) in names.iter().enumerate() {
        place[name as usize] = index;
    }
    let mut packages = packages.to_vec();
    packages.sort_by_key(|&id| (place[universe.package(id).name as usize], universe.package(id).sequence));
    packages
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// Its dependencies are being drawn.
    Begun,
    Done,
}

struct Graph<'g, 't> {
    universe: &'g Universe<'t>,
    installed_only: bool,
    errors_only: bool,
    states: Vec<State>,
    /// Names that nothing has and that were drawn.
    missing: Vec<bool>,
    out: Vec<u8>,
}

/// A package whose dependencies are being drawn.
struct Frame {
    id: PackageId,
    /// Edges: the name that is depended on, and what fulfils it; None where nothing has the name.
    edges: Vec<(NameId, Option<PackageId>)>,
    next: usize,
    /// The edge whose other end is being drawn.
    open: Option<(NameId, PackageId)>,
    /// It depends on what it is drawn for, which makes the edge to it red as well.
    circular: bool,
}

impl Graph<'_, '_> {
    /// Draws what the package depends on, the far ends first.
    fn draw(&mut self, id: PackageId) {
        let mut stack = Vec::new();
        self.begin(&mut stack, id);
        while let Some(frame) = stack.last_mut() {
            let from = frame.id;
            if let Some((name, to)) = frame.open.take() {
                // Only reached where the far end was drawn within this one.
                self.edge(from, name, to, false);
                continue;
            }
            let Some(&(name, to)) = frame.edges.get(frame.next) else {
                let circular = frame.circular;
                self.states[from as usize] = State::Done;
                stack.pop();
                if let Some(parent) = stack.last_mut()
                    && circular
                    && let Some((name, to)) = parent.open.take()
                {
                    let from = parent.id;
                    self.edge(from, name, to, true);
                }
                continue;
            };
            frame.next += 1;
            match to {
                None => self.missing_edge(from, name),
                Some(to) if self.states[to as usize] == State::New => {
                    frame.open = Some((name, to));
                    self.begin(&mut stack, to);
                }
                Some(to) => {
                    let circular = self.states[to as usize] == State::Begun;
                    frame.circular |= circular;
                    self.edge(from, name, to, circular);
                }
            }
        }
    }

    fn begin(&mut self, stack: &mut Vec<Frame>, id: PackageId) {
        if self.states[id as usize] != State::New {
            return;
        }
        self.states[id as usize] = State::Begun;
        let universe = self.universe;
        let mut edges = Vec::new();
        for dep in universe.package(id).depends.iter().filter(|dep| !dep.conflict) {
            let providers = &universe.name_of(dep.name).providers;
            if providers.is_empty() {
                edges.push((dep.name, None));
            }
            for provider in providers {
                let to = provider.package;
                let counts = !self.installed_only || universe.package(to).installed;
                if counts && dep.bearing(universe, Some(id), to) == Bearing::Satisfied {
                    edges.push((dep.name, Some(to)));
                }
            }
        }
        stack.push(Frame { id, edges, next: 0, open: None, circular: false });
    }

    fn missing_edge(&mut self, from: PackageId, name: NameId) {
        let text = self.universe.name_of(name).text;
        if !std::mem::replace(&mut self.missing[name as usize], true) {
            self.out.extend_from_slice(
                &[b"  \"", text, b"\" [style=dashed, color=red, fontcolor=red, shape=octagon];\n"].concat(),
            );
        }
        let from = select::full_name(self.universe, from);
        self.out
            .extend_from_slice(&[b"  \"", from.as_slice(), b"\" -> \"", text, b"\" [color=red];\n"].concat());
    }

    fn edge(&mut self, from: PackageId, name: NameId, to: PackageId, circular: bool) {
        if self.errors_only && !circular {
            return;
        }
        let universe = self.universe;
        let (left, right) = (select::full_name(universe, from), select::full_name(universe, to));
        self.out.extend_from_slice(&[b"  \"", left.as_slice(), b"\" -> \"", &right, b"\"["].concat());
        if circular {
            self.out.extend_from_slice(b"color=red,");
        }
        if universe.package(to).name != name {
            let text = universe.name_of(name).text;
            self.out.extend_from_slice(&[b"arrowhead=inv,label=\"", text, b"\","].concat());
        }
        self.out.extend_from_slice(b"];\n");
    }
}
