use super::*;

const SHA256: &str = "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";

fn statement(subjects: &str) -> String {
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":{subjects},"predicateType":"https://example.com/p","predicate":{{}}}}"#
    )
}

fn known(hash: HashAlgorithm) -> Option<Vec<u8>> {
    match hash {
        HashAlgorithm::Sha256 => hex::decode(SHA256).ok(),
        HashAlgorithm::Sha512 => Some(vec![0x51; 64]),
        HashAlgorithm::Sha384 => None,
    }
}

#[test]
fn a_subject_is_the_file_if_a_digest_agrees_and_none_contradicts() {
    let sha512 = "51".repeat(64);
    for (digests, expected) in [
        (format!(r#"{{"sha256":"{SHA256}"}}"#), None),
        (format!(r#"{{"sha512":"{sha512}"}}"#), None),
        (format!(r#"{{"gitCommit":"00","sha256":"{SHA256}","sha384":"00"}}"#), None),
        (format!(r#"{{"sha256":"{SHA256}","sha512":"00"}}"#), Some(Reason::SubjectMismatch)),
        (format!(r#"{{"sha256":"{}"}}"#, SHA256.to_uppercase()), Some(Reason::SubjectMismatch)),
        (r#"{"sha256":""}"#.to_owned(), Some(Reason::SubjectMismatch)),
        (r#"{"sha384":"00","gitCommit":"00"}"#.to_owned(), Some(Reason::DigestUnknown)),
        ("{}".to_owned(), Some(Reason::DigestUnknown)),
    ] {
        let text = statement(&format!(r#"[{{"name":"file","digest":{digests}}}]"#));
        let found = Statement::parse(text.as_bytes()).unwrap();
        assert_eq!(found.subject(known).err().map(|rejection| rejection.reason()), expected, "{digests}");
    }
}

#[test]
fn one_of_several_subjects_is_enough() {
    let text = statement(&format!(r#"[{{"digest":{{"sha256":"00"}}}},{{"name":"b","digest":{{"sha256":"{SHA256}"}}}}]"#));
    let found = Statement::parse(text.as_bytes()).unwrap();
    assert_eq!(found.subject(known).unwrap().name.as_deref(), Some("b"));
    assert!(found.names(HashAlgorithm::Sha256) && !found.names(HashAlgorithm::Sha512));
}

#[test]
fn what_two_readers_could_read_in_two_ways_is_malformed() {
    let good = statement(r#"[{"digest":{"sha256":"00"}}]"#);
    assert!(Statement::parse(good.as_bytes()).is_ok());
    assert!(Statement::parse(good.replace("v1", "v0.1").as_bytes()).is_ok());
    // unknown fields are passed over, as the framework asks
    assert!(Statement::parse(good.replace("\"predicate\"", "\"future\":[1],\"predicate\"").as_bytes()).is_ok());
    for (from, to) in [
        ("Statement/v1", "Statement/v2"),
        (r#""subject":[{"digest":{"sha256":"00"}}]"#, r#""subject":[]"#),
        (r#""predicateType":"https://example.com/p""#, r#""predicateType":"""#),
        (r#","predicateType":"https://example.com/p""#, ""),
        (r#""sha256":"00""#, r#""sha256":"00","sha256":"01""#),
        (r#""sha256":"00""#, r#""sha256":7"#),
        (r#""digest":{"#, r#""digest":{"sha256":"01"},"digest":{"#),
        (r#""subject":["#, r#""subject":[{"digest":{"sha256":"01"}}],"subject":["#),
        (r#""predicate":{}"#, r#""predicate":{},"predicateType":"https://example.com/other""#),
        (r#""predicate":{}}"#, r#""predicate":{}} {}"#),
        // an array with the fields of an object in their order
        (r#"{"digest":{"sha256":"00"}}"#, r#"[null,{"sha256":"00"}]"#),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from}");
        assert_eq!(Statement::parse(changed.as_bytes()).unwrap_err().reason(), Reason::StatementMalformed, "{to}");
    }
}

#[test]
fn a_type_is_a_uri_or_one_of_cosigns_names() {
    assert_eq!(predicate_type("spdxjson"), Some("https://spdx.dev/Document"));
    assert_eq!(predicate_type("slsaprovenance1"), Some("https://slsa.dev/provenance/v1"));
    assert_eq!(predicate_type("https://example.com/p"), Some("https://example.com/p"));
    for name in ["", "spdx-json", ":x", "https:", "1:x", "a b:c"] {
        assert_eq!(predicate_type(name), None, "{name}");
    }
}
