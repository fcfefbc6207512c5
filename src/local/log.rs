//! An append-only log in two files: its entries and its last checkpoint.
//!
//! `NAME.entries` is a sequence of entries. Only this module writes it. A change to any byte makes the next start refuse the folder.
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 8 | when the entry was integrated: seconds since the Unix epoch, big-endian |
//! | 8 | 4 | the length of the body, big-endian |
//! | 12 | 32 | the RFC 6962 leaf hash of the body |
//! | 44 | length | the body |
//!
//! `NAME.checkpoint` is the C2SP signed note of the tree. An entry is answered for only when it and the checkpoint that covers it are on disk.
//! After a crash the file can therefore hold entries that no checkpoint covers, but never the reverse. An incomplete entry at the end is
//! removed. Complete ones are kept, since no answer contradicts them, and a new checkpoint is signed. A folder with fewer entries than its
//! checkpoint counts, or with another root, is damaged or rolled back, and is refused. A whole folder that is restored from a copy looks like
//! an older state of itself: only clients that remember checkpoints notice.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::LocalError,
    files::{open_to_change, write_file},
    keys::SigningKey,
    tree::{Hash, TILE_WIDTH, Tree, leaf_hash},
};
use crate::{
    certificate::PublicKey,
    evidence::checkpoint::{Checkpoint, checkpoint_text, key_id, signed_note},
    wording::counted,
};

/// The longest body of an entry, in bytes: the limit of an entry bundle's 16-bit length.
pub(super) const MAX_BODY: usize = 0xffff;
/// The maximum number of entries of one log. Each takes about 110 bytes of memory.
pub(super) const MAX_ENTRIES: u64 = 1 << 20;

const HEADER: usize = 44;

/// The key that signs a log's checkpoints, and the names that they carry.
#[derive(Debug)]
pub(super) struct LogIdentity {
    /// The checkpoint's first line.
    pub origin: String,
    /// The name on the signature line.
    pub name: String,
    /// The key.
    pub key: Arc<SigningKey>,
}

impl LogIdentity {
    /// The C2SP key id: 32 bytes, of which a note carries the first four.
    ///
    /// # Errors
    /// [`LocalError::Crypto`].
    pub(super) fn key_id(&self) -> Result<[u8; 32], LocalError> {
        Ok(key_id(&self.name, &self.public_key()?, self.key.spki()))
    }

    fn public_key(&self) -> Result<PublicKey, LocalError> {
        PublicKey::from_spki(self.key.spki()).map_err(|_| LocalError::Crypto("read back a public key"))
    }

    fn sign(&self, size: u64, root: &Hash) -> Result<String, LocalError> {
        let text = checkpoint_text(&self.origin, size, root);
        Ok(signed_note(&text, &self.name, &self.key_id()?, &self.key.sign(text.as_bytes())?))
    }
}

/// A log that this process writes.
#[derive(Debug)]
pub(super) struct Log {
    identity: LogIdentity,
    entries_path: PathBuf,
    checkpoint_path: PathBuf,
    file: File,
    /// The length of the complete entries in the file.
    end: u64,
    /// Agrees with `entries` and with the file.
    tree: Tree,
    entries: Vec<StoredEntry>,
    /// Entries by the first half of their leaf hashes: two leaves that share 128 bits of SHA-256 cannot be found.
    index: HashMap<[u8; 16], u64>,
    /// The number of leaves that `checkpoint` covers. It is smaller than the tree's only if writing the last checkpoint failed.
    published: u64,
    /// The checkpoint on disk.
    checkpoint: String,
}

#[derive(Debug, Clone, Copy)]
struct StoredEntry {
    offset: u64,
    length: u32,
    time: i64,
}

/// An entry with its inclusion proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProvenEntry {
    /// The entry's index.
    pub index: u64,
    /// When it was integrated, in seconds since the Unix epoch.
    pub time: i64,
    /// Its body.
    pub body: Vec<u8>,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The size of the tree of the proof.
    pub size: u64,
    /// That tree's root.
    pub root: Hash,
    /// The audit path.
    pub hashes: Vec<Hash>,
    /// That tree's checkpoint.
    pub checkpoint: String,
}

