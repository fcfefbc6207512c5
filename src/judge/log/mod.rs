//! Asks a log for entries and proofs, and verifies its answers with the trust root.
//!
//! The log is not trusted: an entry counts by its inclusion proof, and a newer tree by a consistency proof, both under a checkpoint that a key of
//! the trust root signed. Nobody can tell whether a log withholds an even newer checkpoint.

mod error;
mod proof;
mod provable;

pub(crate) use error::LogError;
pub(crate) use proof::{LogProof, TreeHead};
pub(crate) use provable::Provable;

use crate::{
    Reason, Rejection,
    evidence::{
        checkpoint::Checkpoint,
        entry::{EntryVersion, TransparencyLogEntry},
        log::{IncludedEntry, log_id, stated_origin, verify_included},
    },
    service::{
        Http,
        rekor_v1::{RekorV1, is_uuid},
        rekor_v2::RekorV2,
    },
    sign::LogVersion,
    trust::{Log, TrustRoot},
};
use std::borrow::Cow;

/// How an entry is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryName {
    /// By the hash of its leaf, in hexadecimal, optionally after its tree's number. Only Rekor v1 finds entries by it.
    Uuid(String),
    /// By its index in the log.
    Index(u64),
}

impl EntryName {
    /// Reads a name: an index, or 64 or 80 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if is_uuid(text) {
            return Some(Self::Uuid(text.to_owned()));
        }
        // an index is a signed number for both APIs
        let index = text.parse::<u64>().ok().filter(|index| i64::try_from(*index).is_ok());
        index.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).map(Self::Index)
    }
}

/// An entry as a log gave it, and what was verified of it.
#[derive(Debug)]
pub(crate) struct FoundEntry {
    /// Its UUID, with Rekor v1.
    pub uuid: Option<String>,
    /// The entry.
    pub entry: TransparencyLogEntry,
    /// Its place.
    pub included: IncludedEntry,
}

/// Reads logs, with the keys of the trust roots.
#[derive(Debug)]
pub(crate) struct LogReader<'a> {
    roots: &'a [TrustRoot],
    http: Http,
}

impl<'a> LogReader<'a> {
    /// A reader with one time limit for all its calls together.
    pub(crate) fn new(roots: &'a [TrustRoot], http: &Http) -> Self {
        Self { roots, http: http.bounded() }
    }

    /// An entry of the log at this address.
    ///
    /// # Errors
    /// [`LogError`].
    pub(crate) async fn get(&self, name: &EntryName, url: &str, version: LogVersion) -> Result<FoundEntry, LogError> {
        match (name, version) {
            (EntryName::Uuid(_), LogVersion::V2) => Err(LogError::UuidOfV2),
            (_, LogVersion::V1) => self.get_v1(name, url).await,
            (EntryName::Index(index), LogVersion::V2) => self.get_v2(*index, url).await,
        }
    }

    async fn get_v1(&self, name: &EntryName, url: &str) -> Result<FoundEntry, LogError> {
        let log = RekorV1::new(&self.http, url)?;
        let (found, name) = match name {
            EntryName::Uuid(uuid) => (log.entry(uuid).await?, uuid.clone()),
            EntryName::Index(index) => (log.entry_at(*index).await?, index.to_string()),
        };
        let (uuid, entry) = found.ok_or_else(|| LogError::NotFound { url: url.to_owned(), name })?;
        let included = self.log_of(&entry).and_then(|known| verify_included(&entry, EntryVersion::V001, &known.key));
        let included = included.map_err(|rejection| not_accepted(url, rejection))?;
        Ok(FoundEntry { uuid: Some(uuid), entry, included })
    }

    async fn get_v2(&self, index: u64, url: &str) -> Result<FoundEntry, LogError> {
        let log = RekorV2::new(&self.http, url)?;
        let note = log.checkpoint().await?;
        let newest = Checkpoint::parse(&note).and_then(|checkpoint| Ok((self.signer_of(&checkpoint)?, checkpoint)));
        let (known, checkpoint) = newest.map_err(|rejection| not_accepted(url, rejection))?;
        if index >= checkpoint.tree_size {
            return Err(LogError::NotFound { url: url.to_owned(), name: index.to_string() });
        }
        let entry = log.entry_at(index, &checkpoint, &note, known.key.id).await?;
        let included = verify_included(&entry, EntryVersion::V002, &known.key).map_err(|rejection| not_accepted(url, rejection))?;
        Ok(FoundEntry { uuid: None, entry, included })
    }

    /// The log that an entry names.
    fn log_of(&self, entry: &TransparencyLogEntry) -> Result<Cow<'a, Log>, Rejection> {
        let (id, origin) = (log_id(entry)?, stated_origin(entry));
        let known = self.roots.iter().find_map(|root| root.log(&id, origin));
        known.ok_or_else(|| self.unknown(&format!("log {}", hex::encode(id))))
    }

    /// The log whose key signed a checkpoint.
    fn signer_of(&self, checkpoint: &Checkpoint) -> Result<Cow<'a, Log>, Rejection> {
        let known = self.roots.iter().find_map(|root| root.signer_of(checkpoint));
        known.ok_or_else(|| self.unknown(&format!("the checkpoint of \"{}\"", checkpoint.origin)))
    }

    fn unknown(&self, what: &str) -> Rejection {
        let keys: Vec<String> = self.roots.iter().map(TrustRoot::keys).collect();
        Rejection::new(Reason::LogUnknown, format!("{what}; checked with {}", keys.join(" and ")))
    }
}

fn not_accepted(url: &str, rejection: Rejection) -> LogError {
    LogError::Answer { url: url.to_owned(), rejection }
}

#[cfg(test)]
mod tests;
