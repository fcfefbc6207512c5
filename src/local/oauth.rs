//! What the issuer's endpoints share of OAuth 2.0 (RFC 6749): clients, scopes, PKCE (RFC 7636) and errors.

use std::convert::Infallible;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    answer::Answer,
    error::LocalError,
    request::{Form, NotAForm, Parameters, header_value},
    token::AUDIENCE,
};

/// The known clients. None has a secret.
pub(super) const CLIENTS: [&str; 1] = [AUDIENCE];
/// The header in which a program sends a login code, so that it needs no page. The access code itself is not accepted.
pub(super) const LOGIN_CODE_HEADER: &str = "x-paraph-access-code";
/// The maximum length of `state`, `nonce`, a redirect URI or a login hint, in bytes.
pub(super) const MAX_PARAMETER: usize = 2048;

/// The error codes of RFC 6749 (section 5.2) and RFC 8628 (section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OAuthCode {
    /// The login was refused, or the login code is wrong.
    AccessDenied,
    /// Nobody has entered the device's code yet.
    AuthorizationPending,
    /// The device's code has expired.
    ExpiredToken,
    /// The client is not known.
    InvalidClient,
    /// The code or token is not valid.
    InvalidGrant,
    /// A parameter is missing or invalid.
    InvalidRequest,
    /// The scope lacks `openid`.
    InvalidScope,
    /// The polls are too fast.
    SlowDown,
    /// The grant type is not known.
    UnsupportedGrantType,
}

impl OAuthCode {
    fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::ExpiredToken => "expired_token",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::SlowDown => "slow_down",
            Self::UnsupportedGrantType => "unsupported_grant_type",
        }
    }
}

/// Why an endpoint refuses a request.
#[derive(Debug)]
pub(super) enum OAuthError {
    /// The client's error, with its description.
    Refused(OAuthCode, &'static str),
    /// The fault `issuer=token-502`.
    Down,
    /// The fault `issuer=no-device`.
    MethodNotAllowed,
    /// A failure of this server.
    Local(LocalError),
}

impl From<LocalError> for OAuthError {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

impl From<NotAForm> for OAuthError {
    fn from(_: NotAForm) -> Self {
        Self::Refused(OAuthCode::InvalidRequest, "the body is not a form")
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(code, description) => {
                let status = if code == OAuthCode::InvalidClient { 401 } else { 400 };
                let answer = Answer::json(status, &json!({ "error": code.as_str(), "error_description": description }));
                answer.with(header::CACHE_CONTROL, "no-store").into_response()
            }
            Self::Down => Answer::text(502, "Bad Gateway").into_response(),
            Self::MethodNotAllowed => Answer::text(405, "Method Not Allowed").into_response(),
            Self::Local(error) => error.into_response(),
        }
    }
}

/// The login code in a request's header.
#[derive(Debug)]
pub(super) struct LoginCode(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for LoginCode {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(header_value(&parts.headers, LOGIN_CODE_HEADER).map(str::to_owned)))
    }
}

/// A form from a known client.
#[derive(Debug)]
pub(super) struct ClientForm {
    /// The client's id.
    pub client: String,
    /// The parameters.
    pub form: Parameters,
}

impl<S: Send + Sync> FromRequest<S> for ClientForm {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let basic_user = basic_user(request.headers());
        let Form(form) = Form::from_request(request, state).await?;
        // some clients send their client_id as the user of HTTP Basic authentication
        let client = form.one("client_id").map(str::to_owned).or(basic_user).filter(|client| CLIENTS.contains(&client.as_str()));
        let client = client.ok_or(OAuthError::Refused(OAuthCode::InvalidClient, "unknown client"))?;
        Ok(Self { client, form })
    }
}

fn basic_user(headers: &HeaderMap) -> Option<String> {
    let encoded = header_value(headers, header::AUTHORIZATION)?.strip_prefix("Basic ")?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?.strip_suffix(':').map(str::to_owned)
}

/// What a scope asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// An ID token.
    pub openid: bool,
    /// A refresh token.
    pub offline: bool,
}

impl Scope {
    /// Reads the parameter `scope`.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let has = |wanted| parameters.one("scope").unwrap_or_default().split(' ').any(|word| word == wanted);
        Self { openid: has("openid"), offline: has("offline_access") }
    }
}

/// Whether a PKCE verifier belongs to the challenge (RFC 7636, section 4.6).
pub(super) fn verifier_matches(verifier: Option<&str>, challenge: &str) -> bool {
    let verifier = verifier.filter(|verifier| (43..=128).contains(&verifier.len())).unwrap_or_default();
    let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    verify_slices_are_equal(expected.as_bytes(), challenge.as_bytes()).is_ok()
}
