//! The Sigstore of the vectors: authorities, logs, and the trusted root that names them. All keys come from seeds.

use super::{
    certificate::{
        CODE_SIGNING, TIME_STAMPING, Template, authority_key_identifier, basic_constraints, extended_key_usage, key_usage, name, serial,
        subject_key_identifier,
    },
    key::Key,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::internals::{certificate::PublicKey, evidence::checkpoint::key_id};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// 2025-03-01T12:00:00Z: when the signatures are made.
pub const TIME: i64 = 1_740_830_400;
/// 2025-01-01T00:00:00Z: when the instance begins to exist.
pub const BEGIN: i64 = 1_735_689_600;
pub const BEGIN_TEXT: &str = "2025-01-01T00:00:00Z";
/// Ten years after [`BEGIN`].
pub const END: i64 = BEGIN + 10 * 365 * 86_400;

pub const SIGNER: &str = "alice@example.com";
pub const ISSUER: &str = "https://issuer.example";

/// A log: its key, its id, and the names on its checkpoints.
pub struct LogWorld {
    pub key: Key,
    pub id: [u8; 32],
    pub origin: &'static str,
    pub name: &'static str,
    pub url: &'static str,
}

/// A timestamp authority and its chain.
pub struct Tsa {
    pub key: Key,
    pub root_key: Key,
    pub template: Template,
    pub certificate: Vec<u8>,
    pub root: Vec<u8>,
}

pub struct World {
    pub root_key: Key,
    pub intermediate_key: Key,
    pub root: Vec<u8>,
    pub intermediate: Vec<u8>,
    pub intermediate_template: Template,
    pub ct: Key,
    pub rekor1: LogWorld,
    pub rekor2: LogWorld,
    pub tsa: Tsa,
    pub other_tsa: Tsa,
    /// The signer's key, and one that is not the signer's.
    pub signer: Key,
    pub other: Key,
    pub rsa: Key,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    pub fn new() -> Self {
        let (root_key, intermediate_key) = (Key::p384("fulcio root"), Key::p384("fulcio intermediate"));
        let root = root_template(&root_key, "fulcio root", 1).signed_by(&root_key);
        let intermediate_template = intermediate_template(&root_key, &intermediate_key);
        Self {
            intermediate: intermediate_template.signed_by(&root_key),
            intermediate_template,
            root,
            root_key,
            intermediate_key,
            ct: Key::p256("ct"),
            rekor1: log(Key::p256("rekor 1"), "rekor.example - 1193050959916656506", "rekor.example", "https://rekor.example"),
            rekor2: log(Key::ed25519("rekor 2"), "log2025.example", "log2025.example", "https://log2025.example"),
            tsa: tsa("timestamp authority"),
            other_tsa: tsa("second timestamp authority"),
            signer: Key::p256("signer"),
            other: Key::p256("somebody else"),
            rsa: Key::rsa(),
        }
    }

    /// The trusted root of most vectors.
    pub fn trusted_root(&self) -> Value {
        self.trusted_root_with(&[&self.intermediate, &self.root])
    }

    /// The trusted root with another chain of the certificate authority.
    pub fn trusted_root_with(&self, chain: &[&[u8]]) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log_json(&self.rekor1), log_json(&self.rekor2)],
            "certificateAuthorities": [authority_json("https://fulcio.example", chain)],
            "ctlogs": [log_json_of("https://ct.example", &self.ct, &Sha256::digest(self.ct.spki()).into())],
            "timestampAuthorities": [authority_json("https://timestamp.example", &[&self.tsa.certificate, &self.tsa.root])],
        })
    }
}

pub fn log(key: Key, origin: &'static str, name: &'static str, url: &'static str) -> LogWorld {
    let spki = key.spki();
    let id = key_id(name, &PublicKey::from_spki(&spki).unwrap(), &spki);
    LogWorld { key, id, origin, name, url }
}

pub fn log_json(log: &LogWorld) -> Value {
    log_json_of(log.url, &log.key, &log.id)
}

pub fn log_json_of(url: &str, key: &Key, id: &[u8; 32]) -> Value {
    json!({
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": { "rawBytes": STANDARD.encode(key.spki()), "keyDetails": key.details(), "validFor": { "start": BEGIN_TEXT } },
        "logId": { "keyId": STANDARD.encode(id) },
    })
}

pub fn authority_json(uri: &str, chain: &[&[u8]]) -> Value {
    json!({
        "subject": { "organization": "paraph vectors", "commonName": uri },
        "uri": uri,
        "certChain": { "certificates": chain.iter().map(|der| json!({ "rawBytes": STANDARD.encode(der) })).collect::<Vec<_>>() },
        "validFor": { "start": BEGIN_TEXT },
    })
}

pub fn root_template(key: &Key, common_name: &str, path_length: u8) -> Template {
    Template {
        serial: serial(common_name),
        issuer: name(common_name),
        not_before: BEGIN,
        not_after: END,
        subject: name(common_name),
        spki: key.spki(),
        extensions: vec![key_usage(&[5, 6]), basic_constraints(Some(path_length)), subject_key_identifier(key)],
    }
}

pub fn intermediate_template(root_key: &Key, key: &Key) -> Template {
    Template {
        serial: serial("fulcio intermediate"),
        issuer: name("fulcio root"),
        not_before: BEGIN,
        not_after: END,
        subject: name("fulcio intermediate"),
        spki: key.spki(),
        extensions: vec![
            key_usage(&[5, 6]),
            basic_constraints(Some(0)),
            extended_key_usage(false, &[CODE_SIGNING]),
            subject_key_identifier(key),
            authority_key_identifier(root_key),
        ],
    }
}

pub fn tsa(common_name: &str) -> Tsa {
    let root_name = format!("{common_name} root");
    let (root_key, key) = (Key::p384(&root_name), Key::p256(common_name));
    let template = Template {
        serial: serial(common_name),
        issuer: name(&root_name),
        not_before: BEGIN,
        not_after: END,
        subject: name(common_name),
        spki: key.spki(),
        extensions: vec![
            key_usage(&[0]),
            extended_key_usage(true, &[TIME_STAMPING]),
            subject_key_identifier(&key),
            authority_key_identifier(&root_key),
        ],
    };
    let root = root_template(&root_key, &root_name, 0).signed_by(&root_key);
    Tsa { certificate: template.signed_by(&root_key), root, template, root_key, key }
}
