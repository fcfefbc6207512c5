//! A login with an OpenID provider: in the user's browser, on another device (see `device`), or straight at paraph's own local issuer.
//!
//! The first and the last share everything but who carries the request and the answer: discovery, PKCE, state, nonce, the exchange, and
//! the checks.

use super::{
    callback::{DEFAULT_REDIRECT, Page, Receiver},
    device::DeviceCode,
    provider::{Callback, Provider, Request},
    session::Session,
    token::TokenError,
};
use crate::service::{Call, Cause, Http, Service, ServiceError, is_loopback, quotable};
use reqwest::header::{HeaderName, HeaderValue, LOCATION};
use std::{ffi::OsString, time::Duration};
use tokio::sync::oneshot;
use url::Url;

/// The header in which the local issuer takes its access code.
pub const ACCESS_CODE_HEADER: HeaderName = HeaderName::from_static("x-paraph-access-code");

/// A login to be done.
#[derive(Clone)]
pub struct Login<'a> {
    /// The HTTP clients. Their budget does not apply: a person is slower.
    pub http: &'a Http,
    /// The issuer, letter by letter as it writes itself.
    pub issuer: &'a str,
    /// The client id: `sigstore` as a rule.
    pub client_id: &'a str,
    /// The client's secret, where it has one.
    pub client_secret: Option<&'a str>,
    /// The redirect URL on this machine; without a port the system chooses one.
    pub redirect_url: Option<&'a str>,
    /// The `connector_id` by which a Dex issuer skips its choice of providers.
    pub connector_id: Option<&'a str>,
    /// The identity that is wanted, which the provider may offer first.
    pub login_hint: Option<&'a str>,
    /// Asks for a refresh token as well, where the issuer gives them.
    pub offline: bool,
    /// After how long the browser's last page closes itself, where the browser lets it.
    pub autoclose: Option<Duration>,
    /// The time for the whole login.
    pub deadline: Duration,
}

/// Tells the user what to do. The terminal is the caller's.
pub trait Prompt: Sync {
    /// Shows `url`, at which the user logs in; `opening` says whether a browser is being opened as well.
    fn log_in_at(&self, url: &str, opening: bool);

    /// Shows a code that the user enters in a browser anywhere.
    fn enter_code(&self, code: DeviceCode<'_>);
}

/// What stands for the address in an opener's arguments.
pub const ADDRESS: &str = "{{.URL}}";

/// Opens the address in a browser.
#[derive(Debug, Clone, Default)]
pub enum Opener {
    /// The system's way.
    #[default]
    System,
    /// This program with these arguments, in which `{{.URL}}` stands for the address; it comes last where none does. No shell reads it.
    Command(Vec<OsString>),
    /// Nothing is opened; the user does it.
    Nothing,
}

/// Where a person could be.
#[derive(Debug, Clone, Copy)]
pub struct Desktop {
    /// There is a terminal on which the prompt shows the address.
    pub terminal: bool,
    /// There is a desktop session in which a browser can open.
    pub session: bool,
}

impl Desktop {
    /// What the environment says about a desktop session: on Linux and the BSDs a display, elsewhere always; in a login over ssh none,
    /// since a browser there is on another machine than its user. `BROWSER` says that one opens all the same.
    pub fn from_environment(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let display = cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY");
        let remote = set("SSH_CONNECTION") || set("SSH_TTY");
        Self { terminal, session: set("BROWSER") || display && !remote }
    }

    /// Whether a browser is going to open. Where there is no desktop the user's own opener may know a way, and the system's does not.
    pub fn opens(self, opener: &Opener) -> bool {
        match opener {
            Opener::System => self.session,
            Opener::Command(_) => true,
            Opener::Nothing => false,
        }
    }
}

/// How the address gets into a browser.
#[derive(Clone, Copy)]
struct Way<'a> {
    /// What is run for it.
    opener: &'a Opener,
    /// The login goes on where the opener fails: the user has the address, and no better way.
    address_suffices: bool,
}

