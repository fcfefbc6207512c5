//! The HTTP client for all services: deadlines, a time limit for all calls together, limits on the size of answers, and retries of calls that may
//! be repeated.
//!
//! The clients are built for the first request that needs them, because loading the system's certificates takes longer than the rest of the
//! program. Redirects are not followed. Calls to this machine and to its metadata service use no proxy, and load no certificates for plain http.
//! Tokens go to other machines over TLS only.

use super::{
    address::stays_on_host,
    error::{Cause, Service, ServiceError, quotable},
    network::{Network, NetworkError, ProxyUse, Route},
};
use crate::wording::spoken_duration;
use bytes::Bytes;
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
};
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// The name under which this program calls services.
pub(crate) const USER_AGENT: &str = concat!("paraph/", env!("CARGO_PKG_VERSION"));
/// The largest answer that is read unless a call says otherwise, in bytes.
pub(crate) const MAX_ANSWER: usize = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A wait that is longer is announced.
const WAIT_ANNOUNCED: Duration = Duration::from_secs(2);
const MAX_ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The time limits of calls.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// The limit for one request, from the connection to the last byte of the answer.
    pub request: Duration,
    /// The limit for one call with its retries, unless [`Http::within`] sets another.
    pub budget: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), budget: Duration::from_secs(90) }
    }
}

/// The HTTP clients of a process, shared by all service clients. Cheap to clone.
///
/// It keeps connections, so each tokio runtime needs its own.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
    budget: Option<Budget>,
    allows_plain_http: bool,
    waits: Option<Arc<Waits>>,
    network: Arc<Network>,
}

/// Tells which service is waited for, once for each.
struct Waits {
    announce: Box<dyn Fn(&str) + Send + Sync>,
    announced: Mutex<Vec<String>>,
}

impl Waits {
    fn tell(&self, call: &Call<'_>) {
        let service = format!("{} at {}", call.service, quotable(&call.url.origin().ascii_serialization()));
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        if !announced.contains(&service) {
            (self.announce)(&service);
            announced.push(service);
        }
    }
}

/// A time limit for several calls together: its end and its length.
#[derive(Clone, Copy)]
struct Budget {
    until: Instant,
    length: Duration,
}

impl Budget {
    fn from_now(length: Duration) -> Self {
        Self { until: Instant::now() + length, length }
    }

    fn left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

struct Shared {
    limits: TimeLimits,
    /// The client for plain http to this machine and to its host's metadata service.
    direct: OnceLock<Client>,
    remote: OnceLock<Client>,
    /// The clients for addresses that git's settings say how to reach, and for TLS on this machine.
    routed: Mutex<Vec<(Route, Client)>>,
    warnings: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}

impl Http {
    /// New clients, which the first request builds.
    pub fn new(limits: TimeLimits) -> Self {
        let shared =
            Shared { limits, direct: OnceLock::new(), remote: OnceLock::new(), routed: Mutex::default(), warnings: Mutex::default() };
        Self { shared: Arc::new(shared), budget: None, allows_plain_http: false, waits: None, network: Arc::default() }
    }

    /// These clients; if `allowed`, they also send tokens to other machines over plain http.
    #[must_use]
    pub fn allowing_plain_http(self, allowed: bool) -> Self {
        Self { allows_plain_http: allowed, ..self }
    }

    /// These clients; `announce` is told of each service that has not answered for some time, by its name and address.
    #[must_use]
    pub fn announcing_waits(self, announce: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { waits: Some(Arc::new(Waits { announce: Box::new(announce), announced: Mutex::default() })), ..self }
    }

    /// These clients with git's settings of connections.
    #[must_use]
    #[cfg(feature = "cli")]
    pub(crate) fn with_network(self, network: Network) -> Self {
        Self { network: Arc::new(network), ..self }
    }

    /// These clients with one time limit for all calls together, from now on.
    pub fn within(&self, budget: Duration) -> Self {
        Self { budget: Some(Budget::from_now(budget)), ..self.clone() }
    }

    /// These clients with one time limit for all calls together: the one they have, otherwise the usual one.
    pub(crate) fn bounded(&self) -> Self {
        if self.budget.is_some() { self.clone() } else { self.within(self.shared.limits.budget) }
    }

