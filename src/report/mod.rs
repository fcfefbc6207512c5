//! What is told about a judged signature, for machines and people: one view for `verify`, `show`, git's status lines and the library.
//!
//! The field names are the documented schema of `--json`: `oid` and `verdict` first, names only ever added.

mod advice;
mod contents;

pub use advice::{advice, cause};
pub use contents::Contents;

use crate::{
    Explanation as _,
    certificate::{Certificate, SignerCertificate},
    escape::Escaped,
    object::SignatureKind,
    policy::{Decision, Judgement, OtherJudgement, Verdict},
    signature::{
        armor,
        cms::{SignedData, SignerIdentifier},
    },
    trust::Instance,
    verify::{SubjectKind, Verification},
};
use serde::Serialize;

/// One judged object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The object's id; absent where only a payload is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// The verdict.
    pub verdict: &'static str,
    /// `commit`, `tag` or `push`; for what was not verified, where the caller knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Why it is not verified: the reason's stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The step of verification that found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who judged a signature of another kind, and what it names as its key.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherReport>,
    /// What a tag says and what was looked at, where the call is about tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagReport>,
    /// What was verified.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureReport>,
    /// Why a verified identity is trusted or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The same by its stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<&'static str>,
}

/// Another verifier's word.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherReport {
    /// `git` or `forge-key`.
    pub judged_by: &'static str,
    /// `openpgp` or `ssh`.
    pub signature_kind: &'static str,
    /// Whom it names as the signer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The key's fingerprint, as its kind writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A tag's own headers.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TagReport {
    /// The tag's own name.
    pub name: String,
    /// The id of the object that it names.
    pub target: String,
    /// That object's type.
    pub target_type: String,
    /// Whether that object was judged too, in a report of its own.
    pub target_judged: bool,
}

/// A verified signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureReport {
    /// The subject alternative name.
    pub identity: String,
    /// `email`, `uri` or `username`.
    pub identity_kind: &'static str,
    /// The OpenID issuer.
    pub issuer: String,
    /// The instance that vouches for it.
    pub instance: String,
    /// SHA-256 of the certificate, upper-case hexadecimal.
    pub certificate_fingerprint: String,
    /// The trusted times, RFC 3339.
    pub times: Vec<TimeReport>,
    /// The log entry.
    pub log_entry: LogEntryReport,
    /// What the token of a workload said.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// SHA-256 of the signed bytes, hexadecimal: the same for two objects that differ only in the signature's unsigned parts.
    pub payload_digest: String,
    /// The identifiers of the rules of old that it needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub legacy: Vec<&'static str>,
}

/// One trusted time.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeReport {
    /// RFC 3339.
    pub time: String,
    /// `log` or `timestamp-authority`.
    pub source: &'static str,
}

/// The log entry that a signature embeds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntryReport {
    /// The checkpoint's origin.
    pub log: String,
    /// The version of the `hashedrekord`.
    pub version: &'static str,
    /// The global index.
    pub index: u64,
}

impl Report {
    /// The report on a judgement.
    pub fn new(oid: Option<String>, judgement: &Judgement) -> Self {
        let verified = judgement.result.as_ref().ok();
        let other = judgement.other.as_ref();
        // another verifier's word takes the place of the rejection that made room for it
        let rejection = judgement.result.as_ref().err().filter(|_| other.is_none());
        let finding = other.map(|other| other.finding).filter(|finding| finding.verdict() != Verdict::Good);
        let message = rejection.map(ToString::to_string).or_else(|| finding.and(other).map(found));
        Self {
            oid,
            verdict: judgement.verdict.as_str(),
            kind: verified.map(|verified| verified.subject().kind).filter(|kind| *kind != SubjectKind::Bytes).map(SubjectKind::as_str),
            reason: rejection.map(|rejection| rejection.reason().id()).or(finding.map(|finding| finding.id())),
            layer: rejection.map(|rejection| rejection.reason().layer().id()),
            message: message.map(|message| Escaped(&message).to_string()),
            other: other.map(OtherReport::new),
            tag: None,
            signature: verified.map(SignatureReport::new),
            decision: judgement.decision.as_ref().map(|decision| Escaped(&decision.to_string()).to_string()),
            decision_id: judgement.decision.as_ref().map(Decision::id),
        }
    }
}

