//! Who says yes to a signature for a forwarded client: that machine may be anybody's.
//!
//! A question goes to every `paraph agent confirm` that runs in a terminal, else to the desktop as a notification with buttons, else to an
//! askpass program with a window (the convention of `ssh-add -c`). One yes may cover more: so many signatures or minutes for one connection, machine and identity. No answer is a no.
//!
//! A machine's name and the repository are its own words, and the question says so; the connection is what the agent sees itself.

use super::{login::Refused, notification, peer::Way};
use crate::agent_protocol::{Refusal, Reply};
use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::OsString,
    io,
    process::Stdio,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot, watch};

/// How long a question waits for its answer as a rule.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Questions that wait at once, at most.
const MAX_ASKS: usize = 4;
/// Machines and identities that are remembered, at most.
const MAX_GRANTS: usize = 256;

/// How a signature for a forwarded client is confirmed.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whether it is: the user may have turned it off.
    pub ask: bool,
    /// Signatures that one yes covers.
    pub signatures: u32,
    /// How long one yes holds.
    pub lifetime: Duration,
    /// How long a question waits for its answer.
    pub patience: Duration,
    /// Whether the desktop's notifications are tried.
    pub notifications: bool,
    /// The askpass program, where there is a desktop to show its window.
    pub askpass: Option<OsString>,
}

/// Who asks for a signature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asker {
    /// The name that the machine says it has.
    pub host: Option<String>,
    /// How it reached the agent.
    pub way: Way,
}

impl std::fmt::Display for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // what is known comes first, and what is claimed in marks that it cannot close
        match &self.way {
            Way::Forwarder { process, command, .. } => write!(f, "A client through the connection of process {process} ({command})")?,
            Way::Here => write!(f, "A client on this machine, in a container perhaps,")?,
        }
        write!(f, " that calls its machine {}", quoted(self.host.as_deref().unwrap_or_default()))
    }
}

/// A client's own words, between marks.
pub(super) fn quoted(claimed: &str) -> String {
    format!("“{}”", claimed.replace(['“', '”'], "\""))
}

/// The questions that wait, who can answer them, and what was allowed. Clones are the same.
#[derive(Clone)]
pub struct Confirmations {
    rules: Rc<Rules>,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    next: u64,
    asks: HashMap<u64, Ask>,
    watchers: Vec<mpsc::UnboundedSender<Reply>>,
    /// By who asked, and the identity.
    grants: HashMap<About, Grant>,
}

/// Who asks, and the identity.
type About = (Asker, String);

struct Ask {
    about: About,
    text: String,
    /// Where an answer goes, until there is one.
    answer: Option<oneshot::Sender<bool>>,
    /// Who waits for the same answer hears it here; nothing where the question was taken back.
    answered: watch::Receiver<Option<bool>>,
}

struct Grant {
    left: u32,
    until: Instant,
}

impl Confirmations {
    /// With these rules.
    pub fn new(rules: Rules) -> Self {
        Self { rules: Rc::new(rules), state: Rc::default() }
    }

    /// Returns where a signature of `identity` for `asker` is allowed.
    ///
    /// # Errors
    /// [`Refusal::Denied`] or [`Refusal::Busy`].
    pub async fn allow(&self, asker: &Asker, identity: &str, what: &str) -> Result<(), Refused> {
        let denied = || Refused::new(Refusal::Denied, format!("the signature as {identity} was not allowed where the agent runs"));
        let about = (asker.clone(), identity.to_owned());
        while self.rules.ask && !self.use_grant(&about) {
            // the answer to a question that waits already is one to this as well
            if let Some(mut answered) = self.answer_to(&about) {
                let _ = answered.changed().await;
                match *answered.borrow() {
                    Some(false) => return Err(denied()),
                    _ => continue,
                }
            }
            self.ask_anew(&about, what).await?.then_some(()).ok_or_else(denied)?;
            return Ok(());
        }
        Ok(())
    }

    /// The answer, with what a yes covers from now on.
    async fn ask_anew(&self, about: &About, what: &str) -> Result<bool, Refused> {
        let (asker, identity) = about;
        // one that nobody is logged in as yet is a claim too
        let is_plain = !identity.contains(|c: char| c.is_whitespace() || ['“', '”'].contains(&c));
        let identity = if is_plain { identity.to_owned() } else { quoted(identity) };
        let text = format!(
            "{asker} asks for a signature as {identity} on {what}. A yes covers {} signatures or {} minutes.",
            self.rules.signatures,
            self.rules.lifetime.as_secs().div_ceil(60)
        );
        if !self.ask(about, text).await? {
            return Ok(false);
        }
        let mut state = self.state.borrow_mut();
        if state.grants.len() >= MAX_GRANTS {
            state.grants.clear();
        }
        let grant = Grant { left: self.rules.signatures.saturating_sub(1), until: Instant::now() + self.rules.lifetime };
        state.grants.insert(about.clone(), grant);
        Ok(true)
    }