/// Why a login gave no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The provider could not be asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Its token is not one that can be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Nobody to ask.
    #[error(
        "no identity to sign with: there is neither a terminal to show the login's address on nor a desktop session to open a browser in"
    )]
    Nobody,
    /// The redirect URL is not one of this machine.
    #[error("the redirect URL {url} cannot be used: {why}")]
    Redirect {
        /// The configured one.
        url: String,
        /// Why not.
        why: String,
    },
    /// No port on loopback.
    #[error("no port on this machine can be opened for the login's answer: {0}")]
    Listen(#[source] std::io::Error),
    /// The provider said no.
    #[error("the identity provider refused the login: {error}{}", .description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        /// The error's name of RFC 6749, or another, escaped.
        error: String,
        /// The provider's words, escaped.
        description: Option<String>,
    },
    /// No browser, and no terminal to show the address on.
    #[error("no browser could be opened for the login, and there is no terminal to show its address on")]
    Opener,
    /// The issuer has no device flow.
    #[error("{0} offers no login on another device; unset paraph.tokenProvider to log in with a browser")]
    NoDeviceFlow(String),
    /// The code expired before anybody entered it.
    #[error("the code expired before the login was completed; try again for a new one")]
    Expired,
    /// The session has ended.
    #[error("the identity provider did not renew the session: {error}{}; log in again", .description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    NotRenewed {
        /// The error's name of RFC 6749, or another, escaped.
        error: String,
        /// The provider's words, escaped.
        description: Option<String>,
    },
    /// The session may go on.
    #[error("the identity provider did not end the session: {error}{}", .description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    NotRevoked {
        /// The error's name of RFC 7009, or another, escaped.
        error: String,
        /// The provider's words, escaped.
        description: Option<String>,
    },
    /// Nobody came back.
    #[error("nobody completed the login within {} s", .0.as_secs())]
    Deadline(Duration),
    /// The signature, or a claim that the protocol demands, is wrong.
    #[error("the identity provider's token cannot be trusted: {0}")]
    Unverified(String),
    /// The access code goes to this machine's own issuer only.
    #[error("{0} is not an issuer on this machine, and the access code is not sent to it")]
    NotLocal(String),
    /// The local issuer wants another code.
    #[error("the local issuer did not take the access code; it has been started anew, or belongs to another folder")]
    AccessCode,
}

