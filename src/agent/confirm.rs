//! Who approves a signature for a forwarded client, whose machine anybody may control.
//!
//! A question goes to every `paraph agent confirm` that runs in a terminal. Without one it goes to the desktop as a notification with buttons,
//! and else to an askpass program with a window (the convention of `ssh-add -c`). One approval may cover more signatures, or some minutes, for
//! one connection, machine and identity. No answer means no.
//!
//! The machine's name and the repository are claims of the client, and the question says so. The connection is what the agent sees itself.

use super::{login::Refused, notification, peer::ClientRoute};
use crate::{
    agent_protocol::{Refusal, Reply},
    plural::counted,
};
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

/// How long a question waits for its answer by default.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Questions that wait at once, at most.
const MAX_QUESTIONS: usize = 4;
/// Approvals that are remembered, at most.
const MAX_APPROVALS: usize = 256;

/// How signatures for forwarded clients are confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Whether to ask. The user may have turned it off.
    pub ask: bool,
    /// Signatures that one approval covers.
    pub signatures: u32,
    /// How long one approval lasts.
    pub lifetime: Duration,
    /// How long a question waits for its answer.
    pub timeout: Duration,
    /// Whether to try the desktop's notifications.
    pub notifications: bool,
    /// The askpass program, if there is a desktop to show its window.
    pub askpass: Option<OsString>,
}

/// Who asks for a signature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asker {
    /// The name that the machine claims.
    pub host: Option<String>,
    /// How it connected to the agent.
    pub route: ClientRoute,
}

impl std::fmt::Display for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // known facts come first; claims are in quotes that they cannot close
        match &self.route {
            ClientRoute::Forwarder { process, command, .. } => write!(f, "A client that connects through process {process} ({command})")?,
            ClientRoute::Local => write!(f, "A client that runs on this machine (perhaps in a container)")?,
        }
        write!(f, " and calls its machine {}", quoted(self.host.as_deref().unwrap_or_default()))
    }
}

