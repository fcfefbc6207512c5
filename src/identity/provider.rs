//! An OpenID provider: discovery, the authorization request, the token endpoint, and the checks of the ID token.
//!
//! Discovery and the protocol's own checks are those of the crate openidconnect; the HTTP is this program's, with its caps and deadlines. So
//! are the forms for the token endpoint: the crate keeps the tokens of an answer in memory that nobody wipes, polls on after any error, and
//! revokes over https alone.

use super::{
    error::LoginError,
    session::{RefreshToken, Session},
    token::{Expectation, IdentityToken, TokenError},
};
use crate::service::{Answer, Call, Cause, Http, Retry, Service, ServiceError, causes, quotable};
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

/// The signatures that an ID token may have: the provider's, by an asymmetric key.
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

/// What other specifications add to the metadata.
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
    /// Whether it gives refresh tokens, as far as it says.
    is_offline: bool,
}

/// One login: the request that was made, and what its answer must fit.
pub(crate) struct Request {
    /// The address to be opened.
    pub(crate) url: Url,
    /// What a callback must carry.
    pub(crate) expected: Expected,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

/// What a callback must carry to belong to a login.
#[derive(Clone)]
pub(crate) struct Expected {
    state: String,
    issuer: String,
    names_itself: bool,
}

/// What a callback that belongs to the login says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callback {
    /// The authorization code.
    Code(String),
    /// The provider said no.
    Error {
        /// `error`, escaped.
        error: String,
        /// `error_description`, escaped.
        description: Option<String>,
    },
}

impl Expected {
    #[cfg(test)]
    pub(crate) fn of_state(state: &str) -> Self {
        Self { state: state.into(), issuer: "https://issuer.test".into(), names_itself: false }
    }

    /// Reads a callback's query. `Err` says why it does not belong to this login, in a few words.
    pub(crate) fn read(&self, query: &str) -> Result<Callback, &'static str> {
        let parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let one = |name: &str| {
            let mut values = parameters.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_ref());
            match (values.next(), values.next()) {
                (value, None) => Ok(value),
                _ => Err("a parameter stands twice"),
            }
        };
        if one("state")? != Some(self.state.as_str()) {
            return Err("it belongs to another login");
        }
        match one("iss")? {
            Some(issuer) if issuer != self.issuer => return Err("it comes from another issuer"),
            None if self.names_itself => return Err("it does not name its issuer"),
            _ => {}
        }
        match (one("error")?, one("code")?) {
            (Some(error), _) => Ok(Callback::Error { error: quotable(error), description: one("error_description")?.map(quotable) }),
            (None, Some(code)) if !code.is_empty() => Ok(Callback::Code(code.to_owned())),
            _ => Err("it holds no code"),
        }
    }
}

impl Provider {
    /// Reads the provider's metadata and keys. Its issuer must be `issuer`, letter by letter.
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
            return Err(wrong(Cause::Malformed("its metadata names no token endpoint".into())).into());
        }
        // this address is handed to other programs
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

    /// The device authorization endpoint, where it has one.
    pub(super) fn device_authorization_endpoint(&self) -> Result<Option<Url>, ServiceError> {
        self.endpoint(self.extensions.device_authorization_endpoint.as_deref())
    }

    /// The revocation endpoint, where it has one.
    pub(super) fn revocation_endpoint(&self) -> Result<Option<Url>, ServiceError> {
        self.endpoint(self.extensions.revocation_endpoint.as_deref())
    }

    fn endpoint(&self, text: Option<&str>) -> Result<Option<Url>, ServiceError> {
        text.map(|text| self.address(text)).transpose()
    }

    /// An address that the provider names.
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

    /// The scopes of a login; `offline` asks for a refresh token where there are any.
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

    /// Exchanges the code for a session whose ID token carries the login's nonce.
    pub(crate) async fn exchange(&self, request: Request, code: &str) -> Result<Session, LoginError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", request.redirect.as_str()),
            ("code_verifier", request.verifier.secret()),
        ];
        let answer = self.grant(&form).await.map_err(Refusal::of_a_login)?;
        self.session(answer, Some(&request.nonce)).await
    }

    /// Asks the token endpoint.
    pub(super) async fn grant(&self, form: &[(&str, &str)]) -> Result<TokenAnswer, Refusal> {
        let endpoint = self.client.token_uri().map(|uri| uri.url().clone());
        let endpoint = endpoint.ok_or_else(|| self.error(Cause::Malformed("its metadata names no token endpoint".into())))?;
        let answer = self.post(&endpoint, form).await?;
        let body = Zeroizing::new(answer.into_body());
        // the answer's body is not quoted: it may hold a token
        Ok(serde_json::from_slice(&body).map_err(|_| self.error(Cause::Malformed("its answer is not that of a token endpoint".into())))?)
    }

    /// A form for one of the provider's endpoints, from this client: one with a secret shows it in the header (RFC 6749, section 2.3.1).
    pub(super) async fn post(&self, endpoint: &Url, form: &[(&str, &str)]) -> Result<HttpResponse, Refusal> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = HttpRequest::new(Vec::new());
        *request.method_mut() = openidconnect::http::Method::POST;
        let uri = endpoint.as_str().parse();
        *request.uri_mut() = uri.map_err(|_| self.error(Cause::Address("its address cannot be called".into())))?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match &self.client_secret {
            None => _ = body.append_pair("client_id", &self.client_id),
            Some(secret) => {
                let pair = Zeroizing::new(format!("{}:{}", encode(&self.client_id), Zeroizing::new(encode(secret)).as_str()));
                let value = Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(pair.as_bytes())).as_str()));
                let value = HeaderValue::from_str(&value);
                let mut value = value.map_err(|_| self.error(Cause::Address("no header can carry the client's secret".into())))?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
        }
        *request.body_mut() = body.finish().into_bytes();
        let answer = transport(&self.http, self.is_secure(), request).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        // the transport lets no other refusal through
        let refusal: ProtocolError = serde_json::from_slice(answer.body())
            .map_err(|_| self.error(Cause::Refused { status: answer.status().as_u16(), message: None }))?;
        Err(Refusal::Protocol(refusal))
    }

    /// Verifies the answer's ID token against the provider's keys, issuer, audience and times, and against the login's nonce. A login
    /// without an authorization request (on another device, a renewal) has none, and a nonce in its token says nothing.
    pub(super) async fn session(&self, answer: TokenAnswer, nonce: Option<&Nonce>) -> Result<Session, LoginError> {
        let text = answer.id_token.ok_or_else(|| self.error(Cause::Malformed("its answer holds no ID token".into())))?;
        let token = IdentityToken::parse(&text)?;
        // before the signature, since it says what does not fit in the user's words; nothing is used before both have passed
        token.check(&Expectation::new(Some(&self.issuer), &self.client_id, jiff::Timestamp::now()))?;
        let mut verified = self.verify(&text, nonce);
        if matches!(verified, Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey))) {
            // it has changed its keys since they were read, which was before a person logged in
            let secret = self.client_secret.as_ref().map(|secret| secret.as_str());
            verified = Self::discover(&self.http, &self.issuer, &self.client_id, secret).await?.verify(&text, nonce);
        }
        verified.map_err(|error| match error {
            ClaimsVerificationError::InvalidNonce(_) => LoginError::Token(TokenError::Nonce),
            ClaimsVerificationError::Expired(_) => LoginError::Token(TokenError::Expired(token.expires().unwrap_or_default())),
            error => LoginError::Unverified(quotable(&causes(&error))),
        })?;
        let refresh_token = answer.refresh_token.map(|secret| RefreshToken::new(secret, token.subject())).transpose()?;
        Ok(Session { id_token: token, refresh_token })
    }

    fn verify(&self, text: &str, nonce: Option<&Nonce>) -> Result<(), ClaimsVerificationError> {
        let other = |error: serde_json::Error| ClaimsVerificationError::Other(error.to_string());
        let token: CoreIdToken = text.parse().map_err(other)?;
        // none of the provider's own list of algorithms
        let verifier = self.client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        match nonce {
            Some(nonce) => token.claims(&verifier, nonce).map(|_| ()),
            None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())).map(|_| ()),
        }
    }
}

