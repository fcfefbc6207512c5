//! `paraph verify --cache` prints the same as a run without it, and never a verdict under other conditions.

use super::repository;
use crate::support::{
    sandbox::{Done, Sandbox},
    sigstore::{EMAIL, Sigstore},
};
use std::{fs, path::PathBuf};

const ALL: [&str; 2] = ["verify", "--all"];

/// A history with two good commits, one untrusted, one unsigned and one bad.
fn history() -> (Sigstore, Sandbox) {
    let (sigstore, sandbox) = repository();
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "two"]);
    let parts = sandbox.commit_parts("HEAD");
    let bad = sandbox.store_commit(&parts.with_payload("two", "twa"));
    sandbox.git(&["branch", "bad", &bad]);
    sandbox.git(&["-c", "user.signingKey=bob@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "bob's"]);
    sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "unsigned"]);
    (sigstore, sandbox)
}

fn cached(sandbox: &Sandbox, more: &[&str]) -> Done {
    sandbox.paraph(&[&["verify", "--all", "--cache"], more].concat())
}

/// The one file of the cache.
fn file(sandbox: &Sandbox) -> PathBuf {
    let files: Vec<PathBuf> =
        fs::read_dir(sandbox.home().join(".cache/paraph/verdicts")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

fn verdicts(done: &Done) -> String {
    let verdict = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["verdict"].as_str().unwrap().to_owned();
    let mut verdicts: Vec<String> = done.stdout.lines().map(verdict).collect();
    verdicts.sort();
    verdicts.join(" ")
}

#[test]
fn the_second_run_tells_the_same_and_writes_nothing() {
    let (_sigstore, sandbox) = history();
    for format in [&[][..], &["--json"], &["--quiet"]] {
        let without = sandbox.paraph(&[&ALL, format].concat());
        let runs = [cached(&sandbox, format), cached(&sandbox, format)];
        for run in runs {
            assert_eq!((run.code, &run.stdout, &run.stderr), (without.code, &without.stdout, &without.stderr));
        }
    }
    // the two good and the untrusted one
    let kept = fs::read(file(&sandbox)).unwrap();
    assert_eq!(verdicts(&cached(&sandbox, &["--json"])), "bad good good unsigned untrusted");
    assert_eq!(fs::read(file(&sandbox)).unwrap(), kept);
}

#[test]
fn without_being_asked_for_nothing_is_kept() {
    let (_sigstore, sandbox) = history();
    sandbox.paraph(&ALL);
    assert!(!sandbox.home().join(".cache/paraph/verdicts").exists());
    sandbox.git(&["config", "paraph.verdictCache", "true"]);
    sandbox.paraph(&ALL);
    assert!(file(&sandbox).exists());
}

#[test]
fn another_question_is_not_answered_from_the_cache() {
    let (sigstore, sandbox) = history();
    assert_eq!(verdicts(&cached(&sandbox, &["--json"])), "bad good good unsigned untrusted");
    // policy: the allowed identities, the expected identity, the committer
    sigstore.allow(&sandbox, "bob@example.com");
    assert_eq!(verdicts(&cached(&sandbox, &["--json"])), "bad good unsigned untrusted untrusted");
    sigstore.allow(&sandbox, EMAIL);
    let issuer = sigstore.url.clone();
    let expected = ["--json", "--certificate-identity", "bob@example.com", "--certificate-oidc-issuer", &issuer];
    assert_eq!(verdicts(&cached(&sandbox, &expected)), "bad good unsigned untrusted untrusted");
    sandbox.git(&["config", "paraph.matchCommitter", "true"]);
    let strict = sandbox.paraph(&["verify", "--all", "--json"]);
    assert_eq!(cached(&sandbox, &["--json"]).stdout, strict.stdout);
    sandbox.git(&["config", "--unset", "paraph.matchCommitter"]);
    // a time before the signatures were made
    assert_eq!(verdicts(&cached(&sandbox, &["--json", "--at", "2020-01-01T00:00:00Z"])), "bad unchecked unchecked unchecked unsigned");
    // another trust root, and the same under another name
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/trusted_root.json");
    assert_eq!(verdicts(&cached(&sandbox, &["--json", "--trusted-root", other])), "bad unchecked unchecked unchecked unsigned");
    let same = sigstore.file("trusted_root.json");
    sandbox.git(&["config", "paraph.twin.trustedRoot", &same]);
    assert_eq!(verdicts(&cached(&sandbox, &["--json", "--instance", "twin"])), "bad unsigned untrusted untrusted untrusted");
    assert_eq!(verdicts(&cached(&sandbox, &["--json"])), "bad good good unsigned untrusted");
}

#[test]
fn a_damaged_cache_is_said_and_verification_goes_on() {
    let (_sigstore, sandbox) = history();
    let first = cached(&sandbox, &["--json"]);
    let file = file(&sandbox);
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() - 20] ^= 1;
    for (damaged, words) in [
        (b"garbage".to_vec(), "does not begin as paraph writes it, and was not used"),
        (whole[..whole.len() - 9].to_vec(), "is damaged from byte"),
        (flipped, "holds damaged records, which were not used"),
    ] {
        fs::write(&file, damaged).unwrap();
        let run = cached(&sandbox, &["--json"]);
        assert_eq!((run.code, &run.stdout), (first.code, &first.stdout));
        assert!(run.stderr.contains(words), "{}", run.stderr);
        // the lost results are stored again
        let next = cached(&sandbox, &["--json"]);
        assert_eq!((&next.stdout, &next.stderr), (&first.stdout, &first.stderr), "{words}");
    }
    // a folder without write access
    fs::remove_dir_all(sandbox.home().join(".cache/paraph/verdicts")).unwrap();
    fs::write(sandbox.home().join(".cache/paraph/verdicts"), "").unwrap();
    assert_eq!(cached(&sandbox, &["--json"]).stdout, first.stdout);
}
