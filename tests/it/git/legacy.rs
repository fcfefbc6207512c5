//! Signatures of gitsign's online mode: looked up where the user asks for it, kept, and labelled.

use super::{
    offline::{sockets, traced},
    repository, shown,
};
use crate::support::{
    log::FakeLog,
    objects,
    online::{Signer, answer, sha1_id, uuid},
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
    socket::{Silent, closed},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::internals::evidence::entry::{EntryVersion, HashedRekord, TransparencyLogEntry};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

/// An object that was signed in the online mode, with the rules that it needs.
struct Case {
    kind: &'static str,
    sha256: bool,
    bytes: Vec<u8>,
    rules: &'static [&'static str],
}

fn commit_text(tree: &str, more: &str, message: &str) -> String {
    format!("tree {tree}\nauthor Ann <{EMAIL}> 1795000000 +0100\ncommitter Ann <{EMAIL}> 1795000000 +0100\n{more}\n{message}\n")
}

fn tag_text(target: &str, message: &str) -> String {
    format!("object {target}\ntype tree\ntag v1\ntagger Ann <{EMAIL}> 1795000000 +0100\n\n{message}\n")
}

/// One object for each way in which gitsign computed an id, logged under it.
fn cases(sandbox: &Sandbox, signer: &Signer) -> Vec<Case> {
    let signature_of = |payload: &str| signer.signature(payload.as_bytes()).armored;
    let whole = |payload: &str, header: &str, signature: &str| objects::commit(payload.as_bytes(), header, signature);
    let log = |kind: &str, bytes: &[u8]| drop(signer.log(&sha1_id(sandbox, kind, bytes)));
    let mut cases = Vec::new();
    let mut add = |kind, sha256, bytes, rules| cases.push(Case { kind, sha256, bytes, rules });

    let payload = commit_text(TREE, "", "as it is");
    let commit = whole(&payload, "gpgsig", &signature_of(&payload));
    log("commit", &commit);
    add("commit", false, commit, &["entry-of-object-id"]);

    let payload = tag_text(TREE, "as it is");
    let tag = [payload.as_bytes(), signature_of(&payload).as_bytes()].concat();
    log("tag", &tag);
    add("tag", false, tag, &["entry-of-object-id"]);

    let payload = commit_text(TREE, "encoding ISO-8859-1\n", "with a header that was dropped");
    let signature = signature_of(&payload);
    log("commit", &whole(&payload.replace("encoding ISO-8859-1\n", ""), "gpgsig", &signature));
    add("commit", false, whole(&payload, "gpgsig", &signature), &["entry-of-reencoded-id"]);

    let payload = tag_text(TREE, "with its signature in a header");
    let signature = signature_of(&payload);
    log("tag", &whole(&payload, "gpgsig", &signature));
    add("tag", false, [payload.as_bytes(), signature.as_bytes()].concat(), &["entry-of-header-id"]);

    let payload = commit_text(TREE_SHA256, "", "by SHA-1");
    let signature = signature_of(&payload);
    log("commit", &whole(&payload, "gpgsig", &signature));
    add("commit", true, whole(&payload, "gpgsig-sha256", &signature), &["entry-of-sha1-id"]);

    let payload = commit_text(TREE_SHA256, "", "by SHA-1 with ids cut off");
    let signature = signature_of(&payload);
    log("commit", &whole(&payload.replace(TREE_SHA256, &TREE_SHA256[..40]), "gpgsig", &signature));
    add("commit", true, whole(&payload, "gpgsig-sha256", &signature), &["entry-of-sha1-id", "entry-of-reencoded-id"]);

    let payload = tag_text(TREE_SHA256, "by SHA-1 in a header");
    let signature = signature_of(&payload);
    log("tag", &whole(&payload, "gpgsig", &signature));
    add("tag", true, [payload.as_bytes(), signature.as_bytes()].concat(), &["entry-of-sha1-id", "entry-of-header-id"]);

    let payload = commit_text(TREE, "", "only not embedded");
    let signature = signer.signature(payload.as_bytes());
    signer.log_signature(&signature);
    add("commit", false, whole(&payload, "gpgsig", &signature.armored), &["entry-not-embedded"]);
    cases
}

