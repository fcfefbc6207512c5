//! Approval by a desktop notification with two buttons. The test runs its own D-Bus and plays the desktop.
#![cfg(target_os = "linux")]

use super::{
    Setup, eventually,
    forward::{commit, remote},
};
use crate::support::keyring::Bus;
use std::{
    collections::HashMap,
    pin::Pin,
    process::{Child, Stdio},
    sync::{Arc, Mutex, mpsc},
};
use zbus::{
    Connection, Message, MessageStream,
    export::{futures_core::Stream as _, serde::Serialize},
    zvariant::{DynamicType, OwnedValue},
};

/// What the desktop does with a notification.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Presses this button.
    Presses(&'static str),
    /// Presses a button of another program's notification, and then closes this one.
    Closes,
    Nothing,
    /// Supports no buttons.
    ShowsText,
}

/// The calls that it got from the agent.
#[derive(Default)]
struct Heard {
    shown: Vec<(String, String, Vec<String>, u8)>,
    closed: Vec<u32>,
}

const PATH: &str = "/org/freedesktop/Notifications";
const INTERFACE: &str = "org.freedesktop.Notifications";
/// The id of the notification.
const ID: u32 = 7;

struct Notifications {
    does: Does,
    heard: Arc<Mutex<Heard>>,
    connection: Connection,
}

impl Notifications {
    /// Answers calls until the connection ends.
    async fn serve(self, mut messages: MessageStream) {
        while let Some(Ok(message)) = std::future::poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await {
            let header = message.header();
            if header.interface().is_some_and(|interface| interface == INTERFACE) {
                match header.member().map(|member| member.as_str()) {
                    Some("GetCapabilities") => self.connection.reply(&header, &self.capabilities()).await.unwrap(),
                    Some("Notify") => self.notify(&message).await,
                    Some("CloseNotification") => {
                        self.heard.lock().unwrap().closed.push(message.body().deserialize().unwrap());
                        self.connection.reply(&header, &()).await.unwrap();
                    }
                    _ => {}
                }
            }
        }
    }

    fn capabilities(&self) -> Vec<&'static str> {
        if self.does == Does::ShowsText { vec!["body"] } else { vec!["body", "body-markup", "actions"] }
    }

    async fn notify(&self, message: &Message) {
        type Notify = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedValue>, i32);
        let body = message.body();
        let (_app_name, _replaces_id, _app_icon, summary, body, actions, hints, _expire_timeout): Notify = body.deserialize().unwrap();
        let urgency = hints.get("urgency").and_then(|urgency| urgency.downcast_ref::<u8>().ok()).unwrap_or_default();
        self.heard.lock().unwrap().shown.push((summary, body, actions, urgency));
        self.connection.reply(&message.header(), &ID).await.unwrap();
        match self.does {
            Does::Presses(button) => {
                self.emit("ActionInvoked", &(ID, button)).await;
                self.emit("NotificationClosed", &(ID, 2u32)).await;
            }
            Does::Closes => {
                self.emit("ActionInvoked", &(ID + 1, "allow")).await;
                self.emit("NotificationClosed", &(ID, 2u32)).await;
            }
            Does::Nothing | Does::ShowsText => {}
        }
    }

    async fn emit(&self, signal: &str, body: &(impl Serialize + DynamicType)) {
        self.connection.emit_signal(None::<&str>, PATH, INTERFACE, signal, body).await.unwrap();
    }
}

/// An agent in the foreground, in a session with this desktop. The agent waits two seconds for an answer.
struct Desktop {
    setup: Setup,
    agent: Child,
    heard: Arc<Mutex<Heard>>,
    _end: mpsc::Sender<()>,
    _bus: Bus,
}

