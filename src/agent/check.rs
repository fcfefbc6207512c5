//! What a client checks before it uses the agent's signature, as far as possible while the agent works.

use crate::{
    Rejection,
    identity::{Candidate, RequestedSigner, WrongSigner},
    sign::{Content, Signature, Spent},
    trust::TrustRoot,
    verify::Verifier,
};
use jiff::Timestamp;
use std::sync::Arc;

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

/// The check of one signature. The agent is not trusted: the signature must be over this content, verify under this side's trust, and be by
/// the requested signer.
pub(crate) struct SignatureCheck<'a> {
    content: Content<'a>,
    requested: &'a RequestedSigner,
    roots: Arc<[TrustRoot]>,
    /// The draft, and the result of its check.
    draft: Option<(String, Result<Signature, NotUsed>)>,
}

impl<'a> SignatureCheck<'a> {
    /// The check of a signature over `content` by the requested signer.
    pub(crate) fn new(content: Content<'a>, requested: &'a RequestedSigner, roots: Arc<[TrustRoot]>) -> Self {
        Self { content, requested, roots, draft: None }
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
    pub(crate) fn check_draft(&mut self, text: &str) {
        self.draft = Some((text.to_owned(), self.check(text)));
    }

    /// The result for the final signature. A draft counts only if it is the same.
    ///
    /// # Errors
    /// [`NotUsed`].
    pub(crate) fn finish(&mut self, text: &str) -> Result<Signature, NotUsed> {
        match self.draft.take() {
            Some((draft, result)) if draft == text => result,
            _ => self.check(text),
        }
    }

    fn check(&self, text: &str) -> Result<Signature, NotUsed> {
        let verified = self.content.verify(text, &self.verifier())?;
        self.requested.accepts(&Candidate::from(verified.certificate()))?;
        Ok(Signature { text: text.to_owned(), verified, spent: Spent::default() })
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(Arc::clone(&self.roots), Timestamp::now())
    }
}
