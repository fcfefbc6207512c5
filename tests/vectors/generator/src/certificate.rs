//! Certificates, written with the structures that the verifier reads.

use super::{
    der::{octets, oid, sequence, tlv},
    key::Key,
};
use const_oid::ObjectIdentifier;
use der::{
    Decode, Encode, Tag,
    asn1::{AnyRef, BitStringRef, OctetString},
};
use paraph::internals::certificate::{
    sct::{precertificate_signed_bytes, sct_list},
    x509::{CertificateFields, TbsCertificate},
};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use std::time::{Duration, UNIX_EPOCH};
use x509_cert::{
    ext::Extension,
    name::Name,
    time::{Time, Validity},
};

pub const KEY_USAGE: &str = "2.5.29.15";
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub const ISSUER_V1: &str = "1.3.6.1.4.1.57264.1.1";
pub const ISSUER_V2: &str = "1.3.6.1.4.1.57264.1.8";
pub const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";
pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";

/// The content of a certificate.
#[derive(Clone)]
pub struct Template {
    pub serial: Vec<u8>,
    pub issuer: Vec<u8>,
    pub not_before: i64,
    pub not_after: i64,
    pub subject: Vec<u8>,
    pub spki: Vec<u8>,
    pub extensions: Vec<Extension>,
}

impl Template {
    /// Replaces the extension of the same type, or adds the extension at the end.
    pub fn put(&mut self, new: Extension) {
        match self.extensions.iter_mut().find(|extension| extension.extn_id == new.extn_id) {
            Some(old) => *old = new,
            None => self.extensions.push(new),
        }
    }

    pub fn remove(&mut self, oid: &str) {
        let before = self.extensions.len();
        self.extensions.retain(|extension| extension.extn_id != ObjectIdentifier::new_unwrap(oid));
        assert_eq!(self.extensions.len() + 1, before, "{oid}");
    }

    /// The TBSCertificate, which the issuer signs.
    pub fn tbs(&self, key: &Key) -> Vec<u8> {
        TbsCertificate {
            version: 2,
            serial_number: AnyRef::new(Tag::Integer, &self.serial).unwrap(),
            signature: AlgorithmIdentifierRef::from_der(&key.signature_algorithm()).unwrap(),
            issuer: AnyRef::from_der(&self.issuer).unwrap(),
            validity: Validity::new(time(self.not_before), time(self.not_after)),
            subject: AnyRef::from_der(&self.subject).unwrap(),
            subject_public_key_info: AnyRef::from_der(&self.spki).unwrap(),
            extensions: Some(self.extensions.clone()),
        }
        .to_der()
        .unwrap()
    }

    /// The certificate, signed with its issuer's key.
    pub fn signed_by(&self, key: &Key) -> Vec<u8> {
        sign_tbs(&self.tbs(key), key)
    }

    /// The certificate with an SCT of its precertificate.
    pub fn with_sct(&self, key: &Key, sct: &Sct<'_>) -> Vec<u8> {
        let mut whole = self.clone();
        whole.extensions.push(raw(SCT_LIST, false, sct.list(&self.tbs(key))));
        whole.signed_by(key)
    }
}

pub fn sign_tbs(tbs: &[u8], key: &Key) -> Vec<u8> {
    CertificateFields {
        tbs_certificate: AnyRef::from_der(tbs).unwrap(),
        signature_algorithm: AlgorithmIdentifierRef::from_der(&key.signature_algorithm()).unwrap(),
        signature: BitStringRef::from_bytes(&key.sign(tbs)).unwrap(),
    }
    .to_der()
    .unwrap()
}

/// What a CT log promises.
#[derive(Clone)]
pub struct Sct<'a> {
    pub log: &'a Key,
    pub seconds: i64,
    pub issuer_spki: Vec<u8>,
    pub extensions: Vec<u8>,
    /// A precertificate in place of the right one.
    pub other_tbs: Option<Vec<u8>>,
    /// What becomes of the encoded list.
    pub edit: Option<fn(&mut Vec<u8>)>,
}

