//! The push certificate (`git push --signed`), where the pusher sent one.
//!
//! git's own status of it ignores exit code and trust, so that the certificate is judged anew from its blob: its signature, that the
//! server's nonce is in it, and that it is about these refs.

use super::{
    super::exit::{Exit, Failure},
    refusals::Refusals,
    updates::Update,
};
use crate::{
    Reason, Rejection,
    judge::{Judge, Judged},
    object::PushCertificate,
    repository::{ObjectKind, Repository},
};
use std::collections::BTreeSet;

/// Over a stateless connection (HTTP) the nonce comes from an earlier request; git says how long ago, and a certificate must not be
/// good for ever, in seconds.
const LONGEST_SLOP: u64 = 300;

/// Judges the certificate that git tells this hook of; without one there is nothing to judge.
pub(super) fn check(repository: &Repository, judge: &Judge, updates: &[Update], refusals: &mut Refusals) -> Result<(), Failure> {
    let id = variable("GIT_PUSH_CERT");
    if id.is_empty() {
        return Ok(());
    }
    // where git could not store the certificate it gives zeros, which no object has
    let object = repository.object_by_id(&id)?;
    if object.kind != ObjectKind::Blob {
        return Err(Failure::new(Exit::Object, "the push certificate is no blob"));
    }
    let result = judge.verifier().verify_push_certificate(&object.bytes).and_then(|verified| {
        same_refs(&PushCertificate::parse(&object.bytes)?, updates)?;
        Ok(verified)
    });
    let judgement = judge.result(result);
    refusals.add(&Judged::without_title(id, ObjectKind::Blob, judgement));
    let nonce = variable("GIT_PUSH_CERT_NONCE_STATUS");
    let is_fresh = nonce == "OK"
        || nonce == "SLOP" && variable("GIT_PUSH_CERT_NONCE_SLOP").parse::<i64>().is_ok_and(|slop| slop.unsigned_abs() <= LONGEST_SLOP);
    if is_fresh {
        Ok(())
    } else {
        Err(Failure::new(Exit::NotGood, format!("the push certificate's nonce is not one that this server has just given out ({nonce})"))
            .with_hint("push once more; over HTTP, receive.certNonceSlop of the server says how old a nonce may be"))
    }
}

fn same_refs(certificate: &PushCertificate<'_>, updates: &[Update]) -> Result<(), Rejection> {
    let certified: BTreeSet<_> = certificate.updates.iter().map(|update| (update.old, update.new, update.name)).collect();
    let pushed: BTreeSet<_> = updates.iter().map(Update::as_certified).collect();
    if certified == pushed && certificate.updates.len() == updates.len() {
        Ok(())
    } else {
        Err(Rejection::new(Reason::PayloadMismatch, "the push certificate is about other refs than the push"))
    }
}

fn variable(name: &str) -> String {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}
