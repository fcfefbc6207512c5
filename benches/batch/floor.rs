//! What no verifier can leave out, each operation by itself: the checks of signatures with the fastest library at hand, their keys set up
//! beforehand where one key makes many, the inclusion proof, and one reading of the object with one parsing of its parts.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ParsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Decode, Encode};
use paraph::{
    internals::{
        certificate::{Certificate, KeyKind, PublicKey, Sct, x509::CertificateFields},
        evidence::{
            entry::{EntryVersion, HashedRekord, TransparencyLogEntry},
            log::{parse_entry, set_payload},
        },
        signature::{GitSignature, armor, cms::SignedData},
    },
    object::{Commit, ObjectFormat},
    trust::{Instance, TrustRoot},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sigstore_merkle::{hash_leaf, verify_inclusion_proof};
use sigstore_types::Sha256Hash;
use std::{collections::HashMap, hint::black_box, path::Path, time::Instant};

/// Objects that are measured, and how often.
pub const SAMPLE: usize = 300;
const ROUNDS: usize = 3;
/// The length of an uncompressed point on P-384.
const P384: usize = 97;

/// The time of each operation, in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Floor {
    /// The CMS signature, its key set up for it alone.
    pub signature: f64,
    /// The certificate's signature by the intermediate.
    pub certificate: f64,
    pub sct: f64,
    pub promise: f64,
    pub checkpoint: f64,
    /// Leaf hash and path.
    pub inclusion: f64,
    /// The object out of the pack, and its id.
    pub reading: f64,
    /// Headers, armor, CMS, certificate, entry.
    pub parsing: f64,
}

impl Floor {
    /// For one signature, where this share of the signatures brings a certificate that was not seen before.
    pub fn total(&self, new_certificates: f64) -> f64 {
        self.signature
            + new_certificates * (self.certificate + self.sct)
            + self.promise
            + self.checkpoint
            + self.inclusion
            + self.reading
            + self.parsing
    }

    /// The five checks of signatures.
    pub fn cryptography(&self) -> f64 {
        self.signature + self.certificate + self.sct + self.promise + self.checkpoint
    }
}

impl From<[f64; 8]> for Floor {
    fn from([signature, certificate, sct, promise, checkpoint, inclusion, reading, parsing]: [f64; 8]) -> Self {
        Self { signature, certificate, sct, promise, checkpoint, inclusion, reading, parsing }
    }
}

/// The floor by the clock on the wall, and by the processor's: where others use the machine, the second still tells.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Times {
    pub wall: Floor,
    pub processor: Floor,
}

impl Times {
    pub fn mean(all: &[Self]) -> Self {
        let mean = |clock: fn(&Self) -> Floor| {
            let fields = |floor: Floor| {
                let Floor { signature, certificate, sct, promise, checkpoint, inclusion, reading, parsing } = floor;
                [signature, certificate, sct, promise, checkpoint, inclusion, reading, parsing]
            };
            let all: Vec<[f64; 8]> = all.iter().map(clock).map(fields).collect();
            Floor::from(std::array::from_fn(|field| all.iter().map(|fields| fields[field]).sum::<f64>() / all.len() as f64))
        };
        Self { wall: mean(|times| times.wall), processor: mean(|times| times.processor) }
    }
}

pub struct Check {
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

pub struct Parts {
    signature: Check,
    certificate: Check,
    sct: Check,
    promise: Check,
    checkpoint: Check,
    body: Vec<u8>,
    entry: TransparencyLogEntry,
}

/// What one signature's parts are read from.
pub struct Material<'a> {
    pub certificate: Certificate,
    pub signed: Vec<u8>,
    pub signature: &'a [u8],
    pub entry: TransparencyLogEntry,
    pub body: Vec<u8>,
}

