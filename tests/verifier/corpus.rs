//! Every object of the corpus gets the verdict that its index expects, each for its own reason.

use crate::{
    bundle::second_opinion,
    entries::entry_of_file,
    objects_of_corpus::{Object, folder, objects},
};
use paraph::{
    Explanation as _, LegacyRule, Reason, Rejection,
    object::{Commit, ObjectFormat, Tag},
    trust::{Instance, KeyFiles, TrustRoot},
    verify::{Verified, Verifier},
};
use std::{collections::BTreeMap, path::Path};

fn verifier(folder: &Path) -> Verifier {
    let json = std::fs::read(folder.join("trust/production/trusted_root.json")).unwrap();
    let root = TrustRoot::from_json(&json, Instance::Public, "production").unwrap();
    Verifier::new(vec![root], "2026-08-25T00:00:00Z".parse().unwrap())
}

fn verify(verifier: &Verifier, object: &Object) -> Result<Verified, Rejection> {
    match object.is_tag {
        true => verifier.verify_tag(&object.bytes, ObjectFormat::Sha1, None),
        false => verifier.verify_commit(&object.bytes, ObjectFormat::Sha1),
    }
}

/// The reasons that a class of the index may have.
fn expected(class: &str) -> &'static [Option<Reason>] {
    match class {
        "OFFLINE_OK" => &[None],
        "ONLINE_LOOKUP_NEEDED" => &[Some(Reason::EntryMissing)],
        "FULCIO_V1_ROOT_DIRECT_NO_SCT" => &[Some(Reason::DirectlyFromRoot)],
        "FULCIO_2021_ROOT_NO_SCT" => &[Some(Reason::SctMissing)],
        "DRAFT_REKOR_ATTRS" => &[Some(Reason::EntryDraftEncoding)],
        "PRIVATE_FULCIO_ROOT_UNKNOWN" | "PRIVATE_FULCIO_ROOT_KNOWN" => &[Some(Reason::UnknownAuthority)],
        "OTHER_CMS" => &[Some(Reason::ForeignCms)],
        "OTHER_CMS_NO_CERT" => &[Some(Reason::ForeignCmsWithoutCertificate)],
        "OTHER_CMS_BAD_SIGNATURE" => &[Some(Reason::ForeignCmsInvalid)],
        "NO_CMS_SIGNATURE" => &[Some(Reason::NoSignature), Some(Reason::SshSignature)],
        other => panic!("the index has a class that this test does not know: {other}"),
    }
}

#[test]
fn every_object_gets_its_expected_verdict() {
    let Some(folder) = folder("every_object_gets_its_expected_verdict") else { return };
    let verifier = verifier(&folder);
    let mut table: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for object in objects(&folder) {
        let class = &object.row["verdict"];
        let result = verify(&verifier, &object);
        let reason = result.as_ref().err().map(Rejection::reason);
        *table.entry((class.clone(), reason.map_or("verified", |reason| reason.id()))).or_default() += 1;
        if !expected(class).contains(&reason) {
            wrong.push(format!("{} {class}: {:?}", object.oid, result.map(|_| "verified")));
        }
    }
    for ((class, reason), count) in &table {
        println!("{count:>4}  {class:<30} {reason}");
    }
    assert!(wrong.is_empty(), "{} objects differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_verified_is_what_the_index_found() {
    let Some(folder) = folder("what_is_verified_is_what_the_index_found") else { return };
    let verifier = verifier(&folder);
    for object in objects(&folder).into_iter().filter(|object| object.row["verdict"] == "OFFLINE_OK") {
        let verified = verify(&verifier, &object).unwrap();
        let row = &object.row;
        assert_eq!(verified.identity().name, row["identity"], "{}", object.oid);
        assert_eq!(verified.identity().issuer, row["issuer"], "{}", object.oid);
        assert_eq!(verified.entry().log_index.to_string(), row["rekor_log_index"], "{}", object.oid);
        assert_eq!(verified.certificate().certificate().not_before().to_string(), row["not_before"], "{}", object.oid);
        assert!(verified.legacy_rules().is_empty(), "{}", object.oid);
    }
}

#[test]
fn the_real_entry_of_a_commit_of_the_online_mode_is_bound() {
    let Some(folder) = folder("the_real_entry_of_a_commit_of_the_online_mode_is_bound") else { return };
    let verifier = verifier(&folder);
    let online = folder.join("fixtures/online-entry");
    let bytes = std::fs::read(online.join("legacy-online.commit")).unwrap();
    let signed = Commit::parse(&bytes, ObjectFormat::Sha1).unwrap().signed;
    let verified = verifier.verify_with(&signed, &[entry_of_file(&online.join("rekor-entry-legacy.json"))]).unwrap();
    assert_eq!(verified.legacy_rules(), [LegacyRule::EntryOfObjectId]);
    assert_eq!(verified.entry().log_index, 2_203_713_803);
    let other = entry_of_file(&online.join("rekor-entry-22784639.json"));
    assert_eq!(verifier.verify_with(&signed, &[other]).unwrap_err().reason(), Reason::EntryMismatch);
}

#[test]
fn a_private_root_that_is_given_as_a_file_is_used() {
    let Some(folder) = folder("a_private_root_that_is_given_as_a_file_is_used") else { return };
    let pem = std::fs::read(folder.join("trust/private-fulcio-root.pem")).unwrap();
    let files = KeyFiles { fulcio_root: Some(("private-fulcio-root.pem".into(), pem)), ..KeyFiles::default() };
    let verifier = Verifier::new(vec![files.over(None).unwrap()], "2026-08-25T00:00:00Z".parse().unwrap());
    let object = objects(&folder).into_iter().find(|object| object.row["verdict"] == "PRIVATE_FULCIO_ROOT_KNOWN").unwrap();
    // its chain is known now; its CT log still is not
    assert_eq!(verify(&verifier, &object).unwrap_err().reason(), Reason::SctUnknownLog);
}

#[test]
fn a_changed_byte_of_the_payload_is_found() {
    let Some(folder) = folder("a_changed_byte_of_the_payload_is_found") else { return };
    let verifier = verifier(&folder);
    for mut object in objects(&folder).into_iter().filter(|object| object.row["verdict"] == "OFFLINE_OK" && !object.is_tag) {
        let last = object.bytes.last_mut().unwrap();
        *last = if *last == b'x' { b'y' } else { b'x' };
        assert_eq!(verify(&verifier, &object).unwrap_err().reason(), Reason::PayloadMismatch, "{}", object.oid);
    }
}

#[test]
fn the_second_opinion_agrees_on_every_object_that_verifies_offline() {
    let Some(folder) = folder("the_second_opinion_agrees_on_every_object_that_verifies_offline") else { return };
    let root = std::fs::read_to_string(folder.join("trust/production/trusted_root.json")).unwrap();
    let mut disagreements = Vec::new();
    for object in objects(&folder).into_iter().filter(|object| object.row["verdict"] == "OFFLINE_OK") {
        let signature = match object.is_tag {
            true => Tag::parse(&object.bytes).unwrap().signed.signature.into_owned(),
            false => Commit::parse(&object.bytes, ObjectFormat::Sha1).unwrap().signed.signature.into_owned(),
        };
        if let Err(error) = second_opinion(&signature, &root, &object.row["identity"], &object.row["issuer"]) {
            disagreements.push(format!("{}: {error}", object.oid));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}
