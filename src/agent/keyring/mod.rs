//! Where refresh tokens rest while no agent runs: a keyring of the system, where the user opted in (`paraph.keyring`).
//!
//! Nothing else goes there: no key, no certificate, no ID token. A keyring is asked only for a login that the [`index`] names, so that whoever
//! keeps nothing there never meets its prompts. Before one is written to, it has shown that it keeps what it is given. One that does not
//! work is told once and left alone for a while, and logins are kept in memory as if there were none.
//!
//! * [`entry`]: what is kept for one login;
//! * [`index`]: the file that says which logins rest where;
//! * `secret_service`, `platform`: the keyrings.

pub mod entry;
pub mod index;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod platform;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod secret_service;

pub use entry::Owner;
pub use index::{Index, IndexError, Record};

pub use crate::agent_protocol::Kind;

use crate::identity::RefreshToken;
use std::{
    cell::RefCell,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// How long its prompt waits for somebody who unlocks it.
const PROMPT_PATIENCE: Duration = Duration::from_secs(60);
/// A keyring that did not work is left alone for so long.
const RETRY: Duration = Duration::from_secs(600);
/// A longer name that led to a login is not remembered beyond the agent's life, in bytes.
const MAX_NAME: usize = 1024;
/// Why a keyring did not do what it was asked. The texts are clauses, and not escaped.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is no such keyring on this kind of system.
    #[error("{0} is not on this system")]
    NotHere(Kind),
    /// It is locked, and was not to be asked, or nobody unlocked it.
    #[error("{0} is locked, and was not unlocked")]
    Locked(Kind),
    /// It is there and says nothing.
    #[error("{kind} did not answer within {} s", .patience.as_secs())]
    Silent {
        /// Which.
        kind: Kind,
        /// How long it was waited for.
        patience: Duration,
    },
    /// It said no, or cannot be reached.
    #[error("{0} cannot be used: {1}")]
    Refused(Kind, String),
    /// It does not give back what it was given.
    #[error("{0} does not give back what it was given")]
    Forgetful(Kind),
    /// A token that is too large for it.
    #[error("the refresh token is too large for {0}")]
    TooLarge(Kind),
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// A secret on its way.
type Secret = Zeroizing<Vec<u8>>;

/// Tells a person that a keyring waits to be unlocked. Without one, a locked keyring is not asked to be.
pub type Say<'a> = Option<&'a dyn Fn(String)>;

/// One entry: the name by which it is found, and what a person reads in a program that shows keyrings.
#[cfg_attr(target_vendor = "apple", expect(dead_code, reason = "the Keychain takes the name alone"))]
struct Entry<'a> {
    name: &'a str,
    label: &'a str,
    attributes: &'a [(&'a str, &'a str)],
}

#[cfg_attr(target_vendor = "apple", expect(unused_variables, reason = "the Keychain asks by itself"))]
impl Kind {
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

    async fn set(self, entry: &Entry<'_>, secret: &Secret, say: Say<'_>) -> Result<(), KeyringError> {
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

    /// Removes an entry; one that is not there is no error.
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

    /// Whether it takes an entry, gives it back and forgets it. Nothing is left behind where it can be helped. `by` is who tries it, so
    /// that two who do so at once do not meet.
    ///
    /// # Errors
    /// What it does not do.
    pub async fn self_test(self, by: &str, say: Say<'_>) -> Result<(), KeyringError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| KeyringError::Refused(self, error.to_string()))?;
        let secret = Zeroizing::new(hex::encode(random).into_bytes());
        let name = format!("self-test-{by}");
        let entry = Entry { name: &name, label: "paraph: self-test", attributes: &[] };
        let kept = async {
            self.set(&entry, &secret, say).await?;
            Ok(self.get(&name, say).await?.is_some_and(|found| *found == *secret))
        };
        let kept: Result<bool, KeyringError> = kept.await;
        // a write that failed can have left its entry
        let deleted = match &kept {
            // whoever does not answer is not waited for twice
            Err(KeyringError::Silent { .. } | KeyringError::NotHere(_)) => Ok(()),
            _ => self.delete(&name, None).await,
        };
        if !kept? {
            return Err(KeyringError::Forgetful(self));
        }
        deleted
    }
}

/// What is known of the chosen keyring.
#[derive(Debug, Clone)]
enum Health {
    Unknown,
    Works,
    Broken { why: String, since: Instant },
}

/// The refresh tokens that rest, and the keyring that new ones go to.
pub struct Keyring {
    chosen: Option<Kind>,
    index: Index,
    health: RefCell<Health>,
    /// One at a time: an entry and its record change together, and no prompt comes twice.
    turn: tokio::sync::Mutex<()>,
}

impl Keyring {
    /// The tokens that `index` names; new ones go to `chosen`, and nowhere without one.
    pub fn new(chosen: Option<Kind>, index: Index) -> Self {
        Self { chosen, index, health: RefCell::new(Health::Unknown), turn: tokio::sync::Mutex::default() }
    }

