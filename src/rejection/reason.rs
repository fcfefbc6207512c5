//! The table of reasons.

use super::{
    Audience, Layer, Standing,
    explanation::{Explanation as _, explained},
};
use std::borrow::Cow;

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
    OpenPgpSignature = "openpgp-signature", Object, Foreign, "the signature is an OpenPGP signature, which git's gpg program verifies";
    SshSignature = "ssh-signature", Object, Foreign, "the signature is an SSH signature, which git's ssh program verifies";
    UnknownSignatureKind = "unknown-signature-kind", Object, Foreign, "the signature is of an unknown kind";
    ObjectTooLarge = "object-too-large", Object, Unchecked, "the object is too large";
    MalformedObject = "malformed-object", Object, Wrong, "the object is not a well-formed git object";
    DuplicateHeader = "duplicate-header", Object, Wrong, "a header appears twice that may appear once";
    HeaderOrder = "header-order", Object, Wrong, "the object's headers are not in git's order";
    NulByte = "nul-byte", Object, Wrong, "the object contains a NUL byte";
    MultipleSignatures = "multiple-signatures", Object, Wrong, "the object carries more than one signature";
    UnsignedHeader = "unsigned-header", Object, Wrong, "the object has an unknown signature header, which no signature covers";
    Sha1Collision = "sha1-collision", Object, Wrong, "the object's bytes are part of a SHA-1 collision attack";
    ObjectIdMismatch = "object-id-mismatch", Object, Wrong, "the object's bytes do not match its id";
    ObjectCopies = "object-copies-differ", Object, Wrong, "the repository has another content under the object's id, which git may read";
    CommitGraph = "commit-graph-differs", Object, Wrong, "a commit-graph contradicts the commit, and git shows what it says";
    ContentIdMismatch = "content-id-mismatch", Object, Wrong, "a tree or a file of the commit is not what its id says";
    ContentUnchecked = "content-unchecked", Object, Unchecked, "a tree or a file of the commit is missing or cannot be read";
    TagTooDeep = "tag-too-deep", Object, Unchecked, "the tag has too many tags inside each other";
    TagName = "tag-name", Object, Wrong, "the tag's own name is not the name of its ref";
    NotAnnotated = "not-annotated", Object, Unsigned, "the tag is a lightweight tag, which cannot be signed";

    NoBundle = "no-bundle", Bundle, Unsigned, "there is no bundle for the file";
    BundleTooLarge = "bundle-too-large", Bundle, Unchecked, "the bundle is too large";
    BundleMalformed = "bundle-malformed", Bundle, Wrong, "the bundle is malformed";
    BundleMediaType = "bundle-media-type", Bundle, Unchecked, "the bundle is of an unknown version";
    BundleTooMany = "bundle-too-many", Bundle, Wrong, "the bundle has too many elements";
    BundleKeyMaterial = "bundle-key-material", Bundle, Wrong, "the bundle does not hold exactly one of certificate, certificate chain and public key";
    BundleRootCertificate = "bundle-root-certificate", Bundle, Wrong, "the bundle's certificate chain contains a root certificate";
    BundleContent = "bundle-content", Bundle, Wrong, "the bundle does not hold exactly one of signature and DSSE envelope";
    BundleAlgorithm = "bundle-algorithm", Bundle, Wrong, "the bundle uses a hash that is not allowed";
    BundleKeyHint = "bundle-key-hint", Bundle, Wrong, "the bundle and its DSSE envelope name different keys";
    EnvelopeSignatures = "envelope-signature-count", Bundle, Wrong, "the DSSE envelope does not have exactly one signature";
    KeyNotGiven = "key-not-given", Bundle, Unchecked, "the bundle was signed with a key, and no key was given";
    KeyNotUsed = "key-not-used", Bundle, Unchecked, "a key was given, and the bundle was signed with a certificate";
    KeyMalformed = "key-malformed", Bundle, Unchecked, "the given key cannot be used";
    KeySignature = "key-signature-invalid", Bundle, Wrong, "the signature does not verify with the given key";
    MessageDigest = "message-digest-mismatch", Bundle, Wrong, "the bundle is about another file";
    FileDisguised = "file-disguised", Bundle, Wrong, "the file is what another kind of signature signs, so its signature can be a commit's";
    DigestUnknown = "digest-unknown", Bundle, Unchecked, "the bundle names digests of a kind that is not known of the file";

    PayloadType = "payload-type", Statement, Unchecked, "the DSSE envelope does not hold an in-toto statement";
    StatementMalformed = "statement-malformed", Statement, Wrong, "the in-toto statement is malformed";
    StatementTooMany = "statement-too-many", Statement, Wrong, "the in-toto statement has too many subjects or digests";
    PredicateType = "predicate-type", Statement, Unchecked, "the statement is of another type than the expected one";
    SubjectMismatch = "subject-mismatch", Statement, Wrong, "no subject of the statement is the file";

    ArmorMalformed = "armor-malformed", Armor, Wrong, "the PEM armor of the signature is malformed";
    ArmorFraming = "armor-framing", Armor, Unchecked, "there are blanks around the signature's lines, or extra line feeds";
    ArmorTrailingData = "trailing-data", Armor, Wrong, "there is text after the end of the signature";
    ArmorTooLarge = "armor-too-large", Armor, Unchecked, "the signature is too large";

    ForeignCms = "foreign-cms", Cms, Foreign, "the signature is a CMS signature that was not made with Sigstore";
    ForeignCmsWithoutCertificate = "foreign-cms-without-certificate", Cms, Foreign, "the signature is a CMS signature that was not made with Sigstore, and its certificate is missing";
    ForeignCmsInvalid = "foreign-cms-invalid", Cms, Foreign, "the signature is a CMS signature that was not made with Sigstore, and it does not verify";
    CmsMalformed = "cms-malformed", Cms, Wrong, "the CMS structure is not well-formed DER";
    CmsTrailingData = "cms-trailing-data", Cms, Wrong, "there are bytes after the CMS structure";
    CmsTooMany = "cms-too-many", Cms, Wrong, "the CMS structure has too many elements";
    CmsContent = "cms-content", Cms, Wrong, "the CMS structure is not a detached signature over plain data";
    CmsSignerCount = "cms-signer-count", Cms, Wrong, "the CMS structure does not have exactly one signer";
    CertificateMissing = "certificate-missing", Cms, Unchecked, "the signature contains no certificate";
    SignerCertificateMissing = "signer-certificate-missing", Cms, Unchecked, "the signature does not contain its signer's certificate";
    SignerCertificateAmbiguous = "signer-certificate-ambiguous", Cms, Wrong, "the signature contains two certificates with its signer's issuer and serial number";
    CmsAlgorithm = "cms-algorithm", Cms, Wrong, "the signature uses an algorithm that is not allowed";
    SignedAttributes = "signed-attributes", Cms, Wrong, "the signed attributes violate RFC 5652";
    PayloadMismatch = "payload-mismatch", Cms, Wrong, "the signature was made over other content";
    SignatureInvalid = "signature-invalid", Cms, Wrong, "the signature does not verify with the certificate's key";

    CertificateMalformed = "certificate-malformed", Certificate, Wrong, "the signer's certificate is not well-formed";
    CertificateProfile = "certificate-profile", Certificate, Wrong, "the signer's certificate is not a code-signing end-entity certificate";
    CertificateKey = "certificate-key", Certificate, Wrong, "the signer's certificate has a key that is not allowed";
    SubjectAlternativeName = "subject-alternative-name", Certificate, Wrong, "the signer's certificate does not name exactly one printable identity";
    IssuerExtension = "issuer-extension", Certificate, Wrong, "the signer's certificate does not name exactly one identity issuer";
    CertificateExtension = "certificate-extension", Certificate, Wrong, "an extension of the signer's certificate is repeated, malformed, or critical and unknown";

    UnknownAuthority = "unknown-authority", Chain, Unchecked, "the certificate's authority is not in the trust root";
    ChainSignature = "chain-signature", Chain, Wrong, "the certificate's signature does not verify with the key of its issuer";
    DirectlyFromRoot = "directly-from-root", Chain, Unchecked, "the root issued the certificate directly, as before May 2022";

    SctMissing = "sct-missing", Sct, Unchecked, "the certificate has no signed certificate timestamp";
    SctMalformed = "sct-malformed", Sct, Wrong, "the signed certificate timestamp is malformed";
    SctUnknownLog = "sct-unknown-log", Sct, Unchecked, "the signed certificate timestamp is from a log that is not in the trust root";
    SctInvalid = "sct-invalid", Sct, Wrong, "the signed certificate timestamp does not verify";

    EntryMissing = "entry-missing", Log, Unchecked, "no log entry is embedded, and none was looked up";
    EntryDraftEncoding = "entry-draft-encoding", Log, Unchecked, "the log entry is embedded in a draft encoding, which is not supported";
    LookupFailed = "lookup-failed", Log, Unchecked, "no log entry is embedded, and the lookup failed";
    EntryNotFound = "entry-not-found", Log, Unchecked, "no log entry is embedded, and the log has none for this signature";
    EntrySignature = "entry-signature", Log, Wrong, "the log entry's signature over the object's id does not verify with the certificate's key";
    EntryMalformed = "entry-malformed", Log, Wrong, "the log entry is malformed";
    EntryRepeated = "entry-repeated", Log, Wrong, "more than one log entry is embedded";
    EntryKind = "entry-kind", Log, Wrong, "the log entry is of a kind that cannot hold this signature";
    EntryMismatch = "entry-mismatch", Log, Wrong, "the log entry is about another signature";
    LogUnknown = "log-unknown", Log, Unchecked, "the log entry is from a log that is not in the trust root";
    PromiseMissing = "promise-missing", Log, Unchecked, "the log entry has no signed entry timestamp (SET)";
    PromiseInvalid = "promise-invalid", Log, Wrong, "the log's signed entry timestamp (SET) does not verify";
    ProofMissing = "proof-missing", Log, Unchecked, "the log entry has no inclusion proof";
    ProofInvalid = "proof-invalid", Log, Wrong, "the inclusion proof does not verify";
    CheckpointMalformed = "checkpoint-malformed", Log, Wrong, "the log's checkpoint is malformed";
    CheckpointMismatch = "checkpoint-mismatch", Log, Wrong, "the checkpoint and the inclusion proof are for different trees";
    CheckpointUnsigned = "checkpoint-unsigned", Log, Wrong, "the checkpoint has no signature by the log";
    CheckpointOrigin = "checkpoint-origin", Log, Wrong, "the checkpoint names another log than the one that signed it";
    CheckpointInvalid = "checkpoint-invalid", Log, Wrong, "the log's signature on the checkpoint does not verify";

    TimestampMalformed = "timestamp-malformed", Timestamp, Wrong, "the timestamp token is malformed";
    TimestampTooMany = "timestamp-too-many", Timestamp, Wrong, "there are too many timestamp tokens";
    TimestampImprint = "timestamp-imprint", Timestamp, Wrong, "the timestamp token is about another signature";
    TimestampUnknownAuthority = "timestamp-unknown-authority", Timestamp, Unchecked, "the timestamp token is from an authority that is not in the trust root";
    TimestampProfile = "timestamp-profile", Timestamp, Wrong, "the timestamp authority's certificate is not for timestamps";
    TimestampInvalid = "timestamp-invalid", Timestamp, Wrong, "the timestamp token's signature does not verify";

    NoTrustedTime = "no-trusted-time", Time, Unchecked, "the signature has no trusted time";
    TimeInFuture = "time-in-future", Time, Unchecked, "a trusted time is ahead of the current time";
    OutsideCertificateWindow = "outside-certificate-window", Time, Wrong, "a trusted time is outside the certificate's validity period";
    OutsideAuthorityWindow = "outside-authority-window", Time, Wrong, "a trusted time is outside the validity period of the certificate's authority";
    OutsideLogWindow = "outside-log-window", Time, Wrong, "a trusted time is outside the validity period of the log";
    OutsideTimestampAuthorityWindow = "outside-timestamp-authority-window", Time, Wrong, "the timestamp is outside the validity period of its authority";
}

