//! The HTTP server: one listener on loopback, the checks that every request passes, and the way to the services.

use std::{
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State as Shared},
    http::{HeaderMap, Method, Response, header},
};

use super::{
    answer::{Answer, Call, Grpc},
    error::LocalError,
    faults::{Fault, Service},
    services::Services,
};

/// The largest body that is read, in bytes: certificate, signature and digest have about 3,000.
const MAX_BODY: usize = 256 * 1024;
/// Of a larger body this much is taken in, so that its sender gets to read the answer.
const MAX_DRAINED: usize = 1024 * 1024;
/// Requests at a time: a bound on memory.
const MAX_REQUESTS: usize = 64;
/// A request is whole within this time, or its connection is closed.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// What a slow service waits.
const SLOW: Duration = Duration::from_secs(30);

/// Hears of each answer of a service: the request's path, when the request was whole, and when the answer was there.
pub type Observer = Arc<dyn Fn(&str, Instant, Instant) + Send + Sync>;

/// What every request is handled with.
type Handling = (Arc<Services>, Arc<tokio::sync::Semaphore>, Option<Observer>);

/// A listener that holds the instance's port.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
}

impl Listener {
    /// Takes the port on 127.0.0.1, and nowhere else.
    pub fn bind(port: u16) -> Result<Self, LocalError> {
        let listener =
            TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).map_err(|source| LocalError::Port { port, source })?;
        let local = listener.local_addr().map_err(|source| LocalError::Port { port, source })?;
        if !local.ip().is_loopback() {
            return Err(LocalError::Port { port, source: std::io::Error::other("the address is not of loopback") });
        }
        listener.set_nonblocking(true).map_err(|source| LocalError::Port { port, source })?;
        Ok(Self { listener })
    }

    /// Serves until `stop` is ready.
    pub async fn serve(
        self,
        services: Arc<Services>,
        observer: Option<Observer>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), LocalError> {
        let port = services.state.settings.port;
        let failed = |source| LocalError::Port { port, source };
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
        let gate = Arc::new(tokio::sync::Semaphore::new(MAX_REQUESTS));
        let router = Router::new().fallback(handle).with_state((services, gate, observer));
        tokio::select! {
            served = async { axum::serve(listener, router).await } => served.map_err(failed),
            // open connections are cut: an answer is given only for what is on disk
            () = stop => Ok(()),
        }
    }
}

async fn handle(Shared((services, gate, observer)): Shared<Handling>, request: Request) -> Response<Body> {
    let port = services.state.settings.port;
    if let Err(answer) =
        check_origin(port, request.method(), request.headers(), request.uri().authority().map(|authority| authority.as_str()))
    {
        return answer.into_response();
    }
    // the gate is never closed
    let Ok(_turn) = gate.acquire().await else { return Answer::text(503, "Service Unavailable").into_response() };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = match tokio::time::timeout(BODY_DEADLINE, axum::body::to_bytes(body, MAX_DRAINED)).await {
        Ok(Ok(body)) if body.len() <= MAX_BODY => body,
        Ok(_) => return too_large(&path).with(header::CONNECTION, "close").into_response(),
        Err(_) => return Answer::text(408, "Request Timeout").into_response(),
    };
    let slow = Services::service_of(&path).is_some_and(|service: Service| services.has(Fault::Slow(service)));
    if slow {
        tokio::time::sleep(SLOW).await;
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let call = Call { method: parts.method, path, query, headers: parts.headers, body };
    // signing and waiting for the disk would hold up every other connection
    let started = Instant::now();
    let answered = tokio::task::spawn_blocking(move || {
        let answer = services.answer(&call);
        if let Some(observer) = observer {
            observer(&call.path, started, Instant::now());
        }
        answer
    });
    match answered.await {
        Ok(answer) => answer.into_response(),
        Err(_) => Answer::text(500, "Internal Server Error").into_response(),
    }
}

/// A page of another site reaches loopback in two ways: by its own host name that resolves here, or by our address from its own origin.
fn check_origin(port: u16, method: &Method, headers: &HeaderMap, authority: Option<&str>) -> Result<(), Answer> {
    let ours = |host: &str| host == format!("127.0.0.1:{port}") || host == format!("localhost:{port}");
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next();
        if values.next().is_some() { Some("") } else { value.map(|value| value.to_str().unwrap_or_default()) }
    };
    let host = one(header::HOST).unwrap_or_default();
    if !ours(host) || !authority.is_none_or(ours) {
        return Err(Answer::text(421, "This server answers for 127.0.0.1 and localhost only"));
    }
    let reading = matches!(*method, Method::GET | Method::HEAD);
    let foreign = one(header::ORIGIN).is_some_and(|origin| !origin.strip_prefix("http://").is_some_and(ours));
    // the browser's own word on where a request comes from; programs send none
    let cross_site = matches!(headers.get("sec-fetch-site").map(|value| value.as_bytes()), Some(b"cross-site" | b"same-site"));
    if !reading && (foreign || cross_site) {
        return Err(Answer::text(403, "Requests from other origins are refused"));
    }
    Ok(())
}

fn too_large(path: &str) -> Answer {
    match Services::service_of(path) {
        Some(Service::Fulcio) => Answer::grpc_error(Grpc::InvalidArgument, "http: request body too large").with(header::VARY, "Origin"),
        Some(Service::Rekor) if path.starts_with("/api/v2/") => Answer::grpc_error(Grpc::InvalidArgument, "http: request body too large"),
        _ => Answer::api_error(413, 413, "the body is too large"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, headers: &[(&'static str, &str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        check_origin(7, &method, &headers, None).err().map(|answer| answer.status())
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
