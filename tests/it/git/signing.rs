//! Every way in which git and jj ask for a signature, in every kind of repository.

use super::repository;
use crate::support::{
    bundle::second_opinion,
    objects::{Parts, key_of, openssl_verifies},
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use paraph::object::{Commit, ObjectFormat};
use serde_json::Value;

const FORMAT: &str = "--format=%G?|%GS|%GT";

fn good() -> String {
    format!("G|{EMAIL}|fully")
}

fn sandbox_of(object_format: &str, sigstore: &Sigstore) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main", &format!("--object-format={object_format}")]);
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    sandbox
}

#[test]
fn each_command_that_signs_gives_a_good_signature_in_both_object_formats() {
    let sigstore = Sigstore::start();
    for object_format in ["sha1", "sha256"] {
        let sandbox = sandbox_of(object_format, &sigstore);
        let judged = |revision: &str| sandbox.git(&["log", "-1", FORMAT, revision]);
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
        let first = sandbox.git(&["rev-parse", "HEAD"]);
        let header = if object_format == "sha1" { "gpgsig -----BEGIN SIGNED" } else { "gpgsig-sha256 -----BEGIN SIGNED" };
        let raw = String::from_utf8(sandbox.object("commit", "HEAD")).unwrap();
        assert_eq!((judged("HEAD"), raw.contains(header)), (good(), true), "{object_format}");

        sandbox.git(&["commit", "-q", "-S", "--amend", "--allow-empty", "-m", "one, amended"]);
        assert_ne!(sandbox.git(&["rev-parse", "HEAD"]), first);
        assert_eq!(judged("HEAD"), good(), "{object_format} --amend");

        sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
        let done = sandbox.try_git(&["verify-tag", "v1"]);
        assert_eq!(done.code, Some(0), "{object_format} tag: {}", done.stderr);

        sandbox.git(&["checkout", "-q", "-b", "side"]);
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "side"]);
        sandbox.git(&["checkout", "-q", "main"]);
        sandbox.git(&["merge", "-q", "-S", "--no-ff", "--verify-signatures", "-m", "merged", "side"]);
        assert_eq!(sandbox.git(&["rev-list", "--parents", "-1", "HEAD"]).split(' ').count(), 3);
        assert_eq!(judged("HEAD"), good(), "{object_format} merge");

        sandbox.git(&["checkout", "-q", "--orphan", "plain"]);
        for message in ["a", "b", "c"] {
            sandbox.git(&["commit", "-q", "--allow-empty", "-m", message]);
        }
        assert_eq!(sandbox.git(&["log", "--format=%G?"]), "N\nN\nN");
        sandbox.git(&["rebase", "-q", "--exec", "git commit --amend -S --no-edit --allow-empty", "HEAD~2"]);
        assert_eq!(sandbox.git(&["log", "--format=%G?"]), "G\nG\nN", "{object_format} rebase --exec");

        for revision in ["main", "side", "v1", "plain"] {
            let done = sandbox.paraph(&["verify", revision]);
            assert_eq!(done.code, Some(0), "{object_format} {revision}: {}{}", done.stdout, done.stderr);
        }
    }
}

#[test]
fn a_linked_work_tree_and_a_subdirectory_sign_as_the_main_work_tree_does() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "base"]);

    let linked = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "-q", "-b", "linked", linked.to_str().unwrap()]);
    let below = linked.join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    std::fs::write(below.join("file"), "x").unwrap();
    sandbox.git_in(&below, &["add", "file"]);
    for (directory, message) in [(&linked, "in the linked work tree"), (&below, "in its subdirectory")] {
        sandbox.git_in(directory, &["commit", "-q", "-S", "--allow-empty", "-m", message]);
        assert_eq!(sandbox.git_in(directory, &["log", "-1", FORMAT]), good(), "{message}");
        assert_eq!(sandbox.paraph_in(directory, &["verify"]).code, Some(0), "{message}");
    }
}

#[test]
fn a_commit_from_another_folder_is_signed_in_the_repository_that_git_names() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let (git_dir, work_tree) = (sandbox.work().join(".git"), sandbox.work());
    let arguments = ["--git-dir", git_dir.to_str().unwrap(), "--work-tree", work_tree.to_str().unwrap()];
    sandbox.git_in(&sandbox.home(), &[&arguments[..], &["commit", "-q", "-S", "--allow-empty", "-m", "from elsewhere"]].concat());
    assert_eq!(sandbox.git(&["log", "-1", FORMAT]), good());
}

#[test]
fn the_signing_key_hints_at_the_identity() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    for (key, signer) in
        [("bob@example.com", "bob@example.com"), ("Bob <bob@example.com>", "bob@example.com"), ("0xDEADBEEF", EMAIL), ("", EMAIL)]
    {
        let setting = format!("user.signingKey={key}");
        sandbox.git(&["-c", &setting, "commit", "-q", "-S", "--allow-empty", "-m", "hinted"]);
        assert_eq!(sandbox.git(&["log", "-1", "--format=%GS"]), signer, "{key:?}");
    }
    sandbox.git(&["tag", "-u", "bob@example.com", "v1", "-m", "by bob"]);
    let raw = sandbox.try_git(&["verify-tag", "--raw", "v1"]).stderr;
    assert!(raw.lines().any(|line| line.starts_with("[GNUPG:] GOODSIG ") && line.ends_with(" bob@example.com")), "{raw}");
}

