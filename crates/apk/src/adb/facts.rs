//! facts — a package's facts as objects of a tree, read and written.
//!
//! What is written first lies first: each kind of source has its order, and the reference's bytes come out only in that.

use super::heap::Heap;
use super::schema::{dependency, info};
use super::value::{Object, Value};
use crate::dependency::{Dependency, Op};
use crate::identity::{Digest, from_hexadecimal, hexadecimal};
use crate::package::Package;

/// A package's facts from an object of them. The identity is what `hashes` holds.
pub fn read_info(object: &Object) -> Package {
    let text = |slot| object.blob(slot).to_vec();
    let number = |slot| object.int(slot).unwrap_or(0);
    let mut package = Package {
        name: text(info::NAME),
        version: text(info::VERSION),
        identity: Digest::from_bytes(object.blob(info::HASHES)),
        description: text(info::DESCRIPTION),
        arch: text(info::ARCH),
        license: text(info::LICENSE),
        origin: text(info::ORIGIN),
        maintainer: text(info::MAINTAINER),
        url: text(info::URL),
        commit: hexadecimal(object.blob(info::COMMIT)).into_bytes(),
        build_time: number(info::BUILD_TIME),
        installed_size: number(info::INSTALLED_SIZE),
        file_size: number(info::FILE_SIZE),
        provider_priority: number(info::PROVIDER_PRIORITY) as u32,
        layer: number(info::LAYER) as u8,
        tags: object.object(info::TAGS).blobs().map(<[u8]>::to_vec).collect(),
        ..Package::default()
    };
    let list = |slot, broken: &mut bool| {
        let objects = object.object(slot).objects();
        objects
            .filter_map(|object| {
                let dependency = read_dependency(&object);
                *broken |= dependency.is_none();
                dependency
            })
            .collect::<Vec<_>>()
    };
    let broken = &mut package.broken;
    package.depends = list(info::DEPENDS, &mut broken.depends);
    package.provides = list(info::PROVIDES, &mut broken.provides);
    package.install_if = list(info::INSTALL_IF, &mut broken.install_if);
    let mut ignored = false;
    package.replaces = list(info::REPLACES, &mut ignored);
    package.recommends = list(info::RECOMMENDS, &mut ignored);
    package
}

/// A dependency from its object; None where it has no name, or an operator without meaning.
pub fn read_dependency(object: &Object) -> Option<Dependency> {
    let name = object.blob(dependency::NAME);
    let version = object.blob(dependency::VERSION);
    let default = if version.is_empty() { 0 } else { 1 };
    let bits = u8::try_from(object.int(dependency::MATCH).unwrap_or(default)).ok()?;
    if name.is_empty() {
        return None;
    }
    Some(Dependency {
        name: name.into(),
        op: if version.is_empty() { Op::ANY } else { Op(bits & 15) },
        version: version.into(),
        conflict: bits & Op::CONFLICT_BIT != 0,
        tag: None,
    })
}

/// Writes a dependency's object.
pub fn write_dependency(heap: &mut Heap, dependency: &Dependency) -> Value {
    let name = heap.blob(&dependency.name);
    let version = heap.blob(&dependency.version);
    let bits = u64::from(dependency.op.0) | if dependency.conflict { u64::from(Op::CONFLICT_BIT) } else { 0 };
    // Left out is what a reader takes for granted: any version where none is named, else equality.
    let is_granted = bits == u64::from(if dependency.version.is_empty() { Op::ANY.0 } else { Op::EQUAL.0 });
    let matching = if is_granted { Value::NULL } else { heap.int(bits) };
    heap.object(&[name, version, matching])
}

/// The value of a list of dependencies, sorted and without doubles; null for an empty one.
pub fn write_dependencies(heap: &mut Heap, list: &[Dependency]) -> Value {
    let values = dependency_values(heap, list);
    heap.object(&values)
}

fn dependency_values(heap: &mut Heap, list: &[Dependency]) -> Vec<Value> {
    // Written as they come, listed in their order.
    let mut values: Vec<(&Dependency, Value)> =
        list.iter().map(|dependency| (dependency, write_dependency(heap, dependency))).collect();
    values.sort_by(|left, right| left.0.compare(right.0));
    values.dedup_by(|later, first| later.0 == first.0);
    values.into_iter().map(|(_, value)| value).collect()
}

/// Writes a package's facts in the order of the slots; `hashes` from the identity, if there is one.
pub fn write_info(heap: &mut Heap, package: &Package) -> Value {
    let mut slots = [Value::NULL; info::COUNT];
    write_info_slots(heap, package, &mut slots);
    heap.object(&slots)
}

/// The values of a package's facts, slot 1 first.
pub fn write_info_slots(heap: &mut Heap, package: &Package, slots: &mut [Value; info::COUNT]) {
    for (index, value) in slots.iter_mut().enumerate() {
        *value = write_slot(heap, package, index + 1);
    }
}

