//! An OpenID provider: discovery, the authorization request, the token endpoint, and the checks of the ID token.
//!
//! The crate openidconnect does discovery and the checks of the protocol. This program does the HTTP, with its limits and deadlines, and the
//! forms for the token endpoint. The crate would keep the answer's tokens in memory without wiping them, continue polling after any error, and
//! revoke only over https.

use super::{
    error::LoginError,
    login_tokens::{LoginTokens, RefreshToken},
    token::{Expectation, IdentityToken, TokenError},
};
use crate::service::{Answer, Body, Call, Cause, Http, Retry, Service, ServiceError, causes, quotable};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use openidconnect::{
    AdditionalProviderMetadata, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, Scope, SignatureVerificationError,
    core::{
        CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
        CoreIdToken, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm as Algorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// The accepted signature algorithms of an ID token: those with an asymmetric key.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// The scope that asks for a refresh token (OpenID Connect Core 1.0, section 11).
const OFFLINE_ACCESS: &str = "offline_access";

/// Metadata of other specifications.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Extensions {
    /// RFC 9207, section 3.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    /// RFC 8628, section 4.
    #[serde(default)]
    device_authorization_endpoint: Option<String>,
    /// RFC 8414, section 2.
    #[serde(default)]
    revocation_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for Extensions {}

type Metadata = ProviderMetadata<
    Extensions,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// A provider whose metadata has been read.
pub(crate) struct Provider {
    http: Http,
    issuer: String,
    client_id: String,
    client_secret: Option<Zeroizing<String>>,
    client: Client,
    extensions: Extensions,
    /// Whether its metadata allow refresh tokens.
    is_offline: bool,
}

/// One authorization request, and what its answer must contain.
pub(crate) struct Request {
    /// The URL to open.
    pub(crate) url: Url,
    /// What a callback must contain.
    pub(crate) expected: Expected,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

/// What a callback must contain to belong to a login.
#[derive(Clone)]
pub(crate) struct Expected {
    state: String,
    issuer: String,
    names_itself: bool,
}

/// A callback that belongs to the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callback {
    /// The authorization code.
    Code(String),
    /// The provider refused.
    Error {
        /// `error`, escaped.
        error: String,
        /// `error_description`, escaped.
        description: Option<String>,
    },
}

/// Why a redirect does not belong to a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallbackMismatch {
    #[error("a parameter appears twice")]
    Duplicate,
    #[error("it belongs to another login")]
    OtherLogin,
    #[error("it comes from another issuer")]
    OtherIssuer,
    #[error("it does not name its issuer")]
    NoIssuer,
    #[error("it contains no code")]
    NoCode,
    #[error("it leads elsewhere")]
    Elsewhere,
}

impl Expected {
    #[cfg(test)]
    pub(crate) fn of_state(state: &str) -> Self {
        Self { state: state.into(), issuer: "https://issuer.test".into(), names_itself: false }
    }

    /// Reads a callback's query.
    ///
    /// # Errors
    /// [`CallbackMismatch`]: it does not belong to this login.
    pub(crate) fn read(&self, query: &str) -> Result<Callback, CallbackMismatch> {
        let parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let one = |name: &str| {
            let mut values = parameters.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_ref());
            match (values.next(), values.next()) {
                (value, None) => Ok(value),
                _ => Err(CallbackMismatch::Duplicate),
            }
        };
        if one("state")? != Some(self.state.as_str()) {
            return Err(CallbackMismatch::OtherLogin);
        }
        match one("iss")? {
            Some(issuer) if issuer != self.issuer => return Err(CallbackMismatch::OtherIssuer),
            None if self.names_itself => return Err(CallbackMismatch::NoIssuer),
            _ => {}
        }
        match (one("error")?, one("code")?) {
            (Some(error), _) => Ok(Callback::Error { error: quotable(error), description: one("error_description")?.map(quotable) }),
            (None, Some(code)) if !code.is_empty() => Ok(Callback::Code(code.to_owned())),
            _ => Err(CallbackMismatch::NoCode),
        }
    }
}

