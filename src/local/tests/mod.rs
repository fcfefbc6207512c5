//! The services together, and their answers before the verifier.

mod client_keys;
mod device;
mod envelopes;
mod login;
mod real_servers;
mod repository;

use axum::{body::Body, http::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::Decode as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    keys::{Algorithm, SigningKey},
    router::router,
    *,
};
use crate::{
    certificate::{Certificate, PublicKey, Sct, SignerCertificate},
    evidence::{
        entry::{CheckpointEnvelope, EntryVersion, HashedRekord, InclusionPromise, InclusionProof, LogId, TransparencyLogEntry},
        log::{LogKey, verify_entry},
        rfc3161::TimeStampResp,
        timestamp::TimestampToken,
    },
    signature::pem,
};

const EMAIL: &str = "you@example.com";

/// An instance whose clock stands still. Its router is called without a server.
struct Fixture {
    folder: tempfile::TempDir,
    services: Arc<LocalServices>,
    key: SigningKey,
}

/// An answer with its whole body.
struct Answer {
    head: axum::http::response::Parts,
    body: Vec<u8>,
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    fn body(&self) -> &[u8] {
        &self.body
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    fn header_names(&self) -> Vec<String> {
        // the HTTP library writes the length
        self.head.headers.keys().filter(|name| *name != "content-length").map(ToString::to_string).collect()
    }
}

fn now() -> Timestamp {
    "2026-11-23T01:00:00Z".parse().unwrap()
}

impl Fixture {
    fn new(faults: &[&str]) -> Self {
        Self::with_clock(faults, Arc::new(now))
    }

    fn with_clock(faults: &[&str], clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = InitOptions { created: Some(now()), ..InitOptions::default() };
        let instance = Instance::init_with(&folder.path().join("instance"), &options).unwrap();
        let faults: Vec<Fault> = faults.iter().map(|name| name.parse().unwrap()).collect();
        let services = Arc::new(LocalServices::open(instance.folder, CERTIFICATE_LIFETIME, faults.into(), clock).unwrap());
        let pem = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        Self { folder, services, key: SigningKey::from_pem(Algorithm::EcdsaP256, &pem).unwrap() }
    }

    fn instance(&self) -> Instance {
        Instance::open(&self.folder.path().join("instance")).unwrap()
    }

    /// A login code, made by the services' clock.
    fn login_code(&self) -> String {
        self.instance().login_code_at(self.services.now()).unwrap()
    }

    fn token(&self) -> String {
        self.instance().identity_token_at(EMAIL, now()).unwrap()
    }

    fn call(&self, method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let host = self.services.url.strip_prefix("http://").unwrap();
        let mut request = Request::builder().method(method).uri(target).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.into())).unwrap();
        let router = router(self.services.clone(), None);
        // a thread of its own: some tests have a runtime already
        std::thread::scope(|scope| scope.spawn(|| run(router, request)).join().unwrap())
    }

    fn get(&self, target: &str) -> Answer {
        self.call("GET", target, &[], "")
    }

    fn post(&self, target: &str, body: &Value) -> Answer {
        self.call("POST", target, &[("content-type", "application/json")], body.to_string())
    }

    fn certificate_request(&self) -> Value {
        json!({
            "credentials": { "oidcIdentityToken": self.token() },
            "publicKeyRequest": {
                "publicKey": { "algorithm": "ECDSA", "content": pem("PUBLIC KEY", self.key.spki()) },
                "proofOfPossession": STANDARD.encode(self.key.sign(EMAIL.as_bytes()).unwrap()),
            },
        })
    }

    fn certificate(&self) -> Certificate {
        let answer = self.post("/api/v2/signingCert", &self.certificate_request());
        assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(answer.body()));
        let chain = json(&answer)["signedCertificateEmbeddedSct"]["chain"]["certificates"].clone();
        Certificate::from_der(der::Document::from_pem(chain[0].as_str().unwrap()).unwrap().1.as_bytes()).unwrap()
    }

    fn v1_request(&self, certificate: &Certificate, digest: &[u8; 32], signature: &[u8]) -> Value {
        json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": hex::encode(digest) } },
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": { "content": STANDARD.encode(pem("CERTIFICATE", certificate.der())) },
            },
        } })
    }

    fn v2_request(&self, certificate: &Certificate, digest: &[u8; 32], signature: &[u8]) -> Value {
        json!({ "hashedRekordRequestV002": { "digest": STANDARD.encode(digest), "signature": {
            "content": STANDARD.encode(signature),
            "verifier": { "keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": { "rawBytes": STANDARD.encode(certificate.der()) } },
        } } })
    }

    fn v1_key(&self) -> LogKey {
        let spki = self.services.folder.keys.rekor1.spki();
        log_key(spki, Sha256::digest(spki).into())
    }

    fn v2_key(&self) -> LogKey {
        let log = self.services.rekor2();
        log_key(log.identity().key.spki(), log.identity().key_id().unwrap())
    }
}

