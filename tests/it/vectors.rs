//! The test vectors: each gets what its `expect` says, through the program's entry points, and they can be made again byte for byte. The
//! library's verdict on them is in `tests/verifier/`.

#[allow(dead_code, reason = "shared with the tests of the verifier")]
mod bundle_case;
mod case;
mod entry_points;
mod library;

use bundle_case::bundle_cases;
use case::{Case, Cell, cases, folder};
use entry_points::{Prepared, git_cell};
use library::{library_cell, library_cell_of, verifier};
use paraph::{Explanation as _, LegacyRule, Reason};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The object of a vector.
pub fn vector(name: &str, kind: &str) -> Vec<u8> {
    std::fs::read(folder().join(name).join(kind)).unwrap()
}

/// Has the sandbox judge vectors by their shared trust root and policy.
pub fn configure_vectors(sandbox: &crate::support::sandbox::Sandbox) {
    entry_points::configure(sandbox, &folder().join("trusted_root.json"), &folder().join("allowed-identities"));
}

/// Fails with every case that differs.
fn assert_all(found: impl Iterator<Item = (String, String, String)>) {
    let wrong: Vec<String> = found
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| format!("{name}: expected {expected}, found {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_a_verifier_remembers_changes_no_verdict() {
    let cases = cases();
    let mut verifiers = BTreeMap::new();
    for case in &cases {
        verifiers.entry(&case.trusted_root).or_insert_with(|| verifier(&case.trusted_root));
    }
    // the good ones first, so that all others meet what they left in memory; then in reverse order
    let (good, other): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.name.ends_with("_ok"));
    let rounds = [good.iter().chain(&other).collect::<Vec<_>>(), other.iter().chain(&good).rev().collect()];
    assert_all(rounds.concat().into_iter().filter_map(|case| {
        let verifier = verifiers.get(&case.trusted_root)?.as_ref()?;
        Some((case.name.clone(), case.library.to_string(), library_cell_of(verifier, case).to_string()))
    }));
}

#[test]
fn the_program_that_git_calls_gives_each_vector_its_verdict() {
    let results: Vec<_> = cases().par_iter().map(|case| (case.name.clone(), case.git.to_string(), git_cell(case).to_string())).collect();
    assert_all(results.into_iter());
}

#[test]
fn paraph_verify_gives_each_vector_its_verdict() {
    let cases = cases();
    let prepared = Prepared::new(&cases);
    let results: Vec<_> = prepared.groups().par_iter().flat_map(|group| prepared.verify(group)).collect();
    assert_eq!(results.len(), cases.iter().filter(|case| case.kind != "push").count());
    assert_all(results.into_iter().map(|(case, found)| (case.name.clone(), case.verify.to_string(), found.to_string())));
}

#[test]
fn git_itself_passes_the_bytes_that_the_other_tests_pass() {
    let cases = cases();
    let prepared = Prepared::new(&cases);
    // for these, git reports the error itself and calls no program
    const REFUSED_BY_GIT: [&str; 10] = [
        "armor_begin_in_lower_case_fail",
        "ids_of_two_formats_fail",
        "leading_text_fail",
        "nul_in_header_fail",
        "signature_header_empty_fail",
        "ssh_fail",
        "ssh_text_on_end_line_fail",
        "ssh_trailing_text_fail",
        "tag_ssh_fail",
        "tag_ssh_trailing_text_fail",
    ];
    let usual = cases.iter().filter(|case| case.is_usual() && case.kind != "push" && matches!(case.git, Cell::Judged { .. }));
    let usual: Vec<&Case> = usual.collect();
    let wrong: Vec<String> = usual.par_iter().filter_map(|case| prepared.git_itself(case)).collect();
    let names: BTreeSet<&str> = wrong.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(REFUSED_BY_GIT), "{}", wrong.join("\n"));
}

