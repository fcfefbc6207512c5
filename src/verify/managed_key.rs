//! Keys that a caller trusts by themselves.

use crate::{Reason, Rejection, certificate::PublicKey};
use der::Document;
use sha2::{Digest, Sha256};

/// A file with a public key larger than this is not read, in bytes.
const MAX_KEY: usize = 64 * 1024;

/// A public key that the caller trusts: somebody manages it, and no certificate says who.
#[derive(Debug, Clone)]
pub struct ManagedKey {
    key: PublicKey,
    spki: Vec<u8>,
}

impl ManagedKey {
    /// Reads a public key: one PEM block with a SubjectPublicKeyInfo, as `cosign generate-key-pair` and `openssl pkey -pubout` write it.
    ///
    /// # Errors
    /// [`Reason::KeyMalformed`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, Rejection> {
        let malformed = |detail: String| Rejection::new(Reason::KeyMalformed, detail);
        if pem.len() > MAX_KEY {
            return Err(malformed(format!("{} bytes; at most {MAX_KEY} are read", pem.len())));
        }
        let text = std::str::from_utf8(pem).map_err(|_| malformed("it is not text".to_owned()))?;
        let (label, document) = Document::from_pem(text.trim()).map_err(|error| malformed(error.to_string()))?;
        if label != "PUBLIC KEY" {
            return Err(malformed(format!("its PEM label is \"{label}\"; expected \"PUBLIC KEY\"")));
        }
        let spki = document.as_bytes().to_vec();
        let key = PublicKey::from_spki(&spki).map_err(|error| malformed(error.to_string()))?;
        Ok(Self { key, spki })
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        &self.key
    }

    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }
}
