//! What is reported about a judged signature, for machines and people: in `verify`, `show`, git's status lines and the library.
//!
//! The field names are the documented schema of `--json`: `oid` and `verdict` come first, and names are only ever added.

#[cfg(feature = "cli")]
mod bundle_contents;
pub(crate) mod contents;
#[cfg(feature = "cli")]
mod entry_body;
mod other_format;
mod policy;

#[cfg(feature = "cli")]
pub(crate) use bundle_contents::BundleContents;
#[cfg(feature = "cli")]
pub(crate) use contents::{Contents, EntryContents};
#[cfg(feature = "cli")]
pub(crate) use entry_body::EntryBody;
pub(crate) use other_format::OtherFormatReport;

use policy::PolicyReport;

use crate::{
    Explanation, Reason, Rejection,
    certificate::SignerCertificate,
    escape::Escaped,
    object::SignatureKind,
    policy::{Decision, ExternalJudgement, Judgement, Outcome, Ruling, Verdict},
    rejection::Audience,
    signature::ParsedSignature,
    trust::Instance,
    verify::{LoggedEntry, SubjectKind, TrustedTime, Verification, VerifiedByKey},
    wording::spoken_time,
};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// One judged object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The object's id; absent where only a payload is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oid: Option<String>,
    /// The verdict.
    pub(crate) verdict: &'static str,
    /// The subject's kind, as [`SubjectKind::as_str`](crate::verify::SubjectKind::as_str) names it. Where nothing was verified, the caller may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    /// Why it is not verified: the reason's stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// The fault of an object whose signature is of another kind: its stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finding: Option<&'static str>,
    /// The step of verification that found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) layer: Option<&'static str>,
    /// The reason as a sentence, with what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Which verifier judged a signature of another kind, and the key that it names.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) other: Option<OtherReport>,
    /// What a tag says and what was judged, where the call is about tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<TagReport>,
    /// The second signature of an object in a dual-format repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) other_format: Option<OtherFormatReport>,
    /// What was verified.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<SignatureReport>,
    /// What was verified with a key.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) by_key: Option<KeyReport>,
    /// The weakest source of configuration that made the verdict good: `command-line`, `environment`, `user` or `repository`. The caller may
    /// know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trusted_by: Option<&'static str>,
    /// Why a verified identity is trusted or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<String>,
    /// The decision's stable identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decision_id: Option<&'static str>,
    /// What the policy of the repository decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<PolicyReport>,
}

/// What another verifier found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OtherReport {
    /// `git` or `forge-key`.
    pub judged_by: &'static str,
    /// `openpgp` or `ssh`.
    pub signature_kind: &'static str,
    /// The signer that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The key's fingerprint, as its kind writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The headers of a tag.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagReport {
    /// The tag's own name.
    pub name: String,
    /// The id of the object that it names.
    pub target: String,
    /// That object's type.
    pub target_type: String,
    /// Whether that object was judged too, in another report.
    pub target_judged: bool,
}

/// A verified signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignatureReport {
    /// The subject alternative name.
    pub identity: String,
    /// `email`, `uri` or `username`.
    pub identity_kind: &'static str,
    /// The OpenID issuer.
    pub issuer: String,
    /// The instance whose trust root vouches for it.
    pub instance: String,
    /// SHA-256 of the certificate, upper-case hexadecimal.
    pub certificate_fingerprint: String,
    /// The trusted times, RFC 3339.
    pub times: Vec<TimeReport>,
    /// The log entry; the first one of a bundle that holds several.
    pub log_entry: LogEntryReport,
    /// All log entries, where a bundle holds several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_entries: Vec<LogEntryReport>,
    /// The claims in the token of a workload.
    #[serde(skip_serializing_if = "Claims::is_empty")]
    pub claims: Claims,
    /// SHA-256 of the signed bytes, hexadecimal. It is the same for two objects that differ only in unsigned parts of the signature.
    pub payload_digest: String,
    /// The identifiers of the legacy rules that it needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub legacy: Vec<&'static str>,
}