#[test]
fn made_again_the_vectors_are_the_same() {
    let made = paraph_vectors::files();
    let mut differ: Vec<&str> = Vec::new();
    for (path, content) in &made {
        if std::fs::read(folder().join(path)).ok().as_ref() != Some(content) {
            differ.push(path);
        }
    }
    assert!(differ.is_empty(), "run `cargo run --manifest-path tests/vectors/generator/Cargo.toml`; these differ:\n{}", differ.join("\n"));
    let names: BTreeSet<&str> = made.keys().filter_map(|path| path.rsplit_once('/')).map(|(name, _)| name).collect();
    let bundles = bundle_cases().into_iter().map(|case| format!("{}/{}", paraph_vectors::BUNDLES, case.name));
    let standing: BTreeSet<String> = cases().into_iter().map(|case| case.name).chain(bundles).collect();
    assert_eq!(standing.iter().map(String::as_str).collect::<BTreeSet<_>>(), names, "a folder that is not made");
    assert!(names.len() >= 70);
}

#[test]
fn every_reason_stands_in_a_vector() {
    // each with the cause why no folder holds it
    let elsewhere = [
        // an object of 128 MiB or 100,000 header lines: made in memory by `what_is_too_large_is_refused`
        Reason::ObjectTooLarge.id(),
        // a signature of 1 MiB: made in memory by the same test
        Reason::ArmorTooLarge.id(),
        // a fault of the object store, not of the object: `bytes_under_another_id_are_a_bad_object_and_the_others_are_judged` damages a store
        Reason::ObjectIdMismatch.id(),
        // faults of the store too, in `copies`
        Reason::ObjectCopies.id(),
        Reason::CommitGraph.id(),
        Reason::ContentIdMismatch.id(),
        Reason::ContentUnchecked.id(),
        // there are no public colliding objects: `the_hash_of_objects_notices_a_collision` hashes the blocks that are
        Reason::Sha1Collision.id(),
        // a chain of tags in a repository: the tests of `verify-tag` and of `pre-receive` have one
        Reason::TagTooDeep.id(),
        // answers of a log: the tests of the command line ask one
        Reason::LookupFailed.id(),
        Reason::EntryNotFound.id(),
        // there is no bundle: `sarif_names_a_file_that_is_not_good_by_its_path` of `paraph verify-file`
        Reason::NoBundle.id(),
        // a bundle of 32 MiB: made in memory by `bundles_that_are_too_large_or_too_many_are_refused`
        Reason::BundleTooLarge.id(),
        // there is no tag object: `a_lightweight_tag_is_not_annotated` has one
        Reason::NotAnnotated.id(),
        // of an object in a repository of SHA-256 ids: `the_entries_that_gitsign_logged_in_its_online_mode_are_bound_and_labelled` has some
        LegacyRule::EntryOfSha1Id.id(),
    ];
    let cells = cases().into_iter().map(|case| case.library).chain(bundle_cases().into_iter().flat_map(|case| [case.bytes, case.digest]));
    let stand: BTreeSet<String> = cells.flat_map(|cell| cell.reasons()).collect();
    let known: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.id()).chain(LegacyRule::ALL.iter().map(|rule| rule.id())).collect();
    for id in &known {
        assert_ne!(stand.contains(*id), elsewhere.contains(id), "{id}");
    }
    for id in &stand {
        assert!(id == "trusted-root" || known.contains(id.as_str()), "{id}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let case = cases().into_iter().find(|case| case.name == "v1_ok").unwrap();
    let text = String::from_utf8(case.object.clone()).unwrap();
    let lines = Case {
        object: text.replacen("\ngpgsig", &format!("{}\ngpgsig", "\nx y".repeat(paraph::object::MAX_HEADER_LINES)), 1).into(),
        ..case.clone()
    };
    let message = Case { object: [case.object.as_slice(), &vec![b'a'; paraph::object::MAX_OBJECT]].concat(), ..case.clone() };
    let armor = format!("{}\n ", "YWFh".repeat(16)).repeat(paraph::internals::signature::armor::MAX_ARMOR / 64);
    let armor = Case { object: text.replacen("-----\n ", &format!("-----\n {armor}"), 1).into(), ..case };
    for (case, reason) in [(lines, Reason::ObjectTooLarge), (message, Reason::ObjectTooLarge), (armor, Reason::ArmorTooLarge)] {
        assert_eq!(library_cell(&case).reasons(), [reason.id()]);
        assert_eq!(git_cell(&case).reasons(), [reason.id()]);
    }
}
