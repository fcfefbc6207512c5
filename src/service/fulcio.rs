//! Fulcio: obtains a certificate that binds an ephemeral key to the identity in a token.
//!
//! The caller checks the certificate before it uses it: key, identity, validity period, chain and SCT.

use super::{Answer, Body, Call, Cause, Http, Retry, Service, ServiceError, endpoint, quotable};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

/// The most certificates that a chain may have.
const MAX_CHAIN: usize = 10;
/// The size of a request without the token, at most, in bytes.
const MAX_WITHOUT_TOKEN: usize = 4096;

/// A client of Fulcio's v2 API, and of v1 if a server has no v2.
#[derive(Debug, Clone)]
pub struct Fulcio {
    http: Http,
    v2: reqwest::Url,
    v1: reqwest::Url,
}

/// A request for a certificate.
#[derive(Clone, Copy)]
pub struct CertificateRequest<'a> {
    /// The identity token.
    pub token: &'a str,
    /// The public key, SPKI in DER.
    pub public_key: &'a [u8],
    /// The proof of possession: the key's signature (DER ECDSA over SHA-256) over the token's principal.
    pub proof: &'a [u8],
}

impl Fulcio {
    /// A client of the Fulcio at `base`, such as `https://fulcio.sigstore.dev`.
    ///
    /// # Errors
    /// [`Cause::Address`].
    pub fn new(http: &Http, base: &str) -> Result<Self, ServiceError> {
        Ok(Self {
            http: http.clone(),
            v2: endpoint(Service::Fulcio, base, "api/v2/signingCert")?,
            v1: endpoint(Service::Fulcio, base, "api/v1/signingCert")?,
        })
    }

