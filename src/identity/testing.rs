//! An OpenID provider of the tests, over real HTTP on loopback, whose lies are chosen by the test; and a user of the tests.

use super::{
    access_proof::{AccessKey, CLIENT_NONCE, CLIENT_PROOF, Exchange, Role, SERVER_NONCE, SERVER_PROOF},
    browser::{Desktop, Opener},
    client::OidcClient,
    error::LoginError,
    login::{LoginMethod, LoginOptions},
    login_tokens::{LoginTokens, RefreshToken},
    prompt::{DeviceCode, Prompt},
    token::{IdentityToken, tests::jwt},
};
use crate::service::{
    Http,
    testing::{Fake, Reply, Seen},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

/// An OpenID provider whose lies are chosen by the test.
#[derive(Clone)]
pub(super) struct Lies {
    pub(super) issuer_suffix: &'static str,
    pub(super) algorithm: &'static str,
    pub(super) claims: fn(&mut Value),
    pub(super) metadata: fn(&mut Value),
    /// The key that signs is not the one that is published: at the first time, or always.
    pub(super) foreign_key: Foreign,
    pub(super) token_answer: Option<(u16, Value)>,
    /// What the polls of the device flow are answered with, before a token.
    pub(super) polls: &'static [&'static str],
    pub(super) device: fn(&mut Value),
    /// Whether refresh tokens are replaced.
    pub(super) rotates: bool,
    /// Where the browser is sent in place of the redirect URI.
    pub(super) redirect: Option<&'static str>,
    /// What the local issuer sends for its proof.
    pub(super) server_proof: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    Never,
    /// It rotates its keys while a person logs in.
    AtFirst,
    /// Under the id of the one that signs.
    Always,
    /// Under another id.
    Unknown,
}

pub(super) const HONEST: Lies = Lies {
    issuer_suffix: "",
    algorithm: "ES256",
    claims: |_| {},
    metadata: |_| {},
    foreign_key: Foreign::Never,
    token_answer: None,
    polls: &[],
    device: |_| {},
    rotates: true,
    redirect: None,
    server_proof: None,
};

/// What the authorization request had, kept for the token endpoint.
pub(super) type Requests = Arc<Mutex<HashMap<String, String>>>;

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

