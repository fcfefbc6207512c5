//! What the agent keeps: logins, and the credential of each that is good now.
//!
//! A login is kept by the identity that it gave and by whom it was asked of: issuer, Fulcio and client. Which one signs is decided by the
//! request, never by which was used last: the identity that the client expects; else the one that `user.signingKey` names; else the one of
//! the committer's address. A name for which none is kept asks for a login, and is remembered with the identity that the login gave.
//! However many requests wait for the same identity, there is one login.
//!
//! Keys and tokens are in this process' memory alone, and are wiped when they are dropped; where the user opted in, the refresh token of a
//! login rests in a keyring too, from which a later agent goes on with the login. Each renewal lets the token that it gave rest before
//! anything else is done with it: what is lost between the issuer's answer and that costs a login, and nothing more.

use super::{
    keyring::{Keyring, Owner, Record},
    login::{Asked, Progress, Ready, Refused, Saying, Target, Wanted, certify, locked, log_in, refused_login},
    memory::Memory,
};
use crate::{
    agent_protocol::{self as protocol, Refusal, Reply},
    identity::{LoginError, RefreshToken, Session},
    service::Http,
    sign::Credential,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::RefCell,
    collections::HashMap,
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// A certificate is not used in its last seconds: the log and the timestamp authority come after it.
const LEAST_LEFT: SignedDuration = SignedDuration::from_secs(20);
/// How long the end of a login waits for a renewal that is under way.
const TURN_PATIENCE: Duration = Duration::from_secs(20);
/// Logins that are kept, at most.
const MAX_LOGINS: usize = 64;
/// Names that are remembered, at most.
const MAX_NAMES: usize = 1024;

/// Whom a login was asked of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Authority {
    issuer: String,
    fulcio: String,
    client_id: String,
}

