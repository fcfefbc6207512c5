//! Signature schemes: how a key signs, with the names and digests by which a log records a signature.
//!
//! A git signature names its algorithm. A bundle does not: its key allows a few schemes, and the one that verifies is the one.

use super::{
    hash::HashAlgorithm,
    key::{InvalidSignature, KeyKind, PublicKey},
};
use aws_lc_rs::{
    digest::{self, Digest},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
        ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
    },
};
use ed25519_dalek::VerifyingKey;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update, consts::U64};
use std::borrow::Cow;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// ECDSA.
    Ecdsa(HashAlgorithm),
    /// RSA, PKCS #1 v1.5.
    Pkcs1(HashAlgorithm),
    /// RSA, PSS with a salt as long as the hash.
    Pss(HashAlgorithm),
    /// Ed25519 over the content itself.
    Ed25519,
    /// Ed25519ph: over the content's SHA-512 (RFC 8032, section 5.1), without a context.
    Ed25519ph,
}

impl Scheme {
    /// The schemes that a key allows for content that is hashed with `hash`; with the hash of the key's size where it is not known.
    pub fn of(key: KeyKind, hash: Option<HashAlgorithm>) -> Vec<Self> {
        match (key, hash) {
            (KeyKind::Ed25519, Some(_)) => vec![Self::Ed25519ph],
            (KeyKind::Ed25519, None) => vec![Self::Ed25519, Self::Ed25519ph],
            (KeyKind::Rsa, hash) => {
                let hash = hash.unwrap_or(HashAlgorithm::Sha256);
                vec![Self::Pkcs1(hash), Self::Pss(hash)]
            }
            (_, Some(hash)) => vec![Self::Ecdsa(hash)],
            // Rekor v1 takes SHA-256 in envelopes, whatever the curve
            (KeyKind::EcdsaP256, None) => vec![Self::Ecdsa(HashAlgorithm::Sha256)],
            (KeyKind::EcdsaP384, None) => vec![Self::Ecdsa(HashAlgorithm::Sha384), Self::Ecdsa(HashAlgorithm::Sha256)],
            (KeyKind::EcdsaP521, None) => vec![Self::Ecdsa(HashAlgorithm::Sha512), Self::Ecdsa(HashAlgorithm::Sha256)],
        }
    }

    /// The hash of the content; `None` for Ed25519, which signs the content itself.
    pub fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::Ecdsa(hash) | Self::Pkcs1(hash) | Self::Pss(hash) => Some(hash),
            Self::Ed25519ph => Some(HashAlgorithm::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// The `PublicKeyDetails` name (Sigstore protobuf-specs) of signatures by this key in this scheme; `None` where there is no name.
    pub fn details(self, key: &PublicKey) -> Option<&'static str> {
        use {HashAlgorithm::*, KeyKind::*};
        match (self, key.kind()) {
            (Self::Ecdsa(Sha256), EcdsaP256) => Some("PKIX_ECDSA_P256_SHA_256"),
            (Self::Ecdsa(Sha256), EcdsaP384) => Some("PKIX_ECDSA_P384_SHA_256"),
            (Self::Ecdsa(Sha384), EcdsaP384) => Some("PKIX_ECDSA_P384_SHA_384"),
            (Self::Ecdsa(Sha256), EcdsaP521) => Some("PKIX_ECDSA_P521_SHA_256"),
            (Self::Ecdsa(Sha512), EcdsaP521) => Some("PKIX_ECDSA_P521_SHA_512"),
            (Self::Pkcs1(Sha256), Rsa) => Some(key.details()),
            (Self::Pss(Sha256), Rsa) => Some(match key.details() {
                "PKIX_RSA_PKCS1V15_2048_SHA256" => "PKIX_RSA_PSS_2048_SHA256",
                "PKIX_RSA_PKCS1V15_3072_SHA256" => "PKIX_RSA_PSS_3072_SHA256",
                _ => "PKIX_RSA_PSS_4096_SHA256",
            }),
            (Self::Ed25519, Ed25519) => Some("PKIX_ED25519"),
            (Self::Ed25519ph, Ed25519) => Some("PKIX_ED25519_PH"),
            _ => None,
        }
    }

