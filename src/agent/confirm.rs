//! Who approves a signature for a forwarded client, whose machine anybody may control.
//!
//! A question goes to every `paraph agent confirm` that runs in a terminal. Without one it goes to the desktop as a notification with buttons,
//! and else to an askpass program with a window (the convention of `ssh-add -c`). One approval may cover more signatures, or some minutes, of
//! one [`Topic`]. It ends with the login that it is for. No answer means no. After a refusal, the connection is not asked about for some
//! minutes.
//!
//! Files and statements are asked about one by one. A digest alone may be that of anything, a commit included, so that the user's own programs
//! are asked about it too.
//!
//! The machine's name and the repository are claims of the client, and the question says so. The connection is what the agent sees itself.

use super::{login::Refused, notification, peer::ClientRoute};
use crate::{
    agent_protocol::{Refusal, Reply},
    sign::SigningKind,
    wording::{counted, spoken_duration},
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
/// How long a connection is not asked about after a refusal.
pub(crate) const REFUSAL_LIFETIME: Duration = Duration::from_secs(300);
/// Questions that wait at once, at most.
const MAX_QUESTIONS: usize = 4;
/// Approvals that are remembered, at most, and as many refusals.
const MAX_APPROVALS: usize = 256;

/// How signatures for forwarded clients are confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Whether to ask. The user may have turned it off.
    pub ask: bool,
    /// Whether to ask about a digest alone, for any client. The user may have turned it off.
    pub ask_digests: bool,
    /// Signatures that one approval covers.
    pub signatures: u32,
    /// How long one approval lasts.
    pub lifetime: Duration,
    /// How long a refusal lasts.
    pub refusal_lifetime: Duration,
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
            ClientRoute::Own => return f.write_str("A program of yours on this machine"),
            ClientRoute::Forwarder { process, command, .. } => write!(f, "A client that connects through process {process} ({command})")?,
            ClientRoute::Local => write!(f, "A client that runs on this machine (perhaps in a container)")?,
        }
        write!(f, " and calls its machine {}", quoted(self.host.as_deref().unwrap_or_default()))
    }
}

/// What a question is about: all that determines the signature, except for the payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    /// Who asks.
    pub asker: Asker,
    /// The instance.
    pub instance: String,
    /// The instance's issuer.
    pub issuer: String,
    /// The identity that signs.
    pub identity: String,
    /// What is signed.
    pub kind: SigningKind,
    /// What one file or statement is, for the question about it alone; empty for git objects.
    pub what: String,
    /// The number of the login that signs; `None` if none is in memory yet.
    pub login: Option<u64>,
}

impl Topic {
    /// The question. `place` says where the object is from, as the client claims.
    fn question(&self, place: &str) -> String {
        let Self { asker, instance, issuer, identity, kind, what, login: _ } = self;
        // an identity without a login is a claim too
        let is_plain = !identity.contains(|c: char| c.is_whitespace() || ['“', '”'].contains(&c));
        let identity = if is_plain { identity.to_owned() } else { quoted(identity) };
        let kind = kind.as_str();
        format!(
            "{asker} asks for a signature as {identity} on a {kind}{what}{place}. It uses the instance {instance} with the issuer {issuer}."
        )
    }
}

impl Topic {
    /// Whether an approval is for one signature only.
    fn is_single(&self) -> bool {
        !matches!(self.kind, SigningKind::Object(_))
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

impl NobodyToAsk {
    fn refused(&self, topic: &Topic) -> Refused {
        let setting = match topic.kind {
            SigningKind::Digest => "set paraph.agentSignDigests to true",
            _ => "set paraph.agentConfirm to never",
        };
        let hint = format!("run `paraph agent confirm` in a terminal of the machine where the agent runs, or {setting} there");
        Refused::new(Refusal::Denied, self.to_string()).with_hint(hint)
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
    /// The ends of refusals, by connection, whatever it calls itself.
    refusals: HashMap<ClientRoute, Instant>,
}

/// How a question ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Approved,
    Refused,
    /// Nobody answered in time, or the question has no object any more.
    Unanswered,
}

impl From<bool> for Answer {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Approved } else { Self::Refused }
    }
}

struct Question {
    topic: Topic,
    text: String,
    /// Where the answer goes, until there is one.
    answer: Option<oneshot::Sender<Answer>>,
    /// Gets the answer for all who wait for the same; nothing if the question was withdrawn.
    answered: watch::Receiver<Option<Answer>>,
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

    /// Returns if a signature is approved. `place` says where the object is from, as the client claims.
    ///
    /// # Errors
    /// [`Refusal::Denied`] or [`Refusal::Busy`].
    pub(crate) async fn allow(&self, topic: &Topic, place: &str) -> Result<(), Refused> {
        let denied = || Refused::new(Refusal::Denied, format!("the signature as {} was not approved where the agent runs", topic.identity));
        while self.must_ask(topic) && !self.use_approval(topic) {
            if self.is_refused(&topic.asker.route) {
                return Err(denied().with_hint(format!(
                    "try again in {}, or run `paraph agent clear` where the agent runs",
                    spoken_duration(self.rules.refusal_lifetime)
                )));
            }
            // the answer to a waiting question answers this one too
            if let Some(mut answered) = self.answer_to(topic) {
                let _ = answered.changed().await;
                match *answered.borrow() {
                    Some(Answer::Refused | Answer::Unanswered) => return Err(denied()),
                    _ => continue,
                }
            }
            return match self.ask_anew(topic, place).await? {
                Answer::Approved => Ok(()),
                Answer::Refused | Answer::Unanswered => Err(denied()),
            };
        }
        Ok(())
    }

