//! elf — what every program of an image must be: static, position independent, without writable code.
//!
//! Source: the ELF specification; gABI program headers, GNU_RELRO and GNU_STACK of binutils.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use object::Endianness;
use object::elf::{ET_DYN, FileHeader64, PF_W, PF_X, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

/// Everything that is wrong with the program, a line each.
pub(crate) fn problems(path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(problems_of(&bytes)
        .unwrap_or_else(|error| vec![error])
        .into_iter()
        .map(|problem| format!("{}: {problem}", path.display()))
        .collect())
}

fn problems_of(bytes: &[u8]) -> Result<Vec<String>, String> {
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(|error| error.to_string())?;
    let endian = header.endian().map_err(|error| error.to_string())?;
    let segments = header.program_headers(endian, bytes).map_err(|error| error.to_string())?;
    let mut problems = Vec::new();
    let has = |kind: u32| segments.iter().any(|segment| segment.p_type(endian) == kind);
    if header.e_type(endian) != ET_DYN {
        problems.push("is not position independent".to_string());
    }
    if has(PT_INTERP) {
        problems.push("is linked dynamically".to_string());
    }
    if !has(PT_GNU_RELRO) {
        problems.push("has no RELRO segment".to_string());
    }
    match segments.iter().find(|segment| segment.p_type(endian) == PT_GNU_STACK) {
        None => problems.push("does not say that its stack is not executable".to_string()),
        Some(stack) if stack.p_flags(endian) & PF_X != 0 => {
            problems.push("has an executable stack".to_string())
        }
        Some(_) => {}
    }
    let writable_code = |flags: u32| flags & PF_W != 0 && flags & PF_X != 0;
    if segments
        .iter()
        .any(|segment| segment.p_type(endian) == PT_LOAD && writable_code(segment.p_flags(endian)))
    {
        problems.push("has a segment that is writable and executable".to_string());
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_what_a_host_program_lacks() {
        let own = fs::read("/proc/self/exe").unwrap();
        assert!(problems_of(&own).unwrap().contains(&"is linked dynamically".to_string()));
        assert!(problems_of(b"#!/bin/sh\n").is_err());
    }
}
