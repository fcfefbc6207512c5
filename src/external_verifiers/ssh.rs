//! SSH public keys, and the key that an SSH signature names (OpenSSH's `PROTOCOL.sshsig`; strings as in RFC 4251).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use sha2::{Digest, Sha256};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The longest signature that is read, in bytes of its armor.
const MAX_SIGNATURE: usize = 64 << 10;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    /// The name of its type, such as `ssh-ed25519`.
    name: String,
    /// The bytes that a signature repeats.
    blob: Vec<u8>,
}

/// Why a line is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublicKeyError {
    /// It has fewer than two words.
    #[error("it has no type and key")]
    TooShort,
    /// It begins with something else, for example the type of a certificate.
    #[error("it does not begin with the type of a public key")]
    UnknownType,
    /// Its second word is not base64.
    #[error("its key is invalid base64")]
    Encoding,
    /// The key's own type is another one.
    #[error("its key has another type than the line says")]
    OtherType,
}

impl PublicKey {
    /// Reads a line of a public key file: `TYPE BASE64 [COMMENT]`. Certificates are refused: one speaks for any key that it is issued to.
    pub(super) fn of_line(line: &str) -> Result<Self, PublicKeyError> {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(base64)) = (words.next(), words.next()) else { return Err(PublicKeyError::TooShort) };
        let known = ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|start| name.starts_with(start));
        if !known || name.contains("-cert-") {
            return Err(PublicKeyError::UnknownType);
        }
        let blob = STANDARD.decode(base64).map_err(|_| PublicKeyError::Encoding)?;
        match string(&blob) {
            Some((inner, _)) if inner == name.as_bytes() => Ok(Self { name: name.to_owned(), blob }),
            _ => Err(PublicKeyError::OtherType),
        }
    }

    /// The line of an allowed signers file that lets only this key sign, in the namespace of git.
    pub(super) fn allowed_signer(&self, principal: &str) -> String {
        format!("{principal} namespaces=\"git\" {} {}\n", self.name, STANDARD.encode(&self.blob))
    }

    /// The fingerprint as OpenSSH shows it.
    pub(super) fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// Whether a signature names this key. Whether it verifies is not checked.
    pub(super) fn is_named_by(&self, armored: &[u8]) -> bool {
        named(armored).is_some_and(|blob| blob == self.blob)
    }
}

/// The key that an armored signature names. It begins with `SSHSIG`, the version, and the key.
fn named(armored: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(armored).ok().filter(|text| text.len() <= MAX_SIGNATURE)?;
    let base64: String = text.strip_prefix(BEGIN)?.split_once(END)?.0.split_ascii_whitespace().collect();
    let blob = STANDARD.decode(base64).ok()?;
    let rest = blob.strip_prefix(b"SSHSIG")?.get(4..)?;
    string(rest).map(|(key, _)| key.to_owned())
}

/// A string of RFC 4251, and the bytes after it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f forge";

    #[test]
    fn a_line_is_a_key_and_an_allowed_signer() {
        let key = PublicKey::of_line(LINE).unwrap();
        assert_eq!(key.allowed_signer("x"), format!("x namespaces=\"git\" {}\n", LINE.trim_end_matches(" forge")));
        assert!(key.fingerprint().starts_with("SHA256:") && key.fingerprint().len() == 50);
        for line in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 !",
            "cert-authority ssh-ed25519 AAAA",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            "ssh-ed25519-cert-v01@openssh.com AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            "ssh-ed25519 AAAA",
        ] {
            assert!(PublicKey::of_line(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_signature_names_a_key_or_none() {
        let key = PublicKey::of_line(LINE).unwrap();
        let sshsig = |blob: &[u8]| {
            let bytes = [b"SSHSIG\0\0\0\x01", &u32::try_from(blob.len()).unwrap().to_be_bytes()[..], blob].concat();
            format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(bytes))
        };
        assert!(key.is_named_by(sshsig(&key.blob).as_bytes()));
        assert!(!key.is_named_by(sshsig(b"another").as_bytes()));
        for text in ["", BEGIN, &format!("{BEGIN}\n!\n{END}\n"), &format!("{BEGIN}\nU1NIU0lH\n{END}\n")] {
            assert_eq!(named(text.as_bytes()), None, "{text}");
        }
    }
}
