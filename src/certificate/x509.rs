//! Certificates as RFC 5280 structures, read in place.
//!
//! The raw bytes of each part are kept: the TBS for the issuer's signature, the names and serial number for CMS, the extensions for the
//! precertificate that a CT log signed. The local certificate authority writes certificates with the same structures.

use super::key::PublicKey;
use crate::{Reason, Rejection};
use der::{
    Decode, Encode, Reader, Sequence, SliceReader, Tag,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use x509_cert::{
    ext::Extension,
    time::{Time, Validity},
};

/// A certificate larger than this is not read, in bytes.
pub const MAX_CERTIFICATE: usize = 64 * 1024;
/// Extensions in a certificate, at most.
pub const MAX_EXTENSIONS: usize = 64;

/// `Certificate`.
#[derive(Debug, Clone, Sequence)]
pub struct CertificateFields<'a> {
    /// The TBSCertificate, tag and length included.
    pub tbs_certificate: AnyRef<'a>,
    /// signatureAlgorithm.
    pub signature_algorithm: AlgorithmIdentifierRef<'a>,
    /// signatureValue.
    pub signature: BitStringRef<'a>,
}

/// `TBSCertificate`, version 3, without the unique identifiers that RFC 5280 forbids.
#[derive(Debug, Clone, Sequence)]
pub struct TbsCertificate<'a> {
    /// 2, which is v3.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub version: u8,
    /// serialNumber: an INTEGER.
    pub serial_number: AnyRef<'a>,
    /// signature: the same as the certificate's signatureAlgorithm.
    pub signature: AlgorithmIdentifierRef<'a>,
    /// issuer: a Name.
    pub issuer: AnyRef<'a>,
    /// validity.
    pub validity: Validity,
    /// subject: a Name.
    pub subject: AnyRef<'a>,
    /// subjectPublicKeyInfo.
    pub subject_public_key_info: AnyRef<'a>,
    /// extensions.
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub extensions: Option<Vec<Extension>>,
}

/// A certificate, parsed, with its bytes.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    signature: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
    extensions: Vec<Extension>,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: PublicKey,
}

impl Certificate {
    /// Reads one certificate in strict DER.
    ///
    /// # Errors
    /// [`Reason::CertificateMalformed`], [`Reason::CertificateKey`] or [`Reason::CertificateExtension`] (an extension that appears twice).
    pub fn from_der(der: &[u8]) -> Result<Self, Rejection> {
        if der.len() > MAX_CERTIFICATE {
            return Err(Rejection::new(Reason::CertificateMalformed, format!("{} bytes, at most {MAX_CERTIFICATE} are read", der.len())));
        }
        let fields = CertificateFields::from_der(der).map_err(malformed)?;
        let tbs_range = tbs_range(der)?;
        let tbs = TbsCertificate::from_der(der.get(tbs_range.clone()).unwrap_or_default()).map_err(malformed)?;
        if tbs.version != 2 {
            return Err(Rejection::new(Reason::CertificateMalformed, "it is not of version 3"));
        }
        if tbs.signature != fields.signature_algorithm {
            return Err(Rejection::new(Reason::CertificateMalformed, "its two signature algorithms differ"));
        }
        if tbs.serial_number.header().tag() != Tag::Integer || tbs.serial_number.value().is_empty() {
            return Err(Rejection::new(Reason::CertificateMalformed, "its serial number is not an INTEGER"));
        }
        let extensions = tbs.extensions.unwrap_or_default();
        if extensions.len() > MAX_EXTENSIONS {
            return Err(Rejection::new(Reason::CertificateExtension, format!("more than {MAX_EXTENSIONS} extensions")));
        }
        for (index, extension) in extensions.iter().enumerate() {
            if extensions.iter().skip(index + 1).any(|other| other.extn_id == extension.extn_id) {
                return Err(Rejection::new(Reason::CertificateExtension, format!("{} appears twice", extension.extn_id)));
            }
        }
        let spki = tbs.subject_public_key_info.to_der().map_err(malformed)?;
        Ok(Self {
            public_key: PublicKey::from_spki(&spki).map_err(|error| Rejection::new(Reason::CertificateKey, error.to_string()))?,
            signature: fields
                .signature
                .as_bytes()
                .ok_or_else(|| Rejection::new(Reason::CertificateMalformed, "its signature has unused bits"))?
                .to_vec(),
            serial: tbs.serial_number.value().to_vec(),
            issuer: tbs.issuer.to_der().map_err(malformed)?,
            subject: tbs.subject.to_der().map_err(malformed)?,
            spki,
            extensions,
            not_before: timestamp(tbs.validity.not_before),
            not_after: timestamp(tbs.validity.not_after),
            tbs: tbs_range,
            der: der.to_vec(),
        })
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of its bytes.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The serial number's content octets.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The issuer's Name in DER.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// The subject's Name in DER.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The subject's key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The extensions, no two of one type.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The first second of its validity period.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of its validity period.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether `time` is in its validity period, both ends included.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        // the whole last second is: the notation has no smaller unit
        self.not_before <= time && time.as_second() <= self.not_after.as_second()
    }

