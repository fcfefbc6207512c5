//! What the entries of the Rekor v1 log can be searched by. The index is built when somebody searches first, and is never stored.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::Document;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x509_cert::ext::pkix::{SubjectAltName, name::GeneralName};

use super::{error::LocalError, log::Log};
use crate::certificate::Certificate;

/// A key of the index.
pub(super) type SearchKey = [u8; 16];

/// The entries of the log by their search keys.
#[derive(Debug, Default)]
pub(super) struct SearchIndex {
    /// The number of entries of the log that are indexed.
    size: u64,
    entries: HashMap<SearchKey, Vec<u64>>,
}

impl SearchIndex {
    /// Indexes the entries that the log got since the last call.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn update(&mut self, log: &mut Log) -> Result<(), LocalError> {
        while self.size < log.size() {
            let index = self.size;
            for key in log.entry(index)?.map(|(_, body)| keys_of_body(&body)).unwrap_or_default() {
                self.entries.entry(key).or_default().push(index);
            }
            self.size += 1;
        }
        Ok(())
    }

    /// The indexes of the entries with this key.
    pub(super) fn find(&self, key: &SearchKey) -> impl Iterator<Item = u64> {
        self.entries.get(key).into_iter().flatten().copied()
    }
}

/// The key of a digest in lower-case hexadecimal.
pub(super) fn digest_key(hex: &str) -> SearchKey {
    search_key("hash", hex.as_bytes())
}

/// The key of a certificate in DER.
pub(super) fn certificate_key(der: &[u8]) -> SearchKey {
    search_key("certificate", der)
}

/// The key of an e-mail address in a certificate.
pub(super) fn email_key(address: &str) -> SearchKey {
    search_key("email", address.as_bytes())
}

fn search_key(kind: &str, value: &[u8]) -> SearchKey {
    let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(value).finalize();
    let mut key = SearchKey::default();
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    key
}

fn keys_of_body(body: &[u8]) -> Vec<SearchKey> {
    let mut keys = Vec::new();
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return keys };
    if let Some(digest) = value.pointer("/spec/data/hash/value").and_then(Value::as_str) {
        keys.push(digest_key(digest));
    }
    let certificate = value.pointer("/spec/signature/publicKey/content").and_then(Value::as_str);
    let certificate = certificate.and_then(|text| STANDARD.decode(text).ok()).and_then(|text| String::from_utf8(text).ok());
    if let Some(Ok((_, document))) = certificate.as_deref().map(Document::from_pem) {
        keys.push(certificate_key(document.as_bytes()));
        let names = Certificate::from_der(document.as_bytes())
            .ok()
            .and_then(|certificate| certificate.extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0));
        for name in names.unwrap_or_default() {
            if let GeneralName::Rfc822Name(address) = name {
                keys.push(email_key(address.as_str()));
            }
        }
    }
    keys
}