pub(super) fn parameters(text: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

pub(super) async fn provider(lies: Lies) -> (Fake, Requests) {
    let requests = Requests::default();
    let shared = Arc::clone(&requests);
    let fake = Fake::new(move |seen| provide(seen, &lies, &shared)).await;
    (fake, requests)
}

fn provide(seen: &Seen, lies: &Lies, requests: &Requests) -> Reply {
    let base = format!("http://{}", seen.headers["host"].to_str().unwrap());
    let issuer = format!("{base}{}", lies.issuer_suffix);
    match seen.path.as_str() {
        "/.well-known/openid-configuration" => {
            let mut metadata = json!({
                "issuer": issuer, "authorization_endpoint": format!("{base}/auth"), "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
                "device_authorization_endpoint": format!("{base}/device_authorization"), "revocation_endpoint": format!("{base}/revoke"),
                "scopes_supported": ["openid", "email", "offline_access"],
                "response_types_supported": ["code"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256", "none", "HS256"],
            });
            (lies.metadata)(&mut metadata);
            Reply::json(200, &metadata)
        }
        "/keys" => {
            let read = count(requests, "keys");
            let foreign = match lies.foreign_key {
                Foreign::Never => false,
                Foreign::AtFirst => read == 1,
                Foreign::Always | Foreign::Unknown => true,
            };
            let id = if foreign && lies.foreign_key != Foreign::Always { "0" } else { "1" };
            let point = key(if foreign { 2 } else { 1 }).verifying_key().to_sec1_point(false);
            let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let (x, y) = (coordinate(&point.as_bytes()[1..33]), coordinate(&point.as_bytes()[33..]));
            let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": x, "y": y}, {"kty": "unknown", "kid": "2"}]});
            Reply::json(200, &keys)
        }
        "/auth" => {
            let query = parameters(&seen.query);
            let value = |name: &str| seen.headers.get(name).map(|value| value.to_str().unwrap());
            let Some(client_nonce) = value(CLIENT_NONCE) else { return Reply::new(200, "<html>a page on which a person logs in</html>") };
            let key = AccessKey::new("the code", &base);
            let exchange = Exchange { client_nonce, server_nonce: value(SERVER_NONCE).unwrap_or("nonce"), query: &seen.query };
            match value(CLIENT_PROOF) {
                None => {
                    let proof = key.prove(Role::Server, &exchange);
                    return Reply::new(401, "")
                        .header(SERVER_NONCE, "nonce")
                        .header(SERVER_PROOF, lies.server_proof.unwrap_or(proof.as_str()));
                }
                Some(proof) => assert!(key.verify(Role::Client, &exchange, proof)),
            }
            requests.lock().unwrap().extend(query.clone());
            Reply::new(302, "")
                .header("location", format!("{}?code=c0de&state={}", lies.redirect.unwrap_or(&query["redirect_uri"]), query["state"]))
        }
        "/device_authorization" => {
            let body = parameters(std::str::from_utf8(&seen.body).unwrap());
            requests.lock().unwrap().extend(body);
            let mut answer = json!({
                "device_code": "d0vice", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
                "verification_uri_complete": format!("{base}/device?user_code=WDJB-MJHT"), "expires_in": 300, "interval": 0,
            });
            (lies.device)(&mut answer);
            Reply::json(200, &answer)
        }
        "/revoke" => {
            let body = parameters(std::str::from_utf8(&seen.body).unwrap());
            assert_eq!(body["token_type_hint"], "refresh_token");
            match body["token"].as_str() {
                "r2" => Reply::new(200, ""),
                _ => Reply::json(400, &json!({"error": "unsupported_token_type", "error_description": "no \u{1b}"})),
            }
        }
        "/token" => {
            let body = parameters(std::str::from_utf8(&seen.body).unwrap());
            if let Some((status, answer)) = &lies.token_answer {
                return Reply::json(*status, answer);
            }
            assert!(body.get("client_id").is_none_or(|client| client == "sigstore"));
            let asked = requests.lock().unwrap().clone();
            match body["grant_type"].as_str() {
                "refresh_token" if body["refresh_token"] != "r1" => {
                    return Reply::json(400, &json!({"error": "invalid_grant", "error_description": "used \u{1b}"}));
                }
                "refresh_token" => {}
                grant => {
                    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&body["code_verifier"]));
                    assert_eq!((asked["code_challenge_method"].as_str(), &asked["code_challenge"]), ("S256", &challenge));
                    if grant == "authorization_code" {
                        assert_eq!((body["code"].as_str(), &body["redirect_uri"]), ("c0de", &asked["redirect_uri"]));
                    } else {
                        assert_eq!((grant, body["device_code"].as_str()), ("urn:ietf:params:oauth:grant-type:device_code", "d0vice"));
                        let polled = count(requests, "polled");
                        if let Some(error) = lies.polls.get(polled - 1) {
                            return Reply::json(400, &json!({ "error": error }));
                        }
                    }
                }
            }
            let now = jiff::Timestamp::now().as_second();
            let email = asked.get("login_hint").map_or("you@example.com", String::as_str);
            let mut claims = json!({
                "iss": issuer, "sub": "1234", "aud": "sigstore", "iat": now, "exp": now + 600, "nonce": asked.get("nonce"), "email": email, "email_verified": true,
            });
            (lies.claims)(&mut claims);
            let id_token = sign(lies.algorithm, &claims);
            let mut answer = json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token});
            if body["grant_type"] == "refresh_token" {
                if lies.rotates {
                    answer["refresh_token"] = json!("r2");
                }
            } else if asked["scope"].split(' ').any(|scope| scope == "offline_access") {
                answer["refresh_token"] = json!("r1");
            }
            Reply::json(200, &answer)
        }
        _ => Reply::new(404, ""),
    }
}

/// How often something has happened, this time included.
fn count(requests: &Requests, what: &str) -> usize {
    let mut requests = requests.lock().unwrap();
    let count = requests.get(what).map_or(1, |count| count.parse::<usize>().unwrap() + 1);
    requests.insert(what.into(), count.to_string());
    count
}