    /// Warnings from building the clients, in sentences; usually none. Each is returned once.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends `call` and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// A [`ServiceError`] of transport, time limit, size or redirect, or a status of [`is_temporary`] after all retries.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, ServiceError> {
        let secret = matches!(call.service, Service::Fulcio | Service::IdentityProvider | Service::Workload(_));
        if secret && call.url.scheme() == "http" && !self.allows_plain_http && !stays_on_host(&call.url) {
            return Err(call.error(Cause::PlainHttp));
        }
        let Some(waits) = &self.waits else { return self.attempts(call).await };
        let mut attempts = std::pin::pin!(self.attempts(call));
        match tokio::time::timeout(WAIT_ANNOUNCED, &mut attempts).await {
            Ok(answer) => answer,
            Err(_) => {
                waits.tell(call);
                attempts.await
            }
        }
    }

    /// Sends a call until it has an answer or may not be repeated.
    async fn attempts(&self, call: &Call<'_>) -> Result<Answer, ServiceError> {
        let budget = self.budget.unwrap_or_else(|| Budget::from_now(self.shared.limits.budget));
        let mut attempt = 1;
        loop {
            let own = self.shared.limits.request;
            let deadline = own.min(budget.left());
            if deadline.is_zero() {
                return Err(call.error(Cause::Budget(budget.length)));
            }
            let started = Instant::now();
            let failure = match self.once(call, deadline).await {
                Err(failure) if deadline < own && matches!(failure.error.cause(), Cause::Deadline(_)) => {
                    return Err(call.error(Cause::Budget(budget.length)));
                }
                Ok(answer) if !is_temporary(answer.status) => return Ok(answer),
                Ok(answer) => FailedAttempt {
                    error: call.error(Cause::Unavailable { status: answer.status.as_u16(), attempts: attempt, message: answer.message() }),
                    repeatable: call.retry == Retry::Safe,
                    wait: answer.retry_after(),
                },
                Err(failure) => failure,
            };
            let pause = failure.wait.unwrap_or_else(|| pause_after(attempt));
            // waiting makes no sense if no time would be left for the next attempt
            let time_left = budget.left() > pause + started.elapsed().min(Duration::from_secs(1));
            if !failure.repeatable || attempt == MAX_ATTEMPTS || !time_left {
                return Err(failure.error);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Waits before another look-up. False, without waiting, if the time limit does not allow it.
    pub(crate) async fn wait(&self, duration: Duration) -> bool {
        if self.budget.is_some_and(|budget| budget.left() < duration) {
            return false;
        }
        tokio::time::sleep(duration).await;
        true
    }

    async fn once(&self, call: &Call<'_>, deadline: Duration) -> Result<Answer, FailedAttempt> {
        let client = self.client(call).map_err(FailedAttempt::lasting)?;
        let mut request = client.request(call.method.clone(), call.url.clone()).timeout(deadline);
        if let Some(accept) = call.accept {
            request = request.header(ACCEPT, accept);
        }
        request = match &call.body {
            Body::Empty => request,
            Body::Of(content_type, body) => request.header(CONTENT_TYPE, *content_type).body(body.clone()),
            Body::TypedByHeaders(body) => request.body(body.clone()),
        };
        if let Some(token) = call.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
                FailedAttempt::lasting(call.error(Cause::Address("the token contains characters that are not allowed in a header".into())))
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let failed = |error: reqwest::Error| FailedAttempt::of_transport(call, error, deadline, || self.proxy_of(&call.url));
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_redirection() && !call.takes_redirect {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(quotable);
            return Err(FailedAttempt::lasting(call.error(Cause::Redirected { status: status.as_u16(), location })));
        }
        let too_large = || FailedAttempt::lasting(call.error(Cause::TooLarge(call.max_answer)));
        if response.content_length().is_some_and(|length| length > call.max_answer as u64) {
            return Err(too_large());
        }
        let page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if page && status.is_success() && !call.takes_redirect {
            return Err(FailedAttempt::lasting(call.error(Cause::Page)));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > call.max_answer {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { service: call.service, url: call.url.clone(), status, headers, body })
    }

    fn client(&self, call: &Call<'_>) -> Result<Client, ServiceError> {
        let failed = |error: reqwest::Error| call.error(Cause::Client(innermost(&error.without_url())));
        if stays_on_host(&call.url) && call.url.scheme() == "http" {
            return kept(&self.shared.direct, || builder().no_proxy().tls_certs_only([]).build()).map_err(failed);
        }
        let refused = |error: NetworkError| call.error(Cause::Network(quotable(&error.to_string())));
        let route = self.network.route(&call.url).map_err(refused)?;
        if route == Route::default() {
            return kept(&self.shared.remote, || self.with_store(builder)).map_err(failed);
        }
        let mut routed = self.shared.routed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = routed.iter().find(|(known, _)| *known == route) {
            return Ok(client.clone());
        }
        let client = match route == Route::direct() {
            true => self.with_store(|| builder().no_proxy()),
            false => route.apply(builder()).map_err(refused)?.and_then(reqwest::ClientBuilder::build),
        };
        let client = client.map_err(failed)?;
        routed.push((route, client.clone()));
        Ok(client)
    }

    /// The proxy through which an address is called: host and port.
    fn proxy_of(&self, url: &Url) -> Option<String> {
        use hyper_util::client::proxy::matcher::Matcher;
        if stays_on_host(url) {
            return None;
        }
        let matcher = match self.network.route(url).ok()?.proxy {
            ProxyUse::System => Matcher::from_system(),
            ProxyUse::Never => return None,
            ProxyUse::At(proxy) => {
                let excluded = ["NO_PROXY", "no_proxy"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
                Matcher::builder().all(proxy.to_string()).no(excluded).build()
            }
        };
        let found = matcher.intercept(&url.as_str().parse().ok()?)?;
        let (host, port) = (found.uri().host()?, found.uri().port_u16());
        Some(quotable(&port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))))
    }

    /// The client with this machine's certificate store, otherwise with the built-in roots.
    fn with_store(&self, builder: impl Fn() -> reqwest::ClientBuilder) -> reqwest::Result<Client> {
        builder().build().or_else(|error| {
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| reqwest::Certificate::from_der(root).ok());
            let client = builder().tls_certs_only(roots).build()?;
            let warning = format!(
                "this machine's certificate store cannot be used ({}); paraph's copy of Mozilla's roots is used instead",
                innermost(&error)
            );
            self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
            Ok(client)
        })
    }
}

/// The client of a slot. Two threads may each build one; the first is kept.
fn kept(slot: &OnceLock<Client>, build: impl FnOnce() -> reqwest::Result<Client>) -> reqwest::Result<Client> {
    match slot.get() {
        Some(client) => Ok(client.clone()),
        None => build().map(|built| slot.get_or_init(|| built).clone()),
    }
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder().user_agent(USER_AGENT).redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT)
}

/// The URL of `path` (without a leading slash) below `base`.
///
/// # Errors
/// [`Cause::Address`] if `base` is not an http or https URL, or has a query.
pub(crate) fn endpoint(service: Service, base: &str, path: &str) -> Result<Url, ServiceError> {
    let wrong = |why: &str| ServiceError::new(service, base, Cause::Address(why.into()));
    let mut url = Url::parse(base).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("its scheme is not http or https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    if !path.is_empty() {
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
    }
    Ok(url)
}

/// Whether a call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It may: a read, a new timestamp, or an entry that the log recognises by its content.
    Safe,
    /// Only if there was no connection, so that the request was never sent.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only a login has such a call"))]
    Unsent,
}

