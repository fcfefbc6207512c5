//! The login pages and the cookie that ties a form to its browser. The pages ask for an address and a login code, and on another device for the
//! device's code. They are HTML that works without scripts and loads nothing. No browser is remembered: each login needs a code.

use std::convert::Infallible;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{answer::Answer, error::LocalError, keys::random, request::Parameters};

/// The parameters of the authorization request that the form repeats.
const REPEATED: [&str; 9] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "login_hint"];
/// How long a page can be used, in seconds.
const FORM_LIFETIME: i64 = 10 * 60;
/// What a form says whose login code is not accepted.
pub(super) const WRONG_CODE: &str = "That login code is wrong, used or older than two minutes. `paraph local code` prints a new one.";

/// Makes and checks the cookie. Nothing is stored: a form carries a tag over its cookie, with a key that is drawn at each start.
///
/// Browsers send cookies to every port of a host, so other servers on this machine get it too. It gives nothing but the page's form, which needs
/// a login code.
#[derive(Debug)]
pub(super) struct Cookies {
    key: hmac::Key,
    /// The cookie's name, with the port.
    name: String,
}

impl Cookies {
    /// The cookies of the server on this port.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn new(port: u16) -> Result<Self, LocalError> {
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()?), name: format!("paraph_form_{port}") })
    }

    /// The token for the hidden field of the form at `path`, and the cookie that it belongs to if the browser has none yet.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn form_token(&self, cookies: &BrowserCookies, path: &str) -> Result<(Option<String>, String), LocalError> {
        if let Some(session) = cookies.value(&self.name).filter(|session| session.len() == 22) {
            return Ok((None, self.tag(session)));
        }
        let session = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let token = self.tag(&session);
        Ok((Some(format!("{}={session}; Path={path}; HttpOnly; SameSite=Strict; Max-Age={FORM_LIFETIME}", self.name)), token))
    }

    /// Whether the form comes from a page that this browser got.
    pub(super) fn is_genuine_form(&self, cookies: &BrowserCookies, form: &Parameters) -> bool {
        match (cookies.value(&self.name), form.one("csrf_token")) {
            (Some(session), Some(token)) => verify_slices_are_equal(self.tag(session).as_bytes(), token.as_bytes()).is_ok(),
            _ => false,
        }
    }

    fn tag(&self, session: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, session.as_bytes()))
    }
}

/// The content of the page for a login in this browser.
pub(super) struct LoginPage<'a> {
    /// The issuer's URL.
    pub issuer: &'a str,
    /// The parameters of the authorization request, or of the form that is shown again.
    pub parameters: &'a Parameters,
    /// What was wrong with the last form; may be empty.
    pub problem: &'a str,
    /// The form's token.
    pub token: &'a str,
}

/// The page for a login in this browser.
pub(super) fn page(page: &LoginPage<'_>) -> Answer {
    let LoginPage { issuer, parameters, problem, token } = *page;
    let mut fields = String::new();
    for name in REPEATED {
        if let Some(value) = parameters.one(name) {
            fields.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value)));
        }
    }
    let email = parameters.one("email").or_else(|| parameters.one("login_hint")).unwrap_or_default();
    let (code, problem) = (LOGIN_CODE_FIELD, problem_text(problem));
    let body = format!(
        "<h1>Sign in to the local Sigstore</h1>\n\
         <p>A program on this machine asks you to sign in. Only those who chose to trust this local Sigstore accept its certificates.</p>\n\
         {problem}<form method=\"post\" action=\"/auth\">\n{fields}<input type=\"hidden\" name=\"csrf_token\" value=\"{token}\">\n\
         <label>E-mail address to sign with<input name=\"email\" type=\"email\" autocomplete=\"email\" required autofocus value=\"{email}\"></label>\n\
         {code}<button>Sign in</button>\n</form>\n<p class=\"hint\">{issuer}</p>\n",
        token = escape(token),
        email = escape(email),
        issuer = escape(issuer),
    );
    html(200, &body)
}

/// The content of the page for a login on another device.
pub(super) struct DevicePage<'a> {
    /// The issuer's URL.
    pub issuer: &'a str,
    /// The code, if it is known.
    pub user_code: &'a str,
    /// The address, if it is known.
    pub email: &'a str,
    /// What was wrong with the last form; may be empty.
    pub problem: &'a str,
    /// The form's token.
    pub token: &'a str,
}

