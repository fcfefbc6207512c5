//! Every cap of the verifier, reached: what has just that size or number passes, and what has one more is refused, with the cap's own reason.

use crate::{
    case::{Case, cases},
    library::{NOW, signed},
};
use paraph::{
    Explanation as _, Reason,
    internals::{
        bundle::{Bundle, MAX_BUNDLE, MAX_BUNDLES, MAX_PARTS},
        certificate::x509::{MAX_CERTIFICATE, MAX_EXTENSIONS},
        evidence::{
            checkpoint::{MAX_CHECKPOINT, MAX_SIGNATURES},
            detached::{MAX_DETACHED, from_file},
            log::{MAX_ENTRY, MAX_PROOF},
            timestamp::MAX_TOKEN,
        },
        object::MAX_UPDATES,
        policy::MAX_FILE,
        signature::{MAX_CMS, armor::MAX_ARMOR, cms::MAX_ELEMENTS, git::MAX_TOKENS},
        statement::{MAX_DIGESTS, MAX_SUBJECTS, Statement},
    },
    object::{MAX_HEADER_LINES, MAX_OBJECT, ObjectFormat},
    policy::{AllowedIdentities, Pattern},
    trust::{Instance, MAX_TRUSTED_ROOT, TrustRoot},
    verify::{ManagedKey, Verifier},
};
use paraph_vectors::{
    certificate::{Template, authority_key_identifier, basic_constraints, key_usage, name, raw, serial, subject_key_identifier},
    der::{self, Content, edit, octets, sequence, set},
    evidence::{Token, unsigned_attribute},
    key::Key,
    recipe::{COMMIT, PUSH, Recipe, TAG},
    world::{BEGIN, END, TIME, World, authority_json},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path, time::Instant};

/// A cap by its name in the source: what happens with `count` of what it counts.
struct Cap {
    name: &'static str,
    at: usize,
    /// At the cap: usually nothing; a reason of a later step where nothing genuine is so large.
    passes: Outcome,
    refused: Outcome,
    of: fn(&World, usize) -> Outcome,
}

/// A reason's identifier, or what else is said; `good` where nothing is wrong.
type Outcome = &'static str;

