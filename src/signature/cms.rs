//! CMS SignedData (RFC 5652), strict DER, read in place.
//!
//! The same structures read and write git's detached signatures and RFC 3161 timestamp tokens. Sets keep their encoding, because the bytes of
//! the signed attributes are signed, and the bytes of a certificate are logged. BER is read in `verify/foreign.rs` only, to name the signatures
//! of other programs.

use crate::{Reason, Rejection, certificate::Certificate, wording::counted};
use der::{
    Decode, DecodeValue, Encode, EncodeValue, FixedTag, Header, Length, Reader, Sequence, SliceReader, Tag, Tagged, Writer,
    asn1::{AnyRef, ObjectIdentifier, OctetStringRef},
};
use spki::AlgorithmIdentifierRef;

/// Certificates, signers, attributes or values in one set, at most.
pub const MAX_ELEMENTS: usize = 16;

/// id-signedData.
pub(crate) const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// id-data.
pub const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// id-contentType.
pub const ID_CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// id-messageDigest.
pub const ID_MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// id-signingTime.
pub(crate) const ID_SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// A SET OF in its encoding: the content octets, with elements that are not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawSet<'a>(pub &'a [u8]);

impl FixedTag for RawSet<'_> {
    const TAG: Tag = Tag::Set;
}

impl<'a> DecodeValue<'a> for RawSet<'a> {
    type Error = der::Error;
    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        reader.read_slice(header.length()).map(Self)
    }
}

impl EncodeValue for RawSet<'_> {
    fn value_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }
    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0)
    }
}

impl<'a> RawSet<'a> {
    /// Each element, tag and length included.
    ///
    /// # Errors
    /// Where the octets are not a sequence of DER values, or there are more than [`MAX_ELEMENTS`].
    pub fn elements(&self) -> Result<Vec<&'a [u8]>, Rejection> {
        let mut reader = SliceReader::new(self.0).map_err(malformed)?;
        let mut elements = Vec::new();
        while !reader.is_finished() {
            if elements.len() == MAX_ELEMENTS {
                return Err(Rejection::new(Reason::CmsTooMany, format!("a set of more than {MAX_ELEMENTS} elements")));
            }
            elements.push(reader.tlv_bytes().map_err(malformed)?);
        }
        Ok(elements)
    }
}

/// `ContentInfo`, its content a SignedData.
#[derive(Debug, Clone, Sequence)]
struct ContentInfo<'a> {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: SignedDataFields<'a>,
}

#[derive(Debug, Clone, Sequence)]
struct SignedDataFields<'a> {
    version: u8,
    digest_algorithms: RawSet<'a>,
    encap_content_info: EncapsulatedContentInfo<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    certificates: Option<RawSet<'a>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    crls: Option<RawSet<'a>>,
    signer_infos: RawSet<'a>,
}

#[derive(Debug, Clone, Sequence)]
struct EncapsulatedContentInfo<'a> {
    econtent_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    econtent: Option<&'a OctetStringRef>,
}

#[derive(Debug, Clone, Sequence)]
struct SignerInfoFields<'a> {
    version: u8,
    sid: AnyRef<'a>,
    digest_algorithm: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    signed_attributes: Option<RawSet<'a>>,
    signature_algorithm: AlgorithmIdentifierRef<'a>,
    signature: &'a OctetStringRef,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    unsigned_attributes: Option<RawSet<'a>>,
}

/// `Attribute`.
#[derive(Debug, Clone, Sequence)]
pub struct Attribute<'a> {
    /// The attribute's type.
    pub oid: ObjectIdentifier,
    /// Its values.
    pub values: RawSet<'a>,
}

impl<'a> Attribute<'a> {
    /// The single value, tag and length included.
    pub fn single(&self) -> Option<&'a [u8]> {
        match self.values.elements().ok()?.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// A SignedData, read in place.
#[derive(Debug, Clone)]
pub struct SignedData<'a> {
    /// CMSVersion.
    pub version: u8,
    /// digestAlgorithms, each encoded.
    pub digest_algorithms: Vec<&'a [u8]>,
    /// eContentType.
    pub content_type: ObjectIdentifier,
    /// eContent; absent in a detached signature.
    pub content: Option<&'a [u8]>,
    /// The certificates in DER, in the order of the bag, which the sender chose.
    pub certificates: Vec<&'a [u8]>,
    /// The signers.
    pub signers: Vec<SignerInfo<'a>>,
}

