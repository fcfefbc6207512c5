//! The CMS signature that git stores: detached, over plain data, by one signer, with the evidence in unsigned attributes.
//!
//! It is built byte for byte as gitsign builds it: one certificate (the leaf), digest SHA-256 with absent parameters, signed attributes
//! contentType, signingTime and messageDigest in DER order, and ECDSA with SHA-256.

use super::cms::{self, Attribute, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNING_TIME, SignedData, SignedDataParts, SignerInfo};
use crate::{Reason, Rejection};
use const_oid::db::rfc5912::{ECDSA_WITH_SHA_256, ID_SHA_256};
use der::{
    DateTime, Decode, Encode, Tag,
    asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UtcTime},
};
use spki::AlgorithmIdentifierRef;
use std::time::Duration;

/// The unsigned attribute that holds the log entry, `1.3.6.1.4.1.57264.3.1`.
pub(crate) const ID_LOG_ENTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.3.1");
/// id-aa-timeStampToken (RFC 3161, appendix A): the unsigned attribute that holds a token over the signature.
pub(crate) const ID_TIME_STAMP_TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// The arc of a draft that used one attribute for each field, `.0` to `.9`. There, `.1` is not an octet string.
const DRAFT_ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.3");
/// Timestamp tokens in one signature, at most.
pub const MAX_TOKENS: usize = 4;

const SHA_256: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef { oid: ID_SHA_256, parameters: None };
const ECDSA_SHA_256: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef { oid: ECDSA_WITH_SHA_256, parameters: None };

/// A signature in git's form, read in place. Nothing about it is verified.
#[derive(Debug, Clone)]
pub struct GitSignature<'a> {
    /// The certificates, in the order of the bag.
    pub certificates: Vec<&'a [u8]>,
    /// The one signer.
    pub signer: SignerInfo<'a>,
    /// The embedded evidence.
    pub evidence: Embedded<'a>,
}

/// The evidence in the unsigned attributes.
#[derive(Debug, Clone, Default)]
pub struct Embedded<'a> {
    /// The encoded TransparencyLogEntry.
    pub entry: Option<&'a [u8]>,
    /// RFC 3161 tokens, DER of the ContentInfo.
    pub tokens: Vec<&'a [u8]>,
    /// Whether an entry is there in the draft encoding, which is not supported.
    pub draft_entry: bool,
    /// Unknown attributes. No signature covers them, and nothing depends on them.
    pub unknown: Vec<ObjectIdentifier>,
}

impl<'a> GitSignature<'a> {
    /// The signature in a SignedData, if that has git's form.
    ///
    /// # Errors
    /// [`Reason::CmsContent`], [`Reason::CmsMalformed`], [`Reason::CmsAlgorithm`], [`Reason::CmsSignerCount`], [`Reason::EntryRepeated`], [`Reason::EntryMalformed`] or
    /// [`Reason::TimestampTooMany`].
    pub fn new(signed_data: SignedData<'a>) -> Result<Self, Rejection> {
        if signed_data.content.is_some() {
            return Err(Rejection::new(Reason::CmsContent, "it contains its content"));
        }
        if signed_data.content_type != ID_DATA {
            return Err(Rejection::new(Reason::CmsContent, format!("its content type is {}", signed_data.content_type)));
        }
        signed_data.check_repeated_fields()?;
        let count = signed_data.signers.len();
        let mut signers = signed_data.signers;
        let signer = match (signers.pop(), signers.is_empty()) {
            (Some(signer), true) => signer,
            _ => return Err(Rejection::new(Reason::CmsSignerCount, format!("it has {count}"))),
        };
        let evidence = Embedded::new(&signer.unsigned_attributes)?;
        Ok(Self { certificates: signed_data.certificates, signer, evidence })
    }

    /// The time by the signer's clock. Nobody vouches for it.
    pub fn signing_time(&self) -> Option<jiff::Timestamp> {
        let value = self.signer.signed_attribute(ID_SIGNING_TIME).ok()??;
        let time = x509_cert::time::Time::from_der(value).ok()?;
        jiff::Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
    }
}

