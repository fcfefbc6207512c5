//! `paraph verify-tag`: the verdict is on the tag, and with --target on its target too.

use super::{repository, shown};
use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use serde_json::Value;

fn text(sandbox: &Sandbox, done: &Done) -> String {
    format!("exit {}\n{}{}", done.code.unwrap(), shown(sandbox, &done.stdout), shown(sandbox, &done.stderr))
}

/// An unsigned commit, and its tag v1, signed by ann, who is allowed.
fn tagged() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "unsigned"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    (sigstore, sandbox)
}

#[test]
fn the_tag_alone_is_judged_and_with_target_what_it_names() {
    let (_sigstore, sandbox) = tagged();
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify-tag", "v1"])), @r"
    exit 0
    tag OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 0 of the log 127.0.0.1; instance local.
      This verdict is on the tag v1 only; use --target to judge the commit OID that it names.
    ");
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify-tag", "--target", "v1"])), @r"
    exit 12
    tag OID: good
      Good signature from ann@example.com, vouched for by http://HOST.
      Signed at TIME (timestamp-authority); entry 0 of the log 127.0.0.1; instance local.
      This verdict is on the tag v1; the commit OID that it names has a verdict of its own.
    commit OID: unsigned
      Not signed [no-signature].
    ");
    let json = sandbox.paraph(&["verify-tag", "--json", "v1"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let tag = serde_json::json!({ "name": "v1", "target": commit, "targetType": "commit", "targetJudged": false });
    assert_eq!((&json["verdict"], &json["kind"], &json["tag"]), (&"good".into(), &"tag".into(), &tag));
    let quiet = sandbox.paraph(&["verify-tag", "--quiet", "--target", "v1"]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(12), "", ""));
}

#[test]
fn tags_inside_tags_are_judged_each_by_itself() {
    let (_sigstore, sandbox) = tagged();
    sandbox.git(&["tag", "-a", "--no-sign", "middle", "-m", "unsigned", "v1"]);
    sandbox.git(&["-c", "advice.nestedTag=false", "tag", "-s", "outer", "-m", "signed", "middle"]);
    let lines = |arguments: &[&str]| -> Vec<(String, String)> {
        let done = sandbox.paraph(&[&["verify-tag", "--json"], arguments].concat());
        let reports = done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        reports.map(|report| (report["kind"].as_str().unwrap().into(), report["verdict"].as_str().unwrap().into())).collect()
    };
    let pair = |kind: &str, verdict: &str| (kind.to_owned(), verdict.to_owned());
    assert_eq!(lines(&["outer"]), [pair("tag", "good"), pair("tag", "unsigned"), pair("tag", "good")]);
    assert_eq!(lines(&["outer", "--target"])[3..], [pair("commit", "unsigned")]);
    assert_eq!(sandbox.paraph(&["verify-tag", "outer"]).code, Some(12));
    assert_eq!(sandbox.paraph(&["verify", "outer"]).code, Some(0), "`verify` judges the one object that is named");

    // a chain that is too long fails that tag
    let mut name = "outer".to_owned();
    for depth in 0..16 {
        let next = format!("deep{depth}");
        sandbox.git(&["-c", "advice.nestedTag=false", "tag", "-a", "--no-sign", &next, "-m", "x", &name]);
        name = next;
    }
    let deep = sandbox.paraph(&["verify-tag", &name]);
    assert_eq!(deep.code, Some(14), "{}", deep.stderr);
    assert!(deep.stdout.contains("at most 16 are followed [tag-too-deep]"), "{}", deep.stdout);
}

/// Attack 24: a lightweight tag replaces a signed one.
#[test]
fn a_lightweight_tag_is_not_annotated() {
    let (_sigstore, sandbox) = tagged();
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "signed"]);
    sandbox.git(&["tag", "-f", "--no-sign", "v1", "HEAD"]);
    let commit = sandbox.paraph(&["verify", "HEAD"]);
    assert_eq!((commit.code, commit.stderr.as_str()), (Some(0), ""));
    let by_name = sandbox.paraph(&["verify", "v1"]);
    assert!(by_name.code == Some(0) && by_name.stderr.starts_with("warning: refs/tags/v1 is a lightweight tag"), "{by_name:?}");
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify-tag", "v1"])), @r"
    exit 12
    lightweight tag OID: unsigned
      Not signed: refs/tags/v1 leads to the commit itself [not-annotated].
      This verdict is on the tag v1 only; use --target to judge the commit OID that it names.
    ");
    let json: Value = serde_json::from_str(&sandbox.paraph(&["verify-tag", "--json", "v1"]).stdout).unwrap();
    assert_eq!((&json["reason"], &json["layer"]), (&"not-annotated".into(), &"object".into()));
    assert_eq!((&json["tag"]["name"], &json["tag"]["targetType"]), (&"v1".into(), &"commit".into()));
    let with_target = sandbox.paraph(&["verify-tag", "--target", "v1"]);
    assert_eq!(with_target.code, Some(12), "{}", with_target.stdout);
    assert!(with_target.stdout.contains("\ncommit ") && with_target.stdout.contains(": good\n"), "{}", with_target.stdout);
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify-tag", "HEAD"])), @r#"
    exit 4
    error: "HEAD" names a commit, not a tag
    hint: verify commits with `paraph verify`.
    "#);
}

