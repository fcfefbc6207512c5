//! The agent's process: two sockets, a task for each client, everything bounded.
//!
//! Peers of the socket for the user's own programs are the user's processes. Those of the socket to forward come from another machine,
//! which may be anybody's: they get signatures, each confirmed, and hear nothing about logins or other signatures.

use super::{
    clients::Clients,
    confirm::{Asker, Confirmations, Rules, quoted},
    forwarded::Forwarded,
    keyring::Keyring,
    login::{Asked, Ready, Refused, Target, Wanted, refused_signature},
    memory::Memory,
    peer::{self, Way},
    place::{self, Place, PlaceError},
    vault::{Gone, Vault},
};
use crate::{
    Reason,
    agent_protocol::{self as protocol, Call, HEARTBEAT, MAX_REQUEST, PATIENCE, Refusal, Reply, Request, Sign},
    object::Payload,
    service::Http,
    sign::{self, Publication, SignError, Spent},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet, VecDeque},
    fs::File,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::{Notify, mpsc},
    task::LocalSet,
};

/// Clients that are served at once, at most.
const MAX_CLIENTS: usize = 128;
/// How long an instance's configuration is used before it is read again.
const TARGET_LIFETIME: Duration = Duration::from_secs(10);
/// Signatures that the journal keeps.
const MAX_JOURNAL: usize = 1000;
/// Identities and logs that are remembered as told, at most.
const MAX_TOLD: usize = 1024;
/// How often it looks whether its socket is still there.
const LOOK: Duration = Duration::from_secs(30);
/// Signatures in their last step when the agent is told to end have this long.
const LAST_WORK: Duration = Duration::from_secs(10);

/// Finds what the agent's own user configured for an instance's name.
pub type Resolve = Box<dyn Fn(&str) -> Result<Target, Refused>>;

/// How an agent behaves.
pub struct Options {
    /// It ends when nobody has asked for anything for so long.
    pub idle: Duration,
    /// How forwarded signatures are confirmed.
    pub rules: Rules,
    /// Where refresh tokens rest.
    pub keyring: Keyring,
    /// How services are called.
    pub http: crate::service::Settings,
    /// For tests alone: other processes of the user may read its memory.
    pub readable_memory: bool,
}

/// Sockets that somebody else opened already (systemd), or none.
#[derive(Default)]
pub struct Activated {
    /// In place of `agent.sock`.
    pub own: Option<std::os::unix::net::UnixListener>,
    /// In place of `forward.sock`.
    pub forward: Option<std::os::unix::net::UnixListener>,
}

/// An agent that holds its sockets.
pub struct Server {
    own: std::os::unix::net::UnixListener,
    forward: std::os::unix::net::UnixListener,
    resolve: Resolve,
    options: Options,
    place: Place,
    memory: Memory,
    _lock: File,
}

/// What all clients share.
struct Shared {
    vault: Vault,
    confirmations: Confirmations,
    resolve: Resolve,
    targets: RefCell<HashMap<String, (Instant, Rc<Target>)>>,
    journal: RefCell<VecDeque<protocol::Signed>>,
    forwarded: Forwarded,
    http: Http,
    /// Which identities a client was told of that will stand in which logs.
    told: RefCell<HashSet<String>>,
    clients: Clients,
    ending: Notify,
    started: Timestamp,
    place: Place,
    memory: Memory,
}

/// Through which of the two sockets a client came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Own,
    /// With the process that connected, where the system tells.
    Forward {
        process: Option<i32>,
    },
}

