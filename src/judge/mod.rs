//! The judge: verifies objects of a repository and decides by policy, for `verify`, `verify-tag`, `show`, git's call and the hooks.
//!
//! It puts together the [`Verifier`], the [`Policy`], external verifiers, stored and looked-up log entries, and the verdict cache. It has no
//! terminal and reads no configuration: the caller hands everything in, and prints what comes back. A bad object is a verdict; an [`Error`]
//! means that there was nothing to judge. Files with their bundles are judged in `file.rs`, and logs are asked in `log/`.

mod by_policy;
pub(crate) mod entries;
mod error;
mod explained;
mod file;
mod history;
mod judged;
pub(crate) mod log;
mod many;
mod merged_tags;
mod nonce;
mod other_format;
mod push;
mod push_by_policy;
mod push_certificate;
mod release;
mod tags;
mod under_git;

pub(crate) use by_policy::{PolicyJudge, Tip};
pub(crate) use entries::Entries;
pub(crate) use error::Error;
pub(crate) use file::{BUNDLE_ENDINGS, FileError, FileJudge, JudgedBundle, JudgedFile, NamedFile, NotADigest, named_digest, read_bundles};
pub(crate) use history::{CertificateTrust, GitHistory};
pub(crate) use judged::Judged;
pub(crate) use many::NamedObject;
pub(crate) use merged_tags::MergedTagFault;
pub(crate) use push::{Push, is_zero, replacement};
pub(crate) use push_by_policy::{PushRuling, PushToServer};
pub(crate) use push_certificate::{CertificateVariables, JudgedCertificate};
pub(crate) use release::{
    Comparison, JudgedRelease, OtherJob, Release, ReleaseBundle, ReleaseError, ReleaseFault, ReleaseJudge, ReleasedFile,
};
pub(crate) use tags::TagScope;

use crate::{
    Reason, Rejection,
    external_verifiers::{Conversion, ExternalVerifiers},
    object::{ObjectFormat, Signed, TagHeaders},
    policy::{Judgement, Policy, Verdict},
    report::Claimed,
    repository::{self, ContentFault, HashedContent, ObjectKind, RawObject, Repository},
    signature::ParsedSignature,
    verdict_cache::{CacheError, VerdictCache},
    verify::{Verification, Verifier, git as split},
};

/// Judges objects.
#[derive(Debug)]
pub(crate) struct Judge {
    verifier: Verifier,
    policy: Policy,
    external: ExternalVerifiers,
    entries: Entries,
    cache: Option<VerdictCache>,
    conversion: Option<Conversion>,
    content: Option<HashedContent>,
}

impl Judge {
    /// A judge that uses embedded log entries only, asks no external verifier and caches nothing.
    pub(crate) fn new(verifier: Verifier, policy: Policy) -> Self {
        Self {
            verifier,
            policy,
            external: ExternalVerifiers::default(),
            entries: Entries::none(),
            cache: None,
            conversion: None,
            content: None,
        }
    }

    /// Lets these verifiers judge signatures of kinds that the pipeline only names.
    #[must_use]
    pub(crate) fn with_external_verifiers(self, external: ExternalVerifiers) -> Self {
        Self { external, ..self }
    }

    /// Uses these log entries where a signature embeds none.
    #[must_use]
    pub(crate) fn with_entries(self, entries: Entries) -> Self {
        Self { entries, ..self }
    }

    /// Uses the results of earlier runs for commits.
    #[must_use]
    pub(crate) fn with_verdict_cache(self, cache: Option<VerdictCache>) -> Self {
        Self { cache, ..self }
    }

    /// Verifies second signatures too, where this repository can convert objects into the other object format.
    #[must_use]
    pub(crate) fn with_conversion_in(self, repository: &Repository) -> Self {
        Self { conversion: Conversion::of(repository), ..self }
    }

    /// Also hashes the trees and files of each commit, if `deep`.
    #[must_use]
    pub(crate) fn with_content(self, deep: bool) -> Self {
        Self { content: deep.then(HashedContent::default), ..self }
    }

