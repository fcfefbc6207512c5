//! The test vectors in `tests/vectors`, and the certificates, log entries, timestamps and signatures that they are made of.
//!
//! Keys come from seeds, signatures are deterministic and times are fixed, so [`files`] gives the same bytes each time. The tests and benches
//! of paraph build signatures of their own with [`World`](world::World) and [`Recipe`](recipe::Recipe). A defect in this package ends the test: it panics.

pub mod attacks;
pub mod bundle;
pub mod cases;
pub mod certificate;
pub mod der;
pub mod evidence;
pub mod key;
pub mod recipe;
pub mod world;

use cases::Vector;
use std::{collections::BTreeMap, fs, path::Path};
use world::{ISSUER, SIGNER, World};

/// The folder of the vectors that are bundles.
pub const BUNDLES: &str = "bundles";

/// Every file of the vectors, by its path relative to their folder.
pub fn files() -> BTreeMap<String, Vec<u8>> {
    let world = World::new();
    let mut files = BTreeMap::new();
    let mut put = |path: String, content: Vec<u8>| assert!(files.insert(path.clone(), content).is_none(), "{path} is made twice");
    put("trusted_root.json".into(), json(&world.trusted_root()));
    put("allowed-identities".into(), format!("{SIGNER} {ISSUER} instance=vectors\n").into());
    let vectors = cases::all(&world);
    put("ATTACKS.md".into(), attacks::table(&vectors).into());
    for vector in &vectors {
        for (name, content) in vector.files() {
            put(format!("{}/{name}", vector.name), content);
        }
    }
    for vector in cases::bundle::bundles(&world) {
        for (name, content) in vector.files() {
            put(format!("{BUNDLES}/{}/{name}", vector.name), content);
        }
    }
    files
}

/// Writes the vectors into a folder and returns their number. Folders of vectors that are no longer made are removed.
pub fn write(folder: &Path) -> usize {
    let files = files();
    let standing = [folder.to_owned(), folder.join(BUNDLES)];
    for entry in standing.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with("_fail") || name.ends_with("_ok") {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    for (path, content) in &files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    files.keys().filter(|path| path.ends_with("/expect")).count()
}

/// A JSON file.
pub fn json(value: &serde_json::Value) -> Vec<u8> {
    (serde_json::to_string_pretty(value).unwrap() + "\n").into_bytes()
}

impl Vector {
    /// The files of its folder.
    fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let line = |entry: &str, cell: &str| format!("{entry:<8} {cell}\n");
        let cell = format!("{:<10} {}", self.verdict, self.reason);
        let git = if self.hidden { "not visible to git's program" } else { &cell };
        let verify = if self.kind == "push" { "no object of a repository" } else { &cell };
        let expect = format!("{}{}{}", line("library", &cell), line("git", git), line("verify", verify));
        let mut files = vec![
            ("README", format!("{}\n", self.sentence).into_bytes()),
            (self.kind, self.object.clone()),
            ("expect", expect.into_bytes()),
        ];
        files.extend(self.more.clone());
        files
    }
}
