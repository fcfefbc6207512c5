//! Log entries that signatures do not embed: stored on this machine, and looked up where the caller asks for it.
//!
//! The verifier binds each entry to the object, the certificate and the log; this module only supplies them. Without a [`Lookup`] nothing here
//! opens a socket.

mod lookup;
mod store;

pub(crate) use lookup::Lookup;

use crate::{
    Rejection,
    evidence::detached::DetachedEntry,
    object::Signed,
    signature::ParsedSignature,
    verify::{CheckedSignature, LookupKeys, Verified, Verifier},
};
use std::sync::{Mutex, PoisonError};
use store::EntryStore;

/// Where log entries come from that a signature does not embed.
#[derive(Debug)]
pub(crate) struct Entries {
    store: Option<EntryStore>,
    lookup: Option<Lookup>,
    warnings: Mutex<Vec<String>>,
}

impl Entries {
    /// No entries beside the embedded ones: what a server accepts does not depend on the files in a cache.
    pub(crate) fn none() -> Self {
        Self { store: None, lookup: None, warnings: Mutex::default() }
    }

    /// The entries in the user's cache folder.
    pub(crate) fn stored() -> Self {
        Self { store: EntryStore::of_user(), ..Self::none() }
    }

    /// Asks logs too, where `lookup` is given.
    #[must_use]
    pub(crate) fn with_lookup(self, lookup: Option<Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// Verifies a signature; where only its log entry is missing, with an entry from here. `signature` is the parsed signature of `signed`.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub(crate) fn verify(&self, verifier: &Verifier, signed: &Signed<'_>, signature: &ParsedSignature<'_>) -> Result<Verified, Rejection> {
        let checked = verifier.check(signed, signature)?;
        let Some(keys) = checked.lookup_keys() else { return checked.verify() };
        let with_stored = self.read(&keys).map(|entries| checked.verify_with(&entries));
        match (with_stored, &self.lookup) {
            (Some(Ok(verified)), _) => Ok(verified),
            (_, Some(lookup)) => self.look_up(lookup, &keys, &checked),
            (Some(Err(rejection)), None) => Err(Rejection::new(
                rejection.reason(),
                format!("{}in stored entries; `paraph verify --lookup` fetches them again", before_more(rejection.detail())),
            )),
            (None, None) => checked.verify(),
        }
    }

    /// What the user should know, in sentences. Each is returned once.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        let mut warnings = std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner));
        warnings.extend(self.lookup.iter().flat_map(Lookup::take_warnings));
        warnings
    }

    fn look_up(&self, lookup: &Lookup, keys: &LookupKeys, checked: &CheckedSignature<'_>) -> Result<Verified, Rejection> {
        let entries = lookup.entries(keys)?;
        let verified = checked.verify_with(&entries)?;
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.write(&keys.name(), &entries)) {
            self.warn(format!("The log entry was found but not stored, so the next verification looks it up again: {error}."));
        }
        Ok(verified)
    }

    /// The stored entries of a signature. A damaged file is reported, and counts as none.
    fn read(&self, keys: &LookupKeys) -> Option<Vec<DetachedEntry>> {
        let store = self.store.as_ref()?;
        match store.read(&keys.name()) {
            Ok(entries) => entries.filter(|entries| !entries.is_empty()),
            Err(error) => {
                let next = if self.lookup.is_some() { "it is fetched again" } else { "`paraph verify --lookup` fetches it again" };
                self.warn(format!("A stored log entry cannot be used; {next}: {error}."));
                None
            }
        }
    }

    fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// A detail, as it stands before more detail.
fn before_more(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!("{detail}; ") }
}
