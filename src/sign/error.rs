//! Why nothing was signed.

use super::LogVersion;
use crate::{
    Reason, Rejection,
    identity::WrongSigner,
    service::ServiceError,
    wording::{spoken_duration, spoken_time},
};
use jiff::Timestamp;
use std::time::Duration;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The token is not of the requested signer.
    #[error("{0}; nothing was sent to Fulcio or the log")]
    WrongSigner(WrongSigner),
    /// The certificate is not of the requested signer.
    #[error("{0}; nothing was sent to the log")]
    WrongCertifiedSigner(WrongSigner),
    /// A service gave no usable answer.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Fulcio's certificate does not verify.
    #[error("the certificate from Fulcio at {fulcio} cannot be used: {rejection}")]
    Certificate {
        /// Fulcio's URL.
        fulcio: String,
        /// Why it does not verify.
        rejection: Rejection,
    },
    /// The trust root contains the root authority, but not the intermediate certificate.
    #[error("the trust root has no intermediate certificate for the certificate from Fulcio at {fulcio}")]
    IntermediateMissing {
        /// Fulcio's URL.
        fulcio: String,
    },
    /// The certificate is not what was asked for.
    #[error("the certificate from Fulcio at {fulcio} is not what was requested: {mismatch}")]
    WrongCertificate {
        /// Fulcio's URL.
        fulcio: String,
        /// What is wrong with it.
        mismatch: CertificateMismatch,
    },
    /// The finished signature did not verify.
    #[error("the finished signature does not verify, so it was discarded: {rejection} ({origin})")]
    SelfCheck {
        /// Why it does not verify.
        rejection: Rejection,
        /// The services from which the rejected part came.
        origin: String,
    },
    /// Rekor v2 without a timestamp authority.
    #[error("Rekor v2 needs a timestamp authority, but none is configured")]
    TimestampAuthorityMissing,
    /// The log does not take a statement of this size.
    #[error("the statement has {size} bytes; {} takes {limit}", .log.service())]
    StatementTooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// The log's version.
        log: LogVersion,
    },
    /// Nobody waits for the signature any more.
    #[error("the program that asked for the signature has ended, so nothing more was published")]
    Abandoned,
    /// A structure could not be encoded.
    #[error("the signature could not be encoded: {0}")]
    Encoding(#[from] der::Error),
    /// The cryptographic library failed.
    #[error("key generation or signing failed")]
    Key(#[from] aws_lc_rs::error::Unspecified),
}

/// How a certificate differs from what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateMismatch {
    /// Fulcio's answer holds no certificate.
    #[error("the answer holds no certificate")]
    Missing,
    /// It is for another public key.
    #[error("it is for another public key")]
    Key,
    /// It is for another identity than the token.
    #[error("its identity is \"{certificate}\"; the token's is \"{token}\"")]
    Identity {
        /// The identity in the certificate.
        certificate: String,
        /// The token's principal.
        token: String,
    },
    /// It names another issuer than the token.
    #[error("its issuer is \"{certificate}\"; the token's is \"{token}\"")]
    Issuer {
        /// The issuer in the certificate.
        certificate: String,
        /// The token's issuer.
        token: String,
    },
    /// Its validity period is too long for an ephemeral key.
    #[error("its validity period is {}", spoken_duration(*.0))]
    ValidityPeriod(Duration),
    /// It is not valid now.
    #[error("it is valid from {} to {}, but this machine's clock shows {}", spoken_time(*.not_before), spoken_time(*.not_after), spoken_time(*.now))]
    Time {
        /// The start of its validity period.
        not_before: Timestamp,
        /// The end of its validity period.
        not_after: Timestamp,
        /// The local time.
        now: Timestamp,
    },
}

impl SignError {
    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::WrongSigner(error) | Self::WrongCertifiedSigner(error) => error.hint().to_owned(),
            Self::Service(error) => error.hint()?.to_owned(),
            Self::Certificate { rejection, .. } | Self::SelfCheck { rejection, .. } => {
                let hint = "run `paraph trust update`; `paraph trust status` shows what is trusted, and `paraph config` the services";
                match trust_setting(rejection.reason()) {
                    Some(setting) => format!("{hint}; if trust comes from files, add the missing one to {setting}"),
                    None => hint.to_owned(),
                }
            }
            Self::IntermediateMissing { .. } => {
                "add Fulcio's intermediate certificate to the file of paraph.fulcioRoot; a signature contains only the signer's certificate"
                    .to_owned()
            }
            Self::TimestampAuthorityMissing => "set paraph.timestampServerURL".to_owned(),
            Self::StatementTooLarge { log: LogVersion::V1, .. } => {
                "use Rekor v2, which gets only a digest (paraph.rekorVersion = 2)".to_owned()
            }
            Self::StatementTooLarge { log: LogVersion::V2, .. } => "sign the digest of the predicate instead of the predicate".to_owned(),
            Self::Abandoned => "repeat the command that signs".to_owned(),
            Self::WrongCertificate { .. } | Self::Encoding(_) | Self::Key(_) => return None,
        })
    }
}

/// The setting for the kind of file that is missing in the trust root.
fn trust_setting(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::UnknownAuthority => Some("paraph.fulcioRoot"),
        Reason::SctUnknownLog => Some("paraph.ctLogPublicKey"),
        Reason::LogUnknown => Some("paraph.rekorPublicKey"),
        Reason::TimestampUnknownAuthority => Some("paraph.timestampCertChain"),
        _ => None,
    }
}