/// The claims of a workload: a JSON object, by name.
#[derive(Debug, Clone)]
pub(crate) struct Claims(Vec<(&'static str, String)>);

impl Claims {
    fn of(certificate: &SignerCertificate) -> Self {
        let mut claims = certificate.claims().to_vec();
        claims.sort_unstable_by_key(|(name, _)| *name);
        Self(claims)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A bundle that was verified with a key.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyReport {
    /// Always null: no certificate says who signed.
    pub identity: (),
    /// SHA-256 of the key's SubjectPublicKeyInfo, hexadecimal.
    pub key_fingerprint: String,
    /// The instance whose trust root vouches for log and times.
    pub instance: String,
    /// The trusted times, RFC 3339.
    pub times: Vec<TimeReport>,
    /// The log entry; the first one of a bundle that holds several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryReport>,
    /// All log entries, where a bundle holds several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_entries: Vec<LogEntryReport>,
    /// SHA-256 of the file or the statement, hexadecimal.
    pub payload_digest: String,
}

impl KeyReport {
    fn new(verified: &VerifiedByKey) -> Self {
        Self {
            identity: (),
            key_fingerprint: hex::encode(verified.key_fingerprint()),
            instance: verified.instance().to_string(),
            times: TimeReport::all(verified.times()),
            log_entry: verified.entries().first().map(LogEntryReport::new),
            log_entries: LogEntryReport::several(verified.entries().iter()),
            payload_digest: hex::encode(verified.subject().digest),
        }
    }
}

/// One trusted time.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimeReport {
    /// RFC 3339.
    pub time: String,
    /// `log` or `timestamp-authority`.
    pub source: &'static str,
}

impl TimeReport {
    fn all(times: &[TrustedTime]) -> Vec<Self> {
        times.iter().map(|trusted| Self { time: trusted.time.to_string(), source: trusted.source.as_str() }).collect()
    }
}

/// The log entry that a signature embeds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntryReport {
    /// The checkpoint's origin.
    pub log: String,
    /// The kind of the entry, where it is not `hashedrekord`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The version of that kind.
    pub version: &'static str,
    /// The global index.
    pub index: u64,
}

impl LogEntryReport {
    fn new(entry: &LoggedEntry) -> Self {
        Self {
            log: entry.origin.clone(),
            kind: Some(entry.kind.name()).filter(|name| *name != "hashedrekord"),
            version: entry.kind.version(),
            index: entry.log_index,
        }
    }

    /// All entries, where there are several.
    fn several<'a>(entries: impl Iterator<Item = &'a LoggedEntry>) -> Vec<Self> {
        let all: Vec<Self> = entries.map(Self::new).collect();
        if all.len() > 1 { all } else { Vec::new() }
    }
}

impl Report {
    /// The report on a judgement. `oid` is the object's id, where the caller knows it.
    ///
    /// ```
    /// use paraph::{object::ObjectFormat, policy::Policy, report::Report, verify::Verifier};
    ///
    /// let verifier = Verifier::new(vec![], jiff::Timestamp::UNIX_EPOCH);
    /// let judgement = Policy::default().judge(verifier.verify_commit(b"no commit", ObjectFormat::Sha1));
    /// let json = serde_json::to_value(Report::new(None, &judgement)).unwrap();
    /// assert_eq!((json["verdict"].as_str(), json["layer"].as_str()), (Some("bad"), Some("object")));
    /// ```
    pub fn new(oid: Option<String>, judgement: &Judgement) -> Self {
        let report = Self {
            oid,
            verdict: judgement.verdict().as_str(),
            kind: None,
            reason: None,
            finding: None,
            layer: None,
            message: None,
            other: None,
            tag: None,
            other_format: None,
            signature: None,
            by_key: None,
            trusted_by: None,
            decision: None,
            decision_id: None,
            policy: judgement.policy().map(PolicyReport::new),
        };
        let by_policy = judgement.decided_by_policy();
        match judgement.outcome() {
            Outcome::Verified { verification, ruling } => Self {
                kind: Some(verification.subject().kind).filter(|kind| *kind != SubjectKind::Bytes).map(SubjectKind::as_str),
                signature: Some(SignatureReport::new(verification)),
                decision: Some(by_policy.map_or_else(|| Escaped(&ruling.to_string()).to_string(), |policy| policy.clause().to_owned())),
                decision_id: Some(by_policy.map_or_else(|| ruling.decision().id(), |policy| policy.decision.id())),
                ..report
            },
            Outcome::ByKey(verified) => Self {
                kind: Some(verified.subject().kind.as_str()),
                by_key: Some(KeyReport::new(verified)),
                decision: Some(Decision::KeyGiven.sentence().to_owned()),
                decision_id: Some(Decision::KeyGiven.id()),
                ..report
            },
            Outcome::Rejected(rejection) => Self {
                reason: Some(rejection.reason().id()),
                finding: rejection.finding().map(|fault| fault.id()),
                layer: Some(rejection.reason().layer().id()),
                message: Some(Escaped(&rejection.to_string()).to_string()),
                ..report
            },
            Outcome::External(external) => Self {
                reason: judgement.explanation().map(Explanation::id),
                finding: external.fault.as_ref().and_then(Rejection::finding).map(|fault| fault.id()),
                message: judgement.explanation().map(|_| match by_policy {
                    Some(policy) => policy.clause().to_owned(),
                    None => Escaped(&finding(external)).to_string(),
                }),
                other: Some(OtherReport::new(external)),
                ..report
            },
        }
    }
}

impl OtherReport {
    fn new(external: &ExternalJudgement) -> Self {
        let signature_kind = match external.kind {
            SignatureKind::OpenPgp => "openpgp",
            SignatureKind::Ssh => "ssh",
            SignatureKind::X509 => "x509",
            SignatureKind::Unknown => "unknown",
        };
        Self { judged_by: external.by.as_str(), signature_kind, signer: external.signer.clone(), key: external.key.clone() }
    }
}

/// What another verifier found, as a clause.
fn finding(external: &ExternalJudgement) -> String {
    match external.detail.as_str() {
        "" => external.finding.sentence().to_owned(),
        detail => format!("{}: {detail}", external.finding.sentence()),
    }
}

impl SignatureReport {
    /// The report on a verified signature.
    fn new(verified: &Verification) -> Self {
        let identity = verified.identity();
        Self {
            identity: identity.name.clone(),
            identity_kind: identity.kind.as_str(),
            issuer: identity.issuer.clone(),
            instance: verified.instance().to_string(),
            certificate_fingerprint: fingerprint(verified),
            times: TimeReport::all(verified.times()),
            log_entry: LogEntryReport::new(verified.entry()),
            log_entries: LogEntryReport::several(verified.entries()),
            claims: Claims::of(verified.certificate()),
            payload_digest: hex::encode(verified.subject().digest),
            legacy: verified.legacy_rules().iter().map(|reason| reason.id()).collect(),
        }
    }
}

/// The key id that git shows: SHA-256 of the certificate in upper-case hexadecimal.
#[doc(hidden)]
pub fn fingerprint(verified: &Verification) -> String {
    hex::encode(verified.certificate().certificate().fingerprint()).to_ascii_uppercase()
}

/// The judgement as lines for people, each one or two sentences; what comes from outside is escaped. The first line states the verdict.
///
/// ```
/// use paraph::{Reason, Rejection, policy::Judgement, report::sentences};
///
/// let lines = sentences(&Judgement::from(Rejection::from(Reason::NoSignature)));
/// assert!(lines[0].starts_with("Not signed"));
/// ```
pub fn sentences(judgement: &Judgement) -> Vec<String> {
    let by_policy = judgement.policy().map(|ruling| ruling.sentence(judgement.holds()));
    own_sentences(judgement).into_iter().chain(by_policy).collect()
}

/// The same without what the policy of the repository decided.
fn own_sentences(judgement: &Judgement) -> Vec<String> {
    match judgement.outcome() {
        Outcome::Verified { verification, ruling } => {
            verified_sentences(verification, Some(ruling).filter(|_| judgement.decided_by_policy().is_none()))
        }
        Outcome::ByKey(verified) => by_key_sentences(verified),
        Outcome::Rejected(rejection) => {
            let opening = match Verdict::from(rejection.reason().standing()) {
                Verdict::Unsigned => "Not signed",
                Verdict::Other => "Not judged",
                Verdict::Unchecked => "The signature could not be checked",
                _ => "BAD signature",
            };
            let what = if rejection.finding().is_some() { rejection.reason().sentence().to_owned() } else { rejection.to_string() };
            let id = rejection.reason().id();
            let first = match (rejection.reason(), rejection.detail()) {
                (Reason::NoSignature, "") => format!("{opening} [{id}]."),
                (Reason::NoSignature | Reason::NotAnnotated, detail) if !detail.is_empty() => {
                    format!("{opening}: {} [{id}].", Escaped(detail))
                }
                _ => format!("{opening}: {} [{id}].", Escaped(&what)),
            };
            [first].into_iter().chain(fault_sentence(rejection)).collect()
        }
        Outcome::External(external) => {
            [external_sentence(external, judgement)].into_iter().chain(external.fault.as_ref().and_then(fault_sentence)).collect()
        }
    }
}

/// When it was signed, where it is logged, and which instance vouches for both.
fn evidence_sentence<'a>(times: &[TrustedTime], entries: impl Iterator<Item = &'a LoggedEntry>, instance: &Instance) -> String {
    let times: Vec<String> = times.iter().map(|trusted| format!("{} ({})", spoken_time(trusted.time), trusted.source.as_str())).collect();
    let entries: Vec<String> = entries.map(|entry| format!("entry {} of the log {}", entry.log_index, Escaped(&entry.origin))).collect();
    format!("Signed at {}; {}; instance {instance}.", times.join(" and "), entries.join(" and "))
}

