//! lockfile — exact versions and identities of packages, a line each: `NAME VERSION IDENTITY`, by name.

use crate::dependency::{Dependency, Op};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::version;

/// Where it lies, below the root, unless another file is named.
pub const PATH: &str = "etc/apk/lock";
const TITLE: &str = "# apk lock 1\n";

/// One package that is allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Locked {
    pub name: Vec<u8>,
    pub version: Vec<u8>,
    /// 20 bytes, as the database has it.
    pub identity: Identity,
}

/// The text of a lock file.
pub fn write(packages: &[Locked]) -> Vec<u8> {
    let mut packages: Vec<&Locked> = packages.iter().collect();
    packages.sort_by(|left, right| left.name.cmp(&right.name));
    let mut out = TITLE.as_bytes().to_vec();
    for package in packages {
        out.extend_from_slice(&package.name);
        out.push(b' ');
        out.extend_from_slice(&package.version);
        out.push(b' ');
        package.identity.recorded().write(&mut out);
        out.push(b'\n');
    }
    out
}

/// Reads a lock file; empty lines and comments are none.
///
/// Errors: a line is no package: which one.
pub fn parse(text: &[u8]) -> Result<Vec<Locked>> {
    let mut packages = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let wrong = || Error::new(Kind::Message(format!("line {} is no locked package", index + 1)));
        let mut words = line.split(|&byte| byte == b' ');
        let (Some(name), Some(version), Some(identity), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(wrong());
        };
        let identity = Identity::parse(identity).ok_or_else(wrong)?.recorded();
        let is_name = Dependency::parse(name).is_some_and(|dependency| *dependency.name == *name);
        if !is_name || !version::is_valid(version) {
            return Err(wrong());
        }
        packages.push(Locked { name: name.to_vec(), version: version.to_vec(), identity });
    }
    Ok(packages)
}

impl Locked {
    /// The constraints that let no other version in, and ask for nothing.
    pub fn constraints(&self) -> [Dependency; 2] {
        [Op::LESS, Op::GREATER].map(|op| Dependency {
            name: self.name.clone().into(),
            op,
            version: self.version.clone().into(),
            conflict: true,
            tag: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let locked = |name: &str| Locked {
            name: name.as_bytes().to_vec(),
            version: b"1.0-r0".to_vec(),
            identity: Identity::sha1(name.as_bytes()),
        };
        let text = write(&[locked("b"), locked("a")]);
        assert_eq!(parse(&text).unwrap(), [locked("a"), locked("b")]);
        for wrong in
            ["a 1.0", "a x Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "a=1 1 Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "a 1 Q"]
        {
            let error = parse(format!("# x\n{wrong}\n").as_bytes()).unwrap_err();
            assert_eq!(error.reason(), "line 2 is no locked package", "{wrong}");
        }
        assert_eq!(locked("a").constraints().map(|one| one.to_string()), ["!a<1.0-r0", "!a>1.0-r0"]);
    }
}
