//! Every copy of an object: loose, in each pack, by a multi-pack-index, and in alternates. git reads any of them, so all must be equal.
//!
//! An object that came by a fetch or a push was compared by git. A store that was unpacked or copied may hold other bytes under an id, or a
//! commit-graph that names another tree or other parents: git shows those. Looking up an id is a binary search in each index, and finds the entry
//! that git finds, because git searches in the same way.

use super::{Error, OBJECT_LIMIT, ObjectKind, bounded, chain, commit_graphs};
use gix::{
    ObjectId,
    commitgraph::Graph,
    odb::{
        loose,
        pack::{Bundle, cache, data, index, multi_index},
    },
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The places that hold objects.
#[derive(Default)]
pub(super) struct Copies {
    directories: Vec<Directory>,
}

/// One object directory.
struct Directory {
    loose: loose::Store,
    /// Whether there are loose objects whose id begins with this byte.
    has_loose: Vec<bool>,
    packs: Vec<Pack>,
    multi: Option<multi_index::File>,
    graph: Option<Graph>,
}

struct Pack {
    path: PathBuf,
    index: index::File,
    bundle: OnceLock<Result<Bundle, Unreadable>>,
}

/// What the object store's reader reports of a copy.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
struct Unreadable(String);

impl Unreadable {
    fn of(error: &gix::Error) -> Self {
        Self(chain(error))
    }
}

/// The kind and the bytes of a copy.
type Content = (gix::objs::Kind, Vec<u8>);

/// Why a copy is not the object that was read.
#[derive(Debug, thiserror::Error)]
enum CopyFault {
    #[error("{} has another {kind} under this id", .file.display())]
    Different { file: PathBuf, kind: gix::objs::Kind },
    #[error("the copy in {} cannot be read: {cause}", .file.display())]
    Unreadable { file: PathBuf, cause: Unreadable },
}

/// Where one copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Loose { directory: usize },
    Packed { directory: usize, pack: usize, offset: data::Offset },
}

/// An object as it was read and hashed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadObject<'a> {
    pub id: &'a gix::oid,
    pub kind: gix::objs::Kind,
    pub bytes: &'a [u8],
}

impl std::fmt::Debug for Copies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copies").field("directories", &self.directories.len()).finish_non_exhaustive()
    }
}

impl Copies {
    /// The places in these object directories.
    pub(super) fn open(directories: Vec<PathBuf>, hash: gix::hash::Kind) -> Result<Self, Error> {
        let all: Vec<PathBuf> = directories.into_iter().filter(|path| path.is_dir()).collect();
        let directories = all.iter().map(|path| Directory::open(path.clone(), &all, hash));
        Ok(Self { directories: directories.collect::<Result<_, _>>()? })
    }

    /// The first file that holds an object, or should: a loose one, or a pack.
    pub(super) fn file_of(&self, id: &gix::oid) -> Option<PathBuf> {
        let loose = |directory: &Directory| Some(directory.loose.object_path(id)).filter(|path| path.exists());
        let packed = |directory: &Directory| {
            let pack = directory.packs.iter().find(|pack| pack.index.lookup(id).is_some())?;
            Some(beside(&pack.path))
        };
        self.directories.iter().find_map(|directory| packed(directory).or_else(|| loose(directory)))
    }

    /// Checks the files of a loose object, before one is opened.
    pub(super) fn check_loose(&self, id: &gix::oid) -> Result<(), Error> {
        self.directories.iter().filter(|directory| directory.may_hold(id)).try_for_each(|directory| {
            let path = directory.loose.object_path(id);
            bounded::check(&path, u64::MAX)
        })
    }

    /// Checks the files of all loose objects.
    pub(super) fn check_all_loose(&self) -> Result<(), Error> {
        self.directories.iter().try_for_each(|directory| bounded::check_loose_objects(directory.loose.path()))
    }