impl OtherReport {
    fn new(other: &OtherJudgement) -> Self {
        let signature_kind = match other.kind {
            SignatureKind::OpenPgp => "openpgp",
            SignatureKind::Ssh => "ssh",
            SignatureKind::X509 => "x509",
            SignatureKind::Unknown => "unknown",
        };
        Self { judged_by: other.by.as_str(), signature_kind, signer: other.signer.clone(), key: other.key.clone() }
    }
}

/// What another verifier found, as a clause.
fn found(other: &OtherJudgement) -> String {
    match other.detail.as_str() {
        "" => other.finding.sentence().to_owned(),
        detail => format!("{}: {detail}", other.finding.sentence()),
    }
}

impl SignatureReport {
    /// The report on a verified signature.
    pub fn new(verified: &Verification) -> Self {
        let identity = verified.identity();
        let claims = verified.certificate().claims().iter().map(|(name, value)| ((*name).to_owned(), value.clone().into()));
        Self {
            identity: identity.name.clone(),
            identity_kind: identity.kind.as_str(),
            issuer: identity.issuer.clone(),
            instance: verified.instance().to_string(),
            certificate_fingerprint: fingerprint(verified),
            times: verified
                .times()
                .iter()
                .map(|trusted| TimeReport { time: trusted.time.to_string(), source: trusted.source.as_str() })
                .collect(),
            log_entry: LogEntryReport {
                log: verified.entry().origin.clone(),
                version: verified.entry().version.as_str(),
                index: verified.entry().log_index,
            },
            claims: claims.collect(),
            payload_digest: hex::encode(verified.subject().digest),
            legacy: verified.legacy_rules().iter().map(|reason| reason.id()).collect(),
        }
    }
}

/// The key id that git shows: the upper-case hexadecimal SHA-256 of the certificate.
pub fn fingerprint(verified: &Verification) -> String {
    hex::encode(&verified.certificate().certificate().fingerprint()).to_ascii_uppercase()
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Allowed(line) => write!(f, "line {line} of the allowed identities names it"),
            Self::Expected(_) => f.write_str("it is an expected identity"),
            Self::NotExpected(why) => f.write_str(why),
            Self::NobodyNamed => f.write_str("no allowed identities are configured (paraph.allowedIdentities)"),
            Self::NotListed => f.write_str("the allowed identities do not name it"),
            Self::ListedOtherwise(why) => f.write_str(why),
            Self::NotTheCommitter(Some(claimed)) => {
                write!(f, "the object claims to be from {claimed}, which is not the identity that signed it")
            }
            Self::NotTheCommitter(None) => f.write_str("the object names no e-mail address that the signer's could be compared with"),
            Self::Legacy => f.write_str("it needs a rule for old signatures, which must be asked for (--allow-legacy, paraph.allowLegacy)"),
        }
    }
}

