//! A repository in memory, for tests of the policy: commits, tags, refs and signatures as far as a policy sees them.

use std::collections::BTreeMap;

/// What a repository holds. Commits and tags are named by their index; a parent has a lower index than its child.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// The commits.
    pub commits: Vec<Commit>,
    /// The annotated tags.
    pub tags: Vec<Tag>,
    /// The refs by their full names.
    pub refs: BTreeMap<String, Target>,
    /// The branch that HEAD names, by its full name; it need not exist.
    pub head: Option<String>,
}

/// One commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// The indices of the parents.
    pub parents: Vec<usize>,
    /// The files by their paths. A path is never a folder of another one.
    pub tree: BTreeMap<Vec<u8>, Entry>,
    /// The signature.
    pub signature: Signature,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    /// A regular file with its content.
    File(String),
    /// An executable file with its content.
    Executable(String),
    /// A symbolic link with its target.
    Link(String),
    /// A submodule with its commit.
    Submodule(String),
}

/// One annotated tag.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    /// Its own name, such as `v1`.
    pub name: String,
    /// What it leads to.
    pub target: Target,
    /// Its message.
    pub message: String,
    /// Its bytes, as `git cat-file tag` prints them.
    pub bytes: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

/// What a ref or a tag leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A commit.
    Commit(usize),
    /// An annotated tag.
    Tag(usize),
    /// A tree or a file.
    Other,
}

/// How an object is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signature {
    /// Not at all, or in a way that nobody judges.
    None,
    /// Checked and wrong, or it could not be checked.
    Bad,
    /// With a certificate.
    Certificate {
        /// The subject alternative name.
        subject: String,
        /// Whether it is an e-mail address.
        is_email: bool,
        /// The OpenID issuer.
        issuer: String,
        /// The instance of which the trust root vouches for it.
        instance: String,
        /// What the workload's token claimed.
        claims: BTreeMap<String, String>,
        /// The trusted times in seconds since 1970, at least one.
        times: Vec<i64>,
    },
    /// With a key, valid, neither expired nor revoked.
    Key {
        /// Whether it is an OpenPGP key; otherwise it is an SSH key.
        is_openpgp: bool,
        /// Its fingerprint, in upper case, or `SHA256:` and base64.
        fingerprint: String,
    },
}

/// What is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// A commit.
    Commit(usize),
    /// The SHA-256 of a policy file.
    Digest([u8; 32]),
}

/// How a policy judges one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is not judged.
    Exempt,
    /// Signed by somebody who may.
    Good,
    /// Refused, with the id of the decision (`bad-signature` where the signature is bad), and whether that counts.
    Refused { decision: &'static str, counts: bool },
}

/// One ref that a push moves.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    /// The full name.
    pub reference: String,
    /// The old value; `None` for a new ref.
    pub old: Option<Target>,
    /// The new value; `None` to delete the ref.
    pub new: Option<Target>,
}
