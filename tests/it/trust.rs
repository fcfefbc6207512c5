//! `paraph trust` against the TUF repository of the local Sigstore.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};

/// A sandbox that signs with the instance `corp`, whose trust comes from a TUF mirror only.
fn by_mirror(sigstore: &Sigstore) -> Sandbox {
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    for key in ["paraph.local.trustedRoot", "paraph.local.signingConfig"] {
        sandbox.git(&["config", "--global", "--unset", key]);
    }
    sandbox.git(&["config", "--global", "paraph.instance", "corp"]);
    sandbox.git(&["config", "--global", "paraph.corp.accessCodeFile", &sigstore.file("access-code")]);
    sandbox
}

fn initialize(sigstore: &Sigstore, sandbox: &Sandbox) {
    let done =
        sandbox.paraph(&["trust", "initialize", "--mirror", &format!("{}/tuf", sigstore.url), "--root", &sigstore.file("tuf/1.root.json")]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn an_instance_is_trusted_by_its_mirror_and_signs_and_verifies_with_it() {
    let sigstore = Sigstore::start();
    let sandbox = by_mirror(&sigstore);
    initialize(&sigstore, &sandbox);
    assert_eq!(sandbox.git(&["config", "--global", "paraph.corp.mirror"]), format!("{}/tuf", sigstore.url));
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    assert_eq!(sandbox.git(&["log", "--format=%G?|%GS"]), format!("U|{EMAIL}"));
    let status = sandbox.paraph(&["trust", "status"]);
    assert!(
        status.stdout.starts_with(&format!("Instance corp: the trust root of {}/tuf, version 1, refreshed today", sigstore.url)),
        "{}",
        status.stdout
    );
    let update = sandbox.paraph(&["trust", "update"]);
    assert_eq!(update.code, Some(0), "{}", update.stderr);
    let report: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["trust", "status", "--json"]).stdout).unwrap();
    assert_eq!(report[0]["instance"], "corp");
    let logs = report[0]["logs"].as_array().unwrap();
    assert!(logs.len() == 2 && logs.iter().all(|log| log["url"] == sigstore.url && log["id"].as_str().unwrap().len() == 64), "{report}");
    let public = sandbox.paraph(&["trust", "status", "--instance", "public"]);
    assert!(public.stdout.starts_with("Instance public: embedded in paraph "), "{}", public.stdout);
}

#[test]
fn what_was_fetched_verifies_when_the_mirror_is_gone() {
    let sigstore = Sigstore::start();
    let sandbox = by_mirror(&sigstore);
    initialize(&sigstore, &sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    drop(sigstore);
    assert_eq!(sandbox.git(&["log", "--format=%G?"]), "U");
    let update = sandbox.paraph(&["trust", "update"]);
    assert_eq!(update.code, Some(5), "{}", update.stderr);
    assert!(update.stderr.contains("the TUF mirror at"), "{}", update.stderr);
}

#[test]
fn a_damaged_cache_is_an_error_and_no_step_back_to_an_older_trust() {
    let sigstore = Sigstore::start();
    let sandbox = by_mirror(&sigstore);
    initialize(&sigstore, &sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    let cache = walk(&sandbox.home())
        .into_iter()
        .find(|path| path.to_string_lossy().contains("/tuf/") && path.is_file() && std::fs::metadata(path).unwrap().len() > 0)
        .unwrap();
    std::fs::write(&cache, b"{}").unwrap();
    let done = sandbox.paraph(&["verify", "HEAD"]);
    assert_eq!(done.code, Some(7), "{}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("damaged"), "{}", done.stderr);
    assert_eq!(sandbox.git(&["log", "--format=%G?"]), "E");
}

#[test]
fn a_root_that_is_not_the_mirrors_is_refused() {
    let (sigstore, other) = (Sigstore::start(), Sigstore::start());
    let sandbox = by_mirror(&sigstore);
    let done =
        sandbox.paraph(&["trust", "initialize", "--mirror", &format!("{}/tuf", sigstore.url), "--root", &other.file("tuf/1.root.json")]);
    assert_eq!(done.code, Some(7), "{}{}", done.stdout, done.stderr);
    let done = sandbox.paraph(&[
        "trust",
        "initialize",
        "--mirror",
        &format!("{}/tuf", sigstore.url),
        "--root",
        &sigstore.file("tuf/1.root.json"),
        "--instance",
        "public",
    ]);
    assert_eq!(done.code, Some(2), "{}{}", done.stdout, done.stderr);
}

#[test]
fn a_file_is_imported_for_a_machine_without_a_network() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    sandbox.git(&["config", "--global", "--unset", "paraph.local.trustedRoot"]);
    assert_eq!(sandbox.git(&["log", "--format=%G?"]), "E");
    let done = sandbox.paraph(&["trust", "import", &sigstore.file("trusted_root.json")]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(sandbox.git(&["log", "--format=%G?"]), "U");
    let done = sandbox.paraph(&["trust", "import", &sigstore.file("signing_config.json")]);
    assert_eq!(done.code, Some(7), "{}{}", done.stdout, done.stderr);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path) } else { vec![path] }
        })
        .collect()
}

