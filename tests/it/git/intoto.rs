//! `paraph show --format intoto`: the statement of `gitsign show`. `scripts/interop` compares it with gitsign's.

use super::repository;
use crate::support::{objects::OPENPGP, sandbox::Sandbox};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

fn statement(sandbox: &Sandbox, revision: &str) -> Value {
    let done = sandbox.paraph(&["show", "--format", "intoto", revision]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let statement: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!((&statement["type"], &statement["predicate_type"]), (&statement["_type"], &statement["predicateType"]));
    statement
}

#[test]
fn a_signed_commit_and_tag_are_stated_with_their_certificate_and_signed_attributes() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["remote", "add", "origin", "https://git.example/repository"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "first", "-m", "a \"body\""]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "second"]);
    sandbox.git(&["tag", "-s", "-m", "a tag", "v1"]);
    let id = sandbox.git(&["rev-parse", "HEAD"]);
    let date =
        |id: &str, what: &str| sandbox.git(&["log", "-1", &format!("--format=%{what}d"), "--date=format-local:%Y-%m-%dT%H:%M:%SZ", id]);
    let person = json!({"name": sandbox.git(&["log", "-1", "--format=%an"]), "email": sandbox.git(&["log", "-1", "--format=%ae"]), "date": date(&id, "a")});

    let commit = statement(&sandbox, "HEAD");
    assert_eq!(commit["subject"], json!([{"name": "https://git.example/repository", "digest": {"sha1": id}}]));
    assert_eq!(commit["predicateType"], "https://gitsign.sigstore.dev/predicate/git/v0.1");
    let source = json!({
        "tree": sandbox.git(&["rev-parse", "HEAD^{tree}"]),
        "parents": [sandbox.git(&["rev-parse", "HEAD^"])],
        "author": person,
        "committer": person,
        "message": "second\n",
    });
    assert_eq!(commit["predicate"]["source"], source);
    assert_eq!(commit["predicate"]["signature"], sandbox.commit_parts("HEAD").signature);
    let info = &commit["predicate"]["signer_info"][0];
    assert!(info["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n"));
    // a SET OF, as it is signed
    assert_eq!(STANDARD.decode(info["attributes"].as_str().unwrap()).unwrap()[0], 0x31);
    sandbox.git(&["remote", "set-url", "origin", "https://ann:hunter2@git.example/repository"]);
    assert_eq!(statement(&sandbox, "HEAD")["subject"][0]["name"], "https://***@git.example/repository");
    let root = statement(&sandbox, "HEAD^");
    assert_eq!(
        (&root["predicate"]["source"]["parents"], &root["predicate"]["source"]["message"]),
        (&Value::Null, &json!("first\n\na \"body\"\n"))
    );

    let tag = statement(&sandbox, "v1");
    let tag_id = sandbox.git(&["rev-parse", "v1"]);
    assert_eq!(tag["subject"][0]["digest"], json!({"sha1": tag_id, "gitTag": tag_id}));
    assert_eq!(tag["predicateType"], "https://gitsign.sigstore.dev/predicate/tag/v0.1");
    let source = &tag["predicate"]["source"];
    assert_eq!(
        (&source["object"], &source["object_type"], &source["tag"], &source["message"]),
        (&json!(id), &json!("commit"), &json!("v1"), &json!("a tag\n"))
    );
    assert_eq!(source["tagger"]["email"], person["email"]);
    assert_eq!(tag["predicate"]["signature"], sandbox.tag_parts("v1").signature);
}

#[test]
fn what_has_no_sigstore_signature_is_stated_without_a_signer() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "unsigned"]);
    let predicate = &statement(&sandbox, "HEAD")["predicate"];
    assert_eq!((&predicate["signature"], &predicate["signer_info"]), (&Value::Null, &Value::Null));
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "signed"]);
    let openpgp = sandbox.store_commit(&sandbox.commit_parts("HEAD").with_signature(OPENPGP));
    let predicate = &statement(&sandbox, &openpgp)["predicate"];
    assert_eq!((&predicate["signature"], &predicate["signer_info"]), (&json!(OPENPGP), &Value::Null));

    sandbox.git(&["tag", "light"]);
    for (revision, words) in [("light", "not an annotated tag"), ("HEAD^{tree}", "expected a commit or tag")] {
        let done = sandbox.paraph(&["show", "--format=intoto", revision]);
        assert!(done.code != Some(0) && done.stdout.is_empty() && done.stderr.contains(words), "{done:?}");
    }
    let two =
        sandbox.store("commit", &[b"tree 0123456789012345678901234567890123456789\n", &sandbox.object("commit", "HEAD")[..]].concat());
    assert_ne!(sandbox.paraph(&["show", "--format=intoto", &two]).code, Some(0));
}
