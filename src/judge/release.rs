//! What a release statement says of its tag: the predicate of the type [`RELEASE`](crate::statement::RELEASE).
//!
//! The predicate embeds the raw tag object, so that the tag's own signature can be judged without a repository:
//!
//! ```json
//! {
//!   "tag": { "name": "v1.2", "object": "the tag object in base64", "digest": { "gitTag": "its id" } },
//!   "commit": { "digest": { "gitCommit": "the id of the tagged commit" } },
//!   "tree": { "digest": { "gitTree": "the id of its tree" } }
//! }
//! ```

use crate::{
    object::{ObjectFormat, TagHeaders},
    repository::{ObjectKind, RawObject, object_id},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// The predicate of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Release {
    /// The signed tag.
    pub(crate) tag: ReleasedTag,
    /// The commit that it names.
    pub(crate) commit: GitObject<GitCommit>,
    /// The commit's tree. Only a clone can tell whether it is.
    pub(crate) tree: GitObject<GitTree>,
}

/// The tag of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReleasedTag {
    /// Its name, without `refs/tags/`.
    pub(crate) name: String,
    /// The object in base64.
    object: String,
    /// Its id.
    pub(crate) digest: GitTag,
}

/// An object by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GitObject<D> {
    /// Its digest.
    pub(crate) digest: D,
}

macro_rules! digest {
    ($($name:ident $field:literal)*) => {
        $(
            /// A digest from in-toto's digest sets: an object id in hexadecimal.
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub(crate) struct $name {
                #[serde(rename = $field)]
                pub(crate) id: String,
            }
        )*
    };
}

digest! { GitTag "gitTag" GitCommit "gitCommit" GitTree "gitTree" }

/// Why a predicate does not describe its tag.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReleaseError {
    /// The predicate has not the fields of a release.
    #[error("its predicate is not that of a release: {0}")]
    Predicate(String),
    /// The tag object is not in base64.
    #[error("the tag object in it is not base64")]
    Encoding,
    /// The tag object has another id.
    #[error("the tag object in it has the id {found}; it states {stated}")]
    TagId {
        /// The id of the object.
        found: String,
        /// The stated id.
        stated: String,
    },
    /// The tag object cannot be read.
    #[error("the tag object in it is malformed")]
    Malformed,
    /// The tag has another name.
    #[error("the tag object in it has the name \"{found}\"; it states \"{stated}\"")]
    Name {
        /// The name in the object.
        found: String,
        /// The stated name.
        stated: String,
    },
    /// The tag names another object.
    #[error("the tag object in it names the {kind} {found}; it states the commit {stated}")]
    Target {
        /// What the tag names.
        kind: String,
        /// Its id.
        found: String,
        /// The stated commit.
        stated: String,
    },
}

impl Release {
    /// The release of a tag that names a commit.
    ///
    /// # Errors
    /// [`ReleaseError::Malformed`] or [`ReleaseError::Target`].
    pub(crate) fn of(tag: &RawObject, commit: &str, tree: &str) -> Result<Self, ReleaseError> {
        let headers = TagHeaders::parse(&tag.bytes).map_err(|_| ReleaseError::Malformed)?;
        let release = Self {
            tag: ReleasedTag { name: headers.name.to_owned(), object: STANDARD.encode(&tag.bytes), digest: GitTag { id: tag.id.clone() } },
            commit: GitObject { digest: GitCommit { id: commit.to_owned() } },
            tree: GitObject { digest: GitTree { id: tree.to_owned() } },
        };
        release.tag_object().map(|_| release)
    }

    /// Reads the predicate of a statement, which is one of a release.
    ///
    /// # Errors
    /// [`ReleaseError::Predicate`].
    pub(crate) fn parse(statement: &[u8]) -> Result<Self, ReleaseError> {
        #[derive(Deserialize)]
        struct Predicate {
            predicate: Release,
        }
        let read: Predicate = crate::json_object::from_slice(statement).map_err(|error| ReleaseError::Predicate(error.to_string()))?;
        Ok(read.predicate)
    }

    /// The embedded tag, which has the stated digest and name, and names the stated commit. Its signature is not judged.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub(crate) fn tag_object(&self) -> Result<RawObject, ReleaseError> {
        let ReleasedTag { name, object, digest: GitTag { id: stated } } = &self.tag;
        let bytes = STANDARD.decode(object).map_err(|_| ReleaseError::Encoding)?;
        let format = if stated.len() == 64 { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let found = object_id(ObjectKind::Tag, &bytes, format).ok_or(ReleaseError::Malformed)?;
        if found != *stated {
            return Err(ReleaseError::TagId { found, stated: stated.clone() });
        }
        let headers = TagHeaders::parse(&bytes).map_err(|_| ReleaseError::Malformed)?;
        if headers.name != name {
            return Err(ReleaseError::Name { found: headers.name.to_owned(), stated: name.clone() });
        }
        let commit = &self.commit.digest.id;
        if headers.target_type != "commit" || headers.target != commit {
            let (kind, found) = (headers.target_type.to_owned(), headers.target.to_owned());
            return Err(ReleaseError::Target { kind, found, stated: commit.clone() });
        }
        let reference = Some(format!("refs/tags/{name}"));
        Ok(RawObject { id: found, format, kind: ObjectKind::Tag, bytes, reference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    fn tag(name: &str, target: &str) -> RawObject {
        let bytes = format!("object {target}\ntype commit\ntag {name}\ntagger T <t@example.com> 1 +0000\n\nmessage\n").into_bytes();
        let id = object_id(ObjectKind::Tag, &bytes, ObjectFormat::Sha1).unwrap();
        RawObject { id, format: ObjectFormat::Sha1, kind: ObjectKind::Tag, bytes, reference: None }
    }

    #[test]
    fn a_predicate_is_read_as_it_was_written() {
        let release = Release::of(&tag("v1", COMMIT), COMMIT, "abcd").unwrap();
        let statement = serde_json::json!({"predicate": release, "predicateType": "x"}).to_string();
        assert_eq!(Release::parse(statement.as_bytes()).unwrap(), release);
        assert_eq!(release.tag_object().unwrap().reference.as_deref(), Some("refs/tags/v1"));
        for wrong in ["{}", "[]", r#"{"predicate":[]}"#, r#"{"predicate":{"tag":1}}"#] {
            assert!(matches!(Release::parse(wrong.as_bytes()), Err(ReleaseError::Predicate(_))), "{wrong}");
        }
    }

    #[test]
    fn a_predicate_that_contradicts_its_tag_is_refused() {
        let release = Release::of(&tag("v1", COMMIT), COMMIT, "abcd").unwrap();
        let changed = |change: &dyn Fn(&mut Release)| {
            let mut release = release.clone();
            change(&mut release);
            release.tag_object().unwrap_err()
        };
        let other = COMMIT.replace('0', "f");
        assert_eq!(changed(&|release| release.tag.object = "?".into()), ReleaseError::Encoding);
        assert!(matches!(changed(&|release| release.tag.object = STANDARD.encode("x")), ReleaseError::TagId { .. }));
        assert!(matches!(changed(&|release| release.tag.digest.id = other.clone()), ReleaseError::TagId { .. }));
        assert!(matches!(changed(&|release| release.tag.name = "v2".into()), ReleaseError::Name { .. }));
        assert!(matches!(changed(&|release| release.commit.digest.id = other.clone()), ReleaseError::Target { .. }));
        assert!(matches!(Release::of(&tag("v1", COMMIT), &other, "abcd"), Err(ReleaseError::Target { .. })));
    }
}
