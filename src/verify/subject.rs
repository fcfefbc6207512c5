//! What a signature is about.

/// What was signed, as far as its own bytes tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// SHA-256 of the signed content: of an object's payload, a file, or a statement.
    pub digest: [u8; 32],
    /// The e-mail address that the object claims for its committer, tagger or pusher.
    pub email: Option<String>,
}

/// The kinds of subjects. An allowed identity may be limited to some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SubjectKind {
    /// A git commit.
    Commit,
    /// A git tag.
    Tag,
    /// A git push certificate.
    Push,
    /// Bytes whose meaning only the caller knows.
    Bytes,
    /// A file, by its digest.
    File,
    /// An in-toto statement about a file.
    Attestation,
    /// An in-toto statement that releases files.
    Release,
}

impl SubjectKind {
    /// Its name in allowed identities and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Push => "push",
            Self::Bytes => "bytes",
            Self::File => "file",
            Self::Attestation => "attestation",
            Self::Release => "release",
        }
    }

    /// Its name in sentences, with the article.
    pub(crate) fn with_article(self) -> String {
        let article = if self == Self::Attestation { "an" } else { "a" };
        format!("{article} {}", self.as_str())
    }

    /// Whether an allowed identity must be listed for it by name: a line without `for=` does not mean it.
    pub(crate) fn is_bundled(self) -> bool {
        matches!(self, Self::File | Self::Attestation | Self::Release)
    }
}
