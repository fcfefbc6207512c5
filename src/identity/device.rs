//! The device flow (RFC 8628): the user logs in with a browser on any device, and enters a short code that is shown here.
//!
//! There is no redirect to this machine, hence no state, and no authorization request, hence no nonce. The answer is bound to this login by the
//! device code, which only this process and the issuer know, and by PKCE if the issuer supports it here. The user must enter the code only at
//! the issuer's own address; the prompt shows both.

use super::{
    error::LoginError,
    login_tokens::LoginTokens,
    prompt::{DeviceCode, Prompt},
    provider::{Provider, ProviderRefusal, TokenAnswer},
    token::MAX_TOKEN,
};
use crate::{
    escape::is_printable,
    service::{Cause, ServiceError},
};
use openidconnect::PkceCodeChallenge;
use serde::Deserialize;
use std::time::Duration;
use url::Url;
use zeroize::Zeroize;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The pause between two polls unless the issuer sets one.
const INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds to the pause, permanently.
const SLOW_DOWN: Duration = Duration::from_secs(5);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// Polls in a row that may fail.
const MAX_FAILURES: u32 = 4;
/// The longest code that is shown, in bytes.
const MAX_USER_CODE: usize = 64;

/// RFC 8628, section 3.2. Some issuers write `verification_url`.
#[derive(Deserialize)]
struct DeviceAuthorization {
    device_code: String,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(default, alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    #[serde(default)]
    interval: Option<u64>,
}

impl Drop for DeviceAuthorization {
    fn drop(&mut self) {
        self.device_code.zeroize();
    }
}

/// What a login asks the device authorization endpoint for.
pub(super) struct Request<'a> {
    /// The scopes.
    pub(super) scopes: Vec<&'static str>,
    /// Optional parameters.
    pub(super) hints: Vec<(&'static str, &'a str)>,
    /// The time limit of the whole login.
    pub(super) timeout: Duration,
}

/// A login with a code. When the future is dropped, polling stops, and the code expires at the issuer.
///
/// # Errors
/// [`LoginError::NoDeviceFlow`], [`LoginError::Expired`], or another [`LoginError`].
pub(super) async fn log_in(provider: &Provider, request: &Request<'_>, prompt: &dyn Prompt) -> Result<LoginTokens, LoginError> {
    let none = || LoginError::NoDeviceFlow(crate::service::quotable(provider.issuer()));
    let endpoint = provider.device_authorization_endpoint()?.ok_or_else(none)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scope = request.scopes.join(" ");
    let mut form = vec![("scope", scope.as_str()), ("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    form.extend(request.hints.iter().copied());
    let answer = provider.post(&endpoint, &form).await.map_err(ProviderRefusal::of_a_login)?;
    let authorization: DeviceAuthorization = crate::json_object::from_slice(answer.body())
        .map_err(|_| provider.error(Cause::Malformed("its answer is not that of a device authorization endpoint".into())))?;
    let complete = shown(provider, &authorization)?;
    let expires = Duration::from_secs(authorization.expires_in);
    prompt.enter_code(DeviceCode {
        verification_uri: &authorization.verification_uri,
        user_code: &authorization.user_code,
        verification_uri_complete: complete.as_deref(),
        expires: expires.min(request.timeout),
    });
    let interval = authorization.interval.map_or(INTERVAL, Duration::from_secs);
    let form = [("grant_type", GRANT), ("device_code", authorization.device_code.as_str()), ("code_verifier", verifier.secret().as_str())];
    let polling = poll(interval, tokio::time::sleep, || provider.grant(&form));
    let answer = tokio::time::timeout(expires, polling).await.unwrap_or(Err(LoginError::Expired))?;
    provider.session(answer, None).await
}

/// Checks what will be shown, and returns the complete address if it suits a QR code.
fn shown(provider: &Provider, authorization: &DeviceAuthorization) -> Result<Option<String>, ServiceError> {
    let wrong = |why: &str| provider.error(Cause::Malformed(why.into()));
    let code = &authorization.user_code;
    if code.is_empty() || code.len() > MAX_USER_CODE || !is_printable(code) {
        return Err(wrong("its code cannot be typed"));
    }
    if authorization.device_code.is_empty() || authorization.device_code.len() > MAX_TOKEN {
        return Err(wrong("its device code is empty or too long"));
    }
    provider.address(&authorization.verification_uri)?;
    let complete = authorization.verification_uri_complete.as_deref().map(|text| provider.address(text)).transpose()?;
    // with another host than the shown address it would be trusted without being read
    let plain = Url::parse(&authorization.verification_uri).ok();
    Ok(complete.filter(|complete| plain.is_some_and(|plain| plain.origin() == complete.origin())).map(String::from))
}

/// Polls until the issuer has decided (RFC 8628, section 3.5).
async fn poll<W: Future<Output = ()>, A: Future<Output = Result<TokenAnswer, ProviderRefusal>>>(
    interval: Duration,
    wait: impl Fn(Duration) -> W,
    ask: impl Fn() -> A,
) -> Result<TokenAnswer, LoginError> {
    let (mut interval, mut failures) = (interval.min(LONGEST_INTERVAL), 0);
    loop {
        wait(interval).await;
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(ProviderRefusal::Protocol(error)) => {
                failures = 0;
                match error.error.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => interval = (interval + SLOW_DOWN).min(LONGEST_INTERVAL),
                    "expired_token" => return Err(LoginError::Expired),
                    _ => return Err(ProviderRefusal::Protocol(error).of_a_login()),
                }
            }
            // a short network failure here must not end the login in the browser
            Err(ProviderRefusal::Service(error)) if failures < MAX_FAILURES && is_temporary(&error) => {
                failures += 1;
                interval = interval.saturating_mul(2).clamp(SLOW_DOWN, LONGEST_INTERVAL);
            }
            Err(ProviderRefusal::Service(error)) => return Err(error.into()),
        }
    }
}

fn is_temporary(error: &ServiceError) -> bool {
    matches!(error.cause(), Cause::Unreachable(_) | Cause::Deadline(_) | Cause::Broken(_) | Cause::Unavailable { .. })
}

#[cfg(test)]
mod tests;
