//! The OpenID issuer: discovery, keys, and the authorization code flow with PKCE for public native clients (RFC 6749, 7636, 8252, 9207;
//! OpenID Connect Core 1.0). Whoever knows the access code may sign in under any address; there are no accounts and no passwords.
//!
//! The token endpoint is in `grant`, the device flow in `device`, what outlives a restart in `sessions`.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{Method, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::{
    answer::{Answer, Call, Pairs},
    device,
    error::LocalError,
    faults::Fault,
    grant,
    keys::{SigningKey, random},
    login,
    sessions::{Record, Sessions},
    token::{self, Email},
};

/// Clients that may ask; none has a secret.
pub const CLIENTS: [&str; 1] = [token::AUDIENCE];
/// The header by which paraph's own client passes the access code and so needs no page.
pub const ACCESS_CODE_HEADER: &str = "x-paraph-access-code";
/// An authorization code is good for this long, in seconds.
const CODE_LIFETIME: i64 = 60;
/// Codes that wait to be redeemed, at most: the oldest go first.
const MAX_CODES: usize = 256;
/// The longest `state`, `nonce` or redirect URI, in bytes.
pub const MAX_PARAMETER: usize = 2048;

/// The issuer's memory. Sessions and the record of logins are on disk; a restart forgets codes that nobody has redeemed.
#[derive(Debug)]
pub struct Issuer {
    pub(super) url: String,
    access_code: Zeroizing<String>,
    /// Signs the login page's cookies; derived from the access code, so that a new code ends them.
    pub(super) cookies: login::Cookies,
    faults: Vec<Fault>,
    codes: Mutex<HashMap<[u8; 32], Grant>>,
    devices: Mutex<device::Waiting>,
    pub(super) sessions: Sessions,
    pub(super) record: Record,
}

/// What an authorization code stands for. It is kept under the SHA-256 of the code.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who asked.
    pub client: String,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// PKCE's.
    pub challenge: String,
    /// Of the authorization request.
    pub nonce: Option<String>,
    /// Whether a refresh token was asked for.
    pub offline: bool,
    /// Who logged in.
    pub email: Email,
    /// In seconds since the Unix epoch.
    pub expires: i64,
}

/// An authorization request that may be answered at its redirect URI.
#[derive(Debug, Clone)]
struct AuthorizationRequest {
    client: String,
    redirect_uri: Url,
    /// The redirect URI as it was sent: the token request must repeat it exactly.
    redirect_text: String,
    state: Option<String>,
}

impl Issuer {
    /// An issuer at this URL, whose sessions lie in this folder.
    pub fn open(url: &str, access_code: Zeroizing<String>, faults: &[Fault], folder: &Path) -> Result<Self, LocalError> {
        Ok(Self {
            url: url.to_owned(),
            cookies: login::Cookies::new(&access_code),
            access_code,
            faults: faults.to_vec(),
            codes: Mutex::default(),
            devices: Mutex::default(),
            sessions: Sessions::open(folder)?,
            record: Record::open(folder)?,
        })
    }

