//! A credential: an ephemeral key, and the certificate that binds it to an identity for some minutes.

use super::{CertificateMismatch, Publication, SignError};
use crate::{
    certificate::{IdentityKind, SignerCertificate},
    identity::{Candidate, IdentityToken},
};
use aws_lc_rs::{
    digest::{Digest, SHA256},
    encoding::{AsDer as _, PublicKeyX509Der},
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use jiff::{SignedDuration, Timestamp};

/// A certificate is not used in its last seconds, because log and timestamp authority come after it.
const LEAST_LEFT: SignedDuration = SignedDuration::from_secs(20);
/// A longer validity period is refused: an ephemeral key is for minutes.
const LONGEST_VALIDITY: SignedDuration = SignedDuration::from_hours(1);

/// An ephemeral key with its certificate. The key cannot be read, and is wiped when the credential is dropped.
pub struct Credential {
    /// In the library's memory, which it wipes before it frees it. A move copies nothing but the address.
    key: EcdsaKeyPair,
    certificate: SignerCertificate,
    publication: Publication,
    candidate: Candidate,
}

impl Credential {
    /// The certificate.
    pub fn certificate(&self) -> &SignerCertificate {
        &self.certificate
    }

    /// Whether enough of the certificate's validity period is left for another signature.
    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        let x509 = self.certificate.certificate();
        let period = x509.not_after().duration_since(x509.not_before());
        // a certificate that is valid for seconds is used for most of them
        let least = LEAST_LEFT.min(period / 4);
        now + least < x509.not_after() && now + crate::verify::CLOCK_TOLERANCE >= x509.not_before()
    }

    /// What becomes public when it signs.
    pub fn publication(&self) -> &Publication {
        &self.publication
    }

    /// The signer, to be compared with who was requested.
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// The DER ECDSA signature over bytes with this SHA-256.
    pub(super) fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, SignError> {
        let signature = Digest::import_less_safe(digest, &SHA256).and_then(|digest| self.key.sign_digest(&digest));
        wipe_stack();
        Ok(signature?.as_ref().to_vec())
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("identity", self.certificate.identity()).finish_non_exhaustive()
    }
}

/// An ephemeral key without a certificate, and the proof of possession that Fulcio asks for.
pub(super) struct EphemeralKey {
    key: EcdsaKeyPair,
    public_key: Vec<u8>,
    proof: Vec<u8>,
}

impl EphemeralKey {
    /// A new key. The proof is a signature over the token's principal.
    pub(super) fn generate(principal: &str) -> Result<Self, Unspecified> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        wipe_stack();
        let key = key?;
        let proof = sign(&key, principal.as_bytes())?;
        let public_key: PublicKeyX509Der<'_> = key.public_key().as_der()?;
        Ok(Self { public_key: public_key.as_ref().to_vec(), key, proof })
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(super) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The proof of possession.
    pub(super) fn proof(&self) -> &[u8] {
        &self.proof
    }

    /// The credential that this certificate makes of the key, if it is for this key and this token, and valid now.
    ///
    /// # Errors
    /// [`CertificateMismatch`].
    pub(super) fn certified(
        self,
        certificate: SignerCertificate,
        token: &IdentityToken,
        publication: Publication,
        now: Timestamp,
    ) -> Result<Credential, CertificateMismatch> {
        check_purpose(&certificate, token, &self.public_key, now)?;
        let candidate = Candidate::certified(token, &certificate);
        Ok(Credential { key: self.key, certificate, publication, candidate })
    }
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let signature = key.sign(&SystemRandom::new(), message);
    wipe_stack();
    Ok(signature?.as_ref().to_vec())
}

/// Overwrites the stack below, where functions that have returned may have left copies of the key.
#[inline(never)]
fn wipe_stack() {
    std::hint::black_box([0u8; 64 << 10].as_mut_slice());
}

fn check_purpose(
    certificate: &SignerCertificate,
    token: &IdentityToken,
    public_key: &[u8],
    now: Timestamp,
) -> Result<(), CertificateMismatch> {
    let (x509, identity) = (certificate.certificate(), certificate.identity());
    if x509.spki() != public_key {
        return Err(CertificateMismatch::Key);
    }
    // a workload's name is composed by Fulcio from several claims; a person's is the token's e-mail address
    let fits = match token.email() {
        Some(email) => identity.kind == IdentityKind::Email && identity.name == email,
        None => identity.kind != IdentityKind::Email,
    };
    if !fits {
        return Err(CertificateMismatch::Identity { certificate: identity.name.clone(), token: token.principal().to_owned() });
    }
    if token.issuer() != identity.issuer && token.federated_issuer() != Some(identity.issuer.as_str()) {
        return Err(CertificateMismatch::Issuer { certificate: identity.issuer.clone(), token: token.issuer().to_owned() });
    }
    let (not_before, not_after) = (x509.not_before(), x509.not_after());
    let period = not_after.duration_since(not_before);
    if period > LONGEST_VALIDITY {
        return Err(CertificateMismatch::ValidityPeriod(period.unsigned_abs()));
    }
    // a small difference between the clocks is no reason to fail: the trusted times decide
    let tolerance = crate::verify::CLOCK_TOLERANCE;
    if now + tolerance < not_before || now - tolerance > not_after {
        return Err(CertificateMismatch::Time { not_before, not_after, now });
    }
    Ok(())
}
