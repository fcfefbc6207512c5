//! What people are told to do: a clause for each reason, each finding and each decision, and the one that belongs to a judgement.

use crate::{
    case::cases,
    library::{verifier, verify},
};
use paraph::{
    Explanation as _, LegacyRule, Reason,
    object::SignatureKind,
    policy::{AllowedIdentities, Finding, JudgedBy, Judgement, OtherJudgement, Policy},
    report::{advice, cause},
};
use std::collections::BTreeMap;

fn judged(name: &str, allowed: &str) -> Judgement {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    let policy = Policy { allowed: Some(AllowedIdentities::parse(allowed).unwrap()), ..Policy::default() };
    policy.judge(verify(&verifier(&case.trusted_root).unwrap(), &case))
}

#[test]
fn each_reason_has_its_advice() {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for reason in Reason::ALL {
        reasons.entry(reason.advice()).or_default().push(reason.id());
    }
    // what is told of the most is told of the rest
    let (most, _) = reasons.iter().max_by_key(|(_, ids)| ids.len()).map(|(advice, ids)| (*advice, ids.len())).unwrap();
    let told = reasons
        .iter()
        .map(|(advice, ids)| if *advice == most { format!("{advice}: all others") } else { format!("{advice}: {}", ids.join(" ")) });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    ask the log for its entry with --lookup, or have it signed anew: directly-from-root sct-missing entry-missing entry-draft-encoding
    do not trust it: it was changed after it was signed, or its signature is damaged; ask its author: all others
    do not use this ref: fetch the tags anew, and find out who moved the tag to another name: tag-name
    it does not carry all that proves it: have it signed anew: certificate-missing signer-certificate-missing entry-not-found promise-missing proof-missing no-trusted-time
    let git judge it with --other-signatures; for the merges of a forge name its key in paraph.forgeKey: openpgp-signature ssh-signature
    look at it by itself (`git cat-file -p ID`); no ordinary object is so large: object-too-large armor-too-large
    put a signed tag in its place (`git tag -s -f NAME`); where there was one, find out who replaced it: not-annotated
    run `git fsck`, and fetch the object anew from where you trust it: object-id-mismatch
    run `paraph trust update`; where it was signed with another instance, name it by --instance or --trusted-root: unknown-authority sct-unknown-log log-unknown timestamp-unknown-authority
    set this machine's clock, or give the time with --at: time-in-future
    sign: the last commit with `git commit --amend --no-edit -S`, all since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`: no-signature
    try again when the log answers, and look at what its address is with `paraph trust status`: lookup-failed
    verify it with the program that made it, or sign anew with paraph: unknown-signature-kind foreign-cms foreign-cms-without-certificate foreign-cms-invalid
    ");
}

#[test]
fn a_legacy_rule_has_the_advice_of_the_decision_that_stops_it() {
    let legacy = judged("sct_missing_fail", "");
    for rule in LegacyRule::ALL {
        assert_eq!(Some(rule.advice()), advice(&legacy), "{}", rule.id());
    }
}

#[test]
fn each_finding_of_another_verifier_has_its_words() {
    let words = Finding::ALL.iter().map(|finding| format!("{} {}: {}", finding.id(), finding.verdict().as_str(), finding.advice()));
    insta::assert_snapshot!(words.collect::<Vec<_>>().join("\n"), @r"
    key-trusted good: nothing
    key-not-trusted untrusted: where you know whose key it is, say so: `gpg --edit-key KEY trust`, or a line in the file of gpg.ssh.allowedSignersFile
    signature-expired untrusted: get the newest key of its owner, or have it signed anew
    key-expired untrusted: get the newest key of its owner, or have it signed anew
    key-revoked untrusted: ask the key's owner why it was revoked, and have it signed anew
    forge-no-merge untrusted: have its author sign it, or merge it by a merge commit: squashed and edited commits are the forge's alone
    forge-committer untrusted: look at who made it on the forge; paraph.forgeCommitter names the only committer that counts
    other-signature-invalid bad: do not trust it: it was changed after it was signed, or its signature is damaged; ask its author
    other-signature-unchecked unchecked: import the key, or configure the program (gpg.program; gpg.ssh.program and gpg.ssh.allowedSignersFile); `git verify-commit` tells more
    ");
    let by = [JudgedBy::Git, JudgedBy::ForgeKey];
    assert_eq!(by.map(JudgedBy::as_str), ["git", "forge-key"]);
    assert_eq!(by.map(JudgedBy::words), ["git", "forge key"]);
}

#[test]
fn a_judgement_s_cause_and_advice_are_those_of_what_decided_it() {
    let alice = "alice@example.com https://issuer.example instance=vectors";
    let told = |judgement: &Judgement| (judgement.cause(), cause(judgement), advice(judgement));
    assert_eq!(told(&judged("v1_ok", alice)), (None, None, None));

    let wrong = Reason::PayloadMismatch;
    assert_eq!(told(&judged("other_payload_fail", alice)), (Some(wrong.id()), Some(wrong.sentence()), Some(wrong.advice())));

    let (id, sentence, what) = told(&judged("v1_ok", "bob@example.com https://issuer.example instance=vectors"));
    assert_eq!(id, Some("identity-not-allowed"));
    assert!(sentence.is_some_and(|words| words.contains("allowed identities")) && what.is_some_and(|words| words.contains("line")));

    let finding = Finding::KeyRevoked;
    let other = OtherJudgement { by: JudgedBy::Git, kind: SignatureKind::OpenPgp, finding, signer: None, key: None, detail: String::new() };
    let revoked = judged("openpgp_fail", alice).with_other(other.clone());
    assert_eq!(told(&revoked), (Some(finding.id()), Some(finding.sentence()), Some(finding.advice())));
    let trusted = judged("openpgp_fail", alice).with_other(OtherJudgement { finding: Finding::KeyTrusted, ..other });
    assert_eq!(told(&trusted), (None, None, None));
}