/// The body of a request.
pub(crate) enum Body {
    Empty,
    /// With its content type.
    Of(&'static str, Bytes),
    /// Its content type is among the call's headers.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only a login has such a call"))]
    TypedByHeaders(Bytes),
}

/// One request.
pub(crate) struct Call<'a> {
    pub(crate) service: Service,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: Option<&'static str>,
    pub(crate) body: Body,
    pub(crate) bearer: Option<&'a str>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The largest answer that is read, in bytes.
    pub(crate) max_answer: usize,
    pub(crate) retry: Retry,
    /// Whether a redirect is an answer and not an error. It is not followed.
    pub(crate) takes_redirect: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(service: Service, method: Method, url: Url) -> Self {
        Self {
            service,
            method,
            url,
            accept: None,
            body: Body::Empty,
            bearer: None,
            headers: Vec::new(),
            max_answer: MAX_ANSWER,
            retry: Retry::Safe,
            takes_redirect: false,
        }
    }

    pub(crate) fn get(service: Service, url: Url) -> Self {
        Self::new(service, Method::GET, url)
    }

    /// A POST of JSON with an answer in JSON.
    pub(crate) fn post_json(service: Service, url: Url, body: &serde_json::Value) -> Self {
        Self {
            accept: Some("application/json"),
            body: Body::Of("application/json", body.to_string().into()),
            ..Self::new(service, Method::POST, url)
        }
    }

