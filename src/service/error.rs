//! What can go wrong with a service, told in one sentence that names the service, the address and the cause.

use super::address::is_loopback;
use crate::escape::Escaped;
use std::time::Duration;

/// A service that paraph calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The certificate authority.
    Fulcio,
    /// The transparency log with the older API.
    RekorV1,
    /// The transparency log with tiles.
    RekorV2,
    /// The RFC 3161 authority.
    TimestampAuthority,
    /// The OpenID provider.
    IdentityProvider,
    /// The TUF repository of trust material.
    TufMirror,
    /// Who gives a workload its identity token, by this name.
    TokenService(&'static str),
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fulcio => "Fulcio",
            Self::RekorV1 => "Rekor v1",
            Self::RekorV2 => "Rekor v2",
            Self::TimestampAuthority => "the timestamp authority",
            Self::IdentityProvider => "the identity provider",
            Self::TufMirror => "the TUF mirror",
            Self::TokenService(name) => name,
        })
    }
}

/// A call to a service that gave no usable answer.
///
/// The text never holds a token: requests are not quoted, addresses lose their query, and of what a service says, long runs without a
/// space are left out, because a service may repeat what it was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} at {url} {cause}")]
pub struct ServiceError {
    service: Service,
    url: String,
    /// Whether the address is on this machine.
    is_local: bool,
    cause: Cause,
}

/// Why a call gave no usable answer. The text continues the sentence "SERVICE at URL …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The configured address cannot be called.
    #[error("cannot be called: {0}")]
    Address(String),
    /// A token would be readable on its way.
    #[error("is not called over plain http: an identity token for another machine must be encrypted")]
    PlainHttp,
    /// No HTTP client could be made on this machine.
    #[error("cannot be called: TLS cannot be set up on this machine: {0}")]
    Client(String),
    /// No connection.
    #[error("could not be reached: {0}")]
    Unreachable(String),
    /// A connection, but not to the one whom the address names.
    #[error("could not be authenticated: {0}")]
    Untrusted(String),
    /// No answer in time.
    #[error("gave no answer within {}", seconds(*.0))]
    Deadline(Duration),
    /// No answer before the time for all calls together had run out.
    #[error("gave no answer within {}", seconds(*.0))]
    Budget(Duration),
    /// The answer ended early, or was no HTTP.
    #[error("did not complete its answer: {0}")]
    Broken(String),
    /// The service said no.
    #[error("refused the request with {}{}", status_line(*.status), after_colon(.message))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the service says about it, escaped and cut.
        message: Option<String>,
    },
    /// The service, or what stands before it, cannot answer now.
    #[error("is not available: it answered {}{}{}", status_line(*.status), times(*.attempts), after_colon(.message))]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// How often it was asked.
        attempts: u32,
        /// What the service says about it, escaped and cut.
        message: Option<String>,
    },
    /// The answer points elsewhere.
    #[error("answered {}{}; redirects are not followed", status_line(*.status), to(.location))]
    Redirected {
        /// The HTTP status.
        status: u16,
        /// Where to, escaped and cut.
        location: Option<String>,
    },
    /// A web page where a program's answer is wanted.
    #[error("answered with a web page; a captive portal or proxy may be intercepting the connection")]
    Page,
    /// More bytes than any sound answer has.
    #[error("sent an answer of more than {0} bytes")]
    TooLarge(usize),
    /// An answer in another form than the protocol has.
    #[error("sent an invalid answer: {0}")]
    Malformed(String),
    /// An answer in the right form about something else.
    #[error("sent an answer that does not match the request: {0}")]
    Mismatch(String),
    /// An answer that this program does not take.
    #[error("sent an answer that is not accepted: {0}")]
    Unsupported(String),
}

impl ServiceError {
    /// An error of `service` at `url`, whose query, fragment and credentials are left out.
    pub fn new(service: Service, url: &str, cause: Cause) -> Self {
        let is_local = reqwest::Url::parse(url).is_ok_and(|url| is_loopback(&url));
        Self { service, url: plain(url), is_local, cause }
    }

