//! What the agent does for each request, except for signing: that is in `signing`.

use super::{
    clients::Clients,
    confirm::Confirmations,
    forwarded::ForwardedClients,
    journal::Journal,
    login::{LoginRequest, Refused, Target, waiting_for},
    memory::Memory,
    place::Place,
    vault::{Removal, RemovedLogin, Vault, identity},
};
use crate::{
    agent_protocol::{self as protocol, AgentStatus, Call, Refusal, Reply, Request},
    identity::{LoginError, RequestedSigner},
    service::Http,
};
use jiff::Timestamp;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::sync::{Notify, mpsc};

/// How long an instance's configuration is used before it is read again.
const TARGET_LIFETIME: Duration = Duration::from_secs(10);

/// Reads what the agent's own user configured for an instance's name.
pub(super) type Resolve = Box<dyn Fn(&str) -> Result<Target, Refused>>;

/// The sockets through which clients connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketKind {
    /// For the user's own programs.
    Own,
    /// For forwarded clients, with the process that connected, if the system tells.
    Forward {
        /// Its id.
        process: Option<i32>,
    },
}

/// A client's connection.
pub(super) struct Connection<'a> {
    pub(super) socket: SocketKind,
    pub(super) replies: &'a mpsc::UnboundedSender<Reply>,
    /// Tells whether the client has left.
    pub(super) has_left: &'a dyn Fn() -> bool,
}

impl Connection<'_> {
    pub(super) fn send(&self, reply: Reply) {
        let _ = self.replies.send(reply);
    }

    /// Whether the client still waits for its answer.
    pub(super) fn is_open(&self) -> bool {
        !(self.has_left)()
    }

    pub(super) fn is_own(&self) -> bool {
        self.socket == SocketKind::Own
    }
}

/// The agent's state, which all clients share.
pub(super) struct Agent {
    pub(super) vault: Vault,
    pub(super) confirmations: Confirmations,
    pub(super) targets: Targets,
    pub(super) journal: Journal,
    pub(super) forwarded: ForwardedClients,
    pub(super) http: Http,
    /// The publications that a client has shown, by their keys.
    pub(super) announced: RefCell<HashSet<String>>,
    pub(super) clients: Clients,
    pub(super) ending: Notify,
    pub(super) started: Timestamp,
    pub(super) place: Place,
    pub(super) memory: Memory,
}

/// The instances' configurations, read again after a while.
pub(super) struct Targets {
    resolve: Resolve,
    known: RefCell<HashMap<String, (Instant, Rc<Target>)>>,
}

impl Targets {
    pub(super) fn new(resolve: Resolve) -> Self {
        Self { resolve, known: RefCell::default() }
    }

    pub(super) fn get(&self, name: &str) -> Result<Rc<Target>, Refused> {
        if let Some((read, target)) = self.known.borrow().get(name)
            && read.elapsed() < TARGET_LIFETIME
        {
            return Ok(Rc::clone(target));
        }
        let target = Rc::new((self.resolve)(name)?);
        self.known.borrow_mut().insert(name.to_owned(), (Instant::now(), Rc::clone(&target)));
        Ok(target)
    }

    fn forget(&self) {
        self.known.borrow_mut().clear();
    }
}

