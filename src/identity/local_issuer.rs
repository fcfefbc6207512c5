//! The client's side of the proof at paraph's local issuer: see [`access_proof`](super::access_proof).

use super::{
    access_proof::{AccessKey, CLIENT_NONCE, CLIENT_PROOF, Exchange, MAX_NONCE, Role, SERVER_NONCE, SERVER_PROOF},
    error::LoginError,
};
use crate::service::{Answer, Call, Http, Service, is_loopback, quotable};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

/// Paraph's local issuer, whose access code this program knows.
#[derive(Clone, Copy)]
pub(super) struct LocalIssuer<'a> {
    pub(super) http: &'a Http,
    /// The issuer's URL as it is configured.
    pub(super) issuer: &'a str,
    pub(super) access_code: &'a str,
}

/// An exchange in which the issuer has proved that it knows the access code.
pub(super) struct Challenge {
    key: AccessKey,
    client_nonce: String,
    server_nonce: String,
    query: String,
}

impl LocalIssuer<'_> {
    /// Checks that the program at the issuer's address knows the access code, before a token is sent there.
    ///
    /// # Errors
    /// [`LoginError::AccessCode`] if it does not, [`LoginError::NotLocal`], or a failure of the call.
    pub(super) async fn check(&self) -> Result<(), LoginError> {
        let not_local = || LoginError::NotLocal(quotable(self.issuer));
        let mut url = Url::parse(self.issuer).ok().filter(is_loopback).ok_or_else(not_local)?;
        url.path_segments_mut().map_err(|()| not_local())?.pop_if_empty().push("auth");
        self.challenge(&url).await.map(|_| ())
    }

    /// Asks the issuer for its proof for the authorization request `url`.
    ///
    /// # Errors
    /// [`LoginError::AccessCode`] if the proof is missing or wrong, or a failure of the call.
    pub(super) async fn challenge(&self, url: &Url) -> Result<Challenge, LoginError> {
        let mut nonce = [0; 32];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| LoginError::AccessCode)?;
        let client_nonce = URL_SAFE_NO_PAD.encode(nonce);
        let call = Call {
            headers: vec![header(CLIENT_NONCE, &client_nonce)?],
            takes_redirect: true,
            ..Call::get(Service::IdentityProvider, url.clone())
        };
        let answer = self.http.send(&call).await?;
        // an issuer that fails is not an impostor
        if answer.status.is_server_error() {
            return Err(answer.refused().into());
        }
        let server_nonce = value(&answer, SERVER_NONCE).filter(|nonce| nonce.len() <= MAX_NONCE).ok_or(LoginError::AccessCode)?.to_owned();
        let proof = value(&answer, SERVER_PROOF).ok_or(LoginError::AccessCode)?;
        let key = AccessKey::new(self.access_code, self.issuer);
        let challenge = Challenge { key, client_nonce, server_nonce, query: url.query().unwrap_or_default().to_owned() };
        if !challenge.key.verify(Role::Server, &challenge.exchange(), proof) {
            return Err(LoginError::AccessCode);
        }
        Ok(challenge)
    }
}

impl Challenge {
    /// The headers that prove this client's knowledge of the access code.
    ///
    /// # Errors
    /// None: all values are base64url.
    pub(super) fn proof(&self) -> Result<Vec<(HeaderName, HeaderValue)>, LoginError> {
        let mut proof = header(CLIENT_PROOF, &self.key.prove(Role::Client, &self.exchange()))?;
        proof.1.set_sensitive(true);
        Ok(vec![header(CLIENT_NONCE, &self.client_nonce)?, header(SERVER_NONCE, &self.server_nonce)?, proof])
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange { client_nonce: &self.client_nonce, server_nonce: &self.server_nonce, query: &self.query }
    }
}

fn header(name: &'static str, value: &str) -> Result<(HeaderName, HeaderValue), LoginError> {
    let value = HeaderValue::from_str(value).map_err(|_| LoginError::AccessCode)?;
    Ok((HeaderName::from_static(name), value))
}

fn value<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}
