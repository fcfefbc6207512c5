//! The bundles of the corpus: data of Sigstore's conformance suite, each with the verdict that its name promises, for its own reason.

use crate::{bundle_case::bundle_cases, objects_of_corpus::folder};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::pkcs8::EncodePublicKey as _;
use paraph::{
    Explanation as _, Reason, Rejection,
    policy::{Decision, Expected, ExpectedIdentity, Policy, Verdict},
    trust::{Instance, TrustRoot},
    verify::{Artifact, ManagedKey, SubjectKind, Verifier},
};
use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const NOW: &str = "2026-11-28T00:00:00Z";

/// What is expected of a case; `None` for good.
fn expected(case: &str) -> Option<Reason> {
    match case {
        "bundle-malformed-json_fail" => Some(Reason::BundleMalformed),
        "bundle-with-root-cert_fail" => Some(Reason::BundleRootCertificate),
        "checkpoint-wrong-roothash_fail" => Some(Reason::CheckpointMismatch),
        "dsse-mismatch-sig_fail" | "wrong-hashedrekord-entry_fail" => Some(Reason::EntryMismatch),
        "managed-key-wrong-key_fail" => Some(Reason::KeyMalformed),
        "message-digest-mismatch_fail" => Some(Reason::MessageDigest),
        "rekor2-no-timestamp_fail" => Some(Reason::NoTrustedTime),
        "rekor2-timestamp-payload-mismatch_fail" => Some(Reason::TimestampImprint),
        "set-invalid-signature_fail" => Some(Reason::PromiseInvalid),
        other if !other.ends_with("_fail") => None,
        other => panic!("a case that this test does not know: {other}"),
    }
}

/// One case of the suite.
struct Case {
    name: String,
    folder: PathBuf,
    bundle: Vec<u8>,
    artifact: Vec<u8>,
}

