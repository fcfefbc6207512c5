//! The kernel's keyutils and the Keychain of macOS, whose calls block: each is made on a thread of its own, and given up when it takes long.
//!
//! An entry of the kernel is a key of the type `user` with the description `paraph:NAME`, in the session keyring and, where the kernel has
//! one, in the user's persistent keyring. One of the Keychain is a generic password of the service `paraph` with the account NAME.

use super::{KeyringError, Kind, PROMPT_PATIENCE, Secret, within};
use keyring_core::{Entry, Error, api::CredentialStoreApi as _};
use zeroize::Zeroizing;

const SERVICE: &str = "paraph";

pub(super) async fn get(kind: Kind, name: &str) -> Result<Option<Secret>, KeyringError> {
    match blocking(kind, name, |entry| entry.get_secret().map(Zeroizing::new)).await {
        Ok(secret) => Ok(Some(secret)),
        Err(Told::Absent) => Ok(None),
        Err(Told::Error(error)) => Err(error),
    }
}

pub(super) async fn set(kind: Kind, name: &str, secret: &Secret) -> Result<(), KeyringError> {
    let secret = secret.clone();
    match blocking(kind, name, move |entry| entry.set_secret(&secret)).await {
        Ok(()) => Ok(()),
        Err(Told::Absent) => Err(KeyringError::Forgetful(kind)),
        Err(Told::Error(error)) => Err(error),
    }
}

pub(super) async fn delete(kind: Kind, name: &str) -> Result<(), KeyringError> {
    match blocking(kind, name, |entry| entry.delete_credential()).await {
        Ok(()) | Err(Told::Absent) => Ok(()),
        Err(Told::Error(error)) => Err(error),
    }
}

/// What a keyring says beside an answer.
enum Told {
    /// There is no such entry.
    Absent,
    Error(KeyringError),
}

async fn blocking<T: Send + 'static>(
    kind: Kind,
    name: &str,
    call: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, Told> {
    let name = name.to_owned();
    let work = tokio::task::spawn_blocking(move || entry(&name).and_then(|entry| call(&entry)));
    // the Keychain may ask somebody
    let done = within(kind, PROMPT_PATIENCE, async { work.await.map_err(|error| KeyringError::Refused(kind, error.to_string())) });
    done.await.map_err(Told::Error)?.map_err(|error| match error {
        Error::NoEntry => Told::Absent,
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => {
            Told::Error(KeyringError::Refused(kind, worded(&cause.to_string())))
        }
        // the other errors can hold what was read
        _ => Told::Error(KeyringError::Refused(kind, "it refuses the entry".into())),
    })
}

/// The kernel's errors come as bare names.
fn worded(cause: &str) -> String {
    match cause {
        "AccessDenied" | "PermissionDenied" => "the system does not let this process",
        "QuotaExceeded" => "the user's quota of keys is used up (kernel.keys.maxkeys, kernel.keys.maxbytes)",
        "KeyRevoked" | "KeyExpired" | "KeyringDoesNotExist" => "this process' session keyring has ended",
        "OperationNotSupported" | "Unknown(38)" => "the kernel has none",
        other => other,
    }
    .to_owned()
}

#[cfg(target_os = "linux")]
fn entry(name: &str) -> keyring_core::Result<Entry> {
    let description = format!("{SERVICE}:{name}");
    linux_keyutils_keyring_store::Store::new()?.build(SERVICE, name, Some(&[("description", description.as_str())].into()))
}

#[cfg(target_os = "macos")]
fn entry(name: &str) -> keyring_core::Result<Entry> {
    apple_native_keyring_store::keychain::Store::new()?.build(SERVICE, name, None)
}
