//! What is printed about a judgement, as sentences and JSON, for each verdict; and what a signature claims that was not verified.

use crate::{
    case::{Case, cases},
    library::{NOW, verify},
};
use paraph::{
    Explanation as _, Layer, LegacyRule, Reason, Rejection,
    internals::{report::Contents, signature::ParsedSignature},
    object::{ObjectFormat, PayloadKind},
    policy::{AllowedIdentities, Expected, ExpectedIdentity, Judgement, Policy, Verdict},
    report::{Claimed, Report, fingerprint, next_step, sentences},
    trust::{Instance, TrustRoot, Window},
    verify::{TimeSource, Verified, Verifier},
};
use paraph_vectors::{
    recipe::{COMMIT, TAG},
    world::World,
};

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

fn verifier(case: &Case) -> Verifier {
    verifier_of(case, Instance::named("vectors").unwrap())
}

fn verifier_of(case: &Case, instance: Instance) -> Verifier {
    let root = TrustRoot::from_json(&std::fs::read(&case.trusted_root).unwrap(), instance, "a file").unwrap();
    Verifier::new(vec![root], NOW.parse().unwrap())
}

fn result(name: &str) -> Result<Verified, Rejection> {
    let case = case(name);
    verify(&verifier(&case), &case)
}

fn judged(name: &str, policy: &Policy) -> Judgement {
    policy.judge(result(name))
}

fn told(name: &str, policy: &Policy) -> String {
    sentences(&judged(name, policy)).join("\n")
}

fn allowing(text: &str) -> Policy {
    Policy { allowed: Some(AllowedIdentities::parse(text).unwrap()), ..Policy::default() }
}

const ALICE: &str = "alice@example.com https://issuer.example instance=vectors";

