//! The log entry: its SET, proof, checkpoint and time (cases 43 to 48, 50 to 52).

use super::{
    super::{
        der::{octets, oid, sequence, set, tlv},
        evidence::{Edit, Entry, Record, Token, unsigned_attribute},
        key::{Key, negated, scalars, signature_of},
        recipe::Recipe,
        world::{BEGIN_TEXT, LogWorld, TIME, World, log, log_json},
    },
    Vector, fail, good, refused_root,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::{
    Reason,
    internals::evidence::entry::{EntryVersion, KindVersion, TransparencyLogEntry},
};
use serde_json::json;

pub fn vectors(world: &World) -> Vec<Vector> {
    [absent(world), foreign(world), kinds(world), promises(world), proofs(world), checkpoints(world), logs(world)]
        .into_iter()
        .flatten()
        .collect()
}

fn v1<'w>(world: &'w World, name: &str, sentence: &str, reason: Reason, change: impl FnOnce(&mut Entry<'w>)) -> Vector {
    of(world.v1(), name, sentence, reason, change)
}

fn v2<'w>(world: &'w World, name: &str, sentence: &str, reason: Reason, change: impl FnOnce(&mut Entry<'w>)) -> Vector {
    of(world.v2(), name, sentence, reason, change)
}

fn of<'w>(mut recipe: Recipe<'w>, name: &str, sentence: &str, reason: Reason, change: impl FnOnce(&mut Entry<'w>)) -> Vector {
    change(recipe.entry.as_mut().unwrap());
    fail(name, sentence, recipe.commit(), reason)
}

fn entry(change: impl Fn(&mut TransparencyLogEntry) + 'static) -> Edit<TransparencyLogEntry> {
    Some(Box::new(change))
}

fn absent(world: &World) -> Vec<Vector> {
    let mut nothing = world.v1();
    nothing.entry = None;
    let mut stamped = world.v2();
    stamped.entry = None;
    let mut draft = world.v1();
    draft.entry = None;
    draft.attributes = vec![unsigned_attribute("1.3.6.1.4.1.57264.3.1", &[tlv(0x02, &[7])])];
    let mut draft_arc = world.v1();
    draft_arc.entry = None;
    draft_arc.attributes = vec![unsigned_attribute("1.3.6.1.4.1.57264.3.7", &[tlv(0x0c, b"x")])];
    let mut repeated = world.v1();
    repeated.attributes = vec![unsigned_attribute("1.3.6.1.4.1.57264.3.1", &[octets(b"")])];
    let mut two_values = world.v1();
    two_values.entry = None;
    two_values.attributes = vec![unsigned_attribute("1.3.6.1.4.1.57264.3.1", &[octets(b"a"), octets(b"b")])];
    let mut no_octets = world.v1();
    no_octets.entry = None;
    no_octets.attributes = vec![sequence(&[oid("1.3.6.1.4.1.57264.3.1"), set(&[sequence(&[])])])];
    let mut no_time = world.v2();
    no_time.tokens.clear();
    vec![
        fail(
            "online_mode",
            "Cases 43, 51 and 52: no log entry is embedded, as in gitsign's online mode; none is looked up unasked.",
            nothing.commit(),
            Reason::EntryMissing,
        ),
        fail("timestamp_without_entry", "Case 43: a timestamp and no log entry.", stamped.commit(), Reason::EntryMissing),
        fail(
            "draft_attributes",
            "Case 52: the entry stands in a draft encoding, under the number of today's.",
            draft.commit(),
            Reason::EntryDraftEncoding,
        ),
        fail(
            "draft_attributes_by_number",
            "Case 52: the entry stands in a draft encoding, one attribute a field.",
            draft_arc.commit(),
            Reason::EntryDraftEncoding,
        ),
        fail("two_entries", "Case 46: two log entries are embedded.", repeated.commit(), Reason::EntryRepeated),
        fail("entry_with_two_values", "Case 46: the entry's attribute has two values.", two_values.commit(), Reason::EntryMalformed),
        fail("entry_no_octets", "Case 46: the entry's attribute is not an octet string.", no_octets.commit(), Reason::EntryMalformed),
        fail(
            "no_trusted_time",
            "Cases 43 and 44: an entry of Rekor v2, which tells no time, and no timestamp; the CMS signingTime lies within the certificate's validity period.",
            no_time.commit(),
            Reason::NoTrustedTime,
        ),
    ]
}

/// Genuine entries about something else.
fn foreign(world: &World) -> Vec<Vector> {
    let body = |entry: &mut Entry<'_>, change: fn(&mut Record)| {
        entry.edit_record = Some(Box::new(change));
    };
    let with_body = |change: fn(&mut Record)| {
        move |entry: &mut Entry<'_>| {
            body(entry, change);
            let mut record = Record { digest: [7; 32], signature: b"other".to_vec(), certificate: b"other".to_vec(), key_details: "" };
            change(&mut record);
            let bytes = record.body(entry.version);
            entry.edit = self::entry(move |made| made.canonicalized_body = bytes.clone());
        }
    };
    let other_digest = |record: &mut Record| record.digest = [7; 32];
    let other_certificate = |record: &mut Record| record.certificate = b"another certificate".to_vec();
    let mismatch = "and it says so in its body";
    let mut vectors = Vec::new();
    for (version, recipe) in [("v1", World::v1 as fn(&World) -> Recipe<'_>), ("v2", World::v2)] {
        let mut add = |name: &str, sentence: &str, reason, change: &dyn Fn(&mut Entry<'_>)| {
            vectors.push(of(recipe(world), &format!("{name}_{version}"), sentence, reason, change));
        };
        add(
            "cve_2024_51746_entry_of_other_digest",
            "Case 46, CVE-2024-51746: a genuine entry by the same key of another object.",
            Reason::ProofInvalid,
            &|entry| body(entry, other_digest),
        );
        add(
            "cve_2022_23649_entry_of_other_signature",
            "Case 46, CVE-2022-23649: a genuine entry of another valid signature over the same bytes.",
            Reason::ProofInvalid,
            &|entry| body(entry, other_signature),
        );
        add(
            "entry_of_other_certificate",
            "Case 46: a genuine entry of the same signature with another certificate.",
            Reason::ProofInvalid,
            &|entry| body(entry, other_certificate),
        );
        add(
            "cve_2026_22703_foreign_entry",
            &format!("Case 46, CVE-2026-22703: a genuine entry of something else is embedded, {mismatch}."),
            Reason::EntryMismatch,
            &with_body(|_| {}),
        );
    }
    vectors.push(v1(
        world,
        "entry_with_other_body",
        "Case 46: the proof is right, and the embedded body is something else's.",
        Reason::EntryMismatch,
        |entry| entry.edit = self::entry(|entry| entry.canonicalized_body = b"{}".to_vec()),
    ));
    vectors
}

