//! How many clients an agent serves, how many of them only wait, and when it last had one.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// The clients that are served.
pub struct Clients {
    served: Cell<usize>,
    waiting: Cell<usize>,
    last_use: Cell<Instant>,
}

impl Clients {
    /// None yet.
    pub fn new() -> Self {
        Self { served: Cell::new(0), waiting: Cell::new(0), last_use: Cell::new(Instant::now()) }
    }

    /// How many there are.
    pub fn served(&self) -> usize {
        self.served.get()
    }

    /// How many get something done: those that wait for a login, an answer or a question are not among them.
    pub fn busy(&self) -> usize {
        self.served.get() - self.waiting.get()
    }

    /// How long nobody has asked for anything.
    pub fn idle(&self) -> Duration {
        self.last_use.get().elapsed()
    }

    /// Somebody asks for something.
    pub fn used(&self) {
        self.last_use.set(Instant::now());
    }

    /// A client is served until this is dropped, whatever becomes of it.
    pub fn enter(&self) -> impl Drop {
        Counted::new(&self.served, Some(self))
    }

    /// What a client waits for.
    pub async fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let _waiting = Counted::new(&self.waiting, None);
        work.await
    }
}

/// One more, until it is dropped.
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
