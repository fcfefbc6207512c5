//! DSSE envelopes in the Rekor v1 log.

use aws_lc_rs::{rsa, signature::RSA_PKCS1_SHA256};

use super::{
    client_keys::{Client, one_entry},
    *,
};
use crate::certificate::HashAlgorithm;

const STATEMENT: &str = "application/vnd.in-toto+json";

fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).as_bytes(), payload].concat()
}

/// An envelope's text, with a signature by each client.
fn envelope(payload_type: &str, payload: &[u8], clients: &[&Client]) -> String {
    let message = pae(payload_type, payload);
    let signatures: Vec<_> =
        clients.iter().map(|client| json!({ "keyid": "ignored", "sig": STANDARD.encode((client.sign)(&message)) })).collect();
    json!({ "payloadType": payload_type, "payload": STANDARD.encode(payload), "signatures": signatures }).to_string()
}

fn request(envelope: &str, verifiers: &[String]) -> Value {
    let verifiers: Vec<_> = verifiers.iter().map(|pem| STANDARD.encode(pem)).collect();
    json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": { "proposedContent": { "envelope": envelope, "verifiers": verifiers } } })
}

fn statement() -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            { "name": "a", "digest": { "sha256": "AB".repeat(32), "gitCommit": "0123456789abcdef0123456789abcdef01234567" } },
            { "name": "b", "digest": { "sha512": "cd".repeat(64) } },
        ],
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": { "materials": [{ "uri": "c", "digest": { "sha1": "ef".repeat(20) } }] },
    })
}

fn found(fixture: &Fixture, query: &Value) -> Value {
    json(&fixture.post("/api/v1/index/retrieve", query))
}

#[test]
fn an_envelope_is_stored_as_the_real_server_stores_it() {
    let fixture = Fixture::new(&[]);
    let certificate = fixture.certificate();
    let payload = statement().to_string();
    let message = pae(STATEMENT, payload.as_bytes());
    let signature = STANDARD.encode(fixture.key.sign(&message).unwrap());
    let text = json!({ "payloadType": STATEMENT, "payload": STANDARD.encode(&payload), "signatures": [{ "sig": signature }] }).to_string();
    let verifier = pem("CERTIFICATE", certificate.der());
    let proposed = request(&text, std::slice::from_ref(&verifier));
    let (uuid, entry) = one_entry(&fixture.post("/api/v1/log/entries", &proposed));
    let (envelope_hash, payload_hash) = (hex::encode(Sha256::digest(&text)), hex::encode(Sha256::digest(&payload)));
    let expected = format!(
        r#"{{"apiVersion":"0.0.1","kind":"dsse","spec":{{"envelopeHash":{{"algorithm":"sha256","value":"{envelope_hash}"}},"payloadHash":{{"algorithm":"sha256","value":"{payload_hash}"}},"signatures":[{{"signature":"{signature}","verifier":"{}"}}]}}}}"#,
        STANDARD.encode(&verifier)
    );
    assert_eq!(String::from_utf8(bytes(&entry["body"])).unwrap(), expected);
    // it is read by its name, by its index and by what was proposed, and logged once
    let again = fixture.post("/api/v1/log/entries", &proposed);
    assert_eq!((again.status(), again.header("location").unwrap().ends_with(&uuid)), (409, true));
    for answer in [fixture.get(&format!("/api/v1/log/entries/{uuid}")), fixture.get("/api/v1/log/entries?logIndex=0")] {
        assert_eq!((&one_entry(&answer).0, &one_entry(&answer).1["body"]), (&uuid, &entry["body"]));
    }
    let stored: Value = serde_json::from_str(&expected).unwrap();
    for known in [&proposed, &stored] {
        let retrieved = fixture.post("/api/v1/log/entries/retrieve", &json!({ "entries": [known] }));
        assert_eq!(json(&retrieved)[0][&uuid]["body"], entry["body"]);
    }
    let mut incomplete = stored;
    incomplete["spec"]["signatures"] = json!([]);
    let refused = fixture.post("/api/v1/log/entries/retrieve", &json!({ "entries": [incomplete] }));
    let words = "either proposedContent or envelopeHash, payloadHash, and signatures must be present";
    assert_eq!((refused.status(), &json(&refused)["message"]), (400, &json!(words)));
    // and it is found by the statement's digests, which the body does not have, also after a restart
    let hit = json!([uuid]);
    let queries = [
        json!({ "hash": payload_hash }),
        json!({ "hash": format!("sha256:{envelope_hash}") }),
        json!({ "hash": hex::encode(Sha256::digest(&verifier)) }),
        json!({ "hash": "ab".repeat(32) }),
        json!({ "hash": format!("sha512:{}", "cd".repeat(64)) }),
        json!({ "hash": "ef".repeat(20) }),
        json!({ "subject": "GITCOMMIT:0123456789abcdef0123456789abcdef01234567" }),
        json!({ "email": EMAIL }),
        json!({ "subject": "YOU@example.com" }),
        json!({ "email": EMAIL, "hash": "ab".repeat(32), "operator": "and" }),
    ];
    for query in &queries {
        assert_eq!(found(&fixture, query), hit, "{query}");
    }
    let restarted =
        LocalServices::open(fixture.instance().folder, CERTIFICATE_LIFETIME, Vec::<Fault>::new().into(), Arc::new(now)).unwrap();
    let restarted = Fixture { services: Arc::new(restarted), ..fixture };
    for query in &queries {
        assert_eq!(found(&restarted, query), hit, "{query}");
    }
    for query in [
        json!({ "publicKey": { "format": "x509", "content": STANDARD.encode(&verifier) } }),
        json!({ "hash": "cd".repeat(32) }),
        json!({ "subject": "a" }),
        json!({ "email": "", "subject": "", "hash": "" }),
    ] {
        assert_eq!(found(&restarted, &query), json!([]), "{query}");
    }
}

