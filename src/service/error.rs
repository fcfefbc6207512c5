//! The failure of a call to a service, as one sentence with the service, the address and the cause.

use super::address::is_loopback;
use crate::{escape::Escaped, wording::spoken_duration};
use std::time::Duration;

/// A service that paraph calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The certificate authority.
    Fulcio,
    /// The transparency log with API version 1.
    RekorV1,
    /// The transparency log with tiles, API version 2.
    RekorV2,
    /// The RFC 3161 authority.
    TimestampAuthority,
    /// The OpenID provider.
    IdentityProvider,
    /// The TUF repository of trust material.
    TufMirror,
    /// The service with this name, which issues identity tokens to a workload.
    Workload(&'static str),
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fulcio => "Fulcio",
            Self::RekorV1 => "Rekor v1",
            Self::RekorV2 => "Rekor v2",
            Self::TimestampAuthority => "the timestamp authority",
            Self::IdentityProvider => "the issuer",
            Self::TufMirror => "the TUF mirror",
            Self::Workload(name) => name,
        })
    }
}

/// A call to a service without a usable answer.
///
/// The message never contains a token. Requests are not quoted, addresses are shown without their query, and long words in a service's answer
/// are left out, because a service may repeat what it was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} at {url} {cause}")]
pub struct ServiceError {
    service: Service,
    url: String,
    /// Whether the address is on this machine.
    is_local: bool,
    cause: Cause,
}

/// Why a call had no usable answer: a clause that continues "SERVICE at URL …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The configured address is not valid.
    #[error("cannot be called: {0}")]
    Address(String),
    /// A token would be sent unencrypted to another machine.
    #[error("is not called over plain http: an identity token for another machine must be encrypted")]
    PlainHttp,
    /// The HTTP client could not be set up.
    #[error("cannot be called: TLS cannot be set up on this machine: {0}")]
    Client(String),
    /// git's settings of connections cannot be used, or must not be.
    #[error("{0}")]
    Network(String),
    /// No connection.
    #[error("could not be reached: {0}")]
    Unreachable(String),
    /// The TLS certificate is not that of the address, or not trusted.
    #[error("could not be authenticated: {0}")]
    Untrusted(String),
    /// No answer in time.
    #[error("gave no answer within {}", spoken_duration(*.0))]
    Deadline(Duration),
    /// No answer before the time limit for all calls together.
    #[error("gave no answer within {}", spoken_duration(*.0))]
    Budget(Duration),
    /// The answer ended early, or was not HTTP.
    #[error("did not complete its answer: {0}")]
    Broken(String),
    /// The service refused the request.
    #[error("refused the request with {}{}", status_line(*.status), after_colon(.message))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The service's own message, escaped and shortened.
        message: Option<String>,
    },
    /// The service, or a gateway in front of it, cannot answer now.
    #[error("is not available: it answered {}{}{}", status_line(*.status), times(*.attempts), after_colon(.message))]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// The number of attempts.
        attempts: u32,
        /// The service's own message, escaped and shortened.
        message: Option<String>,
    },
    /// The answer is a redirect.
    #[error("answered {}{}; redirects are not followed", status_line(*.status), to(.location))]
    Redirected {
        /// The HTTP status.
        status: u16,
        /// Its target, escaped and shortened.
        location: Option<String>,
    },
    /// The answer is a web page.
    #[error("answered with a web page; a captive portal or proxy may be intercepting the connection")]
    Page,
    /// The answer is larger than any valid one.
    #[error("sent an answer of more than {0} bytes")]
    TooLarge(usize),
    /// The answer is not in the protocol's format.
    #[error("sent an invalid answer: {0}")]
    Malformed(String),
    /// The answer is about something else.
    #[error("sent an answer that does not match the request: {0}")]
    Mismatch(String),
    /// The answer is valid, but this program does not accept it.
    #[error("sent an answer that is not accepted: {0}")]
    Unsupported(String),
}

impl ServiceError {
    /// An error of `service` at `url`. The URL's query, fragment and credentials are left out.
    pub fn new(service: Service, url: &str, cause: Cause) -> Self {
        let is_local = reqwest::Url::parse(url).is_ok_and(|url| is_loopback(&url));
        Self { service, url: plain(url), is_local, cause }
    }

    /// The service.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The address of the call.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The cause.
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
            (Cause::Unreachable(_), _) if self.is_local => {
                "if the local Sigstore is not running, start it: `paraph local serve --background`"
            }
            (Cause::Unreachable(_), _) => "check the address, the network, the proxy variables and git's http.proxy",
            (Cause::Network(_), _) => {
                "correct the setting; to trust a private CA or an inspecting proxy, name its certificate in http.sslCAInfo"
            }
            (Cause::Untrusted(_), _) => {
                "if you use a private CA or an inspecting proxy, name its certificate in git's http.sslCAInfo or in SSL_CERT_FILE"
            }
            (Cause::Deadline(_) | Cause::Budget(_) | Cause::Unavailable { .. } | Cause::Broken(_), _) => {
                "try again; if it keeps failing, check the service's status page"
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

/// Text from outside, safe to show: control and invisible characters escaped, long words replaced, at most 200 characters.
pub(crate) fn quotable(text: &str) -> String {
    const LONGEST_RUN: usize = 48;
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for (position, word) in text.split_whitespace().enumerate() {
        if position > 0 {
            shown.push(' ');
        }
        // the alphabet of tokens; any other character ends a word
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
        the issuer at https://host.test/path is not available: it answered 503 Service Unavailable 4 times
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
