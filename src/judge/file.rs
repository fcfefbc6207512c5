//! Files and their bundles: which bundles belong to a file, the file's digests in one pass, and the verdict.

use crate::{
    Reason, Rejection,
    bundle::{Bundle, MAX_BUNDLE},
    certificate::HashAlgorithm,
    policy::{Judgement, Policy, Verdict},
    regular_file,
    report::Report,
    selection::Deciders,
    verify::{Artifact, ArtifactHasher, ManagedKey, Verifier},
};
use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

/// The endings of files with bundles beside a file (Sigstore's client specification, section 4.1.1).
pub(crate) const BUNDLE_ENDINGS: [&str; 3] = [".sigstore.json", ".sigstore.jsonl", ".sigstore"];
/// A file with bundles larger than this is not read, in bytes.
const MAX_BUNDLE_FILE: u64 = 4 * MAX_BUNDLE as u64;
/// Bytes of a file that are read at a time.
const BLOCK: usize = 256 * 1024;

/// A file, or a digest that stands for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedFile {
    /// A file by its path.
    Path(PathBuf),
    /// `sha256:` with the digest.
    Digest([u8; 32]),
}

/// An argument that begins like a digest, and is neither a digest nor a file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"sha256:{0}\" is neither a file nor a digest")]
pub(crate) struct NotADigest(String);

/// The digest that an argument names: `sha256:` and 64 hexadecimal digits. `None` if it begins otherwise or is the path of a file.
///
/// # Errors
/// [`NotADigest`].
pub(crate) fn named_digest(argument: &OsStr) -> Result<Option<[u8; 32]>, NotADigest> {
    let digits = argument.to_str().and_then(|text| text.strip_prefix("sha256:"));
    let Some(digits) = digits.filter(|_| Path::new(argument).symlink_metadata().is_err()) else { return Ok(None) };
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).map_err(|_| NotADigest(digits.to_owned()))?;
    Ok(Some(digest))
}

/// Judges files by their bundles.
#[derive(Debug)]
pub(crate) struct FileJudge {
    pub verifier: Verifier,
    pub policy: Policy,
    /// The key that the caller trusts, or why it cannot be used.
    pub key: Option<Result<ManagedKey, Rejection>>,
    /// The type that statements must be of.
    pub predicate_type: Option<String>,
    /// The file with the bundles; `None` to look beside each file.
    pub bundle: Option<PathBuf>,
}

/// A file with the verdicts on its bundles.
#[derive(Debug, Clone)]
pub(crate) struct JudgedFile {
    /// Its name as the caller gave it; not escaped.
    pub name: String,
    /// At least one: where there is no bundle, that is the verdict.
    bundles: Vec<JudgedBundle>,
    best: usize,
}

/// A bundle and the verdict on it.
#[derive(Debug, Clone)]
pub(crate) struct JudgedBundle {
    /// The file that holds it, with the line where it has several; `None` where there is none.
    pub place: Option<String>,
    /// The verdict and its cause.
    pub judgement: Judgement,
    /// The type of its statement, where it was verified.
    pub predicate_type: Option<String>,
}

impl JudgedBundle {
    /// The report on it, for JSON.
    pub(crate) fn report(&self, deciders: &Deciders) -> Report {
        let report = Report::new(None, &self.judgement);
        Report { kind: report.kind.or(Some("file")), trusted_by: deciders.trusted_by(&self.judgement), ..report }
    }
}

/// The place of a bundle (its file, and its line where that has several), and what was read there.
pub(crate) type FoundBundle = (String, Result<Bundle, Rejection>);

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The file or its bundle.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A digest has no place to look beside.
    #[error("a digest has no bundle beside it")]
    DigestAlone,
}

impl NamedFile {
    /// The file or digest that an argument names.
    ///
    /// # Errors
    /// As [`named_digest`].
    pub(crate) fn parse(name: &OsStr) -> Result<Self, NotADigest> {
        Ok(named_digest(name)?.map_or_else(|| Self::Path(PathBuf::from(name)), Self::Digest))
    }

    /// Its path, unless it is a digest.
    pub(crate) fn path(&self) -> Option<&Path> {
        if let Self::Path(path) = self { Some(path) } else { None }
    }

    /// As the caller gave it.
    fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Digest(digest) => format!("sha256:{}", hex::encode(digest)),
        }
    }
}

impl JudgedFile {
    /// The bundle that decides: a good one, or else the one with the best verdict.
    pub(crate) fn deciding(&self) -> Option<&JudgedBundle> {
        self.bundles.get(self.best)
    }

    /// All bundles, in the order of their files.
    pub(crate) fn bundles(&self) -> &[JudgedBundle] {
        &self.bundles
    }

    /// The verdict on the file.
    pub(crate) fn verdict(&self) -> Verdict {
        self.deciding().map_or(Verdict::Unsigned, |bundle| bundle.judgement.verdict())
    }
}

