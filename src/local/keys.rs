//! The instance's signing keys, which are generated once and stored as PKCS #8.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair as _,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::error::LocalError;

/// The algorithms that the instance signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA P-384 with SHA-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    /// Its name in Sigstore's `PublicKeyDetails`.
    pub fn public_key_details(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "PKIX_ECDSA_P256_SHA_256",
            Self::EcdsaP384 => "PKIX_ECDSA_P384_SHA_384",
            Self::Ed25519 => "PKIX_ED25519",
        }
    }
}

/// A key that signs.
#[derive(Debug)]
pub(super) struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
    spki: Vec<u8>,
}

#[derive(Debug)]
enum Pair {
    Ecdsa {
        pair: EcdsaKeyPair,
        /// The P-256 key for signatures of fixed length, as JSON Web Signatures have them.
        fixed: Option<EcdsaKeyPair>,
    },
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Generates a key and returns it as PKCS #8 PEM.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn generate(algorithm: Algorithm) -> Result<Zeroizing<String>, LocalError> {
        let random = SystemRandom::new();
        let document = match algorithm {
            Algorithm::EcdsaP256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random),
            Algorithm::EcdsaP384 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &random),
            Algorithm::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&random),
        }
        .map_err(|_| LocalError::Crypto("generate a key"))?;
        Ok(private_key_pem(document.as_ref()))
    }

    /// Reads the PEM of [`SigningKey::generate`]; `None` if it is anything else.
    pub(super) fn from_pem(algorithm: Algorithm, pem: &str) -> Option<Self> {
        let der = read_private_key_pem(pem)?;
        let (pair, spki) = match algorithm {
            Algorithm::EcdsaP256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).ok()?;
                let spki = pair.public_key().as_der().ok()?.as_ref().to_vec();
                (Pair::Ecdsa { pair, fixed: Some(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok()?) }, spki)
            }
            Algorithm::EcdsaP384 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &der).ok()?;
                let spki = pair.public_key().as_der().ok()?.as_ref().to_vec();
                (Pair::Ecdsa { pair, fixed: None }, spki)
            }
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()?;
                let spki = pair.public_key().as_der().ok()?.as_ref().to_vec();
                (Pair::Ed25519(pair), spki)
            }
        };
        Some(Self { pair, algorithm, spki })
    }

    /// The algorithm.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The SubjectPublicKeyInfo, DER.
    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The raw public key: the 32 bytes of Ed25519 or the uncompressed point of ECDSA.
    pub(super) fn raw_public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Ecdsa { pair, .. } => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    /// Signs a message. The signature is DER for ECDSA and 64 bytes for Ed25519.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, LocalError> {
        match &self.pair {
            Pair::Ecdsa { pair, .. } => pair.sign(&SystemRandom::new(), message),
            Pair::Ed25519(pair) => pair.try_sign(message),
        }
        .map(|signature| signature.as_ref().to_vec())
        .map_err(|_| LocalError::Crypto("sign"))
    }

    /// Signs as ES256 of JSON Web Signature: two integers of 32 bytes. Only for P-256 keys.
    ///
    /// # Errors
    /// [`LocalError::Crypto`], also for other keys.
    pub(super) fn sign_es256(&self, message: &[u8]) -> Result<Vec<u8>, LocalError> {
        match &self.pair {
            Pair::Ecdsa { fixed: Some(pair), .. } => pair.sign(&SystemRandom::new(), message).ok(),
            _ => None,
        }
        .map(|signature| signature.as_ref().to_vec())
        .ok_or(LocalError::Crypto("sign a token"))
    }
}

/// A PKCS #8 key as PEM.
pub(super) fn private_key_pem(pkcs8: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(pkcs8));
    let mut pem = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 64));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    for line in body.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).unwrap_or_default());
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

/// The PKCS #8 key in the PEM of [`private_key_pem`].
pub(super) fn read_private_key_pem(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = pem.trim_end().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
    let body = Zeroizing::new(body.split_ascii_whitespace().collect::<String>());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}

/// Random bytes from the system.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn random<const N: usize>() -> Result<[u8; N], LocalError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| LocalError::Crypto("get random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_read_back_and_no_other_kind_is() {
        for algorithm in [Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::Ed25519] {
            let pem = SigningKey::generate(algorithm).unwrap();
            let key = SigningKey::from_pem(algorithm, &pem).unwrap();
            assert!(!key.sign(b"message").unwrap().is_empty());
            assert_eq!(key.sign_es256(b"message").is_ok(), algorithm == Algorithm::EcdsaP256);
            for other in [Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::Ed25519].into_iter().filter(|other| *other != algorithm) {
                assert!(SigningKey::from_pem(other, &pem).is_none());
            }
        }
        assert!(SigningKey::from_pem(Algorithm::EcdsaP256, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_none());
    }
}