/// The other of the two signatures that ECDSA makes equally valid.
fn other_signature(record: &mut Record) {
    let (r, s) = scalars(&record.signature);
    record.signature = signature_of(&r, &negated(&s));
}

fn kinds(world: &World) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, kind, version) in [
        ("rekord", "rekord", "0.0.1"),
        ("dsse", "dsse", "0.0.1"),
        ("intoto", "intoto", "0.0.2"),
        ("unknown_version", "hashedrekord", "0.0.3"),
        ("empty", "", ""),
    ] {
        let kind_version = KindVersion { kind: kind.into(), version: version.into() };
        vectors.push(v1(
            world,
            &format!("entry_kind_{name}"),
            &format!("Case 47: the entry is said to be of kind `{kind}`, version `{version}`."),
            Reason::EntryKind,
            |entry| {
                entry.edit = self::entry(move |entry| entry.kind_version = Some(kind_version.clone()));
            },
        ));
    }
    vectors.extend([
        v1(
            world,
            "v1_entry_named_v2",
            "Case 47: an entry of version 0.0.1 under the name of version 0.0.2.",
            Reason::ProofInvalid,
            |entry| entry.edit = self::entry(|entry| entry.kind_version = Some(EntryVersion::V002.kind_version())),
        ),
        v1(
            world,
            "v2_body_with_promise",
            "Case 47: an entry of version 0.0.2 under the name of version 0.0.1, with a promise, which Rekor v2 never makes.",
            Reason::ProofInvalid,
            |entry| {
                entry.version = EntryVersion::V002;
                entry.edit = self::entry(|entry| entry.kind_version = Some(EntryVersion::V001.kind_version()));
            },
        ),
        v1(world, "entry_truncated", "Case 48: the encoded entry is truncated.", Reason::EntryMalformed, |entry| {
            entry.edit_encoded = Some(Box::new(|bytes| bytes.truncate(50)))
        }),
        v1(world, "entry_log_id_short", "Case 48: the log's id is too short.", Reason::EntryMalformed, |entry| {
            entry.edit = self::entry(|entry| entry.log_id.as_mut().unwrap().key_id.truncate(4))
        }),
        v1(world, "entry_index_negative", "Case 48: the index in the proof is negative.", Reason::EntryMalformed, |entry| {
            entry.edit = self::entry(|entry| entry.inclusion_proof.as_mut().unwrap().log_index = -1)
        }),
        v2(world, "entry_global_index_negative", "Case 48: the global index is negative.", Reason::EntryMalformed, |entry| {
            entry.edit = self::entry(|entry| entry.log_index = -1)
        }),
    ]);
    vectors
}

