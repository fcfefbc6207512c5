//! What becomes public with a signature. It is announced before anything is published, once for each identity and log.
//!
//! Fulcio adds each certificate to a certificate transparency log before it returns the certificate. So the token's claims are announced
//! before Fulcio is asked, and the certificate's fields before the log gets its entry.

use super::{Content, LogVersion, Services};
use crate::{certificate::SignerCertificate, identity::IdentityToken};
use sha2::{Digest as _, Sha256};

/// What becomes public of a file, as a sentence.
pub(crate) const FILE: &str = "Of a file, the log shows its SHA-256 digest, not its name or content.";

/// One identity that signs with one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The identity as in the certificate, if it can be predicted, or else the principal.
    identity: String,
    principal: String,
    issuer: String,
    /// The token's other claims that go into the certificate.
    details: String,
    log: String,
    fulcio: String,
    about: About,
}

/// What an announcement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Only the signer: of a git object, the log shows nothing.
    Signer,
    /// The digest of a file.
    File,
    /// A statement, which Rekor v1 gets.
    WholeStatement,
    /// The digest of a statement, in Rekor v2.
    StatementDigest,
}

impl About {
    /// Its part in the key of an announcement. Files on disk have that key in their names.
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Signer => None,
            Self::File => Some("file"),
            Self::WholeStatement => Some("statement"),
            Self::StatementDigest => Some("statement-v2"),
        }
    }
}

impl Publication {
    /// What these services will publish of a token.
    pub fn of(token: &IdentityToken, services: &Services) -> Self {
        let claims = token.workload_claims().iter().map(|(name, value)| (*name, value.as_str()));
        let subject = (token.principal() != token.subject()).then(|| ("subject", token.subject()));
        Self {
            identity: token.certificate_name().unwrap_or_else(|| token.principal().to_owned()),
            principal: token.principal().to_owned(),
            issuer: token.federated_issuer().unwrap_or(token.issuer()).to_owned(),
            details: subject.into_iter().chain(claims).map(|(name, value)| format!(", {name} {value}")).collect(),
            log: services.log.clone(),
            fulcio: services.fulcio.clone(),
            about: About::Signer,
        }
    }

    /// A known identity with another log.
    #[must_use]
    pub fn with_log(&self, services: &Services) -> Self {
        Self { log: services.log.clone(), ..self.clone() }
    }

    /// What becomes public of a file or statement besides the signer, with the lines to announce; nothing of a git object.
    pub(super) fn of_content(&self, content: Content<'_>, services: &Services) -> Option<(Self, Vec<String>)> {
        let (about, line) = match (content, services.log_version) {
            (Content::Git(_), _) => return None,
            (Content::File(_), _) => (About::File, FILE),
            (Content::Statement(_), LogVersion::V1) => {
                (About::WholeStatement, "The log gets the whole statement, and shows at least its digest.")
            }
            (Content::Statement(_), LogVersion::V2) => (About::StatementDigest, "Of a statement, the log shows a digest, not its content."),
        };
        Some((Self { about, ..self.clone() }, vec![line.to_owned()]))
    }

    /// Identifies the pair of identity and log, and what it is about: 32 hexadecimal digits.
    pub fn key(&self) -> String {
        let mut parts = vec![&*self.log, &self.issuer, &self.principal, &self.identity];
        parts.extend(self.about.key());
        let digest = Sha256::digest(parts.join("\n"));
        hex::encode(digest).chars().take(32).collect()
    }

    /// What to announce before Fulcio gets the token, by lines.
    pub fn before_certificate(&self) -> Vec<String> {
        let Self { identity, issuer, details, log, fulcio, .. } = self;
        vec![
            format!(
                "First entry in the log {log}. Anyone who can read it will see, forever: identity {identity}, issuer {issuer}{details}."
            ),
            format!("The certificate authority {fulcio} publishes it too, even if signing fails later."),
        ]
    }

    /// What to announce before the log gets its entry, by lines.
    pub fn before_entry(&self, certificate: &SignerCertificate) -> Vec<String> {
        let identity = certificate.identity();
        let mut fields = vec![format!("identity {}", identity.name), format!("issuer {}", identity.issuer)];
        fields.extend(certificate.claims().iter().map(|(name, value)| format!("{name} {value}")));
        let mut lines = self.before_certificate();
        lines.push(format!("The certificate, which goes into the log now, says: {}.", fields.join(", ")));
        lines
    }
}
