//! tls — encrypted streams, and whose certificates are believed.
//!
//! Source: RFC 8446, RFC 5246 (TLS 1.3 and 1.2), by rustls with algorithms in Rust.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::Settings;
use super::connect::{Stream, timed};
use super::url::Url;
use crate::error::{Error, Kind, Result};

/// Where certificates of authorities lie; the first file that is there counts.
const AUTHORITIES: [&str; 3] = ["/etc/apk/ca.pem", "/etc/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"];

/// Agrees on a key with the server of the url, and checks who it is.
pub(super) fn secured(settings: &Settings, url: &Url, mut stream: TcpStream) -> Result<Box<dyn Stream>> {
    let provider = Arc::new(rustls_rustcrypto::provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error.to_string()))?;
    let builder = if settings.check_certificate {
        builder.with_root_certificates(authorities()?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider)))
    };
    let config = match own_certificate()? {
        Some((chain, key)) => {
            builder.with_client_auth_cert(chain, key).map_err(|error| wrong(&error.to_string()))?
        }
        None => builder.with_no_client_auth(),
    };
    let name = ServerName::try_from(url.host.clone()).map_err(|_| wrong("invalid name of a server"))?;
    let mut connection =
        ClientConnection::new(Arc::new(config), name).map_err(|error| wrong(&error.to_string()))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(explain)?;
    }
    Ok(Box::new(StreamOwned::new(connection, stream)))
}

/// An error of the handshake: what the other side, or its certificate, did wrong.
pub(super) fn explain(error: io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        // In the words of the reference, and what exactly for those who ask.
        Some(rustls::Error::InvalidCertificate(reason)) => {
            let text = match reason {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "server hostname mismatch"
                }
                _ => "server certificate not trusted",
            };
            let mut error = wrong(text);
            error.detail = reason.to_string();
            error
        }
        Some(inner) => wrong(&inner.to_string()),
        None if error.kind() == io::ErrorKind::UnexpectedEof => wrong("the server ended the handshake"),
        None => timed(error),
    }
}

fn wrong(text: &str) -> Error {
    Kind::Network(format!("TLS: {text}")).into()
}

fn authorities() -> Result<RootCertStore> {
    let own = std::env::var("SSL_CERT_FILE").ok();
    let files = own.iter().map(String::as_str).chain(AUTHORITIES);
    let mut roots = RootCertStore::empty();
    for file in files {
        let Ok(pem) = std::fs::read(file) else { continue };
        for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
            // What the file has besides is no reason to refuse the rest.
            let _ = roots.add(certificate);
        }
        break;
    }
    if roots.is_empty() {
        return Err(wrong(&format!("no certificates of authorities ({})", AUTHORITIES.join(", "))));
    }
    Ok(roots)
}

type OwnCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The certificate that we show (`SSL_CLIENT_CERT_FILE`, `SSL_CLIENT_KEY_FILE`).
fn own_certificate() -> Result<Option<OwnCertificate>> {
    let Ok(file) = std::env::var("SSL_CLIENT_CERT_FILE") else { return Ok(None) };
    let key_file = std::env::var("SSL_CLIENT_KEY_FILE").unwrap_or_else(|_| file.clone());
    let read = |path: &str| std::fs::read(path).map_err(|error| Error::from(error).at(path));
    let chain = CertificateDer::pem_slice_iter(&read(&file)?).flatten().collect();
    let key = PrivateKeyDer::from_pem_slice(&read(&key_file)?).map_err(|error| wrong(&error.to_string()))?;
    Ok(Some((chain, key)))
}

/// Believes every certificate (`--no-check-certificate`).
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
