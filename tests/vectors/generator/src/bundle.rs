//! A Sigstore bundle, built as a client builds it. Its JSON is changed afterwards, for one defect.

use super::{
    der::{integer, sequence},
    evidence::{Entry, Token},
    key::Key,
    world::World,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::internals::{
    bundle::Envelope,
    certificate::HashAlgorithm,
    evidence::entry::{EntryKind, EntryVerifier, EntryVersion, HashedRekord, TransparencyLogEntry},
    signature::pem,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Who signs a bundle, and which log records it.
pub struct BundleRecipe<'w> {
    pub key: &'w Key,
    /// The signer's certificate; none where the key signs by itself.
    pub certificate: Option<Vec<u8>>,
    pub entry: Entry<'w>,
    /// The kind of the entry for an envelope.
    pub envelope_kind: EntryKind,
    pub tokens: Vec<Token<'w>>,
}

impl World {
    /// A bundle by the signer's certificate with an entry of Rekor v1.
    pub fn bundle_v1(&self) -> BundleRecipe<'_> {
        BundleRecipe {
            key: &self.signer,
            certificate: Some(self.v1().certificate()),
            entry: Entry::v1(&self.rekor1),
            envelope_kind: EntryKind::DsseV001,
            tokens: Vec::new(),
        }
    }

    /// The same with an entry of Rekor v2 and a timestamp.
    pub fn bundle_v2(&self) -> BundleRecipe<'_> {
        BundleRecipe {
            entry: Entry::v2(&self.rekor2),
            envelope_kind: EntryKind::HashedRekord(EntryVersion::V002),
            tokens: vec![Token::of(&self.tsa)],
            ..self.bundle_v1()
        }
    }
}

impl<'w> BundleRecipe<'w> {
    /// The same, signed with another key.
    pub fn signed_with(self, world: &World, key: &'w Key) -> Self {
        let mut recipe = world.v1();
        recipe.leaf.spki = key.spki();
        Self { key, certificate: Some(recipe.certificate()), ..self }
    }

    /// The same without a certificate.
    pub fn by_key(self) -> Self {
        Self { certificate: None, ..self }
    }

    /// A bundle over a file.
    pub fn message(&self, file: &[u8]) -> Value {
        self.signature_of(file, &self.key.sign(file))
    }

    /// A bundle over a file with a signature from elsewhere.
    pub fn signature_of(&self, file: &[u8], signature: &[u8]) -> Value {
        let hash = self.key.hash();
        let digest = hash.digest(file);
        let body = self.hashed_rekord(hash, &digest, signature);
        let kind = EntryKind::HashedRekord(self.entry.version);
        let mut bundle = self.around(&body, kind, signature);
        bundle["messageSignature"] =
            json!({ "messageDigest": { "algorithm": hash.protobuf_name(), "digest": b64(&digest) }, "signature": b64(signature) });
        bundle
    }

    /// A bundle over an envelope.
    pub fn envelope(&self, payload_type: &str, payload: &[u8]) -> Value {
        let mut envelope = Envelope { payload_type: payload_type.into(), payload: payload.to_vec(), signature: Vec::new() };
        let signed = envelope.signed_bytes();
        envelope.signature = self.key.sign(&signed);
        let fields = json!({ "payload": b64(payload), "payloadType": payload_type, "signatures": [{ "sig": b64(&envelope.signature) }] });
        let body = match self.envelope_kind {
            EntryKind::DsseV001 => self.dsse(&envelope, &fields),
            EntryKind::IntotoV002 => self.intoto(&envelope, &fields),
            _ => self.hashed_rekord(self.key.hash(), &self.key.hash().digest(&signed), &envelope.signature),
        };
        let mut bundle = self.around(&body, self.envelope_kind, &envelope.signature);
        bundle["dsseEnvelope"] = fields;
        bundle
    }

    fn spki(&self) -> Vec<u8> {
        self.key.spki()
    }

    fn hashed_rekord(&self, hash: HashAlgorithm, digest: &[u8], signature: &[u8]) -> Vec<u8> {
        let spki = self.spki();
        let verifier = match &self.certificate {
            Some(certificate) => EntryVerifier::Certificate(certificate),
            None => EntryVerifier::PublicKey(&spki),
        };
        HashedRekord { hash, digest, signature, verifier, key_details: self.key.details() }.canonical_body(self.entry.version)
    }

