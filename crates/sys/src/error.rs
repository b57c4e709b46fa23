//! error — the C library's text for an error number.

use std::io;

/// The text of `error` as C programs print it: "No such file or directory", without Rust's " (os error 2)".
///
/// Source: strerror(3). Errors that did not come from the system keep their own text.
pub fn text(error: &io::Error) -> String {
    let full = error.to_string();
    match full.rfind(" (os error ") {
        Some(end) if error.raw_os_error().is_some() => full[..end].to_string(),
        _ => full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_number() {
        assert_eq!(text(&io::Error::from_raw_os_error(libc::ENOENT)), "No such file or directory");
        assert_eq!(text(&io::Error::other("truncated header")), "truncated header");
    }
}