/// Copies the trusted root where it outlives the Sigstore, with another address of Rekor v1 where one is given, and has the sandbox use it.
fn trust(sandbox: &Sandbox, sigstore: &Sigstore, log: Option<&str>) {
    let mut root: Value = serde_json::from_str(&sigstore.trusted_root).unwrap();
    if let Some(log) = log {
        for known in root["tlogs"].as_array_mut().unwrap() {
            if known["publicKey"]["keyDetails"] == "PKIX_ECDSA_P256_SHA_256" {
                known["baseUrl"] = json!(log);
            }
        }
        assert!(root.to_string().contains(log));
    }
    let file = sandbox.home().join("trusted_root.json");
    fs::write(&file, root.to_string()).unwrap();
    sandbox.git(&["config", "--global", "paraph.local.trustedRoot", file.to_str().unwrap()]);
}

/// Verdict, reason or rules, message, and exit code of `paraph verify --json`.
fn judged(sandbox: &Sandbox, flags: &[&str], id: &str) -> (String, String, String, Option<i32>) {
    let done = sandbox.paraph(&[&["verify", "--json"], flags, &[id]].concat());
    let line: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
    let rules = line["legacy"].as_array().map(|rules| rules.iter().map(|rule| rule.as_str().unwrap()).collect::<Vec<_>>().join(","));
    let reason = line["reason"].as_str().map(str::to_owned).or(rules).unwrap_or_default();
    (line["verdict"].as_str().unwrap().into(), reason, line["message"].as_str().unwrap_or_default().into(), done.code)
}

fn short(result: &(String, String, String, Option<i32>)) -> (&str, &str, Option<i32>) {
    (&result.0, &result.1, result.3)
}

/// A repository of each object format whose user allows the signer, and trusts by files that outlive the Sigstore.
fn repositories(sigstore: &Sigstore) -> [Sandbox; 2] {
    ["sha1", "sha256"].map(|format| {
        let sandbox = Sandbox::new();
        sandbox.git(&["init", "-q", &format!("--object-format={format}")]);
        sigstore.configure(&sandbox);
        sigstore.allow(&sandbox, EMAIL);
        trust(&sandbox, sigstore, None);
        sandbox
    })
}

#[test]
fn each_way_in_which_an_id_was_logged_is_found_labelled_and_kept() {
    let test = "each_way_in_which_an_id_was_logged_is_found_labelled_and_kept";
    let sigstore = Sigstore::start();
    let [sha1, sha256] = repositories(&sigstore);
    let objects: Vec<(Case, &Sandbox, String)> = cases(&sha1, &Signer::new(&sigstore, EMAIL))
        .into_iter()
        .map(|case| {
            let sandbox = if case.sha256 { &sha256 } else { &sha1 };
            let id = sandbox.store(case.kind, &case.bytes);
            (case, sandbox, id)
        })
        .collect();
    let check = |flags: &[&str], verdict: &str, reason: &dyn Fn(&Case) -> String, code: i32| {
        for (case, sandbox, id) in &objects {
            assert_eq!(short(&judged(sandbox, flags, id)), (verdict, reason(case).as_str(), Some(code)), "{:?} {flags:?}", case.rules);
        }
    };
    let (missing, rules) = (|_: &Case| "entry-missing".to_owned(), |case: &Case| case.rules.join(","));
    check(&[], "unchecked", &missing, 14);
    check(&["--allow-legacy"], "unchecked", &missing, 14);
    check(&["--lookup"], "legacy", &rules, 11);
    // from here on the log is gone
    drop(sigstore);
    check(&[], "legacy", &rules, 11);
    check(&["--lookup"], "legacy", &rules, 11);
    check(&["--allow-legacy"], "good", &rules, 0);
    for (case, sandbox, id) in &objects {
        let verify = if case.kind == "tag" { "verify-tag" } else { "verify-commit" };
        assert_eq!(sandbox.try_git(&[verify, id]).code, Some(1), "{:?}", case.rules);
        assert_eq!(sandbox.try_git(&["-c", "paraph.allowLegacy=true", verify, id]).code, Some(0), "{:?}", case.rules);
    }

    // the name under which an entry is kept can be found out without paraph
    let (_, sandbox, id) = &objects[0];
    let name = hex::encode(Sha256::digest(id));
    assert!(sandbox.kept_entries().join(&name[..2]).join(&name[2..]).is_file());
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_paraph"), &["verify", "--allow-legacy", id][..]),
        ("git", &["-c", "paraph.allowLegacy=true", "verify-commit", id]),
    ] {
        let Some(trace) = traced(sandbox, test, program, arguments) else { return };
        assert_eq!(sockets(&trace), Vec::<&str>::new(), "{program} {arguments:?}");
    }
}

