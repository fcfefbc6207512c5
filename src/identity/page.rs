//! The pages that the browser shows at the end of a login. Each is self-contained: it loads nothing, contains nothing from outside, and works
//! without scripts. Its only script closes the page, if the browser allows it.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The tone of a page.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    Good,
    Bad,
    Neutral,
}

impl Tone {
    /// The page's class and the path of its icon, in a square of 24 by 24.
    fn drawing(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("good", "M6.5 12.5l3.7 3.7 7.3-8"),
            Self::Bad => ("bad", "M8 8l8 8M16 8l-8 8"),
            Self::Neutral => ("neutral", "M12 7v.01M12 11v6"),
        }
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#f6f5f2;--card:#fff;--ink:#1d1f23;--soft:#5c6068;--line:#e2e0da;--good:#1a7f4b;--bad:#b3261e;--neutral:#3b5b8c}\
@media(prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1e2125;--ink:#eceef1;--soft:#a4a9b2;--line:#30343a;--good:#5bc98b;--bad:#f08a82;--neutral:#8fb1e6}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1.05rem/1.55 system-ui,sans-serif}\
main{width:100%;max-width:30rem;padding:2.25rem 2rem;background:var(--card);border:1px solid var(--line);border-radius:14px;text-align:center}\
svg{width:3.5rem;height:3.5rem;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}\
.good svg{color:var(--good)}.bad svg{color:var(--bad)}.neutral svg{color:var(--neutral)}\
h1{margin:.75rem 0 .35rem;font-size:1.45rem;line-height:1.25;font-weight:650}\
p{margin:.35rem 0 0;text-wrap:balance}\
.soft{color:var(--soft);font-size:.92rem}";

/// The seconds come from the document, so that the script and its hash in the policy never change.
const SCRIPT: &str = "\
const line=document.getElementById('closing');\
let left=Number(line.dataset.seconds);\
const tick=()=>{\
if(left<=0){window.close();line.textContent='Your browser keeps this page open.';return}\
line.textContent='It closes in '+left+' s.';left-=1;setTimeout(tick,1000)};\
tick();";

/// A page that closes itself after `autoclose`.
pub(super) fn page(status: StatusCode, tone: Tone, title: &str, text: &str, autoclose: Option<Duration>) -> Response<Body> {
    let (class, sign) = tone.drawing();
    let closing = autoclose.map(|wait| {
        format!("<p class=\"soft\" id=\"closing\" role=\"status\" data-seconds=\"{}\"></p>\n<script>{SCRIPT}</script>\n", wait.as_secs())
    });
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main class=\"{class}\">\n\
         <svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"10.5\"/><path d=\"{sign}\"/></svg>\n\
         <h1>{title}</h1>\n<p>{text}</p>\n{closing}</main>\n</body>\n</html>\n",
        closing = closing.as_deref().unwrap_or_default(),
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy(closing.is_some())) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Allows only this style and, if the page closes itself, this script.
fn policy(scripted: bool) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let script = if scripted { format!("; script-src {}", hash(SCRIPT)) } else { String::new() };
    format!(
        "default-src 'none'; style-src {}; img-src data:{script}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE)
    )
}
