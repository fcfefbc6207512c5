//! An object and the verdict on it.

use super::{Error, MergedTagFault};
use crate::{
    Rejection,
    policy::{Judgement, PolicyRuling, Verdict},
    report::{self, Claimed, OtherFormatReport, Report, TagReport},
    repository::{ObjectKind, RawObject},
    selection::Deciders,
};

/// The longest title that is kept, in characters.
const LONGEST_TITLE: usize = 72;

/// An object and the verdict on it.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// The object's id, in hexadecimal.
    pub id: String,
    /// The object's kind.
    pub kind: ObjectKind,
    /// The verdict and its cause. [`Judged::rejected`] replaces it together with what depends on it.
    judgement: Judgement,
    /// The first line of the object's message, where the verdict is not good; not escaped.
    pub title: Option<String>,
    /// The tag's own headers, where the call is about tags.
    pub tag: Option<TagReport>,
    /// Who signed, as a signature that is not verified claims.
    pub claimed: Option<Claimed>,
    /// The signature for the other object format, where there is one.
    pub other_format: Option<OtherFormatReport>,
    /// The faults of the signed tags that a merge holds.
    pub merged_tags: Vec<MergedTagFault>,
}

impl Judged {
    /// The object with the verdict on it.
    pub(crate) fn new(object: &RawObject, judgement: Judgement) -> Self {
        let title = (judgement.verdict() != Verdict::Good).then(|| title(object));
        Self { title, ..Self::without_title(object.id.clone(), object.kind, judgement) }
    }

    /// The verdict and its cause.
    pub(crate) fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// The report on it, for JSON.
    pub(crate) fn report(&self, deciders: &Deciders) -> Report {
        Report {
            kind: Some(self.kind.name()),
            tag: self.tag.clone(),
            other_format: self.other_format.clone(),
            trusted_by: deciders.trusted_by(&self.judgement),
            ..Report::new(Some(self.id.clone()), &self.judgement)
        }
    }

    /// The same object with what the policy of its repository decides. `object` reads it again for its title, if that is needed now.
    ///
    /// # Errors
    /// Those of `object`.
    pub(super) fn with_policy(self, ruling: PolicyRuling, object: impl FnOnce() -> Result<RawObject, Error>) -> Result<Self, Error> {
        let judgement = self.judgement.with_policy(ruling);
        let title = match (judgement.verdict(), self.title) {
            (Verdict::Good, _) => None,
            (_, Some(known)) => Some(known),
            (_, None) => Some(title(&object()?)),
        };
        Ok(Self { judgement, title, ..self })
    }

    /// The same object, rejected for a fault that its own verification does not find, with its title and what its signature claims.
    #[must_use]
    pub(super) fn rejected(self, object: &RawObject, rejection: Rejection) -> Self {
        let of_verified =
            |verified| Claimed { fingerprint: report::fingerprint(verified), identity: Some(verified.identity().name.clone()) };
        let claimed = self.claimed.clone().or_else(|| self.judgement.verification().map(of_verified));
        Self { judgement: rejection.into(), title: Some(title(object)), ..self }.with_claim(claimed)
    }

    /// With what the signature claims, where it is bad or was not checked.
    pub(super) fn with_claim(self, claimed: Option<Claimed>) -> Self {
        Self { claimed: claimed.filter(|_| self.judgement.shows_claim()), ..self }
    }

    /// The verdict on an object whose bytes could not be read, or that has no message.
    pub(crate) fn without_title(id: String, kind: ObjectKind, judgement: Judgement) -> Self {
        Self { id, kind, judgement, title: None, tag: None, claimed: None, other_format: None, merged_tags: Vec::new() }
    }
}

/// The first line of the message.
fn title(object: &RawObject) -> String {
    let message = memchr::memmem::find(&object.bytes, b"\n\n").and_then(|end| object.bytes.get(end..)).unwrap_or_default();
    let message = message.trim_ascii_start();
    let line = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // a character has four bytes at most
    let line = String::from_utf8_lossy(line.get(..4 * LONGEST_TITLE).unwrap_or(line));
    let shown: String = line.chars().take(LONGEST_TITLE).collect();
    if shown.len() < line.len() { format!("{shown}…") } else { shown }
}
