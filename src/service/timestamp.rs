//! Timestamp authorities (RFC 3161 over HTTP): obtains a timestamp token for a signature.
//!
//! The format, status, nonce and imprint of the answer are checked here. The verifier checks the token's signature and its authority.

use super::{Body, Call, Cause, Http, Retry, Service, ServiceError, endpoint, quotable};
use crate::evidence::rfc3161::{MessageImprint, PkiStatus, TimeStampReq, TimeStampResp, TstInfo};
use const_oid::db::rfc5912::ID_SHA_256;
use der::{Any, Decode as _, Encode as _, asn1::Int, asn1::OctetString};
use reqwest::Method;
use sha2::{Digest as _, Sha256};
use spki::AlgorithmIdentifierOwned;

/// The largest answer that is read, in bytes: a token with a chain of RSA certificates has about 8,000.
const MAX_TOKEN: usize = 1 << 16;

/// A client of one timestamp authority.
#[derive(Debug, Clone)]
pub struct TimestampAuthority {
    http: Http,
    url: reqwest::Url,
}

impl TimestampAuthority {
    /// A client of the authority at exactly this `url`, such as `https://timestamp.sigstore.dev/api/v1/timestamp`.
    ///
    /// # Errors
    /// [`Cause::Address`].
    pub fn new(http: &Http, url: &str) -> Result<Self, ServiceError> {
        Ok(Self { http: http.clone(), url: endpoint(Service::TimestampAuthority, url, "")? })
    }

    /// A timestamp for the SHA-256 of `signature`: the TimeStampToken in DER, byte for byte, with the authority's certificate.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub async fn stamp(&self, signature: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let broken = |detail: String| ServiceError::new(Service::TimestampAuthority, self.url.as_str(), Cause::Client(detail));
        let query = query(signature, nonce().map_err(|error| broken(error.to_string()))?).map_err(|error| broken(error.to_string()))?;
        let body = query.to_der().map_err(|error| broken(error.to_string()))?;
        let call = Call {
            accept: Some("application/timestamp-reply"),
            body: Body::Of("application/timestamp-query", body.into()),
            max_answer: MAX_TOKEN,
            // a second token for the same signature does no harm
            retry: Retry::Safe,
            ..Call::new(Service::TimestampAuthority, Method::POST, self.url.clone())
        };
        let answer = self.http.send(&call).await?;
        if !answer.status.is_success() {
            return Err(answer.refused());
        }
        let response =
            TimeStampResp::from_der(&answer.body).map_err(|error| answer.malformed(format!("it is not a TimeStampResp: {error}")))?;
        if !matches!(response.status.status, PkiStatus::Granted | PkiStatus::GrantedWithMods) {
            return Err(answer.error(Cause::Unsupported(refusal(&response))));
        }
        let token = response.time_stamp_token.ok_or_else(|| answer.malformed("it grants a token but contains none"))?;
        let token = token.to_der().map_err(|error| answer.malformed(error.to_string()))?;
        let info = TstInfo::of_token(&token).map_err(|error| answer.malformed(format!("its token is not a timestamp token: {error}")))?;
        if info.nonce != query.nonce {
            return Err(answer.mismatch("the token has a different nonce"));
        }
        let (asked, stamped) = (&query.message_imprint, &info.message_imprint);
        // the parameters may be NULL or absent
        if asked.hash_algorithm.oid != stamped.hash_algorithm.oid || asked.hashed_message != stamped.hashed_message {
            return Err(answer.mismatch("the token is about another signature"));
        }
        Ok(token)
    }
}

fn query(signature: &[u8], nonce: Int) -> der::Result<TimeStampReq> {
    let hash_algorithm = AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: Some(Any::null()) };
    let message_imprint = MessageImprint { hash_algorithm, hashed_message: OctetString::new(Sha256::digest(signature).as_slice())? };
    Ok(TimeStampReq { version: 1, message_imprint, req_policy: None, nonce: Some(nonce), cert_req: true, extensions: None })
}

