//! Legacy signatures, whose log entry is outside the object: the ids that gitsign's online mode logged, and entries that do not match
//! (case 52).

use super::{
    super::{
        der::tlv,
        evidence::{Edit, Entry, Record, unsigned_attribute},
        key::Key,
        recipe::{COMMIT, Recipe, TAG, commit, header, with_header},
        world::{LogWorld, World, log},
    },
    Vector, fail, legacy,
};
use paraph::{
    LegacyRule, Reason,
    internals::{
        evidence::{
            detached::{DetachedEntry, to_file},
            entry::{EntryVersion, TransparencyLogEntry},
        },
        signature::{GitSignature, armor, cms::SignedData},
    },
    object::{Commit, ObjectFormat, Tag},
};
use prost::Message;
use sha2::{Digest, Sha256};

pub fn vectors(world: &World) -> Vec<Vector> {
    [ids(world), old_certificates(world), refused(world)].into_iter().flatten().collect()
}

/// A signature whose entry is kept beside the object.
struct Online<'w> {
    recipe: Recipe<'w>,
    kind: &'static str,
    payload: String,
    /// The bytes that are logged, made from payload and signature.
    logged: fn(&str, &str) -> Logged,
    /// The key that signs the logged bytes.
    key: &'w Key,
    entry: Entry<'w>,
}

/// The logged bytes, and their signature if it is the object's own.
struct Logged(Vec<u8>, Option<Vec<u8>>);

impl<'w> Online<'w> {
    /// A commit whose own id is logged. The message is the vector's name, since the entry is kept under the object's id.
    fn commit(world: &'w World, name: &str) -> Self {
        let recipe = Recipe { entry: None, ..world.v1() };
        let payload = COMMIT.replace("A message", name);
        Self { recipe, kind: "commit", payload, logged: own_id, key: &world.signer, entry: Entry::v1(&world.rekor1) }
    }

