//! The messages between agent and client. The document below is for programs in any language; the types are the same in Rust.
#![doc = include_str!("../man/agent-protocol.md")]

mod subject;

pub use subject::SubjectToSign;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny},
};
use std::{
    fmt,
    io::{self, Read, Write},
    time::Duration,
};

/// The protocol's version.
pub const VERSION: u32 = 2;
/// The oldest version that an agent serves, and that a client falls back to.
pub const OLDEST_VERSION: u32 = 1;
/// The limit of what is to be signed, in bytes. A client signs larger payloads by itself.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// The limit of a statement, in bytes: the reply holds it too. A client signs larger ones by itself.
pub const MAX_STATEMENT: usize = 512 << 10;
/// The longest request, in bytes.
pub const MAX_REQUEST: usize = MAX_PAYLOAD / 3 * 4 + (64 << 10);
/// The longest reply, in bytes.
pub const MAX_REPLY: usize = 1 << 20;
/// Most messages are shorter, in bytes, and are read at once.
pub(crate) const USUAL: usize = 16 << 10;
/// The limit of a name in a request (instance, identity, machine or version), in bytes.
pub const MAX_NAME: usize = 1024;
/// Aliases of a login that are reported, at most.
pub const MAX_NAMES: usize = 16;
/// The longest path in a request, in bytes.
pub const MAX_PATH: usize = 4096;
/// The limit of an error about an unreadable request, in characters, because it may quote the request.
const MAX_COMPLAINT: usize = 300;
/// How often a working agent sends a reply.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long a client may take to send its request, or to read a reply.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(5);

/// A request with the versions of its sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// From [`OLDEST_VERSION`] to [`VERSION`].
    pub version: u32,
    /// The client's own version.
    pub program: String,
    /// What the client wants.
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
        /// The only identity to accept.
        expected: Option<String>,
        /// The identity to log in as otherwise.
        hint: Option<String>,
        /// The only issuer whose logins are accepted. Version 1 cannot say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_issuer: Option<String>,
        /// Use a code on another device.
        #[serde(default)]
        by_code: bool,
    },
    /// Removes the logins of one identity, or all.
    Logout {
        /// The identity.
        identity: Option<String>,
    },
    /// The agent's status.
    Status,
    /// The newest signatures.
    Journal,
    /// Wipes keys and tokens, and signs nothing until it is unlocked.
    Lock,
    /// Unlocks the agent.
    Unlock,
    /// Wipes keys and tokens.
    Clear,
    /// Ends the agent.
    Stop,
    /// Waits for questions.
    Watch,
    /// Answers a question.
    Answer {
        /// The question's number.
        ask: u64,
        /// The answer.
        allow: bool,
    },
}

/// A request to sign. Version 1 has the payload of a [`SubjectToSign::Git`] in place of the subject, and no expected issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SignFields")]
pub struct Sign {
    /// What is to be signed.
    pub subject: SubjectToSign,
    /// The name of the instance to sign with.
    pub instance: String,
    /// The only identity that may sign.
    pub expected: Option<String>,
    /// The only issuer that may vouch for the identity.
    pub expected_issuer: Option<String>,
    /// The identity that `user.signingKey` names.
    pub hint: Option<String>,
    /// The repository that the client claims. It is shown, never opened.
    pub repository: Option<String>,
    /// The machine that a forwarded client claims. It is shown.
    pub host: Option<String>,
    /// Whether the replies reach a person or a log.
    pub reader: bool,
    /// If a login is needed, use a code on another device. It has no effect for a forwarded client.
    pub by_code: bool,
}

/// The fields of a request to sign in all versions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignFields {
    #[serde(default, deserialize_with = "some_from_base64")]
    payload: Option<Vec<u8>>,
    subject: Option<SubjectToSign>,
    instance: String,
    expected: Option<String>,
    expected_issuer: Option<String>,
    hint: Option<String>,
    repository: Option<String>,
    host: Option<String>,
    reader: bool,
    #[serde(default)]
    by_code: bool,
}

