//! Where refresh tokens are stored while no agent runs: a keyring of the system, if the user chose one (`paraph.keyring`).
//!
//! Nothing else is stored there: no key, no certificate, no ID token. A keyring is asked only for logins that the [`index`] lists, so that
//! users who store nothing never see its prompts. Before it is used, a keyring must pass a self-test. If it fails, the user is told once, it
//! is not used for a while, and logins are kept in memory only.
//!
//! * [`entry`]: what is stored for one login;
//! * [`index`]: the file that lists the stored logins;
//! * `secret_service`, `platform`: the keyrings.

pub(crate) mod entry;
pub(crate) mod index;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod platform;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod secret_service;

pub(crate) use entry::Owner;
pub(crate) use index::{Index, IndexError, StoredLogin};

pub(crate) use crate::agent_protocol::KeyringKind;

use crate::{identity::RefreshToken, wording::spoken_duration};
use std::{
    cell::RefCell,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// How long its prompt waits for the user to unlock it.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a keyring that failed is not used.
const RETRY: Duration = Duration::from_secs(600);
/// A longer alias of a login is not stored, in bytes.
const MAX_NAME: usize = 1024;

/// Why a keyring failed. The texts are clauses, and not escaped.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// This kind of system has no such keyring.
    #[error("{0} does not exist on this system")]
    NotHere(KeyringKind),
    /// It is locked, and nobody unlocked it.
    #[error("{0} is locked")]
    Locked(KeyringKind),
    /// It did not answer.
    #[error("{kind} did not answer within {}", spoken_duration(*.timeout))]
    Silent {
        /// The keyring.
        kind: KeyringKind,
        /// The time limit.
        timeout: Duration,
    },
    /// It refused, or cannot be reached.
    #[error("{0} cannot be used: {1}")]
    Refused(KeyringKind, String),
    /// It does not return what was stored.
    #[error("{0} does not return what was stored")]
    Forgetful(KeyringKind),
    /// The token is too large.
    #[error("the refresh token is too large for {0}")]
    TooLarge(KeyringKind),
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// A secret on its way to or from a keyring.
type Secret = Zeroizing<Vec<u8>>;

/// Tells the user that a keyring waits to be unlocked. Without it, a locked keyring is not asked to unlock.
pub(crate) type Say<'a> = Option<&'a dyn Fn(String)>;

/// One entry: its name, and what programs that show keyrings display.
#[cfg_attr(target_vendor = "apple", expect(dead_code, reason = "the Keychain takes the name alone"))]
struct KeyringEntry<'a> {
    name: &'a str,
    label: &'a str,
    attributes: &'a [(&'a str, &'a str)],
}

#[cfg_attr(target_vendor = "apple", expect(unused_variables, reason = "the Keychain asks by itself"))]
impl KeyringKind {
    async fn get(self, name: &str, say: Say<'_>) -> Result<Option<Secret>, KeyringError> {
        match self {
            #[cfg(all(unix, not(target_vendor = "apple")))]
            // a task for each client would hold the dialogue's state, which is large
            Self::SecretService => Box::pin(secret_service::get(name, say)).await,
            #[cfg(target_os = "linux")]
            Self::Keyutils => platform::get(self, name).await,
            #[cfg(target_os = "macos")]
            Self::Keychain => platform::get(self, name).await,
            #[allow(unreachable_patterns, reason = "which are reachable depends on the system")]
            _ => Err(KeyringError::NotHere(self)),
        }
    }

    async fn set(self, entry: &KeyringEntry<'_>, secret: &Secret, say: Say<'_>) -> Result<(), KeyringError> {
        match self {
            #[cfg(all(unix, not(target_vendor = "apple")))]
            Self::SecretService => Box::pin(secret_service::set(entry, secret, say)).await,
            #[cfg(target_os = "linux")]
            Self::Keyutils => platform::set(self, entry.name, secret).await,
            #[cfg(target_os = "macos")]
            Self::Keychain => platform::set(self, entry.name, secret).await,
            #[allow(unreachable_patterns, reason = "which are reachable depends on the system")]
            _ => Err(KeyringError::NotHere(self)),
        }
    }

