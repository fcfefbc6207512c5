//! Judges the refs that a push moves: steps 22 to 27.

use super::{
    file::{Action, Mode, PolicyFile},
    history::{History, Signed},
    in_force::{InForce, Policies},
    judged::{self, Cause, Refusal, Ruling},
    pattern::APPROVALS,
    plan::Plan,
    question::{Answer, Question, QuestionPath},
    signer::Signer,
};
use std::collections::HashSet;

/// A ref that a push moves.
#[derive(Debug, Clone)]
pub(crate) struct Update<Id> {
    /// Its full name, without a namespace.
    pub reference: String,
    /// Its old value; `None` for a new ref.
    pub old: Option<Value<Id>>,
    /// Its new value; `None` to delete it.
    pub new: Option<Value<Id>>,
}

/// What a ref leads to.
#[derive(Debug, Clone)]
pub(crate) enum Value<Id> {
    /// A commit.
    Commit(Id),
    /// Annotated tags: the outermost, and those inside it.
    Tags {
        /// From the outside, at least one.
        tags: Vec<PushedTag>,
        /// The commit to which they lead, if they lead to one.
        commit: Option<Id>,
    },
    /// A tree or a file.
    Other,
}

/// An annotated tag.
#[derive(Debug, Clone)]
pub(crate) struct PushedTag {
    /// Its id.
    pub id: String,
    /// Its own name.
    pub name: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// The lines of its message.
    pub message: String,
    /// How it is signed.
    pub signed: Signed,
}

/// What is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum About {
    /// A ref.
    Ref(String),
    /// An annotated tag, by its id.
    Tag(String),
}

/// The server before the push.
#[derive(Debug, Clone)]
pub(crate) struct Server<Id> {
    /// The branch that `HEAD` names, if it exists: its name and value.
    pub head: Option<(String, Id)>,
    /// Whether there is any branch.
    pub has_branches: bool,
}

/// The push certificate, as the hook sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Certificate<'p> {
    /// Its signature holds, and it is about this push.
    By(&'p Signer),
    /// It proves nobody, for example because another program signed it.
    NotJudged,
    /// The push has none.
    Missing,
    /// git does not pass it to this hook.
    NotPassed,
    /// Another hook asks for it.
    NotAsked,
}

/// The commits of an update that are left to judge, each at its place.
#[derive(Debug)]
pub(crate) struct UpdatePlan<Id> {
    /// The ref for which they are judged, if it is known.
    pub reference: Option<String>,
    /// Their places.
    pub plan: Plan<Id>,
}

/// Judges pushes with one policy root.
#[derive(Debug)]
pub(crate) struct PushJudge<'p, 'h, H: History> {
    /// The policies in force.
    pub policies: &'p Policies<'h, H>,
    /// Commits that are exempt with their ancestors.
    pub judge_since: &'p [H::Id],
    /// The state before the push.
    pub server: &'p Server<H::Id>,
    /// The push certificate.
    pub certificate: Certificate<'p>,
}

impl<Id> Value<Id> {
    /// The commit to which it leads.
    fn commit(&self) -> Option<&Id> {
        match self {
            Self::Commit(commit) => Some(commit),
            Self::Tags { commit, .. } => commit.as_ref(),
            Self::Other => None,
        }
    }
}

/// What decides about an update: the state that it starts from.
#[derive(Debug)]
enum Base<Id> {
    /// The server has no branch.
    Nothing,
    /// A commit, if the old value leads to one, and the policy in force there.
    At(Option<Id>, Option<InForce>),
}

impl<Id> Base<Id> {
    fn policy(&self) -> Option<&InForce> {
        match self {
            Self::Nothing => None,
            Self::At(_, policy) => policy.as_ref(),
        }
    }

    fn commit(&self) -> Option<&Id> {
        match self {
            Self::Nothing => None,
            Self::At(commit, _) => commit.as_ref(),
        }
    }
}

