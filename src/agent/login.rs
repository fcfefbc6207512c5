//! One login: whom to log in as, and the credential that results from it.

use crate::{
    agent_protocol::{Refusal, Reply},
    identity::{
        Desktop, DeviceCode, Expectation, LoginError, LoginMethod, LoginOptions, LoginTokens, OidcClient, Opener, Prompt, RequestedSigner,
        WrongSigner,
    },
    service::{Http, Network},
    sign::{self, Announce, Credential, Publication, Services, SignError},
    trust::TrustRoot,
};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// An instance as the agent's own user configured or registered it: where to log in, and what to sign with.
pub(crate) struct Target {
    /// The instance's name.
    pub name: String,
    /// The OpenID client to log in with.
    pub client: OidcClient,
    /// The access code of a local issuer.
    pub access_code: Option<Zeroizing<String>>,
    /// The program that opens a browser on the agent's side.
    pub opener: Opener,
    /// After how long the browser's last page closes itself.
    pub autoclose: Option<Duration>,
    /// Every login uses a code on another device, for any client.
    pub by_code: bool,
    /// How long a login waits for the user.
    pub login_timeout: Duration,
    /// Certificate authority, log and timestamp authority.
    pub services: Services,
    /// git's settings of connections, as the agent's own user has them.
    pub(crate) network: Network,
    /// The finished signature must verify under these.
    pub roots: Arc<[TrustRoot]>,
}

/// Why a client gets no signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind, for the client.
    pub kind: Refusal,
    /// The reason, for the user.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Refused {
    /// A refusal without a hint.
    pub fn new(kind: Refusal, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// This refusal with a hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn locked() -> Self {
        Self::new(Refusal::Locked, "the agent is locked").with_hint("run `paraph agent unlock`")
    }
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Self {
        Self::Refused { kind: refused.kind, message: refused.message, hint: refused.hint }
    }
}

/// A login that somebody asks for. Equal requests share one login.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LoginRequest {
    /// Who should sign.
    pub requested: RequestedSigner,
    /// Log in with a code on another device.
    pub by_code: bool,
    /// From now on the requested name is an alias of the login. Names that other machines send are not remembered.
    pub keeps_alias: bool,
}

impl LoginRequest {
    /// The name that becomes an alias of the login.
    pub(super) fn alias(&self) -> Option<&str> {
        self.requested.login_name().filter(|_| self.keeps_alias)
    }
}

/// The progress of a login, for all who wait for it.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) replies: Vec<Reply>,
    pub(super) outcome: Option<Result<Arc<Credential>, Refused>>,
}

/// Shows the prompts of a login to all who wait for it.
pub(super) struct ProgressPrompt<'a>(pub(super) &'a watch::Sender<Progress>);

impl ProgressPrompt<'_> {
    pub(super) fn send(&self, reply: Reply) {
        self.0.send_modify(|progress| progress.replies.push(reply));
    }

    pub(super) fn say(&self, text: String) {
        self.send(Reply::Say { text });
    }
}

impl Prompt for ProgressPrompt<'_> {
    fn log_in_at(&self, url: &str, opening: bool) {
        self.send(Reply::LogIn { url: url.to_owned(), opening });
    }

    fn enter_code(&self, code: DeviceCode<'_>) {
        self.send(Reply::Code {
            verification_uri: code.verification_uri.to_owned(),
            user_code: code.user_code.to_owned(),
            verification_uri_complete: code.verification_uri_complete.map(str::to_owned),
            expires: code.expires.as_secs(),
        });
    }
}

impl Announce for ProgressPrompt<'_> {
    fn is_wanted(&self) -> bool {
        !self.0.is_closed()
    }

    // the client knows what it has shown before
    fn publish(&self, publication: &Publication, lines: &[String]) {
        self.send(Reply::Publish { of: publication.key(), text: lines.to_vec() });
    }
}

