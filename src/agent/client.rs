//! How a signature is asked for, and how an agent is started where none runs.

use super::place::{self, Place, PlaceError};
use crate::agent_protocol::{self as protocol, Call, HEARTBEAT, MAX_REPLY, Refusal, Reply, Request};
use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// An agent that says nothing for so long is broken: it would have sent heartbeats.
const SILENCE: Duration = HEARTBEAT.saturating_mul(5);
/// The same of one that has only to tell what it holds.
const SILENCE_AT_ONCE: Duration = Duration::from_secs(3);
/// A call takes no longer than this, whatever signs of life come, where no person may have to do something for it.
const LONGEST: Duration = Duration::from_secs(180);
/// Replies that come before the last one, at most, besides two a second.
const MAX_REPLIES: u64 = 200;
/// How long an agent that was started may take until it listens.
const START: Duration = Duration::from_secs(10);
/// The environment that an agent inherits; nothing of a shell, a repository or a terminal besides.
const INHERITED: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
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
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
];

/// Why an agent gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// There is none, and none is to be started.
    #[error("no agent runs")]
    Absent,
    /// It needs a person, and there is nobody to show anything to.
    #[error(
        "a login is needed, and there is neither a terminal to show its address on nor a desktop session to open a browser in; \
         set SIGSTORE_ID_TOKEN or paraph.identityTokenFile, or run this where you can log in"
    )]
    Nobody,
    /// The login that it needs was shown, and nobody completed it.
    #[error("nobody completed the login within {} s", .0.as_secs())]
    Unanswered(Duration),
    /// It said no.
    #[error("{message}")]
    Refused {
        /// Why, for the client.
        kind: Refusal,
        /// Why, for a person.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Its socket is not one to be trusted.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// It ended, and did not take the request.
    #[error("the agent ended before it took the request")]
    Ended,
    /// It does not do what an agent does.
    #[error("the agent is broken: {0}")]
    Broken(String),
    /// None could be started.
    #[error("no agent could be started: {0}")]
    Start(String),
}

impl AgentError {
    /// What to do.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused { hint, .. } => hint.as_deref(),
            Self::Place(error) => error.hint(),
            Self::Unanswered(_) => Some("try again; paraph.loginTimeout gives more time"),
            Self::Broken(_) | Self::Ended => Some("end the process that listens at its socket in its place"),
            Self::Absent | Self::Nobody | Self::Start(_) => None,
        }
    }
}

/// Where an agent is, and whether one may be started.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    start: bool,
    person: Duration,
}

impl Client {
    /// The user's own agent. With `start`, one that does not run is started.
    ///
    /// # Errors
    /// [`AgentError::Place`].
    pub fn of_user(start: bool) -> Result<Self, AgentError> {
        Ok(Self { socket: Place::of_user()?.socket(), start, person: Duration::ZERO })
    }

