//! An identity token: a JWT (RFC 7519) with the claims of OpenID Connect Core 1.0, section 2.

use crate::{service::quotable, wording::spoken_time};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

/// The largest token that is read, in bytes. Checked before the token is split.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// An identity token, which is a secret until it expires. It is wiped from memory when dropped, and `Debug` shows nothing of it.
///
/// Its signature has been verified only if this program fetched it from the provider itself. Fulcio verifies it in any case.
#[derive(Clone)]
pub struct IdentityToken {
    raw: Zeroizing<String>,
    claims: Claims,
    workload: Vec<(&'static str, String)>,
}

/// What is expected of a token before it is sent to Fulcio.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// The required issuer; `None` accepts any issuer that Fulcio knows.
    pub issuer: Option<&'a str>,
    /// The required audience: the client id, usually `sigstore`.
    pub audience: &'a str,
    /// The local clock.
    pub now: jiff::Timestamp,
    /// The largest accepted difference between the clocks of issuer and machine.
    pub skew: std::time::Duration,
}

impl<'a> Expectation<'a> {
    /// Expects these, with a skew of one minute.
    pub fn new(issuer: Option<&'a str>, audience: &'a str, now: jiff::Timestamp) -> Self {
        Self { issuer, audience, now, skew: std::time::Duration::from_secs(60) }
    }
}

/// Why a token is not sent to Fulcio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Beyond [`MAX_TOKEN`].
    #[error("the identity token has more than {MAX_TOKEN} bytes")]
    TooLarge,
    /// It is not a JWT.
    #[error("the identity token is not a JSON Web Token: {0}")]
    Malformed(&'static str),
    /// Its claims cannot be read.
    #[error("the identity token's claims cannot be read: {0}")]
    Claims(String),
    /// It has no signature that could be verified.
    #[error("the identity token is not signed with a key of its issuer: its algorithm is \"{0}\"")]
    Algorithm(String),
    /// Another issuer.
    #[error("the identity token's issuer is \"{found}\"; expected \"{expected}\"")]
    Issuer {
        /// The token's issuer, escaped.
        found: String,
        /// The expected issuer, escaped.
        expected: String,
    },
    /// Another audience.
    #[error("the identity token's audience is \"{found}\"; expected \"{expected}\"")]
    Audience {
        /// The token's audiences, joined by commas, escaped.
        found: String,
        /// The client id, escaped.
        expected: String,
    },
    /// It is past its validity period.
    #[error("the identity token expired at {}", spoken_time(*.0))]
    Expired(jiff::Timestamp),
    /// It is before its validity period.
    #[error("the identity token was issued in the future, at {}", spoken_time(*.0))]
    Future(jiff::Timestamp),
    /// The provider has not verified the address.
    #[error("the issuer has not verified the address {0}")]
    EmailUnverified(String),
    /// It has neither an e-mail address nor a subject.
    #[error("the identity token has neither subject nor e-mail address")]
    Nobody,
    /// Its nonce is not that of the login.
    #[error("the identity token's nonce is not the one of this login")]
    Nonce,
}

impl TokenError {
    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Expired(_) => "get a new token; if it is new, this machine's clock is ahead",
            Self::Future(_) => "set this machine's clock; `paraph doctor` measures it",
            Self::Audience { .. } => "request a token for the client id (paraph.clientID, \"sigstore\" by default)",
            Self::EmailUnverified(_) => "verify the address at the issuer",
            Self::Issuer { .. } => "set paraph.issuer exactly as in the issuer's metadata, trailing slash included",
            _ => return None,
        })
    }
}

