//! Reads objects: their bytes are hashed again, and compared with every other copy.

use super::{Error, OBJECT_LIMIT, RawObject, Repository, chain, copies};
use std::path::PathBuf;

impl Repository {
    /// The object with this id. Its bytes are hashed again.
    pub(super) fn checked_object(&self, id: &str, reference: Option<String>) -> Result<RawObject, Error> {
        self.check_loose(id)?;
        let (kind, bytes) = match &self.objects_by_git {
            Some(objects) => objects.read(self, id)?,
            None => self.read(id)?,
        };
        self.with_its_id(id, kind, bytes, reference)
    }

    /// The object with this id and these bytes, which are hashed again.
    pub(super) fn with_its_id(
        &self,
        id: &str,
        kind: gix::objs::Kind,
        bytes: Vec<u8>,
        reference: Option<String>,
    ) -> Result<RawObject, Error> {
        // hashing fails only for a SHA-1 collision; git refuses the same bytes
        let computed = gix::objs::compute_hash(self.gix.object_hash(), kind, &bytes)
            .map_err(|_| Error::Sha1Collision { id: id.to_owned(), kind: kind.into() })?
            .to_hex()
            .to_string();
        if computed != id {
            return Err(Error::ObjectIdMismatch { id: id.to_owned(), kind: kind.into(), computed });
        }
        self.compare_copies(id, kind, &bytes)?;
        Ok(RawObject { id: computed, format: self.format(), kind: kind.into(), bytes, reference })
    }

    /// An id of this repository's format. Objects may name others, which gix must not be asked for.
    pub(super) fn object_id(&self, id: &str) -> Option<gix::ObjectId> {
        gix::ObjectId::from_hex(id.as_bytes()).ok().filter(|id| id.kind() == self.gix.object_hash())
    }

    /// Compares all copies of an object with these bytes, which have its id.
    pub(super) fn compare_copies(&self, id: &str, kind: gix::objs::Kind, bytes: &[u8]) -> Result<(), Error> {
        let Some(object_id) = self.object_id(id) else { return Ok(()) };
        self.copies()?.compare(copies::ReadObject { id: &object_id, kind, bytes })
    }

    /// Checks the file of a loose object before it is read.
    pub(super) fn check_loose(&self, id: &str) -> Result<(), Error> {
        self.object_id(id).map_or(Ok(()), |id| self.copies()?.check_loose(&id))
    }

    /// The error of an object that is here but cannot be read.
    pub(super) fn damaged(&self, id: &str, cause: String) -> Error {
        Error::DamagedObject { id: id.to_owned(), file: self.file_of(id), cause }
    }

    /// The file that holds an object.
    pub(super) fn file_of(&self, id: &str) -> Option<PathBuf> {
        self.copies().ok()?.file_of(&self.object_id(id)?)
    }

    pub(super) fn copies(&self) -> Result<&copies::Copies, Error> {
        if let Some(copies) = self.copies.get() {
            return Ok(copies);
        }
        let opened = copies::Copies::open(self.object_directories()?, self.gix.object_hash())?;
        Ok(self.copies.get_or_init(|| opened))
    }

    fn read(&self, id: &str) -> Result<(gix::objs::Kind, Vec<u8>), Error> {
        let damaged = |cause: String| self.damaged(id, cause);
        let object_id = self.object_id(id).ok_or_else(|| Error::MissingObject(id.to_owned()))?;
        let header = self.gix.try_find_header(object_id).map_err(|error| damaged(chain(&error)))?;
        let header = header.ok_or_else(|| Error::MissingObject(id.to_owned()))?;
        within_limit(id, header.kind(), header.size())?;
        let object = self.gix.find_object(object_id).map_err(|error| damaged(chain(&error)))?.detach();
        within_limit(id, object.kind, u64::try_from(object.data.len()).unwrap_or(u64::MAX))?;
        Ok((object.kind, object.data))
    }
}

pub(super) fn within_limit(id: &str, kind: gix::objs::Kind, size: u64) -> Result<(), Error> {
    if size > OBJECT_LIMIT {
        Err(Error::ObjectTooLarge { id: id.to_owned(), kind: kind.into(), size, limit: OBJECT_LIMIT })
    } else {
        Ok(())
    }
}
