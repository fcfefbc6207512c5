//! The loopback redirect (RFC 8252, section 7.3): a server on this machine that receives one login's answer from the browser.
//!
//! Other requests (a favicon, a connection that is opened early, another page's guess) are answered and change nothing. The browser shows one
//! page (see `page`), which contains nothing from outside.

use super::{
    error::LoginError,
    page::{Tone, page},
    provider::{Callback, Expected},
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Response, StatusCode, Uri},
};
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, oneshot},
};
use url::Url;

/// The redirect URL unless another one is configured. The operating system chooses the port.
pub(crate) const DEFAULT_REDIRECT: &str = "http://localhost/auth/callback";
/// How long the last page may take to reach the browser.
const PAGE_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPTS: usize = 8;

/// A bound address on loopback.
pub(crate) struct Receiver {
    listeners: Vec<TcpListener>,
    redirect: Url,
}

/// A server that waits for one answer. It stops when it is dropped.
pub(crate) struct Waiting {
    answers: mpsc::Receiver<Received>,
    stop: Vec<oneshot::Sender<()>>,
    servers: Vec<tokio::task::JoinHandle<()>>,
}

/// The answer of the login, and where to send the page that the browser shows.
pub(crate) struct Received {
    pub(crate) callback: Callback,
    page: oneshot::Sender<Page>,
}

/// What the browser shows at the end.
#[derive(Clone, Copy)]
pub(crate) enum Page {
    /// The login succeeded.
    Success,
    /// The login failed; the terminal shows the reason.
    Failure,
}

impl Receiver {
    /// Binds the host of the `configured` redirect URL, which must be this machine, on its port or on a free one.
    pub(crate) async fn bind(configured: Option<&str>) -> Result<Self, LoginError> {
        let text = configured.filter(|text| !text.is_empty()).unwrap_or(DEFAULT_REDIRECT);
        let wrong = |why: &str| LoginError::Redirect { url: crate::service::quotable(text), why: why.into() };
        let mut redirect = Url::parse(text).map_err(|_| wrong("it is not a URL such as http://localhost:0/auth/callback"))?;
        if redirect.scheme() != "http" || !crate::service::is_loopback(&redirect) {
            return Err(wrong("it must be http on localhost, 127.0.0.1 or [::1]"));
        }
        if redirect.query().is_some() || redirect.fragment().is_some() || !redirect.username().is_empty() || redirect.password().is_some() {
            return Err(wrong("it must not contain a query or credentials"));
        }
        let port = redirect.port().unwrap_or(0);
        let listeners = match redirect.host() {
            Some(url::Host::Ipv4(address)) => vec![TcpListener::bind((address, port)).await.map_err(LoginError::Listen)?],
            Some(url::Host::Ipv6(address)) => vec![TcpListener::bind((address, port)).await.map_err(LoginError::Listen)?],
            _ => both(port).await.map_err(LoginError::Listen)?,
        };
        let port = listeners.first().and_then(|listener| listener.local_addr().ok()).map(|address| address.port());
        redirect.set_port(port).map_err(|()| wrong("it cannot have a port"))?;
        Ok(Self { listeners, redirect })
    }

    /// The redirect URL with its port.
    pub(crate) fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// Serves until an answer arrives that belongs to the login.
    pub(crate) fn wait(self, expected: Expected, autoclose: Option<Duration>) -> Waiting {
        let (sender, answers) = mpsc::channel(1);
        let authority = self.redirect.port().map_or_else(
            || self.redirect.host_str().unwrap_or_default().to_owned(),
            |port| format!("{}:{port}", self.redirect.host_str().unwrap_or_default()),
        );
        let path = self.redirect.path().to_owned();
        let shared = Arc::new(Shared { authority, path, expected, autoclose, sender: Mutex::new(Some(sender)) });
        let router = Router::new().fallback(answer).with_state(shared);
        let mut waiting = Waiting { answers, stop: Vec::new(), servers: Vec::new() };
        for listener in self.listeners {
            let (stop, stopped) = oneshot::channel::<()>();
            let router = router.clone();
            waiting.stop.push(stop);
            waiting.servers.push(tokio::spawn(async move {
                let stopped = async {
                    let _ = stopped.await;
                };
                crate::service::serve(listener, router, stopped).await;
            }));
        }
        waiting
    }
}

