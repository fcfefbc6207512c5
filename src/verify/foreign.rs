//! Signatures of other programs: CMS that was not made with Sigstore. They are recognised and named, and never become good.
//!
//! gpgsm writes BER with indefinite lengths, smimesign leaves signed attributes unsorted; here alone such forms are read. Objects with a fault
//! are told apart too: a fault of an object that no Sigstore signed is named, because the program of its kind may pass over it.

use crate::{
    Reason, Rejection, Standing,
    certificate::{Certificate, HashAlgorithm, PublicKey, key::signature_hash},
    object::{Signed, x509_signatures},
    signature::{armor, cms},
};
use ::cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use const_oid::db::{rfc5911::ID_MESSAGE_DIGEST, rfc5912::RSA_ENCRYPTION};
use der::{Decode, Encode, asn1::OctetStringRef, referenced::OwnedToRef};
use x509_cert::Certificate as AnyCertificate;

/// The most x509 signatures of one object that are read to tell who made them.
const MAX_SIGNATURES: usize = 16;

/// The rejection of an object with a fault: the kind of its signature, with the fault as its finding, where no Sigstore made any of its
/// signatures; otherwise the fault. `signed` is what git takes from the object, and `before` the text before the signature in which some
/// reader may find another one: none in a commit.
pub(crate) fn with_fault(fault: Rejection, signed: Option<&Signed<'_>>, before: &[u8]) -> Rejection {
    match signed.filter(|_| is_fault(&fault)).and_then(|signed| kind(signed, before)) {
        Some(kind) => Rejection::with_finding(kind.reason(), &fault),
        None => fault,
    }
}

/// The kind of the signature that git takes; `None` if it or another x509 signature beside it may be Sigstore's.
fn kind(signed: &Signed<'_>, before: &[u8]) -> Option<Rejection> {
    let of_x509 = |armored: &[u8]| classify(&armor::decode_leniently(armored)?, &signed.payload);
    let (kind, before) = match signed.require_x509() {
        Ok(()) => (of_x509(&signed.signature)?, before),
        // before a signature of another kind, all others are text for git
        Err(kind) => (kind, &[][..]),
    };
    let mut all = x509_signatures(before).chain(x509_signatures(&signed.signature));
    let are_foreign = all.by_ref().take(MAX_SIGNATURES).all(|armored| of_x509(armored).is_some());
    (are_foreign && all.next().is_none()).then_some(kind)
}

/// Whether [`with_fault`] looks at the signature. An object without one has no fault.
pub(super) fn is_fault(rejection: &Rejection) -> bool {
    rejection.reason().standing() == Standing::Wrong || rejection.reason() == Reason::ArmorFraming
}

/// What kind of foreign CMS this is; `None` where it is no SignedData at all.
pub(super) fn classify(cms: &[u8], payload: &[u8]) -> Option<Rejection> {
    let info = ContentInfo::from_ber(cms).ok()?;
    let signed_data = SignedData::from_ber(&info.content.to_der().ok()?).ok()?;
    let signer = signed_data.signer_infos.0.get(0)?;
    let certificates = signed_data.certificates.iter().flat_map(|set| set.0.iter()).filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    });
    let certificates: Vec<&AnyCertificate> = certificates.collect();
    let Some(certificate) = certificates.iter().find(|certificate| answers_to(certificate, &signer.sid)) else {
        return Some(Reason::ForeignCmsWithoutCertificate.into());
    };
    // a Sigstore certificate in a structure that is not DER is a malformed signature, not a foreign one
    if Certificate::from_der(&certificate.to_der().ok()?)
        .is_ok_and(|certificate| crate::certificate::SignerCertificate::is_sigstore(&certificate))
    {
        return None;
    }
    let subject = certificate.tbs_certificate().subject().to_string();
    match fits(signer, certificate, cms, payload) {
        Some(false) => Some(Rejection::new(Reason::ForeignCmsInvalid, subject)),
        _ => Some(Rejection::new(Reason::ForeignCms, subject)),
    }
}

fn answers_to(certificate: &AnyCertificate, identifier: &SignerIdentifier) -> bool {
    match identifier {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            let tbs = certificate.tbs_certificate();
            *tbs.issuer() == named.issuer && *tbs.serial_number() == named.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(identifier) => {
            let own = certificate.tbs_certificate().get_extension::<x509_cert::ext::pkix::SubjectKeyIdentifier>();
            own.is_ok_and(|own| own.is_some_and(|(_, own)| own == *identifier))
        }
    }
}

/// Whether the signature fits content and key; `None` where its algorithms are not known here.
fn fits(signer: &SignerInfo, certificate: &AnyCertificate, cms: &[u8], payload: &[u8]) -> Option<bool> {
    let hash = HashAlgorithm::from_digest_algorithm(&signer.digest_alg.owned_to_ref())?;
    let key = PublicKey::from_spki(&certificate.tbs_certificate().subject_public_key_info().to_der().ok()?).ok()?;
    let algorithm = signer.signature_algorithm.owned_to_ref();
    let signature_hash = if algorithm.oid == RSA_ENCRYPTION { hash } else { signature_hash(&algorithm, key.kind())? };
    let Some(attributes) = &signer.signed_attrs else {
        return Some(key.verify(signature_hash, payload, signer.signature.as_bytes()).is_ok());
    };
    let stated = attributes.iter().find(|attribute| attribute.oid == ID_MESSAGE_DIGEST)?.values.get(0)?.to_der().ok()?;
    if <&OctetStringRef>::from_der(&stated).ok()?.as_bytes() != hash.digest(payload) {
        return Some(false);
    }
    // in DER order, as the standard says, or as they stand, as some programs sign them
    let as_they_stand = cms::SignedData::from_der(cms).ok().and_then(|data| data.signers.first()?.signed_bytes().ok());
    let candidates = attributes.to_der().ok().into_iter().chain(as_they_stand);
    let mut candidates = candidates.map(|bytes| key.verify(signature_hash, &bytes, signer.signature.as_bytes()).is_ok());
    Some(candidates.any(|fits| fits))
}