#[test]
fn each_verdict_has_its_words() {
    let alice = allowing(ALICE);
    insta::assert_snapshot!(told("v1_ok", &alice), @r"
    Good signature from alice@example.com, vouched for by https://issuer.example.
    Signed at 2025-03-01 12:00:00 UTC (log); entry 1000005 of the log rekor.example - 1193050959916656506; instance vectors.
    ");
    insta::assert_snapshot!(told("v1_with_timestamp_ok", &allowing("bob@example.com https://issuer.example")), @r"
    Good signature from alice@example.com, vouched for by https://issuer.example.
    Signed at 2025-03-01 12:00:00 UTC (log) and 2025-03-01 12:00:00 UTC (timestamp-authority); entry 1000005 of the log rekor.example - 1193050959916656506; instance vectors.
    But it is not trusted: the allowed identities do not list alice@example.com with issuer https://issuer.example.
    ");
    insta::assert_snapshot!(told("v2_ok", &Policy::default()), @r"
    Good signature from alice@example.com, vouched for by https://issuer.example.
    Signed at 2025-03-01 12:00:00 UTC (timestamp-authority); entry 5 of the log log2025.example; instance vectors.
    But it is not trusted: no allowed identities are configured.
    ");
    insta::assert_snapshot!(told("sct_missing_fail", &alice), @r"
    Good signature from alice@example.com, vouched for by https://issuer.example.
    Signed at 2025-03-01 12:00:00 UTC (log); entry 1000005 of the log rekor.example - 1193050959916656506; instance vectors.
    This needed a legacy rule: the certificate has no signed certificate timestamp [sct-missing].
    But it is not trusted: it needs a legacy rule, and legacy signatures are not accepted.
    ");
    insta::assert_snapshot!(told("unsigned_fail", &alice), @"Not signed [no-signature].");
    insta::assert_snapshot!(told("openpgp_fail", &alice), @"Not judged: the signature is an OpenPGP signature, which git's gpg program verifies [openpgp-signature].");
    insta::assert_snapshot!(told("unknown_authority_fail", &alice), @"The signature could not be checked: the certificate's authority is not in the trust root: checked with the keys of the instance vectors (a file); `paraph trust update` fetches newer ones, and --instance or `paraph local use` chooses another instance [unknown-authority].");
    insta::assert_snapshot!(told("other_payload_fail", &alice), @"BAD signature: the signature was made over other content [payload-mismatch].");
}

#[test]
fn a_verified_signature_that_is_not_good_has_a_next_step() {
    let step = |name: &str, policy: &Policy| next_step(&judged(name, policy));
    let alice = allowing(ALICE);
    assert_eq!(step("v1_ok", &alice), None);
    assert_eq!(step("unsigned_fail", &alice), None);
    assert_eq!(step("v1_ok", &allowing("alice@example.com https://issuer.example for=tag instance=vectors")), None);
    // the line lacks the instance: the command for one that matches is offered
    let other_instance = step("v1_ok", &allowing("alice@example.com https://issuer.example"));
    assert_eq!(other_instance, step("v1_ok", &allowing("bob@example.com https://issuer.example")));
    let steps = [
        step("v1_ok", &allowing("bob@example.com https://issuer.example")),
        step("v2_ok", &Policy::default()),
        step("sct_missing_fail", &alice),
    ];
    insta::assert_snapshot!(steps.map(Option::unwrap).join("\n"), @r"
    If you trust alice@example.com, run `paraph allow alice@example.com https://issuer.example --instance vectors`.
    To trust it, run `paraph allow alice@example.com https://issuer.example --instance vectors`.
    To accept legacy signatures, use --allow-legacy or set paraph.allowLegacy.
    ");
    // of the public instance, no instance is named
    let case = case("v1_ok");
    let step = next_step(&Policy::default().judge(verify(&verifier_of(&case, Instance::Public), &case))).unwrap();
    assert!(step.contains("run `paraph allow alice@example.com https://issuer.example`"), "{step}");
}

#[test]
fn a_file_that_cannot_be_used_is_named_only_to_those_who_may_read_it() {
    let decided = |allowed: AllowedIdentities| {
        let judgement = judged("v1_ok", &Policy { allowed: Some(allowed), ..Policy::default() });
        assert_eq!((judgement.verdict(), next_step(&judgement)), (Verdict::Untrusted, None));
        (judgement.explanation().unwrap().id(), judgement.ruling().unwrap().to_string())
    };
    let unusable = || AllowedIdentities::unusable("line 2: the issuer is missing");
    let id = "allowed-identities-unusable";
    assert_eq!(decided(unusable().named("F")), (id, "F cannot be used: line 2: the issuer is missing".to_owned()));
    assert_eq!(decided(unusable()), (id, "the allowed identities cannot be used, so nobody is trusted".to_owned()));
}

#[test]
fn each_decision_has_its_words() {
    let alice = |options: &str| allowing(&format!("alice@example.com https://issuer.example {options}"));
    let decision = |name: &str, policy: &Policy| judged(name, policy).ruling().unwrap().to_string();
    assert_eq!(decision("v1_ok", &allowing(&format!("# none\n{ALICE}"))), "line 2 of the allowed identities lists it");
    assert_eq!(
        decision("v1_ok", &alice("instance=other")),
        "line 1 of the allowed identities allows alice@example.com for the instance other; the signature is from vectors"
    );
    assert_eq!(
        decision("v1_ok", &alice("instance=vectors valid-after=2025-03-01T12:00:01Z")),
        "line 1 of the allowed identities allows alice@example.com from 2025-03-01 12:00:01 UTC on; the signature was made at 2025-03-01 12:00:00 UTC"
    );
    assert_eq!(
        decision("v1_ok", &alice("instance=vectors valid-before=2025-03-01T11:59:59Z")),
        "line 1 of the allowed identities allows alice@example.com until 2025-03-01 11:59:59 UTC; the signature was made at 2025-03-01 12:00:00 UTC"
    );
    assert_eq!(
        decision("v1_ok", &alice("instance=vectors for=tag,push")),
        "line 1 of the allowed identities does not allow alice@example.com to sign a commit"
    );
    assert_eq!(
        decision("tag_v1_ok", &alice("instance=vectors for=commit")),
        "line 1 of the allowed identities does not allow alice@example.com to sign a tag"
    );
    assert_eq!(
        decision("push_v1_ok", &alice("instance=vectors for=commit")),
        "line 1 of the allowed identities does not allow alice@example.com to sign a push"
    );

    let near_miss = |text: &str| {
        let allowed = AllowedIdentities::parse(text).unwrap().named("F");
        decision("v1_ok", &Policy { allowed: Some(allowed), ..Policy::default() })
    };
    let not_listed = "F does not list alice@example.com with issuer https://issuer.example";
    assert_eq!(near_miss("bob@example.com https://issuer.example"), not_listed);
    assert_eq!(
        near_miss("\nalice@example.com https://other.example"),
        format!("{not_listed}; F:2 lists it with issuer https://other.example")
    );
    assert_eq!(
        near_miss("Alice@example.com https://issuer.example"),
        format!("{not_listed}; F:1 lists Alice@example.com, and upper and lower case differ")
    );
    assert_eq!(
        near_miss("alice@example.com https://issuer.example for=tag instance=vectors"),
        "F:1 does not allow alice@example.com to sign a commit"
    );

    let matching = Policy { match_committer: true, ..alice("instance=vectors") };
    assert_eq!(judged("v1_ok", &matching).verdict(), Verdict::Good);
    assert_eq!(judged("push_v1_ok", &matching).verdict(), Verdict::Good);
    let bob = Policy { match_committer: true, ..allowing("* https://issuer.example instance=vectors") };
    assert_eq!(
        decision("identity_not_listed_fail", &bob),
        "the object claims to be from alice@example.com, which is not the identity that signed it"
    );
    let without_address = COMMIT.replace("committer Alice <alice@example.com>", "committer Alice");
    let commit = World::new().v1().commit_of(without_address.as_bytes());
    let nobody = matching.judge(verifier(&case("v1_ok")).verify_commit(&commit, ObjectFormat::Sha1));
    assert_eq!(nobody.ruling().unwrap().to_string(), "the object names no e-mail address to compare with the identity that signed it");

    let expecting = |identity: &str, issuer: &str, claims: Vec<(&'static str, String)>| Policy {
        expected: Some(vec![ExpectedIdentity {
            identity: Expected::Exactly(identity.into()),
            issuer: Expected::Exactly(issuer.into()),
            claims,
        }]),
        ..allowing(ALICE)
    };
    let issuer = "https://issuer.example";
    assert_eq!(decision("v1_ok", &expecting("alice@example.com", issuer, vec![])), "the identity is an expected one");
    assert_eq!(
        decision("v1_ok", &expecting("bob@example.com", issuer, vec![])),
        "the identity is alice@example.com; expected bob@example.com"
    );
    assert_eq!(
        decision("v1_ok", &expecting("alice@example.com", "https://other.example", vec![])),
        "the issuer is https://issuer.example; expected https://other.example"
    );
    assert_eq!(
        decision("v1_ok", &expecting("alice@example.com", issuer, vec![("sourceRepositoryUri", "x".into())])),
        "the certificate has no claim sourceRepositoryUri; expected x"
    );
    assert_eq!(decision("v1_ok", &Policy { expected: Some(Vec::new()), ..allowing(ALICE) }), "nobody is expected");
    // a legacy rule, accepted
    let old = Policy { allow_legacy: true, ..alice("instance=vectors") };
    assert_eq!((judged("sct_missing_fail", &old).verdict(), judged("v1_ok", &old).verdict()), (Verdict::Good, Verdict::Good));
}

#[test]
fn json_says_what_was_found() {
    let report = |name: &str| serde_json::to_value(Report::new(Some("1234".into()), &judged(name, &allowing(ALICE)))).unwrap();
    let good = report("v1_ok");
    assert_eq!(good["oid"], "1234");
    assert_eq!((&good["verdict"], &good["reason"], &good["layer"]), (&"good".into(), &serde_json::Value::Null, &serde_json::Value::Null));
    assert_eq!(good["times"], serde_json::json!([{"time": "2025-03-01T12:00:00Z", "source": "log"}]));
    assert_eq!(good["identityKind"], "email");
    assert_eq!(report("identity_uri_ok")["identityKind"], "uri");
    assert_eq!(report("identity_username_ok")["identityKind"], "username");
    let verified = result("v1_ok").unwrap();
    assert_eq!(good["certificateFingerprint"].as_str().unwrap(), fingerprint(&verified));
    let expected: String = verified.certificate().certificate().fingerprint().iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(fingerprint(&verified), expected);
    assert_eq!((report("tag_v1_ok")["kind"].as_str(), report("push_v1_ok")["kind"].as_str()), (Some("tag"), Some("push")));
    let bad = report("two_separated_signatures_fail");
    assert_eq!((&bad["verdict"], &bad["reason"], &bad["layer"]), (&"bad".into(), &"multiple-signatures".into(), &"object".into()));
    assert_eq!(report("sct_missing_fail")["legacy"], serde_json::json!(["sct-missing"]));
    assert_eq!(report("unknown_authority_fail")["verdict"], "unchecked");
}

#[test]
fn what_a_certificate_claims_of_a_workload_is_told() {
    let verified = result("workflow_by_pattern_ok").unwrap();
    let world = World::new();
    let mut recipe = world.v1();
    use paraph_vectors::certificate::{raw, utf8};
    recipe.leaf.put(raw("1.3.6.1.4.1.57264.1.2", false, b"push".to_vec()));
    recipe.leaf.put(utf8("1.3.6.1.4.1.57264.1.12", "https://github.com/org/repo"));
    recipe.leaf.put(utf8("1.3.6.1.4.1.57264.1.99", "of no table"));
    recipe.leaf.put(utf8("1.3.6.1.4.1.57264.2.12", "of another arc"));
    let case = case("v1_ok");
    let verified_with = verifier(&case).verify_commit(&recipe.commit(), ObjectFormat::Sha1).unwrap();
    assert_eq!(
        verified_with.certificate().claims(),
        [("githubWorkflowTrigger", "push".to_owned()), ("sourceRepositoryUri", "https://github.com/org/repo".to_owned())]
    );
    assert!(verified.certificate().claims().is_empty());
    let claims = |claim: &'static str, value: &str| {
        let expected = ExpectedIdentity {
            identity: Expected::Exactly("alice@example.com".into()),
            issuer: Expected::Exactly("https://issuer.example".into()),
            claims: vec![(claim, value.to_owned())],
        };
        Policy { expected: Some(vec![expected]), ..Policy::default() }.judge(Ok(verified_with.clone())).ruling().unwrap().to_string()
    };
    assert_eq!(claims("sourceRepositoryUri", "https://github.com/org/repo"), "the identity is an expected one");
    assert_eq!(
        claims("sourceRepositoryUri", "https://github.com/org"),
        "the claim sourceRepositoryUri is https://github.com/org/repo; expected https://github.com/org"
    );
    let report = serde_json::to_value(Report::new(None, &Policy::default().judge(Ok(verified_with)))).unwrap();
    assert_eq!(report["claims"]["githubWorkflowTrigger"], "push");
}

#[test]
fn names_are_stable() {
    let kinds = [PayloadKind::Commit, PayloadKind::Tag, PayloadKind::Push].map(PayloadKind::as_str);
    assert_eq!(kinds, ["commit", "tag", "push"]);
    assert_eq!([TimeSource::Log, TimeSource::TimestampAuthority].map(TimeSource::as_str), ["log", "timestamp-authority"]);
    assert_eq!([ObjectFormat::Sha1, ObjectFormat::Sha256].map(ObjectFormat::name), ["sha1", "sha256"]);
    assert_eq!(Verdict::ALL.map(Verdict::as_str), ["good", "untrusted", "legacy", "unsigned", "other", "unchecked", "bad"]);
    // what a layer is called, and what it looks at, stands in the table of reasons
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/man/reasons.md")).unwrap();
    for reason in Reason::ALL {
        assert!(table.contains(&format!("`{}`", reason.id())) && table.contains(reason.sentence()), "{}", reason.id());
        assert!(table.contains(reason.layer().id()) && table.contains(reason.layer().subject()), "{:?}", reason.layer());
    }
    let layers: [Layer; 11] = [
        Layer::Object,
        Layer::Bundle,
        Layer::Statement,
        Layer::Armor,
        Layer::Cms,
        Layer::Certificate,
        Layer::Chain,
        Layer::Sct,
        Layer::Log,
        Layer::Timestamp,
        Layer::Time,
    ];
    assert_eq!(
        layers.map(Layer::id),
        ["object", "bundle", "statement", "armor", "cms", "certificate", "chain", "sct", "log", "timestamp", "time"]
    );
    assert!(layers.iter().all(|layer| layer.subject().len() > 10));
    // which legacy rules a signature can need, and where a lookup could help
    let mut rules: Vec<&str> = LegacyRule::ALL.iter().map(|rule| rule.id()).collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "directly-from-root",
            "entry-draft-encoding",
            "entry-not-embedded",
            "entry-of-header-id",
            "entry-of-object-id",
            "entry-of-reencoded-id",
            "entry-of-sha1-id",
            "sct-missing",
        ]
    );
    let missing = Reason::ALL.iter().filter(|reason| reason.is_missing_entry());
    let mut missing: Vec<&str> = missing.map(|reason| reason.id()).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["directly-from-root", "entry-draft-encoding", "entry-missing", "sct-missing"]);
    let rejection = Rejection::new(Reason::DuplicateHeader, "tree");
    assert_eq!((rejection.reason(), rejection.detail()), (Reason::DuplicateHeader, "tree"));
    assert_eq!(Instance::named("corp").unwrap().to_string(), "corp");
    let at = |text: &str| Some(text.parse().unwrap());
    let window = |start, end| Window { start, end }.to_string();
    assert_eq!(window(at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), "2025-01-01 00:00:00 UTC to 2026-01-01 00:00:00 UTC");
    assert_eq!(window(None, None), "always");
}

#[test]
fn a_signature_claims_somebody_where_its_signer_s_certificate_is_there() {
    let world = World::new();
    let of = |recipe: &paraph_vectors::recipe::Recipe<'_>| claimed(recipe.armored(COMMIT.as_bytes()).as_bytes());
    let decoy = world.leaf("eve@example.com", &world.other).signed_by(&world.intermediate_key);
    let mut with_decoy = world.v1();
    with_decoy.before = vec![decoy];
    for recipe in [world.v1(), with_decoy] {
        let claimed = of(&recipe).unwrap();
        assert_eq!(claimed.identity.as_deref(), Some("alice@example.com"));
        let der = recipe.certificate();
        let fingerprint = paraph::internals::certificate::Certificate::from_der(&der).unwrap().fingerprint();
        assert_eq!(claimed.fingerprint, fingerprint.iter().map(|byte| format!("{byte:02X}")).collect::<String>());
    }
    let mut elsewhere = world.v1();
    elsewhere.named = Some(world.root.clone());
    assert_eq!(of(&elsewhere), None);
    assert_eq!(claimed(b"nothing"), None);
    // what the verification stops at does not matter: the form, or another certificate
    let mut content = world.v1();
    content.content = Some(b"content".to_vec());
    let mut garbage = world.v1();
    garbage.before = vec![vec![0x30, 0]];
    for recipe in [content, garbage] {
        assert_eq!(of(&recipe).unwrap().identity.as_deref(), Some("alice@example.com"));
    }
}

fn claimed(armored: &[u8]) -> Option<Claimed> {
    Claimed::of(&ParsedSignature::parse(armored, &mut Vec::new()))
}

#[test]
fn a_signature_is_taken_apart() {
    let world = World::new();
    let contents = |armored: &str| {
        let mut cms = Vec::new();
        serde_json::to_value(Contents::of(&ParsedSignature::parse(armored.as_bytes(), &mut cms)).unwrap()).unwrap()
    };
    let v1 = contents(&world.v1().armored(COMMIT.as_bytes()));
    assert_eq!(v1["cmsLength"], world.v1().cms(COMMIT.as_bytes()).len());
    assert_eq!(v1["signingTime"], "2025-03-01T12:00:00Z");
    assert_eq!(v1["digestAlgorithm"], "2.16.840.1.101.3.4.2.1");
    let certificate = &v1["certificates"][0];
    assert_eq!(certificate["issuerName"], "CN=fulcio intermediate,O=paraph vectors");
    assert_eq!((&certificate["signer"], &certificate["key"]), (&true.into(), &"PKIX_ECDSA_P256_SHA_256".into()));
    assert_eq!((&certificate["identity"], &certificate["notAfter"]), (&"alice@example.com".into(), &"2025-03-01T12:09:00Z".into()));
    assert!(certificate["signedCertificateTimestamps"][0].as_str().unwrap().starts_with("2025-03-01T11:59:00Z by the log "));
    let entry = &v1["logEntry"];
    assert_eq!((&entry["logIndex"], &entry["proofIndex"], &entry["treeSize"]), (&1_000_005.into(), &5.into(), &8.into()));
    assert_eq!((&entry["integratedTime"], &entry["inclusionPromise"]), (&"2025-03-01T12:00:00Z".into(), &true.into()));
    assert_eq!(entry["kind"], "hashedrekord 0.0.1");

    let v2 = contents(&world.v2().armored(TAG.as_bytes()));
    assert_eq!((&v2["logEntry"]["integratedTime"], &v2["logEntry"]["inclusionPromise"]), (&serde_json::Value::Null, &false.into()));
    assert_eq!(v2["timestamps"][0]["time"], "2025-03-01T12:00:00Z");
    assert_eq!(v2["timestamps"][0]["policy"], "1.3.6.1.4.1.57264.2");

    let mut with_root = world.v1();
    with_root.after = vec![world.root.clone()];
    let signers: Vec<bool> = contents(&with_root.armored(COMMIT.as_bytes()))["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|certificate| certificate["signer"].as_bool().unwrap())
        .collect();
    assert_eq!(signers, [true, false]);
}
