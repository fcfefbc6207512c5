//! Objects of dual-format repositories: the other format's signature is verified where git converts the object, and decides nothing.

use crate::{
    support::sandbox::Sandbox,
    vectors::{configure_vectors, vector},
};

const TREES: [&str; 2] = ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"];

/// A repository with a vector in it, and the vector's id.
fn repository(kind: &str, name: &str) -> (Sandbox, String, String) {
    let sandbox = Sandbox::with_repository();
    configure_vectors(&sandbox);
    sandbox.store("tree", b"");
    let object = String::from_utf8(vector(name, kind)).unwrap();
    let id = sandbox.store(kind, object.as_bytes());
    (sandbox, id, object)
}

/// Puts a git first in PATH that converts every object to this text, as git does from version 2.45 on.
fn convert(sandbox: &mut Sandbox, converted: &str) {
    sandbox.git(&["config", "extensions.compatObjectFormat", "sha256"]);
    std::fs::write(sandbox.root().join("converted"), converted).unwrap();
    std::fs::create_dir_all(sandbox.root().join("bin")).unwrap();
    let (path, other) = (std::env::var("PATH").unwrap(), "7".repeat(64));
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--output-object-format=sha256*) echo {other};;\n*cat-file*{other}) cat '{}';;\n*) PATH='{path}' exec git \"$@\";;\nesac\n",
        sandbox.root().join("converted").display()
    );
    sandbox.script("bin/git", &text);
    let path = format!("{}:{path}", sandbox.root().join("bin").display());
    sandbox.set("PATH", &path);
}

/// The other form of an object: its ids, and in a tag the places of the two signatures.
fn other_form(kind: &str, object: &str) -> String {
    if kind == "commit" {
        return object.replace(TREES[0], TREES[1]);
    }
    let (headers, rest) = object.split_once("gpgsig-sha256 ").unwrap();
    let (other, rest) = rest.split_once("\n\n").unwrap();
    let (message, own) = rest.split_at(rest.find("-----BEGIN").unwrap());
    let own = own.trim_end().replace('\n', "\n ");
    format!("{}gpgsig {own}\n\n{message}{}\n", headers.replace(TREES[0], TREES[1]), other.replace("\n ", "\n"))
}

#[test]
fn the_other_formats_signature_is_named_and_verified_where_git_converts_the_object() {
    for (kind, name) in [("commit", "dual_format_ok"), ("tag", "tag_dual_format_ok")] {
        let (mut sandbox, id, object) = repository(kind, name);
        let said = |sandbox: &Sandbox| {
            let done = sandbox.paraph(&["verify", &id]);
            assert_eq!(done.code, Some(0), "{done:?}");
            done.stdout
        };
        // a clone without the extension
        assert!(said(&sandbox).contains("The signature of its SHA-256 form (gpgsig-sha256) was not checked."), "{}", said(&sandbox));
        let state = |sandbox: &Sandbox| {
            let report: serde_json::Value = serde_json::from_str(&sandbox.paraph(&["verify", "--json", &id]).stdout).unwrap();
            assert_eq!(report["verdict"], "good");
            report["otherFormat"]["state"].as_str().unwrap().to_owned()
        };
        assert_eq!(state(&sandbox), "not-checked");

        let converted = other_form(kind, &object);
        convert(&mut sandbox, &converted);
        assert!(said(&sandbox).contains("(gpgsig-sha256) verifies too, by alice@example.com."), "{}", said(&sandbox));
        assert_eq!(state(&sandbox), "verified");

        convert(&mut sandbox, &converted.replace("A message", "B message"));
        assert!(said(&sandbox).contains("(gpgsig-sha256) is BAD: "), "{}", said(&sandbox));
        assert_eq!(state(&sandbox), "refused");

        // a conversion that holds another signature
        convert(&mut sandbox, &object);
        assert_eq!(state(&sandbox), "not-checked");
    }
}

#[test]
fn a_range_says_how_many_of_them_were_not_checked() {
    let (sandbox, id, _) = repository("commit", "dual_format_ok");
    let done = sandbox.paraph(&["verify", &id, &id]);
    assert_eq!(done.code, Some(0), "{done:?}");
    sandbox.git(&["update-ref", "refs/heads/main", &id]);
    let done = sandbox.paraph(&["verify", "--all"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("Signatures for the other object format: 1 not checked, 0 bad."), "{done:?}");
}
