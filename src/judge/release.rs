//! Releases: files, the statement that ties them to a signed tag, and the verdict on all of it.
//!
//! The predicate of the type [`RELEASE`] embeds the raw tag object, so that the tag's own signature can be judged without a repository:
//!
//! ```json
//! {
//!   "tag": { "name": "v1.2", "object": "the tag object in base64", "digest": { "gitTag": "its id" } },
//!   "commit": { "digest": { "gitCommit": "the id of the tagged commit" } },
//!   "tree": { "digest": { "gitTree": "the id of its tree" } }
//! }
//! ```

use super::{Error, Judge};
use crate::{
    Explanation, Rejection,
    bundle::{Bundle, BundleContent},
    certificate::HashAlgorithm,
    object::{ObjectFormat, TagHeaders},
    policy::{Judgement, Policy, Verdict},
    rejection::Audience,
    report::sentences,
    repository::{self, ObjectKind, RawObject, Repository, object_id},
    statement::{RELEASE, StatementSubject, SubjectMatch},
    verify::{Artifact, Verifier},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, path::PathBuf};

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

    /// A CI job signs for the commit that it runs for, in its repository. The claims of its certificate say which one that is.
    ///
    /// # Errors
    /// [`OtherJob`].
    pub(crate) fn check_job(&self, claims: &[(&str, String)]) -> Result<(), OtherJob> {
        let claim = |name: &str| claims.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let tagged = &self.commit.digest.id;
        match claim("sourceRepositoryDigest").filter(|commit| commit != tagged) {
            Some(commit) => Err(OtherJob { commit, repository: claim("sourceRepositoryUri"), tagged: tagged.clone() }),
            None => Ok(()),
        }
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

/// A job that signs for another commit than the tag's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this job builds the commit {commit}; the commit of the tag is {tagged}")]
pub(crate) struct OtherJob {
    /// The job's commit.
    commit: String,
    /// The repository of the job, where the certificate names one.
    repository: Option<String>,
    /// The tag's commit.
    tagged: String,
}

impl OtherJob {
    /// The repository in sentences.
    fn repository(&self) -> &str {
        self.repository.as_deref().unwrap_or("another repository")
    }
}

/// Why a release is not good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseFault {
    /// There is no bundle.
    #[error("there is no release bundle beside the files")]
    NoBundle,
    /// The bundle cannot be read as one.
    #[error("the release in {} is bad: {rejection}", .path.display())]
    Bundle {
        /// The bundle's file.
        path: PathBuf,
        /// The fault.
        rejection: Rejection,
    },
    /// The signature of the release or of its tag is not good.
    #[error("{what} is {}: {}", .judgement.verdict().as_str(), why(.judgement))]
    NotGood {
        /// What was judged, as a noun.
        what: String,
        /// The judgement.
        judgement: Box<Judgement>,
    },
    /// A file of the release has the name of another.
    #[error("{given} is the file {released_as} of the release; the release has another file with the name {own}")]
    FileName {
        /// The file as the caller named it.
        given: String,
        /// Its name in the release.
        released_as: String,
        /// Its name here.
        own: String,
    },
    /// The predicate does not describe its tag.
    #[error("the release in {} is bad: {error}", .path.display())]
    Predicate {
        /// The bundle's file.
        path: PathBuf,
        /// The fault.
        error: ReleaseError,
    },
    /// The tag is not the expected one.
    #[error("the files were released from the tag {name}; expected {expected}")]
    TagName {
        /// The tag of the release.
        name: String,
        /// The tag that the caller expects.
        expected: String,
    },
    /// A CI job for another commit signed the release.
    #[error("a job for the commit {} of {} signed the release; the commit of the tag is {}", .0.commit, .0.repository(), .0.tagged)]
    Job(OtherJob),
    /// The repository has another object in the place of the tag.
    #[error("the tag {name} here is the {kind} {here}; the release is of the tag {released}")]
    OtherTag {
        /// The name of the tag.
        name: String,
        /// The kind of the object in the repository.
        kind: &'static str,
        /// Its id.
        here: String,
        /// The id of the released tag.
        released: String,
    },
    /// The repository has neither the tag nor its commit.
    #[error("this repository has neither the tag {name} nor its commit {commit}: the release is of another repository")]
    OtherRepository {
        /// The name of the tag.
        name: String,
        /// The tag's commit.
        commit: String,
    },
    /// The repository has no tag of this name, but can have lost or not fetched it.
    #[error("this repository has no tag {0} to compare the release with")]
    TagMissing(String),
    /// The repository has the tag's ref, but git finds nothing there.
    #[error("the tag {0} here leads to nothing")]
    BrokenTag(String),
    /// Two files have one name.
    #[error("the release has two different files with the name {0}")]
    RepeatedName(String),
    /// The tag's tree is not the stated one.
    #[error("the tree of the tag {name} is {here}; the release states {stated}")]
    OtherTree {
        /// The name of the tag.
        name: String,
        /// The tree in the repository.
        here: String,
        /// The stated tree.
        stated: String,
    },
    /// The repository cannot be read, so there is no verdict.
    #[error(transparent)]
    Repository(#[from] Error),
}

impl ReleaseFault {
    /// The verdict, and the stable identifier of its cause; `None` where there is no verdict.
    pub(crate) fn verdict(&self) -> Option<(Verdict, &'static str)> {
        let bad = |id| Some((Verdict::Bad, id));
        match self {
            Self::NoBundle => Some((Verdict::Unsigned, "no-bundle")),
            Self::Bundle { rejection, .. } => bad(rejection.explanation().id()),
            Self::NotGood { judgement, .. } => Some((judgement.verdict(), judgement.explanation().map_or("", Explanation::id))),
            Self::FileName { .. } => bad("release-file-name"),
            Self::Predicate { .. } => bad("release-predicate"),
            Self::TagName { .. } => bad("release-tag-name"),
            Self::Job(_) => bad("release-job"),
            Self::OtherTag { .. } => bad("release-other-tag"),
            Self::OtherTree { .. } => bad("release-other-tree"),
            Self::OtherRepository { .. } => bad("release-other-repository"),
            Self::RepeatedName(_) => bad("release-repeated-name"),
            Self::TagMissing(_) => Some((Verdict::Unchecked, "release-tag-missing")),
            Self::BrokenTag(_) => Some((Verdict::Unchecked, "release-tag-broken")),
            Self::Repository(_) => None,
        }
    }

    /// What to do about it, as a clause without a period.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::NoBundle => Some("name the bundle with --bundle FILE".to_owned()),
            Self::NotGood { judgement, .. } => judgement.advice_for(Audience::Terminal),
            Self::FileName { .. } => Some("do not use the file under this name; get the right one".to_owned()),
            Self::Job(_) => Some("do not trust the files: get a release that a job for the tag has signed".to_owned()),
            Self::OtherRepository { .. } => {
                Some("verify it in a clone of its own repository, or in a folder outside of every repository".to_owned())
            }
            Self::TagMissing(name) => {
                Some(format!("fetch the tag (`git fetch origin tag {name}`), or verify in a folder outside of every repository"))
            }
            Self::BrokenTag(_) => Some("fetch the tag again; `git for-each-ref refs/tags` names what is broken".to_owned()),
            Self::RepeatedName(_) => Some("do not use either file; get a release that names each file once".to_owned()),
            Self::Bundle { .. }
            | Self::Predicate { .. }
            | Self::TagName { .. }
            | Self::OtherTag { .. }
            | Self::OtherTree { .. }
            | Self::Repository(_) => None,
        }
    }

    /// Fails with what was judged, unless it is verified and good.
    pub(crate) fn unless_good(what: impl FnOnce() -> String, judgement: &Judgement) -> Result<(), Self> {
        match judgement.verification() {
            Some(_) if judgement.verdict() == Verdict::Good => Ok(()),
            _ => Err(Self::NotGood { what: what(), judgement: Box::new(judgement.clone()) }),
        }
    }
}