    /// The answer to a question of the same, where one waits.
    fn answer_to(&self, about: &About) -> Option<watch::Receiver<Option<bool>>> {
        self.state.borrow().asks.values().find(|ask| ask.about == *about).map(|ask| ask.answered.clone())
    }

    /// The questions, from now on, for somebody who can answer them; those that wait already come first.
    pub fn watch(&self) -> mpsc::UnboundedReceiver<Reply> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.state.borrow_mut();
        for (number, ask) in state.asks.iter().filter(|(_, ask)| ask.answer.is_some()) {
            let _ = sender.send(Reply::Ask { ask: *number, text: ask.text.clone() });
        }
        state.watchers.push(sender);
        receiver
    }

    /// Tells those who watch something that only the agent's own user may see.
    pub fn tell(&self, prompt: Reply) {
        self.state.borrow_mut().watchers.retain(|watcher| watcher.send(prompt.clone()).is_ok());
    }

    /// Answers a question. `false` where it does not wait any more.
    pub fn answer(&self, ask: u64, allow: bool) -> bool {
        // it stays until what a yes covers is known: whoever asks the same meanwhile waits for that
        let answer = self.state.borrow_mut().asks.get_mut(&ask).and_then(|asked| asked.answer.take());
        answer.is_some_and(|answer| answer.send(allow).is_ok())
    }

    /// Takes back every yes, and answers what waits with a no.
    pub fn forget(&self) {
        let mut state = self.state.borrow_mut();
        state.grants.clear();
        for answer in state.asks.values_mut().filter_map(|ask| ask.answer.take()) {
            let _ = answer.send(false);
        }
    }

    fn use_grant(&self, about: &About) -> bool {
        let mut state = self.state.borrow_mut();
        match state.grants.get_mut(about) {
            Some(grant) if grant.left > 0 && Instant::now() < grant.until => {
                grant.left -= 1;
                true
            }
            _ => {
                state.grants.remove(about);
                false
            }
        }
    }

    async fn ask(&self, about: &About, text: String) -> Result<bool, Refused> {
        let (answer, answered) = oneshot::channel();
        let (tell, heard) = watch::channel(None);
        let (waiting, watchers) = {
            let mut state = self.state.borrow_mut();
            if state.asks.len() >= MAX_ASKS {
                return Err(Refused::new(Refusal::Busy, "too many signatures wait for a yes already"));
            }
            state.next += 1;
            let number = state.next;
            state.watchers.retain(|watcher| watcher.send(Reply::Ask { ask: number, text: text.clone() }).is_ok());
            state.asks.insert(number, Ask { about: about.clone(), text: text.clone(), answer: Some(answer), answered: heard });
            (Waiting { state: Rc::clone(&self.state), number }, state.watchers.clone())
        };
        let outcome = tokio::time::timeout(self.rules.patience, async {
            tokio::select! {
                // somebody who begins to watch meanwhile gets the question too
                Ok(allowed) = answered => Ok(allowed),
                answer = async {
                    for watcher in &watchers {
                        watcher.closed().await;
                    }
                    self.ask_desktop(&text).await
                } => answer,
            }
        });
        let outcome = outcome.await.unwrap_or(Ok(false));
        drop(waiting);
        if let Ok(allowed) = outcome {
            let _ = tell.send(Some(allowed));
        }
        outcome.map_err(|why| Refused {
            hint: Some(
                "run `paraph agent confirm` in a terminal of the machine where the agent runs, or set paraph.agentConfirm to never there"
                    .into(),
            ),
            ..Refused::new(Refusal::Denied, format!("nobody can be asked where the agent runs{why}"))
        })
    }
}

impl Confirmations {
    /// Asks where nobody watches in a terminal; otherwise why nobody can be asked, as the end of a sentence.
    async fn ask_desktop(&self, text: &str) -> Result<bool, String> {
        if self.rules.notifications
            && let Some(answer) = notification::ask(text).await
        {
            return Ok(answer);
        }
        let Some(askpass) = &self.rules.askpass else { return Err(String::new()) };
        by_window(askpass, text).await.map_err(|error| format!(": {} cannot be run: {error}", askpass.display()))
    }
}

/// A question that waits; it is gone with who asked it, answered or not.
struct Waiting {
    state: Rc<RefCell<State>>,
    number: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.state.borrow_mut().asks.remove(&self.number);
    }
}

