//! Keys from seeds, and deterministic signatures: ECDSA by RFC 6979, and Ed25519 and PKCS #1 v1.5 by their nature.

use super::der::{integer, oid, sequence, tlv};
use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::ecdsa::signature::Signer;
use sha2::{Digest, Sha256, Sha384};

/// A signing key. The kind of key decides the hash.
pub enum Key {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// The order of the group of P-256.
pub const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

impl Key {
    pub fn p256(seed: &str) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&Sha256::digest(seed)).unwrap())
    }

    pub fn p384(seed: &str) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&Sha384::digest(seed)).unwrap())
    }

    pub fn ed25519(seed: &str) -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&Sha256::digest(seed)).unwrap())
    }

    /// The only RSA key. It is in a file, since primes are not derived from a seed.
    pub fn rsa() -> Self {
        let pem: String = include_str!("../rsa-2048.pem").lines().filter(|line| !line.starts_with('-')).collect();
        Self::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap())
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// subjectPublicKey.
    pub fn raw(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
        }
    }

    pub fn spki(&self) -> Vec<u8> {
        let curve = |name: &str| sequence(&[oid("1.2.840.10045.2.1"), oid(name)]);
        let algorithm = match self {
            Self::P256(_) => curve("1.2.840.10045.3.1.7"),
            Self::P384(_) => curve("1.3.132.0.34"),
            Self::Ed25519(_) => sequence(&[oid("1.3.101.112")]),
            Self::Rsa(key) => {
                return AsDer::as_der(key.public_key())
                    .map(|der: aws_lc_rs::encoding::PublicKeyX509Der<'_>| der.as_ref().to_vec())
                    .unwrap();
            }
        };
        sequence(&[algorithm, tlv(0x03, &[&[0], self.raw().as_slice()].concat())])
    }

    /// The AlgorithmIdentifier of its signatures.
    pub fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Self::P256(_) => sequence(&[oid("1.2.840.10045.4.3.2")]),
            Self::P384(_) => sequence(&[oid("1.2.840.10045.4.3.3")]),
            Self::Ed25519(_) => sequence(&[oid("1.3.101.112")]),
            Self::Rsa(_) => sequence(&[oid("1.2.840.113549.1.1.11"), tlv(0x05, &[])]),
        }
    }

    /// Its name in Sigstore's `PublicKeyDetails`.
    pub fn details(&self) -> &'static str {
        match self {
            Self::P256(_) => "PKIX_ECDSA_P256_SHA_256",
            Self::P384(_) => "PKIX_ECDSA_P384_SHA_384",
            Self::Ed25519(_) => "PKIX_ED25519",
            Self::Rsa(_) => "PKIX_RSA_PKCS1V15_2048_SHA256",
        }
    }
}

/// r and s of a DER ECDSA signature, 32 bytes each.
pub fn scalars(der: &[u8]) -> ([u8; 32], [u8; 32]) {
    let bytes = p256::ecdsa::Signature::from_der(der).unwrap().to_bytes();
    (bytes[..32].try_into().unwrap(), bytes[32..].try_into().unwrap())
}

/// The DER signature of an unsigned r and s.
pub fn signature_of(r: &[u8], s: &[u8]) -> Vec<u8> {
    sequence(&[integer(&unsigned(r)), integer(&unsigned(s))])
}

/// The content octets of a non-negative INTEGER.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    match digits.first() {
        None => vec![0],
        Some(first) if *first >= 0x80 => [&[0], digits.as_slice()].concat(),
        Some(_) => digits,
    }
}

/// The order of the group of P-256 minus a scalar.
pub fn negated(scalar: &[u8; 32]) -> [u8; 32] {
    let (mut result, mut borrow) = (order(), 0i16);
    for index in (0..32).rev() {
        let difference = i16::from(result[index]) - i16::from(scalar[index]) - borrow;
        borrow = i16::from(difference < 0);
        result[index] = u8::try_from(difference + 256 * borrow).unwrap();
    }
    result
}

pub fn order() -> [u8; 32] {
    std::array::from_fn(|index| u8::from_str_radix(&P256_ORDER[2 * index..2 * index + 2], 16).unwrap())
}