impl From<repository::Error> for ReleaseFault {
    fn from(error: repository::Error) -> Self {
        Self::Repository(error.into())
    }
}

/// Why the verdict is not good, as a clause.
fn why(judgement: &Judgement) -> String {
    match (judgement.ruling(), judgement.rejection()) {
        (Some(ruling), _) => ruling.to_string(),
        (None, Some(rejection)) => format!("{rejection} [{}]", rejection.explanation().id()),
        (None, None) => sentences(judgement).join(" ").trim_end_matches('.').to_owned(),
    }
}

/// A file, and the name that the release gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReleasedFile {
    /// The file as the caller named it.
    pub(crate) given: String,
    /// Its name in the release.
    pub(crate) released_as: String,
}

impl ReleasedFile {
    /// The subject that is this file; `own` is the name of the file here. One file of a release must not pass for another.
    fn of(given: &str, own: &str, artifact: &Artifact<'_>, bundle: &Bundle) -> Result<Self, ReleaseFault> {
        let statement = bundle.statement().ok().flatten();
        let subjects = statement.as_ref().map(|statement| statement.subjects.as_slice()).unwrap_or_default();
        if let Some(name) = repeated_name(subjects) {
            return Err(ReleaseFault::RepeatedName(name.to_owned()));
        }
        let is_this = |subject: &&StatementSubject| subject.compare(|hash| artifact.digest(hash)) == SubjectMatch::Same;
        let names: Vec<&str> = subjects.iter().filter(is_this).filter_map(|subject| subject.name.as_deref()).collect();
        let released_as = if names.contains(&own) { own } else { names.first().copied().unwrap_or_default() };
        if released_as != own && subjects.iter().any(|subject| subject.name.as_deref() == Some(own)) {
            let (given, released_as, own) = (given.to_owned(), released_as.to_owned(), own.to_owned());
            return Err(ReleaseFault::FileName { given, released_as, own });
        }
        let released_as = if released_as.is_empty() { given } else { released_as };
        Ok(Self { given: given.to_owned(), released_as: released_as.to_owned() })
    }
}

