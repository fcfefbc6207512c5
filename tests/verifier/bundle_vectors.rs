//! The vectors of bundles: each gets what its `expect` says, by the file's bytes and by its digest, and `sigstore-verify` agrees, but where
//! the table says so.

use crate::{
    bundle_case::{BundleCase, bundle_cases},
    case::{Cell, folder},
    library::NOW,
};
use jiff::Timestamp;
use paraph::{
    Explanation as _, Reason, Rejection,
    internals::bundle::{Bundle, MAX_BUNDLE, MAX_BUNDLES},
    policy::{Expected, ExpectedIdentity, Judgement, Policy},
    trust::{Instance, TrustRoot},
    verify::{Artifact, ManagedKey, Verifier},
};
use paraph_vectors::world::{ISSUER, SIGNER};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Vectors on which the two differ, what this verifier says, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("certificate_and_key_fail", "bad bundle-key-material", "the key material is one of three forms (sigstore_bundle.proto)"),
    ("index_as_number_fail", "bad bundle-malformed", "64-bit integers are texts in canonical proto3 JSON"),
    ("name_in_other_spelling_fail", "bad bundle-malformed", "names are in lowerCamelCase in canonical proto3 JSON"),
    ("signature_without_padding_fail", "bad bundle-malformed", "bytes are in base64 with padding in canonical proto3 JSON"),
    ("unknown_field_fail", "bad bundle-malformed", "a field that one reader passes over may mean something to another"),
    ("too_many_entries_fail", "bad bundle-too-many", "the number of each part has a cap"),
    ("key_id_of_other_fail", "bad bundle-key-hint", "beside a key, the bundle and the envelope name the same one"),
    ("statement_type_fail", "bad statement-malformed", "only the versions of in-toto statements that exist are read"),
    ("subject_of_two_files_fail", "bad subject-mismatch", "every digest of a subject that is known has to be the file's"),
    ("no_statement_fail", "unchecked predicate-type", "the second opinion cannot be asked for a predicate type"),
    ("other_predicate_type_fail", "unchecked predicate-type", "the second opinion cannot be asked for a predicate type"),
    ("file_of_attributes_fail", "bad file-disguised", "a signature over such a file can be a commit's"),
    ("file_of_commit_fail", "bad file-disguised", "a signature over such a file can be a commit's"),
    ("file_of_envelope_fail", "bad file-disguised", "a signature over such a file can be an envelope's"),
    ("p384_ok", "good -", "an entry may state a SHA-384 digest; the crate reads SHA-256 only"),
];

fn verifier() -> Verifier {
    let json = std::fs::read(folder().join("trusted_root.json")).unwrap();
    let root = TrustRoot::from_json(&json, Instance::named("vectors").unwrap(), "vectors").unwrap();
    Verifier::new(vec![root], NOW.parse().unwrap())
}

fn judge(verifier: &Verifier, case: &BundleCase, artifact: &Artifact<'_>) -> Cell {
    let (bundle, predicate_type) = (case.bundle.as_slice(), case.predicate_type.as_deref());
    let judgement: Judgement = match &case.key {
        Some(pem) => Policy::judge_by_key(
            ManagedKey::from_pem(pem).and_then(|key| verifier.verify_bundle_by_key(bundle, artifact, predicate_type, &key)),
        ),
        None => {
            let identity = ExpectedIdentity {
                identity: Expected::Exactly(SIGNER.into()),
                issuer: Expected::Exactly(ISSUER.into()),
                claims: Vec::new(),
            };
            let policy = Policy { expected: Some(vec![identity]), ..Policy::default() };
            policy.judge(verifier.verify_bundle(bundle, artifact, predicate_type))
        }
    };
    let reason = judgement.rejection().map_or("-", |rejection| rejection.reason().id());
    Cell::judged(judgement.verdict().as_str(), reason)
}