impl Server {
    /// Takes the sockets; `None` where another agent has them.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn open(place: &Place, activated: Activated, resolve: Resolve, options: Options) -> Result<Option<Self>, PlaceError> {
        let Some(lock) = place.lock()? else { return Ok(None) };
        let memory = Memory::protect(options.readable_memory);
        let own = activated.own.map_or_else(|| place.listen(&place.socket()), Ok)?;
        let forward = activated.forward.map_or_else(|| place.listen(&place.forward_socket()), Ok)?;
        Ok(Some(Self { own, forward, resolve, options, place: place.clone(), memory, _lock: lock }))
    }

    /// Serves until it is told to end, or until nobody has asked for anything for a while.
    ///
    /// # Errors
    /// Where the sockets cannot be listened on.
    pub async fn run(self) -> std::io::Result<()> {
        let listen = |listener: std::os::unix::net::UnixListener| {
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener)
        };
        let (own, forward) = (listen(self.own)?, listen(self.forward)?);
        let vault = Vault::new(self.options.keyring, self.memory.clone());
        vault.set_locked(self.place.is_locked());
        let shared = Rc::new(Shared {
            vault,
            confirmations: Confirmations::new(self.options.rules),
            resolve: self.resolve,
            targets: RefCell::default(),
            journal: RefCell::default(),
            forwarded: Forwarded::default(),
            http: Http::new(self.options.http),
            told: RefCell::default(),
            clients: Clients::new(),
            ending: Notify::new(),
            started: Timestamp::now(),
            place: self.place,
            memory: self.memory,
        });
        let idle = self.options.idle;
        let user = peer::own_user();
        LocalSet::new()
            .run_until(async move {
                let socket = own.local_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned()));
                let mark = socket.as_deref().and_then(place::mark);
                loop {
                    // nobody could reach it any more to lock or to end it
                    if socket.as_deref().and_then(place::mark) != mark {
                        break;
                    }
                    let is_idle = shared.clients.served() == 0;
                    let left = if is_idle { idle.saturating_sub(shared.clients.idle()) } else { idle };
                    let (stream, is_own) = tokio::select! {
                        accepted = own.accept() => (accepted, true),
                        accepted = forward.accept() => (accepted, false),
                        () = shared.ending.notified() => break,
                        () = tokio::time::sleep(left.min(LOOK)) => {
                            if shared.clients.served() == 0 && shared.clients.idle() >= idle { break }
                            continue;
                        }
                    };
                    // a client that was gone before it was accepted, or too many open files: neither ends the agent
                    let Ok((stream, _)) = stream else {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    let Ok(peer) = stream.peer_cred() else { continue };
                    if Some(peer.uid()) != user {
                        continue;
                    }
                    let door = if is_own { Door::Own } else { Door::Forward { process: peer.pid() } };
                    tokio::task::spawn_local(Rc::clone(&shared).serve(stream, door));
                }
                // new clients find no socket and start another agent; signatures and answers that are under way are finished
                drop((own, forward));
                let until = Instant::now() + LAST_WORK;
                while shared.clients.busy() > 0 && Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
            .await;
        Ok(())
    }
}

impl Shared {
    async fn serve(self: Rc<Self>, mut stream: UnixStream, door: Door) {
        let forwarded = (door != Door::Own).then(|| self.forwarded.place());
        if self.clients.served() >= MAX_CLIENTS || matches!(forwarded, Some(None)) {
            let busy = Reply::refused(Refusal::Busy, format!("the agent serves {} others", self.clients.served()));
            let _ = tokio::time::timeout(PATIENCE / 10, send(&mut stream, &busy)).await;
            return;
        }
        let _place = self.clients.enter();
        let Ok(Ok(frame)) = self.clients.wait(tokio::time::timeout(PATIENCE, receive(&mut stream))).await else { return };
        let (replies, mut to_send) = mpsc::unbounded_channel();
        // boxed: a connection that never asks for anything costs little
        let mut work = Box::pin(async {
            let last = match Request::parse(&frame) {
                Ok(request) => Rc::clone(&self).answer(request, door, &replies).await,
                Err(refusal) => refusal,
            };
            let _ = replies.send(last);
        });
        // from one heartbeat on: to wait for the first, at once, would take until the timer's next millisecond
        let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut working = true;
        loop {
            let reply = tokio::select! {
                biased;
                reply = to_send.recv() => match reply { Some(reply) => reply, None => return },
                () = &mut work, if working => { working = false; continue }
                _ = heartbeat.tick() => Reply::Wait,
            };
            let sent = tokio::time::timeout(PATIENCE, send(&mut stream, &reply)).await;
            // a client that does not read, or is gone, is given up; a login that others wait for goes on
            if !matches!(sent, Ok(Ok(()))) || reply.is_last() {
                return;
            }
        }
    }

