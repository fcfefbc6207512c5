//! Objects that gitsign and paraph signed with the real servers: each gets the verdict that its file's name promises.

use crate::{bundle::second_opinion, entries::entry_of_file};
use jiff::Timestamp;
use paraph::{
    LegacyRule, Reason,
    internals::evidence::entry::{EntryKind, EntryVersion},
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
    Verifier::new(vec![TrustRoot::from_json(&json, Instance::Custom, "real").unwrap()], MADE.parse().unwrap())
}

#[test]
fn what_gitsign_and_paraph_signed_with_the_real_servers_has_the_verdict_of_its_kind() {
    let verifier = verifier();
    for Object { name, bytes, is_tag, format } in objects() {
        let result = if is_tag { verifier.verify_tag(&bytes, format, None) } else { verifier.verify_commit(&bytes, format) };
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
        assert_eq!(verified.entry().kind, EntryKind::HashedRekord(version), "{name}");
        let sources: Vec<_> = verified.times().iter().map(|time| time.source).collect();
        let expected = match (version, name.ends_with("-timestamp")) {
            (EntryVersion::V001, false) => vec![TimeSource::Log],
            (EntryVersion::V001, true) => vec![TimeSource::Log, TimeSource::TimestampAuthority],
            (EntryVersion::V002, _) => vec![TimeSource::TimestampAuthority],
        };
        assert_eq!(sources, expected, "{name}");
        assert!(verified.legacy_rules().is_empty(), "{name}");
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
            true => (verifier.verify_tag(&bytes, format, None), Tag::parse(&bytes).unwrap().signed.signature.into_owned()),
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

/// The legacy rules that an object needs which gitsign's online mode signed, by its file's name.
const ONLINE: [(&str, &[LegacyRule]); 11] = [
    ("gitsign-0.14.0-encoding.commit", &[LegacyRule::EntryOfReencodedId]),
    ("gitsign-0.14.0.tag", &[LegacyRule::EntryOfObjectId]),
    ("gitsign-0.14.0-sha256.commit", &[LegacyRule::EntryOfSha1Id, LegacyRule::EntryOfReencodedId]),
    ("gitsign-0.14.0-sha256.tag", &[LegacyRule::EntryOfSha1Id, LegacyRule::EntryOfReencodedId]),
    ("gitsign-0.16.1-encoding.commit", &[LegacyRule::EntryOfObjectId]),
    ("gitsign-0.16.1.tag", &[LegacyRule::EntryOfHeaderId]),
    ("gitsign-0.16.1-sha256.commit", &[LegacyRule::EntryOfSha1Id]),
    ("gitsign-0.16.1-sha256.tag", &[LegacyRule::EntryOfSha1Id, LegacyRule::EntryOfHeaderId]),
    ("gitsign-0.17.1.commit", &[LegacyRule::EntryOfObjectId]),
    ("gitsign-0.17.1.tag", &[LegacyRule::EntryOfObjectId]),
    ("gitsign-0.17.1-sha256.tag", &[LegacyRule::EntryOfSha1Id]),
];

#[test]
fn the_entries_that_gitsign_logged_in_its_online_mode_are_bound_and_labelled() {
    let folder = folder().join("online");
    let json = std::fs::read(folder.join("trusted_root.json")).unwrap();
    let root = TrustRoot::from_json(&json, Instance::Custom, "real").unwrap();
    let verifier = Verifier::new(vec![root], "2026-11-23T05:00:00Z".parse().unwrap());
    for (name, rules) in ONLINE {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let format = if name.contains("sha256") { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let signed =
            if name.ends_with(".tag") { Tag::parse(&bytes).unwrap().signed } else { Commit::parse(&bytes, format).unwrap().signed };
        assert_eq!(verifier.verify(&signed).unwrap_err().reason(), Reason::EntryMissing, "{name}");
        for (other, _) in ONLINE {
            let entry = entry_of_file(&folder.join(format!("{other}.json")));
            match verifier.verify_with(&signed, &[entry]) {
                Ok(verified) if name == other => {
                    assert_eq!(verified.legacy_rules(), rules, "{name}");
                    assert_eq!(verified.identity().name, "you@example.com", "{name}");
                }
                Err(rejection) if name != other && rejection.reason() == Reason::EntryMismatch => {}
                result => panic!("{name} with the entry of {other}: {:?}", result.map(|verified| verified.legacy_rules().to_vec())),
            }
        }
    }
}