/// The judgement as lines for people, each a sentence; what comes from outside is escaped. The first says the verdict.
pub fn sentences(judgement: &Judgement) -> Vec<String> {
    if let Some(other) = &judgement.other {
        return vec![other_sentence(other)];
    }
    match &judgement.result {
        Err(rejection) => {
            let opening = match judgement.verdict {
                Verdict::Unsigned => "Not signed",
                Verdict::Other => "Not judged",
                Verdict::Unchecked => "The signature could not be checked",
                _ => "BAD signature",
            };
            vec![format!("{opening}: {} [{}].", Escaped(&rejection.to_string()), rejection.reason().id())]
        }
        Ok(verified) => {
            let identity = verified.identity();
            let times: Vec<String> =
                verified.times().iter().map(|trusted| format!("{} ({})", trusted.time, trusted.source.as_str())).collect();
            let mut lines = vec![
                format!("Good signature from {}, vouched for by {}.", Escaped(&identity.name), Escaped(&identity.issuer)),
                format!(
                    "Signed at {}; entry {} of the log {}; instance {}.",
                    times.join(" and "),
                    verified.entry().log_index,
                    Escaped(&verified.entry().origin),
                    verified.instance()
                ),
            ];
            let rules = verified.legacy_rules().iter();
            lines.extend(rules.map(|rule| format!("This needed a legacy rule: {} [{}].", rule.sentence(), rule.id())));
            if let Some(decision) = judgement.decision.as_ref().filter(|_| judgement.verdict != Verdict::Good) {
                lines.push(format!("But it is not trusted: {}.", Escaped(&decision.to_string())));
            }
            if judgement.decision == Some(Decision::NobodyNamed) {
                lines.push(format!(
                    "To trust it, put the line `{}` into a file and run `git config --global paraph.allowedIdentities FILE`.",
                    allowed_line(verified)
                ));
            }
            lines
        }
    }
}

/// Another verifier's word as a sentence that says whose it is.
fn other_sentence(other: &OtherJudgement) -> String {
    let kind = match other.kind {
        SignatureKind::OpenPgp => "OpenPGP",
        SignatureKind::Ssh => "SSH",
        SignatureKind::X509 => "x509",
        SignatureKind::Unknown => "unknown",
    };
    let signer = other.signer.as_ref().map(|signer| format!(" from {}", Escaped(signer))).unwrap_or_default();
    let key = other.key.as_ref().map(|key| format!(", key {}", Escaped(key))).unwrap_or_default();
    let by = other.by.words();
    match other.finding.verdict() {
        Verdict::Good => format!("Good {kind} signature{signer}{key}; judged by {by}."),
        verdict => {
            let opening = match verdict {
                Verdict::Untrusted => "Not trusted",
                Verdict::Unchecked => "The signature could not be checked",
                _ => "BAD signature",
            };
            format!("{opening}: {} [{}]. The {kind} signature{signer}{key} was judged by {by}.", Escaped(&found(other)), other.finding.id())
        }
    }
}

/// What a signature that was not verified says of itself: whose it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// SHA-256 of the signer's certificate, upper-case hexadecimal.
    pub fingerprint: String,
    /// The subject alternative name, where the certificate keeps the profile.
    pub identity: Option<String>,
}

impl Claimed {
    /// Reads the claim out of an armored signature; `None` where it carries no certificate that its signer names.
    pub fn of(armored: &[u8]) -> Option<Self> {
        let cms = armor::decode(armored).ok()?;
        let signed_data = SignedData::from_der(&cms).ok()?;
        let [signer] = signed_data.signers.as_slice() else { return None };
        let SignerIdentifier::IssuerAndSerialNumber { issuer, serial } = signer.identifier else { return None };
        let certificates = signed_data.certificates.iter().filter_map(|der| Certificate::from_der(der).ok());
        let certificate = certificates.into_iter().find(|one| one.issuer() == issuer && one.serial() == serial)?;
        let fingerprint = hex::encode(&certificate.fingerprint()).to_ascii_uppercase();
        Some(Self { fingerprint, identity: SignerCertificate::new(certificate).ok().map(|signer| signer.identity().name.clone()) })
    }
}

/// The line of the allowed identities that would name this signer, escaped.
pub fn allowed_line(verified: &Verification) -> String {
    let (identity, instance) = (verified.identity(), verified.instance());
    let named = if *instance == Instance::Public { String::new() } else { format!(" instance={instance}") };
    format!("{} {}{named}", Escaped(&identity.name), Escaped(&identity.issuer))
}
