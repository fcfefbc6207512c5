//! Services of the tests: real HTTP over loopback, each answer decided by a function.

use super::http::{Http, TimeLimits};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, StatusCode, Uri},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// 1 for the first request.
    pub(crate) number: usize,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An answer to give.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    never: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), never: false }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A header's value, by its name in lower case.
    pub(crate) fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, body.to_string()).header("content-type", "application/json")
    }

    /// The connection stays open and nothing comes.
    pub(crate) fn never() -> Self {
        Self { never: true, ..Self::new(200, "") }
    }

    /// The answer of a recorded exchange.
    pub(crate) fn recorded(name: &str) -> Self {
        let exchange = recorded(name);
        let mut reply = Self::new(u16::try_from(exchange["response"]["status"].as_u64().unwrap()).unwrap(), body_of(&exchange["response"]));
        for header in exchange["response"]["headers"].as_array().unwrap() {
            let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
            if !["Transfer-Encoding", "Content-Length", "Date"].contains(&name) {
                reply = reply.header(name, value);
            }
        }
        reply
    }
}

/// A recorded exchange with a real server.
pub(crate) fn recorded(name: &str) -> serde_json::Value {
    let path = format!("{}/tests/fixtures/real-servers/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

/// The body of one side of a recorded exchange.
pub(crate) fn body_of(side: &serde_json::Value) -> Vec<u8> {
    use base64::Engine as _;
    match side["body_base64"].as_str() {
        Some(text) => base64::engine::general_purpose::STANDARD.decode(text).unwrap(),
        None => side["body"].as_str().unwrap().as_bytes().to_vec(),
    }
}

/// A server on loopback that lives until the test ends.
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn new(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let request = {
                    let mut log = log.lock().unwrap();
                    let request = Seen {
                        method,
                        path: uri.path().into(),
                        query: uri.query().unwrap_or_default().into(),
                        headers,
                        body: body.to_vec(),
                        number: log.len() + 1,
                    };
                    log.push(request.clone());
                    request
                };
                let reply = answer(&request);
                if reply.never {
                    std::future::pending::<()>().await;
                }
                let mut response = axum::http::Response::builder().status(StatusCode::from_u16(reply.status).unwrap());
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        };
        let router = axum::Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Clients with short deadlines.
pub(crate) fn impatient() -> Http {
    Http::new(TimeLimits { request: Duration::from_millis(300), budget: Duration::from_secs(5) })
}

/// Clients with deadlines that no test on a slow machine meets.
pub(crate) fn patient() -> Http {
    Http::new(TimeLimits { request: Duration::from_secs(60), budget: Duration::from_secs(120) })
}

/// Runs `test` on a runtime of one thread.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// The text of an error, without the ports of this run.
pub(crate) fn without_port(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut parts = text.split("127.0.0.1:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("HOST");
        shown.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    shown
}
