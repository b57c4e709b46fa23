//! line — one line of repository configuration.

use std::fmt;

use super::{Kind, Repositories};

/// What is wrong with a line. The rest of its file is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    Keyword(Vec<u8>),
    UndefinedVariable(Vec<u8>),
    VariableDefinition(Vec<u8>),
    Option(Vec<u8>),
    Url(Vec<u8>),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, word) = match self {
            // Spelled as the reference spells it.
            Problem::Keyword(word) => ("unrecogized keyword", word),
            Problem::UndefinedVariable(word) => ("undefined variable", word),
            Problem::VariableDefinition(word) => ("invalid variable definition", word),
            Problem::Option(word) => ("invalid option", word),
            Problem::Url(word) => ("invalid url", word),
        };
        write!(f, "{what}: {}", String::from_utf8_lossy(word))
    }
}

impl Problem {
    /// The kind of the problem, for a file that had to be read.
    pub fn kind(&self) -> &'static str {
        match self {
            Problem::Keyword(_) => "unsupported repositories file keyword",
            Problem::Url(_) => "invalid URL (check your repositories file)",
            Problem::UndefinedVariable(_) | Problem::VariableDefinition(_) | Problem::Option(_) => {
                "Invalid argument"
            }
        }
    }
}

/// The variables that lines can use, and where their repositories go.
pub struct Config<'a> {
    pub repositories: &'a mut Repositories,
    pub arch: &'a [u8],
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Config<'a> {
    /// No variables but `APK_ARCH`.
    pub fn new(repositories: &'a mut Repositories, arch: &'a [u8]) -> Config<'a> {
        Config { repositories, arch, variables: vec![(b"APK_ARCH".to_vec(), arch.to_vec())] }
    }

    /// Adds the repositories of `text`.
    ///
    /// Errors: the number of the first bad line, from 1, and what is wrong with it; lines before it count.
    pub fn read(&mut self, text: &[u8]) -> Result<(), (usize, Problem)> {
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            self.line(line, false).map_err(|problem| (index + 1, problem))?;
        }
        Ok(())
    }

    /// Adds the repository of an option `--repository`: no keywords, relative paths are allowed.
    pub fn url(&mut self, line: &[u8]) -> Result<(), Problem> {
        self.line(line, true)
    }

    fn line(&mut self, line: &[u8], only_url: bool) -> Result<(), Problem> {
        if line.is_empty() || line[0] == b'#' {
            return Ok(());
        }
        let mut words =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).peekable();
        let mut kind = None;
        if !only_url && let Some(first) = words.peek().filter(|word| is_keyword(word)) {
            match *first {
                b"v2" => kind = Some(Kind::V2),
                b"v3" => kind = Some(Kind::V3),
                b"ndx" => kind = Some(Kind::Index),
                b"set" => {
                    words.next();
                    return self.set(words);
                }
                other => return Err(Problem::Keyword(other.to_vec())),
            }
            words.next();
        }
        let tag = match words.peek().and_then(|word| word.strip_prefix(b"@")) {
            Some(tag) => {
                words.next();
                self.repositories.tag(tag)
            }
            None => super::DEFAULT_TAG,
        };
        let Some(word) = words.next() else { return Ok(()) };
        let url = self.expand(word)?;
        let absolute = url.starts_with(b"/") || super::scheme_end(&url).is_some();
        if !only_url && !absolute && !url.starts_with(b"file:/") {
            return Err(Problem::Url(word.to_vec()));
        }
        let kind = kind.unwrap_or_else(|| {
            if url.ends_with(b".adb") || url.ends_with(b".tar.gz") { Kind::Index } else { Kind::V2 }
        });
        let mut components = words.peekable();
        if components.peek().is_none() {
            self.repositories.add(kind, without_slashes(&url).to_vec(), tag, self.arch);
        }
        for component in components {
            let component = self.expand(component)?;
            let place = [without_slashes(&url), b"/", without_slashes(&component)].concat();
            self.repositories.add(kind, place, tag, self.arch);
        }
        Ok(())
    }

    /// `set [-default] KEY=VALUE...`.
    fn set<'w>(&mut self, words: impl Iterator<Item = &'w [u8]>) -> Result<(), Problem> {
        let mut keep = false;
        for word in words {
            if word.starts_with(b"-") {
                if word != b"-default" {
                    return Err(Problem::Option(word.to_vec()));
                }
                keep = true;
                continue;
            }
            let bad = || Problem::VariableDefinition(word.to_vec());
            let at = word.iter().position(|&byte| byte == b'=').ok_or_else(bad)?;
            let key = &word[..at];
            if !is_variable(key) || key.starts_with(b"APK_") {
                return Err(bad());
            }
            let value = self.expand(&word[at + 1..])?;
            match self.variables.iter_mut().find(|(name, _)| name == key) {
                Some(_) if keep => {}
                Some((_, old)) => *old = value,
                None => self.variables.push((key.to_vec(), value)),
            }
        }
        Ok(())
    }

    /// The word with each `${NAME}` replaced.
    fn expand(&self, word: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut out = Vec::new();
        let mut rest = word;
        while let Some(at) = rest.windows(2).position(|two| two == b"${") {
            out.extend_from_slice(&rest[..at]);
            let Some(end) = rest[at..].iter().position(|&byte| byte == b'}').map(|end| at + end) else {
                break;
            };
            let name = &rest[at + 2..end];
            let variable = self.variables.iter().find(|(known, _)| known == name);
            out.extend_from_slice(&variable.ok_or_else(|| Problem::UndefinedVariable(name.to_vec()))?.1);
            rest = &rest[end + 1..];
        }
        out.extend_from_slice(rest);
        Ok(out)
    }
}

