//! What the agent keeps: logins, and the credential of each that is good now.
//!
//! A login is kept by the identity that it gave and by whom it was asked of: issuer, Fulcio and client. Which one signs is decided by the
//! request, never by which was used last: the identity that the client expects; else the one that `user.signingKey` names; else the one of
//! the committer's address. A name for which none is kept asks for a login, and is remembered with the identity that the login gave.
//! However many requests wait for the same identity, there is one login.
//!
//! Keys and tokens are in this process' memory alone, and are wiped when they are dropped.

use super::protocol::{self, Refusal, Reply};
use crate::{
    identity::{Desktop, DeviceCode, Expectation, IdentityToken, Login, LoginError, Opener, Prompt, RefreshToken, Session},
    service::Http,
    sign::{self, Credential, Publication, Services, SignError},
    trust::TrustRoot,
};
use jiff::{SignedDuration, Timestamp};
use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// A certificate is not used in its last seconds: the log and the timestamp authority come after it.
const LEAST_LEFT: SignedDuration = SignedDuration::from_secs(20);
/// Logins that are kept, at most.
const MAX_LOGINS: usize = 64;
/// Names that are remembered, at most.
const MAX_NAMES: usize = 1024;

/// An instance, as the agent's own user configured or registered it: whom to log in at, and what to sign with.
pub struct Target {
    /// Its name.
    pub name: String,
    /// The OpenID issuer.
    pub issuer: String,
    /// The client id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Option<Zeroizing<String>>,
    /// The redirect URL, where one is set.
    pub redirect_url: Option<String>,
    /// Dex's `connector_id`.
    pub connector_id: Option<String>,
    /// The access code of a local issuer.
    pub access_code: Option<Zeroizing<String>>,
    /// What opens a browser on the agent's side.
    pub opener: Opener,
    /// After how long the browser's last page closes itself.
    pub autoclose: Option<Duration>,
    /// How long a login waits for a person.
    pub login_timeout: Duration,
    /// Fulcio, log and timestamp authority.
    pub services: Services,
    /// What the finished signature must verify under.
    pub roots: Arc<[TrustRoot]>,
}

/// Why there is no signature, for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind.
    pub kind: Refusal,
    /// Why, for a person.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Refused {
    /// Without a hint.
    pub fn new(kind: Refusal, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }
}

impl From<Refused> for protocol::Reply {
    fn from(refused: Refused) -> Self {
        Self::Refused { kind: refused.kind, message: refused.message, hint: refused.hint }
    }
}

/// Whom a request wants to sign.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// This identity and no other.
    Only(String),
    /// The identity that this name stands for.
    Named(String),
    /// Whoever logs in.
    Anybody,
}

impl Wanted {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Only(name) | Self::Named(name) => Some(name),
            Self::Anybody => None,
        }
    }
}

/// A credential that is good now, and whose it is.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The key with its certificate.
    pub credential: Arc<Credential>,
    /// The certificate's identity.
    pub identity: String,
    /// Who vouches for it.
    pub issuer: String,
    /// What becomes public with it.
    pub publication: Publication,
}

/// Whom a login was asked of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Authority {
    issuer: String,
    fulcio: String,
    client_id: String,
}

impl Authority {
    fn of(target: &Target) -> Self {
        Self { issuer: target.issuer.clone(), fulcio: target.services.fulcio.clone(), client_id: target.client_id.clone() }
    }
}

/// A login that is kept.
struct Kept {
    ready: Ready,
    session: Session,
    signatures: u64,
    /// It made a signature that did not verify: its certificate is not used again.
    spoilt: bool,
}

impl Kept {
    fn is_good(&self, now: Timestamp) -> bool {
        !self.spoilt && has_life_left(&self.ready.credential, now)
    }
}

/// How far a login has come, for all who wait for it.
#[derive(Default)]
struct Progress {
    said: Vec<Reply>,
    outcome: Option<Result<Ready, Refused>>,
}

/// The vault. Clones are the same vault.
#[derive(Clone, Default)]
pub struct Vault(Rc<RefCell<Content>>);

#[derive(Default)]
struct Content {
    logins: HashMap<(Authority, String), Kept>,
    /// The identity that a name led to.
    names: HashMap<(Authority, String), String>,
    flights: HashMap<(Authority, Wanted), watch::Receiver<Progress>>,
    locked: bool,
}

