//! Histories of signatures like production's, with keys from a seed: a P-384 root and intermediate, a certificate for each signature (or for twenty),
//! an SCT, an entry of Rekor v1 with its promise, and a checkpoint of its own, in a log of two hundred million leaves. They stand in a real
//! repository, packed by git.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair},
};
use der::{
    Decode, Encode,
    asn1::{AnyRef, BitStringRef},
};
use paraph::internals::{
    certificate::{
        Certificate,
        sct::{precertificate_signed_bytes, sct_list},
        x509::CertificateFields,
    },
    evidence::{
        checkpoint::{checkpoint_text, signed_note},
        entry::{CheckpointEnvelope, EntryVersion, InclusionPromise, InclusionProof, KindVersion, LogId, TransparencyLogEntry},
        log::set_payload,
    },
    signature::{
        armor,
        cms::{ID_DATA, SignedDataParts},
        git::signed_attributes,
    },
};
use paraph_vectors::{
    certificate::{ISSUER_V1, ISSUER_V2, SCT_LIST, email, raw, serial, subject_alternative_name, uri, utf8},
    evidence::{Record, unsigned_attribute},
    key::Key,
    world::{TIME, World},
};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Changes with what is generated, so that an older set is not used as a current one.
const VERSION: u32 = 1;
/// Leaves of the log's tree, about as many as a shard of the public log has.
const TREE_SIZE: u64 = 200_000_000;
const EARLIER: i64 = 4_163_431;
const OIDC_ISSUER: &str = "https://github.com/login/oauth";
pub const PEOPLE: usize = 50;
/// A workflow, its issuer, and the extensions with its claims.
pub const WORKFLOW: &str = "https://github.com/example/project/.github/workflows/sync.yml@refs/heads/main";
pub const WORKLOAD_ISSUER: &str = "https://token.actions.githubusercontent.com";
const CLAIMS: std::ops::RangeInclusive<u32> = 9..=22;
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// What a history is made of.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub signatures: usize,
    /// Signatures that are made with one certificate.
    pub per_certificate: usize,
}

/// A history in a repository, with the trust under which it verifies.
pub struct Set {
    pub kind: Kind,
    pub folder: PathBuf,
}

/// A certificate and its key.
pub struct Signer {
    key: Key,
    time: i64,
    email: String,
    pub leaf: Vec<u8>,
}

/// Whom a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Person,
    /// A workflow, whose certificate says a dozen things about it.
    Workload,
}

impl Set {
    /// The set of this kind, made where it is not there from an earlier run.
    pub fn of(world: &World, kind: Kind) -> Self {
        let name = format!("v{VERSION}-{}-by-{}", kind.signatures, kind.per_certificate);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("batch").join(name);
        let set = Self { kind, folder };
        if !set.folder.exists() {
            set.make(world);
        }
        set
    }

    pub fn repository(&self) -> PathBuf {
        self.folder.join("repository.git")
    }

    pub fn trusted_root(&self) -> PathBuf {
        self.folder.join("trusted_root.json")
    }

    pub fn allowed_identities(&self) -> PathBuf {
        self.folder.join("allowed-identities")
    }

    fn make(&self, world: &World) {
        let Kind { signatures, per_certificate } = self.kind;
        eprintln!("Making {signatures} signatures, {per_certificate} a certificate; later runs find them in {}.", self.folder.display());
        let made = tempfile::tempdir_in(parent(&self.folder)).unwrap();
        std::fs::write(made.path().join("trusted_root.json"), world.trusted_root().to_string()).unwrap();
        std::fs::write(made.path().join("allowed-identities"), allowed_people("instance=custom")).unwrap();

        let authorities = Authorities::of(world);
        let count = signatures.div_ceil(per_certificate);
        let signers: Vec<Signer> = (0..count).into_par_iter().map(|number| Signer::new(&authorities, number, Subject::Person)).collect();
        let (mut pack, mut parent) = (Pack::new(signatures + 1), None);
        pack.add(TREE, &[]);
        for number in 0..signatures {
            // neighbours in history are neighbours in nothing else
            let signer = &signers[scattered(number, signatures) / per_certificate];
            let commit = signer.commit(&authorities, number, parent.as_deref());
            parent = Some(object_id("commit", &commit));
            pack.add(COMMIT, &commit);
        }
        let repository = made.path().join("repository.git");
        git(made.path(), &["init", "-q", "--bare", "-b", "main", "repository.git"], None);
        git(&repository, &["index-pack", "--stdin"], Some(&pack.finish()));
        git(&repository, &["update-ref", "refs/heads/main", &parent.unwrap()], None);
        git(&repository, &["repack", "-q", "-a", "-d", "-F"], None);
        std::fs::rename(made.keep(), &self.folder).unwrap();
    }
}

