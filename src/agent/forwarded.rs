//! What the agent remembers of forwarded clients: how many signatures they got lately, and the identities of the names that they sent.

use super::confirm::Asker;
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
    time::{Duration, Instant},
};

/// Signatures for all forwarded clients within [`SPAN`], at most; further ones wait.
const MAX_SIGNATURES: usize = 1000;
const SPAN: Duration = Duration::from_secs(60);
/// Aliases that are remembered, at most.
const MAX_ALIASES: usize = 1024;

/// Clients that are served at once, at most, so that the user's own clients always are.
const MAX_CLIENTS: usize = 64;

#[derive(Default)]
pub(super) struct ForwardedClients {
    served: Rc<Cell<usize>>,
    recent: RefCell<VecDeque<Instant>>,
    /// Identities by client, instance and name.
    aliases: RefCell<HashMap<(Asker, String, String), String>>,
}

/// A client that is served until this is dropped.
pub(super) struct Served(Rc<Cell<usize>>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl ForwardedClients {
    /// Counts a client; `None` if too many are served.
    pub(super) fn enter(&self) -> Option<Served> {
        (self.served.get() < MAX_CLIENTS).then(|| {
            self.served.set(self.served.get() + 1);
            Served(Rc::clone(&self.served))
        })
    }

    /// Waits until one more signature is within the limit.
    pub(super) async fn limit_rate(&self) {
        while let Some(pause) = self.pause() {
            tokio::time::sleep(pause).await;
        }
    }

    /// Counts a signature, or returns how long to wait.
    fn pause(&self) -> Option<Duration> {
        let mut recent = self.recent.borrow_mut();
        while recent.front().is_some_and(|time| time.elapsed() >= SPAN) {
            recent.pop_front();
        }
        match recent.front() {
            Some(first) if recent.len() >= MAX_SIGNATURES => Some(SPAN.saturating_sub(first.elapsed())),
            _ => {
                recent.push_back(Instant::now());
                None
            }
        }
    }

    /// The identity for which this client's name stands.
    pub(super) fn identity(&self, asker: &Asker, instance: &str, name: &str) -> Option<String> {
        self.aliases.borrow().get(&(asker.clone(), instance.to_owned(), name.to_owned())).cloned()
    }

    /// Makes a name an alias of an identity, for this client alone.
    pub(super) fn add_alias(&self, asker: &Asker, instance: &str, name: &str, identity: &str) {
        let mut aliases = self.aliases.borrow_mut();
        if aliases.len() >= MAX_ALIASES {
            aliases.clear();
        }
        aliases.insert((asker.clone(), instance.to_owned(), name.to_owned()), identity.to_owned());
    }

    /// Removes all aliases.
    pub(super) fn forget(&self) {
        self.aliases.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::peer::ClientRoute;

    #[test]
    fn a_client_too_many_is_not_served() {
        let forwarded = ForwardedClients::default();
        let mut served: Vec<_> = std::iter::repeat_with(|| forwarded.enter()).take_while(Option::is_some).collect();
        assert_eq!(served.len(), MAX_CLIENTS);
        served.pop();
        assert!(forwarded.enter().is_some());
    }

    #[test]
    fn a_signature_too_many_waits() {
        let forwarded = ForwardedClients::default();
        for _ in 0..MAX_SIGNATURES {
            assert_eq!(forwarded.pause(), None);
        }
        let pause = forwarded.pause().unwrap();
        assert!(pause > Duration::ZERO && pause <= SPAN, "{pause:?}");
    }

    #[test]
    fn an_alias_is_for_the_client_that_sent_it() {
        let forwarded = ForwardedClients::default();
        let asker = |host: &str| Asker { host: Some(host.into()), route: ClientRoute::Local };
        forwarded.add_alias(&asker("a"), "local", "work", "ann");
        assert_eq!(forwarded.identity(&asker("a"), "local", "work").as_deref(), Some("ann"));
        assert_eq!(forwarded.identity(&asker("b"), "local", "work"), None);
        assert_eq!(forwarded.identity(&asker("a"), "public", "work"), None);
        for number in 0..MAX_ALIASES {
            forwarded.add_alias(&asker("c"), "local", &number.to_string(), "eve");
        }
        assert!(forwarded.aliases.borrow().len() <= MAX_ALIASES);
    }
}
