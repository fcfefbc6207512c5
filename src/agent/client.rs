//! Asks an agent for a signature, and starts an agent if none runs.

use super::{
    location,
    place::{self, Place, PlaceError},
};
use crate::{
    agent_protocol::{self as protocol, Call, HEARTBEAT, LoginStatus, MAX_REPLY, Refusal, Reply, Request},
    identity::KnownLogin,
    wording::{counted, spoken_duration},
};
use std::{
    io::{self, BufReader, Read, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// An agent that is silent for this time is broken: it would have sent heartbeats.
const SILENCE_TIMEOUT: Duration = HEARTBEAT.saturating_mul(5);
/// The time limit for calls that the agent answers at once.
const SHORT_TIMEOUT: Duration = Duration::from_secs(3);
/// The time limit of a call that needs no login, whatever replies come.
const CALL_TIMEOUT: Duration = Duration::from_secs(180);
/// How often [`Listener::is_wanted`] is asked.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);
/// Replies before the last one, at most, besides two per second.
const MAX_REPLIES: u64 = 200;
/// How long a started agent may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a client looks whether the agent that it started listens.
const START_POLL: Duration = Duration::from_millis(2);
/// The variables that an agent inherits. It gets nothing else of a shell, a repository or a terminal: no variable chooses its configuration,
/// which is that of the home folder and of the system.
const INHERITED: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "LANG",
    "LC_ALL",
    location::VARIABLE,
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_ASKPASS",
    "BROWSER",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
];

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No agent runs, and none may be started.
    #[error("no agent runs")]
    Absent,
    /// A login is needed, but there is no way to show its prompt.
    #[error("a login is needed, but there is neither a terminal nor a desktop session to show it on")]
    Nobody,
    /// Nobody completed the login.
    #[error("nobody completed the login within {}", spoken_duration(*.0))]
    Unanswered(Duration),
    /// The agent refused.
    #[error("{message}")]
    Refused {
        /// The reason, for the client.
        kind: Refusal,
        /// The reason, for the user.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The socket cannot be trusted or used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The agent ended before it accepted the request.
    #[error("the agent ended before it accepted the request")]
    Ended,
    /// Nobody waits for the signature any more.
    #[error("the program that asked for the signature has ended, so the agent was told to stop")]
    Abandoned,
    /// The agent does not keep to the protocol.
    #[error("the agent is broken: {0}")]
    Broken(String),
    /// No agent could be started.
    #[error("no agent could be started: {0}")]
    Start(String),
}

impl AgentError {
    /// Whether the client may sign by itself instead: the agent cannot serve it, and nobody was asked or refused.
    pub(crate) fn lets_client_sign(&self) -> bool {
        match self {
            Self::Refused { kind, .. } => matches!(
                kind,
                Refusal::Subject
                    | Refusal::Version
                    | Refusal::Older
                    | Refusal::Request
                    | Refusal::Instance
                    | Refusal::Busy
                    | Refusal::Configuration
            ),
            Self::Unanswered(_) | Self::Abandoned => false,
            Self::Absent | Self::Nobody | Self::Place(_) | Self::Ended | Self::Broken(_) | Self::Start(_) => true,
        }
    }

    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused { hint, .. } => hint.as_deref(),
            Self::Place(error) => Some(error.hint()),
            Self::Unanswered(_) => Some("try again; a larger paraph.loginTimeout gives more time"),
            Self::Broken(_) | Self::Ended => Some("end the process that listens at the agent's socket"),
            Self::Nobody => Some("log in where there is a terminal or a desktop, or set SIGSTORE_ID_TOKEN or paraph.identityTokenFile"),
            Self::Abandoned => Some("repeat the command that signs"),
            Self::Absent | Self::Start(_) => None,
        }
    }
}

/// Hears the replies to a call before the last one.
pub trait Listener {
    /// The request was sent. What is done here overlaps with the agent's work, and must be short, because no reply is read meanwhile. It may be
    /// called twice, if the request is sent again.
    fn request_sent(&mut self) {}

    /// Whether anybody still waits for the result. It is asked often while the agent works; after "no", the connection is closed.
    fn is_wanted(&self) -> bool {
        true
    }

    /// Gets a reply. Returns false if it is for the user and could not be shown.
    fn reply(&mut self, reply: &Reply) -> bool;
}

impl<F: FnMut(&Reply) -> bool> Listener for F {
    fn reply(&mut self, reply: &Reply) -> bool {
        self(reply)
    }
}