/// The result of [`Log::append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appended {
    /// The body is a new entry with this index.
    New(u64),
    /// The log had the body already, at this index.
    Duplicate(u64),
}

impl Log {
    /// Creates the two files of an empty log.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn create(folder: &Path, name: &str, identity: &LogIdentity) -> Result<(), LocalError> {
        let entries_path = entries_path(folder, name);
        write_file(&entries_path, b"", 0o600)?;
        let root = Tree::default().root(0).unwrap_or_default();
        write_file(&checkpoint_path(folder, name), identity.sign(0, &root)?.as_bytes(), 0o600)
    }

    /// Opens a log, checks each entry and the checkpoint, and repairs what a crash can leave behind.
    ///
    /// # Errors
    /// [`LocalError::Damaged`] where the entries contradict the checkpoint.
    pub(super) fn open(folder: &Path, name: &str, identity: LogIdentity) -> Result<Self, LocalError> {
        let (entries_path, checkpoint_path) = (entries_path(folder, name), checkpoint_path(folder, name));
        let file = open_to_change(&entries_path)?;
        let mut log = Self {
            identity,
            checkpoint: std::fs::read_to_string(&checkpoint_path).map_err(LocalError::file("read", &checkpoint_path))?,
            entries_path,
            checkpoint_path,
            file,
            end: 0,
            tree: Tree::default(),
            entries: Vec::new(),
            index: HashMap::new(),
            published: 0,
        };
        let (size, root) = log.checked_checkpoint()?;
        log.read_entries(size)?;
        if log.tree.root(size) != Some(root) {
            return Err(LocalError::damaged(
                &log.entries_path,
                format!("the checkpoint does not match the first {}", counted(size, "entry")),
            ));
        }
        log.published = size;
        log.publish_if_possible()?;
        Ok(log)
    }

    /// The number of entries that the checkpoint covers.
    pub(super) fn size(&self) -> u64 {
        self.published
    }

    /// The root hash of the checkpoint.
    pub(super) fn root(&self) -> Hash {
        self.tree.root(self.published).unwrap_or_default()
    }

    /// The root hash of the first `size` entries.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        if size > self.published { None } else { self.tree.root(size) }
    }

    /// The audit path of an entry in the tree of the first `size` entries.
    pub(super) fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if size > self.published { None } else { self.tree.inclusion(index, size) }
    }

    /// The consistency proof between two sizes of the log.
    pub(super) fn consistency(&self, first: u64, second: u64) -> Option<Vec<Hash>> {
        if second > self.published { None } else { self.tree.consistency(first, second) }
    }

    /// A tile's hashes (C2SP tlog-tiles).
    pub(super) fn tile(&self, level: u32, index: u64, width: u64) -> Option<&[Hash]> {
        let last = index.checked_mul(TILE_WIDTH)?.checked_add(width)?;
        let whole = self.published.checked_shr(level.checked_mul(8)?).unwrap_or(0);
        if last > whole { None } else { self.tree.tile(level, index, width) }
    }

    /// Who signs.
    pub(super) fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    /// The checkpoint of the tree.
    pub(super) fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// Appends a body unless the log has it already. The entry and its checkpoint are on disk when this returns.
    ///
    /// # Errors
    /// [`LocalError::Full`], [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn append(&mut self, body: &[u8], time: i64) -> Result<Appended, LocalError> {
        self.publish()?;
        let leaf = leaf_hash(body);
        if let Some(index) = self.find(&leaf) {
            return Ok(Appended::Duplicate(index));
        }
        let length =
            u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_BODY).ok_or(LocalError::Crypto("log an entry of this size"))?;
        if self.tree.size() >= MAX_ENTRIES {
            return Err(LocalError::Full(self.tree.size()));
        }
        let entry = [&time.to_be_bytes()[..], &length.to_be_bytes(), &leaf, body].concat();
        let failed = |this: &Self| LocalError::file("write", &this.entries_path);
        // this overwrites what an earlier append that failed has left
        self.file.seek(SeekFrom::Start(self.end)).map_err(failed(self))?;
        self.file.write_all(&entry).map_err(failed(self))?;
        self.file.set_len(self.end + entry.len() as u64).map_err(failed(self))?;
        self.file.sync_data().map_err(failed(self))?;
        let index = self.add(leaf, length, time);
        self.publish()?;
        Ok(Appended::New(index))
    }

    /// The index of the entry with this leaf hash.
    pub(super) fn find(&self, leaf: &Hash) -> Option<u64> {
        self.index.get(leaf.first_chunk::<16>()?).copied()
    }

    /// An entry with its inclusion proof in the current tree; `None` where there is no such entry.
    ///
    /// # Errors
    /// [`LocalError::File`] or [`LocalError::Crypto`].
    pub(super) fn proof(&mut self, index: u64) -> Result<Option<ProvenEntry>, LocalError> {
        self.publish_if_possible()?;
        let size = self.size();
        let (Some(hashes), Some(leaf)) = (self.tree.inclusion(index, size), self.tree.tile(0, index / TILE_WIDTH, index % TILE_WIDTH + 1))
        else {
            return Ok(None);
        };
        let leaf = leaf.last().copied().unwrap_or_default();
        let Some((time, body)) = self.entry(index)? else { return Ok(None) };
        Ok(Some(ProvenEntry { index, time, body, leaf, size, root: self.root(), hashes, checkpoint: self.checkpoint.clone() }))
    }

    /// An entry's time of integration and its body.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn entry(&mut self, index: u64) -> Result<Option<(i64, Vec<u8>)>, LocalError> {
        let Some(entry) = usize::try_from(index).ok().and_then(|index| self.entries.get(index)).copied() else { return Ok(None) };
        let mut body = vec![0; entry.length as usize];
        let path = &self.entries_path;
        self.file.seek(SeekFrom::Start(entry.offset + HEADER as u64)).map_err(LocalError::file("read", path))?;
        self.file.read_exact(&mut body).map_err(LocalError::file("read", path))?;
        Ok(Some((entry.time, body)))
    }

    fn checked_checkpoint(&self) -> Result<(u64, Hash), LocalError> {
        let bad = |what: &str| LocalError::damaged(&self.checkpoint_path, what);
        let checkpoint = Checkpoint::parse(&self.checkpoint).map_err(|_| bad("not a checkpoint"))?;
        if checkpoint.origin != self.identity.origin {
            return Err(bad("the checkpoint of another log"));
        }
        checkpoint.verify(&self.identity.public_key()?, &self.identity.key_id()?).map_err(|_| bad("not signed by this log's key"))?;
        Ok((checkpoint.tree_size, checkpoint.root_hash))
    }

    /// Reads all entries, of which `published` must be complete.
    fn read_entries(&mut self, published: u64) -> Result<(), LocalError> {
        let path = self.entries_path.clone();
        let length = self.file.metadata().map_err(LocalError::file("read", &path))?.len();
        let mut reader = BufReader::with_capacity(1 << 16, self.file.try_clone().map_err(LocalError::file("read", &path))?);
        let mut body = Vec::new();
        while self.end < length {
            let entry = read_entry(&mut reader, &mut body).map_err(LocalError::file("read", &path))?;
            match entry {
                Some((leaf, time)) if self.tree.size() < MAX_ENTRIES => _ = self.add(leaf, body.len() as u32, time),
                // the last write was interrupted, so no answer was given for it
                _ if self.tree.size() >= published => {
                    self.file.set_len(self.end).and_then(|()| self.file.sync_data()).map_err(LocalError::file("repair", &path))?;
                    break;
                }
                _ => return Err(LocalError::damaged(&path, format!("entry {} was changed", self.tree.size()))),
            }
        }
        if self.tree.size() < published {
            let problem = format!("it has {}, but the checkpoint covers {published}", counted(self.tree.size(), "entry"));
            return Err(LocalError::damaged(&path, problem));
        }
        Ok(())
    }

    /// Adds an entry that is on disk to the tree and the index, and returns its index.
    fn add(&mut self, leaf: Hash, length: u32, time: i64) -> u64 {
        let index = self.tree.size();
        self.entries.push(StoredEntry { offset: self.end, length, time });
        self.end += HEADER as u64 + u64::from(length);
        self.tree.push(leaf);
        if let Some(key) = leaf.first_chunk::<16>() {
            self.index.insert(*key, index);
        }
        index
    }

    /// As [`Log::publish`]. Where the checkpoint cannot be written, as on a full disk, the log is read as the last one covers it.
    fn publish_if_possible(&mut self) -> Result<(), LocalError> {
        match self.publish() {
            Err(LocalError::File { .. }) => Ok(()),
            result => result,
        }
    }

    /// Signs and stores a checkpoint if the stored one does not cover all entries.
    fn publish(&mut self) -> Result<(), LocalError> {
        let size = self.tree.size();
        if self.published < size {
            let checkpoint = self.identity.sign(size, &self.tree.root(size).unwrap_or_default())?;
            write_file(&self.checkpoint_path, checkpoint.as_bytes(), 0o600)?;
            self.checkpoint = checkpoint;
            self.published = size;
        }
        Ok(())
    }
}