/// One signer of a SignedData.
#[derive(Debug, Clone)]
pub struct SignerInfo<'a> {
    /// CMSVersion.
    pub version: u8,
    /// How the signer's certificate is named.
    pub identifier: SignerIdentifier<'a>,
    /// digestAlgorithm.
    pub digest_algorithm: AlgorithmIdentifierRef<'a>,
    /// signatureAlgorithm.
    pub signature_algorithm: AlgorithmIdentifierRef<'a>,
    /// The signature: a DER ECDSA-Sig-Value, or PKCS #1.
    pub signature: &'a [u8],
    /// The content octets of the signed attributes; absent where the signature is over the content itself.
    pub signed_attributes: Option<RawSet<'a>>,
    /// The unsigned attributes.
    pub unsigned_attributes: Vec<Attribute<'a>>,
}

/// `SignerIdentifier`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerIdentifier<'a> {
    /// The issuer's Name and the serial number's content octets.
    IssuerAndSerialNumber {
        /// The Name, tag and length included.
        issuer: &'a [u8],
        /// The INTEGER's content octets.
        serial: &'a [u8],
    },
    /// subjectKeyIdentifier.
    SubjectKeyIdentifier(&'a [u8]),
}

impl<'a> SignedData<'a> {
    /// Reads a ContentInfo that holds a SignedData.
    ///
    /// # Errors
    /// [`Reason::CmsMalformed`], [`Reason::CmsTrailingData`] or [`Reason::CmsTooMany`].
    pub fn from_der(der: &'a [u8]) -> Result<Self, Rejection> {
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let info = ContentInfo::decode(&mut reader).map_err(malformed)?;
        if !reader.is_finished() {
            return Err(Rejection::new(Reason::CmsTrailingData, counted(u32::from(reader.remaining_len()), "byte")));
        }
        if info.content_type != ID_SIGNED_DATA {
            return Err(Rejection::new(Reason::CmsMalformed, format!("content type {} is not signedData", info.content_type)));
        }
        let fields = info.content;
        Ok(Self {
            version: fields.version,
            digest_algorithms: fields.digest_algorithms.elements()?,
            content_type: fields.encap_content_info.econtent_type,
            content: fields.encap_content_info.econtent.map(|content| content.as_bytes()),
            certificates: fields.certificates.map(|set| set.elements()).transpose()?.unwrap_or_default(),
            signers: fields.signer_infos.elements()?.into_iter().map(SignerInfo::from_der).collect::<Result<_, _>>()?,
        })
    }
}

impl SignedData<'_> {
    /// Checks the fields that repeat others, as RFC 5652 requires for signers that are named by issuer and serial number. The version is 1 for
    /// each signer and for plain data, and 3 for other content (sections 5.1 and 5.3). digestAlgorithms contains each signer's.
    ///
    /// # Errors
    /// [`Reason::CmsMalformed`] or [`Reason::CmsAlgorithm`].
    pub fn check_repeated_fields(&self) -> Result<(), Rejection> {
        let expected = if self.content_type == ID_DATA { 1 } else { 3 };
        if self.version != expected || self.signers.iter().any(|signer| signer.version != 1) {
            return Err(Rejection::new(Reason::CmsMalformed, "its versions are not those that RFC 5652 requires"));
        }
        let named = self.digest_algorithms.iter().map(|der| Ok(AlgorithmIdentifierRef::from_der(der).map_err(malformed)?.oid));
        let named = named.collect::<Result<Vec<_>, Rejection>>()?;
        match self.signers.iter().find(|signer| !named.contains(&signer.digest_algorithm.oid)) {
            Some(signer) => {
                Err(Rejection::new(Reason::CmsAlgorithm, format!("digestAlgorithms does not contain {}", signer.digest_algorithm.oid)))
            }
            None => Ok(()),
        }
    }
}