/// Binds both address families. A browser may resolve `localhost` to either, and another user could bind the other one.
async fn both(port: u16) -> std::io::Result<Vec<TcpListener>> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    for _ in 0..ATTEMPTS {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        match TcpListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port())).await {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => last = error,
            // no IPv6 on this machine
            Err(_) => return Ok(vec![first]),
        }
    }
    Err(last)
}

impl Waiting {
    /// The login's answer.
    pub(crate) async fn answer(&mut self) -> Option<Received> {
        self.answers.recv().await
    }

    /// Shows `page` in the browser, and stops.
    pub(crate) async fn finish(mut self, received: Received, page: Page) {
        let _ = received.page.send(page);
        self.stop.clear();
        let servers = std::mem::take(&mut self.servers);
        for mut server in servers {
            if tokio::time::timeout(PAGE_TIMEOUT, &mut server).await.is_err() {
                // the browser holds a connection open
                server.abort();
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

struct Shared {
    authority: String,
    path: String,
    expected: Expected,
    autoclose: Option<Duration>,
    /// Taken by the first answer that belongs to the login.
    sender: Mutex<Option<mpsc::Sender<Received>>>,
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let neutral = |status, title, text| page(status, Tone::Neutral, title, text, None);
    // another site may reach this port under another name
    if headers.get("host").and_then(|host| host.to_str().ok()) != Some(shared.authority.as_str()) {
        return neutral(StatusCode::MISDIRECTED_REQUEST, "Not here", "This address does not respond to that host name.");
    }
    if uri.path() != shared.path {
        return neutral(StatusCode::NOT_FOUND, "Nothing here", "This address only receives the answer of a login.");
    }
    if method != Method::GET {
        return neutral(StatusCode::METHOD_NOT_ALLOWED, "Nothing here", "This address only receives the answer of a login.");
    }
    let Ok(callback) = shared.expected.read(uri.query().unwrap_or_default()) else {
        return neutral(
            StatusCode::BAD_REQUEST,
            "Not the answer of this login",
            "It was ignored. Continue on the page that paraph opened last, or at the address in the terminal.",
        );
    };
    let Some(sender) = shared.sender.lock().await.take() else {
        return neutral(StatusCode::CONFLICT, "Already answered", "This login is already answered. You can close this page.");
    };
    let (page_sender, decided) = oneshot::channel();
    if sender.send(Received { callback, page: page_sender }).await.is_err() {
        return neutral(StatusCode::GONE, "Too late", "This login has ended. You can close this page.");
    }
    match decided.await {
        Ok(Page::Success) => {
            let text = "You can close this page.";
            page(StatusCode::OK, Tone::Good, "You are signed in", text, shared.autoclose)
        }
        _ => page(StatusCode::OK, Tone::Bad, "The login has failed", "The terminal shows the reason. You can close this page.", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::run;

    #[test]
    fn a_second_answer_is_refused() {
        run(async {
            let receiver = Receiver::bind(None).await.unwrap();
            let address = format!("{}?code=c&state=s", receiver.redirect());
            let mut waiting = receiver.wait(Expected::of_state("s"), None);
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let first = tokio::spawn(client.get(&address).send());
            let received = waiting.answer().await.unwrap();
            assert_eq!(received.callback, Callback::Code("c".into()));
            assert_eq!(client.get(&address).send().await.unwrap().status(), 409);
            waiting.finish(received, Page::Success).await;
            assert_eq!(first.await.unwrap().unwrap().status(), 200);
            // the port is closed
            assert!(client.get(&address).send().await.unwrap_err().is_connect());
        });
    }
}