    /// Checks a signature over content.
    ///
    /// # Errors
    /// [`InvalidSignature`], also where the content's digest is not known.
    pub fn verify(self, key: &PublicKey, content: &SignedContent<'_>, signature: &[u8]) -> Result<(), InvalidSignature> {
        match self {
            // the key is prepared for its usual scheme
            Self::Ecdsa(hash) | Self::Pkcs1(hash)
                if self.is_usual(key.kind())
                    && let SignedContent::Bytes(bytes) = content =>
            {
                key.verify(hash, bytes, signature)
            }
            Self::Ed25519 => match content {
                SignedContent::Bytes(bytes) if key.kind() == KeyKind::Ed25519 => key.verify(HashAlgorithm::Sha512, bytes, signature),
                SignedContent::Bytes(_) | SignedContent::Digests(_) => Err(InvalidSignature),
            },
            Self::Ed25519ph => verify_ed25519ph(key, &content.digest(HashAlgorithm::Sha512).ok_or(InvalidSignature)?, signature),
            Self::Ecdsa(hash) | Self::Pkcs1(hash) | Self::Pss(hash) => {
                let algorithm = self.algorithm(key.kind()).ok_or(InvalidSignature)?;
                let known = match hash {
                    HashAlgorithm::Sha256 => &digest::SHA256,
                    HashAlgorithm::Sha384 => &digest::SHA384,
                    HashAlgorithm::Sha512 => &digest::SHA512,
                };
                let content = content.digest(hash).ok_or(InvalidSignature)?;
                let content = Digest::import_less_safe(&content, known).map_err(|_| InvalidSignature)?;
                let key = ParsedPublicKey::new(algorithm, key.raw()).map_err(|_| InvalidSignature)?;
                key.verify_digest_sig(&content, signature).map_err(|_| InvalidSignature)
            }
        }
    }

    fn is_usual(self, key: KeyKind) -> bool {
        use {HashAlgorithm::*, KeyKind::*};
        matches!(
            (self, key),
            (Self::Ecdsa(Sha256), EcdsaP256)
                | (Self::Ecdsa(Sha384), EcdsaP384)
                | (Self::Ecdsa(Sha512), EcdsaP521)
                | (Self::Pkcs1(Sha256), Rsa)
        )
    }

    fn algorithm(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        use {HashAlgorithm::*, KeyKind::*};
        Some(match (self, key) {
            (Self::Ecdsa(Sha256), EcdsaP256) => &ECDSA_P256_SHA256_ASN1,
            (Self::Ecdsa(Sha384), EcdsaP256) => &ECDSA_P256_SHA384_ASN1,
            (Self::Ecdsa(Sha512), EcdsaP256) => &ECDSA_P256_SHA512_ASN1,
            (Self::Ecdsa(Sha256), EcdsaP384) => &ECDSA_P384_SHA256_ASN1,
            (Self::Ecdsa(Sha384), EcdsaP384) => &ECDSA_P384_SHA384_ASN1,
            (Self::Ecdsa(Sha512), EcdsaP384) => &ECDSA_P384_SHA512_ASN1,
            (Self::Ecdsa(Sha256), EcdsaP521) => &ECDSA_P521_SHA256_ASN1,
            (Self::Ecdsa(Sha384), EcdsaP521) => &ECDSA_P521_SHA384_ASN1,
            (Self::Ecdsa(Sha512), EcdsaP521) => &ECDSA_P521_SHA512_ASN1,
            (Self::Pkcs1(Sha256), Rsa) => &RSA_PKCS1_2048_8192_SHA256,
            (Self::Pkcs1(Sha384), Rsa) => &RSA_PKCS1_2048_8192_SHA384,
            (Self::Pkcs1(Sha512), Rsa) => &RSA_PKCS1_2048_8192_SHA512,
            (Self::Pss(Sha256), Rsa) => &RSA_PSS_2048_8192_SHA256,
            (Self::Pss(Sha384), Rsa) => &RSA_PSS_2048_8192_SHA384,
            (Self::Pss(Sha512), Rsa) => &RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }
}

/// What a signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedContent<'a> {
    /// The content itself.
    Bytes(Cow<'a, [u8]>),
    /// Some of its digests alone: a file that was read once, or that only a digest names.
    Digests(Cow<'a, [(HashAlgorithm, Vec<u8>)]>),
}

impl SignedContent<'_> {
    /// The content's digest; `None` where only another one is known.
    pub fn digest(&self, hash: HashAlgorithm) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Some(Cow::Owned(hash.digest(bytes))),
            Self::Digests(known) => known.iter().find(|(of, _)| *of == hash).map(|(_, digest)| Cow::Borrowed(digest.as_slice())),
        }
    }
}

/// aws-lc-rs, which checks all other signatures, has no Ed25519ph.
fn verify_ed25519ph(key: &PublicKey, digest: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
    let raw: &[u8; 32] = key.raw().try_into().map_err(|_| InvalidSignature)?;
    let key = VerifyingKey::from_bytes(raw).map_err(|_| InvalidSignature)?;
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
    let digest = <[u8; 64]>::try_from(digest).map_err(|_| InvalidSignature)?;
    key.verify_prehashed_strict(KnownDigest(digest), None, &signature).map_err(|_| InvalidSignature)
}

/// A SHA-512 that was computed before: Ed25519ph takes a hasher and not a digest.
struct KnownDigest([u8; 64]);

impl Default for KnownDigest {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Update for KnownDigest {
    fn update(&mut self, _: &[u8]) {}
}

impl OutputSizeUser for KnownDigest {
    type OutputSize = U64;
}

impl FixedOutput for KnownDigest {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

impl HashMarker for KnownDigest {}
