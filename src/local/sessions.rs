//! Refresh tokens with rotation, and the record of logins.
//!
//! A refresh token is `SESSION.SECRET`, both random, and is good once: redeeming it gives the session's next one. One that comes again was
//! copied, and nobody can say whether by the first or the second who sends it: the session ends for both (RFC 9700, section 4.14).
//!
//! `sessions.json` holds a list of sessions:
//!
//! | field | meaning |
//! | --- | --- |
//! | `id` | the token's first part |
//! | `token` | SHA-256 of the whole token that is good now, in hexadecimal |
//! | `client` | whom it was given to |
//! | `email` | who has logged in |
//! | `expires` | the end, unless it is renewed before: seconds since the Unix epoch |
//!
//! `logins` is a text of lines `TIME KIND ADDRESS`, appended, where KIND is `login`, `device` or `renewal`; it is only counted.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    error::LocalError,
    keys::random,
    state::{read_file, write_file},
    token::Email,
};

const FILE: &str = "sessions.json";
const RECORD: &str = "logins";
/// A session that nobody renews ends after this time, in seconds.
const IDLE: i64 = 30 * 24 * 60 * 60;
/// Sessions at a time: of more, those that would expire first end.
const MAX_SESSIONS: usize = 256;

/// One login that can be renewed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    id: String,
    token: String,
    client: String,
    email: String,
    expires: i64,
}

/// The sessions of an instance. What is answered is on disk.
#[derive(Debug)]
pub struct Sessions {
    path: PathBuf,
    sessions: Mutex<Vec<Session>>,
}

impl Sessions {
    /// Reads them; none where the instance is older than they are.
    pub fn open(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join(FILE);
        let sessions = match read_file(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| LocalError::damaged(&path, error.to_string()))?,
            Err(LocalError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, sessions: Mutex::new(sessions) })
    }

    /// A new session's first refresh token.
    pub fn begin(&self, client: &str, email: &Email, now: Timestamp) -> Result<String, LocalError> {
        let mut sessions = self.lock();
        let mut next: Vec<Session> = sessions.iter().filter(|session| now.as_second() < session.expires).cloned().collect();
        if next.len() >= MAX_SESSIONS {
            next.sort_by_key(|session| session.expires);
            next.drain(..=next.len() - MAX_SESSIONS);
        }
        let id = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let token = new_token(&id)?;
        next.push(Session {
            token: digest(&token),
            id,
            client: client.to_owned(),
            email: email.as_str().to_owned(),
            expires: now.as_second() + IDLE,
        });
        self.keep(&mut sessions, next)?;
        Ok(token)
    }

    /// The next token in place of this one, and whose it is; `None` where it is not good, which ends the session it once belonged to.
    pub fn rotate(&self, token: &str, client: &str, now: Timestamp) -> Result<Option<(String, Email)>, LocalError> {
        let mut sessions = self.lock();
        let mut next = sessions.clone();
        let Some(index) = position(&next, token) else { return Ok(None) };
        let Some(session) = next.get_mut(index).filter(|session| session.client == client) else { return Ok(None) };
        let good = verify_slices_are_equal(session.token.as_bytes(), digest(token).as_bytes()).is_ok() && now.as_second() < session.expires;
        let Some(email) = Email::new(&session.email).ok().filter(|_| good) else {
            next.remove(index);
            self.keep(&mut sessions, next)?;
            return Ok(None);
        };
        let token = new_token(&session.id)?;
        session.token = digest(&token);
        session.expires = now.as_second() + IDLE;
        self.keep(&mut sessions, next)?;
        Ok(Some((token, email)))
    }

    /// Ends the session of a token, an old one included; a token that is not known is no error (RFC 7009, section 2.2).
    pub fn revoke(&self, token: &str, client: &str) -> Result<(), LocalError> {
        let mut sessions = self.lock();
        let mut next = sessions.clone();
        let Some(index) = position(&next, token) else { return Ok(()) };
        if next.get(index).is_some_and(|session| session.client == client) {
            next.remove(index);
            self.keep(&mut sessions, next)?;
        }
        Ok(())
    }

    fn keep(&self, sessions: &mut Vec<Session>, next: Vec<Session>) -> Result<(), LocalError> {
        let text = serde_json::to_vec(&next).map_err(|_| LocalError::Crypto("encode the sessions"))?;
        write_file(&self.path, &text, 0o600)?;
        *sessions = next;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session that a token names. The first part is as secret as the second.
fn position(sessions: &[Session], token: &str) -> Option<usize> {
    let (id, _) = token.split_once('.')?;
    sessions.iter().position(|session| session.id == id)
}

fn new_token(id: &str) -> Result<String, LocalError> {
    Ok(format!("{id}.{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// A token has 256 random bits: nothing slower is needed.
fn digest(token: &str) -> String {
    hex::encode(&Sha256::digest(token))
}

/// How an identity token came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The authorization code flow.
    Login,
    /// The device flow.
    Device,
    /// A refresh token.
    Renewal,
}

/// The file that counts logins.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    file: Mutex<File>,
}

impl Record {
    /// Opens it, or makes it.
    pub fn open(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join(RECORD);
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(LocalError::file("open", &path))?;
        Ok(Self { path, file: Mutex::new(file) })
    }

    /// Appends a line. Addresses are ASCII without spaces.
    pub fn note(&self, kind: Kind, email: &Email, now: Timestamp) -> Result<(), LocalError> {
        let kind = match kind {
            Kind::Login => "login",
            Kind::Device => "device",
            Kind::Renewal => "renewal",
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{now} {kind} {}\n", email.as_str()).as_bytes()).map_err(LocalError::file("write", &self.path))
    }
}

/// What happened at the issuer since the instance was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Logins {
    /// Logins of somebody, in either flow.
    pub logins: u64,
    /// New tokens for a login that went on.
    pub renewals: u64,
}

impl Logins {
    /// Counts.
    pub(super) fn read(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join(RECORD);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(LocalError::file("read", &path)(error)),
        };
        let mut counted = Self::default();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(LocalError::file("read", &path))?;
            match line.split(' ').nth(1) {
                Some("login" | "device") => counted.logins += 1,
                Some("renewal") => counted.renewals += 1,
                _ => {}
            }
        }
        Ok(counted)
    }
}
