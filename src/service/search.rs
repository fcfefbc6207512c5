//! Rekor v1's search: finds the entries about a digest and a certificate, for signatures without an embedded entry.
//!
//! The result of a search is not evidence: each entry is fetched by its id, which is the hash of its body, and the verifier checks it. An answer
//! that is invalid or about something else is an error, never a missing entry.

use super::{
    Answer, Call, Http, Service, ServiceError, endpoint,
    rekor_v1::{is_id, read_entry},
};
use crate::evidence::{detached::MAX_DETACHED, entry::TransparencyLogEntry};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use std::collections::BTreeMap;

/// The largest list of ids that is read, in bytes: several hundred ids.
const MAX_LIST: usize = 64 << 10;
/// The largest entry that is read, in bytes: one of a search has about 6,000.
const MAX_ENTRY: usize = 256 << 10;

/// Asks the logs, one after the other, for entries about one of the digests with this certificate. Returns the entries about the first digest
/// that has some; an empty list if there are none.
///
/// # Errors
/// A [`ServiceError`] if nothing was found and a log failed.
pub(crate) async fn look_up(
    http: &Http,
    logs: &[String],
    digests: &[[u8; 32]],
    certificate: &[u8],
) -> Result<Vec<TransparencyLogEntry>, ServiceError> {
    let http = http.bounded();
    let mut failure = None;
    for log in logs {
        match RekorSearch::new(&http, log)?.first_of(digests, certificate).await {
            Ok(entries) if entries.is_empty() => {}
            Ok(entries) => return Ok(entries),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(Vec::new()), Err)
}

/// A client of one log's search.
struct RekorSearch {
    http: Http,
    index: reqwest::Url,
    entries: reqwest::Url,
}

impl RekorSearch {
    fn new(http: &Http, base: &str) -> Result<Self, ServiceError> {
        let at = |path| endpoint(Service::RekorV1, base, path);
        Ok(Self { http: http.clone(), index: at("api/v1/index/retrieve")?, entries: at("api/v1/log/entries")? })
    }

    async fn first_of(&self, digests: &[[u8; 32]], certificate: &[u8]) -> Result<Vec<TransparencyLogEntry>, ServiceError> {
        for digest in digests {
            let entries = self.find(digest, certificate).await?;
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
        Ok(Vec::new())
    }

    /// The entries about a digest with a certificate. It is an error if the log lists entries and returns none of them.
    async fn find(&self, digest: &[u8; 32], certificate: &[u8]) -> Result<Vec<TransparencyLogEntry>, ServiceError> {
        let (mut entries, mut failure) = (Vec::new(), None);
        for id in self.search(digest, certificate).await? {
            match self.fetch(&id).await {
                Ok(entry) => entries.push(entry),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if entries.is_empty() => Err(error),
            _ => Ok(entries),
        }
    }

    /// The ids in the log's index, each leaf once.
    async fn search(&self, digest: &[u8; 32], certificate: &[u8]) -> Result<Vec<String>, ServiceError> {
        let certificate = STANDARD.encode(crate::signature::pem("CERTIFICATE", certificate));
        let query = json!({
            "hash": format!("sha256:{}", hex::encode(digest)),
            "publicKey": { "format": "x509", "content": certificate },
            "operator": "and",
        });
        let call = Call { max_answer: MAX_LIST, ..Call::post_json(Service::RekorV1, self.index.clone(), &query) };
        let answer = self.http.send(&call).await?;
        if answer.status != 200 {
            return Err(answer.refused());
        }
        // with some storage backends, the real server sends null for an empty list
        let ids = answer.json::<Option<Vec<String>>>()?.unwrap_or_default();
        if !ids.iter().all(|id| is_id(id)) {
            return Err(answer.malformed("it contains invalid entry ids"));
        }
        // the same leaf may be listed with and without its shard
        let leaves: BTreeMap<String, String> = ids.into_iter().map(|id| (leaf_of(&id), id)).collect();
        if leaves.len() > MAX_DETACHED {
            return Err(answer.malformed(format!("it lists {} entries; at most {MAX_DETACHED} are fetched", leaves.len())));
        }
        Ok(leaves.into_values().collect())
    }

    async fn fetch(&self, id: &str) -> Result<TransparencyLogEntry, ServiceError> {
        let mut url = self.entries.clone();
        url.set_path(&format!("{}/{id}", url.path()));
        let call = Call { accept: Some("application/json"), max_answer: MAX_ENTRY, ..Call::get(Service::RekorV1, url) };
        let answer: Answer = self.http.send(&call).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Err(answer.mismatch("its search lists this entry, but the log does not have it")),
            _ => return Err(answer.refused()),
        }
        let (given, entry) = read_entry(&answer, &|_| true)?;
        match leaf_of(&given) == leaf_of(id) {
            true => Ok(entry),
            false => Err(answer.mismatch("the entry has a different id than the requested one")),
        }
    }
}

/// The leaf hash in an id, without the shard before it.
fn leaf_of(id: &str) -> String {
    id.get(id.len().saturating_sub(64)..).unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        Cause,
        testing::{Fake, Reply, body_of, impatient, nobody, patient, recorded, run, without_port},
    };
    use serde_json::Value;

    const DIGEST: [u8; 32] = [7; 32];
    const CERTIFICATE: &[u8] = b"certificate";

    /// The recorded entry and its id.
    fn entry() -> (String, Value) {
        let answer: Value = serde_json::from_slice(&body_of(&recorded("rekor-v1-entry")["response"])).unwrap();
        let (id, entry) = answer.as_object().unwrap().iter().next().unwrap();
        (id.clone(), entry.clone())
    }

    async fn find(http: &Http, url: &str) -> Result<Vec<TransparencyLogEntry>, ServiceError> {
        look_up(http, &[url.to_owned()], &[DIGEST], CERTIFICATE).await
    }

    /// A log whose search gives this list, and whose entries are answered by `entry`.
    async fn log(list: Value, entry: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Fake {
        Fake::new(move |seen| match seen.method.as_str() {
            "POST" => Reply::json(200, &list),
            _ => entry(seen.path.rsplit('/').next().unwrap()),
        })
        .await
    }

    #[test]
    fn the_real_logs_entry_is_found() {
        run(async {
            let fake = log(serde_json::from_slice(&body_of(&recorded("rekor-v1-index-two-keys")["response"])).unwrap(), |_| {
                Reply::recorded("rekor-v1-entry-by-leaf")
            })
            .await;
            let entries = find(&patient(), &fake.url).await.unwrap();
            assert_eq!(entries.len(), 1);
            let seen = fake.seen();
            assert_eq!(seen[0].path, "/api/v1/index/retrieve");
            let query = seen[0].json();
            assert_eq!(query["hash"], format!("sha256:{}", "07".repeat(32)));
            assert_eq!((&query["operator"], &query["publicKey"]["format"]), (&json!("and"), &json!("x509")));
            let pem = STANDARD.decode(query["publicKey"]["content"].as_str().unwrap()).unwrap();
            assert!(pem.starts_with(b"-----BEGIN CERTIFICATE-----\n"));
            assert!(seen[1].path.starts_with("/api/v1/log/entries/40a8f0c5"), "{}", seen[1].path);
            assert_eq!(seen.len(), 2);
        });
    }

    #[test]
    fn what_the_log_does_not_have_is_no_error() {
        run(async {
            for answer in [body_of(&recorded("rekor-v1-index-nothing-found")["response"]), b"null".to_vec(), b"[]".to_vec()] {
                let fake = Fake::new(move |_| Reply::new(200, answer.clone()).header("content-type", "application/json")).await;
                let entries = look_up(&patient(), std::slice::from_ref(&fake.url), &[DIGEST, [8; 32]], CERTIFICATE).await.unwrap();
                assert_eq!(entries, []);
                assert_eq!(fake.seen().len(), 2, "one search a digest");
            }
            assert_eq!(look_up(&patient(), &[], &[DIGEST], CERTIFICATE).await.unwrap(), []);
        });
    }

    #[test]
    fn a_second_log_is_asked_where_the_first_has_nothing_or_fails() {
        run(async {
            let empty = Fake::new(|_| Reply::json(200, &json!([]))).await;
            let broken = Fake::new(|_| Reply::new(500, "")).await;
            let (id, _) = entry();
            let good = log(json!([id]), |_| Reply::recorded("rekor-v1-entry")).await;
            for first in [&empty, &broken] {
                let entries = look_up(&patient(), &[first.url.clone(), good.url.clone()], &[DIGEST], CERTIFICATE).await.unwrap();
                assert_eq!(entries.len(), 1);
            }
            let error = look_up(&patient(), &[broken.url.clone(), empty.url.clone()], &[DIGEST], CERTIFICATE).await.unwrap_err();
            assert!(error.to_string().contains("500"), "{error}");
        });
    }

    #[test]
    fn one_good_entry_is_enough_beside_one_that_the_log_does_not_have() {
        run(async {
            let (id, _) = entry();
            let (known, unknown) = (id.clone(), "0".repeat(80));
            let fake = log(json!([unknown, id]), move |asked| match asked == known {
                true => Reply::recorded("rekor-v1-entry"),
                false => Reply::recorded("rekor-v1-entry-unknown"),
            })
            .await;
            assert_eq!(find(&patient(), &fake.url).await.unwrap().len(), 1);
        });
    }

    #[test]
    fn an_entry_that_is_named_twice_is_fetched_once() {
        run(async {
            let (id, _) = entry();
            let fake = log(json!([id, id, id[16..].to_owned(), id.to_uppercase()]), |_| Reply::recorded("rekor-v1-entry")).await;
            assert_eq!(find(&patient(), &fake.url).await.unwrap().len(), 1);
            assert_eq!(fake.seen().len(), 2);
        });
    }

    #[test]
    fn a_log_that_answers_wrongly_is_found_out() {
        let (id, good) = entry();
        let ids = |count: usize| json!((0..count).map(|number| format!("{number:064x}")).collect::<Vec<_>>());
        let other = json!({ "ab".repeat(40): good });
        let two = json!({ id.clone(): good, "ab".repeat(40): good });
        for (list, answer, expected) in [
            (ids(17), json!({}), "it lists 17 entries; at most 16 are fetched"),
            (ids(5000), json!({}), "sent an answer of more than 65536 bytes"),
            (json!(["../../../x"]), json!({}), "it contains invalid entry ids"),
            (json!({ "ids": [] }), json!({}), "invalid type: map"),
            (json!([id]), json!({}), "it does not contain exactly one entry"),
            (json!([id]), two, "it does not contain exactly one entry"),
            (json!([id]), other, "the entry's id is not the hash of its body"),
            (json!(["ab".repeat(40)]), json!({ id.clone(): good }), "the entry has a different id than the requested one"),
            (json!([id]), json!({ id.clone(): { "body": "x".repeat(300_000) } }), "sent an answer of more than 262144 bytes"),
        ] {
            run(async {
                let fake = log(list, move |_| Reply::json(200, &answer)).await;
                let error = find(&patient(), &fake.url).await.unwrap_err();
                assert!(matches!(error.cause(), Cause::Malformed(_) | Cause::Mismatch(_) | Cause::TooLarge(_)), "{error}");
                assert!(error.to_string().contains(expected), "{expected}: {error}");
            });
        }
    }

    #[test]
    fn a_log_that_does_not_answer_is_told_as_such() {
        run(async {
            let unknown = log(json!(["ab".repeat(40)]), |_| Reply::recorded("rekor-v1-entry-unknown")).await;
            let refusing = Fake::new(|_| Reply::new(404, "")).await;
            let silent = Fake::new(|_| Reply::never()).await;
            let patient = patient();
            let messages = [
                without_port(&find(&patient, &unknown.url).await.unwrap_err()).replace(&"ab".repeat(40), "ID"),
                without_port(&find(&patient, &refusing.url).await.unwrap_err()),
                without_port(&find(&impatient(), &silent.url).await.unwrap_err()),
                without_port(&find(&impatient(), &nobody()).await.unwrap_err()),
                without_port(&find(&patient, "ftp://log.test").await.unwrap_err()),
            ];
            insta::assert_snapshot!(messages.join("\n"), @r"
            Rekor v1 at http://HOST/api/v1/log/entries/ID sent an answer that does not match the request: its search lists this entry, but the log does not have it
            Rekor v1 at http://HOST/api/v1/index/retrieve refused the request with 404 Not Found
            Rekor v1 at http://HOST/api/v1/index/retrieve gave no answer within 0.3 s
            Rekor v1 at http://HOST/api/v1/index/retrieve could not be reached: connection refused
            Rekor v1 at ftp://log.test/ cannot be called: its scheme is not http or https
            ");
        });
    }
}