/// Attack 25: a branch and a tag with the same short name, and a branch named like an object id.
#[test]
fn a_short_name_that_may_mean_two_things_is_refused() {
    let (_sigstore, sandbox) = tagged();
    sandbox.git(&["branch", "v1"]);
    insta::assert_snapshot!(text(&sandbox, &sandbox.paraph(&["verify-tag", "v1"])), @r#"
    exit 4
    error: "v1" is ambiguous: it can mean refs/tags/v1 or refs/heads/v1
    hint: give the full name, for example `refs/tags/v1`.
    "#);
    assert_eq!(sandbox.paraph(&["verify-tag", "refs/tags/v1"]).code, Some(0));
    let id = sandbox.git(&["rev-parse", "refs/tags/v1"]);
    assert_eq!(sandbox.paraph(&["verify-tag", &id]).code, Some(0));
    sandbox.git(&["update-ref", &format!("refs/heads/{id}"), "HEAD"]);
    assert_eq!(sandbox.paraph(&["verify-tag", &id]).code, Some(4));
}

#[test]
fn a_name_that_is_not_the_tags_own_and_a_target_of_another_type_are_bad() {
    let (_sigstore, sandbox) = tagged();
    sandbox.git(&["update-ref", "refs/tags/v2", "refs/tags/v1"]);
    let moved = sandbox.paraph(&["verify-tag", "v1", "v2"]);
    assert_eq!(moved.code, Some(15), "{}", moved.stdout);
    assert!(moved.stdout.contains("refs/tags/v2 leads to the tag named v1 [tag-name]"), "{}", moved.stdout);
    assert!(moved.stdout.contains("\n2 objects: 1 good, 1 bad.\n"), "{}", moved.stdout);

    let (commit, tree) = (sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["rev-parse", "HEAD^{tree}"]));
    let parts = sandbox.tag_parts("v1");
    let lying = sandbox.store("tag", &parts.with_payload(&commit, &tree).payload);
    let done = sandbox.paraph(&["verify-tag", "--target", &lying]);
    assert_eq!(done.code, Some(15), "{}", done.stdout);
    assert!(
        done.stdout.contains("which is a tree [malformed-object]") && done.stdout.contains("a tree cannot carry one"),
        "{}",
        done.stdout
    );
    sandbox.git(&["tag", "-s", "tree", "-m", "x", "HEAD^{tree}"]);
    assert_eq!(sandbox.paraph(&["verify-tag", "tree"]).code, Some(0));
    assert_eq!(sandbox.paraph(&["verify-tag", "--target", "tree"]).code, Some(12));
}

