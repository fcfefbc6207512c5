//! The login pages and their two cookies. The pages ask for an address and the access code, and on another device for its code. They are HTML
//! that works without scripts and loads nothing.

use std::convert::Infallible;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::{answer::Answer, error::LocalError, keys::random, request::Parameters};

/// The parameters of the authorization request that the form repeats.
const REPEATED: [&str; 9] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "login_hint"];
const FORM_COOKIE: &str = "paraph_form";
const ACCESS_COOKIE: &str = "paraph_access";
/// How long a browser that sent the access code is remembered, in seconds.
const REMEMBERED: i64 = 8 * 60 * 60;

/// Makes and checks the cookies. Nothing is stored: each carries a tag whose key is derived from the access code, so a new code ends them.
///
/// Browsers send cookies to every port of a host, so other servers on this machine get them too. That is why they are few and short-lived, and
/// give nothing but a login here.
#[derive(Debug)]
pub(super) struct Cookies {
    key: hmac::Key,
}

impl Cookies {
    /// Cookies under an access code.
    pub(super) fn new(access_code: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, format!("paraph local login\0{access_code}").as_bytes()) }
    }

    /// The token for the form's hidden field, and the cookie that it belongs to if the browser has none yet.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn form_token(&self, cookies: &BrowserCookies) -> Result<(Option<String>, String), LocalError> {
        if let Some(session) = cookies.form.as_deref().filter(|session| session.len() == 22) {
            return Ok((None, self.tag("form", session)));
        }
        let session = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let token = self.tag("form", &session);
        Ok((Some(format!("{FORM_COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict")), token))
    }

    /// Whether the form comes from a page that this browser got.
    pub(super) fn is_genuine_form(&self, cookies: &BrowserCookies, form: &Parameters) -> bool {
        match (&cookies.form, form.one("csrf_token")) {
            (Some(session), Some(token)) => verify_slices_are_equal(self.tag("form", session).as_bytes(), token.as_bytes()).is_ok(),
            _ => false,
        }
    }

    /// The cookie that remembers a browser.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn remember(&self, now: Timestamp) -> Result<String, LocalError> {
        let until = format!("{}.{}", now.as_second() + REMEMBERED, URL_SAFE_NO_PAD.encode(random::<16>()?));
        let tag = self.tag("access", &until);
        Ok(format!("{ACCESS_COOKIE}={until}.{tag}; Path=/; HttpOnly; SameSite=Strict; Max-Age={REMEMBERED}"))
    }

    /// Whether the browser has sent the access code before.
    pub(super) fn is_remembered(&self, cookies: &BrowserCookies, now: Timestamp) -> bool {
        let Some((until, tag)) = cookies.access.as_deref().and_then(|value| value.rsplit_once('.')) else { return false };
        let fresh = until.split_once('.').and_then(|(second, _)| second.parse::<i64>().ok()).is_some_and(|second| now.as_second() < second);
        verify_slices_are_equal(self.tag("access", until).as_bytes(), tag.as_bytes()).is_ok() && fresh
    }

    fn tag(&self, purpose: &str, value: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, format!("{purpose}\0{value}").as_bytes()))
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
    /// Whether the browser has sent the access code before.
    pub known: bool,
    /// The form's token.
    pub token: &'a str,
}

/// The page for a login in this browser.
pub(super) fn page(page: &LoginPage<'_>) -> Answer {
    let LoginPage { issuer, parameters, problem, known, token } = *page;
    let mut fields = String::new();
    for name in REPEATED {
        if let Some(value) = parameters.one(name) {
            fields.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value)));
        }
    }
    let email = parameters.one("email").or_else(|| parameters.one("login_hint")).unwrap_or_default();
    let (code, problem) = (access_code_field(known), problem_text(problem));
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
    /// Whether the browser has sent the access code before.
    pub known: bool,
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
        access = access_code_field(page.known),
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

fn access_code_field(known: bool) -> &'static str {
    if known {
        return "";
    }
    "<label>Access code<input name=\"access_code\" type=\"password\" autocomplete=\"current-password\" required></label>\n\
     <p class=\"hint\">It was printed when the local Sigstore was started. It is in the file <code>access-code</code> of its folder.</p>\n"
}

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
pub(super) struct BrowserCookies {
    form: Option<String>,
    access: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for BrowserCookies {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let cookie = |name| cookie(&parts.headers, name).map(str::to_owned);
        Ok(Self { form: cookie(FORM_COOKIE), access: cookie(ACCESS_COOKIE) })
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
