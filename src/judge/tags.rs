//! Tags, the tags inside them, and what the innermost names.

use super::{Error, Judge, Judged};
use crate::{
    Reason, Rejection,
    object::{TagHeaders, tag_name},
    report::TagReport,
    repository::{ObjectKind, RawObject, Repository, TagReference},
};
use std::collections::HashSet;

/// Tags inside tags that are followed, at most.
const DEEPEST_TAG: usize = 16;

/// What is judged beside a tag and the tags inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagScope {
    /// Nothing else.
    TagsOnly,
    /// The object that the innermost tag names.
    WithTarget,
}

impl Judge {
    /// Judges the tag that a name leads to, every tag inside it, and what the scope says, from the outermost on. A lightweight tag is judged
    /// as unsigned.
    ///
    /// # Errors
    /// [`Error::NotATag`] where the name leads to another object by no reference of a tag; as [`Judge::tag`].
    pub(crate) fn tag_by_name(&self, repository: &Repository, name: &str, scope: TagScope) -> Result<Vec<Judged>, Error> {
        let object = match repository.object(name) {
            Ok(object) if object.kind == ObjectKind::Tag => return self.tag(repository, object, scope),
            Ok(object) => object,
            Err(error) => return Ok(vec![self.read(repository, Err(error))?]),
        };
        let mut judged = vec![self.lightweight_tag(&object, name, scope)?];
        if scope == TagScope::WithTarget {
            judged.push(self.tag_target(repository, &object)?);
        }
        Ok(judged)
    }

    /// Judges a tag object, every tag inside it, and what the scope says, from the outermost on. Of a tag with too many tags inside it, only
    /// the outermost is returned, with that fault.
    ///
    /// # Errors
    /// Where the repository cannot be read.
    pub(crate) fn tag(&self, repository: &Repository, tag: RawObject, scope: TagScope) -> Result<Vec<Judged>, Error> {
        let outermost = tag.id.clone();
        let (mut all, mut object) = (Vec::new(), tag);
        for _ in 0..DEEPEST_TAG {
            let mut judged = self.with_fault_outside(repository, &object, self.object(&object)?);
            // a tag whose headers cannot be read is bad, and names nothing
            let Ok(headers) = TagHeaders::parse(&object.bytes) else {
                all.push(judged);
                return Ok(all);
            };
            // the type that the tag states may be wrong
            let names_tag = headers.target_type == "tag" || repository.kind(headers.target) == Some(ObjectKind::Tag);
            let target_judged = names_tag || scope == TagScope::WithTarget;
            judged.tag = Some(TagReport {
                name: headers.name.to_owned(),
                target: headers.target.to_owned(),
                target_type: headers.target_type.to_owned(),
                target_judged,
            });
            all.push(judged);
            if !target_judged {
                return Ok(all);
            }
            object = match repository.object_by_id(headers.target) {
                Ok(next) if next.kind == ObjectKind::Tag => next,
                next => {
                    all.push(match next {
                        Ok(target) => self.tag_target(repository, &target)?,
                        error => self.read(repository, error)?,
                    });
                    return Ok(all);
                }
            };
        }
        let detail = format!("at most {DEEPEST_TAG} are followed");
        Ok(vec![Judged::new(&repository.object_by_id(&outermost)?, Rejection::new(Reason::TagTooDeep, detail).into())])
    }

    /// Judges the tags of these references with the tags inside them, over all cores, and hands each to `sink`. `rule` adds what a policy
    /// decides about the tags of one reference, on the thread that judged them. A tag inside several is handed over once for each verdict.
    ///
    /// # Errors
    /// The first tag that cannot be read, or the first of `rule`; the others are judged all the same.
    pub(crate) fn tags(
        &self,
        repository: &Repository,
        tags: &[TagReference],
        rule: impl Fn(Vec<Judged>, &str) -> Result<Vec<Judged>, Error> + Sync,
        mut sink: impl FnMut(Judged),
    ) -> Result<(), Error> {
        // by id: a name that is not valid UTF-8 cannot be resolved, but is still compared with the tag's own name
        let judge = |repository: &Repository, tag: &TagReference| match repository.object_by_id(&tag.id) {
            Ok(object) => {
                let object = RawObject { reference: Some(tag.reference.clone()), ..object };
                rule(self.tag(repository, object, TagScope::TagsOnly)?, &tag.reference)
            }
            error => Ok(vec![self.read(repository, error)?]),
        };
        let mut inside = HashSet::new();
        self.in_order(tags.iter(), &repository.handle(), judge, |judged: Vec<Judged>| {
            for (depth, mut judged) in judged.into_iter().enumerate() {
                if depth == 0 || inside.insert((judged.id.clone(), judged.judgement().verdict())) {
                    judged.tag = None;
                    sink(judged);
                }
            }
        })
    }

    /// A reference of a tag that leads to no tag object.
    fn lightweight_tag(&self, object: &RawObject, name: &str, scope: TagScope) -> Result<Judged, Error> {
        let kind = object.kind.name();
        let reference = object.reference.as_deref().unwrap_or_default();
        let Some(short_name) = tag_name(reference) else {
            return Err(Error::NotATag { name: name.to_owned(), kind });
        };
        let detail = format!("{reference} leads to the {kind} itself");
        let mut judged = Judged::new(object, Rejection::new(Reason::NotAnnotated, detail).into());
        judged.tag = Some(TagReport {
            name: short_name.to_owned(),
            target: object.id.clone(),
            target_type: kind.to_owned(),
            target_judged: scope == TagScope::WithTarget,
        });
        Ok(judged)
    }

    /// What a tag names. Blobs and trees carry no signature.
    fn tag_target(&self, repository: &Repository, object: &RawObject) -> Result<Judged, Error> {
        match object.kind {
            ObjectKind::Commit | ObjectKind::Tag => Ok(self.with_fault_outside(repository, object, self.object(object)?)),
            ObjectKind::Blob | ObjectKind::Tree => {
                let detail = format!("a {} cannot carry one", object.kind.name());
                Ok(Judged::new(object, Rejection::new(Reason::NoSignature, detail).into()))
            }
        }
    }
}

/// The fault of a tag whose target has another type than the tag states. A target that is not here has none.
pub(super) fn other_target_type(repository: &Repository, object: &RawObject) -> Option<Rejection> {
    if object.kind != ObjectKind::Tag {
        return None;
    }
    let TagHeaders { target, target_type, .. } = TagHeaders::parse(&object.bytes).ok()?;
    let kind = repository.kind(target)?.name();
    let detail = || format!("it names the {target_type} {target}, which is a {kind}");
    (kind != target_type).then(|| Rejection::new(Reason::MalformedObject, detail()))
}
