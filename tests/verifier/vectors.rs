//! The library gives each vector what its `expect` says.

use crate::{
    case::cases,
    library::{library_cell, verifier, verify},
};
use paraph::trust::TrustRoot;

#[test]
fn the_library_gives_each_vector_its_verdict() {
    let wrong: Vec<String> = cases()
        .iter()
        .map(|case| (case, library_cell(case)))
        .filter(|(case, found)| *found != case.library)
        .map(|(case, found)| format!("{}: expected {}, found {found}", case.name, case.library))
        .collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn chains_that_are_checked_before_change_no_result() {
    let told = |result| format!("{result:?}");
    for case in cases() {
        let (Some(alone), Some(before)) = (verifier(&case.trusted_root), verifier(&case.trusted_root)) else { continue };
        before.roots().iter().for_each(TrustRoot::check_chains);
        assert_eq!(told(verify(&alone, &case)), told(verify(&before, &case)), "{}", case.name);
    }
}
