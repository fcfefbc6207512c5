//! Each vector that a Sigstore bundle can express, judged by `sigstore-verify` too: the two verifiers agree, but where the table says so.
//!
//! A bundle holds certificate, signature, log entry and timestamps. A defect of the object, the armor, the CMS structure or the payload lies
//! outside of it, and so does the policy; there the second opinion is git's own tests, openssl's, and mutation.

use crate::{
    bundle::{bundle, judge},
    case::{Case, Cell, cases},
    library::{NOW, library_cell, verify},
};
use jiff::Timestamp;
use paraph::{
    Explanation as _, Layer, Reason,
    internals::certificate::IdentityKind,
    object::{Commit, ObjectFormat, PushCertificate, Tag},
    trust::{Instance, TrustRoot},
    verify::Verifier,
};
use sha2::{Digest, Sha256};
use sigstore_types::Sha256Hash;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Vectors on which the two differ, what this verifier says, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("address_and_uri_fail", "bad subject-alternative-name", "exactly one subject alternative name is asked for"),
    ("two_names_fail", "bad subject-alternative-name", "exactly one subject alternative name is asked for"),
    ("empty_name_fail", "bad subject-alternative-name", "the name is to be printable and not empty"),
    ("name_with_escape_fail", "bad subject-alternative-name", "the name is to be printable and not empty"),
    ("name_with_line_feed_fail", "bad subject-alternative-name", "the name is to be printable and not empty"),
    ("name_with_nul_fail", "bad subject-alternative-name", "the name is to be printable and not empty"),
    ("name_with_space_fail", "bad subject-alternative-name", "the name is to be printable, without space"),
    (
        "name_not_critical_fail",
        "bad subject-alternative-name",
        "Fulcio's profile has it critical, since the subject is empty (RFC 5280, section 4.2.1.6)",
    ),
    ("issuer_empty_fail", "bad issuer-extension", "the issuer is to be printable and not empty"),
    ("issuer_with_line_feed_fail", "bad issuer-extension", "the issuer is to be printable and not empty"),
    ("issuers_differ_fail", "bad issuer-extension", "both issuer extensions are read, and compared"),
    ("claim_does_not_parse_fail", "bad certificate-extension", "each of Fulcio's claims is read, since a policy may ask for it"),
    ("duplicate_extension_fail", "bad certificate-extension", "no extension may stand twice (RFC 5280, section 4.2)"),
    ("further_purpose_fail", "bad certificate-profile", "Fulcio's profile: codeSigning alone"),
    ("may_sign_certificates_fail", "bad certificate-profile", "Fulcio's profile: digitalSignature alone"),
    ("no_digital_signature_fail", "bad certificate-profile", "Fulcio's profile: digitalSignature alone"),
    ("no_key_usage_fail", "bad certificate-profile", "Fulcio's profile: digitalSignature alone"),
    ("path_length_of_root_fail", "bad certificate-profile", "the chain goes up to the root, and the root's path length holds"),
    ("path_length_fail", "refused trusted-root", "the trusted root's own certificates have to be issuers"),
    ("intermediate_is_no_authority_fail", "refused trusted-root", "the trusted root's own certificates have to be issuers"),
    ("intermediate_may_not_issue_fail", "refused trusted-root", "the trusted root's own certificates have to be issuers"),
    ("intermediate_of_other_purpose_fail", "refused trusted-root", "the trusted root's own certificates have to be issuers"),
    ("name_constraints_fail", "refused trusted-root", "name constraints are not evaluated, so an issuer with one is not used"),
    ("trusted_root_of_other_type_fail", "refused trusted-root", "the trusted root's media type is looked at"),
    (
        "chain_does_not_hang_together_fail",
        "bad chain-signature",
        "the chain goes up to the root, and not only to the trusted root's intermediate",
    ),
    (
        "cve_2026_24122_expired_intermediate_fail",
        "bad outside-certificate-window",
        "each certificate of the chain has to be valid at each trusted time, the trusted root's own too",
    ),
    (
        "intermediate_not_yet_valid_fail",
        "bad outside-certificate-window",
        "each certificate of the chain has to be valid at each trusted time, the trusted root's own too",
    ),
    (
        "directly_from_root_fail",
        "legacy directly-from-root",
        "a certificate from the root itself needs a legacy rule, which has to be requested",
    ),
    ("entry_kind_dsse_fail", "bad entry-kind", "an entry says of which kind it is, and only hashedrekord holds a git signature"),
    ("entry_kind_rekord_fail", "bad entry-kind", "an entry says of which kind it is, and only hashedrekord holds a git signature"),
    (
        "checkpoint_name_of_other_v1_fail",
        "bad checkpoint-unsigned",
        "the signature counts under the log's name and key hint (C2SP signed-note), in both versions of Rekor",
    ),
    (
        "checkpoint_of_other_size_v1_fail",
        "bad checkpoint-mismatch",
        "size and root hash of checkpoint and proof are compared, in both versions of Rekor",
    ),
    (
        "checkpoint_size_huge_v1_fail",
        "bad checkpoint-mismatch",
        "size and root hash of checkpoint and proof are compared, in both versions of Rekor",
    ),
    (
        "checkpoint_size_zero_v1_fail",
        "bad checkpoint-mismatch",
        "size and root hash of checkpoint and proof are compared, in both versions of Rekor",
    ),
    (
        "checkpoint_size_leading_zero_v1_fail",
        "bad checkpoint-malformed",
        "the note is to be as C2SP tlog-checkpoint writes it, in both versions of Rekor",
    ),
    (
        "checkpoint_without_final_line_feed_v1_fail",
        "bad checkpoint-malformed",
        "the note is to be as C2SP signed-note writes it, in both versions of Rekor",
    ),
    (
        "checkpoint_name_of_other_v2_fail",
        "bad checkpoint-unsigned",
        "the signature counts under the log's name and key hint (C2SP signed-note), in both versions of Rekor",
    ),
    ("checkpoint_origin_fail", "bad checkpoint-origin", "the origin of Rekor v2's checkpoints is the one that its key id covers"),
    (
        "checkpoint_size_leading_zero_v2_fail",
        "bad checkpoint-malformed",
        "the note is to be as C2SP tlog-checkpoint writes it, in both versions of Rekor",
    ),
    (
        "checkpoint_without_final_line_feed_v2_fail",
        "bad checkpoint-malformed",
        "the note is to be as C2SP signed-note writes it, in both versions of Rekor",
    ),
    (
        "timestamp_certificate_from_root_ok",
        "good -",
        "the trusted root may name an authority by its root alone; the token then carries the certificate",
    ),
    (
        "timestamp_critical_extension_fail",
        "bad timestamp-malformed",
        "a critical extension that is not known is refused (RFC 3161, section 2.4.2)",
    ),
    ("timestamp_version_2_fail", "bad timestamp-malformed", "TSTInfo is of version 1 (RFC 3161, section 2.4.2)"),
    (
        "timestamp_names_other_certificate_fail",
        "bad timestamp-invalid",
        "a token names its signer's certificate by a hash (RFC 3161, section 2.4.2; RFC 5816)",
    ),
    (
        "timestamp_without_signing_certificate_fail",
        "bad timestamp-invalid",
        "a token names its signer's certificate by a hash (RFC 3161, section 2.4.2; RFC 5816)",
    ),
    (
        "timestamp_cms_version_1_fail",
        "bad timestamp-malformed",
        "what a CMS structure says twice has to agree (RFC 5652, section 5.1), in tokens too",
    ),
    (
        "timestamp_digest_algorithms_empty_fail",
        "bad timestamp-malformed",
        "what a CMS structure says twice has to agree (RFC 5652, section 5.1), in tokens too",
    ),
];

