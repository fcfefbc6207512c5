//! What the entries of the Rekor v1 log can be searched by.
//!
//! The keys that the body of an entry shows are found in the log when somebody searches first. The digests in an in-toto statement are in no
//! body, so they are stored when the entry is logged, in the file `rekor1.statements`. It is a sequence of records of 24 bytes: the index of
//! the entry in eight bytes, big-endian, and the search key. An incomplete record at the end is overwritten.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x509_cert::ext::pkix::{SubjectAltName, name::GeneralName};

use super::{error::LocalError, log::Log, verifiers::Verifier};

/// A key of the index: the first half of the SHA-256 of a text in lower case.
pub(super) type SearchKey = [u8; 16];

const RECORD: usize = 24;

/// The entries of the log by their search keys.
#[derive(Debug, Default)]
pub(super) struct SearchIndex {
    /// The number of entries of the log that are indexed.
    size: u64,
    entries: HashMap<SearchKey, Vec<u64>>,
    /// The file of what no body shows.
    path: PathBuf,
    /// The length of its complete records.
    end: u64,
}

impl SearchIndex {
    /// Reads the stored keys. The file is absent until the first statement is logged.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn open(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join("rekor1.statements");
        let mut index = Self { path: path.clone(), ..Self::default() };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(index),
            Err(error) => return Err(LocalError::file("read", &path)(error)),
        };
        let mut reader = BufReader::new(file);
        let mut record = [0; RECORD];
        loop {
            match reader.read_exact(&mut record) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(index),
                Err(error) => return Err(LocalError::file("read", &path)(error)),
            }
            if let (Some(entry), Some(key)) = (record.first_chunk::<8>(), record.last_chunk::<16>()) {
                index.add(*key, u64::from_be_bytes(*entry));
                index.end += RECORD as u64;
            }
        }
    }

    /// Stores the digests of a statement, such as `sha256:HEX`, for the entry with this index.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn add_statement(&mut self, entry: u64, digests: &[String]) -> Result<(), LocalError> {
        if digests.is_empty() {
            return Ok(());
        }
        let keys: Vec<SearchKey> = digests.iter().map(|digest| search_key(digest)).collect();
        let records: Vec<u8> = keys.iter().flat_map(|key| entry.to_be_bytes().into_iter().chain(*key)).collect();
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
            file.seek(SeekFrom::Start(self.end))?;
            file.write_all(&records)?;
            file.set_len(self.end + records.len() as u64)?;
            file.sync_data()
        };
        write().map_err(LocalError::file("write", &self.path))?;
        self.end += records.len() as u64;
        keys.into_iter().for_each(|key| self.add(key, entry));
        Ok(())
    }

    /// Indexes the entries that the log got since the last call.
    ///
    /// # Errors
    /// [`LocalError::File`].
    pub(super) fn update(&mut self, log: &mut Log) -> Result<(), LocalError> {
        while self.size < log.size() {
            let entry = self.size;
            for key in log.entry(entry)?.map(|(_, body)| keys_of_body(&body)).unwrap_or_default() {
                self.add(key, entry);
            }
            self.size += 1;
        }
        Ok(())
    }

    /// The indexes of the entries with this key.
    pub(super) fn find(&self, key: &SearchKey) -> impl Iterator<Item = u64> {
        self.entries.get(key).into_iter().flatten().copied()
    }

    fn add(&mut self, key: SearchKey, entry: u64) {
        self.entries.entry(key).or_default().push(entry);
    }
}

/// The key of a text: a digest such as `sha256:HEX`, a name in a certificate, or [`verifier_text`].
pub(super) fn search_key(text: &str) -> SearchKey {
    let digest = Sha256::digest(text.to_lowercase());
    let mut key = SearchKey::default();
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    key
}

/// The text by which a search finds the `hashedrekord` entries with this certificate or public key.
pub(super) fn verifier_text(verifier: &Verifier) -> String {
    hex::encode(Sha256::digest(verifier.pem()))
}

/// The keys of the real server: of a `dsse` entry, the verifier can only be found by its hash and not by a search for a key.
fn keys_of_body(body: &[u8]) -> Vec<SearchKey> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut texts = Vec::new();
    let hash = |pointer: &str| {
        let hash = body.pointer(pointer)?;
        Some(format!("{}:{}", hash.get("algorithm")?.as_str()?, hash.get("value")?.as_str()?))
    };
    texts.extend(["/spec/data/hash", "/spec/payloadHash", "/spec/envelopeHash"].into_iter().filter_map(hash));
    if let Some(verifier) = body.pointer("/spec/signature/publicKey/content").and_then(verifier) {
        texts.push(verifier_text(&verifier));
        texts.extend(names(&verifier));
    }
    for signature in body.pointer("/spec/signatures").and_then(Value::as_array).into_iter().flatten() {
        if let Some(verifier) = signature.get("verifier").and_then(verifier) {
            texts.push(format!("sha256:{}", verifier_text(&verifier)));
            texts.extend(names(&verifier));
        }
    }
    texts.iter().map(|text| search_key(text)).collect()
}

fn verifier(content: &Value) -> Option<Verifier> {
    Verifier::from_pem(&STANDARD.decode(content.as_str()?).ok()?).ok()
}

/// The alternative names in a certificate.
fn names(verifier: &Verifier) -> Vec<String> {
    let Verifier::Certificate(certificate) = verifier else { return Vec::new() };
    let names = certificate.extension::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0);
    let text = |name| match name {
        GeneralName::Rfc822Name(text) | GeneralName::DnsName(text) | GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        _ => None,
    };
    names.unwrap_or_default().into_iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_digests_survive_a_restart_and_an_interrupted_write() {
        let folder = tempfile::tempdir().unwrap();
        let found = |index: &SearchIndex, text: &str| index.find(&search_key(text)).collect::<Vec<_>>();
        let mut index = SearchIndex::open(folder.path()).unwrap();
        index.add_statement(0, &[]).unwrap();
        assert!(!index.path.exists());
        index.add_statement(3, &["sha256:AA".into(), "gitCommit:01".into()]).unwrap();
        index.add_statement(7, &["sha256:aa".into()]).unwrap();
        let whole = std::fs::read(&index.path).unwrap();
        for torn in [&[][..], &[1; 5], &[1; 23]] {
            std::fs::write(&index.path, [&whole[..], torn].concat()).unwrap();
            let mut index = SearchIndex::open(folder.path()).unwrap();
            assert_eq!((found(&index, "SHA256:aa"), found(&index, "gitcommit:01")), (vec![3, 7], vec![3]));
            index.add_statement(8, &["sha512:bb".into()]).unwrap();
            let index = SearchIndex::open(folder.path()).unwrap();
            assert_eq!((found(&index, "sha256:aa"), found(&index, "sha512:bb")), (vec![3, 7], vec![8]));
        }
    }
}