/// A name that stands for two subjects: one of them could pass for the other.
fn repeated_name(subjects: &[StatementSubject]) -> Option<&str> {
    let mut names = HashSet::new();
    subjects.iter().filter_map(|subject| subject.name.as_deref()).find(|name| !names.insert(*name))
}

/// Whether the tag was compared with that of a clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It is that very object.
    Same,
    /// There is no repository here.
    NoRepository,
}

/// A release whose every part is good.
#[derive(Debug)]
pub(crate) struct JudgedRelease {
    /// The files, in the order of the call.
    pub(crate) files: Vec<ReleasedFile>,
    /// What the release says of its tag.
    pub(crate) release: Release,
    /// The judgement on the release's signature.
    pub(crate) released: Judgement,
    /// The judgement on the tag's own signature.
    pub(crate) tagged: Judgement,
    /// What the tag was compared with.
    pub(crate) compared: Comparison,
}

/// The bundle of a release, with its file.
#[derive(Debug)]
pub(crate) struct ReleaseBundle {
    path: PathBuf,
    bundle: Bundle,
}

impl ReleaseBundle {
    /// Reads the bundle in a file.
    ///
    /// # Errors
    /// [`ReleaseFault::Bundle`].
    pub(crate) fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, ReleaseFault> {
        match Bundle::parse(bytes) {
            Ok(bundle) => Ok(Self { path, bundle }),
            Err(rejection) => Err(ReleaseFault::Bundle { path, rejection }),
        }
    }
}

/// Judges one release: each file with [`ReleaseJudge::file`], then the rest with [`ReleaseJudge::finish`].
#[derive(Debug)]
pub(crate) struct ReleaseJudge {
    bundle: ReleaseBundle,
    verifier: Verifier,
    policy: Policy,
    /// The files so far, which are good, and the judgement on the signature.
    files: Vec<ReleasedFile>,
    released: Option<Judgement>,
}

impl ReleaseJudge {
    /// A judge of the release in this bundle.
    pub(crate) fn new(bundle: ReleaseBundle, verifier: Verifier, policy: Policy) -> Self {
        Self { bundle, verifier, policy, files: Vec::new(), released: None }
    }

    /// The hash functions by which the release knows its files.
    pub(crate) fn hashes(&self) -> Vec<HashAlgorithm> {
        self.bundle.bundle.hashes()
    }