impl Login<'_> {
    /// A login by the way that fits the place: in a browser where one opens; with a code for another device where there is a terminal
    /// alone and no opener of the user's succeeds, the issuer offers that and no redirect URL is configured; else in a browser that the user
    /// opens.
    ///
    /// # Errors
    /// A [`LoginError`].
    pub async fn interactive(&self, prompt: &dyn Prompt, opener: &Opener, desktop: Desktop) -> Result<Session, LoginError> {
        if desktop.session && desktop.opens(opener) || !desktop.terminal || self.redirect_url.is_some_and(|url| !url.is_empty()) {
            return self.browser(prompt, opener, desktop).await;
        }
        self.in_time(async {
            let provider = self.discover(&self.http.within(self.deadline)).await?;
            let has_codes = provider.device_authorization_endpoint()?.is_some();
            if desktop.opens(opener) {
                let receiver = Receiver::bind(self.redirect_url).await?;
                let way = Way { opener, address_suffices: !has_codes };
                match self.at(receiver, &provider, prompt, way).await {
                    Err(LoginError::Opener) => {}
                    outcome => return outcome,
                }
            }
            if has_codes {
                match self.by_code(&provider, prompt).await {
                    // the issuer has the flow, and not for this client; nothing has been shown yet
                    Err(LoginError::Refused { error, .. }) if error == "unauthorized_client" => {}
                    outcome => return outcome,
                }
            }
            let way = Way { opener: &Opener::Nothing, address_suffices: true };
            self.at(Receiver::bind(self.redirect_url).await?, &provider, prompt, way).await
        })
        .await
    }

    /// A login in the browser.
    ///
    /// # Errors
    /// A [`LoginError`].
    pub async fn browser(&self, prompt: &dyn Prompt, opener: &Opener, desktop: Desktop) -> Result<Session, LoginError> {
        let opener = if desktop.opens(opener) { opener } else { &Opener::Nothing };
        if !desktop.terminal && matches!(opener, Opener::Nothing) {
            return Err(LoginError::Nobody);
        }
        // with a terminal the user has the address, whatever becomes of the browser
        let way = Way { opener, address_suffices: desktop.terminal };
        self.in_time(async {
            // before the provider is asked: a redirect URL that cannot be used is told at once
            let receiver = Receiver::bind(self.redirect_url).await?;
            let provider = self.discover(&self.http.within(self.deadline)).await?;
            self.at(receiver, &provider, prompt, way).await
        })
        .await
    }

    /// The authorization code flow whose answer comes to `receiver`.
    async fn at(&self, receiver: Receiver, provider: &Provider, prompt: &dyn Prompt, way: Way<'_>) -> Result<Session, LoginError> {
        let request = self.request(provider, receiver.redirect())?;
        let mut waiting = receiver.wait(request.expected.clone(), self.autoclose);
        let failed = open(way.opener, request.url.as_str());
        prompt.log_in_at(request.url.as_str(), !matches!(way.opener, Opener::Nothing));
        let nobody_left = async {
            let has_failed = match failed {
                Some(failed) => failed.await.is_ok(),
                None => false,
            };
            if has_failed && way.address_suffices {
                // whoever can see the address has to open it
                prompt.log_in_at(request.url.as_str(), false);
            }
            if !has_failed || way.address_suffices {
                std::future::pending::<()>().await;
            }
        };
        let received = tokio::select! {
            received = waiting.answer() => received,
            () = nobody_left => return Err(LoginError::Opener),
        };
        let Some(received) = received else { return Err(LoginError::Deadline(self.deadline)) };
        let outcome = complete(provider, request, received.callback.clone()).await;
        waiting.finish(received, if outcome.is_ok() { Page::Success } else { Page::Failure }).await;
        outcome
    }

    /// A login at paraph's own local issuer, without a person: the authorization request carries the access code in
    /// [`ACCESS_CODE_HEADER`] and the identity in `login_hint`, and the answer is the redirect that a browser would follow.
    ///
    /// # Errors
    /// A [`LoginError`].
    pub async fn direct(&self, access_code: &str, email: &str) -> Result<Session, LoginError> {
        let local = |url: &str| Url::parse(url).is_ok_and(|url| is_loopback(&url));
        if !local(self.issuer) {
            return Err(LoginError::NotLocal(quotable(self.issuer)));
        }
        self.in_time(async {
            let redirect = Url::parse(DEFAULT_REDIRECT)
                .map_err(|error| LoginError::Redirect { url: DEFAULT_REDIRECT.into(), why: error.to_string() })?;
            let http = self.http.within(self.deadline);
            let provider = self.discover(&http).await?;
            let request = Login { login_hint: Some(email), ..self.clone() }.request(&provider, &redirect)?;
            if Url::parse(self.issuer).is_ok_and(|issuer| issuer.origin() != request.url.origin()) {
                return Err(LoginError::NotLocal(quotable(&request.url.origin().ascii_serialization())));
            }
            let mut code = HeaderValue::from_str(access_code).map_err(|_| LoginError::AccessCode)?;
            code.set_sensitive(true);
            let call = Call {
                headers: vec![(ACCESS_CODE_HEADER, code)],
                takes_redirect: true,
                ..Call::get(Service::IdentityProvider, request.url.clone())
            };
            let answer = http.send(&call).await?;
            match answer.status.as_u16() {
                302 | 303 => {}
                // the page on which a person logs in, or a refusal
                200 | 401 | 403 => return Err(LoginError::AccessCode),
                _ => return Err(answer.refused().into()),
            }
            let location =
                answer.headers.get(LOCATION).and_then(|location| location.to_str().ok()).and_then(|location| Url::parse(location).ok());
            let location = location.filter(|location| location.origin() == redirect.origin() && location.path() == redirect.path());
            let callback = location.map(|location| request.expected.read(location.query().unwrap_or_default()));
            let callback = callback
                .unwrap_or(Err("it leads elsewhere"))
                .map_err(|why| answer.error(Cause::Mismatch(format!("the login's answer is not taken: {why}"))))?;
            complete(&provider, request, callback).await
        })
        .await
    }

    /// The login, within its deadline.
    pub(super) async fn in_time(&self, login: impl Future<Output = Result<Session, LoginError>>) -> Result<Session, LoginError> {
        tokio::time::timeout(self.deadline, login).await.unwrap_or(Err(LoginError::Deadline(self.deadline)))
    }

    pub(super) async fn discover(&self, http: &Http) -> Result<Provider, LoginError> {
        Provider::discover(http, self.issuer, self.client_id, self.client_secret).await
    }

    fn request(&self, provider: &Provider, redirect: &Url) -> Result<Request, LoginError> {
        provider.request(redirect, self.offline, &self.hints())
    }

    /// What a login may carry beside what the protocol asks for. A provider gives a refresh token only where it has asked the user.
    pub(super) fn hints(&self) -> Vec<(&'static str, &str)> {
        let given = [("connector_id", self.connector_id), ("login_hint", self.login_hint), ("prompt", self.offline.then_some("consent"))];
        given.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))).collect()
    }
}

