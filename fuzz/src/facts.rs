//! Facts about the seeds, and the verifiers: read once, when a target starts.

use crate::seeds::{self, Parts};
use jiff::Timestamp;
use paraph::{
    internals::{
        certificate::Certificate,
        evidence::{checkpoint::Checkpoint, entry::TransparencyLogEntry, rfc3161::TstInfo},
        signature::{GitSignature, ParsedSignature, cms},
    },
    object::{self, ObjectFormat},
    trust::{Instance, Log, TrustRoot},
    verify::{Verified, Verifier},
};
use sha2::{Digest, Sha256};
use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

/// The trust roots of the vectors and of the real objects.
pub static ROOTS: LazyLock<Vec<TrustRoot>> = LazyLock::new(|| {
    let root = |path: &str, name: &str| {
        let json = std::fs::read(seeds::test_file(path)).expect("the trusted root is there");
        TrustRoot::from_json(&json, Instance::named(name).expect("a name"), name).expect("the trusted root is read")
    };
    vec![root("vectors/trusted_root.json", "vectors"), root("fixtures/real-objects/trusted_root.json", "real")]
});

/// A verifier over both, at a time after all seeds.
pub static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().expect("a time");
    Verifier::new(ROOTS.clone(), now)
});

/// All logs of the trust roots.
pub fn logs() -> impl Iterator<Item = &'static Log> {
    ROOTS.iter().flat_map(|root| &root.logs)
}

/// Everything that somebody signed.
#[derive(Default)]
pub struct Signed {
    /// The SHA-256 of each signed payload.
    pub payloads: HashSet<[u8; 32]>,
    /// The SHA-256 of each certificate.
    pub certificates: HashSet<[u8; 32]>,
    /// The origin, size and root hash of each tree.
    pub trees: HashSet<(String, u64, [u8; 32])>,
    /// The times of the timestamp tokens.
    pub token_times: HashSet<(i64, u32)>,
    /// The integrated times of the log entries.
    pub log_times: HashSet<i64>,
}

/// Reads all seeds.
pub static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let mut signed = Signed::default();
    for parts in seeds::objects().iter().filter_map(|object| seeds::parts(&object.bytes)) {
        signed.add(&parts);
    }
    seeds::detached_entries().iter().for_each(|entry| signed.add_entry(entry.entry()));
    signed
});

impl Signed {
    fn add(&mut self, parts: &Parts) {
        self.certificates.extend(parts.certificates.iter().map(|der| <[u8; 32]>::from(Sha256::digest(der))));
        let times = parts.tokens.iter().filter_map(|token| TstInfo::of_token(token).ok()).map(|info| info.gen_time);
        self.token_times.extend(times.map(|time| (time.unix_seconds(), time.nanoseconds())));
        if let Some(entry) = parts.entry.as_ref().and_then(|entry| paraph::internals::evidence::log::parse_entry(entry).ok()) {
            self.add_entry(&entry);
        }
        let signer = cms::SignedData::from_der(&parts.cms).ok().and_then(|data| data.signers.into_iter().next());
        // an OCTET STRING of 32 bytes
        let digest = signer.and_then(|signer| signer.signed_attribute(cms::ID_MESSAGE_DIGEST).ok().flatten());
        self.payloads.extend(digest.and_then(|value| <[u8; 32]>::try_from(value.get(2..)?).ok()));
    }

