//! How keys of each kind sign files and envelopes: each scheme verifies what it signed, with the bytes or with their digest, and nothing else.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    },
};
use ed25519_dalek::{Signer as _, SigningKey};
use paraph::internals::certificate::{HashAlgorithm, KeyKind, PublicKey, Scheme, SignedContent};
use paraph_vectors::{
    der::{oid, sequence, tlv},
    key::Key,
};
use sha2::Digest as _;

const MESSAGE: &[u8] = b"a file";

/// A key with a signature that it made over [`MESSAGE`], how, and the name of that.
struct Signed {
    key: PublicKey,
    scheme: Scheme,
    details: Option<&'static str>,
    signature: Vec<u8>,
}

fn spki(algorithm: &[Vec<u8>], key: &[u8]) -> PublicKey {
    PublicKey::from_spki(&sequence(&[sequence(algorithm), tlv(0x03, &[&[0], key].concat())])).unwrap()
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, curve: &str) -> (PublicKey, Vec<u8>) {
    let key = EcdsaKeyPair::generate(algorithm).unwrap();
    let signature = key.sign(&SystemRandom::new(), MESSAGE).unwrap().as_ref().to_vec();
    (spki(&[oid("1.2.840.10045.2.1"), oid(curve)], key.public_key().as_ref()), signature)
}

fn rsa(padding: &'static dyn RsaEncoding) -> (PublicKey, Vec<u8>) {
    let key = Key::rsa();
    let Key::Rsa(pair) = &key else { panic!("not RSA") };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), MESSAGE, &mut signature).unwrap();
    (PublicKey::from_spki(&key.spki()).unwrap(), signature)
}

fn all() -> Vec<Signed> {
    use HashAlgorithm::*;
    let signed = |(key, signature): (PublicKey, Vec<u8>), scheme, details| Signed { key, scheme, details, signature };
    let p256 = Key::p256("key");
    let ed25519 = SigningKey::from_bytes(&[7; 32]);
    let of_ed25519 = || spki(&[oid("1.3.101.112")], ed25519.verifying_key().as_bytes());
    let prehashed = ed25519.sign_prehashed(sha2::Sha512::new().chain_update(MESSAGE), None).unwrap().to_bytes().to_vec();
    vec![
        signed((PublicKey::from_spki(&p256.spki()).unwrap(), p256.sign(MESSAGE)), Scheme::Ecdsa(Sha256), Some("PKIX_ECDSA_P256_SHA_256")),
        signed(ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, "1.3.132.0.34"), Scheme::Ecdsa(Sha384), Some("PKIX_ECDSA_P384_SHA_384")),
        signed(ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, "1.3.132.0.35"), Scheme::Ecdsa(Sha512), Some("PKIX_ECDSA_P521_SHA_512")),
        signed(rsa(&RSA_PKCS1_SHA512), Scheme::Pkcs1(Sha512), None),
        signed(rsa(&RSA_PSS_SHA256), Scheme::Pss(Sha256), Some("PKIX_RSA_PSS_2048_SHA256")),
        signed((of_ed25519(), prehashed), Scheme::Ed25519ph, Some("PKIX_ED25519_PH")),
        signed((of_ed25519(), ed25519.sign(MESSAGE).to_bytes().to_vec()), Scheme::Ed25519, Some("PKIX_ED25519")),
    ]
}

fn digests(message: &[u8]) -> SignedContent<'static> {
    SignedContent::Digests(HashAlgorithm::ALL.map(|hash| (hash, hash.digest(message))).to_vec().into())
}

#[test]
fn each_scheme_verifies_what_it_signed_and_nothing_else() {
    let everything = || {
        let hashes = HashAlgorithm::ALL.into_iter();
        hashes.flat_map(|hash| [Scheme::Ecdsa(hash), Scheme::Pkcs1(hash), Scheme::Pss(hash)]).chain([Scheme::Ed25519, Scheme::Ed25519ph])
    };
    for Signed { key, scheme, details, signature } in all() {
        assert_eq!(scheme.details(&key), details);
        let bytes = SignedContent::Bytes(MESSAGE.into());
        let verifying = |content: &SignedContent<'_>, signature: &[u8]| {
            everything().filter(|other| other.verify(&key, content, signature).is_ok()).collect::<Vec<_>>()
        };
        assert_eq!(verifying(&bytes, &signature), [scheme], "{scheme:?}");
        // Ed25519 needs the bytes
        let by_digest = if scheme == Scheme::Ed25519 { vec![] } else { vec![scheme] };
        assert_eq!(verifying(&digests(MESSAGE), &signature), by_digest, "{scheme:?}");
        assert!(verifying(&SignedContent::Bytes(b"another".into()), &signature).is_empty(), "{scheme:?}");
        assert!(verifying(&digests(b"another"), &signature).is_empty(), "{scheme:?}");
        let mut changed = signature.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(verifying(&bytes, &changed).is_empty() && verifying(&bytes, &[]).is_empty(), "{scheme:?}");
        // the scheme is among those that the key allows, with the hash that a bundle states
        assert!(Scheme::of(key.kind(), scheme.hash()).contains(&scheme), "{scheme:?}");
    }
}

#[test]
fn a_digest_of_another_kind_is_not_enough() {
    let p384 = all().into_iter().find(|signed| signed.key.kind() == KeyKind::EcdsaP384).unwrap();
    let sha256 = SignedContent::Digests(vec![(HashAlgorithm::Sha256, HashAlgorithm::Sha256.digest(MESSAGE))].into());
    assert!(p384.scheme.verify(&p384.key, &sha256, &p384.signature).is_err());
}