impl Vault {
    /// A credential for whom the request wants; from a login where none is kept. `say` gets what a person should see meanwhile.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn ready(&self, target: &Rc<Target>, wanted: &Wanted, http: &Http, say: impl Fn(Reply)) -> Result<Ready, Refused> {
        let mut progress = {
            let mut content = self.0.borrow_mut();
            if content.locked {
                return Err(locked());
            }
            if let Some(kept) = content.kept(&Authority::of(target), wanted)
                && kept.is_good(Timestamp::now())
            {
                return Ok(kept.ready.clone());
            }
            let flight = (Authority::of(target), wanted.clone());
            match content.flights.get(&flight) {
                Some(progress) => progress.clone(),
                None => {
                    let (sender, progress) = watch::channel(Progress::default());
                    content.flights.insert(flight, progress.clone());
                    tokio::task::spawn_local(self.clone().fly(Rc::clone(target), wanted.clone(), http.clone(), sender));
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
    async fn fly(self, target: Rc<Target>, wanted: Wanted, http: Http, progress: watch::Sender<Progress>) {
        let outcome = self.obtain(&target, &wanted, &http, &Saying(&progress)).await;
        self.0.borrow_mut().flights.remove(&(Authority::of(&target), wanted));
        progress.send_modify(|progress| progress.outcome = Some(outcome));
    }

    async fn obtain(&self, target: &Target, wanted: &Wanted, http: &Http, prompt: &Saying<'_>) -> Result<Ready, Refused> {
        let session = match self.renewed(target, wanted, http).await? {
            Some(session) => session,
            None => log_in(target, wanted, http, prompt).await?,
        };
        let token = &session.id_token;
        token.check(&Expectation::new(None, &target.client_id, Timestamp::now())).map_err(|error| refused_login(&error.into()))?;
        // before Fulcio hears of it
        admit(wanted, token)?;
        let publication = Publication::of(token, &target.services);
        prompt.say(Reply::Publish { of: publication.key(), text: publication.before_certificate() });
        let credential = sign::obtain(token, &target.services.fulcio, &target.roots, http, &Timestamp::now).await;
        let credential = credential.map_err(|error| refused_signature(&error))?;
        let identity = credential.certificate().identity().clone();
        let ready = Ready { credential: Arc::new(credential), identity: identity.name, issuer: identity.issuer, publication };
        self.keep(target, wanted, ready.clone(), session)?;
        Ok(ready)
    }

    /// The session of a login that is kept, with a token that is good, without a person; `None` where only a login helps.
    async fn renewed(&self, target: &Target, wanted: &Wanted, http: &Http) -> Result<Option<Session>, Refused> {
        let authority = Authority::of(target);
        let Some((identity, session)) =
            self.0.borrow().kept(&authority, wanted).map(|kept| (kept.ready.identity.clone(), kept.session.clone()))
        else {
            return Ok(None);
        };
        if session.id_token.expires().is_some_and(|expires| expires > Timestamp::now() + LEAST_LEFT) {
            return Ok(Some(session));
        }
        let Some(token) = &session.refresh_token else { return Ok(None) };
        match login(target, http, wanted).renew(token).await {
            Ok(session) => {
                // the token that was used is good no more, whatever comes now
                if let Some(kept) = self.0.borrow_mut().logins.get_mut(&(authority, identity)) {
                    kept.session = session.clone();
                }
                Ok(Some(session))
            }
            Err(LoginError::Service(error)) => Err(refused_login(&error.into())),
            // the session has ended: a person is asked
            Err(_) => Ok(None),
        }
    }

    fn keep(&self, target: &Target, wanted: &Wanted, ready: Ready, session: Session) -> Result<(), Refused> {
        if let Wanted::Only(expected) = wanted
            && *expected != ready.identity
        {
            return Err(Refused::new(
                Refusal::Identity,
                format!("the identity is {}, and {expected} is expected; nothing was logged", ready.identity),
            ));
        }
        let mut content = self.0.borrow_mut();
        if content.locked {
            return Err(locked());
        }
        let authority = Authority::of(target);
        if let Some(name) = wanted.name().filter(|name| *name != ready.identity) {
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
        content.logins.insert(key, Kept { ready, session, signatures, spoilt: false });
        Ok(())
    }

    /// Counts a signature.
    pub fn signed(&self, target: &Target, identity: &str) {
        if let Some(kept) = self.0.borrow_mut().logins.get_mut(&(Authority::of(target), identity.to_owned())) {
            kept.signatures += 1;
        }
    }

    /// Forgets a credential that turned out to be of no use, so that the next request gets a new one.
    pub fn spoil(&self, target: &Target, ready: &Ready) {
        let mut content = self.0.borrow_mut();
        if let Some(kept) = content.logins.get_mut(&(Authority::of(target), ready.identity.clone()))
            && Arc::ptr_eq(&kept.ready.credential, &ready.credential)
        {
            kept.spoilt = true;
        }
    }

    /// The identity that would sign, where one is kept for whom the request wants.
    pub fn identity(&self, target: &Target, wanted: &Wanted) -> Option<String> {
        self.0.borrow().kept(&Authority::of(target), wanted).map(|kept| kept.ready.identity.clone())
    }

    /// Wipes what is kept of one identity, or of all. The refresh tokens come back, to be revoked.
    pub fn forget(&self, identity: Option<&str>) -> Vec<(String, String, RefreshToken)> {
        let mut content = self.0.borrow_mut();
        let matches = |found: &str| identity.is_none_or(|identity| identity == found);
        content.names.retain(|_, found| !matches(found));
        let gone: Vec<_> = content.logins.extract_if(|(_, found), _| matches(found)).collect();
        gone.into_iter()
            .filter_map(|((authority, identity), kept)| Some((authority.issuer, identity, kept.session.refresh_token?)))
            .collect()
    }

    /// Wipes everything and signs nothing, or ends that.
    pub fn set_locked(&self, locked: bool) {
        if locked {
            drop(self.forget(None));
        }
        self.0.borrow_mut().locked = locked;
    }

    /// Whether it is locked.
    pub fn is_locked(&self) -> bool {
        self.0.borrow().locked
    }

    /// The logins, by identity and issuer.
    pub fn logins(&self) -> Vec<protocol::Login> {
        let now = Timestamp::now();
        let mut logins: Vec<_> = self
            .0
            .borrow()
            .logins
            .iter()
            .map(|((authority, identity), kept)| protocol::Login {
                identity: identity.clone(),
                issuer: authority.issuer.clone(),
                fulcio: authority.fulcio.clone(),
                certificate_until: kept.is_good(now).then(|| until(&kept.ready.credential).as_second()),
                renewable: kept.session.refresh_token.is_some(),
                signatures: kept.signatures,
            })
            .collect();
        logins.sort_by(|left, right| (&left.identity, &left.issuer).cmp(&(&right.identity, &right.issuer)));
        logins
    }
}

impl Content {
    fn kept(&self, authority: &Authority, wanted: &Wanted) -> Option<&Kept> {
        let name = wanted.name()?;
        let of = |identity: &str| self.logins.get(&(authority.clone(), identity.to_owned()));
        of(name).or_else(|| match wanted {
            Wanted::Named(_) => of(self.names.get(&(authority.clone(), name.to_owned()))?),
            Wanted::Only(_) | Wanted::Anybody => None,
        })
    }
}

/// Tells all who wait for a login what to do.
struct Saying<'a>(&'a watch::Sender<Progress>);

impl Saying<'_> {
    fn say(&self, reply: Reply) {
        self.0.send_modify(|progress| progress.said.push(reply));
    }
}

impl Prompt for Saying<'_> {
    fn log_in_at(&self, url: &str, opening: bool) {
        self.say(Reply::LogIn { url: url.to_owned(), opening });
    }

    fn enter_code(&self, code: DeviceCode<'_>) {
        self.say(Reply::Code {
            verification_uri: code.verification_uri.to_owned(),
            user_code: code.user_code.to_owned(),
            verification_uri_complete: code.verification_uri_complete.map(str::to_owned),
            expires: code.expires.as_secs(),
        });
    }
}

fn login<'a>(target: &'a Target, http: &'a Http, wanted: &'a Wanted) -> Login<'a> {
    Login {
        http,
        issuer: &target.issuer,
        client_id: &target.client_id,
        client_secret: target.client_secret.as_ref().map(|secret| secret.as_str()),
        redirect_url: target.redirect_url.as_deref(),
        connector_id: target.connector_id.as_deref(),
        login_hint: wanted.name(),
        deadline: target.login_timeout,
        offline: true,
        autoclose: target.autoclose,
    }
}

