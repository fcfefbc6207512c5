//! The signing pipeline: payload in, armored signature out, and nothing in between that was not checked.
//!
//! ```text
//! token ─ ephemeral key ─ certificate, checked ─ CMS ─┬─ log entry ─┐
//!                                                     └─ timestamp ─┴─ embed ─ self-verify ─ signature
//! ```
//! The verifier that judges other people's signatures judges this one: before that it is a [`Draft`], which nobody takes for a signature.

mod credential;
mod publication;

pub use credential::{Credential, obtain};
pub use publication::Publication;

use crate::{
    Layer, Reason, Rejection,
    evidence::entry::{EntryVersion, HashedRekord},
    object::Signed,
    service::{Http, Service, ServiceError, rekor_v1::RekorV1, rekor_v2::RekorV2, timestamp::TimestampAuthority},
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
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

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

impl Services {
    /// The services that gave the part of a signature in which verification found this.
    fn origin_of(&self, reason: Reason) -> String {
        let fulcio = format!("the certificate came from Fulcio at {}", self.fulcio);
        let log = format!("the log entry came from {} at {}", self.log_version.service(), self.log);
        let timestamp =
            self.timestamp_authority.as_ref().map(|url| format!("the timestamp came from {} at {url}", Service::TimestampAuthority));
        let origins = match reason.layer() {
            Layer::Log => vec![log],
            Layer::Timestamp => Vec::from_iter(timestamp),
            Layer::Certificate | Layer::Chain | Layer::Sct => vec![fulcio],
            Layer::Object | Layer::Armor | Layer::Cms | Layer::Time => [fulcio, log].into_iter().chain(timestamp).collect(),
        };
        origins.join(", ")
    }
}

/// The major version of a log's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogVersion {
    /// Rekor v1.
    V1,
    /// Rekor v2 (rekor-tiles).
    V2,
}

impl LogVersion {
    fn service(self) -> Service {
        match self {
            Self::V1 => Service::RekorV1,
            Self::V2 => Service::RekorV2,
        }
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A service gave no usable answer.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The certificate that Fulcio gave is not one that can be used.
    #[error("the certificate from Fulcio at {fulcio} cannot be used: {rejection}")]
    Certificate {
        /// Fulcio's URL.
        fulcio: String,
        /// Why not.
        rejection: Rejection,
    },
    /// The trust root has the authority, and not the certificate between it and the signer's.
    #[error(
        "the trust root holds the authority of the certificate from Fulcio at {fulcio}, and not the intermediate certificate between the two"
    )]
    IntermediateMissing {
        /// Fulcio's URL.
        fulcio: String,
    },
    /// The certificate is for another key or somebody else than was asked for.
    #[error("the certificate from Fulcio at {fulcio} is not for this signature: {detail}")]
    WrongCertificate {
        /// Fulcio's URL.
        fulcio: String,
        /// What does not fit.
        detail: String,
    },
    /// The finished signature did not pass the verifier.
    #[error("the finished signature did not pass its own verification, so it was thrown away: {rejection} ({origin})")]
    SelfCheck {
        /// Why not.
        rejection: Rejection,
        /// Which services the part that failed came from.
        origin: String,
    },
    /// Rekor v2 without a timestamp authority.
    #[error("Rekor v2 tells no time, so a signature needs a timestamp authority, and none is configured")]
    TimestampAuthorityMissing,
    /// A structure could not be encoded.
    #[error("the signature could not be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// No key could be made, or none used.
    #[error("the cryptographic library makes no key or no signature")]
    Key(#[from] aws_lc_rs::error::Unspecified),
}

impl SignError {
    /// What to do, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Service(error) => error.hint()?.to_owned(),
            Self::Certificate { rejection, .. } | Self::SelfCheck { rejection, .. } => {
                let hint = "`paraph trust status` shows what is trusted, `paraph trust update` renews it, and `paraph config` shows which services are used";
                match trust_setting(rejection.reason()) {
                    Some(setting) => format!("{hint}; where trust comes from files, {setting} names the one that is missing"),
                    None => hint.to_owned(),
                }
            }
            Self::IntermediateMissing { .. } => {
                "a signature carries no other certificate than the signer's: add Fulcio's intermediate certificate to the file of paraph.fulcioRoot".to_owned()
            }
            Self::TimestampAuthorityMissing => "set paraph.timestampServerURL".to_owned(),
            Self::WrongCertificate { .. } | Self::Encoding(_) | Self::Key(_) => return None,
        })
    }
}

/// The setting that names a file with what is not in the trust root.
fn trust_setting(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::UnknownAuthority => Some("paraph.fulcioRoot"),
        Reason::SctUnknownLog => Some("paraph.ctLogPublicKey"),
        Reason::LogUnknown => Some("paraph.rekorPublicKey"),
        Reason::TimestampUnknownAuthority => Some("paraph.timestampCertChain"),
        _ => None,
    }
}

/// A finished signature.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The armored CMS, as git stores it.
    pub armored: String,
    /// What the verifier made of it.
    pub verified: Verified,
    /// Where its time went.
    pub spent: Spent,
}

/// How long the parts of a signature took that are not the signer's own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Log and timestamp authority, which are asked at the same time.
    pub services: Duration,
    /// The verification of the finished signature.
    pub verification: Duration,
}

/// A signature with all its evidence that nobody has verified yet.
#[derive(Debug)]
pub struct Draft {
    armored: String,
    services: Duration,
}

impl Draft {
    /// The armored CMS.
    pub fn armored(&self) -> &str {
        &self.armored
    }

    /// Makes it a signature, where it verifies over the payload under these roots. They are shared, and not copied: whoever signs again finds
    /// most of the checks done.
    ///
    /// # Errors
    /// [`SignError::SelfCheck`].
    pub fn check(
        self,
        payload: &[u8],
        services: &Services,
        roots: &Arc<[TrustRoot]>,
        clock: &(dyn Fn() -> Timestamp + Sync),
    ) -> Result<Signature, SignError> {
        let Self { armored, services: services_took } = self;
        let begun = Instant::now();
        let signed = Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(armored.as_bytes()) };
        let verified = Verifier::new(Arc::clone(roots), clock()).verify(&signed);
        let verified = verified.map_err(|rejection| SignError::SelfCheck { origin: services.origin_of(rejection.reason()), rejection })?;
        Ok(Signature { verified, armored, spent: Spent { services: services_took, verification: begun.elapsed() } })
    }
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
    roots: &Arc<[TrustRoot]>,
    http: &Http,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<Signature, SignError> {
    draft(payload, credential, services, roots, http, clock).await?.check(payload, services, roots, clock)
}

/// Does all of [`sign`] but the last verification.
///
/// # Errors
/// [`SignError`]; then nothing was signed, though the log may hold an entry of the attempt.
pub async fn draft(
    payload: &[u8],
    credential: &Credential,
    services: &Services,
    roots: &Arc<[TrustRoot]>,
    http: &Http,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<Draft, SignError> {
    let attributes = signed_attributes(&Sha256::digest(payload).into(), clock().as_second().unsigned_abs())?;
    let signature = credential.sign(&attributes)?;
    let certificate = credential.certificate().certificate();
    let record = HashedRekord {
        digest: &Sha256::digest(&attributes).into(),
        signature: &signature,
        certificate: certificate.der(),
        key_details: certificate.public_key().details(),
    };
    let asked = Instant::now();
    let (entry, token) = tokio::try_join!(log_entry(&record, services, roots, http), timestamp(&signature, services, http))?;
    let services = asked.elapsed();
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
    Ok(Draft { armored: armor::encode(&cms), services })
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