impl Case {
    fn all(corpus: &Path) -> Vec<Self> {
        let bundles = corpus.join("bundles");
        let mut cases: Vec<Self> = std::fs::read_dir(&bundles)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .map(|folder| Self {
                name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
                bundle: std::fs::read(folder.join("bundle.sigstore.json")).unwrap(),
                artifact: std::fs::read(folder.join("artifact")).or_else(|_| std::fs::read(bundles.join("a.txt"))).unwrap(),
                folder,
            })
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn trusted_root(&self) -> TrustRoot {
        match std::fs::read(self.folder.join("trusted_root.json")) {
            Ok(json) => TrustRoot::from_json(&json, Instance::Custom, "trusted_root.json").unwrap(),
            Err(_) => TrustRoot::embedded(&Instance::Public).unwrap().unwrap(),
        }
    }

    /// The verdict; the reason of one that is not good, or else what was signed.
    fn judge(&self, artifact: &Artifact<'_>) -> Result<SubjectKind, Rejection> {
        let verifier = Verifier::new(vec![self.trusted_root()], NOW.parse().unwrap());
        if let Ok(pem) = std::fs::read(self.folder.join("key.pub")) {
            let verified = ManagedKey::from_pem(&pem).and_then(|key| verifier.verify_bundle_by_key(&self.bundle, artifact, None, &key));
            let judgement = Policy::judge_by_key(verified.clone());
            let verified = verified?;
            assert_eq!(judgement.verdict(), Verdict::Good);
            assert!(judgement.verification().is_none(), "a key names no identity");
            return Ok(verified.subject().kind);
        }
        let verified = verifier.verify_bundle(&self.bundle, artifact, None)?;
        let identity =
            ExpectedIdentity { identity: Expected::Exactly(IDENTITY.into()), issuer: Expected::Exactly(ISSUER.into()), claims: Vec::new() };
        let policy = Policy { expected: Some(vec![identity]), ..Policy::default() };
        let kind = verified.subject().kind;
        let judgement = policy.judge(Ok::<_, Rejection>(verified));
        assert_eq!(judgement.ruling().unwrap().decision(), Decision::Expected, "{}", self.name);
        assert_eq!(judgement.verdict(), Verdict::Good, "{}", self.name);
        Ok(kind)
    }
}

#[test]
fn each_bundle_of_the_suite_gets_its_verdict_for_its_own_reason() {
    let Some(corpus) = folder("the bundles of the corpus") else { return };
    let cases = Case::all(&corpus);
    assert!(cases.len() >= 21, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let digest: [u8; 32] = Sha256::digest(&case.artifact).into();
        for (how, artifact) in [("bytes", Artifact::bytes(&case.artifact)), ("digest", Artifact::sha256(digest))] {
            let found = case.judge(&artifact);
            let expected_kind =
                if case.name.contains("dsse") || case.name.starts_with("intoto") { SubjectKind::Attestation } else { SubjectKind::File };
            let is_right = match (&found, expected(&case.name)) {
                (Ok(kind), None) => *kind == expected_kind,
                (Err(rejection), Some(reason)) => rejection.reason() == reason,
                _ => false,
            };
            if !is_right {
                wrong.push(format!("{} by {how}: {found:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_bundle_of_the_suite_is_good_for_another_file() {
    let Some(corpus) = folder("the bundles of the corpus") else { return };
    for case in Case::all(&corpus) {
        let rejection = case.judge(&Artifact::bytes(b"another file")).unwrap_err();
        let about_file = [Reason::MessageDigest, Reason::SubjectMismatch];
        let is_earlier = expected(&case.name) == Some(rejection.reason());
        assert!(about_file.contains(&rejection.reason()) || is_earlier, "{}: {}", case.name, rejection.reason().id());
    }
}

#[test]
fn a_key_and_a_certificate_never_stand_for_each_other() {
    let Some(corpus) = folder("the bundles of the corpus") else { return };
    let cases = Case::all(&corpus);
    let case = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    let (by_key, by_certificate) = (case("managed-key-happy-path"), case("happy-path-v0.3-new-mediaType"));
    let verifier = Verifier::new(vec![by_key.trusted_root()], NOW.parse().unwrap());
    let artifact = Artifact::bytes(&by_key.artifact);
    let key = ManagedKey::from_pem(&std::fs::read(by_key.folder.join("key.pub")).unwrap()).unwrap();
    assert_eq!(verifier.verify_bundle(&by_key.bundle, &artifact, None).unwrap_err().reason(), Reason::KeyNotGiven);
    let refused = verifier.verify_bundle_by_key(&by_certificate.bundle, &artifact, None, &key);
    assert_eq!(refused.unwrap_err().reason(), Reason::KeyNotUsed);
    let pem = p256::SecretKey::from_slice(&[7; 32]).unwrap().public_key().to_public_key_pem(Default::default()).unwrap();
    let refused = verifier.verify_bundle_by_key(&by_key.bundle, &artifact, None, &ManagedKey::from_pem(pem.as_bytes()).unwrap());
    assert_eq!(refused.unwrap_err().reason(), Reason::KeySignature);
}

/// What the `sigstore-verify` crate says of a case.
fn second_opinion(case: &Case) -> Result<(), String> {
    let root = std::fs::read_to_string(case.folder.join("trusted_root.json"))
        .unwrap_or_else(|_| sigstore_trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT.to_owned());
    let root = sigstore_trust_root::TrustedRoot::from_json(&root).map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(&case.bundle).map_err(|error| error.to_string())?;
    let bundle = sigstore_types::Bundle::from_json(text).map_err(|error| error.to_string())?;
    let verified = match std::fs::read_to_string(case.folder.join("key.pub")) {
        Ok(pem) => {
            let key = sigstore_types::DerPublicKey::from_pem(&pem).map_err(|error| error.to_string())?;
            let policy = sigstore_verify::PublicKeyVerificationPolicy::new(key);
            sigstore_verify::verify(case.artifact.as_slice(), &bundle, &policy, &root)
        }
        Err(_) => {
            let policy = sigstore_verify::VerificationPolicy::any_identity();
            sigstore_verify::verify(case.artifact.as_slice(), &bundle, &policy, &root)
        }
    };
    verified.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn the_second_opinion_agrees_on_each_bundle_of_the_suite() {
    let Some(corpus) = folder("the second opinion on the bundles of the corpus") else { return };
    for case in Case::all(&corpus) {
        let opinion = second_opinion(&case);
        assert_eq!(opinion.is_ok(), expected(&case.name).is_none(), "{}: {opinion:?}", case.name);
    }
}

/// Parts that no signature covers, by JSON pointer, and why they may change.
const UNCOVERED: [(&str, &str); 7] = [
    ("/messageSignature/messageDigest", "it is a hint and may be left out; one that is there is compared"),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/rootHash", "Rekor v2: the checkpoint says it; this copy is ignored"),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/treeSize", "Rekor v2: the checkpoint says it; this copy is ignored"),
    ("/verificationMaterial/tlogEntries/0/inclusionProof/logIndex", "Rekor v2: the entry says it; this copy is ignored"),
    (
        "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
        "signatures by witnesses, whose keys nobody knows here, are passed over",
    ),
    ("/verificationMaterial/tlogEntries/0/inclusionPromise", "it may be left out where a timestamp tells the time"),
    (
        "/verificationMaterial/timestampVerificationData",
        "a token's parts are changed with those of commits; where a promise tells the time, it may be left out",
    ),
];

/// The pointers to all fields, those that hold others too.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |name: &str, value: &Value| {
        let pointer = format!("{at}/{name}");
        found.push(pointer.clone());
        pointers(value, &pointer, found);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(elements) => elements.iter().enumerate().for_each(|(index, value)| below(&index.to_string(), value)),
        _ => {}
    }
}

/// The bundle with one field left out, or changed in all the ways that its form allows.
fn mutants(bundle: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    pointers(bundle, "", &mut all);
    let mut mutants = Vec::new();
    for pointer in all {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut without = bundle.clone();
        match without.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(name)),
            Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
            _ => unreachable!("only these have fields"),
        }
        mutants.push((pointer.clone(), without));
        let Some(Value::String(text)) = bundle.pointer(&pointer) else { continue };
        let mut with = |text: String| {
            let mut changed = bundle.clone();
            *changed.pointer_mut(&pointer).unwrap() = Value::String(text);
            mutants.push((pointer.clone(), changed));
        };
        match (text.parse::<i64>(), STANDARD.decode(text)) {
            (Ok(number), _) => [number + 1, 0, -1, i64::MAX].into_iter().for_each(|other| with(other.to_string())),
            (Err(_), Ok(bytes)) => {
                for at in (0..bytes.len()).step_by(bytes.len() / 64 + 1) {
                    let mut changed = bytes.clone();
                    changed[at] ^= 1 << (at % 8);
                    with(STANDARD.encode(changed));
                }
                with(STANDARD.encode([bytes.as_slice(), &[0]].concat()));
                with(STANDARD.encode(&bytes[1..]));
            }
            (Err(_), Err(_)) => {
                for at in
                    (0..text.len()).filter(|at| text.is_char_boundary(*at) && text.is_char_boundary(at + 1)).step_by(text.len() / 64 + 1)
                {
                    let other = if text[at..].starts_with('x') { "y" } else { "x" };
                    with(format!("{}{other}{}", &text[..at], &text[at + 1..]));
                }
                with(format!("{text}x"));
            }
        }
    }
    mutants.retain(|(_, mutant)| mutant != bundle);
    mutants
}

/// The bundle with the parts of a vector's signature, and what it is over.
fn bundle_of_vector(vector: &Path) -> (Value, Vec<u8>) {
    let commit = std::fs::read(vector.join("commit")).unwrap();
    let signed = paraph::object::Commit::parse(&commit, paraph::object::ObjectFormat::Sha1).unwrap().signed;
    let (json, artifact) = crate::bundle::bundle(&signed.signature).unwrap();
    (serde_json::from_str(&json).unwrap(), artifact)
}

#[test]
fn the_copies_in_a_proof_count_with_rekor_v1_and_are_ignored_with_v2() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let root = TrustRoot::from_json(&std::fs::read(vectors.join("trusted_root.json")).unwrap(), Instance::Custom, "vectors").unwrap();
    let verifier = Verifier::new(vec![root], NOW.parse().unwrap());
    for (name, is_ignored) in [("v1_ok", false), ("v2_ok", true)] {
        let (bundle, artifact) = bundle_of_vector(&vectors.join(name));
        let artifact = Artifact::sha256(Sha256::digest(&artifact).into());
        let judge = |bundle: &Value| verifier.verify_bundle(bundle.to_string().as_bytes(), &artifact, None);
        for (field, other) in [("logIndex", "1".to_owned()), ("treeSize", "9".to_owned()), ("rootHash", STANDARD.encode([7; 32]))] {
            let mut changed = bundle.clone();
            let copy = changed.pointer_mut(&format!("/verificationMaterial/tlogEntries/0/inclusionProof/{field}")).unwrap();
            assert_ne!(*copy, other);
            *copy = other.into();
            assert_eq!(judge(&changed).is_ok(), is_ignored, "{name}: {field}");
        }
        // what counts in their place with Rekor v2
        for field in ["logIndex", "inclusionProof/checkpoint/envelope"] {
            let mut changed = bundle.clone();
            let part = changed.pointer_mut(&format!("/verificationMaterial/tlogEntries/0/{field}")).unwrap();
            *part = if field == "logIndex" { "1".into() } else { part.as_str().unwrap().replacen('8', "9", 1).into() };
            assert!(judge(&changed).is_err(), "{name}: {field}");
        }
        let mut without = bundle.clone();
        without.pointer_mut("/verificationMaterial/tlogEntries/0/inclusionProof").unwrap().as_object_mut().unwrap().remove("checkpoint");
        assert_eq!(judge(&without).unwrap_err().reason(), Reason::ProofMissing, "{name}");
    }
}

#[test]
fn every_change_of_a_good_bundle_is_refused() {
    let mut subjects = Vec::new();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let root = TrustRoot::from_json(&std::fs::read(vectors.join("trusted_root.json")).unwrap(), Instance::Custom, "vectors").unwrap();
    for name in ["v1_ok", "v2_ok", "v1_with_timestamp_ok"] {
        let (bundle, artifact) = bundle_of_vector(&vectors.join(name));
        subjects.push((name.to_owned(), bundle, artifact, root.clone()));
    }
    for case in bundle_cases().into_iter().filter(|case| ["v1_dsse_ok", "v1_intoto_ok", "v2_dsse_ok"].contains(&case.name.as_str())) {
        subjects.push((case.name, serde_json::from_slice(&case.bundle).unwrap(), case.artifact, root.clone()));
    }
    let corpus = folder("changes of the bundles of the corpus");
    if let Some(corpus) = &corpus {
        let names = ["happy-path-v0.3-new-mediaType", "happy-path-intoto-in-dsse-v3", "rekor2-happy-path", "rekor2-dsse-happy-path"];
        for case in Case::all(corpus).into_iter().filter(|case| names.contains(&case.name.as_str())) {
            let root = case.trusted_root();
            subjects.push((case.name, serde_json::from_slice(&case.bundle).unwrap(), case.artifact, root));
        }
    }
    let mut accepted = std::collections::BTreeSet::new();
    let mut count = 0;
    for (name, bundle, artifact, root) in subjects {
        let verifier = Verifier::new(vec![root], NOW.parse().unwrap());
        // the signed attributes of a commit are accepted by their digest only
        let is_of_commit = artifact.first() == Some(&0x31);
        let artifact = if is_of_commit { Artifact::sha256(Sha256::digest(&artifact).into()) } else { Artifact::bytes(&artifact) };
        let judge = |bundle: &Value| verifier.verify_bundle(bundle.to_string().as_bytes(), &artifact, None);
        judge(&bundle).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        let mutants = mutants(&bundle);
        count += mutants.len();
        accepted
            .extend(mutants.par_iter().filter(|(_, mutant)| judge(mutant).is_ok()).map(|(pointer, _)| pointer.clone()).collect::<Vec<_>>());
    }
    assert!(count > 1000, "{count}");
    for (part, _) in UNCOVERED {
        let before = accepted.len();
        accepted.retain(|pointer| !pointer.starts_with(part));
        // only bundles of the corpus have signatures of witnesses
        assert!(accepted.len() < before || corpus.is_none(), "{part} is listed, and every change of it is refused");
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
}
