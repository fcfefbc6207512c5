//! A login at an OpenID provider: in the user's browser, with a code on another device (see `device`), or directly at paraph's local issuer.
//!
//! The browser login and the direct login differ only in who carries the request and the answer. Discovery, PKCE, state, nonce, the exchange
//! and the checks are the same.

use super::{
    browser::{Desktop, Opener, open},
    callback::{DEFAULT_REDIRECT, Page, Receiver},
    client::OidcClient,
    device,
    error::LoginError,
    local_issuer::LocalIssuer,
    login_tokens::LoginTokens,
    prompt::Prompt,
    provider::{Callback, CallbackMismatch, Provider, Request},
};
use crate::service::{Call, Cause, Http, Service, is_loopback, quotable};
use reqwest::header::LOCATION;
use std::time::Duration;
use url::Url;

/// One login attempt.
#[derive(Debug, Clone, Copy)]
pub struct LoginOptions<'a> {
    /// How to log in.
    pub method: LoginMethod<'a>,
    /// The wanted identity, which the provider may offer first.
    pub login_hint: Option<&'a str>,
    /// Asks for a refresh token as well, if the issuer supports it.
    pub offline: bool,
    /// Opens the browser.
    pub opener: &'a Opener,
    /// Where the user can be reached.
    pub desktop: Desktop,
    /// After how long the browser's last page closes itself, if the browser allows it.
    pub autoclose: Option<Duration>,
    /// The time limit for the whole login. The deadlines of the HTTP clients do not apply, since a person is slower.
    pub timeout: Duration,
}

/// How to log in.
#[derive(Clone, Copy)]
pub enum LoginMethod<'a> {
    /// The method that suits the place: see [`OidcClient::log_in`].
    Interactive,
    /// In a browser on this machine.
    Browser,
    /// With a code on any device.
    Device,
    /// At paraph's local issuer with this access code, for the identity of `login_hint`. Without a hint it is [`LoginMethod::Interactive`].
    Direct(&'a str),
}

impl std::fmt::Debug for LoginMethod<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interactive => "Interactive",
            Self::Browser => "Browser",
            Self::Device => "Device",
            // without the access code
            Self::Direct(_) => "Direct",
        })
    }
}

/// How the address gets into a browser.
#[derive(Clone, Copy)]
struct ShowAddress<'a> {
    /// The program that opens it.
    opener: &'a Opener,
    /// The login continues if the opener fails: the user sees the address, and there is no better way.
    address_suffices: bool,
}

impl OidcClient {
    /// Logs in.
    ///
    /// [`LoginMethod::Interactive`] uses a browser on this machine if one can open here, or if a redirect URL is configured. Otherwise, with
    /// a terminal only, it tries the user's own opener, then a code for another device if the issuer supports that, and then shows the
    /// address.
    ///
    /// # Errors
    /// A [`LoginError`].
    pub async fn log_in(&self, http: &Http, options: &LoginOptions<'_>, prompt: &dyn Prompt) -> Result<LoginTokens, LoginError> {
        let login = Login { client: self, http: http.within(options.timeout), options, prompt };
        tokio::time::timeout(options.timeout, login.run()).await.unwrap_or(Err(LoginError::Deadline(options.timeout)))
    }
}

struct Login<'a> {
    client: &'a OidcClient,
    http: Http,
    options: &'a LoginOptions<'a>,
    prompt: &'a dyn Prompt,
}

