//! What people are told to do: a clause for each reason, each finding and each decision, and the one that belongs to a judgement.

use crate::{
    case::cases,
    library::{verifier, verify},
};
use paraph::{
    Explanation, LegacyRule, Reason,
    internals::policy::{ExternalJudgement, Finding, JudgedBy},
    object::SignatureKind,
    policy::{AllowedIdentities, Decision, Judgement, Policy},
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
    compare the key with the signer's; if it is the right one, do not trust the file: key-signature-invalid
    do not trust it: it was changed after signing, or its signature is damaged; ask its author: all others
    do not trust the file: it was changed, or the bundle belongs to another file: message-digest-mismatch subject-mismatch
    do not trust the file: nobody signs such a file as a file: file-disguised
    do not use this ref; fetch the tags again, and find out who moved the tag to another name: tag-name
    fetch the objects that are missing; `git fsck` lists them: content-unchecked
    get its bundle (FILE.sigstore.json) from where the file came from, or name it with --bundle: no-bundle
    get the signer's public key from a source that you trust, and name it with --key: key-not-given
    have it passed to paraph as git stores it; if git stores it so, have it signed again: armor-framing
    inspect it (`git cat-file -p ID`); no ordinary object is so large: object-too-large armor-too-large
    inspect it; no ordinary bundle is so large: bundle-too-large
    judge one of the tags inside it; no ordinary tag names so many: tag-too-deep
    leave --key out, and say whom you expect with --certificate-identity and --certificate-oidc-issuer: key-not-used
    let git verify it with --other-signatures; for a forge's merges, set paraph.forgeKey to its key: openpgp-signature ssh-signature
    look up its log entry with --lookup, or have it signed again: directly-from-root sct-missing entry-missing entry-draft-encoding
    name a file with the signer's public key in PEM (BEGIN PUBLIC KEY): key-malformed
    name the file itself instead of its digest: digest-unknown
    name the type of the statement with --type, or get the bundle with the statement that you expect: predicate-type
    replace it with a signed tag (`git tag -s -f NAME`); if there was one, find out who replaced it: not-annotated
    required evidence is missing; have it signed again: certificate-missing signer-certificate-missing entry-not-found promise-missing proof-missing no-trusted-time
    run `git fsck`, and fetch the object again from a source that you trust: object-id-mismatch object-copies-differ content-id-mismatch
    run `paraph trust update`; if it was signed with another instance, name that with --instance or --trusted-root: unknown-authority sct-unknown-log log-unknown timestamp-unknown-authority
    set this machine's clock, or pass the time with --at: time-in-future
    sign it: the last commit with `git commit --amend --no-edit -S`, all commits since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`: no-signature
    try again when the log answers; `paraph trust status` shows its address: lookup-failed
    update paraph, or have the file signed with a bundle of version 0.3: bundle-media-type
    verify it with the program that made it: payload-type
    verify it with the program that made it, or sign again with paraph: unknown-signature-kind foreign-cms foreign-cms-without-certificate foreign-cms-invalid
    write it again with `git commit-graph write --reachable`, and find out who changed it: commit-graph-differs
    ");
}

#[test]
fn a_legacy_rule_has_the_advice_of_the_decision_that_stops_it() {
    let legacy = judged("sct_missing_fail", "");
    for rule in LegacyRule::ALL {
        assert_eq!(Some(rule.advice()), legacy.explanation().map(Explanation::advice), "{}", rule.id());
    }
}

#[test]
fn each_finding_of_another_verifier_has_its_words() {
    let words = Finding::ALL.iter().map(|finding| format!("{} {}: {}", finding.id(), finding.verdict().as_str(), finding.advice()));
    insta::assert_snapshot!(words.collect::<Vec<_>>().join("\n"), @r"
    key-trusted good: nothing
    key-not-trusted untrusted: if you know whose key it is, trust it with `gpg --edit-key KEY trust`, or add it to the file in gpg.ssh.allowedSignersFile
    signature-expired untrusted: get the owner's newest key, or have it signed again
    key-expired untrusted: get the owner's newest key, or have it signed again
    key-revoked untrusted: ask the key's owner why it was revoked, and have it signed again
    forge-no-merge untrusted: have its author sign it, or merge it with a merge commit; squashed and edited commits carry only the forge's signature
    forge-committer untrusted: check who created it on the forge; only the committer in paraph.forgeCommitter is accepted
    other-tag-name untrusted: do not use this ref; fetch the tags again, and find out who moved the tag to another name
    other-structure untrusted: inspect it (`git cat-file -p ID`), and have it made and signed again
    other-signature-invalid bad: do not trust it: it was changed after signing, or its signature is damaged; ask its author
    other-signature-unchecked unchecked: import the key, or configure the program (gpg.program; gpg.ssh.program and gpg.ssh.allowedSignersFile); `git verify-commit` shows details
    ");
    let by = [JudgedBy::Git, JudgedBy::ForgeKey];
    assert_eq!(by.map(JudgedBy::as_str), ["git", "forge-key"]);
    assert_eq!(by.map(JudgedBy::words), ["git", "forge key"]);
}

#[test]
fn a_judgement_s_cause_and_advice_are_those_of_what_decided_it() {
    let alice = "alice@example.com https://issuer.example instance=vectors";
    let told = |judgement: &Judgement| judgement.explanation().map(|cause| (cause.id(), cause.sentence(), cause.advice()));
    assert_eq!(told(&judged("v1_ok", alice)), None);

    let wrong = Reason::PayloadMismatch;
    assert_eq!(told(&judged("other_payload_fail", alice)), Some((wrong.id(), wrong.sentence(), wrong.advice())));

    let decision = Decision::NotAllowed;
    let not_allowed = told(&judged("v1_ok", "bob@example.com https://issuer.example instance=vectors"));
    assert_eq!(not_allowed, Some((decision.id(), decision.sentence(), decision.advice())));

    let finding = Finding::KeyRevoked;
    let other = ExternalJudgement {
        by: JudgedBy::Git,
        kind: SignatureKind::OpenPgp,
        finding,
        signer: None,
        key: None,
        detail: String::new(),
        fault: None,
    };
    let revoked = judged("openpgp_fail", alice).with_external(other.clone());
    assert_eq!(told(&revoked), Some((finding.id(), finding.sentence(), finding.advice())));
    let trusted = judged("openpgp_fail", alice).with_external(ExternalJudgement { finding: Finding::KeyTrusted, ..other });
    assert_eq!(told(&trusted), None);
}