impl TryFrom<SignFields> for Sign {
    type Error = &'static str;

    fn try_from(fields: SignFields) -> Result<Self, Self::Error> {
        let SignFields { payload, subject, instance, expected, expected_issuer, hint, repository, host, reader, by_code } = fields;
        let subject = match (payload, subject) {
            (Some(payload), None) => SubjectToSign::Git { payload },
            (None, Some(subject)) => subject,
            (None, None) => return Err("nothing is to be signed"),
            (Some(_), Some(_)) => return Err("payload and subject exclude each other"),
        };
        Ok(Self { subject, instance, expected, expected_issuer, hint, repository, host, reader, by_code })
    }
}

/// A reply of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// A line for the user.
    Say {
        /// The line, not escaped.
        text: String,
    },
    /// A login waits for the user.
    LogIn {
        /// Where to log in.
        url: String,
        /// Whether a browser is being opened where the agent runs.
        opening: bool,
    },
    /// A login waits for a code.
    #[serde(rename_all = "snake_case")]
    Code {
        /// Where to enter the code.
        verification_uri: String,
        /// The code.
        user_code: String,
        /// An address that contains the code.
        verification_uri_complete: Option<String>,
        /// How long the code is valid, in seconds.
        expires: u64,
    },
    /// What becomes public, before it does.
    Publish {
        /// Identifies the pair of identity and log.
        of: String,
        /// The lines to show, not escaped.
        text: Vec<String>,
    },
    /// The agent is working.
    Wait,
    /// A question for a watching client.
    Ask {
        /// The question's number.
        ask: u64,
        /// The question, not escaped.
        text: String,
    },
    /// The certificate of the signature in progress, which the client can check while log and timestamp authority answer. Optional.
    Certificate {
        /// The certificate in DER.
        #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
        certificate: Vec<u8>,
    },
    /// The signature before the agent verifies it, so that both can verify at the same time. Optional.
    Draft {
        /// The armored CMS, or the JSON of a bundle.
        signature: String,
    },
    /// The signature.
    Signed {
        /// The armored CMS, or the JSON of a bundle.
        signature: String,
    },
    /// The login succeeded.
    LoggedIn {
        /// The identity, as in the certificate.
        identity: String,
        /// The OpenID issuer in the certificate.
        issuer: String,
    },
    /// The agent's status.
    Status(AgentStatus),
    /// The newest signatures, the oldest first.
    Journal {
        /// The signatures.
        #[serde(deserialize_with = "crate::json_object::list")]
        entries: Vec<JournalEntry>,
    },
    /// The request was carried out.
    Done {
        /// Remarks for the user.
        remarks: Vec<String>,
    },
    /// The request was refused.
    Refused {
        /// The reason, for the client.
        kind: Refusal,
        /// The reason, for the user; not escaped.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A reply of another version, whose name is unknown here. It is ignored.
    #[serde(other)]
    Unknown,
}

/// Why an agent refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It speaks another version of the protocol.
    Version,
    /// It is older than the client and has ended, so that a new one can be started.
    Older,
    /// The request cannot be read, or this socket does not accept it.
    Request,
    /// The agent does not sign this kind of subject.
    Subject,
    /// The payload is not a commit, tag or push certificate that could be verified, the statement is malformed, or the file is something else
    /// in disguise.
    Payload,
    /// It does not know the instance; the client can sign by itself.
    Instance,
    /// It is locked.
    Locked,
    /// It serves too many other clients.
    Busy,
    /// The identity is not the expected one.
    Identity,
    /// Nobody approved it.
    Denied,
    /// The login failed.
    Login,
    /// A service failed.
    Service,
    /// A stored token could not be removed.
    Keyring,
    /// Trust material or a setting of the agent's own user cannot be used.
    Configuration,
    /// A reason that this program does not know.
    #[serde(other)]
    Unknown,
}

/// A keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyringKind {
    /// The desktop's Secret Service, over D-Bus: GNOME's keyring, KWallet, KeePassXC.
    SecretService,
    /// The kernel's keyutils, which keep entries until the next boot or for some days without use.
    Keyutils,
    /// The Keychain of macOS.
    Keychain,
}