/// Measures the floor over the signatures of a repository that verify, on so many threads at once.
pub fn measure(repository: &Path, trusted_root: &Path, threads: usize) -> Times {
    let root = TrustRoot::from_json(&std::fs::read(trusted_root).unwrap(), Instance::Custom, "the set's").unwrap();
    let objects = objects(repository);
    let parts: Vec<Parts> = objects.iter().filter_map(|(_, bytes)| Parts::of(bytes, &root)).collect();
    assert!(!parts.is_empty(), "no signature of {} can be measured", repository.display());
    on_threads(threads, || {
        let repository = gix::open(repository).unwrap();
        let reading = each(&objects, |(id, _)| {
            let object = repository.find_object(*id).unwrap();
            assert_eq!(gix::objs::compute_hash(id.kind(), object.kind, &object.data).unwrap(), *id);
        });
        let parsing = each(&objects, |(_, bytes)| {
            let Ok(commit) = Commit::parse(bytes, ObjectFormat::Sha1) else { return };
            let Ok(cms) = armor::decode(&commit.signed.signature) else { return };
            let signature = GitSignature::new(SignedData::from_der(&cms).unwrap()).unwrap();
            black_box(Certificate::from_der(signature.certificates[0]).unwrap());
            black_box(parse_entry(signature.evidence.entry.unwrap()).unwrap());
        });
        times(&parts, reading, parsing)
    })
}

/// The mean of what so many threads measure at once.
pub fn on_threads(threads: usize, measure: impl Fn() -> Times + Sync) -> Times {
    let floors: Vec<Times> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(&measure)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    Times::mean(&floors)
}

/// The floor of signatures with these parts. Reading and parsing are measured by the caller, by both clocks.
pub fn times(parts: &[Parts], reading: (f64, f64), parsing: (f64, f64)) -> Times {
    let parsed =
        |key: &[u8]| ParsedPublicKey::new(if key.len() == P384 { &ECDSA_P384_SHA384_ASN1 } else { &ECDSA_P256_SHA256_ASN1 }, key).unwrap();
    let shared = parts.iter().flat_map(|part| [&part.certificate, &part.sct, &part.promise, &part.checkpoint]);
    let shared: HashMap<&[u8], ParsedPublicKey> = shared.map(|check| (check.key.as_slice(), parsed(&check.key))).collect();
    let fits = |check: &Check| shared[check.key.as_slice()].verify_sig(&check.message, &check.signature).unwrap();
    let measured = [
        each(parts, |part| parsed(&part.signature.key).verify_sig(&part.signature.message, &part.signature.signature).unwrap()),
        each(parts, |part| fits(&part.certificate)),
        each(parts, |part| fits(&part.sct)),
        each(parts, |part| fits(&part.promise)),
        each(parts, |part| fits(&part.checkpoint)),
        each(parts, |part| {
            let proof = part.entry.inclusion_proof.as_ref().unwrap();
            let hash = |bytes: &[u8]| Sha256Hash::new(bytes.try_into().unwrap());
            let path: Vec<Sha256Hash> = proof.hashes.iter().map(|bytes| hash(bytes)).collect();
            let (index, size) = (u64::try_from(proof.log_index).unwrap(), u64::try_from(proof.tree_size).unwrap());
            verify_inclusion_proof(&hash_leaf(&part.body), index, size, &path, &hash(&proof.root_hash)).unwrap();
        }),
        reading,
        parsing,
    ];
    Times { wall: Floor::from(measured.map(|(wall, _)| wall)), processor: Floor::from(measured.map(|(_, processor)| processor)) }
}

/// The mean time of an operation over all items, by the clock on the wall and by the processor's, in microseconds.
pub fn each<T>(items: &[T], operation: impl Fn(&T)) -> (f64, f64) {
    items.iter().for_each(&operation);
    let (wall, processor) = (Instant::now(), processor_time());
    for _ in 0..ROUNDS {
        items.iter().for_each(&operation);
    }
    let count = (ROUNDS * items.len()) as f64;
    (wall.elapsed().as_secs_f64() * 1e6 / count, (processor_time() - processor) * 1e6 / count)
}

