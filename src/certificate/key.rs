//! Public keys and the verification of signatures with them.
//!
//! This is the only place where a signature is checked. Algorithms come from an allow-list. ECDSA signatures are not normalised: a high s is
//! valid, and the log entry binds the bytes.

use super::{
    hash::HashAlgorithm,
    remembered::{Fact, Remembered},
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA256_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    VerificationAlgorithm,
};
use const_oid::{
    ObjectIdentifier,
    db::{
        rfc5912::{
            ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1,
            SECP_521_R_1, SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
        },
        rfc8410::ID_ED_25519,
    },
};
use der::Decode;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use std::sync::OnceLock;

/// The kind of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA, 2048 to 8192 bits.
    Rsa,
}

/// A public key of a kind that is allowed.
pub struct PublicKey {
    kind: KeyKind,
    /// subjectPublicKey: the point, the key, or the RSAPublicKey.
    raw: Vec<u8>,
    /// The key prepared for the usual algorithm of its kind, on first use: most keys verify many signatures.
    prepared: OnceLock<Option<ParsedPublicKey>>,
    /// Signatures that verified with this key.
    remembered: Remembered,
}

/// A signature that does not verify, or an algorithm that is not for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify with the key")]
pub struct InvalidSignature;

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidKey(String);

impl PublicKey {
    /// The key in a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// Where the structure, the algorithm or its parameters are not those of an allowed kind.
    pub fn from_spki(der: &[u8]) -> Result<Self, InvalidKey> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|error| InvalidKey(format!("malformed public key: {error}")))?;
        let raw = spki.subject_public_key.as_bytes().ok_or_else(|| InvalidKey("malformed public key: unused bits".into()))?;
        let parameters = spki.algorithm.parameters;
        let kind = match spki.algorithm.oid {
            ID_EC_PUBLIC_KEY => match parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok()) {
                Some(SECP_256_R_1) => KeyKind::EcdsaP256,
                Some(SECP_384_R_1) => KeyKind::EcdsaP384,
                Some(SECP_521_R_1) => KeyKind::EcdsaP521,
                _ => return Err(InvalidKey("an elliptic curve that is not allowed".into())),
            },
            RSA_ENCRYPTION if parameters.is_none_or(|any| any.is_null()) => KeyKind::Rsa,
            ID_ED_25519 if parameters.is_none() => KeyKind::Ed25519,
            oid => return Err(InvalidKey(format!("a key algorithm that is not allowed: {oid}"))),
        };
        // compressed points would let one key have two encodings
        if matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521) && raw.first() != Some(&4) {
            return Err(InvalidKey("the point is not in uncompressed form".into()));
        }
        Ok(Self { kind, raw: raw.to_vec(), prepared: OnceLock::new(), remembered: Remembered::default() })
    }

    /// The kind of the key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// subjectPublicKey: the uncompressed point, the 32 bytes of Ed25519, or the DER RSAPublicKey.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The `PublicKeyDetails` name (Sigstore protobuf-specs) that a log uses for signatures by this key.
    pub fn details(&self) -> &'static str {
        match (self.kind, self.raw.len()) {
            (KeyKind::EcdsaP256, _) => "PKIX_ECDSA_P256_SHA_256",
            (KeyKind::EcdsaP384, _) => "PKIX_ECDSA_P384_SHA_384",
            (KeyKind::EcdsaP521, _) => "PKIX_ECDSA_P521_SHA_512",
            (KeyKind::Ed25519, _) => "PKIX_ED25519",
            (KeyKind::Rsa, ..=300) => "PKIX_RSA_PKCS1V15_2048_SHA256",
            (KeyKind::Rsa, ..=450) => "PKIX_RSA_PKCS1V15_3072_SHA256",
            (KeyKind::Rsa, _) => "PKIX_RSA_PKCS1V15_4096_SHA256",
        }
    }

    /// Verifies `signature` over `message`, hashed with `hash` (Ed25519 hashes by itself).
    ///
    /// # Errors
    /// [`InvalidSignature`], also where the hash is not for this kind of key.
    pub fn verify(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        use {HashAlgorithm::*, KeyKind::*};
        let usual: &'static dyn VerificationAlgorithm = match (self.kind, hash) {
            (EcdsaP256, Sha256) => &ECDSA_P256_SHA256_ASN1,
            (EcdsaP384, Sha384) => &ECDSA_P384_SHA384_ASN1,
            (EcdsaP521, Sha512) => &ECDSA_P521_SHA512_ASN1,
            (Ed25519, _) => &ED25519,
            (Rsa, Sha256) => &RSA_PKCS1_2048_8192_SHA256,
            (other, hash) => {
                let algorithm: &'static dyn VerificationAlgorithm = match (other, hash) {
                    (EcdsaP256, Sha384) => &ECDSA_P256_SHA384_ASN1,
                    (EcdsaP384, Sha256) => &ECDSA_P384_SHA256_ASN1,
                    (EcdsaP521, Sha256) => &ECDSA_P521_SHA256_ASN1,
                    (Rsa, Sha384) => &RSA_PKCS1_2048_8192_SHA384,
                    (Rsa, Sha512) => &RSA_PKCS1_2048_8192_SHA512,
                    _ => return Err(InvalidSignature),
                };
                return ParsedPublicKey::new(algorithm, &self.raw)
                    .map_err(|_| InvalidSignature)?
                    .verify_sig(message, signature)
                    .map_err(|_| InvalidSignature);
            }
        };
        let prepared = self.prepared.get_or_init(|| ParsedPublicKey::new(usual, &self.raw).ok());
        prepared.as_ref().ok_or(InvalidSignature)?.verify_sig(message, signature).map_err(|_| InvalidSignature)
    }

    /// Verifies like [`PublicKey::verify`], and remembers success: the same signature over the same message is not computed again. This is
    /// for what many signatures bring along, such as a certificate.
    ///
    /// # Errors
    /// [`InvalidSignature`], also where the hash is not for this kind of key.
    pub fn verify_cached(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let fact = Fact::new(hash, message, signature);
        if self.remembered.holds(&fact) {
            return Ok(());
        }
        self.verify(hash, message, signature)?;
        self.remembered.keep(fact);
        Ok(())
    }

    /// Verifies an ECDSA or RSA `signature` over the message with this SHA-256 `digest`, as a log does.
    ///
    /// # Errors
    /// [`InvalidSignature`], also for Ed25519, which needs the message itself.
    pub fn verify_digest(&self, digest: &[u8; 32], signature: &[u8]) -> Result<(), InvalidSignature> {
        let algorithm: &'static dyn VerificationAlgorithm = match self.kind {
            KeyKind::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
            KeyKind::EcdsaP384 => &ECDSA_P384_SHA256_ASN1,
            KeyKind::EcdsaP521 => &ECDSA_P521_SHA256_ASN1,
            KeyKind::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            KeyKind::Ed25519 => return Err(InvalidSignature),
        };
        let digest = aws_lc_rs::digest::Digest::import_less_safe(digest, &aws_lc_rs::digest::SHA256).map_err(|_| InvalidSignature)?;
        let key = ParsedPublicKey::new(algorithm, &self.raw).map_err(|_| InvalidSignature)?;
        key.verify_digest_sig(&digest, signature).map_err(|_| InvalidSignature)
    }

    /// Verifies a signature whose algorithm is in an AlgorithmIdentifier, as in certificates and SignerInfos.
    ///
    /// # Errors
    /// [`InvalidSignature`], also where the algorithm is not allowed, or not for this kind of key.
    pub fn verify_with(&self, algorithm: &AlgorithmIdentifierRef<'_>, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let hash = signature_hash(algorithm, self.kind).ok_or(InvalidSignature)?;
        self.verify_cached(hash, message, signature)
    }
}