    /// The chosen one.
    pub fn chosen(&self) -> Option<Kind> {
        self.chosen
    }

    /// Why the chosen one is not used, where it did not work.
    pub fn problem(&self) -> Option<String> {
        match &*self.health.borrow() {
            Health::Broken { why, .. } => Some(why.clone()),
            Health::Unknown | Health::Works => None,
        }
    }

    /// The record of the login that `is_wanted` picks, of the chosen keyring.
    pub fn find(&self, is_wanted: impl Fn(&Record) -> bool) -> Option<Record> {
        let chosen = self.chosen?;
        self.records().ok()?.into_iter().find(|record| record.keyring == chosen && is_wanted(record))
    }

    /// All records, of any keyring.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn records(&self) -> Result<Vec<Record>, IndexError> {
        self.index.read()
    }

    /// The token that rests for this login. `None` where there is none, or none that can be used; the reason was told.
    pub async fn read(&self, owner: &Owner, say: &dyn Fn(String)) -> Option<RefreshToken> {
        let kind = self.chosen?;
        let _turn = self.turn.lock().await;
        if !self.works(say).await {
            return None;
        }
        match kind.get(&owner.name(), Some(say)).await {
            Ok(Some(secret)) => match entry::read(owner, &secret) {
                Ok(token) => Some(token),
                Err(why) => {
                    say(format!("what {kind} holds for {} is not used: {why}", owner.identity));
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

    /// Lets a token rest, in place of the one that rested. Where that does not succeed it is told, and no older one is left where it can be
    /// helped: an issuer may take its use for theft.
    pub async fn store(&self, instance: &str, owner: &Owner, name: Option<&str>, token: &RefreshToken, say: &dyn Fn(String)) -> bool {
        let Some(keyring) = self.chosen else { return false };
        let _turn = self.turn.lock().await;
        if !self.works(say).await {
            return false;
        }
        let names = name.into_iter().filter(|name| name.len() <= MAX_NAME).map(str::to_owned).collect();
        let record = Record { keyring, instance: instance.to_owned(), owner: owner.clone(), names };
        let (kind, name) = (keyring, owner.name());
        let stored = async {
            let secret = entry::write(owner, token).ok_or(KeyringError::TooLarge(kind))?;
            // the record first: an entry that no record names would be found by nobody
            self.index.insert(record)?;
            let label = format!("paraph: the login of {} at {}", owner.identity, owner.issuer);
            let attributes = [("identity", owner.identity.as_str()), ("issuer", owner.issuer.as_str())];
            kind.set(&Entry { name: &name, label: &label, attributes: &attributes }, &secret, Some(say)).await
        };
        let stored: Result<(), KeyringError> = stored.await;
        match stored {
            Ok(()) => true,
            Err(error) => {
                let is_silent = matches!(error, KeyringError::Silent { .. });
                if !is_silent && kind.delete(&name, None).await.is_ok() {
                    let _ = self.index.remove(kind, owner);
                }
                self.broke(&error, say);
                false
            }
        }
    }

    /// Removes what rests under a record, and gives it back where it can still be used, to be revoked.
    ///
    /// # Errors
    /// [`KeyringError`]: it may still be there.
    pub async fn take(&self, record: &Record, say: Say<'_>) -> Result<Option<RefreshToken>, KeyringError> {
        let _turn = self.turn.lock().await;
        let name = record.owner.name();
        let found = record.keyring.get(&name, say).await?;
        record.keyring.delete(&name, say).await?;
        self.index.remove(record.keyring, &record.owner)?;
        Ok(found.and_then(|secret| entry::read(&record.owner, &secret).ok()))
    }

    /// Whether the chosen keyring works, tried where that is not known. Where it does not, that is told.
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
        say(format!("logins stay in the agent's memory alone: {why}"));
        self.health.replace(Health::Broken { why, since: Instant::now() });
    }
}

/// A keyring's work, within a time.
async fn within<T>(kind: Kind, patience: Duration, work: impl Future<Output = Result<T, KeyringError>>) -> Result<T, KeyringError> {
    tokio::time::timeout(patience, work).await.unwrap_or(Err(KeyringError::Silent { kind, patience }))
}
