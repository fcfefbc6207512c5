//! Sigstore bundles about files: the good forms, and one lie each.

use super::{
    super::{
        bundle::{BundleRecipe, b64, hexadecimal, raw_bytes},
        der::{edit, integer, sequence},
        json,
        key::Key,
        recipe::COMMIT,
        world::World,
    },
    SIGNER, Vector, fail, verdict,
};
use paraph::{
    Explanation, Reason,
    internals::{
        bundle::{IN_TOTO, MAX_PARTS},
        evidence::entry::EntryKind,
        signature::{GitSignature, cms::SignedData, git::signed_attributes, pem},
        statement::{MAX_DIGESTS, RELEASE},
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

/// The file that most bundles are about.
const FILE: &[u8] = b"a file that alice signs\n";
const OTHER_FILE: &[u8] = b"another file\n";
const PREDICATE: &str = "https://example.com/review/v1";

/// A vector: a bundle, the file that it should be about, and the expected results.
pub struct BundleVector {
    pub name: String,
    sentence: &'static str,
    bundle: Vec<u8>,
    artifact: Vec<u8>,
    /// The reason when the file's bytes are given, and when its SHA-256 digest is.
    reasons: [Option<Reason>; 2],
    more: Vec<(&'static str, Vec<u8>)>,
}

impl BundleVector {
    /// The files of its folder.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let line = |entry: &str, reason: Option<Reason>| {
            let (verdict, id) = reason.map_or(("good", "-"), |reason| (verdict(reason), reason.id()));
            format!("{entry:<8} {verdict:<10} {id}\n")
        };
        let expect = line("bytes", self.reasons[0]) + &line("digest", self.reasons[1]);
        let mut files = vec![
            ("README", format!("{}\n", self.sentence).into_bytes()),
            ("bundle.sigstore.json", self.bundle.clone()),
            ("artifact", self.artifact.clone()),
            ("expect", expect.into_bytes()),
        ];
        files.extend(self.more.clone());
        files
    }

    /// The file that it should be about.
    fn about(self, artifact: &[u8]) -> Self {
        Self { artifact: artifact.to_vec(), ..self }
    }

    /// The result when only the file's SHA-256 digest is given.
    fn by_digest(self, reason: Reason) -> Self {
        Self { reasons: [self.reasons[0], Some(reason)], ..self }
    }

    /// The key that the verifier trusts.
    fn key(self, pem: Vec<u8>) -> Self {
        self.with("key.pub", pem)
    }

    /// The predicate type that the verifier expects.
    fn predicate_type(self, expected: &str) -> Self {
        self.with("predicate-type", format!("{expected}\n").into_bytes())
    }

    fn with(mut self, name: &'static str, content: Vec<u8>) -> Self {
        self.more.push((name, content));
        self
    }
}

fn good(name: &str, sentence: &'static str, bundle: &Value) -> BundleVector {
    of(format!("{name}_ok"), sentence, json(bundle), None)
}

fn bad(name: &str, sentence: &'static str, bundle: &Value, reason: Reason) -> BundleVector {
    of(format!("{name}_fail"), sentence, json(bundle), Some(reason))
}

fn of(name: String, sentence: &'static str, bundle: Vec<u8>, reason: Option<Reason>) -> BundleVector {
    BundleVector { name, sentence, bundle, artifact: FILE.to_vec(), reasons: [reason, reason], more: Vec::new() }
}

/// A value after a change.
fn edited(value: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut value = value.clone();
    change(&mut value);
    value
}

fn remove(value: &mut Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name).unwrap()
}

/// All vectors of bundles.
pub fn bundles(world: &World) -> Vec<BundleVector> {
    [
        forms(world),
        parsed(world),
        material(world),
        keys(world),
        digests(world),
        envelopes(world),
        statements(world),
        entries(world),
        timestamps(world),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A statement about a file.
fn statement(digests: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": { "result": "passed" },
        "predicateType": PREDICATE,
        "subject": [{ "name": "file", "digest": digests }],
    })
}

