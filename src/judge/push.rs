//! A push: the objects that it brings, and its certificate.

use super::{Error, Examined, Judge, Judged, TagScope};
use crate::{
    Reason, Rejection,
    object::{PushCertificate, RefUpdate, TagHeaders, tag_name},
    policy::Verdict,
    repository::{self, FoundCommit, ObjectKind, RawObject, Repository},
    signature::ParsedSignature,
    verify::git as split,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What a push moves, and what of its history counts as judged.
#[derive(Debug)]
pub(crate) struct Push<'a> {
    updates: Vec<RefUpdate<'a>>,
    histories: Vec<History<'a>>,
}

/// Refs of a push whose history is known up to the same objects.
#[derive(Debug)]
struct History<'a> {
    tips: Vec<&'a str>,
    known: Vec<String>,
}

impl<'a> Push<'a> {
    /// A push to the server of this repository. Of the refs that `paraph.guardedRefs` names, the history counts as judged, and pushes to others
    /// are not judged. If it names none, each ref has its own old value. `namespace` is git's `GIT_NAMESPACE`, which may be empty.
    ///
    /// # Errors
    /// Where the references or the patterns cannot be read.
    pub(crate) fn to_server(repository: &Repository, updates: &[RefUpdate<'a>], namespace: &str) -> Result<Self, repository::Error> {
        let Some(patterns) = repository.guarded_patterns()? else {
            return Ok(Self::of(updates.iter().copied(), &BTreeSet::new(), |_| true));
        };
        let guarded = repository.guarded(&patterns, namespace)?;
        let judged = updates.iter().copied().filter(|update| guarded.contains(update.name));
        Ok(Self::of(judged, guarded.known(), |_| false))
    }

    /// A push to a remote with this name and URL. What the remote has counts as judged: its branches here, and the old values that it answered.
    ///
    /// # Errors
    /// As [`Push::to_server`].
    pub(crate) fn to_remote(
        repository: &Repository,
        (remote, url): (&str, &str),
        updates: &[RefUpdate<'a>],
    ) -> Result<Self, repository::Error> {
        let patterns = repository.guarded_patterns()?;
        let known = repository.known_of_remote(remote, url, patterns.as_ref())?;
        let has = |id: &str| repository.object_by_id(id).is_ok_and(|object| matches!(object.kind, ObjectKind::Commit | ObjectKind::Tag));
        Ok(Self::of(updates.iter().copied(), &known, has))
    }

    /// A push of these refs, where the history of `known` counts as judged. The history of a ref's old value counts too, for this ref alone, if
    /// it is `usable`: an object that another ref leads to may have been judged by nobody.
    fn of(updates: impl Iterator<Item = RefUpdate<'a>>, known: &BTreeSet<String>, usable: impl Fn(&str) -> bool) -> Self {
        let updates: Vec<RefUpdate<'a>> = updates.filter(|update| !is_zero(update.new)).collect();
        let mut tips: BTreeMap<Option<&str>, Vec<&'a str>> = BTreeMap::new();
        for update in &updates {
            let old = Some(update.old).filter(|old| !is_zero(old) && usable(old));
            tips.entry(old).or_default().push(update.new);
        }
        let history = |(old, tips): (Option<&str>, Vec<&'a str>)| History {
            tips,
            known: known.iter().cloned().chain(old.map(str::to_owned)).collect(),
        };
        Self { histories: tips.into_iter().map(history).collect(), updates }
    }

    /// The same to judge by a policy of the repository, whose rules may be about one ref: of each ref only its own old value is known; of a new ref
    /// and of a tag the branch of the remote's HEAD, if it is known here.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn to_remote_by_policy(
        repository: &Repository,
        (remote, url): (&str, &str),
        updates: &[RefUpdate<'a>],
    ) -> Result<Self, repository::Error> {
        let known = repository.known_of_remote(remote, url, None)?;
        let head = repository.object(&format!("refs/remotes/{remote}/HEAD")).ok().map(|object| object.id).filter(|id| known.contains(id));
        let is_here =
            |id: &str| repository.object_by_id(id).is_ok_and(|object| matches!(object.kind, ObjectKind::Commit | ObjectKind::Tag));
        let history = |update: &RefUpdate<'a>| {
            let is_new = is_zero(update.old) || tag_name(update.name).is_some();
            let known = if is_new { head.clone() } else { Some(update.old.to_owned()).filter(|old| is_here(old)) };
            History { tips: vec![update.new], known: known.into_iter().collect() }
        };
        let updates: Vec<RefUpdate<'a>> = updates.iter().copied().filter(|update| !is_zero(update.new)).collect();
        Ok(Self { histories: updates.iter().map(history).collect(), updates })
    }

    /// What a merge brought into a branch, whose values before and after it these are.
    pub(crate) fn by_merge(update: RefUpdate<'a>) -> Self {
        Self::of(std::iter::once(update), &BTreeSet::new(), |_| true)
    }

    /// The refs that it moves and does not delete.
    pub(super) fn updates(&self) -> &[RefUpdate<'a>] {
        &self.updates
    }

    /// What counts as judged for each new value: everything that these contain.
    pub(super) fn known_for(&self, new: &str) -> impl Iterator<Item = &[String]> {
        self.histories.iter().filter(move |history| history.tips.contains(&new)).map(|history| history.known.as_slice())
    }

    /// Whether nothing of the history of a ref is known.
    pub(crate) fn has_whole_history(&self) -> bool {
        self.histories.iter().any(|history| history.known.is_empty())
    }

    /// The refs that will lead to this object.
    pub(crate) fn references_to(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.updates.iter().filter(move |update| update.new == id).map(|update| update.name)
    }

    /// The commits that are new to the other side, each once.
    fn new_commits(&self, repository: &Repository) -> impl Iterator<Item = Result<String, repository::Error>> {
        let listings = self.histories.iter().map(|history| {
            let known: Vec<&str> = history.known.iter().map(String::as_str).collect();
            repository.new_commits(&history.tips, &known)
        });
        let ids = listings.flat_map(|listing| {
            let (listing, failure) = listing.map_or_else(|error| (None, Some(Err(error))), |listing| (Some(listing), None));
            listing.into_iter().flatten().chain(failure)
        });
        let (mut listed, is_one) = (HashSet::new(), self.histories.len() == 1);
        ids.filter(move |id| is_one || id.as_ref().map_or(true, |id| listed.insert(id.clone())))
    }
}

impl Judge {
    /// Judges what a push brings, and hands each object to `sink`: the tags with the tags inside them, and every commit that the other side
    /// does not have.
    ///
    /// A commit that stands for a tag (a lightweight tag) is judged even if the other side has it.
    ///
    /// # Errors
    /// The first object that cannot be read, or where the new commits cannot be listed. The other objects are judged all the same.
    pub(crate) fn push(&self, repository: &Repository, push: &Push<'_>, mut sink: impl FnMut(Judged)) -> Result<(), Error> {
        if push.updates.is_empty() {
            return Ok(());
        }
        let tips: Vec<(&str, &str)> = push.updates.iter().map(|update| (update.new, update.name)).collect();
        let handle = repository.handle();
        let mut seen = HashSet::new();
        let tip = |repository: &Repository, (id, reference): &(&str, &str)| self.tip(repository, id, reference);
        let of_tips = self.in_order(tips.iter(), &handle, tip, |judged: Vec<Judged>| {
            for judged in judged {
                // the same tag may come under two names, one of which is wrong
                if seen.insert(judged.id.clone()) || judged.judgement().verdict() != Verdict::Good {
                    sink(judged);
                }
            }
        });
        let new = push.new_commits(repository).filter(|id| id.as_ref().map_or(true, |id| !seen.contains(id)));
        self.commits(new.map(|id| id.map(FoundCommit::from)), &handle, |judged| judged, sink).and(of_tips)
    }

