//! The Secret Service of a desktop, over D-Bus (freedesktop.org's Secret Service API).
//!
//! An entry is an item of the default collection with the attributes `application` (`paraph`) and `entry` (its name), by which it is found
//! in any collection, and `identity` and `issuer` for people. Secrets cross the bus encrypted (`dh-ietf1024-sha256-aes128-cbc-pkcs7`).
//!
//! Each call has a connection of its own, which is all that there is to be broken, and whose end takes back a prompt that nobody answered.

use super::{Entry, KeyringError, Kind, PROMPT_PATIENCE, Say, Secret, within};
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use std::{collections::HashMap, time::Duration};
use zeroize::Zeroizing;

/// A keyring that is asked for something that needs nobody answers within this time, or is given up.
const PATIENCE: Duration = Duration::from_secs(10);

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

pub(super) async fn set(entry: &Entry<'_>, secret: &Secret, say: Say<'_>) -> Result<(), KeyringError> {
    let service = quietly(SecretService::connect(EncryptionType::Dh)).await?;
    let collection = quietly(service.get_default_collection()).await?;
    unlock_collection(&collection, say).await?;
    let mut attributes = HashMap::from([("application", APPLICATION), ("entry", entry.name)]);
    attributes.extend(entry.attributes.iter().copied());
    let created = quietly(collection.create_item(entry.label, attributes, secret, true, CONTENT_TYPE)).await?;
    // one that lies in another collection, or has other attributes for people, would be found in its place
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

/// What needs nobody.
async fn quietly<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, KeyringError> {
    within(KIND, PATIENCE, async { work.await.map_err(told) }).await
}

/// What somebody at the desktop does.
async fn by_prompt(unlock: impl Future<Output = Result<(), Error>>, say: Say<'_>) -> Result<(), KeyringError> {
    let Some(say) = say else { return Err(KeyringError::Locked(KIND)) };
    say(format!("{KIND} is locked: it asks on the desktop to be unlocked, and is waited for {} s", PROMPT_PATIENCE.as_secs()));
    tokio::time::timeout(PROMPT_PATIENCE, unlock).await.unwrap_or(Err(Error::Prompt)).map_err(told)
}

const KIND: Kind = Kind::SecretService;

fn told(error: Error) -> KeyringError {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => KeyringError::Locked(KIND),
        Error::NoResult => KeyringError::Refused(KIND, "it has no default collection; its own program makes one".into()),
        Error::Unavailable => KeyringError::Refused(KIND, "there is no D-Bus session here".into()),
        // without the names of layers before it
        Error::Zbus(error) => KeyringError::Refused(KIND, error.to_string()),
        Error::ZbusFdo(error) => KeyringError::Refused(KIND, error.to_string()),
        error => KeyringError::Refused(KIND, error.to_string()),
    }
}