impl Reason {
    /// Whether nothing was found wrong and only the log entry is missing: an entry that is looked up can help.
    pub fn is_missing_entry(self) -> bool {
        matches!(self, Self::EntryMissing | Self::EntryDraftEncoding | Self::DirectlyFromRoot | Self::SctMissing)
    }

    /// Whether the trust root does not have the authority or log: another trust root can help.
    pub(crate) fn is_unknown_to_trust_root(self) -> bool {
        matches!(self, Self::UnknownAuthority | Self::SctUnknownLog | Self::LogUnknown | Self::TimestampUnknownAuthority)
    }

    /// What this audience can do about an object that was refused for this reason.
    pub(crate) fn advice_for(self, audience: Audience) -> Option<Cow<'static, str>> {
        let advice = match (self.standing(), audience) {
            (_, Audience::Terminal) if self == Self::TimeInFuture => self.advice(),
            (_, Audience::Terminal) => return None,
            (Standing::Unsigned, _) => {
                "sign the last commit with `git commit --amend --no-edit -S`, all since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`; then push again"
            }
            (Standing::Foreign, _) => "sign with paraph (`paraph setup`), then push again",
            (_, Audience::PusherToServer) if self == Self::TimeInFuture => {
                "ask the administrator to set the server's clock; if it is right, set yours, sign again, and push again"
            }
            (_, Audience::Pusher) if self == Self::TimeInFuture => "set this machine's clock, then push again",
            (Standing::Unchecked, Audience::PusherToServer) => {
                "if the server should know the Sigstore instance, ask the administrator to run `paraph trust update`; otherwise sign again"
            }
            (Standing::Unchecked, Audience::Pusher) => "run `paraph trust update`; if that does not help, sign again",
            (Standing::Wrong, _) => {
                return Some(format!("{}. Create it again from a source that you trust, sign it, and push again", self.advice()).into());
            }
        };
        Some(advice.into())
    }
}

fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::NoSignature => {
            "sign it: the last commit with `git commit --amend --no-edit -S`, all commits since BASE with `git rebase --force-rebase -S BASE`, a tag with `git tag -s -f NAME`"
        }
        Reason::NoBundle => "get its bundle (FILE.sigstore.json) from where the file came from, or name it with --bundle",
        Reason::BundleTooLarge => "inspect it; no ordinary bundle is so large",
        Reason::BundleMediaType => "update paraph, or have the file signed with a bundle of version 0.3",
        Reason::KeyNotGiven => "get the signer's public key from a source that you trust, and name it with --key",
        Reason::KeyNotUsed => "leave --key out, and say whom you expect with --certificate-identity and --certificate-oidc-issuer",
        Reason::KeyMalformed => "name a file with the signer's public key in PEM (BEGIN PUBLIC KEY)",
        Reason::KeySignature => "compare the key with the signer's; if it is the right one, do not trust the file",
        Reason::DigestUnknown => "name the file itself instead of its digest",
        Reason::FileDisguised => "do not trust the file: nobody signs such a file as a file",
        Reason::MessageDigest | Reason::SubjectMismatch => "do not trust the file: it was changed, or the bundle belongs to another file",
        Reason::PredicateType => "name the type of the statement with --type, or get the bundle with the statement that you expect",
        Reason::PayloadType => "verify it with the program that made it",
        Reason::NotAnnotated => "replace it with a signed tag (`git tag -s -f NAME`); if there was one, find out who replaced it",
        Reason::OpenPgpSignature | Reason::SshSignature => {
            "let git verify it with --other-signatures; for a forge's merges, set paraph.forgeKey to its key"
        }
        Reason::UnknownSignatureKind | Reason::ForeignCms | Reason::ForeignCmsWithoutCertificate | Reason::ForeignCmsInvalid => {
            "verify it with the program that made it, or sign again with paraph"
        }
        Reason::ObjectTooLarge | Reason::ArmorTooLarge => "inspect it (`git cat-file -p ID`); no ordinary object is so large",
        Reason::ArmorFraming => "have it passed to paraph as git stores it; if git stores it so, have it signed again",
        Reason::ContentUnchecked => "fetch the objects that are missing; `git fsck` lists them",
        Reason::CommitGraph => "write it again with `git commit-graph write --reachable`, and find out who changed it",
        Reason::ObjectIdMismatch | Reason::ObjectCopies | Reason::ContentIdMismatch => {
            "run `git fsck`, and fetch the object again from a source that you trust"
        }
        Reason::TagTooDeep => "judge one of the tags inside it; no ordinary tag names so many",
        Reason::TagName => "do not use this ref; fetch the tags again, and find out who moved the tag to another name",
        _ if reason.is_unknown_to_trust_root() => {
            "run `paraph trust update`; if it was signed with another instance, name that with --instance or --trusted-root"
        }
        _ if reason.is_missing_entry() => "look up its log entry with --lookup, or have it signed again",
        Reason::LookupFailed => "try again when the log answers; `paraph trust status` shows its address",
        Reason::TimeInFuture => "set this machine's clock, or pass the time with --at",
        _ if reason.standing() == Standing::Wrong => {
            "do not trust it: it was changed after signing, or its signature is damaged; ask its author"
        }
        _ => "required evidence is missing; have it signed again",
    }
}