    /// Whether a test has ordered this fault.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// `/.well-known/openid-configuration`.
    pub fn discovery(&self) -> Answer {
        let url = &self.url;
        let offline = (!self.has(Fault::NoRefresh)).then_some("offline_access");
        let scopes: Vec<&str> = ["openid", "email"].into_iter().chain(offline).collect();
        let mut metadata = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"),
            "revocation_endpoint": format!("{url}/revoke"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "device_authorization_endpoint": format!("{url}/device/code"),
            "grant_types_supported": ["authorization_code", "refresh_token", device::GRANT],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": scopes,
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "email", "email_verified", "nonce"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
        });
        if self.has(Fault::NoDevice)
            && let Some(metadata) = metadata.as_object_mut()
        {
            metadata.remove("device_authorization_endpoint");
        }
        Answer::json(200, &metadata)
    }

    /// `/keys`.
    pub fn keys(&self, key: &SigningKey) -> Answer {
        Answer::json(200, &token::key_set(key))
    }

    /// `/auth`: the authorization endpoint and its login page.
    pub fn authorize(&self, call: &Call, now: Timestamp) -> Result<Answer, LocalError> {
        let form = if call.method == Method::POST {
            let Some(form) = grant::form(call) else { return Ok(login::refused("The form was not sent as a form.")) };
            Some(form)
        } else {
            None
        };
        // the form carries the request's parameters on in its own fields
        let parameters = form.clone().unwrap_or_else(|| call.query_pairs());
        let request = match AuthorizationRequest::new(&parameters) {
            Ok(request) => request,
            // where the redirect URI is not to be trusted, the error is shown and not sent there
            Err(problem) => return Ok(login::refused(problem)),
        };
        let (challenge, nonce, offline) = match request.details(&parameters) {
            Ok(details) => details,
            Err((error, description)) => return Ok(request.redirect_error(&self.url, error, description)),
        };
        let grant = |email| Grant {
            client: request.client.clone(),
            redirect_uri: request.redirect_text.clone(),
            challenge: challenge.clone(),
            nonce: nonce.clone(),
            offline,
            email,
            expires: now.as_second() + CODE_LIFETIME,
        };
        if let Some(code) = call.header(ACCESS_CODE_HEADER) {
            return Ok(match (self.is_access_code(code), parameters.one("login_hint").map(Email::new)) {
                (false, _) => request.redirect_error(&self.url, "access_denied", "the access code is not the instance's"),
                (true, Some(Ok(email))) => request.redirect_code(&self.url, &self.issue_code(grant(email))?),
                (true, _) => request.redirect_error(&self.url, "login_required", "login_hint names no e-mail address"),
            });
        }
        let Some(form) = form else { return self.page(call, &parameters, "", now) };
        if !self.cookies.is_genuine_form(call, &form) {
            return self.page(call, &parameters, "The page was too old. Please try again.", now);
        }
        let remembered = self.cookies.is_remembered(call, now);
        if !remembered && !form.one("access_code").is_some_and(|code| self.is_access_code(code.trim())) {
            return self.page(call, &parameters, "That is not the access code of this instance.", now);
        }
        match form.one("email").map(|address| Email::new(address.trim())) {
            Some(Ok(email)) => {
                let answer = request.redirect_code(&self.url, &self.issue_code(grant(email))?);
                Ok(if remembered { answer } else { answer.with(header::SET_COOKIE, self.cookies.remember(now)?) })
            }
            _ => self.page(call, &parameters, "That is not an e-mail address that a certificate can name.", now),
        }
    }

    fn page(&self, call: &Call, parameters: &Pairs, problem: &str, now: Timestamp) -> Result<Answer, LocalError> {
        let known = self.cookies.is_remembered(call, now);
        let (cookie, token) = self.cookies.form_token(call)?;
        let answer = login::page(&self.url, parameters, problem, known, &token);
        Ok(match cookie {
            Some(cookie) => answer.with(header::SET_COOKIE, cookie),
            None => answer,
        })
    }

    /// Both are hashed first, so that the comparison takes the same time whatever is sent.
    pub(super) fn is_access_code(&self, code: &str) -> bool {
        verify_slices_are_equal(&Sha256::digest(code), &Sha256::digest(self.access_code.as_bytes())).is_ok()
    }

    fn issue_code(&self, grant: Grant) -> Result<String, LocalError> {
        let code = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let mut codes = self.codes();
        if codes.len() >= MAX_CODES {
            let oldest = codes.iter().min_by_key(|(_, grant)| grant.expires).map(|(key, _)| *key);
            oldest.map(|key| codes.remove(&key));
        }
        codes.insert(code_key(&code), grant);
        Ok(code)
    }

    /// The codes that wait to be redeemed.
    pub(super) fn codes(&self) -> MutexGuard<'_, HashMap<[u8; 32], Grant>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logins on other devices that wait.
    pub(super) fn waiting(&self) -> MutexGuard<'_, device::Waiting> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthorizationRequest {
    /// The parts without which nothing may be sent to the redirect URI.
    fn new(parameters: &Pairs) -> Result<Self, &'static str> {
        let client = parameters.one("client_id").filter(|client| CLIENTS.contains(client));
        let client = client.ok_or("The program that asks is not known here: its client_id must be \u{201c}sigstore\u{201d}.")?;
        let redirect_text = parameters.one("redirect_uri").filter(|uri| uri.len() <= MAX_PARAMETER);
        let redirect_uri = redirect_text
            .and_then(loopback_uri)
            .ok_or("The program that asks wants the answer sent elsewhere than to this machine: its redirect_uri must be an http URL of 127.0.0.1, [::1] or localhost.")?;
        let state = parameters.one("state").filter(|state| state.len() <= MAX_PARAMETER).map(str::to_owned);
        Ok(Self { client: client.to_owned(), redirect_uri, redirect_text: redirect_text.unwrap_or_default().to_owned(), state })
    }

    /// Code challenge, nonce and whether a refresh token is asked for, or an error for the client (RFC 6749, section 4.1.2.1).
    fn details(&self, parameters: &Pairs) -> Result<(String, Option<String>, bool), (&'static str, &'static str)> {
        if parameters.one("response_type") != Some("code") {
            return Err(("unsupported_response_type", "response_type must be code"));
        }
        let scope = parameters.one("scope").unwrap_or_default();
        if !is_openid(scope) {
            return Err(("invalid_scope", "scope must hold openid"));
        }
        let challenge = parameters.one("code_challenge").filter(|challenge| challenge.len() == 43);
        match (challenge, parameters.one("code_challenge_method")) {
            (Some(challenge), Some("S256")) => {
                let nonce = parameters.one("nonce");
                if nonce.is_some_and(|nonce| nonce.len() > MAX_PARAMETER) {
                    return Err(("invalid_request", "nonce is too long"));
                }
                Ok((challenge.to_owned(), nonce.map(str::to_owned), is_offline(scope)))
            }
            _ => Err(("invalid_request", "PKCE is required: code_challenge with code_challenge_method S256")),
        }
    }

    fn redirect_code(&self, issuer: &str, code: &str) -> Answer {
        self.redirect(issuer, &[("code", code)])
    }

    fn redirect_error(&self, issuer: &str, error: &str, description: &str) -> Answer {
        self.redirect(issuer, &[("error", error), ("error_description", description)])
    }

    fn redirect(&self, issuer: &str, parameters: &[(&str, &str)]) -> Answer {
        let mut url = self.redirect_uri.clone();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(parameters);
            if let Some(state) = &self.state {
                pairs.append_pair("state", state);
            }
            pairs.append_pair("iss", issuer);
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

/// Whether the scope is one of OpenID Connect.
pub fn is_openid(scope: &str) -> bool {
    scope.split(' ').any(|word| word == "openid")
}

/// Whether the scope asks for a refresh token.
pub fn is_offline(scope: &str) -> bool {
    scope.split(' ').any(|word| word == "offline_access")
}

/// Under what a code is kept.
pub fn code_key(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}
