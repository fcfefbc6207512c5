//! The policy of the repository in `paraph verify` and `paraph verify-tag`: which refs are judged, and what is planned for them.

use super::options::not_pinned;
use crate::{
    cli::exit::Failure,
    judge::{Error, GitHistory, Judge, Judged, NamedObject, PolicyJudge, Tip},
    repository::{Range, Repository},
    selection::PinnedPolicy,
};

/// The beginnings of the names of branches, and of those of remotes.
const HEADS: &str = "refs/heads/";
const REMOTES: &str = "refs/remotes/";

/// What judges by the policy of the repository, if one is pinned.
pub(in crate::cli) struct RepositoryPolicy<'h, 'a> {
    judge: Option<PolicyJudge<'h, 'a>>,
    /// The value of `--as`.
    as_ref: Option<&'h str>,
    /// The branch of `HEAD` and its value.
    head: Option<Tip>,
}

/// The history that a pinned policy judges.
pub(super) fn history<'a>(repository: &Repository, judge: &'a Judge, policy: Option<&PinnedPolicy>) -> Option<GitHistory<'a>> {
    policy.map(|policy| GitHistory::new(repository, judge, policy.certificate_trust()))
}

impl<'h, 'a> RepositoryPolicy<'h, 'a> {
    /// Reads the pinned policy. Without one, nothing is planned and every verdict stays as it is.
    pub(in crate::cli) fn open(
        repository: &Repository,
        history: Option<&'h GitHistory<'a>>,
        policy: Option<&PinnedPolicy>,
        judge_since: Vec<String>,
        as_ref: Option<&'h str>,
    ) -> Result<Self, Failure> {
        let (Some(history), Some(policy)) = (history, policy) else {
            return match as_ref {
                Some(_) => Err(not_pinned("--as")),
                None => Ok(Self { judge: None, as_ref, head: None }),
            };
        };
        if let Some(name) = as_ref.filter(|name| !name.starts_with("refs/")) {
            let message = format!("\"{name}\" is not the full name of a ref");
            return Err(Failure::usage(message).with_hint(format!("write `--as refs/heads/{name}` for a branch")));
        }
        let judge = PolicyJudge::new(history, policy, judge_since)?;
        let head =
            repository.branch_of_head().and_then(|name| Some(Tip { commit: repository.object(&name).ok()?.id, reference: Some(name) }));
        Ok(Self { judge: Some(judge), as_ref, head })
    }

    /// Plans the commits of a range for each of its tips (step 4).
    pub(super) fn plan_range(&mut self, repository: &Repository, range: &Range<'_>) -> Result<(), Failure> {
        let Some(judge) = &mut self.judge else { return Ok(()) };
        let (mut tips, mut known) = (Vec::new(), Vec::new());
        for revision in &range.revisions {
            let named = match (revision.split_once(".."), revision.strip_prefix('^')) {
                (Some((from, to)), _) => {
                    known.extend(commit(repository, or_head(from))?);
                    or_head(to)
                }
                (None, Some(excluded)) => {
                    known.extend(commit(repository, excluded)?);
                    continue;
                }
                (None, None) => revision,
            };
            tips.extend(tip(repository, named, self.as_ref)?);
        }
        for (tip, is_branch) in tips {
            let tip = if is_branch { tip } else { within(judge, self.head.as_ref(), tip, false)? };
            judge.plan(&tip, &known)?;
        }
        let Some(selection) = range.all else { return Ok(()) };
        // what HEAD's branch contains is judged for that branch only
        let of_head = self.head.as_ref().map(|head| judge.plan(head, &[])).transpose()?.unwrap_or_default();
        known.extend(self.head.as_ref().map(|head| head.commit.clone()));
        for (name, commit) in repository.named_tips(selection)? {
            // the HEAD of another work tree is on a branch that has its own plan, or on none
            if of_head.contains(&commit) || name.is_none() && judge.has(&commit) {
                continue;
            }
            // the commits of a tag are judged for HEAD's branch
            let of_tag = || self.head.as_ref().and_then(|head| head.reference.clone());
            let reference = name.and_then(|name| branch(&name).or_else(of_tag));
            judge.plan(&Tip { commit, reference }, &known)?;
        }
        Ok(())
    }