/// The crates that do a step of verification in both verifiers, and what stands in for a second opinion on that step.
const SHARED: &[(&str, &str)] = &[
    (
        "aws-lc-rs",
        "checks signatures: Wycheproof's cases here; the vectors' ECDSA and Ed25519 signatures are made by other crates; openssl and gitsign",
    ),
    ("base64", "strict base64: the vectors of case 15"),
    ("cms", "reads foreign signatures only, and none of those can become good"),
    ("const-oid", "names of object identifiers: openssl and gitsign write them"),
    ("der", "reads DER: openssl reads the same signatures, and `mutation` takes them apart by hand"),
    ("hex", "writes hexadecimal: openssl and gitsign read the same"),
    ("jiff", "times: openssl and gitsign read the same"),
    ("memchr", "searching for bytes, no verification"),
    ("serde", "reads JSON: the trusted root is read a second time, without types, below"),
    ("serde_json", "reads JSON: the log's canonical bodies, which rest on it nowhere, are hashed by the real servers"),
    ("sigstore-merkle", "inclusion proofs: RFC 6962 by its definition, below"),
    ("sigstore-trust-root", "reads the trusted root: it is read a second time, without types, below"),
    ("sigstore-types", "the types of the two before"),
    ("spki", "reads public keys: openssl and gitsign"),
    ("thiserror", "errors, no verification"),
    ("x509-cert", "reads certificates: openssl and gitsign"),
];