    /// The agent behind this socket, which somebody else keeps there: a forwarded one.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket, start: false, person: Duration::ZERO }
    }

    /// The same for calls that may take a login, which a person completes within `time`.
    #[must_use]
    pub fn with_person(self, time: Duration) -> Self {
        Self { person: time, ..self }
    }

    /// Whether something listens, or may: also where it cannot be asked now.
    pub fn is_present(&self) -> bool {
        !matches!(self.try_connect(), Ok(None))
    }

    /// Makes a call. `say` gets what comes before the last reply, and returns whether somebody could
    /// see what is for a person.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn call(&self, call: &Call, say: impl FnMut(&Reply) -> bool) -> Result<Reply, AgentError> {
        self.call_meanwhile(call, || (), say)
    }

    /// The same, with what this process does in the time that the agent takes. It is done each time that a request was written: perhaps
    /// twice, and not where nobody took the connection. No reply is read before it is done, so it must be short.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn call_meanwhile(
        &self,
        call: &Call,
        mut meanwhile: impl FnMut(),
        mut say: impl FnMut(&Reply) -> bool,
    ) -> Result<Reply, AgentError> {
        // a second time where an older agent ended for this program, or one that ends did not hear it
        match self.call_once(call, &mut meanwhile, &mut say) {
            Err(AgentError::Refused { kind: Refusal::Older, .. }) if self.start => self.call_once(call, &mut meanwhile, &mut say),
            Err(AgentError::Ended) => self.call_once(call, &mut meanwhile, &mut say),
            result => result,
        }
    }

    fn call_once(&self, call: &Call, meanwhile: &mut impl FnMut(), say: &mut impl FnMut(&Reply) -> bool) -> Result<Reply, AgentError> {
        let request = protocol::frame(&Request::new(call.clone())).map_err(|error| AgentError::Broken(error.to_string()))?;
        // the request follows the connection at once, so that the agent wakes for both
        let mut stream = self.connect()?;
        let broken = |error: io::Error| match error.kind() {
            // a socket is reset where it is closed before what came was read
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => AgentError::Ended,
            _ => AgentError::Broken(error.to_string()),
        };
        stream.write_all(&request).map_err(broken)?;
        meanwhile();
        let silence = if matches!(call, Call::Status | Call::Journal) { SILENCE_AT_ONCE } else { SILENCE };
        let (started, mut replies, mut shown) = (Instant::now(), 0, None::<Instant>);
        let mut reader = BufReader::with_capacity(protocol::USUAL, Timed { stream: &stream, until: started + silence });
        loop {
            let passed = started.elapsed();
            let is_own_login = matches!(call, Call::Sign(_) | Call::Login { .. });
            if is_own_login && shown.is_some_and(|shown| shown.elapsed() >= self.person) {
                return Err(AgentError::Unanswered(self.person));
            }
            // who watches waits for as long as nothing happens
            let is_too_long = passed >= LONGEST.saturating_add(self.person) || replies > MAX_REPLIES + 2 * passed.as_secs();
            if is_too_long && *call != Call::Watch {
                return Err(AgentError::Broken(format!("it gave {replies} signs of life in {} s, and no result", passed.as_secs())));
            }
            replies += 1;
            reader.get_mut().until = Instant::now() + silence;
            let frame = protocol::read(&mut reader, MAX_REPLY).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    AgentError::Broken(format!("it was silent for {} s", silence.as_secs()))
                }
                io::ErrorKind::UnexpectedEof => AgentError::Broken("it ended the connection".into()),
                _ => broken(error),
            })?;
            match serde_json::from_slice(&frame).map_err(|error| AgentError::Broken(error.to_string()))? {
                Reply::Refused { kind, message, hint } => return Err(AgentError::Refused { kind, message, hint }),
                reply if reply.is_last() => return Ok(reply),
                reply => {
                    shown = match reply {
                        Reply::LogIn { .. } | Reply::Code { .. } => shown.or_else(|| Some(Instant::now())),
                        Reply::Wait | Reply::Say { .. } | Reply::Unknown => shown,
                        // it goes on: the login is done
                        _ => None,
                    };
                    if !say(&reply) {
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
        start().map_err(|error| AgentError::Start(error.to_string()))?;
        // another client may have started one as well: whichever listens will do
        while started.elapsed() < START {
            if let Some(stream) = self.try_connect()? {
                return Ok(stream);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(AgentError::Start(format!("none listens after {} s", START.as_secs())))
    }

    fn try_connect(&self) -> Result<Option<UnixStream>, AgentError> {
        match connect(&self.socket) {
            Ok(stream) => {
                place::check_socket(&self.socket)?;
                Ok(Some(stream))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(AgentError::Broken(format!("it takes no connection within {} s", SILENCE_AT_ONCE.as_secs())))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
            Err(cause) => {
                // where it belongs to somebody else, that is what to say
                if cause.kind() == io::ErrorKind::PermissionDenied && self.socket.exists() {
                    place::check_socket(&self.socket)?;
                }
                Err(AgentError::Place(PlaceError::Io { path: self.socket.clone(), cause }))
            }
        }
    }
}

/// Connects to a socket. One at which too many others wait already is tried again for a while, and not for as long as they do.
fn connect(path: &Path) -> io::Result<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, socket};
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(socket);
    stream.set_write_timeout(Some(SILENCE))?;
    stream.set_nonblocking(true)?;
    let address = SocketAddrUnix::new(path)?;
    let started = Instant::now();
    loop {
        match rustix::net::connect(&stream, &address) {
            Ok(()) => break,
            Err(error) if error == rustix::io::Errno::AGAIN && started.elapsed() < SILENCE_AT_ONCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// A stream that is read until a time, however slowly its bytes come.
struct Timed<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match self.stream.set_read_timeout(Some(left)) {
            // macOS says so of a socket whose other end is closed: what that end sent is read without waiting
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            result => result?,
        }
        self.stream.read(buffer)
    }
}

/// Starts an agent that outlives this process and shares nothing with it: no pipe of git's, no lock, no variable, no folder. It has taken its
/// place, or another one has, when this returns.
fn start() -> io::Result<()> {
    let program = std::env::current_exe()?;
    // whatever this process inherited stays with it
    close_fds::set_fds_cloexec(3, &[]);
    let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    let mut agent = Command::new(program)
        .args(["agent", "run", "--detached"])
        .env_clear()
        .envs(inherited)
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut said = String::new();
    if let Some(output) = agent.stdout.take() {
        BufReader::new(output).read_line(&mut said)?;
    }
    match said.trim() {
        "" => Err(io::Error::other(format!("it ended at once ({}); `paraph agent run` tells why", agent.wait()?))),
        _ => Ok(()),
    }
}