fn promises(world: &World) -> Vec<Vector> {
    let at = |name: &str, sentence: &str, time: i64, reason| v1(world, name, sentence, reason, |entry| entry.promised = Some(time));
    let mut later = world.v1();
    later.leaf.not_after = 4_100_000_000;
    later.entry.as_mut().unwrap().promised = Some(4_000_000_000);
    vec![
        v1(
            world,
            "promise_missing",
            "Cases 43 and 45, TOB-SIGSTORE-2: the entry tells a time within the certificate's validity period, and no promise authenticates it.",
            Reason::PromiseMissing,
            |entry| entry.edit = self::entry(|entry| entry.inclusion_promise = None),
        ),
        fail(
            "promise_missing_beside_timestamp",
            "Case 45: the signed entry timestamp (SET) was removed, and a timestamp authority's token still tells the time.",
            {
                let mut signature = world.v1();
                signature.tokens = vec![Token::of(&world.tsa)];
                signature.entry.as_mut().unwrap().edit = self::entry(|entry| entry.inclusion_promise = None);
                signature.commit()
            },
            Reason::PromiseMissing,
        ),
        v1(world, "promise_bit", "Case 45: a bit of the promise is flipped.", Reason::PromiseInvalid, |entry| {
            entry.edit = self::entry(|entry| *entry.inclusion_promise.as_mut().unwrap().signed_entry_timestamp.last_mut().unwrap() ^= 1)
        }),
        v1(world, "promise_of_other_log", "Case 45: the promise was made by another log.", Reason::PromiseInvalid, |entry| {
            entry.promise_key = &world.other
        }),
        v1(
            world,
            "promise_for_other_time",
            "Case 45: the time was moved by a second after the log promised it.",
            Reason::PromiseInvalid,
            |entry| entry.edit = self::entry(|entry| entry.integrated_time += 1),
        ),
        v1(
            world,
            "promise_for_other_index",
            "Case 45: the global index was changed after the log promised it.",
            Reason::PromiseInvalid,
            |entry| entry.edit = self::entry(|entry| entry.log_index += 1),
        ),
        at(
            "time_before_life",
            "Case 45, TOB-SIGSTORE-7: the log's time is a second before the certificate's validity period; there is no tolerance.",
            TIME - 61,
            Reason::OutsideCertificateWindow,
        ),
        at(
            "time_after_life",
            "Case 45: the log's time is a second after the certificate's validity period; there is no tolerance.",
            TIME + 541,
            Reason::OutsideCertificateWindow,
        ),
        at("time_zero", "Case 45: the log's time is zero.", 0, Reason::EntryMalformed),
        fail("time_in_future", "Case 45: the log's time is in the year 2096.", later.commit(), Reason::TimeInFuture),
    ]
}