const CAPS: &[Cap] = &[
    Cap { name: "MAX_OBJECT", at: MAX_OBJECT, passes: "good", refused: "object-too-large", of: object },
    Cap { name: "MAX_HEADER_LINES", at: MAX_HEADER_LINES, passes: "good", refused: "object-too-large", of: header_lines },
    Cap { name: "MAX_UPDATES", at: MAX_UPDATES, passes: "good", refused: "malformed-object", of: updates },
    Cap { name: "MAX_ARMOR", at: MAX_ARMOR, passes: "good", refused: "armor-too-large", of: armor },
    Cap { name: "MAX_CMS", at: MAX_CMS, passes: "good", refused: "armor-too-large", of: cms },
    Cap { name: "MAX_ELEMENTS", at: MAX_ELEMENTS, passes: "good", refused: "cms-too-many", of: certificates },
    Cap { name: "MAX_TOKENS", at: MAX_TOKENS, passes: "good", refused: "timestamp-too-many", of: tokens },
    Cap { name: "MAX_SCTS", at: 8, passes: "good", refused: "sct-malformed", of: scts },
    Cap { name: "MAX_CERTIFICATE", at: MAX_CERTIFICATE, passes: "good", refused: "certificate-malformed", of: certificate },
    Cap { name: "MAX_EXTENSIONS", at: MAX_EXTENSIONS, passes: "good", refused: "certificate-extension", of: extensions },
    Cap { name: "MAX_ENTRY", at: MAX_ENTRY, passes: "good", refused: "entry-malformed", of: entry },
    // a tree of 2^63 leaves has no longer path, and nobody has one
    Cap { name: "MAX_PROOF", at: MAX_PROOF, passes: "proof-invalid", refused: "entry-malformed", of: proof },
    Cap { name: "MAX_CHECKPOINT", at: MAX_CHECKPOINT, passes: "good", refused: "checkpoint-malformed", of: checkpoint },
    Cap { name: "MAX_SIGNATURES", at: MAX_SIGNATURES, passes: "good", refused: "checkpoint-malformed", of: checkpoint_signatures },
    Cap { name: "MAX_TOKEN", at: MAX_TOKEN, passes: "good", refused: "timestamp-malformed", of: token },
    Cap { name: "MAX_CHAIN", at: 8, passes: "good", refused: "its chain has 9 certificates", of: chain },
    Cap { name: "MAX_TRUSTED_ROOT", at: MAX_TRUSTED_ROOT, passes: "good", refused: "bytes; at most", of: trusted_root },
    Cap { name: "MAX_ENTRIES", at: 256, passes: "good", refused: "more than 256 entries of one kind", of: logs },
    Cap { name: "MAX_FILE", at: MAX_FILE, passes: "good", refused: "the file has more than", of: identities },
    // the cap comes before the parser, which finds an empty object malformed
    Cap { name: "MAX_BUNDLE", at: MAX_BUNDLE, passes: "bundle-malformed", refused: "bundle-too-large", of: bundle },
    Cap { name: "MAX_BUNDLES", at: MAX_BUNDLES, passes: "good", refused: "bundle-too-many", of: bundles },
    // the timestamps are none, which is found when they are read
    Cap { name: "MAX_PARTS", at: MAX_PARTS, passes: "timestamp-malformed", refused: "bundle-too-many", of: parts },
    Cap { name: "MAX_SUBJECTS", at: MAX_SUBJECTS, passes: "good", refused: "statement-too-many", of: |_, count| statement(count, 1) },
    Cap { name: "MAX_DIGESTS", at: MAX_DIGESTS, passes: "good", refused: "statement-too-many", of: |_, count| statement(1, count) },
    Cap { name: "MAX_KEY", at: 64 * 1024, passes: "good", refused: "key-malformed", of: key },
    Cap { name: "MAX_DETACHED", at: MAX_DETACHED, passes: "good", refused: "entry-mismatch", of: detached },
    // compiled, it is larger than what was written, so that the cap lies between these two
    Cap {
        name: "MAX_PATTERN",
        at: 10_000,
        passes: "good",
        refused: "size limit",
        of: |_, count| pattern(if count > 10_000 { 1_000_000 } else { count }),
    },
];

/// Caps that only the program can reach, and the file whose tests do.
const ELSEWHERE: [(&str, &str); 1] = [("MAX_ENTRY_FILE", "src/judge/entries/store.rs")];

#[test]
fn a_cap_lets_pass_what_reaches_it_and_refuses_one_more() {
    let world = World::new();
    let mut wrong = Vec::new();
    for Cap { name, at, passes, refused, of } in CAPS {
        for (count, expected) in [(*at, passes), (at + 1, refused)] {
            let found = of(&world, count);
            if !found.contains(expected) {
                wrong.push(format!("{name} {count}: expected {expected}, found {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_cap_of_the_verifier_is_in_the_table() {
    let modules = ["object", "bundle", "statement", "signature", "certificate", "evidence", "trust", "verify", "policy", "report"];
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, file) in ELSEWHERE {
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        assert!(text.split("mod tests").nth(1).unwrap().contains(name), "{file} does not test {name}");
    }
    let mut named = BTreeSet::new();
    for module in modules {
        // folders within a module hold its unit tests
        let paths = std::fs::read_dir(source.join("src").join(module)).unwrap().map(|entry| entry.unwrap().path());
        for file in paths.filter(|path| path.is_file()) {
            let text = std::fs::read_to_string(file).unwrap();
            named.extend(text.lines().filter_map(|line| {
                let (name, _) = line.trim_start_matches("pub ").strip_prefix("const MAX_")?.split_once(':')?;
                Some(format!("MAX_{name}"))
            }));
        }
    }
    let elsewhere = ELSEWHERE.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(named, CAPS.iter().map(|cap| cap.name.to_owned()).chain(elsewhere).collect());
}

fn bundle(_: &World, length: usize) -> Outcome {
    outcome(Bundle::parse(format!("{{}}{}", " ".repeat(length - 2)).as_bytes()))
}

fn bundles(_: &World, count: usize) -> Outcome {
    outcome(Bundle::split("{}\n".repeat(count).as_bytes()))
}

fn parts(_: &World, count: usize) -> Outcome {
    let timestamps = vec![json!({"signedTimestamp": "AA=="}); count];
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "k"}, "timestampVerificationData": {"rfc3161Timestamps": timestamps}},
        "messageSignature": {"signature": "AA=="},
    });
    outcome(Bundle::parse(bundle.to_string().as_bytes()))
}