/// The page for a login on another device.
pub(super) fn device_page(page: &DevicePage<'_>) -> Answer {
    let body = format!(
        "<h1>Sign in on another device</h1>\n\
         <p>A program shows a code in its terminal and asks you to sign in. Continue only if you started it yourself and the code is the same.</p>\n\
         {problem}<form method=\"post\" action=\"/device\">\n<input type=\"hidden\" name=\"csrf_token\" value=\"{token}\">\n\
         <label>Code<input class=\"code\" name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" required value=\"{code}\"></label>\n\
         <label>E-mail address to sign with<input name=\"email\" type=\"email\" autocomplete=\"email\" value=\"{email}\"></label>\n\
         {access}<p class=\"buttons\"><button>Sign in</button>\n<button class=\"second\" name=\"action\" value=\"deny\">Refuse</button></p>\n</form>\n\
         <p class=\"hint\">{issuer}</p>\n",
        problem = problem_text(page.problem),
        token = escape(page.token),
        code = escape(page.user_code),
        email = escape(page.email),
        access = LOGIN_CODE_FIELD,
        issuer = escape(page.issuer),
    );
    html(200, &body)
}

/// A page that ends a login.
pub(super) fn done(title: &str, text: &str) -> Answer {
    html(200, &format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(text)))
}

/// A page that says why a request is refused.
pub(super) fn refused(problem: &str) -> Answer {
    html(400, &format!("<h1>This request cannot be answered</h1>\n{}", problem_text(problem)))
}

const LOGIN_CODE_FIELD: &str = "<label>Login code<input name=\"access_code\" autocomplete=\"off\" spellcheck=\"false\" required></label>\n\
     <p class=\"hint\"><code>paraph local code</code> prints one. It is valid for two minutes, for one login.</p>\n";

fn problem_text(problem: &str) -> String {
    if problem.is_empty() { String::new() } else { format!("<p class=\"problem\" role=\"alert\">{}</p>\n", escape(problem)) }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#f6f5f2;--card:#fff;--ink:#1d1f23;--soft:#5c6068;--line:#d8d5ce;--accent:#2f5fa8;--on:#fff;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1e2125;--ink:#eceef1;--soft:#a4a9b2;--line:#3a3f46;--accent:#8fb1e6;--on:#10151d;--bad:#f08a82}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}\
main{width:100%;max-width:30rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:14px}\
h1{margin:0 0 .5rem;font-size:1.45rem;line-height:1.25;font-weight:650}\
p{margin:.5rem 0}\
label{display:block;margin:1.1rem 0 .4rem;font-weight:550}\
input:not([type=hidden]){display:block;width:100%;margin-top:.3rem;padding:.6rem .7rem;font:inherit;font-weight:400;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:8px}\
input.code{font-family:ui-monospace,monospace;font-size:1.2rem;letter-spacing:.12em}\
input:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:1px}\
button{margin-top:.8rem;padding:.6rem 1.5rem;font:inherit;font-weight:600;color:var(--on);background:var(--accent);border:1px solid var(--accent);border-radius:8px;cursor:pointer}\
button.second{margin-left:.5rem;color:inherit;background:none;border-color:var(--line)}\
.hint{font-size:.87rem;color:var(--soft);overflow-wrap:anywhere}\
.problem{padding-left:.75rem;border-left:.25rem solid var(--bad)}";

fn html(status: u16, body: &str) -> Answer {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>Local Sigstore</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    Answer::new(status, "text/html; charset=utf-8", page)
        // form-action also covers the redirect that answers the form, which goes to the client on another port
        .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self' http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'; base-uri 'none'")
        .with(header::X_FRAME_OPTIONS, "DENY")
        .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        // not no-referrer, under which a browser would send the form with the origin `null`
        .with(header::REFERRER_POLICY, "same-origin")
        .with(HeaderName::from_static("cross-origin-opener-policy"), "same-origin")
        .with(header::CACHE_CONTROL, "no-store")
}

/// The cookies that a browser sent.
#[derive(Debug, Default)]
pub(super) struct BrowserCookies(HeaderMap);

impl BrowserCookies {
    fn value(&self, name: &str) -> Option<&str> {
        cookie(&self.0, name)
    }
}

impl<S: Sync> FromRequestParts<S> for BrowserCookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(header::COOKIE).iter().map(|value| (header::COOKIE, value.clone())).collect()))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name);
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