fn run(router: axum::Router, request: Request<Body>) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (head, body) = tower::ServiceExt::oneshot(router, request).await.unwrap().into_parts();
        Answer { head, body: axum::body::to_bytes(body, usize::MAX).await.unwrap().into() }
    })
}

fn log_key(spki: &[u8], id: [u8; 32]) -> LogKey {
    LogKey { key: PublicKey::from_spki(spki).unwrap(), id, origin: Some("127.0.0.1".into()) }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(answer.body())))
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// The answer of a create call as a client turns it into an entry.
fn v1_entry(answer: &Answer) -> TransparencyLogEntry {
    let value = json(answer).as_object().unwrap().values().next().unwrap().clone();
    let proof = &value["verification"]["inclusionProof"];
    TransparencyLogEntry {
        log_index: value["logIndex"].as_i64().unwrap(),
        log_id: Some(LogId { key_id: unhex(&value["logID"]) }),
        kind_version: Some(EntryVersion::V001.kind_version()),
        integrated_time: value["integratedTime"].as_i64().unwrap(),
        inclusion_promise: Some(InclusionPromise { signed_entry_timestamp: bytes(&value["verification"]["signedEntryTimestamp"]) }),
        inclusion_proof: Some(InclusionProof {
            log_index: proof["logIndex"].as_i64().unwrap(),
            root_hash: unhex(&proof["rootHash"]),
            tree_size: proof["treeSize"].as_i64().unwrap(),
            hashes: proof["hashes"].as_array().unwrap().iter().map(unhex).collect(),
            checkpoint: Some(CheckpointEnvelope { envelope: proof["checkpoint"].as_str().unwrap().into() }),
        }),
        canonicalized_body: Vec::new(),
    }
}

fn v2_entry(answer: &Answer) -> TransparencyLogEntry {
    let value = json(answer);
    let proof = &value["inclusionProof"];
    let number = |value: &Value| value.as_str().unwrap().parse().unwrap();
    TransparencyLogEntry {
        log_index: number(&value["logIndex"]),
        log_id: Some(LogId { key_id: bytes(&value["logId"]["keyId"]) }),
        kind_version: Some(EntryVersion::V002.kind_version()),
        integrated_time: number(&value["integratedTime"]),
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: number(&proof["logIndex"]),
            root_hash: bytes(&proof["rootHash"]),
            tree_size: number(&proof["treeSize"]),
            hashes: proof["hashes"].as_array().unwrap().iter().map(bytes).collect(),
            checkpoint: Some(CheckpointEnvelope { envelope: proof["checkpoint"]["envelope"].as_str().unwrap().into() }),
        }),
        canonicalized_body: Vec::new(),
    }
}