fn statement(subjects: usize, digests: usize) -> Outcome {
    let digest: serde_json::Map<String, Value> = (0..digests).map(|number| (format!("d{number}"), json!("00"))).collect();
    let subjects = vec![json!({"name": "file", "digest": digest}); subjects];
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": "https://example.com/p"});
    outcome(Statement::parse(statement.to_string().as_bytes()))
}

fn key(_: &World, length: usize) -> Outcome {
    let pem = paraph::internals::signature::pem("PUBLIC KEY", &Key::p256("key").spki());
    outcome(ManagedKey::from_pem(format!("{pem}{}", " ".repeat(length - pem.len())).as_bytes()))
}

/// Time is linear in what comes from outside: ten times as much takes no more than a hundred times as long, where a square would take a
/// thousand times. Small inputs are measured often enough that the clock's grain does not matter.
#[test]
fn time_grows_with_the_size_alone() {
    let world = World::new();
    let verifier = verifier(&world.trusted_root());
    type Make = fn(usize) -> Vec<u8>;
    let kinds: [(&str, Make); 5] = [
        ("lines of a tag's header", |count| {
            let lines: String = (0..count).map(|number| format!("x{number} y\n")).collect();
            TAG.replace("\n\nA", &format!("\n{lines}\nA")).into_bytes()
        }),
        ("lines of a commit's header", |count| {
            let lines: String = (0..count).map(|number| format!("x{number} y\n z\n")).collect();
            COMMIT.replace("\n\nA", &format!("\n{lines}\nA")).into_bytes()
        }),
        ("lines of a tag's message", |count| [TAG.as_bytes(), "-----BEGIN\n".repeat(count * 100).as_bytes()].concat()),
        ("signatures in a tag's message", |count| [TAG.as_bytes(), "-----BEGIN SSH SIGNATURE-----\n".repeat(count).as_bytes()].concat()),
        ("parents", |count| {
            let parents = "parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n".repeat(count);
            COMMIT.replace("author", &format!("{parents}author")).into_bytes()
        }),
    ];
    for (kind, make) in kinds {
        let seconds = |count: usize, repeats: u32| {
            let object = make(count);
            let started = Instant::now();
            for _ in 0..repeats {
                let _ = verifier.verify_tag(&object, ObjectFormat::Sha1, None);
                let _ = verifier.verify_commit(&object, ObjectFormat::Sha1);
            }
            started.elapsed().as_secs_f64() / f64::from(repeats)
        };
        let (small, large) = (seconds(4_000, 5), seconds(40_000, 1));
        assert!(large < 100.0 * small, "{kind}: {small} s and {large} s");
    }
}

fn verifier(root: &Value) -> Verifier {
    let root = TrustRoot::from_json(root.to_string().as_bytes(), Instance::named("vectors").unwrap(), "vectors").unwrap();
    Verifier::new(vec![root], NOW.parse().unwrap())
}

/// The verifier's answer for a recipe's commit.
fn commit(world: &World, recipe: &Recipe<'_>) -> Outcome {
    outcome(verifier(&world.trusted_root()).verify_commit(&recipe.commit(), ObjectFormat::Sha1))
}

fn outcome<T>(result: Result<T, paraph::Rejection>) -> Outcome {
    result.map_or_else(|rejection| rejection.reason().id(), |_| "good")
}

