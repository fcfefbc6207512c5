//! Verifies the merge commits of a forge with the forge's key.
//!
//! A forge signs the merges that it creates with a key of its own. The user configures a file with the public key. Only this key decides, no
//! other key of the user's keyring, and no name in the commit. The forge signs whatever its users have it create, so only merge commits
//! count: the commits that a merge brings in are judged by themselves.
//!
//! For OpenPGP it runs gpg with a folder that holds only these keys, for SSH ssh-keygen with these keys as the allowed signers.

use super::{
    MAX_KEY_FILE, TIMEOUT,
    ssh::{PublicKey, PublicKeyError},
    status::GpgStatus,
};
use crate::{
    bounded_process::{self, Answer},
    object::{Commit, SignatureKind, Signed},
    policy::{ExternalJudgement, Finding, JudgedBy},
    repository::{ObjectKind, RawObject},
};
use std::{collections::BTreeSet, io::Write, path::Path, process::Command, sync::OnceLock};
use tempfile::{NamedTempFile, TempDir};

/// Keys in a file, at most.
const MAX_KEYS: usize = 100;

/// The principal of the keys in the file for ssh-keygen.
const PRINCIPAL: &str = "forge";

/// A forge's keys.
#[derive(Debug)]
pub(crate) struct Forge {
    keys: Keys,
    committer: Option<String>,
}

#[derive(Debug)]
enum Keys {
    OpenPgp { file: Vec<u8>, keyring: OnceLock<Result<TempDir, KeyringError>> },
    Ssh(Vec<PublicKey>),
}

/// Why a file is not a file of public keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// It is neither OpenPGP nor text.
    #[error("it holds neither OpenPGP nor SSH public keys")]
    UnknownKind,
    /// It has more than [`MAX_KEY_FILE`] bytes.
    #[error("it is larger than {MAX_KEY_FILE} bytes")]
    TooLarge,
    /// It holds none, or too many.
    #[error("it must hold 1 to {MAX_KEYS} public keys, and holds {0}")]
    Count(usize),
    /// A line holds no key.
    #[error("line {line} is neither an OpenPGP nor an SSH public key: {cause}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The cause.
        cause: PublicKeyError,
    },
}

/// Why gpg has no keyring to verify with.
#[derive(Debug, thiserror::Error)]
enum KeyringError {
    #[error("cannot create a folder for gpg: {0}")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Gpg(#[from] bounded_process::Error),
    #[error("gpg finds no key in the file of paraph.forgeKey")]
    NoKey,
}

impl Forge {
    /// Takes the content of a key file: OpenPGP keys, armored or not, or SSH public keys, one a line. Where `committer` is given, a commit of
    /// the forge must also name this e-mail address as its committer's.
    ///
    /// # Errors
    /// [`KeyFileError`] where it holds no such keys.
    pub(crate) fn new(file: Vec<u8>, committer: Option<String>) -> Result<Self, KeyFileError> {
        if file.len() > MAX_KEY_FILE {
            return Err(KeyFileError::TooLarge);
        }
        let is_binary = file.first().is_some_and(|byte| byte & 0x80 != 0);
        let is_armored = String::from_utf8_lossy(&file).contains("-----BEGIN PGP PUBLIC KEY BLOCK-----");
        if is_binary || is_armored {
            return Ok(Self { keys: Keys::OpenPgp { file, keyring: OnceLock::new() }, committer });
        }
        let text = std::str::from_utf8(&file).map_err(|_| KeyFileError::UnknownKind)?;
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let lines: Vec<_> = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
        if lines.is_empty() || lines.len() > MAX_KEYS {
            return Err(KeyFileError::Count(lines.len()));
        }
        let keys =
            lines.into_iter().map(|(number, line)| PublicKey::of_line(line).map_err(|cause| KeyFileError::Line { line: number, cause }));
        Ok(Self { keys: Keys::Ssh(keys.collect::<Result<_, _>>()?), committer })
    }

