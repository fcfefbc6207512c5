//! The tokens that a login or a renewal gives.

use axum::http::header;
use jiff::Timestamp;
use serde_json::json;

use super::{
    answer::Answer,
    error::LocalError,
    faults::Fault,
    issuer::Issuer,
    sessions::LoginKind,
    token::{self, Claims, Email},
    token_key::{TokenAlgorithm, TokenKey},
};

/// The lifetime of ID tokens under the fault `issuer=short-tokens`, in seconds.
const SHORT_LIFETIME: i64 = 2;

/// A login that gets tokens.
pub(super) struct AuthorizedLogin {
    /// The client.
    pub client: String,
    /// The address that logged in.
    pub email: Email,
    /// The nonce of the authorization request.
    pub nonce: Option<String>,
    /// Whether a refresh token was requested.
    pub offline: bool,
}

impl Issuer {
    /// Gives the tokens of a login and records it.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn give_tokens(&self, login: AuthorizedLogin, kind: LoginKind, now: Timestamp) -> Result<Answer, LocalError> {
        let AuthorizedLogin { client, email, nonce, offline } = login;
        let refresh = if offline && !self.has(Fault::NoRefresh) { Some(self.sessions.begin(&client, &email, now)?) } else { None };
        self.record.append(kind, &email, now)?;
        self.token_answer(&email, nonce, refresh.as_deref(), now)
    }

    /// Gives the tokens of a renewal and records it.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn renew_tokens(&self, email: &Email, refresh_token: &str, now: Timestamp) -> Result<Answer, LocalError> {
        self.record.append(LoginKind::Renewal, email, now)?;
        self.token_answer(email, None, Some(refresh_token), now)
    }

    fn token_answer(&self, email: &Email, nonce: Option<String>, refresh: Option<&str>, now: Timestamp) -> Result<Answer, LocalError> {
        let lifetime = if self.has(Fault::ShortTokens) { SHORT_LIFETIME } else { token::LIFETIME };
        let id_token = self.id_token(Claims::new(&self.url, email, nonce, lifetime, now))?;
        let mut answer = json!({
            // it gives access to nothing; some clients, sigstore-python among them, use it as the ID token
            "access_token": id_token,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "id_token": id_token,
            "scope": if refresh.is_some() { "openid email offline_access" } else { "openid email" },
        });
        if let (Some(token), Some(answer)) = (refresh, answer.as_object_mut()) {
            answer.insert("refresh_token".into(), token.into());
        }
        Ok(Answer::json(200, &answer).with(header::CACHE_CONTROL, "no-store").with(header::PRAGMA, "no-cache"))
    }

    /// An ID token, with the lies that faults order.
    fn id_token(&self, mut claims: Claims) -> Result<String, LocalError> {
        if self.has(Fault::OtherNonceClaim) {
            claims.nonce = Some("of-another-login".into());
        }
        if self.has(Fault::OtherAudience) {
            claims.aud = "another-client".into();
        }
        if self.has(Fault::OtherIssuer) {
            claims.iss.push('/');
        }
        if self.has(Fault::UnverifiedEmail) {
            claims.email_verified = false;
        }
        if self.has(Fault::NoEmail) {
            claims.email.clear();
        }
        if self.has(Fault::ForeignKey) {
            let algorithm = match *self.key {
                TokenKey::Rs256(_) => TokenAlgorithm::Rs256,
                TokenKey::Es256(_) => TokenAlgorithm::Es256,
            };
            let foreign = TokenKey::from_pem(&TokenKey::generate(algorithm)?).ok_or(LocalError::Crypto("read a key"))?;
            return token::mint(&claims, &foreign);
        }
        token::mint(&claims, &self.key)
    }
}
