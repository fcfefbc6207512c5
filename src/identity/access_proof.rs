//! How paraph's client and a local issuer prove to each other that they know the access code. Neither sends it.
//!
//! | step | who | what |
//! | --- | --- | --- |
//! | 1 | client | the authorization request with [`CLIENT_NONCE`] |
//! | 2 | issuer | 401 with [`SERVER_NONCE`] and [`SERVER_PROOF`] |
//! | 3 | client | checks the issuer's proof; the same request with [`CLIENT_NONCE`], [`SERVER_NONCE`] and [`CLIENT_PROOF`] |
//!
//! A proof is an HMAC-SHA256 under a key from the access code. It covers who proves, the issuer's URL, both nonces and the request's query. The
//! server's nonce expires, works once, and is unknown to the issuer after a restart. So a program that took the issuer's port learns nothing: it
//! cannot complete step 2, and no message of the client is valid at the issuer.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The header with the client's nonce.
pub(crate) const CLIENT_NONCE: &str = "x-paraph-client-nonce";
/// The header with the server's nonce.
pub(crate) const SERVER_NONCE: &str = "x-paraph-server-nonce";
/// The header with the client's proof.
pub(crate) const CLIENT_PROOF: &str = "x-paraph-client-proof";
/// The header with the server's proof.
pub(crate) const SERVER_PROOF: &str = "x-paraph-server-proof";
/// The longest nonce that is accepted, in bytes.
pub(crate) const MAX_NONCE: usize = 128;

/// The key that both sides derive from the access code of one issuer.
pub(crate) struct AccessKey {
    key: hmac::Key,
    issuer: String,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Who proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The client that logs in.
    Client,
    /// The issuer.
    Server,
}

/// One exchange: what both proofs cover.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    /// The client's nonce, in base64url.
    pub client_nonce: &'a str,
    /// The server's nonce, in base64url.
    pub server_nonce: &'a str,
    /// The query of the authorization request.
    pub query: &'a str,
}

impl AccessKey {
    /// The key of the issuer at this URL.
    pub(crate) fn new(access_code: &str, issuer: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, access_code.as_bytes()), issuer: issuer.to_owned() }
    }

    /// The proof of one side, in base64url.
    pub(crate) fn prove(&self, role: Role, exchange: &Exchange<'_>) -> String {
        URL_SAFE_NO_PAD.encode(self.tag(purpose(role), &exchange.parts()))
    }

    /// Whether a proof is that of this side, in constant time.
    pub(crate) fn verify(&self, role: Role, exchange: &Exchange<'_>, proof: &str) -> bool {
        let Ok(proof) = URL_SAFE_NO_PAD.decode(proof) else { return false };
        hmac::verify(&self.key, &message(purpose(role), &self.issuer, &exchange.parts()), &proof).is_ok()
    }

    /// A tag for another purpose, over these parts.
    pub(crate) fn tag(&self, purpose: &str, parts: &[&[u8]]) -> hmac::Tag {
        hmac::sign(&self.key, &message(purpose, &self.issuer, parts))
    }
}

impl<'a> Exchange<'a> {
    fn parts(&self) -> [&'a [u8]; 3] {
        [self.client_nonce.as_bytes(), self.server_nonce.as_bytes(), self.query.as_bytes()]
    }
}

fn purpose(role: Role) -> &'static str {
    match role {
        Role::Client => "paraph local client",
        Role::Server => "paraph local server",
    }
}

/// Each part with its length, so that no two lists of parts have the same bytes.
fn message(purpose: &str, issuer: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::new();
    for part in [purpose.as_bytes(), issuer.as_bytes()].iter().chain(parts) {
        message.extend((part.len() as u64).to_be_bytes());
        message.extend(*part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_valid_for_its_role_issuer_code_and_exchange_alone() {
        let (key, exchange) = (AccessKey::new("code", "http://127.0.0.1:1"), Exchange { client_nonce: "c", server_nonce: "s", query: "q" });
        let proof = key.prove(Role::Client, &exchange);
        assert!(key.verify(Role::Client, &exchange, &proof));
        assert!(!key.verify(Role::Server, &exchange, &proof));
        for other in [AccessKey::new("codf", "http://127.0.0.1:1"), AccessKey::new("code", "http://127.0.0.1:2")] {
            assert!(!other.verify(Role::Client, &exchange, &proof));
        }
        let changed = [
            Exchange { client_nonce: "d", ..exchange },
            Exchange { server_nonce: "t", ..exchange },
            Exchange { query: "r", ..exchange },
            Exchange { client_nonce: "cs", server_nonce: "", query: "q" },
        ];
        for other in changed {
            assert!(!key.verify(Role::Client, &other, &proof), "{other:?}");
        }
        for broken in ["", "!", &proof[1..], &proof[..proof.len() - 2]] {
            assert!(!key.verify(Role::Client, &exchange, broken), "{broken}");
        }
    }
}