    /// Whether the rules want a question about this.
    fn must_ask(&self, topic: &Topic) -> bool {
        let is_own = topic.asker.route == ClientRoute::Own;
        self.rules.ask && !is_own || self.rules.ask_digests && topic.kind == SigningKind::Digest
    }

    /// Asks, and records what the answer covers from now on.
    async fn ask_anew(&self, topic: &Topic, place: &str) -> Result<Answer, Refused> {
        let covered = match topic.is_single() {
            true => String::new(),
            false => {
                format!(" One approval covers {} or {}.", counted(self.rules.signatures, "signature"), spoken_duration(self.rules.lifetime))
            }
        };
        let answer = self.ask(topic, format!("{}{covered}", topic.question(place))).await?;
        match answer {
            Answer::Approved if topic.is_single() => {}
            Answer::Approved => {
                let mut questions = self.questions.borrow_mut();
                if questions.approvals.len() >= MAX_APPROVALS {
                    questions.approvals.clear();
                }
                let approval = Approval { left: self.rules.signatures.saturating_sub(1), until: Instant::now() + self.rules.lifetime };
                questions.approvals.insert(topic.clone(), approval);
            }
            Answer::Refused => self.refuse(&topic.asker.route),
            Answer::Unanswered => {}
        }
        Ok(answer)
    }

    /// Records a refusal, and ends the other questions of its connection.
    fn refuse(&self, route: &ClientRoute) {
        let now = Instant::now();
        let mut questions = self.questions.borrow_mut();
        questions.refusals.retain(|_, until| *until > now);
        if questions.refusals.len() >= MAX_APPROVALS {
            let first = questions.refusals.iter().min_by_key(|(_, until)| **until).map(|(route, _)| route.clone());
            first.and_then(|route| questions.refusals.remove(&route));
        }
        questions.refusals.insert(route.clone(), now + self.rules.refusal_lifetime);
        questions.withdraw(|topic| topic.asker.route == *route);
    }

    fn is_refused(&self, route: &ClientRoute) -> bool {
        self.questions.borrow().refusals.get(route).is_some_and(|until| Instant::now() < *until)
    }

    /// The answer to a waiting question about the same.
    fn answer_to(&self, topic: &Topic) -> Option<watch::Receiver<Option<Answer>>> {
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
        answer.is_some_and(|answer| answer.send(allow.into()).is_ok())
    }

    /// Drops all approvals and refusals, and ends all questions.
    pub(crate) fn forget(&self) {
        let mut questions = self.questions.borrow_mut();
        questions.approvals.clear();
        questions.refusals.clear();
        questions.withdraw(|_| true);
    }

    /// Drops what was approved for the logins of one identity, or all, and for logins that were still to come. Ends the questions about them.
    pub(crate) fn forget_login(&self, identity: Option<&str>) {
        let is_of = |topic: &Topic| topic.login.is_none() || identity.is_none_or(|identity| identity == topic.identity);
        let mut questions = self.questions.borrow_mut();
        questions.approvals.retain(|topic, _| !is_of(topic));
        questions.withdraw(is_of);
    }

    /// Moves an approval from before a login to the login.
    pub(crate) fn bind(&self, before: &Topic, login: &Topic) {
        let mut questions = self.questions.borrow_mut();
        if let Some(approval) = questions.approvals.remove(before) {
            questions.approvals.insert(login.clone(), approval);
        }
    }

    /// Drops an approval for a login that was still to come.
    pub(crate) fn drop_without_login(&self, topic: &Topic) {
        if topic.login.is_none() {
            self.questions.borrow_mut().approvals.remove(topic);
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

    async fn ask(&self, topic: &Topic, text: String) -> Result<Answer, Refused> {
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
                Ok(answer) = answered => Ok(answer),
                answer = async {
                    for watcher in &watchers {
                        watcher.closed().await;
                    }
                    self.ask_desktop(&text).await.map(Answer::from)
                } => answer,
            }
        });
        let outcome = outcome.await.unwrap_or(Ok(Answer::Unanswered));
        drop(waiting);
        if let Ok(answer) = outcome {
            let _ = tell.send(Some(answer));
        }
        outcome.map_err(|error| error.refused(topic))
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

impl Questions {
    /// Ends the waiting questions about these topics.
    fn withdraw(&mut self, is_of: impl Fn(&Topic) -> bool) {
        for question in self.waiting.values_mut().filter(|question| is_of(&question.topic)) {
            if let Some(answer) = question.answer.take() {
                let _ = answer.send(Answer::Unanswered);
            }
        }
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
mod tests;
