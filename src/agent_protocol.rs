//! What agent and client say to each other. The document is for programs in any language; the types below are the same in this one.
#![doc = include_str!("../man/agent-protocol.md")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    fmt,
    io::{self, Read, Write},
    time::Duration,
};

/// The protocol's version.
pub const VERSION: u32 = 1;
/// What is to be signed may have so many bytes; a client signs more by itself.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// The longest request, in bytes.
pub const MAX_REQUEST: usize = MAX_PAYLOAD / 3 * 4 + (64 << 10);
/// The longest reply, in bytes.
pub const MAX_REPLY: usize = 1 << 20;
/// Most messages have fewer bytes: they are read in one piece.
pub(crate) const USUAL: usize = 16 << 10;
/// The longest name in a request, of an instance, a person, a machine or a version, in bytes.
pub const MAX_NAME: usize = 1024;
/// Names that a login is told to have been asked for by, at most.
pub const MAX_NAMES: usize = 16;
/// The longest path in a request, in bytes.
pub const MAX_PATH: usize = 4096;
/// What is said about a request that cannot be read has so many characters at most: it may quote the request.
const MAX_COMPLAINT: usize = 300;
/// How often an agent at work says that it is.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long a client may take to send its request, or to take a reply.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(5);

/// A request with the versions of who sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// The client's own version.
    pub program: String,
    /// What it wants.
    #[serde(flatten)]
    pub call: Call,
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Call {
    /// A signature.
    Sign(Sign),
    /// A login, without a signature.
    Login {
        /// The instance's name.
        instance: String,
        /// The only identity that will do.
        expected: Option<String>,
        /// Whom to log in as, otherwise.
        hint: Option<String>,
        /// By a code on another device.
        #[serde(default)]
        by_code: bool,
    },
    /// Forgets one identity, or all.
    Logout {
        /// Which.
        identity: Option<String>,
    },
    /// What the agent holds.
    Status,
    /// What it signed.
    Journal,
    /// Wipes keys and tokens, and signs nothing until it is unlocked.
    Lock,
    /// Ends that.
    Unlock,
    /// Wipes keys and tokens.
    Clear,
    /// Ends the agent.
    Stop,
    /// Waits for questions.
    Watch,
    /// Answers one.
    Answer {
        /// Its number.
        ask: u64,
        /// The answer.
        allow: bool,
    },
}

/// A signature that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// A commit, a tag or a push certificate, as git hands it over.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub payload: Vec<u8>,
    /// The name of the instance to sign with.
    pub instance: String,
    /// The only identity that may sign.
    pub expected: Option<String>,
    /// Whom `user.signingKey` names.
    pub hint: Option<String>,
    /// Where the client says that it is. Shown, never opened.
    pub repository: Option<String>,
    /// The machine that a forwarded client says it is on. Shown.
    pub host: Option<String>,
    /// Whether what is said reaches a person or a log there.
    pub reader: bool,
    /// Where it takes a login: by a code on another device. A forwarded client has no say in that.
    #[serde(default)]
    pub by_code: bool,
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// A line for a person.
    Say {
        /// It, not escaped.
        text: String,
    },
    /// A login waits for a person.
    LogIn {
        /// The address.
        url: String,
        /// Whether a browser is being opened where the agent runs.
        opening: bool,
    },
    /// A login waits for a code.
    #[serde(rename_all = "snake_case")]
    Code {
        /// Where to enter it.
        verification_uri: String,
        /// It.
        user_code: String,
        /// An address that holds it already.
        verification_uri_complete: Option<String>,
        /// How long it is good, in seconds.
        expires: u64,
    },
    /// What becomes public, before it does.
    Publish {
        /// The identity and the log, as one word.
        of: String,
        /// It, not escaped.
        text: Vec<String>,
    },
    /// The agent is at work.
    Wait,
    /// A question to who watches.
    Ask {
        /// Its number.
        ask: u64,
        /// It, not escaped.
        text: String,
    },
    /// The certificate of the signature that is being made, so that the client can check it while log and timestamp authority answer.
    Certificate {
        /// It, DER.
        #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
        certificate: Vec<u8>,
    },
    /// The signature before the agent has verified it, so that the client can at the same time.
    Draft {
        /// The armored CMS.
        signature: String,
    },
    /// The signature.
    Signed {
        /// The armored CMS.
        signature: String,
    },
    /// There is a credential now.
    LoggedIn {
        /// Whose.
        identity: String,
        /// Who vouches for it.
        issuer: String,
    },
    /// What the agent holds.
    Status(AgentStatus),
    /// What was signed, the oldest first.
    Journal {
        /// At most as many as the agent keeps.
        entries: Vec<JournalEntry>,
    },
    /// It is done.
    Done {
        /// What is worth saying about it.
        remarks: Vec<String>,
    },
    /// It is not done.
    Refused {
        /// Why, for the client.
        kind: Refusal,
        /// Why, for a person; not escaped.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// One of another program's version, whose name is not known here. It is passed over.
    #[serde(other)]
    Unknown,
}