#[test]
fn a_certificate_keeps_fulcios_profile_with_a_chain_and_an_sct_that_hold() {
    let fixture = Fixture::new(&[]);
    let certificate = fixture.certificate();
    let chain: Vec<_> = fixture.services.folder.fulcio_chain.iter().map(|der| Certificate::from_der(der).unwrap()).collect();
    certificate.verify_signature(chain[0].public_key()).unwrap();
    chain[0].verify_signature(chain[1].public_key()).unwrap();
    chain[1].verify_signature(chain[1].public_key()).unwrap();
    assert_eq!((certificate.issuer(), certificate.serial().len()), (chain[0].subject(), 20));
    assert_eq!((certificate.not_before(), certificate.not_after().as_second()), (now(), now().as_second() + 600));
    assert_eq!((certificate.subject(), certificate.spki()), (&[0x30, 0][..], fixture.key.spki()));
    let sct = Sct::embedded(&certificate).unwrap().remove(0);
    let ct = PublicKey::from_spki(fixture.services.folder.keys.ct.spki()).unwrap();
    ct.verify(sct.hash, &sct.signed_bytes(&certificate, chain[0].spki()).unwrap(), &sct.signature).unwrap();
    let signer = SignerCertificate::new(certificate).unwrap();
    assert_eq!((signer.identity().name.as_str(), &signer.identity().issuer), (EMAIL, &fixture.services.url));
    assert_eq!(signer.claims(), [("tokenSubject", EMAIL.to_owned())]);
    assert_eq!(fixture.services.ct().size(), 1);
}

#[test]
fn entries_of_both_logs_hold_before_the_verifier() {
    let fixture = Fixture::new(&[]);
    let certificate = fixture.certificate();
    for number in 0..5u8 {
        let (message, digest) = ([number; 9], Sha256::digest([number; 9]).into());
        let signature = fixture.key.sign(&message).unwrap();
        let expected = HashedRekord::of_certificate(&digest, &signature, certificate.der(), certificate.public_key().details());
        let v1 = fixture.post("/api/v1/log/entries", &fixture.v1_request(&certificate, &digest, &signature));
        assert_eq!(v1.status(), 201);
        verify_entry(&v1_entry(&v1), &expected, &fixture.v1_key()).unwrap();
        let v2 = fixture.post("/api/v2/log/entries", &fixture.v2_request(&certificate, &digest, &signature));
        assert_eq!(v2.status(), 201);
        verify_entry(&v2_entry(&v2), &expected, &fixture.v2_key()).unwrap();
        // an entry that is there already is named, and read by its name
        let again = fixture.post("/api/v1/log/entries", &fixture.v1_request(&certificate, &digest, &signature));
        assert_eq!((again.status(), again.header("location")), (409, v1.header("location")));
        verify_entry(&v1_entry(&fixture.get(again.header("location").unwrap())), &expected, &fixture.v1_key()).unwrap();
        let again = fixture.post("/api/v2/log/entries", &fixture.v2_request(&certificate, &digest, &signature));
        assert_eq!((again.status(), again.header("x-log-index")), (409, Some(number.to_string().as_str())));
    }
    let found = json(&fixture.post("/api/v1/index/retrieve", &json!({ "email": EMAIL })));
    assert_eq!(found.as_array().unwrap().len(), 5);
}

#[test]
fn a_wrong_signature_is_not_logged() {
    let fixture = Fixture::new(&[]);
    let certificate = fixture.certificate();
    let signature = fixture.key.sign(b"message").unwrap();
    let other = Sha256::digest(b"other").into();
    assert_eq!(fixture.post("/api/v1/log/entries", &fixture.v1_request(&certificate, &other, &signature)).status(), 400);
    assert_eq!(fixture.post("/api/v2/log/entries", &fixture.v2_request(&certificate, &other, &signature)).status(), 400);
    assert_eq!((fixture.services.rekor1().size(), fixture.services.rekor2().size()), (0, 0));
}

