//! The library gives each vector what its `expect` says.

use crate::{case::cases, library::library_cell};

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
