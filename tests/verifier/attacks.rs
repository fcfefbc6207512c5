//! The table of attacks (`tests/vectors/ATTACKS.md`): every case and advisory stands in it, and the tests that it names are there.

use paraph::object::{Commit, ObjectFormat};
use paraph_vectors::attacks::rows;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

#[test]
fn every_attack_stands_once_in_the_table() {
    let rows = rows();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), rows.len(), "a row stands twice");
    for number in 1..=70 {
        assert!(ids.contains(number.to_string().as_str()), "case {number} is missing");
    }
    // these are the subjects of later work; whatever else is open would be a gap
    let open = rows.iter().filter(|row| row.note.starts_with("open")).map(|row| row.id);
    assert_eq!(open.collect::<Vec<_>>(), ["26", "55", "56", "57", "69", "70"]);
}

#[test]
fn the_tests_that_the_table_names_are_there() {
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    for test in rows().into_iter().flat_map(|row| row.tests) {
        let (file, function) = test.split_once("::").unwrap();
        let source = sources.entry(file).or_insert_with(|| {
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
        });
        let at = source.find(&format!("fn {function}()")).unwrap_or_else(|| panic!("{test} is not a test"));
        let before = source[..at].trim_end_matches("async ").trim_end();
        assert!(before.lines().rev().take(4).any(|line| line.contains("test]") || line.contains("test(")), "{test} is not a test");
    }
}

#[test]
fn a_committer_is_read_in_its_place_alone() {
    let signature = "gpgsig -----BEGIN SIGNED MESSAGE-----\n YQ==\n -----END SIGNED MESSAGE-----\n";
    let tree = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
    let eve = "committer Eve <eve@example.com> 1 +0000";
    let of = |author: &str, more: &str, message: &str| {
        let text = format!("{tree}author {author} 1 +0000\ncommitter Alice <alice@example.com> 1 +0000\n{more}{signature}\n{message}\n");
        Commit::parse(text.as_bytes(), ObjectFormat::Sha1).map(|commit| commit.committer_email.map(str::to_owned))
    };
    let alice = Ok(Some("alice@example.com".to_owned()));
    assert_eq!(of("Alice <alice@example.com>", "", eve), alice);
    assert_eq!(of("Alice <alice@example.com>", &format!("x-own one\n {eve}\n"), "message"), alice);
    assert!(of(&format!("Alice <alice@example.com>\n {eve}"), "", "message").is_err());
    assert_eq!(of(&format!("{eve} Alice <alice@example.com>"), "", "message"), alice);
    assert!(of("Alice <alice@example.com>", &format!("{eve}\n"), "message").is_err());
}