impl KeyringKind {
    /// The usual keyring of this system.
    pub const OF_SYSTEM: Self = if cfg!(target_vendor = "apple") { Self::Keychain } else { Self::SecretService };

    /// The name in files.
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

/// The status of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Its process id.
    pub process: u32,
    /// Its version.
    pub program: String,
    /// When it started, in seconds since the epoch.
    pub started: i64,
    /// Whether it is locked.
    pub locked: bool,
    /// Which of its memory is kept out of swap, as a clause.
    pub memory: String,
    /// The keyring that stores refresh tokens, if the user chose one: `secret-service`, `keyutils` or `keychain`.
    pub keyring: Option<KeyringKind>,
    /// Why it is not used.
    pub keyring_problem: Option<String>,
    /// The logins.
    #[serde(deserialize_with = "crate::json_object::list")]
    pub logins: Vec<LoginStatus>,
}

/// A login that the agent keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStatus {
    /// The identity, as in the certificate.
    pub identity: String,
    /// The issuer of the login.
    pub issuer: String,
    /// The issuer in its certificate: another one if the issuer of the login lets its users log in elsewhere. Older agents do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_issuer: Option<String>,
    /// The certificate authority.
    pub fulcio: String,
    /// The end of its certificate's validity period, in seconds since the epoch, if it has a certificate that is valid now.
    pub certificate_until: Option<i64>,
    /// Whether the next certificate needs no login: there is a refresh token, or an ID token that is valid until then.
    pub renewable: bool,
    /// Whether its refresh token is stored in the keyring.
    #[serde(rename = "rests")]
    pub is_stored: bool,
    /// Signatures made under it.
    pub signatures: u64,
    /// Aliases: other names for which it signs.
    pub names: Vec<String>,
}

/// A signature that the agent made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When it was made, in seconds since the epoch.
    pub time: i64,
    /// `commit`, `tag`, `push`, `file`, `digest` or `statement`.
    pub kind: String,
    /// The name of the file that the client claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The identity in the certificate.
    pub identity: String,
    /// The repository that the client claimed.
    pub repository: Option<String>,
    /// The machine that a forwarded client claimed.
    pub host: Option<String>,
    /// SHA-256 of the payload, file or statement, in hexadecimal.
    pub payload: String,
    /// How long log and timestamp authority took, in microseconds.
    pub services: u64,
    /// How long the verification of the finished signature took, in microseconds.
    pub verification: u64,
}

impl Request {
    /// A request of this program's version.
    pub fn new(call: Call) -> Self {
        Self { version: VERSION, program: env!("CARGO_PKG_VERSION").to_owned(), call }
    }

    /// The frame of the same request in the oldest version; `None` if that cannot say all of it.
    pub fn oldest_frame(&self) -> Option<io::Result<Vec<u8>>> {
        let mut request = serde_json::to_value(Self { version: OLDEST_VERSION, ..self.clone() }).ok()?;
        match &self.call {
            Call::Sign(Sign { subject: SubjectToSign::Git { payload }, expected_issuer: None, .. }) => {
                let fields = request.as_object_mut()?;
                fields.remove("subject");
                fields.remove("expected_issuer");
                fields.insert("payload".to_owned(), STANDARD.encode(payload).into());
            }
            Call::Sign(_) | Call::Login { expected_issuer: Some(_), .. } => return None,
            _ => {}
        }
        Some(frame(&request))
    }