impl Provider {
    /// Reads the provider's metadata and keys. Its issuer must be exactly `issuer`.
    pub(crate) async fn discover(http: &Http, issuer: &str, client_id: &str, client_secret: Option<&str>) -> Result<Self, LoginError> {
        let wrong = |cause| ServiceError::new(Service::IdentityProvider, issuer, cause);
        crate::service::endpoint(Service::IdentityProvider, issuer, "")?;
        let issuer_url = IssuerUrl::new(issuer.to_owned()).map_err(|error| wrong(Cause::Address(error.to_string())))?;
        let secure = issuer.starts_with("https:");
        let transport = |request| transport(http, secure, request);
        let metadata = Metadata::discover_async(issuer_url, &transport).await.map_err(|error| match error {
            DiscoveryError::Request(error) => error,
            DiscoveryError::Response(status, _, _) if status.is_success() => wrong(Cause::Malformed("it is not JSON".into())),
            DiscoveryError::Response(status, _, _) => wrong(Cause::Refused { status: status.as_u16(), message: None }),
            DiscoveryError::Validation(detail) => wrong(Cause::Mismatch(quotable(&detail))),
            error => wrong(Cause::Malformed(quotable(&causes(&error)))),
        })?;
        if metadata.token_endpoint().is_none() {
            return Err(wrong(Cause::Malformed("its metadata has no token endpoint".into())).into());
        }
        // this address is passed to other programs
        admit(metadata.authorization_endpoint().url(), secure)?;
        let is_offline = metadata.scopes_supported().is_none_or(|scopes| scopes.iter().any(|scope| scope.as_str() == OFFLINE_ACCESS));
        let extensions = metadata.additional_metadata().clone();
        let client_secret = client_secret.filter(|secret| !secret.is_empty());
        let secret = client_secret.map(|secret| ClientSecret::new(secret.to_owned()));
        let client = Client::from_provider_metadata(metadata, ClientId::new(client_id.to_owned()), secret);
        Ok(Self {
            http: http.clone(),
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.map(|secret| Zeroizing::new(secret.to_owned())),
            client,
            extensions,
            is_offline,
        })
    }

    /// The device authorization endpoint, if it has one.
    pub(super) fn device_authorization_endpoint(&self) -> Result<Option<Url>, ServiceError> {
        self.endpoint(self.extensions.device_authorization_endpoint.as_deref())
    }

    /// The revocation endpoint, if it has one.
    pub(super) fn revocation_endpoint(&self) -> Result<Option<Url>, ServiceError> {
        self.endpoint(self.extensions.revocation_endpoint.as_deref())
    }

    fn endpoint(&self, text: Option<&str>) -> Result<Option<Url>, ServiceError> {
        text.map(|text| self.address(text)).transpose()
    }

    /// A URL in the metadata or an answer.
    pub(super) fn address(&self, text: &str) -> Result<Url, ServiceError> {
        let url = Url::parse(text)
            .map_err(|error| ServiceError::new(Service::IdentityProvider, &quotable(text), Cause::Address(error.to_string())))?;
        admit(&url, self.is_secure())?;
        Ok(url)
    }

