//! Verified signatures, stored between runs where the user asks for it (`--cache`, `paraph.verdictCache`).
//!
//! Only signatures that verified by today's rules are stored. The key holds everything that decides the result: the object by its id, whose
//! bytes the caller has hashed, the trust roots whole, the program's version, and the time. Bad, unchecked and legacy signatures are verified
//! in each run. Policy is never stored: a changed file of allowed identities counts at once. Who can write to the folder decides what counts
//! as verified, as with the cached trust roots.
//!
//! There is one file for each digest of trust roots and version:
//!
//! | part | meaning |
//! | --- | --- |
//! | first line | `paraph verdicts 1 `, the digest of trust roots and version in hexadecimal |
//! | 4 bytes | the length of what follows the checksum, big-endian |
//! | 32 bytes | the checksum: SHA-256 over digest, id and result |
//! | 1 byte, so many bytes | the object's id |
//! | the rest | the result (`record.rs`), in protobuf |
//!
//! The last four parts are repeated. Of two records for one object the later counts. Records are only appended, under an exclusive lock on the
//! file. Readers take a shared lock while they look for the records' offsets. A crash leaves a torn record at the end, which the next writer
//! cuts off.

mod record;

use crate::{
    private_folder,
    trust::TrustRoot,
    verify::{Verification, Verified},
};
use jiff::Timestamp;
use prost::Message;
use record::VerificationRecord;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// A file does not grow beyond this size, in bytes: some 250,000 results. A file that would is started again.
const MAX_FILE: u64 = 256 << 20;
/// Files in the folder, at most. The oldest are removed.
const MAX_FILES: usize = 8;
/// A result larger than this is neither written nor read, in bytes. The usual one has a thousand, most of it the certificate.
const MAX_RECORD: usize = 128 * 1024;
const FIRST_LINE: &str = "paraph verdicts 1 ";
/// Length and checksum.
const HEAD: u64 = 4 + 32;

/// The results of earlier runs, and those of this one.
#[derive(Debug)]
pub(crate) struct VerdictCache {
    folder: PathBuf,
    path: PathBuf,
    key: [u8; 32],
    now: Timestamp,
    /// The file of earlier runs, where there is a usable one.
    file: Option<File>,
    /// Where the record of an object begins in it, and how long it is.
    places: HashMap<Box<[u8]>, (u64, u32)>,
    /// What this run adds, in a temporary file until the end.
    added: Mutex<Option<BufWriter<File>>>,
    is_damaged: AtomicBool,
}

/// A signature that was verified in an earlier run, as its record says. Policy judges it like a [`Verified`] one.
#[derive(Debug, Clone)]
pub(crate) struct CachedVerification(Verification);

impl From<CachedVerification> for Verification {
    fn from(cached: CachedVerification) -> Self {
        cached.0
    }
}

/// The cache could not be used. Verification goes on without it.
#[derive(Debug, thiserror::Error)]
#[error("the cache of verdicts {} {problem}", .path.display())]
pub(crate) struct CacheError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("is not a regular file, and was not used")]
    NotAFile,
    #[error("cannot be read, and was not used: {0}")]
    Read(io::Error),
    #[error("does not begin as paraph writes it, and was not used")]
    FirstLine,
    #[error("is damaged from byte {0} on; only what comes before was used")]
    DamagedFrom(u64),
    #[error("holds damaged records, which were not used")]
    DamagedRecords,
    #[error("cannot be written: {0}")]
    Write(io::Error),
}

impl VerdictCache {
    /// The results in this folder under these trust roots. Where they cannot be used, the cache is empty, and the second part says why.
    pub(crate) fn open(folder: &Path, roots: &[TrustRoot], now: Timestamp) -> (Self, Option<CacheError>) {
        let key = key(env!("CARGO_PKG_VERSION"), roots);
        let mut cache = Self {
            path: folder.join(hex::encode(key)),
            folder: folder.to_owned(),
            key,
            now,
            file: None,
            places: HashMap::new(),
            added: Mutex::new(None),
            is_damaged: AtomicBool::new(false),
        };
        let error = cache.read_places().err().map(|problem| cache.error(problem));
        (cache, error)
    }