fn proofs(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, reason, change: fn(&mut TransparencyLogEntry)| {
        v1(world, name, sentence, reason, |entry| entry.edit = self::entry(change))
    };
    macro_rules! proof {
        ($entry:ident) => {
            $entry.inclusion_proof.as_mut().unwrap()
        };
    }
    vec![
        of("proof_missing", "Case 48: there is no inclusion proof; a promise alone is not enough.", Reason::ProofMissing, |entry| {
            entry.inclusion_proof = None
        }),
        of("proof_without_checkpoint", "Case 48: the inclusion proof has no checkpoint.", Reason::ProofMissing, |entry| {
            proof!(entry).checkpoint = None
        }),
        of("proof_bit", "Cases 48 and 51: a bit of a hash in the proof is flipped.", Reason::ProofInvalid, |entry| {
            proof!(entry).hashes[1][0] ^= 1
        }),
        of("proof_short", "Case 48: the proof lacks its last hash.", Reason::ProofInvalid, |entry| {
            proof!(entry).hashes.pop();
        }),
        of("proof_long", "Case 48: the proof has a hash too many.", Reason::ProofInvalid, |entry| proof!(entry).hashes.push(vec![7; 32])),
        of("proof_empty", "Case 48: the proof has no hashes.", Reason::ProofInvalid, |entry| proof!(entry).hashes.clear()),
        of("proof_other_index", "Case 48: the proof is for the neighbouring leaf.", Reason::ProofInvalid, |entry| {
            proof!(entry).log_index ^= 1
        }),
        of("proof_index_beyond_tree", "Case 48: the leaf's index lies beyond the tree.", Reason::ProofInvalid, |entry| {
            proof!(entry).log_index = 8
        }),
        of("proof_other_root", "Case 48: the proof's root hash is another tree's.", Reason::ProofInvalid, |entry| {
            proof!(entry).root_hash[0] ^= 1
        }),
        of("proof_tree_size_zero", "Case 48: the tree is empty.", Reason::ProofInvalid, |entry| proof!(entry).tree_size = 0),
        of("proof_tree_size_huge", "Case 48: the tree has 2^63-1 leaves.", Reason::ProofInvalid, |entry| {
            proof!(entry).tree_size = i64::MAX
        }),
        of("proof_tree_size_negative", "Case 48: the tree has a negative number of leaves.", Reason::EntryMalformed, |entry| {
            proof!(entry).tree_size = i64::MIN
        }),
        of("proof_hash_short", "Case 48: a hash in the proof has 31 bytes.", Reason::EntryMalformed, |entry| {
            proof!(entry).hashes[0].pop();
        }),
        of("proof_too_long", "Case 62: the proof has more hashes than a tree can need.", Reason::EntryMalformed, |entry| {
            proof!(entry).hashes = vec![vec![7; 32]; 65]
        }),
    ]
}

