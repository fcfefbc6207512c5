//! Who signed something, and which identities of a policy fit.

use super::fault::FileFault;
use crate::{
    certificate::{Identity, IdentityKind, names::with_folded_domain},
    policy::name_matches,
    trust::Instance,
    verify::Verification,
};
use jiff::Timestamp;
use std::borrow::Cow;

/// One way of an identity to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A certificate of a Sigstore.
    Certificate {
        /// The subject alternative name, or a pattern of it.
        subject: String,
        /// The OpenID issuer.
        issuer: String,
        /// The instance that must vouch for it.
        instance: Instance,
        /// Claims that the certificate must have, with their exact values.
        claims: Vec<(&'static str, String)>,
        /// When its signatures count.
        validity: Validity,
    },
    /// A key, which git's own verifier or the forge's key checks.
    Key {
        /// The kind of the key.
        kind: GitKeyKind,
        /// Its fingerprint, as [`GitKeyKind::fingerprint`] writes it.
        fingerprint: String,
    },
}

/// When signatures count, by each of their trusted times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Validity {
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The first instant after it.
    pub until: Option<Timestamp>,
}

impl Validity {
    fn contains(self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }
}

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum GitKeyKind {
    OpenPgp,
    Ssh,
}

impl GitKeyKind {
    /// A fingerprint in its one spelling; `None` if the text is none.
    pub(crate) fn fingerprint(self, text: &str) -> Option<String> {
        match self {
            Self::OpenPgp => {
                let digits: String = text.chars().filter(|character| *character != ' ').collect();
                let is_fingerprint = matches!(digits.len(), 40 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                is_fingerprint.then(|| digits.to_ascii_uppercase())
            }
            Self::Ssh => {
                let digest = text.strip_prefix("SHA256:")?.trim_end_matches('=');
                let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
                (digest.len() == 43 && digest.bytes().all(is_base64)).then(|| format!("SHA256:{digest}"))
            }
        }
    }

    pub(super) fn fingerprint_fault(self, text: &str) -> FileFault {
        match self {
            Self::OpenPgp => FileFault::OpenPgpFingerprint(text.to_owned()),
            Self::Ssh => FileFault::SshFingerprint(text.to_owned()),
        }
    }
}

/// Who signed something, where the signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signer {
    /// Somebody with a certificate.
    Certificate {
        /// The identity that it names.
        identity: Identity,
        /// The instance whose trust root vouches for it.
        instance: Instance,
        /// What the workload's token claimed.
        claims: Vec<(&'static str, String)>,
        /// The trusted times, at least one.
        times: Vec<Timestamp>,
    },
    /// Somebody with a key.
    Key {
        /// The kind of the key.
        kind: GitKeyKind,
        /// Its fingerprint, as [`GitKeyKind::fingerprint`] writes it.
        fingerprint: String,
    },
}

impl From<&Verification> for Signer {
    fn from(verification: &Verification) -> Self {
        Self::Certificate {
            identity: verification.identity().clone(),
            instance: verification.instance().clone(),
            claims: verification.certificate().claims().to_vec(),
            times: verification.times().iter().map(|trusted| trusted.time).collect(),
        }
    }
}

impl Credential {
    /// Whether a signature by this signer fits.
    pub(crate) fn fits(&self, signer: &Signer) -> bool {
        match (self, signer) {
            (
                Self::Certificate { subject, issuer, instance, claims, validity },
                Signer::Certificate { identity, instance: signed_at, claims: claimed, times },
            ) => {
                *issuer == identity.issuer
                    && instance == signed_at
                    && name_matches(subject, identity)
                    && claims.iter().all(|claim| claimed.contains(claim))
                    && times.iter().all(|time| validity.contains(*time))
            }
            (Self::Key { kind, fingerprint }, Signer::Key { kind: signed, fingerprint: key }) => kind == signed && fingerprint == key,
            (Self::Certificate { .. }, Signer::Key { .. }) | (Self::Key { .. }, Signer::Certificate { .. }) => false,
        }
    }
}

impl Signer {
    /// Who it is, whatever the time: two signers who are equal here are one.
    pub(super) fn who(&self) -> (Cow<'_, str>, &str, &str) {
        match self {
            Self::Certificate { identity, instance, .. } => {
                let name = match identity.kind {
                    IdentityKind::Email => with_folded_domain(&identity.name),
                    IdentityKind::Uri | IdentityKind::Username => Cow::Borrowed(identity.name.as_str()),
                };
                (name, &identity.issuer, instance.as_str())
            }
            Self::Key { kind: GitKeyKind::OpenPgp, fingerprint } => (Cow::Borrowed(fingerprint), "", "openpgp"),
            Self::Key { kind: GitKeyKind::Ssh, fingerprint } => (Cow::Borrowed(fingerprint), "", "ssh"),
        }
    }
}