/// The message of an error without a reason.
fn message<T>(result: Result<T, impl ToString>) -> Outcome {
    result.map_or_else(|error| error.to_string().leak() as &str, |_| "good")
}

fn object(world: &World, size: usize) -> Outcome {
    let mut short = world.v1().commit();
    if size > MAX_OBJECT {
        // what was signed does not matter then, and takes seconds
        short.resize(size, b'a');
        return outcome(verifier(&world.trusted_root()).verify_commit(&short, ObjectFormat::Sha1));
    }
    let payload = format!("{COMMIT}{}", "a".repeat(size - short.len()));
    let object = world.v1().commit_of(payload.as_bytes());
    assert_eq!(object.len(), size);
    let line = "a".repeat(511) + "\n";
    let tag = world.v1().tag_of(format!("{TAG}{}", line.repeat((size - world.v1().tag().len()) / line.len() - 1)).as_bytes());
    let verifier = verifier(&world.trusted_root());
    assert_eq!(verifier.verify_tag(&tag, ObjectFormat::Sha1, None).map(|_| ()), Ok(()), "a tag that is a little shorter");
    outcome(verifier.verify_commit(&object, ObjectFormat::Sha1))
}

fn header_lines(world: &World, count: usize) -> Outcome {
    let lines = |object: &[u8]| object.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()).count();
    let usual = lines(&world.v1().commit());
    let payload = COMMIT.replace("\n\nA", &format!("\n{}\nA", "x y\n".repeat(count - usual)));
    let object = world.v1().commit_of(payload.as_bytes());
    assert_eq!(lines(&object), count);
    outcome(verifier(&world.trusted_root()).verify_commit(&object, ObjectFormat::Sha1))
}

fn updates(world: &World, count: usize) -> Outcome {
    let update = PUSH.lines().last().unwrap();
    let payload = format!("{PUSH}{}", format!("{update}\n").repeat(count - 1));
    outcome(verifier(&world.trusted_root()).verify_push_certificate(&world.v1().tag_of(payload.as_bytes())))
}

/// A recipe with an unsigned attribute of this many bytes.
fn padded(world: &World, length: usize) -> Recipe<'_> {
    let mut recipe = world.v1();
    recipe.attributes = vec![unsigned_attribute("1.2.3.4", &[octets(&vec![7; length])])];
    recipe
}

/// A length of padding for which `measure` gives `size`, or the largest below it.
fn fitting(size: usize, measure: impl Fn(usize) -> usize) -> usize {
    let mut padding = size - size / 3;
    while measure(padding) > size {
        padding -= (measure(padding) - size).div_ceil(2);
    }
    while measure(padding + 1) <= size {
        padding += (size - measure(padding)).div_ceil(3).max(1);
        while measure(padding) > size {
            padding -= 1;
        }
    }
    padding
}

fn armor(world: &World, size: usize) -> Outcome {
    let measure = |padding| padded(world, padding).armored(COMMIT.as_bytes()).len();
    // base64 comes in groups: the largest that fits, and the next one
    let fits = fitting(MAX_ARMOR, measure);
    commit(world, &padded(world, if size > MAX_ARMOR { fits + 3 } else { fits }))
}

fn cms(world: &World, size: usize) -> Outcome {
    let payload = COMMIT.as_bytes();
    let padding = size - padded(world, size / 2).cms(payload).len() + size / 2;
    let cms = padded(world, padding).cms(payload);
    assert_eq!(cms.len(), size);
    outcome(verifier(&world.trusted_root()).verify_cms(&cms, payload))
}

fn certificates(world: &World, count: usize) -> Outcome {
    let mut recipe = world.v1();
    recipe.after = vec![world.root.clone(); count - 1];
    commit(world, &recipe)
}

fn tokens(world: &World, count: usize) -> Outcome {
    let mut recipe = world.v2();
    recipe.tokens = (0..count).map(|number| Token { time: TIME + i64::try_from(number).unwrap(), ..Token::of(&world.tsa) }).collect();
    commit(world, &recipe)
}

