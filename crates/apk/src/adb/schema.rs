//! schema — what the slots of objects are called, and what is in them.
//!
//! Source: apk-v3(5). Names are those of `apk adbdump`.

use super::kind;

/// What a slot holds.
#[derive(Debug)]
pub enum Kind {
    /// Text in one line, if it can be.
    Text,
    /// A script: text that is always shown as a block.
    Script,
    /// A name that must follow the rules of package names.
    Name,
    Version,
    /// Bytes, shown in hexadecimal digits.
    Hex,
    Int,
    /// An integer that is shown as a mode.
    Octal,
    /// A dependency, shown in its text form.
    Dependency,
    /// Name, zero byte, value.
    Xattr,
    Object(&'static Schema),
    /// Each slot holds this.
    List(&'static Kind),
    /// A tree of its own, with the header of its block in front.
    Nested(&'static Schema),
}

/// The slots of an object, from 1 on.
#[derive(Debug)]
pub struct Schema {
    pub fields: &'static [(&'static str, Kind)],
}

impl Schema {
    /// Slot and kind of a name.
    pub fn find(&self, name: &[u8]) -> Option<(usize, &'static Kind)> {
        let index = self.fields.iter().position(|(field, _)| field.as_bytes() == name)?;
        Some((index + 1, &self.fields[index].1))
    }
}

/// Slots of a dependency.
pub mod dependency {
    pub const NAME: usize = 1;
    pub const VERSION: usize = 2;
    pub const MATCH: usize = 3;
}

/// Slots of a package's facts.
pub mod info {
    pub const NAME: usize = 1;
    pub const VERSION: usize = 2;
    pub const HASHES: usize = 3;
    pub const DESCRIPTION: usize = 4;
    pub const ARCH: usize = 5;
    pub const LICENSE: usize = 6;
    pub const ORIGIN: usize = 7;
    pub const MAINTAINER: usize = 8;
    pub const URL: usize = 9;
    pub const COMMIT: usize = 10;
    pub const BUILD_TIME: usize = 11;
    pub const INSTALLED_SIZE: usize = 12;
    pub const FILE_SIZE: usize = 13;
    pub const PROVIDER_PRIORITY: usize = 14;
    pub const DEPENDS: usize = 15;
    pub const PROVIDES: usize = 16;
    pub const REPLACES: usize = 17;
    pub const INSTALL_IF: usize = 18;
    pub const RECOMMENDS: usize = 19;
    pub const LAYER: usize = 20;
    pub const TAGS: usize = 21;
    pub const COUNT: usize = 21;
}

/// Slots of owner and mode.
pub mod acl {
    pub const MODE: usize = 1;
    pub const USER: usize = 2;
    pub const GROUP: usize = 3;
    pub const XATTRS: usize = 4;
}

/// Slots of a file.
pub mod file {
    pub const NAME: usize = 1;
    pub const ACL: usize = 2;
    pub const SIZE: usize = 3;
    pub const MTIME: usize = 4;
    pub const HASH: usize = 5;
    pub const TARGET: usize = 6;
}

/// Slots of a folder.
pub mod dir {
    pub const NAME: usize = 1;
    pub const ACL: usize = 2;
    pub const FILES: usize = 3;
}

/// Slots of a package.
pub mod package {
    pub const INFO: usize = 1;
    pub const PATHS: usize = 2;
    pub const SCRIPTS: usize = 3;
    pub const TRIGGERS: usize = 4;
    pub const REPLACES_PRIORITY: usize = 5;
}

/// Slots of an index.
pub mod index {
    pub const DESCRIPTION: usize = 1;
    pub const PACKAGES: usize = 2;
    pub const PKGNAME_SPEC: usize = 3;
}

const DEPENDENCIES: Kind = Kind::List(&Kind::Dependency);
const TEXTS: Kind = Kind::List(&Kind::Text);

pub static INFO: Schema = Schema {
    fields: &[
        ("name", Kind::Name),
        ("version", Kind::Version),
        ("hashes", Kind::Hex),
        ("description", Kind::Text),
        ("arch", Kind::Text),
        ("license", Kind::Text),
        ("origin", Kind::Text),
        ("maintainer", Kind::Text),
        ("url", Kind::Text),
        ("repo-commit", Kind::Hex),
        ("build-time", Kind::Int),
        ("installed-size", Kind::Int),
        ("file-size", Kind::Int),
        ("provider-priority", Kind::Int),
        ("depends", DEPENDENCIES),
        ("provides", DEPENDENCIES),
        ("replaces", DEPENDENCIES),
        ("install-if", DEPENDENCIES),
        ("recommends", DEPENDENCIES),
        ("layer", Kind::Int),
        ("tags", TEXTS),
    ],
};

static ACL: Schema = Schema {
    fields: &[
        ("mode", Kind::Octal),
        ("user", Kind::Text),
        ("group", Kind::Text),
        ("xattrs", Kind::List(&Kind::Xattr)),
    ],
};

static FILE: Schema = Schema {
    fields: &[
        ("name", Kind::Text),
        ("acl", Kind::Object(&ACL)),
        ("size", Kind::Int),
        ("mtime", Kind::Int),
        ("hash", Kind::Hex),
        ("target", Kind::Hex),
    ],
};

static DIR: Schema = Schema {
    fields: &[("name", Kind::Text), ("acl", Kind::Object(&ACL)), ("files", Kind::List(&Kind::Object(&FILE)))],
};

static SCRIPTS: Schema = Schema {
    fields: &[
        ("trigger", Kind::Script),
        ("pre-install", Kind::Script),
        ("post-install", Kind::Script),
        ("pre-deinstall", Kind::Script),
        ("post-deinstall", Kind::Script),
        ("pre-upgrade", Kind::Script),
        ("post-upgrade", Kind::Script),
    ],
};

pub static PACKAGE: Schema = Schema {
    fields: &[
        ("info", Kind::Object(&INFO)),
        ("paths", Kind::List(&Kind::Object(&DIR))),
        ("scripts", Kind::Object(&SCRIPTS)),
        ("triggers", TEXTS),
        ("replaces-priority", Kind::Int),
    ],
};

pub static INDEX: Schema = Schema {
    fields: &[
        ("description", Kind::Text),
        ("packages", Kind::List(&Kind::Object(&INFO))),
        ("pkgname-spec", Kind::Text),
    ],
};

pub static INSTALLED: Schema = Schema { fields: &[("packages", Kind::List(&Kind::Nested(&PACKAGE)))] };

/// The schema of a file's tree; None where it is not known.
pub fn of(id: u32) -> Option<&'static Schema> {
    match id {
        kind::PACKAGE => Some(&PACKAGE),
        kind::INDEX => Some(&INDEX),
        kind::INSTALLED => Some(&INSTALLED),
        _ => None,
    }
}