impl<'a> SignerInfo<'a> {
    fn from_der(der: &'a [u8]) -> Result<Self, Rejection> {
        let fields = SignerInfoFields::from_der(der).map_err(malformed)?;
        let unsigned = fields.unsigned_attributes.map(|set| set.elements()).transpose()?.unwrap_or_default();
        Ok(Self {
            version: fields.version,
            identifier: SignerIdentifier::from_any(fields.sid)?,
            digest_algorithm: fields.digest_algorithm,
            signature_algorithm: fields.signature_algorithm,
            signature: fields.signature.as_bytes(),
            signed_attributes: fields.signed_attributes,
            unsigned_attributes: unsigned.into_iter().map(Attribute::from_der).collect::<Result<_, _>>().map_err(malformed)?,
        })
    }

    /// The bytes that the signature is over: the signed attributes re-tagged as a SET OF (RFC 5652, section 5.4).
    pub fn signed_bytes(&self) -> Result<Vec<u8>, Rejection> {
        let set = self.signed_attributes.ok_or_else(|| Rejection::new(Reason::SignedAttributes, "there are none"))?;
        set.to_der().map_err(malformed)
    }

    /// The one signed attribute of this type, as its single value.
    ///
    /// # Errors
    /// [`Reason::SignedAttributes`] where it appears twice or does not have exactly one value. It is `Ok(None)` where it is absent.
    pub fn signed_attribute(&self, oid: ObjectIdentifier) -> Result<Option<&'a [u8]>, Rejection> {
        let Some(set) = self.signed_attributes else { return Ok(None) };
        let mut found = None;
        for element in set.elements()? {
            let attribute = Attribute::from_der(element).map_err(malformed)?;
            if attribute.oid == oid {
                let value = attribute
                    .single()
                    .ok_or_else(|| Rejection::new(Reason::SignedAttributes, format!("{oid} does not have exactly one value")))?;
                if found.replace(value).is_some() {
                    return Err(Rejection::new(Reason::SignedAttributes, format!("{oid} appears twice")));
                }
            }
        }
        Ok(found)
    }

    /// Checks that the signed attributes are in DER order, and that contentType and messageDigest are those of the content (RFC 5652, section 11).
    pub fn check_signed_attributes(&self, content_type: ObjectIdentifier, content_digest: &[u8]) -> Result<(), Rejection> {
        let wrong = |detail: &str| Rejection::new(Reason::SignedAttributes, detail);
        let set = self.signed_attributes.ok_or_else(|| wrong("there are none"))?;
        if !set.elements()?.is_sorted() {
            return Err(wrong("they are not in DER order"));
        }
        let stated = self.signed_attribute(ID_CONTENT_TYPE)?.ok_or_else(|| wrong("contentType is absent"))?;
        if ObjectIdentifier::from_der(stated).ok() != Some(content_type) {
            return Err(wrong("contentType is not that of the content"));
        }
        let stated = self.signed_attribute(ID_MESSAGE_DIGEST)?.ok_or_else(|| wrong("messageDigest is absent"))?;
        let digest = <&OctetStringRef>::from_der(stated).map_err(malformed)?;
        if digest.as_bytes() == content_digest { Ok(()) } else { Err(Reason::PayloadMismatch.into()) }
    }
}

impl SignerIdentifier<'_> {
    /// Whether it names this certificate by issuer and serial number.
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerialNumber { issuer, serial } => certificate.issuer() == *issuer && certificate.serial() == *serial,
            Self::SubjectKeyIdentifier(_) => false,
        }
    }
}

