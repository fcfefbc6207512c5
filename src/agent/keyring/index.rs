//! The file that lists the logins that are stored in keyrings: a JSON object of at most [`MAX_INDEX`] bytes, without secrets.
//!
//! | field | meaning |
//! | --- | --- |
//! | `version` | 1 |
//! | `records` | a list of at most [`MAX_RECORDS`] |
//! | `records[].keyring` | `secret-service`, `keyutils` or `keychain` |
//! | `records[].instance` | the name by which the agent finds the services again, to revoke the token |
//! | `records[].owner` | `identity`, `issuer`, `client_id` and `fulcio` of the login; the entry's name is made from them |
//! | `records[].names` | aliases of this login, at most [`MAX_NAMES`] |
//!
//! Only the agent writes it, as a whole, while it holds the lock beside it. Anyone who can write it decides which entries of the user's own
//! keyring are read. But an entry is used only for the login that it names itself.

use super::{KeyringKind, Owner};
use crate::{identity::KnownLogin, private_folder};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// The largest file that is read, in bytes.
pub(crate) const MAX_INDEX: u64 = 256 << 10;
/// Stored logins, at most.
pub(crate) const MAX_RECORDS: usize = 64;
/// Aliases of one login, at most.
pub(crate) const MAX_NAMES: usize = 16;
const VERSION: u32 = 1;
/// How often a lock that another process holds is tried again, after [`PAUSE`].
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    path: PathBuf,
}

/// One stored login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredLogin {
    /// The keyring.
    pub keyring: KeyringKind,
    /// The instance's name.
    pub instance: String,
    /// Whose login it is, and where it was made.
    #[serde(deserialize_with = "crate::json_object::field")]
    pub owner: Owner,
    /// Aliases: other names for which it was used.
    pub names: Vec<String>,
}

impl KnownLogin for StoredLogin {
    fn identity(&self) -> &str {
        &self.owner.identity
    }

    fn has_alias(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The system reported an error.
    #[error("{} cannot be used: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// It is not what the agent writes.
    #[error("{} is damaged: {why}; remove it, and paraph's entries from the keyring", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No more logins can be stored.
    #[error("{MAX_RECORDS} logins are stored already; `paraph logout IDENTITY` removes one")]
    Full,
    /// Another process holds the lock.
    #[error("{} is locked by another process", .0.display())]
    Busy(PathBuf),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(deserialize_with = "crate::json_object::list")]
    records: Vec<StoredLogin>,
}