fn about_file() -> Value {
    statement(&json!({ "sha256": hexadecimal(FILE) }))
}

/// Another statement about it.
fn failed_statement() -> Value {
    edited(&about_file(), |statement| statement["predicate"] = json!({ "result": "failed" }))
}

impl BundleRecipe<'_> {
    fn statement(&self, statement: &Value) -> Value {
        self.envelope(IN_TOTO, statement.to_string().as_bytes())
    }
}

fn forms(world: &World) -> Vec<BundleVector> {
    let (v1, v2) = (world.bundle_v1(), world.bundle_v2());
    let intoto = BundleRecipe { envelope_kind: EntryKind::IntotoV002, ..world.bundle_v1() };
    let (p384, ed25519) = (Key::p384("signer of P-384"), Key::ed25519("signer of Ed25519"));
    let old = |version: &str| {
        edited(&v1.message(FILE), |bundle| {
            bundle["mediaType"] = json!(format!("application/vnd.dev.sigstore.bundle+json;version={version}"));
            let material = &mut bundle["verificationMaterial"];
            material["x509CertificateChain"] = json!({ "certificates": [remove(material, "certificate"), raw_bytes(&world.intermediate)] });
        })
    };
    let release = edited(&about_file(), |statement| statement["predicateType"] = json!(RELEASE));
    vec![
        good("v1", "A file with an entry of Rekor v1: the twin of most bundles that fail.", &v1.message(FILE)),
        good("v2", "A file with an entry of Rekor v2 and a timestamp.", &v2.message(FILE)),
        good("v1_dsse", "A statement with an entry of the kind dsse in Rekor v1.", &v1.statement(&about_file())),
        good("v1_intoto", "A statement with an entry of the kind intoto in Rekor v1.", &intoto.statement(&about_file())),
        good("v2_dsse", "A statement with an entry of Rekor v2 and a timestamp.", &v2.statement(&about_file())),
        good("release", "A statement of the type of releases.", &v2.statement(&release)),
        good("predicate_type", "A statement of the type that the verifier expects.", &v2.statement(&about_file()))
            .predicate_type(PREDICATE),
        good("key_v1", "A file signed with a key, with an entry of Rekor v1.", &world.bundle_v1().by_key().message(FILE))
            .key(world.signer.public_pem()),
        good("key_v2", "A file signed with a key, with an entry of Rekor v2 and a timestamp.", &world.bundle_v2().by_key().message(FILE))
            .key(world.signer.public_pem()),
        good(
            "key_v1_dsse",
            "A statement signed with a key, with an entry of Rekor v1.",
            &world.bundle_v1().by_key().statement(&about_file()),
        )
        .key(world.signer.public_pem()),
        good("version_01", "A bundle of version 0.1, with a certificate chain.", &old("0.1")),
        good("version_02", "A bundle of version 0.2, with a certificate chain.", &old("0.2")),
        good("rsa", "A file signed with an RSA key.", &world.bundle_v1().signed_with(world, &world.rsa).message(FILE)),
        good(
            "ed25519_dsse",
            "A statement signed with an Ed25519 key.",
            &world.bundle_v1().signed_with(world, &ed25519).statement(&about_file()),
        ),
        good(
            "p384",
            "A file signed with a P-384 key: the bundle states the SHA-384 digest, so the SHA-256 digest alone proves nothing.",
            &world.bundle_v1().signed_with(world, &p384).message(FILE),
        )
        .by_digest(Reason::DigestUnknown),
        good(
            "no_message_digest",
            "The bundle leaves out the file's digest, which is only a hint.",
            &edited(&v1.message(FILE), |bundle| drop(remove(&mut bundle["messageSignature"], "messageDigest"))),
        ),
    ]
}

