//! The references of a repository as git lists them: of every storage format and every work tree. Their targets are read as objects; peeled
//! values in the reference files are ignored.

use super::{Error, ObjectKind, ReferenceSelection, Repository, chain, git};
use crate::object::tag_name;
use gix::{ObjectId, objs::TagRefIter};
use std::collections::HashSet;

/// A reference and its target, which may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// Its full name, with replacement characters for invalid UTF-8.
    pub name: String,
    pub id: String,
    /// The reference that it leads to, if it is a symbolic one.
    pub symbolic: Option<String>,
}

/// A reference to an annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagReference {
    /// The full name of the reference.
    pub reference: String,
    /// The id of the tag object.
    pub id: String,
}

/// The tags of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    /// The tag objects, which can be signed.
    pub annotated: Vec<TagReference>,
    /// The full names of references below `refs/tags/` to other objects.
    pub lightweight: Vec<String>,
    /// The full names of references that were left out.
    pub left_out: Vec<String>,
}

/// The commits that references lead to.
#[derive(Debug, Default)]
pub(super) struct Tips {
    pub commits: Vec<ObjectId>,
    /// The full names of references that were left out.
    pub left_out: Vec<String>,
}

/// The branches of a repository, or of a namespace in it.
#[derive(Debug)]
pub(crate) struct Branches {
    /// The full name of the branch that `HEAD` names, and its value, if it exists.
    pub of_head: Option<(String, String)>,
    /// Whether there is any.
    pub are_some: bool,
}

/// The beginning of the full names of the references in a namespace, which is named as in `GIT_NAMESPACE`.
pub(crate) fn namespace_prefix(namespace: &str) -> String {
    namespace.split('/').filter(|part| !part.is_empty()).map(|part| format!("refs/namespaces/{part}/")).collect()
}

impl Repository {
    /// Every annotated tag with a reference that counts.
    ///
    /// # Errors
    /// If the references cannot be read, or the target of one is missing.
    pub(crate) fn tags(&self, selection: &ReferenceSelection) -> Result<Tags, Error> {
        let mut tags = Tags::default();
        for Reference { name, id, .. } in self.references()? {
            if !selection.has(&name) {
                tags.left_out.push(name);
                continue;
            }
            if self.kind_of(&name, &id)? != gix::objs::Kind::Tag {
                tags.lightweight.extend(tag_name(&name).is_some().then_some(name));
                continue;
            }
            tags.annotated.push(TagReference { reference: name, id });
        }
        Ok(tags)
    }

    /// The commits of references that count and of the HEADs of all work trees. References without a commit (a tag of a tree) have none.
    pub(super) fn reference_tips(&self, selection: &ReferenceSelection) -> Result<Tips, Error> {
        let (mut seen, mut followed) = (HashSet::new(), HashSet::new());
        let (counted, left_out) = self.references()?.into_iter().partition::<Vec<_>, _>(|reference| selection.has(&reference.name));
        let left_out = left_out.into_iter().map(|reference| reference.name).collect();
        let mut tips = Tips { commits: Vec::new(), left_out };
        for Reference { name, id, .. } in self.heads()?.into_iter().chain(counted) {
            if seen.insert(id.clone())
                && let Some(commit) = self.commit_behind(&name, &id, &mut followed)?
            {
                tips.commits.push(commit);
            }
        }
        Ok(tips)
    }

    /// The commit that an object leads to, through any number of tags; `None` if it leads to none.
    ///
    /// # Errors
    /// If an object on the way cannot be read.
    pub(crate) fn commit_behind_object(&self, id: &str) -> Result<Option<String>, Error> {
        Ok(self.commit_behind("", id, &mut HashSet::new())?.map(|commit| commit.to_hex().to_string()))
    }

    /// The references that count and that lead to a commit: their full names and these commits. The HEADs of other work trees have no name.
    ///
    /// # Errors
    /// If the references cannot be read.
    pub(crate) fn named_tips(&self, selection: &ReferenceSelection) -> Result<Vec<(Option<String>, String)>, Error> {
        let mut tips = Vec::new();
        for Reference { name, id, symbolic } in self.references()?.into_iter().filter(|reference| selection.has(&reference.name)) {
            let commit = self.commit_behind(&name, &id, &mut HashSet::new())?;
            tips.extend(commit.map(|commit| (Some(symbolic.unwrap_or(name)), commit.to_hex().to_string())));
        }
        tips.extend(self.heads()?.into_iter().map(|head| (None, head.id)));
        Ok(tips)
    }

    /// The full name of the branch of `HEAD`, if it is on one that exists.
    pub(crate) fn branch_of_head(&self) -> Option<String> {
        // not by `rev-parse --symbolic-full-name`: for that, HEAD is ambiguous beside a branch that is called HEAD
        let (name, _) = git::line(self, &["symbolic-ref", "--quiet", "HEAD"]).ok()?;
        git::line(self, &["show-ref", "--verify", "--hash", &name]).ok()?;
        Some(name).filter(|name| name.starts_with("refs/"))
    }