/// An askpass program answers a question with its exit status. Its window is closed when nobody waits for the answer any more.
async fn by_window(askpass: &OsString, text: &str) -> io::Result<bool> {
    let mut window = tokio::process::Command::new(askpass)
        .arg(crate::escape::Escaped(text).to_string())
        .env("SSH_ASKPASS_PROMPT", "confirm")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (mut answer, answered) = oneshot::channel();
    tokio::task::spawn_local(async move {
        tokio::select! {
            status = window.wait() => drop(answer.send(status.is_ok_and(|status| status.success()))),
            () = answer.closed() => drop(window.kill().await),
        }
    });
    Ok(answered.await.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(signatures: u32, lifetime: Duration) -> Rules {
        Rules { ask: true, signatures, lifetime, patience: Duration::from_millis(300), notifications: false, askpass: None }
    }

    fn asker(host: &str) -> Asker {
        Asker { host: Some(host.into()), way: Way::Here }
    }

    fn through(process: i32, host: &str) -> Asker {
        let way = Way::Forwarder { process, started: 1, command: "ssh -R there:here build".into() };
        Asker { way, ..asker(host) }
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = crate::service::runtime().unwrap();
        runtime.block_on(tokio::task::LocalSet::new().run_until(test));
    }

    #[test]
    fn without_anybody_to_ask_the_answer_is_no() {
        run(async {
            let refused = Confirmations::new(rules(5, PATIENCE)).allow(&asker("host"), "ann", "a commit").await.unwrap_err();
            assert_eq!((refused.kind, refused.message.as_str()), (Refusal::Denied, "nobody can be asked where the agent runs"));
        });
    }

    #[test]
    fn a_yes_covers_so_many_signatures_of_one_machine_and_one_identity() {
        run(async {
            let confirmations = Confirmations::new(rules(2, Duration::from_secs(600)));
            let mut questions = confirmations.watch();
            let answering = confirmations.clone();
            let asked = Rc::new(RefCell::new(Vec::new()));
            let heard = Rc::clone(&asked);
            tokio::task::spawn_local(async move {
                while let Some(Reply::Ask { ask, text }) = questions.recv().await {
                    heard.borrow_mut().push(text);
                    assert!(answering.answer(ask, true));
                }
            });
            let (a, b) = (asker("a"), asker("b"));
            for (asker, identity) in [(&a, "ann"), (&a, "ann"), (&a, "ann"), (&b, "ann"), (&a, "bob")] {
                confirmations.allow(asker, identity, "a commit").await.unwrap();
            }
            // a yes for one connection is none for another that gives itself the same name
            for asker in [through(7, "a"), through(7, "a"), through(8, "a")] {
                confirmations.allow(&asker, "ann", "a commit").await.unwrap();
            }
            let asked = asked.borrow();
            assert_eq!(asked.len(), 6, "{asked:?}");
            assert_eq!(
                asked[0],
                "A client on this machine, in a container perhaps, that calls its machine “a” asks for a signature as ann on a commit. A yes \
                 covers 2 signatures or 10 minutes."
            );
            assert_eq!(
                asked[4],
                "A client through the connection of process 7 (ssh -R there:here build) that calls its machine “a” asks for a signature as \
                 ann on a commit. A yes covers 2 signatures or 10 minutes."
            );
        });
    }

    #[test]
    fn a_no_and_silence_refuse() {
        run(async {
            let confirmations = Confirmations::new(rules(5, PATIENCE));
            let mut questions = confirmations.watch();
            let answering = confirmations.clone();
            tokio::task::spawn_local(async move {
                if let Some(Reply::Ask { ask, .. }) = questions.recv().await {
                    answering.answer(ask, false);
                }
                // the second one is never answered
                std::future::pending::<()>().await;
            });
            for _ in 0..2 {
                assert_eq!(confirmations.allow(&asker("host"), "ann", "a tag").await.unwrap_err().kind, Refusal::Denied);
            }
            assert!(!confirmations.answer(2, true), "the question is gone");
        });
    }

    #[test]
    fn a_client_that_leaves_takes_its_question_along() {
        run(async {
            let confirmations = Confirmations::new(rules(1, PATIENCE));
            let _questions = confirmations.watch();
            for _ in 0..=MAX_ASKS {
                let host = asker("host");
                let asking = confirmations.allow(&host, "ann", "a commit");
                assert!(tokio::time::timeout(Duration::from_millis(5), asking).await.is_err());
            }
            assert!(confirmations.state.borrow().asks.is_empty());
        });
    }

    #[test]
    fn who_watched_and_is_gone_leaves_the_question_to_others() {
        run(async {
            let confirmations = Confirmations::new(Rules { patience: PATIENCE, ..rules(1, PATIENCE) });
            let questions = confirmations.watch();
            tokio::task::spawn_local(async move { drop(questions) });
            let refused = confirmations.allow(&asker("host"), "ann", "a commit").await.unwrap_err();
            assert_eq!((refused.kind, refused.message.as_str()), (Refusal::Denied, "nobody can be asked where the agent runs"));
        });
    }

    #[test]
    fn an_askpass_program_that_is_missing_is_nobody_to_ask() {
        run(async {
            let confirmations = Confirmations::new(Rules { askpass: Some("/no/such/askpass".into()), ..rules(1, PATIENCE) });
            let refused = confirmations.allow(&asker("host"), "ann", "a commit").await.unwrap_err();
            assert_eq!(refused.kind, Refusal::Denied);
            let why = "nobody can be asked where the agent runs: /no/such/askpass cannot be run: ";
            assert!(refused.message.starts_with(why), "{}", refused.message);
        });
    }

    #[test]
    fn a_user_may_turn_it_off() {
        run(async {
            let confirmations = Confirmations::new(Rules { ask: false, ..rules(1, PATIENCE) });
            confirmations.allow(&asker("host"), "ann", "a commit").await.unwrap();
        });
    }
}
