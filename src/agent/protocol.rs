//! What agent and client say to each other.
//!
//! A connection carries one request and its replies. Each is a frame:
//!
//! | offset | size | meaning |
//! | ---: | ---: | --- |
//! | 0 | 4 | length of what follows in bytes, big endian, 1 to [`MAX_REQUEST`] (requests) or [`MAX_REPLY`] (replies) |
//! | 4 | length | a JSON object in UTF-8 |
//!
//! Requests. Every one holds `version` (the number [`VERSION`]), `program` (the client's version) and `call`:
//!
//! | call | socket | further fields | last reply |
//! | --- | --- | --- | --- |
//! | `sign` | both | `payload` (base64: a commit, tag or push certificate without signature), `instance` (a name), `expected` (the only identity that may sign, or null), `hint` (a name or address, or null), `repository` (a path, shown as claimed; or null), `host` (of a forwarded client, shown as claimed; or null) | `signed` |
//! | `login` | agent | `instance`, `hint` | `logged-in` |
//! | `logout` | agent | `identity` (or null for all) | `done` |
//! | `status` | agent | – | `status` |
//! | `journal` | agent | – | `journal` |
//! | `lock`, `unlock`, `clear`, `stop` | agent | – | `done` |
//! | `watch` | agent | – | `ask`, until the client leaves |
//! | `answer` | agent | `ask` (the number of the question), `allow` | `done` |
//!
//! Replies. Any number of `say`, `log-in`, `code`, `wait` and `ask` come before the last one:
//!
//! | reply | fields | meaning |
//! | --- | --- | --- |
//! | `say` | `text` | a line for the person at the client's terminal; the client escapes it, as all that follows |
//! | `log-in` | `url`, `opening` | a login waits at this address; whether a browser is being opened where the agent runs |
//! | `code` | `verification_uri`, `user_code`, `verification_uri_complete` (or null), `expires` (seconds) | a login waits for this code (RFC 8628) |
//! | `wait` | – | the agent is alive and at work; sent every [`HEARTBEAT`] |
//! | `ask` | `ask`, `text` | a signature for a forwarded client waits for a yes |
//! | `signed` | `signature` | the armored CMS |
//! | `refused` | `kind`, `message`, `hint` | nothing was done; [`Refusal`] lists the kinds |
//! | `logged-in`, `status`, `journal`, `done` | see [`Reply`] | |
//!
//! A field that is not known is an error. A client of another version gets `refused` with the kind `version`.

use super::keyring::Kind;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    io::{self, Read, Write},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The protocol's version.
pub const VERSION: u32 = 1;
/// What is to be signed may have so many bytes; a client signs more by itself.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// The longest request, in bytes.
pub const MAX_REQUEST: usize = MAX_PAYLOAD / 3 * 4 + (64 << 10);
/// The longest reply, in bytes.
pub const MAX_REPLY: usize = 1 << 20;
/// How often an agent at work says that it is.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

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
        /// Whom to log in as.
        hint: Option<String>,
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
    /// The agent is at work.
    Wait,
    /// A question to who watches.
    Ask {
        /// Its number.
        ask: u64,
        /// It, not escaped.
        text: String,
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
    Status(Status),
    /// What was signed, the oldest first.
    Journal {
        /// At most as many as the agent keeps.
        entries: Vec<Signed>,
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

/// What the agent holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
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
    pub keyring: Option<Kind>,
    /// Why it is not used.
    pub keyring_problem: Option<String>,
    /// The logins.
    pub logins: Vec<Login>,
}

/// A login that the agent keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Whose.
    pub identity: String,
    /// The issuer that it logged in at.
    pub issuer: String,
    /// The certificate authority.
    pub fulcio: String,
    /// The end of its certificate, in seconds since the epoch, where it has one that is good now.
    pub certificate_until: Option<i64>,
    /// Whether the next certificate needs no login.
    pub renewable: bool,
    /// Whether its refresh token rests in the keyring.
    pub rests: bool,
    /// Signatures made under it.
    pub signatures: u64,
}

/// A signature that the agent made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
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
        let unreadable = |error: serde_json::Error| refuse(Refusal::Request, format!("the request cannot be read: {error}"));
        let Versions { version } = serde_json::from_slice(frame).map_err(unreadable)?;
        if version != VERSION {
            return Err(refuse(
                Refusal::Version,
                format!("the agent speaks version {VERSION} of its protocol, and the client version {version}"),
            ));
        }
        serde_json::from_slice(frame).map_err(unreadable)
    }
}

