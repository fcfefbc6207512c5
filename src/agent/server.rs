//! The agent's process: two sockets and a task for each client, all with limits.
//!
//! Clients of `agent.sock` are the user's own processes. Clients of `forward.sock` come from another machine, which anybody may control. They
//! get signatures, each confirmed, and learn nothing about logins or other signatures.

use super::{
    clients::Clients,
    confirm::{Confirmations, Rules},
    forwarded::ForwardedClients,
    journal::Journal,
    keyring::Keyring,
    memory::Memory,
    peer,
    place::{self, Place, PlaceError},
    requests::{Agent, Connection, Resolve, SocketKind, Targets},
    vault::Vault,
};
use crate::{
    agent_protocol::{self as protocol, HEARTBEAT, MAX_REQUEST, Refusal, Reply, Request, TRANSFER_TIMEOUT},
    service::Http,
};
use jiff::Timestamp;
use std::{
    cell::RefCell,
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
/// How often the agent checks that its socket still exists.
const SOCKET_CHECK: Duration = Duration::from_secs(30);
/// How long signatures in progress may take after the agent was told to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How an agent behaves.
pub(crate) struct Options {
    /// It ends after this time without a request.
    pub idle: Duration,
    /// How forwarded signatures are confirmed.
    pub rules: Rules,
    /// Where refresh tokens are stored.
    pub keyring: Keyring,
    /// How services are called.
    pub http: crate::service::TimeLimits,
    /// For tests only: other processes of the user may read its memory.
    pub readable_memory: bool,
}

/// Sockets that a service manager (systemd) has opened, if any.
#[derive(Default)]
pub(crate) struct Activated {
    /// Replaces `agent.sock`.
    pub own: Option<std::os::unix::net::UnixListener>,
    /// Replaces `forward.sock`.
    pub forward: Option<std::os::unix::net::UnixListener>,
}

/// An agent that holds its sockets.
pub(crate) struct Server {
    own: std::os::unix::net::UnixListener,
    forward: std::os::unix::net::UnixListener,
    resolve: Resolve,
    options: Options,
    place: Place,
    memory: Memory,
    _lock: File,
}

impl Server {
    /// Opens the sockets; `None` if another agent has them.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn open(place: &Place, activated: Activated, resolve: Resolve, options: Options) -> Result<Option<Self>, PlaceError> {
        let Some(lock) = place.lock()? else { return Ok(None) };
        let memory = Memory::protect(options.readable_memory);
        let own = activated.own.map_or_else(|| place.listen(&place.socket()), Ok)?;
        let forward = activated.forward.map_or_else(|| place.listen(&place.forward_socket()), Ok)?;
        Ok(Some(Self { own, forward, resolve, options, place: place.clone(), memory, _lock: lock }))
    }

    /// Serves until it is told to end, or until it was idle for long enough.
    ///
    /// # Errors
    /// The sockets cannot be listened on.
    pub(crate) async fn run(self) -> std::io::Result<()> {
        let listen = |listener: std::os::unix::net::UnixListener| {
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener)
        };
        let (own, forward) = (listen(self.own)?, listen(self.forward)?);
        let vault = Vault::new(self.options.keyring, self.memory.clone());
        vault.set_locked(self.place.is_locked());
        let agent = Rc::new(Agent {
            vault,
            confirmations: Confirmations::new(self.options.rules),
            targets: Targets::new(self.resolve),
            journal: Journal::default(),
            forwarded: ForwardedClients::default(),
            http: Http::new(self.options.http),
            announced: RefCell::default(),
            clients: Clients::new(),
            ending: Notify::new(),
            started: Timestamp::now(),
            place: self.place,
            memory: self.memory,
        });
        LocalSet::new().run_until(accept(agent, own, forward, self.options.idle)).await;
        Ok(())
    }
}