impl FileJudge {
    /// Judges one file. `read` is told of every block of the file.
    pub(crate) fn judge(&self, file: &NamedFile, read: impl FnMut(usize)) -> Result<JudgedFile, FileError> {
        let found = self.bundles_of(file)?;
        let artifact = match file {
            NamedFile::Digest(digest) => Artifact::sha256(*digest),
            // without a bundle, there is nothing to hash for; but a file that is missing is an error
            NamedFile::Path(path) => hashed(path, &hashes(&found), read)?,
        };
        let mut bundles: Vec<JudgedBundle> = found
            .into_iter()
            .map(|(place, bundle)| {
                let stated = bundle.as_ref().ok().and_then(|bundle| Some(bundle.statement().ok()??.predicate_type.clone()));
                let judgement = self.judge_bundle(bundle, &artifact);
                // a bundle that was refused proves nothing about its statement
                let is_verified = judgement.rejection().is_none();
                JudgedBundle { place: Some(place), predicate_type: stated.filter(|_| is_verified), judgement }
            })
            .collect();
        if bundles.is_empty() {
            bundles.push(JudgedBundle { place: None, predicate_type: None, judgement: Rejection::from(Reason::NoBundle).into() });
        }
        let best = (0..bundles.len()).min_by_key(|index| bundles.get(*index).map(|bundle| bundle.judgement.verdict())).unwrap_or_default();
        Ok(JudgedFile { name: file.name(), bundles, best })
    }

    fn judge_bundle(&self, bundle: Result<Bundle, Rejection>, artifact: &Artifact<'_>) -> Judgement {
        let predicate_type = self.predicate_type.as_deref();
        match &self.key {
            None => self.policy.judge(bundle.and_then(|bundle| self.verifier.verify_parsed_bundle(&bundle, artifact, predicate_type))),
            Some(key) => Policy::judge_by_key(bundle.and_then(|bundle| {
                let key = key.as_ref().map_err(Rejection::clone)?;
                self.verifier.verify_parsed_bundle_by_key(&bundle, artifact, predicate_type, key)
            })),
        }
    }

    /// The bundles of a file, each with its place.
    fn bundles_of(&self, file: &NamedFile) -> Result<Vec<FoundBundle>, FileError> {
        match (&self.bundle, file) {
            (Some(named), _) => read_bundles(named),
            (None, NamedFile::Digest(_)) => Err(FileError::DigestAlone),
            (None, NamedFile::Path(path)) => {
                let mut bundles = Vec::new();
                for ending in BUNDLE_ENDINGS {
                    let mut beside = OsString::from(path);
                    beside.push(ending);
                    match read_bundles_with(regular_file::open, Path::new(&beside)) {
                        Err(FileError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                        found => bundles.extend(found?),
                    }
                }
                Ok(bundles)
            }
        }
    }
}

/// The bundles in a file that the user names.
pub(crate) fn read_bundles(path: &Path) -> Result<Vec<FoundBundle>, FileError> {
    read_bundles_with(|path| File::open(path), path)
}

fn read_bundles_with(open: impl FnOnce(&Path) -> io::Result<File>, path: &Path) -> Result<Vec<FoundBundle>, FileError> {
    let error = |source| FileError::Read { path: path.to_owned(), source };
    let name = path.display().to_string();
    let file = open(path).map_err(error)?;
    // one byte more than it seems to have, so that one call reads it and finds its end
    let length = file.metadata().map_err(error)?.len().min(MAX_BUNDLE_FILE) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(MAX_BUNDLE_FILE + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MAX_BUNDLE_FILE {
        let rejection = Rejection::new(Reason::BundleTooLarge, format!("more than {MAX_BUNDLE_FILE} bytes"));
        return Ok(vec![(name, Err(rejection))]);
    }
    Ok(match Bundle::split(&bytes) {
        Err(rejection) => vec![(name, Err(rejection))],
        Ok(lines) if lines.len() == 1 => lines.into_iter().map(|line| (name.clone(), Bundle::parse(line))).collect(),
        Ok(lines) => lines.into_iter().enumerate().map(|(at, line)| (format!("{name}#{}", at + 1), Bundle::parse(line))).collect(),
    })
}

/// The hash functions that these bundles need.
fn hashes(bundles: &[FoundBundle]) -> Vec<HashAlgorithm> {
    let needed: BTreeSet<&str> =
        bundles.iter().filter_map(|(_, bundle)| bundle.as_ref().ok()).flat_map(Bundle::hashes).map(HashAlgorithm::name).collect();
    HashAlgorithm::ALL.into_iter().filter(|hash| needed.contains(hash.name())).collect()
}

/// The digests of a file. It is read once and never held in memory.
fn hashed(path: &Path, hashes: &[HashAlgorithm], read: impl FnMut(usize)) -> Result<Artifact<'static>, FileError> {
    let error = |source| FileError::Read { path: path.to_owned(), source };
    let file = regular_file::open_stream(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    if metadata.is_dir() {
        return Err(error(ErrorKind::IsADirectory.into()));
    }
    let mut hasher = ArtifactHasher::new(hashes);
    // a pipe, and some files of the system, have no length
    let length = usize::try_from(metadata.len()).unwrap_or(BLOCK).saturating_add(1);
    let block = if metadata.len() == 0 { BLOCK } else { length.min(BLOCK) };
    if !hashes.is_empty() {
        hasher.read(file, block, read).map_err(error)?;
    }
    Ok(hasher.finish())
}
