//! What is stored in a keyring for one login: a JSON object in UTF-8, of at most [`MAX_ENTRY`] bytes.
//!
//! | field | meaning |
//! | --- | --- |
//! | `version` | 1 |
//! | `identity` | the identity in the certificate |
//! | `issuer` | the issuer of the login |
//! | `client_id` | the client id |
//! | `fulcio` | the certificate authority |
//! | `subject` | the `sub` claim of the ID token; a renewal must have the same |
//! | `refresh_token` | the token in base64, so that reading the JSON makes no unescaped copy |
//!
//! Anyone who can write to the keyring can store anything there. So an entry is used only for the login that it names, and is looked up only under
//! that login's name.

use crate::identity::{MAX_TOKEN, RefreshToken};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// The limit of an entry, in bytes. The kernel accepts one byte less.
pub(crate) const MAX_ENTRY: usize = 32 << 10;
const VERSION: u32 = 1;

/// Whose login it is, and where it was made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owner {
    /// The identity in the certificate.
    pub identity: String,
    /// The issuer of the login.
    pub issuer: String,
    /// The client id.
    pub client_id: String,
    /// The certificate authority.
    pub fulcio: String,
}

impl Owner {
    /// The name of its entry: a digest, since not every keyring accepts every name.
    pub(crate) fn name(&self) -> String {
        let mut digest = Sha256::new();
        for part in [&self.identity, &self.issuer, &self.client_id, &self.fulcio] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        hex::encode(digest.finalize())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    version: u32,
    #[serde(borrow)]
    identity: Cow<'a, str>,
    #[serde(borrow)]
    issuer: Cow<'a, str>,
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    #[serde(borrow)]
    fulcio: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    refresh_token: &'a str,
}

/// The entry of a token; `None` if it would be too large.
pub(crate) fn write(owner: &Owner, token: &RefreshToken) -> Option<Zeroizing<Vec<u8>>> {
    let mut encoded = Zeroizing::new(String::with_capacity(token.secret().len() / 3 * 4 + 4));
    STANDARD.encode_string(token.secret(), &mut encoded);
    let document = Document {
        version: VERSION,
        identity: Cow::Borrowed(&owner.identity),
        issuer: Cow::Borrowed(&owner.issuer),
        client_id: Cow::Borrowed(&owner.client_id),
        fulcio: Cow::Borrowed(&owner.fulcio),
        subject: Cow::Borrowed(token.subject()),
        refresh_token: &encoded,
    };
    // a buffer that never moves leaves no copies
    let mut entry = Zeroizing::new(vec![0; MAX_ENTRY]);
    let mut rest = entry.as_mut_slice();
    serde_json::to_writer(&mut rest, &document).ok()?;
    let left = rest.len();
    entry.truncate(MAX_ENTRY - left);
    (entry.len() < MAX_ENTRY).then_some(entry)
}

/// Why an entry is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    /// It is larger than [`MAX_ENTRY`].
    #[error("it is too large")]
    TooLarge,
    /// Another version of paraph wrote it.
    #[error("it was written by another version")]
    Version,
    /// It is not in paraph's format.
    #[error("it is not what paraph writes")]
    Damaged,
    /// It names another login.
    #[error("it is of another login")]
    OtherLogin,
    /// It contains no refresh token.
    #[error("it contains no refresh token")]
    NoToken,
}

