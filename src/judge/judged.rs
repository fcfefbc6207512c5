//! An object and the verdict on it.

use super::MergedTagFault;
use crate::{
    policy::{Judgement, Verdict},
    report::{Claimed, OtherFormatReport, TagReport},
    repository::{ObjectKind, RawObject},
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
    /// The verdict and its cause.
    pub judgement: Judgement,
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

    /// With what the signature claims, where it is bad or was not checked.
    pub(super) fn with_claim(self, claimed: Option<Claimed>) -> Self {
        let claimed = claimed.filter(|_| matches!(self.judgement.verdict(), Verdict::Bad | Verdict::Unchecked));
        Self { claimed, ..self }
    }

    /// The verdict on an object whose bytes could not be read, or that has no message.
    pub(crate) fn without_title(id: String, kind: ObjectKind, judgement: Judgement) -> Self {
        Self { id, kind, judgement, title: None, tag: None, claimed: None, other_format: None, merged_tags: Vec::new() }
    }
}

/// The first line of the message.
fn title(object: &RawObject) -> String {
    let message = object.bytes.windows(2).position(|pair| pair == b"\n\n").and_then(|end| object.bytes.get(end..)).unwrap_or_default();
    let message = message.trim_ascii_start();
    let line = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // a character has four bytes at most
    let line = String::from_utf8_lossy(line.get(..4 * LONGEST_TITLE).unwrap_or(line));
    let shown: String = line.chars().take(LONGEST_TITLE).collect();
    if shown.len() < line.len() { format!("{shown}…") } else { shown }
}