/// Reads the next entry's body into `body`, and returns its leaf hash and time; `None` if it is incomplete or was changed.
fn read_entry(reader: &mut impl std::io::Read, body: &mut Vec<u8>) -> std::io::Result<Option<(Hash, i64)>> {
    let mut header = [0; HEADER];
    let (Some(time), Some(length), Some(leaf)) = (match reader.read_exact(&mut header) {
        Ok(()) => (header.first_chunk::<8>(), header.get(8..12).and_then(|bytes| bytes.first_chunk::<4>()), header.last_chunk::<32>()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }) else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_BODY {
        return Ok(None);
    }
    body.resize(length, 0);
    match reader.read_exact(body) {
        Ok(()) => Ok((leaf_hash(body) == *leaf).then_some((*leaf, i64::from_be_bytes(*time)))),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn entries_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.entries"))
}

fn checkpoint_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.checkpoint"))
}

#[cfg(test)]
mod tests {
    use super::{super::keys::Algorithm, *};

    struct Fixture {
        folder: tempfile::TempDir,
        pem: zeroize::Zeroizing<String>,
    }

    impl Fixture {
        fn new() -> Self {
            let fixture = Self { folder: tempfile::tempdir().unwrap(), pem: SigningKey::generate(Algorithm::Ed25519).unwrap() };
            Log::create(fixture.folder.path(), "log", &fixture.identity()).unwrap();
            fixture
        }

        fn identity(&self) -> LogIdentity {
            let key = Arc::new(SigningKey::from_pem(Algorithm::Ed25519, &self.pem).unwrap());
            LogIdentity { origin: "127.0.0.1".into(), name: "127.0.0.1".into(), key }
        }

        fn open(&self) -> Result<Log, LocalError> {
            Log::open(self.folder.path(), "log", self.identity())
        }

        fn entries(&self) -> PathBuf {
            entries_path(self.folder.path(), "log")
        }
    }

    #[test]
    fn entries_survive_a_restart_with_their_proofs() {
        let fixture = Fixture::new();
        let mut log = fixture.open().unwrap();
        for n in 0..5u8 {
            assert_eq!(log.append(&[n; 3], i64::from(n)).unwrap(), Appended::New(u64::from(n)));
        }
        assert_eq!(log.append(&[2; 3], 9).unwrap(), Appended::Duplicate(2));
        let before = log.proof(3).unwrap().unwrap();
        drop(log);
        let mut log = fixture.open().unwrap();
        assert_eq!(log.proof(3).unwrap().unwrap(), before);
        assert_eq!((before.time, before.body.as_slice(), before.size), (3, &[3; 3][..], 5));
        assert!(log.proof(5).unwrap().is_none());
    }

    #[test]
    fn an_entry_whose_checkpoint_could_not_be_written_is_covered_by_the_next_one() {
        let fixture = Fixture::new();
        let mut log = fixture.open().unwrap();
        log.append(b"first", 1).unwrap();
        let aside = fixture.folder.path().with_extension("aside");
        std::fs::rename(fixture.folder.path(), &aside).unwrap();
        assert!(matches!(log.append(b"second", 2), Err(LocalError::File { .. })));
        assert_eq!((log.size(), log.tile(0, 0, 2)), (1, None));
        std::fs::rename(&aside, fixture.folder.path()).unwrap();
        assert_eq!(log.append(b"second", 3).unwrap(), Appended::Duplicate(1));
        let proof = log.proof(1).unwrap().unwrap();
        assert_eq!((proof.size, Checkpoint::parse(&proof.checkpoint).unwrap().root_hash), (2, proof.root));
    }

    #[test]
    fn an_entry_that_no_checkpoint_covers_is_kept_and_covered() {
        let fixture = Fixture::new();
        let mut log = fixture.open().unwrap();
        log.append(b"first", 1).unwrap();
        let old = log.checkpoint().to_owned();
        log.append(b"second", 2).unwrap();
        let path = log.checkpoint_path.clone();
        drop(log);
        std::fs::write(path, old).unwrap();
        let log = fixture.open().unwrap();
        assert_eq!(log.size(), 2);
        assert_eq!(Checkpoint::parse(log.checkpoint()).unwrap().tree_size, 2);
    }

    #[test]
    fn an_incomplete_entry_is_removed() {
        let fixture = Fixture::new();
        let mut log = fixture.open().unwrap();
        log.append(b"first", 1).unwrap();
        drop(log);
        let whole = std::fs::read(fixture.entries()).unwrap();
        for torn in [&[0u8; 7][..], &[0; 44], &[0; 60], &whole[..whole.len() - 1]] {
            std::fs::write(fixture.entries(), [&whole[..], torn].concat()).unwrap();
            let mut log = fixture.open().unwrap();
            assert_eq!(log.size(), 1);
            assert_eq!(log.append(b"second", 2).unwrap(), Appended::New(1));
            drop(log);
            assert_eq!(fixture.open().unwrap().size(), 2);
            // back to one entry: also the checkpoint
            std::fs::remove_file(fixture.entries()).unwrap();
            Log::create(fixture.folder.path(), "log", &fixture.identity()).unwrap();
            fixture.open().unwrap().append(b"first", 1).unwrap();
        }
    }

    #[test]
    fn fewer_or_other_entries_than_were_published_are_refused() {
        let fixture = Fixture::new();
        let mut log = fixture.open().unwrap();
        log.append(b"first", 1).unwrap();
        log.append(b"second", 2).unwrap();
        drop(log);
        let whole = std::fs::read(fixture.entries()).unwrap();
        std::fs::write(fixture.entries(), &whole[..49]).unwrap();
        assert!(matches!(fixture.open(), Err(LocalError::Damaged { problem, .. }) if problem.contains("has 1 entry,")));
        let mut changed = whole.clone();
        changed[46] ^= 1;
        std::fs::write(fixture.entries(), &changed).unwrap();
        assert!(matches!(fixture.open(), Err(LocalError::Damaged { problem, .. }) if problem.contains("entry 0")));
        let swapped = [&whole[49..], &whole[..49]].concat();
        std::fs::write(fixture.entries(), swapped).unwrap();
        assert!(
            matches!(fixture.open(), Err(LocalError::Damaged { problem, .. }) if problem.contains("the checkpoint does not match the first "))
        );
        std::fs::write(checkpoint_path(fixture.folder.path(), "log"), "").unwrap();
        assert!(matches!(fixture.open(), Err(LocalError::Damaged { problem, .. }) if problem.contains("not a checkpoint")));
    }
}
