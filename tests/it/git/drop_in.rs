//! A user of gitsign's who changes nothing but the program: its variables, its keys of git's configuration, trust from key files.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};

const PAYLOAD: &[u8] =
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <ann@example.com> 1 +0000\ncommitter A <ann@example.com> 1 +0000\n\nmessage\n";
const SIGN: [&str; 3] = ["--status-fd=2", "-bsau", "Ann <ann@example.com>"];

/// A repository whose git signs with nothing but what gitsign's users have set.
fn repository(hash: &str) -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main", &format!("--object-format={hash}")]);
    for (key, value) in
        [("user.name", "Ann"), ("user.email", EMAIL), ("gpg.format", "x509"), ("gpg.x509.program", env!("CARGO_BIN_EXE_paraph"))]
    {
        sandbox.git(&["config", key, value]);
    }
    for (name, value) in [
        ("GITSIGN_FULCIO_URL", sigstore.url.clone()),
        ("GITSIGN_REKOR_URL", sigstore.url.clone()),
        ("GITSIGN_OIDC_ISSUER", sigstore.url.clone()),
        ("GITSIGN_REKOR_MODE", "offline".to_owned()),
        ("GITSIGN_FULCIO_ROOT", sigstore.file("fulcio-chain.pem")),
        ("SIGSTORE_REKOR_PUBLIC_KEY", sigstore.file("rekor.pub")),
        ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", sigstore.file("ct.pub")),
        ("SIGSTORE_ID_TOKEN", sigstore.token(EMAIL)),
    ] {
        sandbox.set(name, &value);
    }
    (sigstore, sandbox)
}

/// What a refused call to sign said; the log must not have got an entry.
fn refused(sigstore: &Sigstore, sandbox: &Sandbox) -> String {
    let done = sandbox.paraph_with(&SIGN, PAYLOAD);
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{}", done.stderr);
    for entries in ["logs/rekor1.entries", "logs/rekor2.entries"] {
        assert_eq!(sigstore.folder.join(entries).metadata().unwrap().len(), 0, "{entries}");
    }
    done.stderr.replace(&sigstore.url, "URL")
}

#[test]
fn gitsigns_variables_alone_are_enough_to_sign_and_to_verify() {
    for hash in ["sha1", "sha256"] {
        let (sigstore, mut sandbox) = repository(hash);
        sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
        sandbox.git(&["tag", "-s", "-m", "one", "one"]);
        assert_eq!(sandbox.git(&["log", "--format=%G?|%GS|%GT"]), format!("U|{EMAIL}|undefined"));
        let allowed = sandbox.home().join("allowed");
        std::fs::write(&allowed, format!("{EMAIL} {} instance=custom\n", sigstore.url)).unwrap();
        sandbox.set("PARAPH_ALLOWED_IDENTITIES", allowed.to_str().unwrap());
        assert_eq!(sandbox.git(&["log", "--format=%G?|%GS|%GT"]), format!("G|{EMAIL}|fully"));
        for revision in ["HEAD", "one"] {
            let done = sandbox.paraph(&["verify", "--json", revision]);
            assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
            // a released gitsign verifies this and no newer form of entry
            let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
            assert_eq!((&report["instance"], &report["logEntry"]["version"]), (&"custom".into(), &"0.0.1".into()));
        }
        // the public instance's line says nothing about trust from files
        std::fs::write(&allowed, format!("{EMAIL} {}\n", sigstore.url)).unwrap();
        assert_eq!(sandbox.git(&["log", "--format=%G?|%GT"]), "U|undefined");
    }
}

#[test]
fn gitsigns_keys_of_gits_configuration_do_the_same() {
    let (sigstore, mut sandbox) = repository("sha1");
    sandbox.variables.retain(|(name, _)| !name.starts_with("GITSIGN_"));
    for (key, value) in [
        ("gitsign.fulcio", sigstore.url.as_str()),
        ("gitsign.rekor", &sigstore.url),
        ("gitsign.issuer", &sigstore.url),
        ("gitsign.fulcioRoot", &sigstore.file("fulcio-chain.pem")),
        ("gitsign.rekorVersion", "1"),
        ("gitsign.timestampServerURL", &format!("{}/api/v1/timestamp", sigstore.url)),
        ("gitsign.timestampCertChain", &sigstore.file("tsa-chain.pem")),
    ] {
        sandbox.git(&["config", key, value]);
    }
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    sandbox.set("PARAPH_TRUSTED_ROOT", &sigstore.file("trusted_root.json"));
    let report: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["verify", "--json"]).stdout).unwrap();
    let sources: Vec<_> = report["times"].as_array().unwrap().iter().map(|time| time["source"].as_str().unwrap()).collect();
    assert_eq!((report["verdict"].as_str(), sources.as_slice()), (Some("untrusted"), &["log", "timestamp-authority"][..]));
}

