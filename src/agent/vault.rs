//! What the agent keeps: logins, and the current credential of each.
//!
//! A login is kept by its identity and by issuer, certificate authority and client. The request decides which login signs, never the order of
//! use: the identity that the client expects, or else the one that `user.signingKey` names, or else the one of the committer's address. A
//! name without a login causes a login, and is remembered as an alias of the resulting identity. However many requests wait for the same
//! identity, there is one login.
//!
//! Keys and tokens are only in this process' memory, and are wiped when they are dropped. If the user chose a keyring, a login's refresh token
//! is stored there too, and a later agent continues the login. Each renewal stores the newest refresh token before anything else is done with
//! it. If the process ends between the issuer's answer and that, a login is lost, and nothing more.

use super::{
    keyring::{Keyring, Owner, StoredLogin},
    login::{Attempt, LoginRequest, Progress, ProgressPrompt, Refused, Target, refused_login, waiting_for},
    memory::Memory,
};
use crate::{
    agent_protocol::{self as protocol, LoginStatus, Refusal, Reply},
    certificate::names,
    identity::{Candidate, KnownLogin, LoginError, LoginTokens, RefreshToken, RequestedSigner},
    service::Http,
    sign::Credential,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::watch;

/// An ID token is not used in its last seconds, because the certificate authority checks it later.
const LEAST_LEFT: SignedDuration = SignedDuration::from_secs(20);
/// How long a logout waits for a renewal in progress.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(20);
/// Logins that are kept, at most.
const MAX_LOGINS: usize = 64;
/// Aliases that are remembered, at most.
const MAX_ALIASES: usize = 1024;

/// Where a login was made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Authority {
    issuer: String,
    fulcio: String,
    client_id: String,
}

impl Authority {
    fn of(target: &Target) -> Self {
        let Target { client, services, .. } = target;
        Self { issuer: client.issuer.clone(), fulcio: services.fulcio.clone(), client_id: client.client_id.clone() }
    }

    fn owner(&self, identity: &str) -> Owner {
        let Self { issuer, fulcio, client_id } = self.clone();
        Owner { identity: identity.to_owned(), issuer, client_id, fulcio }
    }
}

impl From<&Owner> for Authority {
    fn from(owner: &Owner) -> Self {
        Self { issuer: owner.issuer.clone(), fulcio: owner.fulcio.clone(), client_id: owner.client_id.clone() }
    }
}

/// A login in memory.
struct ActiveLogin {
    credential: Arc<Credential>,
    session: LoginTokens,
    /// The instance that it was made for.
    instance: String,
    /// Whether its refresh token is stored in the keyring.
    is_stored: bool,
    signatures: u64,
    /// Its credential made a signature that does not verify, and is not used again.
    is_invalid: bool,
    /// Tells this login from earlier ones of the same identity. A renewal continues it.
    number: u64,
}

/// A login that a request may use.
pub(super) struct LoginPreview {
    /// The identity.
    pub(super) identity: String,
    /// The login's number, if it is in memory and needs no person to continue.
    pub(super) number: Option<u64>,
    /// Whether a person must log in first.
    pub(super) needs_login: bool,
}

impl ActiveLogin {
    fn is_good(&self, now: Timestamp) -> bool {
        !self.is_invalid && self.credential.lasts(now)
    }

    /// Whether the next certificate needs no login: there is a refresh token, or the ID token outlives this certificate.
    fn is_renewable(&self, now: Timestamp) -> bool {
        let LoginTokens { id_token, refresh_token } = &self.session;
        let next = if self.is_good(now) { not_after(&self.credential) } else { now };
        refresh_token.is_some() || id_token.expires().is_some_and(|expires| expires > next + LEAST_LEFT)
    }
}

/// A login that was removed here, to be revoked at its issuer.
pub(super) struct RemovedLogin {
    /// The instance that it was made for.
    pub(super) instance: String,
    /// The issuer.
    pub(super) issuer: String,
    /// The identity.
    pub(super) identity: String,
    /// The token to revoke.
    pub(super) token: RefreshToken,
}

