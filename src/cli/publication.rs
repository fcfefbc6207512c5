//! What becomes public with a signature, told before anybody hears of it: once for each identity and log.
//!
//! Fulcio enters each certificate into a certificate transparency log before it hands it out, so what the token says is told before Fulcio
//! is asked; what the certificate then says in other words, before the log gets its entry.

use super::{said, terminal::Terminal};
use crate::{certificate::SignerCertificate, identity::IdentityToken, sign::Services};
use sha2::{Digest as _, Sha256};

/// One identity that signs with one log.
pub(super) struct Publication<'a> {
    terminal: &'a Terminal,
    /// Its name among what was said already.
    name: String,
    first: bool,
}

impl<'a> Publication<'a> {
    /// Tells what Fulcio and the log will get, unless it was told before. Where nobody can be told it is not remembered as told.
    pub(super) fn announce(token: &IdentityToken, services: &Services, terminal: &'a Terminal) -> Self {
        let (identity, issuer) = (token.certificate_name(), token.federated_issuer().unwrap_or(token.issuer()));
        let parts = [services.log.as_str(), issuer, token.principal(), identity.as_deref().unwrap_or_default()];
        let digest = Sha256::digest(parts.join("\n"));
        let name = format!("public-{}", digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>());
        let publication = Self { terminal, first: terminal.has_reader() && !said::before(&name), name };
        if publication.first {
            let who = identity.as_deref().unwrap_or(token.principal());
            terminal.say(format!("this is the first signature as {who} with the log at {}.", services.log));
            terminal.say(format!("Who can read that log will read, for good: identity {who}, issuer {issuer}{}.", details(token)));
            terminal.say(format!(
                "Fulcio at {} enters the same into a certificate transparency log, also where the signature fails afterwards.",
                services.fulcio
            ));
        }
        publication
    }

    /// Tells what the certificate says beyond that. The log has not heard of it yet.
    pub(super) fn certified(&self, certificate: &SignerCertificate) {
        if !self.first {
            return;
        }
        let identity = certificate.identity();
        let mut fields = vec![format!("identity {}", identity.name), format!("issuer {}", identity.issuer)];
        fields.extend(certificate.claims().iter().map(|(name, value)| format!("{name} {value}")));
        self.terminal.say(format!("The certificate says: {}. The log gets it now.", fields.join(", ")));
    }

    /// The log has its entry: this needs not be told again.
    pub(super) fn done(&self) {
        if self.first {
            said::remember(&self.name);
        }
    }
}

/// What else of the token goes into the certificate.
fn details(token: &IdentityToken) -> String {
    let claims = token.workload_claims().iter().map(|(name, value)| (*name, value.as_str()));
    let subject = (token.principal() != token.subject()).then(|| ("subject", token.subject()));
    subject.into_iter().chain(claims).map(|(name, value)| format!(", {name} {value}")).collect()
}