#[test]
fn trust_from_a_file_is_never_the_public_instances() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    // a line without an instance is for the public one
    let allowed = sandbox.home().join("allowed");
    std::fs::write(&allowed, format!("ann@example.com {}\n", sigstore.url)).unwrap();
    sandbox.git(&["config", "--global", "paraph.allowedIdentities", allowed.to_str().unwrap()]);
    let root = sigstore.file("trusted_root.json");
    for options in [&["--trusted-root", &root][..], &["--trusted-root", &root, "--instance", "public"]] {
        sandbox.git(&["config", "--global", "paraph.instance", "public"]);
        let done = sandbox.paraph(&[&["verify", "--json"], options].concat());
        assert!(done.code == Some(10) && done.stdout.contains(r#""instance":"custom""#), "{done:?}");
    }
}

/// Every copy of a document in which one object is an array of its values: serde would read most of them.
fn with_one_array(document: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::Value;
    let mut copies = Vec::new();
    match document {
        Value::Object(map) => {
            copies.push(Value::Array(map.values().cloned().collect()));
            for (key, inner) in map {
                copies.extend(with_one_array(inner).into_iter().map(|changed| {
                    let mut copy = map.clone();
                    copy.insert(key.clone(), changed);
                    Value::Object(copy)
                }));
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                copies.extend(with_one_array(inner).into_iter().map(|changed| {
                    let mut copy = list.clone();
                    copy[index] = changed;
                    Value::Array(copy)
                }));
            }
        }
        _ => {}
    }
    copies
}

#[test]
fn an_array_is_no_object_at_any_depth_of_a_document() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "one"]);
    let file = sandbox.root().join("changed.json");
    let path = file.to_str().unwrap();
    for (name, arguments) in [
        ("trusted_root.json", &["verify", "--trusted-root", path][..]),
        ("trusted_root.json", &["trust", "import", "--instance", "corp", path]),
        ("signing_config.json", &["-c"]),
    ] {
        let document: serde_json::Value = serde_json::from_slice(&std::fs::read(sigstore.file(name)).unwrap()).unwrap();
        let copies = with_one_array(&document);
        assert!(copies.len() > 5, "{name}");
        for copy in copies {
            std::fs::write(&file, copy.to_string()).unwrap();
            let done = if arguments == ["-c"] {
                sandbox.git(&["config", "--global", "paraph.local.signingConfig", path]);
                sandbox.paraph(&["whoami"])
            } else {
                sandbox.paraph(arguments)
            };
            let said = [done.stdout.as_str(), &done.stderr].concat();
            let is_refused = arguments == ["-c"] || done.code != Some(0);
            assert!(is_refused && said.contains("invalid type: sequence, expected "), "{arguments:?} {copy}: {done:?}");
        }
    }
}