/// The result of a logout.
pub(super) struct Removal {
    /// The removed logins.
    pub(super) removed: Vec<RemovedLogin>,
    /// For each token that may still be stored, why.
    pub(super) failures: Vec<String>,
}

/// A session that was continued without a login.
struct Continued {
    session: LoginTokens,
    /// Whether its refresh token is stored in the keyring.
    is_stored: bool,
    /// Whose login it must be, if only a keyring says so.
    owner: Option<Owner>,
}

/// The vault. Clones are the same vault.
#[derive(Clone)]
pub(super) struct Vault {
    content: Rc<RefCell<Content>>,
    keyring: Rc<Keyring>,
    memory: Memory,
}

/// Identifies a login in progress.
type LoginKey = (Authority, LoginRequest);

#[derive(Default)]
struct Content {
    logins: HashMap<(Authority, String), ActiveLogin>,
    /// Held while a login of the authority is renewed: a refresh token can be used once.
    renewal_locks: HashMap<Authority, Rc<tokio::sync::Mutex<()>>>,
    /// The identities of aliases.
    aliases: HashMap<(Authority, String), String>,
    in_progress: HashMap<LoginKey, Weak<watch::Sender<Progress>>>,
    /// The number of the last login.
    last_number: u64,
    locked: bool,
}

impl Vault {
    /// A vault without logins, except those stored in the keyring.
    pub(super) fn new(keyring: Keyring, memory: Memory) -> Self {
        Self { content: Rc::default(), keyring: Rc::new(keyring), memory }
    }

    /// Where refresh tokens are stored.
    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A credential of the requested signer, after a login if none is kept. `say` gets what the user should see meanwhile.
    pub(super) async fn credential(
        &self,
        target: &Rc<Target>,
        request: &LoginRequest,
        http: &Http,
        say: impl Fn(Reply),
    ) -> Result<Arc<Credential>, Refused> {
        let mut progress = {
            let mut content = self.content.borrow_mut();
            if content.locked {
                return Err(Refused::locked());
            }
            if let Some(credential) = content.good_credential(&Authority::of(target), &request.requested) {
                return Ok(credential);
            }
            let key = (Authority::of(target), request.clone());
            match content.in_progress.get(&key).and_then(Weak::upgrade) {
                Some(sender) => sender.subscribe(),
                None => {
                    let sender = Arc::new(watch::Sender::new(Progress::default()));
                    let progress = sender.subscribe();
                    content.in_progress.insert(key.clone(), Arc::downgrade(&sender));
                    tokio::task::spawn_local(self.clone().run_login(Rc::clone(target), key, http.clone(), sender));
                    progress
                }
            }
        };
        let mut heard = 0;
        loop {
            let (new, outcome) = {
                let progress = progress.borrow_and_update();
                (progress.replies.iter().skip(heard).cloned().collect::<Vec<_>>(), progress.outcome.clone())
            };
            heard += new.len();
            new.into_iter().for_each(&say);
            if let Some(outcome) = outcome {
                return outcome;
            }
            if progress.changed().await.is_err() {
                return Err(Refused::new(Refusal::Login, "the login ended without a result"));
            }
        }
    }

    /// Obtains a credential for all who wait for it, even if the client that asked first has left.
    async fn run_login(self, target: Rc<Target>, key: LoginKey, http: Http, progress: Arc<watch::Sender<Progress>>) {
        let waiting = Arc::downgrade(&progress);
        let http = http.with_network(target.network.clone()).announcing_waits(move |service| {
            if let Some(progress) = waiting.upgrade() {
                ProgressPrompt(&progress).say(waiting_for(service));
            }
        });
        let attempt = Attempt { target: &target, request: &key.1, http: &http, prompt: &ProgressPrompt(&progress) };
        let outcome = self.obtain(attempt).await;
        self.content.borrow_mut().in_progress.remove(&key);
        progress.send_modify(|progress| progress.outcome = Some(outcome));
    }

