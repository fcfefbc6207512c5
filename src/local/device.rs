//! The device flow (RFC 8628): a program gets a short code, a person enters it on a page, and the program polls until that has happened.
//!
//! Codes are in memory: a restart forgets them.

use std::sync::Arc;

use axum::{extract::State, http::header};
use jiff::Timestamp;
use serde_json::json;

use super::{
    answer::Answer,
    error::LocalError,
    faults::Fault,
    issuer::{Decision, DeviceGrant, Issuer, code_key},
    keys::random,
    login_page::{self, BrowserCookies, DevicePage},
    oauth::{ClientForm, LoginCode, OAuthCode, OAuthError, Scope, verifier_matches},
    request::{Form, NotAForm, Parameters, Query},
    sessions::LoginKind,
    token::Email,
    tokens::AuthorizedLogin,
};

/// The grant type.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The lifetime of codes, in seconds.
const LIFETIME: i64 = 300;
/// The pause between two polls, in seconds. It is short, since the person is at this machine.
const INTERVAL: i64 = 1;
/// What an early poll adds to the pause, in seconds.
const SLOW_DOWN: i64 = 5;
/// Consonants only, so that codes spell no words and have no similar letters (RFC 8628, section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// `POST /device/code`: the device authorization endpoint.
pub(super) async fn authorize(State(issuer): State<Arc<Issuer>>, request: Result<ClientForm, OAuthError>) -> Result<Answer, OAuthError> {
    if issuer.has(Fault::NoDevice) {
        return Err(OAuthError::MethodNotAllowed);
    }
    let ClientForm { client, form } = request?;
    let scope = Scope::of(&form);
    if !scope.openid {
        return Err(OAuthError::Refused(OAuthCode::InvalidScope, "scope must contain openid"));
    }
    let challenge = match (form.one("code_challenge"), form.one("code_challenge_method")) {
        (None, None) => None,
        (Some(challenge), Some("S256")) if challenge.len() == 43 => Some(challenge.to_owned()),
        _ => return Err(OAuthError::Refused(OAuthCode::InvalidRequest, "code_challenge_method must be S256")),
    };
    let now = issuer.now();
    let user_code = user_code()?;
    let grant = DeviceGrant {
        user_code: user_code.clone(),
        client,
        challenge,
        offline: scope.offline,
        expires: now.as_second() + LIFETIME,
        interval: INTERVAL,
        polled: None,
        decision: Decision::Open,
    };
    let device_code = issuer.issue_device_code(grant, now)?;
    let uri = format!("{}/device", issuer.url);
    let answer = json!({
        "device_code": device_code, "user_code": user_code, "verification_uri": uri,
        "verification_uri_complete": format!("{uri}?user_code={user_code}"), "expires_in": LIFETIME, "interval": INTERVAL,
    });
    Ok(Answer::json(200, &answer).with(header::CACHE_CONTROL, "no-store"))
}

/// `GET /device`: the page that asks for the code.
pub(super) async fn ask(
    State(issuer): State<Arc<Issuer>>,
    cookies: BrowserCookies,
    Query(parameters): Query,
) -> Result<Answer, LocalError> {
    page(&issuer, &cookies, &parameters, "")
}

/// `POST /device`: the page's form. A program that sends a login code needs no page.
pub(super) async fn enter(
    State(issuer): State<Arc<Issuer>>,
    LoginCode(login_code): LoginCode,
    cookies: BrowserCookies,
    form: Result<Form, NotAForm>,
) -> Result<Answer, OAuthError> {
    let Ok(Form(form)) = form else { return Ok(login_page::refused("The form was not sent as a form.")) };
    if let Some(code) = login_code {
        return enter_for_program(&issuer, &code, &form);
    }
    let again = |problem| Ok(page(&issuer, &cookies, &form, problem)?);
    if !issuer.cookies.is_genuine_form(&cookies, &form) {
        return again("This page has expired. Please try again.");
    }
    let now = issuer.now();
    // the login code comes first: without it nobody learns which user codes exist
    let Some(code) = form.one("access_code").and_then(|code| issuer.access.take_code(code, now)) else {
        return again(login_page::WRONG_CODE);
    };
    match issuer.decide(&form, form.one("email"), now) {
        Ok(true) => {
            Ok(login_page::done("You are signed in", "The program that showed the code continues by itself. You can close this page."))
        }
        Ok(false) => Ok(login_page::done("The login was refused", "The program that showed the code is told so. You can close this page.")),
        Err(problem) => {
            issuer.access.give_back(&code);
            again(problem.sentence())
        }
    }
}

fn enter_for_program(issuer: &Issuer, login_code: &str, form: &Parameters) -> Result<Answer, OAuthError> {
    let now = issuer.now();
    if issuer.access.take_code(login_code, now).is_none() {
        return Err(OAuthError::Refused(OAuthCode::AccessDenied, "the login code is wrong, used or too old"));
    }
    match issuer.decide(form, form.one("login_hint"), now) {
        Ok(approved) => Ok(Answer::json(200, &json!({ "approved": approved }))),
        Err(problem) => Err(OAuthError::Refused(OAuthCode::InvalidRequest, problem.sentence())),
    }
}