    /// Judges a signature over a payload, as git hands them to its program. `signature` is the parsed signature of `signed`. `format` is the
    /// object format of the repository, where there is one: git checks the ids in a commit before it calls, but not those in a tag.
    pub(crate) fn signature(&self, signed: &Signed<'_>, signature: &ParsedSignature<'_>, format: Option<ObjectFormat>) -> Judgement {
        let checked = match format {
            Some(format) if signed.payload.starts_with(b"object ") => {
                TagHeaders::parse(&signed.payload).map_or(Ok(()), |headers| headers.check_format(format))
            }
            _ => Ok(()),
        };
        self.policy.judge(checked.and_then(|()| self.entries.verify(&self.verifier, signed, signature)))
    }

    /// Judges a commit or tag.
    ///
    /// # Errors
    /// [`Error::NotSignable`] for an object of another kind.
    pub(crate) fn object(&self, object: &RawObject) -> Result<Judged, Error> {
        self.object_with(object, None)
    }

    /// Judges a commit or tag of the repository with its signature, which the caller has parsed.
    ///
    /// # Errors
    /// As [`Judge::object`].
    pub(crate) fn shown(&self, repository: &Repository, object: &RawObject, signature: &ParsedSignature<'_>) -> Result<Judged, Error> {
        Ok(self.with_fault_outside(repository, object, self.object_with(object, Some(signature))?))
    }

    fn object_with(&self, object: &RawObject, signature: Option<&ParsedSignature<'_>>) -> Result<Judged, Error> {
        let Examined { result, claimed } = self.examine(object, SignableKind::of(object)?, signature);
        let judgement = self.external.judge(object, self.policy.judge(result));
        let mut judged = Judged::new(object, judgement).with_claim(claimed);
        judged.other_format = self.other_format(object);
        if object.kind == ObjectKind::Commit {
            judged.merged_tags = self.merged_tag_faults(&object.bytes);
        }
        Ok(judged)
    }

    /// Judges an object that was read from the repository. Bytes that do not have the object's id are a bad object, and do not keep the
    /// caller from judging others.
    ///
    /// # Errors
    /// Where the repository cannot be read, or as [`Judge::object`].
    pub(crate) fn read(&self, repository: &Repository, object: Result<RawObject, repository::Error>) -> Result<Judged, Error> {
        let (id, kind, rejection) = match object {
            Ok(object) => return Ok(self.with_fault_outside(repository, &object, self.object(&object)?)),
            Err(repository::Error::ObjectCopiesDiffer { id, kind, cause }) => (id, kind, Rejection::new(Reason::ObjectCopies, cause)),
            Err(repository::Error::CommitGraphDiffers { id, kind, cause }) => (id, kind, Rejection::new(Reason::CommitGraph, cause)),
            Err(repository::Error::ObjectIdMismatch { id, kind, computed }) => {
                (id, kind, Rejection::new(Reason::ObjectIdMismatch, format!("they have the id {computed}")))
            }
            Err(repository::Error::Sha1Collision { id, kind }) => (id, kind, Reason::Sha1Collision.into()),
            Err(repository::Error::ObjectTooLarge { id, kind, size, limit }) => {
                (id, kind, Rejection::new(Reason::ObjectTooLarge, format!("{size} bytes, at most {limit} are read")))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Judged::without_title(id, kind, rejection.into()))
    }

    /// The verdict on an object of the repository, or the fault in what it leads to: a tag's target of another type than the tag states; a
    /// commit's trees and files, and a tag's target, where they are hashed.
    fn with_fault_outside(&self, repository: &Repository, object: &RawObject, judged: Judged) -> Judged {
        let fault = tags::other_target_type(repository, object).or_else(|| self.fault_in_content(repository, object));
        match fault {
            Some(fault) if Verdict::from(fault.reason().standing()) > judged.judgement().verdict() => judged.rejected(object, fault),
            _ => judged,
        }
    }

    /// The fault in what was hashed beside an object.
    fn fault_in_content(&self, repository: &Repository, object: &RawObject) -> Option<Rejection> {
        let hashed = self.content.as_ref()?;
        let target = match object.kind {
            ObjectKind::Commit => Some(object.id.as_str()),
            ObjectKind::Tag => TagHeaders::parse(&object.bytes).ok().map(|headers| headers.target),
            ObjectKind::Blob | ObjectKind::Tree => None,
        };
        match repository.content_fault(target?, hashed)? {
            ContentFault::Wrong(what) => Some(Rejection::new(Reason::ContentIdMismatch, what)),
            ContentFault::Unchecked(what) => Some(Rejection::new(Reason::ContentUnchecked, what)),
        }
    }

    /// What the user should know about log entries, in sentences. Each is returned once.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.entries.take_warnings()
    }

