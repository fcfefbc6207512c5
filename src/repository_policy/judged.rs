//! Judges commits and tags by the policy of their line: steps 10 to 17, 19 and 20.

use super::{
    file::{Action, PolicyFile},
    history::{History, PolicyEntry, Scope, Signed},
    in_force::{Effect, InForce, Policies},
    pattern::{FILE, FoldedPath},
    question::{Answer, Question, QuestionPath},
    right::{Quorum, Right},
    signer::Signer,
};
use crate::escape::Escaped;

/// More differing paths of one commit are not judged.
pub(crate) const MAX_PATHS: usize = 1_000_000;

/// What a policy decides about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// The object is not judged.
    Exempt,
    /// Every answer is "allowed".
    Allowed {
        /// The rule that decided about the first question; `None` where no rule was asked.
        rule: Option<String>,
    },
    /// Not every answer is "allowed".
    Refused(Refusal),
}

/// Why a policy refuses an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The kind of the reason.
    pub cause: Cause,
    /// The rule that refuses.
    pub rule: Option<String>,
    /// Whether it counts.
    pub counts: bool,
    /// What is refused: a clause, escaped.
    pub clause: String,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The line has no root.
    RootMissing,
    /// The signature is bad, or could not be checked.
    BadSignature,
    /// The policy file of the first parent is not the one in force.
    NotInForce,
    /// The commit makes the policy file unusable.
    Unusable,
    /// The signer may not change the policy.
    ChangeRefused,
    /// The signer may, but not alone.
    ApprovalsMissing,
    /// A rule does not list the signer.
    Refused,
    /// No rule is about it.
    NoRule,
    /// The answer depends on a ref that is not known.
    RefUnknown,
    /// More paths differ than are judged.
    TooLarge,
    /// A push moves a ref that no push may move.
    Ref,
    /// The server's HEAD names no branch.
    HeadMissing,
    /// A push gives up commits of a ref.
    Rewrite,
    /// The push needs a certificate.
    PushCertificate,
    /// The policy at the new value is not one that may follow.
    Rewound,
    /// An approval is wrong, or is moved or deleted.
    Approval,
}

/// Where a commit stands, and by which policy it is judged.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// It is not judged.
    Exempt,
    /// Its line has no root.
    NoRoot,
    /// It is a commit of the line, judged by the policy in force at its first parent.
    OnLine {
        /// This policy.
        before: InForce,
        /// The policy that answers the questions; this one, but for a push that gives up commits.
        judge: InForce,
        /// What it does to it.
        effect: Effect,
    },
    /// A merge brings it in.
    BroughtIn {
        /// The policy that judges the merge.
        policy: InForce,
    },
}

/// Judges one commit at its place, for this ref.
///
/// # Errors
/// Where something cannot be read.
pub(crate) fn commit<H: History>(
    policies: &Policies<'_, H>,
    commit: &H::Id,
    place: &Place,
    reference: Option<&str>,
    signed: &Signed,
) -> Result<Ruling, H::Error> {
    let (judge, on_line) = match place {
        Place::Exempt => return Ok(Ruling::Exempt),
        Place::NoRoot => {
            return Ok(Refusal::plain(Cause::RootMissing, "the history of its first parents does not lead to the policy's root").into());
        }
        Place::OnLine { before, judge, effect } => (judge, Some((before, *effect))),
        Place::BroughtIn { policy } => (policy, None),
    };
    if *signed == Signed::Bad {
        return Ok(Refusal::plain(Cause::BadSignature, "its signature does not hold").into());
    }
    let history = policies.history();
    let parents = history.parents(commit)?;
    if let Some(on_line) = on_line.filter(|_| !policies.is_everywhere())
        && let Some(refusal) = change_of_policy(policies, commit, parents.first(), on_line, signed)?
    {
        return Ok(refusal.into());
    }
    let Some(asked) = Asked::about(policies, commit, parents.len(), on_line.is_some(), judge.policy())? else {
        return Ok(Refusal::plain(Cause::TooLarge, "it changes more paths than are judged").into());
    };
    Ok(asked.ruling(judge.policy(), reference, signed.signer()))
}