#[test]
fn each_version_of_the_log_and_a_configured_authority_give_what_they_promise() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    let authority = format!("gitsign.timestampServerURL={}/api/v1/timestamp", sigstore.url);
    let rows = [
        (&["gitsign.rekorVersion=1"][..], "0.0.1", &["log"][..]),
        (&["gitsign.rekorVersion=1", &authority], "0.0.1", &["log", "timestamp-authority"]),
        (&["gitsign.rekorVersion=2"], "0.0.2", &["timestamp-authority"]),
        (&[], "0.0.2", &["timestamp-authority"]),
    ];
    for (settings, version, sources) in rows {
        let options: Vec<&str> = settings.iter().flat_map(|setting| ["-c", setting]).collect();
        sandbox.git(&[&options[..], &["commit", "-q", "-S", "--allow-empty", "-m", "signed"]].concat());
        assert_eq!(sandbox.git(&["log", "-1", FORMAT]), good(), "{settings:?}");
        let done = sandbox.paraph(&["verify", "--json"]);
        let report: Value = serde_json::from_str(&done.stdout).unwrap();
        let times: Vec<&str> = report["times"].as_array().unwrap().iter().map(|time| time["source"].as_str().unwrap()).collect();
        assert_eq!((report["logEntry"]["version"].as_str().unwrap(), times.as_slice()), (version, sources), "{settings:?}");

        let parts = sandbox.commit_parts("HEAD");
        assert_eq!(sandbox.git(&["log", "-1", "--format=%GK|%GF"]), format!("{0}|{0}", key_of(&parts.signature).unwrap()));
        second_opinion(parts.signature.as_bytes(), &sigstore.trusted_root, EMAIL, &sigstore.url).unwrap();
        if let Some(done) = openssl_verifies(&sandbox, "openssl accepts a commit", &parts) {
            assert_eq!(done.code, Some(0), "{settings:?}: {}", done.stderr);
            let changed = openssl_verifies(&sandbox, "openssl", &parts.with_payload("signed", "forged")).unwrap();
            assert_ne!(changed.code, Some(0));
        }
    }
}

#[test]
fn a_tag_and_a_commit_of_the_other_object_format_pass_other_verifiers_too() {
    let sigstore = Sigstore::start();
    let sandbox = sandbox_of("sha256", &sigstore);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    sandbox.git(&["tag", "-s", "v1", "-m", "a tag"]);
    let bytes = sandbox.object("commit", "HEAD");
    let signed = Commit::parse(&bytes, ObjectFormat::Sha256).unwrap().signed;
    let commit = Parts { payload: signed.payload.into_owned(), signature: String::from_utf8(signed.signature.into_owned()).unwrap() };
    for parts in [commit, sandbox.tag_parts("v1")] {
        second_opinion(parts.signature.as_bytes(), &sigstore.trusted_root, EMAIL, &sigstore.url).unwrap();
        if let Some(done) = openssl_verifies(&sandbox, "openssl accepts a tag", &parts) {
            assert_eq!(done.code, Some(0), "{}", done.stderr);
        }
    }
}

#[test]
fn a_signature_is_of_the_form_that_git_stores_and_nothing_else_is_on_standard_output() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let payload = sandbox.object("commit", "HEAD");
    let done = sandbox.paraph_with(&["--status-fd=2", "-bsau", &format!("Ann <{EMAIL}>")], &payload);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("-----BEGIN SIGNED MESSAGE-----\n") && done.stdout.ends_with("\n-----END SIGNED MESSAGE-----\n"));
    assert!(done.stdout.lines().all(|line| line.len() <= 64) && !done.stdout.contains('\r'));
    assert_eq!(super::shown(&sandbox, &done.stderr), "[GNUPG:] SIG_CREATED D 19 8 00 SECONDS KEY\n");
}

#[test]
fn jj_signs_and_verifies_in_its_own_two_ways() {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let payload = sandbox.object("commit", "HEAD");
    let signed = sandbox.paraph_with(&["-abu", EMAIL], &payload);
    assert_eq!((signed.code, signed.stderr.as_str()), (Some(0), ""));

    let file = |name: &str, bytes: &[u8]| {
        let path = sandbox.root().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let signature = file("signature", signed.stdout.as_bytes());
    let verify = |data: &str, signature: &str| {
        let done = sandbox.paraph(&["--status-fd=1", "--verify", signature, data]);
        format!("exit {}\n{}", done.code.unwrap(), super::shown(&sandbox, &done.stdout))
    };
    insta::assert_snapshot!(verify(&file("data", &payload), &signature), @r"
    exit 0
    [GNUPG:] NEWSIG
    [GNUPG:] GOODSIG KEY ann@example.com
    [GNUPG:] VALIDSIG KEY DATE SECONDS 0 - - 19 8 00 KEY
    [GNUPG:] TRUST_FULLY 0 shell
    ");
    let changed = [payload.as_slice(), b"changed"].concat();
    insta::assert_snapshot!(verify(&file("changed", &changed), &signature), @r"
    exit 1
    [GNUPG:] NEWSIG
    [GNUPG:] BADSIG KEY ann@example.com
    [GNUPG:] TRUST_NEVER 0 shell
    ");
    // jj takes an ERRSIG without NO_PUBKEY for a malformed signature
    let stripped = Parts { payload: payload.clone(), signature: signed.stdout.clone() }.without_evidence();
    insta::assert_snapshot!(verify(&file("data", &payload), &file("stripped", stripped.signature.as_bytes())), @r"
    exit 1
    [GNUPG:] NEWSIG
    [GNUPG:] ERRSIG KEY 19 8 00 0 9 KEY
    [GNUPG:] NO_PUBKEY KEY
    [GNUPG:] TRUST_UNDEFINED 0 shell
    ");
}