/// Whether the first word of a line is no url, tag or variable.
fn is_keyword(word: &[u8]) -> bool {
    !matches!(word.first(), Some(b'/' | b'@' | b'$')) && super::scheme_end(word).is_none()
}

fn is_variable(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn without_slashes(url: &[u8]) -> &[u8] {
    let end = url.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Repositories, Option<String>) {
        let mut repositories = Repositories::default();
        let problem = Config::new(&mut repositories, b"x86_64").read(text.as_bytes()).err();
        (repositories, problem.map(|(line, problem)| format!("{line}: {problem}")))
    }

    fn urls(repositories: &Repositories) -> Vec<String> {
        let list = repositories.list.iter();
        list.map(|one| format!("{} {} {}", one.kind, one.tags, String::from_utf8_lossy(&one.url))).collect()
    }

    #[test]
    fn lines() {
        let (repositories, problem) = read(
            "# comment\n/s1\n@edge /s2\n@edge\t/s1/\nv3 /s3\nndx @foo /x.adb\n/z.tar.gz comp\nhttp://h/a main community\n\
             set foo=bar\nset -default foo=baz B=${foo}2\n/b/${foo}/x ${B} ${APK_ARCH}\n@x\n/c x/ /y/\n",
        );
        assert_eq!(problem, None);
        assert_eq!(
            urls(&repositories),
            [
                "v2 3 /s1",
                "v2 2 /s2",
                "v3 1 /s3",
                "ndx 4 /x.adb",
                "ndx 1 /z.tar.gz/comp",
                "v2 1 http://h/a/main",
                "v2 1 http://h/a/community",
                "v2 1 /b/bar/x/bar2",
                "v2 1 /b/bar/x/x86_64",
                "v2 1 /c/x",
                "v2 1 /c//y",
            ]
        );
        assert_eq!(
            repositories.tags().iter().map(|tag| tag.repositories).collect::<Vec<_>>()[..3],
            [0b111_1111_0101, 0b11, 0b1000]
        );
    }

    #[test]
    fn bad_lines_end_a_file() {
        for (text, expected) in [
            ("/a\nfoo:bar\n/b", "2: unrecogized keyword: foo:bar"),
            ("$x", "1: invalid url: $x"),
            ("/b/${y}", "1: undefined variable: y"),
            ("set 1x=3", "1: invalid variable definition: 1x=3"),
            ("set APK_X=1", "1: invalid variable definition: APK_X=1"),
            ("set -foo x=1", "1: invalid option: -foo"),
            ("v4 /foo", "1: unrecogized keyword: v4"),
            ("v2 foo", "1: invalid url: foo"),
        ] {
            let (repositories, problem) = read(text);
            assert_eq!(problem.as_deref(), Some(expected), "{text}");
            assert_eq!(repositories.list.len(), usize::from(text.starts_with("/a")), "{text}");
        }
    }
}