fn page(issuer: &Issuer, cookies: &BrowserCookies, parameters: &Parameters, problem: &str) -> Result<Answer, LocalError> {
    let code = parameters.one("user_code").unwrap_or_default();
    let (cookie, token) = issuer.cookies.form_token(cookies, "/device")?;
    let email = parameters.one("email").unwrap_or_default();
    let answer = login_page::device_page(&DevicePage { issuer: &issuer.url, user_code: code, email, problem, token: &token });
    Ok(match cookie {
        Some(cookie) => answer.with(header::SET_COOKIE, cookie),
        None => answer,
    })
}

impl Issuer {
    /// Answers a poll at the token endpoint (section 3.5).
    ///
    /// # Errors
    /// The errors that the section names, and [`LocalError`].
    pub(super) fn redeem_device_code(&self, form: &Parameters, client: &str, now: Timestamp) -> Result<Answer, OAuthError> {
        const UNKNOWN: OAuthError = OAuthError::Refused(OAuthCode::InvalidGrant, "the device code is unknown or used");
        let code = form.one("device_code").ok_or(OAuthError::Refused(OAuthCode::InvalidRequest, "device_code is required"))?;
        let id = code_key(code);
        let mut devices = self.devices();
        let grant = devices.get_mut(&id).filter(|grant| grant.client == client).ok_or(UNKNOWN)?;
        if grant.challenge.as_ref().is_some_and(|challenge| !verifier_matches(form.one("code_verifier"), challenge)) {
            return Err(OAuthError::Refused(OAuthCode::InvalidGrant, "code_verifier does not match code_challenge"));
        }
        if now.as_second() >= grant.expires || self.has(Fault::DeviceExpired) {
            return Err(OAuthError::Refused(OAuthCode::ExpiredToken, "nobody entered the code in time"));
        }
        if self.has(Fault::DeviceDenied) {
            grant.decision = Decision::Denied;
        }
        let before = grant.polled.replace(now);
        let early = before.is_some_and(|before| now.duration_since(before).as_millis() < i128::from(grant.interval) * 1000);
        if early || before.is_none() && self.has(Fault::SlowDown) {
            grant.interval += SLOW_DOWN;
            return Err(OAuthError::Refused(OAuthCode::SlowDown, "the polls are too fast"));
        }
        let email = match &grant.decision {
            Decision::Approved(email) => email.clone(),
            Decision::Open => return Err(OAuthError::Refused(OAuthCode::AuthorizationPending, "nobody has entered the code yet")),
            Decision::Denied => {
                devices.remove(&id);
                return Err(OAuthError::Refused(OAuthCode::AccessDenied, "the login was refused on its page"));
            }
        };
        let DeviceGrant { client, offline, .. } = devices.remove(&id).ok_or(UNKNOWN)?;
        drop(devices);
        Ok(self.give_tokens(AuthorizedLogin { client, email, nonce: None, offline }, LoginKind::Device, now)?)
    }

    /// Enters the form's decision for its user code; returns whether the login is approved.
    fn decide(&self, form: &Parameters, email: Option<&str>, now: Timestamp) -> Result<bool, FormProblem> {
        let typed = letters(form.one("user_code").unwrap_or_default());
        let mut devices = self.devices();
        let mut open = devices.values_mut().filter(|grant| now.as_second() < grant.expires && matches!(grant.decision, Decision::Open));
        let grant = open.find(|grant| letters(&grant.user_code) == typed).ok_or(FormProblem::Code)?;
        let refused = form.one("action") == Some("deny");
        grant.decision = match email.map(|email| Email::new(email.trim())) {
            _ if refused => Decision::Denied,
            Some(Ok(email)) => Decision::Approved(email),
            _ => return Err(FormProblem::Email),
        };
        Ok(!refused)
    }
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy)]
enum FormProblem {
    Code,
    Email,
}

impl FormProblem {
    fn sentence(self) -> &'static str {
        match self {
            Self::Code => "No program waits for that code. Compare it with the one in the terminal. It is valid for five minutes.",
            Self::Email => "That is not an e-mail address that a certificate can name.",
        }
    }
}

/// The letters and digits of a code as a person may have typed it, in upper case.
fn letters(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).take(64).collect()
}

/// Two groups of four letters: 34 bits. That is enough, since each guess needs a login code.
fn user_code() -> Result<String, LocalError> {
    let mut code = String::new();
    while code.len() < 9 {
        for byte in random::<16>()? {
            // bytes from 240 on are skipped, since they would make some letters more frequent
            if let Some(letter) = ALPHABET.get(usize::from(byte) % ALPHABET.len()).filter(|_| byte < 240) {
                match code.len() {
                    4 => code.extend(['-', char::from(*letter)]),
                    0..9 => code.push(char::from(*letter)),
                    _ => {}
                }
            }
        }
    }
    Ok(code)
}