/// Defects of the JSON.
fn parsed(world: &World) -> Vec<BundleVector> {
    let bundle = world.bundle_v1().message(FILE);
    let wrong = |name: &str, sentence: &'static str, change: &dyn Fn(&mut Value)| {
        bad(name, sentence, &edited(&bundle, change), Reason::BundleMalformed)
    };
    let text = String::from_utf8(json(&bundle)).unwrap();
    let raw = |name: &str, sentence: &'static str, text: String| {
        of(format!("{name}_fail"), sentence, text.into_bytes(), Some(Reason::BundleMalformed))
    };
    let signature = bundle["messageSignature"]["signature"].as_str().unwrap().to_owned();
    vec![
        wrong("unknown_field", "The bundle has a field that the format does not know.", &|bundle| bundle["comment"] = json!("harmless")),
        wrong("index_as_number", "The log index is a number; 64-bit integers are texts.", &|bundle| {
            bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!(1_000_005);
        }),
        wrong("signature_without_padding", "The base64 of the signature has no padding.", &|bundle| {
            bundle["messageSignature"]["signature"] = json!(signature.trim_end_matches('='));
        }),
        wrong("digest_too_short", "The stated digest has one byte less than its algorithm gives.", &|bundle| {
            bundle["messageSignature"]["messageDigest"]["digest"] = json!(b64(&[7; 31]));
        }),
        wrong("name_in_other_spelling", "A field's name is spelled as in the protobuf file.", &|bundle| {
            let media_type = remove(bundle, "mediaType");
            bundle["media_type"] = media_type;
        }),
        raw("field_twice", "The signature stands twice, so that two readers can see two bundles.", {
            let field = format!("\"signature\": \"{signature}\"");
            text.replacen(&field, &format!("{field}, {field}"), 1)
        }),
        raw("text_after_end", "There is text after the bundle.", format!("{text}{{}}\n")),
        raw("truncated", "The bundle ends before its last brace.", text.trim_end().trim_end_matches('}').to_owned()),
        bad(
            "unknown_version",
            "The media type is of a version that does not exist.",
            &edited(&bundle, |bundle| bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json")),
            Reason::BundleMediaType,
        ),
        bad(
            "not_a_bundle",
            "The JSON is a bundle but for its media type, which is another format's.",
            &edited(&bundle, |bundle| {
                bundle["mediaType"] = json!("application/vnd.dev.sigstore.trustedroot+json;version=0.1");
            }),
            Reason::BundleMediaType,
        ),
    ]
}

/// Defects of the parts and their number.
fn material(world: &World) -> Vec<BundleVector> {
    let bundle = world.bundle_v1().message(FILE);
    let wrong = |name: &str, sentence: &'static str, reason: Reason, change: &dyn Fn(&mut Value)| {
        bad(name, sentence, &edited(&bundle, change), reason)
    };
    let chain = |certificates: Vec<Value>| {
        move |bundle: &mut Value| {
            let leaf = remove(&mut bundle["verificationMaterial"], "certificate");
            let chain: Vec<Value> = [leaf].into_iter().chain(certificates.clone()).collect();
            bundle["verificationMaterial"]["x509CertificateChain"] = json!({ "certificates": chain });
        }
    };
    let many = chain(vec![raw_bytes(&world.intermediate); MAX_PARTS]);
    let root = chain(vec![raw_bytes(&world.intermediate), raw_bytes(&world.root)]);
    let envelope = remove(&mut world.bundle_v1().statement(&about_file()), "dsseEnvelope");
    vec![
        wrong("too_many_certificates", "The certificate chain is longer than is read.", Reason::BundleTooMany, &many),
        wrong("too_many_entries", "There are more log entries than are read.", Reason::BundleTooMany, &|bundle| {
            let entries = bundle["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
            *entries = vec![entries[0].clone(); MAX_PARTS + 1];
        }),
        wrong("root_certificate", "The certificate chain contains the root.", Reason::BundleRootCertificate, &root),
        wrong("certificate_and_key", "The bundle has a certificate and a public key.", Reason::BundleKeyMaterial, &|bundle| {
            bundle["verificationMaterial"]["publicKey"] = json!({ "hint": "alice" });
        }),
        wrong("no_key_material", "The bundle has neither certificate nor public key.", Reason::BundleKeyMaterial, &|bundle| {
            remove(&mut bundle["verificationMaterial"], "certificate");
        }),
        wrong("signature_and_envelope", "The bundle has a signature over a file and an envelope.", Reason::BundleContent, &|bundle| {
            bundle["dsseEnvelope"] = envelope.clone();
        }),
        wrong("no_content", "The bundle has neither signature nor envelope.", Reason::BundleContent, &|bundle| {
            remove(bundle, "messageSignature");
        }),
        wrong("digest_of_other_hash", "The stated digest is of SHA3-256.", Reason::BundleAlgorithm, &|bundle| {
            bundle["messageSignature"]["messageDigest"]["algorithm"] = json!("SHA3_256");
        }),
        wrong("empty_chain", "The certificate chain is empty.", Reason::CertificateMissing, &|bundle| {
            remove(&mut bundle["verificationMaterial"], "certificate");
            bundle["verificationMaterial"]["x509CertificateChain"] = json!({ "certificates": [] });
        }),
    ]
}

