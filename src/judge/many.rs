//! Many objects over all cores, the verdicts in the order of the objects.

use super::{Error, Judge, Judged};
use crate::{
    object::tag_name,
    repository::{self, FoundCommit, ObjectKind, Repository, RepositoryHandle},
    verify::batch,
};

/// The object that a revision names, judged.
#[derive(Debug)]
pub(crate) struct NamedObject {
    /// The full name of the lightweight tag that led to it.
    pub lightweight_tag: Option<String>,
    /// The full name of the reference, if the revision was one.
    pub reference: Option<String>,
    /// The object.
    pub judged: Judged,
}

impl Judge {
    /// Judges these commits, and hands `sink` what `convert` makes of each, in order. `convert` runs on the core that judged the commit.
    ///
    /// # Errors
    /// The first commit that cannot be read; the others are judged all the same.
    pub(crate) fn commits<R: Send>(
        &self,
        commits: impl Iterator<Item = Result<FoundCommit, repository::Error>>,
        handle: &RepositoryHandle,
        convert: impl Fn(Judged) -> R + Sync,
        sink: impl FnMut(R),
    ) -> Result<(), Error> {
        let mut failure = None;
        let found = commits.map_while(|found| found.map_err(|error| failure = Some(error)).ok());
        let judged = self.in_order(found, handle, |repository, found| self.read(repository, repository.found(found)).map(&convert), sink);
        failure.map_or(judged, |error| Err(error.into()))
    }

    /// Judges the object that each revision names, in order.
    ///
    /// # Errors
    /// As [`Judge::commits`], also for a revision that names nothing.
    pub(crate) fn revisions(&self, revisions: &[&str], repository: &Repository, mut sink: impl FnMut(NamedObject)) -> Result<(), Error> {
        match revisions {
            // not worth another thread
            [revision] => self.revision(repository, revision).map(sink),
            [] => Ok(()),
            many => self.in_order(many.iter(), &repository.handle(), |repository, revision| self.revision(repository, revision), &mut sink),
        }
    }

    fn revision(&self, repository: &Repository, revision: &str) -> Result<NamedObject, Error> {
        let object = repository.object(revision);
        let reference = object.as_ref().ok().and_then(|object| object.reference.clone());
        let is_commit = object.as_ref().is_ok_and(|object| object.kind == ObjectKind::Commit);
        let lightweight_tag = reference.clone().filter(|name| is_commit && tag_name(name).is_some());
        Ok(NamedObject { lightweight_tag, reference, judged: self.read(repository, object)? })
    }

    /// Runs `work` on each item over all cores, and hands `sink` the results in order.
    ///
    /// # Errors
    /// The first error of `work`, after all items.
    pub(crate) fn in_order<T: Send, R: Send>(
        &self,
        items: impl Iterator<Item = T>,
        handle: &RepositoryHandle,
        work: impl Fn(&Repository, T) -> Result<R, Error> + Sync,
        mut sink: impl FnMut(R),
    ) -> Result<(), Error> {
        let mut failure = None;
        let work = |chunk: Vec<T>| {
            let repository: Repository = handle.to_repository();
            chunk.into_iter().map(|item| work(&repository, item)).collect::<Vec<_>>()
        };
        let chunk = if self.cache.is_some() { batch::CHUNK_OF_KNOWN } else { batch::CHUNK };
        batch::in_order(items, chunk, work, |result| match result {
            Ok(judged) => sink(judged),
            Err(error) => failure = failure.take().or(Some(error)),
        });
        failure.map_or(Ok(()), Err)
    }
}
