//! The kernel's keyutils and the Keychain of macOS. Their calls block, so each runs on a thread of its own, and is abandoned after a timeout.
//!
//! An entry of the kernel is a key of the type `user` with the description `paraph:NAME`, in the session keyring and, if the kernel has one, in
//! the user's persistent keyring. An entry of the Keychain is a generic password of the service `paraph` with the account NAME.

use super::{KeyringError, KeyringKind, PROMPT_TIMEOUT, Secret, within};
use keyring_core::{Entry, Error, api::CredentialStoreApi as _};
use zeroize::Zeroizing;

const SERVICE: &str = "paraph";

pub(super) async fn get(kind: KeyringKind, name: &str) -> Result<Option<Secret>, KeyringError> {
    match blocking(kind, name, |entry| entry.get_secret().map(Zeroizing::new)).await {
        Ok(secret) => Ok(Some(secret)),
        Err(CallError::Absent) => Ok(None),
        Err(CallError::Error(error)) => Err(error),
    }
}

pub(super) async fn set(kind: KeyringKind, name: &str, secret: &Secret) -> Result<(), KeyringError> {
    let secret = secret.clone();
    match blocking(kind, name, move |entry| entry.set_secret(&secret)).await {
        Ok(()) => Ok(()),
        Err(CallError::Absent) => Err(KeyringError::Forgetful(kind)),
        Err(CallError::Error(error)) => Err(error),
    }
}

pub(super) async fn delete(kind: KeyringKind, name: &str) -> Result<(), KeyringError> {
    match blocking(kind, name, |entry| entry.delete_credential()).await {
        Ok(()) | Err(CallError::Absent) => Ok(()),
        Err(CallError::Error(error)) => Err(error),
    }
}

/// Why a keyring gave no answer.
enum CallError {
    /// There is no such entry.
    Absent,
    Error(KeyringError),
}

async fn blocking<T: Send + 'static>(
    kind: KeyringKind,
    name: &str,
    call: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, CallError> {
    let name = name.to_owned();
    let work = tokio::task::spawn_blocking(move || entry(&name).and_then(|entry| call(&entry)));
    // the Keychain may ask the user
    let done = within(kind, PROMPT_TIMEOUT, async { work.await.map_err(|error| KeyringError::Refused(kind, error.to_string())) });
    done.await.map_err(CallError::Error)?.map_err(|error| match error {
        Error::NoEntry => CallError::Absent,
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => {
            CallError::Error(KeyringError::Refused(kind, describe(&cause.to_string())))
        }
        // the other errors may contain what was read
        _ => CallError::Error(KeyringError::Refused(kind, "it refused the entry".into())),
    })
}

/// Describes the kernel's errors, which are only names.
fn describe(cause: &str) -> String {
    match cause {
        "AccessDenied" | "PermissionDenied" => "the system denied access",
        "QuotaExceeded" => "the user's quota of keys is used up (kernel.keys.maxkeys, kernel.keys.maxbytes)",
        "KeyRevoked" | "KeyExpired" | "KeyringDoesNotExist" => "the session keyring of this process has ended",
        "OperationNotSupported" | "Unknown(38)" => "the kernel does not support it",
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