/// The id of the log's Ed25519 key covers the log's name, which a file with the key does not hold.
#[test]
fn a_file_with_the_key_of_a_newer_log_is_enough_too() {
    let (sigstore, mut sandbox) = repository("sha1");
    for (name, value) in [
        ("GITSIGN_REKOR_VERSION", "2".to_owned()),
        ("GITSIGN_TIMESTAMP_SERVER_URL", format!("{}/api/v1/timestamp", sigstore.url)),
        ("GITSIGN_TIMESTAMP_CERT_CHAIN", sigstore.file("tsa-chain.pem")),
        ("SIGSTORE_REKOR_PUBLIC_KEY", sigstore.file("rekor2.pub")),
    ] {
        sandbox.set(name, &value);
    }
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    let report: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["verify", "--json"]).stdout).unwrap();
    assert_eq!((&report["verdict"], &report["logEntry"]["version"]), (&"untrusted".into(), &"0.0.2".into()));
    // another key of the same kind is another log, whatever the checkpoint's name
    let other = Sigstore::start();
    sandbox.set("SIGSTORE_REKOR_PUBLIC_KEY", &other.file("rekor2.pub"));
    let report: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["verify", "--json"]).stdout).unwrap();
    assert_eq!((&report["verdict"], &report["reason"]), (&"unchecked".into(), &"log-unknown".into()));
}

/// The chain that comes with the certificate shows the way to the authority, and a signature cannot carry it: this once made an entry of
/// the log first, and failed then.
#[test]
fn a_file_with_fulcios_root_alone_is_refused_before_anything_is_logged() {
    let (sigstore, mut sandbox) = repository("sha1");
    let chain = std::fs::read_to_string(sigstore.file("fulcio-chain.pem")).unwrap();
    let root = sandbox.home().join("root.pem");
    std::fs::write(&root, &chain[chain.rfind("-----BEGIN").unwrap()..]).unwrap();
    sandbox.set("GITSIGN_FULCIO_ROOT", root.to_str().unwrap());
    insta::assert_snapshot!(refused(&sigstore, &sandbox), @r"
    error: the trust root has no intermediate certificate for the certificate from Fulcio at URL
    hint: add Fulcio's intermediate certificate to the file of paraph.fulcioRoot; a signature contains only the signer's certificate.
    ");
}

/// A log of one's own, and a timestamp asked from the public instance's authority: its root would not even know that.
#[test]
fn the_public_timestamp_authority_is_not_asked_about_signatures_for_another_log() {
    let (sigstore, mut sandbox) = repository("sha1");
    sandbox.set("GITSIGN_REKOR_VERSION", "2");
    insta::assert_snapshot!(refused(&sigstore, &sandbox), @r"
    error: no timestamp authority is configured for the instance custom
    hint: set paraph.timestampServerURL (entries of Rekor v2 have no time).
    ");
}

#[test]
fn what_is_not_trusted_is_said_with_the_setting_that_would_name_it() {
    let mut table = String::new();
    for variable in ["GITSIGN_FULCIO_ROOT", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"] {
        let (sigstore, mut sandbox) = repository("sha1");
        sandbox.variables.retain(|(name, _)| name != variable);
        let said = refused(&sigstore, &sandbox);
        let hint = said.lines().find(|line| line.starts_with("hint: ")).unwrap();
        table += &format!("{variable}: {}\n", hint.rsplit("; ").next().unwrap());
    }
    insta::assert_snapshot!(table, @r"
    GITSIGN_FULCIO_ROOT: if trust comes from files, add the missing one to paraph.fulcioRoot.
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: if trust comes from files, add the missing one to paraph.ctLogPublicKey.
    ");
}
