//! The signed certificate timestamp that a Fulcio certificate embeds (RFC 6962, section 3).

use super::{hash::HashAlgorithm, x509::Certificate};
use crate::{Reason, Rejection};
use const_oid::db::rfc6962::CT_PRECERT_SCTS;
use der::{Decode, Encode, asn1::OctetString};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_cert::ext::pkix::sct::{
    HashAlgorithm as TlsHash, SignatureAlgorithm, SignedCertificateTimestamp, SignedCertificateTimestampList, Version,
};

/// SCTs in one certificate, at most.
const MAX_SCTS: usize = 8;

/// One SCT, with what its log signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sct {
    /// SHA-256 of the log's SubjectPublicKeyInfo.
    pub log_id: [u8; 32],
    /// When the log issued it.
    pub time: Timestamp,
    /// The hash function of the signature.
    pub hash: HashAlgorithm,
    /// The log's signature, DER ECDSA or PKCS #1.
    pub signature: Vec<u8>,
    milliseconds: u64,
    extensions: Vec<u8>,
}

impl Sct {
    /// The SCTs that the certificate embeds; none where it has no such extension.
    ///
    /// # Errors
    /// [`Reason::SctMalformed`].
    pub fn embedded(certificate: &Certificate) -> Result<Vec<Self>, Rejection> {
        let Some(extension) = certificate.extension_value(CT_PRECERT_SCTS) else { return Ok(Vec::new()) };
        let list =
            SignedCertificateTimestampList::from_der(extension.extn_value.as_bytes()).map_err(|error| malformed(&error.to_string()))?;
        let list = list.parse_timestamps().map_err(|error| malformed(&format!("{error:?}")))?;
        if list.is_empty() || list.len() > MAX_SCTS {
            return Err(malformed(&format!("{} timestamps in the list", list.len())));
        }
        list.iter().map(|sct| Self::from_tls(sct.parse_timestamp().map_err(|error| malformed(&format!("{error:?}")))?)).collect()
    }

    fn from_tls(sct: SignedCertificateTimestamp) -> Result<Self, Rejection> {
        let Version::V1 = sct.version;
        let hash = match (&sct.signature.algorithm.signature, &sct.signature.algorithm.hash) {
            (SignatureAlgorithm::Ecdsa | SignatureAlgorithm::Rsa, TlsHash::Sha256) => HashAlgorithm::Sha256,
            (SignatureAlgorithm::Ecdsa | SignatureAlgorithm::Rsa, TlsHash::Sha384) => HashAlgorithm::Sha384,
            _ => return Err(malformed("a signature algorithm that is not allowed")),
        };
        let time = i64::try_from(sct.timestamp).ok().and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
        Ok(Self {
            log_id: sct.log_id.key_id,
            time: time.ok_or_else(|| malformed("a time out of range"))?,
            hash,
            signature: sct.signature.signature.into_vec(),
            milliseconds: sct.timestamp,
            extensions: sct.extensions.into_vec(),
        })
    }

    /// What the log signed: the precertificate of `certificate` under the issuer whose SubjectPublicKeyInfo is given.
    pub fn signed_bytes(&self, certificate: &Certificate, issuer_spki: &[u8]) -> Result<Vec<u8>, Rejection> {
        precertificate_signed_bytes(self.milliseconds, issuer_spki, &certificate.tbs_without(CT_PRECERT_SCTS)?, &self.extensions)
    }
}

/// `digitally-signed` of RFC 6962, section 3.2, for a precertificate: what a log signs, and a verifier checks.
///
/// `milliseconds` is the time since the Unix epoch; `tbs` the TBSCertificate without the SCT list.
pub fn precertificate_signed_bytes(milliseconds: u64, issuer_spki: &[u8], tbs: &[u8], extensions: &[u8]) -> Result<Vec<u8>, Rejection> {
    let tbs_length =
        u32::try_from(tbs.len()).ok().filter(|length| *length < 1 << 24).ok_or_else(|| malformed("the certificate is too long"))?;
    let extensions_length = u16::try_from(extensions.len()).map_err(|_| malformed("the extensions are too long"))?;
    let mut bytes = Vec::with_capacity(tbs.len() + extensions.len() + 64);
    bytes.extend([0, 0]); // version v1, signature_type certificate_timestamp
    bytes.extend(milliseconds.to_be_bytes());
    bytes.extend([0, 1]); // entry_type precert_entry
    bytes.extend(Sha256::digest(issuer_spki));
    bytes.extend(tbs_length.to_be_bytes().iter().skip(1));
    bytes.extend(tbs);
    bytes.extend(extensions_length.to_be_bytes());
    bytes.extend(extensions);
    Ok(bytes)
}

/// The value of the extension that embeds one SCT with an ECDSA SHA-256 signature (RFC 6962, section 3.3): what a certificate authority writes.
pub fn sct_list(log_id: &[u8; 32], milliseconds: u64, extensions: &[u8], signature: &[u8]) -> Result<Vec<u8>, Rejection> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).map(u16::to_be_bytes).map_err(|_| malformed("a part is too long"));
    let mut sct = vec![0]; // version v1
    sct.extend(log_id);
    sct.extend(milliseconds.to_be_bytes());
    sct.extend(length(extensions)?);
    sct.extend(extensions);
    sct.extend([4, 3]); // sha256, ecdsa
    sct.extend(length(signature)?);
    sct.extend(signature);
    let entry = [&length(&sct)?, sct.as_slice()].concat();
    let list = [&length(&entry)?, entry.as_slice()].concat();
    OctetString::new(list).and_then(|list| list.to_der()).map_err(|error| malformed(&error.to_string()))
}

fn malformed(detail: &str) -> Rejection {
    Rejection::new(Reason::SctMalformed, detail)
}