/// Refuses an identity that is not the expected one. A workload's name is composed by Fulcio: it is compared when the certificate is there.
fn admit(wanted: &Wanted, token: &IdentityToken) -> Result<(), Refused> {
    let principal = token.principal();
    match wanted {
        Wanted::Only(expected) if token.email().is_some() && expected != principal => Err(Refused::new(
            Refusal::Identity,
            format!("the identity is {principal}, and {expected} is expected; nothing was sent to Fulcio or the log"),
        )),
        _ => Ok(()),
    }
}

async fn log_in(target: &Target, wanted: &Wanted, http: &Http, prompt: &Saying<'_>) -> Result<Session, Refused> {
    let login = login(target, http, wanted);
    let session = match (&target.access_code, wanted.name()) {
        (Some(code), Some(email)) => login.direct(code, email).await,
        _ => {
            // the client shows the address on its terminal, or gives up where it has none
            let desktop = Desktop::from_environment(true, |name| std::env::var_os(name));
            login.interactive(prompt, &target.opener, desktop).await
        }
    };
    session.map_err(|error| refused_login(&error))
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

fn locked() -> Refused {
    Refused { hint: Some("run `paraph agent unlock`".into()), ..Refused::new(Refusal::Locked, "the agent is locked") }
}

fn refused_login(error: &LoginError) -> Refused {
    Refused::new(Refusal::Login, error.to_string())
}

/// Why a signature was not made, for a client.
pub fn refused_signature(error: &SignError) -> Refused {
    let kind = match error {
        SignError::Service(_) | SignError::WrongCertificate { .. } => Refusal::Service,
        _ => Refusal::Configuration,
    };
    Refused::new(kind, error.to_string())
}
