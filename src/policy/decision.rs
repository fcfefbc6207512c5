//! What the policy decides about a verified signature.

use super::{Verdict, allowed_line::AllowedLine};
use crate::{
    Explanation,
    escape::Escaped,
    rejection::{Audience, explained},
    verify::Verification,
};
use std::fmt;

explained! {
    /// Why the policy trusts a verified signature, or not.
    Decision {
        Allowed = "identity-allowed", "the allowed identities list the identity";
        Expected = "identity-expected", "the identity is an expected one";
        KeyGiven = "key-given", "the signature verifies with the given key";
        NotExpected = "identity-not-expected", "the identity is not the expected one";
        NobodyAllowed = "nobody-allowed", "no allowed identities are configured";
        NotAllowed = "identity-not-allowed", "the allowed identities do not list the identity";
        AllowedUnusable = "allowed-identities-unusable", "the allowed identities cannot be used, so nobody is trusted";
        AllowedElsewhere = "identity-allowed-elsewhere", "the allowed identities list the identity for something else";
        NotCommitter = "identity-not-committer", "the object claims to be from somebody else than the identity that signed it";
        LegacyRule = "legacy-rule", "it needs a legacy rule, and legacy signatures are not accepted";
    }
}

impl Decision {
    /// The verdict that it means.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Allowed | Self::Expected | Self::KeyGiven => Verdict::Good,
            Self::NotExpected
            | Self::NobodyAllowed
            | Self::NotAllowed
            | Self::AllowedUnusable
            | Self::AllowedElsewhere
            | Self::NotCommitter => Verdict::Untrusted,
            Self::LegacyRule => Verdict::Legacy,
        }
    }
}

fn advice(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed | Decision::Expected | Decision::KeyGiven => "nothing",
        Decision::NotExpected => "find out who signed it; --certificate-identity and --certificate-oidc-issuer say whom you expect",
        Decision::NobodyAllowed => {
            "run `paraph allow IDENTITY ISSUER` for each person you trust (with `--instance NAME` unless it is the public instance)"
        }
        Decision::NotAllowed => {
            "if you trust the identity, run `paraph allow IDENTITY ISSUER` (with `--instance NAME` unless it is the public instance)"
        }
        Decision::AllowedUnusable => "fix the file in paraph.allowedIdentities; a warning names it and its first wrong line",
        Decision::AllowedElsewhere => "compare its line in the allowed identities: times, instance and kinds (`for=`) must match",
        Decision::NotCommitter => "ask the signer why; paraph.matchCommitter requires that signer and committer are the same",
        Decision::LegacyRule => "if you accept such signatures, set paraph.allowLegacy; otherwise have it signed again",
    }
}

/// A decision on one signature, with its details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    decision: Decision,
    detail: Detail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Detail {
    /// The decision says it all.
    None,
    /// The line of the allowed identities that decided.
    Line(usize),
    /// A clause. It may hold bytes that an attacker chose.
    Text(String),
    /// A line lists the identity for another instance, or for other kinds of objects: a clause.
    NotForThis(String),
}

impl Ruling {
    /// A decision that says it all.
    pub(super) fn plain(decision: Decision) -> Self {
        Self { decision, detail: Detail::None }
    }

    /// A line of the allowed identities lists the identity.
    pub(super) fn allowed(line: usize) -> Self {
        Self { decision: Decision::Allowed, detail: Detail::Line(line) }
    }

    /// A decision, with a clause that says what it is in this case.
    pub(super) fn in_words(decision: Decision, clause: String) -> Self {
        Self { decision, detail: Detail::Text(clause) }
    }

    /// A line of the allowed identities lists the identity, but for another instance or for other kinds of objects: another line would allow
    /// it. The clause says which.
    pub(super) fn not_for_this(clause: String) -> Self {
        Self { decision: Decision::AllowedElsewhere, detail: Detail::NotForThis(clause) }
    }

    /// What this audience can do about a signature with this ruling, escaped; `None` where the ruling is good, or nothing simple helps.
    pub(super) fn advice_for(&self, audience: Audience, verification: &Verification) -> Option<String> {
        let line = AllowedLine::of(verification);
        if line.is_pattern() && (self.decision == Decision::NobodyAllowed || self.lacks_a_line()) {
            return Some("sign as another identity: the asterisk in this one stands for other people in a line that allows it".into());
        }
        let command = line.command();
        let advice = match (self.decision, audience) {
            (Decision::Allowed | Decision::Expected | Decision::KeyGiven, _) => return None,
            (Decision::NobodyAllowed, Audience::Terminal) => format!("to trust it, run `{command}`"),
            (Decision::LegacyRule, Audience::Terminal) => {
                "to accept legacy signatures, use --allow-legacy or set paraph.allowLegacy".into()
            }
            (Decision::LegacyRule, Audience::Pusher) => "sign again, or accept legacy signatures (paraph.allowLegacy)".into(),
            (Decision::LegacyRule, Audience::PusherToServer) => {
                "sign again, or ask the administrator to accept legacy signatures (paraph.allowLegacy)".into()
            }
            (_, Audience::Terminal) if self.lacks_a_line() => {
                format!("if you trust {}, run `{command}`", Escaped(&verification.identity().name))
            }
            (_, Audience::Terminal) => return None,
            (Decision::AllowedUnusable, Audience::Pusher) => "correct the file in paraph.allowedIdentities".into(),
            (Decision::AllowedUnusable, Audience::PusherToServer) => {
                "ask the administrator to correct the server's allowed identities, which cannot be used".into()
            }
            (Decision::NotCommitter, Audience::Pusher | Audience::PusherToServer) => {
                "create it again with the e-mail address of the identity that signs (`git config user.email`), sign it, and push again"
                    .into()
            }
            (_, Audience::Pusher) => format!("sign as an allowed identity, or allow this one with `{command}`"),
            (_, Audience::PusherToServer) => {
                let line = line.to_string();
                let line = Escaped(&line);
                format!("sign as an allowed identity, or ask the administrator to add the line `{line}` to the server's allowed identities")
            }
        };
        Some(advice)
    }

    /// Whether a new line of the allowed identities would allow the identity: no line lists it for this instance and
    /// this kind of object.
    fn lacks_a_line(&self) -> bool {
        self.decision == Decision::NotAllowed || matches!(self.detail, Detail::NotForThis(_))
    }

    /// The decision.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    pub(super) fn explanation(&self) -> &dyn Explanation {
        &self.decision
    }

    /// The line of the allowed identities that lists the identity, from 1.
    pub fn line(&self) -> Option<usize> {
        match self.detail {
            Detail::Line(line) => Some(line),
            Detail::None | Detail::Text(_) | Detail::NotForThis(_) => None,
        }
    }
}

/// A clause without a period. Escape it before printing.
impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Detail::None => f.write_str(self.decision.sentence()),
            Detail::Line(line) => write!(f, "line {line} of the allowed identities lists it"),
            Detail::Text(clause) | Detail::NotForThis(clause) => f.write_str(clause),
        }
    }
}