impl<H: History> PushJudge<'_, '_, H> {
    /// Judges one ref with its tags, and hands each refusal to `refuse`. Returns the commits that are left to judge.
    ///
    /// # Errors
    /// Where something cannot be read, or no policy can be used.
    pub(crate) fn plan(
        &self,
        update: &Update<H::Id>,
        refuse: &mut impl FnMut(About, Refusal),
    ) -> Result<Option<UpdatePlan<H::Id>>, H::Error> {
        let reference = update.reference.as_str();
        let about = || About::Ref(reference.to_owned());
        if ["refs/paraph/", "refs/replace/"].iter().any(|prefix| reference.starts_with(prefix)) {
            refuse(about(), Refusal::plain(Cause::Ref, "no push may move refs below refs/paraph/ and refs/replace/"));
            return Ok(None);
        }
        let is_tag = reference.starts_with("refs/tags/");
        if !is_tag && !reference.starts_with("refs/heads/") {
            return Ok(None);
        }
        let Some(base) = self.base(update)? else {
            refuse(about(), Refusal::plain(Cause::HeadMissing, "the branch that HEAD names does not exist on the server"));
            return Ok(None);
        };
        let is_approval = reference.starts_with(APPROVALS);
        if is_approval {
            if let Some(clause) = self.fault_of_approval(update)? {
                refuse(about(), Refusal::plain(Cause::Approval, clause));
            }
        } else if self.is_rewritten(update)?
            && let Some(refusal) = refused_rewrite(base.policy(), reference)
        {
            refuse(about(), refusal);
        }
        if let Some(refusal) = self.missing_certificate(base.policy(), reference) {
            refuse(about(), refusal);
        }
        match &update.new {
            None => Ok(None),
            Some(new) if is_tag => self.tag(reference, new, &base, refuse),
            Some(new) => match new.commit() {
                Some(commit) => self.commits((commit, &base), Some(reference), about(), refuse).map(Some),
                None => {
                    refuse(about(), Refusal::plain(Cause::RootMissing, "it leads to no commit"));
                    Ok(None)
                }
            },
        }
    }

    /// Step 22; `None` where the branch of `HEAD` is missing and others exist.
    fn base(&self, update: &Update<H::Id>) -> Result<Option<Base<H::Id>>, H::Error> {
        match &update.old {
            Some(old) if !update.reference.starts_with("refs/tags/") => {
                let policy = old.commit().map(|commit| self.policy_at(commit)).transpose()?.flatten();
                Ok(Some(Base::At(old.commit().cloned(), policy)))
            }
            _ => self.base_of_new_ref(),
        }
    }

    fn base_of_new_ref(&self) -> Result<Option<Base<H::Id>>, H::Error> {
        match &self.server.head {
            Some((_, commit)) => Ok(Some(Base::At(Some(commit.clone()), self.policy_at(commit)?))),
            None if self.server.has_branches => Ok(None),
            None => Ok(Some(Base::Nothing)),
        }
    }

    fn policy_at(&self, commit: &H::Id) -> Result<Option<InForce>, H::Error> {
        Ok(if self.policies.has_root(commit)? { self.policies.at(commit)? } else { None })
    }

    /// The policy that judges a tag that leads to this commit (step 19).
    ///
    /// # Errors
    /// As [`policy_of_tag`].
    pub(crate) fn policy_of_tag(&self, commit: &H::Id) -> Result<Option<InForce>, H::Error> {
        policy_of_tag(self.policies, commit)
    }

