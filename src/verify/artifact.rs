//! What a bundle must be about.

use super::Disguise;
use crate::{
    Reason, Rejection,
    certificate::{HashAlgorithm, SignedContent},
};
#[cfg(feature = "cli")]
use aws_lc_rs::digest;
use std::borrow::Cow;
#[cfg(feature = "cli")]
use std::io;

/// What a bundle must be about: a file's bytes, or its digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact<'a> {
    content: SignedContent<'a>,
    /// What the file is besides a file, where its bytes are known.
    disguise: Option<Disguise>,
}

impl<'a> Artifact<'a> {
    /// The file with these bytes.
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self { content: SignedContent::Bytes(Cow::Borrowed(bytes)), disguise: Disguise::of(bytes) }
    }

    /// The file with this SHA-256 digest. A bundle that states another digest alone cannot be checked against it.
    pub fn sha256(digest: [u8; 32]) -> Artifact<'static> {
        Artifact::digests(vec![(HashAlgorithm::Sha256, digest.to_vec())])
    }

    /// The same with the file's SHA-384 digest.
    #[must_use]
    pub fn with_sha384(self, digest: [u8; 48]) -> Self {
        self.with(HashAlgorithm::Sha384, &digest)
    }

    /// The same with the file's SHA-512 digest.
    #[must_use]
    pub fn with_sha512(self, digest: [u8; 64]) -> Self {
        self.with(HashAlgorithm::Sha512, &digest)
    }

    pub(crate) fn digests(digests: Vec<(HashAlgorithm, Vec<u8>)>) -> Artifact<'static> {
        Artifact { content: SignedContent::Digests(Cow::Owned(digests)), disguise: None }
    }

    fn with(self, hash: HashAlgorithm, digest: &[u8]) -> Self {
        match self.content {
            SignedContent::Digests(mut known) => {
                known.to_mut().push((hash, digest.to_vec()));
                Self { content: SignedContent::Digests(known), ..self }
            }
            // the bytes say it
            SignedContent::Bytes(_) => self,
        }
    }

    /// The file's digest, where it is known.
    pub(crate) fn digest(&self, hash: HashAlgorithm) -> Option<Cow<'_, [u8]>> {
        self.content.digest(hash)
    }

    /// The file's SHA-256 digest, where it is known.
    pub(crate) fn sha256_digest(&self) -> Option<[u8; 32]> {
        self.digest(HashAlgorithm::Sha256)?.as_ref().try_into().ok()
    }

    /// Refuses a file that another kind of signature signs: the bundle's signature can be one of that kind.
    pub(super) fn check_only_a_file(&self) -> Result<(), Rejection> {
        self.disguise.map_or(Ok(()), |disguise| Err(Rejection::new(Reason::FileDisguised, format!("it begins like {disguise}"))))
    }

    /// What a signature over the file is over.
    pub(super) fn content(&self) -> SignedContent<'_> {
        match &self.content {
            SignedContent::Bytes(bytes) => SignedContent::Bytes(Cow::Borrowed(bytes)),
            SignedContent::Digests(digests) => SignedContent::Digests(Cow::Borrowed(digests)),
        }
    }
}

/// Hashes a file that is read piece by piece.
#[cfg(feature = "cli")]
pub(crate) struct ArtifactHasher {
    contexts: Vec<(HashAlgorithm, digest::Context)>,
    /// The first bytes, which tell what the file is besides a file.
    beginning: Vec<u8>,
}

#[cfg(feature = "cli")]
impl ArtifactHasher {
    /// A hasher with these hash functions.
    pub(crate) fn new(hashes: &[HashAlgorithm]) -> Self {
        let context = |hash: &HashAlgorithm| {
            let algorithm = match hash {
                HashAlgorithm::Sha256 => &digest::SHA256,
                HashAlgorithm::Sha384 => &digest::SHA384,
                HashAlgorithm::Sha512 => &digest::SHA512,
            };
            (*hash, digest::Context::new(algorithm))
        };
        Self { contexts: hashes.iter().map(context).collect(), beginning: Vec::new() }
    }

    /// Takes all pieces of a source, `block` bytes at a time, and tells the length of each.
    pub(crate) fn read(&mut self, mut source: impl io::Read, block: usize, mut tell: impl FnMut(usize)) -> io::Result<()> {
        let mut piece = vec![0; block];
        loop {
            match source.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(length) => {
                    self.update(piece.get(..length).unwrap_or_default());
                    tell(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next piece.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let missing = Disguise::BEGINNING.saturating_sub(self.beginning.len());
        self.beginning.extend(bytes.iter().take(missing));
        self.contexts.iter_mut().for_each(|(_, context)| context.update(bytes));
    }

    /// The file with the digests of all pieces.
    pub(crate) fn finish(self) -> Artifact<'static> {
        let digests = self.contexts.into_iter().map(|(hash, context)| (hash, context.finish().as_ref().to_vec())).collect();
        Artifact { disguise: Disguise::of(&self.beginning), ..Artifact::digests(digests) }
    }
}
