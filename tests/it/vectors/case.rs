//! A vector as it is stored in its folder.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The folder of the vectors.
pub fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors"))
}

/// One vector.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    /// `commit`, `tag` or `push`.
    pub kind: &'static str,
    pub object: Vec<u8>,
    pub trusted_root: PathBuf,
    pub allowed_identities: PathBuf,
    /// The reference by which a tag is reached.
    pub reference: Option<String>,
    /// Log entries that are stored for it.
    pub entries: Option<String>,
    /// The object that a replacement reference puts in its place.
    pub replacement: Option<Vec<u8>>,
    pub library: Cell,
    pub git: Cell,
    pub verify: Cell,
}

/// The verdict at one entry point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Judged {
        verdict: String,
        reason: String,
    },
    /// The defect lies outside the bytes that git passes.
    NotVisible,
    /// A push certificate is not an object of a repository.
    NoObject,
}

impl Cell {
    pub fn judged(verdict: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Judged { verdict: verdict.into(), reason: reason.into() }
    }

    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "not visible to git's program" => Self::NotVisible,
            "no object of a repository" => Self::NoObject,
            judged => {
                let (verdict, reason) = judged.split_once(' ').unwrap();
                Self::judged(verdict, reason.trim())
            }
        }
    }

    /// The identifiers of its reasons.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::Judged { reason, .. } if reason != "-" => reason.split(',').map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judged { verdict, reason } => write!(f, "{verdict} {reason}"),
            Self::NotVisible => f.write_str("not visible"),
            Self::NoObject => f.write_str("no object"),
        }
    }
}

impl Case {
    fn read(name: String) -> Self {
        let folder_of = folder().join(&name);
        let kind = ["commit", "tag", "push"].into_iter().find(|kind| folder_of.join(kind).exists()).unwrap();
        let own_or_shared = |file: &str| Some(folder_of.join(file)).filter(|path| path.exists()).unwrap_or_else(|| folder().join(file));
        let readme = fs::read_to_string(folder_of.join("README")).unwrap();
        assert!(readme.ends_with(".\n") && readme.lines().count() == 1, "{name}: the README is one sentence");
        let expect = fs::read_to_string(folder_of.join("expect")).unwrap();
        let cell = |entry: &str| Cell::parse(expect.lines().find_map(|line| line.strip_prefix(entry)).unwrap());
        Self {
            kind,
            object: fs::read(folder_of.join(kind)).unwrap(),
            trusted_root: own_or_shared("trusted_root.json"),
            allowed_identities: own_or_shared("allowed-identities"),
            reference: fs::read_to_string(folder_of.join("reference")).ok().map(|text| text.trim_end().to_owned()),
            entries: fs::read_to_string(folder_of.join("entries")).ok(),
            replacement: fs::read(folder_of.join("replacement")).ok(),
            library: cell("library "),
            git: cell("git "),
            verify: cell("verify "),
            name,
        }
    }

    /// Whether it is judged under what most are judged under, and by itself.
    pub fn is_usual(&self) -> bool {
        self.trusted_root.parent() == Some(folder())
            && self.allowed_identities.parent() == Some(folder())
            && self.reference.is_none()
            && self.replacement.is_none()
    }
}

/// Every vector. All but what lies outside git's bytes has to be the same for all entry points.
pub fn cases() -> Vec<Case> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().join("expect").is_file());
    let mut names: Vec<String> = names.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    let cases: Vec<Case> = names.into_iter().map(Case::read).collect();
    for case in &cases {
        assert_eq!(case.name.ends_with("_ok"), matches!(&case.library, Cell::Judged { verdict, .. } if verdict == "good"), "{}", case.name);
        assert!(case.name.ends_with("_ok") || case.name.ends_with("_fail"), "{}", case.name);
        assert!([&case.library, &Cell::NotVisible].contains(&&case.git), "{}", case.name);
        assert_eq!(if case.kind == "push" { &Cell::NoObject } else { &case.library }, &case.verify, "{}", case.name);
    }
    cases
}
