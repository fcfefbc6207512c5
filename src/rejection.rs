//! Why a signature is not accepted: the closed taxonomy that every room of the verifier speaks.
//!
//! A [`Rejection`] is one [`Reason`] with the words for this case. A reason has a stable identifier (it stands in `--json`, in the
//! documentation and in test vectors), the [`Layer`] that found it, and its [`Standing`]: whether something was checked and is wrong,
//! or could not be checked. It is not for errors of the program's own surroundings (files, services,
//! configuration), with one exception: a log that was asked for an entry and gave none leaves the signature unchecked.

use std::fmt;

/// A refused signature: which reason, and what was found in this case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .reason.sentence(), Detail(.detail))]
pub struct Rejection {
    reason: Reason,
    /// May hold bytes that an attacker chose: escape before printing.
    detail: String,
}

impl Rejection {
    /// A rejection with what was found, in words that follow the reason's sentence after a colon.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What was expected and found, in words; empty where the reason says it all. It may hold bytes that an attacker chose.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason, String::new())
    }
}

struct Detail<'a>(&'a str);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl Reason {
    /// Whether a signature can rest on it as a rule of old, and is `legacy` then.
    pub fn is_rule_of_old(self) -> bool {
        let of_entry = matches!(
            self,
            Self::EntryOfObjectId | Self::EntryOfReencodedId | Self::EntryOfHeaderId | Self::EntryOfSha1Id | Self::EntryNotEmbedded
        );
        of_entry || matches!(self, Self::EntryDraftEncoding | Self::DirectlyFromRoot | Self::SctMissing)
    }

    /// Whether nothing was found wrong and the log entry is what is missing: an entry that is looked up can help.
    pub fn is_missing_entry(self) -> bool {
        matches!(self, Self::EntryMissing | Self::EntryDraftEncoding | Self::DirectlyFromRoot | Self::SctMissing)
    }
}

/// What a rejection says about the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Checked, and wrong.
    Wrong,
    /// Could not be checked: something is missing or not known here.
    Unchecked,
    /// There is no signature.
    Unsigned,
    /// Another kind of signature (OpenPGP, SSH, a foreign CMS): named, not judged.
    Foreign,
}

/// The step of verification that found a reason, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The git object's own structure.
    Object,
    /// The PEM armor.
    Armor,
    /// The CMS SignedData (RFC 5652).
    Cms,
    /// The signer's certificate (RFC 5280, Fulcio's profile).
    Certificate,
    /// The path from the certificate to a trusted certificate authority.
    Chain,
    /// The signed certificate timestamp (RFC 6962).
    Sct,
    /// The transparency log entry, its promise, proof and checkpoint.
    Log,
    /// The RFC 3161 timestamp.
    Timestamp,
    /// The trusted times and the windows in which keys and certificates are valid.
    Time,
}