/// Whether a bundle holds the part of a signature that this reason is about. What a signature embeds, or not, it always can.
fn is_expressible(reason: Reason) -> bool {
    !matches!(reason.layer(), Layer::Object | Layer::Armor | Layer::Cms) || reason == Reason::SignatureInvalid
}

fn signature_of(case: &Case) -> Option<Vec<u8>> {
    let signed = match case.kind {
        "commit" => Commit::parse(&case.object, ObjectFormat::Sha1).ok()?.signed,
        "tag" => Tag::parse(&case.object).ok()?.signed,
        _ => PushCertificate::parse(&case.object).ok()?.signed,
    };
    Some(signed.signature.into_owned())
}

/// What the second opinion is; `None` where no bundle can express the vector.
fn opinion(case: &Case, ours: &str) -> Option<Result<(Option<String>, String), String>> {
    let Cell::Judged { reason, .. } = &case.library else { return None };
    let reasons = reason.split(',').filter_map(|id| Reason::ALL.iter().find(|reason| reason.id() == id));
    if reasons.copied().any(|reason| !is_expressible(reason)) {
        return None;
    }
    let (json, artifact) = bundle(&signature_of(case)?).ok()?;
    let opinion = judge(&json, &artifact, &std::fs::read_to_string(&case.trusted_root).unwrap());
    // it was not asked for an identity; no policy could allow a certificate without an identity
    Some(opinion.and_then(|found| match (&found.0, ours.starts_with("good") || ours.starts_with("untrusted")) {
        (None, false) => Err("it has no identity".into()),
        _ => Ok(found),
    }))
}

#[test]
fn the_second_opinion_agrees_on_every_vector_that_a_bundle_can_express() {
    if Timestamp::now() < NOW.parse().unwrap() {
        eprintln!("SKIPPED the second opinion on the vectors: its clock is this machine's, which lies before {NOW}");
        return;
    }
    let (mut counts, mut wrong) = ([0; 2], Vec::new());
    let mut listed: BTreeMap<&str, &str> = DIFFERENCES.iter().map(|(name, ours, _)| (*name, *ours)).collect();
    assert_eq!(listed.len(), DIFFERENCES.len(), "a vector stands twice in the table");
    for case in cases() {
        let ours = library_cell(&case).to_string();
        let Some(opinion) = opinion(&case, &ours) else { continue };
        let is_good = ours.starts_with("good") || ours.starts_with("untrusted");
        counts[usize::from(is_good)] += 1;
        match listed.remove(case.name.as_str()) {
            Some(expected) if expected != ours => wrong.push(format!("{}: {ours}, and the table says {expected}", case.name)),
            Some(_) if opinion.is_ok() == is_good => wrong.push(format!("{}: it stands in the table, and they agree", case.name)),
            None if opinion.is_ok() != is_good => wrong.push(format!("{}: {ours}, and the second opinion is {opinion:?}", case.name)),
            None if is_good => {
                let root = TrustRoot::from_json(&std::fs::read(&case.trusted_root).unwrap(), Instance::Custom, "vectors").unwrap();
                let verified = verify(&Verifier::new(vec![root], NOW.parse().unwrap()), &case).unwrap();
                let identity = verified.identity();
                let name = (identity.kind != IdentityKind::Username).then(|| identity.name.clone());
                if opinion.as_ref() != Ok(&(name, identity.issuer.clone())) {
                    wrong.push(format!("{}: they name different identities, {identity:?} and {opinion:?}", case.name));
                }
            }
            _ => {}
        }
    }
    wrong.extend(listed.keys().map(|name| format!("{name}: it stands in the table, and no bundle can express it")));
    assert!(wrong.is_empty(), "{} are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
    println!("the second opinion was asked about {} good and {} bad vectors", counts[1], counts[0]);
    assert!(counts[0] > 150 && counts[1] > 40, "{counts:?}");
}

/// The crates that the verifier builds on by itself and that `sigstore-verify` builds on too, by the lock file.
fn shared_crates() -> BTreeSet<String> {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let lock = read("Cargo.lock");
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let name = package.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).unwrap();
        let names = package.lines().filter_map(|line| line.strip_prefix(" \"")?.split(['"', ' ']).next());
        below.entry(name).or_default().extend(names);
    }
    let (mut reached, mut rest) = (BTreeSet::new(), vec!["sigstore-verify"]);
    while let Some(name) = rest.pop() {
        if reached.insert(name) {
            rest.extend(&below[name]);
        }
    }
    let manifest = read("Cargo.toml");
    let own = manifest.split("# --- the verifier ---").nth(1).unwrap().split("# --- the program ---").next().unwrap();
    let own = own.lines().filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.split_once(" = ")?.0));
    own.filter(|name| reached.contains(name)).map(str::to_owned).collect()
}