    async fn obtain(&self, attempt: Attempt<'_>) -> Result<Arc<Credential>, Refused> {
        match self.continue_login(attempt).await? {
            Some(credential) => Ok(credential),
            None => self.log_in_anew(attempt).await,
        }
    }

    /// A credential of a login that is kept or stored; `None` if a person must log in. One request at a time renews logins of an authority.
    async fn continue_login(&self, attempt: Attempt<'_>) -> Result<Option<Arc<Credential>>, Refused> {
        let authority = Authority::of(attempt.target);
        let renewal_lock = self.renewal_lock(&authority);
        let _renewing = renewal_lock.lock().await;
        // an earlier renewal may have served this request as well
        if let Some(credential) = self.content.borrow().good_credential(&authority, &attempt.request.requested) {
            return Ok(Some(credential));
        }
        let Some(Continued { session, mut is_stored, owner }) = self.continue_session(attempt).await? else { return Ok(None) };
        let credential = attempt.certify(&session).await?;
        let found = identity(&credential);
        if let Some(owner) = owner.filter(|owner| owner.identity != found) {
            self.discard(&owner).await;
            if !names::same_address(&owner.identity, found) {
                return Ok(None);
            }
            // the issuer writes the same address in another way now
            is_stored = self.store(attempt, &authority.owner(found), session.refresh_token.as_ref()).await;
        }
        self.keep(attempt, &credential, Established { session, is_stored, is_new: false })?;
        Ok(Some(credential))
    }

    /// A credential after a login.
    async fn log_in_anew(&self, attempt: Attempt<'_>) -> Result<Arc<Credential>, Refused> {
        let authority = Authority::of(attempt.target);
        let session = attempt.log_in().await?;
        let credential = attempt.certify(&session).await?;
        let refresh_token = session.refresh_token.clone();
        self.keep(attempt, &credential, Established { session, is_stored: false, is_new: true })?;
        let owner = authority.owner(identity(&credential));
        if self.store(attempt, &owner, refresh_token.as_ref()).await
            && let Some(login) = self.content.borrow_mut().logins.get_mut(&(authority, owner.identity))
        {
            login.is_stored = true;
        }
        Ok(credential)
    }

    /// The session of a login that is kept or stored, with a valid ID token; `None` if a login is needed.
    async fn continue_session(&self, attempt: Attempt<'_>) -> Result<Option<Continued>, Refused> {
        let requested = &attempt.request.requested;
        let authority = Authority::of(attempt.target);
        let login = {
            let content = self.content.borrow();
            content
                .find(&authority, requested)
                .map(|login| (authority.owner(identity(&login.credential)), login.session.clone(), login.is_stored))
        };
        let Some((owner, session, is_stored)) = login else {
            return match self.stored_login(&authority, requested) {
                Some(stored) => self.renew(attempt, Renewable::Stored(stored.owner)).await,
                None => Ok(None),
            };
        };
        if session.id_token.expires().is_some_and(|expires| expires > Timestamp::now() + LEAST_LEFT) {
            return Ok(Some(Continued { session, is_stored, owner: None }));
        }
        self.renew(attempt, Renewable::Kept { owner, token: session.refresh_token, is_stored }).await
    }

