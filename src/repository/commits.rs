//! Commits by their ids: whether they are here, and their parents as the commit object names them.

use super::{Error, ObjectKind, Repository};

impl Repository {
    /// The parents that a commit names, also at the border of a shallow clone. Replacement objects, grafts and commit-graphs do not count.
    ///
    /// # Errors
    /// Where the commit cannot be read.
    pub(crate) fn parents_of(&self, commit: &str) -> Result<Vec<String>, Error> {
        let object = self.object_by_id(commit).map_err(|error| self.in_shallow_clone(error, commit))?;
        if object.kind != ObjectKind::Commit {
            return Err(Error::NoCommit(commit.to_owned()));
        }
        let read = self.tree_and_parents(&object.bytes).map(|(_, parents)| parents);
        read.ok_or_else(|| self.damaged(commit, "the line of a tree or parent has no object id".to_owned()))
    }

    /// The tree and the parents of a commit with these bytes, or of a commit without its signature; `None` if they are no commit of this
    /// repository's format.
    pub(crate) fn tree_and_parents(&self, commit: &[u8]) -> Option<(String, Vec<String>)> {
        let id = |text: &[u8]| Some(self.object_id(std::str::from_utf8(text).ok()?)?.to_hex().to_string());
        // as git reads them (`parse_commit_buffer`): the first lines
        let mut lines = commit.split(|byte| *byte == b'\n');
        let tree = id(lines.next()?.strip_prefix(b"tree ")?)?;
        let parents: Option<Vec<String>> = lines.map_while(|line| line.strip_prefix(b"parent ")).map(id).collect();
        Some((tree, parents?))
    }

    /// Whether this is the full id of a commit that is here.
    ///
    /// # Errors
    /// Where the object cannot be read.
    pub(crate) fn has_commit(&self, id: &str) -> Result<bool, Error> {
        if self.object_id(id).is_none_or(|named| named.to_hex().to_string().as_str() != id) {
            return Ok(false);
        }
        match self.object_by_id(id) {
            Ok(object) => Ok(object.kind == ObjectKind::Commit),
            Err(Error::MissingObject(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
