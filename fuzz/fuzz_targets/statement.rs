//! In-toto statements: an accepted one has subjects, and only a subject with the file's digest is the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::internals::{
    certificate::HashAlgorithm,
    statement::{MAX_DIGESTS, MAX_SUBJECTS, Statement, SubjectMatch},
};
use paraph_fuzz::check_refusal;

const FILE: &[u8] = b"a file";

fuzz_target!(|data: &[u8]| {
    let statement = match Statement::parse(data) {
        Ok(statement) => statement,
        Err(rejection) => return check_refusal(&rejection),
    };
    assert!((1..=MAX_SUBJECTS).contains(&statement.subjects.len()) && !statement.predicate_type.is_empty());
    for subject in &statement.subjects {
        assert!(subject.digests.len() <= MAX_DIGESTS);
        if subject.compare(|hash: HashAlgorithm| Some(hash.digest(FILE))) == SubjectMatch::Same {
            let is_named = |hash: HashAlgorithm| {
                subject.digests.iter().any(|(name, value)| name == hash.name() && *value == hex::encode(hash.digest(FILE)))
            };
            assert!(HashAlgorithm::ALL.into_iter().any(is_named));
        }
    }
    match statement.subject(|hash| Some(hash.digest(FILE))) {
        Ok(subject) => assert!(statement.subjects.contains(subject)),
        Err(rejection) => check_refusal(&rejection),
    }
});