impl IdentityToken {
    /// Reads a token; white space around it is ignored. Nothing is verified.
    ///
    /// # Errors
    /// [`TokenError::TooLarge`], [`TokenError::Malformed`], [`TokenError::Claims`], [`TokenError::Algorithm`] or [`TokenError::Nobody`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN {
            return Err(TokenError::TooLarge);
        }
        let text = text.trim();
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::Malformed("it does not have three parts"));
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map(Zeroizing::new);
        let header = decode(header).map_err(|_| TokenError::Malformed("its header is not base64url"))?;
        let payload = decode(payload).map_err(|_| TokenError::Malformed("its payload is not base64url"))?;
        let signature = decode(signature).map_err(|_| TokenError::Malformed("its signature is not base64url"))?;
        let Header { alg } = crate::json_object::from_slice(&header).map_err(|_| TokenError::Malformed("its header names no algorithm"))?;
        // a token without a signature, or with one that its recipient could have made
        if signature.is_empty() || alg.eq_ignore_ascii_case("none") || alg.to_ascii_uppercase().starts_with("HS") {
            return Err(TokenError::Algorithm(quotable(&alg)));
        }
        // a message of serde_json quotes no values, but a type error quotes a string's: it goes through the escaping
        let claims: Claims = crate::json_object::from_slice(&payload).map_err(|error| TokenError::Claims(quotable(&error.to_string())))?;
        let token = Self { raw: Zeroizing::new(text.to_owned()), claims, workload: workload_claims(&payload) };
        if token.principal().is_empty() { Err(TokenError::Nobody) } else { Ok(token) }
    }

    /// Checks issuer, audience, validity period and that the e-mail address was verified.
    ///
    /// # Errors
    /// The [`TokenError`] of the first check that fails.
    pub fn check(&self, expected: &Expectation<'_>) -> Result<(), TokenError> {
        let claims = &self.claims;
        if let Some(issuer) = expected.issuer
            && issuer != claims.iss
        {
            return Err(TokenError::Issuer { found: quotable(&claims.iss), expected: quotable(issuer) });
        }
        if !claims.aud.iter().any(|audience| audience == expected.audience) {
            return Err(TokenError::Audience { found: quotable(&claims.aud.join(", ")), expected: quotable(expected.audience) });
        }
        let skew = i64::try_from(expected.skew.as_secs()).unwrap_or(i64::MAX);
        let now = expected.now.as_second();
        let time = |seconds| jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        if now.saturating_sub(skew) >= claims.exp {
            return Err(TokenError::Expired(time(claims.exp)));
        }
        if let Some(begin) = claims.iat.max(claims.nbf)
            && now.saturating_add(skew) < begin
        {
            return Err(TokenError::Future(time(begin)));
        }
        if self.email().is_some() && claims.email_verified == Some(false) {
            return Err(TokenError::EmailUnverified(quotable(self.principal())));
        }
        Ok(())
    }

    /// The token's text: to be sent, and never to be shown.
    pub fn secret(&self) -> &str {
        &self.raw
    }

    /// The `iss` claim, verbatim.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// Dex's `federated_claims.connector_id`: the issuer behind Dex, which Fulcio writes into the certificate.
    pub fn federated_issuer(&self) -> Option<&str> {
        self.claims.federated_claims.as_ref()?.connector_id.as_deref()
    }

    /// The `sub` claim.
    pub fn subject(&self) -> &str {
        &self.claims.sub
    }

    /// The `email` claim, if there is one.
    pub fn email(&self) -> Option<&str> {
        self.claims.email.as_deref().filter(|email| !email.is_empty())
    }

    /// Whether the token has this audience.
    pub fn is_for(&self, audience: &str) -> bool {
        self.claims.aud.iter().any(|found| found == audience)
    }

    /// The claims about a workload that Fulcio writes into a certificate, by their names in the token: for GitHub Actions, GitLab CI and
    /// Buildkite. Not escaped.
    pub fn workload_claims(&self) -> &[(&'static str, String)] {
        &self.workload
    }

    /// The name that the certificate will hold, if it can be predicted: the e-mail address, or what Fulcio composes from the claims of a
    /// known CI platform. Fulcio's configuration decides in the end.
    pub fn certificate_name(&self) -> Option<String> {
        let claim = |name: &str| self.workload.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        if let Some(email) = self.email() {
            return Some(email.to_owned());
        }
        match self.issuer() {
            "https://token.actions.githubusercontent.com" => Some(format!("https://github.com/{}", claim("job_workflow_ref")?)),
            "https://agent.buildkite.com" => {
                Some(format!("https://buildkite.com/{}/{}", claim("organization_slug")?, claim("pipeline_slug")?))
            }
            // GitLab on any host: the claim contains the host
            _ => match claim("ci_config_ref_uri") {
                Some(reference) => Some(format!("https://{reference}")),
                None => Some(self.subject().to_owned()).filter(|subject| subject.starts_with("spiffe://")),
            },
        }
    }

    /// The `nonce` claim.
    pub fn nonce(&self) -> Option<&str> {
        self.claims.nonce.as_deref()
    }

    /// The `exp` claim.
    pub fn expires(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(self.claims.exp).ok()
    }

    /// The `email` claim, or `sub` without one. The proof of possession for Fulcio is a signature over it.
    pub fn principal(&self) -> &str {
        self.email().unwrap_or(&self.claims.sub)
    }
}

impl std::fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityToken").field("issuer", &self.claims.iss).field("principal", &self.principal()).finish_non_exhaustive()
    }
}

/// The claims that Fulcio writes into extensions, in the order in which they are shown.
const WORKLOAD_CLAIMS: [&str; 34] = [
    "job_workflow_ref",
    "job_workflow_sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "ref",
    "ref_path",
    "sha",
    "event_name",
    "run_id",
    "run_attempt",
    "runner_environment",
    "environment",
    "ci_config_ref_uri",
    "ci_config_sha",
    "project_path",
    "project_id",
    "project_visibility",
    "namespace_path",
    "namespace_id",
    "pipeline_id",
    "pipeline_source",
    "job_id",
    "organization_slug",
    "pipeline_slug",
    "build_number",
    "build_branch",
    "build_commit",
    "build_source",
];

