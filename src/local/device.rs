//! The device flow (RFC 8628): a program is given a short code, a person enters it on a page, and the program asks until that has happened.
//!
//! Codes live in memory: a restart forgets them.

use std::collections::HashMap;

use axum::http::{Method, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

use super::{
    answer::{Answer, Call, Pairs},
    error::LocalError,
    faults::Fault,
    grant::{Authorized, client, fits, form, refusal},
    issuer::{ACCESS_CODE_HEADER, Issuer, MAX_PARAMETER, code_key, is_offline, is_openid},
    keys::{SigningKey, random},
    login::{self, DevicePage},
    sessions::Kind,
    token::Email,
};

/// The grant's name.
pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Codes are good for this long, in seconds.
const LIFETIME: i64 = 300;
/// The pause between two polls, in seconds; a person at this machine is not kept waiting.
const INTERVAL: i64 = 1;
/// What a poll that comes too early adds to it.
const SLOW_DOWN: i64 = 5;
/// Codes that wait, at most: those that expire first go first.
const MAX_PENDING: usize = 256;
/// A code that has expired is still known as such for this long, in seconds.
const REMEMBERED: i64 = 300;
/// Letters that make no words and are not mistaken for each other (RFC 8628, section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Logins that wait, under the SHA-256 of their device codes.
pub type Waiting = HashMap<[u8; 32], Pending>;

/// A login on another device that somebody has begun.
#[derive(Debug, Clone)]
pub struct Pending {
    user_code: String,
    client: String,
    challenge: Option<String>,
    offline: bool,
    hint: Option<String>,
    expires: i64,
    interval: i64,
    polled: Option<Timestamp>,
    decision: Decision,
}

#[derive(Debug, Clone)]
enum Decision {
    Open,
    Approved(Email),
    Denied,
}

impl Issuer {
    /// `/device/code`: the device authorization endpoint.
    pub fn authorize_device(&self, call: &Call, now: Timestamp) -> Result<Answer, LocalError> {
        let Some(form) = form(call) else { return Ok(refusal("invalid_request", "the body is not a form")) };
        let Some(client) = client(call, &form) else { return Ok(refusal("invalid_client", "the client is not known here")) };
        let scope = form.one("scope").unwrap_or_default();
        if !is_openid(scope) {
            return Ok(refusal("invalid_scope", "scope must hold openid"));
        }
        let challenge = match (form.one("code_challenge"), form.one("code_challenge_method")) {
            (None, None) => None,
            (Some(challenge), Some("S256")) if challenge.len() == 43 => Some(challenge.to_owned()),
            _ => return Ok(refusal("invalid_request", "code_challenge_method must be S256")),
        };
        let device_code = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let user_code = user_code()?;
        let pending = Pending {
            user_code: user_code.clone(),
            client,
            challenge,
            offline: is_offline(scope),
            hint: form.one("login_hint").filter(|hint| hint.len() <= MAX_PARAMETER).map(str::to_owned),
            expires: now.as_second() + LIFETIME,
            interval: INTERVAL,
            polled: None,
            decision: Decision::Open,
        };
        let mut waiting = self.waiting();
        waiting.retain(|_, pending| now.as_second() < pending.expires + REMEMBERED);
        if waiting.len() >= MAX_PENDING {
            let oldest = waiting.iter().min_by_key(|(_, pending)| pending.expires).map(|(key, _)| *key);
            oldest.map(|key| waiting.remove(&key));
        }
        waiting.insert(code_key(&device_code), pending);
        let uri = format!("{}/device", self.url);
        let answer = json!({
            "device_code": device_code, "user_code": user_code, "verification_uri": uri,
            "verification_uri_complete": format!("{uri}?user_code={user_code}"), "expires_in": LIFETIME, "interval": INTERVAL,
        });
        Ok(Answer::json(200, &answer).with(header::CACHE_CONTROL, "no-store"))
    }

    /// The token endpoint's part: a poll (section 3.5).
    pub fn redeem_device_code(&self, form: &Pairs, client: &str, key: &SigningKey, now: Timestamp) -> Result<Answer, LocalError> {
        let Some(code) = form.one("device_code") else { return Ok(refusal("invalid_request", "there is no device_code")) };
        let id = code_key(code);
        let mut waiting = self.waiting();
        let pending = waiting.get_mut(&id).filter(|pending| pending.client == client);
        let Some(pending) = pending else { return Ok(refusal("invalid_grant", "the device code is not known, or has been used")) };
        if pending.challenge.as_ref().is_some_and(|challenge| !fits(form.one("code_verifier"), challenge)) {
            return Ok(refusal("invalid_grant", "code_verifier does not fit the code_challenge"));
        }
        if now.as_second() >= pending.expires || self.has(Fault::DeviceExpired) {
            return Ok(refusal("expired_token", "nobody entered the code in time"));
        }
        if self.has(Fault::DeviceDenied) {
            pending.decision = Decision::Denied;
        }
        let before = pending.polled.replace(now);
        let early = before.is_some_and(|before| now.duration_since(before).as_millis() < i128::from(pending.interval) * 1000);
        if early || before.is_none() && self.has(Fault::SlowDown) {
            pending.interval += SLOW_DOWN;
            return Ok(refusal("slow_down", "the polls come too fast"));
        }
        let email = match &pending.decision {
            Decision::Approved(email) => email.clone(),
            Decision::Open => return Ok(refusal("authorization_pending", "nobody has entered the code yet")),
            Decision::Denied => {
                waiting.remove(&id);
                return Ok(refusal("access_denied", "the login was refused on its page"));
            }
        };
        let Some(Pending { client, offline, .. }) = waiting.remove(&id) else { return Ok(refusal("invalid_grant", "")) };
        drop(waiting);
        self.give_tokens(&Authorized { client, email, nonce: None, offline }, Kind::Device, key, now)
    }

    /// `/device`: the page on which the code is entered. A program that knows the access code needs none.
    pub fn device_page(&self, call: &Call, now: Timestamp) -> Result<Answer, LocalError> {
        if call.method != Method::POST {
            return self.ask_for_code(call, &call.query_pairs(), "", now);
        }
        let Some(form) = form(call) else { return Ok(login::refused("The form was not sent as a form.")) };
        if let Some(code) = call.header(ACCESS_CODE_HEADER) {
            return Ok(self.decide_for_program(code, &form, now));
        }
        if !self.cookies.is_genuine_form(call, &form) {
            return self.ask_for_code(call, &form, "The page was too old. Please try again.", now);
        }
        let remembered = self.cookies.is_remembered(call, now);
        // before anything is said about a code: who does not know the one learns nothing about the others
        if !remembered && !form.one("access_code").is_some_and(|code| self.is_access_code(code.trim())) {
            return self.ask_for_code(call, &form, "That is not the access code of this instance.", now);
        }
        let answer = match self.decide(&form, form.one("email"), now) {
            Ok(true) => login::done("You are signed in", "The program that showed the code goes on by itself. You can close this page."),
            Ok(false) => login::done("The login was refused", "The program that showed the code is told so. You can close this page."),
            Err(problem) => return self.ask_for_code(call, &form, problem.sentence(), now),
        };
        Ok(if remembered { answer } else { answer.with(header::SET_COOKIE, self.cookies.remember(now)?) })
    }

    fn decide_for_program(&self, access_code: &str, form: &Pairs, now: Timestamp) -> Answer {
        if !self.is_access_code(access_code) {
            return refusal("access_denied", "the access code is not the instance's");
        }
        match self.decide(form, form.one("login_hint"), now) {
            Ok(approved) => Answer::json(200, &json!({ "approved": approved })),
            Err(problem) => refusal("invalid_request", problem.sentence()),
        }
    }

    /// Enters the form's decision; whether it is a yes.
    fn decide(&self, form: &Pairs, email: Option<&str>, now: Timestamp) -> Result<bool, Problem> {
        let typed = letters(form.one("user_code").unwrap_or_default());
        let mut waiting = self.waiting();
        let mut open =
            waiting.values_mut().filter(|pending| now.as_second() < pending.expires && matches!(pending.decision, Decision::Open));
        let pending = open.find(|pending| letters(&pending.user_code) == typed).ok_or(Problem::Code)?;
        let refused = form.one("action") == Some("deny");
        pending.decision = match email.map(|email| Email::new(email.trim())) {
            _ if refused => Decision::Denied,
            Some(Ok(email)) => Decision::Approved(email),
            _ => return Err(Problem::Email),
        };
        Ok(!refused)
    }

    fn ask_for_code(&self, call: &Call, parameters: &Pairs, problem: &str, now: Timestamp) -> Result<Answer, LocalError> {
        let code = parameters.one("user_code").unwrap_or_default();
        let hint =
            self.waiting().values().find(|pending| letters(&pending.user_code) == letters(code)).and_then(|found| found.hint.clone());
        let (cookie, token) = self.cookies.form_token(call)?;
        let known = self.cookies.is_remembered(call, now);
        // the hint of a login is shown only to who knows the access code
        let email = parameters.one("email").or(hint.as_deref().filter(|_| known)).unwrap_or_default();
        let answer = login::device_page(&DevicePage { issuer: &self.url, user_code: code, email, problem, known, token: &token });
        Ok(match cookie {
            Some(cookie) => answer.with(header::SET_COOKIE, cookie),
            None => answer,
        })
    }
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy)]
enum Problem {
    Code,
    Email,
}

impl Problem {
    fn sentence(self) -> &'static str {
        match self {
            Self::Code => "No program waits for that code. Compare it with the one in the terminal; it is good for five minutes.",
            Self::Email => "That is not an e-mail address that a certificate can name.",
        }
    }
}

/// A code as a person may have typed it.
fn letters(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).take(64).collect()
}

/// Two groups of four letters: 34 bits, of which nobody can try many, since each try takes the access code.
fn user_code() -> Result<String, LocalError> {
    let mut code = String::new();
    while code.len() < 9 {
        for byte in random::<16>()? {
            // without the remainder by which some letters would come more often
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