    /// What verifies the signature, as Rekor v1 stores it.
    fn verifier_pem(&self) -> String {
        let text = match &self.certificate {
            Some(certificate) => pem("CERTIFICATE", certificate),
            None => pem("PUBLIC KEY", &self.spki()),
        };
        b64(text.as_bytes())
    }

    fn dsse(&self, envelope: &Envelope, fields: &Value) -> Vec<u8> {
        let spec = json!({
            "envelopeHash": sha256(fields.to_string().as_bytes()),
            "payloadHash": sha256(&envelope.payload),
            "signatures": [{ "signature": b64(&envelope.signature), "verifier": self.verifier_pem() }],
        });
        json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": spec }).to_string().into_bytes()
    }

    fn intoto(&self, envelope: &Envelope, fields: &Value) -> Vec<u8> {
        let twice = b64(b64(&envelope.signature).as_bytes());
        let logged = json!({ "payloadType": envelope.payload_type, "signatures": [{ "publicKey": self.verifier_pem(), "sig": twice }] });
        let content =
            json!({ "envelope": logged, "hash": sha256(fields.to_string().as_bytes()), "payloadHash": sha256(&envelope.payload) });
        json!({ "apiVersion": "0.0.2", "kind": "intoto", "spec": { "content": content } }).to_string().into_bytes()
    }

    /// The bundle without its content.
    fn around(&self, body: &[u8], kind: EntryKind, signature: &[u8]) -> Value {
        let entry = self.entry.entry_of(body, kind.kind_version());
        let tokens: Vec<Value> =
            self.tokens.iter().map(|token| json!({ "signedTimestamp": b64(&answer(&token.make(signature))) })).collect();
        let mut material = json!({ "tlogEntries": [entry_json(&entry, body)] });
        if !tokens.is_empty() {
            material["timestampVerificationData"] = json!({ "rfc3161Timestamps": tokens });
        }
        match &self.certificate {
            Some(certificate) => material["certificate"] = raw_bytes(certificate),
            None => material["publicKey"] = json!({ "hint": b64(&Sha256::digest(self.spki())) }),
        }
        json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material })
    }
}

impl Key {
    /// The hash of its signatures.
    fn hash(&self) -> HashAlgorithm {
        match self {
            Self::P384(_) => HashAlgorithm::Sha384,
            Self::P256(_) | Self::Rsa(_) => HashAlgorithm::Sha256,
            Self::Ed25519(_) => HashAlgorithm::Sha512,
        }
    }

    /// Its public key as a file.
    pub fn public_pem(&self) -> Vec<u8> {
        pem("PUBLIC KEY", &self.spki()).into_bytes()
    }
}

/// An entry with its body.
pub fn entry_json(entry: &TransparencyLogEntry, body: &[u8]) -> Value {
    let stated = entry.kind_version.clone().unwrap();
    let proof = entry.inclusion_proof.clone().unwrap();
    let mut fields = json!({
        "logIndex": entry.log_index.to_string(),
        "logId": { "keyId": b64(&entry.log_id.clone().unwrap().key_id) },
        "kindVersion": { "kind": stated.kind, "version": stated.version },
        "inclusionProof": {
            "logIndex": proof.log_index.to_string(),
            "rootHash": b64(&proof.root_hash),
            "treeSize": proof.tree_size.to_string(),
            "hashes": proof.hashes.iter().map(|hash| b64(hash)).collect::<Vec<_>>(),
            "checkpoint": { "envelope": proof.checkpoint.unwrap().envelope },
        },
        "canonicalizedBody": b64(body),
    });
    if let Some(promise) = &entry.inclusion_promise {
        fields["inclusionPromise"] = json!({ "signedEntryTimestamp": b64(&promise.signed_entry_timestamp) });
        fields["integratedTime"] = json!(entry.integrated_time.to_string());
    }
    fields
}

/// A hash in an entry of Rekor v1.
fn sha256(bytes: &[u8]) -> Value {
    json!({ "algorithm": "sha256", "value": hexadecimal(bytes) })
}

/// The SHA-256 digest of bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A token in the answer of its authority, with the status "granted".
fn answer(token: &[u8]) -> Vec<u8> {
    sequence(&[sequence(&[integer(&[0])]), token.to_vec()])
}

pub fn raw_bytes(der: &[u8]) -> Value {
    json!({ "rawBytes": b64(der) })
}

pub fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
