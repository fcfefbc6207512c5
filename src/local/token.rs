//! The ID tokens of the instance's issuer (OpenID Connect Core 1.0, section 2; JSON Web Signature, RS256 or ES256). The issuer makes them and Fulcio
//! verifies them in the same process. Tokens of other issuers are verified in `identity`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{error::LocalError, token_key::TokenKey};

/// The audience that Fulcio expects, which is also the client that requests tokens.
pub(super) const AUDIENCE: &str = "sigstore";
/// The validity period of a token, in seconds.
pub(super) const LIFETIME: i64 = 300;
/// The maximum length of a token, in bytes. A longer one is refused before it is parsed.
pub(super) const MAX_TOKEN: usize = 8 * 1024;
/// How far in the future the issue time of a token may be, in seconds.
const SKEW: i64 = 60;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The issuer's URL.
    pub iss: String,
    /// The subject. It is the e-mail address, since the instance knows nothing else about a person.
    pub sub: String,
    /// The audience.
    pub aud: String,
    /// When it was issued, in seconds since the Unix epoch.
    pub iat: i64,
    /// The second in which it expires.
    pub exp: i64,
    /// The e-mail address. It is missing under the fault `issuer=no-email`, and in the token of a job.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Always true in tokens that the instance makes.
    pub email_verified: bool,
    /// The nonce of the authorization request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The CI job that the token is for.
    #[serde(flatten)]
    pub job: Option<Job>,
}

/// A CI job, as GitHub Actions describes it in its tokens. No person can log in as one; tests make such tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The workflow's file and its ref: `org/repo/.github/workflows/release.yml@refs/tags/v1`.
    pub job_workflow_ref: String,
    /// The repository: `org/repo`.
    pub repository: String,
    /// The commit that the job runs for.
    pub sha: String,
    /// The ref that the job runs for.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What started the job.
    pub event_name: String,
    /// The number of the run.
    pub run_id: String,
}

/// An e-mail address that a certificate can name: ASCII, one `@`, the characters of RFC 5322's dot-atom, and a domain with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Email(String);

impl Email {
    /// Checks an address.
    ///
    /// # Errors
    /// [`LocalError::Identity`].
    pub(super) fn new(address: &str) -> Result<Self, LocalError> {
        let valid = address.len() <= 254
            && address.split_once('@').is_some_and(|(local, domain)| {
                let atom = |part: &str| {
                    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
                };
                let label = |part: &str| {
                    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                        && !part.is_empty()
                        && !part.starts_with('-')
                        && !part.ends_with('-')
                };
                local.len() <= 64 && local.split('.').all(atom) && domain.contains('.') && domain.split('.').all(label)
            });
        if valid { Ok(Self(address.to_owned())) } else { Err(LocalError::Identity(address.chars().take(100).collect())) }
    }
}

impl Email {
    /// The address.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Claims {
    /// The claims of a token that is issued now and valid for `lifetime` seconds.
    pub(super) fn new(issuer: &str, email: &Email, nonce: Option<String>, lifetime: i64, now: Timestamp) -> Self {
        let now = now.as_second();
        Self {
            iss: issuer.to_owned(),
            sub: email.0.clone(),
            aud: AUDIENCE.to_owned(),
            iat: now,
            exp: now + lifetime,
            email: email.0.clone(),
            email_verified: true,
            nonce,
            job: None,
        }
    }

    /// The claims of a job's token.
    pub(super) fn of_job(issuer: &str, job: Job, now: Timestamp) -> Self {
        let now = now.as_second();
        Self {
            iss: issuer.to_owned(),
            sub: format!("repo:{}:ref:{}", job.repository, job.reference),
            aud: AUDIENCE.to_owned(),
            iat: now,
            exp: now + LIFETIME,
            email: String::new(),
            email_verified: true,
            nonce: None,
            job: Some(job),
        }
    }

    /// What a proof of possession is over.
    pub(super) fn principal(&self) -> &str {
        if self.email.is_empty() { &self.sub } else { &self.email }
    }
}

/// Signs a token.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn mint(claims: &Claims, key: &TokenKey) -> Result<String, LocalError> {
    let claims = serde_json::to_vec(&claims).map_err(|_| LocalError::Crypto("encode a token"))?;
    let header = json!({ "alg": key.algorithm(), "kid": key.id(), "typ": "JWT" }).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// Why a token is not valid. Fulcio's clients do not learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvalidToken {
    /// It is too long.
    Length,
    /// It is not a JSON Web Signature in compact form.
    Form,
    /// The signature does not verify with the issuer's key.
    Signature,
    /// Its issuer is another.
    Issuer,
    /// Its audience is another.
    Audience,
    /// It has expired.
    Expired,
    /// It was issued in the future.
    Future,
    /// Its address is not verified or not valid.
    Address,
}

