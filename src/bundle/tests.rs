use super::*;
use serde_json::{Value, json};

/// A bundle with a key: the form is all that is read.
fn bundle() -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": "k"},
            "tlogEntries": [{
                "logIndex": "7",
                "logId": {"keyId": "AAAA"},
                "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
                "integratedTime": "1700000000",
                "inclusionPromise": {"signedEntryTimestamp": "AAAA"},
                "inclusionProof": {"logIndex": "3", "rootHash": "AAAA", "treeSize": "4", "hashes": ["AAAA"], "checkpoint": {"envelope": "x"}},
                "canonicalizedBody": "AAAA",
            }],
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": "oM/HEnHW4njlfNMy/5V8P3BD/do1TEy7GQow1W76Ab8="},
            "signature": "AAAA",
        },
    })
}

fn reason(bundle: &Value) -> Option<Reason> {
    reason_of(&bundle.to_string())
}

fn reason_of(json: &str) -> Option<Reason> {
    Bundle::parse(json.as_bytes()).err().map(|rejection| rejection.reason())
}

/// The bundle with the value at a JSON pointer replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut bundle = bundle();
    *bundle.pointer_mut(pointer).unwrap() = value;
    bundle
}

#[test]
fn every_version_is_read_in_its_spellings_and_no_other() {
    for (media_type, version) in [
        ("application/vnd.dev.sigstore.bundle+json;version=0.1", "0.1"),
        ("application/vnd.dev.sigstore.bundle+json;version=0.2", "0.2"),
        ("application/vnd.dev.sigstore.bundle+json;version=0.3", "0.3"),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", "0.3"),
    ] {
        let read = Bundle::parse(with("/mediaType", json!(media_type)).to_string().as_bytes()).unwrap();
        assert_eq!(read.version.as_str(), version);
    }
    for media_type in
        ["", "application/json", "application/vnd.dev.sigstore.bundle+json;version=99.9", "application/vnd.dev.sigstore.bundle.v0.4+json"]
    {
        assert_eq!(reason(&with("/mediaType", json!(media_type))), Some(Reason::BundleMediaType), "{media_type}");
    }
}

#[test]
fn only_canonical_json_is_read() {
    assert_eq!(reason(&bundle()), None);
    let text = bundle().to_string();
    for (from, to) in [
        // another spelling of a name, an unknown one, and one that stands twice
        ("\"mediaType\"", "\"media_type\""),
        ("\"messageDigest\"", "\"message_digest\""),
        ("\"hint\":\"k\"", "\"hint\":\"k\",\"other\":1"),
        ("\"hint\":\"k\"", "\"hint\":\"k\",\"hint\":\"k\""),
        ("\"treeSize\":\"4\"", "\"treeSize\":\"4\",\"treeSize\":\"4\""),
        // an array with the fields of an object in their order
        ("\"publicKey\":{\"hint\":\"k\"}", "\"publicKey\":[\"k\"]"),
        // numbers that are no strings of digits
        ("\"7\"", "7"),
        ("\"7\"", "\"07\""),
        ("\"7\"", "\"+7\""),
        ("\"7\"", "\"7.0\""),
        ("\"7\"", "\"9223372036854775808\""),
        // other base64
        ("\"signature\":\"AAAA\"", "\"signature\":\"AA\""),
        ("\"signature\":\"AAAA\"", "\"signature\":\"AA_-\""),
        ("\"signature\":\"AAAA\"", "\"signature\":\"AA==AA==\""),
        ("\"signature\":\"AAAA\"", "\"signature\":\"AB==\""),
        ("\"signature\":\"AAAA\"", "\"signature\":\" AAAA\""),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        assert_eq!(reason_of(&changed), Some(Reason::BundleMalformed), "{to}");
    }
    for broken in [&text[..text.len() - 1], &format!("{text}{text}"), "", "null", "[]", &"[".repeat(100_000)] {
        assert_eq!(reason_of(broken), Some(Reason::BundleMalformed), "{}", broken.get(..20).unwrap_or(broken));
    }
}

