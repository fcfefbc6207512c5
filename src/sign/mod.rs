//! The signing pipeline: payload in, armored signature out, and nothing in between that was not checked.
//!
//! ```text
//! token ─ ephemeral key ─ certificate, checked ─ CMS ─┬─ log entry ─┐
//!                                                     └─ timestamp ─┴─ embed ─ self-verify ─ signature
//! ```
//! The verifier that judges other people's signatures judges this one before anybody sees it.

mod credential;

pub use credential::{Credential, obtain};

use crate::{
    Rejection,
    evidence::entry::{EntryVersion, HashedRekord},
    object::Signed,
    service::{Http, ServiceError, rekor_v1::RekorV1, rekor_v2::RekorV2, timestamp::TimestampAuthority},
    signature::{
        armor,
        git::{GitSignatureParts, signed_attributes},
    },
    trust::TrustRoot,
    verify::{Verified, Verifier},
};
use jiff::Timestamp;
use prost::Message;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The services that a signature needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// Fulcio's base URL.
    pub fulcio: String,
    /// The log's base URL.
    pub log: String,
    /// The log's API.
    pub log_version: LogVersion,
    /// The timestamp authority's URL. Rekor v2 tells no time, so it needs one.
    pub timestamp_authority: Option<String>,
}

/// The major version of a log's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogVersion {
    /// Rekor v1.
    V1,
    /// Rekor v2 (rekor-tiles).
    V2,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A service gave no usable answer.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The certificate that Fulcio gave is not one that can be used.
    #[error("the certificate from Fulcio cannot be used: {0}")]
    Certificate(Rejection),
    /// The trust root has the authority, and not the certificate between it and the signer's.
    #[error("the trust root holds the authority of the certificate from Fulcio and not the intermediate certificate between the two")]
    IntermediateMissing,
    /// The certificate names somebody else than the token.
    #[error("the certificate from Fulcio is not for this signature: {0}")]
    WrongCertificate(String),
    /// The finished signature did not pass the verifier.
    #[error("the finished signature did not pass its own verification, so it was thrown away: {0}")]
    SelfCheck(Rejection),
    /// Rekor v2 without a timestamp authority.
    #[error("Rekor v2 tells no time, so a signature needs a timestamp authority, and none is configured")]
    TimestampAuthorityMissing,
    /// A structure could not be encoded.
    #[error("the signature could not be encoded: {0}")]
    Encoding(#[from] der::Error),
}

/// A finished signature.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The armored CMS, as git stores it.
    pub armored: String,
    /// What the verifier made of it.
    pub verified: Verified,
}

/// Signs a payload with a credential that is valid now.
///
/// `clock` tells the time; `roots` are those that the finished signature must verify under.
///
/// # Errors
/// [`SignError`]; then nothing was signed, though the log may hold an entry of the attempt.
pub async fn sign(
    payload: &[u8],
    credential: &Credential,
    services: &Services,
    roots: &[TrustRoot],
    http: &Http,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<Signature, SignError> {
    let attributes = signed_attributes(&Sha256::digest(payload).into(), clock().as_second().unsigned_abs())?;
    let signature = credential.sign(&attributes);
    let certificate = credential.certificate().certificate();
    let record = HashedRekord {
        digest: &Sha256::digest(&attributes).into(),
        signature: &signature,
        certificate: certificate.der(),
        key_details: certificate.public_key().details(),
    };
    let (entry, token) = tokio::try_join!(log_entry(&record, services, roots, http), timestamp(&signature, services, http))?;
    let tokens: Vec<Vec<u8>> = token.into_iter().collect();
    let cms = GitSignatureParts {
        certificate: certificate.der(),
        issuer: certificate.issuer(),
        serial: certificate.serial(),
        signed_attributes: &attributes,
        signature: &signature,
        entry: Some(&entry),
        tokens: &tokens,
    }
    .to_der()?;
    let armored = armor::encode(&cms);
    let signed = Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(armored.as_bytes()) };
    let verified = Verifier::new(roots.to_vec(), clock()).verify(&signed).map_err(SignError::SelfCheck)?;
    Ok(Signature { verified, armored })
}

/// The encoded log entry, its body cleared: the verifier recomputes it.
async fn log_entry(record: &HashedRekord<'_>, services: &Services, roots: &[TrustRoot], http: &Http) -> Result<Vec<u8>, SignError> {
    let mut entry = match services.log_version {
        LogVersion::V1 => RekorV1::new(http, &services.log)?.create(record).await?,
        LogVersion::V2 => {
            let known = roots.iter().flat_map(|root| &root.logs).map(|log| log.key.id.to_vec());
            RekorV2::new(http, &services.log)?.create(record, &known.collect::<Vec<_>>()).await?
        }
    };
    if services.log_version == LogVersion::V2 {
        entry.kind_version = Some(EntryVersion::V002.kind_version());
    }
    entry.canonicalized_body.clear();
    Ok(entry.encode_to_vec())
}

async fn timestamp(signature: &[u8], services: &Services, http: &Http) -> Result<Option<Vec<u8>>, SignError> {
    match &services.timestamp_authority {
        Some(url) => Ok(Some(TimestampAuthority::new(http, url)?.stamp(signature).await?)),
        None if services.log_version == LogVersion::V2 => Err(SignError::TimestampAuthorityMissing),
        None => Ok(None),
    }
}