    async fn answer(self: Rc<Self>, request: Request, door: Door, replies: &mpsc::UnboundedSender<Reply>) -> Reply {
        self.clients.used();
        if door == Door::Own && protocol::is_newer(&request.program, env!("CARGO_PKG_VERSION")) {
            self.ending.notify_one();
            return Reply::refused(
                Refusal::Older,
                format!("the agent is of version {}, and ends for a newer one", env!("CARGO_PKG_VERSION")),
            );
        }
        let done = |remarks: Vec<String>| Reply::Done { remarks };
        let result = match (door, request.call) {
            (_, Call::Sign(sign)) => self.sign(&sign, door, replies).await,
            (Door::Forward { .. }, _) => Err(Refused::new(Refusal::Request, "this socket is for signatures alone")),
            (Door::Own, Call::Login { instance, expected, hint, by_code }) => {
                self.log_in(&instance, wanted(expected, hint), by_code, replies).await
            }
            (Door::Own, Call::Logout { identity }) => self.log_out(identity.as_deref(), replies).await.map(done),
            (Door::Own, Call::Status) => Ok(Reply::Status(self.status())),
            (Door::Own, Call::Journal) => Ok(Reply::Journal { entries: newest(&self.journal.borrow()) }),
            (Door::Own, Call::Lock) => {
                self.vault.set_locked(true);
                self.confirmations.forget();
                self.forwarded.forget();
                self.targets.borrow_mut().clear();
                Ok(done(self.locked_beyond(true)))
            }
            (Door::Own, Call::Unlock) => {
                self.vault.set_locked(false);
                Ok(done(self.locked_beyond(false)))
            }
            (Door::Own, Call::Clear) => {
                drop(self.vault.forget(None));
                self.confirmations.forget();
                self.forwarded.forget();
                Ok(done(vec![]))
            }
            (Door::Own, Call::Stop) => {
                self.ending.notify_one();
                Ok(done(vec![]))
            }
            (Door::Own, Call::Watch) => {
                let mut questions = self.confirmations.watch();
                // from now on questions come here
                let _ = replies.send(Reply::Wait);
                while let Some(question) = self.clients.wait(questions.recv()).await {
                    if replies.send(question).is_err() {
                        break;
                    }
                }
                Ok(done(vec![]))
            }
            (Door::Own, Call::Answer { ask, allow }) => {
                let waited = self.confirmations.answer(ask, allow);
                Ok(done(if waited { vec![] } else { vec!["The question does not wait any more.".into()] }))
            }
        };
        result.unwrap_or_else(Reply::from)
    }

    async fn sign(&self, request: &Sign, door: Door, replies: &mpsc::UnboundedSender<Reply>) -> Result<Reply, Refused> {
        let object = Payload::parse(&request.payload).map_err(|rejection| {
            Refused::new(
                Refusal::Payload,
                format!("what is to be signed is no commit, tag or push certificate that could be verified: {rejection}"),
            )
        })?;
        let target = self.target(&request.instance)?;
        let mut wanted = wanted(request.expected.clone(), request.hint.clone().or_else(|| object.email.clone()));
        let name = wanted.clone();
        let forwarded = match door {
            Door::Own => None,
            Door::Forward { process } => {
                let asker = Asker { host: request.host.clone(), way: Way::of(process) };
                wanted = self.led(&asker, &target, wanted);
                let allowed = self.clients.wait(self.admit_forwarded(&asker, request, &object, &target, &wanted)).await?;
                Some((asker, allowed))
            }
        };
        let asked = Asked { by_code: request.by_code && door == Door::Own, names_stay: door == Door::Own };
        for last_attempt in [false, true] {
            let say = |prompt| self.say(prompt, door, replies);
            let ready = self.clients.wait(self.vault.ready(&target, &wanted, asked, &self.http, say)).await?;
            // the login may be another's than the one that was allowed
            if let Some((asker, _)) = forwarded.as_ref().filter(|(_, allowed)| *allowed != ready.identity) {
                self.clients.wait(self.confirmations.allow(asker, &ready.identity, &what(request, &object))).await?;
                if let Wanted::Named(name) = &name {
                    self.forwarded.led(asker, &target.name, name, &ready.identity);
                }
            }
            let publication = ready.publication.with_log(&target.services);
            let key = publication.key();
            if request.reader && !self.told.borrow().contains(&key) {
                let text = [publication.before_certificate(), vec![Publication::before_entry(ready.credential.certificate())]].concat();
                let _ = replies.send(Reply::Publish { of: key.clone(), text });
            }
            match self.make(request, &target, &ready, replies).await {
                Ok(signature) => {
                    self.vault.signed(&target, &ready.identity);
                    self.remember_told(key, request.reader);
                    self.note(request, &object, &ready.identity, signature.spent);
                    return Ok(Reply::Signed { signature: signature.armored });
                }
                // the certificate ended between its choice and the log, or a clock jumped
                Err(SignError::SelfCheck { rejection, .. }) if !last_attempt && rejection.reason() == Reason::OutsideCertificateWindow => {
                    self.vault.spoil(&target, &ready);
                }
                Err(error) => return Err(refused_signature(&error)),
            }
        }
        Err(Refused::new(Refusal::Service, "the certificates end before a signature is made"))
    }

