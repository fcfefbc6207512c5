//! What the user can do about a login or a token that came to nothing.

use super::{login::LoginError, token::TokenError};

impl LoginError {
    /// What to do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Service(error) => return error.hint(),
            Self::Token(error) => return error.hint(),
            Self::Nobody => {
                "choose where the identity comes from with paraph.tokenProvider, set SIGSTORE_ID_TOKEN or paraph.identityTokenFile, or run this where you can log in"
            }
            Self::Opener => {
                "set paraph.urlOpener to a program that opens it, or paraph.tokenProvider, SIGSTORE_ID_TOKEN or paraph.identityTokenFile"
            }
            Self::Deadline(_) => "try again; paraph.loginTimeout gives more time",
            Self::Redirect { .. } => "set paraph.redirectURL to an http address of this machine that the issuer knows, or unset it",
            Self::Refused { .. } => "log in once more, as somebody whom the provider lets in",
            Self::AccessCode => "run `paraph local use` again in this repository: it names the file of the access code",
            _ => return None,
        })
    }
}

impl TokenError {
    /// What to do, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Expired(_) => "get a fresh token: one lives for minutes; where it is fresh, this machine's clock is ahead",
            Self::Future(_) => "set this machine's clock, for instance with NTP; `paraph doctor` measures it",
            Self::Audience { .. } => "ask for a token that is made out to the client id (paraph.clientID, sigstore by default)",
            Self::EmailUnverified(_) => "confirm the address at the identity provider",
            Self::Issuer { .. } => "set paraph.issuer exactly as the issuer writes itself, trailing slash included",
            _ => return None,
        })
    }
}
