//! Log entries that no signature embeds: found by a search, and kept so that the next verification needs no network.
//!
//! Nothing about one is trusted, wherever it comes from: it is bound to the object, the certificate and the log each time it is used.
//!
//! A file of kept entries is text, each line with a line feed:
//!
//! | line | meaning |
//! | --- | --- |
//! | 1 | `paraph log entries 1` |
//! | 2 | the SHA-256 of all that follows, in lower-case hexadecimal |
//! | 3 and on | an entry each: the `TransparencyLogEntry` with its body, protobuf in base64 |
//!
//! The digest finds damage; it keeps nobody out. Who can write such a file can make a signature of old fail, and cannot make one good.

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
/// A file of kept entries larger than this is not read, in bytes.
pub const MAX_KEPT: usize = 1 << 20;
const FIRST_LINE: &str = "paraph log entries 1";

/// An entry of Rekor v1 with its body, read and not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct DetachedEntry {
    entry: TransparencyLogEntry,
    digest: String,
    signature: Vec<u8>,
}

/// What a detached entry may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedContent {
    /// What the log was told to have been signed.
    pub signed: LoggedBytes,
    /// The legacy rules by which an entry about it counts; at least one.
    pub rules: Vec<LegacyRule>,
}

/// The bytes that a detached entry's signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedBytes {
    /// An object's id in hexadecimal, signed a second time by the signer's key: the entry alone holds that signature.
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
    /// SHA-256: by this a log finds the entry.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Self::Id(id) => Sha256::digest(id).into(),
            Self::Signature { signed_bytes, .. } => Sha256::digest(signed_bytes).into(),
        }
    }
}

impl DetachedEntry {
    /// Takes an entry apart.
    ///
    /// # Errors
    /// [`Reason::EntryKind`] where it is not of Rekor v1's `hashedrekord`, or [`Reason::EntryMalformed`].
    pub fn new(entry: TransparencyLogEntry) -> Result<Self, Rejection> {
        if stated_version(&entry)? != EntryVersion::V001 {
            return Err(Rejection::new(Reason::EntryKind, "only entries of Rekor v1 can be looked up"));
        }
        if entry.canonicalized_body.len() > MAX_ENTRY {
            return Err(Rejection::new(Reason::EntryMalformed, format!("a body of {} bytes", entry.canonicalized_body.len())));
        }
        let malformed = || Rejection::new(Reason::EntryMalformed, "its body is no hashedrekord of version 0.0.1");
        let body: Body = serde_json::from_slice(&entry.canonicalized_body).map_err(|_| malformed())?;
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

    /// Binds the entry to one of the subjects and the certificate: its digest is the subject's, the certificate's key made its signature
    /// over the subject, and its body says this and nothing else. What remains to be checked is the log's word for it.
    ///
    /// # Errors
    /// [`Reason::EntryMismatch`] or [`Reason::EntrySignature`].
    pub fn bind<'a>(&self, contents: &'a [LoggedContent], certificate: &Certificate) -> Result<Bound<'a>, Rejection> {
        let about = contents.iter().find(|content| hex::encode(content.signed.digest()) == self.digest);
        let content = about.ok_or_else(|| Rejection::new(Reason::EntryMismatch, "it is about another object"))?;
        let bound = Bound { content, digest: content.signed.digest(), signature: self.signature.clone() };
        if bound.record(certificate).canonical_body(EntryVersion::V001) != self.entry.canonicalized_body {
            return Err(Rejection::new(Reason::EntryMismatch, "it is about this object, and another certificate signed it"));
        }
        match &content.signed {
            LoggedBytes::Signature { signature, .. } if *signature != self.signature => {
                Err(Rejection::new(Reason::EntryMismatch, "it holds another signature over the same content"))
            }
            // the signature was verified as the commit's or tag's own
            LoggedBytes::Signature { .. } => Ok(bound),
            LoggedBytes::Id(id) => {
                let verified = certificate.public_key().verify(crate::certificate::HashAlgorithm::Sha256, id.as_bytes(), &self.signature);
                verified.map(|()| bound).map_err(|_| Reason::EntrySignature.into())
            }
        }
    }
}

/// An entry's content, bound to its subject.
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
        let (digest, signature) = (&self.digest, &self.signature);
        HashedRekord { digest, signature, certificate: certificate.der(), key_details: certificate.public_key().details() }
    }
}

/// The file that keeps these entries.
pub fn to_file(entries: &[DetachedEntry]) -> String {
    let lines: String = entries.iter().map(|entry| STANDARD.encode(entry.entry.encode_to_vec()) + "\n").collect();
    format!("{FIRST_LINE}\n{}\n{lines}", hex::encode(&Sha256::digest(&lines)))
}

/// The entries of a file.
///
/// # Errors
/// Why it is damaged, as a clause.
pub fn from_file(text: &str) -> Result<Vec<DetachedEntry>, String> {
    if text.len() > MAX_KEPT {
        return Err("it is too large".into());
    }
    let mut parts = text.splitn(3, '\n');
    if parts.next() != Some(FIRST_LINE) {
        return Err("its first line is another".into());
    }
    let (Some(digest), Some(lines)) = (parts.next(), parts.next()) else { return Err("it ends early".into()) };
    if hex::encode(&Sha256::digest(lines)) != digest {
        return Err("it was changed after it was written".into());
    }
    if lines.lines().count() > MAX_DETACHED {
        return Err(format!("it holds more than {MAX_DETACHED} entries"));
    }
    let read = |line: &str| {
        let encoded = STANDARD.decode(line).map_err(|_| "a line is not base64".to_owned())?;
        parse_entry(&encoded).and_then(DetachedEntry::new).map_err(|rejection| rejection.to_string())
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
        let record = HashedRekord { digest: &[7; 32], signature: b"signature", certificate: b"certificate", key_details: "" };
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
        let with_lines = |lines: &str| format!("{FIRST_LINE}\n{}\n{lines}", hex::encode(&Sha256::digest(lines)));
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
            (with_lines(&format!("{odd_body}\n")), "its body is no hashedrekord"),
            (with_lines(&"AAAA\n".repeat(MAX_DETACHED + 1)), "it holds more than 16 entries"),
            (with_lines(&"A".repeat(MAX_KEPT)), "it is too large"),
        ] {
            let error = from_file(&text).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    #[test]
    fn an_entry_of_another_kind_is_no_detached_entry() {
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
