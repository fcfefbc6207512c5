//! Every output says that only the repository's own configuration decided.

use super::{EMAIL, Unpacked};

/// A repository describes an instance of its own and allows its signers. It decides if nobody else does, and every output says so.
#[test]
fn every_output_says_that_only_the_repository_decided() {
    let mut unpacked = Unpacked::new();
    let own = unpacked.sandbox.work().join(".git/own");
    std::fs::write(&own, format!("{EMAIL} {} instance=evil\n{EMAIL} {} instance=evil for=file\n", unpacked.evil.url, unpacked.evil.url))
        .unwrap();
    let allowed = format!("paraph.allowedIdentities={}", own.display());
    let described = ["paraph.instance=evil", "paraph.evil.trustedRoot=EVIL/trusted_root.json", &allowed];
    // a tag and a bundle of the same signer
    unpacked.configure(
        &[],
        &["paraph.instance=evil", "paraph.evil.trustedRoot=EVIL/trusted_root.json", "paraph.evil.signingConfig=EVIL/signing_config.json"],
    );
    unpacked.sandbox.set("SIGSTORE_ID_TOKEN", &unpacked.evil.token(EMAIL));
    unpacked.sandbox.git(&["tag", "-s", "-m", "tag", "v1"]);
    std::fs::write(unpacked.sandbox.work().join("file"), "text").unwrap();
    let done = unpacked.sandbox.paraph(&["sign", "file"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    unpacked.sandbox.unset("SIGSTORE_ID_TOKEN");
    let calls = [
        &["verify"][..],
        &["verify", "--json"],
        &["verify", "--quiet"],
        &["verify", "--all"],
        &["verify", "--format", "sarif"],
        &["verify-tag", "v1"],
        &["verify-tag", "--json", "v1"],
        &["verify-tag", "--format", "sarif", "v1"],
        &["verify-file", "file"],
        &["verify-file", "--json", "file"],
        &["verify-file", "--quiet", "file"],
        &["verify-file", "--format", "sarif", "file"],
        &["show"],
        &["show", "--json"],
        &["show", "v1"],
    ];
    let by_git = [&["verify-commit", "HEAD"][..], &["verify-tag", "v1"], &["log", "-1", "--show-signature"]];
    let said = "Trusted by the repository's own configuration: ";
    unpacked.sandbox.git(&["config", "--global", "--unset", "paraph.allowedIdentities"]);
    unpacked.global = std::fs::read_to_string(unpacked.sandbox.home().join(".gitconfig")).unwrap();
    unpacked.configure(&[], &described);
    for call in calls {
        let done = unpacked.sandbox.paraph(call);
        let text = format!("{}{}", done.stdout, done.stderr);
        let is_said =
            if call.contains(&"--json") { text.replace(": ", ":").contains(r#""trustedBy":"repository""#) } else { text.contains(said) };
        assert!(done.code == Some(0) && is_said, "{call:?}: {done:?}");
    }
    for call in by_git {
        let done = unpacked.sandbox.try_git(call);
        assert!(done.code == Some(0) && format!("{}{}", done.stdout, done.stderr).contains(said), "{call:?}: {done:?}");
    }
    // identities of the user's own, whichever source names them, end that
    let of_user = unpacked.sandbox.home().join("allowed");
    std::fs::write(&of_user, "boss@corp.example https://accounts.google.com\n").unwrap();
    let empty = unpacked.sandbox.home().join("empty");
    std::fs::write(&empty, "").unwrap();
    let missing = unpacked.sandbox.home().join("missing");
    for file in [&of_user, &empty, &missing] {
        unpacked.configure(&[&format!("paraph.allowedIdentities={}", file.display())], &described);
        refused(&unpacked, &calls, &by_git);
    }
    unpacked.configure(&[], &described);
    unpacked.sandbox.set("PARAPH_ALLOWED_IDENTITIES", of_user.to_str().unwrap());
    refused(&unpacked, &calls, &by_git);
}

/// No call finds anything good.
fn refused(unpacked: &Unpacked, calls: &[&[&str]], by_git: &[&[&str]]) {
    for call in calls {
        let done = unpacked.sandbox.paraph(call);
        assert!(
            !done.stdout.contains("Trusted by") && !done.stdout.contains(": good") && !done.stdout.contains(r#""good""#),
            "{call:?}: {done:?}"
        );
        assert!(done.code == Some(10) || call[0] == "show", "{call:?}: {done:?}");
    }
    for call in by_git {
        let done = unpacked.sandbox.try_git(call);
        assert!(!format!("{}{}", done.stdout, done.stderr).contains("Trusted by"), "{call:?}: {done:?}");
    }
}
