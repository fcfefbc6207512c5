//! What `paraph sign` and `paraph attest` are given: files, standard input, and digests of files that are elsewhere.

use crate::{
    agent_protocol::{MAX_PAYLOAD, SubjectToSign},
    certificate::HashAlgorithm,
    cli::{exit::Failure, input::announcing_waits},
    judge::named_digest,
    regular_file,
    sign::PayloadError,
    verify::{Artifact, ArtifactHasher, Disguise},
};
use std::{
    ffi::{OsStr, OsString},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The bytes of a large file that are read at once.
const CHUNK: usize = 1 << 20;

/// A file to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Input {
    /// The file at this path.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A file that only its SHA-256 names.
    Digest([u8; 32]),
}

impl Input {
    /// The file that an argument names. A path goes before a digest.
    ///
    /// # Errors
    /// It begins like a digest, but is none.
    pub(in crate::cli) fn parse(argument: &OsStr) -> Result<Self, Failure> {
        if argument == "-" {
            return Ok(Self::Stdin);
        }
        Ok(named_digest(argument)?.map_or_else(|| Self::File(PathBuf::from(argument)), Self::Digest))
    }

    /// Its name in messages.
    pub(in crate::cli) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
            Self::Digest(digest) => format!("sha256:{}", hex::encode(digest)),
        }
    }

    /// The file that is read, where it has a path.
    pub(in crate::cli) fn place(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            // it may be a file that the shell opened
            Self::Stdin => cfg!(unix).then(|| Path::new("/dev/stdin")),
            Self::Digest(_) => None,
        }
    }

    /// The bundle beside the file; `None` for what is not a regular file.
    pub(in crate::cli) fn bundle(&self) -> Option<PathBuf> {
        let Self::File(path) = self else { return None };
        if !path.is_file() {
            return None;
        }
        let mut name = OsString::from(path);
        name.push(".sigstore.json");
        Some(name.into())
    }

    /// Fails if the file is not there or not a file, so that nobody logs in for nothing.
    pub(in crate::cli) fn check(&self) -> Result<(), Failure> {
        // whoever writes to a pipe is not to be told that its reader is gone
        match self {
            Self::File(path) if regular_file::check_stream(path).is_ok_and(|is_file| !is_file) && !path.is_dir() => Ok(()),
            _ => self.open().map(drop),
        }
    }

    /// Reads it. Of a large file, only the digest is kept.
    ///
    /// # Errors
    /// It cannot be read, or it is also something else than a file: see [`Disguise`].
    pub(in crate::cli) fn read(&self) -> Result<SubjectToSign, Failure> {
        let name = self.claimed_name();
        if let Self::Digest(digest) = self {
            return Ok(SubjectToSign::Digest { sha256: hex::encode(digest), name });
        }
        let (content, digest) = self.beginning_and_digest()?;
        if let Some(disguise) = Disguise::of(&content) {
            return Err(PayloadError::Disguised(disguise).into());
        }
        Ok(match content.len() {
            ..=MAX_PAYLOAD => SubjectToSign::File { content, name },
            _ => SubjectToSign::Digest { sha256: hex::encode(digest), name },
        })
    }

    /// SHA-256 of the file.
    pub(in crate::cli) fn digest(&self) -> Result<[u8; 32], Failure> {
        match self {
            Self::Digest(digest) => Ok(*digest),
            Self::File(_) | Self::Stdin => Ok(self.beginning_and_digest()?.1),
        }
    }

    /// What a bundle about it must be about, by these hash functions. It is read once.
    pub(in crate::cli) fn artifact(&self, hashes: &[HashAlgorithm]) -> Result<Artifact<'static>, Failure> {
        if let Self::Digest(digest) = self {
            return Ok(Artifact::sha256(*digest));
        }
        announcing_waits(self.path(), || {
            let mut hasher = ArtifactHasher::new(hashes);
            hasher.read(self.open()?, CHUNK, |_| {}).map_err(|error| self.unreadable(&error))?;
            Ok(hasher.finish())
        })
    }

    /// One byte more of the beginning than an agent takes, and SHA-256 of all.
    fn beginning_and_digest(&self) -> Result<(Vec<u8>, [u8; 32]), Failure> {
        announcing_waits(self.path(), || self.read_and_hash())
    }

    fn read_and_hash(&self) -> Result<(Vec<u8>, [u8; 32]), Failure> {
        let (mut source, mut hasher) = (self.open()?, ArtifactHasher::new(&[HashAlgorithm::Sha256]));
        let mut beginning = Vec::new();
        (&mut source).take(MAX_PAYLOAD as u64 + 1).read_to_end(&mut beginning).map_err(|error| self.unreadable(&error))?;
        hasher.update(&beginning);
        if beginning.len() > MAX_PAYLOAD {
            hasher.read(source, CHUNK, |_| {}).map_err(|error| self.unreadable(&error))?;
        }
        Ok((beginning, hasher.finish().sha256_digest().unwrap_or_default()))
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::io(&format!("{} cannot be read", self.name()), error)
    }

    /// All of its bytes.
    pub(in crate::cli) fn read_whole(&self, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        announcing_waits(self.path(), || {
            let read = self.open()?.take(limit as u64 + 1).read_to_end(&mut bytes);
            read.map_err(|error| self.unreadable(&error))
        })?;
        if bytes.len() > limit {
            return Err(Failure::system(format!("{} has more than {limit} bytes, the limit", self.name())));
        }
        Ok(bytes)
    }

    fn path(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }

    /// The name that the agent shows.
    fn claimed_name(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        let name = path.file_name()?.to_string_lossy();
        Some(name.chars().take(crate::agent_protocol::MAX_NAME / 4).collect())
    }

    fn open(&self) -> Result<Box<dyn Read>, Failure> {
        match self {
            Self::Digest(_) => Ok(Box::new(io::empty())),
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => {
                let failed = |error: io::Error| Failure::io(&format!("{} cannot be read", path.display()), &error);
                // a folder can be opened, but not read
                if path.metadata().map_err(failed)?.is_dir() {
                    return Err(Failure::system(format!("{} is a folder", path.display())).with_hint("give the files in it"));
                }
                Ok(Box::new(regular_file::open_stream(path).map_err(failed)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use sha2::Digest as _;

    #[test]
    fn an_argument_is_a_file_a_digest_or_standard_input() {
        let digits = "ab".repeat(32);
        assert_eq!(Input::parse(OsStr::new("-")).unwrap(), Input::Stdin);
        assert_eq!(Input::parse(OsStr::new(&format!("sha256:{digits}"))).unwrap(), Input::Digest([0xab; 32]));
        assert_eq!(Input::parse(OsStr::new("./-")).unwrap(), Input::File("./-".into()));
        assert_eq!(Input::parse(OsStr::new(&digits)).unwrap(), Input::File(digits.clone().into()));
        for digest in ["sha256:", "sha256:abc", &format!("sha256:{digits}0"), "sha256:zz"] {
            assert_eq!(Input::parse(OsStr::new(digest)).unwrap_err().exit, Exit::Usage, "{digest}");
        }
    }

    #[test]
    fn a_small_file_is_sent_and_of_a_large_one_the_digest() {
        let folder = tempfile::tempdir().unwrap();
        let read = |size: usize| {
            let path = folder.path().join("file");
            std::fs::write(&path, vec![7; size]).unwrap();
            let input = Input::File(path);
            let digest: [u8; 32] = sha2::Sha256::digest(vec![7; size]).into();
            assert_eq!(input.digest().unwrap(), digest);
            (input.read().unwrap(), hex::encode(digest))
        };
        for size in [0, 1, MAX_PAYLOAD] {
            assert_eq!(read(size).0, SubjectToSign::File { content: vec![7; size], name: Some("file".into()) });
        }
        for size in [MAX_PAYLOAD + 1, 3 * MAX_PAYLOAD + 5] {
            let (subject, sha256) = read(size);
            assert_eq!(subject, SubjectToSign::Digest { sha256, name: Some("file".into()) });
        }
        assert_eq!(Input::File(folder.path().into()).check().unwrap_err().exit, Exit::Io);
    }
}