    /// The object that a ref will lead to: a tag with its name, or a commit that stands for one. Commits of branches are among the new ones.
    pub(super) fn tip(&self, repository: &Repository, id: &str, reference: &str) -> Result<Vec<Judged>, Error> {
        let object = match repository.object_by_id(id) {
            Ok(object) => RawObject { reference: Some(reference.to_owned()), ..object },
            Err(error) => return Ok(vec![self.read(repository, Err(error))?]),
        };
        match object.kind {
            ObjectKind::Commit if tag_name(reference).is_none() => Ok(Vec::new()),
            ObjectKind::Tag => self.tag_of_push(repository, object, reference),
            _ => Ok(vec![self.object(&object)?]),
        }
    }

    /// Judges a tag and the tags inside it. A ref outside `refs/tags/` must end in the tag's name: somebody may fetch it as a tag.
    pub(super) fn tag_of_push(&self, repository: &Repository, tag: RawObject, reference: &str) -> Result<Vec<Judged>, Error> {
        let headers = TagHeaders::parse(&tag.bytes).ok();
        let other = headers.filter(|headers| {
            tag_name(reference).is_none() && !reference.strip_suffix(headers.name).is_some_and(|folder| folder.ends_with('/'))
        });
        let detail = other.map(|headers| format!("{reference} leads to the tag named {}", headers.name));
        let Some(detail) = detail else { return self.tag(repository, tag, TagScope::TagsOnly) };
        let mut judged = self.tag(repository, tag.clone(), TagScope::TagsOnly)?.into_iter();
        let outermost = judged.next().map(|outermost| match outermost.judgement().verdict() {
            Verdict::Good => outermost.rejected(&tag, Rejection::new(Reason::TagName, detail)),
            _ => outermost,
        });
        Ok(outermost.into_iter().chain(judged).collect())
    }