/// A client of the agent at one socket.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    /// Whether an agent may be started.
    start: bool,
    login_timeout: Duration,
    notice: Option<String>,
}

impl Client {
    /// The user's own agent. With `start`, it is started if it does not run.
    ///
    /// # Errors
    /// [`AgentError::Place`].
    pub fn of_user(start: bool) -> Result<Self, AgentError> {
        let place = if start { Place::of_user() } else { Place::planned() }?;
        let notice = place.notice().map(str::to_owned);
        Ok(Self { socket: place.socket(), start, login_timeout: Duration::ZERO, notice })
    }

    /// The user's other agents: those that another version or another environment started in another folder.
    ///
    /// # Errors
    /// [`AgentError::Place`].
    pub fn others_of_user() -> Result<Vec<Self>, AgentError> {
        let others = Place::planned()?.others().into_iter().map(|place| Self::at(place.socket()));
        Ok(others.filter(Self::is_present).collect())
    }

    /// What the user should know about a folder that is not used.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The agent at this socket, usually a forwarded one. It is never started.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket, start: false, login_timeout: Duration::ZERO, notice: None }
    }

    /// This client with a time limit for the login that a call may need.
    #[must_use]
    pub fn with_login_timeout(self, login_timeout: Duration) -> Self {
        Self { login_timeout, ..self }
    }

    /// Whether an agent listens, or may listen: also true if it cannot be asked now.
    pub fn is_present(&self) -> bool {
        !matches!(self.try_connect(), Ok(None))
    }

    /// Makes a call, and returns the last reply. `listener` gets the others.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn call(&self, call: &Call, mut listener: impl Listener) -> Result<Reply, AgentError> {
        // again if an older agent ended for this program, or if an ending agent did not read the request
        match self.call_once(call, &mut listener) {
            Err(AgentError::Refused { kind: Refusal::Older, .. }) if self.start => self.call_once(call, &mut listener),
            Err(AgentError::Ended) => self.call_once(call, &mut listener),
            result => result,
        }
    }

    /// Makes the call in the version of the protocol that the agent speaks.
    fn call_once(&self, call: &Call, listener: &mut impl Listener) -> Result<Reply, AgentError> {
        let unusable = |error: io::Error| AgentError::Broken(error.to_string());
        let request = Request::new(call.clone());
        match self.send(call, &protocol::frame(&request).map_err(unusable)?, listener) {
            Err(AgentError::Refused { kind: Refusal::Version, message, hint }) => match request.oldest_frame() {
                Some(frame) => self.send(call, &frame.map_err(unusable)?, listener),
                None => Err(AgentError::Refused { kind: Refusal::Version, message, hint }),
            },
            result => result,
        }
    }

    fn send(&self, call: &Call, request: &[u8], listener: &mut impl Listener) -> Result<Reply, AgentError> {
        if !listener.is_wanted() {
            return Err(AgentError::Abandoned);
        }
        // encoded before the connection, so that the agent wakes once for both
        let mut stream = self.connect()?;
        let broken = |error: io::Error| match error.kind() {
            // a socket is reset if it is closed before everything was read
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => AgentError::Ended,
            _ => AgentError::Broken(error.to_string()),
        };
        stream.write_all(request).map_err(broken)?;
        listener.request_sent();
        let silence = if matches!(call, Call::Status | Call::Journal) { SHORT_TIMEOUT } else { SILENCE_TIMEOUT };
        let (started, mut replies, mut shown) = (Instant::now(), 0, None::<Instant>);
        let mut reader = BufReader::with_capacity(protocol::USUAL, Timed { stream: &stream, until: started + silence });
        loop {
            let passed = started.elapsed();
            let may_log_in = matches!(call, Call::Sign(_) | Call::Login { .. });
            if may_log_in && shown.is_some_and(|shown| shown.elapsed() >= self.login_timeout) {
                return Err(AgentError::Unanswered(self.login_timeout));
            }
            // a watcher waits without a limit
            let is_too_long = passed >= CALL_TIMEOUT.saturating_add(self.login_timeout) || replies > MAX_REPLIES + 2 * passed.as_secs();
            if is_too_long && *call != Call::Watch {
                return Err(AgentError::Broken(format!(
                    "it sent {} in {}, but no result",
                    counted(replies, "reply"),
                    spoken_duration(passed)
                )));
            }
            replies += 1;
            reader.get_mut().until = Instant::now() + silence;
            // looked at between the pieces of a reply only where none has arrived, so that no byte is lost
            while reader.buffer().is_empty() && !reader.get_mut().is_readable(WATCH_INTERVAL).map_err(broken)? {
                if !listener.is_wanted() {
                    return Err(AgentError::Abandoned);
                }
            }
            let frame = protocol::read(&mut reader, MAX_REPLY).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    AgentError::Broken(format!("it was silent for {}", spoken_duration(silence)))
                }
                io::ErrorKind::UnexpectedEof => AgentError::Broken("it ended the connection".into()),
                _ => broken(error),
            })?;
            match crate::json_object::from_slice(&frame).map_err(|error| AgentError::Broken(error.to_string()))? {
                Reply::Refused { kind, message, hint } => return Err(AgentError::Refused { kind, message, hint }),
                reply if reply.is_last() => return Ok(reply),
                reply => {
                    shown = match reply {
                        Reply::LogIn { .. } | Reply::Code { .. } => shown.or_else(|| Some(Instant::now())),
                        Reply::Wait | Reply::Say { .. } | Reply::Unknown => shown,
                        // the login is done
                        _ => None,
                    };
                    if !listener.reply(&reply) {
                        return Err(AgentError::Nobody);
                    }
                }
            }
        }
    }

    fn connect(&self) -> Result<UnixStream, AgentError> {
        match self.try_connect()? {
            Some(stream) => return Ok(stream),
            None if !self.start => return Err(AgentError::Absent),
            None => {}
        }
        let started = Instant::now();
        let mut agent = start().map_err(|error| AgentError::Start(error.to_string()))?;
        // another client may have started an agent too: either will do
        while started.elapsed() < START_TIMEOUT {
            if let Some(stream) = self.try_connect()? {
                return Ok(stream);
            }
            if let Ok(Some(status)) = agent.try_wait()
                && !status.success()
            {
                return Err(AgentError::Start(format!("it ended at once ({status}); run `paraph agent run` to see why")));
            }
            std::thread::sleep(START_POLL);
        }
        Err(AgentError::Start(format!("none listens after {}", spoken_duration(START_TIMEOUT))))
    }

    fn try_connect(&self) -> Result<Option<UnixStream>, AgentError> {
        match connect(&self.socket) {
            Ok(stream) => {
                place::check_socket(&self.socket)?;
                Ok(Some(stream))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(AgentError::Broken(format!("it accepted no connection within {}", spoken_duration(SHORT_TIMEOUT))))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
            Err(cause) => {
                // reports a socket of another user as such
                if cause.kind() == io::ErrorKind::PermissionDenied && self.socket.exists() {
                    place::check_socket(&self.socket)?;
                }
                Err(AgentError::Place(PlaceError::Io { path: self.socket.clone(), cause }))
            }
        }
    }
}