    /// A signature. The client hears of the certificate while the services answer, and of the signature before it is verified here: so two
    /// processes verify at the same time.
    async fn make(
        &self,
        request: &Sign,
        target: &Target,
        ready: &Ready,
        replies: &mpsc::UnboundedSender<Reply>,
    ) -> Result<sign::Signature, SignError> {
        let Target { services, roots, .. } = target;
        let tell = async {
            // the requests to the services go out first, where connections to them are open
            tokio::task::yield_now().await;
            let _ = replies.send(Reply::Certificate { certificate: ready.credential.certificate().certificate().der().to_vec() });
            Ok(())
        };
        let draft = sign::draft(&request.payload, &ready.credential, services, roots, &self.http, &Timestamp::now);
        let (draft, ()) = tokio::try_join!(draft, tell)?;
        let _ = replies.send(Reply::Draft { signature: draft.armored().to_owned() });
        // what is sent goes out before this thread is busy
        tokio::task::yield_now().await;
        draft.check(&request.payload, services, roots, &Timestamp::now)
    }

    /// The log has an entry of which a client could read.
    fn remember_told(&self, key: String, reader: bool) {
        let mut told = self.told.borrow_mut();
        if told.len() >= MAX_TOLD {
            told.clear();
        }
        if reader {
            told.insert(key);
        }
    }

    /// Whom a forwarded client wants, where its name led to a login that is kept: nobody is kept under the name itself.
    fn led(&self, asker: &Asker, target: &Target, wanted: Wanted) -> Wanted {
        let Wanted::Named(name) = &wanted else { return wanted };
        let identity = self.forwarded.identity(asker, &target.name, name).map(Wanted::Named);
        let is_kept = |wanted: &Wanted| self.vault.identity(target, wanted).is_some();
        identity.filter(|identity| is_kept(identity) && !is_kept(&wanted)).unwrap_or(wanted)
    }

    /// The identity that the agent's user allowed. More than so many a minute wait for the next.
    async fn admit_forwarded(
        &self,
        asker: &Asker,
        request: &Sign,
        object: &Payload,
        target: &Target,
        wanted: &Wanted,
    ) -> Result<String, Refused> {
        self.forwarded.enter().await;
        if self.vault.is_locked() {
            return Err(Refused::new(Refusal::Locked, "the agent is locked"));
        }
        let kept = self.vault.identity(target, wanted);
        let login = if kept.is_some() { "" } else { ", which takes a login here" };
        let identity = kept.unwrap_or_else(|| match wanted {
            Wanted::Only(name) | Wanted::Named(name) => name.clone(),
            Wanted::Anybody => "whoever logs in".into(),
        });
        self.confirmations.allow(asker, &identity, &format!("{}{login}", what(request, object))).await?;
        Ok(identity)
    }

    /// A login's prompts are for the person at the agent: another machine learns only that somebody was asked, and what becomes public with
    /// the signature that it gets.
    fn say(&self, prompt: Reply, door: Door, replies: &mpsc::UnboundedSender<Reply>) {
        let prompt = match door {
            Door::Own => prompt,
            Door::Forward { .. } if matches!(prompt, Reply::Publish { .. }) => prompt,
            Door::Forward { .. } => {
                let is_login = !matches!(prompt, Reply::Say { .. });
                self.confirmations.tell(prompt);
                if !is_login {
                    return;
                }
                Reply::Say { text: "a login is needed where the agent runs".into() }
            }
        };
        let _ = replies.send(prompt);
    }

    async fn log_in(
        &self,
        instance: &str,
        wanted: Wanted,
        by_code: bool,
        replies: &mpsc::UnboundedSender<Reply>,
    ) -> Result<Reply, Refused> {
        let target = self.target(instance)?;
        let asked = Asked { by_code, names_stay: true };
        let say = |prompt| self.say(prompt, Door::Own, replies);
        let ready = self.clients.wait(self.vault.ready(&target, &wanted, asked, &self.http, say)).await?;
        Ok(Reply::LoggedIn { identity: ready.identity, issuer: ready.issuer })
    }

    /// What goes for agents after this one; a remark where it does not.
    fn locked_beyond(&self, locked: bool) -> Vec<String> {
        self.place.set_locked(locked).err().map(|error| format!("That holds for this agent alone: {error}.")).into_iter().collect()
    }

