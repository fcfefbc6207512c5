//! Trust roots: those that are built in, those of files, and how a log is found in them.

use crate::library::NOW;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use paraph::{
    Reason,
    internals::{evidence::checkpoint::key_id, signature::pem},
    object::ObjectFormat,
    trust::{Instance, KeyFiles, TrustRoot, TrustRootDefect},
    verify::{TimeSource, TrustedTime, Verifier},
};
use paraph_vectors::{
    evidence::Token,
    world::{SIGNER, TIME, World},
};

fn vectors_root() -> TrustRoot {
    TrustRoot::from_json(World::new().trusted_root().to_string().as_bytes(), Instance::named("vectors").unwrap(), "vectors").unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn file(name: &str, blocks: &[(&str, &[u8])]) -> Option<(String, Vec<u8>)> {
    Some((name.into(), blocks.iter().map(|(label, der)| format!("some words\n{}", pem(label, der))).collect::<String>().into_bytes()))
}

/// The files of the vectors' instance.
fn files(world: &World) -> KeyFiles {
    KeyFiles {
        // the root first: any order will do
        fulcio_root: file("fulcio.pem", &[("CERTIFICATE", &world.root), ("CERTIFICATE", &world.intermediate)]),
        rekor_public_key: file("rekor.pem", &[("PUBLIC KEY", &world.rekor1.key.spki()), ("PUBLIC KEY", &world.rekor2.key.spki())]),
        ct_log_public_key: file("ct.pem", &[("PUBLIC KEY", &world.ct.spki())]),
        timestamp_chain: file("tsa.pem", &[("CERTIFICATE", &world.tsa.certificate), ("CERTIFICATE", &world.tsa.root)]),
    }
}

#[test]
fn an_instance_is_built_in_or_the_user_s() {
    for (instance, built_in) in [
        (Instance::Public, true),
        (Instance::Staging, true),
        (Instance::Custom, true),
        (Instance::named("vectors").unwrap(), false),
        (Instance::named("public").unwrap(), true),
    ] {
        assert_eq!(instance.is_built_in(), built_in, "{instance}");
    }
    assert!(Instance::named(&"x".repeat(64)).is_some() && Instance::named(&"x".repeat(65)).is_none());
}

#[test]
fn the_built_in_root_says_of_when_it_is() {
    for (instance, json) in [
        (Instance::Public, sigstore_trust_root::SigstoreInstance::PublicGood.embedded_trusted_root_json()),
        (Instance::Staging, sigstore_trust_root::SigstoreInstance::Staging.embedded_trusted_root_json()),
    ] {
        let plain: serde_json::Value = serde_json::from_str(json).unwrap();
        let mut newest = String::new();
        let mut rest = vec![&plain];
        while let Some(value) = rest.pop() {
            if let Some(start) = value["validFor"]["start"].as_str() {
                newest = newest.max(start.to_owned());
            }
            rest.extend(value.as_object().into_iter().flat_map(|members| members.values()));
            rest.extend(value.as_array().into_iter().flatten());
        }
        let root = TrustRoot::embedded(&instance).unwrap().unwrap();
        let expected = format!("embedded in paraph {}, with keys of {}", env!("CARGO_PKG_VERSION"), &newest[..10]);
        assert_eq!((root.source, root.instance), (expected, instance));
    }
}

#[test]
fn files_make_a_root_that_verifies_what_the_instance_s_own_root_does() {
    let world = World::new();
    let root = files(&world).over(None).unwrap();
    assert_eq!((root.instance.as_str(), root.source.as_str()), ("custom", "fulcio.pem, rekor.pem, ct.pem, tsa.pem"));
    let verifier = Verifier::new(vec![root], now());
    for recipe in [world.v1(), world.v2()] {
        let verified = verifier.verify_commit(&recipe.commit(), ObjectFormat::Sha1).unwrap();
        assert_eq!((verified.identity().name.as_str(), verified.instance().as_str()), (SIGNER, "custom"));
    }
    assert!(KeyFiles::default().is_empty());
    for one in [
        KeyFiles { fulcio_root: files(&world).fulcio_root, ..KeyFiles::default() },
        KeyFiles { rekor_public_key: files(&world).rekor_public_key, ..KeyFiles::default() },
        KeyFiles { ct_log_public_key: files(&world).ct_log_public_key, ..KeyFiles::default() },
        KeyFiles { timestamp_chain: files(&world).timestamp_chain, ..KeyFiles::default() },
    ] {
        assert!(!one.is_empty());
        // each replaces its part of a root alone
        let over = one.over(Some(vectors_root())).unwrap();
        assert_eq!(over.instance.as_str(), "custom");
        let name =
            [&one.fulcio_root, &one.rekor_public_key, &one.ct_log_public_key, &one.timestamp_chain].into_iter().flatten().next().unwrap();
        assert_eq!(over.source, format!("vectors, with {}", name.0));
        let verifier = Verifier::new(vec![over], now());
        assert!(verifier.verify_commit(&world.v2().commit(), ObjectFormat::Sha1).is_ok(), "{}", name.0);
    }
    // and nothing else is trusted
    let others = World { tsa: paraph_vectors::world::tsa("stranger"), ..World::new() };
    let only = KeyFiles { timestamp_chain: files(&others).timestamp_chain, ..KeyFiles::default() };
    let verifier = Verifier::new(vec![only.over(Some(vectors_root())).unwrap()], now());
    let refused = verifier.verify_commit(&world.v2().commit(), ObjectFormat::Sha1).unwrap_err();
    assert_eq!(refused.reason(), Reason::TimestampUnknownAuthority);
}

#[test]
fn a_file_may_hold_several_chains() {
    let world = World::new();
    let both = [
        ("CERTIFICATE", world.tsa.root.as_slice()),
        ("CERTIFICATE", &world.other_tsa.certificate),
        ("CERTIFICATE", &world.tsa.certificate),
        ("CERTIFICATE", &world.other_tsa.root),
    ];
    let root = KeyFiles { timestamp_chain: file("tsa.pem", &both), ..files(&world) }.over(None).unwrap();
    let chains: Vec<Vec<&[u8]>> = root
        .timestamp_authorities
        .iter()
        .map(|authority| authority.certificates().iter().map(|certificate| certificate.der()).collect())
        .collect();
    assert_eq!(
        chains,
        [vec![world.other_tsa.certificate.as_slice(), &world.other_tsa.root], vec![world.tsa.certificate.as_slice(), &world.tsa.root]]
    );
    // a chain whose root is not there ends where it ends, and a root by itself is a chain
    let alone = |certificates: &[(&str, &[u8])]| {
        let root = KeyFiles { timestamp_chain: file("tsa.pem", certificates), ..files(&world) }.over(None).unwrap();
        root.timestamp_authorities.iter().map(|authority| authority.certificates().len()).collect::<Vec<_>>()
    };
    assert_eq!(alone(&[("CERTIFICATE", &world.tsa.certificate)]), [1]);
    assert_eq!(alone(&[("CERTIFICATE", &world.tsa.root)]), [1]);
}

#[test]
fn files_that_do_not_hold_what_they_should_are_errors() {
    let world = World::new();
    let cause = |files: KeyFiles| files.over(None).unwrap_err().to_string();
    let fulcio = |pem: &[u8]| cause(KeyFiles { fulcio_root: Some(("f.pem".into(), pem.to_vec())), ..KeyFiles::default() });
    let rekor = |pem: &[u8]| cause(KeyFiles { rekor_public_key: Some(("r.pem".into(), pem.to_vec())), ..KeyFiles::default() });
    assert_eq!(fulcio(b""), "the trust root f.pem cannot be used: it holds no certificate");
    assert!(fulcio(pem("PUBLIC KEY", &world.ct.spki()).as_bytes()).contains("it holds no certificate"));
    assert!(rekor(pem("CERTIFICATE", &world.root).as_bytes()).contains("it holds no public key"));
    assert!(fulcio(b"\xff").contains("it is not valid UTF-8"));
    assert!(fulcio(b"-----BEGIN CERTIFICATE-----\nYQ==\n").contains("a PEM block has no end"));
    assert!(fulcio(b"-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE").contains("a PEM block has no end"));
    assert!(fulcio(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").contains("f.pem"));
    assert!(rekor(pem("PUBLIC KEY", b"no key").as_bytes()).contains("malformed public key"));
    // a leaf is not an authority
    let leaf = world.v1().certificate();
    assert!(fulcio(pem("CERTIFICATE", &leaf).as_bytes()).contains("is not a certificate authority"));
}

#[test]
fn an_ed25519_key_without_a_name_has_the_id_that_it_has_under_the_checkpoint_s() {
    let world = World::new();
    let root = files(&world).over(None).unwrap();
    let key = &root.logs[1].key.key;
    let id = |name: &str| key_id(name, key, &[]);
    assert_eq!(root.log(&world.rekor2.id, "log2025.example").unwrap().key.id, world.rekor2.id);
    assert_eq!(root.log(&id("other.example"), "other.example").unwrap().key.id, id("other.example"));
    assert!(root.log(&world.rekor2.id, "other.example").is_none());
    assert!(root.log(&[7; 32], "log2025.example").is_none());
    // a key that has a name has the one id
    let named = vectors_root();
    assert!(named.log(&id("other.example"), "other.example").is_none());
    let mut with_origin = root.clone();
    with_origin.logs[1].key.origin = Some("log2025.example".into());
    assert!(with_origin.log(&id("other.example"), "other.example").is_none());
    // a P-256 key's id covers no name
    assert!(root.log(&key_id("rekor.example", &root.logs[0].key.key, &[]), "rekor.example").is_none());
}

#[test]
fn the_origin_of_a_log_is_known_where_its_id_covers_it() {
    let root = vectors_root();
    assert_eq!(root.logs[0].key.origin, None);
    assert_eq!(root.logs[1].key.origin.as_deref(), Some("log2025.example"));
    // those that can be searched are the others that have an address
    assert_eq!(root.searchable_logs().collect::<Vec<_>>(), ["https://rekor.example"]);
    let world = World::new();
    assert_eq!(files(&world).over(None).unwrap().searchable_logs().count(), 0);
    let mut elsewhere = world.trusted_root();
    elsewhere["tlogs"][1]["baseUrl"] = "https://mirror.example".into();
    let root = TrustRoot::from_json(elsewhere.to_string().as_bytes(), Instance::Custom, "vectors").unwrap();
    assert_eq!(root.logs[1].key.origin, None);
    // a kind of key that is not known yet is passed over, and a malformed id is not
    let mut newer = world.trusted_root();
    newer["tlogs"][0]["publicKey"]["rawBytes"] = STANDARD.encode([0x30, 0]).into();
    let root = TrustRoot::from_json(newer.to_string().as_bytes(), Instance::Custom, "vectors").unwrap();
    assert_eq!(root.logs.len(), 1);
    newer["tlogs"][1]["logId"]["keyId"] = STANDARD.encode([7; 31]).into();
    let error = TrustRoot::from_json(newer.to_string().as_bytes(), Instance::Custom, "vectors").unwrap_err();
    assert!(matches!(&error.cause, TrustRootDefect::LogId(log) if log == "https://log2025.example"), "{error}");
}

#[test]
fn a_verifier_says_which_roots_it_has_and_where_it_looked() {
    let world = World::new();
    let verifier = Verifier::new(vec![vectors_root(), TrustRoot::embedded(&Instance::Staging).unwrap().unwrap()], now());
    assert_eq!(verifier.roots().iter().map(|root| root.instance.as_str()).collect::<Vec<_>>(), ["vectors", "staging"]);
    let none = Verifier::new(Vec::new(), now()).verify_commit(&world.v1().commit(), ObjectFormat::Sha1).unwrap_err();
    assert_eq!((none.reason(), none.detail()), (Reason::UnknownAuthority, "no trust root is configured"));
    let other = Verifier::new(vec![TrustRoot::embedded(&Instance::Staging).unwrap().unwrap()], now());
    let unknown = other.verify_commit(&world.v1().commit(), ObjectFormat::Sha1).unwrap_err();
    assert!(unknown.detail().starts_with("checked with the staging Sigstore's keys of 20"), "{}", unknown.detail());
}

#[test]
fn the_first_of_the_times_is_the_signature_s() {
    let world = World::new();
    let mut recipe = world.v1();
    recipe.entry.as_mut().unwrap().promised = Some(TIME + 5);
    recipe.tokens = vec![Token { time: TIME + 3, ..Token::of(&world.tsa) }];
    let verified = Verifier::new(vec![vectors_root()], now()).verify_commit(&recipe.commit(), ObjectFormat::Sha1).unwrap();
    let time = |text: &str| text.parse().unwrap();
    let expected = [
        TrustedTime { time: time("2025-03-01T12:00:05Z"), source: TimeSource::Log },
        TrustedTime { time: time("2025-03-01T12:00:03Z"), source: TimeSource::TimestampAuthority },
    ];
    assert_eq!(verified.times(), expected);
    assert_eq!(verified.time(), time("2025-03-01T12:00:03Z"));
}

#[test]
fn a_time_may_lie_ahead_of_the_local_clock_by_five_minutes() {
    let world = World::new();
    let at = |now: &str| Verifier::new(vec![vectors_root()], now.parse().unwrap()).verify_commit(&world.v1().commit(), ObjectFormat::Sha1);
    assert!(at("2025-03-01T11:55:00Z").is_ok());
    let refused = at("2025-03-01T11:54:59Z").unwrap_err();
    assert_eq!((refused.reason(), refused.detail()), (Reason::TimeInFuture, "2025-03-01 12:00:00 UTC is 5 min 1 s ahead"));
}

#[test]
fn a_certificate_is_checked_by_itself_before_anything_is_signed_with_it() {
    let world = World::new();
    let verifier = Verifier::new(vec![vectors_root()], now());
    let good = verifier.check_certificate(&world.v1().certificate(), &[]).unwrap();
    assert_eq!(good.identity().name, SIGNER);
    let mut without = world.v1();
    without.sct = None;
    assert_eq!(verifier.check_certificate(&without.certificate(), &[]).unwrap_err().reason(), Reason::SctMissing);
    let mut issued_by_other = world.v1();
    issued_by_other.issuer_key = &world.other;
    assert_eq!(verifier.check_certificate(&issued_by_other.certificate(), &[]).unwrap_err().reason(), Reason::ChainSignature);
}
