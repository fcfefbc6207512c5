//! The keys by which a log finds the entry of a signature that embeds none.

use crate::{
    LegacyRule,
    evidence::detached::{LoggedBytes, LoggedContent},
    object::Signed,
};

/// The keys of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupKeys {
    /// The signer's certificate, DER.
    pub certificate: Vec<u8>,
    /// SHA-256 of what the entry may be about, the likeliest first: the object's ids, then the signature itself.
    pub digests: Vec<[u8; 32]>,
}

impl LookupKeys {
    /// The name under which entries of this signature are stored: the first digest in hexadecimal.
    pub fn name(&self) -> String {
        self.digests.first().map(hex::encode).unwrap_or_default()
    }
}

/// The object's ids, as the log may know them.
pub(super) fn logged_ids(signed: &Signed<'_>) -> impl Iterator<Item = LoggedContent> {
    signed.logged_ids().into_iter().map(|logged| LoggedContent { signed: LoggedBytes::Id(logged.id), rules: logged.rules })
}

/// The signature itself: what an embedded entry would be about.
pub(super) fn logged_signature(signed_bytes: &[u8], signature: &[u8]) -> LoggedContent {
    let signed = LoggedBytes::Signature { signed_bytes: signed_bytes.to_vec(), signature: signature.to_vec() };
    LoggedContent { signed, rules: vec![LegacyRule::EntryNotEmbedded] }
}
