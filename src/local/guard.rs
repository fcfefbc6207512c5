//! What every request passes before a service sees it: host and origin, limits on number, size and time, and the ordered faults.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{
    answer::Answer,
    faults::{Fault, Service},
    services::LocalServices,
};
use crate::service::Connection;

/// The maximum size of most bodies, in bytes. Certificate, signature and digest take about 3,000.
const MAX_BODY: usize = 256 * 1024;
/// The maximum number of larger bodies at a time.
const MAX_LARGE_BODIES: usize = 4;
/// How much more than a body may have is read, in bytes, so that its sender gets to read the answer.
const MAX_DRAINED: usize = 1024 * 1024;
/// The maximum number of handlers at a time.
const MAX_REQUESTS: usize = 64;
/// The time in which a request's body must be complete. Otherwise it is refused, shortly before the server ends the connection.
const BODY_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a slow service waits.
const SLOW: Duration = Duration::from_secs(30);

/// Called with each answer of a service: the request's path, when the request was complete, and when the answer was ready.
pub type Observer = Arc<dyn Fn(&str, Instant, Instant) + Send + Sync>;

/// How large a service's requests may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit {
    /// The maximum size of a body, in bytes.
    pub bytes: usize,
    /// The answer to a larger one.
    pub too_large: fn() -> Answer,
}

impl BodyLimit {
    /// The usual limit.
    pub(super) fn usual(too_large: fn() -> Answer) -> Self {
        Self { bytes: MAX_BODY, too_large }
    }
}

/// What all guards share.
#[derive(Clone)]
pub(super) struct Shared {
    services: Arc<LocalServices>,
    permits: Arc<Semaphore>,
    large_bodies: Arc<Semaphore>,
    observer: Option<Observer>,
}

impl Shared {
    /// The guards of these services.
    pub(super) fn new(services: Arc<LocalServices>, observer: Option<Observer>) -> Self {
        let (permits, large_bodies) = (Semaphore::new(MAX_REQUESTS), Semaphore::new(MAX_LARGE_BODIES));
        Self { services, permits: Arc::new(permits), large_bodies: Arc::new(large_bodies), observer }
    }

    /// The guard of one service.
    pub(super) fn guard(&self, service: Option<Service>, limit: BodyLimit) -> Guard {
        Guard { shared: self.clone(), service, limit }
    }
}

/// The guard of one service.
#[derive(Clone)]
pub(super) struct Guard {
    shared: Shared,
    /// The service whose faults count.
    service: Option<Service>,
    limit: BodyLimit,
}

/// Reads a request's body and runs its handler on a thread for blocking work, since handlers sign and wait for the disk.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let Guard { shared: Shared { services, permits, large_bodies, observer }, service, limit } = guard;
    let (parts, body) = request.into_parts();
    // slow bodies hold no permit, or a few clients could keep all others out
    let (body, _large) = match tokio::time::timeout(BODY_TIMEOUT, read(body, limit.bytes, large_bodies)).await {
        Ok(Some(read)) => read,
        Ok(None) => return (limit.too_large)().with(header::CONNECTION, "close").into_response(),
        Err(_) => return Answer::text(408, "Request Timeout").with(header::CONNECTION, "close").into_response(),
    };
    let _busy = parts.extensions.get::<Connection>().map(Connection::busy);
    let has = |fault: fn(Service) -> Fault| service.is_some_and(|service| services.has(fault(service)));
    if has(Fault::Slow) {
        tokio::time::sleep(SLOW).await;
    }
    // the semaphore is never closed
    let Ok(_permit) = permits.acquire().await else { return Answer::text(503, "Service Unavailable").into_response() };
    let down = has(Fault::Down);
    let path = parts.uri.path().to_owned();
    let request = Request::from_parts(parts, Body::from(body));
    let (started, runtime) = (Instant::now(), Handle::current());
    let answered = tokio::task::spawn_blocking(move || {
        let answer = if down { Answer::text(502, "Bad Gateway").into_response() } else { runtime.block_on(next.run(request)) };
        if let Some(observer) = observer {
            observer(&path, started, Instant::now());
        }
        answer
    });
    // an error is a panic of the handler
    answered.await.unwrap_or_else(|_| Answer::text(500, "Internal Server Error").into_response())
}

/// Reads a body of at most `limit` bytes; `None` if it is larger or the client is gone. What exceeds that is read and not kept. A body over
/// [`MAX_BODY`] waits for a permit, which it holds.
async fn read(mut body: Body, limit: usize, large_bodies: Arc<Semaphore>) -> Option<(Vec<u8>, Option<OwnedSemaphorePermit>)> {
    let (mut kept, mut length, mut permit) = (Vec::new(), 0_usize, None);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > limit.saturating_add(MAX_DRAINED) {
            return None;
        }
        if length > limit {
            kept = Vec::new();
            continue;
        }
        if length > MAX_BODY && permit.is_none() {
            permit = Some(large_bodies.clone().acquire_owned().await.ok()?);
        }
        kept.extend_from_slice(&data);
    }
    (length <= limit).then_some((kept, permit))
}

/// Refuses requests of other sites. A page of another site reaches loopback in two ways: by a host name of its own that resolves to it, or
/// by this server's address from its own origin.
pub(super) async fn check_origin(State(port): State<u16>, request: Request, next: Next) -> Response {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    match origin_error(port, request.method(), request.headers(), authority) {
        Some(answer) => answer.into_response(),
        None => next.run(request).await,
    }
}

fn origin_error(port: u16, method: &Method, headers: &HeaderMap, authority: Option<&str>) -> Option<Answer> {
    let ours = |host: &str| host == format!("127.0.0.1:{port}") || host == format!("localhost:{port}");
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next();
        if values.next().is_some() { Some("") } else { value.map(|value| value.to_str().unwrap_or_default()) }
    };
    let host = one(header::HOST).unwrap_or_default();
    if !ours(host) || !authority.is_none_or(ours) {
        return Some(Answer::text(421, "This server answers for 127.0.0.1 and localhost only"));
    }
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let foreign = one(header::ORIGIN).is_some_and(|origin| !origin.strip_prefix("http://").is_some_and(ours));
    // browsers send this header, programs do not
    let cross_site = matches!(headers.get("sec-fetch-site").map(|value| value.as_bytes()), Some(b"cross-site" | b"same-site"));
    (!reading && (foreign || cross_site)).then(|| Answer::text(403, "Requests from other origins are refused"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, headers: &[(&'static str, &str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        origin_error(7, &method, &headers, None).map(|answer| answer.into_response().status().as_u16())
    }

    #[test]
    fn only_our_host_and_our_origin_pass() {
        assert_eq!(status(Method::GET, &[("host", "127.0.0.1:7")]), None);
        assert_eq!(status(Method::POST, &[("host", "localhost:7"), ("origin", "http://127.0.0.1:7")]), None);
        for host in ["127.0.0.1", "127.0.0.1:8", "evil.example:7", "localhost:7.evil.example", ""] {
            assert_eq!(status(Method::GET, &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(status(Method::GET, &[]), Some(421));
        for origin in ["http://evil.example", "null", "https://127.0.0.1:7", "http://127.0.0.1:8", ""] {
            assert_eq!(status(Method::POST, &[("host", "127.0.0.1:7"), ("origin", origin)]), Some(403), "{origin}");
        }
        assert_eq!(status(Method::POST, &[("host", "127.0.0.1:7"), ("sec-fetch-site", "cross-site")]), Some(403));
        assert_eq!(status(Method::GET, &[("host", "127.0.0.1:7"), ("origin", "http://evil.example")]), None);
    }
}
