//! Why a login gave no token, and what the user can do about it.

use super::token::TokenError;
use crate::{service::ServiceError, wording::spoken_duration};
use std::time::Duration;

/// Why a login, a renewal or a revocation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The provider could not be asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The provider's token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There is no way to show a login prompt.
    #[error("a login is needed, but there is neither a terminal nor a desktop session to show it on")]
    Nobody,
    /// The redirect URL is not an address of this machine.
    #[error("the redirect URL {url:?} cannot be used: {why}")]
    Redirect {
        /// The configured URL.
        url: String,
        /// Why it cannot be used.
        why: String,
    },
    /// No loopback port could be opened.
    #[error("cannot open a port on this machine for the login's answer: {0}")]
    Listen(#[source] std::io::Error),
    /// The provider refused the login.
    #[error("the issuer refused the login: {error}{}", suffix(.description))]
    Refused {
        /// The error code of RFC 6749, or another, escaped.
        error: String,
        /// The provider's description, escaped.
        description: Option<String>,
    },
    /// No browser could be opened, and there is no terminal to show the address on.
    #[error("no browser could be opened for the login, and there is no terminal to show its address on")]
    Opener,
    /// The issuer has no device flow.
    #[error("{0} does not support login with a code")]
    NoDeviceFlow(String),
    /// The code expired before anybody entered it.
    #[error("the code expired before the login was completed")]
    Expired,
    /// The session has ended.
    #[error("the issuer did not renew the session: {error}{}", suffix(.description))]
    NotRenewed {
        /// The error code of RFC 6749, or another, escaped.
        error: String,
        /// The provider's description, escaped.
        description: Option<String>,
    },
    /// The issuer did not revoke the token: the session may continue.
    #[error("the issuer did not end the session: {error}{}", suffix(.description))]
    NotRevoked {
        /// The error code of RFC 7009, or another, escaped.
        error: String,
        /// The provider's description, escaped.
        description: Option<String>,
    },
    /// Nobody completed the login in time.
    #[error("nobody completed the login within {}", spoken_duration(*.0))]
    Deadline(Duration),
    /// The signature, or a claim that the protocol requires, is wrong.
    #[error("the issuer's token cannot be trusted: {0}")]
    Unverified(String),
    /// The access code is for an issuer on this machine only.
    #[error("{0} is not on this machine; an access code is for a local issuer")]
    NotLocal(String),
    /// The program at the local issuer's address did not prove that it knows the access code.
    #[error("the program at the local issuer's address does not know its access code: it is another local Sigstore, or another program")]
    AccessCode,
}

/// The provider's description as the end of a sentence.
fn suffix(description: &Option<String>) -> String {
    description.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
}

impl LoginError {
    /// The error code of an issuer that does not know whom to log in: the local one, if no name, or one that is no address, was given.
    const LOGIN_REQUIRED: &'static str = "login_required";

    /// Whether the access code of the local issuer may be wrong, after a login that needs nothing else.
    pub(crate) fn may_be_access_code(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error != Self::LOGIN_REQUIRED)
    }

    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Service(error) => return error.hint(),
            Self::Token(error) => return error.hint(),
            Self::Nobody => {
                "log in where there is a terminal or a desktop, or choose another source of the identity token: paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile"
            }
            Self::Opener => {
                "set paraph.urlOpener to a program that opens a browser, or choose another source of the identity token: paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile"
            }
            Self::Deadline(_) => "try again; a larger paraph.loginTimeout gives more time",
            Self::Redirect { .. } => {
                "set paraph.redirectURL to an http address of this machine that is registered with the issuer, or unset it"
            }
            Self::Refused { error, .. } if error == Self::LOGIN_REQUIRED => {
                "set paraph.expectedIdentity to the e-mail address to log in as, or give an identity token"
            }
            Self::Refused { .. } => "log in again with an account that the issuer accepts",
            Self::NoDeviceFlow(_) => "unset paraph.tokenProvider to log in with a browser",
            Self::Expired => "try again to get a new code",
            Self::NotRenewed { .. } => "log in again",
            Self::AccessCode => {
                "run `paraph local status`; if the local Sigstore was recreated, run `paraph local use` again in this repository"
            }
            _ => return None,
        })
    }
}
