//! The token endpoint (RFC 6749, section 3.2) with its three grants, and the revocation endpoint (RFC 7009).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::header;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{Answer, Call, Pairs},
    device,
    error::LocalError,
    faults::Fault,
    issuer::{CLIENTS, Issuer, code_key},
    keys::{Algorithm, SigningKey, random},
    sessions::Kind,
    token::{self, Claims, Email},
};

/// The life of ID tokens under the fault `issuer=short-tokens`, in seconds.
const SHORT: i64 = 2;

/// An authorized login for which tokens are due.
pub struct Authorized {
    /// Who asked.
    pub client: String,
    /// Who logged in.
    pub email: Email,
    /// Of the authorization request.
    pub nonce: Option<String>,
    /// Whether a refresh token was asked for.
    pub offline: bool,
}

impl Issuer {
    /// `/token`.
    pub fn token(&self, call: &Call, key: &SigningKey, now: Timestamp) -> Result<Answer, LocalError> {
        if self.has(Fault::TokenDown) {
            return Ok(Answer::text(502, "Bad Gateway"));
        }
        let Some(form) = form(call) else { return Ok(refusal("invalid_request", "the body is not a form")) };
        let Some(client) = client(call, &form) else { return Ok(refusal("invalid_client", "the client is not known here")) };
        match form.one("grant_type") {
            Some("authorization_code") => self.redeem_code(&form, &client, key, now),
            Some(device::GRANT) => self.redeem_device_code(&form, &client, key, now),
            Some("refresh_token") => self.renew(&form, &client, key, now),
            _ => Ok(refusal("unsupported_grant_type", "authorization_code, refresh_token and device_code are supported")),
        }
    }

    /// `/revoke`. The access tokens give access to nothing, so only refresh tokens have an end.
    pub fn revoke(&self, call: &Call) -> Result<Answer, LocalError> {
        let Some(form) = form(call) else { return Ok(refusal("invalid_request", "the body is not a form")) };
        let Some(client) = client(call, &form) else { return Ok(refusal("invalid_client", "the client is not known here")) };
        let Some(token) = form.one("token") else { return Ok(refusal("invalid_request", "there is no token")) };
        self.sessions.revoke(token, &client)?;
        Ok(Answer::new(200, "", "").with(header::CACHE_CONTROL, "no-store"))
    }

    /// A code can be tried once.
    fn redeem_code(&self, form: &Pairs, client: &str, key: &SigningKey, now: Timestamp) -> Result<Answer, LocalError> {
        let Some(code) = form.one("code") else { return Ok(refusal("invalid_request", "there is no code")) };
        let grant = self.codes().remove(&code_key(code));
        let Some(grant) = grant.filter(|grant| now.as_second() < grant.expires) else {
            return Ok(refusal("invalid_grant", "the code is not known, has been used, or has expired"));
        };
        if client != grant.client {
            return Ok(refusal("invalid_client", "the code was given to another client"));
        }
        if form.one("redirect_uri") != Some(&grant.redirect_uri) {
            return Ok(refusal("invalid_grant", "redirect_uri is not the one of the authorization request"));
        }
        if !fits(form.one("code_verifier"), &grant.challenge) {
            return Ok(refusal("invalid_grant", "code_verifier does not fit the code_challenge"));
        }
        let authorized = Authorized { client: grant.client, email: grant.email, nonce: grant.nonce, offline: grant.offline };
        self.give_tokens(&authorized, Kind::Login, key, now)
    }

    fn renew(&self, form: &Pairs, client: &str, key: &SigningKey, now: Timestamp) -> Result<Answer, LocalError> {
        let Some(token) = form.one("refresh_token") else { return Ok(refusal("invalid_request", "there is no refresh_token")) };
        let renewed = if self.has(Fault::RefreshRefused) { None } else { self.sessions.rotate(token, client, now)? };
        let Some((token, email)) = renewed else {
            return Ok(refusal("invalid_grant", "the refresh token is not known, has been used, was revoked, or has expired"));
        };
        self.record.note(Kind::Renewal, &email, now)?;
        self.tokens(&email, None, Some(&token), key, now)
    }

    /// The answer to a login.
    pub fn give_tokens(&self, authorized: &Authorized, kind: Kind, key: &SigningKey, now: Timestamp) -> Result<Answer, LocalError> {
        let Authorized { client, email, nonce, offline } = authorized;
        let refresh = if *offline && !self.has(Fault::NoRefresh) { Some(self.sessions.begin(client, email, now)?) } else { None };
        self.record.note(kind, email, now)?;
        self.tokens(email, nonce.clone(), refresh.as_deref(), key, now)
    }

    fn tokens(
        &self,
        email: &Email,
        nonce: Option<String>,
        refresh: Option<&str>,
        key: &SigningKey,
        now: Timestamp,
    ) -> Result<Answer, LocalError> {
        let lifetime = if self.has(Fault::ShortTokens) { SHORT } else { token::LIFETIME };
        let mut answer = json!({
            // there is nothing that it gives access to
            "access_token": URL_SAFE_NO_PAD.encode(random::<32>()?),
            "token_type": "Bearer",
            "expires_in": lifetime,
            "id_token": self.id_token(Claims::new(&self.url, email, nonce, lifetime, now), key)?,
            "scope": if refresh.is_some() { "openid email offline_access" } else { "openid email" },
        });
        if let (Some(token), Some(answer)) = (refresh, answer.as_object_mut()) {
            answer.insert("refresh_token".into(), token.into());
        }
        Ok(Answer::json(200, &answer).with(header::CACHE_CONTROL, "no-store").with(header::PRAGMA, "no-cache"))
    }

    /// An ID token, and the lies that a test has ordered.
    fn id_token(&self, mut claims: Claims, key: &SigningKey) -> Result<String, LocalError> {
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
        if self.has(Fault::ForeignKey) {
            let pem = SigningKey::generate(Algorithm::EcdsaP256)?;
            let foreign = SigningKey::from_pem(Algorithm::EcdsaP256, &pem).ok_or(LocalError::Crypto("read a key"))?;
            return token::mint(&claims, &foreign);
        }
        token::mint(&claims, key)
    }
}

/// Whether the verifier is the one that the challenge was made of (RFC 7636, section 4.6).
pub fn fits(verifier: Option<&str>, challenge: &str) -> bool {
    let verifier = verifier.filter(|verifier| (43..=128).contains(&verifier.len())).unwrap_or_default();
    let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
}

/// The body, where it is a form.
pub fn form(call: &Call) -> Option<Pairs> {
    (call.media_type() == "application/x-www-form-urlencoded").then(|| Pairs::parse(&String::from_utf8_lossy(&call.body)))
}

/// The client that asks, where it is known. None has a secret; some send their client_id as the user of HTTP Basic authentication.
pub fn client(call: &Call, form: &Pairs) -> Option<String> {
    form.one("client_id").map(str::to_owned).or_else(|| basic_user(call)).filter(|client| CLIENTS.contains(&client.as_str()))
}

fn basic_user(call: &Call) -> Option<String> {
    let encoded = call.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    String::from_utf8(decoded).ok()?.strip_suffix(':').map(str::to_owned)
}

/// An error of RFC 6749, section 5.2.
pub fn refusal(error: &str, description: &str) -> Answer {
    let status = if error == "invalid_client" { 401 } else { 400 };
    Answer::json(status, &json!({ "error": error, "error_description": description })).with(header::CACHE_CONTROL, "no-store")
}
