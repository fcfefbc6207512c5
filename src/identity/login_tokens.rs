//! The result of a login: an ID token, and the refresh token that renews it without another login.

use super::token::{IdentityToken, MAX_TOKEN, TokenError};
#[cfg(unix)]
use crate::certificate::names;
use zeroize::Zeroizing;

/// The result of a login.
#[derive(Debug, Clone)]
pub struct LoginTokens {
    /// The verified ID token.
    pub id_token: IdentityToken,
    /// The refresh token, if the login asked for one and the issuer gave it.
    pub refresh_token: Option<RefreshToken>,
}

impl LoginTokens {
    /// Whether the ID token can be that of this identity. Without an e-mail address, only the certificate tells.
    #[cfg(unix)]
    pub(crate) fn may_be_of(&self, identity: &str) -> bool {
        self.id_token.email().is_none_or(|email| names::same_address(email, identity))
    }
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

    #[cfg(unix)]
    #[test]
    fn a_renewed_token_is_that_of_the_same_address_in_any_case_of_its_domain() {
        let of = |claims: serde_json::Value| {
            let mut all = serde_json::json!({"iss": "https://issuer.test", "sub": "1234", "aud": "sigstore", "exp": 2000});
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            LoginTokens { id_token: IdentityToken::parse(&crate::identity::token::tests::token_of(&all)).unwrap(), refresh_token: None }
        };
        let ann = of(serde_json::json!({"email": "ann@Example.COM", "email_verified": true}));
        assert!(ann.may_be_of("ann@example.com") && ann.may_be_of("ann@Example.COM"));
        assert!(!ann.may_be_of("Ann@example.com") && !ann.may_be_of("bob@example.com"));
        assert!(of(serde_json::json!({})).may_be_of("https://ci.test/workflow"));
    }

    #[test]
    fn debug_shows_nothing_of_a_refresh_token() {
        let token = RefreshToken::new(Zeroizing::new("secret".into()), "1234").unwrap();
        assert_eq!(format!("{token:?}"), "RefreshToken { .. }");
        assert_eq!((token.secret(), token.subject()), ("secret", "1234"));
        assert_eq!(RefreshToken::new(Zeroizing::new("x".repeat(MAX_TOKEN + 1)), ""), Err(TokenError::TooLarge));
    }
}