/// One login attempt: where, for whom, and who waits for it.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) target: &'a Target,
    pub(super) request: &'a LoginRequest,
    pub(super) http: &'a Http,
    pub(super) prompt: &'a ProgressPrompt<'a>,
}

impl Attempt<'_> {
    /// Obtains a credential for the session's identity.
    pub(super) async fn certify(&self, session: &LoginTokens) -> Result<Arc<Credential>, Refused> {
        let Self { target, request, http, prompt } = *self;
        let token = &session.id_token;
        let expectation = Expectation::new(None, &target.client.client_id, Timestamp::now());
        token.check(&expectation).map_err(|error| refused_login(&error.into()))?;
        // the certificate authority of a local instance has the issuer's address
        target.client.check_local_issuer(&http.bounded()).await.map_err(|error| refused_login(&error))?;
        let signing = sign::Session { services: &target.services, roots: &target.roots, http, clock: &Timestamp::now };
        let credential = signing.obtain(token, &request.requested, prompt).await;
        credential.map(Arc::new).map_err(|error| refused_signature(&error))
    }

    /// Logs in, for as long as somebody waits for it.
    pub(super) async fn log_in(&self) -> Result<LoginTokens, Refused> {
        let Self { target, request, http, prompt } = *self;
        let options = LoginOptions {
            method: match &target.access_code {
                _ if request.by_code || target.by_code => LoginMethod::Device,
                Some(code) => LoginMethod::Direct(code),
                None => LoginMethod::Interactive,
            },
            login_hint: request.requested.login_name(),
            offline: true,
            opener: &target.opener,
            // the client shows the address on its terminal, or abandons the login if it has none
            desktop: Desktop::from_environment(true, |name| std::env::var_os(name)),
            autoclose: target.autoclose,
            timeout: target.login_timeout,
        };
        tokio::select! {
            session = target.client.log_in(http, &options, prompt) => session.map_err(|error| refused_login(&error)),
            () = prompt.0.closed() => Err(Refused::new(Refusal::Login, "no client waits for the login any more")),
        }
    }
}

/// The line that a client shows while a service does not answer.
pub(super) fn waiting_for(service: &str) -> String {
    format!("Waiting for {service}.")
}

pub(super) fn refused_login(error: &LoginError) -> Refused {
    let hint = match error {
        LoginError::Nobody | LoginError::Opener => Some(
            "run `paraph login` at a terminal first; an agent cannot use a desktop session that began after it: `paraph agent stop` lets the next one",
        ),
        error => error.hint(),
    };
    let kind = if matches!(error, LoginError::Service(_)) { Refusal::Service } else { Refusal::Login };
    Refused { hint: hint.map(str::to_owned), ..Refused::new(kind, error.to_string()) }
}

/// The refusal that tells a client why a signature was not made.
pub(super) fn refused_signature(error: &SignError) -> Refused {
    let kind = match error {
        SignError::WrongSigner(_) | SignError::WrongCertifiedSigner(_) => Refusal::Identity,
        // the client's trust root may contain what this one does not
        SignError::Certificate { rejection, .. } | SignError::SelfCheck { rejection, .. }
            if rejection.reason().is_unknown_to_trust_root() =>
        {
            Refusal::Configuration
        }
        SignError::Certificate { .. } | SignError::SelfCheck { .. } => Refusal::Service,
        SignError::IntermediateMissing { .. } | SignError::TimestampAuthorityMissing => Refusal::Configuration,
        SignError::StatementTooLarge { .. } => Refusal::Payload,
        SignError::Abandoned => Refusal::Login,
        SignError::Service(_) | SignError::WrongCertificate { .. } | SignError::Encoding(_) | SignError::Key(_) => Refusal::Service,
    };
    let hint = match error {
        SignError::WrongSigner(WrongSigner::NotExpected { expected, .. }) => {
            Some(format!("log in as {expected}; if the issuer does not ask who you are, log out on its own pages first"))
        }
        error => error.hint(),
    };
    Refused { hint, ..Refused::new(kind, error.to_string()) }
}
