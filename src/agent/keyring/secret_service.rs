//! The desktop's Secret Service, over D-Bus (freedesktop.org's Secret Service API).
//!
//! An entry is an item of the default collection. It is found in any collection by its attributes `application` (`paraph`) and `entry` (its
//! name). The attributes `identity` and `issuer` are for people. Secrets cross the bus encrypted (`dh-ietf1024-sha256-aes128-cbc-pkcs7`).
//!
//! Each call has its own connection. When the connection ends, an unanswered prompt is withdrawn.

use super::{KeyringEntry, KeyringError, KeyringKind, PROMPT_TIMEOUT, Say, Secret, within};
use crate::wording::spoken_duration;
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use std::{collections::HashMap, time::Duration};
use zeroize::Zeroizing;

/// How long the service may take for a call that does not ask the user.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

const APPLICATION: &str = "paraph";
/// The secret is a JSON object.
const CONTENT_TYPE: &str = "application/json";

pub(super) async fn get(name: &str, say: Say<'_>) -> Result<Option<Secret>, KeyringError> {
    let service = quietly(SecretService::connect(EncryptionType::Dh)).await?;
    let items = items(&service, name).await?;
    let Some(item) = items.first() else { return Ok(None) };
    unlock_item(item, say).await?;
    Ok(Some(Zeroizing::new(quietly(item.get_secret()).await?)))
}

pub(super) async fn set(entry: &KeyringEntry<'_>, secret: &Secret, say: Say<'_>) -> Result<(), KeyringError> {
    let service = quietly(SecretService::connect(EncryptionType::Dh)).await?;
    let collection = quietly(service.get_default_collection()).await?;
    unlock_collection(&collection, say).await?;
    let mut attributes = HashMap::from([("application", APPLICATION), ("entry", entry.name)]);
    attributes.extend(entry.attributes.iter().copied());
    let created = quietly(collection.create_item(entry.label, attributes, secret, true, CONTENT_TYPE)).await?;
    // an older item, in another collection or with other attributes for people, would be found in its place
    for older in items(&service, entry.name).await?.iter().filter(|item| item.item_path != created.item_path) {
        unlock_item(older, say).await?;
        quietly(older.delete()).await?;
    }
    Ok(())
}

pub(super) async fn delete(name: &str, say: Say<'_>) -> Result<(), KeyringError> {
    let service = quietly(SecretService::connect(EncryptionType::Dh)).await?;
    for item in items(&service, name).await? {
        unlock_item(&item, say).await?;
        quietly(item.delete()).await?;
    }
    Ok(())
}

async fn items<'a>(service: &'a SecretService<'_>, name: &str) -> Result<Vec<Item<'a>>, KeyringError> {
    let found = quietly(service.search_items(HashMap::from([("application", APPLICATION), ("entry", name)]))).await?;
    Ok(found.unlocked.into_iter().chain(found.locked).collect())
}

async fn unlock_item(item: &Item<'_>, say: Say<'_>) -> Result<(), KeyringError> {
    match quietly(item.is_locked()).await? {
        true => by_prompt(item.unlock(), say).await,
        false => Ok(()),
    }
}

async fn unlock_collection(collection: &Collection<'_>, say: Say<'_>) -> Result<(), KeyringError> {
    match quietly(collection.is_locked()).await? {
        true => by_prompt(collection.unlock(), say).await,
        false => Ok(()),
    }
}

/// A call that does not ask the user.
async fn quietly<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, KeyringError> {
    within(KIND, CALL_TIMEOUT, async { work.await.map_err(told) }).await
}

/// Asks the user on the desktop to unlock.
async fn by_prompt(unlock: impl Future<Output = Result<(), Error>>, say: Say<'_>) -> Result<(), KeyringError> {
    let Some(say) = say else { return Err(KeyringError::Locked(KIND)) };
    say(format!("{KIND} is locked. Unlock it on the desktop within {}.", spoken_duration(PROMPT_TIMEOUT)));
    tokio::time::timeout(PROMPT_TIMEOUT, unlock).await.unwrap_or(Err(Error::Prompt)).map_err(told)
}

const KIND: KeyringKind = KeyringKind::SecretService;

fn told(error: Error) -> KeyringError {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => KeyringError::Locked(KIND),
        Error::NoResult => KeyringError::Refused(KIND, "it has no default collection; create one with its own program".into()),
        Error::Unavailable => KeyringError::Refused(KIND, "there is no D-Bus session".into()),
        // without the names of the layers
        Error::Zbus(error) => KeyringError::Refused(KIND, error.to_string()),
        Error::ZbusFdo(error) => KeyringError::Refused(KIND, error.to_string()),
        error => KeyringError::Refused(KIND, error.to_string()),
    }
}
