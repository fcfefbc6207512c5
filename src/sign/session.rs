//! A signing session: obtain a credential, announce what becomes public, sign, and check the result.

use super::{
    CertificateMismatch, Content, Credential, LogVersion, Publication, Services, SignError,
    content::{Prepared, SignatureWithEvidence},
    credential::EphemeralKey,
};
use crate::{
    certificate::SignerCertificate,
    evidence::entry::{EntryVersion, TransparencyLogEntry},
    identity::{Candidate, IdentityToken, RequestedSigner},
    service::{
        Http,
        fulcio::{CertificateRequest, Fulcio},
        rekor_v1::RekorV1,
        rekor_v2::RekorV2,
        timestamp::TimestampAuthority,
    },
    trust::TrustRoot,
    verify::{Verified, Verifier},
};
use jiff::Timestamp;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The services, the trust and the clients with which signatures are made.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Certificate authority, log and timestamp authority.
    pub services: &'a Services,
    /// Certificate and signature must verify under these. They are shared, not copied: later signatures reuse the checks of their chains.
    pub roots: &'a Arc<[TrustRoot]>,
    /// The HTTP clients.
    pub http: &'a Http,
    /// Tells the time.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// Hears what happens during a session.
pub trait Announce {
    /// What is going to be public, before it is. Some lines may have been announced before.
    fn publish(&self, publication: &Publication, lines: &[String]);

    /// The certificate of the signature, while log and timestamp authority are being asked.
    fn certificate(&self, _certificate: &SignerCertificate) {}

    /// The signature, before it is verified.
    fn draft(&self, _draft: &Draft) {}

    /// Whether anybody still waits for the signature. It is asked before each step that publishes something.
    fn is_wanted(&self) -> bool {
        true
    }

    /// The log has its entry, and the signature verifies.
    fn published(&self, _publication: &Publication) {}
}

/// Announces nothing.
pub struct Silent;

impl Announce for Silent {
    fn publish(&self, _publication: &Publication, _lines: &[String]) {}
}

/// A finished signature.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The armored CMS, as git stores it, or the JSON of a bundle.
    pub text: String,
    /// The result of its verification.
    pub verified: Verified,
    /// How long its parts took.
    pub spent: Spent,
}

/// How long the parts of a signature took that are not the signer's own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Log and timestamp authority, which are asked at the same time.
    pub services: Duration,
    /// The verification of the finished signature.
    pub verification: Duration,
}

/// A signature with all its evidence, not yet verified.
#[derive(Debug)]
pub struct Draft {
    text: String,
    services: Duration,
}

impl Draft {
    /// The armored CMS, or the JSON of a bundle.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Session<'_> {
    /// Obtains a credential for the token's identity: a key that Fulcio certifies. The identity is checked before Fulcio is asked, and again
    /// in the certificate. The certificate's key, profile, chain, SCT and validity period are checked too.
    ///
    /// # Errors
    /// [`SignError::WrongSigner`], [`SignError::WrongCertifiedSigner`], [`SignError::Service`], [`SignError::Certificate`],
    /// [`SignError::IntermediateMissing`], [`SignError::WrongCertificate`], [`SignError::Abandoned`] or [`SignError::Key`].
    pub async fn obtain(
        &self,
        token: &IdentityToken,
        requested: &RequestedSigner,
        announce: &dyn Announce,
    ) -> Result<Credential, SignError> {
        requested.accepts(&Candidate::from(token)).map_err(SignError::WrongSigner)?;
        let publication = Publication::of(token, self.services);
        announce.publish(&publication, &publication.before_certificate());
        if !announce.is_wanted() {
            return Err(SignError::Abandoned);
        }
        let credential = self.certify(token, publication).await?;
        requested.accepts(credential.candidate()).map_err(SignError::WrongCertifiedSigner)?;
        Ok(credential)
    }

    /// Generates a key and has Fulcio certify it for the token's identity.
    async fn certify(&self, token: &IdentityToken, publication: Publication) -> Result<Credential, SignError> {
        let fulcio = &self.services.fulcio;
        let wrong = |mismatch| SignError::WrongCertificate { fulcio: fulcio.clone(), mismatch };
        let key = EphemeralKey::generate(token.principal())?;
        let request = CertificateRequest { token: token.secret(), public_key: key.public_key(), proof: key.proof() };
        let chain = Fulcio::new(self.http, fulcio)?.certify(request).await?;
        let Some((leaf, others)) = chain.split_first() else { return Err(wrong(CertificateMismatch::Missing)) };
        let now = (self.clock)();
        let verifier = Verifier::new(Arc::clone(self.roots), now);
        // the signature will contain only the leaf: without the rest of its chain in the trust root, the log entry would be in vain
        let certificate = verifier.check_certificate(leaf, &[]).map_err(|rejection| match verifier.check_certificate(leaf, others) {
            Ok(_) => SignError::IntermediateMissing { fulcio: fulcio.clone() },
            Err(_) => SignError::Certificate { fulcio: fulcio.clone(), rejection },
        })?;
        key.certified(certificate, token, publication, now).map_err(wrong)
    }