/// A commit of the online mode, stored, and its entry.
fn online_commit(sandbox: &Sandbox, signer: &Signer, message: &str) -> (String, TransparencyLogEntry) {
    let payload = commit_text(TREE, "", message);
    let signature = signer.signature(payload.as_bytes()).armored;
    let id = sandbox.store("commit", &objects::commit(payload.as_bytes(), "gpgsig", &signature));
    let entry = signer.log(&id);
    (id, entry)
}

#[test]
fn what_was_looked_up_is_told_to_people() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let (id, _) = online_commit(&sandbox, &Signer::new(&sigstore, EMAIL), "message");
    let text = |flags: &[&str]| {
        let done = sandbox.paraph(&[&["verify"], flags, &[&id]].concat());
        let text = shown(&sandbox, &format!("exit {}\n{}{}", done.code.unwrap(), done.stdout, done.stderr));
        text.split(' ').map(|word| if word.ends_with(';') && word.len() > 15 { "TREE;" } else { word }).collect::<Vec<_>>().join(" ")
    };
    insta::assert_snapshot!([text(&[]), text(&["--lookup"]), text(&["--allow-legacy"])].join("\n"), @r"
    exit 14
    commit OID: unchecked
      The signature could not be checked: no log entry is embedded, and none was looked up: `paraph verify --lookup` asks the log for it [entry-missing].
      It claims to be from TREE; this is not verified.

    exit 11
    commit OID: legacy
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (log); entry 0 of the log 127.0.0.1 - TREE; instance local.
      This needed a legacy rule: the log entry is not embedded, and is about the object's id, as in gitsign's online mode [entry-of-object-id].
      But it is not trusted: it needs a legacy rule, and legacy signatures are not accepted.
      To accept legacy signatures, use --allow-legacy or set paraph.allowLegacy.

    exit 0
    commit OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (log); entry 0 of the log 127.0.0.1 - TREE; instance local.
      This needed a legacy rule: the log entry is not embedded, and is about the object's id, as in gitsign's online mode [entry-of-object-id].
    ");
}

