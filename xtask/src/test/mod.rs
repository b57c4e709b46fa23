//! test — everything that must hold, in the order in which the cheapest failure comes first.

mod counts;
mod host;
pub(crate) mod vm;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::arch::ArchChoice;
use crate::deps;

/// Run the tests: everything, or one ring of them.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    ring: Option<Ring>,
    #[arg(long, value_enum, default_value = "all", global = true)]
    arch: ArchChoice,
    /// Install missing tools without asking.
    #[arg(long, global = true)]
    yes: bool,
}

#[derive(clap::Subcommand)]
enum Ring {
    /// Formatting, lints, unit and golden tests, with the debug and the release programs.
    Host,
    /// The golden tests alone.
    Golden {
        /// Run them with another multi-call binary, such as BusyBox, to see that the expectations are shared.
        #[arg(long, value_name = "PROGRAM")]
        reference: Option<PathBuf>,
        /// Only tests whose name contains this.
        filter: Option<String>,
    },
    /// The scenarios in virtual machines, which boot what `image` wrote.
    Vm {
        /// Only scenarios whose name (`login x86_64 kernel`) contains this.
        name: Option<String>,
    },
}

/// Run what continuous integration runs: every check on the host, and with --vm the kernels, images and machines too.
#[derive(clap::Args)]
pub(crate) struct CiArguments {
    #[arg(long)]
    vm: bool,
    #[arg(long, value_enum, default_value = "all")]
    arch: ArchChoice,
}

pub(crate) fn ci(arguments: &CiArguments) -> Result<()> {
    let ring = if arguments.vm { None } else { Some(Ring::Host) };
    run(&Arguments { ring, arch: arguments.arch, yes: true })
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let arches = arguments.arch.each();
    let start = Instant::now();
    let counts = match &arguments.ring {
        Some(Ring::Golden { reference, filter }) => host::golden(reference.as_deref(), filter.as_deref())?,
        Some(Ring::Host) => {
            deps::require(deps::Verb::Build, arches, arguments.yes)?;
            let mut counts = host::all(arches)?;
            arches.iter().for_each(|&arch| counts += host::sizes(arch));
            counts
        }
        Some(Ring::Vm { name }) => {
            deps::require(deps::Verb::Test, arches, arguments.yes)?;
            vm::run(arches, name.as_deref())?
        }
        None => {
            deps::require(deps::Verb::Test, arches, arguments.yes)?;
            let mut counts = host::all(arches)?;
            counts += host::kernels(arches)?;
            counts += vm::run(arches, None)?;
            arches.iter().for_each(|&arch| counts += host::sizes(arch));
            counts
        }
    };
    for report in &counts.reports {
        println!("\nfailed: {report}");
    }
    println!("\ntests took {:.0} s", start.elapsed().as_secs_f32());
    println!("{counts}");
    if counts.failed > 0 {
        bail!("{} tests failed", counts.failed);
    }
    Ok(())
}