    /// Steps 25 and 18: what is wrong with an update of an approval, as a clause.
    fn fault_of_approval(&self, update: &Update<H::Id>) -> Result<Option<&'static str>, H::Error> {
        if update.old.is_some() {
            return Ok(Some("an approval cannot be moved or deleted"));
        }
        let Some(Value::Tags { tags, commit: Some(commit) }) = &update.new else {
            return Ok(Some("an approval is an annotated tag of a commit"));
        };
        let ([tag], Some(of_commit)) = (tags.as_slice(), self.policy_of_tag(commit)?) else {
            return Ok(Some("an approval names a commit at which a policy is in force"));
        };
        let in_force = match self.base_of_new_ref()? {
            Some(Base::Nothing) => of_commit,
            Some(Base::At(_, Some(in_force))) => in_force,
            Some(Base::At(_, None)) | None => return Ok(Some(NO_IDENTITY)),
        };
        Ok(fault_of_approval(in_force.policy(), &update.reference, tag))
    }

    /// Whether a ref is deleted, or moved to a value that does not contain the old one.
    fn is_rewritten(&self, update: &Update<H::Id>) -> Result<bool, H::Error> {
        let (Some(old), Some(new)) = (&update.old, &update.new) else { return Ok(update.old.is_some()) };
        if update.reference.starts_with("refs/tags/") {
            return Ok(true);
        }
        let (Some(old), Some(new)) = (old.commit(), new.commit()) else { return Ok(true) };
        let old = HashSet::from([old.clone()]);
        Ok(self.policies.history().ancestors_among(new, &old)?.is_empty())
    }

    /// Step 26.
    fn missing_certificate(&self, policy: Option<&InForce>, reference: &str) -> Option<Refusal> {
        let policy = policy?.policy();
        let question = Question { action: Action::Push, reference: Some(reference), path: QuestionPath::None };
        let signer = match self.certificate {
            Certificate::NotAsked => return None,
            Certificate::By(signer) => Some(signer),
            Certificate::NotJudged | Certificate::Missing | Certificate::NotPassed => None,
        };
        let Answer::Refused { rule } = policy.answer(&question, signer) else { return None };
        let rule = policy.rules().get(rule).map(|rule| rule.name.clone());
        let name = rule.as_deref().unwrap_or_default();
        let clause = match self.certificate {
            Certificate::By(_) => format!("rule {name} does not allow who signed the push certificate to push"),
            Certificate::NotJudged => format!("rule {name} requires a push certificate by a listed identity, and this one proves none"),
            Certificate::Missing | Certificate::NotAsked => {
                format!("rule {name} requires a push certificate; push with `git push --signed`")
            }
            Certificate::NotPassed => format!("rule {name} requires a push certificate, which only the hook pre-receive can judge"),
        };
        let counts = !policy.only_warns(&question, signer);
        Some(Refusal { rule, clause, counts, ..Refusal::plain(Cause::PushCertificate, "") })
    }

    /// Step 23: the commits that the base does not contain.
    fn commits(
        &self,
        (new, base): (&H::Id, &Base<H::Id>),
        reference: Option<&str>,
        about: About,
        refuse: &mut impl FnMut(About, Refusal),
    ) -> Result<UpdatePlan<H::Id>, H::Error> {
        let commits = self.policies.history().contained(new, base.commit())?;
        let in_force = self.policy_at(new)?;
        let plan = match (base, &in_force) {
            (Base::Nothing, _) => Plan::of_line(self.policies, new, &commits, self.judge_since)?,
            (Base::At(Some(base), _), _) if self.is_on_line(new, base, &commits)? => {
                Plan::of_line(self.policies, new, &commits, self.judge_since)?
            }
            (Base::At(..), Some(policy)) => Plan::of_other_line(self.policies, (new, policy), &commits, self.judge_since)?,
            (Base::At(..), None) => Plan::without_root(self.policies, &commits, self.judge_since)?,
        };
        if let Base::At(commit, of_base) = base
            && !commit.as_ref().map_or(Ok(false), |base| self.is_on_line(new, base, &commits))?
            && let Some(of_base) = of_base
            && !in_force.as_ref().is_some_and(|new| new.follows(of_base) || new.file() == of_base.file())
        {
            refuse(about, Refusal::plain(Cause::Rewound, "the policy there does not follow from the one in force before the push"));
        }
        Ok(UpdatePlan { reference: reference.map(str::to_owned), plan })
    }

    /// Whether the base is on the line of a new value. `commits` are those that the new value has beyond the base.
    fn is_on_line(&self, new: &H::Id, base: &H::Id, commits: &HashSet<H::Id>) -> Result<bool, H::Error> {
        let mut commit = new.clone();
        while commits.contains(&commit) {
            match self.policies.history().parents(&commit)?.into_iter().next() {
                Some(parent) if !self.policies.is_pinned(&commit) => commit = parent,
                _ => return Ok(false),
            }
        }
        Ok(commit == *base)
    }

    /// Steps 19, 20 and 24.
    fn tag(
        &self,
        reference: &str,
        new: &Value<H::Id>,
        base: &Base<H::Id>,
        refuse: &mut impl FnMut(About, Refusal),
    ) -> Result<Option<UpdatePlan<H::Id>>, H::Error> {
        let commit = new.commit();
        if !reference.starts_with(APPROVALS) {
            let of_commit = commit.map(|commit| self.policy_of_tag(commit)).transpose()?.flatten();
            let of_base = if matches!(base, Base::At(..)) { Some(base.policy().cloned()) } else { None };
            for policy in [Some(of_commit), of_base].into_iter().flatten() {
                self.tag_by(reference, new, policy.as_ref(), refuse)?;
            }
        }
        let Some(commit) = commit else { return Ok(None) };
        if self.policies.history().contained(commit, base.commit())?.is_empty() {
            return Ok(None);
        }
        let branch = self.server.head.as_ref().map(|(name, _)| name.as_str());
        self.commits((commit, base), branch, About::Ref(reference.to_owned()), refuse).map(Some)
    }

    fn tag_by(
        &self,
        reference: &str,
        new: &Value<H::Id>,
        policy: Option<&InForce>,
        refuse: &mut impl FnMut(About, Refusal),
    ) -> Result<(), H::Error> {
        let lightweight = [PushedTag::lightweight()];
        let (tags, commit) = match new {
            Value::Tags { tags, commit } => (tags.as_slice(), commit.as_ref()),
            Value::Commit(commit) => (lightweight.as_slice(), Some(commit)),
            Value::Other => (lightweight.as_slice(), None),
        };
        for tag in tags {
            let about = if tag.id.is_empty() { About::Ref(reference.to_owned()) } else { About::Tag(tag.id.clone()) };
            let ruling = tag_ruling(self.policies, reference, tag, commit, policy)?;
            if let Ruling::Refused(refusal) = ruling {
                refuse(about, refusal);
            }
        }
        Ok(())
    }
}

