//! xtask — the build system's command line, one file a verb.

mod arch;
mod bench;
mod build;
mod codegen;
mod deps;
mod elf;
mod image;
mod kernel;
mod process;
mod run;
mod size;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, boots and tests Tarn Linux.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Bench(bench::Arguments),
    Build(build::Arguments),
    Ci(test::CiArguments),
    Codegen(codegen::Arguments),
    Deps(deps::Arguments),
    Image(image::Arguments),
    Kernel(kernel::Arguments),
    Run(run::Arguments),
    Size(size::Arguments),
    Test(test::Arguments),
    Tidy(tidy::Arguments),
}

fn main() -> ExitCode {
    if let Err(error) = ctrlc::set_handler(interrupted) {
        eprintln!("xtask: an interruption will end it without a word: {error}");
    }
    let result = match Arguments::parse().verb {
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Build(arguments) => build::run(&arguments),
        Verb::Ci(arguments) => test::ci(&arguments),
        Verb::Codegen(arguments) => codegen::run(&arguments),
        Verb::Deps(arguments) => deps::run(&arguments),
        Verb::Image(arguments) => image::run(&arguments),
        Verb::Kernel(arguments) => kernel::run(&arguments),
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Size(arguments) => size::run(&arguments),
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Tidy(arguments) => tidy::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// On Ctrl-C and SIGTERM. Files are renamed when they are whole and stamps come last, so nothing is to be cleaned up.
#[expect(clippy::exit, reason = "belongs to main: no other thread can be asked to return")]
fn interrupted() {
    eprintln!("\nxtask: interrupted; what is not finished will not be used, the next run makes it");
    std::process::exit(130);
}