    /// The result of an earlier run for the object with this id. The caller has checked that the object's bytes have that id.
    pub(crate) fn get(&self, id: &[u8]) -> Option<CachedVerification> {
        let (offset, length) = *self.places.get(id)?;
        let record = self.file.as_ref().and_then(|file| read_record(file, offset, length, &self.key, id));
        let Some(verification) = record.as_ref().and_then(VerificationRecord::verification) else {
            self.is_damaged.store(true, Ordering::Relaxed);
            return None;
        };
        record.is_some_and(|record| record.holds_at(self.now)).then_some(CachedVerification(verification))
    }

    /// Stores a result for later runs.
    pub(crate) fn insert(&self, id: &[u8], verified: &Verified) {
        let Some(result) = VerificationRecord::new(verified, self.now).map(|record| record.encode_to_vec()) else { return };
        let (Ok(id_length), Ok(length)) = (u8::try_from(id.len()), u32::try_from(1 + id.len() + result.len())) else { return };
        if result.len() > MAX_RECORD {
            return;
        }
        let checksum = checksum(&self.key, id, &result);
        let record = [&length.to_be_bytes(), checksum.as_slice(), &[id_length], id, &result].concat();
        let Ok(mut added) = self.added.lock() else { return };
        if added.is_none() {
            *added = self.temporary().ok().map(BufWriter::new);
        }
        let written = added.as_mut().map(|file| file.write_all(&record));
        if !matches!(written, Some(Ok(()))) {
            *added = None;
        }
    }

    /// Writes the results of this run.
    ///
    /// # Errors
    /// Where they cannot be written, or where a record of an earlier run was damaged. Nothing but time is lost.
    pub(crate) fn finish(self) -> Result<(), CacheError> {
        let added = self.added.lock().ok().and_then(|mut added| added.take());
        if let Some(added) = added {
            let appended = added.into_inner().map_err(io::IntoInnerError::into_error).and_then(|added| self.append(added));
            appended.map_err(|error| self.error(Problem::Write(error)))?;
        }
        match self.is_damaged.load(Ordering::Relaxed) {
            true => Err(self.error(Problem::DamagedRecords)),
            false => Ok(()),
        }
    }

    /// Finds the offset of each record. Only lengths and ids are read.
    fn read_places(&mut self) -> Result<(), Problem> {
        // a pipe would block the reader until somebody writes to it
        if std::fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Problem::NotAFile);
        }
        let Some(file) = private_folder::open(&self.path).map_err(Problem::Read)? else { return Ok(()) };
        match file.try_lock_shared() {
            Ok(()) => {}
            // another run is writing: this one goes without
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(Problem::Read(error)),
        }
        let length = file.metadata().map_err(Problem::Read)?.len();
        let (places, end) = scan(&file, length, &self.first_line()).map_err(Problem::Read)?;
        let _ = file.unlock();
        if end == 0 {
            return Err(Problem::FirstLine);
        }
        (self.file, self.places) = (Some(file), places);
        if end < length {
            return Err(Problem::DamagedFrom(end));
        }
        Ok(())
    }

    /// Appends under the lock, after the last whole record.
    fn append(&self, mut added: File) -> io::Result<()> {
        if std::fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("it is not a regular file"));
        }
        private_folder::check(&self.path)?;
        let mut file = private_folder::creating().read(true).open(&self.path)?;
        match file.try_lock() {
            Ok(()) => {}
            // another run is writing: a later one stores these results
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let length = file.metadata()?.len();
        let (_, mut end) = scan(&file, length, &self.first_line())?;
        if end + added.stream_position()? > MAX_FILE {
            end = 0;
        }
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        if end == 0 {
            file.write_all(self.first_line().as_bytes())?;
        }
        added.seek(SeekFrom::Start(0))?;
        io::copy(&mut added.take(MAX_FILE), &mut file)?;
        file.sync_data()?;
        self.remove_old();
        Ok(())
    }

    /// Removes all files but those written last.
    fn remove_old(&self) {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
        files.sort();
        let many = files.len().saturating_sub(MAX_FILES);
        for (_, path) in files.into_iter().take(many).filter(|(_, path)| *path != self.path) {
            let _ = std::fs::remove_file(path);
        }
    }

    fn temporary(&self) -> io::Result<File> {
        private_folder::create(&self.folder)?;
        tempfile::tempfile_in(&self.folder)
    }

    fn first_line(&self) -> String {
        format!("{FIRST_LINE}{}\n", hex::encode(self.key))
    }

    fn error(&self, problem: Problem) -> CacheError {
        CacheError { path: self.path.clone(), problem }
    }
}

