//! The desktop's question: a notification with two buttons, on a D-Bus of the test's own, where the test is the desktop.
#![cfg(target_os = "linux")]

use super::{
    Setup, eventually,
    forward::{commit, remote},
};
use crate::support::keyring::Bus;
use std::{
    collections::HashMap,
    process::{Child, Stdio},
    sync::{Arc, Mutex, mpsc},
};
use zbus::{object_server::SignalEmitter, zvariant::OwnedValue};

/// What the desktop does with a notification.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Presses this button.
    Presses(&'static str),
    /// Presses a button of some other program's notification, and then closes this one.
    Closes,
    Nothing,
    /// It has no buttons.
    ShowsText,
}

/// What the agent said to it.
#[derive(Default)]
struct Heard {
    shown: Vec<(String, String, Vec<String>, u8)>,
    closed: Vec<u32>,
}

struct Notifications {
    does: Does,
    heard: Arc<Mutex<Heard>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    fn get_capabilities(&self) -> Vec<&'static str> {
        if self.does == Does::ShowsText { vec!["body"] } else { vec!["body", "body-markup", "actions"] }
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    async fn notify(
        &self,
        _app_name: String,
        _replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> u32 {
        let urgency = hints.get("urgency").and_then(|urgency| urgency.downcast_ref::<u8>().ok()).unwrap_or_default();
        self.heard.lock().unwrap().shown.push((summary, body, actions, urgency));
        let emitter = emitter.to_owned();
        let does = self.does;
        tokio::spawn(async move {
            match does {
                Does::Presses(button) => {
                    Self::action_invoked(&emitter, 7, button).await.unwrap();
                    Self::notification_closed(&emitter, 7, 2).await.unwrap();
                }
                Does::Closes => {
                    Self::action_invoked(&emitter, 8, "allow").await.unwrap();
                    Self::notification_closed(&emitter, 7, 2).await.unwrap();
                }
                Does::Nothing | Does::ShowsText => {}
            }
        });
        7
    }

    fn close_notification(&self, id: u32) {
        self.heard.lock().unwrap().closed.push(id);
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

/// An agent in the foreground, in a session with such a desktop. It waits two seconds for an answer.
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
        let (address, notifications) = (bus.address(), Notifications { does, heard: Arc::clone(&heard) });
        let (ready, is_ready) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let _connection = runtime.block_on(async {
                let builder = zbus::connection::Builder::address(address.as_str()).unwrap();
                let builder = builder.name("org.freedesktop.Notifications").unwrap();
                builder.serve_at("/org/freedesktop/Notifications", notifications).unwrap().build().await.unwrap()
            });
            ready.send(()).unwrap();
            let _ = ends.recv();
        });
        is_ready.recv().unwrap();

        let mut setup = Setup::new();
        setup.sandbox.set("DBUS_SESSION_BUS_ADDRESS", &bus.address());
        let mut agent = setup.sandbox.command(&setup.sandbox.program, &setup.sandbox.work());
        agent.args(["agent", "run", "--patience", "2"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
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
fn a_notification_s_yes_covers_many_signatures() {
    let Some(desktop) = Desktop::new("a_notification_s_yes_covers_many_signatures", Does::Presses("allow")) else { return };
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