    /// Judges a push certificate: its signature, and that it is about exactly these updates. Whether its nonce is fresh is not checked here.
    pub(crate) fn push_certificate(&self, object: &RawObject, updates: &[RefUpdate<'_>]) -> Judged {
        let Examined { result, claimed } = self.examine_push_certificate(&object.bytes, updates);
        Judged::without_title(object.id.clone(), object.kind, self.policy.judge(result)).with_claim(claimed)
    }

    fn examine_push_certificate(&self, bytes: &[u8], updates: &[RefUpdate<'_>]) -> Examined {
        let certificate = match split::push_certificate(bytes) {
            Ok(certificate) => certificate,
            Err(rejection) => return Examined { result: Err(rejection), claimed: None },
        };
        let mut cms = Vec::new();
        let signature = ParsedSignature::parse(&certificate.signed.signature, &mut cms);
        let verified = self.verifier.check(&certificate.signed, &signature).and_then(|checked| checked.verify());
        let result = verified.and_then(|verified| check_updates(&certificate, updates).map(|()| verified.into()));
        Examined::new(result, &signature)
    }
}

/// The first update that makes git show another object in place of one that was judged.
pub(crate) fn replacement<'a>(updates: &[RefUpdate<'a>]) -> Option<RefUpdate<'a>> {
    updates.iter().copied().find(|update| !is_zero(update.new) && update.name.starts_with("refs/replace/"))
}

fn check_updates(certificate: &PushCertificate<'_>, pushed: &[RefUpdate<'_>]) -> Result<(), Rejection> {
    if set(&certificate.updates) == set(pushed) && certificate.updates.len() == pushed.len() {
        Ok(())
    } else {
        Err(Rejection::new(Reason::PayloadMismatch, "the push certificate is about other refs than the push"))
    }
}

fn set<'a>(updates: &[RefUpdate<'a>]) -> BTreeSet<(&'a str, &'a str, &'a str)> {
    updates.iter().map(|update| (update.old, update.new, update.name)).collect()
}

/// git writes zeros in place of the id of a ref that does not exist.
pub(crate) fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}
