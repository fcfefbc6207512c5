//! The state of the OpenID issuer. Anyone who knows the access code may log in with any address: there are no accounts and no passwords.
//!
//! Sessions and the count of logins are on disk. A restart forgets codes that nobody has redeemed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    access::Access,
    clock::Clock,
    error::LocalError,
    faults::{Fault, Faults},
    folder::InstanceFolder,
    keys::random,
    login_page::Cookies,
    sessions::{LoginRecord, Sessions},
    token::Email,
    token_key::TokenKey,
};

/// The lifetime of an authorization code, in seconds.
pub(super) const CODE_LIFETIME: i64 = 60;
/// The maximum number of codes of each kind that wait to be redeemed. The oldest are dropped first.
const MAX_CODES: usize = 256;
/// How long an expired device code is still known as such, in seconds.
const EXPIRED_REMEMBERED: i64 = 300;

/// The issuer's state.
pub(super) struct Issuer {
    /// The issuer's URL.
    pub url: String,
    /// The key that signs ID tokens.
    pub key: Arc<TokenKey>,
    /// Makes and checks the cookies of the login pages.
    pub cookies: Cookies,
    /// The sessions that refresh tokens belong to.
    pub sessions: Sessions,
    /// The record of logins.
    pub record: LoginRecord,
    /// Checks proofs and login codes.
    pub access: Access,
    faults: Faults,
    clock: Clock,
    /// By [`code_key`].
    codes: Mutex<HashMap<[u8; 32], CodeGrant>>,
    /// By [`code_key`] of the device code.
    devices: Mutex<HashMap<[u8; 32], DeviceGrant>>,
}

/// What an authorization code was issued for.
#[derive(Debug, Clone)]
pub(super) struct CodeGrant {
    /// The client.
    pub client: String,
    /// The redirect URI that the code was sent to.
    pub redirect_uri: String,
    /// The PKCE challenge.
    pub challenge: String,
    /// The nonce of the authorization request.
    pub nonce: Option<String>,
    /// Whether a refresh token was requested.
    pub offline: bool,
    /// The address that logged in.
    pub email: Email,
    /// When the code expires, in seconds since the Unix epoch.
    pub expires: i64,
}

/// A login on another device that waits for its code to be entered.
#[derive(Debug, Clone)]
pub(super) struct DeviceGrant {
    /// The code that a person enters.
    pub user_code: String,
    /// The client.
    pub client: String,
    /// The PKCE challenge, if the client sent one.
    pub challenge: Option<String>,
    /// Whether a refresh token was requested.
    pub offline: bool,
    /// When the codes expire, in seconds since the Unix epoch.
    pub expires: i64,
    /// The minimum time between two polls, in seconds.
    pub interval: i64,
    /// The last poll.
    pub polled: Option<Timestamp>,
    /// What the person decided.
    pub decision: Decision,
}

/// The state of a login on another device.
#[derive(Debug, Clone)]
pub(super) enum Decision {
    /// Nobody has entered the code.
    Open,
    /// Somebody logged in with this address.
    Approved(Email),
    /// Somebody refused the login.
    Denied,
}

impl Issuer {
    /// Opens the issuer of an instance.
    ///
    /// # Errors
    /// [`LocalError::File`], or [`LocalError::Damaged`] for its sessions.
    pub(super) fn open(folder: &InstanceFolder, faults: Faults, clock: Clock) -> Result<Self, LocalError> {
        Ok(Self {
            url: folder.settings.url(),
            key: folder.keys.issuer.clone(),
            cookies: Cookies::new(folder.settings.port)?,
            access: Access::new(&folder.access_code, &folder.settings.url(), clock())?,
            faults,
            clock,
            codes: Mutex::default(),
            devices: Mutex::default(),
            sessions: Sessions::open(&folder.path)?,
            record: LoginRecord::new(&folder.path),
        })
    }

    /// The current time.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether this fault was ordered.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// Issues an authorization code.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn issue_code(&self, grant: CodeGrant) -> Result<String, LocalError> {
        let code = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let mut codes = lock(&self.codes);
        if codes.len() >= MAX_CODES {
            let oldest = codes.iter().min_by_key(|(_, grant)| grant.expires).map(|(key, _)| *key);
            oldest.map(|key| codes.remove(&key));
        }
        codes.insert(code_key(&code), grant);
        Ok(code)
    }

    /// Takes the grant of an authorization code, which can be tried once.
    pub(super) fn take_code(&self, code: &str) -> Option<CodeGrant> {
        lock(&self.codes).remove(&code_key(code))
    }

    /// Issues a device code.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn issue_device_code(&self, grant: DeviceGrant, now: Timestamp) -> Result<String, LocalError> {
        let code = URL_SAFE_NO_PAD.encode(random::<32>()?);
        let mut devices = self.devices();
        devices.retain(|_, grant| now.as_second() < grant.expires + EXPIRED_REMEMBERED);
        if devices.len() >= MAX_CODES {
            let oldest = devices.iter().min_by_key(|(_, grant)| grant.expires).map(|(key, _)| *key);
            oldest.map(|key| devices.remove(&key));
        }
        devices.insert(code_key(&code), grant);
        Ok(code)
    }

    /// The logins on other devices that wait, by [`code_key`] of their device codes.
    pub(super) fn devices(&self) -> MutexGuard<'_, HashMap<[u8; 32], DeviceGrant>> {
        lock(&self.devices)
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("url", &self.url).field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// The key under which a code is stored: its SHA-256.
pub(super) fn code_key(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
