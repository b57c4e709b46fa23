//! signing — private keys, and what they sign.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::{self, CryptoRng, RngCore};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

use super::der;
use super::key::{id_of, info_prefix};
use crate::error::{Error, Kind, Result};
use crate::identity::Algorithm;

/// A key that signs.
pub struct SigningKey {
    /// What version 3 signatures name the key by.
    pub id: [u8; 16],
    kind: PrivateKey,
}

enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    P256(Box<p256::ecdsa::SigningKey>),
}

impl SigningKey {
    /// Reads a PEM file `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`, not encrypted.
    ///
    /// Errors: it is none of them, or its algorithm is not supported.
    pub fn from_pem(pem: &[u8]) -> Result<SigningKey> {
        let (label, bytes) = der::from_pem(pem)?;
        let rsa = |key: RsaPrivateKey| PrivateKey::Rsa(Box::new(key));
        let p256 = |key: p256::SecretKey| PrivateKey::P256(Box::new(key.into()));
        let kind = match label.as_str() {
            "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(&bytes).map(rsa).ok(),
            "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(&bytes).map(p256).ok(),
            "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(&bytes)
                .map(rsa)
                .or_else(|_| p256::SecretKey::from_pkcs8_der(&bytes).map(p256))
                .ok(),
            _ => None,
        };
        let kind = kind.ok_or(Kind::CryptoKeyFormat)?;
        let point = match &kind {
            PrivateKey::Rsa(key) => {
                let public = key.to_public_key().to_pkcs1_der().map_err(|_| Kind::CryptoKeyFormat)?;
                public.as_bytes().to_vec()
            }
            PrivateKey::P256(key) => key.verifying_key().to_encoded_point(false).as_bytes().to_vec(),
        };
        Ok(SigningKey { id: id_of(&point), kind })
    }

    /// The signature of what has `digest`: PKCS #1 v1.5 by RSA, DER by ECDSA.
    pub fn sign(&self, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>> {
        match &self.kind {
            PrivateKey::Rsa(key) => {
                let prefix = info_prefix(algorithm).into();
                let scheme = Pkcs1v15Sign { hash_len: Some(algorithm.size()), prefix };
                key.sign_with_rng(&mut System, scheme, digest)
                    .map_err(|error| Error::detailed(Kind::SignatureMaking, error.to_string()))
            }
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key
                    .sign_prehash(digest)
                    .map_err(|error| Error::detailed(Kind::SignatureMaking, error.to_string()))?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

/// Random bytes of the system, which blind the private operation against those who measure its time.
struct System;

impl RngCore for System {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        // Blinding needs unpredictability, not secrecy; where the system gives nothing, the signature is still right.
        let _ = sys::random::fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for System {}
