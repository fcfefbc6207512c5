//! Keys of clients: every algorithm that Fulcio and both logs take, and what they refuse.

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    },
};
use const_oid::{
    ObjectIdentifier,
    db::{
        rfc5912::{ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, SHA_256_WITH_RSA_ENCRYPTION},
        rfc8410::ID_ED_25519,
    },
};
use der::{Any, Decode as _, Encode as _, asn1::BitString};
use p256::{ecdsa::signature::hazmat::PrehashSigner as _, pkcs8::EncodePublicKey as _};
use sha2::{Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::request::{CertReq, CertReqInfo, Version};

use super::*;
use crate::certificate::HashAlgorithm;

/// Signs a message.
type Signer = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key with one of its ways to sign.
pub(super) struct Client {
    pub name: &'static str,
    pub hash: HashAlgorithm,
    pub spki: Vec<u8>,
    pub sign: Signer,
}

impl Client {
    pub(super) fn ecdsa(name: &'static str, hash: HashAlgorithm, algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            name,
            hash,
            spki: spki.as_ref().to_vec(),
            sign: Box::new(move |message| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()),
        }
    }

    pub(super) fn rsa(name: &'static str, hash: HashAlgorithm, size: rsa::KeySize, encoding: &'static dyn RsaEncoding) -> Self {
        let pair = rsa::KeyPair::generate(size).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let spki = spki.as_ref().to_vec();
        Self {
            name,
            hash,
            spki,
            sign: Box::new(move |message| {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }),
        }
    }

    /// `ph` signs the SHA-512 of the message (RFC 8032).
    pub(super) fn ed25519(name: &'static str, ph: bool) -> Self {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let spki = spki.as_ref().to_vec();
        let prehashing = ed25519_dalek::SigningKey::from_bytes(&seed);
        let sign = move |message: &[u8]| {
            if ph {
                prehashing.sign_prehashed(Sha512::new_with_prefix(message), None).unwrap().to_bytes().to_vec()
            } else {
                pair.sign(message).as_ref().to_vec()
            }
        };
        Self { name, hash: HashAlgorithm::Sha512, spki, sign: Box::new(sign) }
    }

    pub(super) fn p256() -> Self {
        Self::ecdsa("PKIX_ECDSA_P256_SHA_256", HashAlgorithm::Sha256, &ECDSA_P256_SHA256_ASN1_SIGNING)
    }

    pub(super) fn p384() -> Self {
        Self::ecdsa("PKIX_ECDSA_P384_SHA_384", HashAlgorithm::Sha384, &ECDSA_P384_SHA384_ASN1_SIGNING)
    }

    /// No service takes this curve with this hash, except in envelopes.
    pub(super) fn p384_sha256() -> Self {
        let key = p384::ecdsa::SigningKey::from_slice(&[5; 48]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
        let sign = move |message: &[u8]| {
            let signature: p384::ecdsa::Signature = key.sign_prehash(&Sha256::digest(message)).unwrap();
            signature.to_der().as_bytes().to_vec()
        };
        Self { name: "PKIX_ECDSA_P384_SHA_256", hash: HashAlgorithm::Sha256, spki, sign: Box::new(sign) }
    }

    fn p256_sha384() -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[5; 32]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
        let sign = move |message: &[u8]| {
            let signature: p256::ecdsa::Signature = key.sign_prehash(&Sha384::digest(message)).unwrap();
            signature.to_der().as_bytes().to_vec()
        };
        Self { name: "PKIX_ECDSA_P256_SHA_256", hash: HashAlgorithm::Sha384, spki, sign: Box::new(sign) }
    }

    pub(super) fn public_key_pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki)
    }

    fn v1_request(&self, message: &[u8]) -> Value {
        json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": { "hash": { "algorithm": self.hash.name(), "value": hex::encode(self.hash.digest(message)) } },
            "signature": {
                "content": STANDARD.encode((self.sign)(message)),
                "publicKey": { "content": STANDARD.encode(self.public_key_pem()) },
            },
        } })
    }

    fn v2_request(&self, message: &[u8]) -> Value {
        json!({ "hashedRekordRequestV002": { "digest": STANDARD.encode(self.hash.digest(message)), "signature": {
            "content": STANDARD.encode((self.sign)(message)),
            "verifier": { "keyDetails": self.name, "publicKey": { "rawBytes": STANDARD.encode(&self.spki) } },
        } } })
    }

    fn certificate_request(&self, fixture: &Fixture) -> Value {
        json!({
            "credentials": { "oidcIdentityToken": fixture.token() },
            "publicKeyRequest": {
                "publicKey": { "content": self.public_key_pem() },
                "proofOfPossession": STANDARD.encode((self.sign)(EMAIL.as_bytes())),
            },
        })
    }

    fn csr(&self, fixture: &Fixture, algorithm: ObjectIdentifier, parameters: Option<Any>) -> Value {
        let info = CertReqInfo {
            version: Version::V1,
            subject: x509_cert::name::Name::default(),
            public_key: SubjectPublicKeyInfoOwned::from_der(&self.spki).unwrap(),
            attributes: Default::default(),
        };
        let signature = BitString::from_bytes(&(self.sign)(&info.to_der().unwrap())).unwrap();
        let request = CertReq { info, algorithm: AlgorithmIdentifierOwned { oid: algorithm, parameters }, signature };
        let text = pem("CERTIFICATE REQUEST", &request.to_der().unwrap());
        json!({ "credentials": { "oidcIdentityToken": fixture.token() }, "certificateSigningRequest": STANDARD.encode(text) })
    }
}

