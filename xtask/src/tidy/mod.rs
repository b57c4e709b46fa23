//! tidy — checks of the house's rules that the compiler does not make. `cargo test` runs them.

mod dependencies;
mod layers;
mod sources;

use std::path::Path;

use anyhow::{Result, bail};

use crate::workspace;

/// Check the rules of the house: who may import whom, which crates images may hold, where unsafe code may stand.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    let problems = problems(workspace::root())?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("tidy: {} problems", problems.len());
    }
    println!("tidy: no problems");
    Ok(())
}

/// Everything that breaks a rule, a line each.
fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = layers::problems(root)?;
    problems.extend(dependencies::problems(root)?);
    problems.extend(sources::problems(root)?);
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        assert_eq!(problems(workspace::root()).unwrap(), Vec::<String>::new());
    }
}