impl Desktop {
    fn new(test: &str, does: Does) -> Option<Self> {
        let bus = Bus::start(test)?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (end, ends) = mpsc::channel();
        let (address, told) = (bus.address(), Arc::clone(&heard));
        let (ready, is_ready) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let (notifications, messages) = runtime.block_on(async {
                let connection = zbus::connection::Builder::address(address.as_str()).unwrap().build().await.unwrap();
                let messages = MessageStream::from(&connection);
                connection.request_name(INTERFACE).await.unwrap();
                (Notifications { does, heard: told, connection }, messages)
            });
            runtime.spawn(notifications.serve(messages));
            ready.send(()).unwrap();
            let _ = ends.recv();
        });
        is_ready.recv().unwrap();

        let mut setup = Setup::new();
        setup.sandbox.set("DBUS_SESSION_BUS_ADDRESS", &bus.address());
        let mut agent = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
        agent.args(["agent", "run", "--answer-timeout", "2"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let agent = agent.spawn().unwrap();
        eventually("the agent listens", || setup.socket("forward.sock").exists());
        setup.commit("here");
        Some(Self { setup, agent, heard, _end: end, _bus: bus })
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

#[test]
fn an_approval_by_notification_covers_many_signatures() {
    let Some(desktop) = Desktop::new("an_approval_by_notification_covers_many_signatures", Does::Presses("allow")) else { return };
    let remote = remote(&desktop.setup);
    for _ in 0..2 {
        assert_eq!(commit(&remote).0, Some(0));
    }
    let heard = desktop.heard();
    let [(summary, body, buttons, urgency)] = heard.shown.as_slice() else { panic!("{} notifications", heard.shown.len()) };
    assert_eq!((summary.as_str(), *urgency), ("A signature for another machine", 2));
    assert_eq!(buttons, &["allow", "Allow", "refuse", "Refuse"]);
    assert!(body.contains("asks for a signature as ann@example.com on a commit in "), "{body}");
}

#[test]
fn a_notification_s_no_and_one_that_is_closed_refuse() {
    for does in [Does::Presses("refuse"), Does::Presses("default"), Does::Closes] {
        let Some(desktop) = Desktop::new("a_notification_s_no_and_one_that_is_closed_refuse", does) else { return };
        let (code, log) = commit(&remote(&desktop.setup));
        assert_eq!(code, Some(128));
        assert!(log.contains("was not approved where the agent runs"), "{log}");
        assert_eq!(desktop.heard().shown.len(), 1);
    }
}

#[test]
fn a_notification_that_nobody_answers_is_closed_and_refuses() {
    let Some(desktop) = Desktop::new("a_notification_that_nobody_answers_is_closed_and_refuses", Does::Nothing) else { return };
    let (code, log) = commit(&remote(&desktop.setup));
    assert_eq!(code, Some(128));
    assert!(log.contains("was not approved where the agent runs"), "{log}");
    eventually("the notification is closed", || desktop.heard().closed == [7]);
    // and the agent goes on
    desktop.setup.commit("here");
}

#[test]
fn a_desktop_that_shows_no_buttons_is_not_asked() {
    let Some(desktop) = Desktop::new("a_desktop_that_shows_no_buttons_is_not_asked", Does::ShowsText) else { return };
    let (code, log) = commit(&remote(&desktop.setup));
    assert_eq!(code, Some(128));
    assert!(log.contains("nobody can be asked where the agent runs"), "{log}");
    assert!(desktop.heard().shown.is_empty());
}

#[test]
fn what_a_client_says_of_itself_is_no_markup() {
    let Some(desktop) = Desktop::new("what_a_client_says_of_itself_is_no_markup", Does::Presses("refuse")) else { return };
    let remote = remote(&desktop.setup);
    let tree = remote.root().join("<b>bold</b> & \u{1b}[31m\u{202e}");
    remote.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "first"]);
    remote.git(&["worktree", "add", "-q", "-b", "other", tree.to_str().unwrap()]);
    let done = remote.command("git", &tree).args(["commit", "-q", "-S", "--allow-empty", "-m", "x"]).output().unwrap();
    assert_eq!(done.status.code(), Some(128));
    let heard = desktop.heard();
    assert!(heard.shown[0].1.contains(r"&lt;b&gt;bold&lt;/b&gt; &amp; \u{1b}[31m\u{202e}"), "{}", heard.shown[0].1);
}