fn permitted() -> Vec<Client> {
    vec![
        Client::p256(),
        Client::p384(),
        Client::ecdsa("PKIX_ECDSA_P521_SHA_512", HashAlgorithm::Sha512, &ECDSA_P521_SHA512_ASN1_SIGNING),
        Client::rsa("PKIX_RSA_PKCS1V15_2048_SHA256", HashAlgorithm::Sha256, rsa::KeySize::Rsa2048, &RSA_PKCS1_SHA256),
        Client::ed25519("PKIX_ED25519_PH", true),
    ]
}

fn body(value: &Value) -> String {
    String::from_utf8(bytes(value)).unwrap()
}

/// The one entry of an answer of Rekor v1, with its UUID.
pub(super) fn one_entry(answer: &Answer) -> (String, Value) {
    assert!(answer.status() < 300, "{}", String::from_utf8_lossy(answer.body()));
    json(answer).as_object().unwrap().iter().next().map(|(uuid, entry)| (uuid.clone(), entry.clone())).unwrap()
}

#[test]
fn both_logs_store_signatures_by_public_keys_of_every_algorithm() {
    let fixture = Fixture::new(&[]);
    for client in permitted() {
        let (hash, digest) = (client.hash, client.hash.digest(b"content"));
        let request = client.v1_request(b"content");
        let (uuid, entry) = one_entry(&fixture.post("/api/v1/log/entries", &request));
        let expected = format!(
            r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"{}","value":"{}"}}}},"signature":{{"content":{},"publicKey":{{"content":"{}"}}}}}}}}"#,
            hash.name(),
            hex::encode(&digest),
            request["spec"]["signature"]["content"],
            STANDARD.encode(client.public_key_pem()),
        );
        assert_eq!(body(&entry["body"]), expected, "{}", client.name);
        assert!(uuid.ends_with(&hex::encode(tree::leaf_hash(expected.as_bytes()))));
        let request = client.v2_request(b"content");
        let answer = fixture.post("/api/v2/log/entries", &request);
        assert_eq!(answer.status(), 201, "{} {}", client.name, json(&answer));
        let expected = format!(
            r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"{}","digest":"{}"}},"signature":{{"content":{},"verifier":{{"keyDetails":"{}","publicKey":{{"rawBytes":"{}"}}}}}}}}}}}}"#,
            hash.protobuf_name(),
            STANDARD.encode(&digest),
            request["hashedRekordRequestV002"]["signature"]["content"],
            client.name,
            STANDARD.encode(&client.spki),
        );
        assert_eq!(body(&json(&answer)["canonicalizedBody"]), expected, "{}", client.name);
        // the key is found again, by itself and by nothing else
        let search = |content: String| {
            json(
                &fixture.post("/api/v1/index/retrieve", &json!({ "publicKey": { "format": "x509", "content": STANDARD.encode(content) } })),
            )
        };
        assert_eq!(search(client.public_key_pem()), json!([uuid]));
        assert_eq!(search(Client::p256().public_key_pem()), json!([]));
    }
}

