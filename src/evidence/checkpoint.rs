//! Checkpoints: a log's signed tree head as a C2SP signed note.
//!
//! Sources: C2SP `signed-note.md` and `tlog-checkpoint.md`. The note's text is kept unchanged, because it is the signed text. Signatures by other
//! keys (witnesses, cosigners) are ignored, as the specification requires.

use crate::{
    Reason, Rejection,
    certificate::{HashAlgorithm, KeyKind, PublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// A checkpoint larger than this is not read, in bytes.
pub const MAX_CHECKPOINT: usize = 64 * 1024;
/// Signatures on one checkpoint, at most.
pub const MAX_SIGNATURES: usize = 64;

/// A log's tree head with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: the first line.
    pub origin: String,
    /// The number of leaves.
    pub tree_size: u64,
    /// The RFC 6962 root hash.
    pub root_hash: [u8; 32],
    /// The note's text, its final line feed included: the signed bytes.
    text: String,
    signatures: Vec<NoteSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    /// The first four bytes of the key's id.
    hint: [u8; 4],
    signature: Vec<u8>,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`Reason::CheckpointMalformed`].
    pub fn parse(note: &str) -> Result<Self, Rejection> {
        if note.len() > MAX_CHECKPOINT {
            return Err(malformed("it is too large"));
        }
        // the signatures follow the last empty line
        let split = note.rfind("\n\n").ok_or_else(|| malformed("it has no signatures"))?;
        let (text, signatures) = (note.get(..=split).unwrap_or_default(), note.get(split + 2..).unwrap_or_default());
        if text.chars().any(|character| character.is_control() && character != '\n') {
            return Err(malformed("it contains a control character"));
        }
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or_else(|| malformed("it has no origin"))?;
        let size = lines.next().unwrap_or_default();
        let tree_size =
            size.parse::<u64>().ok().filter(|parsed| parsed.to_string() == size).ok_or_else(|| malformed("it has no tree size"))?;
        let root_hash = lines.next().and_then(|line| STANDARD.decode(line).ok()).and_then(|hash| hash.try_into().ok());
        Ok(Self {
            origin: origin.to_owned(),
            tree_size,
            root_hash: root_hash.ok_or_else(|| malformed("it has no root hash"))?,
            text: text.to_owned(),
            signatures: note_signatures(signatures)?,
        })
    }

    /// Checks that the log made one of the signatures: the name is the origin's, the hint is that of `key_id`, and it verifies with `key`.
    ///
    /// `key_id` is the log's full C2SP key id (Rekor v2) or the SHA-256 of its SPKI (Rekor v1): either way its first four bytes are the
    /// hint. `name` is the name that the log signs under.
    ///
    /// # Errors
    /// [`Reason::CheckpointUnsigned`] or [`Reason::CheckpointInvalid`].
    pub fn verify(&self, key: &PublicKey, key_id: &[u8]) -> Result<(), Rejection> {
        let hint = key_id.get(..4).unwrap_or_default();
        // "rekor.sigstore.dev - 2605736670972794746": the shard's tree id is part of the origin, not of the signer's name
        let name = self.origin.split_once(" - ").map_or(self.origin.as_str(), |(name, _)| name);
        let mut of_the_log = self.signatures.iter().filter(|signature| signature.name == name && signature.hint == hint).peekable();
        if of_the_log.peek().is_none() {
            return Err(Rejection::new(Reason::CheckpointUnsigned, format!("no signature by {} with the log's key", self.origin)));
        }
        // hints can collide, so all that match are tried
        match of_the_log.any(|signature| key.verify_cached(HashAlgorithm::Sha256, self.text.as_bytes(), &signature.signature).is_ok()) {
            true => Ok(()),
            false => Err(Reason::CheckpointInvalid.into()),
        }
    }
}

/// The text of a checkpoint, to be signed.
pub fn checkpoint_text(origin: &str, tree_size: u64, root_hash: &[u8; 32]) -> String {
    format!("{origin}\n{tree_size}\n{}\n", STANDARD.encode(root_hash))
}

