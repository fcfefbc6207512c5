//! The certificates that the instance issues: Fulcio's chain and the timestamp authority's chain, both created by `init`, and Fulcio's leaves.
//!
//! Chains and profiles are those of production: a P-384 root with path length 1, a P-384 intermediate with path length 0 and codeSigning, and
//! leaves according to Fulcio's certificate specification. The structures come from `certificate::x509`, which the verifier reads with.

use const_oid::{
    ObjectIdentifier,
    db::{
        rfc5280::{ID_KP_CODE_SIGNING, ID_KP_TIME_STAMPING},
        rfc5912::{ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384},
        rfc6962::CT_PRECERT_SCTS,
    },
};
use der::{
    Any, Decode as _, Encode as _, Tag,
    asn1::{AnyRef, BitStringRef, Ia5String, OctetString, Utf8StringRef},
};
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;
use x509_cert::{
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
            name::GeneralName,
        },
    },
    name::Name,
    time::{Time, Validity},
};

use super::{
    error::LocalError,
    keys::{Algorithm, SigningKey, random},
    token::Job,
};
use crate::{
    certificate::{
        Certificate,
        fulcio::{FULCIO_ARC, ISSUER_V1, ISSUER_V2, TOKEN_SUBJECT},
        sct::{precertificate_signed_bytes, sct_list},
        x509::{CertificateFields, TbsCertificate},
    },
    signature::pem,
};

/// The organization in the names of all authorities of the instance.
pub(super) const ORGANIZATION: &str = "paraph local";
/// The common name of Fulcio's root.
pub(super) const ROOT_NAME: &str = "paraph local root";
/// The common name of the timestamp authority's root.
pub(super) const TIMESTAMP_ROOT_NAME: &str = "paraph local timestamp root";

const YEAR: i64 = 365 * 24 * 60 * 60;
/// The validity period of the authorities' certificates, in seconds.
pub(super) const AUTHORITY_LIFETIME: i64 = 10 * YEAR;

/// A chain of DER certificates. The first one signs, the last one is the root.
pub(super) type Chain = Vec<Vec<u8>>;

/// Issues Fulcio's chain: intermediate, root.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn fulcio_chain(root: &SigningKey, intermediate: &SigningKey, now: Timestamp) -> Result<Chain, LocalError> {
    let root_name = name(ROOT_NAME)?;
    let intermediate_name = name("paraph local intermediate")?;
    let authority = |length| vec![key_usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign), basic_constraints(length)];
    let root_certificate = issue(&Content {
        issuer: (&root_name, root),
        subject: &root_name,
        spki: root.spki(),
        not_before: now,
        seconds: AUTHORITY_LIFETIME,
        extensions: collect([authority(1), vec![subject_key_identifier(root.raw_public_key())]])?,
    })?;
    let intermediate_certificate = issue(&Content {
        issuer: (&root_name, root),
        subject: &intermediate_name,
        spki: intermediate.spki(),
        not_before: now,
        seconds: AUTHORITY_LIFETIME,
        extensions: collect([
            authority(0),
            vec![
                extended_key_usage(false, ID_KP_CODE_SIGNING),
                subject_key_identifier(intermediate.raw_public_key()),
                authority_key_identifier(root.raw_public_key()),
            ],
        ])?,
    })?;
    Ok(vec![intermediate_certificate, root_certificate])
}

/// Issues the timestamp authority's chain: leaf, root.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn timestamp_chain(root: &SigningKey, leaf: &SigningKey, now: Timestamp) -> Result<Chain, LocalError> {
    let root_name = name(TIMESTAMP_ROOT_NAME)?;
    let leaf_name = name("paraph local timestamping")?;
    let root_certificate = issue(&Content {
        issuer: (&root_name, root),
        subject: &root_name,
        spki: root.spki(),
        not_before: now,
        seconds: AUTHORITY_LIFETIME,
        extensions: collect([vec![
            key_usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            basic_constraints(0),
            subject_key_identifier(root.raw_public_key()),
        ]])?,
    })?;
    let leaf_certificate = issue(&Content {
        issuer: (&root_name, root),
        subject: &leaf_name,
        spki: leaf.spki(),
        not_before: now,
        seconds: AUTHORITY_LIFETIME,
        extensions: collect([vec![
            key_usage(KeyUsages::DigitalSignature.into()),
            subject_key_identifier(leaf.raw_public_key()),
            authority_key_identifier(root.raw_public_key()),
            extended_key_usage(true, ID_KP_TIME_STAMPING),
        ]])?,
    })?;
    Ok(vec![leaf_certificate, root_certificate])
}

/// The content of a Fulcio leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf<'a> {
    /// The subject's SubjectPublicKeyInfo, DER.
    pub spki: &'a [u8],
    /// The subjectPublicKey in it, for the key identifier.
    pub raw_public_key: &'a [u8],
    /// The e-mail address in the token.
    pub email: &'a str,
    /// The token's issuer.
    pub issuer: &'a str,
    /// The token's subject.
    pub subject: &'a str,
    /// The CI job in the token, which the certificate then names instead of an address.
    pub job: Option<&'a Job>,
    /// The start of the validity period.
    pub not_before: Timestamp,
    /// The length of the validity period, in seconds.
    pub lifetime: i64,
}

