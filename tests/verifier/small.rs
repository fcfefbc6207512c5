//! What no vector shows: fields that no check of a signature looks at, and refusals that look alike.

use crate::{
    case::cases,
    library::{NOW, signed, verifier, verify},
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::{
    Explanation as _, Reason, Rejection,
    internals::{
        certificate::{Certificate, x509::MAX_CERTIFICATE},
        evidence::{
            checkpoint::{Checkpoint, MAX_CHECKPOINT},
            detached::{DetachedEntry, MAX_ENTRY_FILE, from_file},
            log::MAX_ENTRY,
            timestamp::MAX_TOKEN,
        },
        policy::{ExternalJudgement, Finding, JudgedBy, MAX_FILE},
        signature::{
            GitSignature,
            armor::{self, MAX_ARMOR},
            cms::{ID_DATA, SignedData},
            git::{GitSignatureParts, signed_attributes},
        },
    },
    object::{Commit, MAX_OBJECT, ObjectFormat, Payload, PayloadKind, PushCertificate, SignatureKind, Signed, Tag},
    policy::{AllowedIdentities, Decision, Expected, ExpectedIdentity, Pattern, Policy, Verdict},
    report::{Report, sentences},
    trust::{Instance, MAX_TRUSTED_ROOT, TrustRoot},
    verify::{Verified, Verifier},
};
use paraph_vectors::{
    certificate::{BASIC_CONSTRAINTS, raw},
    der::{self, octets, sequence},
    evidence::{Token, unsigned_attribute},
    world::{TIME, World, intermediate_template},
};
use std::borrow::Cow;

const SIGNATURE: &str = "-----BEGIN SIGNED MESSAGE-----\nYQ==\n-----END SIGNED MESSAGE-----\n";

#[test]
fn a_commit_names_its_tree_and_its_parents_in_their_order() {
    let [tree, first, second] = ["1", "2", "3"].map(|digit| digit.repeat(40));
    let ident = "Ann <ann@example.com> 1740830400 +0000";
    let signature = SIGNATURE.trim_end().replace('\n', "\n ");
    let bytes = format!("tree {tree}\nparent {first}\nparent {second}\nauthor {ident}\ncommitter {ident}\ngpgsig {signature}\n\nmessage\n");
    let commit = Commit::parse(bytes.as_bytes(), ObjectFormat::Sha1).unwrap();
    assert_eq!((commit.tree, commit.parents), (tree.as_str(), vec![first.as_str(), second.as_str()]));
    assert_eq!(commit.committer_email, Some("ann@example.com"));
}

#[test]
fn a_pusher_is_named_by_an_ident_or_by_an_address_alone() {
    let pushers = [
        ("Ann <ann@example.com>", Some("ann@example.com")),
        ("ann@example.com", Some("ann@example.com")),
        ("ann at home@example.com", None),
        ("0123ABCD", None),
    ];
    for (pusher, email) in pushers {
        let id = "1".repeat(40);
        let bytes = format!("certificate version 0.1\npusher {pusher} 1740830400 +0000\n\n{id} {id} refs/heads/main\n{SIGNATURE}");
        let certificate = PushCertificate::parse(bytes.as_bytes()).unwrap();
        assert_eq!(certificate.pusher_email(), email, "{pusher}");
    }
}

#[test]
fn an_openpgp_armor_holds_code_and_nothing_beside_it() {
    let of = |armor: &str| {
        let header: String =
            armor.lines().enumerate().map(|(index, line)| format!("{}{line}\n", if index == 0 { "gpgsig " } else { " " })).collect();
        let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let commit = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n{header}\nmessage\n");
        Commit::parse(commit.as_bytes(), ObjectFormat::Sha1).unwrap().signed.require_x509().unwrap_err()
    };
    let (begin, end) = ("-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----");
    for (between, last, is_clean) in [
        ("\niHUE\n=abcd\n", end, true),
        ("Version: x\nComment: a word\n\niHUE\n=abcd\n", end, true),
        ("iHUE\n", end, true),
        ("\niHUE\n=abcd\nevil\n", end, false),
        ("\niHUE\n a word\n=abcd\n", end, false),
        ("\niHUE\nName: a word\n=abcd\n", end, false),
        ("\niHUE\n=abcd\n", "-----END PGP SIGNATURE x-----", false),
        ("\niHUE\n=abcd\n", "-----END PGP SIGNATURE", false),
        ("\niHUE\n=abcd\n", "", false),
    ] {
        let rejection = of(&format!("{begin}\n{between}{last}\n"));
        let finding = (!is_clean).then_some(Reason::ArmorTrailingData);
        assert_eq!((rejection.reason(), rejection.finding()), (Reason::OpenPgpSignature, finding), "{between}{last}");
    }
}

#[test]
fn the_ids_of_an_update_are_ids_of_one_format() {
    let (sha1, sha256, none) = ("1".repeat(40), "2".repeat(64), "3".repeat(41));
    for (old, new, fits) in [
        (&sha1, &sha1, true),
        (&sha256, &sha256, true),
        (&sha1, &sha256, false),
        (&sha256, &sha1, false),
        (&none, &none, false),
        (&sha1, &none, false),
        (&none, &sha1, false),
    ] {
        let bytes =
            format!("certificate version 0.1\npusher Ann <ann@example.com> 1740830400 +0000\n\n{old} {new} refs/heads/main\n{SIGNATURE}");
        let reason = PushCertificate::parse(bytes.as_bytes()).map(|_| ()).map_err(|rejection| rejection.reason());
        assert_eq!(reason, if fits { Ok(()) } else { Err(Reason::MalformedObject) }, "{old} {new}");
    }
}

#[test]
fn an_issuer_is_any_word_that_is_no_option() {
    let reads = |line: &str| AllowedIdentities::parse(line).map(|allowed| allowed.lines().len());
    assert_eq!(reads("ann@example.com issuer.example"), Ok(1));
    assert_eq!(reads("ann@example.com https://issuer.example/?tenant=a"), Ok(1));
    assert_eq!(reads("ann@example.com instance=local").unwrap_err().to_string(), "line 1: expected an issuer, found \"instance=local\"");
}

#[test]
fn a_second_armored_signature_is_told_from_other_text_after_the_first() {
    let reason = |text: &str| armor::decode(text.as_bytes()).map_err(|rejection| rejection.reason());
    assert_eq!(reason(SIGNATURE), Ok(b"a".to_vec()));
    assert_eq!(reason(&format!("{SIGNATURE}{SIGNATURE}")), Err(Reason::MultipleSignatures));
    assert_eq!(reason(&format!("{SIGNATURE}text\n")), Err(Reason::ArmorTrailingData));
}

#[test]
fn armor_is_read_up_to_its_cap() {
    let reason = |length: usize| armor::decode(&vec![b'x'; length]).unwrap_err().reason();
    assert_eq!((reason(MAX_ARMOR), reason(MAX_ARMOR + 1)), (Reason::ArmorMalformed, Reason::ArmorTooLarge));
}

#[test]
fn a_tag_s_payload_is_read_as_git_hands_it_over() {
    let payload = |tagger: &str| format!("object {}\ntype commit\ntag v1\ntagger {tagger}\n\nmessage\n", "1".repeat(40)).into_bytes();
    let read = Payload::parse(&payload("Ann <ann@example.com> 1740830400 +0000")).unwrap();
    assert_eq!((read.kind, read.email.as_deref()), (PayloadKind::Tag, Some("ann@example.com")));
    let twice = [payload("Ann <ann@example.com> 1740830400 +0000"), SIGNATURE.into()].concat();
    assert_eq!(Payload::parse(&twice).unwrap_err().reason(), Reason::MultipleSignatures);
    let thrice = [twice, SIGNATURE.into()].concat();
    assert_eq!(Payload::parse(&thrice).unwrap_err().reason(), Reason::MultipleSignatures);
    assert!(Payload::parse(b"object 1\n\n").is_err());
}

#[test]
fn what_is_put_together_is_read_again() {
    let world = World::new();
    let der = world.v1().certificate();
    let certificate = Certificate::from_der(&der).unwrap();
    let attributes = signed_attributes(&[7; 32], u64::try_from(TIME).unwrap()).unwrap();
    let parts = GitSignatureParts {
        certificate: &der,
        issuer: certificate.issuer(),
        serial: certificate.serial(),
        signed_attributes: &attributes,
        signature: b"a signature",
        entry: Some(b"an entry"),
        tokens: &[vec![0x30, 0], vec![0x30, 1, 0]],
    };
    let cms = parts.to_der().unwrap();
    let signature = GitSignature::new(SignedData::from_der(&cms).unwrap()).unwrap();
    assert_eq!((signature.certificates.as_slice(), signature.evidence.entry), (&[der.as_slice()][..], Some(&b"an entry"[..])));
    assert_eq!((signature.evidence.tokens.len(), signature.signer.signature), (2, &b"a signature"[..]));
    assert_eq!(signature.signer.signed_bytes().unwrap(), attributes);
    assert_eq!(signature.signer.check_signed_attributes(ID_DATA, &[7; 32]), Ok(()));
}

fn verifier_of(world: &World) -> Verifier {
    let root = TrustRoot::from_json(world.trusted_root().to_string().as_bytes(), Instance::named("vectors").unwrap(), "vectors").unwrap();
    Verifier::new(vec![root], NOW.parse().unwrap())
}

/// The library's word on a commit of a world.
fn judged(world: &World, commit: &[u8]) -> Result<Verified, Rejection> {
    verifier_of(world).verify_commit(commit, ObjectFormat::Sha1)
}

#[test]
fn a_certificate_may_say_that_it_is_no_authority_s() {
    let world = World::new();
    let with = |constraints: Vec<u8>| {
        let mut recipe = world.v1();
        recipe.leaf.put(raw(BASIC_CONSTRAINTS, true, constraints));
        judged(&world, &recipe.commit()).map_err(|rejection| rejection.reason()).err()
    };
    assert_eq!(with(sequence(&[])), None);
    assert_eq!(with(sequence(&[vec![1, 1, 0xff]])), Some(Reason::CertificateProfile));
}

#[test]
fn a_token_names_its_signer_s_certificate_by_sha_1_too() {
    let world = World::new();
    let sha1 = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
    let with = |digest: Vec<u8>| {
        let mut token = Token::of(&world.tsa);
        let named = sequence(&[sequence(&[sequence(&[octets(&digest)])])]);
        token.edit_attributes = Some(Box::new(move |attributes: &mut Vec<Vec<u8>>| {
            attributes[2] = unsigned_attribute("1.2.840.113549.1.9.16.2.12", std::slice::from_ref(&named));
        }));
        let mut recipe = world.v2();
        recipe.tokens = vec![token];
        judged(&world, &recipe.commit()).map_err(|rejection| rejection.reason()).err()
    };
    assert_eq!(with(sha1(&world.tsa.certificate)), None);
    assert_eq!(with(sha1(b"another")), Some(Reason::TimestampInvalid));
}

/// The CMS in a commit's signature, changed.
fn with_cms(commit: &[u8], change: impl FnOnce(&mut der::Node)) -> (Vec<u8>, String) {
    let signed = Commit::parse(commit, ObjectFormat::Sha1).unwrap().signed;
    let cms = der::edit(&armor::decode(&signed.signature).unwrap(), change);
    (signed.payload.into_owned(), armor::encode(&cms))
}

const SIGNER_IDENTIFIER: [usize; 6] = [1, 0, 4, 0, 1, 0];

#[test]
fn a_signer_is_named_in_one_of_two_forms() {
    let commit = World::new().v1().commit();
    let with_tag = |tag: u8| {
        let (_, armored) = with_cms(&commit, |cms| {
            // SubjectKeyIdentifier is [0]
            *cms.at(&SIGNER_IDENTIFIER[..5]) = der::Node { tag, content: der::Content::Primitive(vec![1; 20]) };
        });
        let cms = armor::decode(armored.as_bytes()).unwrap();
        SignedData::from_der(&cms).map(drop).map_err(|rejection| rejection.to_string())
    };
    assert_eq!(with_tag(0x80), Ok(()));
    assert!(with_tag(0x81).unwrap_err().contains("the signer identifier is of an unknown form"));
}

#[test]
fn a_foreign_certificate_is_the_signer_s_by_issuer_and_serial_number_together() {
    let case = |name: &str| cases().into_iter().find(|case| case.name == name).unwrap();
    let der_case = case("foreign_cms_fail");
    let serial = match der::Node::parse(&armor::decode(&signed(&der_case).unwrap().signature).unwrap()).at(&[1, 0, 4, 0, 1, 1]) {
        der::Node { content: der::Content::Primitive(serial), .. } => serial.clone(),
        _ => panic!("no serial number"),
    };
    // what is strict DER is told before its certificate is looked for
    let case = case("foreign_cms_in_ber_fail");
    let verifier = verifier(&case.trusted_root).unwrap();
    assert_eq!(verify(&verifier, &case).unwrap_err().reason(), Reason::ForeignCms);
    let whole = signed(&case).unwrap();
    let mut cms = armor::decode(&whole.signature).unwrap();
    // the last place is the signer identifier's, after the certificate's own
    let at = cms.windows(serial.len()).rposition(|window| window == serial).unwrap();
    cms[at + serial.len() - 1] ^= 1;
    let armored = armor::encode(&cms);
    let another = Signed { payload: whole.payload.clone(), signature: Cow::Borrowed(armored.as_bytes()) };
    assert_eq!(verifier.verify(&another).unwrap_err().reason(), Reason::ForeignCmsWithoutCertificate);
}

#[test]
fn what_another_verifier_found_is_told_with_its_detail() {
    let case = cases().into_iter().find(|case| case.name == "openpgp_fail").unwrap();
    let finding = Finding::KeyRevoked;
    let judgement = |finding: Finding, detail: &str| {
        let judgement = Policy::default().judge(verify(&verifier(&case.trusted_root).unwrap(), &case));
        let (signer, key, detail) = (Some("Ann".to_owned()), Some("0123".to_owned()), detail.to_owned());
        judgement.with_external(ExternalJudgement {
            by: JudgedBy::Git,
            kind: SignatureKind::OpenPgp,
            finding,
            signer,
            key,
            detail,
            fault: None,
        })
    };
    let message = |detail: &str| serde_json::to_value(Report::new(None, &judgement(finding, detail))).unwrap()["message"].clone();
    assert_eq!(message(""), finding.sentence());
    assert_eq!(message("by 0123"), format!("{}: by 0123", finding.sentence()));
    let findings = [Finding::KeyTrusted, finding, Finding::OtherUnchecked, Finding::OtherInvalid];
    let told = findings.map(|finding| sentences(&judgement(finding, "why"))[0].clone());
    insta::assert_snapshot!(told.join("\n"), @r"
    Good OpenPGP signature from Ann, key 0123; judged by git.
    Not trusted: the signature is valid, but its key was revoked: why [key-revoked]. The OpenPGP signature from Ann, key 0123 was judged by git.
    The signature could not be checked: the program for this kind of signature could not check it: why [other-signature-unchecked]. The OpenPGP signature from Ann, key 0123 was judged by git.
    BAD signature: the signature does not verify: why [other-signature-invalid]. The OpenPGP signature from Ann, key 0123 was judged by git.
    ");
}

#[test]
fn a_tag_without_a_message_is_read_to_its_end() {
    let tag = format!("object {}\ntype commit\ntag v1\ntagger Ann <ann@example.com> 1740830400 +0000\n\n", "1".repeat(40));
    assert_eq!(Tag::parse(tag.as_bytes()).unwrap_err().reason(), Reason::NoSignature);
    let signed = [tag.as_bytes(), SIGNATURE.as_bytes()].concat();
    assert_eq!(Tag::parse(&signed).unwrap().signed.payload, tag.as_bytes());
}

#[test]
fn an_issuer_is_there_and_holds_no_star() {
    for line in ["ann@example.com \"\"", "\"\" https://issuer.example", "ann@example.com https://*.example"] {
        assert!(AllowedIdentities::parse(line).unwrap_err().to_string().contains("must not be empty"), "{line}");
    }
}

#[test]
fn an_expected_identity_is_exact_or_a_pattern_of_the_whole() {
    let verified = judged(&World::new(), &World::new().v1().commit());
    let name = verified.as_ref().unwrap().identity().name.clone();
    let issuer = verified.as_ref().unwrap().identity().issuer.clone();
    let decision = |identity: Expected| {
        let expected = vec![ExpectedIdentity { identity, issuer: Expected::Exactly(issuer.clone()), claims: vec![] }];
        let judgement = Policy { expected: Some(expected), ..Policy::default() }.judge(verified.clone());
        let ruling = judgement.ruling().unwrap();
        match (ruling.decision(), judgement.verdict()) {
            (Decision::NotExpected, Verdict::Untrusted) => ruling.to_string(),
            (Decision::Expected, Verdict::Good) => String::new(),
            other => panic!("{other:?}"),
        }
    };
    let pattern = |text: &str| decision(Expected::Pattern(Pattern::new(text).unwrap()));
    assert_eq!(decision(Expected::Exactly(name.clone())), "");
    assert_eq!(decision(Expected::Exactly("x".into())), format!("the identity is {name}; expected x"));
    assert_eq!(pattern(".*@.*"), "");
    assert_eq!(
        pattern("@"),
        format!("the pattern @ matches only a part of the identity {name}; .*@.* would match the whole, and other texts too")
    );
    assert_eq!(pattern("x{9}"), format!("the identity is {name}, which the pattern x{{9}} does not match"));
}

#[test]
fn a_verifier_knows_what_time_it_is() {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    assert_eq!(Verifier::new(Vec::new(), now).now(), now);
}

#[test]
fn a_fault_of_the_evidence_is_reported_before_a_legacy_rule() {
    let world = World::new();
    let without_sct = |mut recipe: paraph_vectors::recipe::Recipe<'_>| {
        recipe.sct = None;
        judged(&world, &recipe.commit()).map_err(|rejection| rejection.reason()).err()
    };
    let mut no_entry = world.v1();
    no_entry.entry = None;
    let mut no_time = world.v2();
    no_time.tokens.clear();
    assert_eq!((without_sct(no_entry), without_sct(no_time)), (Some(Reason::SctMissing), Some(Reason::NoTrustedTime)));
}

#[test]
fn of_several_entries_the_first_that_is_about_the_object_says_what_is_wrong() {
    let case = |name: &str| cases().into_iter().find(|case| case.name == name).unwrap();
    let entry = |name: &str| from_file(&case(name).entries.unwrap()).unwrap().remove(0);
    let object = case("kept_entry_promise_of_other_entry_fail");
    let (other, promise) = (entry("kept_entry_of_other_object_fail"), entry("kept_entry_promise_of_other_entry_fail"));
    let mut unknown = promise.entry().clone();
    unknown.log_id.as_mut().unwrap().key_id[0] ^= 1;
    let unknown = DetachedEntry::new(unknown).unwrap();
    let reason = |entries: &[&DetachedEntry]| {
        let entries: Vec<DetachedEntry> = entries.iter().map(|entry| (*entry).clone()).collect();
        verifier(&object.trusted_root).unwrap().verify_with(&signed(&object).unwrap(), &entries).unwrap_err().reason()
    };
    assert_eq!(reason(&[&other]), Reason::EntryMismatch);
    assert_eq!(reason(&[&other, &promise, &unknown]), Reason::PromiseInvalid);
    assert_eq!(reason(&[&unknown, &other, &promise]), Reason::LogUnknown);
}

#[test]
fn a_note_s_signature_has_a_name_and_more_than_a_hint() {
    let parses = |line: &str| Checkpoint::parse(&format!("log.example\n1\n{}\n\n{line}\n", STANDARD.encode([0; 32]))).is_ok();
    assert!(parses(&format!("\u{2014} log.example {}", STANDARD.encode([1; 5]))));
    assert!(!parses(&format!("\u{2014} log.example {}", STANDARD.encode([1; 4]))));
    assert!(!parses(&format!("\u{2014}  {}", STANDARD.encode([1; 5]))));
}

#[test]
fn a_certificate_has_a_serial_number_and_a_first_second() {
    let der = World::new().v1().certificate();
    let certificate = Certificate::from_der(&der).unwrap();
    assert_eq!((certificate.not_before().as_second(), certificate.not_after().as_second()), (TIME - 60, TIME + 540));
    let with_serial = |tag: u8, serial: Vec<u8>| {
        let changed = der::edit(&der, |certificate| *certificate.at(&[0, 1]) = der::Node { tag, content: der::Content::Primitive(serial) });
        Certificate::from_der(&changed).map(drop).map_err(|rejection| rejection.reason())
    };
    assert_eq!(with_serial(2, vec![1]), Ok(()));
    assert_eq!(with_serial(2, vec![]), Err(Reason::CertificateMalformed));
    assert_eq!(with_serial(4, vec![1]), Err(Reason::CertificateMalformed));
}

#[test]
fn caps_have_the_values_that_were_decided() {
    let kib = 1 << 10;
    assert_eq!(
        (MAX_OBJECT, MAX_ARMOR, MAX_TRUSTED_ROOT, MAX_FILE, MAX_ENTRY_FILE),
        (128 << 20, 1024 * kib, 4096 * kib, 1024 * kib, 1024 * kib)
    );
    assert_eq!((MAX_ENTRY, MAX_TOKEN, MAX_CHECKPOINT, MAX_CERTIFICATE), (256 * kib, 256 * kib, 64 * kib, 64 * kib));
}

#[test]
fn a_tag_s_format_is_that_of_its_target_s_id() {
    let format = |length: usize| {
        let tag = format!("object {}\ntype commit\ntag v1\ntagger Ann <ann@example.com> 1740830400 +0000\n\nmessage\n", "1".repeat(length));
        Tag::parse(&[tag.as_bytes(), SIGNATURE.as_bytes()].concat()).unwrap().format()
    };
    assert_eq!((format(40), format(64)), (Some(ObjectFormat::Sha1), Some(ObjectFormat::Sha256)));
}

#[test]
fn a_hash_sign_begins_a_comment_only_between_fields() {
    let lines = "ann@example.com https://issuer.example/#part # a comment\n\"ann #1@example.com\" https://issuer.example\n";
    assert_eq!(AllowedIdentities::parse(lines).unwrap().lines().len(), 2);
    // the issuer of the first line goes on behind the sign
    assert!(AllowedIdentities::parse("ann@example.com #https://issuer.example").is_err());
    assert!(AllowedIdentities::parse("ann@example.com https#=").unwrap_err().to_string().contains("found \"https#=\""));
    assert!(AllowedIdentities::parse("\"#\" x=").unwrap_err().to_string().contains("found \"x=\""));
}

#[test]
fn a_signer_s_serial_number_is_an_integer_and_the_last() {
    let commit = World::new().v1().commit();
    let reason = |change: &dyn Fn(&mut Vec<der::Node>)| {
        let (_, armored) = with_cms(&commit, |cms| change(cms.at(&SIGNER_IDENTIFIER[..5]).children()));
        SignedData::from_der(&armor::decode(armored.as_bytes()).unwrap()).map(drop).map_err(|rejection| rejection.reason())
    };
    assert_eq!(reason(&|_| ()), Ok(()));
    assert_eq!(reason(&|parts| parts[1].tag = 4), Err(Reason::CmsMalformed));
    assert_eq!(reason(&|parts| parts.push(parts[1].clone())), Err(Reason::CmsMalformed));
}

#[test]
fn an_issuer_says_that_it_is_an_authority() {
    let world = World::new();
    let with = |constraints: Vec<u8>| {
        let mut intermediate = intermediate_template(&world.root_key, &world.intermediate_key);
        intermediate.put(raw(BASIC_CONSTRAINTS, true, constraints));
        let root = world.trusted_root_with(&[&intermediate.signed_by(&world.root_key), &world.root]);
        TrustRoot::from_json(root.to_string().as_bytes(), Instance::named("vectors").unwrap(), "vectors")
            .map(drop)
            .map_err(|error| error.cause.to_string())
    };
    assert_eq!(with(sequence(&[vec![1, 1, 0xff]])), Ok(()));
    assert!(with(sequence(&[])).unwrap_err().contains("is not a certificate authority"));
}
