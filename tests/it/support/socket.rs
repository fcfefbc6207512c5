//! Sockets that play a service: one that nobody listens on, one that always says the same, one that never answers and counts who asks.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A URL at which nothing listens.
pub fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The URL of a server that gives this answer, a whole HTTP message, to every request.
pub fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // the thread ends with the test's process
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // the beginning of a request is enough to answer it; the rest is read so that closing does not reset the connection
            let mut request = [0; 1 << 16];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read(&mut request);
        }
    });
    url
}

/// A listener that takes every connection and never answers.
pub struct Silent {
    pub url: String,
    taken: Arc<Mutex<Vec<TcpStream>>>,
}

impl Silent {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&taken);
        // the thread ends with the test's process
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                keep.lock().unwrap().push(stream);
            }
        });
        Self { url, taken }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}
