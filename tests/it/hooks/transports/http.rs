//! git's own CGI program for smart HTTP behind a small server on loopback.

use super::super::{Setup, path};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, Method, Response, StatusCode, Uri},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

/// Stops when it is dropped.
pub struct Server {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Cgi {
    program: PathBuf,
    root: PathBuf,
    home: PathBuf,
}

/// Puts the bare repository behind HTTP; `None`, with a line that says why, where git cannot do that here.
pub fn serve(setup: &Setup, test: &str) -> Option<Server> {
    let programs = PathBuf::from(setup.sandbox.git(&["--exec-path"]));
    for needed in ["git-http-backend", "git-remote-http"] {
        if !programs.join(needed).is_file() {
            eprintln!("SKIPPED {test}: there is no {needed} here");
            return None;
        }
    }
    setup.serve("http.receivepack", "true");
    let home = setup.sandbox.root().join("home-of-server");
    std::fs::create_dir(&home).unwrap();
    let cgi = Arc::new(Cgi { program: programs.join("git-http-backend"), root: setup.sandbox.root(), home });
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let answer = move |request: Request| answer(Arc::clone(&cgi), request);
            let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
            let serving = axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router);
            tokio::select! {
                result = serving => result.unwrap(),
                _ = stopped => {}
            }
        });
    });
    super::send_to(setup, &format!("http://{address}/{}", setup.bare.file_name().unwrap().to_str().unwrap()));
    Some(Server { stop: Some(stop), thread: Some(thread) })
}

async fn answer(cgi: Arc<Cgi>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    tokio::task::spawn_blocking(move || cgi.run(&parts.method, &parts.uri, &parts.headers, body)).await.unwrap()
}

impl Cgi {
    fn run(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let mut child = Command::new(&self.program)
            .current_dir::<&Path>(&self.root)
            .env_clear()
            .env("PATH", path())
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", method.as_str())
            .env("PATH_INFO", uri.path())
            .env("QUERY_STRING", uri.query().unwrap_or_default())
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
            .env("GIT_PROTOCOL", header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let writing = std::thread::spawn(move || {
            // the program may end before it has read everything
            let _ = input.write_all(&body);
        });
        let output = child.wait_with_output().unwrap().stdout;
        writing.join().unwrap();
        let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let mut response = Response::builder();
        for line in std::str::from_utf8(&output[..end]).unwrap().split("\r\n") {
            let (name, value) = line.split_once(": ").unwrap();
            response = match name {
                "Status" => response.status(value[..3].parse::<StatusCode>().unwrap()),
                _ => response.header(name, value),
            };
        }
        response.body(Body::from(output[end + 4..].to_vec())).unwrap()
    }
}
