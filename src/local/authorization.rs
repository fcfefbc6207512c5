//! The authorization code flow with PKCE for public native clients (RFC 6749, 7636, 8252, 9207), and its login page.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use url::Url;

use super::{
    access::{Access, Challenge},
    answer::Answer,
    error::LocalError,
    issuer::{CODE_LIFETIME, CodeGrant, Issuer},
    login_page::{self, BrowserCookies},
    oauth::{CLIENTS, LoginCode, MAX_PARAMETER, Scope},
    request::{Form, NotAForm, Parameters},
    token::Email,
};
use crate::identity::access_proof::{SERVER_NONCE, SERVER_PROOF};

/// `GET /auth`: shows the login page. A program that proves its knowledge of the access code, or sends a login code, gets its code at once.
pub(super) async fn ask(
    State(issuer): State<Arc<Issuer>>,
    LoginCode(login_code): LoginCode,
    cookies: BrowserCookies,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Answer, Error> {
    let (query, now) = (query.unwrap_or_default(), issuer.now());
    let has_proof = Access::has_proof(&headers);
    if !has_proof && let Some(Challenge { nonce, proof }) = issuer.access.challenge(&headers, &query, now)? {
        let answer = Answer::text(401, "Prove that you know the access code").with(header::CACHE_CONTROL, "no-store");
        let [nonce_name, proof_name] = [SERVER_NONCE, SERVER_PROOF].map(HeaderName::from_static);
        return Ok(answer.with(nonce_name, nonce).with(proof_name, proof));
    }
    let parameters = Parameters::parse(&query);
    let request = AuthorizationRequest::new(&parameters, &issuer.url)?;
    if has_proof {
        return request.answer_program(&issuer, issuer.access.accepts_proof(&headers, &query, now), &parameters);
    }
    match login_code {
        Some(code) => request.answer_program(&issuer, issuer.access.take_code(&code, now).is_some(), &parameters),
        None => Ok(page(&issuer, &cookies, &parameters, "")?),
    }
}

/// `POST /auth`: the login page's form, which repeats the parameters of the request.
pub(super) async fn log_in(
    State(issuer): State<Arc<Issuer>>,
    LoginCode(login_code): LoginCode,
    cookies: BrowserCookies,
    form: Result<Form, NotAForm>,
) -> Result<Answer, Error> {
    let Form(form) = form?;
    let request = AuthorizationRequest::new(&form, &issuer.url)?;
    let now = issuer.now();
    if let Some(code) = login_code {
        return request.answer_program(&issuer, issuer.access.take_code(&code, now).is_some(), &form);
    }
    let again = |problem| Ok(page(&issuer, &cookies, &form, problem)?);
    if !issuer.cookies.is_genuine_form(&cookies, &form) {
        return again("This page has expired. Please try again.");
    }
    let Some(code) = form.one("access_code").and_then(|code| issuer.access.take_code(code, now)) else {
        return again(login_page::WRONG_CODE);
    };
    let Some(Ok(email)) = form.one("email").map(|address| Email::new(address.trim())) else {
        issuer.access.give_back(&code);
        return again("That is not an e-mail address that a certificate can name.");
    };
    Ok(request.redirect_code(&issuer.issue_code(request.grant(email, now))?))
}

fn page(issuer: &Issuer, cookies: &BrowserCookies, parameters: &Parameters, problem: &str) -> Result<Answer, LocalError> {
    let (cookie, token) = issuer.cookies.form_token(cookies, "/auth")?;
    let answer = login_page::page(&login_page::LoginPage { issuer: &issuer.url, parameters, problem, token: &token });
    Ok(match cookie {
        Some(cookie) => answer.with(header::SET_COOKIE, cookie),
        None => answer,
    })
}

/// Why a request gets no code.
pub(super) enum Error {
    /// Shown to the person, since the redirect URI cannot be trusted.
    Shown(&'static str),
    /// Sent to the redirect URI.
    Redirected(Answer),
    /// A failure of this server.
    Local(LocalError),
}

impl From<NotAForm> for Error {
    fn from(_: NotAForm) -> Self {
        Self::Shown("The form was not sent as a form.")
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Shown(problem) => login_page::refused(problem).into_response(),
            Self::Redirected(answer) => answer.into_response(),
            Self::Local(error) => error.into_response(),
        }
    }
}

/// A valid authorization request.
#[derive(Debug, Clone)]
struct AuthorizationRequest {
    redirect: Redirect,
    client: String,
    challenge: String,
    nonce: Option<String>,
    offline: bool,
}

/// Where the answer goes.
#[derive(Debug, Clone)]
struct Redirect {
    uri: Url,
    /// The URI as it was sent: the token request must repeat it exactly.
    text: String,
    state: Option<String>,
    issuer: String,
}

impl AuthorizationRequest {
    fn new(parameters: &Parameters, issuer: &str) -> Result<Self, Error> {
        let client = parameters.one("client_id").filter(|client| CLIENTS.contains(client));
        let client = client.ok_or(Error::Shown("Unknown program: its client_id must be \u{201c}sigstore\u{201d}."))?;
        let redirect = Redirect::new(parameters, issuer)?;
        // from here on the client learns about errors (RFC 6749, section 4.1.2.1)
        if parameters.one("response_type") != Some("code") {
            return Err(redirect.error("unsupported_response_type", "response_type must be code"));
        }
        let scope = Scope::of(parameters);
        if !scope.openid {
            return Err(redirect.error("invalid_scope", "scope must contain openid"));
        }
        let challenge = parameters.one("code_challenge").filter(|challenge| challenge.len() == 43);
        let (Some(challenge), Some("S256")) = (challenge, parameters.one("code_challenge_method")) else {
            return Err(redirect.error("invalid_request", "PKCE is required: code_challenge with code_challenge_method S256"));
        };
        let nonce = parameters.one("nonce");
        if nonce.is_some_and(|nonce| nonce.len() > MAX_PARAMETER) {
            return Err(redirect.error("invalid_request", "nonce is too long"));
        }
        Ok(Self {
            redirect,
            client: client.to_owned(),
            challenge: challenge.to_owned(),
            nonce: nonce.map(str::to_owned),
            offline: scope.offline,
        })
    }

    fn grant(&self, email: Email, now: Timestamp) -> CodeGrant {
        CodeGrant {
            client: self.client.clone(),
            redirect_uri: self.redirect.text.clone(),
            challenge: self.challenge.clone(),
            nonce: self.nonce.clone(),
            offline: self.offline,
            email,
            expires: now.as_second() + CODE_LIFETIME,
        }
    }

    /// Answers a program that proved its right to log in, for the address in its `login_hint`.
    fn answer_program(&self, issuer: &Issuer, is_admitted: bool, parameters: &Parameters) -> Result<Answer, Error> {
        if !is_admitted {
            return Err(self.redirect.error("access_denied", "the login code or the proof is wrong, used or too old"));
        }
        let Some(Ok(email)) = parameters.one("login_hint").map(Email::new) else {
            return Err(self.redirect.error("login_required", "login_hint must be an e-mail address"));
        };
        Ok(self.redirect_code(&issuer.issue_code(self.grant(email, issuer.now()))?))
    }

    fn redirect_code(&self, code: &str) -> Answer {
        self.redirect.answer(&[("code", code)])
    }
}

impl Redirect {
    fn new(parameters: &Parameters, issuer: &str) -> Result<Self, Error> {
        let text = parameters.one("redirect_uri").filter(|uri| uri.len() <= MAX_PARAMETER);
        let uri = text.and_then(loopback_uri);
        let (Some(text), Some(uri)) = (text, uri) else {
            return Err(Error::Shown(
                "The program wants the answer sent to another machine: its redirect_uri must be an http URL of 127.0.0.1, [::1] or localhost.",
            ));
        };
        let state = parameters.one("state").filter(|state| state.len() <= MAX_PARAMETER).map(str::to_owned);
        Ok(Self { uri, text: text.to_owned(), state, issuer: issuer.to_owned() })
    }

    fn error(&self, error: &str, description: &str) -> Error {
        Error::Redirected(self.answer(&[("error", error), ("error_description", description)]))
    }

    fn answer(&self, parameters: &[(&str, &str)]) -> Answer {
        let mut url = self.uri.clone();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(parameters);
            if let Some(state) = &self.state {
                pairs.append_pair("state", state);
            }
            pairs.append_pair("iss", &self.issuer);
        }
        Answer::new(302, "", "")
            .with(header::LOCATION, url.as_str())
            .with(header::CACHE_CONTROL, "no-store")
            .with(header::REFERRER_POLICY, "no-referrer")
    }
}

/// A redirect URI of a native client (RFC 8252, section 7.3): http, this machine, any port.
fn loopback_uri(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    (url.scheme() == "http" && here && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()).then_some(url)
}