/// The CT log's signed certificate timestamp (SCT) for a precertificate.
#[derive(Debug, Clone)]
pub(super) struct IssuedSct {
    /// The log's id.
    pub log_id: [u8; 32],
    /// Milliseconds since the Unix epoch.
    pub milliseconds: u64,
    /// The log's signature.
    pub signature: Vec<u8>,
}

/// Issues a Fulcio leaf.
///
/// `log` gets a function from a time in milliseconds to the bytes that an SCT signs (RFC 6962, section 3.2). The SCT that it returns is
/// embedded, if any.
///
/// # Errors
/// [`LocalError::Identity`] where no certificate can name the address, [`LocalError::Crypto`], and the errors of `log`.
pub(super) fn leaf(
    leaf: &Leaf<'_>,
    issuer: (&Certificate, &SigningKey),
    log: impl FnOnce(&dyn Fn(u64) -> Result<Vec<u8>, LocalError>) -> Result<Option<IssuedSct>, LocalError>,
) -> Result<Vec<u8>, LocalError> {
    let (issuer_certificate, issuer_key) = issuer;
    let name = Name::from_der(issuer_certificate.subject()).map_err(encoding)?;
    let workflow = leaf.job.map(|job| format!("https://github.com/{}", job.job_workflow_ref));
    let identity = workflow.as_deref().unwrap_or(leaf.email);
    let encoded = Ia5String::new(identity).map_err(|_| LocalError::Identity(identity.into()))?;
    let general_name = if workflow.is_some() { GeneralName::UniformResourceIdentifier(encoded) } else { GeneralName::Rfc822Name(encoded) };
    let mut extensions = collect([vec![
        key_usage(KeyUsages::DigitalSignature.into()),
        extended_key_usage(false, ID_KP_CODE_SIGNING),
        subject_key_identifier(leaf.raw_public_key),
        authority_key_identifier(issuer_key.raw_public_key()),
        extension(true, &SubjectAltName(vec![general_name])),
        raw_extension(ISSUER_V1, leaf.issuer.as_bytes().to_vec()),
        utf8_extension(ISSUER_V2, leaf.issuer),
        utf8_extension(TOKEN_SUBJECT, leaf.subject),
    ]])?;
    if let Some(job) = leaf.job {
        extensions.extend(claims_of(job)?);
    }
    let serial = serial_number()?;
    let build = |extensions: Vec<Extension>| -> Result<Vec<u8>, LocalError> {
        tbs(
            &serial,
            &Content {
                issuer: (&name, issuer_key),
                subject: &Name::default(),
                spki: leaf.spki,
                not_before: leaf.not_before,
                seconds: leaf.lifetime,
                extensions,
            },
        )
    };
    let precertificate = build(extensions.clone())?;
    let signed_bytes = |milliseconds| {
        precertificate_signed_bytes(milliseconds, issuer_certificate.spki(), &precertificate, &[])
            .map_err(|_| LocalError::Crypto("encode the input of an SCT"))
    };
    if let Some(sct) = log(&signed_bytes)? {
        let list = sct_list(&sct.log_id, sct.milliseconds, &[], &sct.signature)
            .map_err(|_| LocalError::Crypto("encode a signed certificate timestamp"))?;
        extensions.push(raw_extension(CT_PRECERT_SCTS, list)?);
    }
    sign(&build(extensions)?, issuer_key)
}

/// What Fulcio says of a job (its `docs/oid-info.md`).
fn claims_of(job: &Job) -> Result<Vec<Extension>, LocalError> {
    let repository = format!("https://github.com/{}", job.repository);
    let workflow = format!("https://github.com/{}", job.job_workflow_ref);
    let run = format!("{repository}/actions/runs/{}/attempts/1", job.run_id);
    let claims = [
        (9, workflow.as_str()),
        (10, &job.sha),
        (12, &repository),
        (13, &job.sha),
        (14, &job.reference),
        (18, &workflow),
        (19, &job.sha),
        (20, &job.event_name),
        (21, &run),
    ];
    let extension = |(arc, value)| {
        let oid = FULCIO_ARC.push_arc(arc).map_err(|_| LocalError::Crypto("encode a claim"))?;
        utf8_extension(oid, value)
    };
    claims.into_iter().map(extension).collect()
}

/// The content of a certificate.
struct Content<'a> {
    issuer: (&'a Name, &'a SigningKey),
    subject: &'a Name,
    spki: &'a [u8],
    not_before: Timestamp,
    seconds: i64,
    extensions: Vec<Extension>,
}

fn issue(content: &Content<'_>) -> Result<Vec<u8>, LocalError> {
    sign(&tbs(&serial_number()?, content)?, content.issuer.1)
}