impl Index {
    /// The index at this path, which need not exist.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The stored logins.
    ///
    /// # Errors
    /// [`IndexError::Io`], [`IndexError::Damaged`].
    pub(crate) fn read(&self) -> Result<Vec<StoredLogin>, IndexError> {
        let mut text = String::new();
        match File::open(&self.path) {
            Ok(file) => file.take(MAX_INDEX + 1).read_to_string(&mut text).map_err(|error| self.io(error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io(error)),
        };
        if text.len() as u64 > MAX_INDEX {
            return Err(self.damaged("it is too large"));
        }
        let document: Document = crate::json_object::from_slice(text.as_bytes()).map_err(|error| self.damaged(error.to_string()))?;
        if document.version != VERSION {
            return Err(self.damaged("it was written by another version"));
        }
        if document.records.len() > MAX_RECORDS || document.records.iter().any(|record| record.names.len() > MAX_NAMES) {
            return Err(self.damaged("it holds more than the agent writes"));
        }
        Ok(document.records)
    }

    /// Adds a login, or its aliases to an existing one. An alias stands for one login of an authority: the last one it was added to.
    pub(super) fn insert(&self, record: StoredLogin) -> Result<(), IndexError> {
        self.change(|records| {
            let StoredLogin { keyring, instance, owner, names } = record;
            let is_beside = |other: &StoredLogin| {
                other.keyring == keyring
                    && other.owner != owner
                    && (&other.owner.issuer, &other.owner.client_id, &other.owner.fulcio)
                        == (&owner.issuer, &owner.client_id, &owner.fulcio)
            };
            for other in records.iter_mut().filter(|other| is_beside(other)) {
                other.names.retain(|name| !names.contains(name));
            }
            let is_full = records.len() >= MAX_RECORDS;
            match records.iter_mut().find(|found| found.keyring == keyring && found.owner == owner) {
                Some(found) => {
                    found.instance = instance;
                    found.names.retain(|name| !names.contains(name));
                    found.names.extend(names);
                    let surplus = found.names.len().saturating_sub(MAX_NAMES);
                    found.names.drain(..surplus);
                }
                None if is_full => return Err(IndexError::Full),
                None => records.push(StoredLogin { keyring, instance, owner, names: names.into_iter().take(MAX_NAMES).collect() }),
            }
            Ok(())
        })
    }

    /// Removes a login.
    pub(super) fn remove(&self, keyring: KeyringKind, owner: &Owner) -> Result<(), IndexError> {
        self.change(|records| {
            records.retain(|record| record.keyring != keyring || record.owner != *owner);
            Ok(())
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<StoredLogin>) -> Result<(), IndexError>) -> Result<(), IndexError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        private_folder::make(folder).map_err(|error| self.io(error))?;
        let _lock = self.lock()?;
        let before = self.read()?;
        let mut records = before.clone();
        change(&mut records)?;
        if records == before {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&Document { version: VERSION, records }).map_err(|error| self.io(error.into()))?;
        if text.len() as u64 > MAX_INDEX {
            return Err(IndexError::Full);
        }
        // readable by the user alone, as the crate makes it
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| self.io(error))?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| self.io(error))?;
        file.persist(&self.path).map_err(|error| self.io(error.error))?;
        Ok(())
    }

    /// The lock, held for as long as the file is open.
    fn lock(&self) -> Result<File, IndexError> {
        let path = self.path.with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(|error| self.io(error))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(self.io(error)),
            }
        }
        Err(IndexError::Busy(self.path.clone()))
    }

    fn io(&self, cause: io::Error) -> IndexError {
        IndexError::Io { path: self.path.clone(), cause }
    }

    fn damaged(&self, why: impl Into<String>) -> IndexError {
        IndexError::Damaged { path: self.path.clone(), why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(identity: &str, names: &[&str]) -> StoredLogin {
        let owner = Owner { identity: identity.into(), issuer: "i".into(), client_id: "c".into(), fulcio: "f".into() };
        StoredLogin {
            keyring: KeyringKind::Keyutils,
            instance: "public".into(),
            owner,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn index() -> (tempfile::TempDir, Index) {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::at(folder.path().join("state/keyring.json"));
        (folder, index)
    }

    #[test]
    fn logins_are_added_and_removed() {
        let (_folder, index) = index();
        assert_eq!(index.read().unwrap(), []);
        index.insert(record("ann", &["a"])).unwrap();
        index.insert(record("bob", &[])).unwrap();
        index.insert(record("ann", &["b", "a"])).unwrap();
        assert_eq!(index.read().unwrap(), [record("ann", &["b", "a"]), record("bob", &[])]);
        // the same login in another keyring is another one
        index.insert(StoredLogin { keyring: KeyringKind::SecretService, ..record("ann", &[]) }).unwrap();
        index.remove(KeyringKind::Keyutils, &record("ann", &[]).owner).unwrap();
        assert_eq!(index.read().unwrap(), [record("bob", &[]), StoredLogin { keyring: KeyringKind::SecretService, ..record("ann", &[]) }]);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&index.path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_alias_stands_for_the_last_login_it_was_added_to() {
        let (_folder, index) = index();
        index.insert(record("ann", &["me", "a"])).unwrap();
        index.insert(record("bob", &["me"])).unwrap();
        assert_eq!(index.read().unwrap(), [record("ann", &["a"]), record("bob", &["me"])]);
    }

    #[test]
    fn logins_and_aliases_are_limited() {
        let (_folder, index) = index();
        for number in 0..MAX_NAMES + 3 {
            index.insert(record("ann", &[&format!("name {number}")])).unwrap();
        }
        let names = &index.read().unwrap()[0].names;
        assert_eq!((names.len(), names[0].as_str()), (MAX_NAMES, "name 3"));
        for number in 1..MAX_RECORDS {
            index.insert(record(&format!("{number}"), &[])).unwrap();
        }
        assert!(matches!(index.insert(record("one more", &[])), Err(IndexError::Full)));
        index.insert(record("ann", &[])).unwrap();
    }

    #[test]
    fn a_damaged_file_is_an_error_and_is_not_changed() {
        let (_folder, index) = index();
        index.insert(record("ann", &[])).unwrap();
        let good = std::fs::read_to_string(&index.path).unwrap();
        for (text, why) in [
            (String::new(), "EOF while parsing"),
            (good.replace("\"version\": 1", "\"version\": 2"), "it was written by another version"),
            (good.replace("keyutils", "elsewhere"), "unknown variant `elsewhere`"),
            (good.replace("\"instance\"", "\"more\": 1, \"instance\""), "unknown field `more`"),
            (" ".repeat(MAX_INDEX as usize + 1), "it is too large"),
        ] {
            std::fs::write(&index.path, &text).unwrap();
            let error = index.read().unwrap_err().to_string();
            assert!(error.contains("is damaged") && error.contains(why), "{error}");
            assert!(index.insert(record("bob", &[])).is_err());
            assert_eq!(std::fs::read_to_string(&index.path).unwrap(), text);
        }
    }

    #[test]
    fn waiting_for_the_lock_of_another_process_has_a_limit() {
        let (_folder, index) = index();
        index.insert(record("ann", &[])).unwrap();
        let lock = index.lock().unwrap();
        assert!(matches!(index.insert(record("bob", &[])), Err(IndexError::Busy(_))));
        drop(lock);
        index.insert(record("bob", &[])).unwrap();
    }
}