/// Lies about keys.
fn keys(world: &World) -> Vec<BundleVector> {
    let by_key = || world.bundle_v1().by_key();
    let file = by_key().message(FILE);
    let named = edited(&by_key().statement(&about_file()), |bundle| {
        bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!("another key");
    });
    let of_other = BundleRecipe { key: &world.other, ..by_key() }.message(FILE);
    let own = || world.signer.public_pem();
    let certificate = pem("CERTIFICATE", &world.v1().certificate()).into_bytes();
    vec![
        bad("key_not_given", "A key signed the file, and the verifier was given none.", &file, Reason::KeyNotGiven),
        bad(
            "key_not_used",
            "A certificate's key signed the file, and the verifier was given a key.",
            &world.bundle_v1().message(FILE),
            Reason::KeyNotUsed,
        )
        .key(own()),
        bad("key_is_certificate", "The verifier was given a certificate as a key.", &file, Reason::KeyMalformed).key(certificate),
        bad("key_is_empty", "The file with the key is empty.", &file, Reason::KeyMalformed).key(Vec::new()),
        bad("key_of_other", "The verifier trusts another key than the one that signed.", &file, Reason::KeySignature)
            .key(world.other.public_pem()),
        bad("signed_by_other_key", "Somebody else's key signed the file.", &of_other, Reason::KeySignature).key(own()),
        bad("key_id_of_other", "The envelope names another key than the bundle.", &named, Reason::BundleKeyHint).key(own()),
    ]
}

