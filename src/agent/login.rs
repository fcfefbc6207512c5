//! One login: whom it is asked of, for whom, and how a credential comes of it.

use crate::{
    Reason,
    agent_protocol::{self as protocol, Refusal, Reply},
    identity::{
        Desktop, DeviceCode, Expectation, IdentityToken, LoginError, LoginMethod, LoginOptions, OidcClient, Opener, Prompt, Session,
    },
    service::Http,
    sign::{self, Credential, Publication, Services, SignError},
    trust::TrustRoot,
};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// An instance, as the agent's own user configured or registered it: whom to log in at, and what to sign with.
pub struct Target {
    /// Its name.
    pub name: String,
    /// The OpenID client to log in with.
    pub client: OidcClient,
    /// The access code of a local issuer.
    pub access_code: Option<Zeroizing<String>>,
    /// What opens a browser on the agent's side.
    pub opener: Opener,
    /// After how long the browser's last page closes itself.
    pub autoclose: Option<Duration>,
    /// A login is by a code on another device, whoever asks for it.
    pub by_code: bool,
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
    /// It.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Only(name) | Self::Named(name) => Some(name),
            Self::Anybody => None,
        }
    }
}

/// How a request asks for a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked {
    /// By a code on another device.
    pub by_code: bool,
    /// The name that it asks with leads to the login from now on. Names that other machines give lead nowhere.
    pub names_stay: bool,
}

impl Asked {
    /// The name that leads to the login from now on.
    pub(super) fn name_of(self, wanted: &Wanted) -> Option<&str> {
        wanted.name().filter(|_| self.names_stay)
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

/// How far a login has come, for all who wait for it.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) said: Vec<Reply>,
    pub(super) outcome: Option<Result<Ready, Refused>>,
}

/// Tells all who wait for a login what to do.
pub(super) struct Saying<'a>(pub(super) &'a watch::Sender<Progress>);

impl Saying<'_> {
    pub(super) fn say(&self, reply: Reply) {
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

/// A credential for whom the session's token names. What becomes public is told first; the client knows what it has shown before.
pub(super) async fn certify(
    target: &Target,
    wanted: &Wanted,
    session: &Session,
    http: &Http,
    prompt: &Saying<'_>,
) -> Result<Ready, Refused> {
    let token = &session.id_token;
    token.check(&Expectation::new(None, &target.client.client_id, Timestamp::now())).map_err(|error| refused_login(&error.into()))?;
    // before Fulcio hears of it
    admit(wanted, token)?;
    let publication = Publication::of(token, &target.services);
    prompt.say(Reply::Publish { of: publication.key(), text: publication.before_certificate() });
    let credential = sign::obtain(token, &target.services.fulcio, &target.roots, http, &Timestamp::now).await;
    let credential = credential.map_err(|error| refused_signature(&error))?;
    let identity = credential.certificate().identity().clone();
    Ok(Ready { credential: Arc::new(credential), identity: identity.name, issuer: identity.issuer, publication })
}

/// Refuses an identity that is not the expected one. A workload's name is composed by Fulcio: it is compared when the certificate is there.
fn admit(wanted: &Wanted, token: &IdentityToken) -> Result<(), Refused> {
    let principal = token.principal();
    match wanted {
        Wanted::Only(expected) if token.email().is_some() && expected != principal => Err(Refused {
            hint: Some(format!(
                "log in as {expected}; where the provider does not ask who you are, end your session on its own pages first"
            )),
            ..Refused::new(
                Refusal::Identity,
                format!("the identity is {principal}, and {expected} is expected; nothing was sent to Fulcio or the log"),
            )
        }),
        _ => Ok(()),
    }
}

/// A login, for as long as somebody waits for it.
pub(super) async fn log_in(target: &Target, wanted: &Wanted, asked: Asked, http: &Http, prompt: &Saying<'_>) -> Result<Session, Refused> {
    let method = match &target.access_code {
        _ if asked.by_code || target.by_code => LoginMethod::Device,
        Some(code) => LoginMethod::Direct(code),
        None => LoginMethod::Interactive,
    };
    let options = LoginOptions {
        method,
        login_hint: wanted.name(),
        offline: true,
        opener: &target.opener,
        // the client shows the address on its terminal, or gives up if it has none
        desktop: Desktop::from_environment(true, |name| std::env::var_os(name)),
        autoclose: target.autoclose,
        timeout: target.login_timeout,
    };
    let session = target.client.log_in(http, &options, prompt);
    tokio::select! {
        session = session => session.map_err(|error| refused_login(&error)),
        () = prompt.0.closed() => Err(Refused::new(Refusal::Login, "nobody waits for the login any more")),
    }
}

pub(super) fn locked() -> Refused {
    Refused { hint: Some("run `paraph agent unlock`".into()), ..Refused::new(Refusal::Locked, "the agent is locked") }
}

pub(super) fn refused_login(error: &LoginError) -> Refused {
    let hint = match error {
        LoginError::Nobody | LoginError::Opener => Some(
            "log in before, with `paraph login` at a terminal; an agent sees no desktop session that began after it: `paraph agent stop` lets the next one",
        ),
        error => error.hint(),
    };
    let kind = if matches!(error, LoginError::Service(_)) { Refusal::Service } else { Refusal::Login };
    Refused { hint: hint.map(str::to_owned), ..Refused::new(kind, error.to_string()) }
}

/// Why a signature was not made, for a client.
pub fn refused_signature(error: &SignError) -> Refused {
    let kind = match error {
        // another trust root may know whom this one does not
        SignError::Certificate { rejection, .. } | SignError::SelfCheck { rejection, .. } => match rejection.reason() {
            Reason::UnknownAuthority | Reason::SctUnknownLog | Reason::LogUnknown | Reason::TimestampUnknownAuthority => {
                Refusal::Configuration
            }
            _ => Refusal::Service,
        },
        SignError::IntermediateMissing { .. } | SignError::TimestampAuthorityMissing => Refusal::Configuration,
        SignError::Service(_) | SignError::WrongCertificate { .. } | SignError::Encoding(_) | SignError::Key(_) => Refusal::Service,
    };
    Refused { hint: error.hint(), ..Refused::new(kind, error.to_string()) }
}
