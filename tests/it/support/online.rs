//! Signatures as gitsign's online mode made them: nothing is embedded, and the log has an entry about an object's id.

use super::{sandbox::Sandbox, sigstore::Sigstore};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    elliptic_curve::Generate as _,
    pkcs8::EncodePublicKey as _,
};
use paraph::internals::{
    certificate::Certificate,
    evidence::entry::{HashedRekord, TransparencyLogEntry},
    identity::IdentityToken,
    service::{
        Http, TimeLimits,
        fulcio::{CertificateRequest, Fulcio},
        rekor_v1::RekorV1,
    },
    signature::{
        armor,
        git::{GitSignatureParts, signed_attributes},
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Someone with a key and a certificate of a local Sigstore.
pub struct Signer {
    key: SigningKey,
    pub certificate: Certificate,
    log: String,
}

/// A signature over a payload.
pub struct Signature {
    pub armored: String,
    signed_attributes: Vec<u8>,
    value: Vec<u8>,
}

impl Signer {
    pub fn new(sigstore: &Sigstore, email: &str) -> Self {
        let token = IdentityToken::parse(&sigstore.token(email)).unwrap();
        let key = SigningKey::generate();
        let public_key = key.verifying_key().to_public_key_der().unwrap();
        let proof: DerSignature = key.sign(token.principal().as_bytes());
        let request = CertificateRequest { token: token.secret(), public_key: public_key.as_bytes(), proof: proof.as_bytes() };
        let chain = run(async { Fulcio::new(&http(), &sigstore.url).unwrap().certify(request).await.unwrap() });
        Self { key, certificate: Certificate::from_der(&chain[0]).unwrap(), log: sigstore.url.clone() }
    }

    /// The DER ECDSA signature over a text.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.key.sign(message);
        signature.as_bytes().to_vec()
    }

    /// The signature over a payload, without any evidence.
    pub fn signature(&self, payload: &[u8]) -> Signature {
        let now = jiff::Timestamp::now().as_second().unsigned_abs();
        let signed_attributes = signed_attributes(&Sha256::digest(payload).into(), now).unwrap();
        let value = self.sign(&signed_attributes);
        let parts = GitSignatureParts {
            certificate: self.certificate.der(),
            issuer: self.certificate.issuer(),
            serial: self.certificate.serial(),
            signed_attributes: &signed_attributes,
            signature: &value,
            entry: None,
            tokens: &[],
        };
        Signature { armored: armor::encode(&parts.to_der().unwrap()), signed_attributes, value }
    }

    /// Logs an object's id.
    pub fn log(&self, id: &str) -> TransparencyLogEntry {
        self.log_record(id.as_bytes(), &self.sign(id.as_bytes()))
    }

    /// Logs the signature itself, as where it is to be embedded.
    pub fn log_signature(&self, signature: &Signature) -> TransparencyLogEntry {
        self.log_record(&signature.signed_attributes, &signature.value)
    }

    fn log_record(&self, message: &[u8], signature: &[u8]) -> TransparencyLogEntry {
        let digest = Sha256::digest(message).into();
        let record = HashedRekord::of_certificate(&digest, signature, self.certificate.der(), self.certificate.public_key().details());
        run(async { RekorV1::new(&http(), &self.log).unwrap().create(&record).await.unwrap() })
    }
}

/// The id that git gives these bytes in a SHA-1 repository.
pub fn sha1_id(sandbox: &Sandbox, kind: &str, bytes: &[u8]) -> String {
    // outside of a repository git uses SHA-1
    let mut command = sandbox.command("git", &sandbox.root());
    let done = sandbox.feed(command.args(["hash-object", "-t", kind, "--literally", "--stdin"]), bytes);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    done.stdout.trim_end().to_owned()
}

/// The id under which Rekor knows an entry.
pub fn uuid(entry: &TransparencyLogEntry) -> String {
    hex::encode(Sha256::new().chain_update([0]).chain_update(&entry.canonicalized_body).finalize())
}

/// An entry as Rekor answers with it, under its id.
pub fn answer(entry: &TransparencyLogEntry) -> Value {
    let (proof, promise) = (entry.inclusion_proof.as_ref().unwrap(), entry.inclusion_promise.as_ref().unwrap());
    json!({ uuid(entry): {
        "body": STANDARD.encode(&entry.canonicalized_body),
        "integratedTime": entry.integrated_time,
        "logID": hex::encode(&entry.log_id.as_ref().unwrap().key_id),
        "logIndex": entry.log_index,
        "verification": {
            "inclusionProof": {
                "checkpoint": proof.checkpoint.as_ref().unwrap().envelope,
                "hashes": proof.hashes.iter().map(hex::encode).collect::<Vec<_>>(),
                "logIndex": proof.log_index,
                "rootHash": hex::encode(&proof.root_hash),
                "treeSize": proof.tree_size,
            },
            "signedEntryTimestamp": STANDARD.encode(&promise.signed_entry_timestamp),
        },
    } })
}

fn http() -> Http {
    Http::new(TimeLimits::default())
}

fn run<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(task)
}
