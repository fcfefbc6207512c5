//! Log entries and timestamp tokens for a signature.

use super::{
    der::{octets, oid, sequence},
    key::Key,
    world::{LogWorld, TIME, Tsa},
};
use const_oid::db::rfc5912::ID_SHA_256;
use der::{
    Decode, Encode,
    asn1::{Int, ObjectIdentifier, OctetString},
};
use paraph::internals::{
    certificate::Certificate,
    evidence::{
        checkpoint::{checkpoint_text, signed_note},
        entry::{
            CheckpointEnvelope, EntryVersion, HashedRekord, InclusionPromise, InclusionProof, KindVersion, LogId, TransparencyLogEntry,
        },
        log::set_payload,
        rfc3161::{GenTime, ID_CT_TST_INFO, MessageImprint, TstInfo},
    },
    signature::cms::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, SignedDataParts, attribute, set_of, set_of_der},
};
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

/// A change to a value that is being built.
pub type Edit<T> = Option<Box<dyn Fn(&mut T)>>;

/// The index of an entry in its tree, and the size of the tree.
const INDEX: usize = 5;
const SIZE: usize = 8;
/// The number of entries in earlier shards.
const EARLIER: i64 = 1_000_000;

/// The content of a log entry.
#[derive(Clone)]
pub struct Record {
    pub digest: [u8; 32],
    pub signature: Vec<u8>,
    pub certificate: Vec<u8>,
    pub key_details: &'static str,
}

impl Record {
    pub fn body(&self, version: EntryVersion) -> Vec<u8> {
        let Self { digest, signature, certificate, key_details } = self;
        HashedRekord::of_certificate(digest, signature, certificate, key_details).canonical_body(version)
    }
}

/// The parts of an entry, with a place for one defect at each step.
pub struct Entry<'a> {
    pub log: &'a LogWorld,
    pub version: EntryVersion,
    /// The integrated time that the SET authenticates; none for Rekor v2.
    pub promised: Option<i64>,
    /// The key that signs the SET.
    pub promise_key: &'a Key,
    /// The key that signs the checkpoint. `name` is its name.
    pub checkpoint_key: &'a Key,
    pub name: String,
    pub key_id: [u8; 32],
    /// Changes before signing: to the logged record and to the text of the checkpoint.
    pub edit_record: Edit<Record>,
    pub edit_text: Edit<String>,
    /// Changes after signing: to the note and to the whole entry.
    pub edit_note: Edit<String>,
    pub edit: Edit<TransparencyLogEntry>,
    /// A change to the encoded entry.
    pub edit_encoded: Edit<Vec<u8>>,
}

impl<'a> Entry<'a> {
    pub fn v1(log: &'a LogWorld) -> Self {
        Self { promised: Some(TIME), ..Self::v2(log) }.with_version(EntryVersion::V001)
    }

    pub fn v2(log: &'a LogWorld) -> Self {
        Self {
            log,
            version: EntryVersion::V002,
            promised: None,
            promise_key: &log.key,
            checkpoint_key: &log.key,
            name: log.name.to_owned(),
            key_id: log.id,
            edit_record: None,
            edit_text: None,
            edit_note: None,
            edit: None,
            edit_encoded: None,
        }
    }

    fn with_version(self, version: EntryVersion) -> Self {
        Self { version, ..self }
    }

    /// The encoded entry of a signature, without its body.
    pub fn make(&self, record: &Record) -> Vec<u8> {
        let mut record = record.clone();
        apply(&self.edit_record, &mut record);
        let entry = self.entry_of(&record.body(self.version), self.version.kind_version());
        let mut encoded = prost::Message::encode_to_vec(&entry);
        apply(&self.edit_encoded, &mut encoded);
        encoded
    }

    /// The entry with this body, which it does not hold.
    pub fn entry_of(&self, body: &[u8], kind_version: KindVersion) -> TransparencyLogEntry {
        let (root, path) = inclusion(body);
        let mut text = checkpoint_text(self.log.origin, SIZE as u64, &root);
        apply(&self.edit_text, &mut text);
        let mut note = signed_note(&text, &self.name, &self.key_id, &self.checkpoint_key.sign(text.as_bytes()));
        apply(&self.edit_note, &mut note);
        // Rekor v2 counts within its shard
        let log_index = INDEX as i64 + if self.version == EntryVersion::V001 { EARLIER } else { 0 };
        let promise = self.promised.map(|time| InclusionPromise {
            signed_entry_timestamp: self.promise_key.sign(&set_payload(body, time, &self.log.id, log_index)),
        });
        let mut entry = TransparencyLogEntry {
            log_index,
            log_id: Some(LogId { key_id: self.log.id.to_vec() }),
            kind_version: Some(kind_version),
            integrated_time: self.promised.unwrap_or_default(),
            inclusion_promise: promise,
            inclusion_proof: Some(InclusionProof {
                log_index: INDEX as i64,
                root_hash: root.to_vec(),
                tree_size: SIZE as i64,
                hashes: path.iter().map(|hash| hash.to_vec()).collect(),
                checkpoint: Some(CheckpointEnvelope { envelope: note }),
            }),
            canonicalized_body: Vec::new(),
        };
        apply(&self.edit, &mut entry);
        entry
    }
}