/// Each case with status, code and words of the real server.
#[test]
fn rekor_v1_refuses_malformed_fields_in_the_words_of_the_real_server() {
    let fixture = Fixture::new(&[]);
    let good = Client::p256().v1_request(b"content");
    let failure = "validation failure list:\n";
    let key = "/spec/signature/publicKey/content";
    for (pointer, value, words) in [
        ("/spec", json!({}), format!("{failure}data in body is required\nsignature in body is required")),
        ("/spec", json!("x"), "unsupported input type string for DecodeEntry".into()),
        ("/spec/data/hash", json!({}), format!("{failure}data.data.hash.data.hash.algorithm in body is required")),
        ("/spec/signature", json!(3), format!("{failure}signature in body is required")),
        ("/spec/signature/publicKey", json!({}), "invalid public key: failure decoding PEM".into()),
        (key, json!("AA%="), "failed parsing base64 data for public key content: illegal base64 data at input byte 2".into()),
        (key, json!("AA"), "failed parsing base64 data for public key content: illegal base64 data at input byte 0".into()),
        (key, json!(STANDARD.encode(pem("RSA KEY", &[0]))), "invalid public key: cannot handle type RSA KEY".into()),
        ("/spec/signature/content", json!("eA=="), "verifying signature: ecdsa: Invalid IEEE_P1363 encoded bytes".into()),
    ] {
        let mut request = good.clone();
        *request.pointer_mut(pointer).unwrap() = value;
        let answer = fixture.post("/api/v1/log/entries", &request);
        assert_eq!((answer.status(), &json(&answer)["message"]), (400, &json!(format!("error processing entry: {words}"))));
    }
    let mut version = good;
    version["apiVersion"] = json!("x");
    let answer = fixture.post("/api/v1/log/entries", &version);
    assert_eq!((answer.status(), json(&answer)["code"].as_i64()), (422, Some(605)));
    assert_eq!(fixture.services.rekor1().size(), 0);
}

#[test]
fn a_search_refuses_what_no_entry_is_found_by() {
    let fixture = Fixture::new(&[]);
    for (query, code) in [
        (json!({ "hash": format!("md5:{}", "ab".repeat(32)) }), 605),
        (json!({ "hash": format!("sha512:{}", "ab".repeat(32)) }), 605),
        (json!({ "hash": "ab".repeat(48) }), 605),
        (json!({ "subject": "x".repeat(513) }), 603),
    ] {
        let answer = fixture.post("/api/v1/index/retrieve", &query);
        assert_eq!((answer.status(), json(&answer)["code"].as_i64()), (422, Some(code)), "{query}");
    }
    assert_eq!(fixture.post("/api/v1/index/retrieve", &json!({ "subject": "x".repeat(512) })).status(), 200);
}

#[test]
fn rekor_v1_keeps_the_case_of_a_digest() {
    let fixture = Fixture::new(&[]);
    let mut request = Client::p256().v1_request(b"content");
    let upper = hex::encode_upper(Sha256::digest(b"content"));
    request["spec"]["data"]["hash"]["value"] = json!(upper);
    let (uuid, entry) = one_entry(&fixture.post("/api/v1/log/entries", &request));
    assert!(body(&entry["body"]).contains(&upper));
    let found = fixture.post("/api/v1/index/retrieve", &json!({ "hash": upper.to_lowercase() }));
    assert_eq!(json(&found), json!([uuid]));
}

/// Algorithms that the real servers refuse, with the words of Rekor v1.
#[test]
fn neither_log_takes_another_algorithm() {
    let fixture = Fixture::new(&[]);
    let not_allowed = "entry algorithms are not allowed";
    for (client, words) in [
        (Client::p384_sha256(), not_allowed),
        (Client::p256_sha384(), not_allowed),
        (Client::rsa("PKIX_RSA_PKCS1V15_2048_SHA256", HashAlgorithm::Sha512, rsa::KeySize::Rsa2048, &RSA_PKCS1_SHA512), not_allowed),
        (
            Client::rsa("PKIX_RSA_PSS_2048_SHA256", HashAlgorithm::Sha256, rsa::KeySize::Rsa2048, &RSA_PSS_SHA256),
            "verifying signature: crypto/rsa: verification error",
        ),
        (Client::ed25519("PKIX_ED25519", false), "verifying signature: failed to verify signature: ed25519: invalid signature"),
    ] {
        let v1 = fixture.post("/api/v1/log/entries", &client.v1_request(b"content"));
        assert_eq!((v1.status(), &json(&v1)["message"]), (400, &json!(format!("error processing entry: {words}"))), "{}", client.name);
        // to look an entry up, its algorithm does not matter
        if words == not_allowed {
            let looked_up = fixture.post("/api/v1/log/entries/retrieve", &json!({ "entries": [client.v1_request(b"content")] }));
            assert_eq!((looked_up.status(), json(&looked_up)), (200, json!([])));
        }
        let v2 = fixture.post("/api/v2/log/entries", &client.v2_request(b"content"));
        assert_eq!((v2.status(), &json(&v2)["message"]), (400, &json!("invalid hashedrekord request")), "{}", client.name);
    }
    let mut short = Client::ed25519("", true);
    short.hash = HashAlgorithm::Sha256;
    let v1 = fixture.post("/api/v1/log/entries", &short.v1_request(b"content"));
    let words = r#"error processing entry: verifying signature: unsupported hash algorithm: "SHA-256" not in [SHA-512]"#;
    assert_eq!(json(&v1)["message"], words);
    assert_eq!((fixture.services.rekor1().size(), fixture.services.rekor2().size()), (0, 0));
}

