//! Why a policy decides as it does about one commit: which policy, who signed by it, and which rules answered. In sentences, escaped.

use super::{
    describe::listed,
    file::PolicyFile,
    history::{History, Scope, Signed},
    in_force::{Effect, InForce, Policies},
    judged::{Asked, MAX_PATHS, Place},
    pattern::FoldedPath,
    plan::Plan,
    question::{Answer, Question, QuestionPath},
};
use crate::{escape::Escaped, wording::counted};
use std::collections::BTreeMap;

/// What led to the ruling on a commit at its place, for this ref and in this plan.
///
/// # Errors
/// Where something cannot be read.
pub(crate) fn explain_commit<H: History<Id = String>>(
    policies: &Policies<'_, H>,
    commit: &String,
    (plan, place): (&Plan<String>, &Place),
    reference: Option<&str>,
    signed: &Signed,
) -> Result<Vec<String>, H::Error> {
    let of_ref = reference.map_or("a ref that is not known".to_owned(), |name| Escaped(name).to_string());
    let (policy, from, stands) = match place {
        Place::Exempt => {
            let exempt =
                "It is exempt: it is the pinned commit, `start` of the policy or in paraph.judgeSince, or an ancestor of one of them.";
            return Ok(vec![exempt.to_owned()]);
        }
        Place::NoRoot => {
            return Ok(vec![format!("The first parents of {of_ref} do not lead to the policy's root, so no policy is in force.")]);
        }
        Place::OnLine { judge, .. } => {
            let parent = policies.history().parents(commit)?.into_iter().next();
            (judge, parent, format!("It is a commit of {of_ref} itself"))
        }
        Place::BroughtIn { policy } => (policy, line_of(policies, plan, policy)?, format!("A merge brings it into {of_ref}")),
    };
    let mut lines = vec![format!("{stands}, judged by {}.", origin(policies, from.as_ref(), policy)?)];
    lines.push(who_signed(policy.policy(), signed));
    if let Place::OnLine { before, effect, .. } = place {
        lines.extend(about_policy(policies, commit, before, *effect)?);
    }
    let on_line = matches!(place, Place::OnLine { .. });
    let parents = policies.history().parents(commit)?.len();
    match Asked::about(policies, commit, parents, on_line, policy.policy())? {
        Some(asked) => lines.extend(answers(&asked, policy.policy(), reference, signed)),
        None => lines.push("It changes more paths than are judged.".to_owned()),
    }
    Ok(lines)
}

/// The first parent of a commit of the line that this policy judges.
fn line_of<H: History<Id = String>>(policies: &Policies<'_, H>, plan: &Plan<String>, policy: &InForce) -> Result<Option<String>, H::Error> {
    let is_judged = |place: &Place| matches!(place, Place::OnLine { judge, .. } if judge.is(policy));
    let Some((commit, _)) = plan.places().find(|(_, place)| is_judged(place)) else { return Ok(None) };
    Ok(policies.history().parents(commit)?.into_iter().next())
}

/// Which policy it is: since when it is in force, on the line that leads to `from`.
fn origin<H: History<Id = String>>(policies: &Policies<'_, H>, from: Option<&String>, policy: &InForce) -> Result<String, H::Error> {
    if policies.is_everywhere() {
        return Ok("the policy outside the repository (paraph.policyFile)".to_owned());
    }
    let (mut since, mut next) = (None, from.cloned());
    while let Some(commit) = next {
        let is_in_force = policies.at(&commit)?.is_some_and(|at| at.is(policy));
        if !is_in_force && since.is_some() {
            break;
        }
        let is_last = policies.is_pinned(&commit);
        next = if is_last { None } else { policies.history().parents(&commit)?.into_iter().next() };
        since = if is_in_force { Some(commit) } else { since };
    }
    Ok(match since {
        Some(commit) if policies.is_pinned(&commit) => format!("the policy of the pinned commit {commit}"),
        Some(commit) => format!("the policy of commit {commit}"),
        None => "the pinned policy".to_owned(),
    })
}

