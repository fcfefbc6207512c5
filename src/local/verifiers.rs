//! What verifies the signature of a log entry: a certificate or a public key, with the algorithms that both logs and Fulcio allow.

use std::borrow::Cow;

use der::{
    Decode as _, Sequence, Tag, Tagged as _,
    asn1::{AnyRef, UintRef},
};

use crate::{
    certificate::{Certificate, HashAlgorithm, KeyKind, PublicKey, Scheme, SignedContent},
    signature::pem,
};

/// What verifies the signature of a log entry.
pub(super) enum Verifier {
    /// A certificate.
    Certificate(Certificate),
    /// A public key, with its DER SubjectPublicKeyInfo.
    PublicKey(PublicKey, Vec<u8>),
}

/// Why a certificate or a public key is refused, in the words of the real server where they are not a parser's.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidVerifier {
    /// The text is not PEM.
    #[error("invalid public key: failure decoding PEM")]
    Pem,
    /// The PEM block holds something else.
    #[error("invalid public key: cannot handle type {0}")]
    Label(String),
    /// The DER is malformed, or the kind of key is not supported.
    #[error("x509: {0}")]
    Malformed(String),
}

impl Verifier {
    /// The one certificate or public key of a PEM text.
    ///
    /// # Errors
    /// [`InvalidVerifier`].
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, InvalidVerifier> {
        let text = std::str::from_utf8(text).map_err(|_| InvalidVerifier::Pem)?;
        match der::pem::decode_vec(text.trim().as_bytes()).map_err(|_| InvalidVerifier::Pem)? {
            ("CERTIFICATE", der) => Self::certificate(&der),
            ("PUBLIC KEY", der) => Self::public_key(&der),
            (label, _) => Err(InvalidVerifier::Label(label.to_owned())),
        }
    }

    /// A certificate in DER.
    ///
    /// # Errors
    /// [`InvalidVerifier::Malformed`].
    pub(super) fn certificate(der: &[u8]) -> Result<Self, InvalidVerifier> {
        Certificate::from_der(der).map(Self::Certificate).map_err(|rejection| InvalidVerifier::Malformed(rejection.to_string()))
    }

    /// A public key, as a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`InvalidVerifier::Malformed`].
    pub(super) fn public_key(spki: &[u8]) -> Result<Self, InvalidVerifier> {
        let key = PublicKey::from_spki(spki).map_err(|error| InvalidVerifier::Malformed(error.to_string()))?;
        Ok(Self::PublicKey(key, spki.to_vec()))
    }

    /// The key.
    pub(super) fn key(&self) -> &PublicKey {
        match self {
            Self::Certificate(certificate) => certificate.public_key(),
            Self::PublicKey(key, _) => key,
        }
    }

    /// The DER bytes.
    pub(super) fn der(&self) -> &[u8] {
        match self {
            Self::Certificate(certificate) => certificate.der(),
            Self::PublicKey(_, spki) => spki,
        }
    }

    /// The PEM text that Rekor v1 stores.
    pub(super) fn pem(&self) -> String {
        let label = if matches!(self, Self::Certificate(_)) { "CERTIFICATE" } else { "PUBLIC KEY" };
        pem(label, self.der())
    }
}

/// An RSAPublicKey (RFC 8017, appendix A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// The size of an RSA key's modulus in bits, rounded up to whole bytes; 0 if the key is not RSA or is malformed.
pub(super) fn rsa_bits(key: &PublicKey) -> usize {
    if key.kind() != KeyKind::Rsa {
        return 0;
    }
    let parsed = RsaPublicKey::from_der(key.raw()).ok().filter(|parsed| !parsed.public_exponent.as_bytes().is_empty());
    parsed.map_or(0, |parsed| parsed.modulus.as_bytes().len().saturating_mul(8))
}

/// Whether both logs and Fulcio allow this key to sign content that is hashed with `hash`. For Ed25519, that is Ed25519ph.
pub(super) fn is_permitted(key: &PublicKey, hash: HashAlgorithm) -> bool {
    match key.kind() {
        KeyKind::EcdsaP256 => hash == HashAlgorithm::Sha256,
        KeyKind::EcdsaP384 => hash == HashAlgorithm::Sha384,
        KeyKind::EcdsaP521 | KeyKind::Ed25519 => hash == HashAlgorithm::Sha512,
        KeyKind::Rsa => hash == HashAlgorithm::Sha256 && matches!(rsa_bits(key), 2048 | 3072 | 4096),
    }
}

/// Whether the signature verifies over content with this digest. An Ed25519 key verifies Ed25519ph.
pub(super) fn verifies_digest(key: &PublicKey, (hash, digest): (HashAlgorithm, &[u8]), signature: &[u8]) -> bool {
    let scheme = match key.kind() {
        KeyKind::Rsa => Scheme::Pkcs1(hash),
        KeyKind::Ed25519 => Scheme::Ed25519ph,
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => Scheme::Ecdsa(hash),
    };
    let content = SignedContent::Digests(Cow::Owned(vec![(hash, digest.to_vec())]));
    scheme.verify(key, &content, signature).is_ok()
}

/// Whether the signature verifies over a message as Rekor v1 checks envelopes: with SHA-256 whatever the curve, and with Ed25519 itself.
pub(super) fn verifies_message(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let scheme = match key.kind() {
        KeyKind::Rsa => Scheme::Pkcs1(HashAlgorithm::Sha256),
        KeyKind::Ed25519 => Scheme::Ed25519,
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => Scheme::Ecdsa(HashAlgorithm::Sha256),
    };
    scheme.verify(key, &SignedContent::Bytes(Cow::Borrowed(message)), signature).is_ok()
}

/// Why a signature over a digest is refused, in the words of the real server.
pub(super) fn refusal(key: &PublicKey, hash: HashAlgorithm, signature: &[u8]) -> &'static str {
    match (key.kind(), hash) {
        (KeyKind::Rsa, _) => "crypto/rsa: verification error",
        (KeyKind::Ed25519, HashAlgorithm::Sha512) => "failed to verify signature: ed25519: invalid signature",
        (KeyKind::Ed25519, HashAlgorithm::Sha384) => r#"unsupported hash algorithm: "SHA-384" not in [SHA-512]"#,
        (KeyKind::Ed25519, HashAlgorithm::Sha256) => r#"unsupported hash algorithm: "SHA-256" not in [SHA-512]"#,
        (KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521, _) if !is_sequence(signature) => {
            "ecdsa: Invalid IEEE_P1363 encoded bytes"
        }
        (KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521, _) => "invalid signature when validating ASN.1 encoded signature",
    }
}

fn is_sequence(der: &[u8]) -> bool {
    AnyRef::from_der(der).is_ok_and(|any| any.tag() == Tag::Sequence)
}