/// Lies about the file.
fn digests(world: &World) -> Vec<BundleVector> {
    let v1 = world.bundle_v1();
    let stated = edited(&v1.message(FILE), |bundle| {
        bundle["messageSignature"]["messageDigest"] = v1.message(OTHER_FILE)["messageSignature"]["messageDigest"].clone();
    });
    let no_digest = edited(&v1.message(FILE), |bundle| drop(remove(&mut bundle["messageSignature"], "messageDigest")));
    // the signature of a commit is over its signed attributes; the log entry here says that it is over the content
    let cms = world.v1().cms(COMMIT.as_bytes());
    let commit = SignedData::from_der(&cms).and_then(GitSignature::new).unwrap();
    let attributes = signed_attributes(&Sha256::digest(COMMIT).into(), 1_767_225_600).unwrap();
    // a digest does not show what it is the digest of
    let disguised = |name: &str, sentence: &'static str, file: &[u8]| BundleVector {
        reasons: [Some(Reason::FileDisguised), None],
        ..bad(name, sentence, &v1.message(file), Reason::FileDisguised).about(file)
    };
    let moved = v1.signature_of(COMMIT.as_bytes(), commit.signer.signature);
    vec![
        bad("other_file", "The bundle is about another file.", &v1.message(FILE), Reason::MessageDigest).about(OTHER_FILE),
        bad("digest_of_other_file", "The bundle states another file's digest.", &stated, Reason::MessageDigest),
        bad(
            "other_file_without_digest",
            "The bundle is about another file, and leaves out its digest.",
            &no_digest,
            Reason::SignatureInvalid,
        )
        .about(OTHER_FILE),
        bad(
            "signature_of_commit",
            "The signature of a commit, moved into a bundle about the commit's content: it is over the signed attributes.",
            &moved,
            Reason::SignatureInvalid,
        )
        .about(COMMIT.as_bytes()),
        disguised(
            "file_of_attributes",
            "The file is the signed attributes of a commit's signature, over which a CMS is signed.",
            &attributes,
        ),
        disguised(
            "file_of_commit",
            "The file is a commit without its signature, over which a CMS without attributes is signed.",
            COMMIT.as_bytes(),
        ),
        disguised("file_of_envelope", "The file is the signed bytes of a DSSE envelope.", b"DSSEv1 28 application/vnd.in-toto+json 2 {}"),
        bad(
            "signature_of_other_file",
            "The signature is over another file.",
            &v1.signature_of(FILE, &world.signer.sign(OTHER_FILE)),
            Reason::SignatureInvalid,
        ),
    ]
}

/// Defects of envelopes.
fn envelopes(world: &World) -> Vec<BundleVector> {
    let v2 = world.bundle_v2();
    let payload = about_file().to_string();
    let signed = v2.statement(&about_file());
    let signatures =
        |change: &dyn Fn(&mut Vec<Value>)| edited(&signed, |bundle| change(bundle["dsseEnvelope"]["signatures"].as_array_mut().unwrap()));
    let other_payload = edited(&signed, |bundle| {
        bundle["dsseEnvelope"]["payload"] = json!(b64(failed_statement().to_string().as_bytes()));
    });
    // the signature over the statement itself, as a file
    let statement_as_file = edited(&v2.message(payload.as_bytes()), |bundle| {
        let signature = remove(bundle, "messageSignature")["signature"].clone();
        bundle["dsseEnvelope"] =
            json!({ "payload": b64(payload.as_bytes()), "payloadType": IN_TOTO, "signatures": [{ "sig": signature }] });
    });
    vec![
        bad("two_signatures", "The envelope has two signatures.", &signatures(&|all| all.push(all[0].clone())), Reason::EnvelopeSignatures),
        bad("no_signature", "The envelope has no signature.", &signatures(&|all| all.clear()), Reason::EnvelopeSignatures),
        bad("payload_type", "The envelope holds a text.", &v2.envelope("text/plain", payload.as_bytes()), Reason::PayloadType),
        bad(
            "payload_type_changed",
            "The envelope states another type than the signed one.",
            &edited(&v2.envelope("text/plain", payload.as_bytes()), |bundle| bundle["dsseEnvelope"]["payloadType"] = json!(IN_TOTO)),
            Reason::SignatureInvalid,
        ),
        bad("payload_changed", "The statement says something else than the signed one.", &other_payload, Reason::SignatureInvalid),
        bad(
            "statement_signed_as_file",
            "A signature over a file that is a statement, moved into an envelope with that statement.",
            &statement_as_file,
            Reason::SignatureInvalid,
        ),
    ]
}