    /// Compares every copy of an object with the one that was read, and a commit with every commit-graph.
    pub(super) fn compare(&self, object: ReadObject<'_>) -> Result<(), Error> {
        let mut places = BTreeSet::new();
        for (number, directory) in self.directories.iter().enumerate() {
            directory.add_places(number, object.id, &mut places)?;
        }
        // the only copy is the one that was read
        if places.len() > 1 {
            for place in places {
                let differs = |fault: CopyFault| Error::ObjectCopiesDiffer {
                    id: object.id.to_string(),
                    kind: object.kind.into(),
                    cause: fault.to_string(),
                };
                self.compare_copy(place, object).map_err(differs)?;
            }
        }
        if object.kind == gix::objs::Kind::Commit {
            self.directories.iter().filter_map(|directory| directory.graph.as_ref()).try_for_each(|graph| compare_graph(graph, object))?;
        }
        Ok(())
    }

    fn compare_copy(&self, place: Place, object: ReadObject<'_>) -> Result<(), CopyFault> {
        let Some((file, copy)) = self.read(place, object) else { return Ok(()) };
        match copy {
            Ok((kind, bytes)) if kind == object.kind && bytes == object.bytes => Ok(()),
            Ok(_) => Err(CopyFault::Different { file: file.to_owned(), kind: object.kind }),
            Err(cause) => Err(CopyFault::Unreadable { file: file.to_owned(), cause }),
        }
    }

    /// The file of a copy and its content; `None` if there is no such place.
    fn read(&self, place: Place, object: ReadObject<'_>) -> Option<(&Path, Result<Content, Unreadable>)> {
        match place {
            Place::Loose { directory } => {
                let store = &self.directories.get(directory)?.loose;
                Some((store.path(), read_loose(store, object)?))
            }
            Place::Packed { directory, pack, offset } => {
                let pack = self.directories.get(directory)?.packs.get(pack)?;
                Some((&pack.path, pack.read(offset)))
            }
        }
    }
}

/// A loose copy; `None` if it was removed since it was found.
fn read_loose(store: &loose::Store, object: ReadObject<'_>) -> Option<Result<Content, Unreadable>> {
    // the size first: a copy of another size is another object
    match store.try_header(object.id) {
        Ok(None) => return None,
        Ok(Some((size, kind))) if usize::try_from(size) != Ok(object.bytes.len()) => return Some(Ok((kind, Vec::new()))),
        Ok(Some(_)) => {}
        Err(error) => return Some(Err(Unreadable::of(&error))),
    }
    let mut bytes = Vec::new();
    let found = store.try_find(object.id, &mut bytes).map(|found| found.map(|found| (found.kind, found.data.to_owned())));
    found.map_err(|error| Unreadable::of(&error)).transpose()
}

impl Directory {
    fn open(path: PathBuf, all: &[PathBuf], hash: gix::hash::Kind) -> Result<Self, Error> {
        let failed = |path: &Path, cause: String| Error::ObjectStore { path: path.to_owned(), cause };
        bounded::check_object_directory(&path)?;
        let folder = path.join("pack");
        let mut packs = Vec::new();
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let file = entry.map_err(|error| failed(&folder, error.to_string()))?.path();
            // git ignores an index without its pack
            if stem(&file).is_some() && beside(&file).is_file() {
                packs.push(Pack::open(file, hash)?);
            }
        }
        let existing = |file: PathBuf| file.is_file().then_some(file);
        let multi = existing(folder.join("multi-pack-index"));
        let multi = multi.map(|file| multi_index::File::at(&file, None).map_err(|error| failed(&file, chain(&error)))).transpose()?;
        if let Some(multi) = &multi {
            bounded::check_names(multi.path(), multi.index_names())?;
        }
        let graph = commit_graphs::open(&path, all, hash)?;
        let has_loose = beginnings(&path);
        Ok(Self { loose: loose::Store::at(path, hash), has_loose, packs, multi, graph })
    }

    /// Whether there may be a loose object with this id.
    fn may_hold(&self, id: &gix::oid) -> bool {
        self.has_loose.get(usize::from(id.first_byte())).copied().unwrap_or(true)
    }

    fn add_places(&self, directory: usize, id: &gix::oid, places: &mut BTreeSet<Place>) -> Result<(), Error> {
        if self.may_hold(id) && self.loose.contains(id) {
            places.insert(Place::Loose { directory });
        }
        for (pack, file) in self.packs.iter().enumerate() {
            if let Some(entry) = file.index.lookup(id) {
                places.insert(Place::Packed { directory, pack, offset: file.index.pack_offset_at_index(entry) });
            }
        }
        if let Some(multi) = &self.multi
            && let Some(entry) = multi.lookup(id)
        {
            let failed = |cause: String| Error::ObjectStore { path: multi.path().to_owned(), cause };
            let (pack, offset) = multi.pack_id_and_pack_offset_at_index(entry).map_err(|error| failed(chain(&error)))?;
            let name = usize::try_from(pack).ok().and_then(|pack| multi.index_names().get(pack)).and_then(|name| stem(name));
            // a pack that is gone is not read
            if let Some(pack) = self.packs.iter().position(|pack| name.is_some() && stem(&pack.path) == name) {
                places.insert(Place::Packed { directory, pack, offset });
            }
        }
        Ok(())
    }
}