/// Steps 13 and 14: why the commit's effect on the policy is refused.
fn change_of_policy<H: History>(
    policies: &Policies<'_, H>,
    commit: &H::Id,
    parent: Option<&H::Id>,
    (before, effect): (&InForce, Effect),
    signed: &Signed,
) -> Result<Option<Refusal>, H::Error> {
    let history = policies.history();
    let in_force = PolicyEntry::File(before.file().clone());
    let entry = history.policy_entry(commit)?;
    let of_parent = parent.map_or(Ok(PolicyEntry::Missing), |parent| history.policy_entry(parent))?;
    if of_parent != in_force && entry != in_force && effect != Effect::Takeover {
        return Ok(Some(Refusal::plain(Cause::NotInForce, "the policy file before it is not the one in force")));
    }
    if entry != of_parent && policies.usable(&entry)?.is_none() {
        return Ok(Some(Refusal::plain(Cause::Unusable, "it leaves a policy file that cannot be used")));
    }
    let Some(paths) = history.changed_paths(commit, Scope::Policy, MAX_PATHS)? else {
        return Ok(Some(Refusal::plain(Cause::TooLarge, "it changes more paths than are judged")));
    };
    let only_the_file = paths.iter().all(|path| path == FILE.as_bytes());
    if paths.is_empty() || only_the_file && (entry == in_force || effect == Effect::Takeover) {
        return Ok(None);
    }
    Ok(match policies.right_to_change(commit, before, signed)? {
        Right::Held => None,
        Right::NotListed { .. } => Some(Refusal::plain(Cause::ChangeRefused, "it changes the policy, and its signer may not")),
        Right::ApprovalsMissing { agree } => {
            let threshold = before.policy().policy_threshold();
            let clause = format!("it changes the policy, to which {threshold} identities must agree; {agree} did");
            Some(Refusal { clause, ..Refusal::plain(Cause::ApprovalsMissing, "") })
        }
    })
}

/// The questions about one commit: step 12.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) action: Action,
    /// By their bytes; none for a question without a path.
    pub(super) paths: Vec<Vec<u8>>,
}

impl Asked {
    /// `None` if they are too many.
    pub(super) fn about<H: History>(
        policies: &Policies<'_, H>,
        commit: &H::Id,
        parents: usize,
        is_on_line: bool,
        policy: &PolicyFile,
    ) -> Result<Option<Self>, H::Error> {
        let action = match (is_on_line, parents) {
            (true, 0 | 1) => Action::Commit,
            (true, _) => Action::Merge,
            (false, _) => Action::Contribute,
        };
        let is_brought_in_merge = !is_on_line && parents > 1;
        // without a rule about paths, all of them have one answer
        if is_brought_in_merge || !policy.is_about_paths(action) {
            return Ok(Some(Self { action, paths: Vec::new() }));
        }
        let Some(mut paths) = policies.history().changed_paths(commit, Scope::All, MAX_PATHS)? else { return Ok(None) };
        // the right to change the policy in the repository is asked for instead
        let has_right = is_on_line && !policies.is_everywhere();
        paths.retain(|path| !has_right || !super::pattern::is_policy_path(path));
        paths.sort();
        Ok(Some(Self { action, paths }))
    }

    /// Steps 15 and 16.
    fn ruling(&self, policy: &PolicyFile, reference: Option<&str>, signer: Option<&Signer>) -> Ruling {
        let mut first: Option<(Refusal, bool)> = None;
        let mut rule = None;
        let (mut folded, mut last) = (Vec::new(), None::<FoldedPath>);
        for path in &self.paths {
            let path_folded = FoldedPath::of(path);
            if last.as_ref() != Some(&path_folded) {
                folded.push((Some(path.as_slice()), Some(path_folded.clone())));
            }
            last = Some(path_folded);
        }
        if self.paths.is_empty() {
            folded.push((None, None));
        }
        for (path, folded) in &folded {
            let path_asked = folded.as_ref().map_or(QuestionPath::None, QuestionPath::Known);
            let question = Question { action: self.action, reference, path: path_asked };
            let answer = policy.answer(&question, signer);
            if let Answer::Allowed { rule: index, .. } = answer {
                rule = rule.or_else(|| policy.rules().get(index).map(|rule| rule.name.clone()));
                continue;
            }
            let counts = !policy.only_warns(&question, signer);
            // what counts comes before what only warns
            if first.as_ref().is_none_or(|(_, counted)| counts && !counted) {
                first = Some((refusal(policy, answer, self.action, reference, *path), counts));
            }
        }
        match first {
            None => Ruling::Allowed { rule },
            Some((refusal, counts)) => Ruling::Refused(Refusal { counts, ..refusal }),
        }
    }
}

