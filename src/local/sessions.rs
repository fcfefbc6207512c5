//! Refresh tokens with rotation, and the record of logins.
//!
//! A refresh token is `SESSION.SECRET`. Both parts are random, and it is valid once: redeeming it gives the session's next token. A token that
//! comes again was copied, and nobody can tell which sender is the thief, so the session ends (RFC 9700, section 4.14).
//!
//! `sessions.json` holds a list of sessions:
//!
//! | field | meaning |
//! | --- | --- |
//! | `id` | the first part of the token |
//! | `token` | SHA-256 of the whole token that is valid now, in hexadecimal |
//! | `client` | the client that the token was given to |
//! | `email` | the address that logged in |
//! | `expires` | when the session ends unless it is renewed: seconds since the Unix epoch |
//!
//! `logins` is a text of lines `TIME KIND ADDRESS`, where KIND is `login`, `device` or `renewal`. Lines are appended and only counted.

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
    files::{read_file, write_file},
    keys::random,
    token::Email,
};

const FILE: &str = "sessions.json";
const RECORD: &str = "logins";
/// A session ends if it is not renewed within this time, in seconds.
const IDLE: i64 = 30 * 24 * 60 * 60;
/// The maximum number of sessions. Those that expire first are dropped.
const MAX_SESSIONS: usize = 256;

/// A login that can be renewed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSession {
    id: String,
    token: String,
    client: String,
    email: String,
    expires: i64,
}

/// The sessions of an instance. Every change is on disk before it is answered.
#[derive(Debug)]
pub(super) struct Sessions {
    path: PathBuf,
    sessions: Mutex<Vec<StoredSession>>,
}

impl Sessions {
    /// Reads the sessions. There are none if the file is missing.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Damaged`].
    pub(super) fn open(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join(FILE);
        let sessions = match read_file(&path) {
            Ok(text) => crate::json_object::value(text.as_bytes()).map_err(|error| LocalError::damaged(&path, error.to_string()))?,
            Err(LocalError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, sessions: Mutex::new(sessions) })
    }

    /// Begins a session and returns its first refresh token.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn begin(&self, client: &str, email: &Email, now: Timestamp) -> Result<String, LocalError> {
        let mut sessions = self.lock();
        let mut next: Vec<StoredSession> = sessions.iter().filter(|session| now.as_second() < session.expires).cloned().collect();
        if next.len() >= MAX_SESSIONS {
            next.sort_by_key(|session| session.expires);
            next.drain(..=next.len() - MAX_SESSIONS);
        }
        let id = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let token = new_token(&id)?;
        next.push(StoredSession {
            token: digest(&token),
            id,
            client: client.to_owned(),
            email: email.as_str().to_owned(),
            expires: now.as_second() + IDLE,
        });
        self.replace(&mut sessions, next)?;
        Ok(token)
    }

    /// Replaces a token, and returns the next one with the session's address. A token that is not valid gives `None` and ends its session.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn rotate(&self, token: &str, client: &str, now: Timestamp) -> Result<Option<(String, Email)>, LocalError> {
        let mut sessions = self.lock();
        let mut next = sessions.clone();
        let Some(index) = position(&next, token) else { return Ok(None) };
        let Some(session) = next.get_mut(index).filter(|session| session.client == client) else { return Ok(None) };
        let good = verify_slices_are_equal(session.token.as_bytes(), digest(token).as_bytes()).is_ok() && now.as_second() < session.expires;
        let Some(email) = Email::new(&session.email).ok().filter(|_| good) else {
            next.remove(index);
            self.replace(&mut sessions, next)?;
            return Ok(None);
        };
        let token = new_token(&session.id)?;
        session.token = digest(&token);
        session.expires = now.as_second() + IDLE;
        self.replace(&mut sessions, next)?;
        Ok(Some((token, email)))
    }

    /// Ends the session of a token, valid or used. An unknown token is not an error (RFC 7009, section 2.2).
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn revoke(&self, token: &str, client: &str) -> Result<(), LocalError> {
        let mut sessions = self.lock();
        let mut next = sessions.clone();
        let Some(index) = position(&next, token) else { return Ok(()) };
        if next.get(index).is_some_and(|session| session.client == client) {
            next.remove(index);
            self.replace(&mut sessions, next)?;
        }
        Ok(())
    }

    fn replace(&self, sessions: &mut Vec<StoredSession>, next: Vec<StoredSession>) -> Result<(), LocalError> {
        let text = serde_json::to_vec(&next).map_err(|_| LocalError::Crypto("encode the sessions"))?;
        write_file(&self.path, &text, 0o600)?;
        *sessions = next;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<StoredSession>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The index of the session that a token names. The first part of a token is as secret as the second.
fn position(sessions: &[StoredSession], token: &str) -> Option<usize> {
    let (id, _) = token.split_once('.')?;
    sessions.iter().position(|session| session.id == id)
}

fn new_token(id: &str) -> Result<String, LocalError> {
    Ok(format!("{id}.{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// The digest that is stored for a token. A token has 256 random bits, so no slow hash is needed.
fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// What an ID token was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginKind {
    /// The authorization code flow.
    Login,
    /// The device flow.
    Device,
    /// A refresh token.
    Renewal,
}

/// The file in which logins are recorded. It is opened for each login, so that a server starts where nothing can be written.
#[derive(Debug)]
pub(super) struct LoginRecord {
    path: PathBuf,
    writing: Mutex<()>,
}

impl LoginRecord {
    /// The record in an instance's folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(RECORD), writing: Mutex::default() }
    }

    /// Appends a line. Addresses are ASCII without spaces.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn append(&self, kind: LoginKind, email: &Email, now: Timestamp) -> Result<(), LocalError> {
        let kind = match kind {
            LoginKind::Login => "login",
            LoginKind::Device => "device",
            LoginKind::Renewal => "renewal",
        };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path);
        let mut file = file.map_err(LocalError::file("write", &self.path))?;
        file.write_all(format!("{now} {kind} {}\n", email.as_str()).as_bytes()).map_err(LocalError::file("write", &self.path))
    }
}

/// The number of logins since the instance was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Logins {
    /// Logins of a person, in a browser or with a device code.
    pub logins: u64,
    /// Renewals by refresh token, without a person.
    pub renewals: u64,
}

impl Logins {
    /// Counts the lines of the record.
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