    /// The extension of this type, parsed, and whether it is critical.
    ///
    /// # Errors
    /// [`Reason::CertificateExtension`] where it does not parse.
    pub fn extension<'a, T: Decode<'a> + const_oid::AssociatedOid>(&'a self) -> Result<Option<(bool, T)>, Rejection> {
        let Some(extension) = self.extension_value(T::OID) else { return Ok(None) };
        let value = T::from_der(extension.extn_value.as_bytes())
            .map_err(|_| Rejection::new(Reason::CertificateExtension, format!("{} does not parse", T::OID)))?;
        Ok(Some((extension.critical, value)))
    }

    /// The extension of this type.
    pub fn extension_value(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.extn_id == oid)
    }

    /// A critical extension that is not known. The certificate must then not be used (RFC 5280, section 4.2).
    pub fn unknown_critical(&self, known: &[ObjectIdentifier]) -> Option<ObjectIdentifier> {
        self.extensions
            .iter()
            .find(|extension| extension.critical && !known.contains(&extension.extn_id))
            .map(|extension| extension.extn_id)
    }

    /// Checks that `issuer`'s key made this certificate's signature. The caller compares the names.
    ///
    /// # Errors
    /// [`Reason::ChainSignature`].
    pub fn verify_signature(&self, issuer: &PublicKey) -> Result<(), Rejection> {
        let fields = CertificateFields::from_der(&self.der).map_err(malformed)?;
        let tbs = self.der.get(self.tbs.clone()).unwrap_or_default();
        issuer.verify_with(&fields.signature_algorithm, tbs, &self.signature).map_err(|_| Reason::ChainSignature.into())
    }

    /// The TBSCertificate without the extension of this type: what a CT log signed as the precertificate (RFC 6962, section 3.2).
    pub fn tbs_without(&self, oid: ObjectIdentifier) -> Result<Vec<u8>, Rejection> {
        let mut tbs = TbsCertificate::from_der(self.der.get(self.tbs.clone()).unwrap_or_default()).map_err(malformed)?;
        if let Some(extensions) = &mut tbs.extensions {
            extensions.retain(|extension| extension.extn_id != oid);
        }
        tbs.to_der().map_err(malformed)
    }
}

/// The range of the TBSCertificate in the certificate.
fn tbs_range(der: &[u8]) -> Result<std::ops::Range<usize>, Rejection> {
    let outer = AnyRef::from_der(der).map_err(malformed)?;
    let mut reader = SliceReader::new(outer.value()).map_err(malformed)?;
    let length = reader.tlv_bytes().map_err(malformed)?.len();
    let start = der.len() - outer.value().len();
    Ok(start..start + length)
}

/// The end of the year 9999 means "no end" (RFC 5280, section 4.1.2.5). It is later than any timestamp, so it becomes the latest one.
fn timestamp(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn malformed(error: der::Error) -> Rejection {
    Rejection::new(Reason::CertificateMalformed, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_year_9999_is_no_end() {
        assert_eq!(timestamp(Time::INFINITY), Timestamp::MAX);
        assert_eq!(timestamp(Time::try_from(std::time::UNIX_EPOCH).unwrap()), Timestamp::UNIX_EPOCH);
    }
}