    /// Which service.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The address that was called.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What happened.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What the user can do about it: an imperative sentence without its period.
    pub fn hint(&self) -> Option<&'static str> {
        use Service::{Fulcio, IdentityProvider, RekorV1, RekorV2, TimestampAuthority, TufMirror};
        Some(match (&self.cause, self.service) {
            (Cause::Address(_), _) => "configure an address that begins with `https://` or `http://`",
            (Cause::PlainHttp, _) => {
                "configure its https address; in a network that you trust with your identity, set paraph.allowPlainHttp"
            }
            (Cause::Client(_), _) => "install the system's CA certificates, or name them in SSL_CERT_FILE",
            (Cause::Unreachable(_), _) if self.is_local => "if this is the local Sigstore, start it: `paraph local serve --background`",
            (Cause::Unreachable(_), _) => "check the address, the network and the proxy variables",
            (Cause::Untrusted(_), _) => "if you use a private CA or an inspecting proxy, name its certificate in SSL_CERT_FILE",
            (Cause::Deadline(_) | Cause::Budget(_) | Cause::Unavailable { .. } | Cause::Broken(_), _) => {
                "try again; if it keeps failing, look at the service's status page"
            }
            (Cause::Refused { status: 400 | 401 | 403, .. }, Fulcio) => {
                "use a fresh token from an issuer that Fulcio accepts, with the audience that it expects; `paraph config` shows the issuer and the client id"
            }
            (Cause::Refused { status: 404 | 405 | 501, .. }, RekorV1 | RekorV2) => {
                "check the log's address and version; `paraph config` shows both"
            }
            (Cause::Refused { status: 404 | 405 | 501, .. }, Fulcio | TimestampAuthority) => {
                "check the address; no such service answers there"
            }
            (Cause::Refused { status: 404, .. } | Cause::Malformed(_) | Cause::Mismatch(_), IdentityProvider) => {
                "write the issuer's address exactly as the issuer does, with or without a slash at the end"
            }
            (Cause::Refused { status: 404, .. }, TufMirror) => "check the address; no TUF repository answers there",
            (Cause::Page, _) => "log in to the network with a browser, or check the proxy variables; then try again",
            (Cause::Redirected { .. }, _) => {
                "log in to the network with a browser if it asks for that; otherwise configure the new address, if you trust it"
            }
            (Cause::Mismatch(_) | Cause::TooLarge(_), _) => "check the service and any proxy in between; the answer was not used",
            _ => return None,
        })
    }
}

/// An error with its causes, joined by colons.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut error = error;
    while let Some(source) = error.source() {
        text.push_str(": ");
        text.push_str(&source.to_string());
        error = source;
    }
    text
}

/// `text` from outside, fit to be shown: control and invisible characters escaped, long runs without a space left out, at most 200 characters.
pub fn quotable(text: &str) -> String {
    const LONGEST_RUN: usize = 48;
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for (position, word) in text.split_whitespace().enumerate() {
        if position > 0 {
            shown.push(' ');
        }
        // a token's alphabet; anything else ends a run
        for run in word.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-_.+=".contains(c))) {
            if run.chars().count() > LONGEST_RUN {
                shown.push('…');
            } else {
                shown.push_str(&Escaped(run).to_string());
            }
        }
        if shown.chars().count() > LONGEST {
            shown = shown.chars().take(LONGEST).collect::<String>() + "…";
            break;
        }
    }
    shown
}

/// The address without credentials, query and fragment.
fn plain(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            quotable_url(url.as_str())
        }
        Err(_) => quotable(url),
    }
}

fn quotable_url(url: &str) -> String {
    const LONGEST: usize = 300;
    if url.len() > LONGEST { url.chars().take(LONGEST).collect::<String>() + "…" } else { url.to_owned() }
}

fn status_line(status: u16) -> String {
    match reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

fn after_colon(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
}

fn to(location: &Option<String>) -> String {
    location.as_ref().map(|location| format!(" to {location}")).unwrap_or_default()
}

fn times(attempts: u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        2 => " twice".into(),
        more => format!(" {more} times"),
    }
}

fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        let text = format!("{:.1}", duration.as_secs_f64());
        format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
    } else {
        format!("{} s", duration.as_secs_f64().round())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence_with_service_address_and_cause() {
        let say = |service, cause| ServiceError::new(service, "https://user:secret@host.test/path?code=secret#x", cause).to_string();
        insta::assert_snapshot!([
            say(Service::Fulcio, Cause::Unreachable("connection refused".into())),
            say(Service::RekorV1, Cause::Deadline(Duration::from_secs(30))),
            say(Service::RekorV2, Cause::Deadline(Duration::from_millis(250))),
            say(Service::TimestampAuthority, Cause::Refused { status: 400, message: Some("Weak hash".into()) }),
            say(Service::IdentityProvider, Cause::Unavailable { status: 503, attempts: 4, message: None }),
            say(Service::TufMirror, Cause::Redirected { status: 302, location: Some("https://other.test/".into()) }),
            say(Service::Fulcio, Cause::TooLarge(1000)),
        ]
        .join("\n"), @r"
        Fulcio at https://host.test/path could not be reached: connection refused
        Rekor v1 at https://host.test/path gave no answer within 30 s
        Rekor v2 at https://host.test/path gave no answer within 0.2 s
        the timestamp authority at https://host.test/path refused the request with 400 Bad Request: Weak hash
        the identity provider at https://host.test/path is not available: it answered 503 Service Unavailable 4 times
        the TUF mirror at https://host.test/path answered 302 Found to https://other.test/; redirects are not followed
        Fulcio at https://host.test/path sent an answer of more than 1000 bytes
        ");
    }

    #[test]
    fn what_a_service_says_is_escaped_and_cut_and_holds_no_token() {
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", "a".repeat(200), "b".repeat(300));
        assert_eq!(quotable(&format!("bad token {token} sent")), "bad token … sent");
        assert_eq!(quotable(&format!("{{\"token\":\"{token}\"}}")), "{\"token\":\"…}");
        assert_eq!(quotable("a\u{1b}[31mb\u{202e}c\nd"), "a\\u{1b}[31mb\\u{202e}c d");
        assert_eq!(quotable(&"word ".repeat(100)).chars().count(), 201);
        assert_eq!(
            quotable("https://token.actions.githubusercontent.com is unknown"),
            "https://token.actions.githubusercontent.com is unknown"
        );
    }
}