fn workload_claims(payload: &[u8]) -> Vec<(&'static str, String)> {
    let claims: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(payload).unwrap_or_default();
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    WORKLOAD_CLAIMS.iter().filter_map(|name| Some((*name, claims.get(*name).and_then(text)?))).collect()
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// A duplicate claim is an error: two readers could use different ones.
#[derive(Clone, Deserialize)]
struct Claims {
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default, deserialize_with = "one_or_many")]
    aud: Vec<String>,
    #[serde(deserialize_with = "numeric_date")]
    exp: i64,
    #[serde(default, deserialize_with = "optional_numeric_date")]
    iat: Option<i64>,
    #[serde(default, deserialize_with = "optional_numeric_date")]
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default, deserialize_with = "boolean")]
    email_verified: Option<bool>,
    federated_claims: Option<FederatedClaims>,
}

#[derive(Clone, Deserialize)]
struct FederatedClaims {
    connector_id: Option<String>,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(deserializer)? {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    })
}

/// Seconds since the epoch, rounded down.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let seconds = number.as_i64().or_else(|| number.as_f64().map(f64::floor).filter(|float| float.abs() < 1e15).map(|float| float as i64));
    seconds.ok_or_else(|| de::Error::custom("a time is out of range"))
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

/// Some providers write a string.
fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Bool(value) => Ok(Some(value)),
        serde_json::Value::String(text) if text == "true" => Ok(Some(true)),
        serde_json::Value::String(text) if text == "false" => Ok(Some(false)),
        serde_json::Value::Null => Ok(None),
        _ => Err(de::Error::custom("email_verified is not a boolean")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(crate) fn jwt(header: &Value, claims: &str, signature: &[u8]) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}.{}", encode(header.to_string().as_bytes()), encode(claims.as_bytes()), encode(signature))
    }

    pub(crate) fn token_of(claims: &Value) -> String {
        jwt(&json!({"alg": "RS256"}), &claims.to_string(), b"signature")
    }

    fn claims() -> Value {
        json!({"iss": "https://issuer.test", "sub": "1234", "aud": "sigstore", "exp": 2000, "iat": 1000, "email": "you@example.com", "email_verified": true})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn check(claims: &Value, now: i64) -> Result<(), TokenError> {
        let token = IdentityToken::parse(&token_of(claims)).unwrap();
        token.check(&Expectation::new(Some("https://issuer.test"), "sigstore", jiff::Timestamp::from_second(now).unwrap()))
    }

    #[test]
    fn a_good_token_passes_and_names_its_principal() {
        let token = IdentityToken::parse(&format!(" {}\n", token_of(&claims()))).unwrap();
        assert_eq!((token.issuer(), token.subject(), token.principal()), ("https://issuer.test", "1234", "you@example.com"));
        assert_eq!(check(&claims(), 1500), Ok(()));
        let mut workflow = claims();
        workflow.as_object_mut().unwrap().remove("email");
        assert_eq!(IdentityToken::parse(&token_of(&workflow)).unwrap().principal(), "1234");
        assert_eq!(IdentityToken::parse(&token_of(&with("email", json!("")))).unwrap().principal(), "1234");
        assert_eq!(check(&with("aud", json!(["other", "sigstore"])), 1500), Ok(()));
        assert_eq!(check(&with("email_verified", json!("true")), 1500), Ok(()));
        assert_eq!(check(&with("exp", json!(2000.5)), 1500), Ok(()));
    }

    #[test]
    fn a_token_with_a_wrong_claim_is_refused() {
        let error = |claims: Value, now| check(&claims, now).unwrap_err().to_string();
        insta::assert_snapshot!([
            error(with("iss", json!("https://issuer.test/")), 1500),
            error(with("aud", json!(["a", "b\u{1b}"])), 1500),
            error(with("aud", json!([])), 1500),
            error(claims(), 2060),
            error(claims(), 939),
            error(with("nbf", json!(1800)), 1500),
            error(with("email_verified", json!(false)), 1500),
            error(with("email_verified", json!("false")), 1500),
        ]
        .join("\n"), @r#"
            the identity token's issuer is "https://issuer.test/"; expected "https://issuer.test"
            the identity token's audience is "a, b\u{1b}"; expected "sigstore"
            the identity token's audience is ""; expected "sigstore"
            the identity token expired at 1970-01-01 00:33:20 UTC
            the identity token was issued in the future, at 1970-01-01 00:16:40 UTC
            the identity token was issued in the future, at 1970-01-01 00:30:00 UTC
            the issuer has not verified the address you@example.com
            the issuer has not verified the address you@example.com
            "#);
        assert_eq!(check(&claims(), 2059), Ok(()), "within the skew");
        assert_eq!(check(&claims(), 940), Ok(()), "within the skew");
    }

    #[test]
    fn a_malformed_token_is_refused() {
        let none = |alg: &str, signature: &[u8]| jwt(&json!({"alg": alg}), &claims().to_string(), signature);
        let text = claims().to_string();
        let cases = [
            String::new(),
            "a.b".into(),
            "a.b.c.d".into(),
            "!.e30.e30".into(),
            "e30=.e30.e30".into(),
            "e30.e30.e30".into(),
            none("none", b""),
            none("RS256", b""),
            none("NonE", b"x"),
            none("HS256", b"x"),
            jwt(&json!({"alg": "RS256"}), "[1]", b"x"),
            jwt(&json!({"alg": "RS256"}), &text.replacen('{', "{\"iss\":\"https://evil.test\",", 1), b"x"),
            token_of(&with("exp", json!("never"))),
            token_of(&with("exp", json!(1e300))),
            token_of(&with("email_verified", json!(1))),
            token_of(&json!({"iss": "x", "exp": 1})),
            "x".repeat(MAX_TOKEN + 1),
        ];
        let messages: Vec<_> = cases.iter().map(|text| IdentityToken::parse(text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
            the identity token is not a JSON Web Token: it does not have three parts
            the identity token is not a JSON Web Token: it does not have three parts
            the identity token is not a JSON Web Token: it does not have three parts
            the identity token is not a JSON Web Token: its header is not base64url
            the identity token is not a JSON Web Token: its header is not base64url
            the identity token is not a JSON Web Token: its header names no algorithm
            the identity token is not signed with a key of its issuer: its algorithm is "none"
            the identity token is not signed with a key of its issuer: its algorithm is "RS256"
            the identity token is not signed with a key of its issuer: its algorithm is "NonE"
            the identity token is not signed with a key of its issuer: its algorithm is "HS256"
            the identity token's claims cannot be read: invalid type: sequence, expected a JSON object at line 1 column 0
            the identity token's claims cannot be read: duplicate field `iss` at line 1 column 119
            the identity token's claims cannot be read: invalid type: string "never", expected a JSON number at line 1 column 79
            the identity token's claims cannot be read: a time is out of range at line 1 column 78
            the identity token's claims cannot be read: email_verified is not a boolean at line 1 column 62
            the identity token has neither subject nor e-mail address
            the identity token has more than 16384 bytes
            "#);
    }

    #[test]
    fn the_name_in_the_certificate_is_predicted_from_known_claims() {
        let name = |claims: Value| IdentityToken::parse(&token_of(&claims)).unwrap().certificate_name();
        let of = |issuer: &str, more: Value| {
            let mut claims = json!({"iss": issuer, "sub": "spiffe://example.test/ci", "aud": "sigstore", "exp": 2000});
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            name(claims)
        };
        assert_eq!(name(claims()).as_deref(), Some("you@example.com"));
        let github = "https://token.actions.githubusercontent.com";
        let workflow = json!({"job_workflow_ref": "org/repo/.github/workflows/w.yml@refs/heads/main"});
        assert_eq!(of(github, workflow.clone()).as_deref(), Some("https://github.com/org/repo/.github/workflows/w.yml@refs/heads/main"));
        assert_eq!(of(github, json!({})), None);
        let gitlab = json!({"ci_config_ref_uri": "gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main"});
        assert_eq!(of("https://gitlab.com", gitlab).as_deref(), Some("https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main"));
        let buildkite = json!({"organization_slug": "o", "pipeline_slug": "p"});
        assert_eq!(of("https://agent.buildkite.com", buildkite).as_deref(), Some("https://buildkite.com/o/p"));
        assert_eq!(of("https://spire.test", json!({})).as_deref(), Some("spiffe://example.test/ci"));
        assert_eq!(of("https://other.test", json!({"sub": "system:serviceaccount:a:b"})), None);
        let token =
            IdentityToken::parse(&token_of(&json!({"iss": github, "sub": "1", "exp": 1, "run_id": 7, "ref": "", "other": "x"}))).unwrap();
        assert_eq!(token.workload_claims(), [("run_id", "7".to_owned())]);
    }

    #[test]
    fn nothing_of_the_token_shows_in_debug() {
        let text = token_of(&claims());
        let shown = format!("{:?}", IdentityToken::parse(&text).unwrap());
        assert_eq!(shown, r#"IdentityToken { issuer: "https://issuer.test", principal: "you@example.com", .. }"#);
    }
}