    /// Removes an entry. A missing entry is not an error.
    async fn delete(self, name: &str, say: Say<'_>) -> Result<(), KeyringError> {
        match self {
            #[cfg(all(unix, not(target_vendor = "apple")))]
            Self::SecretService => Box::pin(secret_service::delete(name, say)).await,
            #[cfg(target_os = "linux")]
            Self::Keyutils => platform::delete(self, name).await,
            #[cfg(target_os = "macos")]
            Self::Keychain => platform::delete(self, name).await,
            #[allow(unreachable_patterns, reason = "which are reachable depends on the system")]
            _ => Err(KeyringError::NotHere(self)),
        }
    }

    /// Stores, reads and removes an entry. `by` is part of the entry's name, so that two tests at once do not disturb each other.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn self_test(self, by: &str, say: Say<'_>) -> Result<(), KeyringError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| KeyringError::Refused(self, error.to_string()))?;
        let secret = Zeroizing::new(hex::encode(random).into_bytes());
        let name = format!("self-test-{by}");
        let entry = KeyringEntry { name: &name, label: "paraph: self-test", attributes: &[] };
        let stored = async {
            self.set(&entry, &secret, say).await?;
            Ok(self.get(&name, say).await?.is_some_and(|found| *found == *secret))
        };
        let stored: Result<bool, KeyringError> = stored.await;
        // a failed write may have left its entry
        let deleted = match &stored {
            // a silent keyring is not asked again
            Err(KeyringError::Silent { .. } | KeyringError::NotHere(_)) => Ok(()),
            _ => self.delete(&name, None).await,
        };
        if !stored? {
            return Err(KeyringError::Forgetful(self));
        }
        deleted
    }
}

/// Whether the chosen keyring works.
#[derive(Debug, Clone)]
enum Health {
    Unknown,
    Works,
    Broken { why: String, since: Instant },
}

/// The stored refresh tokens, and the keyring for new ones.
pub(crate) struct Keyring {
    chosen: Option<KeyringKind>,
    index: Index,
    health: RefCell<Health>,
    /// Held during a call: an entry and its line in the index change together, and no prompt appears twice.
    call_lock: tokio::sync::Mutex<()>,
}

impl Keyring {
    /// The tokens that `index` lists. New tokens are stored in `chosen`, if there is one.
    pub(crate) fn new(chosen: Option<KeyringKind>, index: Index) -> Self {
        Self { chosen, index, health: RefCell::new(Health::Unknown), call_lock: tokio::sync::Mutex::default() }
    }

    /// The chosen keyring.
    pub(crate) fn chosen(&self) -> Option<KeyringKind> {
        self.chosen
    }

    /// Why the chosen keyring is not used, if it failed.
    pub(crate) fn problem(&self) -> Option<String> {
        match &*self.health.borrow() {
            Health::Broken { why, .. } => Some(why.clone()),
            Health::Unknown | Health::Works => None,
        }
    }

    /// The logins in the chosen keyring; none if the index cannot be read.
    pub(crate) fn own_logins(&self) -> Vec<StoredLogin> {
        let logins = self.stored_logins().unwrap_or_default();
        logins.into_iter().filter(|stored| Some(stored.keyring) == self.chosen).collect()
    }

