//! The key that signs the issuer's ID tokens (RFC 7518): RS256, which stock clients expect, or ES256.

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use der::{Decode as _, Reader as _, asn1::UintRef};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    error::LocalError,
    keys::{Algorithm, SigningKey, private_key_pem, read_private_key_pem},
};

/// The algorithms of ID tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// RSA with SHA-256, which OpenID clients must accept.
    #[default]
    Rs256,
    /// ECDSA P-256 with SHA-256.
    Es256,
}

/// The issuer's key.
#[derive(Debug)]
pub(super) enum TokenKey {
    Rs256(Box<RsaKeyPair>),
    Es256(SigningKey),
}

impl TokenKey {
    /// Generates a key and returns it as PKCS #8 PEM.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn generate(algorithm: TokenAlgorithm) -> Result<Zeroizing<String>, LocalError> {
        match algorithm {
            TokenAlgorithm::Es256 => SigningKey::generate(Algorithm::EcdsaP256),
            TokenAlgorithm::Rs256 => {
                let failed = |_| LocalError::Crypto("generate a key");
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                Ok(private_key_pem(der.as_ref()))
            }
        }
    }

    /// Reads the PEM of [`TokenKey::generate`], or a P-256 key of an older instance; `None` if it is anything else.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        let rsa = || RsaKeyPair::from_pkcs8(&read_private_key_pem(pem)?).ok();
        match SigningKey::from_pem(Algorithm::EcdsaP256, pem) {
            Some(key) => Some(Self::Es256(key)),
            None => rsa().map(|pair| Self::Rs256(Box::new(pair))),
        }
    }

    /// Its `alg` (RFC 7518, section 3.1).
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
        }
    }

    /// Its `kid`: the SHA-256 of the public key, hexadecimal.
    pub(super) fn id(&self) -> String {
        let public = match self {
            Self::Rs256(pair) => pair.public_key().as_ref(),
            Self::Es256(key) => key.spki(),
        };
        hex::encode(Sha256::digest(public))
    }

    /// Signs a message.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, LocalError> {
        match self {
            Self::Es256(key) => key.sign_es256(message),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| LocalError::Crypto("sign a token"))?;
                Ok(signature)
            }
        }
    }

    /// Whether the signature is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rs256(pair) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).verify(message, signature),
            Self::Es256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.raw_public_key()).verify(message, signature),
        }
        .is_ok()
    }

    /// The public key as a JSON Web Key (RFC 7517).
    pub(super) fn public(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match self {
            Self::Rs256(pair) => {
                let (modulus, exponent) = rsa_numbers(pair.public_key().as_ref()).unwrap_or_default();
                json!({ "kty": "RSA", "n": encode(&modulus), "e": encode(&exponent) })
            }
            Self::Es256(key) => {
                // an uncompressed point: the byte 4, then x and y
                let point = key.raw_public_key();
                let coordinate = |from: usize| encode(point.get(from..from + 32).unwrap_or_default());
                json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1), "y": coordinate(33) })
            }
        };
        if let Some(key) = key.as_object_mut() {
            key.extend(
                [("use", "sig".to_owned()), ("alg", self.algorithm().to_owned()), ("kid", self.id())]
                    .map(|(name, value)| (name.to_owned(), value.into())),
            );
        }
        key
    }
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017, appendix A.1.1), without leading zeros.
fn rsa_numbers(public: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = der::SliceReader::new(public).ok()?;
    let number = |number: UintRef<'_>| number.as_bytes().to_vec();
    reader.sequence(|fields| Ok::<_, der::Error>((number(UintRef::decode(fields)?), number(UintRef::decode(fields)?)))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_read_back_signs_and_is_published() {
        for (algorithm, name, kind) in [(TokenAlgorithm::Rs256, "RS256", "RSA"), (TokenAlgorithm::Es256, "ES256", "EC")] {
            let pem = TokenKey::generate(algorithm).unwrap();
            let (key, other) = (TokenKey::from_pem(&pem).unwrap(), TokenKey::from_pem(&TokenKey::generate(algorithm).unwrap()).unwrap());
            let signature = key.sign(b"message").unwrap();
            assert!(
                key.verifies(b"message", &signature) && !key.verifies(b"massage", &signature) && !other.verifies(b"message", &signature)
            );
            let public = key.public();
            assert_eq!((&public["alg"], &public["kty"], &public["use"]), (&json!(name), &json!(kind), &json!("sig")));
            assert_eq!(public["kid"], key.id());
            if kind == "RSA" {
                let modulus = URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap();
                assert_eq!((modulus.len(), public["e"].as_str()), (256, Some("AQAB")));
            }
        }
        assert!(TokenKey::from_pem(&SigningKey::generate(Algorithm::Ed25519).unwrap()).is_none());
        assert!(TokenKey::from_pem("").is_none());
    }
}