/// A client's own words, in quotes.
pub(super) fn quoted(claimed: &str) -> String {
    format!("“{}”", claimed.replace(['“', '”'], "\""))
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
enum NobodyToAsk {
    #[error("nobody can be asked where the agent runs")]
    NoWay,
    #[error("nobody can be asked where the agent runs: {} cannot be run: {cause}", .program.display())]
    Askpass { program: OsString, cause: io::Error },
}

impl From<NobodyToAsk> for Refused {
    fn from(error: NobodyToAsk) -> Self {
        Self::new(Refusal::Denied, error.to_string()).with_hint(
            "run `paraph agent confirm` in a terminal of the machine where the agent runs, or set paraph.agentConfirm to never there",
        )
    }
}

/// The waiting questions, who can answer them, and what was approved. Clones share it.
#[derive(Clone)]
pub(crate) struct Confirmations {
    rules: Rc<Rules>,
    questions: Rc<RefCell<Questions>>,
}

#[derive(Default)]
struct Questions {
    last_number: u64,
    waiting: HashMap<u64, Question>,
    watchers: Vec<mpsc::UnboundedSender<Reply>>,
    approvals: HashMap<Topic, Approval>,
}

/// Who asks, and for which identity.
type Topic = (Asker, String);

struct Question {
    topic: Topic,
    text: String,
    /// Where the answer goes, until there is one.
    answer: Option<oneshot::Sender<bool>>,
    /// Gets the answer for all who wait for the same; nothing if the question was withdrawn.
    answered: watch::Receiver<Option<bool>>,
}

struct Approval {
    left: u32,
    until: Instant,
}

impl Confirmations {
    /// Confirmations by these rules.
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules: Rc::new(rules), questions: Rc::default() }
    }

    /// Returns if a signature of `what` as `identity` for `asker` is approved.
    ///
    /// # Errors
    /// [`Refusal::Denied`] or [`Refusal::Busy`].
    pub(crate) async fn allow(&self, asker: &Asker, identity: &str, what: &str) -> Result<(), Refused> {
        let denied = || Refused::new(Refusal::Denied, format!("the signature as {identity} was not approved where the agent runs"));
        let topic = (asker.clone(), identity.to_owned());
        while self.rules.ask && !self.use_approval(&topic) {
            // the answer to a waiting question answers this one too
            if let Some(mut answered) = self.answer_to(&topic) {
                let _ = answered.changed().await;
                match *answered.borrow() {
                    Some(false) => return Err(denied()),
                    _ => continue,
                }
            }
            self.ask_anew(&topic, what).await?.then_some(()).ok_or_else(denied)?;
            return Ok(());
        }
        Ok(())
    }

    /// Asks, and records what an approval covers from now on.
    async fn ask_anew(&self, topic: &Topic, what: &str) -> Result<bool, Refused> {
        let (asker, identity) = topic;
        // an identity without a login is a claim too
        let is_plain = !identity.contains(|c: char| c.is_whitespace() || ['“', '”'].contains(&c));
        let identity = if is_plain { identity.to_owned() } else { quoted(identity) };
        let text = format!(
            "{asker} asks for a signature as {identity} on {what}. One approval covers {} or {}.",
            counted(self.rules.signatures, "signature"),
            counted(self.rules.lifetime.as_secs().div_ceil(60), "minute")
        );
        if !self.ask(topic, text).await? {
            return Ok(false);
        }
        let mut questions = self.questions.borrow_mut();
        if questions.approvals.len() >= MAX_APPROVALS {
            questions.approvals.clear();
        }
        let approval = Approval { left: self.rules.signatures.saturating_sub(1), until: Instant::now() + self.rules.lifetime };
        questions.approvals.insert(topic.clone(), approval);
        Ok(true)
    }

    /// The answer to a waiting question about the same.
    fn answer_to(&self, topic: &Topic) -> Option<watch::Receiver<Option<bool>>> {
        self.questions.borrow().waiting.values().find(|question| question.topic == *topic).map(|question| question.answered.clone())
    }

    /// Future questions, for somebody who can answer them. Waiting questions come first.
    pub(crate) fn watch(&self) -> mpsc::UnboundedReceiver<Reply> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut questions = self.questions.borrow_mut();
        for (number, question) in questions.waiting.iter().filter(|(_, question)| question.answer.is_some()) {
            let _ = sender.send(Reply::Ask { ask: *number, text: question.text.clone() });
        }
        questions.watchers.push(sender);
        receiver
    }

    /// Sends the watchers something that only the agent's own user may see.
    pub(crate) fn tell(&self, prompt: Reply) {
        self.questions.borrow_mut().watchers.retain(|watcher| watcher.send(prompt.clone()).is_ok());
    }

    /// Answers a question. Returns false if it is no longer waiting.
    pub(crate) fn answer(&self, number: u64, allow: bool) -> bool {
        // the question stays until its approval is recorded: requests about the same wait for that
        let answer = self.questions.borrow_mut().waiting.get_mut(&number).and_then(|question| question.answer.take());
        answer.is_some_and(|answer| answer.send(allow).is_ok())
    }

    /// Revokes all approvals, and answers all questions with no.
    pub(crate) fn forget(&self) {
        let mut questions = self.questions.borrow_mut();
        questions.approvals.clear();
        for answer in questions.waiting.values_mut().filter_map(|question| question.answer.take()) {
            let _ = answer.send(false);
        }
    }

    fn use_approval(&self, topic: &Topic) -> bool {
        let mut questions = self.questions.borrow_mut();
        match questions.approvals.get_mut(topic) {
            Some(approval) if approval.left > 0 && Instant::now() < approval.until => {
                approval.left -= 1;
                true
            }
            _ => {
                questions.approvals.remove(topic);
                false
            }
        }
    }

    async fn ask(&self, topic: &Topic, text: String) -> Result<bool, Refused> {
        let (answer, answered) = oneshot::channel();
        let (tell, heard) = watch::channel(None);
        let (waiting, watchers) = {
            let mut questions = self.questions.borrow_mut();
            if questions.waiting.len() >= MAX_QUESTIONS {
                return Err(Refused::new(Refusal::Busy, "too many signatures wait for approval already"));
            }
            questions.last_number += 1;
            let number = questions.last_number;
            questions.watchers.retain(|watcher| watcher.send(Reply::Ask { ask: number, text: text.clone() }).is_ok());
            let question = Question { topic: topic.clone(), text: text.clone(), answer: Some(answer), answered: heard };
            questions.waiting.insert(number, question);
            (WaitingQuestion { questions: Rc::clone(&self.questions), number }, questions.watchers.clone())
        };
        let outcome = tokio::time::timeout(self.rules.timeout, async {
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
        Ok(outcome?)
    }

    /// Asks on the desktop if nobody watches in a terminal.
    async fn ask_desktop(&self, text: &str) -> Result<bool, NobodyToAsk> {
        if self.rules.notifications
            && let Some(answer) = notification::ask(text).await
        {
            return Ok(answer);
        }
        let Some(askpass) = &self.rules.askpass else { return Err(NobodyToAsk::NoWay) };
        by_window(askpass, text).await.map_err(|cause| NobodyToAsk::Askpass { program: askpass.clone(), cause })
    }
}

/// A waiting question. It is withdrawn when this is dropped, answered or not.
struct WaitingQuestion {
    questions: Rc<RefCell<Questions>>,
    number: u64,
}

impl Drop for WaitingQuestion {
    fn drop(&mut self) {
        self.questions.borrow_mut().waiting.remove(&self.number);
    }
}

/// Asks with an askpass program, whose exit status is the answer. Its window is closed when nobody waits for the answer any more.
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
        Rules { ask: true, signatures, lifetime, timeout: Duration::from_millis(300), notifications: false, askpass: None }
    }

    fn asker(host: &str) -> Asker {
        Asker { host: Some(host.into()), route: ClientRoute::Local }
    }

    fn through(process: i32, host: &str) -> Asker {
        let route = ClientRoute::Forwarder { process, started: 1, command: "ssh -R there:here build".into() };
        Asker { route, ..asker(host) }
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = crate::service::runtime().unwrap();
        runtime.block_on(tokio::task::LocalSet::new().run_until(test));
    }

    #[test]
    fn without_anybody_to_ask_the_signature_is_denied() {
        run(async {
            let refused = Confirmations::new(rules(5, ANSWER_TIMEOUT)).allow(&asker("host"), "ann", "a commit").await.unwrap_err();
            assert_eq!((refused.kind, refused.message.as_str()), (Refusal::Denied, "nobody can be asked where the agent runs"));
        });
    }

    #[test]
    fn an_approval_covers_signatures_of_one_machine_and_one_identity() {
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
            // an approval is for one connection, whatever name another claims
            for asker in [through(7, "a"), through(7, "a"), through(8, "a")] {
                confirmations.allow(&asker, "ann", "a commit").await.unwrap();
            }
            let asked = asked.borrow();
            assert_eq!(asked.len(), 6, "{asked:?}");
            assert_eq!(
                asked[0],
                "A client that runs on this machine (perhaps in a container) and calls its machine “a” asks for a signature as ann on a commit. One \
                 approval covers 2 signatures or 10 minutes."
            );
            assert_eq!(
                asked[4],
                "A client that connects through process 7 (ssh -R there:here build) and calls its machine “a” asks for a signature as ann on a commit. \
                 One approval covers 2 signatures or 10 minutes."
            );
        });
    }

    #[test]
    fn no_and_no_answer_deny() {
        run(async {
            let confirmations = Confirmations::new(rules(5, ANSWER_TIMEOUT));
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
    fn the_question_of_a_client_that_leaves_is_withdrawn() {
        run(async {
            let confirmations = Confirmations::new(rules(1, ANSWER_TIMEOUT));
            let _questions = confirmations.watch();
            for _ in 0..=MAX_QUESTIONS {
                let host = asker("host");
                let asking = confirmations.allow(&host, "ann", "a commit");
                assert!(tokio::time::timeout(Duration::from_millis(5), asking).await.is_err());
            }
            assert!(confirmations.questions.borrow().waiting.is_empty());
        });
    }

    #[test]
    fn a_question_that_nobody_watches_any_more_goes_to_the_desktop() {
        run(async {
            let confirmations = Confirmations::new(Rules { timeout: ANSWER_TIMEOUT, ..rules(1, ANSWER_TIMEOUT) });
            let questions = confirmations.watch();
            tokio::task::spawn_local(async move { drop(questions) });
            let refused = confirmations.allow(&asker("host"), "ann", "a commit").await.unwrap_err();
            assert_eq!((refused.kind, refused.message.as_str()), (Refusal::Denied, "nobody can be asked where the agent runs"));
        });
    }

    #[test]
    fn a_missing_askpass_program_is_named() {
        run(async {
            let confirmations = Confirmations::new(Rules { askpass: Some("/no/such/askpass".into()), ..rules(1, ANSWER_TIMEOUT) });
            let refused = confirmations.allow(&asker("host"), "ann", "a commit").await.unwrap_err();
            assert_eq!(refused.kind, Refusal::Denied);
            let why = "nobody can be asked where the agent runs: /no/such/askpass cannot be run: ";
            assert!(refused.message.starts_with(why), "{}", refused.message);
        });
    }

    #[test]
    fn confirmation_can_be_turned_off() {
        run(async {
            let confirmations = Confirmations::new(Rules { ask: false, ..rules(1, ANSWER_TIMEOUT) });
            confirmations.allow(&asker("host"), "ann", "a commit").await.unwrap();
        });
    }
}