    fn tag(world: &'w World, name: &str) -> Self {
        Self { kind: "tag", payload: TAG.replace("A message", name), ..Self::commit(world, name) }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn object(&self) -> Vec<u8> {
        let signature = self.recipe.armored(self.payload.as_bytes());
        match self.kind {
            "tag" => [self.payload.as_bytes(), signature.as_bytes()].concat(),
            _ => commit(self.payload.as_bytes(), &signature),
        }
    }

    /// The file with the kept entry.
    fn entries(&self) -> Vec<u8> {
        let Logged(bytes, own) = (self.logged)(&self.payload, &self.recipe.armored(self.payload.as_bytes()));
        let mut record = Record {
            digest: Sha256::digest(&bytes).into(),
            signature: own.unwrap_or_else(|| self.key.sign(&bytes)),
            certificate: self.recipe.certificate(),
            key_details: self.recipe.key.details(),
        };
        let encoded = self.entry.make(&record);
        super::super::evidence::apply(&self.entry.edit_record, &mut record);
        let entry = TransparencyLogEntry {
            canonicalized_body: record.body(EntryVersion::V001),
            ..TransparencyLogEntry::decode(encoded.as_slice()).unwrap()
        };
        to_file(&[DetachedEntry::new(entry).unwrap()]).into()
    }

    fn finished(&self, vector: Vector) -> Vector {
        Vector { kind: self.kind, ..vector }.with("entries", self.entries())
    }

    fn legacy(&self, name: &str, sentence: &str, rules: &[LegacyRule]) -> Vector {
        self.finished(legacy(name, sentence, self.object(), rules))
    }

    fn fail(&self, name: &str, sentence: &str, reason: Reason) -> Vector {
        self.finished(fail(name, sentence, self.object(), reason))
    }
}

fn ids(world: &World) -> Vec<Vector> {
    let commit = |name: &str, change: fn(&mut Online<'_>)| Online::commit(world, name).with(change);
    let tag = |name: &str, change: fn(&mut Online<'_>)| Online::tag(world, name).with(change);
    vec![
        commit("entry_of_object_id", |_| {}).legacy(
            "entry_of_object_id",
            "Case 52: the kept log entry is about the commit's id.",
            &[LegacyRule::EntryOfObjectId],
        ),
        tag("entry_of_tag_id", |_| {}).legacy(
            "entry_of_tag_id",
            "Case 52: the kept log entry is about the tag's id.",
            &[LegacyRule::EntryOfObjectId],
        ),
        commit("entry_of_reencoded_id", |online| {
            online.payload = online.payload.replace("\n\n", "\nencoding ISO-8859-1\n\n");
            online.logged = |payload, signature| {
                let reencoded = payload.replace("\nencoding ISO-8859-1\n", "\n");
                id("commit", &super::super::recipe::commit(reencoded.as_bytes(), signature))
            };
        })
        .legacy(
            "entry_of_reencoded_id",
            "Case 52: the kept log entry is about the commit's id without its header encoding.",
            &[LegacyRule::EntryOfReencodedId],
        ),
        tag("entry_of_header_id", |online| {
            online.logged = |payload, signature| id("tag", &with_header(payload.as_bytes(), &header("gpgsig", signature)));
        })
        .legacy(
            "entry_of_header_id",
            "Case 52: the kept log entry is about the tag's id with its signature among the headers.",
            &[LegacyRule::EntryOfHeaderId],
        ),
        commit("entry_not_embedded", |online| online.logged = own_signature).legacy(
            "entry_not_embedded",
            "Case 52: the kept log entry is the one that could be embedded.",
            &[LegacyRule::EntryNotEmbedded],
        ),
        commit("draft_attributes_with_entry", |online| {
            online.logged = own_signature;
            online.recipe.attributes = vec![unsigned_attribute("1.3.6.1.4.1.57264.3.1", &[tlv(0x02, &[7])])];
        })
        .legacy(
            "draft_attributes_with_entry",
            "Case 52: an entry stands in a draft encoding, and the kept one is about the signature.",
            &[LegacyRule::EntryDraftEncoding, LegacyRule::EntryNotEmbedded],
        ),
    ]
}

fn old_certificates(world: &World) -> Vec<Vector> {
    let direct = Online::commit(world, "directly_from_root_with_entry").with(|online| {
        online.recipe.issuer_key = &world.root_key;
        online.recipe.leaf.issuer = super::super::certificate::name("fulcio root");
        online.recipe.leaf.put(super::super::certificate::authority_key_identifier(&world.root_key));
        online.recipe.sct = None;
    });
    let rsa = Online::commit(world, "rsa_leaf_without_sct_with_entry").with(|online| {
        online.recipe.leaf = world.leaf(super::super::world::SIGNER, &world.rsa);
        online.recipe.key = &world.rsa;
        online.key = &world.rsa;
        online.recipe.sct = None;
        online.recipe.after = vec![world.intermediate.clone()];
    });
    vec![
        direct.legacy(
            "directly_from_root_with_entry",
            "Case 52: the root itself issued the certificate, without a certificate timestamp, and the kept log entry is about the commit's id.",
            &[LegacyRule::DirectlyFromRoot, LegacyRule::SctMissing, LegacyRule::EntryOfObjectId],
        ),
        rsa.legacy(
            "rsa_leaf_without_sct_with_entry",
            "Case 52: an RSA key, no certificate timestamp, two certificates, and the kept log entry is about the commit's id.",
            &[LegacyRule::SctMissing, LegacyRule::EntryOfObjectId],
        ),
    ]
}

/// Invalid entries, and one that must be ignored.
fn refused(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, reason: Reason, change: &dyn Fn(&mut Online<'_>)| {
        Online::commit(world, name).with(|online| change(online)).fail(name, sentence, reason)
    };
    let edited = |change: fn(&mut TransparencyLogEntry)| -> Edit<TransparencyLogEntry> { Some(Box::new(change)) };
    let mut vectors = vec![
        of(
            "kept_entry_of_other_object",
            "Cases 46 and 52: the kept log entry is about another commit's id, by the same key.",
            Reason::EntryMismatch,
            &|online| {
                online.logged = |payload, signature| own_id(&payload.replace("kept", "lost"), signature);
            },
        ),
        of(
            "kept_entry_of_other_certificate",
            "Cases 46 and 52: the kept log entry is about the commit's id, by another certificate.",
            Reason::EntryMismatch,
            &|online| {
                online.entry.edit_record = Some(Box::new(|record| record.certificate = b"another certificate".to_vec()));
            },
        ),
        of(
            "kept_entry_not_embedded_other_signature",
            "Cases 46 and 52: the kept log entry is about the commit's signed attributes, and holds another signature.",
            Reason::EntryMismatch,
            &|online| {
                online.logged = |payload, signature| Logged(own_signature(payload, signature).0, Some(b"another signature".to_vec()));
            },
        ),
        of(
            "kept_entry_of_hashed_id",
            "Case 52: the kept log entry is about the hash of the commit's id, hashed once more.",
            Reason::EntryMismatch,
            &|online| {
                online.logged = |payload, signature| Logged(Sha256::digest(own_id(payload, signature).0).to_vec(), None);
            },
        ),
        of(
            "kept_entry_promise_of_other_entry",
            "Cases 45 and 52: the kept log entry's promise is of another time.",
            Reason::PromiseInvalid,
            &|online| {
                online.entry.edit = edited(|entry| entry.integrated_time += 1);
            },
        ),
        of(
            "kept_entry_without_promise",
            "Cases 43 and 52: the kept log entry has no promise, so that nothing tells a time.",
            Reason::PromiseMissing,
            &|online| {
                online.entry.edit = edited(|entry| entry.inclusion_promise = None);
            },
        ),
        of("kept_entry_without_proof", "Cases 48 and 52: the kept log entry has no inclusion proof.", Reason::ProofMissing, &|online| {
            online.entry.edit = edited(|entry| entry.inclusion_proof = None);
        }),
        of(
            "kept_entry_of_other_leaf",
            "Cases 48 and 52: the kept log entry's inclusion proof is of another leaf.",
            Reason::ProofInvalid,
            &|online| {
                online.entry.edit = edited(|entry| entry.inclusion_proof.as_mut().unwrap().log_index += 1);
            },
        ),
        of(
            "kept_entry_outside_life",
            "Cases 45 and 52: the kept log entry is younger than the certificate.",
            Reason::OutsideCertificateWindow,
            &|online| {
                online.entry.promised = online.entry.promised.map(|time| time + 3600);
            },
        ),
    ];
    let other_key = Online::commit(world, "kept_entry_of_other_key").with(|online| online.key = &world.other);
    vectors.push(other_key.fail(
        "kept_entry_of_other_key",
        "Case 52: the kept log entry's signature over the commit's id is another key's.",
        Reason::EntrySignature,
    ));
    let signed_by_other =
        Online::commit(world, "kept_entry_checkpoint_of_other_key").with(|online| online.entry.checkpoint_key = &world.other);
    vectors.push(signed_by_other.fail(
        "kept_entry_checkpoint_of_other_key",
        "Cases 48 and 52: another key signed the kept log entry's checkpoint.",
        Reason::CheckpointInvalid,
    ));
    let other_log: LogWorld = log(Key::p256("unknown log"), "other.example - 1", "other.example", "https://other.example");
    let unknown = Online::commit(world, "kept_entry_of_unknown_log").with(|online| online.entry = Entry::v1(&other_log));
    vectors.push(unknown.fail(
        "kept_entry_of_unknown_log",
        "Cases 50 and 52: the kept log entry is of a log that is not in the trust root.",
        Reason::LogUnknown,
    ));
    // the embedded entry decides, whatever is outside
    let embedded = Online::commit(world, "embedded_entry_decides").with(|online| {
        online.logged = own_signature;
        let mut bad = Entry::v1(&world.rekor1);
        bad.edit = edited(|entry| entry.inclusion_proof.as_mut().unwrap().log_index += 1);
        online.recipe.entry = Some(bad);
    });
    vectors.push(embedded.fail(
        "embedded_entry_decides",
        "Case 51: the embedded log entry's proof is wrong, and a good entry is kept.",
        Reason::ProofInvalid,
    ));
    vectors
}

/// The object's id as git computes it.
fn own_id(payload: &str, signature: &str) -> Logged {
    match payload.starts_with("object ") {
        true => id("tag", &[payload, signature].concat().into_bytes()),
        false => id("commit", &commit(payload.as_bytes(), signature)),
    }
}

/// The signed attributes and their signature.
fn own_signature(payload: &str, signature: &str) -> Logged {
    let object = commit(payload.as_bytes(), signature);
    let signed = match payload.starts_with("object ") {
        true => Tag::parse(&object).unwrap().signed,
        false => Commit::parse(&object, ObjectFormat::Sha1).unwrap().signed,
    };
    let cms = armor::decode(&signed.signature).unwrap();
    let signer = GitSignature::new(SignedData::from_der(&cms).unwrap()).unwrap().signer;
    Logged(signer.signed_bytes().unwrap(), Some(signer.signature.to_vec()))
}

/// A SHA-1 object id in hexadecimal.
fn id(kind: &str, bytes: &[u8]) -> Logged {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(format!("{kind} {}\0", bytes.len()).as_bytes());
    hash.update(bytes);
    Logged(hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes(), None)
}
