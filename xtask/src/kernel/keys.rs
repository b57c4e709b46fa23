//! keys — the key that modules are signed with, and the certificate that the kernel trusts.
//!
//! The certificate is an input of the build: it lies in the kernel's image. The key is needed only afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// A key with its certificate.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Made on this machine, for this machine's builds.
    Developer,
    Release,
}

impl Signer {
    /// The release key if one is named, else the developer's, which is made on the first call.
    pub(crate) fn choose(key: Option<&Path>, certificate: Option<&Path>, cache: &Path) -> Result<Signer> {
        match (key, certificate) {
            (Some(key), Some(certificate)) => Signer::release(key, certificate),
            (None, None) => Signer::developer(cache),
            (Some(_), None) => {
                bail!("--release-key needs --release-cert, the certificate that the kernel will trust")
            }
            (None, Some(_)) => bail!("--release-cert needs --release-key, the key that signs the modules"),
        }
    }

    fn release(key: &Path, certificate: &Path) -> Result<Signer> {
        for path in [key, certificate] {
            fs::File::open(path).with_context(|| path.display().to_string())?;
        }
        Ok(Signer { key: key.to_path_buf(), certificate: certificate.to_path_buf(), kind: Kind::Release })
    }

    fn developer(cache: &Path) -> Result<Signer> {
        let folder = cache.join("keys");
        let signer = Signer {
            key: folder.join("kernel-developer.key"),
            certificate: folder.join("kernel-developer.crt"),
            kind: Kind::Developer,
        };
        if signer.key.is_file() && signer.certificate.is_file() {
            return Ok(signer);
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let part = |path: &Path| path.with_added_extension(format!("{}.part", std::process::id()));
        let (key, certificate) = (part(&signer.key), part(&signer.certificate));
        // RSA and SHA-512 are what the kernel's signing.config asks for. A certificate that could sign others is refused
        // by newer kernels for this use.
        process::output(
            Command::new("openssl")
                .args(["req", "-new", "-x509", "-newkey", "rsa:4096", "-nodes", "-sha512", "-days", "36500"])
                .args(["-subj", "/O=Tarn Linux/CN=Developer module key, made on one machine for itself"])
                .args([
                    "-addext",
                    "keyUsage=digitalSignature",
                    "-addext",
                    "basicConstraints=critical,CA:FALSE",
                ])
                .arg("-keyout")
                .arg(&key)
                .arg("-out")
                .arg(&certificate)
                .stdin(Stdio::null()),
        )
        .context("cannot make the developer's module key")?;
        // The key last: a certificate without its key is made again, together with it.
        fs::rename(&certificate, &signer.certificate)
            .with_context(|| signer.certificate.display().to_string())?;
        fs::rename(&key, &signer.key).with_context(|| signer.key.display().to_string())?;
        Ok(signer)
    }

    /// Fails unless the certificate is the key's.
    pub(crate) fn check_pair(&self) -> Result<()> {
        let of_key = process::output(
            Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(&self.key).stdin(Stdio::null()),
        )?;
        let of_certificate = process::output(
            Command::new("openssl")
                .args(["x509", "-noout", "-pubkey", "-in"])
                .arg(&self.certificate)
                .stdin(Stdio::null()),
        )?;
        if of_key != of_certificate {
            bail!("{} does not belong to {}", self.certificate.display(), self.key.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_developer_key_is_made_once_and_pairs_are_checked() {
        let cache = std::env::temp_dir().join(format!("tarn-keys-{}", std::process::id()));
        let one = Signer::choose(None, None, &cache.join("one")).unwrap();
        let again = Signer::choose(None, None, &cache.join("one")).unwrap();
        assert_eq!(fs::read(&one.key).unwrap(), fs::read(&again.key).unwrap());
        let other = Signer::choose(None, None, &cache.join("other")).unwrap();
        let pair = one.check_pair();
        let mixed = Signer::choose(Some(&one.key), Some(&other.certificate), &cache).unwrap().check_pair();
        let names: Vec<_> = fs::read_dir(cache.join("one/keys")).unwrap().collect();
        let alone = Signer::choose(Some(&one.key), None, &cache);
        fs::remove_dir_all(&cache).unwrap();
        pair.unwrap();
        assert!(mixed.unwrap_err().to_string().contains("does not belong to"));
        assert!(alone.unwrap_err().to_string().contains("--release-cert"));
        assert_eq!(names.len(), 2, "parts are left over");
    }
}