    /// Forgets, removes what rests, and revokes what the issuer lets be revoked. What the issuer was not told is a remark; what may rest on
    /// is a refusal, which comes when all else is done.
    async fn log_out(&self, identity: Option<&str>, replies: &mpsc::UnboundedSender<Reply>) -> Result<Vec<String>, Refused> {
        let say = |text| self.say(Reply::Say { text }, Door::Own, replies);
        let (gone, left) = self.vault.end(identity, &say).await;
        let mut remarks = Vec::new();
        for gone in gone {
            if let Err(error) = self.revoke(&gone).await {
                let Gone { identity, issuer, .. } = gone;
                remarks.push(format!("The login of {identity} is forgotten here, and {issuer} was not told: {error}."));
            }
        }
        if left.is_empty() {
            return Ok(remarks);
        }
        remarks.into_iter().for_each(say);
        Err(Refused { hint: Some("try again when the keyring can be used".into()), ..Refused::new(Refusal::Keyring, left.join("; ")) })
    }

    async fn revoke(&self, gone: &Gone) -> Result<(), String> {
        let target = self.target(&gone.instance).ok().filter(|target| target.client.issuer == gone.issuer);
        let Some(target) = target else { return Err("its configuration is not known any more".into()) };
        match target.client.revoke(&self.http, &gone.token).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it offers no way to end a session".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn target(&self, name: &str) -> Result<Rc<Target>, Refused> {
        if let Some((read, target)) = self.targets.borrow().get(name)
            && read.elapsed() < TARGET_LIFETIME
        {
            return Ok(Rc::clone(target));
        }
        let target = Rc::new((self.resolve)(name)?);
        self.targets.borrow_mut().insert(name.to_owned(), (Instant::now(), Rc::clone(&target)));
        Ok(target)
    }

    fn note(&self, request: &Sign, object: &Payload, identity: &str, spent: Spent) {
        let mut journal = self.journal.borrow_mut();
        if journal.len() >= MAX_JOURNAL {
            journal.pop_front();
        }
        journal.push_back(protocol::Signed {
            time: Timestamp::now().as_second(),
            kind: object.kind.as_str().to_owned(),
            identity: identity.to_owned(),
            repository: request.repository.clone(),
            host: request.host.clone(),
            payload: hex::encode(Sha256::digest(&request.payload)),
            services: micros(spent.services),
            verification: micros(spent.verification),
        });
    }

    fn status(&self) -> protocol::Status {
        protocol::Status {
            process: std::process::id(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started.as_second(),
            locked: self.vault.is_locked(),
            memory: self.memory.words(),
            keyring: self.vault.keyring().chosen(),
            keyring_problem: self.vault.keyring().problem(),
            logins: self.vault.logins(),
        }
    }
}

/// [`protocol::write()`] of a task.
async fn send(stream: &mut UnixStream, reply: &Reply) -> std::io::Result<()> {
    stream.write_all(&protocol::frame(reply)?).await
}

/// [`protocol::read`] of a task.
async fn receive(stream: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = protocol::checked_length(length, MAX_REQUEST)?;
    let mut bytes = Vec::with_capacity(length.min(protocol::USUAL));
    // memory grows with what arrives, not with what is announced
    if stream.take(length as u64).read_to_end(&mut bytes).await? < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Whom a request wants to sign: see [`super::vault`].
fn wanted(expected: Option<String>, hint: Option<String>) -> Wanted {
    expected.map_or_else(|| hint.map_or(Wanted::Anybody, Wanted::Named), Wanted::Only)
}

/// What a forwarded client wants to have signed, and where, as it claims.
fn what(request: &Sign, object: &Payload) -> String {
    let place = request.repository.as_deref().map(|path| format!(" in {}", quoted(path))).unwrap_or_default();
    format!("a {}{place}", object.kind.as_str())
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

/// As many of the newest entries as fit into a reply.
fn newest(journal: &VecDeque<protocol::Signed>) -> Vec<protocol::Signed> {
    let mut left = protocol::MAX_REPLY - 1024;
    let fits = |entry: &&protocol::Signed| {
        let size = serde_json::to_string(entry).map_or(usize::MAX, |text| text.len() + 1);
        left = left.saturating_sub(size);
        left > 0
    };
    let mut entries: Vec<_> = journal.iter().rev().take_while(fits).cloned().collect();
    entries.reverse();
    entries
}