fn checkpoints<'w>(world: &'w World) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (version, recipe) in [("v1", World::v1 as fn(&World) -> Recipe<'_>), ("v2", World::v2)] {
        let of = |name: &str, sentence: &str, reason, change: &dyn Fn(&mut Entry<'w>)| {
            of(recipe(world), &format!("{name}_{version}"), sentence, reason, change)
        };
        let text = |name: &str, sentence: &str, reason, change: fn(&mut String)| {
            of(name, sentence, reason, &|entry| entry.edit_text = Some(Box::new(change)))
        };
        let note = |name: &str, sentence: &str, reason, change: fn(&mut String)| {
            of(name, sentence, reason, &|entry| entry.edit_note = Some(Box::new(change)))
        };
        vectors.extend([
            text(
                "checkpoint_of_other_tree",
                "Case 48: the checkpoint is genuine, and of another tree than the proof.",
                Reason::CheckpointMismatch,
                |text| *text = replace_line(text, 2, &STANDARD.encode([7; 32])),
            ),
            text(
                "checkpoint_of_other_size",
                "Case 48: the checkpoint is genuine, and of another size than the proof.",
                Reason::CheckpointMismatch,
                |text| *text = replace_line(text, 1, "9"),
            ),
            text("checkpoint_size_zero", "Case 48: the checkpoint is of an empty tree.", Reason::CheckpointMismatch, |text| {
                *text = replace_line(text, 1, "0")
            }),
            text("checkpoint_size_huge", "Case 48: the checkpoint is of a tree of 2^63 leaves.", Reason::CheckpointMismatch, |text| {
                *text = replace_line(text, 1, "9223372036854775808")
            }),
            text(
                "checkpoint_size_leading_zero",
                "Case 48: the checkpoint's size has a zero in front.",
                Reason::CheckpointMalformed,
                |text| *text = replace_line(text, 1, "08"),
            ),
            text("checkpoint_without_size", "Case 48: the checkpoint has no size.", Reason::CheckpointMalformed, |text| {
                *text = replace_line(text, 1, "x").replace("x\n", "")
            }),
            text("checkpoint_without_root_hash", "Case 48: the checkpoint has no root hash.", Reason::CheckpointMalformed, |text| {
                *text = text.lines().take(2).map(|line| format!("{line}\n")).collect()
            }),
            text("checkpoint_without_origin", "Case 48: the checkpoint has no origin.", Reason::CheckpointMalformed, |text| {
                *text = replace_line(text, 0, "")
            }),
            note("checkpoint_without_signatures", "Case 48: the checkpoint has no signatures.", Reason::CheckpointMalformed, |note| {
                note.truncate(note.find("\n\n").unwrap() + 1)
            }),
            note(
                "checkpoint_without_final_line_feed",
                "Case 48: the checkpoint's last line does not end.",
                Reason::CheckpointMalformed,
                |note| {
                    note.pop();
                },
            ),
            note("checkpoint_dash", "Case 48: the signature line begins with another dash.", Reason::CheckpointMalformed, |note| {
                *note = note.replace('\u{2014}', "-")
            }),
            note(
                "checkpoint_text_changed",
                "Case 48: a line was added to the checkpoint after it was signed.",
                Reason::CheckpointInvalid,
                |note| *note = note.replacen("\n\n", "\nanything\n\n", 1),
            ),
            of(
                "checkpoint_by_other_key",
                "Case 48: the checkpoint was signed by another key under the log's name and key id.",
                Reason::CheckpointInvalid,
                &|entry| entry.checkpoint_key = if version == "v1" { &world.other } else { other_ed25519() },
            ),
            of("checkpoint_key_id_of_other", "Case 48: the signature's key id is another key's.", Reason::CheckpointUnsigned, &|entry| {
                entry.key_id = [7; 32]
            }),
            of("checkpoint_name_of_other", "Case 48: the signature is under another name.", Reason::CheckpointUnsigned, &|entry| {
                entry.name = "other.example".into()
            }),
        ]);
        let mut passing = |name: &str, sentence: &str, change: fn(&mut String)| {
            let mut recipe = recipe(world);
            recipe.entry.as_mut().unwrap().edit_note = Some(Box::new(change));
            vectors.push(good(&format!("{name}_{version}"), sentence, recipe.commit()));
        };
        passing("checkpoint_cosigned", "Case 48, passing: signatures of two witnesses stand before and after the log's.", |note| {
            let witness = format!("\u{2014} witness.example {}\n", STANDARD.encode([7; 76]));
            *note = note.replacen("\n\n", &format!("\n\n{witness}"), 1) + &witness;
        });
        passing(
            "checkpoint_other_key_of_name",
            "Case 48, passing: a signature of another key under the log's name stands first.",
            |note| {
                let name = note.lines().last().unwrap().split(' ').nth(1).unwrap().to_owned();
                *note = note.replacen("\n\n", &format!("\n\n\u{2014} {name} {}\n", STANDARD.encode([7; 68])), 1);
            },
        );
        passing("checkpoint_signed_twice", "Case 48, passing: the log's signature stands twice.", |note| {
            let signature = note.lines().last().unwrap().to_owned();
            *note += &format!("{signature}\n");
        });
    }
    vectors.push(v2(
        world,
        "checkpoint_origin",
        "Case 48: the log's key signed a checkpoint that names another log.",
        Reason::CheckpointOrigin,
        |entry| {
            entry.edit_text = Some(Box::new(|text| *text = replace_line(text, 0, "other.example")));
            entry.name = "other.example".into();
        },
    ));
    let mut extended = world.v1();
    extended.entry.as_mut().unwrap().edit_text = Some(Box::new(|text| text.push_str("Timestamp: 1740830400000000000\n")));
    vectors.push(good(
        "checkpoint_with_extension",
        "Case 48, passing: the checkpoint has a further line, as Rekor v1 writes one.",
        extended.commit(),
    ));
    vectors
}

