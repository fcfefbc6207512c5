//! An OpenID provider: discovery, the authorization request, the exchange of the code, and the checks of the ID token.
//!
//! The protocol's own checks are those of the crate openidconnect; the HTTP is this program's, with its caps and deadlines.

use super::{
    login::LoginError,
    token::{Expectation, IdentityToken, TokenError},
};
use crate::service::{Answer, Call, Cause, Http, Retry, Service, ServiceError, causes, quotable};
use openidconnect::{
    AdditionalProviderMetadata, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, RequestTokenError, Scope, TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm as Algorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

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

/// RFC 9207, section 3.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct IssuerIdentification {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for IssuerIdentification {}

type Metadata = ProviderMetadata<
    IssuerIdentification,
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
    client: Client,
    names_itself: bool,
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
        let names_itself = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        let secret = client_secret.filter(|secret| !secret.is_empty()).map(|secret| ClientSecret::new(secret.to_owned()));
        let client = Client::from_provider_metadata(metadata, ClientId::new(client_id.to_owned()), secret);
        Ok(Self { http: http.clone(), issuer: issuer.to_owned(), client_id: client_id.to_owned(), client, names_itself })
    }

    /// The authorization request: code, PKCE S256, state, nonce.
    pub(crate) fn request(&self, redirect: &Url, extra: &[(&'static str, &str)]) -> Result<Request, LoginError> {
        let redirect = RedirectUrl::new(redirect.to_string())
            .map_err(|error| LoginError::Redirect { url: redirect.to_string(), why: error.to_string() })?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self
            .client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .set_redirect_uri(std::borrow::Cow::Borrowed(&redirect))
            .set_pkce_challenge(challenge)
            .add_scope(Scope::new("email".into()));
        for (name, value) in extra {
            request = request.add_extra_param(*name, *value);
        }
        let (url, state, nonce) = request.url();
        let expected = Expected { state: state.secret().clone(), issuer: self.issuer.clone(), names_itself: self.names_itself };
        Ok(Request { url, expected, nonce, verifier, redirect })
    }

    /// Exchanges the code for an ID token, verifies that against the provider's keys and the login's nonce, and checks its claims.
    pub(crate) async fn exchange(&self, request: Request, code: String, now: jiff::Timestamp) -> Result<IdentityToken, LoginError> {
        let wrong = |cause| ServiceError::new(Service::IdentityProvider, &self.issuer, cause);
        let secure = self.issuer.starts_with("https:");
        let transport = |request| transport(&self.http, secure, request);
        let exchange =
            self.client.exchange_code(AuthorizationCode::new(code)).map_err(|error| wrong(Cause::Malformed(error.to_string())))?;
        let exchange = exchange.set_pkce_verifier(request.verifier).set_redirect_uri(std::borrow::Cow::Owned(request.redirect));
        let response = exchange.request_async(&transport).await.map_err(|error| match error {
            RequestTokenError::Request(error) => LoginError::Service(error),
            RequestTokenError::ServerResponse(response) => {
                let error: &CoreErrorResponseType = response.error();
                LoginError::Refused {
                    error: quotable(error.as_ref()),
                    description: response.error_description().map(|text| quotable(text)),
                }
            }
            // the answer's body is not quoted: it may hold a token
            RequestTokenError::Parse(error, _) => LoginError::Service(wrong(Cause::Malformed(quotable(&error.to_string())))),
            RequestTokenError::Other(detail) => LoginError::Service(wrong(Cause::Malformed(quotable(&detail)))),
        })?;
        let id_token = response.id_token().ok_or_else(|| wrong(Cause::Malformed("its answer holds no ID token".into())))?;
        // none of the provider's own list of algorithms
        let verifier = self.client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let verified = id_token.claims(&verifier, &request.nonce).map(|_| ());
        let token = IdentityToken::parse(&id_token.to_string())?;
        verified.map_err(|error| match error {
            ClaimsVerificationError::InvalidNonce(_) => LoginError::Token(TokenError::Nonce),
            ClaimsVerificationError::Expired(_) => LoginError::Token(TokenError::Expired(token.expires().unwrap_or_default())),
            error => LoginError::Unverified(quotable(&causes(&error))),
        })?;
        token.check(&Expectation::new(Some(&self.issuer), &self.client_id, now))?;
        Ok(token)
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

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct ProtocolError {
    #[serde(rename = "error")]
    _error: String,
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