    fn add_entry(&mut self, entry: &TransparencyLogEntry) {
        self.log_times.insert(entry.integrated_time);
        let checkpoint = entry.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.as_ref());
        if let Some(checkpoint) = checkpoint.and_then(|checkpoint| Checkpoint::parse(&checkpoint.envelope).ok()) {
            self.trees.insert((checkpoint.origin, checkpoint.tree_size, checkpoint.root_hash));
        }
    }

    /// Fails if something is accepted that nobody signed.
    pub fn check(&self, verified: &Verified) {
        assert!(self.payloads.contains(&verified.subject().digest), "a payload that no seed signs");
        assert!(self.certificates.contains(&verified.certificate().certificate().fingerprint()), "a certificate of no seed");
        assert!(self.trees.iter().any(|(origin, size, _)| *origin == verified.entry().origin && *size == verified.entry().tree_size));
        assert!(!verified.times().is_empty());
        for trusted in verified.times() {
            let nanoseconds = u32::try_from(trusted.time.subsec_nanosecond()).expect("after 1970");
            match trusted.source {
                paraph::verify::TimeSource::Log => assert!(self.log_times.contains(&trusted.time.as_second())),
                paraph::verify::TimeSource::TimestampAuthority => {
                    assert!(self.token_times.contains(&(trusted.time.as_second(), nanoseconds)));
                }
            }
        }
    }
}

/// A good signature, verified and parsed.
pub struct Good {
    /// The verifier's result.
    pub verified: Verified,
    /// The signed bytes of the object.
    pub payload: Vec<u8>,
    /// Its parts.
    pub parts: Parts,
    /// SHA-256 of the signed attributes.
    pub digest: [u8; 32],
    /// The signer's certificate.
    pub certificate: Certificate,
}

impl Good {
    fn read(folder: &str) -> Self {
        let object = seeds::object(&format!("{folder}/commit"));
        let commit = paraph::object::Commit::parse(&object, ObjectFormat::Sha1).expect("a commit");
        let verified = VERIFIER.verify_commit(&object, ObjectFormat::Sha1).expect("a good commit");
        let parts = seeds::parts(&object).expect("its parts");
        let signature = GitSignature::new(cms::SignedData::from_der(&parts.cms).expect("its CMS")).expect("its signature");
        let digest = Sha256::digest(signature.signer.signed_bytes().expect("its signed attributes")).into();
        let certificate = verified.certificate().certificate().clone();
        Self { payload: commit.signed.payload.to_vec(), verified, digest, certificate, parts }
    }
}

impl Good {
    /// Payload and signature, as git passes them to its program.
    pub fn signed(&self) -> object::Signed<'_> {
        object::Signed { payload: Cow::Borrowed(&self.payload), signature: Cow::Borrowed(&self.parts.armored) }
    }
}

/// An object whose log entry is outside its signature.
pub struct Online {
    /// Payload and signature.
    pub signed: object::Signed<'static>,
    /// The SHA-256 digests that an entry about it may have, in hexadecimal.
    pub digests: Vec<String>,
}

impl Online {
    fn read(path: &str) -> Self {
        let object = seeds::object(path);
        let signed = match path.ends_with("tag") {
            true => object::Tag::parse(&object).expect("a tag").signed,
            false => object::Commit::parse(&object, ObjectFormat::Sha1).expect("a commit").signed,
        };
        let (payload, signature) = (signed.payload.into_owned().into(), signed.signature.into_owned().into());
        let signed = object::Signed { payload, signature };
        let mut cms = Vec::new();
        let signature = ParsedSignature::parse(&signed.signature, &mut cms);
        let digests = VERIFIER.check(&signed, &signature).expect("its signature").lookup_keys().expect("no entry").digests;
        Self { signed, digests: digests.iter().map(|digest| hex::encode(digest)).collect() }
    }
}

/// An object for each kind of digest that an entry may have.
pub static ONLINE: LazyLock<Vec<Online>> = LazyLock::new(|| {
    let paths = ["entry_of_object_id_fail/commit", "entry_of_reencoded_id_fail/commit", "entry_of_sha1_id_fail/commit"];
    let others = [
        "entry_of_tag_id_fail/tag",
        "entry_of_header_id_fail/tag",
        "entry_not_embedded_fail/commit",
        "draft_attributes_with_entry_fail/commit",
    ];
    paths.into_iter().chain(others).map(Online::read).collect()
});

/// A good commit with an entry of each version of Rekor.
pub static GOOD: LazyLock<[Good; 2]> = LazyLock::new(|| [Good::read("v1_with_timestamp_ok"), Good::read("v2_ok")]);