/// Defects of statements, which are signed.
fn statements(world: &World) -> Vec<BundleVector> {
    let v2 = world.bundle_v2();
    let wrong =
        |name: &str, sentence: &'static str, reason: Reason, statement: &Value| bad(name, sentence, &v2.statement(statement), reason);
    let changed = |change: &dyn Fn(&mut Value)| edited(&about_file(), change);
    let text = about_file().to_string();
    let other = hexadecimal(OTHER_FILE);
    let digest = format!("\"sha256\":\"{}\"", hexadecimal(FILE));
    let raw = |payload: &str| v2.envelope(IN_TOTO, payload.as_bytes());
    let twice = text.replacen(&digest, &format!("{digest},\"sha256\":\"{other}\""), 1);
    let many: serde_json::Map<String, Value> = (0..=MAX_DIGESTS).map(|number| (format!("hash{number:02}"), json!("00"))).collect();
    vec![
        bad("digest_twice", "A subject has two SHA-256 digests.", &raw(&twice), Reason::StatementMalformed),
        bad("statement_is_no_json", "The payload is cut off.", &raw(&text[..text.len() - 1]), Reason::StatementMalformed),
        wrong(
            "statement_type",
            "The statement is of an unknown version.",
            Reason::StatementMalformed,
            &changed(&|statement| {
                statement["_type"] = json!("https://in-toto.io/Statement/v2");
            }),
        ),
        wrong(
            "no_subject",
            "The statement has no subject.",
            Reason::StatementMalformed,
            &changed(&|statement| statement["subject"] = json!([])),
        ),
        wrong("too_many_digests", "A subject has more digests than are read.", Reason::StatementTooMany, &statement(&Value::Object(many))),
        wrong(
            "subject_of_other_file",
            "The only subject is another file.",
            Reason::SubjectMismatch,
            &statement(&json!({ "sha256": other })),
        ),
        wrong(
            "subject_of_two_files",
            "The subject's SHA-512 digest is the file's, and its SHA-256 digest is another file's.",
            Reason::SubjectMismatch,
            &statement(&json!({ "sha256": other, "sha512": hexadecimal_of_sha512(FILE) })),
        ),
        wrong(
            "digests_of_other_kind",
            "The subject has the digest of a git commit only.",
            Reason::DigestUnknown,
            &statement(&json!({ "gitCommit": "4b825dc642cb6eb9a060e54bf8d69288fbee4904" })),
        ),
        wrong("other_predicate_type", "The verifier expects another type.", Reason::PredicateType, &about_file()).predicate_type(RELEASE),
        bad(
            "no_statement",
            "The verifier expects a statement, and the signature is over the file.",
            &v2.message(FILE),
            Reason::PredicateType,
        )
        .predicate_type(PREDICATE),
    ]
}

