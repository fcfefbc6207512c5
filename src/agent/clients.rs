//! Counts the clients of an agent and those that only wait, and records when it was last used.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// The clients that are served.
pub(super) struct Clients {
    served: Cell<usize>,
    waiting: Cell<usize>,
    last_use: Cell<Instant>,
}

impl Clients {
    /// No clients yet.
    pub(super) fn new() -> Self {
        Self { served: Cell::new(0), waiting: Cell::new(0), last_use: Cell::new(Instant::now()) }
    }

    /// How many clients are served.
    pub(super) fn served(&self) -> usize {
        self.served.get()
    }

    /// How many clients are being worked for, without those that wait for a login, an answer or a question.
    pub(super) fn busy(&self) -> usize {
        self.served.get() - self.waiting.get()
    }

    /// The time since the last request.
    pub(super) fn idle(&self) -> Duration {
        self.last_use.get().elapsed()
    }

    /// Records a request.
    pub(super) fn used(&self) {
        self.last_use.set(Instant::now());
    }

    /// Counts a client until the result is dropped.
    pub(super) fn enter(&self) -> impl Drop {
        Counted::new(&self.served, Some(self))
    }

    /// Counts a client as waiting while `work` is in progress.
    pub(super) async fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let _waiting = Counted::new(&self.waiting, None);
        work.await
    }
}

/// A count that is one higher until this is dropped.
struct Counted<'a> {
    count: &'a Cell<usize>,
    used: Option<&'a Clients>,
}

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>, used: Option<&'a Clients>) -> Self {
        count.set(count.get() + 1);
        Self { count, used }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.count.set(self.count.get() - 1);
        if let Some(clients) = self.used {
            clients.used();
        }
    }
}
