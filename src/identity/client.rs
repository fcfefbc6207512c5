//! An OpenID client at its issuer: how a session is renewed (RFC 6749, section 6; OpenID Connect Core 1.0, section 12) and revoked
//! (RFC 7009). Logins are in `login`.

use super::{
    error::LoginError,
    local_issuer::LocalIssuer,
    login_tokens::{LoginTokens, RefreshToken},
    provider::{Provider, ProviderRefusal},
};
use crate::service::{Http, is_loopback};
use url::Url;
use zeroize::Zeroizing;

/// A client that is registered with an OpenID issuer.
#[derive(Clone)]
pub struct OidcClient {
    /// The issuer's URL, exactly as it appears in the issuer's metadata.
    pub issuer: String,
    /// The client id, usually `sigstore`.
    pub client_id: String,
    /// The client's secret, if it has one.
    pub client_secret: Option<Zeroizing<String>>,
    /// The redirect URL on this machine; without a port the operating system chooses one.
    pub redirect_url: Option<String>,
    /// The `connector_id` with which a Dex issuer skips its choice of providers.
    pub connector_id: Option<String>,
    /// The access code of paraph's local issuer, which then has to prove that it knows it before it gets a token.
    pub access_code: Option<Zeroizing<String>>,
}

impl OidcClient {
    /// A public client: one without a secret.
    pub fn public(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: None,
            redirect_url: None,
            connector_id: None,
            access_code: None,
        }
    }

    /// Gets a new ID token without a login. If the issuer rotates refresh tokens, the session holds a new one. The old one must not be used
    /// again, since that would end the session. The deadlines of `http` apply.
    ///
    /// # Errors
    /// [`LoginError::NotRenewed`] if the session has ended, so that another login is needed. Any other [`LoginError`] says nothing about the
    /// token.
    pub async fn renew(&self, http: &Http, token: &RefreshToken) -> Result<LoginTokens, LoginError> {
        self.check_local_issuer(&http.bounded()).await?;
        let provider = self.discover(&http.bounded()).await?;
        let answer = provider.grant(&[("grant_type", "refresh_token"), ("refresh_token", token.secret())]).await;
        let answer = answer.map_err(|refusal| refusal.or_else(|error, description| LoginError::NotRenewed { error, description }))?;
        let mut session = provider.session(answer, None).await?;
        if session.id_token.subject() != token.subject() {
            return Err(LoginError::Unverified("its subject is not that of the session".into()));
        }
        session.refresh_token.get_or_insert_with(|| token.clone());
        Ok(session)
    }

    /// Revokes the refresh token, which ends the session at the issuer. Returns false if the issuer has no revocation endpoint: the token
    /// then stays valid until it expires.
    ///
    /// # Errors
    /// [`LoginError::NotRevoked`], or another [`LoginError`] if the issuer could not be asked.
    pub async fn revoke(&self, http: &Http, token: &RefreshToken) -> Result<bool, LoginError> {
        self.check_local_issuer(&http.bounded()).await?;
        let provider = self.discover(&http.bounded()).await?;
        let Some(endpoint) = provider.revocation_endpoint()? else { return Ok(false) };
        let answer = provider.post(&endpoint, &[("token", token.secret()), ("token_type_hint", "refresh_token")]).await;
        match answer {
            Ok(_) => Ok(true),
            Err(refusal @ ProviderRefusal::Protocol(_)) => {
                Err(refusal.or_else(|error, description| LoginError::NotRevoked { error, description }))
            }
            Err(ProviderRefusal::Service(error)) => Err(error.into()),
        }
    }

    /// If the issuer is a local one whose access code is known, checks that the program at its address knows it too. While the local Sigstore is
    /// not running, any user of the machine can take its port, and must not get tokens.
    ///
    /// # Errors
    /// [`LoginError::AccessCode`], or a failure of the call.
    pub(crate) async fn check_local_issuer(&self, http: &Http) -> Result<(), LoginError> {
        let is_local = Url::parse(&self.issuer).is_ok_and(|issuer| is_loopback(&issuer));
        match &self.access_code {
            Some(access_code) if is_local => LocalIssuer { http, issuer: &self.issuer, access_code }.check().await,
            _ => Ok(()),
        }
    }

    /// Reads the issuer's metadata.
    pub(super) async fn discover(&self, http: &Http) -> Result<Provider, LoginError> {
        let secret = self.client_secret.as_ref().map(|secret| secret.as_str());
        Provider::discover(http, &self.issuer, &self.client_id, secret).await
    }
}

#[cfg(test)]
mod tests;