/// The hash of a signature algorithm, where it is allowed and for this kind of key.
pub fn signature_hash(algorithm: &AlgorithmIdentifierRef<'_>, kind: KeyKind) -> Option<HashAlgorithm> {
    let ecdsa = matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521);
    let absent = algorithm.parameters.is_none();
    let absent_or_null = algorithm.parameters.is_none_or(|parameters| parameters.is_null());
    match algorithm.oid {
        ECDSA_WITH_SHA_256 if ecdsa && absent => Some(HashAlgorithm::Sha256),
        ECDSA_WITH_SHA_384 if ecdsa && absent => Some(HashAlgorithm::Sha384),
        ECDSA_WITH_SHA_512 if ecdsa && absent => Some(HashAlgorithm::Sha512),
        SHA_256_WITH_RSA_ENCRYPTION if kind == KeyKind::Rsa && absent_or_null => Some(HashAlgorithm::Sha256),
        SHA_384_WITH_RSA_ENCRYPTION if kind == KeyKind::Rsa && absent_or_null => Some(HashAlgorithm::Sha384),
        SHA_512_WITH_RSA_ENCRYPTION if kind == KeyKind::Rsa && absent_or_null => Some(HashAlgorithm::Sha512),
        ID_ED_25519 if kind == KeyKind::Ed25519 && absent => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublicKey").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.raw == other.raw
    }
}
impl Eq for PublicKey {}

impl Clone for PublicKey {
    fn clone(&self) -> Self {
        Self { kind: self.kind, raw: self.raw.clone(), prepared: OnceLock::new(), remembered: Remembered::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::{
        ecdsa::{Signature, SigningKey, signature::Signer},
        pkcs8::EncodePublicKey,
    };

    #[test]
    fn what_a_key_remembers_makes_nothing_else_good() {
        let key = |seed: u8| SigningKey::from_slice(&[seed; 32]).unwrap();
        let public = |key: &SigningKey| PublicKey::from_spki(key.verifying_key().to_public_key_der().unwrap().as_bytes()).unwrap();
        let sign = |key: &SigningKey, message: &[u8]| {
            let signature: Signature = key.sign(message);
            signature.to_der().as_bytes().to_vec()
        };
        let (signer, other) = (key(1), key(2));
        let (warm, signature) = (public(&signer), sign(&signer, b"message"));
        for _ in 0..2 {
            assert!(warm.verify_cached(HashAlgorithm::Sha256, b"message", &signature).is_ok());
            let wrong: [(HashAlgorithm, &[u8], Vec<u8>); 6] = [
                (HashAlgorithm::Sha256, b"messagf", signature.clone()),
                (HashAlgorithm::Sha256, b"messag", [b"e", signature.as_slice()].concat()),
                (HashAlgorithm::Sha256, b"message", sign(&signer, b"another message")),
                (HashAlgorithm::Sha256, b"message", sign(&other, b"message")),
                (HashAlgorithm::Sha384, b"message", signature.clone()),
                (HashAlgorithm::Sha512, b"message", signature.clone()),
            ];
            for (hash, message, signature) in wrong {
                assert!(warm.verify_cached(hash, message, &signature).is_err(), "{hash:?} {message:?}");
            }
        }
        // another key remembers nothing of this one, nor does a copy
        assert!(public(&other).verify_cached(HashAlgorithm::Sha256, b"message", &signature).is_err());
        assert!(warm.clone().verify_cached(HashAlgorithm::Sha256, b"message", &signature).is_ok());
    }
}
