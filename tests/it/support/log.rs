//! A log of Rekor v1 whose answers a test decides.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A server on loopback; it lives as long as the test's process.
pub struct FakeLog {
    pub url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FakeLog {
    /// `answer` gets `POST` or `GET` with the path, and gives a body for the status 200, or `None` for 404.
    pub fn start(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(call) = read(&stream) else { continue };
                log.lock().unwrap().push(call.clone());
                let _ = reply(&stream, answer(&call));
            }
        });
        Self { url, seen }
    }

    /// A log whose search names `ids`, and which has `entries`, each with the last part of its path.
    pub fn of(ids: &[&str], entries: Vec<(String, String)>) -> Self {
        let ids = serde_json::to_string(ids).unwrap();
        Self::start(move |call| match call.starts_with("POST") {
            true => Some(ids.clone()),
            false => entries.iter().find(|(id, _)| call.ends_with(id.as_str())).map(|(_, entry)| entry.clone()),
        })
    }

    /// What was called, as method and path.
    pub fn calls(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// A whole request; its method and path.
fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    Some(first.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

fn reply(mut stream: &TcpStream, body: Option<String>) -> std::io::Result<()> {
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    let head = "content-type: application/json\r\nconnection: close";
    write!(stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    stream.shutdown(Shutdown::Write)
}