#[test]
fn only_in_toto_statements_are_found_by_their_digests() {
    let fixture = Fixture::new(&[]);
    let client = Client::p256();
    let mut malformed = statement();
    malformed["subject"][0]["digest"] = json!("nonsense");
    for (payload_type, payload) in
        [("text/plain", statement().to_string()), (STATEMENT, malformed.to_string()), (STATEMENT, "no JSON".into())]
    {
        let text = envelope(payload_type, payload.as_bytes(), &[&client]);
        one_entry(&fixture.post("/api/v1/log/entries", &request(&text, &[client.public_key_pem()])));
    }
    for query in [json!({ "hash": "ab".repeat(32) }), json!({ "hash": "ef".repeat(20) }), json!({ "hash": "cd".repeat(64) })] {
        assert_eq!(found(&fixture, &query), json!([]), "{query}");
    }
}

/// Rekor v1 checks envelopes with SHA-256 whatever the curve, and with Ed25519 itself.
#[test]
fn an_envelope_with_several_signatures_needs_a_key_for_each() {
    let fixture = Fixture::new(&[]);
    let clients = [
        Client::p256(),
        Client::p384_sha256(),
        Client::rsa("", HashAlgorithm::Sha256, rsa::KeySize::Rsa2048, &RSA_PKCS1_SHA256),
        Client::ed25519("", false),
    ];
    let text = envelope("text/plain", b"payload", &clients.each_ref());
    let keys = clients.each_ref().map(Client::public_key_pem);
    let refused = fixture.post("/api/v1/log/entries", &request(&text, &keys[1..]));
    assert_eq!(json(&refused)["message"], "error processing entry: all signatures must have a key that verifies it");
    let (_, entry) = one_entry(&fixture.post("/api/v1/log/entries", &request(&text, &keys)));
    let body: Value = serde_json::from_slice(&bytes(&entry["body"])).unwrap();
    let stored = body["spec"]["signatures"].as_array().unwrap();
    let signatures: Vec<_> = stored.iter().map(|signature| signature["signature"].as_str().unwrap()).collect();
    assert!(signatures.len() == 4 && signatures.is_sorted());
    let sent: Value = serde_json::from_str(&text).unwrap();
    for (signature, key) in sent["signatures"].as_array().unwrap().iter().zip(&keys) {
        let entry = stored.iter().find(|entry| entry["signature"] == signature["sig"]).unwrap();
        assert_eq!(entry["verifier"], STANDARD.encode(key));
    }
}

