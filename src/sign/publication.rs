//! What becomes public with a signature, in words: told before anybody hears of it, once for each identity and log.
//!
//! Fulcio enters each certificate into a certificate transparency log before it hands it out, so what the token says is told before Fulcio
//! is asked; what the certificate then says in other words, before the log gets its entry.

use super::Services;
use crate::{certificate::SignerCertificate, identity::IdentityToken};
use sha2::{Digest as _, Sha256};

/// One identity that signs with one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The identity, as the certificate will name it where that is known.
    who: String,
    principal: String,
    issuer: String,
    /// What else of the token goes into the certificate.
    details: String,
    log: String,
    fulcio: String,
}

impl Publication {
    /// What these services will publish of a token.
    pub fn of(token: &IdentityToken, services: &Services) -> Self {
        let claims = token.workload_claims().iter().map(|(name, value)| (*name, value.as_str()));
        let subject = (token.principal() != token.subject()).then(|| ("subject", token.subject()));
        Self {
            who: token.certificate_name().unwrap_or_else(|| token.principal().to_owned()),
            principal: token.principal().to_owned(),
            issuer: token.federated_issuer().unwrap_or(token.issuer()).to_owned(),
            details: subject.into_iter().chain(claims).map(|(name, value)| format!(", {name} {value}")).collect(),
            log: services.log.clone(),
            fulcio: services.fulcio.clone(),
        }
    }

    /// The same identity with another log.
    #[must_use]
    pub fn with_log(&self, services: &Services) -> Self {
        Self { log: services.log.clone(), ..self.clone() }
    }

    /// What tells it from others: 32 hexadecimal digits.
    pub fn key(&self) -> String {
        let digest = Sha256::digest([&*self.log, &self.issuer, &self.principal, &self.who].join("\n"));
        hex::encode(&digest).chars().take(32).collect()
    }

    /// What to tell before Fulcio hears of it.
    pub fn before_certificate(&self) -> Vec<String> {
        let Self { who, issuer, details, log, fulcio, .. } = self;
        vec![
            format!("this is the first signature as {who} with the log at {log}."),
            format!("Who can read that log will read, for good: identity {who}, issuer {issuer}{details}."),
            format!("Fulcio at {fulcio} enters the same into a certificate transparency log, also where the signature fails afterwards."),
        ]
    }

    /// What to tell before the log gets its entry.
    pub fn before_entry(certificate: &SignerCertificate) -> String {
        let identity = certificate.identity();
        let mut fields = vec![format!("identity {}", identity.name), format!("issuer {}", identity.issuer)];
        fields.extend(certificate.claims().iter().map(|(name, value)| format!("{name} {value}")));
        format!("The certificate says: {}. The log gets it now.", fields.join(", "))
    }
}
