//! Which algorithms are allowed: every combination of algorithm, parameters and kind of key, and which keys are read.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding},
};
use der::Decode;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use paraph::internals::certificate::{HashAlgorithm, KeyKind, PublicKey, key::signature_hash};
use paraph_vectors::{
    der::{oid, sequence, tlv},
    key::Key,
};
use spki::AlgorithmIdentifierRef;

const NULL: &[u8] = &[5, 0];
const OTHER: &[u8] = &[2, 1, 1];

/// The parameters that an algorithm may have.
#[derive(Clone, Copy, PartialEq)]
enum Parameters {
    Absent,
    AbsentOrNull,
}

fn identifier(algorithm: &str, parameters: &[u8]) -> Vec<u8> {
    sequence(&[oid(algorithm), parameters.to_vec()])
}

#[test]
fn a_signature_algorithm_belongs_to_one_kind_of_key_and_one_hash() {
    use {HashAlgorithm::*, KeyKind::*, Parameters::*};
    let kinds = [EcdsaP256, EcdsaP384, Ed25519, Rsa];
    let algorithms: [(&str, &[KeyKind], HashAlgorithm, Parameters); 7] = [
        ("1.2.840.10045.4.3.2", &[EcdsaP256, EcdsaP384], Sha256, Absent),
        ("1.2.840.10045.4.3.3", &[EcdsaP256, EcdsaP384], Sha384, Absent),
        ("1.2.840.10045.4.3.4", &[EcdsaP256, EcdsaP384], Sha512, Absent),
        ("1.2.840.113549.1.1.11", &[Rsa], Sha256, AbsentOrNull),
        ("1.2.840.113549.1.1.12", &[Rsa], Sha384, AbsentOrNull),
        ("1.2.840.113549.1.1.13", &[Rsa], Sha512, AbsentOrNull),
        ("1.3.101.112", &[Ed25519], Sha512, Absent),
    ];
    // SHA-1 and SHA-224, RSA-PSS, rsaEncryption, Ed448, DSA
    let refused = [
        "1.2.840.10045.4.1",
        "1.2.840.10045.4.3.1",
        "1.2.840.113549.1.1.5",
        "1.2.840.113549.1.1.10",
        "1.2.840.113549.1.1.1",
        "1.3.101.113",
        "2.16.840.1.101.3.4.3.2",
    ];
    let found = |algorithm: &str, parameters: &[u8], kind| {
        signature_hash(&AlgorithmIdentifierRef::from_der(&identifier(algorithm, parameters)).unwrap(), kind)
    };
    for kind in kinds {
        for (algorithm, of, hash, parameters) in algorithms {
            let expected = of.contains(&kind).then_some(hash);
            assert_eq!(found(algorithm, &[], kind), expected, "{algorithm} {kind:?}");
            assert_eq!(found(algorithm, NULL, kind), expected.filter(|_| parameters == AbsentOrNull), "{algorithm} {kind:?} NULL");
            assert_eq!(found(algorithm, OTHER, kind), None, "{algorithm} {kind:?} with parameters");
        }
        for algorithm in refused {
            assert_eq!(found(algorithm, &[], kind), None, "{algorithm} {kind:?}");
        }
    }
}

#[test]
fn a_digest_algorithm_has_no_parameters_or_null() {
    let of = |algorithm: &str, parameters: &[u8]| {
        HashAlgorithm::from_digest_algorithm(&AlgorithmIdentifierRef::from_der(&identifier(algorithm, parameters)).unwrap())
    };
    for (algorithm, hash, length) in [
        ("2.16.840.1.101.3.4.2.1", HashAlgorithm::Sha256, 32),
        ("2.16.840.1.101.3.4.2.2", HashAlgorithm::Sha384, 48),
        ("2.16.840.1.101.3.4.2.3", HashAlgorithm::Sha512, 64),
    ] {
        assert_eq!([of(algorithm, &[]), of(algorithm, NULL), of(algorithm, OTHER)], [Some(hash), Some(hash), None]);
        assert_eq!(hash.digest(b"abc").len(), length);
    }
    for algorithm in ["1.3.14.3.2.26", "1.2.840.113549.2.5", "2.16.840.1.101.3.4.2.4"] {
        assert_eq!(of(algorithm, &[]), None, "{algorithm}");
    }
    let starts = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512].map(|hash| hash.digest(b"abc")[..3].to_vec());
    assert_eq!(starts, [[0xba, 0x78, 0x16], [0xcb, 0x00, 0x75], [0xdd, 0xaf, 0x35]].map(|start| start.to_vec()));
}

fn spki(algorithm: &str, parameters: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[identifier(algorithm, parameters), tlv(3, &[&[0], key].concat())])
}

