//! What the agent would do about a signature, for who asks before one is made.

use jiff::Timestamp;
use std::path::PathBuf;

/// What would come of asking the agent.
pub(super) enum Prospect {
    /// It is not asked: why.
    NotAsked(String),
    /// The one behind a socket that somebody else keeps; it tells nothing beforehand.
    Forwarded(PathBuf),
    /// It is locked, and one that is started would be.
    Locked,
    /// It signs with a login that it keeps.
    Keeps {
        /// The agent's process.
        process: u32,
        /// The login.
        login: KeptLogin,
    },
    /// The login rests in this keyring, and an agent goes on with it.
    Rests(String),
    /// It runs, and a login comes first.
    Without {
        /// The agent's process.
        process: u32,
    },
    /// None runs.
    Absent,
    /// What is there cannot be used: why.
    Unusable(String),
}

/// A login that an agent keeps.
pub(super) struct KeptLogin {
    /// Whose.
    pub(super) identity: String,
    /// Who vouches for it.
    pub(super) issuer: String,
    /// The end of its certificate, where it has one that is good now.
    pub(super) until: Option<Timestamp>,
    /// Whether the next certificate needs no login.
    pub(super) is_renewable: bool,
}

impl Prospect {
    /// Whether a signature needs nobody.
    pub(super) fn needs_nobody(&self) -> bool {
        match self {
            Self::Keeps { login, .. } => login.is_renewable || login.until.is_some(),
            Self::Rests(_) => true,
            _ => false,
        }
    }

    /// What it is, as a clause.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::NotAsked(why) => why.clone(),
            Self::Forwarded(socket) => format!("the one behind {} decides, and tells nothing beforehand", socket.display()),
            Self::Locked => "locked".into(),
            Self::Keeps { process, login: KeptLogin { identity, until, is_renewable, .. } } => {
                let until = match (is_renewable, until) {
                    (true, Some(until)) => format!("with a certificate until {until}, and the next takes no login"),
                    (true, None) => "and the next signature takes none".to_owned(),
                    (false, Some(until)) => format!("good until {until}"),
                    (false, None) => "whose certificate has ended: the next signature takes a login".to_owned(),
                };
                format!("process {process} keeps a login as {identity}, {until}")
            }
            Self::Rests(keyring) => format!("the login rests in {keyring}, and a signature goes on with it"),
            Self::Without { process } => format!("process {process} has no login for this, and the next signature takes one"),
            Self::Unusable(why) => format!("not used: {why}"),
            Self::Absent => "none runs; a signature that needs a login starts one".into(),
        }
    }
}