impl Authority {
    fn of(target: &Target) -> Self {
        Self { issuer: target.client.issuer.clone(), fulcio: target.services.fulcio.clone(), client_id: target.client.client_id.clone() }
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

/// A login that is kept.
struct Kept {
    ready: Ready,
    session: Session,
    /// The instance that it was made for.
    instance: String,
    /// Its refresh token rests in the keyring.
    rests: bool,
    signatures: u64,
    /// It made a signature that did not verify: its certificate is not used again.
    spoilt: bool,
}

impl Kept {
    fn is_good(&self, now: Timestamp) -> bool {
        !self.spoilt && has_life_left(&self.ready.credential, now)
    }

    /// Whether the next certificate takes no login: there is a refresh token, or the ID token outlives this certificate.
    fn is_renewable(&self, now: Timestamp) -> bool {
        let Session { id_token, refresh_token } = &self.session;
        let next = if self.is_good(now) { until(&self.ready.credential) } else { now };
        refresh_token.is_some() || id_token.expires().is_some_and(|expires| expires > next + LEAST_LEFT)
    }
}

/// A login that is forgotten, to be ended at its issuer.
pub struct Gone {
    /// The instance that it was made for.
    pub instance: String,
    /// The issuer.
    pub issuer: String,
    /// Whose login it was.
    pub identity: String,
    /// What ends it there.
    pub token: RefreshToken,
}

/// A login that goes on without a person.
struct Continued {
    session: Session,
    /// Its refresh token rests.
    rests: bool,
    /// Whose login it has to be, where the word of a keyring is all that says so.
    owner: Option<Owner>,
}

/// The vault. Clones are the same vault.
#[derive(Clone)]
pub struct Vault {
    content: Rc<RefCell<Content>>,
    keyring: Rc<Keyring>,
    memory: Memory,
}

type Flight = (Authority, Wanted, Asked);

#[derive(Default)]
struct Content {
    logins: HashMap<(Authority, String), Kept>,
    /// Who goes on with a login of an authority: a refresh token is good once.
    turns: HashMap<Authority, Rc<tokio::sync::Mutex<()>>>,
    /// The identity that a name led to.
    names: HashMap<(Authority, String), String>,
    /// Logins that are under way.
    flights: HashMap<Flight, Weak<watch::Sender<Progress>>>,
    locked: bool,
}

impl Vault {
    /// One without logins, beside what rests in a keyring.
    pub(super) fn new(keyring: Keyring, memory: Memory) -> Self {
        Self { content: Rc::default(), keyring: Rc::new(keyring), memory }
    }

    /// Where refresh tokens rest.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A credential for whom the request wants; from a login where none is kept. `say` gets what a person should see meanwhile.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn ready(
        &self,
        target: &Rc<Target>,
        wanted: &Wanted,
        asked: Asked,
        http: &Http,
        say: impl Fn(Reply),
    ) -> Result<Ready, Refused> {
        let mut progress = {
            let mut content = self.content.borrow_mut();
            if content.locked {
                return Err(locked());
            }
            if let Some(ready) = content.good(&Authority::of(target), wanted) {
                return Ok(ready);
            }
            let flight = (Authority::of(target), wanted.clone(), asked);
            match content.flights.get(&flight).and_then(Weak::upgrade) {
                Some(sender) => sender.subscribe(),
                None => {
                    let sender = Rc::new(watch::Sender::new(Progress::default()));
                    let progress = sender.subscribe();
                    content.flights.insert(flight.clone(), Rc::downgrade(&sender));
                    tokio::task::spawn_local(self.clone().fly(Rc::clone(target), flight, http.clone(), sender));
                    progress
                }
            }
        };
        let mut heard = 0;
        loop {
            let (new, outcome) = {
                let progress = progress.borrow_and_update();
                (progress.said.iter().skip(heard).cloned().collect::<Vec<_>>(), progress.outcome.clone())
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

    /// Gets a credential for all who wait, whether or not the one that asked first is still there.
    async fn fly(self, target: Rc<Target>, flight: Flight, http: Http, progress: Rc<watch::Sender<Progress>>) {
        let (_, wanted, asked) = &flight;
        let outcome = self.obtain(&target, wanted, *asked, &http, &Saying(&progress)).await;
        self.content.borrow_mut().flights.remove(&flight);
        progress.send_modify(|progress| progress.outcome = Some(outcome));
    }

    async fn obtain(&self, target: &Target, wanted: &Wanted, asked: Asked, http: &Http, prompt: &Saying<'_>) -> Result<Ready, Refused> {
        let authority = Authority::of(target);
        {
            let turn = self.turn(&authority);
            let _turn = turn.lock().await;
            // whoever had the turn before may have done this request's part as well
            if let Some(ready) = self.content.borrow().good(&authority, wanted) {
                return Ok(ready);
            }
            if let Some(Continued { session, rests, owner }) = self.continued(target, wanted, asked, http, prompt).await? {
                let ready = certify(target, wanted, &session, http, prompt).await?;
                match owner {
                    Some(owner) if owner.identity != ready.identity => self.discard(&owner).await,
                    _ => {
                        self.keep(target, wanted, asked, ready.clone(), session, rests)?;
                        return Ok(ready);
                    }
                }
            }
        }
        let session = log_in(target, wanted, asked, http, prompt).await?;
        let ready = certify(target, wanted, &session, http, prompt).await?;
        let refresh_token = session.refresh_token.clone();
        self.keep(target, wanted, asked, ready.clone(), session, false)?;
        let owner = authority.owner(&ready.identity);
        if self.rest(target, &owner, asked.name_of(wanted), refresh_token.as_ref(), prompt).await
            && let Some(kept) = self.content.borrow_mut().logins.get_mut(&(authority, ready.identity.clone()))
        {
            kept.rests = true;
        }
        Ok(ready)
    }

    /// The session of a login that is kept or rests, with a token that is good, without a person; `None` where only a login helps.
    async fn continued(
        &self,
        target: &Target,
        wanted: &Wanted,
        asked: Asked,
        http: &Http,
        prompt: &Saying<'_>,
    ) -> Result<Option<Continued>, Refused> {
        let authority = Authority::of(target);
        let kept = {
            let content = self.content.borrow();
            content.kept(&authority, wanted).map(|kept| (kept.ready.identity.clone(), kept.session.clone(), kept.rests))
        };
        if let Some((_, session, rests)) = &kept
            && session.id_token.expires().is_some_and(|expires| expires > Timestamp::now() + LEAST_LEFT)
        {
            return Ok(Some(Continued { session: session.clone(), rests: *rests, owner: None }));
        }
        let is_kept = kept.is_some();
        let (owner, in_memory, may_rest) = match kept {
            Some((identity, session, rests)) => (authority.owner(&identity), session.refresh_token, rests),
            None => match self.record(&authority, wanted) {
                Some(record) => (record.owner, None, true),
                None => return Ok(None),
            },
        };
        let resting = match may_rest {
            true => self.keyring.read(&owner, &|text| prompt.say(Reply::Say { text })).await,
            false => None,
        };
        // what rests is the newer one, where the agent of another machine has the same keyring
        let in_memory = in_memory.filter(|token| resting.as_ref() != Some(token)).map(|token| (token, false));
        for (token, rested) in resting.map(|token| (token, true)).into_iter().chain(in_memory) {
            if self.is_locked() {
                return Err(locked());
            }
            match target.client.renew(http, &token).await {
                Ok(session) if rested && session.id_token.email().is_some_and(|email| email != owner.identity) => {
                    // somebody else's token, or an account that has another address by now: a person says who signs
                    self.discard(&owner).await;
                }
                Ok(session) => {
                    // the token that was used is good no more, whatever comes now
                    let rests = self.rest(target, &owner, asked.name_of(wanted), session.refresh_token.as_ref(), prompt).await;
                    if let Some(kept) = self.content.borrow_mut().logins.get_mut(&(authority, owner.identity.clone())) {
                        (kept.session, kept.rests) = (session.clone(), rests);
                    }
                    self.memory.cover();
                    return Ok(Some(Continued { session, rests, owner: rested.then_some(owner) }));
                }
                // the session has ended: a person is asked
                Err(LoginError::NotRenewed { .. }) if rested => self.discard(&owner).await,
                Err(LoginError::Service(error)) if is_kept => return Err(refused_login(&error.into())),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// Lets the token of a login rest in the keyring, where the user wants that.
    async fn rest(&self, target: &Target, owner: &Owner, name: Option<&str>, token: Option<&RefreshToken>, prompt: &Saying<'_>) -> bool {
        let Some(token) = token else { return false };
        let name = name.filter(|name| *name != owner.identity);
        self.keyring.store(&target.name, owner, name, token, &|text| prompt.say(Reply::Say { text })).await
    }

    /// Removes a token that is of no use any more. Where that does not succeed it is found to be of no use again.
    async fn discard(&self, owner: &Owner) {
        if let Some(record) = self.keyring.find(|record| record.owner == *owner) {
            let _ = self.keyring.take(&record, None).await;
        }
    }

    /// The record of the login that a request wants.
    fn record(&self, authority: &Authority, wanted: &Wanted) -> Option<Record> {
        let name = wanted.name()?;
        let is_of = |record: &Record| *authority == Authority::from(&record.owner);
        self.keyring.find(|record| is_of(record) && record.owner.identity == name).or_else(|| match wanted {
            Wanted::Named(_) => self.keyring.find(|record| is_of(record) && record.names.iter().any(|known| known == name)),
            Wanted::Only(_) | Wanted::Anybody => None,
        })
    }

    /// Who holds it alone goes on with the logins of an authority.
    fn turn(&self, authority: &Authority) -> Rc<tokio::sync::Mutex<()>> {
        Rc::clone(self.content.borrow_mut().turns.entry(authority.clone()).or_default())
    }

    fn keep(&self, target: &Target, wanted: &Wanted, asked: Asked, ready: Ready, session: Session, rests: bool) -> Result<(), Refused> {
        if let Wanted::Only(expected) = wanted
            && *expected != ready.identity
        {
            return Err(Refused::new(
                Refusal::Identity,
                format!("the identity is {}, and {expected} is expected; nothing was logged", ready.identity),
            ));
        }
        let mut content = self.content.borrow_mut();
        if content.locked {
            return Err(locked());
        }
        let authority = Authority::of(target);
        if let Some(name) = asked.name_of(wanted).filter(|name| *name != ready.identity) {
            if content.names.len() >= MAX_NAMES {
                content.names.clear();
            }
            content.names.insert((authority.clone(), name.to_owned()), ready.identity.clone());
        }
        let key = (authority, ready.identity.clone());
        if content.logins.len() >= MAX_LOGINS && !content.logins.contains_key(&key) {
            return Err(Refused::new(
                Refusal::Busy,
                format!("the agent keeps {MAX_LOGINS} logins already; `paraph agent clear` forgets them"),
            ));
        }
        let signatures = content.logins.get(&key).map_or(0, |kept| kept.signatures);
        content.logins.insert(key, Kept { ready, session, instance: target.name.clone(), rests, signatures, spoilt: false });
        drop(content);
        self.memory.cover();
        Ok(())
    }

    /// Counts a signature.
    pub fn signed(&self, target: &Target, identity: &str) {
        if let Some(kept) = self.content.borrow_mut().logins.get_mut(&(Authority::of(target), identity.to_owned())) {
            kept.signatures += 1;
        }
    }

    /// Forgets a credential that turned out to be of no use, so that the next request gets a new one.
    pub fn spoil(&self, target: &Target, ready: &Ready) {
        let mut content = self.content.borrow_mut();
        if let Some(kept) = content.logins.get_mut(&(Authority::of(target), ready.identity.clone()))
            && Arc::ptr_eq(&kept.ready.credential, &ready.credential)
        {
            kept.spoilt = true;
        }
    }

    /// The identity that would sign, where one is kept or rests for whom the request wants.
    pub fn identity(&self, target: &Target, wanted: &Wanted) -> Option<String> {
        let authority = Authority::of(target);
        let kept = self.content.borrow().kept(&authority, wanted).map(|kept| kept.ready.identity.clone());
        kept.or_else(|| self.record(&authority, wanted).map(|record| record.owner.identity))
    }

    /// Wipes what is kept of one identity, or of all. The refresh tokens come back.
    pub fn forget(&self, identity: Option<&str>) -> Vec<Gone> {
        let mut content = self.content.borrow_mut();
        let matches = |found: &str| identity.is_none_or(|identity| identity == found);
        content.names.retain(|_, found| !matches(found));
        let gone: Vec<_> = content.logins.extract_if(|(_, found), _| matches(found)).collect();
        let gone = gone.into_iter().filter_map(|((authority, identity), kept)| {
            Some(Gone { instance: kept.instance, issuer: authority.issuer, identity, token: kept.session.refresh_token? })
        });
        gone.collect()
    }

    /// Wipes the logins of one identity, or of all, and removes what rests of them. The refresh tokens come back, to be revoked; and for
    /// each that may rest on, why.
    pub async fn end(&self, identity: Option<&str>, say: &dyn Fn(String)) -> (Vec<Gone>, Vec<String>) {
        // a renewal that is under way comes first, or its token would rest after all
        let turns: Vec<_> = self.content.borrow().turns.values().cloned().collect();
        let mut held = Vec::new();
        for turn in &turns {
            held.extend(tokio::time::timeout(TURN_PATIENCE, turn.lock()).await);
        }
        let (mut gone, mut left) = (self.forget(identity), Vec::new());
        let records = self.keyring.records().unwrap_or_else(|error| {
            left.push(error.to_string());
            Vec::new()
        });
        for record in records.into_iter().filter(|record| identity.is_none_or(|identity| identity == record.owner.identity)) {
            match self.keyring.take(&record, Some(say)).await {
                Ok(Some(token)) if gone.iter().all(|gone| gone.token != token) => {
                    let Record { instance, owner, .. } = record;
                    gone.push(Gone { instance, issuer: owner.issuer, identity: owner.identity, token });
                }
                Ok(_) => {}
                Err(error) => left.push(format!("the refresh token of {} may rest on: {error}", record.owner.identity)),
            }
        }
        (gone, left)
    }

    /// Wipes everything and signs nothing, or ends that.
    pub fn set_locked(&self, locked: bool) {
        if locked {
            drop(self.forget(None));
        }
        self.content.borrow_mut().locked = locked;
    }

    /// Whether it is locked.
    pub fn is_locked(&self) -> bool {
        self.content.borrow().locked
    }

    /// The logins, by identity and issuer.
    pub fn logins(&self) -> Vec<protocol::Login> {
        let now = Timestamp::now();
        let content = self.content.borrow();
        let names = |authority: &Authority, identity: &str| {
            let led = content.names.iter().filter(|((of, _), to)| of == authority && *to == identity);
            let mut names: Vec<String> = led.map(|((_, name), _)| name.clone()).take(protocol::MAX_NAMES).collect();
            names.sort();
            names
        };
        let mut logins: Vec<_> = content
            .logins
            .iter()
            .map(|((authority, identity), kept)| protocol::Login {
                identity: identity.clone(),
                issuer: authority.issuer.clone(),
                fulcio: authority.fulcio.clone(),
                certificate_until: kept.is_good(now).then(|| until(&kept.ready.credential).as_second()),
                renewable: kept.is_renewable(now),
                rests: kept.rests,
                signatures: kept.signatures,
                names: names(authority, identity),
            })
            .collect();
        logins.sort_by(|left, right| (&left.identity, &left.issuer).cmp(&(&right.identity, &right.issuer)));
        logins
    }
}

impl Content {
    /// A credential that is good now.
    fn good(&self, authority: &Authority, wanted: &Wanted) -> Option<Ready> {
        self.kept(authority, wanted).filter(|kept| kept.is_good(Timestamp::now())).map(|kept| kept.ready.clone())
    }

    fn kept(&self, authority: &Authority, wanted: &Wanted) -> Option<&Kept> {
        let name = wanted.name()?;
        let of = |identity: &str| self.logins.get(&(authority.clone(), identity.to_owned()));
        of(name).or_else(|| match wanted {
            Wanted::Named(_) => of(self.names.get(&(authority.clone(), name.to_owned()))?),
            Wanted::Only(_) | Wanted::Anybody => None,
        })
    }
}

/// Whether a certificate has enough of its life left.
fn has_life_left(credential: &Credential, now: Timestamp) -> bool {
    let x509 = credential.certificate().certificate();
    let life = x509.not_after().duration_since(x509.not_before());
    // one that lives for seconds is used for most of them
    let least = LEAST_LEFT.min(life / 4);
    now + least < x509.not_after() && now + crate::verify::CLOCK_TOLERANCE >= x509.not_before()
}

fn until(credential: &Credential) -> Timestamp {
    credential.certificate().certificate().not_after()
}