impl<'a> Embedded<'a> {
    fn new(attributes: &[Attribute<'a>]) -> Result<Self, Rejection> {
        let mut embedded = Self::default();
        for attribute in attributes {
            match attribute.oid {
                ID_TIME_STAMP_TOKEN => {
                    embedded.tokens.extend(attribute.values.elements()?);
                    if embedded.tokens.len() > MAX_TOKENS {
                        return Err(Rejection::new(Reason::TimestampTooMany, format!("more than {MAX_TOKENS}")));
                    }
                }
                ID_LOG_ENTRY => {
                    let malformed = || Rejection::new(Reason::EntryMalformed, "its attribute is not one octet string");
                    let value = attribute.single().ok_or_else(malformed)?;
                    match AnyRef::from_der(value).map_err(|_| malformed())? {
                        any if any.header().tag() == Tag::OctetString => {
                            if embedded.entry.replace(any.value()).is_some() {
                                return Err(Reason::EntryRepeated.into());
                            }
                        }
                        any if matches!(any.header().tag(), Tag::Integer | Tag::PrintableString) => embedded.draft_entry = true,
                        _ => return Err(malformed()),
                    }
                }
                oid if oid.parent() == Some(DRAFT_ARC) => embedded.draft_entry = true,
                oid => embedded.unknown.push(oid),
            }
        }
        Ok(embedded)
    }
}

/// The signed attributes, as the SET OF whose DER is to be signed.
///
/// `payload_digest` is the SHA-256 of the payload; `signing_time` is in seconds since the Unix epoch, of the years 1970 to 2049.
///
/// # Errors
/// Where the time is out of range.
pub fn signed_attributes(payload_digest: &[u8; 32], signing_time: u64) -> der::Result<Vec<u8>> {
    let time = UtcTime::from_date_time(DateTime::from_unix_duration(Duration::from_secs(signing_time))?)?;
    cms::set_of_der(vec![
        cms::attribute(ID_CONTENT_TYPE, &ID_DATA.to_der()?)?,
        cms::attribute(ID_SIGNING_TIME, &time.to_der()?)?,
        cms::attribute(ID_MESSAGE_DIGEST, &OctetStringRef::new(payload_digest)?.to_der()?)?,
    ])
}

/// The parts of a new signature.
#[derive(Debug, Clone, Copy)]
pub struct GitSignatureParts<'a> {
    /// The leaf, DER.
    pub certificate: &'a [u8],
    /// Its issuer's Name, DER.
    pub issuer: &'a [u8],
    /// The content octets of its serial number.
    pub serial: &'a [u8],
    /// The signed attributes, from [`signed_attributes`].
    pub signed_attributes: &'a [u8],
    /// The DER ECDSA signature over them.
    pub signature: &'a [u8],
    /// The encoded TransparencyLogEntry, its body cleared.
    pub entry: Option<&'a [u8]>,
    /// RFC 3161 tokens over the signature.
    pub tokens: &'a [Vec<u8>],
}

impl GitSignatureParts<'_> {
    /// The CMS in DER.
    ///
    /// # Errors
    /// Where a part is too long.
    pub fn to_der(&self) -> der::Result<Vec<u8>> {
        let mut unsigned_attributes = Vec::new();
        if let Some(entry) = self.entry {
            unsigned_attributes.push(cms::attribute(ID_LOG_ENTRY, &OctetStringRef::new(entry)?.to_der()?)?);
        }
        if !self.tokens.is_empty() {
            unsigned_attributes.push(cms::attribute(ID_TIME_STAMP_TOKEN, &cms::set_of(self.tokens.to_vec()))?);
        }
        SignedDataParts {
            version: 1,
            content_type: ID_DATA,
            content: None,
            certificates: &[self.certificate],
            issuer: self.issuer,
            serial: self.serial,
            digest_algorithm: SHA_256,
            signed_attributes: self.signed_attributes,
            signature_algorithm: ECDSA_SHA_256,
            signature: self.signature,
            unsigned_attributes,
        }
        .to_der()
    }
}