fn sign(algorithm: &str, claims: &Value) -> String {
    let header = json!({"alg": algorithm, "kid": "1"});
    let unsigned = jwt(&header, &claims.to_string(), b"");
    let unsigned = unsigned.trim_end_matches('.');
    let signature = match algorithm {
        "none" => Vec::new(),
        "ES256" => {
            let signature: Signature = key(1).sign(unsigned.as_bytes());
            signature.to_bytes().to_vec()
        }
        _ => vec![7; 32],
    };
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A login attempt, of which a test changes what it needs.
pub(super) struct Attempt<'a> {
    pub(super) http: &'a Http,
    pub(super) client: OidcClient,
    pub(super) options: LoginOptions<'a>,
}

pub(super) fn login<'a>(http: &'a Http, issuer: &str) -> Attempt<'a> {
    let options = LoginOptions {
        method: LoginMethod::Interactive,
        login_hint: None,
        offline: false,
        opener: &Opener::Nothing,
        desktop: WITH_TERMINAL,
        autoclose: None,
        timeout: Duration::from_secs(60),
    };
    Attempt { http, client: OidcClient::public(issuer, "sigstore"), options }
}

impl<'a> Attempt<'a> {
    pub(super) fn by(self, method: LoginMethod<'a>) -> Self {
        Self { options: LoginOptions { method, ..self.options }, ..self }
    }

    pub(super) async fn run(&self, prompt: &dyn Prompt) -> Result<LoginTokens, LoginError> {
        self.client.log_in(self.http, &self.options, prompt).await
    }

    /// At the local issuer, which shows nothing.
    pub(super) async fn direct(&self, code: &str, email: &str) -> Result<LoginTokens, LoginError> {
        let options = LoginOptions { method: LoginMethod::Direct(code), login_hint: Some(email), ..self.options };
        let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel();
        self.client.log_in(self.http, &options, &Shown(sender)).await
    }

    pub(super) async fn renew(&self, token: &RefreshToken) -> Result<LoginTokens, LoginError> {
        self.client.renew(self.http, token).await
    }

    pub(super) async fn revoke(&self, token: &RefreshToken) -> Result<bool, LoginError> {
        self.client.revoke(self.http, token).await
    }
}

pub(super) const WITH_TERMINAL: Desktop = Desktop { terminal: true, session: false };

/// What a user was shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Address { url: Url, opening: bool },
    Code { address: String, code: String, complete: Option<String>, expires: Duration },
}

/// Stands for the user: what is shown goes to the test.
pub(super) struct Shown(pub(super) UnboundedSender<Told>);

impl Prompt for Shown {
    fn log_in_at(&self, url: &str, opening: bool) {
        self.0.send(Told::Address { url: Url::parse(url).unwrap(), opening }).unwrap();
    }

    fn enter_code(&self, code: DeviceCode<'_>) {
        let told = Told::Code {
            address: code.verification_uri.into(),
            code: code.user_code.into(),
            complete: code.verification_uri_complete.map(Into::into),
            expires: code.expires,
        };
        self.0.send(told).unwrap();
    }
}

/// Logs in with a browser that does what `browse` does with the authorization request's parameters.
pub(super) async fn with_browser<F: Future<Output = ()> + Send + 'static>(
    login: Attempt<'_>,
    requests: Requests,
    browse: impl FnOnce(HashMap<String, String>) -> F + Send + 'static,
) -> Result<IdentityToken, LoginError> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<Told>();
    let browser = tokio::spawn(async move {
        let Some(Told::Address { url, .. }) = receiver.recv().await else { return };
        let parameters = parameters(url.query().unwrap());
        requests.lock().unwrap().extend(parameters.clone());
        browse(parameters).await;
    });
    let outcome = login.by(LoginMethod::Browser).run(&Shown(sender)).await;
    browser.await.unwrap();
    outcome.map(|session| session.id_token)
}

pub(super) async fn get(url: &str) -> (u16, String) {
    let response = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
    let status = response.status().as_u16();
    assert!(response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    (status, response.text().await.unwrap())
}

pub(super) fn answer(parameters: &HashMap<String, String>) -> String {
    format!("{}?code=c0de&state={}", parameters["redirect_uri"], parameters["state"])
}
