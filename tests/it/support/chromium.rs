//! A real browser, driven over the DevTools protocol: messages of JSON that end with a zero byte, on its descriptors 3 and 4.

use super::objects::installed;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

const DEADLINE: Duration = Duration::from_secs(90);

pub struct Chromium {
    process: Child,
    calls: ChildStdin,
    messages: Receiver<Value>,
    /// What it sent that was not an answer.
    events: Vec<Value>,
    next: u64,
    _profile: tempfile::TempDir,
}

/// One page.
pub struct Tab {
    target: String,
    session: String,
}

impl Chromium {
    /// Starts it, with a profile of its own and no way but loopback. Where there is none, a line says that the test is skipped.
    pub fn start(test: &str) -> Option<Self> {
        if !installed("chromium", test) {
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        // its own descriptors for the protocol are made of the standard ones, which it may then write to as it likes
        let mut process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>&2", "sh"])
            .args(["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--proxy-server=http://127.0.0.1:9", "--window-size=900,700"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (calls, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut chromium = Self { process, calls, messages, events: Vec::new(), next: 0, _profile: profile };
        chromium.call(None, "Target.setDiscoverTargets", json!({"discover": true}));
        Some(chromium)
    }

    /// A new page at this address, with no other one before it.
    pub fn open(&mut self, url: &str) -> Tab {
        let target = self.call(None, "Target.createTarget", json!({"url": url}))["targetId"].as_str().unwrap().to_owned();
        let attached = self.call(None, "Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        let tab = Tab { target, session: attached["sessionId"].as_str().unwrap().to_owned() };
        self.on(&tab, "Log.enable", json!({}));
        self.on(&tab, "Page.enable", json!({}));
        tab
    }

    /// Goes to another address.
    pub fn visit(&mut self, tab: &Tab, url: &str) {
        self.on(tab, "Page.navigate", json!({"url": url}));
    }

    /// Has the page run no script of its own.
    pub fn without_scripts(&mut self, tab: &Tab) {
        self.on(tab, "Emulation.setScriptExecutionDisabled", json!({"value": true}));
    }

    /// As at night.
    pub fn dark(&mut self, tab: &Tab) {
        self.on(tab, "Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]}));
    }

    /// The value of an expression; null while a page is being loaded.
    pub fn evaluate(&mut self, tab: &Tab, expression: &str) -> Value {
        let answer = self.raw(Some(&tab.session), "Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        answer["result"]["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, tab: &Tab, expression: &str) {
        let started = Instant::now();
        while self.evaluate(tab, expression) != Value::Bool(true) {
            let shown = || format!("{expression} does not become true");
            assert!(started.elapsed() < DEADLINE, "{}: {}", shown(), self.evaluate(tab, "document.documentElement.outerHTML"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn wait_for(&mut self, tab: &Tab, selector: &str) {
        self.until(tab, &format!("document.readyState === 'complete' && document.querySelector({}) !== null", json!(selector)));
    }

    pub fn fill(&mut self, tab: &Tab, selector: &str, text: &str) {
        self.wait_for(tab, selector);
        self.evaluate(tab, &format!("document.querySelector({}).value = {}", json!(selector), json!(text)));
    }

    pub fn click(&mut self, tab: &Tab, selector: &str) {
        self.wait_for(tab, selector);
        self.evaluate(tab, &format!("document.querySelector({}).click()", json!(selector)));
    }

    /// Draws the page into a file, to look at after the test.
    pub fn screenshot(&mut self, tab: &Tab, path: &Path) {
        use base64::Engine as _;
        let drawn = self.on(tab, "Page.captureScreenshot", json!({"format": "png"}));
        let png = base64::engine::general_purpose::STANDARD.decode(drawn["data"].as_str().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }

    /// Waits until the page has closed itself.
    pub fn wait_until_closed(&mut self, tab: &Tab) {
        let gone = |event: &Value| event["method"] == "Target.targetDestroyed" && event["params"]["targetId"] == tab.target;
        let started = Instant::now();
        while !self.events.iter().any(gone) {
            assert!(started.elapsed() < DEADLINE, "the page stays open");
            if let Ok(message) = self.messages.recv_timeout(Duration::from_millis(100)) {
                self.events.push(message);
            }
        }
    }

    /// What the browser had to complain about, its policy for content above all.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.events.iter().filter(|event| event["method"] == "Log.entryAdded").map(|event| &event["params"]["entry"]);
        entries.map(|entry| entry["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn on(&mut self, tab: &Tab, method: &str, parameters: Value) -> Value {
        self.call(Some(&tab.session), method, parameters)
    }

    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        let answer = self.raw(session, method, parameters);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn raw(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let mut call = json!({"id": self.next, "method": method, "params": parameters});
        if let Some(session) = session {
            call["sessionId"] = json!(session);
        }
        self.calls.write_all(format!("{call}\0").as_bytes()).unwrap();
        loop {
            let message = self.messages.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("{method}: {error}"));
            if message["id"] == self.next {
                return message;
            }
            self.events.push(message);
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
