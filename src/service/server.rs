//! An HTTP server for loopback that idle and slow clients cannot stop.
//!
//! A connection has [`REQUEST_TIMEOUT`] for its next complete request, from the accept or the last answer on, and for reading that answer. Only a
//! handler that runs ([`Connection::busy`]) stops this clock. With [`MAX_CONNECTIONS`] open, a new connection replaces the oldest that waits for
//! its client.

use axum::{Router, body::Body, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use std::{
    collections::BTreeMap,
    future::pending,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinSet,
    time::Instant,
};
use tower::ServiceExt as _;

/// The time for a whole request, headers and body, and for reading an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum number of open connections. Most systems allow a process 1,024 descriptors.
const MAX_CONNECTIONS: usize = 256;
/// The pause after the system refused to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One connection; each of its requests has it as an extension.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<State>);

#[derive(Debug)]
struct State {
    waiting: Mutex<Waiting>,
    evicted: Notify,
}

/// Who keeps the connection waiting.
#[derive(Debug)]
struct Waiting {
    /// The number of handlers that run.
    handlers: usize,
    /// Since when the client has been expected to do something.
    since: Instant,
}

/// A handler that runs, until it is dropped.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Busy(Connection);

impl Connection {
    fn new() -> Self {
        let waiting = Mutex::new(Waiting { handlers: 0, since: Instant::now() });
        Self(Arc::new(State { waiting, evicted: Notify::new() }))
    }

    /// Says that the request is complete and its handler runs, so that the client is not expected to do anything.
    #[cfg(unix)]
    pub(crate) fn busy(&self) -> Busy {
        self.waiting().handlers += 1;
        Busy(self.clone())
    }

    fn is_busy(&self) -> bool {
        self.waiting().handlers > 0
    }

    /// Waits until the client has been idle or slow for too long.
    async fn expired(&self) {
        loop {
            let until = {
                let waiting = self.waiting();
                if waiting.handlers > 0 { Instant::now() } else { waiting.since }
            } + REQUEST_TIMEOUT;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
impl Drop for Busy {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.handlers -= 1;
        waiting.since = Instant::now();
    }
}

/// The open connections, the oldest first.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<BTreeMap<u64, Connection>>,
    closed: Notify,
}

impl Connections {
    /// Waits until one more connection may be open. Ends the oldest one that waits for its client, if there are too many.
    async fn make_room(&self) {
        loop {
            let closed = self.closed.notified();
            {
                let mut open = self.open();
                if open.len() < MAX_CONNECTIONS {
                    return;
                }
                let oldest = open.iter().find(|(_, connection)| !connection.is_busy()).map(|(id, _)| *id);
                if let Some(connection) = oldest.and_then(|id| open.remove(&id)) {
                    connection.0.evicted.notify_one();
                    return;
                }
            }
            closed.await;
        }
    }

    fn close(&self, id: u64) {
        self.open().remove(&id);
        self.closed.notify_waiters();
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `stop` is ready and the last answers are sent. Dropping the future cuts all connections.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Connections::default());
    let (closing, closed) = watch::channel(());
    let mut tasks = JoinSet::new();
    let mut stop = pin!(stop);
    for id in 0.. {
        let stream = tokio::select! {
            stream = accept(&listener, &connections) => stream,
            () = &mut stop => break,
        };
        while tasks.try_join_next().is_some() {}
        let connection = Connection::new();
        connections.open().insert(id, connection.clone());
        let (router, connections, closed) = (router.clone(), connections.clone(), closed.clone());
        tasks.spawn(async move {
            answer(stream, router, connection, closed).await;
            connections.close(id);
        });
    }
    drop(closing);
    while tasks.join_next().await.is_some() {}
}

async fn accept(listener: &TcpListener, connections: &Connections) -> TcpStream {
    loop {
        connections.make_room().await;
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // a client that is gone, or no descriptor is free: one will be soon
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, router: Router, connection: Connection, mut closing: watch::Receiver<()>) {
    let of_request = connection.clone();
    let service = router.map_request(move |request: Request<_>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(of_request.clone());
        request
    });
    let builder = Builder::new(TokioExecutor::new()).http1_only();
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    let mut expired = pin!(connection.expired());
    let mut is_closing = false;
    loop {
        let closing = async {
            // an error means that the server ends
            if is_closing || closing.changed().await.is_ok() {
                pending::<()>().await;
            }
        };
        tokio::select! {
            _ = served.as_mut() => return,
            () = &mut expired => return,
            () = connection.0.evicted.notified() => return,
            () = closing => {
                is_closing = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::run;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// A server of the tests, and its address.
    async fn server(router: Router) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (address, tokio::spawn(serve(listener, router, pending())))
    }

    async fn ask(address: std::net::SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[test]
    fn clients_that_send_nothing_half_a_head_or_half_a_body_keep_nobody_out() {
        run(async {
            let (address, _server) = server(Router::new().route("/", get(async || "here").post(async |_: String| "stored"))).await;
            let mut slow = Vec::new();
            for sent in ["", "GET / HTTP/1.1\r\nhost: x\r\n", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf"] {
                for _ in 0..MAX_CONNECTIONS / 2 {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(sent.as_bytes()).await.unwrap();
                    slow.push(stream);
                }
                let answer = tokio::time::timeout(Duration::from_secs(5), ask(address)).await.unwrap();
                assert!(answer.ends_with("here"), "{sent}");
            }
        });
    }

    #[test]
    fn a_client_that_is_idle_or_slow_is_cut_and_one_whose_handler_runs_is_not() {
        run(async {
            // a handler takes longer than a client may
            let handler = async |request: Request<Body>| {
                let _busy = request.extensions().get::<Connection>().map(Connection::busy);
                tokio::time::sleep(REQUEST_TIMEOUT * 2).await;
                "late"
            };
            let (address, _server) = server(Router::new().route("/", get(handler))).await;
            let asked = tokio::spawn(ask(address));
            let mut half = TcpStream::connect(address).await.unwrap();
            half.write_all(b"GET / HT").await.unwrap();
            let started = std::time::Instant::now();
            let mut rest = Vec::new();
            assert!(!matches!(half.read_to_end(&mut rest).await, Ok(length) if length > 0));
            assert!(started.elapsed() < REQUEST_TIMEOUT * 2);
            assert!(asked.await.unwrap().ends_with("late"));
        });
    }
}