/// Judges an annotated tag by the policy in force at the commit to which it leads: steps 19 and 20. `approvals` are those of its bytes which
/// name this commit.
///
/// # Errors
/// Those of `approvals`.
pub(crate) fn tag<E>(
    policy: &PolicyFile,
    reference: &str,
    signed: &Signed,
    approvals: impl FnOnce() -> Result<Vec<Signed>, E>,
) -> Result<Ruling, E> {
    if *signed == Signed::Bad {
        return Ok(Refusal::plain(Cause::BadSignature, "its signature does not hold").into());
    }
    let question = Question { action: Action::Tag, reference: Some(reference), path: QuestionPath::None };
    let Some(rule) = policy.deciding_rule(&question) else {
        return Ok(Refusal { clause: no_rule(Action::Tag, Some(reference)), ..Refusal::plain(Cause::NoRule, "") }.into());
    };
    let list = rule.lists.get(&Action::Tag).map(Vec::as_slice).unwrap_or_default();
    let quorum = Quorum { policy, list, threshold: rule.tag_threshold };
    let counts = !policy.only_warns(&question, None);
    // who signs the tag must be listed, whoever else approves it
    if signed.signer().is_none_or(|signer| policy.first_that_fits(list, signer).is_none()) {
        let refusal = refusal(policy, policy.answer(&question, None), Action::Tag, Some(reference), None);
        return Ok(Ruling::Refused(Refusal { counts, ..refusal }));
    }
    Ok(match quorum.with_approvals(signed.signer(), approvals)? {
        Right::Held => Ruling::Allowed { rule: Some(rule.name.clone()) },
        Right::NotListed { agree } | Right::ApprovalsMissing { agree } => Ruling::Refused(Refusal {
            cause: Cause::ApprovalsMissing,
            rule: Some(rule.name.clone()),
            counts,
            clause: format!("rule {} requires {} identities to agree to this tag; {agree} did", rule.name, rule.tag_threshold),
        }),
    })
}

/// What is refused by an answer that is not "allowed".
pub(super) fn refusal(policy: &PolicyFile, answer: Answer, action: Action, reference: Option<&str>, path: Option<&[u8]>) -> Refusal {
    let what = action.as_str();
    let about = path.map(|path| format!(" {}", Escaped(&String::from_utf8_lossy(path)))).unwrap_or_default();
    match answer {
        Answer::Allowed { .. } => Refusal::plain(Cause::Refused, ""),
        Answer::NoRule => Refusal { clause: no_rule(action, reference), ..Refusal::plain(Cause::NoRule, "") },
        Answer::NotKnown => Refusal::plain(Cause::RefUnknown, "the rules depend on the ref, which is not known"),
        Answer::Refused { rule } => {
            let rule = policy.rules().get(rule).map(|rule| rule.name.clone());
            let clause = format!("rule {} does not allow its signer to {what}{about}", rule.as_deref().unwrap_or_default());
            Refusal { rule, clause, ..Refusal::plain(Cause::Refused, "") }
        }
    }
}

fn no_rule(action: Action, reference: Option<&str>) -> String {
    match reference {
        Some(reference) => format!("no rule says who may {} on {}", action.as_str(), Escaped(reference)),
        None => format!("no rule says who may {}", action.as_str()),
    }
}

impl Refusal {
    pub(super) fn plain(cause: Cause, clause: &str) -> Self {
        Self { cause, rule: None, counts: true, clause: clause.to_owned() }
    }
}

impl From<Refusal> for Ruling {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
