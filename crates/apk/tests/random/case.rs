//! case — a made-up system: packages, where they are, world, and a command line.

use std::fmt::Write;

use apk::identity::Digest;

use super::dice::Dice;

/// A package of repositories, or of the database, or both.
#[derive(Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Lines of its block by letter, lists as words.
    pub(crate) lists: [(char, Vec<String>); 3],
    pub(crate) size: u32,
    pub(crate) installed_size: u32,
    pub(crate) priority: u32,
    pub(crate) origin: String,
    /// Makes the identity another one.
    pub(crate) salt: u32,
    /// Bit by bit, the repositories that have it.
    pub(crate) repositories: u32,
    pub(crate) installed: bool,
    /// Lines of the database only.
    pub(crate) tag: String,
    pub(crate) flags: String,
}

impl Package {
    /// Its block; `installed` with what only the database has.
    pub(crate) fn block(&self, installed: bool) -> String {
        let mut rest = String::new();
        if !self.origin.is_empty() {
            let _ = writeln!(rest, "o:{}", self.origin);
        }
        if self.priority > 0 {
            let _ = writeln!(rest, "k:{}", self.priority);
        }
        for (letter, words) in &self.lists {
            if !words.is_empty() {
                let _ = writeln!(rest, "{letter}:{}", words.join(" "));
            }
        }
        let facts = format!(
            "P:{}\nV:{}\nA:x86_64\nS:{}\nI:{}\nT:about {}\nU:https://{}.example\nL:MIT\n{rest}",
            self.name, self.version, self.size, self.installed_size, self.name, self.name
        );
        let mut identity = Vec::new();
        Digest::sha1(format!("{}{facts}", self.salt).as_bytes()).write(&mut identity);
        let mut block = format!("C:{}\n{facts}", String::from_utf8_lossy(&identity));
        if installed {
            if !self.tag.is_empty() {
                let _ = writeln!(block, "s:{}", self.tag);
            }
            if !self.flags.is_empty() {
                let _ = writeln!(block, "f:{}", self.flags);
            }
        }
        block.push('\n');
        block
    }
}

/// The whole.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) packages: Vec<Package>,
    /// The tag of each repository, with its `@`; empty for none.
    pub(crate) tags: Vec<String>,
    /// Repositories that have no index.
    pub(crate) missing: u32,
    pub(crate) world: Vec<String>,
    pub(crate) args: Vec<String>,
}

const VERSIONS: [&str; 9] = ["1", "2", "3", "1.5", "2.0_rc1", "2-r1", "1.10", "2.0", "1.5-r2"];
const OPERATORS: [&str; 9] = ["=", "=", "<", ">", ">=", "<=", "~", ">~", "<~"];
const VIRTUALS: [&str; 5] = ["virt", "so:libz.so.1", "cmd:edit", "/bin/sh", "pc:glib-2.0"];

struct Maker<'d> {
    dice: &'d mut Dice,
    names: Vec<String>,
    virtuals: Vec<&'static str>,
    tags: Vec<String>,
    /// Of 100 constraints, how many have a version.
    versioned: usize,
    conflicts: usize,
}

impl Case {
    pub(crate) fn random(dice: &mut Dice) -> Case {
        let mut names: Vec<String> = Vec::new();
        for _ in 0..3 + dice.below(8) {
            let length = 1 + dice.below(6);
            let name: String = (0..length)
                .map(|_| *dice.pick(&[&'a', &'b', &'e', &'k', &'m', &'o', &'s', &'t', &'x']))
                .collect();
            let name = if dice.percent(15) { format!("{name}-dev") } else { name };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut virtuals = VIRTUALS.to_vec();
        virtuals.truncate(1 + dice.below(4));
        let style = dice.below(5);
        let repositories = if style == 0 || dice.percent(20) { 2 + dice.below(3) } else { 1 };
        let tags: Vec<String> = (0..repositories)
            .map(|number| {
                let tags = ["", "", "@edge", "@test"];
                if number == 0 { String::new() } else { (*dice.of(&tags)).to_string() }
            })
            .collect();
        let mut maker = Maker {
            versioned: *dice.of(&[10, 30, 50]),
            conflicts: *dice.of(&[3, 10, 20]),
            tags: tags.iter().filter(|tag| !tag.is_empty()).cloned().collect(),
            names,
            virtuals,
            dice,
        };
        let packages = maker.packages(style, repositories);
        let world = maker.world(&packages);
        let args = maker.args();
        let missing = if maker.dice.percent(3) { 1 << maker.dice.below(repositories) } else { 0 };
        Case { packages, tags, missing, world, args }
    }
}

impl Maker<'_> {
    fn name(&mut self) -> String {
        self.dice.of(&self.names).clone()
    }

