//! Who may log in: a program that proves its knowledge of the access code, or whoever has a login code from `paraph local code`.
//!
//! A login code is valid for two minutes and once. It is made from the access code without a call to the server: the time in milliseconds (6
//! bytes), 4 random bytes and an HMAC (10 bytes), in hexadecimal. Codes and nonces from before the server's start are refused, because another
//! program could have had the port then and seen them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{error::LocalError, keys::random, request::header_value};
use crate::identity::access_proof::{AccessKey, CLIENT_NONCE, CLIENT_PROOF, Exchange, MAX_NONCE, Role, SERVER_NONCE};

/// How long a login code is valid, in milliseconds.
const CODE_LIFETIME: i64 = 120_000;
/// How long a server's nonce is valid, in milliseconds.
const NONCE_LIFETIME: i64 = 60_000;
const CODE_PURPOSE: &str = "paraph local login code";
/// Time and random bytes of a login code, and its tag.
const CODE_HEAD: usize = 10;
const CODE_TAG: usize = 10;

/// Checks proofs and login codes, and remembers those that were used.
pub(super) struct Access {
    key: AccessKey,
    /// Drawn at each start, so that no nonce outlives the process.
    nonce_key: hmac::Key,
    /// When the server started, in milliseconds since the Unix epoch.
    started: i64,
    /// What was used, with the time from which it is invalid anyway.
    used: Mutex<HashMap<[u8; 32], i64>>,
}

/// A login code that was accepted, and will not be accepted again.
pub(super) struct TakenCode([u8; 32]);

/// What the server answers to a client's nonce.
pub(super) struct Challenge {
    /// The server's nonce.
    pub nonce: String,
    /// The server's proof.
    pub proof: String,
}

impl Access {
    /// The state of a server that starts now.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn new(access_code: &str, issuer: &str, now: Timestamp) -> Result<Self, LocalError> {
        Ok(Self {
            key: AccessKey::new(access_code, issuer),
            nonce_key: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()?),
            started: now.as_millisecond(),
            used: Mutex::default(),
        })
    }

    /// Answers the nonce of a client that is about to send this query; `None` if it sent none.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn challenge(&self, headers: &HeaderMap, query: &str, now: Timestamp) -> Result<Option<Challenge>, LocalError> {
        let Some(client_nonce) = client_nonce(headers) else { return Ok(None) };
        let head = [&now.as_millisecond().to_be_bytes()[..], &random::<16>()?].concat();
        let tag = self.nonce_tag(&head, client_nonce, query);
        let nonce = URL_SAFE_NO_PAD.encode([&head, tag.as_ref()].concat());
        let proof = self.key.prove(Role::Server, &Exchange { client_nonce, server_nonce: &nonce, query });
        Ok(Some(Challenge { nonce, proof }))
    }

    /// Whether the headers carry a client's proof, valid or not.
    pub(super) fn has_proof(headers: &HeaderMap) -> bool {
        headers.contains_key(CLIENT_PROOF)
    }

    /// Whether the headers prove that the client knows the access code, for this query. A proof works once.
    pub(super) fn accepts_proof(&self, headers: &HeaderMap, query: &str, now: Timestamp) -> bool {
        let (Some(client_nonce), Some(server_nonce), Some(proof)) =
            (client_nonce(headers), header_value(headers, SERVER_NONCE), header_value(headers, CLIENT_PROOF))
        else {
            return false;
        };
        let Some(issued) = self.nonce_time(server_nonce, client_nonce, query) else { return false };
        self.is_fresh(issued, NONCE_LIFETIME, now)
            && self.key.verify(Role::Client, &Exchange { client_nonce, server_nonce, query }, proof)
            && self.use_once(server_nonce.as_bytes(), issued + NONCE_LIFETIME, now).is_some()
    }

    /// Takes a login code; `None` if it is not one, has expired, or was taken before.
    pub(super) fn take_code(&self, code: &str, now: Timestamp) -> Option<TakenCode> {
        let bytes = hex::decode(code.trim()).ok().filter(|bytes| bytes.len() == CODE_HEAD + CODE_TAG)?;
        let (head, tag) = bytes.split_at_checked(CODE_HEAD)?;
        let expected = self.key.tag(CODE_PURPOSE, &[head]);
        verify_slices_are_equal(expected.as_ref().get(..CODE_TAG)?, tag).ok()?;
        let issued = head.first_chunk::<6>().map(|[a, b, c, d, e, f]| i64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]))?;
        if !self.is_fresh(issued, CODE_LIFETIME, now) {
            return None;
        }
        self.use_once(&bytes, issued + CODE_LIFETIME, now).map(TakenCode)
    }

    /// Makes a code valid again: its form had another fault.
    pub(super) fn give_back(&self, code: &TakenCode) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).remove(&code.0);
    }

    fn is_fresh(&self, issued: i64, lifetime: i64, now: Timestamp) -> bool {
        let age = now.as_millisecond() - issued;
        self.started <= issued && (0..lifetime).contains(&age)
    }

    fn use_once(&self, value: &[u8], expires: i64, now: Timestamp) -> Option<[u8; 32]> {
        let key: [u8; 32] = Sha256::digest(value).into();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, expires| now.as_millisecond() < *expires);
        used.insert(key, expires).is_none().then_some(key)
    }

    fn nonce_tag(&self, head: &[u8], client_nonce: &str, query: &str) -> hmac::Tag {
        // head and digest have fixed lengths
        hmac::sign(&self.nonce_key, &[head, &Sha256::digest(query), client_nonce.as_bytes()].concat())
    }

    /// When this server issued a nonce, if it did so for this client and query.
    fn nonce_time(&self, nonce: &str, client_nonce: &str, query: &str) -> Option<i64> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let (head, tag) = bytes.split_at_checked(24)?;
        verify_slices_are_equal(self.nonce_tag(head, client_nonce, query).as_ref(), tag).ok()?;
        head.first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes))
    }
}

