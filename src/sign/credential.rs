//! A credential: an ephemeral key, and the certificate that binds it to an identity for some minutes.

use super::SignError;
use crate::{
    certificate::{IdentityKind, SignerCertificate},
    identity::IdentityToken,
    service::{
        Http,
        fulcio::{CertificateRequest, Fulcio},
    },
    trust::TrustRoot,
    verify::Verifier,
};
use jiff::{SignedDuration, Timestamp};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::EncodePublicKey,
};
use std::sync::Arc;

/// A certificate that lives longer than this is refused: an ephemeral key is for minutes.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// An ephemeral key with its certificate. The key never leaves it, and is wiped when it is dropped.
pub struct Credential {
    /// On the heap from the first: a key that moves leaves copies behind.
    key: Box<SigningKey>,
    certificate: SignerCertificate,
}

impl Credential {
    /// The certificate.
    pub fn certificate(&self) -> &SignerCertificate {
        &self.certificate
    }

    /// The DER ECDSA signature over `message`, hashed with SHA-256. The nonce is RFC 6979's.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = sign(&self.key, message);
        wipe_stack();
        signature
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("identity", self.certificate.identity()).finish_non_exhaustive()
    }
}

/// Makes a key and has Fulcio certify it for the identity that `token` names. The certificate is checked before anybody uses it: its key,
/// its identity, its profile, its chain, its SCT and its life.
///
/// # Errors
/// [`SignError::Service`], [`SignError::Certificate`] or [`SignError::WrongCertificate`].
pub async fn obtain(
    token: &IdentityToken,
    fulcio: &str,
    roots: &Arc<[TrustRoot]>,
    http: &Http,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<Credential, SignError> {
    let key = generate();
    wipe_stack();
    let public_key = key.verifying_key().to_public_key_der().map_err(|_| der::Error::from(der::ErrorKind::Failed))?;
    let proof = sign(&key, token.principal().as_bytes());
    wipe_stack();
    let request = CertificateRequest { token: token.secret(), public_key: public_key.as_bytes(), proof: &proof };
    let chain = Fulcio::new(http, fulcio)?.certify(request).await?;
    let Some((leaf, others)) = chain.split_first() else {
        return Err(SignError::WrongCertificate { fulcio: fulcio.to_owned(), detail: "the answer holds none".into() });
    };
    let now = clock();
    let verifier = Verifier::new(Arc::clone(roots), now);
    // the signature will carry the leaf alone: what else its chain needs has to be in the trust root, or the log would get an entry in vain
    let certificate = verifier.check_certificate(leaf, &[]).map_err(|rejection| match verifier.check_certificate(leaf, others) {
        Ok(_) => SignError::IntermediateMissing { fulcio: fulcio.to_owned() },
        Err(_) => SignError::Certificate { fulcio: fulcio.to_owned(), rejection },
    })?;
    check_purpose(&certificate, token, public_key.as_bytes(), now)
        .map_err(|detail| SignError::WrongCertificate { fulcio: fulcio.to_owned(), detail })?;
    Ok(Credential { key, certificate })
}

#[inline(never)]
fn generate() -> Box<SigningKey> {
    Box::new(SigningKey::generate())
}

#[inline(never)]
fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: DerSignature = key.sign(message);
    signature.as_bytes().to_vec()
}

/// Overwrites what functions that have returned left below on the stack: arithmetic with a key leaves copies of it there.
#[inline(never)]
fn wipe_stack() {
    std::hint::black_box([0u8; 64 << 10].as_mut_slice());
}

fn check_purpose(certificate: &SignerCertificate, token: &IdentityToken, public_key: &[u8], now: Timestamp) -> Result<(), String> {
    let (x509, identity) = (certificate.certificate(), certificate.identity());
    if x509.spki() != public_key {
        return Err("it certifies another key".into());
    }
    // a workload's name is composed by Fulcio from several claims; a person's is the e-mail address of the token
    let fits = match token.email() {
        Some(email) => identity.kind == IdentityKind::Email && identity.name == email,
        None => identity.kind != IdentityKind::Email,
    };
    if !fits {
        return Err(format!("it names {}, and the token {}", identity.name, token.principal()));
    }
    if token.issuer() != identity.issuer && token.federated_issuer() != Some(identity.issuer.as_str()) {
        return Err(format!("it names the issuer {}, and the token {}", identity.issuer, token.issuer()));
    }
    let life = x509.not_after().duration_since(x509.not_before());
    if life > LONGEST_LIFE {
        return Err(format!("it is valid for {} seconds", life.as_secs()));
    }
    // a clock that is a little ahead or behind is no reason to fail: the trusted times decide
    let tolerance = crate::verify::CLOCK_TOLERANCE;
    if now + tolerance < x509.not_before() || now - tolerance > x509.not_after() {
        return Err(format!("it is valid from {} to {}, and this machine's clock shows {now}", x509.not_before(), x509.not_after()));
    }
    Ok(())
}