/// An address that the provider names must be as safe as the provider's own.
fn admit(url: &Url, secure: bool) -> Result<(), ServiceError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if !secure => Ok(()),
        _ => Err(ServiceError::new(
            Service::IdentityProvider,
            url.as_str(),
            Cause::Address("the provider names an address that is less safe than its own".into()),
        )),
    }
}

/// RFC 6749, section 5.1, as far as it is used here.
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

/// Why one of the provider's endpoints gave nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It said no, in the protocol's words.
    Protocol(ProtocolError),
    /// It could not be asked.
    Service(ServiceError),
}

impl Refusal {
    /// Of a login.
    pub(super) fn of_a_login(self) -> LoginError {
        self.or_else(|error, description| LoginError::Refused { error, description })
    }

    /// The error that `told` makes of the protocol's words.
    pub(super) fn or_else(self, told: impl FnOnce(String, Option<String>) -> LoginError) -> LoginError {
        match self {
            Self::Protocol(error) => {
                let (error, description) = error.quoted();
                told(error, description)
            }
            Self::Service(error) => error.into(),
        }
    }
}

impl From<ServiceError> for Refusal {
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
    // a code is good for one exchange
    call.retry = if parts.method == openidconnect::http::Method::GET { Retry::Safe } else { Retry::Unsent };
    call.headers = parts.headers.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
    call.raw_body = (!body.is_empty()).then_some(body);
    let answer = http.send(&call).await?;
    // a refusal in the protocol's form is read by the protocol; any other is one of HTTP
    if !answer.status.is_success() && serde_json::from_slice::<ProtocolError>(&answer.body).is_err() {
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
            (&naming, "code=c&state=s".into(), Err("it does not name its issuer")),
            (&plain, "code=c&state=s&iss=https%3A%2F%2Fevil.test".into(), Err("it comes from another issuer")),
            (&plain, format!("code=c&state=s&{issuer}%2F"), Err("it comes from another issuer")),
            (&plain, String::new(), Err("it belongs to another login")),
            (&plain, "code=c".into(), Err("it belongs to another login")),
            (&plain, "code=c&state=".into(), Err("it belongs to another login")),
            (&plain, "code=c&state=S".into(), Err("it belongs to another login")),
            (&plain, "code=c&state=s&state=s".into(), Err("a parameter stands twice")),
            (&plain, "code=c&code=d&state=s".into(), Err("a parameter stands twice")),
            (&plain, "state=s".into(), Err("it holds no code")),
            (&plain, "code=&state=s".into(), Err("it holds no code")),
            (&plain, "error=access_denied&state=x".into(), Err("it belongs to another login")),
            (
                &plain,
                "error=access_denied&error_description=no%1B+way&state=s".into(),
                Ok(Callback::Error { error: "access_denied".into(), description: Some("no\\u{1b} way".into()) }),
            ),
            // an error wins over a code
            (&plain, "error=x&code=c&state=s".into(), Ok(Callback::Error { error: "x".into(), description: None })),
        ] {
            assert_eq!(expected.read(&query), outcome, "{query}");
        }
    }
}