#[test]
fn each_false_answer_of_a_log_is_refused_and_not_stored() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let (signer, other) = (Signer::new(&sigstore, EMAIL), Signer::new(&sigstore, EMAIL));
    let (id, entry) = online_commit(&sandbox, &signer, "message");
    let (_, of_other_object) = online_commit(&sandbox, &signer, "another message");
    let of_other_certificate = other.log(&id);
    let with = |change: &dyn Fn(&mut TransparencyLogEntry)| {
        let mut changed = entry.clone();
        change(&mut changed);
        changed
    };
    let foreign_promise = with(&|entry| entry.inclusion_promise.clone_from(&of_other_object.inclusion_promise));
    let unknown_log = with(&|entry| entry.log_id.as_mut().unwrap().key_id[0] ^= 1);
    let other_leaf = with(&|entry| entry.inclusion_proof.as_mut().unwrap().log_index ^= 1);
    let other_tree = with(&|entry| {
        entry.inclusion_proof.as_mut().unwrap().checkpoint.clone_from(&of_other_object.inclusion_proof.as_ref().unwrap().checkpoint);
    });
    let signed_by_other = with(&|entry| {
        let (digest, signature) = (Sha256::digest(&id).into(), other.sign(id.as_bytes()));
        let (certificate, key_details) = (signer.certificate.der(), signer.certificate.public_key().details());
        let record = HashedRekord::of_certificate(&digest, &signature, certificate, key_details);
        entry.canonicalized_body = record.canonical_body(EntryVersion::V001);
    });
    let other_kind = with(&|entry| {
        let body = String::from_utf8(entry.canonicalized_body.clone()).unwrap();
        entry.canonicalized_body = body.replace(r#""kind":"hashedrekord""#, r#""kind":"rekord""#).into_bytes();
    });

    // named by its own id
    let honest = |entry: &TransparencyLogEntry| FakeLog::of(&[&uuid(entry)], vec![(uuid(entry), answer(entry).to_string())]);
    let renamed = json!({ "ab".repeat(32): answer(&entry)[uuid(&entry)] }).to_string();
    let many: Vec<String> = (0..3000).map(|number| format!("{number:064x}")).collect();
    let huge = json!({ uuid(&entry): { "body": STANDARD.encode(vec![b'x'; 1 << 20]) } }).to_string();
    for (name, log, verdict, reason, message) in [
        ("another object", honest(&of_other_object), "bad", "entry-mismatch", "about another object"),
        ("another certificate", honest(&of_other_certificate), "bad", "entry-mismatch", "another certificate"),
        ("another key", honest(&signed_by_other), "bad", "entry-signature", "does not verify"),
        ("another promise", honest(&foreign_promise), "bad", "promise-invalid", ""),
        ("another log", honest(&unknown_log), "unchecked", "log-unknown", ""),
        ("another leaf", honest(&other_leaf), "bad", "proof-invalid", ""),
        ("another tree", honest(&other_tree), "bad", "checkpoint-mismatch", ""),
        ("another kind", honest(&other_kind), "bad", "entry-kind", "rekord 0.0.1"),
        ("nothing", FakeLog::of(&[], Vec::new()), "unchecked", "entry-not-found", "asked at http://127.0.0.1:"),
        (
            "an unknown id",
            FakeLog::of(&[&"ab".repeat(32)], Vec::new()),
            "unchecked",
            "lookup-failed",
            "lists this entry, but the log does not have it",
        ),
        (
            "another id",
            FakeLog::of(&[&uuid(&entry)], vec![(uuid(&entry), renamed)]),
            "unchecked",
            "lookup-failed",
            "the entry's id is not the hash of its body",
        ),
        (
            "an entry by another id",
            FakeLog::of(&[&uuid(&of_other_object)], vec![(uuid(&of_other_object), answer(&entry).to_string())]),
            "unchecked",
            "lookup-failed",
            "the entry has a different id than the requested one",
        ),
        (
            "thousands",
            FakeLog::of(&many.iter().map(String::as_str).collect::<Vec<_>>(), Vec::new()),
            "unchecked",
            "lookup-failed",
            "sent an answer of more than 65536 bytes",
        ),
        (
            "hundreds",
            FakeLog::of(&many.iter().take(300).map(String::as_str).collect::<Vec<_>>(), Vec::new()),
            "unchecked",
            "lookup-failed",
            "it lists 300 entries; at most 16 are fetched",
        ),
        (
            "a huge entry",
            FakeLog::of(&[&uuid(&entry)], vec![(uuid(&entry), huge)]),
            "unchecked",
            "lookup-failed",
            "sent an answer of more than 262144 bytes",
        ),
    ] {
        trust(&sandbox, &sigstore, Some(&log.url));
        let judged = judged(&sandbox, &["--lookup", "--allow-legacy"], &id);
        let code = if verdict == "bad" { 15 } else { 14 };
        assert_eq!(short(&judged), (verdict, reason, Some(code)), "{name}: {judged:?}");
        assert!(judged.2.contains(message), "{name}: {}", judged.2);
        assert!(!log.calls().is_empty() && log.calls().len() <= 17, "{name}: {:?}", log.calls());
        assert!(!sandbox.kept_entries().exists(), "{name}: something was stored");
    }
    // the same log, honest
    trust(&sandbox, &sigstore, Some(&honest(&entry).url));
    assert_eq!(judged(&sandbox, &["--lookup", "--allow-legacy"], &id).0, "good");
}

