//! The table of reasons.

use super::{Layer, Standing, explanation::explained};

/// Defines [`Reason`] from rows of identifier, layer, standing and sentence.
macro_rules! reasons {
    ($($name:ident = $id:literal, $layer:ident, $standing:ident, $sentence:literal;)*) => {
        explained! {
            /// Why a signature is refused.
            Reason { $($name = $id, $sentence;)* }
        }

        impl Reason {
            /// The step of verification that finds it.
            pub fn layer(self) -> Layer {
                match self { $(Self::$name => Layer::$layer,)* }
            }

            /// Whether something is wrong, or could not be checked.
            pub fn standing(self) -> Standing {
                match self { $(Self::$name => Standing::$standing,)* }
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

impl Reason {
    /// Whether nothing was found wrong and only the log entry is missing: an entry that is looked up can help.
    pub fn is_missing_entry(self) -> bool {
        matches!(self, Self::EntryMissing | Self::EntryDraftEncoding | Self::DirectlyFromRoot | Self::SctMissing)
    }
}

fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::NoSignature => {
            "sign: the last commit with `git commit --amend --no-edit -S`, all since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`"
        }
        Reason::NotAnnotated => "put a signed tag in its place (`git tag -s -f NAME`); where there was one, find out who replaced it",
        Reason::OpenPgpSignature | Reason::SshSignature => {
            "let git judge it with --other-signatures; for the merges of a forge name its key in paraph.forgeKey"
        }
        Reason::UnknownSignatureKind | Reason::ForeignCms | Reason::ForeignCmsWithoutCertificate | Reason::ForeignCmsInvalid => {
            "verify it with the program that made it, or sign anew with paraph"
        }
        Reason::ObjectTooLarge | Reason::ArmorTooLarge => "look at it by itself (`git cat-file -p ID`); no ordinary object is so large",
        Reason::ObjectIdMismatch => "run `git fsck`, and fetch the object anew from where you trust it",
        Reason::TagName => "do not use this ref: fetch the tags anew, and find out who moved the tag to another name",
        Reason::UnknownAuthority | Reason::SctUnknownLog | Reason::LogUnknown | Reason::TimestampUnknownAuthority => {
            "run `paraph trust update`; where it was signed with another instance, name it by --instance or --trusted-root"
        }
        _ if reason.is_missing_entry() => "ask the log for its entry with --lookup, or have it signed anew",
        Reason::LookupFailed => "try again when the log answers, and look at what its address is with `paraph trust status`",
        Reason::TimeInFuture => "set this machine's clock, or give the time with --at",
        _ if reason.standing() == Standing::Wrong => {
            "do not trust it: it was changed after it was signed, or its signature is damaged; ask its author"
        }
        _ => "it does not carry all that proves it: have it signed anew",
    }
}