    /// The certificate chain for `request`, in DER, the leaf first.
    ///
    /// A call may be repeated: each answer is a new certificate, and an unused one expires.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub async fn certify(&self, request: CertificateRequest<'_>) -> Result<Vec<Vec<u8>>, ServiceError> {
        let answer = self.http.send(&self.v2_call(request)).await?;
        match answer.status.as_u16() {
            200 | 201 => v2_chain(&answer),
            // a Fulcio from before v2, or a gateway that forwards v1 only
            404 | 405 | 415 | 501 => {
                let answer = self.http.send(&self.v1_call(request)).await?;
                if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) { v1_chain(&answer) } else { Err(answer.refused()) }
            }
            _ => Err(answer.refused()),
        }
    }

    fn v2_call<'a>(&self, request: CertificateRequest<'a>) -> Call<'a> {
        let body = CreateSigningCertificateRequest {
            credentials: Credentials { oidc_identity_token: request.token },
            public_key_request: PublicKeyRequest {
                public_key: PublicKey { algorithm: "ECDSA", content: crate::signature::pem("PUBLIC KEY", request.public_key) },
                proof_of_possession: STANDARD.encode(request.proof),
            },
        };
        // allocated once: a buffer that grows leaves copies of the token behind
        let mut wiped = Wiped(Zeroizing::new(Vec::with_capacity(request.token.len() + MAX_WITHOUT_TOKEN)));
        // writing text to memory cannot fail
        let _ = serde_json::to_writer(&mut *wiped.0, &body);
        let call = Call::post_json(Service::Fulcio, self.v2.clone(), &serde_json::Value::Null);
        Call { retry: Retry::Safe, body: Body::Of("application/json", Bytes::from_owner(wiped)), ..call }
    }

    fn v1_call<'a>(&self, request: CertificateRequest<'a>) -> Call<'a> {
        let body = json!({
            "publicKey": { "content": STANDARD.encode(request.public_key), "algorithm": "ecdsa" },
            "signedEmailAddress": STANDARD.encode(request.proof),
        });
        let call = Call::post_json(Service::Fulcio, self.v1.clone(), &body).bearer(request.token);
        Call { accept: Some("application/pem-certificate-chain"), retry: Retry::Safe, ..call }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateSigningCertificateRequest<'a> {
    credentials: Credentials<'a>,
    public_key_request: PublicKeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    oidc_identity_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequest {
    public_key: PublicKey,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct PublicKey {
    algorithm: &'static str,
    content: String,
}

/// The body of a request with a token. It is wiped after the request.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigningCertificate {
    signed_certificate_embedded_sct: Option<WithChain>,
    signed_certificate_detached_sct: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct WithChain {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

fn v2_chain(answer: &Answer) -> Result<Vec<Vec<u8>>, ServiceError> {
    let certificate: SigningCertificate = answer.json()?;
    if certificate.signed_certificate_detached_sct.is_some() {
        return Err(detached(answer));
    }
    let Some(WithChain { chain }) = certificate.signed_certificate_embedded_sct else {
        return Err(answer.malformed("it holds no certificate"));
    };
    if chain.certificates.len() > MAX_CHAIN {
        return Err(answer.malformed(format!("a chain of {} certificates", chain.certificates.len())));
    }
    let texts = chain.certificates.iter().map(|text| certificates(answer, text)).collect::<Result<Vec<_>, _>>()?;
    capped(answer, texts.concat())
}

fn v1_chain(answer: &Answer) -> Result<Vec<Vec<u8>>, ServiceError> {
    if answer.header("sct").is_some() {
        return Err(detached(answer));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| answer.malformed("the chain is not valid UTF-8"))?;
    capped(answer, certificates(answer, text)?)
}

fn detached(answer: &Answer) -> ServiceError {
    answer.error(Cause::Unsupported("the SCT is not embedded in the certificate, and a git signature has no other place for it".into()))
}

fn capped(answer: &Answer, chain: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, ServiceError> {
    match chain.len() {
        0 => Err(answer.malformed("its chain is empty")),
        1..=MAX_CHAIN => Ok(chain),
        more => Err(answer.malformed(format!("a chain of {more} certificates"))),
    }
}

/// The certificates in PEM blocks that only white space separates.
fn certificates(answer: &Answer, text: &str) -> Result<Vec<Vec<u8>>, ServiceError> {
    const END: &str = "-----END CERTIFICATE-----";
    let mut chain = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some(end) = rest.find(END) else { return Err(answer.malformed("a certificate is not PEM")) };
        let (block, after) = rest.split_at(end + END.len());
        if chain.len() == MAX_CHAIN {
            return Err(answer.malformed(format!("a chain of more than {MAX_CHAIN} certificates")));
        }
        let (label, der) = der::pem::decode_vec(block.as_bytes())
            .map_err(|error| answer.malformed(format!("a certificate is not PEM: {}", quotable(&error.to_string()))))?;
        if label != "CERTIFICATE" {
            return Err(answer.malformed("a PEM block is not a certificate"));
        }
        chain.push(der);
        rest = after.trim_start();
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Fake, Reply, body_of, impatient, nobody, patient, recorded, run, without_port};
    use der::Decode as _;

    const REQUEST: CertificateRequest<'_> = CertificateRequest { token: "a.b.c", public_key: &[0x30, 0], proof: b"proof" };

    async fn ask(fake: &Fake) -> Result<Vec<Vec<u8>>, ServiceError> {
        Fulcio::new(&patient(), &fake.url).unwrap().certify(REQUEST).await
    }

    #[test]
    fn the_real_fulcios_answer_is_a_chain_of_three() {
        run(async {
            let fake = Fake::new(|_| Reply::recorded("fulcio-v2-created")).await;
            let chain = ask(&fake).await.unwrap();
            let subjects: Vec<_> =
                chain.iter().map(|der| x509_cert::Certificate::from_der(der).unwrap().tbs_certificate().subject().to_string()).collect();
            assert_eq!(subjects, ["", "CN=peers intermediate,O=peers.test", "CN=peers root,O=peers.test"]);
            let seen = &fake.seen()[0];
            assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/api/v2/signingCert"));
            assert!(!seen.headers.contains_key("authorization"));
        });
    }

    #[test]
    fn the_request_has_the_fields_of_the_recorded_one() {
        run(async {
            let fake = Fake::new(|_| Reply::recorded("fulcio-v2-created")).await;
            ask(&fake).await.unwrap();
            let sent = fake.seen()[0].json();
            let known: serde_json::Value = serde_json::from_slice(&body_of(&recorded("fulcio-v2-created")["request"])).unwrap();
            assert_eq!(shape(&sent), shape(&known));
            assert_eq!(sent["credentials"]["oidcIdentityToken"], "a.b.c");
            assert_eq!(sent["publicKeyRequest"]["publicKey"]["content"], "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n");
            assert_eq!(sent["publicKeyRequest"]["proofOfPossession"], "cHJvb2Y=");
        });
    }

    fn shape(value: &serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
            _ => serde_json::Value::Null,
        }
    }

    #[test]
    fn a_server_without_v2_is_asked_by_v1_as_gitsign_asks() {
        for status in [404, 405, 415, 501] {
            run(async {
                let fake = Fake::new(move |seen| {
                    if seen.path == "/api/v2/signingCert" { Reply::new(status, "") } else { Reply::recorded("fulcio-v1-created") }
                })
                .await;
                assert_eq!(ask(&fake).await.unwrap().len(), 3);
                let seen = &fake.seen()[1];
                assert_eq!(seen.path, "/api/v1/signingCert");
                assert_eq!(seen.headers["authorization"], "Bearer a.b.c");
                assert_eq!(seen.json(), json!({"publicKey": {"content": "MAA=", "algorithm": "ecdsa"}, "signedEmailAddress": "cHJvb2Y="}));
            });
        }
    }

    #[test]
    fn refusals_are_told_in_fulcios_words() {
        run(async {
            let mut sentences = Vec::new();
            for name in ["fulcio-v2-token-expired", "fulcio-v2-proof-wrong", "fulcio-v2-key-garbage"] {
                let fake = Fake::new(move |_| Reply::recorded(name)).await;
                let error = ask(&fake).await.unwrap_err();
                assert!(error.hint().unwrap().starts_with("use a fresh token"));
                sentences.push(without_port(&error));
            }
            insta::assert_snapshot!(sentences.join("\n"), @r"
            Fulcio at http://HOST/api/v2/signingCert refused the request with 400 Bad Request: There was an error processing the identity token
            Fulcio at http://HOST/api/v2/signingCert refused the request with 400 Bad Request: The signature supplied in the request could not be verified
            Fulcio at http://HOST/api/v2/signingCert refused the request with 400 Bad Request: The public key supplied in the request could not be parsed
            ");
        });
    }

    #[test]
    fn an_sct_outside_the_certificate_is_refused_with_its_reason() {
        run(async {
            let detached = json!({"signedCertificateDetachedSct": {"chain": {"certificates": []}, "signedCertificateTimestamp": ""}});
            let fake = Fake::new(move |_| Reply::json(200, &detached)).await;
            insta::assert_snapshot!(
                without_port(&ask(&fake).await.unwrap_err()),
                @"Fulcio at http://HOST/api/v2/signingCert sent an answer that is not accepted: the SCT is not embedded in the certificate, and a git signature has no other place for it"
            );
            let fake =
                Fake::new(
                    |seen| {
                        if seen.number == 1 { Reply::new(404, "") } else { Reply::recorded("fulcio-v1-created").header("sct", "e30=") }
                    },
                )
                .await;
            assert!(matches!(ask(&fake).await.unwrap_err().cause(), Cause::Unsupported(_)));
        });
    }

    #[test]
    fn answers_that_are_no_chain_are_refused() {
        let chain = |certificates: Vec<&str>| json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": certificates}}});
        let pem = crate::signature::pem("CERTIFICATE", &[0x30, 0]);
        let key = crate::signature::pem("PUBLIC KEY", &[0x30, 0]);
        let many = pem.repeat(11);
        for answer in [
            json!({}),
            json!([]),
            json!(null),
            chain(vec![]),
            chain(vec![""]),
            chain(vec!["nonsense"]),
            chain(vec![&key]),
            chain(vec![&many]),
            chain(vec![&pem; 11]),
            chain(vec![&pem, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"]),
            json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": "one"}}}),
        ] {
            run(async {
                let body = answer.clone();
                let fake = Fake::new(move |_| Reply::json(200, &body)).await;
                let outcome = ask(&fake).await;
                assert!(matches!(outcome.as_ref().map_err(ServiceError::cause), Err(Cause::Malformed(_))), "{answer}: {outcome:?}");
            });
        }
    }

    #[test]
    fn a_fulcio_that_is_dead_or_slow_ends_with_its_name() {
        run(async {
            let error = Fulcio::new(&impatient(), &nobody()).unwrap().certify(REQUEST).await.unwrap_err();
            insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api/v2/signingCert could not be reached: connection refused");
            let fake = Fake::new(|_| Reply::never()).await;
            let error = Fulcio::new(&impatient(), &fake.url).unwrap().certify(REQUEST).await.unwrap_err();
            insta::assert_snapshot!(without_port(&error), @"Fulcio at http://HOST/api/v2/signingCert gave no answer within 0.3 s");
        });
    }
}