    /// Renews a session with the stored token, then with the one in memory.
    async fn renew(&self, attempt: Attempt<'_>, login: Renewable) -> Result<Option<Continued>, Refused> {
        let is_kept = matches!(login, Renewable::Kept { .. });
        let (owner, in_memory, is_stored) = match login {
            Renewable::Kept { owner, token, is_stored } => (owner, token, is_stored),
            Renewable::Stored(owner) => (owner, None, true),
        };
        let stored = match is_stored {
            true => self.keyring.read(&owner, &|text| attempt.prompt.say(text)).await,
            false => None,
        };
        // the stored token is the newer one if the agent of another machine uses the same keyring
        let in_memory = in_memory.filter(|token| stored.as_ref() != Some(token)).map(|token| (token, false));
        for (token, was_stored) in stored.map(|token| (token, true)).into_iter().chain(in_memory) {
            if self.is_locked() {
                return Err(Refused::locked());
            }
            match attempt.target.client.renew(attempt.http, &token).await {
                Ok(session) if was_stored && !session.may_be_of(&owner.identity) => {
                    // another account's token, or an account whose address has changed: the user must log in
                    self.discard(&owner).await;
                }
                Ok(session) => {
                    // the old token is no longer valid, whatever happens now
                    let is_stored = self.store(attempt, &owner, session.refresh_token.as_ref()).await;
                    let key = (Authority::from(&owner), owner.identity.clone());
                    if let Some(login) = self.content.borrow_mut().logins.get_mut(&key) {
                        (login.session, login.is_stored) = (session.clone(), is_stored);
                    }
                    self.memory.lock_new_pages();
                    // the keyring does not know where the user logged in; a login elsewhere is for another request
                    let issuer = Candidate::from(&session.id_token);
                    if attempt.request.requested.accepts_issuer(issuer.issuer()).is_err() {
                        return Ok(None);
                    }
                    return Ok(Some(Continued { session, is_stored, owner: was_stored.then_some(owner) }));
                }
                // the session has ended: the user must log in
                Err(LoginError::NotRenewed { .. }) if was_stored => self.discard(&owner).await,
                Err(LoginError::Service(error)) if is_kept => return Err(refused_login(&error.into())),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// Stores a login's token in the keyring, if the user chose one.
    async fn store(&self, attempt: Attempt<'_>, owner: &Owner, token: Option<&RefreshToken>) -> bool {
        let Some(token) = token else { return false };
        let alias = attempt.request.alias().filter(|name| *name != owner.identity);
        let login = StoredLogin {
            instance: attempt.target.name.clone(),
            owner: owner.clone(),
            names: alias.into_iter().map(str::to_owned).collect(),
            keyring: match self.keyring.chosen() {
                Some(keyring) => keyring,
                None => return false,
            },
        };
        self.keyring.store(login, token, &|text| attempt.prompt.say(text)).await
    }

    /// Removes a useless token. If that fails, it is found useless again.
    async fn discard(&self, owner: &Owner) {
        if let Some(stored) = self.keyring.own_logins().into_iter().find(|stored| stored.owner == *owner) {
            let _ = self.keyring.take(&stored, None).await;
        }
    }

    /// The stored login of the requested signer.
    fn stored_login(&self, authority: &Authority, requested: &RequestedSigner) -> Option<StoredLogin> {
        requested.choose_login(self.keyring.own_logins().into_iter().filter(|stored| *authority == Authority::from(&stored.owner)))
    }

    fn renewal_lock(&self, authority: &Authority) -> Rc<tokio::sync::Mutex<()>> {
        Rc::clone(self.content.borrow_mut().renewal_locks.entry(authority.clone()).or_default())
    }

    fn keep(&self, attempt: Attempt<'_>, credential: &Arc<Credential>, established: Established) -> Result<(), Refused> {
        let Established { session, is_stored, is_new } = established;
        let mut content = self.content.borrow_mut();
        if content.locked {
            return Err(Refused::locked());
        }
        let (authority, identity) = (Authority::of(attempt.target), identity(credential).to_owned());
        if let Some(alias) = attempt.request.alias().filter(|name| *name != identity) {
            if content.aliases.len() >= MAX_ALIASES {
                content.aliases.clear();
            }
            content.aliases.insert((authority.clone(), alias.to_owned()), identity.clone());
        }
        let key = (authority, identity);
        if content.logins.len() >= MAX_LOGINS && !content.logins.contains_key(&key) {
            let message = format!("the agent keeps {MAX_LOGINS} logins already");
            return Err(Refused::new(Refusal::Busy, message).with_hint("run `paraph agent clear` to remove them"));
        }
        let continued = content.logins.get(&key).filter(|_| !is_new).map(|login| login.number);
        let number = continued.unwrap_or_else(|| {
            content.last_number += 1;
            content.last_number
        });
        let login = ActiveLogin {
            credential: Arc::clone(credential),
            session,
            instance: attempt.target.name.clone(),
            is_stored,
            signatures: content.logins.get(&key).map_or(0, |login| login.signatures),
            is_invalid: false,
            number,
        };
        content.logins.insert(key, login);
        drop(content);
        self.memory.lock_new_pages();
        Ok(())
    }

    /// Counts a signature.
    pub(super) fn count_signature(&self, target: &Target, credential: &Credential) {
        let key = (Authority::of(target), identity(credential).to_owned());
        if let Some(login) = self.content.borrow_mut().logins.get_mut(&key) {
            login.signatures += 1;
        }
    }

    /// Marks a credential as useless, so that the next request gets a new one.
    pub(super) fn invalidate(&self, target: &Target, credential: &Arc<Credential>) {
        let key = (Authority::of(target), identity(credential).to_owned());
        if let Some(login) = self.content.borrow_mut().logins.get_mut(&key)
            && Arc::ptr_eq(&login.credential, credential)
        {
            login.is_invalid = true;
        }
    }

    /// The login that would sign, if it is kept or stored.
    pub(super) fn preview(&self, target: &Target, requested: &RequestedSigner) -> Option<LoginPreview> {
        let authority = Authority::of(target);
        let now = Timestamp::now();
        let kept = self.content.borrow().find(&authority, requested).map(|kept| {
            let is_alive = kept.is_good(now) || kept.is_renewable(now);
            LoginPreview {
                identity: identity(&kept.credential).to_owned(),
                number: is_alive.then_some(kept.number),
                needs_login: !is_alive && !kept.is_stored,
            }
        });
        kept.or_else(|| {
            let stored = self.stored_login(&authority, requested)?;
            Some(LoginPreview { identity: stored.owner.identity, number: None, needs_login: false })
        })
    }

    /// The number of the login that a credential belongs to, if that is still kept.
    pub(super) fn number(&self, target: &Target, credential: &Credential) -> Option<u64> {
        let key = (Authority::of(target), identity(credential).to_owned());
        self.content.borrow().logins.get(&key).map(|kept| kept.number)
    }

    /// Wipes the logins of one identity, or all, from memory, and returns their refresh tokens.
    pub(super) fn forget(&self, identity: Option<&str>) -> Vec<RemovedLogin> {
        let mut content = self.content.borrow_mut();
        let matches = |found: &str| identity.is_none_or(|identity| names::same_address(identity, found));
        content.aliases.retain(|_, found| !matches(found));
        let removed: Vec<_> = content.logins.extract_if(|(_, found), _| matches(found)).collect();
        let removed = removed.into_iter().filter_map(|((authority, identity), login)| {
            let token = login.session.refresh_token?;
            Some(RemovedLogin { instance: login.instance, issuer: authority.issuer, identity, token })
        });
        removed.collect()
    }

    /// Wipes the logins of one identity, or all, and removes their tokens from the keyring.
    pub(super) async fn log_out(&self, identity: Option<&str>, say: &dyn Fn(String)) -> Removal {
        // a renewal in progress finishes first, or its token would be stored after all
        let locks: Vec<_> = self.content.borrow().renewal_locks.values().cloned().collect();
        let mut held = Vec::new();
        for lock in &locks {
            held.extend(tokio::time::timeout(RENEWAL_TIMEOUT, lock.lock()).await);
        }
        let (mut removed, mut failures) = (self.forget(identity), Vec::new());
        let stored = self.keyring.stored_logins().unwrap_or_else(|error| {
            failures.push(error.to_string());
            Vec::new()
        });
        for login in stored.into_iter().filter(|login| identity.is_none_or(|identity| names::same_address(identity, &login.owner.identity)))
        {
            match self.keyring.take(&login, Some(say)).await {
                Ok(Some(token)) if removed.iter().all(|other| other.token != token) => {
                    let StoredLogin { instance, owner, .. } = login;
                    removed.push(RemovedLogin { instance, issuer: owner.issuer, identity: owner.identity, token });
                }
                Ok(_) => {}
                Err(error) => failures.push(format!("the refresh token of {} may still be stored: {error}", login.owner.identity)),
            }
        }
        Removal { removed, failures }
    }

    /// Locks the vault, which wipes everything, or unlocks it. A locked vault gives no credentials.
    pub(super) fn set_locked(&self, locked: bool) {
        if locked {
            drop(self.forget(None));
        }
        self.content.borrow_mut().locked = locked;
    }

    /// Whether it is locked.
    pub(super) fn is_locked(&self) -> bool {
        self.content.borrow().locked
    }

    /// The logins, sorted by identity and issuer.
    pub(super) fn logins(&self) -> Vec<LoginStatus> {
        let now = Timestamp::now();
        let content = self.content.borrow();
        let aliases = |authority: &Authority, identity: &str| {
            let aliases = content.aliases.iter().filter(|((of, _), to)| of == authority && *to == identity);
            let mut names: Vec<String> = aliases.map(|((_, name), _)| name.clone()).take(protocol::MAX_NAMES).collect();
            names.sort();
            names
        };
        let status = |((authority, identity), login): (&(Authority, String), &ActiveLogin)| LoginStatus {
            identity: identity.clone(),
            issuer: authority.issuer.clone(),
            certificate_issuer: Some(login.credential.candidate().issuer().to_owned()),
            fulcio: authority.fulcio.clone(),
            certificate_until: login.is_good(now).then(|| not_after(&login.credential).as_second()),
            renewable: login.is_renewable(now),
            is_stored: login.is_stored,
            signatures: login.signatures,
            names: aliases(authority, identity),
        };
        let mut logins: Vec<_> = content.logins.iter().map(status).collect();
        logins.sort_by(|left, right| (&left.identity, &left.issuer).cmp(&(&right.identity, &right.issuer)));
        logins
    }
}

/// A login that is to be kept.
struct Established {
    session: LoginTokens,
    /// Whether its refresh token is stored in the keyring.
    is_stored: bool,
    /// Whether a person logged in.
    is_new: bool,
}

/// A login whose session may be renewed with its refresh token.
enum Renewable {
    /// It is in memory.
    Kept {
        owner: Owner,
        token: Option<RefreshToken>,
        /// Whether the keyring may have a token, too.
        is_stored: bool,
    },
    /// It is only in the keyring.
    Stored(Owner),
}

impl Content {
    fn good_credential(&self, authority: &Authority, requested: &RequestedSigner) -> Option<Arc<Credential>> {
        let login = self.find(authority, requested).filter(|login| login.is_good(Timestamp::now()));
        login.map(|login| Arc::clone(&login.credential))
    }

    fn find(&self, authority: &Authority, requested: &RequestedSigner) -> Option<&ActiveLogin> {
        let logins = self.logins.iter().filter(|((of, _), _)| of == authority);
        requested.choose_login(logins.map(|(key, login)| LoginOfVault { key, login, content: self })).map(|found| found.login)
    }
}

/// A login in memory, with what the vault knows of it.
struct LoginOfVault<'a> {
    key: &'a (Authority, String),
    login: &'a ActiveLogin,
    content: &'a Content,
}

impl KnownLogin for LoginOfVault<'_> {
    fn identity(&self) -> &str {
        &self.key.1
    }

    fn candidate(&self) -> Option<&Candidate> {
        Some(self.login.credential.candidate())
    }

    fn has_alias(&self, name: &str) -> bool {
        let (authority, identity) = self.key;
        self.content.aliases.get(&(authority.clone(), name.to_owned())) == Some(identity)
    }
}

/// The identity in a credential's certificate.
pub(super) fn identity(credential: &Credential) -> &str {
    &credential.certificate().identity().name
}

fn not_after(credential: &Credential) -> Timestamp {
    credential.certificate().certificate().not_after()
}