impl<'a> SignerIdentifier<'a> {
    fn from_any(sid: AnyRef<'a>) -> Result<Self, Rejection> {
        match sid.tag() {
            Tag::Sequence => {
                let mut reader = SliceReader::new(sid.value()).map_err(malformed)?;
                let issuer = reader.tlv_bytes().map_err(malformed)?;
                let serial = AnyRef::decode(&mut reader).map_err(malformed)?;
                if serial.tag() != Tag::Integer || !reader.is_finished() {
                    return Err(Rejection::new(Reason::CmsMalformed, "the signer identifier is not an issuer and serial number"));
                }
                Ok(Self::IssuerAndSerialNumber { issuer, serial: serial.value() })
            }
            Tag::ContextSpecific { number, constructed: false } if number.value() == 0 => Ok(Self::SubjectKeyIdentifier(sid.value())),
            _ => Err(Rejection::new(Reason::CmsMalformed, "the signer identifier is of an unknown form")),
        }
    }
}

fn malformed(error: der::Error) -> Rejection {
    Rejection::new(Reason::CmsMalformed, error.to_string())
}

/// The parts of a SignedData with one signer. The attributes are signed already.
#[derive(Debug, Clone)]
pub struct SignedDataParts<'a> {
    /// CMSVersion of the SignedData: 1 for id-data, 3 for any other content.
    pub version: u8,
    /// eContentType.
    pub content_type: ObjectIdentifier,
    /// eContent; `None` for a detached signature.
    pub content: Option<&'a [u8]>,
    /// Certificates in DER.
    pub certificates: &'a [&'a [u8]],
    /// The issuer's Name of the signer's certificate, tag and length included.
    pub issuer: &'a [u8],
    /// The content octets of its serial number.
    pub serial: &'a [u8],
    /// digestAlgorithm.
    pub digest_algorithm: AlgorithmIdentifierRef<'a>,
    /// The SET OF signed attributes, tag and length included: what was signed.
    pub signed_attributes: &'a [u8],
    /// signatureAlgorithm.
    pub signature_algorithm: AlgorithmIdentifierRef<'a>,
    /// The signature.
    pub signature: &'a [u8],
    /// Unsigned attributes, each as an encoded Attribute.
    pub unsigned_attributes: Vec<Vec<u8>>,
}

impl SignedDataParts<'_> {
    /// The ContentInfo in DER.
    ///
    /// # Errors
    /// Where a part is too long for DER, or the signed attributes are not a SET.
    pub fn to_der(&self) -> der::Result<Vec<u8>> {
        let digest_algorithm = self.digest_algorithm.to_der()?;
        let unsigned = set_of(self.unsigned_attributes.clone());
        let identifier = [self.issuer, &AnyRef::new(Tag::Integer, self.serial)?.to_der()?].concat();
        let signer = SignerInfoFields {
            version: 1,
            sid: AnyRef::new(Tag::Sequence, &identifier)?,
            digest_algorithm: self.digest_algorithm,
            signed_attributes: Some(RawSet::from_der(self.signed_attributes)?),
            signature_algorithm: self.signature_algorithm,
            signature: OctetStringRef::new(self.signature)?,
            unsigned_attributes: (!unsigned.is_empty()).then_some(RawSet(&unsigned)),
        }
        .to_der()?;
        let certificates = set_of(self.certificates.iter().map(|der| der.to_vec()).collect());
        ContentInfo {
            content_type: ID_SIGNED_DATA,
            content: SignedDataFields {
                version: self.version,
                digest_algorithms: RawSet(&digest_algorithm),
                encap_content_info: EncapsulatedContentInfo {
                    econtent_type: self.content_type,
                    econtent: self.content.map(OctetStringRef::new).transpose()?,
                },
                certificates: (!certificates.is_empty()).then_some(RawSet(&certificates)),
                crls: None,
                signer_infos: RawSet(&signer),
            },
        }
        .to_der()
    }
}

/// An attribute with one value, encoded.
pub fn attribute(oid: ObjectIdentifier, value: &[u8]) -> der::Result<Vec<u8>> {
    Attribute { oid, values: RawSet(value) }.to_der()
}

/// The content octets of a SET OF in DER order.
pub fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    elements.concat()
}

/// A SET OF in DER, tag and length included.
pub fn set_of_der(elements: Vec<Vec<u8>>) -> der::Result<Vec<u8>> {
    RawSet(&set_of(elements)).to_der()
}