    /// Judges a file: the release's signature about it, and its name. `given` is the caller's name for it, `own` that of the file.
    ///
    /// # Errors
    /// [`ReleaseFault::NotGood`], [`ReleaseFault::FileName`].
    pub(crate) fn file(&mut self, given: &str, own: &str, artifact: &Artifact<'_>) -> Result<(), ReleaseFault> {
        let ReleaseBundle { path, bundle } = &self.bundle;
        let verified = self.verifier.verify_parsed_bundle(bundle, artifact, Some(RELEASE));
        let judgement = self.policy.judge(verified);
        ReleaseFault::unless_good(|| format!("{given} as a file of the release in {}", path.display()), &judgement)?;
        self.files.push(ReleasedFile::of(given, own, artifact, bundle)?);
        self.released = Some(judgement);
        Ok(())
    }

    /// Judges what the release says: its tag, the job that signed it, and what a clone has. `expected` is the name that the tag must have.
    ///
    /// # Errors
    /// [`ReleaseFault`].
    pub(crate) fn finish(self, expected: Option<&str>, repository: Option<&Repository>) -> Result<JudgedRelease, ReleaseFault> {
        let Self { bundle: ReleaseBundle { path, bundle }, verifier, policy, files, released } = self;
        let payload: &[u8] = match &bundle.content {
            BundleContent::Envelope(envelope) => &envelope.payload,
            BundleContent::Message(_) => &[],
        };
        let predicate = |error| ReleaseFault::Predicate { path: path.clone(), error };
        let release = Release::parse(payload).map_err(predicate)?;
        let tag = release.tag_object().map_err(predicate)?;
        let name = &release.tag.name;
        if let Some(expected) = expected.filter(|expected| expected.strip_prefix("refs/tags/").unwrap_or(expected) != name) {
            return Err(ReleaseFault::TagName { name: name.clone(), expected: expected.to_owned() });
        }
        let released = released.ok_or(ReleaseFault::NoBundle)?;
        let claims = released.verification().map(|verified| verified.certificate().claims()).unwrap_or_default();
        release.check_job(claims).map_err(ReleaseFault::Job)?;
        let tagged = Judge::new(verifier, policy).object(&tag)?.judgement().clone();
        ReleaseFault::unless_good(|| format!("the tag {name} in the release"), &tagged)?;
        let compared = repository.map_or(Ok(Comparison::NoRepository), |repository| compare(&tag, &release, repository))?;
        Ok(JudgedRelease { files, release, released, tagged, compared })
    }
}

/// Compares the tag with that of a clone. A tag that is here and cannot be read is an error.
fn compare(tag: &RawObject, release: &Release, repository: &Repository) -> Result<Comparison, ReleaseFault> {
    let name = &release.tag.name;
    let reference = format!("refs/tags/{name}");
    let here = match repository.object(&reference) {
        Ok(here) => here,
        Err(repository::Error::UnknownRevision { .. } | repository::Error::NotInShallowClone(_)) => {
            return Err(match (repository.has_reference_file(&reference), repository.object_by_id(&release.commit.digest.id)) {
                (true, _) => ReleaseFault::BrokenTag(name.clone()),
                (false, Ok(_)) => check_tree(release, repository).err().unwrap_or_else(|| ReleaseFault::TagMissing(name.clone())),
                (false, Err(_)) if repository.is_shallow() => ReleaseFault::TagMissing(name.clone()),
                (false, Err(_)) => ReleaseFault::OtherRepository { name: name.clone(), commit: release.commit.digest.id.clone() },
            });
        }
        Err(error) => return Err(error.into()),
    };
    if here.id != tag.id {
        return Err(ReleaseFault::OtherTag { name: name.clone(), kind: here.kind.name(), here: here.id, released: tag.id.clone() });
    }
    check_tree(release, repository).map(|()| Comparison::Same)
}

/// Compares the stated tree with that of the commit.
fn check_tree(release: &Release, repository: &Repository) -> Result<(), ReleaseFault> {
    let here = repository.object(&format!("{}^{{tree}}", release.commit.digest.id))?.id;
    let stated = &release.tree.digest.id;
    match here == *stated {
        true => Ok(()),
        false => Err(ReleaseFault::OtherTree { name: release.tag.name.clone(), here, stated: stated.clone() }),
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
