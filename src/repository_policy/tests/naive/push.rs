//! Steps 22 to 27: pushes to a server.
use super::super::model::{Answer, Model, Root, Signature, Target, Update};
use super::{APPROVALS, InForce, Judge};
use std::collections::BTreeSet;

/// 23: a base without a policy: nothing follows from it.
const BASE_WITHOUT_POLICY_REFUSES: bool = false;
/// 20, 24: the commits that an approval brings are judged like those of another tag.
const APPROVAL_COMMITS: bool = true;
/// 25: a new approval must name a commit at which a policy is in force.
const APPROVAL_NEEDS_POLICY: bool = true;

type Refusals = BTreeSet<(String, &'static str)>;

/// What an update is compared with.
enum Base {
    /// There is no branch.
    Nothing,
    /// HEAD's branch is missing, others exist.
    HeadMissing,
    /// The commit, if the value leads to one, and the policy in force there.
    At(Option<usize>, Option<InForce>),
}

impl Base {
    fn policy(&self) -> Option<&InForce> {
        if let Base::At(_, policy) = self { policy.as_ref() } else { None }
    }
}

/// Judges a push to a server in one pre-receive hook (steps 22-27): `model.refs`/`model.head` is the state before it; `certificate` is who signed the push certificate, if one verified.
pub(crate) fn judge_push(
    model: &Model,
    root: &Root,
    judge_since: &[usize],
    updates: &[Update],
    certificate: Option<&Signature>,
) -> Result<Refusals, ()> {
    // 27: approvals in the same push count.
    let more: Vec<(String, Target)> = updates
        .iter()
        .filter(|update| update.old.is_none() && update.reference.starts_with(APPROVALS))
        .filter_map(|update| Some((update.reference.clone(), update.new?)))
        .collect();
    let judge = Judge::new(model, root, judge_since, &more)?;
    let mut refusals = Refusals::new();
    for update in updates {
        judge_update(&judge, update, certificate, &mut refusals);
    }
    Ok(refusals)
}

/// 22. The base of a new ref.
fn head_base(judge: &Judge<'_>) -> Base {
    let refs = &judge.model.refs;
    if !refs.keys().any(|reference| reference.starts_with("refs/heads/")) {
        return Base::Nothing;
    }
    match judge.model.head.as_ref().and_then(|head| refs.get(head)) {
        None => Base::HeadMissing,
        Some(target) => {
            let (_, commit) = judge.leads_to(*target);
            Base::At(commit, commit.and_then(|commit| judge.in_force(commit)))
        }
    }
}

/// 22. The base of an update.
fn base_of(judge: &Judge<'_>, update: &Update) -> Base {
    let is_tag = update.reference.starts_with("refs/tags/");
    match update.old {
        Some(old) if !is_tag => {
            let (_, commit) = judge.leads_to(old);
            Base::At(commit, commit.and_then(|commit| judge.in_force(commit)))
        }
        _ => head_base(judge),
    }
}

fn judge_update(judge: &Judge<'_>, update: &Update, certificate: Option<&Signature>, refusals: &mut Refusals) {
    let reference = update.reference.as_str();
    let mut refuse = |decision| {
        refusals.insert((reference.to_owned(), decision));
    };
    // 22
    if reference.starts_with("refs/paraph/") || reference.starts_with("refs/replace/") {
        return refuse("policy-ref");
    }
    let is_tag = reference.starts_with("refs/tags/");
    if !is_tag && !reference.starts_with("refs/heads/") {
        return;
    }
    let base = base_of(judge, update);
    if matches!(base, Base::HeadMissing) {
        return refuse("policy-head-missing");
    }
    // 25
    let is_approval = reference.starts_with(APPROVALS);
    if is_approval {
        if !approval_is_good(judge, update) {
            refuse("policy-approval");
        }
    } else if is_rewrite(judge, update) && !may_rewrite(base.policy(), reference) {
        refuse("policy-rewrite");
    }
    // 26
    if needs_certificate(base.policy(), reference, certificate) {
        refuse("policy-push-certificate");
    }
    match update.new {
        Some(new) if is_tag => refusals.extend(judge_new_tag(judge, reference, new, &base, is_approval)),
        Some(new) => refusals.extend(judge_new_branch(judge, reference, new, &base)),
        None => {}
    }
}

/// 25. Whether an update of an approval is a new and right one.
fn approval_is_good(judge: &Judge<'_>, update: &Update) -> bool {
    let Some(new) = update.new else { return false };
    if update.old.is_some() {
        return update.old == update.new;
    }
    let Some((named, signature)) = judge.approval(&update.reference, new) else { return false };
    let of_commit = judge.tag_policy(Some(named));
    if APPROVAL_NEEDS_POLICY && of_commit.is_none() {
        return false;
    }
    let decides = match head_base(judge) {
        Base::At(_, policy) => policy,
        Base::Nothing => of_commit,
        Base::HeadMissing => None,
    };
    decides.is_some_and(|in_force| in_force.policy.knows(signature))
}

/// 25. Whether an update deletes the ref, or moves it to a value that does not contain the old one.
fn is_rewrite(judge: &Judge<'_>, update: &Update) -> bool {
    let Some(old) = update.old else { return false };
    let Some(new) = update.new else { return true };
    if old == new {
        return false;
    }
    if update.reference.starts_with("refs/tags/") {
        return true;
    }
    match (judge.leads_to(old).1, judge.leads_to(new).1) {
        (Some(old), Some(new)) => !judge.contains(new, old),
        _ => true,
    }
}

/// 25. A refusal of a warn rule does not count.
fn may_rewrite(by: Option<&InForce>, reference: &str) -> bool {
    let Some(by) = by else { return false };
    let rule = by.policy.first_rule(reference, |rule| rule.rewrite.is_some());
    rule.is_some_and(|rule| rule.rewrite == Some(true) || rule.warn)
}

/// 26. Whether a push certificate is missing that counts.
fn needs_certificate(by: Option<&InForce>, reference: &str, certificate: Option<&Signature>) -> bool {
    let Some(by) = by else { return false };
    let rule = by.policy.first_rule(reference, |rule| rule.lists.contains_key("push"));
    rule.is_some_and(|rule| {
        let signer = certificate.unwrap_or(&Signature::None);
        by.policy.first_fit(&rule.lists["push"], signer).is_none() && !rule.warn
    })
}

fn add(refusals: &mut Refusals, thing: String, answer: &Answer) {
    if let Answer::Refused { decision, counts: true } = answer {
        refusals.insert((thing, decision));
    }
}

fn judge_new_branch(judge: &Judge<'_>, reference: &str, new: Target, base: &Base) -> Refusals {
    match judge.leads_to(new).1 {
        Some(commit) => judge_new_commits(judge, commit, Some(reference), base, reference),
        None => Refusals::from([(reference.to_owned(), "policy-root-missing")]),
    }
}

/// 23. The commits that the base does not contain.
fn judge_new_commits(judge: &Judge<'_>, new: usize, judged_for: Option<&str>, base: &Base, reference: &str) -> Refusals {
    let mut refusals = Refusals::new();
    let Base::At(old, old_policy) = base else {
        for (commit, answer) in judge.commits(new, judged_for) {
            add(&mut refusals, format!("commit {commit}"), &answer);
        }
        return refusals;
    };
    let is_known = |commit: usize| old.is_some_and(|old| judge.contains(old, commit));
    let on_line = old.is_some_and(|old| judge.line(new).contains(&old));
    let new_policy = judge.in_force(new);
    for (commit, mut answer) in judge.commits(new, judged_for) {
        if is_known(commit) {
            continue;
        }
        if !on_line {
            answer = if new_policy.is_some() && judge.line(new).contains(&commit) {
                judge.judge_line_commit(commit, new_policy.as_ref(), judged_for)
            } else {
                // As if a merge brought them in.
                judge.judge_brought(commit, new_policy.as_ref(), judged_for)
            };
        }
        add(&mut refusals, format!("commit {commit}"), &answer);
    }
    let follows = match (&new_policy, old_policy) {
        (Some(new), Some(old)) => judge.follows(new, old) || new.text == old.text,
        (_, None) => !BASE_WITHOUT_POLICY_REFUSES,
        (None, Some(_)) => false,
    };
    if !on_line && !follows {
        refusals.insert((reference.to_owned(), "policy-rewound"));
    }
    refusals
}

/// 19, 24. A new tag, and the commits that it brings.
fn judge_new_tag(judge: &Judge<'_>, reference: &str, new: Target, base: &Base, is_approval: bool) -> Refusals {
    let mut refusals = Refusals::new();
    let (tags, commit) = judge.leads_to(new);
    let mut policies = vec![judge.tag_policy(commit)];
    if let Base::At(_, policy) = base {
        policies.push(policy.clone());
    }
    for by in policies.iter().filter(|_| !is_approval) {
        for tag in &tags {
            add(&mut refusals, format!("tag {tag}"), &judge.tag_by(by.as_ref(), Some(*tag), commit, reference));
        }
        if tags.is_empty() {
            add(&mut refusals, reference.to_owned(), &judge.tag_by(by.as_ref(), None, commit, reference));
        }
    }
    let Some(commit) = commit else { return refusals };
    let brings = |base: &Base| match base {
        Base::At(Some(old), _) => !judge.contains(*old, commit),
        _ => true,
    };
    if brings(base) && (APPROVAL_COMMITS || !is_approval) {
        refusals.extend(judge_new_commits(judge, commit, judge.model.head.as_deref(), base, reference));
    }
    refusals
}
