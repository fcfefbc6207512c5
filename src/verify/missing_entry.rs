//! A signature without an embedded log entry: what to look for in a log, and what an entry from there may be about.

use super::signer_certificate;
use crate::{
    LegacyRule, Rejection,
    evidence::detached::{LoggedBytes, LoggedContent},
    object::Signed,
    signature::{GitSignature, armor, cms::SignedData},
};

/// By what a log finds the entries of a signature that embeds none. Nothing is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The signer's certificate, DER.
    pub certificate: Vec<u8>,
    /// What the entry may be about, as SHA-256, the likeliest first: the object's ids, then the signature itself.
    pub digests: Vec<[u8; 32]>,
}

impl Sought {
    /// What to look for.
    ///
    /// # Errors
    /// Where the signature cannot be taken apart.
    pub fn of(signed: &Signed<'_>) -> Result<Self, Rejection> {
        let cms = armor::decode(&signed.signature)?;
        let signed_data = SignedData::from_der(&cms)?;
        let (certificate, _) = signer_certificate(&signed_data)?;
        let signer = GitSignature::new(signed_data)?.signer;
        let own = own_subject(&signer.signed_bytes()?, signer.signature);
        let digests = id_subjects(signed).iter().chain([&own]).map(|subject| subject.signed.digest()).collect();
        Ok(Self { certificate: certificate.der().to_vec(), digests })
    }

    /// The name under which entries of this signature are kept: the SHA-256 of the object's id, in hexadecimal.
    pub fn name(&self) -> String {
        hex::encode(self.digests.first().map_or(&[][..], |digest| digest.as_slice()))
    }
}

/// The object's ids.
pub(super) fn id_subjects(signed: &Signed<'_>) -> Vec<LoggedContent> {
    let ids = signed.logged_ids().into_iter();
    ids.map(|logged| LoggedContent { signed: LoggedBytes::Id(logged.id), rules: logged.rules }).collect()
}

/// The signature itself: what an embedded entry would be about.
pub(super) fn own_subject(signed_bytes: &[u8], signature: &[u8]) -> LoggedContent {
    let signed = LoggedBytes::Signature { signed_bytes: signed_bytes.to_vec(), signature: signature.to_vec() };
    LoggedContent { signed, rules: vec![LegacyRule::EntryNotEmbedded] }
}