    /// The issuer's URL.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    fn is_secure(&self) -> bool {
        self.issuer.starts_with("https:")
    }

    /// The scopes of a login. `offline` requests a refresh token if the provider supports that.
    pub(super) fn scopes(&self, offline: bool) -> Vec<&'static str> {
        let mut scopes = vec!["openid", "email"];
        scopes.extend((offline && self.is_offline).then_some(OFFLINE_ACCESS));
        scopes
    }

    /// An error of this provider.
    pub(super) fn error(&self, cause: Cause) -> ServiceError {
        ServiceError::new(Service::IdentityProvider, &self.issuer, cause)
    }

    /// The authorization request: code, PKCE S256, state, nonce.
    pub(crate) fn request(&self, redirect: &Url, offline: bool, extra: &[(&'static str, &str)]) -> Result<Request, LoginError> {
        let redirect = RedirectUrl::new(redirect.to_string())
            .map_err(|error| LoginError::Redirect { url: redirect.to_string(), why: error.to_string() })?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self
            .client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .set_redirect_uri(std::borrow::Cow::Borrowed(&redirect))
            .set_pkce_challenge(challenge);
        for scope in self.scopes(offline).into_iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.into()));
        }
        for (name, value) in extra {
            request = request.add_extra_param(*name, *value);
        }
        let (url, state, nonce) = request.url();
        let names_itself = self.extensions.authorization_response_iss_parameter_supported;
        let expected = Expected { state: state.secret().clone(), issuer: self.issuer.clone(), names_itself };
        Ok(Request { url, expected, nonce, verifier, redirect })
    }

    /// Exchanges the code for a session. Its ID token must contain the login's nonce.
    pub(crate) async fn exchange(&self, request: Request, code: &str) -> Result<LoginTokens, LoginError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", request.redirect.as_str()),
            ("code_verifier", request.verifier.secret()),
        ];
        let answer = self.grant(&form).await.map_err(ProviderRefusal::of_a_login)?;
        self.session(answer, Some(&request.nonce)).await
    }

    /// Makes a request of the token endpoint.
    pub(super) async fn grant(&self, form: &[(&str, &str)]) -> Result<TokenAnswer, ProviderRefusal> {
        let endpoint = self.client.token_uri().map(|uri| uri.url().clone());
        let endpoint = endpoint.ok_or_else(|| self.error(Cause::Malformed("its metadata has no token endpoint".into())))?;
        let answer = self.post(&endpoint, form).await?;
        let body = Zeroizing::new(answer.into_body());
        // the answer's body is not quoted, since it may contain a token
        Ok(crate::json_object::from_slice(&body)
            .map_err(|_| self.error(Cause::Malformed("its answer is not that of a token endpoint".into())))?)
    }

    /// Posts a form of this client to an endpoint. A secret goes into the header (RFC 6749, section 2.3.1).
    pub(super) async fn post(&self, endpoint: &Url, form: &[(&str, &str)]) -> Result<HttpResponse, ProviderRefusal> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = HttpRequest::new(Vec::new());
        *request.method_mut() = openidconnect::http::Method::POST;
        let uri = endpoint.as_str().parse();
        *request.uri_mut() = uri.map_err(|_| self.error(Cause::Address("its address cannot be used".into())))?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match &self.client_secret {
            None => _ = body.append_pair("client_id", &self.client_id),
            Some(secret) => {
                let pair = Zeroizing::new(format!("{}:{}", encode(&self.client_id), Zeroizing::new(encode(secret)).as_str()));
                let value = Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(pair.as_bytes())).as_str()));
                let value = HeaderValue::from_str(&value);
                let mut value = value.map_err(|_| self.error(Cause::Address("the client's secret is not possible in a header".into())))?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
        }
        *request.body_mut() = body.finish().into_bytes();
        let answer = transport(&self.http, self.is_secure(), request).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        // the transport returns only refusals in the protocol's form
        let refusal: ProtocolError = crate::json_object::from_slice(answer.body())
            .map_err(|_| self.error(Cause::Refused { status: answer.status().as_u16(), message: None }))?;
        Err(ProviderRefusal::Protocol(refusal))
    }

    /// Verifies the answer's ID token against the provider's keys, issuer, audience and times, and against the login's nonce. Without an
    /// authorization request (on another device, a renewal) there is no nonce, and a nonce in the token is ignored.
    pub(super) async fn session(&self, answer: TokenAnswer, nonce: Option<&Nonce>) -> Result<LoginTokens, LoginError> {
        let text = answer.id_token.ok_or_else(|| self.error(Cause::Malformed("its answer contains no ID token".into())))?;
        let token = IdentityToken::parse(&text)?;
        // before the signature, for a clearer error; nothing is used until both checks pass
        token.check(&Expectation::new(Some(&self.issuer), &self.client_id, jiff::Timestamp::now()))?;
        let mut verified = self.verify(&text, nonce);
        if matches!(verified, Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey))) {
            // its keys may have changed since they were read, which was before the user logged in
            let secret = self.client_secret.as_ref().map(|secret| secret.as_str());
            verified = Self::discover(&self.http, &self.issuer, &self.client_id, secret).await?.verify(&text, nonce);
        }
        verified.map_err(|error| match error {
            ClaimsVerificationError::InvalidNonce(_) => LoginError::Token(TokenError::Nonce),
            ClaimsVerificationError::Expired(_) => LoginError::Token(TokenError::Expired(token.expires().unwrap_or_default())),
            error => LoginError::Unverified(quotable(&causes(&error))),
        })?;
        let refresh_token = answer.refresh_token.map(|secret| RefreshToken::new(secret, token.subject())).transpose()?;
        Ok(LoginTokens { id_token: token, refresh_token })
    }

    fn verify(&self, text: &str, nonce: Option<&Nonce>) -> Result<(), ClaimsVerificationError> {
        let other = |error: serde_json::Error| ClaimsVerificationError::Other(error.to_string());
        let token: CoreIdToken = text.parse().map_err(other)?;
        // independent of the provider's own list of algorithms
        let verifier = self.client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        match nonce {
            Some(nonce) => token.claims(&verifier, nonce).map(|_| ()),
            None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())).map(|_| ()),
        }
    }
}

/// Checks that a URL of the provider is as safe as the provider's own.
fn admit(url: &Url, secure: bool) -> Result<(), ServiceError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if !secure => Ok(()),
        _ => Err(ServiceError::new(
            Service::IdentityProvider,
            url.as_str(),
            Cause::Address("it is less safe than the provider's own address".into()),
        )),
    }
}

/// RFC 6749, section 5.1, as far as used here.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    #[serde(default, deserialize_with = "secret")]
    id_token: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "secret")]
    refresh_token: Option<Zeroizing<String>>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(Zeroizing::new))
}

/// RFC 6749, section 5.2.
#[derive(Debug, Deserialize)]
pub(super) struct ProtocolError {
    pub(super) error: String,
    error_description: Option<String>,
}