impl Login<'_> {
    async fn run(&self) -> Result<LoginTokens, LoginError> {
        match (self.options.method, self.options.login_hint) {
            (LoginMethod::Direct(code), Some(_)) => self.direct(code).await,
            (LoginMethod::Device, _) => self.device().await,
            (LoginMethod::Browser, _) => self.browser().await,
            (LoginMethod::Interactive | LoginMethod::Direct(_), _) => self.interactive().await,
        }
    }

    async fn interactive(&self) -> Result<LoginTokens, LoginError> {
        let LoginOptions { opener, desktop, .. } = *self.options;
        let has_redirect = self.client.redirect_url.as_ref().is_some_and(|url| !url.is_empty());
        if desktop.session && desktop.opens(opener) || !desktop.terminal || has_redirect {
            return self.browser().await;
        }
        let provider = self.discover().await?;
        let has_codes = provider.device_authorization_endpoint()?.is_some();
        if desktop.opens(opener) {
            let receiver = self.receiver().await?;
            match self.by_address(receiver, &provider, ShowAddress { opener, address_suffices: !has_codes }).await {
                Err(LoginError::Opener) => {}
                outcome => return outcome,
            }
        }
        if has_codes {
            match self.by_code(&provider).await {
                // the issuer has the flow, but not for this client; nothing has been shown yet
                Err(LoginError::Refused { error, .. }) if error == "unauthorized_client" => {}
                outcome => return outcome,
            }
        }
        let show = ShowAddress { opener: &Opener::Nothing, address_suffices: true };
        self.by_address(self.receiver().await?, &provider, show).await
    }

    async fn browser(&self) -> Result<LoginTokens, LoginError> {
        let LoginOptions { opener, desktop, .. } = *self.options;
        let opener = if desktop.opens(opener) { opener } else { &Opener::Nothing };
        if !desktop.terminal && matches!(opener, Opener::Nothing) {
            return Err(LoginError::Nobody);
        }
        // before the provider is asked: a bad redirect URL is reported at once
        let receiver = self.receiver().await?;
        let provider = self.discover().await?;
        // with a terminal the user sees the address, whatever happens to the browser
        self.by_address(receiver, &provider, ShowAddress { opener, address_suffices: desktop.terminal }).await
    }

    async fn device(&self) -> Result<LoginTokens, LoginError> {
        if !self.options.desktop.terminal {
            return Err(LoginError::Nobody);
        }
        self.by_code(&self.discover().await?).await
    }

    /// The device flow at a provider whose metadata has been read.
    async fn by_code(&self, provider: &Provider) -> Result<LoginTokens, LoginError> {
        let request = device::Request { scopes: provider.scopes(self.options.offline), hints: self.hints(), timeout: self.options.timeout };
        device::log_in(provider, &request, self.prompt).await
    }

    /// The authorization code flow, whose answer comes to `receiver`.
    async fn by_address(&self, receiver: Receiver, provider: &Provider, show: ShowAddress<'_>) -> Result<LoginTokens, LoginError> {
        let request = self.request(provider, receiver.redirect())?;
        let mut waiting = receiver.wait(request.expected.clone(), self.options.autoclose);
        let failed = open(show.opener, request.url.as_str());
        self.prompt.log_in_at(request.url.as_str(), !matches!(show.opener, Opener::Nothing));
        let no_browser = async {
            let has_failed = match failed {
                Some(failed) => failed.await.is_ok(),
                None => false,
            };
            if has_failed && show.address_suffices {
                // the user has to open the address
                self.prompt.log_in_at(request.url.as_str(), false);
            }
            if !has_failed || show.address_suffices {
                std::future::pending::<()>().await;
            }
        };
        let received = tokio::select! {
            received = waiting.answer() => received,
            () = no_browser => return Err(LoginError::Opener),
        };
        let Some(received) = received else { return Err(LoginError::Deadline(self.options.timeout)) };
        let outcome = complete(provider, request, received.callback.clone()).await;
        waiting.finish(received, if outcome.is_ok() { Page::Success } else { Page::Failure }).await;
        outcome
    }

    /// A login at paraph's local issuer, without a person. The client proves that it knows the access code, after the issuer did. The identity is
    /// in `login_hint`. The answer is the redirect that a browser would follow.
    async fn direct(&self, access_code: &str) -> Result<LoginTokens, LoginError> {
        let issuer = Url::parse(&self.client.issuer).ok().filter(is_loopback);
        let Some(issuer) = issuer else { return Err(LoginError::NotLocal(quotable(&self.client.issuer))) };
        let redirect =
            Url::parse(DEFAULT_REDIRECT).map_err(|error| LoginError::Redirect { url: DEFAULT_REDIRECT.into(), why: error.to_string() })?;
        let provider = self.discover().await?;
        let request = self.request(&provider, &redirect)?;
        if issuer.origin() != request.url.origin() {
            return Err(LoginError::NotLocal(quotable(&request.url.origin().ascii_serialization())));
        }
        let challenge = LocalIssuer { http: &self.http, issuer: &self.client.issuer, access_code }.challenge(&request.url).await?;
        let call = Call { headers: challenge.proof()?, takes_redirect: true, ..Call::get(Service::IdentityProvider, request.url.clone()) };
        let answer = self.http.send(&call).await?;
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
            .unwrap_or(Err(CallbackMismatch::Elsewhere))
            .map_err(|why| answer.error(Cause::Mismatch(format!("the redirect is not accepted: {why}"))))?;
        complete(&provider, request, callback).await
    }

    async fn receiver(&self) -> Result<Receiver, LoginError> {
        Receiver::bind(self.client.redirect_url.as_deref()).await
    }

    async fn discover(&self) -> Result<Provider, LoginError> {
        self.client.discover(&self.http).await
    }

    fn request(&self, provider: &Provider, redirect: &Url) -> Result<Request, LoginError> {
        provider.request(redirect, self.options.offline, &self.hints())
    }

    /// Optional parameters of a login. A provider gives a refresh token only after it has asked the user.
    fn hints(&self) -> Vec<(&'static str, &str)> {
        let LoginOptions { login_hint, offline, .. } = *self.options;
        let given =
            [("connector_id", self.client.connector_id.as_deref()), ("login_hint", login_hint), ("prompt", offline.then_some("consent"))];
        given.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))).collect()
    }
}

async fn complete(provider: &Provider, request: Request, callback: Callback) -> Result<LoginTokens, LoginError> {
    match callback {
        Callback::Code(code) => provider.exchange(request, &code).await,
        Callback::Error { error, description } => Err(LoginError::Refused { error, description }),
    }
}

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod tests;
