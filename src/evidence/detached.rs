//! Log entries outside their signatures: found by a lookup, and stored so that the next verification needs no network.
//!
//! Such an entry is never trusted: it is bound to the object, the certificate and the log each time it is used.
//!
//! A file of stored entries is text, each line with a line feed:
//!
//! | line | meaning |
//! | --- | --- |
//! | 1 | `paraph log entries 1` |
//! | 2 | the SHA-256 of all that follows, in lower-case hexadecimal |
//! | 3 and on | an entry each: the `TransparencyLogEntry` with its body, protobuf in base64 |
//!
//! The digest finds damage; it does not authenticate. Who can write such a file can make a legacy signature fail, but cannot make one good.

use super::{
    entry::{EntryVersion, HashedRekord, TransparencyLogEntry},
    log::{MAX_ENTRY, parse_entry, stated_version},
};
use crate::{LegacyRule, Reason, Rejection, certificate::Certificate};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Entries beside one signature, at most.
pub const MAX_DETACHED: usize = 16;
/// A file of stored entries larger than this is not read, in bytes.
pub const MAX_ENTRY_FILE: usize = 1 << 20;
const FIRST_LINE: &str = "paraph log entries 1";

/// An entry of Rekor v1 with its body, parsed but not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct DetachedEntry {
    entry: TransparencyLogEntry,
    digest: String,
    signature: Vec<u8>,
}

/// What a detached entry may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedContent {
    /// The signed bytes that the log was told about.
    pub signed: LoggedBytes,
    /// The legacy rules by which an entry about it counts; at least one.
    pub rules: Vec<LegacyRule>,
}

/// The bytes that a detached entry's signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedBytes {
    /// An object's id in hexadecimal, which the signer's key signed too. Only the entry holds that signature.
    Id(String),
    /// The signed attributes and their signature: what an embedded entry is about.
    Signature {
        /// The SET OF signed attributes, DER.
        signed_bytes: Vec<u8>,
        /// The signature over them.
        signature: Vec<u8>,
    },
}

impl LoggedBytes {
    /// SHA-256: a log finds the entry by it.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Self::Id(id) => Sha256::digest(id).into(),
            Self::Signature { signed_bytes, .. } => Sha256::digest(signed_bytes).into(),
        }
    }
}

impl DetachedEntry {
    /// Parses an entry with its body.
    ///
    /// # Errors
    /// [`Reason::EntryKind`] where it is not a `hashedrekord` of Rekor v1, or [`Reason::EntryMalformed`].
    pub fn new(entry: TransparencyLogEntry) -> Result<Self, Rejection> {
        if stated_version(&entry)? != EntryVersion::V001 {
            return Err(Rejection::new(Reason::EntryKind, "only entries of Rekor v1 can be looked up"));
        }
        if entry.canonicalized_body.len() > MAX_ENTRY {
            return Err(Rejection::new(Reason::EntryMalformed, format!("a body of {} bytes", entry.canonicalized_body.len())));
        }
        let malformed = || Rejection::new(Reason::EntryMalformed, "its body is not a hashedrekord of version 0.0.1");
        let body: Body = crate::json_object::from_slice(&entry.canonicalized_body).map_err(|_| malformed())?;
        if (body.kind.as_str(), body.api_version.as_str()) != ("hashedrekord", "0.0.1") {
            return Err(Rejection::new(Reason::EntryKind, format!("{} {}", body.kind, body.api_version)));
        }
        let signature = STANDARD.decode(body.spec.signature.content).map_err(|_| malformed())?;
        Ok(Self { entry, digest: body.spec.data.hash.value, signature })
    }

    /// The entry.
    pub fn entry(&self) -> &TransparencyLogEntry {
        &self.entry
    }

    /// Binds the entry to one of the contents and the certificate: its digest is the content's, the certificate's key made its signature over
    /// the content, and its body says only this. The log's signatures remain to be checked.
    ///
    /// # Errors
    /// [`Reason::EntryMismatch`] or [`Reason::EntrySignature`].
    pub fn bind<'a>(&self, contents: &'a [LoggedContent], certificate: &Certificate) -> Result<Bound<'a>, Rejection> {
        let about = contents.iter().find(|content| hex::encode(content.signed.digest()) == self.digest);
        let content = about.ok_or_else(|| Rejection::new(Reason::EntryMismatch, "it is about another object"))?;
        let bound = Bound { content, digest: content.signed.digest(), signature: self.signature.clone() };
        if bound.record(certificate).canonical_body(EntryVersion::V001) != self.entry.canonicalized_body {
            return Err(Rejection::new(Reason::EntryMismatch, "it is about this object, but names another certificate"));
        }
        match &content.signed {
            LoggedBytes::Signature { signature, .. } if *signature != self.signature => {
                Err(Rejection::new(Reason::EntryMismatch, "it holds another signature over the same content"))
            }
            // the pipeline has verified this signature
            LoggedBytes::Signature { .. } => Ok(bound),
            LoggedBytes::Id(id) => {
                let verified = certificate.public_key().verify(crate::certificate::HashAlgorithm::Sha256, id.as_bytes(), &self.signature);
                verified.map(|()| bound).map_err(|_| Reason::EntrySignature.into())
            }
        }
    }
}

/// An entry, bound to its content and certificate.
#[derive(Debug, Clone)]
pub struct Bound<'a> {
    /// What it is about.
    pub content: &'a LoggedContent,
    digest: [u8; 32],
    signature: Vec<u8>,
}

