//! The checks of RFC 3161 timestamp tokens: what they are about, who signed them, and when.
//!
//! This module finds the token's signer and checks the signature with the signer's key. The caller knows the trust root, and checks whether
//! the signer belongs to a trusted authority.

use super::rfc3161::{ID_CT_TST_INFO, TstInfo};
use crate::{
    Reason, Rejection,
    certificate::{Certificate, HashAlgorithm, key::signature_hash},
    signature::cms::{SignedData, SignerInfo},
};
use const_oid::{
    ObjectIdentifier,
    db::{
        rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_KP_TIME_STAMPING},
        rfc5911::ID_AA_SIGNING_CERTIFICATE_V_2,
        rfc5912::RSA_ENCRYPTION,
    },
};
use der::{
    Decode, Sequence,
    asn1::{Any, OctetStringRef},
    referenced::OwnedToRef,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

/// A token larger than this is not read, in bytes.
pub const MAX_TOKEN: usize = 256 * 1024;
/// id-aa-signingCertificate (RFC 2634). Its hash is SHA-1. Path, purpose and signature are checked as well, so nothing depends on it alone.
const ID_AA_SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");

/// A token that is about the expected bytes, and whose signature verifies with its signer's certificate. The signer is not checked.
#[derive(Debug, Clone)]
pub struct TimestampToken {
    /// genTime: when the authority saw the bytes. The accuracy is ignored.
    pub time: Timestamp,
    /// The authority's certificate.
    pub signer: Certificate,
    /// The further certificates of the token.
    pub others: Vec<Certificate>,
}

impl TimestampToken {
    /// Checks a token (DER of the ContentInfo) over `stamped`. `known` are the certificates of the trust root's authorities. The signer's is one
    /// of them where the token does not contain it.
    ///
    /// # Errors
    /// A reason of the layer `timestamp`.
    pub fn verify<'a>(token: &[u8], stamped: &[u8], known: impl Iterator<Item = &'a Certificate>) -> Result<Self, Rejection> {
        if token.len() > MAX_TOKEN {
            return Err(malformed(&format!("{} bytes; at most {MAX_TOKEN} are read", token.len())));
        }
        let signed_data = SignedData::from_der(token).map_err(|rejection| malformed(&rejection.to_string()))?;
        if signed_data.content_type != ID_CT_TST_INFO {
            return Err(malformed("its content is not a TSTInfo"));
        }
        signed_data.check_repeated_fields().map_err(|rejection| malformed(&rejection.to_string()))?;
        let content = signed_data.content.ok_or_else(|| malformed("it has no content"))?;
        let info = TstInfo::from_der(content).map_err(|error| malformed(&error.to_string()))?;
        if info.version != 1 {
            return Err(malformed("its version is not 1"));
        }
        if info.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(malformed("it has a critical extension"));
        }
        check_imprint(&info, stamped)?;

        let [signer] = signed_data.signers.as_slice() else { return Err(malformed("it has not exactly one signer")) };
        let carried =
            signed_data.certificates.iter().map(|der| Certificate::from_der(der).map_err(|rejection| malformed(&rejection.to_string())));
        let mut carried = carried.collect::<Result<Vec<_>, _>>()?;
        let certificate = match carried.iter().position(|certificate| signer.identifier.names(certificate)) {
            Some(position) => carried.swap_remove(position),
            None => {
                known.into_iter().find(|certificate| signer.identifier.names(certificate)).ok_or(Reason::TimestampUnknownAuthority)?.clone()
            }
        };
        check_purpose(&certificate)?;
        check_signature(signer, &certificate, content)?;
        let nanoseconds = i32::try_from(info.gen_time.nanoseconds()).unwrap_or_default();
        let time = Timestamp::new(info.gen_time.unix_seconds(), nanoseconds).map_err(|_| malformed("its time is out of range"))?;
        Ok(Self { time, signer: certificate, others: carried })
    }
}

fn check_imprint(info: &TstInfo, stamped: &[u8]) -> Result<(), Rejection> {
    let imprint = &info.message_imprint;
    let hash = HashAlgorithm::from_digest_algorithm(&imprint.hash_algorithm.owned_to_ref());
    let hash =
        hash.ok_or_else(|| Rejection::new(Reason::TimestampImprint, format!("its hash {} is not allowed", imprint.hash_algorithm.oid)))?;
    if hash.digest(stamped) == imprint.hashed_message.as_bytes() { Ok(()) } else { Err(Reason::TimestampImprint.into()) }
}