pub fn apply<T>(edit: &Edit<T>, value: &mut T) {
    if let Some(edit) = edit {
        edit(value);
    }
}

/// The root of a tree that holds the body among others, and the inclusion path (RFC 6962, section 2.1).
fn inclusion(body: &[u8]) -> ([u8; 32], Vec<[u8; 32]>) {
    let leaf = |content: &[u8]| -> [u8; 32] { Sha256::new().chain_update([0]).chain_update(content).finalize().into() };
    let mut level: Vec<[u8; 32]> =
        (0..SIZE).map(|index| if index == INDEX { leaf(body) } else { leaf(format!("leaf {index}").as_bytes()) }).collect();
    let (mut index, mut path) = (INDEX, Vec::new());
    while level.len() > 1 {
        path.push(level[index ^ 1]);
        level = level
            .chunks(2)
            .map(|pair| Sha256::new().chain_update([1]).chain_update(pair[0]).chain_update(pair[1]).finalize().into())
            .collect();
        index /= 2;
    }
    (level[0], path)
}

/// The parts of a timestamp token, with a place for one defect at each step.
pub struct Token<'a> {
    /// The authority's certificate.
    pub certificate: Vec<u8>,
    pub key: &'a Key,
    pub time: i64,
    /// Whether the token contains the certificate.
    pub carries: bool,
    /// The bytes that are timestamped, if they are not the signature.
    pub stamped: Option<Vec<u8>>,
    pub edit_info: Edit<TstInfo>,
    pub edit_attributes: Edit<Vec<Vec<u8>>>,
    pub edit_signature: Edit<Vec<u8>>,
    pub edit: Edit<Vec<u8>>,
}

impl<'a> Token<'a> {
    pub fn of(tsa: &'a Tsa) -> Self {
        Self {
            certificate: tsa.certificate.clone(),
            key: &tsa.key,
            time: TIME,
            carries: true,
            stamped: None,
            edit_info: None,
            edit_attributes: None,
            edit_signature: None,
            edit: None,
        }
    }

    pub fn make(&self, signature: &[u8]) -> Vec<u8> {
        let stamped = self.stamped.as_deref().unwrap_or(signature);
        let certificate = Certificate::from_der(&self.certificate).unwrap();
        let mut info = TstInfo {
            version: 1,
            policy: ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2"),
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: None },
                hashed_message: OctetString::new(Sha256::digest(stamped).as_slice()).unwrap(),
            },
            serial_number: Int::new(&[1]).unwrap(),
            gen_time: GenTime::new(self.time, 0).unwrap(),
            accuracy: None,
            ordering: false,
            nonce: None,
            tsa: None,
            extensions: None,
        };
        apply(&self.edit_info, &mut info);
        let info = info.to_der().unwrap();
        let named = sequence(&[sequence(&[sequence(&[octets(&certificate.fingerprint())])])]);
        let mut attributes = vec![
            attribute(ID_CONTENT_TYPE, &ID_CT_TST_INFO.to_der().unwrap()).unwrap(),
            attribute(ID_MESSAGE_DIGEST, &octets(&Sha256::digest(&info))).unwrap(),
            attribute(ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47"), &named).unwrap(),
        ];
        apply(&self.edit_attributes, &mut attributes);
        let signed_attributes = set_of_der(attributes).unwrap();
        let mut signature = self.key.sign(&signed_attributes);
        apply(&self.edit_signature, &mut signature);
        let certificates: &[&[u8]] = if self.carries { &[&self.certificate] } else { &[] };
        let mut token = SignedDataParts {
            version: 3,
            content_type: ID_CT_TST_INFO,
            content: Some(&info),
            certificates,
            issuer: certificate.issuer(),
            serial: certificate.serial(),
            digest_algorithm: AlgorithmIdentifierRef { oid: ID_SHA_256, parameters: None },
            signed_attributes: &signed_attributes,
            signature_algorithm: AlgorithmIdentifierRef::from_der(&self.key.signature_algorithm()).unwrap(),
            signature: &signature,
            unsigned_attributes: Vec::new(),
        }
        .to_der()
        .unwrap();
        apply(&self.edit, &mut token);
        token
    }
}

/// An unsigned attribute with these values.
pub fn unsigned_attribute(oid_text: &str, values: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[oid(oid_text), super::der::tlv(0x31, &set_of(values.to_vec()))])
}