async fn complete(provider: &Provider, request: Request, callback: Callback) -> Result<Session, LoginError> {
    match callback {
        Callback::Code(code) => provider.exchange(request, &code).await,
        Callback::Error { error, description } => Err(LoginError::Refused { error, description }),
    }
}

/// Opens the address on a thread of its own: some programs return only when their window is closed. What is returned becomes ready where
/// no program could be started or all of them failed, and never otherwise.
///
/// The programs get none of the standard streams: standard output is git's, and carries the signature.
fn open(opener: &Opener, url: &str) -> Option<oneshot::Receiver<()>> {
    let commands: Vec<Vec<OsString>> = match opener {
        Opener::System => SYSTEM_OPENERS.iter().map(|words| words.iter().map(OsString::from).collect()).collect(),
        Opener::Command(words) => vec![words.clone()],
        Opener::Nothing => return None,
    };
    let (all_failed, receiver) = oneshot::channel();
    let url = url.to_owned();
    std::thread::spawn(move || {
        use std::process::{Command, Stdio};
        for words in &commands {
            let Some((program, arguments)) = words.split_first() else { continue };
            let put = |word: &OsString| word.to_str().map_or_else(|| word.clone(), |word| word.replace(ADDRESS, &url).into());
            let placed = arguments.iter().any(|word| word.to_str().is_some_and(|word| word.contains(ADDRESS)));
            let last = (!placed).then(|| OsString::from(&url));
            let mut command = Command::new(program);
            command.args(arguments.iter().map(put).chain(last)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if command.status().is_ok_and(|status| status.success()) {
                return;
            }
        }
        // nobody listens any more where the login has ended meanwhile
        let _ = all_failed.send(());
    });
    Some(receiver)
}

/// The system's ways to open an address, tried in order. They follow the user's choice of a browser.
const SYSTEM_OPENERS: &[&[&str]] = if cfg!(target_os = "macos") {
    &[&["open"]]
} else if cfg!(windows) {
    &[&["rundll32", "url.dll,FileProtocolHandler"]]
} else {
    &[&["xdg-open"], &["gio", "open"], &["wslview"], &["x-www-browser"]]
};

#[cfg(test)]
#[path = "login_attack_tests.rs"]
mod attack_tests;
#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