/// Connects to a socket. If too many clients wait there already, it tries again for a limited time.
fn connect(path: &Path) -> io::Result<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, socket};
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(socket);
    stream.set_write_timeout(Some(SILENCE_TIMEOUT))?;
    stream.set_nonblocking(true)?;
    let address = SocketAddrUnix::new(path)?;
    let started = Instant::now();
    loop {
        match rustix::net::connect(&stream, &address) {
            Ok(()) => break,
            Err(error) if error == rustix::io::Errno::AGAIN && started.elapsed() < SHORT_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// A stream that is read until a deadline, however slowly its bytes come.
struct Timed<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl Timed<'_> {
    /// Waits for the next byte for this time at most. True also after the deadline, which reading reports.
    fn is_readable(&self, wait: Duration) -> io::Result<bool> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let left = self.until.saturating_duration_since(Instant::now());
        let wait = Timespec::try_from(wait.min(left)).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(self.stream, PollFlags::IN)], Some(&wait)) {
            Ok(ready) => Ok(ready > 0 || left.is_zero()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match self.stream.set_read_timeout(Some(left)) {
            // macOS reports this if the other end is closed: what it sent is read without waiting
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            result => result?,
        }
        self.stream.read(buffer)
    }
}

/// Starts an agent that outlives this process and shares nothing with it: no pipe of git's or of its own, no lock, no variable, no folder.
fn start() -> io::Result<Child> {
    let program = std::env::current_exe()?;
    // descriptors that this process inherited are not passed on
    close_fds::set_fds_cloexec(3, &[]);
    let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    Command::new(program)
        .args(["agent", "run", "--detached"])
        .env_clear()
        .envs(inherited)
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

impl KnownLogin for LoginStatus {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn certificate_issuer(&self) -> Option<&str> {
        self.certificate_issuer.as_deref()
    }

    fn has_alias(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}