    fn version(&mut self) -> &'static str {
        self.dice.pick(&VERSIONS)
    }

    /// A name, or something that may be provided.
    fn target(&mut self) -> String {
        if self.dice.percent(25) { (*self.dice.of(&self.virtuals)).to_string() } else { self.name() }
    }

    fn constraint(&mut self, conflicts: usize, tagged: usize) -> String {
        let mut text = self.target();
        if self.dice.percent(conflicts) {
            text.insert(0, '!');
        } else if !self.tags.is_empty() && self.dice.percent(tagged) {
            text += &self.dice.of(&self.tags).clone();
        }
        if self.dice.percent(self.versioned) {
            text += self.dice.pick(&OPERATORS);
            text += self.version();
        }
        text
    }

    fn packages(&mut self, style: usize, repositories: usize) -> Vec<Package> {
        let mut packages = Vec::new();
        for name in self.names.clone() {
            let count = 1 + [0, 0, 0, 1, 1, 2][self.dice.below(6)];
            let installed = if style == 1 || self.dice.percent(40) { self.dice.below(count * 2) } else { 99 };
            for number in 0..count {
                let mut package = self.package(&name, style);
                package.repositories = 1 << self.dice.below(repositories);
                if self.dice.percent(20) {
                    package.repositories |= 1 << self.dice.below(repositories);
                }
                package.installed = number == installed;
                if package.installed && self.dice.percent(20) {
                    package.repositories = 0;
                }
                if package.installed && !self.tags.is_empty() && self.dice.percent(40) {
                    package.tag = self.dice.of(&self.tags)[1..].to_string();
                }
                if package.installed && self.dice.percent(8) {
                    package.flags = (*self.dice.pick(&["f", "s", "fs", "x", "S"])).to_string();
                }
                if self.dice.percent(6) {
                    // The same version, built anew.
                    let mut again = Package { salt: 1, installed: false, ..package.clone() };
                    again.repositories = 1 << self.dice.below(repositories);
                    packages.push(again);
                }
                packages.push(package);
            }
        }
        packages
    }

    fn package(&mut self, name: &str, style: usize) -> Package {
        let mut depends = Vec::new();
        for _ in 0..[0, 0, 1, 1, 2, 3][self.dice.below(6)] {
            let conflicts = self.conflicts;
            depends.push(self.constraint(conflicts, 2));
        }
        let mut provides = Vec::new();
        if self.dice.percent(35) {
            for _ in 0..1 + self.dice.below(2) {
                let mut text = if self.dice.percent(25) {
                    self.name()
                } else {
                    (*self.dice.of(&self.virtuals)).to_string()
                };
                if self.dice.percent(50) {
                    text = format!("{text}={}", self.version());
                }
                provides.push(text);
            }
        }
        let mut install_if = Vec::new();
        if self.dice.percent(if style == 2 { 50 } else { 10 }) {
            for _ in 0..1 + self.dice.below(2) {
                install_if.push(self.constraint(10, 0));
            }
        }
        Package {
            name: name.to_string(),
            version: self.version().to_string(),
            lists: [('D', depends), ('p', provides), ('i', install_if)],
            size: if self.dice.percent(5) { 0 } else { 100 * (1 + self.dice.below(30)) as u32 },
            installed_size: if self.dice.percent(4) {
                0
            } else {
                *self.dice.of(&[1000, 4096, 50_000, 3_000_000])
            },
            priority: if self.dice.percent(15) { *self.dice.of(&[1, 5, 10]) } else { 0 },
            origin: if self.dice.percent(20) { self.name() } else { String::new() },
            salt: 0,
            repositories: 0,
            installed: false,
            tag: String::new(),
            flags: String::new(),
        }
    }

    fn world(&mut self, packages: &[Package]) -> Vec<String> {
        let mut world = Vec::new();
        for name in self.names.clone() {
            let installed = packages.iter().any(|package| package.installed && package.name == name);
            if !self.dice.percent(if installed { 60 } else { 15 }) {
                continue;
            }
            let mut text = name;
            if self.dice.percent(5) {
                text.insert(0, '!');
            }
            if self.dice.percent(25) {
                text += self.dice.pick(&OPERATORS);
                text += self.version();
            }
            if !self.tags.is_empty() && self.dice.percent(40) {
                let tag = self.dice.of(&self.tags).clone();
                text = format!("{text}{tag}");
            }
            world.push(tag_before_version(&text));
        }
        if self.dice.percent(12) {
            world.push((*self.dice.of(&self.virtuals)).to_string());
        }
        if self.dice.percent(4) {
            world.push("nowhere".to_string());
        }
        if self.dice.percent(3) {
            world.push(format!("{}><Q1W8CCYxjmk0HjZv1pqhUwcFcr0+s=", self.name()));
        }
        world
    }

    fn args(&mut self) -> Vec<String> {
        let command = *self.dice.pick(&[
            &"add",
            &"add",
            &"add",
            &"add",
            &"add",
            &"add -u",
            &"add -l",
            &"add -t .bundle",
            &"add -t .deps=1.0",
            &"del",
            &"del",
            &"del -r",
            &"upgrade",
            &"upgrade",
            &"upgrade -a",
            &"upgrade -l",
            &"upgrade -a -l",
            &"upgrade --prune",
            &"upgrade --ignore",
            &"upgrade names",
            &"upgrade --preupgrade-only",
            &"fix names",
            &"fix",
            &"fix -d names",
            &"fix -u names",
            &"fix -r -u names",
            &"fix -u -d names",
            &"fix -x",
        ]);
        let mut args: Vec<String> = command.split(' ').map(str::to_string).collect();
        let takes_names = args.last().is_some_and(|word| word == "names");
        args.retain(|word| word != "names");
        match args[0].as_str() {
            "add" => {
                for _ in 0..[1, 1, 1, 2, 2, 3][self.dice.below(6)] {
                    let text = self.constraint(5, 25);
                    args.push(tag_before_version(&text));
                }
            }
            "del" => {
                for _ in 0..1 + self.dice.below(2) {
                    let target = self.target();
                    args.push(target);
                }
            }
            _ if takes_names || args.contains(&"--ignore".to_string()) => {
                for _ in 0..1 + self.dice.below(2) {
                    let name = if self.dice.percent(10) { self.target() } else { self.name() };
                    args.push(name);
                }
            }
            _ => {}
        }
        for (chance, option) in [
            (5, "--force-broken-world"),
            (10, "-v"),
            (3, "-q"),
            (3, "--no-network"),
            (2, "--purge"),
            (2, "--force-missing-repositories"),
        ] {
            if self.dice.percent(chance) {
                args.push(option.to_string());
            }
        }
        args
    }
}

/// `name<1@tag` as it has to be: `name@tag<1`.
fn tag_before_version(text: &str) -> String {
    let (rest, tag) = text.split_once('@').map_or((text, None), |(rest, tag)| (rest, Some(tag)));
    let Some(tag) = tag else { return rest.to_string() };
    let is_operator = |letter: char| matches!(letter, '<' | '>' | '=' | '~');
    let tag_end = tag.find(is_operator).unwrap_or(tag.len());
    let name_end = rest.find(is_operator).unwrap_or(rest.len());
    format!("{}@{}{}{}", &rest[..name_end], &tag[..tag_end], &rest[name_end..], &tag[tag_end..])
}