fn hexadecimal_of_sha512(bytes: &[u8]) -> String {
    Sha512::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A bundle with another key material, other entries or other timestamps.
fn with_material(bundle: &Value, change: impl FnOnce(&mut Value)) -> Value {
    edited(bundle, |bundle| change(&mut bundle["verificationMaterial"]))
}

/// A bundle with a part of another one.
fn with_part(bundle: &Value, part: &str, other: &Value) -> Value {
    with_material(bundle, |material| material[part] = other["verificationMaterial"][part].clone())
}

/// Lies about log entries.
fn entries(world: &World) -> Vec<BundleVector> {
    let v1 = world.bundle_v1();
    let (file, of_other_file) = (v1.message(FILE), v1.message(OTHER_FILE));
    let (statement, failed) = (v1.statement(&about_file()), v1.statement(&failed_statement()));
    let statement_as_file = v1.message(about_file().to_string().as_bytes());
    let wrong = |name: &str, sentence: &'static str, (bundle, other): (&Value, &Value), reason: Reason| {
        bad(name, sentence, &with_part(bundle, "tlogEntries", other), reason)
    };
    let second = with_material(&file, |material| {
        let theirs = of_other_file["verificationMaterial"]["tlogEntries"][0].clone();
        material["tlogEntries"].as_array_mut().unwrap().push(theirs);
    });
    let without = |bundle: &Value, part: &str| with_material(bundle, |material| drop(remove(&mut material["tlogEntries"][0], part)));
    let old = edited(&file, |bundle| bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1"));
    vec![
        bad(
            "no_entry",
            "The bundle has no log entry.",
            &with_material(&file, |material| material["tlogEntries"] = json!([])),
            Reason::EntryMissing,
        ),
        wrong("entry_of_other_file", "The log entry is about another file.", (&file, &of_other_file), Reason::EntryMismatch),
        wrong("entry_of_other_statement", "The log entry is about another statement.", (&statement, &failed), Reason::EntryMismatch),
        wrong(
            "entry_of_file_for_statement",
            "The log entry of Rekor v1 is about a file, and the bundle holds a statement.",
            (&statement, &statement_as_file),
            Reason::EntryKind,
        ),
        bad("second_entry_of_other_file", "The second log entry is about another file.", &second, Reason::EntryMismatch),
        bad(
            "no_promise",
            "A bundle of version 0.1 whose log entry has no promise.",
            &without(&old, "inclusionPromise"),
            Reason::PromiseMissing,
        ),
        bad(
            "no_proof",
            "The log entry has no inclusion proof, which version 0.3 needs.",
            &without(&file, "inclusionProof"),
            Reason::ProofMissing,
        ),
    ]
}

/// Lies about timestamps.
fn timestamps(world: &World) -> Vec<BundleVector> {
    const PART: &str = "timestampVerificationData";
    let v2 = world.bundle_v2();
    let (file, of_other_file) = (v2.message(FILE), v2.message(OTHER_FILE));
    let second = with_material(&file, |material| {
        let theirs = of_other_file["verificationMaterial"][PART]["rfc3161Timestamps"][0].clone();
        material[PART]["rfc3161Timestamps"].as_array_mut().unwrap().push(theirs);
    });
    let refused = with_material(&file, |material| {
        // the status "rejection", without a token
        material[PART]["rfc3161Timestamps"][0]["signedTimestamp"] = json!(b64(&sequence(&[sequence(&[integer(&[2])])])));
    });
    vec![
        bad(
            "no_timestamp",
            "The entry of Rekor v2 gives no time, and there is no timestamp.",
            &with_material(&file, |material| drop(remove(material, PART))),
            Reason::NoTrustedTime,
        ),
        bad(
            "timestamp_of_other_file",
            "The timestamp is over another signature.",
            &with_part(&file, PART, &of_other_file),
            Reason::TimestampImprint,
        ),
        bad("second_timestamp_of_other_file", "The second timestamp is over another signature.", &second, Reason::TimestampImprint),
        bad("timestamp_refused", "The authority's answer is a refusal.", &refused, Reason::TimestampMalformed),
    ]
}

/// Signatures and log entries of bundles, moved into commits.
pub fn vectors(world: &World) -> Vec<Vector> {
    let moved = |file: &'static [u8]| {
        let mut recipe = world.v1();
        let signature = world.signer.sign(file);
        recipe.edit_signature = Some(Box::new(move |bytes| bytes.clone_from(&signature)));
        let entry = recipe.entry.as_mut().unwrap();
        entry.edit_record = Some(Box::new(move |record| record.digest = Sha256::digest(file).into()));
        recipe
    };
    // this signature is over the commit's content, which a CMS without signed attributes would sign
    let mut direct = moved(COMMIT.as_bytes());
    direct.edit_cms = Some(Box::new(|cms| *cms = edit(cms, |cms| drop(cms.at(&SIGNER).children().remove(3)))));
    vec![
        fail(
            "bundle_of_file",
            "The signature and the log entry of a file's bundle, moved into a commit.",
            moved(FILE).commit(),
            Reason::SignatureInvalid,
        ),
        fail(
            "bundle_of_content",
            "The signature and the log entry of a bundle about a file with the commit's content, moved into a commit without signed attributes.",
            direct.commit(),
            Reason::SignedAttributes,
        ),
    ]
}