    pub(crate) fn bearer(self, token: &'a str) -> Self {
        Self { bearer: Some(token), ..self }
    }

    pub(crate) fn error(&self, cause: Cause) -> ServiceError {
        ServiceError::new(self.service, self.url.as_str(), cause)
    }
}

/// A complete answer.
pub(crate) struct Answer {
    service: Service,
    url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn error(&self, cause: Cause) -> ServiceError {
        ServiceError::new(self.service, self.url.as_str(), cause)
    }

    pub(crate) fn malformed(&self, detail: impl Into<String>) -> ServiceError {
        self.error(Cause::Malformed(detail.into()))
    }

    pub(crate) fn mismatch(&self, detail: impl Into<String>) -> ServiceError {
        self.error(Cause::Mismatch(detail.into()))
    }

    pub(crate) fn refused(&self) -> ServiceError {
        if self.status.is_success() {
            return self.malformed(format!("{} is not a valid status of this answer", self.status));
        }
        self.error(Cause::Refused { status: self.status.as_u16(), message: self.message() })
    }

    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, ServiceError> {
        crate::json_object::value(&self.body).map_err(|error| self.malformed(quotable(&error.to_string())))
    }

    /// The service's own message: `message`, `error_description` or `error` of a JSON body, or a text.
    pub(crate) fn message(&self) -> Option<String> {
        let text = match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(json) => {
                let field = |name| json.get(name).and_then(serde_json::Value::as_str);
                field("message").or_else(|| field("error_description")).or_else(|| field("error")).map(str::to_owned)?
            }
            Err(_) if self.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")) => {
                String::from_utf8_lossy(&self.body).into_owned()
            }
            Err(_) => return None,
        };
        Some(quotable(&text)).filter(|text| !text.is_empty())
    }

    /// How long the service asks to wait (`Retry-After`): seconds or an HTTP date.
    fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
    }
}

/// Whether a status says that a later attempt may succeed.
fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

struct FailedAttempt {
    error: ServiceError,
    repeatable: bool,
    wait: Option<Duration>,
}

impl FailedAttempt {
    fn lasting(error: ServiceError) -> Self {
        Self { error, repeatable: false, wait: None }
    }

    fn of_transport(call: &Call<'_>, error: reqwest::Error, deadline: Duration, proxy: impl FnOnce() -> Option<String>) -> Self {
        let error = error.without_url();
        let detail = match error.is_connect().then(proxy).flatten() {
            Some(proxy) => format!("{} (through the proxy {proxy})", innermost(&error)),
            None => innermost(&error),
        };
        // by its text: `io::Error` does not give its inner error to `source`, and rustls is no dependency of its own. A test connects to a server
        // whose certificate is not trusted.
        let certificate = detail.contains("certificate") || detail.contains("invalid peer");
        let (cause, repeatable) = if error.is_timeout() && error.is_connect() {
            // a host that drops packets will do so again
            (Cause::Unreachable(format!("no connection within {}: {detail}", spoken_duration(CONNECT_TIMEOUT))), false)
        } else if error.is_timeout() {
            (Cause::Deadline(deadline), false)
        } else if error.is_connect() && certificate {
            (Cause::Untrusted(detail), false)
        } else if error.is_connect() {
            (Cause::Unreachable(detail), true)
        } else if error.is_request() || error.is_body() || error.is_decode() {
            (Cause::Broken(detail), call.retry == Retry::Safe)
        } else {
            (Cause::Broken(detail), false)
        };
        Self { error: call.error(cause), repeatable, wait: None }
    }
}

/// The innermost cause, without the number of the operating system's error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = quotable(&innermost.to_string());
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        // "Connection refused" inside a sentence
        Some(first) if letters.as_str().starts_with(|c: char| c.is_ascii_lowercase()) => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// A pause that doubles with each attempt, shortened at random to as little as half.
fn pause_after(attempt: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(8)).min(LONGEST_PAUSE);
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    whole / 2 + (whole / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