#[test]
fn expected_identities_and_times_are_as_for_verify() {
    let (sigstore, sandbox) = tagged();
    let verify = |identity: &str| {
        sandbox.paraph(&["verify-tag", "v1", "--certificate-identity", identity, "--certificate-oidc-issuer", &sigstore.url]).code
    };
    assert_eq!((verify(EMAIL), verify("bob@example.com")), (Some(0), Some(10)));
    assert_eq!(sandbox.paraph(&["verify-tag", "v1", "--at", "2020-01-01T00:00:00Z"]).code, Some(14));
    assert_eq!(sandbox.paraph(&["verify-tag", "v1", "--instance", "public"]).code, Some(14));
    assert_eq!(sandbox.paraph(&["verify-tag"]).code, Some(2));
}

/// Nested tags are walked once, whoever asks: the verdict on a tag does not depend on the command.
#[test]
fn every_command_gives_a_tag_the_same_verdict() {
    let sigstore = Sigstore::start();
    let sandbox = sigstore.signed_history(&["one"]);
    let signed = |name: &str, target: &str, kind: &str| {
        let payload = format!("object {target}\ntype {kind}\ntag {name}\ntagger A <{EMAIL}> 1764376000 +0000\n\nm\n");
        let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", EMAIL], payload.as_bytes());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let id = sandbox.store("tag", &[payload.as_bytes(), done.stdout.as_bytes()].concat());
        sandbox.git(&["update-ref", &format!("refs/tags/{name}"), &id]);
        id
    };
    let verdict = |arguments: &[&str], id: &str| {
        let done = sandbox.paraph(&[arguments, &["--json"]].concat());
        let reports = done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let report = reports.into_iter().find(|report| report["oid"] == id).unwrap_or_else(|| panic!("{arguments:?}: {done:?}"));
        [&report["verdict"], &report["reason"]].map(|field| field.as_str().unwrap_or_default().to_owned())
    };
    let (commit, tree) = (sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["rev-parse", "HEAD^{tree}"]));
    let inner = signed("inner", &commit, "commit");
    let mut chain = inner.clone();
    for _ in 0..17 {
        chain = sandbox.store("tag", format!("object {chain}\ntype tag\ntag t\ntagger A <a@b> 1 +0000\n\nm\n").as_bytes());
    }
    for (name, target, kind, expected) in [
        ("right", inner.as_str(), "tag", ["good", ""]),
        ("tree", &tree, "tree", ["good", ""]),
        ("tree-as-commit", &tree, "commit", ["bad", "malformed-object"]),
        ("tag-as-commit", &inner, "commit", ["bad", "malformed-object"]),
        ("commit-as-tag", &commit, "tag", ["bad", "malformed-object"]),
        ("deep", &chain, "tag", ["unchecked", "tag-too-deep"]),
    ] {
        let id = signed(name, target, kind);
        for arguments in [&["verify-tag", name][..], &["verify-tag", "--target", name], &["verify", "--tags"]] {
            assert_eq!(verdict(arguments, &id), expected, "{name}: {arguments:?}");
        }
        // these judge the one object that is named
        if name != "deep" {
            let shown: Value = serde_json::from_str(&sandbox.paraph(&["show", "--json", name]).stdout).unwrap();
            assert_eq!(
                (verdict(&["verify", &id], &id), shown["verdict"].as_str()),
                (expected.map(str::to_owned), Some(expected[0])),
                "{name}"
            );
        }
    }
    // the tag inside a tag that lies is judged too
    let unsigned = sandbox.store("tag", format!("object {commit}\ntype commit\ntag u\ntagger A <a@b> 1 +0000\n\nm\n").as_bytes());
    signed("unsigned-as-commit", &unsigned, "commit");
    for arguments in [["verify-tag", "unsigned-as-commit"], ["verify", "--tags"]] {
        assert_eq!(verdict(&arguments, &unsigned)[0], "unsigned", "{arguments:?}");
    }
}