#[test]
fn rekor_v2_reads_key_details_by_number_and_refuses_others() {
    let fixture = Fixture::new(&[]);
    let client = Client::p256();
    let with = |details: Value| {
        let mut request = client.v2_request(b"content");
        request["hashedRekordRequestV002"]["signature"]["verifier"]["keyDetails"] = details;
        fixture.post("/api/v2/log/entries", &request)
    };
    let answer = with(json!(5));
    assert!(body(&json(&answer)["canonicalizedBody"]).contains(r#""keyDetails":"PKIX_ECDSA_P256_SHA_256""#));
    for wrong in [json!(0), json!(7), json!("PKIX_ECDSA_P384_SHA_384"), json!("PKIX_ED25519"), json!(""), json!("nonsense")] {
        assert_eq!(with(wrong.clone()).status(), 400, "{wrong}");
    }
    let mut both = client.v2_request(b"content");
    both["hashedRekordRequestV002"]["signature"]["verifier"]["x509Certificate"] = json!({ "rawBytes": "AAAA" });
    assert_eq!(fixture.post("/api/v2/log/entries", &both).status(), 400);
}

#[test]
fn fulcio_certifies_keys_of_every_algorithm() {
    let fixture = Fixture::new(&[]);
    let null = || Some(Any::null());
    for (client, algorithm, parameters) in [
        (Client::p256(), ECDSA_WITH_SHA_256, None),
        (Client::p384(), ECDSA_WITH_SHA_384, None),
        (Client::ecdsa("P-521", HashAlgorithm::Sha512, &ECDSA_P521_SHA512_ASN1_SIGNING), ECDSA_WITH_SHA_512, None),
        (Client::rsa("RSA", HashAlgorithm::Sha256, rsa::KeySize::Rsa2048, &RSA_PKCS1_SHA256), SHA_256_WITH_RSA_ENCRYPTION, null()),
        (Client::ed25519("Ed25519", false), ID_ED_25519, None),
    ] {
        for request in [client.certificate_request(&fixture), client.csr(&fixture, algorithm, parameters.clone())] {
            let answer = fixture.post("/api/v2/signingCert", &request);
            assert_eq!(answer.status(), 200, "{} {}", client.name, json(&answer));
            let leaf = &json(&answer)["signedCertificateEmbeddedSct"]["chain"]["certificates"][0];
            let leaf = Certificate::from_der(der::Document::from_pem(leaf.as_str().unwrap()).unwrap().1.as_bytes()).unwrap();
            assert_eq!(leaf.spki(), client.spki);
            SignerCertificate::new(leaf).unwrap();
        }
    }
}

#[test]
fn fulcio_refuses_other_algorithms_in_the_words_of_the_real_server() {
    let fixture = Fixture::new(&[]);
    let weak = Client::p384_sha256();
    let strong = Client::rsa("", HashAlgorithm::Sha512, rsa::KeySize::Rsa2048, &RSA_PKCS1_SHA512);
    let prehashed = Client::ed25519("", true);
    let signature = "The signature supplied in the request could not be verified";
    for (request, words) in [
        (weak.csr(&fixture, ECDSA_WITH_SHA_256, None), "signing algorithm not permitted: *ecdsa.PublicKey, SHA-256"),
        (
            strong.csr(&fixture, const_oid::db::rfc5912::SHA_512_WITH_RSA_ENCRYPTION, Some(Any::null())),
            "signing algorithm not permitted: *rsa.PublicKey, SHA-512",
        ),
        (weak.certificate_request(&fixture), signature),
        (strong.certificate_request(&fixture), signature),
        (prehashed.certificate_request(&fixture), signature),
    ] {
        let answer = fixture.post("/api/v2/signingCert", &request);
        assert_eq!((answer.status(), &json(&answer)["message"]), (400, &json!(words)));
    }
    assert_eq!(fixture.services.ct().size(), 0);
}