/// RFC 3161, section 2.3: a critical extension says that the certificate is for timestamps only. Its key usage must allow signatures.
fn check_purpose(certificate: &Certificate) -> Result<(), Rejection> {
    let wrong = |detail: String| Err(Rejection::new(Reason::TimestampProfile, detail));
    match certificate.extension::<ExtendedKeyUsage>() {
        Ok(Some((true, usages))) if usages.0 == [ID_KP_TIME_STAMPING] => {}
        _ => return wrong("its extended key usage is not critical and timeStamping only".to_owned()),
    }
    match certificate.extension::<KeyUsage>() {
        Ok(Some((_, usage))) if !usage.digital_signature() && !usage.non_repudiation() => {
            return wrong("its key usage allows no signatures".to_owned());
        }
        Ok(_) => {}
        Err(rejection) => return wrong(rejection.to_string()),
    }
    match certificate.unknown_critical(&[ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE, ID_CE_EXT_KEY_USAGE]) {
        Some(unknown) => wrong(format!("it has the critical extension {unknown}, which is not supported")),
        None => Ok(()),
    }
}

fn check_signature(signer: &SignerInfo<'_>, certificate: &Certificate, content: &[u8]) -> Result<(), Rejection> {
    let invalid = |detail: &str| Rejection::new(Reason::TimestampInvalid, detail);
    let hash = HashAlgorithm::from_digest_algorithm(&signer.digest_algorithm).ok_or_else(|| invalid("its hash is not allowed"))?;
    signer.check_signed_attributes(ID_CT_TST_INFO, &hash.digest(content)).map_err(|rejection| invalid(&rejection.to_string()))?;
    check_signing_certificate(signer, certificate)?;
    let key = certificate.public_key();
    // "rsaEncryption" in a SignerInfo leaves the hash to digestAlgorithm (RFC 3370, section 3.2)
    let signature_hash = match signer.signature_algorithm {
        AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, .. } => Some(hash),
        algorithm => signature_hash(&algorithm, key.kind()),
    };
    let signature_hash = signature_hash.ok_or_else(|| invalid("its signature algorithm is not allowed"))?;
    key.verify(signature_hash, &signer.signed_bytes()?, signer.signature).map_err(|_| Reason::TimestampInvalid.into())
}

/// `ESSCertIDv2` (RFC 5035); only the hash is needed, the rest is read and passed over.
#[derive(Sequence)]
struct SigningCertificateV2<'a> {
    certificates: Vec<EssCertIdV2<'a>>,
    #[asn1(optional = "true")]
    _policies: Option<Any>,
}

#[derive(Sequence)]
struct EssCertIdV2<'a> {
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierRef<'a>>,
    hash: &'a OctetStringRef,
    #[asn1(optional = "true")]
    _issuer_serial: Option<Any>,
}

/// `SigningCertificate` (RFC 2634), the older form.
#[derive(Sequence)]
struct SigningCertificate<'a> {
    certificates: Vec<EssCertId<'a>>,
    #[asn1(optional = "true")]
    _policies: Option<Any>,
}

#[derive(Sequence)]
struct EssCertId<'a> {
    hash: &'a OctetStringRef,
    #[asn1(optional = "true")]
    _issuer_serial: Option<Any>,
}

/// RFC 3161, section 2.4.2: a token names its signer's certificate by a hash, so that no other certificate with the same key counts.
fn check_signing_certificate(signer: &SignerInfo<'_>, certificate: &Certificate) -> Result<(), Rejection> {
    let invalid = |detail: &str| Rejection::new(Reason::TimestampInvalid, detail);
    if let Some(value) = signer.signed_attribute(ID_AA_SIGNING_CERTIFICATE_V_2)? {
        let named = SigningCertificateV2::from_der(value).map_err(|_| invalid("its signing certificate attribute is malformed"))?;
        let first = named.certificates.first().ok_or_else(|| invalid("its signing certificate attribute is empty"))?;
        let digest = match &first.hash_algorithm {
            None => Sha256::digest(certificate.der()).to_vec(),
            Some(algorithm) => {
                HashAlgorithm::from_digest_algorithm(algorithm).ok_or_else(|| invalid("its hash is not allowed"))?.digest(certificate.der())
            }
        };
        return if digest == first.hash.as_bytes() { Ok(()) } else { Err(invalid("it names another certificate as its signer's")) };
    }
    let value = signer.signed_attribute(ID_AA_SIGNING_CERTIFICATE)?.ok_or_else(|| invalid("it does not name its signer's certificate"))?;
    let named = SigningCertificate::from_der(value).map_err(|_| invalid("its signing certificate attribute is malformed"))?;
    let first = named.certificates.first().ok_or_else(|| invalid("its signing certificate attribute is empty"))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    if digest.as_ref() == first.hash.as_bytes() { Ok(()) } else { Err(invalid("it names another certificate as its signer's")) }
}

fn malformed(detail: &str) -> Rejection {
    Rejection::new(Reason::TimestampMalformed, detail)
}