/// The lines of allowed identities for all people of a set.
pub fn allowed_people(options: &str) -> String {
    (0..PEOPLE).map(|person| format!("{} {OIDC_ISSUER} {options}\n", address(person))).collect()
}

/// Who vouches, with keys that sign fast.
pub struct Authorities<'w> {
    pub world: &'w World,
    certificates: EcdsaKeyPair,
    ct: EcdsaKeyPair,
    log: EcdsaKeyPair,
}

impl<'w> Authorities<'w> {
    pub fn of(world: &'w World) -> Self {
        Self { world, certificates: quick(&world.intermediate_key), ct: quick(&world.ct), log: quick(&world.rekor1.key) }
    }
}

/// A key for the fast library: its signatures are not the same each time, and as good.
fn quick(key: &Key) -> EcdsaKeyPair {
    let (algorithm, scalar) = match key {
        Key::P256(key) => (&ECDSA_P256_SHA256_ASN1_SIGNING, key.to_bytes().to_vec()),
        Key::P384(key) => (&ECDSA_P384_SHA384_ASN1_SIGNING, key.to_bytes().to_vec()),
        _ => panic!("a kind of key that no part of a set has"),
    };
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, &scalar, &key.raw()).unwrap()
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

impl Signer {
    pub fn new(authorities: &Authorities<'_>, number: usize, subject: Subject) -> Self {
        let world = authorities.world;
        let key = Key::p256(&format!("signer {number}"));
        let (time, email_address) = (TIME + i64::try_from(number).unwrap() * 60, address(number % PEOPLE));
        let mut template = world.leaf(&email_address, &key);
        template.serial = serial(&format!("certificate {number}"));
        (template.not_before, template.not_after) = (time - 5, time + 595);
        let (name, issuer) = match subject {
            Subject::Person => (email(email_address.as_bytes()), OIDC_ISSUER),
            Subject::Workload => (uri(WORKFLOW), WORKLOAD_ISSUER),
        };
        template.put(subject_alternative_name(true, &[name]));
        template.put(raw(ISSUER_V1, false, issuer.as_bytes().to_vec()));
        template.put(utf8(ISSUER_V2, issuer));
        for claim in CLAIMS.filter(|_| subject == Subject::Workload) {
            template.put(utf8(
                &format!("1.3.6.1.4.1.57264.1.{claim}"),
                &format!("https://github.com/example/project/claim/{claim}/of/{number}"),
            ));
        }

        let milliseconds = u64::try_from(time).unwrap() * 1000 - 4321;
        let tbs = template.tbs(&world.intermediate_key);
        let message = precertificate_signed_bytes(milliseconds, &world.intermediate_key.spki(), &tbs, &[]).unwrap();
        let list = sct_list(&Sha256::digest(world.ct.spki()).into(), milliseconds, &[], &sign(&authorities.ct, &message)).unwrap();
        template.extensions.push(raw(SCT_LIST, false, list));
        let tbs = template.tbs(&world.intermediate_key);
        let (algorithm, signature) = (world.intermediate_key.signature_algorithm(), sign(&authorities.certificates, &tbs));
        let leaf = CertificateFields {
            tbs_certificate: AnyRef::from_der(&tbs).unwrap(),
            signature_algorithm: AlgorithmIdentifierRef::from_der(&algorithm).unwrap(),
            signature: BitStringRef::from_bytes(&signature).unwrap(),
        };
        Self { leaf: leaf.to_der().unwrap(), key, time, email: email_address }
    }

