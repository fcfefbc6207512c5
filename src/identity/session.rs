//! What a login gives, and how it is kept alive without another one: refresh tokens (RFC 6749, section 6; OpenID Connect Core 1.0,
//! section 12), and their end (RFC 7009).

use super::{
    login::{Login, LoginError},
    provider::Refusal,
    token::{IdentityToken, MAX_TOKEN, TokenError},
};
use zeroize::Zeroizing;

/// A login's outcome.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who has logged in.
    pub id_token: IdentityToken,
    /// What gets the next ID token, where the login asked for one and the issuer gives them.
    pub refresh_token: Option<RefreshToken>,
}

/// A secret that is as good as a login until it is revoked. It is wiped after use and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    secret: Zeroizing<String>,
    subject: String,
}

impl RefreshToken {
    /// The token of a login as `subject`, the `sub` of its ID token: a renewal must be of the same person.
    ///
    /// # Errors
    /// [`TokenError::TooLarge`].
    pub fn new(secret: Zeroizing<String>, subject: &str) -> Result<Self, TokenError> {
        if secret.len() > MAX_TOKEN { Err(TokenError::TooLarge) } else { Ok(Self { secret, subject: subject.to_owned() }) }
    }

    /// The token's text, to be sent or kept in a keyring and never to be shown.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Whose it is: the `sub` claim.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").finish_non_exhaustive()
    }
}

impl Login<'_> {
    /// A new ID token without a person. An issuer that rotates its refresh tokens gives a new one with it, and the old one must not be used
    /// again: that would end the session. It takes the clients' budget and not the login's deadline.
    ///
    /// # Errors
    /// [`LoginError::NotRenewed`] where the session has ended, so that another login is needed; any other [`LoginError`] says nothing
    /// about the token.
    pub async fn renew(&self, token: &RefreshToken) -> Result<Session, LoginError> {
        let provider = self.discover(&self.http.bounded()).await?;
        let answer = provider.grant(&[("grant_type", "refresh_token"), ("refresh_token", token.secret())]).await;
        let answer = answer.map_err(|refusal| refusal.or_else(|error, description| LoginError::NotRenewed { error, description }))?;
        let mut session = provider.session(answer, None).await?;
        if session.id_token.subject() != token.subject {
            return Err(LoginError::Unverified("it names somebody else than the session did".into()));
        }
        session.refresh_token.get_or_insert_with(|| token.clone());
        Ok(session)
    }

    /// Ends the session at the issuer. False where the issuer has no way to (RFC 7009 is not offered): the token then lives until it
    /// expires.
    ///
    /// # Errors
    /// [`LoginError::NotRevoked`], or another [`LoginError`] where the issuer could not be asked.
    pub async fn revoke(&self, token: &RefreshToken) -> Result<bool, LoginError> {
        let provider = self.discover(&self.http.bounded()).await?;
        let Some(endpoint) = provider.revocation_endpoint()? else { return Ok(false) };
        let answer = provider.post(&endpoint, &[("token", token.secret()), ("token_type_hint", "refresh_token")]).await;
        match answer {
            Ok(_) => Ok(true),
            Err(refusal @ Refusal::Protocol(_)) => Err(refusal.or_else(|error, description| LoginError::NotRevoked { error, description })),
            Err(Refusal::Service(error)) => Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
