//! In-toto statements: which files a payload is about, and of which type it is. The predicate is not read.
//!
//! Source: in-toto attestation framework, Statement v1 and v0.1, and its digest sets. As it asks, unknown fields are passed over; a known field
//! that appears twice is refused.

use crate::{Reason, Rejection, certificate::HashAlgorithm};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

/// Subjects of a statement, at most.
pub const MAX_SUBJECTS: usize = 65_536;
/// Digests of a subject, at most.
pub const MAX_DIGESTS: usize = 64;

/// The predicate type of releases.
pub const RELEASE: &str = "https://in-toto.io/attestation/release";

/// The names that cosign has for predicate types.
const SHORT_NAMES: [(&str, &str); 10] = [
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
];

/// The predicate type that a name stands for: a URI, or one of cosign's names.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only the program has such options"))]
pub(crate) fn predicate_type(name: &str) -> Option<&str> {
    let short = SHORT_NAMES.iter().find(|(short, _)| *short == name).map(|(_, uri)| *uri);
    let is_uri = name.split_once(':').is_some_and(|(scheme, rest)| {
        let known = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        known && scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && !rest.is_empty()
    });
    short.or(is_uri.then_some(name))
}

const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// A statement about subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub subjects: Vec<StatementSubject>,
    /// What it says about them: a URI that names the type of the predicate.
    pub predicate_type: String,
}

/// A subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSubject {
    /// Its name, which proves nothing.
    pub name: Option<String>,
    /// Its digests: names of algorithms, and values in hexadecimal.
    pub digests: Vec<(String, String)>,
}

/// Whether a subject has the digests of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectMatch {
    /// At least one digest is the file's, and none that is known is another's.
    Same,
    /// A digest is another file's.
    Other,
    /// No digest of the subject is known of the file.
    Unknown,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// [`Reason::StatementMalformed`] or [`Reason::StatementTooMany`].
    pub fn parse(payload: &[u8]) -> Result<Self, Rejection> {
        let malformed = |detail: String| Rejection::new(Reason::StatementMalformed, detail);
        let fields: Fields = crate::json_object::from_slice(payload).map_err(|error| malformed(error.to_string()))?;
        if !TYPES.contains(&fields.statement_type.as_str()) {
            return Err(malformed(format!("its type is \"{}\"", fields.statement_type)));
        }
        if fields.predicate_type.is_empty() {
            return Err(malformed("its predicate has no type".to_owned()));
        }
        if fields.subject.is_empty() {
            return Err(malformed("it has no subject".to_owned()));
        }
        let most = fields.subject.iter().map(|subject| subject.digest.0.len()).max().unwrap_or_default();
        if fields.subject.len() > MAX_SUBJECTS || most > MAX_DIGESTS {
            let detail =
                format!("{} subjects, with {most} digests at most; {MAX_SUBJECTS} and {MAX_DIGESTS} are read", fields.subject.len());
            return Err(Rejection::new(Reason::StatementTooMany, detail));
        }
        let subjects = fields.subject.into_iter().map(|subject| StatementSubject { name: subject.name, digests: subject.digest.0 });
        Ok(Self { subjects: subjects.collect(), predicate_type: fields.predicate_type })
    }

    /// Whether a subject has a digest of this kind.
    pub fn names(&self, hash: HashAlgorithm) -> bool {
        self.subjects.iter().any(|subject| subject.digest(hash).is_some())
    }

    /// The subject that is the file with these digests.
    ///
    /// # Errors
    /// [`Reason::SubjectMismatch`], or [`Reason::DigestUnknown`] where the file is known by other digests only.
    pub fn subject<D: AsRef<[u8]>>(&self, digest: impl Fn(HashAlgorithm) -> Option<D>) -> Result<&StatementSubject, Rejection> {
        let mut all_unknown = true;
        for subject in &self.subjects {
            match subject.compare(&digest) {
                SubjectMatch::Same => return Ok(subject),
                SubjectMatch::Other => all_unknown = false,
                SubjectMatch::Unknown => {}
            }
        }
        Err(if all_unknown { Rejection::from(Reason::DigestUnknown) } else { Reason::SubjectMismatch.into() })
    }
}

impl StatementSubject {
    fn digest(&self, hash: HashAlgorithm) -> Option<&str> {
        self.digests.iter().find(|(name, _)| name == hash.name()).map(|(_, value)| value.as_str())
    }

    /// Compares the subject with a file that has these digests.
    pub fn compare<D: AsRef<[u8]>>(&self, digest: impl Fn(HashAlgorithm) -> Option<D>) -> SubjectMatch {
        let compared = HashAlgorithm::ALL.into_iter().filter_map(|hash| {
            let stated = self.digest(hash)?;
            Some(hex::encode(digest(hash)?.as_ref()) == stated)
        });
        compared.fold(SubjectMatch::Unknown, |found, is_same| match (found, is_same) {
            (SubjectMatch::Other, _) | (_, false) => SubjectMatch::Other,
            (SubjectMatch::Same | SubjectMatch::Unknown, true) => SubjectMatch::Same,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<SubjectFields>,
    predicate_type: String,
    #[serde(rename = "predicate")]
    _predicate: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct SubjectFields {
    name: Option<String>,
    digest: DigestSet,
}

/// A JSON object of texts without a repeated name.
struct DigestSet(Vec<(String, String)>);

impl<'de> Deserialize<'de> for DigestSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DigestSetVisitor)
    }
}

struct DigestSetVisitor;

impl<'de> Visitor<'de> for DigestSetVisitor {
    type Value = DigestSet;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("digests by the names of their algorithms")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<DigestSet, A::Error> {
        let mut digests: Vec<(String, String)> = Vec::new();
        while let Some((name, value)) = fields.next_entry::<String, String>()? {
            // one more than is read, so that the excess is noticed
            if digests.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a digest appears twice"));
            }
            if digests.len() <= MAX_DIGESTS {
                digests.push((name, value));
            }
        }
        Ok(DigestSet(digests))
    }
}

#[cfg(test)]
mod tests;
