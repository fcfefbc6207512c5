//! The push certificate (`git push --signed`), where the pusher sent one.

use super::super::exit::Failure;
use crate::{
    judge::{CertificateVariables, Error, Judge, JudgedCertificate},
    object::RefUpdate,
    repository::Repository,
};

/// The judged certificate that git names to this hook.
pub(super) fn of_hook(repository: &Repository, judge: &Judge, updates: &[RefUpdate<'_>]) -> Result<Option<JudgedCertificate>, Error> {
    let variables = CertificateVariables {
        id: variable("GIT_PUSH_CERT"),
        nonce_status: variable("GIT_PUSH_CERT_NONCE_STATUS"),
        nonce_slop: variable("GIT_PUSH_CERT_NONCE_SLOP"),
    };
    judge.certificate_of_push(repository, variables, updates)
}

/// Fails if its nonce is not a fresh one of this server.
pub(super) fn require_fresh(certificate: Option<&JudgedCertificate>) -> Result<(), Failure> {
    match certificate.and_then(|certificate| certificate.stale_nonce.as_ref()) {
        None => Ok(()),
        Some(status) => Err(Failure::not_good(format!(
            "the push certificate's nonce has the status \"{status}\"; expected a fresh nonce of this server"
        ))
        .with_hint("push again; over HTTP, receive.certNonceSlop on the server limits the age of a nonce")),
    }
}

fn variable(name: &str) -> String {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}