/// Who signed, by a policy.
pub(crate) fn who_signed(policy: &PolicyFile, signed: &Signed) -> String {
    let signer = match signed {
        Signed::By(signer) => signer,
        Signed::NotJudged => return "It has no signature that is judged, so no identity fits.".to_owned(),
        Signed::Bad => return "Its signature does not hold, so no rule is asked.".to_owned(),
    };
    let fits = policy.identities().iter().filter(|identity| identity.credentials.iter().any(|one| one.fits(signer)));
    let names: Vec<&str> = fits.map(|identity| identity.name.as_str()).collect();
    match names.as_slice() {
        [] => "No identity of that policy fits its signer.".to_owned(),
        names => format!("By that policy its signer is {}.", listed(names)),
    }
}

/// What a commit of the line does to the policy.
fn about_policy<H: History<Id = String>>(
    policies: &Policies<'_, H>,
    commit: &String,
    before: &InForce,
    effect: Effect,
) -> Result<Option<String>, H::Error> {
    if policies.is_everywhere() {
        return Ok(None);
    }
    let changes = policies.history().changed_paths(commit, Scope::Policy, MAX_PATHS)?.is_none_or(|paths| !paths.is_empty());
    Ok(match effect {
        Effect::Change => Some(format!("It changes the policy, and may: {}", before.policy().right_to_change())),
        Effect::Takeover => Some("It takes the policy of another parent over, which changed it with the right to.".to_owned()),
        Effect::None if changes => Some(format!("It changes files of the policy: {}", before.policy().right_to_change())),
        Effect::None => None,
    })
}

/// What the rules answered: a sentence for each rule and answer, with a path as an example.
fn answers(asked: &Asked, policy: &PolicyFile, reference: Option<&str>, signed: &Signed) -> Vec<String> {
    let mut groups: BTreeMap<(Option<usize>, &'static str), (String, usize)> = BTreeMap::new();
    let paths: Vec<Option<&Vec<u8>>> = if asked.paths.is_empty() { vec![None] } else { asked.paths.iter().map(Some).collect() };
    for path in paths {
        let folded = path.map(|path| FoldedPath::of(path));
        let about = folded.as_ref().map_or(QuestionPath::None, QuestionPath::Known);
        let question = Question { action: asked.action, reference, path: about };
        let (rule, said) = match policy.answer(&question, signed.signer()) {
            Answer::Allowed { rule, .. } => (Some(rule), "allows it"),
            Answer::Refused { rule } if policy.only_warns(&question, signed.signer()) => (Some(rule), "refuses it, and only warns"),
            Answer::Refused { rule } => (Some(rule), "refuses it"),
            Answer::NoRule => (None, "no rule is about it, so it is refused"),
            Answer::NotKnown => (None, "the answer depends on the ref, which is not known"),
        };
        let named = path.map(|path| Escaped(&String::from_utf8_lossy(path)).to_string()).unwrap_or_default();
        groups.entry((rule, said)).or_insert((named, 0)).1 += 1;
    }
    let what = asked.action.as_str();
    let sentence = |((rule, said), (path, count)): ((Option<usize>, &str), (String, usize))| {
        let about = match (path.is_empty(), count) {
            (true, _) => format!("About the question who may {what}"),
            (false, 1) => format!("About the question who may {what} {path}"),
            (false, count) => format!("About the question who may {what} {path} and {}", counted(count - 1, "other path")),
        };
        match rule.and_then(|rule| policy.rules().get(rule)) {
            Some(rule) => {
                let list = rule.lists.get(&asked.action).map(Vec::as_slice).unwrap_or_default();
                format!("{about}: rule {} ({}) lists {}, and {said}.", rule.name, rule.place(), policy.who(list))
            }
            None => format!("{about}: {said}."),
        }
    };
    groups.into_iter().map(sentence).collect()
}
