//! Fulcio's certificate profile: the end-entity certificate that binds an ephemeral key to an OpenID identity.
//!
//! Source: Fulcio `docs/certificate-specification.md` and `docs/oid-info.md`. A [`SignerCertificate`] follows the profile, so it always names
//! one identity and one issuer.

use super::{names, x509::Certificate};
use crate::{Reason, Rejection};
use const_oid::db::{
    rfc5280::{
        ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
        ID_KP_CODE_SIGNING,
    },
    rfc6962::CT_PRECERT_SCTS,
};
use der::{
    Decode,
    asn1::{ObjectIdentifier, Utf8StringRef},
};
use std::sync::Arc;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, name::GeneralName};

/// Sigstore's arc of certificate extensions: `1.3.6.1.4.1.57264.1`.
pub(crate) const FULCIO_ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
/// `.1`: the issuer as raw text, deprecated.
pub(crate) const ISSUER_V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
/// `.8`: the issuer as a DER UTF8String.
pub(crate) const ISSUER_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
/// `.24`: the token's subject as a DER UTF8String.
#[cfg_attr(not(all(feature = "cli", unix)), expect(dead_code, reason = "only the local authority issues certificates"))]
pub(crate) const TOKEN_SUBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.24");
/// The otherName type of a user name, `1.3.6.1.4.1.57264.1.7`.
pub(crate) const USERNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// The claims of `1.3.6.1.4.1.57264.1.*` beside the issuer: last arc, name, and whether the value is raw text (deprecated) or UTF8String.
const CLAIMS: [(u32, &str, Encoding); 22] = [
    (2, "githubWorkflowTrigger", Encoding::Raw),
    (3, "githubWorkflowSha", Encoding::Raw),
    (4, "githubWorkflowName", Encoding::Raw),
    (5, "githubWorkflowRepository", Encoding::Raw),
    (6, "githubWorkflowRef", Encoding::Raw),
    (9, "buildSignerUri", Encoding::Utf8String),
    (10, "buildSignerDigest", Encoding::Utf8String),
    (11, "runnerEnvironment", Encoding::Utf8String),
    (12, "sourceRepositoryUri", Encoding::Utf8String),
    (13, "sourceRepositoryDigest", Encoding::Utf8String),
    (14, "sourceRepositoryRef", Encoding::Utf8String),
    (15, "sourceRepositoryIdentifier", Encoding::Utf8String),
    (16, "sourceRepositoryOwnerUri", Encoding::Utf8String),
    (17, "sourceRepositoryOwnerIdentifier", Encoding::Utf8String),
    (18, "buildConfigUri", Encoding::Utf8String),
    (19, "buildConfigDigest", Encoding::Utf8String),
    (20, "buildTrigger", Encoding::Utf8String),
    (21, "runInvocationUri", Encoding::Utf8String),
    (22, "sourceRepositoryVisibilityAtSigning", Encoding::Utf8String),
    (23, "deploymentEnvironment", Encoding::Utf8String),
    (24, "tokenSubject", Encoding::Utf8String),
    (25, "tokenScope", Encoding::Utf8String),
];

/// The names of all claims.
#[cfg(feature = "cli")]
pub(crate) fn claim_names() -> impl Iterator<Item = &'static str> {
    CLAIMS.iter().map(|(_, name, _)| *name)
}

#[derive(Clone, Copy)]
enum Encoding {
    Raw,
    Utf8String,
}

/// The identity in a certificate: its one subject alternative name, and the issuer of the identity token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The subject alternative name verbatim: printable ASCII, or printable UTF-8 in an otherName.
    pub name: String,
    /// The form of the name.
    pub kind: IdentityKind,
    /// The OpenID issuer's URL.
    pub issuer: String,
}

impl Identity {
    /// Whether this text names the identity: it is the name, where the domain of an e-mail address has no case.
    pub(crate) fn is_named(&self, text: &str) -> bool {
        self.name == text || self.kind == IdentityKind::Email && names::same_address(&self.name, text)
    }
}

/// The form of the subject alternative name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentityKind {
    /// rfc822Name.
    Email,
    /// uniformResourceIdentifier.
    Uri,
    /// otherName `1.3.6.1.4.1.57264.1.7`.
    Username,
}

impl IdentityKind {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Username => "username",
        }
    }
}

/// A certificate that follows Fulcio's profile.
#[derive(Debug, Clone)]
pub struct SignerCertificate {
    certificate: Arc<Certificate>,
    identity: Identity,
    claims: Vec<(&'static str, String)>,
}

impl SignerCertificate {
    /// Whether a certificate is from a Sigstore: it names an OpenID issuer. Otherwise its signature is of another kind.
    pub(crate) fn is_sigstore(certificate: &Certificate) -> bool {
        certificate.extension_value(ISSUER_V1).is_some() || certificate.extension_value(ISSUER_V2).is_some()
    }

    /// Checks the profile.
    ///
    /// # Errors
    /// [`Reason::CertificateProfile`], [`Reason::SubjectAlternativeName`], [`Reason::IssuerExtension`] or [`Reason::CertificateExtension`].
    #[doc(hidden)]
    pub fn new(certificate: impl Into<Arc<Certificate>>) -> Result<Self, Rejection> {
        let certificate = certificate.into();
        check_usage(&certificate)?;
        check_critical_extensions(&certificate)?;
        let (name, kind) = subject_alternative_name(&certificate)?;
        let issuer = issuer(&certificate)?;
        let claims = claims(&certificate)?;
        Ok(Self { certificate, identity: Identity { name, kind, issuer }, claims })
    }

