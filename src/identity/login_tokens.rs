//! The result of a login: an ID token, and the refresh token that renews it without another login.

use super::token::{IdentityToken, MAX_TOKEN, TokenError};
use zeroize::Zeroizing;

/// The result of a login.
#[derive(Debug, Clone)]
pub struct LoginTokens {
    /// The verified ID token.
    pub id_token: IdentityToken,
    /// The refresh token, if the login asked for one and the issuer gave it.
    pub refresh_token: Option<RefreshToken>,
}

/// A secret that is as good as a login until it is revoked. It is wiped after use and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    secret: Zeroizing<String>,
    subject: String,
}

impl RefreshToken {
    /// The token of a login whose ID token had the `sub` claim `subject`. A renewal must have the same subject.
    ///
    /// # Errors
    /// [`TokenError::TooLarge`].
    pub fn new(secret: Zeroizing<String>, subject: &str) -> Result<Self, TokenError> {
        if secret.len() > MAX_TOKEN { Err(TokenError::TooLarge) } else { Ok(Self { secret, subject: subject.to_owned() }) }
    }

    /// The token's text: to be sent or stored in a keyring, and never to be shown.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The `sub` claim of the login's ID token.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_refresh_token() {
        let token = RefreshToken::new(Zeroizing::new("secret".into()), "1234").unwrap();
        assert_eq!(format!("{token:?}"), "RefreshToken { .. }");
        assert_eq!((token.secret(), token.subject()), ("secret", "1234"));
        assert_eq!(RefreshToken::new(Zeroizing::new("x".repeat(MAX_TOKEN + 1)), ""), Err(TokenError::TooLarge));
    }
}