/// Why an agent does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It speaks another version of the protocol.
    Version,
    /// It is older than the client, and has ended: a new one can be started.
    Older,
    /// The request cannot be read, or is none that this socket takes.
    Request,
    /// What is to be signed is no commit, tag or push certificate.
    Payload,
    /// It does not know the instance: the client can sign by itself.
    Instance,
    /// It is locked.
    Locked,
    /// It serves too many others.
    Busy,
    /// The identity is not the expected one.
    Identity,
    /// Nobody allowed it.
    Denied,
    /// The login did not succeed.
    Login,
    /// A service did not do its part.
    Service,
    /// What rests in a keyring could not be removed.
    Keyring,
    /// Trust material or a setting of the agent's own user cannot be used.
    Configuration,
}

/// A keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyringKind {
    /// The desktop's Secret Service, over D-Bus: GNOME's keyring, KWallet, KeePassXC.
    SecretService,
    /// The kernel's keyutils: until the machine is started anew, or nothing was asked for in days.
    Keyutils,
    /// The Keychain of macOS.
    Keychain,
}

impl KeyringKind {
    /// The one that this system's programs use.
    pub const OF_SYSTEM: Self = if cfg!(target_vendor = "apple") { Self::Keychain } else { Self::SecretService };

    /// As it stands in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretService => "secret-service",
            Self::Keyutils => "keyutils",
            Self::Keychain => "keychain",
        }
    }
}

impl fmt::Display for KeyringKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecretService => "the Secret Service",
            Self::Keyutils => "the kernel's keyring",
            Self::Keychain => "the Keychain",
        })
    }
}

/// What the agent holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Its process.
    pub process: u32,
    /// Its version.
    pub program: String,
    /// When it started, in seconds since the epoch.
    pub started: i64,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether its memory stays out of the swap, and otherwise why not.
    pub memory: String,
    /// The keyring in which refresh tokens rest, where there is one: `secret-service`, `keyutils` or `keychain`.
    pub keyring: Option<KeyringKind>,
    /// Why it is not used.
    pub keyring_problem: Option<String>,
    /// The logins.
    pub logins: Vec<LoginStatus>,
}

/// A login that the agent keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStatus {
    /// Whose.
    pub identity: String,
    /// The issuer that it logged in at.
    pub issuer: String,
    /// The certificate authority.
    pub fulcio: String,
    /// The end of its certificate, in seconds since the epoch, where it has one that is good now.
    pub certificate_until: Option<i64>,
    /// Whether the next certificate needs no login: there is a refresh token, or an ID token that is good until then.
    pub renewable: bool,
    /// Whether its refresh token is stored in the keyring.
    #[serde(rename = "rests")]
    pub is_stored: bool,
    /// Signatures made under it.
    pub signatures: u64,
    /// Other names that led to it: of whom a login was asked that became this one.
    pub names: Vec<String>,
}

/// A signature that the agent made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When, in seconds since the epoch.
    pub time: i64,
    /// `commit`, `tag` or `push`.
    pub kind: String,
    /// As whom.
    pub identity: String,
    /// For which repository, as the client claimed.
    pub repository: Option<String>,
    /// For which machine, as a forwarded client claimed.
    pub host: Option<String>,
    /// SHA-256 of what was signed, in hexadecimal.
    pub payload: String,
    /// How long log and timestamp authority took, in microseconds.
    pub services: u64,
    /// How long the verification of the finished signature took, in microseconds.
    pub verification: u64,
}