#[test]
fn a_good_entry_among_others_is_found() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let signer = Signer::new(&sigstore, EMAIL);
    let (id, entry) = online_commit(&sandbox, &signer, "message");
    let (_, other) = online_commit(&sandbox, &signer, "another message");
    let answers = [&other, &entry].map(|entry| (uuid(entry), answer(entry).to_string())).to_vec();
    let log = FakeLog::of(&[&uuid(&other), &"ab".repeat(32), &uuid(&entry)], answers);
    trust(&sandbox, &sigstore, Some(&log.url));
    assert_eq!(short(&judged(&sandbox, &["--lookup"], &id)), ("legacy", "entry-of-object-id", Some(11)));
    assert_eq!(short(&judged(&sandbox, &[], &id)), ("legacy", "entry-of-object-id", Some(11)));
}

#[test]
fn a_log_that_does_not_answer_is_waited_for_once() {
    let (sigstore, sandbox) = repository();
    let signer = Signer::new(&sigstore, EMAIL);
    let ids: Vec<String> = (0..3).map(|number| online_commit(&sandbox, &signer, &format!("message {number}")).0).collect();
    let silent = Silent::start();
    sandbox.git(&["config", "--global", "paraph.timeout", "1"]);
    for (url, message) in [(silent.url.clone(), "gave no answer within 1 s"), (closed(), "could not be reached")] {
        trust(&sandbox, &sigstore, Some(&url));
        let arguments: Vec<&str> = ["verify", "--json", "--lookup"].into_iter().chain(ids.iter().map(String::as_str)).collect();
        let done = sandbox.paraph(&arguments);
        assert_eq!(done.code, Some(14), "{}", done.stderr);
        let lines: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        for line in lines {
            assert_eq!(line["reason"], "lookup-failed");
            assert!(line["message"].as_str().unwrap().contains(message), "{line}");
        }
    }
    assert_eq!(silent.connections(), 1);
}

#[test]
fn only_logs_of_rekor_v1_that_the_trust_root_names_are_asked() {
    let (sigstore, sandbox) = repository();
    let (id, _) = online_commit(&sandbox, &Signer::new(&sigstore, EMAIL), "message");
    let strange = FakeLog::of(&[], Vec::new());
    sandbox.git(&["config", "--global", "gitsign.rekor", &strange.url]);
    trust(&sandbox, &sigstore, Some(""));
    let judged = judged(&sandbox, &["--lookup"], &id);
    assert_eq!(short(&judged), ("unchecked", "lookup-failed", Some(14)));
    assert!(judged.2.contains("names no address of a log of Rekor v1"), "{}", judged.2);
    assert_eq!(strange.calls(), Vec::<String>::new());
}

#[test]
fn an_embedded_entry_that_is_wrong_is_not_looked_up() {
    let (sigstore, sandbox) = repository();
    sandbox.git(&["-c", "gitsign.rekorVersion=1", "commit", "-q", "-S", "--allow-empty", "-m", "message"]);
    let parts = sandbox.commit_parts("HEAD");
    let changed = sandbox.store_commit(&parts.with_cms(b"rekor", b"Rekor"));
    let stripped = sandbox.store_commit(&parts.without_evidence());
    let log = FakeLog::of(&[], Vec::new());
    trust(&sandbox, &sigstore, Some(&log.url));
    let wrong = judged(&sandbox, &["--lookup"], &changed);
    assert_eq!(wrong.0, "bad", "{wrong:?}");
    assert_eq!(judged(&sandbox, &["--lookup"], "HEAD").0, "untrusted");
    assert_eq!(log.calls(), Vec::<String>::new());
    // with nothing embedded it is asked for, and the real one has it
    assert_eq!(judged(&sandbox, &["--lookup"], &stripped).1, "entry-not-found");
    assert_eq!(log.calls().len(), 2);
    trust(&sandbox, &sigstore, None);
    assert_eq!(short(&judged(&sandbox, &["--lookup"], &stripped)), ("legacy", "entry-not-embedded", Some(11)));
}