fn by_key_sentences(verified: &VerifiedByKey) -> Vec<String> {
    let key = hex::encode(verified.key_fingerprint());
    vec![
        format!("Good signature by the given key (SHA-256 {key}). It names no identity."),
        evidence_sentence(verified.times(), verified.entries().iter(), verified.instance()),
    ]
}

/// `ruling` is missing where the policy of the repository decides instead.
fn verified_sentences(verification: &Verification, ruling: Option<&Ruling>) -> Vec<String> {
    let identity = verification.identity();
    let mut lines = vec![
        format!("Good signature from {}, vouched for by {}.", Escaped(&identity.name), Escaped(&identity.issuer)),
        evidence_sentence(verification.times(), verification.entries(), verification.instance()),
    ];
    let rules = verification.legacy_rules().iter();
    lines.extend(rules.map(|rule| format!("This needed a legacy rule: {} [{}].", rule.sentence(), rule.id())));
    if let Some(ruling) = ruling.filter(|ruling| ruling.decision().verdict() != Verdict::Good) {
        lines.push(format!("But it is not trusted: {}.", Escaped(&ruling.to_string())));
    }
    lines
}

/// What the person at the terminal can do to trust a verified signature, as a sentence; `None` where nothing simple would.
#[doc(hidden)]
pub fn next_step(judgement: &Judgement) -> Option<String> {
    let advice = judgement.advice_for(Audience::Terminal)?;
    let mut rest = advice.chars();
    let first = rest.next()?.to_ascii_uppercase();
    Some(format!("{first}{}.", rest.as_str()))
}