    /// Reads a request.
    ///
    /// # Errors
    /// The reply to send.
    pub fn parse(frame: &[u8]) -> Result<Self, Reply> {
        /// Which fields of certain versions there are.
        #[derive(Deserialize)]
        struct Head {
            version: u32,
            payload: Option<IgnoredAny>,
            subject: Option<IgnoredAny>,
            expected_issuer: Option<IgnoredAny>,
        }
        let refuse = |kind, message: String| Reply::Refused { kind, message, hint: None };
        let unreadable = |error: serde_json::Error| {
            let complaint: String = error.to_string().chars().take(MAX_COMPLAINT).collect();
            refuse(Refusal::Request, format!("the request cannot be read: {complaint}"))
        };
        let Head { version, payload, subject, expected_issuer } = crate::json_object::from_slice(frame).map_err(unreadable)?;
        if !(OLDEST_VERSION..=VERSION).contains(&version) {
            let message =
                format!("the agent speaks the versions {OLDEST_VERSION} to {VERSION} of its protocol; the client speaks version {version}");
            return Err(refuse(Refusal::Version, message));
        }
        let foreign = match version {
            OLDEST_VERSION if subject.is_some() => Some("subject"),
            OLDEST_VERSION if expected_issuer.is_some() => Some("expected_issuer"),
            OLDEST_VERSION => None,
            _ => payload.map(|_| "payload"),
        };
        if let Some(field) = foreign {
            return Err(refuse(Refusal::Request, format!("version {version} has no field {field}")));
        }
        let request: Self = crate::json_object::from_slice(frame).map_err(unreadable)?;
        match request.too_long() {
            None => Ok(request),
            Some((field, cap)) => Err(refuse(Refusal::Request, format!("the request's {field} has more than {cap} bytes"))),
        }
    }

    /// A field that is too long, with its limit. What the agent remembers of requests is limited.
    fn too_long(&self) -> Option<(&'static str, usize)> {
        let mut names = vec![("program", Some(&self.program))];
        let mut path = None;
        match &self.call {
            Call::Sign(Sign { subject, instance, expected, expected_issuer, hint, repository, host, .. }) => {
                if let SubjectToSign::Digest { sha256, .. } = subject {
                    names.push(("sha256", Some(sha256)));
                }
                names.extend([
                    ("name", subject.name()),
                    ("instance", Some(instance)),
                    ("expected", expected.as_ref()),
                    ("expected_issuer", expected_issuer.as_ref()),
                    ("hint", hint.as_ref()),
                    ("host", host.as_ref()),
                ]);
                path = repository.as_ref();
            }
            Call::Login { instance, expected, expected_issuer, hint, .. } => {
                names.extend([("instance", Some(instance)), ("expected", expected.as_ref()), ("hint", hint.as_ref())]);
                names.push(("expected_issuer", expected_issuer.as_ref()));
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

    /// Whether this is the last reply.
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
/// The peer does not accept it.
pub fn write(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&frame(message)?)?;
    stream.flush()
}

/// Reads a frame of at most `cap` bytes.
///
/// # Errors
/// The peer ends early, or sends more.
pub fn read(stream: &mut impl Read, cap: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = checked_length(length, cap)?;
    let mut bytes = Vec::with_capacity(length.min(USUAL));
    // memory grows with what arrives, not with the announced length
    if stream.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// A message as a frame.
///
/// # Errors
/// It is too long for a frame.
pub fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok([&length.to_be_bytes()[..], &body].concat())
}

/// The announced length of a frame.
///
/// # Errors
/// It is 0 or more than `cap`.
pub fn checked_length(length: [u8; 4], cap: usize) -> io::Result<usize> {
    match u32::from_be_bytes(length) as usize {
        0 => Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is empty")),
        length if length > cap => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("the frame has {length} bytes; at most {cap} are accepted")))
        }
        length => Ok(length),
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| D::Error::custom("it is invalid base64"))?;
    if bytes.len() > MAX_PAYLOAD { Err(D::Error::custom(format!("it has more than {MAX_PAYLOAD} bytes"))) } else { Ok(bytes) }
}

fn some_from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    from_base64(deserializer).map(Some)
}

/// Whether version `left` is newer than `right`, by their three numbers. A version that cannot be read is not newer.
#[cfg(feature = "cli")]
pub fn is_newer(left: &str, right: &str) -> bool {
    let numbers = |version: &str| semver::Version::parse(version).ok().map(|version| (version.major, version.minor, version.patch));
    matches!((numbers(left), numbers(right)), (Some(left), Some(right)) if left > right)
}

#[cfg(test)]
mod tests;