#[test]
fn stored_entries_are_verified_on_each_use() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let signer = Signer::new(&sigstore, EMAIL);
    let (id, _) = online_commit(&sandbox, &signer, "message");
    let (other, _) = online_commit(&sandbox, &signer, "another message");
    let entry_file = |id: &str| -> PathBuf {
        let name = hex::encode(Sha256::digest(id));
        sandbox.kept_entries().join(&name[..2]).join(&name[2..])
    };
    for id in [&id, &other] {
        assert_eq!(judged(&sandbox, &["--lookup"], id).0, "legacy");
    }
    let good = fs::read(entry_file(&id)).unwrap();

    // another object's
    fs::copy(entry_file(&other), entry_file(&id)).unwrap();
    let refused = judged(&sandbox, &["--allow-legacy"], &id);
    assert_eq!(short(&refused), ("bad", "entry-mismatch", Some(15)));
    assert!(refused.2.ends_with("in stored entries; `paraph verify --lookup` fetches them again"), "{}", refused.2);
    assert_eq!(judged(&sandbox, &["--lookup"], &id).0, "legacy");
    assert_ne!(fs::read(entry_file(&id)).unwrap(), fs::read(entry_file(&other)).unwrap());

    // damage is reported, and repaired where the log may be asked
    for damage in [b"".to_vec(), good[..good.len() / 2].to_vec(), b"\xff\xfe".to_vec(), vec![b'A'; 2 << 20]] {
        fs::write(entry_file(&id), &damage).unwrap();
        assert_eq!(judged(&sandbox, &[], &id).1, "entry-missing");
        let done = sandbox.paraph(&["verify", &id]);
        assert!(done.stderr.contains("A stored log entry cannot be used; `paraph verify --lookup` fetches it again: "), "{}", done.stderr);
        let done = sandbox.try_git(&["verify-commit", &id]);
        assert!(done.code == Some(1) && done.stderr.contains("A stored log entry cannot be used"), "{}", done.stderr);
        let done = sandbox.paraph(&["verify", "--lookup", &id]);
        assert!(done.code == Some(11) && done.stderr.contains("it is fetched again: "), "{}", done.stderr);
        let done = sandbox.paraph(&["verify", &id]);
        assert!(done.code == Some(11) && done.stderr.is_empty(), "{}", done.stderr);
    }

    // where nothing can be kept, that is said, and the verdict stands
    fs::remove_dir_all(sandbox.kept_entries()).unwrap();
    fs::write(sandbox.kept_entries(), "").unwrap();
    let done = sandbox.paraph(&["verify", "--lookup", &id]);
    assert!(done.code == Some(11) && done.stderr.contains("found but not stored"), "{}", done.stderr);
}

#[test]
fn a_range_is_looked_up_commit_by_commit() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let signer = Signer::new(&sigstore, EMAIL);
    let mut parent = String::new();
    for number in 0..40 {
        let parents = if parent.is_empty() { String::new() } else { format!("\nparent {parent}") };
        let payload = commit_text(TREE, "", &format!("message {number}")).replacen("\nauthor", &format!("{parents}\nauthor"), 1);
        let signature = signer.signature(payload.as_bytes()).armored;
        parent = sandbox.store("commit", &objects::commit(payload.as_bytes(), "gpgsig", &signature));
        if number % 2 == 0 {
            signer.log(&parent);
        }
    }
    sandbox.git(&["update-ref", "refs/heads/main", &parent]);
    let done = sandbox.paraph(&["verify", "--all", "--lookup", "--json", "--allow-legacy"]);
    let lines: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 40);
    for (line, found) in lines.iter().zip([false, true].into_iter().cycle()) {
        let expected = if found { ("good", None) } else { ("unchecked", Some("entry-not-found")) };
        assert_eq!((line["verdict"].as_str().unwrap(), line["reason"].as_str()), expected, "{line}");
    }
    drop(sigstore);
}