/// What decides all results of a file.
fn key(version: &str, roots: &[TrustRoot]) -> [u8; 32] {
    let mut key = Sha256::new().chain_update(version).chain_update([0]);
    for root in roots {
        key.update(root.digest());
    }
    key.finalize().into()
}

fn checksum(key: &[u8; 32], id: &[u8], result: &[u8]) -> [u8; 32] {
    let length = u64::try_from(id.len()).unwrap_or(u64::MAX).to_be_bytes();
    Sha256::new().chain_update(key).chain_update(length).chain_update(id).chain_update(result).finalize().into()
}

type Places = HashMap<Box<[u8]>, (u64, u32)>;

/// The offsets of the whole records, and where the last of them ends: at 0 where the first line is not this one.
fn scan(file: &File, length: u64, first_line: &str) -> io::Result<(Places, u64)> {
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    reader.seek(SeekFrom::Start(0))?;
    let mut places = HashMap::new();
    let mut line = vec![0; first_line.len()];
    let mut end = u64::try_from(line.len()).unwrap_or(u64::MAX);
    if length < end || length > MAX_FILE {
        return Ok((places, 0));
    }
    reader.read_exact(&mut line)?;
    if line != first_line.as_bytes() {
        return Ok((places, 0));
    }
    while end + HEAD < length {
        let mut head = [0; HEAD as usize + 1];
        if reader.read_exact(&mut head).is_err() {
            break;
        }
        let [a, b, c, d, .., id_length] = head;
        let size = u32::from_be_bytes([a, b, c, d]);
        let next = end + HEAD + u64::from(size);
        let too_large = usize::try_from(size).map_or(true, |size| size > MAX_RECORD + 256 || size <= usize::from(id_length));
        if too_large || next > length {
            break;
        }
        let mut id = vec![0; id_length.into()];
        reader.read_exact(&mut id)?;
        reader.seek_relative(i64::from(size) - 1 - i64::from(id_length))?;
        places.insert(id.into_boxed_slice(), (end, size));
        end = next;
    }
    Ok((places, end))
}

/// The record at an offset; `None` where it cannot be read, or was not written for this object.
fn read_record(file: &File, offset: u64, length: u32, key: &[u8; 32], id: &[u8]) -> Option<VerificationRecord> {
    let mut bytes = vec![0; usize::try_from(length).ok()? + HEAD as usize];
    read_at(file, &mut bytes, offset).ok()?;
    let (head, rest) = bytes.split_at_checked(HEAD as usize)?;
    let (id_length, rest) = rest.split_first()?;
    let (stated, result) = rest.split_at_checked(usize::from(*id_length))?;
    let is_whole = stated == id && head.get(4..) == Some(checksum(key, id, result).as_slice());
    is_whole.then(|| VerificationRecord::decode(result).ok()).flatten()
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = bytes.get_mut(read..).unwrap_or_default();
                offset += read as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