    /// Signs a content with a credential that is valid now, and verifies the result.
    ///
    /// # Errors
    /// [`SignError`]; then nothing was signed, but the log may hold an entry of the attempt.
    pub async fn sign(&self, content: Content<'_>, credential: &Credential, announce: &dyn Announce) -> Result<Signature, SignError> {
        content.check_size(self.services.log_version)?;
        let publication = credential.publication().with_log(self.services);
        announce.publish(&publication, &publication.before_entry(credential.certificate()));
        let of_content = publication.of_content(content, self.services);
        if let Some((publication, lines)) = &of_content {
            announce.publish(publication, lines);
        }
        if !announce.is_wanted() {
            return Err(SignError::Abandoned);
        }
        let announced = async {
            // the requests to the services go out first if connections to them are open
            tokio::task::yield_now().await;
            announce.certificate(credential.certificate());
            Ok(())
        };
        let (draft, ()) = tokio::try_join!(self.draft(content, credential), announced)?;
        announce.draft(&draft);
        // what was announced is sent before the verification occupies this thread
        tokio::task::yield_now().await;
        let signature = self.check(content, draft)?;
        announce.published(&publication);
        of_content.iter().for_each(|(publication, _)| announce.published(publication));
        Ok(signature)
    }

    async fn draft(&self, content: Content<'_>, credential: &Credential) -> Result<Draft, SignError> {
        let prepared = content.prepare((self.clock)())?;
        let signature = credential.sign_digest(prepared.digest())?;
        let certificate = credential.certificate();
        let started = Instant::now();
        let (entry, token) = tokio::try_join!(self.log_entry(&prepared, &signature, certificate), self.timestamp(&signature))?;
        let services = started.elapsed();
        let tokens: Vec<Vec<u8>> = token.into_iter().collect();
        let text = prepared.wrap(SignatureWithEvidence { certificate, signature: &signature, entry, tokens: &tokens })?;
        Ok(Draft { text, services })
    }

    /// The log entry with its body.
    async fn log_entry(
        &self,
        prepared: &Prepared<'_>,
        signature: &[u8],
        certificate: &SignerCertificate,
    ) -> Result<TransparencyLogEntry, SignError> {
        let Services { log, log_version, .. } = self.services;
        let record = prepared.record(signature, certificate.certificate());
        match log_version {
            LogVersion::V1 => {
                let log = RekorV1::new(self.http, log)?;
                Ok(match prepared.envelope(signature, certificate.certificate()) {
                    Some(envelope) => log.create_envelope(&envelope).await?,
                    None => log.create(&record).await?,
                })
            }
            LogVersion::V2 => {
                let known = self.roots.iter().flat_map(|root| &root.logs).map(|log| log.key.id.to_vec());
                let mut entry = RekorV2::new(self.http, log)?.create(&record, &known.collect::<Vec<_>>()).await?;
                entry.kind_version = Some(EntryVersion::V002.kind_version());
                Ok(entry)
            }
        }
    }

    async fn timestamp(&self, signature: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        match &self.services.timestamp_authority {
            Some(url) => Ok(Some(TimestampAuthority::new(self.http, url)?.stamp(signature).await?)),
            None if self.services.log_version == LogVersion::V2 => Err(SignError::TimestampAuthorityMissing),
            None => Ok(None),
        }
    }

    /// Makes a draft a signature if it verifies over the content.
    fn check(&self, content: Content<'_>, draft: Draft) -> Result<Signature, SignError> {
        let Draft { text, services } = draft;
        let started = Instant::now();
        let verified = content.verify(&text, &Verifier::new(Arc::clone(self.roots), (self.clock)()));
        let verified =
            verified.map_err(|rejection| SignError::SelfCheck { origin: self.services.origin_of(rejection.reason()), rejection })?;
        Ok(Signature { verified, text, spent: Spent { services, verification: started.elapsed() } })
    }
}
