//! The seeds: every object of the test vectors and of the real signatures, split into the inputs of each target.
//!
//! Nothing is checked here. Signatures are found by their lines, since many vectors are refused for what surrounds the signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph::internals::{
    evidence::{
        detached::{DetachedEntry, from_file},
        log::parse_entry,
    },
    signature::{GitSignature, cms::SignedData},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A seed object.
pub struct Object {
    /// Folder and file in one word.
    pub name: String,
    /// `commit`, `tag` or `push`.
    pub kind: &'static str,
    /// The object's bytes.
    pub bytes: Vec<u8>,
}

/// All parts of a signature, each in its encoding.
#[derive(Default)]
pub struct Parts {
    /// The armored text.
    pub armored: Vec<u8>,
    /// The CMS.
    pub cms: Vec<u8>,
    /// The signature in the CMS.
    pub signature: Vec<u8>,
    /// The certificates, including those of timestamp tokens.
    pub certificates: Vec<Vec<u8>>,
    /// The log entry.
    pub entry: Option<Vec<u8>>,
    /// The checkpoint of the log entry.
    pub checkpoint: Option<String>,
    /// The timestamp tokens.
    pub tokens: Vec<Vec<u8>>,
}

/// A file of the tests' folder.
pub fn test_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(path)
}

/// Every object, in the order of the names.
pub fn objects() -> Vec<Object> {
    let mut objects = Vec::new();
    for folder in sorted(&test_file("vectors")).into_iter().filter(|path| path.is_dir()) {
        let name = file_name(&folder);
        for (file, kind) in [("commit", "commit"), ("tag", "tag"), ("push", "push"), ("replacement", "commit")] {
            if let Ok(bytes) = fs::read(folder.join(file)) {
                objects.push(Object { name: format!("{name}.{file}"), kind, bytes });
            }
        }
    }
    let real = ["fixtures/real-objects", "fixtures/real-objects/online"].map(|folder| sorted(&test_file(folder)));
    for file in real.into_iter().flatten() {
        let kind = ["commit", "tag"].into_iter().find(|kind| file.extension().is_some_and(|extension| extension == *kind));
        if let (Some(kind), Ok(bytes)) = (kind, fs::read(&file)) {
            objects.push(Object { name: file_name(&file), kind, bytes });
        }
    }
    assert!(objects.len() > 300, "the test vectors are missing");
    objects
}

/// The bytes of one object of the vectors.
pub fn object(path: &str) -> Vec<u8> {
    fs::read(test_file("vectors").join(path)).expect("the vector is there")
}

/// The files of this name in the folders of the vectors, the common one first.
pub fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let folders = std::iter::once(test_file("vectors")).chain(sorted(&test_file("vectors")));
    folders.filter_map(|folder| Some((file_name(&folder), fs::read(folder.join(name)).ok()?))).collect()
}

/// Every bundle of the vectors.
pub fn bundles() -> Vec<Vec<u8>> {
    let read = |folder: PathBuf| fs::read(folder.join("bundle.sigstore.json")).expect("the vector is there");
    sorted(&test_file("vectors/bundles")).into_iter().map(read).collect()
}

/// The log entries that are stored for objects of the vectors.
pub fn detached_entries() -> Vec<DetachedEntry> {
    let files = files("entries").into_iter().filter_map(|(_, bytes)| from_file(&String::from_utf8(bytes).ok()?).ok());
    files.flatten().collect()
}

/// The answers and queries of the real timestamp authority.
pub fn timestamp_exchanges() -> Vec<(String, Vec<u8>)> {
    let recorded = sorted(&test_file("fixtures/real-servers")).into_iter().filter(|path| file_name(path).starts_with("tsa-"));
    let mut found = Vec::new();
    for path in recorded {
        let Some(exchange) = fs::read(&path).ok().and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok()) else {
            continue;
        };
        for side in ["request", "response"] {
            let body = exchange[side]["body_base64"].as_str().and_then(|body| STANDARD.decode(body).ok());
            found.extend(body.map(|body| (format!("{}-{side}", file_name(&path)), body)));
        }
    }
    found
}

/// The signature of an object, found by its lines and parsed as far as possible.
pub fn parts(object: &[u8]) -> Option<Parts> {
    let (begin, end) = armor_range(object)?;
    let lines: Vec<&[u8]> = object[begin..end].split(|byte| *byte == b'\n').map(|line| line.strip_prefix(b" ").unwrap_or(line)).collect();
    let armored = lines.join(&b'\n');
    let base64: Vec<u8> = lines.iter().skip(1).filter(|line| !line.starts_with(b"-")).flat_map(|line| line.iter().copied()).collect();
    let cms = STANDARD.decode(base64.trim_ascii()).ok()?;
    let mut parts = Parts { armored, ..Parts::default() };
    if let Ok(signed_data) = SignedData::from_der(&cms) {
        parts.certificates = signed_data.certificates.iter().map(|certificate| certificate.to_vec()).collect();
        if let Ok(signature) = GitSignature::new(signed_data) {
            parts.signature = signature.signer.signature.to_vec();
            parts.entry = signature.evidence.entry.map(<[u8]>::to_vec);
            parts.tokens = signature.evidence.tokens.iter().map(|token| token.to_vec()).collect();
        }
    }
    for token in &parts.tokens {
        if let Ok(signed_data) = SignedData::from_der(token) {
            parts.certificates.extend(signed_data.certificates.iter().map(|certificate| certificate.to_vec()));
        }
    }
    let entry = parts.entry.as_ref().and_then(|entry| parse_entry(entry).ok());
    parts.checkpoint = entry.and_then(|entry| Some(entry.inclusion_proof?.checkpoint?.envelope));
    parts.cms = cms;
    Some(parts)
}

/// Start and end of an object's armor, without its last line feed.
pub fn armor_range(object: &[u8]) -> Option<(usize, usize)> {
    const END: &[u8] = b"-----END SIGNED MESSAGE-----";
    let begin = find(object, b"-----BEGIN SIGNED MESSAGE-----")?;
    Some((begin, begin + find(&object[begin..], END)? + END.len()))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder of the tests is there").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}
