//! What no vector shows: fields that no check of a signature looks at, and refusals that look alike.

use paraph::{
    Reason,
    object::{Commit, ObjectFormat, PushCertificate},
    policy::AllowedIdentities,
    signature::armor,
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
