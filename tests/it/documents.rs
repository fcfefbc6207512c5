//! The documents say what is true: fields of the JSON output, exit codes, links, and the modules of the source.

use crate::support::{
    sandbox::Sandbox,
    sigstore::{EMAIL, Sigstore},
};
use paraph::{internals::cli::exit, policy::Verdict};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The most words of a document, as `wc -w` counts them.
const MOST_WORDS: [(&str, usize); 2] = [("README.md", 1300), ("ARCHITECTURE.md", 2500)];

/// Every document: those at the top, and those in `man/`.
fn documents() -> Vec<String> {
    let at_the_top = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned);
    let mut names: Vec<String> = std::fs::read_dir(root().join("man"))
        .unwrap()
        .map(|entry| format!("man/{}", entry.unwrap().file_name().display()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    [&at_the_top[..], &names].concat()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_json_is_as_documented() {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sigstore.allow(&sandbox, EMAIL);
    sandbox.git(&["commit", "-q", "-S", "--allow-empty", "-m", "second version of the log"]);
    sandbox.git(&["tag", "-s", "-m", "a tag", "v1"]);
    let tampered = sandbox.commit_parts("HEAD").with_payload("second", "another");
    let tampered = sandbox.store_commit(&tampered);
    sandbox.git(&["-c", "gitsign.rekorVersion=1", "commit", "-q", "-S", "--allow-empty", "-m", "first version of the log"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "unsigned"]);

    let (mut verified, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for (revision, code) in [("v1", 0), ("HEAD~2", 0), ("HEAD~1", 0), ("HEAD", 12), (tampered.as_str(), 15)] {
        let done = sandbox.paraph(&["verify", "--json", revision]);
        assert_eq!(done.code, Some(code), "{revision}: {}{}", done.stdout, done.stderr);
        assert_eq!(done.stdout.lines().count(), 1, "{}", done.stdout);
        fields(&serde_json::from_str(&done.stdout).unwrap(), "", &mut verified);
        let done = sandbox.paraph(&["show", "--json", revision]);
        if code != 12 {
            fields(&serde_json::from_str(&done.stdout).unwrap(), "", &mut shown);
        }
    }
    let done = sandbox.paraph(&["verify-tag", "--json", "v1"]);
    fields(&serde_json::from_str(&done.stdout).unwrap(), "", &mut verified);
    // by a policy that lists nobody
    let policy = sandbox.home().join("policy.toml");
    std::fs::write(&policy, "version = 1\n[[rules]]\nname = \"nobody\"\ncommit = []\n").unwrap();
    let mut by_policy = sandbox.command(&sandbox.program, &sandbox.work());
    let by_policy = by_policy.args(["verify", "--json", "HEAD~1"]).env("PARAPH_POLICY_FILE", &policy).output().unwrap();
    fields(&serde_json::from_slice(&by_policy.stdout).unwrap(), "", &mut verified);
    // what follows describes other commands
    let document = read("man/json.md");
    let documented = documented_fields(document.split("## `--format sarif`").next().unwrap());
    // an object of today and of Fulcio has none of the first two; the others are what other verifiers say, which their own tests see
    let rare =
        ["legacy", "contents.certificates[].subjectName", "finding", "judgedBy", "signatureKind", "signer", "key"].map(str::to_owned);
    // of dual-format repositories, whose own test sees them
    let is_usual = |field: &&String| !rare.contains(field) && !field.starts_with("otherFormat");
    assert_eq!(&verified | &shown, documented.iter().filter(is_usual).cloned().collect());
    let of_show_alone: BTreeSet<String> = shown.difference(&verified).cloned().collect();
    assert!(of_show_alone.iter().all(|field| field.starts_with("contents")), "{of_show_alone:?}");
}

/// The path of every field of a document; the names of claims are data.
fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = if path.ends_with("claims") { "NAME" } else { name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                found.insert(path.clone());
                fields(member, &path, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| fields(element, &format!("{path}[]"), found)),
        _ => {}
    }
}

fn documented_fields(document: &str) -> BTreeSet<String> {
    document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(field, _)| field.to_owned()).collect()
}

#[test]
fn every_exit_code_is_documented() {
    let (readme, codes) = (read("README.md"), read("man/exit-codes.md"));
    for (code, meaning) in exit::codes() {
        let row = format!("| {code} | {meaning} |");
        assert!(codes.contains(&row), "man/exit-codes.md has no row {row}");
    }
    for verdict in Verdict::ALL {
        let (word, code) = (verdict.as_str(), exit::code_of(verdict));
        assert!(readme.contains(&format!("| `{word}` | {code} |")), "README.md: {word}");
        assert!(codes.contains(&format!("| {code} | `{word}` |")), "man/exit-codes.md: {word}");
    }
}

#[test]
fn the_documents_are_short_enough() {
    for (name, most) in MOST_WORDS {
        let words = read(name).split_whitespace().count();
        assert!(words <= most, "{name} has {words} words; at most {most}");
    }
}

#[test]
fn each_entry_point_of_the_library_has_an_example() {
    for (file, functions) in [
        ("verify/git.rs", &["verify_commit", "verify_tag", "verify_push_certificate", "verify", "verify_cms"][..]),
        ("verify/bundle.rs", &["verify_bundle", "verify_bundle_by_key"]),
        ("policy/mod.rs", &["judge", "judge_by_key"]),
        ("policy/allowed.rs", &["parse"]),
        ("trust/mod.rs", &["from_json"]),
        ("trust/custom.rs", &["over"]),
        ("report/mod.rs", &["new", "sentences"]),
    ] {
        let source = read(&format!("src/{file}"));
        for function in functions {
            let (before, _) = source.split_once(&format!("pub fn {function}(")).unwrap_or_else(|| panic!("{file}: no {function}"));
            let lines = before.lines().rev().map(str::trim).skip_while(|line| line.is_empty());
            let documentation = lines.take_while(|line| line.starts_with("///") || line.starts_with('#'));
            assert_eq!(documentation.filter(|line| line.starts_with("/// ```")).count(), 2, "{file}: {function}");
        }
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for name in documents() {
        let text = read(&name);
        let folder = root().join(&name).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() { root().join(&name) } else { folder.join(file) };
            assert!(linked.exists(), "{name} links {target}, which is not there");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(&linked).unwrap();
                let found = text.lines().any(|line| line.starts_with('#') && anchor(line) == heading);
                assert!(found, "{name} links {target}, which is not a heading");
            }
        }
    }
}

