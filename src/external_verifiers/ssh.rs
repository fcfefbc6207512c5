//! SSH public keys, and the key that an SSH signature names (OpenSSH's `PROTOCOL.sshsig`, RFC 4251 strings).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use sha2::{Digest, Sha256};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// A signature longer than this names no key, in bytes of its armor.
const LONGEST_SIGNATURE: usize = 64 << 10;

/// A public key: its type's name and the bytes that a signature repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    name: String,
    blob: Vec<u8>,
}

impl PublicKey {
    /// Reads a line of a public key's file: `TYPE BASE64 [COMMENT]`. A certificate is none: it would speak for whatever key it is given to.
    pub(super) fn of_line(line: &str) -> Result<Self, &'static str> {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(base64)) = (words.next(), words.next()) else { return Err("it has no type and key") };
        let known = ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|start| name.starts_with(start));
        if !known || name.contains("-cert-") {
            return Err("it does not begin with the type of a public key");
        }
        let blob = STANDARD.decode(base64).map_err(|_| "its key is no base64")?;
        match string(&blob) {
            Some((inner, _)) if inner == name.as_bytes() => Ok(Self { name: name.to_owned(), blob }),
            _ => Err("its key is of another type than it says"),
        }
    }

    /// The line of an allowed signers file that lets this key alone sign in git's namespace.
    pub(super) fn allowed_signer(&self, principal: &str) -> String {
        format!("{principal} namespaces=\"git\" {} {}\n", self.name, STANDARD.encode(&self.blob))
    }

    /// As OpenSSH shows it.
    pub(super) fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// Whether a signature names this key. What it names it has yet to fit.
    pub(super) fn is_named_by(&self, armored: &[u8]) -> bool {
        named(armored).is_some_and(|blob| blob == self.blob)
    }
}

/// The key that an armored signature names: `SSHSIG`, the version, then the key.
fn named(armored: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(armored).ok().filter(|text| text.len() <= LONGEST_SIGNATURE)?;
    let base64: String = text.strip_prefix(BEGIN)?.split_once(END)?.0.split_ascii_whitespace().collect();
    let blob = STANDARD.decode(base64).ok()?;
    let rest = blob.strip_prefix(b"SSHSIG")?.get(4..)?;
    string(rest).map(|(key, _)| key.to_owned())
}

/// A string of RFC 4251, and what follows it.
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