fn tbs(serial: &[u8; 20], content: &Content<'_>) -> Result<Vec<u8>, LocalError> {
    let (issuer, subject) = (content.issuer.0.to_der().map_err(encoding)?, content.subject.to_der().map_err(encoding)?);
    let start = content.not_before.as_second();
    TbsCertificate {
        version: 2,
        serial_number: AnyRef::new(Tag::Integer, serial).map_err(encoding)?,
        signature: signature_algorithm(content.issuer.1),
        issuer: AnyRef::from_der(&issuer).map_err(encoding)?,
        validity: Validity::new(time(start)?, time(start.saturating_add(content.seconds))?),
        subject: AnyRef::from_der(&subject).map_err(encoding)?,
        subject_public_key_info: AnyRef::from_der(content.spki).map_err(encoding)?,
        extensions: Some(content.extensions.clone()),
    }
    .to_der()
    .map_err(encoding)
}

fn sign(tbs: &[u8], key: &SigningKey) -> Result<Vec<u8>, LocalError> {
    let signature = key.sign(tbs)?;
    CertificateFields {
        tbs_certificate: AnyRef::from_der(tbs).map_err(encoding)?,
        signature_algorithm: signature_algorithm(key),
        signature: BitStringRef::from_bytes(&signature).map_err(encoding)?,
    }
    .to_der()
    .map_err(encoding)
}

/// Certificates as PEM, one after the other.
pub(super) fn pem_chain(chain: &[Vec<u8>]) -> String {
    chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
}

/// The AlgorithmIdentifier of an ECDSA key's signatures.
pub(super) fn signature_algorithm(key: &SigningKey) -> AlgorithmIdentifierRef<'static> {
    let oid = if key.algorithm() == Algorithm::EcdsaP384 { ECDSA_WITH_SHA_384 } else { ECDSA_WITH_SHA_256 };
    AlgorithmIdentifierRef { oid, parameters: None }
}

/// A random serial number: a positive INTEGER of twenty bytes. The first bit is clear and the second is set.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn serial_number() -> Result<[u8; 20], LocalError> {
    let mut serial = random::<20>()?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(serial)
}

fn name(common_name: &str) -> Result<Name, LocalError> {
    // RFC 4514: the most specific part comes first
    format!("CN={common_name},O={ORGANIZATION}").parse().map_err(encoding)
}

fn time(seconds: i64) -> Result<Time, LocalError> {
    let seconds = u64::try_from(seconds).map_err(|_| LocalError::Crypto("encode a time before 1970"))?;
    Time::try_from(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).map_err(encoding)
}

type NewExtension = Result<Extension, LocalError>;

fn collect<const N: usize>(lists: [Vec<NewExtension>; N]) -> Result<Vec<Extension>, LocalError> {
    lists.into_iter().flatten().collect()
}

fn extension<T: der::Encode + const_oid::AssociatedOid>(critical: bool, value: &T) -> NewExtension {
    let extn_value = OctetString::new(value.to_der().map_err(encoding)?).map_err(encoding)?;
    Ok(Extension { extn_id: T::OID, critical, extn_value })
}

fn raw_extension(extn_id: ObjectIdentifier, value: Vec<u8>) -> NewExtension {
    Ok(Extension { extn_id, critical: false, extn_value: OctetString::new(value).map_err(encoding)? })
}

fn utf8_extension(extn_id: ObjectIdentifier, value: &str) -> NewExtension {
    let value = Any::from(Utf8StringRef::new(value).map_err(encoding)?);
    raw_extension(extn_id, value.to_der().map_err(encoding)?)
}

fn key_usage(usages: der::flagset::FlagSet<KeyUsages>) -> NewExtension {
    extension(true, &KeyUsage(usages))
}

fn extended_key_usage(critical: bool, purpose: ObjectIdentifier) -> NewExtension {
    extension(critical, &ExtendedKeyUsage(vec![purpose]))
}

fn basic_constraints(path_length: u8) -> NewExtension {
    extension(true, &BasicConstraints { ca: true, path_len_constraint: Some(path_length) })
}

fn subject_key_identifier(raw_public_key: &[u8]) -> NewExtension {
    extension(false, &SubjectKeyIdentifier(key_identifier(raw_public_key)?))
}

fn authority_key_identifier(raw_public_key: &[u8]) -> NewExtension {
    let identifier = key_identifier(raw_public_key)?;
    extension(
        false,
        &AuthorityKeyIdentifier { key_identifier: Some(identifier), authority_cert_issuer: None, authority_cert_serial_number: None },
    )
}

/// The SHA-1 of subjectPublicKey (RFC 5280, section 4.2.1.2, method 1). It identifies a key and protects nothing.
fn key_identifier(raw_public_key: &[u8]) -> Result<OctetString, LocalError> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, raw_public_key);
    OctetString::new(digest.as_ref()).map_err(encoding)
}

fn encoding(_: der::Error) -> LocalError {
    LocalError::Crypto("encode a certificate")
}