    /// A signature over these bytes, and how a log records it.
    pub fn sign(&self, message: &[u8]) -> (Vec<u8>, Record) {
        let signature = sign(&quick(&self.key), message);
        let record = Record {
            digest: Sha256::digest(message).into(),
            signature: signature.clone(),
            certificate: self.leaf.clone(),
            key_details: self.key.details(),
        };
        (signature, record)
    }

    /// A commit with this signer's signature.
    pub fn commit(&self, authorities: &Authorities<'_>, number: usize, parent: Option<&str>) -> Vec<u8> {
        let (payload, head) = payload(number, parent, &self.email, self.time);
        let attributes = signed_attributes(&Sha256::digest(&payload).into(), u64::try_from(self.time).unwrap()).unwrap();
        let (signature, record) = self.sign(&attributes);
        let entry = self.entry(authorities, number, &record.body(EntryVersion::V001), EntryVersion::V001.kind_version());
        let leaf = Certificate::from_der(&self.leaf).unwrap();
        let encoded = paraph_vectors::der::octets(&prost::Message::encode_to_vec(&entry));
        let (digest_algorithm, signature_algorithm) = (paraph_vectors::recipe::sha256(), self.key.signature_algorithm());
        let cms = SignedDataParts {
            version: 1,
            content_type: ID_DATA,
            content: None,
            certificates: &[&self.leaf],
            issuer: leaf.issuer(),
            serial: leaf.serial(),
            digest_algorithm: AlgorithmIdentifierRef::from_der(&digest_algorithm).unwrap(),
            signed_attributes: &attributes,
            signature_algorithm: AlgorithmIdentifierRef::from_der(&signature_algorithm).unwrap(),
            signature: &signature,
            unsigned_attributes: vec![unsigned_attribute("1.3.6.1.4.1.57264.3.1", &[encoded])],
        };
        let armored = armor::encode(&cms.to_der().unwrap());
        with_signature(&payload, head, &armored)
    }

    /// The entry of Rekor v1 with this body, in a log of two hundred million.
    pub fn entry(&self, authorities: &Authorities<'_>, number: usize, body: &[u8], kind: KindVersion) -> TransparencyLogEntry {
        let world = authorities.world;
        let index = TREE_SIZE / 2 + Sha256::digest(number.to_string())[..3].iter().fold(0, |sum, byte| sum * 256 + u64::from(*byte));
        let size = TREE_SIZE + number as u64;
        let (path, root) = inclusion(body, number, index, size);
        let text = checkpoint_text(world.rekor1.origin, size, &root);
        let log_index = EARLIER + i64::try_from(index).unwrap();
        let promise = sign(&authorities.log, &set_payload(body, self.time, &world.rekor1.id, log_index));
        TransparencyLogEntry {
            log_index,
            log_id: Some(LogId { key_id: world.rekor1.id.to_vec() }),
            kind_version: Some(kind),
            integrated_time: self.time,
            inclusion_promise: Some(InclusionPromise { signed_entry_timestamp: promise }),
            inclusion_proof: Some(InclusionProof {
                log_index: i64::try_from(index).unwrap(),
                root_hash: root.to_vec(),
                tree_size: i64::try_from(size).unwrap(),
                hashes: path.iter().map(|hash| hash.to_vec()).collect(),
                checkpoint: Some(CheckpointEnvelope {
                    envelope: signed_note(&text, world.rekor1.name, &world.rekor1.id, &sign(&authorities.log, text.as_bytes())),
                }),
            }),
            canonicalized_body: Vec::new(),
        }
    }
}

/// A commit with a signature, whose header goes to `head`.
pub fn with_signature(payload: &[u8], head: usize, armored: &str) -> Vec<u8> {
    let mut commit = payload[..head].to_vec();
    commit.extend(format!("gpgsig {}\n", armored.trim_end().replace('\n', "\n ")).bytes());
    commit.extend(&payload[head..]);
    commit
}

