//! A git signature, parsed once for everything that is asked of it.

use super::{
    GitSignature, armor,
    cms::{SignedData, SignerIdentifier},
};
use crate::{Reason, Rejection, certificate::Certificate};
use std::sync::Arc;

/// A CMS larger than this is not read, in bytes. Armor holds no larger one.
pub const MAX_CMS: usize = 1 << 20;

/// A git signature. Verification, the claim of a signature that does not verify, the keys of a lookup, and `show` all read this one value.
///
/// Parsing never fails: a malformed signature must be judged too, and a bad one still claims something. Each question returns what is wrong
/// with the part that it needs.
#[derive(Debug)]
pub struct ParsedSignature<'a> {
    /// Empty where the armor cannot be read.
    der: &'a [u8],
    content: Result<SignatureContent<'a>, Rejection>,
}

/// What a CMS signature holds, where it is strict DER. Nothing about it is verified.
#[derive(Debug)]
pub struct SignatureContent<'a> {
    /// In the order of the bag.
    certificates: Vec<Result<Arc<Certificate>, Rejection>>,
    /// How each signer names its certificate.
    signers: Vec<SignerIdentifier<'a>>,
    form: Result<GitSignature<'a>, Rejection>,
}

/// The certificate of the one signer, and the others of the bag. The bag's order is the sender's choice and means nothing.
#[derive(Debug)]
pub struct SignerCertificates<'a> {
    /// The signer's.
    pub signer: &'a Arc<Certificate>,
    /// The others.
    pub others: Vec<&'a Certificate>,
}

impl<'a> ParsedSignature<'a> {
    /// Parses an armored signature. `cms` takes the bytes out of the armor.
    pub fn parse(armored: &[u8], cms: &'a mut Vec<u8>) -> Self {
        cms.clear();
        match armor::decode_into(armored, cms) {
            Ok(()) => Self::of_cms(cms),
            Err(rejection) => Self { der: &[], content: Err(rejection) },
        }
    }

    /// Parses a signature without armor.
    pub fn of_cms(cms: &'a [u8]) -> Self {
        if cms.len() > MAX_CMS {
            let too_large = Rejection::new(Reason::ArmorTooLarge, format!("{} bytes; at most {MAX_CMS} are read", cms.len()));
            return Self { der: &[], content: Err(too_large) };
        }
        Self { der: cms, content: SignedData::from_der(cms).map(SignatureContent::new) }
    }

    /// The CMS. It is empty where the armor is malformed or the CMS too large.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// What the CMS holds.
    ///
    /// # Errors
    /// A reason of the layers `armor` or `cms`.
    pub fn content(&self) -> Result<&SignatureContent<'a>, Rejection> {
        self.content.as_ref().map_err(Rejection::clone)
    }
}

impl<'a> SignatureContent<'a> {
    fn new(signed_data: SignedData<'a>) -> Self {
        let certificates = signed_data.certificates.iter().map(|der| Certificate::from_der(der).map(Arc::new));
        Self {
            certificates: certificates.collect(),
            signers: signed_data.signers.iter().map(|signer| signer.identifier).collect(),
            form: GitSignature::new(signed_data),
        }
    }

    /// The certificates in the order of the bag, each with whether the signer names it.
    ///
    /// # Errors
    /// A reason of the layer `certificate`, for each certificate that cannot be read.
    pub fn certificates(&self) -> impl Iterator<Item = Result<(&Certificate, bool), Rejection>> {
        self.certificates.iter().map(|certificate| match certificate {
            Ok(certificate) => Ok((&**certificate, self.signers.first().is_some_and(|signer| signer.names(certificate)))),
            Err(rejection) => Err(rejection.clone()),
        })
    }

    /// The certificate that the signature claims to be made with; `None` where it is not there. Other certificates may be malformed.
    pub fn claimed_certificate(&self) -> Option<&Arc<Certificate>> {
        let [signer] = self.signers.as_slice() else { return None };
        self.certificates.iter().flatten().find(|certificate| signer.names(certificate))
    }

    /// The certificate that the one signer names, where exactly one certificate fits and all can be read.
    ///
    /// # Errors
    /// [`Reason::CmsSignerCount`], [`Reason::CertificateMissing`], [`Reason::SignerCertificateMissing`],
    /// [`Reason::SignerCertificateAmbiguous`], or a reason of the layer `certificate`.
    pub fn signer_certificates(&self) -> Result<SignerCertificates<'_>, Rejection> {
        let [signer] = self.signers.as_slice() else {
            return Err(Rejection::new(Reason::CmsSignerCount, format!("it has {}", self.signers.len())));
        };
        if self.certificates.is_empty() {
            return Err(Reason::CertificateMissing.into());
        }
        if matches!(signer, SignerIdentifier::SubjectKeyIdentifier(_)) {
            return Err(Rejection::new(Reason::SignerCertificateMissing, "it is named by key identifier, not by issuer and serial number"));
        }
        let (mut found, mut others) = (None, Vec::new());
        for certificate in &self.certificates {
            let certificate = certificate.as_ref().map_err(Rejection::clone)?;
            if !signer.names(certificate) {
                others.push(&**certificate);
            } else if found.replace(certificate).is_some() {
                return Err(Reason::SignerCertificateAmbiguous.into());
            }
        }
        let signer = found.ok_or(Reason::SignerCertificateMissing)?;
        Ok(SignerCertificates { signer, others })
    }

    /// The signature in git's form: detached, by one signer, with its evidence.
    ///
    /// # Errors
    /// As [`GitSignature::new`].
    pub fn form(&self) -> Result<&GitSignature<'a>, Rejection> {
        self.form.as_ref().map_err(Rejection::clone)
    }
}