#[test]
fn the_tiles_of_the_v2_log_add_up_to_its_checkpoint() {
    let fixture = Fixture::new(&[]);
    let certificate = fixture.certificate();
    for number in 0..3u8 {
        let signature = fixture.key.sign(&[number]).unwrap();
        fixture.post("/api/v2/log/entries", &fixture.v2_request(&certificate, &Sha256::digest([number]).into(), &signature));
    }
    let checkpoint =
        crate::evidence::checkpoint::Checkpoint::parse(std::str::from_utf8(fixture.get("/api/v2/checkpoint").body()).unwrap()).unwrap();
    let key = fixture.v2_key();
    checkpoint.verify(&key.key, &key.id).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.tree_size), ("127.0.0.1", 3));
    let tile = fixture.get("/api/v2/tile/0/000.p/3");
    let bundle = fixture.get("/api/v2/tile/entries/000.p/3");
    let (mut tree, mut rest) = (tree::Tree::default(), bundle.body());
    for hash in tile.body().chunks(32) {
        let (length, after) = rest.split_first_chunk::<2>().unwrap();
        let (body, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        assert_eq!(tree::leaf_hash(body), hash);
        tree.push(tree::leaf_hash(body));
        rest = after;
    }
    assert_eq!((tree.root(3), rest.len()), (Some(checkpoint.root_hash), 0));
    for absent in [
        "/api/v2/tile/0/000",
        "/api/v2/tile/0/000.p/4",
        "/api/v2/tile/1/000.p/1",
        "/api/v2/tile/entries/001.p/1",
        "/api/v2/tile/00/000.p/3",
    ] {
        assert_eq!(fixture.get(absent).status(), 404, "{absent}");
    }
}

#[test]
fn a_timestamp_holds_before_the_verifier() {
    let fixture = Fixture::new(&[]);
    let query = json!({ "artifactHash": STANDARD.encode(Sha256::digest(b"signature")), "hashAlgorithm": "sha256", "nonce": u64::MAX, "certificates": true });
    let answer = fixture.post("/api/v1/timestamp", &query);
    let response = TimeStampResp::from_der(answer.body()).unwrap();
    let token = der::Encode::to_der(&response.time_stamp_token.unwrap()).unwrap();
    TimestampToken::verify(&token, b"signature", std::iter::empty()).unwrap();
    assert!(TimestampToken::verify(&token, b"another signature", std::iter::empty()).is_err());
}

#[test]
fn fulcio_refuses_what_does_not_show_the_key_or_the_identity() {
    let fixture = Fixture::new(&[]);
    let good = fixture.certificate_request();
    let mut bad = Vec::new();
    for (path, value) in [
        ("/credentials/oidcIdentityToken", json!("")),
        ("/credentials/oidcIdentityToken", json!(format!("{}x", fixture.token()))),
        ("/credentials/oidcIdentityToken", json!("a.".repeat(100_000))),
        ("/publicKeyRequest/proofOfPossession", json!(STANDARD.encode(fixture.key.sign(b"another@example.com").unwrap()))),
        ("/publicKeyRequest/proofOfPossession", json!("%")),
        ("/publicKeyRequest/publicKey/content", json!("nonsense")),
        ("/publicKeyRequest/publicKey", json!(null)),
    ] {
        let mut request = good.clone();
        *request.pointer_mut(path).unwrap() = value;
        bad.push(request);
    }
    let expired = fixture.instance().identity_token_at(EMAIL, now() - jiff::SignedDuration::from_hours(1)).unwrap();
    let mut request = good.clone();
    request["credentials"]["oidcIdentityToken"] = json!(expired);
    bad.push(request);
    for request in bad {
        let answer = fixture.post("/api/v2/signingCert", &request);
        assert_eq!((answer.status(), json(&answer)["code"].as_i64()), (400, Some(3)), "{request}");
    }
    assert_eq!(fixture.services.ct().size(), 0);
}

/// Each fault does what it says, and no more: the other checks of the certificate hold.
#[test]
fn faults_of_fulcio_are_seen_by_the_verifier() {
    let other_key = Fixture::new(&["fulcio=other-key"]);
    assert_ne!(other_key.certificate().spki(), other_key.key.spki());
    let other_identity = SignerCertificate::new(Fixture::new(&["fulcio=other-identity"]).certificate()).unwrap();
    assert_eq!(other_identity.identity().name, "somebody-else@example.com");
    assert!(Sct::embedded(&Fixture::new(&["fulcio=no-sct"]).certificate()).unwrap().is_empty());
    let bad_sct = Fixture::new(&["fulcio=bad-sct"]);
    let certificate = bad_sct.certificate();
    let sct = Sct::embedded(&certificate).unwrap().remove(0);
    let ct = PublicKey::from_spki(bad_sct.services.folder.keys.ct.spki()).unwrap();
    let signed = sct.signed_bytes(&certificate, bad_sct.services.fulcio_certificate.spki()).unwrap();
    assert!(ct.verify(sct.hash, &signed, &sct.signature).is_err());
    assert_eq!(Fixture::new(&["fulcio=502"]).post("/api/v2/signingCert", &json!({})).status(), 502);
}

