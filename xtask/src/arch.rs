//! arch — the architectures that Tarn is built for.

use clap::ValueEnum;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Arch {
    #[value(name = "x86_64")]
    X86_64,
    #[value(name = "aarch64")]
    Aarch64,
}

/// The value of `--arch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ArchChoice {
    #[value(name = "x86_64")]
    X86_64,
    #[value(name = "aarch64")]
    Aarch64,
    All,
}

impl ArchChoice {
    /// This host's own architecture.
    pub(crate) fn host() -> ArchChoice {
        match Arch::host() {
            Arch::X86_64 => ArchChoice::X86_64,
            Arch::Aarch64 => ArchChoice::Aarch64,
        }
    }

    pub(crate) fn each(self) -> &'static [Arch] {
        match self {
            ArchChoice::X86_64 => &[Arch::X86_64],
            ArchChoice::Aarch64 => &[Arch::Aarch64],
            ArchChoice::All => &[Arch::X86_64, Arch::Aarch64],
        }
    }
}

impl Arch {
    pub(crate) const ALL: &[Arch] = &[Arch::X86_64, Arch::Aarch64];

    /// This host's own; x86_64 where it is neither, to be emulated.
    pub(crate) fn host() -> Arch {
        if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 }
    }

    /// The name as `uname -m` prints it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Aarch64 => "aarch64",
        }
    }

    /// Rust's target for programs of the image.
    pub(crate) fn musl_target(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64-unknown-linux-musl",
            Arch::Aarch64 => "aarch64-unknown-linux-musl",
        }
    }

    /// Rust's target for programs that firmware starts.
    pub(crate) fn uefi_target(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64-unknown-uefi",
            Arch::Aarch64 => "aarch64-unknown-uefi",
        }
    }
}