#[test]
fn a_key_is_of_a_kind_that_is_allowed_in_its_one_form() {
    let kind = |der: &[u8]| PublicKey::from_spki(der).map(|key| key.kind()).map_err(|error| error.to_string());
    let [p256, p384, ed25519, rsa] = [Key::p256("key"), Key::p384("key"), Key::ed25519("key"), Key::rsa()];
    for (key, expected, details) in [
        (&p256, KeyKind::EcdsaP256, "PKIX_ECDSA_P256_SHA_256"),
        (&p384, KeyKind::EcdsaP384, "PKIX_ECDSA_P384_SHA_384"),
        (&ed25519, KeyKind::Ed25519, "PKIX_ED25519"),
        (&rsa, KeyKind::Rsa, "PKIX_RSA_PKCS1V15_2048_SHA256"),
    ] {
        let read = PublicKey::from_spki(&key.spki()).unwrap();
        assert_eq!((read.kind(), read.details(), read.raw()), (expected, details, key.raw().as_slice()));
        assert!(format!("{read:?}").contains("kind"));
        let hash = if expected == KeyKind::EcdsaP384 { HashAlgorithm::Sha384 } else { HashAlgorithm::Sha256 };
        assert_eq!(read.clone().verify(hash, b"message", &key.sign(b"message")), Ok(()));
        assert!(read.verify(hash, b"another", &key.sign(b"message")).is_err());
    }
    let (rsa_key, ed25519_key) = (rsa.raw(), ed25519.raw());
    assert_eq!(kind(&spki("1.2.840.113549.1.1.1", &[], &rsa_key)), Ok(KeyKind::Rsa));
    assert_eq!(kind(&spki("1.2.840.113549.1.1.1", NULL, &rsa_key)), Ok(KeyKind::Rsa));
    assert!(kind(&spki("1.2.840.113549.1.1.1", OTHER, &rsa_key)).is_err());
    assert_eq!(kind(&spki("1.3.101.112", &[], &ed25519_key)), Ok(KeyKind::Ed25519));
    assert!(kind(&spki("1.3.101.112", NULL, &ed25519_key)).is_err());
    assert!(kind(&spki("1.3.101.113", &[], &ed25519_key)).unwrap_err().contains("1.3.101.113"));
    // secp256k1, no curve, and points in other forms
    assert!(kind(&spki("1.2.840.10045.2.1", &oid("1.3.132.0.10"), &p256.raw())).unwrap_err().contains("curve"));
    assert!(kind(&spki("1.2.840.10045.2.1", &[], &p256.raw())).unwrap_err().contains("curve"));
    for key in [&p256, &p384] {
        let mut compressed = key.raw();
        compressed[0] = 2;
        let curve = if key.raw().len() == 65 { "1.2.840.10045.3.1.7" } else { "1.3.132.0.34" };
        assert!(kind(&spki("1.2.840.10045.2.1", &oid(curve), &key.raw())).is_ok());
        assert!(kind(&spki("1.2.840.10045.2.1", &oid(curve), &compressed)).unwrap_err().contains("uncompressed"));
        assert!(kind(&spki("1.2.840.10045.2.1", &oid(curve), &[])).is_err());
    }
}

#[test]
fn keys_are_equal_where_kind_and_bytes_are() {
    let read = |key: &Key| PublicKey::from_spki(&key.spki()).unwrap();
    assert_eq!(read(&Key::p256("one")), read(&Key::p256("one")));
    assert_ne!(read(&Key::p256("one")), read(&Key::p256("other")));
    assert_ne!(read(&Key::p256("one")), read(&Key::p384("one")));
    // the same bytes as another kind of key: nonsense, and not equal
    let bytes = Key::ed25519("one").raw();
    let as_rsa = PublicKey::from_spki(&spki("1.2.840.113549.1.1.1", NULL, &bytes)).unwrap();
    assert_ne!(as_rsa, read(&Key::ed25519("one")));
}

#[test]
fn a_hash_that_does_not_go_with_the_key_is_refused() {
    use HashAlgorithm::*;
    let read = |key: &Key| PublicKey::from_spki(&key.spki()).unwrap();
    let [p256, p384] = [Key::p256("key"), Key::p384("key")];
    for (key, usual) in [(&p256, Sha256), (&p384, Sha384)] {
        for hash in [Sha256, Sha384, Sha512] {
            assert_eq!(read(key).verify(hash, b"message", &key.sign(b"message")).is_ok(), hash == usual, "{hash:?}");
        }
    }
    assert!(read(&Key::ed25519("key")).verify_digest(&[0; 32], &[0; 64]).is_err());
}

#[test]
fn each_hash_that_goes_with_a_key_is_taken() {
    use HashAlgorithm::*;
    let (p256, p384, rsa) = (Key::p256("key"), Key::p384("key"), Key::rsa());
    let signed = |key: &Key, hash: HashAlgorithm| match key {
        Key::P256(key) => {
            let signature: p256::ecdsa::Signature = key.sign_prehash(&hash.digest(b"message")).unwrap();
            signature.to_der().as_bytes().to_vec()
        }
        Key::P384(key) => {
            let signature: p384::ecdsa::Signature = key.sign_prehash(&hash.digest(b"message")).unwrap();
            signature.to_der().as_bytes().to_vec()
        }
        Key::Rsa(key) => {
            let padding: &'static dyn RsaEncoding = match hash {
                Sha256 => &RSA_PKCS1_SHA256,
                Sha384 => &RSA_PKCS1_SHA384,
                Sha512 => &RSA_PKCS1_SHA512,
            };
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(padding, &SystemRandom::new(), b"message", &mut signature).unwrap();
            signature
        }
        Key::Ed25519(key) => key.sign(b"message").as_ref().to_vec(),
    };
    let pairs = [
        (&p256, vec![Sha256, Sha384]),
        (&p384, vec![Sha256, Sha384]),
        (&rsa, vec![Sha256, Sha384, Sha512]),
        // it hashes by itself
        (&Key::ed25519("key"), vec![Sha256, Sha384, Sha512]),
    ];
    for (key, hashes) in pairs {
        let public = PublicKey::from_spki(&key.spki()).unwrap();
        for hash in [Sha256, Sha384, Sha512] {
            let signature = signed(key, hash);
            assert_eq!(public.verify(hash, b"message", &signature).is_ok(), hashes.contains(&hash), "{:?} {hash:?}", public.kind());
            assert!(public.verify(hash, b"massage", &signature).is_err(), "{:?} {hash:?}", public.kind());
        }
    }
}