impl Bound<'_> {
    /// The record that the log has.
    pub fn record<'a>(&'a self, certificate: &'a Certificate) -> HashedRekord<'a> {
        HashedRekord::of_certificate(&self.digest, &self.signature, certificate.der(), certificate.public_key().details())
    }
}

/// The file with these entries.
pub fn to_file(entries: &[DetachedEntry]) -> String {
    let lines: String = entries.iter().map(|entry| STANDARD.encode(entry.entry.encode_to_vec()) + "\n").collect();
    format!("{FIRST_LINE}\n{}\n{lines}", hex::encode(Sha256::digest(&lines)))
}

/// A file of entries that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntriesError {
    /// The file is larger than [`MAX_ENTRY_FILE`].
    #[error("it is too large")]
    TooLarge,
    /// The first line is not that of such a file.
    #[error("its first line is another")]
    FirstLine,
    /// A line is missing.
    #[error("it ends early")]
    Incomplete,
    /// The digest is not that of the entries.
    #[error("it was changed after it was written")]
    Changed,
    /// There are more than [`MAX_DETACHED`] entries.
    #[error("it holds more than {MAX_DETACHED} entries")]
    TooMany,
    /// A line is not base64.
    #[error("a line is not base64")]
    Base64,
    /// A line is not an entry.
    #[error(transparent)]
    Entry(#[from] Rejection),
}

/// The entries of a file.
///
/// # Errors
/// Why the file cannot be used.
pub fn from_file(text: &str) -> Result<Vec<DetachedEntry>, EntriesError> {
    if text.len() > MAX_ENTRY_FILE {
        return Err(EntriesError::TooLarge);
    }
    let mut parts = text.splitn(3, '\n');
    if parts.next() != Some(FIRST_LINE) {
        return Err(EntriesError::FirstLine);
    }
    let (Some(digest), Some(lines)) = (parts.next(), parts.next()) else { return Err(EntriesError::Incomplete) };
    if hex::encode(Sha256::digest(lines)) != digest {
        return Err(EntriesError::Changed);
    }
    if lines.lines().count() > MAX_DETACHED {
        return Err(EntriesError::TooMany);
    }
    let read = |line: &str| {
        let encoded = STANDARD.decode(line).map_err(|_| EntriesError::Base64)?;
        Ok(DetachedEntry::new(parse_entry(&encoded)?)?)
    };
    lines.lines().map(read).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    kind: String,
    api_version: String,
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    data: Data,
    signature: BodySignature,
}

#[derive(Deserialize)]
struct Data {
    hash: Hash,
}

#[derive(Deserialize)]
struct Hash {
    value: String,
}

#[derive(Deserialize)]
struct BodySignature {
    content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(body: &str) -> TransparencyLogEntry {
        TransparencyLogEntry {
            kind_version: Some(EntryVersion::V001.kind_version()),
            canonicalized_body: body.into(),
            ..TransparencyLogEntry::default()
        }
    }

    fn hashed() -> DetachedEntry {
        let record = HashedRekord::of_certificate(&[7; 32], b"signature", b"certificate", "");
        DetachedEntry::new(entry(&String::from_utf8(record.canonical_body(EntryVersion::V001)).unwrap())).unwrap()
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        for count in [0, 1, MAX_DETACHED] {
            let entries = vec![hashed(); count];
            assert_eq!(from_file(&to_file(&entries)).unwrap(), entries);
        }
    }

    #[test]
    fn a_damaged_file_says_what_is_wrong() {
        let file = to_file(&[hashed()]);
        let with_lines = |lines: &str| format!("{FIRST_LINE}\n{}\n{lines}", hex::encode(Sha256::digest(lines)));
        assert!(file.contains("\nGh"), "{file}");
        let nested = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let odd_body = STANDARD.encode(entry(&nested).encode_to_vec());
        for (text, expected) in [
            (String::new(), "its first line is another"),
            ("paraph log entries 2\n".into(), "its first line is another"),
            (FIRST_LINE.into(), "it ends early"),
            (format!("{FIRST_LINE}\nabc"), "it ends early"),
            (file.replacen("\nGh", "\nGg", 1), "it was changed after it was written"),
            (file.trim_end().to_owned(), "it was changed after it was written"),
            (with_lines("?\n"), "a line is not base64"),
            (with_lines("AAAA\n"), "the log entry is malformed: failed to decode"),
            (with_lines(&format!("{odd_body}\n")), "its body is not a hashedrekord"),
            (with_lines(&"AAAA\n".repeat(MAX_DETACHED + 1)), "it holds more than 16 entries"),
            (with_lines(&"A".repeat(MAX_ENTRY_FILE)), "it is too large"),
        ] {
            let error = from_file(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    #[test]
    fn an_entry_of_another_kind_is_refused() {
        let of = |kind: &str, version: &str| {
            let body = format!(
                r#"{{"apiVersion":"{version}","kind":"{kind}","spec":{{"data":{{"hash":{{"value":""}}}},"signature":{{"content":""}}}}}}"#
            );
            DetachedEntry::new(entry(&body)).map(|_| ()).unwrap_err().reason()
        };
        assert_eq!(of("rekord", "0.0.1"), Reason::EntryKind);
        assert_eq!(of("hashedrekord", "0.0.2"), Reason::EntryKind);
        let of_v2 = TransparencyLogEntry { kind_version: Some(EntryVersion::V002.kind_version()), ..entry("{}") };
        assert_eq!(DetachedEntry::new(of_v2).unwrap_err().reason(), Reason::EntryKind);
        assert_eq!(DetachedEntry::new(entry("{}")).unwrap_err().reason(), Reason::EntryMalformed);
    }
}