/// The value of one of a package's facts; null where it has none.
pub fn write_slot(heap: &mut Heap, package: &Package, slot: usize) -> Value {
    let positive = |heap: &mut Heap, value: u64| if value == 0 { Value::NULL } else { heap.int(value) };
    match slot {
        info::NAME => heap.blob(&package.name),
        info::VERSION => heap.blob(&package.version),
        info::HASHES => package.identity.map_or(Value::NULL, |identity| heap.blob(identity.bytes())),
        info::DESCRIPTION => heap.blob(&package.description),
        info::ARCH => heap.blob(&package.arch),
        info::LICENSE => heap.blob(&package.license),
        info::ORIGIN => heap.blob(&package.origin),
        info::MAINTAINER => heap.blob(&package.maintainer),
        info::URL => heap.blob(&package.url),
        info::COMMIT => heap.blob(&from_hexadecimal(&package.commit).unwrap_or_default()),
        info::BUILD_TIME => positive(heap, package.build_time),
        info::INSTALLED_SIZE => heap.int(package.installed_size),
        info::FILE_SIZE => positive(heap, package.file_size),
        info::PROVIDER_PRIORITY => positive(heap, u64::from(package.provider_priority)),
        info::DEPENDS => write_dependencies(heap, &package.depends),
        info::PROVIDES => write_dependencies(heap, &package.provides),
        info::REPLACES => write_dependencies(heap, &package.replaces),
        info::INSTALL_IF => write_dependencies(heap, &package.install_if),
        info::RECOMMENDS => write_dependencies(heap, &package.recommends),
        info::LAYER => positive(heap, u64::from(package.layer)),
        info::TAGS => {
            let tags: Vec<Value> = package.tags.iter().map(|tag| heap.blob(tag)).collect();
            heap.object(&tags)
        }
        _ => Value::NULL,
    }
}

/// The slots in the order of the lines of a version 2 index.
const LINE_ORDER: [usize; 19] = [
    info::HASHES,
    info::NAME,
    info::VERSION,
    info::ARCH,
    info::FILE_SIZE,
    info::INSTALLED_SIZE,
    info::DESCRIPTION,
    info::URL,
    info::LICENSE,
    info::ORIGIN,
    info::MAINTAINER,
    info::BUILD_TIME,
    info::COMMIT,
    info::PROVIDER_PRIORITY,
    info::DEPENDS,
    info::PROVIDES,
    info::INSTALL_IF,
    // The installed database has these, too.
    info::TAGS,
    info::REPLACES,
];

/// Writes the facts of a package from a version 2 index, in the order of its lines.
pub fn write_info_of_lines(heap: &mut Heap, package: &Package) -> Value {
    let slots = slots_of_lines(heap, package);
    heap.object(&slots)
}

/// The values alone, slot 1 first, whose object is yet to be written.
pub fn slots_of_lines(heap: &mut Heap, package: &Package) -> [Value; info::COUNT] {
    let mut slots = [Value::NULL; info::COUNT];
    for slot in LINE_ORDER {
        slots[slot - 1] = write_slot(heap, package, slot);
    }
    slots
}

/// Writes the facts of a version 2 package in the order of the lines of its .PKGINFO: dependencies where they stand, their
/// lists behind all lines, and the identity last.
pub fn write_info_of_text(heap: &mut Heap, package: &Package, text: &[u8]) -> Value {
    let mut slots = [Value::NULL; info::COUNT];
    for line in text.split(|&byte| byte == b'\n') {
        let Some(at) = line.windows(3).position(|three| three == b" = ") else { continue };
        let (slot, lists) = match &line[..at] {
            b"pkgname" => (info::NAME, false),
            b"pkgver" => (info::VERSION, false),
            b"pkgdesc" => (info::DESCRIPTION, false),
            b"url" => (info::URL, false),
            b"arch" => (info::ARCH, false),
            b"license" => (info::LICENSE, false),
            b"origin" => (info::ORIGIN, false),
            b"maintainer" => (info::MAINTAINER, false),
            b"commit" => (info::COMMIT, false),
            b"size" => (info::INSTALLED_SIZE, false),
            b"builddate" => (info::BUILD_TIME, false),
            b"provider_priority" => (info::PROVIDER_PRIORITY, false),
            b"install_if" => {
                // The only list that is complete with its line.
                let values = dependency_values(heap, &package.install_if);
                slots[info::INSTALL_IF - 1] = heap.object(&values);
                continue;
            }
            b"depend" | b"provides" | b"replaces" => (0, true),
            _ => continue,
        };
        if lists {
            for dependency in crate::dependency::borrow_list(&line[at + 3..]).map_while(|item| item.ok()) {
                write_dependency(heap, &dependency.to_owned());
            }
        } else {
            slots[slot - 1] = write_slot(heap, package, slot);
        }
    }
    for (slot, list) in [
        (info::DEPENDS, &package.depends),
        (info::PROVIDES, &package.provides),
        (info::REPLACES, &package.replaces),
    ] {
        let values = dependency_values(heap, list);
        slots[slot - 1] = heap.array(&values);
    }
    slots[info::FILE_SIZE - 1] = write_slot(heap, package, info::FILE_SIZE);
    slots[info::HASHES - 1] = write_slot(heap, package, info::HASHES);
    heap.object(&slots)
}
