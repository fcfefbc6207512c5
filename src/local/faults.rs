//! Faults that a test can order: a service that fails, waits or lies. The set is closed; by default there are none.

use std::{fmt, str::FromStr, sync::Arc};

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The service answers 502.
    Down(Service),
    /// The service answers after half a minute.
    Slow(Service),
    /// The issuer's token endpoint answers 502.
    TokenDown,
    /// The issuer's ID tokens expire after two seconds.
    ShortTokens,
    /// The issuer's ID tokens carry the nonce of another login.
    OtherNonceClaim,
    /// The audience of the issuer's ID tokens is another client.
    OtherAudience,
    /// The issuer in its ID tokens ends in a slash.
    OtherIssuer,
    /// The address in the issuer's ID tokens is not verified.
    UnverifiedEmail,
    /// The issuer's ID tokens have no e-mail address.
    NoEmail,
    /// The issuer signs with a key that it does not publish.
    ForeignKey,
    /// The issuer has no device flow.
    NoDevice,
    /// The issuer answers the first poll of each device code with `slow_down`.
    SlowDown,
    /// The issuer refuses every login on another device.
    DeviceDenied,
    /// The issuer's device codes have expired.
    DeviceExpired,
    /// The issuer gives no refresh tokens.
    NoRefresh,
    /// The issuer refuses every refresh token.
    RefreshRefused,
    /// Fulcio certifies another key.
    OtherKey,
    /// Fulcio certifies another address.
    OtherIdentity,
    /// Fulcio embeds no SCT.
    NoSct,
    /// Fulcio embeds an SCT that its log did not sign.
    BadSct,
    /// Rekor logs the entry and answers 502.
    LostAnswer,
    /// Rekor answers with an entry about another signature.
    OtherEntry,
    /// Rekor answers with the audit path of another leaf.
    BadProof,
    /// Rekor answers with a checkpoint that it did not sign.
    BadCheckpoint,
    /// Rekor v1 answers with a SET that is signed over something else.
    BadSet,
    /// The timestamp authority stamps another digest.
    OtherImprint,
    /// The timestamp authority answers with another nonce.
    OtherNonce,
    /// The timestamp authority's time is an hour ahead.
    WrongTime,
}

/// The services that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The OpenID issuer.
    Issuer,
    /// Fulcio.
    Fulcio,
    /// Both logs.
    Rekor,
    /// The timestamp authority.
    Tsa,
    /// The TUF repository.
    Tuf,
}

impl Fault {
    /// Every fault with its name, as `--fault` takes it.
    pub const ALL: [(&'static str, Self); 36] = [
        ("issuer=502", Self::Down(Service::Issuer)),
        ("issuer=slow", Self::Slow(Service::Issuer)),
        ("issuer=token-502", Self::TokenDown),
        ("issuer=short-tokens", Self::ShortTokens),
        ("issuer=other-nonce", Self::OtherNonceClaim),
        ("issuer=other-audience", Self::OtherAudience),
        ("issuer=other-issuer", Self::OtherIssuer),
        ("issuer=unverified-email", Self::UnverifiedEmail),
        ("issuer=no-email", Self::NoEmail),
        ("issuer=foreign-key", Self::ForeignKey),
        ("issuer=no-device", Self::NoDevice),
        ("issuer=slow-down", Self::SlowDown),
        ("issuer=device-denied", Self::DeviceDenied),
        ("issuer=device-expired", Self::DeviceExpired),
        ("issuer=no-refresh", Self::NoRefresh),
        ("issuer=refresh-refused", Self::RefreshRefused),
        ("fulcio=502", Self::Down(Service::Fulcio)),
        ("fulcio=slow", Self::Slow(Service::Fulcio)),
        ("fulcio=other-key", Self::OtherKey),
        ("fulcio=other-identity", Self::OtherIdentity),
        ("fulcio=no-sct", Self::NoSct),
        ("fulcio=bad-sct", Self::BadSct),
        ("rekor=502", Self::Down(Service::Rekor)),
        ("rekor=slow", Self::Slow(Service::Rekor)),
        ("rekor=lost-answer", Self::LostAnswer),
        ("rekor=other-entry", Self::OtherEntry),
        ("rekor=bad-proof", Self::BadProof),
        ("rekor=bad-checkpoint", Self::BadCheckpoint),
        ("rekor=bad-promise", Self::BadSet),
        ("tsa=502", Self::Down(Service::Tsa)),
        ("tsa=slow", Self::Slow(Service::Tsa)),
        ("tsa=other-imprint", Self::OtherImprint),
        ("tsa=other-nonce", Self::OtherNonce),
        ("tsa=wrong-time", Self::WrongTime),
        ("tuf=502", Self::Down(Service::Tuf)),
        ("tuf=slow", Self::Slow(Service::Tuf)),
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, fault)| fault == self).map_or("", |(name, _)| name))
    }
}

/// The faults of a running instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<[Fault]>);

impl Faults {
    /// Whether this fault was ordered.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        Self(faults.into())
    }
}

/// No fault has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault {:?}; expected one of: {}", .0, Fault::ALL.map(|(name, _)| name).join(", "))]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}
