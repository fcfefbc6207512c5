//! Objects that gitsign and paraph signed with the real servers: each gets the verdict that its file's name promises.

use crate::bundle::second_opinion;
use jiff::Timestamp;
use paraph::{
    Reason,
    evidence::entry::EntryVersion,
    object::{Commit, ObjectFormat, Tag},
    trust::{Instance, TrustRoot},
    verify::{TimeSource, Verifier},
};
use std::path::{Path, PathBuf};

/// When they had all been made.
const MADE: &str = "2026-11-23T02:25:00Z";

struct Object {
    name: String,
    bytes: Vec<u8>,
    is_tag: bool,
    format: ObjectFormat,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/real-objects")
}

fn objects() -> Vec<Object> {
    let mut objects: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "commit" || extension == "tag"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let format = if name.contains("sha256") { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
            Object { bytes: std::fs::read(&path).unwrap(), is_tag: path.extension().unwrap() == "tag", name, format }
        })
        .collect();
    objects.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(objects.len(), 24);
    objects
}

fn verifier() -> Verifier {
    let json = std::fs::read(folder().join("trusted_root.json")).unwrap();
    Verifier::new(vec![TrustRoot::from_json(&json, Instance::custom(), "real").unwrap()], MADE.parse().unwrap())
}

#[test]
fn what_gitsign_and_paraph_signed_with_the_real_servers_has_the_verdict_of_its_kind() {
    let verifier = verifier();
    for Object { name, bytes, is_tag, format } in objects() {
        let result = if is_tag { verifier.verify_tag(&bytes) } else { verifier.verify_commit(&bytes, format) };
        let refused = if name.ends_with("-online") {
            Some(Reason::EntryMissing)
        } else if name.ends_with("-v2") {
            Some(Reason::NoTrustedTime)
        } else {
            None
        };
        let verified = match (result, refused) {
            (Ok(verified), None) => verified,
            (Err(rejection), Some(reason)) if rejection.reason() == reason => continue,
            (result, _) => panic!("{name}: {result:?}"),
        };
        assert_eq!(verified.identity().name, "you@example.com", "{name}");
        let version = if name.contains("-v2") { EntryVersion::V002 } else { EntryVersion::V001 };
        assert_eq!(verified.entry.version, version, "{name}");
        let sources: Vec<_> = verified.times.iter().map(|time| time.source).collect();
        let expected = match (version, name.ends_with("-timestamp")) {
            (EntryVersion::V001, false) => vec![TimeSource::Log],
            (EntryVersion::V001, true) => vec![TimeSource::Log, TimeSource::TimestampAuthority],
            (EntryVersion::V002, _) => vec![TimeSource::TimestampAuthority],
        };
        assert_eq!(sources, expected, "{name}");
        assert!(verified.legacy.is_empty(), "{name}");
    }
}

#[test]
fn the_second_opinion_agrees_on_what_was_signed_with_the_real_servers() {
    if Timestamp::now() < MADE.parse().unwrap() {
        eprintln!("SKIPPED the second opinion on the real objects: its clock is this machine's, which lies before {MADE}");
        return;
    }
    let root = std::fs::read_to_string(folder().join("trusted_root.json")).unwrap();
    let verifier = verifier();
    let (mut agreed, mut disagreements) = (0, Vec::new());
    for Object { name, bytes, is_tag, format } in objects() {
        let (verified, signature) = match is_tag {
            true => (verifier.verify_tag(&bytes), Tag::parse(&bytes).unwrap().signed.signature.into_owned()),
            false => (verifier.verify_commit(&bytes, format), Commit::parse(&bytes, format).unwrap().signed.signature.into_owned()),
        };
        let Ok(verified) = verified else { continue };
        match second_opinion(&signature, &root, "you@example.com", &verified.identity().issuer) {
            Ok(()) => agreed += 1,
            Err(error) => disagreements.push(format!("{name}: {error}")),
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
    assert_eq!(agreed, 20);
}
