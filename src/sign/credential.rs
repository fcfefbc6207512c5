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
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// A certificate that lives longer than this is refused: an ephemeral key is for minutes.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// An ephemeral key with its certificate. The key never leaves it, and is wiped when it is dropped.
pub struct Credential {
    /// Memory of the library, which wipes what it frees; a move copies nothing but its address.
    key: EcdsaKeyPair,
    certificate: SignerCertificate,
}

impl Credential {
    /// The certificate.
    pub fn certificate(&self) -> &SignerCertificate {
        &self.certificate
    }

    /// The DER ECDSA signature over `message`, hashed with SHA-256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(sign(&self.key, message)?)
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
    let (key, proof) = generate(token.principal())?;
    let public_key: PublicKeyX509Der<'_> = key.public_key().as_der()?;
    let request = CertificateRequest { token: token.secret(), public_key: public_key.as_ref(), proof: &proof };
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
    check_purpose(&certificate, token, public_key.as_ref(), now)
        .map_err(|detail| SignError::WrongCertificate { fulcio: fulcio.to_owned(), detail })?;
    Ok(Credential { key, certificate })
}

/// A key, and the proof that its owner is the one who asks for a certificate.
fn generate(principal: &str) -> Result<(EcdsaKeyPair, Vec<u8>), Unspecified> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
    wipe_stack();
    let key = key?;
    let proof = sign(&key, principal.as_bytes())?;
    Ok((key, proof))
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let signature = key.sign(&SystemRandom::new(), message);
    wipe_stack();
    Ok(signature?.as_ref().to_vec())
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