/// Accepts clients until the agent ends, then waits for work in progress.
async fn accept(agent: Rc<Agent>, own: UnixListener, forward: UnixListener, idle: Duration) {
    let user = peer::own_user();
    let socket = own.local_addr().ok().and_then(|address| Some(address.as_pathname()?.to_owned()));
    let mark = socket.as_deref().and_then(place::mark);
    // without its socket nobody could lock or end the agent
    while socket.as_deref().and_then(place::mark) == mark {
        let is_idle = agent.clients.served() == 0;
        let left = if is_idle { idle.saturating_sub(agent.clients.idle()) } else { idle };
        let (stream, is_own) = tokio::select! {
            accepted = own.accept() => (accepted, true),
            accepted = forward.accept() => (accepted, false),
            () = agent.ending.notified() => break,
            () = tokio::time::sleep(left.min(SOCKET_CHECK)) => {
                if agent.clients.served() == 0 && agent.clients.idle() >= idle { break }
                continue;
            }
        };
        // a client that left before it was accepted, or too many open files: neither ends the agent
        let Ok((stream, _)) = stream else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(peer) = stream.peer_cred() else { continue };
        if Some(peer.uid()) != user {
            continue;
        }
        let socket = if is_own { SocketKind::Own } else { SocketKind::Forward { process: peer.pid() } };
        tokio::task::spawn_local(serve(Rc::clone(&agent), stream, socket));
    }
    // new clients find no socket and start another agent; work in progress is finished
    drop((own, forward));
    let until = Instant::now() + SHUTDOWN_TIMEOUT;
    while agent.clients.busy() > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Serves one client: reads its request, and sends replies and heartbeats until the last one.
async fn serve(agent: Rc<Agent>, mut stream: UnixStream, socket: SocketKind) {
    let forwarded = (socket != SocketKind::Own).then(|| agent.forwarded.enter());
    if agent.clients.served() >= MAX_CLIENTS || matches!(forwarded, Some(None)) {
        let busy = Reply::refused(Refusal::Busy, format!("the agent serves {} other clients", agent.clients.served()));
        let _ = tokio::time::timeout(TRANSFER_TIMEOUT / 10, send(&mut stream, &busy)).await;
        return;
    }
    let _served = agent.clients.enter();
    let Ok(Ok(frame)) = agent.clients.wait(tokio::time::timeout(TRANSFER_TIMEOUT, receive(&mut stream))).await else { return };
    let (replies, mut to_send) = mpsc::unbounded_channel();
    let (client, mut writing) = stream.split();
    let has_left = || is_hung_up(client.as_ref());
    // boxed, so that a connection without a request costs little
    let mut work = Box::pin(async {
        let last = match Request::parse(&frame) {
            Ok(request) => agent.answer(request, &Connection { socket, replies: &replies, has_left: &has_left }).await,
            Err(refusal) => refusal,
        };
        let _ = replies.send(last);
    });
    // starts one heartbeat later: an immediate first tick would wait for the timer's next millisecond
    let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    let mut working = true;
    let mut left = Box::pin(until_left(client.as_ref()));
    loop {
        let reply = tokio::select! {
            biased;
            // its login is abandoned, unless others wait for it, and nothing is published for it
            () = &mut left => return,
            reply = to_send.recv() => match reply { Some(reply) => reply, None => return },
            () = &mut work, if working => { working = false; continue }
            _ = heartbeat.tick() => Reply::Wait,
        };
        let sent = tokio::time::timeout(TRANSFER_TIMEOUT, send(&mut writing, &reply)).await;
        // a client that does not read is abandoned; a login that others wait for continues
        if !matches!(sent, Ok(Ok(()))) || reply.is_last() {
            return;
        }
    }
}

/// How often a client that has closed one direction is looked at.
const HALF_CLOSED: Duration = Duration::from_millis(250);

/// Waits until a client has closed its connection, or ended. What it sends after its request is ignored, and it may close the direction to the
/// agent.
async fn until_left(client: &UnixStream) {
    let mut ignored = [0; 64];
    while client.readable().await.is_ok() {
        match client.try_read(&mut ignored) {
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return,
            Ok(0) if is_hung_up(client) => return,
            Ok(0) => tokio::time::sleep(HALF_CLOSED).await,
            _ => {}
        }
    }
}

/// Whether both directions of a connection are closed.
fn is_hung_up(client: &UnixStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(client, PollFlags::empty())];
    poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok()
        && polled.iter().any(|client| client.revents().intersects(PollFlags::HUP | PollFlags::ERR))
}

/// [`protocol::write()`], asynchronous.
async fn send(stream: &mut (impl tokio::io::AsyncWrite + Unpin), reply: &Reply) -> std::io::Result<()> {
    stream.write_all(&protocol::frame(reply)?).await
}

/// [`protocol::read`], asynchronous.
async fn receive(stream: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = protocol::checked_length(length, MAX_REQUEST)?;
    let mut bytes = Vec::with_capacity(length.min(protocol::USUAL));
    // memory grows with what arrives, not with the announced length
    if stream.take(length as u64).read_to_end(&mut bytes).await? < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