/// A signed note: the text and one signature line.
pub fn signed_note(text: &str, name: &str, key_id: &[u8; 32], signature: &[u8]) -> String {
    let [a, b, c, d, ..] = *key_id;
    let mut line = vec![a, b, c, d];
    line.extend(signature);
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(line))
}

/// The key id of a log's key under a name: the SHA-256 of the SPKI for ECDSA, of name, algorithm and key for Ed25519 (C2SP signed-note).
pub fn key_id(name: &str, key: &PublicKey, spki: &[u8]) -> [u8; 32] {
    match key.kind() {
        KeyKind::Ed25519 => Sha256::new().chain_update(name).chain_update(b"\n\x01").chain_update(key.raw()).finalize().into(),
        _ => Sha256::digest(spki).into(),
    }
}

fn note_signatures(lines: &str) -> Result<Vec<NoteSignature>, Rejection> {
    let lines = lines.strip_suffix('\n').ok_or_else(|| malformed("its last line does not end"))?;
    let lines: Vec<&str> = lines.split('\n').collect();
    if lines.len() > MAX_SIGNATURES {
        return Err(malformed("it has too many signatures"));
    }
    lines
        .into_iter()
        .map(|line| {
            let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
            let decoded = STANDARD.decode(encoded).ok()?;
            let (hint, signature) = decoded.split_first_chunk::<4>()?;
            (!name.is_empty() && !signature.is_empty()).then(|| NoteSignature {
                name: name.to_owned(),
                hint: *hint,
                signature: signature.to_vec(),
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| malformed("a signature line is not of the form \u{2014} NAME BASE64"))
}

fn malformed(detail: &str) -> Rejection {
    Rejection::new(Reason::CheckpointMalformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "rekor.sigstore.dev - 2605736670972794746\n23083062\ndauhleYK4YyAdxwwDtR0l0KnSOWZdG2bwqHftlanvcI=\nTimestamp: 1689177396617352539\n\n\u{2014} rekor.sigstore.dev xNI9ajBFAiBxaGyEtxkzFLkaCSEJqFuSS3dJjEZCNiyByVs1CNVQ8gIhAOoNnXtmMtTctV2oRnSRUZAo4EWUYPK/vBsqOzAU6TMs\n";

    #[test]
    fn a_checkpoint_of_rekor_v1_is_read() {
        let checkpoint = Checkpoint::parse(NOTE).unwrap();
        assert_eq!(checkpoint.origin, "rekor.sigstore.dev - 2605736670972794746");
        assert_eq!(checkpoint.tree_size, 23083062);
        assert_eq!(checkpoint.signatures[0].hint, [0xc4, 0xd2, 0x3d, 0x6a]);
    }

    #[test]
    fn each_missing_part_is_refused() {
        for broken in [
            "",
            "origin\n",
            &NOTE.replace("rekor.sigstore.dev - 2605736670972794746\n", "\n"),
            &NOTE.replace("23083062", "023083062"),
            &NOTE.replace("23083062", "-1"),
            &NOTE.replace("23083062\n", ""),
            &NOTE.replace("dauhleYK4YyAdxwwDtR0l0KnSOWZdG2bwqHftlanvcI=", "dauh"),
            &NOTE.replace('\u{2014}', "-"),
            NOTE.trim_end(),
            &NOTE.replace("xNI9aj", "xNI9 aj"),
            // no name, and nothing after the key's hint
            &NOTE.replace("\u{2014} rekor.sigstore.dev ", "\u{2014}  "),
            &format!("{}\u{2014} rekor.sigstore.dev xNI9ag==\n", NOTE.split('\u{2014}').next().unwrap()),
        ] {
            assert_eq!(Checkpoint::parse(broken).unwrap_err().reason(), Reason::CheckpointMalformed, "{broken}");
        }
    }
}
