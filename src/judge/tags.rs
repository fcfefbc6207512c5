//! Tags, the tags inside them, and what the innermost names.

use super::{Error, Judge, Judged};
use crate::{
    Reason, Rejection,
    object::{TagHeaders, tag_name},
    report::TagReport,
    repository::{ObjectKind, RawObject, Repository},
};

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
            let mut judged = self.with_fault_in_content(repository, &object, self.object(&object)?);
            // a tag whose headers cannot be read is bad, and names nothing
            let Ok(headers) = TagHeaders::parse(&object.bytes) else {
                all.push(judged);
                return Ok(all);
            };
            let target_judged = headers.target_type == "tag" || scope == TagScope::WithTarget;
            judged.tag = Some(TagReport {
                name: headers.name.to_owned(),
                target: headers.target.to_owned(),
                target_type: headers.target_type.to_owned(),
                target_judged,
            });
            if !target_judged {
                all.push(judged);
                return Ok(all);
            }
            let next = match repository.object_by_id(headers.target) {
                Ok(next) => next,
                Err(error) => {
                    all.extend([judged, self.read(repository, Err(error))?]);
                    return Ok(all);
                }
            };
            if next.kind.name() != headers.target_type {
                let detail = format!("it names the {} {}, which is a {}", headers.target_type, headers.target, next.kind.name());
                judged = judged.rejected(&object, Rejection::new(Reason::MalformedObject, detail));
            }
            all.push(judged);
            if next.kind != ObjectKind::Tag {
                all.push(self.tag_target(repository, &next)?);
                return Ok(all);
            }
            object = next;
        }
        let detail = format!("at most {DEEPEST_TAG} are followed");
        Ok(vec![Judged::new(&repository.object_by_id(&outermost)?, Rejection::new(Reason::TagTooDeep, detail).into())])
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
            ObjectKind::Commit | ObjectKind::Tag => Ok(self.with_fault_in_content(repository, object, self.object(object)?)),
            ObjectKind::Blob | ObjectKind::Tree => {
                let detail = format!("a {} cannot carry one", object.kind.name());
                Ok(Judged::new(object, Rejection::new(Reason::NoSignature, detail).into()))
            }
        }
    }
}
