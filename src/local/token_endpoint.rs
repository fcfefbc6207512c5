//! The token endpoint (RFC 6749, section 3.2) with its three grants, and the revocation endpoint (RFC 7009).

use std::sync::Arc;

use axum::{extract::State, http::header};
use jiff::Timestamp;

use super::{
    answer::Answer,
    device::DEVICE_GRANT,
    faults::Fault,
    issuer::Issuer,
    oauth::{ClientForm, OAuthCode, OAuthError, verifier_matches},
    request::Parameters,
    sessions::LoginKind,
    tokens::AuthorizedLogin,
};

/// `POST /token`.
pub(super) async fn token(State(issuer): State<Arc<Issuer>>, request: Result<ClientForm, OAuthError>) -> Result<Answer, OAuthError> {
    if issuer.has(Fault::TokenDown) {
        return Err(OAuthError::Down);
    }
    let ClientForm { client, form } = request?;
    let now = issuer.now();
    match form.one("grant_type") {
        Some("authorization_code") => redeem_code(&issuer, &form, &client, now),
        Some(DEVICE_GRANT) => issuer.redeem_device_code(&form, &client, now),
        Some("refresh_token") => renew(&issuer, &form, &client, now),
        _ => Err(OAuthError::Refused(OAuthCode::UnsupportedGrantType, "authorization_code, refresh_token and device_code are supported")),
    }
}

/// `POST /revoke`. Only refresh tokens can be revoked: access tokens give access to nothing.
pub(super) async fn revoke(State(issuer): State<Arc<Issuer>>, request: ClientForm) -> Result<Answer, OAuthError> {
    let token = request.form.one("token").ok_or(OAuthError::Refused(OAuthCode::InvalidRequest, "token is required"))?;
    issuer.sessions.revoke(token, &request.client)?;
    Ok(Answer::new(200, "", "").with(header::CACHE_CONTROL, "no-store"))
}

fn redeem_code(issuer: &Issuer, form: &Parameters, client: &str, now: Timestamp) -> Result<Answer, OAuthError> {
    let code = form.one("code").ok_or(OAuthError::Refused(OAuthCode::InvalidRequest, "code is required"))?;
    let grant = issuer.take_code(code).filter(|grant| now.as_second() < grant.expires);
    let grant = grant.ok_or(OAuthError::Refused(OAuthCode::InvalidGrant, "the code is unknown, used, or expired"))?;
    if client != grant.client {
        return Err(OAuthError::Refused(OAuthCode::InvalidClient, "the code was issued to another client"));
    }
    if form.one("redirect_uri") != Some(&grant.redirect_uri) {
        return Err(OAuthError::Refused(OAuthCode::InvalidGrant, "redirect_uri differs from that of the authorization request"));
    }
    if !verifier_matches(form.one("code_verifier"), &grant.challenge) {
        return Err(OAuthError::Refused(OAuthCode::InvalidGrant, "code_verifier does not match code_challenge"));
    }
    let login = AuthorizedLogin { client: grant.client, email: grant.email, nonce: grant.nonce, offline: grant.offline };
    Ok(issuer.give_tokens(login, LoginKind::Login, now)?)
}

fn renew(issuer: &Issuer, form: &Parameters, client: &str, now: Timestamp) -> Result<Answer, OAuthError> {
    let token = form.one("refresh_token").ok_or(OAuthError::Refused(OAuthCode::InvalidRequest, "refresh_token is required"))?;
    let renewed = if issuer.has(Fault::RefreshRefused) { None } else { issuer.sessions.rotate(token, client, now)? };
    let (token, email) =
        renewed.ok_or(OAuthError::Refused(OAuthCode::InvalidGrant, "the refresh token is unknown, used, revoked, or expired"))?;
    Ok(issuer.renew_tokens(&email, &token, now)?)
}