impl Layer {
    /// The stable identifier.
    pub fn id(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Armor => "armor",
            Self::Cms => "cms",
            Self::Certificate => "certificate",
            Self::Chain => "chain",
            Self::Sct => "sct",
            Self::Log => "log",
            Self::Timestamp => "timestamp",
            Self::Time => "time",
        }
    }

    /// What it looks at, as a clause without a period.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Object => "the git object's own structure",
            Self::Armor => "the PEM armor around the signature",
            Self::Cms => "the CMS SignedData (RFC 5652)",
            Self::Certificate => "the signer's certificate (RFC 5280, Fulcio's profile)",
            Self::Chain => "the path from the certificate to a trusted certificate authority",
            Self::Sct => "the signed certificate timestamp (RFC 6962)",
            Self::Log => "the transparency log entry, its promise, proof and checkpoint",
            Self::Timestamp => "the RFC 3161 timestamp",
            Self::Time => "the trusted times, and the windows in which keys and certificates are valid",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $layer:ident, $standing:ident, $sentence:literal;)*) => {
        /// Why a signature is refused. Its identifier is stable: see [`Reason::id`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason { $(#[doc = $sentence] $name,)* }

        impl Reason {
            /// Every reason there is, in the order of the layers.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The stable identifier, for machines.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The step of verification that finds it.
            pub fn layer(self) -> Layer {
                match self { $(Self::$name => Layer::$layer,)* }
            }

            /// Whether it means wrong or not checkable.
            pub fn standing(self) -> Standing {
                match self { $(Self::$name => Standing::$standing,)* }
            }

            /// What it means, as a clause without a period.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

reasons! {
    NoSignature = "no-signature", Object, Unsigned, "the object carries no signature";
    OpenPgpSignature = "openpgp-signature", Object, Foreign, "the signature is an OpenPGP signature, which git's own gpg program judges";
    SshSignature = "ssh-signature", Object, Foreign, "the signature is an SSH signature, which git's own ssh program judges";
    UnknownSignatureKind = "unknown-signature-kind", Object, Foreign, "the signature is of a kind that is not known";
    ObjectTooLarge = "object-too-large", Object, Unchecked, "the object is larger than any that is verified";
    MalformedObject = "malformed-object", Object, Wrong, "the object is not a well-formed git object";
    DuplicateHeader = "duplicate-header", Object, Wrong, "a header that may stand once stands twice";
    HeaderOrder = "header-order", Object, Wrong, "the object's headers do not stand in git's order";
    NulByte = "nul-byte", Object, Wrong, "the object contains a NUL byte";
    MultipleSignatures = "multiple-signatures", Object, Wrong, "the object carries more than one signature";
    UnsignedHeader = "unsigned-header", Object, Wrong, "the object has a signature header that git does not know, which no signature covers";
    Sha1Collision = "sha1-collision", Object, Wrong, "the object's bytes are made for a collision of SHA-1, and may stand for other content";
    ObjectIdMismatch = "object-id-mismatch", Object, Wrong, "the object's bytes do not have its object id";
    TagName = "tag-name", Object, Wrong, "the tag's own name is not the name by which it was reached";
    NotAnnotated = "not-annotated", Object, Unsigned, "the tag is lightweight, a mere reference, which carries no signature";

    ArmorMalformed = "armor-malformed", Armor, Wrong, "the PEM armor of the signature is malformed";
    ArmorTrailingData = "trailing-data", Armor, Wrong, "text stands after the end of the signature";
    ArmorTooLarge = "armor-too-large", Armor, Unchecked, "the signature is larger than any that is verified";

    ForeignCms = "foreign-cms", Cms, Foreign, "the signature is a CMS signature of another kind, not a Sigstore one";
    ForeignCmsWithoutCertificate = "foreign-cms-without-certificate", Cms, Foreign, "the signature is a CMS signature of another kind, and carries no certificate";
    ForeignCmsInvalid = "foreign-cms-invalid", Cms, Foreign, "the signature is a CMS signature of another kind, and does not fit its content or its certificate";
    CmsMalformed = "cms-malformed", Cms, Wrong, "the CMS structure is not well-formed DER";
    CmsTrailingData = "cms-trailing-data", Cms, Wrong, "bytes stand after the CMS structure";
    CmsTooMany = "cms-too-many", Cms, Wrong, "the CMS structure holds more elements than any that is verified";
    CmsContent = "cms-content", Cms, Wrong, "the CMS structure is not a detached signature over plain data";
    CmsSignerCount = "cms-signer-count", Cms, Wrong, "the CMS structure does not have exactly one signer";
    CertificateMissing = "certificate-missing", Cms, Unchecked, "the signature carries no certificate";
    SignerCertificateMissing = "signer-certificate-missing", Cms, Unchecked, "the signature does not carry its signer's certificate";
    SignerCertificateAmbiguous = "signer-certificate-ambiguous", Cms, Wrong, "the signature carries two certificates that answer to its signer's name";
    CmsAlgorithm = "cms-algorithm", Cms, Wrong, "the signature uses an algorithm that is not allowed";
    SignedAttributes = "signed-attributes", Cms, Wrong, "the signed attributes are not as RFC 5652 demands";
    PayloadMismatch = "payload-mismatch", Cms, Wrong, "the signature was made over other content";
    SignatureInvalid = "signature-invalid", Cms, Wrong, "the signature does not fit the certificate's key";

    CertificateMalformed = "certificate-malformed", Certificate, Wrong, "the signer's certificate is not well-formed";
    CertificateProfile = "certificate-profile", Certificate, Wrong, "the signer's certificate is not a code-signing end-entity certificate";
    CertificateKey = "certificate-key", Certificate, Wrong, "the signer's certificate has a key that is not allowed";
    SubjectAlternativeName = "subject-alternative-name", Certificate, Wrong, "the signer's certificate does not name exactly one printable identity";
    IssuerExtension = "issuer-extension", Certificate, Wrong, "the signer's certificate does not name exactly one identity issuer";
    CertificateExtension = "certificate-extension", Certificate, Wrong, "an extension of the signer's certificate is repeated, malformed, or critical and unknown";

    UnknownAuthority = "unknown-authority", Chain, Unchecked, "the certificate comes from an authority that is not in the trust root";
    ChainSignature = "chain-signature", Chain, Wrong, "the certificate's own signature does not fit the authority that it names";
    DirectlyFromRoot = "directly-from-root", Chain, Unchecked, "the certificate was issued by the root itself, as before May 2022, and not by its intermediate";

    SctMissing = "sct-missing", Sct, Unchecked, "the certificate carries no signed certificate timestamp";
    SctMalformed = "sct-malformed", Sct, Wrong, "the signed certificate timestamp is malformed";
    SctUnknownLog = "sct-unknown-log", Sct, Unchecked, "the signed certificate timestamp comes from a log that is not in the trust root";
    SctInvalid = "sct-invalid", Sct, Wrong, "the signed certificate timestamp does not fit the certificate, its issuer and the log";

    EntryMissing = "entry-missing", Log, Unchecked, "no log entry is embedded, and none was looked up";
    EntryDraftEncoding = "entry-draft-encoding", Log, Unchecked, "the log entry is embedded in a draft encoding that is not read";
    LookupFailed = "lookup-failed", Log, Unchecked, "no log entry is embedded, and the search for one failed";
    EntryNotFound = "entry-not-found", Log, Unchecked, "no log entry is embedded, and the log has none that the signature could rest on";
    EntryOfObjectId = "entry-of-object-id", Log, Unchecked, "the log entry is not embedded, and is about the object's id, as in gitsign's online mode";
    EntryOfReencodedId = "entry-of-reencoded-id", Log, Unchecked, "the log entry is not embedded, and is about the id of the object as gitsign up to 0.15 wrote it anew, without headers that it did not know";
    EntryOfHeaderId = "entry-of-header-id", Log, Unchecked, "the log entry is not embedded, and is about the id that gitsign 0.16 computed of a tag, with the signature among its headers";
    EntryOfSha1Id = "entry-of-sha1-id", Log, Unchecked, "the log entry is not embedded, and is about a SHA-1 id of an object of a SHA-256 repository";
    EntryNotEmbedded = "entry-not-embedded", Log, Unchecked, "the log entry is about the signature, and is not embedded in it";
    EntrySignature = "entry-signature", Log, Wrong, "the log entry's own signature over the object's id does not fit the certificate's key";
    EntryMalformed = "entry-malformed", Log, Wrong, "the log entry is malformed";
    EntryRepeated = "entry-repeated", Log, Wrong, "more than one log entry is embedded";
    EntryKind = "entry-kind", Log, Wrong, "the log entry is of a kind that cannot hold this signature";
    EntryMismatch = "entry-mismatch", Log, Wrong, "the log entry is about another signature";
    LogUnknown = "log-unknown", Log, Unchecked, "the log entry comes from a log that is not in the trust root";
    PromiseMissing = "promise-missing", Log, Unchecked, "the log entry carries no inclusion promise";
    PromiseInvalid = "promise-invalid", Log, Wrong, "the log's inclusion promise does not fit the entry";
    ProofMissing = "proof-missing", Log, Unchecked, "the log entry carries no inclusion proof";
    ProofInvalid = "proof-invalid", Log, Wrong, "the inclusion proof does not lead from the entry to its root hash";
    CheckpointMalformed = "checkpoint-malformed", Log, Wrong, "the log's checkpoint is malformed";
    CheckpointMismatch = "checkpoint-mismatch", Log, Wrong, "the checkpoint is of another tree than the inclusion proof";
    CheckpointUnsigned = "checkpoint-unsigned", Log, Wrong, "the checkpoint carries no signature of the log";
    CheckpointOrigin = "checkpoint-origin", Log, Wrong, "the checkpoint names another log than the one whose key signed it";
    CheckpointInvalid = "checkpoint-invalid", Log, Wrong, "the log's signature on the checkpoint is wrong";

    TimestampMalformed = "timestamp-malformed", Timestamp, Wrong, "the timestamp token is malformed";
    TimestampTooMany = "timestamp-too-many", Timestamp, Wrong, "more timestamp tokens are embedded than are verified";
    TimestampImprint = "timestamp-imprint", Timestamp, Wrong, "the timestamp token is about another signature";
    TimestampUnknownAuthority = "timestamp-unknown-authority", Timestamp, Unchecked, "the timestamp token comes from an authority that is not in the trust root";
    TimestampProfile = "timestamp-profile", Timestamp, Wrong, "the timestamp authority's certificate is not one for timestamps";
    TimestampInvalid = "timestamp-invalid", Timestamp, Wrong, "the timestamp token's signature is wrong";

    NoTrustedTime = "no-trusted-time", Time, Unchecked, "nothing in the signature tells a trusted time";
    TimeInFuture = "time-in-future", Time, Unchecked, "a trusted time lies in the future of this machine's clock";
    OutsideCertificateWindow = "outside-certificate-window", Time, Wrong, "a trusted time lies outside the certificate's life";
    OutsideAuthorityWindow = "outside-authority-window", Time, Wrong, "a trusted time lies outside the time in which the certificate's authority was trusted";
    OutsideLogWindow = "outside-log-window", Time, Wrong, "a trusted time lies outside the time in which the log was trusted";
    OutsideTimestampAuthorityWindow = "outside-timestamp-authority-window", Time, Wrong, "the timestamp lies outside the time in which its authority was trusted";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn identifiers_are_unique_and_in_kebab_case() {
        let mut seen = HashSet::new();
        for reason in Reason::ALL {
            assert!(seen.insert(reason.id()), "{} stands twice", reason.id());
            assert!(reason.id().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", reason.id());
            assert!(!reason.sentence().ends_with('.'), "{}", reason.id());
        }
    }

    #[test]
    fn a_rejection_reads_as_a_sentence_with_its_detail() {
        let plain = Rejection::from(Reason::NoSignature);
        assert_eq!(plain.to_string(), "the object carries no signature");
        let detailed = Rejection::new(Reason::DuplicateHeader, "tree");
        assert_eq!(detailed.to_string(), "a header that may stand once stands twice: tree");
    }
}
