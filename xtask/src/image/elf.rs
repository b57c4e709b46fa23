//! elf — whether a program runs in an image: its architecture, and that it needs no loader and no libraries.
//!
//! Source: elf(5).

use anyhow::{Result, bail};

use crate::arch::Arch;

const PT_INTERP: u32 = 3;

/// Fails unless `program` is a static executable for `arch` or a script.
pub(crate) fn check_static(program: &[u8], arch: Arch) -> Result<()> {
    if program.starts_with(b"#!") {
        return Ok(());
    }
    if !program.starts_with(b"\x7fELF") {
        bail!("is neither an ELF program nor a script that begins with #!");
    }
    let wanted = match arch {
        Arch::X86_64 => 62,
        Arch::Aarch64 => 183,
    };
    let little_64 = program.get(4..6) == Some(&[2, 1]);
    if !little_64 || number(program, 18, 2) != Some(wanted) {
        bail!("is not a program for {}", arch.name());
    }
    if program_headers(program).is_none_or(|kinds| kinds.contains(&PT_INTERP)) {
        bail!(
            "is linked dynamically, and the image has no libraries: link it statically (a musl target of Rust does)"
        );
    }
    Ok(())
}

/// The types of the program headers; `None` if the file is cut short.
fn program_headers(program: &[u8]) -> Option<Vec<u32>> {
    let (offset, size, count) = (number(program, 32, 8)?, number(program, 54, 2)?, number(program, 56, 2)?);
    let place = |index: u64| usize::try_from(offset.checked_add(index * size)?).ok();
    (0..count).map(|index| number(program, place(index)?, 4).map(|kind| kind as u32)).collect()
}

/// A little-endian number of `length` bytes.
fn number(bytes: &[u8], offset: usize, length: usize) -> Option<u64> {
    let field = bytes.get(offset..offset.checked_add(length)?)?;
    Some(field.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_is_dynamic_and_cut_files_are_refused() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let (here, there) = match std::env::consts::ARCH {
            "x86_64" => (Arch::X86_64, Arch::Aarch64),
            _ => (Arch::Aarch64, Arch::X86_64),
        };
        let message = |program: &[u8], arch| check_static(program, arch).unwrap_err().to_string();
        assert!(message(&own, here).contains("linked dynamically"));
        assert!(message(&own, there).contains("is not a program for"));
        assert!(message(b"hello", here).contains("neither"));
        for length in [4, 5, 17, 20, 40, 60, 64, 100] {
            assert!(check_static(&own[..length], here).is_err(), "{length}");
        }
        check_static(b"#!/bin/sh\n", here).unwrap();
        let mut plain = own;
        plain[56..58].fill(0); // no program headers at all
        check_static(&plain, here).unwrap();
    }
}