fn client_nonce(headers: &HeaderMap) -> Option<&str> {
    header_value(headers, CLIENT_NONCE).filter(|nonce| (16..=MAX_NONCE).contains(&nonce.len()))
}

/// A login code of the issuer at this URL.
///
/// # Errors
/// [`LocalError::Crypto`].
pub(super) fn login_code(access_code: &str, issuer: &str, now: Timestamp) -> Result<String, LocalError> {
    let time = now.as_millisecond().to_be_bytes();
    let head = [time.get(2..).unwrap_or_default(), &random::<4>()?].concat();
    let tag = AccessKey::new(access_code, issuer).tag(CODE_PURPOSE, &[&head]);
    Ok(hex::encode([&head, tag.as_ref().get(..CODE_TAG).unwrap_or_default()].concat()))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::identity::access_proof::SERVER_PROOF;

    const ISSUER: &str = "http://127.0.0.1:1";

    fn at(seconds: i64) -> Timestamp {
        "2026-11-23T01:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
    }

    fn access(started: i64) -> Access {
        Access::new("the access code", ISSUER, at(started)).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    /// The headers of a client that completed the exchange.
    fn proven(access: &Access, query: &str, now: Timestamp) -> HeaderMap {
        let client_nonce = "0123456789abcdef";
        let asked = headers(&[(CLIENT_NONCE, client_nonce)]);
        let Challenge { nonce, proof } = access.challenge(&asked, query, now).unwrap().unwrap();
        let key = AccessKey::new("the access code", ISSUER);
        let exchange = Exchange { client_nonce, server_nonce: &nonce, query };
        assert!(key.verify(Role::Server, &exchange, &proof));
        headers(&[(CLIENT_NONCE, client_nonce), (SERVER_NONCE, &nonce), (CLIENT_PROOF, &key.prove(Role::Client, &exchange))])
    }

    #[test]
    fn a_login_code_works_once_within_two_minutes_and_not_across_a_start() {
        let code = login_code("the access code", ISSUER, at(0)).unwrap();
        for (started, now, accepted) in [(0, 0, true), (-5, 119, true), (0, 120, false), (0, -1, false), (1, 2, false)] {
            assert_eq!(access(started).take_code(&code, at(now)).is_some(), accepted, "{started} {now}");
        }
        let access = access(0);
        let taken = access.take_code(&format!(" {code}\n"), at(1)).unwrap();
        assert!(access.take_code(&code, at(2)).is_none());
        access.give_back(&taken);
        assert!(access.take_code(&code.to_uppercase(), at(3)).is_some());
    }

    #[test]
    fn changed_and_foreign_login_codes_are_refused() {
        let access = access(0);
        let code = login_code("the access code", ISSUER, at(0)).unwrap();
        for position in 0..code.len() {
            let mut changed = code.clone().into_bytes();
            changed[position] = if changed[position] == b'0' { b'1' } else { b'0' };
            assert!(access.take_code(std::str::from_utf8(&changed).unwrap(), at(1)).is_none());
        }
        let foreign =
            [login_code("another code", ISSUER, at(0)).unwrap(), login_code("the access code", "http://127.0.0.1:2", at(0)).unwrap()];
        for code in foreign.iter().map(String::as_str).chain(["", "the access code", &code[1..], &format!("{code}00")]) {
            assert!(access.take_code(code, at(1)).is_none(), "{code}");
        }
    }

    #[test]
    fn a_proof_works_once_for_its_query_within_a_minute_at_the_process_that_asked_for_it() {
        let access = access(0);
        let good = proven(&access, "q", at(1));
        assert!(!access.accepts_proof(&good, "another query", at(1)));
        assert!(!access.accepts_proof(&good, "q", at(61)));
        assert!(!super::tests::access(0).accepts_proof(&good, "q", at(1)), "a restart forgets its nonces");
        assert!(access.accepts_proof(&good, "q", at(2)));
        assert!(!access.accepts_proof(&good, "q", at(2)), "a proof works once");
    }

    #[test]
    fn the_servers_proof_is_no_clients_proof() {
        let access = access(0);
        let asked = headers(&[(CLIENT_NONCE, "0123456789abcdef")]);
        let Challenge { nonce, proof } = access.challenge(&asked, "q", at(0)).unwrap().unwrap();
        let reflected = headers(&[(CLIENT_NONCE, "0123456789abcdef"), (SERVER_NONCE, &nonce), (CLIENT_PROOF, &proof)]);
        assert!(!access.accepts_proof(&reflected, "q", at(0)));
        for bad in [headers(&[]), headers(&[(CLIENT_NONCE, "short")]), headers(&[(SERVER_PROOF, &proof)])] {
            assert!(access.challenge(&bad, "q", at(0)).unwrap().is_none() && !access.accepts_proof(&bad, "q", at(0)));
        }
    }
}