    /// The branches that a push with this `GIT_NAMESPACE` finds.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn branches(&self, namespace: &str) -> Result<Branches, Error> {
        let prefix = namespace_prefix(namespace);
        let heads = format!("{prefix}refs/heads/");
        let listed = self.listed(&[&heads])?;
        let named = git::line(self, &["symbolic-ref", "--quiet", &format!("{prefix}HEAD")]).ok();
        let of_head = named.and_then(|(name, _)| {
            let id = listed.iter().find(|branch| branch.name == name)?.id.clone();
            Some((name.strip_prefix(&prefix)?.to_owned(), id))
        });
        Ok(Branches { of_head, are_some: !listed.is_empty() })
    }

    /// Whether there is any reference. Git is not called, so a repository whose references gix cannot read has some.
    pub(crate) fn has_references(&self) -> bool {
        self.references_by_git
            || self.check_all_references().is_err()
            || self.gix.references().is_ok_and(|all| all.all().is_ok_and(|mut all| all.next().is_some()))
    }

    /// The references below a folder, which ends in a slash: full names and the ids of what they name.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn references_below(&self, folder: &str) -> Result<Vec<(String, String)>, Error> {
        Ok(self.listed(&[folder])?.into_iter().map(|reference| (reference.name, reference.id)).collect())
    }

    pub(super) fn references(&self) -> Result<Vec<Reference>, Error> {
        self.listed(&[])
    }

    fn listed(&self, folders: &[&str]) -> Result<Vec<Reference>, Error> {
        let mut references = Vec::new();
        let arguments: Vec<&str> = std::iter::once("--format=%(objectname) %(refname) %(symref)").chain(folders.iter().copied()).collect();
        git::lines(self, "for-each-ref", &arguments, |line| {
            let (id, name) = line.split_at_checked(self.gix.object_hash().len_in_hex())?;
            let names = String::from_utf8_lossy(name.strip_prefix(b" ")?).into_owned();
            let (name, symbolic) = names.split_once(' ')?;
            let symbolic = Some(symbolic.to_owned()).filter(|name| !name.is_empty());
            references.push(Reference { name: name.to_owned(), id: std::str::from_utf8(id).ok()?.to_owned(), symbolic });
            Some(())
        })?;
        Ok(references)
    }

    /// The HEADs of all work trees that have a commit.
    fn heads(&self) -> Result<Vec<Reference>, Error> {
        let unborn = "0".repeat(self.gix.object_hash().len_in_hex());
        let mut heads = Vec::new();
        match self.resolve("HEAD") {
            Ok(head) => heads.push(Reference { name: "HEAD".into(), id: head.id, symbolic: None }),
            Err(Error::UnknownRevision { .. }) => {}
            Err(error) => return Err(error),
        }
        git::lines(self, "worktree", &["list", "--porcelain"], |line| {
            if let Some(id) = line.strip_prefix(b"HEAD ") {
                let id = std::str::from_utf8(id).ok()?.to_owned();
                heads.extend((id != unborn).then(|| Reference { name: "the HEAD of a work tree".into(), id, symbolic: None }));
            }
            Some(())
        })?;
        Ok(heads)
    }

    /// The type of the object that a reference names.
    pub(super) fn kind_of(&self, reference: &str, id: &str) -> Result<gix::objs::Kind, Error> {
        let broken = || Error::BrokenReference { reference: reference.to_owned(), id: id.to_owned() };
        if let Some(objects) = &self.objects_by_git {
            return match objects.read(self, id) {
                Ok((kind, _)) => Ok(kind),
                Err(Error::MissingObject(_)) => Err(broken()),
                Err(error) => Err(error),
            };
        }
        let object_id = self.object_id(id).ok_or_else(broken)?;
        self.check_loose(id)?;
        match self.gix.try_find_header(object_id) {
            Ok(Some(header)) => Ok(header.kind()),
            Ok(None) => Err(broken()),
            Err(error) => Err(self.damaged(id, chain(&error))),
        }
    }

    /// The type of an object; `None` if it is missing or cannot be read.
    pub(crate) fn kind(&self, id: &str) -> Option<ObjectKind> {
        match self.kind_of("", id) {
            Ok(kind) => Some(kind.into()),
            Err(Error::ObjectTooLarge { kind, .. }) => Some(kind),
            Err(_) => None,
        }
    }

    /// The commit that a reference leads to, through any number of tags. `followed` gets these; one that is there already leads to a known
    /// commit.
    fn commit_behind(&self, reference: &str, id: &str, followed: &mut HashSet<String>) -> Result<Option<ObjectId>, Error> {
        let broken = || Error::BrokenReference { reference: reference.to_owned(), id: id.to_owned() };
        let mut id = id.to_owned();
        loop {
            match self.kind_of(reference, &id)? {
                gix::objs::Kind::Commit => return self.object_id(&id).map(Some).ok_or_else(broken),
                gix::objs::Kind::Tree | gix::objs::Kind::Blob => return Ok(None),
                gix::objs::Kind::Tag => {
                    if !followed.insert(id.clone()) {
                        return Ok(None);
                    }
                    let tag = self.object_by_id(&id)?;
                    id = TagRefIter::from_bytes(&tag.bytes, self.gix.object_hash()).target_id().map_err(|_| broken())?.to_hex().to_string();
                }
            }
        }
    }
}