#[test]
fn each_bundle_gets_its_verdict_by_bytes_and_by_digest() {
    let (verifier, cases) = (verifier(), bundle_cases());
    let mut wrong = Vec::new();
    for case in &cases {
        let digest: [u8; 32] = Sha256::digest(&case.artifact).into();
        for (how, artifact, expected) in
            [("bytes", Artifact::bytes(&case.artifact), &case.bytes), ("digest", Artifact::sha256(digest), &case.digest)]
        {
            let found = judge(&verifier, case, &artifact);
            if found != *expected {
                wrong.push(format!("{} by {how}: expected {expected}, found {found}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases.len() >= 60, "{}", cases.len());
}

#[test]
fn no_bundle_of_the_vectors_is_good_for_another_file() {
    let verifier = verifier();
    for case in bundle_cases() {
        let found = judge(&verifier, &case, &Artifact::bytes(b"a file that nobody signed"));
        assert!(matches!(&found, Cell::Judged { verdict, .. } if verdict != "good"), "{}: {found}", case.name);
    }
}

/// What the `sigstore-verify` crate says of a vector.
fn second_opinion(case: &BundleCase, root: &sigstore_trust_root::TrustedRoot) -> Result<(), String> {
    let text = std::str::from_utf8(&case.bundle).map_err(|error| error.to_string())?;
    let bundle = sigstore_types::Bundle::from_json(text).map_err(|error| error.to_string())?;
    let verified = match &case.key {
        Some(pem) => {
            let pem = std::str::from_utf8(pem).map_err(|error| error.to_string())?;
            let key = sigstore_types::DerPublicKey::from_pem(pem).map_err(|error| error.to_string())?;
            let policy = sigstore_verify::PublicKeyVerificationPolicy::new(key);
            sigstore_verify::verify(case.artifact.as_slice(), &bundle, &policy, root)
        }
        None => {
            let policy = sigstore_verify::VerificationPolicy::any_identity();
            sigstore_verify::verify(case.artifact.as_slice(), &bundle, &policy, root)
        }
    };
    verified.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn the_second_opinion_agrees_on_every_bundle_of_the_vectors() {
    if Timestamp::now() < NOW.parse().unwrap() {
        eprintln!("SKIPPED the second opinion on the bundles: its clock is this machine's, which lies before {NOW}");
        return;
    }
    let root = std::fs::read_to_string(folder().join("trusted_root.json")).unwrap();
    let root = sigstore_trust_root::TrustedRoot::from_json(&root).unwrap();
    let mut listed: BTreeMap<&str, &str> = DIFFERENCES.iter().map(|(name, ours, _)| (*name, *ours)).collect();
    assert_eq!(listed.len(), DIFFERENCES.len(), "a vector stands twice in the table");
    let mut wrong = Vec::new();
    for case in bundle_cases() {
        let (ours, opinion) = (case.bytes.to_string(), second_opinion(&case, &root));
        let agree = opinion.is_ok() == ours.starts_with("good");
        match listed.remove(case.name.as_str()) {
            Some(expected) if expected != ours => wrong.push(format!("{}: {ours}, and the table says {expected}", case.name)),
            Some(_) if agree => wrong.push(format!("{}: it stands in the table, and they agree", case.name)),
            None if !agree => wrong.push(format!("{}: {ours}, and the second opinion is {opinion:?}", case.name)),
            _ => {}
        }
    }
    wrong.extend(listed.keys().map(|name| format!("{name}: it stands in the table, and is no vector")));
    assert!(wrong.is_empty(), "{} are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn bundles_that_are_too_large_or_too_many_are_refused() {
    let reason = |result: Result<(), Rejection>| result.unwrap_err().reason();
    let case = bundle_cases().into_iter().find(|case| case.name == "v1_ok").unwrap();
    // blanks around JSON say nothing
    let padded = |length: usize| [case.bundle.as_slice(), &vec![b' '; length - case.bundle.len()]].concat();
    let judge = |bundle: &[u8]| verifier().verify_bundle(bundle, &Artifact::bytes(&case.artifact), None).map(|_| ());
    assert_eq!(judge(&padded(MAX_BUNDLE)), Ok(()));
    assert_eq!(reason(judge(&padded(MAX_BUNDLE + 1))), Reason::BundleTooLarge);
    let lines = "{}\n".repeat(MAX_BUNDLES);
    assert_eq!(Bundle::split(lines.as_bytes()).unwrap().len(), MAX_BUNDLES);
    assert_eq!(reason(Bundle::split(format!("{lines}{{}}\n").as_bytes()).map(|_| ())), Reason::BundleTooMany);
}
