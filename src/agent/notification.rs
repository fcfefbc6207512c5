//! A question as a notification with two buttons, over D-Bus (freedesktop.org's Desktop Notifications Specification 1.2).
//!
//! Only the button "Allow" approves. A notification that is closed, or that disappears, means no. A client's own words are shown as text,
//! never as markup.

#[cfg(target_vendor = "apple")]
pub(super) async fn ask(_text: &str) -> Option<bool> {
    None
}

#[cfg(not(target_vendor = "apple"))]
pub(super) use desktop::ask;

#[cfg(not(target_vendor = "apple"))]
mod desktop {
    use crate::escape::Escaped;
    use std::{collections::HashMap, pin::Pin, time::Duration};
    use tokio::sync::oneshot;
    use zbus::{export::futures_core::Stream, zvariant::Value};

    /// How long the desktop may take to show the notification.
    const DESKTOP_TIMEOUT: Duration = Duration::from_secs(5);
    const SUMMARY: &str = "A signature for another machine";
    const ALLOW: &str = "allow";
    const REFUSE: &str = "refuse";
    /// A notification that stays until the user acts.
    const CRITICAL: u8 = 2;
    const NEVER: i32 = 0;

    #[zbus::proxy(
        interface = "org.freedesktop.Notifications",
        default_service = "org.freedesktop.Notifications",
        default_path = "/org/freedesktop/Notifications",
        gen_blocking = false
    )]
    trait Notifications {
        fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

        fn close_notification(&self, id: u32) -> zbus::Result<()>;

        #[zbus(signal)]
        fn action_invoked(&self, id: u32, action_key: String) -> zbus::Result<()>;

        #[zbus(signal)]
        fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
    }

    /// Asks if the desktop shows notifications with buttons, else returns `None`. The notification is closed when nobody waits for the answer any
    /// more.
    pub(crate) async fn ask(text: &str) -> Option<bool> {
        let shown = tokio::time::timeout(DESKTOP_TIMEOUT, Shown::new(text)).await.ok()??;
        let (mut answer, answered) = oneshot::channel();
        tokio::task::spawn_local(async move {
            let Shown { notifications, id, actions, ends } = shown;
            tokio::select! {
                allowed = answer_of(id, actions, ends) => {
                    let _ = answer.send(allowed);
                }
                () = answer.closed() => {}
            }
            // an answered notification may be closed already
            let _ = notifications.close_notification(id).await;
        });
        Some(answered.await.unwrap_or(false))
    }

    struct Shown {
        notifications: NotificationsProxy<'static>,
        id: u32,
        actions: ActionInvokedStream,
        ends: NotificationClosedStream,
    }

    impl Shown {
        async fn new(text: &str) -> Option<Self> {
            let session = zbus::Connection::session().await.ok()?;
            let notifications = NotificationsProxy::new(&session).await.ok()?;
            let capabilities = notifications.get_capabilities().await.ok()?;
            let can = |what: &str| capabilities.iter().any(|capability| capability == what);
            if !can("actions") {
                return None;
            }
            let text = Escaped(text).to_string();
            let body = if can("body-markup") { text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") } else { text };
            // subscribed before it is shown, so that no answer is missed
            let actions = notifications.receive_action_invoked().await.ok()?;
            let ends = notifications.receive_notification_closed().await.ok()?;
            let hints = HashMap::from([("urgency", Value::U8(CRITICAL))]);
            let buttons = [ALLOW, "Allow", REFUSE, "Refuse"];
            // Notify(app_name, replaces_id, app_icon, summary, body, actions, hints, expire_timeout)
            let notification = ("paraph", 0u32, "", SUMMARY, body.as_str(), &buttons[..], hints, NEVER);
            let id: u32 = notifications.inner().call("Notify", &notification).await.ok()?;
            Some(Self { notifications, id, actions, ends })
        }
    }

    async fn answer_of(id: u32, mut actions: ActionInvokedStream, mut ends: NotificationClosedStream) -> bool {
        loop {
            tokio::select! {
                // a button's signal comes before the signal of the end
                biased;
                action = next(&mut actions) => match action.map(|action| action.args().map(|args| (args.id, args.action_key.clone()))) {
                    Some(Ok((of, key))) if of == id => return key == ALLOW,
                    Some(_) => {}
                    None => return false,
                },
                end = next(&mut ends) => match end.map(|end| end.args().map(|args| args.id)) {
                    Some(Ok(of)) if of == id => return false,
                    Some(_) => {}
                    None => return false,
                },
            }
        }
    }

    async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
        std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
    }
}