fn scts(world: &World, count: usize) -> Outcome {
    // the list is an OCTET STRING of a length and entries with a length each
    fn repeat<const COUNT: usize>(list: &mut Vec<u8>) {
        let Content::Primitive(whole) = der::Node::parse(list).content else { panic!("an octet string") };
        let entries = whole[2..].repeat(COUNT);
        *list = octets(&[&u16::try_from(entries.len()).unwrap().to_be_bytes()[..], &entries].concat());
    }
    let mut recipe = world.v1();
    recipe.sct.as_mut().unwrap().edit = Some(if count == 8 { repeat::<8> } else { repeat::<9> });
    commit(world, &recipe)
}

fn certificate(world: &World, size: usize) -> Outcome {
    let of = |fill: u8, length: usize| {
        let mut recipe = world.v1();
        recipe.leaf.put(raw("1.2.3.4", false, vec![fill; length]));
        recipe
    };
    // signatures differ in length by a byte or two, so that not every content will do
    let about = size - of(0, size / 2).certificate().len() + size / 2;
    let fits = |fill| (about - 4..about + 4).map(move |length| of(fill, length)).find(|recipe| recipe.certificate().len() == size);
    commit(world, &(0..=255).find_map(fits).unwrap())
}

fn extensions(world: &World, count: usize) -> Outcome {
    let mut recipe = world.v1();
    // with the one of the timestamp
    for number in recipe.leaf.extensions.len() + 1..count {
        recipe.leaf.put(raw(&format!("1.2.3.{number}"), false, vec![5, 0]));
    }
    commit(world, &recipe)
}

fn entry(world: &World, size: usize) -> Outcome {
    let mut recipe = world.v1();
    recipe.entry.as_mut().unwrap().edit_encoded = Some(Box::new(move |encoded| {
        // a field that is not known: its number and type, its length in three bytes, and its content
        let length = size - encoded.len() - 4;
        let byte = |shift: usize| u8::try_from(length >> shift & 0x7f).unwrap();
        encoded.extend([0x7a, byte(0) | 0x80, byte(7) | 0x80, byte(14)]);
        encoded.resize(size, 7);
    }));
    commit(world, &recipe)
}

fn proof(world: &World, count: usize) -> Outcome {
    let mut recipe = world.v1();
    recipe.entry.as_mut().unwrap().edit =
        Some(Box::new(move |entry| entry.inclusion_proof.as_mut().unwrap().hashes.resize(count, vec![7; 32])));
    commit(world, &recipe)
}

fn checkpoint(world: &World, size: usize) -> Outcome {
    let mut recipe = world.v1();
    recipe.entry.as_mut().unwrap().edit_note = Some(Box::new(move |note| {
        let around = "\u{2014}  BwcHBwc=\n";
        *note += &format!("\u{2014} {} BwcHBwc=\n", "w".repeat(size - note.len() - around.len()));
        assert_eq!(note.len(), size);
    }));
    commit(world, &recipe)
}

fn checkpoint_signatures(world: &World, count: usize) -> Outcome {
    let mut recipe = world.v1();
    recipe.entry.as_mut().unwrap().edit_note =
        Some(Box::new(move |note| *note += &"\u{2014} witness.example BwcHBwc=\n".repeat(count - 1)));
    commit(world, &recipe)
}

fn token(world: &World, size: usize) -> Outcome {
    let mut recipe = world.v2();
    let grow = move |token: &mut Vec<u8>| {
        let with = |length: usize| {
            let attribute = sequence(&[der::oid("1.2.3.4"), set(&[octets(&vec![7; length])])]);
            edit(token, |node| {
                let unsigned = der::Node { tag: 0xa1, content: Content::Constructed(vec![der::Node::parse(&attribute)]) };
                node.at(&[1, 0, 4, 0]).children().push(unsigned);
            })
        };
        let grown = with(size - with(size / 2).len() + size / 2);
        assert_eq!(grown.len(), size);
        *token = grown;
    };
    recipe.tokens = vec![Token { edit: Some(Box::new(grow)), ..Token::of(&world.tsa) }];
    commit(world, &recipe)
}

