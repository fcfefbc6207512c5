//! The log entries of a signature that verifies.

use super::LogError;
use crate::{
    Rejection,
    bundle::Bundle,
    evidence::{
        entry::TransparencyLogEntry,
        log::{LoggedEntry, parse_entry},
    },
    object::Signed,
    signature::ParsedSignature,
    verify::{ManagedKey, Verifier},
};

/// A verified entry of a signature.
#[derive(Debug, Clone)]
pub(crate) struct Provable {
    /// The entry as the signature holds it.
    pub entry: TransparencyLogEntry,
    /// What the verification of the signature showed of it.
    pub logged: LoggedEntry,
}

impl Provable {
    /// The entries of a bundle, at least one. Who signed is not judged.
    ///
    /// # Errors
    /// [`LogError::Signature`] or [`LogError::NoDigest`].
    pub(crate) fn of_bundle(verifier: &Verifier, bundle: &Bundle, key: Option<&ManagedKey>) -> Result<Vec<Self>, LogError> {
        let logged = verifier.verify_bundle_itself(bundle, key).map_err(LogError::Signature)?.ok_or(LogError::NoDigest)?;
        Ok(bundle.entries.iter().zip(logged).map(|(entry, logged)| Self { entry: entry.clone(), logged }).collect())
    }

    /// The entry embedded in the signature of a git object. Who signed is not judged.
    ///
    /// # Errors
    /// [`LogError::Signature`].
    pub(crate) fn of_git(verifier: &Verifier, signed: &Signed<'_>) -> Result<Self, LogError> {
        let mut cms = Vec::new();
        let signature = ParsedSignature::parse(&signed.signature, &mut cms);
        let read = || -> Result<Self, Rejection> {
            let logged = verifier.check(signed, &signature)?.verify()?.entry().clone();
            let encoded = signature.content()?.form()?.evidence.entry.ok_or(crate::Reason::EntryMissing)?;
            Ok(Self { entry: parse_entry(encoded)?, logged })
        };
        read().map_err(LogError::Signature)
    }
}