/// The anchor that forges give a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|character| character.is_alphanumeric() || " -_".contains(*character))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn the_architecture_names_every_module() {
    let map = read("ARCHITECTURE.md");
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // a module in `name.rs` may have a folder too
        let module = name.trim_end_matches(".rs");
        let is_named = map.contains(&format!("`{module}/`")) || map.contains(&format!("`{module}.rs`"));
        assert!(is_named, "ARCHITECTURE.md does not name src/{name}");
    }
}

#[test]
fn the_paths_in_the_architecture_exist() {
    let map = read("ARCHITECTURE.md");
    let paths: Vec<&str> = map.split('`').skip(1).step_by(2).filter(|text| is_path(text)).collect();
    assert!(paths.len() > 80, "{paths:?}");
    for path in paths {
        assert!(root().join("src").join(path).exists() || root().join(path).exists(), "ARCHITECTURE.md names {path}, which does not exist");
    }
}

/// A path of the repository, and not one that the program writes.
fn is_path(text: &str) -> bool {
    let is_written_by_the_program = text == "paraph/";
    (text.contains('/') || text.ends_with(".rs"))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        && !is_written_by_the_program
}

#[test]
fn the_commands_in_the_documents_are_there() {
    let readme = read("README.md");
    for script in ["scripts/demo", "scripts/test"] {
        assert!(readme.contains(script) && root().join(script).is_file(), "{script}");
    }
    // what is shown as a call of paraph is one
    let sandbox = Sandbox::new();
    for name in documents() {
        let text = read(&name);
        let code = text.split("```").skip(1).step_by(2).flat_map(str::lines);
        for line in code.filter_map(|line| line.strip_prefix("paraph ")) {
            let words: Vec<&str> = line.split_whitespace().take_while(|word| is_a_subcommand(word)).collect();
            let done = sandbox.paraph(&[&words[..], &["--help"]].concat());
            assert_eq!(done.code, Some(0), "{name} calls `paraph {line}`: {}", done.stderr);
        }
    }
}

/// Not an option, and nothing in the place of an argument.
fn is_a_subcommand(word: &str) -> bool {
    !word.starts_with('-') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}
