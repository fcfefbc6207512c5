//! What is remembered of forwarded clients: how many signatures they took lately, and to whose login the names led that they gave.

use super::confirm::Asker;
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
    time::{Duration, Instant},
};

/// Signatures for forwarded clients together within [`SPAN`], at most; more wait.
const MAX_SIGNATURES: usize = 1000;
const SPAN: Duration = Duration::from_secs(60);
/// Names that are remembered, at most.
const MAX_NAMES: usize = 1024;

/// Clients that are served at once, at most: so that the user's own always are.
const MAX_CLIENTS: usize = 64;

#[derive(Default)]
pub(super) struct Forwarded {
    served: Rc<Cell<usize>>,
    recent: RefCell<VecDeque<Instant>>,
    /// By who asked, the instance and the name.
    names: RefCell<HashMap<(Asker, String, String), String>>,
}

/// A client's place; it is free again when this is dropped.
pub(super) struct Entered(Rc<Cell<usize>>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Forwarded {
    /// A place for a client, where there is one.
    pub(super) fn place(&self) -> Option<Entered> {
        (self.served.get() < MAX_CLIENTS).then(|| {
            self.served.set(self.served.get() + 1);
            Entered(Rc::clone(&self.served))
        })
    }

    /// Waits until one more signature is not one too many.
    pub(super) async fn enter(&self) {
        while let Some(pause) = self.pause() {
            tokio::time::sleep(pause).await;
        }
    }

    /// Counts a signature, or says after which time it can be counted.
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

    /// The identity to whose login this client's name led.
    pub(super) fn identity(&self, asker: &Asker, instance: &str, name: &str) -> Option<String> {
        self.names.borrow().get(&(asker.clone(), instance.to_owned(), name.to_owned())).cloned()
    }

    /// A client's name led to a login: for this client alone.
    pub(super) fn led(&self, asker: &Asker, instance: &str, name: &str, identity: &str) {
        let mut names = self.names.borrow_mut();
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.insert((asker.clone(), instance.to_owned(), name.to_owned()), identity.to_owned());
    }

    /// Forgets the names.
    pub(super) fn forget(&self) {
        self.names.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::peer::Way;

    #[test]
    fn more_clients_than_there_may_be_have_no_place() {
        let forwarded = Forwarded::default();
        let mut places: Vec<_> = std::iter::repeat_with(|| forwarded.place()).take_while(Option::is_some).collect();
        assert_eq!(places.len(), MAX_CLIENTS);
        places.pop();
        assert!(forwarded.place().is_some());
    }

    #[test]
    fn more_signatures_than_there_may_be_wait() {
        let forwarded = Forwarded::default();
        for _ in 0..MAX_SIGNATURES {
            assert_eq!(forwarded.pause(), None);
        }
        let pause = forwarded.pause().unwrap();
        assert!(pause > Duration::ZERO && pause <= SPAN, "{pause:?}");
    }

    #[test]
    fn a_name_leads_to_a_login_for_the_client_that_gave_it() {
        let forwarded = Forwarded::default();
        let asker = |host: &str| Asker { host: Some(host.into()), way: Way::Here };
        forwarded.led(&asker("a"), "local", "work", "ann");
        assert_eq!(forwarded.identity(&asker("a"), "local", "work").as_deref(), Some("ann"));
        assert_eq!(forwarded.identity(&asker("b"), "local", "work"), None);
        assert_eq!(forwarded.identity(&asker("a"), "public", "work"), None);
        for number in 0..MAX_NAMES {
            forwarded.led(&asker("c"), "local", &number.to_string(), "eve");
        }
        assert!(forwarded.names.borrow().len() <= MAX_NAMES);
    }
}
