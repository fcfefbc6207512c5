//! The hooks behind each transport: a path, `file://`, ssh and smart HTTP.

mod http;
mod ssh;

use super::{Setup, heading, says, setup};
use crate::support::sigstore::EMAIL;

/// A good push, then one with a bad commit, to the remote `origin`.
fn good_and_bad(setup: &Setup) {
    let good = setup.signed("good");
    setup.accepted(&["main"]);
    assert_eq!(setup.there("refs/heads/main"), Some(good.clone()));
    let bad = setup.unsigned("bad");
    setup.signed("tip");
    let text = setup.refused(&["main", "main~2:refs/heads/fine"]);
    says(
        &text,
        &[
            "1 of 3 new objects is not good",
            &heading("commit", &bad, "bad", "unsigned"),
            "[no-signature].\n",
            "What to do:\n  unsigned: sign",
        ],
    );
    assert_eq!(setup.there("refs/heads/main"), Some(good));
    assert_eq!(setup.there("refs/heads/fine"), None);
}

/// The same where the server pins a policy, which lists Ann only, and in place of the allowed identities.
fn by_policy(setup: &Setup) {
    let (url, folder) = (&setup.sigstore.url, setup.sandbox.work().join(".paraph"));
    let identity = format!("[identities.ann]\nsubject = \"{EMAIL}\"\nissuer = \"{url}\"\ninstance = \"local\"\n");
    let rule =
        "[[rules]]\nname = \"all\"\ncommit = [\"ann\"]\n[[rules]]\nname = \"signed\"\nrefs = [\"refs/heads/signed\"]\npush = [\"ann\"]\n";
    setup.sandbox.git(&["checkout", "-q", "-B", "main", "origin/main"]);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("policy.toml"), format!("version = 1\npolicy = [\"ann\"]\n{identity}{rule}")).unwrap();
    setup.sandbox.git(&["add", "--all"]);
    let root = setup.signed("the root of the policy");
    setup.serve("paraph.policyRoot", &root);
    setup.sandbox.git_in(&setup.bare, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    setup.serve("receive.certNonceSeed", "a seed that only the server knows");
    std::fs::write(setup.sandbox.root().join("allowed-by-server"), "").unwrap();
    setup.signed("good");
    setup.accepted(&["main"]);
    says(&setup.refused(&["main:refs/heads/signed"]), &["rule signed requires a push certificate", "[policy-push-certificate]"]);
    setup.accepted(&["--signed", "main:refs/heads/signed"]);
    setup.signed_by_bob("bob's");
    says(&setup.refused(&["main"]), &["rule all does not allow its signer to commit", "[policy-refused]"]);
}

fn send_to(setup: &Setup, url: &str) {
    setup.sandbox.git(&["remote", "set-url", "origin", url]);
}

#[test]
fn over_a_path_and_a_file_url() {
    let by_path = setup(&["pre-receive"]);
    send_to(&by_path, by_path.bare.to_str().unwrap());
    good_and_bad(&by_path);
    by_policy(&by_path);
    good_and_bad(&setup(&["pre-receive", "update"]));
}

#[test]
fn over_ssh_with_a_home_of_the_server_s_own() {
    let mut setup = setup(&["pre-receive"]);
    if ssh::serve(&mut setup, "over_ssh_with_a_home_of_the_server_s_own") {
        good_and_bad(&setup);
        by_policy(&setup);
        setup.sandbox.git_in(&setup.bare, &["config", "--unset", "paraph.policyRoot"]);
        setup.sandbox.git(&["checkout", "-q", "-B", "main", "origin/main"]);
        // the pusher's allowed identities do not count on the server
        setup.sigstore.allow(&setup.sandbox, "bob@example.com");
        setup.signed_by_bob("bob's");
        says(&setup.refused(&["main"]), &["\"bob's\": [untrusted]"]);
    }
}

#[test]
fn over_smart_http_and_with_a_push_certificate() {
    let setup = setup(&["pre-receive"]);
    let Some(_server) = http::serve(&setup, "over_smart_http_and_with_a_push_certificate") else { return };
    good_and_bad(&setup);
    setup.sandbox.git(&["reset", "-q", "--hard", "HEAD~2"]);
    setup.serve("receive.certNonceSeed", "a seed that only the server knows");
    setup.signed("with a certificate");
    setup.accepted(&["--signed", "main"]);
    // a pack that is sent in chunks
    for name in ["a", "b"] {
        std::fs::write(setup.sandbox.work().join(name), noise(1_500_000)).unwrap();
    }
    setup.sandbox.git(&["add", "."]);
    setup.signed("large");
    setup.accepted(&["main"]);
    by_policy(&setup);
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..count).map(step).collect()
}