/// The seconds that this thread has run.
fn processor_time() -> f64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// The first commits of a repository's history, or those of the list beside it.
fn objects(repository: &Path) -> Vec<(gix::ObjectId, Vec<u8>)> {
    let list = std::fs::read_to_string(repository.with_file_name("objects")).ok();
    let repository = gix::open(repository).unwrap();
    let ids: Vec<gix::ObjectId> = match list {
        Some(list) => list.lines().map(|id| id.parse().unwrap()).collect(),
        None => repository
            .rev_walk([repository.head_id().unwrap().detach()])
            .all()
            .unwrap()
            .map(|commit| commit.unwrap().id)
            .take(SAMPLE)
            .collect(),
    };
    ids.into_iter().map(|id| (id, repository.find_object(id).unwrap().data.clone())).collect()
}

/// The first certificate of a commit's signature.
pub fn certificate(commit: &[u8]) -> Option<Vec<u8>> {
    let commit = Commit::parse(commit, ObjectFormat::Sha1).ok()?;
    let cms = armor::decode(&commit.signed.signature).ok()?;
    SignedData::from_der(&cms).ok()?.certificates.first().map(|der| der.to_vec())
}

impl Parts {
    /// The parts of a signature with an entry of Rekor v1; `None` where it is another kind of signature.
    fn of(commit: &[u8], root: &TrustRoot) -> Option<Self> {
        let commit = Commit::parse(commit, ObjectFormat::Sha1).ok()?;
        let cms = armor::decode(&commit.signed.signature).ok()?;
        let signature = GitSignature::new(SignedData::from_der(&cms).ok()?).ok()?;
        let certificate = Certificate::from_der(signature.certificates.first()?).ok()?;
        let signed = signature.signer.signed_bytes().ok()?;
        let body = HashedRekord::of_certificate(
            &Sha256::digest(&signed).into(),
            signature.signer.signature,
            certificate.der(),
            certificate.public_key().details(),
        )
        .canonical_body(EntryVersion::V001);
        let entry = parse_entry(signature.evidence.entry?).ok()?;
        Self::from_material(Material { certificate, signed, signature: signature.signer.signature, entry, body }, root)
    }

    /// The same for any signature.
    pub fn from_material(material: Material<'_>, root: &TrustRoot) -> Option<Self> {
        let Material { certificate: leaf, signed, signature, entry, body } = material;
        // the usual kind of key; the few others cost more
        if leaf.public_key().kind() != KeyKind::EcdsaP256 {
            return None;
        }
        let issuer = root.authorities.iter().filter_map(|authority| authority.certificates().first());
        let issuer = issuer.into_iter().find(|issuer| leaf.verify_signature(issuer.public_key()).is_ok())?;
        let check =
            |key: &PublicKey, message: Vec<u8>, signature: &[u8]| Check { key: key.raw().to_vec(), message, signature: signature.to_vec() };
        let sct = Sct::embedded(&leaf).ok()?.pop()?;
        let promise = entry.inclusion_promise.as_ref()?;
        let id: [u8; 32] = entry.log_id.as_ref()?.key_id.as_slice().try_into().ok()?;
        let log = root.log(&id, "")?;
        let note = &entry.inclusion_proof.as_ref()?.checkpoint.as_ref()?.envelope;
        let (text, lines) = note.split_at(note.find("\n\n")? + 1);
        let line = STANDARD.decode(lines.trim().lines().next()?.rsplit(' ').next()?).ok()?;
        let fields = CertificateFields::from_der(leaf.der()).ok()?;
        Some(Self {
            signature: check(leaf.public_key(), signed, signature),
            certificate: check(issuer.public_key(), fields.tbs_certificate.to_der().ok()?, fields.signature.as_bytes()?),
            sct: check(&root.ct_logs(&sct.log_id).next()?.key.key, sct.signed_bytes(&leaf, issuer.spki()).ok()?, &sct.signature),
            promise: check(&log.key.key, set_payload(&body, entry.integrated_time, &id, entry.log_index), &promise.signed_entry_timestamp),
            checkpoint: check(&log.key.key, text.as_bytes().to_vec(), line.get(4..)?),
            body,
            entry,
        })
    }
}