/// Why a session was not ended at its issuer.
#[derive(Debug, thiserror::Error)]
enum NotRevoked {
    #[error("its configuration is no longer known")]
    UnknownInstance,
    #[error("it does not support revocation")]
    Unsupported,
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl Agent {
    /// The last reply to a request; others go through the connection.
    pub(super) async fn answer(&self, request: Request, connection: &Connection<'_>) -> Reply {
        self.clients.used();
        if connection.is_own() && protocol::is_newer(&request.program, env!("CARGO_PKG_VERSION")) {
            self.ending.notify_one();
            let message = format!("the agent has version {}; it ends, so that a newer one can start", env!("CARGO_PKG_VERSION"));
            return Reply::refused(Refusal::Older, message);
        }
        let done = |remarks: Vec<String>| Reply::Done { remarks };
        let result = match (connection.socket, request.call) {
            (_, Call::Sign(sign)) => self.sign(&sign, connection).await,
            (SocketKind::Forward { .. }, _) => Err(Refused::new(Refusal::Request, "this socket accepts only signatures")),
            (SocketKind::Own, Call::Login { instance, expected, hint, expected_issuer, by_code }) => {
                let requested = RequestedSigner::from_names(expected, hint).vouched_for_by(expected_issuer);
                self.log_in(&instance, LoginRequest { requested, by_code, keeps_alias: true }, connection).await
            }
            (SocketKind::Own, Call::Logout { identity }) => self.log_out(identity.as_deref(), connection).await.map(done),
            (SocketKind::Own, Call::Status) => Ok(Reply::Status(self.status())),
            (SocketKind::Own, Call::Journal) => Ok(Reply::Journal { entries: self.journal.newest() }),
            (SocketKind::Own, Call::Lock) => Ok(done(self.set_locked(true))),
            (SocketKind::Own, Call::Unlock) => Ok(done(self.set_locked(false))),
            (SocketKind::Own, Call::Clear) => {
                drop(self.vault.forget(None));
                self.confirmations.forget();
                self.forwarded.forget();
                Ok(done(vec![]))
            }
            (SocketKind::Own, Call::Stop) => {
                self.ending.notify_one();
                Ok(done(vec![]))
            }
            (SocketKind::Own, Call::Watch) => {
                self.watch(connection).await;
                Ok(done(vec![]))
            }
            (SocketKind::Own, Call::Answer { ask, allow }) => {
                let was_waiting = self.confirmations.answer(ask, allow);
                Ok(done(if was_waiting { vec![] } else { vec!["The question is no longer waiting for an answer.".into()] }))
            }
        };
        result.unwrap_or_else(Reply::from)
    }

    /// Shows a login's prompt to the user at the agent. A forwarded client learns only that a login is needed, and what becomes public with the
    /// signature that it gets.
    pub(super) fn show_prompt(&self, prompt: Reply, connection: &Connection<'_>) {
        if connection.is_own() || matches!(prompt, Reply::Publish { .. }) {
            return connection.send(prompt);
        }
        let is_login = !matches!(prompt, Reply::Say { .. });
        self.confirmations.tell(prompt);
        if is_login {
            connection.send(Reply::Say { text: "A login is needed where the agent runs.".into() });
        }
    }

    async fn log_in(&self, instance: &str, request: LoginRequest, connection: &Connection<'_>) -> Result<Reply, Refused> {
        let target = self.targets.get(instance)?;
        let say = |prompt| self.show_prompt(prompt, connection);
        let credential = self.clients.wait(self.vault.credential(&target, &request, &self.http, say)).await?;
        let issuer = credential.certificate().identity().issuer.clone();
        Ok(Reply::LoggedIn { identity: identity(&credential).to_owned(), issuer })
    }

    /// Locks or unlocks this agent and later ones. A remark says if that is not possible for later ones.
    fn set_locked(&self, locked: bool) -> Vec<String> {
        self.vault.set_locked(locked);
        if locked {
            self.confirmations.forget();
            self.forwarded.forget();
            self.targets.forget();
        }
        self.place.set_locked(locked).err().map(|error| format!("This applies to this agent only: {error}.")).into_iter().collect()
    }

    /// Sends questions to a client that can answer them, until it leaves.
    async fn watch(&self, connection: &Connection<'_>) {
        let mut questions = self.confirmations.watch();
        // tells the client that questions follow from now on
        connection.send(Reply::Wait);
        while let Some(question) = self.clients.wait(questions.recv()).await {
            if connection.replies.send(question).is_err() {
                break;
            }
        }
    }

    /// Removes logins and stored tokens, and revokes the tokens. A token that could not be revoked is a remark. A token that may still be stored
    /// is a refusal, which comes after everything else.
    async fn log_out(&self, identity: Option<&str>, connection: &Connection<'_>) -> Result<Vec<String>, Refused> {
        let say = |text| self.show_prompt(Reply::Say { text }, connection);
        self.confirmations.forget_login(identity);
        let Removal { removed, failures } = self.vault.log_out(identity, &say).await;
        // also what was approved while a renewal was waited for
        self.confirmations.forget_login(identity);
        let mut remarks = Vec::new();
        for login in removed {
            if let Err(error) = self.revoke(&login, connection).await {
                let RemovedLogin { identity, issuer, .. } = login;
                remarks.push(format!("The login of {identity} was removed here, but not revoked at {issuer}: {error}."));
            }
        }
        if failures.is_empty() {
            return Ok(remarks);
        }
        remarks.into_iter().for_each(say);
        Err(Refused::new(Refusal::Keyring, failures.join("; ")).with_hint("try again when the keyring works"))
    }

    async fn revoke(&self, login: &RemovedLogin, connection: &Connection<'_>) -> Result<(), NotRevoked> {
        let target = self.targets.get(&login.instance).ok().filter(|target| target.client.issuer == login.issuer);
        let target = target.ok_or(NotRevoked::UnknownInstance)?;
        let replies = connection.replies.clone();
        let http = self.http.clone().with_network(target.network.clone()).announcing_waits(move |service| {
            // fails only if the client has left
            let _ = replies.send(Reply::Say { text: waiting_for(service) });
        });
        match target.client.revoke(&http, &login.token).await? {
            true => Ok(()),
            false => Err(NotRevoked::Unsupported),
        }
    }

    fn status(&self) -> AgentStatus {
        AgentStatus {
            process: std::process::id(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started.as_second(),
            locked: self.vault.is_locked(),
            memory: self.memory.describe(),
            keyring: self.vault.keyring().chosen(),
            keyring_problem: self.vault.keyring().problem(),
            logins: self.vault.logins(),
        }
    }
}
