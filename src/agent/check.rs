//! What a client checks before it uses the agent's signature, as far as possible while the agent works.

use crate::{
    Rejection,
    identity::{Candidate, RequestedSigner, WrongSigner},
    object::Signed,
    sign::{Signature, Spent},
    trust::TrustRoot,
    verify::Verifier,
};
use jiff::Timestamp;
use std::{borrow::Cow, sync::Arc};

/// Why the agent's signature is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotUsed {
    /// It does not verify.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Another identity signed.
    #[error(transparent)]
    WrongSigner(#[from] WrongSigner),
}

/// The check of one signature. The agent is not trusted: the signature must be over this payload, verify under this side's trust, and be by
/// the requested signer.
pub(crate) struct SignatureCheck<'a> {
    payload: &'a [u8],
    requested: &'a RequestedSigner,
    roots: Arc<[TrustRoot]>,
    /// The draft, and the result of its check.
    draft: Option<(String, Result<Signature, NotUsed>)>,
}

impl<'a> SignatureCheck<'a> {
    /// The check of a signature over `payload` by the requested signer.
    pub(crate) fn new(payload: &'a [u8], requested: &'a RequestedSigner, roots: Arc<[TrustRoot]>) -> Self {
        Self { payload, requested, roots, draft: None }
    }

    /// Checks the trust roots' own chains, which every signature needs.
    pub(crate) fn check_chains(&self) {
        self.roots.iter().for_each(TrustRoot::check_chains);
    }

    /// Checks a certificate before its signature arrives. The roots remember only which of its signatures verify. Whether the certificate is
    /// acceptable is checked again with the signature.
    pub(crate) fn check_ahead(&self, certificate: &[u8]) {
        let _ = self.verifier().check_certificate(certificate, &[]);
    }

    /// Checks a draft.
    pub(crate) fn check_draft(&mut self, armored: &str) {
        self.draft = Some((armored.to_owned(), self.check(armored)));
    }

    /// The result for the final signature. A draft counts only if it is the same.
    ///
    /// # Errors
    /// [`NotUsed`].
    pub(crate) fn finish(&mut self, armored: &str) -> Result<Signature, NotUsed> {
        match self.draft.take() {
            Some((draft, result)) if draft == armored => result,
            _ => self.check(armored),
        }
    }

    fn check(&self, armored: &str) -> Result<Signature, NotUsed> {
        let signed = Signed { payload: Cow::Borrowed(self.payload), signature: Cow::Borrowed(armored.as_bytes()) };
        let verified = self.verifier().verify(&signed)?;
        self.requested.accepts(&Candidate::from(verified.certificate()))?;
        Ok(Signature { armored: armored.to_owned(), verified, spent: Spent::default() })
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(Arc::clone(&self.roots), Timestamp::now())
    }
}