/// The token of an entry.
///
/// # Errors
/// [`EntryError`].
pub(crate) fn read(owner: &Owner, entry: &[u8]) -> Result<RefreshToken, EntryError> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    if entry.len() >= MAX_ENTRY {
        return Err(EntryError::TooLarge);
    }
    match crate::json_object::from_slice(entry) {
        Ok(Version { version: VERSION }) => {}
        Ok(_) => return Err(EntryError::Version),
        Err(_) => return Err(EntryError::Damaged),
    }
    let document: Document<'_> = crate::json_object::from_slice(entry).map_err(|_| EntryError::Damaged)?;
    let named = [&document.identity, &document.issuer, &document.client_id, &document.fulcio];
    if named.map(|name| name.as_ref()) != [&owner.identity, &owner.issuer, &owner.client_id, &owner.fulcio].map(String::as_str) {
        return Err(EntryError::OtherLogin);
    }
    let mut decoded = Zeroizing::new(Vec::with_capacity(MAX_ENTRY));
    STANDARD.decode_vec(document.refresh_token, &mut decoded).map_err(|_| EntryError::Damaged)?;
    // RFC 6749, appendix A.17
    if decoded.is_empty() || decoded.len() > MAX_TOKEN || !decoded.iter().all(|byte| (0x20..=0x7e).contains(byte)) {
        return Err(EntryError::NoToken);
    }
    let secret = std::str::from_utf8(&decoded).map_err(|_| EntryError::Damaged)?;
    RefreshToken::new(Zeroizing::new(secret.to_owned()), &document.subject).map_err(|_| EntryError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            identity: "ann@example.com".into(),
            issuer: "https://issuer.example".into(),
            client_id: "sigstore".into(),
            fulcio: "https://fulcio.example".into(),
        }
    }

    fn token(secret: &str) -> RefreshToken {
        RefreshToken::new(Zeroizing::new(secret.to_owned()), "the \"subject\"\n").unwrap()
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        for secret in ["a", "with \"quotes\" and \\", &"x".repeat(MAX_TOKEN)] {
            let entry = write(&owner(), &token(secret)).unwrap();
            assert_eq!(read(&owner(), &entry), Ok(token(secret)));
        }
        let entry = write(&owner(), &token("secret")).unwrap();
        insta::assert_snapshot!(std::str::from_utf8(&entry).unwrap(), @r#"{"version":1,"identity":"ann@example.com","issuer":"https://issuer.example","client_id":"sigstore","fulcio":"https://fulcio.example","subject":"the \"subject\"\n","refresh_token":"c2VjcmV0"}"#);
    }

    #[test]
    fn an_entry_that_would_be_too_large_is_not_written() {
        let owner = Owner { identity: "a".repeat(MAX_ENTRY), ..owner() };
        assert_eq!(write(&owner, &token("secret")), None);
    }

    #[test]
    fn different_logins_have_different_names() {
        let one = owner();
        let mut names = vec![one.name()];
        for other in [
            Owner { identity: "bob@example.com".into(), ..owner() },
            Owner { issuer: "https://other.example".into(), ..owner() },
            Owner { client_id: "other".into(), ..owner() },
            Owner { fulcio: "https://other.example".into(), ..owner() },
            // the same letters, divided differently
            Owner { identity: "ann@example.comh".into(), issuer: "ttps://issuer.example".into(), ..owner() },
        ] {
            assert!(!names.contains(&other.name()), "{other:?}");
            names.push(other.name());
        }
    }

    #[test]
    fn a_wrong_entry_is_refused_with_its_reason() {
        let good = String::from_utf8(write(&owner(), &token("secret")).unwrap().to_vec()).unwrap();
        let other = Owner { fulcio: "https://other.example".into(), ..owner() };
        let refused = |entry: &str| read(&owner(), entry.as_bytes()).unwrap_err();
        assert_eq!(read(&other, good.as_bytes()).unwrap_err(), EntryError::OtherLogin);
        assert_eq!(refused(&good.replace("\"version\":1", "\"version\":2")), EntryError::Version);
        assert_eq!(refused(&" ".repeat(MAX_ENTRY)), EntryError::TooLarge);
        for entry in
            ["", "{}", "null", "\u{0}", &good.replace("}", ",\"more\":1}"), &good.replace("c2VjcmV0", "c2V*"), &good[..good.len() - 1]]
        {
            assert_eq!(refused(entry), EntryError::Damaged, "{entry}");
        }
        // nothing, and a line end, which would end a header
        for secret in ["", "YQpi", "//8="] {
            assert_eq!(refused(&good.replace("c2VjcmV0", secret)), EntryError::NoToken, "{secret}");
        }
        assert_eq!(read(&owner(), b"{\"version\":1,\xff}").unwrap_err(), EntryError::Damaged);
    }
}