    /// Plans the commits that these revisions name.
    pub(in crate::cli) fn plan_objects(&mut self, repository: &Repository, revisions: &[&str]) -> Result<(), Failure> {
        let Some(judge) = &mut self.judge else { return Ok(()) };
        let mut of_head = Vec::new();
        for revision in revisions {
            // what cannot be read has its verdict, or its error, when it is judged
            let Ok(Some((tip, is_branch))) = tip(repository, revision, self.as_ref) else { continue };
            let commit = tip.commit.clone();
            let tip = if is_branch { tip } else { within(judge, self.head.as_ref(), tip, revisions.len() > 1)? };
            if self.head.as_ref() == Some(&tip) {
                of_head.push(commit);
            } else {
                judge.plan_some(&tip, &[commit])?;
            }
        }
        match &self.head {
            Some(head) if !of_head.is_empty() => Ok(judge.plan_some(head, &of_head)?),
            _ => Ok(()),
        }
    }

    /// Adds what the policy decides about a commit.
    pub(super) fn commit(&self, judged: Judged) -> Result<Judged, Error> {
        match &self.judge {
            Some(judge) => judge.commit(judged),
            None => Ok(judged),
        }
    }

    /// The same about an object that a revision named.
    pub(in crate::cli) fn named(&self, named: NamedObject) -> Result<NamedObject, Error> {
        let Some(judge) = &self.judge else { return Ok(named) };
        let NamedObject { lightweight_tag, reference, judged } = named;
        let tag = reference.as_deref().filter(|name| name.starts_with("refs/"));
        let judged = if judged.kind == crate::repository::ObjectKind::Tag { judge.tag(judged, tag)? } else { judge.commit(judged)? };
        Ok(NamedObject { lightweight_tag, reference, judged })
    }

    /// What led to the ruling on an object, in sentences.
    pub(in crate::cli) fn explained(&self, judged: &Judged) -> Result<Vec<String>, Error> {
        self.judge.as_ref().map_or(Ok(Vec::new()), |judge| judge.explained(judged))
    }

    /// The same about a tag of a list and the tags inside it.
    pub(super) fn listed_tags(&self, judged: Vec<Judged>, reference: &str) -> Result<Vec<Judged>, Error> {
        match &self.judge {
            Some(judge) => judge.tags(judged, Some(reference)),
            None => Ok(judged),
        }
    }

    /// The same about a tag with what it leads to.
    pub(super) fn tag_with_target(&self, repository: &Repository, name: &str, judged: Vec<Judged>) -> Result<Vec<Judged>, Error> {
        let Some(judge) = &self.judge else { return Ok(judged) };
        let reference = repository.object(name).ok().and_then(|object| object.reference);
        judge.tags(judged, reference.as_deref().filter(|name| name.starts_with("refs/")))
    }
}

/// A missing side of a range means HEAD, as in git.
fn or_head(side: &str) -> &str {
    if side.is_empty() { "HEAD" } else { side }
}

/// The commit that a revision leads to.
fn commit(repository: &Repository, revision: &str) -> Result<Option<String>, Failure> {
    Ok(repository.commit_behind_object(&repository.object(revision)?.id)?)
}

/// The tip that a revision names, and whether its ref is certain: of a branch, by `--as`, or that of HEAD.
fn tip(repository: &Repository, revision: &str, as_ref: Option<&str>) -> Result<Option<(Tip, bool)>, Failure> {
    let object = repository.object(revision)?;
    let Some(commit) = repository.commit_behind_object(&object.id)? else { return Ok(None) };
    let reference = match (as_ref, object.reference) {
        (Some(name), _) => Some(name.to_owned()),
        (None, Some(name)) if name == "HEAD" => repository.branch_of_head(),
        (None, Some(name)) => branch(&name),
        (None, None) => None,
    };
    let is_branch = reference.is_some();
    Ok(Some((Tip { commit, reference }, is_branch)))
}

/// The branch that a ref stands for. A tag stands for none: its commits are those of a branch.
fn branch(name: &str) -> Option<String> {
    let of_remote = || Some(name.strip_prefix(REMOTES)?.split_once('/')?.1).filter(|branch| *branch != "HEAD");
    match of_remote() {
        Some(branch) => Some(format!("{HEADS}{branch}")),
        None => (!name.starts_with(REMOTES) && !name.starts_with("refs/tags/")).then(|| name.to_owned()),
    }
}

/// HEAD's branch, if it contains a commit whose ref is not known; otherwise the commit itself.
fn within(judge: &PolicyJudge<'_, '_>, head: Option<&Tip>, tip: Tip, is_one_of_many: bool) -> Result<Tip, Failure> {
    match head {
        Some(head) if judge.contains(&head.commit, &tip.commit, is_one_of_many)? => Ok(head.clone()),
        _ => Ok(tip),
    }
}
