//! The one word for what is known about an object.

use crate::Standing;

/// One word for an object, the same in JSON, summaries and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Verified, and the identity is allowed.
    Good,
    /// Verified; the user does not list the identity.
    Untrusted,
    /// Verified by a legacy rule, which the user must accept first.
    Legacy,
    /// There is no signature.
    Unsigned,
    /// Another kind of signature: named, not judged.
    Other,
    /// Could not be checked; the reason says what is missing.
    Unchecked,
    /// Checked, and wrong.
    Bad,
}

impl Verdict {
    /// All verdicts, from best to worst.
    pub const ALL: [Self; 7] = [Self::Good, Self::Untrusted, Self::Legacy, Self::Unsigned, Self::Other, Self::Unchecked, Self::Bad];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Untrusted => "untrusted",
            Self::Legacy => "legacy",
            Self::Unsigned => "unsigned",
            Self::Other => "other",
            Self::Unchecked => "unchecked",
            Self::Bad => "bad",
        }
    }
}

impl From<Standing> for Verdict {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Wrong => Self::Bad,
            Standing::Unchecked => Self::Unchecked,
            Standing::Unsigned => Self::Unsigned,
            Standing::Foreign => Self::Other,
        }
    }
}