impl Request {
    /// A request of this program.
    pub fn new(call: Call) -> Self {
        Self { version: VERSION, program: env!("CARGO_PKG_VERSION").to_owned(), call }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// What to answer.
    pub fn parse(frame: &[u8]) -> Result<Self, Reply> {
        #[derive(Deserialize)]
        struct Versions {
            version: u32,
        }
        let refuse = |kind, message: String| Reply::Refused { kind, message, hint: None };
        let unreadable = |error: serde_json::Error| {
            let complaint: String = error.to_string().chars().take(MAX_COMPLAINT).collect();
            refuse(Refusal::Request, format!("the request cannot be read: {complaint}"))
        };
        let Versions { version } = serde_json::from_slice(frame).map_err(unreadable)?;
        if version != VERSION {
            return Err(refuse(
                Refusal::Version,
                format!("the agent speaks version {VERSION} of its protocol, and the client version {version}"),
            ));
        }
        let request: Self = serde_json::from_slice(frame).map_err(unreadable)?;
        match request.too_long() {
            None => Ok(request),
            Some((field, cap)) => Err(refuse(Refusal::Request, format!("the request's {field} has more than {cap} bytes"))),
        }
    }

    /// A field that is longer than it may be: what the agent remembers of requests is bounded.
    fn too_long(&self) -> Option<(&'static str, usize)> {
        let mut names = vec![("program", Some(&self.program))];
        let mut path = None;
        match &self.call {
            Call::Sign(Sign { instance, expected, hint, repository, host, .. }) => {
                names.extend([
                    ("instance", Some(instance)),
                    ("expected", expected.as_ref()),
                    ("hint", hint.as_ref()),
                    ("host", host.as_ref()),
                ]);
                path = repository.as_ref();
            }
            Call::Login { instance, expected, hint, .. } => {
                names.extend([("instance", Some(instance)), ("expected", expected.as_ref()), ("hint", hint.as_ref())]);
            }
            Call::Logout { identity } => names.push(("identity", identity.as_ref())),
            _ => {}
        }
        let names =
            names.into_iter().filter(|(_, value)| value.is_some_and(|value| value.len() > MAX_NAME)).map(|(field, _)| (field, MAX_NAME));
        let path = path.filter(|path| path.len() > MAX_PATH).map(|_| ("repository", MAX_PATH));
        names.chain(path).next()
    }
}

impl Reply {
    /// A refusal without a hint.
    pub fn refused(kind: Refusal, message: impl Into<String>) -> Self {
        Self::Refused { kind, message: message.into(), hint: None }
    }

    /// Whether no other reply follows it.
    pub fn is_last(&self) -> bool {
        !matches!(
            self,
            Self::Say { .. }
                | Self::LogIn { .. }
                | Self::Code { .. }
                | Self::Publish { .. }
                | Self::Certificate { .. }
                | Self::Draft { .. }
                | Self::Wait
                | Self::Ask { .. }
                | Self::Unknown
        )
    }
}

/// Writes a frame.
///
/// # Errors
/// Where the peer does not take it.
pub fn write(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&frame(message)?)?;
    stream.flush()
}

/// Reads a frame of at most `cap` bytes.
///
/// # Errors
/// Where the peer ends early, or sends more.
pub fn read(stream: &mut impl Read, cap: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = checked_length(length, cap)?;
    let mut bytes = Vec::with_capacity(length.min(USUAL));
    // memory grows with what arrives, not with what is announced
    if stream.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// A message as it is sent.
///
/// # Errors
/// Where it is too long for a frame.
pub fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok([&length.to_be_bytes()[..], &body].concat())
}

/// The length that a frame announces.
///
/// # Errors
/// One of 0, or of more than `cap`.
pub fn checked_length(length: [u8; 4], cap: usize) -> io::Result<usize> {
    match u32::from_be_bytes(length) as usize {
        0 => Err(io::Error::new(io::ErrorKind::InvalidData, "an empty frame")),
        length if length > cap => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes, at most {cap} are read")))
        }
        length => Ok(length),
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| D::Error::custom("it is no base64"))?;
    if bytes.len() > MAX_PAYLOAD { Err(D::Error::custom(format!("it has more than {MAX_PAYLOAD} bytes"))) } else { Ok(bytes) }
}

/// Whether version `left` comes after `right`, pre-releases counted as their release. Text that is not a version is never newer.
#[cfg(feature = "cli")]
pub fn is_newer(left: &str, right: &str) -> bool {
    let release = |version: &str| semver::Version::parse(version).ok().map(|version| (version.major, version.minor, version.patch));
    matches!((release(left), release(right)), (Some(left), Some(right)) if left > right)
}

#[cfg(test)]
mod tests;
