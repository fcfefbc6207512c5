//! What the agent would do for a signature, shown by `paraph whoami` before one is made.

use crate::wording::spoken_time;
use jiff::Timestamp;
use std::path::PathBuf;

/// The result of asking the agent for a signature now.
pub(super) enum AgentPreview {
    /// The agent is not asked, for this reason.
    NotUsed(String),
    /// A forwarded agent behind this socket decides. It reveals nothing beforehand.
    Forwarded(PathBuf),
    /// The agent is locked, or would be once started.
    Locked,
    /// The agent signs with a login that it keeps.
    HasLogin {
        /// The agent's process id.
        process: u32,
        /// The login.
        login: LoginPreview,
    },
    /// The login is stored in a keyring. An agent continues it.
    Stored {
        /// The keyring.
        keyring: String,
        /// It serves only if it is by this issuer, which is not known now.
        if_by: Option<String>,
    },
    /// The agent runs, and needs a login first.
    NeedsLogin {
        /// The agent's process id.
        process: u32,
    },
    /// No agent runs.
    NotRunning,
    /// The agent cannot be used, for this reason.
    Unusable(String),
}

/// A login that an agent keeps.
pub(super) struct LoginPreview {
    /// The identity, as in the certificate.
    pub(super) identity: String,
    /// The issuer in the certificate.
    pub(super) issuer: String,
    /// The end of its certificate's validity period, if it has a certificate that is valid now.
    pub(super) until: Option<Timestamp>,
    /// Whether the next certificate needs no login.
    pub(super) is_renewable: bool,
}

impl AgentPreview {
    /// Whether a signature needs no login.
    pub(super) fn needs_no_login(&self) -> bool {
        match self {
            Self::HasLogin { login, .. } => login.is_renewable || login.until.is_some(),
            Self::Stored { if_by, .. } => if_by.is_none(),
            _ => false,
        }
    }

    /// The preview as a clause.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::NotUsed(why) => why.clone(),
            Self::Forwarded(socket) => format!("the agent behind {} decides, and reveals nothing beforehand", socket.display()),
            Self::Locked => "locked".into(),
            Self::HasLogin { process, login: LoginPreview { identity, until, is_renewable, .. } } => {
                let until = match (is_renewable, until) {
                    (true, Some(until)) => format!("with a certificate until {}; the next one needs no login", spoken_time(*until)),
                    (true, None) => "and the next signature needs no login".to_owned(),
                    (false, Some(until)) => format!("valid until {}", spoken_time(*until)),
                    (false, None) => "whose certificate has expired; the next signature needs a login".to_owned(),
                };
                format!("process {process} keeps a login as {identity}, {until}")
            }
            Self::Stored { keyring, if_by: None } => format!("the login is stored in {keyring}; a signature continues it"),
            Self::Stored { keyring, if_by: Some(issuer) } => {
                format!(
                    "the login is stored in {keyring}; a signature continues it if {issuer} vouches for it, and otherwise needs a login"
                )
            }
            Self::NeedsLogin { process } => format!("process {process} has no login for this; the next signature needs one"),
            Self::Unusable(why) => format!("not used: {why}"),
            Self::NotRunning => "none runs; a signature that needs a login starts one".into(),
        }
    }
}