    /// The judgement by the forge's key; `None` where another key signed.
    pub(super) fn judge(&self, object: &RawObject, kind: SignatureKind) -> Option<ExternalJudgement> {
        if object.kind != ObjectKind::Commit {
            return None;
        }
        let commit = Commit::parse(&object.bytes, object.format).ok()?;
        let mut judged = match (&self.keys, kind) {
            (Keys::OpenPgp { file, keyring }, SignatureKind::OpenPgp) => match keyring.get_or_init(|| import(file)) {
                Ok(home) => by_gpg(home.path(), &commit.signed),
                Err(cause) => Some(judgement(kind, Finding::OtherUnchecked, cause.to_string())),
            },
            (Keys::Ssh(keys), SignatureKind::Ssh) => {
                let key = keys.iter().find(|key| key.is_named_by(&commit.signed.signature))?;
                Some(by_ssh_keygen(key, &commit.signed))
            }
            _ => None,
        }?;
        if judged.finding == Finding::KeyTrusted {
            let claimed = commit.committer_email.unwrap_or_default();
            let parents: BTreeSet<&str> = commit.parents.iter().copied().collect();
            if parents.len() < 2 {
                judged.finding = Finding::ForgeNoMerge;
            } else if self.committer.as_ref().is_some_and(|committer| committer != claimed) {
                judged.finding = Finding::ForgeCommitter;
                judged.detail = claimed.to_owned();
            }
        }
        Some(judged)
    }
}

/// A folder for gpg that holds only these keys.
fn import(file: &[u8]) -> Result<TempDir, KeyringError> {
    let home = private_folder()?;
    // without this file, newer versions of gpg start a key daemon for a new folder
    std::fs::write(home.path().join("common.conf"), "")?;
    let mut command = gpg(home.path());
    command.arg("--import");
    let answer = bounded_process::run(command, file, TIMEOUT)?;
    if answer.success && answer.output.lines().any(|line| line.starts_with("[GNUPG:] IMPORT_OK ")) {
        Ok(home)
    } else {
        Err(KeyringError::NoKey)
    }
}

fn by_gpg(home: &Path, signed: &Signed<'_>) -> Option<ExternalJudgement> {
    let judged = |finding, detail: &str| judgement(SignatureKind::OpenPgp, finding, detail.to_owned());
    let signature = match file_in(home, &signed.signature) {
        Ok(signature) => signature,
        Err(error) => return Some(judged(Finding::OtherUnchecked, &error.to_string())),
    };
    let mut command = gpg(home);
    command.args(["--trust-model", "always", "--verify"]).arg(signature.path()).arg("-");
    let answer = match bounded_process::run(command, &signed.payload, TIMEOUT) {
        Ok(answer) => answer,
        Err(cause) => return Some(judged(Finding::OtherUnchecked, &cause.to_string())),
    };
    let status = GpgStatus::of(&answer.output);
    let finding = finding_of(&answer, &status)?;
    Some(ExternalJudgement { key: status.key(), signer: status.signer, ..judged(finding, "") })
}

/// Good is exactly one signature with one verdict and one key; `None` means that the key is not the forge's.
fn finding_of(answer: &Answer, status: &GpgStatus) -> Option<Finding> {
    match status.verdicts.as_slice() {
        [] => None,
        [Finding::OtherUnchecked] if status.no_key => None,
        [Finding::KeyTrusted] => {
            let is_plain = answer.success && status.signatures == 1 && status.fingerprints.len() == 1 && !status.no_key;
            Some(if is_plain { Finding::KeyTrusted } else { Finding::OtherUnchecked })
        }
        [one] => Some(*one),
        _ => Some(Finding::OtherInvalid),
    }
}

fn gpg(home: &Path) -> Command {
    let mut command = Command::new("gpg");
    command.arg("--homedir").arg(home).args(["--no-options", "--batch", "--no-tty", "--no-autostart", "--disable-dirmngr"]);
    command.args(["--no-auto-key-retrieve", "--no-auto-key-locate", "--status-fd", "1"]).env("LC_ALL", "C");
    command
}