    /// Writes the verdict cache. Returns what the user should know, in sentences.
    pub(crate) fn finish(self) -> Vec<String> {
        let written = self.cache.map_or(Ok(()), VerdictCache::finish);
        written.err().iter().map(CacheError::to_string).chain(self.entries.take_warnings()).collect()
    }

    /// Verifies a commit or tag, with the result of an earlier run where there is one.
    fn examine(&self, object: &RawObject, kind: SignableKind, signature: Option<&ParsedSignature<'_>>) -> Examined {
        let id = object.id.as_bytes();
        // a tag's result depends on the name by which it was reached
        let cache = self.cache.as_ref().filter(|_| kind == SignableKind::Commit);
        if let Some(cached) = cache.and_then(|cache| cache.get(id)) {
            return Examined { result: Ok(cached.into()), claimed: None };
        }
        let SplitObject { signed, checked } = match SplitObject::of(object, kind) {
            Ok(split) => split,
            Err(rejection) => return Examined { result: Err(rejection), claimed: None },
        };
        let verify = |signature: &ParsedSignature<'_>| {
            let verified = checked.and_then(|()| self.entries.verify(&self.verifier, &signed, signature));
            if let (Some(cache), Ok(verified)) = (cache, &verified) {
                cache.insert(id, verified);
            }
            Examined::new(verified.map(Into::into), signature)
        };
        match signature {
            Some(signature) => verify(signature),
            None => verify(&ParsedSignature::parse(&signed.signature, &mut Vec::new())),
        }
    }
}

/// A commit or tag, split into payload and signature.
struct SplitObject<'a> {
    signed: Signed<'a>,
    /// What the bytes of a tag alone do not tell; nothing of a commit.
    checked: Result<(), Rejection>,
}

impl<'a> SplitObject<'a> {
    fn of(object: &'a RawObject, kind: SignableKind) -> Result<Self, Rejection> {
        match kind {
            SignableKind::Commit => {
                split::commit(&object.bytes, object.format).map(|commit| Self { signed: commit.signed, checked: Ok(()) })
            }
            SignableKind::Tag => {
                let tag = split::tag(&object.bytes)?;
                let checked = split::check_tag(&tag, &object.bytes, object.format, object.reference.as_deref());
                Ok(Self { signed: tag.signed, checked })
            }
        }
    }
}

/// The result of a verification, with what the same parsed signature claims.
#[derive(Debug)]
struct Examined {
    result: Result<Verification, Rejection>,
    /// Who signed, as a signature that is not accepted claims.
    claimed: Option<Claimed>,
}

impl Examined {
    fn new(result: Result<Verification, Rejection>, signature: &ParsedSignature<'_>) -> Self {
        Self { claimed: result.as_ref().err().and_then(|_| Claimed::of(signature)), result }
    }
}

/// The kinds of objects that carry a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignableKind {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl SignableKind {
    /// The kind of this object.
    ///
    /// # Errors
    /// [`Error::NotSignable`].
    pub(crate) fn of(object: &RawObject) -> Result<Self, Error> {
        match object.kind {
            ObjectKind::Commit => Ok(Self::Commit),
            ObjectKind::Tag => Ok(Self::Tag),
            ObjectKind::Blob | ObjectKind::Tree => Err(Error::NotSignable { id: object.id.clone(), kind: object.kind.name() }),
        }
    }
}
