//! der — PEM around DER.
//!
//! Source: RFC 7468.

use crate::error::{Kind, Result};
use crate::identity::from_base64;

/// The label and the bytes of the first block.
///
/// Errors: there is none, or its base64 is malformed.
pub(super) fn from_pem(text: &[u8]) -> Result<(String, Vec<u8>)> {
    first_block(text).ok_or_else(|| Kind::CryptoKeyFormat.into())
}

fn first_block(text: &[u8]) -> Option<(String, Vec<u8>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    // Headers of encrypted keys are no base64, and so refused.
    let digits: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some((label.to_string(), from_base64(&digits)?))
}