/// What another verifier found, as a sentence that names the verifier.
fn external_sentence(external: &ExternalJudgement, judgement: &Judgement) -> String {
    let kind = match external.kind {
        SignatureKind::OpenPgp => "OpenPGP",
        SignatureKind::Ssh => "SSH",
        SignatureKind::X509 => "x509",
        SignatureKind::Unknown => "unknown",
    };
    let signer = external.signer.as_ref().map(|signer| format!(" from {}", Escaped(signer))).unwrap_or_default();
    let key = external.key.as_ref().map(|key| format!(", key {}", Escaped(key))).unwrap_or_default();
    let by = external.by.words();
    let opening = match external.finding.verdict() {
        _ if judgement.decided_by_policy().is_some() => return format!("Valid {kind} signature{signer}{key}; judged by {by}."),
        Verdict::Good => return format!("Good {kind} signature{signer}{key}; judged by {by}."),
        Verdict::Untrusted => "Not trusted",
        Verdict::Unchecked => "The signature could not be checked",
        _ => "BAD signature",
    };
    let id = external.finding.id();
    format!("{opening}: {} [{id}]. The {kind} signature{signer}{key} was judged by {by}.", Escaped(&finding(external)))
}

/// The fault of an object whose signature is of another kind, as a sentence.
fn fault_sentence(rejection: &Rejection) -> Option<String> {
    let finding = rejection.finding()?;
    Some(format!("The object has a fault: {} [{}].", Escaped(rejection.detail()), finding.id()))
}

/// What a signature that was not verified claims: who signed.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// SHA-256 of the signer's certificate, upper-case hexadecimal.
    pub fingerprint: String,
    /// The subject alternative name, where the certificate follows Fulcio's profile.
    pub identity: Option<String>,
}

impl Claimed {
    /// Reads the claim of a signature; `None` where the signature does not contain the certificate that its signer names.
    pub fn of(signature: &ParsedSignature<'_>) -> Option<Self> {
        let certificate = Arc::clone(signature.content().ok()?.claimed_certificate()?);
        let fingerprint = hex::encode(certificate.fingerprint()).to_ascii_uppercase();
        Some(Self { fingerprint, identity: SignerCertificate::new(certificate).ok().map(|signer| signer.identity().name.clone()) })
    }

    /// The claim as a sentence for people, escaped; `None` where no identity is known.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only the program prints it"))]
    pub(crate) fn sentence(&self) -> Option<String> {
        self.identity.as_ref().map(|identity| format!("It claims to be from {}; this is not verified.", Escaped(identity)))
    }
}