#[test]
fn each_part_that_is_missing_repeated_or_wrong_has_its_reason() {
    let certificate = json!({"rawBytes": "AAAA"});
    for (pointer, value, expected) in [
        ("/verificationMaterial", json!({}), Reason::BundleKeyMaterial),
        ("/verificationMaterial", json!({"publicKey": {"hint": ""}, "certificate": certificate}), Reason::BundleKeyMaterial),
        ("/verificationMaterial", json!({"x509CertificateChain": {"certificates": []}}), Reason::CertificateMissing),
        ("/verificationMaterial", json!({"certificate": certificate}), Reason::CertificateMalformed),
        ("/messageSignature", Value::Null, Reason::BundleContent),
        ("/messageSignature/messageDigest/algorithm", json!("SHA3_256"), Reason::BundleAlgorithm),
        ("/messageSignature/messageDigest/algorithm", json!("HASH_ALGORITHM_UNSPECIFIED"), Reason::BundleAlgorithm),
        ("/messageSignature/messageDigest/algorithm", json!("SHA2_512"), Reason::BundleMalformed),
        ("/verificationMaterial/tlogEntries/0/logIndex", json!("-1"), Reason::EntryMalformed),
        ("/verificationMaterial/tlogEntries/0/integratedTime", json!("-1"), Reason::EntryMalformed),
    ] {
        assert_eq!(reason(&with(pointer, value.clone())), Some(expected), "{pointer} {value}");
    }
    let mut both = bundle();
    both["dsseEnvelope"] = json!({"payload": "", "payloadType": IN_TOTO, "signatures": [{"sig": "AAAA"}]});
    assert_eq!(reason(&both), Some(Reason::BundleContent));
    let mut stamped = bundle();
    stamped["verificationMaterial"]["timestampVerificationData"] = json!({"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}]});
    assert_eq!(reason(&stamped), Some(Reason::TimestampMalformed));
}

#[test]
fn an_envelope_has_one_signature_by_the_bundles_key() {
    let envelope = |signatures: Value| {
        let mut bundle = bundle();
        bundle.as_object_mut().unwrap().remove("messageSignature");
        bundle["dsseEnvelope"] = json!({"payload": "e30=", "payloadType": IN_TOTO, "signatures": signatures});
        bundle
    };
    for keyid in ["k", ""] {
        assert_eq!(reason(&envelope(json!([{"sig": "AAAA", "keyid": keyid}]))), None);
    }
    assert_eq!(reason(&envelope(json!([{"sig": "AAAA"}]))), None);
    assert_eq!(reason(&envelope(json!([{"sig": "AAAA", "keyid": "other"}]))), Some(Reason::BundleKeyHint));
    for signatures in [json!([]), json!([{"sig": "AAAA"}, {"sig": "AAAA"}])] {
        assert_eq!(reason(&envelope(signatures)), Some(Reason::EnvelopeSignatures));
    }
    let read = Bundle::parse(envelope(json!([{"sig": "AAAA"}])).to_string().as_bytes()).unwrap();
    let BundleContent::Envelope(envelope) = &read.content else { panic!("not an envelope") };
    assert_eq!(envelope.signed_bytes(), b"DSSEv1 28 application/vnd.in-toto+json 2 {}");
    assert_eq!(read.statement().unwrap_err().reason(), Reason::StatementMalformed);
    let other =
        Bundle { content: BundleContent::Envelope(Envelope { payload_type: "text/plain".into(), ..envelope.clone() }), ..read.clone() };
    assert_eq!(other.statement().unwrap_err().reason(), Reason::PayloadType);
}

#[test]
fn a_file_holds_one_bundle_or_one_on_each_line() {
    let pretty = serde_json::to_string_pretty(&bundle()).unwrap();
    assert_eq!(Bundle::split(pretty.as_bytes()).unwrap(), [pretty.as_bytes()]);
    let line = bundle().to_string();
    assert_eq!(Bundle::split(format!("{line}\n\n{line}\r\n").as_bytes()).unwrap().len(), 2);
    // what is not JSON is one malformed bundle
    assert_eq!(Bundle::split(b"{\n\"a\":\n").unwrap().len(), 1);
}
