//! The evaluator beside a second, naive implementation, which was written from `man/policy.md` alone.
//!
//! `PARAPH_POLICY_CASES` says how many random cases are compared, and `PARAPH_POLICY_SEED` where they begin.

mod memory;
mod model;
#[allow(clippy::all, clippy::pedantic, clippy::restriction, reason = "written to be compared, not to be kept short")]
mod naive;
mod random;

use super::update::{About, Certificate, PushJudge, PushedTag, Server, Update, Value, policy_of_tag, tag_ruling};
use super::{
    history::History as _,
    in_force::{self, Policies},
    judged::{self, Cause, Ruling},
    plan::Plan,
};
use fastrand::Rng;
use model::{Answer, Model, Root, Signature, Target};
use random::Case;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

fn root(root: &Root) -> in_force::Root<usize> {
    match root {
        Root::Commit(commit) => in_force::Root::Commit(*commit),
        Root::Digest(digest) => in_force::Root::Digest(*digest),
    }
}

fn answer(ruling: Ruling) -> Answer {
    match ruling {
        Ruling::Exempt => Answer::Exempt,
        Ruling::Allowed { .. } => Answer::Good,
        Ruling::Refused(refusal) => Answer::Refused { decision: decision(refusal.cause), counts: refusal.counts },
    }
}

fn decision(cause: Cause) -> &'static str {
    match cause {
        Cause::RootMissing => "policy-root-missing",
        Cause::BadSignature => "bad-signature",
        Cause::NotInForce => "policy-not-in-force",
        Cause::Unusable => "policy-unusable",
        Cause::ChangeRefused => "policy-change-refused",
        Cause::ApprovalsMissing => "policy-approvals-missing",
        Cause::Refused => "policy-refused",
        Cause::NoRule => "policy-no-rule",
        Cause::RefUnknown => "policy-ref-unknown",
        Cause::TooLarge => "policy-too-large",
        Cause::Ref => "policy-ref",
        Cause::HeadMissing => "policy-head-missing",
        Cause::Rewrite => "policy-rewrite",
        Cause::PushCertificate => "policy-push-certificate",
        Cause::Rewound => "policy-rewound",
        Cause::Approval => "policy-approval",
    }
}

fn judge_commits(case: &Case) -> Option<BTreeMap<usize, Answer>> {
    let policies = Policies::new(&case.model, root(&case.root)).ok()?;
    let commits = case.model.contained(&case.tip, None).unwrap();
    let plan = Plan::of_line(&policies, &case.tip, &commits, &case.judge_since).ok()?;
    let judge = |commit: &usize| {
        let place = plan.place(commit)?;
        let signed = memory::signed(&case.model.commits[*commit].signature);
        Some((*commit, answer(judged::commit(&policies, commit, place, case.reference.as_deref(), &signed).unwrap())))
    };
    Some(commits.iter().filter_map(judge).collect())
}

/// A tag of a model, as a push has it.
fn pushed_tag(model: &Model, index: usize) -> PushedTag {
    let tag = &model.tags[index];
    PushedTag {
        id: format!("tag {index}"),
        name: tag.name.clone(),
        digest: hex::encode(Sha256::digest(&tag.bytes)),
        message: tag.message.clone(),
        signed: memory::signed(&tag.signature),
    }
}

/// What a ref leads to, as a push has it.
fn value(model: &Model, target: Target) -> Value<usize> {
    let (mut tags, mut target) = (Vec::new(), target);
    while let Target::Tag(index) = target {
        tags.push(pushed_tag(model, index));
        target = model.tags[index].target;
    }
    match target {
        Target::Commit(commit) if tags.is_empty() => Value::Commit(commit),
        Target::Commit(commit) => Value::Tags { tags, commit: Some(commit) },
        _ if tags.is_empty() => Value::Other,
        _ => Value::Tags { tags, commit: None },
    }
}

