//! What no vector shows: fields that no check of a signature looks at, and refusals that look alike.

use crate::generator::world::{TIME, World};
use paraph::{
    Reason,
    certificate::Certificate,
    object::{Commit, ObjectFormat, Payload, PayloadKind, PushCertificate},
    policy::AllowedIdentities,
    signature::{
        GitSignature,
        armor::{self, MAX_ARMOR},
        cms::{ID_DATA, SignedData},
        git::{GitSignatureParts, signed_attributes},
    },
    verify::Sought,
};

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
fn an_issuer_is_any_word_that_is_no_option() {
    let reads = |line: &str| AllowedIdentities::parse(line).map(|allowed| allowed.lines().len());
    assert_eq!(reads("ann@example.com issuer.example"), Ok(1));
    assert_eq!(reads("ann@example.com https://issuer.example/?tenant=a"), Ok(1));
    assert_eq!(reads("ann@example.com instance=local").unwrap_err().to_string(), "line 1: instance=local stands where the issuer should");
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

#[test]
fn entries_are_kept_under_the_digest_of_the_object_s_id() {
    let commit = World::new().v1().commit();
    let signed = Commit::parse(&commit, ObjectFormat::Sha1).unwrap().signed;
    let sought = Sought::of(&signed).unwrap();
    assert_eq!(sought.name(), sought.digests[0].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}