/// Verifies a token: length, form, signature, issuer, audience, times and address.
///
/// # Errors
/// The first check that fails.
pub(super) fn verify(token: &str, issuer: &str, key: &TokenKey, now: Timestamp) -> Result<Claims, InvalidToken> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
        kid: Option<String>,
        crit: Option<Value>,
    }
    if token.len() > MAX_TOKEN {
        return Err(InvalidToken::Length);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken::Form)?;
    let (header, claims) = signed.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or(InvalidToken::Form)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken::Form);
    let header: Header = crate::json_object::from_slice(&decode(header)?).map_err(|_| InvalidToken::Form)?;
    if header.alg != key.algorithm() || header.crit.is_some() || header.kid.is_some_and(|id| id != key.id()) {
        return Err(InvalidToken::Signature);
    }
    if !key.verifies(signed.as_bytes(), &decode(signature)?) {
        return Err(InvalidToken::Signature);
    }
    let claims: Claims = crate::json_object::from_slice(&decode(claims)?).map_err(|_| InvalidToken::Form)?;
    let now = now.as_second();
    if claims.iss != issuer {
        Err(InvalidToken::Issuer)
    } else if claims.aud != AUDIENCE {
        Err(InvalidToken::Audience)
    } else if claims.exp <= now {
        Err(InvalidToken::Expired)
    } else if claims.iat > now + SKEW {
        Err(InvalidToken::Future)
    } else if claims.job.is_none() && (!claims.email_verified || Email::new(&claims.email).is_err()) {
        Err(InvalidToken::Address)
    } else {
        Ok(claims)
    }
}

/// The issuer's key set (RFC 7517).
pub(super) fn key_set(key: &TokenKey) -> Value {
    json!({ "keys": [key.public()] })
}

#[cfg(test)]
mod tests {
    use super::{super::token_key::TokenAlgorithm, *};

    const ISSUER: &str = "http://127.0.0.1:1";

    fn key() -> TokenKey {
        key_of(TokenAlgorithm::Es256)
    }

    fn key_of(algorithm: TokenAlgorithm) -> TokenKey {
        TokenKey::from_pem(&TokenKey::generate(algorithm).unwrap()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_valid_until_it_expires() {
        let (key, email) = (key(), Email::new("dev@example.com").unwrap());
        let token = mint(&Claims::new(ISSUER, &email, Some("n".into()), LIFETIME, at(1000)), &key).unwrap();
        let claims = verify(&token, ISSUER, &key, at(1000 + LIFETIME - 1)).unwrap();
        assert_eq!((claims.email.as_str(), claims.nonce.as_deref()), ("dev@example.com", Some("n")));
        assert_eq!(verify(&token, ISSUER, &key, at(1000 + LIFETIME)), Err(InvalidToken::Expired));
        assert_eq!(verify(&token, ISSUER, &key, at(1000 - SKEW - 1)), Err(InvalidToken::Future));
        assert_eq!(verify(&token, "http://localhost:1", &key, at(1000)), Err(InvalidToken::Issuer));
        assert_eq!(verify(&token, ISSUER, &self::key(), at(1000)), Err(InvalidToken::Signature));
    }

    #[test]
    fn a_token_of_the_other_algorithm_is_refused() {
        let email = Email::new("dev@example.com").unwrap();
        for (own, other) in [(TokenAlgorithm::Rs256, TokenAlgorithm::Es256), (TokenAlgorithm::Es256, TokenAlgorithm::Rs256)] {
            let (own, other) = (key_of(own), key_of(other));
            let token = mint(&Claims::new(ISSUER, &email, None, LIFETIME, at(1000)), &own).unwrap();
            assert!(verify(&token, ISSUER, &own, at(1000)).is_ok());
            assert_eq!(verify(&token, ISSUER, &other, at(1000)), Err(InvalidToken::Signature));
        }
    }

    #[test]
    fn forged_and_malformed_tokens_are_refused() {
        let (key, email) = (key(), Email::new("dev@example.com").unwrap());
        let token = mint(&Claims::new(ISSUER, &email, None, LIFETIME, at(1000)), &key).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let header = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let forged = |json: &str| {
            URL_SAFE_NO_PAD.encode(String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap().replace("dev@", json))
        };
        for bad in [
            String::new(),
            "..".into(),
            "....".into(),
            "a".repeat(MAX_TOKEN + 1),
            ".".repeat(MAX_TOKEN),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}", header(r#"{"alg":"none"}"#), parts[1], parts[2]),
            format!("{}.{}.", header(r#"{"alg":"none"}"#), parts[1]),
            format!("{}.{}.{}", header(r#"{"alg":"HS256"}"#), parts[1], parts[2]),
            format!("{}.{}.{}", header(r#"{"alg":"ES256","alg":"ES256"}"#), parts[1], parts[2]),
            format!("{}.{}.{}", header(r#"{"alg":"ES256","crit":["x"]}"#), parts[1], parts[2]),
            format!("{}.{}.{}", parts[0], forged("root@"), parts[2]),
            format!("{}.{}.{}=", parts[0], parts[1], parts[2]),
            format!("{}.{}.{}.{}", parts[0], parts[1], parts[1], parts[2]),
        ] {
            assert!(verify(&bad, ISSUER, &key, at(1000)).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_that_a_certificate_cannot_name_are_refused() {
        for good in ["dev@example.com", "a.b+c@x-y.example.org"] {
            Email::new(good).unwrap();
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "dev",
            "dev@",
            "@example.com",
            "dev@localhost",
            "dév@example.com",
            "a b@example.com",
            "a@b@example.com",
            "a@example..com",
            "a\n@example.com",
            ".a@example.com",
            "a@-x.com",
            &long,
        ] {
            assert!(Email::new(bad).is_err(), "{bad}");
        }
    }
}