fn by_ssh_keygen(key: &PublicKey, signed: &Signed<'_>) -> ExternalJudgement {
    let judged =
        |finding, detail: String| ExternalJudgement { key: Some(key.fingerprint()), ..judgement(SignatureKind::Ssh, finding, detail) };
    let files = private_folder().and_then(|folder| {
        let signers = file_in(folder.path(), key.allowed_signer(PRINCIPAL).as_bytes())?;
        let signature = file_in(folder.path(), &signed.signature)?;
        Ok((folder, signers, signature))
    });
    let (_folder, signers, signature) = match files {
        Ok(files) => files,
        Err(error) => return judged(Finding::OtherUnchecked, error.to_string()),
    };
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-n", "git", "-I", PRINCIPAL, "-f"]).arg(signers.path()).arg("-s").arg(signature.path());
    match bounded_process::run(command, &signed.payload, TIMEOUT) {
        Ok(answer) if answer.success && is_good(&answer, key) => judged(Finding::KeyTrusted, String::new()),
        Ok(_) => judged(Finding::OtherInvalid, String::new()),
        Err(cause) => judged(Finding::OtherUnchecked, cause.to_string()),
    }
}

fn is_good(answer: &Answer, key: &PublicKey) -> bool {
    super::status::ssh_good(&answer.output)
        .is_some_and(|good| good.principal.as_deref() == Some(PRINCIPAL) && good.key == key.fingerprint())
}

/// A folder that only this user can read, removed when dropped.
fn private_folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("paraph-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

fn file_in(folder: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.flush()?;
    Ok(file)
}

fn judgement(kind: SignatureKind, finding: Finding, detail: String) -> ExternalJudgement {
    ExternalJudgement { by: JudgedBy::ForgeKey, kind, finding, signer: None, key: None, detail, fault: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_keys_is_refused() {
        for (file, words) in [
            (&b""[..], "1 to 100"),
            (b"# nobody\n\n", "1 to 100"),
            (b"hello world\n", "line 1 is neither"),
            (b"#\n\nssh-ed25519 AAAA\n", "line 3 is neither"),
            (b"a\xff", "neither OpenPGP nor SSH"),
        ] {
            assert!(Forge::new(file.to_vec(), None).unwrap_err().to_string().contains(words), "{words}");
        }
        let many = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n".repeat(MAX_KEYS + 1);
        assert!(Forge::new(many.into_bytes(), None).unwrap_err().to_string().contains("holds 101"));
    }

    #[test]
    fn only_one_plain_good_signature_by_a_known_key_counts() {
        let good = "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG AB x\n[GNUPG:] VALIDSIG AB 2026-01-01 1 0 4 0 22 8 00 AB\n";
        let finding = |success, output: &str| {
            let answer = Answer { success, output: output.to_owned(), errors: String::new() };
            finding_of(&answer, &GpgStatus::of(&answer.output))
        };
        assert_eq!(finding(true, good), Some(Finding::KeyTrusted));
        assert_eq!(finding(false, good), Some(Finding::OtherUnchecked));
        assert_eq!(
            finding(true, &(good.to_owned() + "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG CD 1 8 00 1 9\n[GNUPG:] NO_PUBKEY CD\n")),
            Some(Finding::OtherInvalid)
        );
        assert_eq!(finding(true, "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG AB x\n"), Some(Finding::OtherUnchecked));
        assert_eq!(finding(true, "[GNUPG:] GOODSIG AB x\n[GNUPG:] VALIDSIG AB\n"), Some(Finding::OtherUnchecked));
        assert_eq!(finding(false, "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG CD 1 8 00 1 9\n[GNUPG:] NO_PUBKEY CD\n"), None);
        assert_eq!(finding(false, "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG AB x\n"), Some(Finding::OtherInvalid));
        assert_eq!(finding(false, "[GNUPG:] NODATA 4\n"), None);
    }
}