    /// All stored logins, in any keyring.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn stored_logins(&self) -> Result<Vec<StoredLogin>, IndexError> {
        self.index.read()
    }

    /// The stored token of this login. `None` if there is no usable token; `say` gets the reason.
    pub(crate) async fn read(&self, owner: &Owner, say: &dyn Fn(String)) -> Option<RefreshToken> {
        let kind = self.chosen?;
        let _lock = self.call_lock.lock().await;
        if !self.works(say).await {
            return None;
        }
        match kind.get(&owner.name(), Some(say)).await {
            Ok(Some(secret)) => match entry::read(owner, &secret) {
                Ok(token) => Some(token),
                Err(why) => {
                    say(format!("The entry of {} in {kind} is not used: {why}.", owner.identity));
                    None
                }
            },
            Ok(None) => None,
            Err(error) => {
                self.broke(&error, say);
                None
            }
        }
    }

    /// Stores a login's token, replacing the older one. If that fails, `say` gets the reason, and the older token is removed if possible: an
    /// issuer may treat its use as theft.
    pub(crate) async fn store(&self, mut login: StoredLogin, token: &RefreshToken, say: &dyn Fn(String)) -> bool {
        let _lock = self.call_lock.lock().await;
        if !self.works(say).await {
            return false;
        }
        login.names.retain(|name| name.len() <= MAX_NAME);
        let (kind, owner) = (login.keyring, login.owner.clone());
        let name = owner.name();
        let stored = async {
            let secret = entry::write(&owner, token).ok_or(KeyringError::TooLarge(kind))?;
            // the index first: nobody would find an entry that it does not list
            self.index.insert(login)?;
            let label = format!("paraph: the login of {} at {}", owner.identity, owner.issuer);
            let attributes = [("identity", owner.identity.as_str()), ("issuer", owner.issuer.as_str())];
            kind.set(&KeyringEntry { name: &name, label: &label, attributes: &attributes }, &secret, Some(say)).await
        };
        let stored: Result<(), KeyringError> = stored.await;
        match stored {
            Ok(()) => true,
            Err(error) => {
                let is_silent = matches!(error, KeyringError::Silent { .. });
                if !is_silent && kind.delete(&name, None).await.is_ok() {
                    let _ = self.index.remove(kind, &owner);
                }
                self.broke(&error, say);
                false
            }
        }
    }

    /// Removes a stored login, and returns its token if it is usable, to be revoked.
    ///
    /// # Errors
    /// [`KeyringError`]: the token may still be stored.
    pub(crate) async fn take(&self, login: &StoredLogin, say: Say<'_>) -> Result<Option<RefreshToken>, KeyringError> {
        let _lock = self.call_lock.lock().await;
        let name = login.owner.name();
        let found = login.keyring.get(&name, say).await?;
        login.keyring.delete(&name, say).await?;
        self.index.remove(login.keyring, &login.owner)?;
        Ok(found.and_then(|secret| entry::read(&login.owner, &secret).ok()))
    }

    /// Whether the chosen keyring works, tested if that is not known. If it fails, `say` gets the reason.
    async fn works(&self, say: &dyn Fn(String)) -> bool {
        let health = self.health.borrow().clone();
        match health {
            Health::Works => return true,
            Health::Broken { since, .. } if since.elapsed() < RETRY => return false,
            Health::Unknown | Health::Broken { .. } => {}
        }
        let Some(kind) = self.chosen else { return false };
        let tested = match self.index.read() {
            Ok(_) => kind.self_test("agent", Some(say)).await,
            Err(error) => Err(error.into()),
        };
        match tested {
            Ok(()) => {
                self.health.replace(Health::Works);
                true
            }
            Err(error) => {
                self.broke(&error, say);
                false
            }
        }
    }

    fn broke(&self, error: &KeyringError, say: &dyn Fn(String)) {
        let why = error.to_string();
        say(format!("Logins are kept only in the agent's memory: {why}."));
        self.health.replace(Health::Broken { why, since: Instant::now() });
    }
}

/// A keyring's work, with a time limit.
async fn within<T>(kind: KeyringKind, timeout: Duration, work: impl Future<Output = Result<T, KeyringError>>) -> Result<T, KeyringError> {
    tokio::time::timeout(timeout, work).await.unwrap_or(Err(KeyringError::Silent { kind, timeout }))
}