fn other_ed25519() -> &'static Key {
    static KEY: std::sync::OnceLock<Key> = std::sync::OnceLock::new();
    KEY.get_or_init(|| Key::ed25519("somebody else"))
}

fn replace_line(text: &str, index: usize, with: &str) -> String {
    text.lines().enumerate().map(|(at, line)| if at == index { format!("{with}\n") } else { format!("{line}\n") }).collect()
}

/// Logs that the trusted root names, and others.
fn logs(world: &World) -> Vec<Vector> {
    let root = |change: fn(&mut serde_json::Value)| {
        let mut root = world.trusted_root();
        change(&mut root);
        root
    };
    let commit = world.v1().commit();
    let other_log: LogWorld = log(Key::p256("stranger"), "rekor.example - 1193050959916656506", "rekor.example", "https://rekor.example");
    let mut of_other = world.v1();
    of_other.entry = Some(Entry::v1(&other_log));
    let mut named_only = world.trusted_root();
    named_only["tlogs"] = json!([log_json(&other_log), log_json(&world.rekor2)]);
    vec![
        fail(
            "log_unknown",
            "Case 50: the entry comes from a log of a known name whose key the trusted root does not have.",
            of_other.commit(),
            Reason::LogUnknown,
        ),
        fail("log_of_same_name", "Case 50: the trusted root has a log of this name, with another key.", commit.clone(), Reason::LogUnknown)
            .root(&named_only),
        fail("no_logs", "Case 50: the trusted root names no log.", commit.clone(), Reason::LogUnknown)
            .root(&root(|root| root["tlogs"] = json!([]))),
        fail(
            "log_no_longer_trusted",
            "Case 50: the log's window ended a second before the entry.",
            commit.clone(),
            Reason::OutsideLogWindow,
        )
        .root(&root(|root| root["tlogs"][0]["publicKey"]["validFor"]["end"] = json!("2025-03-01T11:59:59Z"))),
        fail("log_not_yet_trusted", "Case 50: the log's window began a second after the entry.", commit.clone(), Reason::OutsideLogWindow)
            .root(&root(|root| root["tlogs"][0]["publicKey"]["validFor"]["start"] = json!("2025-03-01T12:00:01Z"))),
        fail("log_starts_in_future", "Case 50: the log's window begins in the year 2096.", commit.clone(), Reason::OutsideLogWindow)
            .root(&root(|root| root["tlogs"][0]["publicKey"]["validFor"]["start"] = json!("2096-01-01T00:00:00Z"))),
        good("log_trusted_until_then", "Case 50, passing: the log's window ends in the second of the entry.", commit.clone())
            .root(&root(|root| root["tlogs"][0]["publicKey"]["validFor"]["end"] = json!("2025-03-01T12:00:00Z"))),
        refused_root(
            "log_window_without_start",
            "Case 50: a log's window has no start.",
            commit.clone(),
            &root(|root| root["tlogs"][0]["publicKey"]["validFor"] = json!({"end": "2030-01-01T00:00:00Z"})),
        ),
        refused_root(
            "log_window_malformed",
            "Case 50: the start of a log's window is not a time.",
            commit.clone(),
            &root(|root| root["tlogs"][0]["publicKey"]["validFor"] = json!({"start": "yesterday"})),
        ),
        refused_root(
            "log_named_twice",
            "Case 50: the trusted root names a log twice.",
            commit.clone(),
            &root(|root| {
                let log = root["tlogs"][0].clone();
                root["tlogs"].as_array_mut().unwrap().push(log);
            }),
        ),
        refused_root(
            "trusted_root_of_other_type",
            "Case 50: the trusted root's media type is another.",
            commit.clone(),
            &root(|root| root["mediaType"] = json!("application/json")),
        ),
        refused_root(
            "timestamp_authority_without_chain",
            "Case 49: a timestamp authority of the trusted root has no certificates.",
            commit.clone(),
            &root(|root| root["timestampAuthorities"][0]["certChain"]["certificates"] = json!([])),
        ),
        good("unused_log_expired", "Case 50, passing: another log of the trusted root is no longer trusted.", commit)
            .root(&root(|root| root["tlogs"][1]["publicKey"]["validFor"]["end"] = json!(BEGIN_TEXT))),
    ]
}