#[test]
fn what_is_no_envelope_is_refused_in_the_words_of_the_real_server() {
    let fixture = Fixture::new(&[]);
    let (client, other) = (Client::p256(), Client::p384());
    let text = envelope("text/plain", b"payload", &[&client]);
    let good = request(&text, &[client.public_key_pem()]);
    let with = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let inner = |pointer: &str, value: Value| {
        let mut envelope: Value = serde_json::from_str(&text).unwrap();
        *envelope.pointer_mut(pointer).unwrap() = value;
        with("/spec/proposedContent/envelope", json!(envelope.to_string()))
    };
    let unverified = "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1";
    let not_base64 = "could not verify envelope: unable to base64 decode payload (is payload in the right format?)";
    let hash = json!({ "algorithm": "sha256", "value": "00" });
    let stored = json!({ "envelopeHash": hash, "payloadHash": hash, "signatures": [{ "signature": "AAAA", "verifier": "AAAA" }] });
    let mut both = good.clone();
    both["spec"]["envelopeHash"] = hash.clone();
    for (request, words) in [
        (with("/spec", json!({})), "either proposedContent or envelopeHash, payloadHash, and signatures must be present"),
        (with("/spec", stored), "entry not insertable into log: missing proposed content"),
        (both, "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both"),
        (
            with("/spec/proposedContent", json!({})),
            "validation failure list:\nproposedContent.proposedContent.envelope in body is required",
        ),
        (
            with("/spec/proposedContent/verifiers", json!([])),
            "validation failure list:\nproposedContent.proposedContent.verifiers in body should have at least 1 items",
        ),
        (
            with("/spec/proposedContent/verifiers/0", json!("%")),
            "failed parsing base64 data for verifier: illegal base64 data at input byte 0",
        ),
        (
            with("/spec/proposedContent/verifiers/0", json!("AAAA")),
            "could not parse public key as x509: invalid public key: failure decoding PEM",
        ),
        (with("/spec/proposedContent/verifiers/0", json!(STANDARD.encode(other.public_key_pem()))), unverified),
        (inner("/signatures", json!([])), "DSSE envelope must contain 1 or more signatures"),
        (inner("/signatures/0/sig", json!("AAAA")), unverified),
        (inner("/signatures/0/sig", json!("%")), not_base64),
        (inner("/payload", json!("%")), not_base64),
        (inner("/payload", json!(STANDARD.encode("other"))), unverified),
        (inner("/payloadType", json!("text/html")), unverified),
        (
            with("/apiVersion", json!("0.0.2")),
            "dsse implementation for version '0.0.2' not found: unable to locate entry for version 0.0.2",
        ),
        (with("/kind", json!("intoto")), "entry kind 'intoto' is not enabled for submission on this server"),
    ] {
        let answer = fixture.post("/api/v1/log/entries", &request);
        assert_eq!((answer.status(), json(&answer)["message"].as_str().unwrap()), (400, &*format!("error processing entry: {words}")));
    }
    let garbage = fixture.post("/api/v1/log/entries", &with("/spec/proposedContent/envelope", json!("nonsense")));
    assert_eq!(garbage.status(), 400);
    assert_eq!(fixture.services.rekor1().size(), 0);
}

/// Line ends in a signature are not part of it, but the log stores the text as it is.
#[test]
fn a_signature_is_stored_as_it_is_written_unless_the_entry_gets_too_large() {
    let fixture = Fixture::new(&[]);
    let client = Client::p256();
    let message = pae("text/plain", b"payload");
    let signature = STANDARD.encode((client.sign)(&message));
    let with = |line_ends: usize| {
        let signature = "\n".repeat(line_ends) + &signature;
        let text = json!({ "payloadType": "text/plain", "payload": STANDARD.encode("payload"), "signatures": [{ "sig": signature }] });
        fixture.post("/api/v1/log/entries", &request(&text.to_string(), &[client.public_key_pem()]))
    };
    let body = String::from_utf8(bytes(&one_entry(&with(2)).1["body"])).unwrap();
    assert!(body.contains(&format!(r#"{{"signature":"\n\n{signature}","verifier":"#)), "{body}");
    let refused = with(40_000);
    assert_eq!((refused.status(), json(&refused)["code"].as_i64()), (400, Some(400)));
    assert!(json(&refused)["message"].as_str().unwrap().contains("larger than 65535 bytes"));
}