/// A random positive number of at most 63 bits, which every implementation supports.
fn nonce() -> Result<Int, Box<dyn std::error::Error>> {
    let number = getrandom::u64()? >> 1 | 1;
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
    let mut minimal = bytes.get(first..).unwrap_or_default().to_vec();
    if minimal.first().is_some_and(|byte| byte & 0x80 != 0) {
        minimal.insert(0, 0);
    }
    Ok(Int::new(&minimal)?)
}

fn refusal(response: &TimeStampResp) -> String {
    let status = &response.status;
    let mut words = vec![match status.status {
        PkiStatus::Waiting => "it has no token yet".to_owned(),
        _ => "it refuses a token".to_owned(),
    }];
    words.extend(status.failures().into_iter().map(str::to_owned));
    words.extend(status.status_string.iter().flatten().take(3).map(|text| quotable(text)));
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::rfc3161::PkiStatusInfo,
        service::testing::{Fake, Reply, body_of, impatient, nobody, patient, recorded, run, without_port},
    };
    use der::asn1::BitString;

    const SIGNATURE: &[u8] = b"a signature";

    async fn stamp(fake: &Fake) -> Result<Vec<u8>, ServiceError> {
        TimestampAuthority::new(&patient(), &format!("{}/api/v1/timestamp", fake.url)).unwrap().stamp(SIGNATURE).await
    }

    /// The real authority's answer, its TSTInfo changed as if it had been made for `query`.
    fn answer(query: &[u8], change: impl Fn(&mut TstInfo)) -> Vec<u8> {
        let query = TimeStampReq::from_der(query).unwrap();
        let template = TimeStampResp::from_der(&body_of(&recorded("tsa-granted")["response"])).unwrap();
        let token = template.time_stamp_token.unwrap().to_der().unwrap();
        let mut info = TstInfo::of_token(&token).unwrap();
        info.nonce = query.nonce;
        info.message_imprint = query.message_imprint;
        change(&mut info);
        let signed = cms::content_info::ContentInfo::from_der(&token).unwrap();
        let mut data: cms::signed_data::SignedData = signed.content.decode_as().unwrap();
        let content = OctetString::new(info.to_der().unwrap()).unwrap();
        data.encap_content_info.econtent = Some(Any::encode_from(&content).unwrap());
        let token = cms::content_info::ContentInfo { content_type: signed.content_type, content: Any::encode_from(&data).unwrap() };
        let token = Any::encode_from(&token).unwrap();
        TimeStampResp { status: template.status, time_stamp_token: Some(token) }.to_der().unwrap()
    }

    fn reply(body: Vec<u8>) -> Reply {
        Reply::new(200, body).header("content-type", "application/timestamp-reply")
    }

    #[test]
    fn a_token_comes_out_as_it_stands_in_the_answer() {
        run(async {
            let fake = Fake::new(|seen| reply(answer(&seen.body, |_| {}))).await;
            let token = stamp(&fake).await.unwrap();
            let seen = &fake.seen()[0];
            assert!(answer(&seen.body, |_| {}).ends_with(&token));
            assert_eq!(seen.headers["content-type"], "application/timestamp-query");
            let query = TimeStampReq::from_der(&seen.body).unwrap();
            assert!(query.cert_req);
            assert_eq!(query.message_imprint.hashed_message.as_bytes(), Sha256::digest(SIGNATURE).as_slice());
            assert!(query.nonce.unwrap().as_bytes().len() <= 8);
        });
    }

    #[test]
    fn each_query_has_a_nonce_of_its_own() {
        let nonces: std::collections::HashSet<_> = (0..100).map(|_| nonce().unwrap().as_bytes().to_vec()).collect();
        assert_eq!(nonces.len(), 100);
        assert!(nonces.iter().all(|bytes| bytes.len() <= 8 && bytes[0] & 0x80 == 0));
    }

    #[test]
    fn answers_about_something_else_are_refused() {
        run(async {
            let mut sentences = Vec::new();
            // the recorded answer was for another query
            let fake = Fake::new(|_| Reply::recorded("tsa-granted")).await;
            sentences.push(without_port(&stamp(&fake).await.unwrap_err()));
            let fake = Fake::new(|seen| reply(answer(&seen.body, |info| info.nonce = None))).await;
            sentences.push(without_port(&stamp(&fake).await.unwrap_err()));
            let fake = Fake::new(|seen| {
                reply(answer(&seen.body, |info| info.message_imprint.hashed_message = OctetString::new([7; 32]).unwrap()))
            })
            .await;
            sentences.push(without_port(&stamp(&fake).await.unwrap_err()));
            insta::assert_snapshot!(sentences.join("\n"), @r"
            the timestamp authority at http://HOST/api/v1/timestamp sent an answer that does not match the request: the token has a different nonce
            the timestamp authority at http://HOST/api/v1/timestamp sent an answer that does not match the request: the token has a different nonce
            the timestamp authority at http://HOST/api/v1/timestamp sent an answer that does not match the request: the token is about another signature
            ");
        });
    }

    #[test]
    fn refusals_are_told_in_the_authoritys_words() {
        run(async {
            let mut sentences = Vec::new();
            for name in ["tsa-sha1", "tsa-garbage", "tsa-get"] {
                let fake = Fake::new(move |_| Reply::recorded(name)).await;
                sentences.push(without_port(&stamp(&fake).await.unwrap_err()));
            }
            let status = PkiStatusInfo {
                status: PkiStatus::Rejection,
                status_string: Some(vec!["not\u{1b}now".into()]),
                fail_info: Some(BitString::new(6, [0, 0, 0, 0x40]).unwrap()),
            };
            let refusal = TimeStampResp { status, time_stamp_token: None }.to_der().unwrap();
            let fake = Fake::new(move |_| reply(refusal.clone())).await;
            sentences.push(without_port(&stamp(&fake).await.unwrap_err()));
            insta::assert_snapshot!(sentences.join("\n"), @r"
            the timestamp authority at http://HOST/api/v1/timestamp refused the request with 400 Bad Request: Weak hash algorithm in timestamp request
            the timestamp authority at http://HOST/api/v1/timestamp refused the request with 400 Bad Request: Error generating timestamp response
            the timestamp authority at http://HOST/api/v1/timestamp refused the request with 405 Method Not Allowed: method GET is not allowed, but [POST] are
            the timestamp authority at http://HOST/api/v1/timestamp sent an answer that is not accepted: it refuses a token: systemFailure: not\u{1b}now
            ");
        });
    }

    #[test]
    fn answers_that_are_no_tokens_are_refused() {
        run(async {
            let granted = PkiStatusInfo { status: PkiStatus::Granted, status_string: None, fail_info: None };
            let empty = TimeStampResp { status: granted.clone(), time_stamp_token: None }.to_der().unwrap();
            let null = TimeStampResp { status: granted, time_stamp_token: Some(Any::null()) }.to_der().unwrap();
            for body in [Vec::new(), b"nonsense".to_vec(), empty, null, [body_of(&recorded("tsa-granted")["response"]), vec![0]].concat()] {
                let fake = Fake::new(move |_| reply(body.clone())).await;
                let error = stamp(&fake).await.unwrap_err();
                assert!(matches!(error.cause(), Cause::Malformed(_)), "{error}");
            }
        });
    }

    #[test]
    fn an_authority_that_is_dead_or_slow_ends_with_its_name() {
        run(async {
            let error = TimestampAuthority::new(&impatient(), &nobody()).unwrap().stamp(SIGNATURE).await.unwrap_err();
            insta::assert_snapshot!(without_port(&error), @"the timestamp authority at http://HOST/ could not be reached: connection refused");
            let fake = Fake::new(|_| Reply::never()).await;
            let error = TimestampAuthority::new(&impatient(), &fake.url).unwrap().stamp(SIGNATURE).await.unwrap_err();
            insta::assert_snapshot!(without_port(&error), @"the timestamp authority at http://HOST/ gave no answer within 0.3 s");
        });
    }
}
