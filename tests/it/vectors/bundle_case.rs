//! A vector of a bundle as it is stored in its folder.

use super::case::{Cell, folder};
use std::{fs, path::PathBuf};

/// The folder of the bundles' vectors.
pub fn bundles() -> PathBuf {
    folder().join(paraph_vectors::BUNDLES)
}

/// One vector.
pub struct BundleCase {
    pub name: String,
    pub bundle: Vec<u8>,
    /// The file that the bundle should be about.
    pub artifact: Vec<u8>,
    /// The key that the verifier trusts, in PEM.
    pub key: Option<Vec<u8>>,
    /// The predicate type that the verifier expects.
    pub predicate_type: Option<String>,
    /// The result when the file's bytes are given.
    pub bytes: Cell,
    /// The result when the file's SHA-256 digest is given.
    pub digest: Cell,
}

impl BundleCase {
    fn read(name: String) -> Self {
        let folder = bundles().join(&name);
        let readme = fs::read_to_string(folder.join("README")).unwrap();
        assert!(readme.ends_with(".\n") && readme.lines().count() == 1, "{name}: the README is one sentence");
        let expect = fs::read_to_string(folder.join("expect")).unwrap();
        let cell = |entry: &str| Cell::parse(expect.lines().find_map(|line| line.strip_prefix(entry)).unwrap());
        Self {
            bundle: fs::read(folder.join("bundle.sigstore.json")).unwrap(),
            artifact: fs::read(folder.join("artifact")).unwrap(),
            key: fs::read(folder.join("key.pub")).ok(),
            predicate_type: fs::read_to_string(folder.join("predicate-type")).ok().map(|text| text.trim_end().to_owned()),
            bytes: cell("bytes "),
            digest: cell("digest "),
            name,
        }
    }
}

/// Every vector of a bundle.
pub fn bundle_cases() -> Vec<BundleCase> {
    let names = fs::read_dir(bundles()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let cases: Vec<BundleCase> = names.into_iter().map(BundleCase::read).collect();
    for case in &cases {
        assert_eq!(case.name.ends_with("_ok"), case.bytes == Cell::judged("good", "-"), "{}", case.name);
        assert!(case.name.ends_with("_ok") || case.name.ends_with("_fail"), "{}", case.name);
    }
    cases
}
