//! The push certificate (`git push --signed`), where the pusher sent one.
//!
//! git's own verdict on it ignores exit code and trust. The hook judges the certificate from its blob instead: its signature, the server's
//! nonce in it, and that it is about these refs.

use super::{super::exit::Failure, refusals::Refusals};
use crate::{
    judge::{Judge, is_fresh_nonce},
    object::RefUpdate,
    repository::{ObjectKind, Repository},
};

/// Judges the certificate that git names to this hook; without one there is nothing to do.
pub(super) fn check(repository: &Repository, judge: &Judge, updates: &[RefUpdate<'_>], refusals: &mut Refusals) -> Result<(), Failure> {
    let id = variable("GIT_PUSH_CERT");
    if id.is_empty() {
        return Ok(());
    }
    // if git could not store the certificate, the id is all zeros, and no object has it
    let object = repository.object_by_id(&id)?;
    if object.kind != ObjectKind::Blob {
        return Err(Failure::object("the push certificate is not a blob"));
    }
    refusals.add(&judge.push_certificate(&object, updates));
    let nonce = variable("GIT_PUSH_CERT_NONCE_STATUS");
    if is_fresh_nonce(&nonce, &variable("GIT_PUSH_CERT_NONCE_SLOP")) {
        Ok(())
    } else {
        Err(Failure::not_good(format!("the push certificate's nonce has the status \"{nonce}\"; expected a fresh nonce of this server"))
            .with_hint("push again; over HTTP, receive.certNonceSlop on the server limits the age of a nonce"))
    }
}

fn variable(name: &str) -> String {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}
