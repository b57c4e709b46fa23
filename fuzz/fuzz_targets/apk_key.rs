//! apk_key — keys in PEM, public and private.

#![no_main]

use apk::trust::{Key, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Key::from_pem(b"name", data);
    let _ = SigningKey::from_pem(data);
    // The sums of base64 are never met by chance, either: the bytes inside are packed here.
    let mut pem = b"-----BEGIN PUBLIC KEY-----\n".to_vec();
    apk::identity::write_base64(data, &mut pem);
    pem.extend_from_slice(b"\n-----END PUBLIC KEY-----\n");
    if let Ok(key) = Key::from_pem(b"name", &pem) {
        let _ = key.verify(apk::identity::Algorithm::Sha256, &[7; 32], data);
    }
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
        let mut pem = format!("-----BEGIN {label}-----\n").into_bytes();
        apk::identity::write_base64(data, &mut pem);
        pem.extend_from_slice(format!("\n-----END {label}-----\n").as_bytes());
        let _ = SigningKey::from_pem(&pem);
    }
});