impl Sct<'_> {
    fn list(&self, tbs: &[u8]) -> Vec<u8> {
        let milliseconds = u64::try_from(self.seconds).unwrap() * 1000;
        let tbs = self.other_tbs.as_deref().unwrap_or(tbs);
        let signed = precertificate_signed_bytes(milliseconds, &self.issuer_spki, tbs, &self.extensions).unwrap();
        let log_id = Sha256::digest(self.log.spki()).into();
        let mut list = sct_list(&log_id, milliseconds, &self.extensions, &self.log.sign(&signed)).unwrap();
        if let Some(edit) = self.edit {
            edit(&mut list);
        }
        list
    }
}

pub fn raw(oid: &str, critical: bool, value: Vec<u8>) -> Extension {
    Extension { extn_id: ObjectIdentifier::new_unwrap(oid), critical, extn_value: OctetString::new(value).unwrap() }
}

pub fn utf8(oid: &str, text: &str) -> Extension {
    raw(oid, false, tlv(0x0c, text.as_bytes()))
}

/// The bits as the standard numbers them: 0 digitalSignature, 5 keyCertSign, 6 cRLSign.
pub fn key_usage(bits: &[u8]) -> Extension {
    let byte = bits.iter().fold(0u8, |byte, bit| byte | (0x80 >> bit));
    raw(KEY_USAGE, true, tlv(0x03, &[u8::try_from(byte.trailing_zeros()).unwrap(), byte]))
}

pub fn extended_key_usage(critical: bool, purposes: &[&str]) -> Extension {
    raw(EXTENDED_KEY_USAGE, critical, sequence(&purposes.iter().map(|purpose| oid(purpose)).collect::<Vec<_>>()))
}

pub fn basic_constraints(path_length: Option<u8>) -> Extension {
    let length = path_length.map(|length| tlv(0x02, &[length])).unwrap_or_default();
    raw(BASIC_CONSTRAINTS, true, sequence(&[tlv(0x01, &[0xff]), length]))
}

pub fn subject_key_identifier(key: &Key) -> Extension {
    raw(SUBJECT_KEY_IDENTIFIER, false, octets(&key_identifier(key)))
}

pub fn authority_key_identifier(key: &Key) -> Extension {
    raw(AUTHORITY_KEY_IDENTIFIER, false, sequence(&[tlv(0x80, &key_identifier(key))]))
}

/// Names as their encoded GeneralNames: `[1]` an address, `[6]` a URI.
pub fn subject_alternative_name(critical: bool, names: &[Vec<u8>]) -> Extension {
    raw(SUBJECT_ALTERNATIVE_NAME, critical, sequence(names))
}

pub fn email(address: &[u8]) -> Vec<u8> {
    tlv(0x81, address)
}

pub fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text.as_bytes())
}

/// otherName of Fulcio's user names.
pub fn username(type_id: &str, name: &str) -> Vec<u8> {
    tlv(0xa0, &[oid(type_id), tlv(0xa0, &tlv(0x0c, name.as_bytes()))].concat())
}

/// A key's first twenty bytes of its SHA-256: any identifier will do (RFC 7093).
fn key_identifier(key: &Key) -> Vec<u8> {
    Sha256::digest(key.raw())[..20].to_vec()
}

pub fn name(common_name: &str) -> Vec<u8> {
    format!("CN={common_name},O=paraph vectors").parse::<Name>().unwrap().to_der().unwrap()
}

/// A serial number from a seed, positive and of twenty bytes.
pub fn serial(seed: &str) -> Vec<u8> {
    let mut serial = Sha256::digest(seed)[..20].to_vec();
    serial[0] = (serial[0] & 0x7f) | 0x40;
    serial
}

fn time(seconds: i64) -> Time {
    Time::try_from(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap())).unwrap()
}