#[test]
fn faults_of_the_logs_are_refused_by_the_verifier() {
    for fault in ["rekor=other-entry", "rekor=bad-proof", "rekor=bad-checkpoint", "rekor=bad-promise"] {
        let fixture = Fixture::new(&[fault]);
        let certificate = fixture.certificate();
        let (digest, signature) = (Sha256::digest(b"message").into(), fixture.key.sign(b"message").unwrap());
        let expected = HashedRekord::of_certificate(&digest, &signature, certificate.der(), certificate.public_key().details());
        let v1 = fixture.post("/api/v1/log/entries", &fixture.v1_request(&certificate, &digest, &signature));
        assert!(verify_entry(&v1_entry(&v1), &expected, &fixture.v1_key()).is_err(), "{fault}");
        let v2 = fixture.post("/api/v2/log/entries", &fixture.v2_request(&certificate, &digest, &signature));
        assert_eq!(verify_entry(&v2_entry(&v2), &expected, &fixture.v2_key()).is_err(), fault != "rekor=bad-promise", "{fault}");
    }
    let lost = Fixture::new(&["rekor=lost-answer"]);
    let (certificate, signature) = (lost.certificate(), lost.key.sign(b"message").unwrap());
    let request = lost.v1_request(&certificate, &Sha256::digest(b"message").into(), &signature);
    assert_eq!(lost.post("/api/v1/log/entries", &request).status(), 502);
    assert_eq!(lost.post("/api/v1/log/entries", &request).status(), 409);
}

#[test]
fn requests_over_http_pass_the_guard_or_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let running = Instance::init(&folder.path().join("i")).unwrap().start(ServeOptions::default()).unwrap();
    let url = running.url().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let discovery: Value = serde_json::from_slice(
            &client.get(format!("{url}/.well-known/openid-configuration")).send().await.unwrap().bytes().await.unwrap(),
        )
        .unwrap();
        assert_eq!(discovery["issuer"], url);
        let foreign = client.get(format!("{url}/keys")).header("host", "evil.example").send().await.unwrap();
        assert_eq!(foreign.status(), 421);
        let cross =
            client.post(format!("{url}/api/v2/log/entries")).header("origin", "http://evil.example").body("{}").send().await.unwrap();
        assert_eq!(cross.status(), 403);
        for (path, size, status) in [
            ("/api/v2/log/entries", 4 << 20, "proto: "),
            ("/api/v2/log/entries", (4 << 20) + 1, "http: request body too large"),
            ("/api/v2/signingCert", (4 << 20) + 1, "http: request body too large"),
            ("/api/v1/log/entries", 32 << 20, "parsing proposedEntry body"),
            ("/api/v1/log/entries", (32 << 20) + 1, "Request Entity Too Large"),
            ("/api/v1/timestamp", (256 << 10) + 1, "the body is too large"),
        ] {
            let request = client.post(format!("{url}{path}")).header("content-type", "application/json").body(vec![b'a'; size]);
            let answer = request.send().await.unwrap().text().await.unwrap();
            assert!(answer.contains(status), "{path} {size}: {answer}");
        }
    });
}

#[test]
fn a_second_server_is_refused_and_a_stopped_one_leaves_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("i");
    let running = Instance::init(&path).unwrap().start(ServeOptions::default()).unwrap();
    assert!(matches!(Instance::open(&path).unwrap().start(ServeOptions::default()), Err(LocalError::InUse { .. })));
    assert_eq!(Instance::served_by(&path), Some(std::process::id()));
    drop(running);
    assert_eq!(Instance::served_by(&path), None);
    drop(Instance::open(&path).unwrap().start(ServeOptions::default()).unwrap());
}