/// The policy that judges a tag that leads to this commit: an ancestor of the pinned commit stands for it (step 19).
///
/// # Errors
/// Where something cannot be read, or no policy can be used.
pub(crate) fn policy_of_tag<H: History>(policies: &Policies<'_, H>, commit: &H::Id) -> Result<Option<InForce>, H::Error> {
    if let Some(pinned) = policies.pinned() {
        let before = HashSet::from([commit.clone()]);
        if !policies.history().ancestors_among(pinned, &before)?.is_empty() {
            return policies.at(pinned);
        }
    }
    Ok(if policies.has_root(commit)? { policies.at(commit)? } else { None })
}

/// Judges one annotated tag that leads to this commit, with its approvals.
///
/// # Errors
/// Where something cannot be read.
pub(crate) fn tag_ruling<H: History>(
    policies: &Policies<'_, H>,
    reference: &str,
    tag: &PushedTag,
    commit: Option<&H::Id>,
    policy: Option<&InForce>,
) -> Result<Ruling, H::Error> {
    let (Some(commit), Some(policy)) = (commit, policy) else {
        return Ok(Refusal::plain(Cause::RootMissing, "it leads to no commit under the policy's root").into());
    };
    if reference.starts_with(APPROVALS) {
        return Ok(approval_ruling(policy.policy(), reference, tag));
    }
    let approvals = || policies.history().approvals(&tag.digest, &mut |named| Ok(named == commit));
    judged::tag(policy.policy(), reference, &tag.signed, approvals)
}

impl PushedTag {
    /// What stands for a tag that is no object.
    pub(crate) fn lightweight() -> Self {
        Self { id: String::new(), name: String::new(), digest: String::new(), message: String::new(), signed: Signed::NotJudged }
    }
}

/// Steps 18 and 20: judges an approval itself.
fn approval_ruling(policy: &PolicyFile, reference: &str, tag: &PushedTag) -> Ruling {
    match fault_of_approval(policy, reference, tag) {
        _ if tag.signed == Signed::Bad => Refusal::plain(Cause::BadSignature, "its signature does not hold").into(),
        Some(clause) => Refusal::plain(Cause::Approval, clause).into(),
        None => Ruling::Allowed { rule: None },
    }
}

const NO_IDENTITY: &str = "its signer is no identity of the policy";

/// What is wrong with an approval by itself, as a clause.
fn fault_of_approval(policy: &PolicyFile, reference: &str, tag: &PushedTag) -> Option<&'static str> {
    if digest_of_approval(reference, tag).is_none() {
        return Some("an approval has the name paraph-approval/DIGEST/NAME, and DIGEST as a line of its message");
    }
    let all: Vec<usize> = (0..policy.identities().len()).collect();
    let is_known = tag.signed.signer().is_some_and(|signer| policy.first_that_fits(&all, signer).is_some());
    (!is_known).then_some(NO_IDENTITY)
}

/// The digest that a tag approves: its ref, its own name and its message agree about it.
pub(crate) fn digest_of_approval<'a>(reference: &'a str, tag: &PushedTag) -> Option<&'a str> {
    let (digest, name) = reference.strip_prefix(APPROVALS)?.split_once('/')?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_named = !name.is_empty() && !name.contains('/') && reference.strip_prefix("refs/tags/") == Some(&tag.name);
    (is_digest && is_named && tag.message.lines().any(|line| line == digest)).then_some(digest)
}

/// Step 25: why a ref may not be deleted or moved to a value without its old one.
fn refused_rewrite(policy: Option<&InForce>, reference: &str) -> Option<Refusal> {
    let plain = || Refusal::plain(Cause::Rewrite, "no rule allows to delete it or to give up its commits");
    let Some(policy) = policy else { return Some(plain()) };
    let (allowed, rule) = policy.policy().rewrite(reference);
    (!allowed).then(|| match rule {
        None => plain(),
        Some(rule) => Refusal {
            clause: format!("rule {} does not allow to delete it or to give up its commits", rule.name),
            rule: Some(rule.name.clone()),
            counts: rule.mode != Mode::Warn,
            ..plain()
        },
    })
}