#[test]
fn what_both_verifiers_share_is_known() {
    assert_eq!(shared_crates(), SHARED.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// MTH of RFC 6962, section 2.1.
fn tree_hash(leaves: &[Vec<u8>]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => Sha256::new().chain_update([0]).chain_update(leaf).finalize().into(),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Sha256::new().chain_update([1]).chain_update(tree_hash(left)).chain_update(tree_hash(right)).finalize().into()
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
fn path(index: usize, leaves: &[Vec<u8>]) -> Vec<[u8; 32]> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    let (mut below, sibling) = if index < split { (path(index, left), right) } else { (path(index - split, right), left) };
    below.push(tree_hash(sibling));
    below
}

#[test]
fn inclusion_proofs_are_those_of_rfc_6962_by_its_definition() {
    let all: Vec<Vec<u8>> = (0..35u8).map(|number| vec![number]).collect();
    let verifies = |leaf: &[u8], index: usize, size: usize, path: &[[u8; 32]], root: [u8; 32]| {
        let path: Vec<Sha256Hash> = path.iter().map(|hash| Sha256Hash::new(*hash)).collect();
        let (index, size) = (u64::try_from(index).unwrap(), u64::try_from(size).unwrap());
        sigstore_merkle::verify_inclusion_proof(&sigstore_merkle::hash_leaf(leaf), index, size, &path, &Sha256Hash::new(root)).is_ok()
    };
    for size in 1..all.len() {
        let (leaves, root) = (&all[..size], tree_hash(&all[..size]));
        for index in 0..size {
            let proof = path(index, leaves);
            assert!(verifies(&leaves[index], index, size, &proof, root), "{index} of {size}");
            assert!(!verifies(&all[size], index, size, &proof, root), "{index} of {size} for another leaf");
            for other in (0..=size).filter(|other| *other != index) {
                assert!(!verifies(&leaves[index], other, size, &proof, root), "{index} of {size} as {other}");
            }
            let longer = [proof.clone(), vec![root]].concat();
            assert!(!verifies(&leaves[index], index, size, &longer, root), "{index} of {size} with a longer path");
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!verifies(&leaves[index], index, size, shorter, root), "{index} of {size} with a shorter path");
            }
        }
    }
}

#[test]
fn the_trusted_root_says_what_stands_in_its_json() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    for (folder, name) in [("tests/vectors", "trusted_root.json"), ("tests/fixtures/real-objects", "trusted_root.json")] {
        let json = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name)).unwrap();
        let root = TrustRoot::from_json(&json, Instance::Custom, name).unwrap();
        let plain: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let list = |name: &str| plain[name].as_array().unwrap().clone();
        let bytes = |value: &serde_json::Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let time = |value: &serde_json::Value| value.as_str().map(|text| text.parse::<Timestamp>().unwrap());
        for (logs, name) in [(&root.logs, "tlogs"), (&root.ct_logs, "ctlogs")] {
            let listed = list(name);
            assert_eq!(logs.len(), listed.len());
            for (log, plain) in logs.iter().zip(listed) {
                assert_eq!(log.key.id.to_vec(), bytes(&plain["logId"]["keyId"]));
                assert!(bytes(&plain["publicKey"]["rawBytes"]).ends_with(log.key.key.raw()));
                let window = &plain["publicKey"]["validFor"];
                assert_eq!((log.window.start, log.window.end), (time(&window["start"]), time(&window["end"])));
            }
        }
        let chains = |certificates: &[paraph::internals::certificate::Certificate]| {
            certificates.iter().map(|one| one.der().to_vec()).collect::<Vec<_>>()
        };
        let read = root.authorities.iter().map(|authority| (chains(authority.certificates()), authority.window()));
        let read_of_timestamps = root.timestamp_authorities.iter().map(|authority| (chains(authority.certificates()), authority.window()));
        let listed = list("certificateAuthorities").into_iter().chain(list("timestampAuthorities"));
        let listed: Vec<_> = listed.collect();
        assert_eq!(listed.len(), root.authorities.len() + root.timestamp_authorities.len());
        for ((chain, window), plain) in read.chain(read_of_timestamps).zip(listed) {
            let certificates = plain["certChain"]["certificates"].as_array().unwrap();
            assert_eq!(chain, certificates.iter().map(|one| bytes(&one["rawBytes"])).collect::<Vec<_>>());
            assert_eq!((window.start, window.end), (time(&plain["validFor"]["start"]), time(&plain["validFor"]["end"])));
        }
    }
}