type Refusals = BTreeSet<(String, &'static str)>;

fn judge_push(case: &Case, updates: &[model::Update], certificate: Option<&Signature>) -> Option<Refusals> {
    let mut after = case.model.clone();
    for update in updates {
        if let (None, Some(new)) = (update.old, update.new)
            && update.reference.starts_with(super::pattern::APPROVALS)
        {
            after.refs.insert(update.reference.clone(), new);
        }
    }
    let policies = Policies::new(&after, root(&case.root)).ok()?;
    let head = case.model.head.as_ref().and_then(|name| match case.model.refs.get(name) {
        Some(Target::Commit(commit)) => Some((name.clone(), *commit)),
        _ => None,
    });
    let server = Server { head, has_branches: case.model.refs.keys().any(|name| name.starts_with("refs/heads/")) };
    let signed = certificate.map(memory::signed);
    let judge = PushJudge {
        policies: &policies,
        judge_since: &case.judge_since,
        server: &server,
        certificate: match &signed {
            None => Certificate::Missing,
            Some(signed) => signed.signer().map_or(Certificate::NotJudged, Certificate::By),
        },
    };
    let mut refusals = Refusals::new();
    for update in updates {
        let update = Update {
            reference: update.reference.clone(),
            old: update.old.map(|old| value(&after, old)),
            new: update.new.map(|new| value(&after, new)),
        };
        let mut refuse = |about, refusal: judged::Refusal| {
            let (About::Ref(about) | About::Tag(about)) = about;
            if refusal.counts {
                refusals.insert((about, decision(refusal.cause)));
            }
        };
        let Some(left) = judge.plan(&update, &mut refuse).unwrap() else { continue };
        for commit in 0..after.commits.len() {
            let Some(place) = left.plan.place(&commit) else { continue };
            let signed = memory::signed(&after.commits[commit].signature);
            let ruling = judged::commit(&policies, &commit, place, left.reference.as_deref(), &signed).unwrap();
            if let Ruling::Refused(refusal) = ruling
                && refusal.counts
            {
                refusals.insert((format!("commit {commit}"), decision(refusal.cause)));
            }
        }
    }
    Some(refusals)
}

fn judge_tag(case: &Case, tag: usize, reference: &str) -> Option<Answer> {
    let policies = Policies::new(&case.model, root(&case.root)).ok()?;
    let commit = match value(&case.model, Target::Tag(tag)) {
        Value::Tags { commit, .. } => commit,
        Value::Commit(_) | Value::Other => None,
    };
    let policy = commit.and_then(|commit| policy_of_tag(&policies, &commit).unwrap());
    Some(answer(tag_ruling(&policies, reference, &pushed_tag(&case.model, tag), commit.as_ref(), policy.as_ref()).unwrap()))
}

#[test]
fn pushes_and_tags_are_judged_as_by_the_naive_implementation() {
    let seed = number("PARAPH_POLICY_SEED", 0);
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    for number in seed..seed + number("PARAPH_POLICY_CASES", 3_000) {
        let mut rng = Rng::with_seed(number);
        let mut case = random::case(&mut rng);
        let updates = random::updates(&mut rng, &mut case.model);
        let certificate = rng.bool().then(|| random::signature(&mut rng));
        let ours = judge_push(&case, &updates, certificate.as_ref());
        let naive = naive::judge_push(&case.model, &case.root, &case.judge_since, &updates, certificate.as_ref()).ok();
        assert_eq!(ours, naive, "case {number}: {updates:#?}\n{case:#?}");
        for (_, decision) in ours.iter().flatten() {
            *seen.entry(decision).or_default() += 1;
        }
        *seen.entry("accepted").or_default() += usize::from(ours.is_some_and(|refusals| refusals.is_empty()));
        for (name, target) in &case.model.refs {
            let Target::Tag(tag) = target else { continue };
            let ours = judge_tag(&case, *tag, name);
            let naive = naive::judge_tag(&case.model, &case.root, &case.judge_since, *tag, name).ok();
            assert_eq!(ours, naive, "case {number}: tag {tag} at {name}\n{case:#?}");
        }
    }
    for decision in
        ["accepted", "policy-ref", "policy-head-missing", "policy-rewrite", "policy-push-certificate", "policy-rewound", "policy-approval"]
    {
        assert!(seen.contains_key(decision), "no case has {decision}: {seen:#?}");
    }
}

/// A number from the environment.
fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn commits_are_judged_as_by_the_naive_implementation() {
    let seed = number("PARAPH_POLICY_SEED", 0);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for number in seed..seed + number("PARAPH_POLICY_CASES", 3_000) {
        let case = random::case(&mut Rng::with_seed(number));
        let ours = judge_commits(&case);
        let naive = naive::judge_commits(&case.model, &case.root, &case.judge_since, case.tip, case.reference.as_deref()).ok();
        assert_eq!(ours, naive, "case {number}\n{case:#?}");
        for answer in ours.iter().flat_map(BTreeMap::values) {
            *seen.entry(format!("{answer:?}")).or_default() += 1;
        }
    }
    for decision in [
        "Exempt",
        "Good",
        "root-missing",
        "bad-signature",
        "not-in-force",
        "unusable",
        "change-refused",
        "approvals-missing",
        "\"policy-refused",
        "no-rule",
        "ref-unknown",
        "counts: false",
    ] {
        assert!(seen.keys().any(|answer| answer.contains(decision)), "no case has {decision}: {seen:#?}");
    }
}