pub fn address(person: usize) -> String {
    format!("contributor-{person}@example.com")
}

/// A commit without its signature, and where its signature goes.
pub fn payload(number: usize, parent: Option<&str>, email: &str, time: i64) -> (Vec<u8>, usize) {
    let mut text = format!("tree {EMPTY_TREE}\n");
    if let Some(parent) = parent {
        writeln!(text, "parent {parent}").unwrap();
    }
    write!(text, "author A Contributor <{email}> {time} +0000\ncommitter A Contributor <{email}> {time} +0000\n").unwrap();
    let head = text.len();
    write!(
        text,
        "\nChange number {number}\n\nWhat it changes, and why, takes a line or two of text in most\nhistories, wrapped as people wrap it.\n"
    )
    .unwrap();
    (text.into_bytes(), head)
}

/// A number's place in a fixed shuffle of `count`: multiplication by a number that shares no factor with it.
fn scattered(number: usize, count: usize) -> usize {
    let prime = 15_485_863;
    number * prime % count
}

/// Siblings that nobody knows anything about, and the root that they give: the path of RFC 6962, section 2.1.1.
fn inclusion(body: &[u8], number: usize, index: u64, size: u64) -> (Vec<[u8; 32]>, [u8; 32]) {
    let node = |left: &[u8], right: &[u8]| -> [u8; 32] {
        Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
    };
    let mut hash: [u8; 32] = Sha256::new().chain_update([0]).chain_update(body).finalize().into();
    let (mut at, mut last, mut path) = (index, size - 1, Vec::new());
    while last > 0 {
        if at % 2 == 1 || at < last {
            let sibling: [u8; 32] = Sha256::digest(format!("{number} {last}")).into();
            hash = if at % 2 == 1 { node(&sibling, &hash) } else { node(&hash, &sibling) };
            path.push(sibling);
        }
        at /= 2;
        last /= 2;
    }
    (path, hash)
}

pub const COMMIT: u8 = 1;
pub const TREE: u8 = 2;

/// A pack whose objects are stored as they are; git compresses them anew.
pub struct Pack(Vec<u8>);

impl Pack {
    pub fn new(count: usize) -> Self {
        Self([b"PACK".as_slice(), &2u32.to_be_bytes(), &u32::try_from(count).unwrap().to_be_bytes()].concat())
    }

    pub fn add(&mut self, kind: u8, content: &[u8]) {
        let mut size = content.len() >> 4;
        let mut byte = kind << 4 | u8::try_from(content.len() & 15).unwrap();
        while size > 0 {
            self.0.push(byte | 0x80);
            byte = u8::try_from(size & 0x7f).unwrap();
            size >>= 7;
        }
        self.0.push(byte);
        // zlib, one stored block
        let length = u16::try_from(content.len()).unwrap();
        self.0.extend([0x78, 0x01, 0x01]);
        self.0.extend(length.to_le_bytes());
        self.0.extend((!length).to_le_bytes());
        self.0.extend(content);
        let (low, high) = content.iter().fold((1u32, 0u32), |(low, high), byte| {
            let low = (low + u32::from(*byte)) % 65521;
            (low, (high + low) % 65521)
        });
        self.0.extend((high << 16 | low).to_be_bytes());
    }

    pub fn finish(mut self) -> Vec<u8> {
        let digest = sha1(&self.0);
        self.0.extend(digest);
        self.0
    }
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// The id of an object in a SHA-1 repository.
pub fn object_id(kind: &str, content: &[u8]) -> String {
    hex::encode(sha1(&[format!("{kind} {}\0", content.len()).as_bytes(), content].concat()))
}

pub fn parent(folder: &Path) -> &Path {
    let parent = folder.parent().unwrap();
    std::fs::create_dir_all(parent).unwrap();
    parent
}

/// Runs git, with nothing of the user's configuration.
pub fn git(folder: &Path, arguments: &[&str], input: Option<&[u8]>) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1").stdout(Stdio::null());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.unwrap_or_default()).unwrap();
    assert!(child.wait().unwrap().success(), "git {arguments:?}");
}