    /// The certificate itself.
    #[doc(hidden)]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// The identity that it names.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The claims of a workload's identity token, by the names of Fulcio's table.
    pub fn claims(&self) -> &[(&'static str, String)] {
        &self.claims
    }
}

fn check_usage(certificate: &Certificate) -> Result<(), Rejection> {
    let wrong = |detail: &str| Err(Rejection::new(Reason::CertificateProfile, detail));
    match certificate.extension::<KeyUsage>()? {
        Some((_, usage)) if usage.0 == KeyUsages::DigitalSignature => {}
        _ => return wrong("its key usage is not digitalSignature alone"),
    }
    match certificate.extension::<ExtendedKeyUsage>()? {
        Some((_, usages)) if usages.0 == [ID_KP_CODE_SIGNING] => {}
        _ => return wrong("its extended key usage is not codeSigning alone"),
    }
    match certificate.extension::<BasicConstraints>()? {
        Some((_, constraints)) if constraints.ca => wrong("it is for a certificate authority"),
        _ => Ok(()),
    }
}

fn check_critical_extensions(certificate: &Certificate) -> Result<(), Rejection> {
    const KNOWN: [ObjectIdentifier; 6] = [
        ID_CE_KEY_USAGE,
        ID_CE_EXT_KEY_USAGE,
        ID_CE_BASIC_CONSTRAINTS,
        ID_CE_SUBJECT_ALT_NAME,
        ID_CE_AUTHORITY_KEY_IDENTIFIER,
        CT_PRECERT_SCTS,
    ];
    match certificate.unknown_critical(&KNOWN) {
        Some(unknown) => Err(Rejection::new(Reason::CertificateExtension, format!("{unknown} is critical and unknown"))),
        None => Ok(()),
    }
}

fn subject_alternative_name(certificate: &Certificate) -> Result<(String, IdentityKind), Rejection> {
    let wrong = |detail: &str| Rejection::new(Reason::SubjectAlternativeName, detail);
    let names = match certificate.extension::<SubjectAltName>() {
        Ok(Some((true, names))) => names.0,
        Ok(Some((false, _))) => return Err(wrong("the subject alternative name is not critical")),
        Ok(None) => return Err(wrong("there is no subject alternative name")),
        Err(_) => return Err(wrong("the subject alternative name is malformed")),
    };
    let [name] = names.as_slice() else { return Err(wrong(&format!("there are {} names", names.len()))) };
    let (name, kind) = match name {
        GeneralName::Rfc822Name(address) => (address.to_string(), IdentityKind::Email),
        GeneralName::UniformResourceIdentifier(uri) => (uri.to_string(), IdentityKind::Uri),
        GeneralName::OtherName(other) if other.type_id == USERNAME => {
            let name = other.value.decode_as::<Utf8StringRef<'_>>().map_err(|_| wrong("the user name is not a UTF8String"))?;
            (name.as_str().to_owned(), IdentityKind::Username)
        }
        _ => return Err(wrong("the name is not an e-mail address, URI or user name")),
    };
    if name.is_empty() || !crate::escape::is_printable(&name) || name.contains(char::is_whitespace) {
        return Err(wrong("the name is empty or has characters that cannot be printed"));
    }
    Ok((name, kind))
}

fn issuer(certificate: &Certificate) -> Result<String, Rejection> {
    let wrong = |detail: &str| Rejection::new(Reason::IssuerExtension, detail);
    let raw = certificate
        .extension_value(ISSUER_V1)
        .map(|extension| raw_text(extension.extn_value.as_bytes()).ok_or_else(|| wrong("it is not valid UTF-8")));
    let der = certificate
        .extension_value(ISSUER_V2)
        .map(|extension| utf8_string(extension.extn_value.as_bytes()).ok_or_else(|| wrong("it is not a UTF8String")));
    let issuer = match (raw.transpose()?, der.transpose()?) {
        (Some(raw), Some(der)) if raw != der => return Err(wrong("its two issuer extensions differ")),
        (_, Some(issuer)) | (Some(issuer), None) => issuer,
        (None, None) => return Err(wrong("there is none")),
    };
    if issuer.is_empty() || !crate::escape::is_printable(&issuer) {
        return Err(wrong("it is empty or has characters that cannot be printed"));
    }
    Ok(issuer)
}

fn claims(certificate: &Certificate) -> Result<Vec<(&'static str, String)>, Rejection> {
    let mut claims = Vec::new();
    for extension in certificate.extensions() {
        // the last arc of those below 128 is one byte
        let Some([arc]) = extension.extn_id.as_bytes().strip_prefix(FULCIO_ARC.as_bytes()) else { continue };
        let Some((_, name, encoding)) = CLAIMS.iter().find(|(number, ..)| *number == u32::from(*arc)) else { continue };
        let bytes = extension.extn_value.as_bytes();
        let value = match encoding {
            Encoding::Raw => raw_text(bytes),
            Encoding::Utf8String => utf8_string(bytes),
        };
        let value = value.ok_or_else(|| Rejection::new(Reason::CertificateExtension, format!("{name} does not parse")))?;
        claims.push((*name, value));
    }
    Ok(claims)
}

fn raw_text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn utf8_string(bytes: &[u8]) -> Option<String> {
    Utf8StringRef::from_der(bytes).ok().map(|text| text.as_str().to_owned())
}