impl ProtocolError {
    /// Name and description, escaped.
    pub(super) fn quoted(&self) -> (String, Option<String>) {
        (quotable(&self.error), self.error_description.as_deref().map(quotable))
    }
}

/// Why a request of an endpoint failed.
#[derive(Debug)]
pub(super) enum ProviderRefusal {
    /// It refused, in the protocol's form.
    Protocol(ProtocolError),
    /// It could not be asked.
    Service(ServiceError),
}

impl ProviderRefusal {
    /// The error of a login.
    pub(super) fn of_a_login(self) -> LoginError {
        self.or_else(|error, description| LoginError::Refused { error, description })
    }

    /// The error that `refused` makes of the code and description.
    pub(super) fn or_else(self, refused: impl FnOnce(String, Option<String>) -> LoginError) -> LoginError {
        match self {
            Self::Protocol(error) => {
                let (error, description) = error.quoted();
                refused(error, description)
            }
            Self::Service(error) => error.into(),
        }
    }
}

impl From<ServiceError> for ProviderRefusal {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

async fn transport(http: &Http, secure: bool, request: HttpRequest) -> Result<HttpResponse, ServiceError> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string())
        .map_err(|error| ServiceError::new(Service::IdentityProvider, &parts.uri.to_string(), Cause::Address(error.to_string())))?;
    admit(&url, secure)?;
    let mut call = Call::new(Service::IdentityProvider, parts.method.clone(), url);
    // a code can be exchanged once
    call.retry = if parts.method == openidconnect::http::Method::GET { Retry::Safe } else { Retry::Unsent };
    call.headers = parts.headers.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
    call.body = if body.is_empty() { Body::Empty } else { Body::TypedByHeaders(body.into()) };
    let answer = http.send(&call).await?;
    if parts.method == openidconnect::http::Method::GET && answer.status.is_success() {
        // for the library, an array of its fields is an object too, and what follows the first document is nothing
        answer.json::<std::collections::BTreeMap<String, serde::de::IgnoredAny>>()?;
    }
    // a refusal in the protocol's form is read by the caller; any other is an HTTP error
    if !answer.status.is_success() && crate::json_object::from_slice::<ProtocolError>(&answer.body).is_err() {
        return Err(answer.refused());
    }
    let Answer { status, headers, body, .. } = answer;
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_belongs_to_its_login_or_is_refused() {
        let plain = Expected::of_state("s");
        let naming = Expected { names_itself: true, ..plain.clone() };
        let code = || Ok(Callback::Code("c".into()));
        let issuer = "iss=https%3A%2F%2Fissuer.test";
        for (expected, query, outcome) in [
            (&plain, "code=c&state=s".to_owned(), code()),
            (&plain, "state=s&code=c&scope=openid&session_state=x".into(), code()),
            (&plain, format!("code=c&state=s&{issuer}"), code()),
            (&naming, format!("code=c&state=s&{issuer}"), code()),
            (&naming, "code=c&state=s".into(), Err(CallbackMismatch::NoIssuer)),
            (&plain, "code=c&state=s&iss=https%3A%2F%2Fevil.test".into(), Err(CallbackMismatch::OtherIssuer)),
            (&plain, format!("code=c&state=s&{issuer}%2F"), Err(CallbackMismatch::OtherIssuer)),
            (&plain, String::new(), Err(CallbackMismatch::OtherLogin)),
            (&plain, "code=c".into(), Err(CallbackMismatch::OtherLogin)),
            (&plain, "code=c&state=".into(), Err(CallbackMismatch::OtherLogin)),
            (&plain, "code=c&state=S".into(), Err(CallbackMismatch::OtherLogin)),
            (&plain, "code=c&state=s&state=s".into(), Err(CallbackMismatch::Duplicate)),
            (&plain, "code=c&code=d&state=s".into(), Err(CallbackMismatch::Duplicate)),
            (&plain, "state=s".into(), Err(CallbackMismatch::NoCode)),
            (&plain, "code=&state=s".into(), Err(CallbackMismatch::NoCode)),
            (&plain, "error=access_denied&state=x".into(), Err(CallbackMismatch::OtherLogin)),
            (
                &plain,
                "error=access_denied&error_description=no%1B+way&state=s".into(),
                Ok(Callback::Error { error: "access_denied".into(), description: Some("no\\u{1b} way".into()) }),
            ),
            // an error takes precedence over a code
            (&plain, "error=x&code=c&state=s".into(), Ok(Callback::Error { error: "x".into(), description: None })),
        ] {
            assert_eq!(expected.read(&query), outcome, "{query}");
        }
    }
}