impl Reply {
    /// A refusal without a hint.
    pub fn refused(kind: Refusal, message: impl Into<String>) -> Self {
        Self::Refused { kind, message: message.into(), hint: None }
    }

    /// Whether no other reply follows it.
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Say { .. } | Self::LogIn { .. } | Self::Code { .. } | Self::Wait | Self::Ask { .. })
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
    let mut bytes = Vec::new();
    // memory grows with what arrives, not with what is announced
    if stream.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// [`write()`] in the server.
pub(super) async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&frame(message)?).await?;
    stream.flush().await
}

/// [`read`] in the server.
pub(super) async fn receive(stream: &mut (impl AsyncRead + Unpin), cap: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = checked_length(length, cap)?;
    let mut bytes = Vec::new();
    if stream.take(length as u64).read_to_end(&mut bytes).await? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok([&length.to_be_bytes()[..], &body].concat())
}

fn checked_length(length: [u8; 4], cap: usize) -> io::Result<usize> {
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
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| D::Error::custom("the payload is no base64"))?;
    if bytes.len() > MAX_PAYLOAD { Err(D::Error::custom(format!("the payload has more than {MAX_PAYLOAD} bytes"))) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign() -> Call {
        Call::Sign(Sign {
            payload: b"tree".to_vec(),
            instance: "public".into(),
            expected: None,
            hint: Some("ann@example.com".into()),
            repository: Some("/r".into()),
            host: None,
        })
    }

    #[test]
    fn requests_and_replies_come_back_as_they_went() {
        for call in [sign(), Call::Status, Call::Answer { ask: 7, allow: true }, Call::Logout { identity: None }] {
            let request = Request::new(call);
            let mut bytes = Vec::new();
            write(&mut bytes, &request).unwrap();
            assert_eq!(Request::parse(&read(&mut bytes.as_slice(), MAX_REQUEST).unwrap()), Ok(request));
        }
        let reply = Reply::refused(Refusal::Locked, "it is locked");
        assert_eq!(serde_json::to_string(&reply).unwrap(), r#"{"reply":"refused","kind":"locked","message":"it is locked","hint":null}"#);
        assert_eq!(serde_json::from_str::<Reply>(&serde_json::to_string(&reply).unwrap()).unwrap(), reply);
    }

    #[test]
    fn a_client_of_another_version_gets_a_clear_answer() {
        let newer = br#"{"version":2,"program":"9.9.9","call":"sign-many","what":[]}"#;
        let Err(Reply::Refused { kind, message, .. }) = Request::parse(newer) else { panic!() };
        assert_eq!((kind, message.as_str()), (Refusal::Version, "the agent speaks version 1 of its protocol, and the client version 2"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for wrong in [
            &b""[..],
            b"null",
            b"[]",
            b"{}",
            br#"{"version":1}"#,
            br#"{"version":1,"program":"x","call":"keys"}"#,
            br#"{"version":-1,"program":"x","call":"status"}"#,
            br#"{"version":1,"program":"x","call":"login","instance":"public","hint":null,"key":true}"#,
            br#"{"version":1,"program":"x","call":"sign","payload":"!","instance":"public","expected":null,"hint":null,"repository":null,"host":null}"#,
        ] {
            assert!(matches!(Request::parse(wrong), Err(Reply::Refused { kind: Refusal::Request, .. })), "{}", String::from_utf8_lossy(wrong));
        }
        let large = Request::new(Call::Sign(Sign {
            payload: vec![0; MAX_PAYLOAD + 1],
            ..match sign() {
                Call::Sign(sign) => sign,
                _ => panic!(),
            }
        }));
        assert!(Request::parse(&serde_json::to_vec(&large).unwrap()).is_err());
    }

    #[test]
    fn a_frame_has_a_cap_and_an_end() {
        assert!(read(&mut &[0, 0, 0, 0][..], 10).is_err());
        assert!(read(&mut &[0, 0, 0, 11][..], 10).is_err());
        assert!(read(&mut &[255, 255, 255, 255][..], MAX_REPLY).is_err());
        assert!(read(&mut &[0, 0, 0, 3, b'{', b'}'][..], 10).is_err());
        assert_eq!(read(&mut &[0, 0, 0, 2, b'{', b'}', b'x'][..], 10).unwrap(), b"{}");
    }
}