/// Whether an object directory has a folder of loose objects, for each first byte of their ids.
fn beginnings(directory: &Path) -> Vec<bool> {
    let mut found = vec![false; 256];
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let byte = entry.file_name().to_str().filter(|name| name.len() == 2).and_then(|name| u8::from_str_radix(name, 16).ok());
        if let Some(found) = byte.and_then(|byte| found.get_mut(usize::from(byte))) {
            *found = true;
        }
    }
    found
}

/// The name of an index of a pack without its ending, as git takes it: `.idx` has an empty one.
fn stem(index: &Path) -> Option<&[u8]> {
    index.file_name()?.as_encoded_bytes().strip_suffix(b".idx")
}

/// The pack of this index.
fn beside(index: &Path) -> PathBuf {
    match index.file_name().is_some_and(|name| name == ".idx") {
        true => index.with_file_name(".pack"),
        false => index.with_extension("pack"),
    }
}

impl Pack {
    fn open(path: PathBuf, hash: gix::hash::Kind) -> Result<Self, Error> {
        let index = index::File::at(&path, hash).map_err(|error| Error::ObjectStore { path: path.clone(), cause: chain(&error) })?;
        Ok(Self { index, path, bundle: OnceLock::new() })
    }

    fn read(&self, offset: data::Offset) -> Result<Content, Unreadable> {
        let open = || {
            let hash = self.index.object_hash();
            let pack = data::File::at(beside(&self.path), hash).map_err(|error| Unreadable::of(&error))?;
            let index = index::File::at(&self.path, hash).map_err(|error| Unreadable::of(&error))?;
            Ok(Bundle { pack: pack.with_alloc_limit_bytes(usize::try_from(OBJECT_LIMIT).ok()), index })
        };
        let Bundle { pack, index, .. } = self.bundle.get_or_init(open).as_ref().map_err(Unreadable::clone)?;
        let entry = pack.entry(offset).map_err(|error| Unreadable::of(&error))?;
        let base = |id: &gix::oid, _: &mut Vec<u8>| {
            let entry = index.lookup(id).map(|base| pack.entry(index.pack_offset_at_index(base)));
            entry.map(|entry| entry.map(data::decode::entry::ResolvedBase::InPack)).transpose()
        };
        let mut bytes = Vec::new();
        let decoded = pack.decode_entry(entry, &mut bytes, &mut gix::zlib::Inflate::default(), &base, &mut cache::Never);
        decoded.map(|outcome| (outcome.kind, bytes)).map_err(|error| Unreadable::of(&error))
    }
}

/// Compares a commit's tree and parents with those that a commit-graph names, which git shows.
fn compare_graph(graph: &Graph, object: ReadObject<'_>) -> Result<(), Error> {
    let Some(position) = graph.lookup(object.id) else { return Ok(()) };
    let differs = |cause: &str| Error::CommitGraphDiffers { id: object.id.to_string(), kind: ObjectKind::Commit, cause: cause.to_owned() };
    let named = graph.commit_at(position);
    let commit = gix::objs::CommitRefIter::from_bytes(object.bytes, object.id.kind());
    if commit.clone().tree_id().ok().is_none_or(|tree| tree != named.root_tree_id()) {
        return Err(differs("it names another tree"));
    }
    let parents: Vec<ObjectId> = commit.parent_ids().collect();
    let named = named.iter_parents().map(|parent| parent.ok().map(|position| graph.id_at(position).to_owned()));
    if named.collect::<Option<Vec<ObjectId>>>() == Some(parents) { Ok(()) } else { Err(differs("it names other parents")) }
}
