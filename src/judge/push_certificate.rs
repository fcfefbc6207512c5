//! The push certificate (`git push --signed`) of a push to a server.
//!
//! git's own verdict on it ignores exit code and trust. The certificate is judged from its blob instead: its signature, the server's nonce in
//! it, and that it is about these refs.

use super::{Error, Judge, Judged, nonce::is_fresh_nonce};
use crate::{
    object::RefUpdate,
    repository::{ObjectKind, Repository},
};

/// What git tells its hook of the push certificate, each empty if the variable is not set.
#[derive(Debug)]
pub(crate) struct CertificateVariables {
    /// `GIT_PUSH_CERT`: the id of its blob.
    pub id: String,
    /// `GIT_PUSH_CERT_NONCE_STATUS`.
    pub nonce_status: String,
    /// `GIT_PUSH_CERT_NONCE_SLOP`.
    pub nonce_slop: String,
}

/// A push certificate with the verdict on it.
#[derive(Debug)]
pub(crate) struct JudgedCertificate {
    /// The verdict on the signature and on its list of refs.
    pub judged: Judged,
    /// git's status of the nonce, where it is not a fresh one of this server.
    pub stale_nonce: Option<String>,
}

impl Judge {
    /// Judges the certificate that git names to its hook; `None` if the push has none. `updates` are all refs that the push moves.
    ///
    /// # Errors
    /// If it cannot be read. If git could not store the certificate, the id is all zeros, and no object has it.
    pub(crate) fn certificate_of_push(
        &self,
        repository: &Repository,
        variables: CertificateVariables,
        updates: &[RefUpdate<'_>],
    ) -> Result<Option<JudgedCertificate>, Error> {
        let CertificateVariables { id, nonce_status, nonce_slop } = variables;
        if id.is_empty() {
            return Ok(None);
        }
        let object = repository.object_by_id(&id)?;
        if object.kind != ObjectKind::Blob {
            return Err(Error::NoCertificate { kind: object.kind.name() });
        }
        let judged = self.push_certificate(&object, updates);
        let stale_nonce = (!is_fresh_nonce(&nonce_status, &nonce_slop)).then_some(nonce_status);
        Ok(Some(JudgedCertificate { judged, stale_nonce }))
    }
}