/// A chain of this many certificates over the usual leaf's issuer.
fn chain(world: &World, count: usize) -> Outcome {
    let keys: Vec<Key> = (1..count).map(|number| Key::p384(&format!("authority {number}"))).collect();
    let name_of = |number: usize| name(&format!("authority {number}"));
    let mut chain: Vec<Vec<u8>> = Vec::new();
    for number in 0..count {
        let issuer = (number + 1).min(count - 1);
        let mut template = Template {
            serial: serial(&format!("authority {number}")),
            issuer: name_of(issuer),
            not_before: BEGIN,
            not_after: END,
            subject: name_of(number),
            spki: Vec::new(),
            extensions: vec![key_usage(&[5, 6]), basic_constraints(None)],
        };
        if number == 0 {
            template.subject = name("fulcio intermediate");
        }
        let own = if number == 0 { &world.intermediate_key } else { &keys[number - 1] };
        template.spki = own.spki();
        template.put(subject_key_identifier(own));
        template.put(authority_key_identifier(&keys[issuer - 1]));
        chain.push(template.signed_by(&keys[issuer - 1]));
    }
    let mut root = world.trusted_root();
    root["certificateAuthorities"] =
        json!([authority_json("https://fulcio.example", &chain.iter().map(Vec::as_slice).collect::<Vec<_>>())]);
    match TrustRoot::from_json(root.to_string().as_bytes(), Instance::Custom, "vectors") {
        Ok(root) => outcome(Verifier::new(vec![root], NOW.parse().unwrap()).verify_commit(&world.v1().commit(), ObjectFormat::Sha1)),
        Err(error) => message(Err::<(), _>(error)),
    }
}

fn trusted_root(world: &World, size: usize) -> Outcome {
    let mut json = world.trusted_root().to_string();
    json += &" ".repeat(size - json.len());
    message(TrustRoot::from_json(json.as_bytes(), Instance::Custom, "vectors"))
}

fn logs(world: &World, count: usize) -> Outcome {
    let mut root = world.trusted_root();
    root["ctlogs"] = vec![root["ctlogs"][0].clone(); count].into();
    message(TrustRoot::from_json(root.to_string().as_bytes(), Instance::Custom, "vectors"))
}

fn identities(_: &World, size: usize) -> Outcome {
    message(AllowedIdentities::parse(&"#".repeat(size)))
}

/// Entries beside a signature, of which the last one is right.
fn detached(_: &World, count: usize) -> Outcome {
    let case = |name: &str| cases().into_iter().find(|case| case.name == name).unwrap();
    let entries = |case: &Case| from_file(case.entries.as_ref().unwrap()).unwrap();
    let right = case("entry_of_object_id_fail");
    let mut all = vec![entries(&case("kept_entry_of_other_object_fail"))[0].clone(); count - 1];
    all.extend(entries(&right));
    let root = TrustRoot::from_json(&std::fs::read(&right.trusted_root).unwrap(), Instance::Custom, "vectors").unwrap();
    outcome(Verifier::new(vec![root], NOW.parse().unwrap()).verify_with(&signed(&right).unwrap(), &all))
}

fn pattern(count: usize) -> Outcome {
    message(Pattern::new(&"a".repeat(count)))
}

#[test]
fn a_structure_is_read_to_a_depth_that_no_input_can_exceed() {
    let world = World::new();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let read = |json: &str| TrustRoot::from_json(json.as_bytes(), Instance::Custom, "deep").is_ok();
    assert!(!read(&deep) && !read(&format!(r#"{{"tlogs":{deep}}}"#)));
    // what is not known is passed over, without a call for each level
    assert!(read(&format!(r#"{{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","other":{deep}}}"#)));
    // protobuf groups of any depth are
    let mut recipe = world.v1();
    recipe.entry.as_mut().unwrap().edit_encoded = Some(Box::new(|encoded| encoded.extend([0x7b].repeat(100_000))));
    assert_eq!(commit(&world, &recipe), Reason::EntryMalformed.id());
}
